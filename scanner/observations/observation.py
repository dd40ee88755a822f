"""The base of all observations, and how one is written down.

An observation is stored as the JSON text of its Struct; its digest is the SHA-256 of exactly these bytes. JSON Lines
files carry the same bytes, so a digest can be checked with any JSON tool and `sha256sum`.
"""

import hashlib
from datetime import datetime
from typing import Self

import msgspec

from scanner.json_text import inert
from scanner.observations.steps import Replay, Unobserved
from scanner.redaction import NOTHING_KNOWN, Blackout


class Observation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True):
    """One network fact, seen once.

    `started` is aware UTC; `took_ms` runs from the moment the probe held its slot (waiting in a queue is not the
    target's slowness). `parts` are the digests of observations that a composite was put together from.
    """

    started: datetime
    took_ms: float
    parts: tuple[str, ...] = ()

    @property
    def replay(self) -> Replay:
        """How far it can be derived again; our word stands for what says nothing else."""
        return Replay.ATTESTED

    @property
    def answered(self) -> bool | Unobserved:
        """Whether the service itself was heard by a plug-in's probe, or why not; false for what does not tell."""
        return False

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> Self:  # noqa: ARG002 - for those that can hold secrets
        """The form that may be stored: without personal data and secrets, those that this scan knows too, same lengths."""
        return self


class Crashed(Observation, frozen=True, tag="crashed"):
    """A probe of ours raised: our fault, kept so that the run can say so."""

    failure: Unobserved

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> Self:
        """The same without secrets in the words of the failure."""
        return msgspec.structs.replace(self, failure=self.failure.redacted(known))


class Withheld(Observation, frozen=True, tag="withheld"):
    """What was not asked, or may not be relied on, because of how the target or our own network behaved meanwhile.

    `parts` are the observations made all the same, which stay as evidence of that.
    """

    failure: Unobserved

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> Self:
        """The same without secrets in the words of the failure."""
        return msgspec.structs.replace(self, failure=self.failure.redacted(known))


_encoder = msgspec.json.Encoder()


def encode(observation: Observation) -> bytes:
    """The bytes that are stored and whose digest is cited."""
    return inert(_encoder.encode(observation))


def digest(stored: bytes) -> str:
    """`sha256:` and 64 hex digits of the stored bytes."""
    return "sha256:" + hashlib.sha256(stored).hexdigest()
