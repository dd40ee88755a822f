"""What the data of frameworks says in English only, in the reader's language: status, notes, sources, classes of outcomes.

The data is a copy of what others keep, so its Indonesian twins stand in our own catalogue. What an agency wrote itself stays
as it wrote it.
"""

from collections.abc import Iterator

from scanner.frameworks.framework import Evidence, Rulebook
from scanner.locale.speech import Speaker


def framework_text(text: str, language: str) -> str:
    """A status, a note or the name of a class, in `id` or `en`."""
    return text if language == "en" or not text else Speaker(language).say_marked(text)


def evidence_name(evidence: Evidence, language: str) -> str:
    """`web.disclosure.version (mode debug)`: a check, and the classes of its outcomes that an entry is about."""
    if not evidence.variants:
        return evidence.check
    return f"{evidence.check} ({'; '.join(framework_text(it, language) for it in evidence.variants)})"


def sentences() -> frozenset[str]:
    """All of them in the frameworks that Pindai brings along."""
    from scanner.frameworks.loading import load_rulebook
    from scanner.registry import discover

    return frozenset(text for text in _texts(load_rulebook((), discover())) if text)


def _texts(rulebook: Rulebook) -> Iterator[str]:
    for framework in rulebook.frameworks:
        yield from (framework.status, framework.note)
        yield from (source for source in framework.source if not source.startswith("https://"))
        for clause in framework.clauses:
            yield clause.note
            if clause.crosswalk is not None:
                for evidence in clause.crosswalk.evidence:
                    yield from evidence.variants
