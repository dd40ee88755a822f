"""The pictures of a report: what is drawn, what the table beside it says, and that both are the same."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import faults
import msgspec
import observed
import pki
import pytest
from every_fault import BEHAVIOURS
from hypothesis import given
from hypothesis import strategies as st
from runs import HOSTILE
from scanned import scanned, web_target

from scanner.cost import Cost
from scanner.estate import Population, PopulationService, Target
from scanner.journal import Standing, TargetRecord
from scanner.locale.speech import Speaker
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Answer, Body, BrokenHandshake, Connected, Exchange
from scanner.observations.observation import Observation, Withheld, digest, encode
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.http.exchange import FurtherPage, HttpExchange
from scanner.reports.pictures import STYLE, Picture, pictures
from scanner.run import CheckUsed, Run

SVG = "{http://www.w3.org/2000/svg}"
DAY = timedelta(days=1)
Shown = tuple[Target, Sequence[Observation] | Reason | None]
NAMES = ("coverage", "certificates", "chain", "protocols", "suites", "latency")
ONE_A_TARGET = ("certificates", "protocols", "latency")
"""Pictures whose table has a row for each service and address."""
ISSUER = pki.root()


def leaf(days: float = 60, since: float = 30) -> bytes:
    """A certificate that ends so many days after the run, and began so many before it."""
    at = observed.SEEN
    return pki.leaf(ISSUER, not_before=at - since * DAY, not_after=at + days * DAY).der


def target(name: str, **fields: Any) -> Target:
    return Target(id=name, **{"url": f"https://{name}.contoh.test/", **fields})


def exchange(of: Target, at: str = "192.0.2.1", *, chain: Sequence[bytes] = (), **fields: Any) -> Exchange:
    """What one try at the service's own page saw."""
    url = of.parsed_url
    made = observed.exchange(url=str(url), **fields)
    if chain and "tls" not in fields:
        made = msgspec.structs.replace(made, tls=observed.handshake(*chain))
    return msgspec.structs.replace(made, endpoint=Endpoint(url.host, url.port, at, Source.RESOLVER))


def run_of(*seen: Shown, **estate: Any) -> Run:
    """A run in which each target showed these exchanges, or was not observed for a reason, or was not reached (None)."""
    journal = observed.new_journal(observed.manifest([of for of, _ in seen], (), **estate))
    for of, shown in seen:
        if shown is None:
            continue
        reason = shown.value if isinstance(shown, Reason) else ""
        seen_there = [] if isinstance(shown, Reason) else list(shown)
        filed, stored = {}, {}
        for index, observation in enumerate(seen_there):
            data = encode(observation)
            filed[_probe(of, observation, index).key] = digest(data)
            stored[digest(data)] = data
        standing = Standing.NOT_OBSERVED if reason else Standing.OBSERVED
        at = observed.SEEN
        journal.commit(TargetRecord(of.id, standing, at, at, Cost(), Cost(), reason), filed, stored)
    return Run(journal)


def _probe(of: Target, observation: Observation, index: int) -> HttpExchange:
    url = of.parsed_url
    at = observation.endpoint if isinstance(observation, Exchange) else None
    kind = FurtherPage if isinstance(observation, Exchange) and observation.url != str(url) else HttpExchange
    return kind(
        url=observation.url if isinstance(observation, Exchange) else str(url),
        host=at.host if at else url.host,
        port=at.port if at else url.port,
        address=at.address if at else "192.0.2.1",
        source=Source.RESOLVER,
        agent=observed.AGENT,
        attempt=index + 1,
    )


def drawn(run: Run, language: str = "en") -> dict[str, Picture]:
    return {it.name: it for it in pictures(run, Speaker(language))}


def shapes(picture: Picture, fill: str) -> int:
    """How many bars of this fill are in the drawing, those of the legend included."""
    return len(re.findall(rf'class="p-{fill}"', picture.svg))


