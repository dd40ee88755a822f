"""What one hello came to: the question as it was asked, what is legible of the answer, and how that is to be read.

Shared by the strategy, which decides from it what to ask next, and by the fold, which says what was seen.
"""

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise
from typing import Final

from scanner.observations.steps import Reason, Unobserved
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.code_points import (
    FALLBACK_SCSV,
    GREASE,
    RENEGOTIATION_SCSV,
    SSL2,
    TLS12,
    TLS13,
    Exchange,
    alert_name,
    exchange_of,
)
from scanner.probes.tls.code_points import suite as suite_of
from scanner.probes.tls.dh_groups import name_of
from scanner.probes.tls.first_flight import Flight

SIGNALS: Final = frozenset({RENEGOTIATION_SCSV, FALLBACK_SCSV})
"""Suites that only say something (RFC 5746, RFC 7507)."""
_NOT_OFFERS: Final = frozenset(GREASE) | SIGNALS
_GREASE: Final = frozenset(GREASE)
FINITE_FIELDS: Final = {
    "ffdhe2048": 0x0100,
    "ffdhe3072": 0x0101,
    "ffdhe4096": 0x0102,
    "ffdhe6144": 0x0103,
    "ffdhe8192": 0x0104,
}
"""Groups of RFC 7919 by name."""
FINITE_FIELD_GROUPS: Final = frozenset(FINITE_FIELDS.values())

ON_CURVES: Final = frozenset({Exchange.ECDHE, Exchange.ECDHE_PSK, Exchange.ECDH_ANON})
IN_FIELDS: Final = frozenset({Exchange.DHE, Exchange.DHE_PSK, Exchange.DH_ANON})
FEW: Final = 10
"""So many are sooner looked up in a list of some hundred than the list is gone through."""
SIGNS: Final = frozenset({Exchange.ECDHE, Exchange.DHE})
"""Key exchanges whose parameters the server signs."""


class Came(Enum):
    """What a hello came to."""

    ANSWERED = auto()
    """A ServerHello, a HelloRetryRequest or an SSLv2 SERVER-HELLO."""
    REFUSED = auto()
    """An alert, or an orderly end of the connection without a word."""
    FAILED = auto()
    """Anything else: silence, a reset, garbage."""


class Answer:
    """A hello, what was legible of what came back, and how that is to be read.

    `ended` is why reading ended early, `octets` how many came, `connected` whether the port took the connection. `version`,
    `suite`, `group` and `scheme` are what the server chose (None: nothing of the kind), `asked` the highest version that the
    hello allows, `only` the one that it asks for by itself (None when it asks for several), `suites`, `groups` and `schemes`
    what it offers, without signals and GREASE. A group of RFC 7919 counts as chosen when it was offered.
    """

    __slots__ = (
        *("hello", "flight", "ended", "octets", "connected"),
        *("came", "version", "suite", "group", "scheme", "asked", "only", "suites", "groups", "schemes"),
    )

    def __init__(
        self, hello: Hello, flight: Flight, ended: Unobserved | None, octets: int, connected: bool = True
    ) -> None:
        self.hello = hello
        self.flight = flight
        self.ended = ended
        self.octets = octets
        self.connected = connected
        self.suites: frozenset[int] = _offered(hello.suites)
        self.groups: frozenset[int] = _offered(hello.groups or ())
        self.schemes: frozenset[int] = _offered(hello.signature_schemes or ())
        self.asked, self.only = _versions(hello.version, hello.supported_versions)
        self.version: int | None = None
        self.suite: int | None = None
        self.group: int | None = None
        self.scheme: int | None = None
        self.came = self._came()
        chosen, exchange = flight.hello, flight.key_exchange
        if self.came is not Came.ANSWERED:
            return
        if chosen is None:
            self.version = SSL2
            return
        self.version, self.suite, self.group = chosen.version, chosen.suite, chosen.group
        if exchange is not None:
            self.scheme = exchange.scheme
            if self.group is None:
                field = field_group(exchange.prime) if exchange.prime else None
                self.group = exchange.group if exchange.group is not None else field if field in self.groups else None

    def _came(self) -> Came:
        """How it is to be read by itself; whether a refusal can be relied on, others tell."""
        flight = self.flight
        ends = any(alert.ends for alert in flight.alerts)
        if flight.sslv2 is not None:
            return Came.ANSWERED
        if (hello := flight.hello) is not None:
            # Java sends its certificate before it sees that no signature scheme is left; wolfSSL a retry for no group at all.
            nothing = hello.is_retry and hello.group is None and bool(self.groups)
            return Came.REFUSED if (ends and not flight.done) or nothing else Came.ANSWERED
        if flight.not_tls or flight.problem:
            return Came.FAILED
        if flight.sslv2_error is not None or ends:
            return Came.REFUSED
        quiet = self.octets == 0 or bool(flight.alerts)
        closed = self.ended is not None and self.ended.reason is Reason.CLOSED
        return Came.REFUSED if closed and quiet else Came.FAILED

    @property
    def why(self) -> Unobserved:
        """Why there is no answer, in a reason."""
        flight = self.flight
        if flight.alerts and self.came is Came.REFUSED:
            return Unobserved(Reason.TLS_ALERT, f"alert {alert_name(flight.alerts[-1].description)}")
        if flight.not_tls:
            return Unobserved(Reason.NOT_TLS, flight.problem or "the first octets are no TLS")
        if flight.problem:
            return Unobserved(Reason.TLS_FAILED, flight.problem)
        return self.ended or Unobserved(Reason.CLOSED, "the server closed the connection before a ServerHello")

    @property
    def alert(self) -> int | None:
        """The last alert, by number."""
        return self.flight.alerts[-1].description if self.flight.alerts else None


