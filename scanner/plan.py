"""The plan: what will be asked, before anything is sent.

What is known is listed exactly (names, ports, first requests); what depends on answers has a ceiling that the gate
enforces.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from scanner.cost import Cost
from scanner.derive.service import home
from scanner.estate import AddressPolicy, Disabled, Estate, Redirection, Target, redirected
from scanner.needs import Each, Need, Place, Setting
from scanner.observations.endpoint import Addresses, Endpoint, Resolution, Source
from scanner.observations.http import Choice
from scanner.observations.steps import Unobserved
from scanner.probes.dns import Resolve
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.http.walks import FirstAnswering
from scanner.probes.probe import Probe
from scanner.profiles import Profile
from scanner.profiles.figures import least_seconds
from scanner.registry import Check

CANDIDATES = 4
"""Addresses tried until one connects, when only one is to be observed."""
ANY_ADDRESS = "*"
"""Stands for an address that resolution will show."""


class PlannedTarget(msgspec.Struct, frozen=True):
    """One target's first wave and its ceiling. `addresses` is how many may be observed at most.

    `usual_connections` is how many a usual service takes at each address.
    """

    id: str
    host: str
    ports: tuple[int, ...]
    addresses: int
    requests: tuple[str, ...]
    probes: tuple[str, ...]
    ceiling: Cost
    usual_connections: int = 0


def resolving(target: Target, wishes: tuple[Redirection, ...] = ()) -> Resolve:
    """The first probe of every target."""
    return Resolve.of(target.parsed_url, wishes)


def endpoints_of(
    target: Target, outcome: Addresses | Unobserved, wishes: tuple[Redirection, ...], limit: int
) -> tuple[Endpoint, ...]:
    """The endpoints a target has by its resolution, as many as are looked at; none when the name gave no address."""
    url = target.parsed_url
    if (wish := redirected(wishes, url.host, url.port)) is not None:
        return (Endpoint(url.host, url.port, wish[0], Source.OPTION, wish[1]),)
    if isinstance(outcome, Unobserved):
        return ()
    count = most_addresses(target, limit)
    return tuple(Endpoint(url.host, url.port, address, outcome.source) for address in outcome.addresses[:count])


def most_addresses(target: Target, limit: int) -> int:
    """How many addresses are tried: all up to the cap, or a few until one connects."""
    return limit if target.addresses is AddressPolicy.ALL else min(limit, CANDIDATES)


def choosing(target: Target, setting: Setting, endpoints: Sequence[Endpoint]) -> FirstAnswering | None:
    """The probe that settles on one endpoint of several; None when there is nothing to settle."""
    if target.addresses is AddressPolicy.ALL or len(endpoints) < 2:
        return None
    candidates = (home.build(Place(target, setting, endpoint)) for endpoint in endpoints)
    return FirstAnswering(candidates=tuple(probe for probe in candidates if isinstance(probe, HttpExchange)))


def places_of(
    target: Target, setting: Setting, endpoints: Sequence[Endpoint], choice: Choice | None
) -> tuple[Place, ...]:
    """Where a target is looked at: at each endpoint, or at the one chosen; without any endpoint, nowhere in particular."""
    if choice is not None:
        endpoints = [endpoint for endpoint in endpoints if endpoint.address == choice.address]
    elif target.addresses is AddressPolicy.FIRST:
        endpoints = endpoints[:1]
    all_of_them = tuple(endpoints)
    places = tuple(Place(target, setting, endpoint, endpoints=all_of_them) for endpoint in all_of_them)
    return places or (Place(target, setting),)


def sources_of(checks: Iterable[Check]) -> tuple[Need[Any], ...]:
    """Every need that asks something itself for these checks, once; what shows the items of their `each` included."""
    sources: dict[int, Need[Any]] = {}
    for check in checks:
        for need in check.needs:
            sources |= ((id(source), source) for source in need.sources())
        each: Each[Any] | None = check.each
        while each is not None:
            sources |= ((id(source), source) for source in each.sources())
            each = each.within
    return tuple(sources.values())


def checks_for(target: Target, checks: Sequence[Check]) -> tuple[Check, ...]:
    """Those that speak about a target of its kinds and are not switched off there."""
    return tuple(check for check in _speaking_about(target, checks) if switched_off(target, check) is None)


def _speaking_about(target: Target, checks: Sequence[Check]) -> Iterator[Check]:
    return (check for check in checks if not check.kinds.isdisjoint(target.kinds))


def switched_off(target: Target, check: Check) -> Disabled | None:
    """What the owner wrote to switch this check off at this target; None when it is on."""
    return next((entry for entry in target.disabled if check.is_named(entry.checks)), None)


def disabled_for(target: Target, checks: Sequence[Check]) -> Iterator[tuple[Check, Disabled]]:
    """The checks that would speak about a target and are switched off there, each with what was written."""
    for check in _speaking_about(target, checks):
        if (entry := switched_off(target, check)) is not None:
            yield check, entry


class NeedError(Exception):
    """A need that raised while it was asked for its probes; the message names it, and the module it is from."""


def first_wave(checks: Sequence[Check], place: Place) -> tuple[Probe[Any], ...]:
    """The probes that the checks ask for at a place, each once, harmless ones first. Raises NeedError."""
    probes: dict[Probe[Any], None] = {}
    for source in sources_of(checks):
        try:
            for probe in source.probes(place):
                probes[probe] = None
        except Exception as error:  # it may be a plug-in's, and whoever reads of it must learn whose
            module = getattr(getattr(source, "build", source), "__module__", "?")
            raise NeedError(f"the need {source.name!r} of {module}: {type(error).__name__}: {error}") from error
    return tuple(sorted(probes, key=lambda probe: probe.order))


def ceiling_of(
    target: Target, checks: Sequence[Check], setting: Setting, profile: Profile, addresses: int | None = None
) -> Cost:
    """The most a target may use: resolution, choosing an address, and the first wave at each address it may have.

    `addresses` is how many it has, when that is known already.
    """
    most = most_addresses(target, profile.caps.addresses) if addresses is None else addresses
    resolved = resolving(target, setting.redirections).ceiling(profile)
    wave = _per_address(target, checks, setting, profile)
    if wave.connections:  # the baseline is asked again when the address begins to turn us away
        wave += Cost(connections=1, requests=1).times(profile.blocking.rechecks)
    if target.addresses is AddressPolicy.ALL:
        return resolved + wave.times(most)
    unresolved = _unresolved(target, setting)
    assert unresolved.endpoint is not None
    choice = choosing(target, setting, [unresolved.endpoint] * most)
    return resolved + wave + (Cost() if choice is None else choice.ceiling(profile))


def _per_address(target: Target, checks: Sequence[Check], setting: Setting, profile: Profile) -> Cost:
    total = Cost()
    for probe in first_wave(checks, _unresolved(target, setting)):
        total += probe.ceiling(profile)
    return total


def _unresolved(target: Target, setting: Setting) -> Place:
    url = target.parsed_url
    return Place(target, setting, Endpoint(url.host, url.port, ANY_ADDRESS, Source.RESOLVER))


def plan_target(
    target: Target,
    checks: Sequence[Check],
    setting: Setting,
    profile: Profile,
    resolution: Resolution | None = None,
) -> PlannedTarget:
    """What one target's scan will begin with; with a resolution, at the addresses it gave."""
    wanted = checks_for(target, checks)
    places = [_unresolved(target, setting)]
    addresses = most_addresses(target, profile.caps.addresses)
    if resolution is not None:
        found = endpoints_of(target, resolution.outcome, setting.redirections, profile.caps.addresses)
        addresses = len(found)
        places = [Place(target, setting, endpoint) for endpoint in found]
    probes = [probe for place in places for probe in first_wave(wanted, place)]
    exchanges = list(_exchanges(probes))
    others = [contact for probe in dict.fromkeys(probes) if (contact := probe.first_contact()) is not None]
    return PlannedTarget(
        id=target.id,
        host=target.parsed_url.host,
        ports=tuple(sorted({*(it.port for it in exchanges), *(endpoint.port for _, endpoint in others)})),
        addresses=addresses,
        requests=(
            *(f"{exchange.method} {exchange.url} -> {exchange.address}" for exchange in exchanges),
            *(f"{words} -> {endpoint.address}" for words, endpoint in others),
        ),
        probes=tuple(dict.fromkeys(type(probe).__struct_config__.tag for probe in probes)),  # type: ignore[misc]  # tags are strings
        ceiling=ceiling_of(target, wanted, setting, profile, addresses),
        usual_connections=_usual_connections(first_wave(wanted, places[0])) if places else 0,
    )


