"""tls.earlydata: both sides of every rule, and what is not known."""

import pytest
from observed import shipped
from served import outcome, verdicts

from scanner.derive.tls_facts import EarlyData, Sessions
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.earlydata"]
LATE = Unobserved(Reason.TIMEOUT, "no end of the handshake")


@pytest.mark.parametrize(
    ("early", "expected"),
    [
        (EarlyData(16_384, accepted=True), "taken"),
        (EarlyData(1, accepted=True), "taken"),
        (EarlyData(16_384, accepted=False), "refused"),
        (EarlyData(0, accepted=None), "not_allowed"),
        (EarlyData(16_384, accepted=LATE), "unknown: timeout"),
        (EarlyData(16_384, accepted=None), "unknown: not_asked"),
        (LATE, "unknown: timeout"),
        (None, "nothing_to_resume"),
    ],
)
def test_early_data(early: EarlyData | Unobserved | None, expected: str) -> None:
    assert outcome(verdicts(CHECK, Sessions(early_data=early))) == expected
