"""Preambles: as transcripts, against hostile octets, and at services of the protocols' own."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starttls_daemons import dovecot, mariadb, slapd
from tls_servers import ADDRESS, HOST
from weak_starttls import starttls_service

from scanner.network import Connection, Deadline, NetworkError
from scanner.observations.steps import Reason
from scanner.probes.tls import starttls
from scanner.probes.tls.starttls import (
    MAX_GREETING_CHARS,
    MAX_LINE_BYTES,
    MAX_PREAMBLE_BYTES,
    PROTOCOLS,
    Greeting,
    NotOfferedError,
    Reader,
    Say,
    preamble,
)

LINES = ("smtp", "imap", "pop3", "ftp")
LDAP_YES = bytes.fromhex("300c02010178070a010004000400")
LDAP_NO = bytes.fromhex("300e02010178090a010204000402") + b"no"
FEATURES = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
STREAM = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"
ERROR = "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
PROCEED = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


def mysql(version: bytes, capabilities: int) -> bytes:
    packet = b"\x0a" + version + b"\0" + bytes(4) + b"saltsalt" + b"\0" + capabilities.to_bytes(2, "little") + bytes(20)
    return len(packet).to_bytes(3, "little") + b"\0" + packet


def spoken(protocol: str, said: bytes, *, at_once: bool = True, pipelined: bytes = b"") -> tuple[Greeting, bytes]:
    """The greeting, and what we said, when a server says this. Raises EOFError when the dialogue wants more."""
    dialogue, reader, ours = preamble(protocol, HOST, pipelined), Reader(), b""
    left = [said] if at_once else [bytes((it,)) for it in said]
    try:
        move = next(dialogue)
        while True:
            if isinstance(move, Say):
                ours += move.octets
            while (data := reader.cut(move)) is None:
                if not left:
                    raise EOFError
                reader.feed(left.pop(0))
            move = dialogue.send(data)
    except StopIteration as end:
        assert not reader.rest
        greeting: Greeting = end.value
        return greeting, ours


YES = [
    ("smtp", b"220 mail ESMTP\r\n250-mail\r\n250 STARTTLS\r\n220 go\r\n", "220 mail ESMTP"),
    (
        "smtp",
        b"220-mail\r\n220-more\r\n220 last\n250 mail\n220 go\n",
        "220-mail",
    ),  # not announced, and given all the same
    ("imap", b"* OK ready\r\n* CAPABILITY X\r\na1 OK begin\r\n", "* OK ready"),
    ("imap", b"* ok ready\r\nA1 ok\r\n", "* ok ready"),
    ("pop3", b"+OK ready\r\n+OK go\r\n", "+OK ready"),
    ("ftp", b"120 soon\r\n220-hello\r\nfree text\r\n 220 not yet\r\n220 ready\r\n234 go\r\n", "220-hello"),
    ("ldap", LDAP_YES, ""),
    (
        "ldap",
        bytes.fromhex("30840000000c02010178070a010004000400"),
        "",
    ),  # the length in its long form, as Windows sends it
    ("xmpp", (STREAM + FEATURES + PROCEED).encode(), ""),
    ("xmpp-server", (STREAM + FEATURES + PROCEED).encode(), ""),
    ("xmpp", (STREAM + FEATURES + PROCEED.replace("/>", "></proceed>")).encode(), ""),
    ("postgres", b"S", ""),
    ("mysql", mysql(b"8.4.1", 0x0A00), "8.4.1"),
]
NO = [
    ("smtp", b"220 mail\r\n250 mail\r\n502 5.5.1 what?\r\n", "STARTTLS was answered 502 5.5.1 what?"),
    ("smtp", b"220 mail\r\n250 mail\r\n454 4.7.0 TLS not available\r\n", "454"),
    ("smtp", b"220 mail\r\n500 what?\r\n", "EHLO was answered 500"),
    ("imap", b"* OK ready\r\na1 BAD what?\r\n", "a1 BAD"),
    ("imap", b"* PREAUTH welcome\r\na1 NO not now\r\n", "a1 NO"),
    ("pop3", b"+OK ready\r\n-ERR what?\r\n", "-ERR"),
    ("ftp", b"220 ready\r\n530 Please login\r\n", "530"),
    ("ldap", LDAP_NO, "result code 2 no"),
    ("xmpp", (STREAM + "<stream:features><bind/></stream:features>").encode(), "do not name starttls"),
    ("xmpp", (STREAM + "<stream:features/>").encode(), "do not name starttls"),
    ("xmpp", (STREAM + FEATURES + "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").encode(), "failure"),
    ("postgres", b"N", "answered N"),
    ("mysql", mysql(b"5.5.5-10.1", 0x8200), "5.5.5-10.1"),
]
NEITHER = [
    ("smtp", b"554 no service\r\n", "turned us away: 554"),
    ("smtp", b"220 mail\r\n250 mail\r\n421 4.7.0 too many connections\r\n", "turned us away: 421"),
    ("ftp", b"220 ready\r\n421 too many connections\r\n", "turned us away: 421"),
    ("smtp", b"SSH-2.0-server\r\n", "no answer of this protocol"),
    ("smtp", b"220 mail\r\n" + b"250-x\r\n" * 200, "more than 100 lines"),
    ("imap", b"* BYE busy\r\n", "turned us away"),
    ("imap", b"* OK\r\n* BYE busy\r\n", "turned us away"),
    ("imap", b"HTTP/1.1 400\r\n", "no answer of this protocol"),
    ("imap", b"* OK\r\n" + b"* x\r\n" * 200, "more than 100 lines"),
    ("pop3", b"-ERR busy\r\n", "turned us away"),
    ("pop3", b"+OK\r\nwhat\r\n", "no answer of this protocol"),
    ("ftp", b"421 busy\r\n", "turned us away"),
    ("ldap", b"HTTP/1.1 400 Bad Request\r\n", "no answer of this protocol"),
    ("ldap", bytes.fromhex("300c02010165070a010004000400"), "another LDAP message"),
    ("ldap", bytes.fromhex("300c020101780f0a010004000400"), "cannot be read"),
    ("ldap", bytes.fromhex("3084ffffffff"), "of a length|octets in answer"),
    ("xmpp", (STREAM + ERROR).encode(), "turned us away: host-unknown"),
    ("postgres", b"E", "no answer of this protocol"),
    ("mysql", b"\x10\0\0\0\xff\x10\x04Host is blocked ", "turned us away"),
    ("mysql", b"\x04\0\0\0\x09old", "no answer of this protocol"),
]  # fmt: skip


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(("protocol", "said", "greeting"), YES)
def test_tls_is_begun(protocol: str, said: bytes, greeting: str, at_once: bool) -> None:
    """However the octets arrive."""
    assert spoken(protocol, said, at_once=at_once)[0] == Greeting(greeting)


@pytest.mark.parametrize(("protocol", "said", "words"), NO)
def test_no_tls_is_offered(protocol: str, said: bytes, words: str) -> None:
    with pytest.raises(NotOfferedError, match=words) as caught:
        spoken(protocol, said)
    assert caught.value.unobserved.reason is Reason.NOT_TLS


@pytest.mark.parametrize(("protocol", "said", "words"), NEITHER)
def test_what_says_nothing_about_tls(protocol: str, said: bytes, words: str) -> None:
    with pytest.raises(NetworkError, match=words) as caught:
        spoken(protocol, said)
    assert not isinstance(caught.value, NotOfferedError)


def test_every_protocol_is_tried_both_ways() -> None:
    assert {it[0] for it in YES} == set(PROTOCOLS)
    assert {it[0] for it in NO} == set(PROTOCOLS) - {"xmpp-server"}  # the same dialogue as xmpp


def test_what_we_say() -> None:
    """An honest name, and for XMPP the host's."""
    assert spoken("smtp", YES[0][1])[1] == b"EHLO pindai.invalid\r\nSTARTTLS\r\n"
    assert f"to='{HOST}'".encode() in spoken("xmpp", YES[8][1])[1]
    assert b"xmlns='jabber:server'" in spoken("xmpp-server", YES[8][1])[1]
    assert spoken("pop3", YES[4][1], pipelined=b"NOOP\r\n")[1] == b"STLS\r\nNOOP\r\n"
    with pytest.raises(ValueError, match="'gopher'"):
        preamble("gopher", HOST)


