"""`pindai scan`: observe, judge, report."""

from __future__ import annotations

import argparse
import sys
import time
from itertools import chain

from scanner.cli.options import (
    CommandError,
    add_resolve_to,
    add_scope,
    add_state,
    guarded,
    language_of,
    log_to,
    output_is_ascii,
    output_width,
    path_of,
    state_directory,
    wants_colour,
    write,
    write_file,
)
from scanner.cli.plugged import Formats, add_plugin, is_plugged, require_format, write_plugged
from scanner.locale.speech import reason_of, say, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from scanner.clauses.assessed import ClausesAssessed
    from scanner.cli.estates import Assignment
    from scanner.cli.options import Commands
    from scanner.estate import Estate
    from scanner.journal import Journal
    from scanner.plugins import Plugins
    from scanner.run import Manifest, Run

FORMATS = ("table", "html", "json", "jsonl")
SEVERITIES = ("critical", "high", "medium", "low", "never")
HTML_NAMES = {"en": "report.html", "id": "laporan.html"}
SIGNAL_CODES = {"SIGINT": 130, "SIGTERM": 143}


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "scan", help=say("scan services and report"), description=say("Scan services and report.")
    )
    add_scope(parser)
    add_resolve_to(parser)
    add_plugin(parser)
    add_reporting(parser)
    parser.add_argument(
        "--resume", action="store_true", help=say("go on with the last unfinished run of the same targets")
    )
    parser.add_argument(
        "--now", action="store_true", help=say("scan at once, also outside the windows that the targets file names")
    )
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def add_reporting(parser: argparse.ArgumentParser) -> None:
    """How results are written and what the exit code says."""
    parser.add_argument("--format", choices=Formats(FORMATS), default="table", help=say("what standard output carries"))
    parser.add_argument(
        "--out",
        type=path_of,
        metavar=say("DIR"),
        help=say("also write the HTML report, result.json and observations.jsonl here"),
    )
    parser.add_argument("--fail-on", choices=SEVERITIES, default="high", help=say("exit 1 from this severity on"))
    parser.add_argument(
        "--min-coverage",
        type=percentage,
        default=50.0,
        metavar=say("PERCENT"),
        help=say("exit 2 when less could be concluded"),
    )
    parser.add_argument("--quiet", action="store_true", help=say("print nothing when all is well, else two lines"))
    parser.add_argument(
        "--all",
        action="store_true",
        dest="everything",
        help=say("in the table: list every finding, and every check that could not be concluded"),
    )
    parser.add_argument(
        "--tls-policy",
        action="append",
        default=[],
        type=tls_policy,
        metavar=say("POLICY"),
        help=say("in the table and result.json: also hold TLS against this policy, which decides nothing (repeatable)"),
    )


def require_place_for_policies(arguments: argparse.Namespace) -> None:
    """Raises CommandError where what `--tls-policy` asks for would be shown nowhere."""
    if arguments.tls_policy and arguments.out is None and arguments.format not in ("table", "json"):
        raise CommandError(
            3,
            say(
                "--tls-policy is shown in the formats table and json, and in the result.json of --out; {format} has no place "
                "for it",
                format=arguments.format,
            ),
        )


