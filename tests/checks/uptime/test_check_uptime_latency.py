"""Answer time: every outcome, both sides of the limit, and which answers are measured."""

import msgspec
import pytest
from observed import URL, Seen, answer, exchange, failed, handshake, judged, said, shipped, target

from scanner.findings import Finding
from scanner.observations.http import Body, Connected, Exchange
from scanner.observations.steps import Reason, Replay, Unobserved

CHECK = shipped()["uptime.latency"]


def took(connect: float, tls: float, first_byte: float, transfer: float, *, status: int = 200) -> Exchange:
    plain = answer(status=status)
    assert isinstance(plain.body, Body)
    body = msgspec.structs.replace(plain.body, ms=transfer)
    return exchange(
        connect=Connected(connect),
        tls=handshake(ms=tls),
        answer=msgspec.structs.replace(plain, first_byte_ms=first_byte, body=body),
    )


def judge(seen: Seen, limit: int = 1000, paths: tuple[str, ...] = ()) -> Finding:
    (finding,) = judged(CHECK, seen, params={"latency_limit_ms": limit}, of=target(paths=paths))
    return finding


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(1000, "in_time"), (100, "in_time"), (99, "slow"), (1, "slow"), (0, "no_limit"), (-5, "no_limit")],
)
def test_the_limit(limit: int, expected: str) -> None:
    assert judge(Seen(home=took(10, 20, 30, 40)), limit).outcome == expected


def test_without_a_limit_of_the_owners_nothing_is_judged_and_the_figure_shown() -> None:
    (finding,) = judged(CHECK, Seen(home=took(10, 20, 30, 40)))
    assert finding.outcome == "no_limit"
    assert "100 ms" in finding.message.en
    assert "connect 10, TLS 20, first byte 30, transfer 40" in finding.message.id


def test_the_median_counts_over_the_pages() -> None:
    further = {f"{URL}a": took(1, 1, 1, 1), f"{URL}b": took(9000, 0, 0, 0)}
    finding = judge(Seen(home=took(100, 0, 0, 0), further=further), limit=100, paths=("/a", "/b"))
    assert finding.outcome == "in_time"
    assert "median of 3" in finding.message.en


def test_an_answer_of_a_firewall_is_not_the_services() -> None:
    further = {f"{URL}a": took(9000, 0, 0, 0, status=403)}
    assert judge(Seen(home=took(10, 0, 0, 0), further=further), paths=("/a",)).outcome == "in_time"


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        (took(1, 1, 1, 1, status=403), "unknown: blocked"),
        (failed("connect", Reason.TIMEOUT), "unknown: timeout"),
        (exchange(answer=msgspec.structs.replace(answer(), body=Unobserved(Reason.RESET))), "unknown: reset"),
    ],
)
def test_nothing_measured(home: Exchange, expected: str) -> None:
    assert said([judge(Seen(home=home))]) == {"service": expected}


LATE = failed("connect", Reason.TIMEOUT)
CUT_OFF = exchange(answer=msgspec.structs.replace(answer(), body=Unobserved(Reason.TIMEOUT)))


@pytest.mark.parametrize(
    ("others", "limit", "expected"),
    [
        ((LATE,), 1000, "unknown: timeout"),
        ((CUT_OFF,), 1000, "unknown: timeout"),
        ((LATE,), 99, "slow"),
        ((LATE,), 0, "no_limit"),
        ((LATE, took(10, 20, 30, 40)), 1000, "in_time"),
        ((failed("answer", Reason.RESET),), 1000, "in_time"),
    ],
)
def test_answers_that_did_not_come_in_time_do_not_make_the_others_a_pass(
    others: tuple[Exchange, ...], limit: int, expected: str
) -> None:
    further = {f"{URL}{name}": it for name, it in zip("ab", others, strict=False)}
    paths = tuple(f"/{name}" for name in "ab"[: len(others)])
    finding = judge(Seen(home=took(10, 20, 30, 40), further=further), limit, paths)
    assert said([finding]) == {"service": expected}


def test_times_are_our_word() -> None:
    assert judge(Seen(home=took(1, 1, 1, 1))).replay is Replay.ATTESTED
