"""Foreign text on one line of a terminal: every character one column wide, none of them obeyed by the terminal.

What could move the cursor, hide, reorder or break a line is shown as an escape (`\\x1b`, `\\u202e`). So is what terminals
draw two columns wide, or none: after this module `len` is the width.
"""

import textwrap
import unicodedata

MAX_CHARS = 2000
"""Longer text is cut before anything else: a summary never shows this much, and normalising costs time."""
ELLIPSIS = "..."

_ASCII = str.maketrans(
    {
        "\u2026": "...",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2022": "*",
        "\u00b7": ".",
        "\u00d7": "x",
        "\u2265": ">=",
        "\u2264": "<=",
        "\u2192": "->",
    }
)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})
_REORDERING = frozenset({"R", "AL", "AN"})


def printable(text: str, *, ascii_only: bool) -> str:
    """The text with everything but plain one-column characters escaped; in ASCII, common punctuation is spelled out."""
    text = text[:MAX_CHARS].translate(_SPACES)
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_ASCII) if ascii_only else unicodedata.normalize("NFC", text)
    return "".join(char if _is_plain(char, ascii_only) else escape(char) for char in text)


def escape(char: str) -> str:
    """The character as Python would write it: `\\n`, `\\x1b`, `\\u202e`."""
    return char.encode("unicode_escape").decode("ascii")


def _is_plain(char: str, ascii_only: bool) -> bool:
    if char.isascii() or ascii_only:
        return char.isascii() and char.isprintable()
    # Right-to-left letters move the digits beside them, and vowels of conjoining Hangul are drawn in no column.
    return (
        char.isprintable()
        and not unicodedata.category(char).startswith("M")
        and unicodedata.east_asian_width(char) not in ("W", "F")
        and unicodedata.bidirectional(char) not in _REORDERING
        and not ("\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7fb" or char in "\u2800\uffa0")
    )


def shortened(text: str, width: int) -> str:
    """At most `width` columns of a printable text, the end replaced by an ellipsis when it is longer."""
    if len(text) <= width:
        return text
    return text[: max(width - len(ELLIPSIS), 0)].rstrip() + ELLIPSIS[: max(width, 0)]


def shortened_in_the_middle(text: str, width: int) -> str:
    """At most `width` columns, the middle left out: names of hosts tell themselves apart at both ends."""
    if len(text) <= width or width < 2 * len(ELLIPSIS):
        return shortened(text, width)
    kept = width - len(ELLIPSIS)
    tail = kept // 2
    return text[: kept - tail] + ELLIPSIS + text[len(text) - tail :]


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """The text in lines of at most `width` columns, the first line begun with `first`, the others with `rest`."""
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False) or [
        first.rstrip()
    ]
