"""The schedule: order, room at an address, windows and authorisation, without a network and with a clock of its own."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.collector import Lookup
from scanner.estate import Authorisation, Estate, Target, Window
from scanner.schedule import Job, Schedule, is_open, opens_at
from scanner.scope import Scope

NIGHT = Window(time(22), time(5))
DAY = Window(time(8), time(16))
WITA = "Asia/Makassar"  # UTC+8


def at(clock: str, day: int = 22) -> datetime:
    """A moment by the clocks of Makassar."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def target(id: str, *windows: Window) -> Target:
    return Target(id=id, url=f"https://{id}.test/", windows=windows)


def estate(targets: Iterable[Target], **fields: Any) -> Estate:
    return Estate(targets=tuple(targets), scope=Scope(names=("*.test",)), time_zone=WITA, **fields)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def schedule(
    targets: Sequence[Target], addresses: dict[str, str] | None = None, clock: Clock | None = None, **more: Any
) -> Schedule:
    async def look_up(asked: Target) -> Lookup:
        await asyncio.sleep(0)
        address = (addresses or {}).get(asked.id, asked.id)
        return Lookup((address,), 0.0)

    heed = more.pop("heed_windows", True)
    at_an_address = more.pop("at_an_address", 2)
    return Schedule(
        estate(targets, **more),
        targets,
        look_up,
        at_an_address=at_an_address,
        heed_windows=heed,
        now=clock or Clock(at("12:00")),
    )


async def drained(it: Schedule, workers: int = 4, most: int = 1000) -> list[str]:
    """The ids in the order in which they were begun; every worker takes a few turns for each."""
    begun: list[str] = []
    busy: dict[str, int] = {}
    peak: dict[str, int] = {}

    async def work() -> None:
        while (job := await it.next()) is not None:
            (address,) = job.lookup.addresses
            begun.append(job.target.id)
            assert len(begun) <= most
            busy[address] = busy.get(address, 0) + 1
            peak[address] = max(peak.get(address, 0), busy[address])
            for _ in range(3):
                await asyncio.sleep(0)
            busy[address] -= 1
            it.done(job)

    await asyncio.wait_for(asyncio.gather(*(work() for _ in range(workers))), 10)
    it.peak = peak  # type: ignore[attr-defined]  # for the test that asks
    return begun


def test_everything_is_handed_out_once_and_in_order() -> None:
    targets = [target(f"t{number:02}") for number in range(20)]
    assert asyncio.run(drained(schedule(targets), workers=1)) == [it.id for it in targets]
    assert sorted(asyncio.run(drained(schedule(targets), workers=7))) == [it.id for it in targets]


def test_many_behind_one_address_do_not_hold_up_the_others() -> None:
    behind = [target(f"proxied{number:02}") for number in range(30)]
    others = [target(f"own{number:02}") for number in range(10)]
    addresses = {it.id: "192.0.2.1" for it in behind}
    it = schedule([*behind, *others], addresses)
    begun = asyncio.run(drained(it, workers=6))
    assert sorted(begun) == sorted(one.id for one in (*behind, *others))
    assert it.peak["192.0.2.1"] <= 2  # type: ignore[attr-defined]  # set by drained
    last_of_the_others = max(begun.index(one.id) for one in others)
    assert last_of_the_others < 30  # in the order of the estate it would be the very last


@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 6), st.integers(1, 3))
def test_nothing_is_lost_whatever_shares_an_address(places: list[int], workers: int, room: int) -> None:
    targets = [target(f"t{number}") for number in range(len(places))]
    addresses = {f"t{number}": f"192.0.2.{place}" for number, place in enumerate(places)}
    it = schedule(targets, addresses, at_an_address=room)
    assert sorted(asyncio.run(drained(it, workers))) == sorted(one.id for one in targets)
    assert all(most <= room for most in it.peak.values())  # type: ignore[attr-defined]  # set by drained


def test_what_is_handed_back_comes_again() -> None:
    async def go() -> list[str]:
        it = schedule([target("a"), target("b")])
        first = await it.next()
        assert isinstance(first, Job)
        it.done(first)
        it.again([first.target])
        return [first.target.id, *await drained(it)]

    assert asyncio.run(go()) == ["a", "a", "b"]


def test_after_a_stop_nothing_is_begun() -> None:
    it = schedule([target("a")])
    it.stop("our_side")
    assert asyncio.run(drained(it)) == []
    assert it.ended_by == "our_side"


@pytest.mark.parametrize(
    ("valid_until", "begun", "ended_by"),
    [(date(2026, 11, 22), ["a"], ""), (date(2026, 11, 21), [], "authorisation")],
)
def test_the_authorisation_holds_to_the_end_of_its_day_where_the_agency_is(
    valid_until: date, begun: list[str], ended_by: str
) -> None:
    # 23:59 in Makassar on the 22nd; in UTC it is the afternoon of the same day
    it = schedule([target("a")], clock=Clock(at("23:59")), authorisation=Authorisation("094/1", valid_until))
    assert asyncio.run(drained(it)) == begun
    assert it.ended_by == ended_by


def test_an_authorisation_that_ends_meanwhile_ends_the_run() -> None:
    clock = Clock(at("23:59"))

    async def go() -> list[str]:
        it = schedule([target("a"), target("b")], clock=clock, authorisation=Authorisation("1", date(2026, 11, 22)))
        job = await it.next()
        assert job is not None
        it.done(job)
        clock.now += timedelta(minutes=1)
        return [await drained(it), it.ended_by]  # type: ignore[list-item]  # both are shown

    assert asyncio.run(go()) == [[], "authorisation"]


