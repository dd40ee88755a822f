"""CertificateVerify of TLS 1.3: who signed what, for every kind of key that servers have."""

from typing import Any

import pki
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.derive.certificate_verify import shows_the_key

TRANSCRIPT = b"\x11" * 32
CONTENT = b" " * 64 + b"TLS 1.3, server CertificateVerify" + b"\0" + TRANSCRIPT
SHA256 = hashes.SHA256()
WAYS: dict[str, tuple[str, int, tuple[Any, ...]]] = {
    "ecdsa": ("ec", 0x0403, (ec.ECDSA(SHA256),)),
    "rsa-pss": ("rsa", 0x0804, (padding.PSS(padding.MGF1(SHA256), 32), SHA256)),
    "ed25519": ("ed25519", 0x0807, ()),
    "ed448": ("ed448", 0x0808, ()),
}


def signed(way: str, content: bytes = CONTENT) -> tuple[bytes, int, bytes]:
    """A leaf, the scheme, and its key's signature."""
    kind, scheme, how = WAYS[way]
    key: Any = pki.key(kind, f"verify {kind}")
    return pki.leaf(pki.root(), key=key).der, scheme, key.sign(content, *how)


@pytest.mark.parametrize("way", WAYS)
def test_the_key_of_the_leaf_signs(way: str) -> None:
    leaf, scheme, signature = signed(way)
    assert shows_the_key(leaf, scheme, signature, TRANSCRIPT)


@pytest.mark.parametrize("way", WAYS)
def test_another_key_another_handshake_and_another_scheme_show_nothing(way: str) -> None:
    leaf, scheme, signature = signed(way)
    others = pki.leaf(pki.root(), key=pki.key(WAYS[way][0], "another")).der
    assert not shows_the_key(others, scheme, signature, TRANSCRIPT)
    assert not shows_the_key(leaf, scheme, signature, b"\x12" * 32), "a signature of another handshake, sent again"
    assert not shows_the_key(leaf, 0x0503, signature, TRANSCRIPT)
    assert not shows_the_key(leaf, 0x7777, signature, TRANSCRIPT), "a scheme nobody knows"
    assert not shows_the_key(b"no certificate", scheme, signature, TRANSCRIPT)


def test_what_a_client_would_sign_is_no_proof() -> None:
    leaf, scheme, signature = signed("ecdsa", CONTENT.replace(b"server", b"client"))
    assert not shows_the_key(leaf, scheme, signature, TRANSCRIPT)


@settings(max_examples=100, deadline=None)
@given(scheme=st.integers(0, 0xFFFF), signature=st.binary(max_size=80))
def test_nothing_at_random_shows_a_key(scheme: int, signature: bytes) -> None:
    for way in WAYS:
        assert not shows_the_key(signed(way)[0], scheme, signature, TRANSCRIPT)
