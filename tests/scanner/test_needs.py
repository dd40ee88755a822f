"""Needs: what a check is given, what keeps it from being called, and what it cites."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from observed import SEEN, commit, manifest, new_journal, resolved, target

from scanner.api import (
    At,
    DoesNotApply,
    Each,
    Fact,
    FixedBy,
    NotApplicable,
    Outcome,
    Passed,
    Place,
    Reason,
    Replay,
    Severity,
    Unobserved,
    Verdict,
    check,
    derived,
    everywhere,
    maybe,
    parts_of,
    unknown,
)
from scanner.findings import Finding, State
from scanner.judge import Evidence, Judge, TargetFacts
from scanner.needs import Need, Setting, Told, gather
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.http import Tries
from scanner.observations.observation import Crashed, Observation, digest, encode
from scanner.observations.trust import TrustStore
from scanner.plan import resolving
from scanner.probes.probe import Laboratory, Probe
from scanner.registry import Check
from scanner.run import Run

FINE = Passed("fine", en="Fine: {what}", id="Baik: {what}")
BAD = Outcome("bad", en="Bad: {what}", id="Buruk: {what}", severity=Severity.LOW)
NOTHING = DoesNotApply("nothing", en="Nothing to say", id="Tidak ada")
WWW = target()


class Look(Probe[Observation], frozen=True, tag="test_look"):
    """A probe with a name; it is never sent."""

    name: str

    async def observe(self, lab: Laboratory) -> Observation:
        """Not here."""
        raise AssertionError("judging never asks the network")


def fact(name: str, kind: type[Any] = TrustStore) -> Fact[Any]:
    return Fact(name, kind, lambda _: Look(name=name))


def store(name: str, *anchors: bytes) -> TrustStore:
    """An observation that carries words."""
    return TrustStore(started=SEEN, took_ms=0.0, name=name, version="", anchors=anchors)


def crashed(reason: Reason = Reason.INTERNAL) -> Crashed:
    return Crashed(started=SEEN, took_ms=0.0, failure=Unobserved(reason, "it broke"))


def says(
    *needs: Need[Any], name: str = "test.check", outcomes: Any = (FINE, BAD, NOTHING), **about: Any
) -> Callable[[Callable[..., Iterator[Verdict]]], Check]:
    def wrap(judge: Callable[..., Iterator[Verdict]]) -> Check:
        judge.__doc__ = judge.__doc__ or "A check of this test."
        declare: Any = check
        return declare(  # type: ignore[no-any-return]  # the overloads want the needs one by one
            name, *needs, version=1, fixed_by=FixedBy.PLATFORM, outcomes=outcomes, references=(), **about
        )(judge)

    return wrap


def findings(
    *checks: Check, seen: Mapping[str, Observation] | None = None, parts: tuple[Observation, ...] = ()
) -> list[Finding]:
    """What these checks say when the probes of these names saw this."""
    journal = new_journal(manifest([WWW], checks))
    filed: dict[Probe[Any], Observation] = {Look(name=name): it for name, it in (seen or {}).items()}
    commit(journal, WWW.id, {resolving(WWW): resolved(), **filed}, parts)
    try:
        return list(Judge(Run(journal), checks).judge(WWW.id))
    finally:
        journal.close()


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def stored(observation: Observation) -> str:
    return digest(encode(observation))


# --- facts --------------------------------------------------------------------------------------------------


def test_a_check_is_given_what_was_seen_and_cites_it() -> None:
    @says(fact("one"), fact("two"))
    def both(one: TrustStore, two: TrustStore) -> Iterator[Verdict]:
        yield FINE(what=one.name + two.name)

    one, two = store("1"), store("2")
    finding = only(findings(both, seen={"one": one, "two": two}))
    assert finding.message.en == "Fine: 12"
    assert set(finding.evidence) == {stored(one), stored(two)}
    assert finding.replay is Replay.DERIVED


def test_the_weakest_link_is_the_level_of_all() -> None:
    attested = resolved().__class__(started=SEEN, took_ms=0.0, host="x", outcome=Unobserved(Reason.NO_ADDRESS))

    @derived(fact("one"), replay=Replay.ATTESTED)
    def reported(one: TrustStore) -> str:
        return one.name

    @says(fact("one"), reported)
    def both(one: TrustStore, words: str) -> Iterator[Verdict]:
        yield FINE(what=words)

    assert attested.replay is Replay.DERIVED
    assert only(findings(both, seen={"one": store("1")})).replay is Replay.ATTESTED


@pytest.mark.parametrize(
    ("seen", "state", "reason"),
    [
        ({}, State.UNKNOWN, Reason.NOT_RECORDED),
        ({"one": crashed()}, State.ERROR, Reason.INTERNAL),
        ({"one": resolved()}, State.ERROR, Reason.ALTERED),  # filed under a probe that sees something else
    ],
    ids=["not recorded", "our probe crashed", "of another kind"],
)
def test_what_is_not_there_keeps_the_check_from_being_called(
    seen: dict[str, Observation], state: State, reason: Reason
) -> None:
    @says(fact("one"))
    def never(_: TrustStore) -> Iterator[Verdict]:
        raise AssertionError("called without its need")

    finding = only(findings(never, seen=seen))
    assert (finding.state, finding.reason) == (state, reason)
    assert finding.evidence == tuple(stored(it) for it in seen.values())


def test_an_unmet_need_is_unknown_with_its_evidence_and_reason() -> None:
    @derived(fact("one"))
    def hopeless(one: TrustStore) -> str | Unobserved:
        return Unobserved(Reason.TIMEOUT, f"{one.name} was silent")

    @says(hopeless)
    def never(_: str) -> Iterator[Verdict]:
        raise AssertionError("called without its need")

    seen = store("1")
    finding = only(findings(never, seen={"one": seen}))
    assert (finding.state, finding.outcome, finding.reason) == (State.UNKNOWN, "unknown", Reason.TIMEOUT)
    assert finding.evidence == (stored(seen),)
    assert "1 was silent" in finding.message.en
    assert finding.message.id.startswith("Belum dapat disimpulkan: tidak ada jawaban")


@pytest.mark.parametrize("swapped", [False, True])
def test_what_does_not_apply_comes_before_what_was_not_observed(swapped: bool) -> None:
    @derived(fact("one"))
    def silent(_: TrustStore) -> str | Unobserved:
        return Unobserved(Reason.TIMEOUT)

    @derived(fact("one"))
    def moot(_: TrustStore) -> str | NotApplicable:
        return NotApplicable("no such thing", "tidak ada")

    needs: tuple[Need[str], Need[str]] = (moot, silent) if swapped else (silent, moot)

    @says(*needs)
    def never(_: str, __: str) -> Iterator[Verdict]:
        raise AssertionError("called without its needs")

    finding = only(findings(never, seen={"one": store("1")}))
    assert (finding.state, finding.message.en, finding.message.id) == (
        State.NOT_APPLICABLE,
        "no such thing",
        "tidak ada",
    )


# --- maybe --------------------------------------------------------------------------------------------------


@derived(fact("one"))
def grumpy(one: TrustStore) -> str | Unobserved | NotApplicable:
    """Says what the observation's name tells it to."""
    answers: dict[str, Any] = {
        "silent": Unobserved(Reason.TIMEOUT, "nothing came"),
        "moot": NotApplicable("no such thing", "tidak ada"),
        "ours": Unobserved(Reason.ALTERED, "edited"),
    }
    said: str | Unobserved | NotApplicable = answers.get(one.name, one.name)
    return said


