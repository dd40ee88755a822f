"""What somebody who attacks the scanner itself may try: no trick of theirs ends in a pass, a traceback or a flood.

Servers, name servers, files and folders here are hostile on purpose; the scanner that meets them is the real one.
"""

import gzip
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import faults
import msgspec
import observed
import pki
import pytest
from faults import BEHAVIOURS, Behaviour, FaultyNameserver, Reader, in_thread
from observed import (
    ADDRESS,
    HSTS,
    LOCAL,
    SEEN,
    Seen,
    chain,
    commit,
    exchange,
    head,
    judged,
    manifest,
    moved,
    new_journal,
    record,
    resolved,
    shipped,
    target,
)
from scanned import SCOPE, SHORT, Scanned, hasty, performed, scanned, web_target

from scanner.api import Each, Fact, FixedBy, Outcome, Passed, Severity, Verdict, check, derived
from scanner.cli.estates import Assignment
from scanner.cli.options import CommandError, log_to, write_file
from scanner.config import estate_of_urls, load_targets
from scanner.config_error import ConfigError
from scanner.cost import Cost
from scanner.engine import JUDGED_HERE
from scanner.estate import AddressPolicy, Credential, Estate, Kind, Nameserver, SecretKind, SecretSource, Target
from scanner.estate_checks import EstateCheck
from scanner.estate_judge import EstateJudge
from scanner.evidence.replay import replay
from scanner.findings import Finding, State
from scanner.journal import AlteredError, Journal, JournalError
from scanner.judge import Judge
from scanner.needs import Place, Setting
from scanner.network import Budget, NetworkError
from scanner.observations.endpoint import Addresses, Endpoint, Source
from scanner.observations.http import Answer, Body, BrokenHandshake, Exchange, RedirectChain
from scanner.observations.observation import Crashed, Observation, digest, encode
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.trust import TrustStore
from scanner.plan import choosing, endpoints_of, first_wave, resolving
from scanner.probes.probe import Laboratory, Probe
from scanner.probes.trust import certificates_in
from scanner.registry import Check
from scanner.reports.observations_jsonl import observations_jsonl
from scanner.reports.result_json import result_json
from scanner.run import Ending, Run
from scanner.secrets import read_secrets
from scanner.surroundings import look_around

ALL = tuple(shipped().values())
UPTIME = "uptime.reachable"
REDIRECT = "web.https.redirect"
POLICY = "web.hsts.policy"
CERTIFICATE = ("tls.certificate.chain", "tls.certificate.expiry", "tls.certificate.name")

GOOD, BAD = target("good", "https://good.example.test/"), target("bad", "https://bad.example.test/")


# Evidence that was filed elsewhere ----------------------------------------------------------------------


def evidence_of(asked: Target, seen: Seen) -> tuple[dict[Probe[Any], Observation], list[Observation]]:
    """What a target showed, by the probe that asked, and the parts of that."""
    resolve = resolving(asked)
    filed: dict[Probe[Any], Observation] = {resolve: seen.of(resolve)[0]}
    parts: list[Observation] = []
    endpoint = Endpoint(asked.parsed_url.host, asked.parsed_url.port, ADDRESS, Source.RESOLVER)
    for probe in first_wave(ALL, Place(asked, Setting(observed.AGENT), endpoint)):
        filed[probe], *more = seen.of(probe)
        parts += more
    return filed, parts


def good_and_bad() -> tuple[dict[Probe[Any], Observation], dict[Probe[Any], Observation], list[Observation]]:
    """The evidence of a service in good order, of one that is broken, and the parts of both."""
    good = Seen(
        home=exchange(HSTS, url=GOOD.url),
        hops=(moved(GOOD.url, url="http://good.example.test/"), exchange(HSTS, url=GOOD.url)),
    )
    bad = Seen(
        home=exchange(url=BAD.url, status=500),
        hops=(exchange(url="http://bad.example.test/"),),
    )
    first, first_parts = evidence_of(GOOD, good)
    second, second_parts = evidence_of(BAD, bad)
    return first, second, first_parts + second_parts


def about_bad(
    filed: Mapping[Probe[Any], Observation], parts: Sequence[Observation], path: Path | None
) -> list[Finding]:
    journal = new_journal(manifest([GOOD, BAD], ALL), path)
    commit(journal, BAD.id, filed, parts)
    try:
        return list(Judge(Run(journal), ALL).judge(BAD.id))
    finally:
        journal.close()


