"""A client of TLS 1.2 and older without input or output, by OpenSSL, that keeps what the server said in clear.

Whether a session was taken up, which tickets came and what they are called stands in clear there (RFC 5246 7.3, RFC 5077
3.3): it is read from the octets, for the library's public calls tell none of it.
"""

from functools import cache
from typing import Final

from OpenSSL import SSL

from scanner.probes.tls.encrypted_flight import ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, SERVER_HELLO, Octets, messages
from scanner.probes.tls.first_flight import Alert
from scanner.probes.tls.key_schedule import HEADER_BYTES
from scanner.probes.tls.stream import CIPHERS, READ_BYTES

NEW_SESSION_TICKET: Final = 4
SERVER_HELLO_DONE: Final = 14
MAX_MESSAGES: Final = 32
MAX_RECORDS: Final = 512
_UNSAFE_RENEGOTIATION: Final = 1 << 18
"""SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION, which has no name in pyOpenSSL: to see what a server without RFC 5746 does."""

_PADDED_HELLO: Final = 1 << 4
"""SSL_OP_TLSEXT_PADDING: some servers hang at hellos of 256 to 511 octets (RFC 7685 1)."""


def _hear(tls: SSL.Connection, where: int, code: int) -> None:
    heard = tls.get_app_data()
    if where == SSL.SSL_CB_READ_ALERT and heard is not None:
        heard.append(Alert(code >> 8 & 0xFF, code & 0xFF))


@cache
def _context() -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT | SSL.OP_IGNORE_UNEXPECTED_EOF | SSL.OP_NO_COMPRESSION)
    context.set_options(_UNSAFE_RENEGOTIATION | _PADDED_HELLO)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_info_callback(_hear)
    return context


class LibraryClient:
    """One handshake. `start()` gives the first octets to send, `feed()` what to send after octets of the server.

    `is_finished`: the handshake is done, with the one begun by `renegotiate()` too. `problem` is what OpenSSL objected to.
    `session` is what another client needs to take this session up. `messages` are the types of the messages in clear, up to
    the server's ChangeCipherSpec, which `changed` says was seen.
    """

    def __init__(
        self,
        server_name: str | None,
        alpn: tuple[str, ...] = (),
        *,
        tickets: bool = True,
        session: SSL.Session | None = None,
    ) -> None:
        self.is_finished = False
        self.is_over = False
        self.problem = ""
        self.alert: Alert | None = None
        """The last one in clear."""
        self.alerts: list[Alert] = []
        """All that the server sent, the encrypted ones too."""
        self.changed = False
        self.messages: list[int] = []
        self.server_hello = b""
        self.ticket: tuple[int, bytes] | None = None
        """Lifetime hint in seconds and the ticket itself."""
        self._clear = bytearray()
        self._handshake = bytearray()
        self._records = 0
        self._in_clear = True
        self._anew = False
        self._tls = SSL.Connection(_context(), None)
        self._tls.set_app_data(self.alerts)
        if not tickets:
            self._tls.set_options(SSL.OP_NO_TICKET)
        if session is not None:
            self._tls.set_session(session)
        if server_name is not None:
            self._tls.set_tlsext_host_name(server_name.encode("ascii"))
        if alpn:
            self._tls.set_alpn_protos([it.encode("ascii") for it in alpn])
        self._tls.set_connect_state()

    @property
    def session(self) -> SSL.Session | None:
        """The session as it is now."""
        return self._tls.get_session()

    @property
    def session_id(self) -> bytes:
        """The id that the server gave or repeated, empty when it gave none."""
        try:
            it = Octets(self.server_hello)
            it.take(4 + 2 + 32)
            return it.vector(1)
        except ValueError:
            return b""

    @property
    def resumed(self) -> bool:
        """Whether the session that was asked for was taken up: nothing but ServerHello before the change of keys."""
        return self.changed and SERVER_HELLO in self.messages and SERVER_HELLO_DONE not in self.messages

    def start(self) -> bytes:
        """The ClientHello in its record."""
        return self._shake()

    def feed(self, data: bytes) -> bytes:
        """Take octets of the server; what is to be sent in answer."""
        if self._in_clear:
            self._listen(data)
        if data:
            self._tls.bio_write(data)
        return self._read() if self.is_finished or self._anew else self._shake()

    def renegotiate(self) -> bytes:
        """Begin another handshake on the same connection."""
        self.is_finished = False
        try:
            self._tls.renegotiate()
        except SSL.Error as error:
            return self._fail(error)
        self._anew = True
        return self._read()

    def close(self) -> bytes:
        """A close_notify."""
        if self.problem:
            return b""
        try:
            self._tls.shutdown()
        except SSL.Error:
            return b""
        return self._drained()

    def _shake(self) -> bytes:
        try:
            self._tls.do_handshake()
            self.is_finished = True
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_over = True
        except SSL.Error as error:
            return self._fail(error)
        return self._drained()

    def _read(self) -> bytes:
        """What comes after the handshake is of no interest but for its end.

        Reading goes on with a handshake begun anew, and takes what the server said before it heard of that (h2, greetings).
        """
        try:
            while self._tls.recv(READ_BYTES):
                pass
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.is_over = True
        except SSL.Error as error:
            return self._fail(error)
        if self._anew:
            self.is_finished = not self._tls.renegotiate_pending()
        return self._drained()

    def _fail(self, error: SSL.Error) -> bytes:
        queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
        texts = [str(entry[2]) for entry in queue if isinstance(entry, tuple) and len(entry) >= 3]
        self.problem, self.is_over = "; ".join(texts) or str(error) or "TLS failed", True
        return self._drained()

    def _drained(self) -> bytes:
        out = b""
        while True:
            try:
                out += self._tls.bio_read(READ_BYTES)
            except SSL.WantReadError:
                return out

    def _listen(self, data: bytes) -> None:
        """Read along while the server speaks in clear; what was read is not read again."""
        self._clear += data
        while self._in_clear and len(self._clear) >= HEADER_BYTES:
            end = HEADER_BYTES + int.from_bytes(self._clear[3:5], "big")
            if len(self._clear) < end:
                return
            kind, content = self._clear[0], bytes(self._clear[HEADER_BYTES:end])
            del self._clear[:end]
            self._records += 1
            if kind == HANDSHAKE and self._records < MAX_RECORDS:
                self._handshake += content
                self._take_messages()
            elif kind == ALERT and len(content) == 2:
                self.alert = Alert(content[0], content[1])
            else:
                self.changed, self._in_clear = kind == CHANGE_CIPHER_SPEC, False

    def _take_messages(self) -> None:
        taken = 0
        for kind, body, whole in messages(bytes(self._handshake)):
            taken += len(whole)
            if len(self.messages) >= MAX_MESSAGES:
                self._in_clear = False
                return
            self.messages.append(kind)
            if kind == SERVER_HELLO:
                self.server_hello = whole
            elif kind == NEW_SESSION_TICKET and len(body) > 6:
                self.ticket = (int.from_bytes(body[:4], "big"), body[6:])
        del self._handshake[:taken]
