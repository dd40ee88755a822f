"""A run held against the clauses: one pass over its findings, then services, units and the agency."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import msgspec

from scanner.clauses.asking import (
    Asked,
    Hearing,
    Plan,
    Scoping,
    is_settled,
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
    Reach,
    Said,
    ServiceState,
    UnitCoverage,
    ViaFigures,
)
from scanner.clauses.facts import Facts, coverage_figures, period_figures
from scanner.clauses.guards import Policy
from scanner.clauses.services import Service, Services
from scanner.estate import Target
from scanner.findings import Finding, Severity
from scanner.frameworks.framework import Clause, Comparison, Crosswalk, Rulebook, Scope, Strength
from scanner.history.period import Period
from scanner.journal import Standing
from scanner.parse.list_name import name_key
from scanner.registry import Check
from scanner.run import Run

BY_SERVICE: Final = frozenset({"service-worst", "systems-in-category", "api-registry", "availability", "named-service"})
"""Aggregates that count services by state; the others have no figure, or one of their own."""
NAMED_SERVICE: Final = "named-service"
"""Services are listed for the assessor to name one of them; there is no figure for the agency."""
BY_UNIT: Final = "unit-coverage"
WITHOUT_SUM: Final = frozenset({"run-facts", "findings-only", "inventory"})
"""Aggregates of which nothing is summed here: facts and findings are listed, and the inventory is the run's coverage."""


def assess_clauses(
    run: Run,
    rulebook: Rulebook,
    checks: Mapping[str, Check],
    *,
    unit: str = "",
    period: Period | None = None,
) -> ClausesAssessed:
    """Hold a run against the clauses. `checks` are those this version has; `unit` narrows everything to one unit.

    `period` is what the runs of a period say; without it nothing is said of schedule, follow-up and repairs. What the agency
    set itself stands in the run's estate: without a goal of its own a figure is no pass.
    """
    assessor = Assessor(run, rulebook, checks, unit, period)
    for target_id, findings in groupby(run.findings(), key=lambda it: it.target):
        assessor.take(target_id, findings)
    return assessor.assessed()


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


@dataclass(frozen=True)
class _Spoken:
    """A plan as it is at targets that the same scopes take in and of which the same checks said something: the entries
    that those checks speak to, and whether a direct one is left without a word.
    """

    plan: Plan
    decides: bool
    asked: tuple[tuple[int, Asked], ...]
    is_direct_unheard: bool
    repeated: frozenset[str]
    """Checks that more than one entry asks: a finding of theirs counts once."""
    is_alike: bool
    """Whether entries say the same of targets of which their checks concluded the same: no guard asks where a value is
    from."""
    known: dict[tuple[int, int], "_Heard"] = field(default_factory=dict)
    """By number of the entry and of what its check concluded."""


@dataclass
class _Heard:
    """What one entry says at every target of which its check concluded the same, and at how many it did."""

    said: Counter[Said]
    reasons: Counter[str]
    findings: Counter[str]
    counted: frozenset[tuple[str, int]]
    """The findings and waived ones among what the check concluded: its id and their places."""
    waived: int
    is_supporting: bool
    is_loosened: bool
    is_mute: bool
    """Whether it decides nothing: a silent entry without a finding."""
    is_settled: bool
    targets: int = 0


def _spoken(plans: Iterable[Plan], inside: frozenset[Scope], heard: Collection[str]) -> Iterator[_Spoken]:
    for plan in plans:
        if plan.crosswalk.scope in inside:
            asked = [(number, it) for number, it in enumerate(plan.asked) if inside.issuperset(it.scopes)]
            unheard = [it for _, it in asked if it.evidence.check not in heard]
            spoke = tuple(entry for entry in asked if entry[1].evidence.check in heard)
            times = Counter(it.evidence.check for _, it in spoke)
            yield _Spoken(
                plan,
                plan.decides,
                spoke,
                any(it.strength is not Strength.SUPPORTING and not it.evidence.silent for it in unheard),
                frozenset(check for check, count in times.items() if count > 1),
                not any(guard.op is Comparison.ORIGIN for _, it in spoke for guard in it.guards),
            )


