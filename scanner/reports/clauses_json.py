"""The assessment of clauses as JSON, one line a clause."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from scanner.clauses.assessed import ClauseAssessment, ClausesAssessed
from scanner.frameworks.framework import Rulebook
from scanner.json_text import inert

SCHEMA: Final = "pindai-clauses-1"

_encoder = msgspec.json.Encoder(order="sorted")


def clauses_json(assessed: ClausesAssessed, chosen: Iterable[ClauseAssessment], rulebook: Rulebook) -> Iterator[bytes]:
    """The run, its facts, and the chosen clauses with their wording and its certainty; inert on a terminal."""
    wordings = {clause.id: clause for clause in rulebook.clauses()}
    head = {
        name: getattr(assessed, name)
        for name in assessed.__struct_fields__
        if name not in ("clauses", "policy", "facts")
    }
    yield b'{"schema":' + _encoder.encode(SCHEMA)
    yield inert(b',\n"run":' + _encoder.encode(head))
    yield inert(b',\n"policy":' + _encoder.encode(assessed.policy))
    yield inert(b',\n"facts":' + _encoder.encode(assessed.facts))
    yield b',\n"certainties":' + _encoder.encode(rulebook.certainties)
    yield b',\n"clauses":['
    separator = b"\n"
    for it in chosen:
        clause = wordings[it.id]
        whole: dict[str, object] = {
            **msgspec.to_builtins(it),
            "article": clause.article,
            "text": clause.text,
            "title": clause.title,
            "needed": () if clause.crosswalk is None else clause.crosswalk.manual,
            "measurable": None if clause.crosswalk is None else clause.crosswalk.measurable,
        }
        yield separator + inert(_encoder.encode(whole))
        separator = b",\n"
    yield b"\n]}\n"
