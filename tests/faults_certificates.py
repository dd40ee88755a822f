"""Certificates that hurt a reader: hostile names, odd numbers and times, too much of everything.

Each is presented by a server that is otherwise in order (`whole(HSTS)` over TLS). Unless a case says otherwise the leaf is
for *.fault.test, is signed by the harness's CA and is good for a day. What a library's builder refuses is put together as
DER by hand and signed again (`pki.resign`). All are entered when this module is imported.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import faults
import faults_tls
import pki
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from faults import HSTS, Reader, Serve, answer, register, register_secure, whole
from OpenSSL import SSL
from pki import Entity, PrivateKey, tlv

DNS_NAMES = ("fault.test", "*.fault.test")
NOT_BEFORE = datetime.now(UTC) - timedelta(hours=1)
NOT_AFTER = NOT_BEFORE + timedelta(days=1)

ANSI = "\x1b[31m\x1b]0;owned\x07"
BIDI = "\u202egpj.exe\u2066\u200f"
HTML = "<script>alert(1)</script>"
FORMULA = '=cmd|"/C calc"!A1'
UTF8, IA5, PRINTABLE = 0x0C, 0x16, 0x13


@cache
def authority() -> Entity:
    """The harness's CA."""
    key = serialization.load_pem_private_key(faults.ca_key_pem().encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Entity(x509.load_pem_x509_certificate(faults.ca_pem().encode()), key)


@cache
def key(kind: str = "ec") -> PrivateKey:
    """One key of each kind for all leaves."""
    if kind == "p521":
        return ec.generate_private_key(ec.SECP521R1())
    if kind == "rsa1024":
        return rsa.generate_private_key(65537, 1024)
    return pki.key(kind, "hostile")


def leaf(**changes: object) -> Entity:
    """A good leaf but for the changes."""
    given = {"issuer": authority(), "dns": DNS_NAMES, "subject": pki.name("fault.test"), "key": key()}
    given |= {"not_before": NOT_BEFORE, "not_after": NOT_AFTER} | changes
    return pki.leaf(**given)  # type: ignore[arg-type]  # checked by the cases


def edited(place: int, der: bytes) -> bytes:
    """The good leaf with one part replaced by this DER, signed again by the CA."""

    def edit(parts: list[bytes]) -> None:
        parts[place] = der

    return pki.resign(leaf().der, authority().key, edit)


def extended(*extensions: bytes, **changes: object) -> bytes:
    """The good leaf with extensions added as DER, signed again by the CA."""
    return pki.resign(leaf(**changes).der, authority().key, with_extensions(*extensions))


def with_extensions(*added: bytes) -> Callable[[list[bytes]], None]:
    return pki.with_extensions(*added)


def subject(*attributes: tuple[str, int, bytes]) -> bytes:
    """A distinguished name of these attributes: object identifier, type of string, octets."""
    return tlv(0x30, *(tlv(0x31, tlv(0x30, _oid(oid), tlv(tag, octets))) for oid, tag, octets in attributes))


def _oid(dotted: str) -> bytes:
    return pki.elements(pki.extension(dotted, b""))[0]


ORGANISATION, COMMON_NAME = "2.5.4.10", "2.5.4.3"


def common_name(octets: bytes, tag: int = UTF8) -> bytes:
    """A distinguished name with an organisation and this common name."""
    return subject((ORGANISATION, UTF8, b"Fault"), (COMMON_NAME, tag, octets))


def alternative_names(*names: bytes) -> bytes:
    """A subjectAltName extension with these octets for DNS names."""
    return pki.extension("2.5.29.17", tlv(0x30, *(tlv(0x82, octets) for octets in names)))


def access(url: bytes) -> bytes:
    """An authority information access extension with this URL for the issuer."""
    return pki.extension("1.3.6.1.5.5.7.1.1", tlv(0x30, tlv(0x30, _oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, url))))


def time(text: bytes, tag: int = 0x18) -> bytes:
    """A time of these octets."""
    return tlv(tag, text)


def validity(begin: bytes, end: bytes) -> bytes:
    """A validity of two times."""
    return tlv(0x30, begin, end)


def nested(depth: int) -> bytes:
    """DER sequences inside each other."""
    value = b"\x05\x00"
    for _ in range(depth):
        value = tlv(0x30, value)
    return value


def hostile_issuer(name: bytes) -> list[bytes]:
    """A leaf whose issuer, which nobody has, is called this."""

    def edit(parts: list[bytes]) -> None:
        parts[pki.ISSUER] = common_name(name)

    return [pki.resign(leaf(aki=None).der, authority().key, edit)]


