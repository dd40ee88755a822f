"""Spreadsheets: what people's files say, where each cell is, and that no file does more than be refused."""

import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from scanner import spreadsheet
from scanner.config_error import ConfigError
from scanner.spreadsheet import Head, Note, NoteKind, Table, body, find_head, read_table

KNOWN = {"service": ("layanan", "nama layanan"), "url": ("url", "alamat"), "unit": ("opd",)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def csv(folder: Path, content: str | bytes) -> Table:
    file = folder / "daftar.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(file)


def xlsx(
    folder: Path, rows: Iterable[Iterable[object]], change: Callable[[Worksheet], None] | None = None, **more: object
) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Layanan"
    for row in rows:
        book.active.append(list(row))
    if change:
        change(book.active)
    for title, state in more.items():
        book.create_sheet(title).sheet_state = str(state)
        book[title]["A1"] = "x"
    book.save(folder / "daftar.xlsx")
    return folder / "daftar.xlsx"


def said(table: Table) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, row.cells) for row in table.rows]


# --- CSV ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"a;b\r\nc;\xc3\xa9\r\n",
        b"\xef\xbb\xbfa;b\nc;\xc3\xa9\n",
        "a;b\nc;é\n".encode("utf-16"),
        "a\tb\nc\té".encode("utf-16-be").join([b"\xfe\xff", b""]),
        b"a,b\nc,\xc3\xa9",
        b'a,b\nc,"\xc3\xa9"',
        b"a\tb\nc\t\xc3\xa9\n",
        b"a;b\rc;\xc3\xa9\r",
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16-be", "comma", "quoted", "tab", "carriage return"],
)
def test_encodings_and_delimiters(folder: Path, content: bytes) -> None:
    table = csv(folder, content)
    assert said(table) == [(1, ("a", "b")), (2, ("c", "é"))]
    assert table.notes == ()


def test_windows_1252_is_the_last_resort_and_told(folder: Path) -> None:
    table = csv(folder, b"a;caf\xe9\n")
    assert (said(table), table.notes) == ([(1, ("a", "café"))], (Note(NoteKind.WINDOWS_1252),))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a;b,c;d\ne;f,g;h\n", ("a", "b,c", "d")),
        ('"a,b";c\n"d,e";f\n', ("a,b", "c")),
        ("Judul, sub\na;b;c\nd;e;f\n", ("Judul, sub",)),
        ("only\n", ("only",)),
    ],
)
def test_the_delimiter_is_the_one_that_rows_agree_on(folder: Path, text: str, cells: tuple[str, ...]) -> None:
    assert csv(folder, text).rows[0].cells == cells


def test_a_file_that_names_its_delimiter(folder: Path) -> None:
    assert said(csv(folder, "sep=|\na|b;c\n")) == [(2, ("a", "b;c"))]


