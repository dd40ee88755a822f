"""How long the service's answers took, phase by phase: our own clock's word."""

from collections.abc import Iterable, Iterator
from statistics import median

from msgspec import Struct

from scanner.derive.service import further, page_of, tries
from scanner.needs import derived
from scanner.observations.http import Answer, Body, Connected, Exchange, Handshake
from scanner.observations.steps import Reason, Replay, Unobserved


class Timing(Struct, frozen=True):
    """The median of each phase and of the whole, in milliseconds, over `count` answers.

    `tls_ms` is None over plain HTTP. The median of the whole is not the sum of the others. `too_late` is set where at least
    as many answers as were measured did not come in time: with them the median is longer, nobody knows by how much.
    """

    connect_ms: float
    tls_ms: float | None
    first_byte_ms: float
    transfer_ms: float
    total_ms: float
    count: int
    too_late: Unobserved | None = None

    @property
    def in_words(self) -> str:
        """The phases, in the words that both languages use."""
        phases = [("connect", self.connect_ms), ("TLS", self.tls_ms)]
        phases += [("first byte", self.first_byte_ms), ("transfer", self.transfer_ms)]
        return ", ".join(f"{name} {round(ms)}" for name, ms in phases if ms is not None)


class _Phases(Struct, frozen=True):
    connect: float
    tls: float | None
    first_byte: float
    transfer: float

    @property
    def total(self) -> float:
        return self.connect + (self.tls or 0.0) + self.first_byte + self.transfer


@derived(tries, further, replay=Replay.ATTESTED)
def timing(asked: tuple[Exchange, ...], others: tuple[Exchange | Unobserved, ...]) -> Timing | Unobserved:
    """The median over the answers of the service's own pages; those that may be a firewall's say nothing of the service."""
    seen = [*asked, *(it for it in others if isinstance(it, Exchange))]
    phases = list(_measured(seen))
    if phases:
        late = [why for it in seen if (why := _not_in_time(it)) is not None]
        handshakes = [it.tls for it in phases if it.tls is not None]
        return Timing(
            connect_ms=median(it.connect for it in phases),
            tls_ms=median(handshakes) if handshakes else None,
            first_byte_ms=median(it.first_byte for it in phases),
            transfer_ms=median(it.transfer for it in phases),
            total_ms=median(it.total for it in phases),
            count=len(phases),
            too_late=late[0] if len(late) >= len(phases) else None,
        )
    for exchange in seen:
        if isinstance(exchange.answer, Unobserved):
            return exchange.answer
        if isinstance(exchange.answer.body, Unobserved):
            return exchange.answer.body
    return Unobserved(Reason.BLOCKED, "every answer may be a firewall's and not the service's")


def _not_in_time(exchange: Exchange) -> Unobserved | None:
    """Why an answer is not there or not whole, where that is its being late."""
    ended = exchange.answer if isinstance(exchange.answer, Unobserved) else exchange.answer.body
    return ended if isinstance(ended, Unobserved) and ended.reason is Reason.TIMEOUT else None


def _measured(exchanges: Iterable[Exchange]) -> Iterator[_Phases]:
    for exchange in exchanges:
        answer, connect, tls = exchange.answer, exchange.connect, exchange.tls
        if not isinstance(answer, Answer) or not isinstance(answer.body, Body) or not isinstance(connect, Connected):
            continue
        page = page_of(exchange)
        if isinstance(page, Unobserved) or page.blocked:
            continue
        yield _Phases(connect.ms, tls.ms if isinstance(tls, Handshake) else None, answer.first_byte_ms, answer.body.ms)
