"""Chains of certificates on one axis of dates: the server's own, those above it, and the day on which they were seen.

A leaf lives for weeks and a root for decades, so the axis is stretched near that day and narrow far from it.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from scanner.locale.speech import Speaker
from scanner.locale.values import local, write_date, write_number
from scanner.reports.pictures.certificates import common_name, soon_of
from scanner.reports.pictures.picture import SMALL, WIDTH, Drawing, Picture, Table, cell, label, service_labels
from scanner.reports.pictures.seen import Chain, Link, Seen, Sights
from scanner.reports.summary import Name

SHOWN = 8
LINKS_SHOWN = 6
HEAD, ROW = 20.0, 17.0
LEFT = 150.0
"""Where the axis begins; names of certificates stand left of it."""
LABEL_CHARS = 22
DAY = timedelta(days=1)
NEAR_DAYS = 30.0
"""About as far from the day seen the axis is straight; beyond, it is a logarithm."""
REACH_DAYS = 36_525.0
TICKS = (-3652, -365, 365, 3652)
"""Days from the day seen at which the axis is marked."""


class _Row(msgspec.Struct, frozen=True):
    """A chain, and the services that sent its leaf."""

    chain: Chain
    services: tuple[Name, ...]

    @property
    def first_end(self) -> datetime:
        """When the first of its certificates ends."""
        return min(it.valid.not_after for it in self.chain.links)


class _Above(msgspec.Struct, frozen=True):
    """A certificate and what it is in chains, with how many services have it in theirs."""

    link: Link
    at: datetime
    services: frozenset[Name]


def chain(sights: Sights, speaker: Speaker) -> Picture:
    """A group of bars a chain, the one in which a certificate ends first on top."""
    say = speaker.say
    zone, soon = sights.run.manifest.estate.time_zone, soon_of(sights)
    rows = _rows(sights.seen)
    title = say("Chains of certificates over time")
    table = _table(_certificates(sights.seen, rows), speaker, zone)
    if not rows:
        summary = say("Nothing to show: no service sent a certificate that could be read.")
        return Picture(name="chain", title=title, summary=summary, table=table)
    states = [_state(link, row.chain.at, soon) for row in rows for link in row.chain.links if link.role != "leaf"]
    summary = say(
        "Chains: {count}, of which lead to a trust anchor: {anchored}. Certificates above the servers' own, in all chains: "
        "not valid when seen: {bad}; ending within {days} days: {soon}.",
        count=write_number(len(rows), speaker.language),
        anchored=write_number(sum(row.chain.anchored for row in rows), speaker.language),
        bad=write_number(states.count("bad"), speaker.language),
        soon=write_number(states.count("warn"), speaker.language),
        days=write_number(soon.days, speaker.language),
    )
    drawing = Drawing("chain", title, summary)
    height = _draw(drawing, rows, soon, speaker, zone)
    note = say(
        "The axis is stretched near the day on which a chain was seen, which the upright line marks. A chain without a path "
        "to an anchor is drawn as it was sent. The table has the certificates above the servers' own, and the chains drawn; "
        "all certificates of servers are in the table by the day they end."
    )
    return Picture(name="chain", title=title, summary=summary, table=table, svg=drawing.svg(height), note=note)


def _rows(seen: Sequence[Seen]) -> list[_Row]:
    """Each chain once, by its certificates, with the services that sent it."""
    found: dict[tuple[str, ...], tuple[Chain, dict[Name, None]]] = {}
    for it in seen:
        if it.chain is not None:
            key = tuple(link.valid.sha256 for link in it.chain.links)
            found.setdefault(key, (it.chain, {}))[1][it.name] = None
    rows = [_Row(chain, tuple(sorted(names, key=lambda name: name.full))) for chain, names in found.values()]
    return sorted(rows, key=lambda row: (row.first_end, row.services[0].full, row.chain.links[0].valid.sha256))


def _certificates(seen: Sequence[Seen], rows: Sequence[_Row]) -> list[_Above]:
    """The certificates of all chains, each once in each role; leaves only of the chains that are drawn."""
    drawn = {row.chain.links[0].valid.sha256 for row in rows[:SHOWN]}
    found: dict[tuple[str, str], tuple[Link, datetime, set[Name]]] = {}
    for it in seen:
        for link in () if it.chain is None else it.chain.links:
            if link.role != "leaf" or link.valid.sha256 in drawn:
                assert it.chain is not None
                found.setdefault((link.role, link.valid.sha256), (link, it.chain.at, set()))[2].add(it.name)
    made = (_Above(link, at, frozenset(names)) for link, at, names in found.values())
    order = ("leaf", "intermediate", "anchor")
    return sorted(made, key=lambda it: (order.index(it.link.role), it.link.valid.not_after, it.link.valid.sha256))


def _table(certificates: Sequence[_Above], speaker: Speaker, zone: str) -> Table:
    say = speaker.say
    return Table(
        (
            say("Certificate"),
            say("Role"),
            say("Number of services"),
            say("Valid from"),
            say("Valid until"),
            say("Days left"),
            say("Seen on"),
            "SHA-256",
        ),
        tuple(
            (
                cell(common_name(it.link.subject)),
                _role(it.link.role, speaker),
                write_number(len(it.services), speaker.language),
                _date(it.link.valid.not_before, speaker, zone),
                _date(it.link.valid.not_after, speaker, zone),
                write_number(_days(it.link.valid.not_after, it.at), speaker.language),
                _date(it.at, speaker, zone),
                it.link.valid.sha256[:12],
            )
            for it in certificates
        ),
        numeric=frozenset({2, 5}),
        values={
            3: tuple(it.link.valid.not_before.isoformat() for it in certificates),
            4: tuple(it.link.valid.not_after.isoformat() for it in certificates),
            6: tuple(it.at.isoformat() for it in certificates),
            7: tuple(it.link.valid.sha256[:12] for it in certificates),
        },
    )


def _role(role: str, speaker: Speaker) -> str:
    say = speaker.say
    return {"leaf": say("of the server"), "intermediate": say("intermediate"), "anchor": say("trust anchor")}[role]


def _state(link: Link, at: datetime, soon: timedelta) -> str:
    """How a certificate's bar is filled: by its time when that is short or over, else by its role."""
    if not link.valid.not_before <= at <= link.valid.not_after:
        return "bad"
    if link.valid.not_after - at < soon:
        return "warn"
    return {"leaf": "1", "intermediate": "3", "anchor": "4"}[link.role]


