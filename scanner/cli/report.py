"""`pindai report`: show a stored run again."""

from __future__ import annotations

import argparse

from scanner.cli.options import CommandError, add_state, guarded, language_of, state_directory
from scanner.cli.scan import add_reporting, exit_code, prepare_output, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from scanner.cli.options import Commands


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser("report", help="show a stored run again", description="Show a stored run again.")
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="a run id or its end (default: the newest run)")
    add_reporting(parser)
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Report a stored run; the exit code is the one its scan would give."""
    from scanner.journal import Journal, JournalError
    from scanner.run import Run

    prepare_output(arguments.out)
    try:
        with Journal.open(_find(state_directory(arguments.state), arguments.run_id)) as journal:
            stored = Run(journal)
            code = exit_code(stored, arguments.fail_on, arguments.min_coverage)
            ending = stored.ending
            seconds = 0.0 if ending is None else (ending.ended - stored.manifest.started).total_seconds()
            report(arguments, stored, language_of(arguments.lang), code, seconds)
    except JournalError as error:
        raise CommandError(3, str(error)) from error
    return code


def _find(state: Path, run_id: str | None) -> Path:
    from scanner.journal import SUFFIX

    journals = sorted((state / "runs").glob(f"*{SUFFIX}"))
    if not journals:
        raise CommandError(3, f"{state}: no run is kept here")
    if run_id is None:
        return journals[-1]
    found = [
        path for path in journals if path.name.removesuffix(SUFFIX).endswith(run_id) or path.name.startswith(run_id)
    ]
    if len(found) != 1:
        raise CommandError(3, f"{run_id}: {len(found)} runs of this name in {state}; give the whole id")
    return found[0]
