"""Cipher suites: every outcome, both sides of every rule, and that no suite is told twice."""

from typing import Any

import pytest
from tls_facts_made import (
    ANON,
    CBC_SHA1,
    CBC_SHA2,
    CCM_8,
    CHACHA,
    DHE_GCM,
    EXPORT,
    GCM,
    GCM_256,
    NULL,
    RC4,
    SERVICE,
    SHORT,
    STATIC_CBC,
    STATIC_GCM,
    TRIPLE_DES,
    older,
    said,
    swept,
    tls12,
    tls13,
)

from scanner.derive.tls_facts import Preference, Spoken, Swept, TlsVersion, Undetermined
from scanner.derive.tls_weakness import Weakness, weakness_of
from scanner.probes.tls.code_points import suite, suites_of
from scanner.registry import RegistryError, discover

INSECURE = discover()["tls.cipher.insecure"]
POLICY = discover()["tls.cipher.policy"]
ORDER = discover()["tls.cipher.order"]
SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = TlsVersion
UNKNOWN = "unknown: timeout"
PLAIN, CBC = "suites without encryption", "suites without AEAD"
SHORTER: dict[str, Any] = {"suites_short": SHORT}


# What is broken -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "broken", "plain"),
    [
        (swept(), "sound", "encrypted"),
        (swept(tls12(GCM, STATIC_CBC)), "sound", "encrypted"),  # no forward secrecy is no weakness of this kind
        (swept(tls12(GCM, TRIPLE_DES)), "broken", "encrypted"),
        (swept(tls12(GCM, RC4)), "broken", "encrypted"),
        (swept(tls12(GCM, EXPORT)), "export", "encrypted"),
        (swept(tls12(GCM, ANON)), "anonymous", "encrypted"),
        (swept(tls12(GCM, NULL)), "sound", "no_encryption"),
        (swept(tls12(GCM, NULL, RC4)), "broken", "no_encryption"),
        (swept(tls12(GCM, RC4, EXPORT, ANON)), "anonymous", "encrypted"),
        (swept(tls12(), older(SSL3, RC4)), "broken", "encrypted"),
        (swept(tls12(GCM, **SHORTER)), UNKNOWN, UNKNOWN),
        (swept(tls12(GCM, RC4, **SHORTER)), "broken", UNKNOWN),  # proven although more may come
        (swept(tls12(GCM, NULL, **SHORTER)), UNKNOWN, "no_encryption"),
        (swept(tls12(), unknown=[SSL3]), UNKNOWN, UNKNOWN),
        (swept(tls12(), unknown=[SSL2]), "sound", "encrypted"),  # its suites are not judged one by one
    ],
)
def test_broken_suites(seen: Swept, broken: str, plain: str) -> None:
    assert said(INSECURE, seen, SERVICE) == {"service": broken, PLAIN: plain}


def test_a_server_of_sslv2_alone_is_told_of_elsewhere() -> None:
    seen = swept(Spoken(TlsVersion.SSL2, (0x010080,)))
    assert said(INSECURE, seen, SERVICE) == {"service": "ssl2_only"}


def test_suites_are_named_with_their_versions() -> None:
    seen = swept(tls12(GCM, TRIPLE_DES), older(TLS10, RC4, EXPORT))
    found = [it for it in INSECURE.judge(seen, SERVICE) if it.subject is None]
    assert [it.arguments["suites"] for it in found] == [f"TLSv1.0: {EXPORT}"]
    assert [it.found for it in found] == [f"TLSv1.2: {TRIPLE_DES}; TLSv1.0: {RC4}, {EXPORT}"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0x0000, Weakness.NO_ENCRYPTION),
        (0xC0B4, Weakness.NO_ENCRYPTION),  # TLS_SHA256_SHA256 of TLS 1.3 (RFC 9150)
        (0x0018, Weakness.ANONYMOUS),
        (0x0003, Weakness.EXPORT),
        (0x0004, Weakness.RC4),
        (0x0009, Weakness.DES),
        (0x000A, Weakness.TRIPLE_DES),
        (0xC012, Weakness.TRIPLE_DES),
        (0x0007, Weakness.SHORT_BLOCK),
        (0x002F, None),
        (0x009C, None),
        (0x1301, None),
        (0xC02F, None),
        (0xCCA8, None),
        (0x0A0A, None),
        (0xFFFE, None),
    ],
)
def test_why_a_suite_is_broken(number: int, expected: Weakness | None) -> None:
    assert weakness_of(number) is expected


