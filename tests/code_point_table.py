"""Writes scanner/probes/tls/code_points_table.py from lists that others keep of IANA's TLS registries.

    python tests/code_point_table.py CRYPTODATAHUB [TSHARK_VALUES]

CRYPTODATAHUB is the folder `cryptodatahub/tls` of the PyPI package of that name (1.6.1 was used), TSHARK_VALUES what
`tshark -G values` printed (4.0.17 was used). Names and numbers must agree where both have them, or it stops and says where.
What stands in neither (newer registrations, groups' strengths) is written out below, with its source.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).parent.parent / "scanner" / "probes" / "tls" / "code_points_table.py"

# Registered since those lists were made: RFC 9846 and draft-irtf-cfrg-aegis-aead; TLS_SHA* are RFC 9150.
NEWER_SUITES = {0x1306: "TLS_AEGIS_256_SHA512", 0x1307: "TLS_AEGIS_128L_SHA256"}
# IANA's spelling where a list has another.
RENAMED = {
    0x001C: "SSL_FORTEZZA_KEA_WITH_NULL_SHA",
    0x001D: "SSL_FORTEZZA_KEA_WITH_FORTEZZA_CBC_SHA",
    0xFEFE: "SSL_RSA_FIPS_WITH_DES_CBC_SHA",
    0xFEFF: "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA",
    0xFFE0: "OLD_SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA",
    0xFFE1: "OLD_SSL_RSA_FIPS_WITH_DES_CBC_SHA",
    0x0047: "OLD_TLS_ECDH_ECDSA_WITH_NULL_SHA",
    0x0048: "OLD_TLS_ECDH_ECDSA_WITH_RC4_128_SHA",
    0x0049: "OLD_TLS_ECDH_ECDSA_WITH_DES_CBC_SHA",
    0x004A: "OLD_TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA",
    0x004B: "OLD_TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA",
    0x004C: "OLD_TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA",
    0xC0AA: "TLS_PSK_DHE_WITH_AES_128_CCM_8",
    0xC0AB: "TLS_PSK_DHE_WITH_AES_256_CCM_8",
    0xCC13: "OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCC14: "OLD_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCC15: "OLD_TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
}
# OpenSSL's names that are missing in the list: those of 1.0.2 for the drafts' numbers.
OPENSSL = {
    0xCC13: "ECDHE-RSA-CHACHA20-POLY1305-OLD",
    0xCC14: "ECDHE-ECDSA-CHACHA20-POLY1305-OLD",
    0xCC15: "DHE-RSA-CHACHA20-POLY1305-OLD",
}

_SSL3, _TLS12, _TLS13, _TLCP = 0x0300, 0x0303, 0x0304, 0x0101


class Suite(NamedTuple):
    """A row; the fields are those of `code_points.Suite`."""

    number: int
    name: str
    openssl_name: str | None
    exchange: str
    authentication: str
    cipher: str
    key_bits: int
    block_bits: int
    mode: str
    mac: str
    hash: str
    export: bool
    signalling: bool
    registered: bool
    min_version: int
    max_version: int


# What stands before _WITH_: the exchange, and who is authenticated how.
EXCHANGES = {
    "NULL": ("NULL", "NULL"),
    "RSA": ("RSA", "RSA"),
    "RSA_FIPS": ("RSA", "RSA"),
    "DH_DSS": ("DH", "DSS"),
    "DH_RSA": ("DH", "RSA"),
    "DHE_DSS": ("DHE", "DSS"),
    "DHE_RSA": ("DHE", "RSA"),
    "DH_anon": ("DH_anon", "anon"),
    "ECDH_ECDSA": ("ECDH", "ECDSA"),
    "ECDH_RSA": ("ECDH", "RSA"),
    "ECDHE_ECDSA": ("ECDHE", "ECDSA"),
    "ECDHE_RSA": ("ECDHE", "RSA"),
    "ECDH_anon": ("ECDH_anon", "anon"),
    "PSK": ("PSK", "PSK"),
    "RSA_PSK": ("RSA_PSK", "RSA"),
    "DHE_PSK": ("DHE_PSK", "PSK"),
    "PSK_DHE": ("DHE_PSK", "PSK"),
    "ECDHE_PSK": ("ECDHE_PSK", "PSK"),
    "SRP_SHA": ("SRP", "SRP"),
    "SRP_SHA_RSA": ("SRP", "RSA"),
    "SRP_SHA_DSS": ("SRP", "DSS"),
    "KRB5": ("KRB5", "KRB5"),
    "FORTEZZA_KEA": ("FORTEZZA", "FORTEZZA"),
    "ECCPWD": ("ECCPWD", "ECCPWD"),
    "ECJPAKE": ("ECJPAKE", "ECJPAKE"),
    "GOSTR341094": ("GOST", "GOST"),
    "GOSTR341001": ("GOST", "GOST"),
    "GOSTR341112_256": ("GOST", "GOST"),
    "CECPQ1_RSA": ("CECPQ1", "RSA"),
    "CECPQ1_ECDSA": ("CECPQ1", "ECDSA"),
}
# Ciphers as they stand in names: cipher, key bits, block bits, mode.
CIPHERS = {
    "NULL": ("NULL", 0, 0, ""),
    "RC4_40": ("RC4", 40, 0, "STREAM"),
    "RC4_56": ("RC4", 56, 0, "STREAM"),
    "RC4_64": ("RC4", 64, 0, "STREAM"),
    "RC4_128": ("RC4", 128, 0, "STREAM"),
    "RC4_128_EXPORT40": ("RC4", 40, 0, "STREAM"),
    "RC2_CBC": ("RC2", 128, 64, "CBC"),
    "RC2_CBC_40": ("RC2", 40, 64, "CBC"),
    "RC2_CBC_56": ("RC2", 56, 64, "CBC"),
    "RC2_128_CBC": ("RC2", 128, 64, "CBC"),
    "RC2_128_CBC_EXPORT40": ("RC2", 40, 64, "CBC"),
    "IDEA_CBC": ("IDEA", 128, 64, "CBC"),
    "IDEA_128_CBC": ("IDEA", 128, 64, "CBC"),
    "DES40_CBC": ("DES", 40, 64, "CBC"),
    "DES_CBC_40": ("DES", 40, 64, "CBC"),
    "DES_CBC": ("DES", 56, 64, "CBC"),
    "DES_64_CBC": ("DES", 56, 64, "CBC"),
    "DES_64_CFB64": ("DES", 56, 64, "CFB"),
    "3DES_EDE_CBC": ("3DES", 168, 64, "CBC"),
    "DES_192_EDE3_CBC": ("3DES", 168, 64, "CBC"),
    "FORTEZZA_CBC": ("SKIPJACK", 80, 64, "CBC"),
    "SEED_CBC": ("SEED", 128, 128, "CBC"),
    "SM4_CBC": ("SM4", 128, 128, "CBC"),
    "SM4_GCM": ("SM4", 128, 128, "GCM"),
    "SM4_CCM": ("SM4", 128, 128, "CCM"),
    "SM1": ("SM1", 128, 128, "CBC"),
    "CHACHA20_POLY1305": ("CHACHA20", 256, 0, "POLY1305"),
    "SALSA20": ("SALSA20", 256, 0, "STREAM"),
    "ESTREAM_SALSA20": ("SALSA20/12", 256, 0, "STREAM"),
    "28147_CNT": ("GOST28147", 256, 64, "CNT"),
    "KUZNYECHIK_CTR": ("KUZNYECHIK", 256, 128, "CTR"),
    "MAGMA_CTR": ("MAGMA", 256, 64, "CTR"),
    "KUZNYECHIK_MGM_L": ("KUZNYECHIK", 256, 128, "MGM"),
    "KUZNYECHIK_MGM_S": ("KUZNYECHIK", 256, 128, "MGM"),
    "MAGMA_MGM_L": ("MAGMA", 256, 64, "MGM"),
    "MAGMA_MGM_S": ("MAGMA", 256, 64, "MGM"),
    "AEGIS_256": ("AEGIS", 256, 128, "AEGIS"),
    "AEGIS_128L": ("AEGIS", 128, 128, "AEGIS"),
}
for _name in ("AES", "CAMELLIA", "ARIA"):
    for _bits in (128, 256):
        for _mode in ("CBC", "GCM", "CCM", "CCM_8"):
            CIPHERS[f"{_name}_{_bits}_{_mode}"] = (_name, _bits, 128, _mode)
AEAD_MODES = frozenset({"GCM", "CCM", "CCM_8", "POLY1305", "MGM", "AEGIS"})
HASHES = {
    "NULL": "NULL",
    "MD5": "MD5",
    "SHA": "SHA1",
    "SHA1": "SHA1",
    "SHA256": "SHA256",
    "SHA384": "SHA384",
    "SHA512": "SHA512",
    "SM3": "SM3",
    "IMIT": "IMIT",
    "OMAC": "OMAC",
    "GOSTR3411": "GOSTR3411",
}
SIGNALLING = {0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", 0x5600: "TLS_FALLBACK_SCSV"}


def suite_of(number: int, name: str, openssl_name: str | None) -> Suite:
    """All that a suite's name and number say. Raises ValueError for a name that is made otherwise than those of TLS."""
    registered = not (
        name.startswith(("OLD_", "SSL_RSA_FIPS"))
        or number >= 0xE000
        or 0x0060 <= number <= 0x0066
        or 0x0080 <= number <= 0x0083
        or 0x16B7 <= number <= 0x16BA
    )
    if number in SIGNALLING:
        return Suite(number, name, None, "NULL", "NULL", "NULL", 0, 0, "", "", "", False, True, True, _SSL3, _TLS12)
    bare = re.sub(r"^(OLD_)?(TLS|SSL)_", "", name)
    before, with_, after = bare.partition("_WITH_")
    export = "_EXPORT" in before
    if not with_ and 0xE000 <= number < 0xE100:  # GM/T 0024: TLCP, version 1.1, with another key exchange
        scheme, _, after = bare.partition("_")
        exchange, authentication = {"RSA": ("RSA", "RSA"), "ECC": ("SM2", "SM2"), "ECDHE": ("SM2DHE", "SM2")}.get(
            scheme, ("SM9", "SM9")
        )
        least, most = _TLCP, _TLCP
    elif not with_:
        exchange, authentication, after = "any", "any", bare
        least = most = _TLS13
    else:
        exchange, authentication = EXCHANGES[re.sub(r"_EXPORT(1024)?$", "", before)]
        least, most = _SSL3, _TLS12
    spelled, _, mac = after.rpartition("_")
    if after in CIPHERS:  # the CCM suites of RFC 6655 and 7251, and 9367's, name no hash
        spelled, mac = after, ""
    if number in (0xC0B4, 0xC0B5):  # TLS_SHA256_SHA256: integrity only, first the MAC, then the hash (RFC 9150)
        return Suite(
            number,
            name,
            openssl_name,
            exchange,
            authentication,
            "NULL",
            0,
            0,
            "",
            spelled,
            mac,
            False,
            False,
            True,
            least,
            most,
        )
    cipher, key_bits, block_bits, mode = CIPHERS[spelled]
    digest = HASHES[mac] if mac else "SHA256"
    aead = mode in AEAD_MODES
    if exchange == "GOST":
        strong = "GOSTR3411_2012_256" if "341112" in before else "GOSTR3411_94"
        if 0xC103 <= number <= 0xC106:
            exchange, authentication, least, most = "any", "any", _TLS13, _TLS13
        elif 0xC100 <= number <= 0xC102:
            least = _TLS12
        prf = strong
    elif mode == "MGM":
        prf = "GOSTR3411_2012_256"
    else:
        prf = digest if digest in ("SHA256", "SHA384", "SHA512", "SM3") else "SHA256"
    key_pre_shared = exchange in ("PSK", "RSA_PSK", "DHE_PSK", "ECDHE_PSK")
    # RFC 5487, 5489 and 6367 let CBC and NULL suites of PSK be used before TLS 1.2, whatever the hash of their MAC.
    if most == _TLS12 and (aead or (digest in ("SHA256", "SHA384") and not key_pre_shared)):
        least = _TLS12
    return Suite(
        number,
        name,
        openssl_name,
        exchange,
        authentication,
        cipher,
        key_bits,
        block_bits,
        mode,
        "AEAD" if aead else digest,
        prf,
        export,
        False,
        registered,
        least,
        most,
    )


