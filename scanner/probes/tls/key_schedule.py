"""The key schedule of TLS 1.3 and its record protection (RFC 8446 5.2, 7.1, 7.3; RFC 5869).

Pure functions over octets. The ciphers come from `cryptography`, which is imported when the first record is opened.
"""

import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

IV_BYTES: Final = 12
MAX_PLAINTEXT_BYTES: Final = 16_384
MAX_CIPHERTEXT_BYTES: Final = MAX_PLAINTEXT_BYTES + 256
HEADER_BYTES: Final = 5
APPLICATION_DATA: Final = 23


class Suite(Struct, frozen=True):
    """A cipher suite of TLS 1.3: its hash, the length of its keys, and of the tag of its records, in octets."""

    hash_name: str
    hash_bytes: int
    cipher: str
    key_bytes: int
    tag_bytes: int = 16


SUITES: Final[dict[int, Suite]] = {
    0x1301: Suite("sha256", 32, "aes-gcm", 16),
    0x1302: Suite("sha384", 48, "aes-gcm", 32),
    0x1303: Suite("sha256", 32, "chacha20-poly1305", 32),
    0x1304: Suite("sha256", 32, "aes-ccm", 16),
    0x1305: Suite("sha256", 32, "aes-ccm", 16, 8),
}
"""What a client of ours can speak (RFC 8446 B.4)."""


class BadRecordError(ValueError):
    """A record that its key does not open."""


def expand_label(suite: Suite, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 7.1) for outputs of at most 255 blocks."""
    full = b"tls13 " + label.encode("ascii")
    info = length.to_bytes(2, "big") + bytes((len(full),)) + full + bytes((len(context),)) + context
    output = block = b""
    count = 1
    while len(output) < length:
        block = hmac.digest(secret, block + info + bytes((count,)), suite.hash_name)
        output += block
        count += 1
    return output[:length]


def derive_secret(suite: Suite, secret: bytes, label: str, transcript: bytes) -> bytes:
    """Derive-Secret (RFC 8446 7.1); `transcript` is the hash of the messages."""
    return expand_label(suite, secret, label, transcript, suite.hash_bytes)


@lru_cache(maxsize=16)
def early_secret(suite: Suite, psk: bytes = b"") -> bytes:
    """The first secret of the schedule; without a pre-shared key it is the same for everybody."""
    return hmac.digest(bytes(suite.hash_bytes), psk or bytes(suite.hash_bytes), suite.hash_name)


def next_secret(suite: Suite, secret: bytes, input_material: bytes = b"") -> bytes:
    """From one secret of the schedule to the next: with (EC)DHE output to the handshake's, with none to the master secret."""
    salt = derive_secret(suite, secret, "derived", _hash_of_nothing(suite))
    return hmac.digest(salt, input_material or bytes(suite.hash_bytes), suite.hash_name)


@lru_cache(maxsize=16)
def _hash_of_nothing(suite: Suite) -> bytes:
    import hashlib

    return hashlib.new(suite.hash_name).digest()


def finished_mac(suite: Suite, traffic_secret: bytes, transcript: bytes) -> bytes:
    """verify_data of a Finished message, and the form of a PSK binder (RFC 8446 4.4.4, 4.2.11.2)."""
    return hmac.digest(
        expand_label(suite, traffic_secret, "finished", b"", suite.hash_bytes), transcript, suite.hash_name
    )


class Protection:
    """Seals or opens the records of one direction under one traffic secret; counts them, for the count is in the nonce."""

    def __init__(self, suite: Suite, traffic_secret: bytes) -> None:
        self._iv = int.from_bytes(expand_label(suite, traffic_secret, "iv", b"", IV_BYTES), "big")
        self._cipher = _cipher(suite, expand_label(suite, traffic_secret, "key", b"", suite.key_bytes))
        self._tag_bytes = suite.tag_bytes
        self._count = 0

    def _nonce(self) -> bytes:
        nonce = (self._iv ^ self._count).to_bytes(IV_BYTES, "big")
        self._count += 1
        return nonce

    def seal(self, kind: int, content: bytes) -> bytes:
        """A record with this content, at most 2^14 octets."""
        header = bytes((APPLICATION_DATA, 3, 3)) + (len(content) + 1 + self._tag_bytes).to_bytes(2, "big")
        return header + self._cipher.encrypt(self._nonce(), content + bytes((kind,)), header)

    def open(self, record: bytes) -> tuple[int, bytes]:
        """Kind and content of a record, header included. Raises BadRecordError."""
        from cryptography.exceptions import InvalidTag

        try:
            inner = self._cipher.decrypt(self._nonce(), record[HEADER_BYTES:], record[:HEADER_BYTES])
        except (InvalidTag, ValueError) as error:
            raise BadRecordError("a record that its key does not open") from error
        content = inner.rstrip(b"\0")
        if not content or len(content) > MAX_PLAINTEXT_BYTES + 1:
            raise BadRecordError("a record without a type, or too long")
        return content[-1], content[:-1]


def _cipher(suite: Suite, key: bytes) -> "AESGCM | AESCCM | ChaCha20Poly1305":
    from cryptography.hazmat.primitives.ciphers import aead

    if suite.cipher == "aes-gcm":
        return aead.AESGCM(key)
    if suite.cipher == "aes-ccm":
        return aead.AESCCM(key, tag_length=suite.tag_bytes)
    return aead.ChaCha20Poly1305(key)
