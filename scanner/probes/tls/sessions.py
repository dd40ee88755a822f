"""The probe for what only whole handshakes show: resumption, early data, renegotiation, and what TLS 1.3 encrypts.

Two lines of questions run side by side, one in TLS 1.3 by our own client, one in older versions by OpenSSL; the gate bounds
how many connections are open at once. Nothing is sent after a handshake but the goodbye: early data is announced where a
ticket allows it, and none follows. Each connection is closed properly and the server's own goodbye waited for, for some
servers forget the sessions of connections that were cut off, and tickets come until then.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from scanner.cost import Cost
from scanner.network import Connection, Deadline, NetworkError
from scanner.observations.endpoint import Endpoint
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_sessions import Asked, HandshakeSeen, Renegotiated, TicketSeen
from scanner.observations.tls_sessions import TlsSessions as Seen
from scanner.probes.probe import Laboratory, Order
from scanner.probes.tls.client13 import SCHEME_KINDS, SCHEMES, Client13, Ticket, Wish
from scanner.probes.tls.code_points import alert_name
from scanner.probes.tls.encrypted_flight import HANDSHAKE, read_encrypted_flight
from scanner.probes.tls.key_agreement import CLASSICAL, GROUPS
from scanner.probes.tls.service import ServiceProbe
from scanner.probes.tls.starttls import begin
from scanner.profiles import Profile

if TYPE_CHECKING:
    from OpenSSL import SSL

    from scanner.probes.tls.library_client import LibraryClient

APPLICATION_PROTOCOLS: Final = ("h2", "http/1.1")
"""Offered to a service that speaks HTTP; to one that began TLS by STARTTLS none is offered."""
RENEGOTIATIONS: Final = 6
KEY_NAME_BYTES: Final = 16
NAMED_BYTES: Final = 64
"""A shorter ticket is an entry in the server's memory, or anything else but a sealed session with the name of its key."""
MAX_FLIGHT_BYTES: Final = 98_304
"""Octets of a flight that are kept; a longer one is kept without its secret, up to its ServerHello."""
GOODBYE_S: Final = 2.0
"""How long a server may take to answer our close_notify with its own, or with the end of the connection."""
MOST_CONNECTIONS: Final = 13
"""TLS 1.3: a first handshake and its repetition, a resumption, three other kinds of leaf, another protocol; older: a first
handshake and its repetition, a resumption by id, one for a ticket, one that resumes by it and renegotiates, and one that
renegotiates again."""
USUAL_CONNECTIONS: Final = 8
"""A server of both versions with one certificate, h2 and http/1.1, ids and tickets."""
PASSING: Final = frozenset({Reason.RESET, Reason.CLOSED})
"""Failures of a first handshake that are seen once more before they count."""
UNSETTLED: Final = frozenset({Reason.RESET, Reason.CLOSED, Reason.TLS_ALERT})
"""Ends of a connection at a handshake begun anew that may be a refusal or a fault of the server's."""
REFUSALS: Final = frozenset({Reason.TLS_ALERT, Reason.TLS_FAILED, Reason.NOT_TLS})
"""Ends of a handshake without a ServerHello that say that no such version is spoken."""


class TlsSessions(ServiceProbe[Seen], frozen=True, tag="tls_sessions"):
    """Whole handshakes at one TLS service, of TLS 1.3 and of an older version."""

    order = Order.ENUMERATION
    usual_connections = USUAL_CONNECTIONS

    def first_contact(self) -> tuple[str, Endpoint]:
        """The first handshake."""
        return f"TLS handshakes{f' after STARTTLS ({self.starttls})' if self.starttls else ''}", self.endpoint

    def ceiling(self, profile: Profile) -> Cost:  # noqa: ARG002 - the same at every pace
        """What the strangest server takes."""
        return Cost(connections=MOST_CONNECTIONS)

    async def observe(self, lab: Laboratory) -> Seen:
        """Ask both lines of questions."""
        started, ticks = lab.now(), lab.ticks()
        visit = _Visit(lab, self)
        async with asyncio.TaskGroup() as group:
            newer, older = group.create_task(_newer(visit)), group.create_task(_older(visit))
        seen, (old_seen, renegotiated) = newer.result(), older.result()
        handshakes = (*seen, *old_seen)
        heard = any(it.flight or it.alert is not None for it in handshakes)
        return Seen(
            started=started,
            took_ms=lab.ticks() - ticks,
            endpoint=self.endpoint,
            sni=self.sni,
            starttls=self.starttls,
            handshakes=handshakes,
            renegotiated=renegotiated,
            sent_bytes=visit.sent_bytes,
            received_bytes=visit.received_bytes,
            connections=visit.connections,
            failure=None if heard else next((it.ended for it in handshakes if it.ended is not None), None),
        )