@pytest.mark.parametrize(
    ("now", "begun", "ended_by"),
    [("22:00", ["a"], ""), ("04:59", ["a"], ""), ("05:00", [], "window"), ("12:00", [], "window")],
)
def test_nothing_is_begun_outside_the_window(now: str, begun: list[str], ended_by: str) -> None:
    it = schedule([target("a")], clock=Clock(at(now)), windows=(NIGHT,))
    assert asyncio.run(drained(it)) == begun
    assert it.ended_by == ended_by


def test_unless_somebody_says_so() -> None:
    it = schedule([target("a", NIGHT)], clock=Clock(at("12:00")), windows=(NIGHT,), heed_windows=False)
    assert asyncio.run(drained(it)) == ["a"]


def test_a_window_that_closes_ends_the_run_and_leaves_the_rest() -> None:
    clock = Clock(at("04:59"))

    async def go() -> tuple[list[str], str]:
        it = schedule([target("a"), target("b")], clock=clock, windows=(NIGHT,))
        job = await it.next()
        assert job is not None
        clock.now += timedelta(minutes=2)
        it.done(job)
        return await drained(it), it.ended_by

    assert asyncio.run(go()) == ([], "window")


def test_what_ends_a_run_with_nothing_left_cut_nothing_short() -> None:
    clock = Clock(at("04:59"))

    async def go() -> tuple[list[str], str]:
        it = schedule([target("a")], clock=clock, windows=(NIGHT,))
        job = await it.next()
        assert job is not None
        clock.now += timedelta(days=2)
        it.done(job)
        return await drained(it), it.ended_by

    assert asyncio.run(go()) == ([], "")


def test_with_nothing_left_no_window_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(seconds: float) -> None:
        raise AssertionError(f"slept {seconds} s")

    monkeypatch.setattr("scanner.schedule.asyncio.sleep", sleep)
    it = schedule([], clock=Clock(at("21:50")), windows=(NIGHT,))
    assert asyncio.run(it.next()) is None


def test_a_target_whose_window_closed_while_it_waited_for_room_is_not_begun() -> None:
    clock = Clock(at("04:50"))

    async def go() -> tuple[Job | None, str]:
        shy = [target("a", NIGHT), target("b", NIGHT)]
        it = schedule(shy, {"a": "192.0.2.1", "b": "192.0.2.1"}, clock=clock, at_an_address=1)
        job = await it.next()
        assert job is not None
        waiting = asyncio.create_task(it.next())
        for _ in range(5):
            await asyncio.sleep(0)
        clock.now += timedelta(minutes=20)
        it.done(job)
        return await waiting, it.ended_by

    assert asyncio.run(go()) == (None, "window")


def test_a_short_window_that_opens_meanwhile_is_not_missed() -> None:
    clock = Clock(at("21:59"))

    async def go() -> list[str]:
        it = schedule([target("shy", Window(time(22), time(22, 30))), *map(target, "abcdef")], clock=clock)
        begun = []
        while (job := await it.next()) is not None:
            begun.append(job.target.id)
            clock.now += timedelta(minutes=20)
            it.done(job)
        return begun

    assert asyncio.run(go()) == ["a", "shy", *"bcdef"]


def test_a_window_that_opens_soon_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(at("21:50"))
    it = schedule([target("a")], clock=clock, windows=(NIGHT,))
    real = asyncio.sleep
    monkeypatch.setattr("scanner.schedule.asyncio.sleep", lambda s: clock.sleep(s) if s > 0 else real(s))
    assert asyncio.run(drained(it)) == ["a"]
    assert clock.now == at("22:00")


def test_a_targets_own_window_lets_the_others_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(at("21:50"))
    it = schedule([target("shy", NIGHT), target("a"), target("b")], clock=clock)
    real = asyncio.sleep
    monkeypatch.setattr("scanner.schedule.asyncio.sleep", lambda s: clock.sleep(s) if s > 0 else real(s))
    assert asyncio.run(drained(it)) == ["a", "b", "shy"]
    assert clock.now >= at("22:00")


def test_a_window_hours_away_leaves_its_target_for_another_time() -> None:
    it = schedule([target("shy", NIGHT), target("a")], clock=Clock(at("12:00")))
    assert asyncio.run(drained(it)) == ["a"]
    assert it.ended_by == "window"


@pytest.mark.parametrize(
    ("windows", "now", "opening"),
    [
        ((), "12:00", at("12:00")),
        ((NIGHT,), "23:00", at("23:00")),
        ((NIGHT,), "12:00", at("22:00")),
        ((NIGHT, DAY), "06:00", at("08:00")),
        ((DAY,), "17:00", at("08:00", day=23)),
    ],
)
def test_the_next_opening(windows: tuple[Window, ...], now: str, opening: datetime) -> None:
    one = target("a", *windows)
    assert opens_at(estate([one]), [one], at(now)) == opening


def test_windows_that_never_meet_never_open() -> None:
    one = target("a", DAY)
    assert opens_at(estate([one], windows=(NIGHT,)), [one], at("12:00")) is None
    assert not is_open(estate([one], windows=(NIGHT,)), [one], at("12:00"))