def test_a_host_cannot_leave_its_attribute() -> None:
    opening = next(preamble("xmpp", "a'/><b x='"))
    assert isinstance(opening, Say)
    assert b"to='abx'" in opening.octets


def test_a_long_greeting_is_cut() -> None:
    greeting = spoken("pop3", b"+OK " + b"x" * 1000 + b"\r\n+OK\r\n")[0]
    assert len(greeting.text) == MAX_GREETING_CHARS


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(said=st.binary(max_size=300))
def test_octets_of_a_stranger(protocol: str, said: bytes) -> None:
    """Any octets give a greeting, a NetworkError, or the wish for more."""
    try:
        greeting, _ = spoken(protocol, said)
    except (NetworkError, EOFError, AssertionError):
        return
    assert len(greeting.text) <= MAX_GREETING_CHARS


@given(data=st.data(), which=st.sampled_from(YES))
def test_one_octet_changed(data: st.DataObject, which: tuple[str, bytes, str]) -> None:
    protocol, said, _ = which
    at = data.draw(st.integers(0, len(said) - 1))
    changed = said[:at] + bytes((data.draw(st.integers(0, 255)),)) + said[at + 1 :]
    try:
        spoken(protocol, changed)
    except (NetworkError, EOFError, AssertionError):
        return


