"""Profiles on the command line: those that ship, one of the user's own, and what is said about a wrong one."""

import json
from pathlib import Path

import pytest
from commandline import CommandLine, served

from scanner.profiles import profile_names

URL = "https://www.fault.test/"


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_can_be_planned_with(name: str, pindai: CommandLine) -> None:
    done = pindai("plan", URL, "--nameserver", "127.0.0.1:9", "--profile", name, "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["profile"] == name


def test_a_profile_of_ones_own_scans_with_its_checks_and_is_named_in_the_result(pindai: CommandLine) -> None:
    (pindai.folder / "ours.toml").write_text('based_on = "local"\nchecks = ["uptime.reachable"]\n')
    with served("empty_answer") as server:
        done = pindai("scan", server.url(), "--profile", "ours.toml", "--format", "json")
    result = json.loads(done.out)
    assert {finding["check"] for finding in result["findings"]} == {"uptime.reachable"}
    assert '"ours"' in done.out


@pytest.mark.parametrize("command", ["scan", "plan"])
def test_all_that_is_wrong_with_it_is_said_line_by_line(command: str, pindai: CommandLine) -> None:
    (pindai.folder / "ours.toml").write_text("[pace]\ninterval_ms = 1\ntargets_at_once = 0\n")
    done = pindai(command, URL, "--profile", "ours.toml")
    assert (done.code, done.out) == (3, "")
    lines = sorted(line.removeprefix("pindai: ")[:12] for line in done.err.splitlines())
    assert lines == ["ours.toml:2:", "ours.toml:3:"]
    assert pindai.journals() == []


def test_a_name_nobody_knows(pindai: CommandLine) -> None:
    done = pindai("scan", URL, "--profile", "nigthly")
    assert done.code == 3
    assert "did you mean 'nightly'?" in done.err


def test_a_threshold_of_an_unknown_check_is_refused(pindai: CommandLine) -> None:
    (pindai.folder / "ours.toml").write_text('[params."web.hsts.polic"]\nmin_age = "P1D"\n')
    done = pindai("plan", URL, "--profile", "ours.toml")
    assert (done.code, done.out) == (3, "")
    assert "web.hsts.polic" in done.err
