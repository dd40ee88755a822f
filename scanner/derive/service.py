"""What is known of a service at one of its addresses: its answer, its handshake, its chain, its plain-HTTP twin.

These are the needs that checks ask for. Each names the probes behind it and reads only what was stored.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import Struct

from scanner.derive.acceptance import readable, stores_of, taken_by_browsers
from scanner.derive.certification_path import PathResult, walk
from scanner.derive.refusal import REFUSING_STATUSES, is_challenge, may_be_a_refusal
from scanner.estate import Expectation, Target, redirected
from scanner.needs import Fact, Place, Several, Told, derived, maybe, parts_of
from scanner.observations.endpoint import Resolution, Source
from scanner.observations.http import (
    Answer,
    BrokenHandshake,
    Exchange,
    Handshake,
    RedirectChain,
    Sought,
    Tries,
)
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.observations.trust import TrustStore
from scanner.parse.certificate import MAX_NAMES, Certificate
from scanner.parse.hsts import HstsError, HstsPolicy, policy_of
from scanner.parse.http_head import Head, HeadError, parse_head
from scanner.parse.identity import presented_identity_matches
from scanner.parse.url import Url, parse_url
from scanner.probes.dns import Resolve
from scanner.probes.http.exchange import FurtherPage, HttpExchange
from scanner.probes.http.walks import Reachability, Redirects, answers_as_expected, sought_in
from scanner.probes.trust import MOZILLA, OPERATOR, TrustAnchors

UNAUTHORISED = 401
NO_ENDPOINT = Unobserved(Reason.PREREQUISITE, "the name gave no address")


def exchange_at(place: Place, url: Url) -> HttpExchange | Unobserved | NotApplicable:
    """The exchange about a URL of the service's own host, at the endpoint in hand; it carries no credential."""
    endpoint = place.endpoint
    if endpoint is None:
        return NO_ENDPOINT
    address, source, dial_port = endpoint.address, endpoint.source, 0
    if (wish := redirected(place.setting.redirections, url.host, url.port)) is not None:
        address, source, dial_port = wish[0], Source.OPTION, wish[1]
    elif source is Source.OPTION:
        # The operator sent one port elsewhere. What answers on another port there may be another service altogether.
        return Unobserved(Reason.NOT_ASKED, f"--connect-to or --resolve names no place for port {url.port}")
    return HttpExchange(
        url=str(url),
        host=url.host,
        port=url.port,
        address=address,
        source=source,
        dial_port=dial_port,
        agent=place.setting.agent,
    )


def _home(place: Place) -> HttpExchange | Unobserved | NotApplicable:
    """The exchange that carries the target's credential and looks for what its owner expects."""
    probe = exchange_at(place, place.target.parsed_url)
    if not isinstance(probe, HttpExchange):
        return probe
    expect = place.target.expect
    return msgspec.structs.replace(
        probe, credential=_entrusted_to(place.target), expect_text=expect.text, expect_json=expect.json
    )


def _entrusted_to(target: Target) -> str:
    return "" if target.credential is None else target.id


def _further(place: Place) -> tuple[FurtherPage, ...]:
    """One exchange for each further path, none twice; they are on the service's own origin, so they carry its credential."""
    own = place.target.parsed_url
    pages: dict[str, FurtherPage] = {}
    for path in place.target.paths:
        probe = exchange_at(place, parse_url(f"{own.origin}{path}"))
        if isinstance(probe, HttpExchange) and probe.url != str(own):
            pages[probe.url] = FurtherPage(
                **msgspec.structs.asdict(probe) | {"credential": _entrusted_to(place.target)}
            )
    return tuple(pages.values())


def further_urls(place: Place) -> tuple[Url, ...]:
    """The URLs of the target's further pages, in the order in which they are asked for."""
    return tuple(parse_url(probe.url) for probe in _further(place))


