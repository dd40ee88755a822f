"""Resolution: every outcome, and both sides of the rule."""

import msgspec
import pytest
from observed import Seen, failed, judged, resolved, said, shipped

from scanner.findings import State
from scanner.observations.endpoint import Addresses, Source
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["dns.resolves"]


def without(reason: Reason, detail: str = "") -> Seen:
    return Seen(resolution=resolved(why=Unobserved(reason, detail)))


def by(source: Source) -> Seen:
    return Seen(resolution=msgspec.structs.replace(resolved(), outcome=Addresses(("192.0.2.10",), source)))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Seen(), "resolves"),
        (Seen(home=failed("connect", Reason.REFUSED)), "resolves"),
        (without(Reason.NO_ADDRESS, "NXDOMAIN: www.example.test does not exist"), "no_address"),
        (without(Reason.DNS_SERVFAIL), "unknown: dns_servfail"),
        (without(Reason.DNS_TIMEOUT), "unknown: dns_timeout"),
        (without(Reason.DNS_REFUSED), "unknown: dns_refused"),
        (without(Reason.DNS_LOOP), "unknown: dns_loop"),
        (by(Source.HOSTS_FILE), "unknown: not_asked"),
        (by(Source.OPTION), "unknown: not_asked"),
        (by(Source.LITERAL), "no_name"),
        (by(Source.LOCALHOST), "no_name"),
    ],
)
def test_what_a_name_leads_to(seen: Seen, expected: str) -> None:
    assert said(judged(CHECK, seen)) == {"service": expected}


def test_absence_is_shown_as_it_was_told() -> None:
    (finding,) = judged(CHECK, without(Reason.NO_ADDRESS, "NXDOMAIN: www.example.test does not exist"))
    assert (finding.state, finding.severity) == (State.FAIL, "high")
    assert finding.found == "NXDOMAIN: www.example.test does not exist"
