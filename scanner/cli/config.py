"""`pindai config`: what is wrong with the configuration, what is in force, and its schemas. Touches no network."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, guarded, path_of, printable
from scanner.cli.plugged import add_plugin, allowed_of, refused, tell_loaded, tell_strangers
from scanner.locale.speech import say, say_count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.config import Configuration
    from scanner.config.effective import Explainer
    from scanner.estate import Estate
    from scanner.profiles import Profile
    from scanner.registry import Check

DEFAULT_FILE = "targets.toml"
KINDS = ("targets", "unit", "population", "waivers", "framework")


def add_to(commands: Commands) -> None:
    """The command and its actions."""
    parser = commands.add_parser(
        "config",
        help=say("check the targets file and what it includes"),
        description=say("Check and explain the configuration."),
    )
    actions = parser.add_subparsers(dest="action", metavar=say("ACTION"), required=True)
    check = actions.add_parser(
        "check",
        help=say("say everything that is wrong, or one line when nothing is"),
        description=say(
            "Read the targets file and everything it names, and say all that is wrong with "
            "it. Sends nothing. Exit 0 when all is well, 2 when an include, the population "
            "or a waiver is broken, 3 when nothing could be scanned."
        ),
    )
    check.add_argument(
        "file",
        nargs="?",
        type=path_of,
        metavar=say("TARGETS.toml"),
        help=say("the targets file (default: {default_file})", default_file=DEFAULT_FILE),
    )
    check.add_argument(
        "--resolved", action="store_true", help=say("list every value in force and the place that sets it")
    )
    check.add_argument(
        "--profile", metavar=say("NAME"), help=say("show this profile instead of the one the file asks for")
    )
    add_plugin(check)
    check.set_defaults(run=guarded(run_check))
    schema = actions.add_parser(
        "schema",
        help=say("print the JSON Schema of a file, for editors"),
        description=say("Print the JSON Schema of the files that people write, for editors that check as one types."),
    )
    schema.add_argument("kind", nargs="?", choices=KINDS, default=KINDS[0], help=say("which file (default: targets)"))
    schema.set_defaults(run=guarded(run_schema))


def run_schema(arguments: argparse.Namespace) -> int:
    """Print a schema."""
    from scanner.config.schema import SCHEMAS, written

    sys.stdout.write(written(SCHEMAS[arguments.kind]()))
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Say what is wrong; else one line, or every value in force."""
    import os
    from datetime import UTC, datetime

    from scanner.config import load_configuration
    from scanner.config.effective import Explainer
    from scanner.config_error import ConfigError
    from scanner.plugins import PluginError

    file = _file(arguments.file)
    try:
        configuration = load_configuration(file, allowed_of(arguments))
        if configuration.plugins.frameworks:
            configuration.plugins.rulebook()
    except ConfigError as error:
        raise CommandError(3, *error.problems) from error
    except PluginError as error:
        raise refused(error, arguments) from error
    estate = configuration.estate
    for problem in estate.problems:
        _tell(problem)
    profile, checks = _profile(configuration, arguments.profile)
    now = datetime.now(UTC)
    if (refusal := configuration.refusal(now)) is not None:
        raise CommandError(3, refusal)
    explainer = Explainer(configuration, os.environ)
    if arguments.resolved:
        _print_resolved(explainer, configuration, profile, checks, by_option=bool(arguments.profile))
    else:
        for missing in explainer.missing_secrets():
            _tell(say("warning: {missing}; a scan from here would not begin", missing=missing))
        sys.stdout.write(printable(f"{file}: {_summary(estate, now)}") + "\n")
        for line in (*tell_loaded(configuration.plugins), *tell_strangers(configuration.plugins)):
            sys.stdout.write(printable(line) + "\n")
    return 2 if estate.problems else 0


def _file(given: Path | None) -> Path:
    path = path_of(DEFAULT_FILE) if given is None else given
    if given is None and not path.is_file():
        raise CommandError(
            3,
            say(
                "there is no {default_file} in this folder; name one, or write one: pindai init https://HOST",
                default_file=DEFAULT_FILE,
            ),
        )
    return path


def _tell(line: str) -> None:
    sys.stderr.write(f"pindai: {printable(line)}\n")


def _profile(configuration: Configuration, given: str | None) -> tuple[Profile, tuple[Check, ...]]:
    """The profile in force and its checks; all that is wrong with them together."""
    from scanner.profiles import ProfileError, load_profile
    from scanner.registry import RegistryError, select

    known = configuration.thresholds.checks
    try:
        profile = load_profile(given or configuration.profile or "default")
        checks = select(known, profile.checks)
        for check in checks:
            check.with_params(profile.params.get(check.id, {}) | configuration.estate.params.get(check.id, {}))
    except (ProfileError, RegistryError) as error:
        raise CommandError(3, *str(error).splitlines()) from error
    return profile, checks


def _print_resolved(
    explainer: Explainer, configuration: Configuration, profile: Profile, checks: tuple[Check, ...], *, by_option: bool
) -> None:
    from scanner.config.effective import DEFAULT

    if by_option:
        named_by = "--profile"
    elif configuration.profile:
        named_by = f"{configuration.file.path.name}:{configuration.file.line(('profile',))}"
    else:
        named_by = DEFAULT
    about = ""
    for value in explainer.values(profile, named_by, checks):
        if value.about != about:
            about = value.about
            sys.stdout.write("\n" + printable(say("target {id}", id=about)) + "\n")
        shown = f"{'  ' if about else ''}{value.key} = {value.value}"
        origin = say("default") if value.origin == DEFAULT else value.origin
        sys.stdout.write(printable(f"{shown:60}  {origin}") + "\n")


def _summary(estate: Estate, now: datetime) -> str:
    """`16 targets, 12 units; scope: 2 names, 1 network; ...`."""
    units = {target.unit for target in estate.targets if target.unit}
    parts = [
        ", ".join(
            (
                say_count("{count} target", "{count} targets", len(estate.targets)),
                say_count("{count} unit", "{count} units", len(units)),
            )
        ),
        say(
            "scope: {names}, {networks}",
            names=say_count("{count} name", "{count} names", len(estate.scope.names)),
            networks=say_count("{count} network", "{count} networks", len(estate.scope.networks)),
        ),
        _authorisation(estate, now),
    ]
    if estate.population is not None:
        parts.append(
            say_count(
                "population: {count} service of {document}",
                "population: {count} services of {document}",
                len(estate.population.services),
                document=estate.population.document,
            )
        )
    if estate.waivers:
        parts.append(say_count("{count} waiver", "{count} waivers", len(estate.waivers)))
    if estate.problems:
        parts.append(say_count("{count} problem, told above", "{count} problems, told above", len(estate.problems)))
    return "; ".join(parts)


def _authorisation(estate: Estate, now: datetime) -> str:
    """How long the document still allows the scan: its last day counts."""
    if estate.authorisation is None:
        return say("no authorisation named ([scope.authorisation])")
    days = (estate.authorisation.valid_until - estate.local(now).date()).days + 1
    return say_count(
        "authorisation {number}: {count} day left",
        "authorisation {number}: {count} days left",
        days,
        number=estate.authorisation.number,
    )
