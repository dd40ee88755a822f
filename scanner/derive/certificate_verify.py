"""Whether a server of TLS 1.3 showed that it has its certificate's key (RFC 8446 4.4.3)."""

from typing import Final

from scanner.derive.signature import Verdict, verify_signed
from scanner.parse.certificate import CertificateError, SignatureAlgorithm, SignedParts, parse_certificate

_CONTEXT: Final = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"
_SALTS: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
_HASHED: Final = {
    0x0401: ("rsa", "sha256"),
    0x0501: ("rsa", "sha384"),
    0x0601: ("rsa", "sha512"),
    0x0403: ("ecdsa", "sha256"),
    0x0503: ("ecdsa", "sha384"),
    0x0603: ("ecdsa", "sha512"),
    0x081A: ("ecdsa", "sha256"),
    0x081B: ("ecdsa", "sha384"),
    0x081C: ("ecdsa", "sha512"),
    0x0804: ("rsa-pss", "sha256"),
    0x0805: ("rsa-pss", "sha384"),
    0x0806: ("rsa-pss", "sha512"),
    0x0809: ("rsa-pss", "sha256"),
    0x080A: ("rsa-pss", "sha384"),
    0x080B: ("rsa-pss", "sha512"),
}
_HASHLESS: Final = {
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0904: "ml-dsa-44",
    0x0905: "ml-dsa-65",
    0x0906: "ml-dsa-87",
}


def shows_the_key(leaf: bytes, scheme: int, signature: bytes, transcript_hash: bytes) -> bool:
    """Whether this signature of a CertificateVerify is by the key of a leaf (DER); false where that cannot be told.

    `transcript_hash` is that of the messages up to the server's Certificate, `scheme` the code point of its signature.
    """
    if scheme in _HASHED:
        name, hash_name = _HASHED[scheme]
        of_mask = (hash_name, _SALTS[hash_name]) if name == "rsa-pss" else (None, None)
        algorithm = SignatureAlgorithm("", name, name, hash_name, *of_mask)
    elif scheme in _HASHLESS:
        algorithm = SignatureAlgorithm("", _HASHLESS[scheme], _HASHLESS[scheme], None)
    else:
        return False
    try:
        key = parse_certificate(leaf).key
    except CertificateError:
        return False
    return verify_signed(SignedParts(_CONTEXT + transcript_hash, signature), algorithm, key) is Verdict.VALID
