"""The check: a pure function over needs with everything a reader must know about it, and how checks are found."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, ParamSpec, TypedDict, TypeVar, Unpack, overload

import msgspec

from scanner.estate import Kind
from scanner.findings import FixedBy
from scanner.locale.speech import say
from scanner.needs import Each, Need
from scanner.outcomes import DoesNotApply, Outcome, Passed, Undecided, Verdict

API_VERSION = 1
"""Of what checks and plug-ins may rely on; see `scanner.api`."""

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}")


class CheckParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of a check's thresholds: frozen, typed, each with a default that the profile or target may set."""


class RegistryError(ValueError):
    """A check that is declared wrongly, or named and not there."""


@dataclass(frozen=True, eq=False)
class Check:
    """One check. `was` are ids it had before; findings are followed by the first of them."""

    id: str
    version: int
    needs: tuple[Need[Any], ...]
    outcomes: tuple[Passed | DoesNotApply | Undecided | Outcome, ...]
    fixed_by: FixedBy
    references: tuple[str, ...]
    judge: Callable[..., Iterator[Verdict]]
    params: type[CheckParams] | None = None
    each: Each[Any] | None = None
    kinds: frozenset[Kind] = frozenset({Kind.WEB, Kind.API})
    was: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise RegistryError(say("{id!r} is no check id: area.topic or area.topic.name", id=self.id))
        keys = [outcome.key for outcome in self.outcomes]
        if len(set(keys)) != len(keys) or "unknown" in keys:
            raise RegistryError(say("{id}: outcome keys must differ from one another and from 'unknown'", id=self.id))
        if not (self.judge.__doc__ or "").strip():
            raise RegistryError(say("{id}: a check says what it is for in its docstring", id=self.id))

    def is_named(self, pattern: str) -> bool:
        """Whether an id, an area (`tls`), a glob or a former id names this check."""
        return fnmatch.fnmatchcase(self.id, pattern) or self.id.startswith(f"{pattern}.") or pattern in self.was

    @property
    def first_id(self) -> str:
        """The id as first released."""
        return self.was[0] if self.was else self.id

    def with_params(self, values: Mapping[str, object]) -> CheckParams | None:
        """The thresholds in force. Raises RegistryError for one that does not exist or does not fit."""
        if self.params is None:
            if values:
                raise RegistryError(
                    say("{id} has no parameters, but {values} is set", id=self.id, values=", ".join(values))
                )
            return None
        try:
            return msgspec.convert(dict(values), self.params, strict=False)
        except msgspec.ValidationError as error:
            raise RegistryError(f"{self.id}: {error}") from error


A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
P = TypeVar("P", bound=CheckParams)
Verdicts = Iterator[Verdict]
Table = tuple[Passed | DoesNotApply | Undecided | Outcome, ...]
S = ParamSpec("S")
Declares = Callable[[Callable[S, Verdicts]], Check]


class About(TypedDict):
    """What every declaration says besides its needs and thresholds."""

    version: int
    fixed_by: FixedBy
    outcomes: Table
    references: tuple[str, ...]
    each: NotRequired[Each[Any]]
    kinds: NotRequired[frozenset[Kind]]
    was: NotRequired[tuple[str, ...]]


# One overload for each number of needs, with and without thresholds, so that a type checker holds the parameters of
# the function against the needs in the decorator.
@overload
def check(id: str, a: Need[A], /, **about: Unpack[About]) -> Declares[[A]]: ...
@overload
def check(id: str, a: Need[A], b: Need[B], /, **about: Unpack[About]) -> Declares[[A, B]]: ...
@overload
def check(id: str, a: Need[A], b: Need[B], c: Need[C], /, **about: Unpack[About]) -> Declares[[A, B, C]]: ...
@overload
def check(
    id: str, a: Need[A], b: Need[B], c: Need[C], d: Need[D], /, **about: Unpack[About]
) -> Declares[[A, B, C, D]]: ...
@overload
def check(
    id: str, a: Need[A], b: Need[B], c: Need[C], d: Need[D], e: Need[E], /, **about: Unpack[About]
) -> Declares[[A, B, C, D, E]]: ...
@overload
def check(
    id: str, a: Need[A], b: Need[B], c: Need[C], d: Need[D], e: Need[E], f: Need[F], /, **about: Unpack[About]
) -> Declares[[A, B, C, D, E, F]]: ...
@overload
def check(id: str, a: Need[A], /, *, params: type[P], **about: Unpack[About]) -> Declares[[A, P]]: ...
@overload
def check(id: str, a: Need[A], b: Need[B], /, *, params: type[P], **about: Unpack[About]) -> Declares[[A, B, P]]: ...
@overload
def check(
    id: str, a: Need[A], b: Need[B], c: Need[C], /, *, params: type[P], **about: Unpack[About]
) -> Declares[[A, B, C, P]]: ...
@overload
def check(
    id: str, a: Need[A], b: Need[B], c: Need[C], d: Need[D], /, *, params: type[P], **about: Unpack[About]
) -> Declares[[A, B, C, D, P]]: ...
@overload
def check(
    id: str,
    a: Need[A],
    b: Need[B],
    c: Need[C],
    d: Need[D],
    e: Need[E],
    /,
    *,
    params: type[P],
    **about: Unpack[About],
) -> Declares[[A, B, C, D, E, P]]: ...
@overload
def check(
    id: str,
    a: Need[A],
    b: Need[B],
    c: Need[C],
    d: Need[D],
    e: Need[E],
    f: Need[F],
    /,
    *,
    params: type[P],
    **about: Unpack[About],
) -> Declares[[A, B, C, D, E, F, P]]: ...
def check(
    id: str, /, *needs: Need[Any], params: type[CheckParams] | None = None, **about: Unpack[About]
) -> Callable[[Callable[..., Verdicts]], Check]:
    """Declare a check: its id, what it needs, and the closed table of what it can say.

    The function gets the needs' values in order (and `params`, when declared) and yields at least one verdict.
    """
    return lambda judge: Check(id=id, needs=needs, judge=judge, params=params, **about)


def discover(packages: Iterable[str] = ("checks",)) -> dict[str, Check]:
    """All checks declared at the top of the modules of these packages, by id. Raises RegistryError for a second one."""
    found: dict[str, Check] = {}
    for package in packages:
        for module in modules_of(package):
            for value in vars(importlib.import_module(module)).values():
                declared_here = isinstance(value, Check) and value.judge.__module__ == module
                if declared_here and found.setdefault(value.id, value) is not value:
                    raise RegistryError(say("{id} is declared twice", id=value.id))
    return dict(sorted(found.items()))


def modules_of(package: str) -> Iterator[str]:
    """The name of a package, and those of all modules in it; of a module its own."""
    yield package
    for info in pkgutil.walk_packages(getattr(importlib.import_module(package), "__path__", ()), f"{package}."):
        yield info.name


def select(checks: Mapping[str, Check], patterns: Iterable[str]) -> tuple[Check, ...]:
    """The checks that ids, areas (`tls`) or globs name, in the order of their ids. Raises RegistryError for none."""
    chosen: set[str] = set()
    for pattern in patterns:
        hits = {check.id for check in checks.values() if check.is_named(pattern)}
        if not hits:
            raise RegistryError(
                say(
                    "no check is called {given!r}; there are: {known}; those of a plug-in once it is allowed (--plugin)",
                    given=pattern,
                    known=", ".join(checks),
                )
            )
        chosen |= hits
    return tuple(checks[name] for name in sorted(chosen))
