"""ClientHellos: there and back exactly, and read as intended by Wireshark's dissector, OpenSSL and GnuTLS."""

import contextlib
import re
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from installed import program
from pki import leaf, root

from scanner.probes.tls import code_points
from scanner.probes.tls.client_hello import Hello, build_client_hello, parse_client_hello

U16 = st.integers(0, 0xFFFF)
NUMBERS = st.lists(U16, max_size=40).map(tuple)
LATIN = st.text(st.characters(max_codepoint=255), max_size=60)
OWN = frozenset({0, 5, 10, 11, 13, 15, 16, 21, 22, 23, 35, 43, 51, 0xFF01})
"""Extensions that a field of Hello makes."""

GREASED = Hello(
    suites=(0x0A0A, 0x1301, 0x1302, 0xC02F, 0x00FF),
    server_name="layanan.example.go.id",
    supported_versions=(0x1A1A, 0x0304, 0x0303),
    groups=(0x2A2A, 0x11EC, 29, 23, 256),
    key_shares=((0x2A2A, b"\0"), (29, bytes(range(32)))),
    signature_schemes=(0x0403, 0x0804, 0x0401, 0x0904),
    alpn=("h2", "http/1.1"),
    session_id=b"s" * 32,
    random=b"r" * 32,
    status_request=True,
    extended_master_secret=True,
    encrypt_then_mac=True,
    renegotiation_info=True,
    heartbeat=True,
    session_ticket=b"",
    point_formats=True,
    extra=((0x3A3A, b""), (45, b"\x01\x01"), (18, b"")),
    pad_to=600,
)


@st.composite
def hellos(draw: st.DrawFn) -> Hello:
    """Any hello of SSL 3 and later whose octets say all that it says."""
    optional_numbers = st.none() | NUMBERS
    shares = st.lists(st.tuples(U16, st.binary(max_size=1300)), max_size=4).map(tuple)
    hello = Hello(
        version=draw(U16.filter(lambda it: it != 2)),
        suites=draw(st.lists(U16, max_size=400).map(tuple)),
        server_name=draw(st.none() | LATIN),
        supported_versions=draw(NUMBERS),
        groups=draw(optional_numbers),
        key_shares=draw(st.none() | shares),
        signature_schemes=draw(optional_numbers),
        alpn=draw(st.lists(LATIN, max_size=4).map(tuple)),
        compression=draw(st.lists(st.integers(0, 255), max_size=4).map(tuple)),
        session_id=draw(st.binary(max_size=32)),
        random=draw(st.binary(min_size=32, max_size=32)),
        status_request=draw(st.booleans()),
        extended_master_secret=draw(st.booleans()),
        encrypt_then_mac=draw(st.booleans()),
        renegotiation_info=draw(st.booleans()),
        heartbeat=draw(st.booleans()),
        session_ticket=draw(st.none() | st.binary(max_size=200)),
        point_formats=draw(st.booleans()),
        extra=draw(
            st.lists(st.tuples(U16.filter(lambda it: it not in OWN), st.binary(max_size=80)), max_size=5).map(tuple)
        ),
        record_version=draw(U16.filter(lambda it: it != 2)),
    )
    length = len(message_of(build_client_hello(hello)))
    padded_from = length + (4 if has_extensions(hello) else 6)
    return msgspec.structs.replace(hello, pad_to=draw(st.just(0) | st.integers(padded_from, padded_from + 17_000)))


def has_extensions(hello: Hello) -> bool:
    bare = msgspec.structs.replace(Hello(), random=hello.random, suites=hello.suites, session_id=hello.session_id)
    return len(build_client_hello(hello)) > len(
        build_client_hello(msgspec.structs.replace(bare, compression=hello.compression))
    )


def message_of(octets: bytes) -> bytes:
    """The handshake message inside records."""
    found, at = b"", 0
    while at < len(octets):
        length = int.from_bytes(octets[at + 3 : at + 5], "big")
        found += octets[at + 5 : at + 5 + length]
        at += 5 + length
    return found


@given(hellos())
def test_there_and_back(hello: Hello) -> None:
    octets = build_client_hello(hello)
    assert parse_client_hello(octets) == hello
    if hello.pad_to:
        assert len(message_of(octets)) == hello.pad_to