@says(maybe(grumpy))
def lenient(word: str | Unobserved) -> Iterator[Verdict]:
    """Says something either way."""
    if isinstance(word, Unobserved):
        yield BAD(what=word.reason.value) if word.detail == "nothing came" else unknown(word)
    else:
        yield FINE(what=word)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("well", (State.PASS, "Fine: well")),
        ("silent", (State.FAIL, "Bad: timeout")),
        ("moot", (State.UNKNOWN, None)),
        ("ours", (State.ERROR, None)),
    ],
)
def test_maybe_hands_over_the_reason(name: str, said: tuple[State, str | None]) -> None:
    seen = store(name)
    finding = only(findings(lenient, seen={"one": seen}))
    assert finding.state is said[0]
    assert said[1] is None or finding.message.en == said[1]
    assert finding.evidence == (stored(seen),)


def test_maybe_of_what_was_never_asked_says_so() -> None:
    assert only(findings(lenient, seen={"one": store("moot")})).reason is Reason.NOT_ASKED


def test_a_maybe_inside_a_derived_fact_is_handed_over_too() -> None:
    @derived(maybe(grumpy), fact("one"))
    def wrapped(word: str | Unobserved, one: TrustStore) -> str:
        return word.reason.value if isinstance(word, Unobserved) else one.name

    @says(wrapped)
    def through(word: str) -> Iterator[Verdict]:
        yield FINE(what=word)

    assert only(findings(through, seen={"one": store("silent")})).message.en == "Fine: timeout"


# --- composites ---------------------------------------------------------------------------------------------


