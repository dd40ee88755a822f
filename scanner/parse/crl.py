"""Certificate revocation lists (RFC 5280 5), read so far that one certificate can be looked up.

The entries stay as bytes until somebody asks for one: a list may have a hundred thousand.
"""

from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct

from scanner.parse.certificate import Name, SignatureAlgorithm, read_algorithm, read_name
from scanner.parse.der import (
    BOOLEAN,
    ENUMERATED,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DerError,
    Reader,
    bit_string,
    dotted,
    one_sequence,
    read_time,
    small_integer,
)

MAX_LIST_BYTES: Final = 4 << 20
MAX_LIST_EXTENSIONS: Final = 32
MAX_POINT_URLS: Final = 16

_DISTRIBUTION_POINT: Final = "2.5.29.28"
_REASON: Final = "2.5.29.21"
_URI: Final = 0x86


class RevokedEntry(Struct, frozen=True):
    """One certificate on a list. `reason` is the number of RFC 5280 5.3.1, None when the list gives none."""

    serial: int
    revoked_at: datetime
    reason: int | None = None


class RevocationList(Struct, frozen=True):
    """A list. `entries` are the revoked certificates as DER; `revoked` looks one up.

    `urls` are the places that the list says it is for: a list cut in parts is silent about all that belongs to another.
    `leaves_out` is why its silence about a certificate of its issuer proves nothing, empty when it does.
    """

    issuer: Name
    this_update: datetime
    next_update: datetime | None
    entries: bytes
    signed: bytes
    algorithm: SignatureAlgorithm
    signature: bytes
    urls: tuple[str, ...] = ()
    leaves_out: str = ""
    is_indirect: bool = False
    """It has certificates of other issuers, too, so that a serial number alone means nothing."""

    def revoked(self, serial: str) -> RevokedEntry | None:
        """The entry of a certificate by its serial number (hexadecimal), None when it is not listed. Raises DerError."""
        entries = Reader(self.entries, 0, len(self.entries))
        while entries.more:
            entry = entries.inside(SEQUENCE)
            number = int.from_bytes(entry.content(INTEGER), "big", signed=True)
            if f"{number:x}" == serial:
                return RevokedEntry(number, read_time(entry), _reason(entry))
        return None


def parse_crl(der: bytes) -> RevocationList:
    """Read a list. Raises DerError."""
    if len(der) > MAX_LIST_BYTES:
        raise DerError(f"more than {MAX_LIST_BYTES} bytes")
    outer = one_sequence(der)
    signed = outer.whole(SEQUENCE)
    outer_algorithm = outer.whole(SEQUENCE)
    signature = bit_string(outer)
    outer.finish()
    body = one_sequence(signed)
    if body.peek() == INTEGER:
        body.element()
    inner_algorithm = body.whole(SEQUENCE)
    if inner_algorithm != outer_algorithm:
        raise DerError("the signature algorithm is not the same inside and outside (RFC 5280 5.1.1.2)")
    issuer = read_name(body.whole(SEQUENCE))
    this_update = read_time(body)
    next_update = None if body.peek() in (SEQUENCE, 0xA0, -1) else read_time(body)
    entries = body.content(SEQUENCE) if body.peek() == SEQUENCE else b""
    covers = _extensions(body.inside(0xA0)) if body.peek() == 0xA0 else _Covers()
    body.finish()
    algorithm = read_algorithm(inner_algorithm)
    return RevocationList(issuer, this_update, next_update, entries, signed, algorithm, signature, *covers)


class _Covers(NamedTuple):
    """What a list says it covers (RFC 5280 5.2)."""

    urls: tuple[str, ...] = ()
    leaves_out: str = ""
    is_indirect: bool = False


def _reason(entry: Reader) -> int | None:
    """The reason code among an entry's extensions (RFC 5280 5.3.1)."""
    if entry.peek() != SEQUENCE:
        return None
    extensions = entry.inside(SEQUENCE)
    while extensions.more:
        oid, _, value = _extension(extensions)
        if oid == _REASON:
            return small_integer(Reader(value, 0, len(value)).content(ENUMERATED))
    return None


def _extension(extensions: Reader) -> tuple[str, bool, bytes]:
    fields = extensions.inside(SEQUENCE)
    oid = dotted(fields.content(OID))
    critical = fields.peek() == BOOLEAN and any(fields.content(BOOLEAN))
    return oid, critical, fields.content(OCTET_STRING)


def _extensions(wrapper: Reader) -> _Covers:
    covers = _Covers()
    extensions = wrapper.inside(SEQUENCE)
    count = 0
    while extensions.more:
        count += 1
        if count > MAX_LIST_EXTENSIONS:
            raise DerError(f"more than {MAX_LIST_EXTENSIONS} extensions")
        oid, critical, value = _extension(extensions)
        if oid == _DISTRIBUTION_POINT:
            point = _distribution_point(value)
            covers = point._replace(leaves_out=covers.leaves_out or point.leaves_out)
        elif critical:
            covers = covers._replace(leaves_out=covers.leaves_out or f"a critical extension {oid}")
    return covers


_PARTS: Final = {
    0x82: "only certificates of authorities",
    0x83: "only some reasons",
    0x85: "only attribute certificates",
}
_INDIRECT: Final = 0x84


def _distribution_point(value: bytes) -> _Covers:
    """The issuing distribution point (RFC 5280 5.2.5): its places, and what of a server's certificate is left out."""
    urls: list[str] = []
    leaves_out = ""
    is_indirect = False
    fields = one_sequence(value)
    while fields.more:
        tag, start, stop = fields.element()
        if tag == 0xA0:
            name = Reader(value, start, stop)
            if name.peek() != 0xA0:
                leaves_out = "a place that is named relative to its issuer"
                continue
            names = name.inside(0xA0)
            while names.more:
                kind, begin, end = names.element()
                if kind == _URI and len(urls) < MAX_POINT_URLS:
                    urls.append(value[begin:end].decode("latin-1"))
        elif tag == _INDIRECT:
            is_indirect = any(value[start:stop])
        elif tag in _PARTS and (tag == 0x83 or any(value[start:stop])):
            leaves_out = _PARTS[tag]
    return _Covers(tuple(urls), leaves_out, is_indirect)
