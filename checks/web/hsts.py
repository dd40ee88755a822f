"""HTTP Strict Transport Security (RFC 6797)."""

from collections.abc import Iterator
from datetime import timedelta

from scanner.api import (
    CheckParams,
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
    maybe,
    unknown,
)
from scanner.derive.service import Page, accepted_by_browsers, further_pages, https_pages, page


class PolicyParams(CheckParams, frozen=True):
    """Thresholds of web.hsts.policy.

    `min_age`: the shortest max-age that passes.
    `min_age`: max-age terpendek yang sesuai kebijakan pemindaian.
    """

    min_age: timedelta = timedelta(days=365)


MISSING = Outcome(
    "missing",
    en="No Strict-Transport-Security header on {url}",
    id="Tidak ada header Strict-Transport-Security di {url}",
    severity=Severity.MEDIUM,
)
INVALID = Outcome(
    "invalid",
    en="Browsers ignore the Strict-Transport-Security header on {url}: {rule}",
    id="Peramban mengabaikan header Strict-Transport-Security di {url}: {rule}",
    severity=Severity.MEDIUM,
)
SHORT = Outcome(
    "short",
    en="max-age is {have}, the policy asks for {need}",
    id="max-age {have}, kebijakan meminta {need}",
    severity=Severity.MEDIUM,
)
NO_SUBDOMAINS = Outcome(
    "no_subdomains",
    en="The HSTS policy of {host} does not include its subdomains",
    id="Kebijakan HSTS {host} tidak mencakup subdomainnya",
    severity=Severity.LOW,
)
NOT_EVERYWHERE = Outcome(
    "not_everywhere",
    en="The header is missing on {url}, though other answers of the service have it",
    id="Header tidak ada di {url}, padahal jawaban lain layanan ini memilikinya",
    severity=Severity.LOW,
)
REFUSED_US = Undecided(
    "refused_us",
    reason=Reason.BLOCKED,
    en="No header, but status {status} may be the answer of a firewall and not of the service",
    id="Tidak ada header, tetapi status {status} mungkin jawaban firewall, bukan jawaban layanan",
)
NOT_ACCEPTED = Undecided(
    "not_accepted",
    reason=Reason.INCONCLUSIVE,
    en="HSTS for {have} is sent, but browsers ignore it while they do not accept the certificate",
    id="HSTS selama {have} dikirim, tetapi peramban mengabaikannya selama sertifikatnya tidak diterima",
)
SET = Passed("set", en="HSTS for {have}", id="HSTS selama {have}")
ADDRESS = DoesNotApply(
    "address",
    en="Browsers note no HSTS policy for the IP address {host}",
    id="Peramban tidak mencatat kebijakan HSTS untuk alamat IP {host}",
)
PLAIN = DoesNotApply(
    "plain",
    en="Over plain HTTP browsers ignore the header",
    id="Melalui HTTP biasa peramban mengabaikan header ini",
)


@check(
    "web.hsts.policy",
    page,
    https_pages,
    further_pages,
    maybe(accepted_by_browsers),
    version=2,
    params=PolicyParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(MISSING, INVALID, SHORT, NO_SUBDOMAINS, NOT_EVERYWHERE, REFUSED_US, NOT_ACCEPTED, SET, ADDRESS, PLAIN),
    references=("RFC 6797 6.1", "RFC 6797 8.1", "RFC 6797 8.1.1"),
)
def policy(
    own: Page,
    pages: tuple[Page, ...],
    asked: tuple[Page | Unobserved, ...],
    accepted: bool | Unobserved,
    params: PolicyParams,
) -> Iterator[Verdict]:
    """Browsers are told to use HTTPS only, for long enough, on every answer.

    Looked at are the first answer, the redirects and the further pages that were asked for. Over plain HTTP and at a bare IP
    address browsers ignore the header, so there it is not judged.

    Apa: Peramban diminta hanya memakai HTTPS, cukup lama, pada setiap jawaban.
    Rincian: Yang dilihat adalah jawaban pertama, pengalihan, dan halaman lain yang diminta. Melalui HTTP biasa dan pada
        alamat IP peramban mengabaikan header ini, sehingga tidak dinilai.
    Why: Without HSTS the first request of each visit may go out unencrypted, and whoever sits on the line can answer it.
    Sebab: Tanpa HSTS permintaan pertama setiap kunjungan dapat terkirim tanpa enkripsi dan dijawab pihak lain di jalur
        itu.
    Fix: Send the header with every answer over HTTPS, once, and best from the web server.
    Perbaikan: Kirim header ini pada setiap jawaban melalui HTTPS, satu kali, sebaiknya dari server web.
    nginx: add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    Apache: Header always set Strict-Transport-Security "max-age=31536000; includeSubDomains"
    IIS:
        <!-- applicationHost.config, site (IIS 10.0 1709) -->
        <hsts enabled="true" max-age="31536000" includeSubDomains="true" />
    Laravel:
        // app/Http/Middleware
        $response->headers->set('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
    CodeIgniter:
        // app/Filters, after()
        $response->setHeader('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
    Fix (not_everywhere): Send it with errors and redirects too. In nginx that takes `always`, and a block that has an
        `add_header` of its own inherits none of those above it; in Apache it takes `Header always set`.
    Perbaikan (not_everywhere): Kirim juga pada halaman galat dan pengalihan. Di nginx diperlukan `always`, dan blok yang
        memiliki `add_header` sendiri tidak mewarisi yang di atasnya; di Apache diperlukan `Header always set`.
    nginx (not_everywhere): add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    Apache (not_everywhere): Header always set Strict-Transport-Security "max-age=31536000; includeSubDomains"
    Careful: includeSubDomains binds every name below this one, and browsers keep to it until max-age is over or they see
        `max-age=0` over HTTPS. Make sure that all of them speak HTTPS, and begin with a short max-age (300).
    Hati-hati: includeSubDomains mengikat semua nama di bawah nama ini, dan peramban mematuhinya sampai max-age habis atau
        sampai menerima `max-age=0` melalui HTTPS. Pastikan semuanya memakai HTTPS, dan mulai dari max-age pendek (300).
    """
    if own.url.scheme != "https":
        yield PLAIN()
        return
    if own.url.is_ip:
        yield ADDRESS(host=own.url.host)
        return
    found = own.hsts
    if found is None:
        if own.blocked:
            yield REFUSED_US(status=str(own.status))
        else:
            yield MISSING(url=str(own.url), expected=params.min_age)
        return
    if found.policy is None:
        yield INVALID(url=str(own.url), rule=found.broken_rule or "", found=found.value)
        return
    yield _long_enough(found.policy.max_age, accepted, params)
    if not found.policy.include_subdomains:
        yield NO_SUBDOMAINS(host=own.url.host).about("hsts subdomains", own.url.host)
    bare = [other for other in pages if not other.blocked and other.hsts is None]
    unseen = [other for other in asked if isinstance(other, Unobserved)]
    if bare:
        yield NOT_EVERYWHERE(url=str(bare[0].url)).about("hsts on every answer", own.url.host)
    elif unseen:
        yield unknown(unseen[0]).about("hsts on every answer", own.url.host)


def _long_enough(have: timedelta, accepted: bool | Unobserved, params: PolicyParams) -> Verdict:
    if have < params.min_age:
        return SHORT(have=have, need=params.min_age, expected=params.min_age, found=have)
    if accepted is not True:
        return NOT_ACCEPTED(have=have)
    return SET(have=have)
