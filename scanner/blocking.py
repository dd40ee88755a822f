"""When one address begins to turn us away: what counts as a refusal, and what becomes of what was seen meanwhile.

After a burst of refusals the harmless baseline is asked again. When it is turned away too, the target is left alone at
that address, and what was seen since the burst began may be the firewall's words: it is kept as evidence and judged as
`unknown: blocked`. Pure: who asks, and how long is waited, is the collector's business.
"""

from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from scanner.derive.refusal import (
    BLOCKING_STATUSES,
    REFUSING_STATUSES,
    is_challenge,
    may_be_a_challenge,
    may_be_a_refusal,
)
from scanner.observations.http import Answer, Exchange
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.http_head import HeadError, parse_head
from scanner.parse.retry_after import retry_after_s
from scanner.probes.http.exchange import HttpExchange
from scanner.profiles import Blocking

BREAKS_OFF = frozenset({Reason.TIMEOUT, Reason.RESET, Reason.REFUSED, Reason.CLOSED, Reason.UNREACHABLE})
"""How a firewall turns away that says nothing; one that rejects with `host prohibited` (ICMP) reads as unreachable."""
PAUSES = 5
"""All pauses that one target may ask for come to so many of the longest: each is kept for its whole address."""
SERVICE_UNAVAILABLE = 503
ASKS_FOR_A_PAUSE = frozenset({429, SERVICE_UNAVAILABLE})


class Manner(Enum):
    """How an address met us."""

    WELCOME = auto()
    TURNED_AWAY = auto()
    NEITHER = auto()


class _Doubtful(NamedTuple):
    probe: HttpExchange
    started: datetime
    turned_away: bool


class Refusals:
    """What one address answers to one target, as far as it tells whether we are still welcome there."""

    def __init__(self, rule: Blocking, url: str, expected: tuple[int, ...]) -> None:
        self._rule = rule
        self._url = url
        self._expected = expected
        self._burst = rule.burst
        self._count = 0
        self._rechecks_left = rule.rechecks
        self._paused_s = 0.0
        self._doubts: list[_Doubtful] = []
        self.baseline: HttpExchange | None = None
        """The first question at the target's own URL; asked again when in doubt."""
        self.was_well = False
        """Whether the baseline has brought the service's own answer."""
        self.stopped: Unobserved | None = None
        self.closed_to_us = False
        """Whether it was stopped for how the address met us, and not because the service itself is away for long."""

    @property
    def in_doubt(self) -> tuple[HttpExchange, ...]:
        """The exchanges since the last good answer that may have been turned away, in order: also one to another port that
        brought nothing, which counts for nothing by itself."""
        return tuple(it.probe for it in self._doubts)

    def note(self, probe: HttpExchange, seen: Exchange) -> bool:
        """Take an exchange in; says whether the baseline should be asked again now."""
        self._count += 1
        if self.baseline is None and probe.url == self._url:
            self.baseline = probe
        match self._manner(seen):
            case Manner.WELCOME:
                self.was_well = True
                if self.stopped is None:  # an answer that was asked for before a refusal says nothing about it
                    self._doubts = [it for it in self._doubts if it.started > seen.started]
                return False
            case Manner.NEITHER:
                if self.was_well:
                    self._doubts.append(_Doubtful(probe, seen.started, turned_away=False))
                return False
        self._doubts.append(_Doubtful(probe, seen.started, turned_away=True))
        due = (
            sum(it.turned_away for it in self._doubts) >= self._burst
            and self.baseline is not None
            and self._rechecks_left > 0
        )
        return due and self.stopped is None

    def next_recheck(self) -> int:
        """The number of the next repetition of the baseline, from 1; one of those that are left is used up."""
        self._rechecks_left -= 1
        return self._rule.rechecks - self._rechecks_left

    def settle(self, again: Exchange) -> None:
        """Take in what the baseline brought when it was asked again: stop, or go on with twice the patience.

        Only a good answer says that the refusals were the service's own; what is neither leaves them in doubt.
        """
        manner = self._manner(again)
        if manner is Manner.TURNED_AWAY:
            self.closed_to_us = True
            self.stopped = Unobserved(
                Reason.BLOCKED,
                f"{_in_a_word(again)} since request {self._count - len(self._doubts) + 1}, "
                "also to the first question asked again; perhaps a firewall; the target was left alone",
            )
            return
        if manner is Manner.WELCOME:
            self._doubts.clear()
        self._burst *= 2

    def pause_asked_for(self, seen: Exchange) -> float:
        """Seconds a server asks to be left alone for, 0 when it does not; one that asks for too long, or too often, is
        stopped."""
        answer = seen.answer
        if not isinstance(answer, Answer) or answer.status not in ASKS_FOR_A_PAUSE or answer.status in self._expected:
            return 0.0
        try:
            value = parse_head(answer.head).first("retry-after")
        except HeadError:
            return 0.0
        seconds = retry_after_s(value, seen.started) if value is not None else None
        if seconds is None:
            return 0.0
        self._paused_s += seconds
        longest = self._rule.retry_after_max_s
        if seconds <= longest and self._paused_s <= PAUSES * longest:
            return seconds
        if self.stopped is None:
            often = f"; {self._paused_s:g} s in all" if seconds <= longest else ""
            detail = f"status {answer.status} with Retry-After: {seconds:g} s{often}; the target was left alone"
            self.stopped = Unobserved(Reason.BLOCKED, detail)
            self.closed_to_us = answer.status != SERVICE_UNAVAILABLE
        return 0.0

    def _manner(self, seen: Exchange) -> Manner:
        answer = seen.answer
        if not isinstance(answer, Answer):
            # A service that never answered is down and not closed to us; one that stops answering may be closed to us.
            here = self.baseline is not None and seen.endpoint == self.baseline.endpoint
            return Manner.TURNED_AWAY if self.was_well and here and answer.reason in BREAKS_OFF else Manner.NEITHER
        if answer.status in self._expected:
            return Manner.WELCOME
        if answer.status not in BLOCKING_STATUSES and not may_be_a_challenge(answer.head):
            return Manner.WELCOME  # as nearly always: nothing else in the head matters here
        try:
            head = parse_head(answer.head)
        except HeadError:
            return Manner.NEITHER
        if answer.status in REFUSING_STATUSES or is_challenge(head):
            return Manner.TURNED_AWAY
        if not may_be_a_refusal(answer.status, head):
            return Manner.WELCOME
        return Manner.TURNED_AWAY if self.was_well else Manner.NEITHER  # 503 from the first on: a service that is down


def _in_a_word(seen: Exchange) -> str:
    answer = seen.answer
    return f"status {answer.status}" if isinstance(answer, Answer) else answer.reason.value
