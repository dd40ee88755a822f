"""The official list held against the targets: what is counted, what is not, and what the list cannot say."""

from collections.abc import Iterable
from datetime import date

import pytest
from observed import commit, manifest, new_journal

from scanner.assessment import MAX_NAMED, PopulationFigures, RegisteredService, assess, population_figures
from scanner.estate import Population, PopulationService, PopulationUnit, Target
from scanner.parse.list_name import name_key
from scanner.run import Run


def service(name: str = "Portal", unit: str = "Kominfo", *hosts: str) -> PopulationService:
    return PopulationService(name, unit, hosts=hosts)


def target(name: str, url: str = "https://elsewhere.test/", service: str = "", unit: str = "") -> Target:
    return Target(id=name, url=url, service=service, unit=unit)


def figures(
    services: Iterable[PopulationService],
    *targets: Target,
    units: Iterable[PopulationUnit] = (),
    observed: Iterable[str] = (),
) -> PopulationFigures:
    population = Population("SK 1/2026", date(2026, 1, 31), tuple(units), tuple(services))
    return population_figures(population, targets, dict.fromkeys(observed, True))


@pytest.mark.parametrize(
    ("registered", "one", "listed", "stranger"),
    [
        (service("Portal", "Kominfo"), target("a", service="Portal", unit="Kominfo"), 1, 0),
        (service("E-Arsip  Kota", "Dinas A"), target("a", service="e-arsip kota", unit="DINAS  A"), 1, 0),
        (service("Portal", "Kominfo"), target("a", service="Portal", unit="Setda"), 0, 1),
        (service("Portal", "Kominfo"), target("a", service="Portal"), 0, 1),
        (service("Portal", ""), target("a", service="Portal", unit="Setda"), 1, 0),
        (service("", "Kominfo"), target("a", unit="Kominfo"), 0, 1),
        (service("Portal", "Kominfo", "www.a.test"), target("a", "https://www.a.test/x"), 1, 0),
        (service("Portal", "Kominfo", "www.a.test"), target("a", "https://a.test/"), 0, 1),
        (service("Portal", "Kominfo", "www.a.test"), target("a", "https://b.test/", "Portal", "Kominfo"), 1, 0),
    ],
    ids=[
        "name",
        "spelling",
        "other unit",
        "no unit",
        "list without unit",
        "no name",
        "host",
        "other host",
        "name or host",
    ],
)
def test_which_service_a_target_belongs_to(
    registered: PopulationService, one: Target, listed: int, stranger: int
) -> None:
    found = figures([registered], one)
    assert (found.services_listed, found.targets_not_registered_count) == (listed, stranger)


def test_a_host_that_services_share_tells_of_none_of_them() -> None:
    both = [service("Portal", "Kominfo", "www.a.test"), service("PPID", "Kominfo", "www.a.test")]
    found = figures(both, target("a", "https://www.a.test/"), observed=["a"])
    assert (found.services_listed, found.services_observed, found.targets_not_registered) == (0, 0, ())


def test_a_service_is_observed_when_one_of_its_targets_is() -> None:
    mine = [target("a", service="Portal", unit="Kominfo"), target("b", service="Portal", unit="Kominfo")]
    assert figures([service()], *mine).services_observed == 0
    assert figures([service()], *mine, observed=["b"]).services_observed == 1


def test_units_are_counted_by_the_list_and_by_what_was_looked_at() -> None:
    units = [
        PopulationUnit("Kominfo"),
        PopulationUnit("Setda"),
        PopulationUnit("Camat", no_service=True, declaration="x"),
    ]
    services = [service("Portal", "Kominfo"), service("JDIH", "Setda", "jdih.a.test")]
    mine = [target("a", service="Portal", unit="kominfo"), target("b", "https://jdih.a.test/")]
    found = figures(services, *mine, units=units, observed=["b"])
    assert (found.units, found.units_without_service, found.units_listed, found.units_observed) == (3, 1, 2, 1)


def test_a_list_without_units_says_nothing_of_units() -> None:
    found = figures([service()], target("a", service="Portal", unit="Kominfo"), observed=["a"])
    assert (found.units, found.units_listed, found.units_observed) == (None, None, None)


def test_what_is_missing_is_named_and_all_of_it_counted() -> None:
    many = [service(f"Layanan {number}", "A") for number in range(MAX_NAMED + 10)]
    strangers = [target(f"t{number}") for number in range(MAX_NAMED + 5)]
    found = figures(many, *strangers)
    assert found.not_listed[0] == RegisteredService("Layanan 0", "A")
    assert (len(found.not_listed), found.services - found.services_listed) == (MAX_NAMED, MAX_NAMED + 10)
    assert (len(found.targets_not_registered), found.targets_not_registered_count) == (MAX_NAMED, MAX_NAMED + 5)


@pytest.mark.parametrize(
    ("population", "expected"),
    [(None, None), (Population("SK 1/2026", date(2026, 1, 31), services=(service(), service("Lain"))), (2, 2, 1))],
)
def test_a_run_carries_its_list(population: Population | None, expected: tuple[int, int, int] | None) -> None:
    mine = [target("a", service="Portal", unit="Kominfo"), target("b", service="Lain", unit="Kominfo")]
    with new_journal(manifest(mine, [], population=population)) as journal:
        commit(journal, "a", {})
        found = assess(Run(journal)).coverage.population
    assert (found and (found.services, found.services_listed, found.services_observed)) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Dinas Kesehatan", "dinas  kesehatan ", True),
        ("E Arsip", "EArsip", True),
        ("ＰＰＩＤ", "ppid", True),  # noqa: RUF001 - full-width letters
        ("PPID", "PPID 2", False),
        ("e-Arsip", "earsip", False),
    ],
)
def test_when_two_spellings_are_one_name(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same
