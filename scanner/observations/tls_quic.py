"""One handshake of HTTP/3 over UDP, where a service offers it."""

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout


class QuicHandshake(msgspec.Struct, frozen=True, tag="quic_handshake"):
    """A finished handshake (RFC 9001); `quic` is the version of QUIC. Code points are those of TLS 1.3.

    `chain` is what the server sent, in its order, leaf first, DER; that it holds the leaf's key was verified.
    """

    quic: int
    suite: int
    group: int | None
    scheme: int | None
    alpn: str | None
    chain: tuple[bytes, ...]
    ms: float


class QuicTried(Observation, frozen=True, tag="tls_quic"):
    """What came of it. `parts` are the answer of the service and the look-up of its HTTPS records, as far as there were any.

    `offered_by` is `Alt-Svc` or `HTTPS record`, and `port` the UDP port that it names at the service's own address; empty
    and 0 where none does. `elsewhere` is a place that was offered and is not asked, as host and port. `unread` says why an
    offer may have been missed. `handshake` is None where none was to be made.
    """

    endpoint: Endpoint
    offered_by: str = ""
    port: int = 0
    elsewhere: str = ""
    unread: Unobserved | None = None
    handshake: QuicHandshake | Unobserved | None = None

    @property
    def replay(self) -> Replay:
        """A library spoke QUIC: our word stands for what it reported."""
        return Replay.ATTESTED

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "QuicTried":
        """The same without secrets of this scan in what the server named and in the words of a failure."""
        return msgspec.structs.replace(
            self,
            elsewhere=known.masked(self.elsewhere) if self.elsewhere else "",
            unread=None if self.unread is None else self.unread.redacted(known),
            handshake=self.handshake.redacted(known) if isinstance(self.handshake, Unobserved) else self.handshake,
        )
