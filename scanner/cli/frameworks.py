"""`pindai frameworks`: regulations and guidelines, how sure their wording is, and which checks speak to them."""

from __future__ import annotations

import argparse

from scanner.cli.options import CommandError, guarded, language_of, path_of, write
from scanner.cli.plugged import add_plugin, plugins_of
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.frameworks.framework import Rulebook
    from scanner.plugins import Plugins
    from scanner.reports.look import Look

FORMATS = ("table", "json")


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "frameworks",
        help=say("list the frameworks, or show one with its clauses"),
        description=say(
            "List the frameworks; or show one with its clauses, the certainty of their "
            "wording, and what speaks to them; or one clause with what each check shows of "
            "it and what it does not."
        ),
    )
    parser.add_argument("id", nargs="?", metavar=say("ID"), help=say("a framework, or a clause"))
    add_own(parser)
    add_plugin(parser)
    parser.add_argument("--format", choices=FORMATS, default="table", help=say("what standard output carries"))
    parser.set_defaults(run=guarded(run))


def add_own(parser: argparse.ArgumentParser) -> None:
    """`--file`."""
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        type=path_of,
        metavar=say("FRAMEWORK.toml"),
        help=say("a framework of your own too (pindai config schema framework)"),
    )


def rulebook_of(own: Sequence[Path], plugins: Plugins) -> Rulebook:
    """The frameworks with those of plug-ins and of the user's files. Raises CommandError."""
    from scanner.config_error import ConfigError
    from scanner.plugins import PluginError

    try:
        return plugins.rulebook(own)
    except (ConfigError, PluginError) as error:
        raise CommandError(3, *error.problems) from error


def look() -> Look:
    """What this terminal can show."""
    from scanner.cli.options import output_is_ascii, output_width
    from scanner.reports.look import Look

    return Look(output_width(), output_is_ascii(), colour=False)


def encoded(lines: Iterator[str]) -> Iterator[bytes]:
    """Lines as standard output takes them; what it cannot show was escaped before."""
    for line in lines:
        yield f"{line}\n".encode("utf-8", "backslashreplace")


def run(arguments: argparse.Namespace) -> int:
    """List the frameworks, or show one of them or of their clauses."""
    import msgspec

    from scanner.clauses.facts import BUILT
    from scanner.json_text import inert
    from scanner.reports.clauses_text import ClauseTexts
    from scanner.toml_file import likely

    plugins = plugins_of(arguments)
    rulebook = rulebook_of(arguments.file, plugins)
    built = [*plugins.checks, *BUILT]
    frameworks = {it.id: it for it in rulebook.frameworks}
    clauses = {it.id: it for it in rulebook.clauses()}
    wanted = arguments.id
    if wanted is not None and wanted not in frameworks and wanted not in clauses:
        meant = likely(wanted, [*frameworks, *clauses]) or say("; there are: {known}", known=", ".join(frameworks))
        raise CommandError(3, say("no framework and no clause is called {wanted!r}{meant}", wanted=wanted, meant=meant))
    if arguments.format == "json":
        shown = rulebook.frameworks if wanted is None else frameworks.get(wanted) or clauses[wanted]
        write([inert(msgspec.json.format(msgspec.json.encode(shown, order="sorted"), indent=1)), b"\n"])
        return 0
    texts = ClauseTexts(rulebook, language_of(arguments.lang), look())
    if wanted is None:
        write(encoded(texts.frameworks(built)))
    elif wanted in frameworks:
        write(encoded(texts.framework(frameworks[wanted], built)))
    else:
        write(encoded(texts.clause(clauses[wanted], built)))
    return 0
