"""A handshake with an encrypted hello, as the service's HTTPS record offers it, with the secret that opens its flight."""

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout


class EchTried(Observation, frozen=True, tag="tls_ech"):
    """What came of it. `parts` is the look-up of the records.

    `record` is the text of the record that was used, empty where none offers ECH. `inner` is the hello that was sealed, a
    handshake message without a secret; with it the server's confirmation can be checked again. `flight` are the server's
    records up to its Finished, opened with `secret`. `ended` is why the handshake broke off, or why it was not made.
    """

    endpoint: Endpoint
    sni: str
    record: str = ""
    inner: bytes = b""
    flight: bytes = b""
    secret: bytes = b""
    finished: bool = False
    alert: int | None = None
    ended: Unobserved | None = None

    @property
    def replay(self) -> Replay:
        """The flight opens again; without one, the records tell everything."""
        return Replay.DECRYPTED if self.flight else Replay.DERIVED

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "EchTried":
        """The same without secrets of this scan in the words of a failure."""
        return self if self.ended is None else msgspec.structs.replace(self, ended=self.ended.redacted(known))
