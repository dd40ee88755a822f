import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.locale.printable import MAX_CHARS, printable, shortened, shortened_in_the_middle, wrapped


@pytest.mark.parametrize(
    ("text", "unicode", "ascii_only"),
    [
        ("plain ~ text", "plain ~ text", "plain ~ text"),
        ("a\\b", "a\\b", "a\\b"),
        ("\x1b[31m", "\\x1b[31m", "\\x1b[31m"),
        ("a\r\n\tb", "a\\r\\n\\tb", "a\\r\\n\\tb"),
        ("\x7f\x9b", "\\x7f\\x9b", "\\x7f\\x9b"),
        ("\u202e\u2066\u200f", "\\u202e\\u2066\\u200f", "\\u202e\\u2066\\u200f"),
        ("\u200b\u200d\ufeff\u00ad", "\\u200b\\u200d\\ufeff\\xad", "\\u200b\\u200d\\ufeff\\xad"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85", "\\u2028\\u2029\\x85"),
        ("é", "é", "\\xe9"),
        ("e\u0301", "é", "e\\u0301"),
        ("q\u0301", "q\\u0301", "q\\u0301"),
        ("中Ａ", "\\u4e2d\\uff21", "\\u4e2d\\uff21"),
        ("אب٣", "\\u05d0\\u0628\\u0663", "\\u05d0\\u0628\\u0663"),
        ("\U0001f600", "\\U0001f600", "\\U0001f600"),
        ("\u1160\ud7b0\u2800", "\\u1160\\ud7b0\\u2800", "\\u1160\\ud7b0\\u2800"),
        ("\ud800", "\\ud800", "\\ud800"),
        ("\U000e0041\ufe0f", "\\U000e0041\\ufe0f", "\\U000e0041\\ufe0f"),
        ("\u201ca\u201d … \u2013 \u00d7 ≥", "\u201ca\u201d … \u2013 \u00d7 ≥", '"a" ... - x >='),
        ("a\u00a0b\u202fc", "a b c", "a b c"),
        ("Ω я ø", "Ω я ø", "\\u03a9 \\u044f \\xf8"),
    ],
)
def test_printable(text: str, unicode: str, ascii_only: str) -> None:
    assert printable(text, ascii_only=False) == unicode
    assert printable(text, ascii_only=True) == ascii_only


@given(st.text(st.characters(), max_size=80), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_character_is_one_plain_column(text: str, ascii_only: bool) -> None:
    shown = printable(text, ascii_only=ascii_only)
    assert shown.isprintable()
    assert shown.isascii() or not ascii_only
    for char in shown:
        assert unicodedata.east_asian_width(char) not in ("W", "F")
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Mn", "Me", "Mc", "Zl", "Zp")
    assert printable(shown, ascii_only=ascii_only) == shown


def test_long_text_is_cut_first() -> None:
    assert printable("x" * 10_000_000, ascii_only=True) == "x" * MAX_CHARS


@pytest.mark.parametrize(
    ("width", "end", "middle"),
    [
        (9, "abcdefghi", "abcdefghi"),
        (8, "abcde...", "abc...hi"),
        (6, "abc...", "ab...i"),
        (5, "ab...", "ab..."),
        (3, "...", "..."),
        (2, "..", ".."),
        (0, "", ""),
        (-1, "", ""),
    ],
)
def test_shortened(width: int, end: str, middle: str) -> None:
    assert shortened("abcdefghi", width) == end
    assert shortened_in_the_middle("abcdefghi", width) == middle


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["L"]),
        ("one two", ["L  one two"]),
        ("one two-three", ["L  one", "   two-three"]),
        ("0123456789abcdef", ["L  012345678", "   9abcdef"]),
    ],
)
def test_wrapped(text: str, lines: list[str]) -> None:
    assert wrapped(text, 12, first="L  ", rest="   ") == lines
