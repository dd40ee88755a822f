"""A small certificate factory for tests: valid by default, so that each test changes one thing.

`root()`, `intermediate()` and `leaf()` give an `Entity` (certificate and key). Keys are made once a session
and shared by their label. `resign` builds what the library's builder refuses: it edits a certificate's parts
as raw DER and signs them again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from itertools import count
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | dsa.DSAPrivateKey
)

_MAKERS: Final[dict[str, Callable[[], PrivateKey]]] = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "dsa": lambda: dsa.generate_private_key(1024),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}
_serials = count(1000)


@cache
def key(kind: str = "ec", label: str = "") -> PrivateKey:
    """Make a key of this kind, or give the one made before under this label."""
    return _MAKERS[kind]()


@dataclass(frozen=True)
class Entity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        form = PrivateFormat.PKCS8
        return self.key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


Extension = tuple[x509.ExtensionType, bool]

KEY_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def name(common_name: str | None, organisation: str | None = None) -> x509.Name:
    """Give a distinguished name of at most two parts."""
    parts = []
    if organisation is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    if common_name is not None:
        parts.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    return x509.Name(parts)


def usage(*names: str) -> x509.KeyUsage:
    """Give a key usage extension with these bits set."""
    return x509.KeyUsage(**{usage: usage in names for usage in KEY_USAGES})


def san(dns: Iterable[str] = (), ip: Iterable[str] = ()) -> x509.SubjectAlternativeName:
    """Give a subject alternative name extension."""
    return x509.SubjectAlternativeName(
        [*(x509.DNSName(it) for it in dns), *(x509.IPAddress(ip_address(it)) for it in ip)]
    )


def access(ca_issuers: Iterable[str] = (), ocsp: Iterable[str] = ()) -> x509.AuthorityInformationAccess:
    """Give an authority information access extension."""
    methods = AuthorityInformationAccessOID
    pairs = [*((methods.CA_ISSUERS, url) for url in ca_issuers), *((methods.OCSP, url) for url in ocsp)]
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in pairs]
    )


def certificate(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    public: PrivateKey,
    signer: PrivateKey,
    extensions: Sequence[Extension] = (),
    not_before: datetime = NOW - 30 * DAY,
    not_after: datetime = NOW + 60 * DAY,
    serial: int | None = None,
    signature_hash: hashes.HashAlgorithm | None = None,
    rsa_padding: padding.PSS | None = None,
) -> Entity:
    """Sign exactly what is given, without defaults of its own but the dates."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public.public_key())
        .serial_number(next(_serials) if serial is None else serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    hashless = isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    algorithm = None if hashless else signature_hash or hashes.SHA256()
    return Entity(builder.sign(signer, algorithm, rsa_padding=rsa_padding), public)  # type: ignore[arg-type]  # any hash that the test names


def root(
    common_name: str = "Test Root",
    *,
    organisation: str = "Test Trust",
    key: PrivateKey | None = None,
    path_length: int | None = None,
    extra: Sequence[Extension] = (),
    not_before: datetime = NOW - 3650 * DAY,
    not_after: datetime = NOW + 3650 * DAY,
    signature_hash: hashes.HashAlgorithm | None = None,
    **overrides: Extension | None,
) -> Entity:
    """Make a self-signed authority."""
    own = key or _shared("ec", common_name)
    subject = name(common_name, organisation)
    return certificate(
        subject=subject,
        issuer=subject,
        public=own,
        signer=own,
        extensions=_extensions(_authority(own, own, path_length), overrides, extra),
        not_before=not_before,
        not_after=not_after,
        signature_hash=signature_hash,
    )


def intermediate(
    issuer: Entity,
    common_name: str = "Test Intermediate",
    *,
    key: PrivateKey | None = None,
    path_length: int | None = None,
    extra: Sequence[Extension] = (),
    not_before: datetime = NOW - 365 * DAY,
    not_after: datetime = NOW + 365 * DAY,
    signature_hash: hashes.HashAlgorithm | None = None,
    rsa_padding: padding.PSS | None = None,
    **overrides: Extension | None,
) -> Entity:
    """Make an authority under `issuer`; with the name and key of another authority it is a cross-sign."""
    own = key or _shared("ec", common_name)
    return certificate(
        subject=name(common_name, "Test Trust"),
        issuer=issuer.certificate.subject,
        public=own,
        signer=issuer.key,
        extensions=_extensions(_authority(own, issuer.key, path_length), overrides, extra),
        not_before=not_before,
        not_after=not_after,
        signature_hash=signature_hash,
        rsa_padding=rsa_padding,
    )


def leaf(
    issuer: Entity | None,
    dns: Iterable[str] = ("www.example.test",),
    ip: Iterable[str] = (),
    *,
    subject: x509.Name | None = None,
    key: PrivateKey | None = None,
    extra: Sequence[Extension] = (),
    not_before: datetime = NOW - 30 * DAY,
    not_after: datetime = NOW + 60 * DAY,
    serial: int | None = None,
    signature_hash: hashes.HashAlgorithm | None = None,
    rsa_padding: padding.PSS | None = None,
    **overrides: Extension | None,
) -> Entity:
    """Make a server's certificate, self-signed without an issuer.

    `overrides` replace default extensions by name (`basic`, `usage`, `purpose`, `san`, `ski`, `aki`), None
    leaves one out; `extra` adds more.
    """
    own = key or _shared("ec", "leaf")
    signer = issuer.key if issuer else own
    dns = tuple(dns)
    own_name = subject if subject is not None else name(dns[0][:64] if dns else None)
    defaults: dict[str, Extension] = {
        "basic": (x509.BasicConstraints(ca=False, path_length=None), True),
        "usage": (usage("digital_signature", "key_encipherment"), True),
        "purpose": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        "san": (san(dns, ip), False),
        "ski": (x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False),
        "aki": (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    }
    return certificate(
        subject=own_name,
        issuer=issuer.certificate.subject if issuer else own_name,
        public=own,
        signer=signer,
        extensions=_extensions(defaults, overrides, extra),
        not_before=not_before,
        not_after=not_after,
        serial=serial,
        signature_hash=signature_hash,
        rsa_padding=rsa_padding,
    )


def _shared(kind: str, label: str) -> PrivateKey:
    return key(kind, label)


def _authority(own: PrivateKey, signer: PrivateKey, path_length: int | None) -> dict[str, Extension]:
    return {
        "basic": (x509.BasicConstraints(ca=True, path_length=path_length), True),
        "usage": (usage("key_cert_sign", "crl_sign"), True),
        "ski": (x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False),
        "aki": (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    }


def _extensions(
    defaults: dict[str, Extension], overrides: dict[str, Extension | None], extra: Sequence[Extension]
) -> list[Extension]:
    merged = {**defaults, **overrides}
    return [*(extension for extension in merged.values() if extension is not None), *extra]


def tlv(tag: int, *parts: bytes) -> bytes:
    """Encode one DER element."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def elements(der: bytes) -> list[bytes]:
    """Split the content of one DER element into the elements it holds."""
    whole = _content(der)
    found = []
    while whole:
        size = len(whole) - len(_after(whole))
        found.append(whole[:size])
        whole = whole[size:]
    return found


def _header(der: bytes) -> tuple[int, int]:
    if der[1] < 0x80:
        return 2, der[1]
    size = der[1] & 0x7F
    return 2 + size, int.from_bytes(der[2 : 2 + size], "big")


def _content(der: bytes) -> bytes:
    start, length = _header(der)
    return der[start : start + length]


def _after(der: bytes) -> bytes:
    start, length = _header(der)
    return der[start + length :]


VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, SPKI, EXTENSIONS = range(8)
"""Places in the list that `resign`'s edit gets, for a certificate of version 3."""


def resign(der: bytes, signer: PrivateKey, edit: Callable[[list[bytes]], None]) -> bytes:
    """Edit the parts of a certificate's signed body as DER, and sign it again with SHA-256."""
    tbs, algorithm, _ = elements(der)
    parts = elements(tbs)
    edit(parts)
    body = tlv(0x30, *parts)
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        signature = signer.sign(body, ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(signer, rsa.RSAPrivateKey)
        signature = signer.sign(body, padding.PKCS1v15(), hashes.SHA256())
    return tlv(0x30, body, algorithm, tlv(0x03, b"\0", signature))


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    """Encode one extension with any value."""
    oid = x509.ObjectIdentifier(dotted)
    encoded = elements(x509.Name([x509.NameAttribute(oid, "x")]).public_bytes())[0]
    number = elements(elements(encoded)[0])[0]
    return tlv(0x30, number, b"\x01\x01\xff" if critical else b"", tlv(0x04, value))


def with_extensions(*added: bytes) -> Callable[[list[bytes]], None]:
    """Give an edit for `resign` that appends extensions without a look at them."""

    def edit(parts: list[bytes]) -> None:
        present = elements(elements(parts[EXTENSIONS])[0])
        parts[EXTENSIONS] = tlv(0xA3, tlv(0x30, *present, *added))

    return edit
