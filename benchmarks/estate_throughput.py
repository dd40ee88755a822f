"""How many targets a core-second of ours scans, and what memory a larger estate takes.

Every target is a name that our name server resolves to an address of its own in 127.88.0.0/16, an HTTPS service of nginx
there with a certificate of its own, and a plain-HTTP twin that redirects to it. All checks, profile `local` (unpaced).

The scan runs in a fresh process that does nothing else. Its processor time (user and system, start-up and imports
included) and that of the judge it starts are ours; that of nginx, the name server and this program is not.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import Figure, show

SMALL, LARGE = 100, 1000
SAMPLE_SECONDS = 0.02
SCAN_SECONDS = 300


@dataclass(frozen=True)
class Used:
    """What one scan used, in seconds of processor time."""

    scan_s: float
    judge_s: float
    verdicts: dict[str, int]


@dataclass(frozen=True)
class Round:
    """One scan. Memory is the most that was resident at once, in MiB."""

    targets: int
    used: Used
    scan_mib: float
    judge_mib: float
    wall_s: float

    @property
    def targets_per_core_second(self) -> float:
        """Targets for each second of one core, scan and judge together."""
        return self.targets / (self.used.scan_s + self.used.judge_s)

    @property
    def mib(self) -> float:
        """Both processes."""
        return self.scan_mib + self.judge_mib


class _Silent:
    """Nobody watches."""

    def started(self, target_id: str) -> None:
        """Nothing."""

    def done(self, target_id: str) -> None:
        """Nothing."""


def scan(targets: Path, profile: str) -> Used:
    """The measured process: one scan, from targets file to findings."""
    from scanner.cli.estates import assignment_of, manifest_of
    from scanner.engine import Scan
    from scanner.journal import Journal
    from scanner.run import Run

    asked = argparse.Namespace(targets=[str(targets)], ca=[], profile=profile, only=[], connect_to=[], nameserver=[])
    assignment = assignment_of(asked)
    with Journal.create(targets.with_suffix(".journal")) as journal:
        journal.put_manifest(_encoded(manifest_of(assignment)))
        run = Run(journal)
        Scan(run, assignment.checks, assignment.surroundings, _Silent()).perform()
        own, child = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        verdicts = Counter(f"{finding.check} {finding.state.value}" for finding in run.findings())
    return Used(own.ru_utime + own.ru_stime, child.ru_utime + child.ru_stime, dict(verdicts))


def _encoded(value: object) -> bytes:
    import msgspec

    return msgspec.json.encode(value)


def measure(targets: Path, count: int, profile: str = "local", sample_s: float = SAMPLE_SECONDS) -> Round:
    """Start the measured process and watch its memory, and that of its judge, from outside."""
    command = [sys.executable, __file__, "--scan", str(targets), "--profile", profile]
    peaks: dict[int, float] = {}
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = ""
        for _ in range(int(SCAN_SECONDS / sample_s)):
            for pid in (process.pid, *_children(process.pid)):
                peaks[pid] = _peak_mib(pid) or peaks.get(pid, 0.0)
            try:
                output, _ = process.communicate(timeout=sample_s)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
    wall_s = time.perf_counter() - started
    if process.returncode != 0:
        raise RuntimeError(f"the scan ended with {process.returncode}")
    used = Used(**json.loads(output))
    if sorted(used.verdicts.values()) != [count] * len(used.verdicts) or not all(
        key.endswith((" pass", " not_applicable")) for key in used.verdicts
    ):
        raise RuntimeError(f"not every target was found in order, so this is no measurement: {used.verdicts}")
    own = peaks.pop(process.pid)
    return Round(count, used, own, max(peaks.values(), default=0.0), wall_s)


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
        except OSError:
            continue
        if int(fields.split()[1]) == parent:
            found.append(int(entry.name))
    return found


def _peak_mib(pid: int) -> float:
    """The most that was resident since the process began its program; 0 when it has ended.

    Not ru_maxrss, which of a child begins with that of the parent it was forked from.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


def figures(small: list[Round], large: list[Round]) -> list[Figure]:
    """What the rounds say."""

    def each(rounds: list[Round], name: str) -> tuple[float, ...]:
        return tuple(getattr(one, name) for one in rounds)

    growth = tuple(more.mib - less.mib for less, more in zip(small, large, strict=True))
    few, many = small[0].targets, large[0].targets
    return [
        Figure(f"throughput, {many} targets", each(large, "targets_per_core_second"), "targets/core-s", ">= 50"),
        Figure("scan process, one target", tuple(r.used.scan_s / r.targets * 1000 for r in large), "ms CPU"),
        Figure("judge process, one target", tuple(r.used.judge_s / r.targets * 1000 for r in large), "ms CPU"),
        Figure(f"throughput, {few} targets", each(small, "targets_per_core_second"), "targets/core-s"),
        Figure(f"peak memory, scan, {few} targets", each(small, "scan_mib"), "MiB"),
        Figure(f"peak memory, scan, {many} targets", each(large, "scan_mib"), "MiB"),
        Figure(f"peak memory, judge, {few} targets", each(small, "judge_mib"), "MiB"),
        Figure(f"peak memory, judge, {many} targets", each(large, "judge_mib"), "MiB"),
        Figure("memory growth, both together", growth, "MiB", "< 30"),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=LARGE, help="how many in the large estate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--scan", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--profile", default="local", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.scan is not None:
        json.dump(asdict(scan(arguments.scan, arguments.profile)), sys.stdout)
        return 0
    from servers import MissingProgramError, estate, or_exit

    sizes = (min(SMALL, arguments.targets), arguments.targets)
    rounds: dict[int, list[Round]] = {size: [] for size in sizes}
    try:
        with estate(max(sizes)) as served, tempfile.TemporaryDirectory(prefix="pindai-bench-") as folder:
            for number in range(arguments.rounds):
                for size, done in rounds.items():
                    targets = Path(folder) / f"{number}-{size}.toml"
                    served.write_targets(targets, size)
                    done.append(measure(targets, size))
    except MissingProgramError as error:
        return or_exit(error)
    show("estate_throughput", figures(rounds[sizes[0]], rounds[sizes[1]]), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
