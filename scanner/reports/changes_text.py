"""What a terminal says of an earlier run and of an indicator: counts that add up, marks of single findings, one line."""

from datetime import datetime
from typing import Final

from scanner.clauses.assessed import ClausesAssessed, Reach
from scanner.frameworks.framework import Strength
from scanner.history.changes import Change, Changed, Changes
from scanner.locale.change_phrases import change_phrases
from scanner.locale.clause_phrases import clause_phrases
from scanner.locale.values import local, write_date, write_number

INDICATOR: Final = "panrb-8-2026/indikator-11"
STATES: Final = ("supports", "mixed", "to_explain", "not_observed")


def changes_text(changes: Changes, language: str) -> str:
    """`(2 baru, 8 berlanjut; 3 selesai)`: what stands before the semicolon adds up to the open findings."""
    words = change_phrases(language)
    otherwise = sum(it.is_open and it.change is Change.NOT_COMPARABLE for it in changes.each)
    gone = changes.count(Change.NOT_COMPARABLE) - otherwise
    here = [
        (changes.count(Change.NEW), words.new, True),
        (changes.count(Change.HELD), words.held, False),
        (otherwise, words.otherwise, False),
        (changes.count(Change.CONTINUING), words.continuing, True),
    ]
    after = [(changes.count(Change.FIXED), words.fixed, True), (gone, words.not_comparable, False)]
    return words.changes.format(here=_counted(here, language), gone=_counted(after, language))


def _counted(counts: list[tuple[int, str, bool]], language: str) -> str:
    return ", ".join(f"{write_number(count, language)} {word}" for count, word, always in counts if count or always)


def mark_of(changed: Changed | None, now: datetime, language: str, zone: str) -> str:
    """`BARU`, `sejak 3 Nov`; empty where nobody can say since when a finding is there."""
    if changed is None or not changed.is_open:
        return ""
    words = change_phrases(language)
    match changed.change:
        case Change.NEW:
            return words.mark_new
        case Change.HELD:
            return words.mark_held
        case Change.CONTINUING:
            since = local(changed.since, zone)
            day, month, year = write_date(since, language).split()
            same_year = since.year == local(now, zone).year
            return words.mark_since.format(day=f"{day} {month[:3]}" + ("" if same_year else f" {year}"))
    return ""


def evidence_text(assessed: ClausesAssessed, language: str) -> str:
    """What there is for the indicator on cryptography; empty where no official list gives the whole, or nothing was seen."""
    clause = next((it for it in assessed.clauses if it.id == INDICATOR), None)
    figure = None if clause is None else clause.figure
    if clause is None or figure is None or not figure.whole or figure.unknown == figure.whole:
        return ""
    words, counted = change_phrases(language), clause_phrases(language).counted
    counts = {**figure.states, "not_observed": figure.unknown}
    parts = ", ".join(f"{write_number(counts[it], language)} {counted[it]}" for it in STATES if counts[it])
    unbuilt = sum(it.reach is Reach.NOT_YET and it.strength is Strength.DIRECT for it in clause.evidence)
    return words.evidence.format(
        whole=write_number(figure.whole, language),
        parts=parts,
        unbuilt=words.unbuilt.format(count=write_number(unbuilt, language)) if unbuilt else "",
    )
