"""What the runs of a period say: sums that add up, nights that were and were not, repairs with their evidence."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nights import EXPIRY, FIRST, HSTS, PPID, WWW, night, said

from scanner.estate import Deadlines, Estate, Every, Goals, ScheduleGoal
from scanner.findings import Finding, State
from scanner.history.changes import asker
from scanner.history.night import night_of
from scanner.history.period import COUNTED, Flow, Period, added, period_of_nights
from scanner.run import Run
from scanner.scope import Scope

PASS, OPEN = said(State.PASS), said()
DAY = date(2026, 11, 2)
"""The local day of the first night: it begins at midnight in Jakarta."""
LAST = date(2026, 11, 30)


NO_GOALS = Goals()


def estate(goals: Goals = NO_GOALS) -> Estate:
    return Estate(targets=(), scope=Scope(), time_zone="Asia/Jakarta", goals=goals)


def period(runs: Iterable[Run], first: date = DAY, last: date = LAST, goals: Goals = NO_GOALS) -> Period:
    return period_of_nights([(night_of(run), asker(run.journal)) for run in runs], estate(goals), first, last)


def many(state: State, severity: str, numbers: Iterable[int]) -> list[Finding]:
    """Verdicts of as many checks as there are numbers; a finding keeps its check."""
    return [said(state, severity, check=f"x.check{number}") for number in numbers]


def of_review(grave: tuple[range, range], high: tuple[range, range]) -> list[Finding]:
    """What a run says: of each severity, which findings are open and which are repaired."""
    found: list[Finding] = []
    for severity, (there, gone) in (("critical", grave), ("high", high)):
        base = 0 if severity == "critical" else 1000
        found += many(State.FAIL, severity, (base + it for it in there))
        found += many(State.PASS, severity, (base + it for it in gone))
    return found


def test_the_sums_of_the_indicator_sheet() -> None:
    """107 (11 + 96) open, 118 found, 182 repaired, 43 (2 + 41) open at the end."""
    runs = [
        night(-1, *of_review((range(11), range(0)), (range(96), range(0)))),
        night(5, *of_review((range(29), range(0)), (range(196), range(0)))),
        night(9, *of_review((range(27, 29), range(27)), (range(155, 196), range(155)))),
    ]
    flows = period(runs).flows()
    told = {word: (it.open_at_start, it.found, it.closed, it.open_at_end) for word, it in flows.items()}
    assert told == {
        "critical": (11, 18, 27, 2),
        "high": (96, 100, 155, 41),
        "medium": (0, 0, 0, 0),
        "low": (0, 0, 0, 0),
    }
    total = added(flows.values())
    assert (total.open_at_start, total.found, total.closed, total.open_at_end) == (107, 118, 182, 43)


SPOKEN = st.lists(
    st.builds(
        said,
        st.sampled_from([State.FAIL, State.PASS, State.UNKNOWN]),
        st.sampled_from(["critical", "high", "low", "info"]),
        of=st.sampled_from([WWW, PPID]),
        check=st.sampled_from([HSTS, EXPIRY]),
        version=st.sampled_from([1, 1, 1, 2]),
        accepted=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda it: it.fingerprint,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPOKEN, max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_open_at_the_start_and_found_less_repaired_is_open_at_the_end(
    nights: list[list[Finding]], start: int, length: int
) -> None:
    runs = [night(number, *findings) for number, findings in enumerate(nights)]
    first = DAY + timedelta(days=start)
    told = period(runs, first, first + timedelta(days=length), Goals(deadlines=Deadlines({"high": 1}, "SOP")))
    for unit in ("", "Dinas www", "dinas PPID"):
        flows = told.flows(unit)
        for flow in (*flows.values(), added(flows.values())):
            assert flow.open_at_start + flow.found - flow.closed == flow.open_at_end
            assert max(flow.accepted, flow.unseen, flow.overdue or 0) <= flow.open_at_end
    assert added(told.flows().values()).closed == len(told.pairs)
    whole, parts = added(told.flows().values()), [added(told.flows(it).values()) for it in told.units()]
    assert whole.open_at_end == sum(it.open_at_end for it in parts)


# -- follow-up


def flow(runs: Sequence[Run], severity: str = "high", **days: int) -> Flow:
    goals = Goals(deadlines=Deadlines(days, "SOP 1")) if days else Goals()
    return period(runs, goals=goals).flows()[severity]


def test_without_a_run_before_the_first_one_gives_the_state_at_the_start() -> None:
    told = period([night(0, OPEN), night(1, OPEN, said(of=PPID))])
    assert (told.balance_is_first_run, told.balance_from) == (True, FIRST)
    assert (told.flows()["high"].open_at_start, told.flows()["high"].found) == (1, 1)
    told = period([night(-1, OPEN), night(0, OPEN)])
    assert (told.balance_is_first_run, told.balance_from) == (False, night(-1).manifest.started)


@pytest.mark.parametrize(("days", "overdue"), [(0, 1), (27, 1), (28, 0), (29, 0)])
def test_a_finding_is_overdue_after_the_agencys_own_deadline(days: int, overdue: int) -> None:
    """The period ends 28 whole days after it was first seen."""
    assert flow([night(0, OPEN), night(20, OPEN)], high=days).overdue == overdue


def test_what_is_accepted_or_repaired_is_not_overdue_and_without_a_deadline_nothing_is() -> None:
    assert flow([night(0, OPEN), night(20, said(accepted=True))], high=1) == Flow(
        open_at_start=1, open_at_end=1, accepted=1, overdue=0
    )
    assert flow([night(0, OPEN), night(20, PASS)], high=1).overdue == 0
    assert flow([night(0, OPEN)]).overdue is None
    assert flow([night(0, OPEN)], critical=1).overdue is None


@pytest.mark.parametrize(
    ("nights", "overdue", "unseen"),
    [
        ((0,), 1, 0),
        ((0, 3), 1, 1),
        ((0, 6), 1, 0),
    ],
)
def test_what_nobody_saw_after_its_deadline_is_told_apart(nights: tuple[int, ...], overdue: int, unseen: int) -> None:
    """The deadline is 5 days; after the nights that saw it comes one that could not, unless there was one night only."""
    runs = [night(number, OPEN) for number in nights]
    runs += [night(20, said(State.UNKNOWN))] if len(nights) > 1 else []
    told = flow(runs, high=5)
    assert (told.overdue, told.overdue_unseen) == (overdue, unseen)


def test_what_nobody_could_see_again_is_still_open() -> None:
    told = flow([night(0, OPEN), night(1, said(State.UNKNOWN))])
    assert (told.open_at_end, told.unseen, told.closed) == (1, 1, 0)


def test_time_to_closure() -> None:
    runs = [
        night(0, OPEN, said(of=PPID)),
        night(4, PASS, said(of=PPID)),
        night(10, said(State.PASS, of=PPID)),
    ]
    told = flow(runs)
    assert (told.days_median, told.days_longest) == (7, 10)


def test_information_is_no_finding_of_a_period() -> None:
    assert all(it == Flow() for it in period([night(0, said(severity="info"))]).flows().values())


def test_findings_of_some_checks_only() -> None:
    told = period([night(0, OPEN, said(check="content.changed"))])
    assert told.flows(speaks=lambda check: check.startswith("content."))["high"].open_at_start == 1


# -- before and after


def test_a_repair_has_its_evidence_before_and_after() -> None:
    (pair,) = period([night(0, OPEN), night(1, OPEN), night(2, PASS)]).pairs
    assert (pair.before, pair.after) == (OPEN.evidence, PASS.evidence)
    assert (pair.before_run, pair.after_run) == (night(1).id, night(2).id)
    assert (pair.first_seen, pair.last_seen, pair.repaired) == tuple(night(it).manifest.started for it in range(3))
    assert (pair.target, pair.unit, pair.severity, pair.check_version) == (WWW, "Dinas www", "high", 1)


def test_what_was_looked_at_differently_makes_no_pair() -> None:
    told = period([night(0, OPEN), night(1, said(State.PASS, version=2), versions={HSTS: 2})])
    assert (told.pairs, told.not_comparable(), told.not_comparable("Dinas ppid")) == ((), 1, 0)


def test_a_repair_before_the_period_is_not_of_it() -> None:
    assert period([night(-2, OPEN), night(-1, PASS), night(1, PASS)]).pairs == ()


# -- nights

SEMESTER = date(2025, 1, 1), date(2025, 6, 30)
MISSED = {30, 31, 90, 120, 150}


def goal(every: Every, percent: float = 95, gap: int = 3) -> Goals:
    return Goals(schedule=ScheduleGoal(every, percent, gap, "SOP 12/2025"))


def nightly(missed: Iterable[int] = (), **fields: object) -> list[Run]:
    begin = datetime(2025, 1, 1, 1, tzinfo=ZoneInfo("Asia/Jakarta"))
    gone = set(missed)
    return [night(n, at=begin + timedelta(days=n), **fields) for n in range(181) if n not in gone]  # type: ignore[arg-type]


def test_176_of_181_nights() -> None:
    told = period(nightly(MISSED), *SEMESTER, goal(Every.DAY)).nights
    assert (told.runs, told.slots, told.executed, told.interrupted) == (176, 181, 176, 0)
    assert f"{100 * 176 / 181:.1f}" == "97.2"
    assert (told.longest_gap_days, len(told.gaps), told.gaps[0].days) == (3, 4, 2)
    assert told.gaps[0].first == date(2025, 1, 31)
    assert told.is_kept is True


@pytest.mark.parametrize(
    ("every", "percent", "gap", "kept"),
    [
        (Every.DAY, 97.2, 3, True),
        (Every.DAY, 97.3, 3, False),
        (Every.DAY, 95, 2, False),
        (Every.WEEK, 100, 3, True),
        (Every.MONTH, 100, 3, True),
    ],
)
def test_the_agencys_own_schedule_decides(every: Every, percent: float, gap: int, *, kept: bool) -> None:
    assert period(nightly(MISSED), *SEMESTER, goal(every, percent, gap)).nights.is_kept is kept


def test_weeks_and_months_are_those_of_the_calendar() -> None:
    runs = nightly()
    assert period(runs, *SEMESTER, goal(Every.WEEK)).nights.slots == 27
    assert period(runs, *SEMESTER, goal(Every.MONTH)).nights.slots == 6
    only = [runs[40]]
    assert period(only, *SEMESTER, goal(Every.MONTH)).nights.executed == 1


def test_a_run_that_was_stopped_fills_no_slot() -> None:
    told = period([night(0), night(1, complete=False), night(2, ended=False)], DAY, date(2026, 11, 4), goal(Every.DAY))
    assert (told.nights.executed, told.nights.interrupted, told.nights.whole_runs, told.nights.runs) == (1, 2, 1, 3)


def test_a_silence_at_the_end_is_a_gap_too() -> None:
    told = period([night(0), night(1)], DAY, date(2026, 11, 12), goal(Every.DAY, 1, 8)).nights
    assert (told.longest_gap_days, told.is_kept) == (10, False)


def test_without_a_schedule_nothing_is_kept_or_missed() -> None:
    told = period([night(0)]).nights
    assert (told.slots, told.executed, told.is_kept) == (None, None, None)


def test_a_day_is_one_of_the_agencys_time_zone() -> None:
    late = night(0, at=datetime(2026, 11, 1, 16, 59, tzinfo=FIRST.tzinfo))
    assert period([late], DAY, DAY).nights.runs == 0
    assert period([late], date(2026, 11, 1), date(2026, 11, 1)).nights.runs == 1


def test_an_empty_period() -> None:
    told = period([])
    assert (told.balance_from, told.nights.runs, set(told.flows())) == (None, 0, set(COUNTED))
