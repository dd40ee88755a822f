"""Help and errors of every command in Indonesian: no English sentence left, and nothing lost."""

import argparse
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout

import pytest

from scanner.cli.main import Parser, main, parser
from scanner.locale.speech import speak


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TECHNICAL = words("""
    action area checks clause csv distribution file framework host id name part port run target targets toml url
""")
"""Metavars that both languages share."""

ENGLISH = words("""
    the of and to with without that this what which where when is are be was were not no nothing none
    for from by in at or if it its their them they these those than then there here how who why
    show read write make check say said says give given names files every each any more most other others own
    new newest last first services findings finding clauses stored used use uses can cannot could may must should
    will would has have had does do did usage options positional arguments required expected invalid choose choice
    unrecognized code codes otherwise anyway beside below above also too again never always earlier against between
""")
"""Words that no Indonesian sentence has."""


def parsers(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for chosen in dict.fromkeys(action.choices.values()):
                yield from parsers(chosen)


def prose(one: argparse.ArgumentParser) -> Iterator[str]:
    """Everything a person reads in the help of a command, without the words that are typed."""
    yield from filter(None, (one.description, one.epilog))
    for group in one._action_groups:
        yield group.title or ""
    for action in one._actions:
        if action.help:
            yield action.help
        if isinstance(action, argparse._SubParsersAction):
            yield from (str(choice.help) for choice in action._choices_actions)


def made(language: str) -> list[argparse.ArgumentParser]:
    speak(language)
    return list(parsers(parser()))


COMMANDS = [it.prog for it in made("en")]


def test_all_commands_are_walked() -> None:
    assert len(COMMANDS) > 15
    assert {"pindai", "pindai scan", "pindai config check", "pindai evidence replay", "pindai waiver check"} <= {
        *COMMANDS
    }


@pytest.mark.parametrize("index", range(len(COMMANDS)), ids=COMMANDS)
def test_help_is_indonesian(index: int) -> None:
    english, indonesian = made("en")[index], made("id")[index]
    before, after = list(prose(english)), list(prose(indonesian))
    assert len(before) == len(after)
    same = [text for text, twin in zip(before, after, strict=True) if text == twin and " " in text.strip()]
    assert same == []
    for text in after:
        plain = re.sub(r"\([^)]*\)|--[\w-]+|https?://\S+|pindai(?: [a-z]+)+|\S*[=./_:]\S*", " ", text)
        found = set(re.findall(r"[a-z]+(?:-[a-z]+)*", plain.lower()))
        assert found & ENGLISH == set(), text


@pytest.mark.parametrize("index", range(len(COMMANDS)), ids=COMMANDS)
def test_metavars_are_indonesian_or_technical(index: int) -> None:
    english, indonesian = made("en")[index], made("id")[index]
    for before, after in zip(english._actions, indonesian._actions, strict=True):
        if not isinstance(before.metavar, str):
            continue
        changed = before.metavar != after.metavar
        found = set(re.findall(r"[a-z]+", str(after.metavar).lower()))
        assert changed or found <= TECHNICAL, before.metavar


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("index", range(len(COMMANDS)), ids=COMMANDS)
def test_help_fits_eighty_columns_in_plain_ascii(index: int, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = made(language)[index].format_help()
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("index", range(len(COMMANDS)), ids=COMMANDS)
def test_every_command_takes_a_language(index: int) -> None:
    assert any("--lang" in action.option_strings for action in made("en")[index]._actions)


@pytest.mark.parametrize(
    "words",
    ["--lang id checks", "checks --lang id", "checks --lang=id", "checks --la id", "--lang en checks --lang id"],
)
def test_the_language_may_stand_anywhere(words: str) -> None:
    chosen = parser().parse_args(words.split())
    assert chosen.lang == "id"


def test_without_one_nothing_is_chosen() -> None:
    assert parser().parse_args(["checks"]).lang is None
    assert Parser(prog="x").parse_args([]) is not None


def told(*words: str) -> str:
    err = io.StringIO()
    with redirect_stderr(err), redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 3
    return err.getvalue()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "pindai: argumen berikut wajib diisi: PERINTAH; lihat pindai --help\n"),
        ("scan --min-coverage", "pindai scan: --min-coverage: memerlukan satu nilai; lihat pindai scan --help\n"),
        (
            "scan --min-coverage 101",
            "pindai scan: --min-coverage: '101' bukan persentase dari 0 sampai 100; lihat pindai scan",
        ),
        (
            "scan --quite",
            "pindai scan: argumen tidak dikenal: --quite; apakah maksudnya --quiet? Lihat pindai scan --help\n",
        ),
        ("scna", "pindai: PERINTAH: pilihan tidak sah: 'scna' (pilih dari "),
        ("scna", "apakah maksudnya scan? Lihat pindai --help\n"),
        ("scan --fail-on hihg", "apakah maksudnya high? Lihat pindai scan --help\n"),
        ("scan --f x", "opsi bermakna ganda: --f dapat berarti --format, --fail-on"),
        ("scan --quiet=1", "nilai '1' tidak berlaku untuk opsi ini"),
    ],
)
def test_errors_of_argparse_are_indonesian(words: str, said: str) -> None:
    assert said in told("--lang", "id", *words.split())


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_pythons_at_hand_speak_indonesian_too(version: str) -> None:
    """Help needs nothing but the standard library, so any Python that is here can show it."""
    try:
        done = subprocess.run(
            [
                f"python{version}",
                "-c",
                "from scanner.cli.main import main; main(['--lang', 'id', 'scan', '--quiet=1'])",
            ],
            capture_output=True,
            check=False,
            text=True,
            cwd=parser.__code__.co_filename.partition("/scanner/")[0],
            timeout=60,
        )
    except FileNotFoundError:
        pytest.skip(f"no Python {version} here")
    if "scanner" not in done.stderr and "pindai" not in done.stderr:
        pytest.skip(f"Python {version} does not start here: {done.stderr[-200:]}")
    assert "nilai '1' tidak berlaku untuk opsi ini" in done.stderr, (sys.version, done.stderr)
