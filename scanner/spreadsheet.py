"""Spreadsheets, as lists of services are kept in them: rows of text, each cell with the place a person finds it at.

CSV in the encodings and with the delimiters that office programs write, and XLSX. A list comes by mail from somebody who had
it from somebody: a file is bounded in bytes, rows, columns and cells before it is believed, an XLSX file also in what it
unpacks to, and whatever is wrong with one is a ConfigError.
"""

import contextlib
import csv
import difflib
import io
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from posixpath import join, normpath
from stat import S_ISREG
from typing import Any, Final

import msgspec

from scanner.config_error import ConfigError
from scanner.locale.speech import mark, reason_of, say, say_marked

MAX_FILE_BYTES: Final = 16_000_000
MAX_UNPACKED_BYTES: Final = 200_000_000
MAX_RATIO: Final = 200
"""How many times larger than the file its contents may be: office programs reach 50 with endless empty rows."""
MAX_ENTRIES: Final = 2_000
MAX_SHEETS: Final = 200
MAX_ELEMENTS: Final = 200_000
"""XML elements in any one part that is read as a whole: styles, names, the table of contents."""
MAX_STRING_ELEMENTS: Final = 2_000_000
MAX_SHEET_ELEMENTS: Final = 6_000_000
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 200
MAX_CELL_CHARS: Final = 32_767
MAX_CELLS: Final = 20_000_000
"""Cells of all sheets that are looked at, those left out before a cell far to the right included."""
MAX_TOTAL_CHARS: Final = 16_000_000
"""A text that is kept once may stand in every cell."""
MAX_XML_TOKEN_BYTES: Final = 1_000_000
"""A tag that does not end is read from its beginning with every piece that arrives, by the square of its length."""
MAX_DRAWING_BYTES: Final = 10_000_000
MAX_SHEET_ROWS: Final = 1_048_576
MAX_MERGED: Final = 20_000
HEADINGS_WITHIN: Final = 30
"""Headings stand in one of this many first rows that are not empty: titles and dates go before them."""
_PROBED_ROWS: Final = 50
_CHUNK: Final = 65_536

MISSING_EXTRA = mark(
    "reading .xlsx needs more than is installed: in Pindai's folder run pipx install --force '.[xlsx]', "
    "or save the sheet as CSV UTF-8"
)
_BROKEN_VALUES = frozenset({"#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"})

# What openpyxl, zipfile and expat raise when a file is not what it says: nothing there is listed by its makers.
_MALFORMED = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, zipfile.BadZipFile, zlib.error),
)


class NoteKind(StrEnum):
    """What had to be assumed to read a table."""

    WINDOWS_1252 = "windows_1252"
    HIDDEN_SHEETS = "hidden_sheets"
    HIDDEN_ROWS = "hidden_rows"


