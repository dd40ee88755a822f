"""Groups of the key exchange: every outcome, and both sides of every rule."""

from math import factorial, isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tls_facts_made import (
    DHE_GCM,
    GCM,
    SERVICE,
    SHORT,
    STATIC_GCM,
    dh,
    groups,
    older,
    said,
    swept,
    tls12,
    tls13,
)

from scanner.derive.tls_facts import DhGroup, Spoken, Swept, TlsVersion
from scanner.derive.tls_weakness import (
    MAX_TESTED_GROUPS,
    DhFault,
    dh_fault,
    is_prime,
    is_weak_curve,
    named_number,
    untested,
)
from scanner.probes.tls.code_points import GroupKind, group, groups_of
from scanner.registry import RegistryError, discover

POLICY = discover()["tls.group.policy"]
POST_QUANTUM = discover()["tls.group.post_quantum"]
OF_POLICY = "groups of the policy"
UNKNOWN = "unknown: timeout"


def ffdhe(bits: int, x: int) -> int:
    """A prime of RFC 7919 appendix A, from its formula: 2^b - 2^(b-64) + ((2^(b-130) * e) + X) * 2^64 - 1."""
    precision = bits + 64
    e = sum((1 << precision) // factorial(n) for n in range(bits))
    return 2**bits - 2 ** (bits - 64) + ((e >> (precision - (bits - 130))) + x) * 2**64 - 1


FFDHE2048, FFDHE3072 = ffdhe(2048, 560316), ffdhe(3072, 2625351)
MERSENNE = 2**2203 - 1
"""A prime whose half is none: 2^2202 - 1 has many factors. In it 2 has the order 2203, and 3 a large one."""
PRODUCT = (2**1279 - 1) * (2**1279 - 1)
"""Of 2558 bits, without any small factor."""
SMALL = 2**1279 - 1


def with_dh(*parameters: DhGroup, **fields: object) -> Swept:
    return swept(tls12(GCM, DHE_GCM, dh=parameters, **fields), tls13())


@pytest.mark.parametrize(
    ("seen", "breakable", "outside"),
    [
        (swept(), "unbroken", "inside"),
        (with_dh(dh(FFDHE2048)), "unbroken", "inside"),
        (with_dh(dh(FFDHE2048, name="ffdhe2048")), "unbroken", "inside_for_now"),
        (with_dh(dh(FFDHE3072, name="ffdhe3072")), "unbroken", "inside"),
        # A draft of a hybrid is as strong as its curve; pure curves on no list are not inside.
        (swept(tls13(groups=groups("x25519", "X25519Kyber768Draft00"))), "unbroken", "inside_for_now"),
        (swept(tls13(groups=groups("x25519", "secp256k1"))), "unbroken", "outside"),
        (with_dh(dh(SMALL)), "short_dh", "elsewhere"),
        (with_dh(dh(SMALL, name="nginx 0.7.2 (1024 bits)")), "common_dh", "elsewhere"),
        (with_dh(dh(2**2047 + 1, bits=2047)), "short_dh", "elsewhere"),
        (with_dh(dh(PRODUCT)), "composite_dh", "elsewhere"),
        (with_dh(dh(2**2048 + 981, generator=1)), "generator", "elsewhere"),
        (with_dh(dh(MERSENNE, generator=2)), "generator", "elsewhere"),
        (with_dh(dh(MERSENNE, generator=3)), "unbroken", "subgroups"),
        (swept(tls12(groups=groups("x25519", "secp192r1"))), "weak_curve", "elsewhere"),
        (swept(tls12(groups=groups("x25519", "sect163k1"))), "weak_curve", "elsewhere"),
        (swept(tls12(groups=groups("x25519", "secp224r1"))), "unbroken", "inside_for_now"),
        (swept(tls12(groups=groups("x25519", "sect233r1"))), "unbroken", "outside"),
        (swept(tls12(groups=groups("x25519", "secp256k1"))), "unbroken", "outside"),
        (swept(tls13(groups=groups("X25519MLKEM768", "MLKEM768"))), "unbroken", "inside"),
        (swept(tls12(groups=groups("x25519"), groups_short=SHORT)), UNKNOWN, UNKNOWN),
        (swept(tls12(groups=groups("secp160r1"), groups_short=SHORT)), "weak_curve", UNKNOWN),
        (swept(tls12(groups=groups("secp256k1"), groups_short=SHORT)), UNKNOWN, "outside"),
        (swept(tls12(suites_short=SHORT)), UNKNOWN, UNKNOWN),  # a suite not seen may bring a group not seen
        (swept(tls12(), unknown=[TlsVersion.TLS10]), UNKNOWN, UNKNOWN),
        (swept(tls12(), unknown=[TlsVersion.TLS13]), UNKNOWN, UNKNOWN),
        (swept(tls12(STATIC_GCM, groups=())), "no_groups", "no_groups"),
        (swept(tls12(), older(TlsVersion.TLS10, groups=groups("secp192r1"))), "weak_curve", "elsewhere"),
        (swept(tls12(), older(TlsVersion.TLS10, groups=groups("secp256k1"))), "unbroken", "outside"),
        (swept(tls12(), older(TlsVersion.TLS10, groups=groups("x25519"))), "unbroken", "inside"),
    ],
)
def test_groups(seen: Swept, breakable: str, outside: str) -> None:
    assert said(POLICY, seen, SERVICE) == {"service": breakable, OF_POLICY: outside}


MODP1536 = dh(FFDHE2048 >> 512 << 1, bits=1537, name="RFC 3526 group 5")


@pytest.mark.parametrize(
    ("least", "parameters", "breakable", "outside"),
    [
        (3072, dh(FFDHE2048), "unbroken", "below_policy"),
        (3072, dh(FFDHE3072), "unbroken", "inside"),
        (2048, MODP1536, "common_dh", "elsewhere"),
        (1024, MODP1536, "unbroken", "outside"),  # who asks for less is told what the policy says of it all the same
        (2048, dh(SMALL), "short_dh", "elsewhere"),
        (1280, dh(SMALL), "short_dh", "elsewhere"),
    ],
)
def test_the_least_size_is_a_threshold(least: int, parameters: DhGroup, breakable: str, outside: str) -> None:
    found = said(POLICY, with_dh(parameters), SERVICE, dh_min_bits=least)
    assert found == {"service": breakable, OF_POLICY: outside}


@pytest.mark.parametrize(
    ("policy", "seen", "outside"),
    [
        ("mozilla-intermediate", swept(), "inside"),
        ("mozilla-intermediate", swept(tls12(groups=groups("x25519", "x448"))), "outside"),
        ("ncsc-nl-2025", with_dh(dh(FFDHE2048, name="ffdhe2048")), "outside"),
        ("ncsc-nl-2025", with_dh(dh(FFDHE3072, name="ffdhe3072")), "inside_for_now"),
        ("ncsc-nl-2025", with_dh(dh(FFDHE3072)), "outside"),  # no published group
        ("bsi-tr-02102-2-2026", swept(tls12(groups=groups("secp256r1")), tls13(groups=groups("secp256r1"))), "inside"),
        ("bsi-tr-02102-2-2026", swept(), "outside"),  # X25519 is on none of its lists
        ("nist-sp800-52r2", swept(), "inside"),  # it says nothing about X25519
        ("nist-sp800-52r2", swept(tls12(groups=groups("brainpoolP256r1"))), "outside"),
    ],
)
def test_other_policies(policy: str, seen: Swept, outside: str) -> None:
    assert said(POLICY, seen, SERVICE, policy=policy)[OF_POLICY] == outside


def test_a_policy_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RegistryError, match="there is no TLS policy 'x'"):
        POLICY.with_params({"policy": "x"})


