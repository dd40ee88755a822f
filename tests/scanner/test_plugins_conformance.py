"""The conformance suite must find what is wrong: one planted fault a test, beside the same thing without it."""

import contextlib
import csv
import importlib
import io
import random
import socket
import sys
import time
import types
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.api import (
    NOTHING_KNOWN,
    Blackout,
    Check,
    CheckParams,
    Cost,
    EstateFact,
    EstateView,
    Fact,
    FixedBy,
    Group,
    Laboratory,
    Observation,
    Outcome,
    Passed,
    Place,
    Probe,
    Profile,
    Reason,
    Report,
    Run,
    Severity,
    Unobserved,
    Verdict,
    check,
    derived,
    estate_check,
    redact_text,
    report,
    several_targets,
    unknown,
)
from scanner.conformance import Case, Seen, rules
from scanner.conformance.hostile import HOSTILE, hostile_run
from scanner.conformance.purity import not_pure, past_the_wall, watched
from scanner.estate_checks import Member
from scanner.observations.endpoint import Endpoint, Source
from scanner.plugins import Plugin
from scanner.run import PluginUsed

HERE = Endpoint("layanan.example", 443, "192.0.2.1", Source.RESOLVER)
SEEN_AT = datetime(2026, 1, 2, tzinfo=UTC)


class Word(Observation, frozen=True, tag="coba.word"):
    """A word, or why there was none."""

    word: str | Unobserved

    @property
    def answered(self) -> bool | Unobserved:
        return self.word if isinstance(self.word, Unobserved) else True

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "Word":
        word = self.word.redacted(known) if isinstance(self.word, Unobserved) else redact_text(self.word, known)[0]
        return msgspec.structs.replace(self, word=word)


class AskWord(Probe[Word], frozen=True, tag="coba.ask_word"):
    """One connection."""

    endpoint: Endpoint = HERE

    def ceiling(self, profile: Profile) -> Cost:
        return Cost(connections=1)

    def first_contact(self) -> tuple[str, Endpoint]:
        return "a word", self.endpoint

    def is_answered_by(self, observation: Word) -> bool:
        return isinstance(observation, Word)

    async def observe(self, lab: Laboratory) -> Word:
        raise NotImplementedError


def _ask(place: Place) -> AskWord | Unobserved:
    return Unobserved(Reason.PREREQUISITE) if place.endpoint is None else AskWord(endpoint=place.endpoint)


fact = Fact("word", Word, _ask)


@derived(fact)
def word(seen: Word) -> str | Unobserved:
    return seen.word


class WordParams(CheckParams, frozen=True):
    """Thresholds.

    `least`: the fewest letters.
    `least`: huruf paling sedikit.
    """

    least: int = 3


SHORT = Outcome("short", en="The word {word} is short", id="Kata {word} pendek", severity=Severity.LOW)
LONG = Passed("long", en="The word {word} is long enough", id="Kata {word} cukup panjang")


@check(
    "coba.word.length",
    word,
    version=1,
    params=WordParams,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(SHORT, LONG),
    references=("a test",),
)
def sound(said: str, params: WordParams) -> Iterator[Verdict]:
    """The word is long enough.

    Apa: Kata itu cukup panjang.
    Why: Short words say little.
    Sebab: Kata pendek tidak banyak berarti.
    Fix: Choose another word.
    Perbaikan: Pilih kata lain.
    """
    yield (SHORT if len(said) < params.least else LONG)(word=said)


CASES = (
    Case(sound, "ya", says="short"),
    Case(sound, "tidak", says="long"),
    Case(sound, "ya", params={"least": 1}, says="long"),
)


def with_judge(judge: Any, of: Check = sound) -> Check:
    judge.__doc__ = of.judge.__doc__
    return replace(of, judge=judge)


def cases(judge: Any, says: str | tuple[str, ...] = "long") -> list[str]:
    """What the rules say of this logic, leaving aside the outcomes it never reaches."""
    it = with_judge(judge)
    found = rules.of_cases(it, [Case(it, "tidak", says=says)])
    return [line for line in found if "no case shows" not in line]


