"""HTTPS at all: every outcome, and both sides of the rule."""

import pytest
from observed import HSTS, PLAIN_URL, URL, Seen, exchange, failed, judged, moved, said, shipped, target

from scanner.observations.steps import Reason

CHECK = shipped()["web.https.available"]
PLAIN = exchange(url=PLAIN_URL)
DOWN = failed("connect", Reason.REFUSED)
NOT_TLS = failed("tls", Reason.NOT_TLS)


def seen(first: object, *hops: object, second: object = None) -> Seen:
    return Seen(home=first, second_try=second, hops=hops or (PLAIN,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (seen(exchange(HSTS)), "available"),
        (seen(exchange(status=404)), "available"),
        (seen(exchange(status=500)), "available"),
        (seen(exchange(status=403)), "unknown: blocked"),
        (seen(DOWN), "http_only"),
        (seen(NOT_TLS), "http_only"),
        (seen(DOWN, second=exchange(HSTS)), "available"),
        (seen(DOWN, second=failed("connect", Reason.TIMEOUT)), "unknown: timeout"),
        (seen(failed("connect", Reason.TIMEOUT)), "unknown: timeout"),
        (seen(failed("tls", Reason.RESET)), "unknown: reset"),
        (seen(failed("tls", Reason.TLS_ALERT)), "unknown: tls_alert"),
        (seen(DOWN, exchange(url=PLAIN_URL, status=403)), "unknown: refused"),
        (seen(DOWN, exchange(url=PLAIN_URL, status=404)), "unknown: refused"),
        (seen(DOWN, moved(URL), DOWN), "unknown: refused"),  # it leads to HTTPS: that is down, not missing
        (seen(DOWN, failed("connect", Reason.REFUSED, url=PLAIN_URL)), "unknown: refused"),
    ],
)
def test_a_service_known_by_https(seen: Seen, expected: str) -> None:
    assert said(judged(CHECK, seen)) == {"service": expected}


def test_without_a_plain_port_nothing_says_that_it_answers_there() -> None:
    assert said(judged(CHECK, seen(DOWN), of=target(http_port=None))) == {"service": "unknown: refused"}


@pytest.mark.parametrize(
    ("twin", "expected"),
    [
        (exchange(HSTS), "available"),
        (DOWN, "http_only"),
        (NOT_TLS, "http_only"),
        (failed("connect", Reason.TIMEOUT), "unknown: timeout"),
        (exchange(status=403), "unknown: blocked"),
    ],
)
def test_a_service_known_by_plain_http_is_asked_at_443(twin: object, expected: str) -> None:
    found = judged(CHECK, Seen(home=PLAIN, hops=(PLAIN,), secure=twin), of=target(url=PLAIN_URL, http_port=None))  # type: ignore[arg-type]
    assert said(found) == {"service": expected}


def test_beside_another_port_no_place_for_https_is_known() -> None:
    url = "http://www.example.test:8080/"
    found = judged(CHECK, Seen(home=exchange(url=url), hops=(exchange(url=url),)), of=target(url=url, http_port=None))
    assert said(found) == {"service": "unknown: not_asked"}
