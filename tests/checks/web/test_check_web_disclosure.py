"""Versions in headers: every outcome, and both sides of the rule."""

import pytest
from observed import URL, Seen, exchange, failed, judged, moved, said, shipped, target

from scanner.observations.steps import Reason

CHECK = shipped()["web.disclosure.version"]


def home(*lines: str, status: int = 200) -> Seen:
    return Seen(home=exchange(*lines, status=status), hops=(moved(URL),))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Server: nginx/1.18.0 (Ubuntu)", "tells"),
        ("Server: nginx", "silent"),
        ("Server: Apache/2", "tells"),
        ("Server: Apache", "silent"),
        ("Server: ECS (nyb/1D2E)", "silent"),
        ("Server: 10.1.2.3", "silent"),
        ("X-Powered-By: PHP/5.6.40", "tells"),
        ("X-Powered-By: ASP.NET", "silent"),
        ("X-Powered-By: Express", "silent"),
        ("X-AspNet-Version: 4.0.30319", "tells"),
        ("X-Generator: Drupal 10 (https://www.drupal.org)", "tells"),
        ("X-Generator: Drupal", "silent"),
        ("Via: 1.1 varnish", "silent"),  # the version of HTTP
        ("Date: Sun, 01 Nov 2026 12:00:00 GMT", "silent"),
    ],
)
def test_one_header(line: str, expected: str) -> None:
    assert said(judged(CHECK, home(line))) == {"service": expected}


def test_all_headers_are_named_once() -> None:
    lines = ("Server: Apache/2.4.41", "X-Powered-By: PHP/7.4.3")
    (finding,) = judged(CHECK, Seen(home=exchange(*lines), hops=(moved(URL), exchange(*lines))))
    assert finding.found == "Server: Apache/2.4.41; X-Powered-By: PHP/7.4.3"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (home(status=403), "unknown: blocked"),
        (home("Server: nginx/1.18.0", status=403), "tells"),
        (Seen(home=failed("answer", Reason.TIMEOUT), hops=(moved(URL),)), "unknown: timeout"),
    ],
)
def test_what_was_not_seen_of_the_service(seen: Seen, expected: str) -> None:
    assert said(judged(CHECK, seen))["service"] == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), {"service": "silent", "version on every answer": "unknown: reset"}),
        (("Server: nginx/1.18.0",), {"service": "tells"}),
    ],
)
def test_a_page_that_was_not_seen_may_tell(lines: tuple[str, ...], expected: dict[str, str]) -> None:
    seen = Seen(home=exchange(*lines), further={f"{URL}a": failed("answer", Reason.RESET)}, hops=(moved(URL),))
    assert said(judged(CHECK, seen, of=target(paths=("/a",)))) == expected


def test_an_unseen_home_page_is_not_silent() -> None:
    seen = Seen(home=failed("answer", Reason.RESET), further={f"{URL}a": exchange(url=f"{URL}a")}, hops=(moved(URL),))
    assert said(judged(CHECK, seen, of=target(paths=("/a",)))) == {"service": "unknown: reset"}
