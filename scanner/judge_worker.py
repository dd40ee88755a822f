"""The judge in a process of its own: reads target ids on standard input, writes findings into the journal.

Each line in is `{"targets": [ids], "skip": [check ids], "tell": false}`. The first line out is `{"ready": run id}`; then
each is `{"done": last target id}`, or `{"lost": message}` when the journal cannot be written, and then it ends. Before any
of them may come `{"log": text}`, which is for the log. With `tell` there is a `{"check": id}` before each check begins, so
that the supervisor knows which one never came back.
The process ends when its input does, so it never outlives the scan that started it.
"""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from scanner.journal import Journal, JournalError
from scanner.judge import Judge
from scanner.registry import discover
from scanner.run import Run

MAX_LOGGED_CHARS = 8000
"""A line of ours must fit what the supervisor reads at once, 64 KiB, also with every character escaped."""


class Order(msgspec.Struct, frozen=True):
    """Targets to judge and to write down together, the checks to leave out because they did not end, and whether to tell
    which check begins: it costs as much as a check does, so it is asked for once one of them did not come back."""

    targets: tuple[str, ...]
    skip: tuple[str, ...] = ()
    tell: bool = False


class _Telling(logging.Handler):
    """What is logged here goes to the log of whoever started us: there is one log, and one writer of it."""

    def __init__(self, announce: Callable[[dict[str, str]], None]) -> None:
        super().__init__()
        self._announce = announce

    def emit(self, record: logging.LogRecord) -> None:
        self._announce({"log": self.format(record)[-MAX_LOGGED_CHARS:]})  # the end of a traceback says most


def main(arguments: list[str]) -> int:
    """`judge_worker JOURNAL PACKAGE [PACKAGE ...]`."""
    path, *packages = arguments
    known = discover(packages)

    def announce(message: dict[str, str]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
        sys.stdout.buffer.flush()

    root = logging.getLogger("pindai")
    root.handlers[:] = [_Telling(announce)]
    root.propagate = False
    telling = False

    def on_check(check: str) -> None:
        if telling:
            announce({"check": check})

    with Journal.open(Path(path), join=True) as journal:
        run = Run(journal)
        checks = [known[used.id] for used in run.manifest.checks]
        judge = Judge(run, checks, on_check=on_check)
        announce({"ready": run.id})
        for line in sys.stdin.buffer:
            order = msgspec.json.decode(line, type=Order)
            telling, skip = order.tell, frozenset(order.skip)
            try:
                journal.put_all_findings({target: judge.judge(target, skip) for target in order.targets})
            except JournalError as error:  # a full disk, say: no check's fault, and starting anew would not help
                announce({"lost": str(error)})
                return 1
            announce({"done": order.targets[-1]})
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except BrokenPipeError:  # the scan that started us has gone, and there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
