"""A moment at which so much failed at once that our own network was in doubt, and what came of it: values."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Whose(StrEnum):
    """What came of a doubt."""

    THEIRS = "theirs"
    """Somebody who must answer did so at once; the targets in doubt are observed again all the same, once, for a short
    outage of ours is over before anybody asks."""
    OURS = "ours"
    """Nobody answered, for as long as we waited."""
    OVER = "over"
    """Nobody answered at first, and then somebody did: the targets in doubt are observed again."""
    UNTOLD = "untold"
    """There was nobody to ask, or none but services that answered before, and they did not answer any more."""


ACCUSE_NOBODY = frozenset({Whose.OURS, Whose.UNTOLD})
"""After these the targets in doubt stay unknown."""


class Doubt(msgspec.Struct, frozen=True):
    """A moment at which `failed` of the last `of` targets had failed at once, and what came of it. `at` is aware UTC."""

    at: datetime
    failed: int
    of: int
    whose: Whose
    waited_s: float = 0.0