def unknown_issuer_at(url: bytes) -> list[bytes]:
    """A leaf of an unknown authority that says where its certificate is."""
    unknown = pki.root("Unknown Root", key=pki.key("ec", "unknown root"))
    return [pki.resign(leaf(issuer=unknown).der, unknown.key, with_extensions(access(url)))]


def long_chain(count: int) -> list[bytes]:
    """The good leaf and certificates of other authorities, each signed by the one before."""
    chain, issuer = [leaf().der], pki.root("Stranger 0", key=pki.key("ec", "stranger"))
    for number in range(1, count):
        issuer = pki.intermediate(issuer, f"Stranger {number}", key=pki.key("ec", "stranger"))
        chain.append(issuer.der)
    return chain


def through_intermediate() -> list[bytes]:
    """A chain that the CA's path length forbids: leaf, intermediate."""
    middle = pki.intermediate(authority(), "Fault Intermediate", not_before=NOT_BEFORE, not_after=NOT_AFTER)
    return [leaf(issuer=middle).der, middle.der]


Chain = Callable[[], Sequence[bytes]]


def one(build: Callable[[], bytes]) -> Chain:
    """A chain of one."""
    return lambda: [build()]


def made(**changes: object) -> Chain:
    """A chain of a leaf with these changes."""
    return lambda: [leaf(**changes).der]


day = timedelta(days=1)
UTC_END = NOT_AFTER.strftime("%y%m%d%H%M%SZ").encode()
BEGIN = NOT_BEFORE.strftime("%Y%m%d%H%M%SZ").encode()
END = NOT_AFTER.strftime("%Y%m%d%H%M%SZ").encode()
UNKNOWN_EXTENSION = "1.3.6.1.4.1.99999.1"

