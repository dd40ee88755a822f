"""What is said of clauses: states, figures with their whole, and what each entry contributed. Values only."""

import fnmatch
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from scanner.assessment import PopulationFigures
from scanner.estate import Category, Vantage
from scanner.frameworks.framework import ArticleNumber, Certainty, Strength


class ClauseState(StrEnum):
    """What can be said of a clause; `material`: something speaks to it, and nothing that could decide it."""

    TO_EXPLAIN = "to_explain"
    MIXED = "mixed"
    SUPPORTS = "supports"
    MATERIAL = "material"
    NOT_OBSERVED = "not_observed"
    MANUAL = "manual"


class Said(StrEnum):
    """What one verdict comes to for one entry of a clause."""

    FINDING = "finding"
    ERROR = "error"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    MANUAL = "manual"
    NOTHING = "nothing"
    """The verdict is of a variant that the entry does not take."""
    INFORMATION = "information"
    LOOSENED = "loosened"
    """A pass against a policy that is looser than a guard."""
    UNPROVEN = "unproven"
    """A pass, and the run does not tell against which value, or where that value comes from."""
    SILENT = "silent"
    PASS = "pass"  # noqa: S105 - not a password
    NOT_APPLICABLE = "not_applicable"


GRAVITY: Final = tuple(Said)
"""From what outweighs everything to what outweighs nothing, where one subject was seen from several sides."""


class Reach(StrEnum):
    """Whether an entry could say anything in this run."""

    ASKED = "asked"
    NOT_ASKED = "not_asked"
    """The run's profile or options left the check out."""
    NOT_YET = "not_yet"
    """This version does not observe it."""


class FactState(StrEnum):
    """What can be said of a fact of the run."""

    PASS = "pass"  # noqa: S105 - not a password
    FINDING = "finding"
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"


class LooseValue(msgspec.Struct, frozen=True):
    """A policy value looser than a guard; `targets` is how many have it."""

    guard: str
    check: str
    value: str
    wanted: str
    targets: int


class ChangedValue(msgspec.Struct, frozen=True):
    """A threshold that the agency set otherwise than the check's own default."""

    check: str
    parameter: str
    value: str
    default: str


class PolicyFigures(msgspec.Struct, frozen=True):
    """Against which values was measured. `unproven` are guards whose value, or its origin, the run does not tell."""

    name: str
    version: str
    changed: tuple[ChangedValue, ...]
    loosened: tuple[LooseValue, ...]
    unproven: tuple[str, ...]
    kept: tuple[str, ...]


class Why(StrEnum):
    """What keeps a fact of the run from being a pass."""

    NO_LIST = "no_list"
    NO_TARGET = "no_target"
    BELOW_TARGET = "below_target"
    LOOSENED = "loosened"
    NO_VALUE = "no_value"
    NOT_YET = "not_yet"


class Fact(msgspec.Struct, frozen=True):
    """A fact of the run, and what keeps it from being a pass."""

    id: str
    state: FactState
    why: Why | None = None

    @property
    def is_material(self) -> bool:
        """Whether there is something to show, pass or not."""
        return self.state in (FactState.PASS, FactState.FINDING) or self.why in (Why.NO_TARGET, Why.BELOW_TARGET)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """Services by state, never without their whole.

    `whole` is the number that the official list has, None without such a list: then no share is formed. Its parts are
    `states` and `not_scanned`. Services in scope that the list does not have, or not by themselves, are `not_registered` and
    in no state.
    """

    list: str
    whole: int | None
    states: dict[str, int]
    not_scanned: int
    not_registered: int
    with_findings: int
    loosened: int
    document: str
    document_date: date | None
    seen: datetime
    vantage: Vantage

    @property
    def supports(self) -> int:
        """Services that support the clause, as far as seen."""
        return self.states[ClauseState.SUPPORTS]

    @property
    def unknown(self) -> int:
        """Services of which nothing can be said."""
        return self.states[ClauseState.NOT_OBSERVED] + self.not_scanned

    @property
    def counted(self) -> int:
        """The whole, or all that were in scope where no list gives one."""
        return sum(self.states.values()) + self.not_scanned


class UnitCoverage(msgspec.Struct, frozen=True):
    """Units of the official list by how many of their registered services were observed."""

    units: int
    all: int
    some: int
    none: int
    declared_none: int
    without_registered: int


class Group(msgspec.Struct, frozen=True):
    """A unit or a category: its state and its services by state."""

    name: str
    state: ClauseState
    states: dict[str, int]
    not_scanned: int
    with_findings: int


class ServiceState(msgspec.Struct, frozen=True):
    """A service in the scope of a clause. `registered`: the official list has it."""

    name: str
    unit: str
    category: Category | None
    registered: bool
    state: ClauseState
    findings: int
    targets: tuple[str, ...]


class EntryFigures(msgspec.Struct, frozen=True):
    """What one entry said: verdicts by what they come to, and the reasons of those that could not be concluded."""

    check: str
    strength: Strength
    variants: tuple[str, ...]
    reach: Reach
    said: dict[str, int]
    reasons: dict[str, int]


class ViaFigures(msgspec.Struct, frozen=True):
    """What came through other clauses: their states, and their findings, each counted once."""

    clauses: dict[str, ClauseState]
    strength: Strength
    findings: int


class ClauseAssessment(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says about one clause. `unmet` names the scope keys that no target matches."""

    id: str
    framework: str
    certainty: Certainty
    article_number: ArticleNumber
    state: ClauseState
    annex: bool = False
    aggregate: str = ""
    findings: dict[str, int] = {}
    """Open findings by severity, each fingerprint once; information does not count."""
    waived: int = 0
    unmet: tuple[str, ...] = ()
    loosened: tuple[str, ...] = ()
    """Guards that the policy was looser than, so that a pass did not count."""
    unproven: tuple[str, ...] = ()
    """Guards that the run does not tell the value for, or its origin, so that a pass did not count."""
    figure: Figure | None = None
    unit_coverage: UnitCoverage | None = None
    evidence: tuple[EntryFigures, ...] = ()
    facts: tuple[Fact, ...] = ()
    via: ViaFigures | None = None
    units: tuple[Group, ...] = ()
    categories: tuple[Group, ...] = ()
    services: tuple[ServiceState, ...] = ()


class ClausesAssessed(msgspec.Struct, frozen=True, kw_only=True):
    """What a run says about every clause of the frameworks."""

    run: str
    seen: datetime
    ended: datetime | None
    complete: bool
    agency: str
    unit: str
    time_zone: str
    vantage: Vantage
    marking: str
    population: PopulationFigures | None
    policy: PolicyFigures
    facts: tuple[Fact, ...]
    clauses: tuple[ClauseAssessment, ...]


def chosen(assessed: Iterable[ClauseAssessment], framework: str, patterns: Iterable[str]) -> list[ClauseAssessment]:
    """The clauses of a framework that ids, globs, or ids without the framework's name. Empty words choose everything."""
    patterns = tuple(patterns)
    return [
        it
        for it in assessed
        if (not framework or it.framework == framework)
        and (
            not patterns
            or any(
                fnmatch.fnmatchcase(name, pattern)
                for pattern in patterns
                for name in (it.id, it.id.removeprefix(f"{it.framework}/"))
            )
        )
    ]
