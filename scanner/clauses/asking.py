"""What is asked for each clause, of which targets, and what a verdict comes to when it answers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.clauses.assessed import GRAVITY, ClauseState, Said
from scanner.clauses.guards import Policy
from scanner.clauses.services import Services
from scanner.estate import Target, Vantage
from scanner.findings import Finding, Severity, Sighting, State
from scanner.frameworks.framework import Clause, Comparison, Crosswalk, Evidence, Guard, Rulebook, Scope, Strength
from scanner.outcomes import Outcome
from scanner.parse.list_name import name_key
from scanner.registry import Check


@dataclass(frozen=True)
class Asked:
    """An entry as it is asked: a clause's own, or through another clause, whose scope and guards hold as well."""

    evidence: Evidence
    strength: Strength
    scopes: tuple[Scope, ...]
    guards: tuple[Guard, ...]
    via: bool = False


@dataclass(frozen=True)
class Plan:
    """A clause with everything that is asked of targets for it, direct entries first. Facts of the run are none of it."""

    clause: Clause
    crosswalk: Crosswalk
    asked: tuple[Asked, ...]

    @property
    def decides(self) -> bool:
        """Whether anything at a target may decide the clause."""
        return any(it.strength is Strength.DIRECT for it in self.asked)


def plans(rulebook: Rulebook) -> Iterator[Plan]:
    """What is asked for every clause that something speaks to."""
    crosswalks = {clause.id: clause.crosswalk for clause in rulebook.clauses() if clause.crosswalk is not None}
    for clause in rulebook.clauses():
        if clause.crosswalk is not None:
            asked = [*_own(clause.crosswalk), *_through_others(clause.crosswalk, crosswalks)]
            asked.sort(key=lambda it: (it.strength is not Strength.DIRECT, it.via))
            yield Plan(clause, clause.crosswalk, tuple(asked))


def _own(crosswalk: Crosswalk) -> Iterator[Asked]:
    for it in crosswalk.evidence:
        if not it.is_run_fact:
            yield Asked(it, it.strength, (crosswalk.scope,), crosswalk.guards)


def _through_others(crosswalk: Crosswalk, others: Mapping[str, Crosswalk]) -> Iterator[Asked]:
    via = crosswalk.via
    for clause_id, other in others.items():
        if via is not None and via.names(clause_id):
            for it in _own(other):
                yield Asked(
                    it.evidence,
                    via.strength,
                    (crosswalk.scope, other.scope),
                    (*crosswalk.guards, *other.guards),
                    via=True,
                )


# -- of which targets


def keys(scope: Scope) -> list[str]:
    """The keys of a scope that are set."""
    return [name for name in scope.__struct_fields__ if getattr(scope, name)]


@dataclass(frozen=True)
class Scoping:
    """Which targets a scope takes in."""

    services: Services
    vantage: Vantage

    def takes(self, scope: Scope, target: Target) -> bool:
        """Whether a target matches every key of a scope."""
        return all(self.meets(scope, key, target) for key in keys(scope))

    def meets(self, scope: Scope, key: str, target: Target) -> bool:
        """Whether a target matches one key. What nobody declared, no target matches."""
        match key:
            case "kinds":
                return not scope.kinds.isdisjoint(target.kinds)
            case "se_category":
                return self.services.category(target) in scope.se_category
            case "vantage":
                return scope.vantage is self.vantage
            case "service_tag":
                return any(name_key(scope.service_tag) in service.tags for service in self.services.of(target))
            case "opt_in":
                return not scope.opt_in.isdisjoint(target.opt_in)
            case "sla_covers":
                return any(name_key(scope.sla_covers) in service.sla_covers for service in self.services.of(target))
        raise ValueError(f"no rule for the scope key {key!r}")


# -- what a verdict comes to


