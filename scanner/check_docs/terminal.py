"""A check's page in a terminal: prose within its width, lines of configuration never broken."""

from collections.abc import Iterator

from scanner.check_docs.page import CheckPage
from scanner.check_docs.words import PageWords
from scanner.locale.printable import wrapped
from scanner.reports.look import Look

INDENT = "  "


def page_lines(page: CheckPage, language: str, look: Look) -> Iterator[str]:
    """The page of a check, line by line."""
    return _PageText(page, language, look).lines()


class _PageText:
    def __init__(self, page: CheckPage, language: str, look: Look) -> None:
        self.page = page
        self.language = language
        self.look = look
        self.words = PageWords(language)
        self.say = self.words.say

    def lines(self) -> Iterator[str]:
        """Every part of the page, with an empty line between them."""
        yield f"{self.page.id} ({self.say.version.format(number=self.page.version)})"
        yield ""
        yield from self._prose(self.page.text.what.of(self.language))
        for detail in self.page.text.details:
            yield ""
            yield from self._prose(detail.of(self.language))
        yield ""
        yield from self._prose(self.words.about(self.page))
        if self.page.was:
            yield from self._prose(self.say.formerly.format(ids=", ".join(self.page.was)))
        for title, part in (
            (self.say.why, self._prose(self.page.text.why.of(self.language), INDENT)),
            (self.say.fix, self._fix()),
            (self.say.outcomes, self._outcomes()),
            (self.say.thresholds, self._thresholds()),
            (self.say.references, self._prose(", ".join(self.page.references), INDENT)),
            (self.say.clauses, self._clauses()),
        ):
            body = list(part)
            if any(body):
                yield from ("", title, *body)

    def _prose(self, text: str, first: str = "", rest: str | None = None) -> Iterator[str]:
        if text:
            yield from wrapped(self.look.text(text), self.look.width, first=first, rest=first if rest is None else rest)

    def _fix(self) -> Iterator[str]:
        text = self.page.text
        for fix in text.fixes:
            lead = f"{self.say.fix_of.format(outcomes=', '.join(fix.outcomes))} " if fix.outcomes else ""
            yield from self._prose(lead + fix.text.of(self.language), INDENT)
        for code in text.blocks():
            yield from self._prose(self.words.code_title(code), INDENT)
            for line in code.lines:
                yield f"{INDENT * 3}{self.look.text(line)}"
        for caution in text.careful:
            title = self.say.careful
            if caution.outcomes:
                title = self.say.careful_of.format(outcomes=", ".join(caution.outcomes))
            yield from self._prose(f"{title}: {caution.text.of(self.language)}", INDENT)

    def _outcomes(self) -> Iterator[str]:
        for line in self.page.outcomes:
            sentence = f"{line.key}: {line.text.of(self.language)} [{self.words.outcome(line)}]"
            yield from self._prose(sentence, INDENT, INDENT * 2)
        yield from self._prose(self.say.unknown_row, INDENT)

    def _thresholds(self) -> Iterator[str]:
        for param in self.page.params:
            says = param.says.of(self.language)
            yield from self._prose(f"{param.name} = {param.default}{f'  {says}' if says else ''}", INDENT, INDENT * 2)
        if self.page.params:
            yield from self._prose(f'{self.say.set_in} [params."{self.page.id}"].', INDENT)

    def _clauses(self) -> Iterator[str]:
        yield from self._prose(self.words.no_clause(self.page), INDENT)
        for line in self.page.clauses:
            named = "; ".join(self.words.articles(line))
            yield from self._prose(f"{line.framework.of(self.language)}: {named}", INDENT)
            yield from self._prose(f"[{self.words.strength(line)}; {self.words.certainty(line)}]", INDENT * 2)
            yield from self._prose(line.says.of(self.language), INDENT * 2)
        if self.page.through:
            yield from self._prose(f"{self.say.through} {', '.join(self.page.through)}", INDENT)
        if self.page.clauses:
            yield from self._prose(self.say.clauses_hint, INDENT)
