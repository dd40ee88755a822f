"""The journals of a state folder as a history: which runs belong together, and what is remembered of them."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from nights import PPID, WWW, kept, night, said

from scanner.estate import Vantage
from scanner.findings import State
from scanner.history.archive import MEMORY, Archive, changes_of, period_of
from scanner.history.changes import Change
from scanner.journal import Journal, JournalError
from scanner.run import Run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "state" / "runs"
    folder.mkdir(parents=True)
    return folder


def told(run: Run, folder: Path, since: Path | None = None) -> list[Change] | None:
    changes = changes_of(run, folder, since)
    return None if changes is None else [it.change for it in changes.each]


def test_the_last_whole_run_of_the_same_services_is_compared_with(runs: Path) -> None:
    kept(runs, night(0, said(), folder=runs), night(1, said(State.PASS), folder=runs))
    kept(runs, night(2, said(severity="critical"), folder=runs, complete=False))
    last = night(3, said(severity="critical"), folder=runs)
    changes = changes_of(last, runs)
    assert changes is not None
    assert changes.earlier == night(1).id
    assert [it.change for it in changes.each] == [Change.NEW]
    assert changes.each[0].since == night(2).manifest.started
    last.journal.close()


@pytest.mark.parametrize(
    "other",
    [
        {"agency": "Kota Lain"},
        {"source": "dinkes.toml"},
        {"vantage": Vantage.INTRANET},
        {"names": ["a", "b", "c"]},
        {"complete": False},
        {"ended": False},
    ],
    ids=str,
)
def test_other_runs_are_not_compared_with(runs: Path, other: dict[str, Any]) -> None:
    kept(runs, night(0, said(), folder=runs, **other))
    last = night(1, said(), folder=runs)
    assert changes_of(last, runs) is None
    last.journal.close()


def test_targets_may_come_and_go(runs: Path) -> None:
    kept(runs, night(0, said(), folder=runs, names=[WWW, PPID, "a"]))
    last = night(1, said(), folder=runs, names=[WWW, PPID, "b", "c"])
    assert told(last, runs) == [Change.CONTINUING]
    last.journal.close()


def test_urls_typed_by_hand_have_no_history_unless_it_is_asked_for(runs: Path) -> None:
    first = night(0, said(), folder=runs, source="command line")
    last = night(1, said(), folder=runs, source="command line")
    assert told(last, runs) is None
    assert told(last, runs, first.journal.path) == [Change.CONTINUING]
    kept(runs, first, last)


def test_a_run_may_be_named(runs: Path) -> None:
    made = [night(0, said(State.PASS), folder=runs), night(1, said(), folder=runs), night(2, said(), folder=runs)]
    assert told(made[2], runs) == [Change.NEW]
    assert told(made[2], runs, made[0].journal.path) == [Change.NEW]
    changes = changes_of(made[2], runs, made[0].journal.path)
    assert changes is not None
    assert changes.earlier == made[0].id
    with pytest.raises(JournalError, match="not earlier than the run"):
        changes_of(made[0], runs, made[1].journal.path)
    kept(runs, *made)


def test_a_run_that_lies_elsewhere_has_no_history(runs: Path, tmp_path: Path) -> None:
    kept(runs, night(0, said(), folder=runs))
    assert changes_of(night(1, said()), runs) is None
    assert period_of(night(1, said()), runs, date(2026, 11, 1), date(2026, 11, 30)) is None


def test_broken_journals_are_passed_over(runs: Path) -> None:
    kept(runs, night(0, said(), folder=runs))
    (runs / "20261102T170000000-dead.journal").write_bytes(b"no database")
    (runs / "20261102T180000000-dead.journal").write_bytes(b"")
    last = night(1, said(), folder=runs)
    assert told(last, runs) == [Change.CONTINUING]
    last.journal.close()


@pytest.mark.parametrize("name", ["0.journal", "copy.journal"])
def test_a_copy_of_a_journal_is_no_second_run(runs: Path, name: str) -> None:
    kept(runs, night(0, folder=runs), night(1, said(severity="medium"), folder=runs))
    shutil.copy(runs / f"{night(1).id}.journal", runs / name)
    last = night(2, folder=runs)
    period = period_of(last, runs, date(2026, 11, 1), date(2026, 11, 30))
    assert period is not None
    assert period.nights.runs == 3
    last.journal.close()


MOMENTS = [
    "2026-11-01T17:00:00",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("which", ["started", "ended"])
def test_a_journal_that_somebody_laid_there_does_not_break_the_others(runs: Path, which: str, moment: str) -> None:
    kept(runs, night(0, said(), folder=runs))
    laid(runs, night(1, said()), which, moment)
    last = night(2, said(), folder=runs)
    assert told(last, runs) == [Change.CONTINUING]
    period = period_of(last, runs, date(2026, 11, 1), date(2026, 12, 31))
    assert period is not None
    assert period.nights.runs == 2
    with pytest.raises(JournalError, match=r"altered|cannot be read"):
        changes_of(last, runs, runs / "laid.journal")
    last.journal.close()


def laid(runs: Path, like: Run, which: str, moment: str) -> None:
    """A journal that is sound but for one moment."""
    asked, end = json.loads(like.journal.manifest), json.loads(like.journal.end or b"")
    (asked if which == "started" else end)[which] = moment
    with Journal.create(runs / "laid.journal") as journal:
        journal.put_manifest(json.dumps(asked).encode())
        for record, _ in like.targets():
            journal.commit(record, {}, {})
            journal.put_findings(record.id, like.findings(record.id))
        journal.put_end(json.dumps(end).encode())


def test_a_period_takes_the_runs_of_the_same_services(runs: Path) -> None:
    kept(runs, night(0, said(), folder=runs), night(0.5, folder=runs, agency="Kota Lain"))
    last = night(1, said(State.PASS), folder=runs)
    period = period_of(last, runs, date(2026, 11, 1), date(2026, 11, 30))
    assert period is not None
    assert (period.nights.runs, len(period.pairs)) == (2, 1)
    assert period.pairs[0].before == said().evidence
    last.journal.close()


# -- what is remembered


def test_what_was_read_once_is_remembered(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(runs, night(0, said(), folder=runs))
    with Archive(runs) as archive:
        (first,) = [it for it, _ in archive.nights()]
    assert (runs.parent / MEMORY).stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(Journal, "open", lambda *_, **__: pytest.fail("read again"))
    with Archive(runs) as archive:
        assert [it for it, _ in archive.nights()] == [first]


def test_a_journal_that_has_changed_is_read_again(runs: Path) -> None:
    one = night(0, said(), folder=runs)
    with Archive(runs) as archive:
        assert [len(it.findings) for it, _ in archive.nights()] == [1]
    one.journal.put_findings(WWW, [])
    one.journal.close()
    with Archive(runs) as archive:
        assert [len(it.findings) for it, _ in archive.nights()] == [0]


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_a_memory_that_cannot_be_read_is_done_without(runs: Path, content: bytes) -> None:
    kept(runs, night(0, said(), folder=runs))
    (runs.parent / MEMORY).write_bytes(content)
    for _ in range(2):
        with Archive(runs) as archive:
            assert [len(it.findings) for it, _ in archive.nights()] == [1]
    assert (runs.parent / MEMORY).read_bytes().startswith(b"SQLite format 3")


def test_a_memory_of_something_else_is_done_without(runs: Path) -> None:
    (runs.parent / MEMORY).mkdir()
    kept(runs, night(0, said(), folder=runs))
    with Archive(runs) as archive:
        assert [len(it.findings) for it, _ in archive.nights()] == [1]


# -- as commands


def reported(runs: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    from scanner.cli.main import main

    main(["report", "--state", str(runs.parent), "--lang", "en", *words])
    return " ".join(capsys.readouterr().out.split())


def test_a_report_tells_what_changed_since_the_run_before(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grave = said(severity="critical")
    made = [night(0, said(State.PASS), folder=runs), night(1, grave, folder=runs), night(2, grave, folder=runs)]
    kept(runs, *made)
    assert "1 critical, 0 high, 0 medium, 0 low (0 new, 1 continuing; 0 fixed)" in reported(runs, capsys)
    assert "since 3 Nov" in reported(runs, capsys)
    assert "(1 new, 0 continuing; 0 fixed)" in reported(runs, capsys, "--since", made[0].id)
    assert "NEW" in reported(runs, capsys, "--since", made[0].id)


def test_a_report_of_typed_urls_stays_as_short_as_it_was(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(runs, *(night(it, said(), folder=runs, source="command line") for it in range(2)))
    told = reported(runs, capsys)
    assert "continuing" not in told
    assert not (runs.parent / MEMORY).exists()


def test_an_earlier_run_that_is_not_there(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from scanner.cli.main import main

    kept(runs, *(night(it, said(), folder=runs) for it in range(2)))
    for words, told in ((["ffff"], "no run is called ffff"), ([night(1).id], "not earlier than the run")):
        assert main(["report", "--state", str(runs.parent), "--lang", "en", "--since", *words]) == 3
        assert told in capsys.readouterr().err


def test_an_end_without_a_zone_is_told_as_altered(runs: Path) -> None:
    laid(runs, night(1, said()), "ended", MOMENTS[0])
    with Journal.open(runs / "laid.journal") as journal, pytest.raises(JournalError, match="how the run ended"):
        _ = Run(journal).ending
