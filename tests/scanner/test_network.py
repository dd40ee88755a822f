"""The gate, against real loopback servers: scope, limits, pacing, budgets, time-outs, and slots that are given back."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import dns.message
import msgspec
import pytest
from faults import BEHAVIOURS, FaultyNameserver, serving

from scanner.network import (
    ASKING_ISSUERS,
    DATAGRAM_BYTES_AT_MOST,
    DATAGRAMS_RECEIVED_AT_MOST,
    DATAGRAMS_SENT_AT_MOST,
    READ_AHEAD_BYTES,
    RULES,
    Budget,
    Connection,
    Contact,
    Cost,
    Deadline,
    Gate,
    NetworkError,
    Rule,
    Traffic,
    as_network_error,
)
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason
from scanner.profiles import Pace, Timeouts
from scanner.scope import Scope

T = TypeVar("T")
HERE = "127.0.0.1"
PATIENT_S = 20.0
PACE = Pace(targets_at_once=4, connections_total=64, connections_per_address=2, interval_ms=0, retry_pause_s=0.01)
TIMEOUTS = Timeouts(
    dns_s=5.0, connect_s=5.0, tls_s=5.0, answer_s=5.0, body_s=5.0, exchange_s=PATIENT_S, target_s=PATIENT_S
)
LOOPBACK = Scope(names=("a.test",), networks=("127.0.0.0/8", "::1/128"))


def gate(scope: Scope = LOOPBACK, *, timeouts: dict[str, float] | None = None, **pace: int) -> Gate:
    paced, timed = msgspec.structs.replace(PACE, **pace), msgspec.structs.replace(TIMEOUTS, **(timeouts or {}))
    return Gate(scope, paced, timed)


def budget(connections: int = 100, requests: int = 100, queries: int = 100, seconds: float = PATIENT_S) -> Budget:
    return Budget(Cost(connections, requests, queries), seconds)


def endpoint(port: int, address: str = HERE, *, host: str = "", **fields: Any) -> Endpoint:
    return Endpoint(host or address, port, address, fields.get("source", Source.LITERAL), fields.get("dial_port", 0))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, or fail: nothing here may hang."""
    return asyncio.run(asyncio.wait_for(work, PATIENT_S))


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(converse: Conversation, address: str = HERE) -> AsyncIterator[int]:
    """A server on a free port; conversations that still go on at the end are cancelled."""
    going_on: set[asyncio.Task[None]] = set()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        going_on.add(task)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await converse(reader, writer)
        finally:
            going_on.discard(task)
            writer.transport.abort()

    listening = await asyncio.start_server(hold, address, 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        listening.close()
        for task in [*going_on]:
            task.cancel()
        if going_on:
            await asyncio.wait([*going_on])


class Counted:
    """Counts conversations: a client says `in` and waits for the answer, says `out` and waits again."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.served = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        self.now += 1
        self.most = max(self.most, self.now)
        writer.write(b"+")
        await reader.readexactly(1)
        self.now -= 1
        self.served += 1
        writer.write(b"-")


async def visit(
    it: Gate, place: Endpoint, purse: Budget | None = None, *, stay: Callable[[], Awaitable[None]] | None = None
) -> None:
    """One conversation with `Counted` through the gate."""
    async with it.connection(place, purse or budget()) as (connection, _, _):
        connection.send(b"i")
        assert await connection.receive() == b"+"
        await (stay or _a_moment)()
        connection.send(b"o")
        assert await connection.receive() == b"-"


async def _a_moment() -> None:
    await asyncio.sleep(0.01)


def reason_of(error: pytest.ExceptionInfo[NetworkError]) -> Reason:
    return error.value.unobserved.reason


async def nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Hang up at once."""


# --- scope --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "scope"),
    [
        (endpoint(1, host="b.test"), LOOPBACK),
        (endpoint(1, "10.0.0.1", host="a.test"), LOOPBACK),
        (endpoint(80, "169.254.169.254", host="a.test"), Scope(names=("a.test",), networks=("0.0.0.0/0",))),
        (endpoint(80, "169.254.169.254", host="a.test", source=Source.OPTION), LOOPBACK),
        (endpoint(80, "64:ff9b::a9fe:a9fe", host="a.test"), Scope(names=("a.test",), networks=("::/0",))),
    ],
)
def test_outside_the_scope_nothing_is_opened_and_nothing_is_charged(place: Endpoint, scope: Scope) -> None:
    async def go() -> None:
        it, purse = gate(scope), budget()
        with pytest.raises(NetworkError) as error:
            async with it.connection(place, purse):
                pass
        assert reason_of(error) is Reason.OUT_OF_SCOPE
        assert (purse.used, it.sent[Traffic.PROBE]) == (Cost(), 0)

    run(go())


