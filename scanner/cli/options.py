"""Options that several commands share, and what they mean on this machine.

Imported by every command before it is known which one runs, so what is not needed for that is imported in functions;
`typing` itself is left out of it.
"""

from __future__ import annotations

import argparse
import os
import sys

from scanner.locale.speech import language_of as language_of  # noqa: PLC0414 - an option's meaning, like the others here
from scanner.locale.speech import reason_of, say, spoken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from io import TextIOWrapper
    from pathlib import Path
    from typing import Any, TypeAlias

    Commands: TypeAlias = "argparse._SubParsersAction[Any]"

PLAIN_WIDTH = 80


class CommandError(Exception):
    """Something the user can mend; ends the command with `code` and these lines on standard error."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines


def path_of(text: str) -> Path:
    """A file or folder named on the command line."""
    from pathlib import Path

    return Path(text)


def add_state(parser: argparse.ArgumentParser) -> None:
    """`--state`."""
    parser.add_argument(
        "--state", type=path_of, metavar=say("DIR"), help=say("where runs are kept (default: XDG state directory)")
    )


def add_scope(parser: argparse.ArgumentParser) -> None:
    """What is scanned, with which checks, and where connections go."""
    parser.add_argument("targets", nargs="*", metavar=say("TARGETS.toml | URL"), help=say("a targets file, or URLs"))
    parser.add_argument(
        "--profile",
        metavar=say("NAME"),
        help=say("pace and checks: a profile's name (default: default), or a file.toml of your own"),
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar=say("CHECK"), help=say("only these checks (id, area or glob)")
    )
    add_route(parser)
    parser.add_argument(
        "--user",
        metavar=say("NAME:env=VARIABLE"),
        help=say(
            "log in to the URLs as NAME; the password is in an environment variable "
            "(PINDAI_PASSWORD when none is named) or, with NAME:file=PATH, in a file"
        ),
    )


def add_route(parser: argparse.ArgumentParser) -> None:
    """Whom to trust, and where connections and questions for names go."""
    parser.add_argument(
        "--ca",
        action="append",
        default=[],
        type=path_of,
        metavar=say("FILE"),
        help=say("trust these anchors too (PEM)"),
    )
    parser.add_argument(
        "--connect-to",
        action="append",
        default=[],
        metavar=say("HOST:PORT:ADDRESS:PORT"),
        help=say("connect to this address instead (as in curl)"),
    )
    parser.add_argument(
        "--nameserver",
        action="append",
        default=[],
        metavar=say("ADDRESS[:PORT]"),
        help=say("ask this resolver for names"),
    )


def add_resolve_to(parser: argparse.ArgumentParser) -> None:
    """curl's `--resolve`."""
    parser.add_argument(
        "--resolve",
        dest="resolve_to",
        action="append",
        default=[],
        metavar=say("HOST:PORT:ADDRESS"),
        help=say("use this address for a name (as in curl)"),
    )


def state_directory(given: Path | None) -> Path:
    """Where runs are kept."""
    from pathlib import Path

    if given is not None:
        return given
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "pindai"


def output_width() -> int:
    """Columns of the terminal; 80 when standard output is none."""
    import shutil

    return shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if sys.stdout.isatty() else PLAIN_WIDTH


def output_is_ascii(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether standard output can only show ASCII: by its encoding, or because LC_ALL says so.

    Under `LC_ALL=C` Python writes UTF-8 all the same (PEP 540), which whoever asked for plain C cannot want.
    """
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "").replace("_", "")
    if encoding not in ("utf8", "utf16", "utf32"):
        return True
    asked_for = environment.get("PYTHONIOENCODING") or environment.get("PYTHONUTF8")
    return environment.get("LC_ALL") in ("C", "POSIX") and not asked_for


def wants_colour() -> bool:
    """Colour on a terminal that can, unless NO_COLOR asks for none (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in (None, "", "dumb")


def write(chunks: Iterable[bytes]) -> None:
    """Bytes to standard output. When whoever read them has gone (`pindai ... | head`), the rest is for nobody.

    The exit code stays that of the run: under `set -o pipefail` a reader that left early must not make it a 0.
    """
    try:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(path: Path, chunks: Iterable[bytes]) -> None:
    """A file only its owner can read, complete or not there at all. Raises CommandError."""
    import contextlib
    import tempfile

    part = ""
    try:
        # A name nobody else has, made by us alone: not another scan's half-written file, and no link laid out for us.
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as handle:
            handle.writelines(chunks)
        os.replace(part, path)  # noqa: PTH105 - a name, as mkstemp gives it
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)  # noqa: PTH108 - the same
        raise CommandError(2, say("{path}: cannot write: {reason}", path=path, reason=reason_of(error))) from error


def write_new(path: Path, text: str) -> None:
    """A file that was not there, which only its owner can read; complete, or not there at all. Raises CommandError."""
    import contextlib

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileExistsError as error:
        raise CommandError(
            3, say("{path}: is there already and is not overwritten; choose another name", path=path)
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise CommandError(3, say("{path}: cannot write: {reason}", path=path, reason=reason_of(error))) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise CommandError(3, say("{path}: cannot write: {reason}", path=path, reason=reason_of(error))) from error


def guarded(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """A command whose CommandErrors become lines on standard error and an exit code."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except CommandError as error:
            for line in error.lines:
                sys.stderr.write(f"pindai: {printable(_in_our_language(line))}\n")
            return error.code

    return run


def _in_our_language(line: str) -> str:
    """A line that may be a detail of evidence, which is English where it is made."""
    if spoken() == "en":
        return line
    from scanner.locale.details import detail_text

    return detail_text(line, spoken())


def printable(text: str) -> str:
    """A line safe for this terminal: what is not printable is shown as an escape."""
    from scanner.locale.printable import printable as escaped

    return escaped(text, ascii_only=output_is_ascii())


def log_to(directory: Path) -> Path:
    """Send what the program says about itself to a file in the state folder; people read standard error, not this."""
    import logging

    from scanner.secrets import Silence

    path = directory / "pindai.log"

    class LogFile(logging.FileHandler):
        """A log that cannot be written (the disk is full) is told of once, in one line, and ends nothing."""

        told = False

        def _open(self) -> TextIOWrapper:
            """Never through a link that somebody else laid out: what it leads to would be written to."""
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK
            if not (path.is_symlink() and path.lstat().st_uid == os.geteuid()):
                flags |= os.O_NOFOLLOW
            return open(os.open(path, flags, 0o600), "a", encoding="utf-8")  # noqa: PTH123 - a descriptor

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's own name
            if not self.told:
                self.told = True
                why = sys.exc_info()[1]
                reason = "" if why is None else reason_of(why)
                line = say("{path}: cannot write the log: {reason}", path=path, reason=reason)
                sys.stderr.write(f"pindai: {printable(line)}\n")

    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = LogFile(path, encoding="utf-8")
    except OSError as error:
        raise CommandError(
            3,
            say(
                "{directory}: cannot keep state here: {reason}; choose --state DIR",
                directory=directory,
                reason=reason_of(error),
            ),
        ) from error
    handler.addFilter(Silence())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("pindai")
    for former in root.handlers:
        former.close()
    root.handlers[:] = [handler]
    root.propagate = False
    return path
