"""A night shift that reads Indonesian: help, errors and results of the real command, by --lang or by the locale."""

import re
from pathlib import Path

import pytest
from commandline import CommandLine

ENGLISH = re.compile(
    r"\b(the|of|and|with|without|that|which|is|are|was|not|no|from|by|for|this|has|cannot|expected|unknown|there|did|"
    r"write|already|such|must|only|file|such)\b"
)
"""Words that no Indonesian sentence has; what is typed and what files say is taken out before."""
TYPED = re.compile(r"\{[^}]*\}|\[[^\]]*\]|'[^']*'|\"[^\"]*\"|--[\w-]+|\S*[./=_:]\S*|pindai(?: [a-z]+)+")

BAD = """\
marking = 3
profil = "nightly"
windows = ["22:00"]
[agency]
time_zone = "WIX"
[scope]
names = ["*.id", "contoh.test:80"]
networks = ["10.0.0.1/8", "0.0.0.0/0", "x"]
[[target]]
id = "a b"
url = "ftp://contoh.test"
[[target]]
id = "b"
url = "https://lain.test/"
expect_status = 200
paths = ["login"]
params."web.hsts.polic" = { min_age = 3 }
[[target]]
url = 12
headers = { Authorization = "Bearer abcdefghijk123456" }
addresses = "semua"
"""
GOOD = """\
[agency]
name = "Kota"
[scope]
names = ["contoh.test"]
[[target]]
id = "www"
url = "https://contoh.test/"
"""
WAIVERS = """\
[[waiver]]
targets = "www"
checks = "web.hsts.policy"
reason = "diganti"
approved_by = "Kepala Bidang"
until = 2026-11-30
"""


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def english_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if ENGLISH.search(TYPED.sub(" ", line.lower()))]


def test_everything_wrong_with_a_file_is_told_in_indonesian(pindai: CommandLine) -> None:
    (pindai.folder / "bad.toml").write_text(BAD)
    english, told = pindai("config", "check", "bad.toml"), pindai("config", "check", "bad.toml", "--lang", "id")
    assert (told.code, told.out) == (english.code, english.out) == (3, "")
    places = [[line.split(": ")[:3] for line in it.err.splitlines()] for it in (english, told)]
    assert places[0] == places[1], "the same problems at the same places"
    assert len(english_in(english.err)) > 10
    assert english_in(told.err) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("scan nope", "pindai: nope: berkas tidak ada; untuk sebuah layanan tulis URL lengkapnya: https://nope\n"),
        ("scan https://contoh.test:99999", "port bukan angka antara 1 dan 65535; seharusnya alamat seperti "),
        (
            "scan https://contoh.test --profile nightli",
            "tidak ada profil 'nightli'; apakah maksudnya 'nightly'? Yang ada: ",
        ),
        ("scan https://contoh.test --ca nope.pem", "pindai: nope.pem: berkas atau folder tidak ada\n"),
        ("scan https://contoh.test --user a:b", "--user: kata sandi pada baris perintah terlihat oleh semua orang"),
        ("scan https://contoh.test --nameserver x", "--nameserver: 'x' bukan alamat IP dengan port opsional\n"),
        ("report", "belum ada pemindaian yang tersimpan di sini; pindai scan membuatnya"),
        ("evidence replay nope", "pindai: nope: berkas atau folder tidak ada\n"),
        ("frameworks nope", "tidak ada kerangka dan tidak ada butir bernama 'nope'; yang ada: "),
        ("import nope.csv", "pindai: nope.csv: berkas atau folder tidak ada\n"),
        ("config check nope.toml", "pindai: nope.toml: berkas atau folder tidak ada\n"),
        ("init https://a:b", "port bukan angka antara 1 dan 65535"),
    ],
)
def test_errors_are_indonesian(words: str, said: str, pindai: CommandLine) -> None:
    for done in (pindai(*words.split(), LANG="id_ID.UTF-8"), pindai("--lang", "id", *words.split())):
        assert (done.code, done.out) == (3, "")
        assert said in done.err
        assert english_in(done.err) == []


def test_the_locale_gives_way_to_the_option(pindai: CommandLine) -> None:
    done = pindai("scan", "nope", "--lang", "en", LANG="id_ID.UTF-8")
    assert done.err == "pindai: nope: no such file; for a service write the whole URL: https://nope\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "config check",
            "targets.toml: 1 target, 0 perangkat daerah; lingkup: 1 nama, 0 jaringan; tidak ada dokumen izin",
        ),
        ("config check --resolved", " = []"),
        ("waiver check waivers.toml", " s.d. 30 November 2026"),
        ("plan", "1 target: paling banyak "),
        ("doctor --offline", "Titik pantau"),
        ("checks", "web.hsts.policy"),
        ("frameworks", "Status: berlaku sejauh diketahui"),
    ],
)
def test_results_are_indonesian_in_eighty_columns_of_ascii(words: str, said: str, pindai: CommandLine) -> None:
    (pindai.folder / "targets.toml").write_text(GOOD)
    (pindai.folder / "waivers.toml").write_text(WAIVERS)
    done = pindai(*words.split(), LANG="id_ID.UTF-8", LC_ALL="", PYTHONIOENCODING="ascii")
    assert said in done.out, done
    assert done.out.isascii()
    assert english_in(done.out) == []
    if not words.startswith(("config", "plan", "waiver", "checks")):  # those write a line an entry, for grep
        assert max(map(len, done.out.splitlines())) <= 80


def test_a_targets_file_is_explained_in_one_language(pindai: CommandLine) -> None:
    assert pindai("init", "https://contoh.test/", "--lang", "id").code == 0
    text = (pindai.folder / "targets.toml").read_text()
    comments = re.findall(r"(?m)(?:^# (?=[A-Z])|  # )(.*)$", text)
    assert len(comments) > 25
    assert english_in("\n".join(comments)) == []
    assert pindai("config", "check").code == 0


@pytest.mark.parametrize(
    "words", ["plan --format json", "config schema", "frameworks --format json", "config check --resolved"]
)
def test_what_programs_read_is_the_same_in_both(words: str, pindai: CommandLine) -> None:
    (pindai.folder / "targets.toml").write_text(GOOD)
    english, indonesian = pindai(*words.split()), pindai(*words.split(), "--lang", "id")
    assert english.code == indonesian.code == 0
    if "--resolved" in words:  # values are those of files, only where they come from is told
        english, indonesian = (
            it._replace(out=re.sub(r"(?m)  +\S.*$|\((?:none|tidak ada)\)", "", it.out)) for it in (english, indonesian)
        )
    assert english.out == indonesian.out
