"""Servers that others wrote (nginx, OpenSSL's s_server, GnuTLS's gnutls-serv), scanned through the real engine.

Each program is started once with every configuration its table names, on ports of its own, and one scan looks at all of
them. Both sides of each rule stand in a table: what is in order, and what differs from it in one point.
"""

import contextlib
import hashlib
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pki
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from installed import program
from scanned import SCOPE, ZONE, Scanned, hasty, performed, web_target

from scanner.cli.estates import Assignment
from scanner.estate import Estate, Target
from scanner.observations.http import Answer, Body, BrokenHandshake, Exchange, Handshake
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.profiles import Timeouts
from scanner.registry import discover
from scanner.surroundings import look_around

PATIENT = Timeouts(dns_s=5.0, connect_s=20.0, tls_s=20.0, answer_s=20.0, body_s=20.0, exchange_s=40.0, target_s=80.0)
READY_S = 30.0
ADDRESS = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250 + 1}.{os.getpid() // 25_000 % 250 + 1}"
"""An address that nobody else on this machine uses, so a port that is free on it stays free."""

CHAIN, EXPIRY, NAME = "tls.certificate.chain", "tls.certificate.expiry", "tls.certificate.name"
HSTS, REDIRECT, UPTIME = "web.hsts.policy", "web.https.redirect", "uptime.reachable"

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(microsecond=0)
BEGUN, ENDS = NOW - 30 * DAY, NOW + 400 * DAY


# Certificates -------------------------------------------------------------------------------------------------


class Authority(NamedTuple):
    """A root, an intermediate below it, and one below that."""

    root: pki.Entity
    upper: pki.Entity
    lower: pki.Entity


@cache
def authority() -> Authority:
    root = pki.root(not_before=BEGUN, not_after=ENDS)
    upper = pki.intermediate(root, "Upper", not_before=BEGUN, not_after=ENDS)
    return Authority(root, upper, pki.intermediate(upper, "Lower", not_before=BEGUN, not_after=ENDS))


@cache
def leaf(
    kind: str, issuer: str = "upper", dns: tuple[str, ...] = (f"*.{ZONE}",), ip: tuple[str, ...] = ()
) -> pki.Entity:
    """A certificate for every name of the zone, or for these names and addresses, with a key of this kind."""
    return pki.leaf(
        getattr(authority(), issuer),
        dns,
        ip,
        key=pki.key(kind, "real server"),
        not_before=NOW - DAY,
        not_after=NOW + 90 * DAY,
    )


def named() -> pki.Entity:
    """What nginx presents to a client that asks for `bernama`."""
    return leaf("rsa", dns=(f"bernama.{ZONE}",))


def unnamed() -> pki.Entity:
    """What it presents at the same port to all others."""
    return leaf("ec", dns=(), ip=(ADDRESS,))


@cache
def staple(entity: pki.Entity) -> bytes:
    """A response that calls this certificate good, signed by its issuer (DER)."""
    issuer = authority().upper
    builder = ocsp.OCSPResponseBuilder().add_response(
        entity.certificate,
        issuer.certificate,
        hashes.SHA256(),
        ocsp.OCSPCertStatus.GOOD,
        this_update=NOW - DAY,
        next_update=NOW + DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    responder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    return responder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


class Files(NamedTuple):
    """A chain, leaf first, and its key, as PEM files."""

    chain: Path
    key: Path


def written(directory: Path, name: str, *sent: pki.Entity) -> Files:
    """Write what a server shall send and the key of the first."""
    files = Files(directory / f"{name}.pem", directory / f"{name}.key")
    files.chain.write_text("".join(entity.pem for entity in sent), "ascii")
    files.key.touch(mode=0o600)
    files.key.write_text(sent[0].key_pem, "ascii")
    return files


# Starting and ending programs -----------------------------------------------------------------------------------


def free_ports(count: int, address: str = ADDRESS) -> list[int]:
    """Ports on which nothing listens at this address, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for it in sockets:
            it.bind((address, 0))
        return [it.getsockname()[1] for it in sockets]


class Program(NamedTuple):
    """A program that runs, and the file that its output goes to."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Ask again and again until it is so."""
        deadline = time.monotonic() + READY_S
        while not ready():
            said = self.log.read_text(errors="replace")
            assert self.process.poll() is None, f"ended by itself: {said}"
            assert time.monotonic() < deadline, f"not ready: {said}"
            time.sleep(0.02)

    def wait_for_port(self, port: int) -> None:
        """Wait until a connection is taken there."""
        self.wait_until(lambda: listens(port, ADDRESS))

    def wait_for_words(self, pattern: str) -> re.Match[str]:
        """Wait for a line of its output."""
        found = re.compile(pattern, re.MULTILINE)
        self.wait_until(lambda: found.search(self.log.read_text(errors="replace")) is not None)
        matched = found.search(self.log.read_text(errors="replace"))
        assert matched is not None
        return matched


@contextlib.contextmanager
def running(directory: Path, name: str, *words: object) -> Iterator[Program]:
    """A program while the block lasts, ended by its own pid."""
    log = directory / f"{name}.log"
    path = program(str(words[0]))
    assert path is not None
    # Not the system's own defaults: distributions differ in what they forbid there.
    environment = {**os.environ, "OPENSSL_CONF": os.devnull}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [path, *map(str, words[1:])],
            stdin=subprocess.PIPE,  # kept open: s_server and gnutls-serv leave at its end
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env=environment,
        )
    try:
        yield Program(process, log)
        assert process.poll() is None, f"{name} ended by itself: {log.read_text(errors='replace')}"
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(READY_S)
        process.kill()
        process.communicate()


def listens(port: int, address: str) -> bool:
    with socket.socket() as it:
        it.settimeout(READY_S)
        return it.connect_ex((address, port)) == 0


@contextlib.contextmanager
def scan_of(directory: Path, targets: Sequence[Target]) -> Iterator[Scanned]:
    """Scan these targets, whose names all lead to ADDRESS, with our root as the operator's anchor."""
    estate = Estate(targets=tuple(targets), scope=SCOPE, anchors=(authority().root.der,), source="test")
    estate = msgspec.structs.replace(estate, scope=msgspec.structs.replace(SCOPE, names=(f"*.{ZONE}", ADDRESS)))
    hosts = directory / "hosts"
    hosts.write_text("".join(f"{ADDRESS} {target.parsed_url.host}\n" for target in targets))
    profile = hasty(PATIENT)
    with performed(
        directory, Assignment(estate, profile, tuple(discover().values()), look_around(estate, hosts))
    ) as scan:
        yield scan


# What was seen --------------------------------------------------------------------------------------------------


def home(scan: Scanned, name: str) -> Exchange:
    """The first exchange at the target's own URL."""
    url = str(scan.run.target(name).parsed_url)
    return next(it for it in scan.observations(name, Exchange) if it.url == url)


def handshake(scan: Scanned, name: str) -> Handshake:
    tls = home(scan, name).tls
    assert isinstance(tls, Handshake), tls
    return tls


def answer(scan: Scanned, name: str) -> Answer:
    got = home(scan, name).answer
    assert isinstance(got, Answer), got
    return got


def body(scan: Scanned, name: str) -> Body:
    got = answer(scan, name).body
    assert isinstance(got, Body), got
    return got


def shaken(scan: Scanned, name: str) -> tuple[str, str, str | None]:
    tls = handshake(scan, name)
    return tls.version, tls.cipher, tls.group


def ders(*entities: pki.Entity) -> tuple[bytes, ...]:
    return tuple(entity.der for entity in entities)


SOUND = {CHAIN: ("pass trusted",), EXPIRY: ("pass in_time",), NAME: ("pass match",), UPTIME: ("pass answers",)}


def judged(scan: Scanned, name: str) -> dict[str, tuple[str, ...]]:
    """What was said of a target's certificate and availability."""
    return {check: lines for check, lines in scan.said(name).items() if check in SOUND}


# nginx ------------------------------------------------------------------------------------------------------------

PAGE = "Selamat datang. " * 200  # nginx takes up to 4096 characters

NGINX = """
daemon off;
master_process off;
pid nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    default_type text/html;
    {servers}
}}
"""
SECURE = """
    server {{
        listen {address}:{port} ssl; server_name {server_name};
        ssl_certificate {files.chain}; ssl_certificate_key {files.key};
        {lines}
    }}
"""
PLAIN = "    server {{ listen {address}:{port}; server_name _; {lines} }}\n"
STS = 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains"'
OK = f'return 200 "{PAGE}";'


class Site(NamedTuple):
    """A server of nginx: the files it presents, its lines, and what its plain-HTTP twin does (None: there is none)."""

    sent: str
    lines: str = OK
    plain: str | None = None
    path: str = "/"


SITES = {
    "modern": Site("ecdsa", f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519; {STS} always; {OK}", "moves"),
    "tls10": Site("rsa", f"ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0; {OK}", "serves"),
    "tls11": Site("rsa", f"ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0; {OK}", "moves_elsewhere"),
    "rsa-kx": Site("rsa", f"ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256; {OK}", "is_closed"),
    "tls12": Site("ecdsa", f"ssl_protocols TLSv1.2; ssl_ecdh_curve secp384r1; {OK}"),
    "tls13": Site("ed25519", f"ssl_protocols TLSv1.3; ssl_ecdh_curve X25519; {OK}"),
    "chain3": Site("chain3"),
    "leaf-only": Site("leaf_only"),
    "needs-client": Site("ecdsa", f"ssl_client_certificate root.pem; ssl_verify_client on; {OK}"),
    "gzip": Site("ecdsa", f"gzip on; gzip_min_length 1; {OK}"),
    "sts-200": Site("ecdsa", f"{STS}; {OK}"),
    "sts-404": Site("ecdsa", f"{STS}; location /hilang {{ return 404; }}", path="/hilang"),
    "sts-404-always": Site("ecdsa", f"{STS} always; location /hilang {{ return 404; }}", path="/hilang"),
}
PLAIN_LINES = {
    "moves": "return 301 https://$host:{port}$request_uri;",
    "moves_elsewhere": "return 301 https://lain.fault.test:{port}$request_uri;",
    "serves": OK,
    "is_closed": None,
}


def chains_of_nginx(directory: Path) -> dict[str, Files]:
    """Everything that some server of nginx presents."""
    upper, lower = authority().upper, authority().lower
    (directory / "root.pem").write_text(authority().root.pem, "ascii")
    return {
        "ecdsa": written(directory, "ecdsa", leaf("ec"), upper),
        "rsa": written(directory, "rsa", leaf("rsa"), upper),
        "ed25519": written(directory, "ed25519", leaf("ed25519"), upper),
        "chain3": written(directory, "chain3", leaf("ec", "lower"), lower, upper),
        "leaf_only": written(directory, "leaf_only", leaf("ec")),
        "named": written(directory, "named", named(), upper),
        "unnamed": written(directory, "unnamed", unnamed(), upper),
    }


def nginx_configuration(files: dict[str, Files]) -> tuple[str, list[Target]]:
    """The configuration of all SITES and of two that share an address, and the targets that it makes."""
    secure = dict(zip([*SITES, "sni"], free_ports(len(SITES) + 1), strict=True))
    plain = dict(zip(SITES, free_ports(len(SITES)), strict=True))
    servers: list[str] = []
    targets: list[Target] = []
    for name, site in SITES.items():
        port, plain_port = secure[name], None if site.plain is None else plain[name]
        servers.append(
            SECURE.format(address=ADDRESS, port=port, server_name="_", files=files[site.sent], lines=site.lines)
        )
        if site.plain is not None and (lines := PLAIN_LINES[site.plain]) is not None:
            servers.append(PLAIN.format(address=ADDRESS, port=plain_port, lines=lines.replace("{port}", str(port))))
        targets.append(web_target(name, port, path=site.path, http_port=plain_port))
    port = secure["sni"]
    for server_name, sent in (("_", "unnamed"), (f"bernama.{ZONE}", "named")):
        servers.append(SECURE.format(address=ADDRESS, port=port, server_name=server_name, files=files[sent], lines=OK))
    targets += [
        web_target("bernama", port),
        web_target("tanpa-nama", port),
        Target(id="by-address", url=f"https://{ADDRESS}:{port}/"),
    ]
    return NGINX.format(servers="".join(servers)), targets


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    here = tmp_path_factory.mktemp("nginx")
    text, targets = nginx_configuration(chains_of_nginx(here))
    (here / "nginx.conf").write_text(text, "ascii")
    with running(here, "nginx", "nginx", "-p", f"{here}/", "-c", "nginx.conf", "-e", "stderr") as server:
        for target in targets:
            server.wait_for_port(target.parsed_url.port)
        with scan_of(here, targets) as scan:
            yield scan


@pytest.mark.system("nginx")
@pytest.mark.parametrize(
    ("name", "version", "cipher", "group"),
    [
        ("modern", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519"),
        ("tls10", "TLSv1", "ECDHE-RSA-AES256-SHA", "x25519"),
        ("tls11", "TLSv1.1", "ECDHE-RSA-AES256-SHA", "x25519"),
        ("rsa-kx", "TLSv1.2", "AES128-GCM-SHA256", None),
        ("tls12", "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", "secp384r1"),
        ("tls13", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519"),
    ],
)
def test_what_nginx_negotiates_is_noted(
    name: str, version: str, cipher: str, group: str | None, nginx: Scanned
) -> None:
    assert shaken(nginx, name) == (version, cipher, group)
    assert judged(nginx, name) == SOUND


@pytest.mark.system("nginx")
@pytest.mark.parametrize(
    ("name", "kind", "signed_with"),
    [
        ("tls10", "rsa", rsa.RSAPublicKey),
        ("tls12", "ec", ec.EllipticCurvePublicKey),
        ("tls13", "ed25519", ed25519.Ed25519PublicKey),
    ],
)
def test_the_chain_is_kept_as_it_was_sent(name: str, kind: str, signed_with: type, nginx: Scanned) -> None:
    assert handshake(nginx, name).chain == ders(leaf(kind), authority().upper)
    assert isinstance(leaf(kind).certificate.public_key(), signed_with)


@pytest.mark.system("nginx")
def test_a_path_over_two_intermediates_is_found(nginx: Scanned) -> None:
    assert handshake(nginx, "chain3").chain == ders(leaf("ec", "lower"), authority().lower, authority().upper)
    assert judged(nginx, "chain3") == SOUND


@pytest.mark.system("nginx")
def test_a_leaf_without_its_intermediate_leads_nowhere(nginx: Scanned) -> None:
    assert handshake(nginx, "leaf-only").chain == ders(leaf("ec"))
    assert judged(nginx, "leaf-only") == {**SOUND, CHAIN: ("fail missing_issuer",)}


@pytest.mark.system("nginx")
@pytest.mark.parametrize(
    ("name", "sni", "sent", "verdict"),
    [
        ("bernama", f"bernama.{ZONE}", "named", "pass match"),
        ("tanpa-nama", f"tanpa-nama.{ZONE}", "default", "fail mismatch"),
        ("by-address", None, "default", "pass match"),
    ],
)
def test_the_certificate_depends_on_the_name_asked_for(
    name: str, sni: str | None, sent: str, verdict: str, nginx: Scanned
) -> None:
    tls = handshake(nginx, name)
    assert (tls.sni, tls.chain[0]) == (sni, (named() if sent == "named" else unnamed()).der)
    assert nginx.said(name)[NAME] == (verdict,)


@pytest.mark.system("nginx")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("modern", ("pass to_https",)),
        ("tls10", ("fail serves_content",)),
        ("tls11", ("fail other_host",)),
        ("rsa-kx", ("pass closed",)),
        ("tls12", ("not_applicable not_applicable",)),
    ],
)
def test_where_plain_http_leads(name: str, said: tuple[str, ...], nginx: Scanned) -> None:
    assert nginx.said(name)[REDIRECT] == said


@pytest.mark.system("nginx")
@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("modern", 200, ("pass set",)),
        ("sts-200", 200, ("pass set",)),
        ("sts-404", 404, ("fail missing",)),
        ("sts-404-always", 404, ("pass set",)),
        ("tls12", 200, ("fail missing",)),
        ("by-address", 200, ("not_applicable address",)),
    ],
)
def test_hsts_on_errors_takes_always(name: str, status: int, said: tuple[str, ...], nginx: Scanned) -> None:
    """`add_header` without `always` leaves the header out of error pages."""
    assert answer(nginx, name).status == status
    assert nginx.said(name)[HSTS] == said


