"""Certification paths: every reason, every fact about tidiness, both sides of each."""

import itertools
import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import certifi
import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pki import DAY, NOW, Entity

from scanner.derive.certification_path import (
    MAX_DEPTH,
    AnchorStore,
    PathReason,
    PathResult,
    Profile,
    walk,
)
from scanner.derive.certification_path import PathReasonKind as Kind
from scanner.derive.signature import Verdict, verify_signature
from scanner.parse.certificate import Certificate, CertificateError, parse_certificate

Sendable = Entity | bytes | None

ROOT = pki.root()
OTHER_ROOT = pki.root("Other Root")
UNKNOWN_ROOT = pki.root("Unknown Root")
INTERMEDIATE = pki.intermediate(ROOT)
LEAF = pki.leaf(INTERMEDIATE)

SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
ANY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


def der_of(item: Entity | bytes) -> bytes:
    return item if isinstance(item, bytes) else item.der


def parsed(item: Sendable) -> Certificate | None:
    return None if item is None else parse_certificate(der_of(item))


def store(*anchors: Entity | bytes, profile: Profile = Profile.PUBLIC, name: str = "store") -> AnchorStore:
    return AnchorStore(name, [der_of(anchor) for anchor in anchors], profile)


def found(
    *sent: Sendable,
    anchors: Iterable[Entity | bytes] = (ROOT, OTHER_ROOT),
    profile: Profile = Profile.PUBLIC,
    at: datetime = NOW,
) -> PathResult:
    return walk([parsed(item) for item in sent], [store(*anchors, profile=profile)], at)


def subjects(certificates: Iterable[Certificate]) -> list[str]:
    return [certificate.subject.split(",")[0].removeprefix("CN=") for certificate in certificates]


def kinds(result: PathResult) -> list[Kind]:
    return [reason.kind for reason in result.reasons]


def holds(result: PathResult) -> bool:
    assert bool(result.path) is not bool(result.kinds - {Kind.LEAF_EXPIRED, Kind.LEAF_NOT_YET_VALID})
    return bool(result.path)


def test_a_sound_chain() -> None:
    result = walk([parsed(LEAF), parsed(INTERMEDIATE)], [store(ROOT, name="mozilla")], NOW)
    assert subjects(result.path) == ["www.example.test", "Test Intermediate", "Test Root"]
    assert result.attempted == result.path
    assert (result.anchor, result.profile) == ("mozilla", Profile.PUBLIC)
    assert result.reasons == ()
    assert not result.wrong_order
    assert result.unneeded == result.roots_sent == result.duplicates == ()


@pytest.mark.parametrize("root_kind", ["rsa", "ec", "p384", "ed25519", "ed448", "dsa"])
@pytest.mark.parametrize("issuing_kind", ["rsa", "ec", "ed25519"])
def test_signatures_of_every_kind(root_kind: str, issuing_kind: str) -> None:
    root = pki.root("Mixed", key=pki.key(root_kind))
    issuing = pki.intermediate(root, key=pki.key(issuing_kind, "issuing"))
    assert holds(found(pki.leaf(issuing), issuing, anchors=[root]))


def test_rsa_pss_signatures() -> None:
    root = pki.root(key=pki.key("rsa"))
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    issuing = pki.intermediate(root, rsa_padding=pss)
    assert holds(found(pki.leaf(issuing), issuing, anchors=[root]))


# --- reasons: no issuer -------------------------------------------------------------------------------------


def test_a_self_signed_leaf() -> None:
    result = found(pki.leaf(None))
    assert kinds(result) == [Kind.SELF_SIGNED]
    assert result.anchor is None
    assert result.profile is None


def test_a_leaf_that_only_claims_to_be_self_signed_has_a_bad_signature() -> None:
    impostor = pki.certificate(
        subject=pki.name("a"), issuer=pki.name("a"), public=pki.key("ec", "a"), signer=pki.key("ec", "b")
    )
    assert kinds(found(impostor)) == [Kind.BAD_SIGNATURE]


@pytest.mark.parametrize("profile", Profile)
def test_a_self_signed_leaf_of_another_profile_names_only_that(profile: Profile) -> None:
    bare = pki.leaf(None, san=None, purpose=None, basic=(x509.BasicConstraints(True, None), True))
    assert kinds(found(bare, profile=profile)) == [Kind.SELF_SIGNED]


def test_an_unknown_root() -> None:
    issuing = pki.intermediate(UNKNOWN_ROOT)
    result = found(pki.leaf(issuing), issuing, UNKNOWN_ROOT)
    assert result.reasons == (
        PathReason(
            Kind.UNKNOWN_ROOT,
            subject="CN=Unknown Root,O=Test Trust",
            der_sha256=der_digest(UNKNOWN_ROOT),
            index=2,
        ),
    )
    assert subjects(result.attempted) == ["www.example.test", "Test Intermediate", "Unknown Root"]


def der_digest(entity: Entity) -> str:
    return parse_certificate(entity.der).der_sha256


def test_a_root_with_the_name_of_an_anchor_and_another_key_is_unknown() -> None:
    fake = pki.root(key=pki.key("ec", "fake"))
    issuing = pki.intermediate(fake)
    assert kinds(found(pki.leaf(issuing), issuing, fake)) == [Kind.UNKNOWN_ROOT]


def test_a_root_of_version_1_that_no_store_has_is_only_unknown() -> None:
    old = pki.root("Old", basic=None, usage=None)
    assert kinds(found(pki.leaf(old), old)) == [Kind.UNKNOWN_ROOT]
    assert holds(found(pki.leaf(old), anchors=[old]))


def test_a_missing_intermediate_names_the_issuer_and_where_some_clients_would_fetch_it() -> None:
    urls = ["ldap://ca.test/x", "http://ca.test/int.der"]
    leaf = pki.leaf(INTERMEDIATE, extra=[(pki.access(urls, ["http://ocsp.test"]), False)])
    (reason,) = found(leaf).reasons
    assert reason.kind is Kind.MISSING_INTERMEDIATE
    assert reason.issuer == "CN=Test Intermediate,O=Test Trust"
    assert reason.ca_issuers == ("http://ca.test/int.der",)
    assert reason.index == 0


@pytest.mark.parametrize("sent", [(LEAF,), (LEAF, ROOT), (LEAF, OTHER_ROOT, ROOT)])
def test_a_missing_intermediate_that_nothing_heals(sent: tuple[Entity, ...]) -> None:
    (reason,) = found(*sent).reasons
    assert reason.kind is Kind.MISSING_INTERMEDIATE
    assert reason.ca_issuers == ()


