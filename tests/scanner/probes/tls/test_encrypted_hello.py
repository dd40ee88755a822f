"""Encrypted hellos: sealed as other implementations read it, taken or rejected by servers, judged from storage."""

import asyncio
import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st
from tls_servers import HOST, Bench, Conversation, conversing, endpoint, nginx

from scanner.derive.tls_ech import EchSeen, EchState, ech
from scanner.needs import Derived
from scanner.observations.dns import Climb, DnsAnswer, Response
from scanner.observations.observation import encode
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_ech import EchTried
from scanner.probes.dns import DnsQuery, HttpsLookup
from scanner.probes.probe import Probe, Record, Surroundings
from scanner.probes.tls.client_hello import Hello, build_client_hello, parse_client_hello
from scanner.probes.tls.ech import TlsEch
from scanner.probes.tls.encrypted_hello import EchConfig, _expand, _extract, _Sealing, read_configs, seal_hello
from scanner.probes.tls.key_schedule import (
    SUITES,
    Protection,
    derive_secret,
    early_secret,
    expand_label,
    finished_mac,
    next_secret,
)
from scanner.profiles import Timeouts, load_profile

SHORT = Timeouts(dns_s=1, connect_s=5, tls_s=0.7, answer_s=0.7, body_s=1, exchange_s=5, target_s=60)
PUBLIC = "public.farm.test"
OPENER = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def vector(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size, "big") + content


def extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2, "big") + vector(2, body)


def config(
    *,
    key: bytes = OPENER.public_key().public_bytes_raw(),
    kem: int = 0x20,
    suites: bytes = b"\0\1\0\1",
    name: str = PUBLIC,
    more: bytes = b"",
    version: int = 0xFE0D,
) -> bytes:
    body = b"\x07" + kem.to_bytes(2, "big") + vector(2, key) + vector(2, suites) + b"\x20" + vector(1, name.encode())
    return version.to_bytes(2, "big") + vector(2, body + vector(2, more))


def listed(*configs: bytes) -> bytes:
    return vector(2, b"".join(configs))


# --- the list ---------------------------------------------------------------------------------------------------


def test_a_configuration_is_read() -> None:
    (found,) = read_configs(listed(config()))
    key = OPENER.public_key().public_bytes_raw()
    assert found == EchConfig(config(), 7, 0x20, key, 1, 1, 32, PUBLIC)


@pytest.mark.parametrize(
    "other",
    [
        config(version=0xFE0A),
        config(kem=0x21),
        config(suites=b"\0\1\0\x09"),
        config(more=extension(0x8001, b"")),
        config(name="münchen.test"),
    ],
)
def test_the_first_that_can_be_used_is_taken(other: bytes) -> None:
    assert read_configs(listed(other)) == ()
    (found,) = read_configs(listed(other, config(suites=b"\0\1\0\x09\0\1\0\3")))
    assert (found.kdf, found.aead) == (1, 3)


@pytest.mark.parametrize(
    "octets", [b"", b"\0\0", listed(config())[:-1], listed(config()) + b"\0", listed(b"\xfe\x0d\0\1\0")]
)
def test_what_is_no_list(octets: bytes) -> None:
    with pytest.raises(ValueError, match=r"^"):
        read_configs(octets)


@given(st.binary(max_size=200))
def test_whatever_a_stranger_publishes(octets: bytes) -> None:
    for it in (octets, listed(octets), listed(b"\xfe\x0d" + vector(2, octets))):
        try:
            read_configs(it)
        except ValueError:
            continue


# --- sealing ------------------------------------------------------------------------------------------------------


def opened_by(
    private: X25519PrivateKey, configured: bytes, encapsulated: bytes, payload: bytes, bound_to: bytes
) -> bytes:
    """The receiver of HPKE (RFC 9180 5.1)."""
    (chosen,) = read_configs(listed(configured))
    dh = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    kem = b"KEM\0\x20"
    shared = _expand(
        "sha256",
        kem,
        _extract("sha256", kem, b"", b"eae_prk", dh),
        b"shared_secret",
        encapsulated + private.public_key().public_bytes_raw(),
        32,
    )
    name = {1: "sha256", 2: "sha384", 3: "sha512"}[chosen.kdf]
    suite = b"HPKE\0\x20" + chosen.kdf.to_bytes(2, "big") + chosen.aead.to_bytes(2, "big")
    info = b"tls ech\0" + configured
    schedule = b"\0" + _extract(name, suite, b"", b"psk_id_hash", b"") + _extract(name, suite, b"", b"info_hash", info)
    secret = _extract(name, suite, shared, b"secret", b"")
    key = _expand(name, suite, secret, b"key", schedule, 16 if chosen.aead == 1 else 32)
    cipher = ChaCha20Poly1305(key) if chosen.aead == 3 else AESGCM(key)
    return cipher.decrypt(_expand(name, suite, secret, b"base_nonce", schedule, 12), payload, bound_to)


