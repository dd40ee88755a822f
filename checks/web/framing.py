"""Who may show a page in a frame: frame-ancestors (CSP Level 3) and X-Frame-Options (HTML standard)."""

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
from scanner.derive.framing import Protection, protection_of
from scanner.derive.pages import HTML_TYPES, OwnAnswer, each_document, is_error, type_of

MISSING = Outcome(
    "missing",
    en="Any site may show {url} in a frame: it sends neither frame-ancestors nor X-Frame-Options",
    id="Situs mana pun dapat membingkai {url}: tidak ada frame-ancestors maupun X-Frame-Options",
    severity=Severity.MEDIUM,
)
INEFFECTIVE = Outcome(
    "ineffective",
    en="Any site may show {url} in a frame: browsers find no protection in X-Frame-Options {value}",
    id="Situs mana pun dapat membingkai {url}: bagi peramban X-Frame-Options {value} tidak melindungi",
    severity=Severity.MEDIUM,
)
OPEN = Outcome(
    "open",
    en="Any site may show {url} in a frame: frame-ancestors lets everybody in ({value}), whatever X-Frame-Options says",
    id="Situs mana pun dapat membingkai {url}: frame-ancestors mengizinkan semua ({value}), apa pun isi X-Frame-Options",
    severity=Severity.MEDIUM,
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
    en="{url} declares no content type, so it is not known whether it is a page",
    id="{url} tidak menyatakan tipe isi, sehingga tidak diketahui apakah berupa halaman",
)
NO_PAGE = DoesNotApply("no_page", en="{url} is no page but {type}", id="{url} bukan halaman, melainkan {type}")
PROTECTED = Passed(
    "protected",
    en="Other sites cannot show {url} in a frame: {by}",
    id="Situs lain tidak dapat membingkai {url}: {by}",
)
NAMED = Passed(
    "named",
    en="Only the sites that frame-ancestors names can show {url} in a frame: {value}",
    id="Hanya situs yang disebut frame-ancestors yang dapat membingkai {url}: {value}",
)


@check(
    "web.framing.protected",
    each_document,
    each=each_document,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(MISSING, INEFFECTIVE, OPEN, REFUSED_US, ERROR_PAGE, NO_TYPE, NO_PAGE, PROTECTED, NAMED),
    references=("CSP3 6.4.2", "HTML: X-Frame-Options"),
)
def protected(own: OwnAnswer) -> Iterator[Verdict]:
    """Other sites cannot show the pages of the service in a frame.

    Apa: Situs lain tidak dapat menampilkan halaman layanan di dalam bingkai.
    Why: In an invisible frame visitors of another site click on buttons of this one, with their own session.
    Sebab: Dalam bingkai tak terlihat, pengunjung situs lain menekan tombol layanan ini dengan sesi mereka sendiri.
    Fix: Send `frame-ancestors` with every page; a policy that is there already gets the directive added.
    Perbaikan: Kirim `frame-ancestors` pada setiap halaman; bila kebijakan sudah ada, tambahkan direktif itu.
    nginx: add_header Content-Security-Policy "frame-ancestors 'self'" always;
    Apache: Header always set Content-Security-Policy "frame-ancestors 'self'"
    IIS:
        <!-- web.config, system.webServer, httpProtocol, customHeaders -->
        <add name="Content-Security-Policy" value="frame-ancestors 'self'" />
    Laravel:
        // app/Http/Middleware
        $response->headers->set('Content-Security-Policy', "frame-ancestors 'self'");
    CodeIgniter:
        // app/Filters, after()
        $response->setHeader('Content-Security-Policy', "frame-ancestors 'self'");
    Careful: A portal that shows this service in a frame has to be named: `frame-ancestors 'self' https://portal.example`.
        In Apache, Laravel and CodeIgniter these lines take the place of a policy that is there.
    Hati-hati: Portal yang memang membingkai layanan ini perlu disebut: `frame-ancestors 'self' https://portal.example`.
        Pada Apache, Laravel, dan CodeIgniter baris ini menggantikan kebijakan yang sudah ada.
    """
    seen, url = own.page, str(own.url)
    if isinstance(seen, Unobserved):
        yield unknown(seen)
    elif seen.blocked:
        yield REFUSED_US(url=url, status=str(seen.status))
    elif (kind := type_of(seen)) is not None and kind not in HTML_TYPES:
        yield NO_PAGE(url=url, type=kind)
    elif is_error(seen):
        yield ERROR_PAGE(url=url, status=str(seen.status))
    elif kind is None:
        yield NO_TYPE(url=url)
    else:
        yield _verdict(url, protection_of(seen.head))


def _verdict(url: str, found: Protection) -> Verdict:
    if found.is_open and found.by_ancestors:
        return OPEN(url=url, value=found.value, expected="'self'", found=found.value)
    if found.is_open and found.value:
        return INEFFECTIVE(url=url, value=found.value, expected="SAMEORIGIN", found=found.value)
    if found.is_open:
        return MISSING(url=url, expected="frame-ancestors 'self'")
    if found.is_named:
        return NAMED(url=url, value=found.value)
    header = "frame-ancestors" if found.by_ancestors else "X-Frame-Options"
    return PROTECTED(url=url, by=f"{header} {found.value}".strip())
