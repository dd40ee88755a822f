"""Which suites and groups each TLS service takes, in classes, and one by one in the table.

The classes sort by how a suite is made, not by what a policy thinks of it: what is a finding stands with the findings.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scanner.derive.tls_facts import TlsVersion
from scanner.locale.speech import Speaker, mark
from scanner.locale.values import write_number
from scanner.probes.tls.code_points import (
    GroupKind,
    Suite,
    group,
    group_name,
    ssl2_kind,
    ssl2_kind_name,
    suite,
    suite_name,
)
from scanner.reports.pictures.picture import SMALL, WIDTH, Drawing, Picture, Table, cell, service_labels
from scanner.reports.pictures.seen import Sights, Speech
from scanner.reports.summary import Name

SHOWN = 24
ROW = 21.0
LABEL_CHARS = 20
LEFT = 138.0
MOST_CELL_CHARS = 2000
SMALL_BLOCK_BITS = 64


class Column(NamedTuple):
    """A class of suites or groups: the word over its column, and what is in it."""

    key: str
    word: str
    means: str
    fill: str


SUITE_COLUMNS = (
    Column("aead", "AEAD", mark("AEAD with forward secrecy"), "1"),
    Column("cbc", "CBC", mark("forward secrecy without AEAD"), "3"),
    Column("static", "RSA", mark("without forward secrecy (RSA and other static keys)"), "2"),
    Column("block64", "3DES", mark("blocks of 64 bits (3DES, IDEA, ...)"), "warn"),
    Column("broken", "RC4", mark("RC4, DES, export, anonymous, or nothing encrypted"), "bad"),
)
GROUP_COLUMNS = (
    Column("quantum", "PQ", mark("groups that resist quantum computers"), "1"),
    Column("montgomery", "25519", mark("X25519 and X448"), "1"),
    Column("prime", "NIST", mark("curves of NIST, brainpool and others"), "3"),
    Column("finite", "DH", mark("finite fields (DHE)"), "2"),
)
COLUMNS = (*SUITE_COLUMNS, *GROUP_COLUMNS)


def suite_class(it: Suite | None) -> str:
    """Which column a suite is counted in; one that is not known is counted with the broken ones."""
    if it is None or not it.encrypts or it.anonymous or it.export or it.cipher in ("RC4", "RC2", "DES"):
        return "broken"
    if it.block_bits == SMALL_BLOCK_BITS:
        return "block64"
    if not it.forward_secret:
        return "static"
    return "aead" if it.aead else "cbc"


def group_class(number: int) -> str:
    """Which column a group is counted in."""
    it = group(number)
    if it is not None and it.post_quantum:
        return "quantum"
    if it is not None and it.kind is GroupKind.MONTGOMERY_CURVE:
        return "montgomery"
    return "finite" if it is not None and it.kind is GroupKind.FINITE_FIELD else "prime"


class _Row(NamedTuple):
    speech: Speech
    counts: dict[str, int]
    name: Name


def suites(sights: Sights, speaker: Speaker) -> Picture:
    """A row a service and address, a column a class of suites or groups, the count in the cell."""
    say = speaker.say
    rows = sorted((_row(it) for it in sights.spoken if it.suites), key=_broken_first)
    title = say("Cipher suites and groups that are taken")
    table = Table(
        (say("Service"), say("Address"), say("Version"), say("Suites"), say("Groups"), say("Complete")),
        tuple(line for row in rows for line in _lines(row, speaker)),
    )
    if not rows:
        summary = say("Nothing to show: no service was asked for all its suites.")
        return Picture(name="suites", title=title, summary=summary, table=table)
    counts = {column.key: sum(1 for row in rows if row.counts[column.key]) for column in COLUMNS}
    summary = say(
        "Services asked, each of their addresses counted: {count}. {list}.",
        count=_number(len(rows), speaker),
        list="; ".join(f"{speaker.say_marked(it.means)}: {_number(counts[it.key], speaker)}" for it in COLUMNS),
    )
    drawing = Drawing("suites", title, summary)
    height = _draw(drawing, rows, speaker)
    note = say(
        "In each cell stands how many suites or groups of that kind the service takes, in all versions together; a suite is "
        "counted in the first kind from the right that it belongs to. An asterisk: there may be more than were seen. Whether "
        "a suite is a finding is said with the findings."
    )
    return Picture(name="suites", title=title, summary=summary, table=table, svg=drawing.svg(height), note=note)


def named(speech: Speech) -> Name:
    """What a service is called: with its port and protocol where TLS is begun by STARTTLS."""
    if not speech.starttls:
        return speech.name
    more = f":{speech.port} ({speech.starttls})"
    return Name(speech.name.full + more, speech.name.short + more)


def _row(speech: Speech) -> _Row:
    counts = dict.fromkeys((column.key for column in COLUMNS), 0)
    seen = {(version is TlsVersion.SSL2, number) for version, them in speech.suites.items() for number in them}
    for of_ssl2, number in seen:
        counts[suite_class(ssl2_kind(number) if of_ssl2 else suite(number))] += 1
    groups = {number for them in speech.groups.values() for number in them}
    for number in groups:
        counts[group_class(number)] += 1
    unnamed = {name for them in speech.dh.values() for name in them}
    counts["finite"] += len(unnamed - set(map(group_name, groups)))
    return _Row(speech, counts, named(speech))


def _broken_first(row: _Row) -> tuple[int, int, int, str, str]:
    worst = (-min(row.counts[key], 1) for key in ("broken", "block64", "static"))
    return (*worst, row.name.full, row.speech.address)  # type: ignore[return-value]  # three of them


def _lines(row: _Row, speaker: Speaker) -> Iterator[tuple[str, ...]]:
    """One line of the table a version, the newest first."""
    for version in reversed(TlsVersion):
        if version not in row.speech.suites:
            continue
        name = ssl2_kind_name if version is TlsVersion.SSL2 else suite_name
        complete = speaker.say("there may be more") if version in row.speech.short else speaker.say("yes")
        yield (
            cell(row.name.full),
            cell(row.speech.address),
            version.value.replace("v", " "),
            _listed(tuple(map(name, row.speech.suites[version]))),
            _listed(_groups(row.speech, version)),
            complete,
        )


def _groups(speech: Speech, version: TlsVersion) -> tuple[str, ...]:
    names = map(group_name, speech.groups.get(version, ()))
    return tuple(dict.fromkeys((*names, *speech.dh.get(version, ()))))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:MOST_CELL_CHARS] or "-"


def _number(count: int, speaker: Speaker) -> str:
    return write_number(count, speaker.language)


def _draw(drawing: Drawing, rows: Sequence[_Row], speaker: Speaker) -> float:
    say = speaker.say
    step = (WIDTH - LEFT) / len(COLUMNS)
    y = 0.0
    for column in COLUMNS:
        drawing.text(0, y + 10, column.word, size=SMALL, bold=True)
        drawing.text(52, y + 10, speaker.say_marked(column.means), size=SMALL)
        y += 15
    y += 10
    for index, column in enumerate(COLUMNS):
        drawing.text(LEFT + step * (index + 0.5), y, column.word, anchor="middle", size=9.5, bold=True)
    y += 5
    drawing.line(0, y, WIDTH, y, strong=True)
    shown = rows[:SHOWN]
    labels = service_labels([(row.name, "") for row in shown], LABEL_CHARS)
    for row, words in zip(shown, labels, strict=True):
        drawing.text(0, y + 15, words + ("*" if row.speech.short else ""), size=SMALL)
        for index, column in enumerate(COLUMNS):
            if count := row.counts[column.key]:
                x = LEFT + step * index
                tip = f"{row.name.full}: {speaker.say_marked(column.means)}"
                drawing.text(x + step / 2, y + 12, _number(count, speaker), anchor="middle", size=SMALL)
                drawing.bar(x + 3, y + 14.5, step - 6, 4, column.fill, tip)
        y += ROW
        drawing.line(0, y, WIDTH, y)
    if (hidden := len(rows) - len(shown)) > 0:
        drawing.text(0, y + 15, say("+{count} more in the table", count=_number(hidden, speaker)), size=SMALL)
        y += ROW
    return y + 2
