"""A server of TLS 1.2 with the weaknesses of others, for tests: where no server with a fault can be had, this one has it.

It speaks one suite (TLS_RSA_WITH_AES_128_CBC_SHA) and behaves as was published: each fault has the name of its report.
Without any it is sound. Memory that a weak server would give away is a fixed text here.

    with weak_server("robot_strong") as port: ...
"""

import contextlib
import os
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from tls_servers import ADDRESS, entity

from scanner.probes.tls.client_hello import Hello, parse_client_hello
from scanner.probes.tls.trial_client import SUITES, Protected, directions, message, pseudo_random, record

SUITE = 0x002F
VERSION = 0x0303
MEMORY = b"what nobody should see, again and again, until the end of it"
TICKET = b"a ticket"

FAULTS = frozenset(
    {
        "heartbleed",  # CVE-2014-0160
        "heartbeat",  # offers it, and is sound
        "ccs",  # CVE-2014-0224
        "ccs_ignored",  # neither takes nor refuses it
        "ticketbleed",  # CVE-2016-9244
        "tickets",  # gives them, and is sound
        "padding_unchecked",  # CVE-2014-8730
        "padding_told",  # closes where the padding is wrong, and sends an alert where the MAC is
        "mac_unchecked",
        "robot_strong",  # another alert for a wrong head
        "robot_weak",  # another alert for right padding only
        "robot_cut",  # tells by an alert before ChangeCipherSpec
        "robot_reset",  # resets the connection for a wrong head
        "robot_slow",  # is late in the first round only
        "robot_random",  # answers at random
        "asks_certificate",  # goes no further without one
        "one_by_one",
    }
)


class _Closed(Exception):
    pass


