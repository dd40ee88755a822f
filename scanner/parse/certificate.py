"""X.509 certificates as servers send them (RFC 5280), read so that one bad part does not hide the rest.

The reader is our own and small. A library's certificate object refuses a whole certificate for one odd
serial number (Mozilla's own list has six roots with the number 0), refuses every extension for one bad
extension, and warns through global state; it also changes its mind between versions, while a verdict has to
be the same when it is derived again years later. Keys and signatures stay the library's business: see
`scanner.derive.certification_path`.

Three things can happen to a part: it is read; it cannot be read, and a sentence in `problems` says so; or it
is of the outer structure, and then nothing about the certificate is known: `CertificateError`.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct

from scanner.parse.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    SET,
    DerError,
    Reader,
    bit_string,
    dotted,
    encoded,
    one_sequence,
    read_time,
    small_integer,
)

MAX_DER_BYTES: Final = 1 << 20
MAX_NAMES: Final = 5_000
MAX_NAME_CHARS: Final = 1_024
MAX_ATTRIBUTES: Final = 128
MAX_EXTENSIONS: Final = 128
MAX_PURPOSES: Final = 128
MAX_SUBTREES: Final = 1_000
MAX_URLS: Final = 16
MAX_URL_CHARS: Final = 2_048
MAX_SERIAL_BYTES: Final = 64

SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
OCSP_SIGNING: Final = "1.3.6.1.5.5.7.3.9"
ANY_PURPOSE: Final = "2.5.29.37.0"

SUBJECT_KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALT_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
NAME_CONSTRAINTS: Final = "2.5.29.30"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
AUTHORITY_INFO_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
TLS_FEATURE: Final = "1.3.6.1.5.5.7.1.24"
CT_POISON: Final = "1.3.6.1.4.1.11129.2.4.3"
EMBEDDED_SCTS: Final = "1.3.6.1.4.1.11129.2.4.2"

_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
_STATUS_REQUEST: Final = 5  # the TLS extension number that a "must staple" certificate asks for (RFC 7633)

# Read here, or (policies, revocation pointers) recognised and without effect on a TLS client's path. A client
# must refuse a certificate with a critical extension outside this list (RFC 5280 4.2).
_RECOGNISED: Final = frozenset(
    {
        SUBJECT_KEY_ID,
        KEY_USAGE,
        SUBJECT_ALT_NAME,
        BASIC_CONSTRAINTS,
        NAME_CONSTRAINTS,
        AUTHORITY_KEY_ID,
        EXTENDED_KEY_USAGE,
        AUTHORITY_INFO_ACCESS,
        TLS_FEATURE,
        "2.5.29.18",  # issuerAltName
        CRL_DISTRIBUTION_POINTS,
        "2.5.29.32",  # certificatePolicies
        "2.5.29.33",  # policyMappings
        "2.5.29.36",  # policyConstraints
        "2.5.29.46",  # freshestCRL
        "2.5.29.54",  # inhibitAnyPolicy
    }
)

_CODECS: Final = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, which nobody writes as T.61
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}

_COMMON_NAME: Final = "2.5.4.3"
_EMAIL_ADDRESS: Final = "1.2.840.113549.1.9.1"
_ATTRIBUTES: Final = {
    _COMMON_NAME: "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    _EMAIL_ADDRESS: "emailAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}

_KEY_USAGES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

_CURVES: Final = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
    "1.2.156.10197.1.301": ("sm2", 256),
}

_RSA, _RSA_PSS, _EC, _DSA = (
    "1.2.840.113549.1.1.1",
    "1.2.840.113549.1.1.10",
    "1.2.840.10045.2.1",
    "1.2.840.10040.4.1",
)
_KEY_KINDS: Final = {
    _RSA: ("rsa", None),
    _RSA_PSS: ("rsa-pss", None),
    _EC: ("ec", None),
    _DSA: ("dsa", None),
    "1.3.101.112": ("ed25519", 256),
    "1.3.101.113": ("ed448", 448),
    "2.16.840.1.101.3.4.3.17": ("ml-dsa-44", None),
    "2.16.840.1.101.3.4.3.18": ("ml-dsa-65", None),
    "2.16.840.1.101.3.4.3.19": ("ml-dsa-87", None),
}

# Object identifier -> (name, scheme, hash).
_SIGNATURES: Final[dict[str, tuple[str, str, str | None]]] = {
    "1.2.840.113549.1.1.2": ("md2WithRSAEncryption", "rsa", "md2"),
    "1.2.840.113549.1.1.3": ("md4WithRSAEncryption", "rsa", "md4"),
    "1.2.840.113549.1.1.4": ("md5WithRSAEncryption", "rsa", "md5"),
    "1.2.840.113549.1.1.5": ("sha1WithRSAEncryption", "rsa", "sha1"),
    "1.3.14.3.2.29": ("sha1WithRSA", "rsa", "sha1"),
    "1.2.840.113549.1.1.14": ("sha224WithRSAEncryption", "rsa", "sha224"),
    "1.2.840.113549.1.1.11": ("sha256WithRSAEncryption", "rsa", "sha256"),
    "1.2.840.113549.1.1.12": ("sha384WithRSAEncryption", "rsa", "sha384"),
    "1.2.840.113549.1.1.13": ("sha512WithRSAEncryption", "rsa", "sha512"),
    "1.2.840.10045.4.1": ("ecdsa-with-SHA1", "ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa-with-SHA224", "ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa-with-SHA256", "ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa-with-SHA384", "ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa-with-SHA512", "ecdsa", "sha512"),
    "1.2.840.10040.4.3": ("dsa-with-sha1", "dsa", "sha1"),
    "2.16.840.1.101.3.4.3.1": ("dsa-with-sha224", "dsa", "sha224"),
    "2.16.840.1.101.3.4.3.2": ("dsa-with-sha256", "dsa", "sha256"),
    "1.3.101.112": ("ed25519", "ed25519", None),
    "1.3.101.113": ("ed448", "ed448", None),
    "2.16.840.1.101.3.4.3.17": ("ml-dsa-44", "ml-dsa-44", None),
    "2.16.840.1.101.3.4.3.18": ("ml-dsa-65", "ml-dsa-65", None),
    "2.16.840.1.101.3.4.3.19": ("ml-dsa-87", "ml-dsa-87", None),
}
_HASHES: Final = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}

# GeneralName's choice by its tag (RFC 5280 4.2.1.6).
_DNS, _DIRECTORY, _URI, _IP = 0x82, 0xA4, 0x86, 0x87
_OTHER_NAMES: Final = {
    0xA0: "other",
    0x81: "email",
    0xA3: "x400",
    _DIRECTORY: "directory",
    0xA5: "edi",
    _URI: "uri",
    0x88: "registered_id",
}

T = TypeVar("T")

Name = tuple[bytes, ...]
"""A distinguished name for comparison: one value for each relative name, case and spaces folded."""


class CertificateError(DerError):
    """The bytes are not a certificate."""


class PublicKey(Struct, frozen=True):
    """The subject's public key; `bits` is the size that policies speak of (modulus, field)."""

    kind: str
    """`rsa`, `rsa-pss`, `ec`, `dsa`, `ed25519`, `ed448`, `ml-dsa-65`..., or `other`."""
    algorithm_oid: str
    bits: int | None
    curve: str | None
    spki: bytes
    spki_sha256: str

    def __repr__(self) -> str:
        return f"PublicKey({self.kind!r}, bits={self.bits}, curve={self.curve!r}, sha256={self.spki_sha256!r})"


