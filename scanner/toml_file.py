"""A TOML file that people write: read within bounds, checked against a model, every problem told with its line.

    file = read_toml(Path("waivers.toml"))
    wanted = file.validate(WaiversFile)

The models say what is expected; this module says it to people who have never heard of pydantic. A message never repeats a
value that a validator did not choose to repeat: it may be a password.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from scanner.config_error import ConfigError
from scanner.locale.details import detail_text
from scanner.locale.speech import reason_of, say, say_count, say_marked, spoken
from scanner.parse.toml_positions import Location, positions
from scanner.parse.toml_text import written_toml

MAX_FILE_BYTES = 16_000_000
MAX_KEY_CHARS = 60
MAX_KEY_PARTS = 64
MAX_COMPARED = 200
MAX_PROBLEMS = 200
"""Of one table of a file; a person mends those first."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5})?'
    r"|'''(?:[^']++|'(?!''))*+(?:'{3,5})?"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?|#[^\n]*+",
    re.DOTALL,
)
"""What is no bare key; a quotation mark that is never closed goes to the end, so that each octet is looked at once."""
_ENDLESS_KEY = re.compile(rf"(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]++[ \t]*+\.[ \t]*+){{{MAX_KEY_PARTS}}}")
_LINE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)

Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """Base of the tables of a file: no key but those named, no value of another type, nothing that changes.

    A word of an enum is `Annotated[Kind, Field(strict=False)]`. `ADVICE` says what to write instead of a key that somebody
    might expect; in the tables that `HIDES` names a key that is no plain word is not repeated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def one_line(text: str) -> str:
    """Text that says something and stays on its line, for `AfterValidator`. Raises ValueError."""
    if not text.strip():
        raise ValueError(say("must not be empty"))
    if not text.isprintable():
        raise ValueError(say("must be one line without control characters"))
    return text.strip()


def advice_of(model: type[BaseModel]) -> dict[str, str]:
    """What a model says about keys it does not have: `ADVICE = {"expect_status": "write expect.status"}`."""
    advice: dict[str, str] = getattr(model, "ADVICE", {})
    return advice


@dataclass(frozen=True)
class TomlFile:
    """The text of a file and what it says. `path` is how the user named it, and so do messages."""

    path: Path
    text: str = field(repr=False)
    data: dict[str, Any] = field(repr=False)

    @cached_property
    def lines(self) -> dict[Location, int]:
        """The line of every key; only looked for when something is wrong or somebody asks."""
        return positions(self.text)

    def line(self, location: Location) -> int | None:
        """The line of a key, or of the closest table around it; None where the file itself is the closest."""
        for length in range(len(location), 0, -1):
            if (line := self.lines.get(location[:length])) is not None:
                return line
        return None

    def where(self, location: Location) -> str:
        """`file:line` of a key, or of the closest table around it."""
        line = self.line(location)
        return str(self.path) if line is None else f"{self.path}:{line}"

    def problem(self, location: Location, message: str) -> str:
        """`file:line: key: message`."""
        return f"{self.where(location)}: {key_of(location)}: {message}"

    def validate(self, model: type[Model], at: Location = ()) -> Model:
        """The file, or the table `at` a place in it, as a model. Raises ConfigError with all its problems."""
        data: Any = self.data
        for part in at:
            data = data[part]
        try:
            return model.model_validate(data)
        except ValidationError as error:
            told = list(islice(self._explained(model, error, at), MAX_PROBLEMS))
            problems = [text for _, text in sorted(told, key=lambda it: it[0])]
            if (more := error.error_count() - len(told)) > 0:
                problems.append(
                    say_count(
                        "{path}: {count} more problem of this kind",
                        "{path}: {count} more problems of this kind",
                        more,
                        path=self.path,
                    )
                )
        except RecursionError:
            problems = [say("{at}: nested too deeply", at=self.where(at))]
        raise ConfigError(problems)  # outside the handler: what pydantic says repeats the values, and stays behind

    def _explained(self, model: type[BaseModel], error: ValidationError, at: Location) -> Iterator[tuple[int, str]]:
        for problem in error.errors(include_url=False):
            location = self._in_file(at, problem["loc"], is_missing=problem["type"] == "missing")
            message = _in_plain_words(problem, _Place.of(model, location[len(at) :]))
            shown = key_of((*at, *_without_strange_keys(model, location[len(at) :])))
            yield self.line(location) or 0, f"{self.where(location)}: {shown}: {message}"

    def _in_file(self, at: Location, location: Location, *, is_missing: bool) -> Location:
        """The part of a place that is in the file: pydantic also names alternatives and keys (`[key]`)."""
        data: Any = self.data
        for part in at:
            data = data[part]
        kept: list[str | int] = list(at)
        for number, part in enumerate(location):
            inside = isinstance(data, dict) and part in data
            inside = inside or (isinstance(data, list) and isinstance(part, int) and part < len(data))
            if inside:
                data = data[part]
                kept.append(part)
            elif is_missing and number == len(location) - 1:
                kept.append(part)
        return tuple(kept)


def read_text(path: Path, advice: str = "") -> str:
    """The text of a file, without the byte order mark that Windows puts before it. Raises ConfigError.

    `advice` is for a file that is no UTF-8 text.
    """
    try:
        with path.open("rb") as handle:
            content = handle.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ConfigError(
                [say("{path}: larger than {max_file_bytes} bytes", path=path, max_file_bytes=MAX_FILE_BYTES)]
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            [
                say("{path}: not UTF-8 text (byte {start})", path=path, start=error.start)
                + (f"; {advice}" if advice else "")
            ]
        ) from None
    except OSError as error:
        raise ConfigError([f"{path}: {reason_of(error)}"]) from error
    except ValueError as error:  # a name with a NUL in it
        raise ConfigError([f"{path}: {error}"]) from error


def read_toml(path: Path, advice: str = "") -> TomlFile:
    """A TOML file, as far as it is one. Raises ConfigError; `advice` is for what is no TOML at all."""
    return toml_of(path, read_text(path, advice or say("save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)")), advice)


def toml_of(path: Path, text: str, advice: str = "") -> TomlFile:
    """A text that was read from `path`, as TOML. Raises ConfigError."""
    more = f"; {advice}" if advice else ""
    if (line := _endless_key(text)) is not None:
        raise ConfigError(
            [
                say(
                    "{path}:{line}: a key of more than {max_key_parts} parts{more}",
                    path=path,
                    line=line,
                    max_key_parts=MAX_KEY_PARTS,
                    more=more,
                )
            ]
        )
    try:
        return TomlFile(path, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        matched = _LINE.fullmatch(str(error))
        if matched is None:
            raise ConfigError(
                [say("{path}: not valid TOML: {error}{more}", path=path, error=error, more=more)]
            ) from error
        told = say(
            "{path}:{line}: not valid TOML: {error} (column {column}){more}",
            path=path,
            line=matched[2],
            error=detail_text(matched[1], spoken()),
            column=matched[3],
            more=more or say('; a text stands between quotes ("Diskominfo"), a date without them (2026-12-31)'),
        )
        raise ConfigError([told]) from error
    except RecursionError as error:
        raise ConfigError([say("{path}: not valid TOML: nested too deeply{more}", path=path, more=more)]) from error
    except ValueError as error:  # a number of thousands of digits
        raise ConfigError([say("{path}: not valid TOML: {error}{more}", path=path, error=error, more=more)]) from error


def _endless_key(text: str) -> int | None:
    """The line of a key with too many parts: reading one takes room and time by the square of its length."""
    if all(line.count(".") < MAX_KEY_PARTS for line in text.split("\n")):
        return None
    # Texts and comments out of the way, line ends kept: what is left of quoted parts of a key is one letter each.
    bare = _QUOTED.sub(lambda it: ("" if it[0].startswith("#") else "q") + "\n" * it[0].count("\n"), text)
    found = _ENDLESS_KEY.search(bare)
    return None if found is None else bare.count("\n", 0, found.start()) + 1


def key_of(location: Location) -> str:
    """A place as people write it: `target.2.params."web.hsts.policy".min_age`; tables of a list count from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else _quoted(part) for part in location)


