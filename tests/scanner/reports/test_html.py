import base64
import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from html.parser import HTMLParser

import msgspec
import pytest
from html_runs import RULEBOOK, nasty, written
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from runs import (
    ALL,
    CHECKS,
    START,
    accepted,
    city,
    decided,
    finding,
    hostile,
    interrupted,
    own_machine,
    province,
    record,
    rest,
    run_of,
    switched_off,
    target,
    unknown,
)

from scanner.estate import Credential, Deadlines, Goals, Population, PopulationService, PopulationUnit, StartTls
from scanner.findings import Finding, FixedBy, Sighting, State
from scanner.fixes import Fix, fixes
from scanner.history.changes import Change, Changed, Changes
from scanner.observations.observation import digest
from scanner.observations.steps import Reason
from scanner.registry import discover
from scanner.reports.html import page as page_module
from scanner.reports.html.html import CHUNK_BYTES, html
from scanner.reports.html.page import Page, anchor_of, kind_of_fault, list_digest, page_of
from scanner.reports.html.readable import MAX_CHARS, readable, ticked
from scanner.reports.html.security import css_string
from scanner.run import CheckUsed, Run
from scanner.unit_copy import part_of, units_of

VOID = {"meta", "br", "input", "link", "hr", "img", "circle", "line", "path", "rect"}
OPTIONAL_END = {"li", "dt", "dd"}
RUNS = {
    "city": city,
    "province": lambda: province(6, 4),
    "decided": decided,
    "interrupted": interrupted,
    "own machine": own_machine,
    "hostile": hostile,
}


