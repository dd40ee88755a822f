"""How much was looked at and how much was seen: parts that add up to their whole."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from scanner.assessment import PopulationFigures, population_figures
from scanner.locale.printable import shortened
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker
from scanner.locale.values import write_number
from scanner.observations.steps import Reason
from scanner.reports.pictures.picture import SMALL, WIDTH, Drawing, Picture, Table, cell
from scanner.reports.pictures.seen import Sights, is_observed

ROW = 21.0
MAX_LABEL = 52


class _Part(msgspec.Struct, frozen=True):
    words: str
    count: int
    fill: str


class _Whole(msgspec.Struct, frozen=True):
    words: str
    count: int
    parts: tuple[_Part, ...]
    source: str = ""
    """Where the number is from, for the table."""


def coverage(sights: Sights, speaker: Speaker) -> Picture:
    """The targets by what became of them; with an official list, its services too."""
    say = speaker.say
    wholes = [_targets(sights, speaker)]
    estate = sights.run.manifest.estate
    if estate.population is not None:
        observed = {target.id: is_observed(sights.records.get(target.id)) for target in sights.targets}
        wholes.append(_services(population_figures(estate.population, estate.targets, observed), speaker))
    title = say("Coverage")
    total, (seen, *_) = wholes[0].count, wholes[0].parts
    table = Table(
        (say("Part"), say("Number")),
        tuple(
            row
            for whole in wholes
            for row in (
                (f"{whole.words} ({whole.source})" if whole.source else whole.words, _number(whole.count, speaker)),
                *((f"- {cell(part.words)}", _number(part.count, speaker)) for part in whole.parts),
            )
        ),
        numeric=frozenset({1}),
    )
    if not any(whole.count for whole in wholes):
        return Picture(
            name="coverage", title=title, summary=say("Nothing to show: the run has no targets."), table=table
        )
    summary = say(
        "Observed: {seen} of {total} targets; not observed: {rest}.",
        seen=_number(seen.count, speaker),
        total=_number(total, speaker),
        rest=_number(total - seen.count, speaker),
    )
    drawing = Drawing("coverage", title, summary)
    y = 0.0
    for whole in wholes:
        y = _draw(drawing, whole, y, speaker) + 10
    return Picture(
        name="coverage",
        title=title,
        summary=summary,
        table=table,
        svg=drawing.svg(y),
        note=say("Observed means that something answered; it does not say that everything could be checked."),
    )


def _targets(sights: Sights, speaker: Speaker) -> _Whole:
    records = [sights.records.get(target.id) for target in sights.targets]
    reasons = Counter(it.reason for it in records if it is not None and not is_observed(it))
    parts = [_Part(speaker.say("observed"), sum(map(is_observed, records)), "1")]
    parts += (
        _Part(speaker.say("not observed: {reason}", reason=_reason(reason, speaker)), count, "2")
        for reason, count in sorted(reasons.items(), key=lambda it: (-it[1], it[0]))
    )
    if missing := sum(it is None for it in records):
        parts.append(_Part(speaker.say("not reached before the run ended"), missing, "4"))
    return _Whole(speaker.say("Targets of this run"), len(records), tuple(parts))


def _services(figures: PopulationFigures, speaker: Speaker) -> _Whole:
    parts = [
        _Part(speaker.say("has a target, observed"), figures.services_observed, "1"),
        _Part(speaker.say("has a target, not observed"), figures.services_listed - figures.services_observed, "2"),
        _Part(speaker.say("has no target in this run"), figures.services - figures.services_listed, "4"),
    ]
    return _Whole(speaker.say("Services of the official list"), figures.services, tuple(parts), cell(figures.document))


def _reason(reason: str, speaker: Speaker) -> str:
    try:
        return reason_text(Reason(reason), speaker.language)
    except ValueError:
        return reason


def _number(count: int, speaker: Speaker) -> str:
    return write_number(count, speaker.language)


def _draw(drawing: Drawing, whole: _Whole, y: float, speaker: Speaker) -> float:
    """The whole as one bar, its parts below it, each with its count. The y below."""
    drawing.text(0, y + 13, shortened(whole.words, MAX_LABEL), bold=True)
    drawing.text(WIDTH, y + 13, _number(whole.count, speaker), anchor="end", bold=True)
    x = 0.0
    for part in whole.parts:
        width = WIDTH * part.count / whole.count if whole.count else 0.0
        if part.count:
            drawing.bar(x, y + 20, width, 20, part.fill, f"{part.words}: {_number(part.count, speaker)}")
        x += width
    y += 48
    _parts(drawing, whole.parts, y, speaker)
    return y + ROW * len(whole.parts)


def _parts(drawing: Drawing, parts: Sequence[_Part], y: float, speaker: Speaker) -> None:
    for index, part in enumerate(parts):
        top = y + ROW * index
        drawing.bar(0, top, 14, 11, part.fill)
        drawing.text(19, top + 9.5, shortened(part.words, MAX_LABEL), size=SMALL + 0.5)
        drawing.text(WIDTH, top + 9.5, _number(part.count, speaker), anchor="end", size=SMALL + 0.5)