class SignatureAlgorithm(Struct, frozen=True):
    """How the issuer signed; an algorithm that is not in our table has its dotted number as its name."""

    oid: str
    name: str
    scheme: str | None
    """`rsa`, `rsa-pss`, `ecdsa`, `dsa`, or the name of a scheme that needs no hash (`ed25519`...)."""
    hash_name: str | None
    """None where the scheme names no hash (Ed25519), or where it is not known."""
    mask_hash_name: str | None = None
    salt_length: int | None = None


class NameConstraints(Struct, frozen=True):
    """What a CA may name (RFC 5280 4.2.1.10); an address range is address and mask, of 4 or 16 bytes each."""

    critical: bool
    permitted_dns: tuple[str, ...] = ()
    excluded_dns: tuple[str, ...] = ()
    permitted_ip: tuple[tuple[bytes, bytes], ...] = ()
    excluded_ip: tuple[tuple[bytes, bytes], ...] = ()
    permitted_directory: tuple[Name, ...] = ()
    excluded_directory: tuple[Name, ...] = ()
    unsupported: frozenset[str] = frozenset()
    """Kinds of name that are constrained in a way we do not evaluate (`email`, `uri`, ...)."""


class Certificate(Struct, frozen=True):
    """One certificate; strings are as the server sent them, and whoever prints them escapes them."""

    der: bytes
    der_sha256: str
    version: int
    serial: str
    """Hexadecimal without leading zeros, with a minus sign when negative."""
    subject: str
    """RFC 4514 form, at most `MAX_NAME_CHARS` characters."""
    issuer: str
    subject_der: bytes
    issuer_der: bytes
    subject_name: Name
    issuer_name: Name
    common_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    key: PublicKey
    signature: SignatureAlgorithm
    has_san: bool
    dns_names: tuple[str, ...]
    """At most `MAX_NAMES` of them; `san_count` counts all names of all kinds."""
    ip_addresses: tuple[bytes, ...]
    other_names: frozenset[str]
    """Kinds of the remaining names (`email`, `uri`, ...), the subject's e-mail address included."""
    directory_names: tuple[Name, ...] | None
    """The directory names among the alternative names, None when one cannot be read; at most `MAX_NAMES`."""
    san_count: int
    is_ca: bool | None
    """None without (readable) basic constraints."""
    path_length: int | None
    key_usage: frozenset[str] | None
    extended_key_usage: frozenset[str] | None
    name_constraints: NameConstraints | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    ca_issuers: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    crl_urls: tuple[str, ...]
    """Where whole lists of the issuer's own are, for all reasons."""
    must_staple: bool
    unknown_critical: tuple[str, ...]
    self_issued: bool
    malformed: bool
    """One of the problems is such that clients refuse the certificate whatever it is used for."""
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Certificate(subject={self.subject!r}, serial={self.serial!r}, der_sha256={self.der_sha256!r})"