@given(
    st.lists(st.integers(0, 0xFFFFFF), max_size=60).map(tuple),
    st.binary(max_size=32),
    st.binary(min_size=16, max_size=32),
    U16,
)
def test_sslv2_there_and_back(kinds: tuple[int, ...], session_id: bytes, challenge: bytes, version: int) -> None:
    hello = Hello(version=2, suites=kinds, session_id=session_id, random=challenge)
    assert parse_client_hello(build_client_hello(hello)) == hello
    newer = Hello(version=version, record_version=2, suites=kinds, random=challenge)
    again = parse_client_hello(build_client_hello(newer))
    assert (again.version, again.suites, again.random) == (version, kinds, challenge)
    assert again == newer or version == 2


@given(st.binary(max_size=300))
def test_what_is_none_raises_value_error_only(octets: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_client_hello(octets)


@given(st.data())
def test_damaged_hellos_raise_value_error_only(data: st.DataObject) -> None:
    octets = bytearray(build_client_hello(GREASED))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        parse_client_hello(bytes(octets[: data.draw(st.integers(0, len(octets)))]))


def test_random_is_fresh_when_none_is_given() -> None:
    first, second = (parse_client_hello(build_client_hello(Hello(suites=(5,)))) for _ in range(2))
    assert len(first.random) == 32
    assert first.random != second.random


def test_padding_goes_before_a_pre_shared_key() -> None:
    hello = msgspec.structs.replace(GREASED, extra=((45, b"\x01\x01"), (41, b"identity and binder")), pad_to=700)
    octets = build_client_hello(hello)
    assert octets.endswith(struct.pack(">HH", 41, 19) + b"identity and binder")
    assert len(octets) == 705
    assert parse_client_hello(octets) == hello


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_hello_too_near_to_its_padding_gets_an_empty_one(missing: int) -> None:
    length = len(message_of(build_client_hello(msgspec.structs.replace(GREASED, pad_to=0))))
    octets = build_client_hello(msgspec.structs.replace(GREASED, pad_to=length + missing))
    assert len(message_of(octets)) == length + 4
    assert build_client_hello(parse_client_hello(octets)) == octets


def test_an_empty_extension_is_not_the_last_one() -> None:
    hello = Hello(suites=(5,), groups=(29,), extended_master_secret=True, encrypt_then_mac=True, session_ticket=b"")
    assert build_client_hello(hello).endswith(b"\x00\x0a\x00\x04\x00\x02\x00\x1d")


def test_a_hello_longer_than_its_padding_gets_none() -> None:
    plain = msgspec.structs.replace(GREASED, pad_to=0)
    assert build_client_hello(msgspec.structs.replace(GREASED, pad_to=100)) == build_client_hello(plain)


def test_no_extensions_at_all() -> None:
    octets = build_client_hello(Hello(version=0x0300, suites=(5, 10), random=b"r" * 32, record_version=0x0300))
    body = b"\x03\x00" + b"r" * 32 + b"\0" + b"\0\x04\0\x05\0\x0a" + b"\x01\0"
    assert (
        octets == b"\x16\x03\x00" + struct.pack(">H", len(body) + 4) + b"\x01\0" + struct.pack(">H", len(body)) + body
    )


def test_unusual_bodies_stand_in_extra() -> None:
    unusual = (
        (11, b"\x03\0\x01\x02"),
        (15, b"\x02"),
        (5, b"\x02"),
        (0xFF01, b"\x0cverify data!"),
        (16, b"\0\0"),
        (22, b"x"),
    )
    hello = Hello(suites=(5,), random=b"r" * 32, extra=unusual)
    assert parse_client_hello(build_client_hello(hello)) == hello
    twice = Hello(suites=(5,), random=b"r" * 32, groups=(29,), extra=((10, b"\0\x02\0\x17"),))
    assert parse_client_hello(build_client_hello(twice)) == twice


@pytest.mark.parametrize(
    "hello",
    [
        Hello(suites=(0x10000,)),
        Hello(suites=(-1,)),
        Hello(suites=tuple(range(0x8000))),
        Hello(groups=tuple(range(0x8000))),
        Hello(random=b"short"),
        Hello(session_id=bytes(256)),
        Hello(server_name="€.example"),
        Hello(server_name="a" * 65_536),
        Hello(alpn=("x" * 256,)),
        Hello(compression=(256,)),
        Hello(key_shares=((29, bytes(65_536)),)),
        Hello(extra=((1, bytes(65_536)),)),
        Hello(supported_versions=(0x0304,) * 128),
        Hello(version=2, suites=(0x1000000,)),
        Hello(version=2, random=bytes(33)),
        Hello(version=2, suites=(0,) * 11_000),
        Hello(version=0x10000),
    ],
)
def test_what_has_no_place_in_a_hello(hello: Hello) -> None:
    with pytest.raises(ValueError):
        build_client_hello(hello)


USUAL = build_client_hello(Hello(suites=(5,), random=b"r" * 32))
BODY = USUAL[9:]


def whole(body: bytes) -> bytes:
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack(">H", len(message)) + message


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x15" + USUAL[1:],  # an alert
        USUAL + b"\x16\x03\x01\x00\x00",  # an empty record after it
        USUAL + b"\x16",
        USUAL[:-1],
        USUAL[:5] + b"\x02" + USUAL[6:],  # a ServerHello
        whole(BODY[:-2]),
        whole(BODY + b"\x00"),
        whole(BODY + b"\x00\x05\x00\x0a\x00\x00"),
        whole(BODY + b"\x00\x03\x00\x0a\x00"),
        whole(BODY + b"\x00\x04\x00\x0a\x00\x02"),
        whole(BODY + b"\x00\x00\x00"),
        whole(BODY + struct.pack(">H", 257 * 4) + b"\xaa\xaa\x00\x00" * 257),
        b"\x80",
        b"\x80\x09\x02\x00\x02\x00\x00\x00\x00\x00\x00",  # another SSLv2 message
        b"\x80\x0b\x01\x00\x02\x00\x02\x00\x00\x00\x00\x07\x00",  # two thirds of a kind
    ],
)
def test_what_is_no_client_hello(octets: bytes) -> None:
    with pytest.raises(ValueError):
        parse_client_hello(octets)