def _plain(place: Place) -> Redirects | Unobserved | NotApplicable:
    url = place.target.parsed_url
    if url.scheme == "https":
        if place.target.http_port is None:
            return NotApplicable(
                "No plain-HTTP port belongs to this service",
                "Tidak ada port HTTP biasa yang menjadi bagian layanan ini",
            )
        host = f"[{url.host}]" if ":" in url.host else url.host
        url = parse_url(f"http://{host}:{place.target.http_port}{url.target}")
    start = exchange_at(place, url)
    own = place.target.parsed_url.port
    return Redirects(start=start, ports=(own,)) if isinstance(start, HttpExchange) else start


def _reachability(place: Place) -> Reachability | Unobserved | NotApplicable:
    first = _home(place)
    if not isinstance(first, HttpExchange):
        return first
    return Reachability(first=first, expect_status=place.target.expect.status)


def _over_https(place: Place) -> Reachability | Unobserved | NotApplicable:
    """The tries of the service itself, or, of one that is known by plain HTTP on port 80, of its twin on port 443."""
    url = place.target.parsed_url
    if url.scheme == "https":
        return _reachability(place)
    if url.port != 80:
        return Unobserved(Reason.NOT_ASKED, f"no port for HTTPS is known beside port {url.port}")
    host = f"[{url.host}]" if ":" in url.host else url.host
    first = exchange_at(place, parse_url(f"https://{host}{url.target}"))
    return Reachability(first=first) if isinstance(first, HttpExchange) else first


resolution = Fact(
    "resolution of the name",
    Resolution,
    lambda place: Resolve.of(place.target.parsed_url, place.setting.redirections),
)
"""What the service's name resolved to."""

home = Fact("answer of the service", Exchange, _home)
"""The exchange at the target's own URL."""

further = Several("further pages of the service", Exchange, _further)
"""The exchanges at the target's further paths, one GET each."""

tries = parts_of(Fact("tries to reach the service", Tries, _reachability), Exchange)
"""The exchanges made to see whether the service answers: one, or two with a pause between."""

https_tries = parts_of(Fact("tries over HTTPS", Tries, _over_https), Exchange)
"""The exchanges made to see whether the service answers over HTTPS."""

plain_chain = Fact("walk from plain HTTP", RedirectChain, _plain)
"""The walk along redirects that begins at the service's plain-HTTP address."""

plain_hops = parts_of(plain_chain, Exchange)
"""Its exchanges, in order."""

mozilla = Fact("Mozilla's trust anchors", TrustStore, lambda _: TrustAnchors(store=MOZILLA))
operator = Fact("the operator's trust anchors", TrustStore, lambda _: TrustAnchors(store=OPERATOR))


class Hsts(Struct, frozen=True):
    """What a browser takes from an answer's first Strict-Transport-Security field: a policy, or the rule it breaks."""

    value: str
    policy: HstsPolicy | None
    broken_rule: str | None


class Page(Struct, frozen=True):
    """An answer with its head parsed. `blocked` says that it may be a firewall's page and not the service's."""

    url: Url
    status: int
    head: Head
    blocked: bool
    at: datetime

    @property
    def hsts(self) -> Hsts | None:
        """Its HSTS field, None when it has none (RFC 6797 8.1)."""
        values = self.head.all("strict-transport-security")
        if not values:
            return None
        try:
            return Hsts(values[0], policy_of(values), None)
        except HstsError as error:
            return Hsts(values[0], None, error.reason.value)


@lru_cache(maxsize=16)
def page_of(exchange: Exchange) -> Page | Unobserved:
    """The page of an exchange, or why there is none."""
    answer = exchange.answer
    if not isinstance(answer, Answer):
        return answer
    try:
        head = parse_head(answer.head)
    except HeadError as error:
        return Unobserved(Reason.PROTOCOL_ERROR, str(error))
    if head.status != answer.status:
        return Unobserved(Reason.ALTERED, f"status {answer.status} is recorded beside a head that says {head.status}")
    blocked = may_be_a_refusal(answer.status, head)
    return Page(parse_url(exchange.url), answer.status, head, blocked, exchange.started)


@derived(home)
def page(exchange: Exchange) -> Page | Unobserved:
    """The service's own answer."""
    return page_of(exchange)


@derived(further)
def further_pages(exchanges: tuple[Exchange | Unobserved, ...]) -> tuple[Page | Unobserved, ...]:
    """The answers at the target's further paths, or why there is none, each for itself."""
    return tuple(page_of(it) if isinstance(it, Exchange) else it for it in exchanges)


