"""What it takes to judge stored targets, to hold a run against every clause, and to look back over many nights.

*Judge* concludes anew from stored observations, by all checks: what a scan does beside the network, and `evidence replay`.
*Assess* holds a run of as many targets against all clauses, frameworks read and loaded before; *assess command* is
`pindai assess` as anybody types it, start-up included. *First look back* holds a run against a folder of nights of which
nothing is remembered; *look back* is the same once they are, as every report of an estate does it.

The services are those of `pindai demo`, scanned once for real; what was stored of them is filed again and again under new
names until there are as many targets as asked for. The nights repeat the findings of that run, each with some repaired.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import msgspec
from figures import Figure, show

from scanner.clauses.assess import assess_clauses
from scanner.estate import Category, Kind, Population, PopulationService, Target, Vantage, VantagePoint
from scanner.findings import Finding, State, fingerprint
from scanner.frameworks.loading import load_rulebook
from scanner.history.archive import MEMORY, changes_of, period_of
from scanner.journal import Journal
from scanner.judge import Judge
from scanner.registry import discover
from scanner.run import Ending, Manifest, Run

TARGETS = 1000
NIGHTS = 20
COMMAND_SECONDS = 300
REPAIRED = 40
"""Every so many-th finding of a night is seen repaired; another one each night."""
YEAR = 365


def demo(state: Path) -> Path:
    """The journal of one scan of the demo's services."""
    command = [sys.executable, "-m", "scanner", "demo", "--state", str(state), "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, cwd=state, check=False)
    journals = sorted(state.rglob("*.journal"))
    if not journals:
        raise RuntimeError(f"the demo left no run (exit code {done.returncode}): {done.stderr}")
    return journals[-1]


def multiplied(scanned: Path, path: Path, count: int) -> None:
    """A journal of so many targets, each with what was stored of one of the demo's, not judged yet."""
    with Journal.open(scanned) as source, Journal.create(path) as journal:
        run = Run(source)
        records = {record.id: record for record in source.targets()}
        originals = [target for target in run.manifest.estate.targets if target.id in records]
        targets = [_named(originals[number % len(originals)], number) for number in range(count)]
        services = tuple(PopulationService(it.service, it.unit, it.category) for it in targets)
        estate = msgspec.structs.replace(
            run.manifest.estate,
            targets=tuple(targets),
            vantage=VantagePoint(Vantage.INTERNET),
            population=Population("SK 1/2026", date(2026, 1, 31), services=services, category_document="SK 2/2026"),
        )
        manifest = msgspec.structs.replace(run.manifest, estate=estate, run=path.stem)
        journal.put_manifest(msgspec.json.encode(manifest))
        for number, target in enumerate(targets):
            original = originals[number % len(originals)].id
            filed = source.filed(original)
            observations = {digest: source.stored(digest) or b"" for digest in filed.values()}
            if number < len(originals):  # what observations are put together from is filed under no probe
                observations = {digest: source.stored(digest) or b"" for digest in source.digests()}
            journal.commit(msgspec.structs.replace(records[original], id=target.id), filed, observations)
        journal.put_end(msgspec.json.encode(Ending(manifest.started + timedelta(hours=1))))


def _named(target: Target, number: int) -> Target:
    return msgspec.structs.replace(
        target,
        id=f"layanan-{number:05}",
        service=f"Layanan {number:05}",
        unit=f"Dinas {number % 50:02}",
        category=(Category.TINGGI, Category.STRATEGIS, Category.RENDAH)[number % 3],
        kinds=(Kind.WEB,),
    )


def nights(judged: Path, folder: Path, count: int) -> Path:
    """So many nights with the findings of a judged run; the last one's journal."""
    with Journal.open(judged) as source:
        manifest = msgspec.json.decode(source.manifest, type=Manifest)
        records = list(source.targets())
        by_target: dict[str, list[Finding]] = {}
        for finding in source.findings():
            by_target.setdefault(finding.target, []).append(finding)
    path = folder
    for night in range(count):
        started = manifest.started + timedelta(days=night)
        name = f"{started:%Y%m%dT%H%M%S}000-{night:04x}"
        path = folder / f"{name}.journal"
        with Journal.create(path) as journal:
            journal.put_manifest(msgspec.json.encode(msgspec.structs.replace(manifest, run=name, started=started)))
            for record in records:
                journal.commit(record, {}, {})
            journal.put_all_findings(
                {name: [_tonight(it, night) for it in findings] for name, findings in by_target.items()}
            )
            journal.put_end(msgspec.json.encode(Ending(started + timedelta(hours=1))))
    return path


def _tonight(finding: Finding, night: int) -> Finding:
    """The finding, or that it was repaired."""
    if finding.state is not State.FAIL or (int(finding.fingerprint[:8], 16) + night) % REPAIRED:
        return finding
    assert finding.fingerprint == fingerprint(finding.check, finding.target, finding.subject)
    return msgspec.structs.replace(finding, state=State.PASS, severity=None, waiver=None)


def timed(work: Callable[[], object], rounds: int) -> tuple[float, ...]:
    """How long a piece of work takes, in seconds, several times over."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return tuple(found)


def measure(folder: Path, targets: int, count: int, rounds: int) -> list[Figure]:
    """All figures."""
    runs, past = folder / "state" / "runs", folder / "past" / "runs"
    for made in (runs, past, folder / "demo"):
        made.mkdir(parents=True)
    path = runs / "20261122T010203000-0001.journal"
    multiplied(demo(folder / "demo"), path, targets)
    checks = discover()
    with Journal.open(path, write=True) as journal:
        run = Run(journal)

        def judge() -> None:
            judging = Judge(run, tuple(checks.values()))
            for target in run.manifest.estate.targets:
                journal.put_findings(target.id, judging.judge(target.id))

        judged = timed(judge, rounds)
        verdicts = sum(1 for _ in run.findings())
        rulebook = load_rulebook((), checks)
        assessed = timed(lambda: assess_clauses(run, rulebook, checks), rounds)
    command = [sys.executable, "-m", "scanner", "assess", "--state", str(folder / "state"), "--format", "json"]
    typed = timed(lambda: subprocess.run(command, capture_output=True, timeout=COMMAND_SECONDS, check=True), rounds)
    last = nights(path, past, count)
    with Journal.open(last) as journal:
        run = Run(journal)
        first: list[float] = []
        for _ in range(rounds):
            (past.parent / MEMORY).unlink(missing_ok=True)
            first += timed(lambda: changes_of(run, past), 1)
        later = timed(lambda: changes_of(run, past), rounds)
        day = run.manifest.started.date()
        period = timed(lambda: period_of(run, past, day - timedelta(days=count), day), rounds)
    a_year = YEAR / count
    return [
        Figure("targets judged in a second", tuple(targets / it for it in judged), "1/s", ">= 100"),
        Figure("verdicts of a target", (verdicts / targets,), ""),
        Figure(f"assess {targets} targets, all clauses", assessed, "s", "<= 3"),
        Figure("assess command, JSON", typed, "s", "<= 5"),
        Figure("first look back, a year of nights", tuple(it * a_year for it in first), "s", "<= 60"),
        Figure("look back, a year of nights", tuple(it * a_year for it in later), "s", "<= 10"),
        Figure("a period of a year", tuple(it * a_year for it in period), "s", "<= 15"),
    ]


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=TARGETS, help="targets of a run")
    parser.add_argument(
        "--nights", type=int, default=NIGHTS, help="nights that are made; figures are for a year of them"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), asked.targets, asked.nights, asked.rounds)
    show(f"judge and assess, {asked.targets} targets", figures, as_json=asked.json)
    sys.exit(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    main()
