"""Each behaviour of the fault harness does what its name says, as plain stdlib clients see it.

The table of expectations must cover every registered behaviour: one without an expectation fails.
"""

import asyncio
import contextlib
import http.client
import itertools
import logging
import os
import re
import socket
import ssl
import struct
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import faults
import pytest
from faults import BEHAVIOURS, Behaviour, FaultyNameserver, Served, in_thread, serving, serving_in_thread

CLIENT_S = 10.0
MEGABYTE = 1 << 20


# Clients ------------------------------------------------------------------------------------------------


def client_context() -> ssl.SSLContext:
    """A verifying client that trusts the harness and nobody else."""
    context = ssl.create_default_context(cadata=faults.ca_pem())
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    return context


@contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    """A connection, its TLS handshake done for https; an end without close_notify is an error."""
    with socket.create_connection((served.address, served.port), CLIENT_S) as raw:
        if served.scheme == "http":
            yield raw
        else:
            context = client_context()
            with context.wrap_socket(raw, server_hostname=served.address, suppress_ragged_eofs=False) as secure:
                yield secure


def received(sock: socket.socket, at_most: int = MEGABYTE) -> bytes:
    """What the server sends until it closes, or `at_most` bytes and a little."""
    parts, length = [], 0
    while length < at_most and (part := sock.recv(65536)):
        parts.append(part)
        length += len(part)
    return b"".join(parts)


def asked(served: Served, path: str = "/", at_most: int = MEGABYTE) -> bytes:
    """The raw answer to one GET."""
    with connected(served) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {served.address}\r\n\r\n".encode())
        return received(sock, at_most)


def client_hello(served: Served) -> bytes:
    """The record an honest TLS client begins with."""
    outgoing = ssl.MemoryBIO()
    tls = client_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=served.address)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def told_hello(served: Served) -> bytes:
    """The raw answer to an honest ClientHello."""
    with socket.create_connection((served.address, served.port), CLIENT_S) as raw:
        raw.sendall(client_hello(served))
        return received(raw)


def handshake_error(served: Served) -> ssl.SSLError:
    """Why the stdlib's TLS client gives up."""
    with pytest.raises(ssl.SSLError) as caught, connected(served):
        pass
    return caught.value


