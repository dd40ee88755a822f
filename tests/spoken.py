"""What Pindai says: the sentences in the code, the templates and the data, and the catalogue of their Indonesian twins.

    python tests/spoken.py                  bring pindai.po up to date, and compile it        (make messages)
    python tests/spoken.py --take new.tsv   take translations too: lines of `English<TAB>Indonesian`, \\n for a line's end

A sentence is the first argument of `say` or `mark`, or one of the first two of `say_count`, written out. A new one is
added without a translation, one that nothing says any more is dropped, and both are told.
"""

import argparse
import ast
import gettext
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "scanner" / "locale" / "id" / "LC_MESSAGES"
PO, MO = FOLDER / "pindai.po", FOLDER / "pindai.mo"
PLURAL_FORMS = "nplurals=1; plural=0;"
SAYING = ("say", "mark")
COUNTING = ("say_count",)
EARLY = frozenset({"say", "say_count", "say_marked", "reason_of"})
"""What speaks at once."""
INSIDE = Path("scanner/locale/speech.py")
"""Where sentences are passed on too."""

ARGPARSE = (
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "argument %(argument_name)s: %(message)s",
    "unrecognized arguments: %s",
    "not allowed with argument %s",
    "ignored explicit argument %r",
    "the following arguments are required: %s",
    "one of the arguments %s is required",
    "expected one argument",
    "expected at most one argument",
    "expected at least one argument",
    "ambiguous option: %(option)s could match %(matches)s",
    "unexpected option string: %s",
    "invalid %(type)s value: %(value)r",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "unknown parser %(parser_name)r (choices: %(choices)s)",
)
"""What argparse (Python 3.11 to 3.13) says to the users of a command line; it asks gettext, which we answer."""
ARGPARSE_COUNTED = (("expected %s argument", "expected %s arguments"),)
ARGPARSE_TO_PROGRAMMERS = frozenset(
    {
        ".__call__() not defined",
        'argument "-" with mode %r',
        "can't open '%(filename)s': %(error)s",
        "cannot merge actions - two groups are named %r",
        "'required' is an invalid argument for positionals",
        "invalid option string %(option)r: must start with a character %(prefix_chars)r",
        "dest= is required for options like %r",
        "invalid conflict_resolution value: %r",
        "mutually exclusive arguments must be optional",
        "cannot have multiple subparser arguments",
        "conflicting subparser: %s",
        "conflicting subparser alias: %s",
        "subcommands",
        "%r is not callable",
        "%(prog)s: error: %(message)s\n",
        "%(prog)s: warning: %(message)s\n",
        "command '%(parser_name)s' is deprecated",
        "option '%(option)s' is deprecated",
        "argument '%(argument_name)s' is deprecated",
        "show program's version number and exit",  # said by our own --version, in every Python
        "%(heading)s:",
        " (default: %(default)s)",
    }
)
"""Its other words: for who writes a program, or for what no command of ours does."""


class Said(NamedTuple):
    """A sentence, its plural when it has one, and the file it stands in."""

    sentence: str
    plural: str | None
    path: Path


class NotLiteralError(Exception):
    """Something is said that stands nowhere to be translated."""


def all_said() -> dict[str, Said]:
    """Every sentence by its English, in the order of the files. Raises NotLiteralError."""
    found: dict[str, Said] = {}
    for said in (*_argparse(), *_code(), *_templates(), *_data()):
        before = found.setdefault(said.sentence, said)
        if said.plural and not before.plural:
            found[said.sentence] = Said(before.sentence, said.plural, before.path)
    return found


def _argparse() -> Iterator[Said]:
    path = Path("argparse.py")
    yield from (Said(sentence, None, path) for sentence in ARGPARSE)
    yield from (Said(one, many, path) for one, many in ARGPARSE_COUNTED)


