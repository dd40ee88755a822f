"""What the pages say, as values: made from a run in a few passes over its findings, before a word is written.

The first page has no text that a server sent: it is what a head of office prints and hands on.
"""

import fnmatch
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from scanner.clauses.assess import Assessor
from scanner.clauses.assessed import ClauseAssessment, ClausesAssessed, ClauseState
from scanner.clauses.services import Services
from scanner.cost import Cost
from scanner.estate import DEFAULT_MARKING, Target
from scanner.findings import Finding, FixedBy, Severity, State, Subject
from scanner.fixes import Fix
from scanner.frameworks.framework import Certainty, Clause, Framework, Practice, Rulebook
from scanner.journal import TargetRecord
from scanner.observations.steps import Reason
from scanner.outcomes import Outcome, placeholders
from scanner.parse.list_name import name_key
from scanner.registry import Check
from scanner.reports.summary import Name, Row, Summary, Summing, names_of
from scanner.run import Run

if TYPE_CHECKING:
    from scanner.history.changes import Changes

MAX_ACTIONS: Final = 5
MAX_UNITS_FIRST: Final = 12
MAX_CLAUSES_FIRST: Final = 6
MAX_LISTED: Final = 500
"""How many exceptions and changes are listed one by one; all of them are counted."""
MAX_TOLD_WHOLE: Final = 200
"""In a report of more targets, checks that pass or do not apply are only named at each: they would be half of the file."""
COUNTED: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True)
class UnitRow:
    """A unit: its targets, its services in the official list (None without a list), its open findings by severity.

    A count is None where nothing can be said: none was found, and something could not be seen or was not looked at.
    """

    name: str
    anchor: str
    targets: int
    observed: int
    services: int | None
    services_observed: int | None
    counts: tuple[int | None, ...]
    overdue: int | None
    declared_none: bool = False
    """Whether the official list says that the unit declared to have no online service."""

    @property
    def has_critical(self) -> bool:
        """Whether it comes first."""
        return bool(self.counts[0])

    @property
    def first_group(self) -> bool:
        """Whether something critical or overdue is open."""
        return self.has_critical or bool(self.overdue)


@dataclass(frozen=True)
class Action:
    """Something to do first: one kind of fault and who can repair it, without a word that a server sent. The fixes are
    the places where it is done, the gravest first.
    """

    severity: Severity
    fault: str
    fixes: tuple[Fix, ...]

    @property
    def findings(self) -> int:
        """How many findings it settles."""
        return sum(fix.findings for fix in self.fixes)

    @property
    def targets(self) -> int:
        """At how many targets."""
        return len({target for fix in self.fixes for target in fix.targets})

    @property
    def units(self) -> int:
        """Of how many units."""
        return len({unit for fix in self.fixes for unit in fix.units})


@dataclass(frozen=True)
class ClausePart:
    """A clause, its wording and what the run says about it."""

    clause: Clause
    said: ClauseAssessment
    anchor: str


@dataclass(frozen=True)
class FrameworkPart:
    """A framework: the clauses that something speaks to, and those that only documents can show."""

    framework: Framework
    spoken: tuple[ClausePart, ...]
    manual: tuple[ClausePart, ...]


@dataclass(frozen=True)
class Accepted:
    """A finding that somebody accepted, and of which target."""

    finding: Finding
    name: Name


@dataclass(frozen=True)
class Off:
    """A check that the configuration switched off: where, and for which reason."""

    check: str
    reason: str
    targets: int


class Brief(msgspec.Struct, frozen=True):
    """A verdict of which no more is told than that it passed or does not apply."""

    check: str
    subject: Subject
    state: State

    @property
    def is_enough(self) -> bool:
        """Whether this is all that has to be told: nothing was found and nothing is open."""
        return self.state in (State.PASS, State.NOT_APPLICABLE)


