"""The pictures of TLS: versions and suites as sweeps found them, and chains of certificates over time."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import observed
import pytest
from chromium import Browser, chromium
from inspected import TIMED_OUT, swept, tls12, tls13
from installed import program
from runs import HOSTILE

from scanner.derive.tls_facts import Spoken, Swept, TlsVersion, Undetermined
from scanner.locale.speech import Speaker
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.probes.tls.code_points import group_number, suite_number
from scanner.reports.pictures import STYLE, Picture
from scanner.reports.pictures.chain import chain
from scanner.reports.pictures.protocols import protocols
from scanner.reports.pictures.seen import Chain, Link, Seen, Sights, Speech, Validity, speech_of
from scanner.reports.pictures.suites import suites
from scanner.reports.summary import Name
from scanner.run import Run

SVG = "{http://www.w3.org/2000/svg}"
DAY = timedelta(days=1)
AT = observed.SEEN
DRAWINGS = {"chain": chain, "protocols": protocols, "suites": suites}


def name(host: str = "www") -> Name:
    return Name(f"{host}.contoh.test", host)


def speech(host: str = "www", facts: Swept | Unobserved | None = None, **where: Any) -> Speech:
    """What a sweep of a service showed."""
    at = Endpoint(f"{host}.contoh.test", where.get("port", 443), where.get("address", "192.0.2.1"), Source.RESOLVER)
    hellos = TlsHellos(started=AT, took_ms=1.0, endpoint=at, sni=at.host, starttls=where.get("starttls", ""))
    return speech_of(name(host), hellos, swept() if facts is None else facts)


def seen(host: str = "www", address: str = "192.0.2.1", **fields: Any) -> Seen:
    """What one handshake with a service showed."""
    defaults = {"version": "TLSv1.3", "cipher": "TLS_AES_128_GCM_SHA256", "tls_reason": None, "sent": True}
    return Seen(host, name(host), address, leaf=None, took=None, **{**defaults, **fields})


def link(role: str, days: float, since: float = 30, subject: str = "") -> Link:
    """A certificate that ends so many days after the run, and began so many before it."""
    told = subject or f"CN={role}"
    return Link(role, told, Validity(f"{role}{told}{days}".encode().hex(), AT - since * DAY, AT + days * DAY))


def chained(host: str, *links: Link, anchored: bool = True, at: datetime = AT) -> Seen:
    return seen(
        host, chain=Chain(links or (link("leaf", 60), link("intermediate", 900), link("anchor", 5000)), at, anchored)
    )


def sights(*found: Seen | Speech) -> Sights:
    """A run in which these were seen."""
    run = Run(observed.new_journal(observed.manifest([], ())))
    handshakes = tuple(it for it in found if isinstance(it, Seen))
    return Sights(run, (), {}, handshakes, tuple(it for it in found if isinstance(it, Speech)))


def drawn(picture: str, *found: Seen | Speech, language: str = "en") -> Picture:
    return DRAWINGS[picture](sights(*found), Speaker(language))


def texts(picture: Picture) -> list[str]:
    return ["".join(it.itertext()) for it in ET.fromstring(picture.svg).iter(f"{SVG}text")]


def shapes(picture: Picture, fill: str) -> int:
    """How many bars of this fill are in the drawing, those of the legend included."""
    return len(re.findall(rf'class="p-{fill}"', picture.svg))


def much() -> tuple[Seen | Speech, ...]:
    """More services than are drawn, of all kinds."""
    old = swept(
        spoken=(
            Spoken(TlsVersion.SSL3, (suite_number("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), 0x0005)),
            tls12(suites=(0x002F, 0xC013), groups_short=TIMED_OUT),
            Spoken(TlsVersion.SSL2, (0x010080,)),
        ),
        refused=(TlsVersion.TLS13,),
        undetermined=(Undetermined("versions.TLSv1.1", TIMED_OUT),),
    )
    hosts = [f"layanan-{number:02}" for number in range(30)]
    spoken = [speech(host, old if index % 3 == 0 else None) for index, host in enumerate(hosts)]
    ends = [link("leaf", index - 3) for index in range(30)]
    chains = [
        chained(host, ends[index], link("intermediate", 400), link("anchor", 6000)) for index, host in enumerate(hosts)
    ]
    return (
        *spoken,
        *chains,
        speech("surat", port=587, starttls="smtp"),
        seen("lain", version="TLSv1", cipher="AES128-SHA"),
        seen("mati", version="", tls_reason="refused", sent=False),
        chained("putus", link("leaf", 9), anchored=False),
    )


# -- what all three have in common


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("which", DRAWINGS)
def test_each_is_an_accessible_drawing_inside_its_frame(which: str, language: str) -> None:
    picture = drawn(which, *much(), language=language)
    root = ET.fromstring(picture.svg)
    height = float(root.get("viewBox", "").split()[3])
    assert root.get("role") == "img"
    labels = [root.find(f"{SVG}{tag}") for tag in ("title", "desc")]
    assert [it.text for it in labels if it is not None] == [picture.title, picture.summary]
    for it in root.iter(f"{SVG}rect"):
        x, y, width, tall = (float(it.get(key, "nan")) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + width <= 421
        assert y >= 0
        assert y + tall <= height
    for it in root.iter(f"{SVG}text"):
        assert 0 <= float(it.get("y", "nan")) <= height
    assert all(len(row) == len(picture.table.headings) for row in picture.table.rows)
    assert all(len(values) == len(picture.table.rows) for values in picture.table.values.values())
    fills = set(re.findall(r'class="(p-[a-z0-9]+)"', picture.svg)) - {"p-axis", "p-grid"}
    assert all(f".{fill} " in STYLE for fill in fills)


@pytest.mark.parametrize("which", DRAWINGS)
def test_without_anything_seen_it_says_so(which: str) -> None:
    picture = drawn(which)
    assert not picture.svg
    assert picture.summary.startswith("Nothing to show")


@pytest.mark.parametrize("which", DRAWINGS)
def test_the_figures_are_the_same_in_both_languages(which: str) -> None:
    english, indonesian = drawn(which, *much()), drawn(which, *much(), language="id")
    widths = [re.findall(r'<rect [^>]*width="[^"]*"', it.svg) for it in (english, indonesian)]
    assert len(widths[0]) == len(widths[1]) > 0
    assert len(english.table.rows) == len(indonesian.table.rows)


@pytest.mark.parametrize("which", DRAWINGS)
def test_hostile_strings_are_shown_and_not_obeyed(which: str) -> None:
    text = HOSTILE.encode("utf-8", "replace").decode() + "\"'><script>alert(1)</script>" * 9
    spoken = speech("www", starttls=text, address=text)
    picture = drawn(which, spoken, chained("www", link("leaf", 9, subject=f"CN={text}"), link("anchor", 99)))
    ET.fromstring(picture.svg)
    assert "<script" not in picture.svg
    assert picture.svg.isprintable()
    cells = [it for row in picture.table.rows for it in row]
    assert all(it.isprintable() for it in (picture.title, picture.summary, picture.note, *cells))


# -- versions


def row_of(picture: Picture, host: str) -> tuple[str, ...]:
    (row,) = (row for row in picture.table.rows if row[0].startswith(host))
    return row


def test_a_sweep_says_what_is_spoken_refused_and_not_known() -> None:
    facts = swept(
        spoken=(tls12(), tls13()),
        refused=(TlsVersion.SSL3, TlsVersion.TLS10),
        undetermined=(Undetermined("versions.TLSv1.1", TIMED_OUT),),
    )
    picture = drawn("protocols", speech("www", facts), seen("www"))
    assert row_of(picture, "www")[2:] == (
        "TLS 1.2, TLS 1.3",
        "SSL 3, TLS 1.0",
        "SSL 2 (not asked); TLS 1.1 (no answer in time)",
    )
    # Spoken: two cells and the legend. Not known: TLS 1.1 and the legend. Refused: a dash at TLS 1.0.
    assert (shapes(picture, "1"), shapes(picture, "none"), texts(picture).count("-")) == (3, 2, 1)
    assert picture.summary.startswith("Spoken: TLS 1.0: 0, TLS 1.1: 0, TLS 1.2: 1, TLS 1.3: 1; no handshake: 0.")


def test_a_handshake_alone_leaves_the_others_open() -> None:
    picture = drawn("protocols", seen("www", version="TLSv1"))
    assert row_of(picture, "www")[2:] == ("TLS 1.0", "-", "the others: one handshake was made")
    assert (shapes(picture, "bad"), shapes(picture, "none"), texts(picture).count("-")) == (2, 3 + 1, 0)


def test_a_sweep_stands_for_its_own_address_only() -> None:
    picture = drawn("protocols", speech("www"), seen("www"), seen("www", "192.0.2.2"))
    assert [(row[1], row[4]) for row in picture.table.rows] == [
        ("192.0.2.1", "-"),
        ("192.0.2.2", "the others: one handshake was made"),
    ]


def test_a_sweep_that_heard_nothing_leaves_the_handshake() -> None:
    nothing = speech("www", Unobserved(Reason.TIMEOUT))
    assert row_of(drawn("protocols", nothing, seen("www")), "www")[2] == "TLS 1.3"
    mail = speech("surat", Unobserved(Reason.NOT_TLS), port=25, starttls="smtp")
    assert drawn("protocols", mail, seen("www")).table.rows[0][:1] + drawn("protocols", mail).table.rows[0][2:3] == (
        "surat.contoh.test:25 (smtp)",
        "not observed: the port does not speak TLS",
    )


def test_the_service_with_the_oldest_version_comes_first() -> None:
    old = swept(spoken=(Spoken(TlsVersion.SSL2, (0x010080,)), tls13()), refused=())
    picture = drawn("protocols", speech("a"), seen("b", version="TLSv1.1"), speech("c", old))
    assert [row[0][0] for row in picture.table.rows] == ["c", "b", "a"]
    assert {"SSL 2", "TLS 1.1"} <= set(texts(picture))


# -- suites and groups


def column_counts(picture: Picture, host: str) -> list[str]:
    """The numbers in the cells of a service's line."""
    shown = texts(picture)
    after = shown[shown.index(host) + 1 :]
    return after[: next((index for index, it in enumerate(after) if not it.isdigit()), len(after))]


