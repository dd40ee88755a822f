"""Profiles: which checks run and at what pace, as data (one TOML file each in this folder)."""

import tomllib
from importlib import resources

import msgspec


class ProfileError(ValueError):
    """A profile that does not exist or cannot be read; the message says which and what there is."""


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How gently. `interval_ms` is the least time between the starts of two connections to one address."""

    targets_at_once: int
    connections_total: int
    connections_per_address: int
    interval_ms: int
    retry_pause_s: float


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


def profile_names() -> tuple[str, ...]:
    """The profiles that ship with Pindai."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in files if entry.name.endswith(".toml")))


def load_profile(name: str) -> Profile:
    """The profile of this name. Raises ProfileError."""
    if name not in profile_names():
        raise ProfileError(f"there is no profile {name!r}; there are: {', '.join(profile_names())}")
    text = (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), Profile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ProfileError(f"profile {name!r}: {error}") from error
