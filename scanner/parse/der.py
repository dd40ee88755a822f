"""DER (X.690 8 to 11), as far as certificates, revocation lists and status responses use it.

Every element is checked against the end of the one that holds it, lengths must be in their shortest form, and nothing is
copied before it is asked for: the caller's bounds on sizes and counts are the only ones that are needed besides.
"""

from datetime import UTC, datetime
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
ENUMERATED: Final = 0x0A
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31


class DerError(ValueError):
    """The bytes are not what they should be; the message says in what."""


class Reader:
    """Walks the elements of one DER value; each is checked against the end of the value that holds it."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data = data
        self.at = at
        self.end = end

    @property
    def more(self) -> bool:
        """Whether another element follows."""
        return self.at < self.end

    def peek(self) -> int:
        """Give the next element's tag, or -1 at the end."""
        return self.data[self.at] if self.at < self.end else -1

    def element(self) -> tuple[int, int, int]:
        """Step over one element: its tag and where its content starts and stops."""
        data, at, end = self.data, self.at, self.end
        if end - at < 2:
            raise DerError("the data ends too early")
        tag, length = data[at], data[at + 1]
        if tag & 0x1F == 0x1F:
            raise DerError("a tag number above 30")
        at += 2
        if length >= 0x80:
            size = length & 0x7F
            if not 0 < size <= 4 or end - at < size:
                raise DerError("a length that is indefinite, too long or cut off")
            length = int.from_bytes(data[at : at + size], "big")
            if length < 0x80 or data[at] == 0:
                raise DerError("a length that is not in its shortest form")
            at += size
        if length > end - at:
            raise DerError("an element that is longer than what holds it")
        self.at = at + length
        return tag, at, self.at

    def inside(self, tag: int) -> "Reader":
        """Step over one element of this tag and give a reader of its content."""
        found, start, stop = self.element()
        if found != tag:
            raise DerError(f"tag {found:#04x} where {tag:#04x} belongs")
        return Reader(self.data, start, stop)

    def content(self, tag: int) -> bytes:
        """Step over one element of this tag and give its content."""
        found, start, stop = self.element()
        if found != tag:
            raise DerError(f"tag {found:#04x} where {tag:#04x} belongs")
        return self.data[start:stop]

    def whole(self, tag: int) -> bytes:
        """Step over one element of this tag and give it with its tag and length."""
        begin = self.at
        self.inside(tag)
        return self.data[begin : self.at]

    def finish(self) -> None:
        """Refuse what stands after the last element."""
        if self.at != self.end:
            raise DerError("data after the last element")


def one_sequence(value: bytes) -> Reader:
    """A reader of a value that is one SEQUENCE and nothing after it. Raises DerError."""
    whole = Reader(value, 0, len(value))
    inner = whole.inside(SEQUENCE)
    whole.finish()
    return inner


def bit_string(reader: Reader) -> bytes:
    """The next element, a BIT STRING of whole bytes. Raises DerError."""
    content = reader.content(BIT_STRING)
    if not content or content[0] != 0:
        raise DerError("a bit string that is not whole bytes")
    return content[1:]


def small_integer(content: bytes) -> int:
    """The content of an INTEGER that is at least 0 and fits 63 bits. Raises DerError."""
    if not 0 < len(content) <= 8 or content[0] & 0x80:
        raise DerError("a number that is negative or too large")
    return int.from_bytes(content, "big")


def dotted(content: bytes) -> str:
    """The content of an OBJECT IDENTIFIER in dotted form. Raises DerError."""
    if not 0 < len(content) <= 64 or content[-1] & 0x80:
        raise DerError("an object identifier that is empty, too long or cut off")
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def encoded(oid: str) -> bytes:
    """The content of an OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in oid.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        content += bytes(reversed(groups))
    return bytes(content)


def element(tag: int, *parts: bytes) -> bytes:
    """One element with this tag, of these contents."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def read_time(reader: Reader) -> datetime:
    """The next element, a time in the one form each type has (RFC 5280 4.1.2.5): seconds present, UTC, no fraction.

    Raises DerError.
    """
    tag, start, stop = reader.element()
    content = reader.data[start:stop]
    digits = content[:-1]
    if content[-1:] != b"Z" or not digits.isdigit():
        raise DerError("a time that is not digits and Z")
    if tag == UTC_TIME and len(digits) == 12:
        digits = (b"19" if digits >= b"5" else b"20") + digits
    elif tag != GENERALIZED_TIME or len(digits) != 14:
        raise DerError("a time of the wrong type or length")
    year = int(digits[:4])
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in (4, 6, 8, 10, 12))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise DerError("a time that does not exist") from error
