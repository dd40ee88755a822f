"""Cost: what something may use of the network, or did use; a value that plans, budgets and reports share."""

from collections.abc import Iterable

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
