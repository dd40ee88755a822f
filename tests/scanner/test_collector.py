"""The collector: each fact once, shielded, without deadlock, crash-proof, and redacted before it is kept."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import faults_dns  # noqa: F401 - enters its faults
import msgspec
import pytest
from faults import BEHAVIOURS, FaultyNameserver, Reader, serving
from faults import Behaviour as Fault
from faults import whole as whole_answer
from observed import LOCAL

from scanner.api import Fact, FixedBy, Need, Passed, Place, Verdict, check
from scanner.collector import Collected, Collector, resolve_only
from scanner.cost import Cost
from scanner.estate import AddressPolicy, Kind, Redirection, Target
from scanner.journal import Journal, Standing
from scanner.needs import Setting
from scanner.network import Gate
from scanner.observations.endpoint import Addresses, Resolution, Source
from scanner.observations.http import Exchange
from scanner.observations.observation import Observation, digest
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.dns import Resolve
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.http.walks import Reachability, Redirects
from scanner.probes.probe import Laboratory, Order, Probe, Surroundings
from scanner.profiles import Profile
from scanner.registry import Check, discover
from scanner.scope import Scope

T = TypeVar("T")
HERE = "127.0.0.1"
LIMIT_S = 20.0
SCOPE = Scope(names=("*.fault.test",), networks=("127.0.0.0/8",))
PROFILE = msgspec.structs.replace(
    LOCAL,
    pace=msgspec.structs.replace(LOCAL.pace, retry_pause_s=0.01),
    timeouts=msgspec.structs.replace(LOCAL.timeouts, dns_s=1.0, answer_s=2.0),
)
FINE = Passed("fine", en="Fine", id="Baik")
asked: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    asked.clear()
    gates.clear()
    logging.getLogger("pindai.collector").setLevel(logging.CRITICAL)


# --- probes of this test ------------------------------------------------------------------------------------


class Noted(Observation, frozen=True, tag="noted"):
    """What a probe of this test saw."""

    text: str


gates: dict[str, asyncio.Event] = {}
"""Events that a probe waits for, by the probe's name."""


class Leaf(Probe[Noted], frozen=True, tag="test_leaf"):
    """Counts how often it is asked, and waits when told to."""

    name: str

    def ceiling(self, profile: Profile) -> Cost:
        """A connection."""
        return Cost(connections=1)

    async def observe(self, lab: Laboratory) -> Noted:
        """See it."""
        asked[self.name] += 1
        if self.name in gates:
            await gates[self.name].wait()
        return Noted(started=lab.now(), took_ms=0.0, text=f"saw {self.name}")


class SharedLeaf(Leaf, frozen=True, tag="test_shared_leaf"):
    """The same for all targets."""

    shared: ClassVar[bool] = True


class Late(Leaf, frozen=True, tag="test_late"):
    """Comes after the harmless ones."""

    order: ClassVar[Order] = Order.EXPOSURE


class Broken(Probe[Noted], frozen=True, tag="test_broken"):
    """Crashes."""

    async def observe(self, lab: Laboratory) -> Noted:
        """Not at all."""
        asked["broken"] += 1
        raise ZeroDivisionError("our own fault at https://www.fault.test/?token=s3cr3t-t0ken-value")


class Whole(Probe[Noted], frozen=True, tag="test_whole"):
    """Put together from others; `patience_s` is how long it waits for each."""

    name: str
    of: tuple[Probe[Any], ...]
    patience_s: float = LIMIT_S

    async def observe(self, lab: Laboratory) -> Noted:
        """See all of them, or note which took too long."""
        asked[self.name] += 1
        seen, parts = [], []
        for probe in self.of:
            try:
                async with asyncio.timeout(self.patience_s):
                    record = await lab.observe(probe)
            except TimeoutError:
                seen.append("too slow")
                if self.name in gates:
                    gates[self.name].set()
            else:
                seen.append(record.observation.text)
                parts.append(record.digest)
        return Noted(started=lab.now(), took_ms=0.0, parts=tuple(parts), text=", ".join(seen))


class Ring(Probe[Noted], frozen=True, tag="test_ring"):
    """Waits for the next of a ring."""

    number: int
    of: int

    async def observe(self, lab: Laboratory) -> Noted:
        """Never."""
        following = Ring(number=(self.number + 1) % self.of, of=self.of)
        return (await lab.observe(following)).observation


# --- the short way to what was collected --------------------------------------------------------------------


