"""The demo's certification authority: one root, one intermediate, and leaves with chosen faults.

Keys are EC P-256, made afresh each time: making one takes less than a millisecond, and no private key ever
needs to be kept. Certificates follow RFC 5280 closely (key identifiers, critical basic constraints, key
usage), so that a strict verifier rejects only what a `Recipe` spoils on purpose.
"""

import enum
import ssl
import tempfile
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

AGENCY = "Pemerintah Kota Contoh"


class Sent(enum.Enum):
    """What the server sends after its leaf; RFC 8446 4.4.2 wants issuers in order, the root left out."""

    INTERMEDIATE = "intermediate"
    NOTHING = "nothing"
    INTERMEDIATE_AND_ROOT = "intermediate and root"
    ROOT_THEN_INTERMEDIATE = "root, then intermediate"


class Recipe(msgspec.Struct, frozen=True):
    """How to make one server's certificate; the defaults make a good one."""

    names: tuple[str, ...]
    sent: Sent = Sent.INTERMEDIATE
    age: timedelta = timedelta(days=30)
    left: timedelta = timedelta(days=60)
    """Time from now until notAfter; negative for a certificate that has expired."""
    self_signed: bool = False


class Credentials(msgspec.Struct, frozen=True):
    """A private key and the certificates a server sends with it, leaf first."""

    key: ec.EllipticCurvePrivateKey
    certificates: tuple[x509.Certificate, ...]

    def server_context(self, scratch: Path, *, old: bool = False) -> ssl.SSLContext:
        """A TLS server context (TLS 1.2 and 1.3, ALPN http/1.1) with these credentials; `old`, one that nobody has touched
        for ten years (TLS 1.0, CBC).

        `ssl` takes keys from files only, so the key stands in a 0600 file under `scratch` for a moment.
        OpenSSL sends the certificates exactly as listed: it completes a chain only from a trust store, and a
        server context has none.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that is what `old` is for
            context.minimum_version = ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AES:@SECLEVEL=0" if old else "ECDHE+AESGCM:ECDHE+CHACHA20")
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile(dir=scratch, prefix="demo-", suffix=".pem") as file:
            file.write(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.writelines(certificate.public_bytes(Encoding.PEM) for certificate in self.certificates)
            file.flush()
            context.load_cert_chain(file.name)
        return context


class Authority(msgspec.Struct, frozen=True):
    """A root, the intermediate under it that signs every leaf, and the moment they count from."""

    now: datetime
    root: x509.Certificate
    intermediate: x509.Certificate
    intermediate_key: ec.EllipticCurvePrivateKey
    ca_issuers_url: str
    """Where leaves say their issuer can be fetched (RFC 5280 4.2.2.1)."""

    @property
    def root_pem(self) -> bytes:
        """The trust anchor, as clients of the estate need it."""
        return self.root.public_bytes(Encoding.PEM)

    @property
    def intermediate_der(self) -> bytes:
        """What belongs at `ca_issuers_url`: one certificate in DER."""
        return self.intermediate.public_bytes(Encoding.DER)

    def issue(self, recipe: Recipe) -> Credentials:
        """A new key and a certificate for `recipe.names`, with the chain the recipe asks for."""
        key = _new_key()
        subject = _name(recipe.names[0])
        # An expired certificate has lived its life before it ended, so `age` counts back from that end.
        end = self.now + recipe.left
        begin = min(self.now, end) - recipe.age
        builder = (
            _builder(subject, key, begin, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in recipe.names]), critical=False)
        )
        if recipe.self_signed:
            leaf = (
                builder.issuer_name(subject)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
                .sign(key, hashes.SHA256())
            )
            return Credentials(key, (leaf,))
        leaf = (
            builder.issuer_name(self.intermediate.subject)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.intermediate_key.public_key()),
                critical=False,
            )
            .add_extension(_ca_issuers(self.ca_issuers_url), critical=False)
            .sign(self.intermediate_key, hashes.SHA256())
        )
        return Credentials(key, (leaf, *self._sent(recipe.sent)))

    def _sent(self, sent: Sent) -> tuple[x509.Certificate, ...]:
        match sent:
            case Sent.INTERMEDIATE:
                return (self.intermediate,)
            case Sent.NOTHING:
                return ()
            case Sent.INTERMEDIATE_AND_ROOT:
                return (self.intermediate, self.root)
            case Sent.ROOT_THEN_INTERMEDIATE:
                return (self.root, self.intermediate)


def found_authority(now: datetime, ca_issuers_url: str) -> Authority:
    """A new root (ten years) and intermediate (five years), both begun a year before `now`."""
    begin = now - timedelta(days=365)
    root_key, intermediate_key = _new_key(), _new_key()
    root_name = _name("CA Induk Demo Pindai")
    root_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    root = (
        _builder(root_name, root_key, begin, begin + timedelta(days=3650))
        .issuer_name(root_name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(root_identifier, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    intermediate = (
        _builder(_name("CA Antara Demo Pindai"), intermediate_key, begin, begin + timedelta(days=1825))
        .issuer_name(root_name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(root_identifier, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return Authority(now, root, intermediate, intermediate_key, ca_issuers_url)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ID"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, AGENCY),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _ca_issuers(url: str) -> x509.AuthorityInformationAccess:
    location = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)])
