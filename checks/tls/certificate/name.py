"""The names that the certificate is for (RFC 9525)."""

from collections.abc import Iterator

from checks.tls.certificate.holder import for_its_holder
from scanner.api import FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import leaf_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS

MAX_NAMES_SHOWN = 4

MISMATCH = Outcome(
    "mismatch",
    en="The certificate is for {presented}, not for {name}",
    id="Sertifikat untuk {presented}, bukan untuk {name}",
    severity=Severity.CRITICAL,
)
NO_NAMES = Outcome(
    "no_names",
    en="The certificate names no host in its subjectAltName; clients do not read the common name",
    id="Sertifikat tidak memuat nama host pada subjectAltName; klien tidak membaca common name",
    severity=Severity.CRITICAL,
)
TOO_MANY_NAMES = Undecided(
    "too_many_names",
    reason=Reason.TOO_LARGE,
    en="The certificate has {count} names, more than are read",
    id="Sertifikat memuat {count} nama, melebihi yang dibaca",
)
UNREADABLE_NAMES = Undecided(
    "unreadable_names",
    reason=Reason.INCONCLUSIVE,
    en="The certificate's subjectAltName cannot be read",
    id="subjectAltName sertifikat tidak terbaca",
)
MATCH = Passed("match", en="The certificate is for {name}", id="Sertifikat memuat {name}")


@check(
    "tls.certificate.name",
    leaf_served,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(MISMATCH, NO_NAMES, TOO_MANY_NAMES, UNREADABLE_NAMES, MATCH),
    references=("RFC 9525 6.3", "RFC 9525 6.5", "RFC 5280 4.2.1.6"),
)
def name(own: PresentedLeaf) -> Iterator[Verdict]:
    """The certificate is for the name the service is asked for by.

    Apa: Sertifikat memuat nama yang dipakai untuk memanggil layanan.
    Why: A certificate for another name gives no assurance of who answers; browsers refuse it.
    Sebab: Sertifikat untuk nama lain tidak memastikan siapa yang menjawab; peramban menolaknya.
    Fix: Order a certificate whose subjectAltName has this name, or point the virtual host at the right certificate.
    Perbaikan: Terbitkan sertifikat dengan subjectAltName nama ini, atau arahkan virtual host ke sertifikat yang benar.
    shell: certbot certonly --nginx -d www.contoh.go.id -d contoh.go.id
    nginx:
        server_name www.contoh.go.id;
        ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
        ssl_certificate_key /etc/letsencrypt/live/www.contoh.go.id/privkey.pem;
    Apache:
        ServerName www.contoh.go.id
        SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
        SSLCertificateKeyFile /etc/letsencrypt/live/www.contoh.go.id/privkey.pem
    IIS:
        # PowerShell
        New-WebBinding -Name "SITE" -Protocol https -Port 443 -HostHeader www.contoh.go.id -SslFlags 1
        $binding = Get-WebBinding -Name "SITE" -Protocol https -HostHeader www.contoh.go.id
        $binding.AddSslCertificate("THUMBPRINT", "My")
    Careful: Several services at one address need SNI: a name that no virtual host has gets the certificate of the first
        one.
    Hati-hati: Beberapa layanan pada satu alamat memerlukan SNI: nama tanpa virtual host sendiri mendapat sertifikat yang
        pertama.
    """
    certificate = own.certificate
    if own.names_reference:
        yield for_its_holder(own, MATCH(name=own.reference))
    elif not own.names_read:
        yield TOO_MANY_NAMES(count=certificate.san_count) if certificate.san_count else UNREADABLE_NAMES()
    elif not certificate.dns_names and not certificate.ip_addresses:
        yield NO_NAMES(expected=own.reference)
    else:
        presented = _names(certificate.dns_names, certificate.ip_addresses)
        yield MISMATCH(name=own.reference, presented=presented, expected=own.reference, found=presented)


def _names(dns_names: tuple[str, ...], addresses: tuple[bytes, ...]) -> str:
    shown = [*dns_names, *(_address(address) for address in addresses)]
    more = len(shown) - MAX_NAMES_SHOWN
    return ", ".join(shown[:MAX_NAMES_SHOWN]) + (f" (+{more})" if more > 0 else "")


def _address(octets: bytes) -> str:
    return ".".join(map(str, octets)) if len(octets) == 4 else octets.hex(":", 2)
