"""Checks of the whole estate: facts of each target, held together after the last one, whatever one check or target does."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from estates import conclude, concluded, estate_run, observe, outcomes, shows
from observed import SEEN, Seen, failed, manifest, new_journal, shipped, target

from scanner.api import (
    EstateFact,
    EstateView,
    FixedBy,
    Group,
    NotApplicable,
    Outcome,
    Passed,
    Severity,
    Unobserved,
    Verdict,
    derived,
    estate_check,
)
from scanner.derive.service import home
from scanner.estate import Disabled, Kind, Target, Waiver
from scanner.estate_checks import MAX_FACTS, EstateCheck
from scanner.estate_judge import EstateJudge
from scanner.evidence.replay import replay
from scanner.findings import Finding, State
from scanner.journal import EARLIER, FactRow, Journal, JournalError
from scanner.judge import Judge
from scanner.observations.http import Exchange
from scanner.observations.steps import Reason
from scanner.registry import RegistryError, select
from scanner.reports.observations_jsonl import observations_jsonl, read_observations
from scanner.run import Run

MET = Outcome("met", en="{count} meet", id="{count} bertemu", severity=Severity.MEDIUM)
APART = Passed("apart", en="none of {others} others meets it", id="tidak bertemu dengan {others} lainnya")


@derived(home)
def paths(exchange: Exchange) -> tuple[EstateFact, ...] | Unobserved:
    """The path segments of the service's URL, which tests choose."""
    if isinstance(exchange.answer, Unobserved):
        return exchange.answer
    return tuple(EstateFact(segment, (exchange.url,)) for segment in exchange.url.split("/")[3:] if segment)


def meeting(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """No two services have a segment in common."""
    if len(group.targets) > 1:
        yield MET(count=len(group.targets)).about("segment", group.key)


def planted(judge: Any = meeting, **changes: Any) -> EstateCheck:
    about: dict[str, Any] = {
        "version": 1,
        "fixed_by": FixedBy.PLATFORM,
        "outcomes": (MET, APART),
        "otherwise": APART,
        "compares": True,
        "references": (),
    }
    return estate_check("planted.meeting", paths, **about | changes)(judge)


CHECK = planted()


def at(id: str, path: str, **fields: Any) -> Target:
    return target(id, f"https://{id}.example.test/{path}", http_port=None, **fields)


def sights(*ids_and_paths: str) -> list[tuple[Target, Seen | None]]:
    """`a:x/y` is a target a whose URL has the segments x and y."""
    pairs = (text.split(":") for text in ids_and_paths)
    return [(at(id, path), shows()) for id, path in pairs]


def said(check: EstateCheck, *ids_and_paths: str) -> dict[str, list[str]]:
    return outcomes(concluded(check, sights(*ids_and_paths)))


# --- what comes together ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("a:x", "b:y"), {"a": ["apart"], "b": ["apart"]}),
        (("a:x", "b:x", "c:y"), {"a": ["met"], "b": ["met"], "c": ["apart"]}),
        (("a:x/y", "b:x", "c:y"), {"a": ["met", "met"], "b": ["met"], "c": ["met"]}),
        (("a:", "b:"), {"a": ["apart"], "b": ["apart"]}),
    ],
)
def test_targets_meet_by_the_keys_of_their_facts(asked: tuple[str, ...], expected: dict[str, list[str]]) -> None:
    assert said(CHECK, *asked) == expected


def test_a_group_has_every_target_in_order_with_unit_and_detail() -> None:
    groups: list[Group] = []

    def looks(group: Group, _: EstateView) -> Iterator[Verdict]:
        """Looks."""
        groups.append(group)
        yield from ()

    chosen = [(at(id, "x", unit=unit), shows()) for id, unit in (("b", "Dinas B"), ("a", "dinas b"), ("c", ""))]
    concluded(planted(looks), chosen)
    (group,) = groups
    assert group.key == "x"
    assert group.targets == ("a", "b", "c")
    assert [(it.host, it.unit, it.address) for it in group.members] == [
        ("a.example.test", "dinasb", "192.0.2.10"),
        ("b.example.test", "dinasb", "192.0.2.10"),
        ("c.example.test", "", "192.0.2.10"),
    ]
    assert group.first_of_each_unit() == ("a", "c")
    assert [it.detail for it in group.members] == [(f"https://{id}.example.test/x",) for id in "abc"]


