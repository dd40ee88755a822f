"""The fold from hellos and flights to what a service speaks.

A function of the *set* of conversations: their order says nothing, and who chose the questions is unknown here. What was
chosen was accepted. That something is not accepted needs a refusal, and one in which nothing but the thing in question can
have been the cause: suites count as refused where groups and signature schemes were offered that are known to be good,
groups where suites were, and so on. What was refused counts only while the service goes on to answer what it answered before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice

from scanner.derive.tls_facts import (
    NEVER_ASKED,
    ODDITIES,
    ClientCertificate,
    DhGroup,
    KeyExchange,
    Oddity,
    Preference,
    SentChain,
    Spoken,
    Swept,
    TlsVersion,
    Undetermined,
)
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import HelloSent, TlsHellos
from scanner.parse.certificate import name_text
from scanner.probes.tls.answers import (
    ECDSA_SCHEMES,
    FINITE_FIELD_GROUPS,
    Answer,
    Came,
    Choice,
    Order,
    field_group,
    in_field,
    leaf_curve,
    on_curve,
    order_of,
    signs,
    usable,
    with_ecdsa,
)
from scanner.probes.tls.client_hello import Hello, parse_client_hello
from scanner.probes.tls.code_points import (
    FALLBACK_SCSV,
    GREASE,
    RENEGOTIATION_SCSV,
    SSL2,
    SSL3,
    TLS10,
    TLS12,
    TLS13,
    VERSION_NAMES,
    group_name,
    is_grease,
    suite,
    suite_name,
)
from scanner.probes.tls.dh_groups import name_of
from scanner.probes.tls.first_flight import Flight, ServerHello, ServerKeyExchange, known_flight

MAX_AUTHORITIES = 50
MAX_HELLOS = 4096
MAX_OCTETS = 32 << 20
"""Of all conversations together; what a sweep may hear is a quarter of it."""
_Conversation = tuple[HelloSent, bytes, bytes]
LONG_LIST = 128
LARGE_BYTES = 1500
HANGS_FROM, HANGS_UNTIL = 256, 512
RECORD_HEADER_BYTES = 5
PROTOCOL_VERSION = 70
_SCTS, _ENCRYPT_THEN_MAC, _EXTENDED_MASTER_SECRET, _HEARTBEAT, _COOKIE = 18, 22, 23, 15, 44
_RENEGOTIATION_INFO = 0xFF01

VERSIONS = {number: TlsVersion(name) for number, name in VERSION_NAMES.items()}


def swept_of(hellos: TlsHellos) -> Swept | Unobserved:
    """What the hellos showed; a service whose first flights were never heard is unobserved.

    Never raises: what cannot be read was not seen.
    """
    octets = list(_bounded(it for it in (_octets(hellos, said) for said in hellos.hellos) if it is not None))
    told = [it for it in (_told(*it) for it in octets) if it is not None]
    own = [it for it in told if _is_own(hellos, it)]
    if not any(it.came is Came.ANSWERED for it in own):  # an answer under another name says nothing of this service
        return hellos.failure or _first_reason(own or told)
    sent, received = sum(len(it[1]) for it in octets), sum(len(it[2]) for it in octets)
    return _Fold(hellos, told).swept(sent, received)


class _Told(Answer):
    """An answer, with the length of its hello without the record's header."""

    __slots__ = ("marks", "size")

    def __init__(self, hello: Hello, flight: Flight, ended: Unobserved | None, octets: int, size: int) -> None:
        super().__init__(hello, flight, ended, octets)
        self.size = size
        self.marks = _marks(self)


def _octets(hellos: TlsHellos, said: HelloSent) -> _Conversation | None:
    """A conversation with its octets; None when they are not all in the pool, or more than a conversation has."""
    try:
        return said, hellos.octets(said.sent), hellos.octets(said.received)
    except (IndexError, TypeError, ValueError):
        return None


def _bounded(octets: Iterable[_Conversation]) -> Iterator[_Conversation]:
    """As much as a sweep can have said and heard: a forged journal may make more of a few octets in the pool."""
    left = MAX_OCTETS
    for it in islice(octets, MAX_HELLOS):
        left -= len(it[1]) + len(it[2])
        if left < 0:
            return
        yield it


def _told(said: HelloSent, sent: bytes, received: bytes) -> _Told | None:
    try:
        hello = _hello(sent)
    except ValueError:
        return None
    return _Told(hello, known_flight(received), said.ended, len(received), len(sent) - RECORD_HEADER_BYTES)


def _is_own(hellos: TlsHellos, it: _Told) -> bool:
    """Whether a hello asked for the service by its own name; the oldest versions know no names."""
    return it.hello.server_name == hellos.sni or it.hello.version <= SSL3


