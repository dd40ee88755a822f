"""X.509 certificates: what is read, what is survived, what is refused."""

import hashlib
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
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

from scanner.parse import certificate as subject_module
from scanner.parse.certificate import (
    MAX_NAME_CHARS,
    MAX_NAMES,
    Certificate,
    CertificateError,
    extension_value,
    parse_certificate,
    signed_parts,
    subject_name,
)


def certifi_ders() -> list[bytes]:
    end = "-----END CERTIFICATE-----"
    blocks = Path(certifi.where()).read_text(encoding="utf-8").split(end)[:-1]
    return [ssl.PEM_cert_to_DER_cert(it[it.index("-----BEGIN") :] + end) for it in blocks]


ROOT = pki.root()


def parsed(entity: pki.Entity) -> Certificate:
    return parse_certificate(entity.der)


def test_a_leaf_with_defaults_is_read_in_full() -> None:
    entity = pki.leaf(
        ROOT,
        ("www.example.test", "*.example.test"),
        ("192.0.2.1", "2001:db8::1"),
        extra=[
            (pki.access(["http://ca.test/ca.der"], ["http://ocsp.test"]), False),
            (x509.TLSFeature([x509.TLSFeatureType.status_request]), False),
        ],
        serial=0x0ABC,
    )
    leaf = parsed(entity)
    assert leaf.problems == ()
    assert not leaf.malformed
    assert leaf.der == entity.der
    assert leaf.der_sha256 == hashlib.sha256(entity.der).hexdigest()
    assert (leaf.version, leaf.serial) == (3, "abc")
    assert (leaf.subject, leaf.issuer) == ("CN=www.example.test", "CN=Test Root,O=Test Trust")
    assert leaf.common_names == ("www.example.test",)
    assert leaf.issuer_der == parsed(ROOT).subject_der
    assert leaf.not_before == pki.NOW - 30 * pki.DAY
    assert leaf.not_after == pki.NOW + 60 * pki.DAY
    assert leaf.has_san
    assert leaf.dns_names == ("www.example.test", "*.example.test")
    assert leaf.ip_addresses == (bytes((192, 0, 2, 1)), bytes.fromhex("20010db8000000000000000000000001"))
    assert (leaf.san_count, leaf.other_names) == (4, frozenset())
    assert (leaf.is_ca, leaf.path_length) == (False, None)
    assert leaf.key_usage == frozenset({"digitalSignature", "keyEncipherment"})
    assert leaf.extended_key_usage == frozenset({"1.3.6.1.5.5.7.3.1"})
    assert leaf.authority_key_id == parsed(ROOT).subject_key_id
    assert (leaf.ca_issuers, leaf.ocsp_urls) == (("http://ca.test/ca.der",), ("http://ocsp.test",))
    assert leaf.must_staple
    assert not leaf.self_issued
    assert leaf.unknown_critical == ()
    assert entity.der.hex() not in repr(leaf)


def test_a_certificate_without_extensions_says_nothing_rather_than_no() -> None:
    own = pki.key()
    bare = parsed(pki.certificate(subject=pki.name("a"), issuer=pki.name("b"), public=own, signer=own, extensions=()))
    assert not bare.has_san
    assert bare.dns_names == ()
    assert bare.is_ca is None
    assert bare.path_length is None
    assert bare.key_usage is None
    assert bare.extended_key_usage is None
    assert bare.name_constraints is None
    assert bare.subject_key_id is None
    assert bare.authority_key_id is None
    assert not bare.must_staple
    assert bare.problems == ()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("rsa", ("rsa", 2048, None, "sha256WithRSAEncryption", "sha256")),
        ("ec", ("ec", 256, "secp256r1", "ecdsa-with-SHA256", "sha256")),
        ("p384", ("ec", 384, "secp384r1", "ecdsa-with-SHA256", "sha256")),
        ("ed25519", ("ed25519", 256, None, "ed25519", None)),
        ("ed448", ("ed448", 448, None, "ed448", None)),
        ("dsa", ("dsa", 1024, None, "dsa-with-sha256", "sha256")),
    ],
)
def test_keys_and_signatures_of_every_kind(kind: str, expected: tuple[object, ...]) -> None:
    entity = pki.leaf(None, key=pki.key(kind))
    read = parsed(entity)
    found = (read.key.kind, read.key.bits, read.key.curve, read.signature.name, read.signature.hash_name)
    assert found == expected
    assert read.key.spki_sha256 == hashlib.sha256(read.key.spki).hexdigest()
    assert read.problems == ()


