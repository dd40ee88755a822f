"""How long a large estate takes when every service is 20 ms away, at the everyday pace, and what it takes of this machine.

Targets as in `estate_throughput.py` (a name, an address and a certificate each, nginx behind), but each is reached through
a relay that holds back every octet for 20 ms in each direction, and the profile is `default` as it ships: 32 targets at
once, at each address two connections at once and 200 ms apart. The whole command is measured, from targets file to
findings, in a fresh process: wall time, our processor time, and the most memory that was resident.

A scan of 1,000 targets and one of 5,000, against the same estate. Either counts only when every verdict came out as it
should.
"""

import argparse
import tempfile
from pathlib import Path

from estate_throughput import Round, measure
from figures import Figure, show
from relay import cpu_seconds
from servers import MissingProgramError, estate, or_exit

SMALL, LARGE = 1000, 5000
DELAY_S = 0.02
SAMPLE_S = 0.1
PROFILE = "default"


def figures(small: Round, large: Round, relay_s: float) -> list[Figure]:
    """What the two scans say."""
    shown = [
        Figure(f"wall time, {large.targets} targets", (large.wall_s,), "s"),
        Figure(f"throughput, {large.targets} targets", (large.targets / large.wall_s,), "targets/s"),
        Figure(f"throughput, {small.targets} targets", (small.targets / small.wall_s,), "targets/s"),
    ]
    for run in (small, large):
        scan_ms, judge_ms = (s / run.targets * 1000 for s in (run.used.scan_s, run.used.judge_s))
        shown += [
            Figure(f"scan process, one of {run.targets} targets", (scan_ms,), "ms CPU"),
            Figure(f"judge process, one of {run.targets} targets", (judge_ms,), "ms CPU"),
            Figure(f"peak memory, {run.targets} targets, scan", (run.scan_mib,), "MiB"),
            Figure(f"peak memory, {run.targets} targets, judge", (run.judge_mib,), "MiB"),
        ]
    return [
        *shown,
        Figure("memory growth, both together", (large.mib - small.mib,), "MiB", "< 30"),
        Figure("verdicts that came out as they should", (float(sum(large.used.verdicts.values())),), ""),
        Figure("the relay, of one core", (relay_s / large.wall_s,), ""),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=LARGE, help="how many in the large estate")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args()
    runs: list[Round] = []
    relay_s = 0.0
    try:
        with (
            estate(arguments.targets, DELAY_S) as served,
            tempfile.TemporaryDirectory(prefix="pindai-bench-") as folder,
        ):
            assert served.relay is not None
            for count in (min(SMALL, arguments.targets), arguments.targets):
                targets = Path(folder) / f"{len(runs)}-{count}.toml"
                served.write_targets(targets, count)
                before = cpu_seconds(served.relay)
                runs.append(measure(targets, count, PROFILE, SAMPLE_S))
                relay_s = cpu_seconds(served.relay) - before
    except MissingProgramError as error:
        return or_exit(error)
    small, large = runs
    show("delayed_estate", figures(small, large, relay_s), as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
