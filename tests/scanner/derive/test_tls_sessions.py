"""What recorded handshakes come to: each thing that may be missing is told, and nothing stored raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed import SEEN

from scanner.derive.tls_facts import EarlyData, Method, Renegotiation, Sessions, Ticket, TlsVersion
from scanner.derive.tls_sessions import NO_TICKET_YET, sessions_of
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_sessions import Asked, HandshakeSeen, Renegotiated, TicketSeen, TlsSessions
from scanner.probes.tls.client13 import SCHEMES
from scanner.probes.tls.key_schedule import SUITES, Protection

SECRET = bytes(range(32))
LATE = Unobserved(Reason.TIMEOUT, "no end of the TLS handshake within 10 s")
REFUSED = Unobserved(Reason.TLS_ALERT, "alert protocol_version")
ENDED = Unobserved(Reason.CLOSED, "the server closed the connection during the handshake")
SPENT = Unobserved(Reason.BUDGET, "the plan's ceiling is reached")
ALPN = ("h2", "http/1.1")
SEALED = b"k" * 16
FULL_12 = (2, 11, 12, 14)


def vector(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size, "big") + content


def extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2, "big") + vector(2, body)


def server_hello(*extensions: bytes, session_id: bytes = b"", suite: int = 0x1301) -> bytes:
    body = b"\3\3" + bytes(range(32)) + vector(1, session_id) + suite.to_bytes(2, "big") + b"\0"
    message = b"\2" + vector(3, body + vector(2, b"".join(extensions)))
    return b"\x16\3\3" + vector(2, message)


def chosen(name: str | None) -> bytes:
    return b"" if name is None else extension(16, vector(2, vector(1, name.encode())))


def new(
    asked: Asked = Asked.FULL, *, alpn: str | None = "h2", resumed: bool = False, early: bool = False, **fields: Any
) -> HandshakeSeen:
    """A finished handshake of TLS 1.3; a resumed one shows no certificate."""
    more = [extension(41, b"\0\0")] if resumed else []
    hello = server_hello(extension(43, b"\3\4"), extension(51, b"\0\x1d" + vector(2, bytes(32))), *more)
    content = b"\x08" + vector(3, vector(2, chosen(alpn) + (extension(42, b"") if early else b"")))
    if not resumed:
        content += b"\x0b" + vector(3, vector(1, b"") + vector(3, vector(3, b"leaf") + vector(2, b"")))
        content += b"\x0f" + vector(3, b"\4\3" + vector(2, b"signature"))
    content += b"\x14" + vector(3, bytes(32))
    flight = hello + Protection(SUITES[0x1301], SECRET).seal(22, content)
    defaults = {"alpn": ALPN, "schemes": SCHEMES, "flight": flight, "secret": SECRET, "finished": True, "closed": True}
    return HandshakeSeen(asked, **{**defaults, **fields})


def old(
    asked: Asked = Asked.NO_TICKET, *, alpn: str | None = None, session_id: bytes = b"", **fields: Any
) -> HandshakeSeen:
    """A finished handshake of TLS 1.2."""
    flight = server_hello(chosen(alpn), session_id=session_id, suite=0xC02F)
    defaults = {"alpn": ALPN, "flight": flight, "messages": FULL_12, "changed": True, "finished": True, "closed": True}
    return HandshakeSeen(asked, **{**defaults, **fields})


def broken(asked: Asked, why: Unobserved, *, newer: bool = True, **fields: Any) -> HandshakeSeen:
    return HandshakeSeen(asked, alpn=ALPN, schemes=SCHEMES if newer else (), ended=why, **fields)


NEW_REFUSED, OLD_REFUSED = (
    broken(Asked.FULL, REFUSED, alert=70),
    broken(Asked.NO_TICKET, REFUSED, newer=False, alert=70),
)
WITH_ID = old(session_id=b"i" * 32)
GIVEN = (TicketSeen(300, 200, SEALED),)


def stored(*handshakes: HandshakeSeen, **fields: Any) -> TlsSessions:
    where = Endpoint("www.example.test", 443, "192.0.2.10", Source.RESOLVER)
    return TlsSessions(started=SEEN, took_ms=1.0, endpoint=where, sni=where.host, handshakes=handshakes, **fields)


def facts(*handshakes: HandshakeSeen, **fields: Any) -> Sessions:
    found = sessions_of(stored(*handshakes, **fields))
    assert isinstance(found, Sessions)
    return found


def works(found: Sessions) -> dict[Method, bool | Reason]:
    return {it.method: it.works.reason if isinstance(it.works, Unobserved) else it.works for it in found.resumption}


def test_nothing_was_answered() -> None:
    assert sessions_of(stored(broken(Asked.FULL, LATE), broken(Asked.NO_TICKET, LATE, newer=False))) == LATE
    assert sessions_of(stored(failure=LATE)) == LATE
    assert isinstance(sessions_of(stored()), Unobserved)


@pytest.mark.parametrize(
    ("handshakes", "expected"),
    [
        ((new(tickets=GIVEN), new(Asked.BY_PSK, resumed=True), OLD_REFUSED), {Method.PSK: True}),
        ((new(tickets=GIVEN), new(Asked.BY_PSK), OLD_REFUSED), {Method.PSK: False}),
        ((new(tickets=GIVEN), broken(Asked.BY_PSK, LATE), OLD_REFUSED), {Method.PSK: Reason.TIMEOUT}),
        ((new(), OLD_REFUSED), {Method.PSK: False}),
        ((new(closed=False), OLD_REFUSED), {Method.PSK: Reason.INCONCLUSIVE}),
        ((new(finished=False, ended=LATE), OLD_REFUSED), {Method.PSK: Reason.TIMEOUT}),
        ((NEW_REFUSED, old(), old(Asked.FULL)), {Method.SESSION_ID: False, Method.TICKET: False}),
        (
            (NEW_REFUSED, WITH_ID, old(Asked.BY_SESSION_ID, messages=(2,))),
            {Method.SESSION_ID: True, Method.TICKET: False},
        ),
        (
            (NEW_REFUSED, WITH_ID, old(Asked.BY_SESSION_ID, tickets=GIVEN), old(Asked.BY_TICKET, messages=(2, 4))),
            {Method.SESSION_ID: False, Method.TICKET: True},
        ),
        (
            (NEW_REFUSED, WITH_ID, broken(Asked.BY_SESSION_ID, LATE, newer=False)),
            {Method.SESSION_ID: Reason.TIMEOUT, Method.TICKET: Reason.TIMEOUT},
        ),
        (
            (NEW_REFUSED, old(), old(Asked.FULL, tickets=GIVEN), broken(Asked.BY_TICKET, LATE, newer=False)),
            {Method.SESSION_ID: False, Method.TICKET: Reason.TIMEOUT},
        ),
    ],
)  # fmt: skip
def test_resumption(handshakes: tuple[HandshakeSeen, ...], expected: dict[Method, bool | Reason]) -> None:
    found = facts(*handshakes)
    assert works(found) == expected
    short = [it.what.rpartition(".")[2] for it in found.undetermined if it.what.startswith("resumption.")]
    assert short == [method for method, it in expected.items() if isinstance(it, Reason)]


def test_a_version_that_gave_no_answer_is_not_called_absent() -> None:
    silent_new = facts(broken(Asked.FULL, LATE), old(), old(Asked.FULL))
    assert silent_new.early_data == LATE
    assert [it.what for it in silent_new.undetermined] == ["resumption.TLSv1.3.psk"]
    silent_old = facts(new(), broken(Asked.NO_TICKET, LATE, newer=False), renegotiated=LATE)
    assert "resumption.older" in [it.what for it in silent_old.undetermined]
    assert silent_old.renegotiation == LATE
    refused = facts(NEW_REFUSED, old(), old(Asked.FULL))
    assert (refused.early_data, refused.undetermined) == (None, ())


@pytest.mark.parametrize(
    ("first", "again", "expected"),
    [
        (new(), None, None),
        (new(tickets=GIVEN), new(Asked.BY_PSK, resumed=True), EarlyData(0, None)),
        (
            new(tickets=(TicketSeen(300, 200, SEALED), TicketSeen(300, 200, SEALED, 900))),
            new(Asked.BY_PSK, resumed=True, early=True, early_data=True),
            EarlyData(900, accepted=True),
        ),
        (
            new(tickets=(TicketSeen(300, 200, SEALED, 900),)),
            new(Asked.BY_PSK, resumed=True, early_data=True),
            EarlyData(900, accepted=False),
        ),
        (new(tickets=(TicketSeen(300, 200, SEALED, 900),)), broken(Asked.BY_PSK, LATE), EarlyData(900, LATE)),
        (new(closed=False), None, NO_TICKET_YET),
    ],
)
def test_early_data(first: HandshakeSeen, again: HandshakeSeen | None, expected: object) -> None:
    assert facts(*filter(None, (first, again)), OLD_REFUSED).early_data == expected


def refused(*protocols: str, why: Unobserved = REFUSED, alert: int | None = 120) -> HandshakeSeen:
    """Only these were offered, and the handshake ended."""
    return HandshakeSeen(Asked.OTHER_PROTOCOL, alpn=protocols, schemes=SCHEMES, alert=alert, ended=why)


@pytest.mark.parametrize(
    ("handshakes", "protocols", "short"),
    [
        ((new(), new(Asked.OTHER_PROTOCOL, alpn="http/1.1")), ALPN, []),
        ((new(), refused("http/1.1")), ("h2",), []),
        ((new(), refused("http/1.1", why=LATE, alert=None)), ("h2",), [LATE]),
        ((new(), refused("http/1.1", alert=40)), ("h2",), [REFUSED]),
        ((new(alpn=None),), (), []),
        ((NEW_REFUSED, old(alpn="http/1.1"), refused("h2")), ("http/1.1",), []),
        ((NEW_REFUSED, old(alpn=None)), (), []),
    ],
)
def test_protocols(handshakes: tuple[HandshakeSeen, ...], protocols: tuple[str, ...], short: list[Unobserved]) -> None:
    """Only what was offered without the chosen one, and refused with the alert for it, is known to be absent."""
    found = facts(*handshakes)
    assert found.alpn == protocols
    assert [it.why for it in found.undetermined if it.what == "alpn"] == short


def test_another_leaf_that_was_not_seen_is_told() -> None:
    assert "chains.TLSv1.3" not in [it.what for it in facts(new(), broken(Asked.OTHER_LEAF, REFUSED)).undetermined]
    assert "chains.TLSv1.3" in [it.what for it in facts(new(), broken(Asked.OTHER_LEAF, LATE)).undetermined]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Renegotiated(0, 1, REFUSED, alert=100), Renegotiation(0, 1)),
        (Renegotiated(0, 1, REFUSED, alert=40), Renegotiation(0, 1)),
        (Renegotiated(0, 1, REFUSED, alert=10), Renegotiation(0, 1)),
        (Renegotiated(0, 1, REFUSED, alert=80), REFUSED),
        (Renegotiated(3, 4, REFUSED, alert=100), Renegotiation(3, 4)),
        (Renegotiated(3, 4, REFUSED, alert=40), REFUSED),
        (Renegotiated(0, 1, ENDED, taken_again=0), Renegotiation(0, 1)),
        (Renegotiated(0, 1, ENDED, taken_again=1), ENDED),
        (Renegotiated(0, 1, ENDED), ENDED),
        (Renegotiated(0, 1, LATE), LATE),
        (Renegotiated(4, 5, ENDED, taken_again=2), ENDED),
        (Renegotiated(1, 2, ENDED, taken_again=1), ENDED),
        (Renegotiated(2, 3, LATE), LATE),
        (Renegotiated(6, 6), Renegotiation(6, 6)),
        (Renegotiated(2, 3, SPENT), SPENT),
        (LATE, LATE),
        (None, None),
    ],
)
def test_renegotiation(seen: Renegotiated | Unobserved | None, expected: object) -> None:
    assert facts(NEW_REFUSED, old(), renegotiated=seen).renegotiation == expected


def test_octets_name_a_key_when_two_tickets_begin_with_them() -> None:
    one, other = TicketSeen(300, 200, SEALED), TicketSeen(300, 200, b"o" * 16)
    assert facts(new(tickets=(one, other)), OLD_REFUSED).tickets == (Ticket(TlsVersion.TLS13, 300, None),)
    assert facts(new(tickets=(one, one)), OLD_REFUSED).tickets == (Ticket(TlsVersion.TLS13, 300, SEALED.hex()),)
    found = facts(new(tickets=(one,)), old(), old(Asked.FULL, tickets=(TicketSeen(0, 200, SEALED),)))
    assert {it.key_name for it in found.tickets} == {SEALED.hex()}


def test_a_request_for_a_certificate_in_an_older_version() -> None:
    assert facts(NEW_REFUSED, old(messages=(2, 11, 12, 13, 14))).client_certificate is not None
    none = facts(NEW_REFUSED, old())
    assert none.client_certificate is None
    assert "client_certificate" not in [it.what for it in none.undetermined]
    unread = facts(NEW_REFUSED, old(messages=(2, 11), finished=False, changed=False, ended=LATE))
    assert "client_certificate" in [it.what for it in unread.undetermined]


def test_values_that_come_again_are_counted() -> None:
    (exchange,) = facts(new(), new(Asked.OTHER_PROTOCOL, alpn="http/1.1"), OLD_REFUSED).key_exchanges
    assert (exchange.seen, exchange.distinct) == (2, 1)


UNOBSERVED = st.builds(Unobserved, st.sampled_from(Reason), st.text(max_size=10))
TICKETS = st.builds(
    TicketSeen, st.integers(0, 2**32), st.integers(0, 999), st.binary(max_size=16), st.integers(0, 2**32)
)
HANDSHAKES = st.builds(
    HandshakeSeen,
    asked=st.sampled_from(Asked),
    alpn=st.sampled_from([(), ("h2",), ALPN]),
    schemes=st.sampled_from([(), SCHEMES]),
    flight=st.one_of(st.binary(max_size=100), st.sampled_from([new().flight, new(resumed=True).flight, old().flight])),
    secret=st.sampled_from([b"", SECRET, b"x"]),
    messages=st.lists(st.integers(0, 30), max_size=6).map(tuple),
    changed=st.booleans(),
    tickets=st.lists(TICKETS, max_size=3).map(tuple),
    finished=st.booleans(),
    closed=st.booleans(),
    alert=st.one_of(st.none(), st.integers(0, 255)),
    ended=st.one_of(st.none(), UNOBSERVED),
)  # fmt: skip


@given(st.lists(HANDSHAKES, max_size=6))
def test_whatever_is_stored(handshakes: list[HandshakeSeen]) -> None:
    found = sessions_of(stored(*handshakes))
    if isinstance(found, Sessions):
        assert all(len(it.certificates) for it in found.chains)
