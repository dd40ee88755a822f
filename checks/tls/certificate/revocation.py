"""Whether the certificate was revoked by its issuer (RFC 6960, RFC 5280 5, RFC 7633)."""

from collections.abc import Iterator

from checks.tls.certificate.holder import for_its_holder
from scanner.api import (
    DoesNotApply,
    FixedBy,
    Outcome,
    Passed,
    Reason,
    Severity,
    Undecided,
    Verdict,
    check,
    maybe,
    unknown,
)
from scanner.derive.asked_status import AskedStatus, status_of_issuer
from scanner.derive.certificate_status import StapledStatus, stapled_status
from scanner.derive.revocation import Status
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import leaf_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS
from scanner.observations.steps import Unobserved

REVOKED = Outcome(
    "revoked",
    en="The issuer revoked the certificate on {when} ({reason})",
    id="Sertifikat dicabut oleh penerbitnya {when} ({reason})",
    severity=Severity.CRITICAL,
)
NO_STAPLE = Outcome(
    "no_staple",
    en="The certificate tells clients to insist on a stapled status, and the server sends none",
    id="Sertifikat meminta klien mewajibkan status yang dilampirkan (staple), tetapi server tidak mengirimnya",
    severity=Severity.HIGH,
)
USELESS_STAPLE = Outcome(
    "useless_staple",
    en="The certificate tells clients to insist on a stapled status, and the one sent is of no use: {why}",
    id="Sertifikat meminta klien mewajibkan status yang dilampirkan (staple), tetapi yang dikirim tidak berguna: {why}",
    severity=Severity.HIGH,
)
STALE = Outcome(
    "stale",
    en="The stapled status was in force until {until} and no longer when it was seen",
    id="Status yang dilampirkan (staple) berlaku sampai {until} dan tidak berlaku lagi saat dilihat",
    severity=Severity.HIGH,
)
NO_SOURCE = DoesNotApply(
    "no_source",
    en="No status was stapled, and the certificate names no responder and no revocation list",
    id="Tidak ada status yang dilampirkan, dan sertifikat tidak menyebut responder maupun daftar pencabutan",
)
NOBODY_ASKED = DoesNotApply(
    "nobody_asked",
    en="No status was stapled, and the issuer was not asked: {why}",
    id="Tidak ada status yang dilampirkan, dan penerbit tidak ditanya: {why}",
)
NOT_ASKED = Undecided(
    "not_asked",
    reason=Reason.NOT_ASKED,
    en="The certificate tells clients to insist on a stapled status, and no hello asked for one",
    id="Sertifikat meminta klien mewajibkan status yang dilampirkan (staple), tetapi tidak ada hello yang memintanya",
)
NOT_KNOWN_THERE = Undecided(
    "not_known_there",
    reason=Reason.INCONCLUSIVE,
    en="The issuer's responder says that it does not know the certificate",
    id="Responder penerbit menyatakan tidak mengenal sertifikat ini",
)
TOO_OLD = Undecided(
    "too_old",
    reason=Reason.INCONCLUSIVE,
    en="What {place} answered was in force until {until} only",
    id="Jawaban {place} hanya berlaku sampai {until}",
)
GOOD_STAPLE = Passed(
    "good_staple",
    en="Not revoked, says the stapled status of {when}",
    id="Tidak dicabut menurut status yang dilampirkan, tertanggal {when}",
)
GOOD = Passed(
    "good",
    en="Not revoked, says {place} in its status of {when}",
    id="Tidak dicabut menurut status dari {place}, tertanggal {when}",
)


