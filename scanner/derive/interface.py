"""Where the description of an interface stands, and what stood there when it was asked for.

The place is the one that the owner names, or the usual ones: `openapi.json` and `openapi.yaml` at the base of the interface
(rule /core/publish-openapi of the Dutch API Design Rules), which is the target's own path or the root of its server.
"""

from enum import Enum

import msgspec
from msgspec import Struct

from scanner.derive.service import exchange_at, page_of
from scanner.needs import Fact, Place, Told, derived, maybe, parts_of
from scanner.observations.http import Described, Exchange, RedirectChain
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.parse.url import Url, parse_url
from scanner.probes.http.exchange import DescriptionExchange
from scanner.probes.http.walks import Redirects

MOST_REDIRECTS = 2
MOST_PLACES = 4
JSON, YAML = "openapi.json", "openapi.yaml"
_TWINS = ((".json", ".yaml"), (".yaml", ".json"), (".yml", ".json"))


def places_of(place: Place) -> tuple[Url, ...]:
    """Where to look: the declared place and its twin in the other form, or the usual places, two of each folder."""
    target = place.target
    own = target.parsed_url
    if target.openapi:
        declared = parse_url(f"{own.origin}{target.openapi}")
        path, query, rest = declared.target.partition("?")
        twin = next((path.removesuffix(it) + other for it, other in _TWINS if path.endswith(it)), None)
        return (declared,) if twin is None else (declared, parse_url(f"{own.origin}{twin}{query}{rest}"))
    folders = dict.fromkeys((own.path.rstrip("/"), ""))
    return tuple(parse_url(f"{own.origin}{folder}/{name}") for folder in folders for name in (JSON, YAML))


class Stood(Enum):
    """What stood at a place."""

    DESCRIPTION = "description"
    SOMETHING_ELSE = "something else"
    NOTHING = "nothing"
    LOGIN = "login"
    """The server asks who is there."""


class Standing(Struct, frozen=True):
    """A place, and what stood there; `document` is what was read, where something was."""

    url: Url
    what: Stood
    document: Described = Described()


def _walk_at(index: int) -> Fact[RedirectChain]:
    def build(place: Place) -> Redirects | Unobserved | NotApplicable:
        places = places_of(place)
        if index >= len(places):
            return NotApplicable("There is no such place", "Tidak ada tempat seperti itu")
        asked = exchange_at(place, places[index])
        if isinstance(asked, Unobserved | NotApplicable):
            return asked
        start = DescriptionExchange(**msgspec.structs.asdict(asked))
        return Redirects(start=start, ports=(place.target.parsed_url.port,), most=MOST_REDIRECTS)

    return Fact(f"place {index + 1} of the interface's description", RedirectChain, build)


_walks = tuple(map(_walk_at, range(MOST_PLACES)))


@derived(_walks[0], parts_of(_walks[0], Exchange))
def _first(walk: RedirectChain, hops: tuple[Exchange, ...]) -> Standing | Unobserved:
    return _standing(walk, hops)


@derived(_walks[1], parts_of(_walks[1], Exchange))
def _second(walk: RedirectChain, hops: tuple[Exchange, ...]) -> Standing | Unobserved:
    return _standing(walk, hops)


@derived(_walks[2], parts_of(_walks[2], Exchange))
def _third(walk: RedirectChain, hops: tuple[Exchange, ...]) -> Standing | Unobserved:
    return _standing(walk, hops)


@derived(_walks[3], parts_of(_walks[3], Exchange))
def _fourth(walk: RedirectChain, hops: tuple[Exchange, ...]) -> Standing | Unobserved:
    return _standing(walk, hops)


def _standing(walk: RedirectChain, hops: tuple[Exchange, ...]) -> Standing | Unobserved:
    """What a walk ended at. A redirect to what is no description tells nothing: it may be a login, or a page for all."""
    if walk.ended is not None:
        return walk.ended
    last, url = hops[-1], parse_url(hops[0].url)
    page = page_of(last)
    if isinstance(page, Unobserved):
        return page
    document = last.document
    if isinstance(document, Described) and document.version and 200 <= page.status < 300:
        return Standing(url, Stood.DESCRIPTION, document)
    if page.blocked:
        return Unobserved(Reason.BLOCKED, f"{url.path} answers with status {page.status}")
    if isinstance(document, Unobserved):
        return document
    if len(hops) > 1:
        return Unobserved(Reason.INCONCLUSIVE, f"{url.path} leads to {last.url}, which is no description")
    if page.status in {404, 410}:
        return Standing(url, Stood.NOTHING)
    if page.status == 401:
        return Standing(url, Stood.LOGIN)
    if isinstance(document, Described):
        return Standing(url, Stood.SOMETHING_ELSE, document)
    return Unobserved(Reason.INCONCLUSIVE, f"{url.path} answers with status {page.status}")


class Publication(Struct, frozen=True):
    """All places that were asked, in their order: `standing` is what stood at each, or why that is not known."""

    is_declared: bool
    places: tuple[Url, ...]
    standing: tuple[Standing | Unobserved, ...]


@derived(maybe(_first), maybe(_second), maybe(_third), maybe(_fourth))
def _everywhere(
    first: Standing | Unobserved,
    second: Standing | Unobserved,
    third: Standing | Unobserved,
    fourth: Standing | Unobserved,
) -> tuple[Standing | Unobserved, ...]:
    return first, second, third, fourth


@derived(_everywhere, Told("places", places_of), Told("declared", lambda place: bool(place.target.openapi)))
def publication(
    everywhere: tuple[Standing | Unobserved, ...], places: tuple[Url, ...], is_declared: bool
) -> Publication:
    """What stood at the places where the description of the interface may be."""
    return Publication(is_declared, places, everywhere[: len(places)])
