"""Whether a certificate was revoked, as far as its issuer said so in something that was seen (RFC 6960 3.2, RFC 5280 6.3).

A response or a list counts only when it is about this certificate, was signed by who may sign it, and was in force at the
time it was seen. What fails in one of these proves nothing in either direction, and the reason is told.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from scanner.derive.signature import Verdict, verify_signature, verify_signed
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import (
    OCSP_SIGNING,
    Certificate,
    CertificateError,
    SignatureAlgorithm,
    SignedParts,
    parse_certificate,
)
from scanner.parse.crl import RevocationList, parse_crl
from scanner.parse.der import DerError
from scanner.parse.ocsp import CertStatus, OcspResponse, ResponseStatus, SingleResponse, is_about, parse_ocsp

CLOCK_SKEW: Final = timedelta(minutes=5)
"""A response may be so much younger than the time we read: clocks differ."""

REASONS: Final = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
"""Names of RFC 5280 5.3.1."""
HELD: Final = 6
REMOVED: Final = 8
"""Stands on a list of changes for a certificate that is held no longer."""


class Status(Struct, frozen=True):
    """What the issuer says of a certificate. `late` says that its time was over when it was seen.

    `reason` is a name of RFC 5280 5.3.1, empty when none was given.
    """

    standing: CertStatus
    this_update: datetime
    next_update: datetime | None
    late: bool = False
    revoked_at: datetime | None = None
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it says, in time, that the certificate is not revoked."""
        return self.standing is CertStatus.GOOD and not self.late

    @property
    def is_revoked(self) -> bool:
        """Whether it is revoked. What was revoked stays so, also when the response is old; only a hold may be lifted."""
        held = self.reason in (REASONS[HELD], REASONS[REMOVED])
        return self.standing is CertStatus.REVOKED and not (self.late and held)


def status_in_response(
    der: bytes, certificate: Certificate, issuer: Certificate | None, at: datetime
) -> Status | Unobserved:
    """What an OCSP response says of `certificate`, seen at `at`, or why it says nothing."""
    try:
        response = parse_ocsp(der)
    except DerError as error:
        return Unobserved(Reason.PROTOCOL_ERROR, f"the OCSP response cannot be read: {error}")
    if response.status is not ResponseStatus.SUCCESSFUL:
        return Unobserved(Reason.INCONCLUSIVE, f"the responder gave no status: {response.status.name.lower()}")
    if issuer is None:
        return _NO_ISSUER
    single = next((it for it in response.responses if is_about(it.cert_id, certificate, issuer)), None)
    if single is None:
        return Unobserved(Reason.INCONCLUSIVE, "the OCSP response is about another certificate")
    if (why := _objection_to(response, issuer, at)) is not None:
        return why
    if single.this_update > at + CLOCK_SKEW:
        return Unobserved(Reason.INCONCLUSIVE, "the OCSP response is from the future")
    return _status(single, at)


_NO_ISSUER: Final = Unobserved(
    Reason.INCONCLUSIVE, "the issuer's certificate is not known, so that its signature cannot be checked"
)


def _status(single: SingleResponse, at: datetime) -> Status:
    return Status(
        single.status,
        single.this_update,
        single.next_update,
        late=single.next_update is not None and single.next_update < at,
        revoked_at=single.revoked_at,
        reason=REASONS.get(single.reason, str(single.reason)) if single.reason is not None else "",
    )


