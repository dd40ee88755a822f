"""`python -m scanner.profiles > docs/profiles.md`: the profiles as a page for people, from the data alone."""

import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from scanner.profiles import BASED_ON, Profile, load_profile, profile_names
from scanner.profiles.figures import FIGURES, PUBLIC_PACE, SECTIONS, Figure, least_seconds, rate_per_minute

TITLES = {
    "pace": "Pace",
    "timeouts": "Time-outs",
    "caps": "Caps",
    "blocking": "When a target blocks us",
    "our_side": "When the fault is likely ours",
}
ESTATES: tuple[tuple[str, int, int], ...] = (
    ("one service", 1, 3),
    ("one service, many checks", 1, 30),
    ("12 services of a small office behind one proxy", 12, 3),
    ("75 services behind one proxy", 75, 3),
    ("300 of a province's 900 services behind its busiest proxy", 300, 3),
    ("the same with many checks", 300, 30),
)
"""In words, the targets behind the busiest address, and the connections each needs."""
PUBLIC_UNITS = {"interval_ms": " ms"}


def page() -> str:
    """The whole page, Markdown."""
    profiles = sorted(map(load_profile, profile_names()), key=_fastest_last)
    return "\n".join(_lines(profiles)) + "\n"


def _fastest_last(profile: Profile) -> tuple[float, str]:
    return rate_per_minute(profile), profile.name


def _lines(profiles: Sequence[Profile]) -> Iterator[str]:
    yield "# Profiles"
    yield ""
    yield "<!-- Made by `python -m scanner.profiles > docs/profiles.md`; a test fails when it is older than the data. -->"
    yield ""
    yield from _prose(
        "A profile is data: which checks run, how gently, how patiently. Choose one with `--profile NAME`. "
        "The gentlest stands first."
    )
    yield ""
    yield from _table(
        ("profile", "what it is", "when to use it"),
        ((f"`{it.name}`", it.description["en"], it.when["en"]) for it in profiles),
    )
    yield from _prose(
        "What a target says about its addresses (`addresses`) is overridden by the profile where it names "
        "some. A profile that is faster than `default` stays on loopback and private addresses that the scope "
        "names; it never touches a public one."
    )
    yield ""
    yield from _table(
        ("", *(f"`{it.name}`" for it in profiles)),
        (
            ("version", *(it.version for it in profiles)),
            ("checks", *(", ".join("all" if check == "*" else f"`{check}`" for check in it.checks) for it in profiles)),
            ("addresses", *("as the target says" if it.addresses is None else it.addresses.value for it in profiles)),
            ("public addresses", *("never" if it.loopback_only else "yes" for it in profiles)),
        ),
    )
    for section in SECTIONS:
        yield f"## {TITLES[section]}"
        yield ""
        rows = [figure for figure in FIGURES if figure.section == section]
        yield from _table(
            (f"`[{section}]`", *(f"`{it.name}`" for it in profiles), "what it bounds"),
            ((f"`{it.key}`", *(_written(it, profile) for profile in profiles), it.meaning) for it in rows),
        )
    yield "## How long it takes at least"
    yield ""
    yield from _prose(
        "Targets behind one address take turns, so the busiest address decides: all its connections start "
        "`interval_ms` apart, and when `per_address_per_minute` have started, the next one waits until the "
        "minute of the first is over. `pindai plan` says how many connections a target may need at most. "
        "Silent servers, second tries and pauses for a firewall come on top."
    )
    yield ""
    yield from _table(
        ("the busiest address has", "connections each", *(f"`{it.name}`" for it in profiles)),
        (
            (words, str(connections), *(_duration(least_seconds(it, targets * connections)) for it in profiles))
            for words, targets, connections in ESTATES
        ),
    )
    yield "`-`: nothing is set that makes it wait."
    yield ""
    yield from _own()


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


def _own() -> Iterator[str]:
    yield "## A profile of your own"
    yield ""
    yield from _prose(
        f"`--profile FILE.toml` takes one from a file. `{BASED_ON}` names the profile that it changes "
        "(`default` when it names none); what the file does not set is as there."
    )
    yield ""
    yield "```toml"
    yield f'{BASED_ON} = "nightly"'
    yield ""
    yield "[pace]"
    yield "per_address_per_minute = 40   # our proxy counts to sixty"
    yield "interval_ms = 1000"
    yield "```"
    yield ""
    yield from _prose(
        "Unknown keys and figures out of bounds are errors, with file and line. Without `loopback_only = "
        "true` these are bounded more tightly, for other people's firewalls and visitors are there:"
    )
    yield ""
    yield from _table(
        ("figure", "from", "to"),
        (
            (f"`pace.{key}`", *(f"{value:g}{PUBLIC_UNITS.get(key, '')}" for value in bounds))
            for key, bounds in PUBLIC_PACE.items()
        ),
        last=True,
    )


def _written(figure: Figure, profile: Profile) -> str:
    value, unit = figure.of(profile), figure.unit
    if unit == "B":
        return f"{value // 1_048_576:g} MiB" if value >= 1_048_576 else f"{value // 1024:g} KiB"
    return f"{value:g} {unit}".strip()


def _duration(seconds: float) -> str:
    """Rounded up to what people plan with: whole seconds, whole minutes, tenths of an hour."""
    if not seconds:
        return "-"
    if seconds <= 120:
        return f"{ceil(seconds)} s"
    return f"{ceil(seconds / 60)} min" if seconds <= 7200 else f"{ceil(seconds / 360) / 10:g} h"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], *, last: bool = False) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    if not last:
        yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