def needing(*probes: Probe[Any], need: Need[Any] | None = None) -> Check:
    """A check that needs these probes."""

    def judge(*_: Any) -> Iterator[Verdict]:
        """Needs them."""
        yield FINE()

    needs = [Fact(str(number), Observation, _always(probe)) for number, probe in enumerate(probes)]
    declare: Any = check
    declared: Check = declare(
        "test.needing",
        *needs,
        *([] if need is None else [need]),
        version=1,
        fixed_by=FixedBy.PLATFORM,
        outcomes=(FINE,),
        references=(),
        kinds=frozenset(Kind),
    )(judge)
    return declared


def _always(probe: Probe[Any]) -> Callable[[Place], Any]:
    return lambda _: probe


def target(url: str = f"http://{HERE}/", id: str = "t", **fields: Any) -> Target:
    return Target(id=id, url=url, **fields)


def collector(
    *checks: Check,
    profile: Profile = PROFILE,
    hosts: Mapping[str, tuple[str, ...]] | None = None,
    resolvers: tuple[tuple[str, int], ...] = (),
) -> Collector:
    gate = Gate(SCOPE, profile.pace, profile.timeouts, frozenset(resolvers))
    around = Surroundings(hosts=dict(hosts or {}), resolvers=resolvers)
    return Collector(gate, profile, Setting("Pindai/test"), around, checks)


def run(work: Any) -> Any:
    return asyncio.run(asyncio.wait_for(work, LIMIT_S))


def collect(*probes: Probe[Any], profile: Profile = PROFILE) -> Collected:
    collected: Collected = run(collector(needing(*probes), profile=profile).collect(target()))
    return collected


def text_of(collected: Collected, probe: Probe[Any]) -> str:
    stored = msgspec.json.decode(collected.observations[collected.filed[probe.key]])
    assert isinstance(stored, dict)
    return str(stored.get("text", stored.get("failure")))


# --- single flight ------------------------------------------------------------------------------------------


def test_a_fact_is_seen_once_however_many_ask() -> None:
    leaf = Leaf(name="leaf")
    wholes = [Whole(name=f"whole {number}", of=(leaf, Leaf(name="leaf"))) for number in range(5)]
    collected = collect(leaf, *wholes)
    assert asked["leaf"] == 1
    assert {text_of(collected, whole) for whole in wholes} == {"saw leaf, saw leaf"}
    assert len(collected.filed) == 7  # the resolution, the leaf and the wholes


def test_everything_that_was_seen_is_filed_under_its_digest() -> None:
    inner = Leaf(name="inner")
    collected = collect(Whole(name="whole", of=(inner,)))
    assert inner.key in collected.filed
    assert set(collected.filed.values()) == set(collected.observations)
    assert all(digest(stored) == name for name, stored in collected.observations.items())


def test_other_fields_are_another_fact() -> None:
    collect(Leaf(name="a"), Leaf(name="b"), Leaf(name="a"))
    assert asked == {"a": 1, "b": 1}


def test_one_waiters_time_out_does_not_cancel_the_others() -> None:
    async def go() -> Collected:
        slow = Leaf(name="slow")
        impatient = Whole(name="impatient", of=(slow,), patience_s=0.05)
        gates["slow"] = gates["impatient"] = asyncio.Event()  # goes on when the impatient one has given up
        it: Collected = await collector(needing(impatient, Whole(name="patient", of=(slow,)))).collect(target())
        return it

    collected = run(go())
    assert asked["slow"] == 1
    assert text_of(collected, Whole(name="impatient", of=(Leaf(name="slow"),), patience_s=0.05)) == "too slow"
    assert text_of(collected, Whole(name="patient", of=(Leaf(name="slow"),))) == "saw slow"
    assert text_of(collected, Leaf(name="slow")) == "saw slow"


def test_harmless_probes_come_first() -> None:
    order: list[str] = []

    async def go() -> None:
        gates["early"] = asyncio.Event()
        task = asyncio.create_task(collector(needing(Late(name="late"), Leaf(name="early"))).collect(target()))
        await asyncio.sleep(0.05)
        order.extend(sorted(asked))
        gates["early"].set()
        await task
        order.extend(sorted(asked))

    run(go())
    assert order == ["early", "early", "late"]


# --- composites and slots -----------------------------------------------------------------------------------


def _exchange(url: str, port: int, **fields: Any) -> HttpExchange:
    return HttpExchange(
        url=url, host=HERE, port=port, address=HERE, source=Source.LITERAL, agent="Pindai/test", **fields
    )


