"""What the runs of a period say: when was scanned, what became of the findings, and what was seen before and after a repair.

    open at the start + found - repaired = open at the end

"Open" is here: there and not seen repaired. What somebody accepted is open too and counted as accepted as well; so is what
nobody could look at again. Days are those of the agency's time zone, both ends of the period included.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from scanner.estate import Deadlines, Estate, Every, ScheduleGoal
from scanner.findings import Severity
from scanner.history.ledger import Ask, Ledger, Obstacle, Repair, Spell
from scanner.history.night import Night, Verdict
from scanner.parse.list_name import name_key

COUNTED: Final = tuple(severity.word for severity in (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW))
"""Severities that figures of a period have; information is none of them."""
MAX_NAMED: Final = 50
"""How many repairs and gaps are named one by one; all of them are counted."""


class Gap(msgspec.Struct, frozen=True):
    """Days of the period, both included, on which no whole run began."""

    first: date
    last: date
    days: int


class Nights(msgspec.Struct, frozen=True, kw_only=True):
    """When was scanned. `slots` are the days, weeks or months of the agency's schedule that lie in the period, those cut off
    by its ends too; None without a schedule. `executed` of them have a whole run, `interrupted` have none but one that was
    begun. `longest_gap_days` is the longest time from one day with a whole run to the next, or to an end of the period.
    """

    runs: int
    whole_runs: int
    slots: int | None
    executed: int | None
    interrupted: int | None
    longest_gap_days: int
    gaps: tuple[Gap, ...]
    goal: ScheduleGoal | None

    @property
    def is_kept(self) -> bool | None:
        """Whether the agency's schedule was kept; None without one."""
        if self.goal is None or not self.slots or self.executed is None:
            return None
        return (
            100 * self.executed >= self.goal.percent * self.slots
            and self.longest_gap_days <= self.goal.longest_gap_days
        )


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What became of findings. `accepted`, `unseen` and `overdue` are parts of `open_at_end`: what a waiver accepts, what the
    last run could say nothing of, and what is over the agency's own deadline and not accepted; `overdue` is None where no
    deadline is set. `overdue_unseen` of those no run has seen since the deadline passed, the last one included: they may be
    repaired or gone. `days_median` and `days_longest` are from when a repaired one was first seen until it was seen repaired.
    """

    open_at_start: int = 0
    found: int = 0
    closed: int = 0
    open_at_end: int = 0
    accepted: int = 0
    unseen: int = 0
    overdue: int | None = None
    overdue_unseen: int = 0
    days_median: float | None = None
    days_longest: int | None = None


class Pair(msgspec.Struct, frozen=True):
    """A repair: digests of what was seen before and after, and when."""

    fingerprint: str
    check: str
    check_version: int
    target: str
    unit: str
    severity: str
    first_seen: datetime
    last_seen: datetime
    repaired: datetime
    before_run: str
    before: tuple[str, ...]
    after_run: str
    after: tuple[str, ...]


class Standing(msgspec.Struct, frozen=True):
    """A finding in the period, by which figures of units and of kinds of checks are made."""

    check: str
    unit: str
    severity: str
    first: datetime
    last: datetime
    at_start: bool
    repaired: datetime | None
    accepted: bool
    unseen: bool
    obstacle: Obstacle | None


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of a period say. `balance_from` is when the findings at the start were seen: by the last run before it,
    or, where there is none, by its first run, and then what that run found was there at the start. None without a run.
    """

    first: date
    last: date
    end: datetime
    balance_from: datetime | None
    balance_is_first_run: bool
    nights: Nights
    deadlines: Deadlines | None
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]

    @property
    def days(self) -> int:
        """How long it is."""
        return (self.last - self.first).days + 1

    def flows(self, unit: str = "", speaks: Callable[[str], bool] = lambda _check: True) -> dict[str, Flow]:
        """By severity what became of the findings of one unit, or all, and of checks that `speaks` is true of."""
        wanted = name_key(unit)
        chosen = [it for it in self.standings if speaks(it.check) and (not wanted or name_key(it.unit) == wanted)]
        return {word: self._flow([it for it in chosen if it.severity == word], word) for word in COUNTED}

    def units(self) -> tuple[str, ...]:
        """The units that have findings in the period."""
        return tuple(dict.fromkeys(it.unit for it in self.standings))

    def not_comparable(self, unit: str = "") -> int:
        """Findings of which something was seen that may be a repair, by another check, other thresholds or from elsewhere."""
        other, wanted = (Obstacle.CHECK, Obstacle.POLICY, Obstacle.VANTAGE), name_key(unit)
        chosen = (it for it in self.standings if not wanted or name_key(it.unit) == wanted)
        return sum(it.repaired is None and it.obstacle in other for it in chosen)

    def pairs_of(self, unit: str = "", speaks: Callable[[str], bool] = lambda _check: True) -> tuple[Pair, ...]:
        """The repairs of one unit, or all, and of checks that `speaks` is true of."""
        wanted = name_key(unit)
        return tuple(it for it in self.pairs if speaks(it.check) and (not wanted or name_key(it.unit) == wanted))

    def _flow(self, standings: Sequence[Standing], severity: str) -> Flow:
        still = [it for it in standings if it.repaired is None]
        took = [(it.repaired - it.first).days for it in standings if it.repaired is not None]
        limit = None if self.deadlines is None else self.deadlines.days.get(severity)
        late = [it for it in still if limit is not None and not it.accepted and (self.end - it.first).days > limit]
        return Flow(
            open_at_start=sum(it.at_start for it in standings),
            found=sum(not it.at_start for it in standings),
            closed=len(took),
            open_at_end=len(still),
            accepted=sum(it.accepted for it in still),
            unseen=sum(it.unseen for it in still),
            overdue=None if limit is None else len(late),
            overdue_unseen=sum(it.unseen and limit is not None and (it.last - it.first).days <= limit for it in late),
            days_median=median(took) if took else None,
            days_longest=max(took, default=None),
        )


