"""The journals of a state folder as a history: which runs belong together, and what they say in turn.

What a journal leaves to history is remembered in `history.sqlite` beside the folder, by the journal's size and time, so that
a year of nights is read in about a second. It holds nothing that is not in the journals, and may be deleted at any time.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final, Self

import msgspec

from scanner.history.changes import Changes, asker, changes_between
from scanner.history.ledger import Ask
from scanner.history.night import TYPED, Night, Verdict, night_of, read_night
from scanner.history.period import Period, period_of_nights
from scanner.journal import SUFFIX, Journal, JournalError
from scanner.locale.speech import say
from scanner.run import Run

MEMORY: Final = "history.sqlite"
FORMAT: Final = "2"


def changes_of(run: Run, folder: Path, since: Path | None = None) -> Changes | None:
    """A run of a folder against an earlier one: the newest that was brought to an end and looked at the same services in
    the same way, or the one whose journal is named. None without one, and for a run that is not kept in that folder.

    Raises JournalError for a run that was named and cannot be read.
    """
    if not _is_in(run, folder):
        return None
    last = night_of(run)
    if last.source == TYPED and since is None:
        return None
    chosen = None
    if since is not None:
        with Journal.open(since) as journal:
            chosen = night_of(Run(journal)), ask_file(since)
        if chosen[0].started >= last.started:
            raise JournalError(say("{since}: not earlier than the run {run}", since=since, run=last.run))
    with Archive(folder) as archive:
        before = [it for it in archive.nights() if it[0].started < last.started and it[0].is_like(last)]
    if chosen is not None:
        before = [it for it in before if it[0].run != chosen[0].run] + [chosen]
        before.sort(key=lambda it: (it[0].started, it[0].run))
        earlier = chosen[0]
    else:
        whole = [night for night, _ in before if night.complete]
        if not whole:
            return None
        earlier = whole[-1]
    return changes_between([*before, (last, asker(run.journal))], earlier.run)


def period_of(run: Run, folder: Path, first: date, last: date) -> Period | None:
    """What the runs of a period say that are like this one, in the agency's time zone; None for a run that is not kept in
    that folder.
    """
    if not _is_in(run, folder):
        return None
    own = night_of(run)
    with Archive(folder) as archive:
        nights = [it for it in archive.nights(unended=True) if it[0].is_like(own)]
    return period_of_nights(nights, run.manifest.estate, first, last)


def _is_in(run: Run, folder: Path) -> bool:
    path = run.journal.path
    try:
        return path.is_file() and path.parent.resolve() == folder.resolve()
    except OSError:
        return False


def ask_file(path: Path) -> Ask:
    """Asks the journal of a file, which is open only meanwhile; one that cannot be read any more has nothing to say."""

    def ask(asked: Iterable[Verdict]) -> Mapping[str, Verdict]:
        try:
            with Journal.open(path) as journal:
                return asker(journal)(asked)
        except JournalError:
            return {}

    return ask


class Archive:
    """The runs of a folder. What cannot be read is left out: it is told of where that run is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory = _Memory(folder.parent / MEMORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()

    def nights(self, *, unended: bool = False) -> Iterator[tuple[Night, Ask]]:
        """What the runs that ended leave, and the others too when asked for, in the order of time. A copy of a journal is no
        second run: it would confirm what one run alone has seen.
        """
        met: set[str] = set()
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            night = self._night(path)
            if night is None or night.run in met or (night.ended is None and not unended):
                continue
            if path.stem == night.run or not (self._folder / f"{night.run}{SUFFIX}").exists():
                met.add(night.run)
                yield night, ask_file(path)

    def _night(self, path: Path) -> Night | None:
        try:
            about = path.stat()
            stamp = f"{FORMAT} {about.st_size} {about.st_mtime_ns}"
            known = self._memory.get(path.name, stamp)
            if known is not None:
                return known
            with Journal.open(path) as journal:
                night = read_night(journal)
        except (OSError, JournalError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        if night.ended is not None:
            self._memory.put(path.name, stamp, night)
        return night


class _Memory:
    """What was read of journals before. Where it cannot be kept, everything is read anew."""

    def __init__(self, path: Path) -> None:
        self._decoder = msgspec.msgpack.Decoder(Night)
        self._encoder = msgspec.msgpack.Encoder()
        self._db: sqlite3.Connection | None = None
        with contextlib.suppress(OSError, sqlite3.Error):
            try:
                self._open(path)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # no database any more; nothing is in it that the journals do not have
                path.unlink()
                self._open(path)

    def _open(self, path: Path) -> None:
        path.touch(mode=0o600)
        database = sqlite3.connect(path, timeout=1)
        try:
            database.execute(
                "CREATE TABLE IF NOT EXISTS night (name TEXT PRIMARY KEY, stamp TEXT NOT NULL, stored BLOB NOT NULL)"
            )
        except sqlite3.Error:
            database.close()
            raise
        self._db = database

    def get(self, name: str, stamp: str) -> Night | None:
        """What is remembered of a file that has not changed since."""
        if self._db is None:
            return None
        try:
            row = self._db.execute("SELECT stored FROM night WHERE name = ? AND stamp = ?", (name, stamp)).fetchone()
            return None if row is None else self._decoder.decode(row[0])
        except (sqlite3.Error, msgspec.MsgspecError, TypeError):
            return None

    def put(self, name: str, stamp: str, night: Night) -> None:
        """Remember it."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute(
                    "INSERT OR REPLACE INTO night VALUES (?, ?, ?)", (name, stamp, self._encoder.encode(night))
                )

    def close(self) -> None:
        """Write it down."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.commit()
            self._db.close()
