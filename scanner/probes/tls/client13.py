"""A client of TLS 1.3 without input or output, for what a library's public calls do not tell.

Octets go in and out, and everything a server said stands as attributes afterwards: which ticket it gave, whether it takes
early data, which certificate it shows for which signature schemes, in groups that libraries leave out. The server's key is
not verified: who answers is judged from its chain elsewhere, and nothing that is secret is ever sent. The server's Finished
is, so that what was read is what it sent.
"""

import hashlib
import hmac
import os
from typing import Final

import msgspec
from msgspec import Struct

from scanner.derive.certificate_verify import shows_the_key
from scanner.probes.tls.client_hello import Hello, build_client_hello
from scanner.probes.tls.encrypted_flight import (
    ALERT,
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CERTIFICATE_VERIFY,
    CHANGE_CIPHER_SPEC,
    ENCRYPTED_CLIENT_HELLO,
    ENCRYPTED_EXTENSIONS,
    FINISHED,
    HANDSHAKE,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    NewTicket,
    Octets,
    extensions,
    read_new_ticket,
)
from scanner.probes.tls.encrypted_hello import INNER, EchConfig, accepts, seal_hello
from scanner.probes.tls.first_flight import Alert, ServerHello, parse_first_flight
from scanner.probes.tls.key_agreement import CLASSICAL, HYBRID, POST_QUANTUM, X25519, Agreement, key_agreement
from scanner.probes.tls.key_schedule import (
    APPLICATION_DATA,
    MAX_CIPHERTEXT_BYTES,
    SUITES,
    BadRecordError,
    Protection,
    Suite,
    derive_secret,
    early_secret,
    expand_label,
    finished_mac,
    next_secret,
)

TLS13: Final = 0x0304
TLS12: Final = 0x0303
OLDER_VERSIONS: Final = (TLS12, 0x0302, 0x0301)
OLDER_SUITES: Final = (
    0xC02F,
    0xC030,
    0xC02B,
    0xC02C,
    0xCCA8,
    0xCCA9,
    0xC013,
    0xC014,
    0x009E,
    0x0033,
    0x009C,
    0x002F,
    0x0035,
)
"""Offered besides, where a server of TLS 1.2 shall be recognised by its answer."""

RSA_SCHEMES: Final = (0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601)
ECDSA_SCHEMES: Final = (0x0403, 0x0503, 0x0603, 0x081A, 0x081B, 0x081C)
EDDSA_SCHEMES: Final = (0x0807, 0x0808)
MLDSA_SCHEMES: Final = (0x0904, 0x0905, 0x0906)
SCHEME_KINDS: Final = (ECDSA_SCHEMES, RSA_SCHEMES, EDDSA_SCHEMES, MLDSA_SCHEMES)
SCHEMES: Final = tuple(scheme for kind in SCHEME_KINDS for scheme in kind)
"""Signature schemes by the kind of key that makes them: a leaf is chosen by them (RFC 8446 4.2.3)."""

_CERTIFICATE_SCHEMES, _PRE_SHARED_KEY, _EARLY_DATA, _COOKIE, _PSK_MODES = 50, 41, 42, 44, 45
_PSK_DHE = b"\x01\x01"
_CCS_RECORD = b"\x14\x03\x03\x00\x01\x01"
_END_OF_EARLY_DATA = b"\x05\x00\x00\x00"
_CLOSE_NOTIFY = b"\x01\x00"
PADDED_BYTES: Final = 512
"""Some servers hang at hellos of 256 to 511 octets (RFC 7685 1)."""
MAX_TICKETS: Final = 16
MAX_MESSAGE_BYTES: Final = 262_144
MAX_RECORDS: Final = 1024
MAX_MESSAGES: Final = 64
"""Of one handshake: a server that cuts its flight into crumbs would have us copy it again and again."""


class Ticket(Struct, frozen=True):
    """What a resumption needs: the ticket, its key, and the suite that it belongs to. Never stored."""

    new: NewTicket
    suite: int
    psk: bytes
    alpn: str | None


