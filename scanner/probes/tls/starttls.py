"""What is said in clear before TLS begins within another protocol (STARTTLS), and how a service says that it offers none.

A preamble is a dialogue without input or output: a generator that yields what to send and what to read next, and is given
the octets read. `begin` speaks it on a connection; the tests speak it on anything. Nothing that a service announces is
relied on: where a protocol lets a client ask for TLS at once, it is asked, and the answer counts.
"""

import re
from collections.abc import Callable, Generator
from typing import NoReturn

from msgspec import Struct

from scanner.network import Deadline, NetworkError
from scanner.observations.steps import Reason
from scanner.probes.streams import Stream

OUR_NAME = "pindai.invalid"
"""What we call ourselves where a client must (RFC 5321 4.1.1.1); a name that no host can have (RFC 2606 2)."""

MAX_LINE_BYTES = 4096
MAX_LINES = 100
MAX_PREAMBLE_BYTES = 65_536
MAX_GREETING_CHARS = 300
MAX_SAID_CHARS = 120
SERVICE_CLOSING = 421
"""In SMTP and FTP: the service ends the connection for a reason of its own (too many, shutting down)."""


class NotOfferedError(NetworkError):
    """The service answered as its protocol has it, and will not begin TLS here; the reason is `not_tls`."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.NOT_TLS, detail)


class Greeting(Struct, frozen=True):
    """What a service said of itself before TLS began: its first line or its version, at most 300 characters."""

    text: str = ""


class Say(Struct, frozen=True):
    """Octets to send; nothing is given back."""

    octets: bytes


class Line(Struct, frozen=True):
    """Read up to a line feed; the line without its end is given back."""


class Exactly(Struct, frozen=True):
    """Read so many octets."""

    octets: int


class Matching(Struct, frozen=True):
    """Read until the pattern is found; everything up to the end of the match is given back."""

    pattern: re.Pattern[bytes]


Move = Say | Line | Exactly | Matching
Preamble = Generator[Move, bytes, Greeting]


class Reader:
    """Cuts what arrives into what a dialogue asked for, and keeps the rest. No more is kept than a preamble may be long."""

    def __init__(self) -> None:
        self.rest = b""
        self._taken = 0

    def feed(self, data: bytes) -> None:
        """Take octets. Raises NetworkError(too_large) when there are too many in all."""
        self._taken += len(data)
        if self._taken > MAX_PREAMBLE_BYTES:
            raise NetworkError(Reason.TOO_LARGE, f"more than {MAX_PREAMBLE_BYTES} octets before TLS")
        self.rest += data

    def cut(self, move: Move) -> bytes | None:
        """What was asked for, None when it has not arrived yet. Raises NetworkError(too_large)."""
        end = self._end(move)
        if end is None:
            return None
        data, self.rest = self.rest[:end], self.rest[end:]
        return data.rstrip(b"\r\n") if isinstance(move, Line) else data

    def _end(self, move: Move) -> int | None:
        if isinstance(move, Exactly):
            return move.octets if len(self.rest) >= move.octets else None
        if isinstance(move, Matching):
            found = move.pattern.search(self.rest)
            return None if found is None else found.end()
        if isinstance(move, Say):
            return 0
        end = self.rest.find(b"\n", 0, MAX_LINE_BYTES)
        if end < 0 and len(self.rest) >= MAX_LINE_BYTES:
            raise NetworkError(Reason.TOO_LARGE, f"a line of more than {MAX_LINE_BYTES} octets before TLS")
        return None if end < 0 else end + 1


async def begin(
    stream: Stream, protocol: str, host: str, deadline: Deadline, answer_s: float, pipelined: bytes = b""
) -> Greeting:
    """Speak a protocol up to the point at which the ClientHello is due, within `answer_s` seconds.

    `host` is the name under which the service is asked (XMPP says it in clear). `pipelined` is sent in one piece with the
    request for TLS. Raises NotOfferedError when the service offers no TLS, NetworkError for silence, an early end or what
    is no such protocol, ValueError for an unknown protocol.
    """
    dialogue, reader = preamble(protocol, host, pipelined), Reader()
    try:
        async with deadline.phase(answer_s, f"answer of a {protocol} service"):
            move = next(dialogue)
            while True:
                if isinstance(move, Say):
                    stream.send(move.octets)
                while (data := reader.cut(move)) is None:
                    if not (more := await stream.receive()):
                        raise NetworkError(Reason.CLOSED, "the service closed the connection before TLS began")
                    reader.feed(more)
                move = dialogue.send(data)
    except StopIteration as end:
        if reader.rest:
            raise NetworkError(Reason.PROTOCOL_ERROR, "octets in clear after TLS was agreed") from None
        greeting: Greeting = end.value
        return greeting


def preamble(protocol: str, host: str, pipelined: bytes = b"") -> Preamble:
    """The dialogue of a protocol. Raises ValueError for one that is not known."""
    if protocol not in _DIALOGUES:
        raise ValueError(f"no way to begin TLS within {protocol!r} is known; {', '.join(PROTOCOLS)} are")
    return _DIALOGUES[protocol](host, pipelined)


def _smtp(_host: str, pipelined: bytes) -> Preamble:
    """RFC 3207. It is asked for also where EHLO does not list it: what counts is what the service does."""
    code, lines = yield from _reply()
    if code != 220:
        _turned_away(lines[-1])
    greeting = _greeting(lines[0])
    yield Say(b"EHLO " + OUR_NAME.encode() + b"\r\n")
    code, lines = yield from _reply()
    if code in {500, 501, 502, 504, 550}:
        raise NotOfferedError(f"EHLO was answered {_shown(lines[-1])}")
    if code != 250:
        _turned_away(lines[-1])
    yield Say(b"STARTTLS\r\n" + pipelined)
    code, lines = yield from _reply()
    if code == SERVICE_CLOSING:
        _turned_away(lines[-1])
    if code != 220:
        raise NotOfferedError(f"STARTTLS was answered {_shown(lines[-1])}")
    return greeting


def _ftp(_host: str, pipelined: bytes) -> Preamble:
    """RFC 4217."""
    code, lines = yield from _reply()
    while code == 120:  # "ready in n minutes": the real greeting follows
        code, lines = yield from _reply()
    if code != 220:
        _turned_away(lines[-1])
    greeting = _greeting(lines[0])
    yield Say(b"AUTH TLS\r\n" + pipelined)
    code, lines = yield from _reply()
    if code == SERVICE_CLOSING:
        _turned_away(lines[-1])
    if code != 234:
        raise NotOfferedError(f"AUTH TLS was answered {_shown(lines[-1])}")
    return greeting


_REPLY = re.compile(rb"(\d{3})([ -]|$)")


def _reply() -> Generator[Move, bytes, tuple[int, list[bytes]]]:
    """A reply of one or several lines: `250-first`, `250 last` (RFC 5321 4.2.1, RFC 959 4.2)."""
    lines: list[bytes] = []
    code = b""
    while len(lines) < MAX_LINES:
        lines.append((yield Line()))
        found = _REPLY.match(lines[-1])
        if not code and found is None:
            raise _unlike(lines[-1])
        if found is not None:
            code = code or found[1]
            if found[1] == code and found[2] != b"-":
                return int(code), lines
    raise NetworkError(Reason.TOO_LARGE, f"a reply of more than {MAX_LINES} lines")


def _imap(_host: str, pipelined: bytes) -> Preamble:
    """RFC 9051 6.2.1."""
    line = yield Line()
    if not line.upper().startswith((b"* OK", b"* PREAUTH")):
        if line.upper().startswith(b"* BYE"):
            _turned_away(line)
        raise _unlike(line)
    greeting = _greeting(line)
    yield Say(b"a1 STARTTLS\r\n" + pipelined)
    for _ in range(MAX_LINES):
        answer = yield Line()
        if answer.upper().startswith(b"A1 OK"):
            return greeting
        if answer.upper().startswith((b"A1 NO", b"A1 BAD")):
            raise NotOfferedError(f"STARTTLS was answered {_shown(answer)}")
        if answer.upper().startswith(b"* BYE"):
            _turned_away(answer)
        if not answer.startswith(b"* "):
            raise _unlike(answer)
    raise NetworkError(Reason.TOO_LARGE, f"more than {MAX_LINES} lines without an answer to STARTTLS")


def _pop3(_host: str, pipelined: bytes) -> Preamble:
    """RFC 2595 4."""
    line = yield Line()
    if not line.startswith(b"+OK"):
        if line.startswith(b"-ERR"):
            _turned_away(line)
        raise _unlike(line)
    greeting = _greeting(line)
    yield Say(b"STLS\r\n" + pipelined)
    answer = yield Line()
    if answer.startswith(b"-ERR"):
        raise NotOfferedError(f"STLS was answered {_shown(answer)}")
    if not answer.startswith(b"+OK"):
        raise _unlike(answer)
    return greeting


_LDAP_STARTTLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
_LDAP_EXTENDED_RESPONSE = 0x78


def _ldap(_host: str, pipelined: bytes) -> Preamble:
    """RFC 4511 4.14; a server's Notice of Disconnection has the same form (4.4.1)."""
    yield Say(_LDAP_STARTTLS + pipelined)
    head = yield Exactly(2)
    if head[0] != 0x30:
        raise _unlike(head)
    length = head[1]
    if length >= 0x80:
        if not 1 <= length - 0x80 <= 4:  # Windows writes every length in four octets
            raise NetworkError(Reason.PROTOCOL_ERROR, "an LDAP message of a length that none has")
        length = int.from_bytes((yield Exactly(length - 0x80)))
    if not 7 <= length <= MAX_LINE_BYTES:
        raise NetworkError(Reason.PROTOCOL_ERROR, f"an LDAP message of {length} octets in answer to STARTTLS")
    code, diagnosis = _extended_response((yield Exactly(length)))
    if code:
        raise NotOfferedError(f"StartTLS was answered with result code {code} {_shown(diagnosis)}".rstrip())
    return Greeting()


