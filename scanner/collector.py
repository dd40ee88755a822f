"""The collector: observes one target, each fact once, and hands over what was seen, redacted and frozen.

Two traps shape it. Shared work is shielded: when one waiter's time is up, the others still get their answer. And only
leaf input/output holds a slot of the gate, so composites that wait for one another cannot starve; a ring of probes that
wait for each other is found before it closes.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import msgspec

from scanner.estate import Target
from scanner.journal import Standing, TargetRecord
from scanner.needs import Setting
from scanner.network import Budget, Gate
from scanner.observations.endpoint import Resolution
from scanner.observations.http import Answer, BrokenHandshake, Exchange, Handshake
from scanner.observations.observation import Crashed, Observation, digest, encode
from scanner.observations.steps import Reason, Unobserved
from scanner.plan import ceiling_of, checks_for, choosing, endpoints_of, first_wave, places_of, resolving
from scanner.probes.probe import Order, Probe, ProbeFailedError, Record, Surroundings
from scanner.profiles import Profile
from scanner.registry import Check
from scanner.scope import Scope

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation
SHARED_KEPT = 4096
"""Facts about no single target (a resolved name, a trust store) that are remembered through a run."""
MAX_PROBES_PER_TARGET = 2000

log = logging.getLogger("pindai.collector")


class ProbeCycleError(RuntimeError):
    """Probes that wait for one another in a ring: our fault, found before it hangs."""


class Collected(msgspec.Struct, frozen=True):
    """What one target gave: its record, probe key -> digest, digest -> stored bytes."""

    record: TargetRecord
    filed: dict[str, str]
    observations: dict[str, bytes]


class _Settled(msgspec.Struct, frozen=True):
    """A finished probe: what it saw, and the bytes and digest of its redacted form."""

    observation: Observation
    stored: bytes
    digest: str


class Collector:
    """Observes targets through one gate. Remembers what is shared between them, and nothing else."""

    def __init__(
        self,
        gate: Gate,
        profile: Profile,
        setting: Setting,
        surroundings: Surroundings,
        checks: tuple[Check, ...],
    ) -> None:
        self.gate = gate
        self.profile = profile
        self.setting = setting
        self.surroundings = surroundings
        self._checks = checks
        self.shared: OrderedDict[Probe[Any], asyncio.Task[_Settled]] = OrderedDict()

    async def collect(self, target: Target) -> Collected:
        """Observe one target to its end: resolve, then at each endpoint what the checks need, harmless things first."""
        checks = checks_for(target, self._checks)
        ceiling = ceiling_of(target, checks, self.setting, self.profile)
        session = _Session(self, Budget(ceiling, self.profile.timeouts.target_s))
        started = session.now()
        failure: Unobserved | None = None
        try:
            failure = await self._look_at(target, checks, session)
        except ProbeFailedError as error:  # our fault, and this target's alone
            failure = Unobserved(Reason.INTERNAL, str(error))
        finally:
            await session.end()
        standing, why = _standing(failure, session.observed())
        record = TargetRecord(
            id=target.id,
            standing=standing,
            started=started,
            ended=session.now(),
            used=session.budget.used,
            ceiling=ceiling,
            reason=why.reason.value if why else "",
            detail=why.detail if why else "",
        )
        filed, observations = session.harvest()
        return Collected(record, filed, observations)

    async def _look_at(self, target: Target, checks: tuple[Check, ...], session: "_Session") -> Unobserved | None:
        """Resolve, settle on addresses, observe; the reason when there is no address to look at."""
        resolution = (await session.observe(resolving(target, self.setting.redirections))).observation
        endpoints = endpoints_of(target, resolution.outcome, self.setting.redirections, self.profile.caps.addresses)
        choosing_probe = choosing(target, self.setting, endpoints)
        choice = None if choosing_probe is None else (await session.observe(choosing_probe)).observation
        places = places_of(target, self.setting, endpoints, choice)
        probes = {probe: None for place in places for probe in first_wave(checks, place)}
        for order in Order:
            await session.observe_all(probe for probe in probes if probe.order is order)
        return resolution.outcome if isinstance(resolution.outcome, Unobserved) and not endpoints else None

    def remember(self, probe: Probe[Any], task: "asyncio.Task[_Settled]") -> None:
        """Keep a shared probe's answer for the targets to come."""
        self.shared[probe] = task
        while len(self.shared) > SHARED_KEPT:
            self.shared.popitem(last=False)


def _standing(failure: Unobserved | None, observed: Iterable[Observation]) -> tuple[Standing, Unobserved | None]:
    """Whether anything of the target answered, and if not, the first reason why."""
    if failure is not None:
        return Standing.NOT_OBSERVED, failure
    why: Unobserved | None = None
    for observation in observed:
        if isinstance(observation, Exchange):
            if isinstance(observation.answer, Answer) or isinstance(observation.tls, Handshake | BrokenHandshake):
                return Standing.OBSERVED, None
            why = why or observation.answer
        elif isinstance(observation, Crashed):
            why = why or observation.failure
    return Standing.NOT_OBSERVED, why or Unobserved(Reason.PREREQUISITE, "nothing was asked of it")


