"""Faults in TLS itself: a real server whose records are changed on their way out, and one that speaks on by itself.

`Session` is a TLS server on memory BIOs. Everything it wants to send passes, record by record, through `edit`; so a
message can be cut, changed, repeated or held back at any place of a handshake that is otherwise in order. After a TLS 1.3
handshake `Session.seal` encrypts what no library would send (RFC 8446 5.2). All are entered when this is imported.
"""

import asyncio
import base64
import itertools
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache

import faults
import pki
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from faults import HSTS, NOISE, SERVER_HELLO_RECORD, Reader, behaviour, head, say, whole
from OpenSSL import SSL

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, CONTENT = 20, 21, 22, 23
SERVER_HELLO, NEW_TICKET, CERTIFICATE, SERVER_KEY_EXCHANGE, KEY_UPDATE = 2, 4, 11, 12, 24
LEGACY = b"\x03\x03"
MAX_RECORD = 16_384

Edit = Callable[[bytes], bytes]
"""From a record to what is sent instead; something empty, or the record's own beginning, is the last that is sent."""


def record(kind: int, content: bytes, version: bytes = LEGACY) -> bytes:
    """A TLS record in the clear."""
    return bytes((kind,)) + version + len(content).to_bytes(2, "big") + content


def message(kind: int, body: bytes) -> bytes:
    """A handshake message."""
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def records(octets: bytes) -> Iterator[bytes]:
    """The records in these octets."""
    while octets:
        end = 5 + int.from_bytes(octets[3:5], "big")
        yield octets[:end]
        octets = octets[end:]


def unchanged(sent: bytes) -> bytes:
    """No edit."""
    return sent


class Session:
    """One connection of a TLS server whose records can be changed on their way out."""

    def __init__(self, reader: Reader, writer: asyncio.StreamWriter, context: SSL.Context, edit: Edit) -> None:
        self.secrets: dict[str, bytes] = {}
        self._reader = reader
        self._writer = writer
        self._edit = edit
        self._tls = SSL.Connection(context, None)
        self._tls.set_app_data(self.secrets)
        self._tls.set_accept_state()
        self._sealed = 0
        self._over = False

    async def shake_hands(self) -> None:
        """Shake hands; ConnectionAbortedError when the client or an edit ends it."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except SSL.WantReadError:
                await self._flush()
                await self._feed()
            except SSL.Error as error:
                await self._flush()
                raise ConnectionAbortedError("the handshake failed") from error
        self._sealed = await self._flush()

    async def request(self) -> bytes:
        """What the client sends next."""
        while True:
            try:
                return self._tls.recv(65536)
            except SSL.WantReadError:
                await self._flush()
                await self._feed()
            except SSL.Error as error:
                raise ConnectionAbortedError("the client is gone") from error

    async def say(self, data: bytes) -> None:
        """Send content."""
        self._tls.sendall(data)
        await self._flush()

    async def renegotiate(self) -> None:
        """Ask for a new handshake (HelloRequest, RFC 5246 7.4.1.1), and take part in it."""
        self._tls.renegotiate()
        await self.shake_hands()
        while self._tls.renegotiate_pending():
            await self._feed()
            try:
                self._tls.recv(1)
            except SSL.WantReadError:
                await self._flush()

    async def seal(self, kind: int, content: bytes, padding: int = 0) -> None:
        """Send a TLS 1.3 record of our own making, with the server's traffic key, and zeros behind it (RFC 8446 5.4)."""
        secret = self.secrets["SERVER_TRAFFIC_SECRET_0"]
        key, iv = _expand(secret, b"key", 16), _expand(secret, b"iv", 12)
        nonce = bytes(a ^ b for a, b in zip(iv, self._sealed.to_bytes(12, "big"), strict=True))
        inner = content + bytes((kind,)) + bytes(padding)
        header = bytes((CONTENT,)) + LEGACY + (len(inner) + 16).to_bytes(2, "big")
        self._sealed += 1
        await say(self._writer, header + AESGCM(key).encrypt(nonce, inner, header))

    def next_key(self) -> None:
        """Go on to the next generation of the server's traffic secret (RFC 8446 7.2)."""
        self.secrets["SERVER_TRAFFIC_SECRET_0"] = _expand(self.secrets["SERVER_TRAFFIC_SECRET_0"], b"traffic upd", 32)
        self._sealed = 0

    async def _feed(self) -> None:
        data = await self._reader.read(65536)
        if not data:
            raise ConnectionAbortedError("the client is gone")
        self._tls.bio_write(data)

    async def _flush(self) -> int:
        """Send what waits; how many encrypted records there were."""
        octets = b""
        while True:
            try:
                octets += self._tls.bio_read(65536)
            except SSL.WantReadError:
                break
        encrypted = 0
        for each in records(octets):
            encrypted += each[0] == CONTENT
            sent = self._edit(each)
            await say(self._writer, sent)
            if len(sent) < len(each) and each.startswith(sent):
                raise ConnectionAbortedError("an edit cut the record short")
        return encrypted


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 7.1)."""
    full = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes((len(full),)) + full + b"\0"
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)


def _keep_secret(connection: SSL.Connection, line: bytes) -> None:
    label, _, secret = line.decode("ascii").split(" ")
    connection.get_app_data()[label] = bytes.fromhex(secret)


def context_of(chain_and_key: str, version: int) -> SSL.Context:
    """A server of one TLS version that keeps its traffic secrets for `Session.seal`."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_tls13_ciphersuites(b"TLS_AES_128_GCM_SHA256")
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.set_keylog_callback(_keep_secret)
    with faults.pem_file(chain_and_key) as file:
        context.use_certificate_chain_file(str(file))
        context.use_privatekey_file(str(file))
    return context