class SignedParts(NamedTuple):
    """The bytes that somebody signed, and the signature."""

    tbs: bytes
    signature: bytes


def parse_certificate(der: bytes) -> Certificate:
    """Read one certificate; raise `CertificateError` when its outer structure cannot be read."""
    try:
        return _read(der)
    except DerError as error:
        raise CertificateError(str(error)) from error


def _read(der: bytes) -> Certificate:
    outer = _open(der)
    tbs = outer.inside(SEQUENCE)
    outer_algorithm = outer.whole(SEQUENCE)
    bit_string(outer)
    outer.finish()

    problems = _Problems()
    body = _read_body(tbs, problems)
    if body.algorithm != outer_algorithm:
        problems.refuse("the signature algorithm is not the same inside and outside (RFC 5280 4.1.1.2)")
    subject, issuer = _read_name(body.subject), _read_name(body.issuer)
    extensions = body.extensions
    names = extensions.read(SUBJECT_ALT_NAME, _read_general_names)
    constraints = extensions.read(BASIC_CONSTRAINTS, _read_basic_constraints)
    access = extensions.read(AUTHORITY_INFO_ACCESS, _read_access) or {}
    others = names.others if names else frozenset[str]()
    if names:
        names.note_problems(problems)
    if subject.has_email:
        others |= {"email"}
    return Certificate(
        der=der,
        der_sha256=hashlib.sha256(der).hexdigest(),
        version=body.version,
        serial=body.serial,
        subject=subject.display,
        issuer=issuer.display,
        subject_der=body.subject,
        issuer_der=body.issuer,
        subject_name=subject.name,
        issuer_name=issuer.name,
        common_names=subject.common_names,
        not_before=body.not_before,
        not_after=body.not_after,
        key=body.key,
        signature=_read_signature_algorithm(body.algorithm, problems),
        has_san=SUBJECT_ALT_NAME in extensions.found,
        dns_names=names.dns if names else (),
        ip_addresses=names.ip if names else (),
        other_names=others,
        directory_names=names.directory if names else (),
        san_count=names.total if names else 0,
        is_ca=constraints[0] if constraints else None,
        path_length=constraints[1] if constraints else None,
        key_usage=extensions.read(KEY_USAGE, _read_key_usage),
        extended_key_usage=extensions.read(EXTENDED_KEY_USAGE, _read_purposes),
        name_constraints=_name_constraints(extensions),
        subject_key_id=extensions.read(SUBJECT_KEY_ID, _read_subject_key_id),
        authority_key_id=extensions.read(AUTHORITY_KEY_ID, _read_authority_key_id),
        ca_issuers=access.get(_CA_ISSUERS, ()),
        ocsp_urls=access.get(_OCSP, ()),
        crl_urls=_crl_urls(extensions, problems),
        must_staple=bool(extensions.read(TLS_FEATURE, _read_tls_feature)),
        unknown_critical=tuple(
            oid for oid, extension in extensions.found.items() if extension.critical and oid not in _RECOGNISED
        ),
        self_issued=subject.name == issuer.name,
        malformed=problems.malformed,
        problems=tuple(problems.sentences),
    )


