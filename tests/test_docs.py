"""What the documents say is so: commands parse, files exist, the list of checks is complete, the example works."""

import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.cli.main import parser
from scanner.registry import discover

ROOT = Path(__file__).parents[1]
README, CONTRIBUTING, ARCHITECTURE = (
    (ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md")
)


# README.md ------------------------------------------------------------------------------------------------------------


def blocks(text: str, language: str = "[a-z]*") -> Iterator[str]:
    """The fenced blocks of a document, indented ones too."""
    for found in re.finditer(r"^( *)```([a-z]*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL):
        if re.fullmatch(language, found[2]):
            yield textwrap.dedent(found[3])


CALLED = re.compile(r"(?:^|\s)(?:\.venv/bin/)?pindai(?=\s)(.*)")


def commands(text: str) -> list[list[str]]:
    """The words after `pindai` of every command in a document, in blocks for a shell and between backticks."""
    lines = [line for block in blocks(text, "(?:sh)?") for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = []
    for line in lines:
        for command in re.split(r"&&|;|\|", re.sub(r"\$\([^)]*\)", "DATE", line.partition(" #")[0])):
            if called := CALLED.search(command):
                words = shlex.split(called[1])
                found.append(words[: words.index(">")] if ">" in words else words)
    return found


IN_README = commands(README)
IN_CONTRIBUTING = commands(CONTRIBUTING)


@pytest.mark.parametrize("words", [*IN_README, *IN_CONTRIBUTING], ids=" ".join)
def test_every_command_that_is_shown_parses(words: list[str]) -> None:
    chosen = parser().parse_args(words)
    assert callable(chosen.run)


def test_commands_are_found_where_they_stand() -> None:
    """The test above would pass if none were found."""
    assert ["scan", "--resume"] in IN_README  # in a block
    assert ["checks", "web.hsts.policy"] in IN_README  # between backticks
    assert ["scan", "--profile", "nightly", "--quiet", "--out", "out/DATE"] in IN_README  # in a crontab
    assert ["checks", "web.powered_by"] in IN_CONTRIBUTING
    assert {words[0] for words in IN_README} >= {"scan", "plan", "demo", "report", "evidence", "checks"}


@pytest.mark.parametrize("wrong", [["scann", "a.toml"], ["scan", "a.toml", "--resumee"], ["report", "a", "b"]])
def test_a_command_that_does_not_parse_is_noticed(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(wrong)


def test_the_checks_listed_are_those_there_are() -> None:
    listed = re.findall(r"^\| `([a-z0-9_.]+)` \|", README, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == set(discover())


def test_the_exit_codes_listed_are_those_of_help() -> None:
    listed = [code for cell in re.findall(r"^\| (\d[\d, ]*) \|", README, re.MULTILINE) for code in cell.split(", ")]
    assert listed == re.findall(r"\b\d+\b", parser().epilog or "")


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`", README + CONTRIBUTING))))
    named |= {
        word
        for text in (README, CONTRIBUTING)
        for block in blocks(text)
        for word in re.findall(r"^make (\w+)", block, re.MULTILINE)
    }
    assert named >= {"demo", "test", "check"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


# Links and paths ------------------------------------------------------------------------------------------------------

FOLDERS = ("", "scanner", "tests", "tests/scanner")
"""Paths are short for those below these; a bare name in a table's row is in the folder of the path before it."""
PLACEHOLDER = re.compile(r"[<>{}$]|^~|^/|^out/|^pindai-demo/|^evidence/|^\.venv/")
NOT_YET = re.compile(r"^Not there yet:.*?\n\n", re.MULTILINE | re.DOTALL)
MADE_BY_FOLLOWING = {"checks/web/powered_by.py", "tests/checks/web/test_check_web_powered_by.py"}
MADE_BY_RUNNING = {"targets.toml", "result.json", "observations.jsonl", "pindai.log"}


def paths(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every path that a document names between backticks, and the folders of those before it on its line."""
    text = NOT_YET.sub("\n", text + "\n\n")
    for line in re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE).splitlines():
        before: tuple[str, ...] = ()
        for word in re.findall(r"`([^`\s]+)`", line):
            looks_like_one = re.search(r"/|\.(py|toml|md|json|jsonl)$", word)
            if looks_like_one and not PLACEHOLDER.search(word) and "://" not in word:
                yield word, before
                before = (*before, str(Path(word).parent))


def exists(path: str, before: tuple[str, ...]) -> bool:
    places = [Path(folder, *inner) for folder in FOLDERS for inner in ((), *((it,) for it in before))]
    return any(any(ROOT.glob(str(place / path).removesuffix("/"))) for place in places)


@pytest.mark.parametrize(
    ("document", "at_least"), [("docs/architecture.md", 60), ("CONTRIBUTING.md", 25), ("README.md", 5)]
)
def test_paths_that_are_named_exist(document: str, at_least: int) -> None:
    named = list(paths((ROOT / document).read_text("utf-8")))
    made = MADE_BY_FOLLOWING | MADE_BY_RUNNING
    assert len(named) >= at_least
    assert [path for path, before in named if path not in made and not exists(path, before)] == []


def test_a_path_that_does_not_exist_is_noticed() -> None:
    assert list(paths("see `scanner/no_such_file.py` and `plan.py`")) == [
        ("scanner/no_such_file.py", ()),
        ("plan.py", ("scanner",)),
    ]
    assert not exists("scanner/no_such_file.py", ())
    assert not exists("no_such_file.py", ("scanner",))
    assert exists("plan.py", ("scanner",))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/architecture.md"])
def test_links_lead_somewhere(document: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", (ROOT / document).read_text("utf-8")):
        assert "://" in link or (ROOT / document).parent.joinpath(link).exists(), link


# CONTRIBUTING.md: the example -----------------------------------------------------------------------------------------


def example(path: str) -> str:
    """The Python block that CONTRIBUTING.md shows right after it names this file."""
    (block, *_) = blocks(CONTRIBUTING.partition(f"`{path}`")[2], "python")
    return block


@pytest.fixture
def contributed(tmp_path: Path) -> Path:
    """A copy of the checks with the example in it, as after following the steps."""
    shutil.copytree(ROOT / "checks", tmp_path / "checks", ignore=shutil.ignore_patterns("__pycache__"))
    for path in MADE_BY_FOLLOWING:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(example(path), "utf-8")
    return tmp_path


def following(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the copy comes before our own checks."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": f"{folder}:{ROOT / 'tests'}:{ROOT}"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_test_of_the_example_passes(contributed: Path) -> None:
    (test,) = (path for path in MADE_BY_FOLLOWING if path.startswith("tests/"))
    ran = following(contributed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(contributed), test)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 passed" in ran.stdout, ran.stdout


def test_the_test_of_the_example_can_fail(contributed: Path) -> None:
    check = contributed / "checks/web/powered_by.py"
    check.write_text(check.read_text("utf-8").replace("elif own.blocked:", "elif False:"), "utf-8")
    ran = following(contributed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(contributed), "tests")
    assert ran.returncode == 1
    assert "1 failed, 4 passed" in ran.stdout, ran.stdout


def test_the_example_is_found_and_explained(contributed: Path) -> None:
    ran = following(contributed, "-m", "scanner", "checks", "web.powered_by")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Answers carry no X-Powered-By header." in ran.stdout
    for outcome in ("tells", "silent", "refused_us"):
        assert f" {outcome}: " in ran.stdout
