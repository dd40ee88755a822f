"""A run held against the clauses: one pass over its findings, then services, units and the agency."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import msgspec

from scanner.assessment import PopulationFigures, population_figures
from scanner.clauses.asking import (
    Asked,
    Hearing,
    Plan,
    Scoping,
    keys,
    plans,
    state_at_target,
    state_of_many,
    state_of_service,
)
from scanner.clauses.assessed import (
    GRAVITY,
    ClauseAssessment,
    ClausesAssessed,
    ClauseState,
    EntryFigures,
    Fact,
    FactState,
    Figure,
    Group,
    PolicyFigures,
    Reach,
    Said,
    ServiceState,
    UnitCoverage,
    ViaFigures,
    Why,
)
from scanner.clauses.guards import ADDRESSES, Policy
from scanner.clauses.services import Service, Services
from scanner.estate import Target
from scanner.findings import Finding, Severity
from scanner.frameworks.framework import Clause, Crosswalk, Rulebook, Scope, Strength
from scanner.journal import Standing
from scanner.parse.list_name import name_key
from scanner.registry import Check
from scanner.run import Run

COVERAGE: Final = "run.coverage"
POLICY: Final = "run.policy"
BY_SERVICE: Final = frozenset({"service-worst", "systems-in-category", "api-registry", "availability", "named-service"})
"""Aggregates that count services by state; the others have no figure, or one of their own."""
BY_UNIT: Final = "unit-coverage"
WITHOUT_SUM: Final = frozenset({"run-facts", "findings-only", "inventory"})
"""Aggregates of which nothing is summed here: facts and findings are listed, and the inventory is the run's coverage."""


def assess_clauses(
    run: Run,
    rulebook: Rulebook,
    checks: Mapping[str, Check],
    *,
    unit: str = "",
    coverage_target: float | None = None,
) -> ClausesAssessed:
    """Hold a run against the clauses. `checks` are those this version has; `unit` narrows everything to one unit.

    `coverage_target` is the share of registered services that the agency set itself to observe; without one, coverage is a
    figure and no pass.
    """
    return _Assessor(run, rulebook, checks, unit, coverage_target).assessed()


@dataclass
class _Spot:
    """What a clause comes to at one target."""

    state: ClauseState
    findings: int
    supporting_finding: bool
    loosened: bool


@dataclass
class _Tally:
    """What is gathered for a clause while targets go by."""

    said: list[Counter[Said]]
    reasons: list[Counter[str]]
    spots: dict[str, _Spot] = field(default_factory=dict)
    findings: Counter[str] = field(default_factory=Counter)
    via_findings: int = 0
    waived: int = 0
    loosened: set[str] = field(default_factory=set)
    unproven: set[str] = field(default_factory=set)


_NONE_SAID: Final[Counter[Said]] = Counter()
_Seen = list[tuple[Service, list[_Spot]]]
"""Services in scope, each with what the clause comes to at its targets."""


