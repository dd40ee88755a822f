"""Our TLS audit beside sslscan, nmap, testssl.sh and sslyze, at servers of the farm in tests/: who sees what, at what cost.

    .venv/bin/python benchmarks/tls_peers.py --sslyze /path/to/an/environment/bin/python

Peers are programs of their own (sslyze is AGPL: run, never imported). One that is missing is left out and named. Every
peer's versions and suites are held against the farm's written table (`tests/tls_farm/truth.py`). Costs are those of the
reference server (nginx, TLS 1.2 and 1.3, six and three suites, three groups): connections counted at a relay, processor time
and memory of the peer's own processes, start of the program included.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

import relay  # noqa: E402 - of this directory
from tabulate import tabulate  # noqa: E402
from tls_farm.names import SUITES  # noqa: E402 - of tests/
from tls_farm.row import Row  # noqa: E402
from tls_farm.servers import ADDRESS, MissingError, farm_of  # noqa: E402
from tls_farm.truth import ROWS  # noqa: E402

HOST = "www.farm.test"
RELAY = f"127.{230 + os.getpid() % 20}.{os.getpid() // 20 % 250 + 1}.7"
REFERENCE = "nginx-intermediate"
AGREEMENT = (
    REFERENCE,
    "nginx-three-suites",
    "nginx-old",
    "nginx-own-dh",
    "nginx-rsa-kx",
    "nginx-modern",
    "nginx-odd-suites",
    "openssl-0.9.8e-export",
    "openssl-0.9.8e-ssl2",
    "openssl-1.0.2p-3des",
    "openssl-1.0.2p-anonymous",
    "openssl-1.1.0f-ccm",
    "gnutls-normal",
    "s_server-ccm",
    "go-hybrid-only",
    "haproxy-two-leaves",
    "lighttpd-mbedtls",
    "faulty-one_packet",
    "faulty-rate_limit_resets",
)
AT_MOST_S = 300
_NAMES = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
VERSIONS = {
    **dict(zip(_NAMES, _NAMES, strict=True)),
    **dict(zip(("ssl2", "ssl3", "tls1", "tls1_1", "tls1_2", "tls1_3"), _NAMES, strict=True)),  # testssl.sh
    **dict(zip(("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"), _NAMES, strict=True)),  # sslyze
}
SSLYZE = [
    *("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--certinfo", "--elliptic_curves"),
    *("--fallback", "--reneg", "--resum", "--heartbleed", "--openssl_ccs", "--robot", "--compression"),
    *("--early_data", "--ems"),
]
"""All that an audit of ours looks at."""

Seen = frozenset[tuple[str, int]]
"""(version, number of a suite)."""


def numbers() -> dict[str, int]:
    """IANA names to numbers, from our table: peers print names."""
    from scanner.probes.tls.code_points_table import SSL2_KINDS
    from scanner.probes.tls.code_points_table import SUITES as OURS

    return {row[1]: row[0] for row in (*SSL2_KINDS, *OURS)}


class Peer(NamedTuple):
    """A program: the words that scan these ports, and how its output is read (None: not compared)."""

    name: str
    words: Callable[[str, Sequence[int], Path], list[str]]
    read: Callable[[Path, str], dict[int, Seen]]


class Cost(NamedTuple):
    """What one run of a peer took."""

    connections: int
    cpu_s: float
    wall_s: float
    memory_mb: float


# Peers -------------------------------------------------------------------------------------------------------------


def ours(address: str, ports: Sequence[int], out: Path) -> list[str]:
    return [
        sys.executable,
        __file__,
        "--audit",
        json.dumps({"address": address, "ports": list(ports), "out": str(out)}),
    ]


def read_ours(out: Path, _: str) -> dict[int, Seen]:
    said = json.loads(out.read_text())
    return {int(port): frozenset((version, suite) for version, suite in pairs) for port, pairs in said.items()}


def sslscan(address: str, ports: Sequence[int], out: Path) -> list[str]:
    target = f"{address}:{ports[0]}"
    return ["sslscan", f"--sni-name={HOST}", "--no-colour", "--show-sigs", f"--xml={out}", target]


def read_sslscan(out: Path, _: str) -> dict[int, Seen]:
    tree = ET.fromstring(out.read_text(errors="replace"))
    found = {}
    for test in tree.iter("ssltest"):
        pairs = {
            (VERSIONS.get(it.get("sslversion", ""), "?"), int(it.get("id", "0"), 16)) for it in test.iter("cipher")
        }
        found[int(test.get("port", "0"))] = frozenset(pairs)
    return found


def nmap(address: str, ports: Sequence[int], out: Path) -> list[str]:
    where = ",".join(map(str, dict.fromkeys(ports)))
    words = ["nmap", "-Pn", "-n", "--script", "ssl-enum-ciphers", "--script-args", f"tls.servername={HOST}"]
    return [*words, "-p", where, "-oX", str(out), address]


def read_nmap(out: Path, _: str) -> dict[int, Seen]:
    names = numbers()
    found = {}
    for port in ET.fromstring(out.read_text()).iter("port"):
        pairs = set()
        for version in port.iter("table"):
            if version.get("key") in VERSIONS:
                for it in version.iter("elem"):
                    if it.get("key") == "name" and it.text:
                        name = it.text.split(" ")[0]
                        # nmap calls the suites of TLS 1.3 TLS_AKE_WITH_*
                        pairs.add(
                            (VERSIONS[str(version.get("key"))], names.get(name.replace("TLS_AKE_WITH_", "TLS_"), -1))
                        )
        found[int(port.get("portid", "0"))] = frozenset(pairs)
    return found


def testssl(address: str, ports: Sequence[int], out: Path) -> list[str]:
    words = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "-E", "--jsonfile", str(out), "--ip", address]
    return [*words, f"{HOST}:{ports[0]}"]


def read_testssl(out: Path, _: str) -> dict[int, Seen]:
    found: dict[int, set[tuple[str, int]]] = {}
    for it in json.loads(out.read_text()):
        parts = it["id"].split("_x")
        if it["id"].startswith("cipher-") and len(parts) == 2:
            version = VERSIONS.get(parts[0].removeprefix("cipher-"), "?")
            found.setdefault(int(it["port"]), set()).add((version, int(parts[1], 16)))
    return {port: frozenset(pairs) for port, pairs in found.items()}


def sslyze_of(interpreter: str) -> Peer:
    def words(address: str, ports: Sequence[int], out: Path) -> list[str]:
        where = [f"{HOST}:{port}{{{address}}}" for port in ports]
        return [
            interpreter,
            "-m",
            "sslyze",
            "--mozilla_config",
            "disable",
            *SSLYZE,
            "--json_out",
            str(out),
            "--quiet",
            *where,
        ]

    def read(out: Path, _: str) -> dict[int, Seen]:
        names = numbers()
        found = {}
        for server in json.loads(out.read_text())["server_scan_results"]:
            pairs = set()
            for key, version in VERSIONS.items():
                attempt = (server["scan_result"] or {}).get(f"{key}_cipher_suites") or {}
                for it in (attempt.get("result") or {}).get("accepted_cipher_suites", ()):
                    name = it["cipher_suite"]["name"]
                    pairs.add((version, names.get(name, SUITES.get(it["cipher_suite"]["openssl_name"], -1))))
            found[server["server_location"]["port"]] = frozenset(pairs)
        return found

    return Peer("sslyze", words, read)


# One run -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def counting(port: int) -> Iterator[Any]:
    """A relay at RELAY that counts the connections to a port; what it counted stands in the value."""
    context = multiprocessing.get_context("fork")
    count = context.Value("i", 0)
    ready = context.Event()

    def serve() -> None:
        class Counted(relay.Near):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                with count.get_lock():
                    count.value += 1
                super().connection_made(transport)

        async def main() -> None:
            listener = socket.create_server((RELAY, port), backlog=128)
            await asyncio.get_running_loop().create_server(lambda: Counted((ADDRESS, port), 0.0), sock=listener)
            ready.set()
            await asyncio.Event().wait()

        asyncio.run(main())

    process = context.Process(target=serve, daemon=True)
    process.start()
    try:
        if not ready.wait(30):
            raise RuntimeError("the relay did not start")
        yield count
    finally:
        process.kill()
        process.join()


MEASURED = """
import resource, subprocess, sys
nowhere = subprocess.DEVNULL
subprocess.run(sys.argv[1:], stdin=nowhere, stdout=nowhere, stderr=nowhere)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a peer in a child of its own, so that the high-water mark of memory is this peer's."""


