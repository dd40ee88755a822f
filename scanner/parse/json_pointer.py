"""JSON Pointers (RFC 6901), and the value that one points at in a JSON text from a server."""

import json
import re
from enum import Enum
from typing import Any, Final

MAX_INDEX_DIGITS: Final = 9


class JsonPointerError(ValueError):
    """The text is no JSON Pointer; the message says why."""


class JsonTextError(ValueError):
    """The octets are no JSON text that is read here."""


class Absent(Enum):
    """Stands for a value that is not there: null is one that is."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def tokens_of(pointer: str) -> tuple[str, ...]:
    """The reference tokens of a pointer, unescaped; none for the whole document. Raises JsonPointerError."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise JsonPointerError("a JSON Pointer begins with /")
    if _BAD_ESCAPE.search(pointer):
        raise JsonPointerError("in a JSON Pointer ~ is written ~0, and / in a name ~1")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def document_of(octets: bytes) -> Any:
    """What a JSON text says (RFC 8259): UTF-8, a byte order mark is passed over. Raises JsonTextError.

    Not read: NaN and Infinity, which are no JSON; numbers too long and arrays too deep for this machine.
    """
    try:
        return json.loads(octets.decode("utf-8-sig"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise JsonTextError("the body is no JSON") from error


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def value_at(document: Any, pointer: str) -> Any:
    """The value that a pointer points at, ABSENT when there is none. Raises JsonPointerError."""
    for token in tokens_of(pointer):
        if isinstance(document, dict):
            document = document.get(token, ABSENT)
        elif isinstance(document, list) and _INDEX.fullmatch(token) and len(token) <= MAX_INDEX_DIGITS:
            index = int(token)
            document = document[index] if index < len(document) else ABSENT
        else:
            return ABSENT
    return document


def equal(one: Any, other: Any) -> bool:
    """Whether two scalars are the same JSON value: 1 is 1.0, but true is not 1 and "1" neither."""
    numbers = (int, float)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, numbers) and isinstance(other, numbers):
        return one == other
    return type(one) is type(other) and bool(one == other)