class _Assessor:
    """One run and one rulebook."""

    def __init__(
        self, run: Run, rulebook: Rulebook, checks: Mapping[str, Check], unit: str, coverage_target: float | None
    ) -> None:
        self._run, self._rulebook, self._checks = run, rulebook, checks
        self._unit, self._coverage_target = unit, coverage_target
        estate = run.manifest.estate
        self._vantage = estate.vantage.kind
        self._services = Services(estate.targets, estate.population, unit)
        self._targets, self._population = self._services.targets, self._services.population
        self._scoping = Scoping(self._services, self._vantage)
        self._policy = Policy(run.manifest, rulebook)
        self._hearing = Hearing(rulebook, self._policy, checks)
        self._now_called = {former: check.id for check in checks.values() for former in check.was}
        self._used = {self._now_called.get(used.id, used.id) for used in run.manifest.checks}
        self._observed = {
            target.id: record is not None and record.standing is Standing.OBSERVED for target, record in run.targets()
        }
        self._plans = tuple(plans(rulebook))

    def assessed(self) -> ClausesAssessed:
        """All clauses, in the order of the frameworks."""
        tallies = self._read()
        coverage = None
        if self._population is not None:
            coverage = population_figures(self._population, self._targets, self._observed)
        guards = (guard for plan in self._plans for guard in plan.crosswalk.guards)
        policy = self._policy.figures(guards, self._targets, self._checks)
        facts = {name: Fact(name, FactState.NOT_YET, Why.NOT_YET) for name in self._rulebook.run_facts}
        facts |= {it.id: it for it in (self._coverage(coverage), _of_policy(policy))}
        by_id = {plan.clause.id: self._clause(plan, tallies[plan.clause.id], facts) for plan in self._plans}
        states = {clause_id: it.state for clause_id, it in by_id.items()}
        manifest, ending = self._run.manifest, self._run.ending
        return ClausesAssessed(
            run=self._run.id,
            seen=manifest.started,
            ended=None if ending is None else ending.ended,
            complete=self._run.complete,
            agency=manifest.estate.agency,
            unit=self._unit,
            time_zone=manifest.estate.time_zone,
            vantage=self._vantage,
            marking=manifest.estate.marking,
            population=coverage,
            policy=policy,
            facts=tuple(facts.values()),
            clauses=tuple(
                _with_via(clause, by_id[clause.id], states) if clause.id in by_id else self._manual(clause)
                for clause in self._rulebook.clauses()
            ),
        )

    # -- one pass over the findings

    def _read(self) -> dict[str, _Tally]:
        tallies = {
            plan.clause.id: _Tally([Counter() for _ in plan.asked], [Counter() for _ in plan.asked])
            for plan in self._plans
        }
        left = {target.id: target for target in self._targets}
        for target_id, findings in groupby(self._run.findings(), key=lambda it: it.target):
            target = left.pop(target_id, None)
            if target is None:
                continue
            by_check: dict[str, list[Finding]] = {}
            for finding in findings:
                by_check.setdefault(self._now_called.get(finding.check, finding.check), []).append(finding)
            self._at(target, by_check, tallies)
        for target in left.values():
            self._at(target, {}, tallies)
        return tallies

    def _at(self, target: Target, by_check: Mapping[str, list[Finding]], tallies: Mapping[str, _Tally]) -> None:
        """What one target says to every clause that takes it in."""
        inside: dict[Scope, bool] = {}

        def takes(scope: Scope) -> bool:
            if scope not in inside:
                inside[scope] = self._scoping.takes(scope, target)
            return inside[scope]

        for plan in self._plans:
            if takes(plan.crosswalk.scope):
                tally = tallies[plan.clause.id]
                asked = [(number, it) for number, it in enumerate(plan.asked) if all(map(takes, it.scopes))]
                tally.spots[target.id] = self._spot(plan, asked, target, by_check, tally)

    def _spot(
        self,
        plan: Plan,
        asked: list[tuple[int, Asked]],
        target: Target,
        by_check: Mapping[str, list[Finding]],
        tally: _Tally,
    ) -> _Spot:
        counted: set[str] = set()
        waived: set[str] = set()
        direct: list[Counter[Said]] = []
        supporting: Counter[Said] = Counter()
        loosened = False
        for number, it in asked:
            said = _NONE_SAID
            if findings := by_check.get(it.evidence.check):
                said = Counter()
                for finding in findings:
                    heard = self._hearing.hear(it, finding, target)
                    if heard is Said.FINDING:
                        if finding.fingerprint in counted:
                            continue  # it spoke to this clause already, and direct entries speak first
                        counted.add(finding.fingerprint)
                        tally.findings[finding.severity or ""] += 1
                        tally.via_findings += it.via
                    elif heard is Said.WAIVED:
                        waived.add(finding.fingerprint)
                    elif heard is Said.UNKNOWN and finding.reason is not None:
                        tally.reasons[number][finding.reason] += 1
                    elif heard in (Said.LOOSENED, Said.UNPROVEN):
                        loosened = loosened or heard is Said.LOOSENED
                        self._note_guards(it, target, tally)
                    said[heard] += 1
                tally.said[number] += said
            if it.strength is Strength.SUPPORTING:
                supporting.update(said)
            elif not it.evidence.silent or said[Said.FINDING]:
                direct.append(said)
        tally.waived += len(waived)
        state = state_at_target(plan.decides, direct, supporting)
        return _Spot(state, len(counted), bool(supporting[Said.FINDING]), loosened)

    def _note_guards(self, asked: Asked, target: Target, tally: _Tally) -> None:
        """Write down for which guards a pass was void."""
        for guard in asked.guards:
            kept = self._policy.keeps(guard, asked.evidence.check, target)
            if kept is not True:
                (tally.unproven if kept is None else tally.loosened).add(guard.name)

    # -- facts of the run

    def _coverage(self, figures: PopulationFigures | None) -> Fact:
        """Whether as much was observed as the agency set itself; a pass or unknown, never a finding."""
        if figures is None or not figures.services:
            return Fact(COVERAGE, FactState.UNKNOWN, Why.NO_LIST)
        if self._coverage_target is None:
            return Fact(COVERAGE, FactState.UNKNOWN, Why.NO_TARGET)
        if figures.services_observed < self._coverage_target * figures.services:
            return Fact(COVERAGE, FactState.UNKNOWN, Why.BELOW_TARGET)
        return Fact(COVERAGE, FactState.PASS)

    # -- a clause as a whole

    def _manual(self, clause: Clause) -> ClauseAssessment:
        framework = self._rulebook.framework_of(clause.id)
        return ClauseAssessment(
            id=clause.id,
            framework="" if framework is None else framework.id,
            certainty=clause.certainty,
            article_number=clause.article_number,
            state=ClauseState.MANUAL,
        )

    def _clause(self, plan: Plan, tally: _Tally, facts: Mapping[str, Fact]) -> ClauseAssessment:
        crosswalk = plan.crosswalk
        own_facts = [(facts[it.check], it.strength) for it in crosswalk.evidence if it.is_run_fact]
        seen = self._in_scope(tally)
        missing = self._missing(crosswalk)
        by_service = crosswalk.aggregate in BY_SERVICE
        return msgspec.structs.replace(
            self._manual(plan.clause),
            state=_whole_state(plan, seen, bool(missing), own_facts),
            annex=crosswalk.annex,
            aggregate=crosswalk.aggregate,
            findings={it.word: tally.findings[it.word] for it in reversed(Severity) if it is not Severity.INFO},
            waived=tally.waived,
            unmet=self._unmet(crosswalk.scope),
            loosened=tuple(sorted(tally.loosened)),
            unproven=tuple(sorted(tally.unproven)),
            figure=self._figure(crosswalk, seen, missing) if by_service and not crosswalk.annex else None,
            unit_coverage=self._unit_coverage() if crosswalk.aggregate == BY_UNIT else None,
            evidence=tuple(
                self._entry(asked, said, reasons)
                for asked, said, reasons in zip(plan.asked, tally.said, tally.reasons, strict=True)
                if not asked.via
            ),
            facts=tuple(fact for fact, _ in own_facts),
            via=None if crosswalk.via is None else ViaFigures({}, crosswalk.via.strength, tally.via_findings),
            units=tuple(_groups(seen, missing, lambda it: it.unit)) if by_service else (),
            categories=tuple(_groups(seen, missing, lambda it: it.category or "")) if by_service else (),
            services=tuple(_service(service, spots, tally) for service, spots in seen),
        )

    def _entry(self, asked: Asked, said: Counter[Said], reasons: Counter[str]) -> EntryFigures:
        check = asked.evidence.check
        asked_for = Reach.NOT_ASKED if check in self._checks else Reach.NOT_YET
        return EntryFigures(
            check=check,
            strength=asked.strength,
            variants=asked.evidence.variants,
            reach=Reach.ASKED if check in self._used else asked_for,
            said={it.value: said[it] for it in GRAVITY if it is not Said.NOTHING},
            reasons=dict(sorted(reasons.items())),
        )

    def _unmet(self, scope: Scope) -> tuple[str, ...]:
        """The keys of a scope that no target matches."""
        return tuple(
            key for key in keys(scope) if not any(self._scoping.meets(scope, key, target) for target in self._targets)
        )

    def _in_scope(self, tally: _Tally) -> _Seen:
        found = []
        for service in self._services.all:
            spots = [tally.spots[it] for it in service.targets if it in tally.spots]
            if spots:
                found.append((service, spots))
        return found

    def _missing(self, crosswalk: Crosswalk) -> list[Service]:
        """Registered services without a target. Their kind is not known, so they belong to the whole of every kind."""
        scope = crosswalk.scope
        if not self._has_list(crosswalk) or scope.opt_in or scope.sla_covers:
            return []
        return [it for it in self._services.all if it.registered and not it.targets and _is_listed(it, scope)]

    # -- figures

    def _has_list(self, crosswalk: Crosswalk) -> bool:
        """Whether the population file has the list that this clause's figure is a share of, and names its document."""
        population = self._population
        if population is None or not population.document:
            return False
        match self._rulebook.aggregates[crosswalk.aggregate].population:
            case "services":
                return bool(population.services)
            case "systems_by_category":
                return bool(population.category_document) and any(it.category for it in population.services)
            case "units":
                return bool(population.units)
        return False

    def _figure(self, crosswalk: Crosswalk, seen: _Seen, missing: list[Service]) -> Figure:
        population = self._population if self._has_list(crosswalk) else None
        listed = [it for it in seen if it[0].registered and _is_listed(it[0], crosswalk.scope)]
        counted = seen if population is None else listed
        states = _counted(_state(spots) for _, spots in counted)
        name = self._rulebook.aggregates[crosswalk.aggregate].population
        document = ""
        if population is not None:
            document = population.category_document if name == "systems_by_category" else population.document
        return Figure(
            list=name,
            whole=None if population is None else len(counted) + len(missing),
            states=states,
            not_scanned=len(missing),
            not_registered=len(seen) - len(counted),
            with_findings=sum(any(spot.findings for spot in spots) for _, spots in counted),
            loosened=sum(any(spot.loosened for spot in spots) for _, spots in counted),
            document=document,
            document_date=None if population is None else population.date,
            seen=self._run.manifest.started,
            vantage=self._vantage,
        )

    def _unit_coverage(self) -> UnitCoverage | None:
        """Units of the official list by how many of their registered services were observed."""
        population = self._population
        if population is None or not population.units:
            return None
        seen: dict[str, list[bool]] = {}
        for service in self._services.all:
            if service.registered:
                seen.setdefault(name_key(service.unit), []).append(any(self._observed[it] for it in service.targets))
        with_services = [unit for unit in population.units if not unit.no_service]
        extents = Counter(_extent(seen.get(name_key(unit.name), [])) for unit in with_services)
        return UnitCoverage(
            units=len(population.units),
            all=extents["all"],
            some=extents["some"],
            none=extents["none"],
            declared_none=len(population.units) - len(with_services),
            without_registered=extents["without"],
        )


