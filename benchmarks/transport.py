"""What a new TLS connection and a GET cost through our transport, against a stock httpx client.

The same asyncio, nginx, page and request; no certificate is verified, no connection is used twice, and each side keeps one
TLS context for all of them. Ours gives more for it: raw head, the chain as sent, the staple, the times of all phases.

Processor time of this process (user and system), one request at a time, the rounds of both sides alternating. `observation`
is the whole of what a probe does with our transport: request, bounded reading, digest of the body, frozen result.
"""

import argparse
import asyncio
import gc
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import httpx
from figures import Figure, show
from servers import NETWORK, PAGE, ZONE, Estate, MissingProgramError, estate, or_exit

from scanner.cost import Cost
from scanner.network import Budget, Gate
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Answer, Body
from scanner.observations.observation import Observation
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.http.transport import PinnedTransport
from scanner.probes.probe import Probe, Record, Surroundings
from scanner.profiles import Profile, load_profile
from scanner.scope import Scope

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation
WARM_UP = 50
HEADERS = {"User-Agent": "Pindai benchmark", "Accept": "*/*", "Accept-Encoding": "gzip", "Connection": "close"}


class Bench:
    """The laboratory of probes that wait for no other."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        scope = Scope(names=(f"*.{ZONE}",), networks=(NETWORK,))
        self.gate = Gate(scope, profile.pace, profile.timeouts, loopback_only=True)
        self.budget = Budget(Cost(connections=10**9, requests=10**9), seconds=3600)
        self.surroundings = Surroundings(hosts={}, resolvers=())

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
        """No probe here waits for another."""
        raise NotImplementedError


class Sides:
    """The three ways to the same page. Each returns the length of what it read."""

    def __init__(self, served: Estate) -> None:
        service = served.services[0]
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._client = httpx.AsyncClient(
            verify=context, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        # Names cost the stock client a thread and us nothing here, so both are given the address.
        self._by_address = f"https://{service.address}:{served.tls_port}/"
        self._by_name = f"https://{service.name}:{served.tls_port}/"
        self._name = service.name
        self._bench = Bench(load_profile("local"))
        self._endpoint = Endpoint(service.name, served.tls_port, service.address, Source.RESOLVER)
        self._probe = HttpExchange(
            url=self._by_name,
            host=service.name,
            port=served.tls_port,
            address=service.address,
            source=Source.RESOLVER,
            agent=HEADERS["User-Agent"],
        )

    async def stock(self) -> int:
        """The stock client."""
        response = await self._client.get(self._by_address, headers=HEADERS, extensions={"sni_hostname": self._name})
        return len(response.content)

    async def transport(self) -> int:
        """Our transport, as any user of httpx's interface would call it."""
        bench = self._bench
        transport = PinnedTransport(bench.gate, self._endpoint, bench.budget, bench.profile)
        request = httpx.Request("GET", self._by_name, headers=HEADERS, extensions={"sni_hostname": self._name})
        response = await transport.handle_async_request(request)
        try:
            return len(await response.aread())
        finally:
            await response.aclose()

    async def observation(self) -> int:
        """The probe built on it."""
        exchange = await self._probe.observe(self._bench)
        assert isinstance(exchange.answer, Answer), exchange
        assert isinstance(exchange.answer.body, Body)
        return exchange.answer.body.length

    async def close(self) -> None:
        """Let go of the stock client."""
        await self._client.aclose()


async def cpu_ms(ask: Callable[[], Awaitable[int]], count: int) -> float:
    """Processor milliseconds for one of `count` calls."""
    gc.collect()
    started = time.process_time()
    for _ in range(count):
        length = await ask()
        assert length == len(PAGE), length
    return (time.process_time() - started) * 1000 / count


async def measure(served: Estate, rounds: int, count: int) -> list[Figure]:
    """Alternate between the sides; a ratio belongs to one round."""
    sides = Sides(served)
    asked: dict[str, Callable[[], Awaitable[int]]] = {
        "stock httpx": sides.stock,
        "our transport": sides.transport,
        "our observation": sides.observation,
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for ask in asked.values():
        await cpu_ms(ask, WARM_UP)
    for _ in range(rounds):
        for name, ask in asked.items():
            taken[name].append(await cpu_ms(ask, count))
    await sides.close()
    stock = taken.pop("stock httpx")
    ratios = {
        name: tuple(ours / theirs for ours, theirs in zip(times, stock, strict=True)) for name, times in taken.items()
    }
    return [
        Figure("stock httpx", tuple(stock), "ms CPU"),
        *(Figure(name, tuple(times), "ms CPU") for name, times in taken.items()),
        Figure("transport / stock", ratios["our transport"], "", "<= 0.6"),
        Figure("observation / stock", ratios["our observation"], ""),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=200, help="in each round, on each side")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args()
    try:
        with estate(1) as served:
            figures = asyncio.run(measure(served, arguments.rounds, arguments.requests))
    except MissingProgramError as error:
        return or_exit(error)
    show("transport", figures, as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
