"""Which TLS version each service settled on in the one handshake that this version of Pindai makes.

A server chooses one version a handshake, so that which others it would also take was not asked. Those cells are left open in
the drawing and say so in the table: an old version that nobody settled on may still be accepted.
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
from scanner.reports.pictures.seen import Seen, Sights
from scanner.reports.summary import Name

SHOWN = 24
ROW = 21.0
LABEL_CHARS = 24
ONE_BY_ONE = 4
"""How many services without a handshake for one reason are drawn one by one."""
MAX_WHY = 38
LEFT = 168.0
"""Where the columns begin."""
VERSIONS: Mapping[str, str] = MappingProxyType(
    {"SSLv3": "SSL 3", "TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}
)
"""As the library names them and as people do, oldest first."""
ALWAYS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
OLD = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})
"""Deprecated by RFC 7568 and RFC 8996."""


class _Row(msgspec.Struct, frozen=True):
    name: Name
    address: str
    version: str
    """Empty where no handshake was finished."""
    cipher: str
    why: str
    """Why there is none, in a few words; not empty for services that are known by plain HTTP alone either."""
    tried: bool


def protocols(sights: Sights, speaker: Speaker) -> Picture:
    """A row a service and address, a column a version, one mark a row; the oldest versions first."""
    say = speaker.say
    rows = sorted((_row(it, speaker) for it in sights.seen), key=_oldest_first)
    columns = [*(name for name in VERSIONS if name in ALWAYS or any(row.version == name for row in rows))]
    columns += sorted({row.version for row in rows} - set(columns) - {""})
    title = say("TLS version that was settled on")
    table = Table(
        (say("Service"), say("Address"), say("Settled on"), say("Cipher suite"), say("Other versions")),
        tuple(
            (
                cell(row.name.full),
                cell(row.address),
                _shown(row.version) if row.version else _why(row, speaker),
                cell(row.cipher),
                say("not observed by this version"),
            )
            for row in rows
        ),
        values={1: tuple(cell(row.address) for row in rows)},
    )
    counts = Counter(row.version for row in rows)
    settled = sum(counts[version] for version in columns)
    if not settled:
        summary = say("Nothing to show: no TLS handshake was finished.")
        return Picture(name="protocols", title=title, summary=summary, table=table)
    summary = say(
        "{list}; no handshake: {none}. Counted are services at each of their addresses.",
        list=", ".join(f"{_shown(version)}: {_number(counts[version], speaker)}" for version in columns),
        none=_number(counts[""], speaker),
    )
    drawing = Drawing("protocols", title, summary)
    height = _draw(drawing, rows, columns, counts, speaker)
    note = say(
        "At each address of a service (x2: at two) one handshake was made, with all versions on offer. Which other versions "
        "the server accepts was not observed by this version of Pindai: an empty cell is not a refusal."
    )
    return Picture(name="protocols", title=title, summary=summary, table=table, svg=drawing.svg(height), note=note)


def _row(seen: Seen, speaker: Speaker) -> _Row:
    reason = seen.tls_reason
    why = ""
    if not seen.version:
        why = speaker.say("plain HTTP, no handshake") if reason is None else _reason(reason, speaker)
    return _Row(seen.name, seen.address, seen.version, seen.cipher, why, reason is not None)


def _why(row: _Row, speaker: Speaker) -> str:
    return speaker.say("not observed: {reason}", reason=row.why) if row.tried else row.why


def _oldest_first(row: _Row) -> tuple[int, str, str]:
    """Old versions, versions we have no name for, what was not observed, and the newer ones; then by name."""
    if not row.version:
        return 50, row.name.full, row.address
    order = list(VERSIONS).index(row.version) if row.version in VERSIONS else 40
    return order if row.version in OLD or order == 40 else order + 60, row.name.full, row.address


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
    alike: dict[tuple[Name | None, str, str], list[_Row]] = {}
    why = Counter(row.why for row in rows if not row.version)
    for row in rows:
        name = None if why[row.why] > ONE_BY_ONE and not row.version else row.name
        alike.setdefault((name, row.version, row.why), []).append(row)
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
            *([("bad", say("settled on a deprecated version"))] if any(counts[it] for it in OLD) else []),
            ("1", say("settled on")),
            ("none", say("not observed by this version")),
        ],
    )
    y += 12
    for index, version in enumerate(columns):
        middle = LEFT + step * (index + 0.5)
        drawing.text(middle, y, _shown(version), anchor="middle", size=SMALL, bold=True)
        drawing.text(middle, y + 14, _number(counts[version], speaker), anchor="middle", size=SMALL)
    drawing.text(0, y + 14, say("Number"), size=SMALL)
    y += 20
    drawing.line(0, y, WIDTH, y, strong=True)
    lines = _lines(rows, speaker)
    shown = lines[:SHOWN]
    labels = service_labels([(it.name, it.more) for it in shown], LABEL_CHARS)
    for (row, *_), words in zip(shown, labels, strict=True):
        drawing.text(0, y + 15, words, size=SMALL)
        if not row.version:
            drawing.text(LEFT + 4, y + 15, shortened(row.why, MAX_WHY), size=SMALL)
        for index, version in enumerate(columns if row.version else ()):
            x = LEFT + step * index
            if version == row.version:
                drawing.bar(x + 4, y + 4, step - 8, 13, "bad" if version in OLD else "1", row.name.full)
            else:
                drawing.bar(x + 4, y + 4, step - 8, 13, "none")
        y += ROW
        drawing.line(0, y, WIDTH, y)
    if (hidden := sum(it.rows for it in lines[SHOWN:])) > 0:
        drawing.text(0, y + 15, say("+{count} more in the table", count=_number(hidden, speaker)), size=SMALL)
        y += ROW
    return y + 2
