import io
import json
import re
from hashlib import sha256
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import END, START, city, decided, finding, hostile, interrupted, province, record, run_of, target

from scanner.cost import Cost
from scanner.findings import State
from scanner.journal import AlteredError, Journal, JournalError
from scanner.observations.endpoint import Addresses, Endpoint, Resolution, Source
from scanner.observations.http import Answer, Body, Connected, Exchange
from scanner.observations.observation import digest, encode
from scanner.observations.steps import Reason, Unobserved
from scanner.reports import observations_jsonl as module
from scanner.reports.observations_jsonl import FORMAT, LineError, observations_jsonl, read_observations
from scanner.reports.schemas import OBSERVATIONS_FILE, observations_schema, written
from scanner.run import Run

SCHEMA = Path(__file__).parents[3] / "schema" / OBSERVATIONS_FILE


def real() -> Run:
    """A run with two observations as the collector stores them, and bytes in one that are no text."""
    endpoint = Endpoint("www.contoh.test", 80, "127.0.0.1", Source.LITERAL)
    body = Body(wire_bytes=2, length=2, sha256="0" * 64, coding=None, ms=0.1)
    answered = Exchange(
        started=START,
        took_ms=1.5,
        endpoint=endpoint,
        method="GET",
        url="http://www.contoh.test/",
        attempt=1,
        connect=Connected(0.2),
        tls=Unobserved(Reason.NOT_TLS, "plain HTTP"),
        answer=Answer(200, b"HTTP/1.1 200 OK\r\nX: \xff\r\n\r\n", 0.9, body),
    )
    refused = msgspec.structs.replace(
        answered, connect=Unobserved(Reason.REFUSED, "é\u2028"), answer=Unobserved(Reason.PREREQUISITE)
    )
    resolved = Resolution(
        started=START, took_ms=0.1, host="www.contoh.test", outcome=Addresses(("127.0.0.1",), Source.LITERAL)
    )
    stored = {digest(encode(it)): encode(it) for it in (answered, refused, resolved)}
    run = run_of([target("a"), target("b"), target("c")], [], {})
    run.journal.commit(record("a"), dict(zip("xyz", stored, strict=True)), stored)
    run.journal.put_findings("a", [finding("a", "web.hsts.policy", "medium"), finding("a", "x.y", state=State.ERROR)])
    run.journal.commit(record("b", "refused", used=Cost()), {"x": min(stored)}, {})
    return run


def lines_of(run: Run) -> list[bytes]:
    return list(observations_jsonl(run))


def sealed(lines: list[bytes]) -> list[bytes]:
    """The lines with a last line that fits them, as a forger would make it."""
    total = sha256(b"".join(lines)).hexdigest()
    return [*lines, b'{"lines":%d,"digest":"sha256:%b"}\n' % (len(lines), total.encode())]


# -- writing and reading back


@pytest.mark.parametrize("make", [real, city, province, interrupted, decided, hostile])
def test_what_was_written_reads_back(make) -> None:
    run = make()
    lines = lines_of(run)
    with read_observations(lines) as journal:
        again = Run(journal)
        assert again.manifest == run.manifest
        assert again.ending == run.ending
        assert list(again.targets()) == list(run.targets())
        assert list(again.findings()) == list(run.findings())
        assert journal.unjudged() == run.journal.unjudged()
        assert {it: journal.stored(it) for it in journal.digests()} == {
            it: run.journal.stored(it) for it in run.journal.digests()
        }
        assert [journal.filed(it.id) for it in journal.targets()] == [
            run.journal.filed(it.id) for it in run.journal.targets()
        ]
        assert lines_of(again) == lines


def test_a_run_that_has_not_ended_reads_back() -> None:
    run = run_of([target("a")], [], {}, ending=None)
    with read_observations(lines_of(run)) as journal:
        assert Run(journal).ending is None


def test_every_line_is_one_line_of_json() -> None:
    for line in lines_of(real()):
        assert line.count(b"\n") == 1
        assert line.endswith(b"}\n")
        json.loads(line)


def test_digests_can_be_checked_without_pindai() -> None:
    first, *middle, last = lines_of(real())
    stored = re.fullmatch(rb'.*?"manifest_digest":"sha256:(\w+)","manifest":(.*),"end":\{[^{}]*\}\}\n', first)
    assert sha256(stored[2]).hexdigest().encode() == stored[1]
    observed = [re.fullmatch(rb'\{"digest":"sha256:(\w+)","observation":(.*)\}\n', line) for line in middle]
    assert [bool(it) for it in observed] == [True] * 3 + [False] * 2
    for it in observed[:3]:
        assert sha256(it[2]).hexdigest().encode() == it[1]
    assert json.loads(last)["digest"] == "sha256:" + sha256(b"".join([first, *middle])).hexdigest()


