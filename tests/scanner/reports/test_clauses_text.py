"""Clauses on a terminal and as JSON: bounded, escaped, the certainty beside every clause, the whole in every figure."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import jsonschema
import msgspec
import pytest
from runs import END, HOSTILE, city, decided, finding, hostile, passed, province, record, run_of, target

from scanner.clauses.assess import assess_clauses
from scanner.clauses.assessed import ClausesAssessed, ClauseState, Reach
from scanner.clauses.facts import BUILT
from scanner.estate import AddressPolicy, Category, Population, PopulationService, Vantage, VantagePoint
from scanner.frameworks.framework import Certainty, Framework, Rulebook, Text
from scanner.frameworks.loading import load_rulebook
from scanner.locale.clause_phrases import clause_phrases
from scanner.registry import discover
from scanner.reports.clauses_json import SCHEMA, clauses_json
from scanner.reports.clauses_text import ClauseTexts
from scanner.reports.look import Look
from scanner.run import Run

BOOK = load_rulebook()
LANGUAGES = ("id", "en")
RUNS = {"city": city, "province": province, "decided": decided, "hostile": hostile}


def assessed(run: Run, book: Rulebook = BOOK, **options: Any) -> ClausesAssessed:
    return assess_clauses(run, book, discover(), **options)


def texts(language: str = "id", width: int = 80, *, ascii_only: bool = False, book: Rulebook = BOOK) -> ClauseTexts:
    return ClauseTexts(book, language, Look(width, ascii_only, colour=False))


def overview(run: Run, language: str = "id", width: int = 80, **options: Any) -> list[str]:
    made = assessed(run, **options)
    return list(texts(language, width).overview(made, made.clauses, everything=True))


def sheets(run: Run, *ids: str, language: str = "id", width: int = 80) -> list[str]:
    made = assessed(run)
    return list(texts(language, width).sheets(made, [it for it in made.clauses if not ids or it.id in ids]))


# -- bounded and inert


@pytest.mark.parametrize("name", ["city", "hostile"])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 132])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_the_terminal(name: str, width: int, language: str) -> None:
    run = RUNS[name]()
    lines = overview(run, language, width) + sheets(run, language=language, width=width)
    lines += texts(language, width).frameworks(())
    assert [line for line in lines if len(line) > max(width, 40)] == []


def test_foreign_text_is_escaped() -> None:
    run = hostile()
    lines = overview(run) + sheets(run)
    assert [line for line in lines if not line.isprintable()] == []


def test_a_terminal_without_more_gets_ascii() -> None:
    made = assessed(hostile())
    lines = texts(ascii_only=True).sheets(made, made.clauses)
    assert all(line.isascii() for line in lines)


def test_a_framework_of_ones_own_is_escaped_too() -> None:
    text = HOSTILE.encode("utf-8", "replace").decode()
    clause = msgspec.structs.replace(BOOK.clauses()[6], id=f"{text}/1", article=text, text=text, title=text, note=text)
    own = Framework(id=text, title=Text(text, text), status=text, source=(text,), clauses=(clause,), note=text)
    book = msgspec.structs.replace(BOOK, frameworks=(own,))
    for language in LANGUAGES:
        writer = texts(language, book=book)
        lines = [*writer.frameworks(()), *writer.framework(own, ()), *writer.clause(clause, ())]
        assert [line for line in lines if not line.isprintable() or len(line) > 80] == []


def test_only_checks_that_there_are_are_counted_as_named_by_no_clause() -> None:
    named = [check for it in BOOK.practices for check in it.checks]
    written = {id_: list(texts("en", 132).frameworks(built))[-1] for id_, built in (("", ()), ("one", named[:1]))}
    assert written[""].startswith("0 checks are named by no clause")
    assert written["one"].startswith("1 checks are named by no clause")


# -- what must be said


def blocks(lines: list[str]) -> Iterator[str]:
    """The sheets, each as one text without line ends."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line:
            block.append(line.strip())
        elif block:
            yield " ".join(block)
            block = []


@pytest.mark.parametrize("language", LANGUAGES)
def test_certainty_stands_beside_every_clause(language: str) -> None:
    words = clause_phrases(language)
    rows = [line for line in overview(city(), language) if re.match(r"  (pasal|indikator|prinsip)", line)]
    shown = {block.split()[0]: block for block in blocks(sheets(city(), language=language))}
    for clause, row in zip(BOOK.clauses(), rows, strict=True):
        assert row.split()[0] == clause.id.partition("/")[2]
        assert words.certainties_short[clause.certainty] in row
        assert f"{words.wording}: {words.certainties[clause.certainty]}" in shown[clause.id]
    for framework in BOOK.frameworks:
        told = " ".join(" ".join(texts(language).framework(framework, ())).split())
        assert told.count(f"{words.wording}: ") == len(framework.clauses)


