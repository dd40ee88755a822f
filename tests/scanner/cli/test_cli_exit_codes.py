"""Every exit code of `pindai scan`, each with what it means shown; and that a run which was stopped is taken up again."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import faults
import pytest
from commandline import LIMIT_S, CommandLine, Holding, served, wait_until

from scanner.engine import JUDGED_HERE

ONLY = ("--only", "uptime.reachable", "--profile", "local")


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "ca.pem").write_text(faults.ca_pem(), "ascii")
    return CommandLine(tmp_path)


# --- 0 and 1: findings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "only", "options", "fail_on", "code"),
    [
        ("empty_answer+tls", "*", "--ca ca.pem", None, 0),  # HSTS is missing: medium
        ("empty_answer+tls", "*", "--ca ca.pem", "medium", 1),
        ("refused", "uptime", "", "critical", 1),
        ("refused", "uptime", "", "never", 0),
        ("empty_answer", "web.https.redirect", "", None, 1),  # content over plain HTTP: high
        ("empty_answer", "web.https.redirect", "", "high", 1),
        ("empty_answer", "web.https.redirect", "", "critical", 0),
        ("malformed_header_no_colon+tls", "web.hsts", "--ca ca.pem", "low", 1),  # subdomains left out: low
        ("malformed_header_no_colon+tls", "web.hsts", "--ca ca.pem", "medium", 0),
        ("empty_answer", "uptime", "", "low", 0),  # nothing found at all
    ],
)
def test_findings_at_or_above_the_threshold_decide(
    behaviour: str, only: str, options: str, fail_on: str | None, code: int, pindai: CommandLine
) -> None:
    words = [*options.split(), *(("--fail-on", fail_on) if fail_on else ())]
    with served(behaviour) as server:
        url = server.url().replace("127.0.0.1", "localhost")
        done = pindai("scan", url, "--only", only, *words)
    assert done.code == code, done
    assert f"Exit code {code}: " in done.out


# --- 2: what could not be concluded -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        (["servfail"], [], 2),
        (["servfail"], ["--min-coverage", "0"], 0),
        (["servfail", "ok"], [], 0),
        (["servfail", "ok"], ["--min-coverage", "50%"], 0),
        (["servfail", "ok"], ["--min-coverage", "50.1"], 2),
        (["servfail", "nxdomain"], [], 1),  # a name without an address is a finding, and so a conclusion
        (["servfail", "nxdomain"], ["--min-coverage", "51"], 2),  # incomplete comes before findings
    ],
)
def test_too_little_coverage(names: list[str], options: list[str], code: int, pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver, served("empty_answer") as server:
        urls = [f"http://{name}.fault.test:{server.port}/" for name in names]
        done = pindai("scan", *urls, *ONLY, "--nameserver", f"127.0.0.1:{nameserver.port}", *options)
    assert done.code == code, done
    assert f"Exit code {code}: " in done.out


def test_results_that_cannot_be_written_are_incomplete_and_the_run_is_kept(pindai: CommandLine) -> None:
    (pindai.folder / "out" / "result.json").mkdir(parents=True)
    with served("empty_answer") as server:
        done = pindai("scan", server.url(), *ONLY, "--out", "out")
    assert (done.code, done.out) == (2, "")
    assert "out/result.json: cannot write" in done.err
    assert pindai("report", "--fail-on", "never").code == 0


@pytest.mark.parametrize(
    ("names", "limit", "language", "words"),
    [
        (["servfail"], "50", "en", "0% of targets allow a conclusion, the limit is 50% (--min-coverage)"),
        (["servfail"], "50", "id", "0 % target dapat disimpulkan, batasnya 50 % (--min-coverage)"),
        (["servfail", "ok"], "50.01", "id", "50 % target dapat disimpulkan, batasnya 50,01 % (--min-coverage)"),
        (["servfail", "ok", "servfail"], "50", "id", "33,3 % target dapat disimpulkan, batasnya 50 %"),
    ],
)
def test_what_was_too_little_is_said(
    names: list[str], limit: str, language: str, words: str, pindai: CommandLine
) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver, served("empty_answer") as server:
        urls = [f"http://{name}.fault.test:{server.port}/{number}" for number, name in enumerate(names)]
        options = ["--nameserver", f"127.0.0.1:{nameserver.port}", "--min-coverage", limit, "--lang", language]
        done = pindai("scan", *urls, *ONLY, *options)
    assert done.code == 2, done
    lead = {"en": "Exit code 2: incomplete: ", "id": "Kode keluar 2: tidak lengkap: "}[language]
    assert lead + words in " ".join(done.out.split())


@pytest.mark.parametrize(("url", "code"), [("http://169.254.169.254/", 2), ("http://[::ffff:a9fe:a9fe]/", 2)])
def test_that_questions_do_not_arise_is_no_conclusion_about_what_was_not_seen(
    url: str, code: int, pindai: CommandLine
) -> None:
    """Of an http URL it is known beforehand that there is no certificate; all the rest is outside the scope here."""
    done = pindai("scan", url, "--profile", "local")
    assert done.code == code, done
    assert "0% of targets allow a conclusion" in " ".join(done.out.split())


@pytest.mark.parametrize("count", [1, JUDGED_HERE + 1])
def test_a_check_that_crashed_is_incomplete_and_comes_before_findings(count: int, pindai: CommandLine) -> None:
    """Also at --min-coverage 0: that is about what could not be known, and this is our own fault."""
    (pindai.folder / "sitecustomize.py").write_text(CRASHING)
    with served("empty_answer") as server:
        urls = [server.url(f"/{number}") for number in range(count)]
        words = ("scan", *urls, "--only", "web.https.redirect", "--only", "uptime", "--profile", "local")
        done = pindai(*words, "--fail-on", "low", "--min-coverage", "0")
        assert (done.code, done.err) == (2, ""), done
        said = f"{count} check{'' if count == 1 else 's'} failed by an error of the tool (see pindai.log)"
        assert said in " ".join(done.out.split())
        (pindai.folder / "sitecustomize.py").unlink()
        assert pindai(*words, "--fail-on", "low").code == 1
    log = (pindai.folder / ".local" / "state" / "pindai" / "pindai.log").read_text()
    assert log.count("RuntimeError: planted") == count


def test_a_log_that_cannot_be_written_is_told_of_once(pindai: CommandLine) -> None:
    (pindai.folder / "sitecustomize.py").write_text(CRASHING)
    state = pindai.folder / ".local" / "state" / "pindai"
    state.mkdir(parents=True)
    (state / "pindai.log").symlink_to("/dev/full")
    with served("empty_answer") as server:
        done = pindai("scan", server.url("/1"), server.url("/2"), *ONLY)
    assert done.code == 2, done
    (line,) = done.err.splitlines()
    assert line.endswith("pindai.log: cannot write the log: No space left on device")


CRASHING = """
import scanner.judge
whole = scanner.judge.Judge._at_spot

