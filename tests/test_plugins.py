"""Plug-ins from end to end: an installed distribution, the real command, a real server, and what is not imported."""

import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import CommandLine, Done
from plugin_wheel import EXAMPLE, example_files, install, installed_example, wheel

ROOT = Path(__file__).parents[1]
CHECK = "contoh.status_line.version"
NAME = "pindai-contoh"


GOOD = (
    (example_files()["pindai_contoh/checks.py"]).replace("pindai_contoh", "pindai_rusak").replace("contoh.", "rusak.")
)
CHECKS = {"pindai.checks": {"rusak": "pindai_rusak.checks"}}
PROBES = example_files()["pindai_contoh/probes.py"].replace("contoh.", "rusak.")


class Plugged(CommandLine):
    """The real command where wheels are installed."""

    def __init__(self, folder: Path, *sites: Path) -> None:
        super().__init__(folder)
        self.sites = sites

    def environment(self, **more: str) -> dict[str, str]:
        """With the folders of the wheels on Python's path."""
        own = super().environment(**more)
        return {
            **own,
            "PYTHONPATH": os.pathsep.join([*map(str, self.sites), own["PYTHONPATH"]]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, installed once; whatever is imported of it is noted beside it."""
    folder = tmp_path_factory.mktemp("plugin")
    return installed_example(folder, marker=folder / "imported")


@pytest.fixture(scope="session")
def marker(site: Path) -> Path:
    return site.parent / "imported"


@pytest.fixture
def pindai(tmp_path: Path, site: Path, marker: Path) -> Plugged:
    """The command in a folder of its own; nothing of the plug-in is imported yet."""
    marker.unlink(missing_ok=True)
    return Plugged(tmp_path, site)


class Old(http.server.BaseHTTPRequestHandler):
    """Answers in HTTP/1.0."""

    protocol_version = "HTTP/1.0"

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Nothing."""


class New(Old):
    """Answers in HTTP/1.1."""

    protocol_version = "HTTP/1.1"


def serving(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def old() -> Iterator[str]:
    yield from serving(Old)


@pytest.fixture
def new() -> Iterator[str]:
    yield from serving(New)


def scanned(pindai: Plugged, url: str, *more: str) -> Done:
    """A scan by the plug-in's check alone."""
    return pindai("scan", url, "--plugin", NAME, "--only", "contoh", "--out", "out", *more)


def result(pindai: Plugged, folder: str = "out") -> dict[str, object]:
    told: dict[str, object] = json.loads((pindai.folder / folder / "result.json").read_text("utf-8"))
    return told


def outcomes(pindai: Plugged, folder: str = "out") -> list[tuple[str, str]]:
    findings = result(pindai, folder)["findings"]
    assert isinstance(findings, list)
    return [(it["check"], it["outcome"]) for it in findings]


# what it adds ---------------------------------------------------------------------------------------------------------


def test_a_plugin_that_is_allowed_looks_and_judges(pindai: Plugged, old: str, new: str) -> None:
    assert scanned(pindai, old).code == 0
    assert outcomes(pindai) == [(CHECK, "old")]
    done = scanned(pindai, new, "--all")
    assert done.code == 0, done.err
    assert outcomes(pindai) == [(CHECK, "current")]
    assert f"Plug-ins {NAME} 1.0" in done.out
    (page,) = (pindai.folder / "out").glob("*.html")
    assert f"{NAME} 1.0 (<code>sha256:" in page.read_text("utf-8")
    run = result(pindai)["run"]
    assert isinstance(run, dict)
    (used,) = run["plugins"]
    assert (used["distribution"], used["version"], used["areas"]) == (NAME, "1.0", ["contoh"])
    assert used["digest"].startswith("sha256:")


def test_nobody_answering_is_unknown_and_no_pass(pindai: Plugged) -> None:
    assert scanned(pindai, "http://127.0.0.1:9/").code == 2
    assert outcomes(pindai) == [(CHECK, "unknown")]


def test_the_plan_lists_what_its_probe_would_ask(pindai: Plugged) -> None:
    done = pindai("plan", "http://127.0.0.1:8901/", "--plugin", NAME, "--only", "contoh")
    assert "port 8901" in done.out
    assert "HEAD http://127.0.0.1:8901/ ->" in done.out


def test_its_report_stands_on_standard_output(pindai: Plugged, old: str) -> None:
    done = scanned(pindai, old, "--format", "contoh.csv")
    assert done.out.splitlines()[0] == "target,check,state,severity,what"
    assert f",{CHECK},fail,low," in done.out.splitlines()[1]
    again = pindai("report", "--plugin", NAME, "--format", "contoh.csv", "--lang", "id")
    assert again.out.splitlines()[0] == "target,pemeriksaan,keadaan,tingkat,apa"
    assert (again.code, again.err) == (0, "")


def test_its_check_is_listed_with_its_distribution_and_explained(pindai: Plugged) -> None:
    listed = pindai("checks", "--plugin", NAME).out.splitlines()
    assert [line for line in listed if line.startswith("contoh.")] == [
        f"{CHECK} The service answers in a version of HTTP/1 that the policy accepts. ({NAME} 1.0)"
    ]
    assert listed == sorted(listed)
    explained = pindai("checks", CHECK, "--plugin", NAME, "--lang", "id").out
    assert "Layanan menjawab dengan versi HTTP/1" in explained
    assert f"{NAME} 1.0" in explained
    assert "Pasal 1" in explained  # from its framework


def test_its_framework_is_shown_and_held_against_a_run(pindai: Plugged, new: str) -> None:
    assert "contoh-2026: Example rule of 2026" in pindai("frameworks", "--plugin", NAME).out
    assert f"supporting: {CHECK}" in pindai("frameworks", "contoh-2026", "--plugin", NAME).out
    scanned(pindai, new)
    assessed = pindai("assess", "--plugin", NAME, "--framework", "contoh-2026")
    assert assessed.code == 0
    assert "supporting material" in assessed.out


def test_many_targets_are_judged_in_the_other_process(pindai: Plugged, old: str) -> None:
    """From five targets on the judge is a process of its own, which loads the same plug-ins."""
    targets = "".join(f'[[target]]\nid = "t{number}"\nurl = "{old}{number}"\n' for number in range(6))
    (pindai.folder / "targets.toml").write_text(
        f'[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n[plugins]\nallow = ["{NAME}==1.0"]\n{targets}'
    )
    done = pindai("scan", "--profile", "local", "--only", "contoh", "--out", "out")
    assert done.code == 0, done.err
    assert outcomes(pindai) == [(CHECK, "old")] * 6


def test_its_thresholds_are_set_in_the_targets_file(pindai: Plugged, old: str) -> None:
    (pindai.folder / "targets.toml").write_text(
        f'[plugins]\nallow = ["{NAME}"]\n[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n'
        f'[params."{CHECK}"]\noldest = 1.0\n[[target]]\nid = "a"\nurl = "{old}"\n'
    )
    assert pindai("config", "check").code == 0
    assert pindai("scan", "--profile", "local", "--only", "contoh", "--out", "out").code == 0
    assert outcomes(pindai) == [(CHECK, "current")]
    text = (pindai.folder / "targets.toml").read_text()
    (pindai.folder / "targets.toml").write_text(text.replace("oldest = 1.0", 'oldest = "new"'))
    wrong = pindai("config", "check")
    assert wrong.code == 3
    assert "targets.toml:7" in wrong.err


ESTATE = """
from collections.abc import Iterator
from scanner.api import (
    EstateFact, EstateView, FixedBy, Group, Outcome, Passed, Severity, Unobserved, Verdict, derived, estate_check,
    several_targets,
)
from pindai_rusak.probes import StatusLine
from pindai_rusak.checks import status_line

@derived(status_line)
def lines(seen: StatusLine) -> tuple[EstateFact, ...] | Unobserved:
    return seen.line if isinstance(seen.line, Unobserved) else (EstateFact(seen.line),)

SAME = Outcome("same", en="{count} services say the same", id="{count} layanan berkata sama", severity=Severity.LOW)
OTHER = Passed("other", en="Nobody of {others} others says the same", id="Tidak ada dari {others} lain yang sama")

@estate_check("rusak.same", lines, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(SAME, OTHER), otherwise=OTHER,
              compares=True, applies=several_targets, references=("a test",))
def same(group: Group, estate: EstateView) -> Iterator[Verdict]:
    \"\"\"No two services say the same.\"\"\"
    if len(group.targets) > 1:
        yield SAME(count=len(group.targets)).about("line", group.key)
"""


@pytest.mark.parametrize("count", [2, 6])
def test_a_check_of_the_whole_estate_may_come_from_a_plugin(tmp_path: Path, old: str, count: int) -> None:
    """Judged in this process, and in the other one."""
    points = {**CHECKS, "pindai.probes": {"rusak": "pindai_rusak.probes"}}
    points["pindai.checks"] = {"rusak": "pindai_rusak"}  # a package: its modules are looked at
    pindai = Plugged(tmp_path, broken(tmp_path, points=points, checks=GOOD, probes=PROBES, estate=ESTATE))
    targets = "".join(f'[[target]]\nid = "t{number}"\nurl = "{old}{number}"\n' for number in range(count))
    (tmp_path / "targets.toml").write_text(
        '[plugins]\nallow = ["pindai-rusak"]\n[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n' + targets
    )
    done = pindai("scan", "--profile", "local", "--only", "rusak.same", "--out", "out")
    assert done.code == 0, done.err
    assert outcomes(pindai) == [("rusak.same", "same")] * count
    assert pindai("evidence", "replay", "out", "--plugin", "pindai-rusak").code == 0


# what is not allowed --------------------------------------------------------------------------------------------------


def test_nothing_of_it_is_imported_while_it_is_not_allowed(pindai: Plugged, marker: Path, old: str) -> None:
    assert CHECK not in pindai("checks").out
    assert pindai("scan", old, "--out", "out").code in (0, 1, 2)
    assert not any(check.startswith("contoh") for check, _ in outcomes(pindai))
    assert "contoh-2026" not in pindai("frameworks").out
    doctor = pindai("doctor", "--offline")
    assert f"{NAME} 1.0 is installed and not" in " ".join(doctor.out.split())
    (pindai.folder / "targets.toml").write_text(
        f'[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n[[target]]\nid = "a"\nurl = "{old}"\n'
    )
    checked = pindai("config", "check")
    assert f"the plug-in {NAME} 1.0 is installed and not allowed" in checked.out
    assert checked.code == 0
    assert not marker.exists()
    pindai("checks", "--plugin", NAME)
    assert marker.exists()  # the marker works


def test_evidence_of_somebody_else_loads_nothing(pindai: Plugged, marker: Path, old: str) -> None:
    """A run names its plug-ins; that alone imports none, for evidence may come from anybody."""
    scanned(pindai, old)
    marker.unlink()
    replayed = pindai("evidence", "replay", "out")
    assert replayed.code == 1
    assert f"the plug-in {NAME} 1.0 took part in this run and is not loaded here" in replayed.out
    assert CHECK in replayed.out
    assert f"--plugin {NAME}" in replayed.out
    pindai("report")
    pindai("report", "out", "--format", "jsonl")
    pindai("assess")
    assert not marker.exists()


def test_evidence_is_replayed_with_the_same_plugin(pindai: Plugged, old: str) -> None:
    scanned(pindai, old)
    replayed = pindai("evidence", "replay", "out", "--plugin", NAME)
    assert (replayed.code, replayed.err) == (0, "")
    assert "1 verdicts identical" in replayed.out


def test_evidence_is_not_confirmed_with_another_version_or_other_files(
    pindai: Plugged, old: str, tmp_path: Path
) -> None:
    scanned(pindai, old)
    newer = Plugged(pindai.folder, installed_example(tmp_path, version="1.1"))
    replayed = newer("evidence", "replay", "out", "--plugin", NAME)
    assert replayed.code == 1
    assert f"{NAME} took part as 1.0, and here it is 1.1" in replayed.out
    assert "1 verdicts identical" in replayed.out
    other = Plugged(pindai.folder, installed_example(tmp_path))  # without the marker, so with another __init__.py
    replayed = other("evidence", "replay", "out", "--plugin", NAME)
    assert replayed.code == 1
    assert "has other files here" in replayed.out


def test_a_run_is_resumed_with_the_same_plugins_only(pindai: Plugged, old: str) -> None:
    scanned(pindai, old)
    resumed = pindai("scan", old, "--plugin", NAME, "--only", "contoh", "--resume")
    assert "no unfinished run" in resumed.err


def test_a_units_file_allows_no_plugin(pindai: Plugged, marker: Path, old: str) -> None:
    (pindai.folder / "units").mkdir()
    (pindai.folder / "units/a.toml").write_text(
        f'[plugins]\nallow = ["{NAME}"]\n[[target]]\nid = "b"\nurl = "{old}b"\n'
    )
    (pindai.folder / "targets.toml").write_text(
        'include = ["units/*.toml"]\n[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n'
        f'[[target]]\nid = "a"\nurl = "{old}"\n'
    )
    done = pindai("config", "check")
    assert done.code == 2
    assert "units/a.toml:1" in done.err
    assert not marker.exists()


def test_a_variable_allows_it_for_jobs(pindai: Plugged) -> None:
    assert CHECK in pindai("checks", PINDAI_PLUGINS=f" {NAME}==1.0 ,").out
    refused = pindai("checks", PINDAI_PLUGINS="pindai-lain")
    assert refused.code == 3
    assert "$PINDAI_PLUGINS: the plug-in pindai-lain is not installed" in refused.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("pindai-lain", "the plug-in pindai-lain is not installed beside Pindai"),
        (f"{NAME}==2.0", "is installed as 1.0, and only 2.0 is allowed"),
        ("msgspec", "it is no plug-in"),
        ("../contoh", "is no distribution"),
        (f"{NAME}>=1", "is no distribution"),
    ],
)
@pytest.mark.parametrize("where", ["--plugin", "targets.toml"])
def test_what_cannot_be_loaded_stops_everything(
    pindai: Plugged, marker: Path, old: str, given: str, told: str, where: str
) -> None:
    if where == "--plugin":
        done = pindai("scan", old, "--plugin", given)
    else:
        (pindai.folder / "targets.toml").write_text(
            f'[plugins]\nallow = ["{given}"]\n[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n'
            f'[[target]]\nid = "a"\nurl = "{old}"\n'
        )
        done = pindai("scan")
        assert given == "msgspec" or "targets.toml:2" in done.err
    assert done.code == 3
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert done.out == ""
    assert not pindai.journals()
    assert not marker.exists()


# what is broken -------------------------------------------------------------------------------------------------------


def broken(folder: Path, *, points: dict[str, dict[str, str]], name: str = "pindai-rusak", **files: str) -> Path:
    """A distribution of these modules, installed."""
    inner = {f"pindai_rusak/{module}.py": text for module, text in {"__init__": "PINDAI_API = 1\n", **files}.items()}
    return install(folder / f"site-{name}", wheel(folder, name, "0.1", inner, points))


API_2 = {"__init__": "PINDAI_API = 2\n"}


@pytest.mark.parametrize(
    ("points", "files", "told"),
    [
        (CHECKS, {"checks": "x = 1\n1/0\n"}, "ZeroDivisionError: division by zero (checks.py:2)"),
        (CHECKS, {"checks": "import no_such_module\n"}, "No module named 'no_such_module' (checks.py:1)"),
        (CHECKS, {"checks": "def f(:\n"}, "(checks.py:1)"),
        (CHECKS, {"checks": "raise SystemExit(0)\n"}, "SystemExit"),
        (CHECKS, {}, "No module named 'pindai_rusak.checks'"),
        (CHECKS, {"checks": "x = 1\n"}, "no check is declared at the top of pindai_rusak.checks"),
        (CHECKS, {"checks": GOOD, "probes": PROBES, **API_2}, "written for version 2 of scanner.api"),
        (CHECKS, {"checks": GOOD, "probes": PROBES, "__init__": ""}, "does not say for which scanner.api"),
        (CHECKS, {"checks": GOOD.replace('"rusak.', '"tls.'), "probes": PROBES}, "does not begin with 'rusak.'"),
        (CHECKS, {"checks": GOOD.replace('"rusak.', '"rusakan.'), "probes": PROBES}, "does not begin with 'rusak.'"),
        (
            CHECKS,
            {"checks": GOOD.replace("version=1,", 'version=1,\n    was=("tls.certificate.chain",),'), "probes": PROBES},
            "'tls.certificate.chain' does not begin with 'rusak.'",
        ),
        (
            CHECKS,
            {"checks": f"{GOOD}\nmore = type(status_line_version)(**vars(status_line_version))\n", "probes": PROBES},
            "rusak.status_line.version is declared twice",
        ),
        (
            CHECKS,
            {"checks": GOOD.replace("in HTTP/{have}, the", "in HTTP/{had}, the"), "probes": PROBES},
            "placeholders (checks.py:",
        ),
        (
            CHECKS,
            {"checks": GOOD.replace("    said,\n", "    said.fold,\n"), "probes": PROBES},
            "said is no need; a function becomes one with @derived(...)",
        ),
        ({"pindai.checks": {"tls": "pindai_rusak.checks"}}, {"checks": GOOD}, "the area tls is Pindai's own"),
        ({"pindai.checks": {"Rusak": "pindai_rusak.checks"}}, {"checks": GOOD}, "expected an area"),
        ({"pindai.checks": {"rusak": "pindai_rusak.checks:x"}}, {"checks": "x = 1\n"}, "name a module"),
        ({"pindai.checks": {"rusak": "os"}}, {}, "which is no file of it"),
        ({"pindai.checks": {"rusak": "scanner.cli.main"}}, {}, "which is no file of it"),
        ({"pindai.probes": {"rusak": "pindai_rusak.probes"}}, {"probes": "x = 1\n"}, "no Probe and no Observation"),
        (
            {"pindai.probes": {"rusak": "pindai_rusak.probes"}},
            {"probes": PROBES.replace('tag="rusak.status_line"', 'tag="exchange"')},
            "the tag of StatusLine does not begin with 'rusak.'",
        ),
        (
            {"pindai.probes": {"rusak": "pindai_rusak.probes"}},
            {"probes": PROBES.replace("rusak.ask_status_line", "rusak2.ask")},
            "the tag of AskStatusLine does not begin with 'rusak.'",
        ),
        (
            {"pindai.probes": {"rusak": "pindai_rusak.probes"}},
            {"probes": PROBES.replace("line: str | Unobserved\n", "line: str | Unobserved | Endpoint\n", 1)},
            "StatusLine cannot be read back",
        ),
        ({"pindai.reports": {"rusak": "pindai_rusak.report:X"}}, {"report": "X = 1\n"}, "an area and a name"),
        ({"pindai.reports": {"rusak.csv": "pindai_rusak.report:X"}}, {"report": "X = 1\n"}, "a report made with"),
        ({"pindai.reports": {"rusak.csv": "pindai_rusak.report"}}, {"report": "X = 1\n"}, "a report made with"),
        (
            {"pindai.reports": {"web.csv": "pindai_rusak.report:X"}},
            {"report": "X = 1\n"},
            "the area web is Pindai's own",
        ),
        ({"pindai.frameworks": {"rusak-1": "pindai_rusak.fw:F"}}, {"fw": "F = 'x'\n"}, "the path of a file"),
        (
            {"pindai.frameworks": {"rusak-1": "pindai_rusak.fw:F"}},
            {"fw": "from pathlib import Path\nF = Path('/nonexistent/x.toml')\n"},
            "there is no file",
        ),
        ({"console_scripts": {"rusak": "pindai_rusak:main"}}, {}, "it is no plug-in"),
    ],
)
def test_a_broken_plugin_is_told_of_in_a_line(
    tmp_path: Path, points: dict[str, dict[str, str]], files: dict[str, str], told: str
) -> None:
    pindai = Plugged(tmp_path, broken(tmp_path, points=points, **files))
    done = pindai("scan", "http://127.0.0.1:9/", "--plugin", "pindai-rusak")
    assert done.code == 3
    assert told in done.err
    assert len(done.err.splitlines()) == 1, done.err
    assert "pindai-rusak 0.1" in done.err
    assert not pindai.journals()


def test_the_traceback_of_a_broken_import_is_in_the_log(tmp_path: Path) -> None:
    pindai = Plugged(tmp_path, broken(tmp_path, points=CHECKS, checks="x = 1\n1/0\n"))
    pindai("scan", "http://127.0.0.1:9/", "--plugin", "pindai-rusak")
    assert "ZeroDivisionError" in (tmp_path / ".local/state/pindai/pindai.log").read_text()


FRAMEWORK = example_files()["pindai_contoh/contoh-2026.toml"].replace("contoh-2026", "rusak-1")
FRAMEWORK_POINT = {"pindai.frameworks": {"rusak-1": "pindai_rusak.fw:F"}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FRAMEWORK, "rusak-1.toml:18: clause.1.evidence.1.check: no check is called 'contoh.status_line.version'"),
        (FRAMEWORK.replace("contoh.status_line.version", "web.hsts.policy"), None),
        (FRAMEWORK.replace("rusak-1", "rusak-2").replace("contoh.status_line.version", "web.hsts.policy"), "'rusak-2'"),
        (FRAMEWORK.replace("rusak-1", "bssn-4-2021"), "there is a framework called 'bssn-4-2021' already"),
        ("id = [", "rusak-1.toml: not valid TOML"),
    ],
)
def test_a_bad_framework_is_told_of_before_the_scan(tmp_path: Path, text: str, told: str | None) -> None:
    files = {
        "pindai_rusak/__init__.py": "PINDAI_API = 1\n",
        "pindai_rusak/fw.py": "from importlib.resources import files\nF = files('pindai_rusak') / 'rusak-1.toml'\n",
        "pindai_rusak/rusak-1.toml": text,
    }
    pindai = Plugged(
        tmp_path, install(tmp_path / "site", wheel(tmp_path, "pindai-rusak", "0.1", files, FRAMEWORK_POINT))
    )
    for words in (("plan", "http://127.0.0.1:9/"), ("frameworks",)):
        done = pindai(*words, "--plugin", "pindai-rusak")
        assert done.code == (0 if told is None else 3), done.err
        if told is not None:
            assert told in done.err
            assert "pindai-rusak 0.1" in done.err


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ({"pindai.reports": {"contoh.txt": "pindai_rusak.report:X"}}, "the area contoh is that of pindai-contoh 1.0"),
        ({"pindai.probes": {"contoh": "pindai_rusak.probes"}}, "pindai-contoh 1.0 has that name already"),
    ],
)
def test_two_plugins_of_one_area_are_not_loaded_together(
    site: Path, tmp_path: Path, point: dict[str, dict[str, str]], told: str
) -> None:
    pindai = Plugged(tmp_path, site, broken(tmp_path, points=point, probes="1/0", report="1/0"))
    done = pindai("checks", "--plugin", NAME, "--plugin", "pindai-rusak")
    assert done.code == 3
    assert f"{told}; allow one of them" in done.err
    assert len(done.err.splitlines()) == 1  # nothing of it was imported


