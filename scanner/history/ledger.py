"""Findings followed from run to run: a fault is there from when it was first seen until its repair was seen.

A repair is seen when a later run gives the same fingerprint another verdict, pass or not applicable, by the same version of
the check, the same thresholds, and from the same place. A fault whose thing is gone (a cookie that is no longer set) is
repaired when two runs in a row did not meet it, and the check concluded about everything else it met at the target: once may
be chance. A fault that nobody could look at again is still there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from scanner.estate import Vantage
from scanner.findings import Severity, State
from scanner.history.night import Night, Verdict

Ask = Callable[[Iterable[Verdict]], Mapping[str, Verdict]]
"""What a run concluded of these fingerprints, by fingerprint; those it said nothing of are left out."""
REPAIRED: Final = frozenset({State.PASS, State.NOT_APPLICABLE})
CONCLUDED: Final = REPAIRED | {State.FAIL}
CONFIRMED_AFTER: Final = 2
"""Runs that must have seen a finding before anybody is told of it as new; a critical one is told of at once."""
GONE_AFTER: Final = 2
"""Runs in a row that must have missed the thing a finding was about before it counts as repaired."""


class Obstacle(StrEnum):
    """Why two runs cannot be held against each other on one finding."""

    UNSEEN = "unseen"
    """Nothing could be concluded of it in the later run."""
    GONE = "gone"
    """What it was about was not met, and another run must not meet it either."""
    CHECK = "check"
    """Another version of the check, or one of the runs did not have it."""
    POLICY = "policy"
    """Other thresholds, or other addresses of the name."""
    VANTAGE = "vantage"
    TARGET = "target"
    """The target is no longer on the list."""
    ACCEPTED = "accepted"
    """Somebody accepted it since: it is still there."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A fault from when it was first seen. `verdict` is the last finding of it, in the run `last_run`.

    `confirmed` is when it had been seen often enough; `obstacle` is why what looked like a repair was none; `missed` is how
    many runs in a row did not meet what it is about.
    """

    verdict: Verdict
    first: datetime
    first_run: str
    last: datetime
    last_run: str
    measure: str
    vantage: Vantage
    sightings: int
    confirmed: datetime | None
    obstacle: Obstacle | None = None
    missed: int = 0

    @property
    def severity(self) -> str:
        """How grave it was when it was last seen."""
        return self.verdict.severity or ""


@dataclass(frozen=True, slots=True)
class Repair:
    """A fault that was there, and the run that saw it repaired; `verdict` is what that run concluded."""

    spell: Spell
    closed: datetime
    run: str
    verdict: Verdict


@dataclass
class Ledger:
    """The faults that are there after the runs so far, by fingerprint, and all repairs seen."""

    there: dict[str, Spell] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)
    found: list[Spell] = field(default_factory=list)
    """Every spell as it began."""
    nights: int = 0

    def add(self, night: Night, ask: Ask) -> None:
        """Take in a run; runs come in the order of time."""
        baseline = self.nights == 0  # nobody knows since when what the first run sees is there, so none of it is new
        self.nights += 1
        seen: set[str] = set()
        for verdict in night.findings:
            seen.add(verdict.fingerprint)
            self._see(night, verdict, baseline)
        rest = [spell.verdict for name, spell in self.there.items() if name not in seen]
        answers = ask([it for it in rest if it.target in night.places]) if rest else {}
        for asked in rest:
            answer = answers.get(asked.fingerprint)
            if answer is not None and answer.state in REPAIRED:
                self._close(night, answer)

    def _see(self, night: Night, verdict: Verdict, baseline: bool) -> None:
        spell = self.there.get(verdict.fingerprint)
        measure = night.measure(verdict.check, verdict.target)
        at_once = baseline or verdict.severity == Severity.CRITICAL.word
        if spell is None:
            confirmed = night.started if at_once else None
            made = Spell(
                verdict, night.started, night.run, night.started, night.run, measure, night.vantage, 1, confirmed
            )
            self.found.append(made)
            self.there[verdict.fingerprint] = made
            return
        confirmed = spell.confirmed
        if confirmed is None and (at_once or spell.sightings + 1 >= CONFIRMED_AFTER):
            confirmed = night.started
        self.there[verdict.fingerprint] = Spell(
            verdict,
            spell.first,
            spell.first_run,
            night.started,
            night.run,
            measure,
            night.vantage,
            spell.sightings + 1,
            confirmed,
        )

    def _close(self, night: Night, answer: Verdict) -> None:
        spell = self.there[answer.fingerprint]
        obstacle = _obstacle(spell, night, answer)
        missed = spell.missed + answer.gone
        if obstacle is None and answer.gone and missed < GONE_AFTER:
            obstacle = Obstacle.GONE
        if obstacle is not None:
            self.there[answer.fingerprint] = replace(spell, obstacle=obstacle, missed=missed)
            return
        del self.there[answer.fingerprint]
        self.repairs.append(Repair(spell, night.started, night.run, answer))


def _obstacle(spell: Spell, night: Night, answer: Verdict) -> Obstacle | None:
    """Why a pass shows no repair: it was looked at differently."""
    if spell.vantage is not night.vantage:
        return Obstacle.VANTAGE
    if spell.verdict.check_version != answer.check_version:
        return Obstacle.CHECK
    if answer.elsewhere or spell.measure != night.measure(answer.check, answer.target):
        return Obstacle.POLICY
    return None
