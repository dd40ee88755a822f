"""The real command, `python -m scanner ...`, in a process and a home of its own."""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import faults

from scanner.journal import Journal, JournalError

ROOT = Path(__file__).parents[3]
LIMIT_S = 90.0


class Done(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs commands in a folder, which is also the home of whoever runs them. No locale is set but what a test sets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder), str(ROOT)])
        return {"PATH": os.defpath, "HOME": str(self.folder), "PYTHONPATH": path, "LANG": "C.UTF-8", **more}

    def __call__(self, *words: object, **environment: str) -> Done:
        """Run to the end. No command ever ends with a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "scanner", *map(os.fsencode, map(_text, words))],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.folder,
            env=self.environment(**environment),
            timeout=LIMIT_S,
            check=False,
        )
        err = done.stderr.decode()
        assert "Traceback" not in err, err
        return Done(done.returncode, done.stdout.decode(), err)

    @contextlib.contextmanager
    def started(self, *words: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A command that is still running in the block, and has ended after it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "scanner", *map(_text, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment(**environment),
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def journals(self, state: str = ".local/state/pindai") -> list[Path]:
        """The files of the runs kept so far."""
        return sorted((self.folder / state / "runs").glob("*.journal"))

    def committed(self) -> frozenset[str]:
        """What the newest run has committed so far; nothing while there is no run."""
        try:
            with Journal.open(self.journals()[-1]) as journal:
                return journal.committed()
        except (IndexError, JournalError):
            return frozenset()


def _text(word: object) -> str:
    return word if isinstance(word, str) else str(word)


def wait_until(so: Callable[[], bool], what: str) -> None:
    """Ask again and again until it is so."""
    deadline = time.monotonic() + LIMIT_S
    while not so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


class Holding:
    """A web server that says nothing until `released`, and remembers what it was asked for."""

    def __init__(self, *, released: bool = False) -> None:
        self.released = threading.Event()
        self.asked: list[str] = []
        if released:
            self.released.set()

    async def serve(self, reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        request = await reader.request()
        self.asked.append(request.target)
        if self.released.is_set():
            await faults.say(writer, faults.whole())
        else:
            await reader.departure()

    def serving(self, address: str = "127.0.0.1") -> contextlib.AbstractContextManager[faults.Served]:
        behaviour = faults.Behaviour("holding", self.serve, tls=False)
        return faults.serving_in_thread(behaviour, address)


def served(name: str, address: str = "127.0.0.1") -> contextlib.AbstractContextManager[faults.Served]:
    """A server of the fault harness."""
    return faults.serving_in_thread(faults.BEHAVIOURS[name], address)