class Note(msgspec.Struct, frozen=True):
    """An assumption, and which sheets or how many rows it is about."""

    kind: NoteKind
    detail: str = ""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row that is not empty, by its number in the file. `cells` end with the last one that says something.

    By column from 0: `links` are the addresses behind cells, `broken` the error that stands for a formula's value (`#REF!`),
    empty where the formula was never computed.
    """

    number: int
    cells: tuple[str, ...]
    links: dict[int, str] = {}
    broken: dict[int, str] = {}

    def cell(self, column: int) -> str:
        """The text in a column, white space made one space each; empty beyond the last."""
        return " ".join(self.cells[column].split()) if column < len(self.cells) else ""


class Table(msgspec.Struct, frozen=True):
    """What one sheet says. `notes` are what had to be assumed to read it."""

    source: str
    sheet: str
    rows: tuple[Row, ...]
    notes: tuple[Note, ...] = ()

    def place(self, row: Row, column: int | None = None) -> str:
        """Where a row or a cell is: `daftar.xlsx!Layanan:B7`, `daftar.csv:7`."""
        if not self.sheet:
            return f"{self.source}:{row.number}"
        return f"{self.source}!{self.sheet}:{'' if column is None else _letters(column)}{row.number}"


class Head(msgspec.Struct, frozen=True):
    """Which columns are what: `columns` gives every key its columns, from 0. The body begins `after` this row."""

    columns: dict[str, tuple[int, ...]]
    after: int

    def text(self, row: Row, key: str) -> str:
        """What a row says in the first column of a key that says anything."""
        return next((text for column in self.columns.get(key, ()) if (text := row.cell(column))), "")


def read_table(path: Path, sheet: str | None = None) -> Table:
    """The rows of a CSV file, or of one sheet of an XLSX file. Raises ConfigError and nothing else."""
    content = _content(path)
    if content.startswith(b"PK"):
        return _xlsx(path, content, sheet)
    advice = _not_a_table(path, content)
    if advice:
        raise ConfigError([f"{path}: {advice}"])
    if sheet:
        raise ConfigError(
            [say("{path}: a CSV file has no sheets; leave the name {sheet!r} out", path=path, sheet=sheet)]
        )
    return _csv(path, content)


def find_head(table: Table, known: Mapping[str, Collection[str]], needed: Iterable[str]) -> Head:
    """The row of headings: of the first rows the one in which most is recognised. Raises ConfigError.

    `known` gives every key the headings it goes by, in plain small letters; `needed` are the keys that must be there.
    """
    keys = {heading: key for key, headings in known.items() for heading in headings}
    best, columns = 0, dict[str, tuple[int, ...]]()
    for index, row in enumerate(table.rows[:HEADINGS_WITHIN]):
        found = _recognised(row, keys)
        if len(found) > len(columns):
            best, columns = index, found
    missing = [key for key in needed if key not in columns]
    if missing:
        raise ConfigError(list(_missing_headings(table, known, missing, columns, best)))
    return Head(columns, best)


def body(table: Table, head: Head) -> Iterator[Row]:
    """The rows below the headings, without repetitions of them and without the row that numbers the columns."""
    heading = [heading_words(text) for text in table.rows[head.after].cells]
    for row in table.rows[head.after + 1 :]:
        if [heading_words(text) for text in row.cells] != heading and not _numbers_columns(row):
            yield row


def heading_words(text: str) -> str:
    """A heading in small letters without punctuation: `Nama Layanan *` is `nama layanan`."""
    return " ".join(re.findall(r"[\w-]+", text[:MAX_CELL_CHARS].casefold().replace("e-mail", "email")))


def _recognised(row: Row, keys: Mapping[str, str]) -> dict[str, tuple[int, ...]]:
    columns: dict[str, tuple[int, ...]] = {}
    for column, text in enumerate(row.cells):
        if len(text) > 200:
            continue
        # `Perangkat Daerah (OPD)` and `Nama Aplikasi/Layanan` say the same thing twice.
        parts = [text, re.sub(r"\(.*?\)", " ", text), *re.split(r"[/()]", text)]
        key = next((keys[words] for part in parts if (words := heading_words(part)) in keys), None)
        if key is not None:
            columns[key] = (*columns.get(key, ()), column)
    return columns


def _numbers_columns(row: Row) -> bool:
    """Whether it is the row (1) (2) (3) that official tables have below their headings."""
    numbers = [re.fullmatch(r"\(?(\d{1,3})\)?", text.strip()) for text in row.cells if text.strip()]
    found = [int(number[1]) for number in numbers if number is not None]
    return len(found) == len(numbers) > 1 and found == list(range(found[0], found[0] + len(found)))


def _missing_headings(
    table: Table, known: Mapping[str, Collection[str]], missing: list[str], columns: Mapping[str, object], best: int
) -> Iterator[str]:
    if not table.rows:
        yield say("{table}: there is nothing in it", table=_whole(table))
        return
    if not columns:
        # Nothing is recognised, so the first row that fills several cells is taken for the headings.
        best = next((n for n, row in enumerate(table.rows[:HEADINGS_WITHIN]) if _filled(row) > 1), 0)
    row = table.rows[best]
    used = [words for text in row.cells if (words := heading_words(text[:200]))]
    for key in missing:
        close = next(
            ((given, near[0]) for given in used if (near := difflib.get_close_matches(given, known[key], 1, 0.75))),
            None,
        )
        meant = say("; did you mean {known!r} by {given!r}?", known=close[1], given=close[0]) if close else ""
        yield say(
            "{row}: no heading for the {key}: expected one of {known}{meant}",
            row=table.place(row),
            key=key,
            known=", ".join(known[key]),
            meant=meant,
        )


def _filled(row: Row) -> int:
    return sum(1 for text in row.cells if text.strip())


def _whole(table: Table) -> str:
    return f"{table.source}!{table.sheet}" if table.sheet else table.source


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _content(path: Path) -> bytes:
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            raise ConfigError([say("{path}: not a file", path=path)])
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError, and so is our own refusal
        if isinstance(error, ConfigError):
            raise
        raise ConfigError([f"{path}: {reason_of(error)}"]) from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError([say("{path}: larger than {max_file_bytes} bytes", path=path, max_file_bytes=MAX_FILE_BYTES)])
    return content


def _not_a_table(path: Path, content: bytes) -> str:
    """What to do with a file that is neither CSV nor XLSX; empty for text."""
    begin = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return say(
            "an old .xls file, or one protected by a password; save it as .xlsx without a password, or as CSV UTF-8"
        )
    if content.startswith(b"%PDF"):
        return say("a PDF file; ask for the spreadsheet it was printed from")
    if begin.startswith((b"<html", b"<!doctype html", b"<table", b"<?xml")):
        return say("a web page or XML under the name of a table; open it and save it as .xlsx or CSV UTF-8")
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"):
        return say("not a {suffix} file inside; save it as .xlsx or CSV UTF-8", suffix=path.suffix.lower())
    return ""


# -- CSV


def _csv(path: Path, content: bytes) -> Table:
    text, notes = _decoded(path, content)
    if "\0" in text:
        raise ConfigError([say("{path}: not a table but binary data; expected CSV or .xlsx", path=path)])
    first, _, rest = text.partition("\n")
    told = re.fullmatch(r"sep=(.)\s*", first)  # how a file tells Excel
    skipped = 1 if told else 0
    delimiter = told[1] if told else _delimiter(text)
    rows: list[Row] = []
    lines = csv.reader(io.StringIO(rest if told else text, newline=""), delimiter=delimiter, strict=True)
    begins = 1 + skipped
    try:
        for cells in lines:
            row = _row(path.name, "", begins, cells)
            if row is not None:
                rows.append(row)
            if len(rows) > MAX_ROWS:
                raise ConfigError([say("{path}: more than {max_rows} rows", path=path, max_rows=MAX_ROWS)])
            begins = lines.line_num + 1 + skipped
    except csv.Error as error:
        raise ConfigError(
            [
                say(
                    "{path}:{begins}: not CSV ({error}); is a quotation mark in it never closed, or not doubled?",
                    path=path,
                    begins=begins,
                    error=error,
                )
            ]
        ) from error
    return Table(path.name, "", tuple(rows), notes)


def _decoded(path: Path, content: bytes) -> tuple[str, tuple[Note, ...]]:
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16"), ()
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        wrong = error
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        pass
    else:
        if not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return text, (Note(NoteKind.WINDOWS_1252),)
    raise ConfigError(
        [say("{path}: not text (byte {start}); save it as CSV UTF-8", path=path, start=wrong.start)]
    ) from wrong


def _delimiter(text: str) -> str:
    """The delimiter by which most of the first rows have the same number of cells, more than one."""

    def agreement(delimiter: str) -> tuple[int, int]:
        widths: Counter[int] = Counter()
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
                if len(row) > 1:
                    widths[len(row)] += 1
                if widths.total() >= _PROBED_ROWS:
                    break
        except csv.Error:
            return (0, 0)
        width, rows = max(widths.items(), key=lambda it: (it[1], it[0]), default=(0, 0))
        return (rows, width)

    return max((";", ",", "\t"), key=agreement)


def _row(
    source: str,
    sheet: str,
    number: int,
    cells: Iterable[str],
    links: dict[int, str] | None = None,
    broken: dict[int, str] | None = None,
) -> Row | None:
    """The row, None when nothing is in it. Raises ConfigError beyond the bounds."""
    kept = list(cells)
    while kept and not kept[-1].strip() and len(kept) - 1 not in (links or {}) and len(kept) - 1 not in (broken or {}):
        kept.pop()
    if not any(text.strip() for text in kept) and not links and not broken:
        return None
    row = Row(number, tuple(kept), links or {}, broken or {})
    place = Table(source, sheet, ()).place(row)
    if len(kept) > MAX_COLUMNS:
        raise ConfigError([say("{place}: more than {max_columns} columns", place=place, max_columns=MAX_COLUMNS)])
    if any(len(text) > MAX_CELL_CHARS for text in kept):
        raise ConfigError(
            [
                say(
                    "{place}: a cell longer than {max_cell_chars} characters; is a quotation mark in it never closed?",
                    place=place,
                    max_cell_chars=MAX_CELL_CHARS,
                )
            ]
        )
    return row


# -- XLSX


def _xlsx(path: Path, content: bytes, sheet: str | None) -> Table:
    try:
        import defusedxml  # noqa: F401 - openpyxl takes it up by itself
        import openpyxl
    except ImportError as error:
        raise ConfigError([f"{path}: {say_marked(MISSING_EXTRA)}"]) from error
    if not openpyxl.DEFUSEDXML:
        raise ConfigError(
            [say("{path}: openpyxl was told by OPENPYXL_DEFUSEDXML to read XML unguarded; take that back", path=path)]
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _bound(path, archive)
            return _read_xlsx(path, archive, content, sheet)
    except ConfigError:
        raise
    except _MALFORMED as error:
        raise ConfigError(
            [
                say(
                    "{path}: not a readable .xlsx file ({error}); open it and save it anew",
                    path=path,
                    error=_in_short(error),
                )
            ]
        ) from error


def _in_short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:100]}" if text else type(error).__name__


def _bound(path: Path, archive: zipfile.ZipFile) -> None:
    """Look at the table of contents, before anything is unpacked; no part gives more than is written there."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise ConfigError(
            [
                say(
                    "{path}: {count} files in it, more than {max_entries}: no spreadsheet has so many",
                    path=path,
                    count=len(entries),
                    max_entries=MAX_ENTRIES,
                )
            ]
        )
    if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * max(packed, 10_000):
        raise ConfigError(
            [
                say(
                    "{path}: would unpack to {unpacked} bytes; delete empty rows and columns, or save the "
                    "sheet as CSV UTF-8",
                    path=path,
                    unpacked=unpacked,
                )
            ]
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise ConfigError([say("{path}: protected by a password; save it without one", path=path)])
    if "xl/workbook.bin" in names:
        raise ConfigError([say("{path}: a .xlsb file; save it as .xlsx or CSV UTF-8", path=path)])
    if "content.xml" in names and "mimetype" in names:
        raise ConfigError([say("{path}: an OpenDocument file; save it as .xlsx or CSV UTF-8", path=path)])
    if "[Content_Types].xml" not in names:
        raise ConfigError([say("{path}: a ZIP file that is no spreadsheet; expected .xlsx or CSV", path=path)])
    for entry in entries:
        if entry.filename.endswith(".vml"):  # drawings, which are not always XML although they begin like it
            if entry.file_size > MAX_DRAWING_BYTES:
                raise ConfigError(
                    [
                        say(
                            "{path}: a drawing in it would unpack to {file_size} bytes",
                            path=path,
                            file_size=entry.file_size,
                        )
                    ]
                )
        elif entry.filename.endswith((".xml", ".rels")):
            _feed(archive, entry.filename, _Counting(_most_elements(entry.filename)))
        elif _begins_like_xml(archive, entry):
            # A picture may begin with "<" too; what this parser cannot read, no reader of sheets can.
            with contextlib.suppress(SyntaxError):
                _feed(archive, entry.filename, _Counting(_most_elements(entry.filename)))


def _begins_like_xml(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """A file may call its sheets what it likes, so the name alone does not tell."""
    if entry.is_dir():
        return False
    with archive.open(entry) as part:
        begin = part.read(64)
    return begin.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def _most_elements(name: str) -> int:
    if name.startswith("xl/worksheets/sheet"):
        return MAX_SHEET_ELEMENTS
    return MAX_STRING_ELEMENTS if name.lower() == "xl/sharedstrings.xml" else MAX_ELEMENTS


class _Counting:
    """What an XML parser tells of a part, counted and forgotten: stops before a tree of too many elements is built."""

    def __init__(self, most: int) -> None:
        self._left = most

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - as the parser calls it
        self._left -= 1
        if self._left < 0:
            raise ValueError(say("too many XML elements in one part"))

    def close(self) -> None:
        """The end of the part."""


class _Relations:
    """A part's references to others: id -> target."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if _local(tag) == "Relationship":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def close(self) -> None:
        """The end of the part."""


class _Sheets:
    """The sheets of a workbook: name -> id of its part, in their order."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if _local(tag) == "sheet":
            part = next((value for name, value in attributes.items() if _local(name) == "id"), "")
            self.parts[attributes.get("name", "")] = part

    def close(self) -> None:
        """The end of the part."""


class _Marks:
    """What stands in a sheet beside its values: merged cells, links, formulas that were never computed, hidden rows."""

    def __init__(self) -> None:
        self.merged: dict[int, list[tuple[int, int]]] = {}
        self.links: dict[tuple[int, int], str] = {}
        self.uncomputed: set[tuple[int, int]] = set()
        self.hidden_rows = 0
        self._count = 0
        self._cell = ""
        self._formula = self._in_value = self._value = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        match _local(tag):
            case "row" if attributes.get("hidden") in ("1", "true"):
                self.hidden_rows += 1
            case "c":
                self._cell, self._formula, self._value = attributes.get("r", ""), False, False
            case "f":
                self._formula = True
            case "v":
                self._in_value = True
            case "mergeCell":
                self._merge(attributes.get("ref", ""))
            case "hyperlink":
                self._link(attributes)

    def data(self, text: str) -> None:
        self._value = self._value or (self._in_value and bool(text.strip()))

    def end(self, tag: str) -> None:
        self._in_value = False
        if _local(tag) == "c" and self._formula and not self._value and len(self.uncomputed) < MAX_ROWS:
            self.uncomputed.update(_position(self._cell))

    def close(self) -> None:
        """The end of the part."""

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        for top, column in _position(first):
            for bottom, _ in _position(last):
                self._count += 1
                if bottom > top and self._count <= MAX_MERGED:
                    self.merged.setdefault(column, []).append((top, bottom))

    def _link(self, attributes: Mapping[str, str]) -> None:
        part = next((value for name, value in attributes.items() if _local(name) == "id"), "")
        if part and len(self.links) < MAX_ROWS:
            for position in _position(attributes.get("ref", "").partition(":")[0]):
                self.links[position] = part


def _position(reference: str) -> list[tuple[int, int]]:
    """`B7` as row 7, column 1; nothing for what is no reference."""
    matched = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", reference)
    if matched is None:
        return []
    column = 0
    for letter in matched[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return [(int(matched[2]), column - 1)]


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _feed(archive: zipfile.ZipFile, name: str, target: Any) -> None:
    """Tell a target what is in an XML part; a part with a document type is none that office programs write."""
    from defusedxml.ElementTree import DefusedXMLParser

    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    fed = 0
    with archive.open(name) as part:
        while chunk := part.read(_CHUNK):
            parser.feed(chunk)
            fed += len(chunk)
            if fed - parser.parser.CurrentByteIndex > MAX_XML_TOKEN_BYTES:
                raise ValueError(say("an XML tag without an end"))
    parser.close()


def _read_xlsx(path: Path, archive: zipfile.ZipFile, content: bytes, wanted: str | None) -> Table:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions that no value depends on
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheets = book.worksheets[: MAX_SHEETS + 1]
        if len(sheets) > MAX_SHEETS:
            raise ConfigError([say("{path}: more than {max_sheets} sheets", path=path, max_sheets=MAX_SHEETS)])
        for sheet in sheets:
            sheet.reset_dimensions()  # what a file says of its size is not always so, and never needed
        cells = _Cells(path)
        sheet, notes = _chosen(path, sheets, wanted, cells)
        marks, links = _marks(archive, sheet.title)
        if marks.hidden_rows:
            notes += (Note(NoteKind.HIDDEN_ROWS, str(marks.hidden_rows)),)
        rows = tuple(_sheet_rows(path.name, sheet, marks, links, cells))
    return Table(path.name, sheet.title, rows, notes)


class _Cells:
    """How many cells are still looked at, of all sheets: a few octets can stand for thousands of empty ones in a row."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MAX_CELLS

    def rows(self, sheet: Any) -> Iterator[tuple[Any, ...]]:
        """The values of a sheet's rows. Raises ConfigError."""
        for values in sheet.iter_rows(values_only=True):
            self._left -= len(values)
            if self._left < 0:
                raise ConfigError(
                    [
                        say(
                            "{path}: more than {max_cells} cells; delete empty rows and columns",
                            path=self._path,
                            max_cells=MAX_CELLS,
                        )
                    ]
                )
            yield values


def _chosen(path: Path, sheets: list[Any], wanted: str | None, cells: _Cells) -> tuple[Any, tuple[Note, ...]]:
    """The sheet to read: the one that is named, or the only one that is not empty and not hidden."""
    if wanted:
        for sheet in sheets:
            if sheet.title == wanted:
                return sheet, ()
        titles = [sheet.title for sheet in sheets]
        close = difflib.get_close_matches(wanted[:100], titles, n=1)
        meant = (
            say("; did you mean {known!r}?", known=close[0])
            if close
            else say("; it has {titles}", titles=_listed(titles))
        )
        raise ConfigError([say("{path}: no sheet {wanted!r}{meant}", path=path, wanted=wanted, meant=meant)])
    visible = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    hidden = [sheet.title for sheet in sheets if sheet.sheet_state != "visible"]
    filled = [sheet for sheet in visible if not _is_empty(sheet, cells)]
    if len(filled) > 1:
        titles = [sheet.title for sheet in filled]
        raise ConfigError(
            [
                say(
                    "{path}: {count} sheets have something in them; name the one to read: {titles}",
                    path=path,
                    count=len(titles),
                    titles=_listed(titles),
                )
            ]
        )
    if not filled:
        also = say(" (hidden and not read: {hidden})", hidden=_listed(hidden)) if hidden else ""
        raise ConfigError([say("{path}: there is nothing in it{also}", path=path, also=also)])
    return filled[0], ((Note(NoteKind.HIDDEN_SHEETS, _listed(hidden)),) if hidden else ())


def _listed(titles: list[str]) -> str:
    shown = ", ".join(repr(title[:60]) for title in titles[:10])
    return f"{shown}, ... ({len(titles)})" if len(titles) > 10 else shown


def _is_empty(sheet: Any, cells: _Cells) -> bool:
    for number, values in enumerate(cells.rows(sheet)):
        if any(value not in (None, "") for value in values):
            return False
        if number > MAX_ROWS:
            break
    return True


def _marks(archive: zipfile.ZipFile, title: str) -> tuple[_Marks, dict[str, str]]:
    """What stands beside the values of a sheet, and what its links refer to."""
    sheets, relations, marks, links = _Sheets(), _Relations(), _Marks(), _Relations()
    names = set(archive.namelist())
    book = "xl/workbook.xml"
    if book not in names:
        raise ValueError(say("no workbook where office programs put it"))
    _feed(archive, book, sheets)
    _feed(archive, _relations_of(book), relations)
    target = relations.targets.get(sheets.parts.get(title, ""), "")
    part = target.removeprefix("/") if target.startswith("/") else normpath(join("xl", target))
    _feed(archive, part, marks)
    if _relations_of(part) in names:
        _feed(archive, _relations_of(part), links)
    return marks, links.targets


def _relations_of(part: str) -> str:
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def _sheet_rows(source: str, sheet: Any, marks: _Marks, links: Mapping[str, str], allowed: _Cells) -> Iterator[Row]:
    merged = {column: sorted(ranges) for column, ranges in marks.merged.items() if column < MAX_COLUMNS}
    cursor = dict.fromkeys(merged, 0)
    above: dict[int, tuple[int, str]] = {}
    count = chars = 0
    for number, values in enumerate(allowed.rows(sheet), 1):
        if number > MAX_SHEET_ROWS:
            raise ConfigError(
                [
                    say(
                        "{source}!{title}: a row beyond {max_sheet_rows}",
                        source=source,
                        title=sheet.title,
                        max_sheet_rows=MAX_SHEET_ROWS,
                    )
                ]
            )
        cells = [_text(value) for value in values]
        if any(cells):
            _fill(cells, number, merged, cursor, above)
        broken = {column: text for column, text in enumerate(cells) if text in _BROKEN_VALUES}
        beside: dict[int, str] = {}
        for column, text in enumerate(cells):
            if not text and (number, column) in marks.uncomputed:
                broken[column] = ""
            if (part := marks.links.get((number, column))) is not None and links.get(part):
                beside[column] = links[part][:MAX_CELL_CHARS]
        row = _row(source, sheet.title, number, cells, beside, broken)
        if row is not None:
            count += 1
            if count > MAX_ROWS:
                raise ConfigError(
                    [
                        say(
                            "{source}!{title}: more than {max_rows} rows",
                            source=source,
                            title=sheet.title,
                            max_rows=MAX_ROWS,
                        )
                    ]
                )
            chars += sum(map(len, row.cells))
            if chars > MAX_TOTAL_CHARS:
                raise ConfigError(
                    [
                        say(
                            "{source}!{title}: more than {max_total_chars} characters in its cells",
                            source=source,
                            title=sheet.title,
                            max_total_chars=MAX_TOTAL_CHARS,
                        )
                    ]
                )
            yield row


def _fill(
    cells: list[str],
    number: int,
    merged: Mapping[int, list[tuple[int, int]]],
    cursor: dict[int, int],
    above: dict[int, tuple[int, str]],
) -> None:
    """Give the rows of a cell that was merged downwards its value: it stands in the first of them only."""
    for column, ranges in merged.items():
        while cursor[column] < len(ranges) and ranges[cursor[column]][1] < number:
            cursor[column] += 1
        top = ranges[cursor[column]][0] if cursor[column] < len(ranges) else MAX_SHEET_ROWS
        if top == number and column < len(cells):
            above[column] = (top, cells[column])
        elif top < number and above.get(column, (0, ""))[0] == top and not (column < len(cells) and cells[column]):
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = above[column][1]


def _text(value: object) -> str:
    """A cell's value as the sheet shows it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return f"{value:.15g}"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)[: MAX_CELL_CHARS + 1]
