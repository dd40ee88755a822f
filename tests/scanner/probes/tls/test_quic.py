"""HTTP/3: where an offer is looked for, and one handshake with a real server, or with whoever answers instead."""

import asyncio
import builtins
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import observed
import pki
import pytest
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from tls_servers import ADDRESS, DAY, HOST, NOW, Bench, entity

from scanner.derive.tls_quic import QuicSeen, quic
from scanner.needs import Derived
from scanner.observations.dns import Climb, DnsAnswer, Response
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Exchange
from scanner.observations.observation import Observation, digest, encode
from scanner.observations.steps import Reason, Replay, Unobserved
from scanner.observations.tls_quic import QuicHandshake, QuicTried
from scanner.probes.dns import DnsQuery, HttpsLookup
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Probe, Record, Surroundings
from scanner.probes.tls.quic import NO_EXTRA, TlsQuic, offers_of_records
from scanner.profiles import Timeouts, load_profile

SHORT = Timeouts(dns_s=1, connect_s=5, tls_s=1.0, answer_s=1, body_s=1, exchange_s=10, target_s=60)
PATIENT = msgspec.structs.replace(SHORT, tls_s=10.0, exchange_s=20)
NOT_TOLD = Unobserved(Reason.DNS_TIMEOUT, "no answer")


class Desk(Bench):
    """A bench at which the service's answer and its HTTPS records are given."""

    surroundings = Surroundings(hosts={}, resolvers=(("192.0.2.53", 53),))

    def __init__(
        self, home: Exchange, records: Sequence[str] | Unobserved = (), *, timeouts: Timeouts = PATIENT
    ) -> None:
        super().__init__(msgspec.structs.replace(load_profile("local"), timeouts=timeouts), connections=3)
        self.home = home
        self.records = records
        self.asked: list[str] = []

    async def observe(self, probe: Probe[Any]) -> Record[Any]:
        found: Observation
        self.asked.append(type(probe).__name__)
        if isinstance(probe, HttpExchange):
            found = msgspec.structs.replace(self.home, endpoint=probe.endpoint)
        elif isinstance(probe, HttpsLookup):
            found = Climb(started=self.now(), took_ms=0.0, host=probe.name, rdtype="HTTPS")
        else:
            assert isinstance(probe, DnsQuery)
            found = self._answer(probe)
        return Record(found, digest(encode(found)))

    def _answer(self, probe: DnsQuery) -> DnsAnswer:
        outcome: Response | Unobserved
        if isinstance(self.records, Unobserved):
            outcome = self.records
        else:
            answers = tuple((probe.name, "HTTPS", text) for text in self.records)
            outcome = Response("NOERROR", False, False, answers, (), bytes((0, 0, 0x80, 0x80)))
        return DnsAnswer(
            started=self.now(), took_ms=0.0, name=probe.name, rdtype="HTTPS", server=probe.server, outcome=outcome
        )


def offering(*alt_svc: str) -> Exchange:
    return observed.exchange(*(f"Alt-Svc: {it}" for it in alt_svc), url=f"https://{HOST}/")


def probe(*, port: int = 443, source: Source = Source.RESOLVER, record: bool = True) -> TlsQuic:
    home = HttpExchange(
        url=f"https://{HOST}/", host=HOST, port=port, address=ADDRESS, source=source, dial_port=0, agent="test"
    )
    return TlsQuic(home=home, lookup=HttpsLookup(host=HOST, port=port) if record else None)


async def tried(desk: Desk, asked: TlsQuic | None = None) -> QuicTried:
    """What the probe sees, after a journey through its stored form."""
    asked = asked or probe()
    seen = await asked.observe(desk)
    again = msgspec.json.decode(encode(seen.redacted()), type=QuicTried)
    assert again == seen
    assert asked.is_answered_by(again)
    return again


# --- servers ------------------------------------------------------------------------------------------------


def configured(
    alpn: Sequence[str] = ("h3",), certificate: pki.Entity | None = None, **fields: Any
) -> QuicConfiguration:
    own = certificate or entity("ec")
    configuration = QuicConfiguration(is_client=False, alpn_protocols=[*alpn], **fields)
    configuration.certificate, configuration.private_key = own.certificate, own.key
    return configuration