class _Session:
    """One target's laboratory: single flight, who waits for whom, and the harvest."""

    def __init__(self, collector: Collector, budget: Budget) -> None:
        self.collector = collector
        self.gate = collector.gate
        self.profile = collector.profile
        self.surroundings = collector.surroundings
        self.budget = budget
        self._tasks: dict[Probe[Any], asyncio.Task[_Settled]] = {}
        self._waits: dict[Probe[Any], set[Probe[Any]]] = {}

    def now(self) -> datetime:
        """The time, aware UTC."""
        return datetime.now(UTC)

    def ticks(self) -> float:
        """Milliseconds of a steady clock."""
        return time.monotonic() * 1000

    async def pause(self, seconds: float) -> None:
        """Wait without holding a slot."""
        await asyncio.sleep(seconds)

    async def observe(self, probe: Probe[O]) -> Record[O]:
        """The record of a probe asked for by the plan itself."""
        return await self.observe_for(None, probe)

    async def observe_all(self, probes: Iterable[Probe[Any]]) -> None:
        """Observe several at once; a crash is an observation too."""
        tasks = [self._task(probe) for probe in probes]
        if tasks:
            await asyncio.wait(tasks)

    async def observe_for(self, waiter: Probe[Any] | None, probe: Probe[O]) -> Record[O]:
        """The record of a probe, asked once however many wait. Raises ProbeFailedError, ProbeCycleError."""
        if waiter is not None:
            self._waits.setdefault(waiter, set()).add(probe)
            if self._reaches(probe, waiter):
                raise ProbeCycleError(f"{waiter} and {probe} wait for one another")
        try:
            settled = await asyncio.shield(self._task(probe))
        finally:
            if waiter is not None:
                self._waits[waiter].discard(probe)
        if isinstance(settled.observation, Crashed):
            raise ProbeFailedError(str(settled.observation.failure.detail))
        return Record(cast("O", settled.observation), settled.digest)

    def _reaches(self, start: Probe[Any], goal: Probe[Any]) -> bool:
        seen: set[Probe[Any]] = set()
        open_ends = [start]
        while open_ends:
            probe = open_ends.pop()
            if probe == goal:
                return True
            if probe not in seen:
                seen.add(probe)
                open_ends.extend(self._waits.get(probe, ()))
        return False

    def _task(self, probe: Probe[Any]) -> "asyncio.Task[_Settled]":
        if (task := self._tasks.get(probe)) is not None:
            return task
        if probe.shared:
            task = self.collector.shared.get(probe)
            if task is not None and not task.cancelled():
                self._tasks[probe] = task
                return task
        if len(self._tasks) >= MAX_PROBES_PER_TARGET:
            raise RuntimeError(f"more than {MAX_PROBES_PER_TARGET} probes for one target")
        task = self._tasks[probe] = asyncio.create_task(self._settle(probe))
        if probe.shared:
            self.collector.remember(probe, task)
        return task

    async def _settle(self, probe: Probe[Any]) -> _Settled:
        started, ticks = self.now(), self.ticks()
        observation: Observation
        budget = self.budget
        if probe.shared:
            # Its answer is everybody's, so it must not depend on what is left of this one target's budget.
            budget = Budget(probe.ceiling(self.profile), self.profile.timeouts.target_s)
        try:
            observation = await probe.observe(_Bench(self, probe, budget))
        except Exception as error:  # the barrier around one probe: our fault must not end the run
            log.exception("probe %s crashed", probe)
            failure = Unobserved(Reason.INTERNAL, f"{type(error).__name__}: {error}")
            observation = Crashed(started=started, took_ms=self.ticks() - ticks, failure=failure)
        if probe.shared:
            self.budget.used += budget.used
        stored = encode(observation.redacted())
        return _Settled(observation, stored, digest(stored))

    def observed(self) -> Iterable[Observation]:
        """Everything seen so far."""
        return [task.result().observation for task in self._finished().values()]

    def _finished(self) -> dict[Probe[Any], "asyncio.Task[_Settled]"]:
        return {
            probe: task
            for probe, task in self._tasks.items()
            if task.done() and not task.cancelled() and task.exception() is None
        }

    def harvest(self) -> tuple[dict[str, str], dict[str, bytes]]:
        """Probe key -> digest, and digest -> stored bytes, of everything that was seen."""
        filed: dict[str, str] = {}
        observations: dict[str, bytes] = {}
        for probe, task in self._finished().items():
            settled = task.result()
            filed.setdefault(probe.key, settled.digest)  # two that differ in a secret only: the plan's own came first
            observations[settled.digest] = settled.stored
        return filed, observations

    async def end(self) -> None:
        """Stop what still runs for this target alone; shared work goes on for the others."""
        left = [task for probe, task in self._tasks.items() if not task.done() and not probe.shared]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)


class _Bench:
    """The laboratory as one probe sees it: the same, but what it waits for is noted under its name."""

    def __init__(self, session: _Session, probe: Probe[Any], budget: Budget) -> None:
        self._session = session
        self._probe = probe
        self.gate = session.gate
        self.budget = budget
        self.profile = session.profile
        self.surroundings = session.surroundings
        self.now = session.now
        self.ticks = session.ticks
        self.pause = session.pause

    async def observe(self, probe: Probe[O]) -> Record[O]:
        """The record of another probe."""
        return await self._session.observe_for(self._probe, probe)


async def resolve_only(
    targets: Iterable[Target], profile: Profile, surroundings: Surroundings
) -> dict[str, Resolution]:
    """What the targets' names resolve to; DNS traffic and nothing else."""
    gate = Gate(Scope(), profile.pace, profile.timeouts, frozenset(surroundings.resolvers))
    collector = Collector(gate, profile, Setting(""), surroundings, ())
    found: dict[str, Resolution] = {}
    for target in targets:
        probe = resolving(target, surroundings.redirections)
        session = _Session(collector, Budget(probe.ceiling(profile), profile.timeouts.target_s))
        found[target.id] = (await session.observe(probe)).observation
    return found
