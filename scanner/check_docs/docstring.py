"""A check's docstring in parts: what, why, how to repair it, in English and Indonesian, and lines of configuration.

The first line is English and its twin stands under `Apa:`; paragraphs without a label are English, with one `Rincian:` each;
the other labels come in pairs. A label may name outcomes, `Fix (no_name):`. Lines of configuration stand under the name of
the software they are for, once for both languages, so there is no prose in them. CONTRIBUTING.md shows one.
"""

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from scanner.findings import FixedBy
from scanner.frameworks.framework import Text
from scanner.outcomes import Outcome
from scanner.registry import Check

WHAT, DETAIL, WHY, FIX, CAREFUL = "what", "detail", "why", "fix", "careful"
TWINS: Final = {"Why": "Sebab", "Fix": "Perbaikan", "Careful": "Hati-hati"}
"""The labels of prose, in English and in Indonesian."""
_ENGLISH: Final = {"Why": WHY, "Fix": FIX, "Careful": CAREFUL}
_INDONESIAN: Final = {"Apa": WHAT, "Rincian": DETAIL, "Sebab": WHY, "Perbaikan": FIX, "Hati-hati": CAREFUL}
SOFTWARE: Final = (
    *("nginx", "Apache", "IIS", "PHP", "Laravel", "CodeIgniter", "ASP.NET", "Tomcat"),
    *("DNS", "shell"),
)
"""What lines of configuration can be for, in the order in which they are shown."""
ASKED_FOR: Final = {
    FixedBy.WEB_SERVER: ("nginx", "Apache", "IIS"),
    FixedBy.APPLICATION: ("Laravel", "CodeIgniter"),
    FixedBy.DNS: ("DNS",),
    FixedBy.ZONE: ("DNS",),
}
"""Which lines a reader expects from a check, by who can repair what it finds."""
MAX_CODE_CHARS = 100

_LABEL = re.compile(
    r"(?P<label>{})(?: \((?P<outcomes>[a-z0-9_]+(?:, [a-z0-9_]+)*)\))?:(?: (?P<rest>.*))?".format(
        "|".join(map(re.escape, (*_ENGLISH, *_INDONESIAN, *SOFTWARE)))
    )
)
_PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")


class Prose(msgspec.Struct, frozen=True):
    """A paragraph in both languages, about some outcomes or, with none named, about all that have none of their own."""

    text: Text
    outcomes: tuple[str, ...] = ()


class Code(msgspec.Struct, frozen=True):
    """Lines to paste, for one kind of software."""

    software: str
    lines: tuple[str, ...]
    outcomes: tuple[str, ...] = ()


class Block(msgspec.Struct, frozen=True):
    """Lines to paste with everything that they repair: the check's findings in general, these outcomes, or both."""

    software: str
    lines: tuple[str, ...]
    outcomes: tuple[str, ...]
    general: bool


class CheckText(msgspec.Struct, frozen=True):
    """Everything a docstring tells. A language that is missing is filled with the other, which is better than nothing."""

    what: Text
    details: tuple[Text, ...]
    why: Text
    fixes: tuple[Prose, ...]
    code: tuple[Code, ...]
    careful: tuple[Prose, ...]

    def fix(self, outcome: str = "") -> Text:
        """How this outcome is repaired; the general way where it has none of its own."""
        return _about(self.fixes, outcome)

    def caution(self, outcome: str = "") -> Text:
        """What that can break; empty when nothing was written about it."""
        return _about(self.careful, outcome)

    def blocks(self) -> tuple[Block, ...]:
        """All lines of the check, those that repair several things once."""
        told: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for code in self.code:
            told.setdefault((code.software, code.lines), []).extend(code.outcomes or ("",))
        return tuple(
            Block(software, lines, tuple(filter(None, outcomes)), "" in outcomes)
            for (software, lines), outcomes in told.items()
        )

    def code_for(self, outcome: str = "") -> tuple[Code, ...]:
        """The lines that repair this outcome. One with a fix of its own never shows the lines of the general fix."""
        own = tuple(it for it in self.code if outcome in it.outcomes)
        if own or any(outcome in it.outcomes for it in self.fixes):
            return own
        return tuple(it for it in self.code if not it.outcomes)


