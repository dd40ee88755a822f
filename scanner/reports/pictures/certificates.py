"""From when to when each certificate is valid, held against the day of the run; soonest end first."""

import contextlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from scanner.locale.speech import Speaker
from scanner.locale.values import local, write_date, write_number
from scanner.reports.pictures.picture import SMALL, WIDTH, Drawing, Picture, Table, cell, label, service_labels
from scanner.reports.pictures.seen import Seen, Sights, Validity
from scanner.reports.summary import Name

SHOWN = 20
ROW = 35.0
SOON = timedelta(days=14)
"""The check's own threshold where the run names no other."""
BEFORE, AFTER = timedelta(days=60), timedelta(days=400)
"""How far the drawing reaches at either side of the day of the run: what lies beyond is cut off at the edge."""
DAY = timedelta(days=1)
MAX_NAMES = 5
LABEL_CHARS = 32


class _Row(msgspec.Struct, frozen=True):
    """A certificate, the services that sent it, and the addresses it was seen at, at least one of each."""

    leaf: Validity
    services: tuple[Name, ...]
    addresses: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The services, whole."""
        return tuple(it.full for it in self.services)


def certificates(sights: Sights, speaker: Speaker) -> Picture:
    """One bar a certificate; several services that send the same one share its bar."""
    say = speaker.say
    at, zone = sights.run.manifest.started, sights.run.manifest.estate.time_zone
    rows = _rows(sights.seen)
    soon = soon_of(sights)
    title = say("Certificates by the day they end")
    headings = (
        say("Services"),
        say("Number of services"),
        say("Valid from"),
        say("Valid until"),
        say("Days left"),
        say("Address"),
        "SHA-256",
    )
    table = Table(
        headings,
        tuple(
            (
                _listed(row.names, MAX_NAMES, speaker),
                _number(len(row.names), speaker),
                _date(row.leaf.not_before, speaker, zone),
                _date(row.leaf.not_after, speaker, zone),
                _number(_days(row.leaf, at), speaker),
                _listed(row.addresses, 2, speaker),
                row.leaf.sha256[:12],
            )
            for row in rows
        ),
        numeric=frozenset({1, 4}),
        values={
            2: tuple(row.leaf.not_before.isoformat() for row in rows),
            3: tuple(row.leaf.not_after.isoformat() for row in rows),
            5: tuple(cell(row.addresses[0]) for row in rows),
            6: tuple(row.leaf.sha256[:12] for row in rows),
        },
    )
    if not rows:
        summary = say("Nothing to show: no service sent a certificate that could be read.")
        return Picture(name="certificates", title=title, summary=summary, table=table)
    states = [_fill(row.leaf, at, soon) for row in rows]
    summary = say(
        "Certificates: {count}; not valid on {day}: {bad}; ending within {days} days: {soon}; later: {rest}.",
        count=_number(len(rows), speaker),
        bad=_number(states.count("bad"), speaker),
        soon=_number(states.count("warn"), speaker),
        rest=_number(states.count("ok"), speaker),
        days=_number(soon.days, speaker),
        day=_date(at, speaker, zone),
    )
    drawing = Drawing("certificates", title, summary)
    height = _draw(drawing, rows, at, soon, speaker, zone)
    return Picture(
        name="certificates",
        title=title,
        summary=summary,
        table=table,
        svg=drawing.svg(height),
        note=_note(sights.seen, speaker),
    )


def _rows(seen: Sequence[Seen]) -> list[_Row]:
    """Each certificate once, with the services that sent it; the one that ends first first."""
    found: dict[str, list[Seen]] = {}
    for it in seen:
        if it.leaf is not None:
            found.setdefault(it.leaf.sha256, []).append(it)
    rows = (_row(group) for group in found.values())
    return sorted(rows, key=lambda row: (row.leaf.not_after, row.names, row.leaf.sha256))


def _row(group: Sequence[Seen]) -> _Row:
    leaf = group[0].leaf
    assert leaf is not None
    services = sorted({it.name for it in group}, key=lambda name: name.full)
    return _Row(leaf, tuple(services), tuple(sorted({it.address for it in group})))


def soon_of(sights: Sights) -> timedelta:
    """From when on the run's check says that a certificate ends soon."""
    for used in sights.run.manifest.checks:
        if used.id == "tls.certificate.expiry" and "warn_before" in used.params:
            with contextlib.suppress(msgspec.ValidationError):  # a manifest that somebody else wrote
                return msgspec.convert(used.params["warn_before"], timedelta, strict=False)
    return SOON


def common_name(name: str) -> str:
    """What people call a certificate by: the common name of a distinguished name (RFC 4514), else all of it."""
    found = _COMMON_NAME.search(name)
    return found[1] if found is not None else name


_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:[^,\\+]|\\.)+)")


def _fill(leaf: Validity, at: datetime, soon: timedelta) -> str:
    if not leaf.not_before <= at <= leaf.not_after:
        return "bad"
    return "warn" if leaf.not_after - at < soon else "ok"


