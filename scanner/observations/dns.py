"""A DNS answer as it came, with the bytes it came in."""

import msgspec

from scanner.observations.observation import Observation
from scanner.observations.steps import Replay, Unobserved


class Response(msgspec.Struct, frozen=True, tag="response"):
    """A parsed response message. `wire` is the message as received; everything else can be read from it again.

    `rcode` is the mnemonic (NOERROR, NXDOMAIN, ...), `answers` the answer section as (owner, type, text) in presentation
    form, `ede` the extended errors (RFC 8914) as (code, text).
    """

    rcode: str
    authenticated: bool
    truncated_udp: bool
    answers: tuple[tuple[str, str, str], ...]
    ede: tuple[tuple[int, str], ...]
    wire: bytes


class DnsAnswer(Observation, frozen=True, tag="dns_answer"):
    """One question put to one server."""

    name: str
    rdtype: str
    server: str
    outcome: Response | Unobserved

    @property
    def replay(self) -> Replay:
        """From the message as received, when one was."""
        return Replay.DERIVED if isinstance(self.outcome, Response) else Replay.ATTESTED


class Climb(Observation, frozen=True, tag="climb"):
    """Questions of one type about a name and the names above it, until one has such a record; `parts` are the answers."""

    host: str
    rdtype: str

    @property
    def replay(self) -> Replay:
        """It puts its parts in order; each part has a level of its own."""
        return Replay.DERIVED
