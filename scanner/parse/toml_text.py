"""Values as TOML 1.0, on one line: for the files that are written for people, and for messages that show an example."""

import re
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def written_toml(value: Any) -> str:
    """A value as TOML; what TOML has no word for stands as Python writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return toml_text(value)
        case list() | tuple():
            return "[" + ", ".join(map(written_toml, value)) + "]"
        case dict():
            pairs = (f"{_key(str(key))} = {written_toml(it)}" for key, it in value.items())
            return "{ " + ", ".join(pairs) + " }" if value else "{}"
        case _:
            return str(value)


def toml_text(text: str) -> str:
    """A basic string: what is not printable is escaped, so that the file shows all that is in it."""

    def written(char: str) -> str:
        if char in _SHORT_ESCAPES:
            return _SHORT_ESCAPES[char]
        if char.isprintable():
            return char
        number = 0xFFFD if "\ud800" <= char <= "\udfff" else ord(char)  # half a character is none
        return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"

    return f'"{"".join(map(written, text))}"'


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else toml_text(text)
