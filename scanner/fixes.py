"""Fixes: findings put together by what one change, made by one party, repairs.

A fix is one kind of fault and one kind of person who can repair it; where the findings have a thing in common that can be
repaired in one place, that place is part of it. Pure, and in one pass over the findings; only what is open counts.

How sure a place is: findings about one shared subject, or about the records at one name of the DNS, are repaired there, and
that is certain. Services behind one address are a guess: one machine answers for all of them, so that one change may do, and
whether its configuration is one nobody can see from outside. The sentence then says "may", and nothing of the kind is said
where a good part of the services behind the address do well: there each has a configuration of its own. A key that stands
in several places is one cause and not one change: each place needs a key of its own.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from scanner.estate import Target
from scanner.findings import Finding, FixedBy, Severity, State
from scanner.locale.details import finding_text
from scanner.locale.printable import printable, shortened
from scanner.locale.speech import Speaker
from scanner.locale.values import write_number
from scanner.parse.url import DEFAULT_PORTS
from scanner.run import Run
from scanner.service_beside import repaired_by, service_beside

ENOUGH_BEHIND = 3
"""From how many targets on an address is told as a place of its own: a pair is as quickly repaired one by one."""
MOST = 0.8
"""Which share of the services behind an address must have the fault, of those that the check concluded about."""
MAX_KEY_CHARS = 60
MAX_SERVICES = 3
"""How many services beside the targets' own a sentence names."""
MAX_WORDS = 120
"""A longer sentence is a server's doing; what lies beyond is not compared."""


class SharedKind(StrEnum):
    """What findings have in common that may be repaired in one place."""

    ADDRESS = "address"
    CERTIFICATE = "certificate"
    KEY = "key"
    NAME = "name"
    PROXY = "proxy"
    RECORDS = "records"
    ZONE = "zone"


class Shared(msgspec.Struct, frozen=True):
    """A thing that several findings have in common. `certain`: one change there repairs all of them."""

    kind: SharedKind
    key: str
    certain: bool


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """What one change repairs, or (`shared` is None) one kind of change that each service needs for itself.

    `en` and `id` are the sentence that fits all its findings, with `...` where they differ; they may hold what servers sent.
    `targets` are ids in the order in which findings are stored; `units` are sorted, without the nameless one. `services` are
    those beside the targets' own that it is about: no fix is about both, for the web server is not where they are repaired.
    """

    severity: Severity
    fixed_by: FixedBy
    check: str
    outcome: str
    shared: Shared | None
    en: str
    id: str
    findings: int
    targets: tuple[str, ...]
    units: tuple[str, ...]
    fingerprints: tuple[str, ...]
    services: tuple[str, ...] = ()

    def fault(self, language: str) -> str:
        """What is wrong, in a language."""
        return self.id if language == "id" else self.en

    @property
    def anchor(self) -> str:
        """A name for links, the same in every run of the same estate."""
        key = "" if self.shared is None else f"{self.shared.kind}\x00{self.shared.key}"
        text = "\x00".join((self.check, self.outcome, self.fixed_by, key, *(["beside"] if self.services else [])))
        return "fix-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def fixes(run: Run) -> tuple[Fix, ...]:
    """What a run's open findings come to, gravest first, then what settles most findings."""
    gathering = Gathering({target.id: target for target in run.manifest.estate.targets})
    for finding in run.findings():
        gathering.take(finding)
    return gathering.done()


def sentence_of(fix: Fix, speaker: Speaker) -> str:
    """How many findings the fix settles, and whether in one place; how sure that is is part of the sentence.

    Services beside the targets' own are named, a few of them.
    """
    sentence = _settles(fix, speaker)
    if not fix.services:
        return sentence
    named = ", ".join(shortened(printable(it, ascii_only=False), MAX_KEY_CHARS) for it in fix.services[:MAX_SERVICES])
    return f"{sentence}: {named}" + (", ..." if len(fix.services) > MAX_SERVICES else "")


