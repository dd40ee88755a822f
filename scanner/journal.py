"""The journal: one SQLite file a run, holding what was seen and what was concluded.

Observations are filed by the SHA-256 of their stored bytes, and every read checks it. A target is committed in one
transaction when it is done, so a run that was killed at any moment leaves a readable file that can be taken up again.
"""

import contextlib
import fcntl
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

import msgspec

from scanner.cost import Contact, Cost
from scanner.findings import Finding
from scanner.json_text import inert
from scanner.locale.details import detail_text
from scanner.locale.speech import reason_of, say, spoken
from scanner.observations.observation import digest as digest_of
from scanner.observations.steps import Replay

T = TypeVar("T")

FORMAT = "2"
EARLIER = "1"
"""Without facts of the estate: read, and not gone on with."""
SUFFIX = ".journal"
MAX_VALUE_BYTES = 64 * 1024 * 1024
FULL_BYTES = 128 * 1024
"""With less room than this a disk is as good as full: SQLite's shared memory alone takes 32 KiB."""
LARGE_BYTES = 16_384
"""Observations from this size on are looked for before they are handed to SQLite."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE observation (digest TEXT PRIMARY KEY, stored BLOB NOT NULL);
CREATE TABLE target (id TEXT PRIMARY KEY, record BLOB NOT NULL, judged INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE filed (target TEXT NOT NULL, probe TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (target, probe))
    WITHOUT ROWID;
CREATE TABLE finding (
    target TEXT NOT NULL, fingerprint TEXT NOT NULL, rank INTEGER NOT NULL, stored BLOB NOT NULL%s,
    PRIMARY KEY (target, fingerprint)) WITHOUT ROWID;
CREATE INDEX unjudged ON target (id) WHERE judged = 0;
"""
_FACTS = """
CREATE TABLE fact (
    kind TEXT NOT NULL, key TEXT NOT NULL, target TEXT NOT NULL, address TEXT NOT NULL, stored BLOB NOT NULL,
    PRIMARY KEY (kind, key, target, address)) WITHOUT ROWID;
CREATE INDEX fact_of ON fact (target);
"""
_SCHEMAS = {EARLIER: _SCHEMA % "", FORMAT: _SCHEMA % ", estate INTEGER NOT NULL DEFAULT 0" + _FACTS}


class JournalError(Exception):
    """A journal that cannot be opened, read or written; the message says which and why."""


class AlteredError(JournalError):
    """Stored bytes that no longer match their digest."""


class JournalBusyError(JournalError):
    """Another scan is writing this journal."""


class Standing(StrEnum):
    """How far a target came."""

    OBSERVED = "observed"
    """At least one of its endpoints answered something."""
    NOT_OBSERVED = "not_observed"


class FactRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fact about a target that checks of the whole estate hold against those of others; `kind` is the check's id.

    An empty `key` says that the target was looked at whole, for `evidence` and `replay` of what is concluded of it alone.
    """

    kind: str
    key: str
    target: str
    address: str = ""
    detail: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    replay: Replay | None = None


class TargetRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the collector notes when a target is done. Times are aware UTC."""

    id: str
    standing: Standing
    started: datetime
    ended: datetime
    used: Cost
    ceiling: Cost
    reason: str = ""
    """Why a target that was not observed was not: a Reason."""
    detail: str = ""
    contacted: tuple[Contact, ...] = ()
    """Who was contacted for it, in which class of traffic, and how often."""


