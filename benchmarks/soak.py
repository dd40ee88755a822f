"""Thousands of faulty servers in one scan: does every target get its verdicts, and does memory stay flat?

Each target is a name with an address of its own in 127.0.0.0/8 and one of the misbehaving servers of the tests there, or a
name that a misbehaving name server answers for; they take turns until the number is reached. The scan runs in a fresh
process with the profile `local` and short time-outs. Every run must give exactly one record a target, exactly one outcome
a (target, check, subject) and no `error`; else, and after twenty minutes, this ends with 1.
"""

import argparse
import contextlib
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

from estate_throughput import _children, _peak_mib
from figures import Figure, show

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the faulty servers are the tests'

SMALL, LARGE = 1000, 5000
LIMIT_S = 1200
SAMPLE_S = 0.1
NAME_SHARE = 8
"""Every eighth target is a name server's fault."""


@dataclass(frozen=True)
class Place:
    """A target: its id, its host name, its port, scheme and address (empty: ask the name server)."""

    id: str
    host: str
    port: int
    scheme: str
    address: str


@dataclass(frozen=True)
class Said:
    """What the measured process says of its scan."""

    wall_s: float
    cpu_s: float
    judge_s: float
    targets: int
    states: dict[str, int]
    reasons: dict[str, int]
    problems: list[str]


def scan(folder: Path) -> Said:
    """The measured process: one scan of the places listed in a folder."""
    import msgspec
    from scanned import SHORT, Unwatched, hasty

    from scanner.cli.estates import Assignment, manifest_of
    from scanner.engine import Scan
    from scanner.estate import Estate, Nameserver, Target
    from scanner.findings import State
    from scanner.journal import Journal
    from scanner.probes.trust import certificates_in
    from scanner.registry import discover
    from scanner.run import Run
    from scanner.scope import Scope
    from scanner.surroundings import look_around

    listed = json.loads((folder / "places.json").read_text())
    places = [Place(**place) for place in listed["places"]]
    estate = Estate(
        targets=tuple(Target(id=it.id, url=f"{it.scheme}://{it.host}:{it.port}/") for it in places),
        scope=Scope(names=("*.fault.test",), networks=("127.0.0.0/8",)),
        nameservers=(Nameserver(*listed["nameserver"]),),
        anchors=certificates_in(listed["ca"].encode()),
        source="soak",
    )
    hosts = folder / "hosts"
    hosts.write_text("".join(f"{it.address} {it.host}\n" for it in places if it.address))
    patient = msgspec.structs.replace(SHORT, dns_s=1.0, tls_s=3.0, answer_s=2.5, body_s=2.5, exchange_s=20.0)
    checks = tuple(discover().values())
    assignment = Assignment(estate, hasty(patient), checks, look_around(estate, hosts))
    began = time.monotonic()
    with Journal.create(folder / "soak.journal") as journal:
        journal.put_manifest(msgspec.json.encode(manifest_of(assignment)))
        run = Run(journal)
        ending = Scan(run, checks, assignment.surroundings, Unwatched()).perform()
        wall_s = time.monotonic() - began
        own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        records = Counter(record.id for record in journal.targets())
        states: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        outcomes: Counter[tuple[object, ...]] = Counter()
        problems = [f"{it.id}: {records[it.id]} records" for it in places if records[it.id] != 1]
        for place in places:
            seen = set()
            for finding in run.findings(place.id):
                states[finding.state.value] += 1
                if finding.state is State.UNKNOWN:
                    reasons[str(finding.reason)] += 1
                if finding.state is State.ERROR:
                    problems.append(f"{place.id}: error in {finding.check}: {finding.message}")
                outcomes[place.id, finding.check, finding.subject] += 1
                seen.add(finding.check)
            if missing := discover().keys() - seen:
                problems.append(f"{place.id}: nothing said by {', '.join(sorted(missing))}")
        problems += [f"{key}: {count} outcomes" for key, count in outcomes.items() if count != 1]
        if ending.interrupted:
            problems.append("the scan was interrupted")
    return Said(
        wall_s=wall_s,
        cpu_s=own.ru_utime + own.ru_stime,
        judge_s=child.ru_utime + child.ru_stime,
        targets=len(records),
        states=dict(states),
        reasons=dict(reasons.most_common()),
        problems=problems[:50],
    )


