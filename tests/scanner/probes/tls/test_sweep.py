"""The sweep through the real gate, at servers that others wrote and at ports that behave badly; more in tests/tls_farm."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from simulated_tls import handshake, record, server_hello, vector3
from tls_servers import ADDRESS, HOST, Bench, conversing, endpoint, free_port, gnutls_serv, nginx, s_server

from scanner.derive.tls_facts import Preference, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import encode
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.probes.tls.client_hello import parse_client_hello
from scanner.probes.tls.code_points import TLS12, suite_number
from scanner.probes.tls.flights import MAX_SWEEP_BYTES
from scanner.probes.tls.sweep import MOST_HELLOS, Depth, TlsSweep
from scanner.profiles import Timeouts, load_profile

PATIENT_S = 60.0
SIX = (
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-SHA"
)
LINES = (
    f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {SIX}:@SECLEVEL=2; ssl_ecdh_curve X25519:prime256v1:secp384r1; "
    "return 200 ok;"
)
HASTY = Timeouts(dns_s=1, connect_s=1, tls_s=0.3, answer_s=1, body_s=1, exchange_s=5, target_s=60)


def sweep(port: int, depth: Depth = "full", *, bench: Bench | None = None) -> TlsHellos:
    async def scene() -> TlsHellos:
        return await TlsSweep.of(endpoint(port), depth=depth).observe(bench or Bench(connections=MOST_HELLOS))

    return asyncio.run(asyncio.wait_for(scene(), PATIENT_S))


def facts(hellos: TlsHellos) -> Swept:
    found = swept_of(hellos)
    assert isinstance(found, Swept), found
    return found


def hasty() -> Bench:
    return Bench(msgspec.structs.replace(load_profile("local"), timeouts=HASTY))


@pytest.mark.system("nginx")
def test_nginx_is_known_within_its_connections_and_octets(tmp_path: Path) -> None:
    with nginx(tmp_path, LINES, f"{LINES} ssl_prefer_server_ciphers on;", kinds=("rsa",)) as (by_client, by_server):
        for port, order in ((by_client, Preference.CLIENT), (by_server, Preference.SERVER)):
            bench = Bench(connections=MOST_HELLOS)
            full = sweep(port, bench=bench)
            found = facts(full)
            assert len(full.hellos) == bench.budget.used.connections <= 26
            assert len(encode(full)) <= 40_000
            assert (found.undetermined, found.oddities) == ((), ())
            tls12 = found.version(TlsVersion.TLS12)
            assert not isinstance(tls12, bool | Unobserved)
            assert {*map(suite_number, SIX.split(":"))} == {*tls12.suites}
            assert tls12.preference is order
            assert (tls12.groups_short, tls12.suites_short, tls12.signature_schemes_short) == (None, None, None)
            assert set(tls12.groups) == {29, 23, 24}
            assert tls12.compression == (0,)
            enumeration = sweep(port, "enumeration")
            assert len(enumeration.hellos) <= 22
            assert [it.suites_short for it in facts(enumeration).spoken] == [None, None]


@pytest.mark.system("openssl")
def test_openssl_with_all_it_has_stays_below_the_ceiling(tmp_path: Path) -> None:
    with s_server(tmp_path, "-cipher", "ALL:COMPLEMENTOFALL@SECLEVEL=0", "-serverpref", kinds=("rsa",)) as port:
        full = sweep(port)
    found = facts(full)
    assert (full.failure, found.undetermined) == (None, ())
    assert [it.version for it in found.spoken] == [
        TlsVersion.TLS10,
        TlsVersion.TLS11,
        TlsVersion.TLS12,
        TlsVersion.TLS13,
    ]
    assert len(full.hellos) < MOST_HELLOS / 2
    formula = sum(len(it.suites) + len(it.groups) + len(it.signature_schemes) + 5 for it in found.spoken)
    assert len(full.hellos) <= formula + 2 + 6 + 12  # versions refused, what a full look adds, places in the order


@pytest.mark.system("gnutls-serv")
def test_gnutls_is_understood(tmp_path: Path) -> None:
    with gnutls_serv(tmp_path, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-DHE-RSA:-GROUP-FFDHE2048") as port:
        found = facts(sweep(port))
    tls12 = found.version(TlsVersion.TLS12)
    assert not isinstance(tls12, bool | Unobserved)
    assert tls12.preference is Preference.CLIENT
    assert {29, 23, 24} <= set(tls12.groups)
    assert found.version(TlsVersion.TLS13) is False


def test_a_port_that_takes_no_connection_costs_two() -> None:
    bench = Bench()
    seen = sweep(free_port(), bench=bench)
    assert bench.budget.used.connections == 2
    assert isinstance(told := swept_of(seen), Unobserved)
    assert told.reason is Reason.REFUSED


def test_a_port_that_says_nothing_costs_three_waits() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def scene() -> TlsHellos:
        async with conversing(silent) as port:
            return await TlsSweep.of(endpoint(port)).observe(hasty())

    seen = asyncio.run(asyncio.wait_for(scene(), PATIENT_S))
    assert len(seen.hellos) == 3
    assert isinstance(told := swept_of(seen), Unobserved)
    assert told.reason is Reason.TIMEOUT


def test_a_port_that_speaks_http_costs_one() -> None:
    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async def scene() -> TlsHellos:
        async with conversing(http) as port:
            return await TlsSweep.of(endpoint(port)).observe(hasty())

    seen = asyncio.run(asyncio.wait_for(scene(), PATIENT_S))
    assert len(seen.hellos) == 1
    assert isinstance(told := swept_of(seen), Unobserved)
    assert told.reason is Reason.NOT_TLS


@pytest.mark.system("openssl")
def test_the_ceiling_ends_a_sweep_and_is_told(tmp_path: Path) -> None:
    with s_server(tmp_path) as port:
        bench = Bench(connections=9)
        seen = sweep(port, bench=bench)
    assert bench.budget.used.connections == 9
    assert seen.failure is not None
    assert seen.failure.reason is Reason.BUDGET
    found = facts(seen)
    assert any(it.why.reason is Reason.BUDGET for it in found.undetermined)


def test_the_name_asked_for_is_the_endpoints_unless_it_is_an_address() -> None:
    assert TlsSweep.of(endpoint(443)).sni == HOST
    literal = Endpoint("192.0.2.1", 443, "192.0.2.1", Source.LITERAL)
    assert TlsSweep.of(literal).sni is None


def test_an_observation_answers_its_own_question_only() -> None:
    probe = TlsSweep.of(Endpoint(HOST, 443, ADDRESS, Source.OPTION))
    seen = TlsHellos(started=Bench().now(), took_ms=0.0, endpoint=probe.endpoint, sni=probe.sni)
    assert probe.is_answered_by(seen)
    assert not TlsSweep.of(probe.endpoint, "smtp").is_answered_by(seen)
    assert not msgspec.structs.replace(probe, sni="other.test").is_answered_by(seen)


def test_a_server_that_floods_ends_its_own_sweep_only() -> None:
    """Everything heard is stored: a certificate of 100 kB, another in each answer, would fill the journal of the run."""

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readexactly(5)
        octets = header + await reader.readexactly(int.from_bytes(header[3:], "big"))
        hello = parse_client_hello(octets)
        suites = [it for it in hello.suites if it in {*range(0x0001, 0x00C6)} and it != 0x00FF]
        messages = server_hello(TLS12, hello.random[::-1], suites[0], b"") if suites else b""
        messages += handshake(11, vector3(vector3(hello.random * 4000))) + handshake(14, b"")
        for at in range(0, len(messages), 16_000):
            writer.write(record(messages[at : at + 16_000]))
        await writer.drain()
        writer.close()

    async def scene() -> TlsHellos:
        async with conversing(flood) as port:
            return await TlsSweep.of(endpoint(port)).observe(Bench(connections=MOST_HELLOS))

    seen = asyncio.run(asyncio.wait_for(scene(), PATIENT_S))
    assert seen.failure is not None
    assert seen.failure.reason is Reason.TOO_LARGE
    assert len(encode(seen)) < 2 * MAX_SWEEP_BYTES
    found = facts(seen)
    assert not found.refused
    assert [it.suites_short for it in found.spoken] == [seen.failure]
