"""What stands in a flight of TLS 1.3 and in a ticket: every message read as written, and nothing of a stranger raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.probes.tls.encrypted_flight import (
    HANDSHAKE,
    EncryptedFlight,
    NewTicket,
    read_encrypted_flight,
    read_new_ticket,
)
from scanner.probes.tls.key_schedule import SUITES, Protection

SECRET = bytes(range(32))
HELLO = bytes.fromhex(
    "160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020"
    "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
)


def vector(size: int, content: bytes) -> bytes:
    return len(content).to_bytes(size, "big") + content


def message(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + vector(3, body)


def extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2, "big") + vector(2, body)


def flight_of(*messages: bytes, records: int = 1, before: bytes = HELLO) -> EncryptedFlight:
    """The flight with these messages, cut into so many records."""
    content = b"".join(messages)
    sealing = Protection(SUITES[0x1301], SECRET)
    step = max(1, -(-len(content) // records))
    pieces = [content[at : at + step] for at in range(0, len(content), step)]
    sealed = b"".join(sealing.seal(HANDSHAKE, it) for it in pieces)
    return read_encrypted_flight(before + b"\x14\x03\x03\x00\x01\x01" + sealed, SECRET)


_RETRY = message(
    2,
    b"\x03\x03"
    + bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    + b"\x00\x13\x01\x00"
    + vector(2, extension(43, b"\x03\x04") + extension(51, b"\x00\x1d") + extension(44, vector(2, b"cookie"))),
)
RETRY = b"\x16\x03\x03" + vector(2, _RETRY)
EXTENSIONS = message(8, vector(2, extension(16, vector(2, vector(1, b"h2"))) + extension(42, b"")))
LEAF, ISSUER, STAPLE = b"leaf", b"issuer", b"staple"
CERTIFICATE = message(
    11,
    vector(1, b"")
    + vector(
        3,
        vector(3, LEAF)
        + vector(2, extension(5, b"\x01" + vector(3, STAPLE)))
        + vector(3, ISSUER)
        + vector(2, extension(5, b"\x01" + vector(3, b"another"))),
    ),
)
REQUEST = message(
    13,
    vector(1, b"")
    + vector(
        2,
        extension(13, vector(2, b"\x04\x03\x08\x04")) + extension(47, vector(2, vector(2, b"one") + vector(2, b"two"))),
    ),
)
VERIFY = message(15, b"\x08\x04" + vector(2, b"signature"))
FINISHED = message(20, bytes(32))
WHOLE = (EXTENSIONS, REQUEST, CERTIFICATE, VERIFY, FINISHED)


@pytest.mark.parametrize("records", [1, 2, 7, 60])
@pytest.mark.parametrize("before", [HELLO, RETRY + HELLO])
def test_every_message_is_read(records: int, before: bytes) -> None:
    flight = flight_of(*WHOLE, records=records, before=before)
    assert flight.problem == ""
    assert (flight.alpn, flight.early_data, flight.extensions) == ("h2", True, (16, 42))
    assert (flight.chain, flight.staple, flight.scheme) == ((LEAF, ISSUER), STAPLE, 0x0804)
    assert flight.certificate_request is not None
    assert flight.certificate_request.schemes == (0x0403, 0x0804)
    assert flight.certificate_request.authorities == (b"one", b"two")
    assert flight.finished


def test_what_came_before_a_broken_message_is_kept() -> None:
    flight = flight_of(EXTENSIONS, message(11, b"\x00\x00\x00\x09\x00"), FINISHED)
    assert (flight.alpn, flight.chain, flight.finished) == ("h2", (), True)
    assert flight.problem.startswith("message of type 11")


def test_a_cut_flight_is_not_finished() -> None:
    flight = flight_of(EXTENSIONS, CERTIFICATE[:-1])
    assert (flight.alpn, flight.chain, flight.finished) == ("h2", (), False)


def test_a_retry_alone_is_no_answer() -> None:
    assert read_encrypted_flight(RETRY, SECRET).hello is None


TICKET = bytes(4) + b"\x00\x00\x00\x07" + vector(1, b"\x00\x01") + vector(2, b"t" * 200)


def test_a_ticket_is_read() -> None:
    allowed = TICKET + vector(2, extension(42, (16_384).to_bytes(4, "big")))
    assert read_new_ticket(allowed) == NewTicket(0, 7, b"\x00\x01", b"t" * 200, 16_384)
    assert read_new_ticket(TICKET + vector(2, b"")) == NewTicket(0, 7, b"\x00\x01", b"t" * 200, 0)


@pytest.mark.parametrize("body", [b"", TICKET[:-1], TICKET, bytes(8) + b"\x00\x00\x00" + vector(2, b"")])
def test_a_ticket_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^"):
        read_new_ticket(body)


@given(st.binary(max_size=400), st.binary(max_size=48))
def test_octets_of_a_stranger(octets: bytes, secret: bytes) -> None:
    assert read_encrypted_flight(octets, secret).chain == ()


@given(st.lists(st.tuples(st.integers(0, 30), st.binary(max_size=80)), max_size=50))
def test_messages_of_a_stranger_that_knows_the_secret(parts: list[tuple[int, bytes]]) -> None:
    flight = flight_of(*(message(kind, body) for kind, body in parts))
    assert len(flight.chain) <= 65
    assert flight.finished == any(kind == 20 for kind, _ in parts[:32])
