"""The table of code points against what OpenSSL, GnuTLS and Wireshark on this machine have, and against itself."""

import re
import subprocess
from functools import cache

import pytest
from code_point_table import OQS_MOVED, RENAMED, loose
from installed import program

from scanner.derive.tls_facts import TlsVersion
from scanner.probes.tls import code_points
from scanner.probes.tls import code_points_table as table
from scanner.probes.tls.code_points import Exchange, Group, GroupKind, Suite

SUITES = [found for row in table.SUITES if (found := code_points.suite(row[0])) is not None]
GROUPS = [found for row in table.GROUPS if (found := code_points.group(row[0])) is not None]


def named(name: str) -> Suite:
    found = code_points.suite(code_points.suite_number(name))
    assert found is not None
    return found


def test_the_table_is_whole() -> None:
    registered = [suite for suite in SUITES if suite.registered and not suite.signalling]
    assert len(SUITES) >= 420
    assert len(registered) >= 350
    assert len(table.SSL2_KINDS) >= 12
    for rows in (table.SUITES, table.SSL2_KINDS, table.GROUPS, table.SIGNATURE_SCHEMES, table.EXTENSIONS, table.ALERTS):
        rows_numbers, rows_names = [row[0] for row in rows], [row[1] for row in rows]
        assert len(set(rows_numbers)) == len(rows_numbers)
        assert len(set(rows_names)) == len(rows_names)


def test_numbers_and_names_find_each_other() -> None:
    for suite in SUITES:
        assert code_points.suite_number(suite.name) == suite.number
        assert code_points.suite_name(suite.number) == suite.name
        assert code_points.exchange_of(suite.number) is suite.exchange
    for group in GROUPS:
        assert code_points.group_number(group.name.upper()) == group.number
        assert code_points.group_name(group.number) == group.name
    for row in table.SIGNATURE_SCHEMES:
        assert code_points.signature_scheme_number(row[1]) == row[0]
        assert code_points.signature_scheme_name(row[0]) == row[1]
    assert code_points.suite_number("ECDHE-RSA-AES128-GCM-SHA256") == 0xC02F
    assert code_points.group_number("x25519mlkem768") == 0x11EC


def test_what_is_not_in_the_table() -> None:
    assert code_points.suite(0x5A5B) is None
    assert code_points.suite(0x0A0A) is None
    assert code_points.group(0x0A0A) is None
    assert code_points.ssl2_kind(1) is None
    assert code_points.signature_scheme(0xFFFF) is None
    assert code_points.suite_name(0x5A5B) == "0x5A5B"
    assert code_points.suite_name(0x0A0A) == "GREASE 0x0A0A"
    assert code_points.group_name(0xFAFA) == "GREASE 0xFAFA"
    assert code_points.extension_name(0xFFFF) == "0xFFFF"
    assert code_points.alert_name(255) == "alert 255"
    assert code_points.ssl2_kind_name(1) == "0x000001"
    assert code_points.exchange_of(0x5A5B) is Exchange.UNKNOWN
    for lookup in (code_points.suite_number, code_points.group_number, code_points.signature_scheme_number):
        with pytest.raises(KeyError):
            lookup("nobody's")


def test_grease() -> None:
    assert len(code_points.GREASE) == 16
    for value in code_points.GREASE:
        assert value >> 8 == value & 0xFF
        assert value & 0x0F == 0x0A
        assert code_points.is_grease(value)
    assert not code_points.is_grease(0x0A1A)


