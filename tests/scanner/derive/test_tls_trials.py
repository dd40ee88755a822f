"""From reactions to what they show: tables, both sides of every rule."""

from datetime import UTC, datetime

import pytest

from scanner.derive.tls_facts import Trial, Trials, TrialState
from scanner.derive.tls_trials import trials_of
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_trials import Act, Reaction, TlsTrials, Tried, Weakness
from scanner.redaction import Blackout

SHOWN, SOUND, IMPOSSIBLE = "shown", "not_shown", "not_possible"
INCONCLUSIVE, LATE = "inconclusive", Unobserved(Reason.TIMEOUT, "late")
SILENT, CLOSED, RESET = Reaction(Act.SILENCE), Reaction(Act.CLOSED), Reaction(Act.RESET)
GARBAGE, CONTENT = Reaction(Act.GARBAGE), Reaction(Act.RECORD, 23)
FORMS = ("right", "wrong_head", "wrong_place_of_zero", "no_zero", "wrong_version")
WRONG = ("padding", "mac", "no_mac", "length")


def alert(number: int) -> Reaction:
    return Reaction(Act.ALERT, number)


def seen(*tried: Tried, **fields: object) -> TlsTrials:
    where = Endpoint("www.example.test", 443, "192.0.2.1", Source.RESOLVER)
    given = {"started": datetime(2026, 11, 1, tzinfo=UTC), "took_ms": 1.0, "endpoint": where, "sni": where.host}
    return TlsTrials(**{**given, "tried": tried, **fields})  # type: ignore[arg-type]


def state(weakness: Weakness, *tried: Tried) -> str:
    """What the trial came to, with its detail; of what is unknown the reason."""
    found = trials_of(seen(*tried))
    assert isinstance(found, Trials)
    trial = found.of(weakness)
    assert trial is not None
    if isinstance(trial.state, Unobserved):
        return trial.state.reason
    return f"{trial.state}:{trial.detail}".rstrip(":")


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        (Reaction(Act.ANSWER, 35), SHOWN),
        (Reaction(Act.ANSWER, 51), SHOWN),
        (Reaction(Act.ANSWER, 34), SOUND),
        (Reaction(Act.ANSWER, 21), SOUND),
        (alert(10), SOUND),
        (CLOSED, SOUND),
        (RESET, SOUND),
        (SILENT, SOUND),
        (GARBAGE, INCONCLUSIVE),
        (LATE, Reason.TIMEOUT),
    ],
)
def test_heartbleed(reaction: Reaction | Unobserved, expected: str) -> None:
    assert state(Weakness.HEARTBLEED, Tried(Weakness.HEARTBLEED, reaction, "session")) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("early", alert(10))], SOUND),
        ([("early", alert(20))], SOUND),
        ([("early", CLOSED)], SOUND),
        ([("early", RESET)], SOUND),
        ([("early", GARBAGE)], INCONCLUSIVE),
        ([("early", LATE)], Reason.TIMEOUT),
        ([("sealed", alert(20)), ("sealed", alert(21))], SHOWN),
        ([("sealed", alert(10)), ("sealed", alert(10))], SOUND),
        ([("sealed", CLOSED), ("sealed", CLOSED)], INCONCLUSIVE),
        ([("junk", alert(20)), ("junk", CLOSED)], SHOWN),
        ([("junk", SILENT), ("junk", SILENT)], INCONCLUSIVE),
        ([("junk", alert(20)), ("early", alert(10))], SOUND),
        ([("junk", alert(20)), ("early", LATE)], Reason.TIMEOUT),
        ([("junk", alert(20))], INCONCLUSIVE),
    ],
)
def test_early_change_cipher_spec(steps: list[tuple[str, Reaction | Unobserved]], expected: str) -> None:
    tried = [Tried(Weakness.CCS, it, shape, round=at) for at, (shape, it) in enumerate(steps, 1)]
    assert state(Weakness.CCS, *tried) == expected


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [(Reaction(Act.ANSWER), SHOWN), (Reaction(Act.REFUSAL, 1), SOUND), (LATE, Reason.TIMEOUT)],
)
@pytest.mark.parametrize("weakness", [Weakness.TICKETBLEED, Weakness.INJECTION])
def test_answered_or_not(weakness: Weakness, reaction: Reaction | Unobserved, expected: str) -> None:
    assert state(weakness, Tried(weakness, reaction)) == expected


def rounds(
    weakness: Weakness, shapes: tuple[str, ...], *answers: tuple[Reaction | Unobserved, ...], flow: str = ""
) -> list[Tried]:
    """A round for each tuple of answers, one for each shape."""
    return [
        Tried(weakness, reaction, shape, flow, number)
        for number, given in enumerate(answers, 1)
        for shape, reaction in zip(shapes, given, strict=True)
    ]