@dataclass
class Gathered:
    """What the later sections need of the findings, noted while the services are written: one pass less over them."""

    by_check: dict[str, Counter[str]] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    off: Counter[tuple[str, str]] = field(default_factory=Counter)

    def count(self, finding: Finding | Brief) -> None:
        """Count one verdict by its state."""
        counts = self.by_check.get(finding.check)
        if counts is None:
            counts = self.by_check[finding.check] = Counter()
        counts[finding.state.value] += 1

    def note(self, finding: Finding, name: Name) -> None:
        """Count one finding, and keep what its exception is."""
        self.count(finding)
        if finding.waiver is not None and len(self.accepted) < MAX_LISTED:
            self.accepted.append(Accepted(finding, name))
        if finding.reason is Reason.DISABLED:
            why = finding.message.arguments.get("detail")
            self.off[finding.check, why if isinstance(why, str) else ""] += 1


@dataclass(frozen=True)
class PracticePart:
    """Practice checks of this version and what they came to; `states` counts verdicts."""

    practice: Practice
    checks: tuple[tuple[str, dict[str, int]], ...]


@dataclass
class Overdue:
    """Open findings that are older than the agency's own deadline for their severity, by severity and by unit's key."""

    by_severity: Counter[str] = field(default_factory=Counter)
    by_unit: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole report but for the services, which are made one by one while the file is written."""

    run: Run
    unit: str
    marking: str
    digests: str
    summary: Summary
    assessed: ClausesAssessed
    changes: "Changes | None"
    names: Mapping[str, Name]
    rows: Mapping[str, Row]
    units: tuple[UnitRow, ...]
    actions: tuple[Action, ...]
    fixes: tuple[Fix, ...]
    frameworks: tuple[FrameworkPart, ...]
    first_clauses: tuple[ClausePart, ...]
    practice_rules: tuple[Practice, ...]
    checks: frozenset[str]
    gathered: Gathered
    last: datetime | None
    credentials: int
    overdue: Overdue | None
    not_listed: int
    critical_units: int

    @property
    def coverage(self) -> object:
        """How much was seen."""
        return self.summary.assessment.coverage

    @property
    def told_whole(self) -> int:
        """Up to how many targets a report tells every verdict whole."""
        return MAX_TOLD_WHOLE

    @property
    def names_only(self) -> bool:
        """Whether checks that pass or do not apply are only named at each target."""
        return len(self.run.manifest.estate.targets) > MAX_TOLD_WHOLE

    @property
    def practices(self) -> tuple[PracticePart, ...]:
        """Good practice by its reason, with what its checks came to; known once the services are written."""
        parts = []
        for practice in self.practice_rules:
            own = tuple(
                (check_id, dict(counts))
                for check_id, counts in sorted(self.gathered.by_check.items())
                if check_id in self.checks and any(fnmatch.fnmatchcase(check_id, it) for it in practice.checks)
            )
            if own:
                parts.append(PracticePart(practice, own))
        return tuple(parts)

    @property
    def units_first(self) -> tuple[UnitRow, ...]:
        """The units of the first page: those with critical findings first, then as many as there is room for."""
        return self.units[:MAX_UNITS_FIRST]

    @property
    def fixes_by(self) -> tuple[tuple[FixedBy, tuple[Fix, ...]], ...]:
        """The fixes by who can repair them, each party's gravest first."""
        parts = ((who, tuple(fix for fix in self.fixes if fix.fixed_by is who)) for who in FixedBy)
        return tuple((who, own) for who, own in parts if own)


@dataclass(frozen=True)
class ServicePart:
    """One target with its verdicts, gravest first, and its evidence numbered."""

    target: Target
    record: TargetRecord | None
    name: Name
    row: Row
    anchor: str
    findings: tuple[Finding, ...]
    accepted: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    passed: tuple[Finding, ...]
    other: tuple[Finding, ...]
    named: tuple[Brief, ...]
    """What passed or does not apply, where it is only named; `passed` is empty then."""
    evidence: dict[str, int]

    @property
    def used(self) -> Cost:
        """What it took to look at it."""
        return self.record.used if self.record is not None else Cost()


def anchor_of(kind: str, name: str) -> str:
    """An anchor for a name, the same in every run, and nothing of the name in it."""
    return f"{kind}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def clause_anchor(clause_id: str) -> str:
    """An anchor for a clause that still shows its id: agencies bring clauses of their own, so only plain characters stay."""
    return "clause-" + re.sub(r"[^a-z0-9]+", "-", clause_id.lower())


