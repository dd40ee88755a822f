"""Every figure of a profile: its unit, what it does, and between which bounds it makes sense.

One table serves the documentation (`python -m scanner.profiles`) and the validation of profiles that users write.
"""

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from scanner.locale.speech import say

if TYPE_CHECKING:
    from scanner.profiles import Profile

SECTIONS = ("pace", "timeouts", "caps", "blocking", "our_side")


class Figure(NamedTuple):
    """One figure of a profile: where it stands, in what it counts, what it does, and its bounds."""

    section: str
    key: str
    unit: str
    meaning: str
    least: float
    most: float

    @property
    def place(self) -> tuple[str, str]:
        """Its path in the file."""
        return self.section, self.key

    def of(self, profile: "Profile") -> float:
        """The value a profile has for it."""
        value: float = getattr(getattr(profile, self.section), self.key)
        return value


FIGURES: tuple[Figure, ...] = (
    Figure("pace", "targets_at_once", "", "targets observed side by side", 1, 256),
    Figure("pace", "connections_total", "", "connections open at once, all addresses together", 1, 1024),
    Figure("pace", "connections_per_address", "", "connections open at once to one address", 1, 32),
    Figure("pace", "interval_ms", "ms", "least time between the starts of two connections to one address", 0, 600_000),
    Figure(
        "pace", "per_address_per_minute", "/min", "connections to one address in any minute; 0: no bound", 0, 100_000
    ),
    Figure("pace", "retry_pause_s", "s", "pause before a second try", 0, 600),
    Figure("timeouts", "dns_s", "s", "an answer from a resolver", 0.1, 60),
    Figure("timeouts", "connect_s", "s", "a TCP connection", 0.1, 300),
    Figure("timeouts", "tls_s", "s", "a TLS handshake", 0.1, 300),
    Figure("timeouts", "answer_s", "s", "the head of an answer", 0.1, 600),
    Figure("timeouts", "body_s", "s", "the body of an answer", 0.1, 600),
    Figure("timeouts", "exchange_s", "s", "all phases of one connection together", 0.1, 1800),
    Figure(
        "timeouts",
        "target_s",
        "s",
        "all connections of one target together; waiting for a turn does not count",
        1,
        7200,
    ),
    Figure("caps", "head_bytes", "B", "the head of an answer", 8192, 1_048_576),
    Figure("caps", "handshake_bytes", "B", "what a server sends in a TLS handshake", 32_768, 4_194_304),
    Figure("caps", "wire_body_bytes", "B", "a body as it arrives", 16_384, 67_108_864),
    Figure("caps", "body_bytes", "B", "a body unpacked", 16_384, 67_108_864),
    Figure("caps", "redirects", "", "redirects followed", 1, 50),
    Figure("caps", "addresses", "", "addresses of one name", 1, 64),
    Figure("blocking", "burst", "", "refusals in a row after which the harmless baseline is asked again", 1, 1_000_000),
    Figure("blocking", "pause_s", "s", "pause before it is asked again", 0, 3600),
    Figure("blocking", "rechecks", "", "how often it is asked again", 0, 20),
    Figure(
        "blocking",
        "targets_per_address",
        "",
        "stopped targets behind one address that stop the others there",
        1,
        1_000_000,
    ),
    Figure(
        "blocking", "retry_after_max_s", "s", "the longest pause asked for by a server that is waited for", 0, 86_400
    ),
    Figure("our_side", "share", "", "share of failed targets that puts our own line in doubt; above 1: never", 0.05, 2),
    Figure("our_side", "among", "", "of so many targets finished last", 2, 10_000),
    Figure("our_side", "pause_s", "s", "pause before it is looked at again", 0, 3600),
    Figure("our_side", "patience_s", "s", "how long it is waited for altogether", 0, 86_400),
)

PUBLIC_PACE = {"interval_ms": (100, 600_000), "per_address_per_minute": (1, 600), "connections_per_address": (1, 6)}
"""Tighter bounds for a profile that may leave our own networks: other people's firewalls and visitors are there."""
MOST_SHOWN = 10**15
"""A TOML integer has no end, and beyond a float's it has no short form."""
PHASES = ("connect_s", "tls_s", "answer_s", "body_s")


def rate_per_minute(profile: "Profile") -> float:
    """The most connections that one address gets in a minute, for as long as a run lasts; infinite when unbounded."""
    pace = profile.pace
    apart = 60_000 / pace.interval_ms if pace.interval_ms else inf
    return min(apart, pace.per_address_per_minute or inf)


def least_seconds(profile: "Profile", connections: int) -> float:
    """How long so many connections to one address take at least, from the start of the first to that of the last.

    As the gate counts: `interval_ms` apart until a minute's worth has started, and so on from minute to minute.
    """
    pace = profile.pace
    apart, minutes_worth = pace.interval_ms / 1000, pace.per_address_per_minute
    before = max(connections - 1, 0)
    if not minutes_worth or minutes_worth * apart >= 60:
        return before * apart
    minutes, rest = divmod(before, minutes_worth)
    return minutes * 60 + rest * apart


def contradictions(profile: "Profile") -> Iterator[tuple[tuple[str, str], str]]:
    """What is wrong with the figures of a profile: the place of each, and a sentence."""
    for figure in FIGURES:
        value = figure.of(profile)
        least, most = figure.least, figure.most
        why = ""
        if figure.section == "pace" and figure.key in PUBLIC_PACE and not profile.loopback_only:
            least, most = PUBLIC_PACE[figure.key]
            why = say(" (wider only with loopback_only = true)")
        if not least <= value <= most:
            given = say("that") if isinstance(value, int) and abs(value) > MOST_SHOWN else f"{value:g}"
            yield (
                figure.place,
                say(
                    "expected {least:g} to {most:g}{unit}{why}, not {given}",
                    least=least,
                    most=most,
                    unit=f" {figure.unit}" if figure.unit else "",
                    why=why,
                    given=given,
                ),
            )
    pace, timeouts = profile.pace, profile.timeouts
    if pace.connections_per_address > pace.connections_total:
        yield (
            ("pace", "connections_per_address"),
            say("more than connections_total ({connections_total})", connections_total=pace.connections_total),
        )
    for phase in PHASES:
        if getattr(timeouts, phase) > timeouts.exchange_s:
            yield (
                ("timeouts", phase),
                say("longer than exchange_s ({exchange_s:g}), which bounds all phases", exchange_s=timeouts.exchange_s),
            )
    if timeouts.exchange_s > timeouts.target_s:
        yield (
            ("timeouts", "exchange_s"),
            say("longer than target_s ({target_s:g}), which bounds all connections", target_s=timeouts.target_s),
        )
