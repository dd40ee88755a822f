"""Small HTTP and HTTPS servers: a `Site` decides what to answer, the rest of this module carries it.

A connection is a task inside its listener's task group, so cancelling the listener ends every conversation
and closes every socket. All that a client can make the server spend is bounded: connections, requests on one
connection, bytes of a head and of a body, and time.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import partial

import h11
import msgspec

MAX_CONNECTIONS = 128
MAX_REQUESTS = 100
MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024
HANDSHAKE_S = 10.0
IDLE_S = 15.0
CONVERSATION_S = 120.0
FAREWELL_S = 1.0
ACCEPT_PAUSE_S = 0.05

ALLOW = ("Allow", "GET, HEAD, OPTIONS")

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Asked(msgspec.Struct, frozen=True):
    """The part of a request that a site answers by."""

    method: str
    target: str
    """The request target as sent (RFC 9112 3.2): visible ASCII, not necessarily a path."""


class Reply(msgspec.Struct, frozen=True):
    """A response but for what the server adds (Server, Date, Content-Length, Connection)."""

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


Site = Callable[[Asked], Reply]


def page(title: str, text: str, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A short Indonesian HTML page without script, style or link."""
    html = (
        '<!doctype html>\n<html lang="id">\n<head><meta charset="utf-8">'
        f"<title>{title}</title></head>\n<body><h1>{title}</h1>\n<p>{text}</p></body>\n</html>\n"
    )
    return Reply(status, html.encode(), headers=headers)


MISSING = page("Tidak ditemukan", "Halaman yang Anda cari tidak ada.", status=404)


def pages(by_path: Mapping[str, Reply], *, missing: Reply = MISSING, headers: tuple[tuple[str, str], ...] = ()) -> Site:
    """A site of fixed pages; `headers` go on every answer, 404 and 405 included."""

    def site(asked: Asked) -> Reply:
        if asked.method == "OPTIONS":
            reply = Reply(204, headers=(ALLOW,))
        elif asked.method not in {"GET", "HEAD"}:
            reply = page("Metode ditolak", "Metode ini tidak dilayani.", status=405, headers=(ALLOW,))
        else:
            reply = by_path.get(asked.target.partition("?")[0], missing)
        return msgspec.structs.replace(reply, headers=(*headers, *reply.headers))

    return site


def always(reply: Reply) -> Site:
    """The same answer to everything, whatever the method and the path."""
    return lambda _: reply


def moved(location: str, *, status: int = 301) -> Reply:
    """A redirect to `location`."""
    return page("Alamat pindah", "Silakan memakai alamat baru.", status=status, headers=(("Location", location),))


def redirect(origin: str) -> Site:
    """A redirect of every request to the same path at `origin`: scheme, host and port, without a slash."""

    def site(asked: Asked) -> Reply:
        # "*" (OPTIONS) and absolute targets have no path to carry over.
        return moved(origin + (asked.target if asked.target.startswith("/") else "/"))

    return site


async def serve_http(listener: socket.socket, site: Site, *, server: str, tls: ssl.SSLContext | None = None) -> None:
    """Answer HTTP/1.1 on `listener` with `site` until cancelled; `server` is the Server header's value."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _converse_http(reader, writer, site, server)

    await accept_connections(listener, converse, tls)


async def _converse_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site, server: str) -> None:
    """Answer requests in turn until either side wants to close, and garbage once, with its error status."""
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
    for number in range(1, MAX_REQUESTS + 1):
        try:
            async with asyncio.timeout(IDLE_S):
                request = await _read_request(http, reader, writer)
        except h11.RemoteProtocolError as error:
            if http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                reply = page("Permintaan salah", "Permintaan tidak dimengerti.", status=error.error_status_hint)
                writer.write(_encode(http, reply, server, method="GET", last=True))
                await writer.drain()
            return
        if request is None:
            return
        asked = Asked(request.method.decode("ascii"), request.target.decode("ascii"))
        writer.write(_encode(http, site(asked), server, method=asked.method, last=number == MAX_REQUESTS))
        await writer.drain()
        if http.our_state is not h11.DONE:
            return
        http.start_next_cycle()


async def _read_request(
    http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> h11.Request | None:
    """The next whole request, its body read and thrown away; None when the client is done."""
    request: h11.Request | None = None
    body_bytes = 0
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            if http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
                writer.write(http.send(go_on) or b"")
            http.receive_data(await reader.read(MAX_HEAD_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body_bytes += len(event.data)
            if body_bytes > MAX_BODY_BYTES:
                raise h11.RemoteProtocolError("request body too long", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage):
            return request
        else:
            return None


def _encode(http: h11.Connection, reply: Reply, server: str, *, method: str, last: bool) -> bytes:
    """The bytes of `reply`. A 204 has no Content-Length, an answer to HEAD no body (RFC 9110 8.6, 9.3.2)."""
    headers = [("Server", server), ("Date", formatdate(usegmt=True))]
    if reply.status != 204:
        headers += [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
    headers += reply.headers
    if last:
        headers.append(("Connection", "close"))
    reason = _REASONS.get(reply.status, "")
    response = h11.Response(status_code=reply.status, headers=headers, reason=reason)
    parts = [http.send(response)]
    if method != "HEAD" and reply.body:
        parts.append(http.send(h11.Data(data=reply.body)))
    parts.append(http.send(h11.EndOfMessage()))
    return b"".join(part or b"" for part in parts)


_REASONS = {
    200: "OK",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
}


async def accept_connections(
    listener: socket.socket, converse: Conversation, tls: ssl.SSLContext | None = None
) -> None:
    """Hold a conversation with every client of `listener`, over TLS if given, until cancelled.

    `listener` must be non-blocking and stays the caller's to close.
    """
    free = asyncio.Semaphore(MAX_CONNECTIONS)
    async with asyncio.TaskGroup() as connections:
        while True:
            await free.acquire()
            connection = await _accept(listener)
            task = connections.create_task(_hold(connection, converse, tls))
            # A task cancelled before its first step never runs, so the socket is closed from outside it.
            task.add_done_callback(partial(_release, connection, free))


def _release(connection: socket.socket, free: asyncio.Semaphore, _: asyncio.Task[None]) -> None:
    connection.close()
    free.release()


async def _accept(listener: socket.socket) -> socket.socket:
    """The next connection. `loop.sock_accept` would lose one, unclosed, when cancelled as it arrives."""
    loop = asyncio.get_running_loop()
    while True:
        readable = asyncio.Event()
        loop.add_reader(listener, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(listener)
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            continue
        except OSError:
            # The client has gone again, or no descriptor is free: either may pass.
            await asyncio.sleep(ACCEPT_PAUSE_S)
            continue
        connection.setblocking(False)
        return connection


async def _hold(connection: socket.socket, converse: Conversation, tls: ssl.SSLContext | None) -> None:
    """One connection from handshake to close. A client that breaks off or talks nonsense is no error."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    try:
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            connection,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_S if tls else None,
            ssl_shutdown_timeout=FAREWELL_S if tls else None,
        )
    except OSError:
        return  # not TLS, nothing in common, or our certificate was refused
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    try:
        with suppress(OSError):  # TimeoutError and ssl.SSLError are OSErrors
            async with asyncio.timeout(CONVERSATION_S):
                await converse(reader, writer)
                writer.close()
                await writer.wait_closed()
    finally:
        transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