@pytest.mark.system("nginx")
def test_chunks_and_gzip_are_taken_off(nginx: Scanned) -> None:
    assert b"transfer-encoding: chunked" in answer(nginx, "gzip").head.lower()
    zipped, plain = body(nginx, "gzip"), body(nginx, "tls12")
    assert (zipped.coding, plain.coding) == ("gzip", None)
    assert zipped.length == plain.length == plain.wire_bytes == len(PAGE)
    assert 0 < zipped.wire_bytes < len(PAGE) / 10
    assert zipped.sha256.endswith(hashlib.sha256(PAGE.encode()).hexdigest())
    assert (zipped.sha256, zipped.ended) == (plain.sha256, None)


@pytest.mark.system("nginx")
def test_nginx_says_over_http_that_it_wants_a_client_certificate(nginx: Scanned) -> None:
    """It finishes the handshake and answers 400: the service answers, and its chain is judged."""
    assert answer(nginx, "needs-client").status == 400
    assert judged(nginx, "needs-client") == SOUND


# OpenSSL's s_server -----------------------------------------------------------------------------------------------

S_SERVER = {
    "plain": ["-tls1_3"],
    "dhe": ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"],
    "stapled": ["-tls1_3", "-status_file", "staple.der"],
    "stapled-12": ["-tls1_2", "-status_file", "staple.der"],
    "alpn": ["-tls1_3", "-alpn", "http/1.1"],
    "alpn-either": ["-tls1_3", "-alpn", "h2,http/1.1"],
    "client-12": ["-tls1_2", "-Verify", "1", "-verify_return_error"],
    "client-13": ["-tls1_3", "-Verify", "1", "-verify_return_error"],
    "client-asked": ["-tls1_2", "-verify", "1"],
}
"""Of all of them `-www` makes web servers that speak HTTP/1.0."""


