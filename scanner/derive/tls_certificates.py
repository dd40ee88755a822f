"""The certificates of a service: every leaf that it was seen to present, with its chain and what came beside it.

A server may have one certificate for each kind of key and choose by what a client can read. The one that our own handshake
gets is the subject `service host:port`; any other has the kind of its key behind that. Checks run once for each:
`@check("tls...", leaf_served, each=tls_certificate, ...)`.

Further leaves are known where a check asked for the sweep or the sessions of the service; the checks of certificates ask
for these themselves only where STARTTLS begins TLS, for there is no exchange whose handshake would show the chain.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from msgspec import Struct

from scanner.derive.acceptance import readable, stores_of
from scanner.derive.certification_path import PathResult, walk
from scanner.derive.server_key import LABELS, ServerKey, key_of
from scanner.derive.service import PresentedChain, PresentedLeaf, home, leaf_of, mozilla, operator, presented_in
from scanner.derive.tls_facts import SentChain, Swept
from scanner.derive.tls_service import (
    TlsService,
    endpoint_of,
    services_of,
    sessions,
    sessions_seen,
    sweep,
    swept,
    tls_service,
)
from scanner.needs import Each, Evaluated, Facts, Need, Place, derived
from scanner.observations.endpoint import Endpoint
from scanner.observations.http import BrokenHandshake, Exchange, Handshake
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.observations.trust import TrustStore
from scanner.parse.certificate import Certificate
from scanner.probes.probe import Probe

MAX_LEAVES = 16
"""Leaves of one service that are looked at."""
MAX_NAMES_SHOWN = 4
UNFINISHED = Unobserved(
    Reason.INCONCLUSIVE, "no handshake was finished in which the server would prove that it has the key"
)


class Served(Struct, frozen=True):
    """A leaf that a service presents, its chain, and what came with it in any handshake.

    `label` is the kind of its key, empty for the leaf that our own handshake gets. That nothing was stapled, or that no
    timestamps came by TLS, was seen where `staple_asked` and `scts_asked` hold. `scts` are contents of TLS extension 18.
    """

    service: TlsService
    chain: PresentedChain
    label: str = ""
    staples: tuple[bytes, ...] = ()
    staple_asked: bool = False
    scts: tuple[bytes, ...] = ()
    scts_asked: bool = False

    def __str__(self) -> str:
        return f"{self.service} {self.label}" if self.label else str(self.service)

    @property
    def name(self) -> str:
        """What findings beside the leaf's own are about: the host, for a leaf that is not its only one more than that."""
        return str(self) if self.label or self.service.starttls else self.chain.reference

    @property
    def kind(self) -> str:
        """What people call the kind of its key; a question mark for one that cannot be read."""
        return "?" if self.leaf is None else kind_of(self.leaf)

    @property
    def leaf(self) -> Certificate | None:
        """The leaf, None when it cannot be read."""
        return self.chain.certificates[0] if self.chain.certificates else None


def kind_of(certificate: Certificate) -> str:
    """What people call the kind of a certificate's key."""
    return LABELS.get(certificate.key.kind, certificate.key.kind)


class OtherName(Struct, frozen=True):
    """A certificate of another service behind the same address: some of the names that it is for."""

    names: str


def for_other_names(asked: SentChain | Unobserved | None, leaves: Iterable[Served]) -> OtherName | None:
    """The certificate that came where the service's own name was not asked for, when it is none of the service's."""
    if not isinstance(asked, SentChain) or not asked.certificates:
        return None
    leaf = readable(asked.certificates[0])
    if leaf is None or any(it.leaf is not None and it.leaf.der == leaf.der for it in leaves):
        return None
    names = [*leaf.dns_names, *(str(ip_address(it)) for it in leaf.ip_addresses)] or [leaf.subject or "?"]
    more = len(names) - MAX_NAMES_SHOWN
    return OtherName(", ".join(names[:MAX_NAMES_SHOWN]) + (f" (+{more})" if more > 0 else ""))


class _Sent(Struct, frozen=True):
    """One chain as it came once."""

    certificates: tuple[bytes, ...]
    at: datetime
    unproven: Unobserved | None = None
    staple: bytes | None = None
    staple_asked: bool = False
    scts: bytes | None = None
    scts_asked: bool = False


def served(service: TlsService, sent: Iterable[_Sent]) -> tuple[Served, ...]:
    """The leaves of a service, each once, the first first; what came with a leaf in several handshakes is put together."""
    by_leaf: dict[bytes, list[_Sent]] = {}
    for it in sent:
        if it.certificates:
            by_leaf.setdefault(it.certificates[0], []).append(it)
    leaves = list(by_leaf.items())[:MAX_LEAVES]
    # Whoever has shown to be this service by its first key is believed that the others are its own.
    proven = bool(leaves) and any(it.unproven is None for it in leaves[0][1])
    found: list[Served] = []
    for place, (der, times) in enumerate(leaves):
        first = min(times, key=lambda it: it.unproven is not None)
        leaf = readable(der)
        if place and leaf is None:
            continue
        chain = presented_in(service.host, first.certificates, first.at, None if proven and place else first.unproven)
        found.append(
            Served(
                service,
                chain,
                kind_of(leaf) if place and leaf is not None else "",
                staples=tuple(dict.fromkeys(it.staple for it in times if it.staple)),
                staple_asked=any(it.staple_asked for it in times),
                scts=tuple(dict.fromkeys(it.scts for it in times if it.scts)),
                scts_asked=any(it.scts_asked for it in times),
            )
        )
    return tuple(found)