@lru_cache(maxsize=512)
def _hello(octets: bytes) -> Hello:
    return parse_client_hello(octets)


def _first_reason(told: Iterable[_Told]) -> Unobserved:
    reasons = sorted((it.why for it in told), key=lambda it: (it.reason.value, it.detail))
    return reasons[0] if reasons else Unobserved(Reason.ALTERED, "no hello can be read")


class _Fold:
    """One observation on its way to facts."""

    def __init__(self, hellos: TlsHellos, told: list[_Told]) -> None:
        self.hellos = hellos
        self.told = told
        self.own = [it for it in told if _is_own(hellos, it)]
        self.answered = [it for it in self.own if it.came is Came.ANSWERED]
        self.by_version: dict[int, list[_Told]] = defaultdict(list)
        for it in self.answered:
            if it.version in VERSIONS:
                self.by_version[it.version].append(it)
        self.unsteady = any(self._contradicts(it) for it in self.own if it.came is not Came.ANSWERED)
        """What was answered was not answered another time: nothing that was refused may be relied on."""
        self.unproven = UNSTEADY if self.unsteady else hellos.failure
        """Why refusals prove nothing. After a failure nobody asked again whether the service still answers."""

    def swept(self, sent_bytes: int, received_bytes: int) -> Swept:
        """All facts, with what was counted."""
        hellos = self.hellos
        spoken: list[Spoken] = []
        refused: list[TlsVersion] = []
        unknown: list[Undetermined] = []
        for number, version in VERSIONS.items():
            if number in self.by_version:
                spoken.append(self._sslv2() if number == SSL2 else _Version(self, number).spoken())
            elif (why := self._why_not_absent(number)) is None:
                refused.append(version)
            else:
                unknown.append(Undetermined(f"versions.{version}", why))
        for it in spoken:
            unknown += _open_questions(it, self.unproven or UNDECIDED)
        return Swept(
            where=f"{hellos.endpoint.host}:{hellos.endpoint.port}",
            at=hellos.started,
            sni=hellos.sni,
            starttls=hellos.starttls,
            spoken=tuple(spoken),
            refused=tuple(refused),
            undetermined=tuple(unknown),
            oddities=tuple(sorted(oddities_of(self), key=lambda it: it.key)),
            tolerated=_tolerated(self),
            key_exchanges=self._key_exchanges(),
            fallback_scsv=self._fallback(),
            secure_renegotiation=self._echoed(_RENEGOTIATION_INFO),
            extended_master_secret=self._echoed(_EXTENDED_MASTER_SECRET),
            encrypt_then_mac=self._encrypt_then_mac(),
            heartbeat=self._echoed(_HEARTBEAT),
            staples=self._staples(),
            client_certificate=self._client_certificate(),
            for_no_name=self._chain_of([it for it in self.strangers if it.hello.server_name is None]),
            for_unknown_name=self._chain_of([it for it in self.strangers if it.hello.server_name is not None]),
            connections=len(hellos.hellos),
            sent_bytes=sent_bytes,
            received_bytes=received_bytes,
            took_ms=hellos.took_ms,
        )

    @property
    def strangers(self) -> list[_Told]:
        """Conversations under another name than the service's own, or none."""
        return [it for it in self.told if it.hello.server_name != self.hellos.sni and it.hello.version > SSL3]

    # -- whether refusals can be relied on

    def _contradicts(self, one: _Told) -> bool:
        """Whether something was not answered that offers what was accepted elsewhere, and nothing odder than that did.

        What failed once and was answered when it was asked again in another length was an accident.
        """
        version = one.only
        if one.ended is not None and one.ended.reason in _OURS:
            return False
        taken = self.by_version.get(version or 0, ())
        return any(
            _offers_what_was_taken(one, other, taken) and _is_no_odder(one, other) for other in taken
        ) and not any(_is_twin(one, other) for other in self.answered)

    def why_open(self, version: int) -> Unobserved:
        """Why something about a version was not seen to be refused."""
        if self.unsteady:
            return UNSTEADY
        failed = [it for it in self.own if it.came is Came.FAILED and it.only == version]
        failed = [it for it in failed if not any(_is_twin(it, other) for other in self.answered)]
        if failed:
            return _first_reason(failed)
        return self.hellos.failure or Unobserved(Reason.NOT_ASKED, "no hello that would tell was asked")

    def refusals(self, version: int) -> list[_Told]:
        """Hellos that asked for this version alone, and were refused or answered with an older one."""
        if self.unproven is not None:
            return []
        asked = (it for it in self.own if it.only == version and FALLBACK_SCSV not in it.hello.suites)
        return [
            it
            for it in asked
            if (it.came is Came.REFUSED and not self._was_answered(it))
            or (it.came is Came.ANSWERED and it.version is not None and it.version < version)
        ]

    def _was_answered(self, refused: _Told) -> bool:
        """Whether the same question in another length was answered: then it was not refused for what it asked."""
        return any(_is_twin(refused, other) for other in self.by_version.get(refused.only or 0, ()))

    def _why_not_absent(self, version: int) -> Unobserved | None:
        """None when it was seen that a version is refused: everything that was asked of it was."""
        refusals = self.refusals(version)
        asked: set[int] = set().union(*(it.suites for it in self.own if it.only == version))
        refused: set[int] = set().union(*(it.suites for it in refusals))
        told_so = any(it.alert == PROTOCOL_VERSION or it.came is Came.ANSWERED for it in refusals)
        return None if refusals and (told_so or asked <= refused) else self.why_open(version)

    # -- what stands beside the versions

    def _sslv2(self) -> Spoken:
        """SSLv2: the server names all its cipher kinds at once, and the client chooses."""
        kinds: set[int] = set()
        chains = {}
        for it in self.by_version[SSL2]:
            if it.flight.sslv2 is not None:
                kinds.update(it.flight.sslv2.ciphers)
                certificate = it.flight.sslv2.certificate
                if certificate:
                    chains[certificate] = SentChain((certificate,), TlsVersion.SSL2)
        return Spoken(
            TlsVersion.SSL2,
            tuple(sorted(kinds)),
            preference=Preference.CLIENT if len(kinds) > 1 else Preference.UNKNOWN,
            chains=tuple(chains[it] for it in sorted(chains)),
        )

    def _key_exchanges(self) -> tuple[KeyExchange, ...]:
        values: dict[tuple[int, str], list[bytes]] = defaultdict(list)
        for it in self.told:
            hello, exchange = it.flight.hello, it.flight.key_exchange
            if hello is None or hello.version not in VERSIONS:
                continue
            if hello.key_share and hello.group is not None:
                values[hello.version, group_name(hello.group)].append(hello.key_share)
            elif exchange is not None and exchange.public:
                values[hello.version, _group_of(exchange)].append(exchange.public)
        return tuple(
            KeyExchange(VERSIONS[version], group, len(found), len(set(found)))
            for (version, group), found in sorted(values.items())
        )

    def _fallback(self) -> bool | Unobserved | None:
        spoken = [it for it in self.by_version if it > SSL2]
        asked = [it for it in self.own if FALLBACK_SCSV in it.hello.suites and it.only in spoken]
        asked = [it for it in asked if it.only is not None and it.only < max(spoken)]
        if len(spoken) < 2:
            return None
        if any(it.came is Came.ANSWERED for it in asked):
            return False
        if self.unproven is not None:
            return self.unproven
        if any(it.came is Came.REFUSED for it in asked):
            return True
        return _first_reason(asked) if asked else NEVER_ASKED

    def _old(self) -> Iterator[tuple[_Told, ServerHello]]:
        """Answers of versions from SSLv3 to TLS 1.2."""
        for version, answers in self.by_version.items():
            if SSL2 < version < TLS13:
                yield from ((it, it.flight.hello) for it in answers if it.flight.hello is not None)

    def _echoed(self, extension: int) -> bool | None:
        """Whether the server answered an extension in any version below 1.3 in which it was asked for."""
        echoes = [_has(hello, extension) for it, hello in self._old() if _asks_for(it.hello, extension)]
        return any(echoes) if echoes else None

    def _encrypt_then_mac(self) -> bool | None:
        """The same for encrypt_then_mac, which is answered with CBC suites only (RFC 7366 3)."""
        echoes = [
            _has(hello, _ENCRYPT_THEN_MAC)
            for it, hello in self._old()
            if it.hello.encrypt_then_mac and (chosen := suite(hello.suite)) is not None and chosen.mode == "CBC"
        ]
        return any(echoes) if echoes else None

    def _staples(self) -> bool | None:
        stapled = [it.flight.staple is not None for it, _ in self._old() if it.hello.status_request and it.flight.chain]
        return any(stapled) if stapled else None

    def _client_certificate(self) -> ClientCertificate | None:
        names: set[str] = set()
        asked = False
        for it in self.answered:
            if (request := it.flight.certificate_request) is not None:
                asked = True
                names.update(_name(it) for it in request.authorities)
        ordered = sorted(names)
        more = max(0, len(ordered) - MAX_AUTHORITIES)
        return ClientCertificate(tuple(ordered[:MAX_AUTHORITIES]), more) if asked else None

    def _chain_of(self, told: list[_Told]) -> SentChain | Unobserved | None:
        """The chain that was sent in one of these, or why there was none; None when nothing was asked."""
        chains = _chains([it for it in told if it.came is Came.ANSWERED])
        if chains:
            return chains[0]
        if not told:
            return None
        if any(it.came is Came.ANSWERED for it in told):
            return Unobserved(Reason.PREREQUISITE, "TLS 1.3 sends its certificate encrypted")
        return self.unproven or _first_reason(told)