@pytest.fixture(scope="module")
def s_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    here = tmp_path_factory.mktemp("s_server")
    files = written(here, "rsa", leaf("rsa"), authority().upper)
    (here / "upper.pem").write_text(authority().upper.pem, "ascii")
    (here / "staple.der").write_bytes(staple(leaf("rsa")))
    keys = ["-cert", files.chain, "-key", files.key, "-cert_chain", "upper.pem"]
    targets: list[Target] = []
    with contextlib.ExitStack() as servers:
        started = {
            name: servers.enter_context(
                running(here, name, "openssl", "s_server", "-accept", f"{ADDRESS}:0", "-www", *keys, *words)
            )
            for name, words in S_SERVER.items()
        }
        for name, server in started.items():
            accept = server.wait_for_words(rf"^ACCEPT {re.escape(ADDRESS)}:(\d+)$")
            targets.append(web_target(name, int(accept[1])))
        with scan_of(here, targets) as scan:
            yield scan


@pytest.mark.system("openssl")
@pytest.mark.parametrize(
    ("name", "version", "cipher", "group"),
    [
        ("plain", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519"),
        ("dhe", "TLSv1.2", "DHE-RSA-AES128-GCM-SHA256", None),
        ("client-asked", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "x25519"),
    ],
)
def test_what_s_server_negotiates_is_noted(
    name: str, version: str, cipher: str, group: str | None, s_server: Scanned
) -> None:
    assert shaken(s_server, name) == (version, cipher, group)
    assert judged(s_server, name) == SOUND


@pytest.mark.system("openssl")
@pytest.mark.parametrize(("name", "stapled"), [("stapled", True), ("stapled-12", True), ("plain", False)])
def test_a_stapled_response_is_kept_as_it_came(name: str, stapled: bool, s_server: Scanned) -> None:
    assert handshake(s_server, name).staple == (staple(leaf("rsa")) if stapled else None)
    assert judged(s_server, name) == SOUND


@pytest.mark.system("openssl")
@pytest.mark.parametrize(("name", "chosen"), [("alpn", "http/1.1"), ("alpn-either", "http/1.1"), ("plain", None)])
def test_the_protocol_chosen_by_alpn_is_noted(name: str, chosen: str | None, s_server: Scanned) -> None:
    assert handshake(s_server, name).alpn == chosen


@pytest.mark.system("openssl")
def test_http_1_0_is_an_answer(s_server: Scanned) -> None:
    assert answer(s_server, "plain").head.startswith(b"HTTP/1.0 200 ok\r\n")
    assert body(s_server, "plain").ended is None
    assert s_server.said("plain")[HSTS] == ("fail missing",)


NO_ANSWER = {**SOUND, UPTIME: ("unknown tls_alert",)}
UNPROVEN = dict.fromkeys(NO_ANSWER, ("unknown tls_alert",))
"""The chain was sent, but that the server holds its key was not shown: nothing speaks for it."""


@pytest.mark.system("openssl")
def test_a_chain_is_judged_though_the_handshake_ends_for_want_of_a_client_certificate(s_server: Scanned) -> None:
    tls = home(s_server, "client-12").tls
    assert isinstance(tls, BrokenHandshake)
    assert tls.chain[:2] == ders(leaf("rsa"), authority().upper)
    assert tls.failure.reason is Reason.TLS_ALERT
    assert judged(s_server, "client-12") == UNPROVEN
    assert s_server.said("client-12")[HSTS] == ("unknown tls_alert",)


@pytest.mark.system("openssl")
def test_in_tls_1_3_the_refusal_comes_after_the_handshake(s_server: Scanned) -> None:
    """The client is done before the server has looked for its certificate (RFC 8446 section 4.4.2.4)."""
    assert handshake(s_server, "client-13").version == "TLSv1.3"
    refused = home(s_server, "client-13").answer
    assert isinstance(refused, Unobserved)
    assert refused.reason is Reason.TLS_ALERT
    assert judged(s_server, "client-13") == NO_ANSWER


# GnuTLS's gnutls-serv -----------------------------------------------------------------------------------------------

GNUTLS = {
    "renegotiates": ["NORMAL:-VERS-ALL:+VERS-TLS1.2"],
    "no-5746": ["NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"],
    "no-5746-tls10": ["NORMAL:-VERS-ALL:+VERS-TLS1.0:+SHA1:+SIGN-ALL:%DISABLE_SAFE_RENEGOTIATION"],
    "gnutls-13": ["NORMAL:-VERS-ALL:+VERS-TLS1.3", "--ocsp-response", "staple.der"],
    "h2-only": ["NORMAL", "--alpn", "h2", "--alpn-fatal"],
    "client-12": ["NORMAL:-VERS-ALL:+VERS-TLS1.2", "--require-client-cert"],
    "client-13": ["NORMAL:-VERS-ALL:+VERS-TLS1.3", "--require-client-cert"],
}
"""The priority string, then options. Only GnuTLS can still leave secure renegotiation (RFC 5746) out."""


@pytest.fixture(scope="module")
def gnutls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    """gnutls-serv listens on every address of the machine; there is no option against it."""
    here = tmp_path_factory.mktemp("gnutls")
    files = written(here, "rsa", leaf("rsa"), authority().upper)
    (here / "staple.der").write_bytes(staple(leaf("rsa")))
    keys = ["--x509certfile", files.chain, "--x509keyfile", files.key]
    ports = dict(zip(GNUTLS, free_ports(len(GNUTLS), "0.0.0.0"), strict=True))
    with contextlib.ExitStack() as servers:
        for name, (priority, *words) in GNUTLS.items():
            options = ["--http", "--port", ports[name], "--priority", priority, *keys, *words]
            if "--require-client-cert" not in words:
                options.append("--disable-client-cert")
            servers.enter_context(running(here, name, "gnutls-serv", *options)).wait_for_port(ports[name])
        with scan_of(here, [web_target(name, port) for name, port in ports.items()]) as scan:
            yield scan


@pytest.mark.system("gnutls-serv")
@pytest.mark.parametrize(
    ("name", "version", "cipher", "group"),
    [
        ("renegotiates", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "x25519"),
        ("no-5746", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "x25519"),
        ("no-5746-tls10", "TLSv1", "ECDHE-RSA-AES256-SHA", "x25519"),
        ("gnutls-13", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "x25519"),
    ],
)
def test_what_gnutls_negotiates_is_noted(
    name: str, version: str, cipher: str, group: str | None, gnutls: Scanned
) -> None:
    assert shaken(gnutls, name) == (version, cipher, group)
    assert handshake(gnutls, name).chain == ders(leaf("rsa"), authority().upper)
    assert judged(gnutls, name) == SOUND


@pytest.mark.system("gnutls-serv")
@pytest.mark.skipif(ssl.OPENSSL_VERSION_INFO < (3,), reason="older OpenSSL lets such servers through by default")
@pytest.mark.parametrize(("name", "refused"), [("no-5746", True), ("renegotiates", False)])
def test_an_ordinary_client_refuses_servers_without_rfc_5746(name: str, refused: bool, gnutls: Scanned) -> None:
    """So that the table above shows what it claims to."""
    context = ssl.create_default_context(cadata=authority().root.pem)
    context.options &= ~getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 4)
    place = (ADDRESS, gnutls.run.target(name).parsed_url.port)
    objection = pytest.raises(ssl.SSLError, match="UNSAFE_LEGACY_RENEGOTIATION_DISABLED")
    with objection if refused else contextlib.nullcontext(), socket.create_connection(place, READY_S) as tcp:
        context.wrap_socket(tcp, server_hostname=f"{name}.{ZONE}").close()


@pytest.mark.system("gnutls-serv")
def test_a_response_stapled_by_gnutls_is_kept(gnutls: Scanned) -> None:
    assert handshake(gnutls, "gnutls-13").staple == staple(leaf("rsa"))
    assert handshake(gnutls, "renegotiates").staple is None


@pytest.mark.system("gnutls-serv")
def test_a_server_for_another_protocol_only_is_unknown_and_not_down(gnutls: Scanned) -> None:
    tls = home(gnutls, "h2-only").tls
    assert not isinstance(tls, Handshake | NotApplicable)
    assert set(gnutls.said("h2-only")[UPTIME]) == {"unknown tls_alert"}


@pytest.mark.system("gnutls-serv")
@pytest.mark.parametrize("name", ["client-12", "client-13"])
def test_a_chain_from_gnutls_is_judged_without_a_client_certificate(name: str, gnutls: Scanned) -> None:
    said = judged(gnutls, name)
    for check in (CHAIN, EXPIRY, NAME):
        # Before TLS 1.3 the server ends the handshake before it has shown that it holds the key.
        assert said[check] == SOUND[check] if name == "client-13" else said[check][0].startswith("unknown ")
    assert said[UPTIME][0].startswith(("unknown ", "fail no_answer"))