@pytest.mark.parametrize("hash_", [hashes.SHA1(), hashes.MD5(), hashes.SHA512()], ids=lambda it: it.name)
def test_the_hash_of_a_signature_is_named(hash_: hashes.HashAlgorithm) -> None:
    tbs_hash = {"sha1": b"\x05", "md5": b"\x04", "sha512": b"\x0d"}[hash_.name]
    algorithm = pki.tlv(0x30, bytes.fromhex("06092a864886f70d0101") + tbs_hash + b"\x05\x00")
    der = pki.leaf(None, key=pki.key("rsa")).der
    assert parse_certificate(with_algorithm(der, algorithm)).signature.hash_name == hash_.name


def with_algorithm(der: bytes, algorithm: bytes) -> bytes:
    tbs, _, signature = pki.elements(der)
    parts = pki.elements(tbs)
    parts[pki.ALGORITHM] = algorithm
    return pki.tlv(0x30, pki.tlv(0x30, *parts), algorithm, signature)


def test_rsa_pss_parameters() -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
    rsa_root = pki.root(key=pki.key("rsa"))
    entity = pki.leaf(rsa_root, signature_hash=hashes.SHA384(), rsa_padding=pss)
    signature = parsed(entity).signature
    assert (signature.name, signature.hash_name, signature.mask_hash_name) == ("rsassaPss", "sha384", "sha384")
    assert signature.salt_length == 48


def test_rsa_pss_without_parameters_means_sha1() -> None:
    der = with_algorithm(pki.leaf(None).der, bytes.fromhex("300d06092a864886f70d01010a3000"))
    signature = parse_certificate(der).signature
    assert (signature.hash_name, signature.mask_hash_name, signature.salt_length) == ("sha1", "sha1", 20)


def test_an_unknown_signature_algorithm_keeps_its_number() -> None:
    der = with_algorithm(pki.leaf(None).der, bytes.fromhex("300706052a03040506"))
    signature = parse_certificate(der).signature
    assert (signature.name, signature.scheme, signature.hash_name) == ("1.2.3.4.5.6", None, None)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([("CN", "a")], "CN=a"),
        ([("C", "ID"), ("O", "Dinas"), ("CN", "a")], "CN=a,O=Dinas,C=ID"),
        ([("CN", 'a,b+c"d<e>f;g\\h')], 'CN=a\\,b\\+c\\"d\\<e\\>f\\;g\\\\h'),
        ([("CN", "#a ")], "CN=\\#a\\ "),
        ([("CN", " ")], "CN=\\ "),
        ([("CN", "a\0b")], "CN=a\\00b"),
        ([("CN", "\x1b[2J\r\n\u202e<script>")], "CN=\x1b[2J\r\n\u202e\\<script\\>"),
        ([("CN", "Дума 部")], "CN=Дума 部"),
        ([], ""),
    ],
)
def test_names_in_the_form_of_rfc_4514(attributes: list[tuple[str, str]], expected: str) -> None:
    numbers = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "C": NameOID.COUNTRY_NAME}
    subject = x509.Name([x509.NameAttribute(numbers[kind], value) for kind, value in attributes])
    assert parsed(pki.leaf(ROOT, subject=subject)).subject == expected


def test_several_attributes_in_one_relative_name_and_unknown_ones() -> None:
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, "a"),
                    x509.NameAttribute(x509.ObjectIdentifier("1.2.3.4"), "b"),
                ]
            )
        ]
    )
    assert parsed(pki.leaf(ROOT, subject=subject)).subject == "1.2.3.4=#0c0162+CN=a"


