"""`pindai demo`: raise the demo estate on loopback, scan it, show the result."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, add_state, guarded, path_of
from scanner.cli.plugged import require_format
from scanner.cli.scan import add_reporting, perform, prepare_output
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from scanner.cli.options import Commands
    from scanner.demo.estate import Ports

SERVE_SECONDS_MAX = 24 * 3600.0


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "demo",
        help=say("raise a small estate on this machine and scan it"),
        description=say(
            "Raise a small estate of good and bad services on loopback (no root, no system "
            "packages), scan it and show the result. Exit 0 when the demo worked, whatever "
            "it found."
        ),
    )
    add_reporting(parser)
    parser.add_argument("--serve", action="store_true", help=say("do not scan: keep the estate up until interrupted"))
    add_state(parser)
    parser.set_defaults(run=guarded(run), out=path_of("pindai-demo"))


def run(arguments: argparse.Namespace) -> int:
    """Raise, scan, report; or raise and wait."""
    from scanner.demo.estate import DemoError, estate_in_thread
    from scanner.plugins import NO_PLUGINS

    out: Path = arguments.out
    require_format(arguments.format, NO_PLUGINS)
    prepare_output(out)
    try:
        with estate_in_thread(out) as estate:
            targets = estate.write_files(out)
            _tell_ports(estate.ports)
            if arguments.serve:
                return _serve(targets, estate.ca_path)
            return _scan(arguments, targets, estate.ca_path)
    except DemoError as error:
        raise CommandError(3, str(error)) from error


def _tell_ports(ports: Ports) -> None:
    """Where the estate is when it is not where the documents say."""
    from scanner.demo.estate import Ports

    if ports == Ports():
        return
    taken, chosen = (f"{it.https} (https), {it.http} (http), {it.dns} (DNS)" for it in (Ports(), ports))
    told = say("one of the ports {taken} is taken; the demo uses {chosen}", taken=taken, chosen=chosen)
    sys.stderr.write(f"pindai: {told}\n")


def _scan(arguments: argparse.Namespace, targets: Path, ca: Path) -> int:
    import tempfile
    from pathlib import Path

    import msgspec

    from scanner.cli.estates import assignment_of, manifest_of
    from scanner.journal import SUFFIX, Journal

    scope = {"targets": [str(targets)], "ca": [ca], "profile": "local", "only": [], "connect_to": [], "nameserver": []}
    assignment = assignment_of(argparse.Namespace(**scope))
    manifest = manifest_of(assignment)
    with tempfile.TemporaryDirectory(prefix="pindai-demo-") as scratch:
        folder = arguments.state / "runs" if arguments.state is not None else Path(scratch)
        journal = Journal.create(folder / f"{manifest.run}{SUFFIX}")
        journal.put_manifest(msgspec.json.encode(manifest))
        code = perform(arguments, assignment, journal)
    return code if code in (2, 130, 143) else 0


def _serve(targets: Path, ca: Path) -> int:
    import contextlib
    import time

    up = say(
        "the demo estate is up; in another terminal: pindai scan {targets} --ca {ca} --profile local",
        targets=targets,
        ca=ca,
    )
    sys.stderr.write(f"{up}\n{say('Ctrl-C ends it')}\n")
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(SERVE_SECONDS_MAX)
    return 0
