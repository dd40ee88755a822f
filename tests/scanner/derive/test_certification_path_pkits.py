"""NIST's Public Key Interoperability Test Suite, the cases that need neither CRLs nor policies: what holds, and why not.

x509-limbo is in no package index; PKITS is, and is somebody else's too. Where its verdict and ours differ, `DIFFERENT`
says why, case by case. Its certificates are for no server in particular, so the operator's profile is the right one.
"""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from scanner.derive.certification_path import AnchorStore, PathResult, Profile, walk
from scanner.derive.certification_path import PathReasonKind as Kind
from scanner.parse.certificate import Certificate, CertificateError, parse_certificate

VECTORS: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "vectors_pkits.json").read_text("ascii"))
AT: Final = datetime(2026, 11, 1, tzinfo=UTC)

INVALID: Final = {
    "InvalidCAnotAfterDateTest5": {Kind.EXPIRED_INTERMEDIATE},
    "InvalidCAnotBeforeDateTest1": {Kind.NOT_YET_VALID_INTERMEDIATE},
    "InvalidDNSnameConstraintsTest31": {Kind.NAME_CONSTRAINTS},
    "InvalidDNSnameConstraintsTest33": {Kind.NAME_CONSTRAINTS},
    "InvalidDNSnameConstraintsTest38": {Kind.NAME_CONSTRAINTS},
    "InvalidDNandRFC822nameConstraintsTest28": {Kind.NAME_CONSTRAINTS},
    "InvalidDNandRFC822nameConstraintsTest29": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest10": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest12": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest13": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest15": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest16": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest17": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest2": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest20": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest3": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest7": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest8": {Kind.NAME_CONSTRAINTS},
    "InvalidDNnameConstraintsTest9": {Kind.NAME_CONSTRAINTS},
    # The signature's bit string says that it has bits over, which no signature has: the certificate is not read.
    "InvalidCASignatureTest2": {Kind.MISSING_INTERMEDIATE, Kind.UNPARSEABLE},
    "InvalidDSASignatureTest6": {Kind.UNPARSEABLE},
    "InvalidEESignatureTest3": {Kind.BAD_SIGNATURE},
    "InvalidEEnotAfterDateTest6": {Kind.LEAF_EXPIRED},
    "InvalidEEnotBeforeDateTest2": {Kind.LEAF_NOT_YET_VALID},
    "InvalidMissingbasicConstraintsTest1": {Kind.NOT_A_CA},
    # The issuer named is another one than the certificate that was sent, whatever its key identifier.
    "InvalidNameChainingOrderTest2": {Kind.MISSING_INTERMEDIATE},
    "InvalidNameChainingTest1": {Kind.MISSING_INTERMEDIATE},
    "InvalidRFC822nameConstraintsTest22": {Kind.NAME_CONSTRAINTS},
    "InvalidRFC822nameConstraintsTest24": {Kind.NAME_CONSTRAINTS},
    "InvalidRFC822nameConstraintsTest26": {Kind.NAME_CONSTRAINTS},
    "InvalidSelfIssuedpathLenConstraintTest16": {Kind.PATH_LENGTH},
    "InvalidURInameConstraintsTest35": {Kind.NAME_CONSTRAINTS},
    "InvalidURInameConstraintsTest37": {Kind.NAME_CONSTRAINTS},
    "InvalidUnknownCriticalCertificateExtensionTest2": {Kind.UNKNOWN_CRITICAL},
    "InvalidcAFalseTest2": {Kind.NOT_A_CA},
    "InvalidcAFalseTest3": {Kind.NOT_A_CA},
    "InvalidkeyUsageCriticalkeyCertSignFalseTest1": {Kind.KEY_USAGE},
    "InvalidkeyUsageNotCriticalkeyCertSignFalseTest2": {Kind.KEY_USAGE},
    "InvalidpathLenConstraintTest10": {Kind.PATH_LENGTH},
    "InvalidpathLenConstraintTest11": {Kind.PATH_LENGTH},
    "InvalidpathLenConstraintTest12": {Kind.PATH_LENGTH},
    "InvalidpathLenConstraintTest5": {Kind.PATH_LENGTH},
    "InvalidpathLenConstraintTest6": {Kind.PATH_LENGTH},
    "InvalidpathLenConstraintTest9": {Kind.PATH_LENGTH},
    "Invalidpre2000UTCEEnotAfterDateTest7": {Kind.LEAF_EXPIRED},
}
_SHA1 = "DSA with SHA-1: the path is told with a weak signature, as every client of today would refuse it"
_MAIL = (
    "constraints on addresses of mail and on URIs are not evaluated, and names of these kinds under critical ones are not "
    "allowed (RFC 5280 4.2.1.10 lets a verifier that cannot evaluate refuse); no certificate of a server needs such names"
)
_REVOKED = "the certificate is revoked, which is another question than its path (tls.certificate.revocation)"
DIFFERENT: Final[dict[str, tuple[frozenset[Kind], str]]] = {
    "ValidDSASignaturesTest4": (frozenset({Kind.WEAK_SIGNATURE}), _SHA1),
    "ValidDSAParameterInheritanceTest5": (frozenset({Kind.WEAK_SIGNATURE}), _SHA1),
    "ValidRFC822nameConstraintsTest21": (frozenset({Kind.NAME_CONSTRAINTS}), _MAIL),
    "ValidRFC822nameConstraintsTest23": (frozenset({Kind.NAME_CONSTRAINTS}), _MAIL),
    "ValidRFC822nameConstraintsTest25": (frozenset({Kind.NAME_CONSTRAINTS}), _MAIL),
    "ValidDNandRFC822nameConstraintsTest27": (frozenset({Kind.NAME_CONSTRAINTS}), _MAIL),
    "ValidURInameConstraintsTest34": (frozenset({Kind.NAME_CONSTRAINTS}), _MAIL),
    "ValidURInameConstraintsTest36": (frozenset({Kind.NAME_CONSTRAINTS}), _MAIL),
    "InvalidBasicSelfIssuedNewWithOldTest5": (frozenset(), _REVOKED),
    "InvalidBasicSelfIssuedOldWithNewTest2": (frozenset(), _REVOKED),
}


def certificate(name: str) -> Certificate | None:
    try:
        return parse_certificate(base64.b64decode(VECTORS["certificates"][name]))
    except CertificateError:
        return None


def walked(case: str) -> PathResult:
    store = AnchorStore("PKITS", [base64.b64decode(VECTORS["anchor"])], Profile.OPERATOR)
    return walk([certificate(name) for name in VECTORS["cases"][case]], [store], AT)


@pytest.mark.parametrize("case", VECTORS["cases"])
def test_pkits(case: str) -> None:
    result = walked(case)
    if case in DIFFERENT:
        assert result.kinds == DIFFERENT[case][0]
    else:
        assert result.kinds == INVALID.get(case, frozenset())
    assert bool(result.path) is not bool(result.kinds - {Kind.LEAF_EXPIRED, Kind.LEAF_NOT_YET_VALID})


def test_every_case_is_accounted_for() -> None:
    cases = set(VECTORS["cases"])
    assert cases >= INVALID.keys() | DIFFERENT.keys()
    assert not INVALID.keys() & DIFFERENT.keys()
    assert {case for case in cases if case.startswith("Invalid")} == INVALID.keys() | {
        case for case in DIFFERENT if case.startswith("Invalid")
    }
    assert len(cases) == 90
