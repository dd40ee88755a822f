"""The collector: observes one target, each fact once, and hands over what was seen, redacted and frozen.

Two traps shape it. Shared work is shielded: when one waiter's time is up, the others still get their answer. And only
leaf input/output holds a slot of the gate, so composites that wait for one another cannot starve; a ring of probes that
wait for each other is found before it closes.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar, cast

import msgspec

from scanner.blocking import BREAKS_OFF, Refusals
from scanner.cost import Cost
from scanner.estate import AddressPolicy, Estate, Target
from scanner.journal import Standing, TargetRecord
from scanner.needs import Setting
from scanner.network import Budget, Gate, NetworkError
from scanner.observations.dns import DnsAnswer
from scanner.observations.endpoint import Endpoint, Resolution
from scanner.observations.http import Answer, BrokenHandshake, Connected, Exchange, Handshake
from scanner.observations.observation import Crashed, Observation, Withheld, digest, encode
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.url import Url, parse_url
from scanner.plan import (
    ceiling_of,
    checks_for,
    choosing,
    disabled_for,
    endpoints_of,
    first_wave,
    places_of,
    resolving,
)
from scanner.probes.dns import DnsQuery, Resolve
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Order, Probe, ProbeFailedError, Record, StoppedError, Surroundings
from scanner.profiles import Profile
from scanner.registry import Check
from scanner.scope import Scope

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation
SHARED_KEPT = 4096
"""Facts about no single target (a resolved name, a trust store) that are remembered through a run."""
MAX_PROBES_PER_TARGET = 2000
ANSWERED_KEPT = 3
PASSED_BY = 8
"""Targets passed by at an address that is left alone before one is let in, to see; then twice as many, and so on."""
STALE_MS = 600_000.0
"""What a name resolved to so long ago is asked again before the target is observed."""
AGAIN = 100
"""Repetitions of the baseline are numbered from here, so that they are no second try of a check's own."""

log = logging.getLogger("pindai.collector")


class ProbeCycleError(RuntimeError):
    """Probes that wait for one another in a ring: our fault, found before it hangs."""


class Collected(msgspec.Struct, frozen=True):
    """What one target gave: its record, probe key -> digest, digest -> stored bytes.

    `failure` is why nothing answered at its own URL, also when something else of it did.
    """

    record: TargetRecord
    filed: dict[str, str]
    observations: dict[str, bytes]
    failure: Unobserved | None = None