def test_endless_octets_end() -> None:
    with pytest.raises(NetworkError, match=f"a line of more than {MAX_LINE_BYTES}"):
        spoken("smtp", b"2" * (MAX_LINE_BYTES + 1))
    with pytest.raises(NetworkError, match=f"more than {MAX_PREAMBLE_BYTES}"):
        spoken("xmpp", b"<x>" * MAX_PREAMBLE_BYTES)


# At services ------------------------------------------------------------------------------------------------------------


def begun(port: int, protocol: str, seconds: float = 5.0) -> Greeting:
    async def speak() -> Greeting:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, ADDRESS, port)
        try:
            return await starttls.begin(connection, protocol, HOST, Deadline(20), seconds)
        finally:
            connection.close()

    return asyncio.run(speak())


@pytest.mark.parametrize("protocol", LINES)
def test_services_in_lines(tmp_path: Path, protocol: str) -> None:
    with starttls_service(tmp_path, protocol) as port:
        assert begun(port, protocol).text
    with starttls_service(tmp_path, protocol, "offers_none") as port, pytest.raises(NotOfferedError):
        begun(port, protocol)
    for way, reason in (
        ("unlike", Reason.PROTOCOL_ERROR),
        ("turned_away", Reason.PROTOCOL_ERROR),
        ("goes_on", Reason.PROTOCOL_ERROR),
        ("silent", Reason.TIMEOUT),
    ):
        with starttls_service(tmp_path, protocol, way) as port, pytest.raises(NetworkError) as caught:
            begun(port, protocol, 0.3 if way == "silent" else 5.0)
        assert caught.value.unobserved.reason is reason
        assert not isinstance(caught.value, NotOfferedError)


@pytest.mark.system("dovecot")
def test_dovecot(tmp_path: Path) -> None:
    with dovecot(tmp_path) as ports:
        assert begun(ports["imap"], "imap").text.startswith("* OK")
        assert begun(ports["pop3"], "pop3").text.startswith("+OK")
    with dovecot(tmp_path, tls=False) as ports:
        for protocol, port in ports.items():
            with pytest.raises(NotOfferedError):
                begun(port, protocol)


@pytest.mark.system("slapd")
def test_slapd(tmp_path: Path) -> None:
    with slapd(tmp_path) as port:
        assert begun(port, "ldap") == Greeting()
    with slapd(tmp_path, tls=False) as port, pytest.raises(NotOfferedError, match="unsupported extended operation"):
        begun(port, "ldap")


@pytest.mark.system("mariadbd")
def test_mariadb(tmp_path: Path) -> None:
    with mariadb(tmp_path) as port:
        assert "MariaDB" in begun(port, "mysql").text
    with mariadb(tmp_path, tls=False) as port, pytest.raises(NotOfferedError, match="does not announce TLS"):
        begun(port, "mysql")
