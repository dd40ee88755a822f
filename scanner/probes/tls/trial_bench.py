"""Where trials are made: one connection each, TLS begun, the server's first flight read; then whatever the trial sends.

What came back is kept as a reaction. Of records only the header is looked at, and the two octets of an alert in clear; the
rest is let go unread.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

from scanner.derive.tls_facts import Spoken, TlsVersion
from scanner.network import Connection, Deadline, NetworkError
from scanner.observations.endpoint import Endpoint
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.probe import Laboratory
from scanner.probes.tls.client_hello import Hello, build_client_hello
from scanner.probes.tls.first_flight import Flight, FlightReader, parse_first_flight
from scanner.probes.tls.starttls import begin
from scanner.probes.tls.trial_client import (
    ALERT,
    CHANGE_CIPHER_SPEC,
    GROUPS,
    HANDSHAKE,
    SIGNATURE_SCHEMES,
    TLS12,
    CannotSpeakError,
    TrialClient,
)

VERSIONS = {TlsVersion.SSL3: 0x0300, TlsVersion.TLS10: 0x0301, TlsVersion.TLS11: 0x0302, TlsVersion.TLS12: 0x0303}
"""The versions that trials are made in, by the number in the hello."""
NO_RENEGOTIATION = 0x00FF
"""The signalling value of RFC 5746, for hellos without extensions."""

PATIENCE_S = (0.5, 5.0)
"""The shortest and the longest time that silence is waited for in a first round."""
PATIENCE_FACTOR = 8
"""Silence is waited for this many times as long as the slowest first flight took."""
GONE_AFTER = 2
"""After so many attempts in a row that met nobody, the rest is not tried."""
RECORD_TYPES = range(20, 25)
ENCRYPTED = 256
"""The number of an alert that is encrypted."""
ENDS = {Reason.TIMEOUT: Act.SILENCE, Reason.RESET: Act.RESET, Reason.CLOSED: Act.CLOSED}
MAX_RECORDS = 32
LARGEST_RECORD = 16_384 + 2_048


class Conversation:
    """One connection after the server's first flight."""

    def __init__(self, wire: Connection, deadline: Deadline, bench: "Bench") -> None:
        self.wire = wire
        self.deadline = deadline
        self._bench = bench
        self._rest = b""
        self.hello = b""
        self.received = b""
        self.flight = Flight()

    @property
    def version(self) -> int:
        """The version that the server chose, as a number."""
        return self.flight.hello.version if self.flight.hello is not None else TLS12

    def send(self, octets: bytes) -> None:
        """Queue octets. Raises NetworkError."""
        self._bench.sent_bytes += len(octets)
        self.wire.send(octets)

    async def _more(self) -> bool:
        """Take what arrives; false at the end of the stream. Raises NetworkError."""
        data = await self.wire.receive()
        self._bench.received_bytes += len(data)
        self._rest += data
        return bool(data)

    async def header(self) -> tuple[int, int] | None:
        """Type and length of the next record, None at the end of the stream, (-1, 0) for what is no record."""
        while len(self._rest) < 5:
            if not await self._more():
                return None
        kind, major, length = self._rest[0], self._rest[1], int.from_bytes(self._rest[3:5])
        self._rest = self._rest[5:]
        return (kind, length) if kind in RECORD_TYPES and major == 3 and length <= LARGEST_RECORD else (-1, 0)

    async def body(self, length: int) -> bytes:
        """The content of a record whose header was read. Raises NetworkError."""
        while len(self._rest) < length:
            if not await self._more():
                raise NetworkError(Reason.CLOSED, "the server closed the connection within a record")
        content, self._rest = self._rest[:length], self._rest[length:]
        return content

    async def reaction(self, patience_s: float) -> Reaction:
        """What the server does first, within so many seconds. Raises NetworkError when our own time is over."""
        try:
            async with self.deadline.phase(patience_s, "reaction"):
                found = await self.header()
                if found is None:
                    return Reaction(Act.CLOSED)
                kind, length = found
                if kind == ALERT:
                    alert = await self.body(length) if length == 2 else b""
                    return Reaction(Act.ALERT, alert[1] if alert else ENCRYPTED)
                return Reaction(Act.GARBAGE) if kind < 0 else Reaction(Act.RECORD, kind)
        except NetworkError as error:
            return ended(error)

    async def server_finished(self, client: TrialClient, timeout_s: float) -> None:
        """Read up to the server's Finished, which proves that our keys are right. Raises NetworkError, CannotSpeakError."""
        encrypted = False
        async with self.deadline.phase(timeout_s, "end of the handshake"):
            for _ in range(MAX_RECORDS):
                if (found := await self.header()) is None:
                    raise NetworkError(Reason.CLOSED, "the server closed the connection within the handshake")
                kind, length = found
                body = await self.body(length)
                if encrypted and kind == HANDSHAKE:
                    try:
                        client.receiving.open(bytes((kind,)) + bytes(4) + body)
                    except ValueError as error:
                        raise CannotSpeakError("the server's Finished cannot be read") from error
                    return
                if kind == CHANGE_CIPHER_SPEC:
                    encrypted = True
                elif kind != HANDSHAKE:
                    raise NetworkError(Reason.TLS_FAILED, "the handshake was not finished")
        raise NetworkError(Reason.TLS_FAILED, "the handshake does not end")

    async def first_flight(self, hello: Hello, timeout_s: float) -> Flight:
        """Send a hello and read what comes in clear. Raises NetworkError when it is no ServerHello."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        self.hello = build_client_hello(hello)
        self.send(self.hello)
        reader = FlightReader()
        async with self.deadline.phase(timeout_s, "answer to the hello"):
            while True:
                data = await self.wire.receive()
                self._bench.received_bytes += len(data)
                if reader.feed(data) or not data:
                    break
        self._bench.note_flight(loop.time() - started)
        self.received = reader.octets
        self.flight = parse_first_flight(self.received)
        if self.flight.hello is None:
            raise _no_hello(self.flight, self.received)
        return self.flight


def ended(error: NetworkError) -> Reaction:
    """The reaction that is no octet: silence or an end. Raises the error itself when it says nothing of the server."""
    if (act := ENDS.get(error.unobserved.reason)) is None:
        raise error
    return Reaction(act)


def _no_hello(flight: Flight, received: bytes) -> NetworkError:
    if not received:
        return NetworkError(Reason.CLOSED, "the server closed the connection after the hello")
    if flight.alerts:
        return NetworkError(Reason.TLS_ALERT, f"the hello was answered with alert {flight.alerts[0].description}")
    return NetworkError(Reason.NOT_TLS if flight.not_tls else Reason.TLS_FAILED, flight.problem or "no ServerHello")


class Bench:
    """The place of all trials of one service: how it is reached, what is counted, and how long silence is waited for."""

    def __init__(self, lab: Laboratory, endpoint: Endpoint, sni: str | None, starttls: str) -> None:
        self.lab = lab
        self.endpoint = endpoint
        self.sni = sni
        self.starttls = starttls
        self.connections = 0
        self.sent_bytes = 0
        self.received_bytes = 0
        self._slowest_s = 0.0
        self._missed = 0
        self._crowded = False
        self._one_by_one = False
        self.gone: Unobserved | None = None
        """Why the rest is not tried: the service stopped answering, or our means are used up."""

    def note_flight(self, seconds: float) -> None:
        """A first flight took so long."""
        self._missed = 0
        if not self._crowded:
            self._slowest_s = max(self._slowest_s, seconds)

    def patience_s(self, round_number: int = 1) -> float:
        """How long silence is waited for: longer at a slow service, and longer in repetitions."""
        low, high = PATIENCE_S
        factor = 1 if round_number == 1 else 3
        return factor * min(max(PATIENCE_FACTOR * self._slowest_s, low), high)

    @asynccontextmanager
    async def connected(self, pipelined: bytes = b"") -> AsyncIterator[Conversation]:
        """A connection on which the ClientHello is due. Raises NetworkError."""
        lab = self.lab
        async with lab.gate.connection(self.endpoint, lab.budget, self._count) as (wire, deadline, _):
            if self.starttls:
                answer_s = lab.profile.timeouts.answer_s
                await begin(wire, self.starttls, self.endpoint.host, deadline, answer_s, pipelined)
            yield Conversation(wire, deadline, self)

    def _count(self) -> None:
        self.connections += 1

    @asynccontextmanager
    async def answered(self, hello: Hello) -> AsyncIterator[Conversation]:
        """A connection on which the server answered this hello. Raises NetworkError."""
        async with self.connected() as conversation:
            await conversation.first_flight(hello, self.lab.profile.timeouts.tls_s)
            yield conversation

    async def attempt(
        self,
        weakness: Weakness,
        trial: Callable[[], Awaitable[Reaction]],
        shape: str = "",
        flow: str = "",
        round_number: int = 1,
    ) -> Tried:
        """Make one attempt; what keeps it from being made is kept in the reaction's place."""
        reaction: Reaction | Unobserved
        if self.gone is not None:
            reaction = self.gone
        else:
            try:
                reaction = await trial()
            except NetworkError as error:
                reaction = error.unobserved
                self._missed += 1
                if (self._missed >= GONE_AFTER and not self._crowded) or reaction.reason in (
                    Reason.BUDGET,
                    Reason.OUT_OF_SCOPE,
                ):
                    self.gone = reaction
            except CannotSpeakError as error:
                reaction = Unobserved(Reason.INCONCLUSIVE, str(error))
        return Tried(weakness, reaction, shape, flow, round_number)

    async def together(self, attempts: Iterable[Callable[[], Coroutine[Any, Any, Tried]]]) -> list[Tried]:
        """Attempts side by side, as far as the gate lets them; in their order.

        Some servers take one connection at a time. What fails in company is made again alone, and so is all that follows.
        """
        attempts = tuple(attempts)
        if self._one_by_one:
            return [await it() for it in attempts]
        self._crowded = True
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(it()) for it in attempts]
        self._crowded = False
        made = [it.result() for it in tasks]
        failed = [
            at for at, it in enumerate(made) if isinstance(it.reaction, Unobserved) and it.reaction.reason in ENDS
        ]
        if failed:
            self._one_by_one, self._missed, self.gone = True, 0, None
            for at in failed:
                made[at] = await attempts[at]()
        return made

    def hello(self, spoken: Spoken, suites: tuple[int, ...]) -> Hello:
        """A hello of a version that the service speaks, for these suites, asking for nothing unusual."""
        version = VERSIONS[spoken.version]
        if version < 0x0301:
            return Hello(version=version, record_version=version, suites=(*suites, NO_RENEGOTIATION))
        known = tuple(group for group in GROUPS if group in spoken.groups)
        return Hello(
            version=version,
            suites=suites,
            server_name=self.sni,
            groups=known or spoken.groups or GROUPS,
            signature_schemes=SIGNATURE_SCHEMES if version >= TLS12 else None,
            renegotiation_info=True,
            point_formats=True,
        )