# checks ---------------------------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_a_sound_check() -> None:
    assert [*rules.of_declaration(sound), *rules.of_needs(sound), *rules.of_cases(sound, CASES)] == []


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        (replace(sound, version=0), "versions count from 1"),
        (replace(sound, references=()), "names no source"),
        (replace(sound, outcomes=(SHORT, Passed("long", en="x", id="y"))), "is no sentence"),
        (replace(sound, outcomes=(SHORT, Passed("long", en="The same text", id="The same text"))), "says the same"),
    ],
)
def test_a_declaration_with_a_fault_is_found(planted: Check, told: str) -> None:
    assert any(told in line for line in rules.of_declaration(planted))


@pytest.mark.parametrize("label", ["Apa", "Why", "Sebab", "Fix", "Perbaikan"])
def test_a_part_of_the_docstring_that_is_missing_is_found(label: str) -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        yield LONG(word=said)

    planted = with_judge(judge)
    assert planted.judge.__doc__ is not None
    lines = [line for line in planted.judge.__doc__.splitlines() if not line.strip().startswith(f"{label}:")]
    judge.__doc__ = "\n".join(lines)
    assert list(rules.of_declaration(planted))


def test_a_threshold_without_words_or_default_is_found() -> None:
    class Silent(CheckParams, frozen=True):
        """Thresholds."""

        least: int = 3

    class Demanding(CheckParams, frozen=True):
        """`least`: a.

        `least`: b.
        """

        least: int

    assert any("`least`" in line for line in rules.of_declaration(replace(sound, params=Silent)))
    assert any("needs a default" in line for line in rules.of_declaration(replace(sound, params=Demanding)))


def test_needs_that_raise_without_an_address_are_found() -> None:
    careless = Fact("word", Word, lambda place: AskWord(endpoint=place.endpoint.host))  # type: ignore[union-attr,arg-type]
    assert any("without an address" in line for line in rules.of_needs(replace(sound, needs=(careless,))))


def test_what_a_case_does_not_show_is_found() -> None:
    assert list(rules.of_cases(sound, CASES[1:2])) == ["coba.word.length: no case shows the outcome short"]
    assert list(rules.of_cases(sound, [*CASES, Case(sound, "tidak", says="short")])) == [
        "coba.word.length: short: it says long"
    ]


def test_a_check_that_says_nothing_is_found() -> None:
    assert any("yields no verdict" in line for line in cases(lambda said, params: iter(()), says=()))


