"""One target as its part of the page says it: every value is text already, so that the template has nothing to work out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from scanner.findings import Finding, FixedBy, Severity, State
from scanner.reports.html.page import Brief, ServicePart
from scanner.reports.html.readable import upfirst
from scanner.service_beside import repaired_by

if TYPE_CHECKING:
    from scanner.reports.html.words import Words


COUNTED_ON_PAPER: Final = "passed"
ENOUGH_ALIKE: Final = 2
"""So many findings have to have something in common for it to stand once, above them."""
_AREAS: Final = {"tls": "TLS", "dns": "DNS", "api": "API"}
"""How areas of checks are written where that is not their name."""


@dataclass(frozen=True)
class FindingText:
    """A finding, open or accepted, with everything that is known of it."""

    fingerprint: str
    severity: str
    word: str
    text: str
    since: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True)
class LineText:
    """Verdicts of which one thing is said, in one line: fingerprint and check of each. A fingerprint is empty where a
    verdict is only named.
    """

    checks: list[tuple[str, str]]
    text: str


@dataclass(frozen=True)
class LinesText:
    """Verdicts of one kind: their title, their lines, whether they are folded and, for those that are only counted on
    paper, the class that says so.
    """

    title: str
    lines: list[LineText]
    folded: bool
    kind: str = ""


@dataclass(frozen=True)
class Common:
    """What most findings of a target have in common. It stands once, and with a finding only what is another there."""

    subject: str = ""
    addresses: str = ""


@dataclass(frozen=True, kw_only=True)
class ServiceText:
    """A target, folded: its line, and what is behind it."""

    anchor: str
    name: str
    state: str
    severities: str
    counts: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    findings: list[tuple[str, list[FindingText]]]
    lines: list[LinesText]
    nothing: str
    evidence: str
    digests: Sequence[str]


class ServiceWords:
    """Writes targets in the words of one report."""

    def __init__(self, words: "Words") -> None:
        self._words = words
        self._repairs: dict[tuple[str, str, FixedBy], Markup] = {}
        say = words.say
        self._address, self._service, self._contact = say("Address"), say("Service"), say("Contact")
        self._looked_at, self._used, self._not_reached = say("Looked at"), say("Used / at most"), say("not reached")
        self._not_declared = say("not declared")
        self._open, self._accepted_title = say("Open findings"), say("Accepted findings")
        self._other = say("Not applicable, switched off, or for a person to judge")
        self._elsewhere, self._no_address = say("unless a finding names another"), say("not by address")
        self._nothing, self._evidence = say("Nothing was concluded about this endpoint."), say("Evidence")
        self._accepted, self._subject, self._expected = say("Accepted"), say("Subject"), say("Expected")
        self._found, self._fix, self._seen_at, self._check = say("Found"), say("Fix"), say("Seen at"), say("Check")
        self._cited = say("evidence")
        self._pass = upfirst(words.phrases.states[State.PASS])
        self._not_applicable = upfirst(words.phrases.states[State.NOT_APPLICABLE])

    def text(self, it: ServicePart) -> ServiceText:
        """Everything about one target."""
        words = self._words
        counts = Counter(finding.severity for finding in it.findings)
        findings = [(self._open, it.findings), (self._accepted_title, it.accepted)]
        common = self._common((*it.findings, *it.accepted))
        told = list(self._verdicts(it))
        return ServiceText(
            anchor=it.anchor,
            name=it.name.full,
            state=words.condition(it.row),
            severities=" ".join(dict.fromkeys(finding.severity or "" for finding in it.findings)),
            counts=[
                (word, f"{words.severities[word]} {words.number(counts[word])}")
                for word in (severity.word for severity in reversed(Severity))
                if counts[word]
            ],
            facts=[*self._facts(it), *self._shared(common)],
            findings=[
                (title, [self._finding(finding, it, common) for finding in own]) for title, own in findings if own
            ],
            lines=told,
            nothing="" if it.findings or it.accepted or told else self._nothing,
            evidence=self._evidence,
            digests=tuple(it.evidence),
        )

    def _verdicts(self, it: ServicePart) -> Iterator[LinesText]:
        """Everything that is no finding: what is open in full view, the rest folded."""
        words = self._words
        if it.unknown:
            title = f"{words.phrases.unknown_title}: {words.number(len(it.unknown))}"
            kind = "" if it.row.observed else COUNTED_ON_PAPER  # there all of them say what stands above already
            yield LinesText(title, list(self._alike(it.unknown, it)), folded=False, kind=kind)
        if it.passed:
            title = f"{self._pass}: {words.number(len(it.passed))}"
            lines = [self._line([finding], self._said(finding, it)) for finding in it.passed]
            yield LinesText(title, lines, folded=True, kind=COUNTED_ON_PAPER)
        for state, title in ((State.PASS, self._pass), (State.NOT_APPLICABLE, self._not_applicable)):
            if named := [brief for brief in it.named if brief.state is state]:
                lines = list(_by_area(named))
                yield LinesText(f"{title}: {words.number(len(named))}", lines, folded=True, kind=COUNTED_ON_PAPER)
        if it.other:
            title = f"{self._other}: {words.number(len(it.other))}"
            lines = [
                self._line([finding], f"{words.phrases.states[finding.state]}: {self._said(finding, it)}")
                for finding in it.other
            ]
            yield LinesText(title, lines, folded=True, kind=COUNTED_ON_PAPER)

    def _common(self, findings: Sequence[Finding]) -> Common:
        if len(findings) < ENOUGH_ALIKE:
            return Common()
        ((subject, times),) = Counter(map(_subject, findings)).most_common(1)
        ((addresses, seen),) = Counter(map(_addresses, findings)).most_common(1)
        return Common(subject if times >= ENOUGH_ALIKE else "", addresses or "" if seen >= ENOUGH_ALIKE else "")

    def _shared(self, common: Common) -> Iterator[tuple[str, str]]:
        for title, value in ((self._subject, common.subject), (self._seen_at, common.addresses)):
            if value:
                yield title, f"{value} ({self._elsewhere})"

    def _facts(self, it: ServicePart) -> list[tuple[str, str]]:
        words, target = self._words, it.target
        facts = [(self._address, target.url)]
        if target.service:
            facts.append((self._service, target.service))
        category = target.category.value if target.category is not None else self._not_declared
        facts.append((words.phrases.category_title, category))
        if target.contact:
            facts.append((self._contact, target.contact))
        if it.record is None:
            return [*facts, (self._looked_at, self._not_reached)]
        looked = words.span(it.record.started, it.record.ended)
        if it.record.reason:
            looked += f"; {words.clauses.states['not_observed']}: {words.reason(it.record.reason)}"
            if it.record.detail:
                looked += f" ({words.detail(it.record.detail)})"
        return [*facts, (self._looked_at, looked), (self._used, words.used(it.record))]

    def _finding(self, finding: Finding, it: ServicePart, common: Common) -> FindingText:
        words = self._words
        rows: list[tuple[str, str]] = []
        if finding.waiver is not None:
            rows.append((self._accepted, words.waiver(finding.waiver)))
        if (subject := _subject(finding)) != common.subject:
            rows.append((self._subject, subject))
        if finding.expected is not None:
            rows.append((self._expected, finding.expected))
        if finding.found is not None:
            rows.append((self._found, words.detail(finding.found)))
        rows.append((self._fix, self._repair(finding)))
        if finding.sightings and (not common.addresses or _addresses(finding) != common.addresses):
            rows.append((self._seen_at, "; ".join(map(words.sighting, finding.sightings))))
        elif common.addresses and not finding.sightings:
            rows.append((self._seen_at, self._no_address))
        replay = "" if finding.replay is None else f", {words.replay(finding.replay)}"
        cited = f"{finding.check} v{finding.check_version}, {self._cited}{_refs(finding, it)}{replay}"
        rows.append((self._check, cited))
        word = finding.severity or ""
        since = words.since(finding)
        return FindingText(finding.fingerprint, word, words.severities[word], words.text(finding), since, rows)

    def _repair(self, finding: Finding) -> Markup:
        """Who can repair it and how; the lines of configuration stand once, with the fix."""
        fixed_by = repaired_by(finding, self._words.beside(finding))
        key = finding.check, finding.outcome, fixed_by
        if (said := self._repairs.get(key)) is None:
            who = self._words.phrases.fixed_by[fixed_by]
            said = self._repairs[key] = Markup("[{}] {}").format(who, self._words.fix(finding.check, finding.outcome))
        return said

    def _said(self, finding: Finding, it: ServicePart) -> str:
        return self._words.text(finding) + _refs(finding, it)

    def _line(self, findings: Iterable[Finding], text: str) -> LineText:
        return LineText([(finding.fingerprint, finding.check) for finding in findings], text)

    def _alike(self, findings: Iterable[Finding], it: ServicePart) -> Iterator[LineText]:
        """Verdicts of which the same is said, of the same evidence, in one line."""
        groups: dict[str, list[Finding]] = {}
        for finding in findings:
            groups.setdefault(self._said(finding, it), []).append(finding)
        for text, own in groups.items():
            yield self._line(own, text)


def _by_area(named: Iterable[Brief]) -> Iterator[LineText]:
    """Checks by their area; with its subject each that was made of several."""
    for area, own in groupby(named, key=lambda it: it.check.partition(".")[0]):
        briefs = list(own)
        times = Counter(it.check for it in briefs)
        checks = [it.check if times[it.check] == 1 else f"{it.check} ({_subject(it)})" for it in briefs]
        yield LineText([("", it) for it in checks], f"{_AREAS.get(area) or upfirst(area)} ({len(briefs)})")


def _subject(it: Finding | Brief) -> str:
    return f"{it.subject.kind}: {it.subject.key}"


def _addresses(finding: Finding) -> str | None:
    """The addresses of a finding that was made at every one of them; None where one says something else, or none does."""
    if not finding.sightings or any(it.state is not finding.state or it.reason for it in finding.sightings):
        return None
    return ", ".join(it.address for it in finding.sightings)


def _refs(finding: Finding, it: ServicePart) -> str:
    """The numbers of its evidence in the list below it."""
    numbers: Iterable[int] = sorted([it.evidence[digest] for digest in finding.evidence])
    return f" [{', '.join(map(str, numbers))}]" if finding.evidence else ""