def kind_of(number: int, name: str, openssl_name: str | None) -> Suite:
    """An SSLv2 cipher kind."""
    bare = name.removeprefix("SSL_CK_")
    export = "EXPORT" in bare
    spelled, _, mac = bare.partition("_WITH_")
    cipher, key_bits, block_bits, mode = CIPHERS[spelled]
    mac = HASHES.get(mac.removesuffix("_1"), "")
    return Suite(
        number,
        name,
        openssl_name,
        "RSA",
        "RSA",
        cipher,
        key_bits,
        block_bits,
        mode,
        mac,
        "MD5",
        export,
        False,
        False,
        2,
        2,
    )


# Groups: number, name, kind, bits, strength against known attacks without a quantum computer (SP 800-57 part 1, table 2;
# for hybrids that of the curve), whether a quantum computer of any size breaks it (post_quantum: no), first and last version.
def _curves() -> Iterator[tuple[Any, ...]]:
    binary = (
        "163k1",
        "163r1",
        "163r2",
        "193r1",
        "193r2",
        "233k1",
        "233r1",
        "239k1",
        "283k1",
        "283r1",
        "409k1",
        "409r1",
        "571k1",
        "571r1",
    )
    strengths = {163: 80, 193: 96, 233: 112, 239: 115, 283: 128, 409: 192, 571: 256}
    for number, name in enumerate(binary, 1):
        bits = int(name[:3])
        yield number, f"sect{name}", "binary_curve", bits, strengths[bits], False, 0x0300, _TLS12
    prime = ("160k1", "160r1", "160r2", "192k1", "192r1", "224k1", "224r1", "256k1", "256r1", "384r1", "521r1")
    strengths = {160: 80, 192: 96, 224: 112, 256: 128, 384: 192, 521: 256}
    for number, name in enumerate(prime, 15):
        bits = int(name[:3])
        last = _TLS13 if number >= 23 else _TLS12
        yield number, f"secp{name}", "prime_curve", bits, strengths[bits], False, 0x0300, last
    for number, bits in ((26, 256), (27, 384), (28, 512)):
        yield number, f"brainpoolP{bits}r1", "prime_curve", bits, bits // 2, False, 0x0300, _TLS12
    yield 29, "x25519", "montgomery_curve", 253, 128, False, 0x0300, _TLS13
    yield 30, "x448", "montgomery_curve", 446, 224, False, 0x0300, _TLS13
    for number, bits in ((31, 256), (32, 384), (33, 512)):
        yield number, f"brainpoolP{bits}r1tls13", "prime_curve", bits, bits // 2, False, _TLS13, _TLS13
    for number, name in enumerate(("256A", "256B", "256C", "256D", "512A", "512B", "512C"), 34):
        bits = int(name[:3])
        yield number, f"GC{name}", "prime_curve", bits, bits // 2, False, 0x0300, _TLS13
    yield 41, "curveSM2", "prime_curve", 256, 128, False, _TLS13, _TLS13


