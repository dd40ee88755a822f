"""What `pindai` writes: to standard output and nothing else beside it, to files, on terminals of every kind."""

import json
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faults
import jsonschema
import pytest
from commandline import LIMIT_S, ROOT, CommandLine, served

CITY = "Kota Sidoarjo — Bagian “Umum”"
TARGETS = """
[agency]
name = "{city}"
[scope]
networks = ["127.0.0.0/8"]
[[target]]
id = "layanan"
unit = "{city}"
url = "{url}"
"""


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "ca.pem").write_text(faults.ca_pem(), "ascii")
    return CommandLine(tmp_path)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """One finished scan with findings, whose targets file has characters that are not ASCII; its server is still there."""
    pindai = CommandLine(tmp_path_factory.mktemp("scanned"))
    with served("header_injection_bytes") as server:
        (pindai.folder / "targets.toml").write_text(TARGETS.format(city=CITY, url=server.url()), "utf-8")
        done = pindai("scan", "--profile", "local", "--out", "out")
        assert (done.code, done.err) == (1, ""), done
        (pindai.folder / "table.txt").write_text(done.out, "utf-8")
        yield pindai


# --- files and formats ------------------------------------------------------------------------------------------------


def valid(text: str | bytes) -> Any:
    """The document, which must be all there is and keep to the published schema."""
    document = json.loads(text)
    schema = json.loads((ROOT / "schema/result.schema.json").read_bytes())
    checker = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in checker.iter_errors(document)] == []
    return document


def test_json_on_standard_output_is_nothing_but_json(scanned: CommandLine) -> None:
    done = scanned("scan", "--profile", "local", "--format", "json")
    assert (done.code, done.err) == (1, "")
    document = valid(done.out)
    assert document["run"]["agency"] == CITY
    assert {finding["check"] for finding in document["findings"]} >= {"uptime.reachable", "web.https.redirect"}


def test_json_lines_on_standard_output_are_the_evidence(scanned: CommandLine) -> None:
    done = scanned("report", "--format", "jsonl", "--out", "again")
    assert (done.code, done.err) == (1, "")
    assert done.out.encode() == (scanned.folder / "again/observations.jsonl").read_bytes()
    assert all(isinstance(json.loads(line), dict) for line in done.out.splitlines())


