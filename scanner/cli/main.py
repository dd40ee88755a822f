"""`pindai`: the command line. Subcommands import what they need when they run, so that `--help` is quick."""

from __future__ import annotations

import argparse
import os
import sys

from scanner import __version__
from scanner.cli import (
    assess,
    checks,
    config,
    demo,
    doctor,
    evidence,
    frameworks,
    import_file,
    init,
    inspect,
    plan,
    report,
    scan,
    waiver,
)
from scanner.cli.options import printable
from scanner.locale.speech import LANGUAGES, language_asked, language_of, say, speak

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

USAGE_ERROR = 3
INCOMPLETE = 2
COMMANDS = (
    scan,
    plan,
    inspect,
    demo,
    report,
    assess,
    evidence,
    checks,
    frameworks,
    init,
    config,
    waiver,
    import_file,
    doctor,
)


class Parser(argparse.ArgumentParser):
    """argparse with the exit code that means "nothing was scanned", one line for an error, and `--lang` everywhere.

    What it parsed names it as `parser`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.set_defaults(parser=self)
        # Suppressed, so that a subcommand's silence does not overrule what was said before it.
        self.add_argument(
            "--lang",
            choices=LANGUAGES,
            default=argparse.SUPPRESS,
            help=say("language of help, messages and reports (default: from the locale)"),
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and leave."""
        meant = self._meant(message)
        message = message.removeprefix("argument ")
        line = (
            say(
                "{program}: {wrong}; did you mean {meant}? See {program} --help",
                program=self.prog,
                wrong=message,
                meant=meant,
            )
            if meant
            else say("{program}: {wrong}; see {program} --help", program=self.prog, wrong=message)
        )
        self.exit(USAGE_ERROR, printable(line) + "\n")

    def _meant(self, message: str) -> str:
        """The command, option or value that a mistyped one is close to; empty when there is none."""
        import difflib
        import re

        choice = re.escape(say("invalid choice: %(value)r (choose from %(choices)s)"))
        choice = choice.replace(r"%\(value\)r", "'(.*)'").replace(r"%\(choices\)s", "(.*)")
        option = re.escape(say("unrecognized arguments: %s")).replace("%s", r"(--[^\s=]+)")
        if matched := re.search(f"{choice}$", message, re.DOTALL):
            given, known = matched[1], re.findall(r"[\w-]+", matched[2])
        elif matched := re.match(option, message):
            given, known = matched[1], [option for option in self._option_string_actions if option.startswith("--")]
        else:
            return ""
        return next(iter(difflib.get_close_matches(given, known, n=1, cutoff=0.7)), "")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line, understood; what nobody knows is told by the command it was meant for, and not by `pindai`."""
    chosen, unknown = parser().parse_known_args(arguments)
    if unknown:
        chosen.parser.error(say("unrecognized arguments: %s") % " ".join(_without_passwords(unknown)))
    return chosen


def _without_passwords(words: Sequence[str]) -> list[str]:
    """Words of the command line fit to be repeated: not what follows `--user`, which somebody may take for curl's."""
    shown: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        option, equals, _ = word.partition("=")
        is_user = option.startswith(("--us", "-u"))
        shown.append("..." if before in ("-u", "--user") else f"{option}{equals}..." if is_user and equals else word)
    return shown


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="pindai",
        description=say(
            "Scan government service endpoints (DNS, TLS, HTTP, uptime) and keep evidence that can be judged again."
        ),
        epilog=say(
            "Exit codes: 0 clean; 1 findings at or above --fail-on; 2 incomplete; 3 usage or configuration error, "
            "nothing scanned; 4 another job holds the lock; 130/143 stopped by a signal."
        ),
    )
    top.set_defaults(lang=None)
    top.add_argument(
        "--version",
        action="version",
        version=f"Pindai {__version__}",
        help=say("show program's version number and exit"),
    )
    commands = top.add_subparsers(dest="command", metavar=say("COMMAND"), required=True, parser_class=Parser)
    for command in COMMANDS:
        command.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    speak(language_of(language_asked(sys.argv[1:] if arguments is None else arguments)))
    chosen = parse(arguments)
    try:
        code: int = chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has gone (`pindai ... | head`): nothing to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # our fault: never a code that says "findings", and no traceback for the user
        import logging

        logging.getLogger("pindai").exception("the command crashed")
        from scanner.secrets import unspoken

        told = say("pindai: error of the tool: {kind}: {error}", kind=type(error).__name__, error=error)
        sys.stderr.write(printable(unspoken(told)) + "\n")
        return INCOMPLETE
    return code


if __name__ == "__main__":
    raise SystemExit(main())