class _Version:
    """What one version of SSLv3 to TLS 1.3 showed."""

    def __init__(self, fold: _Fold, number: int) -> None:
        self.fold = fold
        self.number = number
        self.answers = sorted(fold.by_version[number], key=_sort_key)
        self.refusals = fold.refusals(number)
        self.asked = [it for it in fold.own if it.only == number]
        self.suites = {it.suite for it in self.answers if it.suite is not None}
        self.schemes = {it.scheme for it in self.answers if it.scheme is not None}
        found = {it.group for it in self.answers if it.group is not None}
        self.legacy_field = number != TLS13 and any(_ignores_field_groups(it) for it in self.answers)
        self.groups = found - FINITE_FIELD_GROUPS if self.legacy_field else found
        self.on_curves = {it for it in self.suites if number == TLS13 or on_curve(it)}
        self.curves = self.groups if number == TLS13 else self.groups - FINITE_FIELD_GROUPS
        self.fields = set() if number == TLS13 else self.groups & FINITE_FIELD_GROUPS
        self.certificate_curves = self._certificate_curves()

    def spoken(self) -> Spoken:
        """All of it."""
        suite_choices, group_choices = usable(self.answers, of_groups=False), usable(self.answers, of_groups=True)
        preference, suites = _in_order(suite_choices, self.suites)
        group_preference, groups = _in_order(group_choices, self.groups)
        return Spoken(
            VERSIONS[self.number],
            suites=suites,
            suites_short=self._short(self._open_suites()),
            preference=preference,
            groups=groups,
            groups_short=self._short(self._open_groups()),
            group_preference=group_preference,
            dh=self._dh(),
            signature_schemes=tuple(sorted(self.schemes, key=self._scheme_place)),
            signature_schemes_short=self._short(self._open_schemes()),
            extensions=tuple(sorted({kind for it in self.answers for kind, _ in _extensions(it)})),
            compression=self._compression(),
            chains=_chains(self.answers),
        )

    def _compression(self) -> tuple[int, ...]:
        """The methods chosen where there was a choice."""
        offered = (it.flight.hello for it in self.answers if it.hello.compression != (0,) or self.number == TLS13)
        return tuple(sorted({hello.compression for hello in offered if hello is not None}))

    def _short(self, open_questions: bool) -> Unobserved | None:
        return self.fold.why_open(self.number) if open_questions else None

    def _certificate_curves(self) -> set[int]:
        """The curves that a client must list to be shown any certificate; none when one on no curve is among them."""
        if self.number == TLS13:
            return set()
        leafs = {it.flight.chain[0] for it in self.answers if it.flight.chain and it.suite in self.on_curves}
        curves = {leaf_curve(it) for it in leafs}
        return set() if None in curves else {it for it in curves if it is not None}

    def _signatures_restored(self, it: _Told) -> bool:
        return self.number != TLS12 or self.schemes <= it.schemes or it.hello.signature_schemes is None

    def _open_suites(self) -> bool:
        """Whether a suite was asked for that was neither chosen nor refused where nothing else was at fault."""
        left = set().union(*(it.suites for it in self.asked)) - self.suites
        for it in self.refusals:
            if not left:
                break
            groups = it.groups
            curves_restored = it.hello.groups is None or (bool(groups) and self.curves <= groups)
            fields_restored = self.legacy_field or not groups & FINITE_FIELD_GROUPS or bool(groups & self.fields)
            signed = self._signatures_restored(it)
            # Some servers want a common group and a common scheme also for suites that use neither.
            if curves_restored and signed:
                left -= it.suites if fields_restored else {suite for suite in it.suites & left if not in_field(suite)}
        return bool(left)

    def _open_groups(self) -> bool:
        left: set[int] = set()
        asked = set().union(*(it.groups for it in self.asked)) - self.groups
        kept = self.certificate_curves
        seen_before = set().union(
            *(_before(it, it.group) for it in self.answers if it.group in kept)
        )  # offered before a curve that the certificate needs, and not taken
        if self.on_curves and (self.number == TLS13 or self.curves):
            good = self.on_curves
            left |= asked if self.number == TLS13 else asked - FINITE_FIELD_GROUPS
            for it in self.refusals:
                if it.suites & good and self._signatures_restored(it):
                    bare = bool(kept) and not kept <= it.groups
                    left -= it.groups & seen_before if bare else it.groups
        if self.fields:
            fields = asked & FINITE_FIELD_GROUPS
            for it in self.refusals:
                if any(in_field(suite) for suite in it.suites & self.suites) and self._signatures_restored(it):
                    fields -= it.groups
            left |= fields
        return bool(left)

    def _open_schemes(self) -> bool:
        if self.number != TLS12 or not self.schemes:
            return False
        asked = set().union(*(it.schemes for it in self.asked)) - self.schemes
        kinds = {with_ecdsa(it) for it in self.suites if signs(it)}
        if len(kinds) < 2:
            left = dict.fromkeys(kinds or {False}, asked)
        else:  # a server may choose the key by the suites alone (OpenSSL) or by the schemes alone (HAProxy)
            left = {False: asked - ECDSA_SCHEMES, True: asked & ECDSA_SCHEMES}
        for it in self.refusals:
            good = {suite for suite in it.suites & self.suites if signs(suite)}
            curves = not self.curves.isdisjoint(it.groups) and self.certificate_curves <= it.groups
            if any(curves or not on_curve(suite) for suite in good):
                _exhaust(left, it, good)
        for it in self.answers:
            if it.scheme is not None and it.hello.signature_schemes is not None and it.scheme not in it.schemes:
                # OpenSSL before 1.1.1 signs with SHA-1 unasked, when it has nothing in common
                _exhaust(left, it, {suite for suite in it.suites & self.suites if signs(suite)})
        return any(left.values())

    def _scheme_place(self, scheme: int) -> tuple[int, int]:
        """The more there was to choose from, the earlier."""
        offers = (len(it.schemes & self.schemes) for it in self.answers if it.scheme == scheme)
        return -max(offers, default=0), scheme

    def _dh(self) -> tuple[DhGroup, ...]:
        found: dict[tuple[bytes, bytes], set[int]] = defaultdict(set)
        for it in self.answers:
            exchange = it.flight.key_exchange
            if exchange is not None and exchange.prime and it.suite is not None:
                found[exchange.prime, exchange.generator].add(it.suite)
        return tuple(
            DhGroup(prime, generator, int.from_bytes(prime, "big").bit_length(), name_of(prime), tuple(sorted(suites)))
            for (prime, generator), suites in sorted(found.items())
        )


