"""The engine: a run goes on whatever one check, one worker or one signal does, and what was killed is taken up again."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faults
import msgspec
import pytest
from faults import BEHAVIOURS, serving_in_thread
from observed import LOCAL, manifest

import scanner.engine
from scanner.engine import JUDGED_HERE, Scan
from scanner.estate import Kind, Target
from scanner.findings import Finding, State
from scanner.journal import Journal, Standing
from scanner.observations.steps import Reason
from scanner.registry import Check, discover
from scanner.run import Manifest, Run
from scanner.scope import Scope
from scanner.surroundings import look_around

MANY = JUDGED_HERE + 2
LIMIT_S = 60.0
HASTY = msgspec.structs.replace(
    LOCAL,
    pace=msgspec.structs.replace(LOCAL.pace, retry_pause_s=0.01),
    timeouts=msgspec.structs.replace(LOCAL.timeouts, answer_s=2.0),
)


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []

    def started(self, target_id: str) -> None:
        self.begun.append(target_id)

    def done(self, target_id: str) -> None:
        self.ended.append(target_id)


def targets(port: int, count: int = MANY, **fields: Any) -> list[Target]:
    return [Target(id=f"t{number}", url=f"http://127.0.0.1:{port}/t{number}", **fields) for number in range(count)]


def asked(chosen: Sequence[Target], checks: Sequence[Check], **fields: Any) -> Manifest:
    return manifest(chosen, checks, profile=HASTY, scope=Scope(networks=("127.0.0.0/8",)), **fields)


@contextmanager
def scanned(
    path: Path, order: Manifest, packages: Sequence[str] = ("checks",)
) -> Iterator[tuple[Run, dict[str, dict[str, Finding]]]]:
    """Scan into a new journal; gives the run and target id -> check id -> finding."""
    known = discover(packages)
    with Journal.create(path) as journal:
        journal.put_manifest(msgspec.json.encode(order))
        run = Run(journal)
        Scan(run, [known[it.id] for it in order.checks], look_around(order.estate), Watching(), packages).perform()
        yield run, by_check(run)


def by_check(run: Run) -> dict[str, dict[str, Finding]]:
    found: dict[str, dict[str, Finding]] = {}
    for finding in run.findings():
        found.setdefault(finding.target, {})[finding.check] = finding
    return found


@pytest.fixture(autouse=True)
def _quiet() -> None:
    for name in ("pindai.engine", "pindai.judge"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


# --- a run of a few, a run of many --------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, JUDGED_HERE, MANY])
def test_every_target_is_observed_and_judged(tmp_path: Path, count: int) -> None:
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        order = asked(targets(served.port, count), tuple(discover().values()))
        with scanned(tmp_path / "one.journal", order) as (run, found):
            assert run.complete
            assert run.observed() == count
            assert run.journal.unjudged() == ()
            assert run.ending is not None
            assert run.ending.interrupted == ""
            assert {it["uptime.reachable"].state for it in found.values()} == {State.PASS}
            assert len(found) == count


def test_who_watches_is_told(tmp_path: Path) -> None:
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served, Journal.create(tmp_path / "one.journal") as journal:
        order = asked(targets(served.port, 3), [discover()["uptime.reachable"]])
        journal.put_manifest(msgspec.json.encode(order))
        watcher = Watching()
        Scan(Run(journal), [discover()["uptime.reachable"]], look_around(order.estate), watcher).perform()
        assert sorted(watcher.begun) == sorted(watcher.ended) == ["t0", "t1", "t2"]


def test_the_worker_and_this_process_judge_alike(tmp_path: Path) -> None:
    checks = tuple(discover().values())
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        with scanned(tmp_path / "many.journal", asked(targets(served.port), checks)) as (_, many):
            pass
        with scanned(tmp_path / "few.journal", asked(targets(served.port, 1), checks)) as (_, few):
            pass
    said = [
        {
            check: (it.state, it.outcome, it.message, it.fingerprint)
            for check, it in found["t0"].items()
            if check not in {"uptime.latency", "tls.shared_key"}
        }
        for found in (many, few)
    ]
    # How long the answer took is another with each scan, and with one target there is none to compare keys with.
    assert said[0] == said[1]


# --- checks that break --------------------------------------------------------------------------------------

PLANTED = '''
"""Checks that break, each in its own way. The patience of the judge is shortened for them."""
import os, signal, sys
from collections.abc import Iterator
from pathlib import Path
import scanner.judge
from scanner.api import FixedBy, Passed, Verdict, check
from scanner.derive.service import home
from scanner.estate import Kind
from scanner.observations.http import Exchange

scanner.judge.CHECK_SECONDS = 1.0
FINE = Passed("fine", en="Fine", id="Baik")
ABOUT = dict(version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=())

@check("planted.crashing", home, **ABOUT)
def crashing(it: Exchange) -> Iterator[Verdict]:
    """Crashes."""
    raise ZeroDivisionError

@check("planted.silent", home, **ABOUT)
def silent(it: Exchange) -> Iterator[Verdict]:
    """Says nothing."""
    yield from ()

@check("planted.endless", home, kinds=frozenset({Kind.API}), **ABOUT)
def endless(it: Exchange) -> Iterator[Verdict]:
    """Never ends."""
    while True:
        pass
    yield FINE()

@check("planted.deaf", home, kinds=frozenset({Kind.MAIL}), **ABOUT)
def deaf(it: Exchange) -> Iterator[Verdict]:
    """Never ends, and no alarm reaches it."""
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
    yield FINE()

@check("planted.deadly", home, kinds=frozenset({Kind.DNS}), **ABOUT)
def deadly(it: Exchange) -> Iterator[Verdict]:
    """Takes its process with it."""
    os.kill(os.getpid(), signal.SIGKILL)
    yield FINE()

@check("planted.unlucky", home, kinds=frozenset({Kind.API}), **ABOUT)
def unlucky(it: Exchange) -> Iterator[Verdict]:
    """Notes who judges it."""
    with open(os.environ["PINDAI_TEST_NOTES"], "a") as notes:
        notes.write(f"{os.getpid()}\\n")
    yield FINE()

@check("planted.good", home, kinds=frozenset(Kind), **ABOUT)
def good(it: Exchange) -> Iterator[Verdict]:
    """Is fine."""
    yield FINE()
'''
BOTH = ("checks", "planted_checks")


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of broken checks on the path of this process and of those it starts."""
    folder = tmp_path / "path"
    (folder / "planted_checks").mkdir(parents=True)
    (folder / "planted_checks" / "__init__.py").touch()
    (folder / "planted_checks" / "breaking.py").write_text(PLANTED)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PINDAI_TEST_NOTES", str(tmp_path / "notes"))
    monkeypatch.setattr("scanner.judge.CHECK_SECONDS", 1.0)
    monkeypatch.setattr(scanner.engine, "PATIENCE_SECONDS", 6.0)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("planted_checks")]:
        del sys.modules[name]


