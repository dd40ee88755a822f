"""What is written about a clause: every figure with its whole, its unknown part, its date and its vantage."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from scanner.clauses.assessed import ClauseAssessment, ClauseState, EntryFigures, Fact, Group, Reach, Said
from scanner.findings import Severity
from scanner.frameworks.framework import Clause, Evidence
from scanner.frameworks.texts import evidence_name
from scanner.locale.clause_phrases import clause_phrases
from scanner.locale.phrases import phrases
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker
from scanner.locale.values import write_date, write_number, write_time
from scanner.observations.steps import Reason
from scanner.reports.clause_figures import figure_text, states_text
from scanner.reports.html.readable import upfirst

MAX_GROUPS: Final = 12
"""Units listed with a clause; all of them stand in the JSON of `pindai assess`."""


class ClauseWords:
    """Writes about clauses in one language."""

    def __init__(self, zone: str, speaker: Speaker) -> None:
        self._zone, self._speaker = zone, speaker
        self._language = speaker.language
        self._say = clause_phrases(speaker.language)
        self._words = phrases(speaker.language)

    def short(self, it: ClauseAssessment) -> str:
        """The figure in one line; where none is formed, why."""
        if it.figure is not None:
            return figure_text(it.figure, self._language)
        if it.annex:
            return self._say.annex
        if it.unit_coverage is not None:
            return next(self._unit_coverage(it))
        return self._speaker.say("no combined figure") + (f"; {self.open(it)}" if self.open(it) else "")

    def figure_lines(self, it: ClauseAssessment) -> Iterator[str]:
        """Everything that belongs beside a figure."""
        if it.figure is None:
            yield from self._unit_coverage(it)
            yield self._say.annex if it.annex else self._speaker.say("No combined figure.")
            return
        figure = it.figure
        yield upfirst(figure_text(figure, self._language)) + "."
        if figure.document and figure.document_date is not None:
            yield self._say.document.format(
                document=figure.document, date=write_date(figure.document_date, self._language)
            )
        if figure.whole is not None and figure.unknown and not figure.states["material"]:
            least, most, whole = map(self._number, (figure.supports, figure.supports + figure.unknown, figure.whole))
            yield self._say.range.format(least=least, most=most, whole=whole)
        if figure.not_registered:
            yield self._say.not_registered.format(number=self._number(figure.not_registered)) + "."
        yield from self._unit_coverage(it)
        place = self._words.ground.vantage[figure.vantage] or self._words.ground.places[figure.vantage]
        yield self._say.seen.format(time=write_time(figure.seen, self._language, self._zone), vantage=place)

    def _unit_coverage(self, it: ClauseAssessment) -> Iterator[str]:
        if (covered := it.unit_coverage) is not None:
            yield self._say.unit_coverage.format(
                units=self._number(covered.units),
                all=self._number(covered.all),
                some=self._number(covered.some),
                none=self._number(covered.none),
                declared=self._number(covered.declared_none),
                without=self._number(covered.without_registered),
            )

    def open(self, it: ClauseAssessment) -> str:
        """Open findings by severity; empty for none."""
        return self.by_severity(it.findings)

    def by_severity(self, counts: Mapping[str, int]) -> str:
        """`2 kritis, 9 tinggi`, the gravest first; empty for none."""
        return ", ".join(
            f"{self._number(counts[it.word])} {self._words.severities[it]}"
            for it in reversed(Severity)
            if counts.get(it.word)
        )

    def cautions(self, it: ClauseAssessment) -> Iterator[str]:
        """What does not count, and why."""
        if it.waived:
            yield self._say.waived.format(number=self._number(it.waived))
        if it.loosened:
            yield self._say.loosened.format(names=", ".join(it.loosened))
        if it.unproven:
            yield self._say.unproven.format(names=", ".join(it.unproven))
        if it.unmet:
            yield self._say.unmet.format(names=", ".join(self._say.scope_keys.get(name, name) for name in it.unmet))

    def speaking(self, clause: Clause, it: ClauseAssessment) -> Iterator[tuple[str, str, str, str]]:
        """Each entry of the crosswalk, and what comes through other clauses."""
        crosswalk = clause.crosswalk
        if crosswalk is None:
            return
        facts = {fact.id: fact for fact in it.facts}
        told = {(entry.check, entry.variants): entry for entry in it.evidence}
        for evidence in crosswalk.evidence:
            if evidence.is_run_fact:
                what = self._fact(facts[evidence.check])
            else:
                entry = told[evidence.check, evidence.variants]
                if entry.reach is Reach.NOT_YET:
                    continue  # they are named together, for nothing of theirs can be told
                what = self._entry(evidence, entry)
            name = evidence_name(evidence, self._language)
            yield self._say.strengths[evidence.strength], name, what, evidence.says.of(self._language)
        if it.via is not None and crosswalk.via is not None:
            strength = self._say.strengths[it.via.strength]
            text = self._say.via.format(
                count=self._number(len(it.via.clauses)), strength=strength, findings=self._number(it.via.findings)
            )
            yield strength, ", ".join(crosswalk.via.clauses), text, crosswalk.via.says.of(self._language)

    def not_yet(self, it: ClauseAssessment) -> str:
        """The checks that speak to it and that this version does not have; empty for none."""
        names = dict.fromkeys(entry.check for entry in it.evidence if entry.reach is Reach.NOT_YET)
        return ", ".join(names)

    def _entry(self, evidence: Evidence, entry: EntryFigures) -> str:
        said: list[str] = []
        for name, count in entry.said.items():
            if count:
                why = f" ({self._reasons(entry.reasons)})" if name == Said.UNKNOWN and entry.reasons else ""
                said.append(f"{self._say.said[name]} {self._number(count)}{why}")
        if entry.reach is not Reach.ASKED and not said:
            return self._say.reaches[entry.reach]
        silent = f" [{self._say.silent}]" if evidence.silent else ""
        return (", ".join(said) or self._say.states["not_observed"]) + silent

    def _reasons(self, counts: Mapping[str, int]) -> str:
        return ", ".join(
            f"{reason_text(Reason(name), self._language)} {self._number(count)}" for name, count in counts.items()
        )

    def _fact(self, fact: Fact) -> str:
        why = f" ({self._say.reasons_why.get(fact.why, fact.why)})" if fact.why is not None else ""
        return f"{self._say.fact_states[fact.state]}{why}"

    def groups(self, groups: Sequence[Group], nameless: str) -> Iterator[str]:
        """Those with findings first, then in the order of the lists: no rank. What was not observed is counted."""
        seen = [it for it in groups if it.state is not ClauseState.NOT_OBSERVED]
        if not seen:
            return
        shown = sorted(seen, key=lambda it: not it.with_findings)
        for group in shown[:MAX_GROUPS]:
            parts = states_text(group.states, group.not_scanned, self._language)
            yield f"{group.name or nameless}: {self._say.states[group.state]} ({parts})"
        if len(shown) > MAX_GROUPS:
            yield self._say.more.format(number=self._number(len(shown) - MAX_GROUPS))
        if len(seen) < len(groups):
            yield self._speaker.say_count(
                "{number} other: {state}",
                "{number} others: {state}",
                len(groups) - len(seen),
                number=self._number(len(groups) - len(seen)),
                state=self._say.states["not_observed"],
            )

    def _number(self, number: int) -> str:
        return write_number(number, self._language)
