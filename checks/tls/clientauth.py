"""A certificate that the server asks of its visitors (RFC 8446 4.3.2, RFC 5246 7.4.4)."""

from collections.abc import Iterator

from scanner.api import FixedBy, Outcome, Passed, Severity, Verdict, check, maybe, unknown
from scanner.derive.tls_facts import ClientCertificate, Sessions, Swept
from scanner.derive.tls_service import TLS_KINDS, sessions, swept, tls_service
from scanner.observations.steps import Unobserved

MAX_SHOWN = 3

ASKED = Outcome(
    "asked",
    en="The server asks for a certificate of the client; it names no authority",
    id="Server meminta sertifikat klien; tidak ada otoritas yang disebut",
    severity=Severity.INFO,
)
ASKED_OF = Outcome(
    "asked_of",
    en="The server asks for a certificate of the client, issued by {authorities}",
    id="Server meminta sertifikat klien yang diterbitkan oleh {authorities}",
    severity=Severity.INFO,
)
NOT_ASKED = Passed(
    "not_asked",
    en="The server asks for no certificate of the client",
    id="Server tidak meminta sertifikat klien",
)


@check(
    "tls.clientauth",
    maybe(swept),
    maybe(sessions),
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(ASKED, ASKED_OF, NOT_ASKED),
    references=("RFC 8446 4.3.2", "RFC 5246 7.4.4"),
)
def clientauth(seen: Swept | Unobserved, whole: Sessions | Unobserved) -> Iterator[Verdict]:
    """The server asks its visitors for no certificate.

    This is information. Where a certificate is asked for on purpose, only those who have one see more: the other checks
    judge as far as could be seen without. Names of authorities are public.

    Apa: Server tidak meminta sertifikat dari pengunjungnya.
    Rincian: Ini informasi. Bila sertifikat memang sengaja diminta, hanya pemiliknya yang dapat melihat lebih jauh:
        pemeriksaan lain menilai sejauh yang terlihat tanpa sertifikat. Nama otoritas bersifat publik.
    Why: Asked for by mistake, it makes browsers show a dialogue that nobody understands, and tells which authorities an
        agency runs. Asked for on purpose, it is a strong gate that the rest of this report cannot look behind.
    Sebab: Bila diminta tanpa sengaja, peramban menampilkan dialog yang tidak dipahami pengunjung dan nama otoritas internal
        instansi terlihat. Bila disengaja, ini gerbang yang kuat, dan laporan ini tidak dapat melihat isi di baliknya.
    Fix: If the service is for the public, do not ask for client certificates.
    Perbaikan: Bila layanan ditujukan untuk umum, jangan minta sertifikat klien.
    nginx: ssl_verify_client off;
    Apache: SSLVerifyClient none
    IIS:
        <!-- applicationHost.config, system.webServer, security -->
        <access sslFlags="Ssl" />
    Careful: Where the certificate is what keeps strangers out, put another control in its place first.
    Hati-hati: Bila sertifikat itulah yang menahan orang luar, pasang kendali lain terlebih dahulu.
    """
    asked = _request(seen) or _request(whole)
    if asked is not None:
        names = asked.authorities
        more = asked.more + len(names[MAX_SHOWN:])
        shown = "; ".join(names[:MAX_SHOWN]) + (f" (+{more})" if more else "")
        yield ASKED_OF(authorities=shown) if names else ASKED()
    elif isinstance(whole, Unobserved):
        yield unknown(whole)
    else:
        short = next((it.why for it in whole.undetermined if it.what == "client_certificate"), None)
        yield NOT_ASKED() if short is None else unknown(short)


def _request(seen: Swept | Sessions | Unobserved) -> ClientCertificate | None:
    return None if isinstance(seen, Unobserved) else seen.client_certificate
