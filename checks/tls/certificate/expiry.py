"""The time for which the certificate is valid (RFC 5280 4.1.2.5)."""

from collections.abc import Iterator
from datetime import timedelta

from checks.tls.certificate.holder import for_its_holder
from scanner.api import CheckParams, FixedBy, Outcome, Passed, Severity, Verdict, check
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import leaf_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS


class ExpiryParams(CheckParams, frozen=True):
    """Thresholds of tls.certificate.expiry.

    `warn_before`: a certificate that ends sooner than this should already have been renewed.
    `warn_before`: sertifikat yang berakhir lebih cepat dari ini seharusnya sudah diperbarui.
    """

    warn_before: timedelta = timedelta(days=14)


EXPIRED = Outcome(
    "expired",
    en="The certificate expired on {when}",
    id="Sertifikat berakhir {when}",
    severity=Severity.CRITICAL,
)
NOT_YET_VALID = Outcome(
    "not_yet_valid",
    en="The certificate is not valid before {when}",
    id="Sertifikat baru berlaku {when}",
    severity=Severity.CRITICAL,
)
ENDS_SOON = Outcome(
    "ends_soon",
    en="The certificate ends on {when}, in {days} days",
    id="Sertifikat berakhir {when}, {days} hari lagi",
    severity=Severity.MEDIUM,
)
IN_TIME = Passed("in_time", en="The certificate is valid until {when}", id="Sertifikat berlaku sampai {when}")


@check(
    "tls.certificate.expiry",
    leaf_served,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    params=ExpiryParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(EXPIRED, NOT_YET_VALID, ENDS_SOON, IN_TIME),
    references=("RFC 5280 4.1.2.5",),
)
def expiry(own: PresentedLeaf, params: ExpiryParams) -> Iterator[Verdict]:
    """The certificate was valid when it was seen, and will be for a while.

    Apa: Sertifikat berlaku saat dilihat, dan masih akan berlaku untuk beberapa waktu.
    Why: Browsers turn visitors away from a service whose certificate has ended, and people learn to click warnings away.
    Sebab: Peramban menolak layanan yang sertifikatnya berakhir, dan orang menjadi terbiasa mengabaikan peringatan.
    Fix: Renew the certificate (`certbot renew`), reload the web server, and test the automatic renewal.
    Perbaikan: Perbarui sertifikat (`certbot renew`), muat ulang server web, lalu uji pembaruan otomatisnya.
    shell:
        certbot renew --deploy-hook "systemctl reload nginx"
        certbot renew --dry-run
    Fix (not_yet_valid): Look at the clock of the machine that made or serves the certificate; until the day it names,
        serve the one before it.
    Perbaikan (not_yet_valid): Periksa jam mesin yang membuat atau menyajikan sertifikat; sampai hari berlakunya tiba,
        pakai sertifikat sebelumnya.
    Careful: A renewed file changes nothing until the web server has read it again.
    Hati-hati: Berkas yang sudah diperbarui belum berpengaruh sebelum dibaca ulang oleh server web.
    """
    certificate = own.certificate
    remaining = certificate.not_after - own.at
    if own.at > certificate.not_after:
        yield EXPIRED(when=certificate.not_after, found=certificate.not_after)
    elif own.at < certificate.not_before:
        yield NOT_YET_VALID(when=certificate.not_before, found=certificate.not_before)
    elif remaining < params.warn_before:
        yield ENDS_SOON(
            when=certificate.not_after,
            days=remaining.days,
            expected=params.warn_before,
            found=certificate.not_after,
        )
    else:
        yield for_its_holder(own, IN_TIME(when=certificate.not_after))