class Wish(Struct, frozen=True):
    """What one handshake asks for.

    `older` offers TLS 1.2 to 1.0 besides, to be answered in clear by a server that has nothing newer. With `ticket` the
    session is taken up, and with `early_data` it is said that early data follows, of which none is ever sent.
    `ticket_age_ms` is the time since the ticket came. With `ech` the hello is sealed, and its outside asks for the public
    name.
    """

    server_name: str | None = None
    alpn: tuple[str, ...] = ()
    groups: tuple[int, ...] = (*CLASSICAL, *HYBRID, *POST_QUANTUM)
    shares: tuple[int, ...] = (X25519,)
    schemes: tuple[int, ...] = SCHEMES
    suites: tuple[int, ...] = tuple(SUITES)
    older: bool = False
    ticket: Ticket | None = None
    ticket_age_ms: int = 0
    early_data: bool = False
    ech: EchConfig | None = None
    extra: tuple[tuple[int, bytes], ...] = ()


class Client13:
    """One handshake. `start()` gives the first octets to send, `feed()` what to send after octets of the server.

    `is_finished`: both sides are done, and tickets may follow. `older` is the ServerHello of a server that chose an older
    version: there is nothing more to do then. `problem` is what was wrong with the server's octets. `flight` are the
    server's records up to its Finished, and `secret` is what opens them (`read_encrypted_flight`). `key_shown`: its
    CertificateVerify is by the key of the leaf it sent.
    """

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.is_finished = False
        self.is_over = False
        self.older: ServerHello | None = None
        self.hello: ServerHello | None = None
        self.resumed = False
        self.retried = False
        self.alpn: str | None = None
        self.early_data = False
        self.ech_accepted = False
        self.asked_for_certificate = False
        self.key_shown = False
        self._leaf = b""
        self.alert: Alert | None = None
        self.problem = ""
        self.flight = b""
        self.secret = b""
        self.tickets: list[Ticket] = []
        self._buffer = b""
        self._handshake = b""
        self._records = self._messages = 0
        self._transcript = b""
        self._suite: Suite | None = None
        self._agreements: dict[int, Agreement] = {group: key_agreement(group) for group in wish.shares}
        self._random = os.urandom(32)
        self._inner_random = os.urandom(32)
        self.inner = b""
        self._session_id = os.urandom(32)
        self._opening: Protection | None = None
        self._sealing: Protection | None = None
        self._early_sealing: Protection | None = None
        self._ccs_sent = False
        self._sent_hello: Hello
        self._handshake_secret = self._client_secret = self._resumption = b""

    # --- what we say ----------------------------------------------------------------------------------------

    def start(self) -> bytes:
        """The ClientHello in its record, and what goes with it."""
        wish = self.wish
        extra: list[tuple[int, bytes]] = [
            (_CERTIFICATE_SCHEMES, _numbers(SCHEMES)),
            (_PSK_MODES, _PSK_DHE),
            *wish.extra,
        ]
        if wish.ticket is not None and wish.early_data:
            extra.append((_EARLY_DATA, b""))
        self._sent_hello = Hello(
            version=TLS12,
            suites=(*self._suites(), *(OLDER_SUITES if wish.older else ())),
            server_name=wish.server_name,
            supported_versions=(TLS13, *OLDER_VERSIONS) if wish.older else (TLS13,),
            groups=wish.groups,
            key_shares=tuple((group, it.share) for group, it in self._agreements.items()),
            signature_schemes=wish.schemes,
            alpn=wish.alpn,
            session_id=self._session_id,
            random=self._random,
            status_request=True,
            extended_master_secret=wish.older,
            renegotiation_info=wish.older,
            point_formats=wish.older,
            extra=tuple(extra),
            pad_to=0 if wish.ech is not None else PADDED_BYTES,
        )
        record = self._hello_record(b"") if wish.ech is None else self._sealed_record(wish.ech)
        if wish.ticket is None or not wish.early_data:
            return record
        suite = SUITES[wish.ticket.suite]
        secret = derive_secret(suite, early_secret(suite, wish.ticket.psk), "c e traffic", self._hash(suite))
        self._early_sealing = Protection(suite, secret)
        self._ccs_sent = True
        return record + _CCS_RECORD

    def _sealed_record(self, config: EchConfig) -> bytes:
        """The hello in hand sealed inside another, which is for the public name."""
        hello = self._sent_hello
        inner = msgspec.structs.replace(
            hello, random=self._inner_random, extra=(*hello.extra, (ENCRYPTED_CLIENT_HELLO, INNER))
        )
        self.inner = _without_headers(build_client_hello(inner))
        record = seal_hello(inner, msgspec.structs.replace(hello, server_name=config.public_name), config)
        self._transcript = _without_headers(record)
        return record

    def _suites(self) -> tuple[int, ...]:
        """The ticket's own suite first: a ticket is taken with a suite of the same hash only."""
        if self.wish.ticket is None:
            return self.wish.suites
        return (self.wish.ticket.suite, *(it for it in self.wish.suites if it != self.wish.ticket.suite))

    def _hello_record(self, before: bytes) -> bytes:
        """The hello in hand, in its record, with the binder of its ticket; `before` is the transcript before it."""
        hello, ticket = self._sent_hello, self.wish.ticket
        if ticket is None:
            record = build_client_hello(hello)
        else:
            suite = SUITES[ticket.suite]
            age = (self.wish.ticket_age_ms + ticket.new.age_add) % (1 << 32)
            identity = _vector(ticket.new.ticket) + age.to_bytes(4, "big")
            empty = _vector(identity) + _vector(bytes((suite.hash_bytes,)) + bytes(suite.hash_bytes))
            record = build_client_hello(msgspec.structs.replace(hello, extra=(*hello.extra, (_PRE_SHARED_KEY, empty))))
            truncated = _without_headers(record)[
                : -(2 + 1 + suite.hash_bytes)
            ]  # all but the binders (RFC 8446 4.2.11.2)
            binder_key = derive_secret(suite, early_secret(suite, ticket.psk), "res binder", _digest(suite, b""))
            binder = finished_mac(suite, binder_key, _digest(suite, before + truncated))
            record = record[: len(record) - suite.hash_bytes] + binder
        self._transcript = before + _without_headers(record)
        return record

    def close(self) -> bytes:
        """A close_notify, so that the server ends the connection."""
        if self._sealing is not None:
            return self._sealing.seal(ALERT, _CLOSE_NOTIFY)
        return b"\x15\x03\x03\x00\x02" + _CLOSE_NOTIFY

    # --- what we hear ---------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> bytes:
        """Take octets of the server; what is to be sent in answer. After `is_over` there is nothing more to read."""
        self._buffer += data
        answer = b""
        while not self.is_over and len(self._buffer) >= 5:
            length = int.from_bytes(self._buffer[3:5], "big")
            if not 20 <= self._buffer[0] <= 24 or self._buffer[1] != 3 or length > MAX_CIPHERTEXT_BYTES:
                self._fail("octets that are no TLS record")
                break
            if len(self._buffer) < 5 + length:
                break
            record, self._buffer = self._buffer[: 5 + length], self._buffer[5 + length :]
            self._records += 1
            if self._records > MAX_RECORDS:
                self._fail(f"more than {MAX_RECORDS} records")
                break
            if not self.is_finished:
                self.flight += record
            try:
                answer += self._take_record(record)
            except (BadRecordError, ValueError) as error:
                self._fail(str(error))
        return answer

    def _fail(self, problem: str) -> None:
        self.problem, self.is_over = problem, True

    def _take_record(self, record: bytes) -> bytes:
        kind, content = record[0], record[5:]
        if kind == APPLICATION_DATA and self._opening is not None:
            kind, content = self._opening.open(record)
        elif kind == CHANGE_CIPHER_SPEC:
            return b""
        elif kind == HANDSHAKE and self._opening is not None:
            raise ValueError("a handshake message in clear after keys were agreed")
        if kind == ALERT:
            if len(content) != 2:
                raise ValueError("an alert that cannot be read")
            self.alert = Alert(content[0], content[1])
            self.is_over = self._opening is not None or self.alert.ends
            return b""
        if kind == HANDSHAKE:
            return self._take_handshake(content)
        if kind == APPLICATION_DATA and self.is_finished:
            return b""  # what a server says by itself, of HTTP/2 perhaps
        raise ValueError(f"a record of type {kind} where none may be")

    def _take_handshake(self, content: bytes) -> bytes:
        self._handshake += content
        answer = b""
        while len(self._handshake) >= 4 and not self.is_over:
            length = int.from_bytes(self._handshake[1:4], "big")
            if length > MAX_MESSAGE_BYTES:
                raise ValueError(f"a handshake message of {length} octets")
            if len(self._handshake) < 4 + length:
                break
            self._messages += 1
            if self._messages > MAX_MESSAGES:
                raise ValueError(f"more than {MAX_MESSAGES} messages")
            whole, self._handshake = self._handshake[: 4 + length], self._handshake[4 + length :]
            answer += self._take_message(whole[0], whole[4:], whole)
        return answer

    def _take_message(self, kind: int, body: bytes, whole: bytes) -> bytes:
        if self.is_finished:
            self._take_later(kind, body)
            return b""
        if self._opening is None:
            if kind != SERVER_HELLO:
                raise ValueError(f"a message of type {kind} instead of a ServerHello")
            return self._take_server_hello(whole)
        if kind == ENCRYPTED_EXTENSIONS:
            for number, content in extensions(Octets(body).vector(2)):
                if number == 16:
                    self.alpn = Octets(Octets(content).vector(2)).vector(1).decode("latin-1")
                self.early_data |= number == _EARLY_DATA
        elif kind == CERTIFICATE_REQUEST:
            self.asked_for_certificate = True
        elif kind == CERTIFICATE:
            chain = Octets(body)
            chain.vector(1)
            entries = Octets(chain.vector(3))
            self._leaf = entries.vector(3) if entries.left else b""
        elif kind == CERTIFICATE_VERIFY:
            verify, suite = Octets(body), self._suite
            assert suite is not None
            self.key_shown = shows_the_key(self._leaf, verify.number(2), verify.vector(2), self._hash(suite))
        elif kind == FINISHED:
            return self._take_finished(body, whole)
        self._transcript += whole
        return b""

    def _take_server_hello(self, whole: bytes) -> bytes:
        framed = b"\x16\x03\x03" + len(whole).to_bytes(2, "big") + whole
        hello = parse_first_flight(framed).hello
        if hello is None:
            raise ValueError("a ServerHello that cannot be read")
        if hello.version != TLS13:
            self.older, self.is_over = hello, True
            return b""
        suite = SUITES.get(hello.suite)
        if suite is None or hello.suite not in self._suites():
            raise ValueError("the server chose a suite that was not offered")
        if hello.is_retry:
            return self._retry(hello, suite, whole)
        self.hello, self._suite = hello, suite
        return self._agree(hello, suite, whole)

    def _retry(self, hello: ServerHello, suite: Suite, whole: bytes) -> bytes:
        if self.wish.ech is not None:
            raise ValueError("the server asks for another hello than the sealed one, which is not followed")
        if self.retried:
            raise ValueError("a second HelloRetryRequest")
        self.retried = True
        first = _digest(suite, self._transcript)
        before = b"\xfe" + len(first).to_bytes(3, "big") + first + whole
        shares = self._sent_hello.key_shares
        if hello.group is not None:
            if hello.group not in self.wish.groups or hello.group in self._agreements:
                raise ValueError("the server asks for a group that was not offered, or was there")
            agreement = key_agreement(hello.group)
            self._agreements = {hello.group: agreement}
            shares = ((hello.group, agreement.share),)
        cookie = tuple((number, body) for number, body in hello.extensions if number == _COOKIE)
        kept = tuple(it for it in self._sent_hello.extra if it[0] != _EARLY_DATA)
        self._early_sealing = None
        self._sent_hello = msgspec.structs.replace(
            self._sent_hello, key_shares=shares, extra=(*cookie, *kept), record_version=TLS12
        )
        sent = b"" if self._ccs_sent else _CCS_RECORD
        self._ccs_sent = True
        return sent + self._hello_record(before)

    def _agree(self, hello: ServerHello, suite: Suite, whole: bytes) -> bytes:
        if self.wish.ech is not None and accepts(suite, self.inner, self._inner_random, whole):
            self.ech_accepted, self._transcript = True, self.inner
        self._transcript += whole
        ticket = self.wish.ticket
        self.resumed = ticket is not None and any(number == _PRE_SHARED_KEY for number, _ in hello.extensions)
        if hello.group not in self._agreements:
            raise ValueError("a ServerHello without a key share, or of a group that none was sent for")
        shared = self._agreements[hello.group].agree(hello.key_share)
        early = early_secret(suite, ticket.psk if ticket is not None and self.resumed else b"")
        self._handshake_secret = next_secret(suite, early, shared)
        transcript = self._hash(suite)
        self.secret = derive_secret(suite, self._handshake_secret, "s hs traffic", transcript)
        self._client_secret = derive_secret(suite, self._handshake_secret, "c hs traffic", transcript)
        self._opening = Protection(suite, self.secret)
        if self._handshake:
            raise ValueError("octets in clear behind the ServerHello")
        return b""

    def _take_finished(self, body: bytes, whole: bytes) -> bytes:
        suite = self._suite
        assert suite is not None
        if not hmac.compare_digest(body, finished_mac(suite, self.secret, self._hash(suite))):
            raise ValueError("the server's Finished does not fit what was read")
        self._transcript += whole
        transcript = self._hash(suite)
        master = next_secret(suite, self._handshake_secret)
        application = derive_secret(suite, master, "c ap traffic", transcript)
        self._opening = Protection(suite, derive_secret(suite, master, "s ap traffic", transcript))
        answer = b"" if self._ccs_sent else _CCS_RECORD
        if self.early_data and self._early_sealing is not None:
            answer += self._early_sealing.seal(HANDSHAKE, _END_OF_EARLY_DATA)
            self._transcript += _END_OF_EARLY_DATA
        sealing = Protection(suite, self._client_secret)
        if self.asked_for_certificate:
            none = b"\x0b\x00\x00\x04\x00\x00\x00\x00"
            answer += sealing.seal(HANDSHAKE, none)
            self._transcript += none
        verify = finished_mac(suite, self._client_secret, self._hash(suite))
        finished = bytes((FINISHED,)) + len(verify).to_bytes(3, "big") + verify
        answer += sealing.seal(HANDSHAKE, finished)
        self._transcript += finished
        self._resumption = derive_secret(suite, master, "res master", self._hash(suite))
        self._sealing = Protection(suite, application)
        self.is_finished = True
        return answer

    def _take_later(self, kind: int, body: bytes) -> None:
        if kind != NEW_SESSION_TICKET:
            self.is_over = True  # a KeyUpdate, or what nobody asked for: nothing that is wanted follows
            return
        suite, hello = self._suite, self.hello
        assert suite is not None
        assert hello is not None
        new = read_new_ticket(body)
        if len(self.tickets) < MAX_TICKETS:
            psk = expand_label(suite, self._resumption, "resumption", new.nonce, suite.hash_bytes)
            self.tickets.append(Ticket(new, hello.suite, psk, self.alpn))

    def _hash(self, suite: Suite) -> bytes:
        return _digest(suite, self._transcript)


def _digest(suite: Suite, octets: bytes) -> bytes:
    return hashlib.new(suite.hash_name, octets).digest()


def _numbers(numbers: tuple[int, ...]) -> bytes:
    return _vector(b"".join(it.to_bytes(2, "big") for it in numbers))


def _vector(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big") + octets


def _without_headers(records: bytes) -> bytes:
    """The handshake octets of clear records."""
    found, at = [], 0
    while at < len(records):
        end = at + 5 + int.from_bytes(records[at + 3 : at + 5], "big")
        found.append(records[at + 5 : end])
        at = end
    return b"".join(found)
