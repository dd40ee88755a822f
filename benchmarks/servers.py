"""The other side of the benchmarks: nginx and a name server on loopback, in processes whose time is not counted.

Every service has an address of its own in 127.88.0.0/16, a name, and a certificate of its own (EC P-256, under an
intermediate), so that nothing is cheaper here than in a real estate because it is the same for all.
"""

import asyncio
import contextlib
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import dns.name
import dns.rdata
import dns.rdataset
import dns.zone
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from relay import relaying

from scanner.demo.authority import Credentials, Recipe, found_authority
from scanner.demo.nameserver import NameServer, serve_udp

NETWORK = "127.88.0.0/16"
RELAY_NETWORK = "127.89.0.0/16"
ZONE = "bench.test"
WORKERS = 2
START_SECONDS = 30.0

PAGE = "<!doctype html><html lang='id'><title>Layanan</title>" + "<p>Pemerintah Kota Contoh, layanan publik.</p>" * 200
"""About nine kilobytes: a page of text."""

MAIN = """
daemon off;
worker_processes {workers};
worker_rlimit_nofile {files};
pid {prefix}/nginx.pid;
error_log stderr error;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    root {prefix}/www;
    types {{ text/html html; }}
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    add_header Content-Security-Policy "default-src 'self'; frame-ancestors 'none'" always;
    add_header X-Content-Type-Options nosniff always;
    add_header Referrer-Policy strict-origin-when-cross-origin always;
    add_header Cache-Control no-store always;
    add_header Set-Cookie "sesi=4f9d1c7be2a84c66a1d0; Path=/; Secure; HttpOnly; SameSite=Lax" always;
{services}
}}
"""

SERVICE = """
    server {{
        listen {address}:{tls_port} ssl;
        server_name {name};
        ssl_certificate {credentials};
        ssl_certificate_key {credentials};
    }}
    server {{
        listen {address}:{plain_port};
        server_name {name};
        return 301 https://{name}:{tls_port}$request_uri;
    }}
"""


class MissingProgramError(RuntimeError):
    """A program the benchmarks need is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Service:
    """One service of the estate: where nginx has it, and the address its name has, which is a relay's when there is one."""

    name: str
    address: str
    shown: str


@dataclass(frozen=True)
class Estate:
    """What is being served, and where."""

    services: tuple[Service, ...]
    tls_port: int
    plain_port: int
    nameserver: tuple[str, int]
    anchor: Path
    """The root certificate, PEM."""
    network: str = NETWORK
    relay: int | None = None
    """The process that delays everything, when one does."""

    def write_targets(self, path: Path, count: int) -> None:
        """A targets file for the first `count` services."""
        address, port = self.nameserver
        lines = [
            f'resolver.nameservers = ["{address}:{port}"]',
            f'scope.names = ["*.{ZONE}"]',
            f'scope.networks = ["{self.network}"]',
            f'trust.anchors = ["{self.anchor}"]',
        ]
        for service in self.services[:count]:
            label = service.name.partition(".")[0]
            url = f"https://{service.name}:{self.tls_port}/"
            lines += ["[[target]]", f'id = "{label}"', f'url = "{url}"', f"http_port = {self.plain_port}"]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextlib.contextmanager
