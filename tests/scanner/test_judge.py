"""The judge: what goes wrong in one check stays in that check, and everything rests on what was stored."""

import logging
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from observed import (
    ADDRESS,
    HOST,
    HSTS,
    SEEN,
    Seen,
    authority,
    commit,
    exchange,
    failed,
    judged,
    manifest,
    new_journal,
    resolved,
    shipped,
    target,
)

import scanner.judge
from scanner.api import CheckParams, FixedBy, Outcome, Passed, Reason, Severity, Unobserved, Verdict, check, unknown
from scanner.derive.service import home, page
from scanner.estate import AddressPolicy, Kind
from scanner.findings import Finding, State, Subject
from scanner.judge import CheckTimeout, Judge, time_limit
from scanner.observations.endpoint import Addresses, Source
from scanner.observations.http import Exchange
from scanner.observations.observation import Crashed
from scanner.plan import resolving
from scanner.registry import Check, RegistryError
from scanner.run import Run

FINE = Passed("fine", en="Fine: {what}", id="Baik: {what}")
BAD = Outcome("bad", en="Bad", id="Buruk", severity=Severity.HIGH)
STRAY = Outcome("stray", en="Stray", id="Liar", severity=Severity.HIGH)
Judging = Callable[..., Iterator[Verdict]]


def named(name: str, **about: Any) -> Callable[[Judging], Check]:
    def wrap(judge: Judging) -> Check:
        judge.__doc__ = "A check of this test."
        options: dict[str, Any] = {
            "version": 1,
            "fixed_by": FixedBy.PLATFORM,
            "outcomes": (FINE, BAD),
            "references": (),
        }
        declare: Any = check
        made: Check = declare(name, home, **{**options, **about})(judge)
        return made

    return wrap


@named("test.good")
def good(_: Exchange) -> Iterator[Verdict]:
    yield FINE(what="it")


@named("test.silent")
def silent(_: Exchange) -> Iterator[Verdict]:
    return
    yield FINE(what="never")


@named("test.crashing")
def crashing(_: Exchange) -> Iterator[Verdict]:
    yield FINE(what="so far")
    raise ZeroDivisionError("of all things")


@named("test.endless")
def endless(_: Exchange) -> Iterator[Verdict]:
    while True:
        pass
    yield FINE(what="never")


@named("test.stubborn")
def stubborn(_: Exchange) -> Iterator[Verdict]:
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001 - a check that swallows what it can
            pass
    yield FINE(what="never")


@named("test.stray")
def stray(_: Exchange) -> Iterator[Verdict]:
    yield STRAY()


@named("test.flood")
def flood(_: Exchange) -> Iterator[Verdict]:
    while True:
        yield FINE(what="again")


@named("test.list")
def no_iterator(_: Exchange) -> Iterator[Verdict]:
    return None  # type: ignore[return-value]  # the mistake this is about


@named("test.bare")
def without_its_values(_: Exchange) -> Iterator[Verdict]:
    yield FINE()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner.judge, "CHECK_SECONDS", 0.5)
    monkeypatch.setattr(scanner.judge, "MAX_VERDICTS", 20)


# --- the barrier around one check ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (silent, "no verdict"),
        (crashing, "ZeroDivisionError: of all things"),
        (endless, "did not end"),
        (stubborn, "did not end"),
        (stray, "not in the table"),
        (flood, "verdicts"),
        (no_iterator, "TypeError"),
        (without_its_values, "needs what"),
    ],
    ids=lambda it: it.id if isinstance(it, Check) else "",
)
def test_a_broken_check_is_an_error_and_the_others_still_run(broken: Check, word: str) -> None:
    logging.getLogger("pindai.judge").setLevel(logging.CRITICAL)
    found = {it.check: it for it in judged([broken, good])}
    assert found["test.good"].state is State.PASS
    mine = found[broken.id]
    assert (mine.state, mine.reason, mine.outcome, mine.severity) == (State.ERROR, Reason.INTERNAL, "error", None)
    assert word in mine.message.en
    assert mine.message.id.startswith("Kesalahan alat")


def test_the_alarm_is_put_back() -> None:
    judged([endless, good])
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_derived_fact_that_does_not_end_is_stopped_too() -> None:
    from scanner.api import derived

    @derived(home)
    def forever(_: Exchange) -> str:
        while True:
            pass

    def never(_: str) -> Iterator[Verdict]:
        """A check of this test."""
        yield FINE(what="never")

    declared = check("test.never", forever, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=())(
        never
    )
    states = {it.check: it.state for it in judged([declared, good])}
    assert states == {"test.never": State.ERROR, "test.good": State.PASS}


def test_within_its_time_nothing_is_raised() -> None:
    with time_limit(5.0):
        pass
    with pytest.raises(CheckTimeout), time_limit(0.05):
        time.sleep(5)


def test_off_the_main_thread_there_is_no_alarm() -> None:
    def briefly() -> bool:
        with time_limit(0.01):
            time.sleep(0.05)
        return threading.current_thread() is not threading.main_thread()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(briefly).result()


