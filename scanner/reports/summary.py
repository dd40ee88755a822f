"""What a summary for people says of a run: a row a target, what to do first, and what could not be concluded.

Pure, and in one pass over the findings; what is kept grows with targets and kinds of fault, not with findings.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from scanner.assessment import Adding, Assessment
from scanner.cost import Cost
from scanner.estate import Target
from scanner.findings import Finding, FixedBy, Severity, State
from scanner.fixes import Fix, Gathering, sentence_of
from scanner.journal import Standing, TargetRecord
from scanner.locale.details import finding_text
from scanner.locale.phrases import Condition
from scanner.locale.speech import Speaker
from scanner.observations.steps import Reason
from scanner.outcomes import Outcome
from scanner.parse.url import DEFAULT_PORTS
from scanner.registry import Check
from scanner.run import Run
from scanner.service_beside import repaired_by, service_beside, with_service

MANY_TARGETS = 20
"""Above it the summary speaks of units and fixes instead of targets and findings."""
FEW_TARGETS = 3
"""Up to it findings of medium severity are worth listing beside graver ones."""
COLUMNS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
MAX_ERRORS_NAMED = 3
MAX_FIRST = 3
MAX_FIXES = 5


class Name(msgspec.Struct, frozen=True):
    """What a target is called: whole, and without what all targets have in common."""

    full: str
    short: str


class Row(msgspec.Struct, frozen=True):
    """A target, or a unit with its targets. `counts` follows COLUMNS; what somebody accepted is not in them.

    A count is None where there may be findings that could not be seen: 0 at a target means that nothing was left open
    that could have said otherwise. A unit's counts are of the targets observed, so `observed` belongs beside them; where
    there are none and something was left open or switched off, they are None.
    """

    name: Name
    unit: str
    counts: tuple[int | None, ...]
    condition: Condition
    gravest: Severity | None
    targets: int = 1
    observed: int = 0
    target: str = ""
    """The target's id; empty for a unit."""


class Action(msgspec.Struct, frozen=True):
    """Something to repair: one finding, or a fix that settles several.

    `message` is in the language asked for. `in_one_place` says where one change may do for all, empty where none does.
    """

    severity: Severity
    targets: int
    name: Name
    message: str
    check: str
    outcome: str
    fixed_by: FixedBy
    in_one_place: str = ""
    fingerprint: str = ""
    """Of the finding; empty for a fix that settles several."""
    evidence: tuple[str, ...] = ()
    """What one finding rests on; of a fix that settles several, nothing."""
    beside: bool = False
    """Whether it is about a service beside the target's own, which has no web server's configuration."""


class Open(msgspec.Struct, frozen=True):
    """What could not be concluded for one reason: whole targets (`verdicts` 0), or some verdicts at observed ones."""

    reason: str
    names: tuple[Name, ...]
    verdicts: int = 0
    detail: str = ""


class SwitchedOff(msgspec.Struct, frozen=True):
    """A check that the configuration switched off, and at how many targets."""

    check: str
    targets: int


class Summary(msgspec.Struct, frozen=True):
    """The run in a page.

    `unobserved` counts targets that were not observed by reason, without the `down`: those too were not observed, but
    that they do not answer is a finding. `blocked` counts observed targets that left verdicts open by blocking us.
    `grave_open` says that at every target something high or critical may be that could not be seen. `others` are the
    findings beside `actions`, listed where targets are few; `hidden` counts the findings not shown one by one.
    `verdicts` and `verdicts_open` are those at observed targets, without what does not apply or was switched off:
    `off` has those, for that nothing was asked there is somebody's decision and no gap of this run.
    """

    assessment: Assessment
    unobserved: dict[str, int]
    down: int
    blocked: int
    grave_open: bool
    rows: tuple[Row, ...]
    units: tuple[Row, ...]
    actions: tuple[Action, ...]
    others: tuple[Action, ...]
    hidden: int
    opens: tuple[Open, ...]
    errors: int
    errors_named: tuple[tuple[str, Name], ...]
    verdicts: int
    verdicts_open: int
    off: tuple[SwitchedOff, ...]
    used: Cost

    @property
    def targets(self) -> int:
        """How many targets the run was given."""
        return self.assessment.coverage.targets

    @property
    def is_large(self) -> bool:
        """Whether targets are too many to be listed."""
        return self.targets > MANY_TARGETS

    @property
    def accepted(self) -> int:
        """How many findings somebody accepted."""
        return sum(self.assessment.waived.values())


