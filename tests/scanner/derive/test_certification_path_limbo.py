"""Cases of x509-limbo, built anew: its verdict on a path, ours with the reason, and why where the two differ.

The suite's own vectors are in no package index, so its cases (by their ids, as described in its public repository) are made
here with our certificate factory. It asks whether a library may accept; we ask what an owner must be told. What a library may
refuse for being against a profile, though every client takes it, is no fault of a path for us; where it is worth
telling, another check does.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Final, NamedTuple

import pki
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from pki import DAY, NOW, Entity

from scanner.derive.certification_path import AnchorStore, PathResult, Profile, walk
from scanner.derive.certification_path import PathReasonKind as Kind
from scanner.parse.certificate import Certificate, CertificateError, parse_certificate

ROOT: Final = pki.root()
UNKNOWN: Final = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55738.666.1"), b"")
SIGNS_NOTHING: Final = (pki.usage("crl_sign"), True)
BASIC_NON_CRITICAL: Final = (x509.BasicConstraints(ca=True, path_length=None), False)


class Made(NamedTuple):
    """What a server sends, the anchors of the one store, and when."""

    sent: Sequence[Entity | bytes]
    anchors: Sequence[Entity] = (ROOT,)
    at: datetime = NOW


class Case(NamedTuple):
    """A case of limbo: whether it wants the path to hold, what we tell, and why, where that differs."""

    id: str
    make: Callable[[], Made]
    limbo_holds: bool
    kinds: frozenset[Kind] = frozenset()
    differs: str = ""


def purposes(*names: str) -> pki.Extension:
    return x509.ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, name) for name in names]), False


def under(issuing: Entity) -> Made:
    """A leaf under an intermediate, both sent."""
    return Made((pki.leaf(issuing), issuing))


def under_root(**options: object) -> Made:
    """A leaf under a root made so."""
    root = pki.root(**options)  # type: ignore[arg-type]
    return Made((pki.leaf(root),), (root,))


def constrained(
    leaf: Callable[[Entity], Entity],
    permitted: Sequence[x509.GeneralName] = (),
    excluded: Sequence[x509.GeneralName] = (),
    critical: bool = True,
) -> Made:
    """A leaf under an intermediate with these name constraints."""
    constraints = x509.NameConstraints(list(permitted) or None, list(excluded) or None)
    issuing = pki.intermediate(ROOT, extra=[(constraints, critical)])
    return Made((leaf(issuing), issuing))


def named(*dns: str) -> Callable[[Entity], Entity]:
    return lambda issuer: pki.leaf(issuer, dns)


def at_address(*ip: str) -> Callable[[Entity], Entity]:
    return lambda issuer: pki.leaf(issuer, (), ip)


def dns(name: str) -> x509.GeneralName:
    return x509.DNSName(name)


def network(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_network(name))


def directory(common_name: str) -> x509.GeneralName:
    return x509.DirectoryName(pki.name(common_name))


def with_subject(common_name: str, *alternative: str) -> Callable[[Entity], Entity]:
    """A leaf with this subject, and with directory names for its alternative names."""
    names = x509.SubjectAlternativeName([directory(name) for name in alternative])
    return lambda issuer: pki.leaf(issuer, subject=pki.name(common_name), san=(names, False))


def self_issued_in_between() -> Made:
    """A constrained root, its self-issued certificate that does not meet the constraint, and a leaf that does."""
    forbidden = (pki.san(["not-example.com"]), False)
    constraints = x509.NameConstraints([dns("example.com")], None)
    root = pki.root("not-example.com", extra=[(constraints, True), forbidden])
    again = pki.intermediate(root, "not-example.com", key=pki.key("ec", "again"), extra=[forbidden])
    return Made((pki.leaf(again, ("example.com",)), again), (root,))


def self_issued_leaf() -> Made:
    constraints = x509.NameConstraints([dns("example.com")], None)
    root = pki.root("Constrained Root", extra=[(constraints, True)])
    issuing = pki.intermediate(root, "not-example.com")
    leaf = pki.leaf(issuing, ("not-example.com",), subject=issuing.certificate.subject)
    return Made((leaf, issuing), (root,))


def wildcard_constraint() -> Made:
    permitted = pki.tlv(0xA0, pki.tlv(0x30, pki.tlv(0x82, b"*.example.com")))
    added = pki.with_extensions(pki.extension("2.5.29.30", pki.tlv(0x30, permitted), critical=True))
    issuing = pki.intermediate(ROOT)
    return Made((pki.leaf(issuing, ("foo.example.com",)), pki.resign(issuing.der, ROOT.key, added)))


def intermediate_with_names() -> Made:
    constraints = x509.NameConstraints([dns("permitted.example.com")], [dns("forbidden.example.com")])
    upper = pki.intermediate(ROOT, "Upper", extra=[(constraints, True)])
    lower = pki.intermediate(upper, "Lower", extra=[(pki.san(["forbidden.example.com"]), False)])
    return Made((pki.leaf(lower, ("permitted.example.com",)), lower, upper))


def circle(first_name: str, second_name: str) -> Made:
    """Two authorities that sign each other, and neither comes from the root."""
    first_key, second_key = pki.key("ec", "circle 1"), pki.key("ec", "circle 2")
    second_stub = pki.root(second_name, key=second_key)
    first = pki.intermediate(second_stub, first_name, key=first_key)
    second = pki.intermediate(first, second_name, key=second_key)
    return Made((pki.leaf(first), first, second))


def chain_of_pain() -> Made:
    """A trusted root, and an expired cross-sign of it by another one."""
    other = pki.root("Other Root")
    cross = pki.intermediate(other, "Test Root", key=ROOT.key, not_before=NOW - 900 * DAY, not_after=NOW - 300 * DAY)
    return Made((pki.leaf(ROOT), cross), (ROOT, other))


def duplicate_extension() -> Made:
    again = pki.extension("2.5.29.17", pki.san(["www.example.test"]).public_bytes())
    return Made((pki.resign(pki.leaf(ROOT).der, ROOT.key, pki.with_extensions(again)),))


def malformed(dotted: str) -> Made:
    broken = pki.extension(dotted, b"malformed")
    name = {"2.5.29.17": "san"}.get(dotted)
    leaf = pki.leaf(ROOT, **({name: None} if name else {}))  # type: ignore[arg-type]
    return Made((pki.resign(leaf.der, ROOT.key, pki.with_extensions(broken)),))


def empty_issuer() -> Made:
    own = pki.key("ec", "leaf")
    leaf = pki.leaf(ROOT)
    extensions = [(extension.value, extension.critical) for extension in leaf.certificate.extensions]
    return Made(
        (
            pki.certificate(
                subject=pki.name("empty-issuer"),
                issuer=pki.name(None),
                public=own,
                signer=ROOT.key,
                extensions=extensions,
            ),
        )
    )


def limited(*lengths: int, labels: str = "abcdef") -> Made:
    """Authorities below one another with these path lengths, uppermost first; the same label is the same name."""
    chain = [ROOT]
    for place, length in enumerate(lengths):
        key = pki.key("ec", f"limited {place}")
        chain.append(pki.intermediate(chain[-1], f"Limited {labels[place]}", key=key, path_length=length))
    return Made((pki.leaf(chain[-1]), *reversed(chain[1:])))


def authority_as_leaf() -> Made:
    upper = pki.intermediate(ROOT, "Upper", path_length=0)
    return Made((pki.intermediate(upper, "Lower", path_length=0), upper))


def long_serial() -> Made:
    def edit(parts: list[bytes]) -> None:
        parts[pki.SERIAL] = pki.tlv(0x02, b"\x7f" * 21)

    return Made((pki.resign(pki.leaf(ROOT).der, ROOT.key, edit),))


def at_the(moment: timedelta) -> Made:
    """A leaf valid for a day, looked at so long after that day began."""
    leaf = pki.leaf(ROOT, not_before=NOW, not_after=NOW + DAY)
    return Made((leaf,), at=NOW + moment)


_PROFILE = "a rule for who issues; clients take it"
_ANCHOR = "an anchor is a name and a key that the operator trusts (RFC 5280 6.1.1 d); clients take it as it is"
_KEYS = "weak keys are told by tls.certificate.key"
NAMES = frozenset({Kind.NAME_CONSTRAINTS})

CASES: Final = (
    Case("rfc5280::ee-empty-issuer", empty_issuer, False, frozenset({Kind.MISSING_INTERMEDIATE})),
    Case(
        "rfc5280::unknown-critical-extension-ee",
        lambda: Made((pki.leaf(ROOT, extra=[(UNKNOWN, True)]),)),
        False,
        frozenset({Kind.UNKNOWN_CRITICAL}),
    ),
    Case(
        "rfc5280::unknown-critical-extension-intermediate",
        lambda: under(pki.intermediate(ROOT, extra=[(UNKNOWN, True)])),
        False,
        frozenset({Kind.UNKNOWN_CRITICAL}),
    ),
    Case(
        "rfc5280::unknown-critical-extension-root",
        lambda: under_root(extra=[(UNKNOWN, True)]),
        False,
        frozenset(),
        _ANCHOR,
    ),
    Case(
        "rfc5280::chain-untrusted-root",
        lambda: Made((*under(pki.intermediate(ROOT)).sent, ROOT), (pki.root("Unrelated"),)),
        False,
        frozenset({Kind.UNKNOWN_ROOT}),
    ),
    Case(
        "rfc5280::intermediate-ca-without-ca-bit",
        lambda: under(pki.intermediate(ROOT, basic=(x509.BasicConstraints(ca=False, path_length=None), True))),
        False,
        frozenset({Kind.NOT_A_CA}),
    ),
    Case(
        "rfc5280::intermediate-ca-missing-basic-constraints",
        lambda: under(pki.intermediate(ROOT, basic=None)),
        False,
        frozenset({Kind.NOT_A_CA}),
    ),
    Case("rfc5280::root-missing-basic-constraints", lambda: under_root(basic=None), False, frozenset(), _ANCHOR),
    Case(
        "rfc5280::root-non-critical-basic-constraints",
        lambda: under_root(basic=BASIC_NON_CRITICAL),
        False,
        frozenset(),
        _ANCHOR,
    ),
    Case(
        "rfc5280::root-inconsistent-ca-extensions",
        lambda: under_root(usage=SIGNS_NOTHING),
        False,
        frozenset({Kind.KEY_USAGE}),
    ),
    Case(
        "rfc5280::ica-ku-keycertsign",
        lambda: under(pki.intermediate(ROOT, path_length=0, usage=SIGNS_NOTHING)),
        False,
        frozenset({Kind.KEY_USAGE}),
    ),
    Case(
        "rfc5280::leaf-ku-keycertsign",
        lambda: Made((pki.leaf(ROOT, usage=(pki.usage("digital_signature", "key_cert_sign"), True)),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "rfc5280::ee-aia",
        lambda: Made((pki.leaf(ROOT, extra=[(pki.access(["http://ca.example.test/ca.der"]), False)]),)),
        True,
    ),
    Case(
        "rfc5280::ee-critical-aia-invalid",
        lambda: Made((pki.leaf(ROOT, extra=[(pki.access(["http://ca.example.test/ca.der"]), True)]),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case("rfc5280::duplicate-extensions", duplicate_extension, False, frozenset({Kind.MALFORMED})),
    Case("rfc5280::no-keyusage", lambda: Made((pki.leaf(ROOT, usage=None),)), True),
    Case("rfc5280::no-basicconstraints", lambda: Made((pki.leaf(ROOT, basic=None),)), True),
    Case("rfc5280::aki::leaf-missing-aki", lambda: Made((pki.leaf(ROOT, aki=None),)), False, frozenset(), _PROFILE),
    Case(
        "rfc5280::aki::intermediate-missing-aki",
        lambda: under(pki.intermediate(ROOT, aki=None)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "rfc5280::ski::intermediate-missing-ski",
        lambda: under(pki.intermediate(ROOT, ski=None)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "rfc5280::san::malformed",
        lambda: malformed("2.5.29.17"),
        False,
        frozenset({Kind.MALFORMED}),
    ),
    Case(
        "rfc5280::san::noncritical-with-empty-subject",
        lambda: Made((pki.leaf(ROOT, subject=pki.name(None)),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "rfc5280::validity::expired-root",
        lambda: under_root(not_after=NOW - DAY),
        False,
        frozenset({Kind.EXPIRED_ANCHOR}),
    ),
    Case(
        "rfc5280::validity::expired-intermediate",
        lambda: under(pki.intermediate(ROOT, not_after=NOW - DAY)),
        False,
        frozenset({Kind.EXPIRED_INTERMEDIATE}),
    ),
    Case(
        "rfc5280::validity::expired-leaf",
        lambda: Made((pki.leaf(ROOT, not_after=NOW - DAY),)),
        False,
        frozenset({Kind.LEAF_EXPIRED}),
    ),
    Case(
        "webpki::eku::ee-anyeku",
        lambda: Made((pki.leaf(ROOT, purpose=purposes("SERVER_AUTH", "ANY_EXTENDED_KEY_USAGE")),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "webpki::eku::ee-critical-eku",
        lambda: Made((pki.leaf(ROOT, purpose=(purposes("SERVER_AUTH")[0], True)),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "webpki::eku::ee-without-eku",
        lambda: Made((pki.leaf(ROOT, purpose=None),)),
        False,
        frozenset({Kind.EXTENDED_KEY_USAGE}),
    ),
    Case("webpki::eku::root-has-eku", lambda: under_root(extra=[purposes("SERVER_AUTH")]), False, frozenset(), _ANCHOR),
    Case(
        "webpki::eku::ee-serverauth-with-additional",
        lambda: Made((pki.leaf(ROOT, purpose=purposes("SERVER_AUTH", "CLIENT_AUTH")),)),
        True,
    ),
    Case(
        "webpki::eku::ee-codesigning-with-serverauth",
        lambda: Made((pki.leaf(ROOT, purpose=purposes("SERVER_AUTH", "CODE_SIGNING")),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case("webpki::malformed-aia", lambda: malformed("1.3.6.1.5.5.7.1.1"), False, frozenset({Kind.MALFORMED})),
    Case(
        "rfc5280::nc::permitted-dns-mismatch",
        lambda: constrained(named("not-example.com"), [dns("example.com")]),
        False,
        NAMES,
    ),
    Case("rfc5280::nc::permitted-dns-match", lambda: constrained(named("example.com"), [dns("example.com")]), True),
    Case(
        "rfc5280::nc::permitted-dns-match-more",
        lambda: constrained(named("foo.bar.example.com"), [dns("example.com")]),
        True,
    ),
    Case(
        "rfc5280::nc::permitted-dns-match-noncritical",
        lambda: constrained(named("example.com"), [dns("example.com")], critical=False),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "rfc5280::nc::excluded-dns-match",
        lambda: constrained(named("example.com"), (), [dns("example.com")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::excluded-dns-match-second",
        lambda: constrained(named("example.com", "not-allowed.example.com"), (), [dns("not-allowed.example.com")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::permitted-ip-mismatch",
        lambda: constrained(at_address("192.0.3.1"), [network("192.0.2.0/24")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::permitted-ipv4-match",
        lambda: constrained(at_address("192.0.2.1"), [network("192.0.2.0/24")]),
        True,
    ),
    Case("rfc5280::nc::permitted-ipv6-match", lambda: constrained(at_address("::1"), [network("::1/128")]), True),
    Case(
        "rfc5280::nc::excluded-ipv4-match",
        lambda: constrained(at_address("192.0.2.1"), (), [network("192.0.2.0/24")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::excluded-ipv6-match",
        lambda: constrained(at_address("::1"), (), [network("::1/128")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::permitted-different-constraint-type",
        lambda: constrained(named("example.com"), [network("192.0.2.0/24")]),
        True,
    ),
    Case(
        "rfc5280::nc::excluded-different-constraint-type",
        lambda: constrained(named("example.com"), (), [network("192.0.2.0/24")]),
        True,
    ),
    Case("rfc5280::nc::permitted-self-issued", self_issued_in_between, True),
    Case(
        "rfc5280::nc::invalid-dnsname-leading-period",
        lambda: constrained(named("foo.example.com"), [dns(".example.com")]),
        False,
        frozenset(),
        "many authorities write it so, and clients take it for the names below",
    ),
    Case(
        "rfc5280::aki::critical-aki",
        lambda: under_root(
            aki=(x509.AuthorityKeyIdentifier.from_issuer_public_key(pki.key("ec", "Test Root").public_key()), True)
        ),
        False,
        frozenset(),
        _ANCHOR,
    ),
    Case("rfc5280::aki::self-signed-root-missing-aki", lambda: under_root(aki=None), True),
    Case("rfc5280::serial::too-long", long_serial, False, frozenset(), _PROFILE),
    Case("rfc5280::validity::notbefore-exact", lambda: at_the(timedelta()), True),
    Case(
        "rfc5280::validity::notbefore-fractional",
        lambda: at_the(-timedelta(milliseconds=1)),
        False,
        frozenset({Kind.LEAF_NOT_YET_VALID}),
    ),
    Case("rfc5280::validity::notafter-exact", lambda: at_the(DAY), True),
    Case(
        "rfc5280::validity::notafter-fractional",
        lambda: at_the(DAY + timedelta(milliseconds=5)),
        True,
        frozenset({Kind.LEAF_EXPIRED}),
        "the case is called ambiguous there; we read the date as an instant",
    ),
    Case(
        "webpki::eku::ee-clientauth-only",
        lambda: Made((pki.leaf(ROOT, purpose=purposes("CLIENT_AUTH")),)),
        False,
        frozenset({Kind.EXTENDED_KEY_USAGE}),
    ),
    Case("webpki::no-san", lambda: Made((pki.leaf(ROOT, san=None),)), False, frozenset({Kind.NO_ALTERNATIVE_NAME})),
    Case(
        "webpki::san-critical-with-nonempty-subject",
        lambda: Made((pki.leaf(ROOT, san=(pki.san(["www.example.test"]), True)),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "webpki::ee-basicconstraints-ca",
        lambda: Made((pki.leaf(ROOT, basic=(x509.BasicConstraints(ca=True, path_length=None), True)),)),
        False,
        frozenset({Kind.CA_AS_LEAF}),
    ),
    Case(
        "webpki::forbidden-p192-spki-leaf",
        lambda: Made((pki.leaf(ROOT, key=ec.generate_private_key(ec.SECP192R1())),)),
        False,
        frozenset(),
        _KEYS,
    ),
    Case(
        "webpki::forbidden-dsa-spki-leaf",
        lambda: Made((pki.leaf(ROOT, key=pki.key("dsa")),)),
        False,
        frozenset(),
        _KEYS,
    ),
    Case(
        "rfc5280::nc::permitted-dn-mismatch",
        lambda: constrained(with_subject("not-foo", "not-foo"), [directory("foo")]),
        False,
        NAMES,
    ),
    Case("rfc5280::nc::permitted-dn-match", lambda: constrained(with_subject("foo", "foo"), [directory("foo")]), True),
    Case(
        "rfc5280::nc::permitted-dn-match-subject-san-mismatch",
        lambda: constrained(with_subject("not-foo", "foo"), [directory("foo")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::excluded-dn-match",
        lambda: constrained(with_subject("foo", "foo"), (), [directory("foo")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::excluded-dn-match-sub-mismatch",
        lambda: constrained(with_subject("foo", "not-foo"), (), [directory("foo")]),
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::excluded-match-permitted-and-excluded",
        lambda: constrained(named("example.com"), [dns("example.com")], [dns("example.com")]),
        False,
        NAMES,
    ),
    Case("rfc5280::nc::excluded-self-issued-leaf", self_issued_leaf, False, NAMES),
    Case(
        "rfc5280::nc::invalid-dnsname-wildcard",
        wildcard_constraint,
        False,
        NAMES,
    ),
    Case(
        "rfc5280::nc::not-allowed-in-ee-noncritical",
        lambda: Made((pki.leaf(ROOT, extra=[(x509.NameConstraints([dns("example.test")], None), False)]),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case(
        "rfc5280::nc::not-allowed-in-ee-critical",
        lambda: Made((pki.leaf(ROOT, extra=[(x509.NameConstraints([dns("example.test")], None), True)]),)),
        False,
        frozenset(),
        _PROFILE,
    ),
    Case("rfc5280::nc::intermediate-with-san-rejected-by-intermediate-nc", intermediate_with_names, False, NAMES),
    Case("pathlen::ee-with-intermediate-pathlen-0", lambda: limited(0), True),
    Case("pathlen::ee-with-intermediate-pathlen-1", lambda: limited(1), True),
    Case(
        "pathlen::validation-ignores-pathlen-in-leaf",
        authority_as_leaf,
        True,
        frozenset({Kind.CA_AS_LEAF, Kind.EXTENDED_KEY_USAGE, Kind.KEY_USAGE, Kind.NO_ALTERNATIVE_NAME}),
        "an authority is no server's certificate for browsers; of path length nothing is told",
    ),
    Case("pathlen::intermediate-violates-pathlen-0", lambda: limited(0, 0), False, frozenset({Kind.PATH_LENGTH})),
    Case("pathlen::intermediate-pathlen-may-increase", lambda: limited(1, 2), True),
    Case("pathlen::intermediate-pathlen-too-long", lambda: limited(1, 0, 0), False, frozenset({Kind.PATH_LENGTH})),
    Case("pathlen::self-issued-certs-pathlen", lambda: limited(1, 1, 0, labels="aab"), True),
    Case("pathological::multiple-chains-expired-intermediate", chain_of_pain, True),
    Case(
        "pathological::intermediate-cycle-distinct-cas",
        lambda: circle("Circle 1", "Circle 2"),
        False,
        frozenset({Kind.UNKNOWN_ROOT}),
    ),
    Case(
        "pathological::intermediate-cycle-same-logical-ca",
        lambda: circle("Circle", "Circle"),
        False,
        frozenset({Kind.UNKNOWN_ROOT}),
    ),
)


def walked(made: Made) -> PathResult:
    store = AnchorStore("limbo", [anchor.der for anchor in made.anchors], Profile.PUBLIC)
    return walk([parsed(item) for item in made.sent], [store], made.at)


def parsed(item: Entity | bytes) -> Certificate | None:
    try:
        return parse_certificate(item if isinstance(item, bytes) else item.der)
    except CertificateError:
        return None


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_limbo(case: Case) -> None:
    result = walked(case.make())
    assert result.kinds == case.kinds
    we_hold = bool(result.path) and not result.kinds
    assert (we_hold != case.limbo_holds) is bool(case.differs)


def test_no_case_stands_twice() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
