"""A look at one service without a run: probes one after the other, at the first address where somebody is."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from scanner.collector import Looked, Met, look_closely
from scanner.config import estate_of_urls
from scanner.cost import Cost
from scanner.network import NetworkError
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import Crashed, Observation
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.probe import Laboratory, Probe, Surroundings
from scanner.profiles import Profile, load_profile

LOCAL = load_profile("local")
HERE, THERE = "127.0.0.1", "127.0.0.2"


class Knock(Observation, frozen=True, tag="knock"):
    """Whether somebody opened, and what they were asked."""

    order: int
    failure: Unobserved | None = None


class Knocking(Probe[Knock], frozen=True, tag="knocking"):
    """Connects, and leaves."""

    address: str
    port: int
    number: int
    breaks: bool = False

    def ceiling(self, profile: Profile) -> Cost:
        return Cost(connections=1)

    async def observe(self, lab: Laboratory) -> Knock:
        if self.breaks:
            raise KeyError("a fault of ours")
        failure = None
        try:
            async with lab.gate.connection(
                Endpoint("localhost", self.port, self.address, Source.LOCALHOST), lab.budget
            ):
                pass
        except NetworkError as error:
            failure = error.unobserved
        return Knock(started=lab.now(), took_ms=0.0, order=self.number, failure=failure)


def met(observation: Observation) -> Met:
    """Nobody there where the first knock failed; deaf where it crashed."""
    if isinstance(observation, Crashed):
        return Met.DEAF
    return Met.AWAY if isinstance(observation, Knock) and observation.failure else Met.HEARD


def look(served: Sequence[str], asked: Sequence[str], *, breaks: bool = False) -> tuple[Looked, list[str]]:
    """Look for a server that stands at some addresses, at these ones in turn; what was found, and who was knocked at."""
    knocked: list[str] = []

    async def go() -> Looked:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            knocked.append(writer.get_extra_info("sockname")[0])
            await reader.read()
            writer.close()

        first = await asyncio.start_server(take, served[0] if served else HERE, 0)
        port = first.sockets[0].getsockname()[1]
        others = [await asyncio.start_server(take, address, port) for address in served[1:]]
        if not served:
            first.close()
            await first.wait_closed()
        estate = estate_of_urls([f"https://localhost:{port}/"])

        def ask(endpoint: Endpoint) -> Sequence[Knocking]:
            return [Knocking(address=endpoint.address, port=port, number=it, breaks=breaks) for it in (1, 2)]

        endpoints = [Endpoint("localhost", port, address, Source.LOCALHOST) for address in asked]
        try:
            return await look_closely(estate, endpoints, ask, met, LOCAL, Surroundings({}, ()))
        finally:
            for server in (first, *others):
                server.close()

    return asyncio.run(go()), knocked


def orders(looked: Looked) -> list[int]:
    return [it.order for it in looked.seen.values() if isinstance(it, Knock)]


def test_all_questions_go_to_the_first_address_where_somebody_is() -> None:
    looked, knocked = look([HERE, THERE], [HERE, THERE])
    assert (looked.endpoint.address, orders(looked), set(knocked)) == (HERE, [1, 2], {HERE})
    assert (looked.used, looked.ceiling) == (Cost(connections=2), Cost(connections=2))


def test_the_next_address_is_asked_where_nobody_is_and_what_that_used_counts() -> None:
    looked, knocked = look([THERE], [HERE, THERE])
    assert (looked.endpoint.address, orders(looked), set(knocked)) == (THERE, [1, 2], {THERE})
    assert looked.used == Cost(connections=3)
    assert looked.used.connections <= looked.ceiling.connections


def test_where_nobody_is_anywhere_the_first_address_is_told() -> None:
    looked, knocked = look([], [HERE, THERE])
    assert (looked.endpoint.address, orders(looked), knocked) == (HERE, [1], [])
    (knock,) = looked.seen.values()
    assert isinstance(knock, Knock)
    assert knock.failure is not None
    assert knock.failure.reason is Reason.REFUSED


def test_a_crash_of_ours_is_an_observation_and_asks_nobody_else() -> None:
    looked, knocked = look([HERE, THERE], [HERE, THERE], breaks=True)
    (crashed,) = looked.seen.values()
    assert isinstance(crashed, Crashed)
    assert (looked.endpoint.address, knocked) == (HERE, [])


def test_the_scope_holds() -> None:
    estate = estate_of_urls(["https://localhost:1/"])
    estate = msgspec.structs.replace(estate, scope=msgspec.structs.replace(estate.scope, typed=()))
    endpoint = Endpoint("localhost", 1, HERE, Source.LOCALHOST)
    ask = [Knocking(address=HERE, port=1, number=1)]
    looked = asyncio.run(look_closely(estate, [endpoint], lambda _: ask, met, LOCAL, Surroundings({}, ())))
    (knock,) = looked.seen.values()
    assert isinstance(knock, Knock)
    assert knock.failure is not None
    assert (knock.failure.reason, looked.used.connections) == (Reason.OUT_OF_SCOPE, 0)


def test_without_an_endpoint_there_is_nothing_to_look_at() -> None:
    estate = estate_of_urls(["https://localhost:1/"])
    with pytest.raises(ValueError, match="no endpoint"):
        asyncio.run(look_closely(estate, [], lambda _: [], met, LOCAL, Surroundings({}, ())))
