"""The path from the certificate to a trust anchor (RFC 5280 6.1, RFC 8446 4.4.2)."""

import re
from collections.abc import Iterator

from checks.tls.certificate.holder import for_its_holder
from scanner.api import FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check
from scanner.derive.certification_path import LEAF_VALIDITY, PathReason, PathReasonKind, PathResult
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import Served, leaf_served, path_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS


def _refused(key: str, severity: Severity, en: str, id: str) -> Outcome:
    return Outcome(key, en=en, id=id, severity=severity)


UNTRUSTED: dict[PathReasonKind, Outcome] = {
    PathReasonKind.SELF_SIGNED: _refused(
        "self_signed",
        Severity.CRITICAL,
        "The certificate is signed by its own key and by no authority: {subject}",
        "Sertifikat ditandatangani kuncinya sendiri, bukan oleh otoritas: {subject}",
    ),
    PathReasonKind.UNKNOWN_ROOT: _refused(
        "unknown_root",
        Severity.CRITICAL,
        "The chain ends at {subject}, which is in no trust store used here",
        "Rantai berakhir pada {subject}, yang tidak ada dalam penyimpanan sertifikat akar yang dipakai di sini",
    ),
    PathReasonKind.MISSING_INTERMEDIATE: _refused(
        "missing_issuer",
        Severity.HIGH,
        "Incomplete chain: the issuer {issuer} is neither sent by the server nor trusted here",
        "Rantai sertifikat tidak lengkap: penerbit {issuer} tidak dikirim server dan tidak dipercaya di sini",
    ),
    PathReasonKind.BAD_SIGNATURE: _refused(
        "bad_signature",
        Severity.CRITICAL,
        "The signature on {subject} was not made by its issuer's key",
        "Tanda tangan pada {subject} tidak dibuat dengan kunci penerbitnya",
    ),
    PathReasonKind.EXPIRED_INTERMEDIATE: _refused(
        "expired_intermediate",
        Severity.CRITICAL,
        "A certificate above the server's has expired: {subject}",
        "Sertifikat di atas sertifikat server sudah berakhir: {subject}",
    ),
    PathReasonKind.NOT_YET_VALID_INTERMEDIATE: _refused(
        "not_yet_valid_intermediate",
        Severity.CRITICAL,
        "A certificate above the server's is not valid yet: {subject}",
        "Sertifikat di atas sertifikat server belum berlaku: {subject}",
    ),
    PathReasonKind.EXPIRED_ANCHOR: _refused(
        "expired_anchor",
        Severity.CRITICAL,
        "The trust anchor has expired: {subject}",
        "Sertifikat akar tepercaya sudah berakhir: {subject}",
    ),
    PathReasonKind.NOT_YET_VALID_ANCHOR: _refused(
        "not_yet_valid_anchor",
        Severity.CRITICAL,
        "The trust anchor is not valid yet: {subject}",
        "Sertifikat akar tepercaya belum berlaku: {subject}",
    ),
    PathReasonKind.NOT_A_CA: _refused(
        "not_a_ca",
        Severity.CRITICAL,
        "{subject} issued a certificate but is no certification authority",
        "{subject} menerbitkan sertifikat padahal bukan otoritas sertifikasi",
    ),
    PathReasonKind.CA_AS_LEAF: _refused(
        "ca_as_leaf",
        Severity.HIGH,
        "The server presents the certificate of an authority as its own: {subject}",
        "Server memakai sertifikat otoritas sebagai sertifikatnya sendiri: {subject}",
    ),
    PathReasonKind.PATH_LENGTH: _refused(
        "path_length",
        Severity.CRITICAL,
        "The path is longer than {subject} allows",
        "Jalur lebih panjang daripada yang diizinkan {subject}",
    ),
    PathReasonKind.TOO_LONG: _refused(
        "too_long",
        Severity.HIGH,
        "The path has more certificates than clients follow, above {subject}",
        "Jalur memuat lebih banyak sertifikat daripada yang ditelusuri klien, di atas {subject}",
    ),
    PathReasonKind.KEY_USAGE: _refused(
        "key_usage",
        Severity.CRITICAL,
        "The key usage of {subject} does not allow this use",
        "Key usage {subject} tidak mengizinkan pemakaian ini",
    ),
    PathReasonKind.EXTENDED_KEY_USAGE: _refused(
        "extended_key_usage",
        Severity.CRITICAL,
        "{subject} is not meant for web servers (no serverAuth)",
        "{subject} tidak ditujukan untuk server web (tanpa serverAuth)",
    ),
    PathReasonKind.NAME_CONSTRAINTS: _refused(
        "name_constraints",
        Severity.CRITICAL,
        "The name constraints of {subject} do not allow a name below it",
        "Name constraints {subject} tidak mengizinkan nama di bawahnya",
    ),
    PathReasonKind.NO_ALTERNATIVE_NAME: _refused(
        "no_alternative_name",
        Severity.CRITICAL,
        "{subject} has no subjectAltName, which public trust requires",
        "{subject} tidak memiliki subjectAltName, yang disyaratkan kepercayaan publik",
    ),
    PathReasonKind.UNKNOWN_CRITICAL: _refused(
        "unknown_critical",
        Severity.HIGH,
        "{subject} has a critical extension that clients do not know and must refuse",
        "{subject} memuat ekstensi kritis yang tidak dikenal klien dan wajib ditolak",
    ),
    PathReasonKind.MALFORMED: _refused(
        "malformed",
        Severity.HIGH,
        "{subject} is malformed in a way that clients refuse",
        "{subject} cacat bentuk sehingga ditolak klien",
    ),
}
"""What refuses a path, by reason. Kinds that are missing here show nothing against the server, or are another check's."""

