"""The ClientHello: from a specification to octets and back (RFC 8446 4.1.2, RFC 5246 7.4.1.2, SSLv2)."""

import os
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

SSL2_VERSION: Final = 0x0002
RANDOM_BYTES: Final = 32
MAX_RECORD_BYTES: Final = 16_384
MAX_EXTENSIONS: Final = 256

_HANDSHAKE_RECORD = 22
_CLIENT_HELLO = 1
_SERVER_NAME, _STATUS_REQUEST, _GROUPS, _POINT_FORMATS = 0, 5, 10, 11
_SIGNATURE_SCHEMES, _HEARTBEAT, _ALPN, _PADDING = 13, 15, 16, 21
_ENCRYPT_THEN_MAC, _EXTENDED_MASTER_SECRET, _SESSION_TICKET = 22, 23, 35
_PRE_SHARED_KEY, _SUPPORTED_VERSIONS, _KEY_SHARES, _RENEGOTIATION_INFO = 41, 43, 51, 0xFF01

# Extensions whose body we always send alike; another body of theirs goes through `extra`.
_STATUS_REQUEST_BODY = b"\x01\x00\x00\x00\x00"
_POINT_FORMATS_BODY = b"\x01\x00"
_HEARTBEAT_BODY = b"\x01"
_RENEGOTIATION_INFO_BODY = b"\x00"


class Hello(Struct, frozen=True):
    """What one hello asks. Two hellos that ask the same differ in nothing but `random`, `session_id` and key shares.

    `version` is the number in the hello itself (0x0300 ... 0x0303; 0x0002 makes an SSLv2 CLIENT-HELLO), `supported_versions`
    the extension of TLS 1.3, absent when empty. `suites` are in order; signalling values and GREASE stand where they are
    wanted. `groups` None leaves the extension out; `key_shares` None leaves it out and () sends an empty list, which makes
    a server of TLS 1.3 name its group in a HelloRetryRequest. `extra` are further extensions as (type, body), sent last but
    for padding; `pad_to` pads the handshake message, its header of four octets included, to so many octets (RFC 7685).
    An empty `random` is filled with fresh octets. Names are sent octet by octet as Latin-1.

    In an SSLv2 CLIENT-HELLO suites are cipher kinds of 24 bits, `random` is the challenge, and there is nothing else but the
    session id. A `record_version` of 0x0002 puts a newer `version` into such a hello, as old clients did.
    """

    version: int = 0x0303
    suites: tuple[int, ...] = ()
    server_name: str | None = None
    supported_versions: tuple[int, ...] = ()
    groups: tuple[int, ...] | None = None
    key_shares: tuple[tuple[int, bytes], ...] | None = None
    signature_schemes: tuple[int, ...] | None = None
    alpn: tuple[str, ...] = ()
    compression: tuple[int, ...] = (0,)
    session_id: bytes = b""
    random: bytes = b""
    status_request: bool = False
    extended_master_secret: bool = False
    encrypt_then_mac: bool = False
    renegotiation_info: bool = False
    heartbeat: bool = False
    session_ticket: bytes | None = None
    point_formats: bool = False
    extra: tuple[tuple[int, bytes], ...] = ()
    pad_to: int = 0
    record_version: int = 0x0301


def build_client_hello(hello: Hello) -> bytes:
    """The octets of a hello with its record header(s). Raises ValueError for what has no place in one."""
    try:
        if SSL2_VERSION in (hello.version, hello.record_version):
            return _build_sslv2(hello)
        return _records(_message(hello), hello.record_version)
    except (struct.error, OverflowError, UnicodeEncodeError) as error:
        raise ValueError(f"a value of the hello does not fit its field: {error}") from error


def _message(hello: Hello) -> bytes:
    random = hello.random or os.urandom(RANDOM_BYTES)
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"a random has {RANDOM_BYTES} octets, not {len(random)}")
    body = b"".join(
        (
            hello.version.to_bytes(2, "big"),
            random,
            _vector8(hello.session_id),
            _numbers16(hello.suites),
            _vector8(bytes(hello.compression)),
            _extensions_vector(hello, 2 + RANDOM_BYTES + 1 + len(hello.session_id) + 2 + 2 * len(hello.suites)),
        )
    )
    return b"\x01" + len(body).to_bytes(3, "big") + body


