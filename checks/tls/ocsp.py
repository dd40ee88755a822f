"""OCSP stapling (RFC 6066 8): the server brings its certificate's status along."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check
from scanner.derive.certificate_status import StapledStatus, stapled_status
from scanner.derive.tls_certificates import tls_certificate
from scanner.derive.tls_service import TLS_KINDS

NOT_STAPLED = Outcome(
    "not_stapled",
    en="The certificate names a responder ({responder}), and the server stapled no status",
    id="Sertifikat menyebut responder ({responder}), tetapi server tidak melampirkan status (staple)",
    severity=Severity.INFO,
)
NO_RESPONDER = DoesNotApply(
    "no_responder",
    en="The certificate names no OCSP responder, so there is nothing to staple",
    id="Sertifikat tidak menyebut responder OCSP, sehingga tidak ada yang dapat dilampirkan",
)
NOT_ASKED = Undecided(
    "not_asked",
    reason=Reason.NOT_ASKED,
    en="No hello asked for a status",
    id="Tidak ada hello yang meminta status",
)
STAPLED = Passed(
    "stapled",
    en="The server staples a status; what it says is judged by tls.certificate.revocation",
    id="Server melampirkan status (staple); isinya dinilai oleh tls.certificate.revocation",
)


@check(
    "tls.ocsp.stapling",
    stapled_status,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NOT_STAPLED, NO_RESPONDER, NOT_ASKED, STAPLED),
    references=("RFC 6066 8", "RFC 8446 4.4.2.1"),
)
def stapling(seen: StapledStatus) -> Iterator[Verdict]:
    """A server whose certificate names a responder staples the responder's answer.

    Apa: Server yang sertifikatnya menyebut responder melampirkan jawaban responder itu (stapling).
    Why: Without a staple a browser that wants the status asks the authority, which takes time and tells the authority who
        visits the service. Many authorities have given up responders; then there is nothing to staple.
    Sebab: Tanpa staple, peramban yang memerlukan status bertanya kepada otoritas; hal ini memakan waktu dan memberi tahu
        otoritas siapa pengunjungnya. Banyak otoritas telah menutup responder; dalam hal itu tidak ada yang dilampirkan.
    Fix: Switch stapling on, and let the server reach the responder and a resolver.
    Perbaikan: Aktifkan stapling, dan pastikan server dapat menghubungi responder dan resolver.
    nginx:
        ssl_stapling on;
        ssl_stapling_verify on;
        ssl_trusted_certificate /etc/letsencrypt/live/www.contoh.go.id/chain.pem;
        resolver 192.0.2.53;
    Apache:
        # outside of <VirtualHost>
        SSLStaplingCache shmcb:/var/run/apache2/ssl_stapling(128000)
        SSLUseStapling on
    IIS:
        # PowerShell
        certutil -verify -urlfetch server.cer
    Careful: nginx fetches the status only when the first visitor comes, so the first handshakes after a start have none.
    Hati-hati: nginx baru mengambil status ketika pengunjung pertama datang, sehingga jabat tangan pertama setelah server
        dijalankan belum memilikinya.
    """
    if seen.stapled:
        yield STAPLED()
    elif not seen.responders:
        yield NO_RESPONDER()
    elif not seen.asked:
        yield NOT_ASKED()
    else:
        yield NOT_STAPLED(responder=seen.responders[0])