def test_the_gap_higher_up_is_where_it_is() -> None:
    upper = pki.intermediate(ROOT, "Upper")
    lower = pki.intermediate(upper, "Lower")
    (reason,) = found(pki.leaf(lower), lower, ROOT).reasons
    assert (reason.kind, reason.index) == (Kind.MISSING_INTERMEDIATE, 1)
    assert reason.issuer == "CN=Upper,O=Test Trust"


def test_an_issuer_of_the_right_name_and_another_key_is_the_missing_one() -> None:
    renewed = pki.intermediate(ROOT, key=pki.key("ec", "renewed"))
    assert kinds(found(pki.leaf(renewed), INTERMEDIATE)) == [Kind.MISSING_INTERMEDIATE]


def test_the_same_subject_with_both_keys_is_settled_by_the_signature() -> None:
    renewed = pki.intermediate(ROOT, key=pki.key("ec", "renewed"))
    result = found(pki.leaf(renewed), INTERMEDIATE, renewed)
    assert holds(result)
    assert [unneeded.index for unneeded in result.unneeded] == [1]


# --- reasons: signatures ------------------------------------------------------------------------------------


def tampered(entity: Entity) -> bytes:
    body, algorithm, signature = pki.elements(entity.der)
    return pki.tlv(0x30, body.replace(b"www.example.test", b"evil.example.com"), algorithm, signature)


def test_a_bad_signature() -> None:
    result = found(tampered(LEAF), INTERMEDIATE)
    assert [(reason.kind, reason.index) for reason in result.reasons] == [(Kind.BAD_SIGNATURE, 0)]


def test_a_bad_signature_without_key_identifiers() -> None:
    leaf = pki.leaf(pki.intermediate(ROOT, key=pki.key("ec", "other")), aki=None)
    assert kinds(found(leaf, INTERMEDIATE)) == [Kind.BAD_SIGNATURE]


def test_key_identifiers_that_differ_do_not_matter_when_the_signature_verifies() -> None:
    wrong = x509.AuthorityKeyIdentifier(b"wrong", None, None)
    assert holds(found(pki.leaf(INTERMEDIATE, aki=(wrong, False)), INTERMEDIATE))


def with_algorithm(entity: Entity, oid: str) -> bytes:
    body, _, signature = pki.elements(entity.der)
    parts = pki.elements(body)
    algorithm = pki.tlv(0x30, bytes.fromhex(oid))
    parts[pki.ALGORITHM] = algorithm
    return pki.tlv(0x30, pki.tlv(0x30, *parts), algorithm, signature)


@pytest.mark.parametrize(
    ("oid", "kind"),
    [
        ("06052a03040506", Kind.UNSUPPORTED_ALGORITHM),
        ("06092a864886f70d010102", Kind.WEAK_SIGNATURE),  # MD2, which no library verifies any more
        ("06092a864886f70d01010b", Kind.BAD_SIGNATURE),
        ("06092a864886f70d01010a", Kind.BAD_SIGNATURE),  # PSS by default is SHA-1, and the signature is not PSS
        ("06082a8648ce3d040302", Kind.BAD_SIGNATURE),  # ECDSA with an RSA key
    ],
)
def test_algorithms_that_cannot_be_checked(oid: str, kind: Kind) -> None:
    root = pki.root(key=pki.key("rsa"))
    leaf = with_algorithm(pki.leaf(root, signature_hash=hashes.SHA384()), oid)
    assert kinds(found(leaf, anchors=[root]))[0] is kind


def test_an_issuer_with_a_key_the_library_refuses() -> None:
    def odd_curve(parts: list[bytes]) -> None:
        parts[pki.SPKI] = parts[pki.SPKI].replace(
            bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")
        )

    odd = pki.resign(ROOT.der, ROOT.key, odd_curve)
    assert parse_certificate(odd).key.curve == "1.2.840.10045.3.1.127"
    assert kinds(found(pki.leaf(ROOT), anchors=[odd])) == [Kind.UNSUPPORTED_ALGORITHM]
    assert kinds(found(odd, anchors=[])) == [Kind.SELF_SIGNED, Kind.KEY_USAGE]
    renewed = pki.root(aki=(x509.AuthorityKeyIdentifier(b"other", None, None), False))
    odd = pki.resign(renewed.der, ROOT.key, odd_curve)
    assert kinds(found(odd, anchors=[])) == [Kind.UNSUPPORTED_ALGORITHM, Kind.KEY_USAGE]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("hash_", "weak"), [("sha1", True), ("md5", True), ("sha256", False)])
def test_weak_signatures_below_the_anchor(hash_: str, weak: bool, profile: Profile) -> None:
    # The library signs with SHA-2 only, so the weak signatures are made here.
    root = pki.root(key=pki.key("rsa"))
    leaf = rsa_signed(pki.leaf(root), hash_)
    assert kinds(found(leaf, anchors=[root], profile=profile)) == ([Kind.WEAK_SIGNATURE] if weak else [])


def rsa_signed(entity: Entity, hash_name: str) -> bytes:
    number = {"md5": b"\x04", "sha1": b"\x05", "sha256": b"\x0b"}[hash_name]
    algorithm = pki.tlv(0x30, bytes.fromhex("06092a864886f70d0101") + number, b"\x05\x00")
    body, _, _ = pki.elements(entity.der)
    parts = pki.elements(body)
    parts[pki.ALGORITHM] = algorithm
    body = pki.tlv(0x30, *parts)
    usable: dict[str, hashes.HashAlgorithm] = {
        "md5": hashes.MD5(),
        "sha1": hashes.SHA1(),
        "sha256": hashes.SHA256(),
    }
    hash_ = usable[hash_name]
    key: Any = pki.key("rsa")
    return pki.tlv(0x30, body, algorithm, pki.tlv(0x03, b"\0", key.sign(body, padding.PKCS1v15(), hash_)))


def test_the_weak_signature_of_an_anchor_on_itself_does_not_matter() -> None:
    root = rsa_signed(pki.root("Old", key=pki.key("rsa")), "sha1")
    leaf = pki.leaf(pki.root("Old", key=pki.key("rsa")))
    assert parse_certificate(root).signature.hash_name == "sha1"
    assert holds(found(leaf, anchors=[root]))
    assert kinds(found(leaf, root)) == [Kind.UNKNOWN_ROOT]