def _exhaust(left: dict[bool, set[int]], it: _Told, suites: set[int]) -> None:
    """There is no more scheme of this hello for the kind of key that all of these suites want."""
    kinds = {with_ecdsa(suite) for suite in suites}
    if len(kinds) != 1:
        return
    kind = kinds.pop()
    if kind or len(left) < 2 or not it.schemes & ECDSA_SCHEMES:
        left[kind] = left[kind] - it.schemes


def _in_order(choices: list[Choice], accepted: set[int]) -> tuple[Preference, tuple[int, ...]]:
    """Whose order, and what was accepted in that of the server, or as it was chosen."""
    order, ranked = order_of(choices)
    if order is Order.SERVER and len(ranked) == len(accepted):
        return Preference.SERVER, ranked
    most = {it: max((len(offered) for offered, chosen in choices if chosen == it), default=0) for it in accepted}
    place = {it: number for number, it in enumerate(ranked)}
    chosen = tuple(sorted(accepted, key=lambda it: (-most[it], place.get(it, len(place)), it)))
    return (Preference.CLIENT if order is Order.CLIENT else PREFERENCES[order]), chosen


PREFERENCES = {Order.SERVER: Preference.SERVER, Order.CLIENT: Preference.CLIENT, Order.UNKNOWN: Preference.UNKNOWN}
_OURS = frozenset({Reason.BUDGET, Reason.OUT_OF_SCOPE, Reason.INTERNAL, Reason.INTERRUPTED})
UNSTEADY = Unobserved(Reason.RATE_LIMITED, "the service did not go on to answer what it had answered before")