def raw_name(tag: int, content: bytes) -> bytes:
    attribute = pki.tlv(0x30, bytes.fromhex("0603550403"), pki.tlv(tag, content))
    return pki.tlv(0x30, pki.tlv(0x31, attribute))


def with_part(place: int, value: bytes) -> Callable[[list[bytes]], None]:
    def edit(parts: list[bytes]) -> None:
        parts[place] = value

    return edit


def edited(edit: Callable[[list[bytes]], None]) -> Certificate:
    return parse_certificate(pki.resign(pki.leaf(ROOT).der, ROOT.key, edit))


@pytest.mark.parametrize(
    ("tag", "content", "expected"),
    [
        (0x0C, "é".encode(), "CN=é"),
        (0x13, b"plain", "CN=plain"),
        (0x14, b"caf\xe9", "CN=café"),
        (0x1E, "部".encode("utf-16-be"), "CN=部"),
        (0x1C, "a".encode("utf-32-be"), "CN=a"),
        (0x0C, b"\xff", "CN=#0c01ff"),
        (0x1E, b"\xd8\x00", "CN=#1e02d800"),
        (0x02, b"\x05", "CN=#020105"),
    ],
)
def test_the_string_types_of_names(tag: int, content: bytes, expected: str) -> None:
    assert edited(with_part(pki.SUBJECT, raw_name(tag, content))).subject == expected


def test_a_long_name_is_cut() -> None:
    subject = edited(with_part(pki.SUBJECT, raw_name(0x0C, b"x" * 50_000))).subject
    assert len(subject) == MAX_NAME_CHARS
    assert subject.endswith("…")


def test_names_compare_without_the_order_within_a_relative_name() -> None:
    one, two = (pki.elements(raw_name(0x0C, it))[0][2:] for it in (b"a", b"b"))
    ordered = edited(with_part(pki.SUBJECT, pki.tlv(0x30, pki.tlv(0x31, one, two))))
    reversed_ = edited(with_part(pki.SUBJECT, pki.tlv(0x30, pki.tlv(0x31, two, one))))
    apart = edited(with_part(pki.SUBJECT, pki.tlv(0x30, pki.tlv(0x31, one), pki.tlv(0x31, two))))
    assert (ordered.subject, reversed_.subject, apart.subject) == ("CN=a+CN=b", "CN=b+CN=a", "CN=b,CN=a")
    assert ordered.subject_name == reversed_.subject_name != apart.subject_name


def test_names_compare_without_case_spaces_and_string_type() -> None:
    one = edited(with_part(pki.SUBJECT, raw_name(0x0C, b"Test  Root ")))
    two = edited(with_part(pki.SUBJECT, raw_name(0x13, b"test root")))
    three = edited(with_part(pki.SUBJECT, raw_name(0x13, b"testroot")))
    assert one.subject_der != two.subject_der
    assert one.subject_name == two.subject_name != three.subject_name


@pytest.mark.parametrize(
    ("content", "expected", "problem"),
    [
        (b"\x01", "1", None),
        (b"\x7f" * 20, "7f" * 20, None),
        (b"\x7f" * 21, "7f" * 21, "longer than 20 bytes"),
        (b"\x00", "0", "not positive"),
        (b"\xff", "-1", "not positive"),
        (b"\x7f" * 5_000, "7f" * 64, "longer than 20 bytes"),
    ],
)
def test_serial_numbers(content: bytes, expected: str, problem: str | None) -> None:
    read = edited(with_part(pki.SERIAL, pki.tlv(0x02, content)))
    assert read.serial == expected
    assert len(read.problems) == (problem is not None)
    assert all(problem and problem in it for it in read.problems)
    assert not read.malformed


