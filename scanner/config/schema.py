"""The JSON Schemas of the files that people write, for editors that complete and check as one types.

`python -m scanner.reports.schemas schema` writes them with the others. They are JSON Schema draft 7, which editors for TOML
read. A schema knows the shape; what needs more than one key (scope, unique ids) only loading the file can tell.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import BaseModel

Schema = dict[str, Any]
DIALECT: Final = "http://json-schema.org/draft-07/schema#"
TARGETS_SCHEMA: Final = "targets.schema.json"
_WORDS = re.compile(r'\[\s+"[^"\n]*"(?:,\s+"[^"\n]*")*\s+\]')


def targets_schema() -> Schema:
    """The schema of a targets file."""
    from scanner.config.sections import TargetsFile

    return _schema("targets", "Pindai targets file", TargetsFile)


def unit_schema() -> Schema:
    """The schema of a unit's file, which a targets file includes."""
    from scanner.config.sections import UnitFile

    return _schema("unit", "Pindai targets of one unit", UnitFile)


def population_schema() -> Schema:
    """The schema of a population file."""
    from scanner.population import PopulationFile

    return _schema("population", "Pindai population file", PopulationFile)


def waivers_schema() -> Schema:
    """The schema of a waivers file."""
    from scanner.waivers import WaiversFile

    return _schema("waivers", "Pindai waivers file", WaiversFile)


def framework_schema() -> Schema:
    """The schema of an agency's own framework file."""
    from scanner.frameworks.sections import OwnFrameworkFile

    return _schema("framework", "Pindai framework of your own", OwnFrameworkFile)


SCHEMAS: Final[Mapping[str, Callable[[], Schema]]] = {
    "targets": targets_schema,
    "unit": unit_schema,
    "population": population_schema,
    "waivers": waivers_schema,
    "framework": framework_schema,
}
"""By kind of file; `KIND.schema.json` is what each is called."""


def write_schemas(folder: Path) -> None:
    """Write all of them into a folder."""
    for kind, schema in SCHEMAS.items():
        (folder / f"{kind}.schema.json").write_text(written(schema()), encoding="utf-8")


def written(schema: Schema) -> str:
    """The text of a schema file, lists of words on one line each."""
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    return (
        _WORDS.sub(lambda found: re.sub(r"\s*\n\s*", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text) + "\n"
    )


def _schema(kind: str, title: str, model: type[BaseModel]) -> Schema:
    made = _tidied(model.model_json_schema(by_alias=True))
    schema = {"$schema": DIALECT, "$id": f"urn:pindai:schema:{kind}", **made, "title": title}
    return _with_thresholds(schema)


def _tidied(schema: Any) -> Any:
    """Without the titles that pydantic makes of names, and with descriptions on one line."""
    if isinstance(schema, list):
        return [_tidied(it) for it in schema]
    if not isinstance(schema, dict):
        return schema
    kept: Schema = {}
    alternatives = [it for it in schema.get("anyOf", ()) if it != {"type": "null"}]  # TOML has no null
    if isinstance(schema.get("anyOf"), list) and len(alternatives) < len(schema["anyOf"]):
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        schema = {**alternatives[0], **rest} if len(alternatives) == 1 else {**rest, "anyOf": alternatives}
    for key, value in schema.items():
        if key == "title" and isinstance(value, str):
            continue
        kept[key] = " ".join(value.split()) if key == "description" and isinstance(value, str) else _tidied(value)
    return kept


def _with_thresholds(schema: Schema) -> Schema:
    """The ids of checks and the names of their parameters, wherever `params` may stand."""
    holders = [it for it in (schema, *schema.get("$defs", {}).values()) if "params" in it.get("properties", {})]
    if holders:
        schema["$defs"]["Params"] = _thresholds()
        for holder in holders:
            about = holder["properties"]["params"]["description"]
            holder["properties"]["params"] = {"description": about, "allOf": [{"$ref": "#/$defs/Params"}]}
    return schema


def _thresholds() -> Schema:
    from scanner.plugins import RESERVED
    from scanner.registry import discover

    by_id: Schema = {}
    for check in discover().values():
        if check.params is not None:
            names = [field.name for field in msgspec.structs.fields(check.params)]
            about = f"Of {check.id}; `pindai checks {check.id}` explains them."
            by_id[check.id] = _only(about, {name: {} for name in names})
            by_id |= dict.fromkeys(check.was, by_id[check.id])
    # What a plug-in's checks take, an editor cannot know; `pindai config check` does.
    others = f"^(?!(?:{'|'.join(sorted(RESERVED))})[.])[a-z][a-z0-9_]*[.]"
    of_plugins = {"description": "Of a plug-in's check.", "type": "object"}
    return {**_only("Thresholds by check id.", by_id), "patternProperties": {others: of_plugins}}


def _only(description: str, properties: Schema) -> Schema:
    return {"description": description, "type": "object", "properties": properties, "additionalProperties": False}
