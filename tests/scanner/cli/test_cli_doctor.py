"""`pindai doctor` as people run it: rows, exit codes, and not one packet but the questions it announces."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import faults
import pytest
from commandline import ROOT, CommandLine, Done

from scanner.doctor import TITLES

TARGETS = """\
{top}
[scope]
names = ["*.fault.test"]
[resolver]
nameservers = [{nameservers}]
[[target]]
id = "a"
url = "https://{name}.fault.test/"
"""
GOOD_TOP = """\
[agency]
time_zone = "Asia/Makassar"
[vantage]
kind = "internet"
[reference]
endpoints = ["https://www.contoh.test"]
[scope.authorisation]
number = "800/1"
valid_until = 2999-12-31
"""
WITNESS = """
import json, os, sys

def _note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.bind") and isinstance(arguments[1], tuple):
        with open(os.path.join(os.path.dirname(__file__), "notes.jsonl"), "a") as notes:
            notes.write(json.dumps(list(arguments[1][:2])) + "\\n")

sys.addaudithook(_note)
"""


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "sitecustomize.py").write_text(WITNESS)
    return CommandLine(tmp_path)


def contacted(pindai: CommandLine) -> set[tuple[str, int]]:
    notes = pindai.folder / "notes.jsonl"
    return {tuple(json.loads(line)) for line in notes.read_text().splitlines()} if notes.exists() else set()


def rows(done: Done) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(done.out)["rows"]}


def targets(pindai: CommandLine, *ports: int, name: str = "ok", top: str = "", more: str = "") -> str:
    nameservers = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
    text = TARGETS.format(top=top, nameservers=nameservers, name=name) + more
    if "[scope.authorisation]" in top:  # a table has one place
        text = text.replace('[scope]\nnames = ["*.fault.test"]\n', "") + '\n[scope]\nnames = ["*.fault.test"]\n'
    (pindai.folder / "targets.toml").write_text(text)
    return "targets.toml"


def test_without_a_targets_file_nothing_is_sent(pindai: CommandLine) -> None:
    done = pindai("doctor", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, done.err) == (2 if document["state"] == "problem" else 0, "")
    assert document.keys() == {"schema", "version", "at", "state", "rows"}
    assert document["schema"] == "pindai-doctor-1"
    assert all(row.keys() == {"name", "subject", "state", "seen", "advice", "values"} for row in document["rows"])
    assert {row["state"] for row in document["rows"]} <= {"ok", "warning", "problem", "unknown"}
    assert rows(done).keys() == {name for name in TITLES if not name.startswith(("targets.", "software.plugin"))}
    assert contacted(pindai) == set()
    assert not (pindai.folder / ".local").exists(), "looking makes no folder"


def test_the_targets_file_of_this_folder_is_looked_at(pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver:
        written = pindai.folder / targets(pindai, nameserver.port, nameserver.port, top=GOOD_TOP)
        written.rename(pindai.folder / "targets.toml")
        done = pindai("doctor", "--format", "json")
    assert contacted(pindai) == {("127.0.0.1", nameserver.port)}
    assert any(name.startswith("targets.") for name in rows(done))


def test_each_resolver_is_asked_and_nobody_else(pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as one, faults.in_thread(faults.FaultyNameserver()) as other:
        done = pindai("doctor", targets(pindai, one.port, other.port, top=GOOD_TOP), "--format", "json")
        assert contacted(pindai) == {("127.0.0.1", one.port), ("127.0.0.1", other.port)}
    asked = [row for row in json.loads(done.out)["rows"] if row["name"] == "resolver"]
    assert [row["subject"] for row in asked] == [f"127.0.0.1:{one.port}", f"127.0.0.1:{other.port}"]
    assert {row["state"] for row in asked} == {"ok"}
    assert {row["values"]["host"] for row in asked} == {"ok.fault.test"}
    assert (done.code, done.err) == (0, "")
    of_targets = {name: row["state"] for name, row in rows(done).items() if name.startswith("targets.")}
    assert set(of_targets.values()) == {"ok"}, done.out


@pytest.mark.parametrize(
    ("name", "state", "code"), [("nodata", "ok", 0), ("servfail", "warning", 0), ("refused", "warning", 0)]
)
def test_what_a_resolver_says_decides(name: str, state: str, code: int, pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver:
        done = pindai("doctor", targets(pindai, nameserver.port, name=name), "--format", "json")
    assert (rows(done)["resolver"]["state"], done.code) == (state, code), done


def test_a_resolver_that_is_not_there_is_a_problem(pindai: CommandLine) -> None:
    done = pindai("doctor", targets(pindai, 9), "--lang", "en")
    assert done.code == 2
    assert "PROBLEM" in done.out
    assert "mend the problems before you scan" in done.out
    assert done.out.endswith("Exit code 2\n")


def test_a_silent_resolver_is_a_problem_and_says_so(pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver:
        words = [targets(pindai, nameserver.port, name="timeout"), "--profile", "local", "--format", "json"]
        done = pindai("doctor", *words)
    row = rows(done)["resolver"]
    assert (row["state"], row["values"]["reason"], done.code) == ("problem", "dns_timeout", 2)


def test_offline_asks_nobody(pindai: CommandLine) -> None:
    done = pindai("doctor", targets(pindai, 9), "--offline", "--format", "json")
    assert contacted(pindai) == set()
    assert (rows(done)["resolver"]["state"], done.code) == ("unknown", 0)
    assert "--offline" in rows(done)["resolver"]["seen"]


def test_a_target_without_a_name_needs_no_resolver(pindai: CommandLine) -> None:
    path = pindai.folder / "targets.toml"
    path.write_text(
        '[scope]\nnetworks = ["127.0.0.0/8"]\n[[target]]\nid = "a"\nurl = "https://127.0.0.1/"\nhttp_port = false\n'
    )
    done = pindai("doctor", path, "--format", "json")
    assert (rows(done)["resolver"]["state"], contacted(pindai)) == ("ok", set())


@pytest.mark.parametrize(
    ("lang", "said"),
    [("id", ("Jam ", "belum jelas", "Kode keluar ")), ("en", ("Clock ", "unknown", "Exit code "))],
)
def test_the_table_is_in_both_languages(lang: str, said: tuple[str, ...], pindai: CommandLine) -> None:
    done = pindai("doctor", "--lang", lang)
    assert done.out.endswith(f" {done.code}\n")
    assert done.err == ""
    assert all(it in done.out for it in said), done.out
    assert max(map(len, done.out.splitlines())) <= 80


# --- the targets file -------------------------------------------------------------------------------------------------


def test_an_authorisation_that_ended_is_a_problem_and_no_error(pindai: CommandLine) -> None:
    top = GOOD_TOP.replace("2999-12-31", "2020-01-31")
    done = pindai("doctor", targets(pindai, 9, top=top), "--offline", "--format", "json")
    assert (done.code, rows(done)["targets.authorisation"]["state"]) == (2, "problem")


SECRET = """
[target.headers]
X-Api-Key = { env = "DOCTOR_KEY" }
[target.basic_auth]
user = "a"
password = { file = "secret" }
"""


def test_secrets_are_looked_for_and_not_at(pindai: CommandLine) -> None:
    words = ["doctor", targets(pindai, 9, more=SECRET), "--offline", "--format", "json"]
    without = {row["subject"]: row["state"] for row in json.loads(pindai(*words).out)["rows"] if row["subject"]}
    (pindai.folder / "secret").write_text("plantedfile")
    (pindai.folder / "secret").chmod(0o600)
    done = pindai(*words, DOCTOR_KEY="plantedvariable")
    there = {row["subject"]: row["state"] for row in json.loads(done.out)["rows"] if row["subject"]}
    (pindai.folder / "secret").chmod(0o644)
    open_to_all = pindai(*words, DOCTOR_KEY="plantedvariable")
    assert (without["env DOCTOR_KEY"], without["file secret"]) == ("problem", "problem")
    assert (there["env DOCTOR_KEY"], there["file secret"], done.code) == ("ok", "ok", 0)
    assert open_to_all.code == 2
    assert "planted" not in done.out + done.err + open_to_all.out


def test_a_broken_include_is_a_problem(pindai: CommandLine) -> None:
    (pindai.folder / "unit.toml").write_text("[[target]\n")
    done = pindai("doctor", targets(pindai, 9, top='include = ["unit.toml"]'), "--offline", "--format", "json")
    row = rows(done)["targets.configuration"]
    assert (done.code, row["state"]) == (2, "problem")
    assert "unit.toml:1" in row["seen"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctor", "nothing.toml"], "nothing.toml: No such file or directory"),
        (["doctor", "broken.toml"], "broken.toml:1: not valid TOML"),
        (["doctor", "--profile", "gentel"], "did you mean 'gentle'?"),
        (["doctor", "--profile", "mine.toml"], "mine.toml:2: pace.interval_ms: expected 100 to"),
        (["doctor", "--profile", "mine.toml"], "mine.toml:3: pace.targets_at_once: expected 1 to"),
        (["doctor", "a.toml", "b.toml"], "unrecognized arguments: b.toml"),
        (["doctor", "--ofline"], "did you mean --offline?"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_usage(words: list[str], said: str, pindai: CommandLine) -> None:
    (pindai.folder / "broken.toml").write_text("= 1")
    (pindai.folder / "mine.toml").write_text("[pace]\ninterval_ms = 1\ntargets_at_once = 0\n")
    done = pindai(*words)
    assert (done.code, done.out) == (3, "")
    assert said in done.err


def test_the_limit_is_that_of_the_profile(pindai: CommandLine) -> None:
    (pindai.folder / "mine.toml").write_text("[pace]\nconnections_total = 700\n")
    done = pindai("doctor", "--profile", "mine.toml", "--format", "json")
    assert rows(done)["limits.open_files"]["values"]["needed"] == 800


def test_the_state_folder_that_is_named_is_looked_at(pindai: CommandLine) -> None:
    (pindai.folder / "runs").mkdir(mode=0o755)
    (pindai.folder / "runs").chmod(0o755)
    done = pindai("doctor", "--state", "runs", "--format", "json")
    assert (rows(done)["state.folder"]["state"], rows(done)["state.folder"]["values"]["mode"]) == ("warning", "0755")


@pytest.mark.parametrize("form", ["table", "json"])
def test_what_a_file_says_arrives_inert(form: str, pindai: CommandLine) -> None:
    top = GOOD_TOP.replace('kind = "internet"', 'kind = "internet"\nname = "a{x}\\u202eb"')
    done = pindai("doctor", targets(pindai, 9, top=top), "--offline", "--format", form)
    assert (done.code, done.err) == (0, "")
    assert "a{x}\\u202eb" in done.out
    assert "\u202e" not in done.out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom scanner.cli.main import main\ntry:\n    main(['doctor', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "--offline" in ran.stdout
    assert not {"httpx", "OpenSSL", "cryptography", "dns", "jinja2"} & set(ran.stderr.split())
