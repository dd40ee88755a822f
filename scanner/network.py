"""The gate: the one place where Pindai opens sockets.

Every connection and every datagram passes here, is checked against the scope, charged to its target's budget, paced per
address and bounded in time. Only probes and egress talk through it; the collector and the engine hold it (a test enforces
both). Operating-system errors become `NetworkError` here and nowhere else.
"""

import asyncio
import errno
import os
import socket
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
READ_AT_ONCE_BYTES = 65_536
CONCURRENT_QUERIES = 16
CUT_SHORT = "the server closed the connection before its answer was complete"
ONE_CONNECTION = Cost(connections=1)
MAX_DATAGRAMS = 64
"""Stray datagrams looked at while waiting for one answer."""
DATAGRAMS_SENT_AT_MOST = 32
DATAGRAMS_RECEIVED_AT_MOST = 128
DATAGRAM_BYTES_AT_MOST = 131_072
"""What one conversation in datagrams may come to, either way: enough for a handshake with a long chain."""


HTTP_PORT = 80
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


class NotConnectedError(NetworkError):
    """The port did not take the connection."""


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
ASKING_ISSUERS: Mapping[Traffic, Rule] = MappingProxyType({**RULES, Traffic.PKI: Rule(most=5000)})
"""The same where the configuration allows that issuers of certificates are asked."""


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


_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EAGAIN, errno.EALREADY})
"""What `connect` says of a connection that stands, or is on its way."""


