"""The step: a value that was seen, or the reason why it was not.

Every network fact is a chain of steps (resolve, connect, tls, answer, body). Each is kept on its own, so that a
certificate survives a garbage answer and a status line survives a cut-off body.
"""

from enum import StrEnum

import msgspec

from scanner.redaction import Blackout, redact_text

MAX_DETAIL_CHARS = 300


class Reason(StrEnum):
    """Why something could not be observed: the closed list that `unknown` draws on."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    RESET = "reset"
    CLOSED = "closed"
    UNREACHABLE = "unreachable"
    NOT_TLS = "not_tls"
    TLS_ALERT = "tls_alert"
    TLS_FAILED = "tls_failed"
    PROTOCOL_ERROR = "protocol_error"
    TOO_LARGE = "too_large"
    NO_ADDRESS = "no_address"
    DNS_SERVFAIL = "dns_servfail"
    DNS_REFUSED = "dns_refused"
    DNS_TIMEOUT = "dns_timeout"
    DNS_UNREACHABLE = "dns_unreachable"
    DNS_LOOP = "dns_loop"
    DNS_MALFORMED = "dns_malformed"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_LIMIT = "redirect_limit"
    BAD_URL = "bad_url"
    OUT_OF_SCOPE = "out_of_scope"
    BUDGET = "budget"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    """What was answered at first was not answered any more: what was refused meanwhile may not be relied on."""
    OUR_SIDE = "our_side"
    """The network on our side of the line is likely at fault."""
    DISABLED = "disabled"
    """Switched off by the configuration, which says why."""
    INCONCLUSIVE = "inconclusive"
    PREREQUISITE = "prerequisite"
    INTERRUPTED = "interrupted"
    NOT_ASKED = "not_asked"
    NOT_RECORDED = "not_recorded"
    ALTERED = "altered"
    INTERNAL = "internal"
    """Our own fault: becomes `error`, never `unknown`."""


class Unobserved(msgspec.Struct, frozen=True, tag="unobserved"):
    """A step that gave no value, why, and in words where it stopped; a secret in the words is blacked out."""

    reason: Reason
    detail: str = ""

    def __post_init__(self) -> None:
        detail = redact_text(self.detail)[0] if self.detail else ""  # before it is cut: half a secret is not recognised
        if len(detail) > MAX_DETAIL_CHARS:
            detail = detail[: MAX_DETAIL_CHARS - 1] + "…"
        if detail != self.detail:
            msgspec.structs.force_setattr(self, "detail", detail)

    def redacted(self, known: Blackout) -> "Unobserved":
        """The same without secrets that this scan knows."""
        return Unobserved(self.reason, known.masked(self.detail)) if self.detail and known else self


class NotApplicable(msgspec.Struct, frozen=True, tag="not_applicable"):
    """A question that does not arise for this target, and why not, in both languages."""

    en: str
    id: str


class Replay(StrEnum):
    """How far an observation can be derived again from what is stored."""

    DERIVED = "derived"
    """From raw bytes that were kept."""
    DECRYPTED = "decrypted"
    """From a recorded TLS session whose secrets were kept."""
    ATTESTED = "attested"
    """Measured by us (times, what a library reported): our word stands for it."""


REPLAY_STRENGTH = {Replay.DERIVED: 2, Replay.DECRYPTED: 1, Replay.ATTESTED: 0}


def weakest(levels: frozenset[Replay]) -> Replay | None:
    """A chain of evidence is as strong as its weakest link; no evidence has no level."""
    return min(levels, key=REPLAY_STRENGTH.__getitem__) if levels else None