class _Weak(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        with contextlib.suppress(OSError, _Closed):
            self._serve()

    def _has(self, fault: str) -> bool:
        return fault in self.server.faults

    def _read(self) -> tuple[int, bytes]:
        head = self.rfile.read(5)
        if len(head) < 5:
            raise _Closed
        return head[0], self.rfile.read(int.from_bytes(head[3:]))

    def _send(self, kind: int, content: bytes) -> None:
        self.wfile.write(record(kind, VERSION, content))

    def _alert(self, number: int) -> None:
        self._send(21, bytes((2, number)))
        raise _Closed

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Closed

    def _serve(self) -> None:
        kind, content = self._read()
        if kind != 22:
            self._alert(10)
        hello = parse_client_hello(record(kind, 0x0301, content))
        if hello.version < VERSION or (hello.supported_versions and VERSION not in hello.supported_versions):
            self._alert(70)
        if SUITE not in hello.suites:
            self._alert(40)
        answer = self._server_hello(hello)
        if hello.session_ticket and self._has("ticketbleed"):
            self._send(22, answer)
            return
        first = answer + message(11, _vector24(_vector24(entity("rsa").der)))
        if self._has("asks_certificate"):
            first += message(13, b"\x01\x01" + b"\x00\x02\x04\x01" + b"\x00\x00")
        self._send(22, first + message(14, b""))
        self._second_flight(hello, answer[6:38])

    def _server_hello(self, hello: Hello) -> bytes:
        session_id = b""
        if hello.session_ticket:
            session_id = hello.session_id
            if self._has("ticketbleed"):
                session_id = (session_id + MEMORY)[:32]
        extensions = _extension(0xFF01, b"\0")
        if hello.session_ticket is not None and (self._has("tickets") or self._has("ticketbleed")):
            extensions += _extension(35, b"")
        if hello.heartbeat and (self._has("heartbeat") or self._has("heartbleed")):
            extensions += _extension(15, b"\x01")
        body = VERSION.to_bytes(2) + os.urandom(32) + bytes((len(session_id),)) + session_id
        body += SUITE.to_bytes(2) + b"\0" + len(extensions).to_bytes(2) + extensions
        return message(2, body)

    def _second_flight(self, hello: Hello, server_random: bytes) -> None:
        premaster = None
        while True:
            kind, content = self._read()
            if kind == 24:
                self._heartbeat(content, None)
            elif kind == 20 and premaster is None:
                self._early(hello, server_random)
            elif kind == 20:
                break
            elif kind != 22:
                self._alert(10)
            else:
                if content[0] == 11 and content[:7] == b"\x0b\0\0\x03\0\0\0":
                    self._alert(40)
                length = int.from_bytes(content[1:4])
                premaster = self._decrypted(content[4 : 4 + length][2:])
        master = pseudo_random(VERSION, "sha256", premaster or b"", b"master secret", hello.random + server_random, 48)
        theirs, ours = directions(VERSION, SUITES[SUITE], master, hello.random, server_random)
        kind, content = self._read()
        try:
            theirs.open(bytes((kind, 3, 3, 0, 0)) + content)
        except ValueError:
            self._refuse_finished()
        if hello.session_ticket is not None and (self._has("tickets") or self._has("ticketbleed")):
            self._send(22, message(4, bytes(4) + len(TICKET).to_bytes(2) + TICKET))
        self._send(20, b"\x01")
        self.wfile.write(ours.seal(22, message(20, bytes(12))))
        self._session(theirs, ours)

    def _session(self, theirs: Protected, ours: Protected) -> None:
        while True:
            kind, content = self._read()
            try:
                opened = theirs.open(bytes((kind, 3, 3, 0, 0)) + content)
            except ValueError:
                self._wrong(theirs, ours, content)
                continue
            if kind == 24:
                self._heartbeat(opened, ours)
            else:
                self.wfile.write(ours.seal(23, b"HTTP/1.0 200 OK\r\n\r\n"))

    def _wrong(self, theirs: Protected, ours: Protected, body: bytes) -> None:
        """A record that was not right: which of its parts was wrong is looked at as a faulty server would."""
        plain = theirs._cbc(body[:16], body[16:], decrypt=True)
        length = plain[-1]
        padded = plain[-length - 1 :] == bytes((length,)) * (length + 1) and length < len(plain)
        content = plain[: len(plain) - length - 1 - 20]
        mac = length + 1 + 20 <= len(plain) and plain[len(content) : len(content) + 20] == theirs.mac(23, content)
        if (self._has("padding_unchecked") and mac) or self._has("mac_unchecked"):
            self.wfile.write(ours.seal(23, b"HTTP/1.0 200 OK\r\n\r\n") + ours.seal(21, b"\x01\0"))
            raise _Closed
        if self._has("padding_told") and not padded:
            raise _Closed
        self.wfile.write(ours.seal(21, b"\x02\x14"))
        raise _Closed

    def _early(self, hello: Hello, server_random: bytes) -> None:
        if self._has("ccs_ignored"):
            return
        if not self._has("ccs"):
            self._alert(10)
        theirs, _ = directions(VERSION, SUITES[SUITE], b"", hello.random, server_random)
        while True:
            kind, content = self._read()
            try:
                theirs.open(bytes((kind, 3, 3, 0, 0)) + content)
            except ValueError:
                self._alert(20)

    def _heartbeat(self, content: bytes, ours: Protected | None) -> None:
        claimed = int.from_bytes(content[1:3])
        if 3 + claimed + 16 > len(content) and not self._has("heartbleed"):
            return
        answer = b"\x02" + content[1:3] + (content[3:] + MEMORY * 10)[:claimed] + bytes(16)
        if ours is None:
            self._send(24, answer)
        else:
            self.wfile.write(ours.seal(24, answer))

    def _decrypted(self, sealed: bytes) -> bytes:
        """The premaster secret, or a random one where the padding is wrong, unless the server tells."""
        block = _private_block(sealed)
        head, place = block.startswith(b"\x00\x02"), block.find(b"\0", 2) == len(block) - 49
        if self._has("robot_cut") and not (head and place):
            self._alert(51)
        self.fault = "head" if not head else "place" if not place else ""
        return block[-48:] if head and place else os.urandom(48)

    def _refuse_finished(self) -> None:
        fault = getattr(self, "fault", "")
        if self._has("robot_reset") and fault == "head":
            self._reset()
        if self._has("robot_slow") and fault == "head" and self.server.served <= len(FORMS):
            time.sleep(FIRST_DELAY_S)
        if self._has("robot_random") and os.urandom(1)[0] & 1:
            self._alert(40)
        strong = self._has("robot_strong") and fault == "head"
        weak = self._has("robot_weak") and not fault
        self._alert(47 if strong or weak else 20)


FORMS = range(5)
FIRST_DELAY_S = 1.0
"""Longer than a first round waits, and shorter than the repetitions do."""


def _extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2) + len(body).to_bytes(2) + body


def _vector24(octets: bytes) -> bytes:
    return len(octets).to_bytes(3) + octets


def _private_block(sealed: bytes) -> bytes:
    """The octets that were encrypted, padding included: RSA as it stands in the books."""
    private = entity("rsa").key
    assert isinstance(private, RSAPrivateKey)
    numbers = private.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(sealed), numbers.d, modulus).to_bytes((modulus.bit_length() + 7) // 8)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, faults: frozenset[str]) -> None:
        self.faults = faults
        self.served = 0
        self._alone = threading.Lock()
        super().__init__((ADDRESS, 0), _Weak)

    def process_request_thread(self, request: object, client_address: object) -> None:
        self.served += 1
        with self._alone if "one_by_one" in self.faults else contextlib.nullcontext():
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]


@contextlib.contextmanager
def weak_server(*faults: str) -> Iterator[int]:
    """A server with these faults on a port of its own at ADDRESS, for HOST."""
    assert set(faults) <= FAULTS
    with _Server(frozenset(faults)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