def groups() -> list[tuple[Any, ...]]:
    """All groups that the table has."""
    rows = list(_curves())
    strengths = ((2048, 112), (3072, 128), (4096, 152), (6144, 176), (8192, 200))
    for number, (bits, strength) in enumerate(strengths, 256):
        rows.append((number, f"ffdhe{bits}", "finite_field", bits, strength, False, 0x0300, _TLS13))
    for number, (bits, strength) in enumerate(((512, 128), (768, 192), (1024, 256)), 512):
        rows.append((number, f"MLKEM{bits}", "kem", bits, strength, True, _TLS13, _TLS13))
    for number, name, strength in (
        (0x11EB, "SecP256r1MLKEM768", 128),
        (0x11EC, "X25519MLKEM768", 128),
        (0x11ED, "SecP384r1MLKEM1024", 192),
        (0x11EE, "curveSM2MLKEM768", 128),
        (0x2F4B, "p256_mlkem512", 128),  # Open Quantum Safe, private use, and the next four
        (0x2F4C, "p384_mlkem768", 192),
        (0x2F4D, "p521_mlkem1024", 256),
        (0x2FB6, "x25519_mlkem512", 128),
        (0x2FB7, "x448_mlkem768", 224),
        (0x4138, "CECPQ2", 128),
        (0x6399, "X25519Kyber768Draft00", 128),
        (0x639A, "SecP256r1Kyber768Draft00", 128),
        (0xFE30, "X25519Kyber512Draft00", 128),  # Cloudflare and BoringSSL before registration, and the next
        (0xFE31, "X25519Kyber768Draft00Old", 128),
    ):
        rows.append((number, name, "hybrid", strength * 2, strength, True, _TLS13, _TLS13))
    rows.append((0xFF01, "arbitrary_explicit_prime_curves", "explicit_curve", 0, 0, False, 0x0300, _TLS12))
    rows.append((0xFF02, "arbitrary_explicit_char2_curves", "explicit_curve", 0, 0, False, 0x0300, _TLS12))
    return rows


