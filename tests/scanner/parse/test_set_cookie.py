"""Set-Cookie: RFC 6265bis in tables, and published cases: http-state's, and the prefixes of web-platform-tests.

http-state's say what a client sends back, so a small jar stands between; its dates are of 2011.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.set_cookie import (
    Cookie,
    Rejection,
    SameSite,
    parse_cookie_date,
    parse_set_cookie,
    rejection,
)

HERE = Path(__file__).parent
STATE: list[dict[str, Any]] = json.loads((HERE.parent / "vectors_cookie_parse.json").read_text(encoding="ascii"))[
    "cases"
]
PREFIXES: list[dict[str, Any]] = json.loads((HERE / "vectors_cookies.json").read_text(encoding="ascii"))["cases"]
THEN = datetime(2011, 1, 1, tzinfo=UTC)
HOST = "home.example.org"
RESULT = "/cookie-parser-result"
NEXT = {
    "cookie-parse-101": "/foo",
    "cookie-parse-102": "/bar",
    "cookie-parse-103": "/foo",
    "cookie-parse-104": "/foo/qux",
    "cookie-parse-105": "/bar/qux",
    "cookie-parse-106": "/foo/baz",
    "cookie-parse-107": "/foo/baz",
    "cookie-parse-108": "/foo/qux",
    "cookie-parse-109": "/foo/qux/",
    "cookie-parse-110": "/foo/qux",
    "cookie-parse-111": "/foo//qux",
    "cookie-parse-112": "/fooqux",
}
"""Where the next request of a case goes, below RESULT."""


def kept(fields: list[str], path: str) -> list[list[str]]:
    """What a client sends back after these fields: RFC 6265bis sections 5.7 and 5.8.3."""
    jar: dict[tuple[str, str], Cookie] = {}
    for field in fields:
        cookie = parse_set_cookie(field)
        if isinstance(cookie, Rejection) or rejection(cookie, host=HOST, secure=False) is not None:
            continue
        key = (cookie.name, cookie.path or "/")
        if cookie.is_deletion(THEN):
            jar.pop(key, None)
        else:
            jar[key] = cookie
    sent = [
        cookie
        for (_, at), cookie in jar.items()
        if path == at or (path.startswith(at) and (at.endswith("/") or path[len(at)] == "/"))
    ]
    sent.sort(key=lambda it: -len(it.path or "/"))
    return [[it.name, it.value] for it in sent]


@pytest.mark.parametrize("case", STATE, ids=[case["id"] for case in STATE])
def test_case_of_http_state(case: dict[str, Any]) -> None:
    found = kept(case["set_cookie"], RESULT + NEXT.get(case["id"], ""))
    # The cases are older than RFC 6265bis 5.6 step 3, by which a cookie may have no name.
    assert [pair for pair in found if pair[0]] == case["kept"]


@pytest.mark.parametrize("case", PREFIXES, ids=[case["id"] for case in PREFIXES])
def test_prefix_case_of_web_platform_tests(case: dict[str, Any]) -> None:
    cookie = parse_set_cookie(case["field"])
    assert isinstance(cookie, Cookie)
    assert (rejection(cookie, host="layanan.example.test", secure=True) is None) is case["stored"]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a=b", Cookie("a", "b")),
        (" a = b ; Path = /x ; Secure", Cookie("a", "b", secure=True, path="/x")),
        ("a=b; SECURE; HttpOnly=yes", Cookie("a", "b", secure=True, http_only=True)),
        ("a=b; secure; httponly;;", Cookie("a", "b", secure=True, http_only=True)),
        ("a=b; HTTP-Only", Cookie("a", "b")),
        ("a=b; path=x", Cookie("a", "b")),
        ("a=b; path=/x; path=/y", Cookie("a", "b", path="/y")),
        ("a=b; path=/x; path=y", Cookie("a", "b")),  # the last counts, and it means the directory
        ("a=b; domain=.Example.TEST", Cookie("a", "b", domain="example.test")),
        ("a=b; SameSite=LAX", Cookie("a", "b", same_site=SameSite.LAX, same_site_word="LAX")),
        ("a=b; SameSite", Cookie("a", "b", same_site=SameSite.INVALID)),
        ("a=b; SameSite=None; SameSite=x", Cookie("a", "b", same_site=SameSite.INVALID, same_site_word="x")),
        ("a=b; max-age=60", Cookie("a", "b", max_age=timedelta(seconds=60))),
        ("a=b; max-age=60; max-age=x", Cookie("a", "b", max_age=timedelta(seconds=60))),
        ("a=b; max-age=-5", Cookie("a", "b", max_age=timedelta(0))),
        ("a=b; max-age=" + "9" * 1000, Cookie("a", "b", max_age=timedelta(days=400))),
        ("a=b; max-age=" + "9" * 5000, Cookie("a", "b")),
        ("novalue", Cookie("", "novalue")),
        ("=b", Cookie("", "b")),
        ("", Rejection.EMPTY),
        (" = ;a=b", Rejection.EMPTY),
        ("a=b\x01", Rejection.CONTROL),
        ("a=b; path=/\x7f", Rejection.CONTROL),
        ("a=b\tc", Cookie("a", "b\tc")),
        ("a=" + "b" * 4095, Cookie("a", "b" * 4095)),
        ("a=" + "b" * 4096, Rejection.TOO_LARGE),
        ("a=b; path=/" + "x" * 1023, Cookie("a", "b", path="/" + "x" * 1023)),
        ("a=b; path=/" + "x" * 1024, Cookie("a", "b")),
    ],
)
def test_field(field: str, expected: Cookie | Rejection) -> None:
    assert parse_set_cookie(field) == expected


@pytest.mark.parametrize(
    ("field", "host", "secure", "expected"),
    [
        ("a=b; Domain=example.test", "www.example.test", True, None),
        ("a=b; Domain=www.example.test", "www.example.test", True, None),
        ("a=b; Domain=ww.example.test", "www.example.test", True, Rejection.FOREIGN_DOMAIN),
        ("a=b; Domain=ample.test", "www.example.test", True, Rejection.FOREIGN_DOMAIN),
        ("a=b; Domain=0.0.1", "127.0.0.1", True, Rejection.FOREIGN_DOMAIN),
        ("a=b; Domain=127.0.0.1", "127.0.0.1", True, None),
        ("a=b; Secure", "a.test", False, Rejection.SECURE_OVER_HTTP),
        ("a=b; SameSite=None", "a.test", True, Rejection.NONE_WITHOUT_SECURE),
        ("a=b; SameSite=None; Secure", "a.test", True, None),
        ("__secure-a=b", "a.test", True, Rejection.SECURE_PREFIX),
        ("__HOST-a=b; Secure; Path=/; Domain=a.test", "a.test", True, Rejection.HOST_PREFIX),
        ("__HOST-a=b; Secure; Path=/", "a.test", True, None),
    ],
)
def test_rejection(field: str, host: str, secure: bool, expected: Rejection | None) -> None:
    cookie = parse_set_cookie(field)
    assert isinstance(cookie, Cookie)
    assert rejection(cookie, host=host, secure=secure) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 28, tzinfo=UTC)),
        ("Thu, 01-Jan-1970 00:00:01 GMT", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sun Nov  6 08:49:37 2069", datetime(2069, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("6 Nov 69 8:9:7", datetime(2069, 11, 6, 8, 9, 7, tzinfo=UTC)),
        ("31 Feb 2026 00:00:00", None),
        ("1 Jan 1600 00:00:00", None),
        ("1 Jan 2026 24:00:00", None),
        ("1 Jan 2026", None),
        ("", None),
    ],
)
def test_date(text: str, expected: datetime | None) -> None:
    assert parse_cookie_date(text) == expected


FIELDS = st.text(max_size=120) | st.lists(
    st.sampled_from(
        ["a=b", "Secure", "HttpOnly", "Path=/", "Domain=x", "SameSite=None", "Max-Age=1", "Expires=1", "=", ""]
    ),
    max_size=8,
).map(";".join)


@given(FIELDS, st.sampled_from(["a.test", "127.0.0.1", "::1"]), st.booleans())
def test_any_field_is_a_cookie_or_dropped_for_a_reason(field: str, host: str, secure: bool) -> None:
    cookie = parse_set_cookie(field)
    if isinstance(cookie, Cookie):
        assert cookie.name or cookie.value
        assert ";" not in cookie.name + cookie.value
        assert rejection(cookie, host=host, secure=secure) in (None, *Rejection)


@given(FIELDS)
def test_one_more_secure_is_all_that_it_changes(field: str) -> None:
    before, after = parse_set_cookie(field), parse_set_cookie(f"{field};Secure")
    if isinstance(before, Cookie):
        assert isinstance(after, Cookie)
        assert after.secure
        assert (after.name, after.value, after.path) == (before.name, before.value, before.path)


@given(st.text(max_size=80))
def test_any_date_is_one_or_none(text: str) -> None:
    found = parse_cookie_date(text)
    assert found is None or found.tzinfo is UTC