def _settles(fix: Fix, speaker: Speaker) -> str:
    shared, count = fix.shared, fix.findings
    if shared is None:
        return _one_by_one(fix, speaker)
    place = shortened(printable(shared.key, ascii_only=False), MAX_KEY_CHARS)
    said = {"place": place, "number": write_number(count, speaker.language)}
    match shared.kind:
        case SharedKind.ADDRESS:
            return speaker.say("1 change at the shared address {place} may settle {number} findings", **said)
        case SharedKind.PROXY:
            return speaker.say("1 change at the shared proxy {place} settles {number} findings", **said)
        case SharedKind.CERTIFICATE:
            return speaker.say("1 change of the shared certificate {place} settles {number} findings", **said)
        case SharedKind.KEY:
            return speaker.say("{number} findings go back to one key in several places: {place}", **said)
        case SharedKind.NAME:
            return speaker.say("1 decision about the name {place} settles {number} findings", **said)
        case SharedKind.ZONE:
            return speaker.say("1 change in the zone {place} settles {number} findings", **said)
        case SharedKind.RECORDS:
            return speaker.say("1 change to the DNS records at {place} settles {number} findings", **said)


def _one_by_one(fix: Fix, speaker: Speaker) -> str:
    targets = len(fix.targets)
    if fix.findings == 1:
        return speaker.say("1 finding at 1 target")
    number = write_number(fix.findings, speaker.language)
    if targets == 1:
        return speaker.say("{number} findings at 1 target", number=number)
    return speaker.say(
        "{number} findings at {targets} targets, each repaired where it is",
        number=number,
        targets=write_number(targets, speaker.language),
    )


_SUBJECTS = {kind.value: kind for kind in SharedKind}
"""Kinds of subject that are shared things by themselves."""
_NOT_ONE_CHANGE = frozenset({SharedKind.ADDRESS, SharedKind.KEY})
_ONE_MACHINE = (FixedBy.WEB_SERVER, FixedBy.PLATFORM)
"""Whose work may stand in the configuration of the machine that answers at an address."""
_OWNER = "at"
"""The argument in which a finding for a zone's manager names where the records stand."""

_Kind = tuple[str, str, FixedBy, bool]
"""Check, outcome, who repairs it, and whether it is about services beside the targets' own."""


