"""Would a client with these trust anchors accept the certificate that was sent for a name?

Asked twice: by checks about what was stored, and before a credential is sent, about the chain that just arrived.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from scanner.derive.certification_path import AnchorStore, Profile, walk
from scanner.observations.trust import TrustStore
from scanner.parse.certificate import Certificate, CertificateError, PublicKey, parse_certificate
from scanner.parse.identity import presented_identity_matches

_BROWSER_CURVES = frozenset({"secp256r1", "secp384r1"})
"""As of 2026-11: not every browser takes P-521, and none the curves that the Baseline Requirements (6.1.1.5) leave out."""


def taken_by_browsers(key: PublicKey) -> bool:
    """Whether every browser takes a server key of this kind; its strength is another question.

    Public authorities certify RSA and three NIST curves only (Baseline Requirements 6.1.1.5), and browsers offer no
    signature algorithm for an Ed25519, Ed448, DSA or RSASSA-PSS key.
    """
    return key.kind == "rsa" or (key.kind == "ec" and key.curve in _BROWSER_CURVES)


@lru_cache(maxsize=32)
def readable(der: bytes) -> Certificate | None:
    """The certificate, None when it cannot be parsed; many services send the same intermediates."""
    try:
        return parse_certificate(der)
    except CertificateError:
        return None


@lru_cache(maxsize=8)
def _anchors(store: TrustStore, profile: Profile) -> AnchorStore:
    """A store indexed once for all targets; the same observation always gives the same index."""
    return AnchorStore(f"{store.name} ({store.version})", store.anchors, profile)


def stores_of(public: TrustStore, own: TrustStore) -> tuple[AnchorStore, ...]:
    """Mozilla's anchors by the rules of browsers, then the operator's by their own."""
    stores = (_anchors(public, Profile.PUBLIC),)
    return (*stores, _anchors(own, Profile.OPERATOR)) if own.anchors else stores


def objection(chain: Sequence[bytes], host: str, public: TrustStore, own: TrustStore, at: datetime) -> str | None:
    """Why a client does not accept this chain (DER, leaf first) for `host`; None when it does."""
    certificates = tuple(map(readable, chain))
    leaf = certificates[0] if certificates else None
    if leaf is None:
        return "the server sent no certificate that can be parsed"
    if not presented_identity_matches(leaf.dns_names, leaf.ip_addresses, host):
        return "the certificate is for another name"
    if not leaf.not_before <= at <= leaf.not_after:
        return "the certificate is not valid at this time"
    if not walk(certificates, stores_of(public, own), at).path:
        return "the certificate leads to no trusted authority"
    return None
