"""The demo estate, asked by real clients: ssl and http.client, pyOpenSSL (chains as sent), dnspython."""

import asyncio
import http.client
import re
import socket
import ssl
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.zone
import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from scanner.demo.estate import (
    ADDRESSES,
    NAMESERVER,
    WITH_HTTPS,
    DemoError,
    DemoEstate,
    Ports,
    estate_in_thread,
    example_targets,
    raise_estate,
)
from scanner.demo.nameserver import NameServer

TIMEOUT_S = 10.0


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoEstate]:
    with estate_in_thread(tmp_path_factory.mktemp("demo"), ports=Ports.ephemeral()) as raised:
        yield raised


# --- certificates -------------------------------------------------------------------------------------------


def handshake_error(estate: DemoEstate, label: str, address: str) -> str | None:
    """OpenSSL's reason to refuse the certificate, None when it is trusted for the name."""
    context = ssl.create_default_context(cafile=str(estate.ca_path))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with socket.create_connection((address, estate.ports.https), TIMEOUT_S) as tcp:
        try:
            with context.wrap_socket(tcp, server_hostname=f"{label}.contoh.test"):
                return None
        except ssl.SSLCertVerificationError as error:
            return error.verify_message


def chain_as_sent(estate: DemoEstate, label: str, address: str | None = None) -> list[x509.Certificate]:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    with socket.create_connection((address or ADDRESSES[label][0], estate.ports.https), TIMEOUT_S) as tcp:
        tcp.settimeout(None)  # pyOpenSSL reads a time-out as "not now"
        connection = SSL.Connection(context, tcp)
        connection.set_tlsext_host_name(f"{label}.contoh.test".encode())
        connection.set_connect_state()
        connection.do_handshake()
        chain = connection.get_peer_cert_chain() or []
        return [certificate.to_cryptography() for certificate in chain]


REFUSED = {
    "127.77.0.30": "certificate has expired",
    "127.77.0.41": "self-signed certificate",
    "127.77.0.42": "Hostname mismatch",
    "127.77.0.21": "unable to get local issuer certificate",
    "127.77.0.81": "certificate has expired",
}


@pytest.mark.parametrize(
    ("label", "address"), [(label, address) for label in WITH_HTTPS for address in ADDRESSES[label]]
)
def test_certificate_is_refused_for_its_own_fault_only(estate: DemoEstate, label: str, address: str) -> None:
    error = handshake_error(estate, label, address)
    if address in REFUSED:
        assert error is not None
        assert REFUSED[address] in error.replace("self signed", "self-signed")
    else:
        assert error is None


def kind_of(certificate: x509.Certificate) -> str:
    if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return "leaf"
    return "root" if certificate.issuer == certificate.subject else "intermediate"


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("www", ["leaf", "intermediate"]),
        ("api.perizinan", ["leaf"]),
        ("surat", ["leaf"]),
        ("jdih", ["leaf", "root", "intermediate"]),
        ("statistik", ["leaf", "intermediate", "root"]),
    ],
)
def test_chain_as_sent(estate: DemoEstate, label: str, kinds: list[str]) -> None:
    assert [kind_of(certificate) for certificate in chain_as_sent(estate, label)] == kinds


def test_self_signed_leaf_is_signed_by_its_own_key(estate: DemoEstate) -> None:
    (leaf,) = chain_as_sent(estate, "surat")
    leaf.verify_directly_issued_by(leaf)


@pytest.mark.parametrize(
    ("label", "address", "left"),
    [
        ("www", None, timedelta(days=60)),
        ("lapor", None, timedelta(days=10)),
        ("arsip", None, timedelta(days=-2)),
        ("dua", "127.77.0.80", timedelta(days=60)),
        ("dua", "127.77.0.81", timedelta(days=-2)),
    ],
)
def test_expiry_counts_from_now(estate: DemoEstate, label: str, address: str | None, left: timedelta) -> None:
    leaf = chain_as_sent(estate, label, address)[0]
    assert leaf.not_valid_after_utc - estate.now == left
    assert leaf.not_valid_before_utc < min(estate.now, leaf.not_valid_after_utc)


