"""What gate, journal and judge cost on top of bare probing of the same targets.

*Bare* is a program that only asks: for every target two DNS queries (message built, sent, answer parsed), one HTTPS
exchange (connection, TLS handshake through the same memory BIO, request, framing by h11, body read and digested) and the
walk from plain HTTP (one exchange more; the redirect it ends in was asked already). It runs the probes of Pindai
themselves on the same event loop, as many targets at once, under the same time-outs, and makes the same frozen
observations, which it throws away. It is told the targets as plain JSON. It has no scope, pacing, ceilings or contact
log, no single flight beyond a dictionary a target, no plan, no redaction, encoding or digests of observations, no
journal, no judge, no findings. *Gated* is bare through the real gate and budget; *written* is gated with redaction,
encoding and digest of all that is seen. *Whole* is the scan as anybody runs it: targets file, plan, collector, journal,
and the judge with its process.

Each side is a fresh process, start-up included, whose processor time (user and system, that of the judge it starts too)
is counted; a round runs every side once, and a ratio belongs to one round.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
from estate_throughput import measure
from figures import Figure, show

from scanner.cost import Cost, Traffic
from scanner.network import Budget, Connection, Deadline, Gate, _ask_datagram
from scanner.observations.endpoint import Addresses, Endpoint
from scanner.observations.http import Answer, Exchange
from scanner.observations.observation import Observation, digest, encode
from scanner.probes.dns import Resolve
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.http.walks import Redirects
from scanner.probes.probe import Probe, Record, Surroundings
from scanner.profiles import Profile, load_profile
from scanner.scope import Scope

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation
TARGETS = 1000
PROBING_SECONDS = 300


class Side(StrEnum):
    """How much is done besides asking."""

    BARE = "bare"
    GATED = "gated"
    WRITTEN = "written"


@dataclass(frozen=True)
class Work:
    """What a probing process is told."""

    side: str
    hosts: tuple[str, ...]
    tls_port: int
    plain_port: int
    nameserver: tuple[str, int]
    names: str
    network: str


class Ungated(Gate):
    """Opens what it is asked to open, under the same time-outs, and keeps no account of it."""

    @asynccontextmanager
    async def connection(
        self,
        endpoint: Endpoint,
        budget: Budget,  # noqa: ARG002 - what the gate is called with
        begun: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[tuple[Connection, Deadline, float]]:
        """A connection."""
        loop = asyncio.get_running_loop()
        begun()
        started = loop.time()
        deadline = Deadline(self._timeouts.exchange_s)
        connection = await self._open(endpoint, deadline)
        try:
            yield connection, deadline, (loop.time() - started) * 1000
        finally:
            connection.close()

    async def query(
        self,
        server: tuple[str, int],
        message: bytes,
        accept: Callable[[bytes], bool],
        budget: Budget,  # noqa: ARG002 - what the gate is called with
        *,
        stream: bool,
    ) -> bytes:
        """An answer over UDP."""
        assert not stream
        async with Deadline(self._timeouts.dns_s).phase(self._timeouts.dns_s, "answer from the resolver"):
            return await _ask_datagram(server, message, accept)


class Boundless(Budget):
    """Counts nothing."""

    def charge(self, cost: Cost) -> None:
        """Nothing."""

    def note(self, traffic: Traffic, address: str, port: int) -> None:
        """Nothing."""


class Bench:
    """The laboratory of one target."""

    def __init__(self, gate: Gate, profile: Profile, surroundings: Surroundings, side: Side) -> None:
        self.gate = gate
        self.profile = profile
        self.surroundings = surroundings
        self._written = side is Side.WRITTEN
        unbounded = Cost(connections=100, requests=100, queries=100)
        self.budget = Boundless(unbounded, 60.0) if side is Side.BARE else Budget(unbounded, 60.0)
        self._seen: dict[Probe[Any], Record[Any]] = {}

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    def ticks(self) -> float:
        """Milliseconds."""
        return time.monotonic() * 1000

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def observe(self, probe: Probe[O]) -> Record[O]:
        """Ask, unless it was asked before."""
        if (record := self._seen.get(probe)) is None:
            seen = await probe.observe(self)
            record = self._seen[probe] = Record(seen, digest(encode(seen.redacted())) if self._written else "")
        return cast("Record[O]", record)


async def look(host: str, work: Work, bench: Bench, agent: str) -> None:
    """Everything a scan asks of one target. Anything but the expected answers is no measurement."""
    outcome = (await bench.observe(Resolve(host=host))).observation.outcome
    assert isinstance(outcome, Addresses), outcome
    home, plain = (
        HttpExchange(
            url=f"{scheme}://{host}:{port}/",
            host=host,
            port=port,
            address=outcome.addresses[0],
            source=outcome.source,
            agent=agent,
        )
        for scheme, port in (("https", work.tls_port), ("http", work.plain_port))
    )
    seen: Exchange = (await bench.observe(home)).observation
    assert isinstance(seen.answer, Answer), seen
    assert seen.answer.status == 200, seen
    walk = (await bench.observe(Redirects(start=plain, ports=(work.tls_port,)))).observation
    assert walk.urls == (plain.url, home.url), walk
    assert walk.ended is None, walk


async def ask_everybody(work: Work) -> None:
    """As many targets at once as a scan looks at."""
    side = Side(work.side)
    profile = load_profile("local")
    surroundings = Surroundings(hosts={}, resolvers=(work.nameserver,))
    kind = Ungated if side is Side.BARE else Gate
    scope = Scope(names=(work.names,), networks=(work.network,))
    gate = kind(scope, profile.pace, profile.timeouts, frozenset(surroundings.resolvers), loopback_only=True)
    agent = profile.agent.format(version="0", contact="")
    waiting = iter(work.hosts)

    async def take() -> None:
        for host in waiting:
            await look(host, work, Bench(gate, profile, surroundings, side), agent)

    async with asyncio.TaskGroup() as group:
        for _ in range(profile.pace.targets_at_once):
            group.create_task(take())


def probe(work: Path) -> float:
    """The measured process: processor seconds it used, from its very start."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(ask_everybody(msgspec.json.decode(work.read_bytes(), type=Work)))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop that a scan would use."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def probing_s(work: Path) -> float:
    """Start a measured process; its processor seconds."""
    command = [sys.executable, __file__, "--probe", str(work)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PROBING_SECONDS)
    return float(done.stdout)


