"""What the pictures read from a run: for each service and address its handshake, what TLS it speaks, its chain, its times.

One walk over the exchanges and sweeps that were stored, each decoded once and let go. Nothing is judged: what stands here
was observed, or is a reason why it was not.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from scanner.derive.acceptance import readable, stores_of
from scanner.derive.certification_path import walk
from scanner.derive.timing import Timing, timing
from scanner.derive.tls_facts import Spoken, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.estate import Target
from scanner.journal import Standing, TargetRecord
from scanner.judge import Evidence
from scanner.observations.http import BrokenHandshake, Exchange, Handshake
from scanner.observations.observation import Crashed, Observation, Withheld
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.trust import TrustStore
from scanner.parse.certificate import Certificate
from scanner.parse.url import parse_url
from scanner.probes.trust import MOZILLA
from scanner.redaction import redact_text
from scanner.reports.summary import Name, names_of
from scanner.run import Run

_EXCHANGES = ('{"probe":"http_exchange"', '{"probe":"further_page"')
"""How the keys begin under which exchanges are filed."""
_SWEEPS = '{"probe":"tls_sweep"'
_STORES = '{"probe":"trust_anchors"'


class Validity(msgspec.Struct, frozen=True):
    """From when to when a leaf certificate is valid, and its SHA-256 in hex."""

    sha256: str
    not_before: datetime
    not_after: datetime


class Link(msgspec.Struct, frozen=True):
    """One certificate of a chain; `role` is `leaf`, `intermediate`, or `anchor` (from a store)."""

    role: str
    subject: str
    valid: Validity


class Chain(msgspec.Struct, frozen=True):
    """A chain up to its anchor, leaf first, and when it was seen; `anchored` is false where no path to an anchor holds."""

    links: tuple[Link, ...]
    at: datetime
    anchored: bool


class Speech(msgspec.Struct, frozen=True):
    """What one TLS service speaks at one address: its sweep, folded. `starttls` is how TLS is begun on another port.

    `versions` says true for spoken, false for refused, and a reason's code where that is not known. A version in `short`
    may have more suites or groups than were seen. `dh` are the finite-field groups that came unnamed, by name or size.
    `why` is the reason where nothing was heard at all.
    """

    name: Name
    address: str
    port: int
    starttls: str
    versions: dict[TlsVersion, bool | str]
    suites: dict[TlsVersion, tuple[int, ...]]
    groups: dict[TlsVersion, tuple[int, ...]]
    dh: dict[TlsVersion, tuple[str, ...]]
    short: frozenset[TlsVersion]
    why: str = ""


class Seen(msgspec.Struct, frozen=True):
    """One service at one of its addresses (empty where it has none).

    `version` is the TLS version of the first handshake that was finished, as the library names it; where there is none,
    `tls_reason` says why, None for a service known by plain HTTP alone. `leaf` is None where no certificate that can be read
    was sent, `sent` says whether any was. `took` is None where no answer was timed.
    """

    target: str
    name: Name
    address: str
    version: str
    cipher: str
    tls_reason: str | None
    sent: bool
    leaf: Validity | None
    took: Timing | None
    chain: Chain | None = None


class Sights(msgspec.Struct, frozen=True):
    """A run as the pictures see it, in the estate's order. `records` are by target id."""

    run: Run
    targets: tuple[Target, ...]
    records: Mapping[str, TargetRecord]
    seen: tuple[Seen, ...]
    spoken: tuple[Speech, ...] = ()


def look_at(run: Run) -> Sights:
    """Read what the pictures show. Raises AlteredError for a journal that was altered."""
    pairs = tuple(run.targets())
    names = names_of([target for target, _ in pairs])
    evidence = Evidence(run.journal)
    anchors = _Anchors()
    seen: list[Seen] = []
    spoken: list[Speech] = []
    for target, record in pairs:
        reason = Reason.INTERRUPTED.value if record is None else record.reason or Reason.INCONCLUSIVE.value
        found: dict[str, list[Exchange]] = {}
        for observation in () if record is None else _asked_of(run, evidence, target):
            if isinstance(observation, Exchange):
                if _is_of_the_service(observation, target):
                    found.setdefault(observation.endpoint.address, []).append(observation)
            elif isinstance(observation, Withheld | Crashed) and reason == Reason.INCONCLUSIVE:
                reason = observation.failure.reason.value
        name = names[target.id]
        if record is not None:
            spoken += _spoken(run, evidence, target, name)
            anchors.read(run, evidence, target)
        seen += (_seen(target, name, address, found[address], anchors) for address in sorted(found))
        if not found:
            seen.append(Seen(target.id, name, "", "", "", reason, False, None, None))
    records = {it.id: it for _, it in pairs if it}
    return Sights(run, tuple(target for target, _ in pairs), records, tuple(seen), tuple(spoken))


def is_observed(record: TargetRecord | None) -> bool:
    """Whether anything of the target answered."""
    return record is not None and record.standing is Standing.OBSERVED


def _asked_of(run: Run, evidence: Evidence, target: Target) -> Iterator[Observation]:
    """What is filed under the exchanges that the target's probes asked for."""
    filed = run.journal.filed(target.id)
    for digest in dict.fromkeys(digest for key, digest in filed.items() if key.startswith(_EXCHANGES)):
        observation = evidence.by_digest(digest)
        if observation is not None:
            yield observation


