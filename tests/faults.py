"""Servers that misbehave on purpose: one small function for each thing a broken or hostile peer can do.

Everything here listens on loopback only, ends a connection after MAX_CONNECTION_S seconds, and leaves no
task, thread or socket behind. A behaviour is an async function over a reader and a writer; its docstring
says what it does to a client. Behaviours of the `tcp` and `http` layers are registered twice: under their
name (plain) and under `name+tls`, where the same function speaks inside a real, finished TLS handshake.
Behaviours of the `tls` layer speak to a client that has sent a ClientHello and get no TLS from us.

Here are the harness and its first behaviours; `faults_http`, `faults_tls`, `faults_certificates` and `faults_dns` enter
theirs when they are imported. Import `every_fault` for all of them.

    async with serving(BEHAVIOURS["endless_headers+tls"]) as served: ...
    with serving_in_thread(BEHAVIOURS["reset"]) as served: ...
    async with FaultyNameserver() as nameserver: ...        # the name's first label selects the fault
    with in_thread(FaultyNameserver()) as nameserver: ...
"""

import asyncio
import functools
import hashlib
import ipaddress
import itertools
import re
import socket
import ssl
import struct
import tempfile
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self, TypeVar

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MAX_CONNECTION_S = 30.0
LINGER_S = 5.0
DRIP_S = 0.2

T = TypeVar("T")
Layer = Literal["tcp", "tls", "http"]


# The harness ------------------------------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True):
    """What a behaviour may want to know of a request: its ordinal at this server, from 0, and its target."""

    number: int
    target: str


class Reader(asyncio.StreamReader):
    """A stream reader that shares one count of requests with all connections of its server."""

    def __init__(self, requests: Iterator[int]) -> None:
        super().__init__()
        self._requests = requests

    async def request(self) -> Request:
        """Read one request head; a client that leaves or sends too much ends the connection."""
        try:
            head = await self.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise ConnectionAbortedError("the request head is too long") from error
        words = head.split(b"\r\n", 1)[0].split(b" ")
        target = words[1].decode("ascii", "replace") if len(words) == 3 else "/"
        return Request(next(self._requests), target)

    async def client_hello(self) -> None:
        """Read one TLS record, which from an honest client is its ClientHello."""
        header = await self.readexactly(5)
        await self.readexactly(int.from_bytes(header[3:5], "big"))

    async def departure(self) -> None:
        """Discard what the client sends until it leaves."""
        while await self.read(65536):
            pass


Serve = Callable[[Reader, asyncio.StreamWriter], Awaitable[None]]


class Behaviour(msgspec.Struct, frozen=True):
    """One way to misbehave; `tls` says that a real TLS layer lies below `serve`."""

    name: str
    serve: Serve
    tls: bool
    layer: Layer = "http"
    listens: bool = True
    summary: str = ""
    context: Callable[[], ssl.SSLContext] | None = None
    """The TLS server below `serve`, where it is not the honest one."""

    @property
    def scheme(self) -> str:
        """The URL scheme a client should use; `https` also where we only pretend to speak TLS."""
        return "https" if self.tls or self.layer == "tls" else "http"


