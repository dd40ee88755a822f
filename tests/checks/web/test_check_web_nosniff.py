"""nosniff: every outcome, and both sides of the rule."""

import pytest
from observed import URL, Seen, exchange, failed, judged, moved, shipped

from scanner.observations.steps import Reason

CHECK = shipped()["web.nosniff.effective"]
NOSNIFF = "X-Content-Type-Options: nosniff"


def seen(*lines: str, status: int = 200) -> Seen:
    return Seen(home=exchange(*lines, status=status), hops=(moved(URL),))


@pytest.mark.parametrize(
    ("kind", "lines", "status", "expected"),
    [
        ("text/html", [NOSNIFF], 200, "effective"),
        ("text/html", [], 200, "missing"),
        ("text/javascript", [], 200, "missing"),
        ("text/css; charset=utf-8", [], 200, "missing"),
        ("text/html", ["X-Content-Type-Options: none, nosniff"], 200, "ineffective"),
        ("text/html", ["X-Content-Type-Options: sniff", NOSNIFF], 200, "ineffective"),
        ("application/json", [], 200, "other_type"),
        ("image/png", [], 200, "other_type"),
        ("", [], 200, "unknown: inconclusive"),
        ("text/html", [], 404, "unknown: inconclusive"),
        ("text/html", [], 403, "unknown: blocked"),
        ("text/html", [NOSNIFF], 403, "unknown: blocked"),
    ],
)
def test_the_declared_type(kind: str, lines: list[str], status: int, expected: str) -> None:
    typed = [f"Content-Type: {kind}"] if kind else []
    (finding,) = judged(CHECK, seen(*typed, *lines, status=status))
    assert (finding.outcome if finding.reason is None else f"{finding.state}: {finding.reason}") == expected


def test_an_answer_that_was_not_seen_is_unknown() -> None:
    (finding,) = judged(CHECK, Seen(home=failed("connect", Reason.REFUSED), hops=(moved(URL),)))
    assert finding.reason is Reason.REFUSED


def test_a_finding_shows_what_stood_there() -> None:
    (finding,) = judged(CHECK, seen("Content-Type: text/html", "X-Content-Type-Options: no"))
    assert (finding.expected, finding.found) == ("nosniff", "no")
