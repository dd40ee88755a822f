"""What places that a certificate names answered: OCSP responders and revocation lists."""

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout


class IssuerAnswer(Observation, frozen=True, tag="issuer_answer"):
    """One answer over plain HTTP: the body as it came, or why there is none. `asked` is the OCSP request, empty for a list.

    `endpoint` is where the question went, None when it went nowhere.
    """

    url: str
    asked: bytes
    body: bytes | Unobserved
    endpoint: Endpoint | None = None

    @property
    def about_one(self) -> bool:
        """Whether one certificate was asked about, and not a whole list for."""
        return bool(self.asked)

    @property
    def replay(self) -> Replay:
        """The body is kept; that there was none is our word."""
        return Replay.ATTESTED if isinstance(self.body, Unobserved) else Replay.DERIVED

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "IssuerAnswer":
        """The same without secrets in the words of a failure; what an issuer publishes has none."""
        if not isinstance(self.body, Unobserved):
            return self
        return msgspec.structs.replace(self, body=self.body.redacted(known))


class IssuerAsked(Observation, frozen=True, tag="issuer_asked"):
    """All that was asked about the certificate of one handshake; `parts` are the answers, none when it names no place."""

    @property
    def replay(self) -> Replay:
        """It puts its parts in order; each part has a level of its own."""
        return Replay.DERIVED