ALIKE = (alert(20),) * 5
HEAD = (alert(20), alert(47), alert(20), alert(20), alert(20))
RIGHT = (alert(40), *(alert(20),) * 4)
PLACE = (alert(40), alert(20), alert(20), alert(40), alert(20))
SILENCE_FIRST = (SILENT, *HEAD[1:])
SLOW = (SILENT, *(alert(20),) * 4)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([ALIKE], SOUND),
        ([(SILENT,) * 5], SOUND),
        ([HEAD] * 4, "shown:strong"),
        ([PLACE] * 4, "shown:strong"),
        ([RIGHT] * 4, "shown:weak"),
        ([SLOW] * 4, "shown:weak"),  # silence that stays when it is waited for longer is an answer
        ([SLOW, ALIKE], SOUND),  # a difference of time that patience heals is none
        ([HEAD, ALIKE], SOUND),
        ([HEAD, HEAD, ALIKE], SOUND),
        ([SILENCE_FIRST, HEAD, HEAD, HEAD], "shown:strong"),  # the silence of the hasty first round does not count
        ([RIGHT, HEAD, HEAD, HEAD], INCONCLUSIVE),
        ([HEAD, RIGHT, HEAD, HEAD], INCONCLUSIVE),
        ([HEAD, HEAD, HEAD, SLOW], INCONCLUSIVE),
        ([HEAD, HEAD, HEAD], INCONCLUSIVE),
        ([HEAD, HEAD], INCONCLUSIVE),
        ([HEAD], INCONCLUSIVE),
        ([(LATE, *(alert(20),) * 4)], Reason.TIMEOUT),
        ([HEAD, HEAD, HEAD, (LATE, *HEAD[1:])], Reason.TIMEOUT),
    ],
)
def test_robot(answers: list[tuple[Reaction | Unobserved, ...]], expected: str) -> None:
    tried = rounds(Weakness.ROBOT, FORMS, *answers, flow="whole")
    assert state(Weakness.ROBOT, *tried) == expected
    # Either flow shows it, whatever the other shows.
    other = rounds(Weakness.ROBOT, FORMS, (SILENT,) * 5, flow="cut")
    assert state(Weakness.ROBOT, *tried, *other) == expected
    assert state(Weakness.ROBOT, *other, *tried) == expected


def test_one_flow_shows_what_the_other_leaves_open() -> None:
    open_flow = rounds(Weakness.ROBOT, FORMS, HEAD, RIGHT, HEAD, HEAD, flow="whole")
    shown = rounds(Weakness.ROBOT, FORMS, HEAD, HEAD, HEAD, HEAD, flow="cut")
    assert state(Weakness.ROBOT, *open_flow, *shown) == "shown:strong"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(alert(20),) * 4], SOUND),
        ([(alert(20), alert(20), alert(21), alert(50))], SOUND),  # they are encrypted: nobody sees which
        ([(CLOSED,) * 4], SOUND),
        ([(RESET,) * 4], SOUND),
        ([(SILENT,) * 4], INCONCLUSIVE),
        ([(CONTENT,) * 4], INCONCLUSIVE),  # it takes even a wrong MAC: or it speaks whatever it is sent
        ([(CONTENT, *(alert(20),) * 3)] * 4, "shown:accepted"),
        ([(CLOSED, *(alert(20),) * 3)] * 4, "shown:oracle"),
        ([(alert(20), CONTENT, alert(20), alert(20))] * 4, "shown:oracle"),
        ([(CLOSED, *(alert(20),) * 3), (alert(20),) * 4], SOUND),
        ([(CLOSED, *(alert(20),) * 3)], INCONCLUSIVE),
        ([(alert(20), LATE, alert(20), alert(20))], Reason.TIMEOUT),
    ],
)
def test_padding(answers: list[tuple[Reaction | Unobserved, ...]], expected: str) -> None:
    assert state(Weakness.PADDING, *rounds(Weakness.PADDING, WRONG, *answers)) == expected


def test_what_is_impossible_and_what_was_not_made() -> None:
    found = trials_of(seen(impossible=(Weakness.ROBOT,)))
    assert isinstance(found, Trials)
    assert found.made == (Trial("robot", TrialState.NOT_POSSIBLE),)
    assert found.of("ccs") is None


def test_a_service_that_no_trial_reached() -> None:
    """Its reason is everything that is known, but for whether it offers TLS at all."""
    assert trials_of(seen(failure=LATE)) == LATE
    found = trials_of(seen(failure=LATE, starttls="smtp", offers=False))
    assert isinstance(found, Trials)
    assert found.offers is False
    assert {it.state for it in found.made} == {LATE}
    assert found.of("starttls") is None


def test_secrets_in_the_words_of_a_service() -> None:
    """A banner can repeat what somebody typed."""
    words = Unobserved(Reason.PROTOCOL_ERROR, "turned away: hunter2secret")
    known = Blackout(("hunter2secret",))
    one = seen(Tried(Weakness.CCS, words), offers=words, failure=words).redacted(known)
    assert one.offers != words
    assert "hunter2" not in repr(one)
    assert seen().redacted() == seen()


def test_shapes_that_no_trial_has_are_judged_without_a_stumble() -> None:
    """A forged journal may name any shape; that the answers differ is still all that it says."""
    tried = [
        Tried(
            Weakness.PADDING, Reaction(Act.ALERT, 20) if shape == "one" else Reaction(Act.RECORD, 23), shape, "", number
        )
        for number in range(1, 5)
        for shape in ("one", "other")
    ]
    assert state(Weakness.PADDING, *tried) == "shown:oracle"
