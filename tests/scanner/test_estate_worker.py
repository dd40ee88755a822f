"""Checks of the whole estate in the judge's own process: one that breaks, hangs or kills it is an error, and no more."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults
import msgspec
import pytest
from observed import LOCAL, manifest

import scanner.engine
from scanner.cli.scan import find_unfinished
from scanner.engine import JUDGED_HERE, Scan
from scanner.estate import Target
from scanner.journal import SUFFIX, Journal
from scanner.registry import discover
from scanner.run import Run
from scanner.scope import Scope
from scanner.surroundings import look_around

PLANTED = '''"""Checks of the whole estate that break."""

import os
import signal
from collections.abc import Iterator

from scanner.api import EstateFact, EstateView, FixedBy, Group, Passed, Verdict, derived, estate_check
from scanner.derive.service import home
from scanner.observations.http import Exchange

FINE = Passed("fine", en="fine", id="baik")
ABOUT = dict(version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), otherwise=FINE, compares=True, references=())

@derived(home)
def same(exchange: Exchange) -> tuple[EstateFact, ...]:
    return (EstateFact("same"),)

@estate_check("planted.crashing", same, **ABOUT)
def crashing(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Crashes."""
    raise ZeroDivisionError

@estate_check("planted.endless", same, **ABOUT)
def endless(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Never ends."""
    while True:
        pass
    yield FINE()

@estate_check("planted.deaf", same, **ABOUT)
def deaf(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Never ends, and no alarm reaches it."""
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
    yield FINE()

@estate_check("planted.deadly", same, **ABOUT)
def deadly(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Takes its process with it."""
    os.kill(os.getpid(), signal.SIGKILL)
    yield FINE()

@estate_check("planted.good", same, **ABOUT)
def good(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Is fine."""
    yield FINE().about("sameness", group.key)
'''
HASTY = msgspec.structs.replace(LOCAL, pace=msgspec.structs.replace(LOCAL.pace, retry_pause_s=0.01))


class Unwatched:
    def started(self, target_id: str) -> None: ...

    def done(self, target_id: str) -> None: ...


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of broken checks on the path of this process and of those it starts."""
    folder = tmp_path / "path"
    (folder / "planted_estate").mkdir(parents=True)
    (folder / "planted_estate" / "__init__.py").touch()
    (folder / "planted_estate" / "breaking.py").write_text(PLANTED)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr("scanner.estate_judge.CHECK_SECONDS", 0.5)
    monkeypatch.setattr(scanner.engine, "PATIENCE_SECONDS", 12.0)
    for name in ("pindai.engine", "pindai.judge"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("planted_estate")]:
        del sys.modules[name]


def scan(path: Path, count: int, *names: str) -> dict[tuple[str, str], str]:
    """Scan so many targets with these checks: (check, target) -> state."""
    packages = ("checks", "planted_estate")
    known = discover(packages)
    checks = [known[f"planted.{name}"] for name in names]
    with faults.serving_in_thread(faults.BEHAVIOURS["empty_answer"]) as served, Journal.create(path) as journal:
        targets = [Target(id=f"t{number}", url=f"http://127.0.0.1:{served.port}/{number}") for number in range(count)]
        order = manifest(targets, checks, profile=HASTY, scope=Scope(networks=("127.0.0.0/8",)))
        journal.put_manifest(msgspec.json.encode(order))
        run = Run(journal)
        Scan(run, checks, look_around(order.estate), Unwatched(), packages).perform()
        assert run.complete
        assert not journal.is_estate_pending()
        return {(it.check, it.target): it.state.value for it in run.findings()}


@pytest.mark.parametrize("count", [2, JUDGED_HERE + 1])
def test_one_that_breaks_is_an_error_and_the_others_speak(planted: Path, count: int) -> None:
    said = scan(planted / f"one{SUFFIX}", count, "crashing", "good")
    states: dict[str, set[str]] = {}
    for (check, _), state in said.items():
        states.setdefault(check, set()).add(state)
    assert states == {"planted.crashing": {"error"}, "planted.good": {"pass"}}
    assert len(said) == 2 * count


@pytest.mark.parametrize("broken", ["endless", "deaf", "deadly"])
def test_one_that_never_comes_back_is_left_out(planted: Path, broken: str) -> None:
    count = JUDGED_HERE + 1
    said = scan(planted / f"one{SUFFIX}", count, broken, "good")
    assert {state for (check, _), state in said.items() if check == f"planted.{broken}"} == {"error"}
    assert {state for (check, _), state in said.items() if check == "planted.good"} == {"pass"}
    assert len(said) == 2 * count


def test_a_run_killed_before_the_estate_was_judged_is_taken_up_again(planted: Path) -> None:
    path = planted / "runs" / f"one{SUFFIX}"
    before = scan(path, 2, "good")
    with Journal.open(path) as journal:
        asked = Run(journal).manifest
    assert find_unfinished(planted, asked) is None
    with Journal.open(path, write=True) as journal:  # as a kill just before the last transaction leaves it
        journal.put_estate_findings((), complete=False)
    assert find_unfinished(planted, asked) == path
    with Journal.open(path, write=True) as journal:
        run = Run(journal)
        assert not list(run.findings())
        checks: list[Any] = [discover(("checks", "planted_estate"))["planted.good"]]
        Scan(run, checks, look_around(asked.estate), Unwatched(), ("checks", "planted_estate")).perform()
        assert {(it.check, it.target): it.state.value for it in run.findings()} == before