class Sealed:
    """An outer hello taken apart: what a server of ECH does first (RFC 9849 7.1)."""

    def __init__(self, record: bytes, configured: bytes) -> None:
        self.outer = parse_client_hello(record)
        body = dict(self.outer.extra)[0xFE0D]
        encapsulated_bytes = int.from_bytes(body[6:8], "big")
        encapsulated = body[8 : 8 + encapsulated_bytes]
        payload = body[10 + encapsulated_bytes :]
        message = record[5 + 4 :]
        bound_to = message.replace(payload, bytes(len(payload)))
        opened = opened_by(OPENER, configured, encapsulated, payload, bound_to)
        end = 2 + 32 + 1
        end += 2 + int.from_bytes(opened[end : end + 2], "big")
        end += 1 + opened[end]
        end += 2 + int.from_bytes(opened[end : end + 2], "big")
        assert not any(opened[end:])
        assert opened[34] == 0
        body = opened[:34] + vector(1, self.outer.session_id) + opened[35:end]
        self.inner_message = b"\x01" + vector(3, body)
        self.inner = parse_client_hello(b"\x16\x03\x01" + vector(2, self.inner_message))


CIPHERS = {
    (1, 1): hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM),
    (3, 2): hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA512, hpke.AEAD.AES_256_GCM),
    (2, 3): hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA384, hpke.AEAD.CHACHA20_POLY1305),
}


@pytest.mark.parametrize("numbers", CIPHERS)
def test_another_implementation_opens_what_was_sealed(numbers: tuple[int, int]) -> None:
    """The library's HPKE binds a message to nothing else."""
    configured = config(suites=b"".join(it.to_bytes(2, "big") for it in numbers))
    (chosen,) = read_configs(listed(configured))
    sealing = _Sealing(chosen)
    message = sealing.encapsulated + sealing.seal(b"a hello", b"")
    assert CIPHERS[numbers].decrypt(message, OPENER, info=b"tls ech\0" + configured) == b"a hello"


@pytest.mark.parametrize("numbers", CIPHERS)
def test_a_server_finds_the_inner_hello(numbers: tuple[int, int]) -> None:
    configured = config(suites=b"".join(it.to_bytes(2, "big") for it in numbers))
    (chosen,) = read_configs(listed(configured))
    inner = Hello(
        suites=(0x1301,), server_name=HOST, session_id=b"s" * 32, random=b"i" * 32, supported_versions=(0x0304,)
    )
    outer = msgspec.structs.replace(inner, server_name=PUBLIC, random=b"o" * 32)
    record = seal_hello(inner, outer, chosen)
    sealed = Sealed(record, configured)
    assert (sealed.outer.server_name, sealed.outer.random) == (PUBLIC, b"o" * 32)
    assert sealed.inner_message == build_client_hello(inner)[5:]
    assert HOST.encode() not in record


def test_names_of_any_length_make_hellos_of_one_length() -> None:
    (chosen,) = read_configs(listed(config()))
    lengths = set()
    for name in ("a.test", HOST, "x" * 27 + ".test"):
        inner = Hello(suites=(0x1301,), server_name=name, random=b"i" * 32)
        lengths.add(len(seal_hello(inner, msgspec.structs.replace(inner, server_name=PUBLIC), chosen)))
    assert len(lengths) == 1


# --- a server -----------------------------------------------------------------------------------------------------


