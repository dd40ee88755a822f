"""`pindai inspect tls`: real servers looked at by the real command, and what is said when there is nothing to see."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import faults
import jsonschema
import pki
import pytest
from commandline import CommandLine, served
from installed import program

from scanner.cli.inspect import url_of
from scanner.derive.tls_facts import TlsVersion
from scanner.probes.tls.starttls import PROTOCOLS
from scanner.reports.inspection_schema import inspection_schema
from scanner.starttls import STARTTLS_PORTS

EXPECTED = "expected a host such as"


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "ca.pem").write_text(faults.ca_pem(), "ascii")
    return CommandLine(tmp_path)


def document(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    assert list(jsonschema.Draft202012Validator(inspection_schema()).iter_errors(found)) == []
    return found


def free_port(host: str = "127.0.0.1") -> int:
    """A port at which nobody listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as it:
        it.bind((host, 0))
        port: int = it.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """An s_server with known suites and groups at every address of this machine: its port, and its root in PEM."""
    path = program("openssl")
    assert path is not None
    folder = tmp_path_factory.mktemp("openssl")
    root = pki.root()
    leaf = pki.leaf(root, ("localhost", "www.contoh.test"), ("127.0.0.1", "::1"))
    (folder / "chain.pem").write_text(leaf.pem)
    (folder / "key.pem").write_text(leaf.key_pem)
    port = free_port("::1")
    words = [path, "s_server", "-accept", str(port), "-cert", "chain.pem", "-key", "key.pem", "-quiet", "-www"]
    words += ["-min_protocol", "TLSv1.2", "-groups", "X25519:P-256", "-serverpref"]
    words += [
        "-cipher",
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA",
        "-ciphersuites",
        "TLS_AES_128_GCM_SHA256",
    ]
    process = subprocess.Popen(
        words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with closing(socket.socket(socket.AF_INET6)) as it:
                if it.connect_ex(("::1", port)) == 0:
                    break
            assert process.poll() is None
            time.sleep(0.05)
        yield port, root.pem
    finally:
        process.kill()
        process.wait()


# -- what is seen


@pytest.mark.system("openssl")
def test_what_a_server_was_told_to_speak_is_what_is_seen(pindai: CommandLine, openssl: tuple[int, str]) -> None:
    port, root = openssl
    (pindai.folder / "root.pem").write_text(root)
    done = pindai(
        "inspect", "tls", f"localhost:{port}", "--ca", "root.pem", "--format", "json", "--tls-policy", "pindai-gov"
    )
    assert (done.code, done.err) == (0, "")
    seen = document(done.out)
    assert seen["versions"]["TLSv1.3"]["suites"] == ["TLS_AES_128_GCM_SHA256"]
    assert seen["versions"]["TLSv1.2"]["suites"] == [
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    ]
    assert [version["groups"] for version in seen["versions"].values()] == [["x25519", "secp256r1"]] * 2
    assert seen["preference"]["TLSv1.2"] == "server"
    assert seen["refused"] == ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"]
    (chain,) = seen["certificates"]
    assert chain["leaf"]["names"][:2] == ["localhost", "www.contoh.test"]
    assert (chain["names_host"], chain["paths"]["operator"]["anchor"]) == (True, "CN=Test Root,O=Test Trust")
    assert [it["kind"] for it in chain["paths"]["public"]["reasons"]] == ["missing_intermediate"]
    assert {it["method"]: it["works"] for it in seen["resumption"]["methods"]}["psk"] is True
    assert seen["vulnerabilities"]["heartbleed"]["state"] == "not_possible"
    assert list(seen["policies"]) == ["pindai-gov"]
    cost = seen["cost"]
    assert set(cost["parts"]) == {"sweep", "sessions", "trials"}
    assert cost["connections"] == sum(it["connections"] for it in cost["parts"].values()) <= cost["ceiling"]
    assert min(cost["sent_bytes"], cost["received_bytes"]) > 1000


@pytest.mark.system("openssl")
@pytest.mark.parametrize("language", ["en", "id"])
def test_the_table_fits_a_terminal_of_80_columns(pindai: CommandLine, openssl: tuple[int, str], language: str) -> None:
    done = pindai("inspect", "tls", f"[::1]:{openssl[0]}", "--lang", language)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"[::1]:{openssl[0]}  ")
    assert any(line.split() == ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"] for line in lines)


@pytest.mark.system("openssl")
def test_quick_asks_for_versions_suites_and_groups_only(pindai: CommandLine, openssl: tuple[int, str]) -> None:
    done = pindai("inspect", "tls", f"localhost:{openssl[0]}", "--quick", "--format", "json")
    seen = document(done.out)
    assert (done.code, list(seen["versions"]), set(seen["cost"]["parts"])) == (0, ["TLSv1.3", "TLSv1.2"], {"sweep"})
    assert {it["what"]: it["reason"] for it in seen["unknown"]}["sessions"] == "not_asked"


@pytest.mark.system("openssl")
@pytest.mark.parametrize(
    ("words", "sni", "names_host"),
    [
        (["--sni", "www.contoh.test"], "www.contoh.test", True),
        (["--sni", "LAIN.contoh.test."], "lain.contoh.test", False),
        (["--sni", ""], None, True),
    ],
)
def test_another_server_name_or_none(
    pindai: CommandLine, openssl: tuple[int, str], words: list[str], sni: str | None, names_host: bool
) -> None:
    done = pindai("inspect", "tls", f"127.0.0.1:{openssl[0]}", "--quick", "--format", "json", *words)
    seen = document(done.out)
    assert (seen["target"]["sni"], seen["certificates"][0]["names_host"]) == (sni, names_host)


@pytest.mark.system("openssl")
@pytest.mark.parametrize(
    "typed", ["www.contoh.test:{port}", "https://www.contoh.test:{port}/masuk?x=1", "WWW.contoh.test:{port}"]
)
def test_a_name_goes_where_the_options_send_it(pindai: CommandLine, openssl: tuple[int, str], typed: str) -> None:
    port = openssl[0]
    words = ["--resolve", f"www.contoh.test:{port}:127.0.0.1", "--profile", "local", "--quick", "--format", "json"]
    seen = document(pindai("inspect", "tls", typed.format(port=port), *words).out)
    assert (seen["target"]["host"], seen["target"]["address"]) == ("www.contoh.test", "127.0.0.1")
    assert seen["target"]["sni"] == "www.contoh.test"


def test_the_next_address_is_asked_where_nobody_takes_the_connection(pindai: CommandLine) -> None:
    """Of the two addresses of localhost, only the second has somebody who takes it, and says nothing."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as silent:
        done = pindai("inspect", "tls", f"localhost:{silent.getsockname()[1]}", "--quick", "--format", "json")
    seen = document(done.out)
    assert (done.code, seen["target"]["address"]) == (2, "::1")
    assert [it["reason"] for it in seen["unknown"]] == ["timeout"]


def test_a_server_of_the_library_is_seen_and_the_operators_path_holds(pindai: CommandLine) -> None:
    with served("empty_answer+tls") as server:
        done = pindai("inspect", "tls", f"127.0.0.1:{server.port}", "--ca", "ca.pem", "--format", "json")
    seen = document(done.out)
    assert list(seen["versions"]) == ["TLSv1.3", "TLSv1.2"]
    assert seen["certificates"][0]["paths"]["operator"]["holds"] is True


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A mail server that begins TLS when it is asked to, with a greeting that plays tricks on terminals."""
    writer.write(b"220 surat.contoh.test ESMTP \x1b[2J\xe2\x80\xaeready\r\n")
    while line := await reader.readline():
        match line.split(None, 1)[0].upper():
            case b"EHLO":
                writer.write(b"250-surat.contoh.test\r\n250 STARTTLS\r\n")
            case b"STARTTLS":
                writer.write(b"220 ready\r\n")
                await writer.drain()
                await writer.start_tls(faults.server_context())
            case _:
                writer.write(b"221 bye\r\n")


@asynccontextmanager
async def post_office() -> AsyncIterator[int]:
    """The mail server on a free port."""
    async with await asyncio.start_server(post, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def test_tls_begun_within_a_protocol_and_a_greeting_that_is_escaped(pindai: CommandLine) -> None:
    with faults.in_thread(post_office()) as port:
        words = ["inspect", "tls", f"127.0.0.1:{port}", "--starttls", "smtp", "--quick"]
        seen, table = document(pindai(*words, "--format", "json").out), pindai(*words).out
    assert list(seen["versions"]) == ["TLSv1.3", "TLSv1.2"]
    assert (seen["target"]["starttls"], "surat.contoh.test" in seen["target"]["greeting"]) == ("smtp", True)
    assert "STARTTLS in smtp" in table
    assert "\x1b" not in table
    assert "\u202e" not in table


# -- what is not


@pytest.mark.parametrize(
    ("behaviour", "reason", "said"),
    [
        ("tls_plain_http_400", "not_tls", "the port does not speak TLS"),
        ("tls_garbage", "not_tls", "the port does not speak TLS"),
        ("tls_alert", "tls_alert", "TLS alert from the server"),
        ("reset", "reset", "connection reset"),
    ],
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_port_without_tls_says_why_and_exits_2(
    pindai: CommandLine, behaviour: str, reason: str, said: str, form: str
) -> None:
    with served(behaviour) as server:
        done = pindai("inspect", "tls", f"127.0.0.1:{server.port}", "--format", form)
    assert done.code == 2
    assert done.err.startswith(f"pindai: 127.0.0.1:{server.port}: nothing was seen: {said}")
    if form == "table":
        assert done.out == ""
    else:
        assert [(it["what"], it["reason"]) for it in document(done.out)["unknown"]] == [("service", reason)]


def test_nobody_there(pindai: CommandLine) -> None:
    port = free_port()
    done = pindai("inspect", "tls", f"localhost:{port}")
    assert (done.code, done.out) == (2, "")
    assert (
        done.err == f"pindai: localhost:{port} (127.0.0.1): nothing was seen: connection refused (Connection refused)\n"
    )
    indonesian = pindai("inspect", "tls", f"localhost:{port}", "--lang", "id")
    assert "koneksi ditolak" in indonesian.err


def test_a_name_that_does_not_exist(pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver:
        done = pindai(
            "inspect", "tls", "nxdomain.fault.test", "--nameserver", f"127.0.0.1:{nameserver.port}", "--format", "json"
        )
    assert done.code == 2
    assert [(it["what"], it["reason"]) for it in document(done.out)["unknown"]] == [("service", "no_address")]
    assert "nxdomain.fault.test:443: nothing was seen" in done.err


@pytest.mark.parametrize("address", ["169.254.169.254", "[fe80::1]", "100.100.100.200:443"])
def test_metadata_addresses_are_never_asked(pindai: CommandLine, address: str) -> None:
    done = pindai("inspect", "tls", address)
    assert (done.code, done.out) == (3, "")
    assert "which is never scanned" in done.err


def test_a_service_that_offers_no_starttls(pindai: CommandLine) -> None:
    with served("tls_plain_http_400") as server:
        done = pindai("inspect", "tls", f"127.0.0.1:{server.port}", "--starttls", "postgres")
    assert (done.code, done.out) == (2, "")
    assert "nothing was seen" in done.err


# -- what is typed


@pytest.mark.parametrize(
    "typed",
    ["http://www.contoh.test", "www.contoh.test/masuk", "a b", "[::1", "::1:8443:", "x:0", "x:99999", "999.1.1.1", "?"],
)
def test_what_is_no_host_is_told_and_nothing_is_sent(pindai: CommandLine, typed: str) -> None:
    done = pindai("inspect", "tls", typed)
    assert (done.code, done.out) == (3, "")
    assert EXPECTED in done.err
    assert done.err.count("\n") == 1


def test_a_password_is_not_repeated(pindai: CommandLine) -> None:
    for typed in ("budi:rahasia@www.contoh.test", "https://budi:rahasia@www.contoh.test/"):
        done = pindai("inspect", "tls", typed)
        assert (done.code, "rahasia" in done.err) == (3, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sni", "a b"], "--sni: "),
        (["--starttls", "gopher"], "gopher"),
        (["--tls-policy", "pindai-gof"], "did you mean 'pindai-gov'?"),
        (["--profile", "lokal"], "did you mean 'local'?"),
        (["--ca", "tidak-ada.pem"], "tidak-ada.pem"),
        (["--connect-to", "a"], "--connect-to a: expected HOST:PORT:ADDRESS:PORT"),
        (["--nameserver", "x"], "--nameserver: "),
    ],
)
def test_options_that_are_wrong_are_told_and_nothing_is_sent(pindai: CommandLine, words: list[str], said: str) -> None:
    port = free_port()
    done = pindai("inspect", "tls", f"127.0.0.1:{port}", *words)
    assert (done.code, done.out) == (3, "")
    assert said in done.err


def test_every_protocol_has_its_usual_port() -> None:
    assert set(STARTTLS_PORTS) == set(PROTOCOLS)


@pytest.mark.parametrize(
    ("typed", "starttls", "url"),
    [
        ("www.contoh.test", None, "https://www.contoh.test:443/"),
        ("surat.contoh.test", "smtp", "https://surat.contoh.test:25/"),
        ("surat.contoh.test:587", "smtp", "https://surat.contoh.test:587/"),
        ("basis.contoh.test", "postgres", "https://basis.contoh.test:5432/"),
        ("::1", None, "https://[::1]:443/"),
        ("[::1]:8443", None, "https://[::1]:8443/"),
        ("::ffff:127.0.0.1", None, "https://127.0.0.1:443/"),
        ("https://www.contoh.test", "imap", "https://www.contoh.test:143/"),
        ("https://www.contoh.test:443/a", "imap", "https://www.contoh.test:443/"),
        ("Dinas-Büro.test.", None, "https://xn--dinas-bro-w9a.test:443/"),
        ("localhost:08443", None, "https://localhost:8443/"),
    ],
)
def test_what_is_typed_is_one_place(typed: str, starttls: str | None, url: str) -> None:
    assert url_of(typed, starttls) == url


def test_names_of_versions_are_those_of_the_issue() -> None:
    assert list(TlsVersion) == ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


@pytest.mark.parametrize("command", [["inspect"], ["inspect", "tls"]])
def test_without_a_host_the_usage_is_told(pindai: CommandLine, command: list[str]) -> None:
    done = pindai(*command)
    assert (done.code, done.out) == (3, "")
    assert "--help" in done.err
