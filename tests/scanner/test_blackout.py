"""What this scan knows itself is blacked out in every spelling of an echo, and nothing else is."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.redaction import NOTHING_KNOWN, Blackout, SpanKind, redact_head, redact_text

TOKEN = "Tok-9f8e7d6c5b4a39281706zyxwvutsrqponmlkji"
AWKWARD = "p@ss \"w\\rd/+%<é>&'"
SHORT = "zq7!"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "upper case": lambda it: it.upper() if it.isascii() else it,
    "percent-encoded": lambda it: quote(it, safe=""),
    "percent-encoded in part": lambda it: quote(it),
    "percent-encoded, lower case": lambda it: quote(it, safe="").replace("%C3%A9", "%c3%a9").replace("%2F", "%2f"),
    "form-encoded": quote_plus,
    "percent-encoded twice": lambda it: quote(quote(it, safe=""), safe=""),
    "JSON": lambda it: json.dumps(it)[1:-1],
    "JSON, not ASCII": lambda it: json.dumps(it, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda it: json.dumps(json.dumps(it)[1:-1])[1:-1],
    "HTML": html.escape,
    "HTML in numbers": lambda it: "".join(
        char if char.isalnum() and char.isascii() else f"&#{ord(char)};" for char in it
    ),
    "base64": lambda it: base64.b64encode(it.encode()).decode(),
    "base64 for URLs": lambda it: base64.urlsafe_b64encode(it.encode()).decode().rstrip("="),
    "hex": lambda it: it.encode().hex(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [TOKEN, AWKWARD, SHORT, f"pemindai:{AWKWARD}"])
def test_every_spelling_is_hidden(secret: str, spelling: str) -> None:
    known = Blackout([secret])
    spelled = SPELLINGS[spelling](secret)
    head = f"HTTP/1.1 200 OK\r\nX-Before: {spelled} after\r\n\r\n".encode()
    clean = redact_head(head, known).raw
    letters = "".join(it for it in spelled if it.isascii() and it.isalpha() and it not in "xX")
    assert not [it for it in letters if it.encode() in clean[clean.index(b"X-Before:") + 9 : clean.index(b" after")]]
    assert len(clean) == len(head)
    text = redact_text(f"before {spelled} after", known)[0]
    assert not [it for it in letters if it in text.removeprefix("before ").removesuffix(" after")]
    assert text.startswith("before ")
    assert text.endswith(" after")


@pytest.mark.parametrize("before", range(6))
def test_inside_something_longer_in_base64(before: int) -> None:
    whole = base64.b64encode(b"#" * before + TOKEN.encode() + b"#" * 7).decode()
    hidden = redact_text(whole, Blackout([TOKEN]))[0]
    octets = base64.b64decode(hidden)
    assert not [index for index in range(len(TOKEN) - 3) if TOKEN.encode()[index : index + 3] in octets]


@pytest.mark.parametrize("length", range(32, 41))
def test_a_long_secret_that_is_cut_off(length: int) -> None:
    hidden = redact_text(TOKEN[:length], Blackout([TOKEN]))[0]
    assert TOKEN[:16] not in hidden


@pytest.mark.parametrize("text", ["Tok-9f8e", "an ordinary value", "/login?next=/home", "zq7", "7!zq", ""])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text, Blackout([TOKEN, SHORT, AWKWARD]))[0] == text
    head = f"HTTP/1.1 200 OK\r\nX-Any: {text}\r\n\r\n".encode()
    assert redact_head(head, Blackout([TOKEN])).raw == head


def test_the_span_says_why() -> None:
    text, spans = redact_text(f"a {TOKEN} b", Blackout([TOKEN]))
    assert next((text[it.start : it.start + it.length], it.kind) for it in spans)[1] is SpanKind.KNOWN_SECRET
    assert text == "a Xxx-0x0x0x0x0x0x00000000xxxxxxxxxxxxxxxxxx b"


def test_masking_touches_what_is_known_only() -> None:
    assert Blackout([SHORT]).masked(f"token=abc {SHORT}") == "token=abc xx0!"


def test_nothing_known_hides_nothing_more() -> None:
    assert not NOTHING_KNOWN
    assert NOTHING_KNOWN.masked(TOKEN) == TOKEN
    assert Blackout([""]).masked(TOKEN) == TOKEN


def test_its_own_text_shows_no_secret() -> None:
    assert TOKEN not in f"{Blackout([TOKEN])!r} {Blackout([TOKEN])}"


SECRETS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_categories=["Cc"]), min_size=4, max_size=60
)


@example("\u0130\u0107\u015a\u00c7F\u016eq\u00cb", "JSON", "")  # whose first letter in lower case begins with an i
@given(
    SECRETS, st.sampled_from(["raw", "percent-encoded", "JSON", "HTML", "percent-encoded twice"]), st.text(max_size=20)
)
def test_any_secret_in_any_spelling(secret: str, spelling: str, around: str) -> None:
    known = Blackout([secret])
    spelled = SPELLINGS[spelling](secret)
    assert known.is_in(f"{around}{spelled}{around}")
    assert any(known.found_in(spelled.encode()))


@given(st.lists(SECRETS, max_size=3), st.binary(max_size=200))
def test_never_raises_and_keeps_lengths(secrets: list[str], raw: bytes) -> None:
    assert len(redact_head(raw, Blackout(secrets)).raw) == len(raw)


@pytest.mark.parametrize(
    "hostile",
    [
        b"\\" * 60_000,
        b"%25" * 20_000,
        b'\\"' * 30_000,
        b"%2525252525" * 6_000,
        b"\\\\u005c" * 9_000,
        b"&#0000" * 10_000,
    ],
)
def test_no_answer_makes_it_slow(hostile: bytes) -> None:
    """Each of these takes hundredths of a second, or hours."""
    known = Blackout(["\\" * 30 + "x", "%" * 30 + "x", "    " + '"' * 20 + "x"])
    assert len(redact_head(hostile, known).raw) == len(hostile)
