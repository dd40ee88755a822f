"""Cost: what something may use of the network or did use, and who was contacted; plans, budgets and reports share it."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Cost(msgspec.Struct, frozen=True):
    """What something may use, or did use, of the network."""

    connections: int = 0
    requests: int = 0
    queries: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.connections + other.connections,
            self.requests + other.requests,
            self.queries + other.queries,
        )

    def total(self, others: Iterable["Cost"]) -> "Cost":
        """This and all the others."""
        return sum(others, self)

    def times(self, count: int) -> "Cost":
        """The cost of doing it `count` times."""
        return Cost(self.connections * count, self.requests * count, self.queries * count)


class Traffic(StrEnum):
    """The classes of traffic; each has its own switch, limits and log (what each target's budget notes as contacted).

    `probe` goes to endpoints inside the scope, `dns` to the configured resolvers, `egress` to hosts that the configuration
    names apart from the scope. `pki` goes to the places that a certificate names (OCSP responders, revocation lists) and is
    off unless the configuration switches it on.
    """

    PROBE = "probe"
    DNS = "dns"
    PKI = "pki"
    EGRESS = "egress"


class Contact(msgspec.Struct, frozen=True):
    """Somebody who was contacted, in which class of traffic, and how often."""

    traffic: Traffic
    address: str
    port: int
    times: int
