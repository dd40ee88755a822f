"""The document of `pindai inspect tls`: stable keys, names of IANA, and nothing unknown that reads like a no."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import inspected
import jsonschema
import msgspec
import observed
import pki
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from inspected import TIMED_OUT, chain, inspection, odd, sessions, swept, tls12, tls13, trials

from scanner.derive.tls_facts import (
    NEVER_ASKED,
    DhGroup,
    EarlyData,
    Method,
    Resumption,
    SentChain,
    Spoken,
    Swept,
    Trial,
    Trials,
    TrialState,
    Undetermined,
)
from scanner.derive.tls_facts import TlsVersion as V
from scanner.inspection import SERVICE, Inspection, Seen, facts_of, inspection_of, stores_of, unseen
from scanner.observations.observation import Crashed
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.parse.certificate import MAX_NAMES
from scanner.policies import load_policy, policy_names
from scanner.probes.tls.code_points import suite_number
from scanner.registry import Check
from scanner.reports.inspection_schema import INSPECTION_FILE, inspection_schema
from scanner.reports.schemas import written

SCHEMA = Path(__file__).parents[2] / "schema" / INSPECTION_FILE
KEYS = (
    *(
        "schema",
        "tool",
        "at",
        "target",
        "versions",
        "refused",
        "preference",
        "dh",
        "signature_algorithms",
        "extensions",
    ),
    *("certificates", "ocsp", "resumption", "features", "vulnerabilities", "oddities", "unknown", "policies", "cost"),
)


def plain(it: Inspection) -> dict[str, Any]:
    """The document as a program reads it."""
    document: dict[str, Any] = json.loads(msgspec.json.encode(it))
    return document


def nothing(reason: Reason = Reason.REFUSED) -> Inspection:
    why = Unobserved(reason, "Connection refused")
    return unseen(inspected.endpoint(), None, "smtp", why, "Pindai test", observed.SEEN, inspected.COST)


EVERY = {"sound": inspection, "odd": odd, "nothing": nothing}


# -- keys


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_every_document_has_the_same_keys_and_fits_the_schema(make: Any) -> None:
    document = plain(make())
    assert tuple(document) == KEYS
    assert list(jsonschema.Draft202012Validator(inspection_schema()).iter_errors(document)) == []


def test_the_schema_is_that_of_the_types() -> None:
    """Mend with: python -m scanner.reports.schemas schema."""
    assert SCHEMA.read_text(encoding="utf-8") == written(inspection_schema())
    jsonschema.Draft202012Validator.check_schema(inspection_schema())


@pytest.mark.parametrize("spoil", ["versions", "cost", "unknown"])
def test_the_schema_refuses_what_is_none(spoil: str) -> None:
    document = plain(inspection())
    spoiled = {"versions": {"TLSv9": document["versions"]["TLSv1.2"]}, "cost": None, "unknown": [{"what": 1}]}
    document[spoil] = spoiled[spoil]
    assert list(jsonschema.Draft202012Validator(inspection_schema()).iter_errors(document))


def test_everything_in_the_schema_is_described() -> None:
    schema = inspection_schema()
    assert not [name for name, rule in schema["properties"].items() if not rule["description"]]
    assert not [name for name, rule in schema["$defs"].items() if not rule.get("description")]


# -- versions


def test_versions_have_their_suites_groups_and_preference_newest_first() -> None:
    document = plain(inspection())
    assert list(document["versions"]) == ["TLSv1.3", "TLSv1.2"]
    assert document["versions"]["TLSv1.2"] == {
        "suites": [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        ],
        "suites_complete": True,
        "preference": "server",
        "groups": ["x25519", "secp256r1"],
        "groups_complete": True,
        "group_preference": "server",
        "compression": ["null"],
    }
    assert document["versions"]["TLSv1.3"]["groups"][0] == "X25519MLKEM768"
    assert document["preference"] == {"TLSv1.3": "client", "TLSv1.2": "server"}
    assert document["refused"] == ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"]
    assert document["signature_algorithms"] == {
        "TLSv1.3": ["ecdsa_secp256r1_sha256"],
        "TLSv1.2": ["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"],
    }
    assert document["extensions"]["TLSv1.3"] == ["supported_versions", "key_share"]
    assert document["dh"] == [
        {
            "version": "TLSv1.2",
            "bits": 2048,
            "name": "ffdhe2048",
            "prime": "ff" * 256,
            "generator": "02",
            "suites": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"],
        }
    ]
    assert document["unknown"] == []


def test_kinds_of_sslv2_have_their_own_names() -> None:
    seen = inspection(swept=swept(spoken=(Spoken(V.SSL2, (0x010080,)),)))
    assert "RC4_128_WITH_MD5" in seen.versions[V.SSL2].suites[0]


def test_what_nobody_knows_has_its_number_for_a_name() -> None:
    seen = inspection(swept=swept(spoken=(tls12(suites=(0xABCD,), groups=(0x7777,), extensions=(0x5555,)),)))
    assert seen.versions[V.TLS12].suites == ("0xABCD",)
    assert (seen.versions[V.TLS12].groups, seen.extensions[V.TLS12]) == (("0x7777",), ("0x5555",))


# -- what is not known


def unknown(it: Inspection) -> dict[str, str]:
    return {gap.what: gap.reason.value for gap in it.unknown}


def test_each_thing_that_could_not_be_told_is_named_once_with_its_reason() -> None:
    assert unknown(odd()) == {
        "versions.SSLv2": "timeout",
        "versions.TLSv1.0": "timeout",
        "versions.TLSv1.1": "not_asked",
        "suites.SSLv3": "timeout",
        "groups.TLSv1.2": "timeout",
        "for_no_name": "timeout",
        "sessions": "budget",
        "vulnerabilities.ccs": "timeout",
    }


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"swept": swept(fallback_scsv=TIMED_OUT)}, "fallback_scsv"),
        ({"swept": swept(undetermined=(Undetermined("preference.TLSv1.2", TIMED_OUT),))}, "preference.TLSv1.2"),
        ({"sessions": sessions(alpn=TIMED_OUT)}, "alpn"),
        ({"sessions": sessions(signature_schemes=TIMED_OUT)}, "signature_schemes"),
        ({"sessions": sessions(early_data=EarlyData(16, TIMED_OUT))}, "early_data.accepted"),
        ({"sessions": sessions(renegotiation=TIMED_OUT)}, "renegotiation"),
        (
            {"sessions": sessions(resumption=(Resumption(V.TLS12, Method.TICKET, TIMED_OUT),))},
            "resumption.TLSv1.2.ticket",
        ),
        ({"trials": TIMED_OUT}, "vulnerabilities"),
        ({"trials": trials(Trial("robot", TIMED_OUT))}, "vulnerabilities.robot"),
    ],
)
def test_an_answer_that_is_missing_is_unknown_and_not_no(fields: dict[str, Any], what: str) -> None:
    assert unknown(inspection(**fields)) == {what: "timeout"}


def test_a_feature_that_is_unknown_or_does_not_arise_is_null() -> None:
    features = inspection(swept=swept(fallback_scsv=TIMED_OUT, heartbeat=None)).features
    assert (features.fallback_scsv, features.heartbeat, features.encrypt_then_mac) == (None, None, False)


def test_without_any_tls_there_is_one_reason_and_nothing_else() -> None:
    document = plain(nothing())
    assert [(it["what"], it["reason"]) for it in document["unknown"]] == [(SERVICE, "refused")]
    assert (document["versions"], document["certificates"], document["vulnerabilities"]) == ({}, [], {})
    assert document["ocsp"]["stapled"] is None
    assert document["target"]["starttls"] == "smtp"


# -- certificates


def paths(it: Inspection) -> list[dict[str, Any]]:
    return [chain["paths"] for chain in plain(it)["certificates"]]


def test_each_trust_profile_has_its_own_path() -> None:
    (found,) = paths(inspection())
    assert (found["public"]["holds"], found["public"]["anchor"], found["operator"]) == (
        True,
        "CN=Test Root,O=Test Trust",
        None,
    )
    (found,) = paths(inspection(operator=pki.leaf(None).der))
    assert (found["public"]["holds"], found["operator"]["holds"]) == (True, False)
    assert [it["kind"] for it in found["operator"]["reasons"]] == ["missing_intermediate"]


def test_a_chain_the_operator_alone_knows() -> None:
    own = pki.root("Akar Instansi")
    leaf = pki.leaf(own)
    seen = inspection(
        operator=own.der,
        swept=swept(spoken=(tls12(chains=(chain(leaf.der),)),), for_no_name=None),
        sessions=sessions(chains=()),
    )
    (found,) = paths(seen)
    assert (found["public"]["holds"], found["operator"]["holds"], found["operator"]["path"][-1]) == (
        False,
        True,
        "CN=Akar Instansi,O=Test Trust",
    )


def test_a_chain_is_shown_once_with_everything_it_was_sent_for() -> None:
    (found,) = plain(inspection())["certificates"]
    assert [(it["name"], it["version"]) for it in found["sent_for"]] == [
        ("own", "TLSv1.2"),
        ("own", "TLSv1.3"),
        ("none", "TLSv1.3"),
    ]
    assert found["leaf"] == found["chain"][0]
    assert len(found["chain"]) == 2
    assert found["names_host"] is True


@pytest.mark.parametrize(("sni", "names"), [(observed.HOST, True), ("lain.example.test", False), (None, True)])
def test_whether_a_leaf_is_for_the_name_that_was_sent(sni: str | None, names: bool) -> None:
    assert inspection(swept=swept(sni=sni)).certificates[0].names_host is names


def test_a_leaf_with_more_names_than_are_read_is_not_called_wrong() -> None:
    many = pki.leaf(observed.authority()[1], dns=[f"n{number}.example.test" for number in range(MAX_NAMES + 1)])
    seen = inspection(
        swept=swept(spoken=(tls12(chains=(chain(many.der),)),), for_no_name=None), sessions=sessions(chains=())
    )
    assert seen.certificates[0].names_host is None


def test_what_cannot_be_parsed_keeps_its_digest() -> None:
    seen = inspection(swept=swept(spoken=(tls12(chains=(SentChain((b"nothing", observed.chain()[1]), V.TLS12),)),)))
    broken = seen.certificates[0]
    assert broken.leaf is not None
    assert (broken.leaf.readable, len(broken.leaf.sha256), broken.names_host) == (False, 64, None)
    assert broken.chain[1].readable


def test_a_staple_says_what_is_in_it_or_why_that_cannot_be_read() -> None:
    seen = inspection(swept=swept(spoken=(tls12(chains=(chain(staple=b"garbage"),)),)), sessions=sessions(chains=()))
    assert seen.ocsp.stapled is True
    assert [(it.bytes, it.status, bool(it.problem)) for it in seen.ocsp.staples] == [(7, None, True)]
    assert (inspection().ocsp.stapled, inspection().ocsp.staples) == (False, ())


@pytest.mark.parametrize(("issuer_sent", "status"), [(True, "good"), (False, None)])
def test_a_staple_is_read_for_the_leaf_it_came_with(issuer_sent: bool, status: str | None) -> None:
    """By the library's own writer of responses; without the issuer it cannot be told whose it is."""
    issuer = observed.authority()[1]
    leaf = pki.leaf(issuer)
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=leaf.certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=observed.SEEN,
            next_update=observed.SEEN + timedelta(days=7),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
        .sign(issuer.key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    sent = chain(leaf.der, *([issuer.der] if issuer_sent else []), staple=response)
    seen = inspection(swept=swept(spoken=(tls12(chains=(sent,)),)), sessions=sessions(chains=()))
    (staple,) = seen.ocsp.staples
    assert (staple.status, bool(staple.problem)) == (status, status is None)
    if status:
        assert staple.next_update == observed.SEEN + timedelta(days=7)


# -- weaknesses


@pytest.mark.parametrize(
    ("spoken", "key"),
    [
        (Spoken(V.SSL2, (0x010080,)), "drown"),
        (Spoken(V.SSL3, (suite_number("TLS_RSA_WITH_AES_128_CBC_SHA"),)), "poodle"),
        (Spoken(V.TLS10, (suite_number("TLS_RSA_EXPORT_WITH_RC4_40_MD5"),)), "freak"),
        (Spoken(V.TLS10, (suite_number("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),)), "logjam"),
        (Spoken(V.TLS12, (0x009E,), dh=(DhGroup(b"\xab" * 96, b"\x02", 768, None, (0x009E,)),)), "logjam"),
        (Spoken(V.TLS12, (suite_number("TLS_RSA_WITH_3DES_EDE_CBC_SHA"),)), "sweet32"),
        (Spoken(V.TLS10, (suite_number("TLS_RSA_WITH_AES_128_CBC_SHA"),)), "beast"),
        (Spoken(V.TLS12, (suite_number("TLS_RSA_WITH_AES_128_GCM_SHA256"),), compression=(0, 1)), "crime"),
    ],
)
def test_a_weakness_that_stands_in_what_is_taken_is_shown(spoken: Spoken, key: str) -> None:
    shown = inspection(swept=swept(spoken=(spoken,))).vulnerabilities[key]
    assert (shown.state, bool(shown.detail)) == ("shown", True)
    absent = "not_shown" if key in ("logjam", "crime") else "not_possible"
    assert inspection().vulnerabilities[key].state == absent


@pytest.mark.parametrize("key", ["freak", "logjam", "sweet32"])
def test_a_list_that_may_be_short_shows_no_absence(key: str) -> None:
    seen = inspection(swept=swept(spoken=(tls12(suites_short=TIMED_OUT), tls13())))
    assert seen.vulnerabilities[key].state == "unknown"


def test_beast_and_poodle_are_about_old_versions_only() -> None:
    cbc = (suite_number("TLS_RSA_WITH_AES_128_CBC_SHA"),)
    found = inspection(swept=swept(spoken=(tls12(suites=cbc),))).vulnerabilities
    assert (found["beast"].state, found["poodle"].state) == ("not_possible", "unknown")
    late = swept(refused=(V.SSL2, V.TLS10, V.TLS11), undetermined=(Undetermined("versions.SSLv3", TIMED_OUT),))
    found = inspection(swept=late).vulnerabilities
    assert (found["beast"].state, found["poodle"].state, found["drown"].state) == ("unknown", "unknown", "not_shown")


CBC_12 = tls12(suites=(suite_number("TLS_RSA_WITH_AES_128_CBC_SHA"),))


@pytest.mark.parametrize(
    ("seen", "made", "state"),
    [
        (swept(), NEVER_ASKED, "not_possible"),  # no CBC at all, so nothing was left to ask
        (swept(spoken=(CBC_12, tls13())), NEVER_ASKED, "unknown"),
        (swept(spoken=(CBC_12, tls13())), trials(), "unknown"),
        (swept(spoken=(tls12(suites_short=TIMED_OUT),)), NEVER_ASKED, "unknown"),
        (swept(spoken=(CBC_12,)), trials(Trial("poodle", TrialState.NOT_SHOWN)), "not_shown"),
    ],
)
def test_poodle_that_was_not_tried_is_not_called_not_shown(seen: Swept, made: Any, state: str) -> None:
    assert inspection(swept=seen, trials=made).vulnerabilities["poodle"].state == state


def test_logjam_is_not_possible_without_finite_field_groups() -> None:
    seen = swept(spoken=(tls12(suites=(0xC02F,), dh=()), tls13()))
    assert inspection(swept=seen).vulnerabilities["logjam"].state == "not_possible"


def test_drown_is_ruled_out_by_keys_other_than_rsa_alone() -> None:
    """Another service may speak SSLv2 with the same RSA key."""
    kinds = {"rsa": "not_shown", "ec": "not_possible"}
    for kind, state in kinds.items():
        leaf = pki.leaf(observed.authority()[1], key=pki.key(kind))
        seen = swept(spoken=(tls12(chains=(chain(leaf.der),)), tls13()))
        assert inspection(swept=seen).vulnerabilities["drown"].state == state


@pytest.mark.parametrize(
    ("listed", "tried", "state"),
    [
        ((), TrialState.SHOWN, "shown"),
        ((), TrialState.NOT_SHOWN, "not_shown"),
        ((), TIMED_OUT, "unknown"),
        ((), TrialState.NOT_POSSIBLE, "not_possible"),
        ((Spoken(V.SSL3, (0x002F,)),), TrialState.NOT_SHOWN, "shown"),
        ((Spoken(V.SSL3, (0x002F,)),), TIMED_OUT, "shown"),
    ],
)
def test_poodle_is_seen_in_two_ways(listed: tuple[Spoken, ...], tried: Any, state: str) -> None:
    seen = inspection(swept=swept(spoken=(tls12(), *listed)), trials=Trials((Trial("poodle", tried),)))
    assert seen.vulnerabilities["poodle"].state == state


def listed(*spoken: Spoken, **fields: Any) -> Swept:
    return swept(spoken=spoken, **fields)


TAKEN = {
    "sound": swept(),
    "short": listed(tls12(suites_short=TIMED_OUT)),
    "export rsa": listed(Spoken(V.TLS10, (suite_number("TLS_RSA_EXPORT_WITH_RC4_40_MD5"),))),
    "export dhe": listed(Spoken(V.TLS10, (suite_number("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),))),
    "export anonymous": listed(Spoken(V.TLS12, (suite_number("TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"),))),
    "3des": listed(Spoken(V.TLS12, (suite_number("TLS_RSA_WITH_3DES_EDE_CBC_SHA"),))),
    "idea": listed(Spoken(V.SSL3, (suite_number("TLS_RSA_WITH_IDEA_CBC_SHA"),))),
    "gost": listed(Spoken(V.TLS12, (0xC102,))),
    "dh 768": listed(tls12(dh=(DhGroup(b"\xab" * 96, b"\x02", 768, None, (0x009E,)),))),
    "dh 1024 of its own": listed(tls12(dh=(DhGroup(b"\xab" * 128, b"\x02", 1024, None, (0x009E,)),))),
    "dh 1024 of many": listed(tls12(dh=(DhGroup(b"\xab" * 128, b"\x02", 1024, "RFC 2409 group 2", (0x009E,)),))),
    "cbc in 1.0": listed(Spoken(V.TLS10, (0x002F,))),
    "cbc in 1.2": listed(tls12(suites=(0x002F,))),
    "old not known": listed(tls12(), refused=(), undetermined=(Undetermined("versions.TLSv1.0", TIMED_OUT),)),
}


@pytest.mark.parametrize("key", ["freak", "logjam", "sweet32", "beast"])
@pytest.mark.parametrize("taken", TAKEN.values(), ids=TAKEN)
def test_what_is_shown_is_what_the_checks_say(taken: Swept, key: str) -> None:
    """Two readers of the same facts: the document has a state where the check has a verdict, and never another."""
    (finding,) = judged(observed.shipped()[f"tls.vulnerability.{key}"], taken)
    states = {"fail": {"shown"}, "pass": {"not_shown", "not_possible"}, "unknown": {"unknown"}}[finding]
    assert inspection(swept=taken).vulnerabilities[key].state in states


def judged(check: Check, seen: Swept) -> list[str]:
    """The states of what a check says of a sweep."""
    return ["unknown" if it.unobserved else it.outcome.state.value for it in check.judge(seen)]


# -- policies


def test_policies_are_held_against_it_and_decide_nothing() -> None:
    names = policy_names()
    facts = inspected.facts(swept=swept(spoken=(Spoken(V.TLS10, (0x0005,)), tls12())))
    policies = [load_policy(name) for name in names]
    seen = inspection_of(facts, inspected.stores(), "Pindai test", inspected.COST, policies)
    assert tuple(seen.policies) == names
    assert all(any(it.name == "TLSv1.0" for it in policy.deviations) for policy in seen.policies.values())
    assert list(jsonschema.Draft202012Validator(inspection_schema()).iter_errors(plain(seen))) == []
    assert inspection().policies == {}


# -- from observations


def test_a_probe_of_ours_that_crashed_is_the_reason() -> None:
    crashed = Crashed(started=observed.SEEN, took_ms=1.0, failure=Unobserved(Reason.INTERNAL, "KeyError: 1"))
    assert facts_of(Seen(inspected.endpoint(), crashed)) == crashed.failure
    hellos = TlsHellos(started=observed.SEEN, took_ms=1.0, endpoint=inspected.endpoint(), sni=None, failure=TIMED_OUT)
    assert facts_of(Seen(inspected.endpoint(), hellos)) == TIMED_OUT


def test_stores_are_told_apart_and_empty_ones_left_out() -> None:
    mozilla = observed.trust_store("mozilla", observed.authority()[0].der)
    operator = observed.trust_store("operator", pki.root().der)
    assert set(stores_of([mozilla, operator])) == {"public", "operator"}
    assert set(stores_of([mozilla, observed.trust_store("operator")])) == {"public"}


def test_an_expired_leaf_has_a_path_and_a_reason() -> None:
    leaf = pki.leaf(observed.authority()[1], not_after=observed.SEEN - timedelta(days=1))
    sent = (tls12(chains=(chain(leaf.der, observed.chain()[1]),)),)
    seen = inspection(swept=swept(spoken=sent, for_no_name=None), sessions=sessions(chains=()))
    (found,) = paths(seen)
    assert (found["public"]["holds"], [it["kind"] for it in found["public"]["reasons"]]) == (True, ["leaf_expired"])
