"""tls.clientauth: asked for in any version, not asked for, and what is not known."""

import pytest
from observed import shipped
from served import outcome, swept, verdicts

from scanner.derive.tls_facts import ClientCertificate, Sessions, Swept, Undetermined
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.clientauth"]
LATE = Unobserved(Reason.TIMEOUT, "no end of the handshake")
NAMED = ClientCertificate(("CN=One", "CN=Two"))


@pytest.mark.parametrize(
    ("seen", "whole", "expected"),
    [
        (swept(), Sessions(), "not_asked"),
        (LATE, Sessions(), "not_asked"),
        (swept(client_certificate=NAMED), Sessions(), "asked_of"),
        (swept(client_certificate=NAMED), LATE, "asked_of"),
        (swept(), Sessions(client_certificate=ClientCertificate(())), "asked"),
        (LATE, Sessions(client_certificate=NAMED), "asked_of"),
        (swept(), LATE, "unknown: timeout"),
        (LATE, LATE, "unknown: timeout"),
        (swept(), Sessions(undetermined=(Undetermined("client_certificate", LATE),)), "unknown: timeout"),
    ],
)
def test_client_certificates(seen: Swept | Unobserved, whole: Sessions | Unobserved, expected: str) -> None:
    assert outcome(verdicts(CHECK, seen, whole)) == expected


def test_some_authorities_are_named_and_the_others_counted() -> None:
    many = ClientCertificate(tuple(f"CN={it}" for it in range(5)), more=10)
    (verdict,) = verdicts(CHECK, swept(), Sessions(client_certificate=many))
    assert verdict.arguments["authorities"] == "CN=0; CN=1; CN=2 (+12)"
