"""The catalogue: the id, area and severities of every check that is built or planned.

The crosswalk may name a planned check; what it would show is then "not yet observed by this version". The list is made from
the catalogue's tables (Markdown, one file or several areas a file):

    python -m scanner.frameworks.catalogue FOLDER > scanner/frameworks/catalogue.toml
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import msgspec

from scanner.findings import Severity

FILE: Final = "catalogue.toml"
ANY_SEVERITY: Final = "rule's"
"""In the tables: the severity is that of a rule which the agency brings."""
_ROW = re.compile(r"\| (?P<id>[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*){1,2}) \|(?P<cells>.*)\|")
_LETTERS: Final[Mapping[str, Severity]] = {severity.name[0]: severity for severity in Severity}
_SEVERITIES = re.compile(r"[CHMLI](?:/[CHMLI])*|[CHMLI]\.\.[CHMLI]")


class Planned(msgspec.Struct, frozen=True):
    """A check of the catalogue. `severities` are words, the gravest first; none when an agency's own rule decides."""

    id: str
    area: str
    severities: tuple[str, ...]


def load_catalogue() -> dict[str, Planned]:
    """The catalogue that ships with Pindai, by id."""
    text = resources.files(__package__).joinpath(FILE).read_text("utf-8")
    checks = msgspec.convert(tomllib.loads(text)["check"], tuple[Planned, ...])
    return {check.id: check for check in checks}


def read_tables(texts: Iterable[str]) -> Iterator[Planned]:
    """The rows of catalogue tables. Raises ValueError for one whose severity is none."""
    for text in texts:
        for line in text.splitlines():
            if matched := _ROW.match(line):
                area = matched["id"].partition(".")[0]
                yield Planned(matched["id"], area, _severities(matched["id"], matched["cells"].split("|")))


def _severities(check: str, cells: list[str]) -> tuple[str, ...]:
    """The severities in the last cell that holds some; the text before it may hold capitals too."""
    for cell in map(str.strip, reversed(cells)):
        if cell == ANY_SEVERITY:
            return ()
        if _SEVERITIES.fullmatch(cell):
            found = [_LETTERS[letter] for letter in re.findall("[CHMLI]", cell)]
            if ".." in cell:
                found = [severity for severity in Severity if min(found) <= severity <= max(found)]
            return tuple(severity.word for severity in sorted(set(found), reverse=True))
    raise ValueError(f"{check}: no severity in its row")


def written(checks: Iterable[Planned]) -> str:
    """The catalogue as TOML, in the order of ids."""
    lines = [
        "# Every check that is built or planned, made from the catalogue's tables by scanner.frameworks.catalogue."
    ]
    for check in sorted(checks, key=lambda it: it.id):
        severities = ", ".join(f'"{word}"' for word in check.severities)
        lines += ["", "[[check]]", f'id = "{check.id}"', f'area = "{check.area}"', f"severities = [{severities}]"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    tables = sorted(Path(sys.argv[1]).glob("*.md"))
    sys.stdout.write(written(read_tables(path.read_text("utf-8") for path in tables)))
