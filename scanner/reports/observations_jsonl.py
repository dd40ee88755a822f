"""`observations.jsonl`: everything a run saw and concluded, in lines that can be checked without Pindai.

    {"format":"pindai-observations-1","marking":"...","manifest_digest":"sha256:...","manifest":{...},"end":{...}}
    {"digest":"sha256:...","observation":{...}}                                      one an observation
    {"target":{...},"filed":{"<probe>":"sha256:..."},"findings":[...]}               one a target
    {"lines":1234,"digest":"sha256:..."}

A manifest and an observation stand there byte for byte as the journal has them, so each digest is the SHA-256 of a piece
of its line; the last digest is that of all lines before it, so that nothing can be changed, left out or cut off unseen.
`findings` is null for a target that was observed and not judged yet. Described by `schema/observations.schema.json`.
"""

import hashlib
import io
import sqlite3
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from scanner.estate import DEFAULT_MARKING
from scanner.findings import Finding, Severity
from scanner.journal import AlteredError, Journal, JournalError, TargetRecord
from scanner.json_text import inert
from scanner.locale.speech import mark, say, say_marked
from scanner.observations.observation import digest
from scanner.run import Run

FORMAT = "pindai-observations-1"
MAX_LINE_BYTES = 64 * 1024 * 1024
"""The longest lines are manifests of large estates and observations with a body: a few megabytes."""
_AGAIN = mark("keep this file as it is; compare it with a fresh copy: pindai report RUN --out NEW-DIR")


