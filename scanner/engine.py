"""The engine: runs a scan from manifest to findings.

Collecting and judging go on at the same time and meet only in the journal: the collector commits a target, the judge (a
process of its own, so that parsing never distorts timing and a runaway rule can be stopped) takes up what is unjudged. A
run of a few targets is judged in this process after the network is quiet, because starting another costs more.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from scanner.collector import Collected, Collector, withheld
from scanner.doubt import Doubt, Whose
from scanner.estate import Estate, Target
from scanner.estate_judge import EstateJudge, estate_checks_of
from scanner.journal import Journal, JournalError
from scanner.judge import CHECK_SECONDS, Judge
from scanner.judge_worker import PLUGIN, Order
from scanner.network import ASKING_ISSUERS, RULES, Gate
from scanner.observations.steps import Reason, Unobserved
from scanner.outlook import Outlook, could_be_ours
from scanner.parse.url import parse_url
from scanner.plan import NeedError
from scanner.plugins import NO_PLUGINS, Plugins
from scanner.probes.probe import Surroundings
from scanner.registry import Check
from scanner.run import Ending, Run
from scanner.schedule import Schedule

BUSY_A_CONNECTION = 4
"""Targets begun behind one address for each connection it may have at once: more would only wait there."""
CLOCK_JUMP_S = 2.0
"""NTP corrects less than this by slewing; more is a jump."""
JUDGED_HERE = 4
"""Up to so many targets the judge needs no process of its own."""
PATIENCE_SECONDS = CHECK_SECONDS + 5.0
"""How long the worker may say nothing: its own alarm stops a check first, this stops what no alarm can."""

START_SECONDS = 60.0
"""How long a worker may take to start: imports on a busy machine are slow, and are no check's fault."""
JUDGED_TOGETHER = 16
"""Targets handed to the worker at once, and written down in one transaction."""
LOSSES = 3
"""A check that stopped the worker so often is left out for the rest of the run: each loss costs the patience above."""

log = logging.getLogger("pindai.engine")


class Watcher(Protocol):
    """Who is told how the scan goes on."""

    def started(self, target_id: str) -> None:
        """A target is being observed."""

    def done(self, target_id: str) -> None:
        """A target is committed."""


