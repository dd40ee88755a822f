"""Checks of the whole estate: what only shows when targets are held against one another, or against the lists.

Each target gives small facts (a key and a few words) when it is judged, a pure function of what was observed there. After
the last target all facts with one key come together as a `Group`, in the order of their keys, and the check says what it
makes of them. So a run of thousands of targets holds one group in memory at a time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Unpack

import msgspec

from scanner.estate import Estate
from scanner.locale.speech import say
from scanner.needs import EstateFact, Need
from scanner.observations.steps import NotApplicable
from scanner.outcomes import Passed, Verdict
from scanner.registry import About, Check, RegistryError

MAX_FACTS = 100
"""Most facts of one kind that one target may give at one address: names are a server's to invent."""
MAX_KEY_CHARS = 300
MAX_DETAIL_CHARS = 300


class Member(msgspec.Struct, frozen=True):
    """A fact with the target that gave it: `unit` as lists of names are compared, `address` where it was seen."""

    target: str
    host: str
    unit: str
    address: str
    detail: tuple[str, ...]


class Group(msgspec.Struct, frozen=True):
    """All facts of one key, by target and address."""

    key: str
    members: tuple[Member, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The ids of the targets, each once."""
        return tuple(dict.fromkeys(it.target for it in self.members))

    def first_of_each_unit(self) -> tuple[str, ...]:
        """One target of each unit: where a thing is written down that belongs to no single target."""
        return tuple(sorted({it.unit: it.target for it in reversed(self.members)}.values()))


@dataclass(frozen=True, eq=False)
class EstateView:
    """What a check of the whole estate may know of it beside the facts."""

    estate: Estate = field(repr=False)

    @property
    def targets(self) -> int:
        """How many targets there are."""
        return len(self.estate.targets)

    @property
    def has_domains(self) -> bool:
        """Whether the scope names any name by itself, and not only what somebody typed."""
        return bool(self.estate.scope.names)

    @property
    def lists_are_whole(self) -> bool:
        """Whether everything that lists services could be read: what stands in a file left out is not known."""
        return not self.estate.problems

    @cached_property
    def _listed(self) -> frozenset[str]:
        population = self.estate.population
        registered = () if population is None else (host for it in population.services for host in it.hosts)
        return frozenset((*(it.parsed_url.host for it in self.estate.targets), *registered))

    def is_listed(self, host: str) -> bool:
        """Whether the host is a target's, or stands in the official list."""
        return host in self._listed

    def is_inside(self, host: str) -> bool:
        """Whether the host is in a domain that the scope names: the name itself or one below it."""
        names = (pattern.removeprefix("*.") for pattern in self.estate.scope.names)
        return any(host == name or host.endswith(f".{name}") for name in names)


@dataclass(frozen=True, eq=False, kw_only=True)
class EstateCheck(Check):
    """A check of the whole estate. Its one need gives the facts; `judge` gets a group and the view.

    `otherwise` is said of each target whose facts were all seen and of which no group says anything; it may name `{others}`,
    how many other targets gave facts. `compares`: targets are held against one another, so that nothing can be said of one
    alone, and no pass of any while some were not looked at. `applies` says why the question does not arise in an estate,
    `wanted` which facts are noted at all.
    """

    otherwise: Passed
    compares: bool
    applies: Callable[[EstateView], NotApplicable | None]
    wanted: Callable[[EstateFact, EstateView], bool]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.needs) != 1 or self.each is not None or self.params is not None:
            raise RegistryError(
                say("{id}: a check of the whole estate has one need, its facts, and no parameters", id=self.id)
            )
        if self.otherwise not in self.outcomes:
            raise RegistryError(say("{id}: what it says otherwise is not in its table", id=self.id))

    @property
    def facts(self) -> Need[tuple[EstateFact, ...]]:
        """What gives the facts of a target."""
        (need,) = self.needs
        return need


def several_targets(view: EstateView) -> NotApplicable | None:
    """For checks that hold targets against one another: of one alone there is nothing to say."""
    if view.targets > 1:
        return None
    return NotApplicable("Only one service was looked at", "Hanya satu layanan yang diamati")


def _always(_: EstateView) -> None:
    return None


def _every(_: EstateFact, __: EstateView) -> bool:
    return True


Judging = Callable[[Group, EstateView], Iterator[Verdict]]


def estate_check(
    id: str,
    facts: Need[tuple[EstateFact, ...]],
    /,
    *,
    otherwise: Passed,
    compares: bool,
    applies: Callable[[EstateView], NotApplicable | None] = _always,
    wanted: Callable[[EstateFact, EstateView], bool] = _every,
    **about: Unpack[About],
) -> Callable[[Judging], EstateCheck]:
    """Declare a check of the whole estate: what it notes of each target, and what it can say.

    The function gets one group of facts after the other and yields any number of verdicts, each `about` a subject of its
    own. A verdict is written down at all targets of the group, or at those that it names with `at`.
    """
    return lambda judge: EstateCheck(
        id=id,
        needs=(facts,),
        judge=judge,
        otherwise=otherwise,
        compares=compares,
        applies=applies,
        wanted=wanted,
        **about,
    )