def subject_name(der: bytes) -> Name:
    """Read only the subject's name: what an index of many anchors needs of each. Raises `CertificateError`."""
    try:
        tbs = _open(der).inside(SEQUENCE)
        if tbs.peek() == 0xA0:
            tbs.element()
        tbs.content(INTEGER)
        for _ in range(3):  # signature algorithm, issuer, validity
            tbs.content(SEQUENCE)
        return _read_name(tbs.whole(SEQUENCE)).name
    except DerError as error:
        raise CertificateError(str(error)) from error


def signed_parts(certificate: Certificate) -> SignedParts:
    """Give what `certificate`'s issuer signed and the signature, cut from the bytes when they are needed."""
    outer = _open(certificate.der)
    tbs = outer.whole(SEQUENCE)
    outer.element()
    return SignedParts(tbs, bit_string(outer))


def read_algorithm(der: bytes) -> SignatureAlgorithm:
    """Read an AlgorithmIdentifier with its tag and length, as lists and status responses have one. Raises DerError."""
    problems = _Problems()
    algorithm = _read_signature_algorithm(der, problems)
    if problems.malformed:
        raise DerError(problems.sentences[0])
    return algorithm


def read_name(der: bytes) -> Name:
    """Read a distinguished name with its tag and length for comparison. Raises DerError."""
    return _read_name(der).name


def name_text(der: bytes) -> str:
    """Read a distinguished name with its tag and length for people, in the form of RFC 4514. Raises DerError."""
    return _read_name(der).display


def key_bits(key: PublicKey) -> bytes:
    """The public key without its algorithm: what RFC 6960 and RFC 5280 4.2.1.2 take digests of. Raises DerError."""
    info = one_sequence(key.spki)
    info.inside(SEQUENCE)
    return bit_string(info)


def extension_value(certificate: Certificate, oid: str) -> bytes | None:
    """Give the raw value of an extension that this module does not read (such as embedded SCTs)."""
    tbs = _open(certificate.der).inside(SEQUENCE)
    while tbs.peek() not in (0xA3, -1):
        tbs.element()
    found = _read_extensions(tbs, certificate.version, _Problems()).found.get(oid)
    return found.value if found else None


class _Problems:
    """Sentences about what is wrong with one certificate."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.malformed = False

    def note(self, sentence: str) -> None:
        """Keep a fault that clients live with."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def refuse(self, sentence: str) -> None:
        """Keep a fault for which clients refuse the certificate."""
        self.note(sentence)
        self.malformed = True


class _Extension(NamedTuple):
    critical: bool
    value: bytes


class _Extensions:
    """The extensions by number, each read on its own."""

    def __init__(self, problems: _Problems) -> None:
        self.found: dict[str, _Extension] = {}
        self._problems = problems

    def read(self, oid: str, reader: Callable[[bytes], T]) -> T | None:
        """Read one extension; what its reader refuses becomes a problem and leaves the others as they are."""
        extension = self.found.get(oid)
        if extension is None:
            return None
        try:
            return reader(extension.value)
        except DerError as error:
            self._problems.refuse(f"extension {oid} cannot be read: {error}")
            return None


class _ReadName(NamedTuple):
    display: str
    name: Name
    common_names: tuple[str, ...]
    has_email: bool


class _Body(NamedTuple):
    """The signed part of a certificate (TBSCertificate), its names and extensions still as bytes."""

    version: int
    serial: str
    algorithm: bytes
    issuer: bytes
    not_before: datetime
    not_after: datetime
    subject: bytes
    key: PublicKey
    extensions: _Extensions


class _GeneralNames(NamedTuple):
    dns: tuple[str, ...]
    ip: tuple[bytes, ...]
    others: frozenset[str]
    directory: tuple[Name, ...] | None
    total: int
    bad_addresses: int
    not_ascii: int

    def note_problems(self, problems: _Problems) -> None:
        """Put what is odd about the names into words."""
        if self.total > MAX_NAMES:
            problems.note(f"{self.total} alternative names; the first {MAX_NAMES} are read")
        if self.total == 0:
            problems.note("a subject alternative name extension without a name")
        if self.bad_addresses:
            problems.note("an IP address that is neither 4 nor 16 bytes long")
        if self.not_ascii:
            problems.note("a DNS name with characters outside ASCII")


def _open(der: bytes) -> Reader:
    if len(der) > MAX_DER_BYTES:
        raise DerError(f"more than {MAX_DER_BYTES} bytes")
    return one_sequence(der)


def _dotted(content: bytes) -> str:
    return _DOTTED.get(content) or dotted(content)


