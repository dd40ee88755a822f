"""The text of a body: by the charset named, by a byte order mark, and never by a codec that the server picks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.body_text import text_of

WORD = "Selamat datang, é"


@pytest.mark.parametrize(
    ("octets", "content_type"),
    [
        (WORD.encode(), None),
        (WORD.encode(), "text/html"),
        (WORD.encode(), "text/html; charset=utf-8"),
        (WORD.encode(), 'text/html; charset="UTF-8"'),
        (WORD.encode("latin-1"), "text/html;charset=ISO-8859-1"),
        (WORD.encode("cp1252"), "text/html; a=b ; charset=windows-1252"),
        (WORD.encode("utf-16"), "text/html; charset=iso-8859-1"),  # the mark counts more
        (WORD.encode("utf-16-le"), "text/html; charset=utf-16"),
        (WORD.encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        (WORD.encode(), "text/html; charset=unheard-of"),
    ],
)
def test_what_is_read(octets: bytes, content_type: str | None) -> None:
    assert text_of(octets, content_type) == WORD


@pytest.mark.parametrize(
    "name", ["rot13", "base64", "zip", "punycode", "unicode_escape", "utf-7", "idna", "../os", "\x00"]
)
def test_no_codec_that_is_not_a_charset(name: str) -> None:
    assert text_of(b"+AGE- \\x61 eJw=", f"text/html; charset={name}") == "+AGE- \\x61 eJw="


def test_what_cannot_be_decoded_is_replaced() -> None:
    assert text_of(b"a\xffb", None) == "a\ufffdb"


@given(
    st.binary(max_size=100), st.none() | st.text(max_size=60) | st.text(max_size=20).map("text/html; charset={}".format)
)
def test_never_raises(octets: bytes, content_type: str | None) -> None:
    assert isinstance(text_of(octets, content_type), str)
