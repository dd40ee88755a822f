"""A TLS server without a network: what one that speaks just this would answer in its first flight.

It does what the standards say of choosing, and nothing else: no keys, no certificates that mean anything. What a sweep of it
comes to can be held against what it was told to speak.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.probes.tls.answers import FINITE_FIELD_GROUPS, Answer, in_field, on_curve, signs
from scanner.probes.tls.client_hello import Hello, parse_client_hello
from scanner.probes.tls.code_points import FALLBACK_SCSV, SSL2, SSL3, TLS12, TLS13, is_grease
from scanner.probes.tls.first_flight import RETRY_RANDOM, parse_first_flight
from scanner.probes.tls.flights import Said, octets_of, pooled
from scanner.probes.tls.strategy import Strategy

HOST = "a.test"
LEAF = b"0\x82\x01\x00" + bytes(range(256))
PRIME = b"\xff" * 64 + b"\x01" * 192
PROTOCOL_VERSION, HANDSHAKE_FAILURE, INAPPROPRIATE_FALLBACK = 70, 40, 86
SEEN = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Speaks:
    """One version: what it accepts, in its own order, and whether that order counts."""

    suites: tuple[int, ...]
    groups: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    own_order: bool = True
    own_group_order: bool = True


@dataclass
class Server:
    """Answers hellos; `randoms` are counted so that none repeats. `wants_common`: no suite at all without a common scheme."""

    versions: Mapping[int, Speaks]
    leaf: bytes = LEAF
    wants_common: bool = False
    knows_fallback: bool = True
    curves_unasked: bool = False
    """Takes suites on curves also where the hello names no groups."""
    takes_names: frozenset[str | None] = frozenset({HOST, None, "no-such-name.invalid"})
    randoms: int = field(default=0)

    def answer(self, octets: bytes) -> bytes:
        """The first flight."""
        hello = parse_client_hello(octets)
        if hello.version == SSL2:
            return self._sslv2()
        if hello.version > SSL3 and hello.server_name not in self.takes_names:
            return alert(112)
        version = self._version(hello)
        if version is None:
            return alert(PROTOCOL_VERSION)
        if self.knows_fallback and FALLBACK_SCSV in hello.suites and version < max(self.versions):
            return alert(INAPPROPRIATE_FALLBACK)
        speaks = self.versions[version]
        shared = [it for it in (hello.signature_schemes or ()) if it in speaks.schemes]
        if self.wants_common and version == TLS12 and hello.signature_schemes is not None and not shared:
            return alert(HANDSHAKE_FAILURE)
        for suite in _ordered(hello.suites, speaks.suites, speaks.own_order):
            group = self._group(hello, speaks, suite, version)
            scheme = shared[0] if shared else None
            if group is None or (version == TLS12 and signs(suite) and scheme is None):
                continue
            return self._flight(hello, version, suite, group, scheme)
        return alert(HANDSHAKE_FAILURE)

    def _version(self, hello: Hello) -> int | None:
        spoken = [it for it in self.versions if it > SSL2]
        if hello.supported_versions:
            common = [it for it in spoken if it in hello.supported_versions]
        else:
            common = [it for it in spoken if it <= min(hello.version, TLS12)]
        return max(common, default=None)

    def _group(self, hello: Hello, speaks: Speaks, suite: int, version: int) -> int | None:
        """The group for a suite, 0 where it needs none, None when there is none in common."""
        offered = hello.groups
        if version == TLS13:
            return next(iter(_ordered(offered or (), speaks.groups, speaks.own_group_order)), None)
        if on_curve(suite):
            curves = [it for it in speaks.groups if it not in FINITE_FIELD_GROUPS]
            if offered is None:
                return curves[0] if curves and (self.curves_unasked or version == SSL3) else None
            return next(iter(_ordered(offered, curves, speaks.own_group_order)), None)
        if in_field(suite) and (fields := [it for it in speaks.groups if it in FINITE_FIELD_GROUPS]):
            wanted = [it for it in offered or () if it in FINITE_FIELD_GROUPS]
            return next(iter(_ordered(wanted, fields, speaks.own_group_order)), None) if wanted else 0
        return 0

    def _flight(self, hello: Hello, version: int, suite: int, group: int, scheme: int | None) -> bytes:
        if version == TLS13:
            extensions = extension(43, struct.pack(">H", TLS13)) + extension(51, struct.pack(">H", group))
            return record(server_hello(TLS12, RETRY_RANDOM, suite, extensions, hello.session_id))
        self.randoms += 1
        random = struct.pack(">Q", self.randoms) * 3 + (b"DOWNGRD\x01" if max(self.versions) == TLS13 else bytes(8))
        extensions = extension(0xFF01, b"\0") if hello.renegotiation_info else b""
        messages = server_hello(version, random, suite, extensions)
        messages += handshake(11, vector3(vector3(self.leaf)))
        if on_curve(suite):
            public = struct.pack(">Q", self.randoms) * 4
            messages += handshake(12, b"\x03" + struct.pack(">HB", group, 32) + public + signature(version, scheme))
        elif in_field(suite):
            prime = FIELDS.get(group, PRIME)
            value = struct.pack(">Q", self.randoms) * (len(prime) // 8)
            parts = b"".join(struct.pack(">H", len(it)) + it for it in (prime, b"\x02", value))
            messages += handshake(12, parts + signature(version, scheme))
        return record(messages + handshake(14, b""))

    def _sslv2(self) -> bytes:
        if SSL2 not in self.versions:
            return b""
        kinds = b"".join(it.to_bytes(3, "big") for it in self.versions[SSL2].suites)
        lengths = struct.pack(">HHH", len(self.leaf), len(kinds), 16)
        body = b"\x04\x00\x01\x00\x02" + lengths + self.leaf + kinds + bytes(16)
        return struct.pack(">H", 0x8000 | len(body)) + body


def field_prime(bits: int, offset: int) -> bytes:
    """A prime of RFC 7919 by its formula: 2^b - 2^(b-64) + ([2^(b-130) e] + X) 2^64 - 1."""
    scaled, term, divisor = 0, 1 << (bits + 64), 1
    while term:  # e = 1/0! + 1/1! + 1/2! + ...
        scaled += term
        term //= divisor
        divisor += 1
    e = scaled >> (130 + 64)
    return (2**bits - 2 ** (bits - 64) + (e + offset) * 2**64 - 1).to_bytes(bits // 8, "big")


FIELDS = {0x0100: field_prime(2048, 560316), 0x0101: field_prime(3072, 2625351)}
"""Primes of RFC 7919 by code point."""


def _ordered(offered: Sequence[int], own: Sequence[int], own_order: bool) -> list[int]:
    """What both have, in the order that counts."""
    first, second = (own, set(offered)) if own_order else (offered, set(own))
    return [it for it in first if it in second and not is_grease(it)]


def record(messages: bytes) -> bytes:
    return b"\x16\x03\x03" + struct.pack(">H", len(messages)) + messages


def handshake(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def vector3(body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + body


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def signature(version: int, scheme: int | None) -> bytes:
    chosen = struct.pack(">H", scheme or 0) if version == TLS12 else b""
    return chosen + struct.pack(">H", 8) + bytes(8)


def server_hello(version: int, random: bytes, suite: int, extensions: bytes, session_id: bytes = b"") -> bytes:
    head = struct.pack(">H", version) + random + bytes((len(session_id),)) + session_id
    body = (
        head + struct.pack(">HB", suite, 0) + (struct.pack(">H", len(extensions)) + extensions if extensions else b"")
    )
    return handshake(2, body)


def alert(description: int) -> bytes:
    return b"\x15\x03\x03\x00\x02\x02" + bytes((description,))


TIMED_OUT = Unobserved(Reason.TIMEOUT, "no complete answer within 3 s")
CLOSED = Unobserved(Reason.CLOSED, "the server closed the connection before its answer was complete")
RESET = Unobserved(Reason.RESET, "Connection reset by peer")

Fault = Callable[[int, bytes], Unobserved | bytes | None]
"""Number and octets of a hello -> what is seen instead of the server's answer; None lets it answer."""


