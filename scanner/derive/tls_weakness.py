"""What is broken whatever a policy says: suites, curves and finite-field groups that protect little or nothing.

Attacks that were tried (FREAK, SWEET32, LOGJAM and others) are no matter of this module: it says what is on, not what works.
"""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

from scanner.derive.tls_facts import DhGroup, Spoken, Swept, TlsVersion
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.tls.code_points import GroupKind, group, group_number, suite

AFTER_SSL2 = tuple(it for it in TlsVersion if it is not TlsVersion.SSL2)
"""Versions whose suites are judged one by one; of SSLv2 nothing is worth telling apart."""


class Weakness(StrEnum):
    """Why a suite is broken, the gravest first; a suite is called by the first that holds."""

    NO_ENCRYPTION = "no encryption"
    ANONYMOUS = "anonymous"
    EXPORT = "export"
    RC4 = "RC4"
    DES = "DES"
    TRIPLE_DES = "3DES"
    SHORT_BLOCK = "64-bit block"
    MD5 = "MD5"


_SHORT_BLOCKS = frozenset({"IDEA", "RC2", "SKIPJACK"})
"""Ciphers of 64-bit blocks besides DES and 3DES (those of GOST change their key on the way and are left to policies)."""


@lru_cache(maxsize=512)
def weakness_of(number: int) -> Weakness | None:
    """Why a suite is broken, None for one that is not, or that nobody knows."""
    known = suite(number)
    if known is None:
        return None
    tests = {
        Weakness.NO_ENCRYPTION: not known.encrypts,
        Weakness.ANONYMOUS: known.anonymous,
        Weakness.EXPORT: known.export,
        Weakness.RC4: known.cipher == "RC4",
        Weakness.DES: known.cipher == "DES",
        Weakness.TRIPLE_DES: known.cipher == "3DES",
        Weakness.SHORT_BLOCK: known.cipher in _SHORT_BLOCKS,
        Weakness.MD5: known.mac == "MD5",
    }
    return next((it for it, holds in tests.items() if holds), None)


def is_aead(number: int) -> bool:
    """Whether a suite authenticates what it encrypts; of one that nobody knows that cannot be said."""
    known = suite(number)
    return known is not None and known.aead


def is_open(swept: Swept, version: TlsVersion) -> Unobserved | None:
    """Why it is not known whether a version is spoken, None when it is known."""
    found = swept.version(version)
    return found if isinstance(found, Unobserved) else None


def first_open(swept: Swept, versions: tuple[TlsVersion, ...]) -> Unobserved | None:
    """Why one of these versions is not known to be spoken or refused, None when all are known."""
    return next((why for it in versions if (why := is_open(swept, it)) is not None), None)


def suites_open(swept: Swept, versions: tuple[TlsVersion, ...]) -> Unobserved | None:
    """Why there may be suites of these versions that were not seen, None when the lists are whole."""
    if (why := first_open(swept, versions)) is not None:
        return why
    short = (it.suites_short for it in swept.spoken if it.version in versions)
    return next((why for why in short if why is not None), None)


def groups_open(swept: Swept, versions: tuple[TlsVersion, ...]) -> Unobserved | None:
    """Why there may be groups of these versions that were not seen, None when the lists are whole.

    DH parameters come with their suites: a list of suites that may be short hides groups, too.
    """
    if (why := suites_open(swept, versions)) is not None:
        return why
    short = (it.groups_short for it in swept.spoken if it.version in versions)
    return next((why for why in short if why is not None), None)


def spoken_in(swept: Swept, versions: tuple[TlsVersion, ...]) -> Iterator[Spoken]:
    """What is spoken of these versions, the newest first."""
    yield from sorted(
        (it for it in swept.spoken if it.version in versions),
        key=lambda it: list(TlsVersion).index(it.version),
        reverse=True,
    )


# Groups ---------------------------------------------------------------------------------------------------------------

LEAST_CURVE_BITS = 224
SAFE_NAMES = ("ffdhe", "modp", "RFC 7919", "RFC 3526", "RFC 2409")
"""How the names of published groups begin whose primes are safe by construction; they need no test here."""
MAX_TESTED_BITS = 4096
MAX_TESTED_GROUPS = 4
"""Finite-field groups of one service that are tested; a server may send another one each time."""
SMALL_PRIMES_BELOW = 4096


class DhFault(StrEnum):
    """What is wrong with finite-field parameters besides their size, the gravest first."""

    NO_GROUP = "generator"
    """The generator gives next to no values: 0, 1, -1, or an order without any large prime."""
    COMPOSITE = "composite"
    """The modulus is no prime."""
    SMALL_SUBGROUPS = "subgroups"
    """The modulus is prime, and (p-1)/2 is not: there are smaller subgroups beside the one that is meant."""


