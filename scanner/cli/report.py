"""`pindai report`: show a stored run again."""

from __future__ import annotations

import argparse

from scanner.cli.options import (
    CommandError,
    add_state,
    guarded,
    language_of,
    state_directory,
    write,
    write_file,
)
from scanner.cli.plugged import add_plugin, plugins_of, require_format
from scanner.cli.scan import (
    HTML_NAMES,
    add_reporting,
    exit_code,
    html_of,
    prepare_output,
    report,
    require_place_for_policies,
    table,
)
from scanner.locale.speech import say, say_count, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.journal import Journal
    from scanner.plugins import Plugins
    from scanner.run import Run

UNIT_FORMATS = ("html", "table")
SHOWN = 5
"""Runs named when the one asked for is not there."""


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "report", help=say("show a stored run again"), description=say("Show a stored run again.")
    )
    parser.add_argument(
        "run_id",
        nargs="?",
        metavar=say("RUN"),
        help=say("a run id or its end (default: the newest), or the folder of an --out"),
    )
    parser.add_argument(
        "--unit",
        default=None,
        metavar=say("NAME"),
        help=say("a copy for this unit, with nothing of the others in it (formats html and table)"),
    )
    parser.add_argument(
        "--since",
        metavar=say("RUN"),
        help=say("the earlier run that it is held against (default: the last whole one of the same services)"),
    )
    add_plugin(parser)
    add_reporting(parser)
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Report a stored run; the exit code is the one its scan would give."""
    from scanner.journal import JournalError
    from scanner.run import Run

    plugins = plugins_of(arguments)
    require_format(arguments.format, plugins)
    require_place_for_policies(arguments)
    try:
        with opened(arguments) as journal:
            stored = Run(journal)
            if (
                arguments.unit is not None
            ):  # an empty name is of no unit: a script's empty variable is not to send everything
                return _report_unit(arguments, stored, plugins)
            _leave_others_alone(arguments.out, stored.id)
            prepare_output(arguments.out)
            code = exit_code(stored, arguments.fail_on, arguments.min_coverage)
            report(arguments, stored, language_of(arguments.lang), code, _seconds(stored), plugins)
    except JournalError as error:
        raise CommandError(3, str(error)) from error
    return code


def _seconds(stored: Run) -> float:
    """How long the scan took; a clock that was set back meanwhile must not make it negative."""
    ending = stored.ending
    if ending is None:
        return 0.0
    return max((ending.ended - stored.manifest.started).total_seconds() - ending.clock_jump_s, 0.0)


def _report_unit(arguments: argparse.Namespace, stored: Run, plugins: Plugins) -> int:
    """A unit's own copy: the whole of its report, and of nobody else's. The exit code is of its part."""
    from scanner.unit_copy import part_of

    if arguments.format not in UNIT_FORMATS:
        raise CommandError(
            3,
            say(
                "--unit makes a copy in the formats html and table; {format} has the whole run", format=arguments.format
            ),
        )
    unit = _unit_called(stored, arguments.unit)
    prepare_output(arguments.out)
    language = language_of(arguments.lang)
    part = part_of(stored, unit)
    code = exit_code(part, arguments.fail_on, arguments.min_coverage)
    files: list[str] = []
    if arguments.out is not None:
        path = arguments.out / _unit_file(language, unit)
        write_file(path, html_of(stored, language, plugins, unit))
        files.append(str(path))
    if arguments.format == "html":
        write(html_of(stored, language, plugins, unit))
    else:
        write(table(arguments, part, language, code, _seconds(stored), files, plugins))
    return code


def _unit_called(stored: Run, wanted: str) -> str:
    """A unit of the run as its lists spell it. Raises CommandError for a name that none of them has."""
    from scanner.parse.list_name import name_key
    from scanner.toml_file import did_you_mean
    from scanner.unit_copy import units_of

    known = {name_key(it): it for it in units_of(stored.manifest.estate)}
    if name_key(wanted) not in known:
        raise CommandError(
            3,
            say(
                "no unit of this run is called {wanted!r}{meant}",
                wanted=wanted,
                meant=did_you_mean(wanted, sorted(known.values())),
            ),
        )
    return known[name_key(wanted)]


def _unit_file(language: str, unit: str) -> str:
    """`laporan-dinas-kesehatan-3f2a.html`: the digits tell names apart that differ only in what file names leave out."""
    import hashlib
    import re

    stem, _, ending = HTML_NAMES[language].rpartition(".")
    plain = re.sub(r"[^a-z0-9]+", "-", unit.lower()).strip("-")[:60]
    tail = hashlib.sha256(unit.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return "-".join(filter(None, (stem, plain, tail))) + f".{ending}"


def opened(arguments: argparse.Namespace) -> Journal:
    """The run asked for: of this machine's state folder, or, for somebody who was given evidence, of the folder it is in."""
    from pathlib import Path

    from scanner.evidence.replay import open_evidence
    from scanner.journal import Journal

    if arguments.run_id is not None and ("/" in arguments.run_id or Path(arguments.run_id).exists()):
        return open_evidence(Path(arguments.run_id))
    return Journal.open(find_run(state_directory(arguments.state), arguments.run_id))


