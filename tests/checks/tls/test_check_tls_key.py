"""The server's key: every outcome, and both sides of every rule."""

from typing import Any

import pki
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import URL, Seen, authority, exchange, failed, handshake, judged, moved, said, shipped

from scanner.derive.acceptance import readable, taken_by_browsers
from scanner.derive.weak_keys import _PRIMES, has_roca_fingerprint, is_broken_exponent
from scanner.findings import Finding
from scanner.observations.http import BrokenHandshake
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import rsa_numbers

CHECK = shipped()["tls.certificate.key"]
HSTS_CHECK = shipped()["web.hsts.policy"]
_, ISSUING = authority()
EVEN = (b"\x02\x03\x01\x00\x01", b"\x02\x03\x01\x00\x00")
"""The exponent 65537 in DER, and the even one beside it."""


class Published:
    """A public key that somebody else has the private half of."""

    def __init__(self, modulus: int) -> None:
        self._key = rsa.RSAPublicNumbers(65537, modulus).public_key()

    def public_key(self) -> rsa.RSAPublicKey:
        return self._key


def weak_prime(exponent: int, factor: int) -> int:
    """A number of the form that RSALib's primes have; whether it is prime makes no difference to the fingerprint."""
    product = 2
    for prime in _PRIMES:
        product *= prime
    return factor * product + pow(65537, exponent, product)


ROCA = weak_prime(987_654_321, 2**808 + 9) * weak_prime(123_456_789, 2**808 + 21)


def seen(key: Any) -> Seen:
    return of(pki.leaf(ISSUING, key=key).der)


def of(der: bytes) -> Seen:
    return Seen(home=exchange(tls=handshake(der, ISSUING.der)), hops=(moved(URL),))


def judge(key: Any, **params: object) -> dict[str, str]:
    return said(judged(CHECK, seen(key), params=params))


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (rsa_key(1024), {"service": "weak"}),
        (rsa_key(2040), {"service": "weak"}),
        (pki.key("rsa"), {"service": "strong"}),
        (ec.generate_private_key(ec.SECP192R1()), {"service": "weak", "kind of key": "not_for_browsers"}),
        (ec.generate_private_key(ec.SECP224R1()), {"service": "weak", "kind of key": "not_for_browsers"}),
        (pki.key("ec"), {"service": "strong"}),
        (pki.key("p384"), {"service": "strong"}),
        (ec.generate_private_key(ec.SECP521R1()), {"service": "strong", "kind of key": "not_for_browsers"}),
        (ec.generate_private_key(ec.BrainpoolP256R1()), {"service": "strong", "kind of key": "not_for_browsers"}),
        (pki.key("ed25519"), {"service": "strong", "kind of key": "not_for_browsers"}),
        (pki.key("ed448"), {"service": "strong", "kind of key": "not_for_browsers"}),
        (pki.key("dsa"), {"service": "obsolete"}),
        (Published(ROCA), {"service": "roca"}),
        (Published(ROCA + 2), {"service": "strong"}),
    ],
)
def test_a_key_by_kind_and_size(key: Any, expected: dict[str, str]) -> None:
    assert judge(key) == expected


@pytest.mark.parametrize(
    ("kind", "params", "outcome"),
    [
        ("rsa", {"rsa_min_bits": 3072}, "below_policy"),
        ("rsa", {"rsa_min_bits": 2048}, "strong"),
        ("rsa", {"ec_min_bits": 384}, "strong"),
        ("ec", {"ec_min_bits": 384}, "below_policy"),
        ("p384", {"ec_min_bits": 384}, "strong"),
        ("ec", {"rsa_min_bits": 3072}, "strong"),
    ],
)
def test_the_policy_asks_for_more(kind: str, params: dict[str, object], outcome: str) -> None:
    assert judge(pki.key(kind), **params) == {"service": outcome}


def test_a_loose_policy_makes_no_weak_key_strong() -> None:
    assert judge(rsa_key(1024), rsa_min_bits=512) == {"service": "weak"}


def test_an_exponent_that_is_even() -> None:
    der = pki.leaf(ISSUING, key=pki.key("rsa")).der
    assert said(judged(CHECK, of(der.replace(*EVEN)))) == {"service": "exponent"}


