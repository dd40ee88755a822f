"""HTTP Strict Transport Security: every outcome, and both sides of every rule."""

from typing import Any

import pki
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import (
    HOST,
    HSTS,
    PLAIN_URL,
    SEEN,
    URL,
    Seen,
    answer,
    authority,
    exchange,
    failed,
    handshake,
    judged,
    moved,
    said,
    shipped,
    target,
)

from scanner.findings import State
from scanner.observations.observation import Crashed
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["web.hsts.policy"]
YEAR = 31_536_000


def hsts(value: str) -> str:
    return f"Strict-Transport-Security: {value}"


def home(*lines: str, status: int = 200) -> Seen:
    return Seen(home=exchange(*lines, status=status), hops=(moved(URL), exchange(*lines)))


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (f"max-age={YEAR}; includeSubDomains", "set"),
        (f"max-age={YEAR - 1}; includeSubDomains", "short"),
        ("max-age=0; includeSubDomains", "short"),
        (f'MAX-AGE = "{YEAR}" ; includesubdomains; future=1', "set"),
        (f"max-age={YEAR}; max-age={YEAR}", "invalid"),
        (f"max-age={YEAR}; includeSubDomains=1", "invalid"),
        ("includeSubDomains", "invalid"),
        ("max-age=", "invalid"),
        ("", "invalid"),
    ],
)
def test_the_policy_of_one_field(value: str, outcome: str) -> None:
    assert said(judged(CHECK, home(hsts(value))))["service"] == outcome


def test_an_invalid_field_shows_the_rule_and_the_value() -> None:
    (finding,) = judged(CHECK, home(hsts("max-age=1; max-age=1")))
    assert finding.found == "max-age=1; max-age=1"
    assert "repeated" in finding.message.en


def test_a_missing_field_is_missing() -> None:
    assert said(judged(CHECK, home())) == {"service": "missing"}


def test_only_the_first_field_counts() -> None:
    good, bad = hsts(f"max-age={YEAR}; includeSubDomains"), hsts("max-age=1")
    assert said(judged(CHECK, home(good, bad))) == {"service": "set"}
    assert said(judged(CHECK, home(bad, good)))["service"] == "short"


def test_subdomains_are_a_subject_of_their_own() -> None:
    assert said(judged(CHECK, home(hsts(f"max-age={YEAR}")))) == {"service": "set", "hsts subdomains": "no_subdomains"}
    assert said(judged(CHECK, home(HSTS))) == {"service": "set"}


def test_an_answer_without_the_field_beside_one_that_has_it() -> None:
    bare = exchange(url=f"https://{HOST}/masuk")
    seen = Seen(hops=(moved(f"https://{HOST}/masuk"), bare))
    assert said(judged(CHECK, seen)) == {"service": "set", "hsts on every answer": "not_everywhere"}


@pytest.mark.parametrize(
    "other",
    [
        exchange(url=f"https://{HOST}/masuk", status=403),  # a firewall's page
        exchange(url="https://other.test/"),  # not this service
        exchange(HSTS, url=f"https://{HOST}/masuk"),
        failed("answer", Reason.TIMEOUT, url=f"https://{HOST}/masuk"),
    ],
    ids=["blocked", "another host", "has it", "not seen"],
)
def test_answers_that_show_nothing_missing(other: object) -> None:
    assert said(judged(CHECK, Seen(hops=(moved(URL), other)))) == {"service": "set"}  # type: ignore[arg-type]  # an Exchange


def test_that_the_walk_was_not_seen_does_not_matter() -> None:
    seen = Seen(hops=(failed("connect", Reason.TIMEOUT, url=PLAIN_URL),))
    assert said(judged(CHECK, seen)) == {"service": "set"}
    assert said(judged(CHECK, Seen(), of=target(http_port=None))) == {"service": "set"}


@pytest.mark.parametrize(("status", "said_of_it"), [(403, "unknown: blocked"), (404, "missing"), (500, "missing")])
def test_absence_in_a_firewalls_answer_shows_nothing(status: int, said_of_it: str) -> None:
    assert said(judged(CHECK, home(status=status))) == {"service": said_of_it}


