"""The cookies that the service sets, and what is known of them by name.

The lists are as of 2026-11: names that software gives its cookies unless it is told otherwise. A name with a part that is
drawn anew for each installation or visit has a family, which findings are followed by.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from scanner.derive.pages import OwnAnswer, own_answers, seen_of
from scanner.derive.service import Page
from scanner.needs import Each, derived
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.parse.set_cookie import Cookie, Rejection, SameSite, parse_set_cookie, rejection
from scanner.parse.url import Url

MAX_COOKIES = 200


class Role(StrEnum):
    """Whose a cookie is."""

    SESSION = "session"
    """It stands for a signed-in visitor."""
    PLATFORM = "platform"
    """A firewall, a balancer or a delivery network in front of the service set it."""
    OTHER = "other"


# fmt: off
SESSION_NAMES: Final = frozenset({
    # languages and their frameworks
    "phpsessid", "laravel_session", "laravel-session", "ci_session", "ci_sessions", "cakephp", "cakesession", "symfony",
    "jsessionid", "asp.net_sessionid", ".aspxauth", ".aspnet.applicationcookie", ".aspnetcore.cookies",
    ".aspnetcore.session", ".aspnetcore.identity.application", "connect.sid", "sessionid", "session", "_session_id",
    "advanced-frontend", "advanced-backend", "cfid", "cftoken", "next-auth.session-token", "authjs.session-token",
    "koa.sess", "koa:sess", "express:sess", "rack.session", "play_session", "keycloak_identity",
    # applications that agencies run
    "ojssid", "senayanadmin", "senayanmember", "slimsmember", "roundcube_sessid", "roundcube_sessauth", "zm_auth_token",
    "zbx_session", "zbx_sessionid", "grafana_session", "phpmyadmin", "oc_sessionpassphrase", "redmine_session",
    "_gitlab_session", "glpi_session",
})
_SESSION_FAMILIES: Final = (
    ("ASPSESSIONID*", r"aspsessionid[a-z]{8}"),
    ("MoodleSession*", r"moodlesession[a-z0-9]*"),
    ("wordpress_logged_in_*", r"wordpress_logged_in_[0-9a-f]{32}"),
    ("wordpress_sec_*", r"wordpress_sec_[0-9a-f]{32}"),
    ("SESS*", r"s?sess[0-9a-f]{32}"),  # Drupal
    ("(32 hexadecimal digits)", r"[0-9a-f]{32}"),  # Joomla
)
PLATFORM_NAMES: Final = frozenset({
    "__cf_bm", "__cflb", "__cfruid", "__cfseq", "__cfwaitingroom", "_cfuvid", "cf_clearance", "cf_chl_rc_m",  # Cloudflare
    "awsalb", "awsalbcors", "awsalbtg", "awsalbtgcors", "awsalbapp-0", "awselb", "awselbcors", "aws-waf-token",
    "arraffinity", "arraffinitysamesite", "gclb", "acw_tc", "acw_sc__v2", "hwwafsesid", "hwwafsestime",
    "_abck", "ak_bmsc", "bm_mi", "bm_sv", "bm_sz",  # Akamai
    "citrix_ns_id", "cookiesession1", "fortiwafsid", "barra_counter_session", "serverid", "srv_id", "datadome",
})
_PLATFORM_FAMILIES: Final = (
    ("BIGipServer*", r"bigipserver.*"),
    ("TS*", r"ts(?:[0-9a-f]{6,10}|pd_.*)(?:_[0-9a-f]+)?"),  # F5
    ("NSC_*", r"nsc_.*"),
    ("incap_ses_*", r"incap_ses_.*"),
    ("visid_incap_*", r"visid_incap_.*"),
    ("nlbi_*", r"nlbi_.*"),
    ("BNI_*", r"bni_.*"),
    ("sucuri_*", r"sucuri_cloudproxy_.*"),
    ("__ddg*", r"__ddg.*"),
    ("X-Mapping-*", r"x-mapping-.*"),
)
# fmt: on
_PREFIX_NEEDS: Final = {
    Rejection.SECURE_PREFIX: "Secure",
    Rejection.HOST_PREFIX: "Secure; Path=/ (Domain: -)",
}
_PREFIX = re.compile(r"__(?:host|secure)-")


def role_of(name: str) -> tuple[Role, str]:
    """Whose a cookie of this name is, and the name of its family: its own, unless part of it is drawn anew."""
    word = _PREFIX.sub("", name.lower(), count=1)
    if word in SESSION_NAMES:
        return Role.SESSION, name
    if word in PLATFORM_NAMES:
        return Role.PLATFORM, name
    for role, families in ((Role.SESSION, _SESSION_FAMILIES), (Role.PLATFORM, _PLATFORM_FAMILIES)):
        for family, pattern in families:
            if re.fullmatch(pattern, word):
                return role, family
    return Role.OTHER, name or "(without a name)"


class OwnCookie(Struct, frozen=True):
    """A cookie that an answer of the service sets. `rejection` is why browsers do not keep it, None when they do."""

    url: Url
    cookie: Cookie
    role: Role
    family: str
    rejection: Rejection | None

    @property
    def over_https(self) -> bool:
        """Whether it came over HTTPS."""
        return self.url.scheme == "https"

    @property
    def reaches_neighbours(self) -> bool:
        """Whether it goes to other names beside and above the service's own, too."""
        return self.cookie.domain not in ("", self.url.host) and not self.has_foreign_domain

    @property
    def unmet_prefix(self) -> str | None:
        """What the prefix of its name asks for, where it is not met."""
        return _PREFIX_NEEDS.get(self.rejection) if self.rejection is not None else None

    @property
    def is_none_without_secure(self) -> bool:
        """Whether browsers drop it for a SameSite=None without Secure."""
        return self.rejection is Rejection.NONE_WITHOUT_SECURE

    @property
    def has_foreign_domain(self) -> bool:
        """Whether browsers drop it for a domain that the service is not below."""
        return self.rejection is Rejection.FOREIGN_DOMAIN

    @property
    def has_unknown_same_site(self) -> bool:
        """Whether its SameSite is no word that browsers know."""
        return self.cookie.same_site is SameSite.INVALID


