"""Facts of a run and of a period, by the rules of the crosswalk: when each is a pass, and what keeps it from being one.

They hold for the agency, or for the unit asked for, and are never repeated for each service.
"""

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from scanner.assessment import PopulationFigures, population_figures
from scanner.clauses.assessed import (
    CoverageFigures,
    Fact,
    FactState,
    PeriodFigures,
    PolicyFigures,
    UnitFlow,
    UnitSeen,
    Why,
)
from scanner.clauses.guards import ADDRESSES, holds
from scanner.clauses.services import Services
from scanner.estate import CoverageGoal
from scanner.findings import Severity
from scanner.frameworks.framework import Evidence, Guard, Rulebook
from scanner.history.period import MAX_NAMED, Period, added
from scanner.journal import TargetRecord
from scanner.observations.steps import Reason
from scanner.parse.list_name import name_key

COVERAGE: Final = "run.coverage"
PERIODICITY: Final = "run.periodicity"
FOLLOWUP: Final = "run.followup"
BEFORE_AFTER: Final = "run.before_after"
POLICY: Final = "run.policy"
BUILT: Final = frozenset({COVERAGE, PERIODICITY, FOLLOWUP, BEFORE_AFTER, POLICY})
"""The facts that this version can tell."""
GRAVE: Final = (Severity.CRITICAL.word, Severity.HIGH.word)
"""Findings that must not be overdue."""
PERIOD_DAYS: Final = "period_days"


class Facts:
    """The facts of one run, as each clause asks for them."""

    def __init__(
        self,
        rulebook: Rulebook,
        checks: Iterable[str],
        coverage: CoverageFigures,
        policy: PolicyFigures,
        period: Period | None,
        unit: str,
    ) -> None:
        self._rulebook, self._checks, self._unit = rulebook, tuple(checks), unit
        self._coverage, self._policy, self._period = coverage, policy, period

    def of(self, name: str, variants: tuple[str, ...] = ()) -> Fact:
        """A fact, of some classes of findings only when `variants` names them."""
        state, why = self._state(name, variants)
        return Fact(name, state, why, variants)

    def under(self, evidence: Evidence, guards: Iterable[Guard]) -> Fact:
        """A fact as a clause with guards takes it: a pass by a looser measure than a guard does not count."""
        fact = self.of(evidence.check, evidence.variants)
        if fact.state is FactState.PASS and self.broken(evidence, guards):
            return Fact(fact.id, FactState.UNKNOWN, Why.LOOSENED, fact.variants)
        return fact

    def broken(self, evidence: Evidence, guards: Iterable[Guard]) -> set[str]:
        """The guards about a fact that what was measured is looser than."""
        about = [it for it in guards if evidence.check in self._rulebook.thresholds[it.name].checks]
        return {
            it.name for it in about if self._value(it.name) is not None and holds(it, self._value(it.name)) is not True
        }

    def _value(self, guard: str) -> object:
        return self._period.days if guard == PERIOD_DAYS and self._period is not None else None

    def _state(self, name: str, variants: tuple[str, ...]) -> tuple[FactState, Why | None]:
        match name:
            case "run.coverage":
                return _of_coverage(self._coverage.population, self._coverage.goal)
            case "run.policy":
                return _of_policy(self._policy)
        speaks = self._speaks(name, variants)
        if name not in BUILT or speaks is None:
            return FactState.NOT_YET, Why.NOT_YET
        if self._period is None:
            return FactState.UNKNOWN, Why.NO_PERIOD
        if self._period.balance_from is None or not self._period.nights.runs:
            return FactState.UNKNOWN, Why.NO_RUN
        match name:
            case "run.periodicity":
                return _of_periodicity(self._period)
            case "run.followup":
                return _of_followup(self._period, self._unit, speaks)
        is_seen = bool(self._period.pairs_of(self._unit, speaks))
        return (FactState.PASS, None) if is_seen else (FactState.UNKNOWN, Why.NO_REPAIR)

    def _speaks(self, name: str, variants: tuple[str, ...]) -> Callable[[str], bool] | None:
        """Which checks' findings a fact is about; None where this version has no check of those classes."""
        if not variants:
            return lambda _check: True
        classes = self._rulebook.classes.get(name)
        patterns = [it for variant in variants for it in (() if classes is None else classes.checks.get(variant, ()))]

        def speaks(check: str) -> bool:
            return any(fnmatch.fnmatchcase(check, pattern) for pattern in patterns)

        return speaks if any(map(speaks, self._checks)) else None


