"""`pindai`: the command line. Subcommands import what they need when they run, so that `--help` is quick."""

from __future__ import annotations

import argparse
import os
import sys

from scanner import __version__
from scanner.cli import checks, demo, evidence, plan, report, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

USAGE_ERROR = 3
COMMANDS = (scan, plan, demo, report, evidence, checks)


class Parser(argparse.ArgumentParser):
    """argparse with the exit code that means "nothing was scanned"."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and leave."""
        self.print_usage(sys.stderr)
        self.exit(USAGE_ERROR, f"{self.prog}: {message}\n")


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="pindai",
        description="Scan government service endpoints (DNS, TLS, HTTP, uptime) and keep evidence that can be judged again.",
        epilog="Exit codes: 0 clean; 1 findings at or above --fail-on; 2 incomplete; 3 usage or configuration error, "
        "nothing scanned; 4 another job holds the lock; 130/143 stopped by a signal.",
    )
    top.add_argument("--version", action="version", version=f"Pindai {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = parser().parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone (`pindai ... | head`): nothing to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    raise SystemExit(main())
