"""tls.certificate.lifetime: the schedule day by day, and who is not meant by it."""

from datetime import UTC, datetime, timedelta

import pki
import pytest
from observed import shipped
from pki import DAY
from served import ISSUING, ROOT, leaf, outcome, path, presented, verdicts

from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.certificate.lifetime"]
SECOND = timedelta(seconds=1)


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


LONG_ROOT = pki.root("Long Root", not_before=on(2015, 1, 1), not_after=on(2040, 1, 1))


def issued(begins: datetime, lasts: timedelta) -> object:
    """What the check says of a certificate that begins then and lasts so long, both ends included."""
    served = presented(pki.leaf(LONG_ROOT, not_before=begins, not_after=begins + lasts - SECOND), at=begins + DAY)
    return outcome(verdicts(CHECK, leaf(served), path(served, public=[LONG_ROOT])))


@pytest.mark.parametrize(
    ("begins", "days"),
    [
        (on(2018, 3, 1), 825),
        (on(2020, 8, 31), 825),
        (on(2020, 9, 1), 398),
        (on(2026, 3, 15) - SECOND, 398),
        (on(2026, 3, 15), 200),
        (on(2027, 3, 15) - SECOND, 200),
        (on(2027, 3, 15), 100),
        (on(2029, 3, 15) - SECOND, 100),
        (on(2029, 3, 15), 47),
    ],
)
def test_the_schedule(begins: datetime, days: int) -> None:
    assert issued(begins, days * DAY) == "within"
    assert issued(begins, days * DAY + SECOND) == "too_long"


def test_before_the_schedule_nothing_is_asked() -> None:
    assert issued(on(2018, 2, 28), 900 * DAY) == "before_schedule"


def test_both_numbers_are_told() -> None:
    served = presented(pki.leaf(ISSUING, not_before=on(2026, 4, 1), not_after=on(2027, 4, 1) - SECOND), ISSUING)
    (verdict,) = verdicts(CHECK, leaf(served), path(served))
    assert (verdict.outcome.key, verdict.expected, verdict.found) == ("too_long", 200, 365)


def test_an_authority_of_the_operators_own_is_not_meant() -> None:
    served = presented(pki.leaf(ISSUING, not_after=pki.NOW + 3000 * DAY), ISSUING)
    assert outcome(verdicts(CHECK, leaf(served), path(served))) == "too_long"
    assert outcome(verdicts(CHECK, leaf(served), path(served, public=[], own=[ROOT]))) == "not_public"


def test_without_a_path_the_chain_is_at_fault() -> None:
    served = presented(pki.leaf(ISSUING, not_after=pki.NOW + 3000 * DAY))
    assert outcome(verdicts(CHECK, leaf(served), path(served))) == "no_path"


def test_where_a_path_cannot_be_told_this_cannot_either() -> None:
    tbs, _, signature = pki.elements(pki.leaf(ISSUING).der)
    parts = pki.elements(tbs)
    parts[pki.ALGORITHM] = pki.tlv(0x30, bytes.fromhex("06052a03040506"))
    odd = pki.tlv(0x30, pki.tlv(0x30, *parts), parts[pki.ALGORITHM], signature)
    served = presented(odd, ISSUING)
    assert outcome(verdicts(CHECK, leaf(served), path(served))) == "path_not_known"


def test_a_pass_speaks_for_who_holds_the_key() -> None:
    served = presented(unproven=Unobserved(Reason.TLS_ALERT, "certificate required"))
    assert outcome(verdicts(CHECK, leaf(served), path(served))) == "unknown: tls_alert"
