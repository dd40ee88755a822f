"""First flights: written by hand message by message, cut in every way, damaged, and as real servers send them."""

import contextlib
import itertools
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installed import program
from msgspec.structs import replace
from pki import key, leaf, root

from scanner.probes.tls.client_hello import Hello, build_client_hello
from scanner.probes.tls.code_points import suite_number
from scanner.probes.tls.first_flight import (
    MAX_FLIGHT_BYTES,
    RETRY_RANDOM,
    Alert,
    CertificateRequest,
    Flight,
    FlightReader,
    ServerKeyExchange,
    Sslv2Hello,
    parse_first_flight,
)

RANDOM = bytes(range(32))
ECDHE = suite_number("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
ECDHE_OLD = suite_number("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")


def v8(octets: bytes) -> bytes:
    return bytes([len(octets)]) + octets


def v16(octets: bytes) -> bytes:
    return struct.pack(">H", len(octets)) + octets


def v24(octets: bytes) -> bytes:
    return len(octets).to_bytes(3, "big") + octets


def message(kind: int, body: bytes = b"") -> bytes:
    return bytes([kind]) + v24(body)


def record(kind: int, body: bytes, version: int = 0x0303) -> bytes:
    return struct.pack(">BH", kind, version) + v16(body)


def handshake(*messages: bytes) -> bytes:
    return record(22, b"".join(messages))


def server_hello(
    suite: int = ECDHE,
    version: int = 0x0303,
    extensions: dict[int, bytes] | None = None,
    random: bytes = RANDOM,
    session_id: bytes = b"",
    compression: int = 0,
) -> bytes:
    body = struct.pack(">H", version) + random + v8(session_id) + struct.pack(">HB", suite, compression)
    if extensions is not None:
        body += v16(b"".join(struct.pack(">H", number) + v16(value) for number, value in extensions.items()))
    return message(2, body)


def certificates(*chain: bytes) -> bytes:
    return message(11, v24(b"".join(v24(it) for it in chain)))


CHAIN = (b"leaf" * 200, b"intermediate" * 90, b"root" * 150)
DONE = message(14)
X25519 = b"\x03\x00\x1d" + v8(bytes(32))
SIGNATURE = b"\x08\x04" + v16(bytes(256))
USUAL = (server_hello(extensions={0xFF01: b"\0", 23: b""}), certificates(*CHAIN), message(12, X25519 + SIGNATURE), DONE)


def read(octets: bytes) -> Flight:
    """The flight. The reader must end where it ends, and must not end while something may follow."""
    reader = FlightReader()
    over = reader.feed(octets)
    flight = parse_first_flight(octets)
    if over:
        assert flight.complete or flight.problem or flight.not_tls, flight
    elif len(octets) >= 5:
        assert not flight.not_tls
        assert not flight.complete or record_is_cut(octets)  # of a record that is cut off, the parser reads what it can
    assert reader.octets == octets
    return flight


def record_is_cut(octets: bytes) -> bool:
    at = 0
    while at + 5 <= len(octets):
        at += 5 + int.from_bytes(octets[at + 3 : at + 5], "big")
    return at != len(octets)


def test_a_usual_flight() -> None:
    flight = read(handshake(*USUAL))
    assert flight.hello is not None
    assert (flight.hello.version, flight.hello.legacy_version, flight.hello.suite) == (0x0303, 0x0303, ECDHE)
    assert flight.hello.extensions == ((0xFF01, b"\0"), (23, b""))
    assert not flight.hello.sentinel
    assert not flight.hello.is_retry
    assert flight.hello.group is None
    assert flight.chain == CHAIN
    assert flight.key_exchange == ServerKeyExchange(group=29, public=bytes(32), scheme=0x0804, signed=True)
    assert flight.done
    assert flight.complete
    assert flight.problem == ""


@given(st.lists(st.integers(1, 3500), max_size=12), st.lists(st.integers(1, 3500), max_size=12))
def test_records_and_pieces_fall_anywhere(record_cuts: list[int], piece_cuts: list[int]) -> None:
    whole = read(handshake(*USUAL))
    octets = b"".join(USUAL)
    edges = [0, *sorted({cut for cut in record_cuts if cut < len(octets)}), len(octets)]
    sent = b"".join(record(22, octets[start:end]) for start, end in itertools.pairwise(edges))
    assert parse_first_flight(sent) == whole
    reader = FlightReader()
    edges = [0, *sorted({cut for cut in piece_cuts if cut < len(sent)}), len(sent)]
    told = [reader.feed(sent[start:end]) for start, end in itertools.pairwise(edges)]
    assert told == [False] * (len(told) - 1) + [True]


def test_octet_by_octet_in_records_of_one_octet() -> None:
    sent = b"".join(record(22, bytes([octet])) for octet in b"".join(USUAL[0:1] + USUAL[3:]))
    reader = FlightReader()
    told = [reader.feed(bytes([octet])) for octet in sent]
    assert told.index(True) == len(sent) - 1
    assert parse_first_flight(sent).done


@pytest.mark.parametrize("cut", range(0, len(handshake(*USUAL)), 7))
def test_a_flight_that_stops_too_early_keeps_what_came(cut: int) -> None:
    sent = handshake(*USUAL)[:cut]
    flight = read(sent)
    assert not flight.complete
    assert not flight.not_tls
    assert flight.problem == ""
    whole = parse_first_flight(handshake(*USUAL))
    assert flight.hello in (None, whole.hello)
    assert flight.chain in ((), whole.chain)


def test_ssl3_without_extensions() -> None:
    flight = read(handshake(server_hello(suite=0x000A, version=0x0300), certificates(CHAIN[0]), DONE))
    assert flight.hello is not None
    assert (flight.hello.version, flight.hello.extensions) == (0x0300, ())
    assert flight.key_exchange is None
    assert flight.complete


def test_tls13_ends_with_the_server_hello() -> None:
    hello = server_hello(
        suite=0x1301, extensions={43: b"\x03\x04", 51: b"\0\x1d" + v16(b"k" * 32)}, session_id=b"i" * 32
    )
    sent = handshake(hello) + record(20, b"\x01") + record(23, b"encrypted" * 100)
    flight = read(sent)
    assert flight.hello is not None
    assert (flight.hello.version, flight.hello.legacy_version) == (0x0304, 0x0303)
    assert (flight.hello.group, flight.hello.key_share, flight.hello.session_id) == (29, b"k" * 32, b"i" * 32)
    assert flight.complete
    assert not flight.done
    assert read(handshake(hello)) == flight


def test_hello_retry_request() -> None:
    hello = server_hello(suite=0x1302, extensions={43: b"\x03\x04", 51: b"\x11\xec"}, random=RETRY_RANDOM)
    flight = read(handshake(hello) + record(20, b"\x01"))
    assert flight.hello is not None
    assert (flight.hello.is_retry, flight.hello.group, flight.hello.key_share) == (True, 0x11EC, b"")
    assert flight.complete


def test_a_draft_of_tls13_ends_too() -> None:
    flight = read(handshake(server_hello(suite=0x1301, extensions={43: b"\x7f\x1c", 51: b"\0\x1d" + v16(b"k" * 32)})))
    assert flight.hello is not None
    assert flight.hello.version == 0x7F1C
    assert flight.complete


@pytest.mark.parametrize(
    ("random", "sentinel"),
    [
        (RANDOM[:24] + b"DOWNGRD\x01", True),
        (RANDOM[:24] + b"DOWNGRD\x00", True),
        (RANDOM[:24] + b"DOWNGRD\x02", False),
        (b"DOWNGRD\x01" + RANDOM[:24], False),
    ],
)
def test_downgrade_sentinels(random: bytes, sentinel: bool) -> None:
    flight = read(handshake(server_hello(random=random), DONE))
    assert flight.hello is not None
    assert flight.hello.sentinel is sentinel


def test_a_resumed_session_ends_with_change_cipher_spec() -> None:
    ticket = message(4, struct.pack(">I", 7200) + v16(b"ticket"))
    flight = read(handshake(server_hello(), ticket) + record(20, b"\x01") + record(22, b"\x99" * 40))
    assert flight.complete
    assert not flight.done
    assert flight.session_ticket == b"ticket"
    assert flight.problem == ""


# Alerts.


@pytest.mark.parametrize(
    ("alerts", "ends"),
    [
        ([(2, 40)], True),
        ([(2, 70)], True),
        ([(1, 0)], True),
        ([(1, 40)], True),  # a refusal sent as a warning ends it all the same
        ([(1, 112)], False),
        ([(1, 112), (2, 40)], True),
        ([(1, 90)], False),
        ([(2, 200)], True),
    ],
)
def test_alerts(alerts: list[tuple[int, int]], ends: bool) -> None:
    found = tuple(Alert(level, what) for level, what in alerts)
    apart = b"".join(record(21, bytes(alert)) for alert in alerts)
    together = record(21, b"".join(bytes(alert) for alert in alerts))
    octet_by_octet = b"".join(record(21, bytes([octet])) for alert in alerts for octet in alert)
    for sent in (apart, together, octet_by_octet):
        flight = read(sent)
        assert flight.alerts == found
        assert flight.complete is ends


# RFC 5246 7.2.2: always fatal. RFC 8446 6.2 adds 109, 116 and 120, RFC 7507 has 86.
ALWAYS_FATAL = (10, 20, 21, 22, 30, 40, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 109, 116, 120)


@pytest.mark.parametrize("description", range(130))
def test_which_warnings_end_a_flight(description: int) -> None:
    assert read(record(21, bytes([1, description]))).complete is (description in (0, *ALWAYS_FATAL))


def test_as_many_alerts_as_are_read() -> None:
    flight = read(record(21, b"\x01\x70" * 16))
    assert len(flight.alerts) == 16
    assert not flight.complete
    assert flight.problem == ""


def test_the_longest_record() -> None:
    longest = message(11, v24(v24(bytes(18_432 - 10))))
    flight = read(handshake(USUAL[0]) + record(22, longest) + handshake(DONE))
    assert [len(certificate) for certificate in flight.chain] == [18_432 - 10]
    assert flight.done
    flight = read(handshake(USUAL[0]) + record(22, bytes(18_433)) + handshake(DONE))
    assert "a record of 18433 octets" in flight.problem


def test_a_hello_request_may_come_first() -> None:
    flight = read(handshake(message(0), *USUAL))
    assert flight.problem == ""
    assert flight.chain == CHAIN
    assert flight.done


def test_an_empty_signature_signs_nothing() -> None:
    for scheme in (b"\x08\x04", b""):
        flight = read(handshake(USUAL[0], message(12, X25519 + scheme + (v16(b"") if scheme else b"")), DONE))
        assert flight.key_exchange is not None
        assert not flight.key_exchange.signed


def test_half_an_alert_is_none() -> None:
    assert read(record(21, b"\x02")) == Flight()
    assert read(record(21, b"\x02\x28\x01")).alerts == (Alert(2, 40),)


def test_a_warning_before_the_server_hello_is_kept_and_read_past() -> None:
    flight = read(record(21, b"\x01\x70") + handshake(*USUAL))
    assert flight.alerts == (Alert(1, 112),)
    assert flight.chain == CHAIN
    assert flight.done


def test_an_alert_after_the_server_hello() -> None:
    flight = read(handshake(USUAL[0]) + record(21, b"\x02\x50"))
    assert flight.hello is not None
    assert flight.alerts == (Alert(2, 80),)
    assert flight.complete
    assert not flight.done


@pytest.mark.parametrize("version", [0x0000, 0x0002, 0x0200, 0x0305])
def test_alerts_of_old_stacks_carry_odd_versions(version: int) -> None:
    assert read(record(21, b"\x02\x46", version)).alerts == (Alert(2, 70),)


# ServerKeyExchange, in each kind that suites have.

DH = v16(b"p" * 128) + v16(b"\x02") + v16(b"y" * 128)
PRIME_CURVE = b"\x01" + v8(b"p") + v8(b"a") + v8(b"b") + v8(b"base") + v8(b"order") + v8(b"\1") + v8(b"point")
TRINOMIAL = b"\x02\x01\x1b\x01" + v8(b"k") + v8(b"a") + v8(b"b") + v8(b"base") + v8(b"o") + v8(b"\1") + v8(b"point")
PENTANOMIAL = (
    b"\x02\x01\x1b\x02" + v8(b"1") + v8(b"2") + v8(b"3") + v8(b"a") + v8(b"b") + v8(b"g") + v8(b"o") + v8(b"\1")
)
OLD_SIGNATURE = v16(bytes(256))


@pytest.mark.parametrize(
    ("suite", "version", "body", "expected"),
    [
        (
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            0x0301,
            X25519 + OLD_SIGNATURE,
            {"group": 29, "public": bytes(32), "signed": True},
        ),
        (
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            0x0303,
            X25519 + b"\x04\x03" + v16(b"s"),
            {"group": 29, "public": bytes(32), "signed": True, "scheme": 0x0403},
        ),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0x0302, PRIME_CURVE, {"explicit_curve": True, "public": b"point"}),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0x0302, TRINOMIAL, {"explicit_curve": True, "public": b"point"}),
        (
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            0x0302,
            PENTANOMIAL + v8(b"pt"),
            {"explicit_curve": True, "public": b"pt"},
        ),
        ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", 0x0303, X25519, {"group": 29, "public": bytes(32)}),
        ("TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", 0x0303, v16(b"hint") + X25519, {"group": 29, "public": bytes(32)}),
        (
            "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
            0x0303,
            DH + SIGNATURE,
            {"prime": b"p" * 128, "generator": b"\x02", "public": b"y" * 128, "signed": True, "scheme": 0x0804},
        ),
        (
            "TLS_DHE_DSS_EXPORT_WITH_DES40_CBC_SHA",
            0x0300,
            DH + OLD_SIGNATURE,
            {"prime": b"p" * 128, "generator": b"\x02", "public": b"y" * 128, "signed": True},
        ),
        (
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            0x0301,
            DH,
            {"prime": b"p" * 128, "generator": b"\x02", "public": b"y" * 128},
        ),
        (
            "TLS_DHE_PSK_WITH_AES_128_CBC_SHA",
            0x0303,
            v16(b"") + DH,
            {"prime": b"p" * 128, "generator": b"\x02", "public": b"y" * 128},
        ),
        (
            "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
            0x0301,
            v16(b"n" * 64) + v16(b"\1\0\1") + OLD_SIGNATURE,
            {"rsa_modulus": b"n" * 64, "signed": True},
        ),
        ("TLS_PSK_WITH_AES_128_CBC_SHA", 0x0303, v16(b"hint"), {}),
        ("TLS_RSA_PSK_WITH_AES_128_CBC_SHA", 0x0303, v16(b""), {}),
        ("TLS_SRP_SHA_WITH_AES_128_CBC_SHA", 0x0303, v16(b"N") + v16(b"g") + v8(b"salt") + v16(b"B"), {"public": b"B"}),
        (
            "TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA",
            0x0303,
            v16(b"N") + v16(b"g") + v8(b"salt") + v16(b"B") + SIGNATURE,
            {"public": b"B", "signed": True, "scheme": 0x0804},
        ),
        ("TLS_ECJPAKE_WITH_AES_128_CCM_8", 0x0303, b"?", {"readable": False}),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0x0301, b"\x07?", {"readable": False}),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0x0301, b"\x03\0", {"readable": False}),
        ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 0x0301, v16(b"p") + b"\xff\xff", {"readable": False}),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0x0301, b"", {"readable": False}),
    ],
)
def test_server_key_exchange(suite: str, version: int, body: bytes, expected: dict[str, object]) -> None:
    flight = read(handshake(server_hello(suite_number(suite), version), message(12, body), DONE))
    assert flight.key_exchange == ServerKeyExchange(**expected)  # type: ignore[arg-type]
    assert flight.complete


