"""tls.certificate.revocation and tls.ocsp.stapling: what is stapled, what is promised, what the issuer answers."""

from typing import Any

import pki
import pki_status
import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import shipped
from pki import DAY, NOW, Entity
from served import ISSUING, leaf, logged, outcome, path, presented, status, verdicts

from scanner.derive.asked_status import SWITCHED_OFF, AskedStatus
from scanner.derive.revocation import Status, status_in_list, status_in_response
from scanner.derive.tls_certificates import Served
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import parse_certificate

CHECK = shipped()["tls.certificate.revocation"]
STAPLING = shipped()["tls.ocsp.stapling"]
LOGGED = shipped()["tls.certificate.transparency"]
RESPONDER = (pki.access(ocsp=["http://ocsp.test/"]), False)
PROMISE = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
PLAIN = pki.leaf(ISSUING)
NAMES_RESPONDER = pki.leaf(ISSUING, extra=[RESPONDER])
NAMES_LIST = pki.leaf(ISSUING, extra=[pki_status.places("http://lists.test/1.crl")])
PROMISES = pki.leaf(ISSUING, extra=[RESPONDER, PROMISE])


def said(of: Entity, *staples: bytes, asked: Any = SWITCHED_OFF, **fields: Any) -> str:
    served = seen(of, *staples, **fields)
    return outcome(verdicts(CHECK, leaf(served), status(served), asked))


def seen(of: Entity, *staples: bytes, **fields: Any) -> Served:
    return presented(of, ISSUING, staples=staples, **{"staple_asked": True, **fields})


def staple(of: Entity, *words: str, **fields: Any) -> bytes:
    return pki_status.response(of, ISSUING, *words, **fields)


STALE: dict[str, Any] = {"this_update": NOW - 9 * DAY, "next_update": NOW - DAY}


@pytest.mark.parametrize(
    ("of", "staples", "result"),
    [
        (PLAIN, [], "no_source"),
        (PLAIN, [staple(PLAIN)], "good_staple"),
        (NAMES_RESPONDER, [], "nobody_asked"),
        (NAMES_LIST, [], "nobody_asked"),
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER)], "good_staple"),
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER, "revoked")], "revoked"),
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER, "revoked", **STALE)], "revoked"),
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER, **STALE)], "stale"),
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER, "unknown")], "not_known_there"),
        (NAMES_RESPONDER, [staple(PLAIN)], "unknown: inconclusive"),  # about another certificate
        (NAMES_RESPONDER, [b"\x30\x00"], "unknown: protocol_error"),
        (NAMES_RESPONDER, [pki_status.unsuccessful()], "unknown: inconclusive"),
        # one good and one revoked, from two machines behind one address: it is revoked
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER), staple(NAMES_RESPONDER, "revoked")], "revoked"),
        (PROMISES, [], "no_staple"),
        (PROMISES, [staple(PROMISES)], "good_staple"),
        (PROMISES, [staple(PROMISES, **STALE)], "stale"),
        (PROMISES, [staple(PROMISES, "revoked")], "revoked"),
        (PROMISES, [staple(PLAIN)], "useless_staple"),
        (PROMISES, [b"\x30\x00"], "useless_staple"),
        (PROMISES, [pki_status.unsuccessful()], "useless_staple"),
        (PROMISES, [staple(PROMISES, "unknown")], "not_known_there"),
    ],
)
def test_what_is_stapled(of: Entity, staples: list[bytes], result: str) -> None:
    assert said(of, *staples) == result


def test_a_staple_that_was_not_asked_for_is_not_missing() -> None:
    assert said(PROMISES, staple_asked=False) == "not_asked"


def test_a_staple_signed_by_a_stranger_says_nothing() -> None:
    stranger = pki.intermediate(pki.root(), key=pki.key("ec", "impostor"))
    assert said(NAMES_RESPONDER, pki_status.response(NAMES_RESPONDER, stranger, "revoked")).startswith("unknown")


def test_without_the_issuers_certificate_a_staple_proves_nothing() -> None:
    served = presented(NAMES_RESPONDER, staples=(staple(NAMES_RESPONDER, "revoked"),), staple_asked=True)
    assert outcome(verdicts(CHECK, leaf(served), status(served), SWITCHED_OFF)) == "unknown: inconclusive"


def test_a_pass_speaks_for_who_holds_the_key_and_a_fail_for_everybody() -> None:
    why = Unobserved(Reason.TLS_ALERT, "certificate required")
    assert said(NAMES_RESPONDER, staple(NAMES_RESPONDER), unproven=why) == "unknown: tls_alert"
    assert said(NAMES_RESPONDER, staple(NAMES_RESPONDER, "revoked"), unproven=why) == "revoked"


