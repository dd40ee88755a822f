"""`pindai evidence`: derive verdicts again from what was stored."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, guarded, language_of, path_of, printable
from scanner.cli.plugged import add_plugin, plugins_of
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from scanner.cli.options import Commands


def add_to(commands: Commands) -> None:
    """The command and its subcommands."""
    parser = commands.add_parser(
        "evidence", help=say("work with stored evidence"), description=say("Work with stored evidence.")
    )
    actions = parser.add_subparsers(dest="action", metavar=say("ACTION"), required=True)
    again = actions.add_parser(
        "replay",
        help=say("judge again from stored observations, without the network"),
        description=say(
            "Judge again from stored observations. Exit 0: every verdict came out as "
            "recorded (or differs only by a newer rule, which is named); 1: verdicts differ "
            "or evidence was altered; 3: nothing to replay."
        ),
    )
    again.add_argument(
        "directory", type=path_of, metavar=say("DIR"), help=say("the folder of --out, a journal, or a state folder")
    )
    add_plugin(again)
    again.set_defaults(run=guarded(replay))


def replay(arguments: argparse.Namespace) -> int:
    """Judge again and say what came out otherwise."""
    from scanner.evidence.replay import RESULT, against_result, open_evidence, summary
    from scanner.evidence.replay import replay as judge_again
    from scanner.journal import AlteredError, JournalError
    from scanner.registry import RegistryError

    path: Path = arguments.directory
    plugins = plugins_of(arguments)
    try:
        with open_evidence(path) as journal:
            replayed = judge_again(journal, plugins.checks, plugins)
            result = (path if path.is_dir() else path.parent) / RESULT
            problems = against_result(result, journal) if result.is_file() else ()
    except (AlteredError, RegistryError) as error:
        raise CommandError(1, str(error)) from error
    except JournalError as error:
        raise CommandError(3, str(error)) from error
    for line in summary(replayed, problems, language_of(arguments.lang)):
        sys.stdout.write(f"{printable(line)}\n")
    return 0 if replayed.confirmed and not problems else 1