class _Settled(msgspec.Struct, frozen=True):
    """A finished probe: what it saw, and the bytes and digest of its redacted form."""

    observation: Observation
    stored: bytes
    digest: str
    parts: tuple["_Settled", ...] = ()
    """Of a shared probe, what it was put together from: whoever meets its answer files them, too."""


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
        self._stopped_at: Counter[str] = Counter()
        self._passed_by: Counter[str] = Counter()
        self._connected: set[tuple[str, int]] = set()
        self._looked_at: dict[str, TargetRecord] = {}
        self.answered: deque[Endpoint] = deque(maxlen=ANSWERED_KEPT)
        """Where services answered lately."""

    async def look_up(self, target: Target) -> "Lookup":
        """Resolve a target's name, and nothing else: what it showed is remembered until `collect` asks for it."""
        checks = checks_for(target, self._checks)
        session = _Session(self, target, self._budget_of(target, checks))
        endpoints: tuple[Endpoint, ...] = ()
        with contextlib.suppress(ProbeFailedError, StoppedError):  # `collect` meets it again and says so
            resolution = (await session.observe(resolving(target, self.setting.redirections))).observation
            endpoints = endpoints_of(target, resolution.outcome, self.setting.redirections, self.profile.caps.addresses)
        if target.addresses is AddressPolicy.FIRST:
            endpoints = endpoints[:1]
        return Lookup(tuple(dict.fromkeys(it.address for it in endpoints)), session.ticks(), session)

    def _budget_of(self, target: Target, checks: tuple[Check, ...]) -> Budget:
        budget = Budget(ceiling_of(target, checks, self.setting, self.profile), self.profile.timeouts.target_s)
        if (before := self._looked_at.get(target.id)) is not None:
            budget.go_on_from(before.used, before.contacted)
        return budget

    async def collect(self, target: Target, lookup: "Lookup | None" = None) -> Collected:
        """Observe one target to its end: resolve, then at each endpoint what the checks need, harmless things first."""
        checks = checks_for(target, self._checks)
        session = None if lookup is None else lookup.session
        if session is None or lookup is None:
            session = _Session(self, target, self._budget_of(target, checks))
        elif session.ticks() - lookup.ticks_ms > STALE_MS:
            self.forget(target)
            session = _Session(self, target, session.budget)
        started, ticks = session.now(), session.ticks()
        failure: Unobserved | None = None
        try:
            failure = await self._look_at(target, checks, session)
        except ProbeFailedError as error:  # our fault, and this target's alone
            failure = Unobserved(Reason.INTERNAL, str(error))
        except StoppedError as stopped:
            failure = stopped.unobserved
        finally:
            await session.end()
        seen = list(session.observed())
        standing, why = _standing(failure, seen, _unasked(target, self._checks))
        self.answered.extend(
            [it.endpoint for it in seen if isinstance(it, Exchange) and isinstance(it.answer, Answer)][:1]
        )
        record = TargetRecord(
            id=target.id,
            standing=standing,
            started=started,
            ended=started + timedelta(milliseconds=session.ticks() - ticks),  # the clock may have been set meanwhile
            used=session.budget.used,
            ceiling=session.budget.ceiling,
            reason=why.reason.value if why else "",
            detail=self.surroundings.known.masked(why.detail) if why else "",
            contacted=session.budget.contacted,
        )
        self._note_how_we_were_met(target, session, seen)
        filed, observations = session.harvest()
        silence = why or _silence(target, seen)
        return Collected(record, filed, observations, silence and silence.redacted(self.surroundings.known))

    def _note_how_we_were_met(self, target: Target, session: "_Session", seen: Iterable[Observation]) -> None:
        """Count, by address, the targets that turned us away one after the other.

        One whose port takes no connection counts, too, where that very port took some before: it is not this one service
        that is away then, but all behind the address are, or a firewall before it no longer lets us through.
        """
        own = [it for it in seen if isinstance(it, Exchange) and it.url == target.url]
        broken_off = {
            it.endpoint.address
            for it in own
            if isinstance(it.connect, Unobserved) and it.connect.reason in BREAKS_OFF and _place(it) in self._connected
        }
        self._connected.update(_place(it) for it in own if isinstance(it.connect, Connected))
        broken_off -= {it.endpoint.address for it in own if isinstance(it.connect, Connected)}
        for address, refusals in session.refusals():
            if refusals.closed_to_us or address in broken_off:
                self._stopped_at[address] += 1
            elif refusals.was_well:
                del self._stopped_at[address], self._passed_by[address]

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

    async def anybody_answers(self, origins: Iterable[str]) -> bool | None:
        """Whether somebody who must answer when our network is well does: hosts outside the estate that the configuration
        names, and without any, services that answered before. None when there is nobody to ask.

        Where hosts are named they decide alone: a service next door answers also while the line to all others is down.
        """
        asked = False
        for url in map(parse_url, origins):
            asked = True
            if await self._host_answers(url):
                return True
        if asked:
            return False
        for endpoint in self.answered:
            asked = True
            with contextlib.suppress(NetworkError):
                async with self.gate.connection(endpoint, Budget(Cost(connections=1), self.profile.timeouts.connect_s)):
                    return True
        return False if asked else None

    async def _host_answers(self, url: Url) -> bool:
        probe = Resolve.of(url, ())
        budget = Budget(probe.ceiling(self.profile), self.profile.timeouts.target_s)
        self.shared.pop(probe, None)  # whether the resolver answers now is part of the question
        session = _Session(self, Target(id=url.host, url=str(url)), budget)
        try:
            outcome = (await session.observe(probe)).observation.outcome
            if isinstance(outcome, Unobserved):
                return False
            endpoint = Endpoint(url.host, url.port, outcome.addresses[0], outcome.source)
            await self.gate.reach(endpoint, budget)
        except (NetworkError, ProbeFailedError, StoppedError):
            return False
        return True

    def forget(self, target: Target) -> None:
        """Ask for a target's address anew: what was answered is no evidence of now."""
        host = target.parsed_url.host
        for probe in list(self.shared):
            if isinstance(probe, Resolve | DnsQuery) and host in (
                getattr(probe, "host", ""),
                getattr(probe, "name", ""),
            ):
                del self.shared[probe]

    def look_again(self, target: Target, before: TargetRecord) -> None:
        """Make ready for a second look, as if nothing had been seen; what the first one used counts all the same."""
        self.forget(target)
        self._looked_at[target.id] = before
        for contact in before.contacted:
            del self._stopped_at[contact.address], self._passed_by[contact.address]

    def left_alone(self, address: str) -> Unobserved | None:
        """Why this target is not begun at an address: so many targets behind it turned us away. None when it may be.

        Now and then one may, to see: the next that is met well opens the address again for all that follow.
        """
        if (count := self._stopped_at[address]) < self.profile.blocking.targets_per_address:
            return None
        self._passed_by[address] += 1
        rounds, rest = divmod(self._passed_by[address], PASSED_BY + 1)
        if rest == 0 and rounds.bit_count() == 1:  # after so many, twice, four times, eight times as many
            return None
        return Unobserved(Reason.BLOCKED, f"{count} targets behind {address} turned us away, so it is left alone")

    def remember(self, probe: Probe[Any], task: "asyncio.Task[_Settled]") -> None:
        """Keep a shared probe's answer for the targets to come."""
        self.shared[probe] = task
        while len(self.shared) > SHARED_KEPT:
            self.shared.popitem(last=False)