def list_digest(run: Run) -> str:
    """One digest for all evidence: SHA-256 of the observations' digests in order, one a line, as `sha256sum` has it."""
    whole = hashlib.sha256()
    for digest in run.journal.digests():
        whole.update(digest.encode() + b"\n")
    return whole.hexdigest()


def page_of(
    run: Run,
    *,
    checks: Mapping[str, Check],
    rulebook: Rulebook,
    language: str,
    changes: "Changes | None",
    unit: str,
    digests: str,
) -> Page:
    """Read a run. `run` holds nothing but the unit's part already, when one is named."""
    estate = run.manifest.estate
    summing = Summing(run, checks, language, with_fixes=True)
    assessor = Assessor(run, rulebook, checks, unit, each_service=False)
    for target_id, findings in groupby(run.findings(), key=lambda it: it.target):
        own = list(findings)
        for finding in own:
            summing.take(finding)
        assessor.take(target_id, own)
    summary, made, assessed = summing.done(), summing.fixes, assessor.assessed()
    names = names_of(estate.targets)
    records = tuple(run.journal.targets())
    practice_ids = frozenset(it for practice in rulebook.practices for it in practice.checks)
    overdue = _overdue(run, changes)
    units = tuple(_units(run, summary, overdue))
    parts = tuple(_frameworks(rulebook, assessed))
    population = summary.assessment.coverage.population
    return Page(
        run=run,
        unit=unit,
        marking=estate.marking.strip() or DEFAULT_MARKING,
        digests=digests,
        summary=summary,
        assessed=assessed,
        changes=changes,
        names=names,
        rows={row.target: row for row in summary.rows},
        units=units,
        actions=tuple(
            _actions(
                made, checks, practice_ids, language, {target.id: target.parsed_url.host for target in estate.targets}
            )
        ),
        fixes=made,
        frameworks=parts,
        first_clauses=_first_clauses(parts),
        practice_rules=rulebook.practices,
        checks=frozenset(checks),
        gathered=Gathered(),
        last=max((record.ended for record in records), default=None),
        credentials=sum(target.credential is not None for target in estate.targets),
        overdue=overdue,
        not_listed=0 if population is None else population.services - population.services_listed,
        critical_units=sum(unit.has_critical for unit in units),
    )


def _overdue(run: Run, changes: "Changes | None") -> Overdue | None:
    """None where it cannot be known: the agency named no deadlines, or there is no history to tell a finding's age."""
    deadlines = run.manifest.estate.goals.deadlines
    if deadlines is None or changes is None:
        return None
    overdue = Overdue()
    for it in changes.each:
        days = deadlines.days.get(it.severity)
        if it.is_open and days is not None and it.since + timedelta(days=days) < run.manifest.started:
            overdue.by_severity[it.severity] += 1
            overdue.by_unit[name_key(it.unit)] += 1
    return overdue


# -- units


def _units(run: Run, summary: Summary, overdue: Overdue | None) -> Iterator[UnitRow]:
    """Those with critical findings first, the rest by name; also units of the official list that nobody scanned."""
    estate = run.manifest.estate
    rows = {name_key(row.unit): row for row in summary.units}
    spelled = {name_key(row.unit): row.unit for row in summary.units}
    registered: Counter[str] = Counter()
    observed: Counter[str] = Counter()
    declared: set[str] = set()
    if estate.population is not None:
        seen = {row.target for row in summary.rows if row.observed}
        declared = {name_key(unit.name) for unit in estate.population.units if unit.no_service}
        for unit in estate.population.units:
            spelled.setdefault(name_key(unit.name), unit.name)
        for service in Services(estate.targets, estate.population).all:
            if service.registered:
                key = name_key(service.unit)
                spelled.setdefault(key, service.unit)
                registered[key] += 1
                observed[key] += any(target in seen for target in service.targets)
    made = []
    for key, name in spelled.items():
        row = rows.get(key)
        made.append(
            UnitRow(
                name=name,
                anchor=anchor_of("unit", key),
                targets=0 if row is None else row.targets,
                observed=0 if row is None else row.observed,
                services=None if estate.population is None else registered[key],
                services_observed=None if estate.population is None else observed[key],
                counts=_counts(row),
                overdue=None if overdue is None or row is None else overdue.by_unit[key],
                declared_none=row is None and key in declared,
            )
        )
    return iter(sorted(made, key=lambda it: (not it.first_group, not it.name, name_key(it.name))))