def test_a_row_is_where_it_begins(folder: Path) -> None:
    table = csv(folder, 'a;"two\nlines"\n\n;;\nb;c\n')
    assert said(table) == [(1, ("a", "two\nlines")), (5, ("b", "c"))]
    assert table.place(table.rows[1], 1) == "daftar.csv:5"
    assert table.rows[0].cell(1) == "two lines"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'a;b\n"c;d\ne;f\n', "daftar.csv:2: not CSV"),
        (b'a;b\n"c"x;d\n', "daftar.csv:2: not CSV"),
        (b"a\0b", "binary data"),
        (b"\x81\x8d", "not text (byte 0)"),
        (b"\xff\xfea", "not text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "an old .xls file, or one protected by a password"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\r\n<TABLE><tr>", "a web page or XML"),
        (b"a;" * 300 + b"a", "more than 200 columns"),
        (b"a" * 32_768, "a cell longer than 32767"),
        (b"a\n" * 100_001, "more than 100000 rows"),
    ],
    ids=lambda it: it if isinstance(it, str) else "",
)
def test_what_is_no_csv(folder: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        csv(folder, content)
    assert reason in str(refused.value)


def test_empty_columns_beyond_the_last_text_do_not_count(folder: Path) -> None:
    assert said(csv(folder, "a" + ";" * 300)) == [(1, ("a",))]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nothing.csv", "No such file"), (".", "not a file"), ("a\0b", "null byte"), ("big.csv", "larger than")],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, reason: str) -> None:
    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(spreadsheet.MAX_FILE_BYTES + 1)
    with pytest.raises(ConfigError, match=reason):
        read_table(tmp_path / name)


def test_a_csv_file_has_no_sheets(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n")
    with pytest.raises(ConfigError, match="has no sheets"):
        read_table(tmp_path / "a.csv", "Layanan")


# --- XLSX ---------------------------------------------------------------------------------------------------


def test_values_are_what_the_sheet_shows(tmp_path: Path) -> None:
    moments = [date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), time(3, 4)]  # noqa: DTZ001 - sheets know no zones
    table = read_table(xlsx(tmp_path, [["a", 1, 2.0, 2.5, True, None, *moments, "#1"]]))
    cells = ("a", "1", "2", "2.5", "TRUE", "", "2026-01-02", "2026-01-02T03:04:05", "03:04:00", "#1")
    assert said(table) == [(1, cells)]


def test_where_a_cell_is(tmp_path: Path) -> None:
    table = read_table(xlsx(tmp_path, [["Judul"], [], ["a", "b"]]))
    assert table.place(table.rows[1], 1) == "daftar.xlsx!Layanan:B3"
    assert table.place(table.rows[1]) == "daftar.xlsx!Layanan:3"
    assert table.place(table.rows[1], 27) == "daftar.xlsx!Layanan:AB3"


def test_a_cell_merged_downwards_stands_in_each_of_its_rows_and_one_merged_across_once(tmp_path: Path) -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A1:C1")
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("B4:B5")

    rows = [["Judul"], ["Kominfo", "PPID"], [None, "JDIH"], ["Setda", "Surat"], ["Camat"], [None, "Lagi"]]
    table = read_table(xlsx(tmp_path, rows, merge))
    expected = [
        ("Judul",),
        ("Kominfo", "PPID"),
        ("Kominfo", "JDIH"),
        ("Setda", "Surat"),
        ("Camat", "Surat"),
        ("", "Lagi"),
    ]
    assert [row.cells for row in table.rows] == expected


def test_what_stands_beside_values(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["B1"] = "=A1"
        sheet["C1"] = "#REF!"
        sheet["A1"].hyperlink = "https://contoh.test/"
        sheet.row_dimensions[2].hidden = True

    table = read_table(xlsx(tmp_path, [["klik"], ["b"]], change))
    assert (table.rows[0].links, table.rows[0].broken) == ({0: "https://contoh.test/"}, {1: "", 2: "#REF!"})
    assert table.notes == (Note(NoteKind.HIDDEN_ROWS, "1"),)


def test_the_only_filled_sheet_is_read_and_hidden_ones_are_told(tmp_path: Path) -> None:
    table = read_table(xlsx(tmp_path, [["a"]], Rahasia="hidden"))
    assert (table.sheet, table.notes) == ("Layanan", (Note(NoteKind.HIDDEN_SHEETS, "'Rahasia'"),))


def test_a_sheet_by_name_may_be_hidden(tmp_path: Path) -> None:
    assert said(read_table(xlsx(tmp_path, [["a"]], Rahasia="hidden"), "Rahasia")) == [(1, ("x",))]


@pytest.mark.parametrize(
    ("rows", "sheet", "more", "reason"),
    [
        (
            [["a"]],
            None,
            {"Lain": "visible"},
            "2 sheets have something in them; name the one to read: 'Layanan', 'Lain'",
        ),
        ([["a"]], "Layann", {}, "no sheet 'Layann'; did you mean 'Layanan'?"),
        ([["a"]], "Zzz", {}, "no sheet 'Zzz'; it has 'Layanan'"),
        ([], None, {"Rahasia": "hidden"}, "there is nothing in it .hidden and not read: 'Rahasia'."),
        ([["x"] * 201], None, {}, "daftar.xlsx!Layanan:1: more than 200 columns"),
    ],
)
def test_what_a_workbook_is_refused_for(
    tmp_path: Path, rows: list[list[str]], sheet: str | None, more: dict[str, str], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_table(xlsx(tmp_path, rows, **more), sheet)


def rezipped(path: Path, change: Callable[[str, bytes], bytes | None], *more: tuple[str, bytes]) -> Path:
    """The same workbook with parts changed (None: left out) or added."""
    kept = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in more:
            new.writestr(name, content)
    return path


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHARED = f'<sst xmlns="{MAIN}"><si><t>layanan</t></si><si><r><t>Ala</t></r><r><t>mat</t></r></si></sst>'.encode()
SHARED_TYPE = b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'  # noqa: E501
SHARED_RELATION = b'<Relationship Id="rIdS" Target="sharedStrings.xml" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/>'


def with_shared_texts(path: Path) -> Path:
    """A workbook as Excel writes it: its cells name texts that are kept in a part of their own."""

    def change(name: str, content: bytes) -> bytes:
        if name.endswith("/sheet1.xml"):
            cells = b'<sheetData><row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c></row></sheetData>'
            return content[: content.index(b"<sheetData")] + cells + content[content.index(b"</sheetData>") + 12 :]
        content = content.replace(b"</Types>", SHARED_TYPE + b"</Types>")
        return (
            content.replace(b"</Relationships>", SHARED_RELATION + b"</Relationships>")
            if "workbook" in name
            else content
        )

    return rezipped(path, change, ("xl/sharedStrings.xml", SHARED))


def test_texts_that_cells_share(tmp_path: Path) -> None:
    table = read_table(with_shared_texts(xlsx(tmp_path, [["x"]])))
    assert said(table) == [(2, ("layanan", "", "Alamat"))]


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [BOMB, ENTITY, b"<!DOCTYPE a>"])
@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/theme/theme1.xml", "xl/workbook.xml", "xl/styles.xml"]
)
def test_a_part_with_a_document_type_is_refused(tmp_path: Path, part: str, doctype: bytes) -> None:
    def change(name: str, content: bytes) -> bytes:
        return (
            doctype + content[content.index(b"?>") + 2 if content.startswith(b"<?xml") else 0 :]
            if name == part
            else content
        )

    with pytest.raises(ConfigError, match=r"DTDForbidden|EntitiesForbidden"):
        read_table(rezipped(xlsx(tmp_path, [["a"]]), change))


def same(_: str, content: bytes) -> bytes:
    return content


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ([("xl/media/a.bin", b" " * 30_000_000)], "would unpack to"),
        ([(f"xl/{n}.bin", b"") for n in range(2001)], "files in it, more than 2000"),
        ([("xl/workbook.bin", b"")], "a .xlsb file"),
        ([("mimetype", b""), ("content.xml", b"<a/>")], "an OpenDocument file"),
        ([("xl/deep.xml", b"<a>" * 2_000_001)], "too many XML elements"),
        ([("xl/half.xml", b"<a><b>")], "not a readable .xlsx file"),
    ],
    ids=["ratio", "entries", "xlsb", "ods", "elements", "cut off"],
)
def test_what_an_archive_is_refused_for(
    tmp_path: Path, more: list[tuple[str, bytes]], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "elements" in reason:
        monkeypatch.setattr(spreadsheet, "MAX_RATIO", 10_000)
    with pytest.raises(ConfigError, match=reason):
        read_table(rezipped(xlsx(tmp_path, [["a"]]), same, *more))


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    path = rezipped(xlsx(tmp_path, [["a"]]), lambda name, it: None if name == "[Content_Types].xml" else it)
    with pytest.raises(ConfigError, match="a ZIP file that is no spreadsheet"):
        read_table(path)


def test_rows_without_end_are_refused(tmp_path: Path) -> None:
    path = rezipped(xlsx(tmp_path, [["a"]]), lambda _, it: it.replace(b'<row r="1"', b'<row r="999999999999"'))
    with pytest.raises(ConfigError, match=r"a row beyond|nothing in it"):
        read_table(path)


def test_what_a_file_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = rezipped(xlsx(tmp_path, [["a", "b"], ["c"]]), lambda _, it: it.replace(b'ref="A1:B2"', b'ref="A1:A1"'))
    assert said(read_table(path)) == [(1, ("a", "b")), (2, ("c",))]


@pytest.mark.parametrize("module", ["openpyxl", "defusedxml"])
def test_the_missing_extra_is_named(tmp_path: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = xlsx(tmp_path, [["a"]])
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"pipx install --force '\.\[xlsx\]'"):
        read_table(path)


def test_xml_is_never_read_unguarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpyxl, "DEFUSEDXML", False)
    with pytest.raises(ConfigError, match="unguarded"):
        read_table(xlsx(tmp_path, [["a"]]))