@pytest.mark.parametrize("in_file", [False, True], ids=["in memory", "in a file"])
@pytest.mark.parametrize(
    "kind",
    [
        None,
        "exchange",
        "redirect_chain",
        "tries",
        "resolution",
    ],
)
def test_evidence_of_another_target_is_no_pass(kind: str | None, in_file: bool, tmp_path: Path) -> None:
    """The good target's observations under the bad one's questions: all of them, or those of one kind."""
    good, bad, parts = good_and_bad()
    honest = {(it.check, it.subject): it.state for it in about_bad(bad, parts, None)}
    swapped = {
        asked: theirs if kind is None or theirs.__struct_config__.tag == kind else own
        for (asked, own), theirs in zip(bad.items(), good.values(), strict=True)
    }
    found = about_bad(swapped, parts, tmp_path / "run.journal" if in_file else None)
    assert [it for it in found if it.state is State.PASS and honest.get((it.check, it.subject)) is not State.PASS] == []
    if kind not in (None, "resolution"):
        assert Reason.ALTERED in {it.reason for it in found if it.state is State.ERROR}
    else:
        concluded = [it for it in found if it.state not in (State.UNKNOWN, State.ERROR)]
        assert [it for it in concluded if it.state is not State.NOT_APPLICABLE or it.evidence] == []


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    "name",
    [POLICY, UPTIME],
)
def test_a_status_beside_a_head_that_says_otherwise_is_an_error(name: str, status: int) -> None:
    answer = msgspec.structs.replace(observed.answer(HSTS, raw=head(HSTS, status=500)), status=status)
    found = judged(shipped()[name], Seen(home=exchange(answer=answer)))
    assert State.PASS not in {it.state for it in found}
    assert {(it.state, it.reason) for it in found} == {(State.ERROR, Reason.ALTERED)}


def finished(*targets: Target, path: Path | None = None) -> Journal:
    """A journal of a run over GOOD and BAD that ended, with what these targets showed."""
    journal = new_journal(manifest([GOOD, BAD], ALL), path)
    filed, _, parts = good_and_bad()
    for it in targets:
        stored = {digest(encode(seen)): encode(seen) for seen in (*filed.values(), *parts)}
        own = {probe.key: digest(encode(seen)) for probe, seen in filed.items()} if it is GOOD else {}
        journal.commit(record(it.id), own, stored)
    journal.put_end(msgspec.json.encode(Ending(SEEN)))
    for it in targets:
        if it in (GOOD, BAD):
            judged = Judge(Run(journal), ALL).judge_and_note(it.id)
            journal.put_all_findings({it.id: judged.findings}, judged.facts)
    run = Run(journal)
    whole = EstateJudge(run, Judge(run, ALL), ALL, journal)
    journal.put_estate_findings(whole.judge(), complete=whole.is_complete)
    return journal


def test_a_target_left_out_of_a_finished_run_is_named() -> None:
    with finished(GOOD, BAD) as journal:
        assert replay(journal, shipped()).confirmed
    with finished(GOOD) as journal:
        shown = replay(journal, shipped())
        assert not shown.confirmed
        assert [problem.partition(":")[0] for problem in shown.altered] == [BAD.id]


def test_a_target_that_the_manifest_does_not_have_is_altered() -> None:
    with finished(GOOD, BAD, target("ghost")) as journal, pytest.raises(AlteredError, match="ghost"):
        replay(journal, shipped())