def test_observations_are_read_from_the_journal_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    run = real()
    read: list[str] = []
    stored = Journal.stored
    monkeypatch.setattr(Journal, "stored", lambda self, name: read.append(name) or stored(self, name))
    lines = observations_jsonl(run)
    next(lines)
    assert read == []
    next(lines)
    assert len(read) == 1


# -- what was changed


LINES = lines_of(real())
KINDS = {"first": 0, "observation": 2, "target": 5, "target not judged": 4, "last": 6}


@given(st.data())
@settings(max_examples=120, deadline=None)
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_byte_is_noticed(kind: str, data: st.DataObject) -> None:
    lines = list(LINES)
    line = bytearray(lines[KINDS[kind]])
    line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
    lines[KINDS[kind]] = bytes(line)
    with pytest.raises(JournalError):
        read_observations(io.BytesIO(b"".join(lines)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"agent":"Pindai', b'"agent":"Pandai'),
        (b'"method":"GET"', b'"method":"PUT"'),
        (b'"observation":{"kind":"r', b'"observation":{"kind":"R'),
    ],
)
@pytest.mark.parametrize("seal", [lambda lines: [*lines, LINES[-1]], lambda lines: sealed(lines)])
def test_a_changed_manifest_or_observation_is_named_by_its_line(old: bytes, new: bytes, seal) -> None:
    line = next(number for number, it in enumerate(LINES, 1) if old in it)
    with pytest.raises(
        AlteredError, match=rf"^line {line}: .* does not match its digest; keep this file as it is"
    ) as raised:
        read_observations(seal([it.replace(old, new) for it in LINES[:-1]]))
    assert raised.value.line == line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"severity":"medium"', b'"severity":"low"'),
        (b'"connections":9', b'"connections":8'),
        (b'"ended":"2026-11-21T01:02:41Z"}}', b'"ended":"2026-11-21T01:02:40Z"}}'),
    ],
)
def test_another_changed_word_is_noticed_at_the_end(old: bytes, new: bytes) -> None:
    assert any(old in it for it in LINES)
    with pytest.raises(AlteredError, match="line 7: the lines before do not match the digest over all of them"):
        read_observations([it.replace(old, new) for it in LINES])


@pytest.mark.parametrize("kept", range(len(LINES)))
def test_a_file_cut_off_between_lines_is_noticed(kept: int) -> None:
    with pytest.raises(LineError) as raised:
        read_observations(LINES[:kept])
    assert raised.value.line == kept + 1


@given(st.integers(1, sum(map(len, LINES)) - 1))
@settings(max_examples=40, deadline=None)
def test_a_file_cut_off_anywhere_is_noticed(length: int) -> None:
    with pytest.raises(LineError):
        read_observations(io.BytesIO(b"".join(LINES)[:length]))


@pytest.mark.parametrize("left_out", range(1, len(LINES) - 1))
def test_a_line_left_out_is_noticed(left_out: int) -> None:
    with pytest.raises(AlteredError):
        read_observations(LINES[:left_out] + LINES[left_out + 1 :])


def test_lines_after_the_last_are_refused() -> None:
    with pytest.raises(AlteredError, match="line 8: lines after the last one"):
        read_observations([*LINES, LINES[4]])


FIRST, OBSERVED, JUDGED = LINES[0], LINES[1:4], LINES[4:6]
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ([FIRST, OBSERVED[0], OBSERVED[0], *OBSERVED[1:], *JUDGED], 3, "second time"),
        ([FIRST, *OBSERVED, JUDGED[0], JUDGED[0], JUDGED[1]], 6, "second time"),
        ([FIRST, *OBSERVED[:2], *JUDGED], 4, "missing"),
        ([FIRST, *OBSERVED, JUDGED[0], OBSERVED[0], JUDGED[1]], 6, "out of its place"),
        ([FIRST, *OBSERVED], 5, "observations of no target"),
        ([FIRST, FIRST, *OBSERVED, *JUDGED], 2, "not a line of"),
        ([FIRST, *OBSERVED, JUDGED[0].replace(b'"target":"a"', b'"target":"b"')], 5, "findings of another"),
        ([FIRST, *OBSERVED, JUDGED[0].replace(b'"severity":"medium"', b'"severity":"huge"')], 5, "is no severity"),
        ([FIRST, *OBSERVED, JUDGED[0].replace(b'"evidence":["', b'"evidence":[],"x":["')], 5, "cannot be read"),
        (
            [FIRST, *OBSERVED, JUDGED[0].replace(b'"connections":9', b'"connections":' + b"9" * 5000)],
            5,
            "cannot be read",
        ),
        (
            [FIRST, *OBSERVED, JUDGED[0].replace(b'"arguments":{}', b'"arguments":{"a":' + DEEP + b"}")],
            5,
            "cannot be read",
        ),
        ([FIRST, b'{"digest":"","observation":' + DEEP + b"}\n"], 2, "cannot be read|does not match"),
    ],
)
def test_what_a_forger_gets_wrong(lines: list[bytes], line: int, message: str) -> None:
    with pytest.raises(AlteredError, match=message) as raised:
        read_observations(sealed(lines))
    assert raised.value.line == line