@pytest.mark.parametrize(
    ("tag", "content", "expected"),
    [
        (0x17, b"490101000000Z", datetime(2049, 1, 1, tzinfo=UTC)),
        (0x17, b"500101000000Z", datetime(1950, 1, 1, tzinfo=UTC)),
        (0x18, b"99991231235959Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x18, b"20491231235959Z", datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (0x17, b"4901010000Z", None),
        (0x17, b"490101000000+0700", None),
        (0x17, b"4901010000000", None),
        (0x18, b"20490101000000.5Z", None),
        (0x18, b"20490230000000Z", None),
        (0x18, b"00000101000000Z", None),
        (0x17, b"20490101000000Z", None),
        (0x04, b"20490101000000Z", None),
        (0x17, b"", None),
    ],
)
def test_times(tag: int, content: bytes, expected: datetime | None) -> None:
    validity = pki.tlv(0x30, pki.tlv(0x17, b"490101000000Z"), pki.tlv(tag, content))
    if expected is None:
        with pytest.raises(CertificateError):
            edited(with_part(pki.VALIDITY, validity))
    else:
        assert edited(with_part(pki.VALIDITY, validity)).not_after == expected


def test_a_validity_that_ends_before_it_begins_is_a_problem() -> None:
    validity = pki.tlv(0x30, pki.tlv(0x17, b"270101000000Z"), pki.tlv(0x17, b"260101000000Z"))
    assert edited(with_part(pki.VALIDITY, validity)).problems == ("the validity ends before it begins",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("basic", "04020500"),
        ("basic", "3003020180"),  # a negative path length
        ("basic", "300b0209010000000000000000"),
        ("usage", "0300"),
        ("purpose", "30020601"),
        ("san", "30028205"),
        ("san", "30039f0100"),
        ("ski", "3000"),
        ("aki", "0400"),
        ("basic", ""),
    ],
)
def test_an_extension_that_cannot_be_read_leaves_the_others(name: str, value: str) -> None:
    numbers = {"basic": 19, "usage": 15, "purpose": 37, "san": 17, "ski": 14, "aki": 35}
    dotted = f"2.5.29.{numbers[name]}"
    left_out: dict[str, Any] = {name: None}
    entity = pki.leaf(ROOT, **left_out)
    bad = pki.with_extensions(pki.extension(dotted, bytes.fromhex(value)))
    read = parse_certificate(pki.resign(entity.der, ROOT.key, bad))
    sound = parsed(pki.leaf(ROOT))
    fields = {
        "basic": "is_ca",
        "usage": "key_usage",
        "purpose": "extended_key_usage",
        "san": "dns_names",
        "ski": "subject_key_id",
        "aki": "authority_key_id",
    }
    assert read.malformed
    assert [it for it in read.problems if dotted in it] == list(read.problems) != []
    assert not getattr(read, fields.pop(name))
    for field in fields.values():
        assert getattr(read, field) == getattr(sound, field)


def test_a_repeated_extension_is_malformed_and_the_first_counts() -> None:
    entity = pki.leaf(ROOT)
    again = pki.with_extensions(pki.extension("2.5.29.19", bytes.fromhex("30030101ff")))
    read = parse_certificate(pki.resign(entity.der, ROOT.key, again))
    assert read.is_ca is False
    assert read.malformed
    assert read.problems == ("extension 2.5.29.19 appears more than once (RFC 5280 4.2)",)


@pytest.mark.parametrize(
    ("dotted", "critical", "expected"),
    [
        ("1.2.3.4", True, ("1.2.3.4",)),
        ("1.2.3.4", False, ()),
        ("2.5.29.32", True, ()),
        (subject_module.CT_POISON, True, (subject_module.CT_POISON,)),
    ],
)
def test_unknown_critical_extensions(dotted: str, critical: bool, expected: tuple[str, ...]) -> None:
    added = pki.with_extensions(pki.extension(dotted, b"\x05\x00", critical=critical))
    read = parse_certificate(pki.resign(pki.leaf(ROOT).der, ROOT.key, added))
    assert read.unknown_critical == expected
    assert extension_value(read, dotted) == b"\x05\x00"
    assert extension_value(read, "1.2.3.5") is None


def test_a_critical_flag_that_is_written_as_false_is_false() -> None:
    number = pki.elements(pki.extension("1.2.3.4", b""))[0]
    added = pki.with_extensions(pki.tlv(0x30, number, b"\1\1\0", b"\4\0"))
    read = parse_certificate(pki.resign(pki.leaf(ROOT).der, ROOT.key, added))
    assert read.unknown_critical == ()


