"""Where the keys of a TOML document stand, for messages that name a line.

`tomllib` reads the values and forgets where it found them. This module reads the same text for its keys only: tables,
arrays of tables, inline tables, dotted and quoted keys. It expects a text that `tomllib` accepts; of any other it returns
what it understood until there.
"""

import re
import tomllib
from typing import Final

Location = tuple[str | int, ...]

MAX_DEPTH: Final = 64
"""Paths with more parts than this are left out, so that one key of a hundred thousand dots costs no more than another."""

_BASIC = r'"(?:[^"\\\n]++|\\.)*+"'
_LITERAL = r"'[^'\n]*+'"
_BETWEEN = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY_PART = re.compile(rf"[ \t]*+([A-Za-z0-9_-]++|{_BASIC}|{_LITERAL})[ \t]*+")
# The three quotes that end a multi-line string may have two more before them that belong to it.
_SCALAR = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"""(?:"{0,2})'
    r"|'''(?:[^']++|'(?!''))*+'''(?:'{0,2})"
    rf"|{_BASIC}|{_LITERAL}"
    r"|[^,\]}#\n\"'\[{]++",
    re.DOTALL,
)


def positions(text: str) -> dict[Location, int]:
    """The line of every key: of tables, of values, and of the items of arrays (by index, from 0). Lines count from 1.

    A table that has several places (`[a.b]` before `[a]`) stands where it has a header of its own, else where it is first
    named. Never raises; linear in the text.
    """
    return _Reader(text).read()


class _Inside:
    """An array or inline table that is open: where its items belong."""

    def __init__(self, path: Location, closed_by: str) -> None:
        self.path = path
        self.closed_by = closed_by
        self.next_item = 0


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.found: dict[Location, int] = {}
        self.last_item: dict[Location, int] = {}
        """Of each array of tables, the index of the table that later headers continue."""

    def read(self) -> dict[Location, int]:
        table: Location = ()
        inside: list[_Inside] = []
        while self._skip():
            if not inside:
                if self._next() == "[":
                    header = self._header()
                    if header is None:
                        break
                    table = header
                elif not self._pair(table, inside):
                    break
            elif self._next() == inside[-1].closed_by:
                inside.pop()
                self.position += 1
            elif self._next() == ",":
                self.position += 1
            elif not self._item(inside):
                break
        return self.found

    def _skip(self) -> bool:
        """Pass over space, line ends and comments; false at the end of the text."""
        self._pass(_BETWEEN)
        return self.position < len(self.text)

    def _next(self) -> str:
        return self.text[self.position : self.position + 1]

    def _pass(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        matched = pattern.match(self.text, self.position)
        if matched is not None:
            self.line += self.text.count("\n", matched.start(), matched.end())
            self.position = matched.end()
        return matched

    def _key(self) -> list[str] | None:
        """The parts of a key, dotted or not; None where there is none."""
        parts: list[str] = []
        while (matched := self._pass(_KEY_PART)) is not None:
            parts.append(_plain(matched[1]))
            if self._next() != ".":
                return parts
            self.position += 1
        return None

    def _header(self) -> Location | None:
        """`[a.b]` or `[[a.b]]`: the table that the following keys belong to."""
        is_item = self.text.startswith("[[", self.position)
        self.position += 2 if is_item else 1
        parts = self._key()
        if parts is None:
            return None
        self.position += 2 if is_item else 1
        path: Location = ()
        for part in parts[:-1]:
            path = self._within((*path, part))
        path = (*path, parts[-1])[:MAX_DEPTH]
        if not is_item:
            self.found[path] = self.line
            return path
        self.found.setdefault(path, self.line)
        index = self.last_item.get(path, -1) + 1
        self.last_item[path] = index
        path = (*path, index)
        self.found[path] = self.line
        return path

    def _within(self, path: Location) -> Location:
        """The table that a part of a header names: in an array of tables, the last one."""
        path = path[:MAX_DEPTH]
        self.found.setdefault(path, self.line)
        return (*path, self.last_item[path]) if path in self.last_item else path

    def _pair(self, table: Location, inside: list[_Inside]) -> bool:
        parts = self._key()
        if parts is None or self._next() != "=":
            return False
        self.position += 1
        path = table
        for part in parts[: MAX_DEPTH + 1]:
            path = (*path, part)[:MAX_DEPTH]
            self.found.setdefault(path, self.line)
        return self._value(path, inside)

    def _item(self, inside: list[_Inside]) -> bool:
        holder = inside[-1]
        if holder.closed_by == "}":
            return self._pair(holder.path, inside)
        path = (*holder.path, holder.next_item)[:MAX_DEPTH]
        holder.next_item += 1
        self.found.setdefault(path, self.line)
        return self._value(path, inside)

    def _value(self, path: Location, inside: list[_Inside]) -> bool:
        self._pass(_BETWEEN)
        match self._next():
            case "[":
                inside.append(_Inside(path, "]"))
            case "{":
                inside.append(_Inside(path, "}"))
            case _:
                return self._pass(_SCALAR) is not None
        self.position += 1
        return True


def _plain(key: str) -> str:
    """What a key is called, without quotes and escapes."""
    if key.startswith("'"):
        return key[1:-1]
    if not key.startswith('"'):
        return key
    if "\\" not in key:
        return key[1:-1]
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except tomllib.TOMLDecodeError:
        return key[1:-1]
