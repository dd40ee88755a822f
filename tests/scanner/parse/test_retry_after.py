"""Retry-After (RFC 9110 section 10.2.3): both forms, and what is neither."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.retry_after import LONGEST_S, retry_after_s

AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("9" * 60, LONGEST_S),
        ("Sun, 22 Nov 2026 01:02:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 00:59:00 GMT", 0.0),
        ("Sunday, 22-Nov-26 01:02:00 GMT", 120.0),  # RFC 850 date, obsolete and still to be read (RFC 9110 5.6.7)
        ("Sun Nov 22 01:02:00 2026", 120.0),  # asctime
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661\u0662", None),  # digits, but not ASCII
        ("1" * 65, None),
    ],
)
def test_forms(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, AT) == seconds


@given(
    st.text(max_size=80)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,9} [0-9:]{1,9} ?[A-Z+0-9-]{0,6}")
)
def test_never_raises(value: str) -> None:
    seconds = retry_after_s(value, AT)
    assert seconds is None or 0.0 <= seconds <= LONGEST_S
