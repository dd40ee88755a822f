"""Descriptions of interfaces: OpenAPI 3 and Swagger 2.0 documents in JSON or YAML (OpenAPI Specification 3.1, section 4).

Only what tells that it is one, and whether two are the same, is taken from a document: its version and digests of what it
says. YAML is read by the rules of YAML 1.2 for plain words (`on` is a text and so is a date), as the specification asks.
What a reader of YAML 1.1 makes of the same word counts as the same: those who made one form of the other had such readers.
"""

import codecs
import hashlib
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

MAX_NODES: Final = 200_000
MAX_DEPTH: Final = 100
MAX_SLOW_BYTES: Final = 128 * 1024
"""Longest YAML that is read where the fast reader of PyYAML was not built: the other one takes seconds for more."""
MAX_TAG_DIRECTIVES: Final = 100
"""Every one is held against all before it, in one piece and with nothing else running meanwhile."""
EXACT: Final = 2**53
"""Integers up to here are the same in every reader of JSON (RFC 8259, section 6); JavaScript rounds the others."""
HUGE: Final = 10**300
_TYPES = frozenset(f"tag:yaml.org,2002:{it}" for it in ("bool", "float", "int", "null"))

_OPENAPI = re.compile(r"3\.[0-9]{1,3}(?:\.[0-9]{1,3})?(?:-[0-9A-Za-z.-]{1,20})?", re.ASCII)
_MARKS = (
    *((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)
"""Encodings of YAML beside UTF-8 (YAML 1.2, section 5.2)."""
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_EARLIER = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}
"""Truth values of YAML 1.1 (bool of its type repository, as its readers have it)."""
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ](?:(00:00:00)|([0-9]{2}:[0-9]{2}:[0-9]{2}))(?:\.0{1,9})?(?:Z|\+00:00)?)?",
    re.ASCII,
)
"""A date or a time in UTC, which readers of YAML 1.1 write anew: `2026-11-22` comes out as `2026-11-22T00:00:00.000Z`."""
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}", re.ASCII)
_BASED = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,300}|[0-9]{1,300}(?:\.[0-9]{0,300})?)(?:[eE][-+]?[0-9]{1,4})?", re.ASCII)
_AMBIGUOUS = re.compile(r"[-+]?0[0-9]+|0o[0-7]+|[-+]?[0-9]*\.?[0-9]*[eE][-+]?[0-9]+", re.ASCII)
"""Numbers of YAML 1.2 that are texts to readers of YAML 1.1, which therefore write such a text without quotes."""
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})


class ApiDescriptionError(ValueError):
    """The octets cannot be read here, whatever they are: too deep, too long, or built to be so."""


class ApiDocument(Struct, frozen=True):
    """What a document is: `form` is json or yaml, empty for what is neither; `version` is that of OpenAPI or Swagger, empty
    for what describes no interface.

    `whole` is a digest of all that it says, whichever form it is written in; `surface` of its own version and its paths.
    """

    form: str = ""
    version: str = ""
    whole: str = ""
    surface: str = ""
    operations: int = 0


def read_api_document(octets: bytes) -> ApiDocument:
    """What these octets are. Raises ApiDescriptionError for what is too deep or too long to be read."""
    try:
        text = octets.decode(next((it for mark, it in _MARKS if octets.startswith(mark)), "utf-8-sig"))
    except UnicodeDecodeError:
        return ApiDocument()
    form, document = _json(text)
    if not form and not text.lstrip().startswith("<"):  # a page is no YAML, and slow to be found out
        form, document = _yaml(text)
    if not isinstance(document, dict):
        return ApiDocument(form if form == "json" else "")
    version = _version(document)
    if not version or not isinstance(document.get("info"), dict):
        return ApiDocument(form)
    digests = _Digests()
    surface = [document["info"].get("version"), document.get("paths"), document.get("webhooks")]
    return ApiDocument(
        form=form,
        version=version,
        whole=digests.of(document).hex(),
        surface=digests.of(surface).hex(),
        operations=_operations(document.get("paths")),
    )


def _version(document: dict[str, Any]) -> str:
    for key in ("openapi", "swagger"):
        said = document.get(key)
        text = said if isinstance(said, str) else repr(said) if isinstance(said, float) else ""
        if key == "openapi" and _OPENAPI.fullmatch(text):
            return f"OpenAPI {text}"
        if key == "swagger" and text == "2.0":
            return "Swagger 2.0"
    return ""


def _operations(paths: object) -> int:
    if not isinstance(paths, dict):
        return 0
    return sum(len(_METHODS & item.keys()) for item in paths.values() if isinstance(item, dict))


# -- JSON


def _json(text: str) -> tuple[str, Any]:
    if not text.lstrip(" \t\r\n").startswith(("{", "[")):
        return "", None
    try:
        return "json", json.loads(text, parse_constant=_refused, parse_float=_float)
    except RecursionError as error:
        raise ApiDescriptionError("it is nested too deeply") from error
    except ValueError:
        return "", None


def _float(text: str) -> float | str:
    """The number; the text where it is none that a computer has, such as a digest that happens to read `12e4567`."""
    number = float(text)
    return text if math.isinf(number) else number


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# -- YAML


