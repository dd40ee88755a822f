"""Whether browsers keep to the declared type of an answer (Fetch standard, "determine nosniff")."""

from collections.abc import Iterator

from scanner.api import (
    DoesNotApply,
    FixedBy,
    Outcome,
    Passed,
    Reason,
    Severity,
    Undecided,
    Unobserved,
    Verdict,
    check,
    unknown,
)
from scanner.derive.pages import HTML_TYPES, OwnAnswer, declared_type_is_kept, each_document, is_error, type_of

SCRIPT_AND_STYLE_TYPES = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-ecmascript",
        "application/x-javascript",
        "text/css",
        "text/ecmascript",
        "text/javascript",
        "text/x-ecmascript",
        "text/x-javascript",
    }
)
"""JavaScript MIME types (MIME Sniffing 4.6) that are not of one version, and style sheets."""

MISSING = Outcome(
    "missing",
    en="{url} does not tell browsers to keep to the declared type {type}",
    id="{url} tidak meminta peramban mematuhi tipe yang dinyatakan, {type}",
    severity=Severity.LOW,
)
INEFFECTIVE = Outcome(
    "ineffective",
    en="Browsers pass over X-Content-Type-Options on {url}, whose first value is not nosniff: {value}",
    id="Peramban mengabaikan X-Content-Type-Options di {url} karena nilai pertamanya bukan nosniff: {value}",
    severity=Severity.LOW,
)
REFUSED_US = Undecided(
    "refused_us",
    reason=Reason.BLOCKED,
    en="Status {status} at {url} may be the answer of a firewall and not of the service",
    id="Status {status} di {url} mungkin jawaban firewall, bukan jawaban layanan",
)
ERROR_PAGE = Undecided(
    "error_page",
    reason=Reason.INCONCLUSIVE,
    en="{url} answers with status {status}; an error page shows nothing about the pages of the service",
    id="{url} menjawab dengan status {status}; halaman galat tidak menunjukkan apa pun tentang halaman layanan",
)
NO_TYPE = Undecided(
    "no_type",
    reason=Reason.INCONCLUSIVE,
    en="{url} declares no content type that browsers could keep to",
    id="{url} tidak menyatakan tipe isi yang dapat dipatuhi peramban",
)
OTHER_TYPE = DoesNotApply(
    "other_type",
    en="{url} is neither a page nor a script nor a style sheet, but {type}",
    id="{url} bukan halaman, skrip, atau lembar gaya, melainkan {type}",
)
EFFECTIVE = Passed(
    "effective",
    en="Browsers keep to the declared type {type} on {url}",
    id="Peramban mematuhi tipe yang dinyatakan, {type}, di {url}",
)


@check(
    "web.nosniff.effective",
    each_document,
    each=each_document,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(MISSING, INEFFECTIVE, REFUSED_US, ERROR_PAGE, NO_TYPE, OTHER_TYPE, EFFECTIVE),
    references=("Fetch: X-Content-Type-Options", "MIME Sniffing 4.6"),
)
def effective(own: OwnAnswer) -> Iterator[Verdict]:
    """Browsers do not guess another type for pages, scripts and style sheets than the server declares.

    Apa: Peramban tidak menebak tipe lain untuk halaman, skrip, dan lembar gaya selain yang dinyatakan server.
    Why: A file that somebody uploaded as a picture or a text can run as a script when browsers may guess.
    Sebab: Berkas yang diunggah sebagai gambar atau teks dapat berjalan sebagai skrip bila peramban boleh menebak.
    Fix: Send `X-Content-Type-Options: nosniff` with every answer, once.
    Perbaikan: Kirim `X-Content-Type-Options: nosniff` pada setiap jawaban, satu kali saja.
    nginx: add_header X-Content-Type-Options nosniff always;
    Apache: Header always set X-Content-Type-Options nosniff
    IIS:
        <!-- web.config, system.webServer, httpProtocol, customHeaders -->
        <add name="X-Content-Type-Options" value="nosniff" />
    Laravel:
        // app/Http/Middleware
        $response->headers->set('X-Content-Type-Options', 'nosniff');
    CodeIgniter:
        // app/Filters, after()
        $response->setHeader('X-Content-Type-Options', 'nosniff');
    Careful: Scripts and style sheets with a wrong type then no longer load; look at the browser's console afterwards.
    Hati-hati: Skrip dan lembar gaya dengan tipe keliru tidak lagi dimuat; periksa konsol peramban sesudahnya.
    """
    seen, url = own.page, str(own.url)
    if isinstance(seen, Unobserved):
        yield unknown(seen)
    elif seen.blocked:
        yield REFUSED_US(url=url, status=str(seen.status))
    elif (kind := type_of(seen)) is not None and kind not in HTML_TYPES | SCRIPT_AND_STYLE_TYPES:
        yield OTHER_TYPE(url=url, type=kind)
    elif is_error(seen):
        yield ERROR_PAGE(url=url, status=str(seen.status))
    elif kind is None:
        yield NO_TYPE(url=url)
    elif declared_type_is_kept(seen):
        yield EFFECTIVE(url=url, type=kind)
    elif values := seen.head.all("x-content-type-options"):
        shown = ", ".join(values)
        yield INEFFECTIVE(url=url, value=shown, expected="nosniff", found=shown)
    else:
        yield MISSING(url=url, type=kind, expected="nosniff")
