"""Just enough of a client of SSL 3.0 to TLS 1.2 for trials of known weaknesses (RFC 2246, 4346, 5246, 5288, 7905).

Libraries send only what is right; a trial needs records that are wrong in one chosen way, and tickets in their own octets.
Nothing here verifies a server: whoever answers is who is tried. Pure functions over octets; `cryptography` is imported when
a key is first needed.
"""

import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from scanner.probes.tls.first_flight import Flight
from scanner.probes.tls.key_agreement import key_agreement

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherAlgorithm
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

CHANGE_CIPHER_SPEC: Final = 20
ALERT: Final = 21
HANDSHAKE: Final = 22
APPLICATION_DATA: Final = 23
HEARTBEAT: Final = 24

TLS10: Final = 0x0301
TLS11: Final = 0x0302
TLS12: Final = 0x0303

GROUPS: Final = (29, 23, 24, 25)
"""x25519, P-256, P-384, P-521."""
SIGNATURE_SCHEMES: Final = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),
    *(0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0502, 0x0602, 0x0202),
)
"""Everything a server may sign with: nothing is verified, so nothing is turned down."""
MAX_DH_BYTES: Final = 1024
"""A longer prime is not computed with: our own time is worth something, too."""
DH_EXPONENT_BITS: Final = 256
MAX_RSA_BITS: Final = 16_384
MAX_RSA_EXPONENT_BITS: Final = 64
"""A longer key is not computed with, either: OpenSSL has the same limits, so no client of it does."""


class Cipher(Struct, frozen=True):
    """How the records of a suite are protected: `kind` is `cbc`, `gcm` or `chacha20`; lengths in octets."""

    kind: str
    key_bytes: int
    algorithm: str = "AES"
    mac: str = ""
    prf: str = "sha256"

    @property
    def block_bytes(self) -> int:
        """The block of the cipher, in octets."""
        return 8 if self.algorithm == "TripleDES" else 16

    @property
    def mac_bytes(self) -> int:
        """The length of the MAC, 0 for authenticated encryption."""
        return {"": 0, "sha1": 20, "sha256": 32, "sha384": 48}[self.mac]

    @property
    def fixed_iv_bytes(self) -> int:
        """What of the key block is an IV in TLS 1.2; block ciphers take theirs there up to TLS 1.0."""
        return {"gcm": 4, "chacha20": 12}.get(self.kind, 0)


_A128_SHA = Cipher("cbc", 16, mac="sha1")
_A256_SHA = Cipher("cbc", 32, mac="sha1")
_A128_SHA256 = Cipher("cbc", 16, mac="sha256")
_A256_SHA256 = Cipher("cbc", 32, mac="sha256")
_A256_SHA384 = Cipher("cbc", 32, mac="sha384", prf="sha384")
_A128_GCM = Cipher("gcm", 16)
_A256_GCM = Cipher("gcm", 32, prf="sha384")
_CHACHA20 = Cipher("chacha20", 32)
_3DES_SHA = Cipher("cbc", 24, "TripleDES", mac="sha1")
_C128_SHA = Cipher("cbc", 16, "Camellia", mac="sha1")
_C256_SHA = Cipher("cbc", 32, "Camellia", mac="sha1")

SUITES: Final[dict[int, Cipher]] = {
    **dict.fromkeys((0xC02B, 0xC02F, 0x009E, 0x009C), _A128_GCM),
    **dict.fromkeys((0xC02C, 0xC030, 0x009F, 0x009D), _A256_GCM),
    **dict.fromkeys((0xCCA9, 0xCCA8, 0xCCAA), _CHACHA20),
    **dict.fromkeys((0xC009, 0xC013, 0x0033, 0x0032, 0x002F), _A128_SHA),
    **dict.fromkeys((0xC00A, 0xC014, 0x0039, 0x0038, 0x0035), _A256_SHA),
    **dict.fromkeys((0xC023, 0xC027, 0x0067, 0x0040, 0x003C), _A128_SHA256),
    **dict.fromkeys((0x006B, 0x006A, 0x003D), _A256_SHA256),
    **dict.fromkeys((0xC024, 0xC028), _A256_SHA384),
    **dict.fromkeys((0xC008, 0xC012, 0x0016, 0x0013, 0x000A), _3DES_SHA),
    **dict.fromkeys((0x0041, 0x0045), _C128_SHA),
    **dict.fromkeys((0x0084, 0x0088), _C256_SHA),
}
"""The suites spoken here, cheapest for both sides first."""