_NONE_SAID: Final[Counter[Said]] = Counter()
_UNHEARD: Final = _Spot(ClauseState.NOT_OBSERVED, 0, False, False)
"""What a clause comes to where nothing was said to it."""
_Seen = list[tuple[Service, list[_Spot], ClauseState]]
"""Services in scope, each with what the clause comes to at its targets, and what that makes of it."""


class Assessor:
    """One run and one rulebook: takes the findings target by target, then holds them against every clause.

    `each_service` False leaves out what is said of services one by one, which takes as long as all figures together.
    """

    def __init__(
        self,
        run: Run,
        rulebook: Rulebook,
        checks: Mapping[str, Check],
        unit: str = "",
        period: Period | None = None,
        *,
        each_service: bool = True,
    ) -> None:
        self._run, self._rulebook, self._checks = run, rulebook, checks
        self._unit, self._period, self._each_service = unit, period, each_service
        estate = run.manifest.estate
        self._vantage = estate.vantage.kind
        self._services = Services(estate.targets, estate.population, unit)
        self._targets, self._population = self._services.targets, self._services.population
        self._scoping = Scoping(self._services, self._vantage)
        self._policy = Policy(run.manifest, rulebook, self._services)
        self._hearing = Hearing(rulebook, self._policy, checks)
        self._now_called = {former: check.id for check in checks.values() for former in check.was}
        self._used = {self._now_called.get(used.id, used.id) for used in run.manifest.checks}
        records = {target.id: record for target, record in run.targets()}
        self._records = {target.id: records[target.id] for target in self._targets}
        self._observed = {
            name: record is not None and record.standing is Standing.OBSERVED for name, record in records.items()
        }
        self._plans = tuple(plans(rulebook))
        self._scopes = tuple(
            dict.fromkeys(
                scope
                for plan in self._plans
                for scope in (plan.crosswalk.scope, *(it for asked in plan.asked for it in asked.scopes))
            )
        )
        self._spoken: dict[tuple[tuple[Scope, ...], frozenset[str]], tuple[_Spoken, ...]] = {}
        self._left = {target.id: target for target in self._targets}
        self._tallies = {
            plan.clause.id: _Tally([Counter() for _ in plan.asked], [Counter() for _ in plan.asked])
            for plan in self._plans
        }
        self._numbers: dict[tuple[object, ...], int] = {}
        self._spots: dict[tuple[ClauseState, int, bool, bool], _Spot] = {}

    def assessed(self) -> ClausesAssessed:
        """All clauses, in the order of the frameworks."""
        tallies = self._read()
        coverage = coverage_figures(
            self._services, self._records, self._observed, self._run.manifest.estate.goals.coverage
        )
        guards = (guard for plan in self._plans for guard in plan.crosswalk.guards)
        policy = self._policy.figures(guards, self._targets, self._checks)
        facts = Facts(self._rulebook, self._checks, coverage, policy, self._period, self._unit)
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
            coverage=coverage,
            period=None if self._period is None else period_figures(self._period, self._unit),
            policy=policy,
            facts=tuple(facts.of(name) for name in self._rulebook.run_facts),
            clauses=tuple(
                _with_via(clause, by_id[clause.id], states) if clause.id in by_id else self._manual(clause)
                for clause in self._rulebook.clauses()
            ),
        )

    # -- target by target

    def take(self, target_id: str, findings: Iterable[Finding]) -> None:
        """All that was concluded about one target, at once."""
        if (target := self._left.pop(target_id, None)) is not None:
            by_check: dict[str, list[Finding]] = {}
            for finding in findings:
                by_check.setdefault(self._now_called.get(finding.check, finding.check), []).append(finding)
            self._at(target, by_check)

    def _read(self) -> dict[str, _Tally]:
        for target in self._left.values():
            self._at(target, {})
        self._left.clear()
        for spoken in (it for each in self._spoken.values() for it in each):
            for (number, _), heard in spoken.known.items():
                _count(self._tallies[spoken.plan.clause.id], number, spoken.plan.asked[number], heard)
            spoken.known.clear()
        return self._tallies

    def _at(self, target: Target, by_check: Mapping[str, list[Finding]]) -> None:
        """What one target says to every clause that takes it in."""
        inside = tuple(scope for scope in self._scopes if self._scoping.takes(scope, target))
        key = inside, frozenset(by_check)
        if key not in self._spoken:
            self._spoken[key] = tuple(_spoken(self._plans, frozenset(inside), by_check))
        concluded = {check: self._alike(target, findings) for check, findings in by_check.items()}
        for spoken in self._spoken[key]:
            tally = self._tallies[spoken.plan.clause.id]
            spot = None if spoken.asked else _UNHEARD
            if spot is None and spoken.is_alike and not target.params:
                spot = self._known_spot(spoken, target, by_check, concluded, tally)
            tally.spots[target.id] = spot or self._spot(spoken, target, by_check, tally)

    def _alike(self, target: Target, findings: Iterable[Finding]) -> int:
        """A number for what a check concluded: the same for all targets of which it comes to the same for every entry."""
        concluded = (
            target.addresses,
            *(
                (
                    *(it.subject.kind, it.state, it.outcome, it.severity, it.reason, it.waiver is None),
                    *[(seen.state, seen.outcome) for seen in it.sightings],
                )
                for it in findings
            ),
        )
        return self._numbers.setdefault(concluded, len(self._numbers))

    def _known_spot(
        self,
        spoken: _Spoken,
        target: Target,
        by_check: Mapping[str, list[Finding]],
        concluded: Mapping[str, int],
        tally: _Tally,
    ) -> _Spot | None:
        """What a clause comes to, put together from what its entries said elsewhere; None where one finding spoke twice."""
        parts: list[_Heard] = []
        counted: set[tuple[str, int]] = set()
        for number, it in spoken.asked:
            check = it.evidence.check
            key = number, concluded[check]
            heard = spoken.known.get(key)
            if heard is None:
                heard = spoken.known[key] = self._entry_heard(it, target, by_check[check], tally)
            if heard.counted and check in spoken.repeated:
                if not counted.isdisjoint(heard.counted):
                    return None
                counted |= heard.counted
            parts.append(heard)
        findings, is_loosened, is_settled, is_passed = 0, False, not spoken.is_direct_unheard, False
        is_found = supports = is_supporting_found = False
        for heard in parts:
            heard.targets += 1
            findings += len(heard.counted) - heard.waived
            is_loosened = is_loosened or heard.is_loosened
            found, passed = bool(heard.findings), Said.PASS in heard.said
            if heard.is_supporting:
                is_supporting_found = is_supporting_found or found
                supports = supports or passed
            elif not heard.is_mute:
                is_found, is_passed = is_found or found, is_passed or passed
                is_settled = is_settled and heard.is_settled
        if not spoken.decides:
            state = ClauseState.MATERIAL if is_supporting_found or supports else ClauseState.NOT_OBSERVED
        elif is_found:
            state = ClauseState.TO_EXPLAIN
        elif not is_passed or not is_settled:
            state = ClauseState.NOT_OBSERVED
        else:
            state = ClauseState.MIXED if is_supporting_found else ClauseState.SUPPORTS
        return self._spots.setdefault(
            (state, findings, is_supporting_found, is_loosened),
            _Spot(state, findings, is_supporting_found, is_loosened),
        )

    def _entry_heard(self, it: Asked, target: Target, findings: Sequence[Finding], tally: _Tally) -> _Heard:
        said: Counter[Said] = Counter()
        reasons: Counter[str] = Counter()
        found: Counter[str] = Counter()
        counted: set[tuple[str, int]] = set()
        for place, finding in enumerate(findings):
            heard = self._hearing.hear(it, finding, target)
            said[heard] += 1
            if heard is Said.FINDING:
                found[finding.severity or ""] += 1
            if heard in (Said.FINDING, Said.WAIVED):
                counted.add((it.evidence.check, place))
            elif heard is Said.UNKNOWN and finding.reason is not None:
                reasons[finding.reason] += 1
            elif heard in (Said.LOOSENED, Said.UNPROVEN):
                self._note_guards(it, target, tally)
        return _Heard(
            said,
            reasons,
            found,
            frozenset(counted),
            waived=said[Said.WAIVED],
            is_supporting=it.strength is Strength.SUPPORTING,
            is_loosened=said[Said.LOOSENED] > 0,
            is_mute=it.evidence.silent and not found,
            is_settled=is_settled(said),
        )

    def _spot(self, spoken: _Spoken, target: Target, by_check: Mapping[str, list[Finding]], tally: _Tally) -> _Spot:
        counted: set[str] = set()
        waived: set[str] = set()
        direct: list[Counter[Said]] = [_NONE_SAID] if spoken.is_direct_unheard else []
        supporting: Counter[Said] = Counter()
        loosened = False
        for number, it in spoken.asked:
            is_supporting = it.strength is Strength.SUPPORTING
            said: Counter[Said] = supporting if is_supporting else Counter()
            for finding in by_check[it.evidence.check]:
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
                tally.said[number][heard] += 1
            if not is_supporting and (not it.evidence.silent or said[Said.FINDING]):
                direct.append(said)
        tally.waived += len(waived)
        state = state_at_target(spoken.decides, direct, supporting)
        return _Spot(state, len(counted), bool(supporting[Said.FINDING]), loosened)

    def _note_guards(self, asked: Asked, target: Target, tally: _Tally) -> None:
        """Write down for which guards a pass was void."""
        for guard in asked.guards:
            kept = self._policy.keeps(guard, asked.evidence.check, target)
            if kept is not True:
                (tally.unproven if kept is None else tally.loosened).add(guard.name)

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

    def _clause(self, plan: Plan, tally: _Tally, facts: Facts) -> ClauseAssessment:
        crosswalk = plan.crosswalk
        own_facts = []
        for it in crosswalk.evidence:
            if it.is_run_fact:
                own_facts.append((facts.under(it, crosswalk.guards), it.strength))
                tally.loosened |= facts.broken(it, crosswalk.guards)
        seen = self._in_scope(tally)
        missing = self._missing(crosswalk)
        by_service = crosswalk.aggregate in BY_SERVICE
        summed = by_service and crosswalk.aggregate != NAMED_SERVICE
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
            figure=self._figure(crosswalk, seen, missing) if summed and not crosswalk.annex else None,
            unit_coverage=self._unit_coverage() if crosswalk.aggregate == BY_UNIT else None,
            evidence=tuple(
                self._entry(asked, said, reasons)
                for asked, said, reasons in zip(plan.asked, tally.said, tally.reasons, strict=True)
                if not asked.via
            ),
            facts=tuple(fact for fact, _ in own_facts),
            via=None if crosswalk.via is None else ViaFigures({}, crosswalk.via.strength, tally.via_findings),
            units=tuple(_groups(seen, missing, lambda it: it.unit)) if summed else (),
            categories=tuple(_groups(seen, missing, lambda it: it.category or "")) if summed else (),
            services=tuple(_service(*it, tally) for it in seen) if self._each_service else (),
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
            spots = [spot for it in service.targets if (spot := tally.spots.get(it)) is not None]
            if spots:
                found.append((service, spots, _state(service, spots)))
        return found

    def _missing(self, crosswalk: Crosswalk) -> list[Service]:
        """Registered services without a target. Their kind is not known, so they belong to the whole of every kind."""
        scope = crosswalk.scope
        if not self._has_list(crosswalk) or scope.opt_in:
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
        states = _counted(state for _, _, state in counted)
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
            with_findings=sum(any(spot.findings for spot in spots) for _, spots, _ in counted),
            loosened=sum(any(spot.loosened for spot in spots) for _, spots, _ in counted),
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


