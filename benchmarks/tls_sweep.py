"""What asking a service about its TLS costs us: connections, processor time, memory, and time at a distance.

    .venv/bin/python benchmarks/tls_sweep.py [--uvloop] [--json]

The server is nginx on the same cores: TLS 1.2 and 1.3, six and three suites, three groups, once with the server's order and
once with the client's. An *enumeration* is the sweep without signature schemes, fallback, server names and tolerance: to the
observation or with its facts, as is said; a *full audit* is sweep, whole handshakes and trials with their facts.
Processor time is this process's, user and system. At a distance a relay in a process of its own holds back everything for
half the round-trip time, each way.
`--uvloop` runs on that event loop, which must be installed beside Pindai.
"""

import argparse
import asyncio
import contextlib
import gc
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from figures import Figure, show
from relay import relaying
from servers import MissingProgramError, or_exit

from scanner.cost import Cost
from scanner.derive.tls_fold import swept_of
from scanner.derive.tls_sessions import sessions_of
from scanner.derive.tls_trials import trials_of
from scanner.network import Budget, Gate
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import digest, encode
from scanner.probes.probe import Probe, Record, Surroundings
from scanner.probes.tls.sessions import TlsSessions
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trials import TlsTrials
from scanner.profiles import Profile, load_profile
from scanner.scope import Scope

T = TypeVar("T")
HOST = "www.bench.test"
NEAR, FAR = "127.91", "127.92"
PORTS = {"the server's order": 18443, "the client's order": 18444}
ROUND_TRIP_S = 0.05
TARGETS = 100
MIB = 1024.0
SIX = (
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305"
)
CONFIGURATION = """
daemon off; pid {here}/pid; worker_processes 2; error_log stderr error;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
    ssl_certificate {here}/chain.pem; ssl_certificate_key {here}/key.pem; ssl_dhparam {here}/dh.pem;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {suites}; ssl_ecdh_curve X25519:prime256v1:secp384r1;
    server {{ {server}; ssl_prefer_server_ciphers on; return 200 ok; }}
    server {{ {client}; return 200 ok; }}
}}
"""


class Bench:
    """A laboratory of one target; what a probe asked for is remembered."""

    def __init__(self, profile: Profile, gate: Gate) -> None:
        self.profile, self.gate = profile, gate
        self.budget = Budget(Cost(connections=10**6), seconds=3600)
        self.surroundings = Surroundings(hosts={}, resolvers=())
        self.made: dict[Probe[Any], Record[Any]] = {}

    def now(self) -> datetime:
        return datetime.now(UTC)

    def ticks(self) -> float:
        return time.monotonic() * 1000

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def observe(self, probe: Probe[Any]) -> Record[Any]:
        if probe not in self.made:
            seen = await probe.observe(self)
            self.made[probe] = Record(seen, digest(encode(seen)))
        return self.made[probe]


class Auditor:
    """Audits targets through one gate."""

    def __init__(self, connections_total: int = 400) -> None:
        profile = load_profile("local")
        pace = msgspec.structs.replace(profile.pace, connections_total=connections_total)
        self.profile = msgspec.structs.replace(profile, pace=pace)
        scope = Scope(names=(HOST,), networks=("127.0.0.0/8",))
        self.gate = Gate(scope, self.profile.pace, self.profile.timeouts, loopback_only=True)

    async def enumerate(self, endpoint: Endpoint) -> tuple[int, float]:
        """One enumeration with its facts: the connections it took, and the seconds of processor time of the facts."""
        seen = await TlsSweep.of(endpoint, depth="enumeration").observe(Bench(self.profile, self.gate))
        collected = time.process_time()
        facts = swept_of(seen)
        folding = time.process_time() - collected
        assert not facts.undetermined or {it.what for it in facts.undetermined} == {"signature_schemes.TLSv1.2"}, facts
        return len(seen.hellos), folding

    async def audit(self, endpoint: Endpoint) -> tuple[int, int]:
        """A full audit with its facts; the connections of the sweep, and of all."""
        bench = Bench(self.profile, self.gate)
        sweep = (await bench.observe(TlsSweep.of(endpoint))).observation
        facts = swept_of(sweep)
        assert not facts.undetermined, facts.undetermined
        sessions_of((await bench.observe(TlsSessions.of(endpoint))).observation)
        trials_of((await bench.observe(TlsTrials.of(endpoint))).observation)
        return len(sweep.hellos), bench.budget.used.connections


@contextlib.contextmanager
def nginx() -> Iterator[None]:
    """The server, at an address for each target."""
    for program in ("nginx", "openssl"):
        if shutil.which(program) is None:
            raise MissingProgramError(program)
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory)
        here.chmod(0o755)
        _credentials(here)
        listens = [
            "; ".join(f"listen {it.address}:{it.port} ssl" for it in endpoints(NEAR, port)) for port in PORTS.values()
        ]
        text = CONFIGURATION.format(here=here, suites=SIX, server=listens[0], client=listens[1])
        (here / "nginx.conf").write_text(text)
        process = subprocess.Popen(["nginx", "-e", "stderr", "-p", here, "-c", here / "nginx.conf"])
        try:
            time.sleep(0.5)
            yield
        finally:
            process.terminate()
            process.wait()


