"""The gate: the one place where Pindai opens sockets.

Every connection and every datagram passes here, is checked against the scope, charged to its target's budget, paced per
address and bounded in time. Only probes and egress talk through it; the collector and the engine hold it (a test enforces
both). Operating-system errors become `NetworkError` here and nowhere else.
"""

import asyncio
import errno
import os
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from math import inf
from operator import itemgetter
from types import MappingProxyType, TracebackType
from typing import Self, cast

import msgspec

from scanner.cost import Contact, Cost, Traffic
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved
from scanner.profiles import Pace, Timeouts
from scanner.scope import Scope, never_contacted

READ_AHEAD_BYTES = 262_144
"""Reading pauses when this much waits unread, so that a fast server cannot fill our memory."""
CONCURRENT_QUERIES = 16
MAX_DATAGRAMS = 64
"""Stray datagrams looked at while waiting for one answer."""


MINUTE_S = 60.0
HELD_AT_MOST_S = 900
"""All pauses that an address asked for in a run, together."""
SLOTS_SWEPT_AT = 256
"""With so many addresses in mind, those that nothing waits for are forgotten."""


class NetworkError(Exception):
    """A step of the network gave nothing; `unobserved` says why."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.unobserved = Unobserved(reason, detail)
        super().__init__(f"{reason}: {detail}")


class Rule(msgspec.Struct, frozen=True):
    """What one class of traffic may do in a run: nothing when it is off, and so much at most when it is on."""

    on: bool = True
    most: float = inf


RULES: Mapping[Traffic, Rule] = MappingProxyType(
    {
        Traffic.PROBE: Rule(),  # bounded by every target's own ceiling
        Traffic.DNS: Rule(),  # the same
        Traffic.PKI: Rule(on=False),
        Traffic.EGRESS: Rule(most=1000),
    }
)
"""The classes as they are unless somebody says otherwise."""


class Budget:
    """What one target may use: its plan's ceiling and a bound on the time it is really talked to."""

    def __init__(self, ceiling: Cost, seconds: float) -> None:
        self.ceiling = ceiling
        self.used = Cost()
        self.seconds_left = seconds
        self._contacts: Counter[tuple[Traffic, str, int]] = Counter()

    def note(self, traffic: Traffic, address: str, port: int) -> None:
        """Write down that a connection was begun, or a query sent."""
        self._contacts[traffic, address, port] += 1

    @property
    def contacted(self) -> tuple[Contact, ...]:
        """Who was contacted, in the order of their first time."""
        return tuple(Contact(*who, times) for who, times in self._contacts.items())

    def add(self, other: "Budget") -> None:
        """Count what a shared question used as this target's own: it was the first to ask."""
        self.used += other.used
        self._contacts += other._contacts

    def go_on_from(self, used: Cost, contacted: Iterable[Contact]) -> None:
        """Count what was used before, when the same target was looked at already: its ceiling is for all looks together."""
        self.used += used
        self._contacts.update({(it.traffic, it.address, it.port): it.times for it in contacted})

    def charge(self, cost: Cost) -> None:
        """Take this from the budget. Raises NetworkError(budget) when the ceiling is reached."""
        total = self.used + cost
        if (
            (cost.connections and total.connections > self.ceiling.connections)
            or (cost.requests and total.requests > self.ceiling.requests)
            or (cost.queries and total.queries > self.ceiling.queries)
        ):
            raise NetworkError(Reason.BUDGET, f"the plan's ceiling is reached ({self.used})")
        if self.seconds_left <= 0:
            raise NetworkError(Reason.BUDGET, "the time set aside for this target is used up")
        self.used = total


class Deadline:
    """Phases of one connection under two bounds, its own and what is left of the target's time.

    Which bound ended a phase is told: that a service is slow is a fact about it, that our time ran out is none.
    """

    def __init__(self, seconds: float, left: float = inf) -> None:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        self._ends = (
            (now + seconds, Unobserved(Reason.TIMEOUT, f"the whole exchange took more than {seconds:g} s")),
            (now + max(left, 0.0), Unobserved(Reason.BUDGET, "the time set aside for this target is used up")),
        )

    def phase(self, seconds: float, what: str) -> "_Phase":
        """A context for `async with` that raises NetworkError after `seconds`, or when a bound above is reached."""
        own = (self._loop.time() + seconds, Unobserved(Reason.TIMEOUT, f"no {what} within {seconds:g} s"))
        when, why = min(own, *self._ends, key=itemgetter(0))
        return _Phase(when, why)


