"""Waivers with the real command: what is accepted no longer fails a run, what is wrong with one makes it incomplete."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from commandline import CommandLine, served

from scanner.cli.waiver import listing
from scanner.estate import Waiver

TODAY = datetime.now(UTC).date()
SOON, PAST = str(TODAY + timedelta(days=60)), str(TODAY - timedelta(days=2))
ONLY = ("--only", "uptime.reachable", "--profile", "local", "--fail-on", "high")


@pytest.fixture
def pindai(tmp_path: Path) -> Iterator[CommandLine]:
    """A folder with a targets file: one service that refuses connections, which is a critical finding."""
    with served("refused") as server:
        (tmp_path / "targets.toml").write_text(
            f'waivers = ["waivers.toml"]\n[scope]\nnetworks = ["127.0.0.0/8"]\n'
            f'[[target]]\nid = "down"\nurl = "{server.url()}"\n'
        )
        yield CommandLine(tmp_path)


def waiver(until: str, checks: str = "uptime") -> str:
    return (
        f'[[waiver]]\nchecks = "{checks}"\ntargets = "down"\nreason = "Dipindahkan"\n'
        f'approved_by = "Kepala Bidang"\nuntil = {until}\n'
    )


def write(pindai: CommandLine, text: str) -> None:
    (pindai.folder / "waivers.toml").write_text(text)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 1, "1 critical, 0 high, 0 medium, 0 low"),
        (waiver(SOON), 0, "1 accepted finding; otherwise"),
        (waiver(PAST), 1, "1 critical, 0 high, 0 medium, 0 low"),
        (waiver(SOON, "tls"), 1, "1 critical, 0 high, 0 medium, 0 low"),
        (waiver(SOON, "uptme"), 2, "waivers.toml:2: waiver.1.checks: no check is called 'uptme'"),
        (waiver(SOON) + waiver(SOON, "uptme"), 2, "1 accepted finding; otherwise"),
        ("[[waiver]", 2, "1 critical, 0 high, 0 medium, 0 low"),
    ],
    ids=["none", "accepted", "expired", "of another check", "broken", "one of two broken", "broken file"],
)
def test_a_waived_critical_finding_fails_no_run_and_a_broken_waiver_waives_nothing(
    text: str, code: int, words: str, pindai: CommandLine
) -> None:
    write(pindai, text)
    done = pindai("scan", *ONLY)
    assert done.code == code, done
    shown = " ".join(done.out.split())
    assert words in shown
    assert f"Exit code {code}: " in shown
    again = pindai("report", "--fail-on", "high")
    assert again.code == code
    assert words in " ".join(again.out.split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Exit code 2: incomplete: 1 problem in the configuration files, that part is not used."),
        ("id", "Kode keluar 2: tidak lengkap: 1 kesalahan dalam berkas konfigurasi, bagian itu tidak dipakai."),
    ],
)
def test_why_the_run_is_incomplete_is_said(language: str, words: str, pindai: CommandLine) -> None:
    write(pindai, waiver(SOON, "uptme"))
    assert words in " ".join(pindai("scan", *ONLY, "--lang", language).out.split())


def test_the_result_carries_the_waiver_and_replay_confirms_it(pindai: CommandLine) -> None:
    write(pindai, waiver(SOON))
    assert pindai("scan", *ONLY, "--quiet", "--out", "out").code == 0
    result = json.loads((pindai.folder / "out" / "result.json").read_text("utf-8"))
    (finding,) = result["findings"]
    assert (finding["state"], finding["severity"]) == ("fail", "critical")
    assert finding["waiver"] == {"until": SOON, "approved_by": "Kepala Bidang", "reason": "Dipindahkan"}
    assert result["assessment"]["waived"]["critical"] == 1
    write(pindai, "")  # what was accepted then is judged by what stood in the file then
    assert pindai("evidence", "replay", "out").code == 0


def test_all_lists_the_accepted_finding(pindai: CommandLine) -> None:
    write(pindai, waiver(SOON))
    shown = " ".join(pindai("scan", *ONLY, "--all", "--lang", "id").out.split())
    assert re.search(r"KRITIS .* dikecualikan s\.d\. \d+ \w+ \d{4} oleh Kepala Bidang: Dipindahkan", shown)


# -- waiver check


@pytest.mark.parametrize(
    ("text", "words", "code", "lines", "error"),
    [
        ("", (), 0, ["0 waivers in force"], ""),
        (
            waiver(SOON),
            (),
            0,
            ["1 waiver in force:", f"  until {SOON}: uptime at down, by Kepala Bidang: Dipindahkan"],
            "",
        ),
        (
            waiver(PAST),
            ("targets.toml",),
            0,
            [
                "0 waivers in force",
                "1 waiver ran out and no longer applies:",
                f"  until {PAST}: uptime at down, by Kepala Bidang: Dipindahkan",
            ],
            "",
        ),
        (waiver(SOON, "uptme"), (), 2, ["0 waivers in force"], "waivers.toml:2: waiver.1.checks: no check is called"),
        (waiver(SOON, "uptme"), ("waivers.toml",), 2, ["0 waivers in force"], "waivers.toml:2: waiver.1.checks: "),
        ("[[waiver]\n", (), 2, ["0 waivers in force"], "waivers.toml:1: not valid TOML"),
        ("", ("none.toml",), 3, [], "none.toml: No such file or directory"),
    ],
)
def test_waiver_check(
    text: str, words: tuple[str, ...], code: int, lines: list[str], error: str, pindai: CommandLine
) -> None:
    write(pindai, text)
    done = pindai("waiver", "check", *words)
    assert done.code == code, done
    assert done.out.splitlines() == lines
    assert (f"pindai: {error}" in done.err) if error else (done.err == "")


def test_the_first_to_run_out_comes_first_and_its_last_days_are_counted() -> None:
    today = date(2026, 11, 22)
    waivers = [
        Waiver("web", "www", "r", "a", until, subject)
        for until, subject in (
            (date(2026, 11, 21), ""),
            (date(2027, 1, 1), ""),
            (date(2026, 11, 23), "sid"),
            (date(2026, 11, 20), ""),
            (today, ""),
        )
    ]
    assert list(listing(waivers, today)) == [
        "3 waivers in force:",
        "  until 2026-11-22, 1 day left: web at www, by a: r",
        "  until 2026-11-23, 2 days left: web at www (sid), by a: r",
        "  until 2027-01-01: web at www, by a: r",
        "2 waivers ran out and no longer apply:",
        "  until 2026-11-21: web at www, by a: r",
        "  until 2026-11-20: web at www, by a: r",
    ]


@pytest.mark.parametrize(
    ("text", "fail_on", "sentence"),
    [
        (waiver(SOON), "high", "Exit code 0: no finding of severity high or above but accepted ones."),
        (waiver(PAST), "never", "Exit code 0: findings do not change the exit code."),
    ],
)
def test_an_exit_code_that_a_waiver_made_0_says_so(text: str, fail_on: str, sentence: str, pindai: CommandLine) -> None:
    write(pindai, text)
    done = pindai("scan", *ONLY, "--fail-on", fail_on)
    assert done.code == 0, done
    assert sentence in " ".join(done.out.split())


def test_what_a_waiver_says_is_not_obeyed_by_the_terminal(pindai: CommandLine) -> None:
    write(pindai, waiver(SOON).replace("Dipindahkan", "\u202ex").replace("Kepala", "Kep\\u001bala"))
    done = pindai("waiver", "check")
    assert done.code == 2
    assert "\x1b" not in done.err
    write(pindai, waiver(SOON, "\u202e"))
    assert "\u202e" not in pindai("waiver", "check").err
