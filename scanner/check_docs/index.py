"""The index: the pages of all checks in one file, so that a list of them imports none.

The file says which sources it was made from. Where they are others (a check was added here and the index not made again), it
is passed over and the pages are made from the checks themselves: slower, and never wrong.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from scanner.check_docs.page import CheckPage

FILE = Path(__file__).with_name("index.json")
_FRAMEWORKS = Path(__file__).parents[1] / "frameworks"


def sources() -> Iterator[Path]:
    """The files that an index is made from: the checks, and the crosswalk with its clauses."""
    import checks

    for folder, pattern in ((Path(checks.__path__[0]), "**/*.py"), (_FRAMEWORKS, "*.toml"), (_FRAMEWORKS, "*.json")):
        yield from sorted(folder.glob(pattern))


def fingerprint() -> int:
    """A number that is another when a source is. Against mistakes only: nothing is decided by it but what is shown."""
    number = 0
    for path in sources():
        number = zlib.crc32(path.read_bytes(), zlib.crc32(f"{path.parent.name}/{path.name}".encode(), number))
    return number


def stored() -> list[dict[str, Any]] | None:
    """The pages as they stand in the index; None when there is none, or one of other sources."""
    try:
        held: dict[str, Any] = json.loads(FILE.read_bytes())
        is_ours = held["sources"] == fingerprint()
        pages: list[dict[str, Any]] = held["checks"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pages if is_ours else None


def made() -> tuple[CheckPage, ...]:
    """The pages, made from the checks and the crosswalk."""
    from scanner.check_docs.page import pages_of
    from scanner.frameworks.loading import load_rulebook
    from scanner.registry import discover

    checks = discover()
    return pages_of(checks, load_rulebook((), checks))


def read() -> tuple[CheckPage, ...]:
    """The pages, from the index where it is of these sources."""
    import msgspec

    from scanner.check_docs.page import CheckPage

    kept = stored()
    return made() if kept is None else msgspec.convert(kept, tuple[CheckPage, ...])


def summaries() -> Iterator[tuple[str, str, str]]:
    """The id of each check and its first sentence, in English and Indonesian."""
    kept = stored()
    if kept is not None:
        for page in kept:
            yield page["id"], page["text"]["what"]["en"], page["text"]["what"]["id"]
        return
    from scanner.check_docs.docstring import text_of
    from scanner.registry import discover

    for check in discover().values():
        what = text_of(check).what
        yield check.id, what.en, what.id


def encoded(pages: tuple[CheckPage, ...]) -> bytes:
    """The index file of these pages."""
    import msgspec

    text = msgspec.json.encode({"sources": fingerprint(), "checks": pages})
    return msgspec.json.format(text, indent=1) + b"\n"