def test_a_suite_nobody_knows_has_no_readable_key_exchange() -> None:
    flight = read(handshake(server_hello(0x5A5A), message(12, X25519 + SIGNATURE), DONE))
    assert flight.key_exchange == ServerKeyExchange(readable=False)


# The other messages.


@pytest.mark.parametrize(
    ("body", "staple"),
    [
        (b"\x01" + v24(b"response"), b"response"),
        (b"\x02" + v24(v24(b"first") + v24(b"second")), b"first"),
        (b"\x01" + v24(b""), None),
        (b"\x02" + v24(b""), None),
        (b"\x07?", None),
    ],
)
def test_certificate_status(body: bytes, staple: bytes | None) -> None:
    flight = read(handshake(USUAL[0], certificates(*CHAIN), message(22, body), DONE))
    assert flight.staple == staple
    assert flight.chain == CHAIN
    assert flight.problem == ""


def test_certificate_request_of_tls12_and_before() -> None:
    names = v16(v16(b"first") + v16(b"second"))
    new = message(13, v8(b"\x01\x40") + v16(b"\x04\x03\x08\x04") + names)
    flight = read(handshake(server_hello(), new, DONE))
    assert flight.certificate_request == CertificateRequest((1, 64), (0x0403, 0x0804), (b"first", b"second"))
    old = message(13, v8(b"\x01\x02") + names)
    flight = read(handshake(server_hello(ECDHE_OLD, 0x0302), old, DONE))
    assert flight.certificate_request == CertificateRequest((1, 2), (), (b"first", b"second"))
    nobody = message(13, v8(b"\x01") + v16(b"\x04\x03") + v16(b""))
    assert read(handshake(server_hello(), nobody, DONE)).certificate_request == CertificateRequest((1,), (0x0403,), ())