class _Phase:
    def __init__(self, when: float, why: Unobserved) -> None:
        self._timeout = asyncio.timeout_at(None if when == inf else when)
        self._why = why

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise NetworkError(self._why.reason, self._why.detail) from None


class Connection(asyncio.Protocol):
    """A TCP connection with a bounded read buffer. Errors arrive as NetworkError, the end of the stream as `b""`."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: OSError | None = None
        self._paused = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass of it

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._buffer += data
        if len(self._buffer) > READ_AHEAD_BYTES and self._transport is not None and not self._paused:
            self._transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> bool:
        """Called by the event loop; our side stays open, for the request may still be on its way."""
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._ended = True
        if isinstance(exc, OSError):
            self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> bytes:
        """Whatever has arrived, at least one octet; `b""` at the end of the stream. Raises NetworkError."""
        while not self._buffer:
            if self._error is not None:
                raise as_network_error(self._error)
            if self._ended:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._paused and self._transport is not None and not self._ended:
            self._transport.resume_reading()
            self._paused = False
        return data

    def send(self, data: bytes) -> None:
        """Queue octets for sending; our requests are small, so nothing waits for them to leave. Raises NetworkError.

        Without a transport the event loop never told us of the connection: a fault of ours, which must not read like a
        server that says nothing.
        """
        if self._transport is None:
            raise NetworkError(Reason.INTERNAL, "the connection was never handed over")
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection; what the peer still sends is refused."""
        if self._transport is None:
            return
        if self._ended:
            self._transport.close()
        else:
            self._transport.abort()


class _AddressSlot:
    """The turn-taking at one address, whoever is behind it: how many at once, how far apart, how many in a minute."""

    def __init__(self, pace: Pace) -> None:
        self.free = asyncio.Semaphore(pace.connections_per_address)
        self.users = 0
        self._interval_s = pace.interval_ms / 1000
        self._starts: deque[float] = deque(maxlen=pace.per_address_per_minute or 1)
        self._counts = pace.per_address_per_minute > 0
        self._not_before = 0.0

    @property
    def due(self) -> float:
        """The moment from which the next connection may start."""
        full = self._counts and len(self._starts) == self._starts.maxlen
        return max(self._not_before, self._starts[0] + MINUTE_S if full else 0.0)

    def start(self, now: float) -> None:
        """A connection starts."""
        self._starts.append(now)
        self._not_before = max(self._not_before, now + self._interval_s)

    def hold(self, until: float) -> None:
        """Let nothing start before."""
        self._not_before = max(self._not_before, until)

    def is_idle(self, now: float) -> bool:
        """Whether nothing is lost when it is forgotten."""
        last = self._starts[-1] + MINUTE_S if self._counts and self._starts else 0.0
        return not self.users and max(last, self._not_before) <= now