_DOTTED: Final = {
    encoded(oid): oid
    for oid in (
        *_RECOGNISED,
        *_ATTRIBUTES,
        *_CURVES,
        *_KEY_KINDS,
        *_SIGNATURES,
        *_HASHES,
        _OCSP,
        _CA_ISSUERS,
        SERVER_AUTH,
        "1.3.6.1.5.5.7.3.2",  # clientAuth
        OCSP_SIGNING,
        EMBEDDED_SCTS,
    )
}


def _read_body(tbs: Reader, problems: _Problems) -> _Body:
    version = _read_version(tbs, problems)
    serial = _read_serial(tbs.content(INTEGER), problems)
    algorithm = tbs.whole(SEQUENCE)
    issuer = tbs.whole(SEQUENCE)
    validity = tbs.inside(SEQUENCE)
    not_before, not_after = read_time(validity), read_time(validity)
    validity.finish()
    if not_after < not_before:
        problems.note("the validity ends before it begins")
    subject = tbs.whole(SEQUENCE)
    key = _read_public_key(tbs.whole(SEQUENCE), problems)
    extensions = _read_extensions(tbs, version, problems)
    return _Body(version, serial, algorithm, issuer, not_before, not_after, subject, key, extensions)


def _read_version(tbs: Reader, problems: _Problems) -> int:
    if tbs.peek() != 0xA0:
        return 1
    wrapper = tbs.inside(0xA0)
    version = small_integer(wrapper.content(INTEGER)) + 1
    wrapper.finish()
    if version not in (1, 2, 3):
        problems.refuse(f"version {version}, where 3 is the highest")
    return version


def _read_serial(content: bytes, problems: _Problems) -> str:
    if not content:
        raise DerError("an empty serial number")
    if len(content) > 20:
        problems.note("a serial number longer than 20 bytes (RFC 5280 4.1.2.2)")
    if content[0] & 0x80 or not any(content):
        problems.note("a serial number that is not positive (RFC 5280 4.1.2.2)")
    return f"{int.from_bytes(content[:MAX_SERIAL_BYTES], 'big', signed=True):x}"


def _read_name(der: bytes) -> _ReadName:
    """Read a name; those of authorities come again with every service, so the last are remembered."""
    return _read_name_anew(der) if len(der) > MAX_KEPT_NAME_BYTES else _read_kept_name(der)


def _read_name_anew(der: bytes) -> _ReadName:
    relative_names: list[str] = []
    folded: list[bytes] = []
    common_names: list[str] = []
    has_email = False
    attributes = 0
    sequence = one_sequence(der)
    while sequence.at < sequence.end:
        members = sequence.inside(SET)
        shown: list[str] = []
        compared: list[bytes] = []
        while members.at < members.end:
            attributes += 1
            if attributes > MAX_ATTRIBUTES:
                raise DerError(f"a name of more than {MAX_ATTRIBUTES} attributes")
            attribute = members.inside(SEQUENCE)
            number = attribute.content(OID)
            oid = _dotted(number)
            begin = attribute.at
            tag, start, stop = attribute.element()
            attribute.finish()
            text = _decode(tag, der[start:stop])
            shown.append(_display(oid, text, der[begin:stop]))
            compared.append(number + b"\0" + (der[begin:stop] if text is None else _fold(text)))
            has_email |= oid == _EMAIL_ADDRESS
            if oid == _COMMON_NAME and text is not None:
                common_names.append(text[:MAX_NAME_CHARS])
        relative_names.append("+".join(shown))
        folded.append(b"\0\0".join(sorted(compared)))
    # RFC 4514 2.1 writes the most specific part first, the reverse of the encoding.
    display = ",".join(reversed(relative_names))
    if len(display) > MAX_NAME_CHARS:
        display = display[: MAX_NAME_CHARS - 1] + "…"
    return _ReadName(display, tuple(folded), tuple(common_names), has_email)


MAX_KEPT_NAME_BYTES: Final = 1024
_read_kept_name = lru_cache(maxsize=256)(_read_name_anew)


def _decode(tag: int, content: bytes) -> str | None:
    codec = _CODECS.get(tag)
    if codec is None:
        return None
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _fold(text: str) -> bytes:
    """Fold what names may differ in and still be the same name (RFC 5280 7.1): case, spaces, string type."""
    return " ".join(text.split()).lower().encode()


def _display(oid: str, text: str | None, raw: bytes) -> str:
    kind = _ATTRIBUTES.get(oid)
    if kind is None or text is None:
        return f"{kind or oid}=#{raw[:MAX_NAME_CHARS].hex()}"
    return f"{kind}={_escape(text[:MAX_NAME_CHARS])}"


