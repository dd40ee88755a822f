"""One run against an earlier one: what is new, what goes on, what was repaired, and what cannot be compared.

`new` is what was confirmed since: seen by two runs, or critical, which is told at once. What one run alone has seen is held
until another one confirms it, so that nobody is written to about a passing disturbance.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property

import msgspec

from scanner.findings import Severity, State
from scanner.history.ledger import CONCLUDED, REPAIRED, Ask, Ledger, Obstacle, Repair, Spell
from scanner.history.night import Night, Verdict, night_of
from scanner.journal import Journal, JournalError
from scanner.observations.endpoint import Addresses, Resolution
from scanner.run import Run

_RESOLVED = '"probe":"resolve"'
_resolutions = msgspec.json.Decoder(Resolution)


class Change(StrEnum):
    """What became of a finding between two runs."""

    NEW = "new"
    HELD = "held"
    CONTINUING = "continuing"
    FIXED = "fixed"
    NOT_COMPARABLE = "not_comparable"


class Changed(msgspec.Struct, frozen=True):
    """A finding of one of two runs, or of both. `since` is when it was first seen without a repair in between.

    `is_open`: it is among the open findings of the later run.
    """

    fingerprint: str
    check: str
    target: str
    unit: str
    severity: str
    change: Change
    since: datetime
    is_open: bool
    why: Obstacle | None = None


class Changes(msgspec.Struct, frozen=True, dict=True):
    """What is different in the run `later`, begun after `earlier`. Times are aware UTC.

    The open findings of the later run are exactly those with `is_open`.
    """

    earlier: str
    earlier_started: datetime
    later: str
    each: tuple[Changed, ...]

    def count(self, change: Change, severity: str | None = None) -> int:
        """How many of a kind, of all severities when none is named."""
        return sum(it.change is change and severity in (None, it.severity) for it in self.each)

    def by_severity(self) -> dict[Change, dict[str, int]]:
        """Of each kind, how many of each severity, the gravest first, none left out."""
        counted = Counter((it.change, it.severity) for it in self.each)
        words = [severity.word for severity in reversed(Severity)]
        return {change: {word: counted[change, word] for word in words} for change in Change}

    def by_unit(self) -> dict[str, dict[Change, int]]:
        """Of each unit that has any, how many of each kind."""
        counted = Counter((it.unit, it.change) for it in self.each)
        units = dict.fromkeys(it.unit for it in self.each)
        return {unit: {change: counted[unit, change] for change in Change} for unit in units}

    def of(self, fingerprint: str) -> Changed | None:
        """What became of one finding."""
        return self._by_fingerprint.get(fingerprint)

    @cached_property
    def _by_fingerprint(self) -> dict[str, Changed]:
        return {it.fingerprint: it for it in self.each}


def compare(earlier: Run, later: Run, before: Iterable[Run] = ()) -> Changes:
    """A run against an earlier one. `before` are runs before that one, in any order: they tell since when a finding is
    there. Raises JournalError.
    """
    runs = sorted([*before, earlier, later], key=lambda run: (run.manifest.started, run.id))
    return changes_between([(night_of(run), asker(run.journal)) for run in runs], earlier.id)


def asker(journal: Journal) -> Ask:
    """Asks a journal what was concluded of fingerprints."""

    def ask(asked: Iterable[Verdict]) -> dict[str, Verdict]:
        answers = ((it.fingerprint, _answer(journal, it)) for it in asked)
        return {name: answer for name, answer in answers if answer is not None}

    return ask


def _answer(journal: Journal, asked: Verdict) -> Verdict | None:
    """What was concluded of it: of its fingerprint, or that what it is about is gone; None when neither can be told."""
    said = journal.verdict(asked.target, asked.fingerprint, Verdict)
    if said is not None:
        return msgspec.structs.replace(said, elsewhere=_was_elsewhere(journal, asked, said))
    others = [it for it in journal.verdicts(asked.target, Verdict) if it.check == asked.check]
    if not others or any(it.state not in CONCLUDED for it in others):
        return None
    return msgspec.structs.replace(
        others[0], fingerprint=asked.fingerprint, state=State.NOT_APPLICABLE, severity=None, waiver=None, gone=True
    )


def _was_elsewhere(journal: Journal, asked: Verdict, said: Verdict) -> bool:
    """Whether a name that has several addresses was looked at where the fault had not been seen."""
    failed, looked = asked.failed_at, {it.address for it in said.sightings}
    if said.state not in REPAIRED or not looked or not failed or not failed.isdisjoint(looked):
        return False
    return not failed.isdisjoint(_addresses(journal, asked.target))


def _addresses(journal: Journal, target: str) -> Iterator[str]:
    """The addresses that a target's name had in a run, as far as that can be read."""
    for key, name in journal.filed(target).items():
        if _RESOLVED not in key:
            continue
        with contextlib.suppress(JournalError, msgspec.MsgspecError, UnicodeDecodeError):
            outcome = _resolutions.decode(journal.stored(name) or b"").outcome
            yield from outcome.addresses if isinstance(outcome, Addresses) else ()


