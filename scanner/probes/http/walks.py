"""Walks made of several exchanges: along redirects, and a second try after a pause."""

import itertools
from collections.abc import Sequence
from typing import cast

import msgspec

from scanner.cost import Cost
from scanner.estate import redirected
from scanner.observations.endpoint import Addresses, Source
from scanner.observations.http import Answer, Body, Choice, Connected, Exchange, RedirectChain, Sought, Tries
from scanner.observations.observation import Observation
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.http_head import HeadError, parse_head
from scanner.parse.url import Url, UrlError, parse_url, resolve
from scanner.probes.dns import Resolve
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.profiles import Profile
from scanner.redaction import redact_text

KEPT_BACK = frozenset({Reason.PREREQUISITE, Reason.OUT_OF_SCOPE, Reason.BUDGET})
"""Why nothing was asked by our own decision: a second try would bring the same."""
REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})


class Redirects(Probe[RedirectChain], frozen=True, tag="redirects"):
    """The walk from `start` along Location headers, each hop an exchange of its own.

    Hops on the start's host stay at the start's address, so that one address of several is judged by itself.
    """

    start: HttpExchange
    ports: tuple[int, ...] = ()
    """Ports of the service besides the start's own, 80 and 443."""
    most: int | None = None
    """Redirects followed at most, where that is fewer than the profile's cap."""

    order = Order.CONTEXT

    def __post_init__(self) -> None:
        if self.start.credential:
            raise ValueError("a walk carries no credential: a redirect may lead anywhere")

    def is_answered_by(self, observation: RedirectChain) -> bool:
        """A walk that began where this one does."""
        return observation.urls[:1] == (redact_text(self.start.url)[0],)

    def is_made_of(self, observation: RedirectChain, parts: Sequence[Observation]) -> bool:
        """One exchange for each URL, the first at the start's own place."""
        urls = tuple(part.url for part in parts if isinstance(part, Exchange))
        return urls == observation.urls and self.start.is_answered_by(cast("Exchange", parts[0]))

    def ceiling(self, profile: Profile) -> Cost:
        """The start and every hop, each perhaps on a name to be resolved."""
        hops = self.start.ceiling(profile).times(self._limit(profile) + 1)
        return hops + Resolve(host=self.start.host).ceiling(profile).times(self._limit(profile))

    def _limit(self, profile: Profile) -> int:
        return profile.caps.redirects if self.most is None else min(self.most, profile.caps.redirects)

    async def observe(self, lab: Laboratory) -> RedirectChain:
        """Walk until an answer is no redirect, leaves the scope, comes back to where it was, or grows too long."""
        started, ticks = lab.now(), lab.ticks()
        probe = self.start
        parts: list[str] = []
        urls: list[str] = []
        following: Url | None = None
        ended: Unobserved | None = None
        while ended is None:
            record = await lab.observe(probe)
            parts.append(record.digest)
            urls.append(probe.url)
            if lab.surroundings.known and any(map(lab.surroundings.known.is_in, locations_of(record.observation))):
                ended = Unobserved(Reason.NOT_ASKED, "the redirect's address holds a secret of this scan")
                break
            try:
                following = next_url(record.observation)
            except UrlError as error:
                ended = Unobserved(Reason.BAD_URL, str(error))
                break
            if following is None:
                break
            if str(following) in urls:
                ended = Unobserved(Reason.REDIRECT_LOOP, f"back to {following}")
            elif len(urls) > self._limit(lab.profile):
                ended = Unobserved(Reason.REDIRECT_LIMIT, f"more than {self._limit(lab.profile)} redirects")
            else:
                step = await self._step(lab, following)
                if isinstance(step, Unobserved):
                    ended = step
                else:
                    probe, following = step, None
        return RedirectChain(
            started=started,
            took_ms=lab.ticks() - ticks,
            parts=tuple(parts),
            urls=tuple(urls),
            next_url=None if following is None else str(following),
            ended=ended,
        )

    async def _step(self, lab: Laboratory, url: Url) -> HttpExchange | Unobserved:
        """The next exchange, or why it will not be made.

        A server may send us on, but not to any port it likes: that would let it steer us into whatever else listens there.
        """
        if url.port not in {80, 443, self.start.port, *self.ports}:
            return Unobserved(Reason.OUT_OF_SCOPE, f"port {url.port} of {url.host} is none of this service's")
        address, source, dial_port = self.start.address, self.start.source, 0
        if url.host != self.start.host:
            if not lab.gate.scope.permits_name(url.host):
                return Unobserved(Reason.OUT_OF_SCOPE, f"{url.host} is outside the scope")
            resolution = (await lab.observe(Resolve.of(url, lab.surroundings.redirections))).observation
            if not isinstance(resolution.outcome, Addresses):
                return resolution.outcome
            address, source = resolution.outcome.addresses[0], resolution.outcome.source
        if (wish := redirected(lab.surroundings.redirections, url.host, url.port)) is not None:
            address, source, dial_port = wish[0], Source.OPTION, wish[1]
        elif source is Source.OPTION:
            return Unobserved(Reason.NOT_ASKED, f"--connect-to or --resolve names no place for port {url.port}")
        return msgspec.structs.replace(
            self.start,
            url=str(url),
            host=url.host,
            port=url.port,
            address=address,
            source=source,
            dial_port=dial_port,
        )


