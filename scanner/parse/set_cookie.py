"""Set-Cookie, as browsers read it (RFC 6265bis sections 5.6 and 5.7).

Two questions, apart: what a field says, and whether a browser that got it from a URL keeps the cookie. Values arrive here
redacted, of the same length; nothing that is asked of them depends on more.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

MAX_PAIR_OCTETS: Final = 4096
MAX_ATTRIBUTE_OCTETS: Final = 1024
_MAX_AGE_CAP = timedelta(days=400)
"""The longest that a cookie lives (section 5.6.2)."""


class SameSite(StrEnum):
    """With which requests of other sites a cookie goes; INVALID stands for a word that browsers do not know."""

    STRICT = "strict"
    LAX = "lax"
    NONE = "none"
    INVALID = "invalid"


class Rejection(StrEnum):
    """Why a browser does not keep a cookie (section 5.7)."""

    EMPTY = "empty"
    CONTROL = "control"
    TOO_LARGE = "too_large"
    FOREIGN_DOMAIN = "foreign_domain"
    SECURE_OVER_HTTP = "secure_over_http"
    NONE_WITHOUT_SECURE = "none_without_secure"
    SECURE_PREFIX = "secure_prefix"
    HOST_PREFIX = "host_prefix"


class Cookie(Struct, frozen=True):
    """What one field says. `domain` is lower-case and without a leading dot, empty when there is none.

    `path` is None where browsers take the URL's directory. `max_age` comes before `expires` (section 5.7, step 3);
    `same_site_word` is what stood there.
    """

    name: str
    value: str
    secure: bool = False
    http_only: bool = False
    same_site: SameSite | None = None
    same_site_word: str = ""
    domain: str = ""
    path: str | None = None
    max_age: timedelta | None = None
    expires: datetime | None = None

    def is_deletion(self, at: datetime) -> bool:
        """Whether the field takes the cookie away: its end lies in the past."""
        if self.max_age is not None:
            return self.max_age <= timedelta(0)
        return self.expires is not None and self.expires <= at


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SPACE = " \t"
_NUMBER = re.compile(r"-?[0-9]+")
_WORDS: Final = {"strict": SameSite.STRICT, "lax": SameSite.LAX, "none": SameSite.NONE}


def parse_set_cookie(field: str) -> Cookie | Rejection:
    """Read one field value, one character an octet; a Rejection when browsers drop it whatever the URL is."""
    if _CONTROL.search(field):
        return Rejection.CONTROL
    pair, *attributes = field.split(";")
    name, equals, value = pair.partition("=")
    if not equals:
        name, value = "", pair
    name, value = name.strip(_SPACE), value.strip(_SPACE)
    if not name and not value:
        return Rejection.EMPTY
    if len(name) + len(value) > MAX_PAIR_OCTETS:
        return Rejection.TOO_LARGE
    said: dict[str, str] = {}
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        key, text = key.strip(_SPACE).lower(), text.strip(_SPACE)
        if len(text) <= MAX_ATTRIBUTE_OCTETS and _counts(key, text):
            said[key] = text  # the last one counts
    return Cookie(
        name=name,
        value=value,
        secure="secure" in said,
        http_only="httponly" in said,
        same_site=_WORDS.get(said["samesite"].lower(), SameSite.INVALID) if "samesite" in said else None,
        same_site_word=said.get("samesite", ""),
        domain=said.get("domain", "").removeprefix(".").lower(),
        path=said["path"] if said.get("path", "").startswith("/") else None,
        max_age=_max_age(said.get("max-age")),
        expires=parse_cookie_date(said.get("expires", "")),
    )


def _counts(key: str, text: str) -> bool:
    """Whether an attribute is one that counts; one that cannot be read leaves an earlier one in force."""
    match key:
        case "max-age":
            return _NUMBER.fullmatch(text) is not None
        case "expires":
            return parse_cookie_date(text) is not None
        case _:
            return key in {"secure", "httponly", "samesite", "domain", "path"}


def _max_age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text.startswith("-"):
        return timedelta(0)
    digits = text.lstrip("0")
    cap = int(_MAX_AGE_CAP.total_seconds())
    return timedelta(seconds=cap if len(digits) > len(str(cap)) else min(int(digits or "0"), cap))


def rejection(cookie: Cookie, *, host: str, secure: bool) -> Rejection | None:
    """Why a browser that got this cookie from `host` does not keep it; None when it does.

    `secure` says that it came over HTTPS. Whether a domain is a public suffix is not asked: that takes a list.
    """
    if cookie.domain and not _domain_matches(host, cookie.domain):
        return Rejection.FOREIGN_DOMAIN
    if cookie.secure and not secure:
        return Rejection.SECURE_OVER_HTTP
    if cookie.same_site is SameSite.NONE and not cookie.secure:
        return Rejection.NONE_WITHOUT_SECURE
    name = cookie.name.lower()
    if name.startswith("__secure-") and not cookie.secure:
        return Rejection.SECURE_PREFIX
    if name.startswith("__host-") and not (cookie.secure and not cookie.domain and cookie.path == "/"):
        return Rejection.HOST_PREFIX
    return None


def _domain_matches(host: str, domain: str) -> bool:
    """RFC 6265bis section 5.1.3; `host` is canonical, and an IP address matches only itself."""
    if host == domain:
        return True
    is_address = ":" in host or host.rpartition(".")[2].isdigit()
    return host.endswith(f".{domain}") and not is_address


# RFC 6265bis section 5.1.1: a date is taken apart at these characters and put together from whatever fits.
_DATE_TOKEN = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9].*)?\Z", re.DOTALL)
_DAY = re.compile(r"([0-9]{1,2})(?:[^0-9].*)?\Z", re.DOTALL)
_YEAR = re.compile(r"([0-9]{2,4})(?:[^0-9].*)?\Z", re.DOTALL)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def parse_cookie_date(text: str) -> datetime | None:
    """The moment that browsers read in an Expires; None when they read none."""
    time: tuple[int, int, int] | None = None
    day = month = year = None
    for token in _DATE_TOKEN.findall(text):
        if time is None and (found := _TIME.match(token)) is not None:
            time = (int(found[1]), int(found[2]), int(found[3]))
        elif day is None and (found := _DAY.match(token)) is not None:
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)) is not None:
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    if 70 <= year <= 99:
        year += 1900
    elif year <= 69:
        year += 2000
    if year < 1601:
        return None
    try:
        return datetime(year, month, day, *time, tzinfo=UTC)
    except ValueError:
        return None