def test_a_weak_signature_is_told_of_a_chain_without_a_path_too() -> None:
    leaf = rsa_signed(pki.leaf(pki.root("Old", key=pki.key("rsa"))), "sha1")
    assert kinds(found(leaf)) == [Kind.MISSING_INTERMEDIATE, Kind.WEAK_SIGNATURE]


def test_a_key_too_large_to_be_worth_the_time() -> None:
    def enlarge(parts: list[bytes]) -> None:
        modulus = pki.tlv(0x30, pki.tlv(0x02, b"\x7f" * 2_100), pki.tlv(0x02, b"\x03"))
        rsa = bytes.fromhex("300d06092a864886f70d0101010500")
        parts[pki.SPKI] = pki.tlv(0x30, rsa, pki.tlv(0x03, b"\0", modulus))

    rsa_root = pki.root(key=pki.key("rsa"))
    large = pki.resign(rsa_root.der, rsa_root.key, enlarge)
    assert kinds(found(pki.leaf(rsa_root), anchors=[large])) == [Kind.UNSUPPORTED_ALGORITHM]


def test_verify_signature_says_which() -> None:
    leaf, issuing, root = (parse_certificate(it.der) for it in (LEAF, INTERMEDIATE, ROOT))
    assert verify_signature(leaf, issuing) is Verdict.VALID
    assert verify_signature(leaf, root) is Verdict.INVALID
    unknown = parse_certificate(with_algorithm(LEAF, "06052a03040506"))
    assert verify_signature(unknown, issuing) is Verdict.UNSUPPORTED


# --- reasons: time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-31, [Kind.LEAF_NOT_YET_VALID]),
        (-30, []),
        (60, []),
        (61, [Kind.LEAF_EXPIRED]),
    ],
)
def test_the_validity_of_the_leaf_does_not_empty_the_path(days: int, expected: list[Kind]) -> None:
    result = found(LEAF, INTERMEDIATE, at=NOW + days * DAY)
    assert kinds(result) == expected
    assert holds(result)


def test_the_last_second_is_valid() -> None:
    leaf = pki.leaf(INTERMEDIATE, not_after=NOW)
    assert kinds(found(leaf, INTERMEDIATE)) == []
    assert kinds(found(leaf, INTERMEDIATE, at=NOW + timedelta(seconds=1))) == [Kind.LEAF_EXPIRED]


def test_an_expired_leaf_hides_nothing() -> None:
    expired = pki.leaf(INTERMEDIATE, not_after=NOW - DAY)
    assert kinds(found(expired)) == [Kind.MISSING_INTERMEDIATE, Kind.LEAF_EXPIRED]
    lone = pki.leaf(None, not_after=NOW - DAY)
    assert kinds(found(lone)) == [Kind.SELF_SIGNED, Kind.LEAF_EXPIRED]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("not_before", "not_after", "expected"),
    [
        (NOW - 9 * DAY, NOW - DAY, [Kind.EXPIRED_INTERMEDIATE]),
        (NOW + DAY, NOW + 9 * DAY, [Kind.NOT_YET_VALID_INTERMEDIATE]),
        (NOW - 9 * DAY, NOW + 9 * DAY, []),
    ],
)
def test_the_validity_of_an_intermediate(
    not_before: datetime, not_after: datetime, expected: list[Kind], profile: Profile
) -> None:
    issuing = pki.intermediate(ROOT, not_before=not_before, not_after=not_after)
    result = found(pki.leaf(issuing), issuing, profile=profile)
    assert kinds(result) == expected
    assert [reason.index for reason in result.reasons] == [1] * len(expected)


@pytest.mark.parametrize(
    ("not_before", "not_after", "expected"),
    [
        (NOW - 9 * DAY, NOW - DAY, [Kind.EXPIRED_ANCHOR]),
        (NOW + DAY, NOW + 9 * DAY, [Kind.NOT_YET_VALID_ANCHOR]),
    ],
)
def test_the_validity_of_an_anchor(not_before: datetime, not_after: datetime, expected: list[Kind]) -> None:
    root = pki.root("Brief", not_before=not_before, not_after=not_after)
    result = found(pki.leaf(root), anchors=[root])
    assert kinds(result) == expected
    assert result.reasons[0].index is None


def test_an_expired_intermediate_below_an_unknown_root_says_both() -> None:
    issuing = pki.intermediate(UNKNOWN_ROOT, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    result = found(pki.leaf(issuing), issuing, UNKNOWN_ROOT)
    assert kinds(result) == [Kind.UNKNOWN_ROOT, Kind.EXPIRED_INTERMEDIATE]


def test_an_expired_root_that_no_store_has_is_no_anchor() -> None:
    root = pki.root("Brief", not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    assert kinds(found(pki.leaf(root), root)) == [Kind.UNKNOWN_ROOT, Kind.EXPIRED_INTERMEDIATE]


# --- reasons: authority -------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("basic", "expected"),
    [
        ((x509.BasicConstraints(True, None), True), []),
        ((x509.BasicConstraints(True, None), False), []),
        ((x509.BasicConstraints(False, None), True), [Kind.NOT_A_CA]),
        (None, [Kind.NOT_A_CA]),
    ],
)
def test_an_issuer_must_be_an_authority(basic: pki.Extension | None, expected: list[Kind], profile: Profile) -> None:
    issuing = pki.intermediate(ROOT, basic=basic)
    assert kinds(found(pki.leaf(issuing), issuing, profile=profile)) == expected


def test_a_leaf_cannot_issue() -> None:
    issuing = pki.leaf(INTERMEDIATE, ("ca.example.test",), key=pki.key("ec", "ca"))
    result = found(pki.leaf(issuing), issuing, INTERMEDIATE)
    assert result.kinds == {Kind.NOT_A_CA, Kind.KEY_USAGE}
    assert {reason.index for reason in result.reasons} == {1}


def test_an_anchor_need_not_say_that_it_is_an_authority() -> None:
    issuing = pki.intermediate(UNKNOWN_ROOT, basic=None)
    assert holds(found(pki.leaf(issuing), issuing, anchors=[issuing], profile=Profile.OPERATOR))


def test_an_anchor_that_says_it_is_no_authority() -> None:
    anchor = pki.root("Plain", basic=(x509.BasicConstraints(False, None), True))
    assert kinds(found(pki.leaf(anchor), anchors=[anchor])) == [Kind.NOT_A_CA]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ((pki.usage("key_cert_sign"), True), []),
        ((pki.usage("crl_sign"), True), [Kind.KEY_USAGE]),
        (None, []),
    ],
)
def test_an_authority_that_may_not_sign_certificates(usage: pki.Extension | None, expected: list[Kind]) -> None:
    issuing = pki.intermediate(ROOT, usage=usage)
    assert kinds(found(pki.leaf(issuing), issuing)) == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ((pki.usage("digital_signature"), True), []),
        ((pki.usage("key_agreement"), True), []),
        ((pki.usage("key_cert_sign"), True), [Kind.KEY_USAGE]),
        (None, []),
    ],
)
def test_a_leaf_that_may_not_be_used_in_a_handshake(usage: pki.Extension | None, expected: list[Kind]) -> None:
    assert kinds(found(pki.leaf(INTERMEDIATE, usage=usage), INTERMEDIATE)) == expected


