"""dns.unlisted: names of the estate that services show and no list has."""

from datetime import date
from typing import Any

import msgspec
import pki
import pytest
from estates import concluded, outcomes, service, shows
from observed import ADDRESS, HOST, Seen, authority, dns_answer, failed, moved, shipped, target

from scanner.estate import Population, PopulationService
from scanner.findings import State
from scanner.observations.dns import Response
from scanner.observations.observation import Observation, digest, encode
from scanner.observations.steps import Reason
from scanner.probes.dns import Resolve
from scanner.probes.probe import Probe
from scanner.scope import Scope

CHECK = shipped()["dns.unlisted"]


def certificate(*dns: str) -> tuple[bytes, ...]:
    _, issuing = authority()
    return (pki.leaf(issuing, dns, key=pki.key("ec", "own")).der, issuing.der)


def said(*names: str, scope: tuple[str, ...] = ("*.example.test",), location: str = "", **estate: object) -> list[str]:
    """What is said of one service, at www.example.test, whose certificate has these names."""
    sights = [(target(http_port=None), shows(*certificate(HOST, *names), location=location))]
    return outcomes(concluded(CHECK, sights, scope=Scope(names=scope), **estate))["www"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), ["listed"]),
        (("app.example.test",), ["in_certificate"]),
        (("APP.example.test",), ["in_certificate"]),
        (("deep.app.example.test", "old.example.test"), ["in_certificate", "in_certificate"]),
        (("*.example.test",), ["listed"]),
        (("example.test",), ["listed"]),  # the twin of www.example.test
        (("www.app.example.test", "app.example.test"), ["in_certificate", "in_certificate"]),
        (("elsewhere.test", "notexample.test", "example.test.evil.test"), ["listed"]),
        (("under_score.example.test",), ["in_certificate"]),
    ],
)
def test_names_in_a_certificate(names: tuple[str, ...], expected: list[str]) -> None:
    assert said(*names) == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (("*.example.test",), "in_certificate"),
        (("example.test", "www.example.test"), "in_certificate"),
        (("www.example.test",), "listed"),
        (("*.other.test", "www.example.test"), "listed"),
    ],
)
def test_only_names_in_the_domains_of_the_scope_count(scope: tuple[str, ...], expected: str) -> None:
    assert said("app.example.test", scope=scope) == [expected]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://masuk.example.test/login", "in_redirect"),
        ("/login", "listed"),
        ("https://elsewhere.test/", "listed"),
        ("http://[", "listed"),
    ],
)
def test_names_that_visitors_are_sent_to(location: str, expected: str) -> None:
    assert said(location=location) == [expected]


def test_the_walk_from_plain_http_shows_names_too() -> None:
    seen = Seen(hops=(moved("https://lama.example.test/"),), walk_next="https://lama.example.test/")
    assert outcomes(concluded(CHECK, [(target(), seen)], scope=Scope(names=("*.example.test",)))) == {
        "www": ["in_redirect"]
    }


class Aliased(Seen):
    """A service whose name stands for another one."""

    def of(self, probe: Probe[Any]) -> tuple[Observation, ...]:
        """The resolution with the answer that it was made from."""
        if not isinstance(probe, Resolve):
            return super().of(probe)
        records = ((HOST, "CNAME", "Node7.example.test."), ("node7.example.test", "A", ADDRESS))
        answer = msgspec.structs.replace(
            dns_answer(HOST, "A", ()), outcome=Response("NOERROR", False, False, records, (), b"\0\0\x81\x80")
        )
        (resolution,) = super().of(probe)
        return msgspec.structs.replace(resolution, parts=(digest(encode(answer)),)), answer


def test_what_the_name_stands_for() -> None:
    found = concluded(CHECK, [(target(http_port=None), Aliased())], scope=Scope(names=("*.example.test",)))
    assert outcomes(found) == {"www": ["in_alias"]}


def test_targets_and_services_of_the_official_list_are_listed() -> None:
    listed = Population("SK", date(2026, 1, 1), services=(PopulationService("App", hosts=("app.example.test",)),))
    names = certificate(HOST, "app.example.test", "shop.example.test", "new.example.test")
    sights = [(target(http_port=None), shows(*names)), (service("shop"), shows(*certificate("shop.example.test")))]
    found = concluded(CHECK, sights, scope=Scope(names=("*.example.test",)), population=listed)
    assert [(it.target, it.subject.key) for it in found if it.state is State.FAIL] == [("www", "new.example.test")]
    assert outcomes(found)["shop"] == ["listed"]


def test_a_name_is_written_down_once_for_each_unit_that_shows_it() -> None:
    names = certificate("*.example.test", "new.example.test")
    units = {"a1": "A", "a2": "A", "b1": "B", "n1": ""}
    sights = [(service(name, unit), shows(*names)) for name, unit in units.items()]
    found = concluded(CHECK, sights, scope=Scope(names=("*.example.test",)))
    fails = [it for it in found if it.state is State.FAIL]
    assert [it.target for it in fails] == ["a1", "b1", "n1"]
    assert {it.message.en for it in fails} == {
        "new.example.test stands in the certificate of 4 services and in no list of this scan"
    }
    assert {it.severity for it in fails} == {"info"}


def test_what_an_unread_part_of_the_configuration_lists_is_not_known() -> None:
    assert said("app.example.test", problems=("units/b.toml: cannot be read",)) == ["unknown: inconclusive"]
    assert said(problems=("units/b.toml: cannot be read",)) == ["listed"]


def test_without_domains_in_the_scope_the_question_does_not_arise() -> None:
    assert said("app.example.test", scope=()) == ["not_applicable"]


def test_nothing_is_listed_of_a_service_that_showed_nothing() -> None:
    closed = Seen(home=failed("connect", Reason.REFUSED))
    assert outcomes(concluded(CHECK, [(target(), closed)], scope=Scope(names=("*.example.test",)))) == {
        "www": ["unknown: refused"]
    }


def test_more_names_than_are_noted_are_told_as_such() -> None:
    names = [f"n{number}.example.test" for number in range(130)]
    found = said(*names)
    assert found.count("in_certificate") == 100
    assert found[-1] == "unknown: too_large"


def test_a_service_over_plain_http_shows_where_it_leads() -> None:
    plain = target("plain", "http://plain.example.test/", http_port=None)
    seen = Seen(home=moved("http://next.example.test/", url="http://plain.example.test/"))
    seen = seen.but(hops=(seen.home,), walk_next="http://next.example.test/")
    assert outcomes(concluded(CHECK, [(plain, seen)], scope=Scope(names=("*.example.test",))))["plain"] == [
        "in_redirect"
    ]
