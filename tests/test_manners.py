"""Manners, in whole scans of real servers: who turns us away is left alone, who asks for a pause gets one, and what our
own network did is held against nobody."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from faults import Behaviour, Reader, in_thread, say, serving, whole
from scanned import SCOPE, ZONE, Scanned, Unwatched, hasty, performed, scanned, web_target

from scanner.api import Fact, FixedBy, Passed, Place, Verdict, check
from scanner.cli.estates import Assignment, manifest_of
from scanner.cli.scan import exit_code
from scanner.collector import PASSED_BY
from scanner.derive.service import Page, home, page_of
from scanner.doubt import Whose
from scanner.engine import Scan
from scanner.estate import Estate, Expectation, Target
from scanner.evidence.replay import replay
from scanner.findings import State
from scanner.journal import SUFFIX, Journal, Standing
from scanner.observations.http import Exchange
from scanner.observations.observation import Withheld
from scanner.observations.steps import Reason
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Order
from scanner.profiles import Blocking, OurSide, Profile
from scanner.registry import Check, discover
from scanner.reports.terminal import terminal
from scanner.run import Run
from scanner.surroundings import look_around

FINE = Passed("fine", en="Status {status}", id="Status {status}")
PAGES = 6
FORBIDDEN = whole(b"X-Wall: yes", status=b"403 Forbidden")


class LatePage(HttpExchange, frozen=True, tag="test_late_page"):
    """A page that is asked for last, as exposure paths are."""

    order = Order.EXPOSURE


def pages() -> list[Check]:
    """Six checks, each about a page of its own."""

    def about(number: int) -> Check:
        def build(place: Place) -> Any:
            first = home.build(place)
            if not isinstance(first, HttpExchange):
                return first
            fields = {name: getattr(first, name) for name in first.__struct_fields__}
            return LatePage(**{**fields, "url": f"{first.url}page{number}"})

        def judge(seen: Exchange) -> Iterator[Verdict]:
            """Says which status a page had."""
            page = page_of(seen)
            assert isinstance(page, Page)
            yield FINE(status=str(page.status))

        return check(
            f"test.page{number}",
            Fact(f"page {number}", Exchange, build),
            version=1,
            fixed_by=FixedBy.PLATFORM,
            outcomes=(FINE,),
            references=(),
        )(judge)

    return [about(number) for number in range(PAGES)]


class Wall:
    """A server behind a wall: what each request gets depends on its number (from 1), its path and its host."""

    def __init__(self, says: Callable[[int, str], bytes | None]) -> None:
        self._says = says
        self.asked: list[tuple[float, str]] = []

    async def __call__(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        """One answer, or none and the end of the connection."""
        request = await reader.request()
        self.asked.append((time.monotonic(), request.target))
        said = self._says(len(self.asked), request.target)
        if said is None:
            writer.transport.abort()
        else:
            await say(writer, said)

    @contextlib.contextmanager
    def up(self, address: str = "127.0.0.1") -> Iterator[int]:
        """Serve it; yields the port."""
        with in_thread(serving(Behaviour("wall", self, tls=False), address)) as served:
            yield served.port


def polite(**blocking: Any) -> Profile:
    """One request after the other, so that their numbers mean something."""
    profile = hasty()
    pace = msgspec.structs.replace(profile.pace, connections_per_address=1)
    rule = Blocking(**{"burst": 3, "pause_s": 0.05, "rechecks": 2, "targets_per_address": 3, **blocking})
    return msgspec.structs.replace(profile, pace=pace, blocking=rule)


@contextlib.contextmanager
def behind(wall: Wall, folder: Path, profile: Profile | None = None, **fields: Any) -> Iterator[Scanned]:
    """A scan of one target behind a wall, with uptime and six late pages."""
    checks = [discover()["uptime.reachable"], *pages()]
    with wall.up() as port:
        one = web_target("shop", port, scheme="http", **fields)
        with scanned(folder, [one], hosts={"shop": "127.0.0.1"}, profile=profile or polite(), checks=checks) as scan:
            yield scan


def states(scan: Scanned) -> list[str]:
    """What was said of the pages, in a word each."""
    return [
        finding.reason.value if finding.reason else str(finding.message.arguments["status"])
        for finding in sorted(scan.findings("shop"), key=lambda it: it.check)
        if finding.check.startswith("test.")
    ]


def test_harmless_things_come_first_and_exposure_last(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole())
    with behind(wall, tmp_path) as scan:
        assert states(scan) == ["200"] * PAGES
        assert wall.asked[0][1] == "/"
        assert Counter(path for _, path in wall.asked) == Counter(["/", *(f"/page{number}" for number in range(PAGES))])


@pytest.mark.parametrize("refusal", [FORBIDDEN, whole(status=b"429 Too Many"), None], ids=["403", "429", "cut off"])
def test_a_wall_that_closes_ends_the_visit_and_is_held_against_nobody(tmp_path: Path, refusal: bytes | None) -> None:
    wall = Wall(lambda number, path: whole() if number <= 3 else refusal)
    with behind(wall, tmp_path) as scan:
        # the service, two pages, three refusals, the service again; and then nobody is bothered any more
        assert len(wall.asked) == 7
        assert wall.asked[-1][1] == "/"
        assert states(scan) == ["200", "200", "blocked", "blocked", "blocked", "blocked"]
        (uptime,) = scan.findings("shop", "uptime.reachable")
        assert uptime.state is State.PASS, "it answered before the wall closed"
        withheld = scan.observations("shop", Withheld)
        assert {it.failure.reason for it in withheld} == {Reason.BLOCKED}
        assert sum(bool(it.parts) for it in withheld) == 3, "what was seen behind the wall stays as evidence"
        (record,) = scan.journal.targets()
        assert record.standing is Standing.OBSERVED
        assert record.used.connections == 7 == sum(it.times for it in record.contacted)


def test_forbidden_pages_of_an_open_service_do_not_stop_it(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole() if path == "/" else FORBIDDEN)
    with behind(wall, tmp_path) as scan:
        assert states(scan) == ["403"] * PAGES
        assert [path for _, path in wall.asked].count("/") == 2, "asked once, and once again in doubt"


def test_a_service_that_is_down_is_down_and_not_closed_to_us(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole(status=b"503 Service Unavailable"))
    with behind(wall, tmp_path) as scan:
        (uptime,) = scan.findings("shop", "uptime.reachable")
        assert (uptime.state, uptime.outcome) == (State.FAIL, "wrong_status")


def test_a_pause_that_is_asked_for_is_kept(tmp_path: Path) -> None:
    busy = whole(b"Retry-After: 1", status=b"503 Service Unavailable")
    wall = Wall(lambda number, path: busy if number == 2 else whole())
    with behind(wall, tmp_path) as scan:
        times = [at for at, _ in wall.asked]
        assert times[2] - times[1] >= 1.0
        assert all(it.took_ms < 1000 for it in scan.observations("shop", Exchange)), "our waiting is not their slowness"
        assert states(scan).count("200") == PAGES - 1


def test_who_asks_for_a_pause_too_long_to_wait_is_left_alone(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole() if number < 3 else whole(b"Retry-After: 3600", status=b"429 Slow"))
    with behind(wall, tmp_path) as scan:
        assert len(wall.asked) == 3
        assert "blocked" in states(scan)


def test_a_refusal_the_owner_expects_is_an_answer(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: FORBIDDEN)
    with behind(wall, tmp_path, expect=Expectation(status=(403,))) as scan:
        assert states(scan) == ["403"] * PAGES
        assert len(wall.asked) == 1 + PAGES


def test_an_address_that_turned_several_away_is_left_alone(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: FORBIDDEN)
    with wall.up() as port:
        targets = [web_target(f"s{number}", port, scheme="http") for number in range(4)]
        profile = polite(burst=2, targets_per_address=2, rechecks=1)
        pace = msgspec.structs.replace(profile.pace, targets_at_once=1)
        with scanned(
            tmp_path,
            targets,
            hosts={it.id: "127.0.0.1" for it in targets},
            profile=msgspec.structs.replace(profile, pace=pace),
            checks=[discover()["uptime.reachable"], *pages()],
        ) as scan:
            before = len(wall.asked)
            assert before == 2 * 3, "two refusals and the service again, at each of two targets"
            last = scan.findings("s3", "uptime.reachable")[0]
            assert (last.state, last.reason) == (State.UNKNOWN, Reason.BLOCKED)
            assert "2 targets behind 127.0.0.1" in last.message.en
            assert [it.standing for it in scan.journal.targets()][2:] == [Standing.NOT_OBSERVED] * 2


def in_turn(**blocking: Any) -> Profile:
    """One target after the other."""
    profile = polite(**blocking)
    return msgspec.structs.replace(profile, pace=msgspec.structs.replace(profile.pace, targets_at_once=1))


def test_an_address_that_is_left_alone_is_looked_at_now_and_then(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: FORBIDDEN if path.startswith(("/00/", "/01/")) else whole())
    count = 2 + PASSED_BY + 3
    with wall.up() as port:
        targets = [
            web_target(f"s{n:02}", port, scheme="http", path=f"/{n:02}/", paths=(f"/{n:02}/more",))
            for n in range(count)
        ]
        hosts = {it.id: "127.0.0.1" for it in targets}
        profile = in_turn(burst=2, targets_per_address=2, rechecks=1)
        checks = [discover()["uptime.reachable"], discover()["web.hsts.policy"]]
        with scanned(tmp_path, targets, hosts=hosts, profile=profile, checks=checks) as scan:
            said = [scan.said(it.id)["uptime.reachable"][0] for it in targets]
            # two that are closed to us, those that were passed by, and from the one that was let in all the others
            assert said == ["unknown blocked"] * (2 + PASSED_BY) + ["pass answers"] * 3


@contextlib.asynccontextmanager
async def _closing_after(count: int) -> Any:
    """A server that takes so many connections, and then none any more."""
    taken = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        if taken == count:
            server.close()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


def test_when_a_shared_address_takes_no_more_connections_few_are_said_to_be_down(tmp_path: Path) -> None:
    with in_thread(_closing_after(4)) as port:
        targets = [web_target(f"s{n:02}", port, scheme="http") for n in range(4 + 3 + PASSED_BY)]
        hosts = {it.id: "127.0.0.1" for it in targets}
        with scanned(
            tmp_path, targets, hosts=hosts, profile=in_turn(), checks=[discover()["uptime.reachable"]]
        ) as scan:
            said = Counter(scan.said(it.id)["uptime.reachable"][0] for it in targets)
            assert said == {"pass answers": 4, "fail no_answer refused": 3, "unknown blocked": PASSED_BY}


# --- our own network ----------------------------------------------------------------------------------------


_held: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _let_go() -> Iterator[None]:
    yield
    while _held:
        _held.pop().close()


REFERENCE = "127.0.0.9"


def closed_port(address: str = "127.0.0.1") -> int:
    """A port at which nothing listens, and nobody else can before the test is over."""
    bound = socket.socket()
    bound.bind((address, 0))
    _held.append(bound)
    return int(bound.getsockname()[1])


def free_port() -> int:
    """A port at which nothing listens yet."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def anxious() -> Profile:
    profile = hasty()
    pace = msgspec.structs.replace(profile.pace, targets_at_once=4)
    return msgspec.structs.replace(
        profile, pace=pace, our_side=OurSide(share=0.5, among=8, pause_s=0.2, patience_s=0.6), blocking=Blocking()
    )


