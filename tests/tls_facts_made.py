"""What a sweep might have shown, with valid defaults, so that each test changes one thing; and what a check says of it.

The default is a service of today: TLS 1.2 and 1.3 with suites and groups of Mozilla's intermediate configuration.
"""

from collections.abc import Iterable
from typing import Any

import pki

from scanner.derive.tls_facts import (
    ODDITIES,
    DhGroup,
    KeyExchange,
    Oddity,
    Preference,
    Spoken,
    Swept,
    TlsVersion,
    Undetermined,
)
from scanner.derive.tls_service import TlsService
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.tls.code_points import group_number, signature_scheme_number, suite_number
from scanner.registry import Check

SERVICE = TlsService("www.example.test", 443)
SHORT = Unobserved(Reason.TIMEOUT, "the server no longer answers")
RETIRED = (TlsVersion.SSL2, TlsVersion.SSL3, TlsVersion.TLS10, TlsVersion.TLS11)

GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
GCM_256 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
CHACHA = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
CBC_SHA2 = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"
CBC_SHA1 = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
STATIC_CBC = "TLS_RSA_WITH_AES_128_CBC_SHA"
STATIC_GCM = "TLS_RSA_WITH_AES_128_GCM_SHA256"
DHE_GCM = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
CCM_8 = "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"
TLS13 = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256")
TRIPLE_DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
RC4 = "TLS_RSA_WITH_RC4_128_SHA"
NULL = "TLS_RSA_WITH_NULL_SHA256"
ANON = "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"
EXPORT = "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"


def suites(*names: str) -> tuple[int, ...]:
    """Their numbers."""
    return tuple(map(suite_number, names))


def groups(*names: str) -> tuple[int, ...]:
    """Their numbers."""
    return tuple(map(group_number, names))


def schemes(*names: str) -> tuple[int, ...]:
    """Their numbers."""
    return tuple(map(signature_scheme_number, names))


def tls13(*names: str, **fields: Any) -> Spoken:
    """TLS 1.3, with these suites or all three."""
    defaults = {"groups": groups("X25519MLKEM768", "x25519", "secp256r1", "secp384r1"), "preference": Preference.CLIENT}
    return Spoken(**{"version": TlsVersion.TLS13, "suites": suites(*(names or TLS13)), **defaults, **fields})


def tls12(*names: str, **fields: Any) -> Spoken:
    """TLS 1.2, with these suites or three good ones."""
    defaults = {
        "groups": groups("x25519", "secp256r1", "secp384r1"),
        "preference": Preference.CLIENT,
        "signature_schemes": schemes("rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"),
    }
    numbers = suites(*(names or (GCM, GCM_256, CHACHA)))
    return Spoken(**{"version": TlsVersion.TLS12, "suites": numbers, **defaults, **fields})


def older(version: TlsVersion, *names: str, **fields: Any) -> Spoken:
    """A version that was retired."""
    return Spoken(**{"version": version, "suites": suites(*(names or (CBC_SHA1,))), **fields})


def swept(*spoken: Spoken, unknown: Iterable[TlsVersion] = (), **fields: Any) -> Swept:
    """A sweep of these versions, the others refused but for those that are unknown."""
    spoken = spoken or (tls12(), tls13())
    unknown = tuple(unknown)
    others = (it for it in TlsVersion if it not in unknown and it not in {one.version for one in spoken})
    defaults = {
        "where": str(SERVICE),
        "at": pki.NOW,
        "sni": SERVICE.host,
        "starttls": "",
        "spoken": spoken,
        "refused": tuple(others),
        "undetermined": tuple(Undetermined(f"versions.{it}", SHORT) for it in unknown),
        "tolerated": tuple(it for it in ODDITIES if it.startswith("intolerant_")),
        "fallback_scsv": None,
        "extended_master_secret": True,
        "key_exchanges": (KeyExchange(TlsVersion.TLS12, "x25519", 3, 3),),
    }
    return Swept(**{**defaults, **fields})


def dh(prime: int, *, generator: int = 2, name: str | None = None, bits: int | None = None) -> DhGroup:
    """Finite-field parameters."""
    octets = prime.to_bytes((prime.bit_length() + 7) // 8, "big")
    base = generator.to_bytes(max((generator.bit_length() + 7) // 8, 1), "big")
    return DhGroup(octets, base, bits or prime.bit_length(), name, suites(DHE_GCM))


def odd(*keys: str) -> tuple[Oddity, ...]:
    """Oddities with these keys."""
    return tuple(map(Oddity, keys))


def said(check: Check, *facts: Any, **params: object) -> dict[str, str]:
    """What a check says: the outcome by kind of subject (`service` for the one in hand); of what is unknown the reason."""
    own = [] if check.params is None else [check.with_params(params)]
    found: dict[str, str] = {}
    for verdict in check.judge(*facts, *own):
        kind = "service" if verdict.subject is None else verdict.subject.kind
        if verdict.unobserved is None:
            assert verdict.outcome in check.outcomes
        key = verdict.outcome.key if verdict.unobserved is None else f"unknown: {verdict.unobserved.reason}"
        assert kind not in found, f"{kind} is told twice"
        found[kind] = key
        for text in (verdict.outcome.en, verdict.outcome.id):
            assert text.format(**verdict.arguments)
    return found