# --- headings -----------------------------------------------------------------------------------------------


def head(folder: Path, text: str, *needed: str) -> Head:
    return find_head(csv(folder, text), KNOWN, needed)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("layanan;url\n", {"service": (0,), "url": (1,)}),
        ("No.;NAMA LAYANAN *;Alamat (URL)\n", {"service": (1,), "url": (2,)}),
        (
            "DAFTAR LAYANAN;\n;\nPer Januari;\nNama Layanan / Aplikasi;OPD;URL;Alamat\n",
            {"service": (0,), "unit": (1,), "url": (2, 3)},
        ),
        ("a;layanan\nlayanan;url\n", {"service": (0,), "url": (1,)}),
    ],
)
def test_headings_are_found(folder: Path, text: str, columns: dict[str, tuple[int, ...]]) -> None:
    assert head(folder, text, "service").columns == columns


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "daftar.csv: there is nothing in it"),
        (
            "Judul;\nlayanan;alamt\n",
            "daftar.csv:2: no heading for the url: expected one of url, alamat; did you mean 'alamat' by 'alamt'?",
        ),
        ("a;b\nc;d\n", "daftar.csv:1: no heading for the url"),
    ],
)
def test_a_missing_heading_is_named(folder: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused:
        head(folder, text, "url")
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ("a;b\n", [("a", "b")]),
        ("1;2\na;b\n", [("a", "b")]),
        ("(1);(2)\na;b\n", [("a", "b")]),
        ("1;7\n", [("1", "7")]),
        ("1\n", [("1",)]),
        ("a;b\nLayanan ;URL\nc;d\n", [("a", "b"), ("c", "d")]),
    ],
)
def test_the_body_is_what_is_no_heading(folder: Path, rows: str, kept: list[tuple[str, ...]]) -> None:
    table = csv(folder, "layanan;url\n" + rows)
    assert [row.cells for row in body(table, find_head(table, KNOWN, ["url"]))] == kept