def test_out_writes_three_files_that_only_their_owner_can_read(scanned: CommandLine) -> None:
    out = scanned.folder / "out"
    assert sorted(path.name for path in out.iterdir()) == ["observations.jsonl", "report.html", "result.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    valid((out / "result.json").read_bytes())
    assert "out/result.json" in (scanned.folder / "table.txt").read_text("utf-8")


def test_out_replaces_what_an_earlier_scan_left(pindai: CommandLine) -> None:
    (pindai.folder / "out").mkdir(mode=0o755)
    (pindai.folder / "out/result.json").write_text("old")
    (pindai.folder / "out/result.json").chmod(0o644)
    with served("empty_answer") as server:
        assert pindai("scan", server.url(), "--only", "uptime", "--out", "out").code == 0
    assert stat.S_IMODE((pindai.folder / "out/result.json").stat().st_mode) == 0o600
    valid((pindai.folder / "out/result.json").read_bytes())


@pytest.mark.parametrize(
    ("options", "environment", "place"),
    [
        ([], {}, ".local/state/pindai"),
        ([], {"XDG_STATE_HOME": "xdg"}, "xdg/pindai"),
        (["--state", "own/state"], {"XDG_STATE_HOME": "xdg"}, "own/state"),
    ],
)
def test_where_runs_are_kept(options: list[str], environment: dict[str, str], place: str, pindai: CommandLine) -> None:
    with served("empty_answer") as server:
        assert pindai("scan", server.url(), "--only", "uptime", *options, **environment).code == 0
    (journal,) = pindai.journals(place)
    kept = [journal, pindai.folder / place / "pindai.log"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (journal.parent, pindai.folder / place)} == {0o700}
    assert len(list(pindai.folder.rglob("*.journal"))) == 1


# --- quiet ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fail_on", "code", "lines"), [("high", 0, 0), ("medium", 1, 2)])
def test_quiet_is_silent_when_all_is_well_and_else_two_lines(
    fail_on: str, code: int, lines: int, pindai: CommandLine
) -> None:
    with served("empty_answer+tls") as server:
        url = server.url().replace("127.0.0.1", "localhost")
        done = pindai("scan", url, "--ca", "ca.pem", "--quiet", "--fail-on", fail_on)
    assert (done.code, len(done.out.splitlines()), done.err) == (code, lines, "")


# --- reports of stored runs -------------------------------------------------------------------------------------------

DURATION = re.compile(r"\d+\.\d seconds|\d+,\d detik")


def test_report_shows_what_the_scan_showed(scanned: CommandLine) -> None:
    """But for the time it took, of which the scan also counts its own start."""
    (first, *_) = scanned.journals()
    run = first.name.removesuffix(".journal")
    reported = scanned("report", run, "--out", "out")
    expected = (scanned.folder / "table.txt").read_text("utf-8")
    assert (reported.code, reported.err) == (1, "")
    assert DURATION.sub("", reported.out) == DURATION.sub("", expected)
    assert (
        scanned("report", run[-4:], "--format", "json").out.encode()
        == (scanned.folder / "out/result.json").read_bytes()
    )


def test_report_of_a_folder_that_somebody_was_given_needs_no_state(scanned: CommandLine, tmp_path: Path) -> None:
    expected = json.loads(scanned("report", "--format", "json", "--out", "given").out)
    given = CommandLine(tmp_path)
    shutil.copytree(scanned.folder / "given", tmp_path / "given")
    assert json.loads(given("report", "given", "--format", "json").out) == expected
    assert given("report", "./elsewhere").code == 3


def test_report_without_a_run_shows_the_newest_one(pindai: CommandLine) -> None:
    with served("empty_answer") as server:
        for name in ("first", "second"):
            assert pindai("scan", server.url(f"/{name}"), "--only", "uptime").code == 0
    ids = [path.name.removesuffix(".journal") for path in pindai.journals()]
    newest = json.loads(pindai("report", "--format", "json").out)
    assert newest["run"]["id"] == ids[-1]


def test_a_run_that_is_not_there_is_answered_with_those_that_are(scanned: CommandLine) -> None:
    newest = scanned.journals()[-1].name.removesuffix(".journal")
    done = scanned("report", "zzzz")
    assert (done.code, done.out) == (3, "")
    said = rf"no run is called zzzz; the newest: {newest[-4:]} \(\d{{4}}-\d\d-\d\d \d\d:\d\d, 1 target\)"
    assert re.search(said, done.err), done.err


def test_a_report_replaces_its_own_run_and_no_other(pindai: CommandLine) -> None:
    with served("empty_answer") as server:
        for name in ("first", "second"):
            assert pindai("scan", server.url(f"/{name}"), "--only", "uptime", "--out", "out").code == 0
    first, second = (path.name.removesuffix(".journal") for path in pindai.journals())
    before = (pindai.folder / "out/result.json").read_bytes()
    assert json.loads(before)["run"]["id"] == second  # a scan replaces
    other = pindai("report", first, "--out", "out")
    assert (other.code, other.out) == (3, "")
    assert f"out: holds a result.json of the run {second}, not of {first}; choose another folder" in other.err
    assert (pindai.folder / "out/result.json").read_bytes() == before
    assert pindai("report", second, "--out", "out").code == 0
    (pindai.folder / "out/result.json").write_text("{}")
    assert "holds a result.json that cannot be read" in pindai("report", "--out", "out").err


# --- plans ------------------------------------------------------------------------------------------------------------

EVERY, SETIAP = "  GET http://a.test/ -> every address\n", "  GET http://a.test/ -> setiap alamat\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--lang en", [EVERY, "1 target: at most ", " connections, ", " DNS queries\n", "a.test  port 80\n"]),
        ("--lang id", [SETIAP, "1 target: paling banyak ", " koneksi, ", " kueri DNS\n"]),
        ("--lang en --connect-to a.test:80:127.0.0.1:9 --resolve", [", 1 address\n", "DNS: 127.0.0.1\n"]),
        ("--lang en --nameserver 127.0.0.1:9 --resolve", ["  DNS: the resolver ", ", 0 addresses\n"]),
        ("--lang id --nameserver 127.0.0.1:9 --resolve", ["  DNS: resolver tidak ", ", 0 alamat\n"]),
    ],
)
def test_a_plan_is_in_words(words: str, said: list[str], pindai: CommandLine) -> None:
    done = pindai("plan", "http://a.test/", "--only", "uptime", *words.split())
    assert (done.code, done.err) == (0, "")
    assert [it for it in said if it not in done.out] == [], done.out


# --- languages and characters -----------------------------------------------------------------------------------------

INDONESIAN, ENGLISH = "Kode keluar 1: ", "Exit code 1: "


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ([], {"LANG": "id_ID.UTF-8"}, INDONESIAN),
        ([], {"LANG": "en_US.UTF-8"}, ENGLISH),
        ([], {"LANG": "C"}, ENGLISH),
        ([], {"LANG": "en_US.UTF-8", "LC_ALL": "id_ID"}, INDONESIAN),
        (["--lang", "en"], {"LANG": "id_ID.UTF-8"}, ENGLISH),
        (["--lang", "id"], {"LANG": "de_DE.UTF-8"}, INDONESIAN),
    ],
)
def test_the_language_is_asked_for_or_the_locale(
    options: list[str], environment: dict[str, str], words: str, scanned: CommandLine
) -> None:
    done = scanned("report", *options, **environment)
    assert words in done.out, done
    assert {INDONESIAN: ENGLISH, ENGLISH: INDONESIAN}[words] not in done.out


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}])
@pytest.mark.parametrize("words", [["report"], ["report", "--lang", "id", "--quiet"], ["plan"], ["plan", "—.toml"]])
def test_where_only_ascii_can_be_shown_nothing_else_is(
    words: list[str], environment: dict[str, str], scanned: CommandLine
) -> None:
    done = scanned(*words, **environment)
    assert done.out + done.err
    assert (done.out + done.err).isascii(), done


