"""What is held back, what is written down, and when our own network is in doubt."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed import SEEN

from scanner.collector import Collected
from scanner.cost import Cost
from scanner.estate import Target
from scanner.journal import Standing, TargetRecord
from scanner.observations.steps import Reason, Unobserved
from scanner.outlook import LEAST, Outlook
from scanner.profiles import OurSide

RULE = OurSide(share=0.5, among=10)


def ended(number: int, reason: Reason | None = None) -> tuple[Target, Collected]:
    standing = Standing.OBSERVED if reason is None else Standing.NOT_OBSERVED
    record = TargetRecord(f"t{number}", standing, SEEN, SEEN, Cost(), Cost(), "" if reason is None else reason.value)
    failure = None if reason is None else Unobserved(reason)
    return Target(id=f"t{number}", url=f"https://t{number}.test/"), Collected(record, {}, {}, failure)


def taken(outlook: Outlook, reasons: list[Reason | None]) -> list[list[str]]:
    return [[it.record.id for it in outlook.take(*ended(n, reason))] for n, reason in enumerate(reasons)]


def test_what_answered_is_written_down_at_once() -> None:
    assert taken(Outlook(RULE, 100), [None] * 3) == [["t0"], ["t1"], ["t2"]]


def test_a_failure_is_held_until_enough_others_have_ended() -> None:
    written = taken(Outlook(RULE, 100), [Reason.TIMEOUT, *[None] * 10])
    assert written[0] == []
    assert written[10] == ["t10", "t0"]


@pytest.mark.parametrize(
    "reason", [Reason.NO_ADDRESS, Reason.TLS_ALERT, Reason.OUT_OF_SCOPE, Reason.BLOCKED, Reason.BUDGET]
)
def test_what_our_network_could_not_have_caused_is_no_reason_to_doubt_it(reason: Reason) -> None:
    outlook = Outlook(RULE, 100)
    assert all(taken(outlook, [reason] * 30))
    assert not outlook.is_in_doubt


@pytest.mark.parametrize(
    ("targets", "reasons", "doubt"),
    [
        (100, [Reason.TIMEOUT] * 5 + [None] * 5, True),
        (100, [Reason.TIMEOUT] * 4 + [None] * 6, False),
        (100, [Reason.TIMEOUT] * 9, False),  # too few have ended
        (100, [None] * 50 + [Reason.DNS_TIMEOUT] * 5, True),  # the last ten count
        (6, [Reason.UNREACHABLE] * 6, True),  # a small estate, all of it
        (6, [Reason.UNREACHABLE] * 3 + [None] * 3, True),
        (LEAST - 1, [Reason.UNREACHABLE] * (LEAST - 1), False),
    ],
)
def test_a_share_of_the_last_puts_our_network_in_doubt(targets: int, reasons: list[Reason | None], doubt: bool) -> None:
    outlook = Outlook(RULE, targets)
    taken(outlook, reasons)
    assert outlook.is_in_doubt is doubt


def test_in_doubt_nothing_more_is_let_go() -> None:
    outlook = Outlook(RULE, 100)
    taken(outlook, [Reason.TIMEOUT] * 30)
    assert [it.target.id for it in outlook.settle()] == [f"t{number}" for number in range(30)]
    assert not outlook.is_in_doubt
    assert outlook.settle() == ()


@given(st.lists(st.sampled_from([None, Reason.TIMEOUT, Reason.NO_ADDRESS]), max_size=60), st.integers(0, 60))
def test_every_target_is_given_back_exactly_once(reasons: list[Reason | None], total: int) -> None:
    outlook = Outlook(RULE, total)
    written = [id for ids in taken(outlook, reasons) for id in ids] + [it.target.id for it in outlook.settle()]
    assert sorted(written) == sorted(f"t{number}" for number in range(len(reasons)))


@pytest.mark.parametrize("reason", [Reason.BLOCKED, Reason.OUT_OF_SCOPE, Reason.INTERNAL])
def test_targets_that_were_not_asked_water_nothing_down(reason: Reason) -> None:
    outlook = Outlook(RULE, 100)
    written = taken(outlook, [Reason.TIMEOUT] * 5 + [reason] * 50)
    assert not any(written[:5]), "none of those that failed is let go"
    assert all(written[5:])
    taken(outlook, [Reason.TIMEOUT] * 5)
    assert outlook.is_in_doubt


def test_a_target_whose_own_url_was_silent_is_held_although_something_of_it_answered() -> None:
    target, collected = ended(0)
    silent = msgspec.structs.replace(collected, failure=Unobserved(Reason.TIMEOUT))
    assert Outlook(RULE, 100).take(target, silent) == []


@pytest.mark.parametrize(("count", "doubt"), [(LEAST, True), (LEAST - 1, False)])
def test_when_no_more_come_few_must_do(count: int, doubt: bool) -> None:
    outlook = Outlook(RULE, 100)
    taken(outlook, [Reason.TIMEOUT] * count)
    assert not outlook.is_in_doubt
    outlook.no_more_come()
    assert outlook.is_in_doubt is doubt
