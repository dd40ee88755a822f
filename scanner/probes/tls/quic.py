"""The probe for HTTP/3: where the service offers it, one handshake of QUIC with TLS 1.3 (RFC 9000, RFC 9001, RFC 9114).

The protocol is driven without a socket by aioquic, an extra of Pindai; datagrams go through the gate. Certificates are not
verified here: what is sent is what is to be judged.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from scanner.cost import Cost
from scanner.estate import redirected
from scanner.network import Datagrams, NetworkError
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Answer, Exchange
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_quic import QuicHandshake, QuicTried
from scanner.parse.alt_svc import parse_alt_svc
from scanner.parse.http_head import HeadError, parse_head
from scanner.parse.https_record import parse_https_record
from scanner.probes.dns import HttpsLookup
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.probes.tls.code_points import alert_name
from scanner.probes.tls.ech import record_texts
from scanner.probes.tls.encrypted_flight import read_open_flight
from scanner.profiles import Profile

H3: Final = "h3"
ALT_SVC: Final = "Alt-Svc"
RECORD: Final = "HTTPS record"
HTTPS_PORT: Final = 443
FIRST_FREE_PORT: Final = 1024
MAX_HANDSHAKE_BYTES: Final = 98_304
NO_EXTRA = Unobserved(Reason.DISABLED, "HTTP/3 is not tried without the extra quic: pip install pindai[quic]")

_CRYPTO_ERROR = 0x100
_CERT_NONE = 0
"""ssl.CERT_NONE; the module itself is for those who open sockets."""
_SILENT = logging.NullHandler()


class Offer(Struct, frozen=True):
    """Where HTTP/3 is offered, and by what: `host` is the service's own where `is_own`."""

    by: str
    host: str
    port: int
    is_own: bool

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class TlsQuic(Probe[QuicTried], frozen=True, tag="tls_quic"):
    """One handshake over UDP, where the answer `home` or the HTTPS record of the service offers HTTP/3."""

    home: HttpExchange
    lookup: HttpsLookup | None = None
    """None where no record is looked up: the name was not looked up in DNS either."""

    order = Order.ENUMERATION

    def is_answered_by(self, observation: QuicTried) -> bool:
        """The same place."""
        return observation.endpoint == self.home.endpoint

    def ceiling(self, profile: Profile) -> Cost:
        """The answer, the look-up, and what counts as one connection."""
        looked_up = Cost() if self.lookup is None else self.lookup.ceiling(profile)
        return self.home.ceiling(profile) + looked_up + Cost(connections=1)

    async def observe(self, lab: Laboratory) -> QuicTried:
        """Look for an offer in the answer, then in the record; take the first for the service's own host."""
        record = await lab.observe(self.home)
        parts = [record.digest]
        offers, unread = offers_of_answer(record.observation)
        if self.lookup is not None and not any(map(self._is_taken, offers)):
            parts.append((await lab.observe(self.lookup)).digest)
            texts = await record_texts(lab, self.lookup)
            if isinstance(texts, Unobserved):
                unread = unread or texts
            else:
                offers = (*offers, *offers_of_records(texts, self.home.host, self.home.port, self.lookup.name))
        taken = next(filter(self._is_taken, offers), None)
        started, ticks = lab.now(), lab.ticks()
        handshake = None if taken is None else await self._try(lab, taken.port)
        return QuicTried(
            started=started,
            took_ms=lab.ticks() - ticks,
            parts=tuple(parts),
            endpoint=self.home.endpoint,
            offered_by="" if taken is None else taken.by,
            port=0 if taken is None else taken.port,
            elsewhere=str(offers[0]) if offers and taken is None else "",
            unread=unread if taken is None else None,
            handshake=handshake,
        )

    def _is_taken(self, offer: Offer) -> bool:
        """Whether an offer is followed: a server may not steer us into whatever else listens on the ports of a system."""
        return offer.is_own and (offer.port in (HTTPS_PORT, self.home.port) or offer.port >= FIRST_FREE_PORT)

    def _endpoint(self, lab: Laboratory, port: int) -> Endpoint | Unobserved:
        own = self.home.endpoint
        if port == own.port:
            return own
        if (wish := redirected(lab.surroundings.redirections, own.host, port)) is not None:
            return Endpoint(own.host, port, wish[0], Source.OPTION, wish[1])
        if own.source is Source.OPTION:
            return Unobserved(Reason.NOT_ASKED, f"--connect-to or --resolve names no place for port {port}")
        return Endpoint(own.host, port, own.address, own.source)

    async def _try(self, lab: Laboratory, port: int) -> QuicHandshake | Unobserved:
        endpoint = self._endpoint(lab, port)
        if isinstance(endpoint, Unobserved):
            return endpoint
        try:
            talk = _Talk(endpoint, lab)
        except ImportError:
            return NO_EXTRA
        limit = lab.profile.timeouts.tls_s
        heard = 0
        try:
            async with lab.gate.datagrams(endpoint, lab.budget) as (datagrams, deadline):
                try:
                    async with deadline.phase(limit, "end of the HTTP/3 handshake"):
                        return await talk.hold(datagrams)
                finally:
                    heard = datagrams.received
        except NetworkError as error:
            if error.unobserved.reason is Reason.TIMEOUT and heard and not talk.octets:
                return Unobserved(Reason.PROTOCOL_ERROR, "what came back leads to no handshake of QUIC")
            return error.unobserved


