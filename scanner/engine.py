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
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from scanner.collector import Collector
from scanner.estate import Target
from scanner.journal import Journal, JournalError
from scanner.judge import CHECK_SECONDS, Judge
from scanner.judge_worker import Order
from scanner.network import Gate
from scanner.probes.probe import Surroundings
from scanner.registry import Check
from scanner.run import Ending, Run

JUDGED_HERE = 4
"""Up to so many targets the judge needs no process of its own."""
PATIENCE_SECONDS = CHECK_SECONDS + 5.0
"""How long the worker may say nothing: its own alarm stops a check first, this stops what no alarm can."""

START_SECONDS = 60.0
"""How long a worker may take to start: imports on a busy machine are slow, and are no check's fault."""
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
    ) -> None:
        self._run = run
        self._journal: Journal = run.journal
        self._checks = tuple(checks)
        self._surroundings = surroundings
        self._watcher = watcher
        self._packages = tuple(packages)
        self._interrupted = ""
        self._gate: Gate | None = None

    def perform(self) -> Ending:
        """Scan to the end, or until a signal says stop: what is committed by then is judged and kept."""
        with contextlib.suppress(asyncio.CancelledError), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._perform())
        if self._judged_here:
            try:
                self._judge_here()
            except KeyboardInterrupt:
                self._interrupted = self._interrupted or "SIGINT"
        traffic = {} if self._gate is None else {kind.value: count for kind, count in self._gate.sent.items()}
        ending = Ending(datetime.now(UTC), self._interrupted, traffic)
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
                await _Supervisor(self._journal, self._packages, [check.id for check in self._checks]).follow(
                    collecting
                )
        if not collecting.cancelled() and (error := collecting.exception()) is not None:
            raise error

    def _note_signal(self, name: str) -> None:
        self._interrupted = name

    async def _collect(self) -> None:
        manifest = self._run.manifest
        gate = self._gate = Gate(
            manifest.estate.scope,
            manifest.profile.pace,
            manifest.profile.timeouts,
            frozenset(self._surroundings.resolvers),
            loopback_only=manifest.profile.loopback_only,
        )
        collector = Collector(gate, manifest.profile, manifest.setting, self._surroundings, self._checks)
        done = self._journal.committed()
        waiting = iter([target for target in manifest.estate.targets if target.id not in done])
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(manifest.profile.pace.targets_at_once):
                    group.create_task(self._take(collector, waiting))
        except* JournalError as failures:
            raise failures.exceptions[0] from None

    async def _take(self, collector: Collector, waiting: Iterator[Target]) -> None:
        """Observe one target after the other, as long as there are any."""
        for target in waiting:
            self._watcher.started(target.id)
            collected = await collector.collect(target)
            self._journal.commit(collected.record, collected.filed, collected.observations)
            self._watcher.done(target.id)

    # -- judging

    def _judge_here(self) -> None:
        judge = Judge(self._run, self._checks)
        for target_id in self._journal.unjudged():
            self._journal.put_findings(target_id, judge.judge(target_id))


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

    def __init__(self, journal: Journal, packages: Sequence[str], checks: Sequence[str]) -> None:
        self._journal = journal
        self._packages = packages
        self._checks = checks
        self._worker: asyncio.subprocess.Process | None = None
        self._losses: Counter[str] = Counter()

    async def follow(self, collecting: "asyncio.Task[None]") -> None:
        """Judge targets as they are committed, and the rest when collecting has ended."""
        try:
            while True:
                over = collecting.done()
                unjudged = self._journal.unjudged()
                for target in unjudged:
                    await self._judge(target)
                if over and not unjudged:
                    return
                if not over:
                    await asyncio.wait([collecting], timeout=0.2)
        finally:
            await self._dismiss()

    async def _judge(self, target: str) -> None:
        """One target; each time the worker is lost, the check it was at is left out next time."""
        skip = [check for check, count in self._losses.items() if count >= LOSSES]
        for _ in range(len(self._checks) + 1):
            lost_at = await self._ask(Order(target, tuple(skip)))
            if lost_at is None:
                return
            if not lost_at or lost_at in skip:
                break
            log.error("check %s did not end on %s; the judge was restarted", lost_at, target)
            self._losses[lost_at] += 1
            skip.append(lost_at)
        raise RuntimeError(f"the judge cannot be kept running on {target}; see its messages above")

    async def _ask(self, order: Order) -> str | None:
        """None when the worker judged the target, else the check it was lost at (empty: before any)."""
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
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(worker.wait(), PATIENCE_SECONDS)
            return
        worker.kill()
        await worker.wait()