def server_of_ech(*, opens: bool, others: bytes = b"", confirms: bool = True) -> Conversation:
    """A server of TLS 1.3 that opens encrypted hellos, or does not; its certificate is any octets."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        record = await reader.readexactly(5)
        record += await reader.readexactly(int.from_bytes(record[3:], "big"))
        sealed = Sealed(record, config())
        message, hello = (sealed.inner_message, sealed.inner) if opens else (record[5:], sealed.outer)
        writer.write(flight(message, hello, others=others, confirms=opens and confirms))
        await reader.read()

    return converse


def flight(message: bytes, hello: Hello, *, others: bytes, confirms: bool) -> bytes:
    """ServerHello to Finished (RFC 8446 4), the random with the confirmation of RFC 9849 7.2."""
    suite = SUITES[0x1301]
    mine = X25519PrivateKey.generate()
    shared = mine.exchange(X25519PublicKey.from_public_bytes(dict(hello.key_shares or ())[29]))
    share = b"\0\x1d" + vector(2, mine.public_key().public_bytes_raw())

    def server_hello(random: bytes) -> bytes:
        extensions = vector(2, extension(43, b"\3\4") + extension(51, share))
        return b"\2" + vector(3, b"\3\3" + random + vector(1, hello.session_id) + b"\x13\1\0" + extensions)

    random = bytes(range(32))
    if confirms:
        transcript = hashlib.sha256(message + server_hello(random[:24] + bytes(8))).digest()
        secret = hmac.digest(bytes(32), hello.random, "sha256")
        random = random[:24] + expand_label(suite, secret, "ech accept confirmation", transcript, 8)
    answer = server_hello(random)
    handshake = next_secret(suite, early_secret(suite), shared)
    secret = derive_secret(suite, handshake, "s hs traffic", hashlib.sha256(message + answer).digest())
    extensions = extension(0xFE0D, others) if others else b""
    rest = b"\x08" + vector(3, vector(2, extensions))
    rest += b"\x0b" + vector(3, vector(1, b"") + vector(3, vector(3, b"certificate") + vector(2, b"")))
    rest += b"\x0f" + vector(3, b"\4\3" + vector(2, b"signature"))
    rest += b"\x14" + vector(3, finished_mac(suite, secret, hashlib.sha256(message + answer + rest).digest()))
    return b"\x16\3\3" + vector(2, answer) + Protection(suite, secret).seal(22, rest)


class Desk(Bench):
    """A bench at which questions of DNS are answered with one record, or with none."""

    surroundings = Surroundings(hosts={}, resolvers=(("192.0.2.53", 53),))

    def __init__(self, record: str | Unobserved | None) -> None:
        super().__init__(msgspec.structs.replace(load_profile("local"), timeouts=SHORT))
        self.record = record

    async def observe(self, probe: Probe[Any]) -> Record[Any]:
        if isinstance(probe, HttpsLookup):
            return Record(Climb(started=self.now(), took_ms=0.0, host=probe.name, rdtype="HTTPS"), "sha256:lookup")
        assert isinstance(probe, DnsQuery)
        outcome: Response | Unobserved
        if isinstance(self.record, Unobserved):
            outcome = self.record
        else:
            answers = () if self.record is None else ((probe.name, "HTTPS", self.record),)
            outcome = Response("NOERROR", False, False, answers, (), bytes((0, 0, 0x80, 0x80)))
        now = datetime.now(UTC)
        answer = DnsAnswer(
            started=now, took_ms=0.0, name=probe.name, rdtype="HTTPS", server=probe.server, outcome=outcome
        )
        return Record(answer, "sha256:answer")


def published(octets: bytes) -> str:
    return f'1 . alpn="h2" ech="{base64.b64encode(octets).decode()}"'


def judged(record: str | Unobserved | None, port: int) -> EchSeen | Unobserved:
    """What is derived from what the probe stored."""
    seen = asyncio.run(TlsEch.of(endpoint(port)).observe(Desk(record)))
    return derived_of(seen)


def derived_of(seen: EchTried) -> EchSeen | Unobserved:
    again = msgspec.json.decode(encode(seen), type=EchTried)
    assert isinstance(ech, Derived)
    found: EchSeen | Unobserved = ech.fold(again)
    return found


def at(converse: Conversation, record: str) -> EchSeen | Unobserved:
    async def look() -> EchTried:
        async with conversing(converse) as port:
            return await TlsEch.of(endpoint(port)).observe(Desk(record))

    return derived_of(asyncio.run(look()))


OFFER = published(listed(config()))


def test_a_server_that_opens_the_hello() -> None:
    assert at(server_of_ech(opens=True), OFFER) == EchSeen(EchState.ACCEPTED, PUBLIC)


def test_a_server_that_has_another_key() -> None:
    assert at(server_of_ech(opens=False), OFFER) == EchSeen(EchState.REJECTED, PUBLIC)
    others = at(server_of_ech(opens=False, others=listed(config())), OFFER)
    assert others == EchSeen(EchState.REJECTED, PUBLIC, offers_others=True)


def test_a_server_that_opens_it_and_does_not_say_so_is_not_believed() -> None:
    """Its keys fit the inner hello only, so nothing of it can be read."""
    found = at(server_of_ech(opens=True, confirms=False), OFFER)
    assert isinstance(found, Unobserved)


@pytest.mark.system("nginx")
def test_a_server_that_knows_nothing_of_it(tmp_path: Path) -> None:
    with nginx(tmp_path, "ssl_protocols TLSv1.3;", "ssl_protocols TLSv1.2;") as (new, old):
        assert judged(OFFER, new) == EchSeen(EchState.REJECTED, PUBLIC)
        assert judged(OFFER, old) == EchSeen(EchState.REFUSED, PUBLIC)
        assert judged(published(b"\0\1\0"), new) == EchSeen(EchState.UNREADABLE)
        assert judged(published(listed(config(kem=0x21))), new) == EchSeen(EchState.UNKNOWN_KIND)
        assert judged(published(listed(config(key=b"short"))), new) == EchSeen(EchState.UNREADABLE, PUBLIC)
        assert judged(published(listed(config(key=bytes(32)))), new) == EchSeen(EchState.UNREADABLE, PUBLIC)


@pytest.mark.parametrize("record", [None, '1 . alpn="h2"', "0 elsewhere.farm.test.", '1 . ech="?"'])
def test_no_offer(record: str | None) -> None:
    assert judged(record, 1) == EchSeen(EchState.NOT_OFFERED)


def test_what_the_resolver_does_not_tell_is_unknown() -> None:
    late = Unobserved(Reason.DNS_TIMEOUT, "resolver 192.0.2.53:53")
    assert judged(late, 1) == late


def test_nobody_at_home() -> None:
    found = judged(OFFER, 1)
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.REFUSED
