"""What a terminal says of an earlier run and of an indicator: counts that add up, marks, and nothing it cannot know."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import msgspec
import pytest
from runs import CHECKS, city, decided, own_machine, province, record, run_of
from test_clauses_text import book_of_one, forty_seven
from test_terminal import page

from scanner.clauses.assess import assess_clauses
from scanner.frameworks.loading import load_rulebook
from scanner.history.changes import Change, Changed, Changes, compare
from scanner.history.ledger import Obstacle
from scanner.registry import discover
from scanner.reports.changes_text import changes_text, evidence_text, mark_of
from scanner.reports.terminal import terminal
from scanner.run import CheckUsed, Run

NOW = datetime(2026, 11, 21, 1, 2, tzinfo=UTC)


def changed(change: Change, since: datetime = NOW, *, is_open: bool = True, why: Obstacle | None = None) -> Changed:
    return Changed("0" * 32, "web.hsts.policy", "www", "Diskominfo", "high", change, since, is_open, why)


def changes(*counts: tuple[Change, int, bool]) -> Changes:
    each = tuple(changed(change, is_open=is_open) for change, count, is_open in counts for _ in range(count))
    return Changes("20261120T010200-6b1c", NOW, "20261121T010200-7f3a", each)


@pytest.mark.parametrize(
    ("counts", "indonesian", "english"),
    [
        ([], "(0 baru, 0 berlanjut; 0 selesai)", "(0 new, 0 continuing; 0 fixed)"),
        (
            [(Change.NEW, 2, True), (Change.CONTINUING, 8, True), (Change.FIXED, 3, False)],
            "(2 baru, 8 berlanjut; 3 selesai)",
            "(2 new, 8 continuing; 3 fixed)",
        ),
        (
            [(Change.HELD, 4, True), (Change.NOT_COMPARABLE, 1, True), (Change.NOT_COMPARABLE, 5, False)],
            "(0 baru, 4 menunggu malam kedua, 1 dilihat dengan cara baru, 0 berlanjut; 0 selesai, 5 tidak dapat "
            "dibandingkan)",
            "(0 new, 4 waiting for a second night, 1 looked at in a new way, 0 continuing; 0 fixed, 5 not comparable)",
        ),
    ],
)
def test_the_counts(counts: list[tuple[Change, int, bool]], indonesian: str, english: str) -> None:
    assert (changes_text(changes(*counts), "id"), changes_text(changes(*counts), "en")) == (indonesian, english)


@pytest.mark.parametrize(
    ("one", "indonesian", "english"),
    [
        (changed(Change.NEW), "BARU", "NEW"),
        (changed(Change.HELD), "menunggu malam kedua", "waiting for a second night"),
        (changed(Change.CONTINUING, datetime(2026, 11, 2, 17, tzinfo=UTC)), "sejak 3 Nov", "since 3 Nov"),
        (changed(Change.CONTINUING, datetime(2025, 8, 2, tzinfo=UTC)), "sejak 2 Agu 2025", "since 2 Aug 2025"),
        (changed(Change.NOT_COMPARABLE, why=Obstacle.CHECK), "", ""),
        (changed(Change.FIXED, is_open=False), "", ""),
        (None, "", ""),
    ],
)
def test_the_mark_of_a_finding(one: Changed | None, indonesian: str, english: str) -> None:
    assert mark_of(one, NOW, "id", "Asia/Jakarta") == indonesian
    assert mark_of(one, NOW, "en", "Asia/Jakarta") == english


# -- on the page


def earlier(run: Run, *fixed: str) -> Run:
    """The same run a night before, without what these targets have now."""
    manifest = msgspec.structs.replace(
        run.manifest,
        run="20261120T010200-6b1c",
        started=datetime(2026, 11, 3, 1, 2, tzinfo=UTC),
        checks=(*run.manifest.checks, CheckUsed("tls.certificate.expiry", 1, {})),
    )
    findings = {it.id: [] if it.id in fixed else list(run.findings(it.id)) for it in run.manifest.estate.targets}
    made = run_of(run.manifest.estate.targets, [record(name) for name in findings], findings)
    made.journal.put_manifest(msgspec.json.encode(manifest))
    return Run(made.journal)


def with_changes(run: Run, before: Run, language: str, width: int = 80) -> str:
    lines = terminal(
        run,
        checks=CHECKS,
        language=language,
        width=width,
        ascii_only=True,
        colour=False,
        exit_text="",
        changes=compare(before, run),
    )
    return b"".join(lines).decode()


def test_the_page_tells_what_is_new_and_since_when() -> None:
    told = with_changes(city(), earlier(city(), "arsip"), "id")
    lines = told.splitlines()
    # Of arsip the earlier run said nothing: its critical finding is told of at once, the other waits for a second night.
    assert "(1 baru, 1 menunggu malam kedua, " in " ".join(told.split())
    (grave,) = [it for it in lines if it.startswith("1 KRITIS")]
    assert grave.rstrip().endswith("BARU") or "(BARU)" in " ".join(told.split())
    assert "sejak 3 Nov" in told
    plain = page(city(), "id", exit_text="", files=())
    assert "BARU" not in plain
    assert "berlanjut" not in plain


@pytest.mark.parametrize(("width", "language"), list(product([40, 60, 80, 132], ["id", "en"])))
def test_no_line_is_wider_than_asked_for(width: int, language: str) -> None:
    told = with_changes(city(), earlier(city(), "arsip"), language, width)
    assert [line for line in told.splitlines() if len(line) > width] == []


@pytest.mark.parametrize("make", [city, province, own_machine, decided])
def test_the_counts_add_up_to_the_findings_of_the_page(make: Any) -> None:
    run = make()
    found = compare(earlier(run), run)
    opened = sum(it.is_open for it in run.findings())
    assert sum(it.is_open for it in found.each) == opened == found.count(Change.CONTINUING)


# -- the line of evidence


def test_the_line_of_evidence_has_its_whole_and_is_no_score() -> None:
    made = assess_clauses(forty_seven(), book_of_one(), discover())
    assert evidence_text(made, "id") == (
        "Bahan bukti Pemdi 11: kriptografi in-transit, dari 47 layanan kategori tinggi dan strategis: 41 mendukung, "
        "3 ada temuan, 3 tidak teramati. Bukan nilai dan bukan tingkat kematangan."
    )
    assert evidence_text(made, "en").endswith(
        "of 47 services of high or strategic category: 41 support, 3 with findings, 3 not observed. "
        "Not a score and not a maturity level."
    )


def test_checks_that_are_not_built_are_told_of() -> None:
    fewer = {name: it for name, it in discover().items() if not name.startswith("tls.cipher")}
    made = assess_clauses(forty_seven(), load_rulebook(), fewer)
    told = evidence_text(made, "id")
    assert "3 ada temuan, 44 tidak teramati (" in told
    assert "pemeriksaan langsung belum diamati oleh versi ini)" in told


@pytest.mark.parametrize("make", [city, own_machine, decided])
def test_nothing_is_said_where_nothing_can_be(make: Any) -> None:
    """No official list, or none of the categories that the indicator is about."""
    assert evidence_text(assess_clauses(make(), load_rulebook(), discover()), "id") == ""


def test_nothing_is_said_where_nothing_was_seen() -> None:
    run = forty_seven()
    nothing = run_of(run.manifest.estate.targets, [], {}, population=run.manifest.estate.population)
    assert evidence_text(assess_clauses(nothing, book_of_one(), discover()), "id") == ""


def test_the_page_has_the_line_where_there_is_something_to_say() -> None:
    run = forty_seven()
    options: dict[str, Any] = {
        "checks": CHECKS,
        "language": "id",
        "width": 80,
        "ascii_only": True,
        "colour": False,
        "exit_text": "",
    }
    plain = b"".join(terminal(run, **options)).decode()
    told = b"".join(terminal(run, **options, clauses=assess_clauses(run, book_of_one(), discover()))).decode()
    assert "Bahan bukti Pemdi 11" not in plain
    assert "Bahan bukti Pemdi 11: kriptografi in-transit, dari 47 layanan kategori tinggi" in " ".join(told.split())
    assert set(told.splitlines()) - set(plain.splitlines()) <= {it for it in told.splitlines() if it}
