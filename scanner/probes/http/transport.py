"""httpx's transport interface over the gate: h11 above TLS, raw octets tapped below h11.

h11 refuses heads that browsers tolerate, so the head is cut from the stream first and kept as it came; h11 then only
frames the body. One request a connection: the connection *is* the observation.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import h11
import httpx

from scanner.cost import Cost
from scanner.network import Budget, Connection, Deadline, Gate, NetworkError
from scanner.observations.endpoint import Endpoint
from scanner.observations.http import BrokenHandshake, Connected, Handshake
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.probes.tls.stream import TlsStream
from scanner.profiles import Profile

MAX_INFORMATIONAL = 10
EVENTS_AT_A_TIME = 256
FRAMING_BYTES = 65_536
NO_TLS = NotApplicable("plain HTTP", "HTTP biasa")
NOT_REACHED = Unobserved(Reason.PREREQUISITE)


@dataclass(slots=True)
class Tape:
    """What one exchange showed so far; each step is filled in when it happens, so nothing is lost when the next fails."""

    connect: Connected | Unobserved = NOT_REACHED
    tls: Handshake | BrokenHandshake | NotApplicable | Unobserved = NO_TLS
    head: bytes = b""
    status: int = 0
    first_byte_ms: float = 0.0
    informational: int = 0
    begun: Callable[[], None] = lambda: None
    """Called when waiting is over and connecting begins."""


class Framed(httpx.AsyncByteStream):
    """The body as it arrives, still content-coded; closing it ends the connection."""

    def __init__(self, exchange: "_Exchange") -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._exchange.body():
            yield chunk

    async def aclose(self) -> None:
        """End the connection and give its slot back."""
        await self._exchange.close()


class PinnedTransport(httpx.AsyncBaseTransport):
    """Sends requests to one endpoint, whatever their URL says; redirects, cookies and retries are nobody's business here.

    Each response carries its `Tape` in `extensions["tape"]`; for a request that fails, pass a Tape of your own in the
    request's extensions to see how far it came. What stands under "admit" is called with what TLS showed before anything
    is sent, and keeps the request back by raising. Raises NetworkError.
    """

    def __init__(self, gate: Gate, endpoint: Endpoint, budget: Budget, profile: Profile) -> None:
        self._gate = gate
        self._endpoint = endpoint
        self._budget = budget
        self._profile = profile

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One connection, one request, one response whose body is still to be read."""
        tape = request.extensions.get("tape")
        tape = tape if isinstance(tape, Tape) else Tape()
        exchange = _Exchange(self._profile, tape)
        admit = request.extensions.get("admit")
        try:
            await exchange.open(self._gate, self._endpoint, self._budget, request)
            if callable(admit):
                admit(tape.tls)
            head = await exchange.ask(request)
        except BaseException:
            await exchange.close()
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=Framed(exchange),
            extensions={"tape": tape, "http_version": b"HTTP/1.1"},
        )