def test_one_group_behind_many_suites_is_one() -> None:
    parameters = [but_suites(dh(FFDHE2048), number) for number in range(MAX_TESTED_GROUPS + 2)]
    assert said(POLICY, with_dh(*parameters), SERVICE)["service"] == "unbroken"


def but_suites(parameters: DhGroup, number: int) -> DhGroup:
    return DhGroup(parameters.prime, parameters.generator, parameters.bits, parameters.name, (number,))


def test_a_server_with_a_new_group_each_time_is_not_tested_for_ever() -> None:
    several = [dh(FFDHE2048, generator=it) for it in range(2, MAX_TESTED_GROUPS + 3)]
    assert said(POLICY, with_dh(*several), SERVICE) == {
        "service": "unknown: too_large",
        OF_POLICY: "unknown: too_large",
    }
    assert said(POLICY, with_dh(dh(2**8000 + 1)), SERVICE)["service"] == "unknown: too_large"


# Post-quantum ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (tls13(), "hybrid"),
        (tls13(groups=groups("SecP256r1MLKEM768")), "hybrid"),
        (tls13(groups=groups("SecP384r1MLKEM1024")), "hybrid"),
        (tls13(groups=groups("MLKEM1024")), "hybrid"),
        (tls13(groups=groups("x25519", "secp256r1")), "none"),
        (tls13(groups=groups("x25519", "X25519Kyber768Draft00")), "none"),
        (tls13(groups=groups("x25519"), groups_short=SHORT), UNKNOWN),
        (tls13(groups_short=SHORT), "hybrid"),
        (tls12(), "none"),
    ],
)
def test_post_quantum(spoken: Spoken, expected: str) -> None:
    assert said(POST_QUANTUM, swept(spoken)) == {"service": expected}


