"""TLS servers that others wrote, each raised for one test on a port of its own: OpenSSL's s_server, nginx, gnutls-serv.

They are told everything on their command line or in a file of the test's, and ended by their own pid.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pki
from installed import program

from scanner.cost import Cost
from scanner.network import Budget, Gate
from scanner.observations.endpoint import Endpoint, Source
from scanner.profiles import Profile, load_profile
from scanner.scope import Scope

ADDRESS = f"127.{60 + os.getpid() % 40}.{os.getpid() // 40 % 250 + 1}.{os.getpid() // 10_000 % 250 + 1}"
"""An address that nobody else on this machine uses, so a port that is free on it stays free."""
HOST = "www.farm.test"
READY_S = 30.0
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@cache
def entity(kind: str) -> pki.Entity:
    """A certificate of a root of its own for HOST, with a key of this kind."""
    root = pki.root(not_before=NOW - 30 * DAY, not_after=NOW + 400 * DAY)
    return pki.leaf(root, (HOST,), key=pki.key(kind, "tls server"), not_before=NOW - DAY, not_after=NOW + 60 * DAY)


def written(directory: Path, kind: str) -> tuple[Path, Path]:
    """Its certificate and its key as files."""
    certificate, key = directory / f"{kind}.pem", directory / f"{kind}.key"
    certificate.write_text(entity(kind).pem, "ascii")
    key.touch(mode=0o600)
    key.write_text(entity(kind).key_pem, "ascii")
    return certificate, key


def free_port() -> int:
    with socket.socket() as it:
        it.bind((ADDRESS, 0))
        port: int = it.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(directory: Path, words: Sequence[object], *, said: str) -> Iterator[None]:
    """A program while the block lasts, from the moment it said these words."""
    path = program(str(words[0]))
    assert path is not None
    log = directory / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [path, *map(str, words[1:])],
            stdin=subprocess.PIPE,  # kept open: s_server and gnutls-serv leave at its end
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
            env={**os.environ, "OPENSSL_CONF": os.devnull},
        )
    try:
        deadline = time.monotonic() + READY_S
        while said not in (text := log.read_text(errors="replace")):
            assert process.poll() is None, f"ended by itself: {text}"
            assert time.monotonic() < deadline, f"not ready: {text}"
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(READY_S)
        process.kill()
        process.communicate()


@contextlib.contextmanager
def s_server(directory: Path, *words: object, kinds: Sequence[str] = ("ec",)) -> Iterator[int]:
    """`openssl s_server` with these words and one or two certificates; its port."""
    port = free_port()
    certificate, key = written(directory, kinds[0])
    more: list[object] = []
    if len(kinds) > 1:
        second, second_key = written(directory, kinds[1])
        more = ["-dcert", second, "-dkey", second_key]
    where = ["-accept", f"{ADDRESS}:{port}", "-cert", certificate, "-key", key, *more]
    with _running(directory, ["openssl", "s_server", *where, *words], said="ACCEPT"):
        yield port


@contextlib.contextmanager
def nginx(directory: Path, *servers: str, kinds: Sequence[str] = ("ec",)) -> Iterator[list[int]]:
    """nginx with one server for each text of directives; their ports. `h2;` among them turns HTTP/2 on."""
    ports = [free_port() for _ in servers]
    files = [written(directory, kind) for kind in kinds]
    pairs = "".join(f"ssl_certificate {it}; ssl_certificate_key {key};\n" for it, key in files)
    temporary = "".join(
        f"{it}_temp_path {directory}/{it};\n" for it in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    blocks = "".join(
        f"server {{ listen {ADDRESS}:{port} ssl{' http2' if 'h2;' in text else ''}; {text.replace('h2;', '')} }}\n"
        for port, text in zip(ports, servers, strict=True)
    )
    configuration = directory / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {directory}/pid; error_log stderr notice; events {{}}\n"
        f"http {{ access_log off; {temporary} {pairs} {blocks} }}\n"
    )
    with _running(directory, ["nginx", "-c", configuration, "-p", directory, "-e", "stderr"], said=""):
        for port in ports:
            _wait(port)
        yield ports


@contextlib.contextmanager
def gnutls_serv(directory: Path, priority: str, *words: object, kinds: Sequence[str] = ("ec",)) -> Iterator[int]:
    """`gnutls-serv` with this priority string; its port. It listens on all addresses."""
    port = free_port()
    files = [written(directory, kind) for kind in kinds]
    pairs = [it for pair in files for it in ("--x509certfile", pair[0], "--x509keyfile", pair[1])]
    where = ["gnutls-serv", "--http", "--port", port, "--priority", priority, *pairs]
    with _running(directory, [*where, *words], said="listening"):
        yield port


def _wait(port: int) -> None:
    deadline = time.monotonic() + READY_S
    while True:
        with socket.socket() as it:
            if it.connect_ex((ADDRESS, port)) == 0:
                return
        assert time.monotonic() < deadline, "not ready"
        time.sleep(0.01)


Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def conversing(converse: Conversation) -> AsyncIterator[int]:
    """A server of the test's own; its port. Conversations that still go on at the end are cancelled."""
    going_on: set[asyncio.Task[None]] = set()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        going_on.add(task)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await converse(reader, writer)
        finally:
            going_on.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(hold, ADDRESS, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()
        for task in [*going_on]:
            task.cancel()
        if going_on:
            await asyncio.wait([*going_on])


class Bench:
    """A laboratory with the real gate and clock, for one probe at a server above; `made` are the connections it charged."""

    def __init__(self, profile: Profile | None = None, connections: int = 64) -> None:
        self.profile = profile or load_profile("local")
        scope = Scope(names=("*.farm.test",), networks=("127.0.0.0/8",))
        self.gate = Gate(scope, self.profile.pace, self.profile.timeouts)
        self.budget = Budget(Cost(connections=connections), 60.0)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def ticks(self) -> float:
        return time.perf_counter() * 1000

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


def endpoint(port: int) -> Endpoint:
    """Where a server above answers for HOST."""
    return Endpoint(HOST, port, ADDRESS, Source.OPTION)
