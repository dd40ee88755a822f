"""Names of published groups: the primes of the RFCs from their formulas, RFC 5114's from OpenSSL."""

import base64
import subprocess

import pytest
from installed import program

from scanner.probes.tls.dh_groups import name_of

GUARD_BITS = 64


def pi_bits(bits: int) -> int:
    """Pi, times two to so many bits, rounded down (Machin's formula)."""
    one = 1 << bits + GUARD_BITS

    def arctangent(of: int) -> int:
        total = term = one // of
        divisor, sign = 3, -1
        while term:
            term //= of * of
            total += sign * (term // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    return (4 * (4 * arctangent(5) - arctangent(239))) >> GUARD_BITS


def e_bits(bits: int) -> int:
    """Euler's number, times two to so many bits, rounded down."""
    total = term = 1 << bits + GUARD_BITS
    number = 1
    while term:
        term //= number
        total += term
        number += 1
    return total >> GUARD_BITS


def prime(bits: int, constant: int, added: int) -> bytes:
    """2^bits - 2^(bits-64) + 2^64 * (floor(constant * 2^(bits-130)) + added) - 1."""
    value = (1 << bits) - (1 << bits - 64) + ((constant + added) << 64) - 1
    return value.to_bytes(bits // 8, "big")


@pytest.mark.parametrize(
    ("name", "bits", "added"),
    [
        ("RFC 2409 group 1", 768, 149_686),
        ("RFC 2409 group 2", 1024, 129_093),
        ("RFC 3526 group 5", 1536, 741_804),
        ("RFC 3526 group 14", 2048, 124_476),
        ("RFC 3526 group 15", 3072, 1_690_314),
        ("RFC 3526 group 16", 4096, 240_904),
        ("RFC 3526 group 17", 6144, 929_484),
        ("RFC 3526 group 18", 8192, 4_743_158),
    ],
)
def test_groups_of_ike(name: str, bits: int, added: int) -> None:
    octets = prime(bits, pi_bits(bits - 130), added)
    assert name_of(octets) == name
    assert name_of(b"\0" + octets) == name
    assert name_of(octets[:-1] + b"\xfe") is None


@pytest.mark.parametrize(
    ("name", "bits", "added"),
    [
        ("ffdhe2048", 2048, 560_316),
        ("ffdhe3072", 3072, 2_625_351),
        ("ffdhe4096", 4096, 5_736_041),
        ("ffdhe6144", 6144, 15_705_020),
        ("ffdhe8192", 8192, 10_965_728),
    ],
)
def test_groups_of_rfc_7919(name: str, bits: int, added: int) -> None:
    assert name_of(prime(bits, e_bits(bits - 130), added)) == name


@pytest.mark.system("openssl")
@pytest.mark.parametrize(
    ("number", "name"), [(1, "RFC 5114 group 22"), (2, "RFC 5114 group 23"), (3, "RFC 5114 group 24")]
)
def test_groups_of_rfc_5114(number: int, name: str) -> None:
    command = [program("openssl") or "openssl", "genpkey", "-genparam", "-algorithm", "DHX"]
    done = subprocess.run([*command, "-pkeyopt", f"dh_rfc5114:{number}"], capture_output=True, check=True, timeout=60)
    der = base64.b64decode(b"".join(line for line in done.stdout.splitlines() if not line.startswith(b"-")))
    at = 4  # a sequence (30 82, two octets of length) of p, g and q
    start = at + 2 + (der[at + 1] & 0x7F)
    length = int.from_bytes(der[at + 2 : start], "big")
    assert name_of(der[start : start + length]) == name


def test_a_group_of_the_servers_own_has_no_name() -> None:
    assert name_of(b"\xff" * 256) is None
    assert name_of(b"") is None


def test_what_servers_shipped() -> None:
    nginx = (
        "bbbc2dcad84674907c43fcf580e9cfdbd958a3f568b42d4b08eed4eb0fb3504c6c030276e710800c5ccbbaa8922614c5beeca565a5fdf1d2"
        "87a2bc049be6778060e91a92a757e3048f68b076f7d36cc8f29ba5df81dc2ca725ece66270cc9a5035d8ceceef9ea0274a63ab1e58fafd49"
        "88d0f65d146757da071df045cfe16b9b"
    )
    apache = (
        "d67de440cbbbdc1936d693d34afd0ad50c84d239a45f520bb88174cb98bce951849f912e639c72fb13b4b4d7177e16d55ac179ba420b2a29"
        "fe324a467a635e81ff5901377beddcfd33168a461aad3b72dae8860078045b07a7dbca7874087d1510ea9fcc9ddd330507dd62db88aeaa74"
        "7de0f4d6e2bd68b0e7393e0f24218eb3"
    )
    assert name_of(bytes.fromhex(nginx)) == "nginx 0.7.2 (1024 bits)"
    assert (name_of(bytes.fromhex(apache)) or "").startswith("Apache httpd 2.1.5")
