"""The JSON Schemas of `result.json` and `observations.jsonl`, made from the types that are written.

`python -m scanner.reports.schemas schema` writes them into that folder; a test fails when the files there are older than
the types.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from scanner.assessment import Assessment
from scanner.clauses.assessed import ClauseInShort
from scanner.cost import Contact, Cost
from scanner.doubt import Doubt
from scanner.estate import Target, Vantage
from scanner.findings import Finding, Severity
from scanner.journal import Standing, TargetRecord
from scanner.judge import ANY_OBSERVATION
from scanner.observations.steps import Reason
from scanner.reports.observations_jsonl import FORMAT
from scanner.reports.result_json import SCHEMA
from scanner.reports.tls_policies import PoliciesTold
from scanner.run import CheckUsed, Ending, Manifest, PluginUsed, Tool

RESULT_FILE = "result.schema.json"
OBSERVATIONS_FILE = "observations.schema.json"

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_TIME = {"type": "string", "format": "date-time"}
_WORDS = re.compile(r'\[\s+"\w+"(?:,\s+"\w+")*\s+\]')
_SEVERITIES = [severity.word for severity in reversed(Severity)]

_ABOUT_FIELDS: Mapping[tuple[str, str], Schema] = {
    ("AcceptedUntil", "approved_by"): {"description": "Who accepted it, as the waiver names them."},
    ("AcceptedUntil", "reason"): {"description": "Why."},
    ("AcceptedUntil", "until"): {"description": "The last day on which it holds, in the agency's zone."},
    ("Assessment", "coverage"): {"description": "How much of the list was seen."},
    ("Assessment", "findings"): {
        "description": "Open findings (state fail, no waiver) by severity; every severity is listed.",
        "required": _SEVERITIES,
        "propertyNames": {"enum": _SEVERITIES},
    },
    ("Assessment", "states"): {"description": "Verdicts by state; every state is listed."},
    ("Assessment", "waived"): {
        "description": "Findings that a waiver accepts, by severity; every severity is listed.",
        "required": _SEVERITIES,
        "propertyNames": {"enum": _SEVERITIES},
    },
    ("ClauseInShort", "certainty"): {"description": "How sure the clause's wording is; never quote one without it."},
    ("ClauseInShort", "figure"): {
        "description": "Services by what was seen; null where a clause has no such figure.",
        "anyOf": [{"$ref": "#/$defs/FigureInShort"}, {"type": "null"}],
    },
    ("ClauseInShort", "findings"): {
        "description": "Open findings on it by severity, each counted once; none left out."
    },
    ("ClauseInShort", "id"): {"description": "Framework, `/`, and where the clause stands."},
    ("ClauseInShort", "state"): {
        "description": "What can be said of it: never a level, never that it is met or broken."
    },
    ("ClauseInShort", "waived"): {"description": "Findings on it that somebody accepted."},
    ("FigureInShort", "counted"): {"description": "The whole, or the services in scope where no list gives one."},
    ("FigureInShort", "document"): {"description": "The document of the official list; empty without one."},
    ("FigureInShort", "document_date"): {"description": "Its date; null without one."},
    ("FigureInShort", "supports"): {"description": "Services that support it, as far as seen."},
    ("FigureInShort", "unknown"): {"description": "Services of which nothing can be said."},
    ("FigureInShort", "whole"): {"description": "Services by the official list; null without one: no share then."},
    ("FigureInShort", "with_findings"): {"description": "Services with findings that need explaining."},
    ("CheckUsed", "id"): {"description": "Check id, as of the version that ran."},
    ("CheckUsed", "params"): {"description": "Its thresholds, durations in ISO 8601; defaults are written out."},
    ("CheckUsed", "version"): {"description": "Raised whenever the check may judge the same observation otherwise."},
    ("Contact", "address"): {"description": "IP address."},
    ("Contact", "port"): {"description": "TCP or UDP port."},
    ("Contact", "times"): {"description": "Connections begun, or queries sent."},
    ("Contact", "traffic"): {"description": "The class of traffic."},
    ("Cost", "connections"): {"description": "TCP connections."},
    ("Cost", "queries"): {"description": "DNS queries."},
    ("Cost", "requests"): {"description": "HTTP requests."},
    ("Coverage", "not_observed"): {"description": "Targets that were tried and gave nothing."},
    ("Coverage", "not_reached"): {"description": "Targets whose turn never came, because the run was stopped."},
    ("Coverage", "observed"): {"description": "Targets of which at least one endpoint answered something."},
    ("Coverage", "population"): {
        "description": "The targets held against the official list of services; null when the run was given none.",
        "anyOf": [{"$ref": "#/$defs/PopulationFigures"}, {"type": "null"}],
    },
    ("Coverage", "targets"): {"description": "Targets in the list."},
    ("Coverage", "units"): {"description": "Distinct units among the targets."},
    ("Coverage", "unobserved"): {"description": "The not_observed by reason."},
    ("Finding", "check"): {"description": "Check id: area.topic or area.topic.name."},
    ("Finding", "check_version"): {"description": "Version of the check that said so."},
    ("Finding", "evidence"): {
        "description": "Digests of the observations it rests on; never empty for a pass or a fail.",
        "items": _DIGEST,
    },
    ("Finding", "expected"): {"description": "What the policy asks for, for people."},
    ("Finding", "fingerprint"): {
        "description": "What names the fault across runs: of check, target and subject, without time, number or address.",
        "pattern": "^[0-9a-f]{32}$",
    },
    ("Finding", "fixed_by"): {"description": "Who can repair it."},
    ("Finding", "found"): {"description": "What was seen instead, for people."},
    ("Finding", "message"): {"description": "The verdict as a sentence."},
    ("Finding", "outcome"): {"description": "Key in the check's table of outcomes."},
    ("Finding", "reason"): {"description": "Why it is unknown or an error; null otherwise."},
    ("Finding", "replay"): {"description": "How far its evidence can be derived again; null without evidence."},
    ("Finding", "severity"): {
        "description": "How grave; set exactly when the state is fail.",
        "anyOf": [{"enum": _SEVERITIES}, {"type": "null"}],
    },
    ("Finding", "sightings"): {"description": "What was concluded at each address, where more than one was looked at."},
    ("Finding", "state"): {"description": "What can be said."},
    ("Finding", "subject"): {"description": "What it is about."},
    ("Finding", "target"): {"description": "Id of the target."},
    ("Finding", "vantage"): {"description": "Where it was seen from, as the operator says."},
    ("Finding", "waiver"): {
        "description": "That somebody accepted this finding until a day; null for one that is open, and for what is none.",
        "anyOf": [{"$ref": "#/$defs/AcceptedUntil"}, {"type": "null"}],
    },
    ("Message", "arguments"): {"description": "The values in the sentence."},
    ("Message", "en"): {"description": "In English."},
    ("Message", "id"): {"description": "In Indonesian."},
    ("PopulationFigures", "date"): {"description": "Of the document."},
    ("PopulationFigures", "document"): {"description": "The document that the list comes from."},
    ("PopulationFigures", "not_listed"): {
        "description": "Registered services without a target, at most 50; services minus services_listed is their number."
    },
    ("PopulationFigures", "services"): {"description": "Services of the official list."},
    ("PopulationFigures", "services_listed"): {"description": "Those that have at least one target."},
    ("PopulationFigures", "services_observed"): {"description": "Those of which at least one target was observed."},
    ("PopulationFigures", "targets_not_registered"): {
        "description": "Ids of targets that the official list does not know by name or host, at most 50."
    },
    ("PopulationFigures", "targets_not_registered_count"): {"description": "How many there are."},
    ("PopulationFigures", "units"): {"description": "Units of the official list; null when it names services only."},
    ("PopulationFigures", "units_listed"): {"description": "Those that have at least one target."},
    ("PopulationFigures", "units_observed"): {"description": "Those of which at least one target was observed."},
    ("PopulationFigures", "units_without_service"): {
        "description": "Those that declared to have no online service; they stand in units too."
    },
    ("RegisteredService", "name"): {"description": "Its name in the official list."},
    ("RegisteredService", "unit"): {"description": "The unit it is registered for; empty when the list does not say."},
    ("Sighting", "address"): {"description": "IP address."},
    ("Sighting", "outcome"): {"description": "Key in the check's table of outcomes."},
    ("Sighting", "reason"): {"description": "Why it is unknown."},
    ("DeviationTold", "certainty"): {"description": "How sure that is; never quote a value without it."},
    ("DeviationTold", "detail"): {"description": "What was compared, in English, where the name does not say."},
    ("DeviationTold", "grade"): {"description": "What the policy thinks of it: phase_out or insufficient."},
    ("DeviationTold", "name"): {"description": "What it is called: a version, a suite, a group, a size."},
    ("DeviationTold", "place"): {"description": "Where in the document the policy has it from."},
    ("DeviationTold", "source"): {"description": "The document that the policy has it from, with its edition."},
    ("DeviationTold", "topic"): {"description": "What it is about."},
    ("DeviationTold", "version"): {
        "description": "The version of TLS in which it was seen; null where that makes no difference.",
        "anyOf": [{"$ref": "#/$defs/TlsVersion"}, {"type": "null"}],
    },
    ("HeldAgainst", "address"): {"description": "IP address at which it was looked at."},
    ("HeldAgainst", "deviations"): {"description": "Where it differs from what the policy recommends."},
    ("HeldAgainst", "open"): {"description": "What could not be told: while there is something, there may be more."},
    ("HeldAgainst", "policy"): {"description": "Name of the policy."},
    ("HeldAgainst", "service"): {"description": "Host and port."},
    ("HeldAgainst", "starttls"): {"description": "The protocol in which TLS is begun; empty where it begins at once."},
    ("HeldAgainst", "target"): {"description": "Id of the target."},
    ("PoliciesTold", "policies"): {"description": "The policies that were named."},
    ("PoliciesTold", "services"): {"description": "Every TLS service against every policy."},
    ("PolicyAsked", "digest"): {
        "description": "SHA-256 of its values as they ship.",
        "pattern": "^sha256:[0-9a-f]{64}$",
    },
    ("PolicyAsked", "edition"): {"description": "Changes whenever a value does."},
    ("PolicyAsked", "name"): {"description": "As it is asked for."},
    ("StillOpen", "detail"): {"description": "The same in words."},
    ("StillOpen", "reason"): {"description": "Why."},
    ("StillOpen", "what"): {
        "description": "`versions.SSLv3`, `suites.TLSv1.2`, ...; `service` where nothing was seen."
    },
    ("Doubt", "at"): {"description": "When, UTC."},
    ("Doubt", "failed"): {"description": "How many of the last targets had failed."},
    ("Doubt", "of"): {"description": "How many the last were."},
    ("Doubt", "waited_s"): {"description": "How long was waited for somebody to answer, in seconds."},
    ("Doubt", "whose"): {"description": "Whose fault it was, as far as anybody could tell."},
    ("Sighting", "state"): {"description": "What can be said of this address."},
    ("Subject", "key"): {"description": "Tells subjects of one kind apart; never changes with time or address."},
    ("PluginUsed", "areas"): {"description": "How ids of its checks, and kinds of its observations, begin."},
    ("PluginUsed", "digest"): {
        "description": "SHA-256 over its installed files; empty when they are not known (an editable installation).",
        "pattern": "^(sha256:[0-9a-f]{64})?$",
    },
    ("PluginUsed", "distribution"): {"description": "Name of the distribution."},
    ("PluginUsed", "version"): {"description": "Its version."},
    ("Subject", "kind"): {"description": "service, cookie, page, ..."},
    ("Tool", "check_api"): {"description": "Version of what checks rely on."},
    ("Tool", "pindai"): {"description": "Version of Pindai."},
    ("Tool", "python"): {"description": "Version of Python."},
    ("Tool", "tls_library"): {"description": "The TLS library and its version."},
}
"""What the types cannot say of their fields: a description, or a tighter rule."""


def result_schema() -> Schema:
    """The schema of `result.json`."""
    defs = definitions([Finding, Assessment, Tool, CheckUsed, PluginUsed, Cost, Contact, Doubt])
    defs |= definitions([ClauseInShort, PoliciesTold])
    clauses = {
        "anyOf": [{"type": "array", "items": {"$ref": "#/$defs/ClauseInShort"}}, {"type": "null"}],
        "description": "What the run says about the clauses that something speaks to, by the frameworks that ship; null "
        "for URLs typed by hand. `pindai assess --format json` has more.",
    }
    defs["Assessment"]["properties"]["clauses"] = clauses
    defs["Assessment"]["required"].append("clauses")
    defs["Run"] = object_of(
        "What was asked, by what, when, and how it ended.",
        {
            "id": {"type": "string", "description": "Sorts by time."},
            "started": {**_TIME, "description": "When it began, UTC."},
            "ended": {"anyOf": [_TIME, {"type": "null"}], "description": "Null while it runs, or when it was killed."},
            "complete": {"type": "boolean", "description": "Whether every target is done."},
            "traffic": {
                "type": "object",
                "additionalProperties": {"type": "integer"},
                "description": "Connections and DNS queries by class of traffic, of the last part of a resumed run.",
            },
            "interrupted": {
                "type": "string",
                "description": "What stopped it: a signal, `window` (its scan window closed), `authorisation` (it ran "
                "out) or `our_side` (our own network failed); empty when nothing did.",
            },
            "refused": {
                "type": "object",
                "additionalProperties": {"type": "integer"},
                "description": "What was asked for and not let out, by class of traffic.",
            },
            "doubts": _list(
                {"$ref": "#/$defs/Doubt"}, "When it was in doubt whether our own network was well, and what came of it."
            ),
            "clock_jump_s": {
                "type": "number",
                "description": "The largest jump of the scanning machine's clock meanwhile, in seconds; 0 for none.",
            },
            "tool": {"$ref": "#/$defs/Tool", "description": "What did the looking."},
            "agent": {"type": "string", "description": "The User-Agent that was sent."},
            "agency": {"type": "string", "description": "For whom; empty when not told."},
            "time_zone": {"type": "string", "description": "Zone of the times in sentences (IANA name)."},
            "targets_from": {"type": "string", "description": "The file the targets came from, or `command line`."},
            "marking": {"type": "string", "description": "Who may see it, as the operator says: TERBATAS, ..."},
            "vantage": object_of(
                "Where was looked from, as the operator says.",
                {
                    "kind": {"enum": [kind.value for kind in Vantage]},
                    "name": {"type": "string", "description": "Of the place; empty when not told."},
                    "address": {
                        "type": "string",
                        "description": "What services see it come from; empty when not told.",
                    },
                },
            ),
            "authorisation": {
                "anyOf": [
                    object_of(
                        "The document that allows the scan.",
                        {
                            "number": {"type": "string", "description": "Its number."},
                            "valid_until": {
                                "type": "string",
                                "format": "date",
                                "description": "The last day on which it does, in the agency's zone.",
                            },
                            "issued_by": {"type": "string", "description": "Who issued it; empty when not told."},
                        },
                    ),
                    {"type": "null"},
                ],
                "description": "Null when none was named.",
            },
            "problems": _list(
                {"type": "string"},
                "What was wrong in the configuration and left out (an included file, a waiver): the run is incomplete.",
            ),
            "profile": object_of(
                "Which checks, at what pace.",
                {
                    "name": {"type": "string", "description": "default, gentle, local, ..."},
                    "version": {"type": "string", "description": "Of the profile."},
                },
            ),
            "resolvers": _list({"type": "string"}, "Resolvers that were asked, `address:port`."),
            "checks": _list({"$ref": "#/$defs/CheckUsed"}, "Checks in force, with their thresholds."),
            "plugins": _list(
                {"$ref": "#/$defs/PluginUsed"}, "Distributions that took part besides Pindai itself, by name."
            ),
            "manifest": {**_DIGEST, "description": "Digest of the manifest in observations.jsonl."},
        },
    )
    defs["Target"] = _target(msgspec.json.schema(Target, schema_hook=_anything)["$defs"])
    whole = {
        "$schema": _DIALECT,
        "$id": "urn:pindai:schema:result-1",
        "title": "Pindai result",
        **object_of(
            "The result of a run. Findings rest on observations, which are named here by digest and kept in "
            "observations.jsonl. What is unknown is listed and never counted as a pass.",
            {
                "schema": {"const": SCHEMA, "description": "Name and version of this format."},
                "run": {"$ref": "#/$defs/Run"},
                "targets": _list(
                    {"$ref": "#/$defs/Target"}, "All targets in the order of the list, also unobserved ones."
                ),
                "findings": _list({"$ref": "#/$defs/Finding"}, "All verdicts by target, gravest first."),
                "assessment": {"$ref": "#/$defs/Assessment"},
                "observations": _list(_DIGEST, "Digests of all observations."),
            },
        ),
        "$defs": dict(sorted(defs.items())),
    }
    whole["properties"]["tls_policies"] = {
        "$ref": "#/$defs/PoliciesTold",
        "description": "Only where `--tls-policy` named some: what they say of the same observations. It decides nothing.",
    }
    return whole


def _target(defs: Mapping[str, Schema]) -> Schema:
    """A target's place in the estate, and how far the run came with it."""
    record = {"description": "Null when the target was not reached."}
    return object_of(
        "A service endpoint and how far the run came with it.",
        {
            "id": {"type": "string", "description": "Stable across renamed URLs; findings are followed by it."},
            "url": {"type": "string", "description": "What was scanned."},
            "service": {"type": "string", "description": "Name of the service."},
            "unit": {"type": "string", "description": "The unit it belongs to (perangkat daerah)."},
            "contact": {"type": "string", "description": "Who is asked to repair things."},
            "category": {
                "anyOf": [{"enum": defs["Category"]["enum"]}, {"type": "null"}],
                "description": "Category of the electronic system as decided by its owner; null when not told.",
            },
            "environment": {"type": "string", "description": "production, staging, ..."},
            "kinds": _list({"enum": defs["Kind"]["enum"]}, "What it was asked as."),
            "standing": {
                "enum": [*(standing.value for standing in Standing), "not_reached"],
                "description": "How far it came; not_reached when the run was stopped before its turn.",
            },
            "reason": {
                "anyOf": [{"enum": [reason.value for reason in Reason]}, {"type": "null"}],
                "description": "Why it was not observed.",
            },
            "detail": {"type": "string", "description": "The same in words, where it stopped."},
            "started": {"anyOf": [_TIME, {"type": "null"}], **record},
            "ended": {"anyOf": [_TIME, {"type": "null"}], **record},
            "used": {"anyOf": [{"$ref": "#/$defs/Cost"}, {"type": "null"}], **record},
            "ceiling": {"anyOf": [{"$ref": "#/$defs/Cost"}, {"type": "null"}], **record},
            "contacted": _list(
                {"$ref": "#/$defs/Contact"}, "Who was contacted for it, in which class of traffic, and how often."
            ),
        },
    )