class _Tally:
    """What is counted about one target while the findings go by."""

    __slots__ = (
        "accepted",
        "counts",
        "judged",
        "name",
        "observed",
        "off",
        "open",
        "possible",
        "reason",
        "record",
        "target",
        "verdicts",
    )

    def __init__(self, target: Target, record: TargetRecord | None, name: Name) -> None:
        self.target = target
        self.record = record
        self.name = name
        self.observed = record is not None and record.standing is Standing.OBSERVED
        self.reason = Reason.INTERRUPTED.value if record is None else record.reason or Reason.INCONCLUSIVE.value
        self.counts = [0] * len(Severity)
        self.possible: frozenset[Severity] = frozenset()
        self.off: frozenset[Severity] = frozenset()
        self.accepted = 0
        self.judged = False
        self.verdicts = 0
        self.open: Counter[str] = Counter()

    @property
    def is_down(self) -> bool:
        """Whether it was not observed, and that is a finding, be it one that somebody accepted."""
        return not self.observed and (any(self.counts) or self.accepted > 0)

    @property
    def is_dark(self) -> bool:
        """Whether nothing is known of the target: not observed, and not even that is a finding."""
        return not self.observed and not self.is_down

    def row(self) -> Row:
        """The target as a row of the table."""
        condition, gravest = _condition(self.counts, self.open_severities, self.off, self.accepted)
        if condition is Condition.UNKNOWN and self.is_down:
            condition = Condition.ACCEPTED
        hidden = frozenset(COLUMNS) if condition is Condition.UNKNOWN else self.open_severities | self.off
        counts = tuple(self.counts[it] or (None if it in hidden else 0) for it in COLUMNS)
        return Row(self.name, self.target.unit, counts, condition, gravest, 1, int(self.observed), self.target.id)

    @property
    def open_severities(self) -> frozenset[Severity]:
        """Of which severity there may be findings that could not be seen, apart from what was switched off."""
        return self.possible if self.observed and self.judged else frozenset(Severity)


def summarise(run: Run, checks: Mapping[str, Check], language: str) -> Summary:
    """Sum a run up. `checks` tell what an open verdict could have said; of an unknown check anything is expected."""
    summing = Summing(run, checks, language)
    for finding in run.findings():
        summing.take(finding)
    return summing.done()


class Summing:
    """Takes the findings of a run one by one and sums them up. `fixes` gathers them too where targets are many, or where
    they are asked for (`with_fixes`).
    """

    def __init__(self, run: Run, checks: Mapping[str, Check], language: str, *, with_fixes: bool = False) -> None:
        self._run, self._language = run, language
        self._tallies = tallies = _tallies(run)
        self._few, self._many = len(tallies) <= FEW_TARGETS, len(tallies) > MANY_TARGETS
        self._with_fixes = with_fixes or self._many
        self._possible = {name: _severities(check) for name, check in checks.items()}
        self._gravest = _Gravest(None if self._few else MAX_FIRST)
        self._gathering = Gathering({name: tally.target for name, tally in tallies.items()})
        self._adding = Adding()
        self._errors = 0
        self._errors_named: list[tuple[str, Name]] = []
        self._off: Counter[str] = Counter()

    @cached_property
    def fixes(self) -> tuple[Fix, ...]:
        """What the findings taken come to, once all of them are."""
        return self._gathering.done()

    def take(self, finding: Finding) -> None:
        """Count one finding."""
        self._adding.take(finding)
        if (tally := self._tallies.get(finding.target)) is None:
            return
        tally.judged = True
        if self._with_fixes:
            self._gathering.take(finding)
        if finding.reason is Reason.DISABLED:
            tally.off |= self._possible.get(finding.check, frozenset(Severity))
            self._off[finding.check] += 1
            return
        if finding.state is not State.NOT_APPLICABLE:
            tally.verdicts += 1
        if finding.waiver is not None:
            tally.accepted += 1
        elif finding.state is State.FAIL:
            tally.counts[finding.rank] += 1
            if not self._many:
                self._gravest.add(finding, tally, self._language)
        elif finding.state in (State.UNKNOWN, State.ERROR):
            tally.possible |= self._possible.get(finding.check, frozenset(Severity))
            if finding.state is State.UNKNOWN:
                tally.open[finding.reason or Reason.INCONCLUSIVE] += 1
            else:
                self._errors += 1
                if len(self._errors_named) < MAX_ERRORS_NAMED:
                    self._errors_named.append((finding.check, tally.name))

    def done(self) -> Summary:
        """The sums."""
        tallies, off, language = self._tallies, self._off, self._language
        rows = tuple(sorted((tally.row() for tally in tallies.values()), key=_worst_state_first))
        observed = [tally for tally in tallies.values() if tally.observed]
        actions, others = self._gravest.first(few=self._few)
        if self._many:
            grave = [fix for fix in self.fixes if fix.severity >= Severity.MEDIUM]
            actions = tuple(_fix_action(fix, tallies, language) for fix in grave[:MAX_FIXES])
        shown = 0 if self._many else len(actions) + len(others)
        return Summary(
            assessment=self._adding.done(self._run),
            unobserved=dict(Counter(tally.reason for tally in tallies.values() if tally.is_dark)),
            down=sum(tally.is_down for tally in tallies.values()),
            blocked=sum(tally.open[Reason.BLOCKED] > 0 for tally in observed),
            grave_open=all(
                max(tally.open_severities, default=Severity.INFO) >= Severity.HIGH for tally in tallies.values()
            ),
            rows=rows,
            units=_units(tallies.values()),
            actions=actions,
            others=others,
            hidden=sum(sum(tally.counts) for tally in tallies.values()) - shown,
            opens=tuple(_opens(tuple(tallies.values()))),
            errors=self._errors,
            errors_named=tuple(self._errors_named),
            verdicts=sum(tally.verdicts for tally in observed),
            verdicts_open=sum(tally.open.total() for tally in observed),
            off=tuple(
                SwitchedOff(check, count) for check, count in sorted(off.items(), key=lambda it: (-it[1], it[0]))
            ),
            used=sum((tally.record.used for tally in tallies.values() if tally.record is not None), Cost()),
        )


