"""JSON that no terminal obeys: control and reordering characters beyond ASCII stand as escapes.

JSON itself only escapes what lies below U+0020 (RFC 8259 section 7), but U+009B begins a control sequence on many
terminals, and U+202E turns a line around. An escaped character is the same character to every reader of JSON.
"""

import re

_OBEYED = re.compile(
    rb"\x7f"  # DEL
    rb"|\xc2[\x80-\x9f]"  # C1 controls
    rb"|\xe2\x80[\x8b-\x8f\xa8-\xae]"  # zero width, marks of direction, line separators, embeddings and overrides
    rb"|\xe2\x81[\xa0-\xaf]"  # isolates and their kin
    rb"|\xef\xbb\xbf"  # byte order mark
)


def inert(encoded: bytes) -> bytes:
    """The same JSON value; the argument must be JSON text in UTF-8, where these octets only stand inside strings."""
    if encoded.isascii() and b"\x7f" not in encoded:  # nearly always, and told in a hundredth of the time
        return encoded
    return _OBEYED.sub(_escape, encoded)


def _escape(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode())