def test_metadata_that_is_none_disturbs_nobody_but_its_own(site: Path, tmp_path: Path) -> None:
    """Of others it is passed over; of one that is allowed it is told."""
    torn = tmp_path / "torn/pindai_robek-0.1.dist-info"
    torn.mkdir(parents=True)
    (torn / "METADATA").write_text("Metadata-Version: 2.1\nName: pindai-robek\nVersion: 0.1\n")
    (torn / "entry_points.txt").write_text("[pindai.checks]\nno equals sign\n")
    (tmp_path / "torn/nameless-0.1.dist-info").mkdir()
    pindai = Plugged(tmp_path, torn.parent, site)
    assert f"{NAME} 1.0 is installed and not" in " ".join(pindai("doctor", "--offline").out.split())
    done = pindai("checks", "--plugin", "pindai-robek")
    assert done.code == 3
    assert "plug-in pindai-robek 0.1: its entry points cannot be read" in done.err


def test_no_library_imports_a_plugin_of_its_own(tmp_path: Path, old: str) -> None:
    """pydantic would load every distribution with an entry point called so."""
    taken = tmp_path / "taken"
    files = {"penumpang.py": f"open({str(taken)!r}, 'w')\nplugin = None\n"}
    points = {"pydantic": {"penumpang": "penumpang:plugin"}}
    site = install(tmp_path / "site", wheel(tmp_path, "pindai-penumpang", "0.1", files, points))
    pindai = Plugged(tmp_path, site)
    (tmp_path / "targets.toml").write_text(
        f'[scope]\nnames = ["127.0.0.1"]\nnetworks = ["127.0.0.0/8"]\n[[target]]\nid = "a"\nurl = "{old}"\n'
    )
    assert pindai("config", "check", PYDANTIC_DISABLE_PLUGINS="").code == 0
    assert not taken.exists()
    without = "import os, scanner; del os.environ['PYDANTIC_DISABLE_PLUGINS']; import scanner.config"
    subprocess.run([sys.executable, "-c", without], env=pindai.environment(), capture_output=True, check=False)
    assert taken.exists()  # it would have


