"""The attributes of cookies (RFC 6265bis)."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.cookies import OwnCookie, Role, UnseenAnswer, each_cookie

SESSION_OPEN = Outcome(
    "session_open",
    en="The session cookie {name} lacks {missing}",
    id="Cookie sesi {name} tanpa {missing}",
    severity=Severity.HIGH,
)
NOT_SECURE = Outcome(
    "not_secure",
    en="The cookie {name} lacks Secure, so browsers send it over plain HTTP too",
    id="Cookie {name} tanpa Secure, sehingga peramban mengirimnya juga melalui HTTP biasa",
    severity=Severity.MEDIUM,
)
PLATFORM_NOT_SECURE = Outcome(
    "platform_not_secure",
    en="The cookie {name}, which a firewall or balancer in front of the service sets, lacks Secure",
    id="Cookie {name}, yang dipasang firewall atau penyeimbang beban di depan layanan, tanpa Secure",
    severity=Severity.LOW,
    fixed_by=FixedBy.PLATFORM,
)
NONE_WITHOUT_SECURE = Outcome(
    "none_without_secure",
    en="Browsers do not keep the cookie {name}: SameSite=None asks for Secure",
    id="Peramban tidak menyimpan cookie {name}: SameSite=None mensyaratkan Secure",
    severity=Severity.MEDIUM,
)
PREFIX = Outcome(
    "prefix",
    en="Browsers do not keep the cookie {name}: its prefix asks for {needed}",
    id="Peramban tidak menyimpan cookie {name}: awalannya mensyaratkan {needed}",
    severity=Severity.MEDIUM,
)
SECURE_OVER_HTTP = Outcome(
    "secure_over_http",
    en="Browsers do not keep the cookie {name}: it asks for Secure and comes over plain HTTP",
    id="Peramban tidak menyimpan cookie {name}: meminta Secure tetapi dikirim melalui HTTP biasa",
    severity=Severity.MEDIUM,
)
FOREIGN_DOMAIN = Outcome(
    "foreign_domain",
    en="Browsers do not keep the cookie {name}: the service is not below its domain {domain}",
    id="Peramban tidak menyimpan cookie {name}: layanan tidak berada di bawah domain {domain}",
    severity=Severity.LOW,
)
SAME_SITE = Outcome(
    "same_site",
    en="Browsers do not know the SameSite of the cookie {name}: {value}",
    id="Nilai SameSite cookie {name} tidak dikenal peramban: {value}",
    severity=Severity.LOW,
)
WIDE_DOMAIN = Outcome(
    "wide_domain",
    en="The session cookie {name} goes to every name below {domain}, not to {host} alone",
    id="Cookie sesi {name} terkirim ke semua nama di bawah {domain}, bukan hanya ke {host}",
    severity=Severity.LOW,
)
PLAIN = DoesNotApply(
    "plain",
    en="Over plain HTTP no attribute keeps the cookie {name} from being read on the way",
    id="Melalui HTTP biasa tidak ada atribut yang mencegah cookie {name} dibaca di jalan",
)
SESSION_SET = Passed(
    "session_set",
    en="The session cookie {name} is sent with the attributes that its kind asks for: {have}",
    id="Cookie sesi {name} dikirim dengan atribut yang diperlukan jenisnya: {have}",
)
SET = Passed(
    "set",
    en="The cookie {name} is sent with the attributes that its kind asks for: {have}",
    id="Cookie {name} dikirim dengan atribut yang diperlukan jenisnya: {have}",
)

# fmt: off
_TABLE = (
    SESSION_OPEN, NOT_SECURE, PLATFORM_NOT_SECURE, NONE_WITHOUT_SECURE, PREFIX, SECURE_OVER_HTTP, FOREIGN_DOMAIN,
    SAME_SITE, WIDE_DOMAIN, PLAIN, SESSION_SET, SET,
)
# fmt: on


@check(
    "web.cookies.flags",
    each_cookie,
    each=each_cookie,
    version=1,
    fixed_by=FixedBy.APPLICATION,
    outcomes=_TABLE,
    references=("RFC 6265bis 4.1.2", "RFC 6265bis 4.1.3", "RFC 6265bis 5.7"),
)
def flags(own: OwnCookie | UnseenAnswer) -> Iterator[Verdict]:
    """Cookies go over HTTPS only, and session cookies are out of reach of scripts.

    Which cookies are session cookies is told by a list of names, so one with a name of its own counts as any other. Cookies
    that scripts are meant to read (XSRF-TOKEN) need no HttpOnly. What is set only after signing in was not seen.

    Apa: Cookie hanya terkirim melalui HTTPS, dan cookie sesi tidak terjangkau skrip.
    Rincian: Cookie sesi dikenali dari daftar nama, sehingga cookie dengan nama sendiri dihitung seperti cookie lain.
        Cookie yang memang dibaca skrip (XSRF-TOKEN) tidak memerlukan HttpOnly. Yang dipasang setelah login tidak
        terlihat.
    Why: Whoever reads a session cookie, on the line or by a script slipped into a page, is signed in as its owner.
    Sebab: Siapa pun yang membaca cookie sesi, di jalur atau lewat skrip sisipan, masuk sebagai pemiliknya.
    Fix: Give the cookie Secure, and a session cookie HttpOnly too, where the application sets it.
    Perbaikan: Beri cookie atribut Secure, dan untuk cookie sesi juga HttpOnly, di tempat aplikasi memasangnya.
    PHP:
        ; php.ini
        session.cookie_secure = 1
        session.cookie_httponly = 1
    Laravel:
        // config/session.php
        'secure' => true,
        'http_only' => true,
    CodeIgniter:
        // app/Config/Cookie.php
        public bool $secure = true;
        public bool $httponly = true;
    ASP.NET:
        <!-- web.config, system.web -->
        <httpCookies requireSSL="true" httpOnlyCookies="true" />
    Tomcat:
        <!-- WEB-INF/web.xml, session-config -->
        <cookie-config><http-only>true</http-only><secure>true</secure></cookie-config>
    Fix (wide_domain): Leave Domain out, so that the cookie goes back to this host alone.
    Perbaikan (wide_domain): Kosongkan Domain agar cookie hanya kembali ke host ini.
    PHP (wide_domain):
        ; php.ini
        session.cookie_domain =
    Laravel (wide_domain):
        // config/session.php
        'domain' => null,
    CodeIgniter (wide_domain):
        // app/Config/Cookie.php
        public string $domain = '';
    Fix (platform_not_secure): Turn on secure cookies in the firewall or balancer, or ask whoever runs it to.
    Perbaikan (platform_not_secure): Aktifkan cookie Secure pada firewall atau penyeimbang beban, atau minta pengelolanya.
    Careful: With Secure a cookie is lost wherever the service is still used over plain HTTP; lead that to HTTPS first.
    Hati-hati: Dengan Secure, cookie hilang bila layanan masih dipakai melalui HTTP biasa; alihkan dahulu ke HTTPS.
    """
    if isinstance(own, UnseenAnswer):
        yield unknown(own.why).about("cookies of a page", own.family)
        return
    cookie, name = own.cookie, own.family
    is_session = own.role is Role.SESSION
    # The kinds of subject tell session cookies from others, because some clauses are about session cookies only.
    kind = "session cookie" if is_session else "cookie"
    yield _main(own)
    if own.rejection is not None:
        yield _rejected(own).about(f"{kind} storage", name)
    if own.has_unknown_same_site:
        yield SAME_SITE(name=name, value=cookie.same_site_word or '""', found=cookie.same_site_word).about(
            f"{kind} SameSite", name
        )
    if is_session and own.reaches_neighbours:
        yield WIDE_DOMAIN(name=name, domain=cookie.domain, host=own.url.host, found=cookie.domain).about(
            "cookie domain", name
        )


def _main(own: OwnCookie) -> Verdict:
    cookie, name = own.cookie, own.family
    if own.role is Role.SESSION:
        missing = [
            word
            for word, lacks in (("Secure", own.over_https and not cookie.secure), ("HttpOnly", not cookie.http_only))
            if lacks
        ]
        if missing:
            return SESSION_OPEN(name=name, missing=", ".join(missing), expected="Secure, HttpOnly", found=_have(own))
    elif own.over_https and not cookie.secure:
        outcome = PLATFORM_NOT_SECURE if own.role is Role.PLATFORM else NOT_SECURE
        return outcome(name=name, expected="Secure", found=_have(own))
    if not own.over_https:
        return PLAIN(name=name)
    return (SESSION_SET if own.role is Role.SESSION else SET)(name=name, have=_have(own))


def _rejected(own: OwnCookie) -> Verdict:
    name = own.family
    if own.unmet_prefix is not None:
        return PREFIX(name=name, needed=own.unmet_prefix, expected=own.unmet_prefix, found=_have(own))
    if own.is_none_without_secure:
        return NONE_WITHOUT_SECURE(name=name, expected="Secure", found=_have(own))
    if own.has_foreign_domain:
        return FOREIGN_DOMAIN(name=name, domain=own.cookie.domain, found=own.cookie.domain)
    return SECURE_OVER_HTTP(name=name)


def _have(own: OwnCookie) -> str:
    """The attributes that matter here, as the cookie has them."""
    cookie = own.cookie
    words = ["Secure"] * cookie.secure + ["HttpOnly"] * cookie.http_only
    if cookie.same_site is not None:
        words.append(f"SameSite={cookie.same_site_word}")
    return ", ".join(words) or "-"