def _count(tally: _Tally, number: int, asked: Asked, heard: _Heard) -> None:
    """Add what an entry said, as often as it said so."""
    for mine, its in ((tally.said[number], heard.said), (tally.reasons[number], heard.reasons)):
        for name, count in its.items():
            mine[name] += count * heard.targets  # type: ignore[index]
    for word, count in heard.findings.items():
        tally.findings[word] += count * heard.targets
        tally.via_findings += asked.via * count * heard.targets
    tally.waived += heard.waived * heard.targets


def _is_listed(service: Service, scope: Scope) -> bool:
    """Whether the official list itself puts a service into a scope."""
    in_category = not scope.se_category or service.category in scope.se_category
    has_level = not scope.sla_covers or name_key(scope.sla_covers) in service.sla_covers
    return in_category and has_level and (not scope.service_tag or name_key(scope.service_tag) in service.tags)


def _state(service: Service, spots: Sequence[_Spot]) -> ClauseState:
    if len(spots) == 1 and not service.hosts_without_target:
        return spots[0].state  # of most services, and asked for several times of each
    return state_of_service((spot.state for spot in spots), unseen=bool(service.hosts_without_target))


def _counted(states: Iterable[ClauseState]) -> dict[str, int]:
    counts = Counter(states)
    return {state.value: counts[state] for state in ClauseState if state is not ClauseState.MANUAL}


