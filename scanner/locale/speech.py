"""What the program says in the language of whoever reads it: gettext over English sentences.

`say` speaks the language of this process, for the command line and its errors; a report has a `Speaker` of its own, because
its language may be another. Sentences stand in the code in English; their Indonesian twins in `id/LC_MESSAGES/pindai.po`.
"""

import functools
import gettext
from pathlib import Path

DOMAIN = "pindai"
FOLDER = Path(__file__).parent


class Speaker:
    """Says sentences in one language, `en` or `id`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = _catalogue(language)

    def say(self, sentence: str, /, **values: object) -> str:
        """A sentence with its values filled in. Values are never taken for templates."""
        said = self._catalogue.gettext(sentence)
        return said.format_map(values) if values else said

    def say_count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """`one` or `many`, by the language's rule; `{count}` is there by itself."""
        return self._catalogue.ngettext(one, many, count).format_map({"count": count, **values})


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True)


_own = [Speaker("en")]


def speak(language: str) -> None:
    """Choose the language of this process; once, before anything is said."""
    _own[0] = Speaker(language)


def say(sentence: str, /, **values: object) -> str:
    """A sentence in the language of this process, with its values filled in."""
    return _own[0].say(sentence, **values)


def say_count(one: str, many: str, count: int, /, **values: object) -> str:
    """`one` or `many` in the language of this process; `{count}` is there by itself."""
    return _own[0].say_count(one, many, count, **values)
