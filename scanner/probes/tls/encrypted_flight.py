"""What a server of TLS 1.3 says between its ServerHello and its Finished, and the tickets after it (RFC 8446 4.3, 4.4, 4.6).

Pure over octets of a stranger: nothing here raises, and every count has a bound.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from scanner.probes.tls.first_flight import Alert, CertificateRequest, ServerHello, parse_first_flight
from scanner.probes.tls.key_schedule import APPLICATION_DATA, HEADER_BYTES, SUITES, BadRecordError, Protection

ALERT, HANDSHAKE, CHANGE_CIPHER_SPEC = 21, 22, 20
SERVER_HELLO: Final = 2
NEW_SESSION_TICKET: Final = 4
ENCRYPTED_EXTENSIONS: Final = 8
CERTIFICATE: Final = 11
CERTIFICATE_REQUEST: Final = 13
CERTIFICATE_VERIFY: Final = 15
FINISHED: Final = 20

_ALPN, _EARLY_DATA, _STATUS_REQUEST, _SIGNATURE_SCHEMES, _AUTHORITIES = 16, 42, 5, 13, 47
ENCRYPTED_CLIENT_HELLO: Final = 0xFE0D

MAX_CERTIFICATES: Final = 65
MAX_AUTHORITIES: Final = 200
MAX_MESSAGES: Final = 32
MAX_CLEAR_RECORDS: Final = 64
MAX_EXTENSIONS: Final = 64


class EncryptedFlight(Struct, frozen=True):
    """Everything in a server's flight of TLS 1.3. `finished`: it was read to its end; `problem` says what could not be.

    `hello` is None where the server answered no TLS 1.3. `scheme` is that of CertificateVerify. `retry_configs` is the body
    of encrypted_client_hello in EncryptedExtensions, None when there is none.
    """

    hello: ServerHello | None = None
    extensions: tuple[int, ...] = ()
    alpn: str | None = None
    early_data: bool = False
    retry_configs: bytes | None = None
    chain: tuple[bytes, ...] = ()
    staple: bytes | None = None
    scheme: int | None = None
    certificate_request: CertificateRequest | None = None
    alerts: tuple[Alert, ...] = ()
    finished: bool = False
    problem: str = ""


class NewTicket(Struct, frozen=True):
    """A NewSessionTicket (RFC 8446 4.6.1); `max_early_data` is 0 where the ticket allows none."""

    lifetime_s: int
    age_add: int
    nonce: bytes
    ticket: bytes
    max_early_data: int = 0


class Octets:
    """Reads fields one after another; what is cut off raises ValueError."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def take(self, count: int) -> bytes:
        """So many octets."""
        self.at, start = self.at + count, self.at
        if self.at > len(self.octets):
            raise ValueError(f"{count} octets should follow octet {start}, of {len(self.octets)}")
        return self.octets[start : self.at]

    def number(self, size: int) -> int:
        """A number of `size` octets."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """As many octets as the `size` octets before them say."""
        return self.take(self.number(size))

    @property
    def left(self) -> int:
        """How many octets were not taken."""
        return len(self.octets) - self.at


def read_encrypted_flight(octets: bytes, secret: bytes) -> EncryptedFlight:
    """The flight in records as they came, from ServerHello on, opened with the server's handshake traffic secret."""
    hello, body = _clear_part(octets)
    suite = None if hello is None else SUITES.get(hello.suite)
    if hello is None or suite is None or len(secret) != suite.hash_bytes:
        return EncryptedFlight(hello, problem="no ServerHello of TLS 1.3 to which this secret belongs")
    return _Reader(hello).read(handshake_octets(body, Protection(suite, secret)))


def read_open_flight(octets: bytes) -> EncryptedFlight:
    """The flight in handshake messages that somebody else opened, from ServerHello on (QUIC has no records: RFC 9001 4)."""
    first = next(((kind, whole) for kind, _, whole in messages(octets)), None)
    if first is None or first[0] != SERVER_HELLO:
        return EncryptedFlight(problem="no ServerHello")
    record = bytes((HANDSHAKE, 3, 3)) + len(first[1]).to_bytes(2, "big") + first[1] if len(first[1]) < 16_384 else b""
    hello = parse_first_flight(record).hello
    if hello is None or hello.is_retry:
        return EncryptedFlight(problem="no ServerHello")
    return _Reader(hello).read(Opened(((HANDSHAKE, octets[len(first[1]) :]),)))


def _clear_part(octets: bytes) -> tuple[ServerHello | None, bytes]:
    """The ServerHello, retries passed over, and the records behind it."""
    at = 0
    hello: ServerHello | None = None
    clear = b""
    for _ in range(MAX_CLEAR_RECORDS):
        if at + HEADER_BYTES > len(octets) or octets[at] not in (HANDSHAKE, CHANGE_CIPHER_SPEC, ALERT):
            break
        end = at + 5 + int.from_bytes(octets[at + 3 : at + 5], "big")
        if octets[at] == HANDSHAKE:
            clear += octets[at:end]
            found = parse_first_flight(clear).hello
            if found is not None:
                hello, clear = found, b""
        at = end
    return (None if hello is None or hello.is_retry else hello), octets[at:]


class Opened(Struct, frozen=True):
    """The content of protected records: kinds and octets in order, and why reading stopped before the end."""

    records: tuple[tuple[int, bytes], ...]
    problem: str = ""