def test_unique_ids_are_stepped_over() -> None:
    def edit(parts: list[bytes]) -> None:
        parts[pki.EXTENSIONS : pki.EXTENSIONS] = [pki.tlv(0x81, b"\0x"), pki.tlv(0x82, b"\0y")]

    read = edited(edit)
    assert read.dns_names == ("www.example.test",)
    assert extension_value(read, "2.5.29.17") is not None


def test_version_1_has_no_extensions_and_no_problem() -> None:
    def edit(parts: list[bytes]) -> None:
        del parts[pki.EXTENSIONS], parts[pki.VERSION]

    read = edited(edit)
    assert (read.version, read.is_ca, read.problems) == (1, None, ())
    assert extension_value(read, "2.5.29.17") is None
    assert subject_name(read.der) == read.subject_name


@pytest.mark.parametrize(("number", "version", "malformed"), [(2, 3, False), (1, 2, False), (3, 4, True)])
def test_versions(number: int, version: int, malformed: bool) -> None:
    read = edited(with_part(pki.VERSION, pki.tlv(0xA0, pki.tlv(0x02, bytes((number,))))))
    assert (read.version, read.malformed) == (version, malformed)
    assert bool(read.problems) is (version != 3)


def test_algorithms_that_differ_inside_and_outside_are_malformed() -> None:
    read = edited(with_part(pki.ALGORITHM, bytes.fromhex("300a06082a8648ce3d040303")))
    assert read.malformed
    assert "inside and outside" in read.problems[0]


def test_thousands_of_names_are_read() -> None:
    names = [f"host-{number}.example.test" for number in range(3_000)]
    read = parsed(pki.leaf(ROOT, names))
    assert read.dns_names == tuple(names)
    assert read.problems == ()


def test_names_beyond_the_limit_are_counted() -> None:
    names = [f"h{number}.test" for number in range(MAX_NAMES + 7)]
    read = parsed(pki.leaf(ROOT, names))
    assert len(read.dns_names) == MAX_NAMES
    assert read.san_count == MAX_NAMES + 7
    assert len(read.problems) == 1
    assert not read.malformed


def test_odd_alternative_names_stay_data() -> None:
    value = pki.tlv(
        0x30,
        pki.tlv(0x82, b"a\0b"),
        pki.tlv(0x82, b"\xe9"),
        pki.tlv(0x87, b"\1\2\3"),
        pki.tlv(0x81, b"a@b.test"),
        pki.tlv(0x86, b"urn:x"),
    )
    added = pki.with_extensions(pki.extension("2.5.29.17", value))
    read = parse_certificate(pki.resign(pki.leaf(ROOT, san=None).der, ROOT.key, added))
    assert read.dns_names == ("a\0b", "é")
    assert read.ip_addresses == ()
    assert read.other_names == {"email", "uri"}
    assert len(read.problems) == 2


def test_a_present_but_empty_alternative_name() -> None:
    added = pki.with_extensions(pki.extension("2.5.29.17", b"\x30\x00"))
    read = parse_certificate(pki.resign(pki.leaf(ROOT, san=None).der, ROOT.key, added))
    assert read.has_san
    assert read.san_count == 0
    assert read.problems == ("a subject alternative name extension without a name",)


def test_an_email_address_in_the_subject_is_a_name_of_its_kind() -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@b.test")])
    read = parsed(pki.leaf(ROOT, subject=subject))
    assert read.subject == "emailAddress=a@b.test"
    assert read.other_names == {"email"}


def test_urls_are_bounded_in_number_and_length() -> None:
    many = [f"http://ca.test/{number}" for number in range(20)]
    long = "http://ca.test/" + "x" * 3_000
    read = parsed(pki.leaf(ROOT, extra=[(pki.access(many, [long, "http://ocsp.test"]), False)]))
    assert read.ca_issuers == tuple(many[:16])
    assert read.ocsp_urls == ("http://ocsp.test",)


@pytest.mark.parametrize(("feature", "expected"), [("3003020105", True), ("3003020111", False)])
def test_only_the_status_request_means_must_staple(feature: str, expected: bool) -> None:
    added = pki.with_extensions(pki.extension(subject_module.TLS_FEATURE, bytes.fromhex(feature)))
    assert parse_certificate(pki.resign(pki.leaf(ROOT).der, ROOT.key, added)).must_staple is expected