def _usual_connections(wave: Sequence[Probe[Any]]) -> int:
    others = (probe.usual_connections for probe in wave if probe.first_contact() is not None)
    return sum(1 for _ in _exchanges(wave)) + sum(others)


class SharedAddress(msgspec.Struct, frozen=True):
    """An address that several targets are behind: how many, what they usually come to, and what that takes at least."""

    address: str
    targets: int
    connections: int
    least_s: float


def shared_addresses(
    estate: Estate, planned: Sequence[PlannedTarget], resolutions: Mapping[str, Resolution], profile: Profile
) -> tuple[SharedAddress, ...]:
    """The addresses with more than one target behind them, the busiest first; at one, the pace is what a run takes."""
    behind: dict[str, list[int]] = {}
    for target, item in zip(estate.targets, planned, strict=True):
        if (resolution := resolutions.get(target.id)) is None or isinstance(resolution.outcome, Unobserved):
            continue
        addresses = resolution.outcome.addresses[: profile.caps.addresses]
        if target.addresses is AddressPolicy.FIRST:
            addresses = addresses[:1]
        for address in addresses:
            asked = any(request.endswith(f" -> {address}") for request in item.requests)
            behind.setdefault(address, []).append(item.usual_connections if asked else 0)
    shared = (
        SharedAddress(address, len(asked), sum(asked), least_seconds(profile, sum(asked)))
        for address, asked in behind.items()
        if len(asked) > 1
    )
    return tuple(sorted(shared, key=lambda it: (-it.connections, it.address)))


def _exchanges(probes: Iterable[Probe[Any]]) -> Iterator[HttpExchange]:
    """The exchanges a first wave begins with, those inside composites included, each once."""
    seen: set[HttpExchange] = set()
    for probe in probes:
        inner = [probe, *(getattr(probe, name) for name in probe.__struct_fields__)]
        for candidate in inner:
            if isinstance(candidate, HttpExchange) and candidate not in seen:
                seen.add(candidate)
                yield candidate


def plan(
    estate: Estate,
    checks: Sequence[Check],
    setting: Setting,
    profile: Profile,
    resolutions: Mapping[str, Resolution] = MappingProxyType({}),
) -> Iterator[PlannedTarget]:
    """What a scan of the estate will begin with, target by target; `resolutions` by target id. Sends nothing."""
    for target in estate.targets:
        yield plan_target(target, checks, setting, profile, resolutions.get(target.id))
