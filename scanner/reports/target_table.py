"""The table of targets or units: as many columns as the terminal is wide for, and no line wider than it."""

from collections.abc import Sequence

import msgspec
from tabulate import tabulate

from scanner.locale.phrases import Condition, Phrases
from scanner.locale.printable import shortened, shortened_in_the_middle
from scanner.reports.look import Look
from scanner.reports.summary import COLUMNS, Row

FULL_WIDTH = 80
"""Below it there is no column for the unit."""
MIN_NAME = 20
MIN_UNIT = 12
GAP = 2


class _Layout(msgspec.Struct, frozen=True):
    """Which columns a table has. `severities` counts them from the gravest; `observed` is how many targets of a unit
    were observed.
    """

    unit: bool
    severities: int
    observed: bool
    long_words: bool = True


_WITH_UNIT = _Layout(True, 4, False)
_TARGETS: tuple[_Layout, ...] = (
    _Layout(False, 4, False),
    _Layout(False, 3, False),
    _Layout(False, 2, False),
    _Layout(False, 2, False, long_words=False),
)
_UNITS: tuple[_Layout, ...] = (
    _Layout(False, 4, True),
    _Layout(False, 3, True),
    _Layout(False, 2, True),
    _Layout(False, 2, True, long_words=False),
    _Layout(False, 2, False, long_words=False),
)


class TargetTable(msgspec.Struct, frozen=True):
    """Rows of targets, or of units (`by_unit`), for a terminal."""

    rows: Sequence[Row]
    words: Phrases
    look: Look
    by_unit: bool = False

    def lines(self) -> list[str]:
        """The head, a rule, and a line a row, two where a condition is longer than its column."""
        layout = self._layout()
        header = self._header(layout)
        room = self._room(layout)
        unit_width = (
            GAP + max(map(len, [header[1], *(self.look.text(row.unit) for row in self.rows)])) if layout.unit else 0
        )
        short = self._widest(header[0], short=False) + unit_width > room and not self.by_unit
        name_width = self._widest(header[0], short=short)
        if unit_width:
            unit_width = max(min(unit_width, room - name_width), min(unit_width, GAP + MIN_UNIT))
        name_width = min(name_width, room - unit_width)
        cells = [self._cells(row, layout, name_width, unit_width - GAP, short=short) for row in self.rows]
        header[0] = shortened(header[0], name_width)
        if layout.unit:
            header[1] = shortened(header[1], unit_width - GAP)
        return self._painted(header, cells, layout)

    def _layout(self) -> _Layout:
        """The fullest that leaves room for names. What goes first: the unit, then low, then medium findings."""
        if not self.by_unit and self.look.width >= FULL_WIDTH:
            return _WITH_UNIT if any(row.unit for row in self.rows) else _TARGETS[0]
        choices = _UNITS if self.by_unit else _TARGETS
        enough = min(MIN_NAME, self._widest("", short=False))
        return next((choice for choice in choices if self._room(choice) >= enough), choices[-1])

    def _widest(self, title: str, *, short: bool) -> int:
        return max(len(title), *(len(self._name(row, short=short)) for row in self.rows))

    def _room(self, layout: _Layout) -> int:
        """What is left for the name (and the unit) beside the other columns."""
        others = [self._header(layout), *(self._cells(row, layout, 1, 1, short=False) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*others, strict=True)][2 if layout.unit else 1 :]
        return self.look.width - sum(widths) - GAP * len(widths)

    def _header(self, layout: _Layout) -> list[str]:
        words = self.words
        return [
            words.unit_title if self.by_unit else words.target_title,
            *([words.unit_title] if layout.unit else []),
            *([words.observed_title] if layout.observed else []),
            *(words.severity_letters[severity] for severity in COLUMNS[: layout.severities]),
            words.condition_title,
        ]

    def _cells(self, row: Row, layout: _Layout, name_width: int, unit_width: int, *, short: bool) -> list[str]:
        words = self.words
        name = self._name(row, short=short)
        return [
            shortened(name, name_width) if self.by_unit else shortened_in_the_middle(name, name_width),
            *([shortened(self.look.text(row.unit), unit_width)] if layout.unit else []),
            *([f"{words.number(row.observed)}/{words.number(row.targets)}"] if layout.observed else []),
            *("?" if count is None else words.number(count) for count in row.counts[: layout.severities]),
            self._condition(row, layout)[0],
        ]

    def _name(self, row: Row, *, short: bool) -> str:
        name = row.name.short if short else row.name.full
        return self.look.text(name or (self.words.without_unit if self.by_unit else ""))

    def _condition(self, row: Row, layout: _Layout) -> tuple[str, str]:
        """The condition, and what of it goes on in a second line where it is narrow."""
        if row.condition is Condition.UNKNOWN and not layout.long_words:
            # No shorter word says the same: two lines.
            first, _, rest = self.words.conditions[row.condition].rpartition(" ")
            return first, rest
        conditions = self.words.conditions if layout.long_words else self.words.conditions_short
        severity = "" if row.gravest is None else self.words.severities[row.gravest]
        return conditions[row.condition].format(severity=severity), ""

    def _painted(self, header: list[str], cells: list[list[str]], layout: _Layout) -> list[str]:
        """Aligned, and the last column coloured."""
        widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
        numbers = layout.severities + layout.observed
        align = ["left"] * (len(header) - numbers - 1) + ["right"] * numbers + ["left"]
        rule = ["-" * width for width in widths]
        text = tabulate([header, rule, *cells], tablefmt="plain", disable_numparse=True, colalign=align)
        last = sum(widths[:-1]) + GAP * (len(widths) - 1)
        head, ruled, *lines = (line.rstrip() for line in text.split("\n"))
        painted = [head, ruled]
        for row, line in zip(self.rows, lines, strict=True):
            plain = row.condition in (Condition.ACCEPTED, Condition.NONE, Condition.PARTLY)
            painted.append(line if plain else line[:last] + self.look.paint(line[last:], row.gravest))
            if rest := self._condition(row, layout)[1]:
                painted.append(" " * last + self.look.paint(rest, row.gravest))
        return painted