@pytest.mark.parametrize("limit", [1, 2])
def test_composites_that_wait_do_not_hold_a_slot(limit: int) -> None:
    pace = msgspec.structs.replace(PROFILE.pace, connections_per_address=limit, connections_total=limit)
    narrow = msgspec.structs.replace(PROFILE, pace=pace)

    async def go() -> Collected:
        async with serving(BEHAVIOURS["redirect_long_chain"]) as served:
            start = _exchange(served.url(), served.port)
            deep: Probe[Any] = Redirects(start=start)
            probes = [deep, Reachability(first=start), *(_exchange(served.url(f"/{n}"), served.port) for n in range(4))]
            probes += [Whole(name=f"w{number}", of=(), patience_s=number) for number in range(4)]
            it: Collected = await collector(needing(*probes), profile=narrow).collect(target(served.url()))
            return it

    collected = run(go())
    assert collected.record.standing is Standing.OBSERVED
    assert collected.record.used.connections == 11 + 4, "ten redirects and the start, and four of their own"


def test_a_probe_that_waits_in_a_ring_is_found() -> None:
    for size in (1, 2, 3):
        collected = collect(*(Ring(number=number, of=size) for number in range(size)))
        texts = [text_of(collected, Ring(number=number, of=size)) for number in range(size)]
        assert all("internal" in text for text in texts)
        assert any("wait for one another" in text for text in texts)


def test_who_gave_up_waiting_waits_for_nobody_any_more() -> None:
    class Back(Probe[Noted], frozen=True, tag="test_back"):
        """Waits until it was given up on, then asks for who gave up: no ring, for that one waits no more."""

        async def observe(self, lab: Laboratory) -> Noted:
            await gates["whole"].wait()
            return (await lab.observe(Whole(name="whole", of=(Back(),), patience_s=0.05))).observation

    async def go() -> Collected:
        gates["whole"] = asyncio.Event()
        it: Collected = await collector(needing(Whole(name="whole", of=(Back(),), patience_s=0.05), Back())).collect(
            target()
        )
        return it

    assert text_of(run(go()), Back()) == "too slow"


# --- crashes ------------------------------------------------------------------------------------------------


def test_a_crash_is_an_observation_and_the_rest_goes_on() -> None:
    waiting = Whole(name="waiting", of=(Broken(),))
    collected = collect(Broken(), Leaf(name="leaf"), waiting)
    stored = msgspec.json.decode(collected.observations[collected.filed[Broken().key]])
    assert (stored["kind"], stored["failure"]["reason"]) == ("crashed", "internal")
    assert "ZeroDivisionError" in stored["failure"]["detail"]
    assert text_of(collected, Leaf(name="leaf")) == "saw leaf"
    assert "internal" in text_of(collected, waiting)
    assert asked["broken"] == 1


def test_a_crashes_words_are_redacted_too() -> None:
    collected = collect(Broken())
    assert b"s3cr3t" not in b"".join(collected.observations.values())


def test_a_resolution_that_crashes_is_an_error_of_one_target() -> None:
    nobody: Any = None
    it = collector(needing(Leaf(name="leaf")))
    it.surroundings = Surroundings(hosts=nobody, resolvers=())
    collected: Collected = run(it.collect(target("http://www.fault.test/")))
    assert collected.record.standing is Standing.NOT_OBSERVED
    assert collected.record.reason == Reason.INTERNAL
    assert asked == {}


def test_too_many_probes_for_one_target_are_refused() -> None:
    collected = collect(*(Whole(name=str(number), of=(Leaf(name=str(number)),)) for number in range(1200)))
    assert len(collected.filed) <= 2001
    assert any("more than 2000 probes" in stored.decode() for stored in collected.observations.values())


def test_what_still_runs_is_stopped_when_the_target_is_cancelled() -> None:
    stopped: list[str] = []

    class Endless(Probe[Noted], frozen=True, tag="test_endless"):
        """Notes when it is stopped."""

        async def observe(self, lab: Laboratory) -> Noted:
            asked["endless"] += 1
            try:
                await asyncio.sleep(LIMIT_S)
            finally:
                stopped.append("endless")
            raise AssertionError

    async def go() -> None:
        task = asyncio.create_task(collector(needing(Endless(), Whole(name="w", of=(Endless(),)))).collect(target()))
        while not asked["endless"]:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stopped == ["endless"]

    run(go())


# --- what targets share -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("probe", "times"), [(SharedLeaf(name="leaf"), 1), (Leaf(name="leaf"), 2)])
def test_what_is_the_same_for_all_targets_is_asked_once(probe: Leaf, times: int) -> None:
    async def go() -> list[Collected]:
        it = collector(needing(probe))
        return await asyncio.gather(*(it.collect(target(id=name)) for name in ("one", "two")))

    one, two = run(go())
    assert asked["leaf"] == times
    assert text_of(one, probe) == text_of(two, probe) == "saw leaf"
    if times == 1:
        assert one.filed[probe.key] == two.filed[probe.key]


