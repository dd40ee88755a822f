"""Which RSA keys a target's TLS services show, and whether SSLv2 is accepted with them: for what services share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scanner.derive.service import PresentedLeaf, leaf
from scanner.derive.tls_facts import Spoken, Swept, TlsVersion
from scanner.derive.tls_service import TlsService, services_of, sweep, swept, tls_service
from scanner.needs import EstateFact, Evaluated, Facts, Need, Place, derived, maybe
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.parse.certificate import parse_certificate
from scanner.probes.probe import Probe

ON = "on"
OFF = "off"
NOT_KNOWN = "not known"
KEY_NOT_SEEN = Unobserved(Reason.PREREQUISITE, "the key of the service was not seen")

Seen = tuple[tuple[TlsService, Swept | Unobserved], ...]


@dataclass(frozen=True, eq=False)
class _AtAllServices(Need[Seen]):
    """The sweeps of all TLS services of a target, or why one could not be made."""

    name: str = "sweeps of all TLS services"

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """Those sweeps."""
        yield from sweep.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[Seen]:
        """One after the other."""
        services = services_of(place)
        if isinstance(services, NotApplicable):
            return Evaluated(services)
        found: list[tuple[TlsService, Swept | Unobserved]] = []
        evidence: frozenset[str] = frozenset()
        levels: frozenset[Replay] = frozenset()
        for spot, _ in tls_service.places(facts, place):
            one = facts.evaluate(swept, spot)
            evidence, levels = evidence | one.evidence, levels | one.levels
            service = facts.evaluate(tls_service, spot).value
            if isinstance(service, TlsService) and not isinstance(one.value, NotApplicable):
                found.append((service, one.value))
        return Evaluated(tuple(found), evidence, levels)


all_swept = _AtAllServices()


@derived(all_swept, maybe(leaf))
def ssl2_keys(seen: Seen, own: PresentedLeaf | Unobserved) -> tuple[EstateFact, ...] | Unobserved:
    """For each RSA key whether SSLv2 is accepted with it, and at which service.

    A service that speaks SSLv2 counts also when no key of it can be read. When nothing is known of any service, the reason.
    """
    facts: dict[EstateFact, None] = {}
    why: Unobserved | None = None
    for service, found in seen:
        if isinstance(found, Unobserved):
            why = why or found
            continue
        state = found.version(TlsVersion.SSL2)
        word = ON if isinstance(state, Spoken) else NOT_KNOWN if isinstance(state, Unobserved) else OFF
        keys = {digest for chain in found.chains if chain.certificates for digest in _rsa(chain.certificates[0])}
        if not service.starttls and isinstance(own, PresentedLeaf) and own.certificate.key.kind in _RSA:
            keys.add(f"sha256:{own.certificate.key.spki_sha256}")
        seen_any = bool(found.chains) or (not service.starttls and isinstance(own, PresentedLeaf))
        if word == OFF and not seen_any:
            why = why or KEY_NOT_SEEN
        if word == ON and not keys:
            keys = {f"the key of {service}"}
        if word == NOT_KNOWN and not keys:
            assert isinstance(state, Unobserved)
            why = why or state
        facts.update(dict.fromkeys(EstateFact(key, (word, str(service))) for key in sorted(keys)))
    if why is not None and not any(it.detail[0] == ON for it in facts):
        return why
    return tuple(facts)


_RSA = frozenset({"rsa", "rsa-pss"})


def _rsa(der: bytes) -> Iterator[str]:
    """The digest of a certificate's key when it is an RSA key."""
    try:
        key = parse_certificate(der).key
    except ValueError:
        return
    if key.kind in _RSA:
        yield f"sha256:{key.spki_sha256}"