def _of_coverage(figures: PopulationFigures | None, goal: CoverageGoal | None) -> tuple[FactState, Why | None]:
    """Whether as much was observed as the agency set itself; a pass or unknown, never a finding."""
    if figures is None or not figures.services or not figures.document:
        return FactState.UNKNOWN, Why.NO_LIST
    if goal is None:
        return FactState.UNKNOWN, Why.NO_TARGET
    if 100 * figures.services_observed < goal.percent * figures.services:
        return FactState.UNKNOWN, Why.BELOW_TARGET
    return FactState.PASS, None


def _of_policy(policy: PolicyFigures) -> tuple[FactState, Why | None]:
    """Whether no value was looser than a guard; unknown where no check that a guard is about was part of the run."""
    if policy.loosened:
        return FactState.FINDING, Why.LOOSENED
    if policy.unproven or set(policy.kept) <= {ADDRESSES}:
        return FactState.UNKNOWN, Why.NO_VALUE
    return FactState.PASS, None


def _of_periodicity(period: Period) -> tuple[FactState, Why | None]:
    """Whether the agency's own schedule was kept."""
    kept = period.nights.is_kept
    if kept is None:
        return FactState.UNKNOWN, Why.NO_SCHEDULE
    return (FactState.PASS, None) if kept else (FactState.FINDING, Why.NOT_KEPT)


def _of_followup(period: Period, unit: str, speaks: Callable[[str], bool]) -> tuple[FactState, Why | None]:
    """Whether no grave finding is over the agency's own deadline; unknown where none is set for one of them, and where
    nobody has seen one since its deadline passed: it may be gone, with its page, its cookie or its service.
    """
    flows = period.flows(unit, speaks)
    overdue = [flows[word].overdue for word in GRAVE]
    if sum(it or 0 for it in overdue) > sum(flows[word].overdue_unseen for word in GRAVE):
        return FactState.FINDING, Why.OVERDUE
    if any(overdue):
        return FactState.UNKNOWN, Why.OVERDUE_UNSEEN
    return (FactState.UNKNOWN, Why.NO_DEADLINE) if None in overdue else (FactState.PASS, None)


# -- figures


def coverage_figures(
    services: Services,
    records: Mapping[str, TargetRecord | None],
    observed: Mapping[str, bool],
    goal: CoverageGoal | None,
) -> CoverageFigures:
    """What was looked at out of what there is; `records` and `observed` by target id."""
    population = services.population
    reasons: Counter[str] = Counter()
    for target in services.targets:
        if not observed[target.id]:
            record = records[target.id]
            reasons[Reason.INTERRUPTED if record is None else record.reason or Reason.INCONCLUSIVE] += 1
    return CoverageFigures(
        targets=len(services.targets),
        targets_observed=len(services.targets) - reasons.total(),
        not_observed=dict(sorted(reasons.items())),
        population=None if population is None else population_figures(population, services.targets, observed),
        goal=goal,
        units=tuple(_units_seen(services, observed)),
    )


def _units_seen(services: Services, observed: Mapping[str, bool]) -> Iterable[UnitSeen]:
    names: dict[str, str] = {}
    declared: set[str] = set()
    if services.population is not None:
        names = {name_key(unit.name): unit.name for unit in services.population.units}
        declared = {name_key(unit.name) for unit in services.population.units if unit.no_service}
    targets: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for target in services.targets:
        unit = target.unit or next((it.unit for it in services.of(target) if it.registered), "")
        key = name_key(unit)
        names.setdefault(key, unit)
        targets[key] += 1
        seen[key] += observed[target.id]
    registered: Counter[str] = Counter()
    scanned: Counter[str] = Counter()
    watched: Counter[str] = Counter()
    for service in services.all:
        if service.registered:
            key = name_key(service.unit)
            names.setdefault(key, service.unit)
            registered[key] += 1
            scanned[key] += bool(service.targets)
            watched[key] += any(observed[it] for it in service.targets)
    for key, name in names.items():
        yield UnitSeen(
            name, targets[key], seen[key], registered[key], scanned[key], watched[key], declared_none=key in declared
        )


def period_figures(period: Period, unit: str) -> PeriodFigures:
    """The figures of a period, of one unit when one is named."""
    flows = period.flows(unit)
    pairs = period.pairs_of(unit)
    wanted = name_key(unit)
    names = {name_key(it): it for it in period.units() if not unit or name_key(it) == wanted}
    return PeriodFigures(
        first=period.first,
        last=period.last,
        days=period.days,
        balance_from=period.balance_from,
        balance_is_first_run=period.balance_is_first_run,
        nights=period.nights,
        deadlines=period.deadlines,
        followup=flows,
        total=added(flows.values()),
        units=tuple(UnitFlow(name, period.flows(name)) for key, name in names.items() if key),
        repairs_count=len(pairs),
        repairs=pairs[:MAX_NAMED],
        not_comparable=period.not_comparable(unit),
    )
