"""What an issuer's words count for: both sides of every rule."""

import pki
import pki_status as status
import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from pki import DAY, NOW, Entity

from scanner.derive.revocation import CLOCK_SKEW, Status, status_in_list, status_in_response
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import parse_certificate
from scanner.parse.ocsp import CertStatus

ISSUER = pki.root()
LEAF = pki.leaf(ISSUER)
OTHER = pki.leaf(ISSUER, ["other.test"])
SECOND = CLOCK_SKEW / 300


def said(der: bytes, of: Entity = LEAF, by: Entity | None = ISSUER) -> Status | Unobserved:
    issuer = None if by is None else parse_certificate(by.der)
    return status_in_response(der, parse_certificate(of.der), issuer, NOW)


def listed(der: bytes, of: Entity = LEAF, by: Entity | None = ISSUER) -> Status | Unobserved:
    issuer = None if by is None else parse_certificate(by.der)
    return status_in_list(der, parse_certificate(of.der), issuer, NOW)


def why(found: Status | Unobserved) -> str:
    assert isinstance(found, Unobserved), found
    assert found.reason in (Reason.INCONCLUSIVE, Reason.PROTOCOL_ERROR)
    return found.detail


def known(found: Status | Unobserved) -> Status:
    assert isinstance(found, Status), found
    return found


# --- responses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("word", "good", "revoked"), [("good", 1, 0), ("revoked", 0, 1), ("unknown", 0, 0)])
def test_a_status_signed_by_the_issuer_counts(word: str, good: bool, revoked: bool) -> None:
    found = known(said(status.response(LEAF, ISSUER, word)))
    assert (found.standing, found.is_good, found.is_revoked) == (CertStatus(word), bool(good), bool(revoked))


def test_a_revocation_says_when_and_why() -> None:
    found = known(said(status.response(LEAF, ISSUER, "revoked", reason=x509.ReasonFlags.key_compromise)))
    assert (found.revoked_at, found.reason) == (status.REVOKED_AT, "keyCompromise")


def test_a_delegate_of_the_issuer_counts() -> None:
    assert known(said(status.response(LEAF, ISSUER, by=status.delegate(ISSUER)))).is_good


@pytest.mark.parametrize(
    ("signer", "words"),
    [
        (status.delegate(ISSUER, purpose=None), "not for OCSP signing"),
        (pki.leaf(ISSUER, ["www.example.test"]), "not for OCSP signing"),
        (status.delegate(pki.root("Somebody Else")), "not of the same issuer"),
        (status.delegate(pki.root(key=pki.key("ec", "impostor"))), "not of the same issuer"),
        (status.delegate(ISSUER, not_after=NOW - DAY), "not valid at this time"),
        (status.delegate(ISSUER, not_before=NOW + DAY), "not valid at this time"),
    ],
)
def test_nobody_else_may_sign(signer: Entity, words: str) -> None:
    assert words in why(said(status.response(LEAF, ISSUER, "revoked", by=signer)))


def test_a_stranger_without_a_certificate_may_not_sign() -> None:
    stranger = pki.root(key=pki.key("ec", "impostor"))
    assert "neither by the issuer" in why(said(status.response(LEAF, stranger), by=ISSUER)) or "another" in why(
        said(status.response(LEAF, stranger), by=ISSUER)
    )


def test_a_signature_that_was_tampered_with_does_not_count() -> None:
    der = bytearray(status.response(LEAF, ISSUER))
    der[-1] ^= 1
    assert "signed neither by" in why(said(bytes(der)))


def test_a_response_about_another_certificate_says_nothing_of_ours() -> None:
    assert "another certificate" in why(said(status.response(OTHER, ISSUER)))


def test_without_the_issuers_certificate_nothing_is_proven() -> None:
    assert "issuer's certificate is not known" in why(said(status.response(LEAF, ISSUER), by=None))


def test_a_responder_that_gives_no_status_proves_nothing() -> None:
    assert "try_later" in why(said(status.unsuccessful()))


def test_what_cannot_be_read_proves_nothing() -> None:
    assert "cannot be read" in why(said(b"\x30\x00"))


@pytest.mark.parametrize(("ahead", "counts"), [(CLOCK_SKEW, True), (CLOCK_SKEW + SECOND, False)])
def test_clocks_may_differ_a_little(ahead: object, counts: bool) -> None:
    found = said(status.response(LEAF, ISSUER, this_update=NOW + ahead, next_update=NOW + DAY))  # type: ignore[operator]  # a timedelta
    assert isinstance(found, Status) is counts