@contextlib.asynccontextmanager
async def estate(count: int) -> AsyncIterator[dict[str, object]]:
    """So many faulty servers and names, all at their places."""
    import faults
    from every_fault import BEHAVIOURS, NAME_FAULTS

    behaviours, name_faults = list(BEHAVIOURS.values()), list(NAME_FAULTS)
    async with contextlib.AsyncExitStack() as stack:
        nameserver = await stack.enter_async_context(faults.FaultyNameserver())
        good = await stack.enter_async_context(faults.serving(BEHAVIOURS["malformed_header_obs_fold+tls"], "127.0.0.1"))
        places = []
        for number in range(count):
            if number % NAME_SHARE == 0:
                fault = name_faults[number // NAME_SHARE % len(name_faults)]
                place = Place(f"n{number}-{fault}", f"{fault}.n{number}.fault.test", good.port, "https", "")
            else:
                behaviour = behaviours[(number - number // NAME_SHARE) % len(behaviours)]
                address = f"127.{100 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"
                served = await stack.enter_async_context(faults.serving(behaviour, address))
                id = f"b{number}-{behaviour.name.replace('_', '-').replace('+', '-')}"
                place = Place(id, f"b{number}.fault.test", served.port, served.scheme, address)
            places.append(asdict(place))
        yield {"places": places, "nameserver": [nameserver.address, nameserver.port], "ca": faults.ca_pem()}


def measure(count: int, deadline: float) -> tuple[Said, float, float]:
    """Serve in this process, scan in another, watch its memory; the peaks are of the scan and of its judge, in MiB."""
    import faults

    with tempfile.TemporaryDirectory(prefix="pindai-soak-") as name:
        folder = Path(name)
        with faults.in_thread(estate(count)) as places:
            (folder / "places.json").write_text(json.dumps(places))
            command = [sys.executable, __file__, "--scan", str(folder)]
            peaks: dict[int, float] = {}
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                while True:
                    for pid in (process.pid, *_children(process.pid)):
                        peaks[pid] = _peak_mib(pid) or peaks.get(pid, 0.0)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        output, _ = process.communicate(timeout=SAMPLE_S)
                        break
                    if time.monotonic() > deadline:
                        process.kill()
                        raise TimeoutError(f"{count} targets were not done in time")
            if process.returncode != 0:
                raise RuntimeError(f"the scan ended with {process.returncode}")
    own = peaks.pop(process.pid)
    return Said(**json.loads(output)), own, max(peaks.values(), default=0.0)


def main() -> int:
    """Measure, print, and say whether every target was treated as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=LARGE, help="how many in the large estate")
    parser.add_argument("--small", type=int, default=SMALL, help="how many in the small one, for the growth of memory")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--scan", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.scan is not None:
        json.dump(asdict(scan(arguments.scan)), sys.stdout)
        return 0
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a server that floods is told often that its client has left
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    deadline = time.monotonic() + LIMIT_S
    rounds = {count: measure(count, deadline) for count in (arguments.small, arguments.targets)}
    (few, few_mib, few_judge), (many, many_mib, many_judge) = rounds.values()
    figures = [
        Figure(f"wall time, {many.targets} targets", (many.wall_s,), "s"),
        Figure("scan process, one target", (many.cpu_s / many.targets * 1000,), "ms CPU"),
        Figure("judge process, one target", (many.judge_s / many.targets * 1000,), "ms CPU"),
        Figure(f"peak memory, scan, {few.targets} targets", (few_mib,), "MiB"),
        Figure(f"peak memory, scan, {many.targets} targets", (many_mib,), "MiB"),
        Figure(f"peak memory, judge, {few.targets} targets", (few_judge,), "MiB"),
        Figure(f"peak memory, judge, {many.targets} targets", (many_judge,), "MiB"),
        Figure("memory growth, both together", (many_mib + many_judge - few_mib - few_judge,), "MiB"),
        *(Figure(f"outcomes: {state}", (float(number),), "") for state, number in sorted(many.states.items())),
    ]
    show("soak", figures, as_json=arguments.json)
    problems = [*few.problems, *many.problems]
    print(f"reasons of unknown: {many.reasons}", file=sys.stderr)
    for problem in problems:
        print(f"FAILED {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