class Reader(HTMLParser):
    """The elements of a page with their attributes, and the text under each that has an id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.unclosed: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID and tag not in OPTIONAL_END:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in OPTIONAL_END:
            return
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def text_of(page: str) -> str:
    return " ".join(" ".join(Reader(page).text).split())


def first_page(page: str) -> str:
    return page[page.index('<div class="first">') : page.index('<section class="part"')]


def section(page: str, name: str) -> str:
    begin = page.index(f'id="{name}"')
    return page[begin : page.find('<section class="part"', begin)]


def figures(page: str) -> dict[str, int]:
    """The large numbers of the boxes, by their labels."""
    pairs = re.findall(r"<div><dt>([^<]+)</dt><dd>([\d,.]+)</dd></div>", section(page, "figures"))
    return {label: int(re.sub(r"\D", "", number)) for label, number in pairs}


# --- the document ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("name", RUNS)
def test_the_document_is_sound(name: str, language: str) -> None:
    page = written(RUNS[name](), language)
    read = Reader(page)
    assert read.unclosed == []
    assert read.open == []
    assert read.all("html")[0]["lang"] == language
    ids = Counter(it["id"] for _, it in read.elements if "id" in it)
    assert [it for it, count in ids.items() if count > 1] == []
    for _, attributes in read.elements:
        for name_ in ("aria-labelledby", "for", "data-list"):
            assert set(attributes.get(name_, "").split()) <= set(ids), attributes
    for link in read.all("a"):
        assert link["href"].startswith("#"), "a report leads nowhere but into itself"
        assert link["href"][1:] in ids
    assert len(read.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(later <= before + 1 for before, later in itertools.pairwise(levels))
    for tag in ("main", "nav", "footer"):
        assert len(read.all(tag)) == 1
    assert len(read.all("table")) == len(read.all("caption"))
    assert all(it.get("scope") in ("row", "col") for it in read.all("th"))


@pytest.mark.parametrize("name", RUNS)
def test_nothing_in_it_can_act_but_what_its_policy_names(name: str) -> None:
    page = written(RUNS[name]())
    read = Reader(page)
    policy = next(it["content"] for it in read.all("meta") if it.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        wanted = re.search(rf"{tag}-src '(sha256-[^']+)'", policy)
        assert wanted is not None
        assert wanted[1] == "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    for tag, attributes in read.elements:
        assert not any(it == "style" or it.startswith("on") or it in ("src", "srcset", "action") for it in attributes)
        assert tag not in ("img", "iframe", "object", "embed", "form", "base", "link", "video", "audio")
    assert "http-equiv" not in page.replace('http-equiv="Content-Security-Policy"', "")


def test_the_same_run_gives_the_same_bytes_in_small_pieces() -> None:
    pieces = list(html(province(), checks=CHECKS, rulebook=RULEBOOK, language="id"))
    assert pieces == list(html(province(), checks=CHECKS, rulebook=RULEBOOK, language="id"))
    assert len(pieces) > 5
    assert max(map(len, pieces)) < CHUNK_BYTES * 3


ORDER = (
    *("conclusion", "figures", "first", "units-first", "evidence", "unseen", "collected"),
    *("units", "services", "fixes", "clauses", "practice", "exceptions", "changes", "verification", "glossary"),
)


@pytest.mark.parametrize("name", RUNS)
def test_the_order_of_the_sections_is_fixed(name: str) -> None:
    ids = [it["id"] for tag, it in Reader(written(RUNS[name]())).elements if tag == "section" and it.get("id") in ORDER]
    assert ids == list(ORDER)


# --- the first page -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_the_parts_add_up(name: str) -> None:
    run = RUNS[name]()
    page = written(run)
    shown = figures(page)
    assert shown["observed"] + shown["not observed"] == shown["Endpoints scanned"] == len(list(run.targets()))
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', section(page, "units"), re.DOTALL)
    cells = [re.findall(r'<td class="n">([^<]*)</td>', row) for row in rows]
    if cells:
        place = 4
        scanned = [it for it in cells if it[place] != "not scanned"]
        assert sum(int(it[place].partition("/")[0]) for it in scanned) == shown["observed"]
        assert sum(int(it[place].partition("/")[2]) for it in scanned) == shown["Endpoints scanned"]
        for offset, severity in enumerate(("Critical", "High", "Medium")):
            assert sum(int(it[offset].replace("?", "0")) for it in cells) == shown[severity]


def test_reasons_of_what_was_not_observed_add_up_to_it() -> None:
    page = written(province())
    told = re.search(r"(\d+) endpoints were not observed: ([^<]*?)\.\n", section(page, "unseen"))
    assert told is not None
    assert sum(map(int, re.findall(r"\d+", told[2]))) == int(told[1]) == figures(page)["not observed"] == 39


def test_registered_services_are_the_whole_of_coverage() -> None:
    run = decided()
    text = text_of(written(run))
    assert "Registered services 5, scanned 4, observed 3." in text
    assert "1 registered service was not scanned." in text


def test_what_is_not_known_is_said_and_never_a_zero() -> None:
    text = text_of(first_page(written(city())))
    assert "Registered services: not known, no official list was given." in text
    assert "Not known: there is no earlier scan of these services to compare with." in text
    assert "Overdue: not known, the agency has named no deadlines." in text


def test_a_unit_of_which_nothing_was_observed_has_question_marks() -> None:
    run = run_of(
        [target("a", unit="Gelap"), target("b", unit="Terang")],
        [record("a", "blocked"), record("b")],
        {"a": [unknown("a", it, Reason.BLOCKED) for it in ALL], "b": rest("b")},
    )
    row = re.search(r'<tr><th scope="row"><a [^>]*>Gelap.*?</tr>', written(run), re.DOTALL)
    assert row is not None
    assert re.findall(r'class="n">([^<]*)<', row[0]) == ["?", "?", "?", "?", "0 / 1", "1"]


def test_when_nothing_was_observed_no_number_of_findings_is_shown() -> None:
    run = run_of([target("a")], [record("a", "timeout")], {"a": [unknown("a", it, Reason.TIMEOUT) for it in ALL]})
    text = text_of(first_page(written(run)))
    assert "Nothing was observed, so nothing can be concluded." in text
    assert "Not known: nothing was observed." in text


def test_units_with_critical_findings_come_first_and_the_rest_by_name() -> None:
    names = re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', section(written(city()), "units"))
    assert names == ["Dinas Kearsipan", "Diskominfo", "DPMPTSP"]


SECRET = "https://arsip.contoh.test/cadangan/2026/.env.bak"


def exposed() -> Run:
    """An exposure whose sentence names the file."""
    leak = finding(
        "arsip",
        "web.https.redirect",
        "high",
        outcome="high",
        en=f"{SECRET} is open",
        id=f"{SECRET} terbuka",
        key=SECRET,
    )
    return run_of([target("arsip", unit="Dinas")], [record("arsip")], {"arsip": [leak, *rest("arsip", leak.check)]})


def test_the_first_page_names_no_path_and_no_file() -> None:
    page = written(exposed())
    assert ".env" not in first_page(page)
    assert "cadangan" not in first_page(page)
    assert SECRET in page


def test_values_are_left_out_of_what_is_to_be_done_first() -> None:
    checks = discover()
    key = "web.https.redirect"
    run = run_of(
        [target("a")],
        [record("a")],
        {"a": [finding("a", key, "high", outcome="serves_content", en=f"{SECRET} answers 200", id=f"{SECRET} 200")]},
    )
    (fix,) = fixes(run)
    assert kind_of_fault(checks[key], fix, "en") == "… answers … over plain HTTP instead of leading to HTTPS"
    assert kind_of_fault(None, fix, "en") == key


@pytest.mark.parametrize(
    ("check", "outcome"),
    [("uptime.reachable", "no_name"), ("tls.certificate.expiry", "expired"), ("tls.certificate.name", "mismatch")],
)
def test_where_one_host_has_a_fault_the_whole_sentence_is_told(check: str, outcome: str) -> None:
    declared = next(it for it in discover()[check].outcomes if getattr(it, "key", "") == outcome)
    values = {"host": "a.contoh.test", "name": "a.contoh.test", "presented": "b.contoh.test", "when": "3 March 2026"}
    said = declared.en.format_map(values)
    (fix,) = fixes_of(finding("a", check, "high", outcome=outcome, en=said, id=said))
    assert kind_of_fault(discover()[check], fix, "en", "a.contoh.test") == said
    assert not any(value in kind_of_fault(discover()[check], fix, "en") for value in values.values())


@pytest.mark.parametrize("foreign", ["backup.sql", "/cadangan/.env", "<script>", "evil.example", "contoh.test/.env"])
def test_what_a_server_says_is_left_out_of_it(foreign: str) -> None:
    check = discover()["tls.certificate.name"]
    declared = next(it for it in check.outcomes if getattr(it, "key", "") == "mismatch")
    said = declared.en.format(presented=foreign, name="a.contoh.test")
    (fix,) = fixes_of(finding("a", check.id, "high", outcome="mismatch", en=said, id=said))
    shown = kind_of_fault(check, fix, "en", "a.contoh.test")
    assert foreign not in shown
    assert "a.contoh.test" in shown


def fixes_of(one: Finding) -> tuple[Fix, ...]:
    return fixes(run_of([target("a")], [record("a")], {"a": [one]}))


def test_a_single_finding_is_not_counted_where_its_endpoint_is_named() -> None:
    run = run_of([target("a")], [record("a")], {"a": [finding("a", "uptime.reachable", "critical", outcome="x")]})
    told = text_of(section(written(run), "first"))
    assert "a.contoh.test" in told
    assert "1 finding at 1 target" not in told


def test_the_first_page_names_framework_and_title_and_leaves_out_what_is_repealed() -> None:
    page = written(decided(), "id")
    rows = re.findall(r'<th scope="row"><a [^>]*href="#clause-([^"]+)">([^<]+)</a>', section(page, "evidence"))
    assert 0 < len(rows) <= 6
    for clause, name in rows:
        assert "59-2020" not in clause
        assert "Tingkat Kematangan" not in name
        assert name.startswith(("Pemdi indikator ", "BSSN 4/2021 Pasal ", "Permenkominfo 1/2023 ", "PP 71/2019 "))
    assert 'href="#clauses"' in section(page, "evidence")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run `certbot renew` now", "run <code>certbot renew</code> now"),
        ("`<b>` & `x", "<code>&lt;b&gt;</code> &amp; `x"),
        ("``", "``"),
        ("a\u202eb `c`", "a\\u202eb <code>c</code>"),
    ],
)
def test_what_stands_between_backticks_is_code_and_nothing_else_is_markup(text: str, shown: str) -> None:
    assert ticked(text) == shown


def test_the_conclusion_says_when_and_from_where() -> None:
    assert "(vantage not stated)" in section(
        written(run_of([target("a")], [record("a")], {"a": rest("a")})), "conclusion"
    )
    assert re.search(r"On \d+ \w+ \d{4} at \d\d", section(written(city()), "conclusion"))


def test_lines_of_configuration_stand_once_for_what_is_repaired_alike() -> None:
    """Two shared places with one kind of fault are two fixes; the second refers to the first."""
    names = [f"s{number}" for number in range(6)]
    each = {
        it: [
            msgspec.structs.replace(
                finding(it, "web.hsts.policy", "medium", outcome="missing"),
                sightings=(Sighting(f"203.0.113.{number // 3}", State.FAIL, "missing"),),
                fixed_by=FixedBy.WEB_SERVER,
            )
        ]
        for number, it in enumerate(names)
    }
    run = run_of(list(map(target, names)), list(map(record, names)), each)
    whole = b"".join(html(run, checks=discover(), rulebook=RULEBOOK, language="en")).decode()
    page = section(whole, "fixes")
    assert page.count('<details class="fix"') == 2
    assert page.count('class="software">nginx<') == 1
    assert len(re.findall(r'<a href="#fix-', page)) == 1


def test_low_findings_and_good_practice_are_nothing_to_do_first() -> None:
    practice = next(it for part in RULEBOOK.practices for it in part.checks if it in discover())
    run = run_of(
        [target("a")],
        [record("a")],
        {"a": [finding("a", "web.hsts.policy", "low"), finding("a", practice, "critical")]},
    )
    assert "No open finding of medium severity or above" in section(written(run), "first")
    graver = run_of([target("a")], [record("a")], {"a": [finding("a", "web.hsts.policy", "medium")]})
    assert "No open finding of medium severity or above" not in section(written(graver), "first")


def test_the_footer_says_what_the_report_is_not() -> None:
    for language, words in (("en", "Not a security audit, not a maturity level"), ("id", "Bukan audit keamanan")):
        page = written(city(), language)
        assert words in first_page(page)
        assert page.count(words) >= 2


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_pass_is_never_called_safe_and_nothing_is_called_compliant(language: str) -> None:
    page = written(decided(), language)
    ours = re.sub(r'<th scope="row"><a [^>]*href="#clause-.*?</th>', "", page)  # wordings of regulations
    ours = re.sub(r'<a [^>]*href="#clause-[^>]*>.*?</a>', "", ours)
    text = text_of(ours[: ours.index('id="clauses"')]).lower()  # there are more of them in it
    for word in (r"\baman\b", r"\blulus\b", r"\bpatuh\b", r"\bmelanggar\b", r"\bsafe\b", r"\bcompl(y|ies|iant)\b"):
        assert not re.search(word, text), word


# --- numbers, times, languages --------------------------------------------------------------------------------


def test_numbers_and_times_are_in_local_style() -> None:
    english, indonesian = (written(province(), language) for language in ("en", "id"))
    assert "21 November 2026 09:02" in english
    assert "21 November 2026 09.02" in indonesian
    assert "WITA" in indonesian
    assert figures(english)["Endpoints scanned"] == 900


# --- changes and deadlines ------------------------------------------------------------------------------------


def changes(run: Run, *each: tuple[str, Change, int]) -> Changes:
    """What became of the findings of a run, by target: change, and since how many days."""
    known: dict[str, Finding] = {}
    for it in run.findings():  # the gravest first
        known.setdefault(it.target, it)
    return Changes(
        "20261120T010200-aaaa",
        START - timedelta(days=1),
        run.id,
        tuple(
            Changed(
                known[name].fingerprint,
                known[name].check,
                name,
                run.target(name).unit,
                known[name].severity or "",
                change,
                START - timedelta(days=days),
                change is not Change.FIXED,
                None,
            )
            for name, change, days in each
        ),
    )


def with_deadlines(run: Run, **days: int) -> Run:
    manifest = run.manifest
    goals = Goals(deadlines=Deadlines(days, "SOP 12/2026"))
    run.manifest = msgspec.structs.replace(manifest, estate=msgspec.structs.replace(manifest.estate, goals=goals))
    return run


def test_changes_are_counted_and_listed() -> None:
    run = city()
    page = written(run, changes=changes(run, ("arsip", Change.NEW, 0), ("www", Change.CONTINUING, 18)))
    shown = figures(page)
    assert (shown["new"], shown["fixed"], shown["not comparable"]) == (1, 0, 0)
    assert "since 3 November 2026" in section(page, "services")
    assert "Not known: there is no earlier scan" not in page


@pytest.mark.parametrize(("days", "overdue"), [(17, 1), (18, 0), (19, 0)])
def test_overdue_is_what_is_older_than_the_agencys_own_deadline(days: int, overdue: int) -> None:
    run = with_deadlines(city(), medium=days)
    page = written(run, changes=changes(run, ("www", Change.CONTINUING, 18), ("arsip", Change.NEW, 0)))
    assert figures(page)["overdue"] == overdue


def test_without_history_overdue_is_not_known_though_there_are_deadlines() -> None:
    page = written(with_deadlines(city(), medium=7))
    assert "there is no earlier scan to tell how old a finding is" in page
    assert "overdue" not in figures(page)


# --- services, exceptions, verification ------------------------------------------------------------------------


def test_every_finding_is_there_once_with_its_evidence() -> None:
    run = city()
    page = written(run)
    for it in run.findings():
        assert page.count(f'id="f-{it.fingerprint}"') == 1
        assert all(digest in page for digest in it.evidence)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report is one of many targets."""
    monkeypatch.setattr(page_module, "MAX_TOLD_WHOLE", 0)


