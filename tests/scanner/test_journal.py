"""The journal: what is committed is whole, what was altered is noticed, and a killed run can be taken up again."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from observed import SEEN, commit, exchange, judged, manifest, new_journal, record, resolved, shipped, target

from scanner.findings import State
from scanner.journal import (
    FORMAT,
    AlteredError,
    Journal,
    JournalBusyError,
    JournalError,
    Standing,
    TargetRecord,
    new_run_id,
)
from scanner.observations.observation import digest, encode
from scanner.plan import resolving
from scanner.run import Manifest, Run

WWW = target()
ASKED = manifest([WWW, target("sso", "https://sso.example.test/")], [])


def written(path: Path) -> Journal:
    """A journal with one committed target."""
    journal = new_journal(ASKED, path)
    commit(journal, WWW.id, {resolving(WWW): resolved()}, [exchange()])
    return journal


def edit(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as db:
        changed = db.execute(statement, values).rowcount
    db.close()
    assert changed > 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "one.journal"


# --- what is kept -------------------------------------------------------------------------------------------


def test_everything_is_read_back(path: Path) -> None:
    written(path).close()
    with Journal.open(path) as journal:
        assert msgspec.json.decode(journal.manifest, type=Manifest) == ASKED
        assert journal.committed() == {"www"}
        assert list(journal.targets()) == [record("www")]
        assert set(journal.filed("www")) == {resolving(WWW).key}
        assert journal.filed("sso") == {}
        assert sorted(journal.digests()) == sorted(digest(encode(it)) for it in (resolved(), exchange()))
        for name in journal.digests():
            assert digest(journal.stored(name) or b"") == name
        assert journal.stored("sha256:none") is None
        assert journal.end is None


def test_equal_observations_are_stored_once(path: Path) -> None:
    with written(path) as journal:
        commit(journal, "sso", {resolving(WWW): resolved()})
        assert len(list(journal.digests())) == 2
        assert journal.filed("sso") == journal.filed("www")


def test_findings_replace_what_was_concluded_before(path: Path) -> None:
    found = judged(tuple(shipped().values()))
    with written(path) as journal:
        assert journal.unjudged() == ("www",)
        journal.put_findings("www", found)
        journal.put_findings("www", found[:1])
        assert [it.fingerprint for it in journal.findings("www")] == [found[0].fingerprint]
        assert journal.unjudged() == ()
        assert list(journal.findings("sso")) == []


def test_findings_about_several_targets_are_written_together_or_not_at_all(path: Path) -> None:
    found = judged(tuple(shipped().values()))
    with written(path) as journal:
        with pytest.raises(JournalError):
            journal.put_all_findings({"www": found[:1], "sso": [*found[:1], *found[:1]]})  # a fingerprint twice
        assert journal.unjudged() == ("www",)
        assert list(journal.findings()) == []
        journal.put_all_findings({"www": found[:1]})
        assert journal.unjudged() == ()


def test_findings_come_gravest_first(path: Path) -> None:
    one = judged(shipped()["uptime.reachable"])[0]
    fails = [
        msgspec.structs.replace(one, severity=word, state=State.FAIL, fingerprint=word)
        for word in ("low", "critical", "info", "high")
    ]
    with written(path) as journal:
        journal.put_findings("www", fails)
        assert [it.severity for it in journal.findings()] == ["critical", "high", "low", "info"]


class Told(msgspec.Struct, frozen=True):
    """As much of a verdict as is asked for."""

    fingerprint: str
    state: State


def test_verdicts_are_read_whole_only_where_a_part_is_not_enough(path: Path) -> None:
    one = judged(shipped()["uptime.reachable"])[0]
    found = msgspec.structs.replace(one, severity="high", state=State.FAIL, fingerprint="f")
    with written(path) as journal:
        journal.put_findings("www", [one, found])
        sifted = list(journal.sifted("www", Told, lambda it: it.state is not State.FAIL))
        assert list(journal.sifted("sso", Told, lambda it: True)) == []
    assert one.state is not State.FAIL
    assert sorted(map(repr, sifted)) == sorted(map(repr, [Told(one.fingerprint, one.state), found]))


def test_an_altered_verdict_is_noticed_when_a_part_of_it_is_read(path: Path) -> None:
    with written(path) as journal:
        journal.put_findings("www", judged(shipped()["uptime.reachable"]))
    edit(path, "UPDATE finding SET stored = '{}'")
    with Journal.open(path) as journal, pytest.raises(AlteredError, match="altered"):
        list(journal.sifted("www", Told, lambda it: True))


def test_the_end_is_noted(path: Path) -> None:
    with written(path) as journal:
        journal.put_end(b"{}")
    with Journal.open(path) as journal:
        assert journal.end == b"{}"


def test_one_file_remains_when_it_is_closed(path: Path) -> None:
    written(path).close()
    assert [it.name for it in path.parent.iterdir()] == ["one.journal"]


def test_only_the_owner_can_read_it(path: Path) -> None:
    before = os.umask(0)
    try:
        journal = written(path)
        modes = {it.name: stat.S_IMODE(it.stat().st_mode) for it in path.parent.iterdir()}
        journal.close()
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


# --- a commit is whole --------------------------------------------------------------------------------------


def test_a_commit_that_fails_leaves_nothing_behind(path: Path) -> None:
    stored = encode(resolved())
    with new_journal(ASKED, path) as journal:
        with pytest.raises(JournalError, match="www"):
            journal.commit(record("www"), {"probe": object()}, {digest(stored): stored})  # type: ignore[dict-item]  # the mistake
        assert journal.committed() == frozenset()
        assert list(journal.digests()) == []


def test_what_is_not_committed_is_not_there_for_others(path: Path) -> None:
    with written(path), Journal.open(path) as reader:
        assert reader.committed() == {"www"}


KILLED = """
import os, signal, sys
from pathlib import Path
from scanner.journal import Journal, Standing, TargetRecord
from scanner.cost import Cost
from datetime import UTC, datetime
now = datetime.now(UTC)
journal = Journal.open(Path(sys.argv[1]), write=True)
def filed():
    yield "a"
    if len(journal.committed()) == 3:
        os.kill(os.getpid(), signal.SIGKILL)   # in the middle of a commit
    yield "b"
