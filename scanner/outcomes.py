"""Outcomes: the closed table of what a check can say, in both languages, and the verdicts made from it."""

import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Self

import msgspec

from scanner.findings import Argument, FixedBy, Severity, State, Subject
from scanner.observations.steps import Reason, Unobserved

MAX_ARGUMENT_CHARS = 200


def placeholders(text: str) -> frozenset[str]:
    """The names in a sentence's braces."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


class Verdict(msgspec.Struct, frozen=True):
    """What a check yields: an outcome with its values, about the subject in hand unless it names another.

    `expected` and `found` are the two sides a reader compares, in words or values. `targets`, which only checks of the
    whole estate name, are those where it is written down; all in hand when none is named.
    """

    outcome: "OutcomeBase"
    arguments: dict[str, Argument]
    expected: Argument | None = None
    found: Argument | None = None
    subject: Subject | None = None
    unobserved: Unobserved | None = None
    targets: tuple[str, ...] = ()

    def about(self, kind: str, key: str) -> Self:
        """The same verdict on a subject of its own (a cookie, a path). `key` must not change with time or address."""
        return msgspec.structs.replace(self, subject=Subject(kind, key))

    def at(self, targets: Iterable[str]) -> Self:
        """The same verdict, written down at these targets of those in hand only."""
        return msgspec.structs.replace(self, targets=tuple(targets))


class OutcomeBase(msgspec.Struct, frozen=True):
    """One line of a check's table: a key and the sentence in English and Indonesian, with the same placeholders."""

    key: str
    en: str
    id: str

    state: ClassVar[State]

    def __post_init__(self) -> None:
        if placeholders(self.en) != placeholders(self.id):
            raise ValueError(f"outcome {self.key!r}: the two languages name different placeholders")
        if taken := placeholders(self.en) & {"expected", "found"}:
            raise ValueError(f"outcome {self.key!r}: {{{min(taken)}}} is the verdict's own; choose another name")

    def __call__(
        self, *, expected: Argument | None = None, found: Argument | None = None, **arguments: Argument
    ) -> Verdict:
        """A verdict; every placeholder must be given."""
        missing = placeholders(self.en) - arguments.keys()
        if missing:
            raise TypeError(f"outcome {self.key!r} needs {', '.join(sorted(missing))}")
        return Verdict(
            self,
            {name: bounded(value) for name, value in arguments.items()},
            _bounded(expected),
            _bounded(found),
        )


class Passed(OutcomeBase, frozen=True):
    """The rule is met, as far as was seen."""

    state = State.PASS


class DoesNotApply(OutcomeBase, frozen=True):
    """The question does not arise for this subject."""

    state = State.NOT_APPLICABLE


class Outcome(OutcomeBase, frozen=True, kw_only=True):
    """The rule is not met. The severity belongs to the outcome and is never computed.

    `fixed_by` says who can repair this one, where it is somebody else than for the check's other outcomes.
    """

    severity: Severity
    fixed_by: FixedBy | None = None

    state = State.FAIL


class Undecided(OutcomeBase, frozen=True, kw_only=True):
    """Everything was seen that could be, and it still does not tell; `reason` is from the closed list."""

    reason: Reason

    state = State.UNKNOWN


class _Unknown(OutcomeBase, frozen=True):
    state = State.UNKNOWN


UNKNOWN = _Unknown("unknown", en="Could not be concluded: {why}", id="Belum dapat disimpulkan: {why}")


def unknown(why: Unobserved) -> Verdict:
    """For a check that asked for a `maybe` and got a reason it can make nothing of."""
    return msgspec.structs.replace(UNKNOWN(why=why.detail or why.reason.value), unobserved=why)


def bounded(value: Argument) -> Argument:
    """A value fit for a sentence: what a server sent is cut, never trusted to be short."""
    if isinstance(value, bool | int | float | datetime | timedelta | Reason):
        return value
    # A lone surrogate is no text that can be written down; whatever let one through, the run must not end for it.
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_ARGUMENT_CHARS else text[: MAX_ARGUMENT_CHARS - 1] + "…"


def _bounded(value: Argument | None) -> Argument | None:
    return None if value is None else bounded(value)