def tries(*parts: Observation) -> Tries:
    return Tries(started=SEEN, took_ms=0.0, parts=tuple(map(stored, parts)))


@says(parts_of(fact("all", Tries), TrustStore))
def in_order(parts: tuple[TrustStore, ...]) -> Iterator[Verdict]:
    """Reads the parts."""
    yield FINE(what=" ".join(part.name for part in parts))


def test_parts_come_in_order_and_are_cited() -> None:
    one, two = store("1"), store("2")
    whole = tries(two, one)
    finding = only(findings(in_order, seen={"all": whole}, parts=(one, two)))
    assert finding.message.en == "Fine: 2 1"
    assert set(finding.evidence) == {stored(whole), stored(one), stored(two)}


def test_a_part_that_is_missing_or_crashed_is_told_of() -> None:
    one, broken = store("1"), crashed()
    missing = only(findings(in_order, seen={"all": tries(one, store("2"))}, parts=(one,)))
    assert (missing.state, missing.reason) == (State.UNKNOWN, Reason.NOT_RECORDED)
    assert missing.evidence, "what was there is cited"
    ours = only(findings(in_order, seen={"all": tries(one, broken)}, parts=(one, broken)))
    assert (ours.state, ours.reason) == (State.ERROR, Reason.INTERNAL)


def test_what_the_owner_declared_adds_no_evidence() -> None:
    @says(fact("one"), Told("unit", lambda place: place.target.id))
    def told(_: TrustStore, unit: str) -> Iterator[Verdict]:
        yield FINE(what=unit)

    seen = store("1")
    finding = only(findings(told, seen={"one": seen}))
    assert (finding.message.en, finding.evidence) == ("Fine: www", (stored(seen),))


# --- each ---------------------------------------------------------------------------------------------------


@derived(fact("list"))
def words(one: TrustStore) -> tuple[str, ...] | Unobserved | NotApplicable:
    """The words of an observation."""
    if one.name == "silent":
        return Unobserved(Reason.TIMEOUT)
    return tuple(one.name.split())


word = Each("word", source=words)


@derived(word)
def letters(one: str) -> tuple[str, ...] | Unobserved:
    """The letters of the word in hand."""
    return Unobserved(Reason.TOO_LARGE, "shouted") if one.isupper() else tuple(one)


letter = Each("letter", within=word, source=letters)


@says(word, fact("list"), name="test.words", each=word)
def short_words(one: str, _: TrustStore) -> Iterator[Verdict]:
    """A word has at most three letters."""
    yield BAD(what=one) if len(one) > 3 else FINE(what=one)


@says(word, letter, name="test.letters", each=letter)
def no_e(one: str, two: str) -> Iterator[Verdict]:
    """No word has an e."""
    yield (BAD if two == "e" else FINE)(what=f"{two} of {one}")


def test_each_runs_once_an_item_with_a_subject_of_its_own() -> None:
    found = findings(short_words, seen={"list": store("one three two")})
    assert {(it.subject.kind, it.subject.key, it.outcome) for it in found} == {
        ("word", "one", "fine"),
        ("word", "two", "fine"),
        ("word", "three", "bad"),
    }
    assert len({it.fingerprint for it in found}) == 3
    assert all(it.evidence for it in found)


def test_nested_each_runs_for_every_item_of_every_item() -> None:
    found = findings(no_e, seen={"list": store("be at")})
    assert sorted(it.message.en for it in found) == ["Bad: e of be", "Fine: a of at", "Fine: b of be", "Fine: t of at"]


def test_one_item_that_was_not_seen_does_not_erase_a_fail_proven_on_another() -> None:
    found = {it.subject.key: it for it in findings(no_e, seen={"list": store("e BE")})}
    assert found["e"].state is State.FAIL
    assert (found["BE"].state, found["BE"].reason) == (State.UNKNOWN, Reason.TOO_LARGE)


def test_without_items_there_is_one_finding_that_says_so() -> None:
    finding = only(findings(short_words, seen={"list": store("")}))
    assert finding.state is State.NOT_APPLICABLE
    finding = only(findings(short_words, seen={"list": store("silent")}))
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.TIMEOUT)


def test_two_items_of_one_name_are_both_looked_at() -> None:
    @derived(fact("list"))
    def pairs(one: TrustStore) -> tuple[tuple[str, str], ...]:
        return tuple((part[:1], part[1:]) for part in one.name.split())

    pair = Each("pair", source=pairs, subject=lambda it: it[0])

    @says(pair, each=pair)
    def no_bad(one: tuple[str, str]) -> Iterator[Verdict]:
        yield BAD(what=one[1]) if one[1] == "bad" else FINE(what=one[1])

    finding = only(findings(no_bad, seen={"list": store("agood abad")}))
    assert finding.state is State.FAIL, "the second was judged by the first one's data"


