"""Which TLS versions each service speaks: those its sweep found, or the one that a single handshake settled on.

A server chooses one version a handshake. Where no sweep was made, which others it would also take was not asked: those cells
are marked, and the table says so, for an old version that nobody settled on may still be accepted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from scanner.locale.printable import shortened
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker
from scanner.locale.values import write_number
from scanner.observations.steps import Reason
from scanner.reports.pictures.picture import SMALL, WIDTH, Drawing, Picture, Table, cell, label, service_labels
from scanner.reports.pictures.seen import Seen, Sights, Speech
from scanner.reports.pictures.suites import named
from scanner.reports.summary import Name

SHOWN = 24
ROW = 21.0
LABEL_CHARS = 24
ONE_BY_ONE = 4
"""How many services without a handshake for one reason are drawn one by one."""
MAX_WHY = 38
LEFT = 168.0
"""Where the columns begin."""
ROOMY, TINY = 5, 9.5
"""So many columns have room for words of the usual size; above, they are smaller."""
LIBRARY: Mapping[str, str] = MappingProxyType({"TLSv1": "TLSv1.0"})
"""What the library calls otherwise than `TlsVersion`."""
VERSIONS: Mapping[str, str] = MappingProxyType(
    {
        "SSLv2": "SSL 2",
        "SSLv3": "SSL 3",
        "TLSv1.0": "TLS 1.0",
        "TLSv1.1": "TLS 1.1",
        "TLSv1.2": "TLS 1.2",
        "TLSv1.3": "TLS 1.3",
    }
)
"""As people name them, oldest first."""
ALWAYS = ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
OLD = frozenset({"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"})
"""Deprecated by RFC 6176, RFC 7568 and RFC 8996."""
UNASKED = Reason.NOT_ASKED.value


class _Row(msgspec.Struct, frozen=True):
    """A service at an address. `versions` has what is known of each; `why` is why nothing is, in a few words."""

    name: Name
    address: str
    versions: tuple[tuple[str, bool | str], ...]
    why: str
    tried: bool

    @property
    def spoken(self) -> tuple[str, ...]:
        """Versions that it speaks, the oldest first."""
        return tuple(version for version, it in self.versions if it is True)

    def states(self) -> dict[str, bool | str]:
        """What is known by version."""
        return dict(self.versions)


def protocols(sights: Sights, speaker: Speaker) -> Picture:
    """A row a service and address, a column a version; those with the oldest versions first."""
    say = speaker.say
    rows = sorted(_rows(sights, speaker), key=_oldest_first)
    columns = [name for name in VERSIONS if name in ALWAYS or any(name in row.spoken for row in rows)]
    columns += sorted({version for row in rows for version in row.spoken} - set(columns))
    title = say("TLS versions")
    table = Table(
        (say("Service"), say("Address"), say("Speaks"), say("Refuses"), say("Not observed")),
        tuple(
            (
                cell(row.name.full),
                cell(row.address),
                _joined(row.spoken) if row.versions else _why(row, speaker),
                _joined([version for version, it in row.versions if it is False]),
                _unknown(row, speaker),
            )
            for row in rows
        ),
        values={1: tuple(cell(row.address) for row in rows)},
    )
    counts = Counter(version for row in rows for version in row.spoken)
    if not counts:
        summary = say("Nothing to show: no TLS handshake was finished.")
        return Picture(name="protocols", title=title, summary=summary, table=table)
    summary = say(
        "Spoken: {list}; no handshake: {none}. Counted are services at each of their addresses.",
        list=", ".join(f"{_shown(version)}: {_number(counts[version], speaker)}" for version in columns),
        none=_number(sum(not row.spoken for row in rows), speaker),
    )
    drawing = Drawing("protocols", title, summary)
    height = _draw(drawing, rows, columns, counts, speaker)
    note = say(
        "Each row stands for a service at an address (x2: at two alike). A dash: the version was asked for and refused. "
        "Where only one handshake was made, the versions besides the one it settled on were not observed, which is not a "
        "refusal."
    )
    return Picture(name="protocols", title=title, summary=summary, table=table, svg=drawing.svg(height), note=note)


def _rows(sights: Sights, speaker: Speaker) -> list[_Row]:
    """Sweeps where there are any, and the handshakes of services and addresses without one."""
    swept = [_swept(it, speaker) for it in sights.spoken if it.versions or it.starttls]
    done = {(it.name, it.address) for it in sights.spoken if it.versions and not it.starttls}
    return [*swept, *(_row(it, speaker) for it in sights.seen if (it.name, it.address) not in done)]


def _swept(speech: Speech, speaker: Speaker) -> _Row:
    versions = tuple((version.value, it) for version, it in speech.versions.items())
    return _Row(named(speech), speech.address, versions, _reason(speech.why, speaker) if speech.why else "", tried=True)


def _row(seen: Seen, speaker: Speaker) -> _Row:
    """What one handshake showed: one version, and nothing of the others."""
    reason = seen.tls_reason
    if not seen.version:
        why = speaker.say("plain HTTP, no handshake") if reason is None else _reason(reason, speaker)
        return _Row(seen.name, seen.address, (), why, tried=reason is not None)
    own = LIBRARY.get(seen.version, seen.version)
    others = (version for version in VERSIONS if version != own)
    known: dict[str, bool | str] = {own: True} | dict.fromkeys(others, UNASKED)
    order = [*VERSIONS, *([] if own in VERSIONS else [own])]
    return _Row(seen.name, seen.address, tuple((version, known[version]) for version in order), "", tried=True)


def _why(row: _Row, speaker: Speaker) -> str:
    return speaker.say("not observed: {reason}", reason=row.why) if row.tried else row.why


def _unknown(row: _Row, speaker: Speaker) -> str:
    """The versions of which nothing is known, by reason: those one handshake left open are not listed one by one."""
    by_reason: dict[str, list[str]] = {}
    for version, it in row.versions:
        if isinstance(it, str):
            by_reason.setdefault(it, []).append(version)
    if len(by_reason.get(UNASKED, ())) >= len(VERSIONS) - 1:
        return speaker.say("the others: one handshake was made")
    return "; ".join(f"{_joined(them)} ({_reason(reason, speaker)})" for reason, them in by_reason.items()) or "-"


def _joined(versions: Sequence[str]) -> str:
    return ", ".join(map(_shown, versions)) or "-"


def _oldest_first(row: _Row) -> tuple[int, str, str]:
    """Old versions, versions we have no name for, what was not observed, and the newer ones; then by name."""
    if not row.spoken:
        return 50, row.name.full, row.address
    order = min(list(VERSIONS).index(it) if it in VERSIONS else 40 for it in row.spoken)
    return order if not OLD.isdisjoint(row.spoken) or order == 40 else order + 60, row.name.full, row.address


def _shown(version: str) -> str:
    return VERSIONS.get(version) or label(version, 12)


def _reason(reason: str, speaker: Speaker) -> str:
    try:
        return reason_text(Reason(reason), speaker.language)
    except ValueError:
        return cell(reason)


def _number(count: int, speaker: Speaker) -> str:
    return write_number(count, speaker.language)


class _Line(NamedTuple):
    """One line of the drawing: a service, whatever its addresses, or several services that no handshake was seen of."""

    row: _Row
    name: Name
    more: str
    rows: int


def _lines(rows: Sequence[_Row], speaker: Speaker) -> list[_Line]:
    alike: dict[tuple[Name | None, tuple[tuple[str, bool | str], ...], str], list[_Row]] = {}
    why = Counter(row.why for row in rows if not row.versions)
    for row in rows:
        name = None if not row.versions and why[row.why] > ONE_BY_ONE else row.name
        alike.setdefault((name, row.versions, row.why), []).append(row)
    made: list[_Line] = []
    for (name, _, _), group in alike.items():
        if name is None:
            count = len({row.name for row in group})
            words = speaker.say("{number} services", number=_number(count, speaker))
            made.append(_Line(group[0], Name(words, words), "", len(group)))
        else:
            made.append(_Line(group[0], name, f" x{len(group)}" if len(group) > 1 else "", len(group)))
    return made


def _draw(
    drawing: Drawing, rows: Sequence[_Row], columns: Sequence[str], counts: Mapping[str, int], speaker: Speaker
) -> float:
    say = speaker.say
    step = (WIDTH - LEFT) / len(columns)
    y = drawing.legend(
        0,
        [
            *([("bad", say("speaks a deprecated version"))] if any(counts[it] for it in OLD) else []),
            ("1", say("speaks it")),
            ("none", say("not observed")),
        ],
    )
    y += 12
    for index, version in enumerate(columns):
        middle = LEFT + step * (index + 0.5)
        size = SMALL if len(columns) <= ROOMY else TINY
        drawing.text(middle, y, _shown(version), anchor="middle", size=size, bold=True)
        drawing.text(middle, y + 14, _number(counts[version], speaker), anchor="middle", size=SMALL)
    drawing.text(0, y + 14, say("Number"), size=SMALL)
    y += 20
    drawing.line(0, y, WIDTH, y, strong=True)
    lines = _lines(rows, speaker)
    shown = lines[:SHOWN]
    labels = service_labels([(it.name, it.more) for it in shown], LABEL_CHARS)
    for (row, *_), words in zip(shown, labels, strict=True):
        drawing.text(0, y + 15, words, size=SMALL)
        if not row.versions:
            drawing.text(LEFT + 4, y + 15, shortened(row.why, MAX_WHY), size=SMALL)
        states = row.states()
        for index, version in enumerate(columns if row.versions else ()):
            x, state = LEFT + step * index, states.get(version, UNASKED)
            if state is True:
                tip = f"{row.name.full}: {_shown(version)}"
                drawing.bar(x + 4, y + 4, step - 8, 13, "bad" if version in OLD else "1", tip)
            elif state is False:
                drawing.text(x + step / 2, y + 15, "-", anchor="middle", size=SMALL)
            else:
                drawing.bar(x + 4, y + 4, step - 8, 13, "none")
        y += ROW
        drawing.line(0, y, WIDTH, y)
    if (hidden := sum(it.rows for it in lines[SHOWN:])) > 0:
        drawing.text(0, y + 15, say("+{count} more in the table", count=_number(hidden, speaker)), size=SMALL)
        y += ROW
    return y + 2
