"""Our client of TLS 1.3 at servers that others wrote: groups, suites, retries, tickets, early data, other leafs."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tls_servers import ADDRESS, HOST, entity, gnutls_serv, s_server

from scanner.probes.tls.client13 import ECDSA_SCHEMES, RSA_SCHEMES, SCHEMES, Client13, Wish
from scanner.probes.tls.encrypted_flight import read_encrypted_flight
from scanner.probes.tls.key_schedule import SUITES

pytestmark = pytest.mark.system("openssl")


def talk(port: int, wish: Wish) -> Client13:
    """A handshake, the goodbye, and everything until the server's."""
    client = Client13(wish)
    with socket.create_connection((ADDRESS, port), 30) as line:
        line.sendall(client.start())
        gone = False
        while not client.is_over and (data := line.recv(65_536)):
            line.sendall(client.feed(data))
            if client.is_finished and not gone:
                gone = True
                line.sendall(client.close())
    return client


def wish(**fields: object) -> Wish:
    return Wish(**{"server_name": HOST, **fields})  # type: ignore[arg-type]  # whatever the test says


NAMED = {
    "X25519": 29,
    "P-256": 23,
    "P-384": 24,
    "P-521": 25,
    "X448": 30,
    "ffdhe2048": 256,
    "ffdhe3072": 257,
    "ffdhe4096": 258,
    "ffdhe6144": 259,
    "ffdhe8192": 260,
}


@pytest.mark.parametrize("name", NAMED)
def test_a_server_with_one_group_gets_it(name: str, tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_3", "-groups", name) as port:
        client = talk(port, wish())
    assert client.problem == ""
    assert client.hello is not None
    assert client.hello.group == NAMED[name]
    assert client.retried is (name != "X25519")
    flight = read_encrypted_flight(client.flight, client.secret)
    assert flight.finished
    assert flight.chain == (entity("ec").der,)


SUITE_NAMES = {
    0x1301: "TLS_AES_128_GCM_SHA256",
    0x1302: "TLS_AES_256_GCM_SHA384",
    0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256",
    0x1305: "TLS_AES_128_CCM_8_SHA256",
}


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_carries_a_session_and_takes_it_up(suite: int, tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_3", "-ciphersuites", SUITE_NAMES[suite], "-groups", "P-256") as port:
        first = talk(port, wish())
        assert first.hello is not None
        assert first.hello.suite == suite
        assert [it.new.lifetime_s for it in first.tickets] == [7200, 7200]
        again = talk(port, wish(ticket=first.tickets[0]))
    assert again.problem == ""
    assert (again.resumed, again.retried, again.is_finished) == (True, True, True)
    assert read_encrypted_flight(again.flight, again.secret).chain == ()


def test_early_data_is_taken_where_the_server_allows_it(tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_3", "-early_data", "-max_early_data", "1234") as port:
        first = talk(port, wish())
        assert {it.new.max_early_data for it in first.tickets} == {1234}
        again = talk(port, wish(ticket=first.tickets[0], early_data=True, ticket_age_ms=5))
        assert (again.resumed, again.early_data, again.is_finished, again.problem) == (True, True, True, "")
        flight = read_encrypted_flight(again.flight, again.secret)
        assert flight.early_data
        # The same ticket again is a replay: OpenSSL resumes no more.
        replayed = talk(port, wish(ticket=first.tickets[0], early_data=True, ticket_age_ms=5))
        assert (replayed.early_data, replayed.is_finished) == (False, True)


def test_early_data_that_nobody_allows_is_refused(tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_3") as port:
        first = talk(port, wish())
        assert {it.new.max_early_data for it in first.tickets} == {0}
        again = talk(port, wish(ticket=first.tickets[0], early_data=True))
    assert (again.resumed, again.early_data, again.is_finished) == (True, False, True)


def test_the_leaf_is_chosen_by_signature_schemes(tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_3", kinds=("ec", "rsa")) as port:
        any_kind = talk(port, wish())
        no_ec = talk(port, wish(schemes=RSA_SCHEMES))
        no_rsa = talk(port, wish(schemes=ECDSA_SCHEMES))
        neither = talk(port, wish(schemes=tuple(it for it in SCHEMES if it not in (*RSA_SCHEMES, *ECDSA_SCHEMES))))
    flights = [read_encrypted_flight(it.flight, it.secret) for it in (any_kind, no_ec, no_rsa)]
    assert [it.scheme for it in flights] == [0x0403, 0x0804, 0x0403]
    assert [it.chain for it in flights] == [(entity(kind).der,) for kind in ("ec", "rsa", "ec")]
    assert neither.alert is not None
    assert neither.alert.description == 40


def test_a_wish_for_a_client_certificate_is_answered_with_none(tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_3", "-verify", "1") as port:
        asked = talk(port, wish())
    assert (asked.is_finished, asked.asked_for_certificate, len(asked.tickets)) == (True, True, 2)
    request = read_encrypted_flight(asked.flight, asked.secret).certificate_request
    assert request is not None
    assert 0x0804 in request.schemes
    (tmp_path / "must").mkdir()
    with s_server(tmp_path / "must", "-tls1_3", "-Verify", "1") as port:
        refused = talk(port, wish())
    assert refused.alert is not None
    assert (refused.is_finished, refused.alert.description, refused.tickets) == (True, 116, [])


def test_an_older_server_is_known_by_its_answer(tmp_path: Path) -> None:
    with s_server(tmp_path, "-tls1_2") as port:
        client = talk(port, wish(older=True))
    assert client.older is not None
    assert (client.older.version, client.hello, client.is_finished) == (0x0303, None, False)


@pytest.mark.system("gnutls-serv")
@pytest.mark.parametrize(("name", "group"), [("X25519", 29), ("SECP521R1", 25), ("X448", 30), ("FFDHE2048", 256)])
def test_gnutls(name: str, group: int, tmp_path: Path) -> None:
    with gnutls_serv(tmp_path, f"NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-{name}") as port:
        first = talk(port, wish())
        assert first.hello is not None
        assert (first.problem, first.hello.group, first.is_finished) == ("", group, True)
        again = talk(port, wish(ticket=first.tickets[0], ticket_age_ms=10))
    assert (again.resumed, again.is_finished) == (True, True)


@given(st.lists(st.binary(max_size=200), max_size=6), st.booleans())
def test_octets_of_a_stranger_never_raise(pieces: list[bytes], framed: bool) -> None:
    client = Client13(wish(older=True))
    client.start()
    for piece in pieces:
        client.feed(b"\x16\x03\x03" + len(piece).to_bytes(2, "big") + piece if framed else piece)
    assert not client.is_finished


@given(st.binary(max_size=120))
def test_a_server_hello_of_a_stranger_never_raises(body: bytes) -> None:
    client = Client13(wish())
    client.start()
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    client.feed(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
    assert client.is_over
    assert client.problem or client.older


def test_a_flight_in_crumbs_is_given_up() -> None:
    """As many as a server likes, each with one octet of a message that never ends."""
    client = Client13(wish())
    client.start()
    client.feed(b"\x16\x03\x03\x00\x04\x02\x00\xff\xff" + b"\x16\x03\x03\x00\x01\x00" * 2000)
    assert client.is_over
    assert client.problem == "more than 1024 records"
    assert len(client.flight) < 8000


def test_messages_without_end_are_given_up() -> None:
    client = Client13(wish())
    client.start()
    client.feed(b"\x16\x03\x03\x40\x00" + b"\x02\x00\x00\x00" * 4096)
    assert client.is_over
    assert client.problem
