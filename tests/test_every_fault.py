"""The faults of the modules beside `faults` (see `every_fault`) do what they say, as other clients see it.

HTTP: the octets on the wire. TLS: what Python's own `ssl` objects to. Certificates: what arrives in a handshake.
DNS: the message, read by dnspython where it can be read. A fault without an expectation fails.
"""

import contextlib
import re
import socket
import ssl
from collections.abc import Mapping

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import faults
import faults_certificates
import faults_http
import faults_tls
import pytest
from every_fault import BEHAVIOURS, MODULES, NAME_FAULTS
from faults import FaultyNameserver, Served, in_thread, serving_in_thread
from OpenSSL import SSL, crypto

CLIENT_S = 10.0
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def names_of(module: object) -> list[str]:
    """The behaviours that a module entered, without their twins under TLS."""
    own = getattr(module, "__name__", "")
    return [name for name, it in BEHAVIOURS.items() if it.serve.__module__ == own and not name.endswith("+tls")]


def test_every_behaviour_is_shown_here() -> None:
    http_names = {*faults_http.SCRIPTS, *faults_http.TURNS, *(f"redirect_to_{it}" for it in faults_http.LOCATIONS)}
    assert set(names_of(faults_http)) == http_names | SPOKEN.keys()
    assert set(names_of(faults_tls)) == OBJECTIONS.keys() | FLOODS
    cases = {*faults_certificates.CASES, *faults_certificates.UNSERVABLE, "alternating"}
    assert set(names_of(faults_certificates)) == {f"certificate_{it}" for it in cases}
    assert {name for name, fault in NAME_FAULTS.items() if fault.__module__ == "faults_dns"} == REPLIES.keys()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.__name__))
def test_every_one_says_what_it_is(module: object) -> None:
    assert module.__doc__
    assert [name for name in names_of(module) if not BEHAVIOURS[name].summary.strip()] == []
    assert [name for name, fault in NAME_FAULTS.items() if not (fault.__doc__ or "").strip()] == []


# HTTP ---------------------------------------------------------------------------------------------------


def received(served: Served, *, at_most: int = 1 << 22, patience_s: float = CLIENT_S) -> bytes:
    """What comes in answer to a request, until the end, a limit or a silence; reset or not."""
    parts: list[bytes] = []
    with socket.create_connection((served.address, served.port), CLIENT_S) as sock:
        sock.settimeout(patience_s)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            sock.sendall(REQUEST)
            while sum(map(len, parts)) < at_most and (part := sock.recv(65536)):
                parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("name", faults_http.SCRIPTS)
def test_script_is_sent_as_it_is(name: str) -> None:
    octets, _ = faults_http.SCRIPTS[name]
    with serving_in_thread(BEHAVIOURS[name]) as served:
        assert received(served) == octets()


@pytest.mark.parametrize("name", faults_http.LOCATIONS)
def test_redirect_leads_where_it_says(name: str) -> None:
    with serving_in_thread(BEHAVIOURS[f"redirect_to_{name}"]) as served:
        sent = received(served)
    assert sent.startswith(b"HTTP/1.1 302 ")
    assert b"\r\nLocation: " + faults_http.LOCATIONS[name] + b"\r\n" in sent


@pytest.mark.parametrize("name", faults_http.TURNS)
def test_answers_take_turns(name: str) -> None:
    answers, _ = faults_http.TURNS[name]
    with serving_in_thread(BEHAVIOURS[name]) as served:
        assert [received(served) for _ in range(len(answers) + 1)] == [*answers, answers[0]]


