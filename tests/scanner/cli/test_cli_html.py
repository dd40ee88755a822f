"""`--format html`, `--out` and `--unit`: the HTML report as commands write it."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from commandline import CommandLine

from scanner.cost import Cost
from scanner.estate import Estate, Target
from scanner.findings import Finding, FixedBy, Message, State, Subject, fingerprint
from scanner.journal import Journal, Standing, TargetRecord
from scanner.observations.observation import digest
from scanner.observations.steps import Replay
from scanner.profiles import load_profile
from scanner.run import Ending, Manifest, Tool
from scanner.scope import Scope

START = datetime(2026, 11, 21, 1, 2, tzinfo=UTC)
RUN = "20261121T010200000-7f3a"
UNITS = {"arsip": "Dinas Kearsipan", "ppid": "Diskominfo"}


def stored(path: Path) -> None:
    """A run of two targets of two units; the one of Dinas Kearsipan has a high finding."""
    evidence = b"{}"
    estate = Estate(
        targets=tuple(Target(id=it, url=f"https://{it}.contoh.test/", unit=unit) for it, unit in UNITS.items()),
        scope=Scope(names=("*.contoh.test",)),
        agency="Pemerintah Kota Contoh",
        source="targets.toml",
    )
    manifest = Manifest(
        run=RUN,
        started=START,
        tool=Tool("1.0.0", "3.11.9", "OpenSSL 3.0", 1),
        agent="Pindai",
        estate=estate,
        profile=load_profile("default"),
        resolvers=(),
        checks=(),
    )
    with Journal.create(path) as journal:
        journal.put_manifest(msgspec.json.encode(manifest))
        for name in UNITS:
            record = TargetRecord(name, Standing.OBSERVED, START, START, Cost(), Cost())
            subject = Subject("service", name)
            is_open = name == "arsip"
            finding = Finding(
                check="web.https.redirect",
                check_version=1,
                target=name,
                subject=subject,
                state=State.FAIL if is_open else State.PASS,
                outcome="serves_content" if is_open else "to_https",
                severity="high" if is_open else None,
                message=Message(f"Kalimat tentang {name}", f"Sentence about {name}"),
                expected=None,
                found=None,
                reason=None,
                evidence=(digest(evidence),),
                fingerprint=fingerprint("web.https.redirect", name, subject),
                fixed_by=FixedBy.WEB_SERVER,
                replay=Replay.DERIVED,
            )
            journal.commit(record, {"probe": digest(evidence)}, {digest(evidence): evidence})
            journal.put_findings(name, [finding])
        journal.put_end(msgspec.json.encode(Ending(START)))


@pytest.fixture(scope="module")
def pindai(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    folder = tmp_path_factory.mktemp("html")
    stored(folder / "state" / "runs" / f"{RUN}.journal")
    return CommandLine(folder)


def test_standard_output_carries_the_page_and_nothing_else(pindai: CommandLine) -> None:
    done = pindai("report", "--state", "state", "--format", "html", "--lang", "en")
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert done.out.endswith("</html>")
    assert "Sentence about arsip" in done.out
    assert "Sentence about ppid" in done.out


@pytest.mark.parametrize(("language", "name"), [("id", "laporan.html"), ("en", "report.html")])
def test_a_folder_gets_the_page_in_the_readers_language_for_nobody_else(
    pindai: CommandLine, language: str, name: str
) -> None:
    done = pindai("report", "--state", "state", "--out", f"out-{language}", "--lang", language)
    path = pindai.folder / f"out-{language}" / name
    assert f"out-{language}/{name}" in done.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f'<html lang="{language}">' in path.read_text("utf-8")


def test_a_units_copy_is_all_that_a_folder_gets(pindai: CommandLine) -> None:
    done = pindai("report", "--state", "state", "--unit", "diskominfo", "--out", "unit", "--lang", "id")
    assert done.code == 0, "nothing of this unit's is open"
    (path,) = (pindai.folder / "unit").iterdir()
    assert path.name.startswith("laporan-diskominfo-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"arsip.contoh.test" not in path.read_bytes()
    assert b"tentang arsip" not in path.read_bytes()
    assert b"ppid.contoh.test" in path.read_bytes()
    assert "arsip" not in done.out
    assert f"unit/{path.name}" in done.out


def test_a_units_copy_goes_to_standard_output_too(pindai: CommandLine) -> None:
    done = pindai("report", "--state", "state", "--unit", "Dinas Kearsipan", "--format", "html", "--lang", "en")
    assert done.code == 1
    assert "Sentence about arsip" in done.out
    assert "ppid" not in done.out
    assert "Diskominfo" not in done.out


def test_a_unit_that_nobody_knows_is_refused(pindai: CommandLine) -> None:
    done = pindai("report", "--state", "state", "--unit", "Diskominf", "--format", "html")
    assert (done.code, done.out) == (3, "")
    assert "no unit of this run is called 'Diskominf'; did you mean 'Diskominfo'?" in done.err


@pytest.mark.parametrize("name", ["", "  "])
@pytest.mark.parametrize("command", [("report", "--format", "html"), ("report",), ("assess",)], ids=" ".join)
def test_no_name_is_not_everybody(pindai: CommandLine, command: tuple[str, ...], name: str) -> None:
    """A script that makes a copy for each line of a list must not send the whole report to an empty line."""
    done = pindai(*command, "--state", "state", "--unit", name)
    assert (done.code, done.out) == (3, "")
    assert f"no unit of this run is called {name!r}" in done.err


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_formats_that_have_the_whole_run_refuse_a_unit(pindai: CommandLine, name: str) -> None:
    done = pindai("report", "--state", "state", "--unit", "Diskominfo", "--format", name)
    assert (done.code, done.out) == (3, "")
    assert f"--unit makes a copy in the formats html and table; {name} has the whole run" in done.err
