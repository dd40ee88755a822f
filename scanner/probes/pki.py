"""Asking a certificate's issuer whether it was revoked: OCSP responders (RFC 6960 A.1) and revocation lists, by plain HTTP.

Off unless the configuration switches it on. Only places are asked that a certificate names whose path leads to a trust
anchor, so that no stranger can send us anywhere; what such a place may be is the gate's affair. Redirects are not followed.
"""

from typing import Final

import h11

from scanner.cost import Cost
from scanner.derive.acceptance import readable, stores_of
from scanner.derive.certification_path import walk
from scanner.derive.revocation import Status, status_in_response
from scanner.network import Connection, NetworkError
from scanner.observations.endpoint import Addresses, Endpoint
from scanner.observations.http import BrokenHandshake, Handshake
from scanner.observations.pki import IssuerAnswer, IssuerAsked
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import Certificate
from scanner.parse.crl import MAX_LIST_BYTES
from scanner.parse.der import DerError
from scanner.parse.ocsp import MAX_RESPONSE_BYTES, write_request
from scanner.parse.url import Url, UrlError, parse_url
from scanner.probes.dns import Resolve
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.probes.trust import MOZILLA, OPERATOR, TrustAnchors
from scanner.profiles import Profile

MAX_HEAD_BYTES: Final = 16_384
OK: Final = 200


class IssuerQuestion(Probe[IssuerAnswer], frozen=True, tag="issuer_question"):
    """One question to one place: a POST with an OCSP request, or the GET of a list where `asked` is empty."""

    url: str
    agent: str
    asked: bytes = b""

    order = Order.CONTEXT
    shared = True

    def is_answered_by(self, observation: IssuerAnswer) -> bool:
        """The same question to the same place."""
        return (observation.url, observation.asked) == (self.url, self.asked)

    def ceiling(self, profile: Profile) -> Cost:
        """One connection, and the name's resolution."""
        return Cost(connections=1, requests=1) + Resolve(host="").ceiling(profile)

    async def observe(self, lab: Laboratory) -> IssuerAnswer:
        """Resolve, connect, ask, read a bounded answer."""
        started, ticks = lab.now(), lab.ticks()
        endpoint: Endpoint | None = None
        body: bytes | Unobserved
        try:
            url = parse_url(self.url)
            if url.scheme != "http":
                raise NetworkError(Reason.NOT_ASKED, "places of issuers are asked over plain HTTP only")
            endpoint = await self._endpoint(url, lab)
            body = await self._ask(url, endpoint, lab)
        except UrlError as error:
            body = Unobserved(Reason.BAD_URL, str(error))
        except NetworkError as error:
            body = Unobserved(error.unobserved.reason, f"asked at {self.url}: {error.unobserved.detail}")
        return IssuerAnswer(
            started=started,
            took_ms=lab.ticks() - ticks,
            url=self.url,
            asked=self.asked,
            body=body,
            endpoint=endpoint,
        )

    async def _endpoint(self, url: Url, lab: Laboratory) -> Endpoint:
        outcome = (await lab.observe(Resolve.of(url, lab.surroundings.redirections))).observation.outcome
        if not isinstance(outcome, Addresses):
            raise NetworkError(outcome.reason, outcome.detail)
        return Endpoint(url.host, url.port, outcome.addresses[0], outcome.source)

    async def _ask(self, url: Url, endpoint: Endpoint, lab: Laboratory) -> bytes:
        async with lab.gate.issuer_connection(endpoint, lab.budget) as (connection, deadline):
            lab.budget.charge(Cost(requests=1))
            host = f"[{url.host}]" if ":" in url.host else url.host
            headers = [
                ("Host", host if url.port == 80 else f"{host}:{url.port}"),
                ("User-Agent", self.agent),
                ("Accept", "*/*"),
                ("Connection", "close"),
            ]
            if self.asked:
                headers += [("Content-Type", "application/ocsp-request"), ("Content-Length", str(len(self.asked)))]
            client = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
            request = h11.Request(method="POST" if self.asked else "GET", target=url.target, headers=headers)
            sent = [client.send(request), client.send(h11.Data(self.asked)) if self.asked else b""]
            connection.send(b"".join(it or b"" for it in (*sent, client.send(h11.EndOfMessage()))))
            async with deadline.phase(lab.profile.timeouts.body_s, "whole answer"):
                return await _body(client, connection, MAX_RESPONSE_BYTES if self.asked else MAX_LIST_BYTES)


async def _body(client: h11.Connection, connection: Connection, most: int) -> bytes:
    kept = bytearray()
    try:
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(await connection.receive())
            elif isinstance(event, h11.Response) and event.status_code != OK:
                raise NetworkError(Reason.PROTOCOL_ERROR, f"the answer has status {event.status_code}")
            elif isinstance(event, h11.Data):
                kept += event.data
                if len(kept) > most:
                    raise NetworkError(Reason.TOO_LARGE, f"more than {most} octets")
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return bytes(kept)
    except h11.RemoteProtocolError as error:
        raise NetworkError(Reason.PROTOCOL_ERROR, str(error)) from error


class AskIssuer(Probe[IssuerAsked], frozen=True, tag="ask_issuer"):
    """What the issuer of the certificate that `first` is shown says of it: its responder, and without an answer its list."""

    first: HttpExchange

    order = Order.CONTEXT

    def ceiling(self, profile: Profile) -> Cost:
        """The exchange, a responder, a list."""
        question = IssuerQuestion(url="", agent="").ceiling(profile)
        return self.first.ceiling(profile) + question.times(2)

    async def observe(self, lab: Laboratory) -> IssuerAsked:
        """Take the chain of the exchange, find its path, ask the places that the leaf names, at most one of each kind."""
        started, ticks = lab.now(), lab.ticks()
        parts: list[str] = []
        tls = (await lab.observe(self.first)).observation.tls
        leaf_and_issuer = await _path(tls.chain, lab) if isinstance(tls, Handshake | BrokenHandshake) else None
        if leaf_and_issuer is not None:
            leaf, issuer = leaf_and_issuer
            for question in self._questions(leaf, issuer):
                record = await lab.observe(question)
                parts.append(record.digest)
                body = record.observation.body
                if question.asked and not isinstance(body, Unobserved):
                    status = status_in_response(body, leaf, issuer, record.observation.started)
                    if isinstance(status, Status) and (status.is_good or status.is_revoked):
                        break
        return IssuerAsked(started=started, took_ms=lab.ticks() - ticks, parts=tuple(parts))

    def _questions(self, leaf: Certificate, issuer: Certificate) -> list[IssuerQuestion]:
        found: list[IssuerQuestion] = []
        for urls, asks in ((leaf.ocsp_urls, True), (leaf.crl_urls, False)):
            plain = [url for url in urls if url.lower().startswith("http://")]
            try:
                found += [
                    IssuerQuestion(url=url, agent=self.first.agent, asked=write_request(leaf, issuer) if asks else b"")
                    for url in plain[:1]
                ]
            except DerError:
                continue  # a key that cannot be read has no digest to ask by
        return found


async def _path(chain: tuple[bytes, ...], lab: Laboratory) -> tuple[Certificate, Certificate] | None:
    """The leaf and its issuer, when a path leads to an anchor."""
    stores = [(await lab.observe(TrustAnchors(store=store))).observation for store in (MOZILLA, OPERATOR)]
    path = walk(tuple(map(readable, chain)), stores_of(*stores), lab.now()).path
    return (path[0], path[1]) if len(path) > 1 else None