HEAD = rb"HTTP/1\.1 200 OK\r\n"
# What has come after a moment, for those whose answer is not a fixed text; True: the connection is still open then.
SPOKEN: Mapping[str, tuple[bytes, bool]] = {
    "head_pause_in_the_middle": (HEAD + rb"Strict-Transport-Security: [^\r]*", True),
    "one_byte_then_nothing": (rb"H", True),
    "body_never_begins": (HEAD + rb".*Content-Length: 1000\r\n\r\n", True),
    "chunk_drip": (HEAD + rb".*\r\n\r\n(1\r\na\r\n)+", True),
    "slow_close": (HEAD + rb".*\r\n\r\n<!doctype.*", True),
    "complete_but_open": (HEAD + rb".*Content-Length: 36\r\n\r\n<!doctype.*", True),
    "informational_drip": (rb"H.*", True),
    "reset_mid_body": (HEAD + rb".*Content-Length: 1000\r\n\r\n<!doctype.*", False),
    "reset_after_request": (rb"", False),
    "answers_before_request": (HEAD + rb".*<!doctype.*", False),
    "echoes_request": (HEAD + rb".*\r\n\r\nGET / HTTP/1\.1\r\nHost: x\r\n\r\n", False),
    "endless_redirect_locations": (rb"HTTP/1\.1 302 Found\r\n.*Location: /a{100}\r\n.*", False),
    "longer_each_time": (HEAD + rb".*\r\n\r\n1\r\nx\r\n2\r\nxx\r\n.*0\r\n\r\n", False),
}


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_spoken_and_whether_it_goes_on(name: str) -> None:
    pattern, stays = SPOKEN[name]
    drips = name in ("chunk_drip", "informational_drip")  # they never fall silent: three pieces are enough
    with (
        serving_in_thread(BEHAVIOURS[name]) as served,
        socket.create_connection((served.address, served.port), CLIENT_S) as sock,
    ):
        sock.sendall(REQUEST)
        sock.settimeout(0.5 if stays and not drips else CLIENT_S)
        parts: list[bytes] = []
        open_still = False
        try:
            while (part := sock.recv(65536)) and not (drips and len(parts) == 3):
                parts.append(part)
            open_still = bool(part)
        except TimeoutError:
            open_still = True
        except ConnectionResetError:
            pass
    assert re.fullmatch(pattern, b"".join(parts), re.DOTALL)
    assert open_still is stays


# TLS ----------------------------------------------------------------------------------------------------

# What Python's client objects to, or what it gets when it does not object.
ANSWERED = "200"
OBJECTIONS: Mapping[str, str] = {
    "tls_never_answers": "timed out",
    "tls_closed_after_client_hello": "EOF",
    "tls_reset_after_client_hello": "reset",
    "tls_closed_after_server_hello": "EOF",
    "tls_server_hello_drip": "timed out",
    "tls_server_hello_twice": "unexpected message",
    "tls_version_unknown": "unsupported protocol",
    "tls_ssl_3": "unsupported protocol|wrong ssl version|wrong version",
    "tls_cipher_not_offered": "wrong cipher|unknown cipher",
    "tls_hello_retry_twice": "unexpected message|illegal|bad",
    "tls_content_before_handshake": "unexpected message|app data in handshake|record",
    "tls_content_after_server_hello": "unexpected|app data in handshake|record",
    "tls_banner_ssh": "wrong version number|record layer failure",
    "tls_banner_smtp": "wrong version number|record layer failure",
    "tls_record_too_long": "length too long|record layer failure",
    "tls_record_type_unknown": "unexpected",
    "tls_record_header_only": "timed out",
    "tls_empty_records_flood": "record|unexpected|empty",
    "tls_warnings_flood": "too many warn alerts",
    "tls_alert_unrecognized_name": "unrecognized name",
    "tls_alert_protocol_version": "alert protocol version",
    "tls_alert_unknown": "unknown",
    "tls_close_notify_at_once": "EOF|closed",
    "tls_message_of_16_mib": "excessive message size|too large|length mismatch",
    "tls_certificate_cut": "EOF",
    "tls_certificate_drip": "timed out",
    "tls_certificate_list_empty": "length|certificate",
    "tls_certificate_garbage": "asn1|nested|wrong tag|bad object|bad",
    "tls_certificate_nested": "asn1|nested|wrong tag|bad",
    "tls_wrong_key_12": "bad signature",
    "tls_wrong_key_13": "bad signature",
    "tls_finished_wrong": "digest check failed",
    "tls_record_altered_13": "bad record mac|decryption failed",
    "tls_client_certificate_12": "alert handshake failure",
    "tls_client_certificate_13": "certificate required",
    "tls_10_only": ANSWERED,
    "tls_11_only": ANSWERED,
    "tls_records_of_one_byte": ANSWERED,
    "tls_renegotiation_asked": ANSWERED,
    "tls_closed_without_notify": "unexpected eof|EOF",
    "tls_own_records": ANSWERED,
    "tls_alert_for_answer": "alert internal error",
    "tls_notify_for_answer": "EOF|closed",
    "tls_handshake_again": "unexpected message",
    "tls_certificate_request_late": "extension not received|unexpected message",
    "tls_plain_text_after_handshake": "record|version",
    "tls_body_altered": "bad record mac|decryption failed",
    "tls_head_byte_by_byte": ANSWERED,
    "tls_key_update_then_answer": ANSWERED,
}
FLOODS = {
    "tls_key_update_flood",
    "tls_key_update_requests_flood",
    "tls_tickets_flood",
    "tls_empty_content_flood",
}
"""What clients object to here depends on their patience."""
MOMENT_S = 0.7