def changes_between(nights: Sequence[tuple[Night, Ask]], earlier: str) -> Changes:
    """The last of some runs, which are in the order of time, against the one whose id is `earlier`."""
    ledger = Ledger()
    then: dict[str, Spell] = {}
    base = last = nights[-1][0]
    repaired = 0
    for night, ask in nights:
        ledger.add(night, ask)
        if night.run == earlier:
            base, then, repaired = night, dict(ledger.there), len(ledger.repairs)
    made = [*_there(ledger, base, last, then), *_repaired(ledger.repairs[repaired:], (base, last), ledger.there, then)]
    return Changes(base.run, base.started, last.run, tuple(made))


def _there(ledger: Ledger, base: Night, last: Night, then: dict[str, Spell]) -> Iterable[Changed]:
    for name, spell in ledger.there.items():
        before = then.get(name)
        was_open = before is not None and before.verdict.waiver is None
        if spell.last_run != last.run:
            if was_open and before is not None and before.last_run == base.run:
                yield _changed(spell, (base, last), Change.NOT_COMPARABLE, why=_unseen(spell, last))
        elif spell.verdict.waiver is not None:
            if was_open:
                yield _changed(spell, (base, last), Change.NOT_COMPARABLE, why=Obstacle.ACCEPTED)
        elif before is not None:
            is_new = spell.confirmed is not None and spell.confirmed > base.started
            yield _changed(spell, (base, last), Change.NEW if is_new else Change.CONTINUING, is_open=True)
        elif (why := _was_not_asked(spell, base, last)) is not None:
            yield _changed(spell, (base, last), Change.NOT_COMPARABLE, is_open=True, why=why)
        else:
            is_held = spell.confirmed is None
            yield _changed(spell, (base, last), Change.HELD if is_held else Change.NEW, is_open=True)


def _repaired(
    repairs: Iterable[Repair], nights: tuple[Night, Night], there: dict[str, Spell], then: dict[str, Spell]
) -> Iterable[Changed]:
    """What was there and is repaired, unless it is there again."""
    for repair in repairs:
        verdict = repair.spell.verdict
        before = then.get(verdict.fingerprint)
        if before is not None and verdict.fingerprint not in there and before.verdict.waiver is None:
            yield _changed(repair.spell, nights, Change.FIXED)


def _changed(
    spell: Spell, nights: tuple[Night, Night], change: Change, *, is_open: bool = False, why: Obstacle | None = None
) -> Changed:
    verdict = spell.verdict
    return Changed(
        verdict.fingerprint,
        verdict.check,
        verdict.target,
        _unit(verdict.target, nights),
        spell.severity,
        change,
        spell.first,
        is_open,
        why,
    )


def _unit(target: str, nights: tuple[Night, Night]) -> str:
    """The unit of a target as the later run has it, or the earlier one where the target is gone."""
    return next((night.places[target].unit for night in reversed(nights) if target in night.places), "")


def _unseen(spell: Spell, last: Night) -> Obstacle:
    if spell.verdict.target not in last.places:
        return Obstacle.TARGET
    if spell.verdict.check not in last.versions:
        return Obstacle.CHECK
    return spell.obstacle or Obstacle.UNSEEN


def _was_not_asked(spell: Spell, base: Night, last: Night) -> Obstacle | None:
    """Why a finding that the earlier run does not have may have been there all the same: that run looked differently."""
    verdict = spell.verdict
    if base.vantage is not last.vantage:
        return Obstacle.VANTAGE
    if verdict.target not in base.places:
        return None
    if base.versions.get(verdict.check) != verdict.check_version:
        return Obstacle.CHECK
    if base.measure(verdict.check, verdict.target) != last.measure(verdict.check, verdict.target):
        return Obstacle.POLICY
    return None
