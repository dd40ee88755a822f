"""The probe for one HTTP exchange."""

from scanner.cost import Cost
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Exchange
from scanner.probes.probe import Laboratory, Probe
from scanner.profiles import Profile
from scanner.redaction import redact_text


class HttpExchange(Probe[Exchange], frozen=True, tag="http_exchange"):
    """One request on a connection of its own, pinned to an address; `attempt` tells repetitions of it apart.

    Only safe methods exist (RFC 9110 section 9.2.1): nothing a probe sends changes state.
    """

    url: str
    host: str
    port: int
    address: str
    source: Source
    agent: str
    dial_port: int = 0
    method: str = "GET"
    attempt: int = 1

    def __post_init__(self) -> None:
        if self.method not in {"GET", "HEAD", "OPTIONS"}:
            raise ValueError(f"{self.method} is not a method this scanner sends")

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""
        return Endpoint(self.host, self.port, self.address, self.source, self.dial_port)

    def ceiling(self, profile: Profile) -> Cost:  # noqa: ARG002
        """One connection, one request."""
        return Cost(connections=1, requests=1)

    def is_answered_by(self, observation: Exchange) -> bool:
        """The same place, method, URL and try."""
        asked = (self.endpoint, self.method, redact_text(self.url)[0], self.attempt)
        return asked == (observation.endpoint, observation.method, observation.url, observation.attempt)

    async def observe(self, lab: Laboratory) -> Exchange:
        """Connect, shake hands, ask, read a bounded part of the answer."""
        from scanner.probes.http.client import exchange

        return await exchange(self, lab)
