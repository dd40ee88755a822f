"""tls.shared_key: who keeps one key in unrelated places, and who shares it for good reasons."""

import msgspec
import pki
import pytest
from estates import concluded, outcomes, service, shows
from observed import Seen, authority, chain, exchange, failed, resolved, shipped, target

from scanner.findings import Finding, State
from scanner.observations.http import BrokenHandshake
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["tls.shared_key"]
HERE, NEXT_DOOR, FAR, FARTHER = "192.0.2.10", "192.0.2.77", "198.51.100.9", "203.0.113.4"


def of_key(label: str, *dns: str) -> tuple[bytes, ...]:
    """A chain of its own for a key."""
    _, issuing = authority()
    return (pki.leaf(issuing, dns or ("www.example.test",), key=pki.key("ec", label)).der, issuing.der)


SAME = of_key("shared")
TWIN = of_key("shared", "other.example.test")
OTHER = of_key("own")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [  # (unit, chain, addresses) of two services
        pytest.param(("A", SAME, HERE), ("B", SAME, FAR), "several_units", id="copied to another unit"),
        pytest.param(("A", SAME, HERE), ("B", TWIN, FAR), "several_units", id="another unit, another certificate"),
        pytest.param(("A", SAME, HERE), ("A", TWIN, FAR), "several_certificates", id="one unit, two certificates"),
        pytest.param(("", SAME, HERE), ("", TWIN, FAR), "several_certificates", id="no unit told, two certificates"),
        pytest.param(("A", SAME, HERE), ("A", SAME, FAR), "not_spread", id="one unit, one certificate, two places"),
        pytest.param(("Dinas A", SAME, HERE), ("dinas  a", SAME, FAR), "not_spread", id="one unit spelled twice"),
        pytest.param(("A", SAME, HERE), ("", SAME, FAR), "not_spread", id="the unit of one is not told"),
        pytest.param(("A", SAME, HERE), ("B", SAME, HERE), "not_spread", id="one proxy"),
        pytest.param(("A", SAME, HERE), ("B", TWIN, HERE), "not_spread", id="one proxy, two certificates"),
        pytest.param(("A", SAME, HERE), ("B", TWIN, NEXT_DOOR), "not_spread", id="one network"),
        pytest.param(
            ("A", SAME, f"{HERE} {FAR}"), ("B", SAME, f"{FARTHER} {FAR}"), "not_spread", id="joined by a name"
        ),
        pytest.param(("A", SAME, "2001:db8::1"), ("B", SAME, "2001:db8:0:7::1"), "not_spread", id="one IPv6 site"),
        pytest.param(("A", SAME, "2001:db8::1"), ("B", SAME, "2001:db8:1::1"), "several_units", id="two IPv6 sites"),
        pytest.param(("A", SAME, HERE), ("B", OTHER, FAR), "not_spread", id="two keys"),
    ],
)
def test_who_shares_a_key(
    one: tuple[str, tuple[bytes, ...], str], other: tuple[str, tuple[bytes, ...], str], expected: str
) -> None:
    sights = [
        (service(name, unit=unit), shows(*sent, at=at)) for name, (unit, sent, at) in (("www", one), ("app", other))
    ]
    assert outcomes(concluded(CHECK, sights)) == {"www": [expected], "app": [expected]}


def test_one_proxy_of_several_units_at_two_sites_is_one_keeper() -> None:
    sights = [
        (service(name, unit=unit), shows(*SAME, at=at))
        for name, unit, at in (("a1", "A", HERE), ("b1", "B", HERE), ("a2", "A", FAR), ("b2", "B", FAR))
    ]
    assert set(map(tuple, outcomes(concluded(CHECK, sights)).values())) == {("not_spread",)}