def test_names_from_metadata_are_shown_inert(tmp_path: Path) -> None:
    points = {"pindai.checks": {"\x1b[31mred": "x.y"}}
    pindai = Plugged(tmp_path, install(tmp_path / "site", wheel(tmp_path, "pindai-warna", "0.1", {}, points)))
    for done in (pindai("doctor", "--offline"), pindai("checks", "--plugin", "pindai-warna")):
        assert "\x1b" not in done.out + done.err
        assert "red" in done.out + done.err


def test_a_module_of_the_same_name_in_front_is_not_imported(site: Path, tmp_path: Path) -> None:
    front = tmp_path / "front/pindai_contoh"
    front.mkdir(parents=True)
    (front / "__init__.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')\nPINDAI_API = 1\n")
    done = Plugged(tmp_path, front.parent, site)("checks", "--plugin", NAME)
    assert done.code == 3
    assert "which is no file of it" in done.err
    assert not (tmp_path / "taken").exists()


REPORT = """
from scanner.api import report

@report(media_type="text/plain", en="breaks after a line", id="rusak setelah satu baris")
def X(run, language):
    yield b"half a line"
    raise RuntimeError("no more paper")
"""


def test_a_report_that_breaks_is_an_error_and_the_others_are_written(tmp_path: Path, new: str) -> None:
    points = {"pindai.reports": {"rusak.txt": "pindai_rusak.report:X"}}
    pindai = Plugged(tmp_path, broken(tmp_path, points=points, report=REPORT))
    done = pindai("scan", new, "--plugin", "pindai-rusak", "--format", "rusak.txt", "--out", "out")
    assert done.code == 2
    assert done.out == ""  # whole or not at all
    assert "the report rusak.txt of the plug-in pindai-rusak 0.1 broke: RuntimeError: no more paper" in done.err
    assert (tmp_path / "out/result.json").is_file()
    assert (tmp_path / "out/observations.jsonl").is_file()
    assert pindai("evidence", "replay", "out").code == 0  # a report derives no verdict