@contextlib.contextmanager
def with_references(
    folder: Path,
    targets: list[Target],
    references: tuple[str, ...],
    checks: Sequence[Check] = (),
    profile: Profile | None = None,
) -> Iterator[Scanned]:
    """A scan of these targets at 127.0.0.1 that may ask these others about our own network."""
    estate = Estate(targets=tuple(targets), scope=SCOPE, references=references, source="test")
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {target.id}.{ZONE}\n" for target in targets))
    chosen = tuple(checks) or (discover()["uptime.reachable"],)
    assignment = Assignment(estate, profile or anxious(), chosen, look_around(estate, hosts))
    with performed(folder, assignment, whole=False) as scan:
        yield scan


def told(scan: Scanned, language: str) -> str:
    """What the summary says of the doubt, up to its first semicolon."""
    page = b"".join(
        terminal(scan.run, checks=discover(), language=language, width=200, ascii_only=True, colour=False, exit_text="")
    ).decode()
    lines = [line for line in page.splitlines() if line.startswith(("At ", "Pukul "))]
    return lines[0].split("; ")[1]


def down(count: int, port: int) -> list[Target]:
    return [web_target(f"down{number:02}", port, scheme="http") for number in range(count)]


def test_with_nobody_to_ask_nothing_is_concluded_about_anybody(tmp_path: Path) -> None:
    with with_references(tmp_path, down(12, closed_port()), ()) as scan:
        assert {(it.state, it.reason) for it in scan.findings()} == {(State.UNKNOWN, Reason.OUR_SIDE)}
        assert {doubt.whose for doubt in scan.ending.doubts} == {Whose.UNTOLD}
        assert all(it.evidence for it in scan.findings()), "what was seen is still cited"
        assert told(scan, "en") == "likely a fault on our side, and no reference endpoint to tell ([reference])"
        assert exit_code(scan.run, "high", 0.0) == 2