def _quoted(part: str) -> str:
    if len(part) > MAX_KEY_CHARS:
        part = part[:MAX_KEY_CHARS] + "..."
    return part if _BARE.fullmatch(part) else f'"{part}"'


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'names'?`, or what there is to choose from; empty without a choice."""
    known = list(known)
    return likely(given, known) or (
        say("; known here: {known}", known=", ".join(_comparable(given, known))) if known else ""
    )


def likely(given: str, known: Iterable[str]) -> str:
    """`; did you mean 'names'?`; empty when nothing known is close."""
    close = difflib.get_close_matches(given[:MAX_KEY_CHARS], _comparable(given, list(known)), n=1)
    return say("; did you mean {known!r}?", known=close[0]) if close else ""


def _comparable(given: str, known: list[str]) -> list[str]:
    if len(known) > MAX_COMPARED:  # comparing is slow; who mistypes a name rarely does so at its beginning
        known = [it for it in known if it[:3].lower() == given[:3].lower()][:MAX_COMPARED]
    return known


# -- what was expected


class _Place:
    """A place in a model: the field it belongs to, and the types that fit there."""

    def __init__(self, model: type[BaseModel] | None, around: FieldInfo | None, types: list[Any], name: str) -> None:
        self.model = model
        """The table that the last part of the location is a key of."""
        self.field = around
        self.types = types
        self.name = name

    @classmethod
    def of(cls, model: type[BaseModel], location: Location) -> "_Place":
        types: list[Any] = [model]
        owner: type[BaseModel] | None = model
        around: FieldInfo | None = None
        for part in location:
            owner = next((it for it in types if _is_model(it)), None)
            inner: list[Any] = []
            for candidate in types:
                if _is_model(candidate):
                    around = _field_of(candidate, str(part))
                    inner += [] if around is None else _alternatives(around.annotation)
                elif get_origin(candidate) in (list, tuple) and isinstance(part, int):
                    inner += _alternatives(get_args(candidate)[0])
                elif get_origin(candidate) is dict and isinstance(part, str):
                    inner += _alternatives(get_args(candidate)[1])
            types = inner
        return cls(owner, around, types, str(location[-1]) if location else "")

    def example(self) -> str:
        """What one may write here, as TOML; empty when the model gives none."""
        examples = [] if self.field is None else self.field.examples or []
        if not examples:
            return ""
        is_item = self.name.isdigit() and isinstance(examples[0], list)
        return written_toml(examples[0][0] if is_item else examples[0])

    def lists_tables(self) -> bool:
        return any(
            get_origin(it) is list and any(_is_model(inner) for inner in _alternatives(get_args(it)[0]))
            for it in self.types
        )


def _without_strange_keys(model: type[BaseModel], location: Location) -> Location:
    """The place without a key that may be a secret: `HIDES` of a model names the tables where people choose the keys."""
    hidden = False
    shown: list[str | int] = []
    for index, part in enumerate(location):
        shown.append("..." if hidden and not _BARE.fullmatch(str(part)) else part)
        owner = _Place.of(model, location[: index + 1]).model
        hidden = hidden or part in getattr(owner, "HIDES", ())
    return tuple(shown)


def _field_of(model: type[BaseModel], key: str) -> FieldInfo | None:
    return next((info for name, info in model.model_fields.items() if key == (info.alias or name)), None)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _alternatives(annotation: Any) -> list[Any]:
    """The types an annotation allows, without what is around them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [it for inner in get_args(annotation) for it in _alternatives(inner) if it is not NoneType]
    return [annotation]


def _in_plain_words(problem: Any, place: _Place) -> str:
    """What pydantic found, for people who have never heard of it."""
    kind, context = problem["type"], problem.get("ctx", {})
    example = place.example()
    such_as = say(" such as {example}", example=example) if example else ""
    match kind:
        case "extra_forbidden":
            if place.model is None:
                return say("unknown key")
            advice = advice_of(place.model).get(place.name)
            if advice:
                return say("unknown key; {advice}", advice=say_marked(advice))
            return say("unknown key{meant}", meant=did_you_mean(place.name, _keys(place.model)))
        case "missing":
            if not example:
                return say("this key is required")
            return say("this key is required, such as {name} = {example}", name=place.name, example=example)
        case "string_type":
            return say("expected text in quotes")
        case "list_type":
            if place.lists_tables():
                return say("write [[{name}]] above each {name}", name=place.name)
            return say("expected a list{such_as}", such_as=such_as)
        case "model_type" | "model_attributes_type" | "dict_type":
            return say("expected a section with keys and values below it")
        case "bool_type" | "bool_parsing":
            return say("expected true or false")
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return say("expected a whole number{such_as}", such_as=such_as)
        case "float_type" | "float_parsing" | "finite_number":
            return say("expected a number{such_as}", such_as=such_as)
        case "greater_than_equal":
            return say("expected {number} or more", number=_number(context["ge"]))
        case "less_than_equal":
            return say("expected {number} or less", number=_number(context["le"]))
        case "greater_than":
            return say("expected more than {number}", number=_number(context["gt"]))
        case "less_than":
            return say("expected less than {number}", number=_number(context["lt"]))
        case "too_short":
            return say("expected at least {entries}{such_as}", entries=_entries(context["min_length"]), such_as=such_as)
        case "too_long":
            return say(
                "expected at most {entries}, not {given}",
                entries=_entries(context["max_length"]),
                given=context["actual_length"],
            )
        case "string_too_short":
            return (
                say("must not be empty")
                if context["min_length"] == 1
                else say("shorter than {count} characters", count=context["min_length"])
            )
        case "string_too_long":
            return say("longer than {count} characters", count=context["max_length"])
        case "enum" | "literal_error":
            known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            given = problem["input"]
            meant = likely(given, known) if isinstance(given, str) else ""
            return say("expected one of {known}{meant}", known=", ".join(known), meant=meant)
    if kind.startswith(("date_", "datetime_")):
        return say("expected a date without quotes, such as 2026-12-31")
    if kind.startswith("time_"):
        return say("expected a time without quotes, such as 22:00:00")
    if kind == "said":  # a model's own words, where pydantic wants a message and no exception
        return say_marked(str(problem["msg"]))
    if kind in ("value_error", "assertion_error"):
        return detail_text(str(problem["msg"]).partition(", ")[2], spoken())
    if such_as:
        return say("a value that does not fit here; expected one{such_as}", such_as=such_as)
    return say("a value that does not fit here")


def _number(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _entries(number: int) -> str:
    return say_count("{count} entry", "{count} entries", number)


def _keys(model: type[BaseModel]) -> list[str]:
    fields = sorted(model.model_fields.items(), key=lambda it: not it[1].is_required())
    return [info.alias or name for name, info in fields]