def test_a_profile_for_this_machine_never_leaves_it() -> None:
    wide = Scope(names=("a.test",))
    public = endpoint(443, "93.184.216.34", host="a.test")
    assert Gate(wide, PACE, TIMEOUTS).refusal(public) is None
    refusal = Gate(wide, PACE, TIMEOUTS, loopback_only=True).refusal(public)
    assert refusal is not None
    assert "public" in refusal
    assert Gate(LOOPBACK, PACE, TIMEOUTS, loopback_only=True).refusal(endpoint(443)) is None


OFF = Rule(on=False)
ONCE = Rule(most=1)


def every(rule: Rule) -> dict[Traffic, Rule]:
    return dict.fromkeys(Traffic, rule)


def test_a_class_of_traffic_that_is_switched_off_stays_off() -> None:
    async def go() -> None:
        silent = Gate(LOOPBACK, PACE, TIMEOUTS, frozenset({(HERE, 53)}), hosts=frozenset({(HERE, 1)}), rules=every(OFF))
        with pytest.raises(NetworkError, match="probe traffic is switched off"):
            async with silent.connection(endpoint(1), budget()):
                pass
        with pytest.raises(NetworkError, match="dns traffic is switched off"):
            await silent.query((HERE, 53), b"", lambda _: True, budget(), stream=False)
        with pytest.raises(NetworkError, match="egress traffic is switched off"):
            await silent.reach(endpoint(1), budget())
        assert not silent.sent
        assert silent.refused == {Traffic.PROBE: 1, Traffic.DNS: 1, Traffic.EGRESS: 1}

    run(go())


def test_certificates_and_revocation_lists_are_not_fetched_unless_somebody_says_so() -> None:
    assert not RULES[Traffic.PKI].on


@pytest.mark.parametrize(
    ("host", "address", "port", "goes"),
    [
        ("ocsp.elsewhere.example", "93.184.216.34", 80, True),
        ("ocsp.elsewhere.example", "93.184.216.34", 8080, False),  # no certificate sends us to any port it likes
        ("ocsp.elsewhere.example", "127.0.0.1", 80, False),  # the scope names the network, but not the host
        ("ocsp.elsewhere.example", "10.0.0.1", 80, False),
        ("ocsp.elsewhere.example", "169.254.169.254", 80, False),
        ("a.test", "169.254.169.254", 80, False),
        ("a.test", "10.0.0.1", 80, False),
        ("a.test", "127.0.0.1", 8080, True),
        ("a.test", "93.184.216.34", 8080, True),  # what may be scanned may be asked, too
    ],
)
def test_where_issuers_may_be_asked(host: str, address: str, port: int, goes: bool) -> None:
    it = Gate(LOOPBACK, PACE, TIMEOUTS, rules=ASKING_ISSUERS)
    assert (it.issuer_refusal(endpoint(port, address, host=host)) is None) is goes


def test_a_profile_for_this_machine_asks_no_issuer_elsewhere() -> None:
    local = Gate(LOOPBACK, PACE, TIMEOUTS, loopback_only=True, rules=ASKING_ISSUERS)
    assert local.issuer_refusal(endpoint(80, "93.184.216.34", host="ocsp.elsewhere.example")) is not None


def test_issuers_are_asked_in_a_class_of_their_own() -> None:
    async def go() -> None:
        async with server(Counted().converse) as port:
            place, spent = endpoint(port, host="a.test"), budget()
            with pytest.raises(NetworkError, match="pki traffic is switched off"):
                async with Gate(LOOPBACK, PACE, TIMEOUTS).issuer_connection(place, budget()):
                    pass
            it = Gate(LOOPBACK, PACE, TIMEOUTS, rules=ASKING_ISSUERS)
            async with it.issuer_connection(place, spent):
                pass
            assert spent.contacted == (Contact(Traffic.PKI, HERE, port, 1),)
            assert spent.used == Cost(connections=1)
            assert it.sent == {Traffic.PKI: 1}

    run(go())


def test_a_class_of_traffic_has_a_most_of_its_own() -> None:
    async def go() -> None:
        async with server(Counted().converse) as port:
            it = Gate(LOOPBACK, PACE, TIMEOUTS, hosts=frozenset({(HERE, port)}), rules=every(ONCE))
            await visit(it, endpoint(port))
            with pytest.raises(NetworkError, match="a run sends at most 1 of probe traffic") as error:
                await visit(it, endpoint(port))
            assert reason_of(error) is Reason.BUDGET
            await it.reach(endpoint(port), budget())  # another class: its own count

    run(go())


