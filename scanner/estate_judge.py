"""Judging the estate as a whole: after the last target, the facts that all of them gave are held against one another.

It reads the facts by key, one group at a time, and writes findings at the targets concerned, so that a unit's part of the
run has what concerns the unit. One fault has one subject, by which the findings at several targets are told to be one.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from scanner.estate_checks import EstateCheck, EstateView, Group, Member
from scanner.findings import Finding, Subject
from scanner.journal import FactRow, Journal
from scanner.judge import CHECK_SECONDS, MAX_VERDICTS, About, CheckTimeout, Judge, alarm, time_limit
from scanner.needs import Place
from scanner.observations.steps import Reason, Unobserved, weakest
from scanner.outcomes import Verdict, placeholders
from scanner.parse.list_name import name_key
from scanner.registry import Check
from scanner.run import Run

MAX_CITED = 20
"""Most other targets of a group whose observations a finding rests on, beside its own: what shows that they are several."""
SILENT_S = 1.0
"""After so many seconds whoever waits is told again that the check is still at work."""

log = logging.getLogger("pindai.judge")


def estate_checks_of(checks: Iterable[Check]) -> tuple[EstateCheck, ...]:
    """Those of them that judge the estate as a whole."""
    return tuple(check for check in checks if isinstance(check, EstateCheck))


class EstateJudge:
    """Judges a run by the facts in `facts`, which is the run's own journal, or where a replay noted them again."""

    def __init__(
        self,
        run: Run,
        judge: Judge,
        checks: Iterable[Check],
        facts: Journal,
        on_check: Callable[[str], None] | None = None,
    ) -> None:
        self._run = run
        self._judge = judge
        self._checks = estate_checks_of(checks)
        self._facts = facts
        self._on_check = on_check or (lambda _: None)
        estate = run.manifest.estate
        self._view = EstateView(estate)
        self._about = About(estate.time_zone, estate.vantage.kind, None, frozenset())
        self._places = {target.id: Place(target, run.manifest.setting) for target in estate.targets}
        self._units = {target.id: name_key(target.unit) for target in estate.targets}
        self._hosts = {target.id: target.parsed_url.host for target in estate.targets}

    @cached_property
    def is_complete(self) -> bool:
        """Whether every target was looked at and judged, so that what was not found among them is not there."""
        return self._run.complete and not self._run.journal.unjudged()

    def judge(self, skip: frozenset[str] = frozenset()) -> Iterator[Finding]:
        """All findings, made one after the other. `skip` names checks that are known not to end."""
        for check in self._checks:
            self._on_check(check.id)
            with alarm:
                for finding in self._judged_by(check, skip):
                    yield self._judge.accepted(finding)

    def _judged_by(self, check: EstateCheck, skip: frozenset[str]) -> Iterator[Finding]:
        looked_at: dict[str, list[FactRow]] = {}
        spoken: set[str] = set()
        rows = (row for row in self._facts.facts(check.id) if row.target in self._places)
        told = time.monotonic()
        for key, found in groupby(rows, key=attrgetter("key")):
            if not key:
                for row in found:
                    looked_at.setdefault(row.target, []).append(row)
                continue
            if time.monotonic() - told > SILENT_S:
                told = time.monotonic()
                self._on_check(check.id)
            if check.id in skip:
                spoken.update(row.target for row in found)
                continue
            for finding in self._in_group(check, key, list(found)):
                spoken.add(finding.target)
                yield finding
        if check.id in skip:
            why = f"the check did not end within {CHECK_SECONDS:g} s"
            yield from (self._error(check, target, why) for target in sorted(spoken | looked_at.keys()))
            return
        for target, seen in looked_at.items():
            if target not in spoken:
                yield self._otherwise(check, target, seen, len(looked_at) - 1)

    def _in_group(self, check: EstateCheck, key: str, rows: list[FactRow]) -> Iterator[Finding]:
        """What a check says of one group, behind its barrier: when it breaks, nothing is known of any target in it."""
        by_target = {target: list(own) for target, own in groupby(rows, key=attrgetter("target"))}
        group = Group(key, tuple(map(self._member, rows)))
        try:
            with time_limit(CHECK_SECONDS):
                findings = list(self._said(check, group, by_target))
        except CheckTimeout:
            why = f"the check did not end within {CHECK_SECONDS:g} s"
        except Exception as error:  # the barrier around one check: our fault must not end the run
            log.exception("check %s crashed on %s", check.id, key)
            why = f"{type(error).__name__}: {error}"
        else:
            yield from findings
            return
        yield from (self._error(check, target, why) for target in by_target)

    def _said(self, check: EstateCheck, group: Group, by_target: Mapping[str, list[FactRow]]) -> Iterator[Finding]:
        cited = [row for own in list(by_target.values())[: MAX_CITED + 1] for row in own]
        for count, verdict in enumerate(check.judge(group, self._view)):
            if count >= MAX_VERDICTS:
                raise RuntimeError(f"more than {MAX_VERDICTS} verdicts")
            if verdict.subject is None:
                raise ValueError("a verdict on a group needs a subject of its own")
            for target in verdict.targets or by_target:
                own = by_target[target]
                yield self._finding(check, target, verdict, [*own, *(it for it in cited if it.target != target)])

    def _otherwise(self, check: EstateCheck, target: str, seen: list[FactRow], others: int) -> Finding:
        """What is said of a target that no group says anything of."""
        why: Unobserved | None = None
        if check.compares and not self.is_complete:
            why = Unobserved(Reason.INTERRUPTED, "not every target was looked at")
        elif check.compares and not others:
            why = Unobserved(Reason.PREREQUISITE, "no other target showed anything to compare with")
        evidence = frozenset(digest for row in seen for digest in row.evidence)
        if why is not None:
            return self._about.obstacle(check, self._places[target], why, evidence)
        named = placeholders(check.otherwise.en) & {"others"}
        return self._finding(check, target, check.otherwise(**dict.fromkeys(named, others)), seen)

    def _finding(self, check: EstateCheck, target: str, verdict: Verdict, rows: Iterable[FactRow]) -> Finding:
        rows = list(rows)
        evidence = frozenset(digest for row in rows for digest in row.evidence)
        level = weakest(frozenset(row.replay for row in rows if row.replay is not None))
        return self._about.finding(check, self._places[target], verdict, evidence, level)

    def _error(self, check: EstateCheck, target: str, why: str) -> Finding:
        """Our own fault, under a subject of its own: what was concluded of the target alone may stand beside it."""
        subject = Subject("estate", check.first_id)
        return self._about.error(check, self._places[target], why, about=subject)

    def _member(self, row: FactRow) -> Member:
        return Member(row.target, self._hosts[row.target], self._units[row.target], row.address, row.detail)