class Served(msgspec.Struct, frozen=True):
    """Where a behaviour is to be met."""

    address: str
    port: int
    scheme: str = "http"

    def url(self, path: str = "/") -> str:
        """An absolute URL for a path on this server, by address."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(behaviour: Behaviour, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Served]:
    """Serve one behaviour on a free loopback port, or on this one; a mistake in the behaviour is raised at the end."""
    listener = _bound(address, port, socket.SOCK_STREAM)
    with listener:
        served = Served(address, listener.getsockname()[1], behaviour.scheme)
        if not behaviour.listens:
            yield served  # a bound port that does not listen refuses, and nobody else can take it
            return
        async with _accepting(
            listener, behaviour.serve, (behaviour.context or server_context)() if behaviour.tls else None
        ):
            yield served


def serving_in_thread(
    behaviour: Behaviour, address: str = "127.0.0.1", port: int = 0
) -> AbstractContextManager[Served]:
    """Serve one behaviour from a thread, for clients that block."""
    return in_thread(serving(behaviour, address, port))


@contextmanager
def in_thread(manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Enter an async context manager on an event loop in a thread of its own; leave it at the end."""
    entered: Future[tuple[T, Callable[[], object]]] = Future()

    async def stay() -> None:
        leave = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with manager as value:
            entered.set_result((value, functools.partial(loop.call_soon_threadsafe, leave.set)))
            await leave.wait()

    with ThreadPoolExecutor(1, "faults") as pool:
        finished = pool.submit(asyncio.run, stay())
        either: tuple[Future[Any], ...] = (entered, finished)
        wait(either, return_when=FIRST_COMPLETED)
        if finished.done():
            finished.result()  # raises what kept us from entering
        value, leave = entered.result()
        try:
            yield value
        finally:
            leave()
            finished.result(MAX_CONNECTION_S)


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Bind a non-blocking socket; anything but loopback is refused here, once for the whole harness."""
    if not ipaddress.ip_address(address).is_loopback:
        raise ValueError(f"{address} is not a loopback address")
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        bound.setblocking(False)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


@asynccontextmanager
async def _accepting(listener: socket.socket, serve: Serve, context: ssl.SSLContext | None) -> AsyncIterator[None]:
    """Hand every connection to a task of its own; at the end cancel the tasks and raise what went wrong.

    The accept callback is synchronous: a cancelled `loop.sock_accept` can lose a socket it has accepted.
    """
    loop = asyncio.get_running_loop()
    connections: list[socket.socket] = []
    conversations: list[asyncio.Task[None]] = []
    requests = itertools.count()

    def accept() -> None:
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection.setblocking(False)
        connections.append(connection)
        conversations.append(loop.create_task(_converse(connection, Reader(requests), serve, context)))

    listener.listen()
    loop.add_reader(listener, accept)
    try:
        yield
    finally:
        loop.remove_reader(listener)
        for conversation in conversations:
            conversation.cancel()
        endings = await asyncio.gather(*conversations, return_exceptions=True)
        for connection in connections:
            connection.close()  # matters for tasks that were cancelled before their first step
    if mistakes := [ending for ending in endings if isinstance(ending, Exception)]:
        raise ExceptionGroup("a behaviour is itself at fault", mistakes)


class _NotYetReading(asyncio.Protocol):
    """Holds a new connection still until it is known who reads from it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()


async def _converse(connection: socket.socket, reader: Reader, serve: Serve, context: ssl.SSLContext | None) -> None:
    """Serve one connection, within its time, and see its socket closed."""
    loop = asyncio.get_running_loop()
    protocol = asyncio.StreamReaderProtocol(reader)
    linger_s = LINGER_S if context else None
    # TCP first and TLS above it: whoever is cancelled in the middle of a handshake still has a transport to abort.
    raw: asyncio.Transport | None = None
    try:
        async with asyncio.timeout(MAX_CONNECTION_S):
            raw, _ = await loop.connect_accepted_socket(_NotYetReading, connection)
            transport: asyncio.Transport | None = raw
            if context is None:
                raw.set_protocol(protocol)
                raw.resume_reading()
            else:
                transport = await loop.start_tls(
                    raw, protocol, context, server_side=True, ssl_shutdown_timeout=linger_s
                )
            assert transport is not None
            protocol.connection_made(transport)
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            await serve(reader, writer)
            await _hang_up(reader, writer)
    except (OSError, EOFError):
        pass  # the client left, gave up the handshake, or the connection's time is over
    finally:
        if raw is not None and connection.fileno() != -1:  # asyncio's transports cannot be aborted once they are closed
            raw.abort()
        for _ in range(100):  # the loop closes the socket a few steps after the abort
            if connection.fileno() == -1:
                break
            await asyncio.sleep(0)


