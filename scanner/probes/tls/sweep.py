"""The sweep: one TLS service asked first questions until it is known what it speaks."""

from typing import Literal, Self

from msgspec.structs import replace

from scanner.cost import Cost
from scanner.observations.endpoint import Endpoint
from scanner.observations.steps import Unobserved
from scanner.observations.tls import TlsHellos
from scanner.probes.probe import Laboratory, Order
from scanner.probes.tls.service import ServiceProbe
from scanner.probes.tls.strategy import Strategy
from scanner.profiles import Profile

MOST_HELLOS = 400
"""The ceiling: OpenSSL with everything switched on, at four versions, comes to less."""

Depth = Literal["enumeration", "full"]


class TlsSweep(ServiceProbe[TlsHellos], frozen=True, tag="tls_sweep"):
    """Versions, suites, groups and what else stands in clear in first flights, by hellos of our own: no key is computed.

    One connection a hello. A version that is spoken costs, with S suites, G groups and (TLS 1.2, `full`) C signature schemes
    accepted, max(S, G, C) to S + G + C hellos that are answered, one refusal for each of the three lists, and at most two for
    lists together; and where it is not seen on the way, two to tell whose order counts, and twelve at most for places in the
    server's order. A server with keys of two kinds may need two refusals more. A version that is not spoken costs one. The
    last hello asks again what was answered before. `full` adds five at most: fallback, no server name (two), another server
    name, and what tolerance was not seen on the way. Where a server leaves questions without an answer or cannot bear a
    hello, each of those is asked twice. Never more than `MOST_HELLOS`.

    `depth` enumeration: versions, suites, groups and whose order counts; full: signature schemes, fallback, server names
    and tolerance, too.
    """

    depth: Depth = "full"

    order = Order.ENUMERATION
    usual_connections = 24

    @classmethod
    def of(cls, endpoint: Endpoint, starttls: str = "", *, depth: Depth = "full") -> Self:
        """The sweep of the TLS service at an endpoint, asked for by the endpoint's own name."""
        return replace(super().of(endpoint, starttls), depth=depth)

    def ceiling(self, profile: Profile) -> Cost:  # noqa: ARG002 - the same at every pace
        """The most hellos; see the class for what a server costs."""
        return Cost(connections=MOST_HELLOS)

    def first_contact(self) -> tuple[str, Endpoint] | None:
        """A hello to the service."""
        return ("TLS hello" + (f" after {self.starttls} STARTTLS" if self.starttls else ""), self.endpoint)

    async def observe(self, lab: Laboratory) -> TlsHellos:
        """Ask until nothing is left to ask, or nothing is answered, or the budget is used up."""
        from scanner.probes.tls.flights import Flights, pooled

        started, ticks = lab.now(), lab.ticks()
        strategy = Strategy(self.sni, full=self.depth == "full")
        flights = Flights(lab, self.endpoint, self.starttls, strategy)
        await flights.run()
        pool, hellos = pooled(flights.said)
        failure: Unobserved | None = strategy.failure
        return TlsHellos(
            started=started,
            took_ms=lab.ticks() - ticks,
            endpoint=self.endpoint,
            sni=self.sni,
            starttls=self.starttls,
            pool=pool,
            hellos=hellos,
            greeting=flights.greeting,
            failure=failure,
        )
