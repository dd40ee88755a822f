"""Needs: what a check asks for, as typed values.

A need says two things: which probes must be observed for it (before the scan), and what its value is, given what was
stored (after the scan). Between the two nothing is shared but the target and the manifest, so a verdict can be derived
again years later. Values are either `T`, or `Unobserved`, or `NotApplicable`; a check is only called when all its needs
have a `T`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast, overload

import msgspec

from scanner.estate import Redirection, Target
from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Crashed, Observation, Withheld
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.probes.probe import Probe

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
I = TypeVar("I")  # noqa: E741 - an item
O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

MAX_ITEMS = 1000
"""Most things of one kind (cookies, pages) that a check is run for at one place."""


class EstateFact(msgspec.Struct, frozen=True):
    """What a check of the whole estate notes of a target: `key` brings it together with others, `detail` is what the check
    wants to know then."""

    key: str
    detail: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("a fact without a key meets no other")


class Setting(msgspec.Struct, frozen=True):
    """What of the run's manifest a need may look at: it changes what is asked, so it is stored with the run."""

    agent: str
    redirections: tuple[Redirection, ...] = ()
    ask_issuers: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """One item in hand: whose it is, what tells it apart in findings, and the evidence that showed it."""

    each: "Each[Any]"
    key: str
    item: Any
    evidence: frozenset[str]
    levels: frozenset[Replay]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a need is looked at: a target, perhaps one of its endpoints, perhaps one item found there.

    `endpoints` are all at which the target is looked at.
    """

    target: Target
    setting: Setting
    endpoint: Endpoint | None = None
    items: tuple[Held, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def key(self) -> tuple[str | int, ...]:
        """Tells places of one target apart; items by identity, for two cookies may have one name."""
        where = () if self.endpoint is None else (self.endpoint.host, self.endpoint.port, self.endpoint.address)
        return (*where, *(id(held.item) for held in self.items))

    def at(self, endpoint: Endpoint) -> "Place":
        """The same target, at this endpoint."""
        return Place(self.target, self.setting, endpoint, self.items, self.endpoints)

    def holding(self, held: Held) -> "Place":
        """The same place, with one item in hand."""
        return Place(self.target, self.setting, self.endpoint, (*self.items, held), self.endpoints)


@dataclass(frozen=True, slots=True)
class Evaluated(Generic[T_co]):
    """A need's value, the digests it rests on, and how strongly they can be replayed."""

    value: "T_co | Unobserved | NotApplicable"
    evidence: frozenset[str] = frozenset()
    levels: frozenset[Replay] = frozenset()


class Facts(Protocol):
    """What was stored about one target, as needs see it."""

    def stored(self, probe: Probe[O]) -> tuple[Observation, str] | None:
        """The observation filed under this probe and its digest, None when there is none."""

    def by_digest(self, digest: str) -> Observation | None:
        """An observation that a composite was put together from."""

    def evaluate(self, need: "Need[T]", place: Place) -> Evaluated[T]:
        """The need's value at a place, computed once."""


