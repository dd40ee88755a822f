"""Outcomes and findings: what can be said at all, and what a finding must carry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.findings import Finding, FixedBy, Message, Severity, State, Subject, fingerprint, merge
from scanner.observations.steps import MAX_DETAIL_CHARS, Reason, Replay, Unobserved, weakest
from scanner.outcomes import (
    MAX_ARGUMENT_CHARS,
    DoesNotApply,
    Outcome,
    Passed,
    Undecided,
    bounded,
    placeholders,
    unknown,
)

SERVICE = Subject("service", "www.example.test:443")


def finding(state: State = State.PASS, **fields: Any) -> Finding:
    defaults: dict[str, Any] = {
        "check": "test.check",
        "check_version": 1,
        "target": "www",
        "subject": SERVICE,
        "state": state,
        "outcome": state.value,
        "severity": "low" if state is State.FAIL else None,
        "message": Message(id="id", en="en"),
        "expected": None,
        "found": None,
        "reason": None,
        "evidence": ("sha256:1",),
        "fingerprint": "f",
        "fixed_by": FixedBy.PLATFORM,
        "replay": Replay.DERIVED,
    }
    return Finding(**{**defaults, **fields})


# --- outcomes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("en", "id", "fits"),
    [
        ("{a} and {b}", "{b} dan {a}", True),
        ("nothing", "tidak ada", True),
        ("{a}", "tanpa", False),
        ("{a}", "{b}", False),
        ("{a!r} {{c}}", "{a} {{d}}", True),
    ],
)
def test_both_languages_name_the_same_placeholders(en: str, id: str, fits: bool) -> None:
    if fits:
        assert placeholders(Passed("x", en=en, id=id).en) <= {"a", "b"}
    else:
        with pytest.raises(ValueError, match="different placeholders"):
            Passed("x", en=en, id=id)


def test_every_placeholder_must_be_given() -> None:
    outcome = Passed("x", en="{a} {b}", id="{b} {a}")
    with pytest.raises(TypeError, match="needs b"):
        outcome(a=1)
    assert outcome(a=1, b=2, expected=3, found="4").arguments == {"a": 1, "b": 2}


def test_states_of_outcomes() -> None:
    assert Passed("x", en="", id="").state is State.PASS
    assert DoesNotApply("x", en="", id="").state is State.NOT_APPLICABLE
    assert Outcome("x", en="", id="", severity=Severity.LOW).state is State.FAIL
    assert Undecided("x", en="", id="", reason=Reason.BLOCKED).state is State.UNKNOWN
    assert unknown(Unobserved(Reason.TIMEOUT)).outcome.state is State.UNKNOWN


def test_a_verdict_about_something_keeps_everything_else() -> None:
    verdict = Passed("x", en="{a}", id="{a}")(a=1, found=2)
    about = verdict.about("cookie", "sid")
    assert about.subject == Subject("cookie", "sid")
    assert (about.outcome, about.arguments, about.found) == (verdict.outcome, verdict.arguments, verdict.found)


@given(st.text())
def test_what_a_server_sent_is_cut(text: str) -> None:
    assert len(str(bounded(text))) <= MAX_ARGUMENT_CHARS
    assert bounded(text) == text or len(text) > MAX_ARGUMENT_CHARS


@pytest.mark.parametrize("value", [True, 3, 2.5, datetime(2026, 1, 1, tzinfo=UTC), timedelta(1), Reason.TIMEOUT])
def test_typed_values_keep_their_type(value: Any) -> None:
    assert bounded(value) is value


def test_details_of_a_reason_are_cut() -> None:
    assert len(Unobserved(Reason.TIMEOUT, "x" * 10_000).detail) == MAX_DETAIL_CHARS


# --- findings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.PASS, State.FAIL])
def test_a_pass_or_fail_without_evidence_cannot_be_made(state: State) -> None:
    finding(state)
    with pytest.raises(ValueError, match="without evidence"):
        finding(state, evidence=())


@pytest.mark.parametrize("state", [State.NOT_APPLICABLE, State.UNKNOWN, State.MANUAL, State.ERROR])
def test_the_other_states_need_none(state: State) -> None:
    assert finding(state, evidence=()).evidence == ()


@pytest.mark.parametrize("state", list(State))
def test_severity_belongs_to_findings_and_to_every_finding(state: State) -> None:
    wrong = None if state is State.FAIL else "low"
    with pytest.raises(ValueError, match="severity belongs"):
        finding(state, severity=wrong)


@pytest.mark.parametrize("word", ["", "evil", "HIGH", "a\x00b"])
def test_a_severity_that_nobody_knows_is_none(word: str) -> None:
    with pytest.raises(ValueError, match="is no severity"):
        finding(State.FAIL, severity=word)


def test_ranks() -> None:
    assert [finding(State.FAIL, severity=it.word).rank for it in Severity] == [0, 1, 2, 3, 4]
    assert finding(State.UNKNOWN).rank == -1


def test_a_fingerprint_names_the_fault_and_nothing_else() -> None:
    one = fingerprint("web.hsts.policy", "www", SERVICE)
    assert one == fingerprint("web.hsts.policy", "www", Subject("service", "www.example.test:443"))
    others = [
        fingerprint("web.hsts", "www", SERVICE),
        fingerprint("web.hsts.policy", "sso", SERVICE),
        fingerprint("web.hsts.policy", "www", Subject("cookie", SERVICE.key)),
        fingerprint("web.hsts.policy", "www", Subject("service", "other:443")),
    ]
    assert len({one, *others}) == 5
    assert len(one) == 32


@given(st.lists(st.text(st.characters(exclude_characters="\x00")), min_size=4, max_size=4), st.integers(0, 3))
def test_no_part_of_a_fingerprint_can_pass_for_another(parts: list[str], at: int) -> None:
    def print_of(first: str, target: str, kind: str, key: str) -> str:
        return fingerprint(first, target, Subject(kind, key))

    moved = [*parts]
    moved[at] += "x"
    assert print_of(*parts) != print_of(*moved)


GRAVITY = [State.NOT_APPLICABLE, State.PASS, State.MANUAL, State.UNKNOWN, State.ERROR, State.FAIL]


@pytest.mark.parametrize("worse", range(1, len(GRAVITY)))
def test_the_gravest_state_wins(worse: int) -> None:
    one, other = finding(GRAVITY[worse - 1]), finding(GRAVITY[worse])
    for pair in ([("a", one), ("b", other)], [("b", other), ("a", one)]):
        (merged,) = merge(pair)
        assert merged.state is GRAVITY[worse]
        assert {(it.address, it.state) for it in merged.sightings} == {("a", one.state), ("b", other.state)}


def test_the_graver_of_two_fails_wins() -> None:
    (merged,) = merge([("a", finding(State.FAIL, severity="low")), ("b", finding(State.FAIL, severity="critical"))])
    assert merged.severity == "critical"


def test_all_evidence_is_cited_and_the_weakest_level_counts() -> None:
    (merged,) = merge(
        [
            ("a", finding(evidence=("sha256:2", "sha256:1"))),
            ("b", finding(evidence=("sha256:3",), replay=Replay.ATTESTED)),
        ]
    )
    assert merged.evidence == ("sha256:1", "sha256:2", "sha256:3")
    assert merged.replay is Replay.ATTESTED


def test_different_faults_stay_apart() -> None:
    assert len(merge([("a", finding(fingerprint="1")), ("a", finding(fingerprint="2"))])) == 2
    assert merge([]) == ()


def test_levels() -> None:
    assert weakest(frozenset()) is None
    assert weakest(frozenset({Replay.DERIVED})) is Replay.DERIVED
    assert weakest(frozenset({Replay.DERIVED, Replay.DECRYPTED})) is Replay.DECRYPTED
    assert weakest(frozenset(Replay)) is Replay.ATTESTED
