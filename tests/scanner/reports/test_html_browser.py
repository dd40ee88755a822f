"""The HTML report in a real browser: nothing is fetched, nothing is refused, and everything is reached."""

import itertools
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import Browser, Page, chromium
from html_runs import nasty, written
from installed import program
from runs import accepted, city, decided, finding, province, record, run_of, target

from scanner.run import Run

pytestmark = pytest.mark.system("chromium")
PHONE = {"width": 360, "height": 640, "touch": True}
REGIONS = ("conclusion", "figures", "first", "units-first", "evidence", "unseen", "collected", "services", "glossary")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = program("chromium")
    assert path is not None
    with chromium(path, tmp_path_factory.mktemp("profile")) as running:
        yield running


def busy() -> Run:
    """Eighteen targets of as many units, so that there is something to filter and to sort."""
    names = [f"layanan-{number:02}" for number in range(18)]
    return run_of(
        [target(name, unit=f"Dinas {name[-2:]}") for name in names],
        [record(name) for name in names],
        {
            name: [
                finding(name, "web.hsts.policy", "medium", key=f"{name}-{number}", outcome=f"o{number}")
                for number in range(int(name[-2:]) % 13 + 1)
            ]
            + ([accepted(finding(name, "tls.certificate.expiry", "critical"))] if name == names[3] else [])
            for name in names
        },
        agency="Pemerintah Kota Contoh",
    )


RUNS: dict[str, Callable[[], Run]] = {"city": city, "decided": decided, "nasty": nasty, "busy": busy}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, run in RUNS.items():
        for language in ("id", "en"):
            path = folder / f"{name}-{language}.html"
            path.write_text(written(run(), language), encoding="utf-8")
            made[name, language] = path.as_uri()
    return made


Pages = dict[tuple[str, str], str]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_fetched_and_nothing_is_refused(
    browser: Browser, pages: Pages, name: str, language: str, script: bool
) -> None:
    url = pages[name, language]
    with browser.page(url, script=script) as page:
        assert page.requests() == [url]
        assert page.complaints() == []


def test_the_rules_of_this_test_see_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    """A page that does what no report may do is noticed."""
    path = tmp_path / "wrong.html"
    path.write_text(
        '<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
        "<body onload='window.hurt=1'><img src='other.png'><script>window.hurt=2</script>"
    )
    with browser.page(path.as_uri()) as page:
        assert page.complaints()
        assert len(page.requests()) == 2
        assert page.value("window.hurt") is None


