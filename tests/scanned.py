"""Scans through the real engine, for tests: targets go in, and a journal with what each check said comes out.

Engine, gate, journal and judge are the ones a user gets; only the patience is short. What a check said is told in one
line, `state outcome` or `unknown reason`, so that tests can be tables of such lines.

    target = web_target("silent", port=served.port)
    with scanned(tmp_path, [target], hosts={target: served.address}) as scan:
        assert scan.said("silent")["uptime.reachable"] == ("fail no_answer",)
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import faults
import msgspec

from scanner.cli.estates import Assignment, manifest_of
from scanner.engine import Scan
from scanner.estate import Estate, Nameserver, Target
from scanner.findings import Finding, State
from scanner.journal import SUFFIX, Journal
from scanner.judge import Evidence
from scanner.observations.observation import Observation
from scanner.probes.trust import certificates_in
from scanner.profiles import Profile, Timeouts, load_profile
from scanner.registry import Check, discover
from scanner.run import Ending, Run
from scanner.scope import Scope
from scanner.surroundings import look_around

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation

ZONE = "fault.test"
SCOPE = Scope(names=(f"*.{ZONE}", "127.0.0.1"), networks=("127.0.0.0/8",))
SHORT = Timeouts(dns_s=0.35, connect_s=5.0, tls_s=1.2, answer_s=0.7, body_s=0.7, exchange_s=10.0, target_s=60.0)
WATCHDOG_S = 90.0
"""A scan that still runs then is interrupted, which its ending says and `scanned` refuses."""


def hasty(timeouts: Timeouts = SHORT) -> Profile:
    """The `local` profile with little patience."""
    profile = load_profile("local")
    pace = msgspec.structs.replace(profile.pace, retry_pause_s=0.05, targets_at_once=128, connections_total=256)
    return msgspec.structs.replace(profile, pace=pace, timeouts=timeouts)


def web_target(name: str, port: int, *, scheme: str = "https", path: str = "/", **more: Any) -> Target:
    """A target called `name`, at a name of its own below ZONE that the harness's certificate covers."""
    return Target(id=name, url=f"{scheme}://{name}.{ZONE}:{port}{path}", **more)


class Scanned(msgspec.Struct, frozen=True):
    """A finished scan; its journal is open as long as the scan's context. `connected` is where packets went."""

    run: Run
    ending: Ending
    connected: frozenset[tuple[str, int]]

    @property
    def journal(self) -> Journal:
        return self.run.journal

    def findings(self, target: str | None = None, check: str | None = None) -> tuple[Finding, ...]:
        """What was concluded, perhaps about one target and by one check only."""
        return tuple(it for it in self.run.findings(target) if check in (None, it.check))

    def said(self, target: str) -> dict[str, tuple[str, ...]]:
        """For each check what it said about a target, in lines, sorted."""
        lines: dict[str, list[str]] = {}
        for finding in self.findings(target):
            lines.setdefault(finding.check, []).append(line(finding))
        return {check: tuple(sorted(said)) for check, said in sorted(lines.items())}

    def observations(self, target: str, kind: type[O]) -> tuple[O, ...]:
        """What was stored about a target, of one kind, in the order in which it was begun."""
        evidence = Evidence(self.journal)
        stored = [evidence.by_digest(digest) for digest in sorted(set(self.journal.filed(target).values()))]
        return tuple(sorted((it for it in stored if isinstance(it, kind)), key=lambda it: it.started))


def line(finding: Finding) -> str:
    """A finding in a line: `pass answers`, `fail no_answer reset`, `unknown timeout`, `error internal`."""
    if finding.state in (State.UNKNOWN, State.ERROR):
        return f"{finding.state} {finding.reason}"
    why = finding.message.arguments.get("why")
    return f"{finding.state} {finding.outcome}" + (f" {why}" if why else "")


class Unwatched:
    """A watcher that nobody looks at."""

    def started(self, target_id: str) -> None:
        """Nothing."""

    def done(self, target_id: str) -> None:
        """Nothing."""


@contextlib.contextmanager
def scanned(
    directory: Path,
    targets: Sequence[Target],
    *,
    hosts: Mapping[str, str] = {},
    nameserver: faults.FaultyNameserver | None = None,
    profile: Profile | None = None,
    scope: Scope = SCOPE,
    checks: Iterable[Check] | None = None,
) -> Iterator[Scanned]:
    """Scan these targets into a journal in `directory`. `hosts` is target id -> address, for names without DNS."""
    estate = Estate(
        targets=tuple(targets),
        scope=scope,
        nameservers=() if nameserver is None else (Nameserver(nameserver.address, nameserver.port),),
        anchors=certificates_in(faults.ca_pem().encode()),
        source="test",
    )
    hosts_file = directory / "hosts"
    hosts_file.write_text("".join(f"{address} {name}.{ZONE}\n" for name, address in hosts.items()))
    chosen = tuple(discover().values() if checks is None else checks)
    assignment = Assignment(estate, profile or hasty(), chosen, look_around(estate, hosts_file))
    with performed(directory, assignment) as scan:
        yield scan


@contextlib.contextmanager
def performed(directory: Path, assignment: Assignment, *, whole: bool = True) -> Iterator[Scanned]:
    """Perform a scan into a journal in `directory`; unless `whole` is false, one that left something out is a failure."""
    manifest = manifest_of(assignment)
    with Journal.create(directory / f"{manifest.run}{SUFFIX}") as journal:
        journal.put_manifest(msgspec.json.encode(manifest))
        run = Run(journal)
        with watchdog(), connections() as connected:
            ending = Scan(run, assignment.checks, assignment.surroundings, Unwatched()).perform()
        assert ending.interrupted != "SIGINT", f"the scan did not end within {WATCHDOG_S:g} s"
        assert run.complete or not whole
        assert not (whole and ending.interrupted)
        assert not journal.unjudged()
        yield Scanned(run, ending, frozenset(connected))


@contextlib.contextmanager
def watchdog(seconds: float = WATCHDOG_S) -> Iterator[None]:
    """Interrupt this process, as with Ctrl-C, when the block takes longer."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


_recorders: dict[int, set[tuple[str, int]]] = {}


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if not _recorders or event not in ("socket.connect", "socket.sendto") or not isinstance(arguments[1], tuple):
        return
    if (recorder := _recorders.get(threading.get_ident())) is not None:
        recorder.add(arguments[1][:2])


sys.addaudithook(_record)  # cannot be taken off again, so it does nothing while nobody records


@contextlib.contextmanager
def connections() -> Iterator[set[tuple[str, int]]]:
    """Where this thread connects to, or sends datagrams, in the block: (address, port). Python itself tells."""
    recorder: set[tuple[str, int]] = set()
    _recorders[threading.get_ident()] = recorder
    try:
        yield recorder
    finally:
        del _recorders[threading.get_ident()]
