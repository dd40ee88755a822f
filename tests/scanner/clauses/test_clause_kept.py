"""What was put together from what entries said at other targets is what each target would have said by itself."""

from collections.abc import Sequence
from datetime import date
from random import Random

import msgspec
import pytest
from clause_runs import (
    DIRECT,
    SAYS,
    SUPPORTING,
    A,
    B,
    C,
    crosswalk,
    entry,
    guard,
    rulebook,
    run_of,
    shipped,
    target,
    verdict,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.clauses.assess import Assessor, assess_clauses
from scanner.estate import AddressPolicy, Kind
from scanner.findings import AcceptedUntil, Finding, Severity, State
from scanner.frameworks.framework import Rulebook, Via
from scanner.observations.steps import Reason
from scanner.registry import discover

CHECKS = discover()
STATES = (*(State.PASS,) * 4, *(State.FAIL,) * 2, State.UNKNOWN, State.NOT_APPLICABLE)
ACCEPTED = AcceptedUntil(date(2027, 1, 1), "CISO", "replaced in January")
TARGETS = 12
SMALL = rulebook(
    crosswalk(entry(A), entry(C, SUPPORTING)),
    crosswalk(entry(A), entry(B), guards=(guard("addresses", "=", "all"),)),
    crosswalk(entry(A, silent=True), entry(B), entry(C, SUPPORTING)),
    crosswalk(entry(A), entry(A, SUPPORTING), via=Via(("own/pasal-1",), DIRECT, SAYS)),
    crosswalk(entry(C, SUPPORTING)),
)


def concluded(random: Random, number: int, checks: Sequence[str]) -> list[Finding]:
    """Verdicts of checks on one or two subjects of a target, any of which may be accepted."""
    found = []
    for check in checks:
        for key in "ab"[: random.choice([1, 1, 2])]:
            state = random.choice(STATES)
            severity = random.choice(list(Severity)).word if state is State.FAIL else None
            made = verdict(check, state, of=f"t{number}", severity=severity, key=key)
            if state is State.UNKNOWN:
                made = msgspec.structs.replace(made, reason=random.choice([Reason.TIMEOUT, Reason.BLOCKED]))
            if state is State.FAIL and random.random() < 0.3:
                made = msgspec.structs.replace(made, waiver=ACCEPTED)
            found.append(made)
    return found


@pytest.mark.parametrize(("book", "checks"), [(SMALL, (A, B, C)), (shipped(), tuple(CHECKS))], ids=["small", "shipped"])
@settings(max_examples=25, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_it_is_the_same_as_hearing_every_target_anew(book: Rulebook, checks: tuple[str, ...], random: Random) -> None:
    targets = [
        target(f"t{it}", addresses=random.choice(list(AddressPolicy)), kinds=frozenset({Kind.WEB}))
        for it in range(TARGETS)
    ]
    run = run_of([it for number in range(TARGETS) for it in concluded(random, number, checks)], targets)
    kept = assess_clauses(run, book, CHECKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Assessor, "_known_spot", lambda *_: None)
        assert assess_clauses(run, book, CHECKS) == kept