def test_a_wording_from_memory_is_marked() -> None:
    clause = msgspec.structs.replace(BOOK.clauses()[0], certainty=Certainty.MEMORY)
    told = " ".join(" ".join(texts().clause(clause, ())).split())
    assert "[bunyi belum diperiksa] Menggunakan" in told
    assert "jangan dikutip sebagai fakta" in told


NEVER = re.compile(
    r"\b(lulus|patuh|memenuhi pasal|memenuhi syarat|compliant|complies|compliance|violates)\b|\b(nilai|skor|score of) \d",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_called_met_or_broken(language: str) -> None:
    for run in (city(), decided()):
        told = " ".join(overview(run, language) + sheets(run, language=language))
        assert NEVER.findall(told) == []


@pytest.mark.parametrize(("language", "said"), [("id", "Bukan audit keamanan"), ("en", "Not a security audit")])
def test_what_it_is_not_stands_at_the_end(language: str, said: str) -> None:
    for lines in (overview(city(), language), sheets(city(), "bssn-4-2021/pasal-27/8/b", language=language)):
        assert said in " ".join(lines[-4:])


# -- a figure as the indicator sheet has it


def forty_seven() -> Run:
    """47 systems of the official list: 41 support, 3 have findings, 2 were not observed, 1 was not scanned."""
    names = [f"s{number:02}" for number in range(47)]
    listed = tuple(PopulationService(f"Layanan {name}", "Dinas", Category.TINGGI) for name in names)
    rendah = PopulationService("Layanan rendah", "Dinas", Category.RENDAH)
    targets = [
        msgspec.structs.replace(target(name, unit="Dinas"), service=f"Layanan {name}", addresses=AddressPolicy.ALL)
        for name in names[:46]
    ]
    checks = ("tls.certificate.name", "web.https.redirect")
    findings = {
        name: [finding(name, "tls.certificate.name", "critical")] if place < 3 else passed(name, *checks)
        for place, name in enumerate(names[:44])
    }
    return run_of(
        targets,
        [record(name, "" if place < 44 else "blocked") for place, name in enumerate(names[:46])],
        findings,
        zone="Asia/Makassar",
        vantage=VantagePoint(Vantage.INTERNET),
        population=Population(
            "SK 1/2026", date(2026, 1, 31), services=(*listed, rendah), category_document="SK 2/2026"
        ),
    )


def book_of_one() -> Rulebook:
    """Indicator 11 with those of its entries that can be observed now."""
    framework = next(it for it in BOOK.frameworks if it.id == "panrb-8-2026")
    clause = next(it for it in framework.clauses if it.id.endswith("indikator-11"))
    assert clause.crosswalk is not None
    kept = tuple(it for it in clause.crosswalk.evidence if it.check in ("tls.certificate.name", "web.https.redirect"))
    clause = msgspec.structs.replace(clause, crosswalk=msgspec.structs.replace(clause.crosswalk, evidence=kept))
    return msgspec.structs.replace(BOOK, frameworks=(msgspec.structs.replace(framework, clauses=(clause,)),))


def test_the_sums_of_the_indicator_sheet() -> None:
    book = book_of_one()
    made = assessed(forty_seven(), book)
    (found,) = made.clauses
    assert found.figure is not None
    assert (found.state, found.figure.whole, found.figure.supports) == (ClauseState.TO_EXPLAIN, 47, 41)
    assert (found.figure.states["to_explain"], found.figure.unknown, 41 + 3 + 3) == (3, 3, 47)
    told = " ".join(" ".join(texts(book=book).sheets(made, made.clauses)).split())
    assert "41 dari 47 layanan mendukung (87,2 %); 3 ada temuan, 3 tidak teramati" in told
    assert "Bila semua yang tidak teramati sesuai: 44 dari 47; bila tidak satu pun: 41 dari 47." in told
    assert "Keseluruhan menurut SK 2/2026, 31 Januari 2026." in told
    assert "Diamati 21 November 2026 09.02 WITA, dari internet." in told


def test_without_a_list_there_is_no_share() -> None:
    (row,) = [block for block in blocks(sheets(city(), "bssn-4-2021/pasal-27/8/b")) if "Angka" in block]
    assert "6 layanan (tanpa daftar resmi, jadi tanpa persentase): 4 ada temuan, 2 tidak teramati" in row
    assert "%" not in row


def test_what_was_not_observed_says_why() -> None:
    told = " ".join(" ".join(sheets(city(), "bssn-4-2021/pasal-27/8/b")).split())
    assert "tls.protocol.modern (tanpa TLS 1.2 maupun TLS 1.3): tidak diperiksa pada pemindaian ini" in told
    assert "belum dapat disimpulkan 1 (diblokir 1)" in told
    assert "Ambang dilonggarkan: addresses. Hasil sesuai tidak dihitung." in told


def test_units_with_findings_come_first_and_the_rest_is_counted() -> None:
    (told,) = [block for block in blocks(sheets(province(), "bssn-4-2021/pasal-27/8/d")) if "Per perangkat" in block]
    assert told.index("Dinas Nomor 00: ada temuan") < told.index("Dinas Nomor 01: tidak teramati")
    assert "dan 38 lagi" in told


def test_the_overview_counts_what_nothing_speaks_to() -> None:
    made = assessed(city())
    told = "\n".join(texts().overview(made, made.clauses, everything=False))
    assert "73 butir lain: perlu dokumen atau wawancara" in told
    assert "pasal-27/1/a " not in told


# -- frameworks


def test_a_clause_tells_what_is_built_and_what_is_not() -> None:
    clause = next(it for it in BOOK.clauses() if it.id == "bssn-4-2021/pasal-27/8/b")
    fewer = {name: it for name, it in discover().items() if name != "tls.protocol.modern"}
    told = " ".join(" ".join(texts("en").clause(clause, fewer)).split())
    assert "direct: web.hsts.policy (missing, invalid or max-age too short) " in told
    assert "direct: tls.protocol.modern (neither TLS 1.2 nor TLS 1.3) (not yet observed by this version)" in told
    assert "Threshold that must not be looser: min_tls >= TLS1.2" in told
    assert "Scope: kind of endpoint api, web" in told
    assert "The whole: All registered online services" in told
    assert "How it adds up: An endpoint has a finding when a direct entry fails on any address" in told
    assert "Source: " in told
    assert "Still needed: - Outgoing connections" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_shows_its_terms(language: str) -> None:
    words = clause_phrases(language)
    built = [*discover(), *BUILT]
    for clause in BOOK.clauses():
        told = " ".join(" ".join(texts(language).clause(clause, built)).split())
        if clause.crosswalk is None:
            assert words.nothing_speaks in told
            continue
        for label in (words.scope, words.adds_up, words.denominator.partition(":")[0], words.source):
            assert f"{label}: " in told
        for guard in clause.crosswalk.guards:
            assert f"{guard.name} {guard.op} {guard.value}" in told
        for evidence in clause.crosswalk.evidence:
            assert evidence.says.of(language) in told
        known = [it for it in clause.crosswalk.evidence if it.check in built and not (it.is_run_fact and it.variants)]
        assert told.count(words.reaches["not_yet"]) == len(clause.crosswalk.evidence) - len(known)


# -- JSON


@pytest.mark.parametrize("name", RUNS)
def test_json_has_every_clause_with_its_wording_and_certainty(name: str) -> None:
    made = assessed(RUNS[name]())
    written = b"".join(clauses_json(made, made.clauses, BOOK))
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]", written)
    told = json.loads(written)
    assert told["schema"] == SCHEMA
    assert [it["id"] for it in told["clauses"]] == [clause.id for clause in BOOK.clauses()]
    shape = {
        "type": "object",
        "required": ["id", "framework", "article", "text", "certainty", "article_number", "state", "needed"],
        "properties": {
            "certainty": {"enum": [it.value for it in Certainty]},
            "state": {"enum": [it.value for it in ClauseState]},
            "figure": {
                "anyOf": [{"type": "null"}, {"required": ["whole", "states", "not_scanned", "seen", "vantage"]}]
            },
        },
    }
    for clause in told["clauses"]:
        jsonschema.validate(clause, shape)


