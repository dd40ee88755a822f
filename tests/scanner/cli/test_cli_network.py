"""What commands touch: nothing at all, name servers only, or exactly the ports they were sent to.

Python itself tells: every process writes down the sockets it opens and the places it sends to.
"""

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import faults
import pytest
from commandline import CommandLine, Done, served

WITNESS = """
import json, os, sys

def _note(event, arguments):
    if event == "socket.__new__" or event in ("socket.connect", "socket.sendto", "socket.bind"):
        place = arguments[1] if event != "socket.__new__" else ""
        with open(NOTES, "a") as notes:
            notes.write(json.dumps([event.partition(".")[2], list(place[:2]) if isinstance(place, tuple) else []]) + "\\n")

NOTES = os.path.join(os.path.dirname(__file__), "notes.jsonl")
sys.addaudithook(_note)
"""


class Watched(NamedTuple):
    """A command, and what it did with sockets."""

    done: Done
    opened: int
    contacted: frozenset[tuple[str, int]]


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "ca.pem").write_text(faults.ca_pem(), "ascii")
    (tmp_path / "sitecustomize.py").write_text(WITNESS)
    return CommandLine(tmp_path)


def watched(pindai: CommandLine, *words: object) -> Watched:
    notes = pindai.folder / "notes.jsonl"
    notes.write_text("")
    done = pindai(*words)
    events = [json.loads(line) for line in notes.read_text().splitlines()]
    contacted = {(place[0], place[1]) for event, place in events if event in ("connect", "sendto") and place}
    return Watched(done, sum(event == "__new__" for event, _ in events), frozenset(contacted))


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port at 127.0.0.1 that takes datagrams and connections, and at which none may arrive."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        port: int = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        yield port
        for it in (tcp, udp):
            it.setblocking(False)
        with pytest.raises(BlockingIOError):
            tcp.accept()
        with pytest.raises(BlockingIOError):
            udp.recv(1)


# --- plan -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "json"])
def test_plan_opens_no_socket(form: str, pindai: CommandLine) -> None:
    with deaf_port() as port:
        words = ["--nameserver", f"127.0.0.1:{port}", "--profile", "local", "--format", form]
        seen = watched(pindai, "plan", f"https://ok.fault.test:{port}/", *words)
    assert (seen.done.code, seen.done.err) == (0, "")
    assert "ok.fault.test" in seen.done.out
    assert (seen.opened, seen.contacted) == (0, frozenset())


@pytest.mark.parametrize(("name", "said"), [("ok", "DNS: 127.0.0.1"), ("servfail", "DNS: DNS failure (SERVFAIL)")])
def test_plan_with_resolve_asks_the_name_server_and_nobody_else(name: str, said: str, pindai: CommandLine) -> None:
    with faults.in_thread(faults.FaultyNameserver()) as nameserver, deaf_port() as port:
        words = ["--nameserver", f"127.0.0.1:{nameserver.port}", "--profile", "local", "--resolve"]
        seen = watched(pindai, "plan", f"https://{name}.fault.test:{port}/", *words)
    assert (seen.done.code, seen.done.err) == (0, "")
    assert said in seen.done.out
    assert seen.contacted == {("127.0.0.1", nameserver.port)}


def test_a_scan_does_what_its_plan_says(pindai: CommandLine) -> None:
    """So that silence above is the plan's and not the witness's."""
    with faults.in_thread(faults.FaultyNameserver()) as nameserver, served("empty_answer") as server:
        url = f"http://ok.fault.test:{server.port}/"
        words = [url, "--nameserver", f"127.0.0.1:{nameserver.port}", "--profile", "local"]
        plan = json.loads(pindai("plan", *words, "--format", "json").out)
        seen = watched(pindai, "scan", *words, "--format", "json")
        assert seen.contacted == {("127.0.0.1", nameserver.port), ("127.0.0.1", server.port)}
    (target,) = json.loads(seen.done.out)["targets"]
    for kind, used in target["used"].items():
        assert 0 < used <= plan["ceiling"][kind], kind


@pytest.mark.parametrize("words", [["checks"], ["report"], ["--help"]])
def test_what_only_reads_opens_no_socket(words: list[str], pindai: CommandLine) -> None:
    assert watched(pindai, *words)[1:] == (0, frozenset())


# --- only, connect-to, resolve ----------------------------------------------------------------------------------------


def states(done: Done) -> dict[str, Any]:
    """Check id -> state of its findings, of which these scans have one each, or the worst."""
    found: dict[str, Any] = {}
    for finding in json.loads(done.out)["findings"]:
        found.setdefault(finding["check"], finding["state"])
    return found


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        (["tls.certificate.name", "tls.certificate.k*"], {"tls.certificate.key", "tls.certificate.name"}),
        (["tls.session"], {"tls.session.resumption", "tls.session.tickets"}),
        (["tls.shared_key"], {"tls.shared_key"}),
        (["uptime.reachable", "web.hsts.*"], {"uptime.reachable", "web.hsts.policy"}),
        (["*.redirect"], {"web.https.redirect"}),
    ],
)
def test_only_the_checks_named_are_made(only: list[str], chosen: set[str], pindai: CommandLine) -> None:
    words = [word for pattern in only for word in ("--only", pattern)]
    with served("empty_answer+tls") as server:
        done = pindai("scan", server.url(), "--ca", "ca.pem", "--format", "json", *words)
    assert set(states(done)) == chosen