class _Visit:
    """What the questions to one service share: where they go, and what they used."""

    def __init__(self, lab: Laboratory, probe: TlsSessions) -> None:
        self.lab = lab
        self.probe = probe
        self.alpn: tuple[str, ...] = () if probe.starttls else APPLICATION_PROTOCOLS
        self.connections = self.sent_bytes = self.received_bytes = 0
        self.groups: tuple[int, ...] = CLASSICAL
        """Hybrids cost both sides a second hello, so they are offered where nothing else is taken."""
        self.says_goodbye = True
        """False once the server left a connection open that we had ended."""

    def wish(self, **fields: Any) -> Wish:
        """A handshake with this service, like a first visit's but for these fields."""
        return Wish(**{"server_name": self.probe.sni, "alpn": self.alpn, "groups": self.groups, **fields})

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["_Line"]:
        """A connection on which the ClientHello is due. Raises NetworkError."""
        probe, lab = self.probe, self.lab
        async with lab.gate.connection(probe.endpoint, lab.budget) as (connection, deadline, _):
            self.connections += 1
            if probe.starttls:
                await begin(connection, probe.starttls, probe.host, deadline, lab.profile.timeouts.answer_s)
            yield _Line(self, connection, deadline)


class _Line:
    """One connection, counted and bounded."""

    def __init__(self, visit: _Visit, connection: Connection, deadline: Deadline) -> None:
        self._visit = visit
        self._connection = connection
        self._deadline = deadline
        self._received = 0

    def send(self, data: bytes) -> None:
        if data:
            self._visit.sent_bytes += len(data)
            self._connection.send(data)

    async def receive(self) -> bytes:
        data = await self._connection.receive()
        self._visit.received_bytes += len(data)
        self._received += len(data)
        if self._received > self._visit.lab.profile.caps.handshake_bytes:
            raise NetworkError(Reason.TOO_LARGE, f"more than {self._received - 1} bytes of handshake")
        return data

    async def shake(self, client: "Client13 | LibraryClient", first: bytes, *, stays: bool = False) -> None:
        """Send, listen and answer until the client is finished or gives up. Raises NetworkError.

        The goodbye goes out with the last answer, unless the client `stays`.
        """
        async with self._deadline.phase(self._visit.lab.profile.timeouts.tls_s, "end of the TLS handshake"):
            answer = first
            while True:
                if client.is_finished:
                    self.send(answer if stays else answer + client.close())
                    return
                self.send(answer)
                if client.is_over:
                    return
                data = await self.receive()
                if not data:
                    raise NetworkError(Reason.CLOSED, "the server closed the connection during the handshake")
                answer = client.feed(data)

    async def part(self, client: "Client13 | LibraryClient", *, needed: bool = False) -> bool:
        """After the goodbye, read what still comes; whether the server ended the connection. Never raises NetworkError.

        `needed`: what still comes is waited for even where the server does not end connections.
        """
        wait_s = min(GOODBYE_S, self._visit.lab.profile.timeouts.answer_s)
        try:
            if not (needed or self._visit.says_goodbye):
                return False
            async with self._deadline.phase(wait_s, "end of the connection"):
                while not client.is_over:
                    data = await self.receive()
                    if not data:
                        break
                    client.feed(data)
        except NetworkError as error:
            if error.unobserved.reason is Reason.TIMEOUT:
                self._visit.says_goodbye = False
            return error.unobserved.reason is Reason.RESET
        return True


