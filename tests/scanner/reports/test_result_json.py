import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from runs import END, city, decided, hostile, interrupted, own_machine, record, run_of, target

from scanner.assessment import Assessment, Coverage, PopulationFigures, RegisteredService
from scanner.cost import Cost
from scanner.estate import Vantage
from scanner.findings import AcceptedUntil, Finding, FixedBy, Message, Severity, Sighting, State, Subject
from scanner.observations.steps import Reason
from scanner.reports.result_json import result_json
from scanner.reports.schemas import RESULT_FILE, result_schema, written
from scanner.run import CheckUsed, Ending, Run, Tool

SCHEMA = Path(__file__).parents[3] / "schema" / RESULT_FILE


def text(run: Run) -> str:
    return b"".join(result_json(run)).decode()


def schema() -> dict:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def problems(document: dict) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema()).iter_errors(document)]


def test_the_schema_is_that_of_the_types() -> None:
    """Mend with: python -m scanner.reports.schemas schema."""
    assert SCHEMA.read_text(encoding="utf-8") == written(result_schema())


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "kind",
    [
        Finding,
        Subject,
        Message,
        Sighting,
        AcceptedUntil,
        Assessment,
        Coverage,
        PopulationFigures,
        RegisteredService,
        Tool,
        CheckUsed,
        Cost,
    ],
)
def test_the_schema_has_every_field_and_no_other(kind: type[msgspec.Struct]) -> None:
    more = ["clauses"] if kind is Assessment else []
    assert list(schema()["$defs"][kind.__name__]["properties"]) == [*kind.__struct_fields__, *more]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("State", [it.value for it in State]),
        ("Reason", [it.value for it in Reason]),
        ("FixedBy", [it.value for it in FixedBy]),
        ("Vantage", [it.value for it in Vantage]),
    ],
)
def test_the_schema_lists_every_word(name: str, words: list[str]) -> None:
    assert sorted(schema()["$defs"][name]["enum"]) == sorted(words)


def test_everything_in_the_schema_is_described() -> None:
    missing = [
        f"{name}.{field}"
        for name, rule in [("(top)", schema()), *schema()["$defs"].items()]
        for field, about in rule.get("properties", {}).items()
        if not about.get("description") and "$ref" not in about
    ]
    assert not missing
    assert not [name for name, rule in schema()["$defs"].items() if not rule.get("description")]


@pytest.mark.parametrize("make", [city, own_machine, interrupted, decided, hostile])
def test_results_fit_the_schema(make) -> None:
    assert not problems(json.loads(text(make())))


@pytest.mark.parametrize("ending", [None, Ending(END), Ending(END, "SIGTERM")])
def test_an_empty_run_fits_the_schema(ending: Ending | None) -> None:
    assert not problems(json.loads(text(run_of([target("a")], [], {}, ending=ending))))


def spoiled(*path: str | int, value: object = None, drop: bool = False) -> dict:
    document = json.loads(text(city()))
    place = document
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    "document",
    [
        spoiled("schema", value="pindai-result-2"),
        spoiled("more", value=1),
        spoiled("run", "manifest", value="sha256:1"),
        spoiled("run", "ended", drop=True),
        spoiled("run", "profile", "version", drop=True),
        spoiled("targets", 0, "standing", value="seen"),
        spoiled("targets", 0, "reason", value="because"),
        spoiled("targets", 0, "category", value="sedang"),
        spoiled("targets", 0, "ceiling", drop=True),
        spoiled("findings", 0, "severity", value="huge"),
        spoiled("findings", 0, "state", value="safe"),
        spoiled("findings", 0, "fingerprint", value="x"),
        spoiled("findings", 0, "evidence", value=["sha256:"]),
        spoiled("findings", 0, "sightings", drop=True),
        spoiled("findings", 0, "level", value=4),
        spoiled("assessment", "findings", "low", drop=True),
        spoiled("assessment", "grade", value="A"),
        spoiled("assessment", "waived", "low", drop=True),
        spoiled("findings", 0, "waiver", drop=True),
        spoiled("findings", 0, "waiver", value={"until": "soon"}),
        spoiled("findings", 0, "vantage", value="space"),
        spoiled("run", "vantage", "kind", value="space"),
        spoiled("run", "authorisation", value={"number": "1"}),
        spoiled("run", "marking", drop=True),
        spoiled("run", "problems", value="none"),
        spoiled("observations", 0, value="x"),
    ],
)
def test_what_is_wrong_does_not_fit(document: dict) -> None:
    assert problems(document)