@check(
    "tls.certificate.revocation",
    leaf_served,
    stapled_status,
    maybe(status_of_issuer),
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(
        REVOKED,
        NO_STAPLE,
        USELESS_STAPLE,
        STALE,
        NO_SOURCE,
        NOBODY_ASKED,
        NOT_ASKED,
        NOT_KNOWN_THERE,
        TOO_OLD,
        GOOD_STAPLE,
        GOOD,
    ),
    references=("RFC 6960 3.2", "RFC 5280 6.3", "RFC 7633"),
)
def revocation(
    own: PresentedLeaf, seen: StapledStatus, asked: tuple[AskedStatus, ...] | Unobserved
) -> Iterator[Verdict]:
    """The certificate was not revoked, and a status that it promises comes with it.

    Read is what the server staples. The issuer itself is asked only where `[pki]` allows it, about the certificate that the
    first handshake gets. A status counts when the issuer, or somebody whom it named, signed it. Certificates above the
    server's own are not looked up.

    Apa: Sertifikat tidak dicabut, dan status yang dijanjikannya ikut dikirim.
    Rincian: Yang dibaca adalah status yang dilampirkan server. Penerbit hanya ditanya bila `[pki]` mengizinkan, tentang
        sertifikat pada jabat tangan pertama. Status diperhitungkan bila ditandatangani penerbit atau pihak yang ditunjuknya.
        Sertifikat di atas sertifikat server tidak diperiksa.
    Why: A revoked certificate is one whose key may be in other hands. Browsers that learn of it turn visitors away.
    Sebab: Sertifikat dicabut bila kuncinya mungkin ada di tangan pihak lain. Peramban yang mengetahuinya menolak pengunjung.
    Fix: Ask the authority why the certificate was revoked, make a new key, and order a new certificate.
    Perbaikan: Tanyakan kepada otoritas alasan pencabutannya, buat kunci baru, lalu terbitkan sertifikat baru.
    shell:
        openssl ecparam -genkey -name prime256v1 -noout -out server.key
        openssl req -new -key server.key -subj "/CN=www.contoh.go.id" -out server.csr
    nginx: ssl_certificate_key /etc/ssl/private/server.key;
    Apache: SSLCertificateKeyFile /etc/ssl/private/server.key
    IIS:
        ; request.inf
        [NewRequest]
        Subject = "CN=www.contoh.go.id"
        KeyLength = 3072
        MachineKeySet = TRUE
        ; certreq -new request.inf request.csr
    Fix (no_staple, useless_staple, stale): Switch stapling on and let the server reach the responder and a resolver; or
        order a certificate without the extension that promises a staple (OCSP Must-Staple).
    Perbaikan (no_staple, useless_staple, stale): Aktifkan stapling dan pastikan server dapat menghubungi responder dan
        resolver; atau terbitkan sertifikat tanpa ekstensi yang menjanjikan staple (OCSP Must-Staple).
    nginx (no_staple, useless_staple, stale):
        ssl_stapling on;
        ssl_stapling_verify on;
        ssl_trusted_certificate /etc/letsencrypt/live/www.contoh.go.id/chain.pem;
        resolver 192.0.2.53;
    Apache (no_staple, useless_staple, stale):
        # outside of <VirtualHost>
        SSLStaplingCache shmcb:/var/run/apache2/ssl_stapling(128000)
        SSLUseStapling on
    IIS (no_staple, useless_staple, stale):
        # PowerShell
        certutil -verify -urlfetch server.cer
    Careful: A new certificate for the old key helps nobody: what was wrong with the key stays wrong.
    Hati-hati: Sertifikat baru untuk kunci lama tidak menolong: masalah pada kuncinya tetap ada.
    Careful (no_staple): nginx fetches the status only when the first visitor comes, so the first handshakes after a start
        have none.
    Hati-hati (no_staple): nginx baru mengambil status ketika pengunjung pertama datang, sehingga jabat tangan pertama
        setelah server dijalankan belum memilikinya.
    """
    stapled = [it for it in seen.stapled if isinstance(it, Status)]
    fetched = () if isinstance(asked, Unobserved) else asked
    statuses = [*stapled, *(it.status for it in fetched if isinstance(it.status, Status))]
    revoked = next((it for it in statuses if it.is_revoked), None)
    late = next((it for it in stapled if it.late), None)
    if revoked is not None:
        when = revoked.revoked_at or revoked.this_update
        yield REVOKED(when=when, reason=revoked.reason or "unspecified", found=when)
    elif seen.must_staple and not any(it.is_good for it in stapled):
        yield _promise_broken(seen, late)
    elif late is not None and late.next_update is not None:
        yield STALE(until=late.next_update, found=late.next_update)
    else:
        yield _standing(own, seen, asked)


def _promise_broken(seen: StapledStatus, late: Status | None) -> Verdict:
    """What is wrong where a staple is promised and none that says good and is in force came."""
    if not seen.stapled:
        return NO_STAPLE() if seen.asked else NOT_ASKED()
    if late is not None and late.next_update is not None:
        return STALE(until=late.next_update, found=late.next_update)
    first = seen.stapled[0]
    if isinstance(first, Unobserved):
        return USELESS_STAPLE(why=first.detail)
    return NOT_KNOWN_THERE()


def _standing(own: PresentedLeaf, seen: StapledStatus, asked: tuple[AskedStatus, ...] | Unobserved) -> Verdict:
    """What is known where nothing is wrong: good, by whom, or why nothing is known."""
    for status in seen.stapled:
        if isinstance(status, Status) and status.is_good:
            return for_its_holder(own, GOOD_STAPLE(when=status.this_update))
    for answer in () if isinstance(asked, Unobserved) else asked:
        if isinstance(answer.status, Status) and answer.status.is_good:
            return for_its_holder(own, GOOD(place=answer.url, when=answer.status.this_update))
    return _no_answer(seen, asked)


def _no_answer(seen: StapledStatus, asked: tuple[AskedStatus, ...] | Unobserved) -> Verdict:
    answers = () if isinstance(asked, Unobserved) else asked
    said = [*seen.stapled, *(it.status for it in answers)]
    for answer in answers:
        if isinstance(answer.status, Status) and answer.status.late and answer.status.next_update is not None:
            return TOO_OLD(place=answer.url, until=answer.status.next_update)
    if any(isinstance(it, Status) for it in said):
        return NOT_KNOWN_THERE()
    if why := next((it for it in said if isinstance(it, Unobserved)), None):
        return unknown(why)
    if not seen.responders and not seen.lists:
        return NO_SOURCE()
    if isinstance(asked, Unobserved):
        return NOBODY_ASKED(why=asked.detail) if asked.reason is Reason.NOT_ASKED else unknown(asked)
    return NOBODY_ASKED(why="no path leads to an anchor, or no place answers plain HTTP")