@pytest.mark.parametrize("url", ["gopher://good.example.test/", "https://", "javascript:alert(1)"])
def test_a_manifest_with_a_target_that_is_none_is_refused(url: str) -> None:
    asked = manifest([target(url=url)], ALL)
    with new_journal(asked) as journal, pytest.raises(JournalError, match="a target that is none"):
        replay(journal, shipped())


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER more AFTER INSERT ON meta BEGIN SELECT 1; END",
    ],
    ids=["view", "trigger"],
)
def test_a_journal_with_queries_in_it_is_refused(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    finished(GOOD, BAD, path=path).close()
    Journal.open(path).close()
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()
    with pytest.raises(AlteredError, match="views or triggers"):
        Journal.open(path)


# Answers that are none ----------------------------------------------------------------------------------


def bytes_served(name: str, data: bytes, *, tls: bool = True) -> Behaviour:
    """A server that answers every request with these octets."""

    async def serve(reader: Reader, writer: Any) -> None:
        await faults.answer(reader, writer, data)

    return Behaviour(name, serve, tls=tls)


NO_ANSWERS = {
    "hints": b"HTTP/1.1 103 Early Hints\r\n%b; includeSubDomains\r\nno colon\r\n\r\n" % faults.HSTS
    + faults.whole(status=b"500 Broken"),
    "continue": b"HTTP/1.1 100 Continue\r\n%b\r\nno colon\r\n\r\n" % faults.HSTS + faults.whole(status=b"500 Broken"),
    "zero": b"HTTP/1.1 000 nothing\r\n%b; includeSubDomains\r\n\r\n" % faults.HSTS,
    "early": b"HTTP/1.1 099 nothing\r\n%b; includeSubDomains\r\n\r\n" % faults.HSTS,
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_final_answer_is_no_pass(name: str, tmp_path: Path) -> None:
    with (
        faults.serving_in_thread(bytes_served(name, NO_ANSWERS[name])) as served,
        scanned(tmp_path, [web_target(name, served.port)], hosts={name: served.address}) as scan,
    ):
        found = [it for it in scan.findings(name) if it.check in (UPTIME, POLICY, REDIRECT)]
        assert found
        assert [it for it in found if it.state in (State.PASS, State.ERROR)] == []


# A key that was not proven ------------------------------------------------------------------------------

BROKEN = Unobserved(Reason.TLS_ALERT, "handshake failure")


def broken_off(*sent: bytes) -> Seen:
    return Seen(home=exchange(tls=BrokenHandshake(sent, BROKEN), answer=BROKEN))


@pytest.mark.parametrize("name", CERTIFICATE)
def test_a_chain_anybody_may_have_sent_is_no_pass(name: str) -> None:
    assert {it.state for it in judged(shipped()[name], Seen())} == {State.PASS}
    found = judged(shipped()[name], broken_off(*chain()))
    assert {(it.state, it.reason) for it in found} == {(State.UNKNOWN, Reason.TLS_ALERT)}


@pytest.mark.parametrize(
    ("name", "outcome"), [*zip(CERTIFICATE, ["missing_issuer", "expired", "mismatch"], strict=True)]
)
def test_what_is_wrong_with_that_chain_is_told_all_the_same(name: str, outcome: str) -> None:
    _, issuing = observed.authority()
    wrong = pki.leaf(issuing, ["other.test"], not_after=SEEN - timedelta(days=1))
    assert [it.outcome for it in judged(shipped()[name], broken_off(wrong.der))] == [outcome]


# More addresses than are looked at ----------------------------------------------------------------------

NINE = tuple(f"192.0.2.{number}" for number in range(1, 10))


def at_addresses(count: int, **seen: Any) -> tuple[Finding, ...]:
    """What is said when the name has so many addresses, all looked at up to the cap, and every one showed this."""
    each = Seen(resolution=resolved(*NINE[:count]), **seen)
    looked_at = dict.fromkeys(NINE[: min(count, LOCAL.caps.addresses)], each)
    return judged(ALL, looked_at, of=target(addresses=AddressPolicy.ALL))


def test_an_address_beyond_the_cap_keeps_the_others_from_being_a_pass() -> None:
    assert LOCAL.caps.addresses == 8
    caa = {observed.HOST: ('0 issue "ca.test"',)}
    whole, cut = at_addresses(8, caa=caa), at_addresses(9, caa=caa)
    # A check that runs for each page or cookie says so beside what it said of those; one of the whole estate has not spoken.
    of_the_service = {
        it.id for it in ALL if it.each is None and Kind.WEB in it.kinds and not isinstance(it, EstateCheck)
    }
    passes = {it.check for it in whole if it.state is State.PASS and it.subject.kind == "service"}
    # No limit is set, no HTTPS record is there, and no HTTP/3 is offered.
    assert of_the_service - passes == {"uptime.latency", "tls.ech", "tls.quic"}
    open_there = {it.check: it.reason for it in cut if it.subject.kind == "service" and it.state is State.UNKNOWN}
    assert {it.check for it in cut if it.subject.kind == "service" and it.state is State.PASS} == set()
    assert {it.id for it in ALL if Kind.WEB in it.kinds} <= open_there.keys()


def test_a_fail_stands_whatever_lies_beyond_the_cap() -> None:
    found = {it.check: it for it in at_addresses(9, home=exchange(status=500))}
    assert (found[UPTIME].state, found[POLICY].state) == (State.FAIL, State.FAIL)
    assert found[REDIRECT].reason is Reason.BUDGET


# Bodies that never end ----------------------------------------------------------------------------------

SENT_AT_MOST = 32 << 20
"""Far more than the caps and what the kernel holds for both sides, far less than an endless body."""


def only_body(scan: Scanned, name: str) -> Body:
    (seen,) = {it.answer for it in scan.observations(name, Exchange) if isinstance(it.answer, Answer)}
    assert isinstance(seen.body, Body)
    return seen.body


def test_chunk_extensions_count_against_the_cap(tmp_path: Path) -> None:
    sent = 0

    async def serve(reader: Reader, writer: Any) -> None:
        nonlocal sent
        await faults.answer(reader, writer, faults.head(b"Transfer-Encoding: chunked"))
        chunk = b"1;" + b"x" * 1024 + b"\r\na\r\n"
        while sent < faults.GIGABYTE:
            await faults.say(writer, chunk * 64)
            sent += 64 * len(chunk)

    with (
        faults.serving_in_thread(Behaviour("framing", serve, tls=False)) as served,
        scanned(
            tmp_path,
            [web_target("framing", served.port, scheme="http")],
            hosts={"framing": served.address},
            checks=[shipped()[UPTIME]],
        ) as scan,
    ):
        body = only_body(scan, "framing")
        assert body.ended is Reason.TOO_LARGE
        assert 0 < body.length < 16_384, "a thousandth of what was sent"
    assert 1 << 20 < sent < SENT_AT_MOST


CONTENT = b"content " * 1000


@pytest.mark.parametrize(("garbage", "ended"), [(0, None), (100_000, None), (3 << 20, Reason.TOO_LARGE)])
def test_garbage_behind_the_end_of_gzip(garbage: int, ended: Reason | None, tmp_path: Path) -> None:
    data = faults.whole(b"Content-Encoding: gzip", body=gzip.compress(CONTENT) + bytes(garbage))
    with (
        faults.serving_in_thread(bytes_served("packed", data, tls=False)) as served,
        scanned(
            tmp_path,
            [web_target("packed", served.port, scheme="http")],
            hosts={"packed": served.address},
            checks=[shipped()[UPTIME]],
        ) as scan,
    ):
        body = only_body(scan, "packed")
        assert (body.length, body.ended) == (len(CONTENT), ended)
        assert body.wire_bytes >= min(garbage, hasty().caps.wire_body_bytes)


# Redirects to ports of their choice ---------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_redirect_does_not_choose_the_port(scheme: str, tmp_path: Path) -> None:
    """The same host, the same address, inside the scope: but what listens there is none of this service."""
    secure, elsewhere = BEHAVIOURS["empty_answer+tls"], BEHAVIOURS["empty_answer"]
    with faults.serving_in_thread(secure) as own, faults.serving_in_thread(elsewhere) as other:
        location = b"Location: %b://steered.fault.test:%d/" % (scheme.encode(), other.port)
        steering = bytes_served("plain", faults.whole(location, status=b"302 Found"), tls=False)
        with faults.serving_in_thread(steering) as plain:
            steered = web_target("steered", own.port, http_port=plain.port)
            with scanned(tmp_path, [steered], hosts={"steered": own.address}) as scan:
                (walk,) = scan.observations("steered", RedirectChain)
                assert walk.ended is not None
                assert walk.ended.reason is Reason.OUT_OF_SCOPE
                assert scan.connected == {(own.address, own.port), (plain.address, plain.port)}


# Our own time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("patience_s", [8.0, 0.5], ids=["at the first try", "at the second try"])
@pytest.mark.parametrize("name", ["silent", "half_handshake_hang", "slow_drip"])
def test_that_our_time_ran_out_is_no_fact_about_the_target(name: str, patience_s: float, tmp_path: Path) -> None:
    behaviour = BEHAVIOURS[name]
    patient = msgspec.structs.replace(SHORT, tls_s=patience_s, answer_s=patience_s, target_s=0.8)
    with (
        faults.serving_in_thread(behaviour) as served,
        scanned(
            tmp_path,
            [web_target("slow", served.port, scheme=behaviour.scheme)],
            hosts={"slow": served.address},
            profile=hasty(patient),
        ) as scan,
    ):
        assert scan.said("slow")[UPTIME] == ("unknown budget",)
        assert [it for it in scan.findings("slow") if it.state in (State.FAIL, State.ERROR)] == []


def test_a_budget_without_time_gives_nothing_away() -> None:
    budget = Budget(Cost(1, 1, 1), 0.0)
    with pytest.raises(NetworkError) as caught:
        budget.charge(Cost(connections=1))
    assert caught.value.unobserved.reason is Reason.BUDGET


# Name servers ---------------------------------------------------------------------------------------------


class Saying(FaultyNameserver):
    """A name server that answers every question with a response code, flags, an extended error, and perhaps an address."""

    def __init__(self, rcode: dns.rcode.Rcode, *, flags: int = 0, ede: int | None = None, a: str = "") -> None:
        super().__init__()
        self._rcode, self._flags, self._ede, self._a = rcode, flags, ede, a

    def reply(self, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
        """The same to everybody."""
        response = dns.message.make_response(dns.message.from_wire(wire))
        response.flags |= self._flags
        response.set_rcode(self._rcode)
        (question,) = response.question
        if self._a and question.rdtype == 1:
            response.answer.append(dns.rrset.from_text(question.name, 0, "IN", "A", self._a))
        if self._ede is not None:
            response.use_edns(0, options=[dns.edns.EDEOption(self._ede, "policy")])  # type: ignore[arg-type]  # any code
        return response.to_wire()


def resolved_by(directory: Path, port: int, *servers: FaultyNameserver) -> Mapping[str, tuple[str, ...]]:
    """What the checks say of a target whose name these name servers know, in their order."""
    (directory / "hosts").touch()
    estate = Estate(
        targets=(web_target("named", port),),
        scope=SCOPE,
        nameservers=tuple(Nameserver(server.address, server.port) for server in servers),
        anchors=certificates_in(faults.ca_pem().encode()),
        source="test",
    )
    with performed(directory, Assignment(estate, hasty(), ALL, look_around(estate, directory / "hosts"))) as scan:
        return scan.said("named")


@pytest.mark.parametrize("rcode", [dns.rcode.REFUSED, dns.rcode.SERVFAIL, dns.rcode.NOTIMP])
def test_a_resolver_that_will_not_answer_is_followed_by_the_next(rcode: dns.rcode.Rcode, tmp_path: Path) -> None:
    with (
        faults.serving_in_thread(BEHAVIOURS["empty_answer+tls"]) as served,
        in_thread(Saying(rcode)) as first,
        in_thread(Saying(dns.rcode.NOERROR, flags=dns.flags.RA, a=served.address)) as second,
    ):
        assert resolved_by(tmp_path, served.port, first, second)[UPTIME] == ("pass answers",)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (Saying(dns.rcode.NXDOMAIN, flags=dns.flags.RA), "fail no_name"),
        (Saying(dns.rcode.NXDOMAIN, flags=dns.flags.RA, ede=15), "unknown dns_refused"),
        (Saying(dns.rcode.NOERROR, flags=dns.flags.RA, ede=17), "unknown dns_refused"),
        (Saying(dns.rcode.NXDOMAIN, flags=dns.flags.RA, ede=22), "fail no_name"),  # no reachable authority is no filter
        (Saying(dns.rcode.NOERROR, flags=dns.flags.RA), "fail no_name"),
        (Saying(dns.rcode.NOERROR, flags=dns.flags.AA), "fail no_name"),
        (Saying(dns.rcode.NOERROR), "unknown dns_refused"),
    ],
    ids=["nxdomain", "blocked", "filtered", "other-ede", "nodata-ra", "nodata-aa", "referral"],
)
def test_no_address_is_only_said_by_who_may_say_it(server: Saying, said: str, tmp_path: Path) -> None:
    with in_thread(server) as nameserver:
        assert resolved_by(tmp_path, 9, nameserver)[UPTIME] == (said,)


# Our own crashes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [name for name, check in shipped().items() if Kind.WEB in check.kinds],
)
def test_a_crash_while_choosing_an_address_is_an_error(name: str) -> None:
    www = target()
    resolution = resolved(*NINE[:2])
    assert isinstance(resolution.outcome, Addresses)
    endpoints = endpoints_of(www, resolution.outcome, (), LOCAL.caps.addresses)
    probe = choosing(www, Setting(observed.AGENT), endpoints)
    assert probe is not None
    crashed = Crashed(started=SEEN, took_ms=0.0, failure=Unobserved(Reason.INTERNAL, "ValueError: it broke"))
    with new_journal(manifest([www], ALL)) as journal:
        commit(journal, www.id, {resolving(www): resolution, probe: crashed})
        found = [it for it in Judge(Run(journal), ALL).judge(www.id) if it.check == name]
    assert {(it.state, it.reason) for it in found} == {(State.ERROR, Reason.INTERNAL)}


