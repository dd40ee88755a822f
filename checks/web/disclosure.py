"""What answers tell about the software behind them (CWE-200)."""

from collections.abc import Iterator

from scanner.api import FixedBy, Outcome, Passed, Reason, Severity, Undecided, Unobserved, Verdict, check, unknown
from scanner.derive.disclosure import VersionTold, versions_told
from scanner.derive.pages import OwnAnswer, own_answers, seen_of

TELLS = Outcome(
    "tells",
    en="{url} tells which version of its software runs: {values}",
    id="{url} memberitahukan versi perangkat lunaknya: {values}",
    severity=Severity.LOW,
)
REFUSED_US = Undecided(
    "refused_us",
    reason=Reason.BLOCKED,
    en="Status {status} may be the answer of a firewall and not of the service",
    id="Status {status} mungkin jawaban firewall, bukan jawaban layanan",
)
SILENT = Passed(
    "silent",
    en="No header of the answers seen tells a version number",
    id="Tidak ada header pada jawaban yang terlihat yang memuat nomor versi",
)


@check(
    "web.disclosure.version",
    own_answers,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(TELLS, REFUSED_US, SILENT),
    references=("RFC 9110 10.2.4", "RFC 9110 17.12", "CWE-200"),
)
def version(answers: tuple[OwnAnswer, ...]) -> Iterator[Verdict]:
    """No header of an answer tells the version of the software behind it.

    Headers only: what pages themselves tell is not looked at. A product without a number is no finding.

    Apa: Tidak ada header jawaban yang memberitahukan versi perangkat lunaknya.
    Rincian: Hanya header: isi halaman tidak dilihat. Nama produk tanpa nomor bukan temuan.
    Why: It spares an attacker the trouble of finding out which known holes to try.
    Sebab: Penyerang tidak perlu mencari tahu sendiri celah mana yang dapat dicoba.
    Fix: Turn the version off where the header comes from: the web server, PHP, or the application.
    Perbaikan: Matikan versi di asal header: server web, PHP, atau aplikasi.
    nginx: server_tokens off;
    Apache: ServerTokens Prod
    IIS:
        <!-- web.config, system.webServer (IIS 10) -->
        <security><requestFiltering removeServerHeader="true" /></security>
        <httpProtocol><customHeaders><remove name="X-Powered-By" /></customHeaders></httpProtocol>
    PHP:
        ; php.ini
        expose_php = Off
    ASP.NET:
        <!-- web.config, system.web -->
        <httpRuntime enableVersionHeader="false" />
    Careful: This hides the version and mends nothing; software that is out of date still has to be renewed.
    Hati-hati: Ini hanya menyembunyikan versi; perangkat lunak yang usang tetap harus diperbarui.
    """
    pages = tuple(seen_of(answers))
    told: dict[VersionTold, None] = {it: None for page in pages for it in versions_told(page)}
    unseen = [it.page for it in answers if isinstance(it.page, Unobserved)]
    if told:
        first = next(page for page in pages if any(True for _ in versions_told(page)))
        values = "; ".join(f"{it.header}: {it.value}" for it in told)
        yield TELLS(url=str(first.url), values=values, found=values)
    elif isinstance(answers[0].page, Unobserved):
        yield unknown(answers[0].page)
    elif answers[0].page.blocked:
        yield REFUSED_US(status=str(answers[0].page.status))
    else:
        yield SILENT()
        if unseen:
            yield unknown(unseen[0]).about("version on every answer", answers[0].url.host)