def texts(picture: Picture) -> list[str]:
    return ["".join(it.itertext()) for it in ET.fromstring(picture.svg).iter(f"{SVG}text")]


def took(connect: float, tls: float, first_byte: float, transfer: float) -> dict[str, Any]:
    body = Body(wire_bytes=1, length=1, sha256="00", coding=None, ms=transfer)
    return {
        "connect": Connected(connect),
        "tls": observed.handshake(ms=tls),
        "answer": Answer(200, observed.head(), first_byte, body),
    }


def small() -> Run:
    """Six targets of all kinds."""
    names = {name: target(name) for name in ("www", "lama", "mati", "jauh", "nanti")}
    polos = target("polos", url="http://polos.contoh.test:8080/")
    old = observed.handshake(leaf(200), version="TLSv1.1", cipher="AES128-SHA")
    both = [
        exchange(names["www"], "192.0.2.1", chain=[leaf(300)]),
        exchange(names["www"], "192.0.2.2", chain=[leaf(5)]),
    ]
    return run_of(
        (names["www"], both),
        (names["lama"], [exchange(names["lama"], tls=old)]),
        (names["mati"], Reason.REFUSED),
        (names["jauh"], Reason.TIMEOUT),
        (names["nanti"], None),
        (polos, [exchange(polos)]),
    )


# -- what all have in common


@pytest.mark.parametrize("language", ["en", "id"])
def test_each_is_an_accessible_drawing_without_style_or_script(language: str) -> None:
    made = pictures(small(), Speaker(language))
    assert tuple(it.name for it in made) == NAMES
    ids: list[str] = []
    assert [it.name for it in made if not it.svg] == ["suites"]  # no sweep was made; see test_tls_pictures.py
    for picture in (it for it in made if it.svg):
        root = ET.fromstring(picture.svg)
        assert root.get("role") == "img"
        assert root.get("viewBox", "").startswith("0 0 420 ")
        assert root.get("width") is None
        assert root.get("height") is None
        named = [root.find(f"{SVG}title"), root.find(f"{SVG}desc")]
        assert root.get("aria-labelledby", "").split() == [it.get("id") for it in named if it is not None]
        assert [it.text for it in named if it is not None] == [picture.title, picture.summary]
        for element in root.iter():
            ids += [element.get("id", "")] if element.get("id") else []
            assert element.tag.removeprefix(SVG) not in ("style", "script", "a", "image", "use", "foreignObject")
            assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]
        used = set(re.findall(r"url\(#([a-z0-9-]+)\)", picture.svg))
        assert used <= set(ids)
        assert all(len(row) == len(picture.table.headings) for row in picture.table.rows)
        columns = range(len(picture.table.headings))
        assert all(column in columns for column in (*picture.table.numeric, *picture.table.values))
        assert all(len(values) == len(picture.table.rows) for values in picture.table.values.values())
    assert len(ids) == len(set(ids))


def test_nothing_is_drawn_outside_the_picture() -> None:
    far = target("far")
    run = run_of((far, [exchange(far, chain=[leaf(30_000, since=20_000)], **_without_tls(took(1, 2, 30_000, 0.001)))]))
    for picture in (it for it in drawn(run).values() if it.svg):
        height = float(ET.fromstring(picture.svg).get("viewBox", "").split()[3])
        for it in ET.fromstring(picture.svg).iter(f"{SVG}rect"):
            x, y, width, tall = (float(it.get(name, "nan")) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= 420
            assert x + width <= 421
            assert y >= 0
            assert y + tall <= height
        for it in ET.fromstring(picture.svg).iter(f"{SVG}text"):
            assert 0 <= float(it.get("y", "nan")) <= height


def _without_tls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "tls"}