def test_as_many_extensions_as_are_read() -> None:
    hello = Hello(suites=(5,), random=b"r" * 32, extra=((0xAAAA, b""),) * 256)
    assert parse_client_hello(build_client_hello(hello)) == hello


def test_a_fresh_challenge_of_sslv2_has_16_octets() -> None:
    assert len(parse_client_hello(build_client_hello(Hello(version=2, suites=(0x010080,)))).random) == 16


def test_a_hello_of_pythons_own() -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    client = context.wrap_bio(incoming, outgoing, server_hostname="www.example.go.id")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = parse_client_hello(outgoing.read())
    assert hello.server_name == "www.example.go.id"
    assert hello.alpn == ("h2", "http/1.1")
    assert 0x0304 in hello.supported_versions
    assert {0x1301, 0x1302, 0x1303} <= set(hello.suites)
    assert hello.key_shares is not None
    assert hello.key_shares[0][0] in (hello.groups or ())


# An independent reader: Wireshark's dissector, from a capture that we write.

FIELDS = (
    "tcp.srcport",
    "tls.record.version",
    "tls.handshake.version",
    "tls.handshake.random",
    "tls.handshake.session_id",
    "tls.handshake.ciphersuite",
    "tls.handshake.comp_method",
    "tls.handshake.extensions_server_name",
    "tls.handshake.extensions.supported_version",
    "tls.handshake.extensions_supported_group",
    "tls.handshake.extensions_key_share_group",
    "tls.handshake.extensions_key_share_key_exchange",
    "tls.handshake.sig_hash_alg",
    "tls.handshake.extensions_alpn_str",
    "tls.handshake.extension.type",
    "tls.handshake.length",
    "tls.handshake.cipherspec",
    "tls.handshake.challenge_length",
    "_ws.malformed",
)


