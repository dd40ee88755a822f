"""What a terminal can show."""

import msgspec

from scanner.findings import Severity
from scanner.locale.printable import printable

_PAINT = {
    Severity.CRITICAL: "\x1b[1;31m",
    Severity.HIGH: "\x1b[31m",
    Severity.MEDIUM: "\x1b[33m",
    Severity.LOW: "\x1b[36m",
    Severity.INFO: "\x1b[36m",
    None: "\x1b[35m",
}
_UNPAINT = "\x1b[0m"


class Look(msgspec.Struct, frozen=True):
    """How wide a terminal is, which characters it has, and whether it has colours."""

    width: int
    ascii_only: bool
    colour: bool

    def text(self, text: str) -> str:
        """Foreign text, fit for one line."""
        return printable(text, ascii_only=self.ascii_only)

    def paint(self, text: str, severity: Severity | None) -> str:
        """Coloured by severity, None for what is not known; the words say the same without. Good news has no colour."""
        return f"{_PAINT[severity]}{text}{_UNPAINT}" if self.colour and text else text