def test_when_a_reference_answers_it_is_their_outage(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole())
    with (
        wall.up("127.0.0.9") as port,
        with_references(tmp_path, down(12, closed_port()), (f"http://127.0.0.9:{port}",)) as scan,
    ):
        assert {(it.state, it.outcome) for it in scan.findings()} == {(State.FAIL, "no_answer")}
        assert {doubt.whose for doubt in scan.ending.doubts} == {Whose.THEIRS}
        assert scan.ending.traffic["egress"] >= 1
        assert ("127.0.0.9", port) in scan.connected
        assert told(scan, "en") == "the reference endpoints answered all the same, so it is not our network"
        assert exit_code(scan.run, "high", 0.0) == 1


def test_when_no_reference_answers_the_run_stops_and_accuses_nobody(tmp_path: Path) -> None:
    with with_references(tmp_path, down(40, closed_port()), (f"http://127.0.0.9:{closed_port(REFERENCE)}",)) as scan:
        assert scan.ending.interrupted == "our_side"
        assert {doubt.whose for doubt in scan.ending.doubts} == {Whose.OURS}
        assert {(it.state, it.reason) for it in scan.findings()} <= {(State.UNKNOWN, Reason.OUR_SIDE)}
        assert not scan.run.complete, "the rest is left for --resume"
        assert told(scan, "id") == "titik acuan pun tidak menjawab, kemungkinan gangguan di jaringan pemindai"
        assert exit_code(scan.run, "high", 0.0) == 2


