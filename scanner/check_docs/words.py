"""What both forms of a page say in the same words: who can fix it, how grave it is, how sure a wording is."""

from collections.abc import Callable, Iterator

from scanner.check_docs.docstring import Block
from scanner.check_docs.page import CheckPage, ClauseLine, OutcomeLine
from scanner.estate import Kind
from scanner.findings import FixedBy, Severity, State
from scanner.locale.check_phrases import CheckPhrases, check_phrases
from scanner.locale.clause_phrases import ClausePhrases, clause_phrases
from scanner.locale.phrases import Phrases, phrases
from scanner.locale.reasons import reason_text
from scanner.observations.steps import Reason

MAX_OUTCOMES = 8


class PageWords:
    """The words of one language, and what they come to for a part of a page."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.say: CheckPhrases = check_phrases(language)
        self._reports: Phrases = phrases(language)
        self._clauses: ClausePhrases = clause_phrases(language)

    def fixed_by(self, value: str) -> str:
        """Who that is."""
        return self._reports.fixed_by[FixedBy(value)]

    def about(self, page: CheckPage) -> str:
        """What a check is asked of, and who can repair what it finds."""
        kinds = ", ".join(self.say.kinds[Kind(it)] for it in page.kinds)
        return self.say.about.format(kinds=kinds, fixed_by=self.fixed_by(page.fixed_by))

    def outcome(self, line: OutcomeLine) -> str:
        """The severity of a finding, else the state and why."""
        if line.severity:
            word = self._reports.severities[Severity[line.severity.upper()]]
            return f"{word} ({self.fixed_by(line.fixed_by)})" if line.fixed_by else word
        word = self.say.states[State(line.state)]
        return f"{word} ({reason_text(Reason(line.reason), self.language)})" if line.reason else word

    def code_title(self, block: Block, link: Callable[[str], str] = str) -> str:
        """The software that lines are for, and the outcomes that they repair."""
        if not block.outcomes:
            return block.software
        template = self.say.code_also if block.general else self.say.code_of
        return template.format(software=block.software, outcomes=", ".join(map(link, block.outcomes)))

    def strength(self, line: ClauseLine) -> str:
        """How the check speaks to the clauses, and of which of its outcomes that is said where they are few."""
        parts = [self._clauses.strengths[line.strength]]
        if line.silent:
            parts.append(self.say.silent)
        if 0 < len(line.outcomes) <= MAX_OUTCOMES:
            parts.append(", ".join(line.outcomes))
        return ": ".join(parts)

    def certainty(self, line: ClauseLine) -> str:
        """How sure the wording of the clauses is."""
        return self._clauses.certainties[line.certainty]

    def articles(self, line: ClauseLine) -> Iterator[str]:
        """The clauses as they are cited; their titles are English only."""
        for clause in line.clauses:
            yield f"{clause.article} ({clause.title})" if self.language == "en" else clause.article

    def no_clause(self, page: CheckPage) -> str:
        """Why no clause names the check; empty when one does."""
        if page.clauses:
            return ""
        if page.practice is None:
            return self.say.unnamed
        return f"{self.say.practice} {page.practice.of(self.language)}"
