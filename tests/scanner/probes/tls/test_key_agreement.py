"""Key agreement: both sides come to the same secret, and a stranger's share is refused without harm."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey, MLKEM1024PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.probes.tls.key_agreement import CLASSICAL, GROUPS, ffdhe_prime, key_agreement

SHARE_BYTES = {
    29: 32,
    23: 65,
    24: 97,
    25: 133,
    30: 56,
    31: 65,
    32: 97,
    33: 129,
    256: 256,
    257: 384,
    258: 512,
    259: 768,
    260: 1024,
    4588: 1216,
    4587: 1249,
    4589: 1665,
    513: 1184,
    514: 1568,
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_share_has_the_length_of_its_group(group: int) -> None:
    assert len(key_agreement(group).share) == SHARE_BYTES[group]


@pytest.mark.parametrize("group", CLASSICAL)
def test_two_clients_agree(group: int) -> None:
    one, other = key_agreement(group), key_agreement(group)
    assert one.share != other.share
    assert one.agree(other.share) == other.agree(one.share)


def test_the_server_of_a_hybrid_has_both_secrets() -> None:
    """What the draft says of the order: ML-KEM first with X25519, last with the curves of NIST."""
    mine = key_agreement(4588)
    theirs = X25519PrivateKey.generate()
    sealed = MLKEM768PublicKey.from_public_bytes(mine.share[:1184]).encapsulate()
    secret, ciphertext = sealed
    plain = theirs.exchange(X25519PublicKey.from_public_bytes(mine.share[1184:]))
    assert mine.agree(ciphertext + theirs.public_key().public_bytes_raw()) == secret + plain


@pytest.mark.parametrize(
    ("group", "curve", "kem", "point"),
    [(4587, ec.SECP256R1(), MLKEM768PublicKey, 65), (4589, ec.SECP384R1(), MLKEM1024PublicKey, 97)],
)
def test_a_hybrid_with_a_curve(group: int, curve: ec.EllipticCurve, kem: type[MLKEM768PublicKey], point: int) -> None:
    mine, theirs = key_agreement(group), ec.generate_private_key(curve)
    secret, ciphertext = kem.from_public_bytes(mine.share[point:]).encapsulate()
    plain = theirs.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, mine.share[:point]))
    public = theirs.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert mine.agree(public + ciphertext) == plain + secret


@given(st.sampled_from(GROUPS), st.binary(max_size=2000))
@example(513, b"")
@example(4588, bytes(1120))
def test_a_strange_share_is_refused(group: int, share: bytes) -> None:
    mine = key_agreement(group)
    if len(share) == 32 or len(share) == 56:
        return  # every number is a point there
    with pytest.raises(ValueError, match=r"^"):
        mine.agree(share)


@pytest.mark.parametrize("value", [0, 1])
def test_a_share_that_makes_the_secret_known_is_refused(value: int) -> None:
    prime = ffdhe_prime(256)
    for share in (value, prime - 1 + value):
        with pytest.raises(ValueError, match="outside the group"):
            key_agreement(256).agree(share.to_bytes(256, "big"))
    with pytest.raises(ValueError, match=r"^"):
        key_agreement(29).agree(bytes(32))


def test_a_group_that_nobody_knows() -> None:
    with pytest.raises(ValueError, match="no key agreement in group 512"):
        key_agreement(512)


def test_the_primes_are_safe_looking_and_begin_like_their_sisters() -> None:
    """RFC 7919: all begin and end with 64 ones, and begin with the same digits of e."""
    for group, bits in ((256, 2048), (257, 3072), (258, 4096), (259, 6144), (260, 8192)):
        prime = ffdhe_prime(group)
        assert prime.bit_length() == bits
        assert f"{prime:X}".startswith("FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641")
        assert f"{prime:X}".endswith("FFFFFFFFFFFFFFFF")
        assert pow(2, (prime - 1) // 2, prime) == 1
