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

from scanner.check_docs import index
from scanner.check_docs.markdown import with_table
from scanner.cli.main import parser
from scanner.registry import discover

ROOT = Path(__file__).parents[1]
README, README_ID, CONTRIBUTING, ARCHITECTURE = (
    (ROOT / name).read_text("utf-8")
    for name in ("README.md", "README.id.md", "CONTRIBUTING.md", "docs/architecture.md")
)
READMES = [pytest.param("en", README, id="README.md"), pytest.param("id", README_ID, id="README.id.md")]


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


IN_README, IN_README_ID = commands(README), commands(README_ID)
IN_CONTRIBUTING = commands(CONTRIBUTING)


@pytest.mark.parametrize("words", [*IN_README, *IN_README_ID, *IN_CONTRIBUTING], ids=" ".join)
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


def test_both_readmes_show_the_same_commands_and_files() -> None:
    assert IN_README == IN_README_ID
    assert sorted({path for path, _ in paths(README)}) == sorted({path for path, _ in paths(README_ID)})
    links = [sorted(re.findall(r"\]\(([^)#]+)\)", text)) for text in (README, README_ID)]
    assert [it.replace("checks/en", "checks/id") for it in links[0] if it != "README.id.md"] == [
        it for it in links[1] if it != "README.md"
    ]


@pytest.mark.parametrize(("language", "readme"), READMES)
def test_the_readmes_have_the_same_parts(language: str, readme: str) -> None:
    assert len(re.findall(r"^## ", readme, re.MULTILINE)) == len(re.findall(r"^## ", README, re.MULTILINE))
    assert len(re.findall(r"^- \*\*", readme, re.MULTILINE)) == len(re.findall(r"^- \*\*", README, re.MULTILINE))
    ours, theirs = ([re.sub(r"#.*", "", it) for it in blocks(text, "toml")] for text in (readme, README))
    assert [it.split() for it in ours] == [it.split() for it in theirs]


@pytest.mark.parametrize(("language", "readme"), READMES)
def test_the_table_of_checks_is_the_one_that_the_index_makes(language: str, readme: str) -> None:
    """When this fails: `make docs`."""
    assert readme == with_table(readme, index.read(), language, "docs/checks")
    assert all(f"| [`{check}`](docs/checks/{language}/" in readme for check in discover())


@pytest.mark.parametrize(("language", "readme"), READMES)
def test_the_exit_codes_listed_are_those_of_help(language: str, readme: str) -> None:
    listed = [code for cell in re.findall(r"^\| (\d[\d, ]*) \|", readme, re.MULTILINE) for code in cell.split(", ")]
    assert listed == re.findall(r"\b\d+\b", parser().epilog or "")


@pytest.mark.parametrize(("language", "readme"), READMES)
def test_the_demo_is_shown_as_it_is(language: str, readme: str, tmp_path: Path) -> None:
    """When this fails: `make screenshots`. Times, run and measurements differ from run to run; the table does not."""
    (shown,) = (block for block in blocks(readme, "") if block.startswith("Pindai "))
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "demo", "--lang", language],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    table = re.compile(r"^Target .*?\n\n", re.MULTILINE | re.DOTALL)
    assert table.findall(shown) == table.findall(done.stdout)
    assert [it.split()[0] for it in shown.splitlines() if it[:1].strip()] == [
        it.split()[0] for it in done.stdout.splitlines() if it[:1].strip()
    ]


@pytest.mark.parametrize("name", ["terminal.png", "report.png"])
def test_the_pictures_are_pictures_of_modest_size(name: str) -> None:
    content = (ROOT / "docs" / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert 20_000 < len(content) < 200_000
    assert b"tEXt" not in content  # no name of a machine or a folder is written beside the picture


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`", README + README_ID + CONTRIBUTING))))
    named |= {
        word
        for text in (README, README_ID, CONTRIBUTING)
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
MADE_BY_RUNNING = {"targets.toml", "report.html", "result.json", "observations.jsonl", "pindai.log"}


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
    ("document", "at_least"),
    [("docs/architecture.md", 60), ("CONTRIBUTING.md", 25), ("README.md", 5), ("README.id.md", 5)],
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


@pytest.mark.parametrize("document", ["README.md", "README.id.md", "CONTRIBUTING.md", "docs/architecture.md"])
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


def test_the_example_lacks_nothing_that_readers_want(contributed: Path) -> None:
    asks = (
        "from scanner.check_docs.docstring import missing_code, shortcomings; from scanner.registry import discover; "
        "check = discover()['web.powered_by']; print(*shortcomings(check), *missing_code(check))"
    )
    ran = following(contributed, "-c", asks)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "\n", "")


def test_the_example_is_found_and_explained(contributed: Path) -> None:
    ran = following(contributed, "-m", "scanner", "checks", "web.powered_by")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Answers carry no X-Powered-By header." in ran.stdout
    for outcome in ("tells", "silent", "refused_us"):
        assert f" {outcome}: " in ran.stdout
