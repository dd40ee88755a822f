"""OCSP responses (RFC 6960), stapled or fetched, and the one request we send.

Read is what is said about which certificate, by whom, for how long; whether it may be believed is another question
(`scanner.derive.revocation`). A response that is no DER, of another type, or longer than is read, raises DerError.
"""

import hashlib
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from scanner.parse.certificate import Certificate, Name, SignatureAlgorithm, key_bits, read_algorithm, read_name
from scanner.parse.der import (
    ENUMERATED,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    DerError,
    Reader,
    bit_string,
    dotted,
    element,
    encoded,
    one_sequence,
    read_time,
    small_integer,
)

MAX_RESPONSE_BYTES: Final = 1 << 16
MAX_SINGLE_RESPONSES: Final = 256
MAX_RESPONDER_CERTIFICATES: Final = 8

SCTS_IN_RESPONSE: Final = "1.3.6.1.4.1.11129.2.4.5"
NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_SHA1: Final = "1.3.14.3.2.26"
_HASHES: Final = {
    _SHA1: "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


class ResponseStatus(IntEnum):
    """Whether the responder answered at all (RFC 6960 4.2.1); 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


class CertStatus(StrEnum):
    """What a responder or a list says of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class CertId(Struct, frozen=True):
    """Which certificate is meant: digests of its issuer's name and key, and its serial number."""

    hash_name: str | None
    """None for an algorithm we do not know."""
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int


class SingleResponse(Struct, frozen=True):
    """What is said of one certificate. `reason` is the number of RFC 5280 5.3.1."""

    cert_id: CertId
    status: CertStatus
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None = None
    reason: int | None = None
    sct_list: bytes | None = None


class OcspResponse(Struct, frozen=True):
    """A response. Without success there is nothing but the status; `responder` is a name, or the SHA-1 of a key."""

    status: ResponseStatus
    responder: Name | bytes = b""
    produced_at: datetime | None = None
    responses: tuple[SingleResponse, ...] = ()
    signed: bytes = b""
    algorithm: SignatureAlgorithm | None = None
    signature: bytes = b""
    certificates: tuple[bytes, ...] = ()


def parse_ocsp(der: bytes) -> OcspResponse:
    """Read a response. Raises DerError."""
    if len(der) > MAX_RESPONSE_BYTES:
        raise DerError(f"more than {MAX_RESPONSE_BYTES} bytes")
    outer = one_sequence(der)
    number = small_integer(outer.content(ENUMERATED))
    try:
        status = ResponseStatus(number)
    except ValueError:
        raise DerError(f"a response status {number}") from None
    if status is not ResponseStatus.SUCCESSFUL:
        return OcspResponse(status)
    wrapper = outer.inside(0xA0)
    outer.finish()
    typed = wrapper.inside(SEQUENCE)
    wrapper.finish()
    if (kind := dotted(typed.content(OID))) != _BASIC:
        raise DerError(f"a response of the type {kind}")
    basic = one_sequence(typed.content(OCTET_STRING))
    signed = basic.whole(SEQUENCE)
    algorithm = read_algorithm(basic.whole(SEQUENCE))
    signature = bit_string(basic)
    certificates = _certificates(basic.inside(0xA0)) if basic.peek() == 0xA0 else ()
    basic.finish()
    body = one_sequence(signed)
    if body.peek() == 0xA0:
        body.element()
    responder = _responder(body)
    produced_at = read_time(body)
    responses = tuple(_responses(body.inside(SEQUENCE)))
    return OcspResponse(status, responder, produced_at, responses, signed, algorithm, signature, certificates)


def _certificates(wrapper: Reader) -> tuple[bytes, ...]:
    found: list[bytes] = []
    sequence = wrapper.inside(SEQUENCE)
    while sequence.more:
        if len(found) == MAX_RESPONDER_CERTIFICATES:
            raise DerError(f"more than {MAX_RESPONDER_CERTIFICATES} certificates")
        found.append(sequence.whole(SEQUENCE))
    return tuple(found)


def _responder(body: Reader) -> Name | bytes:
    if body.peek() == 0xA1:
        return read_name(body.inside(0xA1).whole(SEQUENCE))
    return body.inside(0xA2).content(OCTET_STRING)


def _responses(sequence: Reader) -> list[SingleResponse]:
    found: list[SingleResponse] = []
    while sequence.more:
        if len(found) == MAX_SINGLE_RESPONSES:
            raise DerError(f"more than {MAX_SINGLE_RESPONSES} certificates in one response")
        found.append(_single(sequence.inside(SEQUENCE)))
    return found


def _single(single: Reader) -> SingleResponse:
    cert_id = _cert_id(single.inside(SEQUENCE))
    tag, start, stop = single.element()
    status = _STATUSES.get(tag)
    if status is None:
        raise DerError(f"a certificate status with the tag {tag:#04x}")
    revoked_at: datetime | None = None
    reason: int | None = None
    if status is CertStatus.REVOKED:
        info = Reader(single.data, start, stop)
        revoked_at = read_time(info)
        reason = small_integer(info.inside(0xA0).content(ENUMERATED)) if info.peek() == 0xA0 else None
    this_update = read_time(single)
    next_update = read_time(single.inside(0xA0)) if single.peek() == 0xA0 else None
    sct_list = _sct_list(single.inside(0xA1)) if single.peek() == 0xA1 else None
    return SingleResponse(cert_id, status, this_update, next_update, revoked_at, reason, sct_list)


_STATUSES: Final = {0x80: CertStatus.GOOD, 0xA1: CertStatus.REVOKED, 0x82: CertStatus.UNKNOWN}


def _cert_id(fields: Reader) -> CertId:
    algorithm = dotted(fields.inside(SEQUENCE).content(OID))
    name_hash, key_hash = fields.content(OCTET_STRING), fields.content(OCTET_STRING)
    serial = fields.content(INTEGER)
    return CertId(_HASHES.get(algorithm), name_hash, key_hash, int.from_bytes(serial, "big", signed=True))


def _sct_list(wrapper: Reader) -> bytes | None:
    """The list of signed certificate timestamps among a response's extensions (RFC 6962 3.3), None without one."""
    extensions = wrapper.inside(SEQUENCE)
    while extensions.more:
        fields = extensions.inside(SEQUENCE)
        oid = dotted(fields.content(OID))
        if fields.peek() != OCTET_STRING:
            fields.element()
        value = fields.content(OCTET_STRING)
        if oid == SCTS_IN_RESPONSE:
            return value
    return None


def is_about(cert_id: CertId, certificate: Certificate, issuer: Certificate) -> bool:
    """Whether an identifier means this certificate of this issuer."""
    if cert_id.hash_name is None or f"{cert_id.serial:x}" != certificate.serial:
        return False
    try:
        key = key_bits(issuer.key)
    except DerError:
        return False
    name_hash = hashlib.new(cert_id.hash_name, certificate.issuer_der, usedforsecurity=False).digest()
    key_hash = hashlib.new(cert_id.hash_name, key, usedforsecurity=False).digest()
    return (cert_id.issuer_name_hash, cert_id.issuer_key_hash) == (name_hash, key_hash)


def write_request(certificate: Certificate, issuer: Certificate) -> bytes:
    """The request about one certificate, with SHA-1 identifiers and no nonce, as every responder knows it (RFC 5019 2.1.1).

    Raises DerError for an issuer's key that cannot be read.
    """

    def sha1(data: bytes) -> bytes:
        return element(OCTET_STRING, hashlib.sha1(data, usedforsecurity=False).digest())

    number = int(certificate.serial, 16)
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
    algorithm = element(SEQUENCE, element(OID, encoded(_SHA1)), b"\x05\x00")
    issuer_hashes = sha1(certificate.issuer_der), sha1(key_bits(issuer.key))
    cert_id = element(SEQUENCE, algorithm, *issuer_hashes, element(INTEGER, serial))
    return element(SEQUENCE, element(SEQUENCE, element(SEQUENCE, element(SEQUENCE, cert_id))))
