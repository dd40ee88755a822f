"""The JSON Schema of `pindai assess --format json`, made from the types that are written."""

from collections.abc import Mapping
from typing import Any, Final

from scanner.clauses.assessed import ClausesAssessed
from scanner.frameworks.framework import Measurable, Text
from scanner.reports.clauses_json import PARTS, SCHEMA
from scanner.reports.schemas import Schema, definitions, object_of

ASSESSMENT_FILE: Final = "assessment.schema.json"
_ABOUT: Final[Mapping[str, Mapping[str, str]]] = {
    "ClauseAssessment": {
        "id": "Framework, `/`, and where the clause stands.",
        "framework": "The framework it belongs to.",
        "certainty": "How sure the wording is; never quote one without it.",
        "article_number": "How sure the number of the article is.",
        "state": "What can be said of it: never a level, never that it is met or broken.",
        "annex": "Listed as an annex: no indicator sheet, no combined figure.",
        "aggregate": "How endpoints add up.",
        "findings": "Open findings on it by severity, each counted once.",
        "waived": "Findings on it that somebody accepted: neither a pass nor a finding.",
        "unmet": "Keys of its scope that no target matches: somebody has yet to declare them.",
        "loosened": "Guards that the policy was looser than, so that a pass did not count.",
        "unproven": "Guards whose value, or its origin, the run does not tell, so that a pass did not count.",
        "figure": "Services by state; null where the clause has no such figure.",
        "unit_coverage": "Units by how much of them was observed; null where the clause is not about units.",
        "evidence": "What each check that speaks to it said.",
        "facts": "The facts of the run or the period that speak to it.",
        "via": "What came through other clauses.",
        "units": "By unit, in the order of the lists: no rank.",
        "categories": "By category of the electronic system.",
        "services": "The services in its scope.",
    },
    "ClausesAssessed": {
        "run": "Id of the run.",
        "seen": "When it began, UTC.",
        "ended": "When it ended, UTC; null when it did not.",
        "complete": "Whether every target is done.",
        "agency": "For whom.",
        "unit": "The unit that everything is narrowed to; empty for all.",
        "time_zone": "The agency's (IANA name).",
        "vantage": "Where was looked from, as the operator says.",
        "marking": "Who may see it, as the operator says.",
    },
}


def assessment_schema() -> Schema:
    """The schema of the JSON that `pindai assess` writes."""
    defs = definitions([ClausesAssessed, Text, Measurable])
    whole = defs.pop("ClausesAssessed")["properties"]
    clause = defs.pop("ClauseAssessment")["properties"]
    wording: dict[str, Any] = {
        "article": {"type": "string", "description": "Where it stands."},
        "text": {"type": "string", "description": "Its Indonesian wording, as sure as `certainty` says."},
        "title": {"type": "string", "description": "What it is about, in English."},
        "needed": {
            "type": "array",
            "items": {"$ref": "#/$defs/Text"},
            "description": "Documents and interviews that are needed all the same.",
        },
        "measurable": {
            "anyOf": [{"$ref": "#/$defs/Measurable"}, {"type": "null"}],
            "description": "Which words of a criterion a figure can be laid beside; that it fits is our inference.",
        },
    }
    about = "What the run says about a clause: one of six states, figures with their whole, never a level."
    defs["Clause"] = object_of(about, {**_described("ClauseAssessment", clause), **wording})
    head = {name: rule for name, rule in _described("ClausesAssessed", whole).items() if name not in PARTS}
    defs["Run"] = object_of("The run that was held against the clauses.", head)
    told = {name: rule for name, rule in whole.items() if name in PARTS and name != "clauses"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:pindai:schema:assessment-1",
        "title": "Pindai assessment",
        **object_of(
            "A run held against clauses and indicators. What supports a clause does so as far as was seen from outside at "
            "that time: no security audit, no maturity level, no statement that a clause is met or broken.",
            {
                "schema": {"const": SCHEMA, "description": "Name and version of this format."},
                "run": {"$ref": "#/$defs/Run"},
                **told,
                "certainties": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "In English, what each certainty of a wording means.",
                },
                "clauses": {
                    "type": "array",
                    "items": {"$ref": "#/$defs/Clause"},
                    "description": "The clauses asked for, in the order of the frameworks.",
                },
            },
        ),
        "$defs": dict(sorted(defs.items())),
    }


def _described(name: str, properties: Mapping[str, Schema]) -> dict[str, Schema]:
    return {field: {**rule, "description": _ABOUT[name].get(field, "")} for field, rule in properties.items()}
