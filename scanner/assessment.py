"""What a run adds up to: how much was looked at, how much was seen, what was found. Counts, never a grade."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from scanner.estate import Population, PopulationService, Target
from scanner.findings import Finding, Severity, State
from scanner.journal import Standing
from scanner.parse.list_name import name_key
from scanner.run import Run

MAX_NAMED = 50
"""How many services or targets a figure names; all of them are counted."""


class RegisteredService(msgspec.Struct, frozen=True):
    """A service of the official list, by its name there."""

    name: str
    unit: str


class PopulationFigures(msgspec.Struct, frozen=True):
    """How far the targets reach into the official list of units and services, which is the whole of every share.

    `units` is None when the list names services only: the units of some services are not all units. A service is listed
    when it has a target and observed when one of its targets was; a unit is so when one of its services is.
    """

    document: str
    date: date
    units: int | None
    units_without_service: int
    units_listed: int | None
    units_observed: int | None
    services: int
    services_listed: int
    services_observed: int
    not_listed: tuple[RegisteredService, ...]
    targets_not_registered_count: int
    targets_not_registered: tuple[str, ...]


class Coverage(msgspec.Struct, frozen=True):
    """How much of the list was seen. The list of targets is not the agency's list of services: no share of it is formed.

    `unobserved` counts targets by the reason why nothing of them was seen. `population` is None without an official list.
    """

    targets: int
    units: int
    observed: int
    not_observed: int
    not_reached: int
    unobserved: dict[str, int]
    population: PopulationFigures | None = None


class Assessment(msgspec.Struct, frozen=True):
    """The sums of a run. `findings` counts by severity those that are open, `waived` those that somebody accepted;
    `states` counts every verdict by state, so its `fail` are both.
    """

    coverage: Coverage
    findings: dict[str, int]
    states: dict[str, int]
    waived: dict[str, int]


def assess(run: Run) -> Assessment:
    """Add a run up, in one pass over its findings."""
    adding = Adding()
    for finding in run.findings():
        adding.take(finding)
    return adding.done(run)


class Adding:
    """Takes findings one by one and counts them."""

    def __init__(self) -> None:
        self._severities = dict.fromkeys((severity.word for severity in reversed(Severity)), 0)
        self._waived = dict(self._severities)
        self._states = dict.fromkeys(State, 0)

    def take(self, finding: Finding) -> None:
        """Count one finding."""
        self._states[finding.state] += 1
        if finding.severity is not None:
            (self._severities if finding.is_open else self._waived)[finding.severity] += 1

    def done(self, run: Run) -> Assessment:
        """The sums, with how much of the run's targets was seen."""
        states = {state.value: count for state, count in self._states.items()}
        return Assessment(_coverage(run), self._severities, states, self._waived)


def _coverage(run: Run) -> Coverage:
    reasons: dict[str, int] = {}
    standings = dict.fromkeys(Standing, 0)
    not_reached = 0
    units: set[str] = set()
    count = 0
    observed: dict[str, bool] = {}
    for target, record in run.targets():
        count += 1
        observed[target.id] = record is not None and record.standing is Standing.OBSERVED
        if target.unit:
            units.add(target.unit)
        if record is None:
            not_reached += 1
            continue
        standings[record.standing] += 1
        if record.standing is Standing.NOT_OBSERVED:
            reasons[record.reason] = reasons.get(record.reason, 0) + 1
    return Coverage(
        targets=count,
        units=len(units),
        observed=standings[Standing.OBSERVED],
        not_observed=standings[Standing.NOT_OBSERVED],
        not_reached=not_reached,
        unobserved=dict(sorted(reasons.items())),
        population=_within(run.manifest.estate.population, run.manifest.estate.targets, observed),
    )


def _within(
    population: Population | None, targets: Iterable[Target], observed: Mapping[str, bool]
) -> PopulationFigures | None:
    return None if population is None else population_figures(population, targets, observed)