@pytest.mark.parametrize(
    ("suite", "fill"),
    [
        ("TLS_AES_128_GCM_SHA256", "1"),
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "1"),
        ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "1"),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "3"),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", "2"),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "warn"),
        ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "warn"),
        ("TLS_RSA_WITH_IDEA_CBC_SHA", "warn"),
        ("TLS_RSA_WITH_DES_CBC_SHA", "bad"),
        ("TLS_RSA_WITH_RC4_128_SHA", "bad"),
        ("TLS_ECDHE_RSA_WITH_NULL_SHA", "bad"),
        ("TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "bad"),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", "bad"),
    ],
)
def test_a_suite_is_counted_by_how_it_is_made(suite: str, fill: str) -> None:
    facts = swept(spoken=(Spoken(TlsVersion.TLS12, (suite_number(suite),)),))
    picture = drawn("suites", speech("www", facts))
    assert shapes(picture, fill) == 1
    assert column_counts(picture, "www.contoh.test") == ["1"]
    assert picture.table.rows[0][2:4] == ("TLS 1.2", suite)


@pytest.mark.parametrize(
    ("group", "fill"),
    [("X25519MLKEM768", "1"), ("MLKEM768", "1"), ("x25519", "1"), ("secp256r1", "3"), ("ffdhe2048", "2")],
)
def test_a_group_is_counted_too(group: str, fill: str) -> None:
    facts = swept(spoken=(Spoken(TlsVersion.TLS12, (0x000A,), groups=(group_number(group),)),))
    picture = drawn("suites", speech("www", facts))
    assert (shapes(picture, fill), column_counts(picture, "www.contoh.test")) == (1, ["1", "1"])
    assert picture.table.rows[0][4] == group