class Look(Probe[TrustStore], frozen=True, tag="attacks_look"):
    """Never sent."""

    async def observe(self, lab: Laboratory) -> TrustStore:
        """Not here."""
        raise AssertionError("judging never asks the network")


@derived(Fact("words", TrustStore, lambda _: Look()))
def words(store: TrustStore) -> tuple[str, ...]:
    """The words in an observation's name."""
    return tuple(store.name.split())


word = Each("word", source=words)
FINE = Passed("fine", en="Fine", id="Baik")
WRONG = Outcome("wrong", en="Wrong", id="Salah", severity=Severity.HIGH)


@check("test.words", word, each=word, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE, WRONG), references=())
def spelling(one: str) -> Iterator[Verdict]:
    """A word is not wrong.

    Why: For this test.
    Sebab: Untuk pengujian ini.
    Fix: Nothing.
    Perbaikan: Tidak ada.
    """
    if one == "broken":
        raise ValueError(one)
    yield WRONG() if one == "wrong" else FINE()


@pytest.mark.parametrize("order", ["wrong broken fine", "broken fine wrong", "fine wrong broken"])
def test_an_item_that_breaks_a_check_does_not_hide_the_others(order: str) -> None:
    checks: tuple[Check, ...] = (spelling,)
    www = target()
    store = TrustStore(started=SEEN, took_ms=0.0, name=order, version="", anchors=())
    with new_journal(manifest([www], checks)) as journal:
        commit(journal, www.id, {resolving(www): resolved(), Look(): store})
        found = {it.subject.key: it.state for it in Judge(Run(journal), checks).judge(www.id)}
    assert found == {"wrong": State.FAIL, "broken": State.ERROR, "fine": State.PASS}


