"""HTTP/3: where it is offered, its handshake over UDP works and is held to what is asked of TCP's (RFC 9001, RFC 9114)."""

from collections.abc import Iterator

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Verdict, check, unknown
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_names import group_name, suite_name
from scanner.derive.tls_policy import policy_called
from scanner.derive.tls_quic import QuicSeen, quic, quic_deviations
from scanner.observations.steps import Unobserved
from scanner.observations.tls_quic import QuicHandshake

ENDED = frozenset(
    {Reason.REFUSED, Reason.RESET, Reason.CLOSED, Reason.TLS_FAILED, Reason.TLS_ALERT, Reason.PROTOCOL_ERROR}
)
"""Reasons that somebody gave over UDP. Silence is none: on many networks UDP is dropped on our side of the line."""
LEAF_SUBJECT = "certificate over HTTP/3"


class PolicyParams(CheckParams, frozen=True):
    """The policy that the handshake is held against.

    `policy`: the name of a TLS policy; docs/tls-policies.md tells which there are.
    `policy`: nama kebijakan TLS; docs/tls-policies.md menyebut yang tersedia.
    """

    policy: str = "pindai-gov"

    def __post_init__(self) -> None:
        """Raises ValueError for a policy that is not there."""
        policy_called(self.policy)


NO_HANDSHAKE = Outcome(
    "no_handshake",
    en="{offer} offers HTTP/3 at UDP port {port}, where no handshake comes about: {why}",
    id="{offer} menawarkan HTTP/3 pada port UDP {port}, tetapi jabat tangan di sana tidak terjadi: {why}",
    severity=Severity.INFO,
)
OTHER_PROTOCOL = Outcome(
    "other_protocol",
    en="{offer} offers HTTP/3 at UDP port {port}, where the handshake does not agree on it",
    id="{offer} menawarkan HTTP/3 pada port UDP {port}, tetapi jabat tangan di sana tidak menyepakatinya",
    severity=Severity.INFO,
)
OUTSIDE = Outcome(
    "outside",
    en="The handshake of HTTP/3 takes what the policy {policy} does not recommend: {found_there}",
    id="Jabat tangan HTTP/3 memakai yang tidak dianjurkan kebijakan {policy}: {found_there}",
    severity=Severity.INFO,
)
OTHER_NAME = Outcome(
    "other_name",
    en="The certificate presented over HTTP/3 is not for {host}",
    id="Sertifikat yang disajikan melalui HTTP/3 bukan untuk {host}",
    severity=Severity.INFO,
)
NOT_VALID = Outcome(
    "not_valid",
    en="The certificate presented over HTTP/3 is another one than over TCP, and is valid only from {begins} to {ends}",
    id="Sertifikat yang disajikan melalui HTTP/3 berbeda dari yang melalui TCP, dan hanya berlaku dari {begins} sampai "
    "{ends}",
    severity=Severity.INFO,
)
OTHER_LEAF = Outcome(
    "other_leaf",
    en="The certificate presented over HTTP/3 is another one than over TCP (valid until {ends}; over TCP until {over_tcp})",
    id="Sertifikat yang disajikan melalui HTTP/3 berbeda dari yang melalui TCP (berlaku sampai {ends}; melalui TCP sampai "
    "{over_tcp})",
    severity=Severity.INFO,
)
WORKS = Passed(
    "works",
    en="The handshake of HTTP/3 at UDP port {port} works and is inside the policy {policy}: {suite}, {group}",
    id="Jabat tangan HTTP/3 pada port UDP {port} berfungsi dan sesuai kebijakan {policy}: {suite}, {group}",
)
ELSEWHERE = DoesNotApply(
    "elsewhere",
    en="HTTP/3 is offered only at {place}, which is not asked",
    id="HTTP/3 hanya ditawarkan di {place}, yang tidak ditanya",
)
NOT_OFFERED = DoesNotApply(
    "not_offered",
    en="The service offers no HTTP/3",
    id="Layanan tidak menawarkan HTTP/3",
)


