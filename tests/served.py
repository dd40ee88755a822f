"""Leaves as a service presents them, without a network and without a journal: what checks of certificates are given."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pki
from observed import HOST, SEEN, authority, trust_store
from pki import Entity

from scanner.derive.acceptance import stores_of
from scanner.derive.certificate_status import NO_LEAF, StapledStatus, Timestamps, stapled_status, timestamps
from scanner.derive.certification_path import PathResult, walk
from scanner.derive.service import PresentedLeaf, leaf_of, presented_in
from scanner.derive.tls_certificates import Served
from scanner.derive.tls_facts import Preference, SentChain, Spoken, Swept, TlsVersion
from scanner.derive.tls_service import TlsService
from scanner.needs import Derived
from scanner.observations.steps import Unobserved
from scanner.outcomes import Verdict
from scanner.registry import Check

SERVICE = TlsService(HOST, 443)
ROOT, ISSUING = authority()


def presented(*chain: Entity | bytes, at: datetime = SEEN, unproven: Unobserved | None = None, **fields: Any) -> Served:
    """A leaf with the chain it came in; a sound one when none is given."""
    sent = [it if isinstance(it, bytes) else it.der for it in chain or (pki.leaf(ISSUING), ISSUING)]
    return Served(SERVICE, presented_in(HOST, sent, at, unproven), **fields)


def leaf(served: Served) -> PresentedLeaf:
    found = leaf_of(served.chain)
    assert isinstance(found, PresentedLeaf)
    return found


def path(served: Served, *, public: Sequence[Entity] = (ROOT,), own: Sequence[Entity] = ()) -> PathResult:
    """The path of a leaf; `public` are the anchors that count as Mozilla's."""
    stores = stores_of(
        trust_store("mozilla", *(it.der for it in public)), trust_store("operator", *(it.der for it in own))
    )
    return walk(served.chain.certificates, stores, served.chain.at)


def status(served: Served, along: PathResult | None = None) -> StapledStatus:
    assert isinstance(stapled_status, Derived)
    found = stapled_status.fold(served, along or path(served))
    assert isinstance(found, StapledStatus), NO_LEAF
    return found


def logged(served: Served) -> Timestamps:
    assert isinstance(timestamps, Derived)
    found = timestamps.fold(served)
    assert isinstance(found, Timestamps), NO_LEAF
    return found


def verdicts(check: Check, *values: object) -> list[Verdict]:
    """What a check says when it is given these values."""
    return list(check.judge(*values))


def outcome(found: Iterable[Verdict]) -> str:
    """The one outcome among the verdicts; `unknown: reason` where it is a reason's own."""
    (verdict,) = found
    return verdict.outcome.key if verdict.unobserved is None else f"unknown: {verdict.unobserved.reason}"


def chain_of(*certificates: Entity, **fields: Any) -> SentChain:
    """A chain as a first flight had it."""
    return SentChain(tuple(it.der for it in certificates), TlsVersion.TLS12, **fields)


def spoken(version: TlsVersion = TlsVersion.TLS12, *suites: int, **fields: Any) -> Spoken:
    """A version that is accepted, with two suites when none is named."""
    return Spoken(version, suites or (0xC02F, 0xC030), preference=Preference.SERVER, **fields)


def swept(*accepted: Spoken, **fields: Any) -> Swept:
    """What a sweep showed: TLS 1.2 alone where nothing is named, all other versions refused."""
    on = accepted or (spoken(),)
    off = tuple(version for version in TlsVersion if version not in {it.version for it in on})
    return Swept(
        **{"where": "192.0.2.10", "at": SEEN, "sni": HOST, "starttls": "", "spoken": on, "refused": off, **fields}
    )
