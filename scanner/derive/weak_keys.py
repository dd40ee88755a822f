"""Keys whose private half can be computed: the fingerprint of ROCA (CVE-2017-15361), and exponents that hide nothing.

Keys of Debian's broken generator (CVE-2008-0166) are not looked for: that takes lists of all of them.
"""

from functools import cache
from typing import Final

_PRIMES: Final = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
    127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip
"""The odd primes of the product that the smallest keys were made with; that of larger keys holds these, too."""
_GENERATOR: Final = 65537


@cache
def _powers(prime: int) -> frozenset[int]:
    found = {1}
    power = _GENERATOR % prime
    while power not in found:
        found.add(power)
        power = power * _GENERATOR % prime
    return frozenset(found)


def has_roca_fingerprint(modulus: int) -> bool:
    """Whether an RSA modulus is one of Infineon's weak library, RSALib.

    Its primes are powers of 65537 modulo the product of many small primes, and so is their product (Nemec and others,
    "The Return of Coppersmith's Attack", 2017, section 3). One modulus in about 2^28 looks so by chance.
    """
    return all(modulus % prime in _powers(prime) for prime in _PRIMES)


def is_broken_exponent(exponent: int) -> bool:
    """Whether no RSA works with a public exponent: it must be odd and at least three (SP 800-56B asks for more)."""
    return exponent < 3 or exponent % 2 == 0