def test_whatever_its_name_tells_is_broken_is() -> None:
    """The names of IANA, held against the table's columns: two ways to the same answer."""
    words = ("_NULL_", "_anon_", "_EXPORT", "RC4", "_DES_", "3DES", "_MD5", "RC2_", "IDEA")
    for version in (0x0300, 0x0301, 0x0303, 0x0304):
        for number in suites_of(version):
            found = suite(number)
            assert found is not None
            if found.name.startswith(("TLS_", "SSL_")) and not found.name.startswith("TLS_GOST"):
                told = any(word in f"{found.name}_" for word in words)
                others = found.name in ("TLS_SHA256_SHA256", "TLS_SHA384_SHA384") or found.cipher == "SKIPJACK"
                assert (weakness_of(number) is not None) == (told or others), found.name


# The policy -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "outside", "cbc"),
    [
        (swept(), "inside", "all_aead"),
        (swept(tls13()), "inside", "all_aead"),
        (swept(tls12(GCM, STATIC_GCM)), "outside", "all_aead"),
        (swept(tls12(GCM, DHE_GCM)), "phase_out", "all_aead"),
        (swept(tls12(GCM, CCM_8)), "phase_out", "all_aead"),
        (swept(tls12(GCM, DHE_GCM, STATIC_GCM)), "outside", "all_aead"),
        (swept(tls12(GCM, CBC_SHA2)), "elsewhere", "no_aead_phase_out"),
        (swept(tls12(GCM, CBC_SHA1)), "elsewhere", "no_aead_phase_out"),
        (swept(tls12(GCM, STATIC_CBC)), "elsewhere", "no_aead"),
        (swept(tls12(GCM, CBC_SHA2, STATIC_CBC, STATIC_GCM)), "outside", "no_aead"),
        (swept(tls12(GCM, TRIPLE_DES)), "elsewhere", "elsewhere"),  # tls.cipher.insecure has named it
        (swept(tls12(), older(TLS10)), "elsewhere", "elsewhere"),  # tls.protocol.obsolete has named it
        (swept(older(TLS10)), "elsewhere", "elsewhere"),
        (swept(tls12(GCM, **SHORTER)), UNKNOWN, UNKNOWN),
        (swept(tls12(GCM, STATIC_GCM, **SHORTER)), "outside", UNKNOWN),
        (swept(tls12(GCM, STATIC_CBC, **SHORTER)), UNKNOWN, "no_aead"),
        (swept(tls12(), unknown=[TLS13]), UNKNOWN, UNKNOWN),
        (swept(tls12(), unknown=[TLS10]), "inside", "all_aead"),
    ],
)
def test_suites_against_the_policy(seen: Swept, outside: str, cbc: str) -> None:
    assert said(POLICY, seen, SERVICE) == {"service": outside, CBC: cbc}


@pytest.mark.parametrize(
    ("policy", "seen", "outside", "cbc"),
    [
        ("mozilla-intermediate", swept(), "inside", "all_aead"),
        ("mozilla-intermediate", swept(tls12(GCM, DHE_GCM)), "outside", "all_aead"),
        ("mozilla-modern", swept(), "elsewhere", "elsewhere"),
        ("mozilla-modern", swept(tls13()), "inside", "all_aead"),
        ("ncsc-nl-2025", swept(tls12(GCM, CBC_SHA2)), "elsewhere", "no_aead_phase_out"),
        ("ncsc-nl-2025", swept(tls12(GCM, CBC_SHA1)), "elsewhere", "no_aead"),
        ("bsi-tr-02102-2-2026", swept(), "outside", "all_aead"),  # ChaCha20-Poly1305 is on none of its lists
        (
            "bsi-tr-02102-2-2026",
            swept(tls12(GCM, CBC_SHA2), tls13("TLS_AES_128_GCM_SHA256")),
            "inside",
            "no_aead_allowed",
        ),
        ("nist-sp800-52r2", swept(tls12(GCM, CBC_SHA1)), "inside", "no_aead_allowed"),
        ("nist-sp800-52r2", swept(tls12(GCM, STATIC_CBC)), "elsewhere", "no_aead"),
    ],
)
def test_other_policies_decide_when_they_are_named(policy: str, seen: Swept, outside: str, cbc: str) -> None:
    assert said(POLICY, seen, SERVICE, policy=policy) == {"service": outside, CBC: cbc}