NAME = "www.fault.test"
OPTIONS = ["--profile", "local", "--ca", "ca.pem", "--format", "json", "--nameserver", "127.0.0.1:9"]
SENT_ELSEWHERE = [f"https://{NAME}", *OPTIONS]


def test_connect_to_looks_at_no_port_that_was_not_redirected(pindai: CommandLine) -> None:
    """What answers on port 80 of the other address may be another service altogether."""
    with served("empty_answer+tls", "127.0.0.7") as server:
        seen = watched(pindai, "scan", *SENT_ELSEWHERE, "--connect-to", f"{NAME}:443:127.0.0.7:{server.port}")
        assert seen.contacted == {("127.0.0.7", server.port)}
    found = states(seen.done)
    assert found["web.https.redirect"] == "unknown"
    assert (found["tls.certificate.name"], found["tls.certificate.chain"]) == ("pass", "pass")
    assert found["uptime.reachable"] == "pass"


@pytest.mark.parametrize(("option", "more"), [("--connect-to", ":"), ("--resolve", "")])
def test_nobody_is_asked_for_a_name_whose_address_was_given(option: str, more: str, pindai: CommandLine) -> None:
    with served("empty_answer+tls", "127.0.0.7") as server:
        wish = f"{NAME}:{server.port}:127.0.0.7{more}"
        seen = watched(pindai, "scan", f"https://{NAME}:{server.port}", *OPTIONS, option, wish)
        assert seen.contacted == {("127.0.0.7", server.port)}, seen.done
    assert states(seen.done)["uptime.reachable"] == "pass"


@pytest.mark.parametrize(("plain", "state"), [("empty_answer", "fail"), ("to_https", "pass")])
def test_port_80_is_looked_at_when_it_was_redirected_too(plain: str, state: str, pindai: CommandLine) -> None:
    async def to_https(reader: faults.Reader, writer: Any) -> None:
        await reader.request()
        await faults.redirect(writer, f"https://{NAME}/".encode())

    behaviour = faults.BEHAVIOURS.get(plain) or faults.Behaviour("to_https", to_https, tls=False)
    with (
        served("empty_answer+tls", "127.0.0.7") as server,
        faults.serving_in_thread(behaviour, "127.0.0.8") as twin,
    ):
        both = [f"{NAME}:443:127.0.0.7:{server.port}", f"{NAME}:80:127.0.0.8:{twin.port}"]
        words = [word for it in both for word in ("--connect-to", it)]
        seen = watched(pindai, "scan", *SENT_ELSEWHERE, *words)
        assert seen.contacted == {("127.0.0.7", server.port), ("127.0.0.8", twin.port)}
    assert states(seen.done)["web.https.redirect"] == state, seen.done


# --- localhost --------------------------------------------------------------------------------------------------------


def has_ipv6_loopback() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6_loopback(), reason="no ::1 here"))],
)
def test_localhost_is_where_the_server_is(address: str, pindai: CommandLine) -> None:
    """Development servers listen on one of the two addresses, and nobody remembers on which."""
    with served("empty_answer+tls", address) as server:
        done = pindai("scan", f"https://localhost:{server.port}", "--ca", "ca.pem", "--format", "json")
    found = states(done)
    assert (found["uptime.reachable"], found["tls.certificate.name"]) == ("pass", "pass")


# --- demo -------------------------------------------------------------------------------------------------------------


def test_the_demo_works_and_says_what_is_in_its_way(pindai: CommandLine) -> None:
    """Its ports are fixed, so all sides stand in one test; who uses them already, another demo say, is told so."""
    free = pindai("demo", LANG="en_US.UTF-8")
    if free.code == 3 and "cannot listen on" in free.err and os.environ.get("CI") != "true":
        pytest.skip(f"the demo's ports are taken: {free.err}")
    assert free.code == 0, free
    assert free.err == "" or "the demo uses" in free.err
    assert "Exit code 0: the demo worked; a scan would exit with 1" in free.out
    assert re.search(r"^Report   pindai-demo/report\.html \(TERBATAS\)$", free.out, re.MULTILINE)
    kept = {path.name for path in (pindai.folder / "pindai-demo").iterdir()}
    assert kept == {"ca.pem", "targets.toml", "population.toml", "report.html", "result.json", "observations.jsonl"}
    assert pindai.journals() == []

    with ExitStack() as stack:
        take(8443, stack)
        moved = pindai("demo", "--quiet", "--lang", "id")
        assert moved.code == 0, moved
        assert "salah satu port 8443 (https), 8080 (http), 5353 (DNS) sedang dipakai; demo memakai " in moved.err
        take(18443, stack)
        take(28443, stack)
        busy = pindai("demo", "--lang", "en")
    assert (busy.code, busy.out) == (3, ""), busy
    assert "cannot listen on 127.77.0." in busy.err
    assert "ss -ltnup" in busy.err


def take(port: int, stack: ExitStack) -> None:
    """Be the program that uses a port of the demo."""
    taken = stack.enter_context(socket.socket())
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):  # somebody else was quicker, which is as good
        taken.bind(("127.77.0.10", port))
        taken.listen()
