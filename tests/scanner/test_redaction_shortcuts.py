"""What redaction does not look for, because nothing it could find is there, it would not have found by looking."""

from hypothesis import given
from hypothesis import strategies as st

from scanner.redaction import redact_head, redact_text

FRAGMENTS = (
    *("\r\n", "\n", "\r", " ", "\t", ":", "=", ";", ",", "/", "9", "&", "?", "é", "\u017f"),
    *(
        "Set-Cookie: ",
        "set-cookie",
        "a=b",
        "Path=/",
        "HTTP-Only",
        "Max-Age=3",
        "Location: ",
        "X-Api-Key: s3",
        "X-My-Token: s3",
    ),
    *("https://u:p@h/", "?token=abc", "token=abc", "Bearer abc", "basic xx", "BASIC xx", "eyJhbGci.abc"),
    *("3171012501900001", "4111 1111 1111 1111", "1234567890123456", "%40", "%3Ftoken%3Dx", "http%3A%2F%2Fa%40b"),
    *("(S(lit3py55t21z5v55vlm25s55))", "S(", "WWW-Authenticate: ", "HTTP/1.1 200 OK", "user[password]=x"),
    *("Date: Sun, 22 Nov 2026 01:14:44 GMT", "max-age=31536000"),
)
texts = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


@given(texts)
def test_a_text_is_hidden_in_as_much_when_a_sign_beside_it_makes_us_look(text: str) -> None:
    assert redact_text(f"{text} @")[0] == redact_text(text)[0] + " @"


@given(texts)
def test_a_head_is_hidden_in_as_much_when_a_sign_after_it_makes_us_look(text: str) -> None:
    head = text.encode("latin-1", "replace")
    assert redact_head(head + b"\r\nX-End: @\r").raw[: len(head)] == redact_head(head).raw
