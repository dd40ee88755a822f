"""The catalogue that ships is the one that the tables give."""

from importlib import resources
from pathlib import Path

import pytest

from scanner.frameworks.catalogue import FILE, Planned, load_catalogue, read_tables, written

TABLES = Path(__file__).parent / "catalogue"


def test_the_catalogue_is_that_of_the_tables() -> None:
    """Mend with: python -m scanner.frameworks.catalogue tests/scanner/frameworks/catalogue, into catalogue.toml."""
    texts = [path.read_text("utf-8") for path in sorted(TABLES.glob("*.md"))]
    assert resources.files("scanner.frameworks").joinpath(FILE).read_text("utf-8") == written(read_tables(texts))


def test_every_row_of_the_tables_is_read() -> None:
    rows = [line for path in TABLES.glob("*.md") for line in path.read_text("utf-8").splitlines()]
    rows = [line for line in rows if line.startswith("| ") and not line.startswith(("| id ", "| ---"))]
    assert len(load_catalogue()) == len(rows) > 100


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| web.a.b | something | C/H | RFC 1 |", ("critical", "high")),
        ("| web.a.b | something | H/M/I | - |", ("high", "medium", "info")),
        ("| tls.a | something | C..L | RFC 5280 |", ("critical", "high", "medium", "low")),
        ("| web.a | something | I..H |", ("high", "medium", "low", "info")),
        ("| api.a | something | S | H/L | OAS |", ("high", "low")),
        ("| api.a | something | L | M | ADR |", ("medium",)),
        ("| api.ruleset | a rule fires | S | rule's | agency |", ()),
    ],
)
def test_the_severities_of_a_row(row: str, expected: tuple[str, ...]) -> None:
    (found,) = read_tables([row])
    assert found == Planned(found.id, found.id.partition(".")[0], expected)


def test_a_row_without_severity_is_refused() -> None:
    with pytest.raises(ValueError, match=r"web\.a: no severity"):
        list(read_tables(["| web.a | something | very bad | - |"]))


def test_what_is_no_row_is_passed_over() -> None:
    assert list(read_tables(["| id | fails when | sev |", "| --- | --- | --- |", "web.a.b is told of here"])) == []