def _in_handshake(exchange: Exchange) -> Iterator[_Sent]:
    match exchange.tls:
        case Handshake() as tls:
            yield _Sent(tls.chain, exchange.started, None, tls.staple, staple_asked=True)
        case BrokenHandshake() as tls:
            yield _Sent(tls.chain, exchange.started, tls.failure)


def _in_flights(chains: Iterable[SentChain], at: datetime) -> Iterator[_Sent]:
    for it in chains:
        why = None if it.proven else UNFINISHED
        yield _Sent(it.certificates, at, why, it.staple, it.staple_asked, it.scts, it.scts_asked)


@dataclass(frozen=True, eq=False)
class CertificatesServed(Need[tuple[Served, ...]]):
    """The leaves of the TLS service in hand."""

    name: str = "certificates of the service"

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """The exchange for the service's own port; sweep and sessions for those that begin by STARTTLS."""
        services = services_of(place)
        for service in () if isinstance(services, NotApplicable) else services:
            endpoint = endpoint_of(place, service)
            if not service.starttls:
                yield from home.probes(place)
            elif isinstance(endpoint, Endpoint):
                yield sweep.build(endpoint, service)
                yield sessions_seen.build(endpoint, service)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[tuple[Served, ...]]:
        """What was seen of them in the exchange, in whole handshakes and in first flights, whichever there are."""
        service = facts.evaluate(tls_service, place).value
        assert isinstance(service, TlsService)
        needs: tuple[Need[Any], ...] = (sessions, swept) if service.starttls else (home, sessions, swept)
        sent: list[_Sent] = []
        evidence: set[str] = set()
        levels: set[Replay] = set()
        obstacles: list[Evaluated[Any]] = []
        for need in needs:
            found = facts.evaluate(need, place)
            value = found.value
            if isinstance(value, Unobserved | NotApplicable):
                if need is home:  # what is missing of the record, or was withheld, is not made good from elsewhere
                    return Evaluated(value, found.evidence, found.levels)
                obstacles.append(found)
                continue
            sent += self._sent(value, facts, place)
            evidence |= found.evidence
            levels |= found.levels
            if need is home and not isinstance(value.tls, Handshake | BrokenHandshake):
                obstacles.insert(0, Evaluated(_why_no_chain(value), found.evidence, found.levels))
        leaves = served(service, sent)
        if leaves:
            return Evaluated(leaves, frozenset(evidence), frozenset(levels))
        if (sent and all(not it.certificates for it in sent)) or not obstacles:
            why = Unobserved(Reason.PROTOCOL_ERROR, "the server sent no certificate that can be parsed")
            return Evaluated(why, frozenset(evidence), frozenset(levels))
        return obstacles[0]

    def _sent(self, value: Any, facts: Facts, place: Place) -> Iterator[_Sent]:
        if isinstance(value, Exchange):
            yield from _in_handshake(value)
        elif isinstance(value, Swept):
            yield from _in_flights(value.chains, value.at)
        else:
            seen = facts.evaluate(sessions_seen, place).value
            assert not isinstance(seen, Unobserved | NotApplicable)
            yield from _in_flights(value.chains, seen.started)


def _why_no_chain(exchange: Exchange) -> Unobserved | NotApplicable:
    if isinstance(exchange.connect, Unobserved):
        return exchange.connect
    assert isinstance(exchange.tls, Unobserved | NotApplicable)
    return exchange.tls


certificates_served = CertificatesServed()

tls_certificate: Each[Served] = Each("service", within=tls_service, source=certificates_served)
"""A check with `each=tls_certificate` runs for every leaf of every TLS service of the target."""


@derived(tls_certificate, replay=Replay.ATTESTED)
def leaf_served(leaf: Served) -> PresentedLeaf | Unobserved:
    """The leaf in hand, when it can be read."""
    return leaf_of(leaf.chain)


@derived(tls_certificate, mozilla, operator, replay=Replay.ATTESTED)
def path_served(leaf: Served, public: TrustStore, own: TrustStore) -> PathResult:
    """The path from the leaf in hand to an anchor, Mozilla's first and then the operator's, or why there is none."""
    return walk(leaf.chain.certificates, stores_of(public, own), leaf.chain.at)


@derived(leaf_served, replay=Replay.ATTESTED)
def key_served(own: PresentedLeaf) -> ServerKey:
    """The key of the leaf in hand."""
    return key_of(own)
