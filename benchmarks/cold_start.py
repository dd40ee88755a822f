"""How long somebody waits: one service scanned by a fresh process, and `pindai --help`.

Wall time from starting the command to its end. Help is compared with the least a command line of Python can cost, in the
same interpreter; each ratio is of two runs made one after the other, and what is compared with the goal is the ratio of
the medians.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from figures import Figure, show
from servers import Estate, MissingProgramError, estate, or_exit

COMMAND = "import sys; from scanner.cli.main import main; sys.exit(main())"
BARE = "import argparse, json"
TIME_LIMIT_SECONDS = 60
REPORTED = (0, 1, 2)
"""Exit codes of a scan that ran and reported: clean, findings, or not all could be concluded."""


def wall_seconds(command: Sequence[str], codes: Sequence[int] = (0,)) -> float:
    """Run a command to its end. One that failed is no measurement, and a traceback is a failure whatever the code."""
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, timeout=TIME_LIMIT_SECONDS)
    took = time.perf_counter() - started
    if done.returncode not in codes or b"Traceback" in done.stderr:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-1000:]}")
    return took


def pindai() -> list[str]:
    """The installed command of this interpreter's environment; without one, what that command would run."""
    script = Path(sys.executable).with_name("pindai")
    return [str(script)] if os.access(script, os.X_OK) else [sys.executable, "-c", COMMAND]


def one_target(served: Estate, state: Path, rounds: int) -> tuple[float, ...]:
    """Whole scans of one typed URL: an address, so that nothing but the service itself is waited for."""
    url = f"https://{served.services[0].address}:{served.tls_port}"
    command = [*pindai(), "scan", url, "--state", str(state), "--ca", str(served.anchor)]
    wall_seconds(command, REPORTED)
    return tuple(wall_seconds(command, REPORTED) for _ in range(rounds))


def help_and_bare(rounds: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Alternating: `pindai --help`, and an interpreter that only imports what every command line needs."""
    asked, bare = [*pindai(), "--help"], [sys.executable, "-c", BARE]
    wall_seconds(asked)
    wall_seconds(bare)
    pairs = [(wall_seconds(asked), wall_seconds(bare)) for _ in range(rounds)]
    return tuple(first for first, _ in pairs), tuple(second for _, second in pairs)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="scans; help is run three times as often")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args()
    helped, bare = help_and_bare(arguments.rounds * 3)
    try:
        with estate(1) as served, tempfile.TemporaryDirectory(prefix="pindai-bench-") as folder:
            scans = one_target(served, Path(folder), arguments.rounds)
    except MissingProgramError as error:
        return or_exit(error)
    figures = [
        Figure("pindai scan URL", scans, "s", "< 1.5"),
        Figure("pindai --help", tuple(value * 1000 for value in helped), "ms"),
        Figure(f"python -c '{BARE}'", tuple(value * 1000 for value in bare), "ms"),
        Figure("help / bare, medians", (statistics.median(helped) / statistics.median(bare),), "", "<= 2.5"),
    ]
    show("cold_start", figures, as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
