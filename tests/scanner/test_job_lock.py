"""One job of a kind at a time: who waits for whom, and what becomes of a lock whose holder died."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import faults
import pytest
from commandline import LIMIT_S, CommandLine, Holding, served, wait_until

from scanner.job_lock import JobRunningError, only_one

LOCK = Path("locks") / "scan.lock"
STATE = Path(".local/state/pindai")
ONLY = ("--only", "uptime.reachable", "--profile", "local")


# --- the lock itself --------------------------------------------------------------------------------------------------


def test_two_of_a_kind_exclude_each_other_and_two_kinds_do_not(tmp_path: Path) -> None:
    with only_one(tmp_path, "scan"):
        with pytest.raises(JobRunningError) as error, only_one(tmp_path, "scan"):
            pass
        assert f"process {os.getpid()}, since 20" in str(error.value)
        assert str(tmp_path / LOCK) in str(error.value)
        with only_one(tmp_path, "uptime"), only_one(tmp_path / "elsewhere", "scan"):
            pass
    with only_one(tmp_path, "scan"):
        pass


def test_the_lock_ends_with_whoever_holds_it_even_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_one(tmp_path, "scan"):
        raise ZeroDivisionError
    with only_one(tmp_path, "scan"):
        pass


@pytest.mark.parametrize("left", [b"", b"process 1, since 2020-01-01 00:00:00 UTC\n", b"\xff\x00\x1b[31m" * 1000])
def test_a_file_that_nobody_holds_is_no_lock(left: bytes, tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / LOCK).write_bytes(left)
    with only_one(tmp_path, "scan"):
        assert f"process {os.getpid()}" in (tmp_path / LOCK).read_text()
    assert (tmp_path / LOCK).read_bytes() == b""


def test_a_lock_that_says_nothing_holds_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    with (tmp_path / LOCK).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(JobRunningError, match="does not say which"), only_one(tmp_path, "scan"):
            pass


def test_a_lock_file_is_the_owners_alone_and_no_link_is_followed(tmp_path: Path) -> None:
    with only_one(tmp_path, "scan"):
        assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700
    (tmp_path / LOCK).unlink()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / LOCK).symlink_to(victim)
    with pytest.raises(OSError), only_one(tmp_path, "scan"):
        pass
    assert victim.read_text() == "precious"


def test_children_do_not_inherit_it(tmp_path: Path) -> None:
    with only_one(tmp_path, "scan"):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        for _ in range(100):  # a child lets go when its program begins, a moment after it was started
            try:
                with only_one(tmp_path, "scan"):
                    break
            except JobRunningError:
                time.sleep(0.05)
        else:
            pytest.fail("the child holds the lock")
    finally:
        child.communicate(b"\n", timeout=LIMIT_S)


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def write_targets(folder: Path, at: faults.Served) -> None:
    (folder / "targets.toml").write_text(
        f'[scope]\nnetworks = ["127.0.0.0/8"]\n[[target]]\nid = "own"\nurl = "{at.url()}"\n'
    )


def test_a_second_scan_of_an_estate_is_told_who_runs(pindai: CommandLine) -> None:
    """And with a state folder of its own it is free; a developer's URL keeps nobody waiting, and waits for nobody."""
    holding = Holding()
    with holding.serving() as at, served("empty_answer") as other:
        write_targets(pindai.folder, at)
        with pindai.started("scan", *ONLY) as process:
            wait_until(lambda: bool(holding.asked), "the first scan is in its middle")
            second = pindai("scan", *ONLY)
            assert (second.code, second.out) == (4, ""), second
            said = re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", "DATE", second.err)
            assert f"another scan is running (process {process.pid}, since DATE UTC)" in said
            assert "--state DIR" in said
            assert len(pindai.journals()) == 1, "it left nothing behind"
            assert pindai("scan", *ONLY, "--resume").code == 4
            assert pindai("scan", other.url(), *ONLY).code == 0, "a developer's URL waits for no estate"

            holding.released.set()
            assert pindai("scan", *ONLY, "--state", "elsewhere").code == 0
            process.kill()
            process.wait(LIMIT_S)
        assert pindai("scan", *ONLY).code == 0, "the lock was the process's, and went with it"


def test_a_scan_of_a_url_keeps_no_estate_waiting(pindai: CommandLine) -> None:
    holding = Holding()
    with holding.serving() as at, served("empty_answer") as other:
        write_targets(pindai.folder, other)
        with pindai.started("scan", at.url(), *ONLY) as process:
            wait_until(lambda: bool(holding.asked), "the URL is being scanned")
            assert pindai("scan", *ONLY).code == 0
            process.send_signal(signal.SIGINT)
            process.wait(LIMIT_S)


def test_the_lock_is_free_after_every_ending(pindai: CommandLine) -> None:
    with served("refused") as at:
        write_targets(pindai.folder, at)
        assert pindai("scan", *ONLY, "--fail-on", "low").code == 1
        assert pindai("scan", *ONLY, "--profile", "no-such").code == 3
    assert (pindai.folder / STATE / LOCK).read_bytes() == b""


@pytest.mark.parametrize("obstacle", ["file", "folder"])
def test_where_no_lock_can_be_kept_nothing_is_scanned(obstacle: str, pindai: CommandLine) -> None:
    holding = Holding(released=True)
    state = pindai.folder / STATE
    state.mkdir(parents=True)
    if obstacle == "file":
        (state / "locks").write_text("in the way")
    else:
        (state / LOCK).mkdir(parents=True)
    with holding.serving() as at:
        write_targets(pindai.folder, at)
        done = pindai("scan", *ONLY)
    assert (done.code, done.out, holding.asked) == (3, "", []), done
    assert "cannot keep a lock here" in done.err
