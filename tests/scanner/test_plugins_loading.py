"""Plug-ins without a process of their own: names, what belongs to whom, the walls, and reading without the plug-in."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import scanner.api
from scanner.conformance.purity import MAY_IMPORT
from scanner.cost import Cost
from scanner.frameworks.catalogue import load_catalogue
from scanner.journal import Journal, Standing, TargetRecord
from scanner.judge import ANY_OBSERVATION, Evidence
from scanner.observations.observation import Observation, Withheld, digest, encode
from scanner.observations.steps import Reason
from scanner.plugins import NO_PLUGINS, RESERVED, Allowed, PluginError, allowed_by, canonical, load_plugins
from scanner.registry import discover

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/example_plugin"


# who is meant ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("pindai-contoh", "pindai-contoh", ""),
        ("Pindai_Contoh", "pindai-contoh", ""),
        ("pindai.contoh == 1.0", "pindai-contoh", "1.0"),
        (" a==2!1.0+x_1 ", "a", "2!1.0+x_1"),
    ],
)
def test_a_distribution_is_named_with_or_without_a_version(text: str, name: str, version: str) -> None:
    it = Allowed.of(text)
    assert (it.name, it.version) == (name, version)
    assert Allowed.of(str(it)) == it


@pytest.mark.parametrize(
    "text", ["", "-a", "a>=1", "a~=1", "a==", "../a", "a b", "a;b", "a[x]", "é", "a==1 2", "x" * 101]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no distribution"):
        Allowed.of(text)


def test_every_wrong_name_of_a_list_is_told() -> None:
    with pytest.raises(PluginError) as refused:
        allowed_by(["a", "b>1", "c>1"], "x.toml:3")
    assert len(refused.value.problems) == 2
    assert all(it.startswith("x.toml:3: ") for it in refused.value.problems)


def test_names_are_compared_as_package_indexes_do() -> None:
    assert canonical("Pindai__Contoh.-x") == "pindai-contoh-x"


def test_without_a_list_nothing_is_loaded() -> None:
    assert load_plugins([]) is NO_PLUGINS
    assert NO_PLUGINS.checks == discover()
    assert NO_PLUGINS.used == ()


def test_areas_of_our_own_are_reserved_also_those_of_checks_to_come() -> None:
    areas = {check.partition(".")[0] for check in (*discover(), *load_catalogue())}
    assert areas <= RESERVED
    assert "contoh" not in RESERVED


def test_our_own_kinds_of_observations_have_no_area() -> None:
    """So that a full stop tells that a plug-in made one."""
    kinds = msgspec.inspect.type_info(ANY_OBSERVATION)
    assert isinstance(kinds, msgspec.inspect.UnionType)
    tags = [str(it.tag) for it in kinds.types if isinstance(it, msgspec.inspect.StructType)]
    assert len(tags) > 8
    assert not any("." in tag for tag in tags)


def test_an_editor_lets_thresholds_of_a_plugin_through_and_no_unknown_one_of_ours() -> None:
    from jsonschema import Draft202012Validator

    from scanner.config.schema import SCHEMAS

    validator = Draft202012Validator(SCHEMAS["targets"]())

    def is_fine(check_id: str) -> bool:
        target = {"id": "a", "url": "https://a.contoh.test/"}
        return validator.is_valid({"target": [target], "params": {check_id: {"oldest": 1.0}}})

    assert is_fine("contoh.status_line.version")
    assert not is_fine("web.status_line.version")


@pytest.mark.parametrize("word", ["expected", "found"])
def test_a_placeholder_that_a_verdict_has_itself_is_refused(word: str) -> None:
    """`MISSING(found=...)` would fill the verdict's own field, and the sentence would stay empty."""
    with pytest.raises(ValueError, match="the verdict's own"):
        scanner.api.Passed("set", en=f"It says {{{word}}}", id=f"Berisi {{{word}}}")
    assert scanner.api.Passed("set", en="It says {value}", id="Berisi {value}")


# the walls ------------------------------------------------------------------------------------------------------------


def imported(path: Path) -> list[str]:
    """The modules of Pindai that a file imports."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [it.name for it in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return [it for it in found if it.split(".")[0] in ("scanner", "checks")]


def test_the_example_imports_the_api_and_value_types_only() -> None:
    sources = sorted((EXAMPLE / "src").rglob("*.py"))
    assert len(sources) == 5
    for path in sources:
        for module in imported(path):
            assert any(module == it or module.startswith(f"{it}.") for it in MAY_IMPORT), f"{path.name}: {module}"
    assert set(imported(EXAMPLE / "tests/test_conformance.py")) == {
        "scanner.api",
        "scanner.conformance",
        "scanner.observations.endpoint",
    }


def test_everything_the_api_offers_is_listed_and_explained() -> None:
    listed = scanner.api.__all__
    tree = ast.parse((ROOT / "scanner/api.py").read_text("utf-8"))
    brought = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(brought) == sorted(listed)
    text = (ROOT / "docs/write-a-check.md").read_text("utf-8")
    assert [name for name in listed if not re.search(rf"`{name}`", text)] == []


# reading without the plug-in ------------------------------------------------------------------------------------------


class Word(Observation, frozen=True, tag="coba.word"):
    """Of a plug-in."""

    word: str


SEEN = Word(started=datetime(2026, 1, 2, tzinfo=UTC), took_ms=1.0, word="ya")


def evidence(stored: bytes, *kinds: type[Observation]) -> Observation | None:
    with Journal.in_memory() as journal:
        journal.put_manifest(b"{}")
        name = digest(stored)
        record = TargetRecord("a", Standing.OBSERVED, SEEN.started, SEEN.started, Cost(), Cost())
        journal.commit(record, {"probe": name}, {name: stored})
        return Evidence(journal, kinds).by_digest(name)


def test_an_observation_of_a_plugin_is_read_with_it_and_is_a_reason_without() -> None:
    stored = encode(SEEN)
    assert evidence(stored, Word) == SEEN
    without = evidence(stored)
    assert isinstance(without, Withheld)
    assert without.failure.reason is Reason.NOT_RECORDED
    assert "coba.word" in without.failure.detail


def test_an_observation_of_another_version_of_the_plugin_is_a_reason_too() -> None:
    without = evidence(encode(SEEN).replace(b'"word":"ya"', b'"word":1'), Word)
    assert isinstance(without, Withheld)


def test_an_observation_of_our_own_that_cannot_be_read_was_altered() -> None:
    from scanner.journal import AlteredError

    with pytest.raises(AlteredError):
        evidence(b'{"kind":"exchange","started":1}')