def test_a_kind_that_is_not_known() -> None:
    """X25519's identifier in the place of Ed25519's: no key that signs."""
    der = pki.leaf(ISSUING, key=pki.key("ed25519")).der
    unknown = der.replace(b"\x06\x03\x2b\x65\x70", b"\x06\x03\x2b\x65\x6e")
    assert said(judged(CHECK, of(unknown)))["service"] == "unknown: inconclusive"


def test_without_a_proof_nothing_speaks_for_the_server() -> None:
    broken = BrokenHandshake((pki.leaf(ISSUING).der,), Unobserved(Reason.TLS_ALERT, "certificate required"))
    home = exchange(tls=broken, answer=broken.failure)
    assert said(judged(CHECK, Seen(home=home, hops=(moved(URL),)))) == {"service": "unknown: tls_alert"}


def test_without_a_proof_a_weak_key_is_weak_all_the_same() -> None:
    broken = BrokenHandshake((pki.leaf(ISSUING, key=rsa_key(1024)).der,), Unobserved(Reason.TLS_ALERT))
    assert said(judged(CHECK, Seen(home=exchange(tls=broken, answer=broken.failure)))) == {"service": "weak"}


@pytest.mark.parametrize("step", ["connect", "tls"])
def test_no_handshake(step: str) -> None:
    found = judged(CHECK, Seen(home=failed(step, Reason.TIMEOUT), hops=(moved(URL),)))
    assert said(found) == {"service": "unknown: timeout"}


def test_information_never_counts_as_a_fault() -> None:
    found: dict[str, Finding] = {it.subject.kind: it for it in judged(CHECK, seen(pki.key("ed25519")))}
    assert found["kind of key"].severity == "info"


@pytest.mark.parametrize(("kind", "accepted"), [("ec", True), ("p384", True), ("rsa", True), ("ed25519", False)])
def test_a_key_that_browsers_do_not_take_is_not_accepted_by_them(kind: str, accepted: bool) -> None:
    lines = "Strict-Transport-Security: max-age=31536000; includeSubDomains"
    home = exchange(lines, tls=handshake(pki.leaf(ISSUING, key=pki.key(kind)).der, ISSUING.der))
    found = said(judged(HSTS_CHECK, Seen(home=home, hops=(moved(URL), home))))
    assert found == {"service": "set" if accepted else "unknown: inconclusive"}


def test_rsassa_pss_keys_are_not_for_browsers() -> None:
    der = pki.leaf(ISSUING, key=pki.key("rsa")).der
    # The algorithm of the key, once; the one of the signature is another.
    pss = der.replace(
        bytes.fromhex("300d06092a864886f70d0101010500"), bytes.fromhex("300d06092a864886f70d01010a0500"), 1
    )
    certificate = readable(pss)
    assert certificate is not None
    assert (certificate.key.kind, taken_by_browsers(certificate.key)) == ("rsa-pss", False)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2**200), st.integers(1, 2**200), st.integers(1, 2**300))
def test_every_product_of_weak_primes_has_the_fingerprint(one: int, two: int, factor: int) -> None:
    assert has_roca_fingerprint(weak_prime(one, factor) * weak_prime(two, factor + 1))


@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_ordinary_key_has_no_fingerprint(bits: int) -> None:
    assert not has_roca_fingerprint(rsa_key(bits).public_key().public_numbers().n)


@pytest.mark.parametrize(
    ("exponent", "broken"), [(1, True), (2, True), (3, False), (65536, True), (65537, False), (0, True)]
)
def test_exponents(exponent: int, broken: bool) -> None:
    assert is_broken_exponent(exponent) is broken


def test_the_numbers_of_a_key() -> None:
    private = pki.key("rsa")
    certificate = readable(pki.leaf(ISSUING, key=private).der)
    other = readable(pki.leaf(ISSUING).der)
    assert certificate is not None
    assert other is not None
    numbers = private.public_key().public_numbers()  # type: ignore[union-attr]
    assert rsa_numbers(certificate.key) == (numbers.n, numbers.e)
    assert rsa_numbers(other.key) is None
