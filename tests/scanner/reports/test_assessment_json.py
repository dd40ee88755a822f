"""`pindai assess --format json` and the clauses in `result.json` fit their published schemas, and call nothing met."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from runs import city, decided, hostile, interrupted, own_machine, province
from test_clauses_text import BOOK, assessed, forty_seven, sheets, texts

from scanner.clauses.assessed import ClausesAssessed, ClauseState
from scanner.history.changes import asker
from scanner.history.night import night_of
from scanner.history.period import period_of_nights
from scanner.locale.change_phrases import change_phrases
from scanner.locale.clause_phrases import clause_phrases
from scanner.reports.clauses_json import clauses_json
from scanner.reports.clauses_schema import ASSESSMENT_FILE, assessment_schema
from scanner.reports.result_json import result_json
from scanner.reports.schemas import written
from scanner.run import Run

SCHEMA = Path(__file__).parents[3] / "schema" / ASSESSMENT_FILE
MADE = (city, province, decided, hostile, interrupted, own_machine, forty_seven)


def problems(document: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    return [f"{list(it.path)}: {it.message[:200]}" for it in validator.iter_errors(document)]


def written_out(made: ClausesAssessed) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(b"".join(clauses_json(made, made.clauses, BOOK)))
    return told


def with_period(run: Run) -> ClausesAssessed:
    """The run as the only one of its period."""
    day = run.manifest.estate.local(run.manifest.started).date()
    nights = [(night_of(run), asker(run.journal))]
    return assessed(run, period=period_of_nights(nights, run.manifest.estate, day, day))


def test_the_schema_is_that_of_the_types() -> None:
    assert SCHEMA.read_text("utf-8") == written(assessment_schema()), "run: python -m scanner.reports.schemas schema"


def test_every_definition_is_described() -> None:
    schema = assessment_schema()
    assert [name for name, rule in schema["$defs"].items() if not rule.get("description")] == []
    for name in ("Run", "Clause"):
        told = schema["$defs"][name]["properties"]
        assert [field for field, rule in told.items() if not rule["description"]] == []


@pytest.mark.parametrize("make", MADE)
def test_an_assessment_fits_its_schema(make: Any) -> None:
    for made in (assessed(make()), with_period(make())):
        assert problems(written_out(made)) == []


def test_the_schema_refuses_what_is_none() -> None:
    whole = written_out(with_period(city()))
    for spoil in (
        lambda it: it["clauses"][0].update(state="met"),
        lambda it: it["clauses"][0].update(level=3),
        lambda it: it["clauses"][0].pop("certainty"),
        lambda it: it.pop("period"),
        lambda it: it.update(schema="other"),
    ):
        document = json.loads(json.dumps(whole))
        spoil(document)
        assert problems(document)


# -- result.json


@pytest.mark.parametrize("make", [city, forty_seven, decided])
def test_a_result_has_the_state_of_every_clause_that_something_speaks_to(make: Any) -> None:
    told = json.loads(b"".join(result_json(make())))["assessment"]["clauses"]
    made = {it.id: it for it in assessed(make()).clauses if it.state is not ClauseState.MANUAL}
    assert [it["id"] for it in told] == list(made)
    for it in told:
        whole = made[it["id"]]
        assert (it["state"], it["certainty"], it["waived"]) == (whole.state, whole.certainty, whole.waived)
        assert sum(it["findings"].values()) == sum(whole.findings.values())
        assert (it["figure"] is None) == (whole.figure is None)


def test_a_result_in_short_is_short() -> None:
    told = json.loads(b"".join(result_json(forty_seven())))["assessment"]["clauses"]
    assert len(json.dumps(told)) < 40_000


def test_urls_typed_by_hand_have_no_clauses() -> None:
    import msgspec

    run = own_machine()
    estate = msgspec.structs.replace(run.manifest.estate, source="command line")
    run.manifest = msgspec.structs.replace(run.manifest, estate=estate)
    assert json.loads(b"".join(result_json(run)))["assessment"]["clauses"] is None


# -- words that are never said

NEVER = re.compile(
    r"\b(lulus|patuh|kepatuhan|taat|aman|terjamin|diabaikan|gagal|dilanggarnya|memenuhi (pasal|syarat|ketentuan|kriteria|"
    r"standar)|melanggar (pasal|ketentuan)|bertentangan|compl(y|ies|iant|iance)|violat\w+|fulfil\w*|satisf\w+|secure|safe|"
    r"passed|failed|mewajibkan|requires|(nilai|skor|score|tingkat|level) \d|(level|tingkat) kematangan \d)\b",
    re.IGNORECASE,
)


def said_by_us(made: ClausesAssessed, language: str) -> str:
    """All lines about a run but the wording of clauses, what entries show, and documents still needed."""
    writer = texts(language, 10_000)
    quoted = set()
    for clause in BOOK.clauses():
        quoted |= {clause.text, clause.title, f"{clause.title} / {clause.text}", clause.note}
        if clause.crosswalk is not None:
            own = clause.crosswalk
            quoted |= {it.says.of(language) for it in own.evidence} | {it.of(language) for it in own.manual}
            quoted |= set() if own.via is None else {own.via.says.of(language)}
            quoted |= set() if own.measurable is None else {own.measurable.id, own.measurable.en}
    lines = [*writer.overview(made, made.clauses, everything=True), *writer.sheets(made, made.clauses)]
    return "\n".join(line for line in lines if not any(it and it in line for it in quoted))


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("make", [city, decided, forty_seven])
def test_nothing_we_say_of_a_run_calls_it_met_or_broken(make: Any, language: str) -> None:
    told = said_by_us(with_period(make()), language)
    told = told.replace(clause_phrases(language).footer, "")
    assert len(told) > 5_000
    assert sorted({it[0] for it in NEVER.findall(told)}) == []


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_phrase_of_changes_calls_anything_met_or_broken(language: str) -> None:
    words = change_phrases(language)
    told = " ".join(getattr(words, name) for name in words.__struct_fields__)
    assert NEVER.findall(told) == []


@pytest.mark.parametrize(
    "bad", ["lulus", "patuh", "aman", "memenuhi Pasal 27", "complies", "level 3", "tingkat 4", "Safe"]
)
def test_the_words_are_noticed(bad: str) -> None:
    assert NEVER.search(f"Layanan ini {bad}.")


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("width", [40, 80])
def test_facts_of_a_period_are_bounded_and_inert(language: str, width: int) -> None:
    for make in (city, hostile):
        made = with_period(make())
        writer = texts(language, width, ascii_only=True)
        lines = [*writer.overview(made, made.clauses, everything=False), *writer.sheets(made, made.clauses)]
        assert [line for line in lines if len(line) > width or not line.isprintable() or not line.isascii()] == []


def test_every_figure_has_its_date_and_vantage() -> None:
    told = "\n".join(sheets(forty_seven(), "panrb-8-2026/indikator-11"))
    assert "Diamati 21 November 2026 09.02 WITA" in told
    assert "internet" in told
    made = with_period(forty_seven())
    told = " ".join(" ".join(texts("id").overview(made, (), everything=False)).split())
    assert "Periode 21 November 2026 s.d. 21 November 2026 (1 hari), internet." in told
