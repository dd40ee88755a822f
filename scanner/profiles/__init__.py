"""Profiles: which checks run and at what pace, as data (one TOML file each in this folder, or a file of the user's own).

`python -m scanner.profiles` prints them as a page for people; docs/profiles.md is that page.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from scanner.config_error import ConfigError
from scanner.estate import AddressPolicy
from scanner.locale.speech import say, spoken

if TYPE_CHECKING:
    from scanner.toml_file import TomlFile


class ProfileError(ValueError):
    """A profile that does not exist or cannot be read; the message says which and what there is."""


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How gently. `interval_ms` is the least time between the starts of two connections to one address.

    `per_address_per_minute` bounds what all targets behind one address (a shared proxy) get together, 0 for no bound.
    """

    targets_at_once: int
    connections_total: int
    connections_per_address: int
    interval_ms: int
    retry_pause_s: float
    per_address_per_minute: int = 0


class Blocking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a target is left alone: after `burst` refusals in a row the harmless baseline is asked again, after a pause.

    When that is refused too, the target is stopped. `targets_per_address`: so many stopped targets behind one address, and
    the others there are not begun, but for one now and then, to see. `retry_after_max_s`: a server that asks for a longer
    pause is left alone at once, and one whose pauses come to five times as much in all is, too.
    """

    burst: int = 3
    pause_s: float = 5.0
    rechecks: int = 2
    targets_per_address: int = 3
    retry_after_max_s: float = 120.0


class OurSide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When so many targets fail at once that the fault is likely ours: a `share` of the last `among` finished.

    The run then waits `pause_s` and looks again, up to `patience_s` altogether, before it goes on without them.
    """

    share: float = 0.5
    among: int = 20
    pause_s: float = 30.0
    patience_s: float = 600.0


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long each phase may take, in seconds; `exchange_s` bounds all phases of one connection together.

    `target_s` bounds the time a target is really being talked to, all its connections added up.
    """

    dns_s: float
    connect_s: float
    tls_s: float
    answer_s: float
    body_s: float
    exchange_s: float
    target_s: float


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is read or followed, whatever a server sends."""

    head_bytes: int
    handshake_bytes: int
    wire_body_bytes: int
    body_bytes: int
    redirects: int
    addresses: int


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A way of scanning. `checks` are check ids or globs; `params` are thresholds by check id."""

    name: str
    version: str
    description: dict[str, str]
    agent: str
    pace: Pace
    timeouts: Timeouts
    caps: Caps
    checks: tuple[str, ...] = ("*",)
    params: dict[str, dict[str, object]] = {}
    loopback_only: bool = False
    addresses: AddressPolicy | None = None
    """Overrides what targets say about their addresses."""
    blocking: Blocking = Blocking()
    our_side: OurSide = OurSide()
    when: dict[str, str] = {}
    """What the profile is for, in both languages."""


SUFFIX = ".toml"
BASED_ON = "based_on"
"""In a user's own file: the profile that has every value this file does not set."""


def profile_names() -> tuple[str, ...]:
    """The profiles that ship with Pindai."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(entry.name.removesuffix(SUFFIX) for entry in files if entry.name.endswith(SUFFIX)))


def load_profile(name: str) -> Profile:
    """The profile of this name, or in the file of this name when it ends in .toml. Raises ProfileError.

    The message has one line a problem, each with file and line where they are known.
    """
    if name.lower().endswith(SUFFIX):
        return _own_profile(Path(name))
    try:
        return msgspec.convert(_shipped(name), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(say("profile {name!r}: {error}", name=name, error=error)) from error


def _shipped(name: str) -> dict[str, Any]:
    names = profile_names()
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        known = ", ".join(names)
        if close:
            raise ProfileError(
                say(
                    "there is no profile {name!r}; did you mean {close!r}? There are: {known}; one of your own is named as "
                    "a file.toml",
                    name=name,
                    close=close[0],
                    known=known,
                )
            )
        raise ProfileError(
            say(
                "there is no profile {name!r}; there are: {known}; one of your own is named as a file.toml",
                name=name,
                known=known,
            )
        )
    return tomllib.loads((resources.files(__name__) / f"{name}{SUFFIX}").read_text(encoding="utf-8"))


def _own_profile(path: Path) -> Profile:
    """A profile that a user wrote: merged over the one it is based on, and bounded."""
    from scanner.toml_file import read_toml

    try:
        file = read_toml(path)
    except ConfigError as error:
        raise ProfileError(str(error)) from error
    own = dict(file.data)
    base = own.pop(BASED_ON, "default")
    try:
        shipped = _shipped(base if isinstance(base, str) else "")
    except ProfileError as error:
        raise ProfileError(file.problem((BASED_ON,), str(error))) from error
    shipped.update(name=path.stem, version="own", description={"en": path.name, "id": path.name}, when={})
    if unknown := list(_unknown_keys(own, file)):
        raise ProfileError("\n".join(unknown))
    try:
        profile = msgspec.convert(_merged(shipped, own), Profile)
    except msgspec.ValidationError as error:
        from scanner.locale.details import detail_text

        what, _, place = str(error).partition(" - at `$")
        location = tuple(re.findall(r"[^.\[\]`]+", place))
        raise ProfileError(file.problem(location, _lowered(detail_text(what, spoken())))) from error
    _refuse_what_cannot_work(profile, file)
    return profile


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _refuse_what_cannot_work(profile: Profile, file: "TomlFile") -> None:
    from scanner.profiles.figures import contradictions

    problems = [file.problem(place, what) for place, what in contradictions(profile)]
    if profile.name in profile_names() or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", profile.name):
        problems.append(
            file.problem(
                ("name",),
                say(
                    "{name!r}: expected letters, digits, '.', '_' and '-', and not the name of a profile "
                    "of Pindai (without a name the file's own is taken)",
                    name=profile.name,
                ),
            )
        )
    if not re.fullmatch(r"[ -~]{1,200}", profile.agent):
        problems.append(file.problem(("agent",), say("expected up to 200 plain ASCII characters")))
    if re.search(r"[{}]", profile.agent.replace("{version}", "").replace("{contact}", "")):
        problems.append(file.problem(("agent",), say("between braces only {version} and {contact} are known")))
    if not profile.checks:
        problems.append(file.problem(("checks",), say("none named, so there is nothing to look at")))
    if problems:
        raise ProfileError("\n".join(problems))


def _unknown_keys(own: Mapping[str, Any], file: "TomlFile") -> Iterator[str]:
    """Keys that no profile has, at the top and in its sections; all of them at once."""
    fields = {field.name: field.type for field in msgspec.structs.fields(Profile)}
    for key, value in own.items():
        if key not in fields:
            yield _unknown(file, (key,), [*fields, BASED_ON])
        elif isinstance(value, dict) and isinstance(fields[key], type) and issubclass(fields[key], msgspec.Struct):
            known = [field.name for field in msgspec.structs.fields(fields[key])]
            yield from (_unknown(file, (key, inner), known) for inner in value if inner not in known)


def _unknown(file: "TomlFile", location: tuple[str, ...], known: list[str]) -> str:
    from scanner.toml_file import did_you_mean

    return file.problem(location, say("unknown key{meant}", meant=did_you_mean(location[-1], known)))


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The base with the user's values over it, section by section."""
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        merged[key] = {**below, **value} if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
