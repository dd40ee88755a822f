"""Code points of TLS by number and by name: cipher suites, groups, signature schemes, extensions, alerts (IANA's registries).

The table is generated (`code_points_table`, which says where it comes from). Unknown numbers have a name too, their own:
`0x1234`.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from scanner.probes.tls import code_points_table as table

SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSION_NAMES: Final = {
    SSL2: "SSLv2",
    SSL3: "SSLv3",
    TLS10: "TLSv1.0",
    TLS11: "TLSv1.1",
    TLS12: "TLSv1.2",
    TLS13: "TLSv1.3",
}
"""The names of `scanner.derive.tls_facts.TlsVersion` by the numbers on the wire."""

RENEGOTIATION_SCSV: Final = 0x00FF
FALLBACK_SCSV: Final = 0x5600
GREASE: Final = table.GREASE
"""The sixteen 16-bit values that must be ignored, as suites, groups, versions, extensions and schemes (RFC 8701)."""
_GREASE = frozenset(GREASE)


class Exchange(StrEnum):
    """How the secret of a session comes about, without regard to who signs. ANY is that of TLS 1.3: its suites name none."""

    ANY = "any"
    RSA = "RSA"
    DH = "DH"
    DHE = "DHE"
    DH_ANON = "DH_anon"
    ECDH = "ECDH"
    ECDHE = "ECDHE"
    ECDH_ANON = "ECDH_anon"
    PSK = "PSK"
    RSA_PSK = "RSA_PSK"
    DHE_PSK = "DHE_PSK"
    ECDHE_PSK = "ECDHE_PSK"
    SRP = "SRP"
    KRB5 = "KRB5"
    GOST = "GOST"
    FORTEZZA = "FORTEZZA"
    ECCPWD = "ECCPWD"
    ECJPAKE = "ECJPAKE"
    CECPQ1 = "CECPQ1"
    SM2 = "SM2"
    SM2DHE = "SM2DHE"
    SM9 = "SM9"
    NULL = "NULL"
    UNKNOWN = "unknown"


_FORWARD_SECRET = frozenset(
    {
        *(Exchange.ANY, Exchange.DHE, Exchange.DH_ANON, Exchange.ECDHE, Exchange.ECDH_ANON, Exchange.DHE_PSK),
        *(Exchange.ECDHE_PSK, Exchange.SRP, Exchange.ECCPWD, Exchange.ECJPAKE, Exchange.CECPQ1, Exchange.SM2DHE),
    }
)
_CURVES_IN_KEY_EXCHANGE = frozenset({Exchange.ECDHE, Exchange.ECDH_ANON, Exchange.ECDHE_PSK, Exchange.ECDH})
_FINITE_FIELDS_IN_KEY_EXCHANGE = frozenset({Exchange.DHE, Exchange.DH_ANON, Exchange.DHE_PSK})


class Suite(Struct, frozen=True):
    """A cipher suite, or a cipher kind of SSLv2 (whose number has 24 bits).

    `authentication` is RSA, ECDSA, DSS, PSK, anon, any (TLS 1.3), ...; of static DH and ECDH it is who signed the
    certificate. `key_bits` are those of the key (168 for 3DES, though it resists like 112), `block_bits` 0 for stream
    ciphers. `mac` is "AEAD" where the cipher does it, `hash` that of the key schedule in TLS 1.2 and later. A `signalling`
    value is never chosen. Not `registered` are those of drafts, vendors and other standards. `min_version` and
    `max_version` tell where servers take it, which is wider than the standards: OpenSSL 1.0 speaks AES and ECDHE in SSLv3,
    DES in TLS 1.2.
    """

    number: int
    name: str
    openssl_name: str | None
    exchange: Exchange
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

    @property
    def aead(self) -> bool:
        """Whether the cipher authenticates by itself."""
        return self.mac == "AEAD"

    @property
    def anonymous(self) -> bool:
        """Whether nobody is authenticated."""
        return self.authentication in ("anon", "NULL")

    @property
    def encrypts(self) -> bool:
        """Whether it hides anything at all."""
        return self.cipher != "NULL"

    @property
    def forward_secret(self) -> bool:
        """Whether a key that leaks later opens nothing that was recorded."""
        return self.exchange in _FORWARD_SECRET

    @property
    def with_curves(self) -> bool:
        """Whether a group of `supported_groups` takes part below TLS 1.3."""
        return self.exchange in _CURVES_IN_KEY_EXCHANGE

    @property
    def with_finite_field(self) -> bool:
        """Whether the server sends DH parameters of its own, or of RFC 7919."""
        return self.exchange in _FINITE_FIELDS_IN_KEY_EXCHANGE

    def usable_in(self, version: int) -> bool:
        """Whether a server may choose it in a version (number on the wire)."""
        return self.min_version <= version <= self.max_version and not self.signalling


class GroupKind(StrEnum):
    """What a group is made of."""

    PRIME_CURVE = "prime_curve"
    BINARY_CURVE = "binary_curve"
    MONTGOMERY_CURVE = "montgomery_curve"
    EXPLICIT_CURVE = "explicit_curve"
    FINITE_FIELD = "finite_field"
    KEM = "kem"
    HYBRID = "hybrid"


class Group(Struct, frozen=True):
    """A group of `supported_groups`. `bits` are those of the field (of ML-KEM its parameter set's number).

    `strength_bits` is the strength without a quantum computer (NIST SP 800-57 part 1, table 2), of a hybrid that of its
    curve; `post_quantum` whether it resists one.
    """

    number: int
    name: str
    kind: GroupKind
    bits: int
    strength_bits: int
    post_quantum: bool
    min_version: int
    max_version: int

    @property
    def elliptic(self) -> bool:
        """Whether it is a curve and nothing else."""
        return self.kind in _ELLIPTIC

    def usable_in(self, version: int) -> bool:
        """Whether a server may choose it in a version (number on the wire)."""
        return self.min_version <= version <= self.max_version


_ELLIPTIC = frozenset(
    {GroupKind.PRIME_CURVE, GroupKind.BINARY_CURVE, GroupKind.MONTGOMERY_CURVE, GroupKind.EXPLICIT_CURVE}
)


class SignatureScheme(Struct, frozen=True):
    """A signature scheme, or a pair of hash and signature of TLS 1.2. `hash` is empty where the algorithm has its own."""

    number: int
    name: str
    algorithm: str
    hash: str
    min_version: int
    max_version: int

    def usable_in(self, version: int) -> bool:
        """Whether a server may sign a handshake of a version (number on the wire) with it."""
        return self.min_version <= version <= self.max_version


_SUITE_ROWS: Final = {row[0]: row for row in table.SUITES}
_KIND_ROWS: Final = {row[0]: row for row in table.SSL2_KINDS}
_GROUP_ROWS: Final = {row[0]: row for row in table.GROUPS}
_SCHEME_ROWS: Final = {row[0]: row for row in table.SIGNATURE_SCHEMES}
EXTENSION_NAMES: Final = dict(table.EXTENSIONS)
ALERT_NAMES: Final = dict(table.ALERTS)


def _suite(row: table.SuiteRow) -> Suite:
    number, name, openssl_name, exchange, authentication, cipher, key_bits, block_bits, mode, mac, digest, *_ = row
    return Suite(
        number,
        name,
        openssl_name,
        Exchange(exchange),
        authentication,
        cipher,
        key_bits,
        block_bits,
        mode,
        mac,
        digest,
        export=row[11],
        signalling=row[12],
        registered=row[13],
        min_version=row[14],
        max_version=row[15],
    )


@lru_cache(maxsize=1024)
def suite(number: int) -> Suite | None:
    """The suite with a 16-bit number, None for GREASE and what is not in the table."""
    row = _SUITE_ROWS.get(number)
    return None if row is None else _suite(row)


@lru_cache(maxsize=64)
def ssl2_kind(number: int) -> Suite | None:
    """The cipher kind of SSLv2 with a 24-bit number. A suite of SSL 3 is one too, with zeros in front (RFC 5246 E.2)."""
    row = _KIND_ROWS.get(number)
    return None if row is None else _suite(row)


@lru_cache(maxsize=256)
def group(number: int) -> Group | None:
    """The group with a number, None for GREASE and what is not in the table."""
    row = _GROUP_ROWS.get(number)
    return None if row is None else Group(row[0], row[1], GroupKind(row[2]), row[3], row[4], row[5], row[6], row[7])


@lru_cache(maxsize=256)
def signature_scheme(number: int) -> SignatureScheme | None:
    """The signature scheme with a number, None for GREASE and what is not in the table."""
    row = _SCHEME_ROWS.get(number)
    return None if row is None else SignatureScheme(*row)


def exchange_of(number: int) -> Exchange:
    """How a suite agrees on keys, `Exchange.UNKNOWN` for one that is not in the table."""
    row = _SUITE_ROWS.get(number)
    return Exchange.UNKNOWN if row is None else Exchange(row[3])


def is_grease(number: int) -> bool:
    """Whether a 16-bit value is one of those that must be ignored (RFC 8701)."""
    return number in _GREASE


def suite_name(number: int) -> str:
    """IANA's name of a suite."""
    row = _SUITE_ROWS.get(number)
    return _otherwise(number) if row is None else row[1]


def ssl2_kind_name(number: int) -> str:
    """The name of a cipher kind of SSLv2."""
    row = _KIND_ROWS.get(number)
    return f"0x{number:06X}" if row is None else row[1]


def group_name(number: int) -> str:
    """IANA's name of a group."""
    row = _GROUP_ROWS.get(number)
    return _otherwise(number) if row is None else row[1]


def signature_scheme_name(number: int) -> str:
    """IANA's name of a signature scheme; a pair of TLS 1.2 that has none is named in the same way."""
    row = _SCHEME_ROWS.get(number)
    return _otherwise(number) if row is None else row[1]


def extension_name(number: int) -> str:
    """IANA's name of an extension type."""
    return EXTENSION_NAMES.get(number) or _otherwise(number)


def alert_name(number: int) -> str:
    """IANA's name of an alert."""
    return ALERT_NAMES.get(number) or f"alert {number}"


def version_name(number: int) -> str:
    """The name of a version on the wire, drafts of TLS 1.3 included."""
    if number >> 8 == 0x7F:
        return f"TLSv1.3 draft {number & 0xFF}"
    return VERSION_NAMES.get(number) or _otherwise(number)


def _otherwise(number: int) -> str:
    return f"GREASE 0x{number:04X}" if number in _GREASE else f"0x{number:04X}"


@lru_cache(maxsize=1)
def _suites_by_name() -> dict[str, int]:
    by_openssl = {row[2]: row[0] for row in table.SUITES if row[2] is not None}
    return by_openssl | {row[1]: row[0] for row in table.SUITES}


@lru_cache(maxsize=1)
def _groups_by_name() -> dict[str, int]:
    return {row[1].lower(): row[0] for row in table.GROUPS}


@lru_cache(maxsize=1)
def _schemes_by_name() -> dict[str, int]:
    return {row[1].lower(): row[0] for row in table.SIGNATURE_SCHEMES}


def suite_number(name: str) -> int:
    """The number of a suite by IANA's or OpenSSL's name. Raises KeyError for a name nobody has."""
    return _suites_by_name()[name]


def group_number(name: str) -> int:
    """The number of a group by IANA's name, in any case. Raises KeyError for a name nobody has."""
    return _groups_by_name()[name.lower()]


def signature_scheme_number(name: str) -> int:
    """The number of a signature scheme by IANA's name, in any case. Raises KeyError for a name nobody has."""
    return _schemes_by_name()[name.lower()]


@lru_cache(maxsize=16)
def suites_of(version: int) -> tuple[int, ...]:
    """Numbers of all suites that a server may choose in a version, ascending; of SSLv2 the cipher kinds."""
    if version == SSL2:
        return tuple(sorted(_KIND_ROWS))
    found = (suite(number) for number in sorted(_SUITE_ROWS))
    return tuple(it.number for it in found if it is not None and it.number and it.usable_in(version))


@lru_cache(maxsize=16)
def groups_of(version: int) -> tuple[int, ...]:
    """Numbers of all named groups that a server may choose in a version, ascending."""
    found = (group(number) for number in sorted(_GROUP_ROWS))
    named = (it for it in found if it is not None and it.kind is not GroupKind.EXPLICIT_CURVE)
    return tuple(it.number for it in named if it.usable_in(version))


@lru_cache(maxsize=16)
def signature_schemes_of(version: int) -> tuple[int, ...]:
    """Numbers of all signature schemes that a server may sign a handshake of a version with, ascending."""
    found = (signature_scheme(number) for number in sorted(_SCHEME_ROWS))
    return tuple(it.number for it in found if it is not None and it.usable_in(version))