@derived(page, further_pages, maybe(plain_hops))
def https_pages(
    own: Page, others: tuple[Page | Unobserved, ...], hops: tuple[Exchange, ...] | Unobserved
) -> tuple[Page, ...]:
    """Every answer that was seen of the service's own host over HTTPS, the home page first, none twice."""
    found = {str(own.url): own}
    on_the_walk = () if isinstance(hops, Unobserved) else map(page_of, hops)
    for other in (*others, *on_the_walk):
        if isinstance(other, Page) and other.url.scheme == "https" and other.url.origin == own.url.origin:
            found.setdefault(str(other.url), other)
    return tuple(found.values())


class Walk(Struct, frozen=True):
    """A walk from plain HTTP: each hop's URL and answer, and why it ended where it did.

    `led_to` is where each hop pointed; it is longer by one than the hops that follow the first when the last pointer was
    not followed, for the reason in `ended`. `https_is_up`: the service itself spoke TLS, so that a plain-HTTP port which
    refuses is closed on purpose and not a machine that is down.
    """

    urls: tuple[Url, ...]
    pages: tuple[Page | Unobserved, ...]
    led_to: tuple[Url, ...]
    ended: Unobserved | None
    https_is_up: bool


@derived(plain_chain, plain_hops, home)
def walk_from_plain(chain: RedirectChain, hops: tuple[Exchange, ...], own: Exchange) -> Walk:
    """The walk that begins at the service's plain-HTTP address."""
    urls = tuple(map(parse_url, chain.urls))
    unfollowed = () if chain.next_url is None else (parse_url(chain.next_url),)
    pages = tuple(map(page_of, hops))
    return Walk(urls, pages, (*urls[1:], *unfollowed), chain.ended, isinstance(own.tls, Handshake | BrokenHandshake))


class OverHttps(Struct, frozen=True):
    """What the last try to reach the service over HTTPS brought."""

    last: Page | Unobserved


@derived(https_tries)
def over_https(exchanges: tuple[Exchange, ...]) -> OverHttps:
    """The service's answer over HTTPS, or why there is none."""
    return OverHttps(page_of(exchanges[-1]))


class Attempt(Struct, frozen=True):
    """One try to reach the service: the status it brought or why none, and whether that is what the owner expects.

    `expected` is about the status. `missing` is what the owner expects of the content and was not there, `undecided` what
    could not be told, for the body was not read whole.
    """

    status: int | None
    failure: Unobserved | None
    expected: bool
    blocked: bool
    missing: tuple[Sought, ...] = ()
    undecided: tuple[Unobserved, ...] = ()
    credential_refused: bool = False
    """Whether a credential was sent and the service asks for one all the same."""

    @property
    def in_a_word(self) -> str:
        """The status, or the reason."""
        return str(self.status) if self.failure is None else self.failure.reason.value


class Attempts(Struct, frozen=True):
    """All tries, and the statuses they were held against (none named: any below 500 but a firewall's)."""

    made: tuple[Attempt, ...]
    expect_status: tuple[int, ...]


@derived(tries, Told("what is expected", lambda place: place.target.expect))
def attempts(exchanges: tuple[Exchange, ...], expect: Expectation) -> Attempts:
    """The tries to reach the service."""
    return Attempts(tuple(_attempt(exchange, expect) for exchange in exchanges), expect.status)


def _attempt(exchange: Exchange, expect: Expectation) -> Attempt:
    answer = exchange.answer
    expect_status = expect.status
    page = page_of(exchange)
    if isinstance(page, Unobserved) and page.reason is Reason.ALTERED:
        return Attempt(None, page, expected=False, blocked=False)
    if isinstance(answer, Answer):
        named = answer.status in expect_status
        challenge = isinstance(page, Page) and is_challenge(page.head)
        blocked = (answer.status in REFUSING_STATUSES or challenge) and not named
        undecided = tuple(_undecided(answer, expect))
        return Attempt(
            answer.status,
            None,
            answers_as_expected(exchange, expect_status) and not blocked,
            blocked,
            tuple(it for it in sought_in(exchange) if it.found is False),
            undecided,
            credential_refused=bool(exchange.credential) and answer.status == UNAUTHORISED and not named,
        )
    return Attempt(None, answer, expected=False, blocked=False)