@pytest.mark.parametrize(
    ("root_limit", "upper_limit", "expected"),
    [
        (None, None, []),
        (1, None, [Kind.PATH_LENGTH]),
        (2, None, []),
        (None, 0, [Kind.PATH_LENGTH]),
        (None, 1, []),
    ],
)
def test_path_length(root_limit: int | None, upper_limit: int | None, expected: list[Kind]) -> None:
    root = pki.root("Limited", path_length=root_limit)
    upper = pki.intermediate(root, "Upper", path_length=upper_limit)
    lower = pki.intermediate(upper, "Lower", path_length=0)
    assert kinds(found(pki.leaf(lower), lower, upper, anchors=[root])) == expected


def test_self_issued_certificates_do_not_count_for_the_path_length() -> None:
    root = pki.root("Rollover", key=pki.key("ec", "old"), path_length=0)
    rollover = pki.intermediate(root, "Rollover", key=pki.key("ec", "new"))
    assert parse_certificate(rollover.der).self_issued
    result = found(pki.leaf(rollover), rollover, anchors=[root])
    assert holds(result)
    assert subjects(result.path) == ["www.example.test", "Rollover", "Rollover"]


def test_a_path_may_have_ten_certificates_and_no_more() -> None:
    issuers = [ROOT]
    for number in range(MAX_DEPTH - 1):
        issuers.append(pki.intermediate(issuers[-1], f"Level {number}"))
    *_, upper, last = issuers
    sent = list(reversed(issuers[1:]))
    assert holds(found(pki.leaf(upper), *sent[1:]))
    assert kinds(found(pki.leaf(last), *sent)) == [Kind.TOO_LONG]


# --- reasons: purpose and names -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "public", "operator"),
    [
        ((SERVER, False), [], []),
        ((CLIENT, False), [Kind.EXTENDED_KEY_USAGE], [Kind.EXTENDED_KEY_USAGE]),
        ((ANY, False), [Kind.EXTENDED_KEY_USAGE], []),
        (None, [Kind.EXTENDED_KEY_USAGE], []),
    ],
)
def test_the_purpose_of_a_leaf(purpose: pki.Extension | None, public: list[Kind], operator: list[Kind]) -> None:
    leaf = pki.leaf(INTERMEDIATE, purpose=purpose)
    assert kinds(found(leaf, INTERMEDIATE)) == public
    assert kinds(found(leaf, INTERMEDIATE, profile=Profile.OPERATOR)) == operator


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("purpose", "expected"),
    [(SERVER, []), (ANY, []), (None, []), (CLIENT, [Kind.EXTENDED_KEY_USAGE])],
)
def test_the_purpose_of_an_intermediate_binds_what_is_below(
    purpose: x509.ExtendedKeyUsage | None, expected: list[Kind], profile: Profile
) -> None:
    issuing = pki.intermediate(ROOT, purpose=(purpose, False) if purpose else None)
    result = found(pki.leaf(issuing), issuing, profile=profile)
    assert kinds(result) == expected
    assert [reason.subject for reason in result.reasons] == ["CN=Test Intermediate,O=Test Trust"] * len(expected)


def test_a_leaf_without_alternative_names() -> None:
    leaf = pki.leaf(INTERMEDIATE, san=None)
    assert kinds(found(leaf, INTERMEDIATE)) == [Kind.NO_ALTERNATIVE_NAME]
    assert kinds(found(leaf, INTERMEDIATE, profile=Profile.OPERATOR)) == []


def test_an_authority_as_leaf() -> None:
    leaf = pki.leaf(INTERMEDIATE, basic=(x509.BasicConstraints(True, None), True))
    assert kinds(found(leaf, INTERMEDIATE)) == [Kind.CA_AS_LEAF]
    assert kinds(found(leaf, INTERMEDIATE, profile=Profile.OPERATOR)) == []


def dns_names(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def networks(*names: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ip_network(name)) for name in names]


def allowed(
    leaf: dict[str, Any],
    permitted: list[x509.GeneralName],
    excluded: list[x509.GeneralName],
    *,
    critical: bool = True,
) -> bool:
    constraints = x509.NameConstraints(permitted or None, excluded or None)
    issuing = pki.intermediate(ROOT, extra=[(constraints, critical)])
    result = found(pki.leaf(issuing, **leaf), issuing)
    assert result.kinds <= {Kind.NAME_CONSTRAINTS}
    return holds(result)


@pytest.mark.parametrize(
    ("name", "permitted", "excluded", "expected"),
    [
        ("example.test", ["example.test"], [], True),
        ("www.example.test", ["example.test"], [], True),
        ("WWW.Example.Test", ["eXample.tesT"], [], True),
        ("badexample.test", ["example.test"], [], False),
        ("example.test", ["www.example.test"], [], False),
        ("www.example.test", [".example.test"], [], True),
        ("example.test", [".example.test"], [], False),
        ("*.example.test", ["example.test"], [], True),
        ("*.test", ["example.test"], [], False),
        ("b.test", ["a.test", "b.test"], [], True),
        ("example.test", [], ["example.test"], False),
        ("www.example.test", [], ["example.test"], False),
        ("other.test", [], ["example.test"], True),
        ("*.example.test", [], ["secret.example.test"], False),
        ("*.example.test", [], ["a.b.example.test"], True),
        ("a.secret.test", ["secret.test"], ["a.secret.test"], False),
        ("b.secret.test", ["secret.test"], ["a.secret.test"], True),
        ("www.example.test.", ["example.test"], [], True),
        ("www.example.test", ["example.test."], [], True),
        ("www.example.test", [""], [], True),
        ("www.example.test", [], [""], False),
        (".".join(["a" * 60] * 4) + ".test", ["test"], [], True),
        (".".join(["a" * 60] * 5) + ".test", ["test"], [], False),
    ],
)
def test_dns_constraints(name: str, permitted: list[str], excluded: list[str], expected: bool) -> None:
    assert allowed({"dns": (name,)}, dns_names(*permitted), dns_names(*excluded)) is expected