@cache
def honest(version: int) -> SSL.Context:
    """The harness's chain and key, and one TLS version."""
    return context_of(faults.chain_and_key_pem(), version)


@cache
def wrong_key(version: int) -> SSL.Context:
    """The harness's chain, and a key that says it belongs to it and does not.

    A key file holds the private number and the public point (RFC 5915); libraries compare the point alone.
    """
    own = serialization.load_pem_private_key(faults.chain_and_key_pem().encode(), None)
    assert isinstance(own, ec.EllipticCurvePrivateKey)
    point = own.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    other = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32, "big")
    curve = pki.elements(
        pki.elements(
            own.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )[0]
    )[1]
    der = pki.tlv(
        0x30,
        b"\x02\x01\x01",
        pki.tlv(0x04, other),
        pki.tlv(0xA0, curve),
        pki.tlv(0xA1, pki.tlv(0x03, b"\0", point)),
    )
    body = base64.encodebytes(der).decode()
    chain = faults.chain_and_key_pem().partition("-----BEGIN PRIVATE")[0]
    return context_of(f"{chain}-----BEGIN EC PRIVATE KEY-----\n{body}-----END EC PRIVATE KEY-----\n", version)


@cache
def asking_for_certificate(version: int) -> SSL.Context:
    """A server that insists on a certificate of the client."""
    context = context_of(faults.chain_and_key_pem(), version)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    return context


async def served(reader: Reader, writer: asyncio.StreamWriter, context: SSL.Context, edit: Edit = unchanged) -> None:
    """Shake hands and answer one request in good order, but for the edit."""
    session = Session(reader, writer, context, edit)
    await session.shake_hands()
    await session.request()
    await session.say(whole(HSTS))


def is_message(sent: bytes, kind: int) -> bool:
    """Whether a record in the clear begins with this handshake message."""
    return sent[0] == HANDSHAKE and sent[5:6] == bytes((kind,))


# Before and at the ServerHello --------------------------------------------------------------------------


