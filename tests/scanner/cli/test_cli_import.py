"""`pindai import`, as the real command: messy lists as they come by mail, and what is said about them."""

import stat
from pathlib import Path

import openpyxl
import pytest
from commandline import CommandLine

from scanner.config import load_targets

CLEAN = "Nama Layanan;OPD;URL\nPPID;Diskominfo;https://ppid.contoh.test/\nJDIH;Setda;https://jdih.contoh.test/\n"

MESSY = '''\
DAFTAR APLIKASI DAN LAYANAN KOTA CONTOH;;;;;;
Per 31 Januari 2026;;;;;;
;;;;;;
No;Nama Aplikasi / Layanan;Perangkat Daerah;Alamat Website;PIC / Kontak;Kategori SE;Keterangan
1;2;3;4;5;6;7
1;"Portal ""Resmi""";Diskominfo;WWW.CONTOH.TEST;Budi (budi@contoh.test) 0812-000;Tinggi;
2;JDIH;Bagian Hukum;"http://jdih.contoh.test
https://jdih.contoh.test";;rendah;
3;SIMPEG;BKPSDM;10.20.30.40:8080 (dalam pengembangan);;sedang;
4;E-Absen;BKPSDM;belum ada;;;
5;Layanan Warga;Diskominfo;https://play.google.com/store/apps/details?id=id.go.contoh;;;
6;Persuratan;Setda;surat@contoh.test;;;
7;Gudang;Setda;https://admin:Rahasia123@gudang.contoh.test/;;;
8;=cmd|'/c calc'!A1;Setda;https://a.contoh.test/?token=Rahasia123Rahasia123;;;
9;Pariwisata;Dispar;https://wisatä.contoh.test/;;;
10;Portal lama;Diskominfo;https://www.contoh.test/;;;
;Jumlah;;10;;;
'''


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def given(pindai: CommandLine, text: str, name: str = "daftar.csv") -> Path:
    (pindai.folder / name).write_text(text, encoding="utf-8")
    return pindai.folder / name


def test_a_clean_list_is_a_targets_file_on_standard_output(pindai: CommandLine) -> None:
    given(pindai, CLEAN)
    done = pindai("import", "daftar.csv")
    assert (done.code, done.err) == (0, "daftar.csv: 2 of 2 rows became 2 targets\n")
    (pindai.folder / "targets.toml").write_text(done.out)
    assert [it.id for it in load_targets(pindai.folder / "targets.toml").targets] == [
        "ppid.contoh.test",
        "jdih.contoh.test",
    ]


def test_a_messy_list(pindai: CommandLine) -> None:
    given(pindai, MESSY)
    done = pindai("import", "daftar.csv", "--lang", "id", "--out", "targets.toml")
    assert done.code == 2
    assert done.out == ""
    assert done.err.splitlines() == [
        "daftar.csv: 5 dari 11 baris menjadi 4 target",
        "Tidak menjadi target:",
        "  daftar.csv:10: tidak ada alamat: belum ada",
        "  daftar.csv:11: aplikasi seluler; alamat servernya tidak disebut: "
        "https://play.google.com/store/apps/details?id=id.go.contoh",
        "  daftar.csv:12: alamat surel, bukan alamat web",
        "  daftar.csv:13: tampaknya memuat kata sandi, token, atau nomor pribadi, yang tidak diulang di sini; "
        "hapus dari daftar",
        "  daftar.csv:14: tampaknya memuat kata sandi, token, atau nomor pribadi, yang tidak diulang di sini; "
        "hapus dari daftar",
        "  daftar.csv:17: tidak ada alamat: 10",
        "Asumsi:",
        "  dianggap https karena skema tidak ditulis (2)",
        "    daftar.csv:6: https://www.contoh.test",
        "    daftar.csv:9: https://10.20.30.40:8080",
        "  teks di samping alamat diabaikan (1)",
        "    daftar.csv:9: dalam pengembangan",
        "  alamat yang sama dengan baris sebelumnya (1)",
        "    daftar.csv:16: daftar.csv:6",
        "  http dan https menjadi satu target, yang https (1)",
        "    daftar.csv:7: jdih.contoh.test",
        "  kategori di luar strategis, tinggi, rendah diabaikan (1)",
        "    daftar.csv:9: sedang",
        "  alamat privat, ditambahkan ke networks pada scope (1)",
        "    daftar.csv:9: 10.20.30.40",
    ]
    estate = load_targets(pindai.folder / "targets.toml")
    assert [(it.url, it.service, it.unit, it.contact) for it in estate.targets] == [
        ("https://www.contoh.test/", 'Portal "Resmi"', "Diskominfo", "budi@contoh.test"),
        ("https://jdih.contoh.test/", "JDIH", "Bagian Hukum", ""),
        ("https://10.20.30.40:8080/", "SIMPEG", "BKPSDM", ""),
        ("https://xn--wisat-kra.contoh.test/", "Pariwisata", "Dispar", ""),
    ]
    assert "Rahasia123" not in (pindai.folder / "targets.toml").read_text() + done.err


