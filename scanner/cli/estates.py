"""From arguments to what a scan needs: estate, profile, checks and manifest."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.cli.options import CommandError
from scanner.config import (
    estate_of_urls,
    load_anchors,
    load_targets,
    nameserver_of,
    redirections_of,
    without_secrets,
)
from scanner.config_error import ConfigError
from scanner.estate import Estate, is_loopback
from scanner.journal import new_run_id
from scanner.probes.probe import Surroundings
from scanner.profiles import Profile, ProfileError, load_profile
from scanner.registry import Check, RegistryError, discover, select
from scanner.run import CheckUsed, Manifest, this_tool
from scanner.surroundings import look_around

USAGE_ERROR = 3
DEFAULT_FILE = "targets.toml"


class Assignment(msgspec.Struct, frozen=True):
    """Everything decided before the first packet."""

    estate: Estate
    profile: Profile
    checks: tuple[Check, ...]
    surroundings: Surroundings


def assignment_of(arguments: argparse.Namespace) -> Assignment:
    """What the arguments ask for. Raises CommandError with every problem found."""
    try:
        estate = _estate(arguments.targets)
        estate = msgspec.structs.replace(
            estate,
            anchors=tuple(dict.fromkeys([*estate.anchors, *load_anchors(arguments.ca)])),
            nameservers=_nameservers(arguments.nameserver) or estate.nameservers,
            redirections=redirections_of(arguments.connect_to, getattr(arguments, "resolve_to", [])),
        )
        profile = load_profile(arguments.profile or _default_profile(estate))
        checks = select(discover(), arguments.only or profile.checks)
        unused = sorted(profile.params.keys() - {check.id for check in discover().values()})
        if unused:
            raise ProfileError(f"profile {profile.name!r} sets parameters of unknown checks: {', '.join(unused)}")
        for check in checks:
            check.with_params(profile.params.get(check.id, {}))
    except ConfigError as error:
        raise CommandError(USAGE_ERROR, *error.problems) from error
    except (ProfileError, RegistryError) as error:
        raise CommandError(USAGE_ERROR, str(error)) from error
    return Assignment(estate, profile, checks, look_around(estate))


def _estate(texts: list[str]) -> Estate:
    if not texts:
        if not Path(DEFAULT_FILE).is_file():
            raise CommandError(
                USAGE_ERROR,
                f"nothing to scan: name a URL (pindai scan https://localhost:8443) or a targets file; "
                f"there is no {DEFAULT_FILE} in this folder",
            )
        texts = [DEFAULT_FILE]
    urls = [text for text in texts if "://" in text]
    files = [text for text in texts if "://" not in text]
    if not files:
        return estate_of_urls(urls)
    for text in files:
        if not Path(text).exists() and not text.endswith(".toml"):
            shown = without_secrets(text)
            raise CommandError(
                USAGE_ERROR, f"{shown}: no such file; for a service write the whole URL: https://{shown}"
            )
    if urls or len(files) > 1:
        raise CommandError(USAGE_ERROR, f"give one targets file or any number of URLs, not {len(texts)} of both kinds")
    return load_targets(Path(files[0]))


def _nameservers(texts: list[str]) -> tuple[object, ...]:
    try:
        return tuple(map(nameserver_of, texts))
    except ValueError as error:
        raise CommandError(USAGE_ERROR, f"--nameserver: {error}") from error


def _default_profile(estate: Estate) -> str:
    """`local` for services on this machine that were typed by hand: nobody is disturbed, and somebody waits."""
    typed = estate.scope.typed
    return "local" if typed and all(map(is_loopback, typed)) else "default"


def manifest_of(assignment: Assignment) -> Manifest:
    """The manifest of a new run."""
    now = datetime.now(UTC)
    estate, profile = assignment.estate, assignment.profile
    contact = next((f"; {target.contact}" for target in estate.targets if target.contact), "")
    return Manifest(
        run=new_run_id(now),
        started=now,
        tool=this_tool(),
        agent=profile.agent.format(version=__version__, contact=_header_safe(contact)),
        estate=estate,
        profile=profile,
        resolvers=tuple(f"{address}:{port}" for address, port in assignment.surroundings.resolvers),
        checks=tuple(CheckUsed(check.id, check.version, _params(check, profile)) for check in assignment.checks),
    )


def _header_safe(text: str) -> str:
    return "".join(char for char in text if " " <= char <= "~" and char not in "()\\")[:100]


def _params(check: Check, profile: Profile) -> dict[str, object]:
    """Every threshold with its value, defaults too: a verdict is judged by the values of its day."""
    params = check.with_params(profile.params.get(check.id, {}))
    if params is None:
        return {}
    values: dict[str, object] = msgspec.to_builtins(params)
    return values


def same_intent(one: Manifest, other: Manifest) -> bool:
    """Whether two runs were asked the same thing, so that one can take up where the other stopped."""
    return (one.estate, one.profile, one.checks, one.agent) == (other.estate, other.profile, other.checks, other.agent)
