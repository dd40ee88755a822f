"""From TlsTrials to Trials: which weakness the reactions of a server show."""

from collections import defaultdict
from collections.abc import Callable

from msgspec.structs import replace

from scanner.derive.tls_facts import Trial, Trials, TrialState
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_trials import Act, Reaction, TlsTrials, Tried, Weakness

BAD_RECORD_MAC = 20
DECRYPTION_FAILED = 21
HEARTBEAT_CLAIMED = 32
"""Octets that the false heartbeat claims; its answer is three octets longer, and padding."""
ROUNDS = 4
"""Answers that differ count when they do so in a first round and in three repetitions, each in the same way."""

STRONG = "strong"
WEAK = "weak"
ACCEPTED = "accepted"
ORACLE = "oracle"

Answers = dict[str, Reaction]
Judged = tuple[TrialState | Unobserved, str]

_SOUND: Judged = (TrialState.NOT_SHOWN, "")
_SHOWN: Judged = (TrialState.SHOWN, "")


def trials_of(seen: TlsTrials) -> Trials | Unobserved:
    """What they showed; a service that no trial reached is unobserved."""
    if seen.failure is not None and not isinstance(seen.offers, bool):
        return seen.failure
    made = [_trial(weakness, seen) for weakness in Weakness]
    return Trials(
        made=tuple(trial for trial in made if trial is not None),
        starttls=seen.starttls,
        offers=seen.offers,
        connections=seen.connections,
        sent_bytes=seen.sent_bytes,
        received_bytes=seen.received_bytes,
    )


def _trial(weakness: Weakness, seen: TlsTrials) -> Trial | None:
    if weakness in seen.impossible:
        return Trial(weakness, TrialState.NOT_POSSIBLE)
    tried = [it for it in seen.tried if it.weakness is weakness]
    if not tried:
        skipped = seen.failure is None or weakness is Weakness.INJECTION
        return None if skipped or seen.failure is None else Trial(weakness, seen.failure)
    state, detail = _JUDGES[weakness](tried)
    return Trial(weakness, state, detail, max(it.round for it in tried))


def _unobserved(tried: list[Tried]) -> Unobserved | None:
    return next((it.reaction for it in tried if isinstance(it.reaction, Unobserved)), None)


def _inconclusive(words: str) -> Judged:
    return Unobserved(Reason.INCONCLUSIVE, words), ""


def _heartbleed(tried: list[Tried]) -> Judged:
    """Shown by an answer as long as the heartbeat claimed to be; to ignore a false one is what the standard asks for."""
    reaction = tried[-1].reaction
    if isinstance(reaction, Unobserved):
        return reaction, ""
    if reaction.act is Act.ANSWER:
        return _SHOWN if reaction.number >= 3 + HEARTBEAT_CLAIMED else _SOUND
    garbage = _inconclusive("the answer to a heartbeat is no record of TLS")
    return garbage if reaction.act is Act.GARBAGE else _SOUND


def _ccs(tried: list[Tried]) -> Judged:
    """Shown when, in every round, the records after the early message were read with keys that cannot be there yet."""
    states = [_ccs_round(it) for it in tried]
    if all(it is _SHOWN for it in states):
        return _SHOWN if len(states) > 1 else _inconclusive("taken once, and not tried again")
    return next(it for it in states if it is not _SHOWN)


def _ccs_round(tried: Tried) -> Judged:
    reaction = tried.reaction
    if isinstance(reaction, Unobserved):
        return reaction, ""
    if tried.shape == "early":
        garbage = _inconclusive("the answer to an early ChangeCipherSpec is no record of TLS")
        return garbage if reaction.act is Act.GARBAGE else _SOUND
    ends = (Act.ALERT, Act.CLOSED, Act.RESET)
    if tried.shape == "junk" and reaction.act in ends:
        return _SHOWN
    if tried.shape == "sealed" and reaction.act is Act.ALERT:
        return _SHOWN if reaction.number in (BAD_RECORD_MAC, DECRYPTION_FAILED) else _SOUND
    return _inconclusive("the server ignored an early ChangeCipherSpec, and what followed showed nothing")


