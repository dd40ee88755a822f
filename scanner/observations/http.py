"""One HTTP exchange on a connection of its own: connect, TLS, head, body, each value or reason."""

from typing import Self, TypeVar, cast

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout, Span, redact_head, redact_text


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


class Sought(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the owner expects of a body, and whether it was there: a text, or a value at a JSON Pointer (RFC 6901).

    `found` is None when what was read does not tell, for the `reason`; beside False the reason says why nothing could
    be there (a body that is no JSON has no value at any pointer). What stood there instead is not kept.
    """

    text: str = ""
    pointer: str | None = None
    equals: str | int | float | bool | None = None
    found: bool | None = None
    reason: Reason | None = None
    detail: str = ""


class Body(msgspec.Struct, frozen=True, tag="body"):
    """What is kept of a body: lengths, a digest and whether it held what was `sought`, never the content.

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
    sought: tuple[Sought, ...] = ()


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


class Described(msgspec.Struct, frozen=True, tag="described", omit_defaults=True):
    """What a body was, when a description of an interface was asked for; of the body itself nothing is kept.

    `form` is json or yaml, empty for neither; `version` that of OpenAPI or Swagger, empty for what describes no interface.
    `whole` is a digest of all that it says, in whichever form; `surface` of its own version and its paths.
    """

    form: str = ""
    version: str = ""
    whole: str = ""
    surface: str = ""
    operations: int = 0


class Exchange(Observation, frozen=True, tag="exchange"):
    """A request and what came back. `url` is what was asked for, `attempt` counts tries of the same question from 1.

    When an early step failed, `answer` has its reason too: it is why there is no answer. `credential` is the id of the
    target whose credential belongs to the request, empty without one; it is sent only where `answer` is an Answer or
    failed after the certificate had been accepted. `document` is what a successful body described, where that was asked.
    """

    endpoint: Endpoint
    method: str
    url: str
    attempt: int
    connect: Connected | Unobserved
    tls: Handshake | BrokenHandshake | NotApplicable | Unobserved
    answer: Answer | Unobserved
    credential: str = ""
    document: Described | Unobserved | None = None

    @property
    def replay(self) -> Replay:
        """From the raw head, when there is one; that a connection failed is our word."""
        return Replay.DERIVED if isinstance(self.answer, Answer) else Replay.ATTESTED

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> Self:
        """Cookie values, tokens and personal numbers in the head and the URL become runs of X, x and 0.

        So does what is `known`, but not in the URL: that is what we asked for, and no redirect with a secret is followed.
        """
        url, _ = redact_text(self.url)
        answer, tls = self.answer, self.tls
        if isinstance(answer, Answer):
            clean = redact_head(answer.head, known)
            answer = msgspec.structs.replace(
                answer, head=clean.raw, spans=clean.spans, body=_without_secrets(answer.body, known)
            )
        if isinstance(tls, BrokenHandshake):
            tls = msgspec.structs.replace(tls, failure=tls.failure.redacted(known))
        return msgspec.structs.replace(
            self,
            url=url,
            connect=_reason_without(self.connect, known),
            tls=_reason_without(tls, known),
            answer=_reason_without(answer, known),
            document=_reason_without(self.document, known),
        )


_Step = TypeVar("_Step")


def _reason_without(step: _Step, known: Blackout) -> _Step:
    return cast("_Step", step.redacted(known)) if isinstance(step, Unobserved) else step


def _without_secrets(body: Body | Unobserved, known: Blackout) -> Body | Unobserved:
    if isinstance(body, Unobserved):
        return body.redacted(known)
    return msgspec.structs.replace(body, detail=known.masked(body.detail)) if body.detail else body


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

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> Self:
        """The same chain with secrets blacked out of its URLs; those that were asked for hold none that is `known`."""
        return msgspec.structs.replace(
            self,
            urls=tuple(redact_text(url)[0] for url in self.urls),
            next_url=None if self.next_url is None else redact_text(self.next_url, known)[0],
            ended=None if self.ended is None else self.ended.redacted(known),
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