def test_a_format_that_nobody_brings_is_refused_before_the_scan(pindai: Plugged, old: str) -> None:
    done = pindai("scan", old, "--format", "contoh.csv")
    assert (done.code, done.out) == (3, "")
    assert "no plug-in that is loaded brings a report" in done.err
    done = scanned(pindai, old, "--format", "contoh.cvs")
    assert done.code == 3
    assert "contoh.csv" in done.err
    assert "invalid choice" in pindai("scan", old, "--format", "jsn").err
    assert not pindai.journals()


CRASHES = GOOD.replace(
    "    matched = STATUS_LINE.fullmatch(line)", "    raise RuntimeError('ours')\n    matched = None"
)


def test_a_check_that_crashes_is_an_error_and_the_run_goes_on(tmp_path: Path, new: str) -> None:
    points = {**CHECKS, "pindai.probes": {"rusak": "pindai_rusak.probes"}}
    pindai = Plugged(tmp_path, broken(tmp_path, points=points, checks=CRASHES, probes=PROBES))
    done = pindai("scan", new, "--plugin", "pindai-rusak", "--only", "rusak", "--out", "out")
    assert done.code == 2
    assert outcomes(pindai) == [("rusak.status_line.version", "error")]


# the suite, as its author runs it ---------------------------------------------------------------------------------------