def _unasked(target: Target, checks: Iterable[Check]) -> Unobserved:
    """Why nothing may have been asked of a target: its owner switched everything off, or no check speaks about it."""
    chosen = tuple(checks)
    off = [entry for _, entry in disabled_for(target, chosen)]
    if off and not checks_for(target, chosen):
        return Unobserved(Reason.DISABLED, off[0].reason)
    return Unobserved(Reason.PREREQUISITE, "nothing was asked of it")


def _standing(
    failure: Unobserved | None, observed: Iterable[Observation], unasked: Unobserved
) -> tuple[Standing, Unobserved | None]:
    """Whether anything of the target answered, and if not, the first reason why."""
    if failure is not None:
        return Standing.NOT_OBSERVED, failure
    why: Unobserved | None = None
    for observation in observed:
        if isinstance(observation, Exchange):
            if isinstance(observation.answer, Answer) or isinstance(observation.tls, Handshake | BrokenHandshake):
                return Standing.OBSERVED, None
            why = why or observation.answer
        elif isinstance(observation, Crashed | Withheld):
            why = why or observation.failure
        elif isinstance(heard := observation.answered, Unobserved):
            why = why or heard
        elif heard:
            return Standing.OBSERVED, None
    return Standing.NOT_OBSERVED, why or unasked


def _silence(target: Target, observed: Iterable[Observation]) -> Unobserved | None:
    """Why nothing answered at the target's own URL; None when something did, or nothing was asked."""
    own = [it for it in observed if isinstance(it, Exchange) and it.url == target.url]
    if any(isinstance(it.answer, Answer) or isinstance(it.tls, Handshake | BrokenHandshake) for it in own):
        return None
    return next((it.answer for it in own if isinstance(it.answer, Unobserved)), None)


def _place(exchange: Exchange) -> tuple[str, int]:
    """Where its packets went."""
    return exchange.endpoint.address, exchange.endpoint.dial_port or exchange.endpoint.port