SUBTREE = pki.tlv(0x30, pki.tlv(0x82, b"a.test"))


@pytest.mark.parametrize(
    ("dotted", "value", "sound"),
    [
        ("2.5.29.37", pki.tlv(0x30, *[bytes.fromhex("06032a0304")] * 128), True),
        ("2.5.29.37", pki.tlv(0x30, *[bytes.fromhex("06032a0304")] * 129), False),
        ("2.5.29.30", pki.tlv(0x30, pki.tlv(0xA0, *[SUBTREE] * 1_000)), True),
        ("2.5.29.30", pki.tlv(0x30, pki.tlv(0xA0, *[SUBTREE] * 1_001)), False),
        ("2.5.29.30", pki.tlv(0x30, pki.tlv(0xA0, pki.tlv(0x30, b"\x82\1a", b"\x80\1\1"))), False),
    ],
    ids=range(5),
)
def test_lists_are_bounded_and_without_extras(dotted: str, value: bytes, sound: bool) -> None:
    added = pki.with_extensions(pki.extension(dotted, value))
    issuing = pki.intermediate(ROOT)
    assert parse_certificate(pki.resign(issuing.der, ROOT.key, added)).malformed is not sound


def test_name_constraints() -> None:
    constraints = x509.NameConstraints(
        permitted_subtrees=[
            x509.DNSName("example.test"),
            x509.IPAddress(ip_network("192.0.2.0/24")),
            x509.DirectoryName(pki.name(None, "Test Trust")),
        ],
        excluded_subtrees=[x509.DNSName("secret.example.test"), x509.RFC822Name("b.test")],
    )
    read = parsed(pki.intermediate(ROOT, extra=[(constraints, True)])).name_constraints
    assert read is not None
    assert read.critical
    assert (read.permitted_dns, read.excluded_dns) == (("example.test",), ("secret.example.test",))
    assert read.permitted_ip == ((bytes((192, 0, 2, 0)), bytes((255, 255, 255, 0))),)
    assert read.permitted_directory == (parsed(ROOT).subject_name[:1],)
    assert read.unsupported == {"email"}


@pytest.mark.parametrize(
    ("content", "sound"),
    [
        ("c0000200ffffff00", True),
        ("0000000000000000", True),
        ("c0000201ffffffff", True),
        ("c0000200ff00ff00", False),
        ("c0000200", False),
        ("00" * 32, True),
    ],
)
def test_address_masks_are_prefixes(content: str, sound: bool) -> None:
    subtree = pki.tlv(0x30, pki.tlv(0x87, bytes.fromhex(content)))
    value = pki.tlv(0x30, pki.tlv(0xA1, subtree))
    added = pki.with_extensions(pki.extension("2.5.29.30", value, critical=True))
    read = parse_certificate(pki.resign(pki.intermediate(ROOT).der, ROOT.key, added))
    assert (read.name_constraints is not None) is sound
    assert read.malformed is not sound


@pytest.mark.parametrize(
    "key",
    [
        "300906072a8648ce3d0201",  # an elliptic curve without parameters
        "300d06092a864886f70d0101010500",  # RSA, with a point where the modulus belongs
        "300906072a8648ce380401",  # DSA without parameters
    ],
)
def test_a_public_key_that_cannot_be_read_is_a_problem(key: str) -> None:
    spki = pki.tlv(0x30, bytes.fromhex(key), pki.tlv(0x03, b"\0\5"))
    read = edited(with_part(pki.SPKI, spki))
    assert read.key.bits is None
    assert len(read.problems) == 1


def test_key_sizes_that_the_library_refuses_are_measured() -> None:
    modulus = pki.tlv(0x02, b"\0" + b"\xff" * 64)
    key = pki.tlv(0x30, modulus, pki.tlv(0x02, b"\x03"))
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    spki = pki.tlv(0x30, algorithm, pki.tlv(0x03, b"\0", key))
    assert edited(with_part(pki.SPKI, spki)).key.bits == 512