def _counts(row: Row | None) -> tuple[int | None, ...]:
    """Of a unit of which nothing was observed, that no finding was made means nothing."""
    if row is None:
        return (None,) * len(COUNTED)
    counts = row.counts[: len(COUNTED)]
    return counts if row.observed else tuple(count or None for count in counts)


# -- what to do first


def _actions(
    made: Iterable[Fix], checks: Mapping[str, Check], practice: frozenset[str], language: str, hosts: Mapping[str, str]
) -> list[Action]:
    """At most five; low ones, information and good practice are never among them."""
    groups: dict[tuple[str, str, FixedBy], list[Fix]] = {}
    for fix in made:
        if fix.severity >= Severity.MEDIUM and fix.check not in practice:
            groups.setdefault((fix.check, fix.outcome, fix.fixed_by), []).append(fix)
    actions = [
        Action(own[0].severity, _fault(checks.get(own[0].check), own, language, hosts), tuple(own))
        for own in groups.values()
    ]
    actions.sort(key=lambda it: (-it.severity, -it.findings, it.fixes[0].check, it.fixes[0].outcome))
    return actions[:MAX_ACTIONS]


_LOOSE_END = re.compile(r"(?:: \"?…\"?| \(…\)| (?:di|pada|at|on) …|(?<=berakhir) …)$")


_PLAIN_VALUE = re.compile(
    r"[0-9][0-9.,:]{0,11}|[0-9]{1,2} [A-Z][a-z]{2,9} [0-9]{4}(?: [0-9]{2}[.:][0-9]{2}(?: [A-Z]{3,4})?)?"
)
"""Numbers, days and times: nothing that a server can say something with."""
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9-]{1,63}){2,8}")


def _fault(check: Check | None, own: Sequence[Fix], language: str, hosts: Mapping[str, str]) -> str:
    """What is wrong; where only one target has it, with its name and its figures."""
    targets = {target for fix in own for target in fix.targets}
    host = hosts.get(next(iter(targets)), "") if len(targets) == 1 and len(own) == 1 else ""
    return kind_of_fault(check, own[0], language, host)


def kind_of_fault(check: Check | None, fix: Fix, language: str, host: str = "") -> str:
    """What is wrong, in the check's own words, with values left out: a value may be a path or a server's text.

    Where it is wrong at one host only, that host stays, and names of its own domain, numbers, days and times do.
    """
    for outcome in () if check is None else check.outcomes:
        if isinstance(outcome, Outcome) and outcome.key == fix.outcome:
            template = outcome.id if language == "id" else outcome.en
            text = template.format_map(_values(template, fix.fault(language), host))
            while (shorter := _LOOSE_END.sub("", text)) != text:
                text = shorter
            return text[:1].upper() + text[1:]
    return fix.check


def _values(template: str, sentence: str, host: str) -> dict[str, str]:
    """The values of a sentence that was made of a template, `…` for each that the first page does not tell."""
    names = list(dict.fromkeys(placeholders(template)))
    values = dict.fromkeys(names, "…")
    if not host:
        return values
    pattern = re.escape(template)
    for name in names:
        pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>.{{1,300}}?)", 1)
        pattern = pattern.replace(re.escape(f"{{{name}}}"), f"(?P={name})")
    found = re.fullmatch(pattern, sentence)
    for name, text in (found.groupdict() if found is not None else {}).items():
        if _PLAIN_VALUE.fullmatch(text) or _is_own_name(text, host):
            values[name] = text
        elif text in (f"https://{host}/", f"http://{host}/"):
            values[name] = host
    return values


def _is_own_name(text: str, host: str) -> bool:
    """Whether a value is the host itself or a name beside it, in a domain of at least two labels."""
    domain = host.partition(".")[2]
    beside = "." in domain and text.endswith(f".{domain}")
    return text == host or (beside and _HOST.fullmatch(text) is not None)


# -- clauses


def _frameworks(rulebook: Rulebook, assessed: ClausesAssessed) -> Iterator[FrameworkPart]:
    said = {it.id: it for it in assessed.clauses}
    for framework in rulebook.frameworks:
        parts = [ClausePart(it, said[it.id], clause_anchor(it.id)) for it in framework.clauses if it.id in said]
        yield FrameworkPart(
            framework,
            tuple(it for it in parts if it.clause.crosswalk is not None),
            tuple(it for it in parts if it.clause.crosswalk is None),
        )


