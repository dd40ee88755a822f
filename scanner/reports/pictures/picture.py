"""A picture: a drawing in SVG, and the same figures as a table and in words.

Who cannot see the drawing loses nothing. In it shapes carry a pattern and a label, so that no colour has to be told apart;
it has no size of its own (a `viewBox` only), no style and no script, and every text in it is escaped.
"""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup, escape

from scanner.locale.printable import printable, shortened_in_the_middle
from scanner.reports.summary import Name

WIDTH = 420.0
"""Units across; text is 12 or 13 of them high, so that it can be read on a phone of 360 pixels."""
TEXT = 13.0
SMALL = 11.5
MAX_CELL_CHARS = 200


class Table(msgspec.Struct, frozen=True):
    """What a picture shows, in text. `numeric` are the columns whose cells line up at the right.

    `values` are what a column is sorted by, a value a row, where the text as it is read does not sort: dates, addresses.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: frozenset[int] = frozenset()
    values: dict[int, tuple[str, ...]] = {}


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing with its twins. `svg` is empty where there is nothing to show, and `summary` says so in words.

    `note` says what the picture does not. Texts are fit for one line and not escaped for HTML, except for `svg`.
    """

    name: str
    title: str
    summary: str
    table: Table
    svg: Markup = Markup()
    note: str = ""


def cell(text: str) -> str:
    """Foreign text as a table shows it."""
    return shortened_in_the_middle(printable(text, ascii_only=False), MAX_CELL_CHARS)


def label(text: str, chars: int) -> str:
    """Foreign text as a drawing shows it, in at most so many characters."""
    return shortened_in_the_middle(printable(text, ascii_only=False), chars)


def service_labels(services: Sequence[tuple[Name, str]], chars: int) -> list[str]:
    """What services are called in a drawing, each with what follows its name: whole where there is room for all of them."""
    whole = all(len(name.full) + len(more) <= chars for name, more in services)
    return [label(name.full if whole else name.short, max(chars - len(more), 12)) + more for name, more in services]


_PATTERNS = {
    "1": "",
    "2": '<path d="M0,6 L6,0" {line}/>',
    "3": '<path d="M0,3 H6" {line}/>',
    "4": '<circle cx="3" cy="3" r="1.1" fill="currentColor" fill-opacity="0.8"/>',
    "bad": '<path d="M0,0 L6,6 M0,6 L6,0" {line}/>',
    "warn": '<path d="M0,6 L6,0" {line}/>',
    "ok": "",
    "none": '<circle cx="3" cy="3" r="0.9" fill="currentColor" fill-opacity="0.6"/>',
}
"""What a fill is drawn over with: fills differ in it too where no colour is seen."""
_LINE = 'stroke="currentColor" stroke-width="1.1" stroke-opacity="0.75" fill="none"'
_OPACITY = {"1": 0.75, "2": 0.45, "3": 0.25, "4": 0.12, "bad": 0.6, "warn": 0.4, "ok": 0.25, "none": 0.05}
"""How strongly each fill is drawn where no stylesheet gives it a colour."""