def test_a_check_that_raises_is_found() -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        yield LONG(word=str(1 // 0))

    assert any("raises ZeroDivisionError" in line for line in cases(judge))


def test_an_outcome_of_no_table_is_found() -> None:
    other = Passed("long", en="Another sentence", id="Kalimat lain")
    assert any("not in the check's table" in line for line in cases(lambda said, params: iter([other()])))


def test_unknown_needs_no_line_in_the_table() -> None:
    why = Unobserved(Reason.TIMEOUT)
    assert cases(lambda said, params: iter([unknown(why)]), says="unknown") == []


def test_a_check_that_says_something_else_the_second_time_is_found() -> None:
    told: list[str] = []

    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        told.append(said)
        yield LONG(word=str(len(told)))

    assert any("second time" in line for line in cases(judge))


def _reads_a_file() -> None:
    Path(__file__).with_suffix(".none").exists()
    with open("/etc/hostname", "rb") as file:  # noqa: PTH123 - as an author would
        file.read(1)


def _asks_for_an_address() -> None:
    socket.getaddrinfo("127.0.0.1", 9)


def _opens_a_socket() -> None:
    socket.socket().close()


def _starts_a_program() -> None:
    import subprocess

    subprocess.run([sys.executable, "-c", ""], check=True)


@pytest.mark.parametrize("does", [_reads_a_file, _asks_for_an_address, _opens_a_socket, _starts_a_program])
def test_a_check_that_touches_the_world_is_found(does: Any) -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        does()
        yield LONG(word=said)

    assert any("it is not pure" in line for line in cases(judge))


def test_a_check_that_swallows_the_failure_of_what_it_must_not_do_is_found_too() -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        with contextlib.suppress(BaseException):  # as somebody with something to hide would
            _reads_a_file()
        yield LONG(word=said)

    assert any("open" in line for line in cases(judge))


@pytest.mark.parametrize(
    ("asks", "told"),
    [
        (time.time, "time() in"),
        (lambda: datetime.now(UTC), "now() in"),
        (lambda: random.random(), "random() in"),
        (lambda: importlib.import_module("time").monotonic(), "monotonic() in"),
    ],
)
def test_a_clock_is_found_in_whatever_module_it_is_read(asks: Any, told: str) -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        asks()
        yield LONG(word=said)

    (line,) = cases(judge)
    assert "it is not pure" in line
    assert told in line


def test_a_chance_that_the_check_seeds_itself_is_none() -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        random.Random(7).random()
        yield LONG(word=said)

    assert cases(judge) == []


def test_what_every_case_does_is_told_once() -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        _reads_a_file()
        yield (LONG if len(said) >= params.least else SHORT)(word=said)

    found = list(rules.of_cases(with_judge(judge), CASES))
    assert len(found) == 1
    assert str(CASES[0]) in found[0]


def test_a_profiler_that_was_there_is_there_again() -> None:
    called: list[str] = []

    def profiler(frame: Any, event: str, argument: Any) -> None:
        called.append(event)

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        with watched():
            pass
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)


def test_an_outcome_that_a_case_names_is_not_told_as_shown_by_none() -> None:
    def judge(said: str, params: WordParams) -> Iterator[Verdict]:
        yield from ()

    found = list(rules.of_cases(with_judge(judge), CASES))
    assert len(found) == len(CASES)
    assert all("it yields no verdict" in line for line in found)


def module_of(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    (tmp_path / "tertanam.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "tertanam", raising=False)
    import importlib

    importlib.invalidate_caches()
    module = types.ModuleType("tertanam")
    module.__file__ = str(tmp_path / "tertanam.py")
    monkeypatch.setitem(sys.modules, "tertanam", module)
    return module


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from os import environ",
        "import random",
        "from datetime import datetime\ndef f(): return datetime.now()",
        "from datetime import date\ndef f(): return date.today()",
        "def f(): return open('x')",
        "def f():\n    import pathlib",
    ],
)
def test_a_clock_chance_or_file_in_the_source_is_found(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(not_pure(module_of(tmp_path, source, monkeypatch)))


@pytest.mark.parametrize(
    "source",
    [
        "import scanner.network",
        "from scanner import network",
        "from scanner.derive_x import y",
        "from checks.web import hsts",
        "def f():\n    import socket",
        "import httpx",
        "import asyncio\nasyncio.open_connection('a', 1)",
        "from urllib.request import urlopen",
    ],
)
def test_what_goes_past_the_api_or_the_gate_is_found(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(past_the_wall(module_of(tmp_path, source, monkeypatch)))


def test_what_a_plugin_may_import_is_let_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "import re\nfrom datetime import datetime, timedelta\nfrom scanner.api import check\nfrom . import other\n"
        "from scanner.observations.http import Exchange\nfrom scanner.derive.service import page\nimport msgspec\n"
    )
    module = module_of(tmp_path, source, monkeypatch)
    assert [*not_pure(module), *past_the_wall(module)] == []


def test_a_check_of_the_whole_estate_is_shown_by_groups() -> None:
    facts = derived(word)(lambda said: (EstateFact(said),))

    @estate_check(
        "coba.same",
        facts,
        version=1,
        fixed_by=FixedBy.PLATFORM,
        outcomes=(SHORT, LONG),
        otherwise=LONG,
        compares=True,
        applies=several_targets,
        references=("a test",),
    )
    def same(group: Group, estate: EstateView) -> Iterator[Verdict]:
        """Words differ."""
        if len(group.members) > 1:
            yield SHORT(word=group.key)

    def group(*ids: str) -> Group:
        return Group("ya", tuple(Member(it, it, "", "192.0.2.1", ()) for it in ids))

    shown = [Case(same, group("a"), None, says=()), Case(same, group("a", "b"), None, says="short")]
    assert list(rules.of_cases(same, shown)) == []
    assert list(rules.of_cases(same, shown[:1])) == ["coba.same: no case shows the outcome short"]
    assert list(rules.of_cases(same, [*shown, Case(same, group("a"), None, says="short")]))


# probes ---------------------------------------------------------------------------------------------------------------


def observed(**fields: Any) -> Word:
    return Word(**{"started": SEEN_AT, "took_ms": 1.0, "word": "ya", **fields})


def test_nothing_is_wrong_with_a_sound_probe() -> None:
    assert list(rules.of_seen(Seen(AskWord(), observed()))) == []
    assert list(rules.of_seen(Seen(AskWord(), observed(word=Unobserved(Reason.TIMEOUT))))) == []


class NoCeiling(Probe[Word], frozen=True, tag="coba.no_ceiling"):
    def is_answered_by(self, observation: Word) -> bool:
        return True

    async def observe(self, lab: Laboratory) -> Word:
        raise NotImplementedError


class Unlisted(AskWord, frozen=True, tag="coba.unlisted"):
    def first_contact(self) -> Any:
        return None


class Credulous(AskWord, frozen=True, tag="coba.credulous"):
    is_answered_by = Probe.is_answered_by


class Unhashable(AskWord, frozen=True, tag="coba.unhashable"):
    names: list[str] = msgspec.field(default_factory=list)


class Blocking(AskWord, frozen=True, tag="coba.blocking"):
    def observe(self, lab: Laboratory) -> Any:
        raise NotImplementedError


class Endless(AskWord, frozen=True, tag="coba.endless"):
    def ceiling(self, profile: Profile) -> Any:
        return None if profile.name == "nightly" else Cost(connections=1)


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (NoCeiling(), "states no ceiling"),
        (Unlisted(), "the plan cannot list"),
        (Credulous(), "is_answered_by"),
        (Unhashable(names=["a"]), "is no key"),
        (Blocking(), "no `async def`"),
        (Endless(), "in the profile nightly is no Cost"),
    ],
)
def test_a_probe_with_a_fault_is_found(probe: Probe[Any], told: str) -> None:
    assert any(told in line for line in rules.of_probe(probe))