@pytest.mark.parametrize("environment", [{}, {"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "C.UTF-8"}])
def test_elsewhere_names_are_shown_as_they_are_written(environment: dict[str, str], scanned: CommandLine) -> None:
    assert CITY in scanned("report", **environment).out


def test_checks_can_be_explained_in_ascii(pindai: CommandLine) -> None:
    done = pindai("checks", "*", PYTHONIOENCODING="ascii:strict")
    assert (done.code, done.err) == (0, "")
    assert "tls.certificate.chain (version " in done.out


@pytest.mark.parametrize(
    ("language", "there", "not_there"),
    [
        (
            "en",
            ["\nWhy\n", "\nHow to fix it\n", "Careful: ", "No header, but ", "min_age = "],
            ["Mengapa", "Hati-hati: ", "Tidak ada header, tetapi "],
        ),
        (
            "id",
            ["\nMengapa\n", "\nCara memperbaiki\n", "Hati-hati: ", "Tidak ada header, tetapi ", "min_age = "],
            ["Why", "Careful: ", "No header, but "],
        ),
    ],
)
def test_checks_are_explained_in_one_language(
    language: str, there: list[str], not_there: list[str], pindai: CommandLine
) -> None:
    done = pindai("checks", "web.hsts.policy", "--lang", language)
    assert (done.code, done.err) == (0, "")
    assert [it for it in there if it not in done.out] == []
    assert [it for it in not_there if it in done.out] == []
    # Lines to paste are never broken; they are the ones that stand far in.
    assert [line for line in done.out.splitlines() if len(line) > 80 and not line.startswith(" " * 6)] == []


# --- terminals --------------------------------------------------------------------------------------------------------

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(pindai: CommandLine, *words: str, **environment: str) -> str:
    """What a person at a terminal sees: standard output and standard error together."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "scanner", *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=pindai.folder,
            env=pindai.environment(**{"TERM": "xterm", **environment}),
        ) as process:
            os.close(theirs)
            seen = b""
            try:
                while select.select([ours], [], [], LIMIT_S)[0] and (more := os.read(ours, 65536)):
                    seen += more
            except OSError:  # EIO: the last one at the other end has gone
                pass
            finally:
                process.kill()
    finally:
        os.close(ours)
    return seen.decode()


@pytest.mark.parametrize("columns", [40, 60, 132])
def test_a_table_keeps_to_the_width_of_its_terminal(columns: int, scanned: CommandLine) -> None:
    text = COLOUR.sub("", on_terminal(scanned, "report", "--lang", "en", COLUMNS=str(columns)))
    assert ENGLISH[:9] in text
    assert max(map(len, text.splitlines())) <= columns


def test_a_table_that_goes_elsewhere_has_eighty_columns(scanned: CommandLine) -> None:
    lines = scanned("report", COLUMNS="40").out.splitlines()
    assert 40 < max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"TERM": ""}, False)],
)
def test_colour_is_for_terminals_that_can_and_people_who_like_it(
    environment: dict[str, str], coloured: bool, scanned: CommandLine
) -> None:
    text = on_terminal(scanned, "report", **environment)
    assert ENGLISH in text
    assert (COLOUR.search(text) is not None) == coloured
    assert "\x1b" not in COLOUR.sub("", text)


def test_no_colour_goes_into_a_file(scanned: CommandLine) -> None:
    assert "\x1b" not in scanned("report", TERM="xterm").out


def test_progress_is_shown_on_a_terminal_and_gone_at_the_end(scanned: CommandLine) -> None:
    text = on_terminal(scanned, "scan", "--profile", "local", "--lang", "en", NO_COLOR="1")
    assert "0/1 observed, 1 running" in text
    assert "observed, " not in on_terminal(scanned, "scan", "--profile", "local", "--lang", "en", "--quiet")


# --- readers that leave -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [(["report"], 1), (["report", "--format", "json"], 1), (["report", "--fail-on", "never"], 0), (["plan"], 0)],
)
def test_a_reader_that_has_left_is_no_error_and_changes_no_verdict(
    words: list[str], code: int, scanned: CommandLine
) -> None:
    with scanned.started(*words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(LIMIT_S)) == ("", code)


def test_head_takes_what_it_wants(scanned: CommandLine) -> None:
    shown = subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -m scanner report --format jsonl | head -n 1"],
        capture_output=True,
        cwd=scanned.folder,
        env=scanned.environment(),
        timeout=LIMIT_S,
        check=True,
    )
    assert (len(shown.stdout.splitlines()), shown.stderr) == (1, b"")
