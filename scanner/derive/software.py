"""What an answer says it was made with, by names that stand for nothing else.

Used to choose which lines of configuration a reader is shown, and for no verdict: anybody can send any name.
"""

import re
from collections.abc import Iterator
from typing import Final

from scanner.parse.http_head import Head
from scanner.parse.set_cookie import Cookie, parse_set_cookie

_SERVERS: Final = (
    (re.compile(r"(nginx|openresty|tengine|angie)\b", re.IGNORECASE), "nginx"),
    (re.compile(r"Apache-Coyote\b|Apache Tomcat\b", re.IGNORECASE), "Tomcat"),
    (re.compile(r"Apache(?:$|[/ ])", re.IGNORECASE), "Apache"),
    (re.compile(r"Microsoft-IIS\b", re.IGNORECASE), "IIS"),
)
"""What a Server field begins with; the first that fits counts."""
_POWERED: Final = ((re.compile(r"PHP\b", re.IGNORECASE), "PHP"), (re.compile(r"ASP\.NET\b", re.IGNORECASE), "ASP.NET"))
_COOKIES: Final = {
    "laravel_session": "Laravel",
    "laravel-session": "Laravel",
    "ci_session": "CodeIgniter",
    "ci_sessions": "CodeIgniter",
    "phpsessid": "PHP",
    "asp.net_sessionid": "ASP.NET",
}
"""Names that the software gives its session cookie unless it is told otherwise."""


def software_of(head: Head) -> frozenset[str]:
    """The software that the fields of an answer name."""
    return frozenset(_named(head))


def _named(head: Head) -> Iterator[str]:
    for value in head.all("server"):
        yield from next(([name] for begins, name in _SERVERS if begins.match(value)), [])
    for value in head.all("x-powered-by"):
        yield from (name for begins, name in _POWERED if begins.match(value))
    for value in head.all("set-cookie"):
        cookie = parse_set_cookie(value)
        if isinstance(cookie, Cookie) and (name := _COOKIES.get(cookie.name.lower())) is not None:
            yield name
