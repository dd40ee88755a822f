"""`pindai assess`: what a stored run says about clauses and indicators. Never a level, never that a clause is met."""

from __future__ import annotations

import argparse

from scanner.cli.frameworks import FORMATS, add_own, encoded, look, rulebook_of
from scanner.cli.options import CommandError, add_state, guarded, language_of, write
from scanner.cli.plugged import add_plugin, plugins_of
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from scanner.clauses.assessed import ClausesAssessed
    from scanner.cli.options import Commands
    from scanner.frameworks.framework import Rulebook
    from scanner.history.period import Period
    from scanner.run import Run

MAX_DAYS = 3660


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "assess",
        help=say("hold a stored run against clauses and indicators"),
        description=say(
            "What a stored run says about clauses and indicators: what supports them as far "
            "as seen, which findings need explaining, and what was not seen. Never a level, "
            "never a statement that a clause is met."
        ),
    )
    parser.add_argument(
        "run_id",
        nargs="?",
        metavar=say("RUN"),
        help=say("a run id or its end (default: the newest), or the folder of an --out"),
    )
    parser.add_argument(
        "--framework", metavar=say("ID"), help=say("only this framework, with the clauses nothing speaks to")
    )
    parser.add_argument(
        "--indicator",
        action="append",
        default=[],
        metavar=say("CLAUSE"),
        help=say("these clauses in detail (an id such as pasal-27/8/b, or a glob)"),
    )
    parser.add_argument("--unit", metavar=say("NAME"), help=say("only the services of this unit"))
    parser.add_argument(
        "--period",
        type=period,
        metavar=say("FIRST..LAST"),
        help=say(
            "also say what the stored runs of these days show: when was scanned, what became of the findings "
            "(2026-01-01..2026-06-30)"
        ),
    )
    add_own(parser)
    add_plugin(parser)
    parser.add_argument("--format", choices=FORMATS, default="table", help=say("what standard output carries"))
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Write the assessment; the findings themselves have their exit codes in `pindai report`."""
    from scanner.clauses.assess import assess_clauses
    from scanner.clauses.assessed import chosen
    from scanner.cli.report import opened
    from scanner.journal import JournalError
    from scanner.reports.clauses_json import clauses_json
    from scanner.reports.clauses_text import ClauseTexts
    from scanner.run import Run

    plugins = plugins_of(arguments)
    rulebook = rulebook_of(arguments.file, plugins)
    _require_framework(rulebook, arguments.framework)
    try:
        with opened(arguments) as journal:
            stored = Run(journal)
            if arguments.unit is not None:
                _require_unit(stored, arguments.unit)
            assessed = assess_clauses(
                stored, rulebook, plugins.checks, unit=arguments.unit or "", period=_period_of(stored, arguments.period)
            )
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


def period(text: str) -> tuple[date, date]:
    """`2026-01-01..2026-06-30`, both days included. Raises ArgumentTypeError."""
    import re
    from datetime import UTC, date, datetime, timedelta

    told = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", text, re.ASCII)
    try:
        first, last = map(date.fromisoformat, () if told is None else told.groups())
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            say("{text!r} is no period; write its first and last day: 2026-01-01..2026-06-30", text=text)
        ) from error
    if first > last:
        raise argparse.ArgumentTypeError(say("{text!r} ends before it begins", text=text))
    if last > datetime.now(UTC).date() + timedelta(days=1):
        raise argparse.ArgumentTypeError(say("{text!r} ends in the future, of which no run can tell", text=text))
    if (last - first).days > MAX_DAYS:
        raise argparse.ArgumentTypeError(say("{text!r} is longer than ten years", text=text))
    return first, last


def _period_of(stored: Run, days: tuple[date, date] | None) -> Period | None:
    """What the runs beside this one say of a period. Raises CommandError for a run that lies alone."""
    from scanner.history.archive import period_of

    if days is None:
        return None
    told = period_of(stored, stored.journal.path.parent, *days)
    if told is None:
        raise CommandError(
            3, say("--period: a period needs the runs of a state folder, and this one was opened from elsewhere")
        )
    return told


def _require_framework(rulebook: Rulebook, wanted: str | None) -> None:
    known = [it.id for it in rulebook.frameworks]
    if wanted is not None and wanted not in known:
        raise CommandError(
            3, say("no framework is called {wanted!r}{meant}", wanted=wanted, meant=_meant(wanted, known))
        )


def _require_unit(stored: Run, wanted: str) -> None:
    """A unit that neither the targets nor the official list know would show empty figures."""
    from scanner.parse.list_name import name_key

    estate = stored.manifest.estate
    units = {target.unit for target in estate.targets}
    if estate.population is not None:
        units |= {it.name for it in estate.population.units} | {it.unit for it in estate.population.services}
    units.discard("")
    if name_key(wanted) not in {name_key(it) for it in units}:
        raise CommandError(
            3,
            say("no unit of this run is called {wanted!r}{meant}", wanted=wanted, meant=_meant(wanted, sorted(units))),
        )


def _no_clause(assessed: ClausesAssessed, framework: str | None, patterns: Sequence[str]) -> str:
    from scanner.toml_file import likely

    own = [it for it in assessed.clauses if framework in (None, it.framework)]
    names = [*(it.id for it in own), *(it.id.removeprefix(f"{it.framework}/") for it in own)]
    meant = likely(patterns[0], names) if patterns else ""
    meant = meant or say("; pindai frameworks {framework} lists them", framework=framework or say("ID"))
    return say("no clause is called {patterns}{meant}", patterns=", ".join(map(repr, patterns)), meant=meant)


def _meant(given: str, known: Iterable[str]) -> str:
    from scanner.toml_file import did_you_mean

    return did_you_mean(given, known)
