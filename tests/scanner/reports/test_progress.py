import io

import pytest

from scanner.reports.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def screen(written: str) -> str:
    """What stands on the line after all of it was written."""
    cells: list[str] = []
    column = 0
    for char in written:
        if char == "\r":
            column = 0
            continue
        cells[column : column + 1] = [char]
        column += 1
    return "".join(cells).rstrip()


@pytest.mark.parametrize(
    ("language", "expected"), [("id", "1/900 diamati, 2 sedang berjalan: b"), ("en", "1/900 observed, 2 running: b")]
)
def test_one_line_is_rewritten(language: str, expected: str) -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, 900, language, clock=clock)
    for name in ("a-long-name", "b", "c"):
        clock.now += 1
        progress.started(name)
    clock.now += 1
    progress.done("a-long-name")
    assert screen(stream.getvalue()) == expected
    assert "\n" not in stream.getvalue()


def test_a_target_that_was_never_announced_counts_too() -> None:
    stream = Terminal()
    Progress(stream, 3, "en").done("a")
    assert screen(stream.getvalue()) == "1/3 observed, 0 running"


def test_at_most_ten_times_a_second() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, 900, "en", clock=clock)
    for index in range(1000):
        clock.now += 0.001
        progress.started(str(index))
    assert 10 <= stream.getvalue().count("\r") <= 11


def test_close_clears_the_line_and_ends_it() -> None:
    stream = Terminal()
    progress = Progress(stream, 3, "en")
    progress.started("a")
    progress.close()
    cleared = stream.getvalue()
    assert not screen(cleared)
    assert cleared.endswith("\r")
    progress.started("b")
    progress.close()
    assert stream.getvalue() == cleared


def test_close_clears_the_echo_of_ctrl_c_too() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(stream, 3, "en", clock=clock)
    progress.started("a-long-name")
    stream.write("^C")
    clock.now += 1
    progress.done("a-long-name")
    progress.close()
    assert not screen(stream.getvalue())


def test_close_without_a_line_writes_nothing() -> None:
    stream = Terminal()
    Progress(stream, 3, "en").close()
    assert not stream.getvalue()


@pytest.mark.parametrize(("stream", "enabled"), [(io.StringIO(), True), (Terminal(), False)])
def test_nothing_is_written_where_nobody_looks(stream: io.StringIO, enabled: bool) -> None:
    progress = Progress(stream, 3, "en", enabled)
    progress.started("a")
    progress.close()
    assert not stream.getvalue()


def test_a_terminal_that_went_away_ends_no_scan() -> None:
    progress = Progress(Gone(), 3, "en")
    progress.started("a")
    progress.done("a")
    progress.close()


def test_a_closed_stream_is_no_terminal() -> None:
    stream = Terminal()
    stream.close()
    Progress(stream, 3, "en").started("a")


def test_names_are_escaped_and_cut_to_the_line() -> None:
    stream = Terminal()
    Progress(stream, 3, "en").started("\x1b[2J\n" + "x" * 200)
    shown = stream.getvalue().removeprefix("\r")
    assert shown.startswith("0/3 observed, 1 running: \\x1b[2J\\nxxx")
    assert len(shown) == 77
    assert shown.endswith("...")