def test_egress_goes_to_configured_hosts_only_whatever_the_scope_says() -> None:
    async def go() -> None:
        counted = Counted()
        async with server(counted.converse) as port:
            named = endpoint(port, host="www.reference.test")
            spent = budget()
            it = Gate(Scope(), PACE, TIMEOUTS, hosts=frozenset({("www.reference.test", port)}))
            await it.reach(named, spent)
            assert spent.contacted == (Contact(Traffic.EGRESS, HERE, port, 1),)
            for other in (endpoint(port, host="www.other.test"), endpoint(port + 1, host="www.reference.test")):
                with pytest.raises(NetworkError, match="no host that the configuration names"):
                    await it.reach(other, budget())
            inside = Gate(LOOPBACK, PACE, TIMEOUTS)
            with pytest.raises(NetworkError, match="no host that the configuration names"):
                await inside.reach(endpoint(port), budget())

    run(go())


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "255.255.255.255"])
def test_egress_never_goes_to_metadata_either(address: str) -> None:
    async def go() -> None:
        it = Gate(Scope(), PACE, TIMEOUTS, hosts=frozenset({("evil.test", 80)}))
        with pytest.raises(NetworkError) as error:
            await it.reach(endpoint(80, address, host="evil.test"), budget())
        assert reason_of(error) is Reason.OUT_OF_SCOPE

    run(go())


def test_a_budget_notes_who_was_contacted() -> None:
    async def go() -> None:
        async with server(Counted().converse) as port, FaultyNameserver() as nameserver:
            resolver = (nameserver.address, nameserver.port)
            it = Gate(LOOPBACK, PACE, TIMEOUTS, frozenset({resolver}))
            spent, shared = budget(), budget()
            await visit(it, endpoint(port), spent)
            await visit(it, endpoint(port), spent)
            query = dns.message.make_query("ok.fault.test", "A").to_wire()
            await it.query(resolver, query, lambda wire: wire[:2] == query[:2], shared, stream=False)
            spent.add(shared)
            assert spent.contacted == (
                Contact(Traffic.PROBE, HERE, port, 2),
                Contact(Traffic.DNS, *resolver, 1),
            )
            assert spent.used == Cost(connections=2, queries=1)

    run(go())


def test_the_operators_port_is_dialled() -> None:
    async def go() -> None:
        counted = Counted()
        async with server(counted.converse) as port:
            await visit(gate(), endpoint(443, dial_port=port, source=Source.OPTION))
        assert counted.served == 1

    run(go())


# --- limits -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_no_more_connections_at_once_to_an_address_than_allowed(limit: int) -> None:
    async def go() -> None:
        counted = Counted()
        async with server(counted.converse) as port:
            it = gate(connections_per_address=limit)
            async with asyncio.TaskGroup() as group:
                for _ in range(9):
                    group.create_task(visit(it, endpoint(port)))
        assert (counted.most, counted.served, counted.now) == (limit, 9, 0)

    run(go())


def test_names_and_ports_share_the_limit_of_their_address() -> None:
    async def go() -> None:
        counted = Counted()
        async with server(counted.converse) as one, server(counted.converse) as two:
            it = gate(connections_per_address=1)
            places = [endpoint(one), endpoint(two), endpoint(one, host="a.test")] * 2
            async with asyncio.TaskGroup() as group:
                for place in places:
                    group.create_task(visit(it, place))
        assert (counted.most, counted.served) == (1, 6)

    run(go())


def test_addresses_have_limits_of_their_own() -> None:
    async def go() -> None:
        counted, met = Counted(), asyncio.Barrier(2)
        async with server(counted.converse, "127.0.0.1") as one, server(counted.converse, "127.0.0.2") as two:
            it = gate(connections_per_address=1)

            async def together() -> None:
                async with met:
                    pass

            async with asyncio.TaskGroup() as group:
                group.create_task(visit(it, endpoint(one, "127.0.0.1"), stay=together))
                group.create_task(visit(it, endpoint(two, "127.0.0.2"), stay=together))
        assert counted.most == 2

    run(go())


def test_no_more_connections_in_all_than_allowed() -> None:
    async def go() -> None:
        counted = Counted()
        async with contextlib.AsyncExitStack() as stack:
            it = gate(connections_total=2)
            places = [
                endpoint(await stack.enter_async_context(server(counted.converse, address)), address)
                for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
            ]
            async with asyncio.TaskGroup() as group:
                for place in places * 2:
                    group.create_task(visit(it, place))
        assert (counted.most, counted.served) == (2, 8)

    run(go())


# --- pacing -------------------------------------------------------------------------------------------------


