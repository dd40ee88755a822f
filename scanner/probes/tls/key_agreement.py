"""Key agreement in the named groups that `cryptography` can do, and finite-field groups by whole numbers.

A share is what a client sends, made when the agreement is; the server's share gives the secret that both then have
(RFC 8446 4.2.8, RFC 7919, RFC 8734, draft-ietf-tls-ecdhe-mlkem).
"""

import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve

FFDHE_EXPONENT_BITS: Final = 400
"""More than twice the strength of the largest group (RFC 7919 5.2)."""

X25519: Final = 29

CLASSICAL: Final = (X25519, 23, 24, 25, 30, 31, 32, 33, 256, 257, 258, 259, 260)
"""x25519, P-256, P-384, P-521, x448, three of brainpool for TLS 1.3, ffdhe2048 to ffdhe8192."""
HYBRID: Final = (4588, 4587, 4589)
"""X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024."""
POST_QUANTUM: Final = (513, 514)
"""MLKEM768 and MLKEM1024 alone; for MLKEM512 there is no code here."""
GROUPS: Final = (*CLASSICAL, *HYBRID, *POST_QUANTUM)

_FFDHE: Final = {
    256: (2048, 560316),
    257: (3072, 2625351),
    258: (4096, 5736041),
    259: (6144, 15705020),
    260: (8192, 10965728),
}
_CURVES: Final = {
    23: "SECP256R1",
    24: "SECP384R1",
    25: "SECP521R1",
    31: "BrainpoolP256R1",
    32: "BrainpoolP384R1",
    33: "BrainpoolP512R1",
}


class Agreement(Protocol):
    """A key pair of ours in one group."""

    share: bytes

    def agree(self, theirs: bytes) -> bytes:
        """The secret shared with the owner of a share. Raises ValueError for a share that is none of this group."""


class _Simple:
    def __init__(self, share: bytes, exchange: Callable[[bytes], bytes]) -> None:
        self.share = share
        self._exchange = exchange

    def agree(self, theirs: bytes) -> bytes:
        return self._exchange(theirs)


class _Joined:
    """A hybrid: both shares one after the other, and both secrets likewise. `first_bytes`: how long the server's first is."""

    def __init__(self, first: Agreement, first_bytes: int, second: Agreement) -> None:
        self.share = first.share + second.share
        self._first, self._first_bytes, self._second = first, first_bytes, second

    def agree(self, theirs: bytes) -> bytes:
        return self._first.agree(theirs[: self._first_bytes]) + self._second.agree(theirs[self._first_bytes :])


def key_agreement(group: int) -> Agreement:
    """A fresh key pair in a group of GROUPS. Raises ValueError for any other, or one that this OpenSSL lacks."""
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        if group in _CURVES:
            return _curve(group)
        if group in _FFDHE:
            return _finite_field(group)
        match group:
            case 29:
                return _x25519()
            case 30:
                return _x448()
            case 4588:
                return _Joined(_mlkem(768), 1088, _x25519())
            case 4587:
                return _Joined(_curve(23), 65, _mlkem(768))
            case 4589:
                return _Joined(_curve(24), 97, _mlkem(1024))
            case 513:
                return _mlkem(768)
            case 514:
                return _mlkem(1024)
    except UnsupportedAlgorithm as error:
        raise ValueError(f"group {group} is not in this build of OpenSSL") from error
    raise ValueError(f"no key agreement in group {group} is known here")


def _x25519() -> Agreement:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    private = X25519PrivateKey.generate()
    return _Simple(
        private.public_key().public_bytes_raw(),
        lambda theirs: private.exchange(X25519PublicKey.from_public_bytes(theirs)),
    )


def _x448() -> Agreement:
    from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey, X448PublicKey

    private = X448PrivateKey.generate()
    return _Simple(
        private.public_key().public_bytes_raw(),
        lambda theirs: private.exchange(X448PublicKey.from_public_bytes(theirs)),
    )


def _curve(group: int) -> Agreement:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curve: EllipticCurve = getattr(ec, _CURVES[group])()
    private = ec.generate_private_key(curve)

    def exchange(theirs: bytes) -> bytes:
        return private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs))

    return _Simple(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint), exchange)


def _mlkem(strength: int) -> Agreement:
    from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM1024PrivateKey

    private = (MLKEM768PrivateKey if strength == 768 else MLKEM1024PrivateKey).generate()
    return _Simple(private.public_key().public_bytes_raw(), private.decapsulate)


def _finite_field(group: int) -> Agreement:
    prime = ffdhe_prime(group)
    length = (prime.bit_length() + 7) // 8
    exponent = secrets.randbits(FFDHE_EXPONENT_BITS) | 1 << FFDHE_EXPONENT_BITS - 1

    def exchange(theirs: bytes) -> bytes:
        value = int.from_bytes(theirs, "big")
        if len(theirs) != length or not 1 < value < prime - 1:
            raise ValueError("a value outside the group (RFC 7919 5.1)")
        return pow(value, exponent, prime).to_bytes(length, "big")

    return _Simple(pow(2, exponent, prime).to_bytes(length, "big"), exchange)


@lru_cache(maxsize=8)
def ffdhe_prime(group: int) -> int:
    """The prime of ffdhe2048 ... ffdhe8192, from its formula (RFC 7919 appendix A): digits of e between runs of ones."""
    bits, addend = _FFDHE[group]
    digits = bits - 130
    guard = 64
    term = total = 1 << digits + guard
    count = 1
    while term:
        term //= count
        total += term
        count += 1
    return (1 << bits) - (1 << bits - 64) + ((total >> guard) + addend << 64) - 1