def test_no_more_than_200_authorities() -> None:
    request = message(13, v8(b"\x01") + v16(b"") + v16(v16(b"x") * 300))
    flight = read(handshake(server_hello(), request, DONE))
    assert flight.certificate_request is not None
    assert len(flight.certificate_request.authorities) == 200
    assert flight.done


# SSLv2.


def sslv2(body: bytes, octets_in_header: int = 2) -> bytes:
    if octets_in_header == 2:
        return struct.pack(">H", 0x8000 | len(body)) + body
    return struct.pack(">HB", len(body), 0) + body


@pytest.mark.parametrize("octets_in_header", [2, 3])
def test_sslv2_server_hello(octets_in_header: int) -> None:
    kinds = b"\x01\x00\x80\x07\x00\xc0"
    body = b"\x04\x00\x01\x00\x02" + struct.pack(">HHH", 700, len(kinds), 16) + b"c" * 700 + kinds + b"i" * 16
    sent = sslv2(body, octets_in_header)
    flight = read(sent)
    assert flight.sslv2 == Sslv2Hello(b"c" * 700, (0x010080, 0x0700C0), b"i" * 16)
    assert flight.complete
    reader = FlightReader()
    told = [reader.feed(bytes([octet])) for octet in sent]
    assert told.index(True) == len(sent) - 1
    assert not read(sent[:-1]).complete


