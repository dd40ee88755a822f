"""What a server answers to a hello before anything is encrypted: records, handshake messages, alerts, SSLv2."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scanner.probes.tls.code_points import Exchange, exchange_of

MAX_FLIGHT_BYTES = 262_144
MAX_MESSAGE_BYTES: Final = 131_072
MAX_MESSAGES: Final = 64
MAX_ALERTS: Final = 16
MAX_EXTENSIONS: Final = 100
MAX_CERTIFICATES: Final = 100
MAX_AUTHORITIES: Final = 200
MAX_FRAGMENT_BYTES: Final = 16_384 + 2_048

RETRY_RANDOM: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random that makes a ServerHello a HelloRetryRequest (RFC 8446 4.1.3)."""
SENTINELS: Final = (b"DOWNGRD\x01", b"DOWNGRD\x00")

_TLS12, _TLS13 = 0x0303, 0x0304
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA, _HEARTBEAT = 20, 21, 22, 23, 24
_SERVER_HELLO, _NEW_SESSION_TICKET, _OLD_RETRY, _CERTIFICATE = 2, 4, 6, 11
_SERVER_KEY_EXCHANGE, _CERTIFICATE_REQUEST, _SERVER_HELLO_DONE, _CERTIFICATE_STATUS = 12, 13, 14, 22
_FATAL = 2
# Alerts after which nothing more comes, whatever level they carry: close_notify, and those that are always fatal
# (RFC 5246 7.2.2). Some stacks send them as warnings.
_ENDING_ALERTS = frozenset({0, 10, 20, 21, 22, 30, 40, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 109, 116, 120})


class Alert(Struct, frozen=True):
    """An alert of the server (RFC 8446 6)."""

    level: int
    description: int

    @property
    def ends(self) -> bool:
        """Whether nothing more comes after it."""
        return self.level == _FATAL or self.description in _ENDING_ALERTS


class ServerHello(Struct, frozen=True):
    """A ServerHello, or a HelloRetryRequest when `is_retry`. `version` is the negotiated one (supported_versions if sent).

    `group` is the group of key_share (selected_group in a retry), `key_share` the server's public value, empty in a retry.
    `extensions` are (type, body) in order; `sentinel` is whether the random ends in a downgrade sentinel.
    """

    version: int
    legacy_version: int
    random: bytes
    session_id: bytes
    suite: int
    compression: int
    extensions: tuple[tuple[int, bytes], ...]
    is_retry: bool
    group: int | None
    key_share: bytes
    sentinel: bool


class ServerKeyExchange(Struct, frozen=True):
    """Parameters in clear: of a named curve or of finite-field DH; `scheme` is the signature scheme of TLS 1.2.

    `prime` and `generator` are those of DH only, as sent. Of an explicit curve nothing but `public` is kept. `rsa_modulus`
    is that of a temporary RSA key (RSA_EXPORT). `readable` is false for what is cut short and for exchanges unknown here.
    """

    group: int | None = None
    explicit_curve: bool = False
    prime: bytes = b""
    generator: bytes = b""
    public: bytes = b""
    scheme: int | None = None
    signed: bool = False
    readable: bool = True
    rsa_modulus: bytes = b""


class CertificateRequest(Struct, frozen=True):
    """The server asks for a client certificate; DER names of authorities, in order, at most 200."""

    types: tuple[int, ...]
    schemes: tuple[int, ...]
    authorities: tuple[bytes, ...]


class Sslv2Hello(Struct, frozen=True):
    """An SSLv2 SERVER-HELLO: the certificate (DER) and the cipher kinds (24 bit) that both have."""

    certificate: bytes
    ciphers: tuple[int, ...]
    connection_id: bytes


