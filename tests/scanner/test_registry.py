"""Checks are declared whole, found by walking packages, and chosen by id, area or glob."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from observed import shipped

from scanner.api import CheckParams, FixedBy, Outcome, Passed, Severity, Verdict, check
from scanner.derive.service import page
from scanner.outcomes import OutcomeBase, placeholders
from scanner.registry import Check, RegistryError, discover, select

FINE = Passed("fine", en="Fine", id="Baik")


class Limits(CheckParams, frozen=True):
    """Thresholds of this test."""

    at_most: int = 3


def declared(id: str = "area.topic", doc: str | None = "It is fine.", **about: Any) -> Check:
    def judge(*_: Any) -> Iterator[Verdict]:
        yield FINE()

    judge.__doc__ = doc
    params = about.pop("params", None)
    given = {"version": 1, "fixed_by": FixedBy.PLATFORM, "outcomes": (FINE,), "references": (), **about}
    if params is not None:
        given["params"] = params
    declare: Any = check
    made: Check = declare(id, page, **given)(judge)
    return made


# --- declaring ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["area.topic", "area.topic.name", "a.b_1", "tls.certificate.expiry"])
def test_ids_that_are_ids(id: str) -> None:
    assert declared(id).id == id


@pytest.mark.parametrize(
    "id", ["area", "Area.topic", "area.topic.name.more", "area..name", "1a.b", "a.b ", "a-b.c", ""]
)
def test_ids_that_are_none(id: str) -> None:
    with pytest.raises(RegistryError, match="no check id"):
        declared(id)


def test_outcome_keys_differ() -> None:
    twice = Outcome("fine", en="Other", id="Lain", severity=Severity.LOW)
    with pytest.raises(RegistryError, match="differ"):
        declared(outcomes=(FINE, twice))
    with pytest.raises(RegistryError, match="unknown"):
        declared(outcomes=(Passed("unknown", en="x", id="x"),))


@pytest.mark.parametrize("doc", [None, "", "  \n"])
def test_a_check_says_what_it_is_for(doc: str | None) -> None:
    with pytest.raises(RegistryError, match="docstring"):
        declared(doc=doc)


def test_a_renamed_check_keeps_its_first_id() -> None:
    assert declared().first_id == "area.topic"
    assert declared(was=("old.name", "older.name")).first_id == "old.name"


@pytest.mark.parametrize(
    ("values", "wrong"),
    [({}, None), ({"at_most": 5}, None), ({"at_most": "many"}, "at_most"), ({"at_least": 1}, "at_least")],
)
def test_thresholds(values: dict[str, object], wrong: str | None) -> None:
    limited = declared(params=Limits)
    if wrong is None:
        assert limited.with_params(values) == msgspec.convert(values, Limits)
    else:
        with pytest.raises(RegistryError, match=f"area.topic.*{wrong}"):
            limited.with_params(values)


def test_a_check_without_thresholds_takes_none() -> None:
    assert declared().with_params({}) is None
    with pytest.raises(RegistryError, match="no parameters, but at_most"):
        declared().with_params({"at_most": 1})


# --- finding and choosing -----------------------------------------------------------------------------------

PLANTED = '''
from collections.abc import Iterator
from scanner.api import FixedBy, Passed, Verdict, check
from scanner.derive.service import Page, page
FINE = Passed("fine", en="Fine", id="Baik")
@check("{id}", page, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=())
def planted(own: Page) -> Iterator[Verdict]:
    """A planted check."""
    yield FINE()
'''


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path; what was imported from it is forgotten afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def plant(folder: Path, package: str, **modules: str) -> None:
    (folder / package).mkdir()
    (folder / package / "__init__.py").touch()
    for name, id in modules.items():
        (folder / package / f"{name}.py").write_text(PLANTED.replace("{id}", id))


def test_checks_of_several_packages_are_found(packages: Path) -> None:
    plant(packages, "planted_here", one="planted.one", two="planted.two")
    assert set(discover(["checks", "planted_here"])) - set(discover()) == {"planted.one", "planted.two"}


def test_an_id_declared_twice_is_refused(packages: Path) -> None:
    plant(packages, "planted_twice", one="planted.one", two="planted.one")
    with pytest.raises(RegistryError, match=r"planted\.one is declared twice"):
        discover(["planted_twice"])


def test_a_check_that_is_imported_elsewhere_is_not_declared_there(packages: Path) -> None:
    plant(packages, "planted_once", one="planted.one")
    (packages / "planted_once" / "two.py").write_text("from planted_once.one import planted\n")
    assert list(discover(["planted_once"])) == ["planted.one"]


def test_checks_come_in_the_order_of_their_ids() -> None:
    assert list(discover()) == sorted(discover())
    assert {"tls.certificate.expiry", "web.hsts.policy", "uptime.reachable"} <= discover().keys()


SOME = {it.id: it for it in (declared("tls.one"), declared("tls.two.deep"), declared("web.one", was=("old.one",)))}


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["*"], ["tls.one", "tls.two.deep", "web.one"]),
        (["tls"], ["tls.one", "tls.two.deep"]),
        (["tls.two"], ["tls.two.deep"]),
        (["web.one", "tls.one"], ["tls.one", "web.one"]),
        (["*.one"], ["tls.one", "web.one"]),
        (["old.one"], ["web.one"]),
        ([], []),
    ],
)
def test_choosing(patterns: list[str], chosen: list[str]) -> None:
    assert [it.id for it in select(SOME, patterns)] == chosen


@pytest.mark.parametrize("pattern", ["tl", "tls.on", "nothing", "", "tls."])
def test_choosing_nothing_is_an_error_that_lists_what_there_is(pattern: str) -> None:
    with pytest.raises(RegistryError, match=r"tls\.one, tls\.two\.deep, web\.one"):
        select(SOME, ["tls.one", pattern])


# --- the checks that ship -----------------------------------------------------------------------------------

PARTS = ("Why:", "Sebab:", "Fix:", "Perbaikan:")


@pytest.mark.parametrize("one", shipped().values(), ids=lambda it: it.id)
def test_a_shipped_check_explains_itself(one: Check) -> None:
    lines = [line.strip() for line in inspect.cleandoc(one.judge.__doc__ or "").splitlines()]
    assert lines[0].endswith(".")
    for part in PARTS:
        texts = [line.removeprefix(part).strip() for line in lines if line.startswith(part)]
        assert len(texts) == 1, f"{one.id}: one line that begins with {part}"
        assert len(texts[0]) > 20
    assert one.references
    assert one.version >= 1


@pytest.mark.parametrize("one", shipped().values(), ids=lambda it: it.id)
def test_a_shipped_check_lives_where_its_id_says(one: Check) -> None:
    """A topic of many checks is a package, with a module for each."""
    area, topic, *_ = one.id.split(".")
    assert one.judge.__module__ in (f"checks.{area}.{topic}", f"checks.{one.id}")


OUTCOMES = [
    pytest.param(one, outcome, id=f"{one.id}-{outcome.key}") for one in shipped().values() for outcome in one.outcomes
]


@pytest.mark.parametrize(("one", "outcome"), OUTCOMES)
def test_an_outcome_speaks_both_languages(one: Check, outcome: OutcomeBase) -> None:
    assert outcome.en.strip()
    assert outcome.id.strip()
    assert outcome.en != outcome.id
    assert placeholders(outcome.en) == placeholders(outcome.id)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", outcome.key)
    assert sum(it == outcome for it in one.outcomes) == 1


@pytest.mark.parametrize("one", shipped().values(), ids=lambda it: it.id)
def test_a_shipped_check_can_pass_and_fail(one: Check) -> None:
    states = {outcome.state.value for outcome in one.outcomes}
    assert {"pass", "fail"} <= states
