"""`pindai init`: a targets file to begin with, and the schema that lets an editor check it."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, guarded, path_of, printable, write_new
from scanner.locale.speech import reason_of, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.estate import Target

TARGETS_FILE = "targets.toml"
PLACEHOLDER = "https://www.ganti-ini.example/"
"""Stands where no URL was given; `config check` asks for a real one."""

COMMENTS_AT = 46
"""The column where comments beside a value begin."""


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "init",
        help=say("write a targets file to begin with"),
        description=say(
            "Write targets.toml, with a target for each URL, and the schema that editors "
            "check it with. Overwrites nothing."
        ),
    )
    parser.add_argument("urls", nargs="*", metavar=say("URL"), help=say("services to begin with"))
    parser.add_argument(
        "--dir", type=path_of, metavar=say("DIR"), help=say("the folder to write to (default: this one)")
    )
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
        raise CommandError(
            3, say("{targets} is already there, and is not overwritten; see: pindai config check", targets=targets)
        )
    schema_text = written(targets_schema())
    _make(folder)
    made = [targets]
    if not _is_same(schema, schema_text):
        write_new(schema, schema_text)
        made.append(schema)
    write_new(targets, text)
    where = "" if arguments.dir is None else f" {targets}"
    for line in _next(say(" and ").join(map(str, made)), str(targets), where):
        sys.stdout.write(printable(line) + "\n")
    return 0


def _next(files: str, targets: str, where: str) -> Iterator[str]:
    yield say("Wrote {files}. Next: put your agency and services in {targets}, then", files=files, targets=targets)
    for command, does in (
        ("config check", say("what is wrong or missing")),
        ("plan", say("what a scan would ask; sends nothing")),
        ("scan", say("only with the owners' consent, in writing")),
    ):
        yield f"  {f'pindai {command}':19}{where}   {does}"


def targets_text(urls: list[str]) -> str:
    """A targets file for these services, explained in the language of this process; with a placeholder for none.

    Raises ConfigError.
    """
    from scanner.config import estate_of_urls

    targets = estate_of_urls(urls or [PLACEHOLDER]).targets
    lines = [*_head(), *_scope(targets), *_after_scope()]
    for index, target in enumerate(targets):
        lines += _block(target)
        if index == 0:
            lines += _further_keys()
    return "\n".join(lines) + "\n"


def _beside(toml: str, comment: str) -> str:
    return f"{toml:{COMMENTS_AT}}# {comment}"


def _head() -> Iterator[str]:
    yield "#:schema ./targets.schema.json"
    yield f"# {say('What is scanned, for whom, and what may be touched.')}"
    yield f"# {say('After a change:')}   pindai config check"
    yield f"# {say('Lines that begin with # are examples.')}"
    yield ""
    yield _beside('marking = "TERBATAS"', say("printed on every report"))
    yield _beside('# profile = "nightly"', say("pace and checks; pindai scan --profile NAME wins"))
    yield _beside('# windows = ["22:00-05:00"]', say("when scanning is welcome"))
    yield _beside('# include = ["units/*.toml"]', say("one file for each unit"))
    yield _beside('# waivers = ["waivers.toml"]', say("accepted findings"))
    yield ""
    yield "[agency]"
    yield _beside('name = ""', say('name of the agency, such as "Pemerintah Kota Contoh"'))
    yield _beside('contact = ""', say("who answers for the scan; sent with each request"))
    yield _beside('time_zone = "WIB"', "WIB | WITA | WIT")
    yield ""
    yield "# [vantage]"
    yield _beside('# kind = "internet"', say("internet or intranet: where this scanner stands"))
    yield _beside('# address = "203.0.113.7"', say("its address, for the list of a firewall"))
    yield ""
    yield f"# {say('Nothing outside the scope is ever contacted.')}"
    yield "[scope]"


def _scope(targets: tuple[Target, ...]) -> Iterator[str]:
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
    if names:
        yield f"names = {written_toml(names)}"
    if networks:
        yield f"networks = {written_toml(networks)}"
    else:
        yield _beside('# networks = ["10.0.0.0/8"]', say("only for private addresses"))


def _after_scope() -> Iterator[str]:
    yield ""
    yield f"# {say('The document that allows the scan; after its last day nothing is scanned.')}"
    yield "# [scope.authorisation]"
    yield '# number = "094/123/Diskominfo/2026"'
    yield "# valid_until = 2026-12-31"
    yield '# issued_by = "Kepala Dinas Kominfo"'
    yield ""
    yield f"# {say('The official list of services: what figures are a share of.')}"
    yield "# [population]"
    yield '# file = "population.toml"'
    yield ""
    yield "[defaults]"
    yield _beside('addresses = "all"', say("observe every address of a name"))
    yield 'environment = "production"'
    yield _beside('# unit = "Diskominfo"', say("the unit whose services these are"))
    yield _beside('# contact = "diskominfo@contoh.go.id"', say("who can fix it"))
    yield ""
    yield f"# {say('Thresholds of your own policy:')}   pindai checks web.hsts.policy"
    yield '# [params."web.hsts.policy"]'
    yield '# min_age = "P180D"'
    yield ""
    yield "# [[disable]]"
    yield _beside('# checks = "web.hsts.policy"', say('id, area ("tls") or glob'))
    yield _beside('# reason = "..."', say("printed in reports"))


def _block(target: Target) -> Iterator[str]:
    from scanner.parse.toml_text import written_toml

    placeholder = target.url == PLACEHOLDER
    name, url = written_toml("www" if placeholder else target.id), written_toml(target.url)
    yield ""
    yield "[[target]]"
    yield _beside(f"id = {name}", say("never change it: findings are followed by it"))
    yield _beside(f"url = {url}", say("REPLACE: the address of your service")) if placeholder else f"url = {url}"
    yield _beside('service = ""', say("name of the service"))


def _further_keys() -> Iterator[str]:
    yield _beside('# category = "tinggi"', say("category of the electronic system: strategis, tinggi or rendah"))
    yield _beside('# paths = ["/login"]', say("further pages"))
    yield '# expect = { status = [200], text = "Selamat datang" }'
    yield f"# {say('Secrets stay outside of this file:')}"
    yield '# headers = { X-Api-Key = { env = "API_KEY" } }'
    yield '# basic_auth = { user = "pemindai", password = { file = "secrets/www" } }'


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CommandError(
            3, say("{folder}: cannot write: {reason}", folder=folder, reason=reason_of(error))
        ) from error


def _is_same(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