def test_groups_that_came_without_a_name_are_counted_once() -> None:
    dhe = tls12(suites=(0x009E,), groups=(group_number("ffdhe2048"),))  # and the same in ServerKeyExchange
    picture = drawn("suites", speech("www", swept(spoken=(dhe,))))
    assert column_counts(picture, "www.contoh.test") == ["1", "1"]
    assert picture.table.rows[0][4] == "ffdhe2048"


def test_a_suite_of_two_versions_counts_once_and_stands_in_both_lines() -> None:
    facts = swept(spoken=(Spoken(TlsVersion.TLS11, (0x002F,)), Spoken(TlsVersion.TLS12, (0x002F,))))
    picture = drawn("suites", speech("www", facts))
    assert column_counts(picture, "www.contoh.test") == ["1"]
    assert [row[2] for row in picture.table.rows] == ["TLS 1.2", "TLS 1.1"]


def test_lists_that_may_be_short_say_so() -> None:
    facts = swept(spoken=(Spoken(TlsVersion.TLS12, (0x002F,), suites_short=TIMED_OUT),))
    picture = drawn("suites", speech("www", facts))
    assert "www.contoh.test*" in texts(picture)
    assert picture.table.rows[0][5] == "there may be more"
    assert drawn("suites", speech("www")).table.rows[0][5] == "yes"