@lru_cache(maxsize=1024)
def _offered(numbers: tuple[int, ...]) -> frozenset[int]:
    return frozenset(numbers) - _NOT_OFFERS


@lru_cache(maxsize=64)
def _versions(version: int, listed: tuple[int, ...]) -> tuple[int, int | None]:
    """The highest version of a hello, and the only one, None when there are several."""
    versions = [it for it in listed if it not in _GREASE]
    if versions:
        return max(versions), versions[0] if len(versions) == 1 else None
    return min(version, TLS12), min(version, TLS12)


@lru_cache(maxsize=64)
def field_group(prime: bytes) -> int | None:
    """The code point of a finite-field group of RFC 7919 with this prime."""
    return FINITE_FIELDS.get(name_of(prime) or "")


_EC_KEY: Final = bytes.fromhex("06072a8648ce3d0201")
_CURVE_OIDS: Final = {
    bytes.fromhex("06082a8648ce3d030107"): 23,
    bytes.fromhex("06052b81040022"): 24,
    bytes.fromhex("06052b81040023"): 25,
    bytes.fromhex("06092b2403030208010107"): 26,
    bytes.fromhex("06092b240303020801010b"): 27,
    bytes.fromhex("06092b240303020801010d"): 28,
    bytes.fromhex("06052b8104000a"): 22,
    bytes.fromhex("06052b81040021"): 21,
    bytes.fromhex("06082a8648ce3d030101"): 19,
}
"""Named curves of keys in certificates (RFC 5480 2.1.1.1, RFC 5639)."""


@lru_cache(maxsize=256)
def leaf_curve(certificate: bytes) -> int | None:
    """The group whose curve the key of a certificate is on: read from the octets of its algorithm, nothing else."""
    at = certificate.find(_EC_KEY)
    if at < 0:
        return None
    parameters = certificate[at + len(_EC_KEY) : at + len(_EC_KEY) + 11]
    return next((group for oid, group in _CURVE_OIDS.items() if parameters.startswith(oid)), None)


@lru_cache(maxsize=1024)
def on_curve(suite: int) -> bool:
    """Whether the suite needs a named curve of the client's list."""
    return exchange_of(suite) in ON_CURVES


ECDSA_SCHEMES: Final = frozenset({0x0203, 0x0303, 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081A, 0x081B, 0x081C})
"""Signature schemes of keys on curves."""


@lru_cache(maxsize=1024)
def with_ecdsa(number: int) -> bool:
    """Whether the suite wants a certificate with a key on a curve."""
    known = suite_of(number)
    return known is not None and known.authentication == "ECDSA"


@lru_cache(maxsize=1024)
def in_field(suite: int) -> bool:
    """Whether the suite uses ephemeral keys of a finite field."""
    return exchange_of(suite) in IN_FIELDS


@lru_cache(maxsize=1024)
def signs(suite: int) -> bool:
    """Whether the server signs its key exchange with a suite."""
    return exchange_of(suite) in SIGNS


class Order(Enum):
    """Whose order the choices followed."""

    SERVER = auto()
    CLIENT = auto()
    UNKNOWN = auto()


Choice = tuple[tuple[int, ...], int]
"""What was offered and could have been chosen, in the client's order, and what was chosen."""


