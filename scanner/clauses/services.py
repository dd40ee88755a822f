"""Services: those of the official list and those that only the targets name, each with its targets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from scanner.assessment import Register
from scanner.estate import Category, Population, Target
from scanner.parse.list_name import name_key

RANK: Final = (Category.RENDAH, Category.TINGGI, Category.STRATEGIS)


@dataclass
class Service:
    """A service of the official list (`registered`), or one that only the targets name."""

    name: str
    unit: str
    category: Category | None
    tags: frozenset[str] = frozenset()
    sla_covers: frozenset[str] = frozenset()
    sla_limits: Mapping[str, float] = field(default_factory=dict)
    registered: bool = False
    targets: list[str] = field(default_factory=list)
    hosts_without_target: frozenset[str] = frozenset()
    """Its registered names that no target here is at: endpoints of it of which this part of the run shows nothing."""


class Services:
    """The services of an estate, narrowed to one unit when one is named."""

    def __init__(self, targets: Iterable[Target], population: Population | None, unit: str = "") -> None:
        self.targets, self.population = _of_unit(unit, tuple(targets), population)
        self.all = tuple(_services(self.targets, self.population))
        scanned = {target.parsed_url.host for target in self.targets}
        for service in self.all:
            service.hosts_without_target -= scanned
        self._of_target: dict[str, list[Service]] = {}
        for service in self.all:
            for target_id in service.targets:
                self._of_target.setdefault(target_id, []).append(service)

    def of(self, target: Target) -> list[Service]:
        """The services that a target belongs to."""
        return self._of_target.get(target.id, [])

    def category(self, target: Target) -> Category | None:
        """The decided category: that of the official list, else the one that the targets file declares."""
        decided = {it.category for it in self.of(target) if it.registered and it.category is not None}
        return max(decided, key=RANK.index) if decided else target.category


def _of_unit(
    unit: str, targets: tuple[Target, ...], population: Population | None
) -> tuple[tuple[Target, ...], Population | None]:
    """The targets and the part of the official list that belong to one unit; everything when none is named."""
    if not unit:
        return targets, population
    wanted = name_key(unit)
    if population is None:
        return tuple(target for target in targets if name_key(target.unit) == wanted), None
    register = Register(population)

    def belongs(target: Target) -> bool:
        if target.unit:
            return name_key(target.unit) == wanted
        return any(name_key(population.services[it].unit) == wanted for it in register.services_of(target)[0])

    part = msgspec.structs.replace(
        population,
        units=tuple(it for it in population.units if name_key(it.name) == wanted),
        services=tuple(it for it in population.services if name_key(it.unit) == wanted),
    )
    return tuple(filter(belongs, targets)), part


def _services(targets: Iterable[Target], population: Population | None) -> list[Service]:
    """The services of the official list, then those that only the targets name."""
    register = None if population is None else Register(population)
    listed = [
        Service(
            it.name,
            it.unit,
            it.category,
            frozenset(map(name_key, it.tags)),
            frozenset() if it.sla is None else frozenset(map(name_key, it.sla.covers)),
            {} if it.sla is None else it.sla.limits,
            registered=True,
            hosts_without_target=frozenset(it.hosts),
        )
        for it in (() if population is None else population.services)
    ]
    others: dict[tuple[str, str], Service] = {}
    for target in targets:
        places = frozenset[int]() if register is None else register.services_of(target)[0]
        for place in places:
            listed[place].targets.append(target.id)
        if not places:
            key = (name_key(target.service), name_key(target.unit)) if target.service else (target.id, "")
            service = others.setdefault(key, Service(target.service or target.id, target.unit, target.category))
            service.targets.append(target.id)
    return [*listed, *others.values()]