def test_certificates_follow_the_clock_they_are_given(tmp_path: Path) -> None:
    now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    with estate_in_thread(tmp_path, ports=Ports.ephemeral(), now=now) as estate:
        assert chain_as_sent(estate, "arsip")[0].not_valid_after_utc == now - timedelta(days=2)


def test_missing_intermediate_can_be_fetched_from_the_address_the_leaf_names(estate: DemoEstate) -> None:
    (leaf,) = chain_as_sent(estate, "api.perizinan")
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    (location,) = [a.access_location for a in access if a.access_method == AuthorityInformationAccessOID.CA_ISSUERS]
    assert location.value == f"http://pki.contoh.test:{estate.ports.http}/antara.cer"
    reply = ask(estate, "pki", "/antara.cer", plain=True)
    assert reply.headers["content-type"] == "application/pkix-cert"
    leaf.verify_directly_issued_by(x509.load_der_x509_certificate(reply.body))


def test_only_the_root_is_left_in_the_directory(estate: DemoEstate) -> None:
    assert [path.name for path in estate.directory.iterdir()] == ["ca.pem"]
    assert estate.ca_path.read_bytes() == estate.ca_pem
    assert b"PRIVATE" not in estate.ca_pem
    assert kind_of(x509.load_pem_x509_certificate(estate.ca_pem)) == "root"


# --- HTTP ---------------------------------------------------------------------------------------------------


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()


def ask(
    estate: DemoEstate,
    label: str,
    path: str = "/",
    *,
    plain: bool = False,
    method: str = "GET",
    address: str | None = None,
) -> Answer:
    address = address or ADDRESSES[label][0]
    if plain:
        connection = http.client.HTTPConnection(address, estate.ports.http, timeout=TIMEOUT_S)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(address, estate.ports.https, timeout=TIMEOUT_S, context=context)
    try:
        connection.request(method, path, headers={"Host": f"{label}.contoh.test"})
        return Answer(connection.getresponse())
    finally:
        connection.close()


YEAR = "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    ("label", "path", "status", "hsts"),
    [
        ("www", "/", 200, YEAR),
        ("www", "/tidak-ada", 404, YEAR),
        ("arsip", "/", 200, YEAR),
        ("lapor", "/?a=b", 200, YEAR),
        ("surat", "/", 200, YEAR),
        ("layanan", "/", 200, YEAR),
        ("jdih", "/", 200, YEAR),
        ("statistik", "/", 200, YEAR),
        ("dua", "/", 200, YEAR),
        ("perizinan", "/", 200, "max-age=86400; includeSubDomains"),
        ("api.perizinan", "/v1/izin", 200, None),
        ("api.perizinan", "/v1/lain", 404, None),
        ("sso", "/", 403, None),
        ("sso", "/apa/saja", 403, None),
        ("satu", "/", 302, YEAR),
        ("satu", "/beranda", 200, YEAR),
    ],
)
def test_answer_over_https(estate: DemoEstate, label: str, path: str, status: int, hsts: str | None) -> None:
    answer = ask(estate, label, path)
    assert (answer.status, answer.headers.get("strict-transport-security")) == (status, hsts)
    assert int(answer.headers["content-length"]) == len(answer.body) > 0


@pytest.mark.parametrize("address", ADDRESSES["www"])
def test_both_addresses_of_www_answer_alike(estate: DemoEstate, address: str) -> None:
    answers = [ask(estate, "www", address=a) for a in ADDRESSES["www"]]
    assert answers[0].body == answers[1].body
    assert ask(estate, "www", plain=True, address=address).status == 301


@pytest.mark.parametrize("label", [label for label in WITH_HTTPS if label not in {"perizinan", "sso", "satu"}])
def test_plain_http_redirects_to_https_on_the_same_host(estate: DemoEstate, label: str) -> None:
    answer = ask(estate, label, "/a/b?c=d", plain=True)
    assert answer.status == 301
    assert answer.headers["location"] == f"https://{label}.contoh.test:{estate.ports.https}/a/b?c=d"
    assert "strict-transport-security" not in answer.headers


