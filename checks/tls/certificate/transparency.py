"""Whether the certificate was logged in public (RFC 6962, RFC 9162), as far as its timestamps tell."""

from collections.abc import Iterator
from datetime import timedelta

from checks.tls.certificate.holder import for_its_holder
from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check, unknown
from scanner.derive.certificate_status import Timestamps, timestamps
from scanner.derive.certification_path import PROVE_NOTHING, PathResult
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import leaf_served, path_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS

SHORT_LIVED = timedelta(days=180)
FOR_SHORT = 2
FOR_LONG = 3
BESIDE = 2
"""Logs that browsers ask for: in a certificate of at most 180 days, in a longer one, and beside any certificate."""

NONE = Outcome(
    "none",
    en="The certificate has no timestamps of public logs, and none came beside it; browsers ask for {need}",
    id="Sertifikat tidak memiliki stempel waktu log publik, dan tidak ada yang dikirim bersamanya; peramban meminta {need}",
    severity=Severity.MEDIUM,
)
TOO_FEW = Outcome(
    "too_few",
    en="The certificate has timestamps of {count} logs; browsers ask for {need} for one that is valid for {days} days",
    id="Sertifikat memiliki stempel waktu dari {count} log; peramban meminta {need} untuk sertifikat berumur {days} hari",
    severity=Severity.MEDIUM,
)
NOT_PUBLIC = DoesNotApply(
    "not_public",
    en="The path does not end at an anchor that the public trusts, so nobody asks for public logs",
    id="Jalur tidak berakhir pada sertifikat akar yang dipercaya publik, sehingga log publik tidak diminta",
)
NO_PATH = DoesNotApply(
    "no_path",
    en="No path to a trust anchor was found: see tls.certificate.chain",
    id="Jalur ke sertifikat akar tepercaya tidak ditemukan: lihat tls.certificate.chain",
)
PATH_NOT_KNOWN = Undecided(
    "path_not_known",
    reason=Reason.INCONCLUSIVE,
    en="Whether the certificate leads to a public authority is not known",
    id="Tidak diketahui apakah sertifikat mengarah ke otoritas publik",
)
NOT_ASKED = Undecided(
    "not_asked",
    reason=Reason.NOT_ASKED,
    en="The certificate has timestamps of {count} logs, {need} are needed; no hello asked for those that come by TLS",
    id="Sertifikat memiliki stempel waktu dari {count} log, diperlukan {need}; yang dikirim melalui TLS tidak diminta",
)
ENOUGH = Passed(
    "enough",
    en="There are timestamps of {count} logs; their signatures, and which logs these are, were not checked",
    id="Ada stempel waktu dari {count} log; tanda tangannya dan log mana yang dimaksud tidak diperiksa",
)


@check(
    "tls.certificate.transparency",
    leaf_served,
    path_served,
    timestamps,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NONE, TOO_FEW, NOT_PUBLIC, NO_PATH, PATH_NOT_KNOWN, NOT_ASKED, ENOUGH),
    references=("RFC 6962 3.3", "RFC 9162 6"),
)
def transparency(own: PresentedLeaf, path: PathResult, seen: Timestamps) -> Iterator[Verdict]:
    """A publicly trusted certificate carries timestamps of enough public logs.

    Counted are the different logs: two in a certificate of at most 180 days, three in a longer one, or two in a stapled
    response or the TLS handshake, as browsers count. The timestamps' signatures are not checked, nor whether browsers know
    the logs.

    Apa: Sertifikat yang dipercaya publik membawa stempel waktu dari cukup banyak log publik.
    Rincian: Yang dihitung adalah log yang berbeda: dua dalam sertifikat berumur paling lama 180 hari, tiga dalam yang lebih
        lama, atau dua dalam respons yang dilampirkan (staple) atau jabat tangan TLS, seperti cara peramban menghitung.
        Tanda tangan stempel waktu tidak diperiksa, begitu pula apakah peramban mengenal log-nya.
    Why: Public logs let an agency see every certificate that was issued for its names, also one that somebody else obtained.
        Browsers refuse public certificates that are in none.
    Sebab: Log publik memungkinkan instansi melihat setiap sertifikat yang terbit untuk namanya, termasuk yang diperoleh
        pihak lain. Peramban menolak sertifikat publik yang tidak tercatat.
    Fix: Order a new certificate from an authority that embeds timestamps, as nearly all do without being asked.
    Perbaikan: Terbitkan sertifikat baru dari otoritas yang menyertakan stempel waktu, seperti yang dilakukan hampir semua
        otoritas tanpa diminta.
    shell:
        certbot renew --force-renewal
        openssl x509 -noout -ext ct_precert_scts -in /etc/letsencrypt/live/www.contoh.go.id/cert.pem
    nginx: ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache: SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS:
        # PowerShell
        certutil -dump server.cer
    Careful: What is logged is public for ever: names of internal machines do not belong into a public certificate.
    Hati-hati: Yang tercatat menjadi publik selamanya: nama mesin internal tidak pada tempatnya dalam sertifikat publik.
    """
    if not path.path:
        kinds = {reason.kind for reason in path.reasons}
        yield PATH_NOT_KNOWN() if kinds and kinds <= PROVE_NOTHING else NO_PATH()
        return
    if not path.leads_to_the_public:
        yield NOT_PUBLIC()
        return
    life = own.certificate.not_after - own.certificate.not_before
    need = FOR_SHORT if life <= SHORT_LIVED else FOR_LONG
    count = len({it.log_id for it in (*seen.embedded, *seen.beside)})
    if len(seen.embedded) >= need or len(seen.beside) >= BESIDE:
        yield for_its_holder(own, ENOUGH(count=count))
    elif seen.unread is not None:
        yield unknown(seen.unread)
    elif not seen.by_tls_asked:
        yield NOT_ASKED(count=count, need=need)
    elif count:
        yield TOO_FEW(count=count, need=need, days=life.days, expected=need, found=count)
    else:
        yield NONE(need=need, expected=need, found=0)