def _escape(text: str) -> str:
    """Escape what RFC 4514 2.4 asks for, and nothing else: controls and the like stay data."""
    if text.isalnum():
        return text
    escaped = text.translate(_ESCAPES)
    if text[:1] in (" ", "#"):
        escaped = "\\" + escaped
    if len(text) > 1 and text[-1] == " ":
        escaped = escaped[:-1] + "\\ "
    return escaped


_ESCAPES: Final = str.maketrans({**{special: "\\" + special for special in '"+,;<>\\'}, "\0": "\\00"})


def _read_public_key(spki: bytes, problems: _Problems) -> PublicKey:
    sequence = one_sequence(spki)
    algorithm = sequence.inside(SEQUENCE)
    oid = _dotted(algorithm.content(OID))
    key = bit_string(sequence)
    sequence.finish()
    kind, bits = _KEY_KINDS.get(oid, ("other", None))
    curve: str | None = None
    try:
        if kind in {"rsa", "rsa-pss"}:
            bits = int.from_bytes(one_sequence(key).content(INTEGER), "big").bit_length()
        elif kind == "dsa":
            bits = int.from_bytes(algorithm.inside(SEQUENCE).content(INTEGER), "big").bit_length()
        elif kind == "ec" and algorithm.peek() == OID:
            curve_oid = _dotted(algorithm.content(OID))
            curve, bits = _CURVES.get(curve_oid, (curve_oid, _point_bits(key)))
        elif kind == "ec":
            bits = _point_bits(key)
            problems.note("an elliptic curve that is written out instead of named (RFC 5480 2.1.1)")
    except DerError as error:
        problems.note(f"the public key cannot be read: {error}")
    return PublicKey(kind, oid, bits, curve, spki, hashlib.sha256(spki).hexdigest())


def rsa_numbers(key: PublicKey) -> tuple[int, int] | None:
    """Modulus and public exponent of an RSA key; None for another key, or one that cannot be read."""
    if key.kind not in {"rsa", "rsa-pss"}:
        return None
    try:
        sequence = one_sequence(key.spki)
        sequence.inside(SEQUENCE)
        numbers = one_sequence(bit_string(sequence))
        modulus, exponent = numbers.content(INTEGER), numbers.content(INTEGER)
    except DerError:
        return None
    return int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")


def _point_bits(point: bytes) -> int | None:
    """Estimate the field's size, to the byte, from the length of a point on an unknown curve."""
    if point[:1] == b"\x04":
        return (len(point) - 1) // 2 * 8
    return (len(point) - 1) * 8 if point[:1] in (b"\x02", b"\x03") else None


def _read_signature_algorithm(der: bytes, problems: _Problems) -> SignatureAlgorithm:
    sequence = one_sequence(der)
    oid = _dotted(sequence.content(OID))
    if oid != _RSA_PSS:
        name, scheme, hash_name = _SIGNATURES.get(oid, (oid, None, None))
        return SignatureAlgorithm(oid, name, scheme, hash_name)
    try:
        return _read_pss(sequence)
    except DerError as error:
        problems.refuse(f"the signature's parameters cannot be read: {error}")
        return SignatureAlgorithm(oid, "rsassaPss", None, None)


def _read_pss(parameters: Reader) -> SignatureAlgorithm:
    """Read RSASSA-PSS parameters (RFC 4055 3.1), whose defaults are SHA-1 throughout."""
    hash_oid = mask_oid = "1.3.14.3.2.26"
    salt_length = 20
    if parameters.peek() == SEQUENCE:
        fields = parameters.inside(SEQUENCE)
        if fields.peek() == 0xA0:
            hash_oid = _dotted(fields.inside(0xA0).inside(SEQUENCE).content(OID))
        if fields.peek() == 0xA1:
            mask = fields.inside(0xA1).inside(SEQUENCE)
            mask.content(OID)
            mask_oid = _dotted(mask.inside(SEQUENCE).content(OID))
        if fields.peek() == 0xA2:
            salt_length = small_integer(fields.inside(0xA2).content(INTEGER))
    return SignatureAlgorithm(
        _RSA_PSS, "rsassaPss", "rsa-pss", _HASHES.get(hash_oid), _HASHES.get(mask_oid), salt_length
    )