def _days(until: datetime, at: datetime) -> int:
    """Whole days until it ends, negative after it."""
    left = until - at
    return left // DAY if left >= timedelta(0) else -(-left // DAY)


def _date(moment: datetime, speaker: Speaker, zone: str) -> str:
    return write_date(local(moment, zone), speaker.language)


def _across(days: float) -> float:
    """Where a moment lies, so many days from the day seen, kept inside the drawing."""
    far = math.asinh(REACH_DAYS / NEAR_DAYS)
    share = math.asinh(max(-REACH_DAYS, min(days, REACH_DAYS)) / NEAR_DAYS) / far
    return LEFT + (WIDTH - LEFT) * (share + 1) / 2


def _draw(drawing: Drawing, rows: Sequence[_Row], soon: timedelta, speaker: Speaker, zone: str) -> float:
    say = speaker.say
    shown = rows[:SHOWN]
    used = {_state(link, row.chain.at, soon) for row in shown for link in row.chain.links[:LINKS_SHOWN]}
    entries = [
        ("bad", say("not valid when seen")),
        ("warn", say("ends within {days} days", days=write_number(soon.days, speaker.language))),
        ("1", say("of the server")),
        ("3", say("intermediate")),
        ("4", say("trust anchor")),
    ]
    y = drawing.legend(0, [entry for entry in entries if entry[0] in used]) + 10
    for days, words in zip(TICKS, _tick_words(speaker), strict=True):
        drawing.text(_across(days), y, words, size=SMALL, anchor="middle")
    y += 4
    drawing.line(LEFT, y, WIDTH, y, strong=True)
    labels = service_labels([(row.services[0], _more(row, speaker)) for row in shown], 34)
    for row, words in zip(shown, labels, strict=True):
        drawing.text(0, y + 15, words, bold=True)
        seen = say("seen {date}", date=_date(row.chain.at, speaker, zone))
        drawing.text(WIDTH, y + 15, seen, anchor="end", size=SMALL)
        y += HEAD
        top = y
        for link in row.chain.links[:LINKS_SHOWN]:
            y = _draw_link(drawing, y, link, row.chain.at, soon, speaker, zone)
        marks = [(_across(days), top) for days in TICKS]
        drawing.ticks(marks, y - top)
        drawing.ticks([(_across(0), top - 2)], y - top + 2, strong=True)
        if (hidden := len(row.chain.links) - LINKS_SHOWN) > 0:
            drawing.text(
                0, y + 12, say("+{count} more in the table", count=write_number(hidden, speaker.language)), size=SMALL
            )
            y += ROW
        if not row.chain.anchored:
            drawing.text(0, y + 12, say("no path to a trust anchor"), size=SMALL)
            y += ROW
        y += 4
        drawing.line(0, y, WIDTH, y)
    if (hidden := len(rows) - len(shown)) > 0:
        drawing.text(
            0, y + 15, say("+{count} more in the table", count=write_number(hidden, speaker.language)), size=SMALL
        )
        y += 18
    return y + 4


def _tick_words(speaker: Speaker) -> tuple[str, ...]:
    say = speaker.say
    return (
        say("-{number} y", number=10),
        say("-{number} y", number=1),
        say("+{number} y", number=1),
        say("+{number} y", number=10),
    )


def _more(row: _Row, speaker: Speaker) -> str:
    return f" +{write_number(len(row.services) - 1, speaker.language)}" if len(row.services) > 1 else ""


def _draw_link(
    drawing: Drawing, y: float, link: Link, at: datetime, soon: timedelta, speaker: Speaker, zone: str
) -> float:
    """One certificate's bar from its first day to its last, its name left of it; the y below it."""
    left = _across((link.valid.not_before - at) / DAY)
    right = _across((link.valid.not_after - at) / DAY)
    tip = speaker.say(
        "{name}: {since} to {until}",
        name=common_name(link.subject),
        since=_date(link.valid.not_before, speaker, zone),
        until=_date(link.valid.not_after, speaker, zone),
    )
    drawing.text(0, y + 12, label(common_name(link.subject), LABEL_CHARS), size=SMALL)
    drawing.bar(left, y + 3, max(right - left, 2.0), 10, _state(link, at, soon), tip)
    return y + ROW