def test_connections_to_an_address_are_spaced() -> None:
    async def go() -> None:
        interval_s = 0.05
        async with server(nothing) as port:
            it, begun = gate(interval_ms=50, connections_per_address=8), []
            loop = asyncio.get_running_loop()
            start = loop.time()

            async def connect() -> None:
                async with it.connection(endpoint(port), budget()):
                    begun.append(loop.time() - start)

            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(connect())
            await connect()
        # The n-th may begin after n intervals at the earliest; how much later is the machine's affair.
        assert all(at >= number * interval_s - 0.001 for number, at in enumerate(sorted(begun)))

    run(go())


def test_an_address_that_was_left_alone_is_forgotten_and_one_that_was_not_is_remembered() -> None:
    async def go() -> None:
        async with server(nothing) as port, server(nothing, "127.0.0.2") as other:
            it = gate(interval_ms=300)
            loop = asyncio.get_running_loop()
            start = loop.time()
            for place in (endpoint(port), endpoint(other, "127.0.0.2"), endpoint(port)):
                async with it.connection(place, budget()):
                    pass
            assert loop.time() - start >= 0.299, "the pause before the second visit was forgotten"

    run(go())


# --- budgets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "fits"),
    [
        (Cost(2, 2, 2), True),
        (Cost(), True),
        (Cost(3, 0, 0), False),
        (Cost(0, 3, 0), False),
        (Cost(0, 0, 3), False),
    ],
)
def test_ceilings(cost: Cost, fits: bool) -> None:
    purse = budget(2, 2, 2)
    if fits:
        purse.charge(cost)
        assert purse.used == cost
    else:
        with pytest.raises(NetworkError) as error:
            purse.charge(cost)
        assert reason_of(error) is Reason.BUDGET
        assert purse.used == Cost(), "what was refused is not charged"


def test_costs_add_up() -> None:
    assert Cost(1, 2, 3) + Cost(1, 1, 1) == Cost(2, 3, 4)
    assert Cost(1, 2, 3).times(3) == Cost(3, 6, 9)
    assert Cost(1).total([Cost(1), Cost(0, 1)]) == Cost(2, 1)


def test_the_ceiling_of_connections_is_held() -> None:
    async def go() -> None:
        async with server(nothing) as port:
            it, purse = gate(), budget(connections=2)
            for _ in range(2):
                async with it.connection(endpoint(port), purse):
                    pass
            with pytest.raises(NetworkError) as error:
                async with it.connection(endpoint(port), purse):
                    pass
            assert reason_of(error) is Reason.BUDGET
            assert (purse.used.connections, it.sent[Traffic.PROBE]) == (2, 2)

    run(go())


def test_the_time_set_aside_for_a_target_ends() -> None:
    async def go() -> None:
        async with server(nothing) as port:
            it, purse = gate(), budget(seconds=0.05)
            async with it.connection(endpoint(port), purse):
                await asyncio.sleep(0.1)
            assert purse.seconds_left <= 0
            with pytest.raises(NetworkError) as error:
                async with it.connection(endpoint(port), purse):
                    pass
            assert reason_of(error) is Reason.BUDGET

    run(go())


def test_one_connection_cannot_outlive_the_targets_time() -> None:
    async def go() -> None:
        async with serving(BEHAVIOURS["silent"]) as served:
            opening = gate().connection(endpoint(served.port), budget(seconds=0.1))
            with pytest.raises(NetworkError) as error:
                async with opening as (connection, deadline, _), deadline.phase(60.0, "answer"):
                    await connection.receive()
            assert reason_of(error) is Reason.BUDGET, "that our time ran out is no fact about the service"

    run(go())


def test_waiting_in_a_queue_does_not_use_the_targets_time() -> None:
    async def go() -> None:
        async with server(Counted().converse) as port:
            it, first, second = gate(connections_per_address=1), asyncio.Event(), budget(seconds=5.0)
            holding = asyncio.create_task(visit(it, endpoint(port), stay=lambda: asyncio.sleep(1.0)))
            holding.add_done_callback(lambda _: first.set())
            await asyncio.sleep(0.1)
            async with it.connection(endpoint(port), second):
                assert first.is_set(), "the second waited for the first"
            await holding
            assert second.seconds_left > 4.5, "the wait of a second was charged"

    run(go())


def test_an_address_gets_so_many_connections_a_minute_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.network.MINUTE_S", 0.6)

    async def go() -> list[float]:
        async with server(Counted().converse) as port:
            it, begun = gate(per_address_per_minute=3, connections_per_address=8), []
            clock = asyncio.get_running_loop().time
            start = clock()

            async def one() -> None:
                async with it.connection(endpoint(port), budget()):
                    begun.append(clock() - start)

            await asyncio.gather(*(one() for _ in range(7)))
            return begun

    begun = sorted(run(go()))
    assert begun[2] < 0.6 <= begun[3]
    assert begun[5] < 1.2 <= begun[6]


