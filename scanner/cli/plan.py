"""`pindai plan`: what a scan would ask, before anything is sent."""

from __future__ import annotations

import argparse
import math
import sys

from scanner.cli.options import add_scope, guarded, language_of, printable
from scanner.cli.plugged import add_plugin
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scanner.cli.estates import Assignment
    from scanner.cli.options import Commands
    from scanner.cost import Cost
    from scanner.observations.endpoint import Resolution
    from scanner.plan import PlannedTarget, SharedAddress

MOST_SHARED = 5
"""Shared addresses that are listed, the busiest first."""


def add_to(commands: Commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "plan",
        help=say("show what a scan would ask (sends nothing)"),
        description=say(
            "Show names, ports, first requests and ceilings of a scan. Sends nothing; with --resolve only DNS."
        ),
    )
    add_scope(parser)
    add_plugin(parser)
    parser.add_argument(
        "--resolve", action="store_true", help=say("resolve the names (DNS only) and list the addresses")
    )
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help=say("what standard output carries")
    )
    parser.set_defaults(run=guarded(run))


def run(arguments: argparse.Namespace) -> int:
    """Print the plan."""
    import asyncio

    import msgspec

    from scanner.cli.estates import assignment_of, manifest_of
    from scanner.cost import Cost
    from scanner.plan import plan, shared_addresses

    assignment = assignment_of(arguments, sends=arguments.resolve)
    setting = manifest_of(assignment).setting
    resolutions = asyncio.run(_resolve(assignment)) if arguments.resolve else {}
    planned = list(plan(assignment.estate, assignment.checks, setting, assignment.profile, resolutions))
    shared = shared_addresses(assignment.estate, planned, resolutions, assignment.profile)
    total = Cost()
    for item in planned:
        total += item.ceiling
    if arguments.format == "json":
        document = {
            "schema": "pindai-plan-1",
            "profile": assignment.profile.name,
            "checks": [check.id for check in assignment.checks],
            "targets": planned,
            "shared_addresses": shared,
            "ceiling": total,
        }
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
        return 0
    language = language_of(arguments.lang)
    for item in planned:
        _print(item, resolutions, language)
    for address in shared[:MOST_SHARED]:
        sys.stdout.write(f"{_shared(address, language)}\n")
    targets, most = _count(len(planned), "target", language), "paling banyak" if language == "id" else "at most"
    sys.stdout.write(f"{targets}: {most} {_cost(total, language)}\n")
    return 0


def _shared(shared: SharedAddress, language: str) -> str:
    """A shared address in a line: a run cannot be quicker than its pace there allows."""
    behind, asked = _count(shared.targets, "target", language), _count(shared.connections, "connection", language)
    least = _count(math.ceil(shared.least_s), "second", language)
    if language == "id":
        return f"{shared.address}: dipakai bersama oleh {behind}, biasanya {asked}, paling cepat {least}"
    return f"{shared.address}: shared by {behind}, usually {asked}, at the least {least}"


def _print(item: PlannedTarget, resolutions: dict[str, Resolution], language: str) -> None:
    from scanner.locale.details import detail_text
    from scanner.plan import ANY_ADDRESS

    english = language == "en"
    several = english and len(item.ports) != 1
    lines = [
        f"{item.id}  {item.host}  {'ports' if several else 'port'} {', '.join(map(str, item.ports)) or '-'}",
        f"  {'ceiling' if english else 'batas'}: {_cost(item.ceiling, language)}, "
        f"{_count(item.addresses, 'address', language)}",
        f"  {'usually' if english else 'biasanya'}: {_count(item.usual_connections, 'connection', language)} "
        f"{'to an address' if english else 'ke satu alamat'}",
    ]
    if (resolution := resolutions.get(item.id)) is not None:
        lines.insert(1, f"  DNS: {_resolved(resolution, language)}")
    for request in item.requests:
        asked, arrow, address = request.rpartition(" -> ")
        if address == ANY_ADDRESS:
            address = "every address" if english else "setiap alamat"
        lines.append(f"  {detail_text(asked, language)}{arrow}{address}")
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _resolved(resolution: Resolution, language: str) -> str:
    from scanner.locale.details import detail_text
    from scanner.locale.reasons import reason_text
    from scanner.observations.steps import Unobserved

    outcome = resolution.outcome
    if not isinstance(outcome, Unobserved):
        return ", ".join(outcome.addresses)
    detail = f" ({detail_text(outcome.detail, language)})" if outcome.detail else ""
    return reason_text(outcome.reason, language) + detail


_COUNTED = {
    "target": ("target", "target", "targets"),
    "address": ("alamat", "address", "addresses"),
    "connection": ("koneksi", "connection", "connections"),
    "request": ("permintaan", "request", "requests"),
    "second": ("detik", "second", "seconds"),
    "query": ("kueri DNS", "DNS query", "DNS queries"),
}
"""What is counted, in Indonesian, one of it in English, and several of it."""


def _count(number: int, what: str, language: str) -> str:
    from scanner.locale.values import write_number

    indonesian, one, several = _COUNTED[what]
    return f"{write_number(number, language)} {indonesian if language == 'id' else one if number == 1 else several}"


def _cost(cost: Cost, language: str) -> str:
    counts = (("connection", cost.connections), ("request", cost.requests), ("query", cost.queries))
    return ", ".join(_count(number, what, language) for what, number in counts)


async def _resolve(assignment: Assignment) -> dict[str, Resolution]:
    """Resolve every target's name through the gate, and nothing else."""
    from scanner.collector import resolve_only

    return await resolve_only(assignment.estate.targets, assignment.profile, assignment.surroundings)
