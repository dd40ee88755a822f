"""Runs and rulebooks for the tests of clauses: what was found is said outright, and nothing touches a network."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import msgspec
from observed import manifest, new_journal, record

from scanner.clauses.assess import assess_clauses
from scanner.clauses.assessed import ClauseAssessment, ClausesAssessed
from scanner.estate import (
    AddressPolicy,
    Kind,
    Population,
    PopulationService,
    ServiceLevel,
    Target,
    Vantage,
    VantagePoint,
)
from scanner.findings import AcceptedUntil, Finding, FixedBy, Message, Sighting, State, Subject, fingerprint
from scanner.frameworks.framework import (
    ArticleNumber,
    Certainty,
    Classes,
    Clause,
    Comparison,
    Crosswalk,
    Evidence,
    Framework,
    Guard,
    Rulebook,
    Scope,
    Setting,
    Strength,
    Text,
)
from scanner.frameworks.loading import load_rulebook
from scanner.journal import Standing
from scanner.observations.steps import Reason, Replay
from scanner.registry import discover
from scanner.run import CheckUsed, Run

EVIDENCE = "sha256:" + "0" * 64
SAYS = Text("Shows", "Menunjukkan")
DIRECT, SUPPORTING = Strength.DIRECT, Strength.SUPPORTING
CLAUSE = "own/pasal-1"
A, B, C = "web.https.redirect", "tls.certificate.name", "web.csp.effective"
"""Three checks: two that speak directly in these tests, and one that supports."""


def target(id: str = "www", **fields: Any) -> Target:
    """A web target, all of whose addresses are observed."""
    return Target(id=id, **{"url": f"https://{id}.contoh.test/", "addresses": AddressPolicy.ALL, **fields})


def verdict(
    check: str,
    state: State = State.PASS,
    *,
    of: str = "www",
    outcome: str = "",
    severity: str | None = None,
    kind: str = "service",
    key: str = "",
    **fields: Any,
) -> Finding:
    """A verdict on one subject of a target."""
    subject = Subject(kind, key or of)
    if state is State.FAIL:
        severity = severity or "high"
    return Finding(
        check=check,
        check_version=1,
        target=of,
        subject=subject,
        state=state,
        outcome=outcome or state.value,
        severity=severity,
        message=Message("Kalimat", "Sentence"),
        expected=None,
        found=None,
        reason=Reason.BLOCKED if state is State.UNKNOWN else None,
        evidence=(EVIDENCE,),
        fingerprint=fingerprint(check, of, subject),
        fixed_by=FixedBy.WEB_SERVER,
        replay=Replay.DERIVED,
        **fields,
    )


def fail(check: str, **fields: Any) -> Finding:
    return verdict(check, State.FAIL, **fields)


def passed(*checks: str, of: str = "www") -> list[Finding]:
    return [verdict(check, of=of) for check in checks]


def waived(finding: Finding) -> Finding:
    accepted = AcceptedUntil(date(2026, 12, 31), "Kepala Bidang", "Diganti")
    return msgspec.structs.replace(finding, waiver=accepted)


def seen_at(finding: Finding, *sightings: tuple[State, str]) -> Finding:
    """The verdict, seen at several addresses."""
    told = tuple(Sighting(f"192.0.2.{n}", state, outcome) for n, (state, outcome) in enumerate(sightings))
    return msgspec.structs.replace(finding, sightings=told)


def run_of(
    findings: Iterable[Finding],
    targets: Sequence[Target] = (target(),),
    *,
    used: Mapping[str, dict[str, object]] | None = None,
    unobserved: Iterable[str] = (),
    vantage: Vantage = Vantage.INTERNET,
    **estate: Any,
) -> Run:
    """A finished run; `used` are the checks of the run with their thresholds, those of the findings when left out."""
    findings = list(findings)
    checks = used if used is not None else {it.check: {} for it in findings}
    asked = msgspec.structs.replace(
        manifest(targets, [], vantage=VantagePoint(vantage), **estate),
        checks=tuple(CheckUsed(check, 1, params) for check, params in checks.items()),
    )
    journal = new_journal(asked)
    for it in targets:
        done = record(it.id)
        if it.id in unobserved:
            done = msgspec.structs.replace(done, standing=Standing.NOT_OBSERVED, reason="blocked")
        journal.commit(done, {}, {})
        journal.put_findings(it.id, [finding for finding in findings if finding.target == it.id])
    return Run(journal)


@cache
def shipped() -> Rulebook:
    """The rulebook that ships."""
    return load_rulebook()


def entry(check: str, strength: Strength = DIRECT, *variants: str, silent: bool = False) -> Evidence:
    return Evidence(check, strength, SAYS, variants, silent)


def guard(name: str, op: str, value: str | float) -> Guard:
    return Guard(name, Comparison(op), value)


def crosswalk(*evidence: Evidence, **fields: Any) -> Crosswalk:
    return Crosswalk(**{"aggregate": "service-worst", "evidence": evidence, "manual": (SAYS,), **fields})


def rulebook(
    *told: Crosswalk | None, classes: Mapping[str, Classes] | None = None, settings: Mapping[str, Any] | None = None
) -> Rulebook:
    """One framework `own` whose clauses `pasal-1`, `pasal-2` ... have these crosswalks."""
    clauses = tuple(
        Clause(
            id=f"own/pasal-{number}",
            article=f"Pasal {number}",
            text="Bunyi",
            title="Wording",
            certainty=Certainty.VERBATIM,
            article_number=ArticleNumber.PRINTED,
            crosswalk=it,
        )
        for number, it in enumerate(told, 1)
    )
    own = Framework(id="own", title=Text("Own", "Sendiri"), status="in force", source=("here",), clauses=clauses)
    whole = shipped()
    return msgspec.structs.replace(
        whole,
        frameworks=(own,),
        classes={**whole.classes, **(classes or {})},
        settings={**whole.settings, **(settings or {})},
    )


def assessed(run: Run, book: Rulebook, **options: Any) -> ClausesAssessed:
    return assess_clauses(run, book, discover(), **options)


def of_clause(run: Run, book: Rulebook, clause: str = CLAUSE, **options: Any) -> ClauseAssessment:
    """One clause of a run."""
    return next(it for it in assessed(run, book, **options).clauses if it.id == clause)


def service(name: str, unit: str = "Kominfo", **fields: Any) -> PopulationService:
    return PopulationService(name, unit, **fields)


def population(*services: PopulationService, **fields: Any) -> Population:
    return Population(**{"document": "SK 1/2026", "date": date(2026, 1, 31), "services": services, **fields})


def meeting(book: Rulebook) -> Rulebook:
    """The rulebook as if every check were built and every guard with a comparable value kept.

    The outcome of a finding is then called like its variant.
    """
    settings: dict[str, dict[str, Setting]] = {name: dict(checks) for name, checks in book.settings.items()}
    for clause in book.clauses():
        for it in () if clause.crosswalk is None else clause.crosswalk.guards:
            if it.op is not Comparison.ORIGIN:
                for check in book.thresholds[it.name].checks:
                    settings.setdefault(it.name, {})[check] = Setting(fixed=it.value)
    classes = {check: Classes({name: name for name in names}) for check, names in book.variants.items()}
    return msgspec.structs.replace(book, settings=settings, classes=classes)


def matching(scope: Scope) -> tuple[Target, Vantage, Population | None]:
    """A target that a scope takes in, the vantage, and the official list that has its service."""
    category = min(scope.se_category, default=None)
    tags = (scope.service_tag,) if scope.service_tag else ()
    one = target(
        kinds=tuple(sorted(scope.kinds)) or (Kind.WEB,),
        category=category,
        service="Portal",
        unit="Kominfo",
        opt_in=tuple(scope.opt_in),
    )
    level = ServiceLevel("SLA 1/2026", (scope.sla_covers,)) if scope.sla_covers else None
    listed = population(service("Portal", category=category, tags=tags, sla=level), category_document="SK 2/2026")
    return one, scope.vantage or Vantage.INTERNET, listed
