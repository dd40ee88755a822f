"""What one run leaves to history."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec

from scanner.estate import AddressPolicy, Vantage
from scanner.findings import AcceptedUntil, Severity, State
from scanner.journal import AlteredError, Journal
from scanner.locale.speech import say
from scanner.run import Moment, Run

TYPED: Final = "command line"
"""The source of an estate whose URLs were typed by hand."""


class Seen(msgspec.Struct, frozen=True):
    """What was concluded at one address."""

    address: str
    state: State


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """As much of a finding as history needs. `severity` is set for findings (`fail`) only.

    `gone`: the run did not meet what the finding was about (a cookie, a path), although its check concluded about all that it
    met at the target; `evidence` is that of one of those verdicts. `elsewhere`: the run looked at other addresses of the name
    than those where the fault had been seen, and these are still the name's.
    """

    fingerprint: str
    check: str
    check_version: int
    target: str
    state: State
    severity: str | None = None
    evidence: tuple[str, ...] = ()
    waiver: AcceptedUntil | None = None
    gone: bool = False
    sightings: tuple[Seen, ...] = ()
    elsewhere: bool = False

    @property
    def failed_at(self) -> frozenset[str]:
        """The addresses where the fault was seen."""
        return frozenset(it.address for it in self.sightings if it.state is State.FAIL)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target as history needs it: its unit, and in what it is measured otherwise than the others."""

    unit: str = ""
    addresses: AddressPolicy = AddressPolicy.FIRST
    own: dict[str, str] = {}
    """By check id, a digest of the thresholds of its own."""


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """A run, its findings (accepted ones too, without their evidence), and by what measure it looked.

    `thresholds` has a digest of each check's, by check id; what each target was measured against is `measure()`.
    """

    run: str
    started: datetime
    ended: datetime | None
    complete: bool
    agency: str
    source: str
    vantage: Vantage
    vantage_name: str
    profile: str
    places: dict[str, Place]
    thresholds: dict[str, str]
    versions: dict[str, int]
    findings: tuple[Verdict, ...]

    def measure(self, check: str, target: str) -> str:
        """What a target was measured against by a check: equal texts are equal thresholds and addresses."""
        place = self.places.get(target, _NOWHERE)
        return f"{self.thresholds.get(check, '')} {place.own.get(check, '')} {place.addresses}"

    def is_like(self, other: "Night") -> bool:
        """Whether two runs looked at the same services from the same place in the same way, so that they make a series.

        Targets come and go; half of the shorter list must be there in both. Typed URLs are the same only when all are.
        """
        ways = [(it.agency, it.source, it.vantage, it.vantage_name, it.profile) for it in (self, other)]
        if ways[0] != ways[1]:
            return False
        if self.source == TYPED:
            return self.places.keys() == other.places.keys()
        return 2 * len(self.places.keys() & other.places.keys()) >= min(len(self.places), len(other.places))


_NOWHERE: Final = Place()


def night_of(run: Run) -> Night:
    """What a run in hand leaves. Raises JournalError."""
    return read_night(run.journal)


_YEARS: Final = range(1970, 9000)
"""Years in which every time zone has every day."""
_SEVERITIES: Final = frozenset({None, *(it.word for it in Severity)})


# As much of a manifest and an ending as is needed: a year of them is read at once.


class _Target(msgspec.Struct, frozen=True):
    id: str
    unit: str = ""
    addresses: AddressPolicy = AddressPolicy.FIRST
    params: dict[str, dict[str, object]] = {}


class _Vantage(msgspec.Struct, frozen=True):
    kind: Vantage = Vantage.UNSTATED
    name: str = ""


class _Estate(msgspec.Struct, frozen=True):
    targets: tuple[_Target, ...]
    agency: str = ""
    source: str = ""
    vantage: _Vantage = _Vantage()


class _Profile(msgspec.Struct, frozen=True):
    name: str


class _Check(msgspec.Struct, frozen=True):
    id: str
    version: int
    params: dict[str, object]


class _Manifest(msgspec.Struct, frozen=True):
    run: str
    started: Moment
    estate: _Estate
    profile: _Profile
    checks: tuple[_Check, ...]


class _Ending(msgspec.Struct, frozen=True):
    ended: Moment
    interrupted: str = ""


_manifests = msgspec.json.Decoder(_Manifest)
_endings = msgspec.json.Decoder(_Ending)


def read_night(journal: Journal) -> Night:
    """What the run of a journal leaves. Raises JournalError, AlteredError for one that cannot be read."""
    altered = AlteredError(say("{path}: a record in it was altered and cannot be read", path=journal.path))
    stored, end = journal.manifest, journal.end
    try:
        asked = _manifests.decode(stored)
        ending = None if end is None else _endings.decode(end)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise altered from error
    findings = tuple(_without_evidence(journal.failures(Verdict)))
    moments = (asked.started,) if ending is None else (asked.started, ending.ended)
    # Runs are put in order and counted by these: one that nobody could have written must not be met by all the others.
    if any(it.year not in _YEARS for it in moments) or any(it.severity not in _SEVERITIES for it in findings):
        raise altered
    estate = asked.estate
    return Night(
        run=asked.run,
        started=asked.started,
        ended=None if ending is None else ending.ended,
        complete=ending is not None and len(journal.committed()) == len(estate.targets) and not journal.unjudged(),
        agency=estate.agency,
        source=estate.source,
        vantage=estate.vantage.kind,
        vantage_name=estate.vantage.name,
        profile=asked.profile.name,
        places={
            it.id: Place(it.unit, it.addresses, {check: _digest(params) for check, params in it.params.items()})
            for it in estate.targets
        },
        thresholds={it.id: _digest(it.params) for it in asked.checks},
        versions={it.id: it.version for it in asked.checks},
        findings=findings,
    )


def _without_evidence(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    for it in verdicts:
        yield msgspec.structs.replace(it, evidence=())


def _digest(params: dict[str, object]) -> str:
    if not params:
        return ""
    return hashlib.sha256(msgspec.json.encode(params, order="sorted")).hexdigest()[:16]