def test_asking_for_an_item_outside_its_each_is_our_error() -> None:
    @says(word)
    def lost(_: str) -> Iterator[Verdict]:
        yield FINE(what="never")

    assert only(findings(lost, seen={"list": store("one")})).state is State.ERROR


# --- memoisation --------------------------------------------------------------------------------------------


def test_a_derived_fact_is_computed_once_a_place() -> None:
    calls: list[str] = []

    @derived(fact("list"))
    def counted(one: TrustStore) -> str:
        calls.append(one.name)
        return one.name

    @says(counted, name="test.first")
    def first(it: str) -> Iterator[Verdict]:
        yield FINE(what=it)

    @says(counted, maybe(counted), name="test.second")
    def second(it: str, _: str | Unobserved) -> Iterator[Verdict]:
        yield FINE(what=it)

    assert len(findings(first, second, seen={"list": store("x")})) == 2
    assert calls == ["x"]


def test_a_fact_about_an_item_is_computed_for_each_item() -> None:
    calls: list[str] = []

    @derived(word)
    def counted(one: str) -> str:
        calls.append(one)
        return one

    @says(counted, name="test.first", each=word)
    def first(it: str) -> Iterator[Verdict]:
        yield FINE(what=it)

    @says(counted, name="test.second", each=word)
    def second(it: str) -> Iterator[Verdict]:
        yield FINE(what=it)

    findings(first, second, seen={"list": store("a b")})
    assert calls == ["a", "b"]


def test_gather_gives_values_in_the_order_of_the_needs() -> None:
    journal = new_journal(manifest([WWW], []))
    commit(journal, WWW.id, {Look(name="one"): store("1"), Look(name="two"): store("2")})
    facts = TargetFacts(journal.filed(WWW.id), Evidence(journal))
    place = Place(WWW, Setting(""))
    values, evidence, levels, obstacle = gather(facts, [fact("two"), fact("one")], place)
    assert [it.name for it in values] == ["2", "1"]
    assert (len(evidence), levels, obstacle) == (2, frozenset({Replay.DERIVED}), None)
    journal.close()


# --- at every address -----------------------------------------------------------------------------------------

ADDRESSES = ("192.0.2.1", "192.0.2.2")
ENDPOINTS = tuple(Endpoint("www.example.test", 443, address, Source.RESOLVER) for address in ADDRESSES)
at_each = Fact(
    "what stands at an address",
    TrustStore,
    lambda place: Look(name="nowhere" if place.endpoint is None else place.endpoint.address),
)


@pytest.mark.parametrize("of", ENDPOINTS, ids=lambda it: it.address)
def test_a_need_at_every_address_is_the_same_wherever_it_is_asked(of: Endpoint) -> None:
    here, there = store("here"), store("there")
    journal = new_journal(manifest([WWW], []))
    commit(journal, WWW.id, {Look(name=ADDRESSES[0]): here, Look(name=ADDRESSES[1]): there})
    facts = TargetFacts(journal.filed(WWW.id), Evidence(journal))
    found = facts.evaluate(everywhere(at_each), Place(WWW, Setting(""), of, endpoints=ENDPOINTS))
    assert found.value == (At(ADDRESSES[0], here), At(ADDRESSES[1], there))
    assert found.evidence == {stored(here), stored(there)}


def test_one_silent_address_does_not_erase_the_others() -> None:
    journal = new_journal(manifest([WWW], []))
    commit(journal, WWW.id, {Look(name=ADDRESSES[0]): store("here")})
    facts = TargetFacts(journal.filed(WWW.id), Evidence(journal))
    found = facts.evaluate(everywhere(at_each), Place(WWW, Setting(""), ENDPOINTS[0], endpoints=ENDPOINTS)).value
    assert isinstance(found, tuple)
    assert isinstance(found[1].value, Unobserved)
    assert found[1].value.reason is Reason.NOT_RECORDED


def test_a_fault_of_ours_at_one_address_is_one_of_the_whole() -> None:
    journal = new_journal(manifest([WWW], []))
    commit(journal, WWW.id, {Look(name=ADDRESSES[0]): store("here"), Look(name=ADDRESSES[1]): crashed()})
    facts = TargetFacts(journal.filed(WWW.id), Evidence(journal))
    found = facts.evaluate(everywhere(at_each), Place(WWW, Setting(""), ENDPOINTS[0], endpoints=ENDPOINTS)).value
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.INTERNAL