def test_perizinan_serves_its_content_over_plain_http(estate: DemoEstate) -> None:
    plain, secure = ask(estate, "perizinan", plain=True), ask(estate, "perizinan")
    assert plain.status == 200
    assert plain.body == secure.body
    assert plain.headers["set-cookie"] == "ci_session=nilai-palsu; Path=/"


def test_satu_goes_to_https_and_back(estate: DemoEstate) -> None:
    there = ask(estate, "satu", plain=True)
    back = ask(estate, "satu")
    assert there.headers["location"] == f"https://satu.contoh.test:{estate.ports.https}/"
    assert back.headers["location"] == f"http://satu.contoh.test:{estate.ports.http}/beranda"
    assert ask(estate, "satu", "/beranda", plain=True).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize("plain", [False, True])
def test_sso_refuses_everything(estate: DemoEstate, method: str, plain: bool) -> None:
    answer = ask(estate, "sso", "/x", method=method, plain=plain)
    assert answer.status == 403
    assert (b"support ID" in answer.body) is (method != "HEAD")


def test_api_answers_json(estate: DemoEstate) -> None:
    assert ask(estate, "api.perizinan", "/v1/izin").headers["content-type"] == "application/json"


@pytest.mark.parametrize("port", ["https", "http"])
def test_nothing_listens_for_ppid(estate: DemoEstate, port: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESSES["ppid"][0], getattr(estate.ports, port)), TIMEOUT_S)


@pytest.mark.parametrize(
    ("method", "status", "allow"),
    [
        ("GET", 200, None),
        ("HEAD", 200, None),
        ("OPTIONS", 204, "GET, HEAD, OPTIONS"),
        ("TRACE", 405, "GET, HEAD, OPTIONS"),
        ("PUT", 405, "GET, HEAD, OPTIONS"),
    ],
)
def test_methods(estate: DemoEstate, method: str, status: int, allow: str | None) -> None:
    answer = ask(estate, "www", method=method)
    assert (answer.status, answer.headers.get("allow")) == (status, allow)


def test_head_is_get_without_the_body(estate: DemoEstate) -> None:
    get, head = ask(estate, "www"), ask(estate, "www", method="HEAD")
    assert head.body == b""
    assert head.headers.keys() == get.headers.keys()
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("label", ["www", "sso"])
def test_server_header_names_no_version(estate: DemoEstate, label: str) -> None:
    assert re.fullmatch(r"[a-z-]+", ask(estate, label).headers["server"])


# --- HTTP, the conversation ---------------------------------------------------------------------------------


def say(estate: DemoEstate, sent: bytes, *, port: int | None = None, finish: bool = False) -> bytes:
    """Everything `www` answers on its plain port until it closes. `finish`: we say that we have no more."""
    address = (ADDRESSES["www"][0], port or estate.ports.http)
    received = b""
    with socket.create_connection(address, TIMEOUT_S) as tcp:
        tcp.sendall(sent)
        if finish:
            tcp.shutdown(socket.SHUT_WR)
        while data := tcp.recv(65536):
            received += data
    return received