# -- what is no such file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the file is empty"),
        (b"\n", "line 1: no observations of Pindai"),
        (b"{}\n", "line 1: no observations of Pindai"),
        (b"\x1f\x8b\x08\x00rest of an archive\n", "line 1: no observations of Pindai"),
        (b'{"schema":"pindai-result-1",\n"run":{}}\n', "line 1: no observations of Pindai"),
        (b"\xff\xfe{\x00}\x00", "line 1: no observations of Pindai"),
        (DEEP, "line 1: no observations of Pindai"),
        (b'{"format":' + DEEP + b"}", "line 1: no observations of Pindai"),
        (b'{"format":"pindai-observations-2"}\n', "line 1: written in the format 'pindai-observations-2'; this Pindai"),
        (b'{"format":"\\u001b[2J"}\n', r"line 1: written in the format '\\x1b\[2J'"),
        (b'{"format":"%b"}\n' % FORMAT.encode(), "line 1: cannot be read"),
    ],
)
def test_another_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(LineError, match=message):
        read_observations(io.BytesIO(content))


class Endless(io.RawIOBase):
    """One line that never ends, and counts how much of it was asked for."""

    asked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self.asked += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize("wrap", [lambda it: it, io.BufferedReader])
def test_a_line_without_end_is_not_read_whole(wrap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", 50_000)
    source = Endless()
    with pytest.raises(LineError, match="line 1: longer than 50000 bytes"):
        read_observations(wrap(source))
    assert source.asked < 100_000


def test_a_huge_line_is_refused_wherever_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE_BYTES", len(FIRST))
    with pytest.raises(LineError, match="line 2: longer than"):
        read_observations([FIRST, b"x" * (len(FIRST) + 1)])


@given(st.lists(st.binary(max_size=60) | st.sampled_from(LINES), max_size=12))
@settings(max_examples=100, deadline=None)
def test_nothing_but_a_journal_error_is_raised(lines: list[bytes]) -> None:
    if lines != LINES:
        with pytest.raises(JournalError, match=r"^line "):
            read_observations(lines)


# -- the schema


def test_the_schema_is_that_of_the_types() -> None:
    """Mend with: python -m scanner.reports.schemas schema."""
    assert SCHEMA.read_text(encoding="utf-8") == written(observations_schema())


@pytest.mark.parametrize("make", [real, interrupted])
def test_lines_fit_the_schema(make) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    validator.check_schema(validator.schema)
    for line in lines_of(make()):
        document = json.loads(line)
        if document.get("observation") != {}:  # what other tests file as evidence is no observation
            validator.validate(document)


@pytest.mark.parametrize(
    "line",
    [
        {"digest": digest(b""), "observation": {"kind": "nothing"}},
        {"lines": 0, "digest": digest(b"")},
        {"lines": 1, "digest": digest(b""), "more": 1},
        {"target": {"id": "a"}, "filed": {}, "findings": []},
    ],
)
def test_other_lines_do_not_fit(line: dict[str, object]) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert not validator.is_valid(line)


def test_end_of_the_runs_in_these_tests_is_fixed() -> None:
    assert b'"end":{"ended":"%b"' % END.isoformat().replace("+00:00", "Z").encode() in FIRST


# -- the marking


@pytest.mark.parametrize(("make", "marking"), [(city, "TERBATAS"), (hostile, hostile().manifest.estate.marking)])
def test_the_first_line_says_who_may_see_it(make, marking: str) -> None:
    assert json.loads(lines_of(make())[0])["marking"] == marking


def test_a_marking_that_is_not_that_of_the_manifest_is_noticed() -> None:
    first, *rest, _ = lines_of(city())
    changed = first.replace(b'"marking":"TERBATAS"', b'"marking":"BIASA"', 1)
    assert changed != first
    with pytest.raises(AlteredError, match="line 1: the marking"):
        read_observations(sealed([changed, *rest]))
