"""`pindai checks`: what is looked at, and why."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, guarded, output_is_ascii, output_width
from scanner.cli.plugged import add_plugin, names_allowed, plugins_of
from scanner.locale.speech import say, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scanner.check_docs.page import CheckPage
    from scanner.cli.options import Commands
    from scanner.plugins import Plugins

FORMATS = ("text", "markdown")
ID_WIDTH = 26


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "checks", help=say("list the checks, or explain one"), description=say("List or explain checks.")
    )
    parser.add_argument("check", nargs="*", metavar=say("ID"), help=say("a check id, an area or a glob"))
    parser.add_argument("--format", choices=FORMATS, default="text", help=say("what standard output carries"))
    add_plugin(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """List all checks, or explain those named."""
    from scanner.check_docs import index

    language = spoken()
    plugins = plugins_of(arguments) if names_allowed(arguments) else None
    if not arguments.check:
        for name, english, indonesian in sorted([*index.summaries(), *_added_summaries(plugins)]):
            what = indonesian if language == "id" else english
            whose = f" ({plugin})" if (plugin := _whose(name, plugins)) else ""
            sys.stdout.write(_shown(f"{name:{ID_WIDTH}} {what}{whose}") + "\n")
        return 0
    pages = sorted([*index.read(), *_added_pages(plugins)], key=lambda page: page.id)
    for page in _chosen(pages, arguments.check):
        sys.stdout.writelines(f"{line}\n" for line in _lines(page, language, arguments.format))
        if whose := _whose(page.id, plugins):
            sys.stdout.write(_shown(say("From the plug-in {plugin}", plugin=whose)) + "\n\n")
    return 0


def _whose(check: str, plugins: Plugins | None) -> str:
    """The plug-in that a check comes from, with its version; empty for Pindai's own."""
    return "" if plugins is None or check not in plugins.by_check else str(plugins.by_check[check])


def _added_summaries(plugins: Plugins | None) -> Iterator[tuple[str, str, str]]:
    """The same of the checks of plug-ins."""
    if plugins is None:
        return
    from scanner.check_docs.docstring import text_of

    for check in plugins.added.values():
        what = text_of(check).what
        yield check.id, what.en, what.id or what.en


def _added_pages(plugins: Plugins | None) -> Sequence[CheckPage]:
    """The pages of the checks of plug-ins. Raises CommandError."""
    if plugins is None or not plugins.added:
        return ()
    from scanner.check_docs.page import pages_of
    from scanner.cli.frameworks import rulebook_of

    return pages_of(plugins.added, rulebook_of((), plugins))


def _shown(line: str) -> str:
    from scanner.locale.printable import printable

    return printable(line, ascii_only=output_is_ascii())


def _lines(page: CheckPage, language: str, form: str) -> Iterator[str]:
    if form == "markdown":
        from scanner.check_docs.markdown import page_markdown

        yield page_markdown(page, language)
        return
    from scanner.check_docs.terminal import page_lines
    from scanner.reports.look import Look

    yield from page_lines(page, language, Look(output_width(), output_is_ascii(), colour=False))
    yield ""


def _chosen(pages: Sequence[CheckPage], patterns: Iterable[str]) -> Iterator[CheckPage]:
    """The checks that ids, areas, globs or former ids name. Raises CommandError for a name that nothing has."""
    chosen: set[str] = set()
    for pattern in patterns:
        hits = {page.id for page in pages if page.is_named(pattern)}
        if not hits:
            raise CommandError(3, _unknown(pattern, [page.id for page in pages]))
        chosen |= hits
    yield from (page for page in pages if page.id in chosen)


def _unknown(given: str, known: Sequence[str]) -> str:
    """What to say of a name that no check has: the likely one, by its spelling or because part of it is right."""
    import difflib

    words = [word for word in given.lower().replace("-", "_").replace(".", "_").split("_") if len(word) > 2]
    within = [it for it in known if words and all(word in it for word in words)]
    close = difflib.get_close_matches(given.lower(), known, n=1, cutoff=0.6)
    likely = within or close
    if likely:
        meant = ", ".join(likely[:3])
        return say("no check is called {given!r}; did you mean {meant}?", given=given, meant=meant)
    return say(
        "no check is called {given!r}; there are: {known}; those of a plug-in once it is allowed (--plugin)",
        given=given,
        known=", ".join(known),
    )
