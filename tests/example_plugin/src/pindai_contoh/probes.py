"""The first line that a service answers a HEAD request with."""

from scanner.api import (
    NOTHING_KNOWN,
    Blackout,
    Cost,
    Laboratory,
    NetworkError,
    Observation,
    Order,
    Probe,
    Profile,
    Replay,
    Unobserved,
    connected,
    read_line,
    redact_text,
)
from scanner.observations.endpoint import Endpoint

MAX_LINE_BYTES = 1000


class StatusLine(Observation, frozen=True, tag="contoh.status_line"):
    """The status line as it came, without its line end, or why there is none."""

    endpoint: Endpoint
    path: str
    line: str | Unobserved

    @property
    def replay(self) -> Replay:
        """The line is kept as it came; that there was none is our word."""
        return Replay.DERIVED if isinstance(self.line, str) else Replay.ATTESTED

    @property
    def answered(self) -> bool | Unobserved:
        """Whether the service said anything."""
        return self.line if isinstance(self.line, Unobserved) else True

    def redacted(self, known: Blackout = NOTHING_KNOWN) -> "StatusLine":
        """Without secrets in what the server said."""
        line = self.line.redacted(known) if isinstance(self.line, Unobserved) else redact_text(self.line, known)[0]
        return StatusLine(
            started=self.started,
            took_ms=self.took_ms,
            parts=self.parts,
            endpoint=self.endpoint,
            path=redact_text(self.path)[0],
            line=line,
        )


class AskStatusLine(Probe[StatusLine], frozen=True, tag="contoh.ask_status_line"):
    """One HEAD request on a connection of its own. Everything that changes the answer is a field."""

    endpoint: Endpoint
    host: str
    path: str
    tls: bool
    agent: str

    order = Order.CONTEXT

    def ceiling(self, profile: Profile) -> Cost:
        """One connection, one request."""
        return Cost(connections=1, requests=1)

    def first_contact(self) -> tuple[str, Endpoint]:
        """As the plan lists it."""
        return f"HEAD {'https' if self.tls else 'http'}://{self.host}{self.path}", self.endpoint

    def is_answered_by(self, observation: StatusLine) -> bool:
        """The same path at the same endpoint."""
        return (self.endpoint, redact_text(self.path)[0]) == (observation.endpoint, observation.path)

    async def observe(self, lab: Laboratory) -> StatusLine:
        """Ask, and read one line. What fails on the network is part of the observation."""
        started, ticks = lab.now(), lab.ticks()

        def begun() -> None:  # what was waited before our turn came is not the service's time
            nonlocal started, ticks
            started, ticks = lab.now(), lab.ticks()

        line: str | Unobserved
        try:
            async with connected(lab, self.endpoint, tls=self.tls, begun=begun) as (stream, deadline):
                lab.budget.charge(Cost(requests=1))
                stream.send(
                    f"HEAD {self.path} HTTP/1.1\r\nHost: {self.host}\r\nUser-Agent: {self.agent}\r\n"
                    "Accept: */*\r\nConnection: close\r\n\r\n".encode("ascii", "replace")
                )
                async with deadline.phase(lab.profile.timeouts.answer_s, "answer"):
                    line = (await read_line(stream, MAX_LINE_BYTES)).decode("latin-1")
        except NetworkError as error:
            line = error.unobserved
        return StatusLine(
            started=started, took_ms=lab.ticks() - ticks, endpoint=self.endpoint, path=self.path, line=line
        )
