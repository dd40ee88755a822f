"""The fold over hellos and flights: a function of the set, that nothing stored can make stumble."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_tls import CLOSED, HOST, RESET, SEEN, TIMED_OUT, Server, Speaks, alert, swept

from scanner.derive.tls_facts import Preference, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import encode
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import HelloSent, TlsHellos
from scanner.probes.tls.client_hello import Hello, build_client_hello
from scanner.probes.tls.code_points import TLS10, TLS12, TLS13

SCHEMES = (0x0804, 0x0401)
SERVER = Server(
    {
        TLS10: Speaks((0xC013, 0x002F), (29, 23)),
        TLS12: Speaks((0xC02F, 0xC013, 0x009E, 0x002F), (29, 23, 24), SCHEMES, own_order=False),
        TLS13: Speaks((0x1302, 0x1301), (29, 23)),
    }
)
SEEN_OF_IT = swept(SERVER)
LIMITED = swept(SERVER, lambda number, _: RESET if number > 14 else None)


def facts(hellos: TlsHellos) -> Swept:
    found = swept_of(hellos)
    assert isinstance(found, Swept), found
    return found


def with_hellos(hellos: tuple[HelloSent, ...], of: TlsHellos = SEEN_OF_IT) -> TlsHellos:
    return msgspec.structs.replace(of, hellos=hellos)


@pytest.mark.parametrize("of", [SEEN_OF_IT, LIMITED])
@given(st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_the_hellos_says_nothing(of: TlsHellos, chance: random.Random) -> None:
    hellos = list(of.hellos)
    chance.shuffle(hellos)
    assert swept_of(with_hellos(tuple(hellos), of)) == swept_of(of)


def test_equal_sets_give_equal_octets() -> None:
    backwards = with_hellos(SEEN_OF_IT.hellos[::-1])
    assert msgspec.json.encode(swept_of(backwards)) == msgspec.json.encode(swept_of(SEEN_OF_IT))


def test_the_facts_come_back_from_what_is_stored() -> None:
    again = msgspec.json.decode(encode(SEEN_OF_IT), type=TlsHellos)
    assert swept_of(again) == swept_of(SEEN_OF_IT)


def test_more_hellos_than_were_needed_change_no_fact() -> None:
    """Whoever asks more, with a larger pool or for another reason, must not lose what was known."""
    version = asking((0x00FF, 0x1234, 0xFE01), (29, 23, 24))
    more = []
    for asked in (version, msgspec.structs.replace(version, version=0x0302), Hello(version=0x0300, suites=(0x1234,))):
        sent = build_client_hello(asked)
        more.append(HelloSent("another strategy", (sent,), (SERVER.answer(sent),)))
    before, after = facts(SEEN_OF_IT), facts(with_hellos((*SEEN_OF_IT.hellos, *more)))
    for it in ("spoken", "refused", "undetermined", "oddities", "fallback_scsv"):
        assert getattr(before, it) == getattr(after, it)


def test_the_same_sweep_twice_says_the_same() -> None:
    both = with_hellos((*SEEN_OF_IT.hellos, *SEEN_OF_IT.hellos))
    one, other = facts(SEEN_OF_IT), facts(both)
    assert (one.spoken, one.refused, one.undetermined) == (other.spoken, other.refused, other.undetermined)


@given(st.data())
@settings(max_examples=150)
def test_whatever_is_stored_is_folded(data: st.DataObject) -> None:
    """Altered evidence may say anything; it is never an exception, and never makes a version both spoken and refused."""
    hellos = []
    for it in SEEN_OF_IT.hellos:
        fate = data.draw(st.sampled_from(("as it was", "as it was", "cut", "garbled", "no pool", "another", "late")))
        received = SEEN_OF_IT.octets(it.received)
        if fate == "cut":
            it = msgspec.structs.replace(it, received=(received[: data.draw(st.integers(0, len(received)))],))
        elif fate == "garbled":
            at = data.draw(st.integers(0, max(0, len(received) - 1)))
            garbled = received[:at] + data.draw(st.binary(max_size=8)) + received[at + 4 :]
            it = msgspec.structs.replace(it, received=(garbled,))
        elif fate == "no pool":
            it = msgspec.structs.replace(it, sent=(*it.sent, data.draw(st.integers(-5, 1000))))
        elif fate == "another":
            it = msgspec.structs.replace(it, sent=(data.draw(st.binary(max_size=80)),))
        elif fate == "late":
            it = msgspec.structs.replace(it, ended=data.draw(st.sampled_from((TIMED_OUT, CLOSED, RESET))))
        hellos.append(it)
    found = swept_of(with_hellos(tuple(hellos)))
    if isinstance(found, Swept):
        spoken = {it.version for it in found.spoken}
        open_ones = {it.what.removeprefix("versions.") for it in found.undetermined if it.what.startswith("versions.")}
        assert not spoken & set(found.refused)
        assert len(spoken) + len(found.refused) + len(open_ones) == len(TlsVersion)


@pytest.mark.parametrize("until", range(1, len(SEEN_OF_IT.hellos), 3))
@pytest.mark.parametrize("more", [0, 2, 5, 12])
def test_a_sweep_that_was_cut_short_proves_no_refusal(until: int, more: int) -> None:
    """A server that begins to hang up is found out by the last question; without it nothing may count as refused."""
    budget = Unobserved(Reason.BUDGET, "no connection is left")

    def fault(number: int, _octets: bytes) -> Unobserved | None:
        return budget if number > until + more else CLOSED if number > until else None

    hellos = swept(SERVER, fault)
    if hellos.failure is None:  # the sweep was over before
        return
    found = facts(hellos)
    assert not found.refused
    assert not [it for it in found.oddities if it.key.startswith("intolerant")]
    assert all(it.suites_short is not None for it in found.spoken)
    assert found.why("versions.SSLv2") is not None


def test_an_answer_to_another_name_alone_says_nothing_of_the_service() -> None:
    refused = HelloSent("", (build_client_hello(GOOD),), (alert(112),), None)
    other = build_client_hello(msgspec.structs.replace(GOOD, server_name=None))
    answered = HelloSent("", (other,), (ONE.answer(other),), None)
    assert isinstance(swept_of(with_hellos((refused, answered))), Unobserved)


def test_nothing_at_all_is_unobserved() -> None:
    empty = TlsHellos(started=SEEN, took_ms=0.0, endpoint=Endpoint(HOST, 443, "127.0.0.1", Source.LITERAL), sni=HOST)
    assert swept_of(empty) == Unobserved(Reason.ALTERED, "no hello can be read")
    failed = msgspec.structs.replace(empty, failure=TIMED_OUT)
    assert swept_of(failed) == TIMED_OUT


# --- refusals, held against what was offered ----------------------------------------------------------------


def only(*asked: tuple[Hello, bytes | Unobserved]) -> Swept:
    """What these conversations come to, and no others."""
    hellos = []
    for hello, came in asked:
        received = came if isinstance(came, bytes) else b""
        ended = came if isinstance(came, Unobserved) else None
        hellos.append(HelloSent("", (build_client_hello(hello),), (received,), ended))
    return facts(with_hellos(tuple(hellos)))


def asking(suites: tuple[int, ...], groups: tuple[int, ...], schemes: tuple[int, ...] = SCHEMES) -> Hello:
    return Hello(
        version=TLS12, suites=suites, server_name=HOST, groups=groups, signature_schemes=schemes, random=bytes(32)
    )


ONE = Server({TLS12: Speaks((0xC02F,), (29,), SCHEMES)})
GOOD = asking((0xC02F, 0xC030), (29, 23))
ANSWER = ONE.answer(build_client_hello(GOOD))
NO = alert(40)


@pytest.mark.parametrize(
    ("refused", "suites_told", "groups_told"),
    [
        (asking((0xC030,), (29, 23)), True, False),
        (asking((0xC030,), (23,)), False, False),  # perhaps it was the group
        (asking((0xC030,), (29,), (0x0601,)), False, False),  # perhaps it was the signature scheme
        (asking((0xC02F,), (23,)), False, True),
        (asking((0xC030,), ()), False, False),
    ],
)
def test_a_refusal_proves_only_what_nothing_else_can_have_caused(
    refused: Hello, suites_told: bool, groups_told: bool
) -> None:
    found = only((GOOD, ANSWER), (refused, NO)).version(TlsVersion.TLS12)
    assert not isinstance(found, bool | Unobserved)
    assert (found.suites_short is None, found.groups_short is None) == (suites_told, groups_told)


def test_silence_proves_nothing() -> None:
    found = only((GOOD, ANSWER), (asking((0xC030,), (29, 23)), TIMED_OUT)).version(TlsVersion.TLS12)
    assert not isinstance(found, bool | Unobserved)
    assert found.suites_short == TIMED_OUT


def test_an_older_answer_refuses_the_version_that_was_asked_for() -> None:
    tls12 = Server({TLS12: Speaks((0xC02F,), (29,), SCHEMES)})
    hello = msgspec.structs.replace(GOOD, version=0x0302)
    found = only((GOOD, ANSWER), (hello, alert(70)))
    assert found.version(TlsVersion.TLS11) is False
    assert found.version(TlsVersion.TLS10) == Unobserved(Reason.NOT_ASKED, "no hello that would tell was asked")
    assert tls12.versions.keys() == {TLS12}


def test_a_known_good_question_that_is_refused_makes_all_refusals_unsure() -> None:
    again = asking((0xC02F,), (29,))
    refused = asking((0xC030,), (29, 23))
    assert only((GOOD, ANSWER), (refused, NO), (again, ANSWER)).undetermined != ()
    found = only((GOOD, ANSWER), (refused, NO), (again, NO))
    spoken = found.version(TlsVersion.TLS12)
    assert not isinstance(spoken, bool | Unobserved)
    assert spoken.suites_short is not None
    assert spoken.suites_short.reason is Reason.RATE_LIMITED


def test_another_name_says_nothing_about_this_one() -> None:
    other = msgspec.structs.replace(GOOD, server_name="other.test")
    found = only((GOOD, ANSWER), (other, NO))
    assert isinstance(found.for_unknown_name, Unobserved)
    assert found.spoken[0].suites == (0xC02F,)
    assert not any(it.why.reason is Reason.RATE_LIMITED for it in found.undetermined)


def test_whose_order_counts_is_told_from_the_choices() -> None:
    pair = (0xC02F, 0xC030)
    for own_order, told in ((True, Preference.SERVER), (False, Preference.CLIENT)):
        server = Server({TLS12: Speaks(pair, (29,), SCHEMES, own_order=own_order)})
        asked = [asking(it, (29,)) for it in (pair, pair[::-1], (0xC030,))]
        found = only(*((it, server.answer(build_client_hello(it))) for it in asked)).spoken[0]
        assert found.preference is told
    one = Server({TLS12: Speaks(pair, (29,), SCHEMES)})
    assert only((GOOD, one.answer(build_client_hello(GOOD)))).spoken[0].preference is Preference.UNKNOWN


# --- oddities that stand in the answers themselves ----------------------------------------------------------


def test_answers_that_were_not_offered_are_told() -> None:
    widest = Server({TLS12: Speaks((0xC02F,), (23,), SCHEMES)})
    elsewhere = widest.answer(build_client_hello(asking((0xC02F,), (23,))))
    hello = asking((0xC030,), (29,))
    keys = {it.key for it in only((hello, elsewhere)).oddities}
    assert {"suite_not_offered", "group_not_offered"} <= keys
    assert "extension_not_offered" not in keys


def test_randoms_that_repeat_are_told() -> None:
    again = asking((0xC02F,), (29, 23))
    assert "random_repeats" in {it.key for it in only((GOOD, ANSWER), (again, ANSWER)).oddities}
    other = ONE.answer(build_client_hello(again))
    assert "random_repeats" not in {it.key for it in only((GOOD, ANSWER), (again, other)).oddities}


def test_a_missing_sentinel_is_told() -> None:
    assert not any(it.key == "downgrade_sentinel_missing" for it in facts(SEEN_OF_IT).oddities)
    pool = tuple(it.replace(b"DOWNGRD\x01", bytes(8)) for it in SEEN_OF_IT.pool)
    hellos = tuple(
        msgspec.structs.replace(it, received=(SEEN_OF_IT.octets(it.received).replace(b"DOWNGRD\x01", bytes(8)),))
        for it in SEEN_OF_IT.hellos
    )
    bare = msgspec.structs.replace(SEEN_OF_IT, pool=pool, hellos=hellos)
    assert [it.key for it in facts(bare).oddities] == ["downgrade_sentinel_missing"]


@pytest.mark.parametrize(
    ("sent", "received"),
    [((-1,), (-1,)), ((0,), (1,) * 100_000), ((1,) * 100_000, (0,)), ((0,), (7,)), ((True,), (False,))],
    ids=["negative", "long answer", "long hello", "none such", "no number"],
)
def test_pieces_that_no_sweep_stored_are_not_put_together(sent: tuple[int, ...], received: tuple[int, ...]) -> None:
    """A hundred thousand references to a megabyte stand in a forged journal of two; they are no hundred gigabytes here."""
    forged = msgspec.structs.replace(
        SEEN_OF_IT, pool=(build_client_hello(GOOD), bytes(1 << 20)), hellos=(HelloSent("", sent, received),)
    )
    assert swept_of(forged) == Unobserved(Reason.ALTERED, "no hello can be read")


def test_no_more_is_folded_than_a_sweep_can_have_heard() -> None:
    sent = build_client_hello(GOOD)
    pool = (sent, ONE.answer(sent), bytes(1 << 19))
    forged = msgspec.structs.replace(SEEN_OF_IT, pool=pool, hellos=(HelloSent("", (0,), (1, 2)),) * 10_000)
    found = facts(forged)
    assert found.connections == 10_000
    assert found.received_bytes <= 32 << 20
