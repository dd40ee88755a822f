"""The probe for whole handshakes at servers that others wrote, and what is derived of what it stored."""

import asyncio
import ssl
from pathlib import Path

import msgspec
import pytest
from starttls_daemons import slapd
from tls_servers import (
    ADDRESS,
    HOST,
    Bench,
    Conversation,
    conversing,
    endpoint,
    entity,
    gnutls_serv,
    nginx,
    s_server,
    written,
)

from scanner.derive.tls_facts import EarlyData, Renegotiation, Sessions, TlsVersion
from scanner.derive.tls_sessions import sessions_of
from scanner.observations.observation import digest, encode
from scanner.observations.steps import Reason, Replay, Unobserved
from scanner.observations.tls_sessions import Asked, Renegotiated
from scanner.observations.tls_sessions import TlsSessions as Seen
from scanner.probes.tls.sessions import MOST_CONNECTIONS, RENEGOTIATIONS, USUAL_CONNECTIONS, TlsSessions
from scanner.profiles import Timeouts, load_profile

SHORT = Timeouts(dns_s=1, connect_s=5, tls_s=0.5, answer_s=0.5, body_s=1, exchange_s=5, target_s=60)


def observed(port: int, *, short: bool = False) -> Seen:
    """What the probe sees, after a journey through its stored form."""
    profile = load_profile("local")
    bench = Bench(msgspec.structs.replace(profile, timeouts=SHORT) if short else profile)
    seen = asyncio.run(TlsSessions.of(endpoint(port)).observe(bench))
    assert bench.budget.used.connections <= MOST_CONNECTIONS
    assert seen.connections <= bench.budget.used.connections
    stored = encode(seen)
    again = msgspec.json.decode(stored, type=Seen)
    assert digest(encode(again)) == digest(stored)
    return again


def facts(port: int, *, short: bool = False) -> Sessions:
    found = sessions_of(observed(port, short=short))
    assert isinstance(found, Sessions)
    return found


def resumption(found: Sessions) -> dict[tuple[str, str], object]:
    return {
        (it.version.value, it.method.value): it.works.reason if isinstance(it.works, Unobserved) else it.works
        for it in found.resumption
    }


PSK = ("TLSv1.3", "psk")
BY_ID, BY_TICKET = ("TLSv1.2", "session_id"), ("TLSv1.2", "ticket")


@pytest.mark.system("nginx")
def test_nginx(tmp_path: Path) -> None:
    """Both sides of each of its switches, with two certificates."""
    cache = "ssl_session_cache shared:{}:1m;"
    with nginx(
        tmp_path,
        f"h2; ssl_protocols TLSv1.2 TLSv1.3; ssl_early_data on; {cache.format('a')}",
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; ssl_session_cache none;",
        f"ssl_protocols TLSv1.2 TLSv1.3; ssl_session_tickets off; {cache.format('b')}",
        "ssl_protocols TLSv1.2; ssl_session_timeout 9d;",
        kinds=("ec", "rsa"),
    ) as (all_on, all_off, ids_only, old):
        everything, nothing, ids, older = facts(all_on), facts(all_off), facts(ids_only), facts(old)

    assert resumption(everything) == {PSK: True, BY_ID: True, BY_TICKET: True}
    assert everything.early_data == EarlyData(16_384, accepted=True)
    assert everything.alpn == ("h2", "http/1.1")
    assert [it.certificates for it in everything.chains] == [(entity("ec").der,), (entity("rsa").der,)]
    assert [it.scheme for it in everything.chains] == [0x0403, 0x0804]
    assert everything.signature_schemes == (0x0403, 0x0804)
    assert everything.client_certificate is None
    assert everything.undetermined == ()
    assert len({it.key_name for it in everything.tickets}) == 1
    assert all(it.key_name and len(it.key_name) == 32 for it in everything.tickets)
    assert everything.renegotiation == Renegotiation(0, 1)
    assert everything.connections == 9
    (exchange,) = everything.key_exchanges
    assert (exchange.group.lower(), exchange.seen, exchange.distinct) == ("x25519", 4, 4)

    assert resumption(nothing) == {PSK: False, BY_ID: False, BY_TICKET: False}
    assert nothing.early_data == EarlyData(0, None)
    assert nothing.alpn == ("http/1.1",)
    assert {it.key_name for it in nothing.tickets} == {None}

    assert resumption(ids) == {PSK: True, BY_ID: True, BY_TICKET: False}

    assert resumption(older) == {BY_ID: False, BY_TICKET: True}
    assert older.early_data is None
    assert [(it.version, it.lifetime_s) for it in older.tickets] == [(TlsVersion.TLS12, 9 * 86_400)]
    assert older.alpn == ("http/1.1",)


@pytest.mark.system("nginx")
def test_one_certificate_costs_what_is_usual(tmp_path: Path) -> None:
    with nginx(tmp_path, "h2; ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:a:1m;") as (port,):
        found = facts(port)
    assert found.connections == USUAL_CONNECTIONS
    assert [it.certificates for it in found.chains] == [(entity("ec").der,)]