# --- anything at all ----------------------------------------------------------------------------------------


def survives(path: Path) -> None:
    """Whatever the file is, it is a table or a ConfigError."""
    try:
        table = read_table(path)
        find_head(table, KNOWN, ["url"])
    except ConfigError:
        pass


@given(st.binary(max_size=300) | st.text('";,\t\n\r\0ab=', max_size=60).map(str.encode))
def test_any_bytes_are_a_table_or_a_configuration_error(folder: Path, content: bytes) -> None:
    (folder / "any.csv").write_bytes(content)
    survives(folder / "any.csv")


@pytest.fixture(scope="module")
def workbooks(folder: Path) -> list[dict[str, bytes]]:
    def change(sheet: Worksheet) -> None:
        sheet.merge_cells("B2:B3")
        sheet["A2"].hyperlink = "https://contoh.test/"
        sheet["C2"] = "=A1"

    rows = [["layanan", "opd", "url"], ["a", date(2026, 1, 2), "x"], ["b", None, 1.5]]
    path = xlsx(folder, rows, change, B="hidden")
    return [parts(path), parts(with_shared_texts(path))]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_damage_to_a_part_is_a_table_or_a_configuration_error(
    folder: Path, workbooks: list[dict[str, bytes]], data: st.DataObject
) -> None:
    workbook = data.draw(st.sampled_from(workbooks))
    name = data.draw(st.sampled_from(sorted(workbook)))
    content = workbook[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    new = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"", b"0", b'"', b"-1", b"99999999999", b"<", b"/>", b"x"])
    )
    with zipfile.ZipFile(folder / "damaged.xlsx", "w") as archive:
        for part, whole in workbook.items():
            archive.writestr(part, content[:start] + new + content[end:] if part == name else whole)
    survives(folder / "damaged.xlsx")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_damage_to_the_archive_is_a_table_or_a_configuration_error(
    folder: Path, workbooks: list[dict[str, bytes]], data: st.DataObject
) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in workbooks[1].items():
            archive.writestr(part, content)
    damaged = bytearray(whole.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(2, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (folder / "damaged.xlsx").write_bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))])
    survives(folder / "damaged.xlsx")


