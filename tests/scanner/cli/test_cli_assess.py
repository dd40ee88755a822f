"""`pindai frameworks` and `pindai assess`, as commands."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest
from commandline import CommandLine

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
from runs import city, decided

OWN = """
id = "kota-contoh-12-2026"
status = "in force"
source = ["JDIH Kota Contoh"]
title = { en = "Mayor's regulation", id = "Peraturan Wali Kota" }

[[clause]]
id = "kota-contoh-12-2026/pasal-5"
article = "Pasal 5"
text = "Layanan daring menggunakan HTTPS"
title = "Online services use HTTPS"
certainty = "verbatim"

[[clause.evidence]]
check = "web.https.redirect"
strength = "direct"
says = { en = "Shows that plain HTTP leads on", id = "Menunjukkan http biasa dialihkan" }
"""


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    """The command, in a home with two stored runs."""
    runs = tmp_path / ".local/state/pindai/runs"
    runs.mkdir(parents=True)
    for number, run in enumerate((decided(), city())):
        kept = sqlite3.connect(runs / f"20261121T010200-{number}{run.id[-3:]}.journal")
        with run.journal:
            run.journal._db.backup(kept)
        kept.close()
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    return CommandLine(tmp_path)


def test_the_newest_run_is_assessed(pindai: CommandLine) -> None:
    done = pindai("assess", LANG="id_ID.UTF-8")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Bahan bukti per pasal dan indikator | Pemerintah Kota Contoh\n")
    assert "pasal-27/8/b          salinan        ada temuan yang perlu dijelaskan" in done.out


def test_another_run_one_clause_one_unit(pindai: CommandLine) -> None:
    done = pindai("assess", "0f3a", "--indicator", "pasal-27/8/b", "--unit", "DISKOMINFO", "--lang", "en")
    assert (done.code, done.err) == (0, "")
    assert "from the intranet" in done.out
    assert "DISKOMINFO only" in done.out
    assert "State: findings need explaining" in done.out


def test_one_framework_lists_what_nothing_speaks_to(pindai: CommandLine) -> None:
    told = pindai("assess", "--framework", "panrb-8-2026", "--lang", "id").out
    assert "indikator-20          ringkasan      perlu dokumen atau wawancara" in told
    assert "bssn-4-2021" not in told


def test_json(pindai: CommandLine) -> None:
    done = pindai("assess", "--framework", "pp-71-2019", "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert {it["framework"] for it in json.loads(done.out)["clauses"]} == {"pp-71-2019"}


def test_a_period(pindai: CommandLine) -> None:
    (other,) = (pindai.folder / ".local/state/pindai/runs").glob("*-0*.journal")
    other.unlink()  # both are made by one hand and have one run's id, so that history would take one for a copy
    done = pindai("assess", "--period", "2026-11-20..2026-11-21", "--lang", "en")
    assert (done.code, done.err) == (0, "")
    told = " ".join(done.out.split())
    assert "Period 20 November 2026 to 21 November 2026 (2 days)" in told
    assert "Periodicity: cannot be concluded (the agency has declared no schedule)" in told
    assert "Critical: open at start 1, found 0, closed and confirmed 0, open at end 1" in told
    done = pindai("assess", "--period", "2026-11-20..2026-11-21", "--format", "json")
    assert json.loads(done.out)["period"]["nights"]["runs"] == 1
    assert json.loads(pindai("assess", "--format", "json").out)["period"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-21..2026-11-20", "ends before it begins"),
        ("2026-01-01..2999-12-31", "ends in the future"),
        ("2026-1-1..2026-2-1", "is no period"),
        ("2026-02-01..2026-02-30", "is no period"),
        ("2026", "is no period"),
        ("20260101..20260131", "is no period"),
        ("1999-01-01..2026-01-01", "longer than ten years"),
    ],
)
def test_what_is_no_period(pindai: CommandLine, text: str, said: str) -> None:
    done = pindai("assess", "--period", text, "--lang", "en")
    assert (done.code, done.out) == (3, "")
    assert said in done.err


def test_a_period_needs_the_runs_of_a_state_folder(pindai: CommandLine) -> None:
    out = pindai.folder / "out"
    assert pindai("report", "--out", str(out)).code in (0, 1, 2)
    done = pindai("assess", str(out), "--period", "2026-11-20..2026-11-21", "--lang", "en")
    assert (done.code, done.out) == (3, "")
    assert "needs the runs of a state folder" in done.err


def test_a_framework_of_ones_own(pindai: CommandLine) -> None:
    done = pindai("assess", "--file", "own.toml", "--indicator", "kota-contoh-*", "--lang", "en")
    assert (done.code, done.err) == (0, "")
    assert "State: findings need explaining" in done.out
    assert "6 services (no official list, so no share): 3 support, 2 with findings, 1 not observed" in " ".join(
        done.out.split()
    )
    assert "Pasal 5" in pindai("frameworks", "kota-contoh-12-2026", "--file", "own.toml").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["assess", "--framework", "panrb-8-2025"], "did you mean 'panrb-8-2026'?"),
        (["assess", "--indicator", "pasal-27/8/e"], "no clause is called 'pasal-27/8/e'; did you mean"),
        (["assess", "--framework", "pp-71-2019", "--indicator", "pasal-27/8/b"], "no clause is called 'pasal-27/8/b'"),
        (["assess", "--unit", "Diskominfoo"], "did you mean 'Diskominfo'?"),
        (["assess", "abcd"], "no run is called abcd"),
        (["assess", "--file", "none.toml"], "none.toml: No such file"),
        (["assess", "--state", "empty"], "no run is kept here yet"),
        (["assess", "--format", "pdf"], "invalid choice: 'pdf'"),
        (["frameworks", "bssn-4-2022"], "did you mean 'bssn-4-2021'?"),
        (["frameworks", "\x1b[2J"], "no framework and no clause is called '\\x1b[2J'; there are: bssn-4-2021"),
    ],
)
def test_what_cannot_be_answered(pindai: CommandLine, words: list[str], said: str) -> None:
    done = pindai(*words)
    assert (done.code, done.out) == (3, "")
    assert said in done.err


def test_a_wrong_file_is_told_with_its_line(pindai: CommandLine) -> None:
    (pindai.folder / "own.toml").write_text(OWN.replace("web.https.redirect", "web.https.redirects"), "utf-8")
    done = pindai("frameworks", "--file", "own.toml")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "pindai: own.toml:15: clause.1.evidence.1.check: no check is called 'web.https.redirects'; "
        "did you mean 'web.https.redirect'?\n"
    )


def test_frameworks_are_listed(pindai: CommandLine) -> None:
    told = pindai("frameworks", "--lang", "en").out
    assert "panrb-59-2020" in told
    assert "Status: REPEALED by PermenPANRB 8/2026" in told


@pytest.mark.parametrize("wanted", [None, "pp-71-2019", "pp-71-2019/pasal-4/b"])
def test_frameworks_as_json(pindai: CommandLine, wanted: str | None) -> None:
    told = json.loads(pindai("frameworks", *([wanted] if wanted else []), "--format", "json").out)
    assert (told[-1] if wanted is None else told)["id"].startswith("pp-71-2019")


def test_the_schema_of_ones_own_framework(pindai: CommandLine) -> None:
    assert json.loads(pindai("config", "schema", "framework").out)["title"] == "Pindai framework of your own"
