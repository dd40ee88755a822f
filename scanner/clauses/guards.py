"""Guards: whether a run measured against values at least as strict as the crosswalk asks, before a pass may count."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from scanner.clauses.assessed import ChangedValue, LooseValue, PolicyFigures
from scanner.clauses.services import Services
from scanner.estate import Target
from scanner.frameworks.framework import TLS_VERSIONS, Comparison, Guard, Rulebook
from scanner.registry import Check
from scanner.run import Manifest

ADDRESSES: Final = "addresses"
"""The guard about which addresses of a name are observed: a choice of each target, not a parameter of a check."""


SLA: Final = "sla-document"
"""The only kind of document that a guard can ask a value to come from so far."""


class Policy:
    """The values that a run measured against."""

    def __init__(self, manifest: Manifest, rulebook: Rulebook, services: Services) -> None:
        self._rulebook = rulebook
        self._services = services
        self._agency = manifest.estate.params
        self._profile = manifest.profile
        self._used = {used.id: used.params for used in manifest.checks}

    def keeps(self, guard: Guard, check: str, target: Target) -> bool | None:
        """Whether a guard is kept by what a check was judged against at a target, True also where it is not about it.

        None where the run does not tell the value, or where the value comes from.
        """
        protects = self._rulebook.thresholds[guard.name].checks
        if protects and check not in protects:
            return True
        value = self.value(guard.name, check, target)
        if value is None:
            return None
        if guard.op is Comparison.ORIGIN:
            return self._comes_from(guard, value, target)
        return holds(guard, value)

    def _comes_from(self, guard: Guard, value: object, target: Target) -> bool | None:
        """True where a value is that of the named document of every service of a target; None where nobody can tell."""
        promised = [service.sla_limits.get(guard.name) for service in self._services.of(target)]
        is_theirs = bool(promised) and all(it is not None and measured(value) == it for it in promised)
        return True if guard.value == SLA and is_theirs else None

    def value(self, name: str, check: str, target: Target) -> object:
        """The value that a guard's name stands for, in force at a target; None where it is not told."""
        if name == ADDRESSES:
            return target.addresses.value
        setting = self._rulebook.settings.get(name, {}).get(check)
        if setting is None:
            return None
        if setting.fixed is not None:
            return setting.fixed
        own = target.params.get(check, {})
        return own.get(setting.parameter, self._used.get(check, {}).get(setting.parameter))

    def figures(self, guards: Iterable[Guard], targets: Iterable[Target], checks: Mapping[str, Check]) -> PolicyFigures:
        """Every guard held against what was in force at every target."""
        targets = tuple(targets)
        loose: Counter[tuple[Guard, str, str]] = Counter()
        unproven: set[str] = set()
        without_origin: set[str] = set()
        kept: set[str] = set()
        for guard in dict.fromkeys(guards):
            about = [""] if guard.name == ADDRESSES else self._rulebook.thresholds[guard.name].checks
            for check in about:
                if check and check not in self._used:
                    continue
                for target in targets:
                    match self.keeps(guard, check, target):
                        case None:
                            (without_origin if guard.op is Comparison.ORIGIN else unproven).add(guard.name)
                        case False:
                            loose[guard, check, written(self.value(guard.name, check, target))] += 1
                        case True:
                            kept.add(guard.name)
        return PolicyFigures(
            name=self._profile.name,
            version=self._profile.version,
            changed=tuple(dict.fromkeys(self._changed(targets, checks))),
            loosened=tuple(
                LooseValue(guard.name, check, value, f"{guard.op} {written(guard.value)}", count)
                for (guard, check, value), count in loose.items()
            ),
            unproven=tuple(sorted(unproven)),
            kept=tuple(sorted(kept)),
            without_origin=tuple(sorted(without_origin)),
        )

    def _changed(self, targets: Iterable[Target], checks: Mapping[str, Check]) -> Iterator[ChangedValue]:
        """The thresholds that somebody set otherwise than the checks' own defaults."""
        own = ((*item, "target") for target in targets for item in target.params.items())
        for check_id, values, by in (*((check, values, "") for check, values in self._used.items()), *own):
            check = checks.get(check_id)
            if check is None or check.params is None or check_id not in self._used:
                continue
            defaults = msgspec.to_builtins(check.params())
            for name, value in values.items():
                default = defaults.get(name)
                if value != default and (measured(value) is None or measured(value) != measured(default)):
                    by_agency = "agency" if name in self._agency.get(check_id, {}) else "profile"
                    yield ChangedValue(check_id, name, written(value), written(default), by or by_agency)


def holds(guard: Guard, value: object) -> bool | None:
    """Whether a value is at least as strict as a guard that compares; None for one that does not compare with it."""
    if guard.op is Comparison.EQUAL:
        return value == guard.value
    have, want = measured(value), measured(guard.value)
    if have is None or want is None:
        return None
    return have >= want if guard.op is Comparison.AT_LEAST else have <= want


def measured(value: object) -> float | None:
    """A value as a number that compares: TLS versions by their order, durations in seconds; None for what is neither."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    text = str(value).replace("TLSv", "TLS")
    if text in TLS_VERSIONS:
        return float(TLS_VERSIONS.index(text))
    try:
        return msgspec.convert(text, timedelta).total_seconds()
    except msgspec.ValidationError:
        return None


def written(value: Any) -> str:
    """A value on one line."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