def _undecided(answer: Answer, expect: Expectation) -> Iterator[Unobserved]:
    """Why something that is expected of the content was neither seen nor seen to be missing."""
    if isinstance(answer.body, Unobserved):
        if expect.text or expect.json:
            yield answer.body
        return
    for sought in answer.body.sought:
        if sought.found is None:
            yield Unobserved(sought.reason or Reason.INCONCLUSIVE, sought.detail)


class PresentedChain(Struct, frozen=True):
    """The certificates a server sent for a name, in its order; None stands for one that cannot be parsed.

    `at` is when they were seen: validity is judged at that moment, not when somebody reads the report. `unproven` is why the
    handshake did not show that the server holds the key, None when it did: a chain is public, anybody can send it.
    """

    reference: str
    certificates: tuple[Certificate | None, ...]
    at: datetime
    unproven: Unobserved | None = None


@derived(home, replay=Replay.ATTESTED)
def presented_chain(exchange: Exchange) -> PresentedChain | Unobserved | NotApplicable:
    """The chain of the service's handshake."""
    tls = exchange.tls
    if isinstance(tls, NotApplicable):
        return NotApplicable("The service is reached over plain HTTP", "Layanan diakses melalui HTTP biasa")
    if isinstance(tls, Unobserved):
        return exchange.connect if isinstance(exchange.connect, Unobserved) else tls
    unproven = tls.failure if isinstance(tls, BrokenHandshake) else None
    return presented_in(exchange.endpoint.host, tls.chain, exchange.started, unproven)


def presented_in(
    reference: str, chain: Iterable[bytes], at: datetime, unproven: Unobserved | None = None
) -> PresentedChain:
    """The chain (DER, in the server's order) that was sent for a name."""
    return PresentedChain(reference, tuple(map(readable, chain)), at, unproven)


class PresentedLeaf(Struct, frozen=True):
    """The certificate a server sent for itself, the name it was asked for, and whether the one is for the other.

    `names_read` is false when it has more names than are read, or names that cannot be read. `unproven` is why it was not
    shown that the server holds its key: then its faults are the server's all the same, but nothing speaks for it.
    """

    reference: str
    certificate: Certificate
    names_reference: bool
    names_read: bool
    at: datetime
    unproven: Unobserved | None = None


def leaf_of(chain: PresentedChain) -> PresentedLeaf | Unobserved:
    """The leaf of a chain, when it can be read."""
    certificate = chain.certificates[0] if chain.certificates else None
    if certificate is None:
        return Unobserved(Reason.PROTOCOL_ERROR, "the server sent no certificate that can be parsed")
    matches = presented_identity_matches(certificate.dns_names, certificate.ip_addresses, chain.reference)
    unreadable = certificate.has_san and not certificate.san_count and certificate.malformed
    read = certificate.san_count <= MAX_NAMES and not unreadable
    return PresentedLeaf(chain.reference, certificate, matches, read, chain.at, chain.unproven)


@derived(presented_chain, replay=Replay.ATTESTED)
def leaf(chain: PresentedChain) -> PresentedLeaf | Unobserved:
    """The leaf, when it can be read."""
    return leaf_of(chain)


@derived(presented_chain, mozilla, operator, replay=Replay.ATTESTED)
def certification_path(chain: PresentedChain, public: TrustStore, own: TrustStore) -> PathResult:
    """The path from the leaf to an anchor, Mozilla's first and then the operator's, or why there is none."""
    return walk(chain.certificates, stores_of(public, own), chain.at)


@derived(leaf, certification_path, replay=Replay.ATTESTED)
def accepted_by_browsers(own: PresentedLeaf, path: PathResult) -> bool:
    """Whether a client with these anchors shows the page without a certificate error."""
    certificate = own.certificate
    return (
        own.unproven is None
        and bool(path.path)
        and own.names_reference
        and taken_by_browsers(certificate.key)
        and certificate.not_before <= own.at <= certificate.not_after
    )