def part_of_target(page: str, target_id: str) -> str:
    """What the page says under one target."""
    begin = page.index(f'<details class="service" id="{anchor_of("target", target_id)}"')
    ends = [page.find(it, begin + 1) for it in ('<details class="service"', '<section class="part"')]
    return page[begin : min(it for it in ends if it > 0)]


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("name", RUNS)
def test_a_report_of_many_targets_names_every_verdict_and_tells_what_is_open_whole(name: str) -> None:
    run = RUNS[name]()
    page = written(run)
    for it in run.findings():
        own = part_of_target(page, it.target)
        assert it.check in own
        is_named_only = it.state in (State.PASS, State.NOT_APPLICABLE)
        assert page.count(f'id="f-{it.fingerprint}"') == (0 if is_named_only else 1)
        assert is_named_only or all(digest in own for digest in it.evidence)
        if is_named_only and it.message.en not in ("Sentence", ""):
            assert str(escape(readable(it.message.en))) not in own


def mixed() -> Run:
    """A target with one of everything, of several areas and several subjects."""
    own = [
        finding("a", "web.hsts.policy", "medium", en="No header", id="Tanpa header"),
        finding("a", "tls.certificate.expiry", en="Valid until March", id="Berlaku sampai Maret"),
        finding("a", "tls.certificate.chain", en="Whole", id="Utuh", key="a.contoh.test:443"),
        finding("a", "tls.certificate.chain", en="Whole too", id="Utuh juga", key="a.contoh.test:8443"),
        finding("a", "web.https.redirect", state=State.NOT_APPLICABLE, en="No port 80", id="Tanpa port 80"),
        unknown("a", "uptime.reachable", Reason.TIMEOUT),
    ]
    return run_of([target("a")], [record("a")], {"a": own})