def _open_questions(spoken: Spoken, undecided: Unobserved) -> Iterator[Undetermined]:
    for what, why in (
        ("suites", spoken.suites_short),
        ("groups", spoken.groups_short),
        ("signature_schemes", spoken.signature_schemes_short),
    ):
        if why is not None:
            yield Undetermined(f"{what}.{spoken.version}", why)
    fields = FINITE_FIELD_GROUPS.intersection(spoken.groups) if spoken.version is not TlsVersion.TLS13 else set()
    rivals = max(
        len(fields), len(spoken.groups) - len(fields)
    )  # below TLS 1.3 the suite decides between curves and fields
    suites = len(spoken.suites) if spoken.version is not TlsVersion.SSL2 else 0
    for what, preference, count in (
        ("preference", spoken.preference, suites),
        ("group_preference", spoken.group_preference, rivals),
    ):
        if preference is Preference.UNKNOWN and count > 1:
            yield Undetermined(f"{what}.{spoken.version}", undecided)


UNDECIDED = Unobserved(Reason.INCONCLUSIVE, "the choices follow no order, or both the server's and ours")


def _sort_key(it: _Told) -> tuple[bytes, int, bytes]:
    return bytes(it.hello.random), it.size, it.flight.hello.random if it.flight.hello else b""


