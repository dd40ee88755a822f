"""What the service itself answered at its own addresses: the home page, further pages, the end of the walk from plain HTTP.

A check with `each=each_document` runs once for every page, so that one that timed out does not erase what was proven on
another.
"""

from collections.abc import Iterator

from msgspec import Struct

from scanner.derive.service import Page, further_pages, further_urls, page, page_of, plain_hops
from scanner.needs import Each, Told, derived, maybe
from scanner.observations.http import Exchange
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.list_field import mime_type
from scanner.parse.nosniff import is_nosniff
from scanner.parse.url import Url
from scanner.probes.http.walks import REDIRECT_STATUSES

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_WITHOUT_CONTENT = frozenset({204, 205, 304})


class OwnAnswer(Struct, frozen=True):
    """What one URL of the service answered, or why nothing is known of it."""

    url: Url
    page: Page | Unobserved

    @property
    def path(self) -> str:
        """What tells it apart from other pages of the service: a query may change with every visit."""
        return self.url.path


addresses_of_pages = Told("where its pages are", lambda place: (place.target.parsed_url, further_urls(place)))
"""The service's own URL, and those of its further pages."""


@derived(maybe(page), further_pages, maybe(plain_hops), addresses_of_pages)
def own_answers(
    own: Page | Unobserved,
    others: tuple[Page | Unobserved, ...],
    hops: tuple[Exchange, ...] | Unobserved,
    urls: tuple[Url, tuple[Url, ...]],
) -> tuple[OwnAnswer, ...] | Unobserved:
    """Every answer of the service's own origin, the home page first, none twice; the reason when there is none at all."""
    home_url, further = urls
    found = {str(home_url): OwnAnswer(home_url, own)}
    for url, other in zip(further, others, strict=True):
        found.setdefault(str(url), OwnAnswer(url, other))
    for hop in () if isinstance(hops, Unobserved) else map(page_of, hops):
        if isinstance(hop, Page) and hop.url.origin == home_url.origin:
            found.setdefault(str(hop.url), OwnAnswer(hop.url, hop))
    answers = tuple(found.values())
    if isinstance(own, Unobserved) and all(isinstance(it.page, Unobserved) for it in answers):
        return own
    return answers


@derived(own_answers)
def documents(answers: tuple[OwnAnswer, ...]) -> tuple[OwnAnswer, ...] | Unobserved:
    """The answers that have content of their own, which a redirect has not, and the URLs of which nothing is known."""
    found = tuple(it for it in answers if isinstance(it.page, Unobserved) or not _leads_on(it.page))
    if found:
        return found
    return Unobserved(
        Reason.NOT_ASKED,
        "every answer leads elsewhere, and where it leads was not looked at; `paths` names further pages",
    )


def _leads_on(page: Page) -> bool:
    return page.status in _WITHOUT_CONTENT or (
        page.status in REDIRECT_STATUSES and page.head.first("location") is not None
    )


each_document = Each("page", source=documents, subject=lambda it: it.path)
"""One page of the service."""


def type_of(page: Page) -> str | None:
    """The MIME type that browsers take from the answer; None when it declares none."""
    return mime_type(page.head.all("content-type"))


def declared_type_is_kept(page: Page) -> bool:
    """Whether browsers keep to that type."""
    return is_nosniff(page.head.all("x-content-type-options"))


def is_error(page: Page) -> bool:
    """Whether the answer is no content of the service but an error's: other software may have written it."""
    return not 200 <= page.status < 300


def seen_of(answers: tuple[OwnAnswer, ...]) -> Iterator[Page]:
    """Those that were seen."""
    return (it.page for it in answers if isinstance(it.page, Page))
