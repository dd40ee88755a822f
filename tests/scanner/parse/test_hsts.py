"""Strict-Transport-Security: RFC 6797 in tables, and the tables of chromium/hstspreload read against it.

The published cases are in `vectors_hsts.json` (BSD-3-Clause); what was left out of them stands in its note.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.parse.hsts import MAX_AGE_CAP_S, HstsError, HstsPolicy, HstsReason, parse_hsts, policy_of

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors_hsts.json").read_text(encoding="ascii"))[
    "cases"
]


def outcome(value: str) -> HstsPolicy | HstsReason:
    """The policy, or why there is none."""
    try:
        return parse_hsts(value)
    except HstsError as error:
        return error.reason


@pytest.mark.parametrize("case", VECTORS, ids=[case["id"] for case in VECTORS])
def test_published_case(case: dict[str, Any]) -> None:
    expected = HstsPolicy(*case["policy"]) if "policy" in case else HstsReason(case["reason"])
    assert outcome(case["value"]) == expected


def test_published_cases_differ_only_where_said() -> None:
    assert len(VECTORS) == 38
    for case in VECTORS:
        assert (case["tool_parses"] != ("policy" in case)) == ("differs" in case), case["id"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 6797 section 6.2
        ("max-age=31536000", HstsPolicy(31_536_000)),
        ("max-age=15768000 ; includeSubDomains", HstsPolicy(15_768_000, include_subdomains=True)),
        ('max-age="31536000"', HstsPolicy(31_536_000)),
        ("max-age=0", HstsPolicy(0)),
        ("max-age=0; includeSubDomains", HstsPolicy(0, include_subdomains=True)),
        # names in any case, directives in any order
        ("INCLUDESUBDOMAINS;MAX-AGE=1;PreLoad", HstsPolicy(1, include_subdomains=True, preload=True)),
        # linear white space between words
        ("\t max-age \t=\t 1 \t;\t includeSubDomains \t", HstsPolicy(1, include_subdomains=True)),
        ("max -age=1", HstsReason.SYNTAX),
        ("max-age=1 2", HstsReason.SYNTAX),
        ("max-age=1\n", HstsReason.SYNTAX),
        ("max-age=1\xa0", HstsReason.SYNTAX),
        # empty directives
        (";;max-age=1;; ;", HstsPolicy(1)),
        ("   ", HstsReason.NO_MAX_AGE),
        # max-age
        ("max-age=00", HstsPolicy(0)),
        ("max-age", HstsReason.BAD_MAX_AGE),
        ("max-age=", HstsReason.SYNTAX),
        ('max-age=""', HstsReason.BAD_MAX_AGE),
        ('max-age=" 1"', HstsReason.BAD_MAX_AGE),
        (r'max-age="\1\0"', HstsPolicy(10)),
        ("max-age=1.5", HstsReason.BAD_MAX_AGE),
        ("max-age=1e3", HstsReason.BAD_MAX_AGE),
        ("max-age=0x10", HstsReason.BAD_MAX_AGE),
        ('max-age="٣"', HstsReason.BAD_MAX_AGE),  # a digit to str.isdigit, not to DIGIT
        ("max-age='1'", HstsReason.BAD_MAX_AGE),
        ("maxage=1", HstsReason.NO_MAX_AGE),
        ("max-age:1", HstsReason.SYNTAX),
        ("31536000", HstsReason.NO_MAX_AGE),
        # quoted strings
        ('max-age="1', HstsReason.SYNTAX),
        ('max-age=1"', HstsReason.SYNTAX),
        ('max-age="1"2', HstsReason.SYNTAX),
        ('max-age=1; x="; includeSubDomains"', HstsPolicy(1)),
        (r'max-age=1; x="\""; includeSubDomains', HstsPolicy(1, include_subdomains=True)),
        ('max-age=1; x="a\x01"', HstsReason.SYNTAX),
        ('"max-age"=1', HstsReason.SYNTAX),
        # valueless directives
        ("max-age=1; includeSubDomains=1", HstsReason.UNEXPECTED_VALUE),
        ('max-age=1; includeSubDomains=""', HstsReason.UNEXPECTED_VALUE),
        ("max-age=1; includeSubDomains=", HstsReason.SYNTAX),
        ("max-age=1; preload=1", HstsPolicy(1)),
        ("max-age=1; preload", HstsPolicy(1, preload=True)),
        # repeated directives, known or not, with or without another value
        ("max-age=1; max-age=1", HstsReason.REPEATED),
        ("max-age=1; Max-Age=2", HstsReason.REPEATED),
        ("max-age=1; includeSubDomains; includesubdomains", HstsReason.REPEATED),
        ("max-age=1; x; X=2", HstsReason.REPEATED),
        # unknown directives
        ('max-age=1; x; y=z; w="a b"; !#$%&\'*+-.^_`|~=1', HstsPolicy(1)),
        ("max-age=1; x=[]", HstsReason.SYNTAX),
        ("max-age=1; x/y", HstsReason.SYNTAX),
        ("max-age=1; =x", HstsReason.SYNTAX),
        ("max-age=1; caf\xe9", HstsReason.SYNTAX),
        ("max-age=1; x=y=z", HstsReason.SYNTAX),
        # two policies joined by a proxy are one invalid value
        ("max-age=1, max-age=1", HstsReason.SYNTAX),
        ("max-age=1; includeSubDomains, max-age=1; includeSubDomains", HstsReason.SYNTAX),
        ("max-age=1,", HstsReason.SYNTAX),
    ],
)
def test_grammar(value: str, expected: HstsPolicy | HstsReason) -> None:
    assert outcome(value) == expected


@pytest.mark.parametrize(
    ("digits", "seconds"),
    [
        ("2147483647", 2_147_483_647),
        ("2147483648", MAX_AGE_CAP_S),
        ("2147483649", MAX_AGE_CAP_S),
        ("99999999999", MAX_AGE_CAP_S),
        ("9" * 10_000, MAX_AGE_CAP_S),  # int() refuses as many
        ("0" * 10_000 + "7", 7),
    ],
)
def test_huge_max_age_is_capped(digits: str, seconds: int) -> None:
    policy = parse_hsts(f"max-age={digits}")
    assert policy.max_age_s == seconds
    assert policy.max_age == timedelta(seconds=seconds)
    assert datetime(2026, 1, 1, tzinfo=UTC) + policy.max_age > datetime(2026, 1, 1, tzinfo=UTC)


def test_only_the_first_field_counts() -> None:
    assert policy_of([]) is None
    assert policy_of(["max-age=1", "max-age=2; includeSubDomains"]) == HstsPolicy(1)
    assert policy_of(["max-age=1", "rubbish,"]) == HstsPolicy(1)
    with pytest.raises(HstsError) as caught:
        policy_of(["rubbish,", "max-age=1"])
    assert caught.value.reason is HstsReason.SYNTAX


NAMES = st.sampled_from(["max-age", "includeSubDomains", "preload", "x"])
PIECES = st.one_of(NAMES, st.sampled_from([";", "=", " ", "\t", '"', "\\", ",", "0", "31536000", "é", "\0"]))


@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=20).map("".join)))
@settings(max_examples=400)
def test_any_text_gives_a_policy_or_a_reason(value: str) -> None:
    result = outcome(value)
    if isinstance(result, HstsPolicy):
        assert 0 <= result.max_age_s <= MAX_AGE_CAP_S


@given(
    st.permutations(["max-age={}", "includeSubDomains", "preload", "x=y"]),
    st.integers(0, MAX_AGE_CAP_S),
    st.sampled_from([";", "; ", " ;\t", ";;"]),
)
@settings(max_examples=100)
def test_order_and_spacing_do_not_matter(directives: list[str], seconds: int, separator: str) -> None:
    value = separator.join(directives).format(seconds)
    assert parse_hsts(value) == HstsPolicy(seconds, include_subdomains=True, preload=True)