# Name -> the chain sent, and what is wrong with it. The leaf's key is an EC key unless `KEYS` says otherwise.
CASES: Mapping[str, tuple[Chain, str]] = {
    # Hostile strings in the subject
    "subject_controls": (
        one(lambda: edited(pki.SUBJECT, common_name(b"a\x07\x08\x0b\x7f\rb\nc"))),
        "control characters",
    ),
    "subject_ansi": (one(lambda: edited(pki.SUBJECT, common_name(ANSI.encode()))), "escape sequences"),
    "subject_bidi": (one(lambda: edited(pki.SUBJECT, common_name(BIDI.encode()))), "direction overrides"),
    "subject_html": (one(lambda: edited(pki.SUBJECT, common_name(HTML.encode()))), "a script"),
    "subject_formula": (one(lambda: edited(pki.SUBJECT, common_name(FORMULA.encode()))), "a formula"),
    "subject_nul": (one(lambda: edited(pki.SUBJECT, common_name(b"fault.test\0.evil.invalid"))), "a NUL"),
    "subject_bad_printable": (
        one(lambda: edited(pki.SUBJECT, common_name(b"\x1b[31m\xff", PRINTABLE))),
        "a PrintableString that is not printable",
    ),
    "subject_universal_string": (
        one(lambda: edited(pki.SUBJECT, common_name("\x1bx".encode("utf-32-be"), 0x1C))),
        "a UniversalString",
    ),
    "subject_64k": (
        one(lambda: edited(pki.SUBJECT, subject((ORGANISATION, UTF8, b"o" * 65_536), (COMMON_NAME, UTF8, b"x")))),
        "an organisation of 64 KB",
    ),
    "subject_127_attributes": (
        one(lambda: edited(pki.SUBJECT, subject(*[(ORGANISATION, UTF8, b'o,=+\\"')] * 127))),
        "127 organisations full of what must be escaped",
    ),
    "subject_1000_attributes": (
        one(lambda: edited(pki.SUBJECT, subject(*[(ORGANISATION, UTF8, b"o")] * 1000))),
        "more organisations than are read",
    ),
    "subject_empty": (one(lambda: edited(pki.SUBJECT, b"\x30\x00")), "no subject at all"),
    # Names
    "names_3000": (made(dns=[*(f"host-{n}.example.test" for n in range(2998)), *DNS_NAMES]), "3,000 names"),
    "names_6000": (made(dns=[*(f"h{n}.test" for n in range(5998)), *DNS_NAMES]), "more names than are read"),
    "names_none": (made(san=None), "no subjectAltName"),
    "names_empty": (
        one(lambda: extended(pki.extension("2.5.29.17", b"\x30\x00"), san=None)),
        "a subjectAltName without a name",
    ),
    "names_other": (made(dns=["other.invalid"]), "another service's name"),
    "names_ansi": (
        one(lambda: extended(alternative_names(ANSI.encode(), b"a\nb"), san=None)),
        "escape sequences for names",
    ),
    "names_bidi": (one(lambda: extended(alternative_names(BIDI.encode()), san=None)), "direction overrides for names"),
    "names_html": (
        one(lambda: extended(alternative_names(HTML.encode(), FORMULA.encode()), san=None)),
        "a script for a name",
    ),
    "names_nul": (
        one(lambda: extended(alternative_names(b"subject.fault.test\0.evil.invalid", b"*.fault.test\0"), san=None)),
        "names with a NUL",
    ),
    "names_star": (one(lambda: extended(alternative_names(b"*", b"*.*.test", b"*.test"), san=None)), "names of stars"),
    "names_20k": (one(lambda: extended(alternative_names(b"a" * 20_000), san=None)), "a name of 20 KB"),
    "names_bad_address": (
        one(lambda: extended(pki.extension("2.5.29.17", tlv(0x30, tlv(0x87, b"12345"))), san=None)),
        "an address of five octets",
    ),
    # Chains
    "issuer_newline": (
        lambda: hostile_issuer(b"CA\r\nX-Injected: yes\n\x1b[31m"),
        "an issuer with line ends in its name",
    ),
    "issuer_bidi": (lambda: hostile_issuer(BIDI.encode()), "an issuer with direction overrides in its name"),
    "issuer_url_hostile": (lambda: unknown_issuer_at(ANSI.encode() + b"\nhttp://evil"), "escape sequences for a URL"),
    "issuer_url_metadata": (
        lambda: unknown_issuer_at(b"http://169.254.169.254/ca.crt"),
        "the metadata service for the place of its issuer",
    ),
    "chain_of_100": (lambda: long_chain(100), "a chain of 100"),
    "chain_of_itself": (lambda: [leaf().der] * 30, "itself thirty times"),
    "chain_with_root": (lambda: [leaf().der, authority().der], "its root"),
    "chain_path_length": (through_intermediate, "a path longer than its root allows"),
    "chain_garbage_after": (lambda: [leaf().der, pki.root("Stray").der], "a stray root"),
    "self_signed": (made(issuer=None), "a signature of its own"),
    "authority_as_leaf": (
        made(
            basic=(x509.BasicConstraints(ca=True, path_length=None), True),
            usage=(pki.usage("digital_signature", "key_cert_sign"), True),
        ),
        "the rights of an authority",
    ),
    "signature_wrong": (one(lambda: leaf().der[:-1] + bytes((leaf().der[-1] ^ 1,))), "a wrong signature"),
    # Times
    "expired": (made(not_before=NOT_BEFORE - 2 * day, not_after=NOT_BEFORE - day), "an end that is past"),
    "not_yet_valid": (made(not_before=NOT_AFTER + day, not_after=NOT_AFTER + 2 * day), "a beginning to come"),
    "year_9999": (
        one(lambda: edited(pki.VALIDITY, validity(time(BEGIN), time(b"99991231235959Z")))),
        "no end (RFC 5280 4.1.2.5)",
    ),
    "year_1950": (
        one(lambda: edited(pki.VALIDITY, validity(time(b"500101000000Z", 0x17), time(b"510101000000Z", 0x17)))),
        "an end in 1951",
    ),
    "validity_reversed": (
        one(lambda: edited(pki.VALIDITY, validity(time(END), time(BEGIN)))),
        "an end before its beginning",
    ),
    # Numbers and structure
    "serial_negative": (one(lambda: edited(pki.SERIAL, b"\x02\x01\x80")), "a negative serial number"),
    "serial_zero": (one(lambda: edited(pki.SERIAL, b"\x02\x01\x00")), "serial number 0"),
    "serial_1000_octets": (
        one(lambda: edited(pki.SERIAL, tlv(0x02, b"\x7f" * 1000))),
        "a serial number of 1,000 octets",
    ),
    "extension_nested": (
        one(lambda: extended(pki.extension(UNKNOWN_EXTENSION, nested(5000)))),
        "5,000 sequences inside each other in an extension",
    ),
    "extension_critical": (
        one(lambda: extended(pki.extension(UNKNOWN_EXTENSION, b"\x05\x00", critical=True))),
        "a critical extension that nobody knows",
    ),
    "extensions_200": (
        one(lambda: extended(*(pki.extension(f"{UNKNOWN_EXTENSION}.{n}", b"\x05\x00") for n in range(200)))),
        "more extensions than are read",
    ),
    # Keys
    "key_ed25519": (lambda: [leaf(key=key("ed25519")).der], "an Ed25519 key"),
    "key_p521": (lambda: [leaf(key=key("p521")).der], "a P-521 key"),
    "key_rsa1024": (lambda: [leaf(key=key("rsa1024")).der], "an RSA key of 1,024 bits"),
}
# As above, for what no TLS library lets a server have: sent in the place of the server's own, so that the handshake fails
# when both sides compare what they saw (TLS 1.2), but not before the client has read the chain.
UNSERVABLE: Mapping[str, tuple[Chain, str]] = {
    "subject_invalid_utf8": (
        one(lambda: edited(pki.SUBJECT, common_name(b"\xff\xfe\xc0\xaf"))),
        "octets that are no UTF-8",
    ),
    "names_unreadable": (
        one(lambda: extended(pki.extension("2.5.29.17", b"\x30\x84\xff\xff\xff\xff"), san=None)),
        "a subjectAltName that cannot be read",
    ),
    "extension_twice": (one(lambda: extended(alternative_names(b"*.fault.test"))), "two subjectAltName extensions"),
    "constraints_nested": (
        one(lambda: extended(pki.extension("2.5.29.30", nested(5000)))),
        "name constraints that are 5,000 sequences inside each other",
    ),
    "time_month_13": (
        one(lambda: edited(pki.VALIDITY, validity(time(BEGIN), time(b"20261301000000Z")))),
        "an end in the thirteenth month",
    ),
    "time_of_letters": (
        one(lambda: edited(pki.VALIDITY, validity(time(BEGIN), time(b"next tuesday")))),
        "an end in words",
    ),
}
KEYS: Mapping[str, str] = {"key_ed25519": "ed25519", "key_p521": "p521", "key_rsa1024": "rsa1024"}