def added(flows: Iterable[Flow]) -> Flow:
    """Flows of several severities as one; times to closure and a deadline nobody set do not add up and are left out."""
    flows = tuple(flows)
    names = ("open_at_start", "found", "closed", "open_at_end", "accepted", "unseen", "overdue_unseen")
    late = [it.overdue for it in flows if it.overdue is not None]
    sums = {name: sum(getattr(it, name) for it in flows) for name in names}
    return Flow(**sums, overdue=sum(late) if len(late) == len(flows) else None)


def period_of_nights(nights: Iterable[tuple[Night, Ask]], estate: Estate, first: date, last: date) -> Period:
    """The runs of a period, which come in the order of time. Those before it tell what was there at its start."""
    inside: list[Night] = []
    asks: dict[str, Ask] = {}
    ledger = Ledger()
    at_start: set[tuple[str, datetime]] = set()
    balance: datetime | None = None
    by_first_run = False
    base = 0
    last_run = ""
    units: dict[str, str] = {}
    for night, ask in nights:
        day = estate.local(night.started).date()
        if day > last:
            break
        if day >= first:
            inside.append(night)
        if night.ended is None:
            continue
        asks[night.run] = ask
        ledger.add(night, ask)
        units |= {name: place.unit for name, place in night.places.items()}
        last_run = night.run
        if day < first:
            balance, at_start, base = night.started, _spells(ledger), len(ledger.repairs)
        elif balance is None:
            balance, at_start, by_first_run, base = night.started, _spells(ledger), True, len(ledger.repairs)
    repairs = ledger.repairs[base:]
    end, before = _end_of(last, estate), _evidence(asks, repairs)
    standings = [_standing(it.spell, units, at_start, last_run, repaired=it.closed) for it in repairs] + [
        _standing(it, units, at_start, last_run) for it in ledger.there.values()
    ]
    return Period(
        first=first,
        last=last,
        end=end,
        balance_from=balance,
        balance_is_first_run=by_first_run,
        nights=_nights(inside, estate, first, last),
        deadlines=estate.goals.deadlines,
        standings=tuple(it for it in standings if it.severity in COUNTED),
        pairs=tuple(
            Pair(
                fingerprint=it.verdict.fingerprint,
                check=it.verdict.check,
                check_version=it.verdict.check_version,
                target=it.verdict.target,
                unit=units.get(it.verdict.target, ""),
                severity=it.spell.severity,
                first_seen=it.spell.first,
                last_seen=it.spell.last,
                repaired=it.closed,
                before_run=it.spell.last_run,
                before=before.get((it.spell.last_run, it.verdict.fingerprint), ()),
                after_run=it.run,
                after=it.verdict.evidence,
            )
            for it in repairs
            if it.spell.severity in COUNTED
        ),
    )


