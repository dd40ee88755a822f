"""The plan: what is known is listed exactly, what is not has a ceiling, and nothing is sent to make it."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from observed import ADDRESS, AGENT, HOST, LOCAL, SEEN, URL, resolved, shipped, target

from scanner.api import Fact, FixedBy, Passed, Verdict, check
from scanner.cost import Cost
from scanner.estate import AddressPolicy, Estate, Kind, Redirection, StartTls, Target
from scanner.needs import Place, Setting
from scanner.observations.endpoint import Addresses, Endpoint, Resolution, Source
from scanner.observations.http import Choice
from scanner.observations.steps import Reason, Unobserved
from scanner.plan import (
    CANDIDATES,
    NeedError,
    ceiling_of,
    checks_for,
    choosing,
    endpoints_of,
    first_wave,
    places_of,
    plan,
    plan_target,
    shared_addresses,
)
from scanner.profiles import load_profile
from scanner.scope import Scope

ALL = tuple(shipped().values())
AGAIN = Cost(1, 1).times(LOCAL.blocking.rechecks)
"""The baseline, asked again at each address that begins to turn us away."""
SETTING = Setting(AGENT)
FOUR = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")


def only(*ids: str) -> tuple[Any, ...]:
    return tuple(shipped()[id] for id in ids)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a plan sends nothing")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# --- the first wave -----------------------------------------------------------------------------------------


def test_what_is_known_is_listed_exactly() -> None:
    planned = plan_target(target(), ALL, SETTING, LOCAL)
    assert (planned.id, planned.host, planned.ports) == ("www", HOST, (80, 443))
    exact = {f"GET {URL} -> *", f"GET http://{HOST}/ -> *"}
    adaptive = {"TLS hello -> *", "TLS handshakes -> *", "trials of known weaknesses of TLS -> *"}
    assert set(planned.requests) == exact | adaptive
    assert 30 <= planned.usual_connections <= 42
    assert {"http_exchange", "redirects", "trust_anchors"} <= set(planned.probes)


def test_with_a_resolution_the_addresses_are_named() -> None:
    resolution = resolved(*FOUR[:2])
    planned = plan_target(target(addresses=AddressPolicy.ALL), ALL, SETTING, LOCAL, resolution)
    assert planned.addresses == 2
    assert {it.partition(" -> ")[2] for it in planned.requests} == set(FOUR[:2])


def test_only_what_the_checks_need_is_asked() -> None:
    planned = plan_target(target(), only("tls.certificate.expiry"), SETTING, LOCAL)
    assert planned.requests == (f"GET {URL} -> *",)
    assert planned.ports == (443,)
    assert plan_target(target(), (), SETTING, LOCAL).requests == ()


def test_a_target_of_another_kind_is_resolved_and_asked_nothing() -> None:
    zone = target(kinds=(Kind.DNS,))
    assert [it.id for it in checks_for(zone, ALL)] == ["dns.resolves"]
    assert plan_target(zone, ALL, SETTING, LOCAL).requests == ()


def test_a_mail_target_is_asked_where_it_begins_tls_and_nowhere_else() -> None:
    assert plan_target(target(kinds=(Kind.MAIL,)), ALL, SETTING, LOCAL).requests == ()
    planned = plan_target(target(kinds=(Kind.MAIL,), starttls=(StartTls("smtp", 25),)), ALL, SETTING, LOCAL)
    assert planned.ports == (25,)
    assert "TLS hello after smtp STARTTLS -> *" in planned.requests


def test_harmless_probes_come_first_and_none_twice() -> None:
    place = Place(target(), SETTING, Endpoint(HOST, 443, ADDRESS, Source.RESOLVER))
    wave = first_wave(ALL, place)
    assert len(set(wave)) == len(wave)
    assert [it.order for it in wave] == sorted(it.order for it in wave)


def test_a_need_that_raises_is_named_with_its_module() -> None:
    def broken(place: Place) -> Any:
        raise KeyError(place.target.id)

    done = Passed("done", en="Done", id="Selesai")

    @check("x.y", Fact("my need", Resolution, broken), version=1, fixed_by=FixedBy.DNS, outcomes=(done,), references=())
    def asks(resolution: Resolution) -> Iterator[Verdict]:
        """Never called."""
        yield done()

    with pytest.raises(NeedError, match=rf"the need 'my need' of {__name__}: KeyError: 'www'"):
        first_wave([asks], Place(target(), SETTING))


def test_an_estate_is_planned_target_by_target() -> None:
    targets = (target(), target("sso", "https://sso.example.test/"))
    planned = list(plan(Estate(targets=targets, scope=Scope()), ALL, SETTING, LOCAL))
    assert [it.id for it in planned] == ["www", "sso"]


# --- ceilings -----------------------------------------------------------------------------------------------


def _ceiling(target: Target, ids: Sequence[str] = (), **caps: int) -> Cost:
    profile = msgspec.structs.replace(LOCAL, caps=msgspec.structs.replace(LOCAL.caps, **caps))
    return ceiling_of(target, only(*ids), SETTING, profile)


def test_the_ceiling_counts_every_step() -> None:
    every = target(addresses=AddressPolicy.ALL)
    resolving = Cost(queries=18)  # A and AAAA, each over UDP twice and once over TCP, from three resolvers
    assert _ceiling(every) == resolving
    assert _ceiling(every, ["tls.certificate.expiry"], addresses=1) == resolving + Cost(1, 1) + AGAIN
    assert _ceiling(every, ["tls.certificate.expiry"], addresses=3) == resolving + Cost(3, 3) + AGAIN.times(3)
    walk = _ceiling(every, ["web.https.redirect"], addresses=1, redirects=4)
    home, start = Cost(1, 1), Cost(1, 1)
    assert walk == resolving + home + start + Cost(4, 4) + Cost(queries=72) + AGAIN


def test_choosing_an_address_has_its_share_of_the_ceiling() -> None:
    first = _ceiling(target(), ["tls.certificate.expiry"])
    assert first == Cost(queries=18) + Cost(1, 1) + AGAIN + Cost(CANDIDATES, CANDIDATES)
    assert _ceiling(target(), ["tls.certificate.expiry"], addresses=1) == Cost(queries=18) + Cost(1, 1) + AGAIN


def test_what_does_not_apply_costs_nothing() -> None:
    with_walk, without = (_ceiling(target(http_port=port), ["web.https.redirect"]) for port in (80, None))
    assert without.connections == with_walk.connections - (LOCAL.caps.redirects + 1)


# --- endpoints and places -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "limit", "count"),
    [(AddressPolicy.ALL, 8, 4), (AddressPolicy.ALL, 2, 2), (AddressPolicy.FIRST, 8, 4), (AddressPolicy.FIRST, 1, 1)],
)
def test_addresses_up_to_the_cap(policy: AddressPolicy, limit: int, count: int) -> None:
    found = endpoints_of(target(addresses=policy), Addresses(FOUR, Source.RESOLVER), (), limit)
    assert [it.address for it in found] == [*FOUR[:count]]
    assert {(it.host, it.port, it.source) for it in found} == {(HOST, 443, Source.RESOLVER)}


def test_without_an_address_there_is_no_endpoint_and_still_a_place() -> None:
    assert endpoints_of(target(), Unobserved(Reason.NO_ADDRESS), (), 8) == ()
    (place,) = places_of(target(), SETTING, (), None)
    assert place.endpoint is None


@pytest.mark.parametrize(
    ("wish", "address", "port"),
    [
        (("", 0, "127.0.0.1", 8443), "127.0.0.1", 8443),
        ((HOST, 443, "127.0.0.1", 0), "127.0.0.1", 443),
        ((HOST, 0, "127.0.0.1", 8443), "127.0.0.1", 8443),
        ((HOST, 444, "127.0.0.1", 8443), FOUR[0], 0),
        (("other.test", 443, "127.0.0.1", 8443), FOUR[0], 0),
    ],
)
def test_the_operators_wish_comes_before_resolution(wish: tuple[str, int, str, int], address: str, port: int) -> None:
    found = endpoints_of(target(), Addresses(FOUR[:1], Source.RESOLVER), (Redirection(*wish),), 8)
    assert [(it.address, it.dial_port) for it in found] == [(address, port)]
    assert (found[0].source is Source.OPTION) == (address == "127.0.0.1")


def test_there_is_something_to_settle_only_with_several_addresses_of_which_one_is_wanted() -> None:
    several = [Endpoint(HOST, 443, address, Source.RESOLVER) for address in FOUR]
    assert choosing(target(), SETTING, several[:1]) is None
    assert choosing(target(addresses=AddressPolicy.ALL), SETTING, several) is None
    chooser = choosing(target(), SETTING, several)
    assert chooser is not None
    assert [it.address for it in chooser.candidates] == [*FOUR]
    choice = Choice(started=SEEN, took_ms=0.0, address=FOUR[2])
    (place,) = places_of(target(), SETTING, several, choice)
    assert place.endpoint == several[2]
    assert len(places_of(target(addresses=AddressPolicy.ALL), SETTING, several, None)) == 4
    assert places_of(target(), SETTING, several, None)[0].endpoint == several[0]


# --- what shares an address ---------------------------------------------------------------------------------


def _resolution(host: str, *addresses: str) -> Resolution:
    outcome = Addresses(addresses, Source.RESOLVER) if addresses else Unobserved(Reason.NO_ADDRESS)
    return Resolution(started=SEEN, took_ms=1.0, host=host, outcome=outcome)


def test_an_address_that_several_targets_are_behind_is_told_with_what_it_takes() -> None:
    profile = load_profile("gentle")
    names = ("a", "b", "c", "alone", "gone")
    targets = tuple(target(name, f"https://{name}.example.test/", http_port=None) for name in names)
    estate = Estate(targets=targets, scope=Scope(names=("*.example.test",)))
    resolutions = {
        **{name: _resolution(f"{name}.example.test", "192.0.2.7") for name in ("a", "b", "c")},
        "alone": _resolution("alone.example.test", "192.0.2.8"),
        "gone": _resolution("gone.example.test"),
    }
    checks = only("tls.certificate.expiry")
    planned = list(plan(estate, checks, SETTING, profile, resolutions))
    (shared,) = shared_addresses(estate, planned, resolutions, profile)
    assert (shared.address, shared.targets, shared.connections) == ("192.0.2.7", 3, 3)
    assert shared.least_s == 2 * profile.pace.interval_ms / 1000
    assert shared_addresses(estate, planned, {}, profile) == ()