class Dying(dict):
    def items(self):
        return ((name, "sha256:" + name) for name in filed())
for number in range(10):
    record = TargetRecord(f"t{number}", Standing.OBSERVED, now, now, Cost(), Cost())
    journal.commit(record, Dying(), {f"sha256:{number}": b"x" * 100_000})
"""


def test_a_process_killed_in_the_middle_of_a_commit_leaves_what_was_whole(path: Path) -> None:
    new_journal(ASKED, path).close()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr.decode()
    with Journal.open(path, write=True) as journal:
        assert journal.committed() == {"t0", "t1", "t2"}
        assert list(journal.digests()) == ["sha256:0", "sha256:1", "sha256:2"]
        assert [len(journal.filed(f"t{number}")) for number in range(4)] == [2, 2, 2, 0]
        commit(journal, "www", {resolving(WWW): resolved()})


# --- what was altered ---------------------------------------------------------------------------------------


def test_an_altered_observation_is_noticed_when_it_is_read(path: Path) -> None:
    written(path).close()
    edit(path, "UPDATE observation SET stored = replace(stored, 'example', 'elpmaxe')")
    with Journal.open(path) as journal:
        for name in journal.digests():
            with pytest.raises(AlteredError, match=name):
                journal.stored(name)


def test_an_altered_manifest_is_noticed(path: Path) -> None:
    written(path).close()
    edit(path, "UPDATE meta SET value = replace(value, 'www', 'wwx') WHERE name = 'manifest'")
    with Journal.open(path) as journal, pytest.raises(AlteredError, match="manifest"):
        Run(journal)


@pytest.mark.parametrize(("table", "column"), [("target", "record"), ("finding", "stored")])
def test_an_altered_record_is_noticed(path: Path, table: str, column: str) -> None:
    with written(path) as journal:
        journal.put_findings("www", judged(shipped()["uptime.reachable"]))
    edit(path, f"UPDATE {table} SET {column} = '{{}}'")
    with Journal.open(path) as journal, pytest.raises(AlteredError, match="altered"):
        list(journal.targets()) + list(journal.findings())


def test_a_run_that_was_stopped_before_it_began_says_so(path: Path) -> None:
    Journal.create(path).close()
    with Journal.open(path) as journal, pytest.raises(JournalError, match="before it began"):
        Run(journal)


def test_a_manifest_that_cannot_be_read_says_so(path: Path) -> None:
    with Journal.create(path) as journal:
        journal.put_manifest(b'{"run": 3}')
        with pytest.raises(JournalError, match="manifest cannot be read"):
            Run(journal)


# --- what is no journal -------------------------------------------------------------------------------------


def _absent(path: Path) -> None:
    path.parent.mkdir(parents=True)


def _text(path: Path) -> None:
    _absent(path)
    path.write_text("these are not the bytes of a database " * 100)


def _empty(path: Path) -> None:
    _absent(path)
    path.touch()


def _other_database(path: Path) -> None:
    _absent(path)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE meta (other TEXT)")
    db.close()


def _later_format(path: Path) -> None:
    written(path).close()
    edit(path, "UPDATE meta SET value = '99' WHERE name = 'format'")


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_absent, "no such journal"),
        (_folder, "no such journal"),
        (_text, "not a journal"),
        (_empty, "not a journal"),
        (_other_database, "not a journal"),
        (_later_format, f"'99'; this Pindai reads '{FORMAT}'"),
    ],
)
@pytest.mark.parametrize("write", [False, True])
def test_what_cannot_be_opened_says_why(path: Path, make: Callable[[Path], None], word: str, write: bool) -> None:
    make(path)
    with pytest.raises(JournalError, match=word) as error:
        Journal.open(path, write=write)
    assert str(path) in str(error.value)


def test_a_journal_is_never_written_over(path: Path) -> None:
    written(path).close()
    with pytest.raises(JournalError, match="cannot write"):
        Journal.create(path)
    with Journal.open(path) as journal:
        assert journal.committed() == {"www"}


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot write"):
        Journal.create(tmp_path / "file" / "one.journal")


# --- one writer ---------------------------------------------------------------------------------------------


def test_one_writer_and_any_number_of_readers(path: Path) -> None:
    with written(path):
        with pytest.raises(JournalBusyError, match="another scan"):
            Journal.open(path, write=True)
        with Journal.open(path) as reader:
            assert reader.committed() == {"www"}
    Journal.open(path, write=True).close()


def test_a_journal_that_could_not_be_opened_is_not_held(path: Path) -> None:
    _text(path)
    for _ in range(2):
        with pytest.raises(JournalError) as error:
            Journal.open(path, write=True)
        assert not isinstance(error.value, JournalBusyError)


def test_run_ids_sort_by_time_and_tell_twins_apart() -> None:
    ids = {new_run_id(SEEN) for _ in range(50)}
    assert len(ids) > 1
    assert all(it.startswith("20261101T120000000-") for it in ids)
    assert new_run_id(SEEN) < new_run_id(SEEN.replace(year=2027))


def test_a_record_keeps_why_a_target_was_not_observed(path: Path) -> None:
    missed = TargetRecord("www", Standing.NOT_OBSERVED, SEEN, SEEN, record("").used, record("").ceiling, "refused", "x")
    with new_journal(ASKED, path) as journal:
        journal.commit(missed, {}, {})
        assert list(journal.targets()) == [missed]
        run = Run(journal)
        assert [(it.id, kept) for it, kept in run.targets()] == [("www", missed), ("sso", None)]
        assert not run.complete
        assert run.observed() == 0