def test_the_example_conforms(pindai: Plugged) -> None:
    """Without Pindai's own tests folder, as somebody who only has the installed program."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    command += ["-c", os.devnull, "--rootdir", str(pindai.folder)]
    environment = {**pindai.environment(), "PYTHONPATH": os.pathsep.join(map(str, [*pindai.sites, ROOT]))}
    done = subprocess.run(command, cwd=pindai.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "10 passed" in done.stdout


# docs/write-a-check.md, followed -----------------------------------------------------------------------------------------

PAGE = (ROOT / "docs/write-a-check.md").read_text("utf-8")


def shown_files() -> dict[str, str]:
    """The files that the page shows, each under its name in backticks and a colon."""
    return dict(re.findall(r"^`([^`\n]+)`:\n\n```[a-z]+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def shown_commands() -> list[list[str]]:
    """The words after `pindai` of every command on the page."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))
    return [shlex.split(it[1]) for line in lines if (it := re.match(r"(?:\.venv/bin/)?pindai (\w.*)", line))]


def test_the_page_shows_all_that_a_distribution_needs() -> None:
    assert set(shown_files()) == {
        "pyproject.toml",
        "src/pindai_kantor/__init__.py",
        "src/pindai_kantor/checks.py",
        "targets.toml",
        "tests/test_conformance.py",
        "tests/test_number.py",
    }
    assert len(shown_commands()) >= 5


