"""Whether what fails is likely on our side of the line.

When many targets fail at once, the likeliest fault is one that they share: our own network. Targets that failed in a way
our network could have caused are therefore held back until enough others have ended to tell, and are written down only
when it is known whose fault it was. Pure: who asks the reference endpoints, and waits, is the engine's business.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from scanner.collector import Collected
from scanner.estate import Target
from scanner.journal import Standing
from scanner.observations.steps import Reason
from scanner.profiles import OurSide

LEAST = 5
"""Targets that must have ended before a share of them means anything."""
COULD_BE_OURS = frozenset(
    {
        Reason.TIMEOUT,
        Reason.REFUSED,
        Reason.RESET,
        Reason.CLOSED,
        Reason.UNREACHABLE,
        Reason.DNS_TIMEOUT,
        Reason.DNS_UNREACHABLE,
        Reason.DNS_SERVFAIL,
    }
)
"""Reasons that a broken line, a firewall or a resolver of ours would give just as well."""
SAYS_NOTHING = frozenset(
    {
        Reason.BLOCKED,
        Reason.OUT_OF_SCOPE,
        Reason.BUDGET,
        Reason.INTERNAL,
        Reason.PREREQUISITE,
        Reason.NOT_ASKED,
        Reason.DISABLED,
    }
)
"""Reasons of targets that were not asked at all: they end at once, and must not water down what the others show."""


class Held(msgspec.Struct, frozen=True):
    """A target that failed, and what was seen of it, not yet written down; `number` counts targets as they end."""

    number: int
    target: Target
    collected: Collected


class Outlook:
    """The last targets that ended, and those of them that are held back."""

    def __init__(self, rule: OurSide, targets: int) -> None:
        self._rule = rule
        self._recent: deque[bool] = deque(maxlen=rule.among)
        self._enough = max(LEAST, min(rule.among, targets))
        self._held: deque[Held] = deque()
        self._ended = 0
        self.is_untold = False
        """Whether nobody could tell at the last doubt, and no service has answered since."""

    def take(self, target: Target, collected: Collected) -> list[Collected]:
        """Take in a target that ended; gives back what can be written down now."""
        if collected.record.standing is Standing.NOT_OBSERVED and collected.record.reason in SAYS_NOTHING:
            return [collected]
        self._ended += 1
        failed = could_be_ours(collected)
        self._recent.append(failed)
        self.is_untold = self.is_untold and failed
        if failed:
            self._held.append(Held(self._ended, target, collected))
        ready = [] if failed else [collected]
        while not self.is_in_doubt and self._held and self._held[0].number <= self._ended - self._rule.among:
            ready.append(self._held.popleft().collected)
        return ready

    def no_more_come(self) -> None:
        """The last target has ended: from now on as few as the least tell."""
        self._enough = LEAST

    @property
    def failed(self) -> int:
        """How many of the last failed."""
        return sum(self._recent)

    @property
    def of(self) -> int:
        """How many the last are."""
        return len(self._recent)

    @property
    def is_in_doubt(self) -> bool:
        """Whether so many failed that the fault may be ours."""
        enough = 1 if self.is_untold else self._enough
        return self.of >= enough and self.failed >= self._rule.share * self.of

    def settle(self, *, untold: bool = False) -> Sequence[Held]:
        """The doubt is settled, or the run is over: hands out all that is held back, and begins to count anew.

        Where nobody could tell, it lasts until a service answers.
        """
        self.is_untold = untold
        held = tuple(self._held)
        self._held.clear()
        self._recent.clear()
        return held


def could_be_ours(collected: Collected) -> bool:
    """Whether a target failed in a way that our own network could have caused: nothing came from its own URL.

    That something else of it answered shows little: a line that comes back in the middle of a visit does that.
    """
    return collected.failure is not None and collected.failure.reason in COULD_BE_OURS
