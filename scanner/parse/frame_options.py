"""X-Frame-Options, as the HTML standard reads it ("check a navigation response's adherence")."""

from collections.abc import Sequence
from enum import StrEnum

from scanner.parse.list_field import split_values


class Framing(StrEnum):
    """Who may show a page in a frame."""

    NOBODY = "nobody"
    SAME_ORIGIN = "same_origin"
    NAMED = "named"
    """Those that a list names."""
    ANYBODY = "anybody"


def framing_by_options(values: Sequence[str]) -> Framing:
    """Who may frame a page that sent these X-Frame-Options fields; anybody, when none was sent.

    Values that contradict one another forbid framing when one of them means something; one value that means nothing,
    such as ALLOW-FROM, forbids nothing.
    """
    words = {value.lower() for value in split_values(values)}
    if len(words) > 1:
        return Framing.NOBODY if words & {"deny", "sameorigin", "allowall"} else Framing.ANYBODY
    if "deny" in words:
        return Framing.NOBODY
    return Framing.SAME_ORIGIN if "sameorigin" in words else Framing.ANYBODY