def _about(parts: Iterable[Prose], outcome: str) -> Text:
    general = Text("", "")
    for part in parts:
        if outcome in part.outcomes:
            return part.text
        if not part.outcomes:
            general = part.text
    return general


class _Part(msgspec.Struct, frozen=True):
    """A paragraph or block as it stands. `language` is empty for lines of configuration."""

    kind: str
    language: str
    lines: tuple[str, ...]
    outcomes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.lines).split())


def _parts(docstring: str) -> Iterator[_Part]:
    """The parts of a docstring, in order."""
    first, *lines = inspect.cleandoc(docstring).splitlines() or [""]
    yield _Part(WHAT, "en", (first,))
    head: tuple[str, str, tuple[str, ...]] | None = None
    body: list[str] = []
    for line in [*lines, ""]:
        found = _LABEL.fullmatch(line)
        if head is not None and (found is not None or not line.strip()):
            yield _Part(head[0], head[1], tuple(body), head[2])
            head = None
        if found is not None:
            outcomes = tuple((found["outcomes"] or "").split(", ")) if found["outcomes"] else ()
            head = (*_kind_of(found["label"]), outcomes)
            body = [found["rest"] or ""]
        elif head is not None:
            body.append(line)
        elif line.strip():
            head, body = (DETAIL, "en", ()), [line]


def _kind_of(label: str) -> tuple[str, str]:
    if label in _ENGLISH:
        return _ENGLISH[label], "en"
    return (_INDONESIAN[label], "id") if label in _INDONESIAN else (label, "")


def parse(docstring: str) -> CheckText:
    """The parts of a docstring; never raises, whatever is in it."""
    parts = tuple(_parts(docstring))
    return CheckText(
        what=_joined(parts, WHAT)[0].text,
        details=tuple(it.text for it in _details(parts)),
        why=next((it.text for it in _joined(parts, WHY)), Text("", "")),
        fixes=_joined(parts, FIX),
        code=tuple(
            sorted(
                (Code(it.kind, _code_lines(it.lines), it.outcomes) for it in parts if not it.language),
                key=lambda it: SOFTWARE.index(it.software),
            )
        ),
        careful=_joined(parts, CAREFUL),
    )


def text_of(check: Check) -> CheckText:
    """The docstring of a check, in parts."""
    return parse(check.judge.__doc__ or "")


def _joined(parts: Iterable[_Part], kind: str) -> tuple[Prose, ...]:
    """The parts of a kind, each with its twin."""
    said: dict[tuple[str, ...], dict[str, str]] = {}
    for it in parts:
        if it.kind == kind:
            said.setdefault(it.outcomes, {}).setdefault(it.language, it.text)
    return tuple(Prose(_text(texts), outcomes) for outcomes, texts in said.items())


def _details(parts: Iterable[_Part]) -> Iterator[Prose]:
    """The free paragraphs, each with the twin in the same place."""
    english = [it.text for it in parts if it.kind == DETAIL and it.language == "en"]
    indonesian = [it.text for it in parts if it.kind == DETAIL and it.language == "id"]
    for place in range(max(len(english), len(indonesian))):
        pairs = zip(("en", "id"), (english, indonesian), strict=True)
        yield Prose(_text({language: texts[place] for language, texts in pairs if place < len(texts)}))


def _text(said: dict[str, str]) -> Text:
    other = next(iter(said.values()))
    return Text(en=said.get("en", other), id=said.get("id", other))


def _code_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    below = textwrap.dedent("\n".join(lines[1:])).splitlines()
    return tuple(it.rstrip() for it in ([lines[0], *below] if lines[0].strip() else below))


class ParamText(msgspec.Struct, frozen=True):
    """A threshold: its name, and what it means."""

    name: str
    says: Text


_PARAM = re.compile(r"`(?P<name>[a-z][a-z0-9_]*)`: (?P<rest>.*)")


