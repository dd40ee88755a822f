"""The findings as a table for a spreadsheet (RFC 4180)."""

import csv
import io
from collections.abc import Iterator

from scanner.api import Run, printable, report

COLUMNS = {
    "en": ("target", "check", "state", "severity", "what"),
    "id": ("target", "pemeriksaan", "keadaan", "tingkat", "apa"),
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(text: str) -> str:
    """Text that no terminal obeys and no spreadsheet takes for a formula."""
    plain = printable(text, ascii_only=False)
    return f"'{plain}" if plain.startswith(FORMULA) else plain


def _row(*cells: str) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([_cell(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "backslashreplace")


@report(
    media_type="text/csv",
    en="every finding in a row, for a spreadsheet",
    id="setiap temuan dalam satu baris, untuk lembar kerja",
)
def CSV(run: Run, language: str) -> Iterator[bytes]:  # noqa: N802 - a constant once it is declared
    """One row a finding, those of a target together."""
    yield _row(*COLUMNS[language])
    for finding in run.findings():
        message = finding.message.id if language == "id" else finding.message.en
        yield _row(finding.target, finding.check, finding.state, finding.severity or "", message)
