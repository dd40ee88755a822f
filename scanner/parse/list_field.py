"""Fields that are lists: how browsers join and split their values (Fetch, "get, decode, and split"), and MIME types.

Several fields of one name count as one, joined by commas; a comma inside a quoted string divides nothing. Quotes stay
part of the value, so `"DENY"` is not `DENY`.
"""

import re
from collections.abc import Sequence

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[^",]+', re.DOTALL)


def split_values(values: Sequence[str]) -> tuple[str, ...]:
    """The values of all fields of one name, in order, without tabs and spaces round them; none when there is no field.

    An empty field is one empty value, and so is what stands before, between and after commas.
    """
    if not values:
        return ()
    joined = ", ".join(values)
    found: list[str] = []
    position, begin = 0, 0
    while position < len(joined):
        if joined[position] == ",":
            found.append(joined[begin:position])
            position += 1
            begin = position
            continue
        match = _PIECE.match(joined, position)
        assert match is not None  # every character begins a piece or is a comma
        position = match.end()
    found.append(joined[begin:])
    return tuple(value.strip("\t ") for value in found)


_ESSENCE = re.compile(r"[ \t\r\n]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t\r\n]*(?:;|\Z)")


def mime_type(values: Sequence[str]) -> str | None:
    """The type and subtype, in lower case, that browsers take from Content-Type fields; None when there is none to take.

    The last one that can be read counts, and `*/*` never does (Fetch, "extract a MIME type").
    """
    essence: str | None = None
    for value in split_values(values):
        match = _ESSENCE.match(value)
        if match is not None and match[1] != "*/*":
            essence = match[1].lower()
    return essence