class _Address:
    """One address of a target: whether it still answers us, and the turn-taking that lets us notice in time."""

    def __init__(self, refusals: Refusals, at_once: int) -> None:
        self.refusals = refusals
        self.room = asyncio.Semaphore(at_once)
        self.doubt = asyncio.Lock()


class _Session:
    """One target's laboratory: single flight, who waits for whom, and the harvest."""

    def __init__(self, collector: Collector, target: Target, budget: Budget) -> None:
        self.collector = collector
        self._target = target
        self.gate = collector.gate
        self.profile = collector.profile
        self.surroundings = collector.surroundings
        self.budget = budget
        self._tasks: dict[Probe[Any], asyncio.Task[_Settled]] = {}
        self._waits: dict[Probe[Any], set[Probe[Any]]] = {}
        self._at: dict[str, _Address] = {}
        self._again: dict[HttpExchange, _Settled] = {}

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

    async def saw(self, probe: Probe[Any]) -> Observation:
        """What a probe saw, in the form that may be kept; a crash of ours is an observation, too."""
        settled = await asyncio.shield(self._task(probe))
        return settled.observation.redacted(self.surroundings.known)

    async def observe_all(self, probes: Iterable[Probe[Any]]) -> None:
        """Observe several at once; a crash is an observation too."""
        tasks = [self._task(probe) for probe in probes]
        if tasks:
            await asyncio.wait(tasks)

    async def observe_for(self, waiter: Probe[Any] | None, probe: Probe[O]) -> Record[O]:
        """The record of a probe, asked once however many wait. Raises ProbeFailedError, ProbeCycleError, StoppedError."""
        if waiter is not None:
            self._waits.setdefault(waiter, set()).add(probe)
            if self._reaches(probe, waiter):
                raise ProbeCycleError(f"{waiter} and {probe} wait for one another")
        try:
            task = self._task(probe)
            settled = task.result() if task.done() else await asyncio.shield(task)
        finally:
            if waiter is not None:
                self._waits[waiter].discard(probe)
        if isinstance(settled.observation, Crashed):
            raise ProbeFailedError(str(settled.observation.failure.detail))
        if isinstance(settled.observation, Withheld):
            raise StoppedError(settled.observation.failure)
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
            raise ProbeFailedError(f"more than {MAX_PROBES_PER_TARGET} probes for one target")
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
            observation = await self._see(probe, _Bench(self, probe, budget))
        except StoppedError as stopped:
            observation = Withheld(started=started, took_ms=self.ticks() - ticks, failure=stopped.unobserved)
        except Exception as error:  # the barrier around one probe: our fault must not end the run
            log.exception("probe %s crashed", probe)
            words = self.surroundings.known.masked(f"{type(error).__name__}: {error}")  # before it is cut short
            failure = Unobserved(Reason.INTERNAL, words)
            observation = Crashed(started=started, took_ms=self.ticks() - ticks, failure=failure)
        settled = self._stored(observation)
        if not probe.shared:
            return settled
        self.budget.add(budget)
        parts = (it for it in (task.result() for task in self._finished().values()) if it.digest in observation.parts)
        return msgspec.structs.replace(settled, parts=tuple(parts))

    def _stored(self, observation: Observation) -> _Settled:
        stored = encode(observation.redacted(self.surroundings.known))
        return _Settled(observation, stored, digest(stored))

    # -- whether we are still welcome

    async def _see(self, probe: Probe[O], bench: "_Bench") -> Observation:
        """Observe, unless the target is left alone at the address this probe goes to. Raises StoppedError."""
        if not isinstance(probe, HttpExchange):
            contact = probe.first_contact()
            if contact is not None and (why := self._left_alone(contact[1])) is not None:
                raise StoppedError(why)
            return await probe.observe(bench)
        at = self._at.get(probe.address)
        if at is None:
            refusals = Refusals(self.profile.blocking, self._target.url, self._target.expect.status)
            refusals.stopped = self.collector.left_alone(probe.address)
            at = self._at[probe.address] = _Address(refusals, self.profile.pace.connections_per_address)
        async with at.room:  # here and not in the gate's queue: what was asked last may tell not to ask the next
            async with at.doubt:  # nothing new is asked while the baseline is asked again
                why = at.refusals.stopped
            if why is not None:
                raise StoppedError(why)
            seen = await probe.observe(bench)
            if pause := at.refusals.pause_asked_for(seen):
                self.gate.hold(probe.address, pause)
            if at.refusals.note(probe, seen) and not at.doubt.locked():
                async with at.doubt:
                    await self._ask_again(at.refusals, bench)
            return seen

    def _left_alone(self, endpoint: Endpoint) -> Unobserved | None:
        """Why nothing more is asked at an endpoint: we are not welcome there, or no exchange got a connection."""
        known = self._at.get(endpoint.address)
        if known is not None and known.refusals.stopped is not None:
            return known.refusals.stopped
        seen = [it for it in self.observed() if isinstance(it, Exchange) and it.endpoint == endpoint]
        failed = [it.connect for it in seen if isinstance(it.connect, Unobserved)]
        return failed[0] if failed and len(failed) == len(seen) else None

    async def _ask_again(self, refusals: Refusals, bench: "_Bench") -> None:
        baseline = refusals.baseline
        assert baseline is not None
        again = msgspec.structs.replace(baseline, attempt=AGAIN + refusals.next_recheck())
        await self.pause(self.profile.blocking.pause_s)
        seen = await again.observe(bench)
        self._again[again] = self._stored(seen)
        refusals.settle(seen)

    def refusals(self) -> Iterator[tuple[str, Refusals]]:
        """For each address that was asked, whether it still answers us."""
        return ((address, at.refusals) for address, at in self._at.items())

    def _withheld(self, finished: Mapping[Probe[Any], _Settled]) -> dict[Probe[Any], _Settled]:
        """What may be the firewall's words and not the service's: kept, and put out of the judge's reach by its reason."""
        withheld: dict[Probe[Any], _Settled] = {}
        for address, refusals in self.refusals():
            if refusals.stopped is None or not refusals.was_well:
                continue
            doubtful = {finished[probe].digest for probe in refusals.in_doubt if probe in finished}
            evidence = tuple(self._again[again].digest for again in self._again if again.address == address)
            for probe, settled in finished.items():
                if settled.digest in doubtful or not doubtful.isdisjoint(settled.observation.parts):
                    seen = settled.observation
                    withheld[probe] = self._stored(
                        Withheld(
                            started=seen.started,
                            took_ms=seen.took_ms,
                            failure=refusals.stopped,
                            parts=(settled.digest, *evidence),
                        )
                    )
        return withheld

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
        finished = {probe: task.result() for probe, task in self._finished().items()} | self._again
        withheld = self._withheld(finished)
        for probe, settled in finished.items():
            answer = withheld.get(probe, settled)
            filed.setdefault(probe.key, answer.digest)  # two that differ in a secret only: the plan's own came first
            observations |= {it.digest: it.stored for it in (settled, answer, *settled.parts)}
        return filed, observations

    async def end(self) -> None:
        """Stop what still runs for this target alone; shared work goes on for the others."""
        left = [task for probe, task in self._tasks.items() if not task.done() and not probe.shared]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)


