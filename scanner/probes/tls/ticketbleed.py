"""Ticketbleed (CVE-2016-9244): a session id shorter than 32 octets comes back filled up with memory of the server.

A ticket is fetched by one handshake, and presented with a session id of 31 octets: a weak server gives away one.
"""

import os

from scanner.network import NetworkError
from scanner.observations.steps import Reason
from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.trial_bench import Bench, Conversation
from scanner.probes.tls.trial_client import ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, TrialClient

SESSION_ID_BYTES = 31
EXTENSION = 35
NEW_SESSION_TICKET = 4
MAX_TICKET_BYTES = 16_384

ECHOED = 1
"""The session id came back as it was."""
OTHER = 2
"""Another session id, or none: the session was not resumed."""


async def ticketbleed(bench: Bench, hello: Hello) -> tuple[Tried, ...] | None:
    """The attempt; None when the server gives no ticket."""
    ticket: bytes | None = b""

    async def trial() -> Reaction:
        nonlocal ticket
        async with bench.answered(_with_ticket(hello, b"")) as conversation:
            ticket = await _ticket(conversation, bench.lab.profile.timeouts.tls_s)
        if not ticket:
            return Reaction(Act.REFUSAL)
        session_id = os.urandom(SESSION_ID_BYTES)
        async with bench.answered(_with_ticket(hello, ticket, session_id)) as conversation:
            answer = conversation.flight.hello
            assert answer is not None
            if answer.session_id == session_id:
                return Reaction(Act.REFUSAL, ECHOED)
            filled_up = answer.session_id.startswith(session_id)
            return Reaction(Act.ANSWER) if filled_up else Reaction(Act.REFUSAL, OTHER)

    tried = await bench.attempt(Weakness.TICKETBLEED, trial)
    return None if ticket is None else (tried,)


def _with_ticket(hello: Hello, ticket: bytes, session_id: bytes = b"") -> Hello:
    from msgspec.structs import replace

    return replace(hello, session_ticket=ticket, session_id=session_id)


async def _ticket(conversation: Conversation, timeout_s: float) -> bytes | None:
    """Finish the handshake as far as the ticket, which comes in clear; None when none comes. Raises NetworkError."""
    answer = conversation.flight.hello
    if answer is None or not any(number == EXTENSION for number, _ in answer.extensions):
        return None
    client = TrialClient(conversation.hello, conversation.received, conversation.flight)
    conversation.send(client.finish())
    messages = b""
    async with conversation.deadline.phase(timeout_s, "end of the handshake"):
        while True:
            found = await conversation.header()
            if found is None:
                raise NetworkError(Reason.CLOSED, "the server closed the connection within the handshake")
            kind, length = found
            if kind == CHANGE_CIPHER_SPEC:
                return None
            if kind != HANDSHAKE or len(messages) > MAX_TICKET_BYTES:
                detail = f"alert {(await conversation.body(length))[-1]}" if kind == ALERT and length else "no ticket"
                raise NetworkError(Reason.TLS_FAILED, f"the handshake was not finished: {detail}")
            messages += await conversation.body(length)
            if len(messages) >= 4 and messages[0] == NEW_SESSION_TICKET:
                end = 4 + int.from_bytes(messages[1:4])
                if len(messages) >= end:
                    return messages[10:end] or None
