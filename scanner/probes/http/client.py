"""How an exchange is carried out: the request, the bounded reading, and the observation made of it."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING

import httpx

from scanner.network import NetworkError
from scanner.observations.http import Answer, Body, Exchange
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.http_head import Anomaly, HeadError, parse_head
from scanner.parse.url import parse_url
from scanner.probes.http.transport import PinnedTransport, Tape
from scanner.probes.probe import Laboratory

if TYPE_CHECKING:
    from scanner.probes.http.exchange import HttpExchange
    from scanner.profiles import Caps


async def exchange(probe: "HttpExchange", lab: Laboratory) -> Exchange:
    """Observe one exchange; whatever fails, the steps before it are kept."""
    started, ticks = lab.now(), lab.ticks()
    transport = PinnedTransport(lab.gate, probe.endpoint, lab.budget, lab.profile)
    tape = Tape()
    answer: Answer | Unobserved
    try:
        response = await transport.handle_async_request(_request(probe, tape))
    except NetworkError as error:
        answer = _answer_from_tape(tape, error.unobserved)
    else:
        body = await _read_body(response, lab.profile.caps)
        answer = Answer(tape.status, tape.head, tape.first_byte_ms, body, tape.informational)
    return Exchange(
        started=started,
        took_ms=lab.ticks() - ticks,
        endpoint=probe.endpoint,
        method=probe.method,
        url=probe.url,
        attempt=probe.attempt,
        connect=tape.connect,
        tls=tape.tls,
        answer=answer,
    )


def _request(probe: "HttpExchange", tape: Tape) -> httpx.Request:
    url = parse_url(probe.url)
    return httpx.Request(
        probe.method,
        str(url),
        headers=[
            ("Host", url.authority),
            ("User-Agent", probe.agent),
            ("Accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"),
            ("Accept-Encoding", "gzip"),
            ("Connection", "close"),
        ],
        extensions={"tape": tape, "sni_hostname": None if url.is_ip else url.host},
    )


def _answer_from_tape(tape: Tape, failure: Unobserved) -> Answer | Unobserved:
    """A head that h11 refused but a browser would read is still an answer; only its body is out of reach."""
    if failure.reason is not Reason.PROTOCOL_ERROR or not tape.head:
        return failure
    try:
        head = parse_head(tape.head)
    except HeadError:
        return failure
    if not 200 <= head.status <= 599:  # a 1xx is not the answer yet, and below 100 is no status (RFC 9110 section 15)
        return failure
    if Anomaly.NUL in head.anomalies or len(set(head.all("content-length"))) > 1:
        return failure  # browsers discard the whole response (RFC 9112 6.3, rule 5)
    return Answer(head.status, tape.head, tape.first_byte_ms, failure, tape.informational)


async def _read_body(response: httpx.Response, caps: "Caps") -> Body:
    """Read within the caps, keep lengths and a digest. The response is closed on every way out."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    gzip = response.headers.get("content-encoding", "").strip().lower() in {"gzip", "x-gzip"}
    reader = _Reader(caps, gzip=gzip)
    ended: Reason | None = None
    detail = ""
    assert isinstance(response.stream, httpx.AsyncByteStream)
    chunks = response.stream.__aiter__()
    assert isinstance(chunks, AsyncIterator)
    try:
        async with aclosing(chunks):  # type: ignore[type-var]  # httpx names the iterator, not the generator it is
            async for chunk in chunks:
                if not reader.take(chunk):
                    ended, detail = reader.ended, reader.detail
                    break
    except NetworkError as error:
        ended, detail = error.unobserved.reason, error.unobserved.detail
    finally:
        await response.aclose()
    return Body(
        wire_bytes=reader.wire_bytes,
        length=reader.length,
        sha256=reader.hash.hexdigest(),
        coding="gzip" if gzip else None,
        ms=(loop.time() - started) * 1000,
        ended=ended,
        detail=detail,
    )


class _Reader:
    """Counts and hashes a body, decoding gzip with a cap: a small bomb must not become a large one in our memory."""

    def __init__(self, caps: "Caps", *, gzip: bool) -> None:
        self._caps = caps
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if gzip else None
        self.hash = hashlib.sha256()
        self.wire_bytes = 0
        self.length = 0
        self.ended: Reason | None = None
        self.detail = ""

    def take(self, chunk: bytes) -> bool:
        """Take one chunk in; False when reading should stop, with `ended` set."""
        self.wire_bytes += len(chunk)
        decoded = chunk
        if self._inflate is not None and self._inflate.eof:
            decoded = b""  # what follows the stream's end is none of the content
        elif self._inflate is not None:
            try:
                decoded = self._inflate.decompress(chunk, self._caps.body_bytes - self.length + 1)
            except zlib.error as error:
                return self._stop(Reason.PROTOCOL_ERROR, f"the gzip coding is broken: {error}")
        room = self._caps.body_bytes - self.length
        self.hash.update(decoded[:room])
        self.length += min(len(decoded), room)
        if len(decoded) > room:
            return self._stop(Reason.TOO_LARGE, f"the body is longer than {self._caps.body_bytes} bytes")
        if self.wire_bytes > self._caps.wire_body_bytes:
            return self._stop(Reason.TOO_LARGE, f"more than {self._caps.wire_body_bytes} bytes were sent")
        return True

    def _stop(self, reason: Reason, detail: str) -> bool:
        self.ended, self.detail = reason, detail
        return False