@pytest.mark.parametrize(
    ("address", "permitted", "excluded", "expected"),
    [
        ("192.0.2.1", ["192.0.2.0/24"], [], True),
        ("192.0.3.1", ["192.0.2.0/24"], [], False),
        ("192.0.3.1", ["192.0.2.0/24", "192.0.3.1/32"], [], True),
        ("2001:db8::1", ["192.0.2.0/24"], [], False),
        ("2001:db8::1", ["2001:db8::/32"], [], True),
        ("192.0.2.1", [], ["0.0.0.0/0"], False),
        ("2001:db8::1", [], ["0.0.0.0/0"], True),
        ("192.0.2.1", ["192.0.0.0/16"], ["192.0.2.0/24"], False),
    ],
)
def test_address_constraints(address: str, permitted: list[str], excluded: list[str], expected: bool) -> None:
    assert allowed({"dns": (), "ip": (address,)}, networks(*permitted), networks(*excluded)) is expected


def test_constraints_on_one_kind_of_name_leave_the_other_kinds() -> None:
    assert allowed({"ip": ("192.0.2.1",)}, dns_names("example.test"), [])
    assert allowed({}, networks("192.0.2.0/24"), [])


@pytest.mark.parametrize(
    ("organisation", "permitted", "excluded", "expected"),
    [
        ("Dinas", "Dinas", None, True),
        ("DINAS", "Dinas", None, True),
        ("Lain", "Dinas", None, False),
        ("Dinas", None, "Dinas", False),
        ("Lain", None, "Dinas", True),
        (None, None, "Dinas", True),
    ],
)
def test_directory_constraints(
    organisation: str | None, permitted: str | None, excluded: str | None, expected: bool
) -> None:
    def trees(name: str | None) -> list[x509.GeneralName]:
        return [x509.DirectoryName(pki.name(None, name))] if name else []

    leaf = {"subject": pki.name("www.example.test", organisation)}
    assert allowed(leaf, trees(permitted), trees(excluded)) is expected


@pytest.mark.parametrize(
    ("named", "permitted", "excluded", "expected"),
    [
        ("Dinas", "Dinas", None, True),
        ("Other", "Dinas", None, False),
        ("Dinas", None, "Other", True),
        ("Other", None, "Other", False),
    ],
)
def test_directory_names_among_the_alternative_names(
    named: str, permitted: str | None, excluded: str | None, expected: bool
) -> None:
    names = x509.SubjectAlternativeName([x509.DirectoryName(pki.name("x", named))])
    leaf = {"subject": pki.name("www.example.test", "Dinas"), "san": (names, False)}
    trees = [[x509.DirectoryName(pki.name(None, name))] if name else [] for name in (permitted, excluded)]
    assert allowed(leaf, *trees) is expected


def test_a_directory_name_that_cannot_be_read_is_not_allowed() -> None:
    constraints = x509.NameConstraints([x509.DirectoryName(pki.name(None, "Dinas"))], None)
    issuing = pki.intermediate(ROOT, extra=[(constraints, True)])
    subject = pki.name("www.example.test", "Dinas")
    names = pki.tlv(0x30, pki.tlv(0x82, b"www.example.test"), pki.tlv(0xA4, b"broken"))
    made = pki.leaf(issuing, subject=subject, san=None)
    leaf = pki.resign(made.der, issuing.key, pki.with_extensions(pki.extension("2.5.29.17", names)))
    read = parse_certificate(leaf)
    assert (read.dns_names, read.directory_names, read.malformed) == (("www.example.test",), None, False)
    assert kinds(found(leaf, issuing)) == [Kind.NAME_CONSTRAINTS]


def test_names_of_self_issued_intermediates_are_exempt() -> None:
    constraints = x509.NameConstraints(dns_names("example.test"), None)
    root = pki.root("Rollover", key=pki.key("ec", "old"), extra=[(constraints, True)])
    names = (pki.san(["other.test"]), False)
    rollover = pki.intermediate(root, "Rollover", key=pki.key("ec", "new"), san=names)
    assert holds(found(pki.leaf(rollover), rollover, anchors=[root]))
    other = pki.intermediate(root, "Another", san=names)
    result = found(pki.leaf(other), other, anchors=[root])
    assert [(reason.kind, reason.index) for reason in result.reasons] == [(Kind.NAME_CONSTRAINTS, 1)]


@pytest.mark.parametrize(
    ("critical", "with_email", "expected"),
    [(True, True, False), (False, True, True), (True, False, True)],
)
def test_constraints_on_a_kind_we_do_not_evaluate(critical: bool, with_email: bool, expected: bool) -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@b.test")])
    leaf = {"subject": subject} if with_email else {}
    assert allowed(leaf, [], [x509.RFC822Name("c.test")], critical=critical) is expected


def test_the_constraints_of_an_anchor_bind_too() -> None:
    for name, expected in (("example.test", True), ("other.test", False)):
        constraints = x509.NameConstraints(dns_names(name), None)
        root = pki.root("Constrained", extra=[(constraints, True)])
        assert holds(found(pki.leaf(root), anchors=[root])) is expected


def test_thousands_of_names_and_constraints() -> None:
    names = [f"h{number}.a{number % 1000}.test" for number in range(3_000)]
    trees = [f"a{number}.test" for number in range(1_000)]
    assert allowed({"dns": names}, dns_names(*trees), [])
    assert not allowed({"dns": [*names, "a1001.test"]}, dns_names(*trees), [])


def test_names_are_not_compared_without_end() -> None:
    constraints = x509.NameConstraints(dns_names("test"), None)
    leaf_names = [f"h{number}.test" for number in range(4_900)]
    crowd = [
        pki.intermediate(
            ROOT, "Crowd", key=pki.key("ec", "crowd"), extra=[(constraints, True)], purpose=(CLIENT, False)
        )
        for _ in range(11)
    ]
    leaf = pki.leaf(crowd[0], leaf_names)
    assert kinds(found(leaf, *crowd[:10])) == [Kind.EXTENDED_KEY_USAGE]
    assert Kind.SEARCH_LIMIT in found(leaf, *crowd).kinds


def test_names_beyond_those_kept_cannot_be_judged() -> None:
    assert not allowed({"dns": ["a.test"] * 5_001}, dns_names("a.test"), [])