def run(peer: Peer, address: str, ports: Sequence[int], out: Path) -> tuple[dict[int, Seen], Cost] | str:
    """Run a peer; what it saw and took, or why not."""
    out.unlink(missing_ok=True)
    words = peer.words(address, ports, out)
    if shutil.which(words[0]) is None:
        return "not installed"
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURED, *words], capture_output=True, timeout=AT_MOST_S, check=True
        )
    except subprocess.TimeoutExpired:
        return f"not done in {AT_MOST_S} s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = Cost(0, cpu, time.monotonic() - begun, int(done.stdout) / 1024)
    try:
        return peer.read(out, address), cost
    except (OSError, ValueError, KeyError, ET.ParseError) as problem:
        return f"no answer that can be read ({type(problem).__name__})"


def truth_of(row: Row) -> Seen:
    """The row's versions and suites."""
    return frozenset((version, SUITES[it]) for version, speaks in row.speaks.items() for it in speaks.suites)


def told(seen: Seen, truth: Seen) -> str:
    """How what a peer saw differs from the table."""
    missing, more = len(truth - seen), len(seen - truth)
    if not missing and not more:
        return "same"
    return ", ".join(
        it for it in (f"{missing} of {len(truth)} missing" if missing else "", f"{more} too many" if more else "") if it
    )