class _Accepted:
    """What the answers of one version show to be accepted together."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.groups = {it.group for it in answers if it.group is not None}
        own_field = any(
            it.group is None and in_field(it.suite) and not it.groups.isdisjoint(FINITE_FIELD_GROUPS)
            for it in answers
            if it.suite is not None
        )
        self.fields = set() if own_field else self.groups & FINITE_FIELD_GROUPS
        """Groups of RFC 7919 that the server looks for; none when it was seen to use a field of its own all the same."""
        self.schemes: dict[bytes, set[int]] = {}
        """Signature schemes, by the certificate that they were used with."""
        self.leafs: dict[int, set[bytes]] = {}
        """Certificates, by the suite that they came with."""
        for it in answers:
            leaf = it.flight.chain[0] if it.flight.chain else b""
            if it.scheme is not None:
                self.schemes.setdefault(leaf, set()).add(it.scheme)
            if it.suite is not None:
                self.leafs.setdefault(it.suite, set()).add(leaf)

    def usable(self, suite: int, one: Answer) -> bool:
        """Whether a hello has all that the suite needed elsewhere: group, signature scheme, the curve of a certificate."""
        offered = one.groups
        common = self.groups & offered
        if one.version == TLS13:
            return bool(common)
        if on_curve(suite) and one.hello.groups is not None and common <= FINITE_FIELD_GROUPS:
            return False
        if in_field(suite) and self.fields and offered & FINITE_FIELD_GROUPS and not offered & self.fields:
            return False
        return any(
            (leaf not in self.schemes or not signs(suite) or not one.schemes.isdisjoint(self.schemes[leaf]))
            and ((curve := leaf_curve(leaf)) is None or not offered or curve in offered)
            for leaf in self.leafs[suite]
        )


def usable(answers: Sequence[Answer], *, of_groups: bool) -> list[Choice]:
    """For each answer of one version, what it could have chosen from as far as that is known: suites, or groups."""
    accepted = _Accepted(answers)
    seen = frozenset(accepted.leafs)
    choices: list[Choice] = []
    for it in answers:
        chosen = it.group if of_groups else it.suite
        if chosen is None:
            continue
        if of_groups:
            kind = chosen in FINITE_FIELD_GROUPS and it.version != TLS13  # a suite decides between curves and fields
            offered = tuple(
                group
                for group in it.hello.groups or ()
                if group in accepted.groups and (it.version == TLS13 or (group in FINITE_FIELD_GROUPS) == kind)
            )
        else:
            common = it.suites & seen
            if len(common) < 2:
                continue
            fit = {suite for suite in common if suite == chosen or accepted.usable(suite, it)}
            offered = _as_ordered(it.hello.suites, fit) if len(fit) > 1 else ()
        if chosen in offered and len(offered) > 1:
            choices.append((offered, chosen))
    return choices


def _as_ordered(suites: tuple[int, ...], fit: set[int]) -> tuple[int, ...]:
    """Some of the suites, in their order."""
    if len(fit) < FEW:
        return tuple(sorted(fit, key=suites.index))
    return tuple(suite for suite in suites if suite in fit)


def unproven(choices: Iterable[Choice], ranked: Sequence[int]) -> int | None:
    """The first place in an order whose holder was never seen to be preferred to the next one; None when all were."""
    beaten: dict[int, set[int]] = {}
    for offered, chosen in choices:
        beaten.setdefault(chosen, set()).update(offered)
    return next(
        (place for place, (one, other) in enumerate(pairwise(ranked)) if other not in beaten.get(one, ())), None
    )


def order_of(choices: Iterable[Choice]) -> tuple[Order, tuple[int, ...]]:
    """Whose order explains every choice, and the server's order as far as it was seen: the first is preferred most.

    UNKNOWN when both explain all of them, or neither does.
    """
    beats: dict[int, set[int]] = {}
    by_client = True
    for offered, chosen in choices:
        by_client = by_client and offered[0] == chosen
        beats.setdefault(chosen, set()).update(offered)
        for other in offered:
            beats.setdefault(other, set())
    ranked: list[int] = []
    left = {it: others - {it} for it, others in beats.items()}
    beaten_by: dict[int, int] = dict.fromkeys(left, 0)
    for others in left.values():
        for other in others:
            beaten_by[other] += 1
    ready = [it for it, count in beaten_by.items() if not count]
    while ready:
        best = min(ready, key=lambda it: (-len(left[it]), it)) if len(ready) > 1 else ready[0]
        ready.remove(best)
        ranked.append(best)
        for other in left[best]:
            beaten_by[other] -= 1
            if not beaten_by[other]:
                ready.append(other)
    by_server = len(ranked) == len(left)
    if by_server == by_client:
        return Order.UNKNOWN, tuple(ranked)
    return (Order.SERVER if by_server else Order.CLIENT), tuple(ranked)
