"""Which certificates a service presents to whom."""

from collections.abc import Iterator

from scanner.api import FixedBy, Outcome, Passed, Severity, Verdict, check, maybe, unknown
from scanner.derive.tls_certificates import OtherName, Served, certificates_served, for_other_names
from scanner.derive.tls_facts import Sessions, Swept
from scanner.derive.tls_service import TLS_KINDS, TlsService, sessions, swept, tls_service
from scanner.observations.steps import Unobserved

WITHOUT_NAME = Outcome(
    "without_name",
    en="Who names no host in the hello is sent another certificate, for {names}",
    id="Klien yang tidak menyebut nama host dalam hello dikirimi sertifikat lain, untuk {names}",
    severity=Severity.INFO,
)
UNKNOWN_NAME = Outcome(
    "unknown_name",
    en="Who asks for a host that is not served here is sent another certificate, for {names}",
    id="Klien yang meminta host yang tidak dilayani di sini dikirimi sertifikat lain, untuk {names}",
    severity=Severity.INFO,
)
ONE = Passed(
    "one",
    en="One certificate was seen, with a key of the kind {kinds}",
    id="Terlihat satu sertifikat, dengan kunci jenis {kinds}",
)
SEVERAL = Passed(
    "several",
    en="{count} certificates were seen, with keys of the kinds {kinds}; each is judged for itself",
    id="Terlihat {count} sertifikat, dengan kunci jenis {kinds}; masing-masing dinilai tersendiri",
)


@check(
    "tls.certificate.multiple",
    tls_service,
    certificates_served,
    maybe(swept),
    maybe(sessions),
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(WITHOUT_NAME, UNKNOWN_NAME, ONE, SEVERAL),
    references=("RFC 6066 3", "RFC 8446 4.4.2.2"),
)
def multiple(
    service: TlsService, leaves: tuple[Served, ...], seen: Swept | Unobserved, whole: Sessions | Unobserved
) -> Iterator[Verdict]:
    """What certificates the service presents: by kind of key, and to clients that name no host or another one.

    A server may have a certificate for each kind of key. All that were seen are judged by the checks of certificates, each
    as a subject of its own.

    Apa: Sertifikat apa saja yang disajikan layanan: menurut jenis kunci, dan kepada klien yang tidak menyebut host atau
        menyebut host lain.
    Rincian: Server dapat memiliki satu sertifikat untuk setiap jenis kunci. Semua yang terlihat dinilai oleh pemeriksaan
        sertifikat, masing-masing sebagai subjek tersendiri.
    Why: A second certificate is easily forgotten when the first is renewed. The one for clients without a name tells
        strangers what else is at the address.
    Sebab: Sertifikat kedua mudah terlupa ketika yang pertama diperbarui. Sertifikat bagi klien tanpa nama memberi tahu
        orang luar apa lagi yang ada pada alamat itu.
    Fix: Nothing needs to be done. To send strangers nothing, refuse handshakes for names that are not served.
    Perbaikan: Tidak ada yang harus dilakukan. Agar orang luar tidak dikirimi apa pun, tolak jabat tangan untuk nama yang
        tidak dilayani.
    nginx:
        listen 443 ssl default_server;
        ssl_reject_handshake on;
    Apache: SSLStrictSNIVHostCheck on
    IIS:
        # PowerShell
        Get-WebBinding -Protocol https | Select-Object bindingInformation, sslFlags
    Careful: Monitoring tools and old clients that send no name then get no answer at all.
    Hati-hati: Alat pemantau dan klien lama yang tidak mengirim nama menjadi tidak mendapat jawaban sama sekali.
    """
    if isinstance(seen, Unobserved) and isinstance(whole, Unobserved):
        yield unknown(seen)
        return
    kinds = ", ".join(sorted({it.kind for it in leaves}))
    yield SEVERAL(count=len(leaves), kinds=kinds) if len(leaves) > 1 else ONE(kinds=kinds)
    if isinstance(seen, Swept):
        for asked, outcome in ((seen.for_no_name, WITHOUT_NAME), (seen.for_unknown_name, UNKNOWN_NAME)):
            other = for_other_names(asked, leaves)
            if isinstance(other, OtherName):
                yield outcome(names=other.names, found=other.names).about(outcome.key.replace("_", " "), str(service))
