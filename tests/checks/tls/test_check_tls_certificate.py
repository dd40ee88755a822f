"""The certificate checks: every outcome, and both sides of every rule."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pki
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import HOST, SEEN, Seen, authority, chain, exchange, failed, handshake, judged, said, shipped, target
from pki import DAY, Entity

from checks.tls.certificate.chain import UNTRUSTED
from scanner.derive.certification_path import PathReasonKind
from scanner.findings import Finding, State
from scanner.observations.http import BrokenHandshake
from scanner.observations.steps import Reason, Unobserved
from scanner.registry import Check
from scanner.reports.advice import fix_of

ROOT, ISSUING = authority()
EXPIRY = shipped()["tls.certificate.expiry"]
NAME = shipped()["tls.certificate.name"]
CHAIN = shipped()["tls.certificate.chain"]
SECOND = timedelta(seconds=1)
CLIENT_ONLY = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
SAN = "2.5.29.17"


def sent(*certificates: Entity | bytes) -> Seen:
    """What was seen of a server that sends these certificates."""
    ders = [it if isinstance(it, bytes) else it.der for it in certificates]
    return Seen(home=exchange(tls=handshake(*ders)))


def only(findings: Sequence[Finding]) -> Finding:
    assert len(findings) == 1, said(findings)
    return findings[0]


# --- expiry -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_now", "outcome"),
    [
        (-2 * DAY, "expired"),
        (-SECOND, "expired"),
        (timedelta(0), "ends_soon"),  # RFC 5280 4.1.2.5: notAfter itself still belongs to the period
        (14 * DAY - SECOND, "ends_soon"),
        (14 * DAY, "in_time"),
        (300 * DAY, "in_time"),
    ],
)
def test_expiry_by_what_is_left(from_now: timedelta, outcome: str) -> None:
    finding = only(judged(EXPIRY, sent(pki.leaf(ISSUING, not_after=SEEN + from_now))))
    assert finding.outcome == outcome
    assert finding.evidence


@pytest.mark.parametrize(("from_now", "outcome"), [(SECOND, "not_yet_valid"), (timedelta(0), "in_time")])
def test_expiry_by_when_it_begins(from_now: timedelta, outcome: str) -> None:
    assert only(judged(EXPIRY, sent(pki.leaf(ISSUING, not_before=SEEN + from_now)))).outcome == outcome


def test_the_warning_window_is_a_parameter() -> None:
    seen = sent(pki.leaf(ISSUING, not_after=SEEN + 20 * DAY))
    assert only(judged(EXPIRY, seen)).outcome == "in_time"
    assert only(judged(EXPIRY, seen, params={"warn_before": "P30D"})).outcome == "ends_soon"


@pytest.mark.parametrize("check", [EXPIRY, NAME, CHAIN], ids=lambda check: check.id)
def test_what_was_not_seen_is_not_judged(check: Check) -> None:
    cases = {
        Reason.REFUSED: failed("connect", Reason.REFUSED),
        Reason.TLS_ALERT: failed("tls", Reason.TLS_ALERT),
        Reason.PROTOCOL_ERROR: exchange(tls=handshake(b"not a certificate")),
    }
    for reason, home in cases.items():
        finding = only(judged(check, Seen(home=home)))
        assert (finding.state, finding.reason) == (State.UNKNOWN, reason)
        assert finding.evidence, "the exchange that shows why is cited"


def test_a_certificate_survives_a_garbage_answer() -> None:
    assert only(judged(EXPIRY, Seen(home=failed("answer", Reason.PROTOCOL_ERROR)))).outcome == "in_time"


def test_a_certificate_survives_a_handshake_that_broke_off_later() -> None:
    broken = BrokenHandshake(chain(), Unobserved(Reason.TLS_ALERT, "certificate required"))
    home = exchange(tls=broken, answer=Unobserved(Reason.TLS_ALERT, "certificate required"))
    finding = only(judged(NAME, Seen(home=home)))
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.TLS_ALERT), "anybody can send a certificate"
    other = exchange(
        tls=msgspec.structs.replace(broken, chain=(pki.leaf(ISSUING, ["other.test"]).der,)), answer=home.answer
    )
    assert only(judged(NAME, Seen(home=other))).outcome == "mismatch", "what is wrong with it is known all the same"


def test_plain_http_has_no_certificate() -> None:
    seen = Seen(home=exchange(url="http://www.example.test/"))
    finding = only(judged(EXPIRY, seen, of=target(url="http://www.example.test/")))
    assert finding.state is State.NOT_APPLICABLE
    assert finding.message.en != finding.message.id


# --- name ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dns", "outcome"),
    [
        ([HOST], "match"),
        (["*.example.test"], "match"),
        (["other.test", HOST.upper()], "match"),
        (["example.test"], "mismatch"),
        (["*.www.example.test"], "mismatch"),
        (["*.test"], "mismatch"),
        ([], "no_names"),
    ],
)
def test_name_against_the_names_presented(dns: list[str], outcome: str) -> None:
    overrides: dict[str, Any] = {} if dns else {"san": None}
    leaf = pki.leaf(ISSUING, dns, subject=pki.name(HOST), **overrides)  # the common name never counts
    assert only(judged(NAME, sent(leaf))).outcome == outcome


@pytest.mark.parametrize(("ip", "outcome"), [("192.0.2.10", "match"), ("192.0.2.11", "mismatch")])
def test_name_of_an_address(ip: str, outcome: str) -> None:
    url = "https://192.0.2.10/"
    seen = Seen(home=exchange(url=url, tls=handshake(pki.leaf(ISSUING, [], ip=[ip]).der)))
    assert only(judged(NAME, seen, of=target(url=url))).outcome == outcome


def test_a_mismatch_shows_both_sides_and_stays_short() -> None:
    finding = only(judged(NAME, sent(pki.leaf(ISSUING, [f"host-{number}.test" for number in range(50)]))))
    assert finding.expected == HOST
    assert finding.found == "host-0.test, host-1.test, host-2.test, host-3.test (+46)"


def test_more_names_than_are_read_are_no_mismatch() -> None:
    names = x509.SubjectAlternativeName([x509.DNSName(f"h{number}.test") for number in range(5001)])
    finding = only(judged(NAME, sent(pki.leaf(ISSUING, san=(names, False)))))
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.TOO_LARGE)


def test_names_that_cannot_be_read_are_no_proof_of_absence() -> None:
    plain = pki.leaf(ISSUING, san=None)
    broken = pki.resign(plain.der, ISSUING.key, pki.with_extensions(pki.extension(SAN, b"\x30\x05\x82")))
    finding = only(judged(NAME, sent(broken)))
    assert (finding.state, finding.outcome, finding.reason) == (
        State.UNKNOWN,
        "unreadable_names",
        Reason.INCONCLUSIVE,
    )


def test_an_empty_list_of_names_is_absence() -> None:
    plain = pki.leaf(ISSUING, san=None)
    empty = pki.resign(plain.der, ISSUING.key, pki.with_extensions(pki.extension(SAN, b"\x30\x00")))
    assert only(judged(NAME, sent(empty))).outcome == "no_names"


def test_names_of_other_kinds_are_no_host() -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name("a@b.test"), x509.RFC822Name("c@b.test")])
    assert only(judged(NAME, sent(pki.leaf(ISSUING, san=(names, False))))).outcome == "no_names"


# --- chain --------------------------------------------------------------------------------------------------

OLD: Any = {"not_before": SEEN - 400 * DAY, "not_after": SEEN - DAY}
COMING: Any = {"not_before": SEEN + DAY, "not_after": SEEN + 400 * DAY}


MD2 = bytes.fromhex("06092a864886f70d010102")
NOBODYS = bytes.fromhex("06042b060163")


def with_algorithm(entity: Entity, algorithm: bytes) -> bytes:
    """The certificate, its signature said to be made by this algorithm."""
    tbs, _, signature = pki.elements(entity.der)
    parts = pki.elements(tbs)
    parts[pki.ALGORITHM] = pki.tlv(0x30, algorithm)
    return pki.tlv(0x30, pki.tlv(0x30, *parts), parts[pki.ALGORITHM], signature)


def _long() -> list[Entity]:
    issuers = [ROOT]
    for number in range(11):
        issuers.append(pki.intermediate(issuers[-1], f"Level {number}"))
    return [pki.leaf(issuers[-1]), *reversed(issuers[1:])]


def _constrained() -> list[Entity]:
    constraints = x509.NameConstraints([x509.DNSName("other.test")], None)
    issuing = pki.intermediate(ROOT, "Constrained", extra=[(constraints, True)])
    return [pki.leaf(issuing), issuing]


def _path_length() -> list[Entity]:
    upper = pki.intermediate(ROOT, "Upper", path_length=0)
    lower = pki.intermediate(upper, "Lower")
    return [pki.leaf(lower), lower, upper]


def _under(**fields: Any) -> list[Entity]:
    issuing = pki.intermediate(ROOT, "Odd Intermediate", **fields)
    return [pki.leaf(issuing), issuing]


UNKNOWN_CRITICAL = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True)
NOT_CA = (x509.BasicConstraints(ca=False, path_length=None), True)
IMPOSTOR = pki.intermediate(ROOT, key=pki.key("ec", "impostor"))
RSA_ROOT = pki.root("RSA Root", key=pki.key("rsa"))
OLD_ROOT = pki.root("Old Root", **OLD)
COMING_ROOT = pki.root("Coming Root", **COMING)

REFUSED: dict[PathReasonKind, Sequence[Entity | bytes]] = {
    PathReasonKind.SELF_SIGNED: [pki.leaf(None)],
    PathReasonKind.UNKNOWN_ROOT: [pki.leaf(pki.root("Nobody's Root")), pki.root("Nobody's Root")],
    PathReasonKind.MISSING_INTERMEDIATE: [pki.leaf(ISSUING)],
    PathReasonKind.BAD_SIGNATURE: [pki.leaf(IMPOSTOR, aki=None), ISSUING],
    PathReasonKind.EXPIRED_INTERMEDIATE: _under(**OLD),
    PathReasonKind.NOT_YET_VALID_INTERMEDIATE: _under(**COMING),
    PathReasonKind.EXPIRED_ANCHOR: [pki.leaf(OLD_ROOT)],
    PathReasonKind.NOT_YET_VALID_ANCHOR: [pki.leaf(COMING_ROOT)],
    PathReasonKind.NOT_A_CA: _under(basic=NOT_CA),
    PathReasonKind.CA_AS_LEAF: [
        pki.leaf(ISSUING, basic=(x509.BasicConstraints(ca=True, path_length=0), True)),
        ISSUING,
    ],
    PathReasonKind.PATH_LENGTH: _path_length(),
    PathReasonKind.TOO_LONG: _long(),
    PathReasonKind.KEY_USAGE: _under(usage=(pki.usage("digital_signature"), True)),
    PathReasonKind.EXTENDED_KEY_USAGE: [pki.leaf(ISSUING, purpose=CLIENT_ONLY), ISSUING],
    PathReasonKind.NAME_CONSTRAINTS: _constrained(),
    PathReasonKind.NO_ALTERNATIVE_NAME: [pki.leaf(ISSUING, san=None), ISSUING],
    PathReasonKind.UNKNOWN_CRITICAL: [pki.leaf(ISSUING, extra=[UNKNOWN_CRITICAL]), ISSUING],
}
PUBLIC = (ROOT.der, RSA_ROOT.der, OLD_ROOT.der, COMING_ROOT.der)


def test_a_weak_signature_is_told_by_the_check_for_it() -> None:
    """Which clients accept the chain depends on it, so this check says neither yes nor no."""
    seen = sent(with_algorithm(pki.leaf(RSA_ROOT), MD2)).but(public=PUBLIC)
    chain_finding, finding = only(judged(CHAIN, seen)), only(judged(shipped()["tls.certificate.signature"], seen))
    assert (chain_finding.state, chain_finding.outcome) == (State.UNKNOWN, "weak_signature")
    assert (finding.state, finding.outcome) == (State.FAIL, "weak")


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.value)
def test_a_path_is_refused_for_its_reason(kind: PathReasonKind) -> None:
    finding = only(judged(CHAIN, sent(*REFUSED[kind]).but(public=PUBLIC)))
    assert (finding.state, finding.outcome) == (State.FAIL, UNTRUSTED[kind].key)
    assert kind.value in (finding.found or "").split(", ")


def test_a_malformed_certificate_is_refused() -> None:
    twice = pki.extension(SAN, pki.san([HOST]).public_bytes())
    broken = pki.resign(pki.leaf(ISSUING).der, ISSUING.key, pki.with_extensions(twice))
    assert only(judged(CHAIN, sent(broken, ISSUING))).outcome == "malformed"


def test_every_refusal_in_the_table_is_shown_above() -> None:
    assert set(UNTRUSTED) - set(REFUSED) == {PathReasonKind.MALFORMED}


def test_an_algorithm_we_cannot_check_proves_nothing() -> None:
    odd = with_algorithm(pki.leaf(ISSUING), NOBODYS)
    finding = only(judged(CHAIN, sent(odd, ISSUING)))
    assert (finding.state, finding.reason) == (State.UNKNOWN, Reason.INCONCLUSIVE)
    assert PathReasonKind.UNSUPPORTED_ALGORITHM.value in finding.message.en


def test_a_missing_intermediate_says_whether_some_clients_would_fetch_it() -> None:
    healed = pki.leaf(ISSUING, extra=[(pki.access(["http://pki.example.test/ca.cer"]), False)])
    with_pointer = only(judged(CHAIN, sent(healed))).message
    without = only(judged(CHAIN, sent(pki.leaf(ISSUING)))).message
    assert "http://pki.example.test/ca.cer" in with_pointer.en
    assert "http://" not in without.en


def test_the_path_names_the_store_that_holds_the_anchor() -> None:
    public = only(judged(CHAIN, sent(pki.leaf(ISSUING), ISSUING)))
    own = only(judged(CHAIN, sent(pki.leaf(ISSUING), ISSUING).but(public=(), own=(ROOT.der,))))
    assert public.outcome == own.outcome == "trusted"
    assert "mozilla" in public.message.en
    assert "operator" in own.message.en


def test_own_anchors_are_held_to_the_operators_rules() -> None:
    seen = sent(pki.leaf(ISSUING, san=None), ISSUING)
    assert only(judged(CHAIN, seen)).outcome == "no_alternative_name"
    assert only(judged(CHAIN, seen.but(public=(), own=(ROOT.der,)))).outcome == "trusted"


def test_an_expired_leaf_in_a_sound_chain_is_no_fault_of_the_chain() -> None:
    seen = sent(pki.leaf(ISSUING, not_after=SEEN - DAY), ISSUING)
    assert said(judged(CHAIN, seen)) == {"service": "trusted"}
    assert said(judged(EXPIRY, seen)) == {"service": "expired"}


STRAY = pki.leaf(pki.root("Somebody Else"), ["stray.test"], key=pki.key("ec", "stray"))


@pytest.mark.parametrize(
    ("certificates", "outcomes"),
    [
        ([pki.leaf(ISSUING), ISSUING], {"service": "trusted"}),
        ([pki.leaf(ISSUING), ISSUING, ROOT], {"service": "trusted", "chain root": "root_sent"}),
        (
            [pki.leaf(ISSUING), ROOT, ISSUING],
            {"service": "trusted", "chain root": "root_sent", "chain order": "wrong_order"},
        ),
        ([pki.leaf(ISSUING), ISSUING, STRAY], {"service": "trusted", "chain extras": "unneeded"}),
    ],
)
def test_tidiness(certificates: list[Entity], outcomes: dict[str, str]) -> None:
    assert said(judged(CHAIN, sent(*certificates))) == outcomes


# --- whatever is sent -----------------------------------------------------------------------------------------

PIECES = [
    pki.leaf(ISSUING).der,
    pki.leaf(None).der,
    pki.leaf(ISSUING, [], san=None).der,
    ISSUING.der,
    ROOT.der,
    IMPOSTOR.der,
    STRAY.der,
    b"",
    b"\x30\x03\x02\x01",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=6), st.data())
def test_no_chain_makes_a_certificate_check_fail_itself(certificates: list[bytes], data: st.DataObject) -> None:
    if certificates and certificates[0]:
        der = bytearray(certificates[0])
        der[data.draw(st.integers(0, len(der) - 1))] ^= data.draw(st.integers(0, 255))
        certificates[0] = bytes(der)
    home = exchange(tls=handshake(chain=tuple(certificates)))
    for finding in judged([EXPIRY, NAME, CHAIN], Seen(home=home)):
        assert finding.state is not State.ERROR, finding.message.en


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("outcome", ["self_signed", "unknown_root"])
def test_more_intermediates_are_no_cure_for_an_authority_that_nobody_knows(outcome: str, language: str) -> None:
    fix = fix_of(CHAIN, language, outcome)
    assert "fullchain" not in fix
    assert "--ca" in fix
