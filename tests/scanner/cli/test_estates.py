"""From arguments to a manifest: what every server is told about who scans."""

import pytest

from scanner.cli.estates import Assignment, manifest_of
from scanner.estate import Estate, Target
from scanner.profiles import load_profile
from scanner.scope import Scope
from scanner.surroundings import look_around


@pytest.mark.parametrize(
    ("contact", "end"),
    [("csirt@contoh.test", "service owner; csirt@contoh.test)"), ("", "service owner)")],
)
def test_servers_are_told_who_answers_for_the_scan_and_never_who_repairs_a_service(contact: str, end: str) -> None:
    target = Target(id="a", url="https://a.contoh.test/", contact="budi@contoh.test")
    estate = Estate(targets=(target,), scope=Scope(names=("a.contoh.test",)), contact=contact)
    agent = manifest_of(Assignment(estate, load_profile("default"), (), look_around(estate))).agent
    assert agent.endswith(end)
