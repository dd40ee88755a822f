"""The key schedule against the traces of RFC 8448, section 3, and its record protection both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.probes.tls.encrypted_flight import HANDSHAKE, read_encrypted_flight
from scanner.probes.tls.key_schedule import (
    SUITES,
    BadRecordError,
    Protection,
    derive_secret,
    early_secret,
    expand_label,
    finished_mac,
    next_secret,
)

SUITE = SUITES[0x1301]
SHARED = bytes.fromhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
UP_TO_SERVER_HELLO = bytes.fromhex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
UP_TO_FINISHED = bytes.fromhex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13")
SERVER_SECRET = "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"
FLIGHT = bytes.fromhex(
    "160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e00330024001d0020"
    "c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
    "17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40aa2b8ea73f848a7ca07612ef9f945cb960b"
    "4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13bd9aefb0e57f271585b8ea9bb355c7c79020716"
    "cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd0cbae8bf2d0b2278"
    "12cbb360987255cc744110c453baa4fcd610928d809810e4b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5ed"
    "d8044b4c6de3fcf2a89441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d650f563aad27409960dca63d3e688611ea5e22f44"
    "15cf9538d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acbbb317b66d902f4f292a36ac1b639c637ce343117b6"
    "59622245317b49eeda0c6258f100d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd7e1b7a6c7178af36879018e3f252107f243d243dc733"
    "9d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052cf93b16499a66db7cca71e4599426f7d461e66f99882bd89fc50800becca62d"
    "6c74116dbd2972fda1fa80f85df881edbe5a37668936b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe6"
    "7f76913fa388cb5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5515614636c0b9b68c19ed2e31c0b3b66763038ebba42"
    "f3b38edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de93b5b845e275592c12335ee340bbc4fddd502784016e4b3be7ef04dda49f4b440"
    "a30cb5d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe5175be898e750edc53370d2b"
)
"""ServerHello and the encrypted rest of the server's flight, as printed."""


def test_the_secrets_are_those_of_the_trace() -> None:
    early = early_secret(SUITE)
    handshake = next_secret(SUITE, early, SHARED)
    master = next_secret(SUITE, handshake)

    def derived(secret: bytes, label: str, transcript: bytes) -> str:
        return derive_secret(SUITE, secret, label, transcript).hex()

    assert early.hex() == "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
    assert handshake.hex() == "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
    assert master.hex() == "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
    assert (
        derived(handshake, "c hs traffic", UP_TO_SERVER_HELLO)
        == "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"
    )
    assert derived(handshake, "s hs traffic", UP_TO_SERVER_HELLO) == SERVER_SECRET
    assert (
        derived(master, "c ap traffic", UP_TO_FINISHED)
        == "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
    )


def test_keys_and_finished_are_those_of_the_trace() -> None:
    secret = bytes.fromhex(SERVER_SECRET)
    assert expand_label(SUITE, secret, "key", b"", 16).hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert expand_label(SUITE, secret, "iv", b"", 12).hex() == "5d313eb2671276ee13000b30"
    client = bytes.fromhex("b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21")
    assert (
        finished_mac(SUITE, client, UP_TO_FINISHED).hex()
        == "a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61"
    )


def test_the_printed_flight_opens() -> None:
    flight = read_encrypted_flight(FLIGHT, bytes.fromhex(SERVER_SECRET))
    assert flight.problem == ""
    assert flight.finished
    assert flight.hello is not None
    assert (flight.hello.suite, flight.hello.group) == (0x1301, 29)
    assert flight.scheme == 0x0804
    assert flight.extensions == (10, 28, 0)
    (certificate,) = flight.chain
    assert certificate.startswith(bytes.fromhex("308201ac30820115a003020102020102"))


def test_another_secret_opens_nothing() -> None:
    flight = read_encrypted_flight(FLIGHT, bytes(32))
    assert (flight.chain, flight.finished) == ((), False)
    assert flight.problem == "a record that its key does not open"


@given(
    st.sampled_from(sorted(SUITES)), st.integers(0, 255), st.binary(max_size=300), st.binary(min_size=1, max_size=48)
)
def test_what_is_sealed_opens_once_and_in_order(number: int, kind: int, content: bytes, secret: bytes) -> None:
    suite = SUITES[number]
    secret = secret.ljust(suite.hash_bytes, b"\1")[: suite.hash_bytes]
    sealing, opening = Protection(suite, secret), Protection(suite, secret)
    first, second = sealing.seal(kind or 22, content), sealing.seal(HANDSHAKE, content)
    assert first[5:] != second[5:]
    assert opening.open(first) == (kind or 22, content)
    assert opening.open(second) == (HANDSHAKE, content)
    with pytest.raises(BadRecordError):
        opening.open(second)


@pytest.mark.parametrize("number", sorted(SUITES))
def test_a_record_that_was_changed_does_not_open(number: int) -> None:
    suite = SUITES[number]
    record = Protection(suite, bytes(suite.hash_bytes)).seal(22, b"content")
    for at in (0, 4, 5, len(record) - 1):
        changed = record[:at] + bytes((record[at] ^ 1,)) + record[at + 1 :]
        with pytest.raises(BadRecordError):
            Protection(suite, bytes(suite.hash_bytes)).open(changed)


def test_a_record_of_nothing_but_padding_is_refused() -> None:
    cipher = Protection(SUITE, bytes(32))
    record = cipher.seal(0, b"")
    with pytest.raises(BadRecordError, match="without a type"):
        Protection(SUITE, bytes(32)).open(record)
