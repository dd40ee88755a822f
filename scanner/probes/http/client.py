"""How an exchange is carried out: the request, the bounded reading, and the observation made of it."""

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpx
from msgspec.structs import replace

from scanner.derive.acceptance import objection
from scanner.network import NetworkError
from scanner.observations.endpoint import Source
from scanner.observations.http import Answer, Body, Described, Exchange, Handshake, Sought
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.api_description import ApiDescriptionError, read_api_document
from scanner.parse.body_text import text_of
from scanner.parse.http_head import Anomaly, HeadError, parse_head
from scanner.parse.json_pointer import JsonTextError, document_of, equal, value_at
from scanner.parse.url import parse_url
from scanner.probes.http.transport import PinnedTransport, Tape
from scanner.probes.probe import Laboratory
from scanner.probes.trust import MOZILLA, OPERATOR, TrustAnchors
from scanner.secrets import Secret

if TYPE_CHECKING:
    from scanner.probes.http.exchange import HttpExchange
    from scanner.profiles import Caps


async def exchange(probe: "HttpExchange", lab: Laboratory) -> Exchange:
    """Observe one exchange; whatever fails, the steps before it are kept."""
    fields: Fields = ()
    admit: Admission | None = None
    if probe.credential:
        fields, admit = await _entrusted(probe, lab)
    started, ticks = lab.now(), lab.ticks()
    transport = PinnedTransport(lab.gate, probe.endpoint, lab.budget, lab.profile)

    def begun() -> None:  # who waits in a queue, or for as long as an address asked for, is not slow
        nonlocal started, ticks
        started, ticks = lab.now(), lab.ticks()

    tape = Tape(begun=begun)
    answer: Answer | Unobserved
    document: Described | Unobserved | None = None
    try:
        response = await transport.handle_async_request(_request(probe, tape, fields, admit))
    except NetworkError as error:
        answer = _answer_from_tape(tape, error.unobserved)
    else:
        caps = lab.profile.caps
        described = probe.reads_description and 200 <= tape.status < 300
        reader = _Reader(caps, gzip=_is_gzip(response), keep=described or bool(probe.sought))
        body = await _read_body(response, reader, probe.sought)
        if described:
            # Aside, for it takes a while: others are being timed meanwhile.
            document = await asyncio.to_thread(_described, body, reader, response)
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
        credential=probe.credential,
        document=document,
    )


Fields = tuple[tuple[str, Secret], ...]
Admission = Callable[[object], None]


async def _entrusted(probe: "HttpExchange", lab: Laboratory) -> tuple[Fields, Admission]:
    """What the request carries beyond the usual, and who decides, when TLS stands, whether it may leave.

    It goes to the target's own origin only, and only to whom a browser would show no warning for. To this machine's own
    loopback address it goes without, but only where this machine or its operator says that the service is there: on a
    name server's word it would go to whoever else here listens on that port.
    """
    public = (await lab.observe(TrustAnchors(store=MOZILLA))).observation
    own = (await lab.observe(TrustAnchors(store=OPERATOR))).observation
    url = parse_url(probe.url)
    credentials = lab.surroundings.credentials.get(probe.credential)

    def admit(tls: object) -> None:
        if credentials is None:
            raise NetworkError(Reason.PREREQUISITE, "the credential of this target was not read, so nothing was asked")
        if credentials.origin != url.origin:
            raise NetworkError(Reason.PREREQUISITE, "the credential is for another origin, so it was not sent")
        if probe.source is not Source.RESOLVER and stays_here(probe.address):
            return
        if not isinstance(tls, Handshake):
            raise NetworkError(Reason.PREREQUISITE, "over plain HTTP the credential was not sent")
        if (why := objection(tls.chain, url.host, public, own, lab.now())) is not None:
            raise NetworkError(Reason.PREREQUISITE, f"{why}, so the credential was not sent")

    return () if credentials is None else credentials.fields, admit


def stays_here(address: str) -> bool:
    """Whether what is sent to this address never leaves the machine."""
    return ip_address(address).is_loopback


