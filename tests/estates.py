"""Estates of several targets, observed and judged without a network: from what was seen of each to all findings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import msgspec
from observed import (
    ADDRESS,
    AGENT,
    HOST,
    URL,
    Seen,
    commit,
    exchange,
    handshake,
    manifest,
    moved,
    new_journal,
    resolved,
    target,
)

from scanner.estate import Target
from scanner.estate_judge import EstateJudge
from scanner.findings import Finding
from scanner.journal import Journal
from scanner.judge import Judge
from scanner.needs import Place, Setting
from scanner.observations.endpoint import Addresses, Endpoint, Source
from scanner.observations.observation import Observation
from scanner.plan import first_wave, resolving
from scanner.probes.probe import Probe
from scanner.registry import Check
from scanner.run import Run


def observe(journal: Journal, of: Target, seen: Seen, checks: Sequence[Check]) -> None:
    """File what was seen of a target at its first address, as the collector does."""
    resolve = resolving(of)
    filed: dict[Probe[object], Observation] = {resolve: seen.of(resolve)[0]}
    parts: list[Observation] = []
    outcome = seen.resolution.outcome
    url = of.parsed_url
    seen = replace(seen, home=msgspec.structs.replace(seen.home, url=of.url))
    if isinstance(outcome, Addresses):
        endpoint = Endpoint(url.host, url.port, outcome.addresses[0], outcome.source)
    else:
        endpoint = Endpoint(url.host, url.port, "192.0.2.10", Source.RESOLVER)
    for probe in first_wave(checks, Place(of, Setting(AGENT), endpoint)):
        filed[probe], *more = seen.of(probe)
        parts += more
    commit(journal, of.id, filed, parts)


def conclude(run: Run, checks: Sequence[Check]) -> tuple[Finding, ...]:
    """Judge what is not judged yet, and then the estate; all findings."""
    journal = run.journal
    judge = Judge(run, checks)
    for target_id in journal.unjudged():
        judged = judge.judge_and_note(target_id)
        journal.put_all_findings({target_id: judged.findings}, judged.facts)
    whole = EstateJudge(run, judge, checks, journal)
    journal.put_estate_findings(whole.judge(), complete=whole.is_complete)
    return tuple(journal.findings())


@contextmanager
def estate_run(
    checks: Sequence[Check] | Check, sights: Sequence[tuple[Target, Seen | None]], **estate: object
) -> Iterator[tuple[Run, tuple[Finding, ...]]]:
    """A run over these targets with everything that was concluded."""
    wanted = (checks,) if isinstance(checks, Check) else tuple(checks)
    with new_journal(manifest([of for of, _ in sights], wanted, **estate)) as journal:
        for of, seen in sights:
            if seen is not None:
                observe(journal, of, seen, wanted)
        run = Run(journal)
        yield run, conclude(run, wanted)


def concluded(
    checks: Sequence[Check] | Check, sights: Sequence[tuple[Target, Seen | None]], **estate: object
) -> tuple[Finding, ...]:
    """All findings about an estate."""
    with estate_run(checks, sights, **estate) as (_, findings):
        return findings


def service(id: str, unit: str = "", **fields: object) -> Target:
    """A target at a name of its own, and no plain twin."""
    return target(id, f"https://{id}.example.test/", unit=unit, **{"http_port": None, **fields})


def shows(*chain: bytes, at: str = ADDRESS, host: str = HOST, location: str = "") -> Seen:
    """What a service shows: its chain, the address it answers at, and perhaps where it sends visitors."""
    answered = exchange(tls=handshake(*chain)) if not location else moved(location, url=URL)
    answered = msgspec.structs.replace(answered, tls=handshake(*chain))
    return Seen(resolution=resolved(*at.split(), host=host), home=answered)


def outcomes(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """Target -> what was said there, `outcome` or `state: reason`, sorted."""
    said: dict[str, list[str]] = {}
    for it in findings:
        said.setdefault(it.target, []).append(it.outcome if it.reason is None else f"{it.state}: {it.reason}")
    return {target: sorted(lines) for target, lines in said.items()}