def estate(count: int, delay_s: float = 0.0) -> Iterator[Estate]:
    """Serve `count` services until the block ends, behind a relay when there is a delay. Raises MissingProgramError.

    SIGTERM ends the program as Ctrl-C does, so that no server is left behind.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise MissingProgramError("nginx is not installed; on Debian and Ubuntu: apt install nginx-light")
    network = RELAY_NETWORK if delay_s else NETWORK
    hosts = tuple(f"{1 + n // 250}.{1 + n % 250}" for n in range(count))
    services = tuple(
        Service(f"s{n:04}.{ZONE}", f"127.88.{host}", f"{network.removesuffix('.0.0/16')}.{host}")
        for n, host in enumerate(hosts)
    )
    with tempfile.TemporaryDirectory(prefix="pindai-bench-") as folder, _names(services) as nameserver:
        prefix = Path(folder)
        authority = found_authority(datetime.now(UTC), f"http://ca.{ZONE}/antara.cer")
        anchor = prefix / "root.pem"
        anchor.write_bytes(authority.root_pem)
        for service in services:
            _write_credentials(prefix / service.name, authority.issue(Recipe((service.name,))))
        (prefix / "www").mkdir()
        (prefix / "www/index.html").write_text(PAGE, encoding="utf-8")
        tls_port, plain_port = _free_ports(services[0].address, 2)
        blocks = "".join(
            SERVICE.format(
                address=service.address,
                name=service.name,
                tls_port=tls_port,
                plain_port=plain_port,
                credentials=prefix / service.name,
            )
            for service in services
        )
        with contextlib.ExitStack() as stack:
            stack.enter_context(_nginx(nginx, prefix, blocks, (services[-1].address, tls_port)))
            served = Estate(services, tls_port, plain_port, nameserver, anchor, network)
            if delay_s:
                ways = tuple((it.shown, it.address, port) for it in services for port in (tls_port, plain_port))
                served = replace(served, relay=stack.enter_context(relaying(ways, delay_s)))
            yield served


def _write_credentials(path: Path, credentials: Credentials) -> None:
    key = credentials.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + b"".join(certificate.public_bytes(Encoding.PEM) for certificate in credentials.certificates))
    path.chmod(0o600)


def _free_ports(address: str, count: int) -> tuple[int, ...]:
    """Ports that are free at one of our addresses; nobody else listens at the others."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind((address, 0))
        return tuple(sock.getsockname()[1] for sock in sockets)


@contextlib.contextmanager
def _nginx(program: str, prefix: Path, blocks: str, awaited: tuple[str, int]) -> Iterator[None]:
    # Every listening socket counts as a connection of each worker.
    main = MAIN.format(workers=WORKERS, prefix=prefix, services=blocks, files=8192 + blocks.count("listen "))
    # Workers keep the user they were started by: as root they would change to one that cannot read our folder.
    configuration = f"user root root;{main}" if os.geteuid() == 0 else main
    (prefix / "nginx.conf").write_text(configuration, encoding="utf-8")
    with (prefix / "nginx.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-p", str(prefix), "-e", "stderr", "-c", str(prefix / "nginx.conf")], stderr=log
        )
    try:
        _await_listening(process, awaited, prefix / "nginx.log")
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_listening(process: subprocess.Popen[bytes], address: tuple[str, int], log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nginx did not start: {log.read_text(errors='replace')[-2000:]}")


@contextlib.contextmanager
def _names(services: tuple[Service, ...]) -> Iterator[tuple[str, int]]:
    """A name server for the services in a process of its own; yields its address."""
    apex = "@ 3600 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 3600 IN NS ns\n"
    zone = dns.zone.from_text(apex, origin=f"{ZONE}.", relativize=False)
    with zone.writer() as writer:
        for service in services:
            record = dns.rdata.from_text("IN", "A", service.shown)
            writer.add(dns.name.from_text(f"{service.name}."), dns.rdataset.from_rdata(300, record))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.88.0.53", 0))
        sock.setblocking(False)
        process = multiprocessing.get_context("fork").Process(target=_serve_names, args=(sock, zone), daemon=True)
        process.start()
        try:
            yield sock.getsockname()
        finally:
            process.kill()
            process.join()


def _serve_names(sock: socket.socket, zone: dns.zone.Zone) -> None:
    asyncio.run(serve_udp(sock, NameServer(zone)))


def or_exit(error: MissingProgramError) -> int:
    """Say what is missing and how to get it; the exit code of a benchmark that could not run."""
    sys.stderr.write(f"{error}\n")
    return 3
