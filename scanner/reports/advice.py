"""How a finding is repaired, as its check's docstring tells it: in a line for a terminal, or whole.

The lines of configuration shown are those for the software that the service was seen to run on; see `derive/software.py`.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from scanner.check_docs.docstring import ASKED_FOR, Code, text_of
from scanner.derive.software import software_of
from scanner.journal import JournalError
from scanner.observations.http import Answer, Exchange
from scanner.parse.http_head import HeadError, parse_head
from scanner.registry import Check
from scanner.run import Run

MAX_PARTS = 8
"""How many observations behind a finding are looked at: enough to meet the service's own answer."""
MAX_ONE_LINE_CHARS = 140
_FREE = frozenset({"nginx", "Laravel", "CodeIgniter", "ASP.NET", "Tomcat"})
"""What takes the end of a line for any other space, as XML does; elsewhere a setting ends with its line."""
_OF_NO_SERVICE = frozenset({"DNS", "shell"})
_COMMENT = re.compile(r"\s*(?:#|;|//|<!--)\s*(.*?)\s*(?:-->)?")


class Fix(msgspec.Struct, frozen=True):
    """How an outcome is repaired, whole: what to do, lines to paste for each software, and what that can break.

    `code` begins with the software that was seen; `careful` is empty where nothing was written about it.
    """

    text: str
    code: tuple[Code, ...]
    careful: str


def whole_fix(
    check: Check, language: str, outcome: str = "", software: Iterable[str] = (), *, beside: bool = False
) -> Fix:
    """Everything a check says of how this outcome is repaired; at a service `beside` the target's own, where lines for web
    servers and their pitfalls are of no use, only what holds for any server.
    """
    text, seen = text_of(check), frozenset(software)
    code = sorted(text.code_for(outcome), key=lambda it: it.software not in seen)
    if beside:
        return Fix(text.fix(outcome).of(language), tuple(it for it in code if it.software in _OF_NO_SERVICE), "")
    return Fix(text.fix(outcome).of(language), tuple(code), text.caution(outcome).of(language))


def fix_of(check: Check, language: str, outcome: str = "", software: Iterable[str] = ()) -> str:
    """How the check says a finding of this outcome is repaired, as one line; empty when it does not say.

    For software that was seen what to write there follows, where it is short enough to stand in a line. What can be mended
    at the web server as well as in the application is told to the one whose task it is, if that one was seen.
    """
    fix, seen = whole_fix(check, language, outcome, software), frozenset(software)
    seen = seen & frozenset(ASKED_FOR.get(check.fixed_by, ())) or seen
    lines = [line for it in fix.code if it.software in seen and (line := _in_one_line(it))]
    return " ".join([fix.text, *lines])


def has_code(check: Check, outcome: str = "") -> bool:
    """Whether the check has lines for this outcome that differ by the software a service runs on."""
    return any(it.software not in _OF_NO_SERVICE for it in text_of(check).code_for(outcome))


def _in_one_line(code: Code) -> str:
    """`nginx: `...``, with the file where a comment names it; empty where that would be long or no longer right."""
    comments = [found[1] for it in code.lines if (found := _COMMENT.fullmatch(it))]
    lines = [it.strip() for it in code.lines if not _COMMENT.fullmatch(it)]
    if len(lines) > 1 and code.software not in _FREE and not all(it.startswith("<") for it in lines):
        return ""
    line = f"{', '.join([code.software, *comments[:1]])}: `{' '.join(lines)}`"
    return line if len(line) <= MAX_ONE_LINE_CHARS else ""


def software_seen(run: Run, evidence: Iterable[str]) -> frozenset[str]:
    """What the answers behind a finding say they were made with; nothing where the evidence is not there or altered."""
    return frozenset(name for it in _exchanges(run, evidence) for name in _software(it))


def software_of_target(run: Run, target: str) -> frozenset[str]:
    """What a target's own answers say they were made with: for findings whose evidence has no answer (TLS, DNS)."""
    try:
        filed = run.journal.filed(target)
    except JournalError:
        return frozenset()
    answers = [digest for probe, digest in filed.items() if _ANSWER in probe][:MAX_PARTS]
    return software_seen(run, answers)


def _software(exchange: Exchange) -> frozenset[str]:
    if not isinstance(exchange.answer, Answer):
        return frozenset()
    try:
        return software_of(parse_head(exchange.answer.head))
    except HeadError:
        return frozenset()


class _Stored(msgspec.Struct):
    """As much of any observation as tells what it was put together from."""

    kind: str = ""
    parts: tuple[str, ...] = ()


_ANSWER = '"probe":"http_exchange"'
_STORED = msgspec.json.Decoder(_Stored)
_EXCHANGE = msgspec.json.Decoder(Exchange)


def _exchanges(run: Run, evidence: Iterable[str]) -> Iterator[Exchange]:
    """The exchanges among some observations and their parts, a few of them."""
    waiting = list(evidence)[:MAX_PARTS]
    for number, digest in enumerate(waiting):
        if number >= MAX_PARTS:
            return
        try:
            stored = run.journal.stored(digest)
            outline = _Stored() if stored is None else _STORED.decode(stored)
            waiting.extend(outline.parts[:MAX_PARTS])
            if stored is not None and outline.kind == "exchange":
                yield _EXCHANGE.decode(stored)
        except (JournalError, msgspec.MsgspecError):
            continue  # a report tells of altered evidence elsewhere; here it only means that nothing is known