# --- reasons: form ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize("place", [0, 1])
def test_unknown_critical_extensions(place: int, critical: bool) -> None:
    added = pki.with_extensions(pki.extension("1.2.3.4", b"\5\0", critical=critical))
    chain: list[Entity | bytes] = [LEAF, INTERMEDIATE]
    signer = (INTERMEDIATE, ROOT)[place]
    chain[place] = pki.resign(der_of(chain[place]), signer.key, added)
    result = found(*chain)
    expected = [(Kind.UNKNOWN_CRITICAL, place)] if critical else []
    assert [(reason.kind, reason.index) for reason in result.reasons] == expected


def test_an_anchor_is_taken_as_it_is() -> None:
    odd = pki.with_extensions(pki.extension("1.2.3.4", b"", critical=True), pki.extension("2.5.29.30", b"\4\0"))
    anchor = pki.resign(ROOT.der, ROOT.key, odd)
    assert holds(found(LEAF, INTERMEDIATE, anchors=[anchor]))
    pinned = pki.resign(LEAF.der, INTERMEDIATE.key, odd)
    result = found(pinned, anchors=[pinned], profile=Profile.OPERATOR)
    assert result.kinds == {Kind.MALFORMED, Kind.UNKNOWN_CRITICAL}
    lone = pki.resign(pki.leaf(None).der, pki.key("ec", "leaf"), odd)
    assert kinds(found(lone)) == [Kind.SELF_SIGNED, Kind.MALFORMED, Kind.UNKNOWN_CRITICAL]


def test_a_malformed_certificate() -> None:
    added = pki.with_extensions(pki.extension("2.5.29.30", b"\4\0"))
    issuing = pki.resign(INTERMEDIATE.der, ROOT.key, added)
    result = found(LEAF, issuing)
    assert [(reason.kind, reason.index) for reason in result.reasons] == [(Kind.MALFORMED, 1)]


def test_a_serial_number_of_zero_is_no_reason() -> None:
    def edit(parts: list[bytes]) -> None:
        parts[pki.SERIAL] = b"\2\1\0"

    assert holds(found(pki.resign(LEAF.der, INTERMEDIATE.key, edit), INTERMEDIATE))


def test_certificates_that_could_not_be_parsed() -> None:
    assert kinds(found(LEAF, None)) == [Kind.MISSING_INTERMEDIATE, Kind.UNPARSEABLE]
    sound = found(LEAF, None, INTERMEDIATE)
    assert holds(sound)
    assert sound.unparseable == (1,)
    assert [(reason.kind, reason.index) for reason in found(None, INTERMEDIATE).reasons] == [(Kind.UNPARSEABLE, 0)]


def test_nothing_sent() -> None:
    assert kinds(found()) == [Kind.NOTHING_SENT]


# --- building paths -----------------------------------------------------------------------------------------


def test_a_cross_signed_root() -> None:
    new = pki.root("New Root")
    cross = pki.intermediate(ROOT, "New Root", key=new.key)
    issuing = pki.intermediate(new, "Issuing")
    leaf = pki.leaf(issuing)
    old_client = found(leaf, issuing, cross, anchors=[ROOT])
    new_client = found(leaf, issuing, cross, anchors=[new])
    both = found(leaf, issuing, cross, anchors=[ROOT, new])
    assert subjects(old_client.path)[1:] == ["Issuing", "New Root", "Test Root"]
    assert subjects(new_client.path)[1:] == ["Issuing", "New Root"]
    assert both.path == new_client.path
    assert [(extra.index, extra.linked) for extra in new_client.unneeded] == [(2, True)]
    assert old_client.unneeded == ()


def test_an_anchor_is_preferred_to_a_longer_path() -> None:
    new = pki.root("New Root")
    for _ in range(10):  # digests differ from one to the next, and must not decide
        cross = pki.intermediate(ROOT, "New Root", key=new.key)
        assert subjects(found(pki.leaf(new), cross, anchors=[ROOT, new]).path)[1:] == ["New Root"]