class Scan:
    """One run of a journal: collects what is missing, judges what is unjudged, notes how it ended."""

    def __init__(
        self,
        run: Run,
        checks: Sequence[Check],
        surroundings: Surroundings,
        watcher: Watcher,
        packages: Sequence[str] = ("checks",),
        *,
        heed_windows: bool = True,
        plugins: Plugins = NO_PLUGINS,
    ) -> None:
        self._run = run
        self._journal: Journal = run.journal
        self._checks = tuple(checks)
        self._surroundings = surroundings
        self._watcher = watcher
        self._packages = tuple(packages)
        self._plugins = plugins
        self._heed_windows = heed_windows
        self._interrupted = ""
        self._gate: Gate | None = None
        earlier = run.ending  # of a run that is taken up again: what was in doubt then stays so
        self._doubts: list[Doubt] = [] if earlier is None else list(earlier.doubts)
        self._clock = _Clock(0.0 if earlier is None else earlier.clock_jump_s)

    def perform(self) -> Ending:
        """Scan to the end, or until a signal says stop: what is committed by then is judged and kept."""
        with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._perform())
        if self._judged_here:
            try:
                self._judge_here()
            except KeyboardInterrupt:
                self._interrupted = self._interrupted or "SIGINT"
        sent, refused = ({}, {}) if self._gate is None else (self._gate.sent, self._gate.refused)
        ending = Ending(
            ended=datetime.now(UTC),
            interrupted=self._interrupted,
            traffic={kind.value: count for kind, count in sent.items()},
            refused={kind.value: count for kind, count in refused.items()},
            doubts=tuple(self._doubts),
            clock_jump_s=self._clock.jump_s,
        )
        self._journal.put_end(msgspec.json.encode(ending))
        return ending

    @property
    def _judged_here(self) -> bool:
        return len(self._run.manifest.estate.targets) <= JUDGED_HERE

    # -- collecting

    async def _perform(self) -> None:
        collecting = asyncio.create_task(self._collect())
        with _stopping(collecting, self._note_signal):
            if self._judged_here:
                await asyncio.wait([collecting])
            else:
                found_in = (*self._packages, *(f"{PLUGIN}{it}" for it in self._plugins.exactly))
                await _Supervisor(self._journal, found_in, self._checks).follow(collecting)
        if not collecting.cancelled() and (error := collecting.exception()) is not None:
            raise error

    def _note_signal(self, name: str) -> None:
        self._interrupted = name

    async def _collect(self) -> None:
        manifest = self._run.manifest
        estate, profile = manifest.estate, manifest.profile
        gate = self._gate = Gate(
            estate.scope,
            profile.pace,
            profile.timeouts,
            frozenset(self._surroundings.resolvers),
            loopback_only=profile.loopback_only,
            hosts=reference_hosts(estate),
            rules=ASKING_ISSUERS if estate.ask_issuers else RULES,
        )
        collector = Collector(gate, profile, manifest.setting, self._surroundings, self._checks)
        done = self._journal.committed()
        waiting = [target for target in estate.targets if target.id not in done]
        schedule = Schedule(
            estate,
            waiting,
            collector.look_up,
            at_an_address=BUSY_A_CONNECTION * profile.pace.connections_per_address,
            heed_windows=self._heed_windows,
        )
        collecting = _Collecting(collector, schedule, Outlook(profile.our_side, len(waiting)), estate, self)
        try:
            await collecting.go_on(profile.pace.targets_at_once)
        except* (JournalError, NeedError) as failures:
            raise failures.exceptions[0] from None
        finally:
            self._interrupted = self._interrupted or schedule.ended_by

    def commit(self, collected: Collected) -> None:
        """Write a target down."""
        self._clock.look()
        self._journal.commit(collected.record, collected.filed, collected.observations)
        self._watcher.done(collected.record.id)

    def begin(self, target_id: str) -> None:
        """Somebody looks at a target now."""
        self._watcher.started(target_id)

    def doubt(self, doubt: Doubt) -> None:
        """Remember for the end that our own network was in doubt; what nobody can tell goes on being one doubt."""
        last = self._doubts[-1] if self._doubts else None
        if last is not None and last.whose is doubt.whose is Whose.UNTOLD:
            self._doubts[-1] = msgspec.structs.replace(last, failed=last.failed + doubt.failed, of=last.of + doubt.of)
        else:
            self._doubts.append(doubt)

    # -- judging

    def _judge_here(self) -> None:
        judge = Judge(self._run, self._checks, kinds=self._plugins.observations)
        for target_id in self._journal.unjudged():
            judged = judge.judge_and_note(target_id)
            self._journal.put_all_findings({target_id: judged.findings}, judged.facts)
        if estate_checks_of(self._checks):
            whole = EstateJudge(self._run, judge, self._checks, self._journal)
            self._journal.put_estate_findings(whole.judge(), complete=whole.is_complete)


