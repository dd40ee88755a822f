"""The Strict-Transport-Security field (RFC 6797 sections 6.1 and 8.1).

A field that breaks the grammar anywhere is ignored whole by browsers (section 6.1, rule 4), so there is no
partial result: a policy, or an error that says which rule was broken.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

# RFC 9111 section 1.2.2: a delta-seconds too large to represent counts as 2^31 (68 years). The bound also
# keeps "now plus max-age" inside what datetime can hold.
MAX_AGE_CAP_S: Final = 2**31


class HstsReason(StrEnum):
    """The rule of RFC 6797 section 6.1 that a field broke."""

    SYNTAX = "syntax"  # not `[directive] *(";" [directive])`; also a comma that joins two policies
    REPEATED = "repeated"  # rule 2: no directive may appear twice, known or not
    UNEXPECTED_VALUE = "unexpected_value"  # includeSubDomains is a valueless directive (section 6.1.2)
    BAD_MAX_AGE = "bad_max_age"  # max-age without a value, or a value that is not 1*DIGIT (section 6.1.1)
    NO_MAX_AGE = "no_max_age"  # max-age is REQUIRED (section 6.1.1)


class HstsError(ValueError):
    """The field does not conform to RFC 6797, so browsers ignore all of it."""

    def __init__(self, reason: HstsReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class HstsPolicy(Struct, frozen=True):
    """What a browser takes from a valid field.

    `max_age_s` is at most `MAX_AGE_CAP_S`; 0 tells browsers to forget the host. `preload` is no directive of
    RFC 6797 but of the browsers' preload list, which reads it from here.
    """

    max_age_s: int
    include_subdomains: bool = False
    preload: bool = False

    @property
    def max_age(self) -> timedelta:
        """The capped max-age as a duration."""
        return timedelta(seconds=self.max_age_s)


# RFC 6797 uses the grammar of RFC 2616: token and quoted-string as in its section 2.2, and implied linear
# whitespace between any two words, so `max-age = "1"` is well formed.
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x00-\x7f])*"'
_DIRECTIVE = re.compile(rf"[ \t]*(?:({_WORD})[ \t]*(?:=[ \t]*({_WORD}|{_QUOTED})[ \t]*)?)?(?:;|\Z)")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+")


def parse_hsts(value: str) -> HstsPolicy:
    """Read one field value; raises `HstsError` for any value that a conforming browser ignores.

    Unknown directives are ignored, but must be well formed and may not repeat. `includeSubDomains=1` makes
    the field invalid: section 6.1.2 defines the directive as valueless, so the value is data that "does not
    conform to the syntax". `preload=1` does not: to RFC 6797 it is an unknown directive, and to the preload
    list it is not the `preload` that it asks for, so the policy stands without it.
    """
    directives = _directives(value)
    if directives.get("includesubdomains") is not None:
        raise HstsError(HstsReason.UNEXPECTED_VALUE)
    if "max-age" not in directives:
        raise HstsError(HstsReason.NO_MAX_AGE)
    return HstsPolicy(
        max_age_s=_delta_seconds(directives["max-age"]),
        include_subdomains="includesubdomains" in directives,
        preload="preload" in directives and directives["preload"] is None,
    )


def policy_of(values: Sequence[str]) -> HstsPolicy | None:
    """The policy of a response that sent these fields, in order; None if it sent none.

    Section 8.1: only the first field is processed. If that one is invalid the error is raised; a valid second
    field does not help, because browsers never look at it.
    """
    return parse_hsts(values[0]) if values else None


def _directives(value: str) -> dict[str, str | None]:
    """Directive values by lower-case name, unquoted; None for a directive without a value."""
    found: dict[str, str | None] = {}
    position = 0
    while position < len(value):
        match = _DIRECTIVE.match(value, position)
        if match is None:
            raise HstsError(HstsReason.SYNTAX)
        position = match.end()
        if match[1] is None:  # an empty directive: the grammar allows `;;` and a trailing semicolon
            continue
        name = match[1].lower()
        if name in found:
            raise HstsError(HstsReason.REPEATED)
        found[name] = _unquoted(match[2])
    return found


def _unquoted(value: str | None) -> str | None:
    if value is None or not value.startswith('"'):
        return value
    return _QUOTED_PAIR.sub(r"\1", value[1:-1])


def _delta_seconds(digits: str | None) -> int:
    if digits is None or not _DIGITS.fullmatch(digits):
        raise HstsError(HstsReason.BAD_MAX_AGE)
    significant = digits.lstrip("0") or "0"
    # Looked at by length first: int() refuses more than some thousand digits, and a server may send them.
    if len(significant) > len(str(MAX_AGE_CAP_S)):
        return MAX_AGE_CAP_S
    return min(int(significant), MAX_AGE_CAP_S)