def test_post_quantum_is_open_while_tls13_is() -> None:
    assert said(POST_QUANTUM, swept(tls12(), unknown=[TlsVersion.TLS13])) == {"service": UNKNOWN}


# What is known of groups ----------------------------------------------------------------------------------------------


def test_the_formula_gives_the_published_primes() -> None:
    """The first and the last words of RFC 7919 A.1, and what our test says of them."""
    text = f"{FFDHE2048:X}"
    assert text.startswith("FFFFFFFFFFFFFFFFADF85458A2BB4A9A")
    assert text.endswith("886B423861285C97FFFFFFFFFFFFFFFF")
    assert is_prime(FFDHE2048)
    assert is_prime((FFDHE2048 - 1) // 2)
    assert not is_prime(FFDHE2048 + 2)


@given(st.integers(min_value=-3, max_value=200_000))
def test_small_numbers_are_prime_or_not(n: int) -> None:
    assert is_prime(n) == (n > 1 and all(n % it for it in range(2, isqrt(n) + 1)))


@pytest.mark.parametrize(
    "n", [561, 1105, 825_265, 3_215_031_751, 3_825_123_056_546_413_051, (2**521 - 1) * (2**607 - 1)]
)
def test_numbers_that_fool_simple_tests_are_not_prime(n: int) -> None:
    assert not is_prime(n)


@pytest.mark.parametrize("exponent", [31, 61, 127, 521, 607, 1279])
def test_primes_are_never_called_composite(exponent: int) -> None:
    assert is_prime(2**exponent - 1)


@pytest.mark.parametrize(
    ("prime", "generator", "expected"),
    [
        (FFDHE2048, 2, None),
        (FFDHE2048, 0, DhFault.NO_GROUP),
        (FFDHE2048, 1, DhFault.NO_GROUP),
        (FFDHE2048, FFDHE2048 - 1, DhFault.NO_GROUP),
        (FFDHE2048, FFDHE2048, DhFault.NO_GROUP),
        (0, 2, DhFault.NO_GROUP),
        (4, 2, DhFault.NO_GROUP),
        (MERSENNE, 2, DhFault.NO_GROUP),
        (MERSENNE, 3, DhFault.SMALL_SUBGROUPS),
        (PRODUCT, 2, DhFault.COMPOSITE),
        (FFDHE2048 - 1, 2, DhFault.COMPOSITE),
    ],
)
def test_what_is_wrong_with_parameters(prime: int, generator: int, expected: DhFault | None) -> None:
    made = dh(prime, generator=generator)
    assert dh_fault(made.prime, made.generator, None) is expected


@given(st.binary(max_size=40), st.binary(max_size=40), st.none() | st.text(max_size=5))
def test_any_parameters_have_an_answer(prime: bytes, generator: bytes, name: str | None) -> None:
    assert dh_fault(prime, generator, name) in {None, *DhFault}


def test_published_groups_are_not_tested() -> None:
    assert dh_fault(PRODUCT.to_bytes(320, "big"), b"\2", "ffdhe2048") is None
    assert dh_fault(PRODUCT.to_bytes(320, "big"), b"\2", "RFC 5114 group 24") is DhFault.COMPOSITE
    assert untested(tuple(dh(PRODUCT + it, name=f"RFC 3526 group {it}") for it in range(9))) is None


@pytest.mark.parametrize(("name", "expected"), [("ffdhe2048", 256), ("RFC 3526 group 14", None), (None, None)])
def test_the_number_of_a_named_group(name: str | None, expected: int | None) -> None:
    assert named_number(dh(FFDHE2048, name=name)) == expected


def test_weak_curves_are_those_of_fewer_than_224_bits() -> None:
    weak = {it for it in groups_of(0x0303) if is_weak_curve(it)}
    assert weak == {1, 2, 3, 4, 5, 15, 16, 17, 18, 19}
    assert not is_weak_curve(0x0A0A)
    assert all(group(it).kind in (GroupKind.PRIME_CURVE, GroupKind.BINARY_CURVE) for it in weak)  # type: ignore[union-attr]


@pytest.mark.parametrize("generator", [2, 3])
def test_small_moduli_are_composite_or_not(generator: int) -> None:
    """Whichever way primality is shown, by the modulus itself or by half of what is below it."""
    for n in range(5, 3000):
        is_composite = any(n % it == 0 for it in range(2, isqrt(n) + 1))
        fault = dh_fault(n.to_bytes(2, "big"), bytes([generator]), None)
        assert (fault is DhFault.COMPOSITE) == is_composite
