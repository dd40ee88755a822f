"""Padding and MAC of CBC records in TLS (CVE-2014-8730 and its relatives): whether they are checked, and told apart.

After a right handshake one record is sent that is wrong in one way. A sound server refuses every one of them, and in the
same way; one that takes it does not check, and one that answers the ways differently tells an attacker which it was.
"""

from collections.abc import Callable
from functools import partial

from scanner.derive.tls_trials import ROUNDS, from_outside
from scanner.network import NetworkError
from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.trial_bench import ENCRYPTED, ENDS, Bench, Conversation, ended
from scanner.probes.tls.trial_client import (
    ALERT,
    APPLICATION_DATA,
    CannotSpeakError,
    Protected,
    TrialClient,
)

MAX_CONTENT_BYTES = 160
"""With MAC and padding at most 256 octets, the longest that can be all padding."""
PADDING = "padding"
MAX_RECORDS = 32
CLOSE_NOTIFY = b"\x00"


def _right(sending: Protected, content: bytes, block: int) -> bytes:
    """As it should be, with at least two octets of padding before the last: they are what may be wrong.

    All shapes are as long as this one, for whoever watches the line sees the length.
    """
    octets = content + sending.mac(APPLICATION_DATA, content)
    length = block - 1 - len(octets) % block
    length += block if length < 2 else 0
    return octets + bytes((length,)) * (length + 1)


def _wrong_padding(sending: Protected, content: bytes, block: int) -> bytes:
    """Its last octet says rightly how long the padding is; the others are wrong (they are free in SSL 3.0)."""
    right = _right(sending, content, block)
    length = right[-1]
    return right[: len(right) - length - 1] + bytes((length ^ 0x5A,)) * length + right[-1:]


def _wrong_mac(sending: Protected, content: bytes, block: int) -> bytes:
    right = _right(sending, content, block)
    return right[: len(content)] + bytes((right[len(content)] ^ 0x80,)) + right[len(content) + 1 :]


def _no_mac(sending: Protected, content: bytes, block: int) -> bytes:
    """Right padding, and nothing else: there is no room for a MAC."""
    length = len(_right(sending, content, block))
    return bytes((length - 1,)) * length


def _too_long(sending: Protected, content: bytes, block: int) -> bytes:
    """The padding claims more octets than the record has."""
    return _right(sending, content, block)[:-1] + b"\xff"


SHAPES: dict[str, Callable[[Protected, bytes, int], bytes]] = {
    PADDING: _wrong_padding,
    "mac": _wrong_mac,
    "no_mac": _no_mac,
    "length": _too_long,
}


async def padding(bench: Bench, hello: Hello, content: bytes) -> tuple[Tried, ...]:
    """One connection for each shape, and more rounds when the answers differ. `content` is what the record would carry."""
    content = content[:MAX_CONTENT_BYTES]

    async def one(shape: str, number: int) -> Tried:
        async def trial() -> Reaction:
            async with bench.answered(hello) as conversation:
                return await _send_wrong(conversation, shape, content, bench, number)

        return await bench.attempt(Weakness.PADDING, trial, shape, round_number=number)

    tried: list[Tried] = []
    for number in range(1, ROUNDS + 1):
        tried += await bench.together(partial(one, shape, number) for shape in SHAPES)
        latest = [it.reaction for it in tried[-len(SHAPES) :]]
        seen = [from_outside(it) for it in latest if isinstance(it, Reaction)]
        if len(seen) < len(SHAPES) or len(set(seen)) == 1:
            break
    return tuple(tried)


async def _send_wrong(conversation: Conversation, shape: str, content: bytes, bench: Bench, number: int) -> Reaction:
    client = TrialClient(conversation.hello, conversation.received, conversation.flight)
    if client.cipher.kind != "cbc":
        raise CannotSpeakError("the server chose a suite without CBC though none was offered")
    conversation.send(client.finish())
    await conversation.server_finished(client, bench.lab.profile.timeouts.tls_s)
    blocks = SHAPES[shape](client.sending, content, client.cipher.block_bytes)
    conversation.send(client.sending.seal_blocks(APPLICATION_DATA, blocks))
    return await _encrypted_reaction(conversation, client, bench.patience_s(number))


async def _encrypted_reaction(conversation: Conversation, client: TrialClient, patience_s: float) -> Reaction:
    """An alert, wherever it stands: a service may have greeted us before. Without one, content, or else how it ended."""
    content = False
    try:
        async with conversation.deadline.phase(patience_s, "reaction"):
            for _ in range(MAX_RECORDS):
                if (found := await conversation.header()) is None:
                    return Reaction(Act.RECORD, APPLICATION_DATA) if content else Reaction(Act.CLOSED)
                kind, length = found
                if kind < 0:
                    return Reaction(Act.GARBAGE)
                body = await conversation.body(length)
                try:
                    opened = client.receiving.open(bytes((kind,)) + bytes(4) + body)
                except ValueError:
                    return Reaction(Act.ALERT if kind == ALERT else Act.GARBAGE, ENCRYPTED if kind == ALERT else 0)
                if kind == ALERT and opened[1:] != CLOSE_NOTIFY:
                    return Reaction(Act.ALERT, opened[1] if len(opened) == 2 else ENCRYPTED)
                content |= kind == APPLICATION_DATA and bool(opened)
    except NetworkError as error:
        if content and error.unobserved.reason in ENDS:
            return Reaction(Act.RECORD, APPLICATION_DATA)
        return ended(error)
    return Reaction(Act.RECORD, APPLICATION_DATA)