class Unredacted(Observation, frozen=True, tag="coba.unredacted"):
    word: tuple[str, ...] = ("ya",)


class Growing(Word, frozen=True, tag="coba.growing"):
    def redacted(self, known: Blackout = NOTHING_KNOWN) -> Any:
        return msgspec.structs.replace(self, word=f"{self.word}x")


class Forgetful(Observation, frozen=True, tag="coba.forgetful"):
    when: timedelta = timedelta(microseconds=1)
    names: frozenset[int] | tuple[int, ...] = ()


class Silent(Observation, frozen=True, tag="coba.silent"):
    count: int = 1


class Vague(Silent, frozen=True, tag="coba.vague"):
    @property
    def answered(self) -> Any:
        return "yes"


class Unlevelled(Silent, frozen=True, tag="coba.unlevelled"):
    @property
    def replay(self) -> Any:
        return None


@pytest.mark.parametrize(
    ("observation", "told"),
    [
        (Unredacted(started=SEEN_AT, took_ms=1.0), "how secrets in it are blacked out"),
        (Growing(started=SEEN_AT, took_ms=1.0, word="ya"), "redacted twice"),
        (observed(started=datetime(2026, 1, 2)), "not aware UTC"),  # noqa: DTZ001 - the fault
        (observed(started=SEEN_AT.astimezone(timezone(timedelta(hours=7)))), "not aware UTC"),
        (Forgetful(started=SEEN_AT, took_ms=1.0), "cannot be read back"),
        (Silent(started=SEEN_AT, took_ms=1.0), "whether the service answered"),
        (Vague(started=SEEN_AT, took_ms=1.0), "neither true nor false"),
        (Unlevelled(started=SEEN_AT, took_ms=1.0), "how far it can be derived again"),
    ],
)
def test_an_observation_with_a_fault_is_found(observation: Observation, told: str) -> None:
    assert any(told in line for line in rules.of_seen(Seen(AskWord(), observation)))


def test_an_observation_that_is_no_answer_is_found() -> None:
    silent = Silent(started=SEEN_AT, took_ms=1.0)
    assert any("is not the answer" in line for line in rules.of_seen(Seen(AskWord(), silent)))


def test_what_nothing_shows_is_found() -> None:
    plugin = Plugin(PluginUsed("pindai-coba", "1"), probes=(AskWord,), observations=(Word, Silent))
    assert list(rules.of_all_seen(plugin, [Seen(AskWord(), observed())])) == ["Silent: nothing in `seen` shows it"]


# reports --------------------------------------------------------------------------------------------------------------


def written(write: Any, media_type: str = "text/plain") -> list[str]:
    made = report(media_type=media_type, en="for a test only", id="hanya untuk uji")(write)
    return list(rules.of_report("coba.txt", made))


