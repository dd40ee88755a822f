"""tls.renegotiation: both sides of both questions, and what is not known of either."""

import pytest
from observed import shipped
from served import SERVICE, spoken, swept, verdicts

from scanner.derive.tls_facts import Renegotiation, Sessions, Spoken, Swept, TlsVersion, Undetermined
from scanner.observations.steps import Reason, Unobserved
from scanner.outcomes import Verdict

CHECK = shipped()["tls.renegotiation"]
LATE = Unobserved(Reason.TIMEOUT, "no answer")
ONLY_NEW = (spoken(TlsVersion.TLS13, 0x1301),)


def said(seen: Swept | Unobserved, whole: Sessions | Unobserved) -> list[str]:
    def line(it: Verdict) -> str:
        return it.outcome.key if it.unobserved is None else f"unknown: {it.unobserved.reason}"

    return [line(it) for it in verdicts(CHECK, seen, whole, SERVICE)]


def old(secure: bool | Unobserved | None = True, *accepted: Spoken, **fields: object) -> Swept:
    return swept(*accepted, secure_renegotiation=secure, **fields)


def tried(taken: int, of: int) -> Sessions:
    return Sessions(renegotiation=Renegotiation(taken, of))


@pytest.mark.parametrize(
    ("seen", "whole", "expected"),
    [
        (old(True), tried(0, 1), ["secure", "not_by_clients"]),
        (old(False), tried(0, 1), ["insecure", "not_by_clients"]),
        (old(True), tried(6, 6), ["secure", "unbounded"]),
        (old(False), tried(6, 6), ["insecure", "unbounded"]),
        (old(True), tried(5, 6), ["secure", "bounded"]),
        (old(True), tried(1, 2), ["secure", "bounded"]),
        (old(LATE), tried(0, 1), ["unknown: timeout", "not_by_clients"]),
        (old(None), tried(0, 1), ["unknown: not_asked", "not_by_clients"]),
        (old(True), LATE, ["secure", "unknown: timeout"]),
        (old(True), Sessions(renegotiation=LATE), ["secure", "unknown: timeout"]),
        (old(True), Sessions(), ["secure", "unknown: not_asked"]),
        (LATE, tried(6, 6), ["unknown: timeout", "unbounded"]),
        (LATE, LATE, ["unknown: timeout", "unknown: timeout"]),
        (old(None, *ONLY_NEW), Sessions(), ["only_tls13"]),
    ],
)
def test_both_questions(seen: Swept | Unobserved, whole: Sessions | Unobserved, expected: list[str]) -> None:
    assert said(seen, whole) == expected


def test_a_bound_is_told_by_the_refusal_that_was_seen() -> None:
    _, by_clients = verdicts(CHECK, old(True), tried(4, 5), SERVICE)
    assert by_clients.arguments == {"taken": 4}
    for language, words in (("en", "and refused the next"), ("id", "lalu menolak yang berikutnya")):
        assert words in getattr(by_clients.outcome, language)


def test_an_older_version_that_may_be_on_is_not_called_absent() -> None:
    seen = swept(*ONLY_NEW, refused=(TlsVersion.SSL2,), undetermined=(Undetermined("versions.TLSv1.2", LATE),))
    assert said(seen, Sessions())[0] == "unknown: timeout"


def test_sslv3_alone_is_not_tried_by_whole_handshakes() -> None:
    """The library has no SSLv3: nothing is said of clients there."""
    assert said(old(True, spoken(TlsVersion.SSL3)), Sessions()) == ["secure"]


def test_the_second_question_has_a_subject_of_its_own() -> None:
    _, by_clients = verdicts(CHECK, old(True), tried(6, 6), SERVICE)
    assert by_clients.subject is not None
    assert (by_clients.subject.kind, by_clients.subject.key) == ("renegotiation by clients", str(SERVICE))
    assert (by_clients.arguments["taken"], by_clients.arguments["tried"]) == (6, 6)
