"""Encrypted Client Hello (RFC 9849): the configurations that a service publishes, and how a hello is sealed with one.

HPKE (RFC 9180) is written out here for what ECH needs of it, base mode and one message: the library's own seals in one piece,
and ECH binds the message to the hello that already holds the sender's key.
"""

import hashlib
import hmac
from typing import Final

import msgspec
from msgspec import Struct

from scanner.probes.tls.client_hello import Hello, build_client_hello
from scanner.probes.tls.encrypted_flight import ENCRYPTED_CLIENT_HELLO, Octets
from scanner.probes.tls.key_agreement import X25519, key_agreement
from scanner.probes.tls.key_schedule import HEADER_BYTES, Suite, expand_label

VERSION: Final = 0xFE0D
INNER: Final = b"\x01"
"""The body of the extension in the hello that is sealed."""
MAX_CONFIGS: Final = 16
PADDED_TO: Final = 32
_HANDSHAKE_HEADER_BYTES = 4
_MANDATORY = 0x8000

# Key encapsulation by number: the group, and the length of its shared secret (RFC 9180 7.1).
_KEMS: Final = {0x0010: (23, 32), 0x0020: (X25519, 32)}
_KEM_HASH = "sha256"
_KDFS: Final = {0x0001: "sha256", 0x0002: "sha384", 0x0003: "sha512"}
_AEADS: Final = {0x0001: 16, 0x0002: 32, 0x0003: 32}
"""Lengths of keys: AES-128-GCM, AES-256-GCM, ChaCha20Poly1305."""
_CHACHA = 0x0003
_NONCE_BYTES = 12
_TAG_BYTES = 16


class EchConfig(Struct, frozen=True):
    """One configuration that we can use. `octets` is the whole of it, `public_name` what is said in clear instead."""

    octets: bytes
    config_id: int
    kem: int
    public_key: bytes
    kdf: int
    aead: int
    max_name_bytes: int
    public_name: str


def read_configs(octets: bytes) -> tuple[EchConfig, ...]:
    """The configurations of an ECHConfigList that we can use, in order; none where all are of other kinds.

    Raises ValueError for what is no list at all.
    """
    outer = Octets(octets)
    entries = Octets(outer.vector(2))
    if outer.left or not entries.left:
        raise ValueError("a list of another length than it says, or an empty one")
    found = []
    for _ in range(MAX_CONFIGS):
        if not entries.left:
            break
        start = entries.at
        version, content = entries.number(2), entries.vector(2)
        if version == VERSION:
            config = _read_config(entries.octets[start : entries.at], Octets(content))
            if config is not None:
                found.append(config)
    return tuple(found)


def _read_config(octets: bytes, it: Octets) -> EchConfig | None:
    config_id, kem, public_key = it.number(1), it.number(2), it.vector(2)
    suites = Octets(it.vector(2))
    pairs = []
    while suites.left:
        pairs.append((suites.number(2), suites.number(2)))
    max_name_bytes, name = it.number(1), it.vector(1)
    extensions = Octets(it.vector(2))
    while extensions.left:
        number, _ = extensions.number(2), extensions.vector(2)
        if number & _MANDATORY:
            return None
    if it.left:
        raise ValueError(f"{it.left} octets too many in a configuration")
    usable = [(kdf, aead) for kdf, aead in pairs if kdf in _KDFS and aead in _AEADS]
    if kem not in _KEMS or not usable or not name.isascii():
        return None
    kdf, aead = usable[0]
    return EchConfig(octets, config_id, kem, public_key, kdf, aead, max_name_bytes, name.decode("ascii"))