# --- TLS 1.3 -----------------------------------------------------------------------------------------------------


async def _newer(visit: _Visit) -> list[HandshakeSeen]:
    """The first handshake, and what it gives reason to ask."""
    first, seen = await _shake(visit, Asked.FULL, visit.wish(older=True), needed=True)
    if first is None and seen.alert is not None:
        visit.groups = GROUPS  # the sweep's hellos ask for groups one by one; here one that both have will do
        first, seen = await _shake(visit, Asked.FULL, visit.wish(older=True), needed=True)
    elif first is None and seen.ended is not None and seen.ended.reason in PASSING:
        await visit.lab.pause(visit.lab.profile.pace.retry_pause_s)
        first, seen = await _shake(visit, Asked.FULL, visit.wish(older=True), needed=True)
    if first is None:
        return [seen]
    came = visit.lab.ticks()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_other_protocols(visit, first))]
        if first.hello is not None:
            tasks.append(group.create_task(_other_leafs(visit, first)))
        if first.tickets:
            tasks.append(group.create_task(_resumed(visit, first.tickets, came)))
    return [seen, *(it for task in tasks for it in task.result())]


async def _shake(
    visit: _Visit, asked: Asked, wish: Wish, *, needed: bool = False
) -> tuple[Client13 | None, HandshakeSeen]:
    """One handshake; the client when a ServerHello came."""
    client = Client13(wish)
    ended: Unobserved | None = None
    closed = False
    try:
        async with visit.connected() as line:
            await line.shake(client, client.start())
            if client.is_finished:
                closed = await line.part(client, needed=needed)
    except NetworkError as error:
        ended = error.unobserved
    return client if client.hello or client.older else None, _seen(asked, wish, client, ended, closed=closed)


def _seen(asked: Asked, wish: Wish, client: Client13, ended: Unobserved | None, *, closed: bool) -> HandshakeSeen:
    flight, secret = client.flight, client.secret
    if len(flight) > MAX_FLIGHT_BYTES:
        ended = ended or Unobserved(Reason.TOO_LARGE, f"a flight of {len(flight)} bytes is not kept")
        flight, secret = b"", b""
    alert = None if client.alert is None or client.alert.description == 0 else client.alert.description
    if ended is None and alert is not None and (client.alert is not None and client.alert.ends):
        ended = Unobserved(Reason.TLS_ALERT, f"alert {alert_name(alert)}")
    if ended is None and client.problem:
        ended = Unobserved(Reason.TLS_FAILED, client.problem)
    return HandshakeSeen(
        asked=asked,
        alpn=wish.alpn,
        schemes=wish.schemes,
        early_data=wish.early_data,
        flight=flight,
        secret=secret,
        tickets=tuple(_ticket(it.new.lifetime_s, it.new.ticket, it.new.max_early_data) for it in client.tickets),
        finished=client.is_finished,
        key_shown=client.key_shown,
        closed=closed,
        alert=alert,
        ended=ended,
    )


def _ticket(lifetime_s: int, ticket: bytes, max_early_data: int = 0) -> TicketSeen:
    """What may be kept of a ticket: never the whole."""
    name = ticket[:KEY_NAME_BYTES] if len(ticket) >= NAMED_BYTES else b""
    return TicketSeen(lifetime_s, len(ticket), name, max_early_data)


async def _resumed(visit: _Visit, tickets: list[Ticket], came: float) -> list[HandshakeSeen]:
    """The session taken up once, by the ticket that allows the most early data."""
    ticket = max(tickets, key=lambda it: it.new.max_early_data)
    early = ticket.new.max_early_data > 0
    alpn = (ticket.alpn,) if early and ticket.alpn else visit.alpn  # early data is for the protocol of before only
    age_ms = int(visit.lab.ticks() - came)
    wish = visit.wish(alpn=alpn, ticket=ticket, ticket_age_ms=age_ms, early_data=early)
    return [(await _shake(visit, Asked.BY_PSK, wish))[1]]


