"""Lists of services as agencies keep them: what is an address, what is not, and a targets file that loads."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.config import load_targets
from scanner.config_error import ConfigError
from scanner.estate import Category
from scanner.parse.url import parse_url
from scanner.service_list import (
    Assumption,
    Refusal,
    ServiceList,
    addresses_in,
    read_services,
    target_id,
    targets_toml,
    unit_toml,
)
from scanner.spreadsheet import Row, Table

A = "https://a.contoh.test/"


@pytest.mark.parametrize(
    ("text", "found", "assumed", "words"),
    [
        (A, [A], [], ""),
        ("a.contoh.test", [A], [A], ""),
        ("  WWW.Contoh.Test/Path ", ["https://www.contoh.test/Path"], ["https://www.contoh.test/Path"], ""),
        ("http://a.contoh.test", ["http://a.contoh.test/"], [], ""),
        (f"{A} (dalam pengembangan)", [A], [], "dalam pengembangan"),
        (f"<{A}>, b.contoh.test;\nc.contoh.test", [A, "https://b.contoh.test/", "https://c.contoh.test/"], None, ""),
        (f"1. {A}\n2. {A}", [A], [], "1 2"),
        ("https:// a.contoh.test", [A], [], ""),
        ("a.contoh.test\u200b", [A], [A], ""),
        ("https://a.contoh.test/login oleh Budi, S.Kom.", ["https://a.contoh.test/login"], [], "oleh Budi S.Kom"),
        ("10.1.2.3:8080", ["https://10.1.2.3:8080/"], None, ""),
        ("10.1.2.3:80/app", ["http://10.1.2.3/app"], None, ""),
        ("[2001:db8::1]:8443", ["https://[2001:db8::1]:8443/"], None, ""),
        ("bücher.contoh.test", ["https://xn--bcher-kva.contoh.test/"], None, ""),
        ("layanan.desa", ["https://layanan.desa/"], None, ""),
        ("versi 2.0.1", [], [], "versi 2.0.1"),
        ("1.2", [], [], "1.2"),
        ("-", [], [], ""),
        ("belum ada", [], [], "belum ada"),
        ("@diskominfo", [], [], "..."),
        ("", [], [], ""),
    ],
)
def test_addresses_in_a_cell(text: str, found: list[str], assumed: list[str] | None, words: str) -> None:
    inside = addresses_in(text)
    assert [str(it.url) for it in inside.found] == found
    if assumed is not None:
        assert [str(it.url) for it in inside.found if it.assumed] == assumed
    assert (inside.words, inside.refused) == (words, ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("info@contoh.test", Refusal.EMAIL),
        ("mailto:info@contoh.test", Refusal.EMAIL),
        ("https://play.google.com/store/apps/details?id=id.go.contoh", Refusal.MOBILE_APP),
        ("id.go.contoh.layanan", Refusal.MOBILE_APP),
        ("com.contoh.layanan", Refusal.MOBILE_APP),
        ("market://details?id=x", Refusal.MOBILE_APP),
        ("https://docs.google.com/forms/d/x", Refusal.PLATFORM),
        ("www.instagram.com/contoh", Refusal.PLATFORM),
        ("https://u:hunter2@a.contoh.test", Refusal.SECRET),
        ("https://u:12,hunter2@a.contoh.test", Refusal.SECRET),
        ("u:hunter2@a.contoh.test", Refusal.SECRET),
        ("https://a.contoh.test/?token=hunter2hunter2", Refusal.SECRET),
        ("a.contoh.test/?x=1;password=hunter2", Refusal.SECRET),
        ("http://localhost:3000", Refusal.LOOPBACK),
        ("127.0.0.1", Refusal.LOOPBACK),
        ("http://169.254.169.254/", Refusal.NEVER),
        ("ftp://a.contoh.test", Refusal.NOT_AN_ADDRESS),
        ("htps://a.contoh.test", Refusal.NOT_AN_ADDRESS),
        ("https//a.contoh.test", Refusal.NOT_AN_ADDRESS),
        ("https://a..test", Refusal.NOT_AN_ADDRESS),
        ("https://", Refusal.NOT_AN_ADDRESS),
        ("https://a.test:99999", Refusal.NOT_AN_ADDRESS),
    ],
)
def test_what_is_no_address_of_a_service(text: str, why: Refusal) -> None:
    inside = addresses_in(text)
    assert inside.found == ()
    assert [it.why for it in inside.refused] == [why]
    assert "hunter2" not in repr(inside)


def test_a_cell_has_so_many_addresses_and_no_more() -> None:
    inside = addresses_in(" ".join(f"a{number}.contoh.test" for number in range(500)))
    assert (len(inside.found), {it.why for it in inside.refused}) == (100, {Refusal.TOO_MANY})


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.test/", "a.test"),
        ("https://a.test:8443/", "a.test-8443"),
        ("https://a.test/v1/login.php", "a.test_v1_login.php"),
        ("https://10.0.0.1/", "10.0.0.1"),
    ],
)
def test_an_id_says_host_and_path(url: str, name: str) -> None:
    assert target_id(parse_url(url)) == name


def test_urls_that_read_alike_have_ids_of_their_own() -> None:
    urls = [
        *(
            "https://a.test/a-b",
            "https://a.test/a/b",
            "https://a.test/a_b",
            "https://a.test/a/b/",
            "https://a.test/a//b",
        ),
        *("http://a.test/", "https://a.test/?x", "https://a.test/?y", "https://a.test/", "https://[2001:db8::1]/"),
        *("https://a.test/" + "x" * 200, "https://a.test/" + "x" * 201, "http://a.test:8443/", "https://a.test:8443/"),
        *("https://_/", "https://_a.test/", "https://-a.test/"),
    ]
    names = [target_id(parse_url(url)) for url in urls]
    assert len(set(names)) == len(urls)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) for name in names)
    assert max(map(len, names)) <= 100


# --- rows ---------------------------------------------------------------------------------------------------

HEADINGS = ("Nama Aplikasi/Layanan", "OPD", "Alamat Website", "PIC/Kontak", "Kategori SE", "Lingkungan")


def services(*rows: tuple[str, ...], unit: str = "", links: Mapping[int, str] = MappingProxyType({})) -> ServiceList:
    body = (Row(number, row, dict(links) if number == 2 else {}) for number, row in enumerate(rows, 2))
    return read_services(Table("daftar.csv", "", (Row(1, HEADINGS), *body)), unit)


def remarks(listed: ServiceList) -> list[tuple[str, str]]:
    return [(it.place.removeprefix("daftar.csv:"), it.what.value) for it in listed.remarks]


def test_everything_a_row_says() -> None:
    listed = services(("PPID  Utama", "Dinas A", A, "Budi, budi@contoh.test 0812", "TINGGI", "produksi"))
    (target,) = listed.targets
    assert (target.id, str(target.url), target.service, target.unit) == ("a.contoh.test", A, "PPID Utama", "Dinas A")
    assert (target.contact, target.category, target.environment) == ("budi@contoh.test", Category.TINGGI, "produksi")
    assert (listed.rows, listed.covered, listed.complete) == (1, 1, True)


@pytest.mark.parametrize(
    ("row", "said", "complete"),
    [
        (("S", "U", "a.contoh.test"), [("2", Assumption.HTTPS)], True),
        (("S", "U", "-"), [("2", Refusal.NO_ADDRESS)], False),
        (("S", "U"), [("2", Refusal.NO_ADDRESS)], False),
        (("S", "U", "info@contoh.test"), [("2", Refusal.EMAIL)], False),
        (("S", "U", f"{A} info@contoh.test"), [("2", Refusal.EMAIL)], False),
        (("S", "U", A, "", "sedang"), [("2", Assumption.CATEGORY)], True),
        (("S", "U", "https://10.1.2.3/"), [("2", Assumption.PRIVATE)], True),
    ],
)
def test_what_is_said_of_a_row(row: tuple[str, ...], said: list[tuple[str, str]], complete: bool) -> None:
    listed = services(row)
    assert (remarks(listed), listed.complete) == (said, complete)


def test_the_link_behind_a_text_is_taken_and_told() -> None:
    listed = services(("S", "U", "klik di sini"), links={2: A})
    assert ([str(it.url) for it in listed.targets], remarks(listed)) == ([A], [("2", Assumption.LINK)])


def test_an_address_that_comes_twice_is_one_target_and_both_rows_have_it() -> None:
    listed = services(("S", "U", A), ("T", "V", A.upper()))
    assert [it.service for it in listed.targets] == ["S"]
    assert (remarks(listed), listed.covered, listed.complete) == ([("3", Assumption.DUPLICATE)], 2, True)


@pytest.mark.parametrize(
    "urls", ["http://a.contoh.test/x https://a.contoh.test/x", "https://a.contoh.test/x http://a.contoh.test/x"]
)
def test_http_and_https_of_one_place_are_one_target(urls: str) -> None:
    listed = services(("S", "U", urls))
    assert [str(it.url) for it in listed.targets] == ["https://a.contoh.test/x"]
    assert remarks(listed) == [("2", Assumption.TWIN)]


@pytest.mark.parametrize(
    "urls", ["http://a.contoh.test:8080/ https://a.contoh.test/", "http://a.contoh.test/x https://a.contoh.test/"]
)
def test_http_elsewhere_is_a_target_of_its_own(urls: str) -> None:
    assert len(services(("S", "U", urls)).targets) == 2


def test_a_unit_that_was_named_is_for_rows_without_one() -> None:
    listed = services(("S", "", A), ("T", "Lain", "https://b.contoh.test/"), unit="Dinas")
    assert [it.unit for it in listed.targets] == ["Dinas", "Lain"]


def test_a_list_without_addresses_is_refused() -> None:
    with pytest.raises(ConfigError, match="no heading for the url"):
        read_services(Table("daftar.csv", "", (Row(1, ("Layanan", "OPD")),)))


# --- what is written ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("targets")


def test_a_targets_file_that_loads(folder: Path) -> None:
    listed = services(
        (
            '=HYPERLINK("x") \\ "q"',
            "Dinas 😀",
            f"{A} http://10.1.2.3:81/ [2001:db8::1] 8.8.8.8",
            "a\x1bb",
            "rendah",
            "x",
        ),
        ("S", "U", "bücher.contoh.test/a?b=1"),
    )
    (folder / "targets.toml").write_text(targets_toml(listed), encoding="utf-8")
    estate = load_targets(folder / "targets.toml")
    assert [it.url for it in estate.targets] == [str(it.url) for it in listed.targets]
    assert (estate.targets[0].service, estate.targets[0].unit) == ('=HYPERLINK("x") \\ "q"', "Dinas 😀")
    assert "10.1.2.3/32" in estate.scope.networks
    assert all(estate.scope.permits_name(it.url.host) for it in listed.targets)


def test_a_unit_file_that_loads(folder: Path) -> None:
    listed = services(("S", "Dinas A", A), ("T", "Dinas A", "https://b.contoh.test/"))
    (folder / "units").mkdir()
    (folder / "units" / "a.toml").write_text(unit_toml(listed, ""))
    main = 'include = ["units/*.toml"]\n[scope]\nnames = ["*.contoh.test"]\n'
    (folder / "main.toml").write_text(main)
    estate = load_targets(folder / "main.toml")
    assert estate.problems == ()
    assert [(it.id, it.unit) for it in estate.targets] == [("a.contoh.test", "Dinas A"), ("b.contoh.test", "Dinas A")]


CELLS = (
    st.text(max_size=30)
    | st.sampled_from(
        [A, "a.contoh.test", "http://a.contoh.test", "10.0.0.1", "::1", "[::1]", "u:p@x.test", "tinggi", "x.y"]
    )
    | st.text("aA.:/@?#[]-_1 é,;%\\\"'\n\0", max_size=25).map(lambda it: f"https://{it}")
    | st.text("aA.:/@?#[]-_10", max_size=25)
)


@pytest.mark.parametrize(
    ("units", "name"),
    [
        (("Dinas A", "Dinas A"), "Dinas A"),
        (("Dinas A", ""), None),
        (("Dinas A", "Dinas B"), None),
        (("", ""), None),
    ],
)
def test_a_unit_file_is_of_a_unit_that_all_its_rows_name(units: tuple[str, str], name: str | None) -> None:
    listed = services(
        *((host, unit, f"https://{host}.contoh.test", "", "", "") for host, unit in zip("ab", units, strict=True))
    )
    file = tomllib.loads(unit_toml(listed, ""))
    assert file["unit"].get("name") == name
    assert [it.get("unit", name or "") for it in file["target"]] == list(units)


@pytest.mark.parametrize(
    ("cell", "contact"),
    [
        ("Budi 081234567890", "Budi"),
        ("Budi (+62 812-3456-7890)", "Budi"),
        ("0812 3456 7890", ""),
        ("Bidang Aplikasi 2, lantai 3", "Bidang Aplikasi 2, lantai 3"),
        ("Budi 081234567890 budi@contoh.test", "budi@contoh.test"),
    ],
)
def test_no_telephone_number_becomes_a_contact(cell: str, contact: str) -> None:
    (target,) = services(("x", "", A, cell, "", "")).targets
    assert target.contact == contact


@settings(deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_whatever_a_list_says_the_file_loads(folder: Path, rows: list[tuple[str, ...]]) -> None:
    listed = services(*rows)
    assert listed.covered + sum(it.what in set(Refusal) for it in listed.remarks) >= listed.rows
    if listed.targets:
        (folder / "any.toml").write_text(targets_toml(listed), encoding="utf-8")
        assert len(load_targets(folder / "any.toml").targets) == len(listed.targets)