@pytest.mark.parametrize(
    "certificate",
    [
        pki.leaf(authority()[1], ["other.test"]),
        pki.leaf(authority()[1], not_after=SEEN - pki.DAY),
        pki.leaf(None),
    ],
    ids=["another name", "expired", "self-signed"],
)
def test_over_a_certificate_error_it_is_never_a_pass(certificate: pki.Entity) -> None:
    tls = handshake(certificate.der, authority()[1].der)
    assert said(judged(CHECK, Seen(home=exchange(HSTS, tls=tls))))["service"] == "unknown: inconclusive"
    assert said(judged(CHECK, Seen(home=exchange(hsts("max-age=1; includeSubDomains"), tls=tls))))["service"] == "short"


def test_where_browsers_note_no_policy() -> None:
    address, plain = "https://192.0.2.10/", "http://www.example.test/"
    twin = (exchange(url="http://192.0.2.10/"),)
    (on_address,) = judged(CHECK, Seen(home=exchange(url=address), hops=twin), of=target(url=address))
    (on_plain,) = judged(CHECK, Seen(home=exchange(HSTS, url=plain), hops=(exchange(url=plain),)), of=target(url=plain))
    assert (on_address.outcome, on_plain.outcome) == ("address", "plain")
    assert on_address.state is on_plain.state is State.NOT_APPLICABLE


@pytest.mark.parametrize(("step", "reason"), [("connect", Reason.REFUSED), ("tls", Reason.TLS_ALERT)])
def test_without_an_answer_it_is_unknown(step: str, reason: Reason) -> None:
    (finding,) = judged(CHECK, Seen(home=failed(step, reason)))
    assert (finding.state, finding.reason) == (State.UNKNOWN, reason)


def test_a_header_a_browser_would_refuse_is_not_credited() -> None:
    raw = b"HTTP/1.1 200 OK\r\nStrict-Transport-Security : max-age=31536000\r\n\r\n"
    assert said(judged(CHECK, Seen(home=exchange(answer=answer(raw=raw)))))["service"] == "missing"


def test_the_shortest_age_is_a_parameter() -> None:
    seen = home(hsts("max-age=86400; includeSubDomains"))
    assert said(judged(CHECK, seen, params={"min_age": "P1D"})) == {"service": "set"}
    assert said(judged(CHECK, seen, params={"min_age": "P2D"})) == {"service": "short"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")), max_size=3), st.integers(100, 599)
)
def test_no_header_makes_it_fail_itself(values: list[str], status: int) -> None:
    for finding in judged(CHECK, home(*map(hsts, values), status=status)):
        assert finding.state is not State.ERROR, finding.message.en


LOGIN, API = "https://www.example.test/login", "https://www.example.test/api"
TWO_PAGES = target(paths=("/login", "/api"))


@pytest.mark.parametrize(
    ("login", "said_of_every_answer"),
    [
        (exchange(HSTS, url=LOGIN), None),
        (exchange(url=LOGIN), "not_everywhere"),
        (exchange(url=LOGIN, status=404), "not_everywhere"),
        (exchange(url=LOGIN, status=403), None),  # perhaps a firewall's
        (failed("answer", Reason.TIMEOUT, url=LOGIN), "unknown: timeout"),
        (failed("connect", Reason.REFUSED, url=LOGIN), "unknown: refused"),
    ],
)
def test_further_pages_are_answers_too(login: Any, said_of_every_answer: str | None) -> None:
    seen = Seen(further={LOGIN: login, API: exchange(HSTS, url=API)})
    found = said(judged(CHECK, seen, of=TWO_PAGES))
    assert found.pop("hsts on every answer", None) == said_of_every_answer
    assert found == {"service": "set"}


def test_one_page_that_was_not_seen_does_not_erase_another() -> None:
    seen = Seen(further={LOGIN: failed("answer", Reason.TIMEOUT, url=LOGIN), API: exchange(url=API)})
    found = said(judged(CHECK, seen, of=TWO_PAGES))
    assert found == {"service": "set", "hsts on every answer": "not_everywhere"}


def test_a_page_that_we_failed_to_ask_is_our_error() -> None:
    crashed = Crashed(started=SEEN, took_ms=0.0, failure=Unobserved(Reason.INTERNAL, "ZeroDivisionError"))
    (finding,) = judged(CHECK, Seen(further={LOGIN: crashed, API: exchange(HSTS, url=API)}), of=TWO_PAGES)
    assert finding.state is State.ERROR
