"""Frames: every outcome, and both sides of the rule; the grammars have tests of their own."""

import pytest
from observed import URL, Seen, exchange, failed, judged, moved, said, shipped, target

from scanner.observations.http import Exchange
from scanner.observations.steps import Reason

CHECK = shipped()["web.framing.protected"]
HTML = "Content-Type: text/html; charset=utf-8"
XFO = "X-Frame-Options"
CSP = "Content-Security-Policy"


def home(*lines: str, status: int = 200, html: str = HTML) -> Seen:
    return Seen(home=exchange(*((html,) if html else ()), *lines, status=status), hops=(moved(URL),))


def outcome(seen: Seen) -> str:
    (finding,) = judged(CHECK, seen)
    return finding.outcome if finding.reason is None else f"{finding.state}: {finding.reason}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "missing"),
        ([f"{XFO}: DENY"], "protected"),
        ([f"{XFO}: sameorigin"], "protected"),
        ([f"{XFO}: ALLOW-FROM https://a.test"], "ineffective"),
        ([f"{XFO}: SAMEORIGIN", f"{XFO}: SAMEORIGIN"], "protected"),
        ([f"{CSP}: frame-ancestors 'none'"], "protected"),
        ([f"{CSP}: default-src 'self'; frame-ancestors 'self'"], "protected"),
        ([f"{CSP}: default-src 'none'"], "missing"),  # default-src says nothing about frames
        ([f"{CSP}: frame-ancestors https://portal.test"], "named"),
        ([f"{CSP}: frame-ancestors *", f"{XFO}: DENY"], "open"),
        ([f"{CSP}: frame-ancestors https:"], "open"),
        ([f"{CSP}: frame-ancestors *", f"{CSP}: frame-ancestors 'self'"], "protected"),
        ([f"{CSP}: frame-ancestors *, frame-ancestors 'self'"], "protected"),
        ([f"{CSP}-Report-Only: frame-ancestors 'none'"], "missing"),
        ([f"{CSP}-Report-Only: frame-ancestors 'none'", f"{XFO}: DENY"], "protected"),
    ],
)
def test_who_may_frame_a_page(lines: list[str], expected: str) -> None:
    assert outcome(home(*lines)) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (home(html="Content-Type: application/json"), "no_page"),
        (home(html="Content-Type: application/json", status=401), "no_page"),
        (home(html=""), "unknown: inconclusive"),
        (home(status=404), "unknown: inconclusive"),
        (home(f"{XFO}: DENY", status=500), "unknown: inconclusive"),
        (home(status=403), "unknown: blocked"),
        (home(f"{XFO}: DENY", status=403), "unknown: blocked"),  # nor does a firewall's header speak for the service
        (home("cf-mitigated: challenge"), "unknown: blocked"),
        (Seen(home=failed("answer", Reason.TIMEOUT), hops=(moved(URL),)), "unknown: timeout"),
        (Seen(home=moved("https://sso.test/", url=URL), hops=(moved(URL),)), "unknown: not_asked"),
        (home(html="Content-Type: application/xhtml+xml"), "missing"),
    ],
)
def test_what_shows_neither(seen: Seen, expected: str) -> None:
    assert outcome(seen) == expected


def test_each_page_is_judged_for_itself() -> None:
    def at(path: str, *lines: str) -> Exchange:
        return exchange(HTML, *lines, url=URL.rstrip("/") + path)

    further = {at("/a").url: at("/a"), at("/b").url: failed("answer", Reason.RESET)}
    seen = Seen(home=exchange(HTML, f"{XFO}: DENY"), further=further, hops=(moved(URL),))
    found = judged(CHECK, seen, of=target(paths=("/a", "/b")))
    assert {it.subject.key: (it.outcome, it.reason) for it in found} == {
        "/": ("protected", None),
        "/a": ("missing", None),
        "/b": ("unknown", Reason.RESET),
    }
    assert {it.subject.kind for it in found} == {"page"}


def test_the_page_at_the_end_of_the_walk_counts_too() -> None:
    """The service's own address leads to its start page, which the walk from plain HTTP has seen."""
    start = exchange(HTML, url=f"{URL}beranda")
    seen = Seen(home=moved("/beranda", url=URL), hops=(moved(URL), moved("/beranda", url=URL), start))
    (finding,) = judged(CHECK, seen)
    assert (finding.subject.key, finding.outcome) == ("/beranda", "missing")


def test_pages_of_other_origins_are_not_the_services() -> None:
    foreign = exchange(HTML, url="https://sso.test/")
    seen = Seen(home=exchange(HTML, f"{XFO}: DENY"), hops=(moved("https://sso.test/"), foreign))
    assert said(judged(CHECK, seen)) == {"page": "protected"}


def test_a_walk_that_was_not_observed_hides_no_page() -> None:
    seen = home(f"{XFO}: DENY").but(hops=(failed("connect", Reason.TIMEOUT, url="http://www.example.test/"),))
    assert said(judged(CHECK, seen)) == {"page": "protected"}
