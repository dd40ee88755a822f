"""The pause a server asks for (RFC 9110 section 10.2.3, RFC 6585 section 4)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 366 * 86400.0
"""Longer than anybody waits; what goes beyond it counts as this."""
_MAX_CHARS = 64
_SECONDS = re.compile(r"[0-9]+")


def retry_after_s(value: str, at: datetime) -> float | None:
    """How many seconds after `at` (aware) a client may come again, None for a value that says nothing.

    Both forms are read: delay-seconds, and an HTTP-date, which may lie in the past and then means at once.
    """
    value = value.strip()
    if not value or len(value) > _MAX_CHARS:
        return None
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST_S)
    try:
        moment = parsedate_to_datetime(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return min(max((moment - at).total_seconds(), 0.0), LONGEST_S)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
