"""`pindai plan`: what a scan would ask, before anything is sent."""

from __future__ import annotations

import argparse
import sys

from scanner.cli.options import add_language, add_scope, guarded, language_of, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scanner.cli.estates import Assignment
    from scanner.cli.options import Commands
    from scanner.observations.endpoint import Resolution
    from scanner.plan import PlannedTarget


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "plan",
        help="show what a scan would ask (sends nothing)",
        description="Show names, ports, first requests and ceilings of a scan. Sends nothing; with --resolve only DNS.",
    )
    add_scope(parser)
    parser.add_argument("--resolve", action="store_true", help="resolve the names (DNS only) and list the addresses")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="what standard output carries")
    add_language(parser)
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Print the plan."""
    import asyncio

    import msgspec

    from scanner.cli.estates import assignment_of, manifest_of
    from scanner.cost import Cost
    from scanner.plan import plan_target

    assignment = assignment_of(arguments)
    setting = manifest_of(assignment).setting
    resolutions = asyncio.run(_resolve(assignment)) if arguments.resolve else {}
    planned = [
        plan_target(target, assignment.checks, setting, assignment.profile, resolutions.get(target.id))
        for target in assignment.estate.targets
    ]
    total = Cost()
    for item in planned:
        total += item.ceiling
    if arguments.format == "json":
        document = {
            "schema": "pindai-plan-1",
            "profile": assignment.profile.name,
            "checks": [check.id for check in assignment.checks],
            "targets": planned,
            "ceiling": total,
        }
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
        return 0
    language = language_of(arguments.lang)
    for item in planned:
        _print(item, resolutions, language)
    words = ("target", "paling banyak", "koneksi", "permintaan", "pertanyaan DNS")
    if language == "en":
        words = ("targets", "at most", "connections", "requests", "DNS queries")
    sys.stdout.write(
        f"{len(planned)} {words[0]}: {words[1]} {total.connections} {words[2]}, "
        f"{total.requests} {words[3]}, {total.queries} {words[4]}\n"
    )
    return 0


def _print(item: PlannedTarget, resolutions: dict[str, Resolution], language: str) -> None:
    ceiling = item.ceiling
    english = language == "en"
    ports = ", ".join(map(str, item.ports)) or "-"
    lines = [
        f"{item.id}  {item.host}  {'ports' if english else 'port'} {ports}",
        f"  {'ceiling' if english else 'batas'}: {ceiling.connections} {'connections' if english else 'koneksi'}, "
        f"{ceiling.requests} {'requests' if english else 'permintaan'}, {ceiling.queries} DNS, "
        f"{item.addresses} {'addresses' if english else 'alamat'}",
        *(f"  {request}" for request in item.requests),
    ]
    if (resolution := resolutions.get(item.id)) is not None:
        outcome = resolution.outcome
        found = ", ".join(outcome.addresses) if hasattr(outcome, "addresses") else f"{outcome.reason}: {outcome.detail}"
        lines.insert(1, f"  DNS: {found}")
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


async def _resolve(assignment: Assignment) -> dict[str, Resolution]:
    """Resolve every target's name through the gate, and nothing else."""
    from scanner.collector import resolve_only

    return await resolve_only(assignment.estate.targets, assignment.profile, assignment.surroundings)