HOST = b"Host: www.contoh.test\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        pytest.param(GET + b"Connection: close\r\n\r\n", [b"301"], id="close"),
        pytest.param(GET + b"\r\n" + GET + b"Connection: close\r\n\r\n", [b"301", b"301"], id="pipelined"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", [b"301"], id="http/1.0"),
        pytest.param(
            b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n" + HOST + b"\r\nabc",
            [b"301"],
            id="body",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\nExpect: 100-continue\r\n" + HOST + b"\r\n",
            [b"301"],
            id="expect without body",
        ),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", [b"400"], id="no host"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32), [b"400"], id="TLS hello"),
        pytest.param(b"apa kabar\r\n\r\n", [b"400"], id="prose"),
        pytest.param(GET + b"X: a\x00b\r\n\r\n", [b"400"], id="NUL in a header"),
        pytest.param(GET + b"X: " + b"a" * 17000, [b"431"], id="long head"),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 99999\r\n" + HOST + b"\r\n" + b"a" * 65537,
            [b"413"],
            id="long body",
        ),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"GET / HT", [b"400"], id="half a line"),
    ],
)
def test_conversation_ends_after_the_answer(estate: DemoEstate, sent: bytes, statuses: list[bytes]) -> None:
    received = say(estate, sent, finish=sent in {b"", b"GET / HT"})
    assert re.findall(rb"^HTTP/1\.1 (\d{3}) ", received, re.MULTILINE) == statuses
    assert received == b"" or b"\r\nConnection: close\r\n" in received


def test_expectation_is_met_before_the_body_comes(estate: DemoEstate) -> None:
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\nExpect: 100-continue\r\n" + HOST + b"\r\n"
    with socket.create_connection((ADDRESSES["www"][0], estate.ports.http), TIMEOUT_S) as tcp:
        tcp.sendall(head)
        assert tcp.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        tcp.sendall(b"x")
        assert tcp.recv(13) == b"HTTP/1.1 301 "


def test_one_connection_serves_several_requests(estate: DemoEstate) -> None:
    connection = http.client.HTTPConnection(ADDRESSES["www"][0], estate.ports.http, timeout=TIMEOUT_S)
    connection.connect()
    tcp = connection.sock
    for path in ("/", "/a", "/b"):
        connection.request("GET", path, headers={"Host": "www.contoh.test"})
        connection.getresponse().read()
    assert connection.sock is tcp
    connection.close()


@pytest.mark.parametrize("target", ["*", "http://lain.test/", "//lain.test/"])
def test_redirect_stays_on_the_host_whatever_the_target(estate: DemoEstate, target: str) -> None:
    received = say(estate, f"OPTIONS {target} HTTP/1.0\r\n\r\n".encode())
    assert f"\r\nLocation: https://www.contoh.test:{estate.ports.https}/".encode() in received


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(300), b"\x80\x2e\x01\x00\x02"]
)
def test_garbage_on_the_tls_port_ends_that_connection_only(estate: DemoEstate, sent: bytes) -> None:
    try:
        received = say(estate, sent, port=estate.ports.https, finish=True)
    except ConnectionResetError:
        received = b""
    assert b"HTTP/" not in received
    assert ask(estate, "www").status == 200


# --- DNS ----------------------------------------------------------------------------------------------------


def resolve(estate: DemoEstate, query: dns.message.Message, transport: str = "udp") -> dns.message.Message:
    address, port = estate.nameserver
    if transport == "tcp":
        return dns.query.tcp(query, address, TIMEOUT_S, port)
    return dns.query.udp(query, address, TIMEOUT_S, port)


def rows(section: list[dns.rrset.RRset]) -> list[str]:
    return sorted(f"{rrset.name.relativize(ORIGIN)} {rd.rdtype.name} {rd}" for rrset in section for rd in rrset)


