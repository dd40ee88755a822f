"""The pages of all checks as Markdown files: one a check and language, and a list of them."""

import re
from collections.abc import Iterable, Iterator, Sequence

from scanner.check_docs.page import CheckPage, ClauseLine
from scanner.check_docs.words import PageWords
from scanner.frameworks.framework import Text
from scanner.locale.check_phrases import check_phrases

COMMAND = "make docs"
TABLE_BEGINS, TABLE_ENDS = f"<!-- checks: `{COMMAND}` -->", "<!-- end of checks -->"
"""Between these lines a document has the table of all checks."""
LANGUAGES = ("en", "id")
_CODE = re.compile(r"(`[^`\n]+`)")
_ACTIVE = re.compile(r"[\\`*_\[\]<>|~&$]")
_BEGINS = re.compile(r"^(\s*)([-+=#])|^(\s*\d+)(?=[.)])")
_COLOURED_AS = {
    "nginx": "nginx",
    "Apache": "apache",
    "PHP": "ini",
    "Laravel": "php",
    "CodeIgniter": "php",
    "ASP.NET": "xml",
    "Tomcat": "xml",
    "shell": "sh",
}
"""What a reader on the web may colour the lines as."""


def files(pages: Sequence[CheckPage]) -> dict[str, str]:
    """Every file below the folder of these documents, by its path there."""
    made = {"README.md": _front()}
    for language in LANGUAGES:
        made[f"{language}/README.md"] = _document(_list(pages, PageWords(language)))
        for page in pages:
            made[path_of(page.id, language)] = f"{page_markdown(page, language)}\n"
    return made


def page_markdown(page: CheckPage, language: str) -> str:
    """The page of a check, without the last line's end."""
    return "\n".join(_PageText(page, language).lines())


def with_table(document: str, pages: Sequence[CheckPage], language: str, folder: str) -> str:
    """A document with the table of all checks between its two marks; `folder` is where the pages stand from there.

    Raises ValueError for a document without the marks.
    """
    say = check_phrases(language)
    rows = ((f"[`{it.id}`]({folder}/{path_of(it.id, language)})", cell(it.text.what.of(language))) for it in pages)
    before, begins, rest = document.partition(f"{TABLE_BEGINS}\n")
    _, ends, after = rest.partition(f"{TABLE_ENDS}\n")
    if not begins or not ends:
        raise ValueError(f"no lines {TABLE_BEGINS} and {TABLE_ENDS}")
    return "\n".join([f"{before}{begins}", *table((say.check, say.question), rows), "", f"{ends}{after}"])


def path_of(check_id: str, language: str) -> str:
    """Where the page of a check is: `en/web/hsts.policy.md`."""
    area, _, topic = check_id.partition(".")
    return f"{language}/{area}/{topic}.md"


def escaped(text: str, *, in_table: bool = False) -> str:
    """Running text in which Markdown acts upon nothing but code between backticks.

    In a table a bar inside code would end the cell too, so such code is shown as text.
    """
    parts = [
        it if place % 2 and not (in_table and "|" in it) else _ACTIVE.sub(r"\\\g<0>", it)
        for place, it in enumerate(_CODE.split(text))
    ]
    return _BEGINS.sub(lambda it: f"{it[1]}\\{it[2]}" if it[2] else f"{it[3]}\\", "".join(parts))