def test_a_verdict_is_written_down_where_the_check_says() -> None:
    def at_the_first(group: Group, _: EstateView) -> Iterator[Verdict]:
        """Speaks at one."""
        yield MET(count=len(group.targets)).about("segment", group.key).at(group.targets[:1])

    found = concluded(planted(at_the_first), sights("a:x", "b:x"))
    assert outcomes(found) == {"a": ["met"], "b": ["apart"]}


def test_findings_rest_on_all_that_they_are_about_and_on_no_more() -> None:
    found = {it.target: it for it in concluded(CHECK, sights("a:x", "b:x", "c:y"))}
    assert set(found["a"].evidence) == set(found["b"].evidence)
    assert set(found["c"].evidence).isdisjoint(found["a"].evidence)
    assert found["a"].replay is not None


def test_a_large_group_cites_some_of_the_others_only() -> None:
    found = concluded(CHECK, sights(*(f"t{number:02}:x" for number in range(40))))
    assert {len(it.evidence) for it in found} <= {21, 22}
    evidence = {it.target: it.evidence for it in found}
    assert len(set(evidence.values())) > 1  # each has its own


# --- what stands in the way ---------------------------------------------------------------------------------


def test_a_target_that_was_not_seen_is_unknown_and_meets_nobody() -> None:
    closed = Seen(home=failed("connect", Reason.TIMEOUT))
    chosen = [*sights("a:x", "b:x"), (at("c", "x"), closed)]
    found = concluded(CHECK, chosen)
    assert outcomes(found) == {"a": ["met"], "b": ["met"], "c": ["unknown: timeout"]}
    assert {it.message.arguments["count"] for it in found if it.state is State.FAIL} == {2}


def test_a_run_that_was_stopped_passes_nobody() -> None:
    chosen = [*sights("a:x", "b:x", "c:y"), (at("d", "y"), None)]
    assert outcomes(concluded(CHECK, chosen)) == {"a": ["met"], "b": ["met"], "c": ["unknown: interrupted"]}


def test_what_needs_no_comparison_passes_in_a_stopped_run_too() -> None:
    chosen = [*sights("a:x"), (at("d", "y"), None)]
    plain = Passed("apart", en="fine", id="baik")
    alone = planted(compares=False, otherwise=plain, outcomes=(MET, plain))
    assert outcomes(concluded(alone, chosen)) == {"a": ["apart"]}


def test_a_question_that_does_not_arise_is_not_applicable_and_notes_nothing() -> None:
    check = planted(applies=lambda view: NotApplicable("No", "Tidak") if view.targets < 3 else None)
    with estate_run(check, sights("a:x", "b:x")) as (run, found):
        assert outcomes(found) == {"a": ["not_applicable"], "b": ["not_applicable"]}
        assert list(run.journal.facts(check.id)) == []
    assert said(check, "a:x", "b:x", "c:x")["a"] == ["met"]


def test_facts_that_nobody_wants_are_not_noted() -> None:
    check = planted(wanted=lambda fact, _: fact.key != "x")
    assert said(check, "a:x/y", "b:x", "c:y") == {"a": ["met"], "b": ["apart"], "c": ["met"]}


@pytest.mark.parametrize("path", ["/".join(f"s{number}" for number in range(MAX_FACTS + 1)), "x" * 400])
def test_more_facts_than_are_compared_leave_the_rest_unknown(path: str) -> None:
    assert said(CHECK, f"a:{path}", "b:x") == {"a": ["unknown: too_large"], "b": ["unknown: prerequisite"]}


def test_switched_off_is_not_compared() -> None:
    off = at("b", "x", disabled=(Disabled("planted", "Belum perlu"),))
    found = outcomes(concluded(CHECK, [*sights("a:x", "c:y"), (off, shows())]))
    assert found == {"a": ["apart"], "b": ["unknown: disabled"], "c": ["apart"]}


def test_targets_of_other_kinds_are_not_compared() -> None:
    found = outcomes(concluded(CHECK, [*sights("a:x", "c:y"), (at("b", "x", kinds=(Kind.MAIL,)), shows())]))
    assert found == {"a": ["apart"], "c": ["apart"]}


# --- our own faults -----------------------------------------------------------------------------------------


