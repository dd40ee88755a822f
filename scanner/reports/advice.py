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
