"""Whole handshakes of a service, recorded with the secrets of their sessions, so that what was encrypted can be read again.

A secret that is kept opens what the server said before its Finished, on a connection of ours that carried nothing after it.
Tickets are not kept, only what names their key.
"""

from enum import StrEnum

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout

NO_RENEGOTIATION = 100
"""The alert that declines another handshake (RFC 5246 7.2.2)."""
REFUSING = frozenset({10, 40})
"""unexpected_message and handshake_failure."""


class Asked(StrEnum):
    """What a handshake was for."""

    FULL = "full"
    """Everything that a first visit shows."""
    NO_TICKET = "no_ticket"
    """A session that only its id can name (TLS 1.2 and older)."""
    BY_PSK = "by_psk"
    BY_SESSION_ID = "by_session_id"
    BY_TICKET = "by_ticket"
    OTHER_LEAF = "other_leaf"
    """Without the signature schemes of the leafs that were seen."""
    OTHER_PROTOCOL = "other_protocol"
    """Without the application protocols that were chosen."""


class TicketSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """A session ticket: its announced life, its length, its first 16 octets, and the early data it allows (TLS 1.3)."""

    lifetime_s: int
    octets: int
    key_name: bytes = b""
    max_early_data: int = 0


class HandshakeSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One handshake and how far it came.

    `flight` are the server's records: with `secret`, its handshake traffic secret of TLS 1.3, up to its Finished; without,
    what of them is in clear, tickets taken out. `messages` are the types of the messages in clear of an older version up
    to the server's ChangeCipherSpec, when `changed` says that this came. `alpn` and `schemes` are what we offered.
    `finished`: both sides are done. `key_shown`: a server of TLS 1.3 signed with the key of the leaf it sent. `ended` is why
    it broke off, `closed` whether the server ended the connection after it.
    """

    asked: Asked
    alpn: tuple[str, ...] = ()
    schemes: tuple[int, ...] = ()
    early_data: bool = False
    flight: bytes = b""
    secret: bytes = b""
    messages: tuple[int, ...] = ()
    changed: bool = False
    tickets: tuple[TicketSeen, ...] = ()
    finished: bool = False
    key_shown: bool = False
    closed: bool = False
    alert: int | None = None
    ended: Unobserved | None = None


class Renegotiated(msgspec.Struct, frozen=True, omit_defaults=True, tag="renegotiated"):
    """Handshakes begun anew by us on one connection: how many the server took of how many tried, and what ended it.

    `ended` None: all were taken. `alert` is the one that refused the last. `taken_again`: how many a second connection took,
    where the first ended without a plain refusal and the second did too.
    """

    taken: int
    tried: int
    ended: Unobserved | None = None
    alert: int | None = None
    taken_again: int | None = None

    @property
    def is_refused(self) -> bool:
        """Whether an alert refused the last: no_renegotiation, or at the first one another that means no more than that."""
        return self.alert == NO_RENEGOTIATION or (self.taken == 0 and self.alert in REFUSING)


class TlsSessions(Observation, frozen=True, tag="tls_sessions"):
    """What whole handshakes showed at one endpoint, under one server name, after one way of starting TLS.

    `failure` is why nothing, or nothing more, was asked.
    """

    endpoint: Endpoint
    sni: str | None
    starttls: str = ""
    handshakes: tuple[HandshakeSeen, ...] = ()
    renegotiated: Renegotiated | Unobserved | None = None
    sent_bytes: int = 0
    received_bytes: int = 0
    connections: int = 0
    failure: Unobserved | None = None

    @property
    def replay(self) -> Replay:
        """Flights open again with the secrets kept; our word stands for tickets and renegotiations."""
        return Replay.DECRYPTED if self.handshakes else Replay.ATTESTED

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "TlsSessions":
        """The same without secrets of this scan in the words of failures."""
        again = self.renegotiated
        if isinstance(again, Unobserved):
            again = again.redacted(known)
        elif again is not None and again.ended is not None:
            again = msgspec.structs.replace(again, ended=again.ended.redacted(known))
        return msgspec.structs.replace(
            self,
            handshakes=tuple(
                it if it.ended is None else msgspec.structs.replace(it, ended=it.ended.redacted(known))
                for it in self.handshakes
            ),
            renegotiated=again,
            failure=None if self.failure is None else self.failure.redacted(known),
        )