def _extensions(it: _Told) -> tuple[tuple[int, bytes], ...]:
    return it.flight.hello.extensions if it.flight.hello is not None else ()


def _has(hello: ServerHello, extension: int) -> bool:
    return any(kind == extension for kind, _ in hello.extensions)


def _asks_for(hello: Hello, extension: int) -> bool:
    """Whether a hello asks for one of the extensions that the facts tell of."""
    if extension == _RENEGOTIATION_INFO:
        return hello.renegotiation_info or RENEGOTIATION_SCSV in hello.suites
    if extension == _EXTENDED_MASTER_SECRET:
        return hello.extended_master_secret
    return hello.heartbeat


def _chains(answers: Iterable[_Told]) -> tuple[SentChain, ...]:
    """Every chain once; of the same one, that which came with the most beside it."""
    best: dict[tuple[bytes, ...], tuple[tuple[bool, bool, bool, int], SentChain]] = {}
    for it in answers:
        if not it.flight.chain or it.version not in VERSIONS:
            continue
        scts = next((body for kind, body in _extensions(it) if kind == _SCTS), None)
        asked_scts = any(kind == _SCTS for kind, _ in it.hello.extra)
        sent = SentChain(
            it.flight.chain,
            VERSIONS[it.version],
            it.suite,
            it.scheme,
            it.flight.staple,
            staple_asked=it.hello.status_request,
            scts=scts,
            scts_asked=asked_scts,
        )
        rank = (sent.staple is not None, scts is not None, it.hello.status_request, -(it.suite or 0))
        if sent.certificates not in best or best[sent.certificates][0] < rank:
            best[sent.certificates] = rank, sent
    return tuple(sent for _, sent in sorted(best.values(), key=lambda it: it[1].certificates))


def _group_of(exchange: ServerKeyExchange) -> str:
    if exchange.group is not None:
        return group_name(exchange.group)
    if exchange.prime:
        return name_of(exchange.prime) or f"DH {int.from_bytes(exchange.prime, 'big').bit_length()} bits"
    return "explicit curve" if exchange.explicit_curve else "other"


def _name(der: bytes) -> str:
    try:
        return name_text(der)
    except ValueError:
        return f"#{der[:64].hex()}"


def _before(it: _Told, chosen: int | None) -> set[int]:
    """Groups that were offered before the one that was chosen."""
    offered = list(it.hello.groups or ())
    return set(offered[: offered.index(chosen)]) if chosen in offered else set()


def _ignores_field_groups(it: _Told) -> bool:
    """Whether the server used a finite field of its own although groups of RFC 7919 were offered."""
    exchange = it.flight.key_exchange
    if exchange is None or not exchange.prime or not it.groups & FINITE_FIELD_GROUPS:
        return False
    return field_group(exchange.prime) not in it.groups


# -- one hello held against another


def _offers_what_was_taken(one: _Told, other: _Told, answers: Iterable[_Told]) -> bool:
    """Whether a hello offers what the server took from another one; of groups and schemes some that it takes, in any case.

    Some servers want a common group and a common scheme also for suites that use neither.
    """
    leaf = leaf_curve(other.flight.chain[0]) if other.flight.chain and other.version != TLS13 else None
    if other.suite not in one.hello.suites or (leaf is not None and leaf in other.groups and leaf not in one.groups):
        return False
    groups = {other.group} if other.group is not None else {it.group for it in answers if it.group is not None}
    schemes = {other.scheme} if other.scheme is not None else {it.scheme for it in answers if it.scheme is not None}
    return (not groups or one.hello.groups is None or not groups.isdisjoint(one.groups)) and (
        not schemes or one.hello.signature_schemes is None or not schemes.isdisjoint(one.schemes)
    )


def _is_no_odder(one: _Told, other: _Told) -> bool:
    """Whether nothing in a hello could put a server off that was not in another one, which it answered."""
    mine, its = one.hello, other.hello
    return (
        mine.server_name == its.server_name
        and one.marks <= other.marks
        and not one.groups & FINITE_FIELD_GROUPS - other.groups
        and (mine.groups is None) == (its.groups is None)
        and (mine.signature_schemes is None) == (its.signature_schemes is None)
    )


