"""Whether the service answers: every outcome, and both sides of every rule."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from observed import ADDRESS, HSTS, Seen, answer, exchange, failed, judged, resolved, said, shipped, target

from scanner.estate import AddressPolicy, Credential, Expectation, JsonExpectation, SecretKind, SecretSource
from scanner.findings import State
from scanner.needs import OUR_FAULTS
from scanner.observations.http import Sought
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


LOGIN = Credential(user="pemindai", password=SecretSource(SecretKind.ENV, "APP_PASSWORD"))


@pytest.mark.parametrize(
    ("credential", "expected", "outcome"),
    [(LOGIN, (), "unknown: prerequisite"), (None, (), "answers"), (LOGIN, (401,), "answers")],
    ids=["not accepted", "none sent", "expected"],
)
def test_a_credential_that_is_not_accepted_is_told(
    credential: Credential | None, expected: tuple[int, ...], outcome: str
) -> None:
    asked = target(expect=Expectation(status=expected), credential=credential)
    assert said(judged(CHECK, tried(status(401)), of=asked)) == {"service": outcome}


EXPECT = Expectation(text="Selamat datang", json=(JsonExpectation("/status", "UP"),))
TEXT, JSON = Sought(text="Selamat datang"), Sought(pointer="/status", equals="UP")


def content(*found: bool | None, code: int = 200, reason: Reason | None = None) -> Any:
    """An answer in which the text and the JSON value were there, were not there, or cannot be told."""
    looked_for = tuple(
        replace(one, found=there, reason=None if there is not None else reason)
        for one, there in zip((TEXT, JSON), found, strict=True)
    )
    seen = answer(status=code)
    return exchange(answer=replace(seen, body=replace(seen.body, sought=looked_for)))


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (content(True, True), None, "answers"),
        (content(False, True), content(False, True), "wrong_content"),
        (content(True, False), content(True, False), "wrong_content"),
        (content(False, True), content(True, True), "content_again"),
        (content(True, True, code=500), content(True, True), "answers_again"),
        (TIMEOUT, content(True, True), "answers_again"),
        (content(True, True), content(False, False), "wrong_content"),
        (
            content(None, True, reason=Reason.TOO_LARGE),
            content(None, True, reason=Reason.TOO_LARGE),
            "unknown: too_large",
        ),
        (content(None, None, reason=Reason.CLOSED), content(None, None, reason=Reason.CLOSED), "unknown: closed"),
        (content(None, False, reason=Reason.TOO_LARGE), content(None, False, reason=Reason.TOO_LARGE), "wrong_content"),
        (content(False, False, code=403), content(False, False, code=403), "unknown: blocked"),
        (content(False, False, code=500), content(False, False, code=500), "wrong_status"),
        (content(True, True), TIMEOUT, "no_answer"),
    ],
)
def test_what_is_expected_of_the_content(first: Any, second: Any, outcome: str) -> None:
    assert said(judged(CHECK, tried(first, second), of=target(expect=EXPECT))) == {"service": outcome}


def test_a_body_out_of_reach_decides_nothing_about_the_content() -> None:
    seen = exchange(answer=replace(answer(), body=Unobserved(Reason.PROTOCOL_ERROR, "bad framing")))
    found = said(judged(CHECK, tried(seen, seen), of=target(expect=EXPECT)))
    assert found == {"service": "unknown: protocol_error"}
    assert said(judged(CHECK, tried(seen))) == {"service": "answers"}, "nothing is expected of it"


def test_what_is_missing_is_told_in_the_owners_words() -> None:
    both = content(False, False)
    (finding,) = judged(CHECK, tried(both, both), of=target(expect=EXPECT))
    assert finding.message.arguments["missing"] == '"Selamat datang"; /status = "UP"'


def test_an_answer_to_another_expectation_is_none_to_this_one() -> None:
    """One and true are equal in Python, and not in JSON."""
    one, true = (Expectation(json=(JsonExpectation("/ok", value),)) for value in (1, True))
    seen = answer()
    of_one = Sought(pointer="/ok", equals=1, found=True)
    asked = exchange(answer=replace(seen, body=replace(seen.body, sought=(of_one,))))
    assert said(judged(CHECK, tried(asked), of=target(expect=one))) == {"service": "answers"}
    (finding,) = judged(CHECK, tried(asked), of=target(expect=true))
    assert finding.state is State.ERROR
    assert finding.reason is Reason.ALTERED


@pytest.mark.parametrize(
    ("line", "outcome"), [("cf-mitigated: challenge", "unknown: blocked"), ("X-Other: challenge", "answers")]
)
def test_a_challenge_is_the_firewalls_word_whatever_its_status(line: str, outcome: str) -> None:
    assert said(judged(CHECK, tried(exchange(line)))) == {"service": outcome}


def test_a_credential_that_was_kept_back_shows_nothing_of_the_service() -> None:
    kept_back = failed("answer", Reason.PREREQUISITE, "the certificate is for another name, so it was not sent")
    assert said(judged(CHECK, tried(kept_back))) == {"service": "unknown: prerequisite"}


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
