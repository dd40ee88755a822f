"""The TLS services of a target and what was seen of each: needs for checks of TLS.

A target has the service of its own URL, when that is https, and every port at which its owner says that TLS is begun by
STARTTLS. Checks run once for each: `@check("tls...", swept, each=tls_service, ...)`. The URL's own service is the
subject `service host:port`, as for checks without `each`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from msgspec import Struct

from scanner.derive.service import NO_ENDPOINT
from scanner.derive.tls_facts import Sessions, Swept, Trials
from scanner.derive.tls_fold import swept_of
from scanner.derive.tls_sessions import sessions_of
from scanner.derive.tls_trials import trials_of
from scanner.estate import Kind, redirected
from scanner.needs import Each, Evaluated, Fact, Facts, Need, Place, Told, derived
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import Observation
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions as SessionsSeen
from scanner.observations.tls_trials import TlsTrials as TrialsSeen
from scanner.probes.probe import Probe
from scanner.probes.tls.sessions import TlsSessions
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trials import TlsTrials

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation

PLAIN = NotApplicable("The service is reached over plain HTTP", "Layanan diakses melalui HTTP biasa")
NO_TLS_SERVICE = NotApplicable("No TLS service belongs to this target", "Tidak ada layanan TLS pada target ini")
PAGES = frozenset({Kind.WEB, Kind.API})
TLS_KINDS = PAGES | {Kind.MAIL}
"""The kinds of targets that checks of TLS speak about."""


class TlsService(Struct, frozen=True):
    """A port that speaks TLS: at once, or after STARTTLS of a protocol (`smtp`, `imap`, ...)."""

    host: str
    port: int
    starttls: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@lru_cache(maxsize=1024)
def _service(host: str, port: int, starttls: str = "") -> TlsService:
    """One object for a service, at whichever address it is in hand: what was worked out there is remembered by the object."""
    return TlsService(host, port, starttls)


def services_of(place: Place) -> tuple[TlsService, ...] | NotApplicable:
    """The TLS services of a target: that of its own URL first, where the target is asked for pages."""
    target = place.target
    url = target.parsed_url
    asked = not PAGES.isdisjoint(target.kinds)
    own = (_service(url.host, url.port),) if asked and url.scheme == "https" else ()
    others = tuple(_service(url.host, it.port, it.protocol) for it in target.starttls)
    return (*own, *others) or (PLAIN if asked else NO_TLS_SERVICE)


def endpoint_of(place: Place, service: TlsService) -> Endpoint | Unobserved:
    """Where a service is asked, at the address in hand."""
    endpoint = place.endpoint
    if endpoint is None:
        return NO_ENDPOINT
    if service.port == endpoint.port:
        return endpoint
    if (wish := redirected(place.setting.redirections, service.host, service.port)) is not None:
        return Endpoint(service.host, service.port, wish[0], Source.OPTION, wish[1])
    if endpoint.source is Source.OPTION:
        return Unobserved(Reason.NOT_ASKED, f"--connect-to or --resolve names no place for port {service.port}")
    return Endpoint(service.host, service.port, endpoint.address, endpoint.source)


tls_service: Each[TlsService] = Each("service", source=Told("TLS services", services_of))  # type: ignore[arg-type]  # it may say that none applies
"""A check with `each=tls_service` runs for every TLS service of the target."""


@dataclass(frozen=True, eq=False)
class AtService(Need[O], Generic[O]):
    """What a probe saw of the TLS service in hand; for the plan, the probes of all of them."""

    name: str
    kind: type[O]
    build: Callable[[Endpoint, TlsService], Probe[O]]

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """One probe for each TLS service."""
        services = services_of(place)
        for service in () if isinstance(services, NotApplicable) else services:
            endpoint = endpoint_of(place, service)
            if isinstance(endpoint, Endpoint):
                yield self.build(endpoint, service)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[O]:
        """The stored observation of the service in hand."""
        service = facts.evaluate(tls_service, place).value
        assert isinstance(service, TlsService)
        endpoint = endpoint_of(place, service)
        if isinstance(endpoint, Unobserved):
            return Evaluated(endpoint)
        probe = self.build(endpoint, service)
        return Fact(self.name, self.kind, lambda _: probe).evaluate(facts, place)


sweep = AtService(
    "sweep of the service's TLS", TlsHellos, lambda endpoint, service: TlsSweep.of(endpoint, service.starttls)
)
sessions_seen = AtService(
    "TLS sessions of the service", SessionsSeen, lambda endpoint, service: TlsSessions.of(endpoint, service.starttls)
)
trials_made = AtService(
    "trials of the service's TLS", TrialsSeen, lambda endpoint, service: TlsTrials.of(endpoint, service.starttls)
)


@derived(sweep)
def swept(hellos: TlsHellos) -> Swept | Unobserved:
    """What the sweep showed; a service whose first flights were never heard is unobserved."""
    return swept_of(hellos)


@derived(sessions_seen)
def sessions(seen: SessionsSeen) -> Sessions | Unobserved:
    """What whole handshakes showed."""
    return sessions_of(seen)


@derived(trials_made)
def trials(seen: TrialsSeen) -> Trials | Unobserved:
    """What the trials of known weaknesses came to."""
    return trials_of(seen)
