"""Whether the service answers: every outcome, and both sides of every rule."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import ADDRESS, HSTS, Seen, exchange, failed, judged, resolved, said, shipped, target

from scanner.estate import AddressPolicy, Expectation
from scanner.findings import State
from scanner.needs import OUR_FAULTS
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["uptime.reachable"]


def tried(first: Any, second: Any = None) -> Seen:
    return Seen(home=first, second_try=second)


def status(code: int) -> Any:
    return exchange(status=code)


TIMEOUT, REFUSED = failed("answer", Reason.TIMEOUT), failed("connect", Reason.REFUSED)


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (status(200), None, "answers"),
        (status(301), None, "answers"),
        (status(404), None, "answers"),
        (TIMEOUT, status(200), "answers_again"),
        (status(503), status(200), "answers_again"),
        (status(500), status(500), "wrong_status"),
        (status(200), status(503), "wrong_status"),
        (TIMEOUT, TIMEOUT, "no_answer"),
        (TIMEOUT, REFUSED, "no_answer"),
        (failed("tls", Reason.NOT_TLS), failed("tls", Reason.NOT_TLS), "no_answer"),
        (failed("answer", Reason.TOO_LARGE), failed("answer", Reason.TOO_LARGE), "unknown: too_large"),
        (failed("tls", Reason.TLS_FAILED), failed("tls", Reason.TLS_FAILED), "unknown: tls_failed"),
        (failed("connect", Reason.UNREACHABLE), failed("connect", Reason.UNREACHABLE), "unknown: unreachable"),
        (failed("connect", Reason.OUT_OF_SCOPE), failed("connect", Reason.OUT_OF_SCOPE), "unknown: out_of_scope"),
        (failed("connect", Reason.BUDGET), failed("connect", Reason.BUDGET), "unknown: budget"),
        (status(403), status(403), "unknown: blocked"),
        (status(429), status(429), "unknown: blocked"),
        (status(403), None, "unknown: blocked"),
    ],
)
def test_what_the_tries_show(first: Any, second: Any, outcome: str) -> None:
    assert said(judged(CHECK, tried(first, second))) == {"service": outcome}


@pytest.mark.parametrize(
    ("expected", "code", "outcome"),
    [
        ((200,), 200, "answers"),
        ((200,), 404, "wrong_status"),
        ((200,), 204, "wrong_status"),
        ((401, 403), 403, "answers"),  # the owner says so
        ((503,), 503, "answers"),
        ((200,), 403, "unknown: blocked"),
    ],
)
def test_the_statuses_the_owner_expects(expected: tuple[int, ...], code: int, outcome: str) -> None:
    second = None if outcome == "answers" else status(code)
    asked = target(expect=Expectation(status=expected))
    assert said(judged(CHECK, tried(status(code), second), of=asked)) == {"service": outcome}


def test_both_tries_are_told_of() -> None:
    (finding,) = judged(CHECK, tried(failed("answer", Reason.RESET), status(200)))
    assert finding.message.arguments == {"status": "200", "first": "reset"}
    assert len(finding.evidence) == 4, "the resolution, the walk of tries, and both tries"


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Reason.NO_ADDRESS, "no_name"),
        (Reason.DNS_SERVFAIL, "unknown: dns_servfail"),
        (Reason.DNS_TIMEOUT, "unknown: dns_timeout"),
        (Reason.DNS_REFUSED, "unknown: dns_refused"),
        (Reason.DNS_LOOP, "unknown: dns_loop"),
        (Reason.DNS_MALFORMED, "unknown: dns_malformed"),
    ],
)
def test_a_name_without_an_address(reason: Reason, outcome: str) -> None:
    (finding,) = judged(CHECK, {"-": Seen(resolution=resolved(why=Unobserved(reason, "NXDOMAIN")))})
    assert said([finding]) == {"service": outcome}
    assert finding.evidence, "the resolution is cited"


def test_one_of_two_addresses_that_fails_is_a_fail_of_the_service() -> None:
    both = resolved(ADDRESS, "192.0.2.11")
    good, bad = Seen(resolution=both), tried(TIMEOUT, TIMEOUT).but(resolution=both)
    (finding,) = judged(CHECK, {ADDRESS: good, "192.0.2.11": bad}, of=target(addresses=AddressPolicy.ALL))
    assert finding.outcome == "no_answer"
    assert {(it.address, it.outcome) for it in finding.sightings} == {
        (ADDRESS, "answers"),
        ("192.0.2.11", "no_answer"),
    }


EXCHANGES = st.one_of(
    st.integers(100, 599).map(status),
    st.builds(
        failed,
        st.sampled_from(["connect", "tls", "answer"]),
        st.sampled_from(sorted(set(Reason) - OUR_FAULTS)),
        st.text(max_size=9),
    ),
    st.just(exchange(HSTS)),
)


@settings(max_examples=100, deadline=None)
@given(EXCHANGES, st.none() | EXCHANGES, st.lists(st.integers(100, 599), max_size=2))
def test_no_try_makes_it_fail_itself(first: Any, second: Any, expected: list[int]) -> None:
    (finding,) = judged(CHECK, tried(first, second), of=target(expect=Expectation(status=tuple(expected))))
    assert finding.state is not State.ERROR, finding.message.en