# Files ----------------------------------------------------------------------------------------------------


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "result.json"

    def slowly() -> Iterator[bytes]:
        yield b"first "
        write_file(path, [b"second"])
        assert path.read_bytes() == b"second"
        yield b"first"

    write_file(path, slowly())
    assert path.read_bytes() == b"first first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("link", ["result.json.part", "result.json"])
def test_a_planted_link_is_not_followed(link: str, tmp_path: Path) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    out.mkdir()
    victim.write_bytes(b"precious")
    (out / link).symlink_to(victim)
    write_file(out / "result.json", [b"{}"])
    assert victim.read_bytes() == b"precious"
    assert (out / "result.json").read_bytes() == b"{}"
    assert not (out / "result.json").is_symlink()


def test_only_its_owner_reads_a_written_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(b"old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_file(path, [b"{}"])
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_code_in_the_folder_one_stands_in_is_not_run(tmp_path: Path) -> None:
    """So many targets that the judge is a process of its own."""
    for package in ("checks", "scanner"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("import pathlib\npathlib.Path('planted-code-ran').touch()\n")
    urls = [f"http://127.0.0.1:{port}/" for port in range(1, JUDGED_HERE + 3)]
    words = ["scan", *urls, "--profile", "local", "--quiet", "--fail-on", "never", "--out", "out", "--state", "state"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "scanner", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "planted-code-ran").exists()
    result = msgspec.json.decode((tmp_path / "out" / "result.json").read_bytes())
    assert len({it["target"] for it in result["findings"]}) == len(urls)
    assert "error" not in {it["state"] for it in result["findings"]}


# What a terminal would obey -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [result_json, observations_jsonl],
    ids=["result", "lines"],
)
def test_a_control_character_from_a_header_is_escaped_where_it_is_written(
    written: Callable[[Run], Iterator[bytes]], tmp_path: Path
) -> None:
    location = "Location: https://evil.fault.test:1/\u009b2J\u202e".encode()
    policy = "Strict-Transport-Security: max-age=\u009b31m".encode()
    with (
        faults.serving_in_thread(bytes_served("tty", faults.whole(policy))) as secure,
        faults.serving_in_thread(
            bytes_served("plain", faults.whole(location, status=b"302 Found"), tls=False)
        ) as plain,
        scanned(
            tmp_path, [web_target("tty", secure.port, http_port=plain.port)], hosts={"tty": secure.address}
        ) as scan,
    ):
        data = b"".join(written(scan.run))
    assert b"\\u009b" in data, "it did get as far as this"
    assert [char for char in data.decode() if not char.isprintable() and char != "\n"] == []


# A credential on a name server's word --------------------------------------------------------------------


@pytest.mark.parametrize("by_resolver", [True, False], ids=["resolver", "hosts file"])
def test_a_name_server_does_not_have_a_credential_sent_to_whoever_listens_here(
    by_resolver: bool, tmp_path: Path
) -> None:
    """Another user of this machine listens on loopback with a certificate that nobody trusts."""
    secret = "s3cr3t-Qx7"
    heads: list[bytes] = []

    async def listen(reader: Reader, writer: Any) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await faults.say(writer, faults.whole(faults.HSTS))

    credential = Credential(headers=(("X-Api-Key", SecretSource(SecretKind.ENV, "API_KEY")),))
    with (
        in_thread(FaultyNameserver()) as nameserver,
        faults.serving_in_thread(Behaviour("listener", listen, tls=True)) as served,
    ):
        asked = web_target("ok", served.port, credential=credential)
        estate = Estate(
            targets=(asked,),
            scope=SCOPE,
            nameservers=(Nameserver(nameserver.address, nameserver.port),),
            source="test",
        )
        hosts = tmp_path / "hosts"
        hosts.write_text("" if by_resolver else f"127.0.0.1 {asked.parsed_url.host}\n")
        secrets = read_secrets(estate, tmp_path, {"API_KEY": secret})
        around = msgspec.structs.replace(
            look_around(estate, hosts), credentials=secrets.credentials, known=secrets.known
        )
        with performed(tmp_path, Assignment(estate, hasty(), (shipped()[UPTIME],), around)) as scan:
            assert scan.said("ok")[UPTIME] == (("unknown prerequisite",) if by_resolver else ("pass answers",))
    assert any(secret.encode() in it for it in heads) is not by_resolver


# Words that hold a part of a password ----------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["#", "/", "?", "\\"])
def test_a_port_that_may_be_the_beginning_of_a_password_is_not_repeated(sign: str) -> None:
    with pytest.raises(ConfigError) as error:
        estate_of_urls([f"https://admin:hunter2{sign}x@www.example.test/"])
    assert "hunter2" not in str(error.value)


# Requests that change something ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"])
def test_no_configured_header_makes_another_method_of_a_get(name: str, tmp_path: Path) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(
        f'[scope]\nnames = ["a.test"]\n[[target]]\nid = "a"\nurl = "https://a.test/"\nheaders = {{ {name} = "DELETE" }}\n'
    )
    with pytest.raises(ConfigError, match="is written by the scanner itself"):
        load_targets(file)


# Files in a folder that others can write to ------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE finding ADD COLUMN more GENERATED ALWAYS AS (printf('%.*c', 9, 'a') LIKE '%a%a')",
        "CREATE VIRTUAL TABLE more USING fts5(words)",
        "CREATE TABLE more (it)",
        "CREATE INDEX more ON finding (stored LIKE '%a%a')",
    ],
    ids=["computed", "virtual", "table", "index"],
)
def test_a_journal_with_tables_of_another_make_is_refused(statement: str, tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    finished(GOOD, BAD, path=path).close()
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()
    with pytest.raises(AlteredError, match="tables are not those"):
        Journal.open(path)


def test_nothing_is_read_from_a_journal_whose_first_table_computes(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value AS (name))")
    database.execute("INSERT INTO meta (name) VALUES ('format')")
    database.commit()
    database.close()
    with pytest.raises(JournalError, match="other tables"):
        Journal.open(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs files of two users")
def test_the_log_is_not_written_through_the_link_of_another(tmp_path: Path) -> None:
    precious, log = tmp_path / "precious", tmp_path / "state" / "pindai.log"
    precious.write_text("as it was")
    log.parent.mkdir()
    log.symlink_to(precious)
    os.chown(log, 65534, 65534, follow_symlinks=False)
    with pytest.raises(CommandError, match="cannot keep state here"):
        log_to(log.parent)
    assert precious.read_text() == "as it was"
