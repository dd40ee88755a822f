"""Lists in fields: Fetch's way of splitting, nosniff and MIME types, with the cases of web-platform-tests."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.list_field import mime_type, split_values
from scanner.parse.nosniff import is_nosniff

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors_xcto.json").read_text(encoding="ascii"))[
    "cases"
]


@pytest.mark.parametrize("case", VECTORS, ids=[case["id"] for case in VECTORS])
def test_published_case(case: dict[str, Any]) -> None:
    values = [value for name, value in case["values"] if name.lower() == "x-content-type-options"]
    assert is_nosniff(values) is case["expected"]["nosniff"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ()),
        ([""], ("",)),
        (["a, b"], ("a", "b")),
        (["a", "b"], ("a", "b")),
        ([",a,,b,"], ("", "a", "", "b", "")),
        (['a, "b,c", d'], ("a", '"b,c"', "d")),
        (['x"b,c"y, d'], ('x"b,c"y', "d")),
        ([r'"a\",b", c'], (r'"a\",b"', "c")),
        (['"a, b'], ('"a, b',)),  # a string that is not closed runs to the end
        (['"a\\'], ('"a\\',)),
        (['"a', 'b"'], ('"a, b"',)),
    ],
)
def test_split(values: list[str], expected: tuple[str, ...]) -> None:
    assert split_values(values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["text/html"], "text/html"),
        (["Text/HTML; charset=utf-8"], "text/html"),
        (["text/plain, text/html"], "text/html"),
        (["text/html", "nonsense"], "text/html"),
        (["text/html, */*"], "text/html"),
        (["*/*"], None),
        (["html"], None),
        (["text/"], None),
        (["text/html x"], None),
        (['text/html; a=", text/plain"'], "text/html"),
    ],
)
def test_mime_type(values: list[str], expected: str | None) -> None:
    assert mime_type(values) == expected


@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_fields_can_be_split_and_no_comma_outside_quotes_is_left(values: list[str]) -> None:
    found = split_values(values)
    assert bool(found) is bool(values)
    assert all("," not in value for value in found if '"' not in value)
    assert isinstance(is_nosniff(values), bool)
    assert mime_type(values) is None or "/" in str(mime_type(values))
