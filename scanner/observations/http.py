"""One HTTP exchange on a connection of its own: connect, TLS, head, body, each value or reason."""

from typing import Self

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.redaction import Span, redact_head, redact_text


class Connected(msgspec.Struct, frozen=True, tag="connected"):
    """The TCP connection stood after `ms` milliseconds."""

    ms: float


class Handshake(msgspec.Struct, frozen=True, tag="handshake"):
    """One finished TLS handshake, as the library reports it.

    `chain` is what the server sent, in its order, leaf first, DER; `staple` the OCSP response it stapled (DER);
    `sni` the name we asked for, None for an IP literal (RFC 6066 section 3 forbids it).
    """

    version: str
    cipher: str
    group: str | None
    alpn: str | None
    chain: tuple[bytes, ...]
    staple: bytes | None
    sni: str | None
    ms: float


class BrokenHandshake(msgspec.Struct, frozen=True, tag="broken_handshake"):
    """A TLS handshake that failed after the server had sent its chain (it wanted a client certificate, say).

    That the server holds the leaf's key was not shown; what it sent, and what is wrong with that, is known all the same.
    """

    chain: tuple[bytes, ...]
    failure: Unobserved


class Body(msgspec.Struct, frozen=True, tag="body"):
    """What is kept of a body: lengths and a digest, never the content.

    `wire_bytes` counts payload octets before content decoding, `length` and `sha256` are of the decoded octets read.
    `ended` says why reading stopped before the end of the body, None when it was read whole.
    """

    wire_bytes: int
    length: int
    sha256: str
    coding: str | None
    ms: float
    ended: Reason | None = None
    detail: str = ""


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """The head of the final response, raw and redacted, and what became of the body.

    `head` runs from the status line to the empty line; `spans` mark what was blacked out. `first_byte_ms` runs from the
    end of our request to the first octet back. `informational` counts 1xx responses before it.
    """

    status: int
    head: bytes
    first_byte_ms: float
    body: Body | Unobserved
    informational: int = 0
    spans: tuple[Span, ...] = ()


class Exchange(Observation, frozen=True, tag="exchange"):
    """A request and what came back. `url` is what was asked for, `attempt` counts tries of the same question from 1.

    When an early step failed, `answer` has its reason too: it is why there is no answer.
    """

    endpoint: Endpoint
    method: str
    url: str
    attempt: int
    connect: Connected | Unobserved
    tls: Handshake | BrokenHandshake | NotApplicable | Unobserved
    answer: Answer | Unobserved

    @property
    def replay(self) -> Replay:
        """From the raw head, when there is one; that a connection failed is our word."""
        return Replay.DERIVED if isinstance(self.answer, Answer) else Replay.ATTESTED

    def redacted(self) -> Self:
        """Cookie values, tokens and personal numbers in the head and the URL become runs of X, x and 0."""
        url, _ = redact_text(self.url)
        answer = self.answer
        if isinstance(answer, Answer):
            clean = redact_head(answer.head)
            answer = msgspec.structs.replace(answer, head=clean.raw, spans=clean.spans)
        return msgspec.structs.replace(self, url=url, answer=answer)


class RedirectChain(Observation, frozen=True, tag="redirect_chain"):
    """The exchanges of one walk along Location headers; `parts` are the hops in order.

    `next_url` is where the last hop pointed when it was not followed; `ended` says why it was not.
    """

    urls: tuple[str, ...]
    next_url: str | None = None
    ended: Unobserved | None = None

    @property
    def replay(self) -> Replay:
        """It puts its parts in order; each part has a level of its own."""
        return Replay.DERIVED

    def redacted(self) -> Self:
        """The same chain with secrets blacked out of its URLs."""
        return msgspec.structs.replace(
            self,
            urls=tuple(redact_text(url)[0] for url in self.urls),
            next_url=None if self.next_url is None else redact_text(self.next_url)[0],
        )


class Tries(Observation, frozen=True, tag="tries"):
    """One question asked once, or twice with a pause between when the first try got no answer; `parts` are the tries."""

    @property
    def replay(self) -> Replay:
        """It puts its parts in order; each part has a level of its own."""
        return Replay.DERIVED


class Choice(Observation, frozen=True, tag="choice"):
    """Which of several addresses a client ends up at: the first that takes a connection; `parts` are the exchanges tried.

    When none does, the first whose failure is the service's and not the want of a route from here.
    """

    address: str

    @property
    def replay(self) -> Replay:
        """Who took a connection is our word."""
        return Replay.ATTESTED