def _extensions_vector(hello: Hello, before: int) -> bytes:
    """The extensions with their length, nothing when there are none; `before` octets of the body stand before compression.

    Those that may be empty come first: some old servers hang up on a hello whose last extension is empty.
    """
    parts = [] if hello.session_ticket is None else [_extension(_SESSION_TICKET, hello.session_ticket)]
    parts.append(
        _steady_extensions(
            hello.server_name,
            hello.extended_master_secret,
            hello.renegotiation_info,
            hello.groups,
            hello.point_formats,
            hello.alpn,
            hello.status_request,
            hello.signature_schemes,
            hello.encrypt_then_mac,
            hello.heartbeat,
            hello.supported_versions,
        )
    )
    if hello.key_shares is not None:
        shares = b"".join(group.to_bytes(2, "big") + _vector16(value) for group, value in hello.key_shares)
        parts.append(_extension(_KEY_SHARES, _vector16(shares)))
    parts.extend(_extension(number, body) for number, body in hello.extra)
    if hello.pad_to:
        length = sum(map(len, parts))
        unpadded = 4 + before + 1 + len(hello.compression) + 2 + length
        if unpadded < hello.pad_to:
            padding = _extension(_PADDING, bytes(max(0, hello.pad_to - unpadded - 4)))
            # pre_shared_key must stay the last one of all (RFC 8446 4.2.11).
            parts.insert(-1 if hello.extra and hello.extra[-1][0] == _PRE_SHARED_KEY else len(parts), padding)
    octets = b"".join(parts)
    return _vector16(octets) if octets else b""


@lru_cache(maxsize=512)
def _steady_extensions(
    server_name: str | None,
    extended_master_secret: bool,
    renegotiation_info: bool,
    groups: tuple[int, ...] | None,
    point_formats: bool,
    alpn: tuple[str, ...],
    status_request: bool,
    signature_schemes: tuple[int, ...] | None,
    encrypt_then_mac: bool,
    heartbeat: bool,
    supported_versions: tuple[int, ...],
) -> bytes:
    """The extensions that a sweep sends alike again and again."""
    parts = []
    if server_name is not None:
        parts.append(_extension(_SERVER_NAME, _vector16(b"\x00" + _vector16(server_name.encode("latin-1")))))
    if extended_master_secret:
        parts.append(_extension(_EXTENDED_MASTER_SECRET, b""))
    if encrypt_then_mac:
        parts.append(_extension(_ENCRYPT_THEN_MAC, b""))
    if renegotiation_info:
        parts.append(_extension(_RENEGOTIATION_INFO, _RENEGOTIATION_INFO_BODY))
    if groups is not None:
        parts.append(_extension(_GROUPS, _numbers16(groups)))
    if point_formats:
        parts.append(_extension(_POINT_FORMATS, _POINT_FORMATS_BODY))
    if alpn:
        names = b"".join(_vector8(name.encode("latin-1")) for name in alpn)
        parts.append(_extension(_ALPN, _vector16(names)))
    if status_request:
        parts.append(_extension(_STATUS_REQUEST, _STATUS_REQUEST_BODY))
    if signature_schemes is not None:
        parts.append(_extension(_SIGNATURE_SCHEMES, _numbers16(signature_schemes)))
    if heartbeat:
        parts.append(_extension(_HEARTBEAT, _HEARTBEAT_BODY))
    if supported_versions:
        versions = struct.pack(f">{len(supported_versions)}H", *supported_versions)
        parts.append(_extension(_SUPPORTED_VERSIONS, _vector8(versions)))
    return b"".join(parts)


@lru_cache(maxsize=2048)
def _numbers16(numbers: tuple[int, ...]) -> bytes:
    """Numbers of 16 bits, with the length in octets before them."""
    return struct.pack(f">H{len(numbers)}H", 2 * len(numbers), *numbers)


def _extension(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, len(body)) + body


def _vector8(octets: bytes) -> bytes:
    return len(octets).to_bytes(1, "big") + octets


