"""What the probes of a TLS service have in common: where they go, under which name, and how TLS is begun there."""

from ipaddress import ip_address
from typing import Self, TypeVar

from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions
from scanner.observations.tls_trials import TlsTrials
from scanner.probes.probe import Probe

S = TypeVar("S", TlsHellos, TlsSessions, TlsTrials)


class ServiceProbe(Probe[S], frozen=True):
    """Questions to one TLS service at one address.

    `sni` is the name it is asked for by, None for an address, which no hello may name (RFC 6066 3); `starttls` the protocol
    within which TLS is begun, "" for a service that speaks TLS at once.
    """

    host: str
    port: int
    address: str
    source: Source
    dial_port: int = 0
    sni: str | None = None
    starttls: str = ""

    @classmethod
    def of(cls, endpoint: Endpoint, starttls: str = "") -> Self:
        """The probe of the TLS service at an endpoint, asked for by the endpoint's own name."""
        return cls(
            host=endpoint.host,
            port=endpoint.port,
            address=endpoint.address,
            source=endpoint.source,
            dial_port=endpoint.dial_port,
            sni=None if _is_address(endpoint.host) else endpoint.host,
            starttls=starttls,
        )

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""
        return Endpoint(self.host, self.port, self.address, self.source, self.dial_port)

    def is_answered_by(self, observation: S) -> bool:
        """Whether it was seen at this place, under this name, after this way of starting TLS."""
        asked = (observation.endpoint, observation.sni, observation.starttls)
        return asked == (self.endpoint, self.sni, self.starttls)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