async def _hang_up(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Close so that the client gets everything we sent.

    Closing with unread input makes the kernel send RST, which may overtake the answer: over TCP we send FIN
    first and read on for a moment. Over TLS, asyncio sends close_notify and reads on by itself.
    """
    if writer.can_write_eof():
        writer.write_eof()
        async with asyncio.timeout(LINGER_S):
            await reader.departure()
    writer.close()
    await writer.wait_closed()


# A certificate authority for this process only -----------------------------------------------------------


class _Pki(msgspec.Struct, frozen=True):
    ca_pem: str
    ca_key_pem: str
    chain_pem: str
    key_pem: str


@functools.cache
def _pki() -> _Pki:
    """One EC key, a CA, and a leaf for 127.0.0.1, ::1, localhost and *.fault.test, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fault harness CA")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fault.test")])
    now = datetime.now(UTC)
    signing = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    names = x509.SubjectAlternativeName(
        [
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
            x509.DNSName("localhost"),
            x509.DNSName("fault.test"),
            x509.DNSName("*.fault.test"),
        ]
    )
    base = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    # The CA has a key of its own: with one key for both, every leaf would seem to be self-signed.
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ski = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        base.subject_name(issuer)
        .public_key(ca_key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signing, critical=True)
        .add_extension(ski, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        base.subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca_key_pem, key_pem = (
        it.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        for it in (ca_key, key)
    )
    return _Pki(ca.public_bytes(pem).decode(), ca_key_pem, leaf.public_bytes(pem).decode(), key_pem)


def ca_pem() -> str:
    """The CA certificate that signs every TLS behaviour's leaf, for a client to trust."""
    return _pki().ca_pem


def ca_key_pem() -> str:
    """Its key, for certificates that this CA would rather not have signed."""
    return _pki().ca_key_pem


def chain_and_key_pem() -> str:
    """The honest leaf and its key."""
    return _pki().chain_pem + _pki().key_pem


@contextmanager
def pem_file(text: str) -> Iterator[Path]:
    """A file with this text for a moment: TLS libraries read chains and keys from files only."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "chain-and-key.pem"
        file.touch(mode=0o600)
        file.write_text(text, "ascii")
        yield file


@functools.cache
def server_context() -> ssl.SSLContext:
    """The one honest part: a correctly configured TLS server, made once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with pem_file(chain_and_key_pem()) as file:
        context.load_cert_chain(file)
    return context


# The words behaviours are made of -----------------------------------------------------------------------

NOISE = hashlib.shake_256(b"noise that is the same in every run").digest(4096)
HSTS = b"Strict-Transport-Security: max-age=31536000"
BODY = b"<!doctype html><title>fault</title>\n"
GIGABYTE = 1 << 30
MEGABYTE = 1 << 20


def head(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A response head: status line, `Connection: close`, the given lines, the blank line."""
    return b"\r\n".join((b"HTTP/1.1 " + status, b"Connection: close", *lines, b"", b""))


def whole(*lines: bytes, status: bytes = b"200 OK", body: bytes = BODY) -> bytes:
    """A correct response, its Content-Length last, with the given header lines before it."""
    return head(*lines, b"Content-Length: %d" % len(body), status=status) + body


async def say(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send, then wait for room: endless answers stay bounded in memory, and other tasks get their turn."""
    writer.write(data)
    await writer.drain()
    await asyncio.sleep(0)


async def answer(reader: Reader, writer: asyncio.StreamWriter, data: bytes) -> None:
    """Read a request and send these bytes for an answer."""
    await reader.request()
    await say(writer, data)


async def redirect(writer: asyncio.StreamWriter, location: bytes) -> None:
    """Send a 302 with this Location."""
    await say(writer, whole(b"Location: " + location, status=b"302 Found"))


async def drip(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send one byte every DRIP_S seconds: no single read waits long, all of them together do."""
    for byte in data:
        await say(writer, bytes((byte,)))
        await asyncio.sleep(DRIP_S)


def reset_connection(writer: asyncio.StreamWriter) -> None:
    """Close with SO_LINGER 0: the peer gets RST, not FIN."""
    linger_zero = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
    writer.transport.abort()


_BEHAVIOURS: dict[str, Behaviour] = {}
BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(_BEHAVIOURS)


def register(name: str, serve: Serve, layer: Layer, *, summary: str = "", listens: bool = True) -> None:
    """Enter a behaviour under its name and, unless it replaces TLS or never accepts, under `name+tls`."""
    summary = summary or (serve.__doc__ or "").partition("\n")[0]
    for tls in (False,) if layer == "tls" or not listens else (False, True):
        full_name = f"{name}+tls" if tls else name
        if full_name in _BEHAVIOURS:
            raise ValueError(f"{full_name} is registered twice")
        _BEHAVIOURS[full_name] = Behaviour(full_name, serve, tls, layer, listens, summary)


def register_secure(name: str, serve: Serve, context: Callable[[], ssl.SSLContext], summary: str) -> None:
    """Enter a behaviour that needs a TLS server of its own; it has no plain twin."""
    if name in _BEHAVIOURS:
        raise ValueError(f"{name} is registered twice")
    _BEHAVIOURS[name] = Behaviour(name, serve, True, "http", summary=summary, context=context)


def behaviour(layer: Layer, *, listens: bool = True) -> Callable[[Serve], Serve]:
    """Register the decorated function as a behaviour of that layer, under its own name."""

    def enter(serve: Serve) -> Serve:
        register(getattr(serve, "__name__", ""), serve, layer, listens=listens)
        return serve

    return enter


# Behaviours: the connection -----------------------------------------------------------------------------


@behaviour("tcp", listens=False)
async def refused(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Nothing listens on the port: connecting is refused."""


@behaviour("tcp")
async def reset(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """The connection is reset as soon as it is open."""
    reset_connection(writer)


@behaviour("tcp")
async def silent(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Accepts, reads, and never says a word."""
    await reader.departure()


@behaviour("tcp")
async def connection_closed_before_answer(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Reads the request and closes the connection in good order, without an answer."""
    await reader.request()


# Behaviours: where TLS should be ------------------------------------------------------------------------

# A TLS 1.2 ServerHello (RFC 5246 7.4.1.3): random, no session id, ECDHE_RSA with AES_128_GCM, no
# compression, and renegotiation_info (RFC 5746), without which OpenSSL 3 gives up by itself.
_SERVER_HELLO_BODY = b"\x03\x03" + NOISE[:32] + b"\x00\xc0\x2f\x00\x00\x05\xff\x01\x00\x01\x00"
_SERVER_HELLO = b"\x02" + len(_SERVER_HELLO_BODY).to_bytes(3, "big") + _SERVER_HELLO_BODY
SERVER_HELLO_RECORD = b"\x16\x03\x03" + len(_SERVER_HELLO).to_bytes(2, "big") + _SERVER_HELLO
ALERT_HANDSHAKE_FAILURE = b"\x15\x03\x03\x00\x02\x02\x28"
ALERT_INTERNAL_ERROR = b"\x15\x03\x03\x00\x02\x02\x50"


@behaviour("tls")
async def half_handshake_close(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the first half of a ServerHello record and closes."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD[: len(SERVER_HELLO_RECORD) // 2])


@behaviour("tls")
async def half_handshake_hang(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the first half of a ServerHello record and then nothing."""
    await half_handshake_close(reader, writer)
    await reader.departure()


@behaviour("tls")
async def tls_garbage(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with random bytes."""
    await reader.client_hello()
    await say(writer, NOISE)


@behaviour("tls")
async def tls_plain_http_400(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with `400 Bad Request` in plain text: an HTTP server on the TLS port."""
    await reader.client_hello()
    await say(writer, whole(status=b"400 Bad Request"))


@behaviour("tls")
async def tls_alert(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers the ClientHello with a fatal handshake_failure alert."""
    await reader.client_hello()
    await say(writer, ALERT_HANDSHAKE_FAILURE)


@behaviour("tls")
async def tls_alert_after_hello(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a complete TLS 1.2 ServerHello, then a fatal internal_error alert."""
    await reader.client_hello()
    await say(writer, SERVER_HELLO_RECORD + ALERT_INTERNAL_ERROR)


# Behaviours: too much -----------------------------------------------------------------------------------


@behaviour("http")
async def endless_headers(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends well-formed header lines and never the blank line."""
    await answer(reader, writer, b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        await say(writer, b"X-Endless-%d: more\r\n" % number * 100)


@behaviour("http")
async def huge_header_line(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends one header line of 16 MiB in an answer that is otherwise correct."""
    await answer(reader, writer, b"HTTP/1.1 200 OK\r\nX-Huge: ")
    for _ in range(16):
        await say(writer, b"a" * MEGABYTE)
    await say(writer, b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


@behaviour("http")
async def many_headers(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends 10,000 short fields in an answer that is otherwise correct."""
    await answer(reader, writer, whole(*(b"X-%d: v" % number for number in range(10_000))))


@behaviour("http")
async def body_1gb(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces one gigabyte and sends it until the client leaves."""
    await answer(reader, writer, head(b"Content-Length: %d" % GIGABYTE))
    for _ in range(GIGABYTE // MEGABYTE):
        await say(writer, bytes(MEGABYTE))


@behaviour("http")
async def endless_chunked(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends valid chunks and never the last one."""
    await answer(reader, writer, head(b"Transfer-Encoding: chunked"))
    while True:
        await say(writer, b"2000\r\n" + bytes(0x2000) + b"\r\n")


@behaviour("http")
async def gzip_bomb(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends about 1 MB of valid gzip that expands to more than 1 GB.

    After a full flush the compressor has no memory, so one compressed megabyte of zeros can be repeated.
    """
    zeros, repeats, crc = bytes(MEGABYTE), GIGABYTE // MEGABYTE + 1, 0
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = squeeze.compress(zeros) + squeeze.flush(zlib.Z_FULL_FLUSH)
    await answer(reader, writer, head(b"Content-Encoding: gzip", b"Content-Type: text/html"))
    await say(writer, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")  # RFC 1952 2.3
    for _ in range(repeats):
        crc = zlib.crc32(zeros, crc)
        await say(writer, block)
    await say(writer, b"\x03\x00" + struct.pack("<II", crc, repeats * MEGABYTE))


@behaviour("http")
async def status_100_flood(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends `100 Continue` without end and never a final answer."""
    await reader.request()
    while True:
        await say(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


# Behaviours: too slow -----------------------------------------------------------------------------------


@behaviour("http")
async def slow_drip(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a correct answer from its first byte on at one byte every 0.2 seconds."""
    await reader.request()
    await drip(writer, whole(b"X-Padding: " + b"p" * 100))


@behaviour("http")
async def slow_body_drip(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the head at once and the body at one byte every 0.2 seconds."""
    await answer(reader, writer, head(b"Content-Length: 1000"))
    await drip(writer, b"s" * 1000)


# Behaviours: redirects ----------------------------------------------------------------------------------


@behaviour("http")
async def redirect_loop(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Redirects every URL to itself."""
    request = await reader.request()
    await redirect(writer, request.target.encode())


@behaviour("http")
async def redirect_ping_pong(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Redirects /ping to /pong and everything else to /ping."""
    request = await reader.request()
    await redirect(writer, b"/pong" if request.target == "/ping" else b"/ping")


@behaviour("http")
async def redirect_out_of_scope(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Redirects to a host outside any scope, whose name can never resolve (RFC 6761 6.4)."""
    await reader.request()
    await redirect(writer, b"https://outside.invalid/")


@behaviour("http")
async def redirect_long_chain(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Redirects 20 times, over /hop/1 to /hop/20, before it answers 200."""
    request = await reader.request()
    hop = int(request.target.removeprefix("/hop/")) if re.fullmatch(r"/hop/\d{1,2}", request.target) else 0
    if hop < 20:
        await redirect(writer, b"/hop/%d" % (hop + 1))
    else:
        await say(writer, whole())


# The decimal address is 192.0.2.1 (RFC 5737): a client that follows it reaches nobody.
WEIRD_URLS: Mapping[str, bytes] = {
    "javascript": b"javascript:alert(document.domain)",
    "scheme_relative": b"//outside.invalid/",
    "userinfo": b"https://127.0.0.1:443@outside.invalid/",
    "decimal_ip": b"http://3221225985/",
}


def _redirect_to(location: bytes) -> Serve:
    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await reader.request()
        await redirect(writer, location)

    return serve


for _label, _location in WEIRD_URLS.items():
    register(
        f"redirect_to_weird_url_{_label}",
        _redirect_to(_location),
        "http",
        summary=f"Redirects to {_location.decode()}",
    )


# Behaviours: lengths that lie, answers cut short --------------------------------------------------------


@behaviour("http")
async def content_length_too_long(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces 100 bytes more than it sends, then closes."""
    await answer(reader, writer, head(b"Content-Length: %d" % (len(BODY) + 100)) + BODY)


@behaviour("http")
async def content_length_too_short(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces 5 bytes and sends more."""
    await answer(reader, writer, head(b"Content-Length: 5") + BODY)


@behaviour("http")
async def content_length_negative(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces -1 bytes."""
    await answer(reader, writer, head(b"Content-Length: -1") + BODY)


@behaviour("http")
async def two_different_content_lengths(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Announces two lengths, of which the second is right (RFC 9112 6.3: unrecoverable)."""
    await answer(reader, writer, whole(b"Content-Length: 5"))


@behaviour("http")
async def closed_mid_headers(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Closes in the middle of a header line."""
    await answer(reader, writer, b"HTTP/1.1 200 OK\r\n" + HSTS + b"\r\nContent-Ty")


@behaviour("http")
async def closed_mid_body(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Closes in the middle of a chunk."""
    await answer(reader, writer, head(b"Transfer-Encoding: chunked") + b"1000\r\n" + BODY)


@behaviour("http")
async def bad_chunk_size(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Gives a chunk size that is not hexadecimal, after one good chunk."""
    chunks = b"%x\r\n%b\r\nzz\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY, BODY)
    await answer(reader, writer, head(b"Transfer-Encoding: chunked") + chunks)


@behaviour("http")
async def empty_answer(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers 200 with no header and no body."""
    await answer(reader, writer, b"HTTP/1.1 200 OK\r\n\r\n")


@behaviour("http")
async def garbage_after_close(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a correct `Connection: close` answer, then a second answer nobody asked for, then noise."""
    await answer(reader, writer, whole() + whole(status=b"500 Unasked") + NOISE)


# Behaviours: not HTTP, or nearly ------------------------------------------------------------------------

MALFORMED_LINES: Mapping[str, bytes] = {
    "no_colon": b"This line has no colon",
    "space_before_colon": b"X-Space : before the colon",
    "obs_fold": b"X-Folded: first\r\n second",
    "nul": b"X-Nul: a\x00b",
    "bare_lf": b"X-Bare: one\nX-After-Bare-Lf: two",
    "non_ascii": b"X-Latin: caf\xe9 \xf0\x9f\x94\x92",
}


def _with_lines(*lines: bytes) -> Serve:
    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer, whole(b"X-Before: good", *lines, HSTS, b"X-After: good"))

    return serve


for _label, _line in MALFORMED_LINES.items():
    register(
        f"malformed_header_{_label}",
        _with_lines(_line),
        "http",
        summary=f"Sends the line {_line!r} just before a valid Strict-Transport-Security",
    )
register(
    "malformed_header_lines",
    _with_lines(*MALFORMED_LINES.values()),
    "http",
    summary="Sends every kind of malformed header line before a valid Strict-Transport-Security",
)


@behaviour("http")
async def bad_status_line(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Gives a status that is not a number."""
    await answer(reader, writer, whole(HSTS, status=b"two-hundred OK"))


@behaviour("http")
async def no_status_line(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers with the body alone, as HTTP/0.9 did."""
    await answer(reader, writer, BODY)


@behaviour("http")
async def http2_preface_answer(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers an HTTP/1.1 request with HTTP/2 frames: SETTINGS, then GOAWAY (HTTP_1_1_REQUIRED)."""
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    goaway = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + b"\x00\x00\x00\x00\x00\x00\x00\x0d"
    await answer(reader, writer, settings + goaway)


@behaviour("http")
async def header_injection_bytes(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Puts into header values what harms a terminal, a web page, a spreadsheet or a Markdown table."""
    lines = (
        b"Server: \x1b[2J\x1b[31mowned\x1b[0m",
        b"X-Powered-By: <script>alert(1)</script>",
        b'X-Formula: =cmd("/C calc")',
        b"X-Table: a | b `c` [d](javascript:e)",
    )
    await answer(reader, writer, whole(*lines))


CHANGING_ANSWERS = (
    whole(HSTS),
    whole(),
    whole(status=b"404 Not Found"),
    whole(HSTS, status=b"503 Service Unavailable"),
    whole(b"Location: /elsewhere", status=b"302 Found"),
)


@behaviour("http")
async def answers_change_each_request(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Goes round CHANGING_ANSWERS, one for each request to this server, whichever the connection."""
    request = await reader.request()
    await say(writer, CHANGING_ANSWERS[request.number % len(CHANGING_ANSWERS)])


# A name server that misbehaves, by name -----------------------------------------------------------------

IN_SCOPE = "127.0.0.1"
METADATA = "169.254.169.254"
CNAME_LINKS = 30


class Asked(msgspec.Struct, frozen=True):
    """One question: the query it came in, its transport, and how often it was asked before."""

    query: dns.message.Message
    name: dns.name.Name
    rdtype: str
    over_tcp: bool
    times_before: int


class Slow(bytes):
    """A message that goes out over TCP one octet at a time."""


# None: say nothing. Bytes go out as they are.
Reply = dns.message.Message | bytes | None
NameFault = Callable[[Asked], Reply]
_NAME_FAULTS: dict[str, NameFault] = {}
NAME_FAULTS: Mapping[str, NameFault] = MappingProxyType(_NAME_FAULTS)


def first_label(label: str) -> Callable[[NameFault], NameFault]:
    """Register the decorated function for names that begin with this label."""

    def enter(fault: NameFault) -> NameFault:
        _NAME_FAULTS[label] = fault
        return fault

    return enter


def response_with(asked: Asked, rcode: dns.rcode.Rcode) -> dns.message.Message:
    response = dns.message.make_response(asked.query)
    response.flags |= dns.flags.AA
    response.set_rcode(rcode)
    return response


def records(asked: Asked, **records: tuple[str, ...]) -> dns.message.Message:
    """The records of the type asked for; NOERROR with a SOA (RFC 2308 2.2) where there are none."""
    response = response_with(asked, dns.rcode.NOERROR)
    if texts := records.get(asked.rdtype):
        response.answer.append(dns.rrset.from_text(asked.name, 0, "IN", asked.rdtype, *texts))
    else:
        soa = f"{asked.name} {asked.name} 1 3600 600 86400 0"
        response.authority.append(dns.rrset.from_text(asked.name, 0, "IN", "SOA", soa))
    return response


@first_label("ok")
def _ok(asked: Asked) -> Reply:
    """127.0.0.1, and no data of any other type."""
    return records(asked, A=(IN_SCOPE,))


@first_label("nodata")
def _nodata(asked: Asked) -> Reply:
    """The name exists and has nothing."""
    return records(asked)


@first_label("servfail")
def _servfail(asked: Asked) -> Reply:
    """SERVFAIL."""
    return response_with(asked, dns.rcode.SERVFAIL)


@first_label("nxdomain")
def _nxdomain(asked: Asked) -> Reply:
    """NXDOMAIN."""
    return response_with(asked, dns.rcode.NXDOMAIN)


@first_label("refused")
def _refused(asked: Asked) -> Reply:
    """REFUSED; also what a name with an unknown first label gets."""
    return response_with(asked, dns.rcode.REFUSED)


@first_label("timeout")
def _timeout(asked: Asked) -> Reply:
    """No answer, ever."""
    return None


@first_label("garbage")
def _garbage(asked: Asked) -> Reply:
    """The right message id, then random bytes: a client that trusts the id must parse them."""
    return asked.query.id.to_bytes(2, "big") + NOISE[:200]


@first_label("wrong-id")
def _wrong_id(asked: Asked) -> Reply:
    """A good answer under another message id, as a blind spoofer sends it."""
    response = records(asked, A=(IN_SCOPE,))
    response.id = asked.query.id ^ 0xFFFF
    return response


@first_label("truncated")
def _truncated(asked: Asked) -> Reply:
    """TC and nothing else over UDP; the full answer over TCP."""
    if asked.over_tcp:
        return records(asked, A=(IN_SCOPE,))
    response = response_with(asked, dns.rcode.NOERROR)
    response.flags |= dns.flags.TC
    return response


@first_label("rebinding")
def _rebinding(asked: Asked) -> Reply:
    """An address in scope the first time, the cloud's metadata address ever after."""
    return records(asked, A=(METADATA if asked.times_before else IN_SCOPE,))


@first_label("private")
def _private(asked: Asked) -> Reply:
    """Only private addresses (RFC 1918, RFC 4193)."""
    return records(asked, A=("10.0.0.1", "172.16.0.1", "192.168.0.1"), AAAA=("fd00::1",))


@first_label("many")
def _many(asked: Asked) -> Reply:
    """200 A records: too many for UDP, so they come over TCP."""
    return records(asked, A=tuple(f"127.0.1.{host}" for host in range(1, 201)))


def alias_record(owner: dns.name.Name, target: dns.name.Name) -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, 0, "IN", "CNAME", target.to_text())


@first_label("cname-loop")
def _cname_loop(asked: Asked) -> Reply:
    """cname-loop.X is an alias of cname-loop.back.X, which is an alias of cname-loop.X."""
    first, parent = asked.name.labels[0], asked.name.parent()
    home = parent.parent() if parent.labels[0] == b"back" else parent
    here = dns.name.Name((first, *home.labels))
    back = dns.name.Name((first, b"back", *home.labels))
    links = [alias_record(here, back), alias_record(back, here)]
    response = response_with(asked, dns.rcode.NOERROR)
    response.answer.extend(links if asked.name == here else reversed(links))
    return response


@first_label("cname-long")
def _cname_long(asked: Asked) -> Reply:
    """30 aliases, over cname-long.link-1.X to cname-long.link-30.X, which is 127.0.0.1; all in one answer."""
    first, parent = asked.name.labels[0], asked.name.parent()
    link = re.fullmatch(rb"link-(\d{1,2})", parent.labels[0])
    home, start = (parent.parent(), int(link[1])) if link else (parent, 0)
    chain = [asked.name]
    chain += [dns.name.Name((first, b"link-%d" % number, *home.labels)) for number in range(start + 1, CNAME_LINKS + 1)]
    response = response_with(asked, dns.rcode.NOERROR)
    response.answer.extend(itertools.starmap(alias_record, itertools.pairwise(chain)))
    if asked.rdtype == "A":
        response.answer.append(dns.rrset.from_text(chain[-1], 0, "IN", "A", IN_SCOPE))
    return response


class FaultyNameserver:
    """A name server on one loopback port, UDP and TCP, whose answer depends on the name's first label.

    It claims authority for every name: `servfail.fault.test` and `servfail.example` fare alike. What does
    not fit a UDP answer is truncated (TC) and given over TCP, as an honest server would.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        self.port = 0
        self._asked: Counter[tuple[dns.name.Name, str]] = Counter()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        tcp, udp = _bound_pair(self.address)
        self.port = tcp.getsockname()[1]
        async with AsyncExitStack() as stack:
            stack.enter_context(tcp)
            stack.enter_context(udp)
            await stack.enter_async_context(_accepting(tcp, self._serve_tcp, None))
            await stack.enter_async_context(_datagrams(udp, self.reply))
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._open.aclose()

    def reply(self, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
        """The bytes to answer a query with, or None to stay silent."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if len(query.question) != 1:
            return None
        name, rdtype = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        asked = Asked(query, name, rdtype, over_tcp, self._asked[name, rdtype])
        self._asked[name, rdtype] += 1
        fault = NAME_FAULTS.get(name.labels[0].decode("ascii", "replace").lower(), _refused)
        response = fault(asked)
        if not isinstance(response, dns.message.Message):
            return response
        limit = 65535 if over_tcp else max(512, query.payload)  # RFC 6891 6.2.3
        return response.to_wire(max_size=limit, prefer_truncation=True)

    async def _serve_tcp(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        while True:
            length = int.from_bytes(await reader.readexactly(2), "big")
            reply = self.reply(await reader.readexactly(length), over_tcp=True)
            if reply is not None:
                await (drip if isinstance(reply, Slow) else say)(writer, len(reply).to_bytes(2, "big") + reply)


def _bound_pair(address: str) -> tuple[socket.socket, socket.socket]:
    """A TCP and a UDP socket on the same free port; the second port may be taken, so try a few times."""
    for _ in range(20):
        tcp = _bound(address, 0, socket.SOCK_STREAM)
        try:
            return tcp, _bound(address, tcp.getsockname()[1], socket.SOCK_DGRAM)
        except OSError:
            tcp.close()
    raise OSError("no port is free for both TCP and UDP")


@asynccontextmanager
async def _datagrams(udp: socket.socket, reply: Callable[[bytes], bytes | None]) -> AsyncIterator[None]:
    """Answer every datagram that arrives on this socket."""
    loop = asyncio.get_running_loop()

    def answer_one() -> None:
        try:
            wire, client = udp.recvfrom(65535)
            if (response := reply(wire)) is not None:
                udp.sendto(response, client)
        except OSError:
            return  # an earlier answer's client has left (ECONNREFUSED), or there is no room

    loop.add_reader(udp, answer_one)
    try:
        yield
    finally:
        loop.remove_reader(udp)
