"""`make screenshots`: the demo in the READMEs, made from what the programs really show.

A terminal of its own runs `pindai demo`, Chromium draws what was written there and the first page of the report: that gives
docs/terminal.png and docs/report.png. What the demo prints into a pipe goes into README.md and README.id.md, each in its
language. Needs Chromium (`chromium` or `google-chrome`).
"""

import html
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
COLUMNS, FONT_PX, LINE_PX, PADDING_PX = 84, 12, 16, 14
REPORT_WIDTH_PX, REPORT_HEIGHT_PX = 1000, 1180
MAX_BYTES = 200_000
DEMO = [sys.executable, "-m", "scanner", "demo"]
MARK = "<!-- demo: `make screenshots` -->"
COLOURS = {"1;31": "bold red", "31": "red", "33": "yellow", "36": "cyan", "35": "magenta"}
STYLE = f"""
body {{ margin: 0; background: #10151c; }}
pre {{ margin: 0; padding: {PADDING_PX}px; color: #d7dde5; font: {FONT_PX}px/{LINE_PX}px "DejaVu Sans Mono", monospace; }}
.bold {{ font-weight: bold; }} .red {{ color: #ff7b72; }} .yellow {{ color: #e3b341; }} .cyan {{ color: #76d4e0; }}
.magenta {{ color: #d2a8ff; }}
"""


def typed_in_a_terminal(command: list[str], folder: Path) -> str:
    """What a terminal receives when a command runs in it, colours and all."""
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": str(COLUMNS), "LINES": "60"}
    environment.pop("NO_COLOR", None)
    environment.pop("LC_ALL", None)
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ):
        os.close(theirs)
        received = b""
        try:
            while more := os.read(ours, 65536):
                received += more
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return received.decode().replace("\r\n", "\n")


def coloured(text: str) -> Iterator[str]:
    """The text as HTML: SGR colours become spans, other sequences are left out."""
    for place, piece in enumerate(re.split(r"\x1b\[([0-9;]*)m", text)):
        if place % 2 == 0:
            yield html.escape(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece), quote=False)
        else:
            yield f'<span class="{COLOURS[piece]}">' if piece in COLOURS else "</span>"


def draw(page: str, picture: Path, width: int, height: int) -> None:
    """Let Chromium draw the upper part of a page, light."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is needed to draw the pictures: sudo apt install chromium")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(  # noqa: S603 - a browser that is installed here
            [
                *(
                    browser,
                    "--headless",
                    "--disable-gpu",
                    "--disable-lcd-text",
                    "--hide-scrollbars",
                    f"--user-data-dir={profile}",
                ),
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                *(f"--window-size={width},{height}", f"--screenshot={picture}", page),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
    if picture.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{picture}: {picture.stat().st_size} bytes, more than {MAX_BYTES}")


def printed(language: str, folder: Path) -> str:
    """What the demo prints where standard output is no terminal."""
    environment = {**os.environ, "LANG": "C.UTF-8"}
    environment.pop("LC_ALL", None)
    done = subprocess.run(  # noqa: S603 - our own command
        [*DEMO, "--lang", language], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip()


def put_text(document: Path, text: str) -> None:
    """The text in the block that follows the document's mark."""
    before, mark, rest = document.read_text("utf-8").partition(f"{MARK}\n```\n")
    if not mark:
        raise SystemExit(f"{document}: no line {MARK} before a block")
    document.write_text(f"{before}{mark}{text}\n```\n{rest.partition('```' + chr(10))[2]}", "utf-8")


def main() -> None:
    """Run the demo once, and draw what it showed and what it wrote."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for language, document in (("en", "README.md"), ("id", "README.id.md")):
            put_text(HERE.parent / document, printed(language, folder))
        shown = typed_in_a_terminal(DEMO, folder)
        text = f"$ pindai demo\n{shown.rstrip()}\n"
        page = folder / "terminal.html"
        page.write_text(
            f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><pre>{''.join(coloured(text))}</pre>"
        )
        height = text.count("\n") * LINE_PX + 2 * PADDING_PX
        width = int(COLUMNS * FONT_PX * 0.602) + 2 * PADDING_PX
        draw(page.as_uri(), HERE / "terminal.png", width, height)
        draw((folder / "pindai-demo/report.html").as_uri(), HERE / "report.png", REPORT_WIDTH_PX, REPORT_HEIGHT_PX)
    sys.stdout.write(f"{HERE / 'terminal.png'}\n{HERE / 'report.png'}\n")


if __name__ == "__main__":
    main()