def told(served: Served, patience_s: float) -> str:
    """The status of the answer, or what the client objects to; `timed out` when its patience ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=faults.ca_pem())
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    try:
        with socket.create_connection((served.address, served.port), CLIENT_S) as raw:
            raw.settimeout(patience_s)
            with context.wrap_socket(raw, server_hostname="x.fault.test", suppress_ragged_eofs=False) as secure:
                secure.sendall(REQUEST)
                sent = b""
                while part := secure.recv(65536):
                    sent += part
                    if sent.endswith(faults.BODY) and b"Content-Length" in sent:
                        break
                status = re.match(rb"HTTP/1\.1 (\d{3}) ", sent)
                return status[1].decode() if status else "EOF: closed without an answer"
    except OSError as error:
        return str(error).replace("_", " ")


@pytest.mark.parametrize("name", OBJECTIONS)
def test_what_a_tls_client_objects_to(name: str) -> None:
    patience_s = MOMENT_S if OBJECTIONS[name] == "timed out" else CLIENT_S
    with serving_in_thread(BEHAVIOURS[name]) as served:
        assert re.search(OBJECTIONS[name], told(served, patience_s), re.IGNORECASE)


@pytest.mark.parametrize("name", sorted(FLOODS))
def test_a_flood_is_one(name: str) -> None:
    """A handshake in order, and then a quarter of a megabyte without an answer."""
    with serving_in_thread(BEHAVIOURS[name]) as served, socket.create_connection((served.address, served.port)) as raw:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cadata=faults.ca_pem())
        tls = context.wrap_bio(incoming, outgoing, server_hostname="x.fault.test")
        raw.settimeout(CLIENT_S)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                incoming.write(raw.recv(65536))
        tls.write(REQUEST)
        raw.sendall(outgoing.read())
        flood = 0
        while flood < 1 << 18:
            flood += len(raw.recv(65536))


# Certificates -------------------------------------------------------------------------------------------


def presented(served: Served) -> list[bytes]:
    """The chain that arrives, DER, whatever it is worth."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    with socket.create_connection((served.address, served.port), CLIENT_S) as raw:
        raw.settimeout(None)
        client = SSL.Connection(context, raw)
        client.set_tlsext_host_name(b"x.fault.test")
        client.set_connect_state()
        with contextlib.suppress(SSL.Error):  # what cannot be served ends in a failed handshake, after the chain
            client.do_handshake()
        chain = client.get_peer_cert_chain() or []
        return [crypto.dump_certificate(crypto.FILETYPE_ASN1, it) for it in chain]


NEEDLES: Mapping[str, bytes] = {
    "subject_controls": b"\x07\x08\x0b\x7f\rb\nc",
    "subject_ansi": b"\x1b[31m",
    "subject_bidi": "\u202e".encode(),
    "subject_html": b"<script>",
    "subject_formula": b"=cmd|",
    "subject_nul": b"\0.evil",
    "subject_64k": b"o" * 65_536,
    "names_ansi": b"\x1b[31m",
    "names_20k": b"a" * 20_000,
    "names_3000": b"host-2997.example.test",
    "names_6000": b"h5997.test",
    "issuer_newline": b"\r\nX-Injected: yes\n",
    "issuer_url_hostile": b"\nhttp://evil",
    "year_9999": b"99991231235959Z",
    "year_1950": b"500101000000Z",
    "serial_negative": b"\xa0\x03\x02\x01\x02\x02\x01\x80",
    "serial_1000_octets": b"\x7f" * 1000,
    "extension_nested": b"\x30\x02\x05\x00",
    "time_month_13": b"20261301000000Z",
}


