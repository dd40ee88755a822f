"""The population file: what is right is counted, what is wrong is named with its place, all of it at once."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.config_error import ConfigError
from scanner.estate import Category, Population, PopulationService, PopulationUnit
from scanner.population import load_population

HEAD = 'document = "SK 1/2026"\ndate = 2026-01-31\n'
DOCUMENT, DAY = "SK 1/2026", date(2026, 1, 31)
EXAMPLE = Path(__file__).parents[2] / "population.example.toml"


def of_toml(folder: Path, text: str) -> Population:
    file = folder / "population.toml"
    file.write_text(text, encoding="utf-8")
    return load_population(file)


def of_csv(folder: Path, text: str) -> Population:
    file = folder / "daftar.csv"
    file.write_text(text, encoding="utf-8")
    return load_population(file, document=DOCUMENT, date=DAY)


def test_everything_a_toml_file_says(tmp_path: Path) -> None:
    text = HEAD + (
        'category_document = "SK 2/2026"\n'
        '[[unit]]\nname = "Kominfo"\n[[unit]]\nname = "Camat"\nno_service = true\ndeclaration = "Surat 3"\n'
        '[[service]]\nname = "Portal  resmi"\nunit = "kominfo"\ncategory = "Tinggi"\n'
        'hosts = ["WWW.Contoh.test", "https://api.contoh.test:8443/v1", "www.contoh.test"]\ntags = ["publik"]\n'
    )
    assert of_toml(tmp_path, text) == Population(
        document=DOCUMENT,
        date=DAY,
        units=(PopulationUnit("Kominfo"), PopulationUnit("Camat", no_service=True, declaration="Surat 3")),
        services=(
            PopulationService(
                "Portal resmi", "kominfo", Category.TINGGI, ("www.contoh.test", "api.contoh.test"), ("publik",)
            ),
        ),
        category_document="SK 2/2026",
    )


def test_the_example_is_read() -> None:
    assert len(load_population(EXAMPLE).services) == 2


ONE = '[[service]]\nname = "A"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "population.toml: document: this key is required"),
        ('document = " "\ndate = 2026-01-31\n' + ONE, "population.toml:1: document: must not be empty"),
        ('document = "x"\n' + ONE, "population.toml: date: this key is required"),
        ('document = "x"\ndate = 20260131\n' + ONE, "population.toml:2: date: expected a date"),
        ('document = "x"\ndate = 2026-01-31T00:00:00Z\n' + ONE, "population.toml:2: date: expected a date"),
        ('document = "x"\ndate = 9999-12-31\n' + ONE, "population.toml:2: date: 9999-12-31 is in the future"),
        (HEAD, "population.toml: neither [[unit]] nor [[service]]"),
        (HEAD + ONE + 'host = "a"\n', "population.toml:5: service.1.host: unknown key; did you mean 'hosts'?"),
        (HEAD + ONE + 'category = "tingi"\n', "population.toml:5: service.1.category: expected one of"),
        (HEAD + ONE + 'hosts = ["a b"]\n', "population.toml:5: service.1.hosts.1: 'a b': no host such as"),
        (HEAD + ONE + 'hosts = ["1.5"]\n', "population.toml:5: service.1.hosts.1: '1.5': no host such as"),
        (
            HEAD + ONE + '[[service]]\nname = " a"\n',
            "population.toml:6: service.2.name: 'a' is listed already (population.toml:4)",
        ),
        (
            HEAD + '[[unit]]\nname = "U"\n[[unit]]\nname = "u"\n',
            "population.toml:6: unit.2.name: 'u' is listed already",
        ),
        (
            HEAD + '[[unit]]\nname = "U"\nno_service = true\n',
            "population.toml:3: unit.1.declaration: name the document",
        ),
        (HEAD + '[[unit]]\nname = "U"\ndeclaration = "x"\n', "population.toml:5: unit.1.declaration: only a unit with"),
        (
            HEAD + '[[unit]]\nname = "Kominfo"\n' + ONE + 'unit = "Kominfos"\n',
            "population.toml:7: service.1.unit: no [[unit]] named 'Kominfos'; did you mean 'Kominfo'?",
        ),
        (
            HEAD + '[[unit]]\nname = "U"\nno_service = true\ndeclaration = "x"\n' + ONE + 'unit = "U"\n',
            "population.toml:9: service.1.unit: 'U' declared to have no service (population.toml:4)",
        ),
    ],
)
def test_what_is_wrong_in_toml(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        of_toml(tmp_path, text)
    assert said in str(refused.value).replace(f"{tmp_path}/", "")


def test_units_that_are_not_listed_are_no_contradiction_where_no_unit_is(tmp_path: Path) -> None:
    assert of_toml(tmp_path, HEAD + ONE + 'unit = "U"\n').units == ()


def test_the_same_service_of_two_units_is_two_services(tmp_path: Path) -> None:
    two = "".join(f'[[service]]\nname = "Website"\nunit = "{unit}"\n' for unit in "AB")
    assert len(of_toml(tmp_path, HEAD + two).services) == 2


def test_a_password_in_place_of_a_host_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        of_toml(tmp_path, HEAD + ONE + 'hosts = ["user:hunter2@a b"]\n')
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("heading", "category"),
    [
        ("Nama Layanan;Perangkat Daerah;Kategori SE;Alamat;Tag", "TINGGI"),
        ("SERVICE;Unit;Category;Host;Tags", "tinggi"),
        ("nama aplikasi / layanan;OPD;Kategori;URL;tag", " Tinggi "),
    ],
)
def test_a_list_as_agencies_keep_it(tmp_path: Path, heading: str, category: str) -> None:
    text = f"DAFTAR LAYANAN\n\n{heading}\nPPID;Diskominfo;{category};https://ppid.contoh.test/ (aktif);publik, data\n"
    listed = of_csv(tmp_path, text)
    assert (listed.document, listed.date, listed.units) == (DOCUMENT, DAY, ())
    expected = PopulationService("PPID", "Diskominfo", Category.TINGGI, ("ppid.contoh.test",), ("publik", "data"))
    assert listed.services == (expected,)


@pytest.mark.parametrize("address", ["", "-", "belum ada", "https://play.google.com/store/apps/details?id=a.b"])
def test_a_service_may_have_no_host(tmp_path: Path, address: str) -> None:
    assert of_csv(tmp_path, f"layanan;alamat\nPPID;{address}\n").services == (PopulationService("PPID"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "daftar.csv: there is nothing in it"),
        ("layanan;opd\n", "daftar.csv: no service below the headings"),
        ("opd;alamat\nA;a.test\n", "daftar.csv:1: no heading for the service: expected one of nama layanan"),
        ("nama layann;opd\nA;B\n", "did you mean 'nama layanan' by 'nama layann'?"),
        ("layanan;opd\nA;B\na;b\n", "daftar.csv:3: service: 'a' of 'b' is listed already (daftar.csv:2)"),
        (
            "layanan;kategori\nA;tingi\n",
            "daftar.csv:2: category: 'tingi' is none of strategis, tinggi, rendah; did you mean",
        ),
        ("layanan;opd\n-;B\n", "daftar.csv:2: service: no name of a service in this row"),
        ("layanan;alamat\nA;info@a.test\n", "daftar.csv:2: hosts: no address of a service (email)"),
        ("layanan;alamat\nA;https//a.test\n", "daftar.csv:2: hosts: 'https//a.test': no address of a service (not an"),
        ("layanan;alamat\nA;a.test\nJUMLAH;\n", "daftar.csv:3: service: a sum and no service"),
        ("opd;layanan\nDinkes;A\nTotal:;60\n", "daftar.csv:3: unit: a sum and no service"),
        ("layanan;alamat\nA;https://u:hunter2@a.test\n", "daftar.csv:2: hosts: no address of a service (secret)"),
    ],
)
def test_what_is_wrong_in_a_spreadsheet(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        of_csv(tmp_path, text)
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_all_problems_at_once(tmp_path: Path) -> None:
    file = tmp_path / "daftar.csv"
    file.write_text("layanan;kategori\nA;x\nB;y\n")
    tomorrow = datetime.now(UTC).date() + timedelta(days=3)
    with pytest.raises(ConfigError) as refused:
        load_population(file, date=tomorrow)
    assert [it.rpartition(": ")[0].partition("daftar.csv")[2] for it in refused.value.problems] == [
        ": a spreadsheet does not say what it is",
        ": date",
        ":2: category",
        ":3: category",
    ]


def test_a_spreadsheet_needs_document_and_date(tmp_path: Path) -> None:
    file = tmp_path / "daftar.csv"
    file.write_text("layanan\nA\n")
    with pytest.raises(ConfigError, match=r"name its document.*\n.*give the date"):
        load_population(file)


def test_a_toml_file_says_its_document_itself(tmp_path: Path) -> None:
    file = tmp_path / "population.toml"
    file.write_text(HEAD + ONE)
    with pytest.raises(ConfigError, match="document and sheet belong into the file itself"):
        load_population(file, document="other", sheet="x")


def test_cells_merged_over_rows_of_a_workbook_are_the_unit_of_each(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Layanan"
    for row in (["Perangkat Daerah", "Nama Layanan"], ["Diskominfo", "PPID"], [None, "JDIH"], ["Setda", "Surat"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.save(tmp_path / "daftar.xlsx")
    listed = load_population(tmp_path / "daftar.xlsx", document=DOCUMENT, date=DAY, sheet="Layanan")
    assert [(it.name, it.unit) for it in listed.services] == [
        ("PPID", "Diskominfo"),
        ("JDIH", "Diskominfo"),
        ("Surat", "Setda"),
    ]


def test_places_in_a_workbook(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Layanan"
    for row in (["No", "Nama Layanan", "Kategori SE"], [1, "PPID", "sedang"]):
        book.active.append(row)
    book.save(tmp_path / "daftar.xlsx")
    with pytest.raises(ConfigError, match=r"^daftar\.xlsx!Layanan:C2: category: 'sedang'"):
        load_population(tmp_path / "daftar.xlsx", document=DOCUMENT, date=DAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists")


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20), st.text(max_size=30)), max_size=5))
def test_any_cells_are_services_or_a_configuration_error(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    lines = [("layanan", "opd", "alamat"), *rows]
    text = "\n".join(";".join('"' + it.replace('"', '""') + '"' for it in row) for row in lines)
    (folder / "daftar.csv").write_bytes(text.encode("utf-8", "replace"))
    try:
        listed = load_population(folder / "daftar.csv", document=DOCUMENT, date=DAY)
    except ConfigError:
        return
    assert len(listed.services) <= len(rows)
