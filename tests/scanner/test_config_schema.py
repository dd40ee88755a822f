"""The schemas that editors read: as new as the models, and of one mind with what loading a file accepts."""

import datetime
import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner.config import load_targets
from scanner.config.schema import SCHEMAS, written
from scanner.config_error import ConfigError
from scanner.registry import discover

ROOT = Path(__file__).parents[2]


def schema(kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "schema" / f"{kind}.schema.json").read_text("utf-8"))
    return loaded


def as_json(text: str) -> object:
    """A TOML document as editors hold it against a schema: dates are texts."""

    def plain(value: object) -> str:
        assert isinstance(value, datetime.date | datetime.time)
        return value.isoformat()

    return json.loads(json.dumps(tomllib.loads(text), default=plain))


def refusals(kind: str, text: str) -> list[str]:
    checker = jsonschema.Draft7Validator(schema(kind), format_checker=jsonschema.FormatChecker(["date"]))
    return [error.message for error in checker.iter_errors(as_json(text))]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schema_is_that_of_the_models(kind: str) -> None:
    """Mend with: python -m scanner.reports.schemas schema."""
    assert (ROOT / "schema" / f"{kind}.schema.json").read_text("utf-8") == written(SCHEMAS[kind]())


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schema_is_a_schema(kind: str) -> None:
    jsonschema.Draft7Validator.check_schema(schema(kind))


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_is_described(kind: str) -> None:
    tables = {"": schema(kind), **schema(kind)["$defs"]}
    missing = [
        f"{name}.{key}"
        for name, table in tables.items()
        if name != "Params"
        for key, rule in table.get("properties", {}).items()
        if not rule.get("description")
    ]
    assert missing == []


def test_the_schema_knows_the_checks_that_take_thresholds() -> None:
    known = schema("targets")["$defs"]["Params"]["properties"]
    assert set(known) >= {check.id for check in discover().values() if check.params is not None}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("targets", "targets.example.toml"),
        ("population", "population.example.toml"),
        ("waivers", "waivers.example.toml"),
        ("framework", "framework.example.toml"),
    ],
)
def test_the_examples_that_ship_are_right(kind: str, name: str) -> None:
    assert refusals(kind, (ROOT / name).read_text("utf-8")) == []


SCOPE = '[scope]\nnames = ["a.test"]\n'
TARGET = '[[target]]\nid = "a"\nurl = "https://a.test/"\n'
GOOD = [
    ("", ""),
    ('marking = "X"\nprofile = "nightly"\nwindows = ["22:00-05:00", "01:00-24:00"]\n', ""),
    ('[scope.authorisation]\nnumber = "1"\nvalid_until = 2026-12-31\n', ""),
    ('[vantage]\nkind = "internet"\n[reference]\nendpoints = ["https://b.test"]\n', ""),
    ('[params."web.hsts.policy"]\nmin_age = "P1D"\n[[disable]]\nchecks = "tls"\nreason = "x"\n', ""),
    ('[defaults]\nkinds = ["web", "api"]\ncategory = "tinggi"\n', "http_port = false\n"),
    (
        "",
        'http_port = 80\npaths = ["/a?b=c"]\nexpect = { status = [200], json = { "/a" = 1, "/b" = "x", "/c" = true } }\n',
    ),
    ("", 'headers = { A = "x", B = { env = "B" }, C = { file = "c" } }\n'),
    ("", 'basic_auth = { user = "u", password = { env = "P" } }\n'),
    ("", 'basic_auth = { user = { file = "u" }, password = { file = "p" } }\n'),
]
BAD = [
    ("x = 1\n", ""),
    ('marking = ""\n', ""),
    ('windows = ["22-05"]\n', ""),
    ("include = 'x'\n", ""),
    ('include = ["x", "x"]\n', ""),
    ("[agency]\nnam = 'x'\n", ""),
    ('[scope.authorisation]\nnumber = "1"\n', ""),
    ('[scope.authorisation]\nnumber = "1"\nvalid_until = "tomorrow"\n', ""),
    ('[vantage]\nkind = "moon"\n', ""),
    ('[params."web.x"]\ny = 1\n', ""),
    ('[params."web.hsts.policy"]\ny = 1\n', ""),
    ('[[disable]]\nchecks = "tls"\n', ""),
    ('[defaults]\nid = "x"\n', ""),
    ("", "expect_status = [200]\n"),
    ("", "http_port = 0\n"),
    ("", "http_port = true\n"),
    ("", "kinds = []\n"),
    ("", 'kinds = ["webb"]\n'),
    ("", "expect.status = [99]\n"),
    ("", 'expect.json = { "/a" = [] }\n'),
    ("", 'expect.json = { "a" = 1 }\n'),
    ("", 'paths = ["a"]\n'),
    ("", 'paths = ["//a"]\n'),
    ("", 'paths = ["/a#b"]\n'),
    ("", "headers = { A = 1 }\n"),
    ("", "headers = { A = {} }\n"),
    ("", 'headers = { A = { env = "B", file = "c" } }\n'),
    ("", 'headers = { A = { env = "a b" } }\n'),
    ("", 'headers = { "A B" = "c" }\n'),
    ("", 'basic_auth = { user = "u", password = "p" }\n'),
    ("", 'basic_auth = { user = "u" }\n'),
    ("", 'id = "a b"\n'),
    ("", 'url = "ftp://a.test"\n'),
]


def document(top: str, own: str) -> str:
    target = "".join(line for line in TARGET.splitlines(True) if line.partition(" =")[0] != own.partition(" =")[0])
    return top + SCOPE + target + own


@pytest.mark.parametrize(("top", "own"), GOOD)
def test_what_loads_is_right_by_the_schema(tmp_path: Path, top: str, own: str) -> None:
    (tmp_path / "targets.toml").write_text(document(top, own))
    assert load_targets(tmp_path / "targets.toml")
    assert refusals("targets", document(top, own)) == []


@pytest.mark.parametrize(("top", "own"), BAD)
def test_what_has_the_wrong_shape_is_refused_by_both(tmp_path: Path, top: str, own: str) -> None:
    (tmp_path / "targets.toml").write_text(document(top, own))
    with pytest.raises(ConfigError):
        load_targets(tmp_path / "targets.toml")
    assert refusals("targets", document(top, own))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('[unit]\nname = "D"\n' + TARGET, True),
        (TARGET, True),
        (SCOPE + TARGET, False),
        ('[agency]\nname = "x"\n' + TARGET, False),
        ("[unit]\nnam = 'x'\n", False),
    ],
)
def test_a_unit_s_file(text: str, right: bool) -> None:
    assert (refusals("unit", text) == []) is right


@pytest.mark.parametrize("kind", ["targets", "population", "waivers"])
def test_an_example_names_its_schema_for_editors_and_is_right_by_it(kind: str) -> None:
    text = (ROOT / f"{kind}.example.toml").read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./schema/{kind}.schema.json\n")
    assert refusals(kind, text) == []
