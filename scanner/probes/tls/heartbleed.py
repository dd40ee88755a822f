"""Heartbleed (CVE-2014-0160): a heartbeat that claims more octets than it has, and how long the answer to it is (RFC 6520).

A right heartbeat follows the false one. A server works them off in order, so that a sound one answers the right one, and
nothing needs to be waited for. Of an answer only the length in its record header is looked at.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from scanner.network import NetworkError
from scanner.observations.steps import Unobserved
from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.trial_bench import Bench, Conversation, ended
from scanner.probes.tls.trial_client import ALERT, HEARTBEAT, TrialClient, record

CLAIMED_BYTES = 32
"""What the false heartbeat claims to carry; it carries nothing. A weak server gives away so many octets of its memory."""
PADDING_BYTES = 16
EXTENSION = 15

_FALSE = b"\x01" + CLAIMED_BYTES.to_bytes(2)
_RIGHT = b"\x01\x00\x02ok" + bytes(PADDING_BYTES)
MAX_RECORDS = 8


async def heartbleed(bench: Bench, hello: Hello) -> tuple[Tried, ...] | None:
    """The attempt; None when the server offers no heartbeat. An answer's number is how long the heartbeat in it was."""
    offered = True

    async def trial(send: Callable[[Conversation, Bench], Coroutine[Any, Any, Reaction]]) -> Reaction:
        nonlocal offered
        async with bench.answered(hello) as conversation:
            answer = conversation.flight.hello
            assert answer is not None
            if any(number == EXTENSION for number, _ in answer.extensions):
                return await send(conversation, bench)
            offered = False
            return Reaction(Act.REFUSAL)

    tried = await bench.attempt(Weakness.HEARTBLEED, partial(trial, _within_session), "session")
    if isinstance(tried.reaction, Unobserved) and bench.gone is None:
        # A client certificate may be asked for, or the suites are none of ours: the handshake itself needs neither.
        tried = await bench.attempt(Weakness.HEARTBLEED, partial(trial, _within_handshake), "handshake")
    return (tried,) if offered else None


async def _within_session(conversation: Conversation, bench: Bench) -> Reaction:
    """Both heartbeats after the handshake, as the standard has it."""
    client = TrialClient(conversation.hello, conversation.received, conversation.flight)
    conversation.send(client.finish())
    await conversation.server_finished(client, bench.lab.profile.timeouts.tls_s)
    conversation.send(client.sending.seal(HEARTBEAT, _FALSE) + client.sending.seal(HEARTBEAT, _RIGHT))
    reaction = await _first_heartbeat(conversation, bench.patience_s())
    if reaction.act is not Act.ANSWER:
        return reaction
    long = reaction.number >= client.receiving.sealed_bytes(3 + CLAIMED_BYTES)
    return Reaction(Act.ANSWER, 3 + CLAIMED_BYTES if long else len(_RIGHT))


async def _within_handshake(conversation: Conversation, bench: Bench) -> Reaction:
    """Both in clear, after the server's first flight."""
    version = conversation.version
    conversation.send(record(HEARTBEAT, version, _FALSE) + record(HEARTBEAT, version, _RIGHT))
    return await _first_heartbeat(conversation, bench.patience_s())


async def _first_heartbeat(conversation: Conversation, patience_s: float) -> Reaction:
    """The first heartbeat that comes back, or how the server ended without one."""
    try:
        async with conversation.deadline.phase(patience_s, "answer to a heartbeat"):
            for _ in range(MAX_RECORDS):
                found = await conversation.header()
                if found is None:
                    return Reaction(Act.CLOSED)
                kind, length = found
                if kind == HEARTBEAT:
                    return Reaction(Act.ANSWER, length)
                if kind == ALERT:
                    return Reaction(Act.ALERT, (await conversation.body(length))[-1] if length == 2 else 256)
                if kind < 0:
                    return Reaction(Act.GARBAGE)
                await conversation.body(length)
            return Reaction(Act.GARBAGE)
    except NetworkError as error:
        return ended(error)