# -- names


def _tallies(run: Run) -> dict[str, _Tally]:
    pairs = list(run.targets())
    names = names_of([target for target, _ in pairs])
    return {target.id: _Tally(target, record, names[target.id]) for target, record in pairs}


def names_of(targets: Sequence[Target]) -> dict[str, Name]:
    """What each target is called, by id: its URL without `https://`, or its id where two have the same."""
    urls = {target.id: target.parsed_url for target in targets}
    suffix = _common_suffix({url.host for url in urls.values() if not url.is_ip})
    one_port = len({url.port for url in urls.values()}) == 1
    names: dict[str, Name] = {}
    for target_id, url in urls.items():
        scheme = "" if url.scheme == "https" else "http://"
        path = "" if url.target == "/" else url.target
        short = url.host.removesuffix(f".{suffix}") if suffix and not url.is_ip else url.host
        if url.port != DEFAULT_PORTS[url.scheme] and not (one_port and short != url.host):
            short += f":{url.port}"
        names[target_id] = Name(f"{scheme}{url.authority}{path}", f"{scheme}{short}{path}")
    times = Counter(name.full for name in names.values())
    times_short = Counter(name.short for name in names.values())
    return {
        target_id: Name(target_id, target_id)
        if times[name.full] > 1
        else (name if times_short[name.short] == 1 else Name(name.full, name.full))
        for target_id, name in names.items()
    }


def _common_suffix(hosts: set[str]) -> str:
    """The domain that all hosts are in, at least two labels and never a whole host alone; empty when there is none."""
    if len(hosts) < 2:
        return ""
    split = [host.split(".")[::-1] for host in hosts]
    shared = []
    for labels in zip(*split, strict=False):
        if len(set(labels)) > 1:
            break
        shared.append(labels[0])
    return ".".join(reversed(shared)) if len(shared) >= 2 else ""


# -- rows


def _severities(check: Check) -> frozenset[Severity]:
    return frozenset(outcome.severity for outcome in check.outcomes if isinstance(outcome, Outcome))


def _condition(
    counts: Sequence[int], possible: frozenset[Severity], off: frozenset[Severity], accepted: int
) -> tuple[Condition, Severity | None]:
    """What the counts come to, and the gravest severity among them."""
    gravest = max((severity for severity in Severity if counts[severity]), default=None)
    if gravest is None:
        if possible:
            return Condition.UNKNOWN, None
        if off:
            return Condition.PARTLY, None
        return (Condition.ACCEPTED if accepted else Condition.NONE), None
    grave = {Severity.CRITICAL: Condition.IMMEDIATE, Severity.HIGH: Condition.ACTION}
    return grave.get(gravest, Condition.FINDINGS), gravest


def _worst_state_first(row: Row) -> tuple[int, int, str]:
    return list(Condition).index(row.condition), -(row.gravest or 0), row.name.full