def population_figures(
    population: Population, targets: Iterable[Target], observed: Mapping[str, bool]
) -> PopulationFigures:
    """The official list held against the targets; `observed` tells of each target id whether anything of it was seen."""
    register = Register(population)
    listed: set[int] = set()
    seen: set[int] = set()
    units_listed: set[str] = set()
    units_seen: set[str] = set()
    strangers: list[str] = []
    for target in targets:
        unit = name_key(target.unit)
        units_listed.add(unit)
        if observed.get(target.id, False):
            units_seen.add(unit)
        places, known = register.services_of(target)
        listed |= places
        if observed.get(target.id, False):
            seen |= places
        if not known:
            strangers.append(target.id)
    services = population.services
    units_listed |= {name_key(services[place].unit) for place in listed}
    units_seen |= {name_key(services[place].unit) for place in seen}
    units = {name_key(unit.name) for unit in population.units}
    missing = [service for place, service in enumerate(services) if place not in listed]
    return PopulationFigures(
        document=population.document,
        date=population.date,
        units=len(units) if units else None,
        units_without_service=sum(unit.no_service for unit in population.units),
        units_listed=len(units & units_listed) if units else None,
        units_observed=len(units & units_seen) if units else None,
        services=len(services),
        services_listed=len(listed),
        services_observed=len(seen),
        not_listed=tuple(RegisteredService(service.name, service.unit) for service in missing[:MAX_NAMED]),
        targets_not_registered_count=len(strangers),
        targets_not_registered=tuple(strangers[:MAX_NAMED]),
    )


class Register:
    """Finds the services of the official list that a target belongs to: by name and unit, or by host.

    A host that several services share tells of none of them: their portal was seen then, and not each of them.
    """

    def __init__(self, population: Population) -> None:
        self._by_name: dict[tuple[str, str], set[int]] = {}
        self._by_host: dict[str, int] = {}
        self._hosts = Counter(host for service in population.services for host in set(service.hosts))
        for place, service in enumerate(population.services):
            self._by_name.setdefault(_name(service), set()).add(place)
            self._by_host.update({host: place for host in service.hosts if self._hosts[host] == 1})

    def services_of(self, target: Target) -> tuple[set[int], bool]:
        """The places of its services in the list, and whether the list knows the target at all."""
        service, unit = name_key(target.service), name_key(target.unit)
        places: set[int] = set()
        if service:
            places |= self._by_name.get((service, unit), set()) or self._by_name.get((service, ""), set())
        host = target.parsed_url.host
        if host in self._by_host:
            places.add(self._by_host[host])
        return places, bool(places) or host in self._hosts


def _name(service: PopulationService) -> tuple[str, str]:
    return name_key(service.name), name_key(service.unit)


class Conclusions(msgspec.Struct, frozen=True):
    """What an exit code rests on. `worst` is the gravest open finding's severity as a number, -1 without any, and
    `worst_accepted` that of those which somebody accepted; `coverage` the share of targets about which at least something
    could be concluded, in percent. That a question does not arise is a conclusion only where no other was left open: of an
    `http` URL it is known before anything was seen.
    """

    worst: int
    errors: int
    coverage: float
    worst_accepted: int = -1


def conclusions(run: Run) -> Conclusions:
    """Read a run's findings once."""
    worst, worst_accepted, errors = -1, -1, 0
    concluded: set[str] = set()
    without_question: set[str] = set()
    left_open: set[str] = set()
    for finding in run.findings():
        if finding.is_open:
            worst = max(worst, finding.rank)
        else:
            worst_accepted = max(worst_accepted, finding.rank)
        errors += finding.state is State.ERROR
        if finding.state in (State.PASS, State.FAIL):
            concluded.add(finding.target)
        elif finding.state is State.NOT_APPLICABLE:
            without_question.add(finding.target)
        else:
            left_open.add(finding.target)
    concluded |= without_question - left_open
    total = len(run.manifest.estate.targets)
    return Conclusions(worst, errors, 100 * len(concluded) / total if total else 0.0, worst_accepted)