def dissected(payloads: list[bytes], folder: Path) -> list[dict[str, list[str]]]:
    """Each payload, the first of a connection, as tshark reads it."""
    capture = folder / "hellos.pcap"
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 101))
        for place, payload in enumerate(payloads):
            tcp = struct.pack(">HHIIBBHHH", 20_000 + place, 443, 1, 1, 5 << 4, 0x18, 65_535, 0, 0) + payload
            length = 20 + len(tcp)
            packet = (
                struct.pack(">BBHHHBBH4s4s", 0x45, 0, length, place, 0, 64, 6, 0, b"\x7f\0\0\1", b"\x7f\0\0\2") + tcp
            )
            file.write(struct.pack("<IIII", 0, place, len(packet), len(packet)) + packet)
    wanted = [option for field in FIELDS for option in ("-e", field)]
    command = [program("tshark") or "tshark", "-n", "-r", str(capture), "-d", "tcp.port==443,tls", "-T", "fields"]
    done = subprocess.run(
        [*command, "-E", "occurrence=a", "-E", "aggregator=;", "-E", "separator=|", *wanted],
        capture_output=True,
        check=True,
        timeout=120,
    )
    rows = [line.split("|") for line in done.stdout.decode().splitlines()]
    assert len(rows) == len(payloads)
    rows.sort(key=lambda row: int(row[0]))
    return [{field: cell.split(";") if cell else [] for field, cell in zip(FIELDS, row, strict=True)} for row in rows]


def numbers(cells: list[str]) -> tuple[int, ...]:
    return tuple(int(cell, 0) for cell in cells)


def swept_hellos() -> Iterator[Hello]:
    """What a sweep sends: everything of each version, everything of the table, and the odd ones."""
    for version in (0x0300, 0x0301, 0x0302, 0x0303):
        suites = (*code_points.suites_of(version), 0x00FF)
        yield Hello(version=version, suites=suites, random=b"r" * 32, record_version=min(version, 0x0301))
        groups = code_points.groups_of(version)
        schemes = code_points.signature_schemes_of(version) or None
        yield Hello(
            version=version,
            suites=suites,
            server_name="x.example",
            groups=groups,
            signature_schemes=schemes,
            random=b"q" * 32,
            point_formats=True,
        )
    yield Hello(
        suites=code_points.suites_of(0x0304),
        supported_versions=(0x0304,),
        groups=code_points.groups_of(0x0304),
        key_shares=(),
        signature_schemes=code_points.signature_schemes_of(0x0304),
        server_name="x.example",
        random=b"t" * 32,
        session_id=b"i" * 32,
    )
    yield GREASED
    yield msgspec.structs.replace(GREASED, pad_to=0, suites=tuple(range(0xC000, 0xC0B0)), heartbeat=False)
    yield msgspec.structs.replace(GREASED, pad_to=20_000, key_shares=((0x11EC, bytes(1216)),))


@pytest.mark.system("tshark")
def test_tshark_reads_each_hello_as_intended(tmp_path: Path) -> None:
    hellos = list(swept_hellos())
    read = dissected([build_client_hello(hello) for hello in hellos], tmp_path)
    for hello, row in zip(hellos, read, strict=True):
        assert not row["_ws.malformed"], row
        assert numbers(row["tls.handshake.version"]) == (hello.version,)
        assert set(numbers(row["tls.record.version"])) == {hello.record_version}
        assert "".join(row["tls.handshake.random"]).replace(":", "") == hello.random.hex()
        assert "".join(row["tls.handshake.session_id"]).replace(":", "") == hello.session_id.hex()
        assert numbers(row["tls.handshake.ciphersuite"]) == hello.suites
        assert numbers(row["tls.handshake.comp_method"]) == hello.compression
        assert row["tls.handshake.extensions_server_name"] == ([hello.server_name] if hello.server_name else [])
        assert numbers(row["tls.handshake.extensions.supported_version"]) == hello.supported_versions
        assert numbers(row["tls.handshake.extensions_supported_group"]) == (hello.groups or ())
        assert numbers(row["tls.handshake.sig_hash_alg"]) == (hello.signature_schemes or ())
        assert numbers(row["tls.handshake.extensions_key_share_group"]) == tuple(it for it, _ in hello.key_shares or ())
        shares = [it.replace(":", "") for it in row["tls.handshake.extensions_key_share_key_exchange"]]
        assert shares == [value.hex() for _, value in hello.key_shares or ()]
        assert tuple(row["tls.handshake.extensions_alpn_str"]) == hello.alpn
        types = numbers(row["tls.handshake.extension.type"])
        for number, said in (
            (5, hello.status_request),
            (11, hello.point_formats),
            (15, hello.heartbeat),
            (21, hello.pad_to > 0),
            (22, hello.encrypt_then_mac),
            (23, hello.extended_master_secret),
            (35, hello.session_ticket is not None),
            (51, hello.key_shares is not None),
            (0xFF01, hello.renegotiation_info),
            *((number, True) for number, _ in hello.extra),
        ):
            assert (number in types) is said, (number, hello)
        if hello.pad_to:
            assert numbers(row["tls.handshake.length"]) == (hello.pad_to - 4,)


