"""How long the HTML report of a large estate takes, how large it is, and what memory it needs.

No network: a journal is made of synthetic targets whose findings are the real checks' own outcomes, one or more a check, with
every sentence filled in; the report is made of it by a fresh process, from opening the journal to the last byte written.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from figures import Figure, show

SMALL, LARGE = 200, 2000
EACH = 20
"""Targets of a unit."""
SEED = 20261122
STARTED = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TIME_LIMIT_SECONDS = 120


def build(path: Path, targets: int) -> None:
    """A journal of so many targets: four of a hundred were not observed; of the verdicts on the others 18 % are findings."""
    import msgspec

    from scanner.estate import (
        Authorisation,
        Category,
        Estate,
        Population,
        PopulationService,
        PopulationUnit,
        Target,
        Vantage,
        VantagePoint,
    )
    from scanner.journal import Journal
    from scanner.profiles import load_profile
    from scanner.registry import discover
    from scanner.run import CheckUsed, Ending, Manifest, this_tool
    from scanner.scope import Scope

    chance = Random(SEED)
    checks = discover()
    estate = [
        Target(
            id=f"layanan-{number:04}",
            url=f"https://layanan-{number:04}.opd-{number // EACH:03}.contoh.test/",
            http_port=80,
            service=f"Layanan {number:04}",
            unit=f"Dinas Nomor {number // EACH:03}",
            category=chance.choice(list(Category)),
        )
        for number in range(targets)
    ]
    units = dict.fromkeys(target.unit for target in estate)
    population = Population(
        document="SK Gubernur 100/2026",
        date=date(2026, 1, 5),
        units=tuple(PopulationUnit(name) for name in units),
        services=tuple(PopulationService(it.service, it.unit, it.category) for it in estate)
        + tuple(PopulationService(f"Belum didata {number}", "Dinas Nomor 000") for number in range(34)),
        category_document="SK Gubernur 101/2026",
    )
    manifest = Manifest(
        run="20261121T010000000-7f3a",
        started=STARTED,
        tool=this_tool(),
        agent="Pindai",
        estate=Estate(
            targets=tuple(estate),
            scope=Scope(names=("*.contoh.test",)),
            agency="Pemerintah Provinsi Contoh",
            time_zone="Asia/Makassar",
            vantage=VantagePoint(Vantage.INTERNET, "Pusat data", "203.0.113.7"),
            authorisation=Authorisation("ST-12/KOMINFO/2026", date(2026, 12, 31), "Kepala Dinas"),
            population=population,
            source="targets.toml",
        ),
        profile=load_profile("default"),
        resolvers=("127.0.0.1:53",),
        checks=tuple(
            CheckUsed(it.id, it.version, msgspec.to_builtins(it.params()) if it.params else {})
            for it in checks.values()
        ),
    )
    with Journal.create(path) as journal:
        journal.put_manifest(msgspec.json.encode(manifest))
        for target in estate:
            _target(journal, target, tuple(checks.values()), chance)
        journal.put_end(msgspec.json.encode(Ending(STARTED + timedelta(minutes=70))))


def _target(journal, target, checks, chance: Random) -> None:  # type: ignore[no-untyped-def]
    from scanner.cost import Cost
    from scanner.findings import Sighting, State
    from scanner.journal import Standing, TargetRecord
    from scanner.observations.observation import digest
    from scanner.observations.steps import Reason
    from scanner.outcomes import DoesNotApply, Outcome, Passed, Undecided

    seen = chance.random() > 0.04
    reason = "" if seen else chance.choice(["blocked", "no_address", "timeout"])
    stored = [f'{{"kind":"synthetic","target":"{target.id}","number":{number}}}'.encode() for number in range(10)]
    observations = {digest(it): it for it in stored}
    digests = list(observations)
    record = TargetRecord(
        id=target.id,
        standing=Standing.OBSERVED if seen else Standing.NOT_OBSERVED,
        started=STARTED + timedelta(seconds=chance.randrange(4000)),
        ended=STARTED + timedelta(seconds=4000 + chance.randrange(100)),
        used=Cost(6, 9, 4),
        ceiling=Cost(30, 60, 12),
        reason=reason,
    )
    address = f"203.0.113.{chance.randrange(1, 40)}"
    findings = []
    for check in checks:
        kinds = {
            kind: [it for it in check.outcomes if isinstance(it, kind)]
            for kind in (Outcome, Passed, DoesNotApply, Undecided)
        }
        weight = chance.random()
        wish = (Outcome,) if weight < 0.18 else (DoesNotApply,) if weight < 0.3 else (Passed,)
        wish = (Undecided,) if 0.3 <= weight < 0.34 else wish
        outcome = chance.choice(next(kinds[kind] for kind in (*wish, Passed, Outcome) if kinds[kind]))
        if not seen:
            made = _finding(check, outcome, target, digests[:1], State.UNKNOWN, Reason(reason))
        else:
            made = _finding(check, outcome, target, chance.sample(digests, 2), outcome.state, None)
            sighting = Sighting(address, made.state, made.outcome)
            import msgspec

            made = msgspec.structs.replace(made, sightings=(sighting,))
        findings.append(made)
    journal.commit(record, {f"probe:{it}": it for it in digests}, observations)
    journal.put_findings(target.id, findings)


def _finding(check, outcome, target, evidence, state, reason):  # type: ignore[no-untyped-def]
    from scanner.findings import Finding, Message, State, Subject, fingerprint
    from scanner.locale.reasons import render_unknown
    from scanner.observations.steps import Replay, Unobserved
    from scanner.outcomes import placeholders

    host = target.parsed_url.host
    values = dict.fromkeys(placeholders(outcome.en), host) | {
        "url": target.url,
        "host": host,
        "status": 403,
        "port": 80,
    }
    message = Message(outcome.id.format(**values), outcome.en.format(**values), values)
    if state is State.UNKNOWN and reason is not None:
        message = render_unknown(Unobserved(reason))
    subject = Subject("service", f"{host}:443")
    return Finding(
        check=check.id,
        check_version=check.version,
        target=target.id,
        subject=subject,
        state=state,
        outcome="unknown" if reason else outcome.key,
        severity=outcome.severity.word if state is State.FAIL else None,
        message=message,
        expected="max-age >= 31536000" if state is State.FAIL else None,
        found="max-age = 0" if state is State.FAIL else None,
        reason=reason or (outcome.reason if state is State.UNKNOWN else None),
        evidence=tuple(evidence),
        fingerprint=fingerprint(check.first_id, target.id, subject),
        fixed_by=check.fixed_by,
        replay=Replay.DERIVED,
    )


def render(journal: Path, out: Path, language: str) -> dict[str, float]:
    """The measured process: one report. Seconds are wall time from opening the journal, imports included."""
    started = time.perf_counter()
    from scanner.frameworks.loading import load_rulebook
    from scanner.journal import Journal
    from scanner.registry import discover
    from scanner.reports.html.html import html
    from scanner.run import Run

    size = 0
    with Journal.open(journal) as opened, out.open("wb") as file:
        checks = discover()
        for chunk in html(Run(opened), checks=checks, rulebook=load_rulebook((), checks), language=language):
            size += file.write(chunk)
    took = time.perf_counter() - started
    return {"seconds": took, "mb": size / 1e6, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measure(journal: Path, out: Path, language: str) -> dict[str, float]:
    """A report made by a process of its own."""
    command = [sys.executable, __file__, "--render", str(journal), "--to", str(out), "--lang", language]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIME_LIMIT_SECONDS)
    return dict(json.loads(done.stdout))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=LARGE, help="how many in the large estate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="leave the journals and reports there, to be looked at"
    )
    parser.add_argument("--render", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--lang", default="id", help="language of the report")
    arguments = parser.parse_args()
    if arguments.render is not None:
        json.dump(render(arguments.render, arguments.to, arguments.lang), sys.stdout)
        return 0
    sizes = (min(SMALL, arguments.targets), arguments.targets)
    rounds: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory(prefix="pindai-bench-") as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for size, done in rounds.items():
            journal = folder / f"{size}.journal"
            journal.unlink(missing_ok=True)
            build(journal, size)
            for _ in range(arguments.rounds):
                done.append(measure(journal, folder / f"{size}.html", arguments.lang))

    def each(size: int, name: str) -> tuple[float, ...]:
        return tuple(it[name] for it in rounds[size])

    few, many = sizes
    growth = tuple(b["mib"] - a["mib"] for a, b in zip(rounds[few], rounds[many], strict=True))
    figures = [
        Figure(f"report of {many} targets", each(many, "seconds"), "s", "< 3"),
        Figure(f"its size, {many} targets", each(many, "mb"), "MB", "< 15"),
        Figure(f"report of {few} targets", each(few, "seconds"), "s"),
        Figure(f"peak memory, {few} targets", each(few, "mib"), "MiB"),
        Figure(f"peak memory, {many} targets", each(many, "mib"), "MiB"),
        Figure("memory growth", growth, "MiB", "< 60"),
    ]
    show("html_report", figures, as_json=arguments.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