@pytest.mark.parametrize(("until", "late"), [(NOW + SECOND, False), (NOW, False), (NOW - SECOND, True), (None, False)])
def test_a_status_is_in_force_until_its_next_update(until: object, late: bool) -> None:
    found = known(said(status.response(LEAF, ISSUER, next_update=until)))  # type: ignore[arg-type]  # a time or None
    assert (found.late, found.is_good) == (late, not late)


@pytest.mark.parametrize(
    ("reason", "revoked"), [(x509.ReasonFlags.key_compromise, True), (x509.ReasonFlags.certificate_hold, False)]
)
def test_an_old_revocation_holds_but_a_hold_may_be_lifted(reason: x509.ReasonFlags, revoked: bool) -> None:
    old = status.response(LEAF, ISSUER, "revoked", reason=reason, next_update=NOW - SECOND)
    assert known(said(old)).is_revoked is revoked
    fresh = status.response(LEAF, ISSUER, "revoked", reason=reason)
    assert known(said(fresh)).is_revoked


# --- lists --------------------------------------------------------------------------------------------------

URL = "http://lists.test/3.crl"


def test_who_is_on_the_list_is_revoked_and_who_is_not_is_not() -> None:
    der = status.revocations(ISSUER, OTHER, reason=x509.ReasonFlags.superseded)
    assert known(listed(der)).is_good
    revoked = known(listed(der, of=OTHER))
    assert (revoked.is_revoked, revoked.reason, revoked.revoked_at) == (True, "superseded", status.REVOKED_AT)


def test_a_list_of_another_issuer_says_nothing() -> None:
    assert "another issuer" in why(listed(status.revocations(pki.root("Somebody Else"), LEAF)))


def test_a_list_must_be_signed_by_the_issuer() -> None:
    impostor = pki.root(key=pki.key("ec", "impostor"))
    assert "not signed by the issuer" in why(listed(status.revocations(ISSUER, LEAF, by=impostor)))


def test_an_authority_may_be_kept_from_signing_lists() -> None:
    no_lists = pki.root("No Lists", usage=(pki.usage("key_cert_sign"), True))
    leaf = pki.leaf(no_lists)
    assert "may not sign" in why(listed(status.revocations(no_lists, leaf), of=leaf, by=no_lists))


@pytest.mark.parametrize("until", [NOW - SECOND, NOW + SECOND])
def test_an_old_list_is_no_proof_of_innocence(until: object) -> None:
    found = known(listed(status.revocations(ISSUER, OTHER, next_update=until)))  # type: ignore[arg-type]  # a time
    assert found.is_good is (until > NOW)  # type: ignore[operator]  # a time


def test_a_list_from_the_future_says_nothing() -> None:
    ahead = NOW + CLOCK_SKEW + SECOND
    assert "future" in why(listed(status.revocations(ISSUER, LEAF, this_update=ahead, next_update=ahead + DAY)))


def test_a_part_of_a_list_is_silent_about_other_parts() -> None:
    here = status.point(full_name=[x509.UniformResourceIdentifier(URL)])
    der = status.revocations(ISSUER, OTHER, extensions=[(here, True)])
    ours = pki.leaf(ISSUER, extra=[status.places(URL)])
    elsewhere = pki.leaf(ISSUER, extra=[status.places("http://lists.test/4.crl")])
    assert known(listed(der, of=ours)).is_good
    assert "another place" in why(listed(der, of=elsewhere))
    assert known(listed(der, of=OTHER)).is_revoked, "who is listed is revoked all the same"


def test_what_a_list_leaves_out_is_not_good() -> None:
    der = status.revocations(ISSUER, OTHER, extensions=[(status.point(only_contains_ca_certs=True), True)])
    assert "only certificates of authorities" in why(listed(der))


def test_numbers_on_a_list_of_many_issuers_mean_nothing() -> None:
    der = status.revocations(ISSUER, LEAF, extensions=[(status.point(indirect_crl=True), True)])
    assert "other issuers" in why(listed(der))


def test_who_was_taken_off_a_list_of_changes_is_not_revoked() -> None:
    changes = [(x509.DeltaCRLIndicator(1), True)]
    der = status.revocations(ISSUER, LEAF, reason=x509.ReasonFlags.remove_from_crl, extensions=changes)
    assert "2.5.29.27" in why(listed(der))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_a_status(data: bytes) -> None:
    assert isinstance(said(data), Unobserved)
    assert isinstance(listed(data), Unobserved)
