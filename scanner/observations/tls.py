"""What was sent and what came back where a server's TLS was asked first questions: an unordered set of hellos and flights.

No judgement stands here and no strategy either: facts are a fold over the set (`scanner.derive.tls_fold`), whatever made
somebody ask. Octets that come again and again (a chain, a long list of suites) are kept once, in the pool.
"""

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout, redact_text

Pooled = tuple[bytes | int, ...]
"""Octets in pieces; a number stands for the piece at that place of the observation's pool."""

MAX_OCTETS = 1 << 20
"""What one way of one conversation has at most; what is read of a first flight ends far below."""


class HelloSent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One connection: what was said on it and what the server answered before anything is encrypted.

    `purpose` is for people; the fold reads the question from the octets. `sent` is the hello with its record header(s),
    `received` everything that came back, `ended` why reading ended before the flight was complete: None when it was complete
    or ended with an alert of the server. `ms` from the connection to the end of the flight.
    """

    purpose: str
    sent: Pooled
    received: Pooled = ()
    ended: Unobserved | None = None
    ms: float = 0.0


class TlsHellos(Observation, frozen=True, tag="tls_hellos"):
    """All that one sweep said and heard at one endpoint, under one server name, after one way of starting TLS.

    `failure` is why nothing, or nothing more, could be asked. `greeting` is what a service said in clear before STARTTLS.
    """

    endpoint: Endpoint
    sni: str | None
    starttls: str = ""
    pool: tuple[bytes, ...] = ()
    hellos: tuple[HelloSent, ...] = ()
    greeting: str = ""
    failure: Unobserved | None = None

    @property
    def replay(self) -> Replay:
        """The octets are kept, both ways."""
        return Replay.DERIVED

    def octets(self, pieces: Pooled) -> bytes:
        """The octets that pieces stand for. Raises IndexError for a piece that is not in the pool, ValueError when they
        are more than one conversation can have: in a forged journal a number of a few digits may stand for a megabyte.
        """
        found: list[bytes] = []
        left = MAX_OCTETS
        for it in pieces:
            if isinstance(it, int) and it < 0:
                raise IndexError(f"no piece has the number {it}")
            piece = self.pool[it] if isinstance(it, int) else it
            found.append(piece)
            left -= len(piece)
            if left < 0:
                raise ValueError(f"more than {MAX_OCTETS} octets in one conversation")
        return b"".join(found)

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "TlsHellos":
        """The same without secrets in a failure's words or the greeting."""
        greeting = redact_text(known.masked(self.greeting))[0] if self.greeting else ""
        failure = None if self.failure is None else self.failure.redacted(known)
        return msgspec.structs.replace(self, greeting=greeting, failure=failure)