def _kinds(many: list[Target], *kinds: Kind) -> list[Target]:
    """The first of these targets with kinds of its own."""
    return [msgspec.structs.replace(many[0], kinds=kinds), *many[1:]]


def _planted(*names: str) -> list[Check]:
    known = discover(BOTH)
    return [known[f"planted.{name}"] for name in names]


@pytest.mark.parametrize("count", [JUDGED_HERE, MANY])
def test_broken_checks_are_errors_and_the_run_ends(planted: Path, count: int) -> None:
    checks = _planted("crashing", "silent", "endless", "good")
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        chosen = _kinds(targets(served.port, count), Kind.WEB, Kind.API)
        with scanned(planted / "one.journal", asked(chosen, checks), BOTH) as (run, found):
            assert run.complete
            assert run.journal.unjudged() == ()
            for target_id, said in found.items():
                states = {check: it.state for check, it in said.items()}
                assert states.pop("planted.good") is State.PASS
                assert ("planted.endless" in states) == (target_id == "t0")
                assert set(states.values()) == {State.ERROR}
                assert {"planted.crashing", "planted.silent"} <= states.keys()
                assert {it.reason for it in said.values() if it.state is State.ERROR} == {Reason.INTERNAL}


@pytest.mark.parametrize(("name", "kind"), [("deaf", Kind.MAIL), ("deadly", Kind.DNS)])
def test_a_worker_that_is_lost_is_replaced_and_its_check_named(planted: Path, name: str, kind: Kind) -> None:
    checks = _planted(name, "good")
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        chosen = _kinds(targets(served.port), Kind.WEB, kind)
        with scanned(planted / "one.journal", asked(chosen, checks), BOTH) as (run, found):
            assert run.journal.unjudged() == ()
            lost = found["t0"].pop(f"planted.{name}")
            assert (lost.state, lost.reason) == (State.ERROR, Reason.INTERNAL)
            assert [it.state for said in found.values() for it in said.values()] == [State.PASS] * MANY


def test_many_targets_are_judged_in_another_process(planted: Path) -> None:
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        chosen = targets(served.port, kinds=(Kind.API,))
        with scanned(planted / "one.journal", asked(chosen, _planted("unlucky")), BOTH) as (_, found):
            assert {it["planted.unlucky"].state for it in found.values()} == {State.PASS}
    judges = Counter((planted / "notes").read_text().split())
    assert sum(judges.values()) == MANY
    assert str(os.getpid()) not in judges
    for judge in judges:
        assert not Path(f"/proc/{judge}").exists(), "the worker does not outlive the scan"


def test_a_worker_that_cannot_start_is_said_so(planted: Path) -> None:
    checks = _planted("good")
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        order = asked(targets(served.port), checks)
        with Journal.create(planted / "one.journal") as journal:
            journal.put_manifest(msgspec.json.encode(order))
            scan = Scan(Run(journal), checks, look_around(order.estate), Watching(), ("no_such_package",))
            with pytest.raises(RuntimeError, match="cannot be kept running"):
                scan.perform()
            assert journal.committed() == {it.id for it in order.estate.targets}, "what was seen is kept"