def resumed(scan: Scanned, estate_checks: tuple[Check, ...]) -> Run:
    """The same run taken up again, as --resume does."""
    estate = scan.run.manifest.estate
    surroundings = look_around(estate, scan.journal.path.parent / "hosts")
    Scan(scan.run, estate_checks, surroundings, Unwatched()).perform()
    return Run(scan.journal)


def test_a_doubt_outlives_the_part_of_the_run_in_which_it_arose(tmp_path: Path) -> None:
    with with_references(tmp_path, down(40, closed_port()), (f"http://127.0.0.9:{closed_port(REFERENCE)}",)) as scan:
        whose = [doubt.whose for doubt in scan.ending.doubts]
        assert whose == [Whose.OURS]
        ending = resumed(scan, (discover()["uptime.reachable"],)).ending
        assert ending is not None
        assert [doubt.whose for doubt in ending.doubts] == [Whose.OURS, Whose.OURS]


@pytest.mark.parametrize("late_page", [False, True], ids=["nothing", "another page"])
def test_an_outage_that_is_over_before_anybody_asks_is_held_against_nobody(tmp_path: Path, late_page: bool) -> None:
    asked: Counter[str] = Counter()

    def says(number: int, path: str) -> bytes | None:
        asked[path] += 1
        return whole() if "page" in path or asked[path] > 2 else None  # both tries fall into the outage

    with Wall(says).up() as port:
        more = {"paths": ("/page",)} if late_page else {}
        targets = [web_target(f"s{number:02}", port, scheme="http", path=f"/{number}/", **more) for number in range(12)]
        pace = msgspec.structs.replace(anxious().pace, targets_at_once=12)  # all of them fall into it together
        at_once = msgspec.structs.replace(anxious(), pace=pace)
        checks = [discover()["uptime.reachable"], *([discover()["web.hsts.policy"]] if late_page else [])]
        with with_references(tmp_path, targets, (f"http://127.0.0.1:{port}",), checks, at_once) as scan:
            uptime = scan.findings(check="uptime.reachable")
            assert {(it.state, it.outcome) for it in uptime} == {(State.PASS, "answers")}
            assert {doubt.whose for doubt in scan.ending.doubts} == {Whose.THEIRS}
            for record in scan.journal.targets():
                assert record.used.connections == sum(it.times for it in record.contacted if it.traffic == "probe")
                assert record.used.connections <= record.ceiling.connections
                assert record.used.connections == 3 + 2 * late_page, "both looks are counted"