class Flight(Struct, frozen=True):
    """Everything legible in a first flight.

    `complete`: it reached its natural end (ServerHelloDone; ServerHello or HelloRetryRequest of 1.3; ChangeCipherSpec of a
    resumed session; an alert that ends; an SSLv2 SERVER-HELLO or ERROR). `done` is a ServerHelloDone. `problem` says what
    could not be read, `not_tls` that the first octets are no TLS at all. An answer that only stops too early has no problem:
    it is not complete.
    """

    hello: ServerHello | None = None
    chain: tuple[bytes, ...] = ()
    staple: bytes | None = None
    key_exchange: ServerKeyExchange | None = None
    certificate_request: CertificateRequest | None = None
    session_ticket: bytes | None = None
    alerts: tuple[Alert, ...] = ()
    sslv2: Sslv2Hello | None = None
    done: bool = False
    complete: bool = False
    not_tls: bool = False
    problem: str = ""
    sslv2_error: int | None = None


class FlightReader:
    """Takes octets as they arrive and says when the first flight is over, without parsing anything twice.

    It is over, too, when nothing that follows could be read: text that is no TLS, lengths out of bounds, too many octets.
    """

    __slots__ = (
        "_alert",
        "_alerts_seen",
        "_buffer",
        "_header",
        "_hello",
        "_left",
        "_messages",
        "_needed",
        "_over",
        "_record",
        "_type",
    )

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._record = 0  # where the first record stands that has not been looked at
        self._needed = 5  # with fewer octets than these in all, nothing can be told
        self._header = b""
        self._type = 0
        self._left = 0  # octets of the current handshake message that have not come yet
        self._hello = bytearray()
        self._alert = b""
        self._alerts_seen = 0
        self._messages = 0
        self._over = False

    @property
    def octets(self) -> bytes:
        """All octets that came."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> bool:
        """Take octets; true when nothing more needs to be read."""
        buffer = self._buffer
        buffer += data
        while not self._over and len(buffer) >= self._needed:
            self._over = self._look(buffer)
        return self._over

    def _look(self, buffer: bytearray) -> bool:
        """Look at the next record, which may still be short of octets; whether the flight is over."""
        at = self._record
        if at == 0 and not _begins_tls(buffer):
            end = _sslv2_end(buffer)
            self._needed = end or 0
            return end is None or len(buffer) >= end
        if len(buffer) < at + 5:
            self._needed = at + 5
            return at > MAX_FLIGHT_BYTES
        kind, length = buffer[at], buffer[at + 3] << 8 | buffer[at + 4]
        end = at + 5 + length
        if not _is_record(kind, buffer[at + 1]) or length > MAX_FRAGMENT_BYTES or end > MAX_FLIGHT_BYTES:
            return True
        if len(buffer) < end:
            self._needed = end
            return False
        self._record = end
        self._needed = end + 5
        if kind == _HANDSHAKE:
            return self._handshake(buffer, at + 5, end)
        if kind == _ALERT:
            return self._alerts(bytes(buffer[at + 5 : end]))
        return True  # ChangeCipherSpec and application data: what follows is encrypted

    def _handshake(self, buffer: bytearray, at: int, end: int) -> bool:
        while at < end:
            if not self._left:
                missing = 4 - len(self._header)
                self._header += buffer[at : min(at + missing, end)]
                at += missing
                if len(self._header) < 4:
                    return False
                self._type, self._left = self._header[0], int.from_bytes(self._header[1:], "big")
                self._header = b""
                self._messages += 1
                if self._type in (_SERVER_HELLO_DONE, _OLD_RETRY):
                    return True
                if self._left > MAX_MESSAGE_BYTES or self._messages > MAX_MESSAGES:
                    return True
            else:
                taken = min(self._left, end - at)
                if self._type == _SERVER_HELLO:
                    self._hello += buffer[at : at + taken]
                at += taken
                self._left -= taken
                if not self._left and self._type == _SERVER_HELLO and _ends_in_clear(bytes(self._hello)):
                    return True
        return False

    def _alerts(self, octets: bytes) -> bool:
        self._alert += octets
        whole = len(self._alert) // 2 * 2
        found = [Alert(self._alert[at], self._alert[at + 1]) for at in range(0, whole, 2)]
        self._alert = self._alert[whole:]
        self._alerts_seen += len(found)
        return self._alerts_seen > MAX_ALERTS or any(alert.ends for alert in found)


def _begins_tls(octets: bytes | bytearray) -> bool:
    """Whether five octets can begin a TLS record. An alert is taken with any version: old stacks put odd ones there."""
    return _CHANGE_CIPHER_SPEC <= octets[0] <= _HEARTBEAT and (
        octets[1] == 3 or (octets[0] == _ALERT and octets[3] == 0 and octets[4] == 2)
    )


def _is_record(kind: int, major: int) -> bool:
    """Whether a record can begin so, after a first one."""
    return _CHANGE_CIPHER_SPEC <= kind <= _HEARTBEAT and (major == 3 or kind == _ALERT)


def _sslv2_end(octets: bytes | bytearray) -> int | None:
    """Where the first SSLv2 record ends, None when the first five octets begin no SERVER-HELLO and no ERROR."""
    body = 2 if octets[0] & 0x80 else 3
    length = (octets[0] & (0x7F if body == 2 else 0x3F)) << 8 | octets[1]
    if (octets[body], length) == (0, 3) or (octets[body] == 4 and length >= 11):
        return body + length
    return None


def _ends_in_clear(body: bytes) -> bool:
    """Whether what follows a ServerHello is encrypted: it is one of TLS 1.3, or one that cannot be read."""
    try:
        hello = _server_hello(body)
    except ValueError:
        return True
    return hello.is_retry or hello.version >= _TLS13


def parse_first_flight(octets: bytes) -> Flight:
    """Whatever is legible in what a server sent; never raises."""
    if len(octets) < 5:
        return Flight(not_tls=bool(octets) and not _may_begin(octets))
    if not _begins_tls(octets):
        end = _sslv2_end(octets)
        return Flight(not_tls=True) if end is None else _sslv2_flight(octets, end)
    fragments: list[bytes] = []
    alerts = b""
    ended = False  # by ChangeCipherSpec or application data
    problem = ""
    at = 0
    while at + 5 <= len(octets) and not ended:
        kind, length = octets[at], octets[at + 3] << 8 | octets[at + 4]
        end = at + 5 + length
        if not _is_record(kind, octets[at + 1]):
            # After an alert some services go on in clear, in the words of their own protocol: the flight is over by then.
            if not any(Alert(level, what).ends for level, what in zip(alerts[::2], alerts[1::2], strict=False)):
                problem = f"octet {at} begins no TLS record"
            break
        if length > MAX_FRAGMENT_BYTES:
            problem = f"a record of {length} octets is longer than TLS allows"
            break
        if end > MAX_FLIGHT_BYTES:
            problem = f"the first flight is longer than {MAX_FLIGHT_BYTES} octets"
            break
        if end > len(octets) and kind != _HANDSHAKE:
            break
        if kind == _HANDSHAKE:
            fragments.append(octets[at + 5 : end])
        elif kind == _ALERT:
            alerts += octets[at + 5 : end]
        else:
            ended = True
        at = end
    flight = _messages(fragments[0] if len(fragments) == 1 else b"".join(fragments), problem)
    return _ended(flight, alerts, ended)


@lru_cache(maxsize=256)
def known_flight(octets: bytes) -> Flight:
    """The same for those who look at a flight one after another: the sweep, which goes on from it, and the fold."""
    return parse_first_flight(octets)


def _may_begin(octets: bytes) -> bool:
    """Whether fewer than five octets can begin an answer of TLS or SSLv2."""
    if _CHANGE_CIPHER_SPEC <= octets[0] <= _HEARTBEAT:
        return len(octets) < 2 or octets[1] == 3 or octets[0] == _ALERT
    body = 2 if octets[0] & 0x80 else 3
    return len(octets) <= body or octets[body] in (0, 4)


def _ended(flight: Flight, alerts: bytes, ended: bool) -> Flight:
    """The flight with its alerts, and with how it ended."""
    found = tuple(Alert(level, what) for level, what in zip(alerts[::2], alerts[1::2], strict=False))
    complete = flight.complete or any(alert.ends for alert in found)
    problem = flight.problem
    if len(found) > MAX_ALERTS:
        found, problem = found[:MAX_ALERTS], problem or f"more than {MAX_ALERTS} alerts"
    if ended and not complete:
        if flight.hello is None:
            problem = problem or "encrypted records before a ServerHello"
        else:
            complete = not problem
    if not found and complete == flight.complete and problem == flight.problem:
        return flight
    return replace(flight, alerts=found, complete=complete, problem=problem)


def _messages(octets: bytes, problem: str) -> Flight:
    """The handshake messages of a flight, up to its natural end."""
    flight = _Unfinished()
    flight.problem = problem
    at = count = 0
    while at + 4 <= len(octets) and not flight.complete:
        kind, length = octets[at], int.from_bytes(octets[at + 1 : at + 4], "big")
        end = at + 4 + length
        if length > MAX_MESSAGE_BYTES:
            flight.problem = f"a handshake message of {length} octets is longer than {MAX_MESSAGE_BYTES}"
            break
        count += 1
        if count > MAX_MESSAGES:
            flight.problem = f"more than {MAX_MESSAGES} handshake messages"
            break
        if end > len(octets):
            break
        try:
            flight.take(kind, octets[at + 4 : end])
        except _UnreadableError as error:
            flight.problem = flight.problem or f"{_NAMES.get(kind, f'message {kind}')}: {error}"
            if kind == _SERVER_HELLO:
                break
        at = end
    return flight.frozen()


_NAMES: Final = {
    _SERVER_HELLO: "ServerHello",
    _NEW_SESSION_TICKET: "NewSessionTicket",
    _CERTIFICATE: "Certificate",
    _SERVER_KEY_EXCHANGE: "ServerKeyExchange",
    _CERTIFICATE_REQUEST: "CertificateRequest",
    _CERTIFICATE_STATUS: "CertificateStatus",
}


class _UnreadableError(ValueError):
    """A message or a field of it cannot be read as the standards have it."""


class _Unfinished:
    """A flight while its messages are being read."""

    def __init__(self) -> None:
        self.hello: ServerHello | None = None
        self.chain: list[bytes] = []
        self.staple: bytes | None = None
        self.key_exchange: ServerKeyExchange | None = None
        self.certificate_request: CertificateRequest | None = None
        self.session_ticket: bytes | None = None
        self.done = self.complete = False
        self.problem = ""

    def take(self, kind: int, body: bytes) -> None:
        """Read one message. Raises _UnreadableError, having kept what could be read."""
        if self.hello is None:
            if kind == _SERVER_HELLO:
                self.hello = _server_hello(body)
                self.complete = self.hello.is_retry or self.hello.version >= _TLS13
            elif kind != 0:  # a HelloRequest may come at any time
                raise _UnreadableError("it came before a ServerHello")
        elif kind == _SERVER_HELLO_DONE:
            self.done = self.complete = True
        elif kind == _CERTIFICATE:
            self.chain.clear()
            for certificate in _vectors(body, 3, 3, MAX_CERTIFICATES):
                self.chain.append(certificate)
        elif kind == _SERVER_KEY_EXCHANGE:
            self.key_exchange = _key_exchange(body, self.hello)
        elif kind == _CERTIFICATE_STATUS:
            self.staple = _staple(body)
        elif kind == _CERTIFICATE_REQUEST:
            self.certificate_request = _certificate_request(body, self.hello.version)
        elif kind == _NEW_SESSION_TICKET:
            self.session_ticket = _vector(body, 4, 2)[0]
        elif kind in (_SERVER_HELLO, _OLD_RETRY):
            raise _UnreadableError("it came after a ServerHello")

    def frozen(self) -> Flight:
        """What was read."""
        return Flight(
            hello=self.hello,
            chain=tuple(self.chain),
            staple=self.staple,
            key_exchange=self.key_exchange,
            certificate_request=self.certificate_request,
            session_ticket=self.session_ticket,
            done=self.done,
            complete=self.complete,
            problem=self.problem,
        )


def _number(octets: bytes, at: int, size: int) -> int:
    if at + size > len(octets):
        raise _UnreadableError(f"it ends inside a field, after {len(octets)} octets")
    return int.from_bytes(octets[at : at + size], "big")


def _vector(octets: bytes, at: int, size: int) -> tuple[bytes, int]:
    """The octets of a vector whose length has `size` octets, and where it ends."""
    start = at + size
    end = start + _number(octets, at, size)
    if end > len(octets):
        raise _UnreadableError(f"it ends inside a field, after {len(octets)} octets")
    return octets[start:end], end


def _vectors(octets: bytes, outer: int, inner: int, limit: int) -> Iterator[bytes]:
    """The vectors inside a vector. Raises _UnreadableError when there are more than `limit`."""
    items, _ = _vector(octets, 0, outer)
    at = count = 0
    while at < len(items):
        count += 1
        if count > limit:
            raise _UnreadableError(f"more than {limit} entries")
        item, at = _vector(items, at, inner)
        yield item


@lru_cache(maxsize=16)  # the reader looks at it, and the parser again
def _server_hello(body: bytes) -> ServerHello:
    legacy = _number(body, 0, 2)
    random = body[2:34]
    session_id, at = _vector(body, 34, 1)
    suite, compression = _number(body, at, 2), _number(body, at + 2, 1)
    extensions: tuple[tuple[int, bytes], ...] = ()
    version, group, key_share = legacy, None, b""
    is_retry = random == RETRY_RANDOM
    if len(body) > at + 3:
        extensions = tuple(_extensions(_vector(body, at + 3, 2)[0]))
        for number, value in extensions:
            if number == 43 and len(value) == 2:
                version = value[0] << 8 | value[1]
            elif number == 51 and len(value) >= 2:
                group = value[0] << 8 | value[1]
                key_share = b"" if len(value) == 2 else _vector(value, 2, 2)[0]
    sentinel = random.endswith(SENTINELS)
    return ServerHello(
        version, legacy, random, session_id, suite, compression, extensions, is_retry, group, key_share, sentinel
    )


def _extensions(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = count = 0
    while at < len(octets):
        count += 1
        if count > MAX_EXTENSIONS:
            raise _UnreadableError(f"more than {MAX_EXTENSIONS} extensions")
        number = _number(octets, at, 2)
        body, at = _vector(octets, at + 2, 2)
        yield number, body


def _staple(body: bytes) -> bytes | None:
    """The first OCSP response of a CertificateStatus (RFC 6066 8, RFC 6961), None when it is of another kind or empty."""
    kind = _number(body, 0, 1)
    if kind == 2:
        responses, _ = _vector(body, 1, 3)
        return (_vector(responses, 0, 3)[0] or None) if responses else None
    return (_vector(body, 1, 3)[0] or None) if kind == 1 else None


def _certificate_request(body: bytes, version: int) -> CertificateRequest:
    types, at = _vector(body, 0, 1)
    schemes: tuple[int, ...] = ()
    if version >= _TLS12:
        octets, at = _vector(body, at, 2)
        schemes = tuple(octets[place] << 8 | octets[place + 1] for place in range(0, len(octets) - 1, 2))
    names, _ = _vector(body, at, 2)
    authorities: list[bytes] = []
    at = 0
    while at < len(names) and len(authorities) < MAX_AUTHORITIES:
        name, at = _vector(names, at, 2)
        authorities.append(name)
    return CertificateRequest(tuple(types), schemes, tuple(authorities))


def _key_exchange(body: bytes, hello: ServerHello) -> ServerKeyExchange:
    """The parameters by the exchange that the suite names; what cannot be read is marked so and loses nothing else."""
    exchange = exchange_of(hello.suite)
    try:
        at = _vector(body, 0, 2)[1] if exchange in _HINTED else 0
        found, at = (
            _PARAMETERS[exchange](body, at) if exchange in _PARAMETERS else (ServerKeyExchange(readable=False), 0)
        )
    except _UnreadableError:
        return ServerKeyExchange(readable=False)
    if not found.readable or at >= len(body):
        return found
    scheme = None
    if hello.version >= _TLS12:
        scheme, at = _number(body, at, 2) if len(body) >= at + 2 else None, at + 2
    signed = at + 2 <= len(body) and _number(body, at, 2) > 0
    return replace(found, scheme=scheme, signed=signed)


def _curve(body: bytes, at: int) -> tuple[ServerKeyExchange, int]:
    kind = _number(body, at, 1)
    if kind == 3:
        group = _number(body, at + 1, 2)
        public, at = _vector(body, at + 3, 1)
        return ServerKeyExchange(group=group, public=public), at
    if kind == 1:
        at, parameters = at + 1, 6  # prime, a, b, base, order, cofactor (RFC 4492 5.4)
    elif kind == 2:
        basis = _number(body, at + 3, 1)
        at, parameters = at + 4, 5 + (3 if basis == 2 else 1)  # k or k1, k2, k3, then all but the prime
    else:
        return ServerKeyExchange(readable=False), at
    for _ in range(parameters):
        _, at = _vector(body, at, 1)
    public, at = _vector(body, at, 1)
    return ServerKeyExchange(explicit_curve=True, public=public), at


def _finite_field(body: bytes, at: int) -> tuple[ServerKeyExchange, int]:
    prime, at = _vector(body, at, 2)
    generator, at = _vector(body, at, 2)
    public, at = _vector(body, at, 2)
    return ServerKeyExchange(prime=prime, generator=generator, public=public), at


def _rsa(body: bytes, at: int) -> tuple[ServerKeyExchange, int]:
    modulus, at = _vector(body, at, 2)
    _, at = _vector(body, at, 2)
    return ServerKeyExchange(rsa_modulus=modulus), at


def _srp(body: bytes, at: int) -> tuple[ServerKeyExchange, int]:
    for size in (2, 2, 1):  # N, g, the salt (RFC 5054 2.5.3)
        _, at = _vector(body, at, size)
    public, at = _vector(body, at, 2)
    return ServerKeyExchange(public=public), at


def _hint_only(_body: bytes, at: int) -> tuple[ServerKeyExchange, int]:
    return ServerKeyExchange(), at


_HINTED: Final = frozenset({Exchange.PSK, Exchange.RSA_PSK, Exchange.DHE_PSK, Exchange.ECDHE_PSK})
_PARAMETERS: Final = {
    Exchange.ECDHE: _curve,
    Exchange.ECDHE_PSK: _curve,
    Exchange.ECDH_ANON: _curve,
    Exchange.DHE: _finite_field,
    Exchange.DHE_PSK: _finite_field,
    Exchange.DH_ANON: _finite_field,
    Exchange.RSA: _rsa,
    Exchange.SRP: _srp,
    Exchange.PSK: _hint_only,
    Exchange.RSA_PSK: _hint_only,
}


def _sslv2_flight(octets: bytes, end: int) -> Flight:
    """An SSLv2 SERVER-HELLO or ERROR."""
    body = octets[2 if octets[0] & 0x80 else 3 : end]
    if len(octets) < end:
        return Flight()
    if body[0] == 0:
        return Flight(sslv2_error=body[1] << 8 | body[2], complete=True)
    lengths = [_number(body, at, 2) for at in (5, 7, 9)]
    edges = [11, 11 + lengths[0], 11 + lengths[0] + lengths[1], 11 + sum(lengths)]
    if edges[-1] > len(body) or body[3:5] != b"\x00\x02":
        return Flight(problem="SERVER-HELLO of SSLv2: its lengths do not fit", not_tls=body[3:5] != b"\x00\x02")
    certificate, kinds, connection_id = (body[start:stop] for start, stop in pairwise(edges))
    ciphers = tuple(int.from_bytes(kinds[at : at + 3], "big") for at in range(0, len(kinds) - 2, 3))
    return Flight(sslv2=Sslv2Hello(certificate, ciphers, connection_id), complete=True)