def test_a_report_of_few_targets_tells_every_verdict_whole() -> None:
    page = written(mixed())
    own = part_of_target(page, "a")
    for sentence in ("No header", "Valid until March", "Whole", "Whole too", "No port 80"):
        assert sentence in own
    assert 'id="named"' not in page
    assert own.count('<details class="verdicts passed">') == 2


@pytest.mark.usefixtures("large")
def test_what_is_only_named_is_named_by_area_with_its_subject_where_there_are_several() -> None:
    page = written(mixed())
    own = part_of_target(page, "a")
    assert "No header" in own
    assert 'id="f-' + unknown("a", "uptime.reachable", Reason.TIMEOUT).fingerprint in own
    first, second = (f"tls.certificate.chain (service: a.contoh.test:{port})" for port in (443, 8443))
    assert f"<li>TLS (3): <code>{first}, {second}, tls.certificate.expiry</code>\n" in own
    assert "<li>Web (1): <code>web.https.redirect</code>\n" in own
    for sentence in ("Valid until March", "Whole", "No port 80"):
        assert sentence not in page
    assert "result.json" in section(page, "services")[: section(page, "services").index("</section>")]
    assert 'id="named"' in page


@pytest.mark.parametrize(
    ("targets", "whole"), [(page_module.MAX_TOLD_WHOLE, True), (page_module.MAX_TOLD_WHOLE + 1, False)]
)
def test_how_much_is_told_depends_on_how_many_targets_there_are(targets: int, whole: bool) -> None:
    names = [f"t{number}" for number in range(targets)]
    said = finding(names[0], "tls.certificate.chain", en="The chain is whole", id="Rantainya utuh")
    page = written(run_of([target(it) for it in names], [record(it) for it in names], {names[0]: [said]}))
    assert ("The chain is whole" in page) is whole
    assert ('id="named"' in page) is not whole


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("language", ["id", "en"])
def test_what_is_only_named_is_escaped(language: str) -> None:
    hurt = "<script>window.hurt=1</script>"
    own = [
        msgspec.structs.replace(finding("a", "tls.certificate.chain", key=f"{hurt}{number}"), check=f"{hurt}.x")
        for number in range(2)
    ]
    page = written(run_of([target("a")], [record("a")], {"a": own}), language)
    assert len(Reader(page).all("script")) == 1
    assert "&lt;script&gt;window.hurt=1&lt;/script&gt;.x (service: &lt;script&gt;" in page


