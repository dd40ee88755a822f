"""How the values of a report are written for its templates: plain text in one language, which the templates escape."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import msgspec
from markupsafe import Markup

from scanner.check_docs.docstring import text_of
from scanner.clauses.assessed import ClauseAssessment
from scanner.cost import Cost
from scanner.findings import AcceptedUntil, Finding, Severity, Sighting
from scanner.fixes import Fix, sentence_of
from scanner.frameworks.texts import framework_text
from scanner.journal import TargetRecord
from scanner.locale.clause_phrases import clause_phrases
from scanner.locale.details import detail_text, finding_text
from scanner.locale.phrases import Condition, phrases
from scanner.locale.printable import shortened
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker
from scanner.locale.values import write_clock, write_date, write_number, write_time
from scanner.observations.steps import Reason, Replay
from scanner.registry import Check
from scanner.reports.advice import Fix as Repair
from scanner.reports.advice import whole_fix
from scanner.reports.html.clause_words import ClauseWords
from scanner.reports.html.conclusion import conclusion, period, span
from scanner.reports.html.page import COUNTED, MAX_LISTED, Action, ClausePart, Page, ServicePart, anchor_of, services
from scanner.reports.html.readable import ticked, upfirst
from scanner.reports.summary import Row
from scanner.service_beside import service_beside, with_service

if TYPE_CHECKING:
    from scanner.history.changes import Changed

_SHORT: Final = {
    "bssn-4-2021": "BSSN 4/2021",
    "panrb-8-2026": "Pemdi",
    "kominfo-1-2023": "Permenkominfo 1/2023",
    "pp-71-2019": "PP 71/2019",
}
"""What those who work with a framework call it; of others the title stands, without its subject."""
_REASONS: Final = frozenset(Reason)
MAX_HOSTS: Final = 2
"""So many are named with an action; more are counted."""
MAX_PLACES: Final = 1
"""Shared places told with an action; more are counted."""
MAX_TITLE: Final = 110
"""Characters of a clause on the first page; all of its text stands with the clause."""
MAX_NEEDED: Final = 2
"""Documents named on the first page for one clause; all of them stand with the clause."""


class Words:
    """One report's words."""

    def __init__(self, page: Page, checks: Mapping[str, Check], language: str) -> None:
        self.language = language
        self.speaker = Speaker(language)
        self.say = self.speaker.say
        self.zone = page.run.manifest.estate.time_zone
        self.phrases = phrases(language)
        self.clauses = clause_phrases(language)
        self.severities = {it.word: upfirst(self.phrases.severities[it]) for it in Severity}
        self.counted = COUNTED
        self.anchor = anchor_of
        self._page = page
        self._checks = checks
        self._repairs: dict[tuple[str, str, bool], Repair | None] = {}
        self._first_with: dict[tuple[str, str, bool], str] = {}
        self._clause = ClauseWords(page.assessed.time_zone, self.speaker)
        self._replays = {
            Replay.DERIVED: self.say("derived"),
            Replay.DECRYPTED: self.say("decrypted"),
            Replay.ATTESTED: self.say("attested"),
        }
        self.change_words = {
            "new": self.say("new"),
            "held": self.say("seen once, waiting for a second scan"),
            "continuing": self.say("continuing"),
            "fixed": self.say("fixed"),
            "not_comparable": self.say("not comparable"),
        }
        self._obstacles = {
            "unseen": self.say("not seen this time"),
            "gone": self.say("no longer there; another scan must confirm it"),
            "check": self.say("the check was another"),
            "policy": self.say("the thresholds were others"),
            "vantage": self.say("looked at from elsewhere"),
            "target": self.say("no longer in the list"),
            "accepted": self.say("accepted since"),
        }

    # -- numbers, times, reasons

    def number(self, value: float) -> str:
        """In local style."""
        return write_number(value, self.language)

    def known(self, value: int | None) -> str:
        """A number, or a question mark where nothing is known: never 0 for that."""
        return "?" if value is None else write_number(value, self.language)

    def time(self, moment: datetime) -> str:
        """Day and time, with the zone."""
        return write_time(moment, self.language, self.zone)

    def clock(self, moment: datetime) -> str:
        """Time of the day, with the zone."""
        return write_clock(moment, self.language, self.zone)

    def span(self, first: datetime, last: datetime | None) -> str:
        """From when to when."""
        return span(first, last, self.language, self.zone)

    def period(self) -> str:
        """When it was looked."""
        return period(self._page, self.speaker)

    def date(self, day: date) -> str:
        """A day."""
        return write_date(day, self.language)

    def json(self, value: object) -> str:
        """The value of a threshold on one line."""
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()

    def reason(self, name: str) -> str:
        """Why something was not seen; a word of another version is shown as it is."""
        return reason_text(Reason(name), self.language) if name in _REASONS else name

    def detail(self, text: str) -> str:
        """Where it stopped, in words."""
        return detail_text(text, self.language)

    def framework(self, text: str) -> str:
        """What the data of a framework says in English only."""
        return framework_text(text, self.language)

    def reasons(self, counts: Mapping[str, int]) -> str:
        """`21 diblokir, 9 nama tidak memiliki alamat`, the most frequent first."""
        ordered = sorted(counts.items(), key=lambda it: (-it[1], it[0]))
        return ", ".join(f"{self.number(count)} {self.reason(name)}" for name, count in ordered)

    def stopped(self, why: str) -> str:
        """What stopped the run."""
        return self.phrases.ground.stopped.get(why, why)

    def plain(self, name: str) -> str:
        """A name as part of an anchor."""
        return re.sub(r"[^a-z0-9]+", "-", name.lower())

    # -- the first page

    def conclusion(self) -> list[str]:
        """The first sentences."""
        return list(conclusion(self._page, self.speaker))

    def vantage(self) -> str:
        """Where was looked from, as far as its operator says."""
        vantage = self._page.run.manifest.estate.vantage
        return ", ".join(filter(None, (self.phrases.ground.places[vantage.kind], vantage.name, vantage.address)))

    def severity_counts(self, counts: Mapping[str, int]) -> str:
        """`2 kritis, 9 tinggi`; `0` for none."""
        return self._clause.by_severity(counts) or self.number(0)

    def basis(self) -> str:
        """What allows the scan; that nothing is named is said too."""
        ground, authorisation = self.phrases.ground, self._page.run.manifest.estate.authorisation
        if authorisation is None:
            return ground.none_named
        told = ground.authorisation.format(number=authorisation.number, date=self.date(authorisation.valid_until))
        issued = ground.issued_by.format(name=authorisation.issued_by) if authorisation.issued_by else ""
        return ", ".join(filter(None, (told, issued)))

    def sentence(self, fix: Fix) -> str:
        """How many findings a fix settles, and whether in one place."""
        return sentence_of(fix, self.speaker)

    def action(self, action: Action) -> str:
        """How much an action settles: one fix, or one kind of fault in several places."""
        hosts = list(dict.fromkeys(it for fix in action.fixes for it in fix.services or map(self._host, fix.targets)))
        if action.findings == 1:
            return "" if hosts[0] in action.fault else hosts[0]
        shared = [fix for fix in action.fixes if fix.shared is not None]
        if len(action.fixes) == 1:
            said = self.sentence(action.fixes[0])
        else:
            said = self.say(
                "{findings} findings at {targets} endpoints",
                findings=self.number(action.findings),
                targets=self.number(action.targets),
            )
            said = "; ".join((said, *map(self.sentence, shared[:MAX_PLACES])))
            if len(shared) > MAX_PLACES:
                said += "; " + self.speaker.say_count(
                    "{number} more shared place",
                    "{number} more shared places",
                    len(shared) - MAX_PLACES,
                    number=self.number(len(shared) - MAX_PLACES),
                )
        if len(hosts) <= MAX_HOSTS and (len(action.fixes) > 1 or not action.fixes[0].services):
            said += f" ({', '.join(hosts)})"
        if action.units > 1:
            said += ", " + self.speaker.say_count(
                "{number} unit", "{number} units", action.units, number=self.number(action.units)
            )
        return said

    def _host(self, target_id: str) -> str:
        """The name of a target's machine, as the targets file has it: no path is told on the first page."""
        return self._page.run.target(target_id).parsed_url.host

    # -- services

    def services(self) -> Iterator[tuple[str, str, Iterator[ServicePart]]]:
        """Units with their targets, made while they are written."""
        return services(self._page)

    def condition(self, row: Row) -> str:
        """What a target comes to."""
        severity = "" if row.gravest is None else self.phrases.severities[row.gravest]
        if row.condition is Condition.FINDINGS:
            return self.phrases.conditions[row.condition].format(severity=severity)
        return self.phrases.conditions[row.condition]

    def used(self, record: TargetRecord) -> str:
        """What was used of what the plan allows."""
        return f"{self.cost(record.used)} / {self.cost(record.ceiling)}"

    def cost(self, cost: Cost) -> str:
        """Connections, requests and queries."""
        return ", ".join(
            (
                self.phrases.count(cost.connections, self.phrases.connection),
                self.phrases.count(cost.requests, self.phrases.request),
                self.speaker.say_count(
                    "{number} DNS query", "{number} DNS queries", cost.queries, number=self.number(cost.queries)
                ),
            )
        )

    def looks_at(self, check_id: str) -> str:
        """What a check looks at, in a sentence; empty where it is not part of this version."""
        check = self._checks.get(check_id)
        return "" if check is None else text_of(check).what.of(self.language)

    def text(self, finding: Finding) -> str:
        """What was concluded."""
        return with_service(self.beside(finding), finding_text(finding.message, self.language))

    def beside(self, finding: Finding) -> str:
        """The service it is about, where that is not the target's own."""
        return service_beside(self._page.run.target(finding.target), finding)

    def sighting(self, it: Sighting) -> str:
        """What was concluded at one address."""
        why = f" ({self.reason(it.reason)})" if it.reason is not None else ""
        return f"{it.address}: {self.phrases.states[it.state]}{why}"

    def repair(self, check_id: str, outcome: str, *, beside: bool = False) -> Repair | None:
        """How it is repaired, whole; None where the check is not part of this version."""
        key = check_id, outcome, beside
        if key not in self._repairs:
            check = self._checks.get(check_id)
            self._repairs[key] = None if check is None else whole_fix(check, self.language, outcome, beside=beside)
        return self._repairs[key]

    def fix(self, check_id: str, outcome: str) -> Markup:
        """How it is repaired, in words, with commands as code."""
        repair = self.repair(check_id, outcome)
        return Markup() if repair is None else ticked(repair.text)

    def first_with(self, fix: Fix) -> str:
        """The anchor of the first fix of the page that is made the same way: lines of configuration stand there only."""
        return self._first_with.setdefault((fix.check, fix.outcome, bool(fix.services)), fix.anchor)

    def waiver(self, waiver: AcceptedUntil) -> str:
        """Until when it is accepted, by whom and why."""
        return self.phrases.decided.accepted_until.format(
            date=self.date(waiver.until), approved_by=waiver.approved_by, reason=waiver.reason
        )

    def replay(self, replay: Replay) -> str:
        """How far its evidence can be derived again."""
        return self._replays[replay]

    # -- changes

    def changed(self, change: str, severity: Severity | None = None) -> int:
        """How many findings changed so, of one severity or of all but information."""
        changes = self._page.changes
        wanted = {it.word for it in (COUNTED if severity is None else (severity,))}
        return sum(it.change == change and it.severity in wanted for it in changes.each) if changes is not None else 0

    def since(self, finding: Finding) -> str:
        """Whether a finding is new, else since when it is there; empty when the history does not know it."""
        known = self._page.changes.of(finding.fingerprint) if self._page.changes is not None else None
        if known is None:
            return ""
        if known.change in ("new", "held"):
            return self.change_words[known.change]
        return self.say("since {date}", date=self.time(known.since))

    def change(self, it: "Changed") -> str:
        """What became of a finding, and what is in the way of saying it."""
        why = f" ({self._obstacles[it.why]})" if it.why is not None else ""
        return f"{self.change_words[it.change]}{why}"

    def changed_one_by_one(self) -> list["Changed"]:
        """New, fixed and not comparable findings, gravest first; what continues stands with its endpoint."""
        changes = self._page.changes
        wanted = {it.word: -it for it in COUNTED}
        found = [
            it
            for it in (() if changes is None else changes.each)
            if it.severity in wanted and it.change in ("new", "held", "fixed", "not_comparable")
        ]
        found.sort(key=lambda it: (list(self.change_words).index(it.change), wanted[it.severity], it.target, it.check))
        return found[:MAX_LISTED]

    # -- clauses

    def clause_name(self, part: ClausePart) -> str:
        """Where it stands, and in English what it is about."""
        return part.clause.article if self.language == "id" else f"{part.clause.article}: {part.clause.title}"

    def clause_on_first_page(self, part: ClausePart) -> str:
        """Framework, place and title: `Pemdi indikator 11, Penerapan Kriptografi untuk Keamanan Data`."""
        framework = next(it.framework for it in self._page.frameworks if it.framework.id == part.said.framework)
        name = _SHORT.get(framework.id) or framework.title.id.partition(" tentang ")[0]
        title = part.clause.title if self.language == "en" else upfirst(part.clause.text)
        title = shortened(title.removeprefix("Tingkat Kematangan "), MAX_TITLE)
        _, is_indicator, number = part.clause.id.partition("/indikator-")
        if is_indicator:
            return self.say("{framework} indicator {number}, {title}", framework=name, number=number, title=title)
        return f"{name} {part.clause.article}: {title}"

    def seen(self) -> str:
        """When and from where: what belongs beside every figure."""
        ground, kind = self.phrases.ground, self._page.run.manifest.estate.vantage.kind
        vantage = ground.vantage[kind] or ground.places[kind]
        return self.clauses.seen.format(time=self.period(), vantage=vantage)

    def figure(self, said: ClauseAssessment) -> str:
        """Its figure in one line, for the first page."""
        return self._clause.short(said)

    def figure_lines(self, said: ClauseAssessment) -> list[str]:
        """Its figure with its whole, its unknown part, its date and vantage."""
        return list(self._clause.figure_lines(said))

    def needed(self, part: ClausePart) -> str:
        """The first documents that are still needed."""
        crosswalk = part.clause.crosswalk
        texts = [] if crosswalk is None else [it.of(self.language) for it in crosswalk.manual]
        if not texts:
            return self.say("nothing is named")
        more = self.say(" and more") if len(texts) > MAX_NEEDED else ""
        return "; ".join(texts[:MAX_NEEDED]) + more

    def open_findings(self, said: ClauseAssessment) -> str:
        """Open findings by severity; empty for none."""
        return self._clause.open(said)

    def cautions(self, said: ClauseAssessment) -> list[str]:
        """What keeps passes from counting, and what the figure leaves out."""
        return list(self._clause.cautions(said))

    def speaking(self, part: ClausePart) -> list[tuple[str, str, str, str]]:
        """Each entry: how strongly it speaks, its name, what it said here, what that shows and does not show."""
        return list(self._clause.speaking(part.clause, part.said))

    def not_yet(self, said: ClauseAssessment) -> str:
        """What would speak to it, had this version the checks."""
        return self._clause.not_yet(said)

    def all_groups(self, said: ClauseAssessment) -> list[tuple[str, list[str]]]:
        """Units and categories with their states, where there are several and something was seen of one of them."""
        parts = (
            (self.clauses.units, said.units, self.clauses.without_unit),
            (self.clauses.categories, said.categories, self.clauses.without_category),
        )
        told = ((title, list(self._clause.groups(own, nameless))) for title, own, nameless in parts if len(own) > 1)
        return [(title, lines) for title, lines in told if lines]

    def states_of(self, states: Mapping[str, int]) -> str:
        """Verdicts by state: `3 sesuai kebijakan pemindaian, 1 ada temuan`."""
        known = [(it, states.get(it.value, 0)) for it in self.phrases.states]
        return ", ".join(f"{self.number(count)} {self.phrases.states[it]}" for it, count in known if count)

    # -- what was wrong

    def trouble(self) -> list[str]:
        """Doubts about our own network and clock, and what was wrong in the configuration."""
        return list(self._trouble())

    def _trouble(self) -> Iterator[str]:
        ground, ending = self.phrases.ground, self._page.run.ending
        for doubt in () if ending is None else ending.doubts:
            yield ground.doubt.format(
                time=self.clock(doubt.at),
                failed=self.number(doubt.failed),
                of=self.number(doubt.of),
                whose=ground.whose[doubt.whose],
            )
        if ending is not None and ending.clock_jump_s:
            yield ground.clock.format(seconds=self.number(round(ending.clock_jump_s)))
        for check_id, name in self._page.summary.errors_named:
            yield self.phrases.errors.format(
                verdicts=self.phrases.count(1, self.phrases.verdict), names=f"{check_id} ({name.full})"
            )
        problems: Iterable[str] = self._page.run.manifest.estate.problems
        for problem in problems:
            yield self.say("Configuration: {problem}", problem=problem)