def find_run(state: Path, run_id: str | None) -> Path:
    """The journal of the run asked for, the newest when none is named. Raises CommandError."""
    from scanner.journal import SUFFIX, newest_run

    journals = sorted((state / "runs").glob(f"*{SUFFIX}"))
    if not journals:
        raise CommandError(
            3,
            say(
                "{state}: no run is kept here yet; pindai scan makes one (the demo keeps its own in pindai-demo/)",
                state=state,
            ),
        )
    if run_id is None:  # a scan that was killed before its first word hides no run; alone it is told of
        return newest_run(state / "runs") or journals[-1]
    found = [
        path for path in journals if path.name.removesuffix(SUFFIX).endswith(run_id) or path.name.startswith(run_id)
    ]
    if not found:
        newest = ", ".join(map(_told, journals[: -SHOWN - 1 : -1]))
        raise CommandError(3, say("no run is called {run_id}; the newest: {newest}", run_id=run_id, newest=newest))
    if len(found) > 1:
        newest = ", ".join(path.name.removesuffix(SUFFIX) for path in found[: -SHOWN - 1 : -1])
        raise CommandError(
            3,
            say(
                "{count} runs are called {run_id}; give more of the id, the newest: {newest}",
                count=len(found),
                run_id=run_id,
                newest=newest,
            ),
        )
    return found[0]


def _told(path: Path) -> str:
    """A run by the end of its id, with when it began, in the agency's zone, and how much it looked at."""
    from scanner.journal import SUFFIX, Journal, JournalError
    from scanner.locale.values import local, write_time
    from scanner.run import Run

    name = path.name.removesuffix(SUFFIX).rpartition("-")[2]
    try:
        with Journal.open(path) as journal:
            manifest = Run(journal).manifest
    except JournalError:
        return say("{name} (cannot be read)", name=name)
    count = len(manifest.estate.targets)
    zone = manifest.estate.time_zone
    began = f"{local(manifest.started, zone):%Y-%m-%d %H:%M}"
    if spoken() == "id":
        began = write_time(manifest.started, "id", zone)
    return say_count(
        "{name} ({began}, {count} target)",
        "{name} ({began}, {count} targets)",
        count,
        name=name,
        began=began,
    )


def _leave_others_alone(out: Path | None, run_id: str) -> None:
    """A scan replaces what the last one left in its folder; a report does not replace another run's files by mistake."""
    if out is None:
        return
    other = _run_in(out)
    if other is not None and other != run_id:
        if not other:
            told = say(
                "{out}: holds a result.json that cannot be read, not of {run_id}; choose another folder",
                out=out,
                run_id=run_id,
            )
            raise CommandError(3, told)
        told = say(
            "{out}: holds a result.json of the run {other}, not of {run_id}; choose another folder",
            out=out,
            other=other,
            run_id=run_id,
        )
        raise CommandError(3, told)


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