def test_sslv2_server_hello_without_common_ciphers() -> None:
    body = b"\x04\x00\x01\x00\x02" + struct.pack(">HHH", 3, 0, 16) + b"crt" + b"i" * 16
    assert read(sslv2(body)).sslv2 == Sslv2Hello(b"crt", (), b"i" * 16)


@pytest.mark.parametrize("octets_in_header", [2, 3])
def test_sslv2_error(octets_in_header: int) -> None:
    flight = read(sslv2(b"\x00\x00\x01", octets_in_header))
    assert flight.sslv2_error == 1
    assert flight.complete


def test_sslv2_lengths_that_do_not_fit() -> None:
    body = b"\x04\x00\x01\x00\x02" + struct.pack(">HHH", 700, 3, 16) + b"c" * 20
    flight = read(sslv2(body))
    assert flight.sslv2 is None
    assert "do not fit" in flight.problem


# What is no TLS.


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"<html>",
        b"220 mail.example.go.id ESMTP\r\n",
        b"* OK IMAP4rev1\r\n",
        b"+OK POP3\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00" * 64,
        b"\xff" * 64,
        b"\x16\x02\x00\x00\x10" + bytes(16),
        bytes(range(128, 200)),
    ],
)
def test_no_tls(octets: bytes) -> None:
    assert read(octets) == Flight(not_tls=True)


