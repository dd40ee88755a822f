"""The strategy and the fold together, against servers without a network: what they speak is found, and at what cost."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_tls import CLOSED, HOST, RESET, TIMED_OUT, Server, Speaks, swept

from scanner.derive.tls_facts import Preference, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.probes.tls.answers import FINITE_FIELD_GROUPS, on_curve, signs
from scanner.probes.tls.client_hello import Hello, parse_client_hello
from scanner.probes.tls.code_points import (
    SSL2,
    SSL3,
    TLS10,
    TLS11,
    TLS12,
    TLS13,
    VERSION_NAMES,
    Exchange,
    exchange_of,
    is_grease,
    suites_of,
)
from scanner.probes.tls.offers import CHACHA, all_groups, all_schemes, all_suites

X25519, P256, P384 = 29, 23, 24
RSA_SCHEMES = (0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601)
GCM = (0xC02F, 0xC030)
MODERN = Server(
    {
        TLS12: Speaks((0xC02F, 0xC030, 0xCCA8, 0x009E, 0x009F, 0xCCAA), (X25519, P256, P384), RSA_SCHEMES),
        TLS13: Speaks((0x1302, 0x1303, 0x1301), (X25519, P256, P384)),
    }
)


def facts(hellos: TlsHellos) -> Swept:
    found = swept_of(hellos)
    assert isinstance(found, Swept), found
    return found


def modern(**changes: object) -> Server:
    return Server(MODERN.versions, **changes)  # type: ignore[arg-type]


def says(server: Server, found: Swept) -> None:
    """Everything that the server speaks was found, nothing else, and nothing is left open."""
    assert {it.version for it in found.spoken} == {TlsVersion(VERSION_NAMES[it]) for it in server.versions}
    for number, speaks in server.versions.items():
        spoken = found.version(TlsVersion(VERSION_NAMES[number]))
        assert not isinstance(spoken, bool | Unobserved)
        assert set(spoken.suites) == set(speaks.suites)
        assert spoken.suites_short is None
        if number == SSL2:
            continue
        grouped = number == TLS13 or any(on_curve(it) for it in speaks.suites)
        assert set(spoken.groups) == (set(speaks.groups) if grouped else set())
        assert spoken.groups_short is None
        if number == TLS12 and any(signs(it) for it in speaks.suites):
            assert set(spoken.signature_schemes) == set(speaks.schemes)
            assert spoken.signature_schemes_short is None
        if len(speaks.suites) > 1:
            assert spoken.preference is (Preference.SERVER if speaks.own_order else Preference.CLIENT)
            assert not speaks.own_order or spoken.suites == speaks.suites
        if grouped and len(speaks.groups) > 1:
            assert spoken.group_preference is (Preference.SERVER if speaks.own_group_order else Preference.CLIENT)
            mixed = not FINITE_FIELD_GROUPS.isdisjoint(speaks.groups) and number < TLS13  # the suite decides then
            assert not speaks.own_group_order or mixed or spoken.groups == speaks.groups
    assert set(found.refused) == {
        TlsVersion(name) for number, name in VERSION_NAMES.items() if number not in server.versions
    }
    assert found.undetermined == ()


# --- what is spoken is found --------------------------------------------------------------------------------


def test_a_server_as_of_today_is_known_within_its_connections() -> None:
    for at_once in (1, 2, 5):
        full = swept(MODERN, at_once=at_once)
        says(MODERN, facts(full))
        assert len(full.hellos) <= 26
        assert len(swept(MODERN, full=False, at_once=at_once).hellos) <= 22
    assert facts(full).oddities == ()
    assert facts(full).fallback_scsv is True


def some(values: tuple[int, ...], most: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)


KINDS = frozenset({Exchange.RSA, Exchange.ECDHE, Exchange.DHE})


def _plain_suites(version: int) -> tuple[int, ...]:
    """Suites of the kinds that the simulated server has, without those that some servers put first on a whim."""
    return tuple(it for it in suites_of(version) if exchange_of(it) in KINDS and it not in CHACHA)


@st.composite
def servers(draw: st.DrawFn) -> Server:
    """Any versions, each with any suites, groups, schemes and orders."""
    versions = draw(some((TLS13, TLS12, TLS11, TLS10, SSL3), 5))
    speaks = {}
    for version in versions:
        pool = all_suites(TLS13)[:5] if version == TLS13 else _plain_suites(version)
        groups = all_groups(TLS13) if version == TLS13 else all_groups(TLS12)[:3] + tuple(range(14, 20))
        speaks[version] = Speaks(
            draw(some(pool, 14)),
            draw(some(groups, 6)) if version > SSL3 else all_groups(TLS12)[:1],
            draw(some(all_schemes()[:12], 8)),
            draw(st.booleans()),
            draw(st.booleans()),
        )
    return Server(speaks, wants_common=draw(st.booleans()))


@given(servers(), st.integers(1, 4))
@settings(max_examples=150)
def test_whatever_a_server_speaks_is_found_and_nothing_else(server: Server, at_once: int) -> None:
    hellos = swept(server, at_once=at_once)
    found = facts(hellos)
    for number, speaks in server.versions.items():
        spoken = found.version(TlsVersion(VERSION_NAMES[number]))
        assert not isinstance(spoken, bool | Unobserved)
        grouped = number == TLS13 or (number > SSL3 and any(on_curve(it) for it in speaks.suites))
        assert set(spoken.suites) == set(speaks.suites), VERSION_NAMES[number]
        assert set(spoken.groups) == (set(speaks.groups) if grouped else set()) or number == SSL3
        assert spoken.suites_short is None
        assert spoken.groups_short is None
        if number == TLS12 and any(signs(it) for it in speaks.suites):
            assert set(spoken.signature_schemes) == set(speaks.schemes)
            assert spoken.signature_schemes_short is None
        if len(speaks.suites) > 1 and spoken.preference is not Preference.UNKNOWN:
            assert (spoken.preference is Preference.SERVER) is speaks.own_order
    assert set(found.refused) == {
        TlsVersion(name) for number, name in VERSION_NAMES.items() if number not in server.versions
    }


@given(servers())
@settings(max_examples=60)
def test_the_connections_stay_within_the_formula(server: Server) -> None:
    hellos = swept(server, full=False)
    most = 6 + 4
    for speaks in server.versions.values():
        most += len(speaks.suites) + len(speaks.groups) + 3 + 2 + 12
    assert len(hellos.hellos) <= most


# --- what it costs to be told nothing -----------------------------------------------------------------------


def hello_of(octets: bytes) -> Hello:
    return parse_client_hello(octets)


def test_a_server_that_says_nothing_costs_three_waits() -> None:
    hellos = swept(MODERN, lambda number, octets: TIMED_OUT)
    assert len(hellos.hellos) == 3
    assert swept_of(hellos) == TIMED_OUT


def test_a_port_that_speaks_something_else_costs_one_connection() -> None:
    hellos = swept(MODERN, lambda number, octets: b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert len(hellos.hellos) == 1
    assert hellos.failure is not None
    assert hellos.failure.reason is Reason.NOT_TLS


@pytest.mark.parametrize("fault", [CLOSED, RESET])
def test_a_port_that_ends_every_connection_costs_a_few(fault: Unobserved) -> None:
    hellos = swept(MODERN, lambda number, octets: fault)
    assert len(hellos.hellos) == 6
    assert swept_of(hellos) == fault


# --- what cannot be told is said to be unknown --------------------------------------------------------------


@pytest.mark.parametrize("fault", [CLOSED, RESET, TIMED_OUT])
@pytest.mark.parametrize("after", [3, 9, 16, 23])
def test_nothing_counts_as_refused_by_a_server_that_stops_to_answer(fault: Unobserved, after: int) -> None:
    found = facts(swept(MODERN, lambda number, octets: fault if number > after else None))
    assert found.refused == ()
    assert found.oddities == ()
    limited = {it.what for it in found.undetermined if it.why.reason is Reason.RATE_LIMITED}
    assert {"versions.SSLv3", "versions.TLSv1.0", "versions.TLSv1.1"} <= limited
    assert all(it.suites_short is not None for it in found.spoken)
    assert found.fallback_scsv is not True


@pytest.mark.parametrize("fault", [RESET, TIMED_OUT])
@pytest.mark.parametrize("at", range(2, 26))
def test_one_accident_changes_nothing(fault: Unobserved, at: int) -> None:
    found = facts(swept(MODERN, lambda number, octets: fault if number == at else None))
    if at == len(swept(MODERN).hellos):  # the very last question is whether it still answers
        assert found.refused == ()
        return
    says(MODERN, found)
    assert found.oddities == ()


@pytest.mark.parametrize("fault", [RESET, TIMED_OUT])
def test_an_accident_at_the_first_hello_changes_nothing(fault: Unobserved) -> None:
    found = facts(swept(MODERN, lambda number, octets: fault if number == 1 else None))
    says(MODERN, found)
    assert found.oddities == ()


def test_what_is_left_unanswered_whenever_it_is_refused_is_unknown() -> None:
    server = modern()

    def mute(_number: int, octets: bytes) -> Unobserved | bytes:
        return TIMED_OUT if (flight := server.answer(octets))[:1] in (b"\x15", b"") else flight

    found = facts(swept(MODERN, mute))
    assert found.refused == ()
    assert [it.key for it in found.oddities] == ["silent_on_refusal"]
    assert {it.why.reason for it in found.undetermined} == {Reason.TIMEOUT}
    assert {len(it.suites) for it in found.spoken} == {6, 3}


def test_a_server_that_closes_what_it_refuses_is_understood() -> None:
    server = modern()

    def closing(_number: int, octets: bytes) -> Unobserved | bytes:
        return CLOSED if (flight := server.answer(octets))[:1] in (b"\x15", b"") else flight

    found = facts(swept(MODERN, closing))
    says(MODERN, found)
    assert [it.key for it in found.oddities] == ["closes_without_alert"]


# --- what a server does not bear is told, and the rest is seen all the same ---------------------------------


def _has_grease(hello: Hello) -> bool:
    kinds = [kind for kind, _ in hello.extra]
    return any(map(is_grease, (*hello.suites, *(hello.groups or ()), *hello.supported_versions, *kinds)))


INTOLERANT: dict[str, Callable[[bytes], bool]] = {
    "intolerant_grease": lambda octets: _has_grease(hello_of(octets)),
    "intolerant_large_hello": lambda octets: len(octets) > 1500,
    "intolerant_long_hello": lambda octets: 256 <= len(octets) - 5 < 512,
    "intolerant_many_suites": lambda octets: len(hello_of(octets).suites) > 128,
    "intolerant_version": lambda octets: hello_of(octets).version > TLS12,
    "intolerant_extensions": lambda octets: hello_of(octets).encrypt_then_mac,
}


@pytest.mark.parametrize("fault", [CLOSED, RESET, TIMED_OUT], ids=lambda it: it.reason.value)
@pytest.mark.parametrize("key", INTOLERANT)
def test_what_a_server_does_not_bear_is_told_and_costs_no_fact(key: str, fault: Unobserved) -> None:
    bears_not = INTOLERANT[key]
    found = facts(swept(MODERN, lambda number, octets: fault if bears_not(octets) else None))
    assert [it.key for it in found.oddities] == [key]
    says(MODERN, found)


@pytest.mark.parametrize("fault", [CLOSED, RESET], ids=lambda it: it.reason.value)
def test_a_server_that_bears_no_hello_of_tls_1_3_is_told(fault: Unobserved) -> None:
    found = facts(swept(MODERN, lambda number, octets: fault if TLS13 in hello_of(octets).supported_versions else None))
    assert [it.key for it in found.oddities] == ["intolerant_tls13"]
    assert [it.version for it in found.spoken] == [TlsVersion.TLS12]


def test_a_server_that_needs_a_name_is_told() -> None:
    found = facts(swept(modern(takes_names=frozenset({HOST}))))
    assert [it.key for it in found.oddities] == ["intolerant_sni"]
    assert isinstance(found.for_no_name, Unobserved)
    assert isinstance(found.for_unknown_name, Unobserved)
    assert found.for_no_name.reason is Reason.TLS_ALERT
    says(modern(), found)


def test_a_fallback_that_is_not_noticed_is_told() -> None:
    assert facts(swept(modern(knows_fallback=False))).fallback_scsv is False


def test_curves_without_being_asked_for_are_told() -> None:
    assert [it.key for it in facts(swept(modern(curves_unasked=True))).oddities] == ["ecdhe_without_groups"]


# --- old servers, and odd ones ------------------------------------------------------------------------------


def test_sslv2_alone_is_found() -> None:
    server = Server({SSL2: Speaks((0x010080, 0x0700C0))})
    found = facts(swept(server))
    assert [(it.version, it.suites) for it in found.spoken] == [(TlsVersion.SSL2, (0x010080, 0x0700C0))]
    assert found.spoken[0].chains[0].certificates == (server.leaf,)


def test_groups_of_rfc_7919_are_told_from_a_field_of_the_servers_own() -> None:
    negotiating = Server({TLS12: Speaks((0x009E, 0x009F, 0xC02F), (X25519, 0x0100, 0x0101), RSA_SCHEMES)})
    says(negotiating, facts(swept(negotiating)))
    its_own = Server({TLS12: Speaks((0x009E, 0x009F, 0xC02F), (X25519,), RSA_SCHEMES)})
    found = facts(swept(its_own))
    says(its_own, found)
    assert [(it.bits, it.name, set(it.suites)) for it in found.spoken[0].dh] == [(2048, None, {0x009E, 0x009F})]


def test_the_curve_of_a_certificate_stays_on_offer() -> None:
    """Below TLS 1.3 a client that does not list the curve of an ECDSA key is shown no such certificate (RFC 8422 5.1)."""
    key_on_p256 = b"0\x82" + bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107") + bytes(64)
    server = Server(
        {TLS12: Speaks((0xC02B, 0xC02C), (X25519, P384, P256), (0x0403,), own_group_order=False)}, leaf=key_on_p256
    )
    plain = server.answer

    def needs_curve(_number: int, octets: bytes) -> bytes | None:
        hello = hello_of(octets)
        lacking = hello.version > SSL3 and hello.groups is not None and P256 not in hello.groups
        return b"\x15\x03\x03\x00\x02\x02\x28" if lacking else plain(octets) or None

    says(server, facts(swept(server, needs_curve)))


def test_a_budget_that_ends_leaves_the_rest_unknown() -> None:
    spent = Unobserved(Reason.BUDGET, "the plan's ceiling is reached")
    hellos = swept(MODERN, lambda number, octets: spent if number > 12 else None)
    assert len(hellos.hellos) <= 14
    found = facts(hellos)
    assert hellos.failure == spent
    assert {it.why.reason for it in found.undetermined} == {Reason.BUDGET}


# --- one accident is no fact ------------------------------------------------------------------------------------


OLD = Server(
    {
        TLS10: Speaks((0xC013, 0x002F, 0x000A), (P256,)),
        TLS11: Speaks((0xC013, 0x002F), (P256,)),
        TLS12: Speaks((0xC02F, 0xC013, 0x002F), (P256, P384), RSA_SCHEMES),
    }
)


@pytest.mark.parametrize("accident", [CLOSED, RESET, TIMED_OUT], ids=lambda it: it.reason.value)
@pytest.mark.parametrize("server", [MODERN, OLD], ids=["modern", "old"])
def test_a_connection_that_ends_by_accident_makes_nothing_refused(server: Server, accident: Unobserved) -> None:
    """Whichever hello it is: what it asked for is asked again, or said to be open. SSLv2 is refused in the same way."""
    sound = facts(swept(server))
    for unlucky in range(1, sound.connections + 1):
        found = facts(swept(server, lambda number, _, unlucky=unlucky: accident if number == unlucky else None))
        assert not [it for it in found.oddities if it.key != "silent_on_refusal"], unlucky
        assert not {it.version for it in sound.spoken} & set(found.refused), unlucky
        for spoken in found.spoken:
            whole = sound.version(spoken.version)
            assert not isinstance(whole, bool | Unobserved)
            assert set(spoken.suites) == set(whole.suites) or spoken.suites_short is not None, unlucky
            assert set(spoken.groups) == set(whole.groups) or spoken.groups_short is not None, unlucky
            is_whole = set(spoken.signature_schemes) == set(whole.signature_schemes)
            assert is_whole or spoken.signature_schemes_short is not None, unlucky