def test_json_has_when_the_run_ended() -> None:
    told = json.loads(b"".join(clauses_json(assessed(city()), (), BOOK)))
    assert told["run"]["ended"] == END.isoformat().replace("+00:00", "Z")
    assert told["clauses"] == []


@pytest.mark.parametrize(
    ("whole", "states", "said"),
    [
        (4, {"supports": 3, "to_explain": 1}, "3 of 4 services support (75.0 %); 1 with findings"),
        (4, {"to_explain": 1, "not_observed": 3}, "0 of 4 services support (0.0 %); 1 with findings, 3 not observed"),
        (4, {"not_observed": 4}, "of 4 services: 4 not observed"),
        (4, {"material": 3, "not_observed": 1}, "of 4 services: 3 supporting material, 1 not observed"),
        (0, {}, "no service of the official list is in the scope of this clause"),
        (None, {"not_observed": 2}, "2 services (no official list, so no share): 2 not observed"),
    ],
)
def test_of_services_of_which_nothing_was_concluded_there_is_no_share(
    whole: int | None, states: dict[str, int], said: str
) -> None:
    made = assessed(province())
    clause = next(it for it in made.clauses if it.figure is not None and Reach.ASKED in {e.reach for e in it.evidence})
    assert clause.figure is not None
    counts = dict.fromkeys(clause.figure.states, 0) | states
    figure = msgspec.structs.replace(clause.figure, whole=whole, states=counts, not_scanned=0)
    shown = msgspec.structs.replace(clause, figure=figure)
    lines = texts("en", 132).overview(made, [shown], everything=False)
    assert said in " ".join(" ".join(lines).split())
