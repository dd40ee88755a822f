"""The judge in a process of its own: reads target ids on standard input, writes findings into the journal.

Each line in is `{"target": id, "skip": [check ids]}`. The first line out is `{"ready": run id}`; then each is
`{"check": id}` before a check begins, so that the supervisor knows which one never came back, or `{"done": target id}`.
The process ends when its input does, so it never outlives the scan that started it.
"""

import sys
from pathlib import Path

import msgspec

from scanner.journal import Journal
from scanner.judge import Judge
from scanner.registry import discover
from scanner.run import Run


class Order(msgspec.Struct, frozen=True):
    """One target to judge, and the checks to leave out because they did not end."""

    target: str
    skip: tuple[str, ...] = ()


def main(arguments: list[str]) -> int:
    """`judge_worker JOURNAL PACKAGE [PACKAGE ...]`."""
    path, *packages = arguments
    known = discover(packages)

    def announce(message: dict[str, str]) -> None:
        sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
        sys.stdout.buffer.flush()

    with Journal.open(Path(path), join=True) as journal:
        run = Run(journal)
        checks = [known[used.id] for used in run.manifest.checks]
        judge = Judge(run, checks, on_check=lambda check: announce({"check": check}))
        announce({"ready": run.id})
        for line in sys.stdin.buffer:
            order = msgspec.json.decode(line, type=Order)
            journal.put_findings(order.target, judge.judge(order.target, frozenset(order.skip)))
            announce({"done": order.target})
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