def observations_schema() -> Schema:
    """The schema of each line of `observations.jsonl`."""
    (any_observation,), defs = _components([ANY_OBSERVATION])
    defs |= definitions([Manifest, Ending, TargetRecord, Finding])
    (alternatives,) = any_observation.values()
    defs["AnyObservation"] = {
        "description": "One network fact, seen once.",
        "anyOf": [*alternatives, {"$ref": "#/$defs/PluginObservation"}],
    }
    defs["PluginObservation"] = {
        "description": "What a probe of a plug-in saw; the plug-in says what the other fields are.",
        "type": "object",
        "properties": {
            "kind": {"type": "string", "pattern": "^[a-z][a-z0-9_]*\\.", "description": "Begins with its area."},
            "started": {**_TIME, "description": "When it began, UTC."},
            "took_ms": {"type": "number"},
            "parts": _list(_DIGEST, "What it was put together from."),
        },
        "required": ["kind", "started", "took_ms"],
    }
    defs["First"] = object_of(
        "The first line: what the run was asked, and how it ended.",
        {
            "format": {"const": FORMAT, "description": "Name and version of this format."},
            "marking": {"type": "string", "description": "That of the manifest: who may see it."},
            "manifest_digest": {
                **_DIGEST,
                "description": "SHA-256 of the bytes of `manifest`, exactly as they stand here.",
            },
            "manifest": {"$ref": "#/$defs/Manifest"},
            "end": {
                "anyOf": [{"$ref": "#/$defs/Ending"}, {"type": "null"}],
                "description": "Null when it has not ended.",
            },
        },
    )
    defs["Observed"] = object_of(
        "An observation.",
        {
            "digest": {**_DIGEST, "description": "SHA-256 of the bytes of `observation`, exactly as they stand here."},
            "observation": {"$ref": "#/$defs/AnyObservation"},
        },
    )
    defs["Judged"] = object_of(
        "A target, after all observations.",
        {
            "target": {"$ref": "#/$defs/TargetRecord"},
            "filed": {
                "type": "object",
                "additionalProperties": _DIGEST,
                "description": "Probe key to the digest of what it saw.",
            },
            "findings": {
                "anyOf": [_list({"$ref": "#/$defs/Finding"}), {"type": "null"}],
                "description": "What was concluded; null when the target was not judged yet.",
            },
        },
    )
    defs["Last"] = object_of(
        "The last line; a file without it was cut off.",
        {
            "lines": {"type": "integer", "minimum": 1, "description": "How many lines stand before this one."},
            "digest": {**_DIGEST, "description": "SHA-256 of all bytes before this line."},
        },
    )
    return {
        "$schema": _DIALECT,
        "$id": "urn:pindai:schema:observations-1",
        "title": "A line of Pindai's observations",
        "description": "JSON Lines: First, then each Observed, then each Judged, then Last.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("First", "Observed", "Judged", "Last")],
        "$defs": dict(sorted(defs.items())),
    }