def crashing(self, check, *values):
    if check.id == "uptime.reachable":
        raise RuntimeError("planted")
    return whole(self, check, *values)

scanner.judge.Judge._at_spot = crashing
"""


# --- 3: nothing was scanned -------------------------------------------------------------------------------------------


def write_targets(folder: Path, url: str, *, top: str = "", scope: str = "") -> None:
    (folder / "targets.toml").write_text(
        f'{top}\n[scope]\nnetworks = ["127.0.0.0/8"]\n{scope}\n[[target]]\nid = "own"\nurl = "{url}"\n'
    )


def hours_from_now(first: float, last: float) -> str:
    """A window of scanning, as it is written; times are UTC, for no zone is named."""
    begin, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (first, last))
    return f'windows = ["{begin:%H:%M}-{end:%H:%M}"]'


def authorised(days: int) -> str:
    until = datetime.now(UTC).date() + timedelta(days=days)
    return f'[scope.authorisation]\nnumber = "094/1/2026"\nvalid_until = {until}\n'


@pytest.mark.parametrize(
    ("top", "scope", "words", "said"),
    [
        ("", "", ["--no-such-option"], "unrecognized arguments"),
        ("", "", ["--min-coverage", "101"], "no percentage from 0 to 100"),
        ("", "", ["--only", "no.such.check"], "no.such.check"),
        ("", "", ["--profile", "no-such"], "there is no profile 'no-such'"),
        ("", "", ["--ca", "no-such.pem"], "no-such.pem"),
        ("", "", ["no-such.toml"], "no-such.toml"),
        ("", "", ["--state", "ca.pem/below"], "ca.pem"),
        ("", "", ["--out", "ca.pem"], "cannot write results here"),
        ("unknown_key = 1", "", [], "targets.toml:1"),
        pytest.param("", authorised(-2), [], "allowed scanning until", id="authorisation"),
        pytest.param(hours_from_now(9, 10), "", [], "outside the scan window, which opens", id="window"),
    ],
)
def test_what_is_wrong_beforehand_keeps_everything_from_being_scanned(
    top: str, scope: str, words: list[str], said: str, pindai: CommandLine
) -> None:
    server = Holding(released=True)
    with server.serving() as at:
        write_targets(pindai.folder, at.url(), top=top, scope=scope)
        done = pindai("scan", *ONLY, *words)
    assert (done.code, done.out, server.asked) == (3, "", []), done
    assert said in done.err
    assert pindai.journals() == []


@pytest.mark.parametrize(
    ("top", "scope", "words"),
    [
        pytest.param("", authorised(2), [], id="authorised"),
        pytest.param(hours_from_now(-1, 2), "", [], id="window"),
        pytest.param(hours_from_now(9, 10), "", ["--now"], id="now"),
    ],
)
def test_what_is_allowed_is_scanned(top: str, scope: str, words: list[str], pindai: CommandLine) -> None:
    with served("empty_answer") as server:
        write_targets(pindai.folder, server.url(), top=top, scope=scope)
        done = pindai("scan", *ONLY, *words)
    assert (done.code, done.err) == (0, ""), done


def test_now_is_no_authorisation(pindai: CommandLine) -> None:
    write_targets(pindai.folder, "http://127.0.0.1:9/", scope=authorised(-2))
    assert pindai("scan", *ONLY, "--now").code == 3


# --- 130, 143, kill -9: stopped in the middle -------------------------------------------------------------------------

FEW, MANY = 2, JUDGED_HERE + 2


class Estate:
    """A targets file: the first target answers at once, the others do not until they are released."""

    def __init__(self, folder: Path, quick: faults.Served, slow: faults.Served, count: int) -> None:
        self.held = frozenset(f"t{number}" for number in range(1, count))
        urls = [quick.url("/t0"), *(slow.url(f"/{name}") for name in sorted(self.held))]
        tables = [f'[[target]]\nid = "{url.rpartition("/")[2]}"\nurl = "{url}"\n' for url in urls]
        (folder / "targets.toml").write_text('[scope]\nnetworks = ["127.0.0.0/8"]\n' + "".join(tables))


@contextlib.contextmanager
def stopped_in_the_middle(
    pindai: CommandLine, count: int, number: signal.Signals, *options: str
) -> Iterator[tuple[subprocess.Popen[str], Holding, Holding]]:
    """A scan that has committed its first target and waits for the others when the signal arrives; has ended by it."""
    quick, slow = Holding(released=True), Holding()
    with quick.serving() as at, slow.serving("127.0.0.2") as held_at:
        Estate(pindai.folder, at, held_at, count)
        with pindai.started("scan", *ONLY, *options) as process:
            wait_until(lambda: pindai.committed() == {"t0"} and bool(slow.asked), "the scan is in its middle")
            process.send_signal(number)
            process.wait(LIMIT_S)
            yield process, quick, slow


@pytest.mark.parametrize(("count", "number", "code"), [(FEW, signal.SIGINT, 130), (MANY, signal.SIGTERM, 143)])
def test_a_stopped_scan_reports_what_it_has_and_is_taken_up_again(
    count: int, number: signal.Signals, code: int, pindai: CommandLine
) -> None:
    with stopped_in_the_middle(pindai, count, number) as (process, quick, slow):
        out, err = process.communicate(timeout=LIMIT_S)
        assert (process.returncode, err) == (code, "")
        assert f"Exit code {code}: stopped ({number.name})" in out
        assert pindai.committed() == {"t0"}
        assert pindai("report").code == code

        slow.released.set()
        asked_before = len(slow.asked)
        again = pindai("scan", *ONLY, "--resume")
        assert again.code == 0, again
        assert "Exit code 0: " in again.out
        assert quick.asked == ["/t0"]  # what was done is not done again
        assert sorted(slow.asked[asked_before:]) == [f"/t{held}" for held in range(1, count)]
        assert pindai.committed() == {f"t{number}" for number in range(count)}
        assert len(pindai.journals()) == 1
        assert pindai("report").code == 0


def test_a_stopped_scan_that_is_quiet_says_so_in_two_lines(pindai: CommandLine) -> None:
    with stopped_in_the_middle(pindai, FEW, signal.SIGTERM, "--quiet", "--out", "out") as (process, _, _):
        out, err = process.communicate(timeout=LIMIT_S)
        assert (process.returncode, err, len(out.splitlines())) == (143, "", 2)
        assert pindai("evidence", "replay", "out").code == 0


@pytest.mark.parametrize("count", [FEW, MANY])
def test_a_killed_scan_is_taken_up_again(count: int, pindai: CommandLine) -> None:
    with stopped_in_the_middle(pindai, count, signal.SIGKILL) as (process, quick, slow):
        assert process.returncode == -signal.SIGKILL
        (journal,) = pindai.journals()
        wait_until(lambda: not processes_at(journal), "the judge has gone too")
        reported = pindai("report", "--lang", "en")
        assert reported.code == 2  # readable, and incomplete
        left = "1 target was" if count == 2 else f"{count - 1} targets were"
        assert f"Exit code 2: incomplete: {left} not scanned yet" in " ".join(reported.out.split())

        slow.released.set()
        again = pindai("scan", *ONLY, "--resume")
        assert again.code == 0, again
        assert quick.asked == ["/t0"]
        assert pindai.committed() == {f"t{number}" for number in range(count)}
        assert pindai.journals() == [journal]
        assert pindai("evidence", "replay", journal).code == 0


def processes_at(journal: Path) -> list[str]:
    """Processes that were started for this journal, where the system tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(journal) in path.read_bytes():
                found.append(path.parent.name)
    return found


