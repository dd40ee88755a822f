"""`--tls-policy`: other policies held against a stored run, labelled as deciding nothing, the same from the same evidence."""

import asyncio
import json
from pathlib import Path

import jsonschema
import msgspec
import observed
import pytest
from tls_servers import HOST, Bench, endpoint, nginx

from scanner.derive.tls_facts import TlsVersion
from scanner.derive.tls_policy import Topic, is_on_a_list
from scanner.findings import State
from scanner.observations.observation import Observation
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.plan import resolving
from scanner.policies import Grade, OriginCertainty, PolicyError, load_policy, policy_names
from scanner.probes.tls.code_points import group_name, signature_scheme_name, suite_name
from scanner.probes.tls.sweep import TlsSweep
from scanner.registry import discover
from scanner.reports.look import Look
from scanner.reports.result_json import result_json
from scanner.reports.schemas import RESULT_FILE
from scanner.reports.tls_policies import (
    GRADES,
    TOPICS,
    DeviationTold,
    HeldAgainst,
    PoliciesTold,
    PolicyAsked,
    policies_told,
    policy_lines,
)
from scanner.run import Run

SCHEMA = json.loads((Path(__file__).parents[3] / "schema" / RESULT_FILE).read_text("utf-8"))
BOTH = ("mozilla-intermediate", "mozilla-modern")
OLD = "ssl_protocols TLSv1 TLSv1.2; ssl_ciphers ECDHE+AESGCM:AES128-SHA:@SECLEVEL=0; ssl_ecdh_curve X25519;"
PORT = 443