@pytest.mark.parametrize(
    ("curve", "expected"),
    [("06052b81040010", "1.3.132.0.16"), ("06082a8648ce3d030107", "secp256r1")],
)
def test_an_unknown_curve_keeps_its_number_and_an_estimate(curve: str, expected: str) -> None:
    algorithm = pki.tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex(curve))
    spki = pki.tlv(0x30, algorithm, pki.tlv(0x03, b"\0\4" + b"\1" * 64))
    key = edited(with_part(pki.SPKI, spki)).key
    assert (key.curve, key.bits) == (expected, 256)


GOOD = pki.leaf(ROOT).der


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"<html>",
        GOOD[:-1],
        GOOD + b"\0",
        pki.tlv(0x31, GOOD),
        pki.tlv(0x30, *pki.elements(GOOD)[:2]),
        pki.tlv(0x30, *pki.elements(GOOD), b"\x05\x00"),
        pki.tlv(0x30, b"\0" * (1 << 20)),
    ],
    ids=range(12),
)
def test_what_is_not_a_certificate_is_refused(der: bytes) -> None:
    with pytest.raises(CertificateError):
        parse_certificate(der)
    with pytest.raises(CertificateError):
        subject_name(der[: len(der) // 2])


@pytest.mark.parametrize(
    "edit",
    [
        pki.with_extensions(*[pki.extension("1.2.3.4", b"")] * 200),
        with_part(pki.SUBJECT, pki.tlv(0x30, *[raw_name(0x0C, b"x")[2:]] * 200)),
        with_part(pki.SPKI, b"\x30\x00"),
        with_part(pki.ISSUER, b"\x05\x00"),
        with_part(pki.SERIAL, b"\x02\x00"),
        with_part(pki.SERIAL, b"\x02\x81\x01\x05"),  # a length that could be shorter
        pki.with_extensions(pki.extension("2.5.29.17", pki.tlv(0x30, b"\x82\0" * 600_000))),  # too many bytes
        lambda parts: parts.append(b"\x05\x00"),
        lambda parts: parts.clear(),
    ],
    ids=range(9),
)
def test_a_body_that_cannot_be_read_is_refused(edit: Callable[[list[bytes]], None]) -> None:
    with pytest.raises(CertificateError):
        edited(edit)


def test_signed_parts_are_what_the_library_calls_them() -> None:
    entity = pki.leaf(ROOT)
    parts = signed_parts(parsed(entity))
    assert parts.tbs == entity.certificate.tbs_certificate_bytes
    assert parts.signature == entity.certificate.signature


USAGES = {
    "digitalSignature": "digital_signature",
    "keyEncipherment": "key_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_every_root_of_certifi_reads_as_the_library_reads_it() -> None:
    ders = certifi_ders()
    assert len(ders) > 100
    compared = 0
    for der in ders:
        ours = parse_certificate(der)
        theirs = x509.load_der_x509_certificate(der)
        assert not ours.malformed
        assert ours.self_issued
        assert subject_name(der) == ours.subject_name
        assert int(ours.serial, 16) == theirs.serial_number
        assert ours.not_before == theirs.not_valid_before_utc
        assert ours.not_after == theirs.not_valid_after_utc
        assert ours.subject_der == theirs.subject.public_bytes()
        assert ours.signature.oid == theirs.signature_algorithm_oid.dotted_string
        assert theirs.signature_hash_algorithm is not None
        assert ours.signature.hash_name == theirs.signature_hash_algorithm.name
        assert ours.key.bits == getattr(theirs.public_key(), "key_size", None)
        basic = theirs.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (ours.is_ca, ours.path_length) == (basic.ca, basic.path_length)
        usage = theirs.extensions.get_extension_for_class(x509.KeyUsage).value
        assert ours.key_usage is not None
        for our_name, their_name in USAGES.items():
            assert (our_name in ours.key_usage) is getattr(usage, their_name)
        shown = theirs.subject.rfc4514_string()
        if not re.search(r"(^|[,+])[0-9]", shown):  # the library has fewer short names than we have
            assert ours.subject == shown
            compared += 1
    assert compared > 50


def test_purposes_beyond_the_usual_are_numbers() -> None:
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.3.6.1.4.1.99999.1")])
    read = parsed(pki.leaf(ROOT, purpose=(purposes, False)))
    assert read.extended_key_usage == frozenset({"1.3.6.1.5.5.7.3.1", "1.3.6.1.4.1.99999.1"})


SEEDS = [
    GOOD,
    ROOT.der,
    pki.leaf(None, key=pki.key("rsa")).der,
    pki.leaf(ROOT, extra=[(pki.access(["http://a.test"], ["http://b.test"]), False)]).der,
    pki.intermediate(
        ROOT, extra=[(x509.NameConstraints([x509.DNSName("a.test")], [x509.DNSName("b.test")]), True)]
    ).der,
]


@settings(max_examples=400, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 5_000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_damaged_certificate_is_read_or_refused(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(seed)
    for at, put in changes:
        at %= len(damaged)
        damaged[at : at + max(1, len(put))] = put
    try:
        read = parse_certificate(bytes(damaged))
    except CertificateError:
        return
    assert read.not_before.tzinfo is UTC
    assert subject_name(read.der) == read.subject_name
    assert signed_parts(read).tbs in read.der
    read.subject.encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(der: bytes) -> None:
    for candidate in (der, pki.tlv(0x30, der), pki.tlv(0x30, pki.tlv(0x30, der), der)):
        with pytest.raises(CertificateError):
            parse_certificate(candidate)


@settings(max_examples=300, deadline=None)
@given(
    number=st.sampled_from(["14", "15", "17", "19", "30", "35", "37"]),
    value=st.binary(max_size=40).map(lambda it: pki.tlv(0x30, it)) | st.binary(max_size=40),
)
def test_any_value_of_a_known_extension_is_survived(number: str, value: bytes) -> None:
    added = pki.extension(f"2.5.29.{number}", value)
    tbs, algorithm, signature = pki.elements(GOOD)
    parts = pki.elements(tbs)
    parts[pki.EXTENSIONS] = pki.tlv(0xA3, pki.tlv(0x30, added))
    read = parse_certificate(pki.tlv(0x30, pki.tlv(0x30, *parts), algorithm, signature))
    assert extension_value(read, f"2.5.29.{number}") == value


# --- where revocation lists are ---------------------------------------------------------------------------------


def points(*given: x509.DistributionPoint) -> tuple[x509.CRLDistributionPoints, bool]:
    return x509.CRLDistributionPoints(list(given)), False


def at(*urls: str, **fields: Any) -> x509.DistributionPoint:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.DistributionPoint(names, *(fields.get(it) for it in ("relative_name", "reasons", "crl_issuer")))


def test_places_of_whole_lists_are_read() -> None:
    leaf = parsed(
        pki.leaf(ROOT, extra=[points(at("http://a.test/1.crl", "ldap://a.test/"), at("http://b.test/1.crl"))])
    )
    assert leaf.crl_urls == ("http://a.test/1.crl", "ldap://a.test/", "http://b.test/1.crl")
    assert parsed(pki.leaf(ROOT)).crl_urls == ()


def test_lists_of_some_reasons_or_of_another_issuer_are_not_whole() -> None:
    some = at("http://a.test/some.crl", reasons=frozenset({x509.ReasonFlags.key_compromise}))
    others = at("http://a.test/others.crl", crl_issuer=[x509.DirectoryName(pki.name("Another"))])
    assert parsed(pki.leaf(ROOT, extra=[points(some, others, at("http://a.test/1.crl"))])).crl_urls == (
        "http://a.test/1.crl",
    )


def test_places_that_cannot_be_read_are_no_reason_to_refuse_the_certificate() -> None:
    broken = pki.resign(pki.leaf(ROOT).der, ROOT.key, pki.with_extensions(pki.extension("2.5.29.31", b"\x30\x05\x82")))
    read = parse_certificate(broken)
    assert (read.crl_urls, read.malformed) == ((), False)
    assert any("2.5.29.31" in it for it in read.problems)