@pytest.mark.parametrize("name", RUNS)
def test_the_page_is_never_wider_than_a_phone(browser: Browser, pages: Pages, name: str) -> None:
    with browser.page(pages[name, "id"], **PHONE) as page:
        page.value("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert page.value("document.documentElement.scrollWidth") <= 360


def test_what_assistive_technology_is_told(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["city", "en"]) as page:
        page.value("document.querySelectorAll('details').forEach(part => { part.open = true })")
        tree = page.tree()
        roles = Counter(node["role"] for node in tree)
        assert roles["main"] == roles["navigation"] == roles["banner"] == roles["contentinfo"] == 1
        headings = [node for node in tree if node["role"] == "heading"]
        assert [node["name"] for node in headings if node["level"] == 1] == ["Scan report: Pemerintah Kota Contoh"]
        levels = [node["level"] for node in headings]
        assert all(later <= before + 1 for before, later in itertools.pairwise(levels))
        for role in ("table", "region", "heading", "img", "button", "textbox", "searchbox", "combobox", "link"):
            assert all(node["name"] for node in tree if node["role"] == role), role
        assert roles["table"] >= 4
        named = {node["name"] for node in tree if node["role"] == "region"}
        assert {"Conclusion", "Key figures", "What to do first", "What was not seen", "Glossary"} <= named


def focused(page: Page) -> dict[str, Any]:
    """What has the focus, where it is, and whether that can be seen."""
    return dict(
        page.value(
            """(() => {
              const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
              return {tag: it.tagName, id: it.id, href: it.getAttribute("href"), text: it.textContent.slice(0, 60),
                      outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
                      seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight};
            })()"""
        )
    )


def test_the_keyboard_alone_reaches_and_opens_everything(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["city", "en"]) as page:
        page.key("Tab")
        first = focused(page)
        assert first["href"] == "#main"
        assert first["seen"]
        assert first["outline"]
        wanted = page.value("[...document.querySelectorAll('summary')].filter(it => it.checkVisibility()).length")
        reached = 0
        for _ in range(2000):
            page.key("Tab")
            now = focused(page)
            if now["tag"] == "BODY":
                break
            assert now["outline"], now
            if now["tag"] == "SUMMARY":
                reached += 1
                page.key("Enter")
                assert page.value("document.activeElement.parentElement.open"), now
                page.key("Enter")
                assert not page.value("document.activeElement.parentElement.open"), now
        assert reached == wanted > 20


def test_the_skip_link_leads_to_the_content(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["city", "en"]) as page:
        page.key("Tab")
        page.key("Enter")
        assert focused(page)["id"] == "main"


def test_a_link_to_a_finding_opens_what_holds_it(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["decided", "en"]) as page:
        link = page.value("document.querySelector('#exceptions a').getAttribute('href')")
        assert not page.value(f"document.querySelector('{link}').closest('details').open")
        page.value("document.querySelector('#exceptions a').click()")
        assert page.value(
            f"new Promise(done => setTimeout(() => done(document.querySelector('{link}').closest('details').open), 200))"
        )


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_filter_is_there_only_where_it_works(browser: Browser, pages: Pages, script: bool) -> None:
    with browser.page(pages["busy", "en"], script=script) as page:
        assert page.value("document.querySelector('#service-filter').checkVisibility()") is script
        assert page.value("document.querySelectorAll('th button').length > 0") is script
        assert page.value("document.querySelectorAll('details.service').length") == 18


def shown(page: Page) -> list[str]:
    return list(
        page.value(
            "[...document.querySelectorAll('details.service')].filter(it => it.checkVisibility())"
            ".map(it => it.querySelector('h4').textContent)"
        )
    )


def settled(page: Page) -> None:
    """Wait until what was typed has been acted on."""
    page.value("new Promise(done => setTimeout(done, 300))")


def test_services_are_filtered_by_name_and_severity(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["busy", "en"]) as page:
        page.value("document.querySelector('#service-filter').focus()")
        page.type("dinas 07")
        settled(page)
        assert shown(page) == ["layanan-07.contoh.test"]
        assert page.value("document.querySelector('.filter[data-list] output').textContent") == "shown: 1 of 18"
        page.value("document.querySelector('#service-filter').value = ''")
        page.type(" ")
        settled(page)
        assert len(shown(page)) == 18
        page.value(
            "const it = document.querySelector('#service-severity'); it.value = 'critical';"
            "it.dispatchEvent(new Event('change'))"
        )
        assert shown(page) == [], "an accepted finding is no open one"


def column(page: Page, number: int) -> list[str]:
    return list(
        page.value(
            "[...document.querySelectorAll('#t-units tbody tr')].filter(it => !it.hidden)"
            f".map(it => it.cells[{number}].textContent)"
        )
    )


def test_tables_are_sorted_by_number_and_back_and_filtered(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["busy", "en"]) as page:
        written_order = column(page, 0)
        heading = "document.querySelectorAll('#t-units th button')[3]"
        page.value(f"{heading}.focus()")
        counts = sorted(int(it) for it in column(page, 3))
        page.key("Enter")
        assert [int(it) for it in column(page, 3)] == counts
        assert page.value(f"{heading}.parentElement.getAttribute('aria-sort')") == "ascending"
        page.key("Enter")
        assert [int(it) for it in column(page, 3)] == counts[::-1]
        page.key("Enter")
        assert column(page, 0) == written_order
        page.value("document.querySelector('#units .filter input').focus()")
        page.type("dinas 1")
        settled(page)
        assert column(page, 0) == [it for it in written_order if it.startswith("Dinas 1")]


@pytest.mark.parametrize("language", ["id", "en"])
def test_foreign_text_does_nothing(browser: Browser, pages: Pages, language: str) -> None:
    with browser.page(pages["nasty", language]) as page:
        page.value("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert page.value("window.hurt") is None
        assert page.value("document.querySelectorAll('img, script, iframe, b').length") == 1, "our own script"
        assert page.value("document.scripts[0].textContent.startsWith('\"use strict\"')") or page.value(
            "document.scripts[0].textContent.trim().startsWith('\"use strict\"')"
        )
        assert page.value("document.body.innerText.includes('<script>window.hurt=1</script>')")


CONTRAST = """(() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(it => it / 255)
      .map(it => it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (it) => {
    for (; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const it of document.querySelectorAll("body *")) {
    const text = [...it.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!text || it.closest("svg, script") || !it.checkVisibility()) continue;
    const style = getComputedStyle(it), one = light(style.color), two = light(behind(it));
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) found[it.tagName + "." + it.className] = ratio;
  }
  return found;
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Browser, pages: Pages, dark: bool) -> None:
    with browser.page(pages["city", "en"], dark=dark) as page:
        page.value("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert page.value(CONTRAST) == {}
        is_dark = page.value("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert is_dark is dark


@pytest.mark.parametrize(("width", "columns"), [(1280, 4), (900, 2), (390, 1)])
def test_the_key_figures_stand_in_whole_rows(browser: Browser, pages: Pages, width: int, columns: int) -> None:
    with browser.page(pages["city", "id"], width=width) as page:
        tops = page.value("[...document.querySelectorAll('.box')].map(it => it.getBoundingClientRect().top)")
        assert [count for _, count in sorted(Counter(tops).items())] == [columns] * (4 // columns)


def test_a_phone_shows_the_gravest_findings_of_a_unit(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["city", "id"], **PHONE) as page:
        cell = "document.querySelectorAll('#t-units-first tbody tr')[0].cells[{}].getBoundingClientRect().right"
        assert page.value(cell.format(2)) <= 360, "critical and high are seen without scrolling"
        assert page.value("getComputedStyle(document.querySelector('.scroll')).backgroundImage").count("gradient") == 4


def test_no_digest_breaks_within_a_cell(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["city", "id"], **PHONE) as page:
        styles = page.value(
            "[...document.querySelectorAll('td:not(.text), th')].map(it => getComputedStyle(it).overflowWrap)"
        )
        assert set(styles) == {"normal"}


def test_what_was_not_seen_is_as_large_as_what_was(browser: Browser, pages: Pages) -> None:
    with browser.page(pages["city", "id"]) as page:
        size = "parseFloat(getComputedStyle(document.querySelector('{}')).fontSize)"
        assert page.value(size.format("#unseen li")) >= page.value(size.format("#figures .box p"))


@pytest.mark.system("pdftotext")
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_every_printed_page_is_marked_and_numbered_and_nothing_stays_folded(
    browser: Browser, pages: Pages, tmp_path: Path, script: bool
) -> None:
    with browser.page(pages["busy", "id"], script=script) as page:
        page.pdf(tmp_path / "page.pdf")
    tool = program("pdftotext")
    assert tool is not None
    done = subprocess.run([tool, "-layout", tmp_path / "page.pdf", "-"], check=True, capture_output=True, text=True)
    sheets = done.stdout.split("\f")[:-1]
    assert len(sheets) > 5
    for number, sheet in enumerate(sheets, 1):
        assert sheet.count("TERBATAS") >= 2
        assert re.search(rf"halaman {number} dari {len(sheets)}\b", sheet)
    whole = " ".join(done.stdout.split())
    assert "rincian pada berkas digital" in whole, "what is left out on paper is told"
    assert whole.count("web.hsts.policy v1") == sum(int(name) % 13 + 1 for name in range(18))


def test_a_large_report_opens_folded(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "province.html"
    path.write_text(written(province(), "id"), encoding="utf-8")
    with browser.page(path.as_uri()) as page:
        assert page.complaints() == []
        assert page.value("document.querySelectorAll('details[open]').length") == 0
        assert page.value("document.querySelectorAll('details.service').length") == 900
        assert page.value("document.querySelectorAll('details.verdicts').length") > 800
    with browser.page(path.as_uri(), **PHONE) as page:
        page.value("[...document.querySelectorAll('.service')].slice(0, 40).forEach(part => { part.open = true })")
        page.value("document.querySelectorAll('.service[open] .verdicts').forEach(part => { part.open = true })")
        assert page.value("document.querySelector('.verdicts code').checkVisibility()")
        assert page.value("document.documentElement.scrollWidth") <= 360