def test_a_check_to_be_skipped_is_an_error_and_is_not_called() -> None:
    journal = new_journal(manifest([target()], [endless, good]))
    commit(journal, "www", {resolving(target()): resolved(), _home(): exchange()})
    found = {it.check: it.state for it in Judge(Run(journal), [endless, good]).judge("www", frozenset({endless.id}))}
    assert found == {"test.endless": State.ERROR, "test.good": State.PASS}
    journal.close()


def _home() -> Any:
    from scanner.needs import Place, Setting
    from scanner.observations.endpoint import Endpoint, Source

    endpoint = Endpoint("www.example.test", 443, ADDRESS, Source.RESOLVER)
    (probe,) = home.probes(Place(target(), Setting("Pindai/test"), endpoint))
    return probe


def test_each_check_is_announced_before_it_begins() -> None:
    journal = new_journal(manifest([target()], [crashing, good]))
    commit(journal, "www", {resolving(target()): resolved(), _home(): exchange()})
    announced: list[str] = []
    logging.getLogger("pindai.judge").setLevel(logging.CRITICAL)
    Judge(Run(journal), [crashing, good], on_check=announced.append).judge("www")
    assert announced == ["test.crashing", "test.good"]
    journal.close()


# --- verdicts -----------------------------------------------------------------------------------------------


def test_what_a_check_cannot_conclude_from_a_maybe_has_its_reason() -> None:
    @named("test.unsure")
    def unsure(_: Exchange) -> Iterator[Verdict]:
        yield unknown(Unobserved(Reason.BLOCKED, "a wall"))

    (finding,) = judged(unsure)
    assert (finding.state, finding.reason, finding.outcome) == (State.UNKNOWN, Reason.BLOCKED, "unknown")
    assert "a wall" in finding.message.en


def test_a_verdict_may_name_a_subject_of_its_own() -> None:
    @named("test.subjects")
    def several(_: Exchange) -> Iterator[Verdict]:
        yield FINE(what="service")
        yield BAD().about("cookie", "sid")

    found = {it.subject: it.outcome for it in judged(several)}
    assert found == {Subject("service", "www.example.test:443"): "fine", Subject("cookie", "sid"): "bad"}


def test_thresholds_are_those_of_the_run() -> None:
    class Limits(CheckParams, frozen=True):
        longest: timedelta = timedelta(days=1)

    seen: list[object] = []

    def limited(_: Exchange, params: Limits) -> Iterator[Verdict]:
        """A check of this test."""
        seen.append(params.longest)
        yield FINE(what="it")

    declared = check(
        "test.limited", home, params=Limits, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=()
    )(limited)
    judged(declared)
    judged(declared, params={"longest": "PT1H"})
    assert seen == [timedelta(days=1), timedelta(hours=1)]
    with pytest.raises(RegistryError, match="shortest"):
        judged(declared, params={"shortest": 1})


def test_a_check_speaks_about_targets_of_its_kinds_only() -> None:
    @named("test.mail", kinds=frozenset({Kind.MAIL}))
    def mail(_: Exchange) -> Iterator[Verdict]:
        yield FINE(what="it")

    assert judged([mail, good])[0].check == "test.good"
    assert {it.check for it in judged([mail, good], of=target(kinds=(Kind.WEB, Kind.MAIL)))} == {
        "test.good",
        "test.mail",
    }


# --- what is stored -----------------------------------------------------------------------------------------


def test_a_name_without_addresses_is_unknown_with_the_resolution_as_evidence() -> None:
    (finding,) = judged(good, Seen(resolution=resolved(why=Unobserved(Reason.DNS_SERVFAIL, "SERVFAIL"))))
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.DNS_SERVFAIL)
    assert len(finding.evidence) == 1


def test_a_target_without_a_resolution_was_not_recorded() -> None:
    journal = new_journal(manifest([target()], [good]))
    commit(journal, "www", {})
    (finding,) = Judge(Run(journal), [good]).judge("www")
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.NOT_RECORDED)
    journal.close()


def test_a_resolution_that_crashed_is_our_error() -> None:
    crash = Crashed(started=SEEN, took_ms=0.0, failure=Unobserved(Reason.INTERNAL, "AttributeError"))
    journal = new_journal(manifest([target()], [good]))
    commit(journal, "www", {resolving(target()): crash})
    (finding,) = Judge(Run(journal), [good]).judge("www")
    assert (finding.state, finding.reason) == (State.ERROR, Reason.INTERNAL)
    journal.close()


def test_all_addresses_are_judged_and_the_gravest_wins() -> None:
    both = resolved(ADDRESS, "192.0.2.11")
    fine, worse = Seen(resolution=both), Seen(resolution=both, home=exchange())
    (finding,) = judged(
        shipped()["web.hsts.policy"],
        {ADDRESS: fine, "192.0.2.11": worse},
        of=target(addresses=AddressPolicy.ALL),
    )
    assert finding.outcome == "missing"
    assert {(it.address, it.outcome) for it in finding.sightings} == {(ADDRESS, "set"), ("192.0.2.11", "missing")}


