"""HTTPS: whether the service has it, and whether plain HTTP leads there (RFC 9110 4.2.2, RFC 6797 7.2)."""

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
    maybe,
    unknown,
)
from scanner.derive.service import OverHttps, Page, Walk, over_https, walk_from_plain

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

    Apa: Siapa pun yang datang melalui HTTP biasa langsung dialihkan ke HTTPS pada host yang sama, dan tidak kembali.
    Why: What is served over plain HTTP can be read and changed on the way; another host first keeps HSTS from being set.
    Sebab: Yang disajikan melalui HTTP biasa dapat dibaca dan diubah di jalan; host lain lebih dulu menghalangi HSTS.
    Fix: Let port 80 do nothing but lead to HTTPS on the same host.
    Perbaikan: Biarkan port 80 hanya mengalihkan ke HTTPS pada host yang sama.
    nginx:
        server {
            listen 80;
            server_name www.contoh.go.id;
            return 301 https://$host$request_uri;
        }
    Apache:
        <VirtualHost *:80>
            ServerName www.contoh.go.id
            Redirect permanent / https://www.contoh.go.id/
        </VirtualHost>
    IIS:
        <!-- web.config, system.webServer, rewrite, rules (URL Rewrite) -->
        <rule name="HTTPS" stopProcessing="true">
            <match url="(.*)" />
            <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
            <action type="Redirect" url="https://{HTTP_HOST}/{R:1}" redirectType="Permanent" />
        </rule>
    CodeIgniter:
        // app/Config/App.php
        public bool $forceGlobalSecureRequests = true;
    Careful: Behind a proxy that ends TLS redirect at the proxy and not in the application, or visitors go round in
        circles. The line for CodeIgniter sends HSTS too.
    Hati-hati: Di belakang proxy yang mengakhiri TLS, alihkan di proxy, bukan di aplikasi, agar pengunjung tidak
        berputar-putar. Baris untuk CodeIgniter juga mengirim HSTS.
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


HTTP_ONLY = Outcome(
    "http_only",
    en="The service answers over plain HTTP at {url} and not over HTTPS: {why}",
    id="Layanan menjawab melalui HTTP biasa di {url} dan tidak melalui HTTPS: {why}",
    severity=Severity.CRITICAL,
)
FIREWALL = Undecided(
    "firewall",
    reason=Reason.BLOCKED,
    en="Status {status} over HTTPS may be the answer of a firewall and not of the service",
    id="Status {status} melalui HTTPS mungkin jawaban firewall, bukan jawaban layanan",
)
AVAILABLE = Passed(
    "available",
    en="The service answers over HTTPS at {url}",
    id="Layanan menjawab melalui HTTPS di {url}",
)

NO_HTTPS = frozenset({Reason.REFUSED, Reason.NOT_TLS})
"""What shows that nothing speaks HTTPS there. A time-out or a reset may be a firewall's doing, a failed handshake ours."""


@check(
    "web.https.available",
    over_https,
    maybe(walk_from_plain),
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(HTTP_ONLY, FIREWALL, AVAILABLE),
    references=("RFC 9110 4.2.2",),
)
def available(own: OverHttps, walk: Walk | Unobserved) -> Iterator[Verdict]:
    """The service can be reached over HTTPS.

    Said to be missing only where the port refuses or speaks no TLS, at a second try too, while plain HTTP gives content.

    Apa: Layanan dapat dijangkau melalui HTTPS.
    Rincian: Dinyatakan tidak ada hanya bila port menolak atau tidak memakai TLS, juga pada percobaan kedua, sedangkan
        HTTP biasa memberikan isi.
    Why: Over plain HTTP everybody on the way can read and change what visitors see and send, passwords included.
    Sebab: Melalui HTTP biasa, semua pihak di jalur dapat membaca dan mengubah isi dan kiriman pengunjung, termasuk sandi.
    Fix: Get a certificate (`certbot --nginx`, `certbot --apache`, on IIS win-acme) and listen on port 443.
    Perbaikan: Pasang sertifikat (`certbot --nginx`, `certbot --apache`, pada IIS win-acme) dan layani port 443.
    nginx:
        server {
            listen 443 ssl;
            server_name www.contoh.go.id;
            ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
            ssl_certificate_key /etc/letsencrypt/live/www.contoh.go.id/privkey.pem;
        }
    Apache:
        <VirtualHost *:443>
            ServerName www.contoh.go.id
            SSLEngine on
            SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
            SSLCertificateKeyFile /etc/letsencrypt/live/www.contoh.go.id/privkey.pem
        </VirtualHost>
    IIS:
        # PowerShell
        New-WebBinding -Name "SITE" -Protocol https -Port 443 -HostHeader www.contoh.go.id -SslFlags 1
        $binding = Get-WebBinding -Name "SITE" -Protocol https -HostHeader www.contoh.go.id
        $binding.AddSslCertificate("THUMBPRINT", "My")
    Careful: Pages that load scripts or pictures over `http://` lose them under HTTPS; look at the browser's console
        first.
    Hati-hati: Halaman yang memuat skrip atau gambar melalui `http://` kehilangan isi itu di HTTPS; periksa konsol
        peramban dahulu.
    """
    if isinstance(own.last, Page):
        yield FIREWALL(status=str(own.last.status)) if own.last.blocked else AVAILABLE(url=own.last.url.origin)
        return
    plain = _content_over_plain(walk)
    if own.last.reason in NO_HTTPS and plain is not None:
        yield HTTP_ONLY(url=plain.url.origin, why=own.last.reason, expected="https", found=own.last.reason.value)
    else:
        yield unknown(own.last)


def _content_over_plain(walk: Walk | Unobserved) -> Page | None:
    """The service's answer over plain HTTP, when it is content and not a redirect or a firewall's page."""
    if isinstance(walk, Unobserved) or walk.led_to or not isinstance(walk.pages[0], Page):
        return None
    page = walk.pages[0]
    return page if page.url.scheme == "http" and not page.blocked and 200 <= page.status < 300 else None