@pytest.fixture(scope="module")
def hellos(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    """A sweep of a server with TLS 1.0 and a suite without forward secrecy."""
    with nginx(tmp_path_factory.mktemp("old"), OLD, kinds=("ec", "rsa")) as (port,):
        return asyncio.run(TlsSweep.of(endpoint(port), "").observe(Bench(connections=200)))


def run_with(*seen: Observation, url: str = f"https://{HOST}/") -> Run:
    """A run of one target with these sweeps filed, as the collector files them."""
    asked = observed.target(url=url)
    journal = observed.new_journal(observed.manifest([asked], [discover()["tls.protocol.modern"]]))
    resolve = resolving(asked)
    filed = {resolve: observed.resolved(host=HOST)}
    for it in seen:
        assert isinstance(it, TlsHellos)
        filed[TlsSweep.of(it.endpoint, it.starttls)] = it
    observed.commit(journal, asked.id, filed)
    return Run(journal)


def silent(port: int = PORT, starttls: str = "") -> TlsHellos:
    """A sweep that nobody answered."""
    why = Unobserved(Reason.TIMEOUT, "no answer to a hello within 3 s")
    at = endpoint(port)
    return TlsHellos(started=observed.SEEN, took_ms=1.0, endpoint=at, sni=HOST, starttls=starttls, failure=why)


def text(run: Run, *names: str, width: int = 80, language: str = "en", everything: bool = False) -> str:
    look = Look(width, ascii_only=False, colour=False)
    return b"".join(policy_lines(policies_told(run, names), language, look, everything=everything)).decode()


@pytest.mark.system("nginx")
def test_each_service_is_held_against_each_policy(hellos: Observation) -> None:
    told = policies_told(run_with(hellos), BOTH)
    assert [it.name for it in told.policies] == list(BOTH)
    assert [it.policy for it in told.services] == list(BOTH)
    found = {it.policy: {(one.topic, one.name) for one in it.deviations} for it in told.services}
    assert found["mozilla-intermediate"] == {
        (Topic.VERSION, "TLSv1.0"),
        (Topic.SUITE, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    }
    assert found["mozilla-modern"] == {(Topic.VERSION, "TLSv1.0"), (Topic.VERSION, "TLSv1.2")}
    (one,) = [it for it in told.services[0].deviations if it.topic is Topic.SUITE]
    assert (one.grade, one.certainty, one.place) == (
        Grade.INSUFFICIENT,
        "verbatim",
        "configurations.intermediate.ciphersuites, ciphers.iana",
    )
    assert "Mozilla" in one.source


@pytest.mark.system("nginx")
def test_the_same_evidence_gives_the_same(hellos: Observation) -> None:
    run = run_with(hellos)
    assert b"".join(result_json(run, BOTH)) == b"".join(result_json(run, BOTH))


@pytest.mark.system("nginx")
def test_the_result_fits_its_schema(hellos: Observation) -> None:
    document = json.loads(b"".join(result_json(run_with(hellos, silent()), BOTH)))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert len(document["tls_policies"]["services"]) == 4


def test_without_the_option_nothing_is_there() -> None:
    document = json.loads(b"".join(result_json(run_with(silent()))))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert "tls_policies" not in document
    assert text(run_with(silent())) == ""


def test_findings_do_not_change_with_it() -> None:
    """It decides nothing: whatever else is asked for, the verdicts stand as they were recorded."""
    run = run_with(silent())
    without = json.loads(b"".join(result_json(run)))
    beside = json.loads(b"".join(result_json(run, BOTH)))
    assert {key: beside[key] for key in without} == without


@pytest.mark.system("nginx")
def test_a_terminal_says_that_it_decides_nothing(hellos: Observation) -> None:
    told = text(run_with(hellos), "mozilla-intermediate")
    assert told.startswith("\nHeld against mozilla-intermediate 6.0: this decides nothing\n")
    assert "on none of its lists: version: TLSv1.0" in told
    assert "on none of its lists: suite TLSv1.2: TLS_RSA_WITH_AES_128_CBC_SHA" in told
    assert "memory" not in told
    assert State.PASS not in told


@pytest.mark.system("nginx")
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_asked_for(hellos: Observation, width: int) -> None:
    lines = text(run_with(hellos, silent()), *BOTH, width=width, everything=True).splitlines()
    assert all(len(line) <= width or " " not in line.strip() for line in lines)


def test_a_service_that_was_not_seen_has_no_deviations_and_says_so() -> None:
    told = policies_told(run_with(silent()), BOTH[:1])
    (only,) = told.services
    assert only.deviations == ()
    assert [(it.what, it.reason) for it in only.open] == [("service", Reason.TIMEOUT)]
    shown = text(run_with(silent()), BOTH[0])
    assert "nothing was seen: timed out" in shown or "nothing was seen:" in shown
    assert "no deviation" not in shown


def test_a_run_without_tls() -> None:
    told = policies_told(run_with(url=f"http://{HOST}/"), BOTH)
    assert told.services == ()
    assert "no TLS service was looked at" in text(run_with(url=f"http://{HOST}/"), BOTH[0])


def test_services_of_other_ports_follow_the_own_one() -> None:
    told = policies_told(run_with(silent(25, "smtp"), silent()), BOTH[:1])
    assert [(it.service, it.starttls) for it in told.services] == [(f"{HOST}:443", ""), (f"{HOST}:25", "smtp")]


def test_not_too_many_services_unless_all_are_wanted() -> None:
    run = run_with(*map(silent, range(9000, 9014)))
    assert "4 more services (--all)" in text(run, BOTH[0])
    assert "more service" not in text(run, BOTH[0], everything=True)


def test_a_policy_twice_is_one_and_one_that_is_not_there_an_error() -> None:
    assert len(policies_told(run_with(silent()), [BOTH[0], BOTH[0]]).policies) == 1
    with pytest.raises(PolicyError, match="there is no TLS policy 'x'"):
        policies_told(run_with(silent()), ["x"])


def test_every_topic_and_every_grade_outside_has_words() -> None:
    assert set(TOPICS) == set(Topic)
    assert set(GRADES) == {it for it in Grade if not it.is_inside}


def lines_of(*found: DeviationTold, policy: str) -> str:
    """What a terminal shows of these deviations."""
    asked = PolicyAsked(policy, load_policy(policy).edition, "")
    held = HeldAgainst(policy, "t", f"{HOST}:443", "", "", found, ())
    look = Look(200, ascii_only=False, colour=False)
    return b"".join(policy_lines(PoliciesTold((asked,), (held,)), "en", look)).decode()


def told_of(name: str, grade: Grade, certainty: OriginCertainty, topic: Topic = Topic.SUITE) -> DeviationTold:
    return DeviationTold(topic, grade, name, TlsVersion.TLS12, "", "source", "place", certainty)


@pytest.mark.parametrize(
    ("certainty", "words"),
    [
        (OriginCertainty.VERBATIM, "phase out: suite"),
        (OriginCertainty.PARAPHRASE, "phase out: suite"),
        (OriginCertainty.MEMORY, "phase out (from memory): suite"),
        (OriginCertainty.INFERENCE, "phase out (our inference): suite"),
    ],
)
def test_how_sure_a_grade_is_stands_beside_it(certainty: OriginCertainty, words: str) -> None:
    assert words in lines_of(told_of("A", Grade.PHASE_OUT, certainty), policy="pindai-gov")


def test_grades_of_other_certainty_are_not_told_together() -> None:
    one, other = (
        told_of(name, Grade.PHASE_OUT, it)
        for name, it in (("A", OriginCertainty.VERBATIM), ("B", OriginCertainty.MEMORY))
    )
    shown = lines_of(one, other, policy="pindai-gov")
    assert "phase out: suite TLSv1.2: A\n" in shown
    assert "phase out (from memory): suite TLSv1.2: B\n" in shown


@pytest.mark.parametrize("name", policy_names())
def test_only_a_policy_whose_lists_are_all_from_memory_says_so_at_its_head(name: str) -> None:
    assert ("not to be quoted" in lines_of(policy=name)) is (name == "nist-sp800-52r2")


@pytest.mark.parametrize("name", policy_names())
def test_what_a_policy_names_is_on_its_lists_and_the_rest_is_not(name: str) -> None:
    """By the names of IANA, under which deviations are told."""
    policy = load_policy(name)
    for block in policy.suites:
        for version in block.versions:
            for number in block.values.values():
                assert is_on_a_list(policy, Topic.SUITE, suite_name(number), TlsVersion(version))
    for block in policy.groups:
        assert all(is_on_a_list(policy, Topic.GROUP, group_name(it)) for it in block.values.values())
    for block in policy.schemes:
        assert all(is_on_a_list(policy, Topic.SIGNATURE, signature_scheme_name(it)) for it in block.values.values())
    assert not is_on_a_list(policy, Topic.SUITE, "0xABCD", TlsVersion.TLS12)
    assert not is_on_a_list(policy, Topic.GROUP, "0x7777")
    assert not is_on_a_list(policy, Topic.SIGNATURE, "0x7777")
    assert is_on_a_list(policy, Topic.DH, "DH-1024")  # its size is what the rule is about
    assert is_on_a_list(policy, Topic.KEY, "RSA 1024")


def test_a_finite_field_group_is_judged_by_name_unless_it_is_too_small() -> None:
    policy = load_policy("mozilla-modern")
    assert not is_on_a_list(policy, Topic.DH, "ffdhe4096")


def test_what_is_told_can_be_read_back() -> None:
    told = policies_told(run_with(silent()), BOTH)
    assert msgspec.json.decode(msgspec.json.encode(told), type=type(told)) == told
