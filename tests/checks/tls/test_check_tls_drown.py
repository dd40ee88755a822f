"""DROWN: SSLv2 at a service itself, at another with the same key, and nowhere."""

import pki
import pytest
from tls_facts_made import SHORT, older, swept, tls12

from scanner.derive.ssl2_keys import NOT_KNOWN, OFF, ON, Seen, ssl2_keys
from scanner.derive.tls_facts import SentChain, Swept, TlsVersion
from scanner.derive.tls_service import TlsService
from scanner.estate import Estate
from scanner.estate_checks import EstateCheck, EstateView, Group, Member
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import parse_certificate
from scanner.registry import discover
from scanner.scope import Scope

DROWN = discover()["tls.vulnerability.drown"]
SSL2 = TlsVersion.SSL2
WEB, MAIL = TlsService("www.example.test", 443), TlsService("www.example.test", 25, "smtp")
RSA, OTHER_RSA, CURVE = (pki.leaf(None, key=pki.key(*it)).der for it in (("rsa", "a"), ("rsa", "b"), ("ec", "c")))
NOBODY = EstateView(Estate(targets=(), scope=Scope()))
NOT_SEEN = Unobserved(Reason.NOT_ASKED)


def sends(der: bytes) -> tuple[SentChain, ...]:
    return (SentChain((der,), TlsVersion.TLS12),)


def key(der: bytes) -> str:
    return f"sha256:{parse_certificate(der).key.spki_sha256}"


def facts(*seen: tuple[TlsService, Swept | Unobserved]) -> object:
    """What is noted of a target: (key, state, where) for each, or the reason."""
    found = ssl2_keys.fold(tuple(seen), NOT_SEEN)
    return found.reason if isinstance(found, Unobserved) else [(it.key, *it.detail) for it in found]


SOUND = swept(tls12(chains=sends(RSA)))
WEAK = swept(tls12(), older(SSL2, chains=sends(RSA)))
OPEN = swept(tls12(chains=sends(RSA)), unknown=[SSL2])


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (((WEB, SOUND),), [(key(RSA), OFF, str(WEB))]),
        (((WEB, WEAK),), [(key(RSA), ON, str(WEB))]),
        (((WEB, OPEN),), [(key(RSA), NOT_KNOWN, str(WEB))]),
        (((WEB, swept(tls12(chains=sends(CURVE)))),), []),
        (((WEB, swept(older(SSL2))),), [(f"the key of {WEB}", ON, str(WEB))]),
        (((WEB, swept(tls12(chains=sends(CURVE)), unknown=[SSL2])),), Reason.TIMEOUT),
        (((WEB, SHORT),), Reason.TIMEOUT),
        (((MAIL, swept(tls12(chains=()))),), Reason.PREREQUISITE),  # its key may be in use elsewhere
        (((WEB, SOUND), (MAIL, SHORT)), Reason.TIMEOUT),
        (((WEB, SHORT), (MAIL, WEAK)), [(key(RSA), ON, str(MAIL))]),
        (((WEB, SOUND), (MAIL, WEAK)), [(key(RSA), OFF, str(WEB)), (key(RSA), ON, str(MAIL))]),
    ],
)
def test_what_is_noted(seen: Seen, expected: object) -> None:
    assert facts(*seen) == expected


def judged(*members: tuple[str, str]) -> dict[str, str]:
    """What is said of a group of (target, state), by target."""
    assert isinstance(DROWN, EstateCheck)
    group = Group(
        key(RSA),
        tuple(Member(who, f"{who}.test", "", "192.0.2.1", (state, f"{who}.test:443")) for who, state in members),
    )
    found: dict[str, str] = {}
    for verdict in DROWN.judge(group, NOBODY):
        said = verdict.outcome.key if verdict.unobserved is None else f"unknown: {verdict.unobserved.reason}"
        assert verdict.subject is not None
        for target in verdict.targets or group.targets:
            assert target not in found
            found[target] = said
    return found


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([("a", OFF)], {}),
        ([("a", OFF), ("b", OFF)], {}),
        ([("a", ON)], {"a": "here"}),
        ([("a", ON), ("b", OFF)], {"a": "here", "b": "elsewhere"}),
        ([("a", ON), ("b", ON)], {"a": "here", "b": "here"}),
        ([("a", OFF), ("a", ON)], {"a": "here"}),
        ([("a", ON), ("b", NOT_KNOWN)], {"a": "here", "b": "elsewhere"}),
        ([("a", OFF), ("b", NOT_KNOWN)], {"a": "unknown: prerequisite", "b": "unknown: prerequisite"}),
        ([("a", NOT_KNOWN)], {"a": "unknown: prerequisite"}),
    ],
)
def test_what_is_said_of_a_key(members: list[tuple[str, str]], expected: dict[str, str]) -> None:
    assert judged(*members) == expected


def test_the_other_service_is_named() -> None:
    group = Group(
        key(RSA),
        (
            Member("web", "www.test", "", "192.0.2.1", (OFF, "www.test:443")),
            Member("mail", "mail.test", "", "192.0.2.2", (ON, "mail.test:25")),
        ),
    )
    said = {it.targets: it.outcome.en.format(**it.arguments) for it in DROWN.judge(group, NOBODY)}
    assert "mail.test:25, where SSLv2 is accepted" in said["web",]
    assert "SSLv2 is accepted at mail.test:25" in said["mail",]