SERVERS = {
    "both versions": (("-no_ticket",), {PSK: True, BY_ID: True, BY_TICKET: False}, Renegotiation(0, 1)),
    "no ticket in 1.3": (("-num_tickets", 0), {PSK: False, BY_ID: True, BY_TICKET: True}, Renegotiation(0, 1)),
    "1.2": (("-tls1_2", "-no_cache"), {BY_ID: False, BY_TICKET: True}, Renegotiation(0, 1)),
    "unbounded": (
        ("-tls1_2", "-client_renegotiation"),
        {BY_ID: True, BY_TICKET: True},
        Renegotiation(RENEGOTIATIONS, RENEGOTIATIONS),
    ),
    "1.3": (("-tls1_3",), {PSK: True}, None),
    "1.0": (
        ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
        {("TLSv1.0", "session_id"): True, ("TLSv1.0", "ticket"): True},
        Renegotiation(0, 1),
    ),
}


@pytest.mark.system("openssl")
@pytest.mark.parametrize("name", SERVERS)
def test_openssl(name: str, tmp_path: Path) -> None:
    words, works, renegotiation = SERVERS[name]
    with s_server(tmp_path, *words) as port:
        found = facts(port)
    assert resumption(found) == works
    assert found.renegotiation == renegotiation
    assert found.alpn == ()


@pytest.mark.system("openssl")
def test_a_server_that_wants_a_certificate_of_ours(tmp_path: Path) -> None:
    """What it lets nobody see is unknown, and what it says is kept."""
    with s_server(tmp_path, "-Verify", "1", "-CAfile", tmp_path / "ec.pem") as port:
        found = facts(port)
    assert found.client_certificate is not None
    assert found.client_certificate.authorities == (entity("ec").certificate.subject.rfc4514_string(),)
    assert resumption(found) == {PSK: Reason.TLS_ALERT, BY_ID: Reason.TLS_ALERT, BY_TICKET: Reason.TLS_ALERT}
    assert isinstance(found.early_data, Unobserved)
    assert isinstance(found.renegotiation, Unobserved)
    assert {it.what for it in found.undetermined} >= {"resumption.TLSv1.3.psk"}
    assert [it.certificates for it in found.chains] == [(entity("ec").der,)]


@pytest.mark.system("gnutls-serv")
@pytest.mark.parametrize(
    ("priority", "words", "works"),
    [
        ("NORMAL", (), {PSK: True, BY_ID: True, BY_TICKET: True}),
        ("NORMAL:-VERS-TLS1.3", ("--noticket",), {BY_ID: True, BY_TICKET: False}),
    ],
)
def test_gnutls(priority: str, words: tuple[str, ...], works: dict[object, object], tmp_path: Path) -> None:
    with gnutls_serv(tmp_path, priority, *words) as port:
        assert resumption(facts(port)) == works


@pytest.mark.system("gnutls-serv")
def test_gnutls_takes_all_that_are_begun_anew(tmp_path: Path) -> None:
    with gnutls_serv(tmp_path, "NORMAL:-VERS-TLS1.3") as port:
        assert facts(port).renegotiation == Renegotiation(RENEGOTIATIONS, RENEGOTIATIONS)


@pytest.mark.system("slapd")
def test_a_goodbye_after_some_were_taken_is_no_bound(tmp_path: Path) -> None:
    """slapd with GnuTLS takes some, and ends the connection in the midst of its own reading: how many differs each time."""
    with slapd(tmp_path) as port:
        profile = load_profile("local")
        probe = TlsSessions.of(endpoint(port), "ldap")
        for _ in range(4):
            seen = asyncio.run(probe.observe(Bench(profile)))
            found = sessions_of(seen)
            assert isinstance(found, Sessions)
            assert isinstance(seen.renegotiated, Renegotiated)
            assert seen.renegotiated.taken > 0
            if seen.renegotiated.ended is None:
                assert found.renegotiation == Renegotiation(RENEGOTIATIONS, RENEGOTIATIONS)
            else:
                assert isinstance(found.renegotiation, Unobserved)
                assert found.renegotiation.reason in (Reason.CLOSED, Reason.RESET)


def before(server: int, *bounds: int) -> Conversation:
    """A proxy that ends a connection at a handshake begun anew, after so many; the next connection has the next bound."""
    left = list(bounds)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(ADDRESS, server)

        async def back() -> None:
            while data := await from_server.read(65_536):
                writer.write(data)
            writer.close()

        answers = asyncio.create_task(back())
        try:
            begun, bound, before_it, finished = 0, None, 0, False
            while head := await reader.readexactly(5):
                body = await reader.readexactly(int.from_bytes(head[3:], "big"))
                if head[0] == 22 and finished:
                    bound = left.pop(0) if bound is None else bound
                    finished = False
                    if begun == bound:
                        return
                    begun += 1
                elif head[0] == 22:
                    finished = before_it == 20
                before_it = head[0]
                to_server.write(head + body)
        finally:
            answers.cancel()
            to_server.close()

    return converse