def _read_extensions(tbs: Reader, version: int, problems: _Problems) -> _Extensions:
    """Split the extensions from each other (RFC 5280 4.1.2.9), unread."""
    extensions = _Extensions(problems)
    for unique_id in (0x81, 0x82):
        if tbs.peek() == unique_id:
            tbs.element()
    if tbs.peek() == -1:
        return extensions
    wrapper = tbs.inside(0xA3)
    tbs.finish()
    sequence = wrapper.inside(SEQUENCE)
    wrapper.finish()
    if version < 3:
        problems.note(f"extensions in a certificate of version {version}")
    count = 0
    while sequence.at < sequence.end:
        count += 1
        if count > MAX_EXTENSIONS:
            raise DerError(f"more than {MAX_EXTENSIONS} extensions")
        fields = sequence.inside(SEQUENCE)
        oid = _dotted(fields.content(OID))
        critical = fields.peek() == BOOLEAN and any(fields.content(BOOLEAN))
        value = fields.content(OCTET_STRING)
        fields.finish()
        if oid in extensions.found:
            problems.refuse(f"extension {oid} appears more than once (RFC 5280 4.2)")
        else:
            extensions.found[oid] = _Extension(critical, value)
    return extensions


def _read_basic_constraints(value: bytes) -> tuple[bool, int | None]:
    sequence = one_sequence(value)
    is_ca = sequence.peek() == BOOLEAN and any(sequence.content(BOOLEAN))
    path_length = small_integer(sequence.content(INTEGER)) if sequence.peek() == INTEGER else None
    sequence.finish()
    return is_ca, path_length


def _read_key_usage(value: bytes) -> frozenset[str]:
    reader = Reader(value, 0, len(value))
    content = reader.content(BIT_STRING)
    reader.finish()
    if not content or content[0] > 7:
        raise DerError("a bit string without its count of unused bits")
    bits = content[1:]
    return frozenset(
        usage
        for number, usage in enumerate(_KEY_USAGES)
        if number // 8 < len(bits) and bits[number // 8] & 0x80 >> number % 8
    )


def _read_purposes(value: bytes) -> frozenset[str]:
    sequence = one_sequence(value)
    purposes: set[str] = set()
    count = 0
    while sequence.at < sequence.end:
        count += 1
        if count > MAX_PURPOSES:
            raise DerError(f"more than {MAX_PURPOSES} purposes")
        purposes.add(_dotted(sequence.content(OID)))
    return frozenset(purposes)


def _read_subject_key_id(value: bytes) -> bytes:
    reader = Reader(value, 0, len(value))
    content = reader.content(OCTET_STRING)
    reader.finish()
    return content


def _read_authority_key_id(value: bytes) -> bytes | None:
    sequence = one_sequence(value)
    return sequence.content(0x80) if sequence.peek() == 0x80 else None


def _read_tls_feature(value: bytes) -> bool:
    """Say whether the features asked for (RFC 7633) include a stapled certificate status."""
    sequence = one_sequence(value)
    asked = False
    while sequence.at < sequence.end:
        asked |= small_integer(sequence.content(INTEGER)) == _STATUS_REQUEST
    return asked


def _read_general_names(value: bytes) -> _GeneralNames:
    dns: list[str] = []
    ip: list[bytes] = []
    others: set[str] = set()
    directory: list[Name | None] = []
    count = bad_addresses = not_ascii = 0
    sequence = one_sequence(value)
    while sequence.at < sequence.end:
        tag, start, stop = sequence.element()
        count += 1
        if tag not in (_DNS, _IP):
            kind = _OTHER_NAMES.get(tag)
            if kind is None:
                raise DerError(f"a name of unknown kind {tag:#04x}")
            others.add(kind)
            if tag == _DIRECTORY and count <= MAX_NAMES:
                directory.append(_directory_name(value[start:stop]))
        elif count > MAX_NAMES:
            continue
        elif tag == _DNS:
            content = value[start:stop]
            not_ascii += not content.isascii()
            dns.append(content.decode("latin-1"))
        elif stop - start in (4, 16):
            ip.append(value[start:stop])
        else:
            bad_addresses += 1
    readable = tuple(name for name in directory if name is not None)
    kept = readable if len(readable) == len(directory) else None
    return _GeneralNames(tuple(dns), tuple(ip), frozenset(others), kept, count, bad_addresses, not_ascii)


def _directory_name(der: bytes) -> Name | None:
    """A directory name, None when it cannot be read: that costs the certificate none of its other names."""
    try:
        return _read_name(der).name
    except DerError:
        return None