MISSING_FETCHABLE = _refused(
    "missing_issuer_fetchable",
    Severity.HIGH,
    "Incomplete chain: the server does not send {issuer}; some clients fetch it from {place}, others refuse",
    "Rantai tidak lengkap: server tidak mengirim {issuer}; sebagian klien mengambilnya dari {place}, yang lain menolak",
)
WRONG_ORDER = Outcome(
    "wrong_order",
    en="The chain is not sent leaf first, each certificate before its issuer",
    id="Rantai tidak dikirim berurutan dari sertifikat server, masing-masing sebelum penerbitnya",
    severity=Severity.LOW,
)
UNNEEDED = Outcome(
    "unneeded",
    en="The chain has {count} certificates that no path needs, such as {subject}",
    id="Rantai memuat {count} sertifikat yang tidak diperlukan jalur mana pun, misalnya {subject}",
    severity=Severity.LOW,
)
ROOT_SENT = Outcome(
    "root_sent",
    en="The server sends the root {subject}; clients have it or do not trust it",
    id="Server mengirim sertifikat akar {subject}; klien sudah memilikinya atau tidak memercayainya",
    severity=Severity.INFO,
)
WEAK_SIGNATURE = Undecided(
    "weak_signature",
    reason=Reason.INCONCLUSIVE,
    en="The path is sound but for a signature with MD5 or SHA-1, which most clients refuse: see tls.certificate.signature",
    id="Jalur utuh kecuali tanda tangan dengan MD5 atau SHA-1 yang ditolak kebanyakan klien: lihat tls.certificate.signature",
)
NO_PROOF = Undecided(
    "no_proof",
    reason=Reason.INCONCLUSIVE,
    en="No path was found, and nothing proves that there is none: {kinds}",
    id="Jalur tidak ditemukan, dan tidak terbukti bahwa jalur tidak ada: {kinds}",
)
TRUSTED = Passed("trusted", en="The path ends at {root} in {store}", id="Jalur berakhir pada {root} dalam {store}")


