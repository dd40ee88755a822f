"""One line of progress on standard error, rewritten in place; nothing at all where nobody looks."""

import os
import time
from collections.abc import Callable
from typing import TextIO

from scanner.locale.printable import printable, shortened

REDRAW_S = 0.1
PLAIN_WIDTH = 80
ECHO = 2
"""Columns of the `^C` that a terminal writes after the line when the scan is stopped from the keyboard."""
_TEXT = {"id": "{done}/{total} diamati, {running} sedang berjalan", "en": "{done}/{total} observed, {running} running"}


class Progress:
    """How far a scan is: `12/900 diamati, 3 sedang berjalan: arsip`, the target named that has run the longest.

    Draws at most ten times a second, only when `enabled` and `stream` is a terminal, and never raises: a scan must not
    end because the terminal that watched it went away.
    """

    def __init__(
        self,
        stream: TextIO,
        total: int,
        language: str,
        enabled: bool = True,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._total = total
        self._text = _TEXT[language]
        self._clock = clock
        self._enabled = enabled and _is_terminal(stream)
        self._running: dict[str, None] = {}
        self._done = 0
        self._drawn_at: float | None = None
        self._drawn_columns = 0

    def started(self, target_id: str) -> None:
        """A target is being observed."""
        self._running[target_id] = None
        self._draw()

    def done(self, target_id: str) -> None:
        """A target is finished, also one that was never announced."""
        self._running.pop(target_id, None)
        self._done += 1
        self._draw()

    def close(self) -> None:
        """Clear the line, and a `^C` after it; what is reported afterwards is ignored."""
        self._write("\r" + " " * (self._drawn_columns + ECHO) + "\r" if self._drawn_columns else "")
        self._enabled = False

    def _draw(self) -> None:
        now = self._clock()
        if not self._enabled or (self._drawn_at is not None and now - self._drawn_at < REDRAW_S):
            return
        self._drawn_at = now
        text = self._text.format(done=self._done, total=self._total, running=len(self._running))
        if (oldest := next(iter(self._running), None)) is not None:
            text += f": {printable(oldest, ascii_only=True)}"
        # A full last column makes some terminals begin a new line, which could not be cleared.
        text = shortened(text, self._columns() - 1 - ECHO)
        # Blanks rather than an escape sequence clear what was longer, on terminals of any kind.
        self._write("\r" + text.ljust(self._drawn_columns))
        # The cursor, and so the `^C`, stands behind the longest line so far.
        self._drawn_columns = max(self._drawn_columns, len(text))

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or PLAIN_WIDTH
        except (OSError, ValueError):
            return PLAIN_WIDTH

    def _write(self, text: str) -> None:
        if not self._enabled or not text:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._enabled = False


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (OSError, ValueError):
        return False