def test_a_pause_asked_for_holds_the_address_and_no_other() -> None:
    async def go() -> tuple[float, float]:
        async with server(Counted().converse) as here, server(Counted().converse, "127.0.0.2") as there:
            it = gate(connections_total=1)
            clock = asyncio.get_running_loop().time
            it.hold(HERE, 0.5)
            start = clock()
            held = asyncio.create_task(visit(it, endpoint(here)))
            await asyncio.sleep(0)
            await visit(it, endpoint(there, "127.0.0.2"))  # although only one connection may be open at once
            other = clock() - start
            await held
            return other, clock() - start

    other, held = run(go())
    assert other < 0.5 <= held


def test_one_service_does_not_hold_up_all_behind_its_proxy_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.network.HELD_AT_MOST_S", 1)

    async def go() -> tuple[float, float]:
        async with server(Counted().converse) as here:
            it = gate()
            clock = asyncio.get_running_loop().time
            start = clock()
            for _ in range(10):
                it.hold(HERE, 0.7)  # the same pause, asked for by ten
            await visit(it, endpoint(here))
            first = clock() - start
            for seconds in (300.0, 600.0):
                it.hold(HERE, seconds)
            await visit(it, endpoint(here))
            return first, clock() - start

    first, second = run(go())
    assert first >= 0.7
    assert 1.0 <= second < 300.0


def test_a_budget_for_a_minute_outlives_a_pause_between_two_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.network.MINUTE_S", 0.6)

    async def go() -> float:
        async with server(Counted().converse) as port:
            it = gate(per_address_per_minute=1)
            start = asyncio.get_running_loop().time()
            await visit(it, endpoint(port))
            await asyncio.sleep(0.05)
            await visit(it, endpoint(port))
            return asyncio.get_running_loop().time() - start

    assert run(go()) >= 0.6


def test_waiting_for_the_pace_does_not_use_the_targets_time() -> None:
    async def go() -> None:
        async with server(nothing) as port:
            it, purse = gate(interval_ms=1000), budget(seconds=5.0)
            for _ in range(2):
                async with it.connection(endpoint(port), purse):
                    pass
            assert purse.seconds_left > 4.5

    run(go())


# --- time-outs ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def deaf_port() -> Any:
    """A port whose queue of connections is full: the kernel answers nobody any more."""
    listener = socket.socket()
    waiting: list[socket.socket] = []
    try:
        listener.bind((HERE, 0))
        listener.listen(0)
        for _ in range(8):
            client = socket.socket()
            waiting.append(client)
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
    finally:
        for it in (*waiting, listener):
            it.close()


def test_connecting_has_a_time_out() -> None:
    async def go() -> None:
        with deaf_port() as port:
            it, purse = gate(timeouts={"connect_s": 0.2}), budget()
            with pytest.raises(NetworkError, match=r"no connection within 0\.2 s") as error:
                async with it.connection(endpoint(port), purse):
                    pass
            assert reason_of(error) is Reason.TIMEOUT
            assert purse.used == Cost(connections=1)
            assert purse.seconds_left < PATIENT_S, "it was the target's slowness"

    run(go())


def test_a_phase_ends_in_its_own_words() -> None:
    async def go() -> None:
        deadline = Deadline(60.0)
        with pytest.raises(NetworkError, match=r"no end of the TLS handshake within 0\.05 s") as error:
            async with deadline.phase(0.05, "end of the TLS handshake"):
                await asyncio.sleep(60)
        assert reason_of(error) is Reason.TIMEOUT
        async with deadline.phase(60.0, "answer"):
            pass

    run(go())


def test_all_phases_together_have_a_bound() -> None:
    async def go() -> None:
        deadline = Deadline(0.1)

        async def phase_after_phase() -> None:
            for _ in range(100):
                async with deadline.phase(60.0, "answer"):
                    await asyncio.sleep(0.02)

        with pytest.raises(NetworkError) as error:
            await phase_after_phase()
        assert reason_of(error) is Reason.TIMEOUT

    run(go())


def test_a_time_out_of_our_caller_is_not_taken_for_the_targets() -> None:
    async def go() -> None:
        deadline = Deadline(60.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), deadline.phase(60.0, "answer"):
                await asyncio.sleep(60)

    run(go())


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ECONNREFUSED, Reason.REFUSED),
        (errno.ECONNRESET, Reason.RESET),
        (errno.EPIPE, Reason.RESET),
        (errno.ETIMEDOUT, Reason.TIMEOUT),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
    ],
)
def test_reasons_behind_errors_of_the_system(number: int, reason: Reason) -> None:
    found = as_network_error(OSError(number, "x")).unobserved
    assert found.reason is reason
    assert found.detail


