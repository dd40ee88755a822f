"""The assessment of clauses as JSON, one line a clause; described by `schema/assessment.schema.json`."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from scanner.clauses.assessed import ClauseAssessment, ClausesAssessed
from scanner.frameworks.framework import Rulebook
from scanner.json_text import inert

SCHEMA: Final = "pindai-assessment-1"
PARTS: Final = ("coverage", "period", "policy", "facts", "clauses")
"""What stands beside `run` and not in it."""

_encoder = msgspec.json.Encoder(order="sorted")


def clauses_json(assessed: ClausesAssessed, chosen: Iterable[ClauseAssessment], rulebook: Rulebook) -> Iterator[bytes]:
    """The run, its facts, and the chosen clauses with their wording and its certainty; inert on a terminal."""
    wordings = {clause.id: clause for clause in rulebook.clauses()}
    head = {name: getattr(assessed, name) for name in assessed.__struct_fields__ if name not in PARTS}
    yield b'{"schema":' + _encoder.encode(SCHEMA)
    yield inert(b',\n"run":' + _encoder.encode(head))
    for name in PARTS[:-1]:
        yield inert(f',\n"{name}":'.encode() + _encoder.encode(getattr(assessed, name)))
    yield b',\n"certainties":' + _encoder.encode(rulebook.certainties)
    yield b',\n"clauses":['
    separator = b"\n"
    for it in chosen:
        clause = wordings[it.id]
        whole: dict[str, object] = {
            **{name: getattr(it, name) for name in it.__struct_fields__},
            "article": clause.article,
            "text": clause.text,
            "title": clause.title,
            "needed": () if clause.crosswalk is None else clause.crosswalk.manual,
            "measurable": None if clause.crosswalk is None else clause.crosswalk.measurable,
        }
        yield separator + inert(_encoder.encode(whole))
        separator = b",\n"
    yield b"\n]}\n"