class _Exchange:
    """The connection of one request, from opening to the last octet of the body."""

    def __init__(self, profile: Profile, tape: Tape) -> None:
        self._timeouts = profile.timeouts
        self._caps = profile.caps
        self._tape = tape
        self._stack = AsyncExitStack()
        self._stream: Connection | TlsStream
        self._deadline: Deadline
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=self._caps.head_bytes + 1)

    async def open(self, gate: Gate, endpoint: Endpoint, budget: Budget, request: httpx.Request) -> None:
        tape = self._tape
        try:
            connection, self._deadline, took_ms = await self._stack.enter_async_context(
                gate.connection(endpoint, budget, tape.begun)
            )
        except NetworkError as error:
            tape.connect = error.unobserved
            if request.url.scheme == "https":
                tape.tls = NOT_REACHED
            raise
        tape.connect = Connected(took_ms)
        self._stream = connection
        budget.charge(Cost(requests=1))
        if request.url.scheme == "https":
            sni = request.extensions.get("sni_hostname")
            self._stream = TlsStream(connection, sni if isinstance(sni, str) else None)
            try:
                async with self._deadline.phase(self._timeouts.tls_s, "end of the TLS handshake"):
                    tape.tls = await self._stream.handshake(self._caps.handshake_bytes)
            except NetworkError as error:
                sent = self._stream.chain()
                tape.tls = BrokenHandshake(sent, error.unobserved) if sent else error.unobserved
                raise

    async def ask(self, request: httpx.Request) -> h11.Response:
        """Send the request and read to the end of the final response's head."""
        event = h11.Request(method=request.method.encode(), target=request.url.raw_path, headers=request.headers.raw)
        self._stream.send((self._h11.send(event) or b"") + (self._h11.send(h11.EndOfMessage()) or b""))
        loop = asyncio.get_running_loop()
        asked = loop.time()
        async with self._deadline.phase(self._timeouts.answer_s, "complete response head"):
            pending = b""
            while True:
                head, pending = await self._read_head(pending, asked)
                try:
                    self._h11.receive_data(head)
                    answer = self._h11.next_event()
                except h11.RemoteProtocolError as error:
                    self._tape.head = head
                    raise NetworkError(Reason.PROTOCOL_ERROR, _objection(error)) from error
                if isinstance(answer, h11.InformationalResponse):
                    self._tape.informational += 1
                    if self._tape.informational > MAX_INFORMATIONAL:
                        raise NetworkError(Reason.TOO_LARGE, f"more than {MAX_INFORMATIONAL} 1xx responses")
                    continue
                if not isinstance(answer, h11.Response):
                    raise NetworkError(Reason.PROTOCOL_ERROR, "no response head")
                self._tape.head, self._tape.status = head, answer.status_code
                if pending:
                    self._h11.receive_data(pending)
                return answer

    async def _read_head(self, pending: bytes, asked: float) -> tuple[bytes, bytes]:
        """The octets up to and with the next empty line, and what came after them."""
        received = bytearray(pending)
        searched = 0
        while (end := _end_of_head(received, searched)) < 0:
            searched = max(0, len(received) - 3)
            self._check_length(len(received))
            data = await self._stream.receive()
            if not data:
                self._tape.head = bytes(received)
                where = "without an answer" if not received else f"after {len(received)} octets of the response head"
                raise NetworkError(Reason.CLOSED, f"the server closed the connection {where}")
            if not received and not self._tape.first_byte_ms:
                self._tape.first_byte_ms = (asyncio.get_running_loop().time() - asked) * 1000
                data = data.lstrip(b"\r\n")  # empty lines before the head: browsers pass over them
                if not data[:5].upper().startswith(b"HTTP/"[: len(data)]):
                    raise NetworkError(Reason.PROTOCOL_ERROR, "the answer does not begin with HTTP/")
            received += data
        self._check_length(end)  # what one read brought must not decide how much is too much
        return bytes(received[:end]), bytes(received[end:])

    def _check_length(self, head_bytes: int) -> None:
        if head_bytes > self._caps.head_bytes:
            raise NetworkError(Reason.TOO_LARGE, f"the response head is longer than {self._caps.head_bytes} bytes")

    async def body(self) -> AsyncIterator[bytes]:
        """The body's chunks, transfer coding taken off. Raises NetworkError."""
        most = 2 * self._caps.wire_body_bytes + FRAMING_BYTES
        received = 0
        async with self._deadline.phase(self._timeouts.body_s, "end of the body"):
            for count in itertools.count(1):
                if count % EVENTS_AT_A_TIME == 0:
                    await asyncio.sleep(0)  # thousands of tiny chunks in one buffer must not hold up everybody's clock
                try:
                    event = self._h11.next_event()
                except h11.RemoteProtocolError as error:
                    early = "without sending complete message body" in str(error) or "incomplete chunked" in str(error)
                    raise NetworkError(Reason.CLOSED if early else Reason.PROTOCOL_ERROR, _objection(error)) from error
                if event is h11.NEED_DATA:
                    data = await self._stream.receive()
                    received += len(data)
                    if received > most:  # framing counts too: chunk extensions can be longer than the chunks
                        raise NetworkError(Reason.TOO_LARGE, f"more than {most} bytes were sent, framing included")
                    self._h11.receive_data(data)
                elif isinstance(event, h11.Data):
                    yield bytes(event.data)
                else:
                    return

    async def close(self) -> None:
        """Say goodbye and give the slot back; may be called twice."""
        stream = getattr(self, "_stream", None)
        if isinstance(stream, TlsStream) and isinstance(self._tape.tls, Handshake):
            stream.close_notify()
        await self._stack.aclose()


def _objection(error: h11.RemoteProtocolError) -> str:
    """What h11 objects to, without the line it quotes: a malformed line may be a cookie's."""
    return str(error).partition(": ")[0]


def _end_of_head(received: bytearray, start: int) -> int:
    """The offset after the empty line that ends a head (CRLF or bare LF, RFC 9112 section 2.2); -1 while there is none."""
    ends = [
        found + len(mark) for mark in (b"\r\n\r\n", b"\n\n", b"\n\r\n") if (found := received.find(mark, start)) >= 0
    ]
    return min(ends) if ends else -1
