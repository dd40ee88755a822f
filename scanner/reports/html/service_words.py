"""One target as its part of the page says it: every value is text already, so that the template has nothing to work out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from scanner.findings import Finding, FixedBy, Severity, State
from scanner.reports.html.page import ServicePart
from scanner.reports.html.readable import upfirst

if TYPE_CHECKING:
    from scanner.reports.html.words import Words


COUNTED_ON_PAPER = "passed"


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
    """A verdict in one line."""

    fingerprint: str
    check: str
    text: str


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
    lines: list[tuple[str, list[LineText], str]]
    """Title, verdicts and, for those that are only counted on paper, the class that says so."""
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
        self._nothing, self._evidence = say("Nothing was concluded about this endpoint."), say("Evidence")
        self._accepted, self._subject, self._expected = say("Accepted"), say("Subject"), say("Expected")
        self._found, self._fix, self._seen_at, self._check = say("Found"), say("Fix"), say("Seen at"), say("Check")
        self._cited = say("evidence")
        self._pass = upfirst(words.phrases.states[State.PASS])

    def text(self, it: ServicePart) -> ServiceText:
        """Everything about one target."""
        words = self._words
        counts = Counter(finding.severity for finding in it.findings)
        findings = [(self._open, it.findings), (self._accepted_title, it.accepted)]
        told: list[tuple[str, list[LineText], str]] = []
        if it.unknown:
            title = f"{words.phrases.unknown_title}: {words.number(len(it.unknown))}"
            kind = "" if it.row.observed else COUNTED_ON_PAPER  # there all of them say what stands above already
            told.append((title, [self._line(finding, it) for finding in it.unknown], kind))
        if it.passed:
            title = f"{self._pass}: {words.number(len(it.passed))}"
            told.append((title, [self._line(finding, it) for finding in it.passed], COUNTED_ON_PAPER))
        if it.other:
            title = f"{self._other}: {words.number(len(it.other))}"
            told.append((title, [self._line(finding, it, state=True) for finding in it.other], COUNTED_ON_PAPER))
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
            facts=self._facts(it),
            findings=[(title, [self._finding(finding, it) for finding in own]) for title, own in findings if own],
            lines=told,
            nothing="" if it.findings or it.accepted or told else self._nothing,
            evidence=self._evidence,
            digests=tuple(it.evidence),
        )

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

    def _finding(self, finding: Finding, it: ServicePart) -> FindingText:
        words = self._words
        rows: list[tuple[str, str]] = []
        if finding.waiver is not None:
            rows.append((self._accepted, words.waiver(finding.waiver)))
        rows.append((self._subject, f"{finding.subject.kind}: {finding.subject.key}"))
        if finding.expected is not None:
            rows.append((self._expected, finding.expected))
        if finding.found is not None:
            rows.append((self._found, words.detail(finding.found)))
        rows.append((self._fix, self._repair(finding)))
        if finding.sightings:
            rows.append((self._seen_at, "; ".join(map(words.sighting, finding.sightings))))
        replay = "" if finding.replay is None else f", {words.replay(finding.replay)}"
        cited = f"{finding.check} v{finding.check_version}, {self._cited}{_refs(finding, it)}{replay}"
        rows.append((self._check, cited))
        word = finding.severity or ""
        since = words.since(finding)
        return FindingText(finding.fingerprint, word, words.severities[word], words.text(finding), since, rows)

    def _repair(self, finding: Finding) -> Markup:
        """Who can repair it and how; the lines of configuration stand once, with the fix."""
        key = finding.check, finding.outcome, finding.fixed_by
        if (said := self._repairs.get(key)) is None:
            who = self._words.phrases.fixed_by[finding.fixed_by]
            said = self._repairs[key] = Markup("[{}] {}").format(who, self._words.fix(finding.check, finding.outcome))
        return said

    def _line(self, finding: Finding, it: ServicePart, *, state: bool = False) -> LineText:
        text = self._words.text(finding) + _refs(finding, it)
        if state:
            text = f"{self._words.phrases.states[finding.state]}: {text}"
        return LineText(finding.fingerprint, finding.check, text)


def _refs(finding: Finding, it: ServicePart) -> str:
    """The numbers of its evidence in the list below it."""
    numbers: Iterable[int] = sorted([it.evidence[digest] for digest in finding.evidence])
    return f" [{', '.join(map(str, numbers))}]" if finding.evidence else ""
