"""Findings: an outcome about a subject, with the evidence it rests on.

A pass or a fail without evidence cannot be constructed. The fingerprint names the fault, not the sighting: check as first
released, target and subject, and neither time, number, message nor address.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum

import msgspec

from scanner.estate import Vantage
from scanner.observations.steps import Reason, Replay, weakest


class State(StrEnum):
    """What can be said."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"
    MANUAL = "manual"
    ERROR = "error"


class Severity(IntEnum):
    """How much a finding matters; information never fails a run."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """As written in files and options."""
        return self.name.lower()


class FixedBy(StrEnum):
    """Who can repair it."""

    APPLICATION = "application"
    WEB_SERVER = "web_server"
    PLATFORM = "platform"
    DNS = "dns"
    ZONE = "zone"


Argument = str | int | float | bool | datetime | timedelta


class Message(msgspec.Struct, frozen=True):
    """One sentence in both languages, and the values in it for those who write their own."""

    id: str
    en: str
    arguments: dict[str, object] = {}


class Subject(msgspec.Struct, frozen=True):
    """What a verdict is about. `key` tells subjects of one target apart and never changes with time or address."""

    kind: str
    key: str


class Sighting(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was concluded at one address, when a subject was looked at from several sides."""

    address: str
    state: State
    outcome: str
    reason: Reason | None = None


class AcceptedUntil(msgspec.Struct, frozen=True):
    """That somebody accepted a finding: until the end of which day, who, and why. The finding stays one."""

    until: date
    approved_by: str
    reason: str


_WORDS = frozenset({None, *(it.word for it in Severity)})


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict on one subject. `severity` is set for findings (`fail`) only, and so is `waiver`, where one applies.

    `vantage` is where the run looked from: the same service may answer otherwise from elsewhere.
    """

    check: str
    check_version: int
    target: str
    subject: Subject
    state: State
    outcome: str
    severity: str | None
    message: Message
    expected: str | None
    found: str | None
    reason: Reason | None
    evidence: tuple[str, ...]
    fingerprint: str
    fixed_by: FixedBy
    replay: Replay | None
    sightings: tuple[Sighting, ...] = ()
    vantage: Vantage = Vantage.UNSTATED
    waiver: AcceptedUntil | None = None

    def __post_init__(self) -> None:
        if self.state in (State.PASS, State.FAIL) and not self.evidence:
            raise ValueError(f"{self.check}: a {self.state} without evidence")
        if (self.severity is not None) != (self.state is State.FAIL):
            raise ValueError(f"{self.check}: severity belongs to findings, and to every finding")
        if self.severity not in _WORDS:
            raise ValueError(f"{self.check}: {self.severity!r} is no severity")
        if self.waiver is not None and self.state is not State.FAIL:
            raise ValueError(f"{self.check}: only a finding can be accepted, and this is {self.state}")

    @property
    def rank(self) -> int:
        """Severity as a number, -1 for what is no finding."""
        return -1 if self.severity is None else Severity[self.severity.upper()]

    @property
    def is_open(self) -> bool:
        """Whether it is a finding that nobody accepted: only those count against a run."""
        return self.state is State.FAIL and self.waiver is None


def fingerprint(first_id: str, target: str, subject: Subject) -> str:
    """What findings of different runs are matched by: 32 hex digits of a SHA-256."""
    text = "\x00".join((first_id, target, subject.kind, subject.key))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


_GRAVITY = (State.NOT_APPLICABLE, State.PASS, State.MANUAL, State.UNKNOWN, State.ERROR, State.FAIL)


def merge(sightings: Iterable[tuple[str, Finding]]) -> tuple[Finding, ...]:
    """One finding a fingerprint, from findings with the address each was seen at (empty for none).

    The gravest wins: a fail at one address is a fail of the service, and one that could not be observed keeps the others
    from being called a pass. What was concluded at each address stays listed, and all evidence is cited.
    """
    groups: dict[str, list[tuple[str, Finding]]] = {}
    for address, finding in sightings:
        groups.setdefault(finding.fingerprint, []).append((address, finding))
    merged: list[Finding] = []
    for group in groups.values():
        worst = max((finding for _, finding in group), key=lambda f: (_GRAVITY.index(f.state), f.rank))
        seen = tuple(
            Sighting(address, finding.state, finding.outcome, finding.reason) for address, finding in group if address
        )
        merged.append(
            msgspec.structs.replace(
                worst,
                evidence=tuple(sorted({digest for _, finding in group for digest in finding.evidence})),
                replay=weakest(frozenset(finding.replay for _, finding in group if finding.replay is not None)),
                sightings=seen,
            )
        )
    return tuple(merged)