def cell(text: str) -> str:
    """The same for a table, in one line."""
    return escaped(" ".join(text.splitlines()), in_table=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table; its cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _document(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _front() -> str:
    links = (f"- [{PageWords(it).say.title} ({PageWords(it).say.name})]({it}/README.md)" for it in LANGUAGES)
    return _document(["# Checks / Pemeriksaan", "", _note(PageWords("en")), "", *links])


def _note(words: PageWords) -> str:
    return f"<!-- {words.say.made_by.format(command=COMMAND)} -->"


def _list(pages: Sequence[CheckPage], words: PageWords) -> Iterator[str]:
    say, language = words.say, words.language
    yield f"# {say.title}"
    yield ""
    yield _note(words)
    yield ""
    yield from (f"[{PageWords(it).say.name}](../{it}/README.md)" for it in LANGUAGES if it != language)
    yield ""
    yield escaped(say.introduction)
    area = ""
    for page in pages:
        if (own := page.id.partition(".")[0]) != area:
            area = own
            yield ""
            yield f"## {area}"
            yield ""
            yield from table((say.check, say.question), ())
        link = path_of(page.id, language).partition("/")[2]
        yield f"| [{page.id}]({link}) | {cell(page.text.what.of(language))} |"


def _linked(outcome: str) -> str:
    return f"[{outcome}](#{outcome})"


class _PageText:
    """One page in one language."""

    def __init__(self, page: CheckPage, language: str) -> None:
        self.page = page
        self.language = language
        self.words = PageWords(language)
        self.say = self.words.say

    def lines(self) -> Iterator[str]:
        """The page, line by line: one line a paragraph, so that a change of a word is a change of its paragraph."""
        page, say = self.page, self.say
        yield f"# {page.id}"
        yield ""
        yield _note(self.words)
        yield ""
        others = [
            f"[{PageWords(it).say.name}](../../{path_of(page.id, it)})" for it in LANGUAGES if it != self.language
        ]
        yield " · ".join([f"[{say.back}](../README.md)", *others, say.version.format(number=page.version)])
        yield ""
        yield f"**{escaped(self._of(page.text.what))}**"
        for detail in page.text.details:
            yield from ("", escaped(self._of(detail)))
        yield from ("", escaped(self.words.about(page)))
        if page.was:
            yield from ("", escaped(say.formerly.format(ids=", ".join(page.was))))
        for title, part in (
            (say.why, self._why()),
            (say.fix, self._fix()),
            (say.outcomes, self._outcomes()),
            (say.thresholds, self._thresholds()),
            (say.references, self._references()),
            (say.clauses, self._clauses()),
        ):
            body = list(part)
            if body:
                yield from ("", f"## {title}", "", *body)

    def _of(self, text: Text) -> str:
        return text.of(self.language)

    def _why(self) -> Iterator[str]:
        if why := self._of(self.page.text.why):
            yield escaped(why)

    def _fix(self) -> Iterator[str]:
        paragraphs = []
        for fix in self.page.text.fixes:
            lead = f"{self._for(self.say.fix_of, fix.outcomes)} " if fix.outcomes else ""
            paragraphs.append([lead + escaped(self._of(fix.text))])
        for code in self.page.text.blocks():
            title = self.words.code_title(code, _linked)
            fence = "```" if not any("```" in line for line in code.lines) else "````"
            coloured = _COLOURED_AS.get(code.software, "text")
            paragraphs.append([f"**{title}**", "", f"{fence}{coloured}", *code.lines, fence])
        for caution in self.page.text.careful:
            title = self._for(self.say.careful_of, caution.outcomes) if caution.outcomes else self.say.careful
            paragraphs.append([f"> **{title}:** {escaped(self._of(caution.text))}"])
        for number, lines in enumerate(paragraphs):
            yield from ([""] if number else [])
            yield from lines

    def _for(self, template: str, outcomes: Sequence[str]) -> str:
        return template.format(outcomes=", ".join(map(_linked, outcomes)))

    def _outcomes(self) -> Iterator[str]:
        say = self.say
        yield from table(
            (say.outcome, say.severity, say.sentence),
            (
                (f'<a id="{it.key}"></a>`{it.key}`', cell(self.words.outcome(it)), cell(self._of(it.text)))
                for it in self.page.outcomes
            ),
        )
        yield from ("", f"{escaped(say.outcomes_hint)} {escaped(say.unknown_row)}")

    def _thresholds(self) -> Iterator[str]:
        say = self.say
        if self.page.params:
            yield from table(
                (say.threshold, say.default, say.meaning),
                ((f"`{it.name}`", f"`{it.default}`", cell(self._of(it.says))) for it in self.page.params),
            )
            yield from ("", f'{escaped(say.set_in)} `[params."{self.page.id}"]`.')

    def _references(self) -> Iterator[str]:
        yield from (f"- {escaped(it)}" for it in self.page.references)

    def _clauses(self) -> Iterator[str]:
        page, say = self.page, self.say
        if why := self.words.no_clause(page):
            yield escaped(why)
        if page.clauses:
            yield from (escaped(say.clauses_hint), "")
            yield from table((say.clause, say.strength, say.certainty, say.shows), map(self._clause, page.clauses))
        if page.through:
            yield from ("", f"{escaped(say.through)} {', '.join(f'`{it}`' for it in page.through)}")

    def _clause(self, line: ClauseLine) -> tuple[str, ...]:
        named = f"{self._of(line.framework)}: {'; '.join(self.words.articles(line))}"
        said = (named, self.words.strength(line), self.words.certainty(line), self._of(line.says))
        return tuple(map(cell, said))