@pytest.mark.parametrize(
    "octets", [b"", b"\x16", b"\x16\x03", b"\x15\x03\x01\x00", b"\x80", b"\x80\x03", b"\x00\x03\x00\x00"]
)
def test_too_little_to_tell(octets: bytes) -> None:
    assert read(octets) == Flight()


@pytest.mark.parametrize("octets", [b"HTTP", b"\x16\x02", b"\xff\xff\xff"])
def test_few_octets_that_can_be_no_tls(octets: bytes) -> None:
    """The reader waits for the fifth octet; the parser, when no more came, tells."""
    assert parse_first_flight(octets) == Flight(not_tls=True)
    assert not FlightReader().feed(octets)


# Damage and bounds.


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (handshake(USUAL[0]) + b"garbage that goes on", "begins no TLS record"),
        (handshake(USUAL[0]) + b"\x16\x03\x03\xff\xff", "longer than TLS allows"),
        (handshake(message(2, b"\x03\x03short")), "ServerHello: it ends inside a field"),
        (handshake(certificates(*CHAIN), DONE), "Certificate: it came before a ServerHello"),
        (handshake(USUAL[0], USUAL[0], DONE), "ServerHello: it came after a ServerHello"),
        (handshake(message(6, b"\x7f\x12")), "message 6: it came before a ServerHello"),
        (record(23, b"data"), "encrypted records before a ServerHello"),
        (record(20, b"\x01"), "encrypted records before a ServerHello"),
        (handshake(USUAL[0], message(11, v24(b"\0\0\x09cut")), DONE), "Certificate: it ends inside a field"),
        (handshake(USUAL[0], message(22, b"\x01\0\0\x09cut"), DONE), "CertificateStatus: it ends inside a field"),
        (handshake(USUAL[0], message(13, b"\x09"), DONE), "CertificateRequest: it ends inside a field"),
        (handshake(USUAL[0], message(11, v24(v24(b"c") * 101)), DONE), "Certificate: more than 100 entries"),
        (
            handshake(server_hello(extensions=dict.fromkeys(range(101), b"")), DONE),
            "ServerHello: more than 100 extensions",
        ),
        (handshake(USUAL[0], *[message(0)] * 64), "more than 64 handshake messages"),
        (handshake(USUAL[0] + b"\x0b\x02\x00\x01"), "a handshake message of 131073 octets is longer"),
        (record(21, b"\x01\x70" * 17), "more than 16 alerts"),
        (handshake(USUAL[0]) + record(22, message(11, bytes(16_000))) * 20, "the first flight is longer than"),
    ],
)
def test_problems_are_named(octets: bytes, problem: str) -> None:
    flight = read(octets)
    assert problem in flight.problem