async def everything_from(place: Endpoint) -> bytes:
    """What a server says before it ends; the end stays the end, and we may still speak."""
    heard = b""
    async with gate().connection(place, budget()) as (connection, _, _):
        while data := await connection.receive():
            heard += data
        assert await connection.receive() == b""
        connection.send(b"still allowed")
    return heard


def test_a_refused_connection_is_refused() -> None:
    async def go() -> None:
        async with serving(BEHAVIOURS["refused"]) as served:
            with pytest.raises(NetworkError) as error:
                async with gate().connection(endpoint(served.port), budget()):
                    pass
            assert reason_of(error) is Reason.REFUSED

    run(go())


def test_a_reset_is_told_apart_from_an_end() -> None:
    async def go() -> None:
        async with serving(BEHAVIOURS["reset"]) as served:
            with pytest.raises(NetworkError) as error:
                await everything_from(endpoint(served.port))
            assert reason_of(error) is Reason.RESET

        async def last_words(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"bye")
            writer.write_eof()
            await writer.drain()
            await asyncio.sleep(PATIENT_S)

        async with server(last_words) as port:
            assert await everything_from(endpoint(port)) == b"bye"

    run(go())


# --- a fast server cannot fill our memory -------------------------------------------------------------------


def test_reading_ahead_is_bounded() -> None:
    async def go() -> None:
        flood, sent = 256 * 1024 * 1024, 0

        async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            while sent < flood:
                writer.write(bytes(65536))
                await writer.drain()
                sent += 65536

        async with server(pour) as port, gate().connection(endpoint(port), budget()) as (connection, _, _):
            before = -1
            while sent > before or not sent:  # until the server is stopped by nobody reading
                before = sent
                await asyncio.sleep(0.3)
            assert sent < flood // 4
            first = await connection.receive()
            assert READ_AHEAD_BYTES < len(first) <= READ_AHEAD_BYTES + 262_144
            while sent <= before:  # reading goes on where it stopped
                await connection.receive()

    run(go())


def test_a_connection_that_is_not_made_yet_can_be_closed() -> None:
    Connection().close()


# --- slots are given back -----------------------------------------------------------------------------------


async def _is_free(it: Gate, port: int) -> None:
    """The only slot is free again: a visit gets through."""
    await asyncio.wait_for(visit(it, endpoint(port)), PATIENT_S / 4)


def test_after_an_error_the_slot_is_free() -> None:
    async def go() -> None:
        async with server(Counted().converse) as port:
            it = gate(connections_per_address=1, connections_total=1)
            with pytest.raises(ZeroDivisionError):
                async with it.connection(endpoint(port), budget()):
                    raise ZeroDivisionError
            async with serving(BEHAVIOURS["refused"]) as served:
                for _ in range(3):
                    with pytest.raises(NetworkError):
                        async with it.connection(endpoint(served.port), budget()):
                            pass
            await _is_free(it, port)

    run(go())


@pytest.mark.parametrize("at", ["holding", "queueing", "pacing", "connecting"])
def test_after_cancellation_the_slot_is_free(at: str) -> None:
    async def go() -> None:
        with deaf_port() as deaf:
            async with server(Counted().converse) as port:
                interval = 500 if at == "pacing" else 0
                it = gate(connections_per_address=1, connections_total=1, interval_ms=interval)
                leave = asyncio.Event()
                holder = asyncio.create_task(visit(it, endpoint(port), stay=leave.wait)) if at != "connecting" else None  # type: ignore[arg-type]  # an Event's wait says True
                await asyncio.sleep(0.1)
                if at == "holding":
                    assert holder is not None
                    cancelled, holder = holder, None
                else:
                    if at == "pacing":
                        leave.set()
                    place = endpoint(deaf if at == "connecting" else port)
                    cancelled = asyncio.create_task(visit(it, place))
                    await asyncio.sleep(0.2)
                cancelled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cancelled
                leave.set()
                if holder is not None:
                    await holder
                await _is_free(it, port)

    run(go())


def test_a_cancelled_conversation_hangs_up() -> None:
    async def go() -> None:
        over = asyncio.Event()

        async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            try:
                await reader.read()
            finally:
                over.set()

        async with server(listen) as port:
            task = asyncio.create_task(visit(gate(), endpoint(port)))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task])
            await asyncio.wait_for(over.wait(), PATIENT_S / 4)

    run(go())


