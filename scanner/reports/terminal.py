"""The summary on a terminal: what was found, how much was seen, what to do first. No line is wider than asked for."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import msgspec

from scanner.clauses.assessed import ClausesAssessed
from scanner.findings import Finding, Severity, State
from scanner.history.changes import Changes
from scanner.locale.details import detail_text, finding_text
from scanner.locale.phrases import Phrases, phrases
from scanner.locale.printable import printable, shortened, shortened_in_the_middle, wrapped
from scanner.locale.reasons import reason_text
from scanner.locale.values import DAYS_EN, DAYS_ID, local, write_clock, write_date, write_number, write_time
from scanner.observations.steps import Reason
from scanner.registry import Check
from scanner.reports.advice import MAX_PARTS, fix_of, has_code, software_of_target, software_seen
from scanner.reports.changes_text import changes_text, evidence_text, mark_of
from scanner.reports.look import Look
from scanner.reports.summary import COLUMNS, Action, Name, Open, Row, Summary, most_findings_first, summarise
from scanner.reports.target_table import TargetTable
from scanner.run import Run
from scanner.service_beside import repaired_by, service_beside, with_service

MIN_WIDTH = 40
ROWS_OF_MANY = 10
MAX_OPENS = 4
MAX_REASONS = 4
MAX_PROBLEMS = 5
MAX_DOUBTS = 3
MAX_OFF = 5
MIN_FACT = 32
"""A fact gets a line of its own when less than this is left beside the name."""
MIN_NAME = 20
MAX_MESSAGE = 600
"""A longer sentence is a server's doing, and cut."""
MAX_LABEL = 160
"""As long as an agency's or profile's name may be."""
GAP = 2
SHORT_S = 9.95
"""A shorter scan is told in tenths of a second."""


def terminal(
    run: Run,
    *,
    checks: Mapping[str, Check],
    language: str,
    width: int,
    ascii_only: bool,
    colour: bool,
    exit_text: str,
    seconds: float | None = None,
    files: Sequence[str] = (),
    everything: bool = False,
    command: str | None = None,
    changes: Changes | None = None,
    clauses: ClausesAssessed | None = None,
) -> Iterator[bytes]:
    """The summary, line by line. `exit_text` says the exit code and why, `files` what was written.

    `seconds` is how long the command took; without it the time between the run's beginning and end is given.
    `everything` lists all findings and all that could not be concluded; `command` is what the reader types for that.
    `changes` are those since an earlier run, `clauses` what the run says about clauses, where there is something to say.
    """
    words = phrases(language)
    look = Look(max(width, MIN_WIDTH), ascii_only, colour)
    summary = summarise(run, checks, language)
    command = command or f"pindai report {run_label(run.id)} --all"
    page = _Page(run, summary, words, look, checks, everything, command, changes, clauses)
    if seconds is None and run.ending is not None:
        seconds = (run.ending.ended - run.manifest.started).total_seconds()
    for line in page.lines(exit_text, seconds, files):
        yield line.encode("ascii" if ascii_only else "utf-8", "backslashreplace") + b"\n"


def quiet_lines(run: Run, *, language: str, checks: Mapping[str, Check] | None = None) -> Iterator[bytes]:
    """The two lines of `--quiet`: findings and coverage, each on one line however long."""
    words = phrases(language)
    summary = summarise(run, checks or {}, language)
    for title, text in (
        (words.findings_title, _findings_text(summary, words)),
        (words.coverage_title, _coverage_text(summary, words)),
    ):
        yield f"{_label(title)}{printable(text, ascii_only=True)}\n".encode("ascii")


