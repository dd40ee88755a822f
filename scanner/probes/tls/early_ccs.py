"""Early ChangeCipherSpec (CVE-2014-0224): sent before any key is agreed on, it must be turned down at once.

A server that takes it says nothing, and reads what follows with keys made of nothing, which we can make, too. So a piece of
a message under these keys keeps it waiting for the rest, and a record under none makes it refuse. A sound server refuses
at the first step.
"""

from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.trial_bench import Bench, Conversation
from scanner.probes.tls.trial_client import (
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    SUITES,
    TLS10,
    directions,
    messages_in,
    record,
)

EARLY = "early"
SEALED = "sealed"
JUNK = "junk"
CONFIRMED_AT = 2

_PIECE = b"\x10\x00\x02\x00" + bytes(16)
"""The beginning of a ClientKeyExchange of 512 octets."""
_JUNK = b"\x14\x00\x00\x0c" + bytes(60)
"""A Finished message, if anybody reads it as it stands; as ciphertext, whole blocks of any cipher."""


async def early_ccs(bench: Bench, hello: Hello) -> tuple[Tried, ...]:
    """The attempt, made again when the server took the message; `shape` is the step to which the reaction came."""
    tried: list[Tried] = []
    for number in range(1, CONFIRMED_AT + 1):
        shape = EARLY

        async def trial(patience_s: float) -> Reaction:
            nonlocal shape
            async with bench.answered(hello) as conversation:
                conversation.send(record(CHANGE_CIPHER_SPEC, conversation.version, b"\x01"))
                first = await conversation.reaction(patience_s)
                if first.act is not Act.SILENCE:
                    return first
                if (sealed := _sealed_piece(conversation)) is not None:
                    shape = SEALED
                    conversation.send(sealed)
                    second = await conversation.reaction(patience_s)
                    if second.act is not Act.SILENCE:
                        return second
                    shape = JUNK
                else:
                    shape = SEALED
                conversation.send(record(HANDSHAKE, conversation.version, _JUNK))
                return await conversation.reaction(patience_s)

        one = await bench.attempt(Weakness.CCS, lambda: trial(bench.patience_s()), round_number=number)
        tried.append(Tried(Weakness.CCS, one.reaction, shape, round=number))
        if shape == EARLY:
            break
    return tuple(tried)


def _sealed_piece(conversation: Conversation) -> bytes | None:
    """A record under the keys of an empty master secret, None for a suite that is not spoken here."""
    answer = conversation.flight.hello
    if answer is None or answer.suite not in SUITES or answer.version < TLS10:
        return None
    random = messages_in(conversation.hello)[6:38]
    sending, _ = directions(answer.version, SUITES[answer.suite], b"", random, answer.random)
    return sending.seal(HANDSHAKE, _PIECE)