def test_the_last_few_of_a_run_are_asked_about_too(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole())
    with wall.up() as port:
        well = [web_target(f"a{number}", port, scheme="http") for number in range(9)]
        estate = [*well, *down(9, closed_port())]
        profile = msgspec.structs.replace(anxious(), our_side=OurSide(share=0.5, among=18, pause_s=0.1, patience_s=0.1))
        with with_references(tmp_path, estate, (f"http://127.0.0.1:{port}",), profile=profile) as scan:
            assert [doubt.of for doubt in scan.ending.doubts] == [18, 9], "all together, and the nine looked at again"


def test_what_is_held_back_when_somebody_interrupts_is_left_for_another_time(tmp_path: Path) -> None:
    def says(number: int, path: str) -> bytes | None:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)
        return None

    with Wall(says).up() as port:
        targets = [*down(3, closed_port()), web_target("slow", port, scheme="http")]
        estate = Estate(targets=tuple(targets), scope=SCOPE, source="test")
        hosts = tmp_path / "hosts"
        hosts.write_text("".join(f"127.0.0.1 {target.id}.{ZONE}\n" for target in targets))
        checks = (discover()["uptime.reachable"],)
        assignment = Assignment(estate, anxious(), checks, look_around(estate, hosts))
        manifest = manifest_of(assignment)
        with Journal.create(tmp_path / f"{manifest.run}{SUFFIX}") as journal:
            journal.put_manifest(msgspec.json.encode(manifest))
            ending = Scan(Run(journal), checks, assignment.surroundings, Unwatched()).perform()
            assert ending.interrupted == "SIGINT"
            assert journal.committed() == frozenset(), "nobody had told yet whether our own network was at fault"


def test_a_run_with_every_kind_of_doubt_is_judged_the_same_again(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole() if number <= 3 else FORBIDDEN)
    checks = [discover()["uptime.reachable"], *pages()]
    (tmp_path / "blocked").mkdir()
    with behind(wall, tmp_path / "blocked") as scan:
        replayed = replay(scan.journal, {it.id: it for it in checks})
        assert (replayed.confirmed, replayed.identical) == (True, 1 + PAGES)
    (tmp_path / "ours").mkdir()
    with with_references(
        tmp_path / "ours", down(40, closed_port()), (f"http://127.0.0.9:{closed_port(REFERENCE)}",)
    ) as scan:
        assert replay(scan.journal, discover()).confirmed
        run = resumed(scan, (discover()["uptime.reachable"],))
        again = replay(scan.journal, discover())
        assert again.confirmed
        assert again.identical == len(list(run.findings()))


