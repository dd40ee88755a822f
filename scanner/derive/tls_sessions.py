"""What recorded handshakes showed, read again from what was stored: flights of TLS 1.3 are opened with their secrets."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property

from scanner.derive.client_certificate import client_certificate_of
from scanner.derive.tls_facts import (
    ClientCertificate,
    EarlyData,
    KeyExchange,
    Method,
    Renegotiation,
    Resumption,
    SentChain,
    Sessions,
    Ticket,
    TlsVersion,
    Undetermined,
)
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_sessions import Asked, HandshakeSeen, Renegotiated, TlsSessions
from scanner.probes.tls.code_points import VERSION_NAMES, group_name
from scanner.probes.tls.encrypted_flight import EncryptedFlight, read_encrypted_flight
from scanner.probes.tls.first_flight import ServerHello, parse_first_flight

TLS13 = 0x0304
NO_APPLICATION_PROTOCOL = 120
OLDER = "older"
"""Stands for whatever version below 1.3 a service that did not answer may speak."""
_ALPN, _PRE_SHARED_KEY = 16, 41
_CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 13, 14
_REFUSALS = frozenset({Reason.TLS_ALERT, Reason.TLS_FAILED, Reason.NOT_TLS})

NO_ANSWER = Unobserved(Reason.INCONCLUSIVE, "the handshake was not answered")
NO_WHOLE_HANDSHAKE = Unobserved(Reason.INCONCLUSIVE, "no handshake came to its end")
NO_TICKET_YET = Unobserved(Reason.INCONCLUSIVE, "no ticket came, and the connection stayed open")


def sessions_of(seen: TlsSessions) -> Sessions | Unobserved:
    """What they showed; a service that answered none of them is unobserved."""
    read = tuple(map(_Read, seen.handshakes))
    if not any(it.hello for it in read):
        return seen.failure or next((it.seen.ended for it in read if it.seen.ended is not None), NO_ANSWER)
    resumption, undetermined = _resumption(read)
    alpn, alpn_short = _protocols(read)
    leafs_short = next((it.seen.ended for it in read if it.seen.asked is Asked.OTHER_LEAF and _is_silent(it)), None)
    requests_short = _requests_short(read)
    return Sessions(
        resumption=resumption,
        tickets=_tickets(read),
        early_data=_early_data(read),
        renegotiation=_renegotiation(seen.renegotiated),
        alpn=alpn,
        chains=_chains(read),
        signature_schemes=tuple(dict.fromkeys(it.flight.scheme for it in read if it.flight.scheme is not None)),
        key_exchanges=_key_exchanges(read),
        client_certificate=_client_certificate(read),
        undetermined=(
            *undetermined,
            *((Undetermined("alpn", alpn_short),) if alpn_short else ()),
            *((Undetermined("chains.TLSv1.3", leafs_short),) if leafs_short else ()),
            *((Undetermined("client_certificate", requests_short),) if requests_short else ()),
        ),
        connections=seen.connections,
        sent_bytes=seen.sent_bytes,
        received_bytes=seen.received_bytes,
    )


class _Read:
    """A handshake and what its flight says."""

    def __init__(self, seen: HandshakeSeen) -> None:
        self.seen = seen

    @cached_property
    def flight(self) -> EncryptedFlight:
        return read_encrypted_flight(self.seen.flight, self.seen.secret) if self.seen.secret else EncryptedFlight()

    @cached_property
    def hello(self) -> ServerHello | None:
        """The ServerHello; a retry alone is none."""
        if self.flight.hello is not None:
            return self.flight.hello
        hello = parse_first_flight(self.seen.flight).hello if self.seen.flight else None
        return None if hello is None or hello.is_retry else hello

    @property
    def version(self) -> TlsVersion | None:
        name = None if self.hello is None else VERSION_NAMES.get(self.hello.version)
        return None if name is None else TlsVersion(name)

    @property
    def is_newer(self) -> bool:
        return self.hello is not None and self.hello.version == TLS13

    @property
    def alpn(self) -> str | None:
        if self.is_newer or self.hello is None:
            return self.flight.alpn
        body = next((content for number, content in self.hello.extensions if number == _ALPN), b"")
        return body[3:].decode("latin-1") or None

    @property
    def resumed(self) -> bool | Unobserved:
        """Whether the session was taken up. A server that refuses to go on did not take it up, but nobody knows why."""
        if self.hello is None:
            return self.seen.ended or NO_ANSWER
        if self.is_newer:
            return any(number == _PRE_SHARED_KEY for number, _ in self.hello.extensions)
        if _SERVER_HELLO_DONE in self.seen.messages:
            return False
        return True if self.seen.changed else self.seen.ended or NO_ANSWER


def _resumption(read: tuple[_Read, ...]) -> tuple[tuple[Resumption, ...], tuple[Undetermined, ...]]:
    found = []
    undetermined: list[Undetermined] = []
    first = _first(read, Asked.FULL, newer=True)
    if first is not None:
        found.append(Resumption(TlsVersion.TLS13, Method.PSK, _by_psk(read, first)))
    elif (why := _unheard(read, Asked.FULL, newer=True)) is not None:
        undetermined.append(Undetermined(f"resumption.{TlsVersion.TLS13}.{Method.PSK}", why))
    old = _first(read, Asked.NO_TICKET, newer=False)
    if old is not None and old.version is not None:
        found.append(Resumption(old.version, Method.SESSION_ID, _by_session_id(read, old)))
        found.append(Resumption(old.version, Method.TICKET, _by_ticket(read)))
    elif (why := _unheard(read, Asked.NO_TICKET, newer=False)) is not None:
        undetermined.append(Undetermined(f"resumption.{OLDER}", why))
    undetermined += [
        Undetermined(f"resumption.{it.version}.{it.method}", it.works)
        for it in found
        if isinstance(it.works, Unobserved)
    ]
    return tuple(found), tuple(undetermined)


def _unheard(read: tuple[_Read, ...], asked: Asked, *, newer: bool) -> Unobserved | None:
    """Why it is not known whether the first question of a line would be answered; None for a refusal."""
    first = next((it for it in read if it.seen.asked is asked and bool(it.seen.schemes) is newer), None)
    if first is None:
        return NO_ANSWER
    refused = first.hello is not None or first.seen.ended is None or first.seen.ended.reason in _REFUSALS
    return None if refused else first.seen.ended


def _by_psk(read: tuple[_Read, ...], first: _Read) -> bool | Unobserved:
    again = next((it for it in read if it.seen.asked is Asked.BY_PSK), None)
    if again is not None:
        return again.resumed
    if not first.seen.finished:
        return first.seen.ended or NO_WHOLE_HANDSHAKE
    if first.seen.ended is not None:
        return first.seen.ended
    return False if first.seen.closed else NO_TICKET_YET


def _by_session_id(read: tuple[_Read, ...], first: _Read) -> bool | Unobserved:
    again = next((it for it in read if it.seen.asked is Asked.BY_SESSION_ID), None)
    if again is not None:
        return again.resumed
    if not first.seen.finished:
        return first.seen.ended or NO_WHOLE_HANDSHAKE
    return False if first.hello is not None and not first.hello.session_id else NO_WHOLE_HANDSHAKE


def _by_ticket(read: tuple[_Read, ...]) -> bool | Unobserved:
    again = next((it for it in read if it.seen.asked is Asked.BY_TICKET), None)
    if again is not None:
        return again.resumed
    asked = [it for it in read if it.seen.asked in (Asked.FULL, Asked.BY_SESSION_ID) and not it.is_newer and it.hello]
    whole = [it for it in asked if it.seen.finished and it.seen.messages]
    if whole and not whole[-1].seen.tickets:
        return False
    ended = [it.seen.ended for it in read if it.seen.ended is not None and not it.seen.schemes]
    return ended[-1] if ended else NO_WHOLE_HANDSHAKE


def _first(read: tuple[_Read, ...], asked: Asked, *, newer: bool) -> _Read | None:
    return next((it for it in read if it.seen.asked is asked and it.hello and it.is_newer is newer), None)


def _tickets(read: tuple[_Read, ...]) -> tuple[Ticket, ...]:
    """One for each version, life and key; octets name a key when two tickets begin with them."""
    begin = Counter(ticket.key_name for it in read for ticket in it.seen.tickets if ticket.key_name)
    found = [
        Ticket(it.version, ticket.lifetime_s, ticket.key_name.hex() if begin[ticket.key_name] > 1 else None)
        for it in read
        if it.version is not None
        for ticket in it.seen.tickets
    ]
    return tuple(dict.fromkeys(found))


def _early_data(read: tuple[_Read, ...]) -> EarlyData | Unobserved | None:
    first = _first(read, Asked.FULL, newer=True)
    if first is None:
        return _unheard(read, Asked.FULL, newer=True)
    if not first.seen.tickets:
        why = _by_psk(read, first)
        return why if isinstance(why, Unobserved) else None
    most = max(it.max_early_data for it in first.seen.tickets)
    if not most:
        return EarlyData(0, None)
    again = next((it for it in read if it.seen.asked is Asked.BY_PSK), None)
    if again is None or not again.flight.finished:
        ended = None if again is None else again.seen.ended
        return EarlyData(most, ended or NO_WHOLE_HANDSHAKE)
    return EarlyData(most, again.flight.early_data)


def _renegotiation(seen: Renegotiated | Unobserved | None) -> Renegotiation | Unobserved | None:
    """A refusal is an alert, or the end of each connection at the first one.

    A connection that ends after some were taken shows no bound, the same number twice neither: slapd with GnuTLS ends it
    after one, two or more, as its reads happen to fall.
    """
    if not isinstance(seen, Renegotiated):
        return seen
    if seen.ended is None or seen.is_refused or seen.taken == seen.taken_again == 0:
        return Renegotiation(seen.taken, seen.tried)
    return seen.ended


def _protocols(read: tuple[_Read, ...]) -> tuple[tuple[str, ...] | Unobserved, Unobserved | None]:
    """The protocols that were chosen, the preferred first, and why there may be more."""
    offered = [it for it in read if it.seen.alpn]
    if not offered:
        return (), None
    told = [it for it in offered if _tells_protocol(it)]
    if not told:
        return offered[0].seen.ended or NO_ANSWER, None
    chosen = tuple(dict.fromkeys(it.alpn for it in told if it.alpn is not None))
    left = [it for it in told if not set(it.seen.alpn) & set(chosen)]
    if not chosen or left or set(chosen) >= {name for it in offered for name in it.seen.alpn}:
        return chosen, None
    last = [it for it in offered if it.seen.asked is Asked.OTHER_PROTOCOL]
    return chosen, (last[-1].seen.ended if last else None) or NO_ANSWER


def _is_silent(it: _Read) -> bool:
    """Whether a handshake ended in a way that says neither yes nor no."""
    return not it.flight.chain and it.seen.ended is not None and it.seen.ended.reason is not Reason.TLS_ALERT


def _tells_protocol(it: _Read) -> bool:
    """Whether a handshake shows which of the offered protocols is taken, or that none is."""
    if it.seen.alert == NO_APPLICATION_PROTOCOL:
        return True
    return it.flight.finished if it.is_newer else it.hello is not None


def _chains(read: tuple[_Read, ...]) -> tuple[SentChain, ...]:
    """Every chain once: that of TLS 1.3 first; of the same one, that which proves the most and has a staple."""
    found: dict[tuple[bytes, ...], SentChain] = {}
    for it in read:
        if it.version is None or it.hello is None:
            continue
        # Our own TLS 1.3 client asks for a staple each time; what older hellos asked for does not stand here. The library,
        # which speaks the older versions, ends no handshake in which the server did not show its key.
        if it.is_newer:
            sent, proven = it.flight.chain, it.seen.key_shown
        else:
            sent, proven = parse_first_flight(it.seen.flight).chain, it.seen.finished
        if not sent:
            continue
        scheme, staple = it.flight.scheme, it.flight.staple
        chain = SentChain(sent, it.version, it.hello.suite, scheme, staple, staple_asked=it.is_newer, proven=proven)
        known = found.setdefault(sent, chain)
        if (known.proven, known.staple is not None) < (chain.proven, chain.staple is not None):
            found[sent] = chain
    return tuple(found.values())


def _key_exchanges(read: Iterable[_Read]) -> tuple[KeyExchange, ...]:
    """How often each group's public value of the server came again, in TLS 1.3."""
    values: defaultdict[int, list[bytes]] = defaultdict(list)
    for it in read:
        if it.is_newer and it.hello is not None and it.hello.group is not None and it.hello.key_share:
            values[it.hello.group].append(it.hello.key_share)
    return tuple(
        KeyExchange(TlsVersion.TLS13, group_name(group), len(shares), len(set(shares)))
        for group, shares in values.items()
    )


def _client_certificate(read: Iterable[_Read]) -> ClientCertificate | None:
    """In older versions its names are in the sweep's flights; here only that it was asked for is known."""
    for it in read:
        if it.flight.certificate_request is not None:
            return client_certificate_of(it.flight.certificate_request)
    return ClientCertificate(()) if any(_CERTIFICATE_REQUEST in it.seen.messages for it in read) else None


def _requests_short(read: Iterable[_Read]) -> Unobserved | None:
    """Why it is not known whether a certificate of ours is asked for: no flight was read to where it would stand."""
    whole = [it for it in read if it.flight.scheme is not None or _SERVER_HELLO_DONE in it.seen.messages]
    return None if whole else NO_WHOLE_HANDSHAKE