def _yaml(text: str) -> tuple[str, Any]:
    import yaml

    fast = getattr(yaml, "CSafeLoader", None)
    if fast is None and len(text) > MAX_SLOW_BYTES:
        raise ApiDescriptionError(f"YAML of more than {MAX_SLOW_BYTES} characters cannot be read on this machine")
    if text.count("%TAG") > MAX_TAG_DIRECTIVES:
        raise ApiDescriptionError(f"it has more than {MAX_TAG_DIRECTIVES} directives")
    try:
        return "yaml", _Tree().read(yaml.parse(text, Loader=fast or yaml.SafeLoader))
    except (yaml.YAMLError, _NoDocumentError, ValueError) as error:
        if isinstance(error, ApiDescriptionError):
            raise
        return "", None
    except RecursionError as error:
        raise ApiDescriptionError("it is nested too deeply") from error


class _NoDocumentError(Exception):
    """Sound YAML, but nothing that JSON could say."""


class _Open:
    """A mapping or list that is being read."""

    __slots__ = ("anchor", "key", "value")

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None


class _Tree:
    """Builds the tree of one document from events. An alias is the same value again and never a copy of it."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._named: dict[str, Any] = {}
        self._nodes = 0
        self._whole: Any = None
        self._documents = 0

    def read(self, events: Iterator[Any]) -> Any:
        """The document's value."""
        import yaml

        for event in events:
            self._count(1)
            if isinstance(event, yaml.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self._named:
                    raise _NoDocumentError
                self._place(self._named[event.anchor], None)
            elif isinstance(event, yaml.MappingStartEvent):
                self._begin({}, event.anchor)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._begin([], event.anchor)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                done = self._open.pop()
                if isinstance(done.value, dict):
                    self._merge(done.value)
                self._place(done.value, done.anchor)
            elif isinstance(event, yaml.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise _NoDocumentError
        return self._whole

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise ApiDescriptionError(f"it has more than {MAX_NODES} parts")

    def _begin(self, value: Any, anchor: str | None) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise ApiDescriptionError("it is nested too deeply")
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            raise _NoDocumentError  # a key that is no text
        self._open.append(_Open(value, anchor))

    def _scalar(self, event: Any) -> None:
        above = self._open[-1] if self._open else None
        if above is not None and isinstance(above.value, dict) and above.key is None:
            above.key = event.value
            if event.anchor:
                self._named[event.anchor] = event.value
            return
        plain = event.tag in _TYPES or (event.implicit[0] and event.tag is None)
        self._place(_plain(event.value) if plain else event.value, event.anchor)

    def _place(self, value: Any, anchor: str | None) -> None:
        """Put a value where it belongs. A name is known from here on only, so that nothing is inside itself."""
        if anchor:
            self._named[anchor] = value
        above = self._open[-1] if self._open else None
        if above is None:
            self._whole = value
        elif isinstance(above.value, list):
            above.value.append(value)
        elif above.key is None:
            if not isinstance(value, str):
                raise _NoDocumentError
            above.key = value
        else:
            above.value[above.key] = value
            above.key = None

    def _merge(self, mapping: dict[str, Any]) -> None:
        """Resolve `<<`, which many generators write although the specification leaves it out."""
        merged = mapping.get("<<")
        sources: list[Any] = merged if isinstance(merged, list) else [merged]
        if not all(isinstance(it, dict) for it in sources):
            return
        del mapping["<<"]
        for source in sources:
            self._count(len(source))
            for key, value in source.items():
                mapping.setdefault(key, value)


def _plain(text: str) -> str | int | float | bool | None:
    """A plain word by the core schema of YAML 1.2 (section 10.3.2)."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return _float(text) if _FLOAT.fullmatch(text) else text


# -- what two documents have in common


class _Digests:
    """Digests of values, each container's once: what is repeated by aliases costs nothing."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}
        self._nodes = 0

    def of(self, value: Any, depth: int = 0) -> bytes:
        """The digest of a value; neither the order of names nor how a number is written changes it."""
        if not isinstance(value, dict | list):
            return _digest(_scalar_text(value).encode("utf-8", "surrogatepass"))
        if (known := self._known.get(id(value))) is not None:
            return known
        self._nodes += len(value)
        if depth >= 2 * MAX_DEPTH or self._nodes > MAX_NODES:
            raise ApiDescriptionError("it has too many parts, or is nested too deeply")
        if isinstance(value, list):
            parts = [b"[", *(self.of(it, depth + 1) for it in value)]
        else:
            names = sorted(value)
            parts = [b"{"]
            for name in names:
                parts += [_digest(name.encode("utf-8", "surrogatepass")), self.of(value[name], depth + 1)]
        self._known[id(value)] = _digest(b"".join(parts))
        return self._known[id(value)]


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def _scalar_text(value: str | int | float | bool | None) -> str:
    """One text for all that a reader of one of the two forms may have made of the same word."""
    if isinstance(value, str):
        value = _reread(value)
    if isinstance(value, str):
        return f"s{value}"
    if value is None or isinstance(value, bool):
        return f"v{value!r}"
    if abs(value) >= HUGE:
        return f"s{value!r}"  # no plain word is read as such a number
    number = float(value)
    return f"v{int(number) if number.is_integer() and abs(value) <= EXACT else number!r}"


def _reread(text: str) -> str | int | float | bool | None:
    """What readers of YAML 1.1 and 1.2 do not agree about, as a plain word: `081` is a text to one and 81 to the other."""
    if text in _EARLIER:
        return _EARLIER[text]
    if _AMBIGUOUS.fullmatch(text):
        return _plain(text)
    if found := _TIME.fullmatch(text):
        return f"{found[1]}T{found[3]}" if found[3] else found[1]
    return text