def schemes() -> list[tuple[Any, ...]]:
    """Signature schemes: number, name, algorithm, hash, first and last version whose ServerKeyExchange or
    CertificateVerify may carry them (RFC 8446 4.2.3, RFC 5246 7.4.1.4.1)."""
    rows: list[tuple[Any, ...]] = []
    hashes = ((1, "md5"), (2, "sha1"), (3, "sha224"), (4, "sha256"), (5, "sha384"), (6, "sha512"))
    curves = {4: "secp256r1_", 5: "secp384r1_", 6: "secp521r1_"}
    for high, digest in hashes:
        rows.append((high << 8 | 1, f"rsa_pkcs1_{digest}", "rsa_pkcs1", digest, _TLS12, _TLS12))
        rows.append((high << 8 | 2, f"dsa_{digest}", "dsa", digest, _TLS12, _TLS12))
        last = _TLS13 if high in curves else _TLS12
        rows.append((high << 8 | 3, f"ecdsa_{curves.get(high, '')}{digest}", "ecdsa", digest, _TLS12, last))
    for high, digest in hashes[3:]:
        rows.append((high << 8 | 0x20, f"rsa_pkcs1_{digest}_legacy", "rsa_pkcs1", digest, _TLS13, _TLS13))
    rows.append((0x0704, "eccsi_sha256", "eccsi", "sha256", _TLS13, _TLS13))
    rows.append((0x0705, "iso_ibs1", "ibs", "", _TLS13, _TLS13))
    rows.append((0x0706, "iso_ibs2", "ibs", "", _TLS13, _TLS13))
    rows.append((0x0707, "iso_chinese_ibs", "ibs", "", _TLS13, _TLS13))
    rows.append((0x0708, "sm2sig_sm3", "sm2", "sm3", _TLS13, _TLS13))
    for number, letter in enumerate("abcd", 0x0709):
        rows.append((number, f"gostr34102012_256{letter}", "gost", "gostr34112012_256", _TLS13, _TLS13))
    for number, letter in enumerate("abc", 0x070D):
        rows.append((number, f"gostr34102012_512{letter}", "gost", "gostr34112012_512", _TLS13, _TLS13))
    for number, digest in enumerate(("sha256", "sha384", "sha512")):
        rows.append((0x0804 + number, f"rsa_pss_rsae_{digest}", "rsa_pss", digest, _TLS12, _TLS13))
        rows.append((0x0809 + number, f"rsa_pss_pss_{digest}", "rsa_pss", digest, _TLS12, _TLS13))
    rows.append((0x0807, "ed25519", "eddsa", "", _TLS12, _TLS13))
    rows.append((0x0808, "ed448", "eddsa", "", _TLS12, _TLS13))
    for number, (bits, digest) in enumerate(((256, "sha256"), (384, "sha384"), (512, "sha512")), 0x081A):
        rows.append((number, f"ecdsa_brainpoolP{bits}r1tls13_{digest}", "ecdsa", digest, _TLS13, _TLS13))
    rows.append((0x0840, "gostr34102012_256", "gost", "gostr34112012_256", _TLS12, _TLS12))
    rows.append((0x0841, "gostr34102012_512", "gost", "gostr34112012_512", _TLS12, _TLS12))
    for number, size in enumerate((44, 65, 87), 0x0904):
        rows.append((number, f"mldsa{size}", "ml_dsa", "", _TLS13, _TLS13))
    slh = [
        f"slhdsa_{family}_{size}"
        for family in ("sha2", "shake")
        for size in ("128s", "128f", "192s", "192f", "256s", "256f")
    ]
    rows.extend((number, name, "slh_dsa", "", _TLS13, _TLS13) for number, name in enumerate(slh, 0x0911))
    return sorted(rows)


