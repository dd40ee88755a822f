"""HTTP/1.x response heads, read as leniently as browsers read them (RFC 9112 sections 2.2, 4 and 5).

The rule for a damaged field is: keep it if every conforming browser keeps it, drop it if one of them may
ignore it, and note the damage either way. A server is never credited with a header that a visitor's browser
might not have honoured. What happens to the damaged part is written beside each `Anomaly`.
"""

import re
from enum import StrEnum

from msgspec import Struct


class HeadError(ValueError):
    """The bytes do not begin with an HTTP/1.x status line, so there is no head to read."""


class Anomaly(StrEnum):
    """A departure from the grammar of RFC 9112 that was survived; each is noted once a head."""

    # Kept: understood although it is not `HTTP-version SP 3DIGIT SP [reason]` (no space after the code, other
    # spacing, lower case); RFC 9112 section 4 lets a recipient parse on whitespace.
    STATUS_LINE = "status_line"
    # Kept: up to four line-end bytes before the status line, the slop that Chromium allows.
    LEADING_LINE_END = "leading_line_end"
    # Kept: RFC 9112 section 2.2 lets a recipient take a lone LF as a line terminator, and browsers do.
    BARE_LF = "bare_lf"
    # Dropped: a CR without its LF. RFC 9112 section 2.2: invalid, or read as a space; Chromium ends the line
    # there, Firefox refuses the field. (In the reason phrase, which nobody acts upon, it becomes a space.)
    BARE_CR = "bare_cr"
    # Kept: a folded value, unfolded to one space (RFC 9112 section 5.2).
    OBS_FOLD = "obs_fold"
    # Dropped: a line that begins with whitespace before there is any field to continue (section 2.2).
    LEADING_WHITESPACE = "leading_whitespace"
    # Dropped: `Name : value`. RFC 9112 section 5.1 has proxies remove the space and servers refuse it;
    # Chromium keeps the field and Firefox ignores it.
    SPACE_BEFORE_COLON = "space_before_colon"
    # Dropped: there is no name to file the line under; browsers skip it.
    NO_COLON = "no_colon"
    # Dropped, for the same reason.
    EMPTY_NAME = "empty_name"
    # Dropped: the name is not a token (RFC 9110 section 5.1); browsers skip it.
    INVALID_NAME = "invalid_name"
    # Dropped: RFC 9110 section 5.5 has it refused or read as a space; browsers fail the whole response. (In
    # the reason phrase it becomes a space.)
    NUL = "nul"
    # Kept: other control characters in a value; RFC 9110 section 5.5 lets a recipient retain them.
    CONTROL = "control"
    # Kept: bytes from 0x80 (obs-text), decoded as Latin-1 so that no byte is lost.
    NON_ASCII = "non_ascii"
    # The complete lines are kept. The unfinished last line is dropped, and with it the field that it
    # continues: half a value is not what the server said.
    UNTERMINATED = "unterminated"


class Field(Struct, frozen=True):
    """One header field: the name as it was sent, the value without the whitespace round it."""

    name: str
    value: str