def test_kinds_of_sslv2_have_names_of_their_own() -> None:
    facts = swept(spoken=(Spoken(TlsVersion.SSL2, (0x010080,)),))
    picture = drawn("suites", speech("www", facts))
    assert "RC4_128" in picture.table.rows[0][3]
    assert shapes(picture, "bad") == 1


# -- chains


def bars(picture: Picture) -> Mapping[str, list[tuple[float, float]]]:
    """Left and right edge of each bar that is not of the legend, by fill."""
    found: dict[str, list[tuple[float, float]]] = {}
    pattern = r'<rect class="p-([a-z0-9]+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="10"'
    for fill, x, width in re.findall(pattern, picture.svg):
        found.setdefault(fill, []).append((float(x), float(x) + float(width)))
    return found


def test_a_chain_is_drawn_leaf_to_anchor_around_the_day_seen() -> None:
    picture = drawn("chain", chained("www"))
    edges = bars(picture)
    assert {fill: len(them) for fill, them in edges.items()} == {"1": 1, "3": 1, "4": 1}
    middle = 150 + (420 - 150) / 2
    for (left, right), *_ in edges.values():
        assert left < middle < right
    assert edges["1"][0][1] < edges["3"][0][1] < edges["4"][0][1]
    assert "seen 1 November 2026" in texts(picture)
    assert [row[1] for row in picture.table.rows] == ["of the server", "intermediate", "trust anchor"]


@pytest.mark.parametrize(
    ("days", "since", "fill"),
    [(-1, 30, "bad"), (30, -1, "bad"), (13, 30, "warn"), (14, 30, "1"), (400, 30, "1")],
)
def test_a_bar_says_how_its_certificate_stands_in_time(days: float, since: float, fill: str) -> None:
    picture = drawn("chain", chained("www", link("leaf", days, since), link("anchor", 9000)))
    assert set(bars(picture)) == {fill, "4"}


