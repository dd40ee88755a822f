"""The probe for one HTTP exchange."""

from typing import ClassVar, Self

import msgspec

from scanner.cost import Cost
from scanner.estate import JsonExpectation
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Answer, Body, Exchange, Sought
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.profiles import Profile
from scanner.redaction import redact_text


class HttpExchange(Probe[Exchange], frozen=True, tag="http_exchange"):
    """One request on a connection of its own, pinned to an address; `attempt` tells repetitions of it apart.

    Only safe methods exist (RFC 9110 section 9.2.1): nothing a probe sends changes state. `credential` is the id of the
    target whose credential it carries, never a value; `expect_text` and `expect_json` are looked for in the body while it
    is read, for bodies are not kept.
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
    credential: str = ""
    expect_text: str = ""
    expect_json: tuple[JsonExpectation, ...] = ()

    accept: ClassVar[str] = "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8"
    reads_description: ClassVar[bool] = False

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
        """The same place, method, URL, try and credential; what was looked for in the body is the same too."""
        asked = (self.endpoint, self.method, redact_text(self.url)[0], self.attempt, self.credential)
        seen = (observation.endpoint, observation.method, observation.url, observation.attempt, observation.credential)
        body = observation.answer.body if isinstance(observation.answer, Answer) else None
        looked_for = _questions(body.sought) if isinstance(body, Body) else _questions(self.sought)
        return asked == seen and looked_for == _questions(self.sought)

    @property
    def sought(self) -> tuple[Sought, ...]:
        """What is looked for in the body, not yet found."""
        text = (Sought(text=self.expect_text),) if self.expect_text else ()
        return (*text, *(Sought(pointer=it.pointer, equals=it.equals) for it in self.expect_json))

    def again(self) -> Self:
        """The next try of the same question."""
        return msgspec.structs.replace(self, attempt=self.attempt + 1)

    async def observe(self, lab: Laboratory) -> Exchange:
        """Connect, shake hands, ask, read a bounded part of the answer."""
        from scanner.probes.http.client import exchange

        return await exchange(self, lab)


def _questions(sought: tuple[Sought, ...]) -> tuple[tuple[str, str | None, str], ...]:
    """What was looked for, without what was found; 1 and true are equal in Python and not in JSON."""
    return tuple((it.text, it.pointer, repr(it.equals)) for it in sought)


class FurtherPage(HttpExchange, frozen=True, tag="further_page"):
    """One more page of the service, looked at after the home page has answered."""

    order = Order.CONTEXT


class DescriptionExchange(HttpExchange, frozen=True, tag="description_exchange"):
    """A request for the description of an interface: the body is read for what it describes, and not kept."""

    order = Order.CONTEXT
    accept: ClassVar[str] = "application/json, application/yaml;q=0.9, */*;q=0.5"
    reads_description: ClassVar[bool] = True