class _Talk:
    """One handshake. Raises ImportError when it is made and aioquic is not installed."""

    def __init__(self, endpoint: Endpoint, lab: Laboratory) -> None:
        from aioquic.quic import events
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.connection import QuicConnection

        logging.getLogger("quic").addHandler(_SILENT)  # else its warnings about a server's faults go to standard error
        self._events = events
        self._where = (endpoint.address, endpoint.port)
        self._ticks = lab.ticks
        self._tls: object = None
        self.octets = b""
        """The server's handshake messages, opened."""
        self._connection = QuicConnection(
            configuration=QuicConfiguration(
                is_client=True,
                alpn_protocols=[H3],
                server_name=endpoint.host,
                verify_mode=_CERT_NONE,
                idle_timeout=2 * lab.profile.timeouts.tls_s,
            )
        )

    def _now(self) -> float:
        return self._ticks() / 1000

    async def hold(self, datagrams: Datagrams) -> QuicHandshake | Unobserved:
        """Until the handshake is finished or ended by either side. Raises NetworkError."""
        begun = self._ticks()
        self._connection.connect(self._where, now=self._now())
        while True:
            self._listen()
            self._send(datagrams)
            timer = self._connection.get_timer()
            data = await datagrams.receive(1.0 if timer is None else timer - self._now())
            if data is None:
                self._connection.handle_timer(now=self._now())
            else:
                try:
                    self._connection.receive_datagram(data, self._where, now=self._now())
                except Exception as error:  # noqa: BLE001 - a stranger's octets in a library: what they raise there is theirs
                    return Unobserved(Reason.PROTOCOL_ERROR, f"the handshake cannot be read: {type(error).__name__}")
            while (event := self._connection.next_event()) is not None:
                if isinstance(event, self._events.HandshakeCompleted):
                    ms = self._ticks() - begun
                    self._connection.close()
                    self._send(datagrams)
                    return self._finished(ms)
                if isinstance(event, self._events.ConnectionTerminated):
                    return _why_ended(event.error_code, event.reason_phrase)

    def _send(self, datagrams: Datagrams) -> None:
        for data, _ in self._connection.datagrams_to_send(now=self._now()):
            datagrams.send(data)

    def _listen(self) -> None:
        """Keep what the server says in TLS; a retry begins a new handshake with an object of its own."""
        context = self._connection.tls
        if context is self._tls:
            return
        self._tls, self.octets = context, b""
        inner: Callable[..., None] = context.handle_message

        def heard(input_data: bytes, output_buf: object) -> None:
            self.octets += input_data[: MAX_HANDSHAKE_BYTES - len(self.octets)]
            inner(input_data, output_buf)

        object.__setattr__(context, "handle_message", heard)

    def _finished(self, ms: float) -> QuicHandshake | Unobserved:
        flight = read_open_flight(self.octets)
        if flight.hello is None or not flight.finished or not flight.chain:
            return Unobserved(Reason.PROTOCOL_ERROR, flight.problem or "the handshake was not finished")
        return QuicHandshake(
            quic=self._version(),
            suite=flight.hello.suite,
            group=flight.hello.group,
            scheme=flight.scheme,
            alpn=flight.alpn,
            chain=flight.chain,
            ms=ms,
        )

    def _version(self) -> int:
        """aioquic keeps it to itself; 1 is what is offered first."""
        version = getattr(self._connection, "_version", None)
        return version if isinstance(version, int) else 1


def _why_ended(code: int, phrase: str) -> Unobserved:
    if _CRYPTO_ERROR <= code < 2 * _CRYPTO_ERROR:
        return Unobserved(Reason.TLS_FAILED, f"the handshake ended with alert {alert_name(code - _CRYPTO_ERROR)}")
    if "common protocol version" in phrase:
        return Unobserved(Reason.PROTOCOL_ERROR, "the server speaks no version of QUIC that is known here")
    return Unobserved(Reason.CLOSED, f"the connection was closed with QUIC error {code:#x}")


def offers_of_answer(exchange: Exchange) -> tuple[tuple[Offer, ...], Unobserved | None]:
    """The offers of HTTP/3 in an answer that may be remembered, and why there may be others."""
    answer = exchange.answer
    if not isinstance(answer, Answer):
        return (), answer
    try:
        head = parse_head(answer.head)
    except HeadError as error:
        return (), Unobserved(Reason.PROTOCOL_ERROR, str(error))
    own = exchange.endpoint.host
    found = parse_alt_svc(head.all("alt-svc"))
    offered = (it for it in found if it.protocol == H3 and it.max_age_s)
    return tuple(Offer(ALT_SVC, it.host or own, it.port, it.host in ("", own)) for it in offered), None


def offers_of_records(texts: Iterable[str], host: str, port: int, owner: str) -> tuple[Offer, ...]:
    """The offers of HTTP/3 in HTTPS records, best priority first; records that cannot be read offer nothing.

    "." stands for the owner of the record (RFC 9460 2.5.2), which below a port's label is not the service's own name.
    """
    found = []
    for text in texts:
        try:
            record = parse_https_record(text)
        except ValueError:
            continue
        if record.priority and H3 in record.alpn:
            target = owner if record.target == "." else record.target
            found.append((record.priority, Offer(RECORD, target, record.port or port, target == host)))
    return tuple(offer for _, offer in sorted(found, key=lambda it: it[0]))
