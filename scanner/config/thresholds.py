"""Thresholds that a file sets for checks: held against what each check says it takes."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, get_args, get_origin

import msgspec

from scanner.locale.speech import mark, say, say_marked
from scanner.parse.toml_positions import Location
from scanner.plugins import NO_PLUGINS, Plugins
from scanner.registry import Check, RegistryError
from scanner.toml_file import TomlFile, did_you_mean

_EXPECTED: Mapping[Any, str] = {
    bool: mark("expected true or false"),
    int: mark("expected a whole number"),
    float: mark("expected a number"),
    str: mark("expected text in quotes"),
    timedelta: mark('expected a duration: seconds, or days as in "P365D"'),
}


class Thresholds:
    """The checks there are, looked up only when a file names one."""

    def __init__(self, plugins: Plugins = NO_PLUGINS) -> None:
        self._plugins = plugins

    @cached_property
    def checks(self) -> Mapping[str, Check]:
        """All checks by id, those of plug-ins too."""
        return self._plugins.checks

    @cached_property
    def _by_any_id(self) -> Mapping[str, Check]:
        return {name: check for check in self.checks.values() for name in (*check.was, check.id)}

    def problems(self, file: TomlFile, at: Location, params: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
        """What is wrong with a table of thresholds by check id."""
        for check_id, values in params.items():
            check = self._by_any_id.get(check_id)
            if check is None:
                yield file.problem(
                    (*at, check_id), say("there is no such check{meant}", meant=did_you_mean(check_id, self.checks))
                )
                continue
            fields = {} if check.params is None else {it.name: it for it in msgspec.structs.fields(check.params)}
            for name, value in values.items():
                location = (*at, check_id, name)
                if not fields:
                    yield file.problem(location, say("{check_id} has no parameters", check_id=check_id))
                elif name not in fields:
                    yield file.problem(
                        location, say("there is no such parameter{meant}", meant=did_you_mean(name, fields))
                    )
                elif not _fits(check, name, value):
                    kind = fields[name].type
                    if (refusal := _refusal(check, name, value)) is not None:
                        yield file.problem(location, refusal)
                    elif kind in _EXPECTED:
                        yield file.problem(location, say_marked(_EXPECTED[kind]))
                    else:
                        yield file.problem(location, say("does not fit; expected {kind}", kind=_described(kind)))

    def id_of(self, name: str) -> str:
        """The present id of a check that is named by it or by a former one."""
        return self._by_any_id[name].id

    def not_named(self, pattern: str) -> str | None:
        """Why a pattern names no check; None when it does."""
        if any(check.is_named(pattern) for check in self.checks.values()):
            return None
        areas = [check_id[: check_id.index(".", start)] for check_id in self.checks for start in _dots(check_id)]
        return say(
            "no check is called {pattern!r}{meant}",
            pattern=pattern,
            meant=did_you_mean(pattern, dict.fromkeys((*self.checks, *areas))),
        )

    def plain(self, params: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
        """Thresholds that have no problems, by the present id of their check, as they are stored."""
        stored: dict[str, dict[str, object]] = {}
        for check_id, values in params.items():
            kept = stored.setdefault(self.id_of(check_id), {})
            kept.update((name, _stored(value)) for name, value in values.items())
        return stored


def _dots(text: str) -> list[int]:
    return [index for index, char in enumerate(text) if char == "." and index]


def _fits(check: Check, name: str, value: object) -> bool:
    try:
        stored = _stored(value)
        check.with_params({name: stored})
        return bool(msgspec.json.decode(msgspec.json.encode(stored)) == stored)  # it must come back from the journal
    except (RegistryError, ValueError, OverflowError, TypeError, RecursionError):
        return False


def _refusal(check: Check, name: str, value: object) -> str | None:
    """Why the check's own rule refuses a value of the right type, None where the type itself is wrong."""
    try:
        check.with_params({name: _stored(value)})
    except RegistryError as error:
        own = None if error.__cause__ is None else error.__cause__.__cause__
        return str(own) if isinstance(own, ValueError) else None
    except (ValueError, OverflowError, TypeError, RecursionError):
        return None
    return None


def _stored(value: object) -> object:
    """A value in the types that JSON has: a date becomes text."""
    stored: object = msgspec.to_builtins(value)
    return stored


def _described(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    return getattr(kind, "__name__", str(kind))
