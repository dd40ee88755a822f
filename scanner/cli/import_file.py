"""`pindai import`: targets from the spreadsheet in which an agency keeps its services."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, guarded, language_of, path_of, printable, write_new
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.service_list import Remark, ServiceList
    from scanner.spreadsheet import Note

INCOMPLETE = 2
UNREADABLE = 3
TARGETS_FILE = "targets.toml"
MAX_PLACES = 5
"""How many places of one assumption are named; all are counted. What became no target is always named."""

REFUSED = {
    "no_address": ("no address", "tidak ada alamat"),
    "not_an_address": ("not an address that can be read", "bukan alamat yang dapat dibaca"),
    "email": ("an e-mail address, not a web address", "alamat surel, bukan alamat web"),
    "mobile_app": ("a mobile application; its server is not named", "aplikasi seluler; alamat servernya tidak disebut"),
    "platform": (
        "a platform of somebody else, scanned only by its owner",
        "platform milik pihak lain, bukan untuk dipindai",
    ),
    "secret": (
        "it seems to hold a password, token or personal number, which is not repeated here; take it out of the list",
        "tampaknya memuat kata sandi, token, atau nomor pribadi, yang tidak diulang di sini; hapus dari daftar",
    ),
    "loopback": ("an address of the machine itself", "alamat mesin itu sendiri"),
    "never": (
        "a metadata or link-local address, never scanned",
        "alamat metadata atau link-local, tidak pernah dipindai",
    ),
    "broken": ("the formula in it has no result", "rumusnya tidak memberi hasil"),
    "uncomputed": (
        "the formula in it was never computed; open the file in an office program and save it",
        "rumusnya belum pernah dihitung; buka berkas dengan program perkantoran lalu simpan",
    ),
    "too_many": ("too many addresses in one cell", "terlalu banyak alamat dalam satu sel"),
}
"""Why something became no target, in English and Indonesian."""

ASSUMED = {
    "https": ("https assumed, as no scheme is written", "dianggap https karena skema tidak ditulis"),
    "text": ("text beside the address left out", "teks di samping alamat diabaikan"),
    "link": ("the link behind the text was taken", "tautan di balik teks yang dipakai"),
    "duplicate": ("the same address as in an earlier row", "alamat yang sama dengan baris sebelumnya"),
    "twin": ("http and https are one target, the https one", "http dan https menjadi satu target, yang https"),
    "category": (
        "a category that is none of strategis, tinggi, rendah was left out",
        "kategori di luar strategis, tinggi, rendah diabaikan",
    ),
    "private": (
        "a private address, added to the networks of the scope",
        "alamat privat, ditambahkan ke networks pada scope",
    ),
}
"""What was assumed or left out, in English and Indonesian."""

NOTES = {
    "windows_1252": (
        "not UTF-8, so read as Windows-1252; check names with other letters than a to z",
        "bukan UTF-8, sehingga dibaca sebagai Windows-1252; periksa nama dengan huruf selain a sampai z",
    ),
    "hidden_sheets": ("hidden sheets not read", "lembar tersembunyi tidak dibaca"),
    "hidden_rows": (
        "rows that are hidden or filtered out, read like the others",
        "baris yang tersembunyi atau tersaring, dibaca seperti yang lain",
    ),
}
"""What was assumed to read the file at all, in English and Indonesian."""


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "import",
        help=say("make a targets file from a spreadsheet"),
        description=say("Make targets from a list of services in CSV or XLSX, and say which rows are none."),
        epilog=say("Exit codes: 0 every row has its target; 2 some have none; 3 nothing could be made."),
    )
    parser.add_argument("file", type=path_of, metavar=say("FILE"), help=say("the list: .csv or .xlsx"))
    parser.add_argument(
        "--out", type=path_of, metavar=say("FILE"), help=say("write here instead of standard output; never overwrites")
    )
    parser.add_argument(
        "--sheet", metavar=say("NAME"), help=say("the sheet to read, where several have something in them")
    )
    parser.add_argument(
        "--unit", default="", metavar=say("NAME"), help=say("the unit (perangkat daerah) of rows that name none")
    )
    parser.add_argument(
        "--unit-file",
        action="store_true",
        help=say(
            "write a unit file, to be included (what --out does anyway beside or one folder below a {targets_file})",
            targets_file=TARGETS_FILE,
        ),
    )
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Read the list, write the targets, report the rest on standard error."""
    from scanner.config_error import ConfigError
    from scanner.service_list import read_services, targets_toml, unit_toml
    from scanner.spreadsheet import read_table

    unit = " ".join(arguments.unit.split())
    try:
        listed = read_services(read_table(arguments.file, arguments.sheet), unit)
    except ConfigError as error:
        raise CommandError(UNREADABLE, *error.problems) from error
    as_unit = arguments.unit_file or (arguments.out is not None and _is_for_a_unit(arguments.out))
    language = 1 if language_of(arguments.lang) == "id" else 0
    if listed.targets:
        text = unit_toml(listed, unit) if as_unit else targets_toml(listed)
        if arguments.out is None:
            sys.stdout.buffer.write(text.encode())
            sys.stdout.buffer.flush()
        else:
            write_new(arguments.out, text)
    for line in _report(listed, language):
        sys.stderr.write(f"{printable(line)}\n")
    if not listed.targets:
        raise CommandError(
            UNREADABLE, say("{file}: no row of it became a target; nothing was written", file=arguments.file)
        )
    return 0 if listed.complete else INCOMPLETE


def _is_for_a_unit(out: Path) -> bool:
    """Whether a targets file stands where it would include this one."""
    folder = out.absolute().parent
    main = [folder / TARGETS_FILE, folder.parent / TARGETS_FILE]
    return any(it.is_file() for it in main) and out.absolute() not in main


def _report(listed: ServiceList, language: int) -> Iterator[str]:
    from scanner.locale.values import write_number
    from scanner.service_list import Refusal

    def number(count: int) -> str:
        return write_number(count, ("en", "id")[language])

    rows, covered, targets = number(listed.rows), number(listed.covered), number(len(listed.targets))
    noun = "target" if len(listed.targets) == 1 else "targets"
    yield (
        f"{listed.source}: {covered} of {rows} rows became {targets} {noun}",
        f"{listed.source}: {covered} dari {rows} baris menjadi {targets} target",
    )[language]
    refused = [it for it in listed.remarks if isinstance(it.what, Refusal)]
    if refused:
        yield ("Not targets:", "Tidak menjadi target:")[language]
        yield from (f"  {it.place}: {REFUSED[it.what][language]}{_detail(it)}" for it in refused)
    groups: dict[str, list[Remark]] = {}
    for remark in listed.remarks:
        if not isinstance(remark.what, Refusal):
            groups.setdefault(remark.what, []).append(remark)
    if groups or listed.notes:
        yield ("Assumed:", "Asumsi:")[language]
    yield from (f"  {NOTES[it.kind][language]}{_detail(it)}" for it in listed.notes)
    for what, remarks in sorted(groups.items(), key=lambda it: list(ASSUMED).index(it[0])):
        yield f"  {ASSUMED[what][language]} ({number(len(remarks))})"
        yield from (f"    {it.place}{_detail(it)}" for it in remarks[:MAX_PLACES])
        if len(remarks) > MAX_PLACES:
            yield f"    +{number(len(remarks) - MAX_PLACES)} {('others', 'lainnya')[language]}"


def _detail(remark: Remark | Note) -> str:
    return f": {remark.detail}" if remark.detail else ""
