"""tls.ech: what each state of an encrypted hello comes to."""

import pytest
from observed import shipped
from served import outcome, verdicts

from scanner.derive.tls_ech import EchSeen, EchState

CHECK = shipped()["tls.ech"]
EXPECTED = {
    EchState.NOT_OFFERED: "not_offered",
    EchState.UNREADABLE: "unreadable",
    EchState.UNKNOWN_KIND: "unknown_kind",
    EchState.ACCEPTED: "works",
    EchState.REJECTED: "rejected",
    EchState.REFUSED: "refused",
}


@pytest.mark.parametrize("state", EchState)
def test_every_state_has_its_outcome(state: EchState) -> None:
    assert outcome(verdicts(CHECK, EchSeen(state, "public.example.test"))) == EXPECTED[state]
