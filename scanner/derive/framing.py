"""Who may frame a page, by the two headers that say so."""

from msgspec import Struct

from scanner.parse.csp import ancestors_of, policies_of
from scanner.parse.frame_options import Framing, framing_by_options
from scanner.parse.http_head import Head


class Protection(Struct, frozen=True):
    """Who may frame a page, and what says so: a `frame-ancestors`, where there is one, else X-Frame-Options."""

    framing: Framing
    by_ancestors: bool
    value: str

    @property
    def is_open(self) -> bool:
        """Any site may."""
        return self.framing is Framing.ANYBODY

    @property
    def is_named(self) -> bool:
        """Some other sites may."""
        return self.framing is Framing.NAMED


def protection_of(head: Head) -> Protection:
    """What a page's own head does against frames. A report-only policy does nothing, nor does one in a meta element."""
    ancestors = ancestors_of(policies_of(head.all("content-security-policy")))
    if ancestors is not None:
        return Protection(ancestors.framing, by_ancestors=True, value=" ".join(ancestors.values))
    values = head.all("x-frame-options")
    return Protection(framing_by_options(values), by_ancestors=False, value=", ".join(values))
