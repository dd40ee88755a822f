"""How long each service took to answer, phase by phase: what this run measured from where it stood."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from scanner.derive.timing import Timing
from scanner.locale.speech import Speaker
from scanner.locale.values import write_number
from scanner.reports.pictures.picture import SMALL, WIDTH, Drawing, Picture, Table, cell, label, service_labels
from scanner.reports.pictures.seen import Sights
from scanner.reports.summary import Name

SHOWN = 20
ROW = 33.0
LABEL_CHARS = 32


class _Row(msgspec.Struct, frozen=True):
    name: Name
    address: str
    took: Timing

    @property
    def phases(self) -> tuple[float | None, ...]:
        """In the order in which they happen, in milliseconds; None for TLS where there is none."""
        return self.took.connect_ms, self.took.tls_ms, self.took.first_byte_ms, self.took.transfer_ms

    @property
    def summed(self) -> float:
        """All phases one after the other: as long as the bar."""
        return sum(it or 0.0 for it in self.phases)


def latency(sights: Sights, speaker: Speaker) -> Picture:
    """A stacked bar a service and address, the slowest first, all by one scale."""
    say = speaker.say
    rows = sorted(
        (_Row(it.name, it.address, it.took) for it in sights.seen if it.took is not None),
        key=lambda row: (-row.summed, row.name.full, row.address),
    )
    title = say("How long the services took to answer")
    phases = (say("connect"), say("TLS"), say("first byte"), say("transfer"))
    table = Table(
        (
            say("Service"),
            say("Address"),
            *(say("{phase} (ms)", phase=phase) for phase in phases),
            say("sum (ms)"),
            say("Answers"),
        ),
        tuple(
            (
                cell(row.name.full),
                cell(row.address),
                *("-" if it is None else _ms(it, speaker) for it in row.phases),
                _ms(row.summed, speaker),
                write_number(row.took.count, speaker.language),
            )
            for row in rows
        ),
        numeric=frozenset({2, 3, 4, 5, 6, 7}),
        values={1: tuple(cell(row.address) for row in rows)},
    )
    if not rows:
        summary = say("Nothing to show: no answer was timed.")
        return Picture(name="latency", title=title, summary=summary, table=table)
    middle = rows[len(rows) // 2]
    summary = say(
        "Services timed, each of their addresses counted: {count}; half took {middle} ms or less, the slowest {slowest} ms.",
        count=write_number(len(rows), speaker.language),
        middle=_ms(middle.summed, speaker),
        slowest=_ms(rows[0].summed, speaker),
    )
    drawing = Drawing("latency", title, summary)
    height = _draw(drawing, rows, phases, speaker)
    note = say(
        "Each phase is the median of few answers, measured by this run from where it stood; visitors elsewhere measure "
        "something else. Looking up the name and waiting in our own queue are not in it."
    )
    return Picture(name="latency", title=title, summary=summary, table=table, svg=drawing.svg(height), note=note)


def _ms(length: float, speaker: Speaker) -> str:
    """Milliseconds; tenths where less than ten would be rounded away."""
    return write_number(round(length) if length >= 10 else round(length, 1), speaker.language)


def _draw(drawing: Drawing, rows: Sequence[_Row], phases: Sequence[str], speaker: Speaker) -> float:
    fills = ("1", "2", "3", "4")
    y = drawing.legend(0, list(zip(fills, phases, strict=True)))
    scale = WIDTH / max(rows[0].summed, 0.001)
    times = Counter(row.name for row in rows)
    shown = [(row.name, f" ({label(row.address, 20)})" if times[row.name] > 1 else "") for row in rows[:SHOWN]]
    for row, words in zip(rows, service_labels(shown, LABEL_CHARS), strict=False):
        told = f"{_ms(row.summed, speaker)} ms"
        drawing.text(0, y + 14, words)
        drawing.text(WIDTH, y + 14, told, anchor="end", size=SMALL)
        x = 0.0
        for fill, phase, length in zip(fills, phases, row.phases, strict=True):
            if length:
                drawing.bar(
                    x,
                    y + 18,
                    length * scale,
                    11,
                    fill,
                    f"{row.name.full} ({row.address}), {phase}: {_ms(length, speaker)} ms",
                )
                x += length * scale
        y += ROW
    if (hidden := len(rows) - SHOWN) > 0:
        more = speaker.say("+{count} more in the table", count=write_number(hidden, speaker.language))
        drawing.text(0, y + 14, more, size=SMALL)
        y += 20
    return y + 4
