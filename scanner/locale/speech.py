"""What the program says in the language of whoever reads it: gettext over English sentences.

`say` speaks the language of this process, for the command line and its errors; a report has a `Speaker` of its own, because
its language may be another. Sentences stand in the code in English; their Indonesian twins in `id/LC_MESSAGES/pindai.po`,
which `make messages` compiles. Nothing is said while a module is imported: the language is not chosen yet.
"""

import errno
import functools
import gettext
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DOMAIN = "pindai"
FOLDER = os.path.dirname(__file__)  # noqa: PTH120 - pathlib is slow to import, and help must be quick
LANGUAGES = ("id", "en")


class Speaker:
    """Says sentences in one language, `en` or `id`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = _catalogue(language)

    def say(self, sentence: str, /, **values: object) -> str:
        """A sentence with its values filled in. Values are never taken for templates."""
        said = self._catalogue.gettext(sentence)
        return said.format_map(values) if values else said

    def say_marked(self, sentence: str, /, **values: object) -> str:
        """A sentence that `mark` named elsewhere; what nobody named stays as it is."""
        return self.say(sentence, **values)

    def say_count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """`one` or `many`, by the language's rule; `{count}` is there by itself, as its readers write numbers."""
        number = f"{count:,}"
        if self.language == "id":
            number = number.replace(",", ".")
        return self._catalogue.ngettext(one, many, count).format_map({"count": number, **values})

    def reason(self, error: BaseException) -> str:
        """Why the system refused, in a few words: `no such file`. English where the system has other words than ours."""
        if not isinstance(error, OSError) or error.errno is None:
            return str(error)
        match error.errno:
            case errno.ENOENT:
                return self.say("No such file or directory")
            case errno.EACCES | errno.EPERM:
                return self.say("Permission denied")
            case errno.EISDIR:
                return self.say("Is a directory")
            case errno.ENOTDIR:
                return self.say("Not a directory")
            case errno.EEXIST:
                return self.say("File exists")
            case errno.ENOSPC:
                return self.say("No space left on device")
            case errno.EROFS:
                return self.say("Read-only file system")
            case errno.ELOOP:
                return self.say("Too many levels of symbolic links")
            case errno.ENAMETOOLONG:
                return self.say("File name too long")
            case errno.EMFILE:
                return self.say("Too many open files")
        return error.strerror or str(error)


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True)


_own = [Speaker("en")]


def speak(language: str) -> None:
    """Choose the language of this process; once, before anything is said.

    argparse asks gettext for its own words: in this process's text domain, and in the language that $LANGUAGE names.
    """
    _own[0] = Speaker(language)
    gettext.bindtextdomain(DOMAIN, FOLDER)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = language


def spoken() -> str:
    """The language of this process."""
    return _own[0].language


def say(sentence: str, /, **values: object) -> str:
    """A sentence in the language of this process, with its values filled in."""
    return _own[0].say(sentence, **values)


def mark(sentence: str) -> str:
    """A sentence that `say_marked` says later, as in a table of a module: named for the catalogue, and returned as it is."""
    return sentence


def say_marked(sentence: str, /, **values: object) -> str:
    """A sentence that `mark` named elsewhere, in the language of this process; what nobody named stays as it is."""
    return _own[0].say_marked(sentence, **values)


def say_count(one: str, many: str, count: int, /, **values: object) -> str:
    """`one` or `many` in the language of this process; `{count}` is there by itself."""
    return _own[0].say_count(one, many, count, **values)


def reason_of(error: BaseException) -> str:
    """Why the system refused, in the language of this process."""
    return _own[0].reason(error)


def language_of(given: str | None, environment: "Mapping[str, str]" = os.environ) -> str:
    """The language asked for, else that of the locale (Indonesian for `id` and `id_*`), else English."""
    if given:
        return given
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "id" if value.replace(".", "_").replace("@", "_").lower().split("_")[0] == "id" else "en"
    return "en"


def language_asked(words: "Sequence[str]") -> str | None:
    """What `--lang` says anywhere on a command line: help and errors are written before all of it is understood."""
    asked = None
    for index, word in enumerate(words):
        if word == "--":
            break
        option, equals, value = word.partition("=")
        if len(option) > 3 and "--lang".startswith(option):
            value = value if equals else "".join(words[index + 1 : index + 2])
            asked = value if value in LANGUAGES else asked
    return asked