def test_a_messy_workbook(pindai: CommandLine) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Layanan 2026"
    for row in (
        ["INVENTARIS LAYANAN"],
        [],
        ["No", "OPD", "Nama Sistem", "Tautan", "E-mail"],
        [1, "Dinas Kesehatan", "SIMPUS", "klik di sini", "it@dinkes.contoh.test"],
        [2, None, "Antrean\nOnline", "antrean.contoh.test/ambil", None],
        [3, "RSUD", "SIMRS", "=CONCATENATE(A1)", None],
        [4, "RSUD", "Bed 😀", 12, None],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:E1")
    sheet.merge_cells("B4:B5")
    sheet["D4"].hyperlink = "https://simpus.contoh.test/"
    book.create_sheet("acuan").sheet_state = "hidden"
    book["acuan"]["A1"] = "x"
    book.save(pindai.folder / "daftar.xlsx")
    done = pindai("import", "daftar.xlsx", "--out", "targets.toml")
    assert (done.code, done.err.splitlines()) == (
        2,
        [
            "daftar.xlsx!Layanan 2026: 2 of 4 rows became 2 targets",
            "Not targets:",
            "  daftar.xlsx!Layanan 2026:D6: the formula in it was never computed; "
            "open the file in an office program and save it",
            "  daftar.xlsx!Layanan 2026:D7: no address: 12",
            "Assumed:",
            "  hidden sheets not read: 'acuan'",
            "  https assumed, as no scheme is written (1)",
            "    daftar.xlsx!Layanan 2026:D5: https://antrean.contoh.test",
            "  the link behind the text was taken (1)",
            "    daftar.xlsx!Layanan 2026:D4",
        ],
    )
    assert [(it.id, it.service, it.unit) for it in load_targets(pindai.folder / "targets.toml").targets] == [
        ("simpus.contoh.test", "SIMPUS", "Dinas Kesehatan"),
        ("antrean.contoh.test_ambil", "Antrean Online", "Dinas Kesehatan"),
    ]


def test_what_is_written_is_private_and_overwrites_nothing(pindai: CommandLine) -> None:
    given(pindai, CLEAN)
    assert pindai("import", "daftar.csv", "--out", "targets.toml").code == 0
    file = pindai.folder / "targets.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("mine")
    again = pindai("import", "daftar.csv", "--out", "targets.toml")
    assert (again.code, file.read_text()) == (3, "mine")
    assert "targets.toml: is there already and is not overwritten" in again.err


def test_a_link_is_not_followed(pindai: CommandLine) -> None:
    given(pindai, CLEAN)
    (pindai.folder / "link.toml").symlink_to(pindai.folder / "elsewhere.toml")
    assert pindai("import", "daftar.csv", "--out", "link.toml").code == 3
    assert not (pindai.folder / "elsewhere.toml").exists()


@pytest.mark.parametrize(
    ("out", "options", "is_unit"),
    [
        ("other.toml", ["--unit-file"], True),
        ("other.toml", [], True),
        ("units/dinas.toml", [], True),
        ("far/away/dinas.toml", [], False),
    ],
)
def test_beside_a_targets_file_a_unit_file_is_written(
    pindai: CommandLine, out: str, options: list[str], is_unit: bool
) -> None:
    given(pindai, CLEAN)
    given(pindai, "", "targets.toml")
    (pindai.folder / out).parent.mkdir(parents=True, exist_ok=True)
    assert pindai("import", "daftar.csv", "--out", out, "--unit", "Dinas", *options).code == 0
    text = (pindai.folder / out).read_text()
    assert ("\n[unit]\n" in text, "\n[scope]\n" in text) == (is_unit, not is_unit)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "daftar.csv: there is nothing in it"),
        ("a;b\nc;d\n", "daftar.csv:1: no heading for the url"),
        ("layanan;url\nA;-\n", "daftar.csv: no row of it became a target; nothing was written"),
        ("%PDF-1.7", "daftar.csv: a PDF file"),
    ],
)
def test_nothing_to_write(pindai: CommandLine, text: str, reason: str) -> None:
    given(pindai, text)
    done = pindai("import", "daftar.csv", "--out", "targets.toml")
    assert (done.code, done.out) == (3, "")
    assert reason in done.err
    assert not (pindai.folder / "targets.toml").exists()


@pytest.mark.parametrize(
    "words", [["nothing.csv"], ["daftar.csv", "--sheet", "x"], ["daftar.csv", "--out", "no/such/a.toml"], []]
)
def test_what_cannot_be_done(pindai: CommandLine, words: list[str]) -> None:
    given(pindai, CLEAN)
    assert pindai("import", *words).code == 3


def test_what_a_list_says_cannot_move_the_cursor(pindai: CommandLine) -> None:
    given(pindai, "layanan;url\nA;https://a.contoh.test/ \x1b[2J\u202e\n")
    done = pindai("import", "daftar.csv")
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err
    assert "\\x1b" in done.err