def _spells(ledger: Ledger) -> set[tuple[str, datetime]]:
    return {(name, spell.first) for name, spell in ledger.there.items()}


def _evidence(asks: Mapping[str, Ask], repairs: Iterable[Repair]) -> dict[tuple[str, str], tuple[str, ...]]:
    """By run and fingerprint, what the last findings before repairs rest on; each run is asked once."""
    asked: dict[str, list[Verdict]] = {}
    for repair in repairs:
        asked.setdefault(repair.spell.last_run, []).append(repair.spell.verdict)
    return {(run, name): told.evidence for run, verdicts in asked.items() for name, told in asks[run](verdicts).items()}


def _standing(
    spell: Spell,
    units: Mapping[str, str],
    at_start: set[tuple[str, datetime]],
    last_run: str,
    *,
    repaired: datetime | None = None,
) -> Standing:
    verdict = spell.verdict
    return Standing(
        check=verdict.check,
        unit=units.get(verdict.target, ""),
        severity=spell.severity,
        first=spell.first,
        last=spell.last,
        at_start=(verdict.fingerprint, spell.first) in at_start,
        repaired=repaired,
        accepted=verdict.waiver is not None,
        unseen=repaired is None and spell.last_run != last_run,
        obstacle=spell.obstacle,
    )


def _end_of(day: date, estate: Estate) -> datetime:
    """The last moment of a day of the agency's."""
    return datetime.combine(day, time.max, ZoneInfo(estate.time_zone))


# -- when was scanned


def _nights(inside: Sequence[Night], estate: Estate, first: date, last: date) -> Nights:
    whole = sorted({estate.local(night.started).date() for night in inside if night.complete})
    begun = {estate.local(night.started).date() for night in inside}
    goal = estate.goals.schedule
    slots = executed = interrupted = None
    if goal is not None:
        all_slots = {_slot(goal.every, first + timedelta(days=n)) for n in range((last - first).days + 1)}
        done = {_slot(goal.every, day) for day in whole}
        slots, executed = len(all_slots), len(done)
        interrupted = len({_slot(goal.every, day) for day in begun} - done)
    gaps = list(_gaps(whole, first, last))
    return Nights(
        runs=len(inside),
        whole_runs=sum(night.complete for night in inside),
        slots=slots,
        executed=executed,
        interrupted=interrupted,
        longest_gap_days=max((it.days + 1 for it in gaps), default=1),
        gaps=tuple(sorted(gaps, key=lambda it: -it.days)[:MAX_NAMED]),
        goal=goal,
    )


def _gaps(whole: Sequence[date], first: date, last: date) -> Iterator[Gap]:
    """The stretches of days without a whole run."""
    one = timedelta(days=1)
    edges = [first - one, *whole, last + one]
    for before, after in pairwise(edges):
        if (after - before).days > 1:
            yield Gap(before + one, after - one, (after - before).days - 1)


def _slot(every: Every, day: date) -> tuple[int, ...]:
    match every:
        case Every.DAY:
            return (day.toordinal(),)
        case Every.WEEK:
            return day.isocalendar()[:2]
        case Every.MONTH:
            return (day.year, day.month)