class _Page(msgspec.Struct, frozen=True):
    """The parts of the summary, each a few lines."""

    run: Run
    summary: Summary
    words: Phrases
    look: Look
    checks: Mapping[str, Check]
    everything: bool
    command: str
    changes: Changes | None
    clauses: ClausesAssessed | None
    software_of: dict[str, frozenset[str]] = {}
    """What was found of targets' software so far."""

    def lines(self, exit_text: str, seconds: float | None, files: Sequence[str]) -> Iterator[str]:
        """The whole page."""
        yield from self.head()
        yield ""
        found = _findings_text(self.summary, self.words)
        if self.changes is not None:
            found += f" {changes_text(self.changes, self.words.language)}"
        yield from self._labelled(self.words.findings_title, found)
        yield from self._labelled(self.words.coverage_title, _coverage_text(self.summary, self.words))
        yield from self.population()
        if self.everything:
            yield from self.ground()
        yield from self.errors()
        yield from self.doubts()
        yield from self.problems()
        if self.summary.targets > 1:
            yield ""
            yield from self.table()
        yield ""
        yield from self.actions()
        if self.everything:
            yield ""
            yield from self.all_findings()
            yield ""
        else:
            yield from self.others()
            yield from self.opens()
            yield from self.switched_off()
        if self.clauses is not None and (told := evidence_text(self.clauses, self.words.language)):
            yield from wrapped(self.look.text(told), self.look.width, rest="  ")
        marking = shortened(self.look.text(self.run.manifest.estate.marking), MAX_LABEL)
        for index, file in enumerate(files):
            yield from _path_lines(
                self.look.text(file), self.look.width, _label(self.words.files_title if index == 0 else ""), marking
            )
        yield from wrapped(self.look.text(self._ending(exit_text, seconds)), self.look.width, rest="  ")
        if self.everything and marking:
            yield from wrapped(marking, self.look.width)

    def _labelled(self, title: str, text: str) -> list[str]:
        label = _label(title)
        return wrapped(self.look.text(text), self.look.width, first=label, rest=" " * len(label))

    # -- head

    def head(self) -> Iterator[str]:
        """Who, when, what was asked for, and whether it was brought to an end."""
        manifest, words = self.run.manifest, self.words
        zone = manifest.estate.time_zone
        day = (DAYS_ID if words.language == "id" else DAYS_EN)[local(manifest.started, zone).weekday()]
        moment = f"{day} {write_time(manifest.started, words.language, zone)}"
        yield from self._joined([f"Pindai {manifest.tool.pindai}", manifest.estate.agency, moment], " | ")
        yield from self._joined(
            [
                self._asked(),
                words.profile.format(name=manifest.profile.name),
                words.ground.vantage[manifest.estate.vantage.kind],
                words.run.format(id=run_label(self.run.id)),
            ],
            " | ",
        )
        if (unfinished := self._unfinished()) is not None:
            yield from wrapped(self.look.text(unfinished), self.look.width)

    def _asked(self) -> str:
        coverage, words = self.summary.assessment.coverage, self.words
        if coverage.targets == 1:
            return self.summary.rows[0].name.full
        targets = words.count(coverage.targets, words.target)
        return f"{targets}, {words.count(coverage.units, words.unit)}" if coverage.units else targets

    def _unfinished(self) -> str | None:
        coverage, words, ending = self.summary.assessment.coverage, self.words, self.run.ending
        unjudged = len(self.run.journal.unjudged())
        if ending is not None and not ending.interrupted and not coverage.not_reached and not unjudged:
            return None
        template = words.incomplete if ending is not None else words.unended
        if ending is not None and ending.interrupted:
            template = words.interrupted
        text = template.format(
            signal="" if ending is None else words.ground.stopped.get(ending.interrupted, ending.interrupted),
            missing=words.number(coverage.not_reached),
            targets=words.count(coverage.targets, words.target),
        )
        return f"{text}; {words.unjudged.format(targets=words.count(unjudged, words.target))}" if unjudged else text

    def _joined(self, pieces: Sequence[str], separator: str) -> Iterator[str]:
        """The pieces side by side, begun anew where the line is full."""
        line = ""
        for piece in pieces:
            text = shortened(self.look.text(piece), MAX_LABEL)
            if not text:
                continue
            if len(text) > self.look.width:
                if line:
                    yield line
                *full, line = wrapped(text, self.look.width)
                yield from full
            elif line and len(line) + len(separator) + len(text) > self.look.width:
                yield line
                line = text
            else:
                line = f"{line}{separator}{text}" if line else text
        yield line

    # -- where the run stood, and on what

    def population(self) -> Iterator[str]:
        """How far the targets reach into the official list, where there is one: never a share without its whole."""
        figures, words = self.summary.assessment.coverage.population, self.words
        if figures is None:
            return
        text = words.ground.population.format(
            document=shortened(figures.document, MAX_LABEL),
            date=write_date(figures.date, words.language),
            listed=words.number(figures.services_listed),
            services=words.number(figures.services),
            observed=words.number(figures.services_observed),
        )
        yield from self._labelled("", text)

    def ground(self) -> Iterator[str]:
        """Where was looked from, and what allows it; what the operator did not say is said to be unsaid."""
        estate, words = self.run.manifest.estate, self.words.ground
        vantage = estate.vantage
        yield from self._labelled(
            words.vantage_title, _told([words.places[vantage.kind], vantage.name, vantage.address])
        )
        basis = [words.none_named]
        if (authorisation := estate.authorisation) is not None:
            until = write_date(authorisation.valid_until, self.words.language)
            number = shortened(authorisation.number, MAX_LABEL)
            basis = [words.authorisation.format(number=number, date=until)]
            if authorisation.issued_by:
                basis.append(words.issued_by.format(name=shortened(authorisation.issued_by, MAX_LABEL)))
        yield from self._labelled(words.authorisation_title, ", ".join(basis))
        if plugins := self.run.manifest.plugins:
            named = [shortened(f"{it.distribution} {it.version}", MAX_LABEL) for it in plugins]
            yield from self._labelled(words.plugins_title, ", ".join(named))

    def doubts(self) -> Iterator[str]:
        """When our own network was in doubt, and our own clock: before anybody is accused."""
        ending, words = self.run.ending, self.words
        if ending is None:
            return
        for doubt in ending.doubts[:MAX_DOUBTS]:
            text = words.ground.doubt.format(
                time=write_clock(doubt.at, words.language, self.run.manifest.estate.time_zone),
                failed=words.number(doubt.failed),
                of=words.number(doubt.of),
                whose=words.ground.whose[doubt.whose],
            )
            yield from wrapped(self.look.text(text), self.look.width, rest="  ")
        if (hidden := len(ending.doubts) - MAX_DOUBTS) > 0:
            yield f"  {words.more.format(count=words.number(hidden))}"
        if ending.clock_jump_s:
            text = words.ground.clock.format(seconds=words.number(round(ending.clock_jump_s)))
            yield from wrapped(self.look.text(text), self.look.width, rest="  ")

    def problems(self) -> Iterator[str]:
        """What was wrong in the configuration and left out; the run is incomplete by it."""
        problems, words = self.run.manifest.estate.problems, self.words
        if not problems:
            return
        yield from wrapped(_many(words.ground.problems, len(problems), words), self.look.width, rest="  ")
        for problem in problems[:MAX_PROBLEMS]:
            line = shortened(self.look.text(problem), MAX_MESSAGE)
            yield from wrapped(line, self.look.width, first="  ", rest="    ")
        if (hidden := len(problems) - MAX_PROBLEMS) > 0:
            yield f"  {words.more.format(count=words.number(hidden))}"

    # -- table

    def table(self) -> Iterator[str]:
        """A row a target; a row a unit, and only the worst, when targets are too many."""
        rows: Sequence[Row] = self.summary.rows
        by_unit = self.summary.is_large and bool(self.summary.units)
        noun = self.words.unit if by_unit else self.words.target
        if self.summary.is_large:
            rows = self.summary.units if by_unit else sorted(rows, key=most_findings_first)
        hidden = len(rows) - ROWS_OF_MANY if self.summary.is_large else 0
        if hidden > 0:
            rows = rows[:ROWS_OF_MANY]
        yield from TargetTable(rows, self.words, self.look, by_unit).lines()
        if hidden > 0:
            text = self.words.more_rows.format(count=self.words.number(hidden), noun=noun[0 if hidden == 1 else 1])
            yield from wrapped(text, self.look.width, rest="  ")

    # -- what to do first

    def actions(self) -> Iterator[str]:
        """Each finding or fix: what it is, and how it is repaired by the one who can."""
        actions, words, look = self.summary.actions, self.words, self.look
        if not actions:
            return
        yield words.first_title
        severities = [words.severities[action.severity].upper() for action in actions]
        names = [self._action_name(action) for action in actions]
        severity_width = max(map(len, severities))
        name_width = min(max(map(len, names)), max(look.width // 3, 12))
        told: set[tuple[str, str, bool]] = set()
        for number, (action, severity, name) in enumerate(zip(actions, severities, names, strict=True), 1):
            lead = f"{number} {severity.ljust(severity_width)}"
            if name_width:
                lead += " " * GAP + shortened_in_the_middle(name, name_width).ljust(name_width)
            yield from self._fact(lead, action.message, action.severity, rest="  ", mark=self._mark(action))
            if action.in_one_place:
                yield from wrapped(look.text(action.in_one_place), look.width, first="  ", rest="    ")
            yield from self._step(action, again=(action.check, action.outcome, action.beside) in told)
            told.add((action.check, action.outcome, action.beside))

    def _mark(self, action: Action) -> str:
        """Since when a finding is there, where an earlier run tells."""
        if self.changes is None or not action.fingerprint:
            return ""
        manifest = self.run.manifest
        changed = self.changes.of(action.fingerprint)
        return mark_of(changed, manifest.started, self.words.language, manifest.estate.time_zone)

    def _fact(self, lead: str, message: str, severity: Severity, *, rest: str, mark: str = "") -> Iterator[str]:
        """A finding's sentence after its lead, on lines of its own where room is short; the severity in colour. The mark
        stands at the right edge, or behind the sentence where that fills the line.
        """
        look = self.look
        fact = shortened(look.text(message), MAX_MESSAGE)
        if mark:
            room = look.width - len(lead) - 2 * GAP - len(mark)
            fact = f"{fact.ljust(room)}{' ' * GAP}{mark}" if len(fact) <= room else f"{fact} ({mark})"
        if look.width - len(lead) - GAP >= min(MIN_FACT, len(fact)):
            lines = wrapped(fact, look.width, first=lead + " " * GAP, rest=rest)
        else:
            lines = [lead.rstrip(), *wrapped(fact, look.width, first=rest, rest=rest)]
        word = self.words.severities[severity].upper()
        yield lines[0].replace(word, look.paint(word, severity), 1)
        yield from lines[1:]

    def _action_name(self, action: Action) -> str:
        if action.targets > 1:
            return self.words.count(action.targets, self.words.target)
        # A run of one target names it in its head.
        return "" if self.summary.targets == 1 else self.look.text(action.name.short)

    def _step(self, action: Action, *, again: bool) -> list[str]:
        """Who can repair it, and how; of fixes of one kind in several places, that is told `again` in a word."""
        who = f"  [{self.words.fixed_by[action.fixed_by]}] "
        advice = self._advice(action.check, action.outcome, action.evidence, beside=action.beside)
        room = self.look.width - len(who)
        if again and advice and self.summary.is_large:
            advice = self.words.listed.fix_above
        elif self._has_more(action, advice):
            advice += f" (pindai checks {action.check})"
        if len(advice) > room >= len(advice) - advice.count("`"):
            advice = advice.replace("`", "")
        return wrapped(advice, self.look.width, first=who, rest="    ")

    def _has_more(self, action: Action, advice: str) -> bool:
        """Whether the check has lines to paste of which none is in this advice: which software it is was not seen."""
        check = self.checks.get(action.check)
        return (
            check is not None
            and not action.beside
            and has_code(check, action.outcome)
            and advice == self.look.text(fix_of(check, self.words.language, action.outcome)).rstrip(" .")
        )

    def _advice(
        self, check_id: str, outcome: str, evidence: Sequence[str], target: str = "", *, beside: bool = False
    ) -> str:
        """How that is repaired, with the line for the software that the evidence names; none at a service `beside` it."""
        check = self.checks.get(check_id)
        if check is None:
            return ""
        asked = has_code(check, outcome) and not beside
        software = self._software(evidence, target) if asked else frozenset()
        return self.look.text(fix_of(check, self.words.language, outcome, software)).rstrip(" .")

    def _software(self, evidence: Sequence[str], target: str) -> frozenset[str]:
        """What the answers behind a finding name, or else those of its target."""
        seen = software_seen(self.run, evidence)
        for digest in () if seen or target else evidence[:MAX_PARTS]:
            target = target or self.run.journal.target_of(digest)
        if seen or not target:
            return seen
        if target not in self.software_of:
            self.software_of[target] = software_of_target(self.run, target)
        return self.software_of[target]

    # -- the other findings

    def others(self) -> Iterator[str]:
        """The rest of the findings where targets are few; else how many there are and what shows them."""
        words, listed, others = self.words, self.words.listed, self.summary.others
        if others:
            yield listed.others
        severity_width = max((len(words.severities[action.severity]) for action in others), default=0)
        names = [self._action_name(action) for action in others]
        name_width = min(max(map(len, names), default=0), max(self.look.width // 3, 12))
        for action, name in zip(others, names, strict=True):
            lead = "  " + words.severities[action.severity].upper().ljust(severity_width)
            if name_width:
                lead += " " * GAP + shortened_in_the_middle(name, name_width).ljust(name_width)
            yield from self._fact(lead, action.message, action.severity, rest="    ")
        if hidden := self.summary.hidden:
            by_kind = listed.each if self.summary.is_large else listed.more
            templates = by_kind if self.summary.actions else listed.hidden
            text = templates[hidden > 1].format(count=words.number(hidden), command=self.look.text(self.command))
            yield from wrapped(text, self.look.width, rest="  ")

    def all_findings(self) -> Iterator[str]:
        """Every finding by target, the worst target first; then what could not be concluded there, by reason."""
        listed = self.words.listed
        yield listed.everything
        told: set[str] = set()
        records = {target.id: record for target, record in self.run.targets()}
        empty = True
        for row in self.summary.rows:
            findings = sorted(self.run.findings(row.target), key=_open_and_gravest_first)
            lines = [line for finding in findings if finding.rank >= 0 for line in self._listed(finding, told)]
            opens = _open_checks(findings, self.words)
            if not findings:
                record = records[row.target]
                opens = {_reason((record and record.reason) or Reason.INTERRUPTED, self.words.language): ()}
            for reason, names in opens.items():
                text = f"{self.words.states[State.UNKNOWN]} ({reason})" + (": " if names else "") + ", ".join(names)
                lines += wrapped(self.look.text(text), self.look.width, first="  ", rest="    ")
            for finding in findings:
                if finding.reason is Reason.DISABLED:
                    lines += self._why_off(finding)
            if lines:
                empty = False
                yield ""
                title = row.name.full + (f" ({row.unit})" if row.unit else "")
                yield from wrapped(shortened(self.look.text(title), MAX_MESSAGE), self.look.width, rest="  ")
                yield from lines
        if empty:
            yield listed.nothing

    def _why_off(self, finding: Finding) -> list[str]:
        """A check that was switched off, and what was written as the reason."""
        why = finding.message.arguments.get("detail", "")
        text = f"{_reason(Reason.DISABLED, self.words.language)}: {finding.check}" + (f" ({why})" if why else "")
        line = shortened(self.look.text(text), MAX_MESSAGE)
        return wrapped(line, self.look.width, first="  ", rest="    ")

    def _listed(self, finding: Finding, told: set[str]) -> Iterator[str]:
        """A finding, and how it is repaired when that was not told before."""
        words, severity = self.words, Severity(finding.rank)
        service = service_beside(self.run.target(finding.target), finding)
        message = with_service(service, finding_text(finding.message, words.language))
        yield from self._fact(f"  {words.severities[severity].upper()}", message, severity, rest="    ")
        if (waiver := finding.waiver) is not None:
            text = words.decided.accepted_until.format(
                date=write_date(waiver.until, words.language), approved_by=waiver.approved_by, reason=waiver.reason
            )
            line = shortened(self.look.text(text), MAX_MESSAGE)
            yield from wrapped(line, self.look.width, first="    ", rest="      ")
        advice = self._advice(finding.check, finding.outcome, finding.evidence, finding.target, beside=bool(service))
        text = f"[{words.fixed_by[repaired_by(finding, service)]}] {self.look.text(finding.check)}"
        if advice:
            text += f" ({words.listed.fix_above})" if advice in told else f": {advice}"
        told.add(advice)
        yield from wrapped(text, self.look.width, first="    ", rest="      ")

    # -- what could not be concluded, and our own faults

    def opens(self) -> Iterator[str]:
        """A line a reason, the commonest first."""
        if not self.summary.opens:
            return
        yield from wrapped(self.words.unknown_title, self.look.width)
        for entry in self.summary.opens[:MAX_OPENS]:
            yield from self._open(entry)
        if (hidden := len(self.summary.opens) - MAX_OPENS) > 0:
            yield from wrapped(
                self.words.more_reasons[hidden > 1].format(count=self.words.number(hidden)),
                self.look.width,
                first="  ",
                rest="    ",
            )

    def switched_off(self) -> Iterator[str]:
        """The checks that the configuration switched off: somebody's decision, and no gap of this run."""
        off, words = self.summary.off, self.words
        if not off:
            return
        named = [
            words.decided.off_at.format(check=it.check, targets=words.count(it.targets, words.target))
            if self.summary.targets > 1
            else it.check
            for it in off[:MAX_OFF]
        ]
        if (hidden := len(off) - MAX_OFF) > 0:
            named.append(words.more.format(count=words.number(hidden)))
        reason = _reason(Reason.DISABLED, words.language)
        text = f"{reason[:1].upper()}{reason[1:]}: {', '.join(named)}"
        yield from wrapped(self.look.text(text), self.look.width, rest="  ")

    def _open(self, entry: Open) -> list[str]:
        words, look = self.words, self.look
        lead = f"  {_reason(entry.reason, words.language)}: "
        if entry.verdicts:
            lead += words.verdicts_at.format(verdicts=words.count(entry.verdicts, words.verdict), names="")
        text = lead + self._names(entry.names, look.width - len(lead))
        if len(text) > look.width:
            # The reason alone, then the names: how many there are must not be what is cut off.
            names = self._names(entry.names, look.width - 4)
            return [*wrapped(lead.strip(), look.width, first="  ", rest="    "), shortened(f"    {names}", look.width)]
        detail = detail_text(entry.detail, words.language)
        if detail.lower() not in text.lower() and len(text) + len(detail) + 3 <= look.width:
            text += f" ({look.text(detail)})"
        return [shortened(text, look.width)]

    def _names(self, names: Sequence[Name], room: int) -> str:
        """As many names as there is room for, and how many more there are."""
        text = ""
        for index, name in enumerate(names):
            left = len(names) - index - 1
            rest = f" {self.words.more.format(count=self.words.number(left))}" if left else ""
            piece = self.look.text(name.short)
            if index == 0:
                text = shortened_in_the_middle(piece, max(room - len(rest), MIN_NAME))
            elif len(text) + 2 + len(piece) + len(rest) <= room:
                text += f", {piece}"
            else:
                return f"{text} {self.words.more.format(count=self.words.number(left + 1))}"
        return text

    def errors(self) -> list[str]:
        """Our own faults, apart from everything about the services."""
        summary, words = self.summary, self.words
        if not summary.errors:
            return []
        named = [f"{check} ({name.short})" for check, name in summary.errors_named]
        if (hidden := summary.errors - len(named)) > 0:
            named.append(words.more.format(count=words.number(hidden)))
        text = words.errors.format(verdicts=words.count(summary.errors, words.verdict), names=", ".join(named))
        return wrapped(self.look.text(text), self.look.width, rest="  ")

    # -- end

    def _ending(self, exit_text: str, seconds: float | None) -> str:
        words, used = self.words, self.summary.used
        cost = [words.count(used.connections, words.connection), words.count(used.requests, words.request)]
        if seconds is not None:
            cost.insert(0, write_long(timedelta(seconds=seconds), words))
        exit_text = exit_text.rstrip(" .")
        return (f"{exit_text}. " if exit_text else "") + ", ".join(cost) + "."


def _label(title: str) -> str:
    """The left edge of the labelled lines: all begin their text in one column."""
    return title.ljust(9)


def _open_checks(findings: Sequence[Finding], words: Phrases) -> dict[str, tuple[str, ...]]:
    """Which checks could not be concluded, by the reason in words; those that failed through us stand apart."""
    groups: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding.reason is Reason.DISABLED:
            continue
        if finding.state is State.UNKNOWN:
            reason = _reason(finding.reason or Reason.INCONCLUSIVE, words.language)
        elif finding.state is State.ERROR:
            reason = words.states[State.ERROR]
        else:
            continue
        groups.setdefault(reason, {})[finding.check] = None
    return {reason: tuple(names) for reason, names in groups.items()}


def _open_and_gravest_first(finding: Finding) -> tuple[bool, int, str, str]:
    return finding.waiver is not None, -finding.rank, finding.check, finding.fingerprint


def _told(pieces: Iterable[str]) -> str:
    """What there is of the pieces, one after the other."""
    return ", ".join(shortened(piece, MAX_LABEL) for piece in pieces if piece)


def _path_lines(path: str, width: int, label: str, marking: str) -> list[str]:
    """A path whole: broken after a slash where the line is full, and anywhere when it has none. The marking after it."""
    room = width - len(label)
    lines = [""]
    for piece in re.findall(r"[^/]*/|[^/]+", path):
        if lines[-1] and len(lines[-1]) + len(piece) > room:
            lines.append("")
        lines[-1] += piece
    short = [line[start : start + room] for line in lines for start in range(0, max(len(line), 1), room)]
    if marking:
        marked = f"{short[-1]} ({marking})"
        short = [*short[:-1], marked] if len(marked) <= room else [*short, *wrapped(f"({marking})", room)]
    return [(label if index == 0 else " " * len(label)) + line for index, line in enumerate(short)]


def run_label(run_id: str) -> str:
    """The end of a run's id, which is enough to name it."""
    return run_id.rpartition("-")[2]


def write_long(length: timedelta, words: Phrases) -> str:
    """`0,4 detik`, `41 detik`, `3 menit 20 detik`, `2 jam 10 menit`: the two largest units."""
    total = length.total_seconds()
    if total < SHORT_S:
        return f"{write_number(float(total), words.language)} {words.second[1]}"
    seconds = round(total)
    if seconds < 60:
        return words.count(seconds, words.second)
    if seconds < 3600:
        parts = (seconds // 60, words.minute), (seconds % 60, words.second)
    else:
        parts = (seconds // 3600, words.hour), (seconds % 3600 // 60, words.minute)
    return " ".join(words.count(number, noun) for number, noun in parts if number)


# -- the two lines that matter most


def _findings_text(summary: Summary, words: Phrases) -> str:
    """`1 kritis, 2 tinggi, 3 sedang, 4 rendah`; that there are none is said of what was observed, and of no more."""
    counts = summary.assessment.findings
    shown = [*COLUMNS, *((Severity.INFO,) if counts[Severity.INFO.word] else ())]
    accepted = _many(words.decided.accepted, summary.accepted, words) if summary.accepted else ""
    if any(counts.values()):
        text = ", ".join(f"{words.number(counts[severity.word])} {words.severities[severity]}" for severity in shown)
        return f"{text}; {accepted}" if accepted else text
    text = _no_findings_text(summary, words)
    return words.decided.otherwise.format(accepted=accepted, text=text) if accepted else text


def _no_findings_text(summary: Summary, words: Phrases) -> str:
    coverage = summary.assessment.coverage
    if not coverage.observed:
        return words.nothing_observed
    if summary.grave_open:
        return words.states[State.UNKNOWN]
    if unseen := summary.verdicts_open + summary.errors:
        return words.listed.some_open.format(verdicts=words.count(unseen, words.verdict))
    if summary.off:
        return words.decided.some_off
    template = words.no_findings if coverage.observed == coverage.targets else words.no_findings_observed
    return template.format(targets=words.count(coverage.observed, words.target))


def _many(templates: tuple[str, str], count: int, words: Phrases) -> str:
    return templates[count != 1].format(count=words.number(count))


def _coverage_text(summary: Summary, words: Phrases) -> str:
    """How much was observed of the whole, and why not the rest."""
    coverage = summary.assessment.coverage
    text = words.observed.format(
        observed=words.number(coverage.observed), targets=words.count(coverage.targets, words.target)
    )
    if summary.blocked:
        text += f" ({words.listed.blocked.format(count=words.number(summary.blocked))})"
    if summary.down:
        text += f"; {words.down.format(count=words.number(summary.down))}"
    if dark := sum(summary.unobserved.values()):
        text += f"; {words.not_concluded.format(count=words.number(dark))}{_reasons_text(summary.unobserved, words)}"
    if summary.verdicts_open:
        text += "; " + words.verdicts_not_concluded.format(
            count=words.number(summary.verdicts_open), verdicts=words.count(summary.verdicts, words.verdict)
        )
    if summary.off:
        text += "; " + _many(words.decided.off, sum(it.targets for it in summary.off), words)
    return text


def _reasons_text(reasons: Mapping[str, int], words: Phrases) -> str:
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    if len(ranked) == 1:
        return f" ({_reason(ranked[0][0], words.language)})"
    texts = [f"{_reason(reason, words.language)} {words.number(count)}" for reason, count in ranked[:MAX_REASONS]]
    if rest := sum(count for _, count in ranked[MAX_REASONS:]):
        texts.append(words.other_reasons.format(count=words.number(rest)))
    return ": " + ", ".join(texts)


def _reason(reason: str, language: str) -> str:
    try:
        return reason_text(Reason(reason), language)
    except ValueError:
        return printable(reason, ascii_only=True)
