"""Profiles: which checks run and at what pace, as data (one TOML file each in this folder)."""

import tomllib
from importlib import resources

import msgspec

from scanner.estate import AddressPolicy


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
    the others there are not begun. `retry_after_max_s`: a server that asks for a longer pause is left alone at once.
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