# --- the issuer is asked --------------------------------------------------------------------------------------

OCSP, CRL = "http://ocsp.test/", "http://lists.test/1.crl"


def answered(of: Entity, word: str, **fields: Any) -> AskedStatus:
    der = pki_status.response(of, ISSUING, word, **fields)
    found = status_in_response(der, parse_certificate(of.der), parse_certificate(ISSUING.der), NOW)
    return AskedStatus(OCSP, found)


def listed(of: Entity, *revoked: Entity, **fields: Any) -> AskedStatus:
    der = pki_status.revocations(ISSUING, *revoked, **fields)
    return AskedStatus(CRL, status_in_list(der, parse_certificate(of.der), parse_certificate(ISSUING.der), NOW))


DOWN = AskedStatus(OCSP, Unobserved(Reason.TIMEOUT, "no answer"))


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ((answered(NAMES_RESPONDER, "good"),), "good"),
        ((answered(NAMES_RESPONDER, "revoked"),), "revoked"),
        ((answered(NAMES_RESPONDER, "unknown"),), "not_known_there"),
        ((answered(NAMES_RESPONDER, "good", **STALE),), "too_old"),
        ((DOWN, listed(NAMES_RESPONDER)), "good"),
        ((DOWN, listed(NAMES_RESPONDER, NAMES_RESPONDER)), "revoked"),
        ((DOWN, listed(NAMES_RESPONDER, **STALE)), "too_old"),
        ((DOWN,), "unknown: timeout"),
        ((), "nobody_asked"),
        (Unobserved(Reason.BUDGET, "the ceiling"), "unknown: budget"),
    ],
)
def test_what_the_issuer_answers(asked: Any, result: str) -> None:
    assert said(NAMES_RESPONDER, asked=asked) == result


def test_who_asks_learns_more_than_a_good_staple_says() -> None:
    assert said(NAMES_RESPONDER, staple(NAMES_RESPONDER), asked=(answered(NAMES_RESPONDER, "revoked"),)) == "revoked"


def test_a_revocation_says_when_and_why() -> None:
    served = seen(NAMES_RESPONDER, staple(NAMES_RESPONDER, "revoked", reason=x509.ReasonFlags.key_compromise))
    (verdict,) = verdicts(CHECK, leaf(served), status(served), SWITCHED_OFF)
    assert (verdict.arguments["when"], verdict.arguments["reason"]) == (pki_status.REVOKED_AT, "keyCompromise")


# --- stapling ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "staples", "asked", "result"),
    [
        (PLAIN, [], True, "no_responder"),
        (NAMES_LIST, [], True, "no_responder"),
        (NAMES_RESPONDER, [], True, "not_stapled"),
        (NAMES_RESPONDER, [], False, "not_asked"),
        (NAMES_RESPONDER, [staple(NAMES_RESPONDER)], True, "stapled"),
        (PLAIN, [staple(PLAIN)], True, "stapled"),
    ],
)
def test_stapling(of: Entity, staples: list[bytes], asked: bool, result: str) -> None:
    served = seen(of, *staples, staple_asked=asked)
    assert outcome(verdicts(STAPLING, status(served))) == result


def test_a_status_is_read_at_the_time_it_was_seen() -> None:
    old = presented(
        NAMES_RESPONDER, ISSUING, at=NOW - 2 * DAY, staples=(staple(NAMES_RESPONDER, **STALE),), staple_asked=True
    )
    assert isinstance(status(old).stapled[0], Status)
    assert outcome(verdicts(CHECK, leaf(old), status(old), SWITCHED_OFF)) == "good_staple"


# --- whatever is sent -------------------------------------------------------------------------------------------

PIECES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([staple(PROMISES), staple(PROMISES, "revoked"), staple(PLAIN), pki_status.unsuccessful()]),
)


@settings(max_examples=200, deadline=None)
@given(staples=st.lists(PIECES, max_size=3), lists=st.lists(st.binary(max_size=60), max_size=2))
def test_whatever_comes_beside_a_certificate_it_is_judged_once(staples: list[bytes], lists: list[bytes]) -> None:
    served = seen(PROMISES, *staples, scts=tuple(lists), scts_asked=True)
    assert said(PROMISES, *staples) in {"revoked", "no_staple", "useless_staple", "good_staple", "not_known_there"}
    along = path(served)
    assert len(verdicts(LOGGED, leaf(served), along, logged(served))) == 1
    assert len(verdicts(STAPLING, status(served))) == 1