def test_an_expired_cross_sign_does_not_stop_a_good_path() -> None:
    new = pki.root("New Root")
    expired = pki.intermediate(ROOT, "New Root", key=new.key, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    issuing = pki.intermediate(new, "Issuing")
    leaf = pki.leaf(issuing)
    for sent in itertools.permutations([issuing, expired, new]):
        assert holds(found(leaf, *sent, anchors=[ROOT, new]))
        assert kinds(found(leaf, *sent, anchors=[ROOT])) == [Kind.EXPIRED_INTERMEDIATE]


def test_of_two_bad_paths_the_one_with_fewer_faults_is_reported() -> None:
    shared = pki.key("ec", "shared")
    worse = pki.intermediate(
        ROOT, "Shared", key=shared, usage=(pki.usage("crl_sign"), True), not_before=NOW - 9 * DAY, not_after=NOW - DAY
    )
    better = pki.intermediate(OTHER_ROOT, "Shared", key=shared, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    leaf = pki.leaf(better)
    for sent in itertools.permutations([worse, better]):
        result = found(leaf, *sent)
        assert kinds(result) == [Kind.EXPIRED_INTERMEDIATE]
        assert subjects(result.attempted)[-1] == "Other Root"


def test_of_two_gaps_the_one_higher_up_is_reported() -> None:
    shared = pki.key("ec", "shared")
    absent = pki.intermediate(ROOT, "Absent")
    upper = pki.intermediate(absent, "Upper")
    high = pki.intermediate(upper, "Shared", key=shared)
    for _ in range(10):  # digests differ from one to the next, and must not decide
        low = pki.intermediate(absent, "Shared", key=shared)
        result = found(pki.leaf(low), low, high, upper)
        assert subjects(result.attempted) == ["www.example.test", "Shared", "Upper"]


def test_a_circle_of_authorities() -> None:
    one, two = pki.root("One"), pki.root("Two")
    one_by_two = pki.intermediate(two, "One", key=one.key)
    two_by_one = pki.intermediate(one, "Two", key=two.key)
    leaf = pki.leaf(one)
    assert kinds(found(leaf, one_by_two, two_by_one)) == [Kind.UNKNOWN_ROOT]
    two_by_root = pki.intermediate(ROOT, "Two", key=two.key)
    assert holds(found(leaf, one_by_two, two_by_one, two_by_root))


def test_a_mesh_of_cross_signs_ends() -> None:
    names = [f"Mesh {number}" for number in range(7)]
    roots = {name: pki.root(name) for name in names}
    mesh = [
        pki.intermediate(roots[issuer], name, key=roots[name].key) for name, issuer in itertools.permutations(names, 2)
    ]
    result = found(pki.leaf(mesh[0]), *mesh)
    assert not result.path
    assert Kind.SEARCH_LIMIT in result.kinds
    assert all(it.linked for it in result.unneeded)
    reached = found(pki.leaf(mesh[0]), *mesh, anchors=[roots[names[3]]])
    assert holds(reached)


def test_many_keys_of_one_name_end_too() -> None:
    issuer = pki.intermediate(ROOT, "Crowd", key=pki.key("ec", "absent"))
    crowd = [pki.intermediate(ROOT, "Crowd", key=pki.key("ec", str(it % 5)), aki=None) for it in range(300)]
    result = found(pki.leaf(issuer, aki=None), anchors=crowd)
    assert kinds(result) == [Kind.SEARCH_LIMIT]


def test_the_likely_issuer_is_tried_before_the_limit() -> None:
    keys = [pki.key("ec", str(number)) for number in range(5)]
    crowd = [pki.root("Crowd", key=keys[number % 5]) for number in range(250)]
    wanted = pki.root("Crowd", key=pki.key("ec", "wanted"))
    assert holds(found(pki.leaf(wanted), anchors=[*crowd, wanted]))
    current = pki.root("Crowd", key=keys[0])
    expired = [pki.root("Crowd", key=keys[0], not_after=NOW - DAY) for _ in range(250)]
    assert holds(found(pki.leaf(current), anchors=[*expired, current]))


def test_more_certificates_than_are_looked_at() -> None:
    padding_ = [pki.root(f"Stray {number}", key=pki.key()) for number in range(70)]
    assert Kind.SEARCH_LIMIT in found(LEAF, *padding_, INTERMEDIATE).kinds
    assert holds(found(LEAF, INTERMEDIATE, *padding_))


def test_the_result_does_not_depend_on_order() -> None:
    new = pki.root("New Root")
    cross = pki.intermediate(ROOT, "New Root", key=new.key)
    issuing = pki.intermediate(new, "Issuing")
    leaf = pki.leaf(issuing)
    results = {
        (result.path, result.reasons and kinds(result)[0])
        for sent in itertools.permutations([issuing, cross, new, UNKNOWN_ROOT])
        for anchors in itertools.permutations([ROOT, OTHER_ROOT, pki.root("Third")])
        for result in [found(leaf, *sent, anchors=anchors)]
    }
    assert len(results) == 1


def test_of_equal_paths_the_same_one_is_found_in_every_order() -> None:
    issuing = [pki.intermediate(ROOT) for _ in range(3)]
    leaf = pki.leaf(issuing[0])
    assert len({found(leaf, *sent).path for sent in itertools.permutations(issuing)}) == 1


def test_issuer_names_match_across_string_types() -> None:
    def edit(parts: list[bytes]) -> None:
        parts[pki.ISSUER] = parts[pki.ISSUER].replace(b"\x0c\x11Test Intermediate", b"\x13\x11TEST INTERMEDIATE")

    assert holds(found(pki.resign(LEAF.der, INTERMEDIATE.key, edit), INTERMEDIATE))


# --- stores and profiles ------------------------------------------------------------------------------------


def test_an_intermediate_as_anchor() -> None:
    result = found(LEAF, INTERMEDIATE, anchors=[INTERMEDIATE], profile=Profile.OPERATOR)
    assert subjects(result.path) == ["www.example.test", "Test Intermediate"]
    assert holds(found(LEAF, anchors=[INTERMEDIATE], profile=Profile.OPERATOR))


def test_the_leaf_itself_as_anchor() -> None:
    bare = pki.leaf(None, san=None, purpose=None, usage=None, basic=None)
    result = found(bare, anchors=[bare], profile=Profile.OPERATOR)
    assert len(result.path) == 1
    assert result.reasons == ()
    assert kinds(found(LEAF, anchors=[LEAF], profile=Profile.OPERATOR)) == []
    expired = found(bare, anchors=[bare], profile=Profile.OPERATOR, at=NOW + 100 * DAY)
    assert kinds(expired) == [Kind.LEAF_EXPIRED]


def test_a_private_authority_made_without_extensions() -> None:
    own, leaf_key = pki.key("rsa"), pki.key("ec", "leaf")
    private = pki.name("Private CA")
    anchor = pki.certificate(subject=private, issuer=private, public=own, signer=own)
    leaf = pki.certificate(subject=pki.name("host"), issuer=private, public=leaf_key, signer=own)
    assert kinds(found(leaf, anchors=[anchor], profile=Profile.OPERATOR)) == []
    assert found(leaf, anchors=[anchor]).kinds == {Kind.EXTENDED_KEY_USAGE, Kind.NO_ALTERNATIVE_NAME}


def test_the_first_store_with_a_path_is_named() -> None:
    chain = [parsed(LEAF), parsed(INTERMEDIATE)]
    public = store(ROOT, name="mozilla")
    own = store(ROOT, name="operator", profile=Profile.OPERATOR)
    assert walk(chain, [public, own], NOW).anchor == "mozilla"
    assert walk(chain, [own, public], NOW).profile is Profile.OPERATOR
    assert walk(chain, [store(OTHER_ROOT, name="mozilla"), own], NOW).anchor == "operator"


def test_reasons_come_from_the_store_that_is_nearest() -> None:
    issuing = pki.intermediate(ROOT, not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    chain = [parsed(pki.leaf(issuing)), parsed(issuing)]
    own = store(ROOT, name="operator", profile=Profile.OPERATOR)
    for stores in ([store(OTHER_ROOT), own], [own, store(OTHER_ROOT)]):
        assert kinds(walk(chain, stores, NOW)) == [Kind.EXPIRED_INTERMEDIATE]


def test_without_stores_nothing_is_trusted() -> None:
    chain = [parsed(LEAF), parsed(INTERMEDIATE), parsed(ROOT)]
    assert kinds(walk(chain, [], NOW)) == [Kind.UNKNOWN_ROOT]
    assert kinds(walk(chain, [store()], NOW)) == [Kind.UNKNOWN_ROOT]


def test_a_store_leaves_out_what_is_no_certificate_and_counts_it() -> None:
    half_read = pki.resign(OTHER_ROOT.der, OTHER_ROOT.key, lambda parts: parts.append(b"\5\0"))
    anchors = AnchorStore("x", [b"junk", ROOT.der, ROOT.der, half_read], Profile.PUBLIC)
    assert len(anchors) == 2
    assert anchors.unreadable == 1
    assert anchors.named(parse_certificate(OTHER_ROOT.der).subject_name) == ()
    assert parse_certificate(ROOT.der) in anchors
    assert parse_certificate(OTHER_ROOT.der) not in anchors


# --- tidiness -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "wrong_order", "unneeded", "roots", "duplicates"),
    [
        ([INTERMEDIATE], False, [], [], []),
        ([INTERMEDIATE, ROOT], False, [], [2], []),
        ([ROOT, INTERMEDIATE], True, [], [1], []),
        ([UNKNOWN_ROOT, INTERMEDIATE], False, [1], [], []),
        ([OTHER_ROOT, INTERMEDIATE], False, [], [1], []),
        ([INTERMEDIATE, INTERMEDIATE], False, [], [], [2]),
        ([INTERMEDIATE, LEAF], False, [], [], [2]),
        ([LEAF, INTERMEDIATE, ROOT, ROOT], False, [], [3], [1, 4]),
        ([pki.leaf(ROOT, ("other.test",)), INTERMEDIATE], False, [1], [], []),
    ],
    ids=range(9),
)
def test_tidiness(
    sent: Sequence[Entity],
    wrong_order: bool,
    unneeded: list[int],
    roots: list[int],
    duplicates: list[int],
) -> None:
    result = found(LEAF, *sent)
    assert holds(result)
    assert result.wrong_order is wrong_order
    assert [it.index for it in result.unneeded] == unneeded
    assert [it.index for it in result.roots_sent] == roots
    assert [it.index for it in result.duplicates] == duplicates
    assert not any(it.linked for it in result.unneeded)


def test_a_self_issued_leaf_is_no_root() -> None:
    stray = pki.leaf(None, ("other.test",))
    result = found(LEAF, INTERMEDIATE, stray, anchors=[ROOT, stray], profile=Profile.OPERATOR)
    assert [it.index for it in result.unneeded] == [2]
    assert result.roots_sent == ()


def test_a_wrong_order_of_intermediates_still_finds_the_path() -> None:
    upper = pki.intermediate(ROOT, "Upper")
    lower = pki.intermediate(upper, "Lower")
    leaf = pki.leaf(lower)
    assert found(leaf, upper, lower).wrong_order
    assert not found(leaf, lower, upper).wrong_order
    assert found(leaf, upper, lower).path == found(leaf, lower, upper).path


def test_tidiness_is_told_of_a_chain_without_a_path_too() -> None:
    issuing = pki.intermediate(UNKNOWN_ROOT)
    result = found(pki.leaf(issuing), UNKNOWN_ROOT, issuing, LEAF)
    assert result.wrong_order
    assert [it.index for it in result.roots_sent] == [1]
    assert [(it.index, it.subject) for it in result.unneeded] == [(3, "CN=www.example.test")]


# --- real anchors and hostile input -------------------------------------------------------------------------


def certifi_ders() -> list[bytes]:
    end = "-----END CERTIFICATE-----"
    blocks = Path(certifi.where()).read_text(encoding="utf-8").split(end)[:-1]
    return [ssl.PEM_cert_to_DER_cert(it[it.index("-----BEGIN") :] + end) for it in blocks]


def test_every_root_of_certifi_leads_to_itself() -> None:
    ders = certifi_ders()
    mozilla = AnchorStore("mozilla", ders, Profile.OPERATOR)
    empty = store()
    assert mozilla.unreadable == 0
    assert len(mozilla) == len(ders)
    for der in ders:
        root = parse_certificate(der)
        at = root.not_before + DAY
        assert verify_signature(root, root) is Verdict.VALID
        trusted = walk([root], [mozilla], at)
        assert trusted.attempted == (root,)
        assert trusted.kinds <= {Kind.KEY_USAGE}  # most roots may sign certificates and no handshake
        assert Kind.SELF_SIGNED in walk([root], [empty], at).kinds
        assert Kind.CA_AS_LEAF in walk([root], [AnchorStore("m", [der], Profile.PUBLIC)], at).kinds


@settings(max_examples=150, deadline=None)
@given(
    place=st.integers(0, 2),
    changes=st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=2)), min_size=1, max_size=3),
)
def test_a_damaged_chain_is_walked(place: int, changes: list[tuple[int, bytes]]) -> None:
    chain = [LEAF.der, INTERMEDIATE.der, ROOT.der]
    damaged = bytearray(chain[place])
    for at, put in changes:
        at %= len(damaged)
        damaged[at : at + max(1, len(put))] = put
    chain[place] = bytes(damaged)
    sent: list[Certificate | None] = []
    for der in chain:
        try:
            sent.append(parse_certificate(der))
        except CertificateError:
            sent.append(None)
    result = walk(sent, [store(ROOT)], NOW)
    intact = chain == [LEAF.der, INTERMEDIATE.der, ROOT.der]
    assert holds(result) is (intact or place == 2)
    assert result == walk(sent, [store(ROOT)], NOW)


