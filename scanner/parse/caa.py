"""CAA records: which authorities may issue for a name (RFC 8659), with the parameters of RFC 8657.

A set is read as an authority reads it before it issues. What cannot be read forbids: an `issue` that breaks the grammar
counts as one that names nobody (section 4.2), and an unknown property marked critical forbids all issuance (section 4.1).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

CRITICAL: Final = 0x80 | 0x01
"""Bit 0 is the highest of the octet; authorities also heed the lowest, which many zones set instead."""
# RFC 8659, RFC 9495, and the CA/Browser Forum (appendix A of the Baseline Requirements, mark certificates); 2026-11.
_KNOWN: Final = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"})


class CaaError(ValueError):
    """The text is no CAA record in presentation form."""


class CaaRecord(Struct, frozen=True):
    """One record. `tag` is in lower case."""

    flags: int
    tag: str
    value: str

    @property
    def is_critical(self) -> bool:
        """Whether an authority that does not know the property must not issue."""
        return bool(self.flags & CRITICAL)


class Issuer(Struct, frozen=True):
    """The value of an `issue` or `issuewild`: an authority's domain, empty for nobody, and the conditions it issues under."""

    domain: str
    parameters: tuple[tuple[str, str], ...] = ()

    def meets(self, account: str | None, method: str | None) -> bool:
        """Whether the conditions of RFC 8657 allow this account and method; None stands for one that is not known."""
        for tag, value in self.parameters:
            if tag == "accounturi" and account is not None and value != account:
                return False
            if tag == "validationmethods" and method is not None and method not in value.split(","):
                return False
        return True


_PRESENTATION = re.compile(r'([0-9]{1,3}) ([0-9A-Za-z]{1,255}) "((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9]{3})|(.))", re.DOTALL)


def parse_caa(text: str) -> CaaRecord:
    """Read a record in presentation form, `0 issue "ca.example"`."""
    match = _PRESENTATION.fullmatch(text)
    if match is None or int(match[1]) > 255:
        raise CaaError(f"not a CAA record: {text[:80]}")
    return CaaRecord(int(match[1]), match[2].lower(), _ESCAPE.sub(_unescaped, match[3]))


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1]) & 0xFF) if match[1] else match[2]


_LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z\-]*[0-9A-Za-z])?"
_ISSUE = re.compile(rf"[ \t]*({_LABEL}(?:\.{_LABEL})*)?[ \t]*(?:;(.*))?", re.DOTALL)
_PARAMETER = re.compile(rf"[ \t]*({_LABEL})[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)[ \t]*")


def parse_issuer(value: str) -> Issuer | None:
    """Read the value of an `issue` or `issuewild` (section 4.2); None when it breaks the grammar.

    A semicolon at the very end is forgiven, for authorities do.
    """
    match = _ISSUE.fullmatch(value)
    if match is None:
        return None
    parameters: list[tuple[str, str]] = []
    texts = (match[2] or "").split(";")
    for index, text in enumerate(texts):
        if not text.strip(" \t") and index == len(texts) - 1:
            continue
        parameter = _PARAMETER.fullmatch(text)
        if parameter is None:
            return None
        parameters.append((parameter[1].lower(), parameter[2]))
    return Issuer((match[1] or "").lower(), tuple(parameters))


class CaaSet(Struct, frozen=True):
    """All CAA records of a name, which hold together."""

    records: tuple[CaaRecord, ...]

    @property
    def unknown_critical(self) -> tuple[str, ...]:
        """Critical properties that no authority knows: they forbid all issuance."""
        return tuple(it.tag for it in self.records if it.is_critical and it.tag not in _KNOWN)

    @property
    def malformed(self) -> tuple[str, ...]:
        """Values of `issue` and `issuewild` that break the grammar."""
        tags = ("issue", "issuewild")
        return tuple(it.value for it in self.records if it.tag in tags and parse_issuer(it.value) is None)

    def issuers(self, *, wildcard: bool = False) -> tuple[Issuer, ...] | None:
        """Who may issue for the name, or for the wildcard below it; None when the set restricts nobody (section 4.2, 4.3)."""
        tags = {it.tag for it in self.records}
        tag = "issuewild" if wildcard and "issuewild" in tags else "issue"
        return tuple(self._named(tag)) if tag in tags else None

    def _named(self, tag: str) -> Iterator[Issuer]:
        for record in self.records:
            if record.tag == tag and (issuer := parse_issuer(record.value)) is not None and issuer.domain:
                yield issuer

    def may_issue(
        self, authority: Iterable[str], *, wildcard: bool = False, account: str | None = None, method: str | None = None
    ) -> bool:
        """Whether an authority, known by these domains, may issue."""
        if self.unknown_critical:
            return False
        issuers = self.issuers(wildcard=wildcard)
        domains = frozenset(authority)
        return issuers is None or any(it.domain in domains and it.meets(account, method) for it in issuers)


def climb(host: str) -> Sequence[str]:
    """The names at which CAA records are looked for, one after the other (section 3): the host and each name above it."""
    labels = host.split(".")
    return tuple(".".join(labels[index:]) for index in range(len(labels)))