def figures(taken: dict[str, list[float]], count: int) -> list[Figure]:
    """What the rounds say. A part is what a side costs more than the side before it."""

    def each_ms(values: list[float]) -> tuple[float, ...]:
        return tuple(value / count * 1000 for value in values)

    def more(name: str, than: str) -> tuple[float, ...]:
        return each_ms([one - other for one, other in zip(taken[name], taken[than], strict=True)])

    def ratio(name: str) -> tuple[float, ...]:
        return tuple(one / bare - 1 for one, bare in zip(taken[name], taken["bare"], strict=True))

    unit = "ms CPU"
    return [
        Figure("bare probing, one target", each_ms(taken["bare"]), unit),
        Figure("+ gate, budget, contact log", more("gated", "bare"), unit),
        Figure("+ redaction, encoding, digests", more("written", "gated"), unit),
        Figure("+ targets file, plan, collector, journal", more("scan", "written"), unit),
        Figure("+ judge, its process included", more("whole", "scan"), unit),
        Figure("the whole scan, one target", each_ms(taken["whole"]), unit),
        Figure("without the judge / bare - 1", ratio("scan"), ""),
        Figure("whole / bare - 1", ratio("whole"), "", "<= 0.35"),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=TARGETS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe is not None:
        sys.stdout.write(f"{probe(arguments.probe)}\n")
        return 0
    from servers import NETWORK, ZONE, MissingProgramError, estate, or_exit

    taken: dict[str, list[float]] = {name: [] for name in (*Side, "scan", "whole")}
    try:
        with estate(arguments.targets) as served, tempfile.TemporaryDirectory(prefix="pindai-bench-") as folder:
            hosts = tuple(service.name for service in served.services)
            ports = (served.tls_port, served.plain_port)
            for number in range(arguments.rounds):
                for side in Side:
                    work = Path(folder) / f"{side}.json"
                    work.write_text(
                        json.dumps(asdict(Work(side, hosts, *ports, served.nameserver, f"*.{ZONE}", NETWORK))),
                        encoding="utf-8",
                    )
                    taken[side].append(probing_s(work))
                targets = Path(folder) / f"{number}.toml"
                served.write_targets(targets, arguments.targets)
                used = measure(targets, arguments.targets).used
                taken["scan"].append(used.scan_s)
                taken["whole"].append(used.scan_s + used.judge_s)
    except MissingProgramError as error:
        return or_exit(error)
    show("overhead", figures(taken, arguments.targets), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
