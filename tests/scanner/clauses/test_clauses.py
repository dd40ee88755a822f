"""What a run says of a clause: each state from both sides, figures that add up, and nothing that was not seen."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from clause_runs import (
    DIRECT,
    SUPPORTING,
    A,
    B,
    C,
    assessed,
    crosswalk,
    entry,
    fail,
    guard,
    of_clause,
    passed,
    population,
    rulebook,
    run_of,
    seen_at,
    service,
    target,
    verdict,
    waived,
)

from scanner.clauses.assess import assess_clauses
from scanner.clauses.assessed import ClauseState, FactState, Reach, Why, chosen
from scanner.estate import (
    AddressPolicy,
    Category,
    CoverageGoal,
    Deadlines,
    Every,
    Goals,
    Kind,
    PopulationUnit,
    ScheduleGoal,
    ServiceLevel,
    Vantage,
)
from scanner.findings import Finding, State
from scanner.frameworks.framework import Classes, Scope, Setting, Via
from scanner.history.changes import asker
from scanner.history.ledger import Ask
from scanner.history.night import Night, night_of
from scanner.history.period import period_of_nights
from scanner.registry import discover
from scanner.run import Run

TWO = rulebook(crosswalk(entry(A), entry(B), entry(C, SUPPORTING)))
N = ClauseState.NOT_OBSERVED


# -- the state at one service


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([*passed(A, B)], ClauseState.SUPPORTS),
        ([*passed(A, B, C)], ClauseState.SUPPORTS),
        ([*passed(A, B), fail(C)], ClauseState.MIXED),
        ([*passed(A, B), waived(fail(C))], ClauseState.SUPPORTS),
        ([*passed(A, B), fail(C, severity="info")], ClauseState.SUPPORTS),
        ([*passed(A), fail(B)], ClauseState.TO_EXPLAIN),
        ([fail(B)], ClauseState.TO_EXPLAIN),
        ([fail(B, severity="low")], ClauseState.TO_EXPLAIN),
        ([fail(B, severity="info")], N),
        ([*passed(A), fail(B, severity="info")], ClauseState.SUPPORTS),
        ([*passed(A)], N),
        ([*passed(A), verdict(B, State.UNKNOWN)], N),
        ([*passed(A), verdict(B, State.ERROR)], N),
        ([*passed(A), verdict(B, State.MANUAL)], N),
        ([*passed(A), waived(fail(B))], N),
        ([*passed(A), verdict(B, State.NOT_APPLICABLE)], ClauseState.SUPPORTS),
        ([verdict(A, State.NOT_APPLICABLE), verdict(B, State.NOT_APPLICABLE)], N),
        ([*passed(A, B), verdict(B, State.UNKNOWN, key="other")], N),
        ([fail(C)], N),
        ([*passed(C)], N),
        ([], N),
    ],
)
def test_a_clause_with_direct_entries(findings: list[Finding], expected: ClauseState) -> None:
    assert of_clause(run_of(findings), TWO).state is expected


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([*passed(C)], ClauseState.MATERIAL),
        ([fail(C)], ClauseState.MATERIAL),
        ([waived(fail(C))], N),
        ([fail(C, severity="info")], N),
        ([verdict(C, State.UNKNOWN)], N),
        ([], N),
    ],
)
def test_a_clause_with_supporting_entries_only(findings: list[Finding], expected: ClauseState) -> None:
    assert of_clause(run_of(findings), rulebook(crosswalk(entry(C, SUPPORTING)))).state is expected


@pytest.mark.parametrize(
    ("findings", "expected"),
    [([*passed(A)], N), ([fail(A)], ClauseState.TO_EXPLAIN), ([verdict(A, State.UNKNOWN)], N)],
)
def test_a_silent_pass_proves_nothing(findings: list[Finding], expected: ClauseState) -> None:
    assert of_clause(run_of(findings), rulebook(crosswalk(entry(A, silent=True)))).state is expected


@pytest.mark.parametrize("silent", [*passed(A), verdict(A, State.UNKNOWN), None])
def test_a_silent_entry_does_not_keep_another_from_supporting(silent: Finding | None) -> None:
    book = rulebook(crosswalk(entry(A, silent=True), entry(B)))
    found = of_clause(run_of([*passed(B), *([silent] if silent else [])]), book)
    assert found.state is ClauseState.SUPPORTS


def test_a_clause_that_nothing_speaks_to_is_manual() -> None:
    assert of_clause(run_of(passed(A, B, C)), rulebook(None)).state is ClauseState.MANUAL


# -- variants, addresses, former names

MILD, GRAVE = "inside the warning window", "expired or not yet valid"
EXPIRY = "tls.certificate.expiry"
GRAVE_ONLY = rulebook(crosswalk(entry(EXPIRY, DIRECT, GRAVE)))


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (verdict(EXPIRY, outcome="in_time"), ClauseState.SUPPORTS),
        (fail(EXPIRY, outcome="expired"), ClauseState.TO_EXPLAIN),
        (fail(EXPIRY, outcome="ends_soon", severity="medium"), ClauseState.SUPPORTS),
        (fail(EXPIRY, outcome="nobody_knows"), ClauseState.TO_EXPLAIN),
        (verdict(EXPIRY, State.UNKNOWN), N),
    ],
    ids=["pass", "its variant", "milder variant", "outcome without class", "unknown"],
)
def test_an_entry_takes_its_variants_only(finding: Finding, expected: ClauseState) -> None:
    assert of_clause(run_of([finding]), GRAVE_ONLY).state is expected


def test_a_variant_that_says_nothing_of_another_is_no_pass_of_it() -> None:
    book = rulebook(crosswalk(entry("tls.certificate.chain", DIRECT, "accepted but untidy")))
    refused = fail("tls.certificate.chain", outcome="unknown_root", severity="critical")
    found = of_clause(run_of([refused]), book)
    assert (found.state, sum(found.evidence[0].said.values())) == (N, 0)


def test_what_is_said_of_a_kind_of_subject_is_of_its_variant() -> None:
    book = rulebook(crosswalk(entry("web.hsts.policy", DIRECT, "missing, invalid or max-age too short")))
    other = verdict("web.hsts.policy", State.UNKNOWN, kind="hsts on every answer")
    assert of_clause(run_of([*passed("web.hsts.policy"), other]), book).state is ClauseState.SUPPORTS


@pytest.mark.parametrize(
    ("sightings", "expected"),
    [
        ([(State.PASS, "in_time"), (State.PASS, "in_time")], ClauseState.SUPPORTS),
        ([(State.PASS, "in_time"), (State.FAIL, "ends_soon")], ClauseState.SUPPORTS),
        ([(State.PASS, "in_time"), (State.UNKNOWN, "unknown")], N),
        ([(State.FAIL, "expired"), (State.UNKNOWN, "unknown")], ClauseState.TO_EXPLAIN),
        ([(State.FAIL, "ends_soon"), (State.FAIL, "expired")], ClauseState.TO_EXPLAIN),
    ],
)
def test_every_address_counts(sightings: list[tuple[State, str]], expected: ClauseState) -> None:
    gravest = max(sightings, key=lambda it: [State.PASS, State.UNKNOWN, State.FAIL].index(it[0]))
    finding = seen_at(verdict(EXPIRY, gravest[0], outcome=gravest[1], severity=_severity(gravest[0])), *sightings)
    assert of_clause(run_of([finding]), GRAVE_ONLY).state is expected


def _severity(state: State) -> str | None:
    return "critical" if state is State.FAIL else None


def test_an_address_with_information_only_is_not_told_as_grave_as_the_worst() -> None:
    book = rulebook(crosswalk(entry("tls.certificate.chain", SUPPORTING, "accepted but untidy")))
    worst = fail("tls.certificate.chain", outcome="unneeded", severity="low")
    one = of_clause(run_of([seen_at(worst, (State.FAIL, "root_sent"), (State.FAIL, "unneeded"))]), book)
    assert one.evidence[0].said["finding"] == 1
    milder = seen_at(
        msgspec.structs.replace(worst, outcome="unknown_root", severity="critical"), (State.FAIL, "root_sent")
    )
    assert of_clause(run_of([milder]), book).evidence[0].said["information"] == 1


# -- once


def test_a_finding_counts_once_however_it_arrives() -> None:
    home = crosswalk(entry(A), entry(B, SUPPORTING))
    book = rulebook(
        home,
        crosswalk(entry(A, SUPPORTING)),
        crosswalk(entry(A), via=Via(("own/pasal-1", "own/pasal-2"), SUPPORTING, SAYS_VIA)),
    )
    found = of_clause(run_of([fail(A), fail(B)]), book, "own/pasal-3")
    assert (found.state, found.findings["high"]) == (ClauseState.TO_EXPLAIN, 2)
    assert found.via is not None
    assert found.via.findings == 1
    assert found.via.clauses == {"own/pasal-1": ClauseState.TO_EXPLAIN, "own/pasal-2": ClauseState.MATERIAL}


SAYS_VIA = entry(A).says


def test_what_comes_through_another_clause_keeps_that_clauses_scope() -> None:
    api_only = crosswalk(entry(A), scope=Scope(kinds=frozenset({Kind.API})))
    book = rulebook(api_only, crosswalk(via=Via(("own/pasal-1",), SUPPORTING, SAYS_VIA)))
    targets = [target("www"), target("api", kinds=(Kind.API,))]
    found = of_clause(run_of([fail(A), fail(A, of="api")], targets), book, "own/pasal-2")
    assert found.findings["high"] == 1


def test_what_decides_is_heard_before_what_supports() -> None:
    book = rulebook(crosswalk(entry(A)), crosswalk(entry(A, SUPPORTING), via=Via(("own/pasal-1",), DIRECT, SAYS_VIA)))
    assert of_clause(run_of([fail(A)]), book, "own/pasal-2").state is ClauseState.TO_EXPLAIN


@pytest.mark.parametrize(("policy", "expected"), [(AddressPolicy.ALL, ClauseState.MATERIAL), (AddressPolicy.FIRST, N)])
def test_what_comes_through_another_clause_keeps_that_clauses_guards(
    policy: AddressPolicy, expected: ClauseState
) -> None:
    book = rulebook(crosswalk(entry(A), guards=(ALL,)), crosswalk(via=Via(("own/pasal-1",), SUPPORTING, SAYS_VIA)))
    assert of_clause(run_of(passed(A), [target(addresses=policy)]), book, "own/pasal-2").state is expected


def test_via_leaves_facts_of_the_run_where_they_are() -> None:
    book = rulebook(
        crosswalk(entry("run.policy", SUPPORTING)), crosswalk(via=Via(("own/pasal-1",), SUPPORTING, SAYS_VIA))
    )
    assert of_clause(run_of([]), book, "own/pasal-2").facts == ()


# -- guards

HSTS = "web.hsts.policy"
YEAR = guard("hsts_min_age_s", ">=", 31536000)
ALL = guard("addresses", "=", "all")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ("P365D", "pass"),
        ("P730D", "pass"),
        ("P364D", "loosened"),
        (31536000, "pass"),
        (3600, "loosened"),
        (None, "unproven"),
    ],
)
def test_a_pass_under_a_loosened_policy_does_not_count(params: Any, expected: str) -> None:
    used = {HSTS: {} if params is None else {"min_age": params}}
    found = of_clause(run_of(passed(HSTS), used=used), rulebook(crosswalk(entry(HSTS), guards=(YEAR,))))
    assert found.evidence[0].said[expected] == 1
    assert found.state is (ClauseState.SUPPORTS if expected == "pass" else N)
    assert (found.loosened, found.unproven) == (
        ("hsts_min_age_s",) if expected == "loosened" else (),
        ("hsts_min_age_s",) if expected == "unproven" else (),
    )


def test_a_finding_counts_under_a_loosened_policy_too() -> None:
    run = run_of([fail(HSTS)], used={HSTS: {"min_age": "P1D"}})
    assert of_clause(run, rulebook(crosswalk(entry(HSTS), guards=(YEAR,)))).state is ClauseState.TO_EXPLAIN


def test_a_target_with_a_looser_value_of_its_own_is_loosened_alone() -> None:
    targets = [target("www"), target("ppid", params={HSTS: {"min_age": "P1D"}})]
    run = run_of([*passed(HSTS), *passed(HSTS, of="ppid")], targets, used={HSTS: {"min_age": "P365D"}})
    found = of_clause(run, rulebook(crosswalk(entry(HSTS), guards=(YEAR,))))
    assert (found.evidence[0].said["pass"], found.evidence[0].said["loosened"]) == (1, 1)
    assert found.figure is not None
    assert found.figure.loosened == 1


@pytest.mark.parametrize(("policy", "expected"), [(AddressPolicy.ALL, "pass"), (AddressPolicy.FIRST, "loosened")])
def test_the_guard_on_addresses_is_about_every_check(policy: AddressPolicy, expected: str) -> None:
    run = run_of(passed(A), [target(addresses=policy)])
    assert of_clause(run, rulebook(crosswalk(entry(A), guards=(ALL,)))).evidence[0].said[expected] == 1


def test_a_guard_is_not_about_other_checks() -> None:
    assert of_clause(run_of(passed(A)), rulebook(crosswalk(entry(A), guards=(YEAR,)))).state is ClauseState.SUPPORTS


LATENCY = "uptime.latency"


@pytest.mark.parametrize(
    ("promised", "limit", "expected"),
    [(2000, 2000, "pass"), (2000, 3000, "unproven"), (None, 2000, "unproven"), (2000, None, "unproven")],
)
def test_a_value_comes_from_the_document_that_promises_it(
    promised: float | None, limit: int | None, expected: str
) -> None:
    level = ServiceLevel("SLA 1", ("latency",), {} if promised is None else {"latency_limit_ms": promised})
    origin = guard("latency_limit_ms", "from", "sla-document")
    run = run_of(
        passed(LATENCY),
        [target(service="Portal", unit="Kominfo")],
        used={LATENCY: {} if limit is None else {"latency_limit_ms": limit}},
        population=population(service("Portal", sla=level)),
    )
    found = of_clause(run, rulebook(crosswalk(entry(LATENCY), guards=(origin,))))
    assert found.evidence[0].said[expected] == 1


def test_without_a_named_document_no_pass_rests_on_the_origin_of_a_value() -> None:
    origin = guard("availability_target", "from", "sla-document")
    book = rulebook(
        crosswalk(entry("uptime.availability"), guards=(origin,)),
        settings={"availability_target": {"uptime.availability": Setting(fixed=0.99)}},
    )
    found = of_clause(run_of(passed("uptime.availability")), book)
    assert (found.state, found.unproven) == (N, ("availability_target",))


@pytest.mark.parametrize(("version", "expected"), [("TLS1.1", "loosened"), ("TLS1.2", "pass"), ("TLSv1.3", "pass")])
def test_tls_versions_compare_by_their_order(version: str, expected: str) -> None:
    book = rulebook(
        crosswalk(entry("tls.protocol.obsolete"), guards=(guard("min_tls", ">=", "TLS1.2"),)),
        settings={"min_tls": {"tls.protocol.obsolete": Setting(fixed=version)}},
    )
    assert of_clause(run_of(passed("tls.protocol.obsolete")), book).evidence[0].said[expected] == 1


def test_a_guard_that_asks_for_at_most() -> None:
    book = rulebook(
        crosswalk(entry("web.clock.skew"), guards=(guard("clock_skew_s", "<=", 60),)),
        settings={"clock_skew_s": {"web.clock.skew": Setting(fixed=61)}},
    )
    assert of_clause(run_of(passed("web.clock.skew")), book).loosened == ("clock_skew_s",)


# -- scope


@pytest.mark.parametrize(
    ("scope", "fields", "vantage", "inside"),
    [
        (Scope(kinds=frozenset({Kind.WEB})), {}, Vantage.INTERNET, True),
        (Scope(kinds=frozenset({Kind.API})), {}, Vantage.INTERNET, False),
        (Scope(vantage=Vantage.INTERNET), {}, Vantage.INTERNET, True),
        (Scope(vantage=Vantage.INTERNET), {}, Vantage.INTRANET, False),
        (Scope(vantage=Vantage.INTERNET), {}, Vantage.UNSTATED, False),
        (Scope(se_category=frozenset({Category.TINGGI})), {"category": Category.TINGGI}, Vantage.INTERNET, True),
        (Scope(se_category=frozenset({Category.TINGGI})), {"category": Category.RENDAH}, Vantage.INTERNET, False),
        (Scope(se_category=frozenset({Category.TINGGI})), {}, Vantage.INTERNET, False),
        (Scope(opt_in=frozenset({"content"})), {}, Vantage.INTERNET, False),
        (Scope(opt_in=frozenset({"content"})), {"opt_in": ("api",)}, Vantage.INTERNET, False),
        (Scope(opt_in=frozenset({"content"})), {"opt_in": ("content", "api")}, Vantage.INTERNET, True),
        (Scope(sla_covers="availability"), {}, Vantage.INTERNET, False),
        (Scope(service_tag="LID"), {}, Vantage.INTERNET, False),
    ],
)
def test_only_findings_within_the_scope_enter(
    scope: Scope, fields: dict[str, Any], vantage: Vantage, inside: bool
) -> None:
    run = run_of([fail(A)], [target(**fields)], vantage=vantage)
    found = of_clause(run, rulebook(crosswalk(entry(A), scope=scope)))
    assert found.state is (ClauseState.TO_EXPLAIN if inside else N)
    assert bool(found.unmet) is not inside


@pytest.mark.parametrize(("covers", "inside"), [(("Availability",), True), (("latency",), False)])
def test_what_an_agreed_level_covers_stands_in_the_official_list(covers: tuple[str, ...], inside: bool) -> None:
    level = ServiceLevel("SLA 1", covers)
    listed = population(service("Portal", sla=level), service("PPID", sla=level), service("SSO"))
    run = run_of([fail(A)], [target(service="Portal", unit="Kominfo")], population=listed)
    found = of_clause(run, rulebook(crosswalk(entry(A), scope=Scope(sla_covers="availability"))))
    assert (found.state is ClauseState.TO_EXPLAIN) is inside
    assert found.figure is not None
    assert (found.figure.whole, found.figure.not_scanned) == ((2, 1) if inside else (0, 0))


@pytest.mark.parametrize(("tags", "inside"), [(("lid",), True), (("portal",), False)])
def test_the_tag_of_a_service_stands_in_the_official_list(tags: tuple[str, ...], inside: bool) -> None:
    listed = population(service("Portal", tags=tags))
    run = run_of([fail(A)], [target(service="Portal", unit="Kominfo")], population=listed)
    found = of_clause(run, rulebook(crosswalk(entry(A), scope=Scope(service_tag="LID"))))
    assert (found.state is ClauseState.TO_EXPLAIN) is inside


@pytest.mark.parametrize(("listed", "inside"), [(Category.TINGGI, True), (Category.RENDAH, False), (None, True)])
def test_the_official_category_stands_above_that_of_the_target(listed: Category | None, inside: bool) -> None:
    one = target(service="Portal", unit="Kominfo", category=Category.TINGGI)
    run = run_of([fail(A)], [one], population=population(service("Portal", category=listed)))
    book = rulebook(crosswalk(entry(A), scope=Scope(se_category=frozenset({Category.TINGGI}))))
    assert (of_clause(run, book).state is ClauseState.TO_EXPLAIN) is inside


# -- services, units, figures


def portal(id: str, name: str = "Portal", unit: str = "Kominfo", **fields: Any) -> Any:
    return target(id, service=name, unit=unit, **fields)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (passed(A, of="b"), ClauseState.SUPPORTS),
        ([fail(A, of="b")], ClauseState.TO_EXPLAIN),
        ([verdict(A, State.UNKNOWN, of="b")], N),
        ([], N),
    ],
)
def test_a_service_is_as_its_worst_endpoint(other: list[Finding], expected: ClauseState) -> None:
    run = run_of([*passed(A, of="a"), *other], [portal("a"), portal("b")])
    found = of_clause(run, rulebook(crosswalk(entry(A))))
    assert [(it.state, it.targets) for it in found.services] == [(expected, ("a", "b"))]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (passed(A, of="b"), ClauseState.SUPPORTS),
        ([fail(A, of="b")], ClauseState.TO_EXPLAIN),
        ([verdict(A, State.UNKNOWN, of="b")], ClauseState.MIXED),
    ],
)
def test_a_unit_supports_when_all_its_services_do(other: list[Finding], expected: ClauseState) -> None:
    run = run_of([*passed(A, of="a"), *other], [portal("a"), portal("b", "PPID", "kominfo")])
    found = of_clause(run, rulebook(crosswalk(entry(A))))
    assert [(it.name, it.state) for it in found.units] == [("Kominfo", expected)]
    assert found.state is expected


LISTED = population(
    service("Portal"), service("PPID"), service("SSO", "Setda"), service("Arsip", "Setda"), category_document="SK 2"
)


def figure_of(run: Any, book: Any) -> Any:
    return of_clause(run, book).figure


def test_the_whole_is_the_official_list() -> None:
    targets = [portal("a"), portal("b", "PPID"), portal("c", "SSO", "Setda"), portal("d", "Lain")]
    findings = [*passed(A, of="a"), fail(A, of="b"), *passed(A, of="d")]
    found = figure_of(run_of(findings, targets, population=LISTED), rulebook(crosswalk(entry(A))))
    assert (found.whole, found.supports, found.states["to_explain"]) == (4, 1, 1)
    assert (found.not_scanned, found.unknown, found.not_registered) == (1, 2, 1)
    assert sum(found.states.values()) + found.not_scanned == found.whole
    assert (found.document, found.document_date, found.vantage) == ("SK 1/2026", LISTED.date, Vantage.INTERNET)


def test_a_finding_outside_the_list_needs_explaining_too() -> None:
    run = run_of([*passed(A, of="a"), fail(A, of="d")], [portal("a"), portal("d", "Lain")], population=LISTED)
    assert of_clause(run, rulebook(crosswalk(entry(A)))).state is ClauseState.TO_EXPLAIN


def test_a_registered_service_of_another_kind_is_not_part_of_the_whole() -> None:
    scope = Scope(kinds=frozenset({Kind.WEB}))
    targets = [portal("a"), portal("b", "PPID", kinds=(Kind.API,))]
    found = figure_of(run_of(passed(A, of="a"), targets, population=LISTED), rulebook(crosswalk(entry(A), scope=scope)))
    assert (found.whole, found.not_scanned) == (3, 2)


def test_nothing_is_supported_while_registered_services_were_not_scanned() -> None:
    run = run_of(passed(A, of="a"), [portal("a")], population=LISTED)
    found = of_clause(run, rulebook(crosswalk(entry(A))))
    assert found.state is ClauseState.MIXED
    assert [(it.name, it.state, it.not_scanned) for it in found.units] == [
        ("Kominfo", ClauseState.MIXED, 1),
        ("Setda", N, 2),
    ]


def test_without_an_official_list_there_is_no_whole() -> None:
    found = figure_of(run_of(passed(A)), rulebook(crosswalk(entry(A))))
    assert (found.whole, found.document, found.counted, found.not_registered) == (None, "", 1, 0)


HIGH = Scope(se_category=frozenset({Category.TINGGI, Category.STRATEGIS}))


@pytest.mark.parametrize(("document", "whole"), [("SK 2/2026", 2), ("", None)])
def test_systems_by_category_are_counted_by_the_decision_on_them(document: str, whole: int | None) -> None:
    listed = population(
        service("Portal", category=Category.TINGGI),
        service("PPID", category=Category.RENDAH),
        service("SSO", category=Category.STRATEGIS),
        service("Arsip"),
        category_document=document,
    )
    targets = [portal("a"), portal("b", "PPID"), portal("d", "Arsip", category=Category.TINGGI)]
    run = run_of([*passed(A, of="a"), *passed(A, of="b"), *passed(A, of="d")], targets, population=listed)
    book = rulebook(crosswalk(entry(A), scope=HIGH, aggregate="systems-in-category"))
    found = figure_of(run, book)
    assert (found.whole, found.document) == (whole, document)
    if whole:
        assert (found.supports, found.unknown, found.not_registered) == (1, 1, 1)


def test_interfaces_have_no_register_yet_and_so_no_share() -> None:
    book = rulebook(crosswalk(entry(A), aggregate="api-registry"))
    assert figure_of(run_of(passed(A), [portal("www")], population=LISTED), book).whole is None


@pytest.mark.parametrize("aggregate", ["run-facts", "findings-only", "inventory", "unit-coverage"])
def test_what_is_not_summed_over_services_has_no_such_figure(aggregate: str) -> None:
    found = of_clause(run_of(passed(A)), rulebook(crosswalk(entry(A), aggregate=aggregate)))
    assert (found.figure, found.units) == (None, ())


def test_an_annex_has_no_figure() -> None:
    assert figure_of(run_of(passed(A)), rulebook(crosswalk(entry(A), annex=True))) is None


def test_a_service_with_registered_addresses_that_nobody_scans_is_not_seen_as_a_whole() -> None:
    hosts = ("www.contoh.test", "api.contoh.test")
    for names, state in ((hosts[:1], ClauseState.SUPPORTS), (hosts, N)):
        run = run_of(passed(A), [portal("www")], population=population(service("Portal", hosts=names)))
        found = of_clause(run, rulebook(crosswalk(entry(A))))
        assert (found.state, found.services[0].hosts_without_target) == (state, len(names) - 1)
    run = run_of([fail(A)], [portal("www")], population=population(service("Portal", hosts=hosts)))
    assert of_clause(run, rulebook(crosswalk(entry(A)))).services[0].state is ClauseState.TO_EXPLAIN


@pytest.mark.parametrize(("unit", "state"), [("", ClauseState.SUPPORTS), ("Kominfo", N)])
def test_what_another_units_target_shows_of_a_service_is_not_seen_in_the_part_of_its_own_unit(
    unit: str, state: ClauseState
) -> None:
    listed = population(service("Portal", "Kominfo", hosts=("www.contoh.test", "api.contoh.test")))
    targets = [portal("www"), portal("api", unit="Setda")]
    run = run_of([*passed(A), *passed(A, of="api")], targets, population=listed)
    assert of_clause(run, rulebook(crosswalk(entry(A))), unit=unit).state is state


def test_services_that_an_assessor_names_have_no_figure_of_the_agency() -> None:
    found = of_clause(run_of([fail(A)]), rulebook(crosswalk(entry(A), aggregate="named-service")))
    assert (found.figure, found.units, found.categories) == (None, (), ())
    assert [it.state for it in found.services] == [ClauseState.TO_EXPLAIN]


def test_categories_are_told_apart() -> None:
    targets = [target("a", category=Category.TINGGI), target("b")]
    run = run_of([*passed(A, of="a"), fail(A, of="b")], targets)
    found = of_clause(run, rulebook(crosswalk(entry(A))))
    assert [(it.name, it.state) for it in found.categories] == [
        ("tinggi", ClauseState.SUPPORTS),
        ("", ClauseState.TO_EXPLAIN),
    ]


def test_one_unit_alone() -> None:
    targets = [portal("a"), portal("c", "SSO", "Setda"), target("x", url="https://arsip.contoh.test/")]
    listed = msgspec.structs.replace(
        LISTED, services=(*LISTED.services[:3], service("Arsip", "Setda", hosts=("arsip.contoh.test",)))
    )
    run = run_of([*passed(A, of="c"), fail(A, of="a"), *passed(A, of="x")], targets, population=listed)
    found = of_clause(run, rulebook(crosswalk(entry(A))), unit="setda")
    assert (found.state, found.figure and found.figure.whole) == (ClauseState.SUPPORTS, 2)
    assert [it.name for it in found.services] == ["SSO", "Arsip"]


UNITS = tuple(
    PopulationUnit(name, no_service=name == "Camat", declaration="SP 1" if name == "Camat" else "")
    for name in ("Kominfo", "Setda", "Dinkes", "Dishub", "Camat")
)


def test_units_by_how_much_of_them_was_observed() -> None:
    listed = population(
        service("Portal"), service("PPID"), service("SSO", "Setda"), service("Sehat", "Dinkes"), units=UNITS
    )
    targets = [portal("a"), portal("c", "SSO", "Setda"), portal("e", "Sehat", "Dinkes")]
    run = run_of([], targets, population=listed, unobserved=["e"])
    units = of_clause(run, rulebook(crosswalk(entry(A), aggregate="unit-coverage"))).unit_coverage
    assert units is not None
    assert (units.units, units.all, units.some, units.none) == (5, 1, 1, 1)
    assert (units.declared_none, units.without_registered) == (1, 1)


def test_without_a_list_of_units_nothing_is_said_of_them() -> None:
    run = run_of([], [portal("a")], population=LISTED)
    assert of_clause(run, rulebook(crosswalk(aggregate="unit-coverage"))).unit_coverage is None


# -- facts of the run

COVERAGE = rulebook(crosswalk(entry("run.coverage"), aggregate="run-facts"))


@pytest.mark.parametrize(
    ("listed", "percent", "state", "why"),
    [
        (None, 50, FactState.UNKNOWN, Why.NO_LIST),
        (LISTED, None, FactState.UNKNOWN, Why.NO_TARGET),
        (LISTED, 25.1, FactState.UNKNOWN, Why.BELOW_TARGET),
        (LISTED, 25, FactState.PASS, None),
    ],
)
def test_coverage_is_a_pass_or_unknown(listed: Any, percent: float | None, state: FactState, why: Why | None) -> None:
    goals = Goals(coverage=None if percent is None else CoverageGoal(percent, "Renja 2026"))
    run = run_of([], [portal("a")], population=listed, goals=goals)
    found = of_clause(run, COVERAGE)
    assert (found.facts[0].state, found.facts[0].why) == (state, why)
    assert found.state is (ClauseState.SUPPORTS if state is FactState.PASS else N)


def test_the_figures_of_coverage() -> None:
    listed = msgspec.structs.replace(LISTED, units=(*UNITS[:2], UNITS[4]))
    targets = [portal("a"), portal("b", "PPID"), target("x", unit="Setda")]
    run = run_of([], targets, population=listed, unobserved=["b", "x"])
    told = assessed(run, COVERAGE).coverage
    assert (told.targets, told.targets_observed, told.not_observed) == (3, 1, {"blocked": 2})
    assert told.population is not None
    assert (told.population.services, told.population.services_listed, told.population.services_observed) == (4, 2, 1)
    assert [(it.name, it.registered, it.scanned, it.observed, it.declared_none) for it in told.units] == [
        ("Kominfo", 2, 2, 1, False),
        ("Setda", 2, 0, 0, False),
        ("Camat", 0, 0, 0, True),
    ]


# -- facts of a period


def evening(findings: Sequence[Finding], number: int, **goals: Any) -> tuple[Run, tuple[Night, Ask]]:
    run = run_of(findings, used={A: {}}, goals=Goals(**goals))
    night = msgspec.structs.replace(
        night_of(run), run=f"n{number}", started=BEGUN + timedelta(days=number), complete=True, ended=BEGUN
    )
    return run, (night, asker(run.journal))


BEGUN = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAILY = {"schedule": ScheduleGoal(Every.DAY, 100, 1, "SOP")}
DEADLINE = {"deadlines": Deadlines({"critical": 3, "high": 3}, "SOP")}


def fact_of(
    fact: str, nights: Sequence[Sequence[Finding]], days: int, *, variants: tuple[str, ...] = (), **goals: Any
) -> tuple[FactState, Why | None, ClauseState]:
    """A fact of the first days of November, by the runs of its evenings."""
    made = [evening(findings, number, **goals) for number, findings in enumerate(nights)]
    run = run_of([], used={A: {}}, goals=Goals(**goals))
    first = date(2026, 11, 1)
    period = period_of_nights([it for _, it in made], run.manifest.estate, first, first + timedelta(days=days - 1))
    found = of_clause(run, rulebook(crosswalk(entry(fact, DIRECT, *variants), aggregate="run-facts")), period=period)
    return found.facts[0].state, found.facts[0].why, found.state


OK, FOUND, OPEN = FactState.PASS, FactState.FINDING, FactState.UNKNOWN
SUPPORTED, EXPLAIN = ClauseState.SUPPORTS, ClauseState.TO_EXPLAIN


@pytest.mark.parametrize(
    ("nights", "days", "goals", "expected"),
    [
        (3, 3, DAILY, (OK, None, SUPPORTED)),
        (3, 4, DAILY, (FOUND, Why.NOT_KEPT, EXPLAIN)),
        (3, 3, {}, (OPEN, Why.NO_SCHEDULE, N)),
        (0, 3, DAILY, (OPEN, Why.NO_RUN, N)),
    ],
)
def test_periodicity(nights: int, days: int, goals: dict[str, Any], expected: tuple[object, ...]) -> None:
    assert fact_of("run.periodicity", [[]] * nights, days, **goals) == expected


@pytest.mark.parametrize(
    ("nights", "days", "goals", "expected"),
    [
        ([[fail(A)], passed(A)], 9, DEADLINE, (OK, None, SUPPORTED)),
        ([[fail(A)], [fail(A)]], 9, DEADLINE, (FOUND, Why.OVERDUE, EXPLAIN)),
        ([[fail(A)], [fail(A)]], 3, DEADLINE, (OK, None, SUPPORTED)),
        ([[fail(A)], [waived(fail(A))]], 9, DEADLINE, (OK, None, SUPPORTED)),
        ([[fail(A, severity="medium")]], 9, DEADLINE, (OK, None, SUPPORTED)),
        ([[fail(A)]], 9, {}, (OPEN, Why.NO_DEADLINE, N)),
        ([[fail(A)]], 9, {"deadlines": Deadlines({"critical": 3}, "SOP")}, (OPEN, Why.NO_DEADLINE, N)),
        ([[fail(A)]], 9, {"deadlines": Deadlines({"high": 3}, "SOP")}, (FOUND, Why.OVERDUE, EXPLAIN)),
        ([[fail(A)], []], 9, DEADLINE, (OPEN, Why.OVERDUE_UNSEEN, N)),
        ([[fail(A)], [], []], 2, DEADLINE, (OK, None, SUPPORTED)),
        ([*[[fail(A)]] * 6, []], 9, DEADLINE, (FOUND, Why.OVERDUE, EXPLAIN)),
        ([], 9, DEADLINE, (OPEN, Why.NO_RUN, N)),
    ],
)
def test_followup(
    nights: Sequence[Sequence[Finding]], days: int, goals: dict[str, Any], expected: tuple[object, ...]
) -> None:
    assert fact_of("run.followup", nights, days, **goals) == expected


@pytest.mark.parametrize(
    ("nights", "expected"),
    [
        ([[fail(A)], passed(A)], (OK, None, SUPPORTED)),
        ([[fail(A)], [fail(A)]], (OPEN, Why.NO_REPAIR, N)),
        ([[fail(A)], []], (OPEN, Why.NO_REPAIR, N)),
        ([passed(A), passed(A)], (OPEN, Why.NO_REPAIR, N)),
    ],
)
def test_before_and_after(nights: Sequence[Sequence[Finding]], expected: tuple[object, ...]) -> None:
    assert fact_of("run.before_after", nights, 9) == expected


@pytest.mark.parametrize("fact", ["run.periodicity", "run.followup", "run.before_after"])
def test_without_a_period_nothing_is_said_of_one(fact: str) -> None:
    found = of_clause(run_of([]), rulebook(crosswalk(entry(fact), aggregate="run-facts")))
    assert (found.state, found.facts[0].state, found.facts[0].why) == (N, FactState.UNKNOWN, Why.NO_PERIOD)


@pytest.mark.parametrize("variant", ["content and exposure findings", "findings of the audit report"])
def test_findings_of_checks_that_are_not_built_are_not_yet_observed(variant: str) -> None:
    told = fact_of("run.followup", [[fail(A)], passed(A)], 9, variants=(variant,), **DEADLINE)
    assert told == (FactState.NOT_YET, Why.NOT_YET, N)


def test_findings_of_one_class_of_checks_once_they_are_built() -> None:
    check = next(iter(discover().values()))
    built = {**discover(), "content.changed": check}
    nights = [evening([fail("content.changed"), fail(A)], 0, **DEADLINE)[1]]
    run = run_of([], used={A: {}}, goals=Goals(**DEADLINE))
    period = period_of_nights(nights, run.manifest.estate, date(2026, 11, 1), date(2026, 11, 9))
    book = rulebook(crosswalk(entry("run.followup", DIRECT, "content and exposure findings"), aggregate="run-facts"))
    told = assess_clauses(run, book, built, period=period).clauses[0]
    assert (told.facts[0].state, told.facts[0].why) == (FOUND, Why.OVERDUE)
    only = [evening([fail(A)], 0, **DEADLINE)[1]]
    period = period_of_nights(only, run.manifest.estate, date(2026, 11, 1), date(2026, 11, 9))
    told = assess_clauses(run, book, built, period=period).clauses[0]
    assert told.facts[0].state is OK


@pytest.mark.parametrize(("days", "kept"), [(3, True), (2, False)])
def test_an_evaluation_may_not_span_more_than_the_guard_says(days: int, *, kept: bool) -> None:
    run, night = evening([], 0, schedule=ScheduleGoal(Every.MONTH, 100, 9, "SOP"))
    period = period_of_nights([night], run.manifest.estate, date(2026, 11, 1), date(2026, 11, 3))
    limit = guard("period_days", "<=", days)
    book = rulebook(crosswalk(entry("run.periodicity"), guards=(limit,), aggregate="run-facts"))
    found = of_clause(run, book, period=period)
    assert (found.facts[0].state, found.facts[0].why) == ((OK, None) if kept else (OPEN, Why.LOOSENED))
    assert (found.state, found.loosened) == ((SUPPORTED, ()) if kept else (N, ("period_days",)))


def test_the_figures_of_a_period_are_those_of_the_unit_asked_for() -> None:
    run, night = evening([fail(A)], 0)
    period = period_of_nights([night], run.manifest.estate, date(2026, 11, 1), date(2026, 11, 3))
    told = assessed(run, COVERAGE, period=period).period
    assert told is not None
    assert (told.total.open_at_start, told.total.open_at_end, told.days, told.disputed) == (1, 1, 3, None)
    other = assessed(run, COVERAGE, period=period, unit="Setda").period
    assert other is not None
    assert other.total.open_at_end == 0


POLICY = rulebook(crosswalk(entry("run.policy", SUPPORTING), guards=(YEAR,), aggregate="run-facts"))


@pytest.mark.parametrize(
    ("used", "state"),
    [
        ({HSTS: {"min_age": "P365D"}}, FactState.PASS),
        ({HSTS: {"min_age": "P1D"}}, FactState.FINDING),
        ({HSTS: {}}, FactState.UNKNOWN),
        ({}, FactState.UNKNOWN),
    ],
)
def test_the_policy_is_held_against_the_guards(used: dict[str, dict[str, object]], state: FactState) -> None:
    found = of_clause(run_of([], used=used), POLICY)
    assert found.facts[0].state is state
    assert found.state is (N if state is FactState.UNKNOWN else ClauseState.MATERIAL)


def test_an_origin_that_nobody_told_is_no_looser_value() -> None:
    origin = guard("latency_limit_ms", "from", "sla-document")
    book = rulebook(crosswalk(entry("run.policy", SUPPORTING), guards=(YEAR, origin), aggregate="run-facts"))
    used: dict[str, dict[str, object]] = {HSTS: {"min_age": "P365D"}, LATENCY: {"latency_limit_ms": 0}}
    made = assessed(run_of([], used=used), book)
    assert made.clauses[0].facts[0].state is FactState.PASS
    assert (made.policy.unproven, made.policy.without_origin) == ((), ("latency_limit_ms",))


def test_the_policy_names_what_was_changed_and_loosened() -> None:
    targets = [target("a"), target("b", params={HSTS: {"min_age": "P1D"}})]
    policy = assessed(run_of([], targets, used={HSTS: {"min_age": "P730D"}}), POLICY).policy
    assert [(it.parameter, it.value, it.default, it.set_by) for it in policy.changed] == [
        ("min_age", "P730D", "P365D", "profile"),
        ("min_age", "P1D", "P365D", "target"),
    ]
    run = run_of([], targets[:1], used={HSTS: {"min_age": "P730D"}})
    estate = msgspec.structs.replace(run.manifest.estate, params={HSTS: {"min_age": "P730D"}})
    run.manifest = msgspec.structs.replace(run.manifest, estate=estate)
    assert [it.set_by for it in assessed(run, POLICY).policy.changed] == ["agency"]
    assert [(it.guard, it.value, it.targets) for it in policy.loosened] == [("hsts_min_age_s", "P1D", 1)]


def test_facts_of_the_run_are_not_repeated_for_each_service() -> None:
    book = rulebook(crosswalk(entry(A), entry("run.policy", SUPPORTING), guards=(YEAR,)))
    run = run_of(passed(A), used={A: {}, HSTS: {"min_age": "P1D"}})
    found = of_clause(run, book)
    assert (found.state, found.services[0].state) == (ClauseState.MIXED, ClauseState.SUPPORTS)


# -- what could be asked


def test_why_an_entry_said_nothing() -> None:
    book = rulebook(crosswalk(entry(A), entry(B), entry(C, SUPPORTING)))
    found = of_clause(run_of(passed(A), used={A: {}}), book)
    assert [it.reach for it in found.evidence] == [Reach.ASKED, Reach.NOT_ASKED, Reach.NOT_YET]


def test_verdicts_and_reasons_are_counted() -> None:
    targets = [target("a"), target("b"), target("c")]
    findings = [*passed(A, of="a"), verdict(A, State.UNKNOWN, of="b"), waived(fail(A, of="c"))]
    found = of_clause(run_of(findings, targets), rulebook(crosswalk(entry(A))))
    said = {name: count for name, count in found.evidence[0].said.items() if count}
    assert (said, found.evidence[0].reasons, found.waived) == (
        {"unknown": 1, "waived": 1, "pass": 1},
        {"blocked": 1},
        1,
    )


def test_a_target_that_was_never_reached_is_not_observed() -> None:
    run = run_of(passed(A), [target("www"), target("later")])
    found = of_clause(run, rulebook(crosswalk(entry(A))))
    assert found.figure is not None
    assert (found.state, found.figure.states["not_observed"]) == (ClauseState.MIXED, 1)


@pytest.mark.parametrize(
    ("framework", "patterns", "expected"),
    [
        ("", [], 2),
        ("own", [], 2),
        ("other", [], 0),
        ("", ["own/pasal-1"], 1),
        ("", ["pasal-1"], 1),
        ("", ["pasal-*"], 2),
        ("", ["pasal-3"], 0),
    ],
)
def test_clauses_are_chosen_by_id_or_glob(framework: str, patterns: list[str], expected: int) -> None:
    found = assessed(run_of([]), rulebook(crosswalk(entry(A)), None)).clauses
    assert len(chosen(found, framework, patterns)) == expected


def test_classes_of_a_pass_keep_it_to_its_variant() -> None:
    flags = "web.cookies.flags"
    book = rulebook(
        crosswalk(entry(flags, DIRECT, "session cookie on the named list")),
        classes={flags: Classes({"other_set": "other cookie"})},
    )
    assert of_clause(run_of([verdict(flags, outcome="other_set")]), book).state is N
    assert of_clause(run_of([verdict(flags, outcome="session_set")]), book).state is ClauseState.SUPPORTS
