"""The gate's short conversations: the same rules as for its connections, against real loopback servers."""

import asyncio
import socket
import struct
from collections.abc import Callable

import pytest
from test_network import HERE, Counted, budget, endpoint, gate, run, server

from scanner.cost import Contact, Cost, Traffic
from scanner.network import Gate, NetworkError, NotConnectedError
from scanner.observations.steps import Reason
from scanner.scope import Scope

ANSWER = b"answer"
LATE_S = 5.0


def whole(expected: bytes = ANSWER) -> tuple[Callable[[bytes], bool], bytearray]:
    """Takes octets until all have come."""
    seen = bytearray()

    def over(data: bytes) -> bool:
        seen.extend(data)
        return len(seen) >= len(expected)

    return over, seen


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert await reader.readexactly(5) == b"hello"
    writer.write(ANSWER)
    await reader.read()


def test_a_question_brings_its_answer_and_is_counted() -> None:
    async def scene() -> None:
        async with server(answering) as port:
            it, purse = gate(), budget()
            over, seen = whole()
            assert await it.exchange(endpoint(port), purse, b"hello", over, LATE_S) >= 0
            assert bytes(seen) == ANSWER
            assert purse.used == Cost(connections=1)
            assert purse.contacted == (Contact(Traffic.PROBE, HERE, port, 1),)
            assert it.sent[Traffic.PROBE] == 1

    run(scene())


def test_an_answer_in_pieces_is_waited_for() -> None:
    async def in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        for octet in ANSWER:
            writer.write(bytes((octet,)))
            await writer.drain()
            await asyncio.sleep(0)

    async def scene() -> None:
        async with server(in_pieces) as port:
            over, seen = whole()
            await gate().exchange(endpoint(port), budget(), b"hello", over, LATE_S)
            assert bytes(seen) == ANSWER

    run(scene())


def test_a_long_question_leaves_as_a_whole() -> None:
    long = b"x" * 8_000_000

    async def taking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert len(await reader.readexactly(len(long))) == len(long)
        writer.write(ANSWER)
        await reader.read()

    async def scene() -> None:
        async with server(taking) as port:
            await gate().exchange(endpoint(port), budget(), long, whole()[0], LATE_S)

    run(scene())


def refused(reason: Reason, attempt: Callable[[Gate], object], it: Gate | None = None) -> NetworkError:
    with pytest.raises(NetworkError) as raised:
        attempt(it or gate())
    assert raised.value.unobserved.reason is reason
    return raised.value


def test_nothing_leaves_for_a_place_outside_the_scope() -> None:
    it, purse = gate(Scope(names=("b.test",), networks=("192.0.2.0/24",))), budget()
    refused(Reason.OUT_OF_SCOPE, lambda it: run(it.exchange(endpoint(1), purse, b"hello", whole()[0], LATE_S)), it)
    assert (it.sent[Traffic.PROBE], it.refused[Traffic.PROBE], purse.contacted) == (0, 1, ())


def test_the_ceiling_holds() -> None:
    async def scene() -> None:
        async with server(answering) as port:
            it, purse = gate(), budget(connections=1)
            await it.exchange(endpoint(port), purse, b"hello", whole()[0], LATE_S)
            with pytest.raises(NetworkError) as raised:
                await it.exchange(endpoint(port), purse, b"hello", whole()[0], LATE_S)
            assert raised.value.unobserved.reason is Reason.BUDGET
            assert it.sent[Traffic.PROBE] == 1

    run(scene())


def test_a_port_that_takes_no_connection_is_told_from_one_that_does() -> None:
    with socket.create_server((HERE, 0)) as closed:
        port = closed.getsockname()[1]
    error = refused(Reason.REFUSED, lambda it: run(it.exchange(endpoint(port), budget(), b"hello", whole()[0], LATE_S)))
    assert isinstance(error, NotConnectedError)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def leaving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(5)
    writer.write(ANSWER[:3])


async def resetting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(5)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("converse", "reason"), [(silent, Reason.TIMEOUT), (leaving, Reason.CLOSED), (resetting, Reason.RESET)]
)
def test_what_ends_a_conversation_is_told(
    converse: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], reason: Reason
) -> None:
    async def scene() -> None:
        async with server(converse) as port:  # type: ignore[arg-type]
            over, seen = whole()
            with pytest.raises(NetworkError) as raised:
                await gate().exchange(endpoint(port), budget(), b"hello", over, 0.3)
            assert raised.value.unobserved.reason is reason
            assert not isinstance(raised.value, NotConnectedError)
            assert ANSWER.startswith(bytes(seen))

    run(scene())


def test_the_time_of_the_target_ends_a_conversation_and_is_no_fault_of_the_service() -> None:
    async def scene() -> None:
        async with server(silent) as port:
            purse = budget(seconds=0.2)
            with pytest.raises(NetworkError) as raised:
                await gate().exchange(endpoint(port), purse, b"hello", whole()[0], LATE_S)
            assert raised.value.unobserved.reason is Reason.BUDGET
            assert purse.seconds_left <= 0

    run(scene())


def test_two_at_once_and_no_more() -> None:
    counted = Counted()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        counted.now += 1
        counted.most = max(counted.most, counted.now)
        await asyncio.sleep(0.01)
        counted.now -= 1
        writer.write(ANSWER)
        await reader.read()

    async def scene() -> None:
        async with server(converse) as port:
            it, purse = gate(connections_per_address=2), budget()
            asked = (it.exchange(endpoint(port), purse, b"hello", whole()[0], LATE_S) for _ in range(8))
            await asyncio.gather(*asked)
            assert counted.most == 2
            assert purse.used.connections == 8

    run(scene())


def test_a_slot_is_given_back_whatever_happens() -> None:
    def broken(_data: bytes) -> bool:
        raise ZeroDivisionError

    async def scene() -> None:
        async with server(answering) as port, server(silent) as mute:
            it = gate(connections_per_address=1, connections_total=1)
            with pytest.raises(ZeroDivisionError):
                await it.exchange(endpoint(port), budget(), b"hello", broken, LATE_S)
            with pytest.raises(NetworkError):
                await it.exchange(endpoint(mute), budget(), b"hello", whole()[0], 0.1)
            waiting = asyncio.create_task(it.exchange(endpoint(mute), budget(), b"hello", whole()[0], LATE_S))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            over, seen = whole()
            await it.exchange(endpoint(port), budget(), b"hello", over, LATE_S)
            assert bytes(seen) == ANSWER

    run(scene())


def test_connections_and_conversations_take_turns_at_one_address() -> None:
    async def scene() -> None:
        async with server(answering) as port:
            it = gate(connections_per_address=1)
            async with it.connection(endpoint(port), budget()):
                waiting = asyncio.create_task(it.exchange(endpoint(port), budget(), b"hello", whole()[0], LATE_S))
                await asyncio.sleep(0.05)
                assert it.sent[Traffic.PROBE] == 1
            await waiting
            assert it.sent[Traffic.PROBE] == 2

    run(scene())


def test_conversations_over_ipv6() -> None:
    async def scene() -> None:
        async with server(answering, "::1") as port:
            over, seen = whole()
            await gate().exchange(endpoint(port, "::1"), budget(), b"hello", over, LATE_S)
            assert bytes(seen) == ANSWER

    run(scene())
