"""A policy held against a service: every topic on both sides, and what is open is told."""

import asyncio
from pathlib import Path
from typing import Any

import pki
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tls_facts_made import (
    CBC_SHA2,
    CHACHA,
    DHE_GCM,
    GCM,
    GCM_256,
    SHORT,
    STATIC_GCM,
    dh,
    groups,
    older,
    schemes,
    swept,
    tls12,
    tls13,
)
from tls_servers import Bench, endpoint, nginx

from scanner.derive.tls_facts import Preference, SentChain, Sessions, Spoken, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.derive.tls_policy import Measured, Topic, measure
from scanner.policies import load_policy, policy_names
from scanner.probes.tls.sweep import TlsSweep

TLS10, TLS12, TLS13 = TlsVersion.TLS10, TlsVersion.TLS12, TlsVersion.TLS13
PRIME = 2**2203 - 1


def held(seen: Swept, policy: str = "pindai-gov", sessions: Sessions | None = None) -> Measured:
    return measure(load_policy(policy), seen, sessions)


def told(measured: Measured) -> set[tuple[str, str, str]]:
    return {(it.topic.value, it.grade.value, it.name) for it in measured.deviations}


@pytest.mark.parametrize(
    ("policy", "seen", "expected"),
    [
        ("pindai-gov", swept(), set()),
        ("mozilla-intermediate", swept(), set()),
        ("mozilla-modern", swept(tls13()), set()),
        ("mozilla-modern", swept(), {("version", "insufficient", "TLSv1.2")}),
        (
            "pindai-gov",
            swept(tls12(), older(TLS10)),
            {("version", "insufficient", "TLSv1.0")},  # and none of its suites: it is to go as a whole
        ),
        ("nist-sp800-52r2", swept(tls12(GCM), older(TLS10, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")), {
            ("version", "phase_out", "TLSv1.0"),
            ("suite", "phase_out", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
        }),
        ("pindai-gov", swept(tls12(GCM, STATIC_GCM, preference=Preference.SERVER)), {("suite", "insufficient", STATIC_GCM)}),
        ("pindai-gov", swept(tls12(GCM, CBC_SHA2)), {
            ("suite", "phase_out", CBC_SHA2),
            ("order", "phase_out", "client chooses"),
        }),
        ("pindai-gov", swept(tls12(CBC_SHA2, GCM, preference=Preference.SERVER)), {
            ("suite", "phase_out", CBC_SHA2),
            ("order", "phase_out", "server chooses"),
        }),
        ("mozilla-intermediate", swept(tls12(CBC_SHA2, GCM)), {("suite", "insufficient", CBC_SHA2)}),
        ("pindai-gov", swept(tls12(groups=groups("secp256k1"))), {("group", "insufficient", "secp256k1")}),
        ("mozilla-intermediate", swept(tls12(groups=groups("x448"))), {("group", "insufficient", "x448")}),
        ("mozilla-intermediate", swept(tls12(GCM, dh=(dh(PRIME >> 200),))), {("dh", "insufficient", "DH-2003")}),
        ("pindai-gov", swept(tls12(GCM, dh=(dh(PRIME),))), set()),
        ("ncsc-nl-2025", swept(tls12(GCM, dh=(dh(PRIME),))), {("dh", "insufficient", "DH-2203")}),
        ("ncsc-nl-2025", swept(tls12(GCM, dh=(dh(2**3071 + 1, name="ffdhe3072", bits=3072),))), {
            ("dh", "phase_out", "ffdhe3072")
        }),
        ("pindai-gov", swept(tls12(signature_schemes=schemes("rsa_pkcs1_sha1"))), {
            ("signature", "insufficient", "rsa_pkcs1_sha1")
        }),
        ("mozilla-intermediate", swept(tls12(signature_schemes=schemes("rsa_pkcs1_sha1"))), set()),  # it names none
        ("pindai-gov", swept(extended_master_secret=False), {
            ("extended_master_secret", "insufficient", "extended_master_secret")
        }),
        ("mozilla-intermediate", swept(extended_master_secret=False), set()),
    ],
)  # fmt: skip
def test_deviations(policy: str, seen: Swept, expected: set[tuple[str, str, str]]) -> None:
    assert told(held(seen, policy)) == expected


@pytest.mark.parametrize(
    ("kind", "policy", "expected"),
    [
        ("rsa", "pindai-gov", set()),
        ("rsa", "bsi-tr-02102-2-2026", {"RSA 2048"}),
        ("ec", "pindai-gov", set()),
        ("p384", "nist-sp800-52r2", set()),
    ],
)
def test_keys_of_leafs(kind: str, policy: str, expected: set[str]) -> None:
    chain = SentChain((pki.leaf(pki.root(), key=pki.key(kind)).der,), TLS12)
    measured = held(swept(tls12(GCM, chains=(chain,))), policy)
    assert {it.name for it in measured.deviations if it.topic is Topic.KEY} == expected
    assert held(swept(tls12(GCM, chains=(SentChain((b"no certificate",), TLS12), SentChain((), TLS12)))))


def test_whole_handshakes_count() -> None:
    known = Sessions(signature_schemes=schemes("ed25519"))
    assert told(held(swept(tls13()), "bsi-tr-02102-2-2026", known)) >= {("signature", "insufficient", "ed25519")}
    assert not told(held(swept(tls13()), "pindai-gov", known))
    assert not told(held(swept(tls13()), "pindai-gov", Sessions(signature_schemes=SHORT)))


@pytest.mark.parametrize(
    ("policy", "seen", "expected"),
    [
        ("pindai-gov", swept(), set()),
        ("pindai-gov", swept(tls12(), unknown=[TLS13]), {"versions.TLSv1.3"}),
        ("pindai-gov", swept(tls12(GCM, suites_short=SHORT)), {"suites.TLSv1.2"}),
        ("pindai-gov", swept(tls12(GCM, groups_short=SHORT)), {"groups.TLSv1.2"}),
        ("pindai-gov", swept(tls12(GCM, signature_schemes_short=SHORT)), {"signature_schemes.TLSv1.2"}),
        ("pindai-gov", swept(tls12(GCM, DHE_GCM, preference=Preference.UNKNOWN)), {"preference.TLSv1.2"}),
        ("pindai-gov", swept(tls12(GCM, GCM_256, preference=Preference.UNKNOWN)), set()),
        ("mozilla-intermediate", swept(tls12(GCM, DHE_GCM, preference=Preference.UNKNOWN)), set()),
        ("pindai-gov", swept(extended_master_secret=SHORT), {"extended_master_secret"}),
        ("mozilla-intermediate", swept(extended_master_secret=SHORT), set()),
        ("mozilla-modern", swept(tls13(), tls12(GCM, suites_short=SHORT)), set()),  # a version that is out anyhow
    ],
)
def test_what_is_open_is_told(policy: str, seen: Swept, expected: set[str]) -> None:
    assert {it.what for it in held(seen, policy).open} == expected


def test_the_policy_is_named_with_what_it_was() -> None:
    measured, policy = held(swept()), load_policy("pindai-gov")
    assert (measured.policy, measured.edition, measured.digest) == ("pindai-gov", policy.edition, policy.digest)


def test_nothing_is_told_twice() -> None:
    seen = swept(tls12(groups=groups("secp256k1")), tls13(groups=groups("secp256k1")))
    assert [it.name for it in held(seen).deviations] == ["secp256k1"]


NUMBERS = st.lists(st.integers(0, 0xFFFF), max_size=8, unique=True).map(tuple)


@given(
    st.lists(
        st.builds(
            Spoken,
            version=st.sampled_from(TlsVersion),
            suites=NUMBERS,
            groups=NUMBERS,
            signature_schemes=NUMBERS,
            preference=st.sampled_from(Preference),
        ),
        max_size=4,
        unique_by=lambda it: it.version,
    ),
    st.sampled_from(policy_names()),
)
def test_any_service_can_be_held_against_any_policy(spoken: list[Spoken], policy: str) -> None:
    seen = Swept("a:1", pki.NOW, None, "", tuple(spoken))
    measured = held(seen, policy)
    assert all(not it.grade.is_inside and it.origin.sources for it in measured.deviations)
    assert measured == held(seen, policy)


# Real servers ---------------------------------------------------------------------------------------------------------

MOZILLA_INTERMEDIATE = """
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ecdh_curve X25519:prime256v1:secp384r1;
    ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
    ssl_prefer_server_ciphers off;
"""
"""As ssl-config.mozilla.org writes it for nginx, without the group that OpenSSL 3.0 does not know."""
EVERYTHING = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:@SECLEVEL=0;"


async def _swept(port: int) -> Swept:
    seen: Any = await TlsSweep.of(endpoint(port), "").observe(Bench(connections=400))
    found = swept_of(seen)
    assert isinstance(found, Swept)
    return found


@pytest.mark.system("nginx")
def test_nginx_as_mozilla_configures_it_does_not_deviate(tmp_path: Path) -> None:
    with nginx(tmp_path, MOZILLA_INTERMEDIATE, kinds=("ec", "rsa")) as (port,):
        seen = asyncio.run(_swept(port))
    measured = held(seen, "mozilla-intermediate")
    assert (measured.deviations, measured.open) == ((), ())
    assert told(held(seen, "mozilla-modern")) == {("version", "insufficient", "TLSv1.2")}
    assert {it.name for it in held(seen, "nist-sp800-52r2").deviations} >= {CHACHA}


@pytest.mark.system("nginx")
def test_nginx_with_everything_on_deviates_everywhere(tmp_path: Path) -> None:
    with nginx(tmp_path, EVERYTHING, kinds=("ec", "rsa")) as (port,):
        seen = asyncio.run(_swept(port))
    topics = {it.topic for it in held(seen).deviations}
    assert {Topic.VERSION, Topic.SUITE, Topic.ORDER, Topic.SIGNATURE} <= topics
    assert {it.name for it in held(seen).deviations} >= {"TLSv1.0", "TLSv1.1", "TLS_RSA_WITH_AES_128_CBC_SHA"}
