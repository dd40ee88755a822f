"""The rules at the head of the crosswalk, one by one, and every entry of it as if all checks were built."""

from collections.abc import Iterator

import pytest
from clause_runs import (
    SUPPORTING,
    A,
    B,
    C,
    assessed,
    crosswalk,
    entry,
    fail,
    guard,
    matching,
    meeting,
    of_clause,
    passed,
    population,
    rulebook,
    run_of,
    service,
    shipped,
    target,
    verdict,
    waived,
)

from scanner.clauses.assess import BY_SERVICE, BY_UNIT, WITHOUT_SUM
from scanner.clauses.assessed import ClauseAssessment, ClauseState, FactState, Said, Why
from scanner.clauses.facts import BUILT
from scanner.findings import Finding, State
from scanner.frameworks.framework import Certainty, Clause, Comparison, Evidence, Scope, Strength, Via
from scanner.locale.clause_phrases import ENGLISH, INDONESIAN
from scanner.run import Run

BOOK = shipped()
AS_BUILT = meeting(BOOK)
SPOKEN = [clause for clause in BOOK.clauses() if clause.crosswalk is not None]
N = ClauseState.NOT_OBSERVED


RULES = (
    *("strength.direct", "strength.supporting", "absent", "silent_pass", "info", "unknown", "once", "guards", "level"),
    *("certainty", "form", "run", "operators", "words"),
)


def test_the_rules_are_those_that_are_held_here() -> None:
    told = {
        f"{name}.{key}" if isinstance(rule, dict) else name
        for name, rule in BOOK.rules.items()
        for key in (rule if isinstance(rule, dict) else [""])
    }
    assert told == set(RULES)
    own = {name.removeprefix("test_rule_") for name in globals() if name.startswith("test_rule_")}
    assert {name.replace(".", "_") for name in RULES} == own


def test_every_aggregate_and_scope_key_has_its_meaning() -> None:
    assert set(BOOK.aggregates) == {*BY_SERVICE, BY_UNIT, *WITHOUT_SUM}
    assert set(BOOK.scope_keys) == set(Scope.__struct_fields__)
    assert set(BOOK.run_facts) == BUILT
    for words in (INDONESIAN, ENGLISH):
        assert set(words.scope_keys) == set(words.declare) == set(BOOK.scope_keys)
        assert set(words.facts.names) == set(BOOK.run_facts)
        assert set(words.reasons_why) == {it.value for it in Why}
        assert set(words.said) >= {it.value for it in Said} - {"nothing"}
    assert set(BOOK.lists) == {it.population for it in BOOK.aggregates.values()} | {"annual_target"}


# -- rule by rule


def test_rule_strength_direct() -> None:
    for strength in Strength:
        state = of_clause(run_of(passed(A)), rulebook(crosswalk(entry(A, strength)))).state
        assert (state is ClauseState.SUPPORTS) is (strength is Strength.DIRECT)
        state = of_clause(run_of([fail(A)]), rulebook(crosswalk(entry(A, strength)))).state
        assert (state is ClauseState.TO_EXPLAIN) is (strength is Strength.DIRECT)


def test_rule_strength_supporting() -> None:
    book = rulebook(crosswalk(entry(A), entry(C, SUPPORTING)), crosswalk(entry(C, SUPPORTING)))
    run = run_of([*passed(A), fail(C)])
    assert of_clause(run, book).state is ClauseState.MIXED
    assert of_clause(run, book, "own/pasal-2").state is ClauseState.MATERIAL


def test_rule_absent() -> None:
    silent = [clause.id for clause in BOOK.clauses() if clause.crosswalk is None]
    states = {it.id: it.state for it in assessed(run_of(passed(A)), BOOK).clauses}
    assert len(silent) == 110
    assert {states[it] for it in silent} == {ClauseState.MANUAL}
    assert ClauseState.MANUAL not in {states[clause.id] for clause in SPOKEN}


def test_rule_silent_pass() -> None:
    book = rulebook(crosswalk(entry(A, silent=True)), crosswalk(entry(A, SUPPORTING, silent=True)))
    for run, states in (
        (run_of(passed(A)), (N, N)),
        (run_of([fail(A)]), (ClauseState.TO_EXPLAIN, ClauseState.MATERIAL)),
    ):
        assert tuple(it.state for it in assessed(run, book).clauses) == states


def test_rule_info() -> None:
    book = rulebook(crosswalk(entry(A), entry(C, SUPPORTING)))
    without = of_clause(run_of(passed(A)), book).state
    for check in (A, C):
        information = fail(check, severity="info", key="other")
        assert of_clause(run_of([*passed(A), information]), book).state is without


@pytest.mark.parametrize(
    "other",
    [
        verdict(A, State.UNKNOWN),
        verdict(A, State.ERROR),
        verdict(A, State.NOT_APPLICABLE),
        waived(fail(A)),
    ],
    ids=lambda it: it.state.value + (" accepted" if it.waiver else ""),
)
def test_rule_unknown(other: Finding) -> None:
    found = of_clause(run_of([other]), rulebook(crosswalk(entry(A))))
    assert found.state is N
    assert sum(found.evidence[0].said.values()) == 1
    assert found.evidence[0].said["pass"] == found.evidence[0].said["finding"] == 0