@contextmanager
def http_answer(served: Served, path: str = "/") -> Iterator[http.client.HTTPResponse]:
    """The answer as http.client understands it; its body not yet read."""
    with closing(http_connection(served)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as response:
            yield response


def http_connection(served: Served) -> http.client.HTTPConnection:
    if served.scheme == "https":
        return http.client.HTTPSConnection(served.address, served.port, timeout=CLIENT_S, context=client_context())
    return http.client.HTTPConnection(served.address, served.port, timeout=CLIENT_S)


def location(served: Served, path: str = "/") -> str | None:
    """Where a redirect leads; None when the answer is no redirect."""
    with http_answer(served, path) as response:
        return response.headers["Location"] if response.status == 302 else None


# Expectations -------------------------------------------------------------------------------------------

Expectation = Callable[[Served], None]
EXPECTATIONS: dict[str, Expectation] = {}


def shows(*names: str) -> Callable[[Expectation], Expectation]:
    """Register the decorated function as what proves these behaviours, plain and under TLS."""

    def enter(expectation: Expectation) -> Expectation:
        EXPECTATIONS.update(dict.fromkeys(names, expectation))
        return expectation

    return enter


OWN = [behaviour for behaviour in BEHAVIOURS.values() if behaviour.serve.__module__ == "faults"]
"""Those of `faults` itself; `test_every_fault` has the others."""


@pytest.mark.parametrize("behaviour", OWN, ids=lambda behaviour: behaviour.name)
def test_behaviour(behaviour: Behaviour) -> None:
    expectation = EXPECTATIONS[behaviour.name.removesuffix("+tls")]
    with serving_in_thread(behaviour) as served:
        expectation(served)


def test_expectations_name_only_behaviours_that_exist() -> None:
    assert set(EXPECTATIONS) <= set(BEHAVIOURS)


@shows("refused")
def _(served: Served) -> None:
    with pytest.raises(ConnectionRefusedError), connected(served):
        pass


@shows("reset")
def _(served: Served) -> None:
    def talk() -> None:
        with connected(served) as sock, socket.socket(fileno=os.dup(sock.fileno())) as below_tls:
            below_tls.settimeout(CLIENT_S)
            received(below_tls)

    with pytest.raises(ConnectionResetError):  # on a busy machine already while connecting
        talk()


@shows("silent")
def _(served: Served) -> None:
    with connected(served) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.recv(1)


@shows("connection_closed_before_answer")
def _(served: Served) -> None:
    with pytest.raises(http.client.RemoteDisconnected), http_answer(served):
        pass


@shows("half_handshake_close")
def _(served: Served) -> None:
    sent = told_hello(served)
    assert sent[0] == 0x16
    assert 5 < len(sent) < 5 + int.from_bytes(sent[3:5], "big")
    assert isinstance(handshake_error(served), ssl.SSLEOFError)


@shows("half_handshake_hang")
def _(served: Served) -> None:
    begun = len(faults.SERVER_HELLO_RECORD) // 2
    with socket.create_connection((served.address, served.port), CLIENT_S) as raw:
        raw.sendall(client_hello(served))
        assert faults.SERVER_HELLO_RECORD.startswith(received(raw, begun))
        raw.settimeout(0.2)
        with pytest.raises(TimeoutError):
            raw.recv(1)


@shows("tls_garbage")
def _(served: Served) -> None:
    assert told_hello(served) == faults.NOISE
    handshake_error(served)


@shows("tls_plain_http_400")
def _(served: Served) -> None:
    assert told_hello(served).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    handshake_error(served)


@shows("tls_alert")
def _(served: Served) -> None:
    assert "HANDSHAKE_FAILURE" in handshake_error(served).reason


@shows("tls_alert_after_hello")
def _(served: Served) -> None:
    sent = told_hello(served)
    assert (sent[0], sent[5]) == (0x16, 0x02)  # handshake record, ServerHello
    assert sent[5 + int.from_bytes(sent[3:5], "big") :] == b"\x15\x03\x03\x00\x02\x02\x50"
    assert "INTERNAL_ERROR" in handshake_error(served).reason  # so the client took the ServerHello


@shows("endless_headers")
def _(served: Served) -> None:
    sent = asked(served, at_most=4 * MEGABYTE)
    assert len(sent) >= 4 * MEGABYTE
    assert b"\r\n\r\n" not in sent
    lines = sent.split(b"\r\n")[1:-1]
    assert all(re.fullmatch(rb"X-Endless-\d+: more", line) for line in lines)


@shows("huge_header_line")
def _(served: Served) -> None:
    longest = max(asked(served, at_most=20 * MEGABYTE).split(b"\r\n"), key=len)
    assert longest == b"X-Huge: " + b"a" * 16 * MEGABYTE
    with pytest.raises(http.client.LineTooLong), http_answer(served):
        pass


@shows("many_headers")
def _(served: Served) -> None:
    fields = [line for line in asked(served).split(b"\r\n") if line.startswith(b"X-")]
    assert len(set(fields)) == 10_000
    with pytest.raises(http.client.HTTPException, match="got more than 100 headers"), http_answer(served):
        pass


@shows("body_1gb")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.length == 1 << 30
        assert len(response.read(32 * MEGABYTE)) == 32 * MEGABYTE


@shows("endless_chunked")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.chunked
        assert len(response.read(32 * MEGABYTE)) == 32 * MEGABYTE


@shows("gzip_bomb")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        packed = response.read()
    assert len(packed) < 2 * MEGABYTE
    unpacker, length, rest = zlib.decompressobj(16 + zlib.MAX_WBITS), 0, packed
    enough = 1 << 40 if served.scheme == "http" else 1 << 26  # all of it takes seconds: once will do
    while length < enough and not unpacker.eof:
        length += len(unpacker.decompress(rest, MEGABYTE))
        rest = unpacker.unconsumed_tail
    assert length >= enough or (length > 1 << 30 and unpacker.eof)  # eof: its checksum was right, too


@shows("status_100_flood")
def _(served: Served) -> None:
    sent = asked(served)
    assert set(sent.split(b"\r\n\r\n")[:-1]) == {b"HTTP/1.1 100 Continue"}


@shows("slow_drip")
def _(served: Served) -> None:
    with connected(served) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        sent = sock.recv(65536) + sock.recv(65536)
    assert sent.startswith(b"HT")
    assert b"\r\n\r\n" not in sent


@shows("slow_body_drip")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.length == 1000
        assert 2 <= len(response.read1(1000) + response.read1(1000)) < 1000


@shows("redirect_loop")
def _(served: Served) -> None:
    assert [location(served, path) for path in ("/", "/a?b=c")] == ["/", "/a?b=c"]


@shows("redirect_ping_pong")
def _(served: Served) -> None:
    assert [location(served, path) for path in ("/", "/ping", "/pong")] == ["/ping", "/pong", "/ping"]


@shows("redirect_out_of_scope")
def _(served: Served) -> None:
    assert location(served) == "https://outside.invalid/"


@shows("redirect_long_chain")
def _(served: Served) -> None:
    path, hops = "/", 0
    while (target := location(served, path)) is not None:
        path, hops = target, hops + 1
    assert (path, hops) == ("/hop/20", 20)


@shows("redirect_to_weird_url_javascript")
def _(served: Served) -> None:
    assert str(location(served)).startswith("javascript:")


@shows("redirect_to_weird_url_scheme_relative")
def _(served: Served) -> None:
    assert location(served) == "//outside.invalid/"


@shows("redirect_to_weird_url_userinfo")
def _(served: Served) -> None:
    assert location(served) == "https://127.0.0.1:443@outside.invalid/"


@shows("redirect_to_weird_url_decimal_ip")
def _(served: Served) -> None:
    number = re.fullmatch(r"http://(\d+)/", str(location(served)))
    assert number
    assert socket.inet_ntoa(struct.pack(">I", int(number[1]))) == "192.0.2.1"


@shows("content_length_too_long")
def _(served: Served) -> None:
    with http_answer(served) as response, pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert (caught.value.partial, caught.value.expected) == (faults.BODY, 100)


@shows("content_length_too_short")
def _(served: Served) -> None:
    head, _, body = asked(served).partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head.split(b"\r\n")
    assert body == faults.BODY
    with http_answer(served) as response:
        assert response.read() == faults.BODY[:5]


@shows("content_length_negative")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.headers.get_all("Content-Length") == ["-1"]


@shows("two_different_content_lengths")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.headers.get_all("Content-Length") == ["5", str(len(faults.BODY))]


@shows("closed_mid_headers")
def _(served: Served) -> None:
    sent = asked(served)
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in sent
    assert not sent.endswith(b"\r\n")


@shows("closed_mid_body")
def _(served: Served) -> None:
    assert asked(served).partition(b"\r\n\r\n")[2] == b"1000\r\n" + faults.BODY
    with http_answer(served) as response, pytest.raises(http.client.IncompleteRead):
        response.read()


@shows("bad_chunk_size")
def _(served: Served) -> None:
    with http_answer(served) as response:
        assert response.read(len(faults.BODY)) == faults.BODY
        with pytest.raises(http.client.IncompleteRead):
            response.read()


@shows("empty_answer")
def _(served: Served) -> None:
    assert asked(served) == b"HTTP/1.1 200 OK\r\n\r\n"


@shows("garbage_after_close")
def _(served: Served) -> None:
    first, _, rest = asked(served).partition(faults.BODY)
    assert b"\r\nConnection: close\r\n" in first
    assert rest.startswith(b"HTTP/1.1 500 ")
    assert rest.endswith(faults.NOISE)


MALFORMED = {
    "malformed_header_no_colon": rb"\r\n(?! )[^:\r\n]+\r\n",
    "malformed_header_space_before_colon": rb"\r\n[\w-]+ : ",
    "malformed_header_obs_fold": rb"\r\n[\w-]+: [^\r\n]+\r\n [^\r\n]+\r\n",
    "malformed_header_nul": rb"\r\n[\w-]+: [^\r\n]*\x00",
    "malformed_header_bare_lf": rb"[^\r]\n[\w-]+: ",
    "malformed_header_non_ascii": rb"\r\n[\w-]+: [^\r\n]*[\x80-\xff]",
}


@pytest.mark.parametrize(("name", "defect"), MALFORMED.items())
@pytest.mark.parametrize("suffix", ["", "+tls"])
def test_malformed_header_has_its_own_defect_and_no_other(name: str, defect: bytes, suffix: str) -> None:
    with serving_in_thread(BEHAVIOURS[name + suffix]) as served:
        head = asked(served).partition(b"\r\n\r\n")[0]
    assert [other for other, pattern in MALFORMED.items() if re.search(pattern, head)] == [name]


@shows(*MALFORMED)
def _(served: Served) -> None:
    lines = asked(served).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert b"Strict-Transport-Security: max-age=31536000" in lines
    assert lines.index(b"X-Before: good") + 2 <= lines.index(faults.HSTS) == lines.index(b"X-After: good") - 1


@shows("malformed_header_lines")
def _(served: Served) -> None:
    head = asked(served).partition(b"\r\n\r\n")[0]
    assert all(re.search(defect, head) for defect in MALFORMED.values())
    assert b"\r\nStrict-Transport-Security: max-age=31536000\r\n" in head


@shows("bad_status_line")
def _(served: Served) -> None:
    with pytest.raises(http.client.BadStatusLine), http_answer(served):
        pass


@shows("no_status_line")
def _(served: Served) -> None:
    assert asked(served) == faults.BODY
    with pytest.raises(http.client.BadStatusLine), http_answer(served):
        pass


@shows("http2_preface_answer")
def _(served: Served) -> None:
    sent = asked(served)
    frames = []
    while sent:
        end = 9 + int.from_bytes(sent[:3], "big")
        frames.append((sent[3], sent[9:end]))
        sent = sent[end:]
    assert frames == [(4, b""), (7, struct.pack(">II", 0, 0xD))]  # SETTINGS; GOAWAY, HTTP_1_1_REQUIRED


@shows("header_injection_bytes")
def _(served: Served) -> None:
    with http_answer(served) as response:
        values = " ".join(response.headers.values())
        assert response.read() == faults.BODY
    assert all(hostile in values for hostile in ("\x1b[2J", "<script>", "=cmd(", "](javascript:"))


@shows("answers_change_each_request")
def _(served: Served) -> None:
    count = len(faults.CHANGING_ANSWERS)
    answers = [asked(served) for _ in range(count + 1)]
    assert len(set(answers[:count])) == count
    assert answers[count] == answers[0]
    assert all(one != other for one, other in itertools.pairwise(answers))


# The harness itself -------------------------------------------------------------------------------------


def test_every_behaviour_says_what_it_does() -> None:
    assert [behaviour.name for behaviour in BEHAVIOURS.values() if not behaviour.summary.strip()] == []


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("silent", "http"), ("silent+tls", "https"), ("tls_garbage", "https"), ("refused", "http")],
)
def test_scheme_is_what_a_client_should_speak(name: str, scheme: str) -> None:
    assert BEHAVIOURS[name].scheme == scheme


