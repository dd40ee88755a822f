"""CAA: every outcome, both sides of every rule, and where records are looked for."""

import msgspec
import pki
import pytest
from observed import (
    ADDRESS,
    HOST,
    URL,
    Seen,
    authority,
    exchange,
    failed,
    handshake,
    judged,
    moved,
    resolved,
    said,
    shipped,
    target,
)

from scanner.observations.endpoint import Addresses, Source
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["dns.caa"]
IN_USE = "authority in use"
ENCRYPT = pki.root("R3", organisation="Let's Encrypt")
NOBODYS = pki.root("Root", organisation="Some Authority")


def seen(*records: str, at: str = HOST, by: pki.Entity = ENCRYPT, dns: tuple[str, ...] = (HOST,)) -> Seen:
    home = exchange(tls=handshake(pki.leaf(by, dns).der))
    return Seen(home=home, hops=(moved(URL),), public=(by.der,), caa={at: records})


@pytest.mark.parametrize(
    ("records", "service", "in_use"),
    [
        (['0 issue "letsencrypt.org"'], "set", "allowed"),
        (['0 ISSUE "letsencrypt.org; validationmethods=dns-01"'], "set", "allowed"),
        (['0 issue "digicert.com"', '0 issue "letsencrypt.org"'], "set", "allowed"),
        (['0 issue "digicert.com"'], "set", "not_allowed"),
        (['0 issue ";"'], "set", "not_allowed"),
        (['0 issue "ca.test"'], "set", "unknown: inconclusive"),  # perhaps one more name of the same authority
        (['0 issue "digicert.com"', '0 issue "ca.test"'], "set", "unknown: inconclusive"),
        (['0 iodef "mailto:a@example.test"'], "unrestricted", "allowed"),
        (['0 issuewild ";"'], "unrestricted", "allowed"),
        (['0 issue "letsencrypt.org; a_b=1"'], "malformed", "not_allowed"),
        (['128 tbs "x"', '0 issue "letsencrypt.org"'], "unknown_critical", "not_allowed"),
        (['0 tbs "x"', '0 issue "letsencrypt.org"'], "set", "allowed"),
    ],
)
def test_records_at_the_name(records: list[str], service: str, in_use: str) -> None:
    assert said(judged(CHECK, seen(*records))) == {"service": service, IN_USE: in_use}


@pytest.mark.parametrize("at", [HOST, "example.test", "test"])
def test_records_count_where_they_are_met_first(at: str) -> None:
    (finding, _) = sorted(
        judged(CHECK, seen('0 issue "letsencrypt.org"', at=at)), key=lambda it: it.subject.kind == IN_USE
    )
    assert finding.outcome == "set"
    assert f" {at} " in finding.message.en


def test_the_nearer_records_hide_those_above() -> None:
    records = {HOST: ('0 issue ";"',), "example.test": ('0 issue "letsencrypt.org"',)}
    assert said(judged(CHECK, seen().but(caa=records)))[IN_USE] == "not_allowed"


def test_without_any_up_to_the_top_they_are_missing() -> None:
    assert said(judged(CHECK, seen())) == {"service": "missing"}


@pytest.mark.parametrize("at", [HOST, "example.test", "test"])
def test_a_name_of_which_the_resolvers_do_not_tell_leaves_it_open(at: str) -> None:
    found = seen().but(caa={at: Unobserved(Reason.DNS_SERVFAIL, "SERVFAIL")})
    assert said(judged(CHECK, found)) == {"service": "unknown: dns_servfail"}


def test_an_authority_that_is_not_listed() -> None:
    assert said(judged(CHECK, seen('0 issue "digicert.com"', by=NOBODYS)))[IN_USE] == "unknown: inconclusive"


def test_nobody_is_allowed_whoever_it_is() -> None:
    assert said(judged(CHECK, seen('0 issue ";"', by=NOBODYS)))[IN_USE] == "not_allowed"


def test_an_authority_that_is_not_public_is_not_bound() -> None:
    private = seen('0 issue "digicert.com"').but(public=(authority()[0].der,), own=(ENCRYPT.der,))
    assert said(judged(CHECK, private)) == {"service": "set", IN_USE: "private"}


@pytest.mark.parametrize(
    ("records", "at", "in_use"),
    [
        (['0 issue "letsencrypt.org"'], "example.test", "allowed"),
        (['0 issue "letsencrypt.org"', '0 issuewild ";"'], "example.test", "not_allowed"),
        (['0 issue ";"', '0 issuewild "letsencrypt.org"'], "example.test", "allowed"),
        (['0 issue "letsencrypt.org"'], HOST, "unknown: inconclusive"),  # the wildcard's records stand at example.test
    ],
)
def test_a_certificate_for_a_wildcard(records: list[str], at: str, in_use: str) -> None:
    assert said(judged(CHECK, seen(*records, at=at, dns=("*.example.test",))))[IN_USE] == in_use


def test_without_a_certificate_the_records_are_judged_alone() -> None:
    found = seen('0 issue "letsencrypt.org"').but(home=failed("connect", Reason.REFUSED))
    assert said(judged(CHECK, found)) == {"service": "set", IN_USE: "unknown: refused"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [(Source.HOSTS_FILE, "unknown: not_asked"), (Source.OPTION, "unknown: not_asked"), (Source.RESOLVER, "missing")],
)
def test_only_a_name_of_dns_is_asked_about(source: Source, expected: str) -> None:
    where = msgspec.structs.replace(resolved(), outcome=Addresses((ADDRESS,), source))
    assert said(judged(CHECK, seen().but(resolution=where))) == {"service": expected}


@pytest.mark.parametrize(
    "url", ["https://192.0.2.10/", "https://[2001:db8::1]/", "https://localhost/", "https://a.localhost/"]
)
def test_what_has_no_name_in_dns_has_no_records(url: str) -> None:
    assert list(said(judged(CHECK, seen(), of=target(url=url))).values()) == ["not_applicable"]