def _is_listed(service: Service, scope: Scope) -> bool:
    """Whether the official list itself puts a service into a scope."""
    in_category = not scope.se_category or service.category in scope.se_category
    return in_category and (not scope.service_tag or name_key(scope.service_tag) in service.tags)


def _state(spots: Iterable[_Spot]) -> ClauseState:
    return state_of_service(spot.state for spot in spots)


def _counted(states: Iterable[ClauseState]) -> dict[str, int]:
    counts = Counter(states)
    return {state.value: counts[state] for state in ClauseState if state is not ClauseState.MANUAL}


def _extent(seen: list[bool]) -> str:
    if not seen:
        return "without"
    return "all" if all(seen) else "some" if any(seen) else "none"


def _service(service: Service, spots: list[_Spot], tally: _Tally) -> ServiceState:
    return ServiceState(
        name=service.name,
        unit=service.unit,
        category=service.category,
        registered=service.registered,
        state=_state(spots),
        findings=sum(spot.findings for spot in spots),
        targets=tuple(it for it in service.targets if it in tally.spots),
    )


def _groups(seen: _Seen, missing: list[Service], key: Callable[[Service], str]) -> Iterator[Group]:
    """The services of a clause by unit or category, in the order in which they come."""
    names: dict[str, str] = {}
    inside: dict[str, list[list[_Spot]]] = {}
    unseen: Counter[str] = Counter()
    for service, spots in seen:
        inside.setdefault(_noted(names, key(service)), []).append(spots)
    for service in missing:
        unseen[_noted(names, key(service))] += 1
    for name, shown in names.items():
        own = inside.get(name, [])
        states = [_state(spots) for spots in own]
        supporting = any(spot.supporting_finding for spots in own for spot in spots)
        yield Group(
            name=shown,
            state=state_of_many(states, missing=bool(unseen[name]), supporting=supporting),
            states=_counted(states),
            not_scanned=unseen[name],
            with_findings=sum(any(spot.findings for spot in spots) for spots in own),
        )


