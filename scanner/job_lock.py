"""One job of a kind at a time: a lock file in the state folder, held by flock, so that it ends with the process.

Each kind has its own, so that a quick job of another kind never waits for the night's scan.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scanner.locale.details import detail_text
from scanner.locale.speech import say, spoken

MAX_TOLD_CHARS = 200


class JobRunningError(Exception):
    """Another job of the same kind holds the lock; the message says which, since when, and where the lock is."""


@contextmanager
def only_one(state: Path, kind: str) -> Iterator[None]:
    """Hold the lock of this kind of job in the block. Raises JobRunningError, OSError when the folder cannot be written."""
    folder = state / "locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{kind}.lock"
    # Opened for appending, so that who holds it stays readable while another asks; never unlinked: two could hold two files.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            told = handle.read(MAX_TOLD_CHARS).decode("utf-8", "replace").strip()
            holder = detail_text(told, spoken())
            raise JobRunningError(
                say(
                    "another {kind} is running ({holder}); wait for it, or choose --state DIR for one of "
                    "its own ({path})",
                    kind=kind,
                    holder=holder or say("it does not say which"),
                    path=path,
                )
            ) from error
        handle.truncate(0)
        handle.write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode())
        try:
            yield
        finally:
            handle.truncate(0)
