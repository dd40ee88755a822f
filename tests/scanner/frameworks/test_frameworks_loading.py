"""Frameworks are read whole or not at all: every name in them is known, and what is wrong is told with file and key."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from scanner.config_error import ConfigError
from scanner.findings import State
from scanner.frameworks.framework import Certainty, Strength, Visibility
from scanner.frameworks.loading import BUILT, CROSSWALK, FRAMEWORKS, load_rulebook, read_rulebook
from scanner.registry import discover

RULEBOOK = load_rulebook()
SPOKEN = [clause for clause in RULEBOOK.clauses() if clause.crosswalk is not None]


# -- what ships


def test_all_frameworks_are_there() -> None:
    assert {it.id: len(it.clauses) for it in RULEBOOK.frameworks} == {
        "bssn-4-2021": 112,
        "panrb-59-2020": 47,
        "panrb-8-2026": 20,
        "kominfo-1-2023": 6,
        "pp-71-2019": 6,
    }


@pytest.mark.parametrize("clause", SPOKEN, ids=lambda it: it.id)
def test_every_entry_says_in_both_languages_what_it_shows(clause) -> None:  # type: ignore[no-untyped-def]
    crosswalk = clause.crosswalk
    assert crosswalk.aggregate in RULEBOOK.aggregates
    assert crosswalk.manual
    assert crosswalk.evidence or crosswalk.via
    for evidence in crosswalk.evidence:
        assert evidence.check in RULEBOOK.run_facts or evidence.check in RULEBOOK.catalogue
        assert evidence.says.en
        assert evidence.says.id
        assert evidence.says.en != evidence.says.id


def test_every_check_of_the_catalogue_speaks_to_a_clause_or_to_none_with_a_reason() -> None:
    named = {it.check for clause in SPOKEN for it in clause.crosswalk.evidence if not it.is_run_fact}  # type: ignore[union-attr]
    practice = {check for it in RULEBOOK.practices for check in it.checks}
    assert named | practice == set(RULEBOOK.catalogue)
    assert named & practice == set()


def test_what_holds_for_several_indicators_is_known_of_each() -> None:
    told = {clause.id: clause.crosswalk for clause in SPOKEN}
    assert told["panrb-59-2020/indikator-47"] == told["panrb-59-2020/indikator-32"]
    assert "panrb-59-2020/indikator-20" not in told


def test_no_wording_is_from_memory() -> None:
    assert {clause.certainty for clause in RULEBOOK.clauses()} == set(Certainty) - {
        Certainty.MEMORY,
        Certainty.INFERENCE,
    }


def test_a_clause_that_cannot_be_seen_from_outside_has_nothing_direct() -> None:
    for clause in SPOKEN:
        assert clause.crosswalk is not None
        if clause.visibility is Visibility.NONE:
            assert not clause.crosswalk.has_direct, clause.id


def test_no_line_that_was_refused_came_back() -> None:
    told = {(it.check, clause.id) for clause in SPOKEN for it in clause.crosswalk.evidence}  # type: ignore[union-attr]
    known = {clause.id for clause in RULEBOOK.clauses()}
    single = [(it.checks, it.clause) for it in RULEBOOK.refused if it.clause in known]
    assert len(single) > 3
    for check, clause in single:
        assert (check, clause) not in told


# -- what built checks say


def test_every_finding_of_a_built_check_with_variants_has_its_class() -> None:
    for check in discover().values():
        if check.id in RULEBOOK.variants:
            failing = {outcome.key for outcome in check.outcomes if outcome.state is State.FAIL}
            assert failing <= set(RULEBOOK.classes[check.id].outcomes), check.id


def test_every_class_is_of_an_outcome_that_there_is() -> None:
    built = discover()
    for check_id, classes in RULEBOOK.classes.items():
        if check_id in built:
            known = {outcome.key for outcome in built[check_id].outcomes}
            assert {*classes.outcomes, *classes.sound} <= known, check_id


def test_every_guard_on_a_built_check_knows_its_parameter() -> None:
    import msgspec

    built = discover()
    for name, threshold in RULEBOOK.thresholds.items():
        for check_id in threshold.checks:
            if check_id in built:
                setting = RULEBOOK.settings[name][check_id]
                params = built[check_id].params
                names = [] if params is None else [field.name for field in msgspec.structs.fields(params)]
                assert setting.fixed is not None or setting.parameter in names, f"{name}: {check_id}"


# -- what is wrong


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, str, str], tuple[str, ...]]:
    """The problems after one text of one shipped file was replaced."""

    def problems(name: str, old: str, new: str) -> tuple[str, ...]:
        for file in (FRAMEWORKS, CROSSWALK, BUILT):
            text = resources.files("scanner.frameworks").joinpath(file).read_text("utf-8")
            if file == name:
                assert old in text
                text = text.replace(old, new, 1)
            (tmp_path / file).write_text(text, "utf-8")
        with pytest.raises(ConfigError) as caught:
            read_rulebook(tmp_path)
        return caught.value.problems

    return problems


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (CROSSWALK, 'check = "web.hsts.policy"', 'check = "web.hsts.polcy"', "did you mean 'web.hsts.policy'?"),
        (CROSSWALK, 'check = "run.coverage"', 'check = "run.covrage"', "did you mean 'run.coverage'?"),
        (
            CROSSWALK,
            'id = "bssn-4-2021/pasal-27/2/d"',
            'id = "bssn-4-2021/pasal-27/2/z"',
            "no clause is called 'bssn-4-2021/pasal-27/2/z'",
        ),
        (
            CROSSWALK,
            'id = "bssn-4-2021/pasal-27/2/d"',
            'id = "bssn-4-2021/pasal-27/1/g"',
            "'bssn-4-2021/pasal-27/1/g' has an entry already",
        ),
        (CROSSWALK, 'variants = ["page URL"]', 'variants = ["page URLs"]', "did you mean 'page URL'?"),
        (CROSSWALK, 'aggregate = "service-worst"', 'aggregate = "service-best"', "no such aggregate"),
        (CROSSWALK, '{ name = "clock_skew_s"', '{ name = "clock_skew"', "did you mean 'clock_skew_s'?"),
        (
            CROSSWALK,
            '{ name = "clock_skew_s", op = "<=", value = 60 }',
            '{ name = "clock_skew_s", op = "<=", value = "a minute" }',
            "a number or one of",
        ),
        (CROSSWALK, 'strength = "direct"', 'strength = "directly"', "expected one of direct, supporting"),
        (CROSSWALK, 'pass = "silent"', 'pass = "quiet"', "pass: expected one of"),
        (CROSSWALK, '"bssn-4-2021/pasal-27/8/*"', '"bssn-4-2021/pasal-99/*"', "nothing speaks to"),
        (CROSSWALK, '"bssn-4-2021/pasal-27/8/*"', '"*"', "leads to itself"),
        (CROSSWALK, 'checks = ["dns.ipv6"]', 'checks = ["web.hsts.policy"]', "speaks to a clause"),
        (CROSSWALK, 'checks = ["dns.ipv6"]', 'checks = ["dns.ipv5"]', "did you mean 'dns.ipv6'?"),
        (CROSSWALK, 'scope = { kinds = ["web", "api"] }', 'scope = { kind = ["web"] }', "did you mean 'kinds'?"),
        (BUILT, 'ends_soon = "inside', 'ends_soon = "near', "no variant"),
        (BUILT, "[settings.hsts_min_age_s]", "[settings.hsts_age]", "settings.hsts_age: no threshold"),
        (BUILT, '"web.hsts.policy" = { para', '"web.csp.present" = { para', "is not among its checks"),
        (FRAMEWORKS, '"confidence": "copies"', '"confidence": "certain"', "frameworks.json: "),
        (FRAMEWORKS, '"id": "bssn-4-2021/pasal-27/1/b"', '"id": "bssn-4-2021/pasal-27/1/a"', "is there already"),
        (FRAMEWORKS, '"id": "bssn-4-2021/pasal-27/1/b"', '"id": "pasal-27/1/b"', "does not begin with"),
        (FRAMEWORKS, '"automatable": "none",', '"automatable": "none", "level": 3,', "unknown field `level`"),
    ],
)
def test_what_nobody_knows_is_an_error(
    changed: Callable[[str, str, str], tuple[str, ...]], name: str, old: str, new: str, expected: str
) -> None:
    problems = changed(name, old, new)
    assert any(expected in problem for problem in problems), problems
    assert all(problem.startswith(name) for problem in problems if expected in problem)


def test_an_outcome_speaks_to_a_clause_once(changed: Callable[[str, str, str], tuple[str, ...]]) -> None:
    problems = changed(CROSSWALK, 'check = "api.errors.leak"', 'check = "web.disclosure.error"')
    assert any("speaks to bssn-4-2021/pasal-27/6/a twice" in problem for problem in problems), problems


def test_an_error_has_the_line_and_the_key(changed: Callable[[str, str, str], tuple[str, ...]]) -> None:
    (problem,) = changed(CROSSWALK, 'check = "web.https.login_form"', 'check = "web.https.login"')
    place, _, rest = problem.partition(": ")
    assert place.startswith("mapping.toml:")
    assert place.rpartition(":")[2].isdigit()
    assert rest.startswith("clause.1.evidence.1.check: no check is called 'web.https.login'")


# -- an agency's own framework

OWN = """
id = "kota-contoh-12-2026"
status = "in force"
source = ["JDIH Kota Contoh"]
title = { en = "Mayor's regulation", id = "Peraturan Wali Kota" }

