"""tls.certificate.consistency: the addresses of a name, two and two."""

from typing import Any

import msgspec
import pki
import pytest
from observed import HOST, exchange, handshake, judged, resolved, shipped, target
from observed_tls import SeenTls, sweeps
from served import ISSUING, SERVICE, presented, spoken, swept, verdicts

from scanner.derive.tls_certificates import Served
from scanner.derive.tls_facts import Swept, TlsVersion
from scanner.estate import AddressPolicy
from scanner.needs import At
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.certificate.consistency"]
ONE, OTHER, THIRD = "192.0.2.10", "192.0.2.11", "192.0.2.12"
EC = pki.leaf(ISSUING, [HOST])
EC_AGAIN = pki.leaf(ISSUING, [HOST])
RSA = pki.leaf(ISSUING, [HOST], key=pki.key("rsa", "second"))
SILENT = Unobserved(Reason.TIMEOUT, "nothing came")
SHORT = Unobserved(Reason.BUDGET, "the ceiling")
T12, T13 = TlsVersion.TLS12, TlsVersion.TLS13


def leaves(*entities: pki.Entity) -> tuple[Served, ...]:
    return tuple(presented(it, ISSUING) for it in entities)


def said(certificates: list[Any], spoken_there: list[Swept | Unobserved] | None = None) -> dict[str, str]:
    """Subject kind -> outcome, for what stands at each address."""
    names = [ONE, OTHER, THIRD]
    shown = [At(name, it) for name, it in zip(names, certificates, strict=False)]
    there = spoken_there or [swept()] * len(certificates)
    known = [At(name, it) for name, it in zip(names, there, strict=False)]
    return {
        it.subject.kind.removesuffix(" of addresses") if it.subject else "": it.outcome.key
        for it in verdicts(CHECK, SERVICE, tuple(shown), tuple(known))
    }


SAME = {"certificates": "same_certificates", "versions": "same_protocols", "suites": "same_suites"}


def test_two_alike() -> None:
    assert said([leaves(EC), leaves(EC)]) == SAME


def test_one_address_has_nothing_to_differ_from() -> None:
    assert said([leaves(EC)]) == {"": "one_address"}


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        (leaves(EC), leaves(EC_AGAIN), True),
        (leaves(EC), leaves(RSA), True),  # no kind of key in common
        (leaves(EC, RSA), leaves(EC), False),  # the second may have sent its RSA leaf to nobody
        (leaves(EC, RSA), leaves(EC_AGAIN, RSA), True),
        (leaves(EC, EC_AGAIN), leaves(EC), False),  # two machines behind the first address
    ],
)
def test_certificates(first: tuple[Served, ...], second: tuple[Served, ...], differ: bool) -> None:
    for pair in ([first, second], [second, first]):
        assert said(pair)["certificates"] == ("certificates" if differ else "same_certificates")


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        (swept(spoken(T12), spoken(T13)), swept(spoken(T12)), True),
        (swept(spoken(T12)), swept(spoken(T12)), False),
        (swept(spoken(T12), spoken(T13)), msgspec.structs.replace(swept(spoken(T12)), refused=()), False),
    ],
)
def test_versions(first: Swept, second: Swept, differ: bool) -> None:
    for pair in ([first, second], [second, first]):
        assert said([leaves(EC)] * 2, pair)["versions"] == ("protocols" if differ else "same_protocols")


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [
        (spoken(T12, 1, 2), spoken(T12, 2, 1), False),  # the order is another question
        (spoken(T12, 1, 2), spoken(T12, 1), True),
        (spoken(T12, 1, 2), spoken(T12, 1, suites_short=SHORT), False),
        (spoken(T12, 1, suites_short=SHORT), spoken(T12, 2), True),  # the first takes one that the second does not
        (spoken(T12, 1), spoken(T13, 2), False),  # a version that one refuses is no matter of suites
    ],
)
def test_suites(first: Any, second: Any, differ: bool) -> None:
    for pair in ([swept(first), swept(second)], [swept(second), swept(first)]):
        assert said([leaves(EC)] * 2, pair)["suites"] == ("suites" if differ else "same_suites")


def test_a_difference_is_one_whoever_else_is_silent() -> None:
    assert said([leaves(EC), SILENT, leaves(EC_AGAIN)])["certificates"] == "certificates"


def test_agreement_needs_every_address() -> None:
    found = said([leaves(EC), leaves(EC), SILENT], [swept(), SILENT, swept()])
    assert found == dict.fromkeys(SAME, "unknown")


def test_all_addresses_of_a_target_are_held_together(monkeypatch: pytest.MonkeyPatch) -> None:
    old = swept(spoken(T12), spoken(TlsVersion.TLS10))
    sweeps(monkeypatch, {ONE: swept(), OTHER: old})
    both = resolved(ONE, OTHER)
    seen = {
        ONE: SeenTls(resolution=both, home=exchange(tls=handshake(EC.der, ISSUING.der))),
        OTHER: SeenTls(resolution=both, home=exchange(tls=handshake(EC_AGAIN.der, ISSUING.der))),
    }
    findings = judged(CHECK, seen, of=target(addresses=AddressPolicy.ALL))
    found = {it.subject.kind: it for it in findings}
    assert {kind: it.outcome for kind, it in found.items()} == {
        "certificates of addresses": "certificates",
        "versions of addresses": "protocols",
        "suites of addresses": "same_suites",
    }
    versions = found["versions of addresses"]
    assert versions.message.en == f"{OTHER} accepts TLSv1.0, and {ONE} refuses it"
    assert {it.address for it in versions.sightings} == {ONE, OTHER}
    assert len(versions.evidence) >= 4, "what was seen at both addresses is cited"