def test_nothing_but_loopback_is_served() -> None:
    server = serving_in_thread(BEHAVIOURS["silent"], "0.0.0.0")
    with pytest.raises(ValueError, match="not a loopback address"), server:
        pass


@pytest.mark.parametrize("address", ["127.0.0.2", "::1"])
def test_other_loopback_addresses_can_be_chosen(address: str) -> None:
    with serving_in_thread(BEHAVIOURS["no_status_line"], address) as served:
        assert served.address == address
        assert asked(served) == faults.BODY


def test_url_is_one_that_urllib_can_open() -> None:
    with serving_in_thread(BEHAVIOURS["redirect_loop+tls"], "::1") as served:
        with pytest.raises(urllib.error.HTTPError, match="infinite loop") as caught:
            urllib.request.urlopen(served.url("/x"), timeout=CLIENT_S, context=client_context())
        caught.value.close()


@pytest.mark.parametrize("name", ["x.fault.test", "localhost", "127.0.0.1"])
def test_certificate_is_good_for_names(name: str) -> None:
    with (
        serving_in_thread(BEHAVIOURS["silent+tls"]) as served,
        socket.create_connection((served.address, served.port), CLIENT_S) as raw,
        client_context().wrap_socket(raw, server_hostname=name) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_certificate_is_not_good_for_other_names() -> None:
    with (
        serving_in_thread(BEHAVIOURS["silent+tls"]) as served,
        socket.create_connection((served.address, served.port), CLIENT_S) as raw,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        client_context().wrap_socket(raw, server_hostname="other.test")


async def accepted(before: set[asyncio.Task[object]]) -> None:
    """Wait until the server on this loop has a task for a connection."""
    async with asyncio.timeout(CLIENT_S):
        while asyncio.all_tasks() == before:
            await asyncio.sleep(0)


def ended(sock: socket.socket) -> bool:
    """Whether the server ends the connection, in whatever way."""
    try:
        return sock.recv(1) == b""
    except (ConnectionResetError, ssl.SSLEOFError):
        return True


@pytest.mark.parametrize("name", ["silent", "silent+tls", "endless_headers", "body_1gb+tls", "slow_drip+tls"])
def test_leaving_ends_open_connections_and_their_tasks(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        async with serving(BEHAVIOURS[name]) as served:
            context = client_context() if served.scheme == "https" else None
            reader, writer = await asyncio.open_connection(served.address, served.port, ssl=context)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await accepted(before)
            if not name.startswith("silent"):
                assert await reader.read(1) == b"H"
        assert asyncio.all_tasks() == before
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(served.address, served.port)
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    with caplog.at_level(logging.WARNING, "asyncio"):
        asyncio.run(scenario())
    assert caplog.records == []


def test_leaving_closes_a_connection_that_never_began_its_handshake() -> None:
    async def scenario() -> None:
        before = asyncio.all_tasks()
        async with serving(BEHAVIOURS["silent+tls"]) as served:
            raw = socket.create_connection((served.address, served.port), CLIENT_S)
            await accepted(before)
        with raw:
            assert ended(raw)

    asyncio.run(scenario())


def test_serving_from_a_thread_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with serving_in_thread(BEHAVIOURS["silent"]) as served, connected(served):
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("suffix", ["", "+tls"])
def test_connection_is_closed_when_its_time_is_over(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MAX_CONNECTION_S", 0.3)
    with serving_in_thread(BEHAVIOURS["silent" + suffix]) as served, connected(served) as sock:
        assert ended(sock)


def test_a_mistake_in_a_behaviour_is_raised_at_the_end() -> None:
    async def mistaken(reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        raise LookupError("a bug of ours")

    server = serving_in_thread(Behaviour("mistaken", mistaken, tls=False))
    with pytest.raises(ExceptionGroup) as caught, server as served, connected(served) as sock:
        assert ended(sock)
    assert caught.value.subgroup(LookupError) is not None


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        faults.register("silent", BEHAVIOURS["silent"].serve, "tcp")


def test_clients_are_served_at_the_same_time() -> None:
    with serving_in_thread(BEHAVIOURS["silent"]) as served, connected(served), connected(served) as second:
        second.settimeout(0.1)
        with pytest.raises(TimeoutError):
            second.recv(1)


# The name server ----------------------------------------------------------------------------------------

Message = dns.message.Message


class Questioner:
    """A stub resolver of two methods: plain sockets, and dnspython for the grammar only."""

    def __init__(self, nameserver: FaultyNameserver) -> None:
        self._where = (nameserver.address, nameserver.port)

    def udp(self, name: str, rdtype: str = "A", *, payload: int | None = 1232) -> Message:
        query = dns.message.make_query(name, rdtype, use_edns=payload is not None, payload=payload)
        return dns.message.from_wire(self.udp_bytes(query))

    def udp_bytes(self, query: Message, timeout_s: float = CLIENT_S) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout_s)
            sock.connect(self._where)
            sock.send(query.to_wire())
            return sock.recv(65535)

    def tcp(self, name: str, rdtype: str = "A") -> Message:
        return dns.message.from_wire(self.tcp_bytes(dns.message.make_query(name, rdtype)))

    def tcp_bytes(self, query: Message, timeout_s: float = CLIENT_S) -> bytes:
        wire = query.to_wire()
        with socket.create_connection(self._where, timeout_s) as sock, sock.makefile("rb") as stream:
            sock.sendall(len(wire).to_bytes(2, "big") + wire)
            return stream.read(int.from_bytes(stream.read(2), "big"))


@pytest.fixture
def ask() -> Iterator[Questioner]:
    with in_thread(FaultyNameserver()) as nameserver:
        yield Questioner(nameserver)


def addresses(response: Message) -> list[str]:
    """The addresses of an answer, sorted: dnspython shuffles the records of a set as it sends them."""
    return sorted(str(rdata) for rrset in response.answer for rdata in rrset if rdata.rdtype in (1, 28))


def aliases(response: Message) -> list[tuple[str, str]]:
    return [(str(rrset.name), str(rrset[0].target)) for rrset in response.answer if rrset.rdtype == 5]


NAMES_SHOWN = {
    "ok", "nodata", "servfail", "nxdomain", "refused", "timeout", "garbage", "wrong-id", "truncated",
    "rebinding", "private", "many", "cname-loop", "cname-long",
}  # fmt: skip


def test_every_name_fault_is_tested_here() -> None:
    assert {name for name, fault in faults.NAME_FAULTS.items() if fault.__module__ == "faults"} == NAMES_SHOWN


@pytest.mark.parametrize(
    ("name", "rdtype", "rcode", "expected"),
    [
        ("ok.fault.test", "A", "NOERROR", ["127.0.0.1"]),
        ("OK.fault.test", "A", "NOERROR", ["127.0.0.1"]),
        ("ok.fault.test", "AAAA", "NOERROR", []),
        ("nodata.fault.test", "A", "NOERROR", []),
        ("servfail.fault.test", "A", "SERVFAIL", []),
        ("nxdomain.fault.test", "A", "NXDOMAIN", []),
        ("refused.fault.test", "A", "REFUSED", []),
        ("unheard-of.fault.test", "A", "REFUSED", []),
        (".", "A", "REFUSED", []),
        ("private.fault.test", "A", "NOERROR", ["10.0.0.1", "172.16.0.1", "192.168.0.1"]),
        ("private.fault.test", "AAAA", "NOERROR", ["fd00::1"]),
    ],
)
def test_plain_answers(ask: Questioner, name: str, rdtype: str, rcode: str, expected: list[str]) -> None:
    for response in (ask.udp(name, rdtype), ask.tcp(name, rdtype)):
        assert dns.rcode.to_text(response.rcode()) == rcode
        assert addresses(response) == expected


def test_no_data_comes_with_a_soa(ask: Questioner) -> None:
    response = ask.udp("nodata.fault.test")
    assert (response.answer, [rrset.rdtype for rrset in response.authority]) == ([], [6])


def test_timeout_never_answers(ask: Questioner) -> None:
    query = dns.message.make_query("timeout.fault.test", "A")
    with pytest.raises(TimeoutError):
        ask.udp_bytes(query, timeout_s=0.1)
    with pytest.raises(TimeoutError):
        ask.tcp_bytes(query, timeout_s=0.1)


@pytest.mark.parametrize("over", ["udp", "tcp"])
def test_garbage_carries_the_right_id_and_does_not_parse(ask: Questioner, over: str) -> None:
    query = dns.message.make_query("garbage.fault.test", "A")
    wire = ask.udp_bytes(query) if over == "udp" else ask.tcp_bytes(query)
    assert wire[:2] == query.id.to_bytes(2, "big")
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(wire)


def test_wrong_id_is_a_good_answer_to_another_question(ask: Questioner) -> None:
    query = dns.message.make_query("wrong-id.fault.test", "A")
    response = dns.message.from_wire(ask.udp_bytes(query))
    assert addresses(response) == ["127.0.0.1"]
    assert response.id != query.id
    response.id = query.id
    assert query.is_response(response)


def test_truncated_is_empty_over_udp_and_complete_over_tcp(ask: Questioner) -> None:
    over_udp, over_tcp = ask.udp("truncated.fault.test"), ask.tcp("truncated.fault.test")
    assert (addresses(over_udp), bool(over_udp.flags & dns.flags.TC)) == ([], True)
    assert (addresses(over_tcp), bool(over_tcp.flags & dns.flags.TC)) == (["127.0.0.1"], False)


def test_rebinding_changes_its_mind_for_each_name(ask: Questioner) -> None:
    answers = [addresses(ask.udp("rebinding.fault.test")) for _ in range(3)]
    assert answers == [["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254"]]
    assert addresses(ask.udp("rebinding.other.test")) == ["127.0.0.1"]


def test_rebinding_is_not_used_up_by_another_type(ask: Questioner) -> None:
    assert addresses(ask.udp("rebinding.fault.test", "AAAA")) == []
    assert addresses(ask.udp("rebinding.fault.test")) == ["127.0.0.1"]


@pytest.mark.parametrize(("payload", "cut"), [(None, True), (1232, True), (4096, False)])
def test_many_fit_only_where_there_is_room(ask: Questioner, payload: int | None, cut: bool) -> None:
    response = ask.udp("many.fault.test", payload=payload)
    assert bool(response.flags & dns.flags.TC) is cut
    assert (len(addresses(response)) < 200) is cut


def test_many_are_200_over_tcp(ask: Questioner) -> None:
    assert len(set(addresses(ask.tcp("many.fault.test")))) == 200


@pytest.mark.parametrize("start", ["cname-loop.fault.test.", "cname-loop.back.fault.test."])
def test_cname_loop_comes_back_to_where_it_began(ask: Questioner, start: str) -> None:
    (first, second), (third, fourth) = aliases(ask.udp(start))
    assert first == start == fourth
    assert second == third != start


def test_cname_long_has_thirty_links_and_an_end(ask: Questioner) -> None:
    response = ask.tcp("cname-long.fault.test")
    chain = aliases(response)
    assert len(chain) == 30
    assert chain[0][0] == "cname-long.fault.test."
    assert all(one[1] == other[0] for one, other in itertools.pairwise(chain))
    assert (str(response.answer[-1].name), addresses(response)) == (chain[-1][1], ["127.0.0.1"])


def test_cname_long_can_be_followed_link_by_link(ask: Questioner) -> None:
    name, links = "cname-long.fault.test.", 0
    while found := aliases(ask.udp(name, payload=4096)):
        name, links = found[0][1], links + 1
    assert links == 30
    assert addresses(ask.udp(name)) == ["127.0.0.1"]


@pytest.mark.parametrize("wire", [b"", b"\x00", b"\xff" * 40, dns.message.Message(id=1).to_wire()])
def test_a_query_that_is_none_gets_no_answer(wire: bytes) -> None:
    assert FaultyNameserver().reply(wire) is None


def test_two_name_servers_share_nothing() -> None:
    with in_thread(FaultyNameserver()) as one, in_thread(FaultyNameserver()) as other:
        assert addresses(Questioner(one).udp("rebinding.fault.test")) == ["127.0.0.1"]
        assert addresses(Questioner(other).udp("rebinding.fault.test")) == ["127.0.0.1"]


def test_name_server_leaves_its_port() -> None:
    with in_thread(FaultyNameserver()) as nameserver:
        pass
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as again:
            again.bind((nameserver.address, nameserver.port))
