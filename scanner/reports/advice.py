"""What a check's docstring tells the reader of a report: the lines `Fix:` (English) and `Perbaikan:` (Indonesian).

An outcome that is repaired in a way of its own has a line of its own: `Fix (no_name):`.
"""

import inspect
import re

from scanner.registry import Check

_HEADINGS = {"id": "Perbaikan", "en": "Fix"}
_HEADING = re.compile(r"[A-Z][a-z]+(?:-[a-z]+)?(?: \([a-z_]+\))?: ")


def fix_of(check: Check, language: str, outcome: str = "") -> str:
    """How the check says a finding of this outcome is repaired, as one line; empty when it does not say."""
    lines = inspect.cleandoc(check.judge.__doc__ or "").splitlines()
    name = _HEADINGS[language]
    return _paragraph(lines, f"{name} ({outcome}):") or _paragraph(lines, f"{name}:")


def _paragraph(lines: list[str], heading: str) -> str:
    for index, line in enumerate(lines):
        if line.startswith(heading):
            parts = [line.removeprefix(heading)]
            for later in lines[index + 1 :]:
                if not later.strip() or _HEADING.match(later):
                    break
                parts.append(later)
            return " ".join(" ".join(parts).split())
    return ""
