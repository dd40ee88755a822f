"""When a target is left alone: both sides of every rule, from answers alone."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from observed import ADDRESS, AGENT, URL, exchange, failed

from scanner.blocking import Refusals
from scanner.observations.endpoint import Source
from scanner.observations.http import Exchange
from scanner.observations.steps import Reason
from scanner.probes.http.exchange import HttpExchange
from scanner.profiles import Blocking

RULE = Blocking(burst=3, rechecks=2, retry_after_max_s=120.0)
CHALLENGE = "cf-mitigated: challenge"


def asked(url: str = URL, attempt: int = 1) -> HttpExchange:
    return HttpExchange(
        url=url,
        host="www.example.test",
        port=443,
        address=ADDRESS,
        source=Source.RESOLVER,
        agent=AGENT,
        attempt=attempt,
    )


def after(*seen: Exchange, expected: tuple[int, ...] = ()) -> tuple[Refusals, list[bool]]:
    """The state after these answers, the first of them to the target's own URL, and when the baseline was due."""
    refusals = Refusals(RULE, URL, expected)
    due = [refusals.note(asked(URL if not number else f"{URL}{number}"), it) for number, it in enumerate(seen)]
    return refusals, due


def status(code: int, *lines: str) -> Exchange:
    return exchange(*lines, status=code)


OK = status(200)
GONE = failed("answer", Reason.TIMEOUT)


@pytest.mark.parametrize(
    ("seen", "due"),
    [
        ([OK, status(403), status(403), status(403)], True),
        ([OK, status(403), status(429), status(406)], True),
        ([OK, status(503), status(503), status(503)], True),
        ([OK, status(200, CHALLENGE), status(202, "x-amzn-waf-action: challenge"), status(403)], True),
        ([OK, GONE, failed("connect", Reason.RESET), failed("connect", Reason.REFUSED)], True),
        ([status(403), status(403), status(403)], True),  # refused from the first request on
        ([status(200, CHALLENGE), status(200, CHALLENGE), status(200, CHALLENGE)], True),
        ([OK, *[failed("connect", Reason.UNREACHABLE)] * 3], True),  # a firewall that rejects with "host prohibited"
        ([failed("connect", Reason.UNREACHABLE)] * 3, False),  # no route from here
        ([OK, status(403), status(403)], False),
        ([OK, status(403), OK, status(403), status(403)], False),  # not in a row
        ([OK, status(404), status(401), status(500), status(302)], False),
        ([status(503), status(503), status(503)], False),  # down, not closed to us
        ([GONE, GONE, GONE], False),
        ([OK, failed("answer", Reason.TLS_ALERT), failed("answer", Reason.PROTOCOL_ERROR), GONE], False),
    ],
)
def test_a_burst_of_refusals_calls_for_the_baseline(seen: list[Exchange], due: bool) -> None:
    _, called = after(*seen)
    assert called == [False] * (len(seen) - 1) + [due]


def test_a_status_the_owner_expects_is_no_refusal() -> None:
    seen = [status(403)] * 5
    assert after(*seen, expected=(403,))[1] == [False] * 5
    assert True in after(*seen)[1]


def test_a_baseline_that_is_turned_away_too_stops_the_target() -> None:
    refusals, _ = after(OK, status(403), status(403), status(403))
    refusals.next_recheck()
    refusals.settle(status(403))
    assert refusals.stopped is not None
    assert refusals.stopped.reason is Reason.BLOCKED
    assert "status 403 since request 2" in refusals.stopped.detail
    assert [probe.url for probe in refusals.in_doubt] == [f"{URL}1", f"{URL}2", f"{URL}3"]


def test_a_baseline_that_does_not_answer_any_more_stops_the_target() -> None:
    refusals, _ = after(OK, GONE, GONE, GONE)
    refusals.next_recheck()
    refusals.settle(GONE)
    assert refusals.stopped is not None
    assert "timeout since request 2" in refusals.stopped.detail


def test_what_came_to_nothing_at_another_port_meanwhile_is_in_doubt_too() -> None:
    plain = failed("connect", Reason.REFUSED, url="http://www.example.test/")
    refusals = Refusals(RULE, URL, ())
    for number, seen in enumerate((OK, plain, GONE, GONE, GONE)):
        due = refusals.note(asked(f"{URL}{number}" if number else URL), seen)
    assert due, "the closed port counts for nothing, the three others do"
    assert len(refusals.in_doubt) == 4


