"""Content-Security-Policy (CSP Level 3): policies, their directives, and who `frame-ancestors` lets in.

Each field may hold several policies, divided by commas; all that are enforced hold together, so each can only take away.
There is no invalid policy: what browsers do not understand they pass over.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from scanner.parse.frame_options import Framing

MAX_POLICIES = 100
MAX_DIRECTIVES = 100

_WHITESPACE = "\t\n\f\r "
_SPACES = re.compile(r"[\t\n\f\r ]+")
_WEB_SCHEMES = frozenset({"http", "https", "ws", "wss"})
"""A page of any site is at one of the first two, and the last two let these in (CSP3 6.7.2.9, scheme-part match)."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):\Z")
_HOST = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.\-]*)://)?"
    r"(\*|(?:\*\.)?[A-Za-z0-9\-_]+(?:\.[A-Za-z0-9\-_]+)*\.?)"
    r"(?::([0-9]+|\*))?(?:/[^;,\s]*)?\Z"
)


class Policy(Struct, frozen=True):
    """One policy: its directives by lower-case name, each with its values. The first of a name counts (CSP3 2.2.1)."""

    directives: Mapping[str, tuple[str, ...]]


def policies_of(values: Sequence[str]) -> tuple[Policy, ...]:
    """The policies of these fields, in order, without those that say nothing (CSP3 2.2.2)."""
    texts = [text for value in values for text in value.split(",", MAX_POLICIES)][:MAX_POLICIES]
    return tuple(policy for policy in map(parse_policy, texts) if policy.directives)


def parse_policy(text: str) -> Policy:
    """Read one serialised policy; a directive with anything but ASCII in it is passed over."""
    directives: dict[str, tuple[str, ...]] = {}
    for token in text.split(";", MAX_DIRECTIVES)[:MAX_DIRECTIVES]:
        words = _SPACES.split(token.strip(_WHITESPACE))
        name = words[0].lower()
        if name and token.isascii() and name not in directives:
            directives[name] = tuple(words[1:])
    return Policy(MappingProxyType(directives))


class Ancestors(Struct, frozen=True):
    """Whom all `frame-ancestors` together let in, and the values of the one that lets in fewest."""

    framing: Framing
    values: tuple[str, ...]


def ancestors_of(policies: Iterable[Policy]) -> Ancestors | None:
    """Who may frame a page under these enforced policies; None when none of them has a `frame-ancestors`.

    Where there is one, browsers do not look at X-Frame-Options (HTML, X-Frame-Options, step 2).
    """
    found = [policy.directives["frame-ancestors"] for policy in policies if "frame-ancestors" in policy.directives]
    if not found:
        return None
    return min((Ancestors(framing_by_sources(values), values) for values in found), key=_openness)


def _openness(ancestors: Ancestors) -> int:
    return (Framing.NOBODY, Framing.SAME_ORIGIN, Framing.NAMED, Framing.ANYBODY).index(ancestors.framing)


def framing_by_sources(values: Sequence[str]) -> Framing:
    """Who may frame a page by one `frame-ancestors`; a source that browsers do not know matches nobody.

    A whole top-level domain (`*.com`) is anybody: a name below it is for sale.
    """
    named = same_origin = False
    for value in values:
        if value.lower() == "'self'":
            same_origin = True
        elif (scheme := _SCHEME.match(value)) is not None:
            if scheme[1].lower() in _WEB_SCHEMES:
                return Framing.ANYBODY
        elif (host := _HOST.match(value)) is not None and (host[1] or "https").lower() in _WEB_SCHEMES:
            if _is_anybody(host[2]):
                return Framing.ANYBODY
            named = True
    if named:
        return Framing.NAMED
    return Framing.SAME_ORIGIN if same_origin else Framing.NOBODY


def _is_anybody(host: str) -> bool:
    labels = host.rstrip(".").split(".")
    return labels[0] == "*" and len(labels) <= 2