def test_rule_once() -> None:
    home = crosswalk(entry(A))
    book = rulebook(home, crosswalk(entry(A), via=Via(("own/pasal-1",), SUPPORTING, home.manual[0])))
    assert of_clause(run_of([fail(A)]), book, "own/pasal-2").findings["high"] == 1


def test_rule_guards() -> None:
    strict = guard("hsts_min_age_s", ">=", 31536000)
    book = rulebook(crosswalk(entry("web.hsts.policy"), guards=(strict,)))
    used: dict[str, dict[str, object]] = {"web.hsts.policy": {"min_age": "P1D"}}
    loose = of_clause(run_of(passed("web.hsts.policy"), used=used), book)
    assert (loose.state, loose.loosened) == (N, ("hsts_min_age_s",))
    assert of_clause(run_of([fail("web.hsts.policy")], used=used), book).state is ClauseState.TO_EXPLAIN
    assert INDONESIAN.said["loosened"] == "ambang dilonggarkan"


def test_rule_level() -> None:
    names = {*ClauseAssessment.__struct_fields__, *Clause.__struct_fields__}
    assert not {name for name in names if "level" in name or "score" in name or "grade" in name}


def test_rule_certainty() -> None:
    known = {*BOOK.certainties, "inference"}
    assert {it.value for it in Certainty} == known
    told = {it.crosswalk.measurable.certainty for it in SPOKEN if it.crosswalk and it.crosswalk.measurable}
    assert {Certainty.INFERENCE, Certainty.PARAPHRASE, Certainty.VERBATIM} <= told
    for words in (INDONESIAN, ENGLISH):
        assert set(words.certainties) == set(words.certainties_short) == known


def test_rule_form() -> None:
    annexes = [clause for clause in SPOKEN if clause.crosswalk is not None and clause.crosswalk.annex]
    found = {it.id: it for it in assessed(run_of(passed(A)), BOOK).clauses}
    assert len(annexes) > 10
    for clause in annexes:
        assert found[clause.id].annex
        assert found[clause.id].figure is None


def test_rule_run() -> None:
    book = rulebook(crosswalk(entry(A), entry("run.policy", SUPPORTING)))
    found = of_clause(run_of([*passed(A), *passed(A, of="b")], [target(), target("b")]), book)
    assert len(found.facts) == 1
    assert [it.check for it in found.evidence] == [A]


@pytest.mark.parametrize(
    ("op", "value", "wanted", "kept"),
    [
        (">=", 2048, 2048, True),
        (">=", 2047, 2048, False),
        ("<=", 60, 60, True),
        ("<=", 61, 60, False),
        ("=", "all", "all", True),
        ("=", "first", "all", False),
        (">=", "TLS1.1", "TLS1.2", False),
        ("from", "sla-document", "sla-document", None),
        (">=", "much", 2048, None),
    ],
)
def test_rule_operators(op: str, value: str | int, wanted: str | int, kept: bool | None) -> None:
    from scanner.frameworks.framework import Setting

    settings = {"rsa_min_bits": {"tls.certificate.key": Setting(fixed=value)}}
    book = rulebook(
        crosswalk(entry("tls.certificate.key"), guards=(guard("rsa_min_bits", op, wanted),)), settings=settings
    )
    said = of_clause(run_of(passed("tls.certificate.key")), book).evidence[0].said
    assert said[{True: "pass", False: "loosened", None: "unproven"}[kept]] == 1


FORBIDDEN = ("lulus", "patuh", "melanggar ", "memenuhi", "comply", "complian", "violat", "fulfil", "aman ", "safe")


def test_rule_words() -> None:
    for words in (INDONESIAN, ENGLISH):
        texts = [words.states, words.counted, words.said, words.fact_states, words.strengths]
        told = [text for table in texts for text in table.values()]
        told += [getattr(words, name) for name in words.__struct_fields__ if isinstance(getattr(words, name), str)]
        assert [it for it in told for word in FORBIDDEN if word in f"{it.lower()} "] == []
    assert INDONESIAN.states["to_explain"] == "ada temuan yang perlu dijelaskan"


# -- every entry, as if every check were built


def entries() -> Iterator[tuple[Clause, Evidence]]:
    for clause in SPOKEN:
        assert clause.crosswalk is not None
        for it in clause.crosswalk.evidence:
            yield clause, it


ENTRIES = [pair for pair in entries() if not pair[1].is_run_fact]
FACTS = [pair for pair in entries() if pair[1].is_run_fact]


def name_of(pair: object) -> str:
    return (
        pair.id
        if isinstance(pair, Clause)
        else "-".join((pair.check, *pair.variants))
        if isinstance(pair, Evidence)
        else ""
    )


def found_in(clause: Clause, findings: list[Finding]) -> ClauseAssessment:
    assert clause.crosswalk is not None
    one, vantage, listed = matching(clause.crosswalk.scope)
    run: Run = run_of(findings, [one], vantage=vantage, population=listed)
    return of_clause(run, AS_BUILT, clause.id)


