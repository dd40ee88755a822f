"""The application protocols that a service offers within TLS (RFC 7301)."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, maybe, unknown
from scanner.derive.tls_ech import HttpsRecords, https_records
from scanner.derive.tls_facts import Sessions
from scanner.derive.tls_service import TLS_KINDS, TlsService, sessions, tls_service
from scanner.observations.steps import Unobserved

H2 = "h2"
OVER_TCP = frozenset({H2, "http/1.1"})
"""What is offered, so that its absence is known; h3 is spoken over QUIC."""

NO_H2 = Outcome(
    "no_h2",
    en="HTTP/2 is not offered; taken is {protocols}",
    id="HTTP/2 tidak ditawarkan; yang diterima: {protocols}",
    severity=Severity.INFO,
)
NO_PROTOCOL = Outcome(
    "no_protocol",
    en="No application protocol is chosen within TLS, so HTTP/2 cannot be used",
    id="Tidak ada protokol aplikasi yang dipilih di dalam TLS, sehingga HTTP/2 tidak dapat dipakai",
    severity=Severity.INFO,
)
OTHER_RECORD = Outcome(
    "other_record",
    en="The HTTPS record of the name announces {announced}, which the server does not take within TLS",
    id="Rekaman HTTPS pada nama ini mengumumkan {announced}, yang tidak diterima server di dalam TLS",
    severity=Severity.INFO,
)
OFFERED = Passed(
    "offered",
    en="HTTP/2 is offered; taken are {protocols}",
    id="HTTP/2 ditawarkan; yang diterima: {protocols}",
)
NO_HTTP = DoesNotApply(
    "no_http",
    en="The service at this port does not speak HTTP",
    id="Layanan pada port ini tidak memakai HTTP",
)


@check(
    "tls.alpn",
    sessions,
    maybe(https_records),
    tls_service,
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NO_H2, NO_PROTOCOL, OTHER_RECORD, OFFERED, NO_HTTP),
    references=("RFC 7301", "RFC 9113 3.2", "RFC 9460 7.1"),
)
def alpn(seen: Sessions, announced: HttpsRecords | Unobserved, service: TlsService) -> Iterator[Verdict]:
    r"""HTTP/2 is offered within TLS.

    Offered by us are `h2` and `http/1.1`, and again without what was chosen. Where the name has an HTTPS record in DNS, what
    it announces is compared. This is information: no service is less secure without HTTP/2.

    Apa: HTTP/2 ditawarkan di dalam TLS.
    Rincian: Yang kami tawarkan adalah `h2` dan `http/1.1`, lalu sekali lagi tanpa yang sudah dipilih. Bila nama ini memiliki
        rekaman HTTPS di DNS, yang diumumkan di sana dibandingkan. Ini informasi: ketiadaan HTTP/2 bukan kelemahan.
    Why: HTTP/2 fetches a page's parts over one connection, which visitors on mobile networks notice.
    Sebab: HTTP/2 mengambil bagian-bagian halaman melalui satu koneksi, dan ini terasa oleh pengunjung di jaringan seluler.
    Fix: Switch HTTP/2 on in the server that answers visitors.
    Perbaikan: Aktifkan HTTP/2 pada server yang menjawab pengunjung.
    nginx: listen 443 ssl http2;
    Apache: Protocols h2 http/1.1
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Services\HTTP\Parameters"
        Set-ItemProperty $key -Name EnableHttp2Tls -Value 1 -Type DWord
    """
    short = next((it.why for it in seen.undetermined if it.what == "alpn"), None)
    if service.starttls:
        yield NO_HTTP()
    elif isinstance(seen.alpn, Unobserved):
        yield unknown(seen.alpn)
    elif H2 in seen.alpn:
        yield OFFERED(protocols=", ".join(seen.alpn))
    elif short is not None:
        yield unknown(short)
    else:
        yield NO_H2(protocols=", ".join(seen.alpn)) if seen.alpn else NO_PROTOCOL()
    if service.starttls or isinstance(seen.alpn, Unobserved) or short is not None or isinstance(announced, Unobserved):
        return
    missing = [name for name in announced.alpn if name in OVER_TCP and name not in seen.alpn]
    if missing:
        yield OTHER_RECORD(announced=", ".join(missing)).about("HTTPS record", service.host)