class Need(Generic[T_co]):
    """Something a check asks for. Compared by identity: two needs are the same when they are the same object."""

    name: str

    def sources(self) -> "Iterator[Need[Any]]":
        """The needs whose probes are all that this one's come to: itself, or those that it is made from."""
        yield self

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """The probes whose observations this need rests on, as far as they are known at this place."""
        raise NotImplementedError

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[T_co]:
        """The value at this place."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Fact(Need[O]):
    """What one probe saw. `build` names the probe at a place, or says why there is none to be made."""

    name: str
    kind: type[O]
    build: Callable[[Place], "Probe[O] | Unobserved | NotApplicable"]

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """That probe."""
        probe = self.build(place)
        if isinstance(probe, Probe):
            yield probe

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[O]:
        """The stored observation."""
        probe = self.build(place)
        if not isinstance(probe, Probe):
            return Evaluated(probe)
        found = facts.stored(probe)
        if found is None:
            return Evaluated(Unobserved(Reason.NOT_RECORDED, f"this run has no {self.name}"))
        observation, digest = found
        evidence = frozenset({digest})
        if isinstance(observation, Crashed | Withheld):
            return Evaluated(observation.failure, evidence | set(observation.parts))
        if not isinstance(observation, self.kind) or not probe.is_answered_by(observation):
            return Evaluated(Unobserved(Reason.ALTERED, f"{self.name} is stored as something else"), evidence)
        return Evaluated(observation, evidence, frozenset({observation.replay}))


@dataclass(frozen=True, eq=False)
class Several(Need[tuple[O | Unobserved, ...]]):
    """What several probes of one kind saw, each a value or a reason of its own: one that failed does not erase the others."""

    name: str
    kind: type[O]
    build: Callable[[Place], Sequence[Probe[O]]]

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those probes."""
        yield from self.build(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[tuple[O | Unobserved, ...]]:
        """The stored observations in the order of their probes; a fault of ours at one of them is a fault of the whole."""
        values: list[O | Unobserved] = []
        evidence: set[str] = set()
        levels: set[Replay] = set()
        for probe in self.build(place):
            found = self._fact(probe).evaluate(facts, place)
            evidence |= found.evidence
            levels |= found.levels
            if isinstance(found.value, NotApplicable):
                continue  # no probe that was built does not apply
            if isinstance(found.value, Unobserved) and found.value.reason in OUR_FAULTS:
                return Evaluated(found.value, frozenset(evidence))
            values.append(found.value)
        return Evaluated(tuple(values), frozenset(evidence), frozenset(levels))

    def _fact(self, probe: Probe[O]) -> Fact[O]:
        return Fact(self.name, self.kind, lambda _: probe)


@dataclass(frozen=True, eq=False)
class Told(Need[T]):
    """What the owner declared about the target: no observation, so it adds no evidence of its own."""

    name: str
    read: Callable[[Place], T]

    def probes(self, place: Place) -> Iterator[Probe[Any]]:  # noqa: ARG002
        """None."""
        return iter(())

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[T]:  # noqa: ARG002
        """As it stands in the manifest."""
        return Evaluated(self.read(place))


@dataclass(frozen=True, eq=False)
class Parts(Need[tuple[O, ...]]):
    """The observations a composite was put together from, in its order."""

    whole: "Fact[Any]"
    kind: type[O]

    def sources(self) -> Iterator[Need[Any]]:
        """The whole."""
        return self.whole.sources()

    @property
    def name(self) -> str:  # type: ignore[override]  # derived from the whole's name
        """After the whole."""
        return f"parts of {self.whole.name}"

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those of the whole."""
        return self.whole.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[tuple[O, ...]]:
        """The parts, all of them or none."""
        whole = facts.evaluate(self.whole, place)
        if isinstance(whole.value, Unobserved | NotApplicable):
            return Evaluated(whole.value, whole.evidence, whole.levels)
        parts: list[O] = []
        evidence = set(whole.evidence)
        levels = set(whole.levels)
        for digest in whole.value.parts:
            part = facts.by_digest(digest)
            evidence.add(digest)
            if isinstance(part, Crashed | Withheld):
                return Evaluated(part.failure, frozenset(evidence))
            if not isinstance(part, self.kind):
                missing = Unobserved(Reason.NOT_RECORDED, f"a part of {self.whole.name} is missing")
                return Evaluated(missing, frozenset(evidence))
            parts.append(part)
            levels.add(part.replay)
        probe = self.whole.build(place)
        if isinstance(probe, Probe) and not probe.is_made_of(whole.value, parts):
            return Evaluated(
                Unobserved(Reason.ALTERED, f"{self.whole.name} is made of other parts"), frozenset(evidence)
            )
        return Evaluated(tuple(parts), frozenset(evidence), frozenset(levels))


@dataclass(frozen=True, eq=False)
class Derived(Need[T]):
    """A pure, memoised function of other needs.

    It is called when all of them have values, and may itself answer Unobserved or NotApplicable. `replay` lowers the
    level: a certificate the library reported is attested although the exchange around it is kept raw.
    """

    name: str
    needs: tuple[Need[Any], ...]
    fold: Callable[..., "T | Unobserved | NotApplicable"]
    replay: Replay | None = None

    def sources(self) -> Iterator[Need[Any]]:
        """Those of the needs."""
        for need in self.needs:
            yield from need.sources()

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those of the needs."""
        for need in self.needs:
            yield from need.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[T]:
        """The function's answer, or the first reason in its way."""
        values, evidence, levels, obstacle = gather(facts, self.needs, place)
        if obstacle is not None:
            return Evaluated(obstacle, evidence, levels)
        if self.replay is not None:
            levels = frozenset({self.replay})
        return Evaluated(self.fold(*values), evidence, levels)


@dataclass(frozen=True, eq=False)
class Maybe(Need["T | Unobserved"]):
    """Hands over the reason instead of keeping the check from being called."""

    need: Need[T]

    def sources(self) -> Iterator[Need[Any]]:
        """Those of the need inside."""
        return self.need.sources()

    @property
    def name(self) -> str:  # type: ignore[override]  # derived from the inner need's name
        """After the need inside."""
        return self.need.name

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those of the need inside."""
        return self.need.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated["T | Unobserved"]:
        """The value or the reason; a fault of ours stays one, and what does not apply was not asked."""
        inner = facts.evaluate(self.need, place)
        why = inner.value
        if isinstance(why, NotApplicable):
            why = Unobserved(Reason.NOT_ASKED, why.en)
        if isinstance(why, Unobserved) and why.reason not in OUR_FAULTS:
            return Evaluated(cast("T | Unobserved", Reasoned(why)), inner.evidence, inner.levels)
        return cast("Evaluated[T | Unobserved]", inner)


@dataclass(frozen=True, slots=True)
class At(Generic[T_co]):
    """What was seen at one address."""

    address: str
    value: "T_co | Unobserved"


@dataclass(frozen=True, eq=False)
class Everywhere(Need[tuple[At[T], ...]]):
    """A need at every endpoint at which the target is looked at, each a value or a reason of its own."""

    need: Need[T]

    def sources(self) -> Iterator[Need[Any]]:
        """Those of the need inside."""
        return self.need.sources()

    @property
    def name(self) -> str:  # type: ignore[override]  # derived from the inner need's name
        """After the need inside."""
        return f"{self.need.name} at every address"

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those of the need inside: each endpoint has its own turn."""
        return self.need.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[tuple[At[T], ...]]:
        """The values in the order of the endpoints; a fault of ours at one, or that it does not apply, goes for the whole."""
        values: list[At[T]] = []
        evidence: set[str] = set()
        levels: set[Replay] = set()
        for endpoint in place.endpoints or filter(None, (place.endpoint,)):
            found = facts.evaluate(self.need, place.at(endpoint))
            evidence |= found.evidence
            levels |= found.levels
            value = found.value
            if isinstance(value, NotApplicable) or (isinstance(value, Unobserved) and value.reason in OUR_FAULTS):
                return Evaluated(value, found.evidence, found.levels)
            values.append(At(endpoint.address, value))
        return Evaluated(tuple(values), frozenset(evidence), frozenset(levels))


OUR_FAULTS = frozenset({Reason.INTERNAL, Reason.ALTERED})


@dataclass(frozen=True, slots=True)
class Reasoned:
    """An Unobserved on its way to a check as a value; taken off again when the check is called."""

    unobserved: Unobserved


def gather(
    facts: Facts, needs: Sequence[Need[Any]], place: Place
) -> tuple[list[Any], frozenset[str], frozenset[Replay], Unobserved | NotApplicable | None]:
    """The values of all needs with their joint evidence, and what stands in the way if anything does.

    What does not apply comes before what was not observed: a question that does not arise is not unanswered.
    """
    values: list[Any] = []
    evidence: set[str] = set()
    levels: set[Replay] = set()
    obstacles: list[Unobserved | NotApplicable] = []
    for need in needs:
        found = facts.evaluate(need, place)
        evidence |= found.evidence
        levels |= found.levels
        if isinstance(found.value, Unobserved | NotApplicable):
            obstacles.append(found.value)
        else:
            values.append(found.value.unobserved if isinstance(found.value, Reasoned) else found.value)
    obstacles.sort(key=lambda obstacle: isinstance(obstacle, Unobserved))
    return values, frozenset(evidence), frozenset(levels), obstacles[0] if obstacles else None


@dataclass(frozen=True, eq=False)
class Each(Need[I]):
    """A check with `each=` runs once for every one of these, and may ask for the one in hand as a need."""

    name: str
    within: "Each[Any] | None" = None
    source: Need[Sequence[I]] | None = None
    subject: Callable[[I], str] = field(default=str)

    def sources(self) -> Iterator[Need[Any]]:
        """Those of what shows how many there are."""
        if self.source is not None:
            yield from self.source.sources()

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those that show how many there are."""
        if self.source is not None:
            yield from self.source.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[I]:  # noqa: ARG002
        """The one in hand, resting on what showed it."""
        for held in place.items:
            if held.each is self:
                return Evaluated(cast("I", held.item), held.evidence, held.levels)
        raise LookupError(f"{self.name} is asked for outside each={self.name}")

    def places(self, facts: Facts, place: Place) -> Iterator["tuple[Place, Evaluated[Any] | None]"]:
        """Every place to run at; instead of one, the evaluation that says why there is none."""
        outer: Iterator[tuple[Place, Evaluated[Any] | None]] = iter([(place, None)])
        if self.within is not None:
            outer = self.within.places(facts, place)
        for spot, obstacle in outer:
            if obstacle is not None or self.source is None:
                yield spot, obstacle
                continue
            found = facts.evaluate(self.source, spot)
            if isinstance(found.value, Unobserved | NotApplicable):
                yield spot, found
                continue
            if not found.value:
                none = NotApplicable(f"There is no {self.name}", f"Tidak ada {self.name}")
                yield spot, Evaluated(none, found.evidence, found.levels)
            for item in found.value[:MAX_ITEMS]:
                yield spot.holding(Held(self, self.subject(item), item, found.evidence, found.levels)), None
            if len(found.value) > MAX_ITEMS:
                rest = Unobserved(Reason.TOO_LARGE, f"more than {MAX_ITEMS} of {self.name}; the rest was not looked at")
                yield spot, Evaluated(rest, found.evidence, found.levels)


@overload
def derived(
    a: Need[A], /, *, name: str = ..., replay: Replay | None = ...
) -> Callable[[Callable[[A], T | Unobserved | NotApplicable]], Derived[T]]: ...
@overload
def derived(
    a: Need[A], b: Need[B], /, *, name: str = ..., replay: Replay | None = ...
) -> Callable[[Callable[[A, B], T | Unobserved | NotApplicable]], Derived[T]]: ...
@overload
def derived(
    a: Need[A], b: Need[B], c: Need[C], /, *, name: str = ..., replay: Replay | None = ...
) -> Callable[[Callable[[A, B, C], T | Unobserved | NotApplicable]], Derived[T]]: ...
@overload
def derived(
    a: Need[A], b: Need[B], c: Need[C], d: Need[D], /, *, name: str = ..., replay: Replay | None = ...
) -> Callable[[Callable[[A, B, C, D], T | Unobserved | NotApplicable]], Derived[T]]: ...
def derived(
    *needs: Need[Any], name: str = "", replay: Replay | None = None
) -> Callable[[Callable[..., Any]], Derived[Any]]:
    """Make a function of needs into a need of its own. The function must be pure: no clock, no network, no globals."""

    def wrap(fold: Callable[..., Any]) -> Derived[Any]:
        return Derived(name or fold.__name__.replace("_", " "), needs, fold, replay)

    return wrap


def maybe(need: Need[T]) -> Need[T | Unobserved]:
    """The need, or the reason why it has no value: for checks that can still say something then."""
    return Maybe(need)


def everywhere(need: Need[T]) -> Need[tuple[At[T], ...]]:
    """The need at every endpoint at which the target is looked at: for checks that hold its addresses together."""
    return Everywhere(need)


def parts_of(whole: Fact[Any], kind: type[O]) -> Need[tuple[O, ...]]:
    """The observations a composite probe made on its way."""
    return Parts(whole, kind)
