"""Values as TOML: what is written is read again as the same, and shows all that is in it."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.toml_text import toml_text, written_toml


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1.5, "1.5"),
        ('a"b\\', '"a\\"b\\\\"'),
        (["a", 1], '["a", 1]'),
        ({"/a": "b"}, '{ "/a" = "b" }'),
        ({"k" * 70 + ".": 1}, '{ "' + "k" * 70 + '." = 1 }'),
        ("a\u202eb\n", '"a\\u202eb\\n"'),
        ({}, "{}"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_values_as_toml(value: object, text: str) -> None:
    assert written_toml(value) == text
    assert tomllib.loads(f"v = {text}")["v"] == value


@given(st.text() | st.text('"\\\n\r\t\0\x1b\x7f\u2028\U0001f600\ud800ab'))
def test_any_text_is_written_as_toml(text: str) -> None:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    written = toml_text(whole)
    assert tomllib.loads(f"a = {written}")["a"] == whole
    assert written.isprintable()
