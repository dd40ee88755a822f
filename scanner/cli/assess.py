"""`pindai assess`: what a stored run says about clauses and indicators. Never a level, never that a clause is met."""

from __future__ import annotations

import argparse

from scanner.cli.frameworks import FORMATS, add_own, encoded, look, rulebook_of
from scanner.cli.options import CommandError, add_language, add_state, guarded, language_of, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scanner.clauses.assessed import ClausesAssessed
    from scanner.cli.options import Commands
    from scanner.frameworks.framework import Rulebook
    from scanner.run import Run


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "assess",
        help="hold a stored run against clauses and indicators",
        description="What a stored run says about clauses and indicators: what supports them as far as seen, which findings "
        "need explaining, and what was not seen. Never a level, never a statement that a clause is met.",
    )
    parser.add_argument(
        "run_id", nargs="?", metavar="RUN", help="a run id or its end (default: the newest), or the folder of an --out"
    )
    parser.add_argument("--framework", metavar="ID", help="only this framework, with the clauses nothing speaks to")
    parser.add_argument(
        "--indicator",
        action="append",
        default=[],
        metavar="CLAUSE",
        help="these clauses in detail (an id such as pasal-27/8/b, or a glob)",
    )
    parser.add_argument("--unit", default="", metavar="NAME", help="only the services of this unit")
    add_own(parser)
    parser.add_argument("--format", choices=FORMATS, default="table", help="what standard output carries")
    add_language(parser)
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Write the assessment; the findings themselves have their exit codes in `pindai report`."""
    from scanner.clauses.assess import assess_clauses
    from scanner.clauses.assessed import chosen
    from scanner.cli.report import opened
    from scanner.journal import JournalError
    from scanner.registry import discover
    from scanner.reports.clauses_json import clauses_json
    from scanner.reports.clauses_text import ClauseTexts
    from scanner.run import Run

    rulebook = rulebook_of(arguments.file)
    _require_framework(rulebook, arguments.framework)
    try:
        with opened(arguments) as journal:
            stored = Run(journal)
            _require_unit(stored, arguments.unit)
            assessed = assess_clauses(stored, rulebook, discover(), unit=arguments.unit)
    except JournalError as error:
        raise CommandError(3, str(error)) from error
    shown = chosen(assessed.clauses, arguments.framework or "", arguments.indicator)
    if not shown:
        raise CommandError(3, _no_clause(assessed, arguments.framework, arguments.indicator))
    if arguments.format == "json":
        write(clauses_json(assessed, shown, rulebook))
        return 0
    texts = ClauseTexts(rulebook, language_of(arguments.lang), look())
    if arguments.indicator:
        write(encoded(texts.sheets(assessed, shown)))
    else:
        write(encoded(texts.overview(assessed, shown, everything=arguments.framework is not None)))
    return 0


def _require_framework(rulebook: Rulebook, wanted: str | None) -> None:
    known = [it.id for it in rulebook.frameworks]
    if wanted is not None and wanted not in known:
        raise CommandError(3, f"no framework is called {wanted!r}{_meant(wanted, known)}")


def _require_unit(stored: Run, wanted: str) -> None:
    """A unit that neither the targets nor the official list know would show empty figures."""
    from scanner.parse.list_name import name_key

    estate = stored.manifest.estate
    units = {target.unit for target in estate.targets}
    if estate.population is not None:
        units |= {it.name for it in estate.population.units} | {it.unit for it in estate.population.services}
    units.discard("")
    if wanted and name_key(wanted) not in {name_key(it) for it in units}:
        raise CommandError(3, f"no unit of this run is called {wanted!r}{_meant(wanted, sorted(units))}")


def _no_clause(assessed: ClausesAssessed, framework: str | None, patterns: Sequence[str]) -> str:
    own = [it for it in assessed.clauses if framework in (None, it.framework)]
    names = [*(it.id for it in own), *(it.id.removeprefix(f"{it.framework}/") for it in own)]
    meant = _meant(patterns[0], names) if patterns else ""
    return f"no clause is called {', '.join(map(repr, patterns))}{meant if 'did you mean' in meant else ''}"


def _meant(given: str, known: Iterable[str]) -> str:
    from scanner.toml_file import did_you_mean

    return did_you_mean(given, known)
