"""docs/tls.md: its ceilings are those of the probes, its keys and options those of the command."""

import json
import re
from pathlib import Path

import pytest

from scanner.cli.main import parser
from scanner.probes.tls import sessions, sweep, trials

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tls.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("sweep", sweep.MOST_HELLOS),
        ("sessions", sessions.MOST_CONNECTIONS),
        ("trials", trials.MOST_CONNECTIONS),
    ],
)
def test_the_ceilings_are_those_of_the_probes(name: str, most: int) -> None:
    (row,) = re.findall(rf"^\| {name} \|.*$", PAGE, re.MULTILINE)
    cells = [it.strip() for it in row.strip("|").split("|")]
    assert cells[3] == str(most)
    assert (ROOT / cells[4].strip("`")).is_file()


def test_every_option_that_is_named_is_one_of_the_command() -> None:
    usage = PAGE.partition("## `pindai inspect tls`")[2].partition("The table, run")[0]
    named = set(re.findall(r"(--[a-z][a-z-]+)", usage))
    inspect = parser()._subparsers._group_actions[0].choices["inspect"]  # type: ignore[union-attr, index]
    known = set(inspect._subparsers._group_actions[0].choices["tls"]._option_string_actions)
    assert named - known == set()
    assert {"--sni", "--starttls", "--quick", "--format", "--tls-policy", "--ca"} <= named


def test_every_file_and_key_that_is_named_is_there() -> None:
    schema = json.loads((ROOT / "schema" / "inspect-tls.schema.json").read_text("utf-8"))
    for path in re.findall(r"`((?:scanner|schema)/[\w./-]+\.\w+)`", PAGE):
        assert (ROOT / path).is_file(), path
    assert {"versions", "unknown", "cost"} <= set(schema["properties"])
    assert "suites_complete" in schema["$defs"]["VersionSeen"]["properties"]
