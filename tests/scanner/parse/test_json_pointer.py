"""JSON Pointers: the examples of RFC 6901, what is no JSON, and what equals what."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.json_pointer import (
    ABSENT,
    JsonPointerError,
    JsonTextError,
    document_of,
    equal,
    tokens_of,
    value_at,
)

RFC_6901_5 = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC_6901_5),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/bar", ABSENT),
        ("/foo/2", ABSENT),
        ("/foo/-", ABSENT),
        ("/foo/00", ABSENT),
        ("/foo/+0", ABSENT),
        ("/foo/\u0661", ABSENT),  # a digit, but not one of JSON's
        ("/foo/" + "9" * 5000, ABSENT),
        ("/foo/0/b", ABSENT),
        ("//x", ABSENT),
    ],
)
def test_what_a_pointer_points_at(pointer: str, value: Any) -> None:
    assert value_at(RFC_6901_5, pointer) == value


@pytest.mark.parametrize("text", ["foo", "foo/0", "/a~b", "/~", "/~2", " /a"])
def test_what_is_no_pointer(text: str) -> None:
    with pytest.raises(JsonPointerError):
        tokens_of(text)


@pytest.mark.parametrize(("text", "tokens"), [("/~01", ("~1",)), ("/~10", ("/0",)), ("/a//b", ("a", "", "b"))])
def test_escapes_are_undone_in_the_right_order(text: str, tokens: tuple[str, ...]) -> None:
    assert tokens_of(text) == tokens


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<!doctype html>",
        b'{"a": NaN}',
        b"[Infinity]",
        b"{'a': 1}",
        b'{"a": 1} {"b": 2}',
        b'"\xff"',
        '"UP"'.encode("utf-16"),
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"9" * 100_000,
    ],
)
def test_what_is_no_json(octets: bytes) -> None:
    with pytest.raises(JsonTextError):
        document_of(octets)


@pytest.mark.parametrize(
    ("octets", "document"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"null", None),
        (b' [1.0, "x"]\n', [1.0, "x"]),
        (b'{"a":1,"a":2}', {"a": 2}),
    ],
)
def test_what_is_json(octets: bytes, document: Any) -> None:
    assert document_of(octets) == document


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, 1, True),
        (0.1, 0.1, True),
        (1, 2, False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        (None, None, True),
        (None, False, False),
        (None, "", False),
        ("1", 1, False),
        ("UP", "UP", True),
        ("UP", "up", False),
        ("", ABSENT, False),
        (None, ABSENT, False),
        ("x", ["x"], False),
        ("x", {"x": 1}, False),
    ],
)
def test_what_equals_what(one: Any, other: Any, same: bool) -> None:
    assert equal(one, other) is same


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.text(max_size=20))
def test_only_the_declared_errors(octets: bytes, pointer: str) -> None:
    with contextlib.suppress(JsonTextError, JsonPointerError):
        value_at(document_of(octets), pointer)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_every_value_has_a_pointer(document: Any) -> None:
    def look(value: Any, pointer: str) -> None:
        assert value_at(document, pointer) == value
        if isinstance(value, dict):
            for key, inner in value.items():
                look(inner, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                look(inner, f"{pointer}/{index}")

    look(document, "")
