"""The pages of checks and their index: as new as the source, whole, linked, and inert."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.check_docs import index
from scanner.check_docs.__main__ import write
from scanner.check_docs.markdown import cell, escaped, files
from scanner.check_docs.page import CheckPage, pages_of
from scanner.check_docs.terminal import page_lines
from scanner.frameworks.loading import load_rulebook
from scanner.registry import Check, discover
from scanner.reports.look import Look

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/checks"
SHIPPED = discover()
PAGES = {page.id: page for page in pages_of(SHIPPED, load_rulebook((), SHIPPED))}
LANGUAGES = ("en", "id")


# As new as the source -------------------------------------------------------------------------------------------------


def test_the_pages_are_those_that_the_source_makes() -> None:
    """When this fails: `make docs`, and look at what changed."""
    wanted = files(tuple(PAGES.values()))
    there = {str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.rglob("*.md")}
    assert sorted(there) == sorted(wanted)
    assert [path for path, text in wanted.items() if there[path] != text] == []


def test_the_index_is_the_one_that_the_source_makes() -> None:
    """When this fails: `make docs`. The index names its sources, so a changed line in a check makes another."""
    assert index.FILE.read_bytes() == index.encoded(tuple(PAGES.values()))
    assert index.stored() is not None


def test_what_the_index_holds_is_what_the_checks_say() -> None:
    assert index.read() == tuple(PAGES.values())
    assert [name for name, _, _ in index.summaries()] == list(SHIPPED)


@pytest.fixture
def stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index that was made before a check changed."""
    held = json.loads(index.FILE.read_bytes())
    held["sources"] += 1
    held["checks"] = held["checks"][:1]
    path = tmp_path / "index.json"
    path.write_text(json.dumps(held))
    monkeypatch.setattr(index, "FILE", path)
    return path


def test_an_index_of_other_sources_is_passed_over(stale: Path) -> None:
    assert index.stored() is None
    assert [name for name, _, _ in index.summaries()] == list(SHIPPED)
    assert index.read() == tuple(PAGES.values())


@pytest.mark.parametrize("content", [b"", b"[]", b'{"sources": 1}', b"\xff", None])
def test_an_index_that_cannot_be_read_is_passed_over(content: bytes | None, stale: Path) -> None:
    if content is None:
        stale.unlink()
    else:
        stale.write_bytes(content)
    assert [name for name, _, _ in index.summaries()] == list(SHIPPED)


def test_the_fingerprint_is_of_what_is_in_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("a")
    other.write_text("b")
    monkeypatch.setattr(index, "sources", lambda: iter((one, other)))
    before = index.fingerprint()
    assert index.fingerprint() == before
    other.write_text("c")
    changed = index.fingerprint()
    monkeypatch.setattr(index, "sources", lambda: iter((one,)))
    assert len({before, changed, index.fingerprint()}) == 3


def test_writing_changes_what_is_old_and_removes_what_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "FILE", tmp_path / "index.json")
    folder = tmp_path / "docs"
    first = write(folder)
    assert {path.relative_to(tmp_path) for path in first} >= {Path("index.json"), Path("docs/en/web/hsts.policy.md")}
    assert write(folder) == []
    gone, old = folder / "en/web/gone.md", folder / "id/web/hsts.policy.md"
    gone.write_text("x")
    old.write_text("x")
    assert set(write(folder)) == {gone, old}
    assert not gone.exists()
    assert len(old.read_text("utf-8")) > 1000


# What stands on a page ------------------------------------------------------------------------------------------------


def page_file(check_id: str, language: str) -> Path:
    area, _, topic = check_id.partition(".")
    return FOLDER / language / area / f"{topic}.md"


@pytest.mark.parametrize("check", SHIPPED.values(), ids=lambda it: it.id)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_has_every_outcome_threshold_and_reference(check: Check, language: str) -> None:
    text = page_file(check.id, language).read_text("utf-8")
    anchors = re.findall(r'^\| <a id="([a-z0-9_]+)"></a>`\1` \|', text, re.MULTILINE)
    assert anchors == [outcome.key for outcome in check.outcomes]
    assert all(f"| `{name}` |" in text for name in (check.params.__struct_fields__ if check.params else ()))
    assert all(escaped(it) in text for it in check.references)


LINK = re.compile(r"(?<!\\)\[[^\]]*(?<!\\)\]\(([^)\s]+)\)")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.md")), ids=lambda it: str(it.relative_to(FOLDER)))
def test_links_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    links = LINK.findall(text)
    assert links
    for link in links:
        place, _, anchor = link.partition("#")
        target = (path.parent / place).resolve() if place else path
        assert target.is_file(), link
        assert not anchor or f'<a id="{anchor}"></a>' in target.read_text("utf-8"), link


CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_the_languages_are_two_of_the_same() -> None:
    names = [
        {str(it.relative_to(FOLDER / language)) for it in (FOLDER / language).rglob("*.md")} for language in LANGUAGES
    ]
    assert names[0] == names[1]
    for check_id in SHIPPED:
        english, indonesian = (page_file(check_id, it).read_text("utf-8") for it in LANGUAGES)
        assert CODE.findall(english) == CODE.findall(indonesian)
        assert english.count("\n## ") == indonesian.count("\n## ")


@pytest.mark.parametrize(
    ("check_id", "language", "there"),
    [
        (
            "web.hsts.policy",
            "en",
            ["Pasal 27 ayat (8) huruf b", "two or more copies agree", "direct: missing, invalid, short"],
        ),
        (
            "web.hsts.policy",
            "id",
            ["Pasal 27 ayat (8) huruf b", "dua salinan atau lebih", "langsung: missing, invalid"],
        ),
        ("dns.caa", "en", ["Good practice: no clause names it."]),
        ("dns.caa", "id", ["Praktik baik: tidak disebut pasal mana pun."]),
        ("uptime.reachable", "en", ["Indikator 32 (Planning service); Lampiran I, Indikator 33"]),
    ],
)
def test_clauses_stand_with_how_sure_their_wording_is(check_id: str, language: str, there: list[str]) -> None:
    text = page_file(check_id, language).read_text("utf-8")
    assert [it for it in there if it not in text] == []


def test_a_check_that_nothing_speaks_of_says_so() -> None:
    page = msgspec.structs.replace(PAGES["web.hsts.policy"], clauses=(), through=(), practice=None)
    assert "No clause of the frameworks that come with Pindai" in "\n".join(page_lines(page, "en", LOOK))


OVERCLAIMING = re.compile(r"\b(complies|compliant|patuh|mematuhi pasal|lulus|is safe|aman)\b|level \d", re.IGNORECASE)
FROM_THE_CROSSWALK = ("hasil sesuai menunjukkan pengaturan yang aman", "negosiasi ulang yang tidak aman")
"""Words of the crosswalk about a setting, which stand in its data as they were given."""


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.md")), ids=lambda it: str(it.relative_to(FOLDER)))
def test_no_page_claims_more_than_was_seen(path: Path) -> None:
    text = path.read_text("utf-8")
    for words in FROM_THE_CROSSWALK:
        text = text.replace(words, "")
    assert OVERCLAIMING.search(text) is None


# In a terminal --------------------------------------------------------------------------------------------------------

LOOK = Look(80, ascii_only=False, colour=False)


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda it: it.id)
@pytest.mark.parametrize("language", LANGUAGES)
def test_prose_keeps_to_the_width_and_code_is_never_broken(page: CheckPage, language: str) -> None:
    lines = list(page_lines(page, language, LOOK))
    code = {f"      {line}" for it in page.text.code for line in it.lines}
    assert [line for line in lines if len(line) > 80 and line not in code] == []
    assert code <= set(lines)


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda it: it.id)
def test_a_page_can_be_shown_in_ascii(page: CheckPage) -> None:
    look = Look(60, ascii_only=True, colour=False)
    assert all(line.isascii() for language in LANGUAGES for line in page_lines(page, language, look))


# Markdown -------------------------------------------------------------------------------------------------------------

ACTIVE = "\\`*_[]<>|~&$"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, (even) these: a-b.", "plain words, (even) these: a-b."),
        ("a*b_c [x](y) <b> & ~~ $1$ a|b", r"a\*b\_c \[x\](y) \<b\> \& \~\~ \$1\$ a\|b"),
        ("`a_b*` and _", r"`a_b*` and \_"),
        ("`open", r"\`open"),
        ("`a` `b", r"`a` \`b"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("- no list", r"\- no list"),
        ("{url} stays", "{url} stays"),
    ],
)
def test_running_text_is_text(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_bar_in_code_does_not_end_a_cell() -> None:
    assert cell("a|b `c|d` `e`") == r"a\|b \`c\|d\` `e`"


@given(st.text(alphabet=st.characters(exclude_characters="`\n\r")))
def test_nothing_of_running_text_is_obeyed_or_lost(text: str) -> None:
    shown = escaped(text)
    assert re.sub(r"\\(.)", r"\1", shown) == text
    bare = re.sub(r"\\.", "", shown)
    assert not set(bare) & set(ACTIVE)


@given(st.text(alphabet="a`|\\*", max_size=30))
def test_a_row_has_as_many_cells_as_it_is_given(text: str) -> None:
    assert "|" not in re.sub(r"\\.", "", cell(text))