def _request(probe: "HttpExchange", tape: Tape, fields: Fields, admit: Admission | None) -> httpx.Request:
    url = parse_url(probe.url)
    usual = [
        ("Host", url.authority),
        ("User-Agent", probe.agent),
        ("Accept", probe.accept),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
    ]
    replaced = {name.lower() for name, _ in fields}
    headers = [(name.encode(), value.encode()) for name, value in usual if name.lower() not in replaced]
    headers += [(name.encode(), value.reveal().encode()) for name, value in fields]
    return httpx.Request(
        probe.method,
        str(url),
        headers=headers,
        extensions={"tape": tape, "sni_hostname": None if url.is_ip else url.host, "admit": admit},
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


def _coding(response: httpx.Response) -> str:
    coding: str = response.headers.get("content-encoding", "").strip().lower()
    return coding


def _is_gzip(response: httpx.Response) -> bool:
    return _coding(response) in {"gzip", "x-gzip"}


async def _read_body(response: httpx.Response, reader: "_Reader", sought: tuple[Sought, ...]) -> Body:
    """Read within the caps, look for what is `sought`, keep lengths and a digest. Closes the response on every way out."""
    loop = asyncio.get_running_loop()
    started = loop.time()
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
        coding="gzip" if _is_gzip(response) else None,
        ms=(loop.time() - started) * 1000,
        ended=ended,
        detail=detail,
        sought=tuple(_look_for(it, reader, response, ended, detail) for it in sought),
    )


def _described(body: Body, reader: "_Reader", response: httpx.Response) -> Described | Unobserved:
    """What a body describes. Only a whole one tells."""
    if body.ended is not None:
        return Unobserved(body.ended, body.detail)
    if _coding(response) not in {"", "identity", "gzip", "x-gzip"}:
        return Unobserved(Reason.PROTOCOL_ERROR, "the body has a coding we did not ask for")
    if not reader.is_whole:
        return Unobserved(Reason.PROTOCOL_ERROR, "the gzip coding ends before its end")
    try:
        found = read_api_document(bytes(reader.kept))
    except ApiDescriptionError as error:
        return Unobserved(Reason.TOO_LARGE, str(error))
    return Described(found.form, found.version, found.whole, found.surface, found.operations)


def _look_for(sought: Sought, reader: "_Reader", response: httpx.Response, ended: Reason | None, detail: str) -> Sought:
    """What is sought, and whether the octets read show it. A text that is there is there, however the body ends."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    undecided = replace(sought, found=None, reason=ended, detail=detail)
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        return replace(
            sought, found=None, reason=Reason.PROTOCOL_ERROR, detail="the body has a coding we did not ask for"
        )
    if ended is None and not reader.is_whole:
        undecided = replace(sought, reason=Reason.PROTOCOL_ERROR, detail="the gzip coding ends before its end")
    octets = bytes(reader.kept)
    if sought.pointer is None:
        if sought.text in text_of(octets, response.headers.get("content-type")):
            return replace(sought, found=True)
        return replace(sought, found=False) if undecided.reason is None else undecided
    if undecided.reason is not None:
        return undecided
    try:
        document = document_of(octets)
    except JsonTextError as error:
        return replace(sought, found=False, reason=Reason.PROTOCOL_ERROR, detail=str(error))
    return replace(sought, found=equal(value_at(document, sought.pointer), sought.equals))


class _Reader:
    """Counts and hashes a body, decoding gzip with a cap: a small bomb must not become a large one in our memory."""

    def __init__(self, caps: "Caps", *, gzip: bool, keep: bool) -> None:
        self._caps = caps
        self._keep = keep
        self.kept = bytearray()
        """The decoded octets, when somebody looks for something in them."""
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if gzip else None
        self.hash = hashlib.sha256()
        self.wire_bytes = 0
        self.length = 0
        self.ended: Reason | None = None
        self.detail = ""

    @property
    def is_whole(self) -> bool:
        """Whether the content coding came to its end, as far as there was one."""
        return self._inflate is None or self._inflate.eof or not self.wire_bytes

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
        if self._keep:
            self.kept += decoded[:room]
        self.length += min(len(decoded), room)
        if len(decoded) > room:
            return self._stop(Reason.TOO_LARGE, f"the body is longer than {self._caps.body_bytes} bytes")
        if self.wire_bytes > self._caps.wire_body_bytes:
            return self._stop(Reason.TOO_LARGE, f"more than {self._caps.wire_body_bytes} bytes were sent")
        return True

    def _stop(self, reason: Reason, detail: str) -> bool:
        self.ended, self.detail = reason, detail
        return False