def _extent(seen: list[bool]) -> str:
    if not seen:
        return "without"
    return "all" if all(seen) else "some" if any(seen) else "none"


def _service(service: Service, spots: list[_Spot], state: ClauseState, tally: _Tally) -> ServiceState:
    return ServiceState(
        name=service.name,
        unit=service.unit,
        category=service.category,
        registered=service.registered,
        state=state,
        findings=sum(spot.findings for spot in spots),
        targets=tuple(it for it in service.targets if it in tally.spots),
        hosts_without_target=len(service.hosts_without_target),
    )


def _groups(seen: _Seen, missing: list[Service], key: Callable[[Service], str]) -> Iterator[Group]:
    """The services of a clause by unit or category, in the order in which they come."""
    names: dict[str, str] = {}
    inside: dict[str, _Seen] = {}
    unseen: Counter[str] = Counter()
    for it in seen:
        inside.setdefault(_noted(names, key(it[0])), []).append(it)
    for service in missing:
        unseen[_noted(names, key(service))] += 1
    for name, shown in names.items():
        own = inside.get(name, [])
        states = [state for _, _, state in own]
        supporting = any(spot.supporting_finding for _, spots, _ in own for spot in spots)
        yield Group(
            name=shown,
            state=state_of_many(states, missing=bool(unseen[name]), supporting=supporting),
            states=_counted(states),
            not_scanned=unseen[name],
            with_findings=sum(any(spot.findings for spot in spots) for _, spots, _ in own),
        )


def _noted(names: dict[str, str], name: str) -> str:
    """The key of a name; how it is spelled first is how it is shown."""
    key = name_key(name)
    names.setdefault(key, name)
    return key


def _whole_state(plan: Plan, seen: _Seen, missing: bool, facts: list[tuple[Fact, Strength]]) -> ClauseState:
    """The state of a clause for the agency or the unit, from its services and the facts of the run."""
    states = {state for _, _, state in seen}
    supporting = any(spot.supporting_finding for _, spots, _ in seen for spot in spots)
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


def _with_via(clause: Clause, made: ClauseAssessment, states: Mapping[str, ClauseState]) -> ClauseAssessment:
    """The clause with the states of those it leads to."""
    via = None if clause.crosswalk is None else clause.crosswalk.via
    if via is None or made.via is None:
        return made
    named = {clause_id: state for clause_id, state in states.items() if via.names(clause_id)}
    return msgspec.structs.replace(made, via=msgspec.structs.replace(made.via, clauses=named))