def _units(tallies: Iterable[_Tally]) -> tuple[Row, ...]:
    """A row for each unit, the most and gravest findings first; none when no target has a unit."""
    groups: dict[str, list[_Tally]] = {}
    for tally in tallies:
        groups.setdefault(tally.target.unit, []).append(tally)
    if set(groups) <= {""}:
        return ()
    rows = []
    for unit, members in groups.items():
        counts = [sum(member.counts[severity] for member in members) for severity in Severity]
        possible = frozenset[Severity]().union(*(member.open_severities for member in members))
        off = frozenset[Severity]().union(*(member.off for member in members))
        condition, gravest = _condition(counts, possible, off, sum(member.accepted for member in members))
        observed = sum(member.observed for member in members)
        seen = frozenset[Severity]().union(*(member.open_severities for member in members if member.observed))
        hidden = frozenset(COLUMNS) if condition is Condition.UNKNOWN else off | seen
        shown = tuple(counts[it] or (None if it in hidden else 0) for it in COLUMNS)
        rows.append(Row(Name(unit, unit), unit, shown, condition, gravest, len(members), observed))
    return tuple(sorted(rows, key=most_findings_first))


def most_findings_first(row: Row) -> tuple[int, tuple[int, ...], str]:
    """The order in which rows are chosen when only some can be shown."""
    return list(Condition).index(row.condition), tuple(-(count or 0) for count in row.counts), row.name.full


# -- what to do first


class _Gravest:
    """The gravest findings one by one; every finding when there is no limit."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._heap: list[tuple[int, _Backwards, int, Action]] = []
        self._seen = 0

    def add(self, finding: Finding, tally: _Tally, language: str) -> None:
        """Keep this finding if it is among the gravest."""
        if self._limit is not None and finding.rank < Severity.MEDIUM:
            return
        self._seen += 1
        order = _Backwards((tally.name.full, finding.check, finding.fingerprint))
        item = (finding.rank, order, self._seen, _action(finding, tally, language))
        if self._limit is None or len(self._heap) < self._limit:
            heapq.heappush(self._heap, item)
        else:
            heapq.heappushpop(self._heap, item)

    def first(self, *, few: bool) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
        """Gravest first, and the others; medium ones come first too where targets are few, or nothing is graver."""
        actions = [action for _, _, _, action in sorted(self._heap, reverse=True)]
        grave = [action for action in actions if action.severity >= Severity.HIGH]
        if not few:
            return tuple(grave or actions), ()
        first = sum(action.severity >= Severity.MEDIUM for action in actions[:MAX_FIRST])
        return tuple(actions[:first]), tuple(actions[first:])


class _Backwards:
    """Turns an order round, so that of equals a heap of the largest keeps the first."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[str, ...]) -> None:
        self.key = key

    def __lt__(self, other: "_Backwards") -> bool:
        return other.key < self.key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


def _text(finding: Finding, language: str) -> str:
    return finding_text(finding.message, language)


def _action(finding: Finding, tally: _Tally, language: str) -> Action:
    service = service_beside(tally.target, finding)
    return Action(
        Severity(finding.rank),
        1,
        tally.name,
        with_service(service, _text(finding, language)),
        finding.check,
        finding.outcome,
        repaired_by(finding, service),
        evidence=finding.evidence,
        fingerprint=finding.fingerprint,
        beside=bool(service),
    )


def _fix_action(fix: Fix, tallies: Mapping[str, _Tally], language: str) -> Action:
    return Action(
        fix.severity,
        len(fix.targets),
        tallies[fix.targets[0]].name,
        fix.fault(language),
        fix.check,
        fix.outcome,
        fix.fixed_by,
        sentence_of(fix, Speaker(language)) if fix.shared is not None or fix.services else "",
        beside=bool(fix.services),
    )


# -- what could not be concluded


def _opens(tallies: Sequence[_Tally]) -> Iterator[Open]:
    """By reason, whole targets first. The verdicts of a target that was not observed add nothing to why it was not."""
    whole: dict[str, list[_Tally]] = {}
    partly: dict[str, list[_Tally]] = {}
    for tally in tallies:
        if tally.is_dark:
            whole.setdefault(tally.reason, []).append(tally)
        elif tally.observed and not tally.judged:
            whole.setdefault(Reason.INTERRUPTED, []).append(tally)
        elif tally.observed:
            for reason in tally.open:
                partly.setdefault(reason, []).append(tally)
    for reason, group in sorted(whole.items(), key=lambda item: (-len(item[1]), item[0])):
        only = group[0].record if len(group) == 1 else None
        yield Open(str(reason), tuple(tally.name for tally in group), detail="" if only is None else only.detail)
    for reason, group in sorted(partly.items(), key=lambda item: (-sum(t.open[item[0]] for t in item[1]), item[0])):
        yield Open(str(reason), tuple(tally.name for tally in group), sum(tally.open[reason] for tally in group))