def test_verdicts_that_say_the_same_stand_in_one_line() -> None:
    own = [unknown("a", it, Reason.TIMEOUT) for it in ALL]
    told = part_of_target(written(run_of([target("a")], [record("a")], {"a": own})), "a")
    (line,) = re.findall(r"<li>[^\n]*id=\"f-[^\n]*", told)
    assert line.startswith("<li>Sentence [1]: <code id=")
    assert all(f'<code id="f-{it.fingerprint}">{it.check}</code>' in line for it in own)


def seen_at(finding: Finding, *addresses: str, passed: str = "") -> Finding:
    """The finding, made at these addresses; at one more the check passed."""
    sightings = [Sighting(it, finding.state, finding.outcome) for it in addresses]
    sightings += [Sighting(passed, State.PASS, "ok")] if passed else []
    return msgspec.structs.replace(finding, sightings=tuple(sightings))


def rows_of(page: str, finding: Finding) -> dict[str, str]:
    told = page[page.index(f'id="f-{finding.fingerprint}"') :].partition("</dl>")[0]
    return dict(re.findall(r"<dt>(.*?)<dd>(.*?)\n", told))


def test_what_findings_have_in_common_stands_once_and_with_each_what_is_another() -> None:
    one, two, three, four, five = (
        finding("a", check, "medium", key=key, outcome="x")
        for check, key in [(it, "a.contoh.test:443") for it in ALL[:4]]
        + [("web.https.redirect", "http://a.contoh.test/")]
    )
    own = [
        seen_at(one, "192.0.2.1"),
        seen_at(two, "192.0.2.1"),
        seen_at(three, "192.0.2.1", passed="192.0.2.2"),
        four,
        seen_at(five, "192.0.2.3"),
    ]
    page = written(run_of([target("a")], [record("a")], {"a": own}))
    facts = part_of_target(page, "a").partition("</dl>")[0]
    assert "<dd>service: a.contoh.test:443 (unless a finding names another)</dd>" in facts
    assert "<dd>192.0.2.1 (unless a finding names another)</dd>" in facts
    assert "Subject" not in rows_of(page, one)
    assert "Seen at" not in rows_of(page, one) | rows_of(page, two)
    assert rows_of(page, three)["Seen at"].startswith("192.0.2.1: ")
    assert "192.0.2.2" in rows_of(page, three)["Seen at"]
    assert rows_of(page, four)["Seen at"] == "not by address"
    assert rows_of(page, five)["Subject"] == "service: http://a.contoh.test/"
    assert rows_of(page, five)["Seen at"].startswith("192.0.2.3: ")


