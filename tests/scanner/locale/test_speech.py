"""The language of the process: chosen once, and spoken by us, by argparse and by the system's refusals alike."""

import argparse
import errno
import os
import re
from pathlib import Path

import pytest
from spoken import ARGPARSE, ARGPARSE_COUNTED, ARGPARSE_TO_PROGRAMMERS

from scanner.locale.speech import (
    Speaker,
    language_asked,
    language_of,
    mark,
    reason_of,
    say,
    say_count,
    say_marked,
    speak,
    spoken,
)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "id_ID.UTF-8"}, "id"),
        ({"LANG": "id"}, "id"),
        ({"LANG": "id.UTF-8"}, "id"),
        ({"LANG": "id_ID@latin"}, "id"),
        ({"LANG": "ido_XX.UTF-8"}, "en"),
        ({"LANG": "ms_MY.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "id_ID", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "id_ID.UTF-8"}, "id"),
        ({"LANG": "id_ID", "LC_ALL": ""}, "id"),
    ],
)
def test_the_locale_says_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of(None, environment) == language
    assert language_of("en", environment) == "en"
    assert language_of("id", environment) == "id"


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("scan", None),
        ("", None),
        ("--lang id scan", "id"),
        ("scan --lang id", "id"),
        ("scan --lang=id --quiet", "id"),
        ("scan --la id", "id"),
        ("scan --lang fr", None),
        ("scan --lang", None),
        ("scan --lang id --lang en", "en"),
        ("scan -- --lang id", None),
        ("config check --lang=id", "id"),
        ("scan -l id", None),
    ],
)
def test_the_command_line_is_asked_before_it_is_understood(words: str, language: str | None) -> None:
    assert language_asked(words.split()) == language


def test_sentences_are_said_in_the_language_chosen() -> None:
    assert (spoken(), say("must not be empty")) == ("en", "must not be empty")
    speak("id")
    assert (spoken(), say("must not be empty")) == ("id", "tidak boleh kosong")
    assert Speaker("en").say("must not be empty") == "must not be empty"


def test_values_are_filled_in_and_never_taken_for_templates() -> None:
    speak("id")
    assert say("{path}: not a file", path="{missing}{0.__class__}") == "{missing}{0.__class__}: bukan berkas"
    assert say("{value!r} stands in it twice", value="a'b\n") == ('"a\'b\\n" tertulis dua kali')


def test_counting_follows_the_language() -> None:
    said = [say_count("{count} target", "{count} targets", count) for count in (0, 1, 2)]
    assert said == ["0 targets", "1 target", "2 targets"]
    assert say_count("{count} target", "{count} targets", 1480) == "1,480 targets"
    speak("id")
    assert [say_count("{count} target", "{count} targets", count) for count in (0, 1, 2)] == [
        "0 target",
        "1 target",
        "2 target",
    ]
    assert say_count("{count} target", "{count} targets", 1480) == "1.480 target"


def test_a_marked_sentence_is_said_later_and_an_unknown_one_stays() -> None:
    marked = mark("expected true or false")
    speak("id")
    assert say_marked(marked) == "seharusnya true atau false"
    assert say_marked("what an agency wrote") == "what an agency wrote"


def test_refusals_of_the_system_are_said_too(tmp_path: Path) -> None:
    with pytest.raises(OSError) as refused:
        (tmp_path / "not-there").read_text()
    assert reason_of(refused.value) == "No such file or directory"
    speak("id")
    assert reason_of(refused.value) == "berkas atau folder tidak ada"
    assert reason_of(OSError(errno.EXDEV, os.strerror(errno.EXDEV))) == os.strerror(errno.EXDEV)
    assert reason_of(ValueError("embedded null byte")) == "embedded null byte"


@pytest.mark.parametrize(
    "code",
    [
        *(errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOSPC, errno.EROFS),
        *(errno.ELOOP, errno.ENAMETOOLONG, errno.EMFILE),
    ],
)
def test_english_has_the_words_of_the_system(code: int) -> None:
    error = OSError(code, os.strerror(code))
    assert Speaker("en").reason(error) == os.strerror(code)
    assert Speaker("id").reason(error) != os.strerror(code)


def test_all_that_argparse_says_is_known() -> None:
    """Of this Python; others are run elsewhere. A new sentence goes into one of the lists of tests/spoken.py."""
    source = Path(argparse.__file__).read_text("utf-8")
    said = {
        eval("".join(re.findall(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", found)))
        for found in re.findall(r"\b_\(\s*((?:(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*)+)", source)
    }
    assert len(said) > 20
    assert said - set(ARGPARSE) - ARGPARSE_TO_PROGRAMMERS == set()
    assert "ngettext('expected %s argument'" in source.replace("\n", "").replace("  ", "")
    assert ARGPARSE_COUNTED == (("expected %s argument", "expected %s arguments"),)


def test_argparse_speaks_our_language() -> None:
    speak("id")
    parser = argparse.ArgumentParser(prog="x", exit_on_error=False)
    parser.add_argument("--one")
    text = parser.format_help()
    assert text.startswith("penggunaan: x [-h]")
    assert "\nopsi:\n  -h, --help  tampilkan bantuan ini lalu selesai\n" in text
    with pytest.raises(argparse.ArgumentError, match="memerlukan satu nilai"):
        parser.parse_args(["--one"])
