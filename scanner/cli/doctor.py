"""`pindai doctor`: is this machine fit to scan?"""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import (
    CommandError,
    add_state,
    guarded,
    language_of,
    output_is_ascii,
    output_width,
    path_of,
    printable,
    state_directory,
)
from scanner.cli.plugged import add_plugin, allowed_of, plugins_of, refused
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.doctor import Health, Kept, Row
    from scanner.estate import Estate, SecretSource
    from scanner.findings import Message
    from scanner.plugins import Plugins
    from scanner.profiles import Profile

SCHEMA = "pindai-doctor-1"
UNFIT = 2
DEFAULT_FILE = "targets.toml"
STATES = {
    "ok": ("ok", "baik"),
    "warning": ("WARNING", "PERHATIAN"),
    "problem": ("PROBLEM", "MASALAH"),
    "unknown": ("unknown", "belum jelas"),
}
"""What each state is called in the table, in English and Indonesian."""


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "doctor",
        help=say("is this machine fit to scan? clock, resolvers, routes, data age, limits"),
        description=say(
            "Look whether this machine is fit to scan. With a targets file each resolver is "
            "asked for one name of it (a silent one twice); nothing else is sent."
        ),
        epilog=say(
            "Exit codes: 0 no problem (warnings allowed); 2 a problem; 3 usage, or a configuration that cannot be read."
        ),
    )
    parser.add_argument(
        "targets",
        nargs="?",
        type=path_of,
        metavar=say("TARGETS.toml"),
        help=say("a targets file (default: targets.toml)"),
    )
    parser.add_argument("--profile", metavar=say("NAME"), help=say("the profile that is to be scanned with"))
    add_plugin(parser)
    parser.add_argument("--offline", action="store_true", help=say("send nothing, not even to resolvers"))
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help=say("what standard output carries")
    )
    add_state(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Look around and say what was seen."""
    from datetime import UTC, datetime

    from scanner.doctor import Health, worst

    now = datetime.now(UTC)
    if arguments.targets is None and path_of(DEFAULT_FILE).is_file():
        arguments.targets = path_of(DEFAULT_FILE)
    estate, profile, plugins = _read(arguments)
    rows = [*_machine(arguments, estate, profile, now), *_plugins(plugins), *_estate(arguments, estate, now)]
    language = language_of(arguments.lang)
    zone = "UTC" if estate is None else estate.time_zone
    if arguments.format == "json":
        sys.stdout.write(_json(rows, now, language, zone))
    else:
        for line in _table(rows, language, zone):
            sys.stdout.write(f"{line}\n")
    return UNFIT if worst(rows) is Health.PROBLEM else 0


def _read(arguments: argparse.Namespace) -> tuple[Estate | None, Profile, Plugins]:
    """The targets file, the profile and the plug-ins. Raises CommandError for what cannot be read."""
    from scanner.config import load_configuration
    from scanner.config_error import ConfigError
    from scanner.plugins import PluginError
    from scanner.profiles import ProfileError, load_profile

    try:
        if arguments.targets is None:
            return None, load_profile(arguments.profile or "default"), plugins_of(arguments)
        configuration = load_configuration(arguments.targets, allowed_of(arguments))
        profile = load_profile(arguments.profile or configuration.profile or "default")
    except ConfigError as error:
        raise CommandError(3, *error.problems) from error
    except PluginError as error:
        raise refused(error, arguments) from error
    except ProfileError as error:
        raise CommandError(3, *str(error).splitlines()) from error
    return configuration.estate, profile, configuration.plugins


def _machine(arguments: argparse.Namespace, estate: Estate | None, profile: Profile, now: datetime) -> Iterator[Row]:
    """What is seen of this machine."""
    import platform

    from scanner import __version__, doctor, machine

    anchors = machine.anchors_date()
    yield from doctor.clock_rows(machine.kernel_clock(), now, anchors)
    yield from _resolvers(arguments, estate, profile)
    for version in (4, 6):
        yield doctor.route_row(version, machine.default_routes(version))
    yield doctor.anchors_row(machine.version_of("certifi"), anchors, now.date())
    zone = "Asia/Jakarta" if estate is None else estate.time_zone
    yield doctor.time_zone_row(zone, readable=_knows(zone), tzdata=machine.version_of("tzdata"))
    state = state_directory(arguments.state)
    yield from doctor.state_rows(str(state), machine.state_folder(state))
    yield doctor.open_files_row(machine.open_files_limit(), profile)
    extras = {
        "uvloop": machine.has_module("uvloop"),
        "xlsx": machine.has_module("openpyxl") and machine.has_module("defusedxml"),
    }
    yield from doctor.software_rows(__version__, platform.python_version(), machine.tls(), extras)
    yield doctor.terminal_row(sys.stdout.encoding or "", ascii_only=output_is_ascii())


def _plugins(plugins: Plugins) -> Iterator[Row]:
    """The plug-ins there are, by their metadata: which are loaded, and which nobody allowed."""
    from scanner import doctor
    from scanner.plugins import canonical, installed

    used = {canonical(it.distribution): it for it in plugins.used}
    for it in installed():
        loaded = used.get(canonical(it.distribution))
        digest = "" if loaded is None else loaded.digest
        yield doctor.plugin_row(it.distribution, it.version, it.adds, allowed=loaded is not None, digest=digest)


def _knows(zone: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _resolvers(arguments: argparse.Namespace, estate: Estate | None, profile: Profile) -> Iterator[Row]:
    """The resolvers a scan would ask; each is asked for one name where a targets file has one, unless --offline."""
    import asyncio

    from scanner import doctor
    from scanner.collector import ask_resolvers
    from scanner.estate import Nameserver
    from scanner.surroundings import first_to_resolve, look_around, system_nameservers

    origin = doctor.origin_of_resolvers(from_file=estate is not None and bool(estate.nameservers))
    not_asked = doctor.not_asked(offline=arguments.offline)
    if estate is None:
        yield from doctor.resolver_rows(system_nameservers(), {}, "", origin=origin, not_asked=not_asked)
        return
    surroundings = look_around(estate)
    target = first_to_resolve(estate, surroundings.hosts)
    if target is None:
        yield doctor.nothing_to_resolve()
        return
    resolvers = [Nameserver(*resolver) for resolver in surroundings.resolvers]
    seen = () if arguments.offline else asyncio.run(ask_resolvers(target, profile, surroundings))
    answers = {answer.server: answer for answer in seen}
    host = target.parsed_url.host
    yield from doctor.resolver_rows(resolvers, answers, host, origin=origin, not_asked=not_asked)


def _estate(arguments: argparse.Namespace, estate: Estate | None, now: datetime) -> Iterator[Row]:
    """What is seen of the targets file."""
    from scanner import doctor

    if estate is None:
        return
    yield from doctor.estate_rows(estate, now)
    for source in doctor.secret_sources(estate):
        yield doctor.secret_row(source, _kept(source, arguments.targets.parent))


def _kept(source: SecretSource, folder: Path) -> Kept:
    import os

    from scanner.doctor import Kept
    from scanner.estate import SecretKind
    from scanner.machine import file_is_private

    if source.kind is SecretKind.ENV:
        return Kept.SET if os.environ.get(source.name) else Kept.MISSING
    private = file_is_private(folder / source.name)
    return Kept.MISSING if private is None else Kept.SET if private else Kept.OPEN


# -- output


def _json(rows: Sequence[Row], now: datetime, language: str, zone: str) -> str:
    """The rows for programs: `name`, `subject`, `state` and `values` stay what they are; sentences may change."""
    import msgspec

    from scanner import __version__
    from scanner.doctor import worst
    from scanner.json_text import inert

    document = {
        "schema": SCHEMA,
        "version": __version__,
        "at": now,
        "state": worst(rows),
        "rows": [
            {
                "name": row.name,
                "subject": row.subject,
                "state": row.state,
                "seen": _sentence(row.seen, language, zone),
                "advice": "" if row.advice is None else _sentence(row.advice, language, zone),
                "values": row.seen.arguments,
            }
            for row in rows
        ],
    }
    return inert(msgspec.json.format(msgspec.json.encode(document), indent=2)).decode() + "\n"


def _table(rows: Sequence[Row], language: str, zone: str) -> Iterator[str]:
    from collections import Counter

    from scanner import __version__
    from scanner.doctor import TITLES, Health, worst
    from scanner.locale.printable import wrapped

    one = 1 if language == "id" else 0
    width = max(output_width(), 40)
    states, titles = (max(len(words[one]) for words in table.values()) + 2 for table in (STATES, TITLES))
    yield f"Pindai {__version__} doctor"
    yield ""
    for row in rows:
        lead = f"{STATES[row.state][one]:{states}}{TITLES[row.name][one]:{titles}}"
        subject = f"{row.subject}: " if row.subject and not row.subject.isdecimal() and row.subject != "more" else ""
        seen = printable(subject + _sentence(row.seen, language, zone))
        indent = " " * len(lead)
        yield from wrapped(seen, width, first=lead, rest=indent)
        if row.advice is not None:
            advice = printable(_sentence(row.advice, language, zone))
            yield from wrapped(advice, width, first=f"{indent}-> ", rest=f"{indent}   ")
    counts = Counter(row.state for row in rows)
    yield ""
    yield from wrapped(_summary(counts, language), width)
    code = UNFIT if worst(rows) is Health.PROBLEM else 0
    yield f"{'Kode keluar' if one else 'Exit code'} {code}"


def _summary(counts: dict[Health, int], language: str) -> str:
    from scanner.doctor import Health

    problems, warnings, unknown = (counts.get(it, 0) for it in (Health.PROBLEM, Health.WARNING, Health.UNKNOWN))
    if language == "id":
        told = f"{problems} masalah, {warnings} perhatian, {unknown} belum jelas: "
        return told + (
            "selesaikan masalahnya sebelum memindai" if problems else "tidak terlihat ada yang menghalangi pemindaian"
        )
    told = (
        f"{problems} {'problem' if problems == 1 else 'problems'}, "
        f"{warnings} {'warning' if warnings == 1 else 'warnings'}, {unknown} unknown: "
    )
    return told + ("mend the problems before you scan" if problems else "nothing seen stands in the way of a scan")


def _sentence(message: Message, language: str, zone: str) -> str:
    from scanner.locale.details import translated
    from scanner.locale.values import render

    return render(
        message.id if language == "id" else message.en, translated(message.arguments, language), language, zone
    )
