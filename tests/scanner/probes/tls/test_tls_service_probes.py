"""What the probes of a TLS service share: place, name, and way of starting TLS."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions as SessionsSeen
from scanner.observations.tls_trials import TlsTrials as TrialsSeen
from scanner.probes.tls.sessions import TlsSessions
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trials import TlsTrials

KINDS: list[tuple[Any, Any]] = [(TlsSweep, TlsHellos), (TlsSessions, SessionsSeen), (TlsTrials, TrialsSeen)]


def at(host: str, port: int = 443) -> Endpoint:
    return Endpoint(host, port, "127.0.0.1", Source.OPTION, 8443)


@pytest.mark.parametrize(("probe", "_seen"), KINDS)
@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.example.test", "www.example.test"),
        ("192.0.2.7", None),  # also where another address is dialled in its place
        ("2001:db8::7", None),
        ("1.example", "1.example"),
    ],
)
def test_no_hello_names_an_address(probe: Any, _seen: Any, host: str, name: str | None) -> None:
    assert probe.of(at(host)).sni == name


@pytest.mark.parametrize(("probe", "seen"), KINDS)
def test_an_observation_answers_the_question_it_was_asked(probe: Any, seen: Any) -> None:
    question = probe.of(at("a.test"), "smtp")
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    answer = seen(started=moment, took_ms=1.0, endpoint=at("a.test"), sni="a.test", starttls="smtp")
    assert question.is_answered_by(answer)
    for other in ({"endpoint": at("a.test", 25)}, {"sni": None}, {"starttls": ""}):
        assert not question.is_answered_by(msgspec.structs.replace(answer, **other))


@pytest.mark.parametrize(("probe", "_seen"), KINDS)
def test_equal_questions_are_one(probe: Any, _seen: Any) -> None:
    assert len({probe.of(at("a.test")), probe.of(at("a.test")), probe.of(at("b.test"))}) == 2


def test_depth_is_part_of_the_question() -> None:
    assert TlsSweep.of(at("a.test"), depth="enumeration") != TlsSweep.of(at("a.test"))
    assert TlsTrials.of(at("a.test"), "smtp").sweep == TlsSweep.of(at("a.test"), "smtp")