@behaviour("tls")
async def tls_never_answers(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Reads the ClientHello and never says a word."""
    await reader.client_hello()
    await reader.departure()


@behaviour("tls")
async def tls_closed_after_client_hello(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Reads the ClientHello and closes in good order."""
    await reader.client_hello()


@behaviour("tls")
async def tls_reset_after_client_hello(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Reads the ClientHello and resets the connection, as filters do."""
    await reader.client_hello()
    faults.reset_connection(writer)


@behaviour("tls")
async def tls_closed_after_server_hello(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a whole ServerHello and closes."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD)


@behaviour("tls")
async def tls_server_hello_drip(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a ServerHello at one byte every 0.2 seconds."""
    await reader.client_hello()
    await faults.drip(writer, SERVER_HELLO_RECORD)


@behaviour("tls")
async def tls_server_hello_twice(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the same ServerHello twice."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD * 2)


@behaviour("tls")
async def tls_version_unknown(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Selects TLS 1.9, which nobody offered."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD.replace(b"\x03\x03" + NOISE[:8], b"\x03\x0a" + NOISE[:8]))


@behaviour("tls")
async def tls_ssl_3(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Selects SSL 3.0 (RFC 7568: must not be used)."""
    await reader.client_hello()
    hello = SERVER_HELLO_RECORD.replace(b"\x03\x03" + NOISE[:8], b"\x03\x00" + NOISE[:8])
    await say(writer, b"\x16\x03\x00" + hello[3:])


@behaviour("tls")
async def tls_cipher_not_offered(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Selects TLS_RSA_WITH_NULL_MD5, which nobody offered."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD.replace(b"\x00\xc0\x2f\x00", b"\x00\x00\x01\x00"))


_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")  # RFC 8446 4.1.3


def hello_retry(client_hello: bytes, group: int) -> bytes:
    """A HelloRetryRequest for this group, with the session id that the client sent."""
    size = client_hello[5 + 4 + 34]
    session = client_hello[5 + 4 + 34 : 5 + 4 + 35 + size]
    extensions = struct.pack(">HHHHHH", 43, 2, 0x0304, 51, 2, group)
    body = LEGACY + _RETRY + session + b"\x13\x01\x00" + len(extensions).to_bytes(2, "big") + extensions
    return record(HANDSHAKE, message(SERVER_HELLO, body))


async def read_hello(reader: Reader) -> bytes:
    """The record with the ClientHello; a change_cipher_spec before it is passed over (RFC 8446 D.4)."""
    while True:
        header = await reader.readexactly(5)
        content = await reader.readexactly(int.from_bytes(header[3:5], "big"))
        if header[0] == HANDSHAKE:
            return header + content


@behaviour("tls")
async def tls_hello_retry_twice(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Asks for another key share, gets it, and asks for yet another (RFC 8446 4.1.4: must not)."""
    await say(writer, hello_retry(await read_hello(reader), 0x0018))
    await say(writer, hello_retry(await read_hello(reader), 0x0017))


@behaviour("tls")
async def tls_content_before_handshake(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a record of content before any ServerHello."""
    await reader.client_hello()
    await say(writer, record(CONTENT, whole(HSTS)))


@behaviour("tls")
async def tls_content_after_server_hello(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a record of content in the clear after the ServerHello."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD + record(CONTENT, whole(HSTS)))


@behaviour("tls")
async def tls_banner_ssh(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Greets as an SSH server before anybody spoke."""
    await say(writer, b"SSH-2.0-OpenSSH_9.9\r\n")
    await reader.departure()


@behaviour("tls")
async def tls_banner_smtp(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Greets as a mail server before anybody spoke."""
    await say(writer, b"220 mail.invalid ESMTP ready\r\n")
    await reader.departure()


@behaviour("tls")
async def tls_record_too_long(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces a record of 65,535 bytes (RFC 8446 5.1: at most 16,384)."""
    await reader.client_hello()
    await say(writer, b"\x16\x03\x03\xff\xff" + NOISE * 16)


@behaviour("tls")
async def tls_record_type_unknown(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a record of type 99."""
    await reader.client_hello()
    await say(writer, record(99, b"hello"))


@behaviour("tls")
async def tls_record_header_only(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a record's header and then nothing."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD[:5])
    await reader.departure()


@behaviour("tls")
async def tls_empty_records_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends empty handshake records without end."""
    await reader.client_hello()
    while True:
        await say(writer, record(HANDSHAKE, b"") * 1000)


@behaviour("tls")
async def tls_warnings_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends warning alerts (unrecognized_name) without end."""
    await reader.client_hello()
    while True:
        await say(writer, record(ALERT, b"\x01\x70") * 1000)


@behaviour("tls")
async def tls_alert_unrecognized_name(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with a fatal unrecognized_name alert (RFC 6066 3)."""
    await reader.client_hello()
    await say(writer, record(ALERT, b"\x02\x70"))


@behaviour("tls")
async def tls_alert_protocol_version(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with a fatal protocol_version alert."""
    await reader.client_hello()
    await say(writer, record(ALERT, b"\x02\x46"))


@behaviour("tls")
async def tls_alert_unknown(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with a fatal alert that has no name."""
    await reader.client_hello()
    await say(writer, record(ALERT, b"\x02\xee"))


@behaviour("tls")
async def tls_close_notify_at_once(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with close_notify."""
    await reader.client_hello()
    await say(writer, record(ALERT, b"\x01\x00"))


@behaviour("tls")
async def tls_message_of_16_mib(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces a Certificate message of 16 MiB after the ServerHello, and sends it."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD)
    body = b"\x0b\xff\xff\xff" + bytes(0xFFFFFF)
    for start in range(0, len(body), MAX_RECORD):
        await say(writer, record(HANDSHAKE, body[start : start + MAX_RECORD]))


# The certificate and its proof --------------------------------------------------------------------------


def certificates(*chain: bytes) -> bytes:
    """A TLS 1.2 Certificate message, in as many records as it needs."""
    listed = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    whole_message = message(CERTIFICATE, len(listed).to_bytes(3, "big") + listed)
    parts = (whole_message[start : start + MAX_RECORD] for start in range(0, len(whole_message), MAX_RECORD))
    return b"".join(record(HANDSHAKE, part) for part in parts)


@asynccontextmanager
async def _instead_of_certificate(reader: Reader, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Go as far as the Certificate message, which the block sends; then wait for the client to leave."""
    try:
        await served(
            reader, writer, honest(SSL.TLS1_2_VERSION), lambda sent: b"" if is_message(sent, CERTIFICATE) else sent
        )
    except ConnectionAbortedError:
        yield
        await reader.departure()


@behaviour("tls")
async def tls_certificate_cut(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Closes in the middle of the Certificate message."""
    await served(
        reader,
        writer,
        honest(SSL.TLS1_2_VERSION),
        lambda sent: sent[: len(sent) // 2] if is_message(sent, CERTIFICATE) else sent,
    )


@behaviour("tls")
async def tls_certificate_drip(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the Certificate message at one byte every 0.2 seconds."""
    async with _instead_of_certificate(reader, writer):
        await faults.drip(writer, certificates(NOISE[:500]))


@behaviour("tls")
async def tls_certificate_list_empty(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a Certificate message without a certificate (RFC 5246 7.4.2: must not)."""
    async with _instead_of_certificate(reader, writer):
        await say(writer, certificates())


@behaviour("tls")
async def tls_certificate_garbage(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends noise for a certificate."""
    async with _instead_of_certificate(reader, writer):
        await say(writer, certificates(NOISE[:500]))


@behaviour("tls")
async def tls_certificate_nested(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends 10,000 DER sequences inside each other for a certificate."""
    nested = b""
    for _ in range(10_000):
        nested = pki.tlv(0x30, nested)
    async with _instead_of_certificate(reader, writer):
        await say(writer, certificates(nested))


@behaviour("tls")
async def tls_wrong_key_12(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a good chain and signs ServerKeyExchange with a key that is not its own (TLS 1.2)."""
    await served(reader, writer, wrong_key(SSL.TLS1_2_VERSION))


@behaviour("tls")
async def tls_wrong_key_13(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a good chain and signs CertificateVerify with a key that is not its own (TLS 1.3)."""
    await served(reader, writer, wrong_key(SSL.TLS1_3_VERSION))


@behaviour("tls")
async def tls_finished_wrong(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Changes its session ticket on the way, so that its Finished is not what the client computes (TLS 1.2)."""
    await served(
        reader,
        writer,
        honest(SSL.TLS1_2_VERSION),
        lambda sent: sent[:-1] + bytes((sent[-1] ^ 1,)) if is_message(sent, NEW_TICKET) else sent,
    )


@behaviour("tls")
async def tls_record_altered_13(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Changes one bit of the first encrypted record (TLS 1.3)."""
    changed: list[bytes] = []

    def edit(sent: bytes) -> bytes:
        if sent[0] == CONTENT and not changed:
            changed.append(sent)
            return sent[:-1] + bytes((sent[-1] ^ 1,))
        return sent

    await served(reader, writer, honest(SSL.TLS1_3_VERSION), edit)


@behaviour("tls")
async def tls_client_certificate_12(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Insists on a certificate of the client (TLS 1.2: before the handshake ends)."""
    await served(reader, writer, asking_for_certificate(SSL.TLS1_2_VERSION))


@behaviour("tls")
async def tls_client_certificate_13(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Insists on a certificate of the client (TLS 1.3: after the handshake seemed to end)."""
    await served(reader, writer, asking_for_certificate(SSL.TLS1_3_VERSION))


# Old and odd, but in order ------------------------------------------------------------------------------


@behaviour("tls")
async def tls_10_only(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Speaks TLS 1.0 and nothing newer."""
    await served(reader, writer, honest(SSL.TLS1_VERSION))


@behaviour("tls")
async def tls_11_only(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Speaks TLS 1.1 and nothing newer."""
    await served(reader, writer, honest(SSL.TLS1_1_VERSION))


@behaviour("tls")
async def tls_records_of_one_byte(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends each octet of its handshake messages in a record of its own, as it may (TLS 1.2)."""

    def edit(sent: bytes) -> bytes:
        if sent[0] == HANDSHAKE and sent[5] in (SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE, 14):
            return b"".join(record(HANDSHAKE, bytes((octet,))) for octet in sent[5:])
        return sent

    await served(reader, writer, honest(SSL.TLS1_2_VERSION), edit)


@behaviour("tls")
async def tls_renegotiation_asked(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Asks for a new handshake before it answers (TLS 1.2)."""
    session = Session(reader, writer, honest(SSL.TLS1_2_VERSION), unchanged)
    await session.shake_hands()
    await session.request()
    await session.renegotiate()
    await session.say(whole(HSTS))


@behaviour("tls")
async def tls_closed_without_notify(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Ends an answer that has no length by closing TCP, without close_notify."""
    session = Session(reader, writer, honest(SSL.TLS1_3_VERSION), unchanged)
    await session.shake_hands()
    await session.request()
    await session.say(head(HSTS) + faults.BODY)


# After a TLS 1.3 handshake ------------------------------------------------------------------------------


async def _greeted(reader: Reader, writer: asyncio.StreamWriter) -> Session:
    session = Session(reader, writer, honest(SSL.TLS1_3_VERSION), unchanged)
    await session.shake_hands()
    await session.request()
    return session


@behaviour("tls")
async def tls_own_records(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers in good order, with records that were encrypted by hand: the tool the next ones are made with."""
    session = await _greeted(reader, writer)
    await session.seal(CONTENT, whole(HSTS))
    await session.seal(ALERT, b"\x01\x00")


@behaviour("tls")
async def tls_key_update_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Changes its key without end, in padded records, and never answers."""
    session = await _greeted(reader, writer)
    while True:
        await session.seal(HANDSHAKE, message(KEY_UPDATE, b"\0"), padding=1000)
        session.next_key()


@behaviour("tls")
async def tls_key_update_requests_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Changes its key without end, asks the client to do the same each time, and never answers."""
    session = await _greeted(reader, writer)
    while True:
        await session.seal(HANDSHAKE, message(KEY_UPDATE, b"\1"), padding=1000)
        session.next_key()


@behaviour("tls")
async def tls_tickets_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends session tickets without end and never answers."""
    session = await _greeted(reader, writer)
    for number in itertools.count():
        nonce = number.to_bytes(4, "big")
        body = struct.pack(">II", 7200, number % 2**32) + b"\x04" + nonce + b"\x01\x00" + NOISE[:256] + b"\0\0"
        await session.seal(HANDSHAKE, message(NEW_TICKET, body))


@behaviour("tls")
async def tls_empty_content_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends encrypted records without content, without end."""
    session = await _greeted(reader, writer)
    while True:
        await session.seal(CONTENT, b"")


@behaviour("tls")
async def tls_alert_for_answer(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the request with a fatal internal_error alert."""
    session = await _greeted(reader, writer)
    await session.seal(ALERT, b"\x02\x50")


@behaviour("tls")
async def tls_notify_for_answer(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the request with close_notify."""
    session = await _greeted(reader, writer)
    await session.seal(ALERT, b"\x01\x00")


@behaviour("tls")
async def tls_handshake_again(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a Finished in place of the answer."""
    session = await _greeted(reader, writer)
    await session.seal(HANDSHAKE, message(20, NOISE[:32]))


@behaviour("tls")
async def tls_certificate_request_late(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Asks for a certificate after the handshake, though the client did not allow it (RFC 8446 4.6.2)."""
    session = await _greeted(reader, writer)
    schemes = struct.pack(">HHHHH", 8, 13, 4, 2, 0x0403)
    await session.seal(HANDSHAKE, message(13, b"\x01a" + schemes))


@behaviour("tls")
async def tls_plain_text_after_handshake(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the request in plain text, after a handshake in order."""
    await _greeted(reader, writer)
    await say(writer, whole(HSTS))


@behaviour("tls")
async def tls_body_altered(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the head in order, and a body whose record was changed on the way."""
    session = await _greeted(reader, writer)
    await session.seal(CONTENT, head(HSTS, b"Content-Length: 100"))
    await say(writer, record(CONTENT, NOISE[:60]))


@behaviour("tls")
async def tls_head_byte_by_byte(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers in good order, each octet in a record of its own."""
    session = await _greeted(reader, writer)
    for octet in whole(HSTS):
        await session.seal(CONTENT, bytes((octet,)))
    await session.seal(ALERT, b"\x01\x00")


@behaviour("tls")
async def tls_key_update_then_answer(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Changes its key ten times, each time in order, and answers."""
    session = await _greeted(reader, writer)
    for _ in range(10):
        await session.seal(HANDSHAKE, message(KEY_UPDATE, b"\0"))
        session.next_key()
    await session.seal(CONTENT, whole(HSTS))
    await session.seal(ALERT, b"\x01\x00")
