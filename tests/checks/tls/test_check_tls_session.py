"""tls.session.resumption and tls.session.tickets: both sides of every rule, and what is not known."""

from datetime import timedelta

import pytest
from observed import shipped
from served import outcome, verdicts

from scanner.derive.tls_facts import Method, Resumption, Sessions, Ticket, TlsVersion, Undetermined
from scanner.observations.steps import Reason, Unobserved

RESUMPTION, TICKETS = shipped()["tls.session.resumption"], shipped()["tls.session.tickets"]
TLS12, TLS13 = TlsVersion.TLS12, TlsVersion.TLS13
LATE = Unobserved(Reason.TIMEOUT, "no end of the handshake")
DAY = 86_400


def tried(
    *, by_id: bool | Unobserved = False, ticket: bool | Unobserved = False, psk: bool | Unobserved = False
) -> Sessions:
    found = (
        Resumption(TLS13, Method.PSK, psk),
        Resumption(TLS12, Method.SESSION_ID, by_id),
        Resumption(TLS12, Method.TICKET, ticket),
    )
    unknown = tuple(
        Undetermined(f"resumption.{it.version}.{it.method}", it.works)
        for it in found
        if isinstance(it.works, Unobserved)
    )
    return Sessions(resumption=found, undetermined=unknown)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (tried(), "none"),
        (tried(by_id=True), "resumed"),
        (tried(ticket=True), "resumed"),
        (tried(psk=True), "resumed"),
        (tried(psk=LATE), "unknown: timeout"),
        (tried(psk=LATE, by_id=True), "resumed"),
        (Sessions(undetermined=(Undetermined("resumption.older", LATE),)), "unknown: timeout"),
        (Sessions(), "unknown: not_asked"),
        (Sessions(undetermined=(Undetermined("alpn", LATE),), resumption=tried().resumption), "none"),
    ],
)
def test_resumption(seen: Sessions, expected: str) -> None:
    assert outcome(verdicts(RESUMPTION, seen)) == expected


def test_the_methods_are_named() -> None:
    (verdict,) = verdicts(RESUMPTION, tried(psk=True, ticket=True))
    assert verdict.arguments["methods"] == "TLSv1.3 PSK, TLSv1.2 ticket"


def given(*lifetimes: int, **fields: object) -> Sessions:
    return Sessions(tickets=tuple(Ticket(TLS13, it, None) for it in lifetimes), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (given(), "no_tickets"),
        (given(0), "not_said"),
        (given(0, 300), "in_time"),
        (given(7 * DAY), "in_time"),
        (given(300, 7 * DAY + 1), "long"),
        (given(undetermined=(Undetermined("resumption.TLSv1.3.psk", LATE),)), "unknown: timeout"),
        (given(300, undetermined=(Undetermined("resumption.TLSv1.3.psk", LATE),)), "unknown: timeout"),
        (given(8 * DAY, undetermined=(Undetermined("resumption.TLSv1.3.psk", LATE),)), "long"),
    ],
)
def test_tickets(seen: Sessions, expected: str) -> None:
    assert outcome(verdicts(TICKETS, seen, TICKETS.with_params({}))) == expected


def test_the_limit_is_a_threshold() -> None:
    stricter = TICKETS.with_params({"max_lifetime": timedelta(hours=1)})
    (verdict,) = verdicts(TICKETS, given(3601), stricter)
    assert (verdict.outcome.key, verdict.found, verdict.expected) == (
        "long",
        timedelta(seconds=3601),
        timedelta(hours=1),
    )
    assert outcome(verdicts(TICKETS, given(3600), stricter)) == "in_time"