def _ticketbleed(tried: list[Tried]) -> Judged:
    reaction = tried[-1].reaction
    if isinstance(reaction, Unobserved):
        return reaction, ""
    return _SHOWN if reaction.act is Act.ANSWER else _SOUND


def _injection(tried: list[Tried]) -> Judged:
    return _ticketbleed(tried)


def _robot(tried: list[Tried]) -> Judged:
    """Shown by answers that differ between forms in the same way in all repetitions; a difference of one round is none."""
    return _by_difference(tried, _robot_strength)


def _robot_strength(answers: Answers) -> str:
    """Weak when the oracle tells right padding only with the zero in its place: then too few queries are answered yes."""
    wrong = {answers[it] for it in ("wrong_head", "wrong_place_of_zero", "no_zero") if it in answers}
    return WEAK if len(wrong) == 1 else STRONG


def from_outside(reaction: Reaction) -> Reaction:
    """What whoever watches the line can tell of it: that an encrypted alert came, not which."""
    return Reaction(Act.ALERT) if reaction.act is Act.ALERT else reaction


def _padding(tried: list[Tried]) -> Judged:
    """Shown when a record with wrong padding is taken, or when the ways of being wrong are answered differently."""
    if (why := _unobserved(tried)) is not None:
        return why, ""
    last = max(it.round for it in tried)
    reactions = [it.reaction for it in tried if it.round == last and isinstance(it.reaction, Reaction)]
    if len(set(reactions)) == 1 and reactions[0].act not in (Act.ALERT, Act.CLOSED, Act.RESET):
        return _inconclusive("the server refused no wrong record, not even one with a wrong MAC")
    seen = [
        replace(it, reaction=from_outside(it.reaction)) if isinstance(it.reaction, Reaction) else it for it in tried
    ]
    return _by_difference(seen, _padding_detail)


def _padding_detail(answers: Answers) -> str:
    wrong = answers.get("padding")
    return ACCEPTED if wrong is not None and wrong.act is Act.RECORD else ORACLE


def _by_difference(tried: list[Tried], detail: Callable[[Answers], str]) -> Judged:
    """For each flow: alike in the last round is sound; different, and each shape the same in all repetitions, is shown."""
    doubt: Judged | None = None
    by_flow: defaultdict[str, list[Tried]] = defaultdict(list)
    for it in tried:
        by_flow[it.flow].append(it)
    for attempts in by_flow.values():
        judged = _flow(attempts, detail)
        if judged[0] is TrialState.SHOWN:
            return judged
        if judged is not _SOUND:
            doubt = doubt or judged
    return doubt or _SOUND


def _flow(tried: list[Tried], detail: Callable[[Answers], str]) -> Judged:
    if (why := _unobserved(tried)) is not None:
        return why, ""
    by_round: defaultdict[int, Answers] = defaultdict(dict)
    for it in tried:
        if isinstance(it.reaction, Reaction):
            by_round[it.round][it.shape] = it.reaction
    rounds = [by_round[number] for number in sorted(by_round)]
    if len(set(rounds[-1].values())) == 1:
        return _SOUND
    if len(rounds) < ROUNDS:
        return _inconclusive("a difference that was not tried again")
    first, *repeated = rounds
    # The first round is hasty: what it took for silence may have been slowness. Several machines behind one address that
    # answer differently look like an oracle for a while; so nothing else may change.
    steady = all(it == repeated[0] for it in repeated)
    if not steady or any(it != repeated[0][shape] and it.act is not Act.SILENCE for shape, it in first.items()):
        return _inconclusive("the server's answers change from one repetition to the next")
    return TrialState.SHOWN, detail(repeated[0])


_JUDGES: dict[Weakness, Callable[[list[Tried]], Judged]] = {
    Weakness.HEARTBLEED: _heartbleed,
    Weakness.CCS: _ccs,
    Weakness.ROBOT: _robot,
    Weakness.TICKETBLEED: _ticketbleed,
    Weakness.PADDING: _padding,
    Weakness.INJECTION: _injection,
}