def test_a_page_has_a_colour_for_every_fill() -> None:
    fills = set(re.findall(r'class="(p-[a-z0-9]+)"', "".join(it.svg for it in drawn(small()).values())))
    assert {"p-1", "p-bad", "p-none"} <= fills
    assert all(f".{fill} " in STYLE for fill in fills - {"p-axis", "p-grid"})


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_run_in_which_nothing_was_seen_says_so_in_words(language: str) -> None:
    for name, picture in drawn(run_of((target("www"), Reason.TIMEOUT)), language).items():
        assert picture.summary
        if name != "coverage":
            assert not picture.svg
            assert not picture.table.rows or name == "protocols"
    empty = drawn(run_of(), language)
    assert not any(it.svg for it in empty.values())
    assert all(it.summary for it in empty.values())
    assert drawn(run_of())["latency"].summary == "Nothing to show: no answer was timed."


def test_hostile_strings_are_shown_and_not_obeyed() -> None:
    text = HOSTILE.encode("utf-8", "replace").decode() + "\"'><script>alert(1)</script>&amp;" * 9
    bad = target("bad")
    tls = observed.handshake(leaf(1), version=text, cipher=text)
    run = run_of(
        (bad, [exchange(bad, text, tls=tls)]),
        (target("weg"), Reason.REFUSED),
        population=Population(text, date(2026, 1, 1), services=(PopulationService(text),)),
    )
    for language in ("en", "id"):
        for picture in (it for it in drawn(run, language).values() if it.name != "suites"):
            ET.fromstring(picture.svg)
            assert "<script" not in picture.svg
            assert picture.svg.isprintable()
            said = [picture.title, picture.summary, picture.note, *picture.table.headings]
            cells = [cell for row in picture.table.rows for cell in row]
            cells += [value for values in picture.table.values.values() for value in values]
            assert all(it.isprintable() for it in (*said, *cells))
            assert max(map(len, cells)) <= 300


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30))
def test_any_text_gives_well_formed_drawings(version: str, cipher: str, document: str) -> None:
    www = target("www")
    clean = [it.encode("utf-8", "replace").decode() for it in (version, cipher, document)]
    run = run_of(
        (www, [exchange(www, tls=observed.handshake(version=clean[0], cipher=clean[1]))]),
        population=Population(clean[2], date(2026, 1, 1), services=(PopulationService("www"),)),
    )
    for picture in drawn(run).values():
        if picture.svg:
            ET.fromstring(picture.svg)
    run.journal.close()


def test_two_thousand_targets_stay_small_and_the_tables_have_them_all() -> None:
    seen: list[Shown] = []
    for index in range(2000):
        one = target(f"layanan-{index:04}", url=f"https://layanan-{index:04}.opd-{index % 50:02}.contoh.test/")
        seen.append((one, [exchange(one, f"192.0.2.{index % 250}", chain=[leaf(index - 20)])]))
    made = drawn(run_of(*seen))
    assert [len(made[name].table.rows) for name in ONE_A_TARGET] == [2000, 2000, 2000]
    assert sum(len(it.svg) for it in made.values()) < 90_000
    for name in ONE_A_TARGET:
        assert any(re.fullmatch(r"\+1,9[0-9]{2} more in the table", it) for it in texts(made[name])), name


# -- coverage


def parts(picture: Picture) -> list[tuple[str, int]]:
    return [(words, int(count.replace(",", ""))) for words, count in picture.table.rows]


def test_parts_add_up_and_are_the_same_in_both() -> None:
    picture = drawn(small())["coverage"]
    (_, whole), *rest = parts(picture)
    assert dict(rest) == {
        "- observed": 3,
        "- not observed: connection refused": 1,
        "- not observed: no answer in time": 1,
        "- not reached before the run ended": 1,
    }
    assert whole == sum(count for _, count in rest) == 6
    shown = texts(picture)
    assert [it for pair in picture.table.rows for it in (pair[0].removeprefix("- "), pair[1])] == shown


