"""JSON on its way to a terminal."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.json_text import inert

TEXT = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize("char", ["\x7f", "\x80", "\x9b", "\x9f", "\u200b", "\u2028", "\u202e", "\u2066", "\ufeff"])
def test_what_a_terminal_obeys_is_escaped(char: str) -> None:
    shown = inert(msgspec.json.encode(f"a{char}b"))
    assert char.encode() not in shown
    assert json.loads(shown) == f"a{char}b"


@pytest.mark.parametrize("text", ["", "Pindai", "é", "\u00a0", "Š", "→", "日本", "😀", '"\\u009b"'])
def test_everything_else_stays(text: str) -> None:
    encoded = msgspec.json.encode(text)
    assert inert(encoded) == encoded


@given(st.recursive(TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)))
def test_the_value_is_the_same(value: object) -> None:
    encoded = msgspec.json.encode(value)
    assert msgspec.json.decode(inert(encoded)) == value
    assert inert(inert(encoded)) == inert(encoded)