def _read_access(value: bytes) -> dict[str, tuple[str, ...]]:
    """Read the URLs of an authority information access extension (RFC 5280 4.2.2.1) by access method."""
    urls: dict[str, tuple[str, ...]] = {_OCSP: (), _CA_ISSUERS: ()}
    sequence = one_sequence(value)
    while sequence.at < sequence.end:
        description = sequence.inside(SEQUENCE)
        method = _dotted(description.content(OID))
        tag, start, stop = description.element()
        description.finish()
        known = urls.get(method)
        if known is not None and tag == _URI and len(known) < MAX_URLS and stop - start <= MAX_URL_CHARS:
            urls[method] = (*known, value[start:stop].decode("latin-1"))
    return urls


def _crl_urls(extensions: _Extensions, problems: _Problems) -> tuple[str, ...]:
    """Read where revocation lists are; what cannot be read there is no reason for clients to refuse a certificate."""
    extension = extensions.found.get(CRL_DISTRIBUTION_POINTS)
    if extension is None:
        return ()
    try:
        return _read_distribution_points(extension.value)
    except DerError as error:
        problems.note(f"extension {CRL_DISTRIBUTION_POINTS} cannot be read: {error}")
        return ()


def _read_distribution_points(value: bytes) -> tuple[str, ...]:
    """Read the URLs of distribution points (RFC 5280 4.2.1.13), but for lists of some reasons only or of another issuer."""
    urls: list[str] = []
    points = one_sequence(value)
    while points.more:
        point = points.inside(SEQUENCE)
        names = point.inside(0xA0) if point.peek() == 0xA0 else None
        if point.more or names is None or names.peek() != 0xA0:
            continue
        full_name = names.inside(0xA0)
        while full_name.more:
            tag, start, stop = full_name.element()
            if tag == _URI and len(urls) < MAX_URLS and stop - start <= MAX_URL_CHARS:
                urls.append(value[start:stop].decode("latin-1"))
    return tuple(urls)


class _Subtrees(NamedTuple):
    dns: tuple[str, ...]
    ip: tuple[tuple[bytes, bytes], ...]
    directory: tuple[Name, ...]
    unsupported: frozenset[str]


def _name_constraints(extensions: _Extensions) -> NameConstraints | None:
    """Read the name constraints (RFC 5280 4.2.1.10) and whether they are critical, as they must be."""
    subtrees = extensions.read(NAME_CONSTRAINTS, _read_name_constraints)
    if subtrees is None:
        return None
    permitted, excluded = subtrees
    return NameConstraints(
        critical=extensions.found[NAME_CONSTRAINTS].critical,
        permitted_dns=permitted.dns,
        excluded_dns=excluded.dns,
        permitted_ip=permitted.ip,
        excluded_ip=excluded.ip,
        permitted_directory=permitted.directory,
        excluded_directory=excluded.directory,
        unsupported=permitted.unsupported | excluded.unsupported,
    )


def _read_name_constraints(value: bytes) -> tuple[_Subtrees, _Subtrees]:
    sequence = one_sequence(value)
    permitted = _read_subtrees(sequence, 0xA0)
    excluded = _read_subtrees(sequence, 0xA1)
    sequence.finish()
    return permitted, excluded


def _read_subtrees(sequence: Reader, tag: int) -> _Subtrees:
    dns: list[str] = []
    ip: list[tuple[bytes, bytes]] = []
    directory: list[Name] = []
    unsupported: set[str] = set()
    subtrees = sequence.inside(tag) if sequence.peek() == tag else Reader(b"", 0, 0)
    count = 0
    while subtrees.at < subtrees.end:
        count += 1
        if count > MAX_SUBTREES:
            raise DerError(f"more than {MAX_SUBTREES} constraints")
        subtree = subtrees.inside(SEQUENCE)
        kind, start, stop = subtree.element()
        subtree.finish()  # a minimum or maximum must not be there (RFC 5280 4.2.1.10)
        content = subtree.data[start:stop]
        if kind == _DNS:
            dns.append(content.decode("latin-1"))
        elif kind == _IP:
            ip.append(_address_range(content))
        elif kind == _DIRECTORY:
            directory.append(_read_name(content).name)
        else:
            unsupported.add(_OTHER_NAMES.get(kind, "other"))
    return _Subtrees(tuple(dns), tuple(ip), tuple(directory), frozenset(unsupported))


def _address_range(content: bytes) -> tuple[bytes, bytes]:
    if len(content) not in (8, 32):
        raise DerError("an address range that is neither 8 nor 32 bytes long")
    half = len(content) // 2
    host_bits = int.from_bytes(bytes(octet ^ 0xFF for octet in content[half:]), "big")
    if host_bits & (host_bits + 1):
        raise DerError("an address mask that is not a prefix")
    return content[:half], content[half:]
