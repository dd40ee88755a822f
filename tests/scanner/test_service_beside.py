"""Findings of a service that is not the one of the target's own URL."""

import msgspec
import pytest
from reports import runs

from scanner.estate import StartTls, Target
from scanner.findings import FixedBy, Subject
from scanner.service_beside import repaired_by, service_beside, with_service

PORTS = (StartTls("imap", 18143), StartTls("ldap", 18389))
TARGET = Target(id="www", url="https://localhost:18443/", starttls=PORTS)


def named(kind: str, key: str, target: Target | None = TARGET) -> str:
    finding = msgspec.structs.replace(runs.finding("www", "web.hsts.policy", "low"), subject=Subject(kind, key))
    return service_beside(target, finding)


@pytest.mark.parametrize(
    ("kind", "key", "name"),
    [
        ("service", "localhost:18389", "localhost:18389 (ldap)"),
        ("service", "localhost:18389 ECDSA", "localhost:18389 (ldap)"),
        ("suites without encryption", "localhost:18143", "localhost:18143 (imap)"),
        ("service", "localhost:465", "localhost:465"),
        ("page", "localhost:465", ""),
        ("service", "localhost:18443", ""),
        ("service", "localhost:18443 RSA", ""),
        ("service", "elsewhere.test:18389", ""),
        ("service", "localhost:ldap", ""),
        ("service", "localhost", ""),
        ("certificate", "sha256:18389", ""),
    ],
)
def test_only_another_port_of_the_target_is_named(kind: str, key: str, name: str) -> None:
    assert named(kind, key) == name


def test_an_ipv6_host_and_a_target_that_is_not_there() -> None:
    target = Target(id="six", url="https://[::1]/", starttls=PORTS)
    host = target.parsed_url.host
    assert named("service", f"{host}:18389", target) == f"{host}:18389 (ldap)"
    assert named("service", f"{host}:443", target) == ""
    assert named("service", "localhost:18389", None) == ""


def test_the_web_server_does_not_repair_it() -> None:
    finding = runs.finding("www", "tls.certificate.chain", "low")
    assert finding.fixed_by is FixedBy.WEB_SERVER
    assert repaired_by(finding, "") is FixedBy.WEB_SERVER
    assert repaired_by(finding, "localhost:18389 (ldap)") is FixedBy.PLATFORM
    of_the_dns = msgspec.structs.replace(finding, fixed_by=FixedBy.DNS)
    assert repaired_by(of_the_dns, "localhost:18389 (ldap)") is FixedBy.DNS
    assert (with_service("", "So"), with_service("a:1", "So")) == ("So", "a:1: So")