def test_versions_are_named_as_elsewhere() -> None:
    assert list(code_points.VERSION_NAMES.values()) == list(TlsVersion)
    assert code_points.version_name(0x7F1C) == "TLSv1.3 draft 28"
    assert code_points.version_name(0x0305) == "0x0305"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", ("ECDHE", "RSA", "AES", 128, 128, "GCM", "AEAD", "SHA256")),
        ("TLS_RSA_WITH_AES_256_CBC_SHA", ("RSA", "RSA", "AES", 256, 128, "CBC", "SHA1", "SHA256")),
        ("TLS_DHE_DSS_EXPORT1024_WITH_RC4_56_SHA", ("DHE", "DSS", "RC4", 56, 0, "STREAM", "SHA1", "SHA256")),
        ("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA", ("RSA", "RSA", "DES", 40, 64, "CBC", "SHA1", "SHA256")),
        ("TLS_DH_anon_WITH_3DES_EDE_CBC_SHA", ("DH_anon", "anon", "3DES", 168, 64, "CBC", "SHA1", "SHA256")),
        (
            "TLS_ECDH_ECDSA_WITH_CAMELLIA_256_CBC_SHA384",
            ("ECDH", "ECDSA", "CAMELLIA", 256, 128, "CBC", "SHA384", "SHA384"),
        ),
        ("TLS_RSA_WITH_AES_128_CCM_8", ("RSA", "RSA", "AES", 128, 128, "CCM_8", "AEAD", "SHA256")),
        ("TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256", ("ECDHE_PSK", "PSK", "AES", 128, 128, "CCM_8", "AEAD", "SHA256")),
        ("TLS_PSK_DHE_WITH_AES_128_CCM_8", ("DHE_PSK", "PSK", "AES", 128, 128, "CCM_8", "AEAD", "SHA256")),
        ("TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA", ("SRP", "RSA", "AES", 128, 128, "CBC", "SHA1", "SHA256")),
        ("TLS_CHACHA20_POLY1305_SHA256", ("any", "any", "CHACHA20", 256, 0, "POLY1305", "AEAD", "SHA256")),
        ("TLS_AES_256_GCM_SHA384", ("any", "any", "AES", 256, 128, "GCM", "AEAD", "SHA384")),
        ("TLS_SHA256_SHA256", ("any", "any", "NULL", 0, 0, "", "SHA256", "SHA256")),
        ("TLS_RSA_WITH_NULL_MD5", ("RSA", "RSA", "NULL", 0, 0, "", "MD5", "SHA256")),
        ("TLS_KRB5_EXPORT_WITH_RC2_CBC_40_MD5", ("KRB5", "KRB5", "RC2", 40, 64, "CBC", "MD5", "SHA256")),
        (
            "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC",
            ("GOST", "GOST", "MAGMA", 256, 64, "CTR", "OMAC", "GOSTR3411_2012_256"),
        ),
    ],
)
def test_what_a_name_says(name: str, expected: tuple[object, ...]) -> None:
    it = named(name)
    assert (it.exchange, it.authentication, it.cipher, it.key_bits, it.block_bits, it.mode, it.mac, it.hash) == expected


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", {"aead", "forward_secret", "encrypts", "registered", "with_curves"}),
        ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA", {"forward_secret", "encrypts", "registered", "with_finite_field"}),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", {"encrypts", "registered"}),
        ("TLS_ECDH_RSA_WITH_AES_128_CBC_SHA", {"encrypts", "registered", "with_curves"}),
        ("TLS_ECDH_anon_WITH_NULL_SHA", {"anonymous", "forward_secret", "registered", "with_curves"}),
        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", {"export", "encrypts", "registered"}),
        ("TLS_RSA_EXPORT1024_WITH_RC4_56_SHA", {"export", "encrypts"}),
        ("OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", {"aead", "forward_secret", "encrypts", "with_curves"}),
        ("TLS_AES_128_GCM_SHA256", {"aead", "forward_secret", "encrypts", "registered"}),
        ("TLS_FALLBACK_SCSV", {"signalling", "registered", "anonymous"}),
        ("TLS_PSK_WITH_AES_128_CBC_SHA", {"encrypts", "registered"}),
    ],
)
def test_properties(name: str, properties: set[str]) -> None:
    every = ("aead", "anonymous", "forward_secret", "encrypts", "export", "registered", "signalling", "with_curves")
    it = named(name)
    assert {word for word in (*every, "with_finite_field") if getattr(it, word)} == properties


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", 0x0300, 0x0303),
        ("TLS_RSA_WITH_AES_128_CBC_SHA256", 0x0303, 0x0303),
        ("TLS_PSK_WITH_AES_128_CBC_SHA256", 0x0300, 0x0303),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0x0303, 0x0303),
        ("TLS_RSA_WITH_NULL_SHA256", 0x0303, 0x0303),
        ("TLS_AES_128_GCM_SHA256", 0x0304, 0x0304),
    ],
)
def test_versions_of_suites(name: str, first: int, last: int) -> None:
    it = named(name)
    assert (it.min_version, it.max_version) == (first, last)
    assert it.usable_in(first)
    assert it.usable_in(last)
    assert not it.usable_in(first - 1)
    assert not it.usable_in(last + 1)