def test_a_closed_port_of_a_service_that_answers_is_no_refusal() -> None:
    plain = failed("connect", Reason.REFUSED, url="http://www.example.test/")
    _, due = after(OK, plain, plain, plain, plain)
    assert due == [False] * 5


def test_a_baseline_that_answers_lets_the_scan_go_on_with_more_patience() -> None:
    refusals, _ = after(OK, status(403), status(403), status(403))
    assert refusals.next_recheck() == 1
    refusals.settle(OK)
    assert refusals.stopped is None
    assert not refusals.in_doubt
    due = [refusals.note(asked(f"{URL}more{number}"), status(403)) for number in range(6)]
    assert due == [False] * 5 + [True]  # twice as many as the first time
    assert refusals.next_recheck() == 2
    refusals.settle(OK)
    assert not any(refusals.note(asked(f"{URL}x{number}"), status(403)) for number in range(50)), "no rechecks are left"


@pytest.mark.parametrize(
    ("seen", "seconds"),
    [
        (status(429, "Retry-After: 30"), 30.0),
        (status(503, "Retry-After: 120"), 120.0),
        (status(429), 0.0),
        (status(429, "Retry-After: soon"), 0.0),
        (status(301, "Retry-After: 30"), 0.0),
        (OK, 0.0),
        (GONE, 0.0),
    ],
)
def test_a_pause_asked_for_is_granted(seen: Exchange, seconds: float) -> None:
    refusals, _ = after(OK)
    assert refusals.pause_asked_for(seen) == seconds
    assert refusals.stopped is None


def test_a_pause_longer_than_we_wait_ends_the_visit() -> None:
    refusals, _ = after(OK)
    assert refusals.pause_asked_for(status(429, "Retry-After: 121")) == 0.0
    assert refusals.stopped is not None
    assert "121 s" in refusals.stopped.detail


def test_a_pause_until_a_date_runs_from_the_answer() -> None:
    refusals, _ = after(OK)
    seen = status(503, "Retry-After: Wed, 01 Jan 2025 00:01:00 GMT")
    early = datetime(2025, 1, 1, tzinfo=UTC)
    assert refusals.pause_asked_for(msgspec.structs.replace(seen, started=early)) == 60.0
    assert refusals.pause_asked_for(msgspec.structs.replace(seen, started=early + timedelta(days=1))) == 0.0


def begun(seen: Exchange, second: int) -> Exchange:
    """The same exchange, begun so many seconds after the others."""
    return msgspec.structs.replace(seen, started=seen.started + timedelta(seconds=second))


def test_a_slow_answer_from_before_the_wall_clears_nobody() -> None:
    refusals, _ = after(OK, *(begun(status(403), second) for second in (5, 6, 7)))
    refusals.note(asked(f"{URL}slow"), begun(OK, 4))  # asked for before the first refusal, and whole only now
    assert len(refusals.in_doubt) == 3
    refusals.note(asked(f"{URL}new"), begun(OK, 8))
    assert not refusals.in_doubt


def test_what_answers_after_the_stop_was_asked_for_before_and_clears_nobody() -> None:
    refusals, _ = after(OK, status(403), status(403), status(403))
    refusals.next_recheck()
    refusals.settle(status(403))
    refusals.note(asked(f"{URL}slow"), OK)
    assert len(refusals.in_doubt) == 3


@pytest.mark.parametrize("reason", [Reason.BUDGET, Reason.TLS_ALERT, Reason.PROTOCOL_ERROR])
def test_a_baseline_that_shows_neither_settles_nothing(reason: Reason) -> None:
    refusals, _ = after(OK, status(403), status(403), status(403))
    refusals.next_recheck()
    refusals.settle(failed("answer", reason))
    assert refusals.stopped is None
    assert len(refusals.in_doubt) == 3, "nobody showed that these were the service's own words"


def test_pauses_asked_for_again_and_again_end_the_visit() -> None:
    refusals, _ = after(OK)
    paused = [refusals.pause_asked_for(status(429, "Retry-After: 100")) for _ in range(8)]
    assert paused == [100.0] * 6 + [0.0] * 2, "five times the longest pause, 600 s, in all"
    assert refusals.stopped is not None
    assert "700 s in all" in refusals.stopped.detail


@pytest.mark.parametrize(("code", "closed"), [(429, True), (503, False)])
def test_a_service_in_maintenance_is_away_and_not_closed_to_us(code: int, closed: bool) -> None:
    refusals, _ = after(OK)
    refusals.pause_asked_for(status(code, "Retry-After: 3600"))
    assert refusals.stopped is not None
    assert refusals.closed_to_us is closed