class Lookup(msgspec.Struct, frozen=True):
    """Where a target is: the addresses it will be asked at, when that was looked up, and the session that goes on with it."""

    addresses: tuple[str, ...]
    ticks_ms: float
    session: _Session | None = None


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


def withheld(collected: Collected, why: Unobserved) -> Collected:
    """The same target with everything that was seen put out of the judge's reach, and kept as evidence of the reason."""
    record = collected.record
    observations = dict(collected.observations)
    filed: dict[str, str] = {}
    for probe, seen in collected.filed.items():
        stored = encode(Withheld(started=record.started, took_ms=0.0, failure=why, parts=(seen,)))
        filed[probe] = digest(stored)
        observations[filed[probe]] = stored
    told = msgspec.structs.replace(record, standing=Standing.NOT_OBSERVED, reason=why.reason.value, detail=why.detail)
    return Collected(told, filed, observations)


async def resolve_only(
    targets: Iterable[Target], profile: Profile, surroundings: Surroundings
) -> dict[str, Resolution]:
    """What the targets' names resolve to; DNS traffic and nothing else."""
    gate = Gate(Scope(), profile.pace, profile.timeouts, frozenset(surroundings.resolvers))
    collector = Collector(gate, profile, Setting(""), surroundings, ())
    found: dict[str, Resolution] = {}
    for target in targets:
        probe = resolving(target, surroundings.redirections)
        session = _Session(collector, target, Budget(probe.ceiling(profile), profile.timeouts.target_s))
        found[target.id] = (await session.observe(probe)).observation
    return found