def test_an_intermediate_that_ends_soon_is_counted_and_comes_first() -> None:
    sound = chained("baik")
    ending = chained(
        "segera", link("leaf", 60, subject="CN=b"), link("intermediate", 5, subject="CN=antara"), link("anchor", 99)
    )
    ended = chained(
        "lewat", link("leaf", 60, subject="CN=c"), link("intermediate", -5, subject="CN=tua"), link("anchor", 99)
    )
    picture = drawn("chain", sound, ending, ended)
    order = [it for it in texts(picture) if it.endswith(".contoh.test")]
    assert order == ["lewat.contoh.test", "segera.contoh.test", "baik.contoh.test"]
    assert "not valid when seen: 1; ending within 14 days: 1." in picture.summary
    assert "Chains: 3, of which lead to a trust anchor: 3." in picture.summary


def test_services_behind_one_chain_share_it_and_its_authorities() -> None:
    picture = drawn("chain", *(chained(host) for host in "abc"))
    assert "a.contoh.test +2" in texts(picture)
    assert [row[2] for row in picture.table.rows] == ["3", "3", "3"]


def test_a_chain_without_a_path_says_so() -> None:
    assert "no path to a trust anchor" in texts(drawn("chain", chained("www", link("leaf", 9), anchored=False)))
    assert "no path to a trust anchor" not in texts(drawn("chain", chained("www")))


def test_more_chains_than_are_drawn_are_counted_and_their_authorities_are_in_the_table() -> None:
    found = [
        chained(
            f"s{index:02}",
            link("leaf", index + 20),
            link("intermediate", 500, subject=f"CN=antara {index}"),
            link("anchor", 999),
        )
        for index in range(20)
    ]
    picture = drawn("chain", *found)
    assert "+12 more in the table" in texts(picture)
    roles = [row[1] for row in picture.table.rows]
    assert (roles.count("of the server"), roles.count("intermediate"), roles.count("trust anchor")) == (8, 20, 1)


# -- on a phone and on paper


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = program("chromium")
    assert path is not None
    with chromium(path, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.mark.system("chromium")
@pytest.mark.parametrize("which", DRAWINGS)
def test_no_words_run_into_others_or_out_of_the_picture(browser: Browser, tmp_path: Path, which: str) -> None:
    """Measured where it is drawn, on a phone: words of one line leave room between them, and all are inside."""
    for language in ("en", "id"):
        picture = drawn(which, *much(), language=language)
        page = tmp_path / f"{which}-{language}.html"
        style = f"<style>body{{margin:0;font-family:sans-serif}}{STYLE}</style>"
        page.write_text(f'<!DOCTYPE html><html lang="{language}"><meta charset="utf-8">{style}{picture.svg}', "utf-8")
        with browser.page(page.as_uri(), width=360, height=640, touch=True) as shown:
            boxes = shown.value(
                "[...document.querySelectorAll('svg text')].map(it => { const b = it.getBBox();"
                " return [it.textContent, b.x, b.y, b.width, b.height] })"
            )
        assert clashes(boxes) == []


def clashes(boxes: Sequence[Sequence[Any]]) -> list[str]:
    """Texts that leave the picture, and pairs that overlap by more than a hair."""
    outside = [text for text, x, _, width, _ in boxes if x < -1 or x + width > 421]
    over = [
        f"{one[0]} / {other[0]}"
        for index, one in enumerate(boxes)
        for other in boxes[index + 1 :]
        if abs(one[2] - other[2]) < 6 and one[1] < other[1] + other[3] - 1 and other[1] < one[1] + one[3] - 1
    ]
    return [*outside, *over]


def test_the_rule_of_this_test_sees_words_that_clash() -> None:
    assert clashes([["a", 0, 0, 30, 10], ["b", 20, 1, 30, 10]]) == ["a / b"]
    assert clashes([["a", 0, 0, 19, 10], ["b", 20, 1, 30, 10]]) == []
    assert clashes([["a", 400, 0, 60, 10]]) == ["a"]
