"""tls.alpn: both sides, a service that speaks no HTTP, and what is not known."""

import pytest
from observed import HOST, shipped
from served import SERVICE, outcome, verdicts

from scanner.derive.tls_ech import HttpsRecords
from scanner.derive.tls_facts import Sessions, Undetermined
from scanner.derive.tls_service import TlsService
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.https_record import HttpsRecord

CHECK = shipped()["tls.alpn"]
LATE = Unobserved(Reason.TIMEOUT, "no end of the handshake")


def announcing(*protocols: str) -> HttpsRecords:
    return HttpsRecords((HttpsRecord(1, ".", protocols),))


SHORT = (Undetermined("alpn", LATE),)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Sessions(alpn=("h2", "http/1.1")), "offered"),
        (Sessions(alpn=("http/1.1", "h2")), "offered"),
        (Sessions(alpn=("http/1.1",)), "no_h2"),
        (Sessions(alpn=()), "no_protocol"),
        (Sessions(alpn=LATE), "unknown: timeout"),
        (Sessions(alpn=("http/1.1",), undetermined=SHORT), "unknown: timeout"),
        (Sessions(alpn=("h2",), undetermined=SHORT), "offered"),
    ],
)
def test_alpn(seen: Sessions, expected: str) -> None:
    assert outcome(verdicts(CHECK, seen, HttpsRecords(), SERVICE)) == expected


def test_a_mail_service_speaks_no_http() -> None:
    assert outcome(verdicts(CHECK, Sessions(), announcing("h2"), TlsService(HOST, 25, "smtp"))) == "no_http"


@pytest.mark.parametrize(
    ("announced", "taken", "differs"),
    [
        (announcing("h2", "http/1.1"), Sessions(alpn=("h2", "http/1.1")), None),
        (announcing("h3", "h2"), Sessions(alpn=("h2",)), None),  # h3 is not for TCP
        (announcing("h2"), Sessions(alpn=("http/1.1",)), "h2"),
        (announcing("h2", "http/1.1"), Sessions(alpn=()), "h2, http/1.1"),
        (announcing("h2"), Sessions(alpn=(), undetermined=SHORT), None),
        (announcing("h2"), Sessions(alpn=LATE), None),
        (announcing(), Sessions(alpn=("http/1.1",)), None),
        (LATE, Sessions(alpn=("http/1.1",)), None),
    ],
)
def test_the_record_is_compared(announced: HttpsRecords | Unobserved, taken: Sessions, differs: str | None) -> None:
    others = [it for it in verdicts(CHECK, taken, announced, SERVICE) if it.outcome.key == "other_record"]
    assert [it.arguments["announced"] for it in others] == ([] if differs is None else [differs])