def no_fault(_number: int, _octets: bytes) -> None:
    """Lets everything pass."""


def swept(server: Server, fault: Fault = no_fault, *, full: bool = True, at_once: int = 2) -> TlsHellos:
    """What a sweep of such a server would store: `at_once` questions are out at a time, answered in turn."""
    strategy = Strategy(HOST, full=full)
    said: list[Said] = []
    out = []
    while not strategy.over:
        while len(out) < at_once and (question := strategy.next()) is not None:
            out.append(question)
        question = out.pop(0)
        sent = octets_of(question.hello)
        ended, received = None, b""
        instead = fault(len(said) + 1, sent)
        if isinstance(instead, Unobserved):
            ended = instead
        else:
            received = server.answer(sent) if instead is None else instead
            ended = None if received else CLOSED
        flight = parse_first_flight(received)
        said.append(Said(question.purpose, sent, received, ended, 1.0, flight.chain))
        strategy.take(question, Answer(question.hello, flight, ended, len(received)))
        assert len(said) < 2000, "the strategy does not come to an end"
    pool, hellos = pooled(said)
    return TlsHellos(
        started=SEEN,
        took_ms=1.0,
        endpoint=Endpoint(HOST, 443, "127.0.0.1", Source.LITERAL),
        sni=HOST,
        pool=pool,
        hellos=hellos,
        failure=strategy.failure,
    )
