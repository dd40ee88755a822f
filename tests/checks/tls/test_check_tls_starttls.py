"""STARTTLS: every outcome, and both sides of every rule."""

import pytest
from tls_facts_made import SERVICE, SHORT, said

from scanner.derive.tls_facts import Trial, Trials, TrialState
from scanner.derive.tls_service import TlsService
from scanner.observations.steps import Unobserved
from scanner.registry import discover

STARTTLS = discover()["tls.starttls"]
MAIL = TlsService("mail.example.test", 25, "smtp")
COMMANDS = "commands before TLS"


def made(offers: bool | Unobserved | None, state: TrialState | Unobserved | None = None) -> Trials:
    return Trials(() if state is None else (Trial("starttls", state),), starttls="smtp", offers=offers)


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        (made(False), {"service": "not_offered"}),
        (made(SHORT), {"service": "unknown: timeout"}),
        (made(True), {"service": "offered"}),
        (made(True, TrialState.SHOWN), {"service": "offered", COMMANDS: "injection"}),
        (made(True, TrialState.NOT_SHOWN), {"service": "offered", COMMANDS: "forgotten"}),
        (made(True, SHORT), {"service": "offered", COMMANDS: "unknown: timeout"}),
    ],
)
def test_a_service_with_starttls(trials: Trials, expected: dict[str, str]) -> None:
    assert said(STARTTLS, trials, MAIL) == expected


def test_a_service_without() -> None:
    assert said(STARTTLS, Trials(), SERVICE) == {"service": "at_once"}