class Journal:
    """One run's file, open for writing by one process and for reading by any."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: IO[bytes] | None = None) -> None:
        self.path = path
        self._db = connection
        self._lock = lock

    # -- opening and closing

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new journal, readable by its owner only. Raises JournalError."""
        with contextlib.ExitStack() as undo:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600, exist_ok=False)
                undo.callback(path.unlink, missing_ok=True)  # half a journal would be taken for the newest run
                lock = undo.enter_context(_lock(path))
                journal = cls(path, undo.enter_context(contextlib.closing(_connect(path, write=True))), lock)
                with journal._db:
                    journal._db.executescript(_SCHEMAS[FORMAT])
                    journal._put_meta("format", FORMAT.encode())
            except (OSError, sqlite3.Error) as error:
                raise JournalError(
                    say("{path}: cannot write the journal: {reason}", path=path, reason=_told(error, path))
                ) from error
            undo.pop_all()
            return journal

    @classmethod
    def in_memory(cls) -> Self:
        """A journal for evidence that was read from elsewhere."""
        journal = cls(Path(":memory:"), sqlite3.connect(":memory:"))
        journal._db.executescript(_SCHEMAS[FORMAT])
        journal._put_meta("format", FORMAT.encode())
        return journal

    @classmethod
    def open(cls, path: Path, *, write: bool = False, join: bool = False) -> Self:
        """An existing journal, for reading; `write` takes it over, `join` writes beside the run that holds it.

        Raises JournalError, JournalBusyError when another run holds it.
        """
        if not path.is_file():
            raise JournalError(say("{path}: no such journal", path=path))
        with contextlib.ExitStack() as undo:
            lock = undo.enter_context(_lock(path)) if write else None
            try:
                journal = cls(
                    path,
                    undo.enter_context(contextlib.closing(_connect(path, write=write, read_only=not (write or join)))),
                    lock,
                )
                tables = journal._plain_tables()
                version = journal._meta("format")
            except AlteredError:
                raise
            except (sqlite3.Error, JournalError) as error:
                raise JournalError(
                    say("{path}: not a journal of Pindai: {error}", path=path, error=detail_text(str(error), spoken()))
                ) from error
            found = (version or b"?").decode("utf-8", "replace")
            if found not in _SCHEMAS or (found == EARLIER and (write or join)):
                raise JournalError(
                    say(
                        "{path}: journal format {found!r}; this Pindai reads {format!r}",
                        path=path,
                        found=found,
                        format=FORMAT,
                    )
                )
            if tables != _tables(found):
                raise AlteredError(say("{path}: its tables are not those of a journal of Pindai", path=path))
            undo.pop_all()
            return journal

    def close(self) -> None:
        """Fold the write-ahead log in, so that one file remains, and let go."""
        try:
            if self._lock is not None:
                with contextlib.suppress(sqlite3.Error):  # somebody still reads: the log stays, nothing is lost
                    self._db.execute("PRAGMA busy_timeout = 200")
                    self._db.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._db.close()
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _plain_tables(self) -> frozenset[str]:
        """How its tables were made. Raises AlteredError, sqlite3.Error.

        Views, triggers, virtual tables and computed columns run somebody else's code when ours are read, so nothing is
        read before it is known that the table in question is plain.
        """
        if self._db.execute("SELECT 1 FROM sqlite_schema WHERE type NOT IN ('table', 'index') LIMIT 1").fetchone():
            raise AlteredError(
                say("{path}: it holds views or triggers, which no journal of Pindai does", path=self.path)
            )
        made = _made(self._db)
        if not any(it in made for it in _tables(FORMAT) if it.startswith("CREATE TABLE meta ")):
            raise sqlite3.DatabaseError("it has other tables")
        return made

    # -- the run as a whole

    def _put_meta(self, name: str, value: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _meta(self, name: str) -> bytes | None:
        rows = self._rows("SELECT CAST(value AS BLOB) FROM meta WHERE name = ?", name)
        return next((value for (value,) in rows), None)

    def _rows(self, query: str, *values: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query. Raises JournalError, AlteredError for a file that is damaged."""
        try:
            for row in self._db.execute(query, values):  # noqa: UP028 - `yield from` would close a cursor that is gone
                yield row
        except sqlite3.DatabaseError as error:
            # Both say that a text or a page is no longer what SQLite wrote; other errors are of this machine, and now.
            damaged = type(error) is sqlite3.DatabaseError or "decode" in str(error)
            kind = AlteredError if damaged else JournalError
            said = detail_text(str(error), spoken())
            if damaged:
                said = say("damaged: {error}", error=said)
            raise kind(f"{self.path}: {said}") from error

    @property
    def manifest(self) -> bytes:
        """The stored manifest. Raises AlteredError, JournalError when there is none."""
        stored = self._meta("manifest")
        if stored is None:
            raise JournalError(say("{path}: the run was stopped before it began; nothing is in it", path=self.path))
        if (self._meta("manifest_digest") or b"").decode() != digest_of(stored):
            raise AlteredError(say("{path}: the manifest does not match its digest", path=self.path))
        return stored

    def put_manifest(self, stored: bytes) -> None:
        """Write down what the run was asked to do, before it does anything. Raises JournalError."""
        stored = inert(stored)
        with self._writing("manifest"):
            self._put_meta("manifest", stored)
            self._put_meta("manifest_digest", digest_of(stored).encode())

    def put_end(self, stored: bytes) -> None:
        """Write down how the run ended. Raises JournalError."""
        with self._writing("end"):
            self._put_meta("end", inert(stored))

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        """One transaction; a full disk or a folder that became read-only is told as what it is."""
        try:
            with self._db:
                yield
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: {what}: {_told(error, self.path)}") from error

    @property
    def end(self) -> bytes | None:
        """How the run ended, None while it has not."""
        return self._meta("end")

    # -- targets

    def commit(self, record: TargetRecord, filed: Mapping[str, str], observations: Mapping[str, bytes]) -> None:
        """Store a finished target: its observations by digest, and which probe each answers. One transaction.

        `filed` is probe key -> digest, `observations` digest -> stored bytes. Raises JournalError.
        """
        with self._writing(record.id):
            # Asked first: even an insert that is ignored copies the bytes, and a trust store comes with every target.
            new = [
                (digest, stored)
                for digest, stored in observations.items()
                if len(stored) < LARGE_BYTES or not self._holds(digest)
            ]
            self._db.executemany("INSERT OR IGNORE INTO observation VALUES (?, ?)", new)
            self._db.executemany(
                "INSERT OR REPLACE INTO filed VALUES (?, ?, ?)",
                [(record.id, probe, digest) for probe, digest in filed.items()],
            )
            self._db.execute(
                "INSERT OR REPLACE INTO target (id, record) VALUES (?, ?)",
                (record.id, inert(msgspec.json.encode(record))),
            )

    def put_findings(self, target: str, findings: Iterable[Finding]) -> None:
        """Store what was concluded about a target, in place of what was concluded before. Raises JournalError."""
        self.put_all_findings({target: findings})

    def put_all_findings(self, judged: Mapping[str, Iterable[Finding]], facts: Iterable[FactRow] = ()) -> None:
        """Store what was concluded about several targets, by id, in one transaction, and the facts about them that are
        held against those of others. Raises JournalError."""
        rows = [_finding_row(target, finding) for target, findings in judged.items() for finding in findings]
        targets = [(target,) for target in judged]
        with self._writing(", ".join(judged)):
            self._db.executemany("DELETE FROM finding WHERE target = ? AND estate = 0", targets)
            self._db.executemany("INSERT INTO finding VALUES (?, ?, ?, ?, 0)", rows)
            self._db.executemany("DELETE FROM fact WHERE target = ?", targets)
            self._put_facts(facts)
            self._db.executemany("UPDATE target SET judged = 1 WHERE id = ?", targets)

    def put_facts(self, facts: Iterable[FactRow]) -> None:
        """Store facts about targets beside those that are there. Raises JournalError."""
        with self._writing("facts"):
            self._put_facts(facts)

    def _put_facts(self, facts: Iterable[FactRow]) -> None:
        rows = ((it.kind, it.key, it.target, it.address, inert(msgspec.json.encode(it))) for it in facts)
        self._db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?, ?)", rows)

    def put_estate_findings(self, findings: Iterable[Finding], *, complete: bool) -> None:
        """Store what was concluded by holding targets against one another, in place of what was before, in one
        transaction; `complete` says whether every target was there to be held. Raises JournalError.

        `findings` may be made while they are written: what they are made of is in other tables.
        """
        with self._writing("estate"):
            self._db.execute("DELETE FROM finding WHERE estate = 1")
            rows = (_finding_row(finding.target, finding) for finding in findings)
            self._db.executemany("INSERT OR REPLACE INTO finding VALUES (?, ?, ?, ?, 1)", rows)
            self._put_meta("estate", b"complete" if complete else b"partial")

    def is_estate_pending(self) -> bool:
        """Whether there are facts about targets that were not yet, all of them, held against one another."""
        if self._meta("estate") == b"complete" or self._meta("format") != FORMAT.encode():
            return False
        return any(True for _ in self._rows("SELECT 1 FROM fact LIMIT 1"))

    def facts(self, kind: str) -> Iterator[FactRow]:
        """The facts of one kind, by key, then target, then address: equal keys follow one another. Raises AlteredError."""
        decoder = msgspec.json.Decoder(FactRow)
        query = "SELECT stored FROM fact WHERE kind = ? ORDER BY kind, key, target, address"
        for (stored,) in self._rows(query, kind):
            yield self._decoded(stored, decoder)

    def committed(self) -> frozenset[str]:
        """Ids of the targets that are done."""
        return frozenset(row[0] for row in self._rows("SELECT id FROM target"))

    def unjudged(self) -> tuple[str, ...]:
        """Ids of targets that were observed and not yet judged."""
        return tuple(row[0] for row in self._rows("SELECT id FROM target WHERE judged = 0 ORDER BY id"))

    def targets(self) -> Iterator[TargetRecord]:
        """The records of all committed targets, by id. Raises AlteredError."""
        decoder = msgspec.json.Decoder(TargetRecord)
        for (stored,) in self._rows("SELECT record FROM target ORDER BY id"):
            yield self._decoded(stored, decoder)

    def findings(self, target: str | None = None) -> Iterator[Finding]:
        """What was concluded, gravest first within a target. Raises AlteredError."""
        where, values = ("", ()) if target is None else ("WHERE target = ?", (target,))
        query = f"SELECT stored FROM finding {where} ORDER BY target, rank DESC, fingerprint"  # noqa: S608 - constant
        decoder = msgspec.json.Decoder(Finding)
        for (stored,) in self._rows(query, *values):
            yield self._decoded(stored, decoder)

    def sifted(self, target: str, kind: type[T], is_enough: Callable[[T], bool]) -> Iterator[T | Finding]:
        """What was concluded about a target: as far as `kind` takes it in where that is enough, else whole, which takes
        four times as long. Raises AlteredError.
        """
        brief, whole = msgspec.json.Decoder(kind), msgspec.json.Decoder(Finding)
        for (stored,) in self._rows("SELECT stored FROM finding WHERE target = ? ORDER BY fingerprint", target):
            told = self._decoded(stored, brief)
            yield told if is_enough(told) else self._decoded(stored, whole)

    def failures(self, kind: type[T]) -> Iterator[T]:
        """The findings (`fail`) as far as `kind` takes them in, by target. Raises AlteredError."""
        decoder = msgspec.json.Decoder(kind)
        for (stored,) in self._rows("SELECT stored FROM finding WHERE rank >= 0 ORDER BY target, fingerprint"):
            yield self._decoded(stored, decoder)

    def verdict(self, target: str, fingerprint: str, kind: type[T]) -> T | None:
        """What was concluded of one fingerprint, as far as `kind` takes it in; None when nothing was. Raises AlteredError."""
        rows = self._rows("SELECT stored FROM finding WHERE target = ? AND fingerprint = ?", target, fingerprint)
        return next((self._decoded(stored, msgspec.json.Decoder(kind)) for (stored,) in rows), None)

    def verdicts(self, target: str, kind: type[T]) -> Iterator[T]:
        """Everything that was concluded about a target, as far as `kind` takes it in. Raises AlteredError."""
        decoder = msgspec.json.Decoder(kind)
        for (stored,) in self._rows("SELECT stored FROM finding WHERE target = ? ORDER BY fingerprint", target):
            yield self._decoded(stored, decoder)

    def _decoded(self, stored: bytes | str, decoder: msgspec.json.Decoder[T]) -> T:
        try:
            return decoder.decode(stored)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise AlteredError(
                say("{path}: a record in it was altered and cannot be read: {error}", path=self.path, error=error)
            ) from error

    # -- observations

    def _holds(self, digest: str) -> bool:
        return self._db.execute("SELECT 1 FROM observation WHERE digest = ?", (digest,)).fetchone() is not None

    def filed(self, target: str) -> dict[str, str]:
        """Probe key -> digest of all that was observed for a target."""
        return dict(self._rows("SELECT probe, digest FROM filed WHERE target = ?", target))

    def target_of(self, digest: str) -> str:
        """The one target that an observation was filed for, empty for none or several."""
        rows = self._rows("SELECT DISTINCT target FROM filed WHERE digest = ? LIMIT 2", digest)
        found = [target for (target,) in rows]
        return found[0] if len(found) == 1 else ""

    def stored(self, digest: str) -> bytes | None:
        """The bytes filed under a digest. Raises AlteredError when they do not match it."""
        rows = self._rows("SELECT CAST(stored AS BLOB) FROM observation WHERE digest = ?", digest)
        stored: bytes | None = next((value for (value,) in rows), None)
        if stored is not None and digest_of(stored) != digest:
            # A detail of evidence when the judge meets it: in English whoever reads it (scanner.locale.details).
            raise AlteredError(f"{self.path}: the observation {digest} was altered: its bytes have another digest")
        return stored

    def digests(self) -> Iterator[str]:
        """The digests of all observations, in order."""
        for (digest,) in self._rows("SELECT digest FROM observation ORDER BY digest"):
            yield digest


def _finding_row(target: str, finding: Finding) -> tuple[str, str, int, bytes]:
    return target, finding.fingerprint, finding.rank, inert(msgspec.json.encode(finding))


@cache
def _tables(version: str) -> frozenset[str]:
    """How the tables of a journal are made, as SQLite keeps it."""
    with contextlib.closing(sqlite3.connect(":memory:")) as plain:
        plain.executescript(_SCHEMAS[version])
        return _made(plain)


def _made(database: sqlite3.Connection) -> frozenset[str]:
    rows = database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL LIMIT 100")
    return frozenset(str(sql) for (sql,) in rows)


def _connect(path: Path, *, write: bool, read_only: bool = False) -> sqlite3.Connection:
    """A connection; only the run that owns the file changes how it is kept, so a reader leaves it as it is."""
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10, check_same_thread=False
    )
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    try:
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _told(error: Exception, path: Path) -> str:
    """What an error says, and how much room there is when that may be the cause: SQLite says of a disk that is full only
    that input or output failed when it meets it outside of the journal itself.
    """
    said = reason_of(error) if isinstance(error, OSError) else detail_text(str(error), spoken())
    if "I/O" not in str(error):
        return said
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return said
    return say("{error}; the disk is full", error=said) if free < FULL_BYTES else said


def _lock(path: Path) -> IO[bytes]:
    """One writer a journal: SQLite would let two take turns, a run must not (flock is apart from SQLite's own locks)."""
    handle = path.open("rb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise JournalBusyError(say("{path}: another scan is writing this journal", path=path)) from error
    return handle


def newest_run(folder: Path) -> Path | None:
    """The newest journal of a folder that a run began; one that was killed before its first word is passed over."""
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        try:
            with Journal.open(path) as journal:
                if journal.manifest:
                    return path
        except AlteredError:
            return path  # it is somebody's evidence: whoever opens it is told what is wrong with it
        except JournalError:
            continue
    return None


def new_run_id(now: datetime, folder: Path | None = None) -> str:
    """An id that sorts by time: date, time to the millisecond, and four hex digits that tell twins apart and can be typed.

    In a folder of runs it sorts after those that are there, also when the clock has gone back since.
    """
    stamp = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}"
    newest = max((path.name for path in folder.glob(f"*{SUFFIX}")), default="") if folder is not None else ""
    if (matched := _STAMP.match(newest)) is not None and matched[0] >= stamp:
        with contextlib.suppress(ValueError, OverflowError):  # a file that somebody else called so
            last = datetime.strptime(matched[0] + "000", "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
            later = last + timedelta(milliseconds=1)
            stamp = f"{later:%Y%m%dT%H%M%S}{later.microsecond // 1000:03}"
    return f"{stamp}-{time.perf_counter_ns() % 0x10000:04x}"


_STAMP = re.compile(r"[0-9]{8}T[0-9]{9}(?=-)")
