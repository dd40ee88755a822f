"""For how long public authorities may issue certificates (CA/B Baseline Requirements 6.3.2, ballot SC-081)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil

from checks.tls.certificate.holder import for_its_holder
from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check
from scanner.derive.certification_path import PROVE_NOTHING, PathResult
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import leaf_served, path_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS

SCHEDULE = (
    (datetime(2029, 3, 15, tzinfo=UTC), 47),
    (datetime(2027, 3, 15, tzinfo=UTC), 100),
    (datetime(2026, 3, 15, tzinfo=UTC), 200),
    (datetime(2020, 9, 1, tzinfo=UTC), 398),
    (datetime(2018, 3, 1, tzinfo=UTC), 825),
)
"""Issued from this day on, a certificate is valid for so many days at most; the latest first."""

TOO_LONG = Outcome(
    "too_long",
    en="The certificate is valid for {days} days; public authorities may issue for {most} at most since {since}",
    id="Sertifikat berlaku {days} hari; otoritas publik hanya boleh menerbitkan paling lama {most} hari sejak {since}",
    severity=Severity.LOW,
)
NOT_PUBLIC = DoesNotApply(
    "not_public",
    en="The path does not end at an anchor that the public trusts: how long its authority issues for is its own affair",
    id="Jalur tidak berakhir pada sertifikat akar yang dipercaya publik: masa berlaku ditentukan sendiri oleh otoritasnya",
)
NO_PATH = DoesNotApply(
    "no_path",
    en="No path to a trust anchor was found: see tls.certificate.chain",
    id="Jalur ke sertifikat akar tepercaya tidak ditemukan: lihat tls.certificate.chain",
)
BEFORE_SCHEDULE = DoesNotApply(
    "before_schedule",
    en="The certificate was issued before {since}, when no limit in days was set",
    id="Sertifikat diterbitkan sebelum {since}, ketika belum ada batas dalam hari",
)
PATH_NOT_KNOWN = Undecided(
    "path_not_known",
    reason=Reason.INCONCLUSIVE,
    en="Whether the certificate leads to a public authority is not known",
    id="Tidak diketahui apakah sertifikat mengarah ke otoritas publik",
)
WITHIN = Passed(
    "within",
    en="The certificate is valid for {days} days, and {most} are allowed",
    id="Sertifikat berlaku {days} hari, dari {most} hari yang diperbolehkan",
)


@check(
    "tls.certificate.lifetime",
    leaf_served,
    path_served,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(TOO_LONG, NOT_PUBLIC, NO_PATH, BEFORE_SCHEDULE, PATH_NOT_KNOWN, WITHIN),
    references=("CA/B BR 6.3.2", "CA/B SC-081"),
)
def lifetime(own: PresentedLeaf, path: PathResult) -> Iterator[Verdict]:
    """A public authority's certificate is valid for no longer than its day of issue allows.

    The first day of its validity stands for the day of issue. From 15 March 2026 on 200 days are allowed, from 15 March 2027
    on 100, from 15 March 2029 on 47; before that it was 398. Authorities that only the operator trusts are not meant.

    Apa: Masa berlaku sertifikat dari otoritas publik tidak melebihi yang diperbolehkan pada hari penerbitannya.
    Rincian: Hari pertama masa berlaku dianggap sebagai hari penerbitan. Sejak 15 Maret 2026 diperbolehkan 200 hari, sejak
        15 Maret 2027 100 hari, sejak 15 Maret 2029 47 hari; sebelumnya 398 hari. Otoritas yang hanya dipercaya operator
        tidak termasuk.
    Why: Browsers refuse certificates that are valid for longer, and a key that was taken can be misused for as long as its
        certificate lasts.
    Sebab: Peramban menolak sertifikat yang berlaku lebih lama, dan kunci yang dicuri dapat disalahgunakan selama
        sertifikatnya berlaku.
    Fix: Order a new certificate and have it renewed automatically: at 47 days nobody can do it by hand any more.
    Perbaikan: Terbitkan sertifikat baru dan otomatiskan pembaruannya: dengan masa 47 hari, cara manual tidak lagi memadai.
    shell:
        certbot certonly --nginx -d www.contoh.go.id
        systemctl enable --now certbot.timer
    nginx: ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache: SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS:
        # PowerShell
        Get-ChildItem Cert:\\LocalMachine\\My | Select-Object Subject, NotBefore, NotAfter
    Careful: With short certificates, watch the renewal itself: a timer that stopped shows only weeks later.
    Hati-hati: Dengan sertifikat berumur pendek, pantau proses pembaruannya: timer yang berhenti baru terlihat beberapa
        minggu kemudian.
    """
    if not path.path:
        kinds = {reason.kind for reason in path.reasons}
        yield PATH_NOT_KNOWN() if kinds and kinds <= PROVE_NOTHING else NO_PATH()
        return
    if not path.leads_to_the_public:
        yield NOT_PUBLIC()
        return
    certificate = own.certificate
    # Both ends belong to the period, and what is more than whole days counts as a day (Baseline Requirements 6.3.2).
    days = ceil((certificate.not_after - certificate.not_before + timedelta(seconds=1)) / timedelta(days=1))
    for since, most in SCHEDULE:
        if certificate.not_before >= since:
            if days > most:
                yield TOO_LONG(days=days, most=most, since=_day(since), expected=most, found=days)
            else:
                yield for_its_holder(own, WITHIN(days=days, most=most))
            return
    yield BEFORE_SCHEDULE(since=_day(SCHEDULE[-1][0]))


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
