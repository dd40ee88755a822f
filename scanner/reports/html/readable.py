"""Foreign text in HTML: every character that hides, reorders or moves text is shown as an escape, so that it is read and
not obeyed. Markup is the templates' business: they escape everything by themselves.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

MAX_CHARS: Final = 2000
"""Longer text is cut: no sentence of ours is longer, and a server's needs no more to be told by."""
MAX_MARKS: Final = 2
"""Marks on one letter: no language needs more, and a tower of them covers the lines above."""
_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters by class, of which nothing is seen."""


def readable(text: str) -> str:
    """The text with what would be obeyed or unseen written out (`\\u202e`), and no longer than MAX_CHARS."""
    if len(text) > MAX_CHARS:
        text = text[: MAX_CHARS - 1] + "…"
    return text if text.isascii() and text.isprintable() else _readable(text)


@lru_cache(maxsize=4096)
def _readable(text: str) -> str:
    shown = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        if category == "Zs":
            char = " "  # noqa: PLW2901 - a blank is a blank, however wide
        obeyed = category in _OBEYED or marks > MAX_MARKS or char in _BLANK
        shown.append(char.encode("unicode_escape").decode("ascii") if obeyed else char)
    return "".join(shown)


_TICKED: Final = re.compile(r"`([^`]+)`")


def ticked(text: str) -> Markup:
    """Readable and escaped, with what stands between backticks as code. Backticks are nothing to HTML, nor to escaping."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(readable(text)))))  # noqa: S704 - escaped just before


def upfirst(text: str) -> str:
    """With a capital at the beginning; the rest is left alone, for names are in it."""
    return text[:1].upper() + text[1:]