def test_shared_work_goes_on_for_the_others_when_a_target_is_cancelled() -> None:
    async def go() -> Collected:
        gates["leaf"] = asyncio.Event()
        it = collector(needing(SharedLeaf(name="leaf")))
        first, second = (asyncio.create_task(it.collect(target(id=name))) for name in ("one", "two"))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
        gates["leaf"].set()
        return await second

    assert text_of(run(go()), SharedLeaf(name="leaf")) == "saw leaf"
    assert asked["leaf"] == 1


def test_a_name_is_resolved_once_for_all_targets() -> None:
    async def go() -> list[Collected]:
        async with FaultyNameserver() as nameserver:
            it = collector(needing(Leaf(name="x")), resolvers=((nameserver.address, nameserver.port),))
            urls = ("http://ok.fault.test/a", "http://ok.fault.test/b")
            return list(await asyncio.gather(*(it.collect(target(url, id=url[-1])) for url in urls)))

    found = run(go())
    assert all(it.record.standing is Standing.NOT_OBSERVED for it in found)  # nothing was asked of the service
    assert len({it.filed[Resolve(host="ok.fault.test").key] for it in found}) == 1
    assert sum(it.record.used.queries for it in found) == 2, "AAAA and A, charged once"


# --- addresses ----------------------------------------------------------------------------------------------


def _at_address() -> Need[Any]:
    def build(place: Place) -> Any:
        return Unobserved(Reason.PREREQUISITE) if place.endpoint is None else Leaf(name=place.endpoint.address)

    return Fact("at", Noted, build)


@pytest.mark.parametrize(
    ("policy", "looked_at"),
    [
        (AddressPolicy.ALL, {"127.0.0.1", "127.0.0.2", "127.0.0.3"}),
        (AddressPolicy.FIRST, {"127.0.0.1"}),
    ],
)
def test_addresses(policy: AddressPolicy, looked_at: set[str]) -> None:
    hosts = {"www.fault.test": ("127.0.0.1", "127.0.0.2", "127.0.0.3")}

    async def go() -> Collected:
        async with serving(BEHAVIOURS["empty_answer"]) as served:
            url = f"http://www.fault.test:{served.port}/"
            it: Collected = await collector(needing(need=_at_address()), hosts=hosts).collect(
                target(url, addresses=policy)
            )
            return it

    run(go())
    assert set(asked) == looked_at


def test_the_first_address_that_takes_a_connection_is_stayed_with() -> None:
    hosts = {"www.fault.test": ("127.0.0.9", "127.0.0.1", "127.0.0.2")}

    async def go() -> Collected:
        async with serving(BEHAVIOURS["empty_answer"]) as served:
            url = f"http://www.fault.test:{served.port}/"
            it: Collected = await collector(needing(need=_at_address()), hosts=hosts).collect(target(url))
            return it

    collected = run(go())
    assert set(asked) == {"127.0.0.1"}, "nothing listens at 127.0.0.9"
    assert collected.record.standing is Standing.OBSERVED


def test_where_the_operator_sends_connections_the_name_need_not_resolve() -> None:
    async def go() -> Collected:
        async with FaultyNameserver() as nameserver, serving(BEHAVIOURS["empty_answer"]) as served:
            it = collector(*discover().values(), resolvers=((nameserver.address, nameserver.port),))
            wishes = (Redirection("", 0, HERE, served.port),)
            it.setting = msgspec.structs.replace(it.setting, redirections=wishes)
            found: Collected = await it.collect(target("http://nxdomain.fault.test/"))
            return found

    record = run(go()).record
    assert (record.standing, record.reason) == (Standing.OBSERVED, "")


def test_no_more_addresses_than_the_cap() -> None:
    hosts = {"www.fault.test": tuple(f"127.0.1.{number}" for number in range(1, 200))}
    all_of_them = target("http://www.fault.test/", addresses=AddressPolicy.ALL)
    run(collector(needing(need=_at_address()), hosts=hosts).collect(all_of_them))
    assert len(asked) == PROFILE.caps.addresses