EXTENSIONS = {
    0: "server_name", 1: "max_fragment_length", 2: "client_certificate_url", 3: "trusted_ca_keys", 4: "truncated_hmac",
    5: "status_request", 6: "user_mapping", 7: "client_authz", 8: "server_authz", 9: "cert_type", 10: "supported_groups",
    11: "ec_point_formats", 12: "srp", 13: "signature_algorithms", 14: "use_srtp", 15: "heartbeat",
    16: "application_layer_protocol_negotiation", 17: "status_request_v2", 18: "signed_certificate_timestamp",
    19: "client_certificate_type", 20: "server_certificate_type", 21: "padding", 22: "encrypt_then_mac",
    23: "extended_master_secret", 24: "token_binding", 25: "cached_info", 26: "tls_lts", 27: "compress_certificate",
    28: "record_size_limit", 29: "pwd_protect", 30: "pwd_clear", 31: "password_salt", 32: "ticket_pinning",
    33: "tls_cert_with_extern_psk", 34: "delegated_credential", 35: "session_ticket", 36: "TLMSP", 37: "TLMSP_proxying",
    38: "TLMSP_delegate", 39: "supported_ekt_ciphers", 40: "key_share_draft", 41: "pre_shared_key", 42: "early_data",
    43: "supported_versions", 44: "cookie", 45: "psk_key_exchange_modes", 47: "certificate_authorities", 48: "oid_filters",
    49: "post_handshake_auth", 50: "signature_algorithms_cert", 51: "key_share", 52: "transparency_info",
    53: "connection_id_deprecated", 54: "connection_id", 55: "external_id_hash", 56: "external_session_id",
    57: "quic_transport_parameters", 58: "ticket_request", 59: "dnssec_chain", 60: "sequence_number_encryption_algorithms",
    61: "rrc", 62: "tls_flags", 0x3374: "next_protocol_negotiation", 0x4469: "application_settings_old",
    0x44CD: "application_settings", 0x7550: "channel_id", 0xCA34: "trust_anchors", 0xFD00: "ech_outer_extensions",
    0xFE0D: "encrypted_client_hello", 0xFF01: "renegotiation_info", 0xFFA5: "quic_transport_parameters_draft",
}  # fmt: skip
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    52: "too_many_cids_requested", 60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
    80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation",
    109: "missing_extension", 110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
    116: "certificate_required", 117: "general_error", 120: "no_application_protocol", 121: "ech_required",
}  # fmt: skip


