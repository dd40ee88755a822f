"""The figures behind facts of a run and a period, in sentences: each with its whole, its unknown part and its dates."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from scanner.clauses.assessed import ClausesAssessed, PeriodFigures
from scanner.clauses.facts import BEFORE_AFTER, COVERAGE, FOLLOWUP, PERIODICITY, POLICY
from scanner.findings import Severity
from scanner.history.period import Flow
from scanner.locale.clause_phrases import FactPhrases, clause_phrases
from scanner.locale.phrases import phrases
from scanner.locale.printable import shortened
from scanner.locale.reasons import reason_text
from scanner.locale.values import local, write_date, write_number, write_time
from scanner.observations.steps import Reason

MAX_NAMED: Final = 6
"""Units, gaps, repairs and values named one by one; the JSON has more of them."""
MAX_NAME: Final = 120


class FactTexts:
    """Writes about the facts of one run in one language. `shown` makes foreign text fit to be shown."""

    def __init__(self, assessed: ClausesAssessed, language: str, shown: Callable[[str], str]) -> None:
        self._assessed, self._language, self._shown = assessed, language, shown
        self._clauses, self._words = clause_phrases(language), phrases(language)
        self._say: FactPhrases = self._clauses.facts

    def of(self, fact: str, *, dated: bool = True) -> Iterator[str]:
        """The lines about a fact; none where nothing is known. `dated`: with the period, unless it stands above already."""
        if fact == COVERAGE:
            yield from self._coverage()
        elif fact == POLICY:
            yield from self._policy()
        elif (period := self._assessed.period) is not None:
            if dated:
                yield self.period(period)
            if period.balance_from is None:
                yield self._say.no_balance
            elif fact == PERIODICITY:
                yield from self._periodicity(period)
            elif fact == FOLLOWUP:
                yield from self._followup(period)
            elif fact == BEFORE_AFTER:
                yield from self._repairs(period)

    # -- one run

    def _coverage(self) -> Iterator[str]:
        say, figures = self._say, self._assessed.coverage
        text = say.targets.format(
            observed=self._number(figures.targets_observed), targets=self._number(figures.targets)
        )
        if unseen := figures.targets - figures.targets_observed:
            reasons = ", ".join(
                f"{reason_text(Reason(name), self._language)} {self._number(count)}"
                for name, count in figures.not_observed.items()
            )
            text += "; " + say.unseen.format(count=self._number(unseen), reasons=reasons)
        yield f"{text}. " + self._clauses.seen.format(
            time=self._time(self._assessed.seen), vantage=self._words.ground.places[self._assessed.vantage]
        )
        if (listed := figures.population) is not None:
            yield self._clauses.coverage.format(
                services=self._number(listed.services),
                listed=self._number(listed.services_listed),
                observed=self._number(listed.services_observed),
                strangers=self._number(listed.targets_not_registered_count),
            )
            if listed.units_without_service:
                yield say.declared_none.format(count=self._number(listed.units_without_service)) + "."
        if (goal := figures.goal) is not None:
            yield say.coverage_goal.format(percent=self._number(goal.percent), document=self._name(goal.document))
        units = sorted(
            (it for it in figures.units if it.name),
            key=lambda it: it.targets + it.registered == it.targets_observed + it.observed,
        )
        for unit in units[:MAX_NAMED]:
            template = say.unit_targets if listed is None else say.unit_seen
            yield "- " + template.format(
                name=self._name(unit.name),
                targets=self._number(unit.targets),
                observed=self._number(unit.targets_observed if listed is None else unit.observed),
                registered=self._number(unit.registered),
                scanned=self._number(unit.scanned),
            )
        yield from self._rest(len(units))

    def _policy(self) -> Iterator[str]:
        policy = self._assessed.policy
        yield self._clauses.policy.format(name=self._name(policy.name), version=self._name(policy.version))
        for it in policy.changed[:MAX_NAMED]:
            yield "- " + self._say.changed.format(
                check=it.check,
                parameter=it.parameter,
                value=self._name(it.value),
                default=it.default,
                by=self._say.set_by[it.set_by],
            )
        yield from self._rest(len(policy.changed))
        if not policy.changed:
            yield self._say.unchanged

    # -- a period

    def period(self, period: PeriodFigures) -> str:
        """Which days, and seen from where."""
        return self._say.period.format(
            first=write_date(period.first, self._language),
            last=write_date(period.last, self._language),
            days=self._number(period.days),
            vantage=self._words.ground.places[self._assessed.vantage],
        )

    def _periodicity(self, period: PeriodFigures) -> Iterator[str]:
        say, nights = self._say, period.nights
        yield say.runs.format(whole=self._number(nights.whole_runs), runs=self._number(nights.runs))
        goal = nights.goal
        if goal is not None and nights.slots and nights.executed is not None:
            yield say.kept[goal.every].format(
                executed=self._number(nights.executed),
                slots=self._number(nights.slots),
                share=self._number(100 * nights.executed / nights.slots),
                interrupted=self._number(nights.interrupted or 0),
            )
        yield say.gap.format(days=self._number(nights.longest_gap_days))
        if nights.gaps:
            shown = sorted(nights.gaps[:MAX_NAMED], key=lambda it: it.first)
            gaps = [
                write_date(it.first, self._language)
                if it.days == 1
                else say.gap_days.format(
                    first=write_date(it.first, self._language), last=write_date(it.last, self._language)
                )
                for it in shown
            ]
            yield say.gaps.format(gaps=", ".join(gaps))
            yield from self._rest(len(nights.gaps))
        if goal is None:
            yield say.no_schedule
        else:
            yield say.schedule[goal.every].format(
                percent=self._number(goal.percent),
                days=self._number(goal.longest_gap_days),
                document=self._name(goal.document),
            )

    def _followup(self, period: PeriodFigures) -> Iterator[str]:
        say = self._say
        if period.balance_from is not None:
            template = say.balance_first if period.balance_is_first_run else say.balance
            yield template.format(time=self._time(period.balance_from))
        for word, flow in period.followup.items():
            yield "- " + self._flow(self._severity(word), flow)
        yield "- " + self._flow(say.all_severities, period.total)
        if period.deadlines is not None:
            text = ", ".join(
                say.within.format(severity=self._severity(word).lower(), days=self._number(days))
                for word, days in period.deadlines.days.items()
            )
            yield say.deadlines.format(text=text, document=self._name(period.deadlines.document))

    def _flow(self, severity: str, flow: Flow) -> str:
        say = self._say
        overdue = say.no_deadline
        if flow.overdue is not None:
            overdue = say.overdue.format(count=self._number(flow.overdue))
        text = say.flow.format(
            severity=severity,
            start=self._number(flow.open_at_start),
            found=self._number(flow.found),
            closed=self._number(flow.closed),
            end=self._number(flow.open_at_end),
            accepted=self._number(flow.accepted),
            unseen=self._number(flow.unseen),
            overdue=overdue,
        )
        if flow.days_median is not None and flow.days_longest is not None:
            text += "; " + say.closure.format(
                median=self._number(flow.days_median), longest=self._number(flow.days_longest)
            )
        return text

    def _repairs(self, period: PeriodFigures) -> Iterator[str]:
        say = self._say
        yield say.repairs.format(count=self._number(period.repairs_count))
        if period.not_comparable:
            yield say.not_comparable.format(count=self._number(period.not_comparable))
        zone = self._assessed.time_zone
        for it in period.repairs[:MAX_NAMED]:
            yield "- " + say.pair.format(
                target=self._name(it.target),
                check=it.check,
                before=write_date(local(it.last_seen, zone).date(), self._language),
                after=write_date(local(it.repaired, zone).date(), self._language),
            )
        yield from self._rest(period.repairs_count)

    # -- parts

    def _rest(self, count: int) -> Iterator[str]:
        if count > MAX_NAMED:
            yield self._clauses.more.format(number=self._number(count - MAX_NAMED))

    def _severity(self, word: str) -> str:
        return self._words.severities[Severity[word.upper()]].capitalize()

    def _name(self, text: str) -> str:
        return shortened(self._shown(text), MAX_NAME)

    def _number(self, number: float) -> str:
        return write_number(int(number) if number == int(number) else number, self._language)

    def _time(self, moment: datetime) -> str:
        return write_time(moment, self._language, self._assessed.time_zone)