[[clause]]
id = "kota-contoh-12-2026/pasal-5"
article = "Pasal 5"
text = "Layanan daring menggunakan HTTPS"
title = "Online services use HTTPS"
certainty = "verbatim"
article_number = "printed"
scope = { kinds = ["web"] }
guards = [{ name = "hsts_min_age_s", op = ">=", value = 31536000 }]
manual = [{ en = "The list of services", id = "Daftar layanan" }]
via = { clauses = ["bssn-4-2021/pasal-27/8/*"], strength = "supporting", says = { en = "Related", id = "Terkait" } }

[[clause.evidence]]
check = "web.hsts.policy"
strength = "direct"
variants = ["missing, invalid or max-age too short"]
says = { en = "Shows that browsers stay", id = "Menunjukkan peramban tetap" }

[[clause]]
id = "kota-contoh-12-2026/pasal-6"
article = "Pasal 6"
text = "Perangkat daerah menunjuk pengelola"
title = "Units name an administrator"
certainty = "memory"
"""


def own(tmp_path: Path, text: str = OWN) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_framework_of_ones_own(tmp_path: Path) -> None:
    rulebook = load_rulebook([own(tmp_path)])
    framework = rulebook.frameworks[-1]
    spoken, silent = framework.clauses
    assert (framework.id, len(rulebook.frameworks)) == ("kota-contoh-12-2026", 6)
    assert spoken.crosswalk is not None
    assert spoken.crosswalk.evidence[0].strength is Strength.DIRECT
    assert (silent.crosswalk, silent.certainty) == (None, Certainty.MEMORY)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'check = "web.hsts.policy"',
            'check = "web.hsts"',
            ":20: clause.1.evidence.1.check: no check is called 'web.hsts'",
        ),
        ('id = "kota-contoh-12-2026"', 'id = "bssn-4-2021"', "there is a framework called 'bssn-4-2021' already"),
        ("pasal-6", "pasal-5", "is there already"),
        ('id = "kota-contoh-12-2026/pasal-6"', 'id = "lain/pasal-6"', "begin with 'kota-contoh-12-2026/'"),
        ('certainty = "memory"', "", "clause.2.certainty: this key is required"),
        ('certainty = "memory"', 'certainty = "sure"', "expected one of verbatim"),
        ('article_number = "printed"', "level = 3", "clause.1.level: unknown key"),
        ('"bssn-4-2021/pasal-27/8/*"', '"pasal-27/8"', "clause.1.via.clauses.1: nothing speaks to 'pasal-27/8'"),
        ('text = "Layanan', 'text = "\\u001b[2JLayanan', "without control characters"),
        ('source = ["JDIH Kota Contoh"]', "source = []", "source: expected at least 1 entry"),
        ('strength = "direct"\nvar', 'strength = "direct"\npass = "silent"\nvar', None),
    ],
)
def test_what_is_wrong_in_ones_own(tmp_path: Path, old: str, new: str, expected: str | None) -> None:
    assert old in OWN
    path = own(tmp_path, OWN.replace(old, new))
    if expected is None:
        load_rulebook([path])
        return
    with pytest.raises(ConfigError) as caught:
        load_rulebook([path])
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems
    assert all(problem.startswith(str(path)) for problem in caught.value.problems)


def test_the_example_that_ships_is_right() -> None:
    rulebook = load_rulebook([Path(__file__).parents[3] / "framework.example.toml"])
    assert [clause.crosswalk is not None for clause in rulebook.frameworks[-1].clauses] == [True, False]


def test_the_check_of_a_plug_in_is_known_when_it_is_built(tmp_path: Path) -> None:
    path = own(tmp_path, OWN.replace('check = "web.hsts.policy"', 'check = "plug.in"').replace("variants =", "# "))
    with pytest.raises(ConfigError):
        load_rulebook([path])
    assert load_rulebook([path], ["plug.in"]).frameworks[-1].clauses[0].crosswalk is not None