def crashing(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Crashes on one group, after it has said something."""
    if group.key == "bad":
        yield MET(count=1).about("segment", group.key)
        raise ZeroDivisionError
    yield from meeting(group, estate)


def test_a_check_that_breaks_on_a_group_is_an_error_there_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    found = said(planted(crashing), "a:bad", "b:x", "c:x")
    assert found == {"a": ["error: internal"], "b": ["met"], "c": ["met"]}
    assert "ZeroDivisionError" in caplog.text


def endless(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Never ends on one group."""
    while group.key == "bad":
        pass
    yield from meeting(group, estate)


def test_a_check_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.estate_judge.CHECK_SECONDS", 0.2)
    assert said(planted(endless), "a:bad", "b:x", "c:x") == {"a": ["error: internal"], "b": ["met"], "c": ["met"]}


def without_subject(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Says nothing of what it is about."""
    yield MET(count=len(group.targets))


def of_another_table(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Says what is not in its table."""
    yield Passed("more", en="more", id="lebih")().about("segment", group.key)


def elsewhere(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Speaks about a target that is not in hand."""
    yield MET(count=1).about("segment", group.key).at(["zzz"])


def without_end(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Says more than anybody reads."""
    for number in range(10_000):
        yield MET(count=1).about("segment", str(number))


@pytest.mark.parametrize("judge", [without_subject, of_another_table, elsewhere, without_end])
def test_a_check_that_breaks_the_rules_is_an_error(judge: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert said(planted(judge), "a:x", "b:x") == {"a": ["error: internal"], "b": ["error: internal"]}
    assert "crashed" in caplog.text


def test_a_check_known_not_to_end_is_left_out() -> None:
    with estate_run(CHECK, sights("a:x", "b:x", "c:")) as (run, _):
        whole = EstateJudge(run, Judge(run, [CHECK]), [CHECK], run.journal)
        left_out = list(whole.judge(frozenset({CHECK.id})))
    assert outcomes(left_out) == {id: ["error: internal"] for id in "abc"}


@pytest.mark.parametrize("changes", [{"otherwise": Passed("other", en="x", id="x")}])
def test_a_check_declared_wrongly_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RegistryError, match=r"planted\.meeting"):
        planted(**changes)


def test_a_fact_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="without a key"):
        EstateFact("")


# --- decisions of others ------------------------------------------------------------------------------------


def test_a_waiver_accepts_the_finding_at_its_target_only() -> None:
    waiver = Waiver("planted", "a", "Disepakati", "Kepala", SEEN.date() + timedelta(days=9), subject="x")
    found = concluded(CHECK, sights("a:x", "b:x"), waivers=(waiver,))
    assert {it.target: it.is_open for it in found} == {"a": False, "b": True}


def test_checks_of_the_estate_are_chosen_like_others() -> None:
    known = shipped()
    assert [it.id for it in select(known, ["tls.shared_key"])] == ["tls.shared_key"]
    assert {"tls.shared_key", "dns.unlisted"} <= {it.id for it in select(known, ["*"])}


# --- the journal --------------------------------------------------------------------------------------------

BOTH = sights("a:x", "b:x", "c:y")


def test_a_run_that_is_taken_up_again_keeps_the_facts_it_had(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    with new_journal(manifest([of for of, _ in BOTH], [CHECK]), path) as journal:
        for of, seen in BOTH[:1]:
            observe(journal, of, seen or Seen(), [CHECK])
        assert outcomes(conclude(Run(journal), [CHECK])) == {"a": ["unknown: interrupted"]}
        assert journal.is_estate_pending()
    with Journal.open(path, write=True) as journal:
        for of, seen in BOTH[1:]:
            observe(journal, of, seen or Seen(), [CHECK])
        assert outcomes(conclude(Run(journal), [CHECK])) == {"a": ["met"], "b": ["met"], "c": ["apart"]}
        assert not journal.is_estate_pending()


def test_a_run_killed_before_the_estate_was_judged_is_pending(tmp_path: Path) -> None:
    with new_journal(manifest([of for of, _ in BOTH], [CHECK])) as journal:
        assert not journal.is_estate_pending()
        for of, seen in BOTH:
            observe(journal, of, seen or Seen(), [CHECK])
        run = Run(journal)
        for target_id in journal.unjudged():
            judged = Judge(run, [CHECK]).judge_and_note(target_id)
            journal.put_all_findings({target_id: judged.findings}, judged.facts)
        assert journal.is_estate_pending()


def test_a_target_judged_again_has_its_facts_once() -> None:
    with estate_run(CHECK, BOTH) as (run, before):
        facts = list(run.journal.facts(CHECK.id))
        judged = Judge(run, [CHECK]).judge_and_note("a")
        run.journal.put_all_findings({"a": judged.findings}, judged.facts)
        assert list(run.journal.facts(CHECK.id)) == facts
        assert conclude(run, [CHECK]) == before


def test_facts_come_by_key_then_target(tmp_path: Path) -> None:
    rows = [FactRow("k", key, of, address) for key in "ba" for of in "yx" for address in "21"]
    with Journal.in_memory() as journal:
        journal.put_facts([*rows, FactRow("other", "a", "x")])
        assert [(it.key, it.target, it.address) for it in journal.facts("k")] == sorted(
            (it.key, it.target, it.address) for it in rows
        )


def test_findings_of_the_estate_are_written_whole_or_not_at_all() -> None:
    def broken(found: Sequence[Finding]) -> Iterator[Finding]:
        yield from found[:1]
        raise JournalError("no more")

    with estate_run(CHECK, BOTH) as (run, before):
        with pytest.raises(JournalError, match="no more"):
            run.journal.put_estate_findings(broken(before), complete=True)
        assert tuple(run.journal.findings()) == before


def test_a_journal_of_the_format_before_is_read_and_not_written(tmp_path: Path) -> None:
    import sqlite3

    from scanner.journal import _SCHEMAS

    path = tmp_path / "old.journal"
    with sqlite3.connect(path) as database:
        database.executescript(_SCHEMAS[EARLIER])
        database.execute("INSERT INTO meta VALUES ('format', ?)", (EARLIER.encode(),))
    database.close()
    with Journal.open(path) as journal:
        assert list(journal.findings()) == []
        assert not journal.is_estate_pending()
    for how in ({"write": True}, {"join": True}):
        with pytest.raises(JournalError, match="format '1'"):
            Journal.open(path, **how)


# --- judged again -------------------------------------------------------------------------------------------


def test_replay_says_the_same_from_the_journal_and_from_lines() -> None:
    with estate_run(CHECK, BOTH) as (run, found):
        again = replay(run.journal, {CHECK.id: CHECK})
        assert (again.identical, again.differences, again.confirmed) == (len(found), (), True)
        lines = list(observations_jsonl(run))
    with read_observations(lines) as journal:
        again = replay(journal, {CHECK.id: CHECK})
        assert (again.identical, again.differences, again.confirmed) == (len(found), (), True)


def test_replay_notices_a_finding_that_was_taken_away() -> None:
    with estate_run(CHECK, BOTH) as (run, found):
        run.journal.put_estate_findings([it for it in found if it.target != "a"], complete=True)
        again = replay(run.journal, {CHECK.id: CHECK})
    assert [(it.target, it.recorded, it.derived) for it in again.differences] == [("a", None, "met")]
    assert not again.confirmed


def test_replay_of_a_stopped_run_says_the_same() -> None:
    with estate_run(CHECK, [*BOTH, (at("d", "y"), None)]) as (run, found):
        again = replay(run.journal, {CHECK.id: CHECK})
    assert (again.identical, again.differences) == (len(found), ())


def test_a_newer_rule_and_a_renamed_one_are_told_as_such() -> None:
    renamed = estate_check(
        "planted.renamed",
        paths,
        version=2,
        fixed_by=FixedBy.PLATFORM,
        outcomes=(MET, APART),
        otherwise=APART,
        compares=True,
        references=(),
        was=(CHECK.id,),
    )(meeting)
    with estate_run(CHECK, BOTH) as (run, found):
        again = replay(run.journal, {renamed.id: renamed})
    assert again.rejudged == ((CHECK.id, 1, 2),)
    assert (again.identical, again.differences) == (len(found), ())


def test_stored_rows_read_back() -> None:
    row = FactRow("k", "key", "t", "192.0.2.1", ("a", "b"), ("sha256:0",))
    assert msgspec.json.decode(msgspec.json.encode(row), type=FactRow) == row