async def _other_leafs(visit: _Visit, first: Client13) -> list[HandshakeSeen]:
    """Without the schemes of the leafs seen so far, until the server has none for what is left."""
    found = []
    schemes = SCHEMES
    client: Client13 | None = first
    while client is not None and client.is_finished:
        scheme = read_encrypted_flight(client.flight, client.secret).scheme
        gone = next((kind for kind in SCHEME_KINDS if scheme in kind), ())
        left = tuple(it for it in schemes if it not in gone)
        if not left or left == schemes:
            break
        schemes = left
        client, seen = await _shake(visit, Asked.OTHER_LEAF, visit.wish(schemes=schemes))
        found.append(seen)
    return found


async def _other_protocols(visit: _Visit, first: Client13) -> list[HandshakeSeen]:
    """Without the protocols chosen so far, until the server chooses none of what is left."""
    found = []
    left: tuple[str, ...] = visit.alpn
    client: Client13 | None = first
    while client is not None and (chosen := _chosen(client)) in left:
        left = tuple(it for it in left if it != chosen)
        if not left:
            break
        wish = visit.wish(alpn=left, older=client.older is not None)
        client, seen = await _shake(visit, Asked.OTHER_PROTOCOL, wish)
        found.append(seen)
    return found


def _chosen(client: Client13) -> str | None:
    """The protocol that the server chose, in whichever version."""
    if client.older is None:
        return client.alpn
    body = next((content for number, content in client.older.extensions if number == 16), b"")
    return body[3:].decode("latin-1") or None


# --- older versions ------------------------------------------------------------------------------------------------


async def _older(visit: _Visit) -> tuple[list[HandshakeSeen], Renegotiated | Unobserved | None]:
    """Sessions by id and by ticket, and on the last connection handshakes begun anew."""
    talk = _OldTalk(visit)
    first = await talk.shake(Asked.NO_TICKET, tickets=False)
    if not first.is_finished and talk.last.ended is not None and talk.last.ended.reason in PASSING:
        await visit.lab.pause(visit.lab.profile.pace.retry_pause_s)
        talk.seen.clear()
        first = await talk.shake(Asked.NO_TICKET, tickets=False)
    if not first.is_finished:
        ended = talk.last.ended
        refused = ended is not None and ended.reason in REFUSALS and not first.server_hello
        return talk.seen, None if refused else ended
    if first.session_id:
        second = await talk.shake(Asked.BY_SESSION_ID, session=first.session)
        if second.is_finished and second.resumed and not (second.ticket and second.ticket[0]):
            # Some give no ticket with a session that was taken up, and OpenSSL one that says nothing of its lifetime.
            second = await talk.shake(Asked.FULL)
    else:
        second = await talk.shake(Asked.FULL)
    if not second.is_finished:
        return talk.seen, talk.last.ended
    session = second.session if second.ticket is not None else None
    return talk.seen, await talk.renegotiate(session)


