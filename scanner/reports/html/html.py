"""The HTML report: one file that holds everything, asks nothing of the network, and is read from top to bottom.

Written as it is made: the services, which are most of it, are read from the journal one at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jinja2
import msgspec
from markupsafe import Markup, escape

from scanner.frameworks.framework import Rulebook
from scanner.locale.speech import Speaker
from scanner.registry import Check
from scanner.reports.html.conclusion import period
from scanner.reports.html.page import Page, ServicePart, list_digest, page_of
from scanner.reports.html.readable import readable, ticked, upfirst
from scanner.reports.html.security import css_string, policy
from scanner.reports.html.service_words import LineText, ServiceWords
from scanner.reports.html.words import Words
from scanner.reports.pictures import STYLE as PICTURE_STYLE
from scanner.reports.pictures import pictures
from scanner.run import Run
from scanner.unit_copy import part_of

if TYPE_CHECKING:
    from scanner.history.changes import Changes

CHUNK_BYTES: Final = 64 * 1024
_TEMPLATES: Final = Path(__file__).parent / "templates"


def html(
    run: Run,
    *,
    checks: Mapping[str, Check],
    rulebook: Rulebook,
    language: str,
    changes: "Changes | None" = None,
    unit: str = "",
) -> Iterator[bytes]:
    """The whole report in `id` or `en`; a unit's own copy, with nothing of the others in it, when one is named."""
    digests = list_digest(run)
    manifest = run.manifest_digest
    if unit:
        run = part_of(run, unit)
        changes = _own(changes, run)
    page = page_of(
        run, checks=checks, rulebook=rulebook, language=language, changes=changes, unit=unit, digests=digests
    )
    words = Words(page, checks, language)
    style = _style(page, words.speaker)
    script = _source("table.js")
    template = _environment().get_template("report.html.j2")
    stream = template.generate(
        page=page,
        words=words,
        manifest_digest=manifest,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=policy(style, script),
        language=language,
        say=words.speaker.say,
        say_count=words.speaker.say_count,
        number=words.number,
        pictures=pictures(run, words.speaker),
        service=_services_writer(words),
    )
    return _chunks(stream)


def _services_writer(words: Words) -> Callable[[ServicePart], Markup]:
    """Writes one target at a time, each in one piece: through the page's own stream every word would go by itself."""
    template = _environment().get_template("service.html.j2")
    texts = ServiceWords(words)

    def write(part: ServicePart) -> Markup:
        return Markup(template.render(it=texts.text(part)))  # noqa: S704 - a template's, which escapes everything

    return write


def _own(changes: "Changes | None", run: Run) -> "Changes | None":
    """What changed at the unit's own targets."""
    if changes is None:
        return None
    wanted = {target.id for target in run.manifest.estate.targets}
    return msgspec.structs.replace(changes, each=tuple(it for it in changes.each if it.target in wanted))


def _chunks(stream: Iterator[str]) -> Iterator[bytes]:
    """The pieces of a template, which are short, put together to what is worth writing."""
    waiting: list[str] = []
    size = 0
    for piece in stream:
        waiting.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES:
            yield "".join(waiting).encode("utf-8", "backslashreplace")
            waiting, size = [], 0
    yield "".join(waiting).encode("utf-8", "backslashreplace")


@cache
def _source(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _style(page: Page, speaker: Speaker) -> str:
    """The style sheet, with the marking and the number of the page in the margins of every page that is printed."""
    agency = page.unit or page.run.manifest.estate.agency
    texts = {
        "MARKING": page.marking,
        "TITLE": " · ".join(filter(None, (agency, period(page, speaker), _run_label(page)))),
        "PAGE": speaker.say("page "),
        "OF": speaker.say(" of "),
    }
    style = _source("style.css").replace("/* pictures */", PICTURE_STYLE)
    for name, text in texts.items():
        style = style.replace(f'"{name}"', css_string(readable(text)))
    return style


def _run_label(page: Page) -> str:
    return f"run {page.run.id.rpartition('-')[2]}"


@cache
def _environment() -> jinja2.Environment:
    """Everything that is not markup of ours is made readable and escaped; a name nobody gave is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["upfirst"] = upfirst
    environment.filters["ticked"] = ticked
    environment.filters["pairs"] = _pairs
    environment.filters["items"] = _items
    environment.filters["verdicts"] = _verdicts
    return environment


def _pairs(rows: Sequence[tuple[str, str]]) -> Markup:
    """Names and values of a list, in one piece: there are a hundred thousand of them in a large report."""
    names = _escaped([name for name, _ in rows])
    values = _escaped(["" if isinstance(value, Markup) else value for _, value in rows])
    told = zip(names, values, rows, strict=True)
    return Markup(  # noqa: S704 - escaped
        "".join(f"<dt>{name}<dd>{row[1] if isinstance(row[1], Markup) else value}\n" for name, value, row in told)
    )


def _items(texts: Sequence[str]) -> Markup:
    """The members of a list, in one piece."""
    return Markup("".join(f"<li>{text}\n" for text in _escaped(texts)))  # noqa: S704 - escaped


def _verdicts(lines: Sequence[LineText]) -> Markup:
    """Verdicts, in one piece: one a line, or what several have in common and then the names of their checks."""
    texts = iter(_escaped([text for it in lines for text in (it.text, *(part for both in it.checks for part in both))]))
    return Markup("".join(_verdict(it, texts) for it in lines))  # noqa: S704 - escaped


def _verdict(line: LineText, texts: Iterator[str]) -> str:
    """A line, of texts that are escaped: its own, then a fingerprint and a name for each of its checks."""
    text = next(texts)
    checks = [(next(texts), next(texts)) for _ in line.checks]
    if not checks[0][0]:
        return f"<li>{text}: <code>{', '.join(check for _, check in checks)}</code>\n"
    if len(checks) == 1:
        return f'<li id="f-{checks[0][0]}"><code>{checks[0][1]}</code> {text}\n'
    named = ", ".join(f'<code id="f-{name}">{check}</code>' for name, check in checks)
    return f"<li>{text}: {named}\n"


def _escaped(texts: Sequence[str]) -> list[str]:
    """Each text readable and escaped, all at one go: no text that is readable has a line end in it."""
    return str(escape("\n".join(map(readable, texts)))).split("\n") if texts else []


def _finalize(value: Any) -> Any:
    """Text that shows what it holds. Numbers are written in local style before they come here, and None is no text."""
    if type(value) is str:
        return readable(value)
    if isinstance(value, jinja2.Undefined | Markup):
        return value
    if isinstance(value, str):
        return readable(str(value))
    raise TypeError(f"{value!r} is not text")