@check(
    "tls.certificate.chain",
    tls_certificate,
    leaf_served,
    path_served,
    version=2,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(
        *UNTRUSTED.values(),
        MISSING_FETCHABLE,
        WRONG_ORDER,
        UNNEEDED,
        ROOT_SENT,
        WEAK_SIGNATURE,
        NO_PROOF,
        TRUSTED,
    ),
    references=("RFC 5280 6.1", "RFC 8446 4.4.2"),
)
def chain(served: Served, own: PresentedLeaf, path: PathResult) -> Iterator[Verdict]:
    r"""The certificates sent lead from the server's own to a trust anchor.

    Apa: Sertifikat yang dikirim mengarah dari sertifikat server ke sertifikat akar tepercaya.
    Why: A path that clients cannot build is an error page for visitors and a failed call for other systems.
    Sebab: Jalur yang tidak dapat dibangun klien menjadi halaman galat bagi pengunjung dan panggilan gagal bagi sistem
        lain.
    Fix: Send the leaf and then each intermediate, without the root: the fullchain file of the authority.
    Perbaikan: Kirim sertifikat server lalu setiap sertifikat perantara, tanpa sertifikat akar: berkas fullchain dari
        otoritas.
    nginx: ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache: SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS:
        # PowerShell
        Import-Certificate -FilePath intermediate.cer -CertStoreLocation Cert:\LocalMachine\CA
    Fix (missing_issuer): Is this an authority of your own? Name its root with `--ca FILE`. Else send every intermediate
        after the leaf: the fullchain file of the authority.
    Perbaikan (missing_issuer): Bila ini otoritas sendiri, sebutkan sertifikat akarnya dengan `--ca BERKAS`. Bila bukan,
        kirim setiap sertifikat perantara setelah sertifikat server: berkas fullchain dari otoritas.
    nginx (missing_issuer): ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache (missing_issuer): SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS (missing_issuer):
        # PowerShell
        Import-Certificate -FilePath intermediate.cer -CertStoreLocation Cert:\LocalMachine\CA
    Fix (self_signed): Order a certificate from an authority that visitors' browsers trust (`certbot`). On a machine of
        your own: name this one with `--ca FILE`.
    Perbaikan (self_signed): Terbitkan sertifikat dari otoritas yang dipercaya peramban pengunjung (`certbot`). Di
        komputer sendiri: sebutkan sertifikat ini dengan `--ca BERKAS`.
    Fix (unknown_root): Is this an authority of your own? Name its root with `--ca FILE`, or `anchors` under `[trust]`.
        Else order a certificate from an authority that visitors' browsers trust (`certbot`).
    Perbaikan (unknown_root): Bila ini otoritas sendiri, sebutkan sertifikat akarnya dengan `--ca BERKAS`, atau `anchors`
        pada `[trust]`. Bila bukan, terbitkan sertifikat dari otoritas yang dipercaya peramban pengunjung (`certbot`).
    Careful: A browser that has met the missing certificate elsewhere shows no error; try with a client that has not.
    Hati-hati: Peramban yang pernah menerima sertifikat yang kurang itu tidak menampilkan galat; uji dengan klien lain.
    """
    if path.path:
        trusted = TRUSTED(root=common_name(path.path[-1].subject), store=path.anchor or "")
        yield for_its_holder(own, trusted)
        yield from _tidiness(served, path)
        return
    refusals = [reason for reason in path.reasons if reason.kind not in LEAF_VALIDITY]
    proven = [reason for reason in refusals if reason.kind in UNTRUSTED]
    if not proven and any(reason.kind is PathReasonKind.WEAK_SIGNATURE for reason in refusals):
        yield WEAK_SIGNATURE()
        return
    if not proven:
        kinds = ", ".join(reason.kind.value for reason in refusals) or "no reason"
        yield NO_PROOF(kinds=kinds)
        return
    yield _refusal(proven[0], ", ".join(dict.fromkeys(reason.kind.value for reason in proven)))


def _refusal(reason: PathReason, kinds: str) -> Verdict:
    outcome = UNTRUSTED[reason.kind]
    subject = common_name(reason.subject)
    if reason.kind is not PathReasonKind.MISSING_INTERMEDIATE:
        return outcome(subject=subject, subject_dn=reason.subject, found=kinds)
    issuer = reason.issuer or ""
    about = {"subject": subject, "issuer": common_name(issuer), "subject_dn": reason.subject, "issuer_dn": issuer}
    if reason.ca_issuers:
        return MISSING_FETCHABLE(**about, place=reason.ca_issuers[0], found=kinds)
    return outcome(**about, found=kinds)


def common_name(name: str) -> str:
    """What people call a certificate by: the common name of a distinguished name (RFC 4514), else all of it."""
    found = _COMMON_NAME.search(name)
    return found[1] if found is not None else name


_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:[^,\\+]|\\.)+)")


def _tidiness(served: Served, path: PathResult) -> Iterator[Verdict]:
    """What clients accept and an administrator should still tidy up, each a subject of its own."""
    strays = [certificate for certificate in path.unneeded if not certificate.linked]
    if path.wrong_order:
        yield WRONG_ORDER().about("chain order", served.name)
    if strays:
        yield UNNEEDED(count=len(strays), subject=common_name(strays[0].subject)).about("chain extras", served.name)
    if path.roots_sent:
        yield ROOT_SENT(subject=common_name(path.roots_sent[0].subject)).about("chain root", served.name)
