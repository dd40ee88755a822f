"""Which target is observed next.

In the order of the estate, but so that many targets behind one address (a shared proxy) do not hold up all the others:
those wait aside until their address has room. A target whose own scan window is closed waits aside for it, too.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import compress

import msgspec

from scanner.collector import Lookup
from scanner.estate import Estate, Target

MOST_ASIDE = 1000
"""Targets looked up and not begun; what they resolved to grows stale meanwhile."""
LONGEST_WAIT = timedelta(hours=6)
"""A window that opens later than this is not waited for: the next run, or --resume, takes those targets up."""
CLOCK_S = 30.0
"""How often a closed window is looked at again."""


_ANYTHING = Target(id="*", url="http://localhost/")
"""A target without a window of its own."""


class Job(msgspec.Struct, frozen=True):
    """A target to observe, and what looking it up gave."""

    target: Target
    lookup: Lookup


class Schedule:
    """Hands targets out to as many as ask. `ended_by` says why it stopped before the last one, empty when it did not."""

    def __init__(
        self,
        estate: Estate,
        targets: Iterable[Target],
        look_up: Callable[[Target], Awaitable[Lookup]],
        *,
        at_an_address: int,
        heed_windows: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._estate = estate
        self._waiting = deque(targets)
        self._look_up = look_up
        self._at_an_address = at_an_address
        self._heed_windows = heed_windows
        self._now = now
        self._again: deque[Target] = deque()
        self._aside: dict[tuple[str, ...], deque[Job]] = {}
        self._aside_count = 0
        self._later: list[Target] = []
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        """When it was last seen whether a window of those has opened."""
        self._busy: Counter[str] = Counter()
        self._open_ends = 0
        """Targets handed out or being looked up: while there are any, more may come."""
        self._changed = asyncio.Event()
        self._begun = False
        self.ended_by = ""

    async def next(self) -> Job | None:
        """The next target, None when there is none left, or none may be begun any more. Give it back with `done`."""
        await self._first_opening()
        while not (self._is_any_left and self._is_closed()):
            if (job := self._from_aside()) is not None:
                return job
            if (target := self._next_target()) is not None:
                if (job := await self._looked_up(target)) is not None:
                    return job
            elif self._open_ends or self._aside_count:  # room may come, or a target come back
                await self._change()
            elif not await self._a_window_opens():
                return None
        return None

    def done(self, job: Job) -> None:
        """A target was observed; its address has room again."""
        self._open_ends -= 1
        for address in job.lookup.addresses:
            self._busy[address] -= 1
            if not self._busy[address]:
                del self._busy[address]
        self._changed.set()

    def again(self, targets: Iterable[Target]) -> None:
        """Hand these out once more."""
        self._again.extend(targets)
        self._changed.set()

    def stop(self, why: str) -> None:
        """Hand nothing out any more."""
        self.ended_by = self.ended_by or why
        self._changed.set()

    # -- what may be begun

    async def _first_opening(self) -> None:
        """Wait for the estate's window when it is about to open for the first time."""
        while self._heed_windows and not self._begun and not self.ended_by and self._is_any_left:
            now = self._now()
            opening = now if is_open(self._estate, (), now) else opens_at(self._estate, (_ANYTHING,), now)
            if opening is None or not now < opening <= now + LONGEST_WAIT:
                break
            await asyncio.sleep(min((opening - now).total_seconds(), CLOCK_S))
        self._begun = True

    @property
    def _is_any_left(self) -> bool:
        """Whether a target is left to begin: what ends a run that has none left cut nothing short."""
        return bool(self._again or self._waiting or self._aside_count or self._later)

    def _is_closed(self) -> bool:
        """Whether the run as a whole may begin no more targets: not authorised any longer, or its window has closed."""
        now = self._now()
        if not self.ended_by and not self._estate.is_authorised(now):
            self.ended_by = "authorisation"
        elif not self.ended_by and self._heed_windows and not is_open(self._estate, (), now):
            self.ended_by = "window"
        return bool(self.ended_by)

    def _next_target(self) -> Target | None:
        """The next that may be looked up; one whose own window is closed is put off."""
        if self._aside_count >= MOST_ASIDE:
            return None
        if self._later and abs((now := self._now()) - self._looked_at).total_seconds() >= CLOCK_S:
            self._take_up(now)
        while self._again or self._waiting:
            target = (self._again or self._waiting).popleft()
            if self._may_begin(target):
                return target
            self._later.append(target)
        return None

    def _may_begin(self, target: Target) -> bool:
        """Whether the target's own window, where it has one, is open now."""
        return not self._heed_windows or not target.windows or is_open(self._estate, (target,), self._now())

    def _take_up(self, now: datetime) -> bool:
        """Hand out those whose own window has opened since they were put off; says whether there are any."""
        self._looked_at = now
        opened = [is_open(self._estate, (it,), now) for it in self._later]
        self._again.extend(compress(self._later, opened))
        self._later = [it for it, is_ready in zip(self._later, opened, strict=True) if not is_ready]
        return any(opened)

    async def _a_window_opens(self) -> bool:
        """Whether a window of a target that was put off is open now, or will be before long; then waits a little for it."""
        now = self._now()
        opening = opens_at(self._estate, self._later, now)
        if opening is None or opening > now + LONGEST_WAIT:
            self.ended_by = self.ended_by or ("window" if self._later else "")
            return False
        if not self._take_up(now):
            await asyncio.sleep(CLOCK_S)
        return True

    # -- room at an address

    async def _looked_up(self, target: Target) -> Job | None:
        """The target, when its addresses have room; else it goes aside."""
        self._open_ends += 1
        try:
            job = Job(target, await self._look_up(target))
        except BaseException:
            self._open_ends -= 1
            raise
        if self._has_room(job.lookup.addresses):
            self._busy.update(job.lookup.addresses)
            return job
        self._open_ends -= 1
        self._aside.setdefault(job.lookup.addresses, deque()).append(job)
        self._aside_count += 1
        return None

    def _from_aside(self) -> Job | None:
        while (addresses := next(filter(self._has_room, self._aside), None)) is not None:
            jobs = self._aside[addresses]
            job = jobs.popleft()
            if not jobs:
                del self._aside[addresses]
            self._aside_count -= 1
            if self._may_begin(job.target):
                self._open_ends += 1
                self._busy.update(addresses)
                return job
            self._later.append(
                job.target
            )  # its window closed while it waited; it is looked up anew when it opens again
        return None

    def _has_room(self, addresses: tuple[str, ...]) -> bool:
        return all(self._busy[address] < self._at_an_address for address in addresses)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def is_open(estate: Estate, targets: Iterable[Target], now: datetime) -> bool:
    """Whether a window of the estate, and of each of these targets, is open at an aware moment; no windows, always."""
    local = estate.local(now)
    return all(
        not windows or any(window.is_open(local) for window in windows)
        for windows in (estate.windows, *(target.windows for target in targets))
    )


def opens_at(estate: Estate, targets: Iterable[Target], now: datetime) -> datetime | None:
    """The next moment from `now` on at which the first of these targets may be begun; None when their windows never meet
    those of the estate."""
    local = estate.local(now)
    moments = [
        moment
        for target in targets
        for moment in (local, *(it.opens_after(local) for it in (*estate.windows, *target.windows)))
        if is_open(estate, (target,), moment)
    ]
    return min(moments).astimezone(UTC) if moments else None
