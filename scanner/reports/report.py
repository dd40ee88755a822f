"""A report as a plug-in brings it: a function from a run to bytes, and what kind of bytes these are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanner.run import Run

Write = Callable[["Run", str], Iterator[bytes]]
"""From a run and a language, `en` or `id`, to the report in pieces."""


@dataclass(frozen=True)
class Report:
    """One format that `--format` can name. `en` and `id` say in a line what it is for."""

    write: Write
    media_type: str
    en: str
    id: str


def report(*, media_type: str, en: str, id: str) -> Callable[[Write], Report]:
    """Declare a report: its media type (`text/csv`), and in both languages what it is for.

    The function gets the run and the language that was asked for. It is pure: the same run gives the same bytes. What a
    server sent is hostile: escape it for the format.
    """
    return lambda write: Report(write, media_type, en, id)
