"""tls.quic: what is offered and not asked, handshakes that do not come about, parameters against the policy, other leaves."""

from datetime import timedelta
from typing import Any

import msgspec
import pki
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from observed import HOST, SEEN, judged, shipped, target
from served import outcome, verdicts

from checks.tls.quic import PolicyParams
from scanner.derive.service import PresentedLeaf, leaf_of, presented_in
from scanner.derive.tls_quic import QuicSeen
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_quic import QuicHandshake

CHECK = shipped()["tls.quic"]
PARAMS = PolicyParams()
DAY = timedelta(days=1)
OWN = pki.leaf(None, (HOST,))
RENEWED = pki.leaf(None, (HOST,), not_after=SEEN + 80 * DAY)
RSA = pki.leaf(None, (HOST,), key=pki.key("rsa", "quic"))
SMALL = pki.leaf(None, (HOST,), key=rsa.generate_private_key(65537, 1024))


def leaf(it: pki.Entity) -> PresentedLeaf:
    found = leaf_of(presented_in(HOST, [it.der], SEEN))
    assert isinstance(found, PresentedLeaf)
    return found


def shaken(own: pki.Entity = OWN, tcp: pki.Entity | Unobserved = OWN, **fields: Any) -> QuicSeen:
    """A handshake that went well, over UDP and over TCP."""
    sound = QuicHandshake(quic=1, suite=0x1301, group=0x1D, scheme=0x0403, alpn="h3", chain=(own.der,), ms=3.0)
    return QuicSeen(
        offered_by="Alt-Svc",
        port=443,
        handshake=msgspec.structs.replace(sound, **fields),
        leaf=leaf(own),
        over_tcp=tcp if isinstance(tcp, Unobserved) else leaf(tcp),
    )


def ended(reason: Reason) -> QuicSeen:
    return QuicSeen(offered_by="HTTPS record", port=443, handshake=Unobserved(reason, "why"))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (QuicSeen(), "not_offered"),
        (QuicSeen(elsewhere="cdn.example.test:443"), "elsewhere"),
        (QuicSeen(unread=Unobserved(Reason.DNS_TIMEOUT)), "unknown: dns_timeout"),
        *(
            (ended(it), "no_handshake")
            for it in (Reason.REFUSED, Reason.CLOSED, Reason.TLS_FAILED, Reason.PROTOCOL_ERROR)
        ),
        *((ended(it), f"unknown: {it}") for it in (Reason.TIMEOUT, Reason.UNREACHABLE, Reason.BUDGET, Reason.DISABLED)),
        (shaken(alpn=None), "other_protocol"),
        (shaken(alpn="h3-29"), "other_protocol"),
        (shaken(), "works"),
        (shaken(suite=0x1302, group=None, scheme=None), "works"),
        (shaken(suite=0x1305), "outside"),  # TLS_AES_128_CCM_8_SHA256
        (shaken(scheme=0x0203), "outside"),  # ecdsa_sha1
        (shaken(SMALL, SMALL), "outside"),
        (shaken(RSA, RSA), "works"),
        (shaken(tcp=Unobserved(Reason.TIMEOUT)), "works"),
    ],
)
def test_the_service(seen: QuicSeen, expected: str) -> None:
    assert outcome(verdicts(CHECK, seen, PARAMS)) == expected


def test_what_the_extra_is_called_is_told() -> None:
    from scanner.probes.tls.quic import NO_EXTRA

    (verdict,) = verdicts(CHECK, QuicSeen(offered_by="Alt-Svc", port=443, handshake=NO_EXTRA), PARAMS)
    assert verdict.unobserved == NO_EXTRA


@pytest.mark.parametrize(
    ("own", "tcp", "expected"),
    [
        (OWN, OWN, None),
        (RENEWED, OWN, "other_leaf"),
        (RSA, OWN, None),  # a server may have a key of each kind
        (pki.leaf(None, ("other.example.test",)), OWN, "other_name"),
        (pki.leaf(None, ("other.example.test",), key=pki.key("rsa", "quic")), OWN, "other_name"),
        (pki.leaf(None, (HOST,), not_after=SEEN - DAY), OWN, "not_valid"),
        (pki.leaf(None, (HOST,), not_before=SEEN + DAY), OWN, "not_valid"),
        (RENEWED, Unobserved(Reason.TIMEOUT), None),
    ],
)
def test_another_leaf(own: pki.Entity, tcp: pki.Entity | Unobserved, expected: str | None) -> None:
    first, *more = verdicts(CHECK, shaken(own, tcp), PARAMS)
    assert first.outcome.key == "works"
    assert [it.outcome.key for it in more] == ([] if expected is None else [expected])
    assert all(it.subject is not None and it.subject.kind == "certificate over HTTP/3" for it in more)


def test_plain_http_has_no_http3() -> None:
    (finding,) = judged(CHECK, of=target(url="http://www.example.test/"))
    assert str(finding.state) == "not_applicable"


def test_a_policy_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        PolicyParams(policy="nowhere")