def params_of(check: Check) -> tuple[ParamText, ...]:
    """The thresholds of a check as the docstring of its `Params` explains them: `name`: in English, then in Indonesian."""
    if check.params is None:
        return ()
    said: dict[str, list[str]] = {}
    now: list[str] | None = None
    for line in inspect.cleandoc(check.params.__doc__ or "").splitlines():
        if found := _PARAM.fullmatch(line):
            now = said.setdefault(found["name"], [])
            now.append(found["rest"])
        elif not line.strip():
            now = None
        elif now is not None:
            now[-1] += f" {line.strip()}"
    names = check.params.__struct_fields__
    return tuple(
        ParamText(name, Text(en=texts[0], id=texts[-1]) if (texts := said.get(name)) else Text("", ""))
        for name in names
    )


def shortcomings(check: Check) -> Iterator[str]:
    """What a reader of this check would miss: parts, twins, outcomes that do not exist. Nothing for one that is whole."""
    parts = tuple(_parts(check.judge.__doc__ or ""))
    for kind, twins in {WHAT: "Apa", WHY: "Why/Sebab", FIX: "Fix/Perbaikan"}.items():
        if not any(it.kind == kind and it.language == "id" and not it.outcomes for it in parts):
            yield f"{check.id}: no {twins}"
    yield from (f"{check.id}: {it}" for it in _of_twins(parts))
    findings = {outcome.key for outcome in check.outcomes if isinstance(outcome, Outcome)}
    for part in parts:
        for outcome in part.outcomes:
            if outcome not in findings:
                yield f"{check.id}: {part.kind} ({outcome}): no outcome that is a finding has this key"
        if not part.language:
            yield from (f"{check.id}: {part.kind}: {it}" for it in _of_code(_code_lines(part.lines)))
    for param in params_of(check):
        if not param.says.en or param.says.en == param.says.id:
            yield f"{check.id}: the docstring of its Params does not explain `{param.name}` in both languages"


def _of_twins(parts: tuple[_Part, ...]) -> Iterator[str]:
    sides: dict[tuple[str, tuple[str, ...]], dict[str, list[str]]] = {}
    for it in parts:
        if it.language:
            sides.setdefault((it.kind, it.outcomes), {"en": [], "id": []})[it.language].append(it.text)
    for (kind, outcomes), texts in sides.items():
        name = f"{kind} ({', '.join(outcomes)})" if outcomes else kind
        if kind != DETAIL and max(map(len, texts.values())) > 1:
            yield f"{name}: stands there twice in one language"
        elif len(texts["en"]) != len(texts["id"]):
            yield f"{name}: not in both languages"
        else:
            for english, indonesian in zip(texts["en"], texts["id"], strict=True):
                if not (english.endswith(".") and indonesian.endswith(".")):
                    yield f"{name}: does not end with a full stop in both languages"
                if _named(english) != _named(indonesian):
                    yield f"{name}: the languages name different code between backticks"


def _named(text: str) -> list[str]:
    """What stands between backticks; a word in capitals (`FILE`) is the reader's to replace and may be translated."""
    return sorted(_PLACEHOLDER.sub("X", it) for it in re.findall(r"`([^`]*)`", text))


def _of_code(lines: tuple[str, ...]) -> Iterator[str]:
    if not lines:
        yield "no line behind the name"
    for line in lines:
        if len(line) > MAX_CODE_CHARS:
            yield f"a line of {len(line)} characters, more than {MAX_CODE_CHARS}: {line[:40]}..."


def missing_code(check: Check, outcome: str = "") -> tuple[str, ...]:
    """The software a reader expects lines for (`ASKED_FOR`) and finds none: in the general fix, or in that of an outcome
    that somebody else can repair.
    """
    present = {it.software for it in text_of(check).code_for(outcome)}
    own = next((it.fixed_by for it in check.outcomes if isinstance(it, Outcome) and it.key == outcome), None)
    return tuple(it for it in ASKED_FOR.get(own or check.fixed_by, ()) if it not in present)