class CannotSpeakError(ValueError):
    """The server chose or sent something that this client cannot go on with; the words say what."""


def record(kind: int, version: int, content: bytes) -> bytes:
    """A record in clear."""
    return bytes((kind,)) + version.to_bytes(2) + len(content).to_bytes(2) + content


def messages_in(octets: bytes) -> bytes:
    """The handshake messages of records in clear, one after the other, up to the first that is no handshake record."""
    kept, at = [], 0
    while at + 5 <= len(octets) and octets[at] == HANDSHAKE:
        end = at + 5 + int.from_bytes(octets[at + 3 : at + 5])
        kept.append(octets[at + 5 : end])
        at = end
    return b"".join(kept)


def pseudo_random(version: int, prf: str, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """PRF of TLS 1.2 (RFC 5246 5) and of TLS 1.0 and 1.1 (RFC 2246 5)."""
    if version >= TLS12:
        return _expanded(prf, secret, label + seed, length)
    half = (len(secret) + 1) // 2
    first = _expanded("md5", secret[:half], label + seed, length)
    second = _expanded("sha1", secret[len(secret) - half :], label + seed, length)
    return bytes(a ^ b for a, b in zip(first, second, strict=True))


def _expanded(name: str, secret: bytes, seed: bytes, length: int) -> bytes:
    output, a = b"", seed
    while len(output) < length:
        a = hmac.digest(secret, a, name)
        output += hmac.digest(secret, a + seed, name)
    return output[:length]


class Protected:
    """One direction of a protected connection: seals records, rightly or in a chosen wrong way, and opens them."""

    def __init__(self, version: int, cipher: Cipher, mac_key: bytes, key: bytes, iv: bytes) -> None:
        self._version = version
        self._cipher = cipher
        self._mac_key = mac_key
        self._key = key
        self._iv = iv
        self._count = 0

    def mac(self, kind: int, content: bytes) -> bytes:
        """The MAC of the next record of a CBC suite (RFC 5246 6.2.3.1)."""
        header = self._count.to_bytes(8) + bytes((kind,)) + self._version.to_bytes(2) + len(content).to_bytes(2)
        return hmac.digest(self._mac_key, header + content, self._cipher.mac)

    def seal(self, kind: int, content: bytes) -> bytes:
        """A record as it should be."""
        if self._cipher.kind == "cbc":
            return self.seal_blocks(kind, padded(content + self.mac(kind, content), self._cipher.block_bytes))
        nonce, shown = self._nonce(None)
        sealed = shown + self._aead().encrypt(nonce, content, self._extra(kind, len(content)))
        self._count += 1
        return record(kind, self._version, sealed)

    def seal_blocks(self, kind: int, blocks: bytes) -> bytes:
        """A record of a CBC suite whose encrypted octets, MAC and padding included, are just these whole blocks."""
        size = self._cipher.block_bytes
        iv = self._iv if self._version <= TLS10 else os.urandom(size)
        sealed = self._cbc(iv, blocks, decrypt=False)
        self._iv = sealed[-size:]
        self._count += 1
        return record(kind, self._version, sealed if self._version <= TLS10 else iv + sealed)

    def sealed_bytes(self, length: int) -> int:
        """How long the body of a record is that carries so many octets of content."""
        if self._cipher.kind != "cbc":
            return length + 16 + (8 if self._cipher.kind == "gcm" else 0)
        size = self._cipher.block_bytes
        blocks = (length + self._cipher.mac_bytes) // size + 1
        return size * (blocks if self._version <= TLS10 else blocks + 1)

    def open(self, sealed: bytes) -> bytes:
        """The content of a record, header included. Raises ValueError when these keys do not open it."""
        kind, body = sealed[0], sealed[5:]
        if self._cipher.kind == "cbc":
            return self._open_blocks(kind, body)
        from cryptography.exceptions import InvalidTag

        nonce, shown = self._nonce(body[:8])
        extra = self._extra(kind, max(0, len(body) - len(shown) - 16))
        try:
            content = self._aead().decrypt(nonce, body[len(shown) :], extra)
        except InvalidTag as error:
            raise ValueError("a record that its key does not open") from error
        self._count += 1
        return content

    def _open_blocks(self, kind: int, body: bytes) -> bytes:
        size = self._cipher.block_bytes
        iv, body = (self._iv, body) if self._version <= TLS10 else (body[:size], body[size:])
        if not body or len(body) % size:
            raise ValueError("a record that is not made of whole blocks")
        self._iv = body[-size:]
        plain = self._cbc(iv, body, decrypt=True)
        end = len(plain) - plain[-1] - 1 - self._cipher.mac_bytes
        if end < 0:
            raise ValueError("a record with more padding than octets")
        if plain[-plain[-1] - 1 :] != plain[-1:] * (plain[-1] + 1):
            raise ValueError("a record whose padding is wrong")
        content = plain[:end]
        if not hmac.compare_digest(plain[end : end + self._cipher.mac_bytes], self.mac(kind, content)):
            raise ValueError("a record whose MAC is wrong")
        self._count += 1
        return content

    def _nonce(self, shown: bytes | None) -> tuple[bytes, bytes]:
        """The nonce of the next record, and what of it stands in the record (RFC 5288 3, RFC 7905 2)."""
        if self._cipher.kind == "gcm":
            shown = self._count.to_bytes(8) if shown is None else shown
            return self._iv + shown, shown
        return (int.from_bytes(self._iv) ^ self._count).to_bytes(12), b""

    def _extra(self, kind: int, length: int) -> bytes:
        return self._count.to_bytes(8) + bytes((kind,)) + self._version.to_bytes(2) + length.to_bytes(2)

    def _aead(self) -> "AESGCM | ChaCha20Poly1305":
        from cryptography.hazmat.primitives.ciphers import aead

        return aead.AESGCM(self._key) if self._cipher.kind == "gcm" else aead.ChaCha20Poly1305(self._key)

    def _cbc(self, iv: bytes, octets: bytes, *, decrypt: bool) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher as Machine
        from cryptography.hazmat.primitives.ciphers import modes

        machine = Machine(_algorithm(self._cipher.algorithm, self._key), modes.CBC(iv))
        context = machine.decryptor() if decrypt else machine.encryptor()
        return context.update(octets) + context.finalize()


def _algorithm(name: str, key: bytes) -> "CipherAlgorithm":
    if name == "AES":
        from cryptography.hazmat.primitives.ciphers.algorithms import AES

        return AES(key)
    from cryptography.hazmat.decrepit.ciphers import algorithms

    made: CipherAlgorithm = getattr(algorithms, name)(key)
    return made


def padded(octets: bytes, block_bytes: int) -> bytes:
    """Octets with the shortest padding that is right (RFC 5246 6.2.3.2)."""
    length = block_bytes - 1 - len(octets) % block_bytes
    return octets + bytes((length,)) * (length + 1)


def directions(
    version: int, cipher: Cipher, master: bytes, client_random: bytes, server_random: bytes
) -> tuple[Protected, Protected]:
    """Our direction and the server's under a master secret (RFC 5246 6.3)."""
    block_iv = cipher.block_bytes if cipher.kind == "cbc" and version <= TLS10 else 0
    sizes = (cipher.mac_bytes, cipher.key_bytes, cipher.fixed_iv_bytes + block_iv)
    seed = server_random + client_random
    octets, at = pseudo_random(version, cipher.prf, master, b"key expansion", seed, 2 * sum(sizes)), 0
    ours: list[bytes] = []
    theirs: list[bytes] = []
    for size in sizes:
        ours.append(octets[at : at + size])
        theirs.append(octets[at + size : at + 2 * size])
        at += 2 * size
    return Protected(version, cipher, *ours), Protected(version, cipher, *theirs)


class TrialClient:
    """Our side of one handshake of TLS 1.0 to 1.2, from the server's first flight on.

    `hello` are the octets of our ClientHello record, `received` those of the server's first flight, `flight` the same, read.
    Raises CannotSpeakError for what cannot be gone on with.
    """

    def __init__(self, hello: bytes, received: bytes, flight: Flight) -> None:
        if flight.hello is None or not flight.done:
            raise CannotSpeakError("the first flight is not complete")
        self.version = flight.hello.version
        if flight.hello.suite not in SUITES or not TLS10 <= self.version <= TLS12:
            raise CannotSpeakError(
                f"suite 0x{flight.hello.suite:04X} of version 0x{self.version:04X} is not spoken here"
            )
        self.cipher = SUITES[flight.hello.suite]
        self._transcript = messages_in(hello) + messages_in(received)
        randoms = messages_in(hello)[6:38], flight.hello.random
        exchange, premaster = _key_exchange(int.from_bytes(messages_in(hello)[4:6]), flight)
        self._messages = (message(11, b"\0\0\0") if flight.certificate_request else b"") + message(16, exchange)
        self._master = self._prf(premaster, b"master secret", randoms[0] + randoms[1], 48)
        self.sending, self.receiving = directions(self.version, self.cipher, self._master, *randoms)

    def _prf(self, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
        return pseudo_random(self.version, self.cipher.prf, secret, label, seed, length)

    def finish(self) -> bytes:
        """Our second flight: (an empty certificate,) key exchange, ChangeCipherSpec and Finished."""
        transcript = self._transcript + self._messages
        if self.version >= TLS12:
            digest = hashlib.new(self.cipher.prf, transcript).digest()
        else:
            digest = b"".join(hashlib.new(it, transcript, usedforsecurity=False).digest() for it in ("md5", "sha1"))
        finished = message(20, self._prf(self._master, b"client finished", digest, 12))
        return (
            record(HANDSHAKE, self.version, self._messages)
            + record(CHANGE_CIPHER_SPEC, self.version, b"\x01")
            + self.sending.seal(HANDSHAKE, finished)
        )


def message(kind: int, body: bytes) -> bytes:
    """A handshake message."""
    return bytes((kind,)) + len(body).to_bytes(3) + body


def _key_exchange(offered: int, flight: Flight) -> tuple[bytes, bytes]:
    """The body of ClientKeyExchange, and the premaster secret. Raises CannotSpeakError."""
    sent = flight.key_exchange
    if sent is None:
        modulus, exponent = rsa_key(flight)
        premaster = offered.to_bytes(2) + os.urandom(46)
        sealed = rsa_encrypted(pkcs1_padded(premaster, modulus), modulus, exponent)
        return len(sealed).to_bytes(2) + sealed, premaster
    if sent.group is not None:
        try:
            agreement = key_agreement(sent.group)
            return bytes((len(agreement.share),)) + agreement.share, agreement.agree(sent.public)
        except ValueError as error:
            raise CannotSpeakError(f"group {sent.group}: {error}") from error
    if sent.prime and len(sent.prime) <= MAX_DH_BYTES:
        prime, public = int.from_bytes(sent.prime), int.from_bytes(sent.public)
        if prime < 3 or not 1 < public < prime:
            raise CannotSpeakError("a Diffie-Hellman value outside its group")
        exponent = secrets.randbits(DH_EXPONENT_BITS)
        share = pow(int.from_bytes(sent.generator), exponent, prime).to_bytes(len(sent.prime))
        secret = pow(public, exponent, prime)
        # Up to TLS 1.2 the secret is sent without its leading zeros (RFC 5246 8.1.2).
        return len(share).to_bytes(2) + share, secret.to_bytes((secret.bit_length() + 7) // 8)
    raise CannotSpeakError("a ServerKeyExchange that cannot be read")


def rsa_key(flight: Flight) -> tuple[int, int]:
    """Modulus and exponent of the leaf's key. Raises CannotSpeakError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = x509.load_der_x509_certificate(flight.chain[0]).public_key()
    except (IndexError, ValueError, UnsupportedAlgorithm) as error:
        raise CannotSpeakError("the leaf's key cannot be read") from error
    if not isinstance(key, RSAPublicKey):
        raise CannotSpeakError("the leaf's key is no RSA key")
    numbers = key.public_numbers()
    if numbers.n.bit_length() > MAX_RSA_BITS or numbers.e.bit_length() > MAX_RSA_EXPONENT_BITS:
        raise CannotSpeakError("the leaf's key is too long to be computed with")
    return numbers.n, numbers.e


def pkcs1_padded(content: bytes, modulus: int) -> bytes:
    """A block as long as the modulus, with the content padded for encryption (RFC 8017 7.2.1). Raises CannotSpeakError."""
    room = (modulus.bit_length() + 7) // 8 - 3 - len(content)
    if room < 8:
        raise CannotSpeakError("the leaf's key is too short for a premaster secret")
    return b"\x00\x02" + nonzero(room) + b"\x00" + content


def nonzero(length: int) -> bytes:
    """Random octets, none of them zero."""
    return bytes(secrets.randbelow(255) + 1 for _ in range(length))


def rsa_encrypted(block: bytes, modulus: int, exponent: int) -> bytes:
    """The block raised to the public exponent, as long as the modulus."""
    return pow(int.from_bytes(block), exponent, modulus).to_bytes((modulus.bit_length() + 7) // 8)