def loose(name: str) -> str:
    """A name without what lists spell at will."""
    bare = re.sub(r"^(OLD_)?(TLS|SSL)_", "", name).upper().replace("PSK_DHE", "DHE_PSK")
    return re.sub(r"[^A-Z0-9]", "", bare)


def tshark_values(path: Path, field: str) -> dict[int, str]:
    """Number and name as Wireshark has them for a field."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        columns = line.split("\t")
        if columns[:2] == ["V", field]:
            found[int(columns[2], 0)] = columns[3]
    return found


def compared(what: str, ours: dict[int, str], theirs: dict[int, str], known: Iterable[int] = ()) -> list[str]:
    """Where two lists have other names for one number; `known` numbers are left out."""
    return [
        f"{what} 0x{number:04X}: {ours[number]} / {theirs[number]}"
        for number in sorted(ours.keys() & theirs.keys() - set(known))
        if loose(ours[number]) != loose(theirs[number])
    ]


def grease() -> list[int]:
    """The sixteen reserved values (RFC 8701)."""
    return [place << 12 | 0x0A00 | place << 4 | 0x0A for place in range(16)]


def written(folder: Path, tshark: Path | None) -> str:
    """The module's text. Raises SystemExit with the differences of the sources."""
    listed = json.loads((folder / "cipher-suite.json").read_text("utf-8"))
    names = {row["code"]: row["iana_name"] or key for key, row in listed.items()}
    openssl = {row["code"]: row["openssl_name"] for row in listed.values()} | OPENSSL
    different: list[str] = []
    if tshark:
        theirs = tshark_values(tshark, "tls.handshake.ciphersuite")
        theirs = {number: name for number, name in theirs.items() if number not in grease()}
        different += compared("suite", names, theirs, RENAMED)
        different += compared("alert", ALERTS, tshark_values(tshark, "tls.alert_message.desc"))
        different += compared("extension", EXTENSIONS, tshark_values(tshark, "tls.handshake.extension.type"), EXPLAINED)
        ours = {row[0]: row[1] for row in groups()}
        different += compared(
            "group", ours, tshark_values(tshark, "tls.handshake.extensions_supported_group"), OQS_MOVED
        )
        ours = {row[0]: row[1] for row in schemes()}
        different += compared("scheme", ours, tshark_values(tshark, "tls.handshake.sig_hash_alg"))
        names = theirs | names
    if different:
        raise SystemExit("the sources differ:\n" + "\n".join(different))
    names |= NEWER_SUITES | RENAMED | SIGNALLING
    suites = [suite_of(number, names[number], openssl.get(number)) for number in sorted(names)]
    kinds = json.loads((folder / "cipher-kind.json").read_text("utf-8"))
    kinds_of_ssl2 = [
        kind_of(row["code"], key, row["openssl_name"]) for key, row in kinds.items() if key != "SSL_CK_NULL"
    ]
    parts = [
        '"""Code points of TLS: written by tests/code_point_table.py, not by hand.\n\n'
        "Numbers and names as in IANA's registries of TLS parameters, taken from the lists that cryptodatahub 1.6.1 and\n"
        "Wireshark 4.0.17 keep of them and compared with each other; newer registrations and strengths by hand, with their\n"
        f"sources, in the script. {datetime.now(UTC).date().isoformat()}.\n"
        '"""\n\n'
        "from typing import Final\n\n"
        "# fmt: off\n",
        "# ruff: noqa: E501\n"
        "# The fields of code_points.Suite, in order.\n"
        "SuiteRow = tuple[int, str, str | None, str, str, str, int, int, str, str, str, bool, bool, bool, int, int]\n\n",
        *_rows("SUITES", "tuple[SuiteRow, ...]", suites),
        *_rows("SSL2_KINDS", "tuple[SuiteRow, ...]", kinds_of_ssl2, digits=6),
        "# The fields of code_points.Group, in order.\n",
        *_rows("GROUPS", "tuple[tuple[int, str, str, int, int, bool, int, int], ...]", groups()),
        "# The fields of code_points.SignatureScheme, in order.\n",
        *_rows("SIGNATURE_SCHEMES", "tuple[tuple[int, str, str, str, int, int], ...]", schemes()),
        *_rows("EXTENSIONS", "tuple[tuple[int, str], ...]", sorted(EXTENSIONS.items()), digits=4),
        *_rows("ALERTS", "tuple[tuple[int, str], ...]", sorted(ALERTS.items()), digits=0),
        f"GREASE: Final = ({', '.join(f'0x{number:04X}' for number in grease())})\n",
    ]
    return "".join(parts)


# Wireshark has draft names where IANA registered something else, or spells it otherwise.
EXPLAINED = frozenset({0x0022, 0x0028, 0x4469, 0xFFA5})
# Wireshark 4.0 has the old Open Quantum Safe numbers 0x0200 ... for FrodoKEM; they are ML-KEM's since (draft-ietf-tls-mlkem).
OQS_MOVED = frozenset({512, 513, 514})


def _rows(name: str, kind: str, rows: Iterable[tuple[Any, ...]], digits: int = 4) -> Iterator[str]:
    yield f"{name}: Final[{kind}] = (\n"
    for row in rows:
        number = f"0x{row[0]:0{digits}X}" if digits else str(row[0])
        cells = [json.dumps(cell) if isinstance(cell, str) else repr(cell) for cell in row[1:]]
        if len(row) > 5:
            cells[-2:] = [f"0x{version:04X}" for version in row[-2:]]
        yield f"    ({number}, {', '.join(cells)}),\n"
    yield ")\n\n"


if __name__ == "__main__":
    TABLE.write_text(written(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None), "utf-8")
