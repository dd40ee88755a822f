"""Response heads: what browsers keep is kept, what they may ignore is dropped, and the damage is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.parse.http_head import Anomaly, Field, Head, HeadError, parse_head

OK = b"HTTP/1.1 200 OK\r\n"


def head(lines: bytes) -> Head:
    """A head with these field lines, each with its own line end."""
    return parse_head(OK + lines + b"\r\n")


def test_plain_head() -> None:
    raw = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nX-Two:a\r\nx-two: \t b \t\r\n\r\n"
    assert parse_head(raw) == Head(
        version="HTTP/1.1",
        status=404,
        reason="Not Found",
        fields=(Field("Server", "nginx"), Field("X-Two", "a"), Field("x-two", "b")),
        anomalies=(),
    )


@pytest.mark.parametrize(
    ("line", "version", "status", "reason", "anomalies"),
    [
        (b"HTTP/1.0 204 No Content", "HTTP/1.0", 204, "No Content", ()),
        (b"HTTP/1.1 200 ", "HTTP/1.1", 200, "", ()),
        (b"HTTP/2.0 200 OK", "HTTP/2.0", 200, "OK", ()),
        (b"HTTP/1.1 599 a  b", "HTTP/1.1", 599, "a  b", ()),
        (b"HTTP/1.1 200", "HTTP/1.1", 200, "", (Anomaly.STATUS_LINE,)),
        (b"HTTP/1.1  200  OK", "HTTP/1.1", 200, "OK", (Anomaly.STATUS_LINE,)),
        (b"HTTP/1.1\t200 OK", "HTTP/1.1", 200, "OK", (Anomaly.STATUS_LINE,)),
        (b"HTTP/1.1 200OK", "HTTP/1.1", 200, "OK", (Anomaly.STATUS_LINE,)),
        (b"http/1.1 200 ok", "HTTP/1.1", 200, "ok", (Anomaly.STATUS_LINE,)),
        (b"HTTP/1.1 200 a\rb", "HTTP/1.1", 200, "a b", (Anomaly.BARE_CR,)),
        (b"HTTP/1.1 200 a\0b", "HTTP/1.1", 200, "a b", (Anomaly.NUL,)),
        (b"HTTP/1.1 200 a\x01b", "HTTP/1.1", 200, "a\x01b", (Anomaly.CONTROL,)),
        (b"HTTP/1.1 200 caf\xe9", "HTTP/1.1", 200, "caf\xe9", (Anomaly.NON_ASCII,)),
    ],
)
def test_status_line(line: bytes, version: str, status: int, reason: str, anomalies: tuple[Anomaly, ...]) -> None:
    parsed = parse_head(line + b"\r\n\r\n")
    assert (parsed.version, parsed.status, parsed.reason) == (version, status, reason)
    assert parsed.anomalies == anomalies


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"<html>\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail ESMTP\r\n",
        b"ICY 200 OK\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n",
        b"HTTP/11 200 OK\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"\r\n\r\n\n" + OK + b"\r\n",
    ],
)
def test_no_status_line(raw: bytes) -> None:
    with pytest.raises(HeadError):
        parse_head(raw)


@pytest.mark.parametrize(
    ("lines", "fields", "anomalies"),
    [
        (b"A: b\n", (("A", "b"),), (Anomaly.BARE_LF,)),
        (b"A: b\r\n c\r\n\t d\r\n", (("A", "b c d"),), (Anomaly.OBS_FOLD,)),
        (b"A:\r\n b\r\n", (("A", "b"),), (Anomaly.OBS_FOLD,)),
        (b"A: b\r\n \r\nC: d\r\n", (("A", "b"), ("C", "d")), (Anomaly.OBS_FOLD,)),
        (b"A: b\r\n C: d\r\n", (("A", "b C: d"),), (Anomaly.OBS_FOLD,)),
        (b" A: b\r\n\tx\r\nC: d\r\n", (("C", "d"),), (Anomaly.LEADING_WHITESPACE,)),
        (b"A : b\r\nC: d\r\n", (("C", "d"),), (Anomaly.SPACE_BEFORE_COLON,)),
        (b"A\t: b\r\nC: d\r\n", (("C", "d"),), (Anomaly.SPACE_BEFORE_COLON,)),
        (b"A b\r\nC: d\r\n", (("C", "d"),), (Anomaly.NO_COLON,)),
        (b": b\r\nC: d\r\n", (("C", "d"),), (Anomaly.EMPTY_NAME,)),
        (b"A B: c\r\nC: d\r\n", (("C", "d"),), (Anomaly.INVALID_NAME,)),
        (b"A\xe9: c\r\nC: d\r\n", (("C", "d"),), (Anomaly.INVALID_NAME,)),
        (b"A(: c\r\nC: d\r\n", (("C", "d"),), (Anomaly.INVALID_NAME,)),
        (b"A: b\0c\r\nC: d\r\n", (("C", "d"),), (Anomaly.NUL,)),
        (b"A: b\rX: c\r\nC: d\r\n", (("C", "d"),), (Anomaly.BARE_CR,)),
        (b"A: b\r\r\nC: d\r\n", (("C", "d"),), (Anomaly.BARE_CR,)),
        (b"A: b\x01\x7fc\r\n", (("A", "b\x01\x7fc"),), (Anomaly.CONTROL,)),
        (b"A: b\tc\r\n", (("A", "b\tc"),), ()),
        (b"A: caf\xc3\xa9\r\n", (("A", "caf\xc3\xa9"),), (Anomaly.NON_ASCII,)),
        (b"A: \xa0b\xa0\r\n", (("A", "\xa0b\xa0"),), (Anomaly.NON_ASCII,)),  # not whitespace to HTTP
        (b"A:\r\n", (("A", ""),), ()),
        (b"A: b: c\r\n", (("A", "b: c"),), ()),
        (b"!#$%&'*+-.^_`|~09Az: b\r\n", (("!#$%&'*+-.^_`|~09Az", "b"),), ()),
        # what continues a dropped field goes with it
        (b"A : b\r\n c\r\nD: e\r\n", (("D", "e"),), (Anomaly.OBS_FOLD, Anomaly.SPACE_BEFORE_COLON)),
        (b"A\r\n : c\r\nD: e\r\n", (("D", "e"),), (Anomaly.OBS_FOLD, Anomaly.NO_COLON)),
    ],
)
def test_fields(lines: bytes, fields: tuple[tuple[str, str], ...], anomalies: tuple[Anomaly, ...]) -> None:
    parsed = head(lines)
    assert tuple((field.name, field.value) for field in parsed.fields) == fields
    assert parsed.anomalies == anomalies


def test_head_ends_at_the_first_empty_line() -> None:
    parsed = parse_head(OK + b"A: b\r\n\r\nC: d\r\n\r\n")
    assert parsed.fields == (Field("A", "b"),)
    assert parsed.anomalies == ()


def test_bare_line_feeds_all_the_way() -> None:
    parsed = parse_head(b"HTTP/1.1 200 OK\nA: b\n\nbody")
    assert (parsed.reason, parsed.fields) == ("OK", (Field("A", "b"),))
    assert parsed.anomalies == (Anomaly.BARE_LF,)


@pytest.mark.parametrize("lead", [b"\n", b"\r\n", b"\r\n\r\n"])
def test_few_line_ends_before_the_status_line(lead: bytes) -> None:
    parsed = parse_head(lead + OK + b"A: b\r\n\r\n")
    assert parsed.fields == (Field("A", "b"),)
    assert parsed.anomalies == (Anomaly.LEADING_LINE_END,)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"HTTP/1.1 200 OK", ()),
        (OK, ()),
        (OK + b"A: b\r\n", (Field("A", "b"),)),
        (OK + b"A: b\r\n\r", (Field("A", "b"),)),
        (OK + b"A: b\r\nStrict-Transport-Security: max-age=31", (Field("A", "b"),)),
        (OK + b"A: b\r\nC: d\r\n e", (Field("A", "b"),)),
    ],
)
def test_unterminated(raw: bytes, fields: tuple[Field, ...]) -> None:
    parsed = parse_head(raw)
    assert parsed.fields == fields
    assert parsed.anomalies == (Anomaly.UNTERMINATED,)


def test_anomalies_once_each_in_declared_order() -> None:
    parsed = head(b"A: \xe9\r\nB: \x01\nno colon\nC: \xe9\r\n")
    assert parsed.anomalies == (Anomaly.BARE_LF, Anomaly.NO_COLON, Anomaly.CONTROL, Anomaly.NON_ASCII)


def test_look_up_ignores_case() -> None:
    parsed = head(b"Set-Cookie: a\r\nSET-COOKIE: b\r\nOther: c\r\n")
    assert parsed.all("set-Cookie") == ("a", "b")
    assert parsed.first("SET-cookie") == "a"
    assert parsed.all("set") == ()
    assert parsed.first("set") is None


TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=12)
VALUE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)


@given(st.lists(st.tuples(TOKEN, VALUE), max_size=8))
@settings(max_examples=100)
def test_well_formed_fields_come_back(fields: list[tuple[str, str]]) -> None:
    parsed = head("".join(f"{name}: {value}\r\n" for name, value in fields).encode())
    assert [(field.name, field.value) for field in parsed.fields] == fields
    assert parsed.anomalies == ()


PIECES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"Name", b"\0", b"\x80", b"\x7f"]
)


@given(st.one_of(st.binary(max_size=80), st.lists(PIECES, max_size=30).map(b"".join).map(OK.__add__)))
@settings(max_examples=300)
def test_any_bytes_give_a_head_or_a_head_error(raw: bytes) -> None:
    try:
        parsed = parse_head(raw)
    except HeadError:
        return
    assert 0 <= parsed.status <= 999
    for field in parsed.fields:
        assert field.name.isascii()
        assert " " not in field.name
        assert field.value == field.value.strip(" \t")
        assert not set(field.value) & {"\r", "\n", "\0"}


def test_a_megabyte_of_lines() -> None:
    assert len(head(b"a:b\n" * 250_000).fields) == 250_000
    assert len(head(b"a:b\n" + b" c\n" * 250_000).first("a") or "") == 1 + 2 * 250_000