ORIGIN = dns.name.from_text("contoh.test")
SOA = ["@ SOA ns.contoh.test. hostmaster.contoh.test. 2026010101 3600 600 86400 60"]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "answer", "authority"),
    [
        ("www", "A", "NOERROR", ["www A 127.77.0.10", "www A 127.77.0.11"], []),
        ("wWw", "A", "NOERROR", ["wWw A 127.77.0.10", "wWw A 127.77.0.11"], []),
        ("api.perizinan", "A", "NOERROR", ["api.perizinan A 127.77.0.21"], []),
        ("ppid", "A", "NOERROR", ["ppid A 127.77.0.90"], []),
        ("ns", "A", "NOERROR", [f"ns A {NAMESERVER}"], []),
        ("enam", "AAAA", "NOERROR", ["enam AAAA 2001:db8:77::10"], []),
        ("www", "AAAA", "NOERROR", [], SOA),
        ("layanan", "CNAME", "NOERROR", ["layanan CNAME web-bersama.contoh.test."], []),
        (
            "layanan",
            "A",
            "NOERROR",
            ["layanan CNAME web-bersama.contoh.test.", "web-bersama A 127.77.0.42"],
            [],
        ),
        ("layanan", "AAAA", "NOERROR", ["layanan CNAME web-bersama.contoh.test."], SOA),
        (
            "putar",
            "A",
            "NOERROR",
            ["putar CNAME putar2.contoh.test.", "putar2 CNAME putar.contoh.test."],
            [],
        ),
        ("kosong", "A", "NXDOMAIN", [], SOA),
        ("a.www", "A", "NXDOMAIN", [], SOA),
        ("hilang", "A", "SERVFAIL", [], []),
        ("a.hilang", "AAAA", "SERVFAIL", [], []),
        ("www", "ANY", "REFUSED", [], []),
        ("@", "SOA", "NOERROR", SOA, []),
        ("@", "MX", "NOERROR", ["@ MX 0 ."], []),
        ("contoh.test.", "NS", "NOERROR", ["@ NS ns.contoh.test."], []),
        ("xcontoh.test.", "A", "REFUSED", [], []),
        ("lain.example.", "A", "REFUSED", [], []),
        (".", "NS", "REFUSED", [], []),
    ],
)
def test_name_server_answers(
    estate: DemoEstate,
    transport: str,
    name: str,
    rdtype: str,
    rcode: str,
    answer: list[str],
    authority: list[str],
) -> None:
    query = dns.message.make_query(dns.name.from_text(name, ORIGIN), rdtype)
    response = resolve(estate, query, transport)
    assert dns.rcode.to_text(response.rcode()) == rcode
    assert rows(response.answer) == answer
    assert rows(response.authority) == authority
    assert all(rrset.ttl == 60 for rrset in response.authority)
    assert bool(response.flags & dns.flags.AA) is (rcode in {"NOERROR", "NXDOMAIN"})
    assert response.edns == -1


@pytest.mark.parametrize("label", ADDRESSES)
def test_every_service_has_its_addresses_in_the_zone(estate: DemoEstate, label: str) -> None:
    response = resolve(estate, dns.message.make_query(f"{label}.contoh.test", "A"))
    assert {rd.address for rrset in response.answer for rd in rrset if rrset.rdtype == dns.rdatatype.A} == set(
        ADDRESSES[label]
    )


@pytest.mark.parametrize("dnssec", [False, True])
def test_edns_is_echoed_with_the_do_bit(estate: DemoEstate, dnssec: bool) -> None:
    query = dns.message.make_query("www.contoh.test", "A", use_edns=0, payload=4096, want_dnssec=dnssec)
    response = resolve(estate, query)
    assert (response.edns, response.payload) == (0, 1232)
    assert bool(response.ednsflags & dns.flags.DO) is dnssec


def test_unknown_edns_version_is_refused_with_the_one_we_speak(estate: DemoEstate) -> None:
    response = resolve(estate, dns.message.make_query("www.contoh.test", "A", use_edns=1))
    assert (response.rcode(), response.edns, response.answer) == (dns.rcode.BADVERS, 0, [])


@pytest.mark.parametrize("payload", [None, 512, 4096])
def test_long_answer_is_truncated_over_udp_and_whole_over_tcp(estate: DemoEstate, payload: int | None) -> None:
    query = dns.message.make_query("panjang.contoh.test", "TXT", payload=payload)
    short, whole = resolve(estate, query), resolve(estate, query, "tcp")
    assert short.flags & dns.flags.TC
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 12


def test_one_tcp_connection_serves_several_queries(estate: DemoEstate) -> None:
    with socket.create_connection(estate.nameserver, TIMEOUT_S) as tcp:
        for label in ("www", "dua", "arsip"):
            query = dns.message.make_query(f"{label}.contoh.test", "A")
            dns.query.send_tcp(tcp, query)
            response, _ = dns.query.receive_tcp(tcp)
            assert query.is_response(response)
            assert {rd.address for rd in response.answer[0]} == set(ADDRESSES[label])