def test_the_official_list_adds_up_too() -> None:
    www, weg = target("www"), target("weg")
    population = Population(
        "SK 100/2026",
        date(2026, 1, 5),
        services=tuple(PopulationService(it, hosts=(f"{it}.contoh.test",)) for it in ("www", "weg", "lain", "lagi")),
    )
    picture = drawn(run_of((www, [exchange(www)]), (weg, Reason.TIMEOUT), population=population))["coverage"]
    rows = dict(parts(picture))
    assert rows["Services of the official list (SK 100/2026)"] == 4
    assert (rows["- has a target, observed"], rows["- has a target, not observed"]) == (1, 1)
    assert rows["- has no target in this run"] == 2


# -- certificates


def test_soonest_end_first_with_what_it_means() -> None:
    shown = {name: target(name) for name in ("baik", "lewat", "segera", "belum")}
    days = {"baik": (100, 30), "lewat": (-3, 30), "segera": (5, 30), "belum": (90, -2)}
    run = run_of(*((it, [exchange(it, chain=[leaf(*days[name])])]) for name, it in shown.items()))
    picture = drawn(run)["certificates"]
    assert [row[0] for row in picture.table.rows] == [
        f"{it}.contoh.test" for it in ("lewat", "segera", "belum", "baik")
    ]
    assert [row[4] for row in picture.table.rows] == ["-3", "5", "90", "100"]
    assert (shapes(picture, "bad"), shapes(picture, "warn"), shapes(picture, "ok")) == (2 + 1, 1 + 1, 1 + 1)
    assert picture.summary == "Certificates: 4; not valid on 1 November 2026: 2; ending within 14 days: 1; later: 1."
    assert {"ended 29 October 2026", "6 November 2026, 5 days left", "not before 3 November 2026"} <= set(
        texts(picture)
    )


@pytest.mark.parametrize(
    ("left", "fill"), [(timedelta(0), "warn"), (timedelta(seconds=-1), "bad"), (14 * DAY, "ok"), (13.9 * DAY, "warn")]
)
def test_the_edges_are_those_of_the_check(left: timedelta, fill: str) -> None:
    www = target("www")
    picture = drawn(run_of((www, [exchange(www, chain=[leaf(left / DAY)])])))["certificates"]
    assert shapes(picture, fill) == 2


def test_the_runs_own_threshold_counts() -> None:
    www = target("www")
    run = run_of((www, [exchange(www, chain=[leaf(20)])]))
    used = CheckUsed("tls.certificate.expiry", 1, {"warn_before": "P30D"})
    run.manifest = msgspec.structs.replace(run.manifest, checks=(used,))
    assert "ending within 30 days: 1" in drawn(run)["certificates"].summary


def test_a_threshold_that_somebody_else_wrote_may_be_none() -> None:
    www = target("www")
    run = run_of((www, [exchange(www, chain=[leaf(20)])]))
    used = CheckUsed("tls.certificate.expiry", 1, {"warn_before": "<script>"})
    run.manifest = msgspec.structs.replace(run.manifest, checks=(used,))
    assert "ending within 14 days: 0" in drawn(run)["certificates"].summary


def test_services_with_one_certificate_share_a_bar() -> None:
    der = leaf(100)
    run = run_of(*((it, [exchange(it, chain=[der])]) for it in map(target, "abcdefgh")))
    picture = drawn(run)["certificates"]
    ((names, count, *_),) = picture.table.rows
    assert picture.table.rows[0][5] == "192.0.2.1"
    assert (count, names) == ("8", ", ".join(f"{it}.contoh.test" for it in "abcde") + " +3 more")
    assert "a.contoh.test +7" in texts(picture)


def test_a_certificate_of_a_handshake_that_broke_is_one_too() -> None:
    www, rusak = target("www"), target("rusak")
    broken = BrokenHandshake((leaf(9),), Unobserved(Reason.TLS_ALERT))
    run = run_of(
        (www, [exchange(www, tls=broken, answer=broken.failure)]),
        (rusak, [exchange(rusak, chain=[b"no certificate"])]),
        (target("mati"), Reason.REFUSED),
    )
    picture = drawn(run)["certificates"]
    assert [row[0] for row in picture.table.rows] == ["www.contoh.test"]
    assert "1 certificate that was sent could not be read." in picture.note
    assert "No certificate was seen of 1 service;" in picture.note