def seal_hello(inner: Hello, outer: Hello, config: EchConfig) -> bytes:
    """The record of the outer hello with the inner one sealed in it (RFC 9849 6.1).

    Raises ValueError for a public key that is none.
    """
    encoded = _body(msgspec.structs.replace(inner, session_id=b""))
    name_bytes = len(inner.server_name or "")
    padding = max(0, config.max_name_bytes - name_bytes)
    padding += -(len(encoded) + padding) % PADDED_TO
    encoded += bytes(padding)
    sealing = _Sealing(config)
    head = b"\x00" + config.kdf.to_bytes(2, "big") + config.aead.to_bytes(2, "big") + bytes((config.config_id,))
    length = len(encoded) + _TAG_BYTES
    extension = head + _vector(sealing.encapsulated) + length.to_bytes(2, "big") + bytes(length)
    record = build_client_hello(
        msgspec.structs.replace(outer, extra=(*outer.extra, (ENCRYPTED_CLIENT_HELLO, extension)))
    )
    payload = sealing.seal(encoded, record[HEADER_BYTES + _HANDSHAKE_HEADER_BYTES :])
    return record[:-length] + payload


def accepts(suite: Suite, inner_message: bytes, inner_random: bytes, server_hello: bytes) -> bool:
    """Whether a ServerHello message confirms that the inner hello was opened (RFC 9849 7.2)."""
    start = _HANDSHAKE_HEADER_BYTES + 2 + 24
    told = server_hello[start : start + 8]
    blanked = server_hello[:start] + bytes(8) + server_hello[start + 8 :]
    transcript = hashlib.new(suite.hash_name, inner_message + blanked).digest()
    secret = hmac.digest(bytes(suite.hash_bytes), inner_random, suite.hash_name)
    return hmac.compare_digest(told, expand_label(suite, secret, "ech accept confirmation", transcript, 8))


def _body(hello: Hello) -> bytes:
    """A ClientHello without the headers of its record and its message."""
    return build_client_hello(hello)[HEADER_BYTES + _HANDSHAKE_HEADER_BYTES :]


def _vector(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big") + octets


class _Sealing:
    """The sender of HPKE in base mode (RFC 9180 4.1, 5.1) with a fresh key."""

    def __init__(self, config: EchConfig) -> None:
        group, secret_bytes = _KEMS[config.kem]
        mine = key_agreement(group)
        self.encapsulated = mine.share
        context = mine.share + config.public_key
        kem_id = b"KEM" + config.kem.to_bytes(2, "big")
        extracted = _extract(_KEM_HASH, kem_id, b"", b"eae_prk", mine.agree(config.public_key))
        shared = _expand(_KEM_HASH, kem_id, extracted, b"shared_secret", context, secret_bytes)

        hash_name = _KDFS[config.kdf]
        suite_id = b"HPKE" + b"".join(it.to_bytes(2, "big") for it in (config.kem, config.kdf, config.aead))
        info = b"tls ech\0" + config.octets
        schedule = (
            b"\0"
            + _extract(hash_name, suite_id, b"", b"psk_id_hash", b"")
            + _extract(hash_name, suite_id, b"", b"info_hash", info)
        )
        secret = _extract(hash_name, suite_id, shared, b"secret", b"")
        self._key = _expand(hash_name, suite_id, secret, b"key", schedule, _AEADS[config.aead])
        self._nonce = _expand(hash_name, suite_id, secret, b"base_nonce", schedule, _NONCE_BYTES)
        self._chacha = config.aead == _CHACHA

    def seal(self, content: bytes, bound_to: bytes) -> bytes:
        """The first message, and the only one."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

        cipher = ChaCha20Poly1305(self._key) if self._chacha else AESGCM(self._key)
        return cipher.encrypt(self._nonce, content, bound_to)


def _extract(hash_name: str, suite_id: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    """LabeledExtract (RFC 9180 4)."""
    return hmac.digest(salt, b"HPKE-v1" + suite_id + label + material, hash_name)


def _expand(hash_name: str, suite_id: bytes, secret: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand (RFC 9180 4)."""
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + info
    output = block = b""
    count = 1
    while len(output) < length:
        block = hmac.digest(secret, block + labelled + bytes((count,)), hash_name)
        output += block
        count += 1
    return output[:length]
