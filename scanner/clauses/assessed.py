"""What is said of clauses: states, figures with their whole, and what each entry contributed. Values only."""

import fnmatch
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from scanner.assessment import PopulationFigures
from scanner.estate import Category, CoverageGoal, Deadlines, Vantage
from scanner.frameworks.framework import ArticleNumber, Certainty, Strength
from scanner.history.period import Flow, Nights, Pair


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
    set_by: str = "profile"
    """`profile`, `agency` (for its whole estate) or `target` (for one)."""


class PolicyFigures(msgspec.Struct, frozen=True):
    """Against which values was measured. `unproven` are guards whose value the run does not tell, `without_origin` those that
    ask where a value comes from, which nobody told: such a value is not shown to be loose.
    """

    name: str
    version: str
    changed: tuple[ChangedValue, ...]
    loosened: tuple[LooseValue, ...]
    unproven: tuple[str, ...]
    kept: tuple[str, ...]
    without_origin: tuple[str, ...] = ()


class Why(StrEnum):
    """What keeps a fact of the run from being a pass."""

    NO_LIST = "no_list"
    NO_TARGET = "no_target"
    BELOW_TARGET = "below_target"
    LOOSENED = "loosened"
    NO_VALUE = "no_value"
    NOT_YET = "not_yet"
    NO_PERIOD = "no_period"
    NO_RUN = "no_run"
    NO_SCHEDULE = "no_schedule"
    NOT_KEPT = "not_kept"
    NO_DEADLINE = "no_deadline"
    OVERDUE = "overdue"
    OVERDUE_UNSEEN = "overdue_unseen"
    NO_REPAIR = "no_repair"


_WITH_FIGURES: Final = frozenset(
    {Why.NO_TARGET, Why.BELOW_TARGET, Why.NO_SCHEDULE, Why.NO_DEADLINE, Why.OVERDUE_UNSEEN}
)
"""What keeps a fact from being a pass although its figures are there to be shown."""


class Fact(msgspec.Struct, frozen=True):
    """A fact of the run or the period, and what keeps it from being a pass. `variants` are those it was asked for."""

    id: str
    state: FactState
    why: Why | None = None
    variants: tuple[str, ...] = ()

    @property
    def is_material(self) -> bool:
        """Whether there is something to show, pass or not."""
        return self.state in (FactState.PASS, FactState.FINDING) or self.why in _WITH_FIGURES


class UnitSeen(msgspec.Struct, frozen=True):
    """How much of a unit was seen. `registered` and what follows count services of the official list."""

    name: str
    targets: int
    targets_observed: int
    registered: int
    scanned: int
    observed: int
    declared_none: bool


class CoverageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at: targets in any case, services and units where there is an official list of them.

    `not_observed` counts targets that nothing was seen of by the reason, those never reached as `interrupted`.
    """

    targets: int
    targets_observed: int
    not_observed: dict[str, int]
    population: PopulationFigures | None
    goal: CoverageGoal | None
    units: tuple[UnitSeen, ...]


class UnitFlow(msgspec.Struct, frozen=True):
    """What became of the findings of a unit, by severity."""

    name: str
    followup: dict[str, Flow]


class PeriodFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of a period say. `total` is of all severities; sums of a flow: at start + found - closed = at end.

    `repairs` names the first of the pairs of before and after, `repairs_count` is how many there are; `not_comparable` counts
    findings that may be repaired, but were looked at differently since.
    """

    first: date
    last: date
    days: int
    balance_from: datetime | None
    balance_is_first_run: bool
    nights: Nights
    deadlines: Deadlines | None
    followup: dict[str, Flow]
    total: Flow
    units: tuple[UnitFlow, ...]
    repairs_count: int
    repairs: tuple[Pair, ...]
    not_comparable: int
    disputed: int | None = None
    """Findings that their owner disputes; null, as this version has no place to write that down."""


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
    def concluded(self) -> int:
        """Services of which something was concluded; of none there is no share to tell, not even of nought."""
        return sum(self.states[it] for it in (ClauseState.SUPPORTS, ClauseState.MIXED, ClauseState.TO_EXPLAIN))

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
    hosts_without_target: int = 0
    """Registered names of it that nobody scans; with one of them it is not observed as a whole."""


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


class FigureInShort(msgspec.Struct, frozen=True):
    """Services behind a clause: the whole by the official list (null without one), its parts, and the document."""

    whole: int | None
    counted: int
    supports: int
    with_findings: int
    unknown: int
    document: str
    document_date: date | None


class ClauseInShort(msgspec.Struct, frozen=True):
    """What a run says about one clause, as `result.json` has it; `pindai assess --format json` has the whole."""

    id: str
    certainty: Certainty
    state: ClauseState
    findings: dict[str, int]
    waived: int
    figure: FigureInShort | None


def in_short(clause: ClauseAssessment) -> ClauseInShort:
    """The state of a clause and its figure, without what each entry said."""
    figure = clause.figure
    return ClauseInShort(
        id=clause.id,
        certainty=clause.certainty,
        state=clause.state,
        findings={word: count for word, count in clause.findings.items() if count},
        waived=clause.waived,
        figure=None
        if figure is None
        else FigureInShort(
            whole=figure.whole,
            counted=figure.counted,
            supports=figure.supports,
            with_findings=figure.states[ClauseState.TO_EXPLAIN],
            unknown=figure.unknown,
            document=figure.document,
            document_date=figure.document_date,
        ),
    )


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
    coverage: CoverageFigures
    period: PeriodFigures | None
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