class _Collecting:
    """Targets being observed side by side, and the question whether what fails is our fault."""

    def __init__(self, collector: Collector, schedule: Schedule, outlook: Outlook, estate: Estate, scan: Scan) -> None:
        self._collector = collector
        self._schedule = schedule
        self._outlook = outlook
        self._estate = estate
        self._scan = scan
        self._asking = asyncio.Lock()
        self._settled: Doubt | None = None
        """The last doubt that could be settled."""
        self._settled_at = datetime.min.replace(tzinfo=UTC)
        """When that was: what was begun before may have failed for the same cause."""
        self._seen_twice: set[str] = set()

    async def go_on(self, at_once: int) -> None:
        """Observe until nothing is left, and then write down what was held back.

        When it is interrupted, nobody has told yet whose fault that was: it is not written down, and --resume looks again.
        """
        while True:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(self._take())
            self._outlook.no_more_come()
            if not (self._outlook.is_in_doubt and await self._ask_around()):
                break
        for held in self._outlook.settle():
            self._scan.commit(held.collected)

    async def _take(self) -> None:
        """Observe one target after the other, as long as there are any."""
        while (job := await self._schedule.next()) is not None:
            self._scan.begin(job.target.id)
            try:
                collected = await self._collector.collect(job.target, job.lookup)
            finally:
                self._schedule.done(job)
            if not self._began_in_doubt(job.target, collected):
                for ready in self._outlook.take(job.target, collected):
                    self._scan.commit(ready)
            async with self._asking:  # who ended a target begins no other while it is asked whose fault this is
                if self._outlook.is_in_doubt:
                    await self._ask_around()

    def _began_in_doubt(self, target: Target, collected: Collected) -> bool:
        """Deal with a target that failed and was begun before the last doubt was settled: what held the others up may
        have held it up, too."""
        if self._settled is None or collected.record.started >= self._settled_at or not could_be_ours(collected):
            return False
        if self._settled.whose is Whose.OURS:
            return True  # not written down: --resume looks at it when our network is well again
        return self._look_again(target, collected)

    def _look_again(self, target: Target, collected: Collected) -> bool:
        """Hand a target back, to be observed a second time; false when that was the second time."""
        if target.id in self._seen_twice:
            return False
        self._seen_twice.add(target.id)
        self._collector.look_again(target, collected.record)
        self._schedule.again([target])
        return True

    async def _ask_around(self) -> bool:
        """Settle the doubt; says whether targets were handed back, to be observed again."""
        rule = self._collector.profile.our_side
        at, failed, of = datetime.now(UTC), self._outlook.failed, self._outlook.of
        log.warning("%d of the last %d targets failed at once; asking whether our own network is well", failed, of)
        waited, patience_s = 0.0, 0.0 if self._outlook.is_untold else rule.patience_s
        answered = await self._collector.anybody_answers(self._estate.references)
        while answered is False and waited < patience_s:
            await asyncio.sleep(rule.pause_s)
            waited += rule.pause_s
            answered = await self._collector.anybody_answers(self._estate.references)
        whose = Whose.OVER if waited else Whose.THEIRS
        if not answered:  # services that answered before may have gone away together; alone they do not stop a run
            whose = Whose.OURS if self._estate.references else Whose.UNTOLD
        doubt = Doubt(at, failed, of, whose, waited)
        self._scan.doubt(doubt)
        log.warning("whose fault it was: %s, after %g s", whose.value, waited)
        if whose is not Whose.UNTOLD:
            self._settled, self._settled_at = doubt, datetime.now(UTC)
        handed_back = False
        for held in self._outlook.settle(untold=whose is Whose.UNTOLD):
            if whose is Whose.UNTOLD:
                self._scan.commit(_ours(held.collected, doubt))
            elif whose is Whose.OURS:
                continue  # the run stops here, and --resume looks at them when our network is well again
            elif self._look_again(held.target, held.collected):  # a short outage of ours is over before anybody asks
                handed_back = True
            else:
                self._scan.commit(held.collected)
        if whose is Whose.OURS:
            self._schedule.stop("our_side")
        return handed_back


def _ours(collected: Collected, doubt: Doubt) -> Collected:
    why = collected.failure or Unobserved(Reason.OUR_SIDE)
    detail = f"{doubt.failed} of the last {doubt.of} targets failed at once; here: {why.reason} {why.detail}".rstrip()
    return withheld(collected, Unobserved(Reason.OUR_SIDE, detail))


def reference_hosts(estate: Estate) -> frozenset[tuple[str, int]]:
    """The hosts and ports that may be asked whether our own network is well."""
    return frozenset((url.host, url.port) for url in map(parse_url, estate.references))


class _Clock:
    """Notices when the wall clock and the steady clock part: times in the evidence are then doubtful."""

    def __init__(self, jump_s: float = 0.0) -> None:
        self._apart = self._difference()
        self.jump_s = jump_s
        """The largest jump seen, in seconds, with its sign; 0 for what an honest clock is corrected by."""

    def look(self) -> None:
        """Look at both clocks."""
        apart = self._difference()
        jump, self._apart = apart - self._apart, apart
        if abs(jump) >= CLOCK_JUMP_S and abs(jump) > abs(self.jump_s):
            self.jump_s = round(jump, 1)
            log.warning("the clock of this machine jumped by %.1f s", jump)

    @staticmethod
    def _difference() -> float:
        return time.time() - time.monotonic()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop where the `uvloop` extra is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