def test_years_that_no_calendar_has_do_not_break_it() -> None:
    forever = datetime(9999, 12, 31, 23, 59, 59, tzinfo=observed.SEEN.tzinfo)
    www = target("www")
    der = pki.leaf(ISSUER, not_before=datetime(1950, 1, 1, tzinfo=observed.SEEN.tzinfo), not_after=forever).der
    picture = drawn(run_of((www, [exchange(www, chain=[der])]), time_zone="Asia/Jayapura"))["certificates"]
    assert picture.svg
    assert shapes(picture, "ok") == 2


def test_dates_in_both_languages() -> None:
    www = target("www")
    run = run_of((www, [exchange(www, chain=[leaf(31)])]), time_zone="Asia/Makassar")
    assert drawn(run, "id")["certificates"].table.rows[0][3] == "2 Desember 2026"
    assert drawn(run, "en")["certificates"].table.rows[0][3] == "2 December 2026"


def test_what_is_cut_off_in_the_drawing_is_in_the_table() -> None:
    run = run_of(*((it, [exchange(it, chain=[leaf(9)])]) for it in map(target, map(str, range(100, 130)))))
    picture = drawn(run)["certificates"]
    assert len(picture.table.rows) == 30
    assert shapes(picture, "warn") == 20 + 1
    assert "+10 more in the table" in texts(picture)


# -- protocols


def test_one_version_is_settled_on_and_nothing_is_said_of_the_others() -> None:
    picture = drawn(small())["protocols"]
    rows = {(row[0], row[1]): row[2:] for row in picture.table.rows}
    assert rows["lama.contoh.test", "192.0.2.1"] == ("TLS 1.1", "-", "the others: one handshake was made")
    assert rows["www.contoh.test", "192.0.2.2"][0] == "TLS 1.3"
    assert rows["mati.contoh.test", ""][0] == "not observed: connection refused"
    assert rows["http://polos.contoh.test:8080", "192.0.2.1"][0] == "plain HTTP, no handshake"
    assert picture.summary.startswith("Spoken: TLS 1.0: 0, TLS 1.1: 1, TLS 1.2: 0, TLS 1.3: 2; no handshake: 4.")
    assert "which is not a refusal" in picture.note
    # A deprecated version is marked as such: its one cell, and the legend.
    assert shapes(picture, "bad") == 2
    # The two addresses of one service are one line of the drawing.
    assert shapes(picture, "1") == 1 + 1
    assert "www x2" in texts(picture)


def test_old_versions_come_first() -> None:
    versions = {"a": "TLSv1.3", "b": "TLSv1.2", "c": "TLSv1", "d": "SSLv3"}
    run = run_of(
        *((it, [exchange(it, tls=observed.handshake(version=versions[it.id]))]) for it in map(target, sorted(versions)))
    )
    picture = drawn(run)["protocols"]
    assert [row[2] for row in picture.table.rows] == ["SSL 3", "TLS 1.0", "TLS 1.2", "TLS 1.3"]
    assert "SSL 3" in texts(picture)


def test_what_was_withheld_is_not_relied_on() -> None:
    sso = target("sso")
    why = Withheld(started=observed.SEEN, took_ms=0.0, failure=Unobserved(Reason.BLOCKED, "403"))
    picture = drawn(run_of((sso, [why])))["protocols"]
    assert not picture.svg
    assert picture.table.rows[0][2] == "not observed: blocked"


def test_a_plain_service_shows_its_twin() -> None:
    polos = target("polos", url="http://polos.contoh.test/")
    twin = target("polos", url="https://polos.contoh.test/")
    picture = drawn(run_of((polos, [exchange(polos), exchange(twin)])))["protocols"]
    assert [row[2] for row in picture.table.rows] == ["TLS 1.3"]