def test_lists_for_a_version() -> None:
    for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0304):
        suites = code_points.suites_of(version)
        assert not {0x0000, code_points.FALLBACK_SCSV, code_points.RENEGOTIATION_SCSV} & set(suites)
        assert all(version in range(it.min_version, it.max_version + 1) for it in SUITES if it.number in suites)
        assert suites == tuple(sorted(suites))
    assert set(code_points.suites_of(0x0302)) < set(code_points.suites_of(0x0303))
    assert not set(code_points.suites_of(0x0303)) & set(code_points.suites_of(0x0304))
    assert 0x010080 in code_points.suites_of(2)
    assert {23, 24, 25, 29, 30, 256, 0x11EC, 513} <= set(code_points.groups_of(0x0304))
    assert {1, 14, 15, 22, 26, 27, 28, 29} <= set(code_points.groups_of(0x0303))
    assert not {31, 0x11EC, 513, 0xFF01} & set(code_points.groups_of(0x0303))
    assert not {1, 22, 26} & set(code_points.groups_of(0x0304))
    assert {0x0101, 0x0201, 0x0202, 0x0401, 0x0804, 0x0807} <= set(code_points.signature_schemes_of(0x0303))
    assert {0x0403, 0x0804, 0x0904} <= set(code_points.signature_schemes_of(0x0304))
    assert not {0x0101, 0x0201, 0x0202, 0x0401} & set(code_points.signature_schemes_of(0x0304))
    assert code_points.signature_schemes_of(0x0302) == ()


@pytest.mark.parametrize(
    ("name", "kind", "strength", "post_quantum"),
    [
        ("secp192r1", GroupKind.PRIME_CURVE, 96, False),
        ("secp256r1", GroupKind.PRIME_CURVE, 128, False),
        ("brainpoolP384r1", GroupKind.PRIME_CURVE, 192, False),
        ("sect163k1", GroupKind.BINARY_CURVE, 80, False),
        ("x25519", GroupKind.MONTGOMERY_CURVE, 128, False),
        ("ffdhe2048", GroupKind.FINITE_FIELD, 112, False),
        ("MLKEM768", GroupKind.KEM, 192, True),
        ("X25519MLKEM768", GroupKind.HYBRID, 128, True),
        ("SecP384r1MLKEM1024", GroupKind.HYBRID, 192, True),
        ("X25519Kyber768Draft00", GroupKind.HYBRID, 128, True),
    ],
)
def test_groups(name: str, kind: GroupKind, strength: int, post_quantum: bool) -> None:
    it = code_points.group(code_points.group_number(name))
    assert isinstance(it, Group)
    assert (it.kind, it.strength_bits, it.post_quantum) == (kind, strength, post_quantum)
    assert it.elliptic is (kind in (GroupKind.PRIME_CURVE, GroupKind.BINARY_CURVE, GroupKind.MONTGOMERY_CURVE))


# Other people's tables.


@cache
def printed(*command: str) -> str:
    path = program(command[0]) or command[0]
    done = subprocess.run([path, *command[1:]], capture_output=True, check=True, timeout=120)
    return done.stdout.decode("utf-8", "replace")


OPENSSL_EXCHANGE = {
    "ECDH": {"ECDHE", "ECDH_anon"},
    "DH": {"DHE", "DH_anon"},
    "RSA": {"RSA"},
    "PSK": {"PSK"},
    "ECDHEPSK": {"ECDHE_PSK"},
    "DHEPSK": {"DHE_PSK"},
    "RSAPSK": {"RSA_PSK"},
    "SRP": {"SRP"},
    "any": {"any"},
}
OPENSSL_AUTHENTICATION = {
    "None": "anon",
    "any": "any",
    "RSA": "RSA",
    "ECDSA": "ECDSA",
    "DSS": "DSS",
    "PSK": "PSK",
    "SRP": "SRP",
}
OPENSSL_LINE = re.compile(
    r"0x(\w\w),0x(\w\w) - (\S+)\s+- (\S+)\s+(\S+)\s+Kx=(\S+)\s+Au=(\S+)\s+Enc=(\w+)(?:/POLY1305)?(?:\((\d+)\))?\s+Mac=(\S+)"
)


