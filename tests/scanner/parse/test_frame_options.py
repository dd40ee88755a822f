"""X-Frame-Options: the HTML standard in a table, and the cases of web-platform-tests against it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.frame_options import Framing, framing_by_options

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors_xfo.json").read_text(encoding="ascii"))[
    "cases"
]
STRICTER_NOW = {"xfo-012", "xfo-013", "xfo-016", "xfo-017", "xfo-019", "xfo-025", "xfo-026", "xfo-029", "xfo-030"}
"""Cases of a time when an invalid value beside SAMEORIGIN was passed over: today it forbids framing altogether."""


@pytest.mark.parametrize("case", VECTORS, ids=[case["id"] for case in VECTORS])
def test_published_case(case: dict[str, Any]) -> None:
    found, expected = framing_by_options(case["values"]), case["expected"]
    assert (found is Framing.ANYBODY) is expected["cross_origin_framing"]
    same_origin = found in (Framing.ANYBODY, Framing.SAME_ORIGIN)
    assert same_origin is (expected["same_origin_framing"] and case["id"] not in STRICTER_NOW)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Framing.ANYBODY),
        ([""], Framing.ANYBODY),
        (["DENY"], Framing.NOBODY),
        (["\tdEnY "], Framing.NOBODY),
        (["sameorigin"], Framing.SAME_ORIGIN),
        (["SAMEORIGIN, sameorigin"], Framing.SAME_ORIGIN),
        # the table of the standard
        (["SAMEORIGIN, DENY"], Framing.NOBODY),
        (["SAMEORIGIN,"], Framing.NOBODY),
        (["SAMEORIGIN, ALLOWALL"], Framing.NOBODY),
        (["SAMEORIGIN, INVALID"], Framing.NOBODY),
        (["ALLOWALL, INVALID"], Framing.NOBODY),
        (["ALLOWALL,"], Framing.NOBODY),
        (["ALLOWALL"], Framing.ANYBODY),
        (["INVALID, INVALID"], Framing.ANYBODY),
        (["INVALID, OTHER"], Framing.ANYBODY),
        (["ALLOW-FROM https://a.test"], Framing.ANYBODY),
        (["'DENY'"], Framing.ANYBODY),
    ],
)
def test_rule(values: list[str], expected: Framing) -> None:
    assert framing_by_options(values) is expected


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_fields_give_an_answer(values: list[str]) -> None:
    assert framing_by_options(values) in (Framing.NOBODY, Framing.SAME_ORIGIN, Framing.ANYBODY)


@given(st.sampled_from(["DENY", "SAMEORIGIN", "x", ""]), st.integers(1, 4))
def test_a_value_that_is_repeated_counts_once(value: str, times: int) -> None:
    assert framing_by_options([value] * times) is framing_by_options([value])
