"""The driver of a sweep: sends the hellos of a strategy through the gate, one connection each, and keeps what was said.

As many at once as the profile allows at one address. A connection is closed as soon as the first flight is over.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from scanner.network import NetworkError, NotConnectedError
from scanner.observations.endpoint import Endpoint
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import HelloSent, Pooled
from scanner.probes.probe import Laboratory
from scanner.probes.streams import connected
from scanner.probes.tls.answers import Answer, Came
from scanner.probes.tls.client_hello import Hello, build_client_hello
from scanner.probes.tls.code_points import SSL3
from scanner.probes.tls.first_flight import FlightReader, known_flight
from scanner.probes.tls.starttls import begin
from scanner.probes.tls.strategy import Question, Strategy

LEAST_WAIT_S = 2.0
WAIT_FACTOR = 10
"""A question that is not waited for patiently gets so many times the longest answer so far, but `LEAST_WAIT_S` at least."""
MAX_SWEEP_BYTES = 8 << 20
"""Of all answers together, for all of it is kept. A chain is a few kilobytes: who sends more has something else in mind."""
RECORD_HEADER_BYTES = 5
HANGS_FROM, HANGS_UNTIL = 256, 512
MIN_POOLED_BYTES = 32
PIECE_MASK = 0x1F
"""A list of suites is cut after every suite whose number is a multiple of 32: lists that differ little share most pieces."""


class Said:
    """One conversation, before its octets are put into a pool."""

    __slots__ = ("chain", "ended", "ms", "purpose", "received", "sent")

    def __init__(
        self, purpose: str, sent: bytes, received: bytes, ended: Unobserved | None, ms: float, chain: tuple[bytes, ...]
    ) -> None:
        self.purpose = purpose
        self.sent = sent
        self.received = received
        self.ended = ended
        self.ms = ms
        self.chain = chain


class Flights:
    """Asks what a strategy wants to know, at one endpoint."""

    def __init__(self, lab: Laboratory, endpoint: Endpoint, starttls: str, strategy: Strategy) -> None:
        self._lab = lab
        self._endpoint = endpoint
        self._starttls = starttls
        self._strategy = strategy
        self._longest_ms = 0.0
        self._received = 0
        self._changed = asyncio.Event()
        self.said: list[Said] = []
        self.greeting = ""

    async def run(self) -> None:
        """Ask to the end. Network failures become part of what was said."""
        at_once = max(1, self._lab.profile.pace.connections_per_address)
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(self._work())

    async def _work(self) -> None:
        strategy = self._strategy
        while not strategy.over:
            question = strategy.next()
            if question is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            if question.again:
                await self._lab.pause(self._lab.profile.pace.retry_pause_s)
            answer = await self._put(question)
            self._received += answer.octets
            if self._received > MAX_SWEEP_BYTES:
                strategy.stop(
                    Unobserved(Reason.TOO_LARGE, f"the answers have more than {MAX_SWEEP_BYTES} octets in all")
                )
            strategy.take(question, answer)
            self._changed.set()
        self._changed.set()

    async def _put(self, question: Question) -> Answer:
        sent = octets_of(question.hello)
        answer_s = self._lab.profile.timeouts.tls_s
        if not question.patient:
            answer_s = min(answer_s, max(LEAST_WAIT_S, WAIT_FACTOR * self._longest_ms / 1000))
        reader = FlightReader()
        ended: Unobserved | None = None
        joined = True
        ticks = self._lab.ticks()
        try:
            if self._starttls:
                ms = await self._after_starttls(sent, reader, answer_s)
            else:
                gate, budget = self._lab.gate, self._lab.budget
                ms = await gate.exchange(self._endpoint, budget, sent, reader.feed, answer_s)
        except NetworkError as error:
            ended, ms = error.unobserved, self._lab.ticks() - ticks
            joined = not isinstance(error, NotConnectedError)
        received = reader.octets
        flight = known_flight(received)
        if flight.complete and ended is not None and ended.reason in (Reason.CLOSED, Reason.RESET):
            ended = None  # everything had come
        answer = Answer(question.hello, flight, ended, len(received), joined)
        if answer.came is Came.ANSWERED:
            self._longest_ms = max(self._longest_ms, ms)
        self.said.append(Said(question.purpose, sent, received, ended, ms, flight.chain))
        return answer

    async def _after_starttls(self, sent: bytes, reader: FlightReader, answer_s: float) -> float:
        """The same on a connection on which another protocol agreed to begin TLS."""
        started = 0.0

        def begun() -> None:
            nonlocal started
            started = self._lab.ticks()

        async with connected(self._lab, self._endpoint, begun=begun) as (stream, deadline):
            host = self._endpoint.host
            greeting = await begin(stream, self._starttls, host, deadline, self._lab.profile.timeouts.answer_s)
            self.greeting = self.greeting or greeting.text
            stream.send(sent)
            async with deadline.phase(answer_s, "complete answer"):
                while data := await stream.receive():
                    if reader.feed(data):
                        return self._lab.ticks() - started
        raise NetworkError(Reason.CLOSED, "the server closed the connection before its answer was complete")


def octets_of(hello: Hello) -> bytes:
    """The hello; one of 256 to 511 octets, at which some servers hang, is padded, unless its length is the question."""
    can_be_padded = hello.version > SSL3 and (hello.groups is not None or bool(hello.supported_versions))
    if hello.pad_to or not can_be_padded or len(hello.suites) > HANGS_FROM:
        return build_client_hello(hello)
    if not hello.status_request:  # few extensions: padding is one more, so it is sent only where it is needed
        sent = build_client_hello(hello)
        if not HANGS_FROM <= len(sent) - RECORD_HEADER_BYTES < HANGS_UNTIL:
            return sent
    return build_client_hello(replace(hello, pad_to=HANGS_UNTIL))


def pooled(said: Iterable[Said]) -> tuple[tuple[bytes, ...], tuple[HelloSent, ...]]:
    """The pool, and the conversations in pieces of it: certificates and parts of lists that come more than once."""
    cut = [(it, _cut_hello(it.sent), _cut_flight(it.received, it.chain)) for it in said]
    times = Counter(
        piece for _, sent, received in cut for piece in (*sent, *received) if len(piece) >= MIN_POOLED_BYTES
    )
    places = {piece: place for place, piece in enumerate(piece for piece, count in times.items() if count > 1)}
    hellos = tuple(
        HelloSent(it.purpose, _pieces(sent, places), _pieces(received, places), it.ended, round(it.ms, 3))
        for it, sent, received in cut
    )
    return tuple(places), hellos


def _pieces(pieces: Iterable[bytes], places: dict[bytes, int]) -> Pooled:
    found: list[bytes | int] = []
    for piece in pieces:
        place = places.get(piece)
        if place is not None:
            found.append(place)
        elif found and isinstance(last := found[-1], bytes):
            found[-1] = last + piece
        elif piece:
            found.append(piece)
    return tuple(found)


_SUITES_AT = 5 + 4 + 2 + 32
_NUMBER_BYTES = 2


def _cut_hello(sent: bytes) -> list[bytes]:
    """A hello in pieces: what stands before its suites, the suites cut by content, and the rest but for the random."""
    at = _SUITES_AT + 1 + sent[_SUITES_AT] if len(sent) > _SUITES_AT and not sent[0] & 0x80 else len(sent)
    if at + _NUMBER_BYTES > len(sent):
        return [sent]
    at += _NUMBER_BYTES
    end = at + int.from_bytes(sent[at - _NUMBER_BYTES : at], "big")
    return [sent[:at], *_cut_list(sent[at:end]), sent[end:]]


@lru_cache(maxsize=512)
def _cut_list(octets: bytes) -> tuple[bytes, ...]:
    pieces = []
    start = 0
    for low in range(1, len(octets), _NUMBER_BYTES):
        if not octets[low] & PIECE_MASK and low + 1 - start >= MIN_POOLED_BYTES:
            pieces.append(octets[start : low + 1])
            start = low + 1
    return (*pieces, octets[start:])


def _cut_flight(received: bytes, chain: tuple[bytes, ...]) -> list[bytes]:
    """An answer in pieces: its certificates, where they stand in one piece, and what is between them."""
    pieces = []
    at = 0
    for certificate in chain:
        start = received.find(certificate, at)
        if start < 0:
            continue
        pieces += [received[at:start], certificate]
        at = start + len(certificate)
    pieces.append(received[at:])
    return pieces
