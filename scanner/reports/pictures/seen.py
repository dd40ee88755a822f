"""What the pictures read from a run: for each service and address its handshake, its certificate and its times.

One walk over the exchanges that were stored, each decoded once and let go. Nothing is judged: what stands here was observed,
or is a reason why it was not.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from scanner.derive.acceptance import readable
from scanner.derive.timing import Timing, timing
from scanner.estate import Target
from scanner.journal import Standing, TargetRecord
from scanner.judge import Evidence
from scanner.observations.http import BrokenHandshake, Exchange, Handshake
from scanner.observations.observation import Crashed, Observation, Withheld
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.url import parse_url
from scanner.redaction import redact_text
from scanner.reports.summary import Name, names_of
from scanner.run import Run

_EXCHANGES = ('{"probe":"http_exchange"', '{"probe":"further_page"')
"""How the keys begin under which exchanges are filed."""


class Validity(msgspec.Struct, frozen=True):
    """From when to when a leaf certificate is valid, and its SHA-256 in hex."""

    sha256: str
    not_before: datetime
    not_after: datetime


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


class Sights(msgspec.Struct, frozen=True):
    """A run as the pictures see it, in the estate's order. `records` are by target id."""

    run: Run
    targets: tuple[Target, ...]
    records: Mapping[str, TargetRecord]
    seen: tuple[Seen, ...]


def look_at(run: Run) -> Sights:
    """Read what the pictures show. Raises AlteredError for a journal that was altered."""
    pairs = tuple(run.targets())
    names = names_of([target for target, _ in pairs])
    evidence = Evidence(run.journal)
    seen: list[Seen] = []
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
        seen += (_seen(target, name, address, found[address]) for address in sorted(found))
        if not found:
            seen.append(Seen(target.id, name, "", "", "", reason, False, None, None))
    return Sights(run, tuple(target for target, _ in pairs), {it.id: it for _, it in pairs if it}, tuple(seen))


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


def _seen(target: Target, name: Name, address: str, exchanges: Iterable[Exchange]) -> Seen:
    exchanges = sorted(exchanges, key=lambda it: (it.started, it.attempt))
    done = next((it.tls for it in exchanges if isinstance(it.tls, Handshake)), None)
    chain = next((it.tls.chain for it in exchanges if isinstance(it.tls, Handshake | BrokenHandshake)), ())
    certificate = readable(chain[0]) if chain else None
    leaf = None
    if certificate is not None:
        leaf = Validity(certificate.der_sha256, certificate.not_before, certificate.not_after)
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
