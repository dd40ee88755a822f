"""Clauses and indicators on a terminal: an overview, and a sheet for each clause that is asked for.

Every clause has the certainty of its wording beside it, every figure its whole, its unknown part, its date and its vantage.
"""

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from scanner.clauses.asking import keys
from scanner.clauses.assess import NAMED_SERVICE
from scanner.clauses.assessed import (
    ClauseAssessment,
    ClausesAssessed,
    ClauseState,
    EntryFigures,
    Fact,
    FactState,
    Figure,
    Group,
    Reach,
    Said,
)
from scanner.estate import Vantage
from scanner.findings import Severity
from scanner.frameworks.framework import Certainty, Classes, Clause, Crosswalk, Evidence, Framework, Rulebook
from scanner.frameworks.texts import evidence_name, framework_text
from scanner.locale.clause_phrases import ClausePhrases, clause_phrases
from scanner.locale.phrases import phrases
from scanner.locale.printable import shortened, wrapped
from scanner.locale.reasons import reason_text
from scanner.locale.values import write_date, write_number, write_time
from scanner.observations.steps import Reason
from scanner.reports.clause_figures import figure_text, states_text
from scanner.reports.clauses_facts import FactTexts
from scanner.reports.look import Look

MIN_WIDTH: Final = 40
MAX_GROUPS: Final = 12
"""Units named on a sheet; all of them stand in the JSON."""