# --- what a small file can make of itself -------------------------------------------------------------------


def sheet_of(tmp_path: Path, inside: str, name: str = "xl/worksheets/sheet1.xml") -> Path:
    """A workbook whose one sheet says this; what cannot be packed makes it as large as its contents may ask for."""
    sheet = f'<worksheet xmlns="{MAIN}">{inside}</worksheet>'.encode()
    noise = ("noise.bin", os.urandom(300_000))
    return rezipped(xlsx(tmp_path, [["URL"]]), lambda part, old: sheet if part == name else old, noise)


FIRST = '<row r="1"><c r="A1" t="str"><v>URL</v></c></row>'


def test_a_picture_that_begins_like_xml_is_none(tmp_path: Path) -> None:
    book = rezipped(xlsx(tmp_path, [["URL"], ["a.go.id"]]), lambda _, old: old, ("xl/media/a.bin", b"<\x00\xff<x>" * 9))
    assert [row.cells[0] for row in read_table(book).rows] == ["URL", "a.go.id"]


def test_cells_left_out_before_one_far_to_the_right_count(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{it}"><c r="XFD{it}"/></row>' for it in range(2, 1500))
    with pytest.raises(ConfigError, match="more than 20000000 cells"):
        read_table(sheet_of(tmp_path, f"<sheetData>{FIRST}{rows}</sheetData>"))


def test_a_text_kept_once_counts_where_it_stands(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{it}"><c r="A{it}" t="s"><v>0</v></c></row>' for it in range(2, 1000))
    book = sheet_of(tmp_path, f"<sheetData>{FIRST}{rows}</sheetData>")
    strings = f'<sst xmlns="{MAIN}"><si><t>{"www.a.go.id " * 2000}</t></si></sst>'.encode()
    rezipped(
        book,
        lambda part, old: old.replace(b"</Types>", SHARED_TYPE + b"</Types>") if part == "[Content_Types].xml" else old,
        ("xl/sharedStrings.xml", strings),
    )
    with pytest.raises(ConfigError, match="more than 16000000 characters"):
        read_table(book)


def test_a_tag_without_an_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    tag = '<row r="2" x="' + ">" * 5_000_000 + '"/>'
    with pytest.raises(ConfigError, match="an XML tag without an end"):
        read_table(sheet_of(tmp_path, f"<sheetData>{FIRST}{tag}</sheetData>"))


def test_styles_without_number_are_not_read(tmp_path: Path) -> None:
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * 300_000}</cellXfs></styleSheet>'.encode()
    with pytest.raises(ConfigError, match="too many XML elements"):
        read_table(
            rezipped(
                xlsx(tmp_path, [["URL"]]),
                lambda part, old: styles if part == "xl/styles.xml" else old,
                ("noise.bin", os.urandom(300_000)),
            )
        )


def test_a_part_by_another_name_is_counted_too(tmp_path: Path) -> None:
    part = f'<a xmlns="{MAIN}">{"<b/>" * 300_000}</a>'.encode()
    with pytest.raises(ConfigError, match="too many XML elements"):
        read_table(rezipped(xlsx(tmp_path, [["URL"]]), lambda _, old: old, ("x.bin", part), ("n", os.urandom(300_000))))