def test_what_was_read_before_the_damage_is_kept() -> None:
    damaged = message(11, v24(v24(CHAIN[0]) + b"\0\xff\xff"))
    flight = read(handshake(USUAL[0], damaged, USUAL[2], DONE))
    assert flight.chain == CHAIN[:1]
    assert flight.key_exchange == ServerKeyExchange(group=29, public=bytes(32), scheme=0x0804, signed=True)
    assert flight.done
    assert flight.problem


@given(st.binary(max_size=400))
def test_never_raises_on_anything(octets: bytes) -> None:
    flight = parse_first_flight(octets)
    assert not (flight.complete and flight.not_tls)
    read(octets)


@given(st.data())
def test_never_raises_on_damaged_flights(data: st.DataObject) -> None:
    request = message(13, v8(b"\x01\x40") + v16(b"\x04\x03\x08\x04") + v16(v16(b"authority")))
    whole = handshake(*USUAL[:2], message(22, b"\x01" + v24(b"response")), USUAL[2]) + handshake(request, DONE)
    octets = bytearray(whole)
    interesting = [*range(200), *range(len(octets) - 400, len(octets))]
    for _ in range(data.draw(st.integers(1, 6))):
        octets[data.draw(st.sampled_from(interesting))] = data.draw(st.integers(0, 255))
    sent = bytes(octets[: data.draw(st.integers(5, len(octets)))])
    read(sent)
    reader, over = FlightReader(), False
    for start in range(0, len(sent), 97):
        over = over or reader.feed(sent[start : start + 97])
    whole = FlightReader()
    assert whole.feed(sent) is over


def test_a_server_that_never_stops_is_left() -> None:
    reader, fed = FlightReader(), 0
    while not reader.feed(record(22, message(11, bytes(16_000)))):
        fed += 1
        assert fed < 100
    assert len(reader.octets) <= MAX_FLIGHT_BYTES + 16_500
    reader, fed = FlightReader(), 0
    while not reader.feed(record(22, b"") * 1000):
        fed += 1
        assert fed < 100


# Real servers.


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def serving(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE
    ) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                    break
                time.sleep(0.05)
            yield
        finally:
            process.kill()