class Met(StrEnum):
    """How the first question to an endpoint was met."""

    HEARD = "heard"
    """What was looked for answered: go on asking."""
    DEAF = "deaf"
    """Something is there, and is not what was looked for: asking on is of no use, here or elsewhere."""
    AWAY = "away"
    """Nobody took the connection: another address may."""


class Looked(msgspec.Struct, frozen=True):
    """What was seen of one service without a run: where, which observation each probe gave, and what that used."""

    endpoint: Endpoint
    seen: dict[Probe[Any], Observation]
    used: Cost
    ceiling: Cost


async def look_closely(
    estate: Estate,
    endpoints: Sequence[Endpoint],
    asking: Callable[[Endpoint], Sequence[Probe[Any]]],
    met: Callable[[Observation], Met],
    profile: Profile,
    surroundings: Surroundings,
) -> Looked:
    """Put probes, one after the other, to the first of these endpoints at which somebody takes the connection.

    For commands that look at one service and keep nothing; `estate` has that one target, and its scope holds. Where nobody
    is there, what the first endpoint showed is returned. Raises ValueError without any endpoint.
    """
    gate = Gate(
        estate.scope,
        profile.pace,
        profile.timeouts,
        frozenset(surroundings.resolvers),
        loopback_only=profile.loopback_only,
    )
    collector = Collector(gate, profile, Setting("", estate.redirections), surroundings, ())
    used, ceiling = Cost(), Cost()
    away: list[Looked] = []
    for endpoint in endpoints:
        probes = asking(endpoint)
        most = Cost().total(probe.ceiling(profile) for probe in probes)
        session = _Session(collector, estate.targets[0], Budget(most, profile.timeouts.target_s))
        try:
            seen = {probes[0]: await session.saw(probes[0])}
            how = met(seen[probes[0]])
            if how is Met.HEARD:
                seen |= {probe: await session.saw(probe) for probe in probes[1:]}
        finally:
            await session.end()
        used, ceiling = used + session.budget.used, ceiling + most
        if how is not Met.AWAY:
            return Looked(endpoint, seen, used, ceiling)
        away.append(Looked(endpoint, seen, used, ceiling))
    if not away:
        raise ValueError("no endpoint to look at")
    return msgspec.structs.replace(away[0], used=used, ceiling=ceiling)


async def ask_resolvers(target: Target, profile: Profile, surroundings: Surroundings) -> tuple[DnsAnswer, ...]:
    """What each resolver says about the address of one target's name; DNS traffic and nothing else."""
    gate = Gate(Scope(), profile.pace, profile.timeouts, frozenset(surroundings.resolvers))
    collector = Collector(gate, profile, Setting(""), surroundings, ())

    async def ask(server: str, port: int) -> DnsAnswer:
        probe = DnsQuery(name=target.parsed_url.host, rdtype="A", server=server, port=port)
        session = _Session(collector, target, Budget(probe.ceiling(profile), profile.timeouts.target_s))
        return (await session.observe(probe)).observation

    return tuple(await asyncio.gather(*(ask(*resolver) for resolver in dict.fromkeys(surroundings.resolvers))))
