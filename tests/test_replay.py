"""Replay: the whole demo estate is judged again from what was stored, and whatever was changed since is named.

One scan by the real command makes the evidence; every test works on a copy of it.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from checks.tls.certificate.name import NO_NAMES
from scanner.cli.main import main
from scanner.demo.estate import Ports, estate_in_thread
from scanner.derive.service import PresentedLeaf
from scanner.evidence.replay import OBSERVATIONS, RESULT, Replayed, open_evidence, replay
from scanner.findings import Finding, State
from scanner.journal import AlteredError, Journal, JournalError
from scanner.judge import Judge
from scanner.outcomes import Verdict
from scanner.registry import Check, discover
from scanner.run import Run

CHECKS = discover()
HSTS = "web.hsts.policy"
NAME = "tls.certificate.name"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a scan leaves behind: the folder of `--out`, and the run's journal from the state folder."""

    out: Path
    journal: Path

    @property
    def lines(self) -> Path:
        return self.out / OBSERVATIONS

    @property
    def result(self) -> Path:
        return self.out / RESULT


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The demo estate as `pindai scan` saw it; the estate itself is gone when the tests begin."""
    here = tmp_path_factory.mktemp("demo")
    with estate_in_thread(here, ports=Ports.ephemeral()) as estate:
        targets = here / "targets.toml"
        targets.write_text(estate.targets_toml, "utf-8")
        options = ["--profile", "local", "--ca", estate.ca_path, "--out", here / "out", "--state", here / "state"]
        words = ["scan", targets, "--quiet", "--fail-on", "never", *options]
        assert main([str(word) for word in words]) == 0
    (journal,) = (here / "state" / "runs").glob("*.journal")
    return Evidence(here / "out", journal)


@pytest.fixture
def evidence(demo: Evidence, tmp_path: Path) -> Evidence:
    """A copy to be changed."""
    shutil.copytree(demo.out, tmp_path / "out")
    shutil.copy(demo.journal, tmp_path)
    return Evidence(tmp_path / "out", tmp_path / demo.journal.name)


@pytest.fixture(params=["out", "journal"])
def either(request: pytest.FixtureRequest, demo: Evidence) -> Path:
    """The unchanged evidence in its two forms: JSON lines, and the journal itself."""
    path: Path = getattr(demo, request.param)
    return path


def replayed(path: Path, checks: Mapping[str, Check] = CHECKS) -> Replayed:
    with open_evidence(path) as journal:
        return replay(journal, checks)


def command(path: Path) -> tuple[int, str]:
    """Exit code and words of the real command, in a process of its own with another seed for hashes."""
    words = [sys.executable, "-m", "scanner", "evidence", "replay", str(path), "--lang", "en"]
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def execute(journal: Path, statement: str, *values: object) -> None:
    """Change a journal behind the back of the program."""
    database = sqlite3.connect(journal)
    try:
        with database:
            assert database.execute(statement, values).rowcount == 1
    finally:
        database.close()


def stored_of(journal: Path, kind: str) -> tuple[str, bytes]:
    """The digest and the bytes of an observation of this kind."""
    database = sqlite3.connect(journal)
    try:
        for name, stored in database.execute("SELECT digest, stored FROM observation ORDER BY digest"):
            if json.loads(stored)["kind"] == kind:
                return name, bytes(stored)
    finally:
        database.close()
    raise LookupError(kind)


def flipped(data: bytes, position: int) -> bytes:
    """The same bytes with one bit of one byte changed."""
    return data[:position] + bytes((data[position] ^ 1,)) + data[position + 1 :]


def key(finding: Finding) -> tuple[str, str]:
    return finding.target, finding.fingerprint


def findings_of(path: Path) -> list[Finding]:
    with open_evidence(path) as journal:
        return list(Run(journal).findings())


# Nothing was changed ------------------------------------------------------------------------------------


def test_every_verdict_is_derived_again(demo: Evidence, either: Path) -> None:
    shown = replayed(either)
    assert shown.confirmed
    assert (shown.differences, shown.rejudged, shown.missing, shown.altered) == ((), (), (), ())
    recorded = json.loads(demo.result.read_bytes())
    assert shown.targets == len(recorded["targets"]) > 10
    assert shown.identical == len(recorded["findings"]) > 60


def test_both_forms_of_the_evidence_say_the_same(demo: Evidence) -> None:
    assert findings_of(demo.out) == findings_of(demo.journal)


def test_the_demo_shows_every_state_that_a_scan_can_end_in(demo: Evidence) -> None:
    """So that identical verdicts mean something."""
    states = {finding.state for finding in findings_of(demo.journal)}
    assert states >= {State.PASS, State.FAIL, State.UNKNOWN}
    assert State.ERROR not in states


def test_the_command_confirms(either: Path) -> None:
    code, words = command(either)
    assert (code, len(words.splitlines())) == (0, 1), words
    assert "verdicts identical" in words


def test_replay_opens_no_socket(
    either: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    assert main(["evidence", "replay", str(either), "--lang", "en"]) == 0
    assert "verdicts identical" in capsys.readouterr().out


def test_replay_leaves_the_evidence_as_it_was(evidence: Evidence) -> None:
    def bytes_of() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in evidence.journal.parent.rglob("*") if path.is_file()}

    before = bytes_of()
    for path in (evidence.out, evidence.journal):
        assert replayed(path).confirmed
    assert bytes_of() == before


# Stored bytes were changed ------------------------------------------------------------------------------

KINDS = ("exchange", "redirect_chain", "tries", "dns_answer", "resolution", "trust_store")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0], ids=["first", "middle", "last"])
def test_a_flipped_bit_in_the_journal_is_named(kind: str, place: float, evidence: Evidence) -> None:
    name, stored = stored_of(evidence.journal, kind)
    changed = flipped(stored, int(place * (len(stored) - 1)))
    execute(evidence.journal, "UPDATE observation SET stored = ? WHERE digest = ?", changed, name)
    shown = replayed(evidence.journal)
    assert not shown.confirmed
    assert [name in problem for problem in shown.altered] == [True]


def test_a_verdict_on_altered_evidence_is_an_error_and_nothing_better(evidence: Evidence) -> None:
    """Also when the altered bytes would be a perfectly good observation."""
    with Journal.open(evidence.journal) as journal:
        cited = next(it for it in Run(journal).findings() if it.check == HSTS and it.state is State.PASS)
        name = next(digest for digest in cited.evidence if b'"kind":"exchange"' in (journal.stored(digest) or b""))
        stored = journal.stored(name) or b""
    better = stored.replace(b'"attempt":1', b'"attempt":2')
    assert better != stored
    execute(evidence.journal, "UPDATE observation SET stored = ? WHERE digest = ?", better, name)
    with Journal.open(evidence.journal) as journal:
        again = Judge(Run(journal), tuple(CHECKS.values())).judge(cited.target)
    assert {it.state for it in again if it.check == HSTS} == {State.ERROR}


def test_the_command_names_what_was_altered_in_the_journal(evidence: Evidence) -> None:
    name, stored = stored_of(evidence.journal, "exchange")
    execute(evidence.journal, "UPDATE observation SET stored = ? WHERE digest = ?", flipped(stored, 99), name)
    code, words = command(evidence.journal)
    assert code == 1
    assert name in words


def test_the_command_names_the_line_that_was_altered(evidence: Evidence) -> None:
    lines = evidence.lines.read_bytes().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if b'"kind":"exchange"' in line)
    lines[number] = flipped(lines[number], len(lines[number]) // 2)
    evidence.lines.write_bytes(b"".join(lines))
    code, words = command(evidence.out)
    assert code == 1
    assert f"line {number + 1}" in words
    run = msgspec.json.decode(lines[0])["manifest"]["run"]
    assert f"observations.jsonl: line {number + 1}: " in words
    assert f"keep this file as it is; compare it with a fresh copy: pindai report {run} --out NEW-DIR" in words


@pytest.mark.parametrize("run", ["x; reboot", "$(reboot)", "", "a" * 41])
def test_no_run_of_an_altered_file_is_pasted_into_a_command_but_a_plain_name(run: str, evidence: Evidence) -> None:
    lines = evidence.lines.read_bytes().splitlines(keepends=True)
    first = msgspec.json.decode(lines[0])
    first["manifest"]["run"] = run
    evidence.lines.write_bytes(msgspec.json.encode(first) + b"\n" + b"".join(lines[1:]))
    with pytest.raises(AlteredError, match="pindai report RUN --out NEW-DIR"):
        open_evidence(evidence.out)


def test_a_flipped_bit_anywhere_in_the_lines_is_noticed(evidence: Evidence) -> None:
    whole = evidence.lines.read_bytes()
    unnoticed = []
    for position in range(0, len(whole), len(whole) // 40):
        evidence.lines.write_bytes(flipped(whole, position))
        with contextlib.suppress(JournalError):
            open_evidence(evidence.out).close()
            unnoticed.append((position, whole[position - 40 : position + 40]))
    assert unnoticed == []


@pytest.mark.parametrize(
    ("table", "where", "old", "new", "named"),
    [
        ("meta", "name = 'manifest'", "Diskominfo", "Diskominfa", "the manifest"),
        ("finding", "instr(stored, '\"no_answer\"')", '"critical"', '"low"', "ppid uptime.reachable"),
        (
            "finding",
            "instr(stored, '\"no_answer\"')",
            f'"check_version":{CHECKS["uptime.reachable"].version}',
            '"check_version":99',
            "ppid uptime.reachable",
        ),
        ("finding", "instr(stored, '\"no_answer\"')", "uptime.reachable", "uptime/reachable", "ppid uptime.reachable"),
        ("target", "id = 'ppid'", '"not_observed"', '"never_observed"', "altered"),
    ],
    ids=["manifest", "severity", "version", "check", "target"],
)
def test_what_else_the_journal_holds_is_guarded_too(
    table: str, where: str, old: str, new: str, named: str, evidence: Evidence
) -> None:
    """The manifest by its digest, a recorded verdict by the one that is derived again."""
    column = {"meta": "value", "finding": "stored", "target": "record"}[table]
    change = f"UPDATE {table} SET {column} = CAST(replace({column}, ?, ?) AS BLOB) WHERE {where}"
    execute(evidence.journal, change, old, new)
    code, words = command(evidence.journal)
    assert code == 1
    assert named in words


def test_no_flipped_bit_in_the_file_is_a_crash(evidence: Evidence) -> None:
    """SQLite keeps no checksum of its pages: what a flip hits is noticed, or is nothing that anybody reads."""
    whole = evidence.journal.read_bytes()
    verdicts = {key(finding): finding for finding in findings_of(evidence.journal)}
    noticed = 0
    for position in range(0, len(whole), len(whole) // 40 + 7):
        evidence.journal.write_bytes(flipped(whole, position))
        try:
            with open_evidence(evidence.journal) as journal:
                shown = replay(journal, CHECKS)
                again = {key(finding): finding for finding in Run(journal).findings()}
        except JournalError:
            noticed += 1
            continue
        if shown.confirmed:
            assert again == verdicts
        else:
            noticed += 1
    assert noticed > 10


# Something is missing -----------------------------------------------------------------------------------


def cited_by_a_pass(journal: Path, check: str, kind: str) -> tuple[Finding, str]:
    """A pass of this check, and the digest of an observation of this kind that it rests on."""
    with Journal.open(journal) as opened:
        for finding in Run(opened).findings():
            for name in finding.evidence if finding.check == check and finding.state is State.PASS else ():
                if f'"kind":"{kind}"'.encode() in (opened.stored(name) or b""):
                    return finding, name
    raise LookupError(check)


@pytest.mark.parametrize(
    ("check", "kind", "table"),
    [
        (NAME, "exchange", "observation"),
        (NAME, "exchange", "filed"),
        ("tls.certificate.chain", "trust_store", "observation"),
        ("tls.certificate.chain", "trust_store", "filed"),
        ("web.https.redirect", "redirect_chain", "observation"),
        ("web.https.redirect", "redirect_chain", "filed"),
        ("web.https.redirect", "exchange", "observation"),  # a part of the walk; filed or not, its digest finds it
        ("uptime.reachable", "tries", "observation"),
        ("uptime.reachable", "tries", "filed"),
        ("uptime.reachable", "exchange", "observation"),  # a part of the tries
        ("uptime.reachable", "resolution", "observation"),
        ("uptime.reachable", "resolution", "filed"),
    ],
)
def test_a_missing_observation_is_unknown(
    check: str, kind: str, table: str, evidence: Evidence, capsys: pytest.CaptureFixture[str]
) -> None:
    finding, name = cited_by_a_pass(evidence.journal, check, kind)
    if table == "observation":
        execute(evidence.journal, "DELETE FROM observation WHERE digest = ?", name)
    else:
        execute(evidence.journal, "DELETE FROM filed WHERE digest = ? AND target = ?", name, finding.target)
    with Journal.open(evidence.journal) as journal:
        again = Judge(Run(journal), tuple(CHECKS.values())).judge(finding.target)
    (missed,) = (it for it in again if it.fingerprint == finding.fingerprint)
    assert (missed.state, missed.reason) == (State.UNKNOWN, "not_recorded")
    assert main(["evidence", "replay", str(evidence.journal)]) == 1
    assert f"{finding.target} {check}" in capsys.readouterr().out


def test_a_missing_observation_that_no_check_reads_is_named(evidence: Evidence) -> None:
    name, _ = stored_of(evidence.journal, "dns_answer")
    execute(evidence.journal, "DELETE FROM observation WHERE digest = ?", name)
    shown = replayed(evidence.journal)
    assert not shown.confirmed
    assert [name in problem for problem in shown.altered] == [True]


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_line_is_noticed(kind: str, evidence: Evidence) -> None:
    lines = evidence.lines.read_bytes().splitlines(keepends=True)
    number = next(number for number, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line)
    evidence.lines.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
    with pytest.raises(JournalError):
        open_evidence(evidence.out).close()


# The checks were changed --------------------------------------------------------------------------------


def with_check(name: str, **changes: Any) -> dict[str, Check]:
    """All checks, one of them changed."""
    changed = dataclasses.replace(CHECKS[name], **changes)
    return {**{key: check for key, check in CHECKS.items() if key != name}, changed.id: changed}


def test_a_newer_rule_is_named_and_does_not_count_as_a_difference(
    either: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = CHECKS[HSTS].version
    newer = with_check(HSTS, version=now + 1)
    shown = replayed(either, newer)
    assert shown.rejudged == ((HSTS, now, now + 1),)
    assert shown.differences == ()
    assert shown.confirmed
    monkeypatch.setattr("scanner.registry.discover", lambda: newer)
    assert main(["evidence", "replay", str(either), "--lang", "en"]) == 0
    assert f"{HSTS}: re-judged by a newer rule ({now} -> {now + 1})" in capsys.readouterr().out


def never_content(own: PresentedLeaf) -> Iterator[Verdict]:
    """A rule that no certificate meets."""
    yield NO_NAMES(expected=own.reference)


def test_a_newer_rule_that_says_otherwise_is_shown_as_such(demo: Evidence) -> None:
    """It judges what was stored, so its verdicts may differ; those of the other checks may not."""
    shown = replayed(demo.journal, with_check(NAME, version=2, judge=never_content))
    assert shown.confirmed
    assert {(it.check, it.newer_rule, it.derived) for it in shown.differences} == {(NAME, True, "no_names")}


def test_the_same_rule_that_says_otherwise_is_a_difference(demo: Evidence) -> None:
    """Changed without a new version: that is what a replay is there to find."""
    shown = replayed(demo.journal, with_check(NAME, judge=never_content))
    assert not shown.confirmed
    assert {(it.check, it.newer_rule, it.derived) for it in shown.differences} == {(NAME, False, "no_names")}


def test_a_renamed_check_is_the_same_check(demo: Evidence) -> None:
    renamed = with_check(HSTS, id="web.hsts.renamed", was=(HSTS,))
    shown = replayed(demo.journal, renamed)
    assert shown.confirmed
    assert shown.differences == ()


def test_a_check_that_is_gone_is_named(demo: Evidence) -> None:
    without = {name: check for name, check in CHECKS.items() if name != HSTS}
    shown = replayed(demo.journal, without)
    assert shown.missing == (HSTS,)
    assert not shown.confirmed


# The report was changed ---------------------------------------------------------------------------------


def test_an_altered_finding_in_the_result_is_named(evidence: Evidence) -> None:
    result = json.loads(evidence.result.read_bytes())
    finding = next(it for it in result["findings"] if it["outcome"] == "expired")
    finding["message"]["en"] = "The certificate is fine"
    evidence.result.write_text(json.dumps(result), "utf-8")
    code, words = command(evidence.out)
    assert code == 1
    assert f"{RESULT}: the finding tls.certificate.expiry about {finding['target']}" in words


def drop_finding(result: dict[str, Any]) -> None:
    result["findings"].remove(next(it for it in result["findings"] if it["severity"] == "critical"))


def drop_observation(result: dict[str, Any]) -> None:
    result["observations"].pop()


def other_manifest(result: dict[str, Any]) -> None:
    result["run"]["manifest"] = "sha256:" + "0" * 64


def fewer_criticals(result: dict[str, Any]) -> None:
    result["assessment"]["findings"]["critical"] = 0


def seen_after_all(result: dict[str, Any]) -> None:
    target = next(it for it in result["targets"] if it["standing"] != "observed")
    target["standing"] = "observed"


def not_interrupted(result: dict[str, Any]) -> None:
    result["run"]["interrupted"] = "SIGINT"


@pytest.mark.parametrize(
    "alter", [drop_finding, drop_observation, other_manifest, fewer_criticals, seen_after_all, not_interrupted]
)
def test_an_altered_result_is_noticed(alter: Any, evidence: Evidence, capsys: pytest.CaptureFixture[str]) -> None:
    result = json.loads(evidence.result.read_bytes())
    alter(result)
    evidence.result.write_text(json.dumps(result), "utf-8")
    assert main(["evidence", "replay", str(evidence.out), "--lang", "en"]) == 1
    assert f"{RESULT}: " in capsys.readouterr().out
