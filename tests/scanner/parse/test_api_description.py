"""Descriptions of interfaces: what is one, what two of them have in common, and what none of them may cost."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.api_description import MAX_NODES, ApiDescriptionError, ApiDocument, read_api_document

SMALL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Layanan", "version": "1.2.0"},
    "paths": {"/warga": {"get": {"responses": {"200": {"description": "ok"}}}, "post": {}, "parameters": []}},
}


def as_json(**changes: Any) -> bytes:
    return json.dumps(SMALL | changes).encode()


def as_yaml(**changes: Any) -> bytes:
    return yaml.safe_dump(SMALL | changes, sort_keys=True, allow_unicode=True).encode()


def read(text: bytes | str) -> ApiDocument:
    return read_api_document(text.encode() if isinstance(text, str) else text)


# --- what is one --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form", "version"),
    [
        (as_json(), "json", "OpenAPI 3.1.0"),
        (b"\xef\xbb\xbf" + as_json(), "json", "OpenAPI 3.1.0"),
        (b"\n  " + as_json(), "json", "OpenAPI 3.1.0"),
        (as_yaml(), "yaml", "OpenAPI 3.1.0"),
        ("openapi: 3.0.3\ninfo: {}\n", "yaml", "OpenAPI 3.0.3"),
        ("openapi: 3.1\ninfo: {}\n", "yaml", "OpenAPI 3.1"),
        ('swagger: "2.0"\ninfo: {}\n', "yaml", "Swagger 2.0"),
        ("swagger: 2.0\ninfo: {}\n", "yaml", "Swagger 2.0"),
        ("# about\n---\nopenapi: 3.2.0\ninfo:\n  title: x\n...\n", "yaml", "OpenAPI 3.2.0"),
        ("{openapi: 3.0.0, info: {title: x,},}", "yaml", "OpenAPI 3.0.0"),  # flow style, and no JSON
        ('{"swagger": "2.0", "info": {}}', "json", "Swagger 2.0"),
        ('{"openapi": "3.0.0-rc2", "info": {}}', "json", "OpenAPI 3.0.0-rc2"),
        # Something else
        ('{"openapi": "3.0.0"}', "json", ""),
        ('{"openapi": "3.0.0", "info": "x"}', "json", ""),
        ('{"openapi": "4.0.0", "info": {}}', "json", ""),
        ('{"openapi": 3, "info": {}}', "json", ""),
        ('{"swagger": "1.2", "info": {}}', "json", ""),
        ('{"asyncapi": "3.0.0", "info": {}}', "json", ""),
        ('{"error": "not found"}', "json", ""),
        ("[1, 2]", "json", ""),
        ("status: UP\n", "yaml", ""),
        # Neither JSON nor YAML, or nothing that JSON could say
        ("", "", ""),
        ("Not Found", "", ""),
        ("<!doctype html><title>openapi: 3.0.0</title>", "", ""),
        ('{"openapi": "3.0.0", "info": {}', "", ""),
        ('{"openapi": NaN}', "yaml", ""),
        (b"\xff\xfe\x00", "", ""),
        (b"\x00\x01", "", ""),
        ("a: b: c", "", ""),
        ("a: 1\n--- \nb: 2\n", "", ""),
        ("? [a]\n: b\n", "", ""),
        ("a: *unknown\n", "", ""),
        ("a: &a [*a]\n", "", ""),
    ],
)
def test_what_a_text_is(text: str | bytes, form: str, version: str) -> None:
    found = read(text)
    assert (found.form, found.version) == (form, version)
    assert bool(found.whole) == bool(version)


def test_operations_are_counted() -> None:
    assert read(as_json()).operations == 2
    assert read(as_json(paths={})).operations == 0
    assert read(as_json(paths=[])).operations == 0


# --- what two have in common --------------------------------------------------------------------------------


def test_one_document_in_two_forms_says_the_same() -> None:
    one, other = read(as_json()), read(as_yaml())
    assert (one.form, other.form) == ("json", "yaml")
    assert (one.whole, one.surface, one.operations) == (other.whole, other.surface, other.operations)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x: on", 'x: "on"', True),  # YAML 1.2: no truth value
        ("x: 2026-11-22", 'x: "2026-11-22"', True),
        ("x: yes", "x: true", True),  # YAML 1.1: one
        ("x: yes", "x: false", False),
        ("x: true", 'x: "true"', False),
        ("x: 1", 'x: "1"', False),
        ("x: 1", "x: 1.0", True),
        ("x: 0x10", "x: 16", True),
        ("x: 1_000", 'x: "1_000"', True),
        ("x: ~", "x: null", True),
        ("x:", "x: null", True),
        ("x: {a: 1, b: 2}", "x: {b: 2, a: 1}", True),
        ("x: [1, 2]", "x: [2, 1]", False),
        ("x: {200: a}", 'x: {"200": a}', True),
        ("x: &a {b: 1}\ny: *a", "x: {b: 1}\ny: {b: 1}", True),
        ("x: &a {b: 1}\ny: {<<: *a, c: 2}", "x: {b: 1}\ny: {b: 1, c: 2}", True),
        ("x: &a {b: 1}\ny: {<<: *a, b: 2}", "x: {b: 1}\ny: {b: 2}", True),
        ("x: !!str 1", 'x: "1"', True),
        ("x: [[], {}]", "x: [{}, []]", False),
        ("x: [[1], 2]", "x: [1, [2]]", False),
        ("x: |\n  a\n  b\n", 'x: "a\\nb\\n"', True),
    ],
)
def test_forms_of_values(one: str, other: str, same: bool) -> None:
    head = "openapi: 3.0.0\ninfo: {}\n"
    assert (read(head + one).whole == read(head + other).whole) == same


def test_the_surface_is_paths_and_version() -> None:
    plain = read(as_json())
    assert read(as_json(servers=[{"url": "/v2"}])).surface == plain.surface
    assert read(as_json(servers=[{"url": "/v2"}])).whole != plain.whole
    assert read(as_json(paths={})).surface != plain.surface
    assert read(as_json(info={"title": "Layanan", "version": "2"})).surface != plain.surface


@pytest.mark.parametrize(
    ("said", "written", "same"),
    [
        ("9223372036854775807", "9.223372036854775807E18", True),  # Java's long, as Jackson and JavaScript write it
        ("9223372036854775807", "9223372036854776000", True),
        ("9223372036854775807", "922337203685477580", False),
        ("9007199254740991", "9007199254740990", False),
        ("1.0", "!!float 1", True),
        ("1", '!!int "1"', True),
        ("true", '!!bool "true"', True),
        ("null", '!!null ""', True),
        ('"2026-11-22T00:00:00.000Z"', "2026-11-22", True),  # js-yaml and toJSON
        ('"2026-11-22T10:00:00.000Z"', "2026-11-22T10:00:00Z", True),
        ('"2026-11-22T10:00:00+00:00"', "2026-11-22T10:00:00Z", True),
        ('"2026-11-22T10:00:00Z"', "2026-11-22T10:00:01Z", False),
        ('"2026-11-22T10:00:00+07:00"', "2026-11-22T10:00:00Z", False),
        ("true", "yes", True),
        ("true", "no", False),
        ('"081"', "0812", False),
        ('"12e4567"', "12e4568", False),
        ("1e400", "1e400", True),
        pytest.param("1" * 400, "1" * 400, True, id="400 digits"),
    ],
)
def test_what_writers_of_the_other_form_make_of_a_value(said: str, written: str, same: bool) -> None:
    one = read(f'{{"openapi": "3.0.0", "info": {{}}, "x": {said}}}')
    other = read(f"openapi: 3.0.0\ninfo: {{}}\nx: {written}\n")
    assert (one.form, other.form) == ("json", "yaml")
    assert (one.whole == other.whole) == same


@given(st.from_regex(r"\A[-+]?[0-9a-fx.oeE_:yYnNsStTzZ ~-]{0,12}\Z") | st.text(max_size=20))
def test_no_text_is_another_one_when_pyyaml_writes_it(text: str) -> None:
    """A telephone number (`0812...`) and a short digest (`12e4567`) are texts to it, which it writes without quotes."""
    document = SMALL | {"x": text}
    assert read(json.dumps(document)).whole == read(yaml.safe_dump(document)).whole


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_yaml_in_the_other_encodings_it_may_have(encoding: str) -> None:
    assert read(as_yaml().decode().encode(encoding)).whole == read(as_yaml()).whole


@pytest.mark.parametrize(
    "document",
    [SMALL, SMALL | {"x-when": "2026-11-22", "x-on": "on", "x-nested": [[{"a": None}], 1.5, -3, True, "é"]}],
)
def test_what_a_library_writes_is_read_back(document: dict[str, Any]) -> None:
    assert read(json.dumps(document)).whole == read(yaml.safe_dump(document)).whole


# --- what it may cost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="brackets"),
        pytest.param("".join(f"%TAG !a{it}! tag:x:\n" for it in range(50_000)) + "---\na: 1\n", id="directives"),
        pytest.param('{"a":' * 50_000, id="braces"),
        pytest.param("- " * 50_000, id="dashes"),
        pytest.param('{"openapi":"3.0.0","info":{},"x":' + "[" * 300 + "]" * 300 + "}", id="a deep part"),
        pytest.param("k:\n" * (MAX_NODES + 1), id="many keys"),
        pytest.param(
            "openapi: 3.0.0\ninfo: {}\na0: &a0 {x: y}\n"
            + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, 1000)),
            id="merged again and again",
        ),
        pytest.param('{"openapi":"3.0.0","info":{},"x":[' + "1," * MAX_NODES + "1]}", id="a long list"),
    ],
)
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(ApiDescriptionError):
        read(text)


def test_what_aliases_would_grow_to_is_never_built() -> None:
    """A billion laughs: thirty doublings of a list."""
    bomb = "openapi: 3.0.0\ninfo: {}\na0: &a0 [x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    assert read(bomb).version == "OpenAPI 3.0.0"


def test_nothing_is_run_by_a_tag(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"openapi: 3.0.0\ninfo: {{}}\nx: !!python/object/apply:os.mkdir ['{mark}']\n"
    assert read(text).version == "OpenAPI 3.0.0"
    assert not mark.exists()


@given(st.binary(max_size=300))
def test_any_octets_are_something_or_nothing(octets: bytes) -> None:
    assert read_api_document(octets).form in {"", "json", "yaml"}


@given(st.text(alphabet="openapi: 3.0\n-{}[]&*a!<|>?,\"'#", max_size=120))
def test_any_yaml_is_something_or_nothing(text: str) -> None:
    head = "openapi: 3.0.0\ninfo: {}\n"
    for octets in (text.encode(), (head + text).encode()):
        assert read_api_document(octets).form in {"", "json", "yaml"}


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda it: it != "<<"), inner, max_size=4),
)


class Quoting(yaml.SafeDumper):
    """Puts every text in quotes: the library knows the words of YAML 1.1 only, and leaves `0E0` bare."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@given(st.dictionaries(TEXTS.filter(lambda it: it != "<<"), VALUES, max_size=4))
def test_both_forms_of_any_document_say_the_same(more: dict[str, Any]) -> None:
    document = {**more, "openapi": "3.0.0", "info": {}}
    one, other = read(json.dumps(document)), read(yaml.dump(document, Dumper=Quoting))
    assert (one.version, other.version) == ("OpenAPI 3.0.0", "OpenAPI 3.0.0")
    assert one.whole == other.whole