@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_every_command_on_the_page_parses(words: list[str]) -> None:
    from scanner.cli.main import parser

    assert callable(parser().parse_args(words).run) or words == ["doctor"]


@pytest.fixture(scope="session")
def kantor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page lets its reader write, installed."""
    folder = tmp_path_factory.mktemp("kantor")
    files = shown_files()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    inner = {name.removeprefix("src/"): text for name, text in files.items() if name.startswith("src/")}
    install(folder / "site", wheel(folder, project["name"], project["version"], inner, project["entry-points"]))
    (folder / "tests").mkdir()
    for name in ("tests/test_conformance.py", "tests/test_number.py"):
        (folder / name).write_text(files[name])
    return folder


def conformance(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", "-c", os.devnull]
    environment = {**Plugged(folder, site).environment(), "PYTHONPATH": os.pathsep.join(map(str, [site, ROOT]))}
    return subprocess.run(
        [*command, "--rootdir", str(folder)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_pages_check_conforms(kantor: Path) -> None:
    done = conformance(kantor, kantor / "site")
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


def test_the_fault_that_the_page_lets_its_reader_try_is_found(kantor: Path, tmp_path: Path) -> None:
    files = shown_files()
    text = files["src/pindai_kantor/checks.py"]
    planted = "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith("Sebab:"))
    assert planted != text
    inner = {"pindai_kantor/__init__.py": files["src/pindai_kantor/__init__.py"], "pindai_kantor/checks.py": planted}
    points = tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]
    site = install(tmp_path / "site", wheel(tmp_path, "pindai-kantor", "0.1", inner, points))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_conformance.py").write_text(files["tests/test_conformance.py"])
    done = conformance(tmp_path, site)
    assert done.returncode == 1
    assert "kantor.register.number: no Why/Sebab" in done.stdout


class Numbered(New):
    """Names a number, to a GET too."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("X-Layanan", "12345678")
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_the_pages_check_scans_as_the_page_says(kantor: Path, tmp_path: Path) -> None:
    pindai = Plugged(tmp_path, kantor / "site")
    assert "kantor.register.number" in pindai("checks", "--plugin", "pindai-kantor", "kantor").out
    shown = re.search(r"^```text\n(.*?)\n^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    for url in serving(http.server.SimpleHTTPRequestHandler):  # what `python -m http.server` answers with
        done = pindai("scan", url, "--plugin", "pindai-kantor", "--only", "kantor", "--all")
        assert shown[1] in done.out
        assert "Send the header" in done.out
    settings = shown_files()["targets.toml"]
    assert "http://127.0.0.1:8000/" in settings
    for url in serving(Numbered):
        (tmp_path / "targets.toml").write_text(settings.replace("http://127.0.0.1:8000/", url))
        assert pindai("scan", "--profile", "local", "--only", "kantor", "--out", "out").code == 0
        assert outcomes(pindai) == [("kantor.register.number", "named")]
