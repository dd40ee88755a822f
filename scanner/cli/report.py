"""`pindai report`: show a stored run again."""

from __future__ import annotations

import argparse

from scanner.cli.options import CommandError, add_state, guarded, language_of, state_directory
from scanner.cli.scan import add_reporting, exit_code, prepare_output, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.journal import Journal

SHOWN = 5
"""Runs named when the one asked for is not there."""


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser("report", help="show a stored run again", description="Show a stored run again.")
    parser.add_argument(
        "run_id", nargs="?", metavar="RUN", help="a run id or its end (default: the newest), or the folder of an --out"
    )
    add_reporting(parser)
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Report a stored run; the exit code is the one its scan would give."""
    from scanner.journal import JournalError
    from scanner.run import Run

    try:
        with opened(arguments) as journal:
            stored = Run(journal)
            _leave_others_alone(arguments.out, stored.id)
            prepare_output(arguments.out)
            code = exit_code(stored, arguments.fail_on, arguments.min_coverage)
            ending = stored.ending
            seconds = 0.0
            if ending is not None:  # a clock that was set back meanwhile must not make it negative
                seconds = (ending.ended - stored.manifest.started).total_seconds() - ending.clock_jump_s
            report(arguments, stored, language_of(arguments.lang), code, max(seconds, 0.0))
    except JournalError as error:
        raise CommandError(3, str(error)) from error
    return code


def opened(arguments: argparse.Namespace) -> Journal:
    """The run asked for: of this machine's state folder, or, for somebody who was given evidence, of the folder it is in."""
    from pathlib import Path

    from scanner.evidence.replay import open_evidence
    from scanner.journal import Journal

    if arguments.run_id is not None and ("/" in arguments.run_id or Path(arguments.run_id).exists()):
        return open_evidence(Path(arguments.run_id))
    return Journal.open(_find(state_directory(arguments.state), arguments.run_id))


def _find(state: Path, run_id: str | None) -> Path:
    from scanner.journal import SUFFIX, newest_run

    journals = sorted((state / "runs").glob(f"*{SUFFIX}"))
    if not journals:
        raise CommandError(
            3, f"{state}: no run is kept here yet; pindai scan makes one (the demo keeps its own in pindai-demo/)"
        )
    if run_id is None:  # a scan that was killed before its first word hides no run; alone it is told of
        return newest_run(state / "runs") or journals[-1]
    found = [
        path for path in journals if path.name.removesuffix(SUFFIX).endswith(run_id) or path.name.startswith(run_id)
    ]
    if not found:
        newest = ", ".join(map(_told, journals[: -SHOWN - 1 : -1]))
        raise CommandError(3, f"no run is called {run_id}; the newest: {newest}")
    if len(found) > 1:
        newest = ", ".join(path.name.removesuffix(SUFFIX) for path in found[: -SHOWN - 1 : -1])
        raise CommandError(3, f"{len(found)} runs are called {run_id}; give more of the id, the newest: {newest}")
    return found[0]


def _told(path: Path) -> str:
    """A run by the end of its id, with when it began, in the agency's zone, and how much it looked at."""
    from scanner.journal import SUFFIX, Journal, JournalError
    from scanner.locale.values import local
    from scanner.run import Run

    name = path.name.removesuffix(SUFFIX).rpartition("-")[2]
    try:
        with Journal.open(path) as journal:
            manifest = Run(journal).manifest
    except JournalError:
        return f"{name} (cannot be read)"
    count = len(manifest.estate.targets)
    began = local(manifest.started, manifest.estate.time_zone)
    return f"{name} ({began:%Y-%m-%d %H:%M}, {count} target{'' if count == 1 else 's'})"


def _leave_others_alone(out: Path | None, run_id: str) -> None:
    """A scan replaces what the last one left in its folder; a report does not replace another run's files by mistake."""
    if out is None:
        return
    other = _run_in(out)
    if other is not None and other != run_id:
        whose = f"of the run {other}" if other else "that cannot be read"
        raise CommandError(3, f"{out}: holds a result.json {whose}, not of {run_id}; choose another folder")


def _run_in(out: Path) -> str | None:
    """The run whose result is in this folder; None without one, empty when it does not say."""
    import msgspec

    try:
        sections = msgspec.json.decode((out / "result.json").read_bytes(), type=dict[str, msgspec.Raw])
        run = msgspec.json.decode(sections.get("run", b"{}"), type=dict[str, object])
    except OSError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return str(run.get("id", ""))