def _is_of_the_service(exchange: Exchange, target: Target) -> bool:
    """Whether it went to the service itself: of one known by plain HTTP its twin over HTTPS is part, and not the reverse."""
    own = target.parsed_url
    at = exchange.endpoint
    return at.host == own.host and (own.scheme == "http" or (at.port == own.port and exchange.url.startswith("https:")))


def _spoken(run: Run, evidence: Evidence, target: Target, name: Name) -> Iterator[Speech]:
    """What the target's sweeps showed, those of other ports after that of its own."""
    own = target.parsed_url.port
    found = []
    filed = run.journal.filed(target.id)
    for digest in dict.fromkeys(digest for key, digest in filed.items() if key.startswith(_SWEEPS)):
        observation = evidence.by_digest(digest)
        if isinstance(observation, TlsHellos):
            found.append(observation)
    for hellos in sorted(found, key=lambda it: (it.endpoint.port != own, it.endpoint.port, it.endpoint.address)):
        yield speech_of(name, hellos, swept_of(hellos))


def speech_of(name: Name, hellos: TlsHellos, swept: Swept | Unobserved) -> Speech:
    """A sweep as the pictures see it."""
    at, starttls = hellos.endpoint, hellos.starttls
    if isinstance(swept, Unobserved):
        return Speech(name, at.address, at.port, starttls, {}, {}, {}, {}, frozenset(), swept.reason.value)
    seen = {version: swept.version(version) for version in TlsVersion}
    spoken = {version: it for version, it in seen.items() if isinstance(it, Spoken)}
    return Speech(
        name,
        at.address,
        at.port,
        starttls,
        {version: it.reason.value if isinstance(it, Unobserved) else it is not False for version, it in seen.items()},
        {version: it.suites for version, it in spoken.items()},
        {version: it.groups for version, it in spoken.items()},
        {version: tuple(dh.name or f"DH-{dh.bits}" for dh in it.dh) for version, it in spoken.items()},
        frozenset(version for version, it in spoken.items() if it.suites_short or it.groups_short),
    )


class _Anchors:
    """The trust stores of a run, and the chains that were led to them: the same few intermediates stand in most."""

    def __init__(self) -> None:
        self._stores: dict[str, TrustStore] = {}

    def read(self, run: Run, evidence: Evidence, target: Target) -> None:
        """Remember the stores that this target's checks asked for."""
        for key, digest in run.journal.filed(target.id).items():
            if key.startswith(_STORES) and digest not in self._stores:
                store = evidence.by_digest(digest)
                if isinstance(store, TrustStore):
                    self._stores[digest] = store

    def chain(self, ders: tuple[bytes, ...], at: datetime) -> Chain | None:
        """The chain up to its anchor, or as it was sent where no path holds; None when its leaf cannot be read."""
        certificates = tuple(map(readable, ders))
        if not certificates or certificates[0] is None:
            return None
        public = next((it for it in self._stores.values() if it.name == MOZILLA), None)
        own = next((it for it in self._stores.values() if it.name != MOZILLA), None)
        path: tuple[Certificate, ...] = ()
        if public is not None:
            none = TrustStore(started=at, took_ms=0.0, name="", version="", anchors=())
            path = walk(certificates, stores_of(public, own or none), at).path
        shown = path or tuple(it for it in certificates if it is not None)
        last = len(shown) - 1
        roles = ("anchor" if path and place == last and last else "intermediate" for place in range(1, len(shown)))
        links = (Link(role, it.subject, _validity(it)) for role, it in zip(("leaf", *roles), shown, strict=True))
        return Chain(tuple(links), at, bool(path))


def _validity(certificate: Certificate) -> Validity:
    return Validity(certificate.der_sha256, certificate.not_before, certificate.not_after)


def _seen(target: Target, name: Name, address: str, exchanges: Iterable[Exchange], anchors: _Anchors) -> Seen:
    exchanges = sorted(exchanges, key=lambda it: (it.started, it.attempt))
    done = next((it.tls for it in exchanges if isinstance(it.tls, Handshake)), None)
    sent = next((it for it in exchanges if isinstance(it.tls, Handshake | BrokenHandshake)), None)
    chain = sent.tls.chain if sent is not None and isinstance(sent.tls, Handshake | BrokenHandshake) else ()
    certificate = readable(chain[0]) if chain else None
    leaf = None
    if certificate is not None:
        leaf = _validity(certificate)
    return Seen(
        target.id,
        name,
        address,
        "" if done is None else done.version,
        "" if done is None else done.cipher,
        None if done is not None else _why_no_handshake(exchanges),
        bool(chain),
        leaf,
        _took(target, exchanges),
        None if sent is None else anchors.chain(chain, sent.started),
    )


def _why_no_handshake(exchanges: Iterable[Exchange]) -> str | None:
    """Why no handshake was finished; None where none was tried, for the service is known by plain HTTP."""
    for exchange in exchanges:
        tls = exchange.tls
        if isinstance(tls, BrokenHandshake):
            return tls.failure.reason.value
        if isinstance(tls, Unobserved):
            failed = exchange.connect if isinstance(exchange.connect, Unobserved) else tls
            return failed.reason.value
    return None


def _took(target: Target, exchanges: Iterable[Exchange]) -> Timing | None:
    """The times of the service's own pages, as the check of latency has them: its home page's tries, and further pages."""
    own = target.parsed_url
    home = redact_text(str(own))[0]
    others = {redact_text(str(parse_url(f"{own.origin}{path}")))[0] for path in target.paths} - {home}
    found = timing.fold(
        tuple(it for it in exchanges if it.url == home), tuple(it for it in exchanges if it.url in others)
    )
    return found if isinstance(found, Timing) else None