class Gate:
    """Opens connections inside the scope, a few at a time to an address, spaced, and charged to a budget.

    Waiting for a turn happens before any clock of the target starts. A slot is held by leaf input/output only, so two
    probes that wait for one another can never starve each other.
    """

    def __init__(
        self,
        scope: Scope,
        pace: Pace,
        timeouts: Timeouts,
        resolvers: frozenset[tuple[str, int]] = frozenset(),
        *,
        loopback_only: bool = False,
        hosts: frozenset[tuple[str, int]] = frozenset(),
        rules: Mapping[Traffic, Rule] = RULES,
    ) -> None:
        self.scope = scope
        self.sent: Counter[Traffic] = Counter()
        """Connections begun and queries sent, by class."""
        self.refused: Counter[Traffic] = Counter()
        """Connections and queries that were asked for and not let out, by class."""
        self._hosts = hosts
        self._rules = rules
        self._pace = pace
        self._timeouts = timeouts
        self._resolvers = resolvers
        self._loopback_only = loopback_only
        self._total = asyncio.Semaphore(pace.connections_total)
        self._queries = asyncio.Semaphore(CONCURRENT_QUERIES)
        self._slots: dict[str, _AddressSlot] = {}
        self._sweep_at = SLOTS_SWEPT_AT
        self._held: defaultdict[str, float] = defaultdict(float)

    def refusal(self, endpoint: Endpoint) -> str | None:
        """Why no probe may connect to this endpoint; None when one may."""
        refusal = self.scope.refusal(endpoint.host, endpoint.address, redirected=endpoint.source is Source.OPTION)
        if refusal is None and self._loopback_only and self.scope.is_public(endpoint.address):
            return f"{endpoint.address} is public and the profile is for this machine's own networks only"
        return refusal

    @asynccontextmanager
    async def connection(
        self, endpoint: Endpoint, budget: Budget, begun: Callable[[], None] = lambda: None
    ) -> AsyncIterator[tuple[Connection, Deadline, float]]:
        """A connection to `endpoint`, the deadline of its phases, and how long connecting took in milliseconds.

        `begun` is called when its turn has come: until then nothing was sent, and time that passed is not the target's.

        Raises NetworkError: out_of_scope, budget, timeout, refused, reset, unreachable.
        """
        self._let_out(Traffic.PROBE, self.refusal(endpoint))
        budget.charge(Cost(connections=1))
        async with self._turn(endpoint.address):
            loop = asyncio.get_running_loop()
            connection: Connection | None = None
            begun()
            started = loop.time()
            deadline = Deadline(self._timeouts.exchange_s, budget.seconds_left)
            budget.note(Traffic.PROBE, endpoint.address, endpoint.dial_port or endpoint.port)
            self.sent[Traffic.PROBE] += 1
            try:
                connection = await self._open(endpoint, deadline)
                yield connection, deadline, (loop.time() - started) * 1000
            finally:
                if connection is not None:
                    connection.close()
                budget.seconds_left -= loop.time() - started

    def hold(self, address: str, seconds: float) -> None:
        """Start nothing at this address for so long, whoever is behind it: it asked for a pause (RFC 9110 10.2.3).

        A run is held up at an address for so long at most: one service must not keep us from all others behind its proxy.
        """
        now = asyncio.get_running_loop().time()
        slot = self._slot(address)
        longer = max(0.0, now + min(seconds, HELD_AT_MOST_S) - max(slot.due, now))
        longer = min(longer, HELD_AT_MOST_S - self._held[address])
        if longer > 0:
            self._held[address] += longer
            slot.hold(max(slot.due, now) + longer)

    async def reach(self, endpoint: Endpoint, budget: Budget) -> None:
        """Connect to a host that the configuration names, say nothing, and leave (egress). Raises NetworkError."""
        refusal = never_contacted(endpoint.address)
        if refusal is None and (endpoint.host, endpoint.port) not in self._hosts:
            refusal = f"{endpoint.host}:{endpoint.port} is no host that the configuration names"
        self._let_out(Traffic.EGRESS, refusal)
        async with self._turn(endpoint.address):
            budget.note(Traffic.EGRESS, endpoint.address, endpoint.port)
            self.sent[Traffic.EGRESS] += 1
            (await self._open(endpoint, Deadline(self._timeouts.connect_s))).close()

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[None]:
        """One of the connections open at once, when it is due at this address; who waits keeps nobody else waiting."""
        slot = self._slot(address)
        slot.users += 1
        now = asyncio.get_running_loop().time
        try:
            async with slot.free:
                await self._take_turn(slot)
                try:
                    yield
                finally:
                    self._total.release()
        finally:
            slot.users -= 1
            if slot.is_idle(now()) and self._slots.get(address) is slot:
                del self._slots[address]

    async def _take_turn(self, slot: _AddressSlot) -> None:
        now = asyncio.get_running_loop().time
        while True:  # whoever starts first moves the moment on for the others at this address; each gets its turn
            if (wait := slot.due - now()) > 0:
                await asyncio.sleep(wait)
            await self._total.acquire()
            if slot.due <= now():
                slot.start(now())
                return
            self._total.release()

    def _slot(self, address: str) -> _AddressSlot:
        if (slot := self._slots.get(address)) is None:
            now = asyncio.get_running_loop().time()
            if len(self._slots) >= self._sweep_at:
                self._slots = {key: held for key, held in self._slots.items() if not held.is_idle(now)}
                self._sweep_at = max(SLOTS_SWEPT_AT, 2 * len(self._slots))
            slot = self._slots[address] = _AddressSlot(self._pace)
        return slot

    def _let_out(self, traffic: Traffic, refusal: str | None) -> None:
        """Raises NetworkError(out_of_scope) for what may not leave: a class that is off, a refusal, more than its most."""
        rule = self._rules[traffic]
        if not rule.on:
            refusal = f"{traffic} traffic is switched off"
        elif refusal is None and self.sent[traffic] >= rule.most:
            self.refused[traffic] += 1
            raise NetworkError(Reason.BUDGET, f"a run sends at most {rule.most:g} of {traffic} traffic")
        if refusal is not None:
            self.refused[traffic] += 1
            raise NetworkError(Reason.OUT_OF_SCOPE, refusal)

    async def _open(self, endpoint: Endpoint, deadline: Deadline) -> Connection:
        async with deadline.phase(self._timeouts.connect_s, "connection"):
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection, endpoint.address, endpoint.dial_port or endpoint.port
                )
            except OSError as error:
                raise as_network_error(error) from error
        return connection

    async def query(
        self,
        server: tuple[str, int],
        message: bytes,
        accept: Callable[[bytes], bool],
        budget: Budget,
        *,
        stream: bool,
    ) -> bytes:
        """Put a DNS message to a configured resolver, over UDP or (`stream`) TCP, and return the answer's octets.

        Datagrams that `accept` turns down (another id, another question) are passed over. Raises NetworkError.
        """
        known = server in self._resolvers
        self._let_out(Traffic.DNS, None if known else f"{server[0]} is not a configured resolver")
        budget.charge(Cost(queries=1))
        async with self._queries:
            budget.note(Traffic.DNS, *server)
            self.sent[Traffic.DNS] += 1
            deadline = Deadline(self._timeouts.dns_s)
            async with deadline.phase(self._timeouts.dns_s, "answer from the resolver"):
                try:
                    if stream:
                        return await _ask_stream(server, message)
                    return await _ask_datagram(server, message, accept)
                except OSError as error:
                    raise as_network_error(error) from error


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes | Exception] = asyncio.Queue(MAX_DATAGRAMS)

    def _put(self, item: bytes | Exception) -> None:
        if not self.received.full():
            self.received.put_nowait(item)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:  # noqa: ARG002 - fixed by asyncio
        self._put(data)

    def error_received(self, exc: Exception) -> None:
        self._put(exc)