def test_another_port_or_host_is_another_service() -> None:
    www = target("www")
    other, port = target("lain"), target("www", url="https://www.contoh.test:8443/")
    picture = drawn(run_of((www, [exchange(other), exchange(port)])))["protocols"]
    assert not picture.svg


# -- latency


def test_slowest_first_and_bars_as_long_as_their_phases() -> None:
    shown = {"a": (1, 2, 3, 4), "b": (10, 20, 30, 40), "c": (0.5, 0.5, 5, 0)}
    run = run_of(*((it, [exchange(it, **took(*shown[it.id]))]) for it in map(target, sorted(shown))))
    picture = drawn(run)["latency"]
    assert [row[0][0] for row in picture.table.rows] == ["b", "a", "c"]
    assert picture.table.rows[0][2:] == ("10", "20", "30", "40", "100", "1")
    assert picture.table.rows[2][2:] == ("0.5", "0.5", "5.0", "0.0", "6.0", "1")
    widths = [float(it) for it in re.findall(r'<rect class="p-[1-4]" x="[^"]*" y="[^"]*" width="([^"]*)"', picture.svg)]
    assert widths[4:8] == [42.0, 84.0, 126.0, 168.0]
    assert {"100 ms", "10 ms", "6.0 ms"} <= set(texts(picture))
    assert (
        picture.summary
        == "Services timed, each of their addresses counted: 3; half took 10 ms or less, the slowest 100 ms."
    )


def test_further_pages_count_and_refusals_do_not() -> None:
    www = target("www", paths=("/lagi",))
    page = msgspec.structs.replace(exchange(www, **took(1, 2, 3, 4)), url="https://www.contoh.test/lagi")
    redirected = msgspec.structs.replace(exchange(www, **took(900, 900, 900, 900)), url="https://www.contoh.test/lain")
    run = run_of((www, [exchange(www, **took(3, 4, 5, 6)), page, redirected]))
    assert drawn(run)["latency"].table.rows[0][2:] == ("2.0", "3.0", "4.0", "5.0", "14", "2")
    refused = exchange(www, **(took(1, 2, 3, 4) | {"answer": observed.answer(status=403)}))
    assert not drawn(run_of((www, [refused])))["latency"].svg


def test_plain_http_has_no_tls_phase() -> None:
    polos = target("polos", url="http://polos.contoh.test/")
    row = drawn(run_of((polos, [exchange(polos)])))["latency"].table.rows[0]
    assert row[3] == "-"


def test_a_real_scan_of_real_servers(tmp_path: Path) -> None:
    good, bad = BEHAVIOURS["gzip_bomb+tls"], BEHAVIOURS["tls_alert"]
    with faults.serving_in_thread(good) as one, faults.serving_in_thread(bad) as other:
        targets = [web_target("baik", one.port), web_target("rusak", other.port)]
        with scanned(tmp_path, targets, hosts={"baik": one.address, "rusak": other.address}) as scan:
            seen = drawn(scan.run)
    baik, rusak = (f"{it.parsed_url.authority}" for it in targets)
    versions = {row[0]: row[2] for row in seen["protocols"].table.rows}
    assert versions == {baik: "TLS 1.2, TLS 1.3", rusak: "not observed: TLS alert from the server"}
    assert {row[0] for row in seen["suites"].table.rows} == {baik}
    ((name, _, _, _, days, address, _),) = seen["certificates"].table.rows
    assert (name, days, address) == (baik, "0", one.address)  # the harness's certificate lives for a day
    ((name, *phases, total, _),) = seen["latency"].table.rows
    assert name == baik
    assert float(total) > 0
    assert len(phases) == 1 + 4  # the address, and the phases


def test_the_words_differ_by_language_and_the_figures_do_not() -> None:
    english, indonesian = drawn(small(), "en"), drawn(small(), "id")
    for name in NAMES:
        assert len(english[name].table.rows) == len(indonesian[name].table.rows)
        assert name == "suites" or re.findall(r'width="[^"]*"', english[name].svg) != []