def flight_of(port: int, hello: Hello, piece: int = 65_536) -> Flight:
    """A server's answer, read until the reader says that it is over or the server closes."""
    reader = FlightReader()
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(20)
        connection.sendall(build_client_hello(hello))
        while (data := connection.recv(piece)) and not reader.feed(data):
            pass
    return parse_first_flight(reader.octets)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, tuple[bytes, ...]]:
    folder = tmp_path_factory.mktemp("server")
    authority = root()
    server = leaf(authority, key=key("rsa"))
    (folder / "key.pem").write_text(server.key_pem, "ascii")
    (folder / "chain.pem").write_text(server.pem + authority.pem, "ascii")
    return folder / "key.pem", folder / "chain.pem", (server.der, authority.der)


ANY = Hello(groups=(29, 23, 24, 256), signature_schemes=(0x0804, 0x0401, 0x0403, 0x0201), server_name="x.example")


@pytest.mark.system("openssl")
def test_flights_of_openssl(served: tuple[Path, Path, tuple[bytes, ...]]) -> None:
    key_file, chain_file, chain = served
    port = free_port()
    command = [program("openssl") or "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", str(key_file)]
    command += ["-cert", str(chain_file), "-cipher", "ALL:@SECLEVEL=0", "-verify", "1"]
    with serving([*command, "-CAfile", str(chain_file)], port):
        for name, group, signed in (
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 29, True),
            ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", None, True),
            ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", 29, False),
            ("TLS_DH_anon_WITH_AES_128_CBC_SHA", None, False),
        ):
            flight = flight_of(port, replace(ANY, suites=(suite_number(name),)), piece=100)
            assert flight.hello is not None, name
            assert flight.hello.suite == suite_number(name)
            assert flight.hello.sentinel  # it speaks TLS 1.3
            assert flight.key_exchange is not None
            assert (flight.key_exchange.group, flight.key_exchange.signed) == (group, signed)
            assert bool(flight.key_exchange.prime) is (group is None)
            assert flight.key_exchange.scheme == (0x0804 if signed else None)
            assert flight.chain[: len(chain)] == (chain if signed else ())
            assert flight.certificate_request is not None or not signed
            assert flight.done
        flight = flight_of(port, Hello(version=0x0301, suites=(0x002F,)))
        assert flight.hello is not None
        assert (flight.hello.version, flight.key_exchange, flight.done) == (0x0301, None, True)
        retry = replace(ANY, suites=(0x1301,), supported_versions=(0x0304,), key_shares=())
        flight = flight_of(port, retry)
        assert flight.hello is not None
        assert (flight.hello.is_retry, flight.hello.version, flight.hello.group) == (True, 0x0304, 29)
        assert [alert.level for alert in flight_of(port, Hello(version=0x0300, suites=(0x002F,))).alerts] == [2]
        assert flight_of(port, Hello(version=0x0303, suites=(0x0004,))).alerts == (Alert(2, 40),)
        assert flight_of(port, Hello(version=2, suites=(0x010080,))).complete


@pytest.mark.system("gnutls-serv")
def test_flights_of_gnutls(served: tuple[Path, Path, tuple[bytes, ...]]) -> None:
    key_file, chain_file, chain = served
    port = free_port()
    priority = "NORMAL:+ANON-ECDH:+ANON-DH:+DHE-RSA:+VERS-TLS1.0:%COMPAT"
    command = [program("gnutls-serv") or "gnutls-serv", "--port", str(port), "--echo", "--priority", priority]
    with serving([*command, "--x509keyfile", str(key_file), "--x509certfile", str(chain_file)], port):
        for name, group, signed in (
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 29, True),
            ("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", None, True),
        ):
            flight = flight_of(port, replace(ANY, suites=(suite_number(name),)))
            assert flight.hello is not None, name
            assert flight.key_exchange is not None
            assert (flight.key_exchange.group, flight.key_exchange.signed) == (group, signed)
            assert flight.chain == chain
            assert flight.certificate_request is not None
            assert flight.done
        flight = flight_of(port, replace(ANY, suites=(0x1301,), supported_versions=(0x0304,), key_shares=()))
        assert flight.hello is not None
        assert flight.hello.is_retry
        assert flight_of(port, replace(ANY, suites=(0x0004,))).alerts[-1].level == 2