class Gathering:
    """Takes findings one by one and puts the open ones together. Memory grows with targets, checks and open findings."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets
        self._ports = {name: _told_port(target) for name, target in targets.items()}
        self._groups: dict[tuple[_Kind, Shared | None], _Group] = {}
        self._doing_well: dict[tuple[str, str, str], set[str]] = {}
        """Targets of which a check has nothing to say, by check, kind of subject and address."""

    def take(self, finding: Finding) -> None:
        """Count an open finding to the fix that settles it, and note who does well behind an address."""
        if finding.state is not State.PASS and not finding.is_open:
            return
        service = service_beside(self._targets.get(finding.target), finding)
        if finding.state is State.PASS:
            key = self._address(finding, State.PASS, service)
            self._doing_well.setdefault((finding.check, finding.subject.kind, key), set()).add(finding.target)
        if not finding.is_open:
            return
        who = repaired_by(finding, service)
        place = (finding.check, finding.outcome, who, bool(service)), self._shared(finding, service)
        if (group := self._groups.get(place)) is None:
            group = self._groups[place] = _Group(finding)
        group.meet(finding, service)

    def done(self) -> tuple[Fix, ...]:
        """The fixes, gravest first, then what settles most findings."""
        alone: dict[_Kind, list[_Group]] = {}
        made: list[Fix] = []
        for (kind, shared), group in self._groups.items():
            if shared is None or not self._is_one(group, shared):
                alone.setdefault(kind, []).append(group)
            else:
                made.append(self._fix(kind, shared, [group]))
        made += [self._fix(kind, None, groups) for kind, groups in alone.items()]
        return tuple(sorted(made, key=_gravest_first))

    def _is_one(self, group: "_Group", shared: Shared) -> bool:
        """Whether enough have the thing in common for it to be told as one place."""
        behind = len(group.targets)
        if shared.kind is not SharedKind.ADDRESS:
            return behind > 1
        well = self._doing_well.get((*group.about, shared.key), set()) - group.targets.keys()
        return behind >= ENOUGH_BEHIND and behind >= MOST * (behind + len(well))

    def _shared(self, finding: Finding, service: str) -> Shared | None:
        if (kind := _SUBJECTS.get(finding.subject.kind)) is not None:
            return Shared(kind, finding.subject.key, kind not in _NOT_ONE_CHANGE)
        owner = finding.message.arguments.get(_OWNER)
        if finding.fixed_by is FixedBy.ZONE and isinstance(owner, str):
            return Shared(SharedKind.RECORDS, owner, certain=True)
        if finding.fixed_by not in _ONE_MACHINE:
            return None
        key = self._address(finding, State.FAIL, service)
        return Shared(SharedKind.ADDRESS, key, certain=False) if key else None

    def _address(self, finding: Finding, state: State, service: str) -> str:
        """The addresses at which this was concluded, as one text; empty where it was not concluded at any."""
        if not finding.sightings:
            return ""
        addresses = sorted({seen.address for seen in finding.sightings if seen.state is state})
        port: str | int | None = self._ports.get(finding.target)
        if service:
            port = service.partition(" ")[0].rpartition(":")[2]
        return ", ".join(addresses if port is None else (f"{_bracketed(it)}:{port}" for it in addresses))

    def _fix(self, kind: _Kind, shared: Shared | None, groups: Sequence["_Group"]) -> Fix:
        check, outcome, fixed_by, _ = kind
        targets = tuple(dict.fromkeys(target for group in groups for target in group.targets))
        units = {self._targets[it].unit for it in targets if it in self._targets}
        return Fix(
            severity=max(group.severity for group in groups),
            fixed_by=fixed_by,
            check=check,
            outcome=outcome,
            shared=shared,
            en=Sentence.of_all(group.en for group in groups).text,
            id=Sentence.of_all(group.id for group in groups).text,
            findings=sum(len(group.fingerprints) for group in groups),
            targets=targets,
            units=tuple(sorted(units - {""}, key=str.casefold)),
            fingerprints=tuple(it for group in groups for it in group.fingerprints),
            services=tuple(dict.fromkeys(it for group in groups for it in group.services)),
        )


def _gravest_first(fix: Fix) -> tuple[int, int, str, str, str, str, tuple[str, ...]]:
    key = "" if fix.shared is None else fix.shared.key
    return -fix.severity, -fix.findings, fix.check, fix.outcome, fix.fixed_by, key, fix.services


def _told_port(target: Target) -> int | None:
    """The port, where it has to be told: behind each port of an address may be another machine."""
    port = target.parsed_url.port
    return None if port in DEFAULT_PORTS.values() else port


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


class _Group:
    __slots__ = ("about", "en", "fingerprints", "id", "services", "severity", "targets")

    def __init__(self, finding: Finding) -> None:
        self.about = (finding.check, finding.subject.kind)
        self.severity = Severity(finding.rank)
        self.en, self.id = Sentence(finding.message.en), Sentence(finding_text(finding.message, "id"))
        self.targets: dict[str, None] = {}
        self.services: dict[str, None] = {}
        self.fingerprints: list[str] = []

    def meet(self, finding: Finding, service: str) -> None:
        self.severity = max(self.severity, Severity(finding.rank))
        self.en.meet(finding.message.en)
        self.id.meet(finding_text(finding.message, "id"))
        self.targets[finding.target] = None
        if service:
            self.services[service] = None
        self.fingerprints.append(finding.fingerprint)


class Sentence:
    """What several sentences have in common: how they begin and how they end, with `...` between."""

    __slots__ = ("_head", "_shortest", "_tail", "_whole")

    def __init__(self, text: str) -> None:
        self._whole: str | None = text
        self._head = self._tail = text.split()[:MAX_WORDS]
        self._shortest = len(self._head)

    @classmethod
    def of_all(cls, sentences: Iterable["Sentence"]) -> "Sentence":
        """What all of several have in common; there is at least one."""
        first, *others = sentences
        for other in others:
            first._join(other)
        return first

    def meet(self, text: str) -> None:
        """One more sentence of the kind."""
        if text != self._whole:  # findings of a kind often say the same
            words = text.split()[:MAX_WORDS]
            self._whole = None
            self._share(words, words, len(words))

    def _join(self, other: "Sentence") -> None:
        if self._whole is None or self._whole != other._whole:
            self._whole = None
            self._share(other._head, other._tail, other._shortest)

    def _share(self, head: list[str], tail: list[str], shortest: int) -> None:
        self._shortest = min(self._shortest, shortest)
        if self._head != head[: len(self._head)]:
            self._head = self._head[: _same(self._head, head)]
        if self._tail and self._tail != tail[-len(self._tail) :]:
            common = _same(self._tail[::-1], tail[::-1])
            self._tail = self._tail[len(self._tail) - common :]

    @property
    def text(self) -> str:
        """The sentence that fits all."""
        if self._whole is not None:
            return self._whole
        tail = self._tail[max(len(self._head) + len(self._tail) - self._shortest, 0) :]
        return " ".join([*self._head, "...", *tail])


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words from the beginning are the same."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