# --- signals, kills and going on ----------------------------------------------------------------------------

SCAN = """
import sys
from pathlib import Path
from scanner.engine import Scan
from scanner.journal import Journal
from scanner.registry import discover
from scanner.run import Run
from scanner.surroundings import look_around

class Telling:
    def started(self, target_id):
        print("started", target_id, flush=True)
    def done(self, target_id):
        print("done", target_id, flush=True)

with Journal.open(Path(sys.argv[1]), write=True) as journal:
    run, known = Run(journal), discover()
    checks = [known[it.id] for it in run.manifest.checks]
    Scan(run, checks, look_around(run.manifest.estate), Telling()).perform()
print("over", flush=True)
"""


class Counting:
    """A server that counts what it is asked for, and answers after a while."""

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s
        self.seen: Counter[str] = Counter()

    async def serve(self, reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        request = await reader.request()
        self.seen[request.target] += 1
        await asyncio.sleep(self.pause_s)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    @property
    def fault(self) -> faults.Behaviour:
        return faults.Behaviour("counting", self.serve, tls=False)


def _prepared(path: Path, port: int, count: int) -> None:
    with Journal.create(path) as journal:
        chosen = targets(port, count)
        journal.put_manifest(msgspec.json.encode(asked(chosen, [discover()["uptime.reachable"]])))


@contextmanager
def scanning(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A scan of this journal in another process, killed at the end if it still runs."""
    with subprocess.Popen([sys.executable, "-c", SCAN, str(path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def _until(process: "subprocess.Popen[str]", word: str, times: int) -> list[str]:
    """The targets told of with this word, once there are so many."""
    assert process.stdout is not None
    found: list[str] = []
    for line in process.stdout:
        said, _, target_id = line.strip().partition(" ")
        if said == word:
            found.append(target_id)
        if len(found) == times:
            return found
    raise AssertionError(f"it ended after {found}")


COUNT = 12


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_partial_results(tmp_path: Path, number: signal.Signals) -> None:
    path, counting = tmp_path / "one.journal", Counting(0.15)
    with serving_in_thread(counting.fault) as served:
        _prepared(path, served.port, COUNT)
        with scanning(path) as process:
            done = _until(process, "done", 3)
            process.send_signal(number)
            process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0
    with Journal.open(path) as journal:
        run = Run(journal)
        assert run.ending is not None
        assert run.ending.interrupted == number.name
        assert not run.complete
        assert set(done) <= journal.committed()
        assert journal.unjudged() == (), "what was committed is judged"
        assert {it.target for it in run.findings()} == journal.committed()


def test_after_a_kill_the_run_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    path, counting = tmp_path / "one.journal", Counting(0.15)
    with serving_in_thread(counting.fault) as served:
        _prepared(path, served.port, COUNT)
        with scanning(path) as process:
            done = _until(process, "done", 3)
            process.kill()
            process.wait(LIMIT_S)
        with Journal.open(path) as journal:
            left = journal.committed()
            assert set(done) <= left
            assert len(left) < COUNT
            assert Run(journal).ending is None
            for name in journal.digests():
                assert journal.stored(name)
        before = Counter(counting.seen)
        counting.pause_s = 0.0
        with scanning(path) as process:
            process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0
        after = counting.seen - before
    with Journal.open(path) as journal:
        run = Run(journal)
        assert run.complete
        assert journal.unjudged() == ()
        assert run.ending is not None
        assert {it.target for it in run.findings()} == {f"t{number}" for number in range(COUNT)}
        assert all(it.standing is Standing.OBSERVED for it in journal.targets())
    assert set(after) == {f"/t{number}" for number in range(COUNT)} - {f"/{name}" for name in left}


def test_a_worker_ends_with_the_scan_that_started_it(tmp_path: Path) -> None:
    path, counting = tmp_path / "one.journal", Counting(0.3)
    with serving_in_thread(counting.fault) as served:
        _prepared(path, served.port, COUNT)
        with scanning(path) as process:
            _until(process, "done", 2)
            deadline = time.monotonic() + LIMIT_S
            while not (workers := _children(process.pid)) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert workers
            process.kill()
            process.wait(LIMIT_S)
            while any(Path(f"/proc/{it}").exists() for it in workers) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not any(Path(f"/proc/{it}").exists() for it in workers)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_scan_of_nothing_left_only_judges(tmp_path: Path) -> None:
    path = tmp_path / "one.journal"
    with serving_in_thread(BEHAVIOURS["empty_answer"]) as served:
        order = asked(targets(served.port, 2), [discover()["uptime.reachable"]])
        with scanned(path, order):
            pass
    with Journal.open(path, write=True) as journal:  # the server is gone
        watcher = Watching()
        Scan(Run(journal), [discover()["uptime.reachable"]], look_around(order.estate), watcher).perform()
        assert watcher.begun == []
        assert {it.state for it in journal.findings()} == {State.PASS}