@pytest.mark.system("openssl")
@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((0, 0), Renegotiation(0, 1)),
        ((0, 1), Reason.CLOSED),
        ((1, 0), Reason.CLOSED),
        ((3, 3), Reason.CLOSED),
        ((4, 2), Reason.CLOSED),
        ((4, 99), Renegotiation(RENEGOTIATIONS, RENEGOTIATIONS)),
        ((0, 99), Renegotiation(RENEGOTIATIONS, RENEGOTIATIONS)),
        ((99,), Renegotiation(RENEGOTIATIONS, RENEGOTIATIONS)),
    ],
)
def test_a_connection_that_ends_is_tried_once_more(bounds: tuple[int, ...], expected: object, tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_2", "-client_renegotiation") as port:
        seen = seen_at(before(port, *bounds))
    found = sessions_of(seen)
    assert isinstance(found, Sessions)
    again = found.renegotiation
    if isinstance(again, Unobserved):
        assert again.reason is expected or (again.reason is Reason.RESET and expected is Reason.CLOSED)
    else:
        assert again == expected
    assert seen.connections <= MOST_CONNECTIONS


@pytest.mark.system("openssl")
def test_a_refusal_by_alert_is_kept_by_its_number(tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_2") as port:
        renegotiated = observed(port).renegotiated
    refused = Unobserved(Reason.TLS_ALERT, "alert no_renegotiation")
    assert renegotiated == Renegotiated(0, 1, refused, alert=100)


@pytest.mark.system("nginx")
def test_no_ticket_is_stored_and_no_secret_opens_more_than_the_flight(tmp_path: Path) -> None:
    with nginx(tmp_path, "h2; ssl_early_data on; ssl_protocols TLSv1.2 TLSv1.3;") as (port,):
        seen = observed(port)
    assert seen.replay is Replay.DECRYPTED
    assert seen.sni == HOST
    assert all(len(ticket.key_name) <= 16 < ticket.octets for it in seen.handshakes for ticket in it.tickets)
    old = [it for it in seen.handshakes if it.asked in (Asked.NO_TICKET, Asked.BY_TICKET)]
    assert old
    assert all(not it.secret and it.flight[5] == 2 for it in old)


def seen_at(converse: Conversation, starttls: str = "") -> Seen:
    """What the probe stores of a server of ours."""

    async def look() -> Seen:
        async with conversing(converse) as port:
            bench = Bench(msgspec.structs.replace(load_profile("local"), timeouts=SHORT))
            return await TlsSessions.of(endpoint(port), starttls).observe(bench)

    return asyncio.run(look())


async def _closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.close()


async def _says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def _speaks_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()
    writer.close()


async def _refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"\x15\x03\x01\x00\x02\x02\x28")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("converse", "reasons", "most"),
    [
        (_closes, {Reason.CLOSED, Reason.RESET}, 4),
        (_says_nothing, {Reason.TIMEOUT}, 2),
        (_speaks_http, {Reason.TLS_FAILED, Reason.NOT_TLS}, 2),
        (_refuses, {Reason.TLS_ALERT}, 3),
    ],
)
def test_a_server_that_shakes_no_hand_costs_little(converse: Conversation, reasons: set[Reason], most: int) -> None:
    seen = seen_at(converse)
    found = sessions_of(seen)
    assert isinstance(found, Unobserved)
    assert found.reason in reasons
    assert seen.connections <= most
    assert not isinstance(seen.renegotiated, Renegotiated)


def test_a_session_after_starttls(tmp_path: Path) -> None:
    """A mail server of ours: TLS begins after its command, on every connection, and no protocol is offered within."""
    certificate, key = written(tmp_path, "ec")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    greeted = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.farm.test ESMTP\r\n")
        assert (await reader.readline()).startswith(b"EHLO")
        writer.write(b"250-mail.farm.test\r\n250 STARTTLS\r\n")
        assert await reader.readline() == b"STARTTLS\r\n"
        writer.write(b"220 go on\r\n")
        greeted.append(True)
        await writer.start_tls(context)
        await reader.read()

    seen = seen_at(converse, "smtp")
    found = sessions_of(seen)
    assert isinstance(found, Sessions)
    assert seen.starttls == "smtp"
    assert len(greeted) == seen.connections
    assert resumption(found) == {PSK: True, BY_ID: True, BY_TICKET: True}
    assert found.alpn == ()
    assert all(it.alpn == () for it in seen.handshakes)
    assert [it.certificates for it in found.chains] == [(entity("ec").der,)]


def test_a_mail_server_that_offers_no_tls() -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.farm.test ESMTP\r\n")
        await reader.readline()
        writer.write(b"250 mail.farm.test\r\n")
        await reader.readline()
        writer.write(b"502 what\r\n")
        await reader.read()
        writer.close()

    found = sessions_of(seen_at(converse, "smtp"))
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.NOT_TLS


def test_nobody_at_home() -> None:
    found = sessions_of(observed(1, short=True))
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.REFUSED
