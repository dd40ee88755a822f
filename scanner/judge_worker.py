"""The judge in a process of its own: reads target ids on standard input, writes findings into the journal.

Each line in is `{"targets": [ids], "skip": [check ids], "tell": false, "estate": false}`. The first line out is
`{"ready": run id}`; then each is `{"done": last target id}`, or `{"lost": message}` when the journal cannot be written,
and then it ends. Before any of them may come `{"log": text}`, which is for the log. With `tell` there is a
`{"check": id}` before each check begins, so that the supervisor knows which one never came back; of the estate as a whole
that is always told, and again while it goes on.
The process ends when its input does, so it never outlives the scan that started it.
"""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from scanner.estate_judge import EstateJudge
from scanner.journal import Journal, JournalError
from scanner.judge import Judge
from scanner.plugins import CHECKS, PROBES, Allowed, load_plugins
from scanner.registry import discover
from scanner.run import Run

PLUGIN = "--plugin="
MAX_LOGGED_CHARS = 8000
"""A line of ours must fit what the supervisor reads at once, 64 KiB, also with every character escaped."""


class Order(msgspec.Struct, frozen=True):
    """Targets to judge and to write down together, the checks to leave out because they did not end, and whether to tell
    which check begins: it costs as much as a check does, so it is asked for once one of them did not come back."""

    targets: tuple[str, ...]
    skip: tuple[str, ...] = ()
    tell: bool = False
    estate: bool = False
    """Judge the estate as a whole, after the targets."""


class _Telling(logging.Handler):
    """What is logged here goes to the log of whoever started us: there is one log, and one writer of it."""

    def __init__(self, announce: Callable[[dict[str, str]], None]) -> None:
        super().__init__()
        self._announce = announce

    def emit(self, record: logging.LogRecord) -> None:
        self._announce({"log": self.format(record)[-MAX_LOGGED_CHARS:]})  # the end of a traceback says most


def main(arguments: list[str]) -> int:
    """`judge_worker JOURNAL PACKAGE [PACKAGE ...] [--plugin=DISTRIBUTION==VERSION ...]`."""
    path, *rest = arguments
    packages = [word for word in rest if not word.startswith(PLUGIN)]
    allowed = [Allowed.of(word.removeprefix(PLUGIN)) for word in rest if word.startswith(PLUGIN)]
    # Those that the scan loaded, in the versions it loaded; reports and frameworks judge nothing.
    plugins = load_plugins(allowed, (CHECKS, PROBES))
    known = discover(packages) | plugins.added

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
        judge = Judge(run, checks, on_check=on_check, kinds=plugins.observations)
        announce({"ready": run.id})
        for line in sys.stdin.buffer:
            order = msgspec.json.decode(line, type=Order)
            telling, skip = order.tell, frozenset(order.skip)
            try:
                judged = {target: judge.judge_and_note(target, skip) for target in order.targets}
                if judged:
                    facts = [row for it in judged.values() for row in it.facts]
                    journal.put_all_findings({target: it.findings for target, it in judged.items()}, facts)
                if order.estate:
                    # Whoever waits hears of it also when nobody asked which check begins: many groups take a while.
                    whole = EstateJudge(run, judge, checks, journal, lambda check: announce({"check": check}))
                    journal.put_estate_findings(whole.judge(skip), complete=whole.is_complete)
            except JournalError as error:  # a full disk, say: no check's fault, and starting anew would not help
                announce({"lost": str(error)})
                return 1
            announce({"done": order.targets[-1] if order.targets else ""})
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except BrokenPipeError:  # the scan that started us has gone, and there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