def _safe(run: Run, language: str) -> Iterator[bytes]:
    yield b"id\n" if language == "id" else b"en\n"
    for finding in run.findings():
        yield ascii(finding.message.en).encode() + b"\n"


def test_nothing_is_wrong_with_a_sound_report() -> None:
    assert written(_safe) == []


def _raw(run: Run, language: str) -> Iterator[bytes]:
    yield b"\n"
    for finding in run.findings():
        yield finding.message.en.encode("utf-8", "backslashreplace")


def _without_control(run: Run, language: str) -> Iterator[bytes]:
    for chunk in _raw(run, language):
        yield "".join(char for char in chunk.decode() if char.isprintable()).encode() + b"\n"


def _rows(run: Run, language: str) -> Iterator[bytes]:
    line = io.StringIO()
    csv.writer(line).writerows([it.message.en.encode("ascii", "ignore").decode()] for it in run.findings())
    yield "".join(char for char in line.getvalue() if char.isprintable() or char == "\n").encode() or b"\n"


def _text(run: Run, language: str) -> Iterator[Any]:
    yield "text"


def _crashing(run: Run, language: str) -> Iterator[bytes]:
    yield next(iter(run.findings())).check.encode()


def _of_the_day(run: Run, language: str) -> Iterator[bytes]:
    yield str(time.perf_counter_ns()).encode()


def _calling_home(run: Run, language: str) -> Iterator[bytes]:
    _opens_a_socket()
    yield b"done\n"


def _empty(run: Run, language: str) -> Iterator[bytes]:
    yield b""


def _latin(run: Run, language: str) -> Iterator[bytes]:
    yield "é".encode("latin-1")


@pytest.mark.parametrize(
    ("write", "media_type", "told"),
    [
        (_raw, "text/plain", "of a server through, which terminals obey"),
        (_without_control, "text/html", "lets markup of a server through"),
        (_rows, "text/csv", "lets the formula"),
        (_without_control, "application/json", "is no JSON"),
        (_text, "text/plain", "not bytes"),
        (_crashing, "text/plain", "empty_run, en: raises"),
        (_of_the_day, "text/plain", "other bytes the second time"),
        (_calling_home, "text/plain", "talks to the network"),
        (_empty, "text/plain", "writes nothing"),
        (_latin, "text/plain", "is no UTF-8"),
    ],
)
def test_a_report_with_a_fault_is_found(write: Any, media_type: str, told: str) -> None:
    assert any(told in line for line in written(write, media_type))


def test_a_report_that_does_not_say_what_it_is_for_is_found() -> None:
    assert list(rules.of_report("coba.txt", Report(_safe, "text/plain", "the same words", "the same words")))


def test_the_hostile_run_holds_every_text_in_every_state() -> None:
    with hostile_run() as run:
        found = list(run.findings())
    assert {it.message.en for it in found} == set(HOSTILE)
    assert {it.state.value for it in found} == {"fail", "pass", "unknown", "not_applicable", "error"}


# frameworks -----------------------------------------------------------------------------------------------------------


def test_a_framework_with_a_fault_is_found(tmp_path: Path) -> None:
    example = Path(__file__).parents[1] / "example_plugin/src/pindai_contoh/contoh-2026.toml"
    text = example.read_text("utf-8")
    path = tmp_path / "f.toml"
    known = {"contoh.status_line.version": sound}
    for written_text, told in (
        (text, None),
        (text.replace('"contoh.status_line.version"', '"contoh.status_line.versions"'), "no check is called"),
        (text.replace("contoh-2026", "contoh-2027"), "holds the framework 'contoh-2027'"),
        (text.replace('certainty = "verbatim"', 'certainty = "sure"'), "certainty"),
    ):
        path.write_text(written_text)
        found = list(rules.of_framework("contoh-2026", path, known))
        assert found == [] if told is None else any(told in line for line in found)


# the class that authors inherit from ----------------------------------------------------------------------------------


def test_a_distribution_that_cannot_be_loaded_fails_in_words() -> None:
    from scanner.conformance import PluginConformance

    class Missing(PluginConformance):
        distribution = "pindai-tidak-ada"

    with pytest.raises(AssertionError, match="pindai-tidak-ada is not installed"):
        Missing().test_it_loads()