def test_severities_of_the_assessment_are_those_there_are() -> None:
    found = schema()["$defs"]["Assessment"]["properties"]["findings"]
    assert sorted(found["required"]) == sorted(severity.word for severity in Severity)


def test_a_line_a_target_and_a_finding() -> None:
    lines = text(city()).splitlines()
    assert sum(line.startswith('{"category"') for line in lines) == 6
    assert sum(line.startswith('{"check"') for line in lines) == 34


def test_order_and_sums() -> None:
    document = json.loads(text(city()))
    assert list(document) == ["schema", "run", "targets", "findings", "assessment", "observations"]
    assert [it["id"] for it in document["targets"]] == ["arsip", "api.perizinan", "perizinan", "www", "ppid", "sso"]
    assert document["assessment"]["findings"] == {"critical": 1, "high": 2, "medium": 3, "low": 4, "info": 0}
    assert document["assessment"]["coverage"] == {
        "targets": 6,
        "units": 3,
        "observed": 5,
        "not_observed": 1,
        "not_reached": 0,
        "unobserved": {"blocked": 1},
        "population": None,
    }
    ranks = [Severity[it["severity"].upper()] if it["severity"] else -1 for it in document["findings"]]
    by_target = [it["target"] for it in document["findings"]]
    for name in set(by_target):
        own = [rank for rank, owner in zip(ranks, by_target, strict=True) if owner == name]
        assert own == sorted(own, reverse=True)


def test_targets_that_were_not_reached_are_listed() -> None:
    document = json.loads(text(interrupted()))
    assert [it["standing"] for it in document["targets"]] == ["observed", "not_observed", "not_reached", "not_reached"]
    assert document["run"]["complete"] is False
    assert document["run"]["interrupted"] == "SIGINT"


def test_equal_runs_give_equal_bytes() -> None:
    assert text(city()) == text(city())


def test_an_unused_record_changes_nothing_but_itself() -> None:
    one = json.loads(text(run_of([target("a")], [record("a")], {})))
    assert one["targets"][0]["reason"] is None
    assert one["targets"][0]["used"] == {"connections": 9, "queries": 2, "requests": 20}


def test_the_run_says_from_where_by_what_right_and_who_may_see_it() -> None:
    run = json.loads(text(decided()))["run"]
    assert run["marking"] == "TERBATAS"
    assert run["vantage"] == {"kind": "intranet", "name": "Ruang server Diskominfo", "address": "10.0.0.7"}
    assert run["authorisation"] == {
        "number": "ST-12/KOMINFO/2026",
        "valid_until": "2026-12-31",
        "issued_by": "Kepala Dinas",
    }
    assert len(run["problems"]) == 7


def test_what_nobody_said_is_there_all_the_same() -> None:
    run = json.loads(text(city()))["run"]
    assert run["marking"] == "TERBATAS"
    assert run["vantage"] == {"kind": "unstated", "name": "", "address": ""}
    assert run["authorisation"] is None
    assert run["problems"] == []


def test_accepted_findings_stay_findings_and_are_counted_apart() -> None:
    document = json.loads(text(decided()))
    sums = document["assessment"]
    assert sums["findings"] == {"critical": 0, "high": 0, "medium": 1, "low": 0, "info": 0}
    assert sums["waived"] == {"critical": 1, "high": 0, "medium": 0, "low": 0, "info": 0}
    assert sums["states"]["fail"] == 2
    (waived,) = (it for it in document["findings"] if it["waiver"] is not None)
    assert (waived["state"], waived["severity"]) == ("fail", "critical")
    assert waived["waiver"] == {
        "until": "2026-12-31",
        "approved_by": "Kepala Bidang Aplikasi",
        "reason": "Diganti pada Januari",
    }