def test_resume_with_nothing_to_resume_begins_a_run(pindai: CommandLine) -> None:
    with served("empty_answer") as server:
        for runs in (1, 2):
            done = pindai("scan", server.url(), *ONLY, "--resume")
            assert done.code == 0, done
            assert "no unfinished run" in done.err
            assert len(pindai.journals()) == runs


def test_resume_takes_up_only_a_run_that_was_asked_the_same(pindai: CommandLine) -> None:
    with stopped_in_the_middle(pindai, FEW, signal.SIGKILL) as (_, _, slow):
        slow.released.set()
        other = pindai("scan", "--only", "uptime", "--profile", "gentle", "--resume")
        assert other.code == 0, other
        assert "no unfinished run" in other.err
        assert len(pindai.journals()) == 2


# --- 4: somebody else is writing --------------------------------------------------------------------------------------


def test_a_run_that_another_scan_is_writing_is_left_alone(pindai: CommandLine) -> None:
    slow = Holding()
    with slow.serving() as at, pindai.started("scan", at.url(), *ONLY) as process:
        wait_until(lambda: bool(slow.asked), "the first scan is asking")
        second = pindai("scan", at.url(), *ONLY, "--resume")
        assert (second.code, second.out) == (4, ""), second
        assert "another scan is writing this journal" in second.err
        assert process.poll() is None
        slow.released.set()
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)
    assert len(pindai.journals()) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 4),
        (["--fail-on", "low", "--min-coverage", "100"], 4),  # neither 1 nor 2: nothing is known yet
        (["--profile", "no-such"], 3),
        (["--now", "--only", "no.such.check"], 3),
    ],
)
def test_a_mistake_comes_before_a_job_that_runs(words: list[str], code: int, pindai: CommandLine) -> None:
    slow = Holding()
    with slow.serving() as at:
        write_targets(pindai.folder, at.url())
        with pindai.started("scan", *ONLY) as process:
            wait_until(lambda: bool(slow.asked), "the first scan is asking")
            done = pindai("scan", *ONLY, *words)
            assert (done.code, done.out) == (code, ""), done
            assert process.poll() is None
