"""What a run adds up to: how much was looked at, how much was seen, what was found. Counts, never a grade."""

import msgspec

from scanner.findings import Severity, State
from scanner.journal import Standing
from scanner.run import Run


class Coverage(msgspec.Struct, frozen=True):
    """How much of the list was seen. The list of targets is not the agency's list of services: no share of it is formed.

    `unobserved` counts targets by the reason why nothing of them was seen.
    """

    targets: int
    units: int
    observed: int
    not_observed: int
    not_reached: int
    unobserved: dict[str, int]


class Assessment(msgspec.Struct, frozen=True):
    """The sums of a run. `findings` counts by severity, `states` every verdict by state."""

    coverage: Coverage
    findings: dict[str, int]
    states: dict[str, int]


def assess(run: Run) -> Assessment:
    """Add a run up, in one pass over its findings."""
    reasons: dict[str, int] = {}
    standings = dict.fromkeys(Standing, 0)
    not_reached = 0
    units: set[str] = set()
    count = 0
    for target, record in run.targets():
        count += 1
        if target.unit:
            units.add(target.unit)
        if record is None:
            not_reached += 1
            continue
        standings[record.standing] += 1
        if record.standing is Standing.NOT_OBSERVED:
            reasons[record.reason] = reasons.get(record.reason, 0) + 1
    severities = dict.fromkeys((severity.word for severity in reversed(Severity)), 0)
    states = dict.fromkeys((state.value for state in State), 0)
    for finding in run.findings():
        states[finding.state] += 1
        if finding.severity is not None:
            severities[finding.severity] += 1
    coverage = Coverage(
        targets=count,
        units=len(units),
        observed=standings[Standing.OBSERVED],
        not_observed=standings[Standing.NOT_OBSERVED],
        not_reached=not_reached,
        unobserved=dict(sorted(reasons.items())),
    )
    return Assessment(coverage, severities, states)


class Conclusions(msgspec.Struct, frozen=True):
    """What an exit code rests on. `worst` is the gravest finding's severity as a number, -1 without any; `coverage` the
    share of targets about which at least something could be concluded (that a question does not arise, too), in percent.
    """

    worst: int
    errors: int
    coverage: float


def conclusions(run: Run) -> Conclusions:
    """Read a run's findings once."""
    worst, errors = -1, 0
    concluded: set[str] = set()
    for finding in run.findings():
        worst = max(worst, finding.rank)
        errors += finding.state is State.ERROR
        if finding.state in (State.PASS, State.FAIL, State.NOT_APPLICABLE):
            concluded.add(finding.target)
    total = len(run.manifest.estate.targets)
    return Conclusions(worst, errors, 100 * len(concluded) / total if total else 0.0)