def _credentials(here: Path) -> None:
    """An RSA leaf with its issuer, as most services have one, and a DH group of the server's own."""
    for words in (
        "req -x509 -newkey rsa:2048 -nodes -days 3 -subj /CN=Issuer -keyout ca.key -out ca.pem",
        f"req -newkey rsa:2048 -nodes -subj /CN={HOST} -keyout key.pem -out leaf.csr",
        "x509 -req -in leaf.csr -days 3 -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem",
        "dhparam -dsaparam -out dh.pem 2048",
    ):
        subprocess.run(["openssl", *words.split()], check=True, capture_output=True, cwd=here)
    (here / "chain.pem").write_text((here / "leaf.pem").read_text() + (here / "ca.pem").read_text())


def endpoints(network: str, port: int, count: int = TARGETS) -> list[Endpoint]:
    """So many targets, each at an address of its own."""
    return [Endpoint(HOST, port, f"{network}.0.{number + 1}", Source.OPTION) for number in range(count)]


def rss_mib() -> float:
    """What this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / MIB


async def connections() -> list[Figure]:
    """How many connections each of them takes."""
    auditor = Auditor()
    found = []
    for name, port in PORTS.items():
        endpoint = endpoints(NEAR, port)[0]
        enumeration, _ = await auditor.enumerate(endpoint)
        sweep, whole = await auditor.audit(endpoint)
        found += [
            Figure(f"enumeration, {name}", (enumeration,), "connections", "<= 22"),
            Figure(f"sweep, {name}", (sweep,), "connections", "<= 26"),
            Figure(f"full audit, {name}", (whole,), "connections", "<= 40"),
        ]
    return found


async def processor(rounds: int, count: int, goal: int) -> list[Figure]:
    """How many of them a second of processor time gives."""
    auditor = Auditor()
    near = endpoints(NEAR, PORTS["the server's order"])
    collected, enumerations, audits = [], [], []
    for _ in range(rounds):
        gc.collect()
        started = time.process_time()
        folding = 0.0
        for endpoint in near[:count]:
            folding += (await auditor.enumerate(endpoint))[1]
        seconds = time.process_time() - started
        collected.append(count / (seconds - folding))
        enumerations.append(count / seconds)
        started = time.process_time()
        for endpoint in near[: max(1, count // 3)]:
            await auditor.audit(endpoint)
        audits.append(max(1, count // 3) / (time.process_time() - started))
    return [
        Figure("enumerations, to the observation", tuple(collected), "per core-second", f">= {goal}"),
        Figure("enumerations, with their facts", tuple(enumerations), "per core-second"),
        Figure("full audits", tuple(audits), "per core-second", ">= 30"),
    ]


async def memory() -> list[Figure]:
    """What a run of many targets holds: after half of them, and after all."""
    auditor = Auditor()
    near = endpoints(NEAR, PORTS["the server's order"])
    held = []
    for part in (near[: TARGETS // 2], near[TARGETS // 2 :]):
        await asyncio.gather(*(auditor.audit(it) for it in part))
        gc.collect()
        held.append(rss_mib())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return [
        Figure(f"peak memory, {TARGETS} targets", (peak,), "MiB", "< 80"),
        Figure("grown by the second half", (held[1] - held[0],), "MiB", "<= 4"),
    ]


async def distance() -> list[Figure]:
    """How long they take with a round trip of 50 ms, two connections at once to an address."""
    auditor = Auditor()
    far = endpoints(FAR, PORTS["the server's order"])
    one = []
    for endpoint in far[:3]:
        started = time.monotonic()
        await auditor.audit(endpoint)
        one.append(time.monotonic() - started)
    started = time.monotonic()
    await asyncio.gather(*(auditor.audit(it) for it in far))
    every = time.monotonic() - started
    return [
        Figure("full audit at 50 ms", tuple(one), "s", "< 3"),
        Figure(f"{TARGETS} targets together at 50 ms", (every,), "s", "< 10"),
    ]


def run(work: Coroutine[Any, Any, T], *, uvloop: bool) -> T:
    """Run on the event loop that was asked for."""
    if not uvloop:
        return asyncio.run(work)
    import uvloop as loops

    result: T = loops.run(work)
    return result


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=30, help="enumerations in each round")
    parser.add_argument("--uvloop", action="store_true", help="on uvloop instead of asyncio's own event loop")
    parser.add_argument("--json", action="store_true", help="for machines")
    asked = parser.parse_args(words)
    ways = [(far.address, near.address, near.port) for near, far in _pairs()]
    try:
        with nginx():
            figures = run(memory(), uvloop=asked.uvloop)  # first, while nothing else is in memory
            figures += run(connections(), uvloop=asked.uvloop)
            figures += run(processor(asked.rounds, asked.count, 200 if asked.uvloop else 100), uvloop=asked.uvloop)
            with relaying(ways, ROUND_TRIP_S / 2):
                figures += run(distance(), uvloop=asked.uvloop)
    except MissingProgramError as error:
        return or_exit(error)
    show("TLS sweep, " + ("uvloop" if asked.uvloop else "asyncio"), figures, as_json=asked.json)
    return 0


def _pairs() -> Iterator[tuple[Endpoint, Endpoint]]:
    port = PORTS["the server's order"]
    return zip(endpoints(NEAR, port), endpoints(FAR, port), strict=True)


if __name__ == "__main__":
    raise SystemExit(main())
