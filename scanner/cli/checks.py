"""`pindai checks`: what is looked at, and why."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import CommandError, add_language, guarded, language_of, output_width

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
    language = language_of(arguments.lang)
    for check in chosen:
        sys.stdout.write(f"{check.id} (version {check.version}, {', '.join(check.references)})\n\n")
        for paragraph in _paragraphs(inspect.cleandoc(check.judge.__doc__ or ""), language):
            sys.stdout.write(_wrapped(paragraph))
        sys.stdout.write("\n")
        for outcome in check.outcomes:
            severity = getattr(outcome, "severity", None)
            label = severity.word if severity is not None else outcome.state.value
            text = outcome.id if language == "id" else outcome.en
            sys.stdout.write(_wrapped(f"{outcome.key}: {text}", f"  {label:15} "))
        for name, value in ({} if check.params is None else _defaults(check.params)).items():
            sys.stdout.write(f"  {name} = {value}\n")
        sys.stdout.write("\n")
    return 0


TWINS = {"Why": "Sebab", "Fix": "Perbaikan", "Careful": "Hati-hati"}
"""What the paragraphs of a check's docstring begin with, in English and in Indonesian."""


def _paragraphs(docstring: str, language: str) -> list[str]:
    """A docstring in one language: without the paragraphs that stand there in this language too, under a twin's label."""
    lines = docstring.splitlines()
    present = {line.strip().partition(":")[0] for line in lines}
    twins = TWINS if language == "id" else {indonesian: english for english, indonesian in TWINS.items()}
    left_out = {label for label in present if _twin(label, twins) in present}
    labels = {*TWINS, *TWINS.values()}
    paragraphs: list[str] = []
    wanted = True
    for line in map(str.strip, lines):
        label, colon, _ = line.partition(":")
        if colon and label.partition(" (")[0] in labels:
            wanted = label not in left_out
        elif not line:
            wanted = True
        elif wanted and paragraphs and paragraphs[-1]:
            paragraphs[-1] += f" {line}"  # a paragraph goes on
            continue
        if wanted:
            paragraphs.append(line)
    return paragraphs


def _twin(label: str, twins: dict[str, str]) -> str | None:
    """`Perbaikan (no_name)` for `Fix (no_name)`; None for what has no twin."""
    name, bracket, outcome = label.partition(" (")
    return f"{twins[name]}{bracket}{outcome}" if name in twins else None


def _wrapped(text: str, lead: str = "") -> str:
    """Lines within the terminal's width, the first after `lead` and the others as far in."""
    import textwrap

    lines = textwrap.wrap(
        text,
        output_width(),
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines) + "\n"


def _summary(docstring: str | None) -> str:
    import inspect

    return inspect.cleandoc(docstring or "").splitlines()[0]


def _defaults(params: type) -> dict[str, object]:
    import msgspec

    defaults: dict[str, object] = msgspec.to_builtins(params())
    return defaults