def chain_pem(chain: Sequence[bytes]) -> str:
    """The chain as PEM; whatever is in it, armour is all this adds."""
    return "".join(map(ssl.DER_cert_to_PEM_cert, chain))


@cache
def context_of(case: str) -> ssl.SSLContext:
    """A TLS server that presents the chain of a case."""
    chain, _ = CASES[case]
    return context_with(chain(), key(KEYS.get(case, "ec")))


def key_pem_of(own: PrivateKey) -> str:
    """A key as PEM."""
    form = serialization.PrivateFormat.PKCS8
    return own.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def context_with(chain: Sequence[bytes], own: PrivateKey) -> ssl.SSLContext:
    """A TLS server that presents a chain, whatever it is made of."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with faults.pem_file(chain_pem(chain) + key_pem_of(own)) as file:
        context.load_cert_chain(file)
    return context


async def in_order(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Answers in good order."""
    await answer(reader, writer, whole(HSTS))


for _name, (_chain, _summary) in CASES.items():
    register_secure(
        f"certificate_{_name}", in_order, partial(context_of, _name), f"Presents a certificate with {_summary}"
    )


@cache
def good_context() -> SSL.Context:
    """A TLS 1.2 server with the good leaf, whose records can be changed."""
    return faults_tls.context_of(chain_pem([leaf().der]) + key_pem_of(key()), SSL.TLS1_2_VERSION)


def presenting(case: str) -> Serve:
    """A server that presents an unservable chain."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        sent = faults_tls.certificates(*UNSERVABLE[case][0]())
        context = good_context()
        edit = lambda own: sent if faults_tls.is_message(own, faults_tls.CERTIFICATE) else own  # noqa: E731
        await faults_tls.served(reader, writer, context, edit)

    return serve


for _name, (_chain, _summary) in UNSERVABLE.items():
    register(f"certificate_{_name}", presenting(_name), "tls", summary=f"Presents a certificate with {_summary}")


def alternating() -> ssl.SSLContext:
    """A TLS server that presents a good certificate and one for another service, in turn."""
    good, other = context_of("serial_zero"), context_of("names_other")
    turns = [good, other]

    def turn(sock: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext) -> None:
        turns.reverse()
        sock.context = turns[0]

    front = context_with([leaf().der], key())
    front.sni_callback = turn  # type: ignore[assignment]  # the stub wants a socket only
    return front


register_secure(
    "certificate_alternating", in_order, alternating, "Presents another certificate to every other connection"
)
