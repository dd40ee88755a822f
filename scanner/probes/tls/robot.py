"""ROBOT (Böck, Somorovsky, Young 2017): whether a server answers wrong PKCS #1 padding otherwise than right padding.

A premaster secret is sent in five forms, one of them right; the Finished after it is wrong each time, so that a sound
server answers all five alike (RFC 5246 7.4.7.1). What was sent is stored, and the first thing that came back; which
difference makes which oracle is derived.
"""

from functools import partial

from scanner.derive.tls_trials import ROUNDS
from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.trial_bench import Bench, Conversation
from scanner.probes.tls.trial_client import (
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    CannotSpeakError,
    message,
    nonzero,
    record,
    rsa_encrypted,
    rsa_key,
)

SHAPES = ("right", "wrong_head", "wrong_place_of_zero", "no_zero", "wrong_version")
WHOLE = "whole"
"""Key exchange, ChangeCipherSpec and Finished."""
CUT = "cut"
"""The key exchange alone: some servers answer only there in different ways."""
FLOWS = (WHOLE, CUT)
WANTS_CERTIFICATE = frozenset({40, 41, 42, 43, 49, 116})
"""Alerts of a server that does not go on without a client certificate, among others."""

_FINISHED = bytes(64)
"""Ciphertext that no key opens; whole blocks of any cipher."""


def block(shape: str, length: int, version: int) -> bytes:
    """A block of so many octets for RSA, with a premaster secret in one of the forms. Raises CannotSpeakError."""
    if length < 64:
        raise CannotSpeakError("the leaf's key is too short for a premaster secret")
    secret = version.to_bytes(2) + nonzero(46)  # of these forms only the right one may have another zero
    right = b"\x00\x02" + nonzero(length - 3 - len(secret)) + b"\x00" + secret
    tail = secret.replace(b"\x00", b"\x11")
    match shape:
        case "wrong_head":
            return b"\x41\x17" + right[2:]
        case "wrong_place_of_zero":
            return right[: length - len(secret) - 1] + b"\x11" + tail[:-2] + b"\x00\x11"
        case "no_zero":
            return right[: length - len(secret) - 1] + b"\x11" + tail
        case "wrong_version":
            return right[: length - len(secret)] + b"\x02\x02" + right[length - len(secret) + 2 :]
    return right


async def robot(bench: Bench, hello: Hello) -> tuple[Tried, ...]:
    """Five connections for each flow, and three more rounds of those where the answers differ."""
    tried: list[Tried] = []
    for flow in FLOWS:
        for number in range(1, ROUNDS + 1):
            latest = await bench.together(partial(_one, bench, hello, shape, flow, number) for shape in SHAPES)
            tried += latest
            reactions = {it.reaction for it in latest}
            if not all(isinstance(it, Reaction) for it in reactions):
                return tuple(tried)
            if len(reactions) == 1:
                break
        else:
            return tuple(tried)  # it differed in every round: the other flow adds nothing
    return tuple(tried)


async def _one(bench: Bench, hello: Hello, shape: str, flow: str, number: int) -> Tried:
    async def trial() -> Reaction:
        async with bench.answered(hello) as conversation:
            conversation.send(_second_flight(conversation, hello, shape, flow))
            reaction = await conversation.reaction(bench.patience_s(number))
            asked = conversation.flight.certificate_request is not None
            if asked and reaction.act is Act.ALERT and reaction.number in WANTS_CERTIFICATE:
                raise CannotSpeakError("the server goes no further without a client certificate")
            return reaction

    return await bench.attempt(Weakness.ROBOT, trial, shape, flow, number)


def _second_flight(conversation: Conversation, hello: Hello, shape: str, flow: str) -> bytes:
    modulus, exponent = rsa_key(conversation.flight)
    length = (modulus.bit_length() + 7) // 8
    sealed = rsa_encrypted(block(shape, length, hello.version), modulus, exponent)
    version = conversation.version
    exchange = message(16, (len(sealed).to_bytes(2) if version >= 0x0301 else b"") + sealed)
    certificate = message(11, b"\0\0\0") if conversation.flight.certificate_request else b""
    first = record(HANDSHAKE, version, certificate + exchange)
    if flow == CUT:
        return first
    return first + record(CHANGE_CIPHER_SPEC, version, b"\x01") + record(HANDSHAKE, version, _FINISHED)
