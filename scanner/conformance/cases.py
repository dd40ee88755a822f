"""What an author shows: what a check says of a value, and what a probe saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner.observations.observation import Observation
from scanner.probes.probe import Probe
from scanner.registry import Check


@dataclass(frozen=True, init=False)
class Case:
    """A check called with the values of its needs, in order, and the keys of the outcomes it yields then, in order.

    `unknown` is the key of `unknown(...)`. `params` are thresholds other than the defaults.
    """

    check: Check
    values: tuple[Any, ...]
    says: tuple[str, ...]
    params: Mapping[str, object]

    def __init__(
        self, check: Check, *values: Any, says: str | tuple[str, ...], params: Mapping[str, object] | None = None
    ) -> None:
        object.__setattr__(self, "check", check)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "says", (says,) if isinstance(says, str) else tuple(says))
        object.__setattr__(self, "params", dict(params or {}))

    def __str__(self) -> str:
        return f"{self.check.id}: {', '.join(self.says)}"


@dataclass(frozen=True)
class Seen:
    """A probe and an observation that is its answer."""

    probe: Probe[Any]
    observation: Observation