# --- resolvers ----------------------------------------------------------------------------------------------


def test_only_configured_resolvers_are_asked() -> None:
    async def go() -> None:
        async with FaultyNameserver() as nameserver:
            server = (nameserver.address, nameserver.port)
            with pytest.raises(NetworkError) as error:
                await gate().query(server, b"", lambda _: True, budget(), stream=False)
            assert reason_of(error) is Reason.OUT_OF_SCOPE

    run(go())


@pytest.mark.parametrize("stream", [False, True])
def test_a_question_is_answered_over_udp_and_tcp(stream: bool) -> None:
    async def go() -> bytes:
        async with FaultyNameserver() as nameserver:
            server = (nameserver.address, nameserver.port)
            it = Gate(LOOPBACK, PACE, TIMEOUTS, frozenset({server}))
            query = dns.message.make_query("ok.fault.test", "A").to_wire()
            return await it.query(server, query, lambda wire: wire[:2] == query[:2], budget(), stream=stream)

    assert "127.0.0.1" in dns.message.from_wire(run(go())).to_text()


@pytest.mark.parametrize(("name", "stream"), [("timeout", False), ("timeout", True), ("wrong-id", False)])
def test_a_resolver_without_an_answer_to_us_is_timed_out(name: str, stream: bool) -> None:
    async def go() -> None:
        async with FaultyNameserver() as nameserver:
            server = (nameserver.address, nameserver.port)
            timed = msgspec.structs.replace(TIMEOUTS, dns_s=0.2)
            it = Gate(LOOPBACK, PACE, timed, frozenset({server}))
            query = dns.message.make_query(f"{name}.fault.test", "A").to_wire()
            with pytest.raises(NetworkError) as error:
                await it.query(server, query, lambda wire: wire[:2] == query[:2], budget(), stream=stream)
            assert reason_of(error) is Reason.TIMEOUT

    run(go())


@pytest.mark.parametrize("stream", [False, True])
def test_a_resolver_that_does_not_listen_refuses(stream: bool) -> None:
    async def go() -> None:
        async with serving(BEHAVIOURS["refused"]) as served:
            server = (HERE, served.port)
            with pytest.raises(NetworkError) as error:
                await Gate(LOOPBACK, PACE, TIMEOUTS, frozenset({server})).query(
                    server, b"0" * 12, lambda _: True, budget(), stream=stream
                )
            assert reason_of(error) is Reason.REFUSED

    run(go())


def test_a_flood_of_wrong_answers_ends() -> None:
    class Liar(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            for _ in range(200):
                self.transport.sendto(b"no", addr)  # type: ignore[attr-defined]  # a datagram transport

    async def go() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Liar, local_addr=(HERE, 0))
        try:
            server = transport.get_extra_info("sockname")
            it = Gate(LOOPBACK, PACE, msgspec.structs.replace(TIMEOUTS, dns_s=2.0), frozenset({server}))
            with pytest.raises(NetworkError) as error:
                await it.query(server, b"?", lambda _: False, budget(), stream=False)
            assert reason_of(error) in (Reason.DNS_MALFORMED, Reason.TIMEOUT)
        finally:
            transport.close()

    run(go())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL])
def test_what_this_machine_lacks_is_our_fault(number: int) -> None:
    assert as_network_error(OSError(number, "x")).unobserved.reason is Reason.INTERNAL


def test_a_connection_that_was_never_handed_over_is_our_fault() -> None:
    with pytest.raises(NetworkError) as error:
        Connection().send(b"GET / HTTP/1.1\r\n\r\n")
    assert reason_of(error) is Reason.INTERNAL


# --- conversations in datagrams -----------------------------------------------------------------------------