# --- DNS, hostile -------------------------------------------------------------------------------------------

SMALL = NameServer(
    dns.zone.from_text(
        "@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n"
        "a.b 300 IN CNAME www.example.\nc 300 IN CNAME nihil\n",
        origin="contoh.test",
        relativize=False,
    ),
    frozenset({dns.name.from_text("hilang.contoh.test")}),
)


def header_and_body(flags: int, questions: int, body: bytes = b"") -> bytes:
    return b"\x12\x34" + flags.to_bytes(2, "big") + questions.to_bytes(2, "big") + bytes(6) + body


NS_A = b"\x02ns\x06contoh\x04test\x00\x00\x01\x00\x01"


@pytest.mark.parametrize(
    ("wire", "rcode"),
    [
        pytest.param(b"", None, id="empty"),
        pytest.param(bytes(11), None, id="less than a header"),
        pytest.param(header_and_body(0x8100, 1, NS_A), None, id="a response"),
        pytest.param(header_and_body(0x0100, 1, NS_A), dns.rcode.NOERROR, id="a query"),
        pytest.param(header_and_body(0x0100, 0), dns.rcode.FORMERR, id="no question"),
        pytest.param(header_and_body(0x0100, 2, NS_A + NS_A), dns.rcode.FORMERR, id="two questions"),
        pytest.param(header_and_body(0x0100, 1, NS_A[:-3]), dns.rcode.FORMERR, id="cut short"),
        pytest.param(header_and_body(0x0100, 1, NS_A + b"\x00"), dns.rcode.FORMERR, id="trailing octet"),
        pytest.param(header_and_body(0x0100, 1, b"\xc0\x0c\x00\x01\x00\x01"), dns.rcode.FORMERR, id="pointer loop"),
        pytest.param(header_and_body(0x0100, 1, NS_A[:-1] + b"\x03"), dns.rcode.REFUSED, id="class CHAOS"),
        pytest.param(header_and_body(0x0100, 1, NS_A[:-4] + b"\x00\xfc\x00\x01"), dns.rcode.REFUSED, id="AXFR"),
        pytest.param(header_and_body(0x2900, 1, NS_A), dns.rcode.NOTIMP, id="update"),
        pytest.param(header_and_body(0x2000, 1, NS_A), dns.rcode.NOTIMP, id="notify"),
    ],
)
def test_odd_queries(wire: bytes, rcode: dns.rcode.Rcode | None) -> None:
    answer = SMALL.respond(wire, over_udp=True)
    if rcode is None:
        assert answer is None
        return
    assert answer is not None
    assert answer[:2] == wire[:2]
    assert answer[2] & 0x80
    assert (answer[2] & 0x79, answer[3] & 0xF) == (wire[2] & 0x79, rcode)


@pytest.mark.parametrize(
    ("name", "rcode", "targets"),
    [
        ("a.b", dns.rcode.NOERROR, ["www.example."]),
        ("b", dns.rcode.NOERROR, []),
        ("c", dns.rcode.NXDOMAIN, ["nihil.contoh.test."]),
    ],
    ids=["alias out of the zone", "empty non-terminal", "alias to nothing (RFC 6604)"],
)
def test_ends_of_a_look_up(name: str, rcode: dns.rcode.Rcode, targets: list[str]) -> None:
    query = dns.message.make_query(f"{name}.contoh.test", "A")
    response = dns.message.from_wire(SMALL.respond(query.to_wire(), over_udp=True) or b"")
    assert response.rcode() == rcode
    assert [str(rd) for rrset in response.answer for rd in rrset] == targets


