"""`pindai checks`: what is looked at, and why."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, add_language, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scanner.cli.options import Commands


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "checks", help="list the checks, or explain one", description="List or explain checks."
    )
    parser.add_argument("check", nargs="*", metavar="ID", help="a check id, an area or a glob")
    add_language(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """List all checks, or explain those named."""
    import inspect

    from scanner.registry import RegistryError, discover, select

    known = discover()
    if not arguments.check:
        for check in known.values():
            sys.stdout.write(f"{check.id:26} {_summary(check.judge.__doc__)}\n")
        return 0
    try:
        chosen = select(known, arguments.check)
    except RegistryError as error:
        raise CommandError(3, str(error)) from error
    for check in chosen:
        sys.stdout.write(f"{check.id} (version {check.version}, {', '.join(check.references)})\n\n")
        sys.stdout.write(f"{inspect.cleandoc(check.judge.__doc__ or '')}\n\n")
        for outcome in check.outcomes:
            severity = getattr(outcome, "severity", None)
            label = severity.word if severity is not None else outcome.state.value
            sys.stdout.write(f"  {label:15} {outcome.key}: {outcome.en}\n{'':18}{outcome.id}\n")
        for name, value in ({} if check.params is None else _defaults(check.params)).items():
            sys.stdout.write(f"  {name} = {value}\n")
        sys.stdout.write("\n")
    return 0


def _summary(docstring: str | None) -> str:
    import inspect

    return inspect.cleandoc(docstring or "").splitlines()[0]


def _defaults(params: type) -> dict[str, object]:
    import msgspec

    defaults: dict[str, object] = msgspec.to_builtins(params())
    return defaults