class UnseenAnswer(Struct, frozen=True):
    """An answer of the service that was not seen, and why: it may set cookies too."""

    url: Url
    why: Unobserved

    @property
    def family(self) -> str:
        """What tells it apart from other pages: a query may change with every visit."""
        return self.url.path


@derived(own_answers)
def cookies(answers: tuple[OwnAnswer, ...]) -> tuple[OwnCookie | UnseenAnswer, ...] | Unobserved | NotApplicable:
    """The cookies of all answers of the service's own origin, each once; the fields that only take one away left out.

    After them come the answers that were not seen, so that what was proven on one is not taken for all. That there is none
    is said when every answer was seen and none of them may be a firewall's.
    """
    pages = tuple(seen_of(answers))
    found = {
        (it.cookie.name, _attributes_of(it.cookie)): it
        for page in reversed(pages)
        for it in reversed([*_cookies_of(page)])
    }
    if found:
        unseen = [UnseenAnswer(it.url, it.page) for it in answers if isinstance(it.page, Unobserved)]
        return (*tuple(reversed(found.values()))[:MAX_COOKIES], *unseen)
    for answer in answers:
        if isinstance(answer.page, Unobserved):
            return answer.page
    if blocked := [page for page in pages if page.blocked]:
        return Unobserved(
            Reason.BLOCKED, f"status {blocked[0].status} may be the answer of a firewall, which sets no cookie"
        )
    return NotApplicable("No answer of the service sets a cookie", "Tidak ada jawaban layanan yang memasang cookie")


def _attributes_of(cookie: Cookie) -> tuple[object, ...]:
    """What makes two fields of one name different: the attributes, not the value and not the moment of the end."""
    return (cookie.secure, cookie.http_only, cookie.same_site, cookie.same_site_word, cookie.domain, cookie.path)


def _cookies_of(page: Page) -> Iterator[OwnCookie]:
    for value in page.head.all("set-cookie"):
        cookie = parse_set_cookie(value)
        if isinstance(cookie, Rejection) or cookie.is_deletion(page.at):
            continue
        why = rejection(cookie, host=page.url.host, secure=page.url.scheme == "https")
        yield OwnCookie(page.url, cookie, *role_of(cookie.name), why)


each_cookie = Each("cookie", source=cookies, subject=lambda it: it.family)
"""One cookie of the service, or an answer of it that was not seen."""