@pytest.mark.parametrize(("policy", "state"), [(AddressPolicy.ALL, State.UNKNOWN), (AddressPolicy.FIRST, State.PASS)])
def test_addresses_nobody_could_learn_of_keep_a_service_from_passing(policy: AddressPolicy, state: State) -> None:
    """IPv4 was answered, IPv6 was not: where all addresses count, one that nobody knows may be otherwise."""
    outcome = Addresses((ADDRESS,), Source.RESOLVER, untold=Unobserved(Reason.DNS_SERVFAIL, "SERVFAIL"))
    half = msgspec.structs.replace(resolved(), outcome=outcome)
    of = target(addresses=policy)
    (finding,) = judged(shipped()["web.hsts.policy"], Seen(resolution=half), of=of)
    assert (finding.state, finding.reason) == (state, Reason.DNS_SERVFAIL if state is State.UNKNOWN else None)
    (failing,) = judged(shipped()["web.hsts.policy"], Seen(resolution=half, home=exchange()), of=of)
    assert failing.state is State.FAIL


def test_stored_bytes_that_were_altered_are_an_error_never_a_verdict(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    seen = exchange("X-Kept: yes")
    with new_journal(manifest([target()], [good]), path) as journal:
        commit(journal, "www", {resolving(target()): resolved(), _home(): seen})
        (before,) = Judge(Run(journal), [good]).judge("www")
    assert before.state is State.PASS
    _replace_in_observations(path, b'"status":200', b'"status":201')
    with _open(path) as journal:
        logging.getLogger("pindai.judge").setLevel(logging.CRITICAL)
        (after,) = Judge(Run(journal), [good]).judge("www")
    assert (after.state, after.reason) == (State.ERROR, Reason.ALTERED)


def _open(path: Path) -> Any:
    from scanner.journal import Journal

    return Journal.open(path)


def _replace_in_observations(path: Path, old: bytes, new: bytes) -> None:
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT digest, stored FROM observation").fetchall()
        changed = [(stored.replace(old, new), digest) for digest, stored in rows if old in stored]
        assert changed
        db.executemany("UPDATE observation SET stored = ? WHERE digest = ?", changed)
    db.close()


SOUND = Seen(
    home=exchange(
        HSTS,
        "Content-Type: text/html",
        "Content-Security-Policy: frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Set-Cookie: PHPSESSID=a; Secure; HttpOnly",
    ),
    public=(),
    own=(authority()[0].der,),
    caa={HOST: ('0 issue "ca.test"',)},
)
"""A service in which no check finds a fault."""


def test_judging_twice_says_the_same() -> None:
    once, again = (judged(tuple(shipped().values()), SOUND) for _ in range(2))
    assert once == again
    # No limit is set for the answer time, no authority that browsers trust is in use, no issuer can be asked, there is no
    # second service and no second address, and no HTTP/3 is offered.
    without = {it.check for it in once if it.state is State.NOT_APPLICABLE}
    assert without == {
        *("uptime.latency", "dns.caa", "tls.shared_key", "tls.ech", "tls.quic", "tls.ocsp.stapling"),
        *(f"tls.certificate.{it}" for it in ("lifetime", "consistency", "transparency", "revocation")),
    }
    not_seen = {it.check for it in once if it.state is State.UNKNOWN}
    assert not_seen, "no sweep was made"
    assert all(it.startswith("tls.") for it in not_seen)
    assert {it.state for it in once} == {State.PASS, State.NOT_APPLICABLE, State.UNKNOWN}


def test_a_page_is_what_was_stored_not_what_was_sent() -> None:
    seen: list[str] = []

    def reads(it: Any) -> Iterator[Verdict]:
        """A check of this test."""
        seen.append(it.head.first("x-kept"))
        yield FINE(what="it")

    declared = check("test.reads", page, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=())(reads)
    judged(declared, Seen(home=exchange("X-Kept: yes")))
    assert seen == ["yes"]


def test_findings_are_stored_and_read_back_the_same() -> None:
    found = judged(tuple(shipped().values()))
    journal = new_journal(manifest([target()], []))
    commit(journal, "www", {})
    journal.put_findings("www", found)
    back = {it.fingerprint: it for it in journal.findings("www")}
    assert {it.fingerprint: (it.state, it.outcome, it.evidence, it.message.en) for it in found} == {
        key: (it.state, it.outcome, it.evidence, it.message.en) for key, it in back.items()
    }
    assert all(isinstance(it, Finding) for it in back.values())
    journal.close()


@pytest.mark.parametrize("step", ["connect", "tls", "answer"])
def test_a_fault_of_ours_is_never_held_against_the_service(step: str) -> None:
    """A machine that ran out of descriptors sees every service silent; none of them is to be called down."""
    found = judged(list(shipped().values()), SOUND.but(home=failed(step, Reason.INTERNAL)))
    assert [it for it in found if it.state is State.FAIL] == []
    assert State.ERROR in {it.state for it in found if it.check == "uptime.reachable"}
