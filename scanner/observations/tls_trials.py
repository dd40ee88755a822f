"""What a service did when known weaknesses of TLS were tried; no octet that a weak server gave away is kept.

Kept is what was done and how the server reacted first. What that shows is derived (`scanner.derive.tls_trials`).
"""

from enum import StrEnum

import msgspec

from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Observation
from scanner.observations.steps import Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout


class Weakness(StrEnum):
    """What is tried; all but the last are named as the last part of their check's id."""

    HEARTBLEED = "heartbleed"
    CCS = "ccs"
    ROBOT = "robot"
    TICKETBLEED = "ticketbleed"
    PADDING = "poodle"
    INJECTION = "starttls"


class Act(StrEnum):
    """What a server did first."""

    ALERT = "alert"
    """It sent an alert; the number is its description (RFC 8446 6), 256 when it was encrypted and could not be read."""
    RECORD = "record"
    """It sent another record; the number is its type."""
    ANSWER = "answer"
    """It answered what it should have ignored, or took what it should have refused; the number is one of the trial's own."""
    REFUSAL = "refusal"
    """It did what a sound server does in another way than by an alert; the number is one of the trial's own."""
    CLOSED = "closed"
    RESET = "reset"
    SILENCE = "silence"
    """Nothing came in the time that was allowed for."""
    GARBAGE = "garbage"
    """What came is no record of TLS."""


class Reaction(msgspec.Struct, frozen=True, omit_defaults=True, tag="reaction"):
    """What a server did first in answer to a trial."""

    act: Act
    number: int = 0


class Tried(msgspec.Struct, frozen=True, omit_defaults=True):
    """One attempt, or one connection of several: the weakness, what was sent (`shape`), and the reaction.

    `flow` tells ways of sending apart, `round` repetitions. `reaction` is why there was none when the attempt itself failed.
    """

    weakness: Weakness
    reaction: Reaction | Unobserved
    shape: str = ""
    flow: str = ""
    round: int = 1


class TlsTrials(Observation, frozen=True, tag="tls_trials"):
    """The trials made at one endpoint, under one server name, after one way of starting TLS.

    `impossible` are weaknesses for which the server lacks what they need, by the sweep (in `parts`) or by the trial's own
    first step. `offers` is whether the service begins TLS within its protocol, None for one that speaks TLS at once.
    """

    endpoint: Endpoint
    sni: str | None
    starttls: str = ""
    offers: bool | Unobserved | None = None
    tried: tuple[Tried, ...] = ()
    impossible: tuple[Weakness, ...] = ()
    connections: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    failure: Unobserved | None = None

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "TlsTrials":
        """The same without secrets that this scan knows, in the words of failures."""
        if not known:
            return self
        return msgspec.structs.replace(
            self,
            offers=self.offers.redacted(known) if isinstance(self.offers, Unobserved) else self.offers,
            failure=None if self.failure is None else self.failure.redacted(known),
            tried=tuple(
                msgspec.structs.replace(it, reaction=it.reaction.redacted(known))
                if isinstance(it.reaction, Unobserved)
                else it
                for it in self.tried
            ),
        )