@pytest.mark.system("tshark")
def test_tshark_reads_an_sslv2_hello_as_intended(tmp_path: Path) -> None:
    kinds = code_points.suites_of(2)
    hello = Hello(version=2, suites=kinds, random=bytes(range(16)))
    (row,) = dissected([build_client_hello(hello)], tmp_path)
    assert not row["_ws.malformed"]
    assert numbers(row["tls.handshake.version"]) == (2,)
    assert numbers(row["tls.handshake.cipherspec"]) == kinds
    assert numbers(row["tls.handshake.challenge_length"]) == (16,)


# Real servers that write down what they read.


@pytest.fixture(scope="module")
def key_and_chain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("server")
    authority = root()
    server = leaf(authority)
    key, chain = folder / "key.pem", folder / "chain.pem"
    key.write_text(server.key_pem, "ascii")
    chain.write_text(server.pem + authority.pem, "ascii")
    return key, chain


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def serving(command: list[str], port: int, log: Path) -> Iterator[None]:
    """A server of somebody else's, until it is no longer needed; what it prints goes into the log."""
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.PIPE) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                    break
                time.sleep(0.05)
            yield
        finally:
            process.kill()


def answered(port: int, octets: bytes) -> bytes:
    """The first octets of a server's answer."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(10)
        connection.sendall(octets)
        return connection.recv(65_536)


@pytest.mark.system("openssl")
def test_openssl_reads_a_hello_as_intended(key_and_chain: tuple[Path, Path], tmp_path: Path) -> None:
    key, chain = key_and_chain
    port, log = free_port(), tmp_path / "log"
    command = [program("openssl") or "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-trace"]
    with serving([*command, "-key", str(key), "-cert", str(chain)], port, log):
        assert answered(port, build_client_hello(GREASED))[:2] == b"\x16\x03"
    text = log.read_text("utf-8", "replace")
    hello = text[text.index("ClientHello") : text.index("ServerHello")]
    suites = [int(high + low, 16) for high, low in re.findall(r"\{0x(\w\w), 0x(\w\w)\}", hello)]
    assert tuple(suites) == GREASED.suites
    for word in ("ecdh_x25519 (29)", "ecdsa_secp256r1_sha256 (0x0403)", "http/1.1", "No Compression (0x00)"):
        assert word in hello, hello
    types = [int(number) for number in re.findall(r"extension_type=[^(]*\((\d+)\)", hello)]
    assert types == [35, 0, 23, 22, 0xFF01, 10, 11, 16, 5, 13, 15, 43, 51, 0x3A3A, 45, 18, 21]
    assert re.search(r"extension_type=encrypt_then_mac\(22\), length=0", hello)


@pytest.mark.system("gnutls-serv")
def test_gnutls_reads_a_hello_as_intended(key_and_chain: tuple[Path, Path], tmp_path: Path) -> None:
    key, chain = key_and_chain
    port, log = free_port(), tmp_path / "log"
    command = [program("gnutls-serv") or "gnutls-serv", "-d", "5", "--port", str(port), "--echo"]
    with serving([*command, "--x509keyfile", str(key), "--x509certfile", str(chain)], port, log):
        assert answered(port, build_client_hello(GREASED))[:2] == b"\x16\x03"
    text = log.read_text("utf-8", "replace")
    assert "CLIENT HELLO (1) was received. Length 596" in text
    assert "layanan.example.go.id" in text
    found = set(re.findall(r"Parsing extension '([^']+)/", text))
    assert {"Server Name Indication", "Supported Groups", "Key Share", "ALPN", "Signature Algorithms"} <= found
