"""What a server of TLS 1.2 says in clear, read along beside OpenSSL: in one piece, in crumbs, and from a stranger."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import SSL
from tls_servers import HOST, entity

from scanner.probes.tls.library_client import MAX_MESSAGES, LibraryClient

CONTEXT = SSL.Context(SSL.TLS_SERVER_METHOD)
CONTEXT.use_certificate(entity("ec").certificate)
CONTEXT.use_privatekey(entity("ec").key)
CONTEXT.set_session_id(b"tests")


def drained(server: SSL.Connection) -> bytes:
    out = b""
    while True:
        try:
            out += server.bio_read(65_536)
        except SSL.WantReadError:
            return out


def shaken(client: LibraryClient, piece: int = 65_536) -> None:
    """Both sides in memory until the client is finished; it hears the server in pieces of this length."""
    server = SSL.Connection(CONTEXT, None)
    server.set_accept_state()
    said = client.start()
    while not client.is_finished and not client.is_over:
        server.bio_write(said)
        with contextlib.suppress(SSL.WantReadError):
            server.do_handshake()
        answer, said = drained(server), b""
        for at in range(0, len(answer), piece):
            said += client.feed(answer[at : at + piece])
    server.bio_write(said + client.close())
    with contextlib.suppress(SSL.ZeroReturnError):
        server.do_handshake()
        server.recv(1)
    server.shutdown()  # a session whose connection was cut off is forgotten


@pytest.mark.parametrize("piece", [1, 7, 100, 65_536])
def test_a_full_handshake_with_a_ticket(piece: int) -> None:
    client = LibraryClient(HOST)
    shaken(client, piece)
    assert client.is_finished
    assert client.messages == [2, 11, 12, 14, 4]
    assert client.changed
    assert not client.resumed
    assert client.ticket is not None
    assert client.ticket[0] > 0
    assert len(client.ticket[1]) > 100


@pytest.mark.parametrize("piece", [1, 65_536])
def test_a_session_is_taken_up_by_id_and_by_ticket(piece: int) -> None:
    by_id = LibraryClient(HOST, tickets=False)
    shaken(by_id)
    assert by_id.ticket is None
    assert len(by_id.session_id) == 32
    again = LibraryClient(HOST, tickets=False, session=by_id.session)
    shaken(again, piece)
    assert (again.resumed, again.session_id) == (True, by_id.session_id)

    by_ticket = LibraryClient(HOST)
    shaken(by_ticket)
    again = LibraryClient(HOST, session=by_ticket.session)
    shaken(again, piece)
    assert again.resumed
    assert not LibraryClient(HOST).resumed


@given(st.binary(max_size=300), st.booleans())
def test_octets_of_a_stranger_never_raise(octets: bytes, framed: bool) -> None:
    client = LibraryClient(HOST)
    client.start()
    client.feed(b"\x16\x03\x03" + len(octets).to_bytes(2, "big") + octets if framed else octets)
    assert not client.is_finished
    assert len(client.session_id) <= 255


def test_messages_without_end_are_not_counted_for_ever() -> None:
    client = LibraryClient(HOST)
    client.start()
    client.feed(b"\x16\x03\x03\x3f\x00" + b"\x63\x00\x00\x00" * 4032)
    assert len(client.messages) == MAX_MESSAGES
    assert client.is_over