@contextlib.contextmanager
def _stopping(task: "asyncio.Task[None]", note: Callable[[str], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM stop collecting; what is done by then is still judged, unless asked a second time."""
    loop = asyncio.get_running_loop()
    whole = asyncio.current_task()
    assert whole is not None

    def stop(name: str) -> None:
        if task.done() or task.cancelling():  # asked a second time: judging is not waited for either
            whole.cancel()
        note(name)
        task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    try:
        for number in signals:
            loop.add_signal_handler(number, stop, number.name)
    except (NotImplementedError, RuntimeError, ValueError):  # not the main thread: whoever runs us handles signals
        yield
        return
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class _Supervisor:
    """Keeps a judge worker going, and names the check that stopped one."""

    def __init__(self, journal: Journal, packages: Sequence[str], checks: Sequence[Check]) -> None:
        self._journal = journal
        self._packages = packages
        self._checks = checks
        self._worker: asyncio.subprocess.Process | None = None
        self._losses: Counter[str] = Counter()
        self._telling = False
        """Whether the worker says which check it is at: from the first time on that it did not come back."""

    async def follow(self, collecting: "asyncio.Task[None]") -> None:
        """Judge targets as they are committed, and the rest when collecting has ended."""
        try:
            while True:
                over = collecting.done()
                unjudged = self._journal.unjudged()
                for start in range(0, len(unjudged), JUDGED_TOGETHER):
                    await self._judge_together(unjudged[start : start + JUDGED_TOGETHER])
                if over and not unjudged:
                    if estate_checks_of(self._checks):
                        await self._keep_at(Order((), estate=True), "the estate")
                    return
                if not over:
                    await asyncio.wait([collecting], timeout=0.2)
        finally:
            await self._dismiss()

    async def _judge_together(self, targets: tuple[str, ...]) -> None:
        """Several targets at once, as long as no check was ever lost; else one by one, so that it is known which one was."""
        if not self._telling:
            if await self._ask(Order(targets)) is None:
                return
            self._telling = True
        for target in targets:
            await self._judge(target)

    async def _judge(self, target: str) -> None:
        """One target, each check told as it begins."""
        await self._keep_at(Order((target,), tell=True), target)

    async def _keep_at(self, order: Order, what: str) -> None:
        """Each time the worker is lost, the check it was at is left out next time."""
        skip = [check for check, count in self._losses.items() if count >= LOSSES]
        for _ in range(len(self._checks) + 1):
            lost_at = await self._ask(msgspec.structs.replace(order, skip=tuple(skip)))
            if lost_at is None:
                return
            if not lost_at or lost_at in skip:
                break
            log.error("check %s did not end on %s; the judge was restarted", lost_at, what)
            self._losses[lost_at] += 1
            skip.append(lost_at)
        raise RuntimeError(f"the judge cannot be kept running on {what}; see its messages above")

    async def _ask(self, order: Order) -> str | None:
        """None when the worker judged the targets, else the check it was lost at (empty: before any, or it did not tell)."""
        worker = self._worker or await self._hire()
        assert worker.stdin is not None
        assert worker.stdout is not None
        at = ""
        try:
            worker.stdin.write(msgspec.json.encode(order) + b"\n")
            await worker.stdin.drain()
            while True:
                async with asyncio.timeout(PATIENCE_SECONDS):  # wait_for would start a task for every line
                    line = await worker.stdout.readline()
                message = msgspec.json.decode(line, type=dict[str, str])
                if "done" in message:
                    return None
                if "lost" in message:
                    raise JournalError(message["lost"])
                if "log" in message:
                    log.error("the judge: %s", message["log"])
                    continue
                at = message["check"]
        except (TimeoutError, ConnectionError, msgspec.MsgspecError):
            await self._dismiss(kill=True)
            return at

    async def _hire(self) -> asyncio.subprocess.Process:
        self._worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # modules come from where Pindai is installed, never from the folder somebody stands in
            "-m",
            "scanner.judge_worker",
            str(self._journal.path),
            *self._packages,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert self._worker.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._worker.stdout.readline()
        except TimeoutError:
            await self._dismiss(kill=True)
            raise RuntimeError(f"the judge did not start within {START_SECONDS:g} s") from None
        return self._worker

    async def _dismiss(self, *, kill: bool = False) -> None:
        worker, self._worker = self._worker, None
        if worker is None or worker.returncode is not None:
            return
        if kill:
            worker.kill()
        elif worker.stdin is not None:
            worker.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await worker.wait()
        except TimeoutError:
            worker.kill()
            await worker.wait()
        except asyncio.CancelledError:  # asked to stop once more: what it was at is judged by --resume
            worker.kill()
            await worker.wait()
            raise