def _vector16(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big") + octets


def _records(message: bytes, version: int) -> bytes:
    parts = []
    for start in range(0, len(message), MAX_RECORD_BYTES):
        fragment = message[start : start + MAX_RECORD_BYTES]
        parts.append(struct.pack(">BHH", _HANDSHAKE_RECORD, version, len(fragment)) + fragment)
    return b"".join(parts)


def _build_sslv2(hello: Hello) -> bytes:
    challenge = hello.random or os.urandom(16)
    if len(challenge) > RANDOM_BYTES:
        raise ValueError(f"an SSLv2 challenge has at most {RANDOM_BYTES} octets, not {len(challenge)}")
    kinds = b"".join(kind.to_bytes(3, "big") for kind in hello.suites)
    lengths = struct.pack(">HHHH", hello.version, len(kinds), len(hello.session_id), len(challenge))
    body = b"\x01" + lengths + kinds + hello.session_id + challenge
    if len(body) >= 0x8000:
        raise ValueError(f"an SSLv2 record has less than 32,768 octets, not {len(body)}")
    return struct.pack(">H", 0x8000 | len(body)) + body


class _Cursor:
    """Reads fields one after another; a field that is cut off raises ValueError."""

    __slots__ = ("at", "octets")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.octets):
            raise ValueError(f"{count} octets should follow octet {self.at}, of {len(self.octets)}")
        self.at, start = end, self.at
        return self.octets[start:end]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    @property
    def left(self) -> int:
        return len(self.octets) - self.at

    def end(self) -> None:
        if self.left:
            raise ValueError(f"{self.left} octets too many after octet {self.at}")


def parse_client_hello(octets: bytes) -> Hello:
    """The hello that octets of `build_client_hello` (or anybody's) carry. Raises ValueError for what is none.

    The order of extensions that have a field of their own is not kept. One that came twice, or whose body is not the usual
    one, stands in `extra`.
    """
    if len(octets) > 2 and octets[0] & 0x80:
        return _parse_sslv2(octets)
    message, record_version = _joined(octets)
    cursor = _Cursor(message)
    version, random, session_id = cursor.number(2), cursor.take(RANDOM_BYTES), cursor.vector(1)
    suites, compression = _numbers(cursor.vector(2)), tuple(cursor.vector(1))
    fields, extra, padded = _fields(cursor.vector(2)) if cursor.left else ({}, (), False)
    cursor.end()
    return Hello(
        version=version,
        suites=suites,
        session_id=session_id,
        random=random,
        compression=compression,
        record_version=record_version,
        extra=extra,
        pad_to=4 + len(message) if padded else 0,
        **fields,
    )


def _joined(octets: bytes) -> tuple[bytes, int]:
    """The body of the ClientHello from its records, and the version of the first record."""
    length = len(octets) - _RECORD_HEADER_BYTES
    if length > 4 and octets[0] == _HANDSHAKE_RECORD and octets[3] << 8 | octets[4] == length:  # all of it in one
        kind, high, low = _TYPE_AND_LENGTH24(octets, _RECORD_HEADER_BYTES)
        if kind == _CLIENT_HELLO and high << 16 | low == length - 4:
            return octets[_RECORD_HEADER_BYTES + 4 :], octets[1] << 8 | octets[2]
    records = _Cursor(octets)
    fragments: list[bytes] = []
    record_version: int | None = None
    while records.left:
        kind, version, fragment = records.number(1), records.number(2), records.vector(2)
        if kind != _HANDSHAKE_RECORD or not fragment:
            raise ValueError(f"a record of type {kind} with {len(fragment)} octets is no part of a ClientHello")
        record_version = version if record_version is None else record_version
        fragments.append(fragment)
    message = _Cursor(b"".join(fragments))
    if message.number(1) != _CLIENT_HELLO:
        raise ValueError("the handshake message is no ClientHello")
    body = message.vector(3)
    message.end()
    return body, record_version or 0


def _numbers(octets: bytes) -> tuple[int, ...]:
    if len(octets) % 2:
        raise ValueError(f"a list of 16-bit numbers has {len(octets)} octets")
    return struct.unpack(f">{len(octets) // 2}H", octets)


_RECORD_HEADER_BYTES: Final = 5
_TYPE_AND_LENGTH24 = struct.Struct(">BBH").unpack_from
_TYPE_AND_LENGTH = struct.Struct(">HH").unpack_from


def _fields(octets: bytes) -> tuple[dict[str, Any], tuple[tuple[int, bytes], ...], bool]:
    """Fields of Hello that extensions fill, by name; all other extensions in order; and whether padding was among them."""
    own: dict[str, Any] = {}
    extra: list[tuple[int, bytes]] = []
    padded = False
    at, end = 0, len(octets)
    while at < end:
        body_at = at + 4
        number, length = _TYPE_AND_LENGTH(octets, at) if body_at <= end else (0, 0)
        at = body_at + length
        if at > end:
            raise ValueError(f"an extension goes beyond the {end} octets of all")
        body = octets[body_at:at]
        if number == _PADDING and not padded and not body.strip(b"\x00"):
            padded = True
            continue
        name = _FIELD_NAMES.get(number)
        value = None if name is None or name in own else _value(number, body)
        if name is None or value is None:
            extra.append((number, body))
        else:
            own[name] = value
    if len(own) + len(extra) + padded > MAX_EXTENSIONS:
        raise ValueError(f"more than {MAX_EXTENSIONS} extensions")
    return own, tuple(extra), padded