_NOT_IN_FORCE: Final = frozenset({"repealed", "superseded", "draft", "uncertain", "unknown", "dicabut", "rancangan"})
"""How the status of a framework begins that is not laid before a head of office."""


def _first_clauses(parts: Iterable[FrameworkPart]) -> tuple[ClausePart, ...]:
    """For the first page: indicators before articles, what has a figure before the rest, and of articles those that most
    is seen of. Frameworks that are not known to be in force, and wordings from memory, stand only with the others.
    """
    found = [
        it
        for part in parts
        if part.framework.status.lower().partition(" ")[0].rstrip(",;:") not in _NOT_IN_FORCE
        for it in part.spoken
        if it.clause.certainty is not Certainty.MEMORY
        if it.said.figure is not None or it.said.state not in (ClauseState.NOT_OBSERVED, ClauseState.MANUAL)
    ]
    found.sort(
        key=lambda it: (
            it.said.state is ClauseState.NOT_OBSERVED,
            "/indikator-" not in it.clause.id,
            it.said.figure is None,
            it.said.state is ClauseState.MATERIAL,
            -_spoken_of(it.said),
        )
    )
    return tuple(found[:MAX_CLAUSES_FIRST])


def _spoken_of(said: ClauseAssessment) -> int:
    """Of how many services something is known."""
    return 0 if said.figure is None else said.figure.counted - said.figure.states[ClauseState.NOT_OBSERVED]


# -- services, one by one


def services(page: Page) -> Iterator[tuple[str, str, Iterator[ServicePart]]]:
    """Each unit's name and anchor, and its targets by name; each target's findings are read when it is its turn."""
    members: dict[str, list[Target]] = {}
    spelled: dict[str, str] = {}
    for target in page.run.manifest.estate.targets:
        members.setdefault(name_key(target.unit), []).append(target)
        spelled.setdefault(name_key(target.unit), target.unit)
    records = {record.id: record for record in page.run.journal.targets()}
    for key in sorted(members, key=lambda it: (not it, it)):
        own = sorted(members[key], key=lambda it: page.names[it.id].full)
        yield spelled[key], anchor_of("unit", key), (_service(page, it, records.get(it.id)) for it in own)


def _service(page: Page, target: Target, record: TargetRecord | None) -> ServicePart:
    found: dict[str, list[Finding]] = {"open": [], "accepted": [], "unknown": [], "pass": [], "other": []}
    evidence: dict[str, int] = {}
    named: list[Brief] = []
    for finding in _concluded(page, target.id):
        if isinstance(finding, Brief):
            page.gathered.count(finding)
            named.append(finding)
            continue
        page.gathered.note(finding, page.names[target.id])
        for digest in finding.evidence:
            evidence.setdefault(digest, len(evidence) + 1)
        if finding.is_open:
            kind = "open"
        elif finding.waiver is not None:
            kind = "accepted"
        elif finding.state is State.PASS:
            kind = "pass"
        else:
            is_open = finding.state in (State.UNKNOWN, State.ERROR) and finding.reason is not Reason.DISABLED
            kind = "unknown" if is_open else "other"
        found[kind].append(finding)
    for listed in found.values():
        listed.sort(key=_gravest_first)
    named.sort(key=lambda it: (it.check, it.subject.key))
    return ServicePart(
        target=target,
        record=record,
        name=page.names[target.id],
        row=page.rows[target.id],
        anchor=anchor_of("target", target.id),
        findings=tuple(found["open"]),
        accepted=tuple(found["accepted"]),
        unknown=tuple(found["unknown"]),
        passed=tuple(found["pass"]),
        other=tuple(found["other"]),
        named=tuple(named),
        evidence=evidence,
    )


def _concluded(page: Page, target_id: str) -> Iterator[Finding | Brief]:
    if page.names_only:
        return page.run.journal.sifted(target_id, Brief, lambda it: it.is_enough)
    return page.run.findings(target_id)


def _gravest_first(finding: Finding) -> tuple[int, str, str]:
    return -finding.rank, finding.check, finding.subject.key
