"""What a check's docstring tells the reader of a report: the lines `Fix:` (English) and `Perbaikan:` (Indonesian)."""

import inspect
import re

from scanner.registry import Check

_HEADINGS = {"id": "Perbaikan", "en": "Fix"}
_HEADING = re.compile(r"[A-Z][a-z]+: ")


def fix_of(check: Check, language: str) -> str:
    """How the check says its findings are repaired, as one line; empty when it does not say."""
    lines = inspect.cleandoc(check.judge.__doc__ or "").splitlines()
    heading = f"{_HEADINGS[language]}:"
    for index, line in enumerate(lines):
        if line.startswith(heading):
            parts = [line.removeprefix(heading)]
            for later in lines[index + 1 :]:
                if not later.strip() or _HEADING.match(later):
                    break
                parts.append(later)
            return " ".join(" ".join(parts).split())
    return ""


def first_step(advice: str, width: int) -> str:
    """The first sentence, or as many of its first clauses as fit; the first sentence whole when not even one does.

    What stands in backticks, quotes or parentheses is never taken apart.
    """
    cuts = list(_cuts(advice))
    sentence = next((advice[:end] for end, mark in cuts if mark in ".;"), advice).rstrip(" .;")
    if len(sentence) <= width:
        return sentence
    fitting = [advice[:end].rstrip(" ,") for end, mark in cuts if mark == "," and end <= min(width + 1, len(sentence))]
    return fitting[-1] if fitting else sentence


def _cuts(text: str) -> list[tuple[int, str]]:
    """Where a clause or sentence ends outside backticks, quotes and parentheses: the position after its mark."""
    found: list[tuple[int, str]] = []
    quoted = ""
    depth = 0
    for position, char in enumerate(text):
        if quoted:
            quoted = "" if char == quoted else quoted
        elif char in '`"':
            quoted = char
        elif char in "()":
            depth = max(depth + (1 if char == "(" else -1), 0)
        elif not depth and char in ".;," and text[position + 1 : position + 2] in ("", " "):
            found.append((position + 1, char))
    return found