def _marks(it: _Told) -> frozenset[str]:
    """What of a hello has put servers off."""
    hello = it.hello
    marks = {f"extension {kind}" for kind, _ in hello.extra if not is_grease(kind)}
    flags = {
        "grease": has_grease(hello),
        "version": hello.version > TLS12,
        "fallback": FALLBACK_SCSV in hello.suites,
        "long list": len(hello.suites) > LONG_LIST,
        "large": it.size > LARGE_BYTES,
        "medium": HANGS_FROM <= it.size < HANGS_UNTIL,
        "deflate": hello.compression != (0,),
        "status_request": hello.status_request,
        "ems": hello.extended_master_secret,
        "etm": hello.encrypt_then_mac,
        "heartbeat": hello.heartbeat,
        "ticket": hello.session_ticket is not None,
        "alpn": bool(hello.alpn),
        "no shares": hello.key_shares == (),
        # A server with two keys may choose the certificate first, and find no suite for it then.
        "ecdsa": TLS13 not in hello.supported_versions
        and (_any_with_ecdsa(hello.suites) or bool(it.schemes & ECDSA_SCHEMES)),
    }
    return frozenset(marks | {name for name, flag in flags.items() if flag})


_GREASE = frozenset(GREASE)


def has_grease(hello: Hello) -> bool:
    """Whether reserved values (RFC 8701) are among what a hello offers."""
    kinds = [kind for kind, _ in hello.extra]
    return any(not _GREASE.isdisjoint(it) for it in (hello.suites, hello.groups or (), hello.supported_versions, kinds))


@lru_cache(maxsize=512)
def _any_with_ecdsa(suites: tuple[int, ...]) -> bool:
    return any(map(with_ecdsa, suites))


def _is_twin(one: _Told, other: _Told) -> bool:
    """Whether two hellos ask the same and differ in length only."""
    mine, its = one.hello, other.hello
    return (
        one.size != other.size
        and mine.suites == its.suites
        and mine.groups == its.groups
        and mine.signature_schemes == its.signature_schemes
        and mine.version == its.version
        and mine.supported_versions == its.supported_versions
        and mine.server_name == its.server_name
    )


# -- oddities


def oddities_of(fold: _Fold) -> Iterator[Oddity]:
    """Every way of the list in which this server is odd."""
    found: dict[str, str] = {}
    for key, detail in (*_of_answers(fold), *_of_silence(fold), *(() if fold.unproven else _intolerances(fold))):
        if key in ODDITIES and (key not in found or detail < found[key]):
            found[key] = detail
    yield from (Oddity(key, detail) for key, detail in found.items())


def _of_answers(fold: _Fold) -> Iterator[tuple[str, str]]:
    randoms: Counter[bytes] = Counter()
    sentinels: list[bool] = []
    for it in fold.told:
        hello = it.flight.hello
        if hello is None:
            continue
        if hello.suite not in it.hello.suites:
            yield "suite_not_offered", suite_name(hello.suite)
        exchange = it.flight.key_exchange
        chosen = hello.group if hello.group is not None else exchange.group if exchange is not None else None
        if it.hello.groups is not None and chosen is not None and chosen not in it.hello.groups:
            yield "group_not_offered", group_name(chosen)
        offered = it.hello.supported_versions
        if hello.version > min(it.asked, TLS12 if not offered else it.asked) or (
            offered and hello.version not in offered and any(kind == 43 for kind, _ in hello.extensions)
        ):
            yield "version_not_offered", VERSION_NAMES.get(hello.version, f"0x{hello.version:04x}")
        asked_for = _offered_extensions(it.hello) if hello.extensions else frozenset()
        for kind, _ in hello.extensions:
            if kind not in asked_for and not (hello.is_retry and kind == _COOKIE):
                yield "extension_not_offered", str(kind)
        if not hello.is_retry:
            randoms[hello.random] += 1
        if TLS10 <= hello.version <= TLS12 and TLS13 not in offered:
            sentinels.append(hello.sentinel)
    if TLS13 in fold.by_version and sentinels and not any(sentinels):
        yield "downgrade_sentinel_missing", ""
    if any(count > 1 for random, count in randoms.items()):
        yield "random_repeats", ""
    bare = [it for it in fold.told if it.came is Came.ANSWERED and it.hello.groups is None and it.version != SSL2]
    if any(it.suite is not None and on_curve(it.suite) and it.hello.version >= TLS10 for it in bare):
        yield "ecdhe_without_groups", ""


def _offered_extensions(hello: Hello) -> frozenset[int]:
    offered = {kind for kind, _ in hello.extra}
    flags = {
        0: hello.server_name is not None,
        5: hello.status_request,
        10: hello.groups is not None,
        11: hello.point_formats,
        13: hello.signature_schemes is not None,
        _HEARTBEAT: hello.heartbeat,
        16: bool(hello.alpn),
        _ENCRYPT_THEN_MAC: hello.encrypt_then_mac,
        _EXTENDED_MASTER_SECRET: hello.extended_master_secret,
        35: hello.session_ticket is not None,
        43: bool(hello.supported_versions),
        51: hello.key_shares is not None,
        _RENEGOTIATION_INFO: hello.renegotiation_info or RENEGOTIATION_SCSV in hello.suites,
    }
    return frozenset(offered | {kind for kind, flag in flags.items() if flag})