def handshake_octets(octets: bytes, protection: Protection) -> Opened:
    """Open whole records one after another; a ChangeCipherSpec between them means nothing (RFC 8446 D.4)."""
    at = 0
    found: list[tuple[int, bytes]] = []
    while at + 5 <= len(octets):
        kind, end = octets[at], at + 5 + int.from_bytes(octets[at + 3 : at + 5], "big")
        if end > len(octets):
            return Opened(tuple(found), "the last record is cut off")
        if kind == APPLICATION_DATA:
            try:
                found.append(protection.open(octets[at:end]))
            except BadRecordError as error:
                return Opened(tuple(found), str(error))
        elif kind == ALERT:
            found.append((ALERT, octets[at + 5 : end]))
        at = end
    return Opened(tuple(found))


def messages(octets: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Type, body and whole of each handshake message that is there in full."""
    at = 0
    while at + 4 <= len(octets):
        end = at + 4 + int.from_bytes(octets[at + 1 : at + 4], "big")
        if end > len(octets):
            return
        yield octets[at], octets[at + 4 : end], octets[at:end]
        at = end


class _Reader:
    """Collects the fields of the flight."""

    def __init__(self, hello: ServerHello) -> None:
        self._hello = hello
        self._extensions: tuple[int, ...] = ()
        self._alpn: str | None = None
        self._early_data = False
        self._retry_configs: bytes | None = None
        self._chain: tuple[bytes, ...] = ()
        self._staple: bytes | None = None
        self._scheme: int | None = None
        self._request: CertificateRequest | None = None
        self._finished = False

    def read(self, opened: Opened) -> EncryptedFlight:
        problem = opened.problem
        handshake = b"".join(content for kind, content in opened.records if kind == HANDSHAKE)
        for count, (kind, body, _) in enumerate(messages(handshake)):
            if count >= MAX_MESSAGES:
                problem = f"more than {MAX_MESSAGES} messages"
                break
            try:
                self._take(kind, body)
            except ValueError as error:
                problem = problem or f"message of type {kind}: {error}"
        return EncryptedFlight(
            hello=self._hello,
            extensions=self._extensions,
            alpn=self._alpn,
            early_data=self._early_data,
            retry_configs=self._retry_configs,
            chain=self._chain,
            staple=self._staple,
            scheme=self._scheme,
            certificate_request=self._request,
            alerts=tuple(Alert(it[0], it[1]) for kind, it in opened.records if kind == ALERT and len(it) == 2),
            finished=self._finished,
            problem=problem,
        )

    def _take(self, kind: int, body: bytes) -> None:
        if kind == ENCRYPTED_EXTENSIONS:
            found = extensions(Octets(body).vector(2))
            self._extensions = tuple(number for number, _ in found)
            for number, content in found:
                if number == _ALPN:
                    self._alpn = Octets(Octets(content).vector(2)).vector(1).decode("latin-1")
                elif number == _EARLY_DATA:
                    self._early_data = True
                elif number == ENCRYPTED_CLIENT_HELLO:
                    self._retry_configs = content
        elif kind == CERTIFICATE:
            self._chain, self._staple = _certificates(body)
        elif kind == CERTIFICATE_VERIFY:
            self._scheme = Octets(body).number(2)
        elif kind == CERTIFICATE_REQUEST:
            self._request = _certificate_request(body)
        elif kind == FINISHED:
            self._finished = True


def extensions(octets: bytes) -> tuple[tuple[int, bytes], ...]:
    """Type and body of each extension. Raises ValueError."""
    it = Octets(octets)
    found: list[tuple[int, bytes]] = []
    while it.left:
        if len(found) >= MAX_EXTENSIONS:
            raise ValueError(f"more than {MAX_EXTENSIONS} extensions")
        found.append((it.number(2), it.vector(2)))
    return tuple(found)


def _certificates(body: bytes) -> tuple[tuple[bytes, ...], bytes | None]:
    """The chain, and the staple that came with its leaf (RFC 8446 4.4.2.1)."""
    it = Octets(body)
    it.vector(1)
    entries = Octets(it.vector(3))
    chain: list[bytes] = []
    staple = None
    while entries.left and len(chain) < MAX_CERTIFICATES:
        certificate, more = entries.vector(3), entries.vector(2)
        if not chain:
            for number, content in extensions(more):
                if number == _STATUS_REQUEST and content[:1] == b"\x01":
                    staple = Octets(content[1:]).vector(3) or None
        chain.append(certificate)
    return tuple(chain), staple


def _certificate_request(body: bytes) -> CertificateRequest:
    it = Octets(body)
    it.vector(1)
    schemes: tuple[int, ...] = ()
    authorities: list[bytes] = []
    for number, content in extensions(it.vector(2)):
        if number == _SIGNATURE_SCHEMES:
            listed = Octets(content).vector(2)
            schemes = tuple(int.from_bytes(listed[at : at + 2], "big") for at in range(0, len(listed) - 1, 2))
        elif number == _AUTHORITIES:
            names = Octets(Octets(content).vector(2))
            while names.left and len(authorities) < MAX_AUTHORITIES:
                authorities.append(names.vector(2))
    return CertificateRequest((), schemes, tuple(authorities))


def read_new_ticket(body: bytes) -> NewTicket:
    """A NewSessionTicket of TLS 1.3. Raises ValueError."""
    it = Octets(body)
    lifetime, age_add, nonce, ticket = it.number(4), it.number(4), it.vector(1), it.vector(2)
    early = next((content for number, content in extensions(it.vector(2)) if number == _EARLY_DATA), b"")
    if not ticket:
        raise ValueError("a ticket without octets")
    return NewTicket(lifetime, age_add, nonce, ticket, int.from_bytes(early[:4], "big"))
