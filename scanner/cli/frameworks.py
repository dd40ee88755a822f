"""`pindai frameworks`: regulations and guidelines, how sure their wording is, and which checks speak to them."""

from __future__ import annotations

import argparse

from scanner.cli.options import CommandError, add_language, guarded, language_of, path_of, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.frameworks.framework import Rulebook
    from scanner.reports.look import Look

FORMATS = ("table", "json")


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "frameworks",
        help="list the frameworks, or show one with its clauses",
        description="List the frameworks; or show one with its clauses, the certainty of their wording, and what speaks to "
        "them; or one clause with what each check shows of it and what it does not.",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a framework, or a clause")
    add_own(parser)
    parser.add_argument("--format", choices=FORMATS, default="table", help="what standard output carries")
    add_language(parser)
    parser.set_defaults(run=guarded(run))


def add_own(parser: argparse.ArgumentParser) -> None:
    """`--file`."""
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        type=path_of,
        metavar="FRAMEWORK.toml",
        help="a framework of your own too (pindai config schema framework)",
    )


def rulebook_of(own: Sequence[Path]) -> Rulebook:
    """The frameworks with those of the user's files. Raises CommandError."""
    from scanner.config_error import ConfigError
    from scanner.frameworks.loading import load_rulebook
    from scanner.registry import discover

    try:
        return load_rulebook(own, discover())
    except ConfigError as error:
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

    from scanner.json_text import inert
    from scanner.registry import discover
    from scanner.reports.clauses_text import ClauseTexts
    from scanner.toml_file import did_you_mean

    rulebook = rulebook_of(arguments.file)
    built = [*discover(), "run.coverage", "run.policy"]
    frameworks = {it.id: it for it in rulebook.frameworks}
    clauses = {it.id: it for it in rulebook.clauses()}
    wanted = arguments.id
    if wanted is not None and wanted not in frameworks and wanted not in clauses:
        meant = did_you_mean(wanted, [*frameworks, *clauses])
        known = meant if "did you mean" in meant else f"; there are: {', '.join(frameworks)}"
        raise CommandError(3, f"no framework and no clause is called {wanted!r}{known}")
    if arguments.format == "json":
        shown = rulebook.frameworks if wanted is None else frameworks.get(wanted) or clauses[wanted]
        write([inert(msgspec.json.format(msgspec.json.encode(shown, order="sorted"), indent=1)), b"\n"])
        return 0
    texts = ClauseTexts(rulebook, language_of(arguments.lang), look())
    if wanted is None:
        write(encoded(texts.frameworks()))
    elif wanted in frameworks:
        write(encoded(texts.framework(frameworks[wanted], built)))
    else:
        write(encoded(texts.clause(clauses[wanted], built)))
    return 0