KEYS: list[Callable[[], pki.PrivateKey]] = [lambda: pki.key("ec", "k0"), lambda: pki.key("ec", "k1")]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1), st.integers(0, 1)), max_size=8))
def test_any_web_of_authorities_is_walked(edges: list[tuple[int, int, int, int]]) -> None:
    usual = [
        pki.certificate(
            subject=pki.name(f"N{subject}"),
            issuer=pki.name(f"N{issuer}"),
            public=KEYS[own](),
            signer=KEYS[signer](),
            extensions=[(x509.BasicConstraints(True, None), True)],
        )
        for subject, issuer, own, signer in edges
    ]
    leaf = pki.certificate(subject=pki.name("leaf"), issuer=pki.name("N0"), public=pki.key(), signer=KEYS[0]())
    anchor = pki.certificate(
        subject=pki.name("N3"),
        issuer=pki.name("N3"),
        public=KEYS[0](),
        signer=KEYS[0](),
        extensions=[(x509.BasicConstraints(True, None), True)],
    )
    reached = {(0, 0)}
    for _ in edges:
        reached |= {(issuer, signer) for subject, issuer, own, signer in edges if (subject, own) in reached}
    results = [found(leaf, *sent, anchors=[anchor], profile=Profile.OPERATOR) for sent in (usual, usual[::-1])]
    assert [holds(result) for result in results] == [(3, 0) in reached] * 2
    assert results[0].path == results[1].path
    assert results[0].reasons == () or kinds(results[0]) == kinds(results[1])
