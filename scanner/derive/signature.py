"""One signature of an authority, checked with one key: on a certificate, a revocation list, a status response.

The library that knows the algorithms is imported when the first signature is checked: whoever only lists checks never
waits for it.
"""

from enum import Enum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Protocol, cast

from scanner.parse.certificate import Certificate, PublicKey, SignatureAlgorithm, SignedParts, signed_parts

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

MAX_KEY_BITS: Final = 16_384
MAX_CACHED_KEY_BYTES: Final = 4_096


class Verdict(Enum):
    """What came of checking one signature with one key."""

    VALID = "valid"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"


def verify_signature(certificate: Certificate, issuer: Certificate) -> Verdict:
    """Check `certificate`'s signature with `issuer`'s key, and nothing else about either (RFC 5280 4.1.1.3)."""
    return verify_signed(signed_parts(certificate), certificate.signature, issuer.key)


def verify_signed(parts: SignedParts, algorithm: SignatureAlgorithm, signer: PublicKey) -> Verdict:
    """Check whether `signer` made the signature of these parts."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    kinds = _SCHEMES.get(algorithm.scheme or "")
    if kinds is not None and signer.kind not in kinds:
        return Verdict.INVALID
    key = _load_key(signer.spki) if len(signer.spki) <= MAX_CACHED_KEY_BYTES else None
    if key is None or (signer.bits or 0) > MAX_KEY_BITS:
        return Verdict.UNSUPPORTED
    try:
        return _check_signature(parts, algorithm, key)
    except InvalidSignature:
        return Verdict.INVALID
    except (UnsupportedAlgorithm, ValueError, OverflowError):
        return Verdict.UNSUPPORTED


def _check_signature(parts: SignedParts, algorithm: SignatureAlgorithm, key: object) -> Verdict:
    from cryptography.hazmat.primitives.asymmetric.dsa import DSAPublicKey
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    hash_ = _hashes().get(algorithm.hash_name or "")
    mask_hash = _hashes().get(algorithm.mask_hash_name or "")
    match algorithm.scheme, key:
        case "rsa", RSAPublicKey() if hash_:
            key.verify(parts.signature, parts.tbs, PKCS1v15(), hash_)
        case "rsa-pss", RSAPublicKey() if hash_ and mask_hash and algorithm.salt_length is not None:
            key.verify(parts.signature, parts.tbs, PSS(MGF1(mask_hash), algorithm.salt_length), hash_)
        case "ecdsa", EllipticCurvePublicKey() if hash_:
            key.verify(parts.signature, parts.tbs, ECDSA(hash_))
        case "dsa", DSAPublicKey() if hash_:
            key.verify(parts.signature, parts.tbs, hash_)
        case (("ed25519" | "ed448" | "ml-dsa-44" | "ml-dsa-65" | "ml-dsa-87"), _):
            cast(_HashlessKey, key).verify(parts.signature, parts.tbs)
        case _:
            return Verdict.UNSUPPORTED
    return Verdict.VALID


# Signature scheme -> the kinds of key that can make it.
_SCHEMES: Final = {
    "rsa": frozenset({"rsa"}),
    "rsa-pss": frozenset({"rsa", "rsa-pss"}),
    "ecdsa": frozenset({"ec"}),
    "dsa": frozenset({"dsa"}),
    "ed25519": frozenset({"ed25519"}),
    "ed448": frozenset({"ed448"}),
    "ml-dsa-44": frozenset({"ml-dsa-44"}),
    "ml-dsa-65": frozenset({"ml-dsa-65"}),
    "ml-dsa-87": frozenset({"ml-dsa-87"}),
}


class _HashlessKey(Protocol):
    """A key whose scheme fixes the hash: Ed25519, Ed448, ML-DSA where the library has it."""

    def verify(self, signature: bytes, data: bytes) -> None: ...


@cache
def _hashes() -> "dict[str, HashAlgorithm]":
    from cryptography.hazmat.primitives import hashes

    return {
        "md5": hashes.MD5(),  # noqa: S303 - to tell a bad signature from a weak one, never to trust it
        "sha1": hashes.SHA1(),  # noqa: S303 - the same
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }


@lru_cache(maxsize=512)
def _load_key(spki: bytes) -> object | None:
    """Load a key, or None when the library refuses it (size, curve, algorithm)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        return load_der_public_key(spki)
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
