"""`pindai init`: a targets file to begin with, and the schema that lets an editor check it."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, add_language, guarded, language_of, path_of, printable, write_new

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.estate import Target

TARGETS_FILE = "targets.toml"
PLACEHOLDER = "https://www.ganti-ini.example/"
"""Stands where no URL was given; `config check` asks for a real one."""

HEAD = """\
#:schema ./targets.schema.json
# What is scanned, for whom, and what may be touched. / Apa yang dipindai, untuk siapa, dan apa yang boleh disentuh.
# After a change / Setelah diubah:   pindai config check
# Lines that begin with # are examples. / Baris yang diawali # hanyalah contoh.

marking = "TERBATAS"                          # printed on every report / dicetak di setiap laporan
# profile = "nightly"                         # pace / laju; pindai scan --profile NAME wins
# windows = ["22:00-05:00"]                   # when scanning is welcome / jam pemindaian
# include = ["units/*.toml"]                  # one file for each unit / satu berkas untuk tiap perangkat daerah
# waivers = ["waivers.toml"]                  # accepted findings / temuan yang dikecualikan

[agency]
name = ""                                     # nama instansi, e.g. "Pemerintah Kota Contoh"
contact = ""                                  # who answers for the scan, sent with each request / penanggung jawab
time_zone = "WIB"                             # WIB | WITA | WIT

# [vantage]
# kind = "internet"                           # internet | intranet: where this scanner stands / titik pantau
# address = "203.0.113.7"                     # its address, for the firewall's list / alamat pemindai

# Nothing outside the scope is ever contacted. / Di luar lingkup ini tidak ada yang dihubungi.
[scope]
"""
AFTER_SCOPE = """\

# The document that allows the scan; after its last day nothing is scanned. / Surat tugas dan hari terakhir berlakunya.
# [scope.authorisation]
# number = "094/123/Diskominfo/2026"
# valid_until = 2026-12-31
# issued_by = "Kepala Dinas Kominfo"

# The official list of services: what figures are a share of. / Daftar resmi layanan: penyebut setiap angka.
# [population]
# file = "population.toml"

[defaults]
addresses = "all"                             # observe every address of a name / semua alamat
environment = "production"
# unit = "Diskominfo"                         # perangkat daerah
# contact = "diskominfo@contoh.go.id"         # who can fix it / siapa yang memperbaiki

# Thresholds of your own policy. / Ambang kebijakan sendiri:   pindai checks web.hsts.policy
# [params."web.hsts.policy"]
# min_age = "P180D"

# [[disable]]
# checks = "web.hsts.policy"                  # id, area ("tls") or glob
# reason = "..."                              # printed / dicetak di laporan
"""
AFTER_FIRST = """\
# category = "tinggi"                         # kategori SE: strategis | tinggi | rendah
# paths = ["/login"]                          # further pages / halaman lain
# expect = { status = [200], text = "Selamat datang" }
# headers = { X-Api-Key = { env = "API_KEY" } }               # secrets stay outside / rahasia tidak ditulis di sini
# basic_auth = { user = "pemindai", password = { file = "secrets/www" } }
"""
NEXT = {
    "en": "Wrote {files}. Next: put your agency and services in {targets}, then\n"
    "  pindai config check{where}   what is wrong or missing\n"
    "  pindai plan{where}           what a scan would ask; sends nothing\n"
    "  pindai scan{where}           only with the owners' consent, in writing\n",
    "id": "{files} telah dibuat. Selanjutnya: lengkapi instansi dan layanan dalam {targets}, lalu\n"
    "  pindai config check{where}   apa yang salah atau belum ada\n"
    "  pindai plan{where}           apa yang akan ditanyakan; tidak mengirim apa pun\n"
    "  pindai scan{where}           hanya dengan izin tertulis pemilik layanan\n",
}


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "init",
        help="write a targets file to begin with",
        description="Write targets.toml, with a target for each URL, and the schema that editors check it with. "
        "Overwrites nothing.",
    )
    parser.add_argument("urls", nargs="*", metavar="URL", help="services to begin with")
    parser.add_argument("--dir", type=path_of, metavar="DIR", help="the folder to write to (default: this one)")
    add_language(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Write both files, or none."""
    from scanner.config.schema import TARGETS_SCHEMA, targets_schema, written
    from scanner.config_error import ConfigError

    folder = arguments.dir or path_of(".")
    targets, schema = folder / TARGETS_FILE, folder / TARGETS_SCHEMA
    try:
        text = targets_text(arguments.urls)
    except ConfigError as error:
        raise CommandError(3, *error.problems) from error
    if targets.exists() or targets.is_symlink():
        raise CommandError(3, f"{targets} is already there, and is not overwritten; see: pindai config check")
    schema_text = written(targets_schema())
    _make(folder)
    made = [targets]
    if not _is_same(schema, schema_text):
        write_new(schema, schema_text)
        made.append(schema)
    write_new(targets, text)
    language = language_of(arguments.lang)
    where = "" if arguments.dir is None else f" {targets}"
    files = (" dan " if language == "id" else " and ").join(map(str, made))
    for line in NEXT[language].format(files=files, targets=targets, where=where).splitlines():
        sys.stdout.write(printable(line) + "\n")
    return 0


def targets_text(urls: list[str]) -> str:
    """A targets file for these services; with a placeholder for none. Raises ConfigError."""
    from scanner.config import estate_of_urls

    targets = estate_of_urls(urls or [PLACEHOLDER]).targets
    blocks = [_block(target, AFTER_FIRST if index == 0 else "") for index, target in enumerate(targets)]
    return HEAD + _scope(targets) + AFTER_SCOPE + "".join(blocks)


def _scope(targets: tuple[Target, ...]) -> str:
    from ipaddress import ip_address

    from scanner.estate import is_loopback
    from scanner.parse.toml_text import written_toml
    from scanner.scope import Scope

    hosts = dict.fromkeys(target.parsed_url.host for target in targets)
    addresses = [target.parsed_url.host for target in targets if target.parsed_url.is_ip]
    private = [it for it in dict.fromkeys(addresses) if not Scope.is_public(it)]
    names = [host for host in hosts if host not in private]
    networks = [f"{it}/{ip_address(it).max_prefixlen}" for it in private]
    if any(is_loopback(host) for host in names):
        networks += ["127.0.0.0/8", "::1/128"]
    lines = [f"names = {written_toml(names)}"] if names else []
    lines.append(
        f"networks = {written_toml(networks)}"
        if networks
        else '# networks = ["10.0.0.0/8"]                   # only for private addresses / hanya untuk alamat privat'
    )
    return "\n".join(lines) + "\n"


def _block(target: Target, more: str) -> str:
    from scanner.parse.toml_text import written_toml

    placeholder = target.url == PLACEHOLDER
    lines = [
        "",
        "[[target]]",
        f"id = {written_toml('www' if placeholder else target.id):41}# never change it: findings are followed by it",
        f"url = {written_toml(target.url)}" + ("         # GANTI: your service" if placeholder else ""),
        'service = ""                                  # nama layanan',
    ]
    return "\n".join(lines) + "\n" + more


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CommandError(3, f"{folder}: cannot write: {error.strerror or error}") from error


def _is_same(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