class LineError(JournalError):
    """A line that cannot be read: `line` counts from 1, the message says what to do."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(say("line {line}: {message}", line=line, message=message))
        self.line = line


class AlteredLineError(LineError, AlteredError):
    """A line whose bytes no longer match their digest."""


def observations_jsonl(run: Run) -> Iterator[bytes]:
    """The run in lines, one at a time from the journal. Raises AlteredError when the journal itself was altered."""
    total = hashlib.sha256()
    count = 0
    for line in _lines(run):
        total.update(line)
        count += 1
        yield line
    yield _last_line(count, total.hexdigest())


def _lines(run: Run) -> Iterator[bytes]:
    journal = run.journal
    manifest = journal.manifest
    yield b'{"format":"%b","marking":%b,"manifest_digest":"%b","manifest":%b,"end":%b}\n' % (
        FORMAT.encode(),
        inert(msgspec.json.encode(run.manifest.estate.marking)),
        digest(manifest).encode(),
        manifest,
        journal.end or b"null",
    )
    for name in journal.digests():
        yield b'{"digest":"%b","observation":%b}\n' % (name.encode(), journal.stored(name) or b"null")
    unjudged = frozenset(journal.unjudged())
    for record in journal.targets():
        findings = None if record.id in unjudged else list(journal.findings(record.id))
        yield inert(msgspec.json.encode(_Target(record, journal.filed(record.id), findings))) + b"\n"


def _last_line(count: int, hexdigest: str) -> bytes:
    return b'{"lines":%d,"digest":"sha256:%b"}\n' % (count, hexdigest.encode())


class _First(msgspec.Struct, forbid_unknown_fields=True):
    format: str
    marking: str
    manifest_digest: str
    manifest: msgspec.Raw
    end: msgspec.Raw


class _MarkedEstate(msgspec.Struct):
    marking: str = DEFAULT_MARKING


class _Marked(msgspec.Struct):
    """As much of a manifest as its marking takes."""

    estate: _MarkedEstate


class _Observation(msgspec.Struct, forbid_unknown_fields=True):
    digest: str
    observation: msgspec.Raw


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    target: TargetRecord
    filed: dict[str, str]
    findings: list[Finding] | None


class _Format(msgspec.Struct):
    format: str


Line = TypeVar("Line", _First, _Marked, _Observation, _Target)


def read_observations(lines: Iterable[bytes]) -> Journal:
    """The run behind an `observations.jsonl`, in a journal in memory, every digest checked.

    `lines` is best a file opened for reading bytes: then no line longer than MAX_LINE_BYTES is ever read whole. Raises
    LineError for what is no such file, AlteredLineError for what was changed or cut off.
    """
    reader = _Reader()
    try:
        for line in _bounded(lines):
            reader.take(line)
        return reader.finished()
    except BaseException:
        reader.journal.close()
        raise


def _bounded(lines: Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(lines, io.BufferedIOBase | io.RawIOBase):
        file = lines
        lines = iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_BYTES:
            raise LineError(
                number,
                say(
                    "longer than {max_line_bytes} bytes, which no line of {format} is",
                    max_line_bytes=MAX_LINE_BYTES,
                    format=FORMAT,
                ),
            )
        yield line


class _Reader:
    """Takes one line after the other; what kind each is follows from where it stands and how it begins."""

    def __init__(self) -> None:
        self.journal = Journal.in_memory()
        self._number = 0
        self._total = hashlib.sha256()
        self._ended = False
        self._waiting: dict[str, bytes] = {}
        self._known: set[str] = set()
        self._targets: set[str] = set()

    def take(self, line: bytes) -> None:
        """The next line."""
        self._number += 1
        if self._ended:
            raise AlteredLineError(self._number, say("lines after the last one; {again}", again=say_marked(_AGAIN)))
        if self._number == 1:
            self._first(line)
        elif line.startswith(b'{"digest":'):
            self._observation(line)
        elif line.startswith(b'{"target":'):
            self._target(line)
        elif line.startswith(b'{"lines":'):
            self._last(line)
        else:
            raise AlteredLineError(
                self._number, say("not a line of {format}; {again}", format=FORMAT, again=say_marked(_AGAIN))
            )
        self._total.update(line)

    def finished(self) -> Journal:
        """The journal. Raises AlteredLineError when the file ended before its last line."""
        if not self._number:
            raise LineError(1, say("the file is empty; {again}", again=say_marked(_AGAIN)))
        if not self._ended:
            raise AlteredLineError(self._number + 1, say("the file ends too early; {again}", again=say_marked(_AGAIN)))
        return self.journal

    def _first(self, line: bytes) -> None:
        try:
            version = msgspec.json.decode(line, type=_Format).format
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise LineError(
                1, say("no observations of Pindai ({format}); give the observations.jsonl of `--out`", format=FORMAT)
            ) from error
        if version != FORMAT:
            raise LineError(
                1,
                say(
                    "written in the format {version!r}; this Pindai reads {format!r}",
                    version=version[:40],
                    format=FORMAT,
                ),
            )
        first = self._decoded(line, _First)
        manifest, end = bytes(first.manifest), bytes(first.end)
        if digest(manifest) != first.manifest_digest:
            raise AlteredLineError(1, say("the manifest does not match its digest; {again}", again=say_marked(_AGAIN)))
        if first.marking != self._decoded(manifest, _Marked).estate.marking:
            raise AlteredLineError(1, say("the marking is not that of the manifest; {again}", again=say_marked(_AGAIN)))
        self.journal.put_manifest(manifest)
        if end != b"null":
            self.journal.put_end(end)

    def _observation(self, line: bytes) -> None:
        entry = self._decoded(line, _Observation)
        stored = bytes(entry.observation)
        if digest(stored) != entry.digest:
            raise AlteredLineError(
                self._number, say("the observation does not match its digest; {again}", again=say_marked(_AGAIN))
            )
        if self._targets or entry.digest in self._known:
            raise AlteredLineError(
                self._number,
                say("an observation a second time, or out of its place; {again}", again=say_marked(_AGAIN)),
            )
        self._known.add(entry.digest)
        self._waiting[entry.digest] = stored

    def _target(self, line: bytes) -> None:
        entry = self._decoded(line, _Target)
        name = entry.target.id
        findings = entry.findings or []
        if name in self._targets or not all(_is_of(name, finding) for finding in findings):
            raise AlteredLineError(
                self._number, say("a target a second time, or findings of another; {again}", again=say_marked(_AGAIN))
            )
        if not self._known.issuperset(entry.filed.values()):
            raise AlteredLineError(
                self._number,
                say("the target rests on observations that are missing; {again}", again=say_marked(_AGAIN)),
            )
        self._targets.add(name)
        try:
            # The first target brings in all observations, for a journal takes them with a target.
            self.journal.commit(entry.target, entry.filed, self._waiting)
            self._waiting = {}
            if entry.findings is not None:
                self.journal.put_findings(name, findings)
        except (JournalError, sqlite3.Error, OverflowError, UnicodeError, ValueError) as error:
            raise AlteredLineError(
                self._number, say("cannot be stored: {error}; {again}", error=error, again=say_marked(_AGAIN))
            ) from error

    def _last(self, line: bytes) -> None:
        if line != _last_line(self._number - 1, self._total.hexdigest()):
            raise AlteredLineError(
                self._number,
                say(
                    "the lines before do not match the digest over all of them: one was changed, added "
                    "or left out; {again}",
                    again=say_marked(_AGAIN),
                ),
            )
        if self._waiting:
            raise AlteredLineError(self._number, say("observations of no target; {again}", again=say_marked(_AGAIN)))
        self._ended = True

    def _decoded(self, line: bytes, kind: type[Line]) -> Line:
        try:
            return msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise AlteredLineError(
                self._number, say("cannot be read: {error}; {again}", error=error, again=say_marked(_AGAIN))
            ) from error


def _is_of(target: str, finding: Finding) -> bool:
    return finding.target == target and (finding.severity is None or finding.severity.upper() in Severity.__members__)
