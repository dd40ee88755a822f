"""One run against an earlier one: each rule from both sides, and counts that add up whatever the nights said."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import EXPIRY, HSTS, PPID, WWW, night, said

from scanner.estate import Vantage
from scanner.findings import Finding, State
from scanner.history.changes import Change, Changes, compare
from scanner.history.ledger import Obstacle

PASS, UNKNOWN = said(State.PASS), said(State.UNKNOWN)
OPEN, GRAVE, ACCEPTED = said(), said(severity="critical"), said(accepted=True)
OTHER, OTHER_OPEN = said(State.PASS, cookie="lang"), said(cookie="lang")
OTHER_UNKNOWN, OTHER_CHECK = said(State.UNKNOWN, cookie="lang"), said(State.PASS, check=EXPIRY)
NEWER = said(State.PASS, cookie="lang", version=2)


def changes(*nights: Sequence[Finding], since: int = -2) -> Changes:
    """The last night against another, those before it known."""
    runs = [night(number, *findings) for number, findings in enumerate(nights)]
    return compare(runs[since], runs[-1], [it for it in runs[:-1] if it is not runs[since]])


def told(changes: Changes) -> list[tuple[Change, Obstacle | None]]:
    return [(it.change, it.why) for it in changes.each]


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        ([[PASS], [OPEN]], [(Change.HELD, None)]),
        ([[PASS], [GRAVE]], [(Change.NEW, None)]),
        ([[], [OPEN]], [(Change.HELD, None)]),
        ([[UNKNOWN], [OPEN]], [(Change.HELD, None)]),
        ([[PASS], [OPEN], [OPEN]], [(Change.NEW, None)]),
        ([[PASS], [OPEN], [UNKNOWN], [OPEN]], [(Change.NEW, None)]),
        ([[PASS], [OPEN], [OPEN], [OPEN]], [(Change.CONTINUING, None)]),
        ([[PASS], [GRAVE], [GRAVE]], [(Change.CONTINUING, None)]),
        ([[OPEN], [OPEN]], [(Change.CONTINUING, None)]),
        ([[OPEN], [PASS]], [(Change.FIXED, None)]),
        ([[OPEN], [said(State.NOT_APPLICABLE)]], [(Change.FIXED, None)]),
        ([[OPEN], [UNKNOWN], [PASS]], [(Change.FIXED, None)]),
        ([[OPEN], []], [(Change.NOT_COMPARABLE, Obstacle.UNSEEN)]),
        ([[OPEN], [UNKNOWN]], [(Change.NOT_COMPARABLE, Obstacle.UNSEEN)]),
        ([[OPEN], [said(State.ERROR)]], [(Change.NOT_COMPARABLE, Obstacle.UNSEEN)]),
        ([[OPEN], [], []], []),
        # what it was about is gone: two runs in a row must miss it, and have looked
        ([[OPEN], [OTHER]], [(Change.NOT_COMPARABLE, Obstacle.GONE)]),
        ([[OPEN], [OTHER], [OTHER]], [(Change.FIXED, None)]),
        ([[OPEN], [OTHER], [UNKNOWN], [OTHER]], [(Change.FIXED, None)]),
        ([[OPEN], [OTHER], [OPEN], [OTHER]], [(Change.NOT_COMPARABLE, Obstacle.GONE)]),
        ([[OPEN, OTHER_OPEN], [OTHER_OPEN], [OTHER_OPEN]], [(Change.CONTINUING, None), (Change.FIXED, None)]),
        ([[OPEN], [OTHER_UNKNOWN]], [(Change.NOT_COMPARABLE, Obstacle.UNSEEN)]),
        ([[OPEN], [OTHER, said(State.UNKNOWN, cookie="kode")]], [(Change.NOT_COMPARABLE, Obstacle.UNSEEN)]),
        ([[OPEN], [OTHER_CHECK]], [(Change.NOT_COMPARABLE, Obstacle.UNSEEN)]),
        ([[OPEN], [NEWER]], [(Change.NOT_COMPARABLE, Obstacle.CHECK)]),
        ([[OPEN], [ACCEPTED]], [(Change.NOT_COMPARABLE, Obstacle.ACCEPTED)]),
        ([[ACCEPTED], [ACCEPTED]], []),
        ([[ACCEPTED], [PASS]], []),
        ([[ACCEPTED], [OPEN]], [(Change.CONTINUING, None)]),
        ([[PASS], [PASS]], []),
        ([[OPEN], [PASS], [OPEN]], [(Change.HELD, None)]),
    ],
)
def test_what_became_of_a_finding(nights: list[list[Finding]], expected: list[tuple[Change, Obstacle | None]]) -> None:
    assert told(changes(*nights)) == expected


def test_since_is_when_it_was_first_seen_without_a_repair_in_between() -> None:
    (one,) = changes([OPEN], [PASS], [OPEN], [UNKNOWN], [OPEN], [OPEN]).each
    assert one.since == night(2).manifest.started


@pytest.mark.parametrize("since", [-3, -2])
def test_another_run_may_be_chosen_to_compare_with(since: int) -> None:
    expected = Change.NEW if since == -3 else Change.CONTINUING
    assert told(changes([PASS], [GRAVE], [GRAVE], since=since)) == [(expected, None)]


@pytest.mark.parametrize(
    ("then", "now", "why"),
    [
        ({}, {}, None),
        ({}, {"versions": {HSTS: 2}}, Obstacle.CHECK),
        ({}, {"params": {HSTS: {"min_age": "P1D"}}}, Obstacle.POLICY),
        ({}, {"fields": {"params": {HSTS: {"min_age": "P1D"}}}}, Obstacle.POLICY),
        ({}, {"fields": {"params": {EXPIRY: {"warn": "P1D"}}}}, None),
        ({}, {"fields": {"addresses": "all"}}, Obstacle.POLICY),
        ({}, {"vantage": Vantage.INTRANET}, Obstacle.VANTAGE),
        ({"versions": {}}, {}, Obstacle.CHECK),
    ],
    ids=str,
)
def test_what_was_looked_at_differently_is_neither_new_nor_repaired(
    then: dict[str, Any], now: dict[str, Any], why: Obstacle | None
) -> None:
    version = now.get("versions", {}).get(HSTS, 1)
    found = compare(night(0, PASS, **then), night(1, said(severity="critical", version=version), **now))
    assert told(found) == [(Change.NEW if why is None else Change.NOT_COMPARABLE, why)]
    assert found.each[0].is_open
    if then:
        return
    repaired = compare(night(0, OPEN), night(1, said(State.PASS, version=version), **now))
    assert told(repaired) == [(Change.FIXED if why is None else Change.NOT_COMPARABLE, why)]


def test_a_target_or_check_that_is_gone_is_no_repair() -> None:
    assert told(compare(night(0, OPEN), night(1, names=[PPID]))) == [(Change.NOT_COMPARABLE, Obstacle.TARGET)]
    assert told(compare(night(0, OPEN), night(1, versions={}))) == [(Change.NOT_COMPARABLE, Obstacle.CHECK)]


def test_a_new_target_has_new_findings() -> None:
    found = compare(night(0, names=[PPID]), night(1, GRAVE))
    assert told(found) == [(Change.NEW, None)]


def test_counts_by_severity_and_by_unit() -> None:
    other = said(severity="low", of=PPID, check=EXPIRY)
    found = changes([PASS, other], [GRAVE, said(State.PASS, of=PPID, check=EXPIRY)])
    assert (found.count(Change.NEW), found.count(Change.NEW, "critical"), found.count(Change.NEW, "low")) == (1, 1, 0)
    assert found.by_severity()[Change.FIXED] == {"critical": 0, "high": 0, "medium": 0, "low": 1, "info": 0}
    assert found.by_unit()["Dinas www"][Change.NEW] == 1
    assert found.by_unit()["Dinas ppid"][Change.FIXED] == 1
    assert (found.of(GRAVE.fingerprint), found.of("0" * 32)) == (found.each[0], None)
    assert (found.earlier, found.later) == (night(0).id, night(1).id)


SPOKEN = st.lists(
    st.builds(
        said,
        st.sampled_from([State.FAIL, State.PASS, State.UNKNOWN, State.NOT_APPLICABLE]),
        st.sampled_from(["critical", "high", "low"]),
        of=st.sampled_from([WWW, PPID]),
        check=st.sampled_from([HSTS, EXPIRY]),
        accepted=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda it: it.fingerprint,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPOKEN, min_size=2, max_size=6))
def test_the_open_findings_are_exactly_those_told_as_open(nights: list[list[Finding]]) -> None:
    found = changes(*nights)
    assert len({it.fingerprint for it in found.each}) == len(found.each)
    assert {it.fingerprint for it in found.each if it.is_open} == {it.fingerprint for it in nights[-1] if it.is_open}
    before = {it.fingerprint for it in nights[-2] if it.is_open}
    stayed = {it.fingerprint for it in found.each if it.change in (Change.CONTINUING, Change.FIXED)}
    assert stayed >= before & {it.fingerprint for it in nights[-1] if it.state in (State.PASS, State.NOT_APPLICABLE)}


A, B, C = "192.0.2.1", "192.0.2.2", "2001:db8::3"


@pytest.mark.parametrize(
    ("failed", "passed", "names", "expected"),
    [
        ((A,), (B,), (A, B), (Change.NOT_COMPARABLE, Obstacle.POLICY)),  # one of several, and it is still the name's
        ((A, C), (B,), (B, C), (Change.NOT_COMPARABLE, Obstacle.POLICY)),
        ((A,), (A,), (A, B), (Change.FIXED, None)),
        ((A,), (A, B), (A, B), (Change.FIXED, None)),
        ((A,), (B,), (B, C), (Change.FIXED, None)),  # the name has moved
        ((A,), (B,), (), (Change.FIXED, None)),  # nothing says what the name's addresses were
        ((), (B,), (A, B), (Change.FIXED, None)),
    ],
)
def test_a_pass_at_another_address_of_the_name_is_no_repair(
    failed: tuple[str, ...], passed: tuple[str, ...], names: tuple[str, ...], expected: tuple[Change, Obstacle | None]
) -> None:
    before, after = night(0, said(at=failed)), night(1, said(State.PASS, at=passed), addresses=names)
    assert told(compare(before, after)) == [expected]