class ClauseTexts:
    """Writes about clauses in one language, for one terminal."""

    def __init__(self, rulebook: Rulebook, language: str, look: Look) -> None:
        self._rulebook = rulebook
        self._say: ClausePhrases = clause_phrases(language)
        self._words = phrases(language)
        self._language = language
        self._look = look
        self._width = max(look.width, MIN_WIDTH)
        self._clauses = {clause.id: clause for clause in rulebook.clauses()}

    # -- a run

    def overview(
        self, assessed: ClausesAssessed, chosen: Sequence[ClauseAssessment], *, everything: bool
    ) -> Iterator[str]:
        """Every clause that something speaks to in two lines; the others are counted, or listed when `everything` is."""
        yield from self._head(assessed)
        for framework in self._rulebook.frameworks:
            own = [it for it in chosen if it.framework == framework.id]
            if not own:
                continue
            yield ""
            yield from self._lines(f"{framework.id}: {framework.title.of(self._language)}")
            yield from self._lines(f"{self._say.status}: {framework_text(framework.status, self._language)}", "  ")
            silent = 0
            for it in own:
                if self._clauses[it.id].crosswalk is None and not everything:
                    silent += 1
                    continue
                yield from self._row(it)
            if silent:
                yield from self._lines(self._say.others.format(number=self._number(silent)), "  ")
        if assessed.period is not None:
            texts = FactTexts(assessed, self._language, self._look.text)
            yield ""
            yield from self._lines(self._say.facts.title)
            yield from self._lines(texts.period(assessed.period), "  ")
            for fact in assessed.facts:
                yield from self._lines(f"{self._say.facts.names[fact.id]}: {self._fact(fact)}", "  ")
                for line in texts.of(fact.id, dated=False):
                    yield from self._lines(line, "    ")
        yield ""
        yield from self._lines(self._say.detail_hint)
        yield from self._lines(self._say.footer)

    def sheets(self, assessed: ClausesAssessed, chosen: Iterable[ClauseAssessment]) -> Iterator[str]:
        """Everything that is known of each clause."""
        yield from self._head(assessed)
        for it in chosen:
            yield ""
            yield from self._sheet(assessed, it)
        yield ""
        yield from self._lines(self._say.footer)

    def _head(self, assessed: ClausesAssessed) -> Iterator[str]:
        name = f" | {assessed.agency}" if assessed.agency else ""
        unit = f" | {self._say.only_unit.format(unit=assessed.unit)}" if assessed.unit else ""
        yield from self._lines(f"{self._say.title}{name}{unit}")
        policy = self._say.policy.format(name=assessed.policy.name, version=assessed.policy.version)
        when = write_time(assessed.seen, self._language, assessed.time_zone)
        place = self._words.ground.places[assessed.vantage]
        yield from self._lines(
            " | ".join(filter(None, (when, place, policy, f"run {assessed.run.rpartition('-')[2]}")))
        )
        if assessed.marking:
            yield from self._lines(assessed.marking)
        if (listed := assessed.coverage.population) is not None:
            told = self._say.coverage.format(
                services=self._number(listed.services),
                listed=self._number(listed.services_listed),
                observed=self._number(listed.services_observed),
                strangers=self._number(listed.targets_not_registered_count),
            )
            yield from self._lines(f"{told} {self._document(listed.document, write_date(listed.date, self._language))}")
        for loose in assessed.policy.loosened:
            about = f" ({loose.check})" if loose.check else ""
            where = self._words.count(loose.targets, self._words.target)
            text = f"{loose.guard}{about} {loose.value} ({loose.guard} {loose.wanted}), {where}"
            yield from self._lines(f"{self._say.said['loosened']}: {text}")

    def _row(self, it: ClauseAssessment) -> Iterator[str]:
        name = it.id.removeprefix(f"{it.framework}/")
        certainty = self._say.certainties_short[it.certainty]
        state = self._say.states[it.state]
        wide = f"  {shortened(self._look.text(name), 20):20}  {certainty:13}  {state}"
        if len(wide) <= self._width:
            yield wide
        else:
            yield from self._lines(f"{name} [{certainty}]: {state}", "  ")
        told = self._in_short(it)
        if told:
            yield from self._lines(told, "      ")

    def _in_short(self, it: ClauseAssessment) -> str:
        """The line below a clause: its figure, else why there is none."""
        unseen = it.state is ClauseState.NOT_OBSERVED
        if unseen and it.unmet:
            return self._unmet(it)
        if unseen and it.evidence and all(entry.reach is Reach.NOT_YET for entry in it.evidence) and it.via is None:
            return self._say.reaches[Reach.NOT_YET]
        if it.figure is not None:
            return figure_text(it.figure, self._language)
        annex = f"{self._say.annex} " if it.annex else ""
        return annex + (self._open(it) if any(it.findings.values()) else "")

    # -- one clause

    def _sheet(self, assessed: ClausesAssessed, it: ClauseAssessment) -> Iterator[str]:
        say, clause = self._say, self._clauses[it.id]
        yield from self._wording(clause)
        yield from self._field(say.state, say.states[it.state])
        if clause.crosswalk is None:
            yield from self._lines(say.nothing_speaks, "  ")
            return
        if it.figure is not None:
            yield from self._field(say.figure, figure_text(it.figure, self._language))
            yield from self._about_figure(assessed, it, it.figure)
        if it.unit_coverage is not None:
            units = it.unit_coverage
            text = say.unit_coverage.format(
                units=self._number(units.units),
                all=self._number(units.all),
                some=self._number(units.some),
                none=self._number(units.none),
                declared=self._number(units.declared_none),
                without=self._number(units.without_registered),
            )
            yield from self._lines(text, "  ")
        if it.annex:
            yield from self._lines(say.annex, "  ")
        if it.aggregate == NAMED_SERVICE:
            yield from self._lines(say.named_service, "  ")
        if partly := sum(service.hosts_without_target > 0 for service in it.services):
            yield from self._lines(say.hosts_without_target.format(number=self._number(partly)), "  ")
        if it.unmet:
            yield from self._lines(self._unmet(it), "  ")
            for key in it.unmet:
                yield from self._lines(f"{say.scope_keys[key]}: {say.declare[key]}", "    ")
        yield from self._lines(self._open(it), "  ")
        if it.waived:
            yield from self._lines(say.waived.format(number=self._number(it.waived)), "  ")
        if it.loosened:
            yield from self._lines(say.loosened.format(names=", ".join(it.loosened)), "  ")
        if it.unproven:
            yield from self._lines(say.unproven.format(names=", ".join(it.unproven)), "  ")
        if (part := clause.crosswalk.measurable) is not None:
            label = say.measurable.format(certainty=say.certainties_short[part.certainty])
            yield from self._lines(f"{label}: {part.id if self._language == 'id' else part.en}", "  ")
        yield from self._lines(f"{say.speaks}:", "  ")
        yield from self._speaking(clause, it, FactTexts(assessed, self._language, self._look.text))
        yield from self._groups(say.units, it.units, say.without_unit)
        yield from self._groups(say.categories, it.categories, say.without_category)
        yield from self._needed(clause)

    def _about_figure(self, assessed: ClausesAssessed, it: ClauseAssessment, figure: Figure) -> Iterator[str]:
        say = self._say
        if figure.document and figure.document_date is not None:
            yield from self._lines(
                self._document(figure.document, write_date(figure.document_date, self._language)), "  "
            )
        if figure.whole is not None and it.aggregate == "systems-in-category" and figure.unknown:
            least, most, whole = (
                self._number(it) for it in (figure.supports, figure.supports + figure.unknown, figure.whole)
            )
            yield from self._lines(say.range.format(least=least, most=most, whole=whole), "  ")
        if figure.not_registered:
            yield from self._lines(say.not_registered.format(number=self._number(figure.not_registered)), "  ")
        when = write_time(figure.seen, self._language, assessed.time_zone)
        yield from self._lines(say.seen.format(time=when, vantage=self._vantage(figure.vantage)), "  ")

    def _speaking(self, clause: Clause, it: ClauseAssessment, texts: FactTexts) -> Iterator[str]:
        """What each entry said here, then what it shows and what it does not."""
        assert clause.crosswalk is not None
        facts = {(fact.id, fact.variants): fact for fact in it.facts}
        told = {(entry.check, entry.variants): entry for entry in it.evidence}
        for evidence in clause.crosswalk.evidence:
            if evidence.is_run_fact:
                what = self._fact(facts[evidence.check, evidence.variants])
            else:
                what = self._entry(evidence, told[evidence.check, evidence.variants])
            yield from self._lines(f"{self._say.strengths[evidence.strength]}: {self._name(evidence)}: {what}", "    ")
            if evidence.is_run_fact:
                fact = facts[evidence.check, evidence.variants]
                for line in () if fact.state is FactState.NOT_YET else texts.of(fact.id):
                    yield from self._lines(line, "      ")
            yield from self._lines(evidence.says.of(self._language), "      ")
        if it.via is not None and clause.crosswalk.via is not None:
            text = self._say.via.format(
                count=self._number(len(it.via.clauses)),
                strength=self._say.strengths[it.via.strength],
                findings=self._number(it.via.findings),
            )
            yield from self._lines(text, "    ")
            yield from self._lines(clause.crosswalk.via.says.of(self._language), "      ")

    def _entry(self, evidence: Evidence, entry: EntryFigures) -> str:
        said: list[str] = []
        for name, count in entry.said.items():
            if count:
                reasons = f" ({self._reasons(entry)})" if name == Said.UNKNOWN and entry.reasons else ""
                said.append(f"{self._say.said[name]} {self._number(count)}{reasons}")
        if entry.reach is not Reach.ASKED and not said:
            return self._say.reaches[entry.reach]
        silent = f" [{self._say.silent}]" if evidence.silent else ""
        return (", ".join(said) or self._say.states["not_observed"]) + silent

    def _reasons(self, entry: EntryFigures) -> str:
        return ", ".join(
            f"{reason_text(Reason(name), self._language)} {self._number(count)}"
            for name, count in entry.reasons.items()
        )

    def _fact(self, fact: Fact) -> str:
        why = f" ({self._say.reasons_why[fact.why]})" if fact.why is not None else ""
        return f"{self._say.fact_states[fact.state]}{why}"

    def _groups(self, title: str, groups: Sequence[Group], nameless: str) -> Iterator[str]:
        if len(groups) < 2 and not any(group.name for group in groups):
            return
        yield from self._lines(f"{title}:", "  ")
        # What needs explaining first, then in the order of the lists: no rank, no league.
        shown = sorted(groups, key=lambda it: not it.with_findings)
        for group in shown[:MAX_GROUPS]:
            parts = states_text(group.states, group.not_scanned, self._language)
            name = shortened(self._look.text(group.name), self._width // 2) or nameless
            yield from self._lines(f"{name}: {self._say.states[group.state]} ({parts})", "    ")
        if len(shown) > MAX_GROUPS:
            yield from self._lines(self._say.more.format(number=self._number(len(shown) - MAX_GROUPS)), "    ")

    # -- frameworks, without a run

    def frameworks(self, built: Collection[str]) -> Iterator[str]:
        """Each framework in a few lines; `built` are the ids of the checks there are, for those that no clause names."""
        for framework in self._rulebook.frameworks:
            spoken = sum(clause.crosswalk is not None for clause in framework.clauses)
            yield from self._lines(f"{framework.id}: {framework.title.of(self._language)}")
            yield from self._lines(f"{self._say.status}: {framework_text(framework.status, self._language)}", "  ")
            counts = self._say.listed.format(clauses=self._number(len(framework.clauses)), spoken=self._number(spoken))
            yield from self._lines(counts, "  ")
        practice = len({check for it in self._rulebook.practices for check in it.checks if check in built})
        yield ""
        yield from self._lines(self._say.practice.format(number=self._number(practice)))

    def framework(self, framework: Framework, built: Iterable[str]) -> Iterator[str]:
        """A framework with its clauses, how sure they are, and what speaks to them."""
        yield from self._lines(f"{framework.id}: {framework.title.of(self._language)}")
        yield from self._lines(f"{self._say.status}: {framework_text(framework.status, self._language)}", "  ")
        if framework.note:
            yield from self._lines(framework_text(framework.note, self._language), "  ")
        for source in framework.source:
            yield from self._lines(f"{self._say.source}: {framework_text(source, self._language)}", "  ")
        there = frozenset(built)
        for clause in framework.clauses:
            yield ""
            yield from self._wording(clause)
            yield from self._named(clause, there)

    def clause(self, clause: Clause, built: Iterable[str]) -> Iterator[str]:
        """A clause with everything that speaks to it, what that shows, and what documents are needed."""
        yield from self._wording(clause)
        if clause.note:
            yield from self._lines(framework_text(clause.note, self._language), "  ")
        if clause.crosswalk is None:
            yield from self._lines(self._say.nothing_speaks, "  ")
            return
        there = frozenset(built)
        for evidence in clause.crosswalk.evidence:
            yield from self._lines(
                f"{self._say.strengths[evidence.strength]}: {self._name(evidence)}{self._reach(evidence, there)}",
                "  ",
            )
            yield from self._lines(evidence.says.of(self._language), "    ")
        if (via := clause.crosswalk.via) is not None:
            yield from self._lines(f"{self._say.strengths[via.strength]}: {', '.join(via.clauses)}", "  ")
            yield from self._lines(via.says.of(self._language), "    ")
        yield from self._terms(clause.crosswalk)
        yield from self._needed(clause)
        framework = self._rulebook.framework_of(clause.id)
        for source in () if framework is None else framework.source:
            yield from self._lines(f"{self._say.source}: {framework_text(source, self._language)}", "  ")

    def _terms(self, crosswalk: Crosswalk) -> Iterator[str]:
        """Which targets count, of what whole, and against which thresholds."""
        say, language = self._say, self._language
        scope = [f"{say.scope_keys[key]} {_told(getattr(crosswalk.scope, key))}" for key in keys(crosswalk.scope)]
        yield from self._lines(f"{say.scope}: {'; '.join(scope) or say.every_target}", "  ")
        aggregate = self._rulebook.aggregates[crosswalk.aggregate]
        yield from self._lines(f"{say.adds_up}: {aggregate.text.of(language)}", "  ")
        whole = self._rulebook.lists[aggregate.population]
        yield from self._lines(
            say.denominator.format(text=whole.text.of(language), document=whole.document.of(language)), "  "
        )
        if crosswalk.annex:
            yield from self._lines(say.annex, "  ")
        for guard in crosswalk.guards:
            yield from self._lines(say.guard.format(guard=f"{guard.name} {guard.op} {guard.value}"), "  ")
        if (part := crosswalk.measurable) is not None:
            label = say.measurable.format(certainty=say.certainties_short[part.certainty])
            yield from self._lines(f"{label}: {part.id if language == 'id' else part.en}", "  ")

    def _named(self, clause: Clause, built: frozenset[str]) -> Iterator[str]:
        """What speaks to a clause, by name only."""
        if clause.crosswalk is None:
            yield from self._lines(self._say.states["manual"], "  ")
            return
        for evidence in clause.crosswalk.evidence:
            strength = self._say.strengths[evidence.strength]
            yield from self._lines(f"{strength}: {self._name(evidence)}{self._reach(evidence, built)}", "  ")
        if (via := clause.crosswalk.via) is not None:
            yield from self._lines(f"{self._say.strengths[via.strength]}: {', '.join(via.clauses)}", "  ")

    def _reach(self, evidence: Evidence, built: frozenset[str]) -> str:
        is_built = evidence.check in built
        if is_built and evidence.is_run_fact and evidence.variants:
            classes = self._rulebook.classes.get(evidence.check, Classes())
            patterns = [it for variant in evidence.variants for it in classes.checks.get(variant, ())]
            is_built = any(fnmatch.fnmatchcase(check, pattern) for check in built for pattern in patterns)
        return "" if is_built else f" ({self._say.reaches[Reach.NOT_YET]})"

    # -- parts of both

    def _wording(self, clause: Clause) -> Iterator[str]:
        yield from self._lines(f"{clause.id} ({clause.article})")
        text = clause.text
        if clause.certainty is Certainty.MEMORY:
            text = f"{self._say.unverified_wording} {text}"
        yield from self._lines(text if self._language == "id" else f"{clause.title} / {text}", "  ")
        certainty = self._say.certainties[clause.certainty]
        yield from self._field(self._say.wording, f"{certainty}; {self._say.article_numbers[clause.article_number]}")

    def _needed(self, clause: Clause) -> Iterator[str]:
        if clause.crosswalk is not None and clause.crosswalk.manual:
            yield from self._lines(f"{self._say.needed}:", "  ")
            for text in clause.crosswalk.manual:
                yield from self._lines(text.of(self._language), "    - ")

    def _unmet(self, it: ClauseAssessment) -> str:
        return self._say.unmet.format(names=", ".join(self._say.scope_keys[key] for key in it.unmet))

    def _open(self, it: ClauseAssessment) -> str:
        named = [
            f"{self._number(count)} {self._words.severities[Severity[word.upper()]].lower()}"
            for word, count in it.findings.items()
            if count
        ]
        return self._say.findings.format(text=", ".join(named) or "0")

    def _document(self, document: str, day: str) -> str:
        return self._say.document.format(document=document, date=day)

    def _field(self, label: str, text: str) -> Iterator[str]:
        yield from self._lines(f"{label}: {text}", "  ")

    def _vantage(self, vantage: Vantage) -> str:
        return self._words.ground.vantage[vantage] or self._words.ground.places[vantage]

    def _number(self, number: int) -> str:
        return write_number(number, self._language)

    def _lines(self, text: str, indent: str = "") -> Iterator[str]:
        """Within the width of the terminal, foreign characters escaped, further lines as far in as the first."""
        yield from wrapped(self._look.text(text), self._width, first=indent, rest=" " * len(indent))

    def _name(self, evidence: Evidence) -> str:
        return evidence_name(evidence, self._language)


def _told(value: object) -> str:
    """What a scope asks for under one key: `api, web`."""
    return ", ".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