def _of_silence(fold: _Fold) -> Iterator[tuple[str, str]]:
    if fold.unproven is not None:
        return
    refused = [it for it in fold.own if it.came is Came.REFUSED]
    if refused and not any(it.flight.alerts or it.flight.sslv2_error is not None for it in refused):
        yield "closes_without_alert", ""
    silent = {
        it.hello.version
        for it in fold.own
        if it.ended is not None and it.ended.reason is Reason.TIMEOUT and not it.octets
    }
    if not refused and len(silent) > 1:
        yield "silent_on_refusal", ""


def _intolerances(fold: _Fold) -> Iterator[tuple[str, str]]:
    """Things that were never answered where the same without them was."""

    def has_accidents(own: frozenset[str]) -> bool:
        """Whether something else was not answered, and was when it was asked again: what fails says less then."""
        failed = (it for it in fold.own if it.came is not Came.ANSWERED and not it.marks & own)
        return any(_is_twin(it, other) for it in failed for other in fold.answered)

    for key, own in _MARKED.items():
        by_version: dict[int | None, list[_Told]] = defaultdict(list)
        for it in fold.own:
            if it.hello.version > SSL3 and it.marks & own:
                by_version[it.only].append(it)
        plain = [it for it in fold.answered if not it.marks & own]
        for odd in by_version.values():
            if any(it.came is Came.ANSWERED for it in odd):
                continue  # it is borne
            failed_once = len(odd) < 2 and odd[0].came is Came.FAILED
            if failed_once or (not any(map(_says_no, odd)) and has_accidents(own)):
                continue  # it may have been an accident
            yield from (
                (key, _in_words(it))
                for it in odd
                if not (it.ended is not None and it.ended.reason in _OURS)
                and any(it.marks - own <= other.marks and _asks_the_same(it, other, fold.answered) for other in plain)
            )
    named = [it for it in fold.strangers if it.hello.server_name is None]
    refused = all(it.came is not Came.ANSWERED for it in named)
    if refused and (any(map(_says_no, named)) or (len(named) > 1 and not has_accidents(frozenset()))):
        yield "intolerant_sni", _in_words(min(named, key=_sort_key))
    newest = [
        it for it in fold.own if TLS13 in it.hello.supported_versions and _offered_versions(it) & set(fold.by_version)
    ]
    if newest and not any(it.came is Came.ANSWERED for it in fold.own if TLS13 in it.hello.supported_versions):
        plain = [it for it in newest if not has_grease(it.hello)]
        if plain:
            yield "intolerant_tls13", _in_words(min(plain, key=_sort_key))


def _says_no(it: _Told) -> bool:
    """Whether a hello was refused in words, and not only by the end of the connection."""
    return it.came is Came.REFUSED and bool(it.flight.alerts or it.flight.sslv2_error is not None)


def _tolerated(fold: _Fold) -> tuple[str, ...]:
    """The keys of intolerances that a hello was answered in spite of."""
    answered = [it for it in fold.answered if it.hello.version > SSL3]
    borne: frozenset[str] = frozenset().union(*(it.marks for it in answered))
    found = {key for key, own in _MARKED.items() if borne & own}
    if any(TLS13 in it.hello.supported_versions for it in answered):
        found.add("intolerant_tls13")
    return tuple(sorted(found))


def _in_words(it: _Told) -> str:
    return f"{it.why.reason}: {it.why.detail}" if it.why.detail else it.why.reason.value


def _offered_versions(it: _Told) -> frozenset[int]:
    return frozenset(version for version in it.hello.supported_versions if not is_grease(version))


_RICH = frozenset(
    {"status_request", "ems", "etm", "heartbeat", "ticket", "alpn", *(f"extension {it}" for it in (_SCTS, 50))}
)
_MARKED: dict[str, frozenset[str]] = {
    "intolerant_version": frozenset({"version"}),
    "intolerant_grease": frozenset({"grease"}),
    "intolerant_large_hello": frozenset({"large"}),
    "intolerant_long_hello": frozenset({"medium"}),
    "intolerant_extensions": _RICH,
    "intolerant_many_suites": frozenset({"long list"}),
}


def _asks_the_same(one: _Told, other: _Told, answers: Iterable[_Told]) -> bool:
    """Whether another hello asks for the same versions, and what the server took from it was offered in this one, too."""
    versions = _offered_versions(one) == _offered_versions(other) and min(one.hello.version, TLS12) == min(
        other.hello.version, TLS12
    )
    return versions and _offers_what_was_taken(one, other, answers)
