"""From plain HTTP to HTTPS (RFC 6797 section 7.2)."""

from collections.abc import Iterator

from scanner.api import (
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
from scanner.derive.service import Page, Walk, walk_from_plain

SERVES_CONTENT = Outcome(
    "serves_content",
    en="{url} answers {status} over plain HTTP instead of leading to HTTPS",
    id="{url} menjawab {status} melalui HTTP biasa, tidak mengalihkan ke HTTPS",
    severity=Severity.HIGH,
)
NOT_TO_HTTPS = Outcome(
    "not_to_https",
    en="{url} leads to {location}, which is not HTTPS",
    id="{url} mengalihkan ke {location}, yang bukan HTTPS",
    severity=Severity.HIGH,
)
OTHER_HOST = Outcome(
    "other_host",
    en="{url} leads to another host ({location}) before HTTPS on its own",
    id="{url} mengalihkan ke host lain ({location}) sebelum HTTPS pada host sendiri",
    severity=Severity.HIGH,
)
BACK_TO_HTTP = Outcome(
    "back_to_http",
    en="After HTTPS the walk goes back to plain HTTP at {location}",
    id="Setelah HTTPS, pengalihan kembali ke HTTP biasa di {location}",
    severity=Severity.HIGH,
)
REFUSED_US = Undecided(
    "refused_us",
    reason=Reason.BLOCKED,
    en="Status {status} at {url} may be the answer of a firewall and not of the service",
    id="Status {status} di {url} mungkin jawaban firewall, bukan jawaban layanan",
)
NEITHER = Undecided(
    "neither",
    reason=Reason.INCONCLUSIVE,
    en="Status {status} at {url} is neither content nor a redirect",
    id="Status {status} di {url} bukan isi dan bukan pengalihan",
)
TO_HTTPS = Passed(
    "to_https", en="{url} leads to HTTPS on the same host", id="{url} mengalihkan ke HTTPS pada host yang sama"
)
CLOSED = Passed(
    "closed",
    en="Nothing answers on the plain-HTTP port {port}: the connection is refused",
    id="Tidak ada yang menjawab pada port HTTP biasa {port}: koneksi ditolak",
)


@check(
    "web.https.redirect",
    walk_from_plain,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(SERVES_CONTENT, NOT_TO_HTTPS, OTHER_HOST, BACK_TO_HTTP, REFUSED_US, NEITHER, TO_HTTPS, CLOSED),
    references=("RFC 6797 7.2", "RFC 9110 15.4"),
)
def redirect(walk: Walk) -> Iterator[Verdict]:
    """Whoever comes over plain HTTP is led to HTTPS on the same host at once, and not back.

    Why: What is served over plain HTTP can be read and changed on the way; another host first keeps HSTS from being set.
    Sebab: Yang disajikan melalui HTTP biasa dapat dibaca dan diubah di jalan; host lain lebih dulu menghalangi HSTS.
    Fix: nginx `server { listen 80; return 301 https://$host$request_uri; }`
    Perbaikan: nginx `server { listen 80; return 301 https://$host$request_uri; }`
    """
    first = _first_hop(walk)
    yield first
    if first.outcome is TO_HTTPS:
        yield from _onward(walk)


def _first_hop(walk: Walk) -> Verdict:
    start, page = walk.urls[0], walk.pages[0]
    if isinstance(page, Unobserved):
        if page.reason is Reason.REFUSED and walk.https_is_up:
            return CLOSED(port=str(start.port))
        return unknown(page)
    if not walk.led_to:
        return _no_redirect(start.origin, page, walk.ended)
    location = walk.led_to[0]
    if location.scheme != "https":
        return NOT_TO_HTTPS(url=start.origin, location=location.origin, expected="https", found=location.scheme)
    if location.host != start.host:
        return OTHER_HOST(url=start.origin, location=location.origin, expected=start.host, found=location.host)
    return TO_HTTPS(url=start.origin)


def _no_redirect(origin: str, page: Page, ended: Unobserved | None) -> Verdict:
    if ended is not None:
        return unknown(ended)
    if 200 <= page.status < 300:
        return SERVES_CONTENT(url=origin, status=str(page.status), expected="301", found=str(page.status))
    if page.blocked:
        return REFUSED_US(url=origin, status=str(page.status))
    return NEITHER(url=origin, status=str(page.status))


def _onward(walk: Walk) -> Iterator[Verdict]:
    """What the walk did after its first hop; said only when there is something to say."""
    about = ("onward redirects", walk.urls[0].host)
    downgrades = [url for url in walk.led_to[1:] if url.scheme == "http"]
    last = walk.pages[-1]
    if downgrades:
        yield BACK_TO_HTTP(location=downgrades[0].origin, expected="https", found="http").about(*about)
    elif walk.ended is not None:
        yield unknown(walk.ended).about(*about)
    elif isinstance(last, Unobserved):
        yield unknown(last).about(*about)