def locations_of(exchange: Exchange) -> tuple[str, ...]:
    """The Location fields of a redirect, octets read as UTF-8 as browsers read them."""
    answer = exchange.answer
    if not isinstance(answer, Answer) or answer.status not in REDIRECT_STATUSES:
        return ()
    try:
        # The head parser hands octets over as latin-1.
        return tuple(it.encode("latin-1").decode("utf-8", "replace") for it in parse_head(answer.head).all("location"))
    except HeadError:
        return ()


def next_url(exchange: Exchange) -> Url | None:
    """Where an answer sends the browser, None when nowhere. Raises UrlError for a Location no browser would follow."""
    locations = locations_of(exchange)
    if not locations:
        return None
    if len(set(locations)) > 1:
        raise UrlError("several Location fields that differ; browsers refuse the answer")
    return resolve(parse_url(exchange.url), locations[0])


class Reachability(Probe[Tries], frozen=True, tag="reachability"):
    """The same question asked again, on a new connection after a pause, when the first try brought no usable answer."""

    first: HttpExchange
    expect_status: tuple[int, ...] = ()

    def is_made_of(self, observation: Tries, parts: Sequence[Observation]) -> bool:  # noqa: ARG002
        """The first question, and the same asked again."""
        tries = itertools.accumulate(range(1, len(parts)), lambda probe, _: probe.again(), initial=self.first)
        return bool(parts) and all(
            isinstance(part, Exchange) and probe.is_answered_by(part) for probe, part in zip(tries, parts, strict=True)
        )

    def ceiling(self, profile: Profile) -> Cost:
        """Two tries."""
        return self.first.ceiling(profile).times(2)

    async def observe(self, lab: Laboratory) -> Tries:
        """Both tries are kept: a service that answers only now and then is worth knowing."""
        started, ticks = lab.now(), lab.ticks()
        record = await lab.observe(self.first)
        parts = [record.digest]
        if worth_a_second_try(self.first, record.observation, self.expect_status):
            await lab.pause(lab.profile.pace.retry_pause_s)
            second = await lab.observe(self.first.again())
            parts.append(second.digest)
        return Tries(started=started, took_ms=lab.ticks() - ticks, parts=tuple(parts))


def answers_as_expected(exchange: Exchange, expected: tuple[int, ...]) -> bool:
    """Whether an exchange brought one of the statuses expected; with none named, anything but a server error."""
    answer = exchange.answer
    if not isinstance(answer, Answer):
        return False
    return answer.status in expected if expected else 200 <= answer.status < 500


def worth_a_second_try(asked: HttpExchange, exchange: Exchange, expected: tuple[int, ...]) -> bool:
    """Whether the answer is not what the owner expects, and another may be; what was kept back stays kept back."""
    answer = exchange.answer
    if isinstance(answer, Unobserved) and answer.reason in KEPT_BACK:
        return False
    found = [it for it in sought_in(exchange) if it.found]
    return not answers_as_expected(exchange, expected) or len(found) < len(asked.sought)


def sought_in(exchange: Exchange) -> tuple[Sought, ...]:
    """What was looked for in the body; nothing when there is no body to look at."""
    answer = exchange.answer
    return answer.body.sought if isinstance(answer, Answer) and isinstance(answer.body, Body) else ()


class FirstAnswering(Probe[Choice], frozen=True, tag="first_answering"):
    """Which address of a name to stay with when only one is observed: as a client does, the first that connects.

    A name has an IPv6 address more often than a scanner has an IPv6 route, and `localhost` has two addresses of which a
    development server serves one. The exchange that connects is the one the checks ask for anyway, so it costs nothing.
    """

    candidates: tuple[HttpExchange, ...]

    def is_answered_by(self, observation: Choice) -> bool:
        """One of the candidates was settled on."""
        return any(observation.address == candidate.address for candidate in self.candidates)

    def ceiling(self, profile: Profile) -> Cost:
        """Every candidate once."""
        return Cost().total(candidate.ceiling(profile) for candidate in self.candidates)

    async def observe(self, lab: Laboratory) -> Choice:
        """Try one after the other until one connects."""
        started, ticks = lab.now(), lab.ticks()
        parts: list[str] = []
        fallback: str | None = None
        address: str | None = None
        for candidate in self.candidates:
            record = await lab.observe(candidate)
            parts.append(record.digest)
            connect = record.observation.connect
            if isinstance(connect, Connected):
                address = candidate.address
                break
            if fallback is None and connect.reason is not Reason.UNREACHABLE:
                fallback = candidate.address
        return Choice(
            started=started,
            took_ms=lab.ticks() - ticks,
            parts=tuple(parts),
            address=address or fallback or self.candidates[0].address,
        )