@pytest.mark.system("openssl")
def test_openssl_has_the_same_suites() -> None:
    lines = printed("openssl", "ciphers", "-V", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").splitlines()
    assert len(lines) > 100
    for line in lines:
        match = OPENSSL_LINE.search(line)
        assert match is not None, line
        high, low, name, short, version, exchange, authentication, cipher, bits, mac = match.groups()
        ours = code_points.suite(int(high + low, 16))
        assert ours is not None, line
        assert loose(ours.name) == loose(name)
        assert ours.openssl_name in (short, None)
        assert ours.exchange in OPENSSL_EXCHANGE[exchange], line
        assert ours.authentication == OPENSSL_AUTHENTICATION[authentication], line
        assert ours.key_bits == int(bits or 0), line
        assert ours.mac == mac, line
        spelled = {
            "AESGCM": "AES",
            "AESCCM": "AES",
            "AESCCM8": "AES",
            "ARIAGCM": "ARIA",
            "CAMELLIA": "Camellia",
            "None": "NULL",
        }
        assert loose(ours.cipher) == loose(spelled.get(cipher, cipher)), line
        assert ours.aead is (mac == "AEAD")
        if version == "TLSv1.3":
            assert ours.min_version == 0x0304
        elif version == "TLSv1.2":
            assert ours.min_version == 0x0303, line
        else:
            assert ours.min_version <= 0x0301, line


@pytest.mark.system("gnutls-cli")
def test_gnutls_has_the_same_suites_and_versions() -> None:
    found = re.findall(r"^TLS_(\S+)\s+0x(\w\w), 0x(\w\w)\s+(\S+)$", printed("gnutls-cli", "--list"), re.MULTILINE)
    assert len(found) > 100
    for name, high, low, version in found:
        ours = code_points.suite(int(high + low, 16))
        assert ours is not None, name
        spelled = re.sub(r"_SHA1$", "_SHA", name.replace("ARCFOUR", "RC4")).replace("DHE_ANON", "anon")
        bare = (
            re.sub(r"_WITH|^TLS_|_SHA256$|_SHA$", "", ours.name)
            .replace("ECDH_anon", "ECanon")
            .replace("DH_anon", "anon")
        )
        assert loose(re.sub(r"_SHA256$|_SHA$", "", spelled)).replace("DHANON", "ANON") == loose(bare).replace(
            "DHANON", "ANON"
        )
        # GnuTLS does not use what RFC 5487 and 5489 allow: CBC with SHA-256 before TLS 1.2, where keys were shared before.
        if version in ("TLS1.2", "TLS1.3") and not (ours.exchange.endswith("PSK") and not ours.aead):
            assert ours.min_version == {"TLS1.2": 0x0303, "TLS1.3": 0x0304}[version], name


@pytest.mark.system("tshark")
@pytest.mark.parametrize(
    ("field", "ours", "differing", "least"),
    [
        ("tls.handshake.ciphersuite", {row[0]: row[1] for row in table.SUITES}, frozenset(RENAMED), 380),
        # 0x0200 ... were Open Quantum Safe's Frodo before they became ML-KEM's.
        ("tls.handshake.extensions_supported_group", {row[0]: row[1] for row in table.GROUPS}, OQS_MOVED, 35),
        ("tls.handshake.sig_hash_alg", {row[0]: row[1] for row in table.SIGNATURE_SCHEMES}, frozenset(), 15),
        ("tls.alert_message.desc", dict(table.ALERTS), frozenset(), 30),
        # Spelled otherwise there, or drafts.
        ("tls.handshake.extension.type", dict(table.EXTENSIONS), frozenset({0x22, 0x28, 0x4469, 0xFFA5}), 45),
        ("tls.handshake.cipherspec", {row[0]: row[1] for row in table.SSL2_KINDS}, frozenset({0}), 8),
    ],
)
def test_wireshark_has_the_same_names(field: str, ours: dict[int, str], differing: frozenset[int], least: int) -> None:
    theirs = {}
    for line in printed("tshark", "-G", "values").splitlines():
        columns = line.split("\t")
        if columns[:2] == ["V", field]:
            theirs[int(columns[2], 0)] = columns[3]
    common = ours.keys() & theirs.keys() - differing
    assert len(common) >= least
    for number in common:
        assert loose(theirs[number]).removeprefix("CK").removeprefix("SSL2") == loose(ours[number]).removeprefix(
            "CK"
        ), hex(number)
