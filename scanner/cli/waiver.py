"""`pindai waiver check`: which findings are accepted, until when, and what is wrong with the waivers."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, guarded, path_of, printable
from scanner.locale.speech import say, say_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.estate import Estate, Waiver

DEFAULT_FILE = "targets.toml"
SOON_DAYS = 30


def add_to(commands: Commands) -> None:
    """The command, its one subcommand and their options."""
    parser = commands.add_parser(
        "waiver",
        help=say("check the findings that somebody accepted"),
        description=say("Findings that somebody accepted."),
    )
    parts = parser.add_subparsers(dest="part", metavar=say("PART"), required=True)
    check = parts.add_parser(
        "check",
        help=say("list the waivers in force and those that ran out, and what is wrong with the others"),
        description=say(
            "List the waivers in force and those that ran out, and what is wrong with the "
            "others. Exit codes: 0 every waiver can be read, 2 some cannot (their findings "
            "stay open), 3 nothing can."
        ),
    )
    check.add_argument(
        "file",
        nargs="?",
        type=path_of,
        metavar=say("FILE"),
        help=say(
            "the targets file that names the waivers (default: {default_file}), or a waivers file beside it",
            default_file=DEFAULT_FILE,
        ),
    )
    check.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """List the waivers; 2 when some are wrong."""
    from datetime import UTC, datetime

    from scanner.config_error import ConfigError
    from scanner.plugins import PluginError

    try:
        estate, waivers, problems = _read(arguments.file)
    except (ConfigError, PluginError) as error:
        raise CommandError(3, *error.problems) from error
    today = estate.local(datetime.now(UTC)).date()
    for line in listing(waivers, today):
        sys.stdout.write(printable(line) + "\n")
    for problem in problems:
        sys.stderr.write(f"pindai: {printable(problem)}\n")
    return 2 if problems else 0


def _read(file: Path | None) -> tuple[Estate, Sequence[Waiver], Sequence[str]]:
    """The estate, its waivers (those of a waivers file that was named instead of a targets file), and the problems."""
    from scanner.config import load_configuration, load_targets
    from scanner.waivers import holds_waivers, load_waivers

    path = file or path_of(DEFAULT_FILE)
    if not holds_waivers(path):
        estate = load_targets(path)
        return estate, estate.waivers, estate.problems
    configuration = load_configuration(path.with_name(DEFAULT_FILE))
    estate = configuration.estate
    waivers, problems = load_waivers(path, estate.targets, configuration.plugins.checks)
    return estate, waivers, problems


def listing(waivers: Sequence[Waiver], today: date) -> Iterator[str]:
    """Those in force, the first to run out first; then those that ran out, the last first."""
    from scanner.locale.values import said_day

    in_force = sorted((it for it in waivers if it.until >= today), key=lambda it: (it.until, it.targets, it.checks))
    expired = sorted((it for it in waivers if it.until < today), key=lambda it: it.until, reverse=True)
    yield say_count("{count} waiver in force", "{count} waivers in force", len(in_force)) + (":" if in_force else "")
    for waiver in in_force:
        left = (waiver.until - today).days + 1  # its last day counts
        soon = say_count(", {count} day left", ", {count} days left", left) if left <= SOON_DAYS else ""
        yield say("  until {day}{soon}: {told}", day=said_day(waiver.until), soon=soon, told=_told(waiver))
    if expired:
        yield say_count(
            "{count} waiver ran out and no longer applies:",
            "{count} waivers ran out and no longer apply:",
            len(expired),
        )
    for waiver in expired:
        yield say("  until {day}: {told}", day=said_day(waiver.until), told=_told(waiver))


def _told(waiver: Waiver) -> str:
    about = f" ({waiver.subject})" if waiver.subject else ""
    return say(
        "{checks} at {targets}{about}, by {approved_by}: {reason}",
        checks=waiver.checks,
        targets=waiver.targets,
        about=about,
        approved_by=waiver.approved_by,
        reason=waiver.reason,
    )