async def _ask_datagram(server: tuple[str, int], message: bytes, accept: Callable[[bytes], bool]) -> bytes:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(_Datagrams, remote_addr=server)
    try:
        transport.sendto(message)
        for _ in range(MAX_DATAGRAMS):
            item = await protocol.received.get()
            if isinstance(item, Exception):
                raise item
            if accept(item):
                return item
        raise NetworkError(Reason.DNS_MALFORMED, "only answers to other questions arrived")
    finally:
        transport.close()


async def _ask_stream(server: tuple[str, int], message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(message).to_bytes(2, "big") + message)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise NetworkError(Reason.CLOSED, "the resolver closed the connection") from error
    finally:
        writer.close()


_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ECONNRESET: Reason.RESET,
    errno.EPIPE: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.ETIMEDOUT: Reason.TIMEOUT,
}


_OUR_OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""What a lack of our own looks like; it says nothing about the target and nothing about the network."""


def as_network_error(error: OSError) -> NetworkError:
    """The reason behind an operating-system error."""
    number = error.errno or 0
    if number in _OUR_OWN:
        return NetworkError(Reason.INTERNAL, f"this machine ran out of something: {os.strerror(number)}")
    return NetworkError(_BY_ERRNO.get(number, Reason.UNREACHABLE), os.strerror(number) if number else str(error))
