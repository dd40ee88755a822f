"""CAA: the grammar of RFC 8659 and 8657, climbing, and the cases of an authority in use."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.caa import CaaError, CaaRecord, CaaSet, Issuer, climb, parse_caa, parse_issuer

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors_caa.json").read_text(encoding="ascii"))[
    "cases"
]


@pytest.mark.parametrize("case", VECTORS, ids=[case["id"] for case in VECTORS])
def test_published_case(case: dict[str, Any]) -> None:
    host = case["domain"].removeprefix("*.")
    at = next((name for name in climb(host) if name in case["records"]), "")
    records = CaaSet(tuple(CaaRecord(flags, tag.lower(), value) for flags, tag, value in case["records"].get(at, ())))
    may = records.may_issue(
        [case["ca"]], wildcard=host != case["domain"], account=case["account"], method=case["validation"]
    )
    assert (at, may) == (case["found_at"], case["may_issue"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('0 issue "ca.test"', CaaRecord(0, "issue", "ca.test")),
        ('128 IssueWild ";"', CaaRecord(128, "issuewild", ";")),
        (r'0 issue "a\"b\\c\059"', CaaRecord(0, "issue", 'a"b\\c;')),
        ('0 iodef ""', CaaRecord(0, "iodef", "")),
        ('256 issue "a"', None),
        ("0 issue ca.test", None),
        ('0 is_sue "a"', None),
        ('0 issue "a" b', None),
        ("", None),
    ],
)
def test_presentation(text: str, expected: CaaRecord | None) -> None:
    if expected is None:
        with pytest.raises(CaaError):
            parse_caa(text)
    else:
        assert parse_caa(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ca.test", Issuer("ca.test")),
        ("  CA.Test ", Issuer("ca.test")),
        ("", Issuer("")),
        (";", Issuer("")),
        (" ; ", Issuer("")),
        ("ca.test;", Issuer("ca.test")),
        ("ca.test; a=b", Issuer("ca.test", (("a", "b"),))),
        ("ca.test;a=b; c-d = x=y ", Issuer("ca.test", (("a", "b"), ("c-d", "x=y")))),
        ("ca.test; a=", Issuer("ca.test", (("a", ""),))),
        ("ca.test; a=b;", Issuer("ca.test", (("a", "b"),))),
        ("; a=b", Issuer("", (("a", "b"),))),
        ("ca.test; a_b=1", None),
        ("ca.test; a=1 2", None),
        ("ca.test; a", None),
        ("ca.test; ; a=b", None),
        ("ca test", None),
        ("-ca.test", None),
        ("ca.test.", None),
        ("%%%%%", None),
    ],
)
def test_issuer(value: str, expected: Issuer | None) -> None:
    assert parse_issuer(value) == expected


def records(*texts: str) -> CaaSet:
    return CaaSet(tuple(map(parse_caa, texts)))


@pytest.mark.parametrize(
    ("found", "plain", "wildcard"),
    [
        (records('0 issue "a.test"'), True, True),
        (records('0 issue "b.test"'), False, False),
        (records('0 issue "a.test"', '0 issuewild ";"'), True, False),
        (records('0 issuewild "b.test"'), True, False),
        (records('0 iodef "mailto:x@a.test"'), True, True),
        (records('128 foo "x"', '0 issue "a.test"'), False, False),
        (records('128 issuemail ";"', '0 issue "a.test"'), True, True),
        (records('0 foo "x"'), True, True),
        (records('0 issue "a_test"'), False, False),
        (records('0 issue "a_test"', '0 issue "a.test"'), True, True),
        (records('0 issue "a.test; accounturi=https://x.test/1"'), True, True),  # the account is not known here
        (records(), True, True),
    ],
)
def test_who_may_issue(found: CaaSet, plain: bool, wildcard: bool) -> None:
    assert (found.may_issue(["a.test"]), found.may_issue(["a.test"], wildcard=True)) == (plain, wildcard)


def test_climbing_ends_below_the_root() -> None:
    assert climb("a.b.go.id") == ("a.b.go.id", "b.go.id", "go.id", "id")


@given(st.text(max_size=120))
def test_any_text_is_a_record_or_an_error(text: str) -> None:
    try:
        record = parse_caa(text)
    except CaaError:
        return
    assert 0 <= record.flags <= 255
    assert record.tag == record.tag.lower()


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=80))
def test_a_value_in_presentation_form_comes_back(value: str) -> None:
    shown = "".join(f"\\{ord(char):03d}" if not " " <= char <= "~" or char in '"\\' else char for char in value)
    assert parse_caa(f'0 issue "{shown}"').value == value


@given(st.text(max_size=80))
def test_any_value_names_an_authority_or_breaks_the_grammar(value: str) -> None:
    issuer = parse_issuer(value)
    assert issuer is None or issuer.domain == issuer.domain.lower()
