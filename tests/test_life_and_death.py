"""Whatever ends a scan, what it had is kept, nothing is left behind, and --resume goes on from there. All of it by the real
command: stopped, killed, out of room, with a clock that jumps, beside files that only look like journals."""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import faults
import jsonschema
import pytest
from commandline import LIMIT_S, ROOT, CommandLine, Done, Holding, served, wait_until
from faults import Behaviour, FaultyNameserver, in_thread, serving_in_thread
from installed import program

from scanner.journal import Journal, JournalError
from scanner.run import Run

SCHEMA = json.loads((ROOT / "schema" / "result.schema.json").read_text())
STATE = ".local/state/pindai"
QUICK = ("--profile", "quick.toml", "--lang", "en")
"""Few targets at once and no pauses, so that a scan has a middle."""


class Slow:
    """A web server that answers after a while, once it is `released`, and remembers what it was asked for."""

    def __init__(self, pause_s: float) -> None:
        self.pause_s = pause_s
        self.asked: Counter[str] = Counter()
        self.released = True

    async def serve(self, reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        request = await reader.request()
        self.asked[request.target] += 1
        await asyncio.sleep(self.pause_s)
        while not self.released:
            await asyncio.sleep(0.02)
        await faults.say(writer, faults.whole())

    def serving(self, address: str = "127.0.0.1") -> contextlib.AbstractContextManager[faults.Served]:
        return serving_in_thread(Behaviour("slow", self.serve, tls=False), address)


def commander(folder: Path) -> CommandLine:
    folder.mkdir(exist_ok=True)
    (folder / "quick.toml").write_text(
        'based_on = "local"\n[pace]\ntargets_at_once = 4\nconnections_per_address = 8\nretry_pause_s = 0.1\n'
        "[timeouts]\ndns_s = 0.3\n"
    )
    return CommandLine(folder)


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    return commander(tmp_path)


def write_targets(folder: Path, urls: Sequence[str], more: str = "") -> None:
    """A targets file: one target a URL, its id the end of the path."""
    tables = [f'[[target]]\nid = "{url.rpartition("/")[2]}"\nurl = "{url}"\n' for url in urls]
    scope = '[scope]\nnames = ["*.fault.test"]\nnetworks = ["127.0.0.0/8"]\n'
    (folder / "targets.toml").write_text(f"{more}{scope}{''.join(tables)}", "utf-8")


def ids(count: int) -> list[str]:
    return [f"t{number:02d}" for number in range(count)]


def journal_of(pindai: CommandLine) -> Path:
    (path,) = pindai.journals()
    return path


def is_finished(pindai: CommandLine) -> bool:
    """Whether the newest run has all that it was asked for, so that there is nothing to take up."""
    if not pindai.journals():
        return False
    with contextlib.suppress(JournalError), Journal.open(pindai.journals()[-1]) as journal:
        return Run(journal).complete and not journal.unjudged()
    return False


def concluded(pindai: CommandLine) -> dict[str, tuple[str, str]]:
    """Fingerprint -> target and state of every finding of the newest run."""
    with Journal.open(pindai.journals()[-1]) as journal:
        return {it.fingerprint: (it.target, f"{it.state} {it.outcome}") for it in journal.findings()}


def assert_whole(pindai: CommandLine, expected: Sequence[str]) -> None:
    """The run is complete: every target once, all judged, nothing damaged, nothing left that runs."""
    path = journal_of(pindai)
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with Journal.open(path) as journal:
        assert [record.id for record in journal.targets()] == sorted(expected)
        assert journal.unjudged() == ()
        assert {it.target for it in journal.findings()} == set(expected)
    assert processes_of(path) == []


def processes_of(journal: Path) -> list[str]:
    """Processes that were started for this journal."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(journal) in path.read_bytes():
                found.append(path.parent.name)
    return found


def assert_consistent(result: Mapping[str, Any]) -> None:
    """A result that fits its schema and itself, complete or not."""
    jsonschema.validate(result, SCHEMA)
    known = {it["id"] for it in result["targets"]}
    seen = {it["id"] for it in result["targets"] if it.get("standing", "not_reached") != "not_reached"}
    assert {it["target"] for it in result["findings"]} <= known
    prints = [it["fingerprint"] for it in result["findings"]]
    assert len(prints) == len(set(prints))
    assert result["run"]["complete"] == (seen == known)


# --- signals ----------------------------------------------------------------------------------------------------------

# Where the command is, it says by making a file, and stays for a while.
DAWDLING = """
import os, time
from pathlib import Path

WHERE = os.environ.get("PINDAI_TEST_DAWDLE", "")

def dawdling(call):
    def wrapped(*values, **named):
        Path(WHERE).touch()
        time.sleep(float(os.environ["PINDAI_TEST_DAWDLE_S"]))
        return call(*values, **named)
    return wrapped

if WHERE == "judging":
    import scanner.judge
    scanner.judge.Judge.judge_and_note = dawdling(scanner.judge.Judge.judge_and_note)
elif WHERE == "reporting":
    import scanner.reports.result_json
    scanner.reports.result_json.result_json = dawdling(scanner.reports.result_json.result_json)
elif WHERE == "beginning":
    import scanner.cli.estates
    scanner.cli.estates.manifest_of = dawdling(scanner.cli.estates.manifest_of)
"""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@contextlib.contextmanager
def moment(
    where: str, pindai: CommandLine, count: int
) -> Iterator[tuple[list[str], Callable[[], bool], Callable[[], None]]]:
    """An estate on which a scan comes to this moment: its targets, whether it is there, and what lets it go on."""
    slow = Slow(0.0)
    (pindai.folder / "sitecustomize.py").write_text(DAWDLING)
    with slow.serving() as at:
        names = ids(count)
        if where == "lookups":
            with in_thread(FaultyNameserver()) as nameserver:
                urls = [f"http://timeout.fault.test:{at.port}/{name}" for name in names]
                own = f'[resolver]\nnameservers = ["127.0.0.1:{nameserver.port}"]\n'
                write_targets(pindai.folder, urls, own)
                asked = nameserver._asked
                yield names, lambda: bool(asked), lambda: None
        elif where == "exchanges":
            holding = Holding()
            with holding.serving("127.0.0.2") as held:
                write_targets(pindai.folder, [held.url(f"/{name}") for name in names])
                yield names, lambda: bool(holding.asked), holding.released.set
        else:
            write_targets(pindai.folder, [at.url(f"/{name}") for name in names])
            yield names, (pindai.folder / where).exists, lambda: None


INT, TERM = signal.SIGINT, signal.SIGTERM
MOMENTS = [
    # where, how many targets (up to four are judged in this process, more in one of its own), and which signals
    ("beginning", 2, [INT]),
    ("beginning", 2, [TERM]),
    ("lookups", 2, [INT]),
    ("lookups", 2, [TERM, TERM]),
    ("exchanges", 2, [INT, INT]),
    ("exchanges", 6, [TERM, INT]),
    ("judging", 2, [INT]),
    ("judging", 2, [TERM, TERM]),
    ("judging", 6, [TERM]),
    ("judging", 6, [INT, INT]),
    ("reporting", 6, [INT]),
    ("reporting", 6, [TERM]),
]


@pytest.mark.parametrize(("where", "count", "signals"), MOMENTS)
def test_a_signal_at_any_moment(where: str, count: int, signals: list[signal.Signals], pindai: CommandLine) -> None:
    words = ("scan", *QUICK, "--out", "out", "--fail-on", "never", "--min-coverage", "0")
    with moment(where, pindai, count) as (names, is_there, go_on):
        with pindai.started(*words, PINDAI_TEST_DAWDLE=where, PINDAI_TEST_DAWDLE_S="0.4") as process:
            wait_until(is_there, f"the scan is at {where}")
            for number in signals:
                process.send_signal(number)
                time.sleep(0.05)
            _, err = process.communicate(timeout=LIMIT_S)
        # Before and after the scan itself nobody catches SIGTERM: the shell says 143 of it all the same.
        assert process.returncode in {*map(CODES.get, signals), *(-number for number in signals)}, err
        assert "Traceback" not in err, err
        result = pindai.folder / "out" / "result.json"
        if result.exists():
            assert_consistent(json.loads(result.read_text("utf-8")))
        wait_until(lambda: not any(map(processes_of, pindai.journals())), "the judge has gone")
        go_on()
        again = pindai(*words, "--resume")
        assert again.code == 0, again
        if pindai.journals()[1:]:  # it was stopped before its first word: that file holds nothing
            pindai.journals()[0].unlink()
        assert_whole(pindai, names)
        assert_consistent(json.loads(result.read_text("utf-8")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_at_random_moments(number: signal.Signals, tmp_path: Path) -> None:
    """Many scans, each stopped somewhere else; every one of them can be taken up, and none looks at a target twice."""
    chance = random.Random(number)
    delays = [chance.uniform(0.1, 1.6) for _ in range(4)]

    def stopped_after(delay: float) -> None:
        pindai, slow = commander(tmp_path / f"{delay:.3f}"), Slow(0.1)
        with slow.serving() as at:
            write_targets(pindai.folder, [at.url(f"/{name}") for name in ids(16)])
            words = ("scan", *QUICK, "--out", "out", "--only", "uptime")
            with pindai.started(*words) as process:
                time.sleep(delay)
                process.send_signal(number)
                _, err = process.communicate(timeout=LIMIT_S)
            assert process.returncode in (0, CODES[number], -number), (delay, err)
            assert "Traceback" not in err or not pindai.journals(), (delay, err)
            if (result := pindai.folder / "out" / "result.json").exists():
                assert_consistent(json.loads(result.read_text("utf-8")))
            if is_finished(pindai):  # it was only the report that was stopped, if that
                return
            finished, before = pindai.committed(), Counter(slow.asked)
            again = pindai(*words, "--resume")
            assert again.code == 0, (delay, again)
            assert not (slow.asked - before).keys() & {f"/{name}" for name in finished}
            for path in pindai.journals()[:-1]:
                path.unlink()
            assert_whole(pindai, ids(16))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(stopped_after, delays))


# --- kill -9 ----------------------------------------------------------------------------------------------------------

KILLS = 15


def test_killed_again_and_again_it_still_finds_the_same(tmp_path: Path) -> None:
    """One run, killed at many moments and taken up each time, against one that nobody disturbed."""
    names, slow = ids(90), Slow(0.2)
    killed, quiet = commander(tmp_path / "killed"), commander(tmp_path / "quiet")
    chance = random.Random(9)
    words = ("scan", *QUICK, "--resume", "--fail-on", "never")
    with slow.serving() as at:
        urls = [at.url(f"/{name}") for name in names]
        for it in (killed, quiet):
            write_targets(it.folder, urls)
        progress: list[int] = []
        lock = killed.folder / STATE / "locks" / "scan.lock"
        for _ in range(KILLS):
            committed, before = killed.committed(), Counter(slow.asked)
            with killed.started(*words) as process:
                wait_until(lambda: lock.exists() and str(process.pid) in lock.read_text(), "it has begun")
                time.sleep(chance.uniform(0.0, 0.8))
                process.kill()
                process.wait(LIMIT_S)
            for path in killed.journals():
                wait_until(lambda path=path: not processes_of(path), "the judge has gone")  # type: ignore[misc]
            assert not (slow.asked - before).keys() & {f"/{name}" for name in committed}, "done is done"
            assert committed <= killed.committed()
            progress.append(len(killed.committed()))
        assert 0 < progress[-1] < len(names), progress
        assert len(set(progress)) >= 4, progress
        done = killed(*words)
        assert done.code == 0, done
        slow.pause_s = 0.0
        assert quiet(*words).code == 0
    for path in killed.journals()[:-1]:  # of a kill before the first word
        with Journal.open(path) as journal:
            assert journal.committed() == frozenset()
        path.unlink()
    assert_whole(killed, names)
    assert concluded(killed) == concluded(quiet)
    assert killed("evidence", "replay", journal_of(killed)).code == 0


# --- no room, and no right to write -----------------------------------------------------------------------------------


def in_own_mounts(pindai: CommandLine, script: str, **environment: str) -> Done:
    """Run a shell script as root of mounts that end with it; `pindai` is the command there."""
    for words in (("unshare", "--mount"), ("unshare", "--user", "--map-root-user", "--mount")):
        trial = [*words, "sh", "-c", f"mount -t tmpfs none {pindai.folder}"]
        if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
            break
    else:
        pytest.skip("needs the right to mount (root, or user namespaces)")
    done = subprocess.run(
        [*words, "bash", "-euc", f'pindai() {{ {sys.executable} -m scanner "$@"; }}\n{script}'],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=pindai.folder,
        env=pindai.environment(PATH=f"{os.defpath}:/usr/sbin:/sbin", **environment),
        timeout=LIMIT_S,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


FILLED = """
mkdir -p small
mount -t tmpfs -o size=6m none small
mkdir -p small/runs small/locks
head -c $((6 * 1024 * 1024 - {left_kib} * 1024)) /dev/zero > small/ballast
code=0
pindai scan {words} --state small > first.out 2> first.err || code=$?
echo "first $code"
code=0
pindai report --state small --fail-on never --min-coverage 0 > report.out 2> report.err || code=$?
echo "report $code"
rm small/ballast
code=0
pindai scan {words} --state small --resume > again.out 2> again.err || code=$?
echo "again $code"
find small/runs -name '*.journal' -size -1 -delete
code=0
pindai evidence replay small > replay.out 2>&1 || code=$?
echo "replay $code"
mkdir kept
cp small/runs/*.journal kept/
"""


@pytest.mark.system("unshare", "mount")
@pytest.mark.parametrize("left_kib", [16, 240, 560])
def test_a_full_disk_ends_the_scan_in_good_order(left_kib: int, pindai: CommandLine) -> None:
    """With so much room left it is full while the journal is made, while collecting, or while judging."""
    names = ids(30)
    words = f"{' '.join(QUICK)} --fail-on never"
    with Slow(0.0).serving() as at:
        write_targets(pindai.folder, [at.url(f"/{name}") for name in names])
        done = in_own_mounts(pindai, FILLED.format(left_kib=left_kib, words=words))
    assert done.code == 0, done
    codes = dict(line.split() for line in done.out.splitlines())
    said = (pindai.folder / "first.err").read_text()
    assert codes["first"] in ("2", "3"), (codes, said)
    assert "full" in said or "No space" in said, said
    assert "error of the tool" not in said
    assert codes["again"] == "0", (pindai.folder / "again.err").read_text()
    assert codes["replay"] == "0", (pindai.folder / "replay.out").read_text()
    if codes["first"] == "2":
        assert "go on with --resume" in said
        assert codes["report"] == "2", "what was committed can be read, and is incomplete"
    (kept,) = (pindai.folder / "kept").glob("*.journal")
    with Journal.open(kept) as journal:
        assert [record.id for record in journal.targets()] == names
        assert journal.unjudged() == ()


@pytest.mark.system("unshare", "mount")
def test_results_for_which_there_is_no_room_are_told_and_the_run_is_kept(pindai: CommandLine) -> None:
    with served("empty_answer") as at:
        script = f"""
mkdir out; mount -t tmpfs -o size=4k none out; head -c 4096 /dev/zero > out/ballast || true
pindai scan {at.url()} --only uptime --out out
"""
        done = in_own_mounts(pindai, script)
    assert done.code == 2, done
    assert "out/observations.jsonl: cannot write: No space left on device" in done.err
    assert pindai("report", "--fail-on", "never").code == 0
    assert not (pindai.folder / "out" / "result.json").exists()


@pytest.mark.system("unshare", "mount")
@pytest.mark.parametrize(
    ("prepare", "words", "said"),
    [
        ("mkdir ro", "--state ro/state", "ro/state: cannot keep state here: Read-only file system"),
        ("mkdir -p ro/runs ro/locks; touch ro/pindai.log", "--state ro", "ro: cannot keep"),
        ("mkdir -p ro/runs ro/locks", "--state ro", "ro: cannot keep"),
        ("mkdir ro", "--out ro/out", "ro/out: cannot write results here: Read-only file system"),
        ("mkdir ro", "--out ro", "ro: cannot write results here"),
    ],
)
def test_where_nothing_can_be_written_nothing_is_scanned(
    prepare: str, words: str, said: str, pindai: CommandLine
) -> None:
    slow = Slow(0.0)
    with slow.serving() as at:
        write_targets(pindai.folder, [at.url("/t00")])
        script = f"{prepare}; mount --bind ro ro; mount -o remount,bind,ro ro\npindai scan {' '.join(QUICK)} {words}"
        done = in_own_mounts(pindai, script)
    assert done.code == 3, done
    assert said in done.err
    assert slow.asked == Counter()


# --- clocks -----------------------------------------------------------------------------------------------------------


def at_another_time(**more: str) -> dict[str, str]:
    """The environment in which the wall clock is another, and the steady clock is not."""
    faketime = program("faketime")
    assert faketime is not None
    done = subprocess.run([faketime, "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True)
    return {"LD_PRELOAD": done.stdout.strip(), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1", **more}


@pytest.mark.system("faketime")
def test_a_clock_that_went_back_between_runs_does_not_hide_the_newest(pindai: CommandLine) -> None:
    with served("empty_answer") as at:
        words = ("scan", at.url(), "--only", "uptime", "--lang", "en")
        assert pindai(*words).code == 0
        (first,) = pindai.journals()
        assert pindai(*words, **at_another_time(FAKETIME="-1h")).code == 0
    older, newer = pindai.journals()
    assert older == first
    with Journal.open(older) as one, Journal.open(newer) as other:
        assert Run(other).manifest.started < Run(one).manifest.started, "the clock did go back"
    shown = pindai("report", "--lang", "en")
    assert newer.stem.rpartition("-")[2] in shown.out


@pytest.mark.system("faketime")
@pytest.mark.parametrize("jump_s", [3600, -3600])
@pytest.mark.parametrize("count", [3, 8])
def test_a_clock_that_jumps_in_the_middle_is_told_of(count: int, jump_s: int, pindai: CommandLine) -> None:
    clock, slow = pindai.folder / "clock", Slow(0.0)
    clock.write_text("+0")
    slow.released = False
    with slow.serving("127.0.0.2") as held, served("empty_answer") as at:
        write_targets(pindai.folder, [at.url("/t00"), *(held.url(f"/{name}") for name in ids(count)[1:])])
        fake = at_another_time(FAKETIME_TIMESTAMP_FILE=str(clock))
        with pindai.started("scan", *QUICK, "--out", "out", **fake) as process:
            wait_until(lambda: bool(slow.asked), "it is in its middle")
            clock.write_text(f"{jump_s:+d}")
            slow.released = True
            _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode in (0, 1, 2), err
        assert err == ""
    with Journal.open(journal_of(pindai)) as journal:
        run = Run(journal)
        assert run.complete
        ending = run.ending
        assert ending is not None
        assert abs(ending.clock_jump_s - jump_s) < 30
        for record in journal.targets():
            if jump_s > 0:
                assert record.ended >= record.started
    assert_consistent(json.loads((pindai.folder / "out" / "result.json").read_text("utf-8")))
    assert "-" not in pindai("report", "--lang", "en").out.partition("Exit code")[2].partition("seconds")[0]


# --- files that only look like journals -------------------------------------------------------------------------------


def _altered(statement: str) -> Callable[[Path], None]:
    def alter(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute(statement)

    return alter


def _cut(share: float) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(path.read_bytes()[: int(len(path.read_bytes()) * share)])


def _scrambled(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(65536))


def _other_application(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.executescript("CREATE TABLE moz_places (id INTEGER, url TEXT); INSERT INTO moz_places VALUES (1, 'x')")


def _encrypted(path: Path) -> None:
    """Where the first page's header should be there is salt, as a cipher leaves it."""
    path.write_bytes(random.Random(2).randbytes(4096) + path.read_bytes()[4096:])


FOREIGN: dict[str, Callable[[Path], object]] = {
    "older": _altered("UPDATE meta SET value = '0' WHERE name = 'format'"),
    "newer": _altered("UPDATE meta SET value = '3' WHERE name = 'format'"),
    "no-format": _altered("DELETE FROM meta WHERE name = 'format'"),
    "no-manifest": _altered("DELETE FROM meta WHERE name = 'manifest'"),
    "view": _altered("CREATE VIEW more AS SELECT * FROM target"),
    "trigger": _altered("CREATE TRIGGER t AFTER INSERT ON target BEGIN DELETE FROM finding; END"),
    "no-tables": _altered("DROP TABLE target"),
    "truncated": _cut(0.5),
    "one-page": _cut(0.01),
    "empty": lambda path: path.write_bytes(b""),
    "random": _scrambled,
    "other-application": _other_application,
    "encrypted": _encrypted,
    "text": lambda path: path.write_text("format = 1\n"),
}


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, Path, Slow]]:
    """A run that was killed in its middle, so that --resume would look into it."""
    pindai, slow = commander(tmp_path_factory.mktemp("unfinished")), Slow(0.0)
    holding = Holding()
    with slow.serving() as at, holding.serving("127.0.0.2") as held:
        write_targets(pindai.folder, [at.url("/t00"), held.url("/t01")])
        with pindai.started("scan", *QUICK) as process:
            wait_until(lambda: pindai.committed() == {"t00"}, "a target is committed")
            process.kill()
            process.wait(LIMIT_S)
        holding.released.set()
        path = journal_of(pindai)
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = DELETE")  # one file, with all in it
        yield pindai, path, slow


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_no_journal_is_told_of_and_never_touched(
    kind: str, unfinished: tuple[CommandLine, Path, Slow]
) -> None:
    pindai, path, _ = unfinished
    state = pindai.folder / kind
    (state / "runs").mkdir(parents=True)
    bad = state / "runs" / path.name
    shutil.copy(path, bad)
    FOREIGN[kind](bad)
    bad.chmod(0o600)
    before = bad.read_bytes()

    for words, codes in ((("report", "--state", kind), {3}), (("evidence", "replay", bad), {1, 3})):
        done = pindai(*words)
        assert done.code in codes, done
        assert done.out == ""
        assert bad.name in done.err
        assert "error of the tool" not in done.err
        assert len(done.err.splitlines()) == 1, done.err
    scanned = pindai("scan", *QUICK, "--resume", "--state", kind, "--fail-on", "never")
    assert scanned.code == 0, scanned
    assert "no unfinished run" in scanned.err
    assert bad.read_bytes() == before
    assert {it.name for it in (state / "runs").iterdir()} == {bad.name, *(it.name for it in pindai.journals(kind))}
    assert len(pindai.journals(kind)) == 2
    if pindai.journals(kind)[-1] != bad:
        assert pindai("report", "--state", kind, "--fail-on", "never").code == 0


def test_the_same_file_unaltered_is_taken_up(unfinished: tuple[CommandLine, Path, Slow]) -> None:
    pindai, path, _ = unfinished
    (pindai.folder / "whole" / "runs").mkdir(parents=True)
    shutil.copy(path, pindai.folder / "whole" / "runs")
    done = pindai("scan", *QUICK, "--resume", "--state", "whole", "--fail-on", "never")
    assert (done.code, done.err) == (0, "")
    assert len(pindai.journals("whole")) == 1


# --- terminals without letters ----------------------------------------------------------------------------------------

LOCALES: dict[str, dict[str, str]] = {
    "none": {"LANG": ""},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "no-utf8-at-all": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.parametrize("name", LOCALES)
def test_names_of_agencies_are_shown_in_every_locale(name: str, pindai: CommandLine) -> None:
    agency = "Pemerintah Kota \u00dcl\u00e9 \u6c34"
    with served("empty_answer") as at:
        write_targets(pindai.folder, [at.url("/t00")], f'[agency]\nname = "{agency}"\n')
        more = (pindai.folder / "targets.toml").read_text("utf-8")
        (pindai.folder / "targets.toml").write_text(f'{more}service = "{agency}"\nunit = "{agency}"\n', "utf-8")
        for words in (
            ("plan", *QUICK),
            ("scan", *QUICK, "--out", "out", "--fail-on", "never"),
            ("report", "--lang", "id", "--all", "--fail-on", "never"),
            ("checks", "web.hsts.policy"),
        ):
            done = pindai(*words, **LOCALES[name])
            assert done.code == 0, (words, done)
            if name != "none":  # where Python itself takes to UTF-8 (PEP 538)
                assert done.out.isascii(), (words, done.out)
            if words[0] in ("plan", "report"):
                assert "Pemerintah Kota" in done.out or words[0] == "plan"
    result = json.loads((pindai.folder / "out" / "result.json").read_bytes().decode("utf-8"))
    assert result["run"]["agency"] == agency
    assert result["targets"][0]["service"] == agency
