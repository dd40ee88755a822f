"""OCSP responses: what is read, what is refused, and the request that responders understand."""

from datetime import datetime

import pki
import pki_status as status
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from pki import DAY, NOW

from scanner.parse.certificate import parse_certificate, read_name
from scanner.parse.der import DerError
from scanner.parse.ocsp import CertStatus, OcspResponse, ResponseStatus, is_about, parse_ocsp, write_request

ISSUER = pki.root()
LEAF = pki.leaf(ISSUER)
OTHER = pki.leaf(ISSUER, ["other.test"])


def test_a_good_response_is_read_in_full() -> None:
    der = status.response(LEAF, ISSUER)
    read = parse_ocsp(der)
    theirs = ocsp.load_der_ocsp_response(der)
    (single,) = read.responses
    assert read.status is ResponseStatus.SUCCESSFUL
    assert (single.status, single.revoked_at, single.reason) == (CertStatus.GOOD, None, None)
    assert (single.this_update, single.next_update) == (NOW - DAY, NOW + DAY)
    assert read.signed == theirs.tbs_response_bytes
    assert read.signature == theirs.signature
    assert read.responder == theirs.responder_key_hash
    assert read.algorithm is not None
    assert read.algorithm.name == "ecdsa-with-SHA256"
    assert read.certificates == ()


@pytest.mark.parametrize("reason", [None, x509.ReasonFlags.key_compromise, x509.ReasonFlags.superseded])
def test_a_revocation_has_a_time_and_perhaps_a_reason(reason: x509.ReasonFlags | None) -> None:
    (single,) = parse_ocsp(status.response(LEAF, ISSUER, "revoked", reason=reason)).responses
    assert (single.status, single.revoked_at) == (CertStatus.REVOKED, status.REVOKED_AT)
    assert single.reason == {None: None, x509.ReasonFlags.key_compromise: 1, x509.ReasonFlags.superseded: 4}[reason]


def test_a_responder_may_not_know_a_certificate() -> None:
    (single,) = parse_ocsp(status.response(LEAF, ISSUER, "unknown")).responses
    assert single.status is CertStatus.UNKNOWN


def test_the_next_update_may_be_missing() -> None:
    (single,) = parse_ocsp(status.response(LEAF, ISSUER, next_update=None)).responses
    assert single.next_update is None


def test_a_delegate_comes_along_and_may_be_known_by_name() -> None:
    signer = status.delegate(ISSUER)
    der = status.response(LEAF, ISSUER, by=signer)
    assert parse_ocsp(der).certificates == (signer.der,)
    builder = ocsp.OCSPResponseBuilder().add_response(
        *(LEAF.certificate, ISSUER.certificate, hashes.SHA256(), ocsp.OCSPCertStatus.GOOD, NOW, None, None, None)
    )
    named = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, ISSUER.certificate)
    whole = named.sign(ISSUER.key, hashes.SHA256()).public_bytes(pki.Encoding.DER)  # type: ignore[arg-type]  # an EC key
    assert parse_ocsp(whole).responder == read_name(ISSUER.certificate.subject.public_bytes())


@pytest.mark.parametrize("told", [ocsp.OCSPResponseStatus.TRY_LATER, ocsp.OCSPResponseStatus.UNAUTHORIZED])
def test_a_responder_that_gives_no_status_says_why(told: ocsp.OCSPResponseStatus) -> None:
    assert parse_ocsp(status.unsuccessful(told)) == OcspResponse(ResponseStatus(told.value))


@pytest.mark.parametrize("hash_", [hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
def test_a_response_is_about_the_certificate_it_names(hash_: hashes.HashAlgorithm) -> None:
    (single,) = parse_ocsp(status.response(LEAF, ISSUER, hash_=hash_)).responses
    leaf, other, issuer = (parse_certificate(it.der) for it in (LEAF, OTHER, ISSUER))
    assert is_about(single.cert_id, leaf, issuer)
    assert not is_about(single.cert_id, other, issuer), "another serial number"
    assert not is_about(single.cert_id, leaf, other), "another key"


def test_a_certificate_with_the_same_number_from_another_issuer_is_another() -> None:
    stranger = pki.root("Somebody Else")
    twin = pki.leaf(stranger, serial=LEAF.certificate.serial_number)
    (single,) = parse_ocsp(status.response(twin, stranger)).responses
    assert not is_about(single.cert_id, parse_certificate(LEAF.der), parse_certificate(ISSUER.der))


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xFF, 0x8000, 2**159 - 1])
def test_the_request_is_read_as_meant(serial: int) -> None:
    leaf = pki.leaf(ISSUER, serial=serial)
    read = ocsp.load_der_ocsp_request(write_request(parse_certificate(leaf.der), parse_certificate(ISSUER.der)))
    theirs = ocsp.OCSPRequestBuilder().add_certificate(leaf.certificate, ISSUER.certificate, hashes.SHA1()).build()
    assert read.public_bytes(pki.Encoding.DER) == theirs.public_bytes(pki.Encoding.DER)


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        b"\x30\x03\x0a\x01\x04",  # a status that is not used
        b"\x30\x03\x0a\x01\x00",  # success without a response
        b"\x30\x84\xff\xff\xff\xff",
        b"x" * 70_000,
    ],
)
def test_what_is_no_response_is_refused(der: bytes) -> None:
    with pytest.raises(DerError):
        parse_ocsp(der)


SEEDS = [
    status.response(LEAF, ISSUER),
    status.response(LEAF, ISSUER, "revoked", by=status.delegate(ISSUER), reason=x509.ReasonFlags.key_compromise),
    status.unsuccessful(),
]


@settings(max_examples=400, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 2_000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_damaged_response_is_read_or_refused(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(seed)
    for at, put in changes:
        at %= len(damaged)
        damaged[at : at + max(1, len(put))] = put
    try:
        read = parse_ocsp(bytes(damaged))
    except DerError:
        return
    for single in read.responses:
        assert isinstance(single.this_update, datetime)
        is_about(single.cert_id, parse_certificate(LEAF.der), parse_certificate(ISSUER.der))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for candidate in (data, pki.tlv(0x30, data), pki.tlv(0x30, b"\x0a\x01\x00", pki.tlv(0xA0, data))):
        try:
            parse_ocsp(candidate)
        except DerError:
            continue
