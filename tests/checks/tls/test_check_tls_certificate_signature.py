"""tls.certificate.signature: weak links below the anchor, and that tls.certificate.chain leaves them to it."""

import pki
import pytest
from cryptography.hazmat.primitives import hashes
from observed import shipped
from pki import Entity
from served import leaf, outcome, path, presented, verdicts

from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.certificate.signature"]
CHAIN = shipped()["tls.certificate.chain"]
ROOT = pki.root("RSA Root", key=pki.key("rsa"))
NUMBERS = {"md5": b"\x04", "sha1": b"\x05", "sha256": b"\x0b"}


def signed(entity: Entity, name: str) -> bytes:
    """The certificate, signed again by the RSA root with this hash: no library signs with MD5 any more."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    tbs, _, _ = pki.elements(entity.der)
    parts = pki.elements(tbs)
    algorithm = pki.tlv(0x30, bytes.fromhex("06092a864886f70d0101") + NUMBERS[name], b"\x05\x00")
    parts[pki.ALGORITHM] = algorithm
    body = pki.tlv(0x30, *parts)
    assert isinstance(ROOT.key, rsa.RSAPrivateKey)
    hash_: hashes.HashAlgorithm = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256}[name]()  # type: ignore[abstract]  # one of three
    signature = ROOT.key.sign(body, padding.PKCS1v15(), hash_)
    return pki.tlv(0x30, body, algorithm, pki.tlv(0x03, b"\0", signature))


@pytest.mark.parametrize(
    ("hash_", "said", "of_the_chain"),
    [("md5", "weak", "weak_signature"), ("sha1", "weak", "weak_signature"), ("sha256", "sound", "trusted")],
)
def test_a_leaf_signed_with_a_broken_hash(hash_: str, said: str, of_the_chain: str) -> None:
    served = presented(signed(pki.leaf(ROOT), hash_))
    along = path(served, public=[ROOT])
    (verdict,) = verdicts(CHECK, leaf(served), along)
    assert verdict.outcome.key == said
    assert outcome(verdicts(CHAIN, served, leaf(served), along)) == of_the_chain, "one fault is one finding"
    if said == "weak":
        assert verdict.arguments["hash"] == {"md5": "MD5", "sha1": "SHA-1"}[hash_]


def test_an_intermediate_signed_with_a_broken_hash() -> None:
    issuing = pki.intermediate(ROOT, "Weak Link")
    served = presented(pki.leaf(issuing), signed(issuing, "sha1"))
    (verdict,) = verdicts(CHECK, leaf(served), path(served, public=[ROOT]))
    assert (verdict.outcome.key, verdict.arguments["subject"]) == ("weak", "Weak Link")


def test_the_signature_of_a_root_on_itself_does_not_count() -> None:
    root = signed(ROOT, "sha1")
    served = presented(pki.leaf(ROOT).der, root)
    for public in ([ROOT], []):
        assert outcome(verdicts(CHECK, leaf(served), path(served, public=public))) == "sound"


def test_nobody_relies_on_what_a_certificate_says_of_itself() -> None:
    served = presented(pki.leaf(None))
    assert outcome(verdicts(CHECK, leaf(served), path(served))) == "own_signature"
    assert outcome(verdicts(CHECK, leaf(served), path(served, own=[pki.leaf(None)]))) == "own_signature"


def test_a_weak_link_is_told_of_a_chain_without_a_path_too() -> None:
    served = presented(signed(pki.leaf(ROOT), "sha1"))
    along = path(served)
    assert outcome(verdicts(CHECK, leaf(served), along)) == "weak"
    assert outcome(verdicts(CHAIN, served, leaf(served), along)) == "missing_issuer", "its own fault stays the chain's"


def test_a_hash_that_is_not_known_is_not_called_sound() -> None:
    tbs, _, signature = pki.elements(pki.leaf(ROOT).der)
    parts = pki.elements(tbs)
    parts[pki.ALGORITHM] = pki.tlv(0x30, bytes.fromhex("06052a03040506"))
    odd = pki.tlv(0x30, pki.tlv(0x30, *parts), parts[pki.ALGORITHM], signature)
    served = presented(odd)
    assert outcome(verdicts(CHECK, leaf(served), path(served, public=[ROOT]))) == "not_known"


def test_a_pass_speaks_for_who_holds_the_key() -> None:
    served = presented(unproven=Unobserved(Reason.TLS_ALERT, "certificate required"))
    assert outcome(verdicts(CHECK, leaf(served), path(served))) == "unknown: tls_alert"