class Head(Struct, frozen=True):
    """A status line and the fields that browsers keep, in the order sent.

    `version` is the whole HTTP-version element in upper case ("HTTP/1.1"). `anomalies` are in the order of
    the `Anomaly` list.
    """

    version: str
    status: int
    reason: str
    fields: tuple[Field, ...]
    anomalies: tuple[Anomaly, ...]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value sent under this name, in order; names compare without regard to case."""
        wanted = name.lower()
        return tuple(field.value for field in self.fields if field.name.lower() == wanted)

    def first(self, name: str) -> str | None:
        """The first value sent under this name, or None if there is no such field."""
        wanted = name.lower()
        return next((field.value for field in self.fields if field.name.lower() == wanted), None)


_OWS = b" \t"
_MAX_LEADING = 4
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ODD = re.compile(rb"[^\t\x20-\x7e]")
"""What may need a note; most values have nothing of the kind."""
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_STATUS_LINE = re.compile(rb"(HTTP/[0-9]\.[0-9])[ \t]+([0-9]{3})(?![0-9])(.*)", re.DOTALL | re.IGNORECASE)
_STRICT_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] [0-9]{3} .*", re.DOTALL)


def parse_head(raw: bytes) -> Head:
    """Read a response head up to its first empty line; bytes after that line are ignored.

    Raises `HeadError` if there is no status line with a version and a three-digit code. Browsers guess 200
    when the code is missing; a scanner that guesses would report what nobody sent.
    """
    seen: set[Anomaly] = set()
    start = len(raw) - len(raw.lstrip(b"\r\n"))
    if start > _MAX_LEADING:
        raise HeadError("too many line ends before the status line")
    if start:
        seen.add(Anomaly.LEADING_LINE_END)
    lines, unfinished = _lines(raw, start, seen)
    if unfinished is not None:
        seen.add(Anomaly.UNTERMINATED)
    status_line = lines[0] if lines else unfinished or b""
    version, status, reason = _status_line(status_line, seen)
    groups = _groups(lines[1:], seen)
    if groups and unfinished and unfinished[0] in _OWS:
        groups.pop()
    fields = tuple(field for group in groups if (field := _field(group, seen)) is not None)
    anomalies = tuple(anomaly for anomaly in Anomaly if anomaly in seen) if seen else ()
    return Head(version, status, reason, fields, anomalies)


def _lines(raw: bytes, position: int, seen: set[Anomaly]) -> tuple[list[bytes], bytes | None]:
    """The lines before the first empty one, and what follows the last LF (None if an empty line was met)."""
    lines: list[bytes] = []
    while (end := raw.find(b"\n", position)) >= 0:
        line = raw[position:end]
        position = end + 1
        if line.endswith(b"\r"):
            line = line[:-1]
        else:
            seen.add(Anomaly.BARE_LF)
        if not line:
            return lines, None
        lines.append(line)
    return lines, raw[position:]


def _status_line(line: bytes, seen: set[Anomaly]) -> tuple[str, int, str]:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise HeadError("no HTTP/1.x status line")
    if _STRICT_STATUS_LINE.fullmatch(line) is None:
        seen.add(Anomaly.STATUS_LINE)
    version, status, reason = match.groups()
    _note_content(reason, seen)
    clean = reason.replace(b"\r", b" ").replace(b"\0", b" ").strip(_OWS)
    return version.decode("ascii").upper(), int(status), clean.decode("latin-1")


def _groups(lines: list[bytes], seen: set[Anomaly]) -> list[list[bytes]]:
    """Each field line with the lines that continue it."""
    groups: list[list[bytes]] = []
    for line in lines:
        if line[0] not in _OWS:
            groups.append([line])
        elif groups:
            seen.add(Anomaly.OBS_FOLD)
            groups[-1].append(line)
        else:
            seen.add(Anomaly.LEADING_WHITESPACE)
    return groups


def _field(group: list[bytes], seen: set[Anomaly]) -> Field | None:
    """The field in these lines, or None where a browser may ignore it."""
    name, colon, rest = group[0].partition(b":")
    if not colon:
        seen.add(Anomaly.NO_COLON)
        return None
    if len(group) == 1:
        value = rest.strip(_OWS)
    else:
        value = b" ".join(part for line in (rest, *group[1:]) if (part := line.strip(_OWS)))
    fault = _name_fault(name)
    if fault is not None:
        seen.add(fault)
    if not _note_content(value, seen) or fault is not None:
        return None
    return Field(name.decode("ascii"), value.decode("latin-1"))


def _name_fault(name: bytes) -> Anomaly | None:
    if _TOKEN.fullmatch(name):
        return None
    trimmed = name.rstrip(_OWS)
    if not trimmed:
        return Anomaly.EMPTY_NAME
    return Anomaly.SPACE_BEFORE_COLON if _TOKEN.fullmatch(trimmed) else Anomaly.INVALID_NAME


def _note_content(value: bytes, seen: set[Anomaly]) -> bool:
    """Note the odd bytes in a value; false if it holds one that makes browsers disagree about the field."""
    if _ODD.search(value) is None:
        return True
    if _CONTROL.search(value):
        seen.add(Anomaly.CONTROL)
    if _NON_ASCII.search(value):
        seen.add(Anomaly.NON_ASCII)
    if b"\0" in value:
        seen.add(Anomaly.NUL)
    if b"\r" in value:
        seen.add(Anomaly.BARE_CR)
    return b"\0" not in value and b"\r" not in value