@dataclass(frozen=True)
class Hearing:
    """Hears verdicts for entries."""

    rulebook: Rulebook
    policy: Policy
    checks: Mapping[str, Check]
    heard: dict[tuple[object, ...], Said] = field(default_factory=dict)
    held: dict[tuple[object, ...], Said] = field(default_factory=dict)

    def hear(self, asked: Asked, finding: Finding, target: Target) -> Said:
        """What a verdict comes to for an entry: the gravest of what it says of each address."""
        heard = self._gravest(asked.evidence, finding)
        if heard is not Said.PASS:
            return heard
        if asked.evidence.silent:
            return Said.SILENT
        if target.params or not asked.guards or any(guard.op is Comparison.ORIGIN for guard in asked.guards):
            return self._held(asked, target)
        key = (id(asked), target.addresses)  # a plan's entries live as long as this
        if (said := self.held.get(key)) is None:
            said = self.held[key] = self._held(asked, target)
        return said

    def _held(self, asked: Asked, target: Target) -> Said:
        """A pass, held against the guards."""
        kept = [self.policy.keeps(guard, asked.evidence.check, target) for guard in asked.guards]
        return Said.LOOSENED if False in kept else Said.UNPROVEN if None in kept else Said.PASS

    def _gravest(self, evidence: Evidence, finding: Finding) -> Said:
        """The gravest of all sightings. Many entries ask the same of a verdict seen at one address: that is kept."""
        if len(finding.sightings) > 1:
            return min((self._part(evidence, finding, it) for it in finding.sightings), key=GRAVITY.index)
        seen = (finding.sightings or (Sighting("", finding.state, finding.outcome, finding.reason),))[0]
        key = (
            *(evidence.check, evidence.variants, finding.subject.kind, seen.state, seen.outcome),
            *(finding.outcome, finding.severity, finding.waiver is None),
        )
        if (said := self.heard.get(key)) is None:
            said = self.heard[key] = self._part(evidence, finding, seen)
        return said

    def _part(self, evidence: Evidence, finding: Finding, sighting: Sighting) -> Said:
        """What one sighting comes to, by the variants that the entry takes."""
        if evidence.variants and (classes := self.rulebook.classes.get(evidence.check)) is not None:
            variant = classes.subjects.get(finding.subject.kind) or classes.outcomes.get(sighting.outcome)
            if variant is not None and variant not in evidence.variants:
                is_sound = set(evidence.variants) <= set(classes.sound.get(sighting.outcome, ()))
                return Said.PASS if is_sound else Said.NOTHING
        if sighting.state is not State.FAIL:
            return Said(sighting.state.value)
        if self._severity(evidence.check, finding, sighting) == Severity.INFO.word:
            return Said.INFORMATION
        return Said.FINDING if finding.waiver is None else Said.WAIVED

    def _severity(self, check_id: str, finding: Finding, sighting: Sighting) -> str | None:
        """The severity of what was seen at one address, which may be milder than that of the whole."""
        check = self.checks.get(check_id)
        if sighting.outcome != finding.outcome and check is not None:
            for outcome in check.outcomes:
                if isinstance(outcome, Outcome) and outcome.key == sighting.outcome:
                    return outcome.severity.word
        return finding.severity


# -- what it adds up to


def state_at_target(decides: bool, direct: Iterable[Counter[Said]], supporting: Counter[Said]) -> ClauseState:
    """What a clause comes to at one target. `direct` has what each direct entry said, but for silent ones without finding.

    One direct entry that could not be concluded keeps the others from being support: the part nobody saw may be the bad one.
    """
    if not decides:
        spoke = supporting[Said.FINDING] or supporting[Said.PASS]
        return ClauseState.MATERIAL if spoke else ClauseState.NOT_OBSERVED
    direct = list(direct)
    if any(said[Said.FINDING] for said in direct):
        return ClauseState.TO_EXPLAIN
    if not any(said[Said.PASS] for said in direct) or not all(map(is_settled, direct)):
        return ClauseState.NOT_OBSERVED
    return ClauseState.MIXED if supporting[Said.FINDING] else ClauseState.SUPPORTS


_SETTLED = frozenset({Said.PASS, Said.NOT_APPLICABLE, Said.INFORMATION})


def is_settled(said: Counter[Said]) -> bool:
    """Whether an entry leaves nothing open at a target: it passed or does not apply, and nothing else was said."""
    spoken = {it for it, count in said.items() if count and it is not Said.NOTHING}
    return bool(spoken) and spoken <= _SETTLED


def state_of_service(states: Iterable[ClauseState], *, unseen: bool = False) -> ClauseState:
    """A service is as its worst endpoint, and supports only when all of them do. `unseen`: it has endpoints nobody scans."""
    found = {*states, *((ClauseState.NOT_OBSERVED,) if unseen else ())}
    for state in (ClauseState.TO_EXPLAIN, ClauseState.MATERIAL, ClauseState.NOT_OBSERVED, ClauseState.MIXED):
        if state in found:
            return state
    return ClauseState.SUPPORTS if found else ClauseState.NOT_OBSERVED


def state_of_many(states: Iterable[ClauseState], *, missing: bool = False, supporting: bool = False) -> ClauseState:
    """The state of a unit, a category or the agency: `supports` when every service does, `mixed` when only a part does.

    `missing`: there are services nobody looked at. `supporting`: a supporting entry has a finding.
    """
    found = set(states)
    for state in (ClauseState.TO_EXPLAIN, ClauseState.MATERIAL):
        if state in found:
            return state
    if not found & {ClauseState.SUPPORTS, ClauseState.MIXED}:
        return ClauseState.NOT_OBSERVED
    return ClauseState.MIXED if missing or supporting or found != {ClauseState.SUPPORTS} else ClauseState.SUPPORTS