def test_the_key_of_a_proxy_of_several_that_one_of_them_has_at_home_too() -> None:
    sights = [
        (service(name, unit=unit), shows(*SAME, at=at))
        for name, unit, at in (("a1", "A", HERE), ("b1", "B", HERE), ("a2", "A", FAR))
    ]
    assert set(map(tuple, outcomes(concluded(CHECK, sights)).values())) == {("several_units",)}


def shared_by_three() -> tuple[Finding, ...]:
    units = (("www", "A", HERE), ("app", "B", FAR), ("old", "C", FARTHER))
    sights = [(service(name, unit=unit), shows(*SAME, at=at)) for name, unit, at in units]
    alone = (service("alone", unit="D"), shows(*OTHER, at="192.0.2.200"))
    return concluded(CHECK, [*sights, alone])


def test_one_key_is_one_fault_with_a_finding_at_each_service() -> None:
    found = [it for it in shared_by_three() if it.state is State.FAIL]
    assert {it.target for it in found} == {"www", "app", "old"}
    assert len({it.subject for it in found}) == 1
    assert {it.subject.kind for it in found} == {"key"}
    assert len({it.fingerprint for it in found}) == 3
    assert found[0].message.en.startswith("One private key serves 3 services of 3 units at unrelated addresses")


def test_a_finding_rests_on_what_was_seen_at_the_others_too() -> None:
    findings = {it.target: it for it in shared_by_three()}
    shared = set(findings["www"].evidence)
    assert shared == set(findings["app"].evidence) == set(findings["old"].evidence)
    assert not shared <= set(findings["alone"].evidence)
    assert len(shared) > len(findings["alone"].evidence)


def test_a_pass_says_with_how_many_it_was_compared() -> None:
    (alone,) = [it for it in shared_by_three() if it.target == "alone"]
    assert (alone.state, alone.message.arguments) == (State.PASS, {"others": 3})


def test_of_one_service_alone_there_is_nothing_to_say() -> None:
    assert outcomes(concluded(CHECK, [(target(), Seen())])) == {"www": ["not_applicable"]}


def test_where_no_other_key_was_seen_nothing_was_compared() -> None:
    closed = Seen(home=failed("connect", Reason.REFUSED))
    found = outcomes(concluded(CHECK, [(service("www"), shows(*SAME)), (service("app"), closed)]))
    assert found == {"www": ["unknown: prerequisite"], "app": ["unknown: refused"]}


def test_a_server_that_did_not_show_its_key_is_not_said_to_have_it() -> None:
    """A chain is public: anybody can send it."""
    why = Unobserved(Reason.TLS_ALERT, "certificate required")
    unproven = Seen(resolution=resolved(FAR), home=failed("answer", Reason.TLS_ALERT))
    unproven = unproven.but(home=msgspec.structs.replace(unproven.home, tls=BrokenHandshake(chain(), why)))
    sights = [(service("www", "A"), shows(at=HERE)), (service("app", "B"), unproven)]
    assert outcomes(concluded(CHECK, sights)) == {"www": ["unknown: prerequisite"], "app": ["unknown: tls_alert"]}


def test_a_service_over_plain_http_has_no_key() -> None:
    plain = target("plain", "http://plain.example.test/", http_port=None)
    sights = [
        (service("www"), shows(*SAME)),
        (service("app"), shows(*OTHER)),
        (plain, Seen(home=exchange(url=plain.url))),
    ]
    assert outcomes(concluded(CHECK, sights))["plain"] == ["not_applicable"]


def test_a_run_that_was_stopped_says_what_it_saw_and_passes_nobody() -> None:
    sights = [
        (service("www", "A"), shows(*SAME, at=HERE)),
        (service("app", "B"), shows(*SAME, at=FAR)),
        (service("alone", "C"), shows(*OTHER, at=FARTHER)),
        (service("never", "D"), None),
    ]
    assert outcomes(concluded(CHECK, sights)) == {
        "www": ["several_units"],
        "app": ["several_units"],
        "alone": ["unknown: interrupted"],
    }