@lru_cache(maxsize=256)
def _value(number: int, body: bytes) -> Any:
    """The value of the field that an extension fills, None when its body is not the usual one."""
    if number in _USUAL_BODIES:
        return True if body == _USUAL_BODIES[number] else None
    if number == _SESSION_TICKET:
        return body
    try:
        return _PARSERS[number](body)
    except ValueError:
        return None


def _server_name(body: bytes) -> str | None:
    names = _Cursor(body)
    entry = _Cursor(names.vector(2))
    names.end()
    kind, name = entry.number(1), entry.vector(2)
    entry.end()
    return name.decode("latin-1") if kind == 0 else None


def _number_list(body: bytes) -> tuple[int, ...]:
    cursor = _Cursor(body)
    numbers = _numbers(cursor.vector(2))
    cursor.end()
    return numbers


def _versions(body: bytes) -> tuple[int, ...] | None:
    cursor = _Cursor(body)
    numbers = _numbers(cursor.vector(1))
    cursor.end()
    return numbers or None


def _protocols(body: bytes) -> tuple[str, ...] | None:
    cursor = _Cursor(body)
    names = _Cursor(cursor.vector(2))
    cursor.end()
    found = []
    while names.left:
        found.append(names.vector(1).decode("latin-1"))
    return tuple(found) or None


def _shares(body: bytes) -> tuple[tuple[int, bytes], ...]:
    cursor = _Cursor(body)
    shares = _Cursor(cursor.vector(2))
    cursor.end()
    found = []
    while shares.left:
        found.append((shares.number(2), shares.vector(2)))
    return tuple(found)


_USUAL_BODIES: Final = {
    _STATUS_REQUEST: _STATUS_REQUEST_BODY,
    _POINT_FORMATS: _POINT_FORMATS_BODY,
    _HEARTBEAT: _HEARTBEAT_BODY,
    _RENEGOTIATION_INFO: _RENEGOTIATION_INFO_BODY,
    _ENCRYPT_THEN_MAC: b"",
    _EXTENDED_MASTER_SECRET: b"",
}
_PARSERS: Final[dict[int, Callable[[bytes], object]]] = {
    _SERVER_NAME: _server_name,
    _GROUPS: _number_list,
    _SIGNATURE_SCHEMES: _number_list,
    _ALPN: _protocols,
    _SUPPORTED_VERSIONS: _versions,
    _KEY_SHARES: _shares,
}


_FIELD_NAMES: Final = {
    _SERVER_NAME: "server_name",
    _STATUS_REQUEST: "status_request",
    _GROUPS: "groups",
    _POINT_FORMATS: "point_formats",
    _SIGNATURE_SCHEMES: "signature_schemes",
    _HEARTBEAT: "heartbeat",
    _ALPN: "alpn",
    _ENCRYPT_THEN_MAC: "encrypt_then_mac",
    _EXTENDED_MASTER_SECRET: "extended_master_secret",
    _SESSION_TICKET: "session_ticket",
    _SUPPORTED_VERSIONS: "supported_versions",
    _KEY_SHARES: "key_shares",
    _RENEGOTIATION_INFO: "renegotiation_info",
}


def _parse_sslv2(octets: bytes) -> Hello:
    record = _Cursor(octets)
    body = _Cursor(record.take(record.number(2) & 0x7FFF))
    record.end()
    if body.number(1) != _CLIENT_HELLO:
        raise ValueError("the SSLv2 message is no CLIENT-HELLO")
    version, kinds_length, id_length, challenge_length = (body.number(2) for _ in range(4))
    kinds, session_id, challenge = body.take(kinds_length), body.take(id_length), body.take(challenge_length)
    body.end()
    if len(kinds) % 3:
        raise ValueError(f"a list of SSLv2 cipher kinds has {len(kinds)} octets")
    return Hello(
        version=version,
        suites=tuple(int.from_bytes(kinds[at : at + 3], "big") for at in range(0, len(kinds), 3)),
        session_id=session_id,
        random=challenge,
        record_version=Hello().record_version if version == SSL2_VERSION else SSL2_VERSION,
    )