class Echo(asyncio.DatagramProtocol):
    """Sends every datagram back so many times; `told` are those that came."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.told: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.told.append(data)
        for _ in range(self.times):
            self.transport.sendto(data, addr)


@asynccontextmanager
async def echoing(echo: Echo) -> AsyncIterator[int]:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: echo, local_addr=(HERE, 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def test_datagrams_go_and_come_and_are_charged_and_noted() -> None:
    async def go() -> None:
        purse, it = budget(1), gate()
        async with echoing(Echo()) as port:
            async with it.datagrams(endpoint(port), purse) as (datagrams, _):
                datagrams.send(b"a")
                assert await datagrams.receive(PATIENT_S) == b"a"
                assert await datagrams.receive(0.01) is None
                assert datagrams.received == 1
            assert purse.contacted == (Contact(Traffic.PROBE, HERE, port, 1),)
            assert (purse.used, it.sent[Traffic.PROBE]) == (Cost(1), 1)
            assert purse.seconds_left < PATIENT_S
            with pytest.raises(NetworkError) as error:
                async with it.datagrams(endpoint(port), purse):
                    pytest.fail("the ceiling was reached")
            assert reason_of(error) is Reason.BUDGET

    run(go())


@pytest.mark.parametrize(
    ("place", "scope"),
    [
        (endpoint(443, "192.0.2.1", host="a.test"), Scope(names=("b.test",))),
        (endpoint(443, "10.0.0.1", host="a.test"), Scope(names=("a.test",))),
        (endpoint(443, "169.254.169.254", host="a.test"), Scope(names=("a.test",), networks=("169.254.0.0/16",))),
    ],
)
def test_outside_the_scope_no_datagram_leaves(place: Endpoint, scope: Scope) -> None:
    async def go() -> None:
        purse, it = budget(), gate(scope)
        with pytest.raises(NetworkError) as error:
            async with it.datagrams(place, purse):
                pytest.fail("nothing may be opened")
        assert reason_of(error) is Reason.OUT_OF_SCOPE
        assert (purse.used, purse.contacted, it.refused[Traffic.PROBE]) == (Cost(), (), 1)

    run(go())


def test_datagrams_go_to_the_operators_port() -> None:
    async def go() -> None:
        async with echoing(Echo()) as port:
            place = endpoint(443, host="a.test", source=Source.OPTION, dial_port=port)
            async with gate().datagrams(place, budget()) as (datagrams, _):
                datagrams.send(b"a")
                assert await datagrams.receive(PATIENT_S) == b"a"

    run(go())


def test_no_more_datagrams_are_sent_than_allowed() -> None:
    async def go() -> Echo:
        echo = Echo(0)
        async with echoing(echo) as port, gate().datagrams(endpoint(port), budget()) as (datagrams, _):
            for _ in range(DATAGRAMS_SENT_AT_MOST):
                datagrams.send(b"a")
            with pytest.raises(NetworkError) as error:
                datagrams.send(b"a")
            assert reason_of(error) is Reason.TOO_LARGE
            while len(echo.told) < DATAGRAMS_SENT_AT_MOST:
                await asyncio.sleep(0.001)
            return echo

    assert len(run(go()).told) == DATAGRAMS_SENT_AT_MOST


@pytest.mark.parametrize(
    ("size", "most"), [(1, DATAGRAMS_RECEIVED_AT_MOST), (8192, DATAGRAM_BYTES_AT_MOST // 8192)], ids=["many", "long"]
)
def test_no_more_is_taken_than_allowed(size: int, most: int) -> None:
    async def go() -> int:
        async with echoing(Echo(8)) as port, gate().datagrams(endpoint(port), budget()) as (datagrams, _):
            for number in range(most):
                if number % 8 == 0:
                    datagrams.send(b"a" * size)
                assert await datagrams.receive(PATIENT_S)
            datagrams.send(b"a" * size)
            with pytest.raises(NetworkError) as error:
                await datagrams.receive(PATIENT_S)
            assert reason_of(error) is Reason.TOO_LARGE
            return datagrams.received

    assert run(go()) == most + 1


def test_datagrams_of_others_do_not_arrive() -> None:
    async def go() -> None:
        async with echoing(Echo()) as port, gate().datagrams(endpoint(port), budget()) as (datagrams, _):
            ours = datagrams._transport.get_extra_info("sockname")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind((HERE, 0))
                with contextlib.suppress(OSError):
                    stranger.sendto(b"strange", ours)
            datagrams.send(b"a")
            assert await datagrams.receive(PATIENT_S) == b"a"
            assert await datagrams.receive(0.01) is None

    run(go())


def test_a_port_that_takes_no_datagrams_is_refused() -> None:
    async def go() -> None:
        async with echoing(Echo()) as port:
            pass
        async with gate().datagrams(endpoint(port), budget()) as (datagrams, _):
            datagrams.send(b"a")
            with pytest.raises(NetworkError) as error:
                await datagrams.receive(PATIENT_S)
        assert reason_of(error) is Reason.REFUSED

    run(go())


def test_conversations_in_datagrams_share_the_limit_of_their_address() -> None:
    async def go() -> None:
        it = gate(connections_per_address=1)
        async with echoing(Echo()) as port:
            second = asyncio.Event()

            async def other() -> None:
                async with it.datagrams(endpoint(port), budget()):
                    second.set()

            async with it.datagrams(endpoint(port), budget()):
                task = asyncio.create_task(other())
                await _a_moment()
                assert not second.is_set()
            await task
            assert second.is_set()

    run(go())