def _days(leaf: Validity, at: datetime) -> int:
    """Whole days until it ends, negative after it."""
    left = leaf.not_after - at
    return left // DAY if left >= timedelta(0) else -(-left // DAY)


def _number(count: int, speaker: Speaker) -> str:
    return write_number(count, speaker.language)


def _date(moment: datetime, speaker: Speaker, zone: str) -> str:
    return write_date(local(moment, zone), speaker.language)


def _listed(texts: Sequence[str], most: int, speaker: Speaker) -> str:
    """The first of them, and how many more there are."""
    more = len(texts) - most
    text = ", ".join(map(cell, texts[:most]))
    return f"{text} {speaker.say('+{count} more', count=_number(more, speaker))}" if more > 0 else text


def _more(row: _Row, times: Mapping[Name, int], speaker: Speaker) -> str:
    """What follows the name of the first service: how many more there are, or the address where the name has several."""
    if len(row.services) > 1:
        return f" +{_number(len(row.services) - 1, speaker)}"
    return f" ({label(row.addresses[0], 20)})" if times[row.services[0]] > 1 else ""


def _said(leaf: Validity, at: datetime, speaker: Speaker, zone: str) -> str:
    """When it ends or begins, beside its bar."""
    days = _days(leaf, at)
    if at < leaf.not_before:
        return speaker.say("not before {day}", day=_date(leaf.not_before, speaker, zone))
    day = _date(leaf.not_after, speaker, zone)
    if at > leaf.not_after:
        return speaker.say("ended {day}", day=day)
    if days > 9999:
        return day
    return speaker.say("{day}, {days} days left", day=day, days=_number(days, speaker))


def _note(seen: Sequence[Seen], speaker: Speaker) -> str:
    unreadable = sum(it.sent and it.leaf is None for it in seen)
    none = len({it.target for it in seen} - {it.target for it in seen if it.sent})
    parts = []
    if none:
        parts.append(
            speaker.say_count(
                "No certificate was seen of {count} service; the TLS versions below say why.",
                "No certificate was seen of {count} services; the TLS versions below say why.",
                none,
            )
        )
    if unreadable:
        parts.append(
            speaker.say_count(
                "{count} certificate that was sent could not be read.",
                "{count} certificates that were sent could not be read.",
                unreadable,
            )
        )
    return " ".join(parts)


def _draw(drawing: Drawing, rows: Sequence[_Row], at: datetime, soon: timedelta, speaker: Speaker, zone: str) -> float:
    span = (BEFORE + AFTER) / DAY

    def across(moment: datetime) -> float:
        """Where a moment lies, kept inside the drawing; years no calendar has are at its edge."""
        days = (moment - at) / DAY
        return WIDTH * min(max(days + BEFORE / DAY, 0.0), span) / span

    say = speaker.say
    entries = [
        ("bad", say("not valid on the day of the run")),
        ("warn", say("ends within {days} days", days=_number(soon.days, speaker))),
        ("ok", say("ends later")),
    ]
    used = {_fill(row.leaf, at, soon) for row in rows[:SHOWN]}
    y = drawing.legend(0, [entry for entry in entries if entry[0] in used]) + 18
    top, shown = y, rows[:SHOWN]
    bottom = top + ROW * len(shown)
    today = across(at) - 3
    drawing.text(today, y - 5, _date(at, speaker, zone), size=SMALL, bold=True)
    for days in (100, 200, 300, 400):
        x = across(at + days * DAY)
        last = days == 400
        words = say("+{days} days", days=days) if last else f"+{days}"
        drawing.text(x, bottom + 11, words, size=SMALL, anchor="end" if last else "middle")
    times = Counter(name for row in rows for name in row.services)
    labels = service_labels([(row.services[0], _more(row, times, speaker)) for row in shown], LABEL_CHARS)
    for row, words in zip(shown, labels, strict=True):
        said = _said(row.leaf, at, speaker, zone)
        drawing.text(0, y + 14, words)
        drawing.text(WIDTH, y + 14, said, anchor="end", size=SMALL)
        left, right = across(row.leaf.not_before), across(row.leaf.not_after)
        drawing.bar(
            left,
            y + 18,
            max(right - left, 2.0),
            9,
            _fill(row.leaf, at, soon),
            f"{_listed(row.names, MAX_NAMES, speaker)}: {said}",
        )
        y += ROW
    tops = [top + ROW * index + 17 for index in range(len(shown))]
    drawing.ticks([(across(at + days * DAY), y) for days in (100, 200, 300, 400) for y in tops], 12)
    drawing.ticks([(across(at), y) for y in tops], 12, strong=True)
    y = bottom + 16
    if (hidden := len(rows) - len(shown)) > 0:
        drawing.text(0, y + 12, say("+{count} more in the table", count=_number(hidden, speaker)), size=SMALL)
        y += 18
    return y