def mutations() -> st.SearchStrategy[bytes]:
    """Queries with octets changed, and plain octets."""
    wire = dns.message.make_query("a.b.contoh.test", "A", use_edns=0, want_dnssec=True).to_wire()
    changes = st.lists(st.tuples(st.integers(0, len(wire) - 1), st.integers(0, 255)), max_size=6)

    def change(pairs: list[tuple[int, int]]) -> bytes:
        octets = bytearray(wire)
        for place, octet in pairs:
            octets[place] = octet
        return bytes(octets)

    return st.builds(change, changes) | st.binary(max_size=300)


@settings(max_examples=300, deadline=None)
@given(mutations(), st.booleans())
def test_any_octets_get_a_response_of_their_own_or_none(wire: bytes, over_udp: bool) -> None:
    answer = SMALL.respond(wire, over_udp=over_udp)
    if answer is not None:
        assert answer[:2] == wire[:2]
        assert answer[2] & 0x80
        assert len(answer) <= (1232 if over_udp else 65535)
        dns.message.from_wire(answer)


# --- raising and stopping -----------------------------------------------------------------------------------


def test_estates_stand_side_by_side_on_ephemeral_ports(estate: DemoEstate, tmp_path: Path) -> None:
    with estate_in_thread(tmp_path, ports=Ports.ephemeral()) as other:
        assert not {other.ports.https, other.ports.http} & {estate.ports.https, estate.ports.http}
        assert other.ports.dns != estate.ports.dns
        assert other.ca_pem != estate.ca_pem
        assert handshake_error(other, "www", "127.77.0.10") is None