def test_what_a_finding_has_alone_stands_with_it() -> None:
    alone = seen_at(finding("a", "web.hsts.policy", "medium", outcome="x"), "192.0.2.1")
    page = written(run_of([target("a")], [record("a")], {"a": [alone]}))
    assert "unless a finding names another" not in page
    assert rows_of(page, alone)["Subject"] == "service: a.contoh.test:443"
    assert rows_of(page, alone)["Seen at"].startswith("192.0.2.1: ")


def test_the_table_of_checks_says_what_each_looks_at() -> None:
    run = city()
    used = (*run.manifest.checks, CheckUsed("web.of.another.version", 3, {}))
    run.manifest = msgspec.structs.replace(run.manifest, checks=used)
    rows = re.findall(r'<th scope="row"><code>(.*?)</code></th><td class="text">(.*?)</td>', written(run))
    assert rows == [("web.hsts.policy", "What is looked at."), ("web.of.another.version", "\u2013")]


def test_what_somebody_decided_stands_among_the_exceptions() -> None:
    page = written(decided())
    exceptions = section(page, "exceptions")
    assert "Kepala Bidang Aplikasi" in exceptions
    assert "31 December 2026" in exceptions
    assert "Diuji terpisah" in exceptions
    assert figures(page)["accepted until a date"] == 1
    assert section(written(city()), "exceptions").count("None.") == 2