def test_services_that_answered_before_are_references_too(tmp_path: Path) -> None:
    wall = Wall(lambda number, path: whole())
    with wall.up() as port:
        well = [web_target(f"a{number}", port, scheme="http") for number in range(3)]
        with with_references(tmp_path, [*well, *down(12, closed_port())], ()) as scan:
            said = Counter((it.state, it.outcome) for it in scan.findings())
            assert said == {(State.PASS, "answers"): 3, (State.FAIL, "no_answer"): 12}
            assert {doubt.whose for doubt in scan.ending.doubts} == {Whose.THEIRS}


def test_what_failed_while_our_line_was_down_is_observed_again(tmp_path: Path) -> None:
    reference, service = free_port(), free_port()
    opened = threading.Event()

    def open_up() -> None:
        with contextlib.ExitStack() as stack:
            for address, port in (("127.0.0.9", reference), ("127.0.0.1", service)):
                stack.enter_context(in_thread(_listening(address, port)))
            opened.set()
            closing.wait(30)

    closing = threading.Event()
    timer = threading.Timer(0.5, open_up)
    timer.start()
    try:
        with with_references(tmp_path, down(10, service), (f"http://127.0.0.9:{reference}",)) as scan:
            assert opened.is_set()
            assert {(it.state, it.outcome) for it in scan.findings()} == {(State.PASS, "answers")}
            assert [doubt.whose for doubt in scan.ending.doubts] == [Whose.OVER]
            assert scan.run.complete
    finally:
        closing.set()
        timer.join(30)


@contextlib.asynccontextmanager
async def _listening(address: str, port: int) -> Any:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(whole())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, address, port)
    async with server:
        yield


def test_a_single_service_that_is_down_is_down(tmp_path: Path) -> None:
    with with_references(tmp_path, down(1, closed_port()), ()) as scan:
        (finding,) = scan.findings()
        assert (finding.state, finding.outcome) == (State.FAIL, "no_answer")
        assert not scan.ending.doubts


def test_services_that_answered_and_went_away_do_not_stop_the_run(tmp_path: Path) -> None:
    """Who owns the first services of the list must not be able to end the scan of all others by closing them."""
    first = Wall(lambda number, path: whole() if number <= 3 else None)
    well = Wall(lambda number, path: whole())
    with well.up("127.0.0.5") as open_port, contextlib.ExitStack() as stack:
        port = stack.enter_context(first.up())
        leading = [web_target(f"a{number}", port, scheme="http") for number in range(3)]
        others = [web_target(f"z{number}", open_port, scheme="http") for number in range(6)]
        targets = [*leading, *down(9, closed_port()), *others]
        estate = Estate(targets=tuple(targets), scope=SCOPE, source="test")
        hosts = tmp_path / "hosts"
        hosts.write_text("".join(f"{'127.0.0.5' if it in others else '127.0.0.1'} {it.id}.{ZONE}\n" for it in targets))
        checks = (discover()["uptime.reachable"],)
        profile = anxious()
        profile = msgspec.structs.replace(profile, pace=msgspec.structs.replace(profile.pace, targets_at_once=1))

        def close(number: int, path: str) -> bytes | None:
            if number == 3:
                threading.Thread(target=stack.close).start()
            return whole()

        first._says = close
        with performed(tmp_path, Assignment(estate, profile, checks, look_around(estate, hosts)), whole=False) as scan:
            said = {it.target: (it.state, it.reason) for it in scan.findings()}
            assert scan.run.complete
            assert all(said[it.id][0] is State.PASS for it in others)
            assert {said[f"down{number:02}"] for number in range(9)} == {(State.UNKNOWN, Reason.OUR_SIDE)}
            assert Whose.OURS not in {doubt.whose for doubt in scan.ending.doubts}
