"""From arguments to what a scan needs: estate, profile, checks and manifest."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.cli.options import CommandError, printable
from scanner.cli.plugged import allowed_of, plugins_of, refused
from scanner.config import (
    Configuration,
    estate_of_urls,
    load_anchors,
    load_configuration,
    nameserver_of,
    redirections_of,
    without_secrets,
)
from scanner.config_error import ConfigError
from scanner.estate import Estate, Nameserver, is_loopback
from scanner.journal import new_run_id
from scanner.locale.speech import say
from scanner.plugins import NO_PLUGINS, Allowed, PluginError, Plugins
from scanner.probes.probe import Surroundings
from scanner.profiles import Profile, ProfileError, load_profile
from scanner.registry import Check, RegistryError, select
from scanner.run import CheckUsed, Manifest, this_tool
from scanner.secrets import Secrets, credential_of_user, keep_silent, read_secrets
from scanner.surroundings import look_around

USAGE_ERROR = 3
DEFAULT_FILE = "targets.toml"


class Assignment(msgspec.Struct, frozen=True):
    """Everything decided before the first packet."""

    estate: Estate
    profile: Profile
    checks: tuple[Check, ...]
    surroundings: Surroundings
    plugins: Plugins = NO_PLUGINS


def assignment_of(arguments: argparse.Namespace, *, sends: bool = True) -> Assignment:
    """What the arguments ask for. Raises CommandError with every problem found.

    What failed alone while the files were read is told on standard error. Without an authorisation that still holds
    nothing is sent; what only shows (`sends` is false) says so and goes on.
    """
    try:
        estate, configuration = _estate(arguments.targets, allowed_of(arguments))
        plugins = plugins_of(arguments) if configuration is None else configuration.plugins
        estate = _with_user(estate, getattr(arguments, "user", None))
        _tell_problems(estate)
        refusal = None if configuration is None else configuration.refusal(datetime.now(UTC))
        if refusal is not None:
            if sends:
                raise CommandError(USAGE_ERROR, refusal)
            sys.stderr.write(printable(f"pindai: {refusal}") + "\n")
        estate = msgspec.structs.replace(
            estate,
            anchors=tuple(dict.fromkeys([*estate.anchors, *load_anchors(arguments.ca)])),
            nameservers=nameservers(arguments.nameserver) or estate.nameservers,
            redirections=redirections_of(arguments.connect_to, getattr(arguments, "resolve_to", [])),
        )
        profile = load_profile(arguments.profile or _profile_of(estate, configuration))
        if profile.addresses is not None:
            targets = (msgspec.structs.replace(target, addresses=profile.addresses) for target in estate.targets)
            estate = msgspec.structs.replace(estate, targets=tuple(targets))
        checks = select(plugins.checks, arguments.only or profile.checks)
        unused = sorted(profile.params.keys() - {check.id for check in plugins.checks.values()})
        if unused:
            raise ProfileError(
                say(
                    "profile {name!r} sets parameters of unknown checks: {unused}",
                    name=profile.name,
                    unused=", ".join(unused),
                )
            )
        for check in checks:
            _params(check, profile, estate)
        if plugins.frameworks:
            plugins.rulebook()  # a file that cannot be read is told of now, and not after the night
        secrets = (
            read_secrets(estate, Path() if configuration is None else configuration.folder) if sends else Secrets()
        )
    except ConfigError as error:
        raise CommandError(USAGE_ERROR, *error.problems) from error
    except PluginError as error:
        raise refused(error, arguments) from error
    except (ProfileError, RegistryError) as error:
        raise CommandError(USAGE_ERROR, *str(error).splitlines()) from error
    keep_silent(secrets.known)
    surroundings = msgspec.structs.replace(look_around(estate), credentials=secrets.credentials, known=secrets.known)
    return Assignment(estate, profile, checks, surroundings, plugins)


def _with_user(estate: Estate, user: str | None) -> Estate:
    """The estate with the credential that `--user` asks for, on every URL typed. Raises ConfigError."""
    if user is None:
        return estate
    credential = credential_of_user(user)
    if not estate.scope.typed:
        raise ConfigError([say("--user: only for URLs; in a targets file write [target.basic_auth] below its target")])
    plain = [it.url for it in estate.targets if it.url.startswith("http:") and not is_loopback(it.parsed_url.host)]
    if plain:
        raise ConfigError(
            [say("--user: over plain HTTP anybody could read the password: {url}", url=url) for url in plain]
        )
    targets = (msgspec.structs.replace(target, credential=credential) for target in estate.targets)
    return msgspec.structs.replace(estate, targets=tuple(targets))


def _tell_problems(estate: Estate) -> None:
    for problem in estate.problems:
        sys.stderr.write(printable(f"pindai: {problem}") + "\n")


def _estate(texts: list[str], allowed: Sequence[Allowed]) -> tuple[Estate, Configuration | None]:
    """The estate, and the files it was read from when it was."""
    if not texts:
        if not Path(DEFAULT_FILE).is_file():
            raise CommandError(
                USAGE_ERROR,
                say(
                    "nothing to scan: name a URL (pindai scan https://localhost:8443) or a targets file; "
                    "there is no {default_file} in this folder",
                    default_file=DEFAULT_FILE,
                ),
            )
        texts = [DEFAULT_FILE]
    urls = [text for text in texts if "://" in text]
    files = [text for text in texts if "://" not in text]
    if not files:
        return estate_of_urls(urls), None
    for text in files:
        if not Path(text).exists() and not text.endswith(".toml"):
            shown = without_secrets(text)
            raise CommandError(
                USAGE_ERROR,
                say("{shown}: no such file; for a service write the whole URL: https://{shown}", shown=shown),
            )
    if urls or len(files) > 1:
        raise CommandError(
            USAGE_ERROR, say("give one targets file or any number of URLs, not {count} of both kinds", count=len(texts))
        )
    configuration = load_configuration(Path(files[0]), allowed)
    return configuration.estate, configuration


def nameservers(texts: list[str]) -> tuple[Nameserver, ...]:
    """The resolvers that `--nameserver` names. Raises CommandError."""
    try:
        return tuple(map(nameserver_of, texts))
    except ValueError as error:
        raise CommandError(USAGE_ERROR, f"--nameserver: {error}") from error


def _profile_of(estate: Estate, configuration: Configuration | None) -> str:
    """What the targets file asks for. `local` for services on this machine that were typed by hand: nobody is disturbed,
    and somebody waits.
    """
    if configuration is not None and configuration.profile:
        return configuration.profile
    return profile_for_typed(estate)


def profile_for_typed(estate: Estate) -> str:
    """`local` where all that was typed is on this machine."""
    typed = estate.scope.typed
    return "local" if typed and all(map(is_loopback, typed)) else "default"


def manifest_of(assignment: Assignment, runs: Path | None = None) -> Manifest:
    """The manifest of a new run; `runs` is the folder it will be kept in."""
    now = datetime.now(UTC)
    estate, profile = assignment.estate, assignment.profile
    # Never a target's contact: who repairs one service does not answer for the scan, and the other servers are told.
    contact = f"; {estate.contact}" if estate.contact else ""
    return Manifest(
        run=new_run_id(now, runs),
        started=now,
        tool=this_tool(),
        agent=profile.agent.format(version=__version__, contact=_header_safe(contact)),
        estate=estate,
        profile=profile,
        resolvers=tuple(f"{address}:{port}" for address, port in assignment.surroundings.resolvers),
        checks=tuple(
            CheckUsed(check.id, check.version, _params(check, profile, estate)) for check in assignment.checks
        ),
        plugins=assignment.plugins.used,
    )


def _header_safe(text: str) -> str:
    return "".join(char for char in text if " " <= char <= "~" and char not in "()\\")[:100]


def _params(check: Check, profile: Profile, estate: Estate) -> dict[str, object]:
    """Every threshold with its value, defaults too: a verdict is judged by the values of its day.

    The profile sets them for everybody, the targets file for its own estate.
    """
    params = check.with_params(profile.params.get(check.id, {}) | estate.params.get(check.id, {}))
    if params is None:
        return {}
    values: dict[str, object] = msgspec.to_builtins(params)
    return values


def same_intent(one: Manifest, other: Manifest) -> bool:
    """Whether two runs were asked the same thing, so that one can take up where the other stopped."""
    asked = ("profile", "checks", "agent", "plugins")
    return _same_estate(one.estate, other.estate) and all(getattr(one, name) == getattr(other, name) for name in asked)


def _same_estate(one: Estate, other: Estate) -> bool:
    """Problems count by their number: their words depend on the language that they were told in."""
    plain = [msgspec.structs.replace(it, problems=()) for it in (one, other)]
    return plain[0] == plain[1] and len(one.problems) == len(other.problems)
