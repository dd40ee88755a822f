"""Alternative services that an answer names (RFC 7838 3): `h3=":443"; ma=86400`."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

MAX_VALUE_CHARS: Final = 8192
MAX_ALTERNATIVES: Final = 32
DAY_S: Final = 86_400
"""How long an alternative is kept that does not say so (RFC 7838 3.1)."""

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ALTERNATIVE = re.compile(rf"({_NAME})=({_QUOTED})")
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*({_NAME})=({_QUOTED}|{_NAME})")
_BETWEEN = re.compile(r"[ \t,]*")
_BLANK = re.compile(r"[ \t]*")
_AUTHORITY = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])?:(\d{1,5})")


class Alternative(Struct, frozen=True):
    """One alternative: its protocol (an ALPN name), where it is, and for how many seconds that may be remembered.

    `host` is in lower case, without brackets; empty stands for the host that was asked.
    """

    protocol: str
    host: str
    port: int
    max_age_s: int = DAY_S


def parse_alt_svc(values: Iterable[str]) -> tuple[Alternative, ...]:
    """The alternatives in the Alt-Svc fields of an answer, in their order; none after `clear`.

    An alternative that breaks the grammar is passed over, and with it the rest of its field.
    """
    found: list[Alternative] = []
    for value in values:
        if value.strip(" \t") == "clear":
            return ()
        found += _alternatives(value[:MAX_VALUE_CHARS])
    return tuple(found[:MAX_ALTERNATIVES])


def _alternatives(value: str) -> Iterator[Alternative]:
    at = 0
    for _ in range(MAX_ALTERNATIVES):
        at = _end(_BETWEEN, value, at)
        begun = _ALTERNATIVE.match(value, at)
        if begun is None:
            return
        at, max_age_s = begun.end(), DAY_S
        while (parameter := _PARAMETER.match(value, at)) is not None:
            at = parameter.end()
            text = parameter[2].strip('"')
            if parameter[1].lower() == "ma" and text.isascii() and text.isdigit():
                max_age_s = int(text[:10])
        if value[_end(_BLANK, value, at) :][:1] not in ("", ","):
            return
        where = _AUTHORITY.fullmatch(begun[2][1:-1])
        if where is not None and 0 < int(where[2]) < 65_536:
            yield Alternative(begun[1], (where[1] or "").strip("[]").lower(), int(where[2]), max_age_s)


def _end(pattern: re.Pattern[str], value: str, at: int) -> int:
    match = pattern.match(value, at)
    return at if match is None else match.end()