@contextlib.asynccontextmanager
async def udp(protocol: Callable[[], asyncio.DatagramProtocol]) -> AsyncIterator[int]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(protocol, local_addr=(ADDRESS, 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def serving(configuration: QuicConfiguration, *, retry: bool = False) -> AsyncIterator[int]:
    """A real server of QUIC, which another hand wrote: its port."""
    made: list[QuicServer] = []

    def make() -> QuicServer:
        made.append(QuicServer(configuration=configuration, retry=retry))
        return made[0]

    async with udp(make) as port:
        yield port
        made[0].close()
        await asyncio.sleep(0)


class Answering(asyncio.DatagramProtocol):
    """Answers every datagram with these."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = replies
        self.heard = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard += 1
        assert self.heard > 1 or len(data) >= 1200, "RFC 9000 14.1"
        for it in self.replies:
            self.transport.sendto(it, addr)


def shaken(configuration: QuicConfiguration, **fields: Any) -> QuicHandshake | Unobserved | None:
    async def go() -> QuicTried:
        async with serving(configuration, **fields) as port:
            return await tried(Desk(offering(f'h3=":{port}"; ma=60')))

    return asyncio.run(go()).handshake


def answered(*replies: bytes, timeouts: Timeouts = SHORT) -> Unobserved:
    async def go() -> QuicTried:
        async with udp(lambda: Answering(*replies)) as port:
            return await tried(Desk(offering(f'h3=":{port}"'), timeouts=timeouts))

    found = asyncio.run(go()).handshake
    assert isinstance(found, Unobserved)
    return found


# --- handshakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize(("kind", "scheme"), [("ec", 0x0403), ("rsa", 0x0804)])
def test_a_handshake(kind: str, scheme: int, retry: bool) -> None:
    found = shaken(configured(certificate=entity(kind)), retry=retry)
    assert isinstance(found, QuicHandshake)
    assert (found.quic, found.suite, found.alpn, found.chain) == (1, 0x1302, "h3", (entity(kind).der,))
    assert found.group in (0x17, 0x18, 0x1D)
    assert found.scheme == scheme
    assert found.ms > 0


def test_what_is_charged_and_what_is_stored() -> None:
    async def go() -> tuple[QuicTried, Desk, int]:
        async with serving(configured()) as port:
            desk = Desk(offering(f'h3=":{port}"'))
            return await tried(desk), desk, port

    seen, desk, port = asyncio.run(go())
    assert (seen.offered_by, seen.port, seen.elsewhere, seen.unread) == ("Alt-Svc", port, "", None)
    assert seen.replay is Replay.ATTESTED
    assert desk.asked == ["HttpExchange"]  # an offer in the answer is enough
    assert desk.budget.used.connections == 1
    assert [(it.address, it.port, it.times) for it in desk.budget.contacted] == [(ADDRESS, port, 1)]


def test_a_server_that_agrees_on_nothing_ends_with_an_alert() -> None:
    found = shaken(configured(("h3-29",)))
    assert found == Unobserved(Reason.TLS_FAILED, "the handshake ended with alert no_application_protocol")


def test_a_server_of_another_version() -> None:
    found = shaken(configured(supported_versions=[0xFF00001D]))
    assert found == Unobserved(Reason.PROTOCOL_ERROR, "the server speaks no version of QUIC that is known here")


def test_nobody_answers() -> None:
    assert answered() == Unobserved(Reason.TIMEOUT, "no end of the HTTP/3 handshake within 1 s")


@pytest.mark.parametrize("reply", [b"\0", b"garbage", b"\xff" * 1200, bytes((0xC0, 0, 0, 0, 1)) + bytes(1195)])
def test_what_is_no_quic(reply: bytes) -> None:
    assert answered(reply) == Unobserved(Reason.PROTOCOL_ERROR, "what came back leads to no handshake of QUIC")


def test_a_flood_is_cut_off() -> None:
    assert answered(*[b"\xff" * 1400] * 200, timeouts=PATIENT).reason is Reason.TOO_LARGE


def test_nobody_listens() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
        it.bind((ADDRESS, 0))
        port = it.getsockname()[1]
    seen = asyncio.run(tried(Desk(offering(f'h3=":{port}"'))))
    assert isinstance(seen.handshake, Unobserved)
    assert seen.handshake.reason is Reason.REFUSED


@pytest.fixture
def without_aioquic(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def imported(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "aioquic":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", imported)


@pytest.mark.usefixtures("without_aioquic")
def test_without_the_extra_nothing_is_sent() -> None:
    desk = Desk(offering('h3=":4433"'))
    seen = asyncio.run(tried(desk))
    assert seen.handshake == NO_EXTRA
    assert NO_EXTRA.reason is Reason.DISABLED
    assert "pip install pindai[quic]" in NO_EXTRA.detail
    assert desk.budget.used.connections == 0


@pytest.mark.usefixtures("without_aioquic")
def test_without_the_extra_a_service_without_http3_is_judged_all_the_same() -> None:
    assert asyncio.run(tried(Desk(offering()))).handshake is None


# --- offers -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_aioquic")
@pytest.mark.parametrize(
    ("home", "records", "taken"),
    [
        (offering('h3=":443"'), (), ("Alt-Svc", 443)),
        (offering('h2=":443"', 'h3=":8443"'), (), ("Alt-Svc", 8443)),
        (offering(f'h3="{HOST.upper()}:443"'), (), ("Alt-Svc", 443)),
        (offering('h3=":443"'), ('1 . alpn="h3" port=8443',), ("Alt-Svc", 443)),
        (offering('h3="cdn.example.test:443", h3=":443"'), (), ("Alt-Svc", 443)),
        (offering('h3="cdn.example.test:443"'), ('1 . alpn="h3"',), ("HTTPS record", 443)),
        (offering(), ('1 . alpn="h3,h2"',), ("HTTPS record", 443)),
        (offering(), (f'1 {HOST}. alpn="h3" port=8443',), ("HTTPS record", 8443)),
        (offering(), ('2 . alpn="h3" port=2222', '1 . alpn="h3" port=1111'), ("HTTPS record", 1111)),
        (observed.failed("connect", Reason.REFUSED), ('1 . alpn="h3"',), ("HTTPS record", 443)),
        (offering('h3=":53"'), (), ("", 0, f"{HOST}:53")),  # nobody steers us into what else listens there
        (offering('h3="cdn.example.test:443"'), (), ("", 0, "cdn.example.test:443")),
        (offering(), ('1 cdn.example.test. alpn="h3"',), ("", 0, "cdn.example.test:443")),
        (offering('h2=":443", h3-29=":443"'), ('1 . alpn="h2"',), ("", 0)),
        (offering('h3=":443"; ma=0'), ("0 h3.example.test.", "nonsense"), ("", 0)),
        (offering('h3=":443"', "clear"), (), ("", 0)),
        (offering(), NOT_TOLD, ("", 0, "", Reason.DNS_TIMEOUT)),
        (observed.failed("connect", Reason.REFUSED), (), ("", 0, "", Reason.REFUSED)),
    ],
)
def test_where_an_offer_is_found(home: Exchange, records: Sequence[str] | Unobserved, taken: tuple[Any, ...]) -> None:
    seen = asyncio.run(tried(Desk(home, records)))
    by, port, elsewhere, why = (*taken, *("", None)[len(taken) - 2 :])
    assert (seen.offered_by, seen.port, seen.elsewhere) == (by, port, elsewhere)
    assert (None if seen.unread is None else seen.unread.reason) == why
    assert (seen.handshake is None) == (not port)


def test_without_a_resolver_no_record_is_looked_up() -> None:
    desk = Desk(offering())
    seen = asyncio.run(tried(desk, probe(source=Source.LOCALHOST, record=False)))
    assert (seen.handshake, seen.unread, desk.asked) == (None, None, ["HttpExchange"])


def test_the_operators_place_for_one_port_is_none_for_another() -> None:
    seen = asyncio.run(tried(Desk(offering('h3=":8443"')), probe(source=Source.OPTION, record=False)))
    assert isinstance(seen.handshake, Unobserved)
    assert seen.handshake.reason is Reason.NOT_ASKED


def test_the_owner_of_a_record_below_a_port_is_another_host() -> None:
    (offer,) = offers_of_records(['1 . alpn="h3"'], HOST, 8443, f"_8443._https.{HOST}")
    assert not offer.is_own


# --- what is derived ----------------------------------------------------------------------------------------


def derived_of(seen: QuicTried, over_tcp: object) -> QuicSeen:
    assert isinstance(quic, Derived)
    found = quic.fold(seen, over_tcp)
    assert isinstance(found, QuicSeen)
    return found


def test_the_leaf_is_compared_with_that_over_tcp() -> None:
    own, other = (pki.leaf(None, (HOST,), not_before=NOW - DAY, not_after=NOW + days) for days in (DAY, timedelta(9)))
    place = Endpoint(HOST, 443, ADDRESS, Source.RESOLVER)
    seen = QuicTried(
        started=NOW,
        took_ms=1.0,
        endpoint=place,
        offered_by="Alt-Svc",
        port=443,
        handshake=QuicHandshake(1, 0x1301, 0x1D, 0x0403, "h3", (own.der,), 1.0),
    )
    first = derived_of(seen, NOT_TOLD)
    assert first.other_leaf is None, "what is not known is not another one"
    assert derived_of(seen, first.leaf).other_leaf is None
    other_seen = msgspec.structs.replace(
        seen, handshake=QuicHandshake(1, 0x1301, 0x1D, 0x0403, "h3", (other.der,), 1.0)
    )
    found = derived_of(other_seen, first.leaf).other_leaf
    assert found is not None
    assert found.certificate.der == other.der