def _code() -> Iterator[Said]:
    for folder in ("scanner", "checks"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            path = file.relative_to(ROOT)
            yield from said_in(file.read_text("utf-8"), path)


def said_in(source: str, path: Path) -> Iterator[Said]:
    """The sentences of a module. Raises NotLiteralError with its file and line."""
    if "say" not in source and "mark" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        count = _sentences_of(node.func)
        given = node.args[:count]
        if path == INSIDE and not all(map(_is_text, given)):
            continue
        if count and not (len(given) == count and all(map(_is_text, given))):
            raise NotLiteralError(f"{path}:{node.lineno}: write the sentence out, values as {{name}}")
        if count:
            texts = [it.value for it in given]  # type: ignore[attr-defined]
            yield Said(texts[0], texts[1] if count == 2 else None, path)


def _sentences_of(function: ast.expr) -> int:
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return 1 if name in SAYING else 2 if name in COUNTING else 0


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _templates() -> Iterator[Said]:
    from jinja2 import Environment, nodes

    environment = Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    for file in sorted((ROOT / "scanner").rglob("*.j2")):
        path = file.relative_to(ROOT)
        for call in environment.parse(file.read_text("utf-8")).find_all(nodes.Call):
            name = getattr(call.node, "name", getattr(call.node, "attr", ""))
            count = 1 if name in SAYING else 2 if name in COUNTING else 0
            if not count:
                continue
            given = [getattr(it, "value", None) for it in call.args[:count]]
            if not (len(given) == count and all(isinstance(it, str) for it in given)):
                raise NotLiteralError(f"{path}:{call.lineno}: write the sentence out, values as {{name}}")
            yield Said(str(given[0]), str(given[1]) if count == 2 else None, path)


def _data() -> Iterator[Said]:
    from scanner.frameworks.texts import sentences

    path = Path("scanner/frameworks")
    yield from (Said(sentence, None, path) for sentence in sorted(sentences()))


def spoken_while_imported(source: str) -> list[int]:
    """Lines of a module that say something before the language is chosen."""
    lines: list[int] = []

    def look(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(child, ast.Call) and getattr(child.func, "id", "") in EARLY:
                lines.append(child.lineno)
            look(child)

    look(ast.parse(source))
    return lines


# -- the catalogue


def placeholders(text: str) -> list[str]:
    """What is filled in, sorted: `{name}` with what follows it, and argparse's `%(name)s`."""
    old = re.findall(r"%(?:\(\w+\))?[srd]", text)
    if old:
        return sorted(old)
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return []
    return sorted({f"{name}!{conversion}:{spec}" for _, name, spec, conversion in parts if name is not None})


def read_catalogue() -> Any:
    """The catalogue as it stands in pindai.po."""
    from babel.messages.pofile import read_po

    with PO.open("rb") as file:
        return read_po(file, locale="id")


def compiled(path: Path) -> dict[object, str]:
    """The messages of a .mo file, as gettext reads them, without the header."""
    with path.open("rb") as file:
        catalogue = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    catalogue.pop("", None)
    return catalogue


def update(taken: dict[str, str]) -> tuple[list[str], list[str]]:
    """Bring the catalogue up to date and compile it; what lacks a translation, and what was dropped."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import write_po

    known: dict[str, str] = {}
    if PO.is_file():
        for message in read_catalogue():
            one = message.id[0] if isinstance(message.id, tuple) else message.id
            twin = message.string[0] if isinstance(message.string, tuple) else message.string
            if one and twin and not message.fuzzy:
                known[one] = twin
    before = set(known)
    known |= taken
    catalogue = Catalog(locale="id", domain="pindai", charset="utf-8", fuzzy=False)
    catalogue.mime_headers  # noqa: B018 - made before they are replaced
    catalogue.mime_headers = [
        ("Language", "id"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
        ("Plural-Forms", PLURAL_FORMS),
    ]
    catalogue.header_comment = "# The Indonesian twins of what Pindai says. Glossary and advice: docs/languages.md."
    missing: list[str] = []
    said = all_said()
    for sentence, entry in said.items():
        twin = known.get(sentence, "")
        if not twin:
            missing.append(sentence)
        catalogue.add(
            (sentence, entry.plural) if entry.plural else sentence,
            (twin,) if entry.plural else twin,
            locations=[(entry.path.as_posix(), None)],
        )
    for message in catalogue:  # Babel guesses these, wrongly
        message.flags -= {"python-format", "python-brace-format"}
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    write_po(written, catalogue, width=110, include_lineno=False)
    PO.write_bytes(written.getvalue())
    with MO.open("wb") as file:
        write_mo(file, catalogue)
    return missing, sorted(before - said.keys())


def taken_from(paths: Iterable[Path]) -> dict[str, str]:
    """Translations of TSV files."""
    pairs = (line.split("\t") for path in paths for line in path.read_text("utf-8").splitlines() if "\t" in line)
    return {it[0].replace("\\n", "\n"): it[1].replace("\\n", "\n") for it in pairs if it[1]}


def main() -> int:
    """Update, and say what is to do; 1 while translations are missing."""
    parser = argparse.ArgumentParser(description="Bring the Indonesian catalogue up to date.")
    parser.add_argument("--take", type=Path, nargs="*", default=[], metavar="TSV")
    missing, dropped = update(taken_from(parser.parse_args().take))
    for sentence in dropped:
        sys.stdout.write(f"dropped: {sentence!r}\n")
    for sentence in missing:
        sys.stdout.write(f"without Indonesian: {sentence!r}\n")
    sys.stdout.write(f"{PO.relative_to(ROOT)}: {len(missing)} without Indonesian\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main())
