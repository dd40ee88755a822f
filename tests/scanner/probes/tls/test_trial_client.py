"""The client of the trials against published vectors and against itself; that servers understand it is in test_trials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.der import BIT_STRING, INTEGER, OID, SEQUENCE, SET, UTC_TIME, element, encoded
from scanner.probes.tls.first_flight import Flight
from scanner.probes.tls.padding import SHAPES
from scanner.probes.tls.robot import SHAPES as FORMS
from scanner.probes.tls.robot import block
from scanner.probes.tls.trial_client import (
    SUITES,
    CannotSpeakError,
    TrialClient,
    directions,
    messages_in,
    padded,
    pkcs1_padded,
    pseudo_random,
    record,
    rsa_key,
)

VERSIONS = (0x0301, 0x0302, 0x0303)
RANDOMS = (bytes(range(32)), bytes(range(32, 64)))


def test_prf_of_tls_12() -> None:
    """A vector of the IETF's list on TLS (2008)."""
    secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
    seed = bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"  # noqa: E501
    assert pseudo_random(0x0303, "sha256", secret, b"test label", seed, 100).hex() == expected


def pair(version: int, suite: int) -> tuple[object, ...]:
    one, _ = directions(version, SUITES[suite], b"m" * 48, *RANDOMS)
    other, _ = directions(version, SUITES[suite], b"m" * 48, *RANDOMS)
    return one, other


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_opens_what_it_seals(version: int, suite: int) -> None:
    sending, receiving = pair(version, suite)
    for content in (b"", b"x", b"sixteen octets..", b"y" * 1000):
        sealed = sending.seal(23, content)
        assert len(sealed) == 5 + sending.sealed_bytes(len(content))
        assert receiving.open(sealed) == content


@pytest.mark.parametrize("suite", SUITES)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_changed_octet_is_noticed(suite: int, at: int, bit: int) -> None:
    sending, receiving = pair(0x0303, suite)
    sealed = bytearray(sending.seal(23, b"some content of a record"))
    place = 5 + at % (len(sealed) - 5)
    sealed[place] ^= 1 << bit
    with pytest.raises(ValueError, match="record"):
        receiving.open(bytes(sealed))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("suite", [it for it, cipher in SUITES.items() if cipher.kind == "cbc"])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_wrong_record_is_wrong_in_its_way_only(version: int, suite: int, shape: str) -> None:
    """All are as long as a right one, whole blocks, and refused, whatever the content's length."""
    for length in range(100, 116):
        _wrong_in_its_way(version, suite, shape, b"x" * length)


def _wrong_in_its_way(version: int, suite: int, shape: str, content: bytes) -> None:
    sending, receiving = pair(version, suite)
    blocks = {it: make(sending, content, SUITES[suite].block_bytes) for it, make in SHAPES.items()}
    assert len({len(it) for it in blocks.values()}) == 1
    assert len(blocks[shape]) % SUITES[suite].block_bytes == 0
    assert len(blocks[shape]) <= 256
    mac = sending.mac(23, content)
    assert blocks["padding"].startswith(content + mac)
    assert blocks["length"].startswith(content + mac)
    assert not blocks["mac"].startswith(content + mac)
    expected = {"padding": "padding", "mac": "MAC", "no_mac": "more padding", "length": "more padding"}
    with pytest.raises(ValueError, match=expected[shape]):
        receiving.open(sending.seal_blocks(23, blocks[shape]))


@given(octets=st.binary(max_size=100), size=st.sampled_from([8, 16]))
def test_padding_is_whole_and_shortest(octets: bytes, size: int) -> None:
    full = padded(octets, size)
    assert len(full) % size == 0
    assert 1 <= len(full) - len(octets) <= size
    assert set(full[len(octets) :]) == {len(full) - len(octets) - 1}


@pytest.mark.parametrize("version", [0x0300, *VERSIONS])
@pytest.mark.parametrize("length", [64, 128, 256, 512])
def test_the_forms_of_robot(version: int, length: int) -> None:
    """Each is wrong in what its name says and in nothing else."""
    for form in FORMS:
        octets = block(form, length, version)
        assert len(octets) == length
        zero = octets.find(b"\0", 2)
        assert octets.startswith(b"\x41\x17" if form == "wrong_head" else b"\x00\x02")
        where = {"wrong_place_of_zero": length - 2, "no_zero": -1}.get(form, length - 49)
        assert zero == where
        if form in ("right", "wrong_head"):
            assert octets[-48:-46] == version.to_bytes(2)
        if form == "wrong_version":
            assert octets[-48:-46] == b"\x02\x02"
    with pytest.raises(CannotSpeakError, match="too short"):
        block("right", 60, version)


def test_a_key_without_room_for_a_secret() -> None:
    assert len(pkcs1_padded(b"x" * 48, 1 << 511)) == 64
    with pytest.raises(CannotSpeakError, match="too short"):
        pkcs1_padded(b"x" * 48, 1 << 400)


@given(st.binary(max_size=200))
def test_messages_of_any_octets(octets: bytes) -> None:
    assert len(messages_in(octets)) <= len(octets)
    assert messages_in(record(22, 0x0303, b"one") + record(22, 0x0303, b"two") + record(20, 0x0303, b"x")) == b"onetwo"


def test_no_flight_no_client() -> None:
    with pytest.raises(CannotSpeakError, match="not complete"):
        TrialClient(b"", b"", Flight())


def certificate_of(modulus: int, exponent: int) -> bytes:
    """A certificate with this RSA key, and a signature that nobody looks at."""

    def integer(number: int) -> bytes:
        return element(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))

    def algorithm(last: int) -> bytes:
        return element(SEQUENCE, element(OID, encoded(f"1.2.840.113549.1.1.{last}")), b"\x05\x00")

    key = element(BIT_STRING, b"\0", element(SEQUENCE, integer(modulus), integer(exponent)))
    name = element(SEQUENCE, element(SET, element(SEQUENCE, element(OID, encoded("2.5.4.3")), element(0x0C, b"a"))))
    validity = element(SEQUENCE, element(UTC_TIME, b"260101000000Z"), element(UTC_TIME, b"270101000000Z"))
    fields = integer(1), algorithm(11), name, validity, name, element(SEQUENCE, algorithm(1), key)
    signed = element(SEQUENCE, element(0xA0, integer(2)), *fields)
    return element(SEQUENCE, signed, algorithm(11), element(BIT_STRING, bytes(257)))


@pytest.mark.parametrize(
    ("bits", "exponent", "taken"),
    [
        (2048, 65_537, True),
        (16_384, 65_537, True),
        (16_392, 65_537, False),
        (400_000, 65_537, False),
        (8192, (1 << 8000) + 1, False),
    ],
)
def test_a_key_that_would_keep_us_computing_is_turned_down(bits: int, exponent: int, taken: bool) -> None:
    """A server may send any number for a key; 400,000 bits take seconds, and nothing else goes on meanwhile."""
    modulus = (1 << bits) - 1
    flight = Flight(chain=(certificate_of(modulus, exponent),))
    if taken:
        assert rsa_key(flight) == (modulus, exponent)
    else:
        with pytest.raises(CannotSpeakError, match="too long to be computed with"):
            rsa_key(flight)
