"""Cookies: every outcome, both sides of every rule, and whose a cookie is."""

import pytest
from observed import HOST, PLAIN_URL, URL, Seen, exchange, failed, judged, moved, said, shipped, target

from scanner.findings import Finding, FixedBy, State
from scanner.observations.steps import Reason

CHECK = shipped()["web.cookies.flags"]


def findings(*cookies: str, status: int = 200) -> tuple[Finding, ...]:
    home = exchange(*(f"Set-Cookie: {it}" for it in cookies), status=status)
    return judged(CHECK, Seen(home=home, hops=(moved(URL),)))


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        # session cookies by name
        ("PHPSESSID=abc; Path=/; Secure; HttpOnly", {"cookie": "session_set"}),
        ("PHPSESSID=abc; Path=/; HttpOnly", {"cookie": "session_open"}),
        ("PHPSESSID=abc; Path=/; Secure", {"cookie": "session_open"}),
        ("phpsessid=abc", {"cookie": "session_open"}),
        ("laravel_session=abc; secure; httponly; samesite=lax", {"cookie": "session_set"}),
        ("ci_session=abc; Path=/", {"cookie": "session_open"}),
        ("ASPSESSIONIDQQABCDEF=abc; Secure", {"cookie": "session_open"}),
        ("__Host-PHPSESSID=abc; Secure; Path=/", {"cookie": "session_open"}),
        # others
        ("lang=id; Secure", {"cookie": "set"}),
        ("lang=id", {"cookie": "not_secure"}),
        ("XSRF-TOKEN=abc; Secure", {"cookie": "set"}),
        ("XSRF-TOKEN=abc", {"cookie": "not_secure"}),
        ("=abc; Secure", {"cookie": "set"}),
        # of what stands in front
        ("__cf_bm=abc; Secure", {"cookie": "set"}),
        ("BIGipServerpool_a=abc", {"cookie": "platform_not_secure"}),
        ("TS01a2b3c4=abc", {"cookie": "platform_not_secure"}),
        ("TSunami=abc", {"cookie": "not_secure"}),
        # SameSite
        ("a=b; Secure; SameSite=Strict", {"cookie": "set"}),
        ("a=b; Secure; SameSite=None", {"cookie": "set"}),
        ("a=b; Secure; SameSite=maybe", {"cookie": "set", "cookie SameSite": "same_site"}),
        ("a=b; SameSite=None", {"cookie": "not_secure", "cookie storage": "none_without_secure"}),
        (
            "PHPSESSID=abc; SameSite=None",
            {"cookie": "session_open", "session cookie storage": "none_without_secure"},
        ),
        # prefixes
        ("__Secure-a=b; Secure", {"cookie": "set"}),
        ("__Secure-a=b", {"cookie": "not_secure", "cookie storage": "prefix"}),
        ("__Host-a=b; Secure; Path=/", {"cookie": "set"}),
        ("__Host-a=b; Secure; Path=/x", {"cookie": "set", "cookie storage": "prefix"}),
        # Domain
        (
            "PHPSESSID=a; Secure; HttpOnly; Domain=example.test",
            {"cookie": "session_set", "cookie domain": "wide_domain"},
        ),
        (f"PHPSESSID=a; Secure; HttpOnly; Domain={HOST}", {"cookie": "session_set"}),
        ("lang=id; Secure; Domain=example.test", {"cookie": "set"}),
        ("a=b; Secure; Domain=other.test", {"cookie": "set", "cookie storage": "foreign_domain"}),
    ],
)
def test_one_cookie(cookie: str, expected: dict[str, str]) -> None:
    assert said(findings(cookie)) == expected


def test_a_finding_names_what_lacks() -> None:
    (finding,) = findings("ci_session=abc; SameSite=Lax")
    assert (finding.subject.key, finding.severity, finding.found) == ("ci_session", "high", "SameSite=Lax")
    assert "Secure, HttpOnly" in finding.message.en


def test_each_cookie_is_a_subject_of_its_own() -> None:
    found = findings("a=1; Secure", "b=2")
    assert {it.subject.key: it.outcome for it in found} == {"a": "set", "b": "not_secure"}


def test_a_name_with_a_drawn_part_is_followed_by_its_family() -> None:
    one, two = findings("ASPSESSIONIDAAAAAAAA=1"), findings("ASPSESSIONIDBBBBBBBB=1")
    assert one[0].fingerprint == two[0].fingerprint


def test_of_one_name_the_worst_counts() -> None:
    assert said(findings("PHPSESSID=a; Secure; HttpOnly", "PHPSESSID=b")) == {"cookie": "session_open"}


def test_who_mends_a_cookie_of_the_platform() -> None:
    (platform,), (own,) = findings("NSC_abc=1"), findings("abc=1")
    assert (platform.fixed_by, own.fixed_by) == (FixedBy.PLATFORM, FixedBy.APPLICATION)


@pytest.mark.parametrize("gone", ["PHPSESSID=deleted; Max-Age=0", "PHPSESSID=x; expires=Thu, 01-Jan-1970 00:00:01 GMT"])
def test_a_cookie_that_is_taken_away_is_none(gone: str) -> None:
    (finding,) = findings(gone)
    assert finding.state is State.NOT_APPLICABLE


def test_a_cookie_with_an_end_to_come_is_one() -> None:
    assert said(findings("PHPSESSID=x; expires=Sat, 01-Jan-2028 00:00:01 GMT")) == {"cookie": "session_open"}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(home=exchange(), hops=(moved(URL),)), "not_applicable"),
        (Seen(home=exchange(status=403), hops=(moved(URL),)), "unknown: blocked"),
        (Seen(home=failed("answer", Reason.TIMEOUT), hops=(moved(URL),)), "unknown: timeout"),
    ],
)
def test_no_cookie(seen: Seen, expected: str) -> None:
    assert list(said(judged(CHECK, seen)).values()) == [expected]


def test_a_page_that_was_not_seen_may_set_one() -> None:
    seen = Seen(home=exchange(), further={f"{URL}a": failed("answer", Reason.RESET)}, hops=(moved(URL),))
    assert list(said(judged(CHECK, seen, of=target(paths=("/a",)))).values()) == ["unknown: reset"]


def test_a_page_that_was_not_seen_stays_open_beside_what_was_proven_on_another() -> None:
    home = exchange("Set-Cookie: PHPSESSID=a; Secure; HttpOnly")
    seen = Seen(home=home, further={f"{URL}a": failed("answer", Reason.RESET)}, hops=(moved(URL),))
    assert said(judged(CHECK, seen, of=target(paths=("/a",)))) == {
        "cookie": "session_set",
        "cookies of a page": "unknown: reset",
    }


def test_a_redirect_may_set_one_too() -> None:
    home = exchange("Location: /masuk", "Set-Cookie: PHPSESSID=a", status=302)
    assert said(judged(CHECK, Seen(home=home, hops=(moved(URL),)))) == {"cookie": "session_open"}


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("PHPSESSID=a; HttpOnly", {"cookie": "plain"}),
        ("PHPSESSID=a", {"cookie": "session_open"}),
        ("lang=id", {"cookie": "plain"}),
        ("lang=id; Secure", {"cookie": "plain", "cookie storage": "secure_over_http"}),
    ],
)
def test_over_plain_http(cookie: str, expected: dict[str, str]) -> None:
    plain = exchange(f"Set-Cookie: {cookie}", url=PLAIN_URL)
    found = judged(CHECK, Seen(home=plain, hops=(plain,)), of=target(url=PLAIN_URL, http_port=None))
    assert said(found) == expected