class Drawing:
    """Puts an SVG together from shapes; y grows downwards."""

    def __init__(self, name: str, title: str, description: str) -> None:
        self._id = f"picture-{name}"
        self._name = name
        self._title, self._description = title, description
        self._body: list[str] = []
        self._fills: dict[str, None] = {}

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "start", size: float = TEXT, bold: bool = False
    ) -> None:
        """A line of text at its baseline; `anchor` is `start`, `middle` or `end`."""
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        weight = ' font-weight="600"' if bold else ""
        self._body.append(
            f'<text x="{x:.4g}" y="{y:.4g}" font-size="{size:g}" fill="currentColor"{where}{weight}>{_shown(text)}</text>'
        )

    def bar(self, x: float, y: float, width: float, height: float, fill: str, tip: str = "") -> None:
        """A rectangle in one of the fills, with what is told when somebody points at it."""
        self._fills[fill] = None
        place = f'x="{x:.5g}" y="{y:.5g}" width="{max(width, 0.6):.5g}" height="{height:.4g}"'
        told = f"<title>{_shown(tip)}</title>" if tip else ""
        self._body.append(
            f'<g>{told}<rect class="p-{fill}" {place} fill="currentColor" fill-opacity="{_OPACITY[fill]:g}"'
            ' stroke="currentColor" stroke-width="0.5" stroke-opacity="0.6"/>'
            + (f'<rect {place} fill="url(#{self._id}-{fill})"/>' if _PATTERNS[fill] else "")
            + "</g>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, strong: bool = False) -> None:
        """A thin line; a `strong` one is an axis and not of the grid."""
        look = 'class="p-axis" stroke-opacity="0.9"' if strong else 'class="p-grid" stroke-opacity="0.25"'
        self._body.append(
            f'<line x1="{x1:.5g}" y1="{y1:.5g}" x2="{x2:.5g}" y2="{y2:.5g}" {look} stroke="currentColor" stroke-width="1"/>'
        )

    def ticks(self, at: Sequence[tuple[float, float]], length: float, *, strong: bool = False) -> None:
        """Upright lines that begin at these points, drawn as one."""
        look = 'class="p-axis" stroke-opacity="0.9"' if strong else 'class="p-grid" stroke-opacity="0.25"'
        path = " ".join(f"M{x:.5g},{y:.5g}v{length:g}" for x, y in at)
        self._body.append(f'<path d="{path}" {look} stroke="currentColor" stroke-width="1" fill="none"/>')

    def legend(self, y: float, entries: Sequence[tuple[str, str]]) -> float:
        """What each fill stands for, in as many lines as it takes; `entries` are fill and words. The y below it."""
        x = 0.0
        for fill, words in entries:
            room = 22 + 6.4 * len(words)
            if x and x + room > WIDTH:
                x, y = 0.0, y + 18
            self.bar(x, y, 14, 11, fill)
            self.text(x + 19, y + 9.5, words, size=SMALL)
            x += room + 8
        return y + 18

    def svg(self, height: float) -> Markup:
        """The whole drawing, `height` units high."""
        patterns = "".join(
            f'<pattern id="{self._id}-{fill}" width="6" height="6" patternUnits="userSpaceOnUse">'
            f"{_PATTERNS[fill].format(line=_LINE)}</pattern>"
            for fill in self._fills
            if _PATTERNS[fill]
        )
        return Markup(  # noqa: S704 - every text in it went through _shown, the rest are numbers and our own words
            f'<svg xmlns="http://www.w3.org/2000/svg" class="picture picture-{self._name}" role="img" '
            f'viewBox="0 0 {WIDTH:g} {height:g}" aria-labelledby="{self._id}-title {self._id}-desc">'
            f'<title id="{self._id}-title">{_shown(self._title)}</title>'
            f'<desc id="{self._id}-desc">{_shown(self._description)}</desc>'
            + (f"<defs>{patterns}</defs>" if patterns else "")
            + "".join(self._body)
            + "</svg>"
        )


def _shown(text: str) -> str:
    return str(escape(printable(text, ascii_only=False)))


STYLE = """\
.picture { display: block; width: 100%; max-width: 34rem; height: auto; font-family: inherit; color: inherit; }
.picture text { fill: currentColor; }
.picture .p-1 { fill: #2f6db3; fill-opacity: .9; }
.picture .p-2 { fill: #e0a030; fill-opacity: .85; }
.picture .p-3 { fill: #5aa17f; fill-opacity: .8; }
.picture .p-4 { fill: #b9c3cc; fill-opacity: .8; }
.picture .p-bad { fill: #c8453c; fill-opacity: .9; }
.picture .p-warn { fill: #e0a030; fill-opacity: .9; }
.picture .p-ok { fill: #2f6db3; fill-opacity: .8; }
.picture .p-none { fill: #b9c3cc; fill-opacity: .35; }
@media (prefers-color-scheme: dark) {
  .picture .p-1, .picture .p-ok { fill: #6ea8e6; }
  .picture .p-2, .picture .p-warn { fill: #d9a441; }
  .picture .p-3 { fill: #6fbf98; }
  .picture .p-4, .picture .p-none { fill: #66727d; }
  .picture .p-bad { fill: #e2695f; }
}
"""
"""Colours for a page that has pictures in it; without them they are drawn in the colour of the text."""
