"""What issuers publish about certificates: OCSP responses, revocation lists, log timestamps; valid by default."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pki
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from pki import DAY, NOW, Entity

REVOKED_AT = NOW - 2 * DAY
STATUSES = {
    "good": ocsp.OCSPCertStatus.GOOD,
    "revoked": ocsp.OCSPCertStatus.REVOKED,
    "unknown": ocsp.OCSPCertStatus.UNKNOWN,
}
OCSP_PURPOSE = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
SCT_OID = "1.3.6.1.4.1.11129.2.4.2"


def response(
    leaf: Entity,
    issuer: Entity,
    status: str = "good",
    *,
    by: Entity | None = None,
    this_update: datetime = NOW - DAY,
    next_update: datetime | None = NOW + DAY,
    reason: x509.ReasonFlags | None = None,
    hash_: hashes.HashAlgorithm | None = None,
    extensions: Iterable[x509.ExtensionType] = (),
) -> bytes:
    """A response about `leaf`, signed by its issuer, or by `by` whose certificate then comes along (DER)."""
    revoked = status == "revoked"
    signer = by or issuer
    builder = ocsp.OCSPResponseBuilder().add_response(
        leaf.certificate,
        issuer.certificate,
        hash_ or hashes.SHA1(),
        STATUSES[status],
        this_update=this_update,
        next_update=next_update,
        revocation_time=REVOKED_AT if revoked else None,
        revocation_reason=reason if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    if by is not None:
        builder = builder.certificates([by.certificate])
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    key: Any = signer.key
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def unsuccessful(status: ocsp.OCSPResponseStatus = ocsp.OCSPResponseStatus.TRY_LATER) -> bytes:
    """What a responder says that gives no status."""
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


def delegate(issuer: Entity, **fields: Any) -> Entity:
    """A responder that the issuer named."""
    return pki.leaf(issuer, ["responder.test"], key=pki.key("ec", "responder"), **{"purpose": OCSP_PURPOSE, **fields})


def revocations(
    issuer: Entity,
    *revoked: Entity,
    this_update: datetime = NOW - DAY,
    next_update: datetime | None = NOW + DAY,
    reason: x509.ReasonFlags | None = None,
    extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    by: Entity | None = None,
    issuer_name: x509.Name | None = None,
) -> bytes:
    """A list of these certificates, signed by their issuer (DER)."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer_name or issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update or NOW + DAY)
    )
    for entity in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(entity.certificate.serial_number)
        entry = entry.revocation_date(REVOKED_AT)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    key: Any = (by or issuer).key
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def point(**fields: Any) -> x509.IssuingDistributionPoint:
    """What a list says it is for."""
    defaults: dict[str, Any] = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**defaults, **fields})


def places(*urls: str) -> tuple[x509.CRLDistributionPoints, bool]:
    """The extension that says where lists are."""
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    return x509.CRLDistributionPoints(points), False


def timestamp(log: int = 1, *, version: int = 0, at: datetime = NOW - 30 * DAY) -> bytes:
    """One signed certificate timestamp, of a log that exists nowhere."""
    milliseconds = int(at.timestamp() * 1000).to_bytes(8, "big")
    return bytes((version,)) + bytes((log,)) * 32 + milliseconds + b"\0\0" + b"\x04\x03" + b"\0\x04sig!"


def timestamps(*scts: bytes) -> bytes:
    """A list of timestamps, as TLS has it."""
    whole = b"".join(len(sct).to_bytes(2, "big") + sct for sct in scts)
    return len(whole).to_bytes(2, "big") + whole


def embedded(*scts: bytes) -> tuple[x509.UnrecognizedExtension, bool]:
    """The extension of a certificate with these timestamps."""
    value = pki.tlv(0x04, timestamps(*scts))
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(SCT_OID), value), False