def test_the_digest_of_the_evidence_is_that_of_the_list_in_result_json() -> None:
    run = city()
    from scanner.reports.result_json import result_json

    listed = msgspec.json.decode(b"".join(result_json(run)))["observations"]
    expected = hashlib.sha256("".join(f"{it}\n" for it in listed).encode()).hexdigest()
    assert list_digest(run) == expected
    assert f"<code>sha256:{expected}</code>" in written(run)
    assert run.manifest_digest in written(run)


def test_doubts_and_problems_are_told() -> None:
    page = written(decided())
    assert "units/dinas-6.toml:3" in section(page, "verification")
    assert "the scan window closed" in section(page, "verification")


def test_a_scan_with_credentials_is_not_called_one_without_login() -> None:
    plain = run_of([target("a")], [record("a")], {"a": rest("a")})
    assert "without login" in text_of(section(written(plain), "collected"))
    known = msgspec.structs.replace(target("a"), credential=Credential(headers=(("X-Key", "k"),)))
    run = run_of([known], [record("a")], {"a": rest("a")})
    assert "1 endpoint with a credential of its owner" in text_of(section(written(run), "collected"))


# --- a unit's own copy -----------------------------------------------------------------------------------------


def two_units() -> Run:
    """Two units that share everything that could give one away to the other."""
    names = {"satu-a": "Dinas Satu", "satu-b": "Dinas Satu", "dua-a": "Dinas Dua", "dua-b": "Dinas Dua"}
    findings = {
        name: [
            accepted(finding(name, "tls.certificate.expiry", "critical", en=f"Expired {name}", id=f"Berakhir {name}")),
            finding(name, "web.hsts.policy", "medium", outcome="missing", en=f"No header {name}", id=f"Tanpa {name}"),
            switched_off(name, "web.https.redirect", f"Diuji {name}"),
        ]
        for name in names
    }
    services = tuple(
        PopulationService(f"Layanan {it}", unit, hosts=(f"{it}.contoh.test",)) for it, unit in names.items()
    )
    return run_of(
        [target(name, unit=unit) for name, unit in names.items()],
        [record(name) for name in names],
        findings,
        agency="Pemerintah Kota Contoh",
        zone="Asia/Jakarta",
        problems=("units/dua.toml:3: target dua-c is wrong",),
        population=Population(
            "SK 1/2026", date(2026, 1, 5), tuple(map(PopulationUnit, sorted(set(names.values())))), services
        ),
    )


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_units_copy_has_nothing_of_the_others(language: str) -> None:
    run = two_units()
    everything = changes(run, ("satu-a", Change.NEW, 0), ("dua-a", Change.NEW, 0))
    page = written(run, language, unit="Dinas Satu", changes=everything)
    for others in ("Dinas Dua", "dua-a", "dua-b", "dua-c", "dua.toml"):
        assert others not in page
    for own in run.findings():
        assert (own.fingerprint in page) == own.target.startswith("satu")
    assert "satu-a.contoh.test" in page
    assert "Dinas Dua" in written(run, language), "and the whole report has all of them"


def test_a_units_copy_counts_its_own_and_cites_the_whole_runs_evidence() -> None:
    run = two_units()
    page = written(run, unit="Dinas Satu")
    assert figures(page)["Endpoints scanned"] == 2
    assert "Registered services 2, scanned 2, observed 2." in text_of(page)
    assert list_digest(run) in page
    assert run.manifest_digest in page


def test_the_units_of_a_run_are_those_of_targets_and_official_list() -> None:
    assert units_of(two_units().manifest.estate) == ("Dinas Dua", "Dinas Satu")
    assert units_of(own_machine().manifest.estate) == ()


def test_a_part_of_a_run_keeps_what_was_not_judged_and_how_it_ended() -> None:
    whole = interrupted()
    part = part_of(whole, "Diskominfo")
    assert [it.id for it, _ in part.targets()] == [it.id for it, _ in whole.targets()]
    assert part.ending is not None
    assert part.ending.interrupted == "SIGINT"
    assert list(part.findings()) == list(whole.findings())
    assert part.journal.unjudged() == whole.journal.unjudged()
    unjudged = run_of([target("a", unit="U")], [record("a")], {}, judged=False)
    assert part_of(unjudged, "U").journal.unjudged() == ("a",)