@check(
    "tls.quic",
    quic,
    version=1,
    params=PolicyParams,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(
        *(NO_HANDSHAKE, OTHER_PROTOCOL, OUTSIDE, OTHER_NAME, NOT_VALID, OTHER_LEAF),
        *(WORKS, ELSEWHERE, NOT_OFFERED),
    ),
    references=("RFC 9001", "RFC 9114 3.1", "RFC 7838", "docs/tls-policies.md"),
)
def http3(seen: QuicSeen, params: PolicyParams) -> Iterator[Verdict]:
    """HTTP/3 works where the service offers it, and its handshake is as good as the one over TCP.

    An offer is `h3` in the field Alt-Svc of the home page's answer or in the name's HTTPS record. Only one for the service's
    own host is followed, to the port that it names (443, the service's own, or one from 1024 on): one handshake over UDP,
    whose cipher suite, group, signature and certificate are looked at. What else the server would take there is not asked.

    A handshake that gets no answer at all is unknown: many networks drop UDP on the way out. This check needs the extra
    `quic` (`pip install pindai[quic]`); without it, a service that offers HTTP/3 is unknown here.

    Apa: HTTP/3 berfungsi bila ditawarkan layanan, dan jabat tangannya sebaik yang melalui TCP.
    Rincian: Tawaran berarti `h3` pada kolom Alt-Svc jawaban halaman utama atau pada rekaman HTTPS nama itu. Hanya tawaran
        untuk host layanan itu sendiri yang diikuti, ke port yang disebutnya (443, port layanan, atau port mulai 1024): satu
        jabat tangan melalui UDP, yang cipher suite, grup, tanda tangan, dan sertifikatnya dilihat. Apa lagi yang diterima
        server di sana tidak ditanyakan.
    Rincian: Jabat tangan yang tidak mendapat jawaban sama sekali belum dapat disimpulkan: banyak jaringan membuang UDP
        keluar. Pemeriksaan ini memerlukan paket tambahan `quic` (`pip install pindai[quic]`); tanpa itu, layanan yang
        menawarkan HTTP/3 belum dapat disimpulkan di sini.
    Why: HTTP/3 is often ended by other software than HTTPS over TCP, with settings and a certificate of its own. What is
        repaired in one is easily forgotten in the other, and browsers that try a dead offer lose time first.
    Sebab: HTTP/3 sering dilayani perangkat lunak yang berbeda dari HTTPS melalui TCP, dengan pengaturan dan sertifikat
        sendiri. Yang diperbaiki di satu tempat mudah terlupa di tempat lain, dan peramban yang mencoba tawaran mati
        kehilangan waktu lebih dahulu.
    Fix: Give HTTP/3 the settings and the certificate that TCP has, and open its UDP port in the firewall; or take `h3` out of
        Alt-Svc and the HTTPS record.
    Perbaikan: Beri HTTP/3 pengaturan dan sertifikat yang sama dengan TCP, dan buka port UDP-nya di firewall; atau hapus `h3`
        dari Alt-Svc dan rekaman HTTPS.
    """
    shaken = seen.handshake
    if shaken is None:
        if seen.elsewhere:
            yield ELSEWHERE(place=seen.elsewhere)
        else:
            yield NOT_OFFERED() if seen.unread is None else unknown(seen.unread)
    elif isinstance(shaken, Unobserved):
        if shaken.reason in ENDED:
            found = shaken.detail or shaken.reason.value
            yield NO_HANDSHAKE(offer=seen.offered_by, port=seen.port, why=shaken.reason, found=found)
        else:
            yield unknown(shaken)
    elif not seen.is_h3:
        yield OTHER_PROTOCOL(offer=seen.offered_by, port=seen.port, found=shaken.alpn or "")
    else:
        yield _against(params.policy, seen.port, shaken)
        yield from _leaf(seen)


def _against(name: str, port: int, shaken: QuicHandshake) -> Verdict:
    """The parameters of a handshake, against a policy."""
    if listed := ", ".join(it.name for it in quic_deviations(policy_called(name), shaken)):
        return OUTSIDE(policy=name, found_there=listed, found=listed)
    group = "?" if shaken.group is None else group_name(shaken.group)
    return WORKS(port=port, policy=name, suite=suite_name(shaken.suite), group=group)


def _leaf(seen: QuicSeen) -> Iterator[Verdict]:
    """The leaf, where it is another one than over TCP; that one is judged by the checks of certificates.

    A server with a key of each kind may present either to whom can read both, so another kind of key alone is no finding.
    """
    other, own = seen.other_leaf, seen.over_tcp
    if other is None or not isinstance(own, PresentedLeaf):
        return
    leaf = other.certificate
    begins, ends = leaf.not_before.date().isoformat(), leaf.not_after.date().isoformat()
    verdict: Verdict | None = None
    if other.names_read and not other.names_reference:
        verdict = OTHER_NAME(host=other.reference, found=", ".join(leaf.dns_names[:3]))
    elif not leaf.not_before <= other.at <= leaf.not_after:
        verdict = NOT_VALID(begins=begins, ends=ends)
    elif leaf.key.kind == own.certificate.key.kind:
        over_tcp = own.certificate.not_after.date().isoformat()
        verdict = OTHER_LEAF(ends=ends, over_tcp=over_tcp, found=leaf.der_sha256, expected=own.certificate.der_sha256)
    if verdict is not None:
        yield verdict.about(LEAF_SUBJECT, other.reference)
