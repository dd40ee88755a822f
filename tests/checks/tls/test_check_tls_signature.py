"""Signatures, key exchange values and the extended master secret: every outcome, and both sides of every rule."""

import pytest
from tls_facts_made import SHORT, STATIC_GCM, older, said, schemes, swept, tls12, tls13

from scanner.derive.tls_facts import KeyExchange, Sessions, Swept, TlsVersion
from scanner.observations.steps import Reason, Unobserved
from scanner.registry import RegistryError, discover

SIGNATURE = discover()["tls.signature.algorithms"]
REUSE = discover()["tls.keyexchange.reuse"]
EMS = discover()["tls.extension.ems"]
UNKNOWN = "unknown: timeout"
NO_SESSIONS = Unobserved(Reason.TIMEOUT, "no handshake was finished")
TLS12, TLS13 = TlsVersion.TLS12, TlsVersion.TLS13


def signed(*names: str, **fields: object) -> Swept:
    return swept(tls12(signature_schemes=schemes(*names), **fields), tls13())


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (signed("rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"), "sound"),
        (signed("ecdsa_secp256r1_sha256", "ed25519"), "sound"),
        (signed("rsa_pss_rsae_sha256", "rsa_pkcs1_sha1"), "broken_hash"),
        (signed("ecdsa_sha1"), "broken_hash"),
        (signed("rsa_pkcs1_md5"), "broken_hash"),
        (signed("rsa_pss_rsae_sha256", "rsa_pkcs1_sha224"), "sound"),
        (signed("rsa_pss_rsae_sha256", "dsa_sha256"), "outside"),
        (signed("dsa_sha256"), "outside"),
        (signed("rsa_pkcs1_sha224", "rsa_pkcs1_sha1"), "broken_hash"),
        (signed("rsa_pss_rsae_sha256", signature_schemes_short=SHORT), UNKNOWN),
        (signed("rsa_pkcs1_sha1", signature_schemes_short=SHORT), "broken_hash"),
        (signed("dsa_sha256", signature_schemes_short=SHORT), "outside"),
        (signed(signature_schemes_short=SHORT), UNKNOWN),
        (swept(tls12(STATIC_GCM, signature_schemes=(), groups=())), "nothing_signed"),
        (swept(tls13()), "only_tls13"),
        (swept(tls13(), unknown=[TLS12]), UNKNOWN),
        (swept(older(TlsVersion.TLS10)), "nothing_signed"),
    ],
)
def test_signatures_of_tls12(seen: Swept, expected: str) -> None:
    assert said(SIGNATURE, seen, NO_SESSIONS) == {"service": expected}


@pytest.mark.parametrize(
    ("names", "policy", "expected"),
    [
        (("rsa_pss_rsae_sha256",), "pindai-gov", "only_tls13"),
        (("rsa_pss_rsae_sha256",), "bsi-tr-02102-2-2026", "only_tls13"),
        (("rsa_pkcs1_sha224",), "ncsc-nl-2025", "outside"),
        (("ed25519",), "bsi-tr-02102-2-2026", "outside"),
        (("ed25519",), "nist-sp800-52r2", "only_tls13"),  # it says nothing about it
    ],
)
def test_whole_handshakes_count_too(names: tuple[str, ...], policy: str, expected: str) -> None:
    known = Sessions(signature_schemes=schemes(*names))
    assert said(SIGNATURE, swept(tls13()), known, policy=policy) == {"service": expected}


def test_handshakes_that_failed_take_nothing_away() -> None:
    assert said(SIGNATURE, signed("rsa_pkcs1_sha256"), Sessions(signature_schemes=SHORT)) == {"service": "sound"}


def test_another_policy_decides_when_it_is_named() -> None:
    seen = signed("rsa_pkcs1_sha256")
    assert said(SIGNATURE, seen, NO_SESSIONS, policy="bsi-tr-02102-2-2026") == {"service": "outside"}
    with pytest.raises(RegistryError, match="there is no TLS policy"):
        SIGNATURE.with_params({"policy": "bsi"})


# Key exchange values --------------------------------------------------------------------------------------------------


def exchanges(*counts: tuple[str, int, int], **fields: object) -> Swept:
    return swept(key_exchanges=tuple(KeyExchange(TLS12, *it) for it in counts), **fields)


@pytest.mark.parametrize(
    ("seen", "sessions", "expected"),
    [
        (exchanges(("x25519", 4, 4)), (), "fresh"),
        (exchanges(("x25519", 2, 1)), (), "repeated"),
        (exchanges(("x25519", 4, 4), ("secp256r1", 3, 1)), (), "repeated"),
        (exchanges(("secp256r1", 6, 2)), (), "repeated"),  # several processes, each with a value of its own
        (exchanges(("x25519", 1, 1)), (), "seen_once"),
        (exchanges(("x25519", 1, 1), ("secp256r1", 2, 2)), (), "fresh"),
        (exchanges(), (KeyExchange(TLS13, "x25519", 3, 1),), "repeated"),
        (exchanges(), (KeyExchange(TLS13, "x25519", 3, 3),), "fresh"),
        (exchanges(), (), "seen_once"),
        (swept(tls12(STATIC_GCM, groups=()), key_exchanges=()), (), "none_made"),
        (swept(tls12(STATIC_GCM, groups=(), groups_short=SHORT), key_exchanges=()), (), "seen_once"),
        (swept(tls12(STATIC_GCM, groups=()), unknown=[TLS13], key_exchanges=()), (), "seen_once"),
    ],
)
def test_key_exchange_values(seen: Swept, sessions: tuple[KeyExchange, ...], expected: str) -> None:
    assert said(REUSE, seen, Sessions(key_exchanges=sessions)) == {"service": expected}


def test_without_whole_handshakes_the_sweep_speaks() -> None:
    assert said(REUSE, exchanges(("x25519", 2, 1)), NO_SESSIONS) == {"service": "repeated"}


# The extended master secret -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(extended_master_secret=True), "supported"),
        (swept(extended_master_secret=False), "missing"),
        (swept(extended_master_secret=SHORT), UNKNOWN),
        (swept(extended_master_secret=None), "unknown: not_asked"),
        (swept(tls13(), extended_master_secret=None), "no_tls12"),
        (swept(tls13(), unknown=[TLS12], extended_master_secret=None), UNKNOWN),
    ],
)
def test_extended_master_secret(seen: Swept, expected: str) -> None:
    assert said(EMS, seen) == {"service": expected}