class _Talk:
    """One connection for one question and its answer, straight on a socket that the event loop watches.

    Closing it leaves nothing half open: an answer that was not read to its end is cut off by a reset.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, sent: bytes, over: Callable[[bytes], bool]) -> None:
        self._loop = loop
        self._to_send = sent
        self._over = over
        self._told: asyncio.Future[None] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._watched = 0
        self._stands = False

    async def hold(self, address: str, port: int, connect_s: float, answer_s: float) -> None:
        """Raises NetworkError, NotConnectedError while no connection stands."""
        self._answer_s = answer_s
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise as_network_error(error) from error
        number = self._socket.fileno()
        try:
            where = (address, port) if family == socket.AF_INET else _address6(address, port)
            if (trouble := self._socket.connect_ex(where)) not in _UNDER_WAY:
                raise OSError(trouble, os.strerror(trouble))
            try:
                self._sent(self._socket.send(self._to_send))  # within one machine the connection stands by now
                self._stand()
            except BlockingIOError:
                self._loop.add_writer(number, self._connected)
                self._watched = 2
                self._timer = self._loop.call_later(connect_s, self._late, f"no connection within {connect_s:g} s")
            await self._told
        except OSError as error:
            raise self._where(as_network_error(error)) from error
        except NetworkError as error:
            raise self._where(error) from None
        finally:
            if self._watched & 2:
                self._loop.remove_writer(number)
            if self._watched & 1:
                self._loop.remove_reader(number)
            if self._timer is not None:
                self._timer.cancel()
            self._socket.close()

    def _where(self, error: NetworkError) -> NetworkError:
        """The same error, told from one on a connection that stands."""
        why = error.unobserved
        return error if self._stands else NotConnectedError(why.reason, why.detail)

    def _late(self, what: str) -> None:
        self._fail(NetworkError(Reason.TIMEOUT, what))

    def _fail(self, error: Exception) -> None:
        if not self._told.done():
            self._told.set_exception(error)

    def _connected(self) -> None:
        if self._told.done():
            return
        if number := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail(OSError(number, os.strerror(number)))
            return
        if not self._stands:
            self._stand()
        try:
            self._sent(self._socket.send(self._to_send))
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)

    def _sent(self, count: int) -> None:
        """So much was sent; the rest will be when there is room for it."""
        self._to_send = self._to_send[count:]
        if self._to_send and not self._watched & 2:
            self._loop.add_writer(self._socket.fileno(), self._connected)
            self._watched |= 2
        elif not self._to_send and self._watched & 2:
            self._loop.remove_writer(self._socket.fileno())
            self._watched &= ~2

    def _stand(self) -> None:
        """The connection stands: wait for an answer."""
        self._stands = True
        self._loop.add_reader(self._socket.fileno(), self._readable)
        self._watched |= 1
        if self._timer is not None:
            self._timer.cancel()
        late = f"no complete answer within {self._answer_s:g} s"
        self._timer = self._loop.call_later(self._answer_s, self._late, late)

    def _readable(self) -> None:
        if self._told.done():
            return
        try:
            data = self._socket.recv(READ_AT_ONCE_BYTES)
            if not data:
                self._fail(NetworkError(Reason.CLOSED, CUT_SHORT))
            elif self._over(data):
                self._told.set_result(None)
        except BlockingIOError:
            return
        except Exception as error:  # noqa: BLE001 - also what `over` raises: it belongs to whoever asked
            self._fail(error)


def _address6(address: str, port: int) -> tuple[str, int, int, int]:
    """The address with the number of the interface that a link-local one names."""
    plain, _, zone = address.partition("%")
    try:
        return plain, port, 0, (int(zone) if zone.isdigit() else socket.if_nametoindex(zone)) if zone else 0
    except OSError as error:
        raise NetworkError(Reason.UNREACHABLE, f"this machine has no interface {zone}") from error


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
        self._judged: tuple[Endpoint | None, str | None] = (None, None)
        """The last place of a short conversation, and why none may be had there."""
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
        async with self._connected(Traffic.PROBE, endpoint, budget, begun) as connected:
            yield connected

    def issuer_refusal(self, endpoint: Endpoint) -> str | None:
        """Why nobody may be asked here who issued a certificate; None when somebody may.

        Issuers are on the internet, at port 80; at other addresses and ports, only what the scope lets us scan is asked.
        """
        if (refusal := never_contacted(endpoint.address)) is not None:
            return refusal
        if self.refusal(endpoint) is None:
            return None
        if not self.scope.is_public(endpoint.address) or (endpoint.dial_port or endpoint.port) != HTTP_PORT:
            return f"{endpoint.address} is neither in the scope nor a public address at port {HTTP_PORT}"
        if self._loopback_only:
            return f"{endpoint.address} is public and the profile is for this machine's own networks only"
        return None

    @asynccontextmanager
    async def issuer_connection(self, endpoint: Endpoint, budget: Budget) -> AsyncIterator[tuple[Connection, Deadline]]:
        """A connection to a place where a certificate says that its issuer is asked (pki), and the deadline of its phases.

        Raises NetworkError as `connection` does.
        """
        self._let_out(Traffic.PKI, self.issuer_refusal(endpoint))
        async with self._connected(Traffic.PKI, endpoint, budget) as (connection, deadline, _):
            yield connection, deadline

    @asynccontextmanager
    async def _connected(
        self, traffic: Traffic, endpoint: Endpoint, budget: Budget, begun: Callable[[], None] = lambda: None
    ) -> AsyncIterator[tuple[Connection, Deadline, float]]:
        budget.charge(Cost(connections=1))
        async with self._turn(endpoint.address):
            loop = asyncio.get_running_loop()
            connection: Connection | None = None
            begun()
            started = loop.time()
            deadline = Deadline(self._timeouts.exchange_s, budget.seconds_left)
            budget.note(traffic, endpoint.address, endpoint.dial_port or endpoint.port)
            self.sent[traffic] += 1
            try:
                connection = await self._open(endpoint, deadline)
                yield connection, deadline, (loop.time() - started) * 1000
            finally:
                if connection is not None:
                    connection.close()
                budget.seconds_left -= loop.time() - started

    async def exchange(
        self, endpoint: Endpoint, budget: Budget, sent: bytes, over: Callable[[bytes], bool], answer_s: float
    ) -> float:
        """One short conversation: connect, send, hand what comes to `over` until it says true, close. Milliseconds it took.

        The same rules as for `connection`, at half its work, for probes that ask many small questions. `answer_s` is the
        longest wait for an answer after the connection stands.

        Raises NetworkError: out_of_scope, budget, timeout, refused, reset, unreachable, and closed when the stream ends
        before `over` is content.
        """
        if self._judged[0] is not endpoint:
            self._judged = endpoint, self.refusal(endpoint)
        self._let_out(Traffic.PROBE, self._judged[1])
        budget.charge(ONE_CONNECTION)
        address = endpoint.address
        slot = self._slot(address)
        slot.users += 1
        loop = asyncio.get_running_loop()
        try:
            async with slot.free:
                await self._take_turn(slot)
                started = loop.time()
                try:
                    port = endpoint.dial_port or endpoint.port
                    budget.note(Traffic.PROBE, address, port)
                    self.sent[Traffic.PROBE] += 1
                    talk = _Talk(loop, sent, over)
                    left = min(budget.seconds_left, self._timeouts.exchange_s)
                    try:
                        await talk.hold(address, port, min(self._timeouts.connect_s, left), min(answer_s, left))
                    except NetworkError as error:
                        spent = loop.time() - started >= budget.seconds_left
                        if spent and error.unobserved.reason is Reason.TIMEOUT:
                            detail = "the time set aside for this target is used up"
                            raise NetworkError(Reason.BUDGET, detail) from None
                        raise
                    return (loop.time() - started) * 1000
                finally:
                    budget.seconds_left -= loop.time() - started
                    self._total.release()
        finally:
            slot.users -= 1
            if slot.is_idle(loop.time()) and self._slots.get(address) is slot:
                del self._slots[address]

    @asynccontextmanager
    async def datagrams(self, endpoint: Endpoint, budget: Budget) -> AsyncIterator[tuple["Datagrams", Deadline]]:
        """A conversation in datagrams (UDP) with `endpoint`, and the deadline of its phases.

        The same rules as for `connection`, and it costs as much; what is sent and taken has a most. Only datagrams from the
        endpoint itself arrive.

        Raises NetworkError: out_of_scope, budget, timeout, refused, unreachable, too_large.
        """
        self._let_out(Traffic.PROBE, self.refusal(endpoint))
        budget.charge(ONE_CONNECTION)
        async with self._turn(endpoint.address):
            loop = asyncio.get_running_loop()
            started = loop.time()
            deadline = Deadline(self._timeouts.exchange_s, budget.seconds_left)
            address, port = endpoint.address, endpoint.dial_port or endpoint.port
            budget.note(Traffic.PROBE, address, port)
            self.sent[Traffic.PROBE] += 1
            transport: asyncio.DatagramTransport | None = None
            try:
                try:
                    transport, protocol = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(address, port))
                except OSError as error:
                    raise as_network_error(error) from error
                yield Datagrams(transport, protocol), deadline
            finally:
                if transport is not None:
                    transport.close()
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


class Datagrams:
    """A bounded conversation in datagrams with one endpoint."""

    def __init__(self, transport: asyncio.DatagramTransport, protocol: _Datagrams) -> None:
        self._transport = transport
        self._protocol = protocol
        self._sent = 0
        self._bytes = 0
        self.received = 0
        """Datagrams that came."""

    def send(self, data: bytes) -> None:
        """Send one. Raises NetworkError(too_large) when the most is reached."""
        self._sent += 1
        if self._sent > DATAGRAMS_SENT_AT_MOST:
            raise NetworkError(Reason.TOO_LARGE, f"more than {DATAGRAMS_SENT_AT_MOST} datagrams to be sent")
        self._transport.sendto(data)

    async def receive(self, wait_s: float) -> bytes | None:
        """The next one that comes, None when none came for so long. Raises NetworkError."""
        try:
            async with asyncio.timeout(max(wait_s, 0.0)):
                item = await self._protocol.received.get()
        except TimeoutError:
            return None
        if isinstance(item, OSError):
            raise as_network_error(item)
        if isinstance(item, Exception):
            raise item
        self.received += 1
        self._bytes += len(item)
        if self.received > DATAGRAMS_RECEIVED_AT_MOST or self._bytes > DATAGRAM_BYTES_AT_MOST:
            raise NetworkError(Reason.TOO_LARGE, f"more than {DATAGRAM_BYTES_AT_MOST} octets in datagrams, or too many")
        return item


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