@pytest.mark.parametrize("name", [*faults_certificates.CASES, "time_month_13", "names_unreadable", "extension_twice"])
def test_certificate_arrives_as_it_was_made(name: str) -> None:
    with serving_in_thread(BEHAVIOURS[f"certificate_{name}"]) as served:
        chain = presented(served)
    made = (faults_certificates.CASES | faults_certificates.UNSERVABLE)[name][0]()  # type: ignore[operator]
    assert len(chain) == len(made)
    # Signatures differ from making to making; what they sign does not, but for its serial number.
    assert all(abs(len(one) - len(other)) <= 8 for one, other in zip(chain, made, strict=True))
    assert NEEDLES.get(name, b"") in chain[0]


def test_a_certificate_that_alternates_does() -> None:
    with serving_in_thread(BEHAVIOURS["certificate_alternating"]) as served:
        one, other, again = (presented(served) for _ in range(3))
    assert one != other
    assert one == again


# Name servers -------------------------------------------------------------------------------------------

# Over UDP and over TCP: the response code and the number of answers; `tc` truncated, `bad` unreadable, `-` silence.
REPLIES: Mapping[str, tuple[str, str]] = {
    "cname-outside": ("NOERROR 2", "NOERROR 2"),
    "cname-metadata": ("NOERROR 2", "NOERROR 2"),
    "cname-nowhere": ("NXDOMAIN 1", "NXDOMAIN 1"),
    "cname-self": ("NOERROR 1", "NOERROR 1"),
    "metadata": ("NOERROR 1", "NOERROR 1"),
    "mapped-loopback": ("NOERROR 0", "NOERROR 0"),
    "public-to-private": ("NOERROR 1", "NOERROR 1"),
    "unspecified": ("NOERROR 1", "NOERROR 1"),
    "broadcast": ("NOERROR 3", "NOERROR 3"),
    "records-500": ("tc", "NOERROR 500"),
    "huge-additional": ("tc", "NOERROR 1"),
    "pointer-loop": ("bad", "bad"),
    "pointer-beyond": ("bad", "bad"),
    "record-cut": ("bad", "bad"),
    "count-lies": ("bad", "bad"),
    "other-question": ("NOERROR 1", "NOERROR 1"),
    "no-question": ("NOERROR 1", "NOERROR 1"),
    "other-owner": ("NOERROR 1", "NOERROR 1"),
    "a-for-aaaa": ("NOERROR 1", "NOERROR 1"),
    "query-bit": ("NOERROR 0", "NOERROR 0"),
    "tcp-hang": ("tc", "-"),
    "tcp-garbage": ("tc", "bad"),
    "tcp-truncated": ("tc", "tc"),
    "tcp-short": ("tc", "bad"),
    "tcp-drip": ("tc", "NOERROR 1"),
    "ede-blocked": ("NOERROR 1", "NOERROR 1"),
    "servfail-then-ok": ("SERVFAIL 0", "NOERROR 1"),
    "silent-then-ok": ("-", "NOERROR 1"),
    "referral": ("NOERROR 0", "NOERROR 0"),
    "formerr": ("FORMERR 0", "FORMERR 0"),
    "rcode-badvers": ("BADVERS 0", "BADVERS 0"),
    "rcode-unknown": ("13 0", "13 0"),
    "half-broken": ("NOERROR 1", "NOERROR 1"),
}


def in_short(wire: bytes | None) -> str:
    if wire is None:
        return "-"
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return "bad"
    if message.flags & dns.flags.TC:
        return "tc"
    code = dns.rcode.to_text(message.rcode())
    return f"{code} {sum(len(rrset) for rrset in message.answer)}"


@pytest.mark.parametrize("fault", REPLIES)
def test_reply(fault: str) -> None:
    nameserver = FaultyNameserver()
    query = dns.message.make_query(f"{fault}.fault.test", "A", use_edns=0, payload=1232).to_wire()
    assert (in_short(nameserver.reply(query)), in_short(nameserver.reply(query, over_tcp=True))) == REPLIES[fault]


def test_a_slow_reply_comes_octet_by_octet() -> None:
    query = dns.message.make_query("tcp-drip.fault.test", "A").to_wire()
    with (
        in_thread(FaultyNameserver()) as nameserver,
        socket.create_connection((nameserver.address, nameserver.port), CLIENT_S) as sock,
    ):
        sock.sendall(len(query).to_bytes(2, "big") + query)
        assert [len(sock.recv(65536)) for _ in range(3)] == [1, 1, 1]