@pytest.mark.parametrize("check", [POLICY, ORDER])
def test_a_policy_that_is_not_there_is_an_error(check: Any) -> None:
    with pytest.raises(RegistryError, match=r"there is no TLS policy 'mozila-modern'; did you mean 'mozilla-modern'\?"):
        check.with_params({"policy": "mozila-modern"})


def test_the_policy_and_its_edition_stand_in_the_words() -> None:
    for verdict in POLICY.judge(swept(tls12(GCM, STATIC_GCM)), SERVICE, POLICY.with_params({})):
        if "policy" in verdict.arguments:
            assert str(verdict.arguments["policy"]).startswith("pindai-gov 20")


def test_a_finding_shows_the_suites_its_sentence_is_about_and_no_others() -> None:
    seen = swept(tls12(GCM, DHE_GCM, STATIC_GCM, CBC_SHA2, STATIC_CBC))
    verdicts = [it for it in POLICY.judge(seen, SERVICE, POLICY.with_params({})) if "suites" in it.arguments]
    assert {it.outcome.key for it in verdicts} == {"outside", "no_aead"}
    assert all(it.found == it.arguments["suites"] for it in verdicts)
    assert STATIC_GCM in str(verdicts[0].found)
    assert DHE_GCM not in str(verdicts[0].found)  # to be phased out only


EVERYTHING = (
    GCM,
    CHACHA,
    DHE_GCM,
    STATIC_GCM,
    CCM_8,
    CBC_SHA2,
    CBC_SHA1,
    STATIC_CBC,
    TRIPLE_DES,
    RC4,
    EXPORT,
    ANON,
    NULL,
)


@pytest.mark.parametrize("name", EVERYTHING)
def test_no_suite_is_told_twice(name: str) -> None:
    """Of the findings about one suite there is one at most, whichever check it is of."""
    seen = swept(tls12(GCM_256, name))
    found = [*said(INSECURE, seen, SERVICE).items(), *said(POLICY, seen, SERVICE).items()]
    keys = {it.key for check in (INSECURE, POLICY) for it in check.outcomes if it.state == "fail"}
    assert len([key for _, key in found if key in keys]) == (0 if name in (GCM, CHACHA) else 1)


# The order ------------------------------------------------------------------------------------------------------------

SERVER: dict[str, Any] = {"preference": Preference.SERVER}
OPEN: dict[str, Any] = {"preference": Preference.UNKNOWN}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(), "no_difference"),
        (swept(tls12(GCM, GCM_256, **SERVER)), "no_difference"),
        (swept(tls12(GCM, CBC_SHA2)), "client_chooses"),
        (swept(tls12(GCM, CBC_SHA2, **SERVER)), "in_order"),
        (swept(tls12(CBC_SHA2, GCM, **SERVER)), "worse_first"),
        (swept(tls12(GCM, CBC_SHA2, CHACHA, **SERVER)), "worse_first"),
        (swept(tls12(CBC_SHA2, STATIC_CBC)), "no_difference"),  # nothing better is there to be taken
        (swept(tls12(GCM, RC4)), "client_chooses"),
        (swept(tls12(GCM, CBC_SHA2, **OPEN)), "unknown: inconclusive"),
        (
            swept(tls12(GCM, CBC_SHA2, **OPEN), undetermined=(Undetermined("preference.TLSv1.2", SHORT),)),
            UNKNOWN,
        ),
        (swept(tls12(GCM, GCM_256, **OPEN)), "no_difference"),
        (swept(tls12(GCM, **SHORTER)), UNKNOWN),
        (swept(tls12(GCM, CBC_SHA2, **SHORTER)), "client_chooses"),
        (swept(tls12(), older(TLS10, CBC_SHA1, RC4)), "no_difference"),
        (swept(older(TLS10, CBC_SHA1, RC4)), "none_judged"),  # such a version is to go as a whole
        (swept(older(TLS10, CBC_SHA1), unknown=[TlsVersion.TLS12]), UNKNOWN),
    ],
)
def test_the_order(seen: Swept, expected: str) -> None:
    assert said(ORDER, seen) == {"service": expected}


def test_a_policy_that_asks_for_no_order_does_not_apply() -> None:
    assert said(ORDER, swept(tls12(CBC_SHA2, GCM, **SERVER)), policy="mozilla-intermediate") == {"service": "free"}


def test_the_pair_that_stands_wrong_is_named() -> None:
    (verdict,) = ORDER.judge(swept(tls12(CHACHA, CBC_SHA2, GCM, **SERVER)), ORDER.with_params({}))
    assert (verdict.arguments["worse"], verdict.arguments["better"]) == (CBC_SHA2, GCM)