@pytest.mark.parametrize("kind", ["https", "http", "dns"])
def test_taken_port_is_named(estate: DemoEstate, tmp_path: Path, kind: str) -> None:
    ports = {"https": 0, "http": 0, "dns": 0} | {kind: getattr(estate.ports, kind)}
    first = NAMESERVER if kind == "dns" else ADDRESSES["www"][0]
    before = threading.active_count()
    message = f"^the demo cannot listen on {first}:{ports[kind]}: another program"
    with pytest.raises(DemoError, match=message), estate_in_thread(tmp_path, ports=Ports(**ports)):
        pass
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_without_ports_asked_for_the_first_free_ones_are_taken(
    estate: DemoEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Ports(https=0, http=estate.ports.http, dns=0)
    monkeypatch.setattr("scanner.demo.estate.USUAL_PORTS", (taken, taken, Ports.ephemeral()))
    with estate_in_thread(tmp_path) as other:
        assert other.ports.http != estate.ports.http
        assert f"http_port = {other.ports.http}\n" in other.targets_toml


def test_when_all_usual_ports_are_taken_the_first_is_named(
    estate: DemoEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = (estate.ports, Ports(https=0, http=0, dns=estate.ports.dns))
    monkeypatch.setattr("scanner.demo.estate.USUAL_PORTS", choices)
    port = estate.ports.https
    message = rf"{port}: another program, .* \(ss -ltnup 'sport = :{port}' shows it\)$"
    with pytest.raises(DemoError, match=message), estate_in_thread(tmp_path):
        pass


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    directory = tmp_path / "file" / "sub"
    message = re.escape(f"cannot write the demo's files in {directory}")
    with pytest.raises(DemoError, match=message), estate_in_thread(directory, ports=Ports.ephemeral()):
        pass


def test_a_multicast_dns_responder_on_the_same_port_is_no_hindrance(tmp_path: Path) -> None:
    """Such programs hold 5353 on the wildcard address, for sharing; many desktops run one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as responder:
        responder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        responder.bind(("0.0.0.0", 0))
        ports = Ports(https=0, http=0, dns=responder.getsockname()[1])
        with estate_in_thread(tmp_path, ports=ports) as estate:
            assert resolve(estate, dns.message.make_query("www.contoh.test", "A")).answer


def test_stops_cleanly_with_clients_still_connected(tmp_path: Path) -> None:
    """Idle before the handshake, between requests and inside a message: all are dropped at once."""
    before = threading.active_count()
    with estate_in_thread(tmp_path, ports=Ports.ephemeral()) as estate:
        www = ADDRESSES["www"][0]
        context = ssl.create_default_context(cafile=str(estate.ca_path))
        clients = [
            socket.create_connection((www, estate.ports.https), TIMEOUT_S),
            socket.create_connection((www, estate.ports.http), TIMEOUT_S),
            socket.create_connection((www, estate.ports.http), TIMEOUT_S),
            socket.create_connection(estate.nameserver, TIMEOUT_S),
            context.wrap_socket(
                socket.create_connection((www, estate.ports.https), TIMEOUT_S),
                server_hostname="www.contoh.test",
            ),
        ]
        clients[2].sendall(b"GET / HT")
        clients[3].sendall(b"\x00\x20half")
        clients[4].sendall(GET + b"\r\n")
        assert clients[4].recv(12) == b"HTTP/1.1 200"
        late = socket.create_connection((www, estate.ports.http), TIMEOUT_S)
    assert threading.active_count() == before
    for client in (*clients, late):
        client.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((www, estate.ports.https), TIMEOUT_S)


def test_ports_are_free_again_after_a_stop(tmp_path: Path) -> None:
    with estate_in_thread(tmp_path, ports=Ports.ephemeral()) as estate:
        assert ask(estate, "www").status == 200
    with estate_in_thread(tmp_path, ports=estate.ports) as again:
        assert again.ports == estate.ports
        assert ask(again, "www").status == 200


def test_runs_in_the_callers_event_loop_and_passes_errors_on_as_they_are(tmp_path: Path) -> None:
    async def body() -> None:
        async with raise_estate(tmp_path, ports=Ports.ephemeral()) as estate:
            reader, writer = await asyncio.open_connection(ADDRESSES["www"][0], estate.ports.http)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert (await reader.read(12)) == b"HTTP/1.1 301"
            writer.close()
            await writer.wait_closed()
            raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"):
        asyncio.run(body())


# --- the example file ---------------------------------------------------------------------------------------

TARGET_KEYS = {"id", "url", "http_port", "service", "unit", "contact", "category", "environment", "kinds"}
UNANSWERED = {"ppid", "hilang", "kosong", "putar"}


def test_example_describes_the_estate_on_its_usual_ports() -> None:
    example = tomllib.loads(example_targets())
    usual = Ports()
    assert example.keys() == {"agency", "resolver", "scope", "defaults", "target", "marking"}
    assert example["resolver"]["nameservers"] == [f"{NAMESERVER}:{usual.dns}"]
    targets = {target["id"]: target for target in example["target"]}
    assert len(targets) == len(example["target"])
    assert targets.keys() == {label.replace(".", "-") for label in WITH_HTTPS} | UNANSWERED
    for target in targets.values():
        assert TARGET_KEYS <= target.keys() <= TARGET_KEYS | {"addresses"}
        host = target["id"].replace("api-", "api.")
        assert target["url"].startswith(f"https://{host}.contoh.test:{usual.https}/")
        assert target["http_port"] == usual.http


def test_example_has_the_ports_of_a_running_estate(estate: DemoEstate) -> None:
    text = estate.targets_toml
    assert not {f":{port}" for port in (Ports().https, Ports().dns)} & set(re.findall(r":\d+", text))
    example = tomllib.loads(text)
    assert example["resolver"]["nameservers"] == [f"{NAMESERVER}:{estate.ports.dns}"]
    assert {target["http_port"] for target in example["target"]} == {estate.ports.http}
    assert all(f":{estate.ports.https}/" in target["url"] for target in example["target"])


def test_the_files_of_an_estate_name_its_official_list(estate: DemoEstate, tmp_path: Path) -> None:
    targets = tomllib.loads(estate.write_files(tmp_path).read_text("utf-8"))
    population = tomllib.loads((tmp_path / targets["population"]["file"]).read_text("utf-8"))
    listed = {service["name"]: service["unit"] for service in population["service"]}
    scanned = {target["service"]: target["unit"] for target in targets["target"]}
    assert scanned.items() < listed.items()
    assert {unit["name"] for unit in population["unit"]} > set(scanned.values())