def _extended_response(message: bytes) -> tuple[int, bytes]:
    """Result code and diagnostic message of an ExtendedResponse. Raises NetworkError for anything else."""
    try:
        tag, _, message = _element(message)
        kind, body, _ = _element(message)
        result_tag, code, body = _element(body)
        _, _, body = _element(body)
        _, diagnosis, _ = _element(body)
    except IndexError:
        raise NetworkError(Reason.PROTOCOL_ERROR, "an LDAP message that cannot be read") from None
    if (tag, kind, result_tag) != (0x02, _LDAP_EXTENDED_RESPONSE, 0x0A):
        raise NetworkError(Reason.PROTOCOL_ERROR, "another LDAP message than the answer to StartTLS")
    return int.from_bytes(code), diagnosis


def _element(octets: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of a BER element with a definite length. Raises IndexError."""
    tag, length, start = octets[0], octets[1], 2
    if length >= 0x80:
        start += length - 0x80
        length = int.from_bytes(octets[2:start])
    if len(octets) < start + length:
        raise IndexError
    return tag, octets[start : start + length], octets[start + length :]


_XMPP_FEATURES = re.compile(rb"</(?:[\w.-]{1,40}:)?(?:features|error)\s*>|<(?:[\w.-]{1,40}:)?features(?:\s[^<>]*)?/>")
_XMPP_ANSWER = re.compile(rb"<(?:[\w.-]{1,40}:)?(?:proceed\b[^<>]*(?:/>|>\s*</[^<>]*>)|failure\b[^<>]*>)")
_XMPP_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"


def _xmpp(host: str, pipelined: bytes, namespace: str = "jabber:client") -> Preamble:
    """RFC 6120 5.4. No XML of a stranger is parsed: three elements are looked for by their names."""
    to = re.sub(r"[^\w.:-]", "", host)
    yield Say(
        f"<?xml version='1.0'?><stream:stream xmlns='{namespace}' xmlns:stream='http://etherx.jabber.org/streams' "
        f"to='{to}' version='1.0'>".encode()
    )
    opening = yield Matching(_XMPP_FEATURES)
    if b"<" not in opening[:64] or b"stream" not in opening:
        raise _unlike(opening)
    if re.search(rb"error\s*>$", opening):
        condition = re.search(rb"<([a-z-]{1,60})\s[^<>]*xmpp-streams", opening)
        _turned_away(condition[1] if condition else b"a stream error")
    if _XMPP_TLS not in opening:
        raise NotOfferedError("the features of the stream do not name starttls")
    yield Say(f"<starttls xmlns='{_XMPP_TLS.decode()}'/>".encode() + pipelined)
    answer = yield Matching(_XMPP_ANSWER)
    if re.search(rb"<(?:[\w.-]{1,40}:)?failure\b", answer):
        raise NotOfferedError("starttls was answered with <failure/>")
    return Greeting()


def _xmpp_server(host: str, pipelined: bytes) -> Preamble:
    return _xmpp(host, pipelined, "jabber:server")


def _postgres(_host: str, pipelined: bytes) -> Preamble:
    """SSLRequest: eight octets, and one in answer (PostgreSQL, Message Flow, SSL Session Encryption)."""
    yield Say(bytes.fromhex("0000000804d2162f") + pipelined)
    answer = yield Exactly(1)
    if answer == b"N":
        raise NotOfferedError("SSLRequest was answered N")
    if answer != b"S":
        raise _unlike(answer)
    return Greeting()


_CLIENT_SSL = 0x0800
_MYSQL_ASKED = 0x00008A00
"""CLIENT_PROTOCOL_41, CLIENT_SSL, CLIENT_SECURE_CONNECTION."""


def _mysql(_host: str, pipelined: bytes) -> Preamble:
    """The server speaks first and says whether it can do TLS (MySQL, Protocol::HandshakeV10, Protocol::SSLRequest)."""
    head = yield Exactly(4)
    length = int.from_bytes(head[:3], "little")
    if not 1 <= length <= MAX_LINE_BYTES or head[3] > 1:
        raise _unlike(head)
    packet = yield Exactly(length)
    if packet[0] == 0xFF:
        _turned_away(packet[3:])
    version, found, after = packet[1:].partition(b"\0")
    if packet[0] != 10 or not found or len(after) < 15:
        raise _unlike(packet)
    capabilities = int.from_bytes(after[13:15], "little")
    if not capabilities & _CLIENT_SSL:
        raise NotOfferedError(f"the server ({_shown(version)}) does not announce TLS")
    request = _MYSQL_ASKED.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + b"\x21" + bytes(23)
    yield Say(len(request).to_bytes(3, "little") + bytes((head[3] + 1,)) + request + pipelined)
    return _greeting(version)


_DIALOGUES: dict[str, Callable[[str, bytes], Preamble]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "ldap": _ldap,
    "xmpp": _xmpp,
    "xmpp-server": _xmpp_server,
    "postgres": _postgres,
    "mysql": _mysql,
}
PROTOCOLS = tuple(_DIALOGUES)
"""What `begin` can speak; `xmpp` is what clients speak to a server, `xmpp-server` what servers speak to one another."""


def _greeting(line: bytes) -> Greeting:
    return Greeting(line.decode("utf-8", "replace")[:MAX_GREETING_CHARS])


def _shown(said: bytes) -> str:
    return said[:MAX_SAID_CHARS].decode("utf-8", "replace").strip()


def _turned_away(said: bytes) -> NoReturn:
    """It may offer TLS to others, or at another time."""
    raise NetworkError(Reason.PROTOCOL_ERROR, f"the service turned us away: {_shown(said)}")


def _unlike(said: bytes) -> NetworkError:
    return NetworkError(Reason.PROTOCOL_ERROR, f"no answer of this protocol: {_shown(said[:40])!r}")