def test_a_name_without_an_address_is_looked_at_nowhere() -> None:
    async def go() -> Collected:
        async with FaultyNameserver() as nameserver:
            it = collector(needing(need=_at_address()), resolvers=((nameserver.address, nameserver.port),))
            found: Collected = await it.collect(target("http://nxdomain.fault.test/"))
            return found

    record = run(go()).record
    assert (record.standing, record.reason) == (Standing.NOT_OBSERVED, Reason.NO_ADDRESS)
    assert asked == {}


def test_use_never_exceeds_the_ceiling() -> None:
    async def go() -> Collected:
        async with serving(BEHAVIOURS["redirect_long_chain"]) as served:
            checks = tuple(discover().values())
            found: Collected = await collector(*checks).collect(target(served.url()))
            return found

    record = run(go()).record
    assert record.used.connections <= record.ceiling.connections
    assert record.used.requests <= record.ceiling.requests
    assert record.used.connections > 1


def test_resolving_alone_sends_dns_and_nothing_else() -> None:
    async def go() -> dict[str, Resolution]:
        async with FaultyNameserver() as nameserver:
            around = Surroundings(hosts={}, resolvers=((nameserver.address, nameserver.port),))
            urls = {"ok": "http://ok.fault.test/", "no": "http://nxdomain.fault.test/", "ip": f"http://{HERE}/"}
            urls["half"] = "http://half-broken.fault.test/"
            return await resolve_only([target(url, id=name) for name, url in urls.items()], PROFILE, around)

    found = run(go())
    assert found["ok"].outcome == Addresses((HERE,), Source.RESOLVER, "ok.fault.test")
    assert found["ip"].outcome == Addresses((HERE,), Source.LITERAL)
    half = found["half"].outcome
    assert isinstance(half, Addresses)
    assert half.addresses == (HERE,)
    assert half.untold is not None
    assert half.untold.reason is Reason.DNS_SERVFAIL
    assert isinstance(found["no"].outcome, Unobserved)


# --- redaction ----------------------------------------------------------------------------------------------

COOKIE, TOKEN, BROKEN_COOKIE = "k00kie-v4lue-9f8e7d", "t0ken-v4lue-1a2b3c4d", "br0ken-v4lue-5e6f"


def _secretive(requests: list[str], then: bytes) -> Fault:
    """Redirects to a place with a token in its address, and sets cookies, one of them in a malformed line."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        request = await reader.request()
        requests.append(request.target)
        cookies = [b"Set-Cookie: session=" + COOKIE.encode() + b"; Path=/"]
        if request.target == "/":
            lines = (*cookies, b"Location: /masuk?token=" + TOKEN.encode())
            writer.write(whole_answer(*lines, status=b"302 Found"))
        elif then:
            writer.write(whole_answer(*cookies, then, status=b"302 Found"))
        else:
            writer.write(whole_answer(b"Set-Cookie : session=" + BROKEN_COOKIE.encode(), *cookies))
        await writer.drain()

    return Fault("secretive", serve, tls=False)


@pytest.mark.parametrize(
    "then",
    [
        b"",
        b"Location: /masuk?token=" + TOKEN.encode(),
        b"Location: https://outside.invalid/?token=" + TOKEN.encode(),
        b"Location: http://me:" + TOKEN.encode() + b"@127.0.0.1:x/",
        b"Location: ftp://me:" + TOKEN.encode() + b"@127.0.0.1/?token=" + TOKEN.encode(),
        b"Location: http://127.0.0.1:99999/?token=" + TOKEN.encode(),
    ],
    ids=["an answer", "a loop", "out of scope", "a bad port", "another scheme", "a large port"],
)
def test_no_secret_is_in_any_stored_byte_though_the_redirect_is_followed(tmp_path: Path, then: bytes) -> None:
    requests: list[str] = []

    async def go() -> Collected:
        async with serving(_secretive(requests, then)) as served:
            found: Collected = await collector(*discover().values()).collect(target(served.url()))
            return found

    collected = run(go())
    assert f"/masuk?token={TOKEN}" in requests, "the walk needs the token itself"
    path = tmp_path / "run.journal"
    with Journal.create(path) as journal:
        journal.commit(collected.record, collected.filed, collected.observations)
    stored = path.read_bytes() + b"".join(collected.observations.values()) + str(collected.filed).encode()
    decoded = [msgspec.json.decode(it, type=Exchange) for it in collected.observations.values() if b'"exchange"' in it]
    heads = b"".join(it.answer.head for it in decoded if hasattr(it.answer, "head"))
    assert b"Set-Cookie" in heads, "what is kept is the redacted form, not nothing"
    for secret in (COOKIE, TOKEN, BROKEN_COOKIE):
        assert secret.encode() not in stored + heads
