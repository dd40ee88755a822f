"""tls.certificate.multiple: one leaf or several, and what comes for no name and for an unknown one."""

import pki
import pytest
from observed import ADDRESS, HOST, SEEN, Seen, exchange, handshake, judged, shipped, target
from observed_tls import SeenTls, sweeps
from pki import DAY
from served import ISSUING, SERVICE, chain_of, outcome, presented, spoken, swept, verdicts

from scanner.derive.tls_facts import Sessions, TlsVersion
from scanner.estate import StartTls
from scanner.findings import Finding, State
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.certificate.multiple"]
EC = pki.leaf(ISSUING, [HOST])
RSA = pki.leaf(ISSUING, [HOST], key=pki.key("rsa", "second"))
OTHERS = pki.leaf(ISSUING, ["other.test", "third.test"], key=pki.key("ec", "others"))
NOT_SEEN = Unobserved(Reason.TIMEOUT, "nothing came")


def test_one_certificate() -> None:
    assert outcome(verdicts(CHECK, SERVICE, (presented(EC, ISSUING),), swept(), Sessions())) == "one"


def test_several_certificates() -> None:
    leaves = presented(EC, ISSUING), presented(RSA, ISSUING, label="RSA")
    (verdict,) = verdicts(CHECK, SERVICE, leaves, swept(), Sessions())
    assert (verdict.outcome.key, verdict.arguments["kinds"]) == ("several", "EC, RSA")


def test_what_was_not_swept_is_not_called_the_only_one() -> None:
    leaves = (presented(EC, ISSUING),)
    assert outcome(verdicts(CHECK, SERVICE, leaves, NOT_SEEN, NOT_SEEN)) == "unknown: timeout"
    assert outcome(verdicts(CHECK, SERVICE, leaves, NOT_SEEN, Sessions())) == "one"


@pytest.mark.parametrize(
    ("for_nobody", "noted"),
    [
        (None, False),
        (NOT_SEEN, False),
        (chain_of(EC, ISSUING), False),  # the service's own is no other's
        (chain_of(OTHERS, ISSUING), True),
    ],
)
@pytest.mark.parametrize(("field", "key"), [("for_no_name", "without_name"), ("for_unknown_name", "unknown_name")])
def test_what_others_are_sent(field: str, key: str, for_nobody: object, noted: bool) -> None:
    found = verdicts(CHECK, SERVICE, (presented(EC, ISSUING),), swept(**{field: for_nobody}), Sessions())
    assert [it.outcome.key for it in found] == (["one", key] if noted else ["one"])
    if noted:
        assert found[1].arguments["names"] == "other.test, third.test"


# --- every leaf is a subject of the certificate checks ----------------------------------------------------------

EXPIRED = pki.leaf(ISSUING, [HOST], key=pki.key("rsa", "second"), not_after=SEEN - DAY)
MISNAMED = pki.leaf(ISSUING, ["other.test"], key=pki.key("rsa", "second"))
SMALL = pki.leaf(ISSUING, [HOST], key=pki.key("dsa", "second"))


def said(seen: SeenTls, *ids: str) -> dict[tuple[str, str], str]:
    findings = judged([shipped()[it] for it in (*ids, "tls.certificate.multiple")], seen)
    return {(it.check, it.subject.key): it.outcome for it in findings}


def with_second(leaf: pki.Entity, monkeypatch: pytest.MonkeyPatch) -> SeenTls:
    """A server that sends `EC` to us and another leaf to clients that read RSA only."""
    sweeps(monkeypatch, {ADDRESS: swept(spoken(chains=(chain_of(leaf, ISSUING), chain_of(EC, ISSUING))))})
    return SeenTls(home=exchange(tls=handshake(EC.der, ISSUING.der)))


@pytest.mark.parametrize(
    ("second", "check", "key", "result"),
    [
        (RSA, "tls.certificate.expiry", "RSA", "in_time"),
        (EXPIRED, "tls.certificate.expiry", "RSA", "expired"),
        (RSA, "tls.certificate.name", "RSA", "match"),
        (MISNAMED, "tls.certificate.name", "RSA", "mismatch"),
        (SMALL, "tls.certificate.key", "DSA", "obsolete"),
        (EXPIRED, "tls.certificate.chain", "RSA", "trusted"),
    ],
)
def test_a_second_certificate_is_judged_for_itself(
    second: pki.Entity, check: str, key: str, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = said(with_second(second, monkeypatch), check)
    assert found[check, f"{HOST}:443 {key}"] == result
    assert found[check, f"{HOST}:443"] in {"in_time", "match", "strong", "trusted"}, "the first is not made worse by it"
    assert found["tls.certificate.multiple", f"{HOST}:443"] == "several"


def test_a_sweep_that_failed_takes_nothing_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps(monkeypatch, {ADDRESS: NOT_SEEN})
    found = said(SeenTls(), "tls.certificate.expiry")
    assert found == {
        ("tls.certificate.expiry", f"{HOST}:443"): "in_time",
        ("tls.certificate.multiple", f"{HOST}:443"): "unknown",
    }


def test_the_certificate_checks_ask_for_no_sweep() -> None:
    findings: tuple[Finding, ...] = judged(shipped()["tls.certificate.expiry"], Seen())
    assert [(it.state, it.outcome) for it in findings] == [(State.PASS, "in_time")]


def test_a_leaf_known_from_first_flights_only_has_its_faults_and_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own handshake fails with an old server, which still shows its chain in the first flight."""
    seen = SeenTls(home=exchange(tls=Unobserved(Reason.TLS_ALERT, "protocol version")))
    for leaf, result in ((EC, "unknown"), (EXPIRED, "expired")):
        old = spoken(TlsVersion.TLS10, chains=(chain_of(leaf, ISSUING),))
        sweeps(monkeypatch, {ADDRESS: swept(old)})
        assert said(seen, "tls.certificate.expiry")["tls.certificate.expiry", f"{HOST}:443"] == result


# --- services that begin TLS by STARTTLS ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaf", "proven", "result"),
    [(EC, True, "in_time"), (EXPIRED, True, "expired"), (EC, False, "unknown"), (EXPIRED, False, "expired")],
)
def test_the_certificate_of_a_port_with_starttls_is_a_subject_of_its_own(
    leaf: pki.Entity, proven: bool, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Sessions(chains=(chain_of(leaf, ISSUING, proven=proven),))
    sweeps(monkeypatch, {ADDRESS: NOT_SEEN}, {ADDRESS: whole})
    mail = target(starttls=(StartTls("smtp", 25),))
    findings = judged(shipped()["tls.certificate.expiry"], SeenTls(), of=mail)
    assert {it.subject.key: it.outcome for it in findings} == {f"{HOST}:443": "in_time", f"{HOST}:25": result}
    assert len({it.fingerprint for it in findings}) == 2


def test_a_port_with_starttls_that_is_silent_is_not_judged_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps(monkeypatch, {ADDRESS: NOT_SEEN})
    findings = judged(shipped()["tls.certificate.name"], SeenTls(), of=target(starttls=(StartTls("smtp", 25),)))
    assert {it.subject.key: it.state for it in findings} == {f"{HOST}:443": State.PASS, f"{HOST}:25": State.UNKNOWN}