def decided_by(clause: Clause) -> list[Evidence]:
    """The direct entries that a pass of is support."""
    assert clause.crosswalk is not None
    return [
        it
        for it in clause.crosswalk.evidence
        if it.strength is Strength.DIRECT and not it.silent and not it.is_run_fact
    ]


def of_entry(clause: Clause, evidence: Evidence, found: ClauseAssessment) -> dict[str, int]:
    return next(it.said for it in found.evidence if (it.check, it.variants) == (evidence.check, evidence.variants))


@pytest.mark.parametrize(("clause", "evidence"), ENTRIES, ids=name_of)
def test_a_finding_of_an_entry(clause: Clause, evidence: Evidence) -> None:
    for variant in evidence.variants or ("",):
        found = found_in(clause, [fail(evidence.check, outcome=variant)])
        assert of_entry(clause, evidence, found)["finding"] == 1
        assert sum(found.findings.values()) == 1
        assert clause.crosswalk is not None
        if evidence.strength is Strength.DIRECT:
            expected = ClauseState.TO_EXPLAIN
        else:
            expected = N if clause.crosswalk.has_direct else ClauseState.MATERIAL
        assert found.state is expected


@pytest.mark.parametrize(("clause", "evidence"), [pair for pair in ENTRIES if pair[1].variants], ids=name_of)
def test_findings_of_other_variants_are_not_of_an_entry(clause: Clause, evidence: Evidence) -> None:
    for variant in set(BOOK.variants[evidence.check]) - set(evidence.variants):
        found = found_in(clause, [fail(evidence.check, outcome=variant)])
        assert of_entry(clause, evidence, found)["finding"] == 0


@pytest.mark.parametrize(("clause", "evidence"), ENTRIES, ids=name_of)
def test_a_pass_of_an_entry(clause: Clause, evidence: Evidence) -> None:
    said = of_entry(clause, evidence, found_in(clause, passed(evidence.check)))
    assert clause.crosswalk is not None
    origin = any(
        it.op is Comparison.ORIGIN and evidence.check in BOOK.thresholds[it.name].checks
        for it in clause.crosswalk.guards
    )
    expected = "silent" if evidence.silent else "unproven" if origin else "pass"
    assert said[expected] == 1


@pytest.mark.parametrize("clause", [it for it in SPOKEN if decided_by(it)], ids=name_of)
def test_a_clause_is_supported_by_all_its_direct_entries_and_by_no_fewer(clause: Clause) -> None:
    assert clause.crosswalk is not None
    checks = list(dict.fromkeys(it.check for it in decided_by(clause)))
    found = found_in(clause, passed(*checks))
    if any(it.op is Comparison.ORIGIN for it in clause.crosswalk.guards):
        assert found.state is N
        return
    assert found.state is ClauseState.SUPPORTS
    for missing in checks:
        rest = [check for check in checks if check != missing]
        assert found_in(clause, passed(*rest)).state is N
        assert found_in(clause, [*passed(*rest), verdict(missing, State.UNKNOWN)]).state is N
        assert found_in(clause, [*passed(*rest), waived(fail(missing))]).state is N


@pytest.mark.parametrize("clause", SPOKEN, ids=name_of)
def test_this_version_supports_no_clause_by_what_it_does_not_observe(clause: Clause) -> None:
    """With the checks that are there, and everything about them as it should be."""
    from scanner.registry import discover

    assert clause.crosswalk is not None
    one, vantage, listed = matching(clause.crosswalk.scope)
    run = run_of(passed(*discover()), [one], vantage=vantage, population=listed)
    found = of_clause(run, BOOK, clause.id)
    unbuilt = [it for it in decided_by(clause) if it.check not in discover()]
    if unbuilt or not decided_by(clause):
        assert found.state not in (ClauseState.SUPPORTS, ClauseState.MIXED)


@pytest.mark.parametrize(("clause", "evidence"), FACTS, ids=name_of)
def test_a_fact_of_the_run(clause: Clause, evidence: Evidence) -> None:
    found = found_in(clause, [])
    fact = next(it for it in found.facts if (it.id, it.variants) == (evidence.check, evidence.variants))
    assert fact.state is (FactState.NOT_YET if evidence.variants else FactState.UNKNOWN)
    assert found.state in (N, ClauseState.MATERIAL)


def test_figures_add_up_for_every_clause() -> None:
    listed = population(service("Portal"), service("PPID"), service("SSO", "Setda"))
    targets = [target("a", service="Portal", unit="Kominfo"), target("b", service="SSO", unit="Setda"), target("x")]
    run = run_of([*passed(A, B, of="a"), fail(A, of="b"), fail(B, of="x")], targets, population=listed)
    for it in assessed(run, BOOK).clauses:
        if it.figure is not None and it.figure.whole is not None:
            assert it.figure.whole == sum(it.figure.states.values()) + it.figure.not_scanned, it.id
            assert it.figure.supports + it.figure.unknown <= it.figure.whole
        if it.figure is not None and it.units:
            per_unit = sum(sum(group.states.values()) + group.not_scanned for group in it.units)
            assert per_unit == it.figure.counted + it.figure.not_registered, it.id
