"""Where a service answers: name, port and address, and how the address came to be known."""

from enum import StrEnum

import msgspec

from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved


class Source(StrEnum):
    """How a name became an address; recorded because each source has its own ways of being wrong."""

    LITERAL = "literal"
    LOCALHOST = "localhost"
    HOSTS_FILE = "hosts_file"
    RESOLVER = "resolver"
    OPTION = "option"
    """Named by the person who started the scan (--resolve, --connect-to)."""


class Endpoint(msgspec.Struct, frozen=True):
    """One address of a service. `host` is canonical (A-label or IP text); `address` is IP text.

    `dial_port` is where the connection goes when the operator sent it elsewhere (--connect-to), else 0.
    """

    host: str
    port: int
    address: str
    source: Source
    dial_port: int = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({self.address})"


class Addresses(msgspec.Struct, frozen=True, tag="addresses"):
    """The addresses of a name in the order they were answered, IPv4 first: more scanners lack an IPv6 route.

    `untold` is why the addresses of one family could not be learned, None when both were answered.
    """

    addresses: tuple[str, ...]
    source: Source
    canonical_name: str | None = None
    untold: Unobserved | None = None


class Resolution(Observation, frozen=True, tag="resolution"):
    """What a name resolved to. `parts` are the DNS answers it rests on."""

    host: str
    outcome: Addresses | Unobserved

    @property
    def replay(self) -> Replay:
        """A literal is its own evidence and DNS answers are kept; what a hosts file said is our word."""
        by_file = isinstance(self.outcome, Addresses) and self.outcome.source is Source.HOSTS_FILE
        return Replay.ATTESTED if by_file else Replay.DERIVED