class _OldTalk:
    """The handshakes of older versions, in order."""

    def __init__(self, visit: _Visit) -> None:
        self.visit = visit
        self.seen: list[HandshakeSeen] = []

    @property
    def last(self) -> HandshakeSeen:
        return self.seen[-1]

    async def shake(
        self, asked: Asked, *, tickets: bool = True, session: "SSL.Session | None" = None
    ) -> "LibraryClient":
        """One handshake and the goodbye."""
        from scanner.probes.tls.library_client import LibraryClient

        client = LibraryClient(self.visit.probe.sni, self.visit.alpn, tickets=tickets, session=session)
        ended: Unobserved | None = None
        closed = False
        try:
            async with self.visit.connected() as line:
                await line.shake(client, client.start())
                if client.is_finished:
                    closed = await line.part(client)
        except NetworkError as error:
            ended = error.unobserved
        self.seen.append(_old_seen(asked, self.visit.alpn, client, ended, closed=closed))
        return client

    async def renegotiate(self, session: "SSL.Session | None") -> Renegotiated | Unobserved:
        """On a connection of its own, which takes up the session of a ticket when there is one."""
        from scanner.probes.tls.library_client import LibraryClient

        client = LibraryClient(self.visit.probe.sni, self.visit.alpn, session=session)
        ended: Unobserved | None = None
        seen: HandshakeSeen | None = None
        again: Renegotiated | None = None
        try:
            async with self.visit.connected() as line:
                await line.shake(client, client.start(), stays=True)
                if client.is_finished:
                    seen = _old_seen(Asked.BY_TICKET, self.visit.alpn, client, None, closed=False)
                    again = await _renegotiate(line, client)
                    if again.ended is None:
                        line.send(client.close())
                        await line.part(client)
        except NetworkError as error:
            ended = error.unobserved
        if seen is None:
            seen = _old_seen(Asked.BY_TICKET, self.visit.alpn, client, ended, closed=False)
        if session is not None:
            self.seen.append(seen)
        if again is not None and again.ended is not None and again.ended.reason in UNSETTLED and not again.is_refused:
            again = await self._once_more(again)
        return again or seen.ended or Unobserved(Reason.INCONCLUSIVE, "no handshake to begin anew")

    async def _once_more(self, before: Renegotiated) -> Renegotiated:
        """On a new connection, after one that ended without a plain refusal."""
        from scanner.probes.tls.library_client import LibraryClient

        client = LibraryClient(self.visit.probe.sni, self.visit.alpn)
        await self.visit.lab.pause(self.visit.lab.profile.pace.retry_pause_s)
        try:
            async with self.visit.connected() as line:
                await line.shake(client, client.start(), stays=True)
                if not client.is_finished:
                    return before
                again = await _renegotiate(line, client)
                if again.ended is None:
                    line.send(client.close())
                    await line.part(client)
        except NetworkError:
            return before
        if again.ended is None or (again.is_refused and again.taken >= before.taken):
            return again
        if again.ended.reason in UNSETTLED:
            return msgspec.structs.replace(before, taken_again=again.taken)
        return before


async def _renegotiate(line: _Line, client: "LibraryClient") -> Renegotiated:
    """As often as the server takes it, at most so many times."""
    for taken in range(RENEGOTIATIONS):
        try:
            await line.shake(client, client.renegotiate(), stays=True)
        except NetworkError as error:
            return Renegotiated(taken, taken + 1, error.unobserved)
        if not client.is_finished:
            alert = client.alerts[-1].description if client.alerts else None
            if not client.problem:  # OpenSSL objects to whatever ends a connection but the goodbye
                closed = "the server closed the connection during the handshake"
                return Renegotiated(taken, taken + 1, Unobserved(Reason.CLOSED, closed))
            if alert is None:
                return Renegotiated(taken, taken + 1, Unobserved(Reason.TLS_FAILED, client.problem))
            ended = Unobserved(Reason.TLS_ALERT, f"alert {alert_name(alert)}")
            return Renegotiated(taken, taken + 1, ended, alert)
    return Renegotiated(RENEGOTIATIONS, RENEGOTIATIONS)


def _old_seen(
    asked: Asked, alpn: tuple[str, ...], client: "LibraryClient", ended: Unobserved | None, *, closed: bool
) -> HandshakeSeen:
    hello = client.server_hello
    alert = None if client.alert is None or not client.alert.ends else client.alert.description
    if ended is None and not client.is_finished:
        reason = Reason.TLS_FAILED if alert is None else Reason.TLS_ALERT
        ended = Unobserved(reason, client.problem or "no end of the handshake")
    tickets: tuple[TicketSeen, ...] = ()
    if client.ticket is not None:
        tickets = (_ticket(*client.ticket),)
    return HandshakeSeen(
        asked=asked,
        alpn=alpn,
        flight=bytes((HANDSHAKE, 3, 3)) + len(hello).to_bytes(2, "big") + hello if hello else b"",
        messages=tuple(client.messages),
        changed=client.changed,
        tickets=tickets,
        finished=client.is_finished,
        closed=closed,
        alert=alert,
        ended=ended,
    )