def tls_policy(text: str) -> str:
    """The name of a TLS policy that there is."""
    from scanner.policies import PolicyError, load_policy

    try:
        return load_policy(text).name
    except PolicyError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def percentage(text: str) -> float:
    """A number from 0 to 100."""
    try:
        value = float(text.rstrip("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(say("{text!r} is no percentage from 0 to 100", text=text))
    return value


def run(arguments: argparse.Namespace) -> int:
    """Scan and report; the exit code is the design's."""
    import contextlib

    from scanner.cli.estates import assignment_of, manifest_of
    from scanner.job_lock import JobRunningError, only_one

    state = state_directory(arguments.state)
    assignment = assignment_of(arguments)
    require_format(arguments.format, assignment.plugins)
    require_place_for_policies(arguments)
    if not arguments.now:
        _heed_windows(assignment.estate)
    prepare_output(arguments.out)
    log_to(state)
    with contextlib.ExitStack() as stack:
        if not assignment.estate.scope.typed:  # a developer's URL waits for no estate, and keeps none waiting
            try:
                stack.enter_context(only_one(state, "scan"))
            except JobRunningError as error:
                raise CommandError(4, str(error)) from error
            except OSError as error:
                raise CommandError(
                    3, say("{state}: cannot keep a lock here: {reason}", state=state, reason=reason_of(error))
                ) from error
        manifest = manifest_of(assignment, state / "runs")
        journal = _open_journal(state, manifest, resume=arguments.resume)
        return perform(arguments, assignment, journal)


def _heed_windows(estate: Estate) -> None:
    """Refuse a scan that could begin nothing for hours; say so when it waits for a window that opens soon."""
    from datetime import UTC, datetime

    from scanner.schedule import LONGEST_WAIT, opens_at

    now = datetime.now(UTC)
    opening = opens_at(estate, estate.targets, now)
    if opening == now:
        return
    if opening is None:
        raise CommandError(
            3,
            say(
                "outside the scan window, which never opens; start then, or with --now for a scan that its owners agreed to"
            ),
        )
    opens = _moment(estate, opening)
    if opening > now + LONGEST_WAIT:
        raise CommandError(
            3,
            say(
                "outside the scan window, which opens {opens}; start then, or with --now for a scan that its owners "
                "agreed to",
                opens=opens,
            ),
        )
    waiting = say("waiting for the scan window, which opens {opens}; Ctrl-C stops, --now does not wait", opens=opens)
    sys.stderr.write(f"pindai: {waiting}\n")


def _moment(estate: Estate, moment: datetime) -> str:
    from scanner.locale.values import write_time

    return write_time(moment, spoken(), estate.time_zone)


def perform(arguments: argparse.Namespace, assignment: Assignment, journal: Journal) -> int:
    """Run the scan of an opened journal and report it."""
    from scanner.engine import Scan
    from scanner.journal import JournalError
    from scanner.reports.progress import Progress
    from scanner.run import Run

    language = language_of(arguments.lang)
    began = time.monotonic()
    with journal:
        scan_run = Run(journal)
        total = len(scan_run.manifest.estate.targets)
        shown = sys.stderr.isatty() and not arguments.quiet
        progress = Progress(sys.stderr, total, language, enabled=shown)
        try:
            heed = not getattr(arguments, "now", False)
            Scan(
                scan_run,
                assignment.checks,
                assignment.surroundings,
                progress,
                heed_windows=heed,
                plugins=assignment.plugins,
            ).perform()
        except JournalError as error:
            raise CommandError(2, str(error), say("what was committed before is kept; go on with --resume")) from error
        finally:
            progress.close()
        code = exit_code(scan_run, arguments.fail_on, arguments.min_coverage)
        report(arguments, scan_run, language, code, time.monotonic() - began, assignment.plugins)
    return code


def _open_journal(state: Path, manifest: Manifest, *, resume: bool) -> Journal:
    import msgspec

    from scanner.journal import SUFFIX, Journal, JournalBusyError, JournalError

    try:
        if resume:
            unfinished = find_unfinished(state, manifest)
            if unfinished is not None:
                return Journal.open(unfinished, write=True)
            told = say("no unfinished run of these targets; starting a new one")
            sys.stderr.write(f"pindai: {told}\n")
        journal = Journal.create(state / "runs" / f"{manifest.run}{SUFFIX}")
        journal.put_manifest(msgspec.json.encode(manifest))
    except JournalBusyError as error:
        raise CommandError(4, str(error)) from error
    except JournalError as error:
        raise CommandError(3, str(error)) from error
    return journal


def find_unfinished(state: Path, manifest: Manifest) -> Path | None:
    """The newest run of the same intent that was stopped before its end."""
    from scanner.cli.estates import same_intent
    from scanner.journal import SUFFIX, Journal, JournalError
    from scanner.run import Run

    for path in sorted((state / "runs").glob(f"*{SUFFIX}"), reverse=True):
        try:
            with Journal.open(path) as journal:
                earlier = Run(journal)
                if same_intent(earlier.manifest, manifest):
                    unfinished = not earlier.complete or bool(journal.unjudged()) or journal.is_estate_pending()
                    return path if unfinished else None
        except JournalError:
            continue
    return None


def exit_code(run: Run, fail_on: str, min_coverage: float) -> int:
    """0 clean, 1 findings at or above the threshold that nobody accepted, 2 incomplete, 130 or 143 by signal; 2 comes
    before 1. A part of the configuration that failed alone makes a run incomplete, and so does a fault on our side.
    """
    from scanner.assessment import conclusions
    from scanner.doubt import ACCUSE_NOBODY

    found = conclusions(run)
    ending = run.ending
    if ending is not None and ending.interrupted:
        return SIGNAL_CODES.get(ending.interrupted, 2)
    if found.errors or not run.complete or found.coverage < min_coverage or run.manifest.estate.problems:
        return 2
    if ending is not None and any(doubt.whose in ACCUSE_NOBODY for doubt in ending.doubts):
        return 2
    return 1 if found.worst >= _threshold(fail_on) else 0


def _threshold(fail_on: str) -> int:
    from scanner.findings import Severity

    return Severity.CRITICAL + 1 if fail_on == "never" else Severity[fail_on.upper()]


def _thanks_to_waivers(run: Run, fail_on: str) -> bool:
    """Whether there are findings that count, had nobody accepted them."""
    from scanner.assessment import conclusions

    return bool(run.manifest.estate.waivers) and conclusions(run).worst_accepted >= _threshold(fail_on)


def prepare_output(directory: Path | None) -> None:
    """Make the output folder, and see that it can be written, before anything is scanned. Raises CommandError."""
    if directory is None:
        return
    import tempfile

    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise CommandError(
            3, say("{directory}: cannot write results here: {reason}", directory=directory, reason=reason_of(error))
        ) from error


def report(arguments: argparse.Namespace, run: Run, language: str, code: int, seconds: float, plugins: Plugins) -> None:
    """Write the files and what standard output should carry, and nothing else."""
    from scanner.reports.observations_jsonl import observations_jsonl
    from scanner.reports.result_json import result_json

    files: list[str] = []
    if arguments.out is not None:
        # What everything else can be made from again is written first, and what people open is named first.
        for name, chunks in (
            ("observations.jsonl", observations_jsonl(run)),
            ("result.json", result_json(run, arguments.tls_policy)),
            (HTML_NAMES[language], html_of(run, language, plugins, since=_since(arguments))),
        ):
            write_file(arguments.out / name, chunks)
            files.insert(0, str(arguments.out / name))
    if arguments.format == "html":
        write(html_of(run, language, plugins, since=_since(arguments)))
    elif arguments.format == "json":
        write(result_json(run, arguments.tls_policy))
    elif arguments.format == "jsonl":
        write(observations_jsonl(run))
    elif is_plugged(arguments.format):
        write_plugged(arguments.format, plugins, run, language)
    else:
        write(table(arguments, run, language, code, seconds, files, plugins))


def html_of(run: Run, language: str, plugins: Plugins, unit: str = "", since: Path | None = None) -> Iterator[bytes]:
    """The HTML report, held against the run `since` or the one before it, where this machine keeps one; `unit` makes that
    unit's own copy.
    """
    from scanner.history.archive import changes_of
    from scanner.reports.html.html import html

    changes = changes_of(run, run.journal.path.parent, since)
    return html(run, checks=plugins.checks, rulebook=plugins.rulebook(), language=language, changes=changes, unit=unit)


def table(
    arguments: argparse.Namespace,
    run: Run,
    language: str,
    code: int,
    seconds: float,
    files: Sequence[str],
    plugins: Plugins,
) -> Iterator[bytes]:
    """The summary that a terminal shows."""
    from scanner.cli.exit_words import causes_of, exit_words
    from scanner.history.archive import changes_of
    from scanner.reports.terminal import quiet_lines, terminal

    if arguments.quiet:
        return quiet_lines(run, language=language, checks=plugins.checks) if code else iter(())
    causes = causes_of(run, arguments.min_coverage, language) if code == 2 else ()
    summary = terminal(
        run,
        checks=plugins.checks,
        language=language,
        width=output_width(),
        ascii_only=output_is_ascii(),
        colour=wants_colour(),
        exit_text=exit_words(
            code,
            arguments.fail_on,
            language,
            demo=arguments.command == "demo",
            causes=causes,
            accepted=code == 0 and _thanks_to_waivers(run, arguments.fail_on),
        ),
        seconds=seconds,
        files=files,
        everything=arguments.everything,
        command=_all_command(arguments, run),
        changes=changes_of(run, run.journal.path.parent, _since(arguments)),
        clauses=clauses_of(run, plugins),
    )
    return chain(summary, _other_policies(arguments, run, language)) if arguments.tls_policy else summary


def _other_policies(arguments: argparse.Namespace, run: Run, language: str) -> Iterator[bytes]:
    """What the TLS policies that `--tls-policy` names say, after the summary: they decide nothing."""
    from scanner.reports.look import Look
    from scanner.reports.terminal import MIN_WIDTH
    from scanner.reports.tls_policies import policies_told, policy_lines

    look = Look(max(output_width(), MIN_WIDTH), output_is_ascii(), colour=False)
    told = policies_told(run, arguments.tls_policy)
    yield from policy_lines(told, language, look, everything=arguments.everything)


def _since(arguments: argparse.Namespace) -> Path | None:
    """The journal of the earlier run that `--since` names. Raises CommandError."""
    from scanner.cli.report import find_run

    wanted = getattr(arguments, "since", None)
    return None if wanted is None else find_run(state_directory(arguments.state), wanted)


def clauses_of(run: Run, plugins: Plugins) -> ClausesAssessed | None:
    """What the run says about clauses, where an official list gives its figures their whole."""
    from scanner.clauses.assess import assess_clauses

    if run.manifest.estate.population is None:
        return None
    return assess_clauses(run, plugins.rulebook(), plugins.checks)


def _all_command(arguments: argparse.Namespace, run: Run) -> str:
    """What to type to see every finding of this run: a demo keeps its run only in a folder it was given."""
    import shlex

    from scanner.reports.terminal import run_label

    if arguments.command == "demo" and arguments.state is None:
        return "pindai demo --all"
    where = "" if arguments.state is None else f" --state {shlex.quote(str(arguments.state))}"
    unit = f" --unit {shlex.quote(arguments.unit)}" if getattr(arguments, "unit", "") else ""
    return f"pindai report {run_label(run.id)} --all{unit}{where}"