# --- hostile text ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["id", "en"])
def test_foreign_text_is_shown_and_not_obeyed(language: str) -> None:
    page = written(nasty(), language)
    read = Reader(page)
    assert len(read.all("script")) == 1
    assert not read.all("img")
    assert not read.all("b")
    assert all("onload" not in it and "onerror" not in it for _, it in read.elements)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]", page)
    assert "\\u202e" in page
    assert "&lt;script&gt;window.hurt=1" in page
    assert "{{ 7*7 }}{% raw %}" in page


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_readable_text_hides_nothing_and_is_never_long(text: str) -> None:
    shown = readable(text)
    assert len(shown) <= 10 * MAX_CHARS
    assert shown.isprintable()
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dinas Kearsipan", "Dinas Kearsipan"),
        ("layanan é 中文", "layanan é 中文"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb", "a\\nb"),
        ("e\u0301\u0301\u0301\u0301", "é\u0301\u0301\\u0301"),
        ("\u2800", "\\u2800"),
    ],
)
def test_readable(text: str, shown: str) -> None:
    assert readable(text) == shown


def test_a_string_of_css_cannot_be_left() -> None:
    assert css_string('a"b</style>\n') == '"a\\22 b\\3c \\2f style\\3e \\a "'


# --- Indonesian twins ------------------------------------------------------------------------------------------


def said(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterable[str]:
    """Every sentence that a page asks the catalogue for."""
    from scanner.locale import speech

    asked: dict[str, None] = {}
    catalogue = speech._catalogue("id")

    class Listening:
        def gettext(self, message: str) -> str:
            asked[message] = None
            return catalogue.gettext(message)

        def ngettext(self, one: str, many: str, count: int) -> str:
            asked[one] = None
            return catalogue.ngettext(one, many, count)

    monkeypatch.setattr(speech, "_catalogue", lambda language: Listening())
    written(run, "id")
    monkeypatch.setattr(page_module, "MAX_TOLD_WHOLE", 0)
    written(run, "id")
    return asked


@pytest.mark.parametrize("name", RUNS)
def test_every_sentence_of_the_page_has_an_indonesian_twin(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from scanner.locale import speech

    catalogue = speech._catalogue("id")
    known = {key if isinstance(key, str) else key[0] for key in catalogue._catalog}  # type: ignore[attr-defined]
    missing = sorted(set(said(RUNS[name](), monkeypatch)) - known)
    assert missing == []


def test_the_model_of_a_page_is_pure() -> None:
    run = province(6, 4)

    def made() -> Page:
        return page_of(run, checks=CHECKS, rulebook=RULEBOOK, language="en", changes=None, unit="", digests=digest(b""))

    assert made().units == made().units
    assert made().actions == made().actions


def test_a_unit_that_declared_to_have_no_service_is_told_so() -> None:
    units = (PopulationUnit("Dinas Perhubungan"), PopulationUnit("Kecamatan Barat", no_service=True))
    listed = Population("Daftar", date(2026, 1, 31), units, (PopulationService("Uji kendaraan", "Dinas Perhubungan"),))
    run = run_of([target("www")], [record("www")], {}, population=listed)
    table = section(written(run), "units")
    rows = {name: table[table.index(name) :].partition("</tr>")[0] for name in ("Dinas Perhubungan", "Kecamatan Barat")}
    assert "declared to have no service" in rows["Kecamatan Barat"]
    assert "not scanned" in rows["Dinas Perhubungan"]
    assert "declared" not in rows["Dinas Perhubungan"]


def test_a_service_beside_the_targets_own_is_named_and_gets_no_lines_for_web_servers() -> None:
    checks = discover()
    at = msgspec.structs.replace(target("www"), starttls=(StartTls("ldap", 18389),))

    def of(*ports: int) -> str:
        found = [
            msgspec.structs.replace(
                finding("www", "tls.protocol.obsolete", "high", outcome="old_tls", key=f"www.contoh.test:{port}"),
                fixed_by=FixedBy.WEB_SERVER,
            )
            for port in ports
        ]
        run = run_of([at], [record("www")], {"www": found})
        return b"".join(html(run, checks=checks, rulebook=RULEBOOK, language="en")).decode()

    own, beside, both = of(443), of(18389), of(443, 18389)
    name = "www.contoh.test:18389 (ldap)"
    assert name not in own
    assert '<p class="software">nginx</p>' in own
    assert 'class="software"' not in beside
    assert "[web server]" not in beside
    for page in (beside, both):
        assert f"1 finding at 1 target: {name}</span></summary>" in page
        assert f"{name}: Sentence" in page
        assert f"<br>\n{name}. Who can repair it: infrastructure." in page
    assert both.count('<p class="software">nginx</p>') == own.count('<p class="software">nginx</p>')