def is_weak_curve(number: int) -> bool:
    """Whether a named group is a curve of fewer than 224 bits."""
    known = group(number)
    curves = (GroupKind.PRIME_CURVE, GroupKind.BINARY_CURVE)
    return known is not None and known.kind in curves and known.bits < LEAST_CURVE_BITS


def named_number(found: DhGroup) -> int | None:
    """The number of the named group that finite-field parameters are, None when they are none of RFC 7919."""
    if found.name is None:
        return None
    try:
        return group_number(found.name)
    except KeyError:
        return None


def untested(groups: tuple[DhGroup, ...]) -> Unobserved | None:
    """Why the faults of some of these groups are not known, None when all can be tested."""
    own = [it for it in groups if not _is_published(it.name)]
    if len(own) > MAX_TESTED_GROUPS:
        return Unobserved(
            Reason.TOO_LARGE, f"the server has more than {MAX_TESTED_GROUPS} finite-field groups of its own"
        )
    if any(it.bits > MAX_TESTED_BITS for it in own):
        return Unobserved(Reason.TOO_LARGE, f"a finite-field group has more than {MAX_TESTED_BITS} bits")
    return None


def dh_faults(groups: tuple[DhGroup, ...]) -> dict[DhGroup, DhFault]:
    """The groups with something wrong, of those that are tested."""
    own = [it for it in groups if not _is_published(it.name)][:MAX_TESTED_GROUPS]
    found = {it: dh_fault(it.prime, it.generator, it.name) for it in own}
    return {it: fault for it, fault in found.items() if fault is not None}


def _is_published(name: str | None) -> bool:
    """Whether a group is one of those whose primes are safe by construction."""
    return name is not None and name.startswith(SAFE_NAMES)


@lru_cache(maxsize=64)
def dh_fault(prime: bytes, generator: bytes, name: str | None) -> DhFault | None:
    """What is wrong with parameters, None when nothing is known to be, or when they are too large to be tested.

    Primality is tested by Miller and Rabin's method with bases taken from the modulus itself, so that the same parameters
    always give the same answer. A prime that is none passes a round with a chance below 1/4.
    """
    p, g = int.from_bytes(prime, "big"), int.from_bytes(generator, "big")
    if p < 5 or not 1 < g < p - 1:
        return DhFault.NO_GROUP
    if _is_published(name) or p.bit_length() > MAX_TESTED_BITS:
        return None
    if any(p % small == 0 and p != small for small in _small_primes()) or pow(2, p - 1, p) != 1:
        return DhFault.COMPOSITE
    # What Fermat's test lets pass is prime when half of p - 1 is (Pocklington), so that the costly test is made once.
    is_safe = is_prime((p - 1) // 2)
    if not is_safe and not is_prime(p):
        return DhFault.COMPOSITE
    if pow(g, _smooth_part(p - 1), p) == 1:
        return DhFault.NO_GROUP
    return None if is_safe else DhFault.SMALL_SUBGROUPS


def is_prime(n: int) -> bool:
    """Whether a number is prime, as far as a bounded, repeatable Miller-Rabin test tells. Never wrong about a prime."""
    for small in _small_primes():
        if n % small == 0:
            return n == small
    if n < SMALL_PRIMES_BELOW**2:
        return n > 1
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_is_witnessed(base, odd, twos, n) for base in _bases(n))


def _bases(n: int) -> Iterator[int]:
    """Bases for the test of `n`: fewer for large numbers, of which a random one is almost never a strong pseudoprime."""
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    yield 2
    for count in range(8 if n.bit_length() <= 2048 else 3):
        yield 3 + int.from_bytes(hashlib.sha256(bytes([count]) + octets).digest(), "big") % (n - 5)


def _is_witnessed(base: int, odd: int, twos: int, n: int) -> bool:
    x = pow(base, odd, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False


def _smooth_part(n: int) -> int:
    """The product of all small prime factors of a number, each as often as it divides it."""
    product = 1
    for prime in _small_primes():
        while n % prime == 0:
            n, product = n // prime, product * prime
    return product


@lru_cache(maxsize=1)
def _small_primes() -> tuple[int, ...]:
    sieve = bytearray([1]) * SMALL_PRIMES_BELOW
    sieve[:2] = b"\0\0"
    for it in range(2, int(SMALL_PRIMES_BELOW**0.5) + 1):
        if sieve[it]:
            sieve[it * it :: it] = bytes(len(range(it * it, SMALL_PRIMES_BELOW, it)))
    return tuple(it for it, stands in enumerate(sieve) if stands)