# Our own audit, in a process of its own --------------------------------------------------------------------------------


def audit(wanted: dict[str, Any]) -> None:
    """Sweep, sessions and trials of every port, ten targets at once; writes versions and suites."""
    from datetime import UTC, datetime

    import msgspec

    from scanner.cost import Cost as Ceiling
    from scanner.derive.tls_facts import Swept
    from scanner.derive.tls_fold import swept_of
    from scanner.network import Budget, Gate
    from scanner.observations.endpoint import Endpoint, Source
    from scanner.observations.observation import digest, encode
    from scanner.observations.tls import TlsHellos
    from scanner.probes.probe import Probe, Record
    from scanner.probes.tls.sessions import TlsSessions
    from scanner.probes.tls.sweep import TlsSweep
    from scanner.probes.tls.trials import TlsTrials
    from scanner.profiles import load_profile
    from scanner.scope import Scope

    profile = load_profile("local")
    gate = Gate(Scope(names=("*.farm.test",), networks=("127.0.0.0/8",)), profile.pace, profile.timeouts)

    class Laboratory:
        """What a probe needs of a collector: clock, gate, budget, and other probes once each."""

        def __init__(self) -> None:
            self.profile, self.gate, self.budget = profile, gate, Budget(Ceiling(connections=1000), 300.0)
            self.made: dict[Probe[Any], Record[Any]] = {}

        def now(self) -> datetime:
            return datetime.now(UTC)

        def ticks(self) -> float:
            return time.perf_counter() * 1000

        async def pause(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

        async def observe(self, probe: Probe[Any]) -> Record[Any]:
            if probe not in self.made:
                seen = await probe.observe(self)  # type: ignore[arg-type]
                self.made[probe] = Record(seen, digest(encode(seen)))
            return self.made[probe]

    async def one(port: int) -> tuple[int, list[tuple[str, int]]]:
        endpoint, laboratory = Endpoint(HOST, port, wanted["address"], Source.OPTION), Laboratory()
        sweep = (await laboratory.observe(TlsSweep.of(endpoint))).observation
        await laboratory.observe(TlsSessions.of(endpoint))
        await laboratory.observe(TlsTrials.of(endpoint))
        found = swept_of(msgspec.json.decode(encode(sweep), type=TlsHellos))
        pairs = (
            [(str(it.version), suite) for it in found.spoken for suite in it.suites] if isinstance(found, Swept) else []
        )
        return port, pairs

    async def every() -> dict[int, list[tuple[str, int]]]:
        slots = asyncio.Semaphore(10)

        async def held(port: int) -> tuple[int, list[tuple[str, int]]]:
            async with slots:
                return await one(port)

        return dict(await asyncio.gather(*(held(port) for port in wanted["ports"])))

    Path(wanted["out"]).write_text(json.dumps(asyncio.run(every())))


# The two tables --------------------------------------------------------------------------------------------------------


def agreement(
    peers: Sequence[Peer], rows: Sequence[Row], directory: Path, slow: frozenset[str]
) -> list[dict[str, str]]:
    """What each peer saw of each server, against the table."""
    table = []
    for row in rows:
        line = {"server": row.name}
        for peer in peers:
            if peer.name in slow and row.name != REFERENCE:
                line[peer.name] = "-"
                continue
            # a farm of its own for each: a server that counts connections must not remember the peer before
            with tempfile.TemporaryDirectory(dir=directory) as here, farm_of(_open(Path(here)), [row]) as farm:
                try:
                    port = farm.port(row)
                except MissingError:
                    line[peer.name] = "not here"
                    continue
                got = run(peer, ADDRESS, [port], directory / "out")
            line[peer.name] = got if isinstance(got, str) else told(got[0].get(port, frozenset()), truth_of(row))
        sys.stderr.write(f"{line}\n")
        table.append(line)
    return table


def costs(peers: Sequence[Peer], directory: Path, slow: frozenset[str], targets: int) -> list[dict[str, object]]:
    """What each peer takes at the reference server: once, and for many targets in one process where it can."""
    row = next(it for it in ROWS if it.name == REFERENCE)
    table = []
    with tempfile.TemporaryDirectory(dir=directory) as here, farm_of(_open(Path(here)), [row]) as farm:
        port = farm.port(row)
        for peer in peers:
            with counting(port) as count:
                once = run(peer, RELAY, [port], directory / "out")
                connections = count.value
            if isinstance(once, str):
                table.append({"peer": peer.name, "connections": once})
                continue
            line = {
                "peer": peer.name,
                "connections": connections,
                "cpu_s": once[1].cpu_s,
                "wall_s": once[1].wall_s,
                "memory_mb": once[1].memory_mb,
            }
            if peer.name in ("pindai", "sslyze") and peer.name not in slow:
                many = run(peer, ADDRESS, [port] * targets, directory / "out")
                if not isinstance(many, str):
                    line |= {"targets_per_core_s": targets / many[1].cpu_s, "many_memory_mb": many[1].memory_mb}
            else:
                line["targets_per_core_s"] = 1 / once[1].cpu_s
            table.append(line)
    return table


def _open(directory: Path) -> Path:
    directory.chmod(0o755)  # some servers give up root
    return directory


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sslyze", metavar="PYTHON", help="an interpreter in whose environment sslyze is installed")
    parser.add_argument(
        "--targets", type=int, default=50, help="how many targets in one process (default: %(default)s)"
    )
    parser.add_argument("--server", action="append", help="a row of the farm to compare at; may stand several times")
    parser.add_argument("--no-agreement", action="store_true", help="costs alone")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--audit", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.audit:
        audit(json.loads(options.audit))
        return 0
    peers = [
        Peer("pindai", ours, read_ours),
        Peer("sslscan", sslscan, read_sslscan),
        Peer("nmap", nmap, read_nmap),
        Peer("testssl.sh", testssl, read_testssl),
        *([sslyze_of(options.sslyze)] if options.sslyze else []),
    ]
    slow = frozenset({"testssl.sh"})
    names = options.server or AGREEMENT
    with tempfile.TemporaryDirectory() as temporary:
        directory = _open(Path(temporary))
        spent = costs(peers, directory, slow, options.targets)
        compared = (
            [] if options.no_agreement else agreement(peers, [it for it in ROWS if it.name in names], directory, slow)
        )
    if options.json:
        print(json.dumps({"costs": spent, "agreement": compared}, indent=1))
        return 0
    print(tabulate(spent, headers="keys", floatfmt=".3g"))
    if compared:
        print()
        print(tabulate(compared, headers="keys"))
    rates = {it["peer"]: it.get("targets_per_core_s") for it in spent}
    if isinstance(we := rates.get("pindai"), float) and isinstance(they := rates.get("sslyze"), float):
        print(f"\n{we / they:.1f} times sslyze's targets per core-second (goal: at least 10)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