def object_of(description: str, properties: Schema) -> Schema:
    """An object that has exactly these properties."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema, description: str = "") -> Schema:
    return {"type": "array", "items": items, **({"description": description} if description else {})}


def definitions(types: Iterable[Any]) -> dict[str, Schema]:
    """The definitions of all types within these types, by name."""
    return _components(types)[1]


def _components(types: Iterable[Any]) -> tuple[tuple[Schema, ...], dict[str, Schema]]:
    """References to the types, and the definitions of all types within them."""
    types = list(types)
    references, defs = msgspec.json.schema_components(types, schema_hook=_anything)
    always_whole = {kind.__name__ for kind in _structs(types) if not kind.__struct_config__.omit_defaults}
    tidied = {name: _tidied(name, schema, whole=name in always_whole) for name, schema in defs.items()}
    return tuple(_without_discriminators(reference) for reference in references), tidied


def _anything(kind: type) -> Schema:
    """`object` is the type of values that no rule binds: arguments of a sentence, thresholds."""
    if kind is object:
        return {"description": "Any value."}
    raise NotImplementedError


def _tidied(name: str, schema: Schema, *, whole: bool) -> Schema:
    schema = _without_discriminators(schema)
    schema.pop("title", None)
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    if "properties" in schema:
        for field, rule in schema["properties"].items():
            more = _ABOUT_FIELDS.get((name, field), {})
            schema["properties"][field] = {**more} if "anyOf" in more else {**rule, **more}
        if whole:
            schema["required"] = list(schema["properties"])
        schema["additionalProperties"] = False
    return schema


def _without_discriminators(schema: Any) -> Any:
    """`discriminator` is a word of OpenAPI; the tags in the alternatives say the same in JSON Schema."""
    if isinstance(schema, dict):
        return {key: _without_discriminators(value) for key, value in schema.items() if key != "discriminator"}
    return [_without_discriminators(value) for value in schema] if isinstance(schema, list) else schema


def _structs(types: Iterable[Any]) -> set[type[msgspec.Struct]]:
    """All Struct types within these types."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(types))
    while waiting:
        match waiting.pop():
            case msgspec.inspect.StructType(cls=cls, fields=fields) if cls not in found:
                found.add(cls)
                waiting += [field.type for field in fields]
            case msgspec.inspect.UnionType(types=inner):
                waiting += inner
            case msgspec.inspect.TupleType(item_types=inner):
                waiting += inner
            case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.ListType(item_type=item):
                waiting.append(item)
            case msgspec.inspect.DictType(value_type=item):
                waiting.append(item)
            case _:
                pass
    return found


def written(schema: Schema) -> str:
    """The text of a schema file, lists of words on one line each."""
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    return _WORDS.sub(lambda found: " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]"), text) + "\n"


def main(arguments: list[str]) -> None:
    """Write all schemas into the folder named, those of the files that people write too."""
    from scanner.config.schema import write_schemas
    from scanner.reports.clauses_schema import ASSESSMENT_FILE, assessment_schema
    from scanner.reports.inspection_schema import INSPECTION_FILE, inspection_schema

    folder = Path(arguments[0])
    (folder / RESULT_FILE).write_text(written(result_schema()), encoding="utf-8")
    (folder / OBSERVATIONS_FILE).write_text(written(observations_schema()), encoding="utf-8")
    (folder / ASSESSMENT_FILE).write_text(written(assessment_schema()), encoding="utf-8")
    (folder / INSPECTION_FILE).write_text(written(inspection_schema()), encoding="utf-8")
    write_schemas(folder)


if __name__ == "__main__":
    main(sys.argv[1:] or ["schema"])