def _noted(names: dict[str, str], name: str) -> str:
    """The key of a name; how it is spelled first is how it is shown."""
    key = name_key(name)
    names.setdefault(key, name)
    return key


def _whole_state(plan: Plan, seen: _Seen, missing: bool, facts: list[tuple[Fact, Strength]]) -> ClauseState:
    """The state of a clause for the agency or the unit, from its services and the facts of the run."""
    states = [_state(spots) for _, spots in seen]
    supporting = any(spot.supporting_finding for _, spots in seen for spot in spots)
    supporting |= any(it.state is FactState.FINDING for it, how in facts if how is Strength.SUPPORTING)
    deciding = [it.state for it, how in facts if how is Strength.DIRECT]
    if not plan.decides and not deciding:
        material = ClauseState.MATERIAL in states or any(it.is_material for it, _ in facts)
        return ClauseState.MATERIAL if material else ClauseState.NOT_OBSERVED
    if ClauseState.TO_EXPLAIN in states or FactState.FINDING in deciding:
        return ClauseState.TO_EXPLAIN
    if any(it is not FactState.PASS for it in deciding):
        return ClauseState.NOT_OBSERVED
    if plan.decides:
        return state_of_many(states, missing=missing, supporting=supporting)
    return ClauseState.MIXED if supporting else ClauseState.SUPPORTS


def _of_policy(policy: PolicyFigures) -> Fact:
    """Whether no value was looser than a guard; unknown where no check that a guard is about was part of the run."""
    if policy.loosened:
        return Fact(POLICY, FactState.FINDING, Why.LOOSENED)
    if policy.unproven or set(policy.kept) <= {ADDRESSES}:
        return Fact(POLICY, FactState.UNKNOWN, Why.NO_VALUE)
    return Fact(POLICY, FactState.PASS)


def _with_via(clause: Clause, made: ClauseAssessment, states: Mapping[str, ClauseState]) -> ClauseAssessment:
    """The clause with the states of those it leads to."""
    via = None if clause.crosswalk is None else clause.crosswalk.via
    if via is None or made.via is None:
        return made
    named = {clause_id: state for clause_id, state in states.items() if via.names(clause_id)}
    return msgspec.structs.replace(made, via=msgspec.structs.replace(made.via, clauses=named))