def _objection_to(response: OcspResponse, issuer: Certificate, at: datetime) -> Unobserved | None:
    """Why the response was not signed by the issuer, or by who may do so for it (RFC 6960 4.2.2.2); None when it was."""
    algorithm = response.algorithm
    if algorithm is None:
        return Unobserved(Reason.INCONCLUSIVE, "the OCSP response is not signed")
    parts = SignedParts(response.signed, response.signature)
    by_issuer = verify_signed(parts, algorithm, issuer.key)
    if by_issuer is Verdict.VALID:
        return None
    unsupported = by_issuer is Verdict.UNSUPPORTED
    refusal = ""
    for der in response.certificates:
        try:
            delegate = parse_certificate(der)
        except CertificateError:
            continue
        verdict = verify_signed(parts, algorithm, delegate.key)
        unsupported |= verdict is Verdict.UNSUPPORTED
        if verdict is not Verdict.VALID:
            continue
        refusal = _refusal(delegate, issuer, at)
        if not refusal:
            return None
    if refusal:
        return Unobserved(Reason.INCONCLUSIVE, f"the OCSP response is signed by somebody who may not: {refusal}")
    if unsupported:
        return _unsupported(algorithm)
    return Unobserved(
        Reason.INCONCLUSIVE, "the OCSP response is signed neither by the issuer nor by a certificate it came with"
    )


def _refusal(delegate: Certificate, issuer: Certificate, at: datetime) -> str:
    """Why a certificate may not sign responses for the issuer; empty when it may."""
    if OCSP_SIGNING not in (delegate.extended_key_usage or ()):
        return "its certificate is not for OCSP signing"
    if delegate.issuer_name != issuer.subject_name or verify_signature(delegate, issuer) is not Verdict.VALID:
        return "its certificate is not of the same issuer"
    if not delegate.not_before - CLOCK_SKEW <= at <= delegate.not_after:
        return "its certificate was not valid at this time"
    return ""


def _unsupported(algorithm: SignatureAlgorithm) -> Unobserved:
    return Unobserved(Reason.INCONCLUSIVE, f"a signature of the kind {algorithm.name} cannot be checked here")


def status_in_list(
    der: bytes, certificate: Certificate, issuer: Certificate | None, at: datetime
) -> Status | Unobserved:
    """What a revocation list says of `certificate`, seen at `at`, or why it says nothing."""
    if issuer is None:
        return _NO_ISSUER
    try:
        revocations = parse_crl(der)
        # The entries last: a list of millions that nobody signed is not worth the walk.
        if (why := _objection_to_list(revocations, issuer, at)) is not None:
            return why
        entry = revocations.revoked(certificate.serial)
    except DerError as error:
        return Unobserved(Reason.PROTOCOL_ERROR, f"the revocation list cannot be read: {error}")
    late = revocations.next_update is not None and revocations.next_update < at
    dates = revocations.this_update, revocations.next_update
    if entry is not None and entry.reason != REMOVED:
        reason = REASONS.get(entry.reason, str(entry.reason)) if entry.reason is not None else ""
        return Status(CertStatus.REVOKED, *dates, late, entry.revoked_at, reason)
    if revocations.leaves_out:
        return Unobserved(Reason.INCONCLUSIVE, f"the certificate is not on a list that has {revocations.leaves_out}")
    if revocations.urls and not set(certificate.crl_urls) & set(revocations.urls):
        return Unobserved(Reason.INCONCLUSIVE, "the revocation list is for certificates that name another place")
    return Status(CertStatus.GOOD, *dates, late)


def _objection_to_list(revocations: RevocationList, issuer: Certificate, at: datetime) -> Unobserved | None:
    if revocations.issuer != issuer.subject_name:
        return Unobserved(Reason.INCONCLUSIVE, "the revocation list is of another issuer")
    if issuer.key_usage is not None and "cRLSign" not in issuer.key_usage:
        return Unobserved(Reason.INCONCLUSIVE, "the issuer's key may not sign revocation lists")
    parts = SignedParts(revocations.signed, revocations.signature)
    match verify_signed(parts, revocations.algorithm, issuer.key):
        case Verdict.UNSUPPORTED:
            return _unsupported(revocations.algorithm)
        case Verdict.INVALID:
            return Unobserved(Reason.INCONCLUSIVE, "the revocation list is not signed by the issuer")
    if revocations.is_indirect:
        return Unobserved(Reason.INCONCLUSIVE, "the revocation list has certificates of other issuers, too")
    if revocations.this_update > at + CLOCK_SKEW:
        return Unobserved(Reason.INCONCLUSIVE, "the revocation list is from the future")
    return None
