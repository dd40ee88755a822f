"""Which hello is asked next: enumeration by removal, without input or output.

Each version is a line of questions of its own. A hello offers everything that is still open; what the server chose is left
out of the next. Suites, groups and (TLS 1.2) signature schemes are removed together while the server goes along. A refusal
then says only that one of the lists is exhausted, so each is asked by itself with the others restored: that refusal is a
proof. Hellos of TLS 1.3 carry an empty list of key shares, which makes the server name its group in a HelloRetryRequest:
nobody computes.

Lines are generators: they yield a question and are given its answer, or yield other lines and go on when those have ended.
Nothing here is replayed: what the answers show is told by the fold from the hellos themselves.
"""

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from scanner.observations.steps import Reason, Unobserved
from scanner.probes.tls.answers import (
    ECDSA_SCHEMES,
    FINITE_FIELD_GROUPS,
    Answer,
    Came,
    Choice,
    Order,
    in_field,
    leaf_curve,
    on_curve,
    order_of,
    signs,
    unproven,
    usable,
    with_ecdsa,
)
from scanner.probes.tls.client_hello import Hello
from scanner.probes.tls.code_points import FALLBACK_SCSV, SSL2, SSL3, TLS10, TLS11, TLS12, TLS13
from scanner.probes.tls.code_points import VERSION_NAMES as NAMES
from scanner.probes.tls.offers import (
    COMMON,
    GREASE_EXTENSION,
    GREASE_GROUP,
    GREASE_SUITE,
    GREASE_VERSION,
    OLD_SUITES,
    all_groups,
    all_schemes,
    all_suites,
    contrary,
    shielded,
)

UNKNOWN_NAME = "no-such-name.invalid"
ALPN = ("h2", "http/1.1")
PROTOCOL_VERSION = 70
DISLIKES = frozenset({10, 47, 50, 109, 110})
"""Alerts about the form of a hello: unexpected_message, illegal_parameter, decode_error, and two about extensions."""
LARGE_BYTES = 1800
MEDIUM_BYTES = 384
ANOTHER_BYTES = 1400
BATCH = 100
SCTS = 18
SCHEMES_OF_CERTIFICATES = 50
"""signature_algorithms_cert (RFC 8446 4.2.3): with it, taking away a scheme says nothing about how chains may be signed."""
LONG_LIST = 128
USUAL_TLS13_SUITES = 3
MOST_TIES = 12
"""Questions for the place of suites that were not seen to compete."""
# A point of each curve that costs no computing: the generators of P-256 and X25519.
X25519_SHARE = (29, b"\x09" + bytes(31))
P256_SHARE = (
    23,
    bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    ),
)
FINAL = frozenset({Reason.BUDGET, Reason.OUT_OF_SCOPE, Reason.INTERNAL, Reason.INTERRUPTED, Reason.BLOCKED})
"""Reasons after which nothing more is asked: they are ours."""
SUITES = all_suites(TLS12)
CURVES = (29, 23, 24, 25)


@lru_cache(maxsize=1)
def _every_scheme() -> bytes:
    """The body of the extension with every scheme that we know."""
    schemes = b"".join(it.to_bytes(2, "big") for it in all_schemes())
    return len(schemes).to_bytes(2, "big") + schemes


class Question(msgspec.Struct, frozen=True):
    """One hello to be sent. `patient`: it may take as long as the profile allows; else only a few times what answers took.

    `again`: a second try, after a pause.
    """

    hello: Hello
    purpose: str
    patient: bool = True
    again: bool = False


Line = Generator["Question | list[Line]", "Answer | None", None]
Asking = Generator["Question | list[Line]", "Answer | None", Answer]


class _Shape(msgspec.Struct):
    """How hellos must look for this server to answer at all."""

    grease: bool = True
    rich: bool = True
    """All extensions that say something in a first flight, and not only those that are needed."""
    long_lists: bool = True
    shares: bool = False
    """Real key shares in TLS 1.3: the server knows no HelloRetryRequest."""


@dataclass
class _Running:
    """A line, who waits for it, and how many lines it waits for itself."""

    line: Line
    parent: "_Running | None"
    children: int = 0


_Orders = tuple[list[Choice], tuple[Order, tuple[int, ...]], tuple[Order, tuple[int, ...]], int]
"""Choices of suites, the order of suites, that of groups, and of how many answers."""


@dataclass
class _Spoken:
    """What one version has shown so far, and what is left to be asked."""

    version: int
    suites: list[int]
    groups: list[int]
    schemes: list[int]
    batches: list[tuple[int, ...]] = field(default_factory=list)
    found_suites: list[int] = field(default_factory=list)
    found_groups: list[int] = field(default_factory=list)
    found_schemes: list[int] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    to_bear: list[str] = field(default_factory=list)
    """What a sound server does not mind, and was not seen to bear yet."""
    legacy_field: bool = False
    """The server uses its own finite field and does not look for groups of RFC 7919."""
    _known_orders: "_Orders | None" = None

    def take(self, answer: Answer) -> bool:
        """Take in an answer; says whether it showed anything new."""
        self.answers.append(answer)
        new = False
        suite, group, scheme = answer.suite, answer.group, answer.scheme
        for it, found, left in (
            (suite, self.found_suites, self.suites),
            (group, self.found_groups, self.groups),
            (scheme, self.found_schemes, self.schemes),
        ):
            if it is not None and it not in found:
                found.append(it)
                new = True
            if it in left:
                left.remove(it)
        exchange = answer.flight.key_exchange
        if exchange is not None and exchange.prime and group is None and answer.groups & FINITE_FIELD_GROUPS:
            self.legacy_field = True
        return new

    @property
    def suite_choices(self) -> list[Choice]:
        """What could have been chosen in each answer, and was."""
        return self._orders()[0]

    @property
    def suite_order(self) -> tuple[Order, tuple[int, ...]]:
        """Whose order of suites, and the server's with those that never had a rival at its end."""
        return self._orders()[1]

    @property
    def group_order(self) -> tuple[Order, tuple[int, ...]]:
        """The same of groups."""
        return self._orders()[2]

    def _orders(self) -> "_Orders":
        if self._known_orders is None or self._known_orders[3] != len(self.answers):
            choices = usable(self.answers, of_groups=False)
            order, ranked = order_of(choices)
            suites = (order, (*ranked, *(it for it in self.found_suites if it not in ranked)))
            order, ranked = order_of(usable(self.answers, of_groups=True))
            groups = (order, (*ranked, *(it for it in self.found_groups if it not in ranked)))
            self._known_orders = choices, suites, groups, len(self.answers)
        return self._known_orders

    @property
    def certificate_curves(self) -> tuple[int, ...]:
        """Curves of the keys in leafs: below TLS 1.3 the client must list them, too (RFC 8422 5.1)."""
        if self.version == TLS13:
            return ()
        curves = (leaf_curve(it.flight.chain[0]) for it in self.answers if it.flight.chain)
        return tuple(dict.fromkeys(it for it in curves if it is not None))


class Strategy:
    """What is asked of one service. `next` gives a question, `take` brings its answer; over when `next` gives none and no
    question is out.

    `failure` is why nothing, or nothing more, is asked.
    """

    def __init__(self, server_name: str | None, *, full: bool = True, alpn: tuple[str, ...] = ALPN) -> None:
        self.failure: Unobserved | None = None
        self.answers: list[Answer] = []
        self._name = server_name
        self._full = full
        self._alpn = alpn
        self._shape = _Shape()
        self._ready: deque[tuple[_Running, Question]] = deque()
        self._out: dict[int, _Running] = {}
        self._spoken: dict[int, _Spoken] = {}
        self._properties: list[str] = []
        self._failed_questions = 0
        self._out_of_reach = False
        self._silent = False
        self._closes = False
        self._long_answered = False
        self._start(self._whole(), None)

    # -- the questions that are ready

    def next(self) -> Question | None:
        """The next question that may be asked now, None when all wait for answers, or nothing is left."""
        if self.failure is not None or not self._ready:
            return None
        running, question = self._ready.popleft()
        self._out[id(question)] = running
        return question

    @property
    def over(self) -> bool:
        """Whether nothing more will be asked."""
        return not self._out and (self.failure is not None or not self._ready)

    def take(self, question: Question, answer: Answer) -> None:
        """Bring what came back."""
        running = self._out.pop(id(question))
        self.answers.append(answer)
        if answer.ended is not None and answer.ended.reason in FINAL:
            self.stop(answer.ended)
        if self.failure is None:
            self._advance(running, answer)

    def stop(self, why: Unobserved) -> None:
        """Ask nothing more."""
        self.failure = self.failure or why

    def _start(self, line: Line, parent: _Running | None) -> None:
        self._advance(_Running(line, parent), None)

    def _advance(self, running: _Running, answer: Answer | None) -> None:
        try:
            wanted = running.line.send(answer)
        except StopIteration:
            parent = running.parent
            if parent is not None:
                parent.children -= 1
                if not parent.children:
                    self._advance(parent, None)
            return
        if isinstance(wanted, Question):
            self._ready.append((running, wanted))
            return
        running.children = len(wanted) + 1
        for line in wanted:
            self._start(line, running)
        running.children -= 1
        if not running.children:
            self._advance(running, None)

    # -- one question

    def _ask(self, hello: Hello, purpose: str, otherwise: Hello | None = None) -> Asking:
        """Ask; what is neither answered nor refused is asked again after a pause, in another length or as `otherwise`."""
        answer = yield Question(hello, purpose, patient=not self._silent)
        assert answer is not None
        if answer.came is Came.FAILED and not self._silent:
            again = otherwise or _another_length(hello)
            second = yield Question(again, f"{purpose}, again", patient=False, again=True)
            assert second is not None
            if second.came is Came.FAILED:
                yield from self._check()
            answer = second
        elif _closed(answer) and not self._closes and hello.version > SSL2:  # a hello of SSLv2 is no TLS to most
            # The end of a connection without a word may be an accident; once it was seen twice it is this server's way.
            second = yield Question(otherwise or _another_length(hello), f"{purpose}, again", patient=False)
            assert second is not None
            self._closes = _closed(second)
            answer = second
        if answer.came is Came.ANSWERED and len(answer.hello.suites) > LONG_LIST:
            self._long_answered = True
        return answer

    def _check(self) -> Line:
        """After questions that brought nothing: does the server still answer what it answered before?"""
        self._failed_questions += 1
        if self._failed_questions != 2 or self._silent:
            return
        answer = yield Question(self._steady_hello(), "whether it still answers")
        assert answer is not None
        if answer.came is Came.ANSWERED:
            self._silent = True
        else:
            self.stop(Unobserved(Reason.RATE_LIMITED, "what was answered at first is not answered any more"))

    # -- the whole

    def _whole(self) -> Line:
        first = yield from self._baseline()
        if first is None:
            return
        versions = (TLS13, TLS12, TLS11, TLS10, SSL3, SSL2)
        yield [self._version(it, first if first.version == it else None) for it in versions]
        if self._full:
            yield [*self._extras()]
        steady = self._steady()
        yield [self._orders(it) for it in self._spoken.values() if it is not steady and it.version > SSL2]
        answer = yield Question(self._steady_hello(), "whether it still answers, and in whose order")
        assert answer is not None
        if steady is not None and steady.version > SSL2 and answer.version == steady.version:
            steady.take(answer)
            yield from self._orders(steady)

    def _baseline(self) -> Generator["Question | list[Line]", "Answer | None", Answer | None]:
        """The first hello that is answered, or None: then `failure` says why there is none."""
        tries = (
            (self._combined(_Shape()), "first hello"),
            (self._old_first(TLS12), "first hello, TLS 1.2 at most"),
            (self._old_first(TLS10), "first hello, TLS 1.0 at most"),
        )
        failed: list[Answer] = []
        for hello, purpose in tries:
            answer = yield from self._reach(hello, purpose)
            if answer.came is Came.ANSWERED:
                return (yield from self._diagnose(failed, answer)) if failed else answer
            failed.append(answer)
            if not answer.connected or answer.why.reason is Reason.NOT_TLS or _said_no(answer):
                break
        else:
            if not any(it.why.reason is Reason.TIMEOUT for it in failed):
                plain = _Shape(grease=False, rich=False)
                for hello, purpose in (
                    (self._combined(plain, SUITES), "first hello, every suite"),
                    (self._hello(SSL3, all_suites(SSL3), None, None), "first hello, SSLv3"),
                    (self._hello(SSL2, all_suites(SSL2), None, None), "first hello, SSLv2"),
                ):
                    answer = yield from self._reach(hello, purpose)
                    if answer.came is Came.ANSWERED:
                        self._shape = plain
                        return answer
        self.stop(failed[-1].why if not failed[-1].connected else failed[0].why)
        return None

    def _reach(self, hello: Hello, purpose: str) -> Asking:
        """Ask; a port that does not take the connection is tried once more."""
        answer = yield Question(hello, purpose)
        assert answer is not None
        if not answer.connected and not self._out_of_reach:
            self._out_of_reach = True
            answer = yield Question(_another_length(hello), f"{purpose}, again", again=True)
            assert answer is not None
        return answer

    def _diagnose(
        self, failed: list[Answer], answered: Answer
    ) -> Generator["Question | list[Line]", "Answer | None", Answer]:
        """What it was in the first hello that kept the server from answering, or whether that was an accident."""
        is_refused = failed[0].came is Came.REFUSED and not _closed(failed[0])
        shapes = [
            (_Shape(), SUITES, "every suite") if is_refused else (_Shape(), COMMON, "once more"),
            (_Shape(grease=False), COMMON, "no reserved values"),
            (_Shape(grease=False, rich=False), COMMON, "few extensions"),
            (_Shape(grease=False, rich=False, shares=True), COMMON, "few extensions, real key shares"),
        ]
        for shape, suites, what in shapes:
            hello = self._combined(shape, suites)
            hello = _another_length(hello) if what == "once more" else hello
            answer = yield Question(hello, f"first hello, {what}")
            assert answer is not None
            if answer.came is Came.ANSWERED:
                self._shape = shape
                return answer
        self._shape = _Shape(grease=False, rich=False, long_lists=False)
        if len(failed) == 1:
            rich = _Shape(grease=False, long_lists=False)
            hello = self._hello(TLS12, COMMON, CURVES, all_schemes(), rich)
            answer = yield Question(hello, "first hello, TLS 1.2 at most, all extensions")
            assert answer is not None
            if answer.came is Came.ANSWERED:
                self._shape = _Shape(grease=False)
        return answered

    # -- hellos

    def _hello(
        self,
        version: int,
        suites: Sequence[int],
        groups: Sequence[int] | None,
        schemes: Sequence[int] | None,
        shape: _Shape | None = None,
        name: str | None = "",
    ) -> Hello:
        """A hello of one version as this server needs it; `name` "" is the service's own."""
        shape = shape or self._shape
        if version == SSL2:
            return Hello(version=SSL2, suites=tuple(suites))
        if version == SSL3:
            return Hello(version=SSL3, suites=(*suites, 0x00FF), record_version=SSL3)
        grease = shape.grease and version >= TLS12
        newest = version == TLS13
        versions: tuple[int, ...] = (GREASE_VERSION, TLS13) if grease else (TLS13,)
        return Hello(
            version=min(version, TLS12),
            suites=(GREASE_SUITE, *suites) if grease else tuple(suites),
            server_name=self._name if name == "" else name,
            supported_versions=versions if newest else (),
            groups=None if groups is None else (GREASE_GROUP, *groups) if grease else tuple(groups),
            key_shares=(_shares(groups or ()) if shape.shares else ()) if newest else None,
            signature_schemes=None if schemes is None or version < TLS12 else tuple(schemes),
            alpn=self._alpn if shape.rich else (),
            session_id=_SESSION_ID if newest else b"",
            status_request=shape.rich,
            extended_master_secret=shape.rich,
            encrypt_then_mac=shape.rich,
            renegotiation_info=not newest or shape.rich,
            heartbeat=shape.rich and not newest,
            session_ticket=b"" if shape.rich and not newest else None,
            point_formats=groups is not None and not newest,
            extra=(
                *(((GREASE_EXTENSION, b""),) if grease else ()),
                *(((SCTS, b""),) if shape.rich else ()),
                *(((SCHEMES_OF_CERTIFICATES, _every_scheme()),) if shape.rich and version == TLS12 else ()),
            ),
        )

    def _combined(self, shape: _Shape, suites: Sequence[int] = COMMON) -> Hello:
        """A hello as of today: TLS 1.3 down to 1.0, no list so long that it hurts unless it is asked for."""
        hello = self._hello(TLS13, (*all_suites(TLS13), *suites), all_groups(TLS13), all_schemes(), shape)
        versions = (*hello.supported_versions, TLS12, TLS11, TLS10)
        groups = tuple(dict.fromkeys((*(hello.groups or ()), *all_groups(TLS12))))
        return replace(hello, supported_versions=versions, groups=groups, point_formats=True, renegotiation_info=True)

    def _old_first(self, version: int) -> Hello:
        """A hello that old servers bear: few suites, few extensions."""
        shape = _Shape(grease=False, rich=False, long_lists=False)
        return self._hello(version, COMMON if version == TLS12 else OLD_SUITES, CURVES, all_schemes(), shape)

    # -- one version

    def _version(self, version: int, first: Answer | None) -> Line:
        """Everything about one version."""
        if version == SSL2:
            yield from self._sslv2(first)
            return
        spoken = _Spoken(version, [*all_suites(version)], [*all_groups(version)], [*all_schemes()])
        spoken.to_bear = (
            [*BEARS.get(version, ())] if self._full else []
        )  # also where nothing is left to ask them along with
        if not self._shape.long_lists and len(spoken.suites) > BATCH:
            _cut(spoken)
        if first is not None:
            self._spoken[version] = spoken
            spoken.take(first)
        goes_on = True
        if first is None or version < TLS13:
            answer = yield from self._everything(spoken)
            goes_on = answer.version == version
            if not goes_on and first is None:
                return
            self._spoken[version] = spoken
            if goes_on:
                spoken.take(answer)
        joint = goes_on and (yield from self._together(spoken))
        asked: set[str] = {"suites"} if joint else set()
        while alone := self._open_lists(spoken) - asked:  # another suite may bring the first group to light
            asked |= alone
            lines = {"suites": self._suites_alone, "curves": self._curves_alone}
            lines |= {"fields": self._fields_alone, "schemes": self._schemes_alone, "curves, RSA": self._curves_of_rsa}
            lines |= {"schemes, ECDSA": self._schemes_of_ecdsa, "schemes, RSA": self._schemes_alone}
            yield [lines[it](spoken) for it in sorted(alone)]

    def _open_lists(self, spoken: _Spoken) -> set[str]:
        """The lists that must be asked for by themselves."""
        found = {"suites"}
        if spoken.version > SSL3 and spoken.found_groups:
            fields = FINITE_FIELD_GROUPS.intersection(spoken.found_groups) if spoken.version < TLS13 else set()
            found |= {"fields"} if fields and not spoken.legacy_field else set()
            found |= {"curves"} if len(fields) < len(spoken.found_groups) else set()
            keys = {with_ecdsa(it) for it in spoken.found_suites if on_curve(it)}
            found |= {"curves, RSA"} if len(keys) > 1 and spoken.certificate_curves else set()
        if self._full and spoken.version == TLS12 and spoken.found_schemes:
            keys = {with_ecdsa(it) for it in spoken.found_suites if signs(it)}
            # that of the key on no curve is asked once more when the other key comes to light
            found |= {"schemes, ECDSA" if it else "schemes, RSA" if len(keys) > 1 else "schemes" for it in keys}
        return found

    def _everything(self, spoken: _Spoken) -> Asking:
        """The first hello of a version; a long list that is not answered is tried in a shorter one."""
        version = spoken.version
        full = self._offer(spoken, suites=spoken.suites, groups=spoken.groups, schemes=all_schemes())
        if len(spoken.suites) <= BATCH:
            answer = yield from self._ask(full, f"{NAMES[version]}, everything")
            while spoken.batches and answer.came is Came.REFUSED and answer.alert != PROTOCOL_VERSION:
                spoken.suites = list(spoken.batches.pop(0))
                full = self._offer(spoken, suites=spoken.suites, groups=spoken.groups, schemes=all_schemes())
                answer = yield from self._ask(full, f"{NAMES[version]}, the others")
            return answer
        short = self._offer(spoken, suites=spoken.suites[:BATCH], groups=spoken.groups, schemes=all_schemes())
        answer = yield from self._ask(full, f"{NAMES[version]}, everything", short)
        is_short = len(answer.hello.suites) <= BATCH + 2
        if (
            answer.came is Came.REFUSED
            and answer.alert != PROTOCOL_VERSION
            and not is_short
            and not self._long_answered
        ):
            answer = yield from self._ask(short, f"{NAMES[version]}, the likely ones")
            is_short = True
        elif answer.came is Came.ANSWERED and is_short:
            again = yield Question(_another_length(full), f"{NAMES[version]}, everything, once more", patient=False)
            assert again is not None
            if again.came is Came.ANSWERED:
                return again
        elif answer.came is Came.REFUSED and is_short and answer.alert != PROTOCOL_VERSION:
            for at in range(BATCH, len(spoken.suites), BATCH):
                part = spoken.suites[at : at + BATCH]
                hello = self._offer(spoken, suites=part, groups=spoken.groups, schemes=all_schemes())
                answer = yield from self._ask(hello, f"{NAMES[version]}, the others")
                if answer.came is not Came.REFUSED:
                    break
        if answer.came is Came.ANSWERED and is_short and answer.version == version:
            self._shape.long_lists = False
            _cut(spoken)
        if answer.came is Came.REFUSED and answer.alert in DISLIKES and self._shape.rich and version > SSL3:
            plain = msgspec.structs.replace(self._shape, rich=False)
            bare = self._hello(version, shielded(version, tuple(spoken.suites)), spoken.groups, all_schemes(), plain)
            answer = yield from self._ask(bare, f"{NAMES[version]}, few extensions")
            if answer.came is Came.ANSWERED:
                self._shape.rich = False
        return answer

    def _offer(
        self,
        spoken: _Spoken,
        *,
        suites: Sequence[int],
        groups: Sequence[int],
        schemes: Sequence[int],
        ordered: bool = False,
    ) -> Hello:
        """A hello of a version that offers these; `ordered`: the suites are in an order that must stay."""
        version = spoken.version
        if not ordered:
            suites = shielded(version, tuple(suites))
        return self._hello(version, suites, groups if version > SSL3 else None, schemes)

    def _good_groups(self, spoken: _Spoken) -> list[int]:
        """Groups with which every suite can be chosen that the server has: those of RFC 7919 only when it looks for them."""
        if spoken.version == TLS13:
            return list(all_groups(TLS13))
        negotiated = set(spoken.found_groups)
        return [it for it in all_groups(spoken.version) if it not in FINITE_FIELD_GROUPS or it in negotiated]

    def _together(self, spoken: _Spoken) -> Generator["Question | list[Line]", "Answer | None", bool]:
        """Remove from all lists at once while the server goes along; says whether the suites are known to be exhausted."""
        reduce_groups = spoken.version > SSL3
        reduce_schemes = self._full and spoken.version == TLS12
        version = spoken.version
        tries = [*spoken.to_bear]
        while spoken.suites:
            if version == TLS13 and len(spoken.found_suites) >= USUAL_TLS13_SUITES:
                return False
            hello = self._offer(
                spoken,
                suites=spoken.suites,
                groups=spoken.groups if reduce_groups else self._good_groups(spoken),
                schemes=spoken.schemes if reduce_schemes else all_schemes(),
            )
            answer = yield from self._tolerant(hello, f"{NAMES[version]}, what else", spoken, tries)
            if answer.came is not Came.ANSWERED or answer.version != version:
                reduced = (reduce_groups and spoken.found_groups) or (reduce_schemes and spoken.found_schemes)
                fields = version < TLS13 and not spoken.legacy_field and answer.groups & FINITE_FIELD_GROUPS
                return answer.came is not Came.FAILED and not (reduced or fields or spoken.batches)
            offered = set(spoken.suites)
            spoken.take(answer)
            if answer.suite not in offered:
                return False
            if reduce_groups and answer.group is None and spoken.found_groups:
                # No suite on a curve: likely none of the groups that are left will do. It stays on offer, for its place among
                # those on a curve was not seen.
                reduce_groups = False
                spoken.suites = [it for it in all_suites(version) if it in offered]
            elif reduce_schemes and answer.scheme is None and spoken.found_schemes:
                reduce_schemes = False
        return False

    def _suites_alone(self, spoken: _Spoken) -> Line:
        """The other suites, with groups and schemes restored, to the refusal that ends them.

        A server with two keys may choose the certificate before the suite (HAProxy does): where all that was found wants a
        key on a curve, the rest is asked for without any such suite and scheme.
        """
        schemes = all_schemes()
        while True:
            while spoken.suites:
                hello = self._offer(spoken, suites=spoken.suites, groups=self._good_groups(spoken), schemes=schemes)
                answer = yield from self._ask(hello, f"{NAMES[spoken.version]}, other suites")
                if answer.version != spoken.version:
                    break
                offered = set(spoken.suites)
                spoken.take(answer)
                if answer.suite not in offered:
                    break
            if spoken.batches:
                spoken.suites = list(spoken.batches.pop(0))
            elif schemes is all_schemes() and spoken.version < TLS13 and all(map(with_ecdsa, spoken.found_suites)):
                spoken.suites = [it for it in spoken.suites if not with_ecdsa(it)]
                schemes = _RSA_SCHEMES
            else:
                return

    def _curves_alone(self, spoken: _Spoken) -> Line:
        """The other groups, with suites that need one."""
        yield from self._curves_with(spoken, [*spoken.found_suites], spoken.certificate_curves, all_schemes())

    def _curves_of_rsa(self, spoken: _Spoken) -> Line:
        """The same at a server with two keys, where that on a curve does not stand in the way."""
        suites = [it for it in spoken.found_suites if not with_ecdsa(it)]
        yield from self._curves_with(spoken, suites, (), _RSA_SCHEMES)

    def _curves_with(
        self, spoken: _Spoken, found: Sequence[int], kept: tuple[int, ...], schemes: tuple[int, ...]
    ) -> Line:
        version = spoken.version
        while spoken.groups:
            suites = [it for it in found if version == TLS13 or on_curve(it)]
            left = [
                it for it in spoken.groups if it not in kept and (version == TLS13 or it not in FINITE_FIELD_GROUPS)
            ]
            suites = list(contrary(version, suites, ())) if version == TLS12 else suites
            hello = self._offer(spoken, suites=suites, groups=[*left, *kept], schemes=schemes, ordered=True)
            answer = yield from self._ask(hello, f"{NAMES[version]}, other groups")
            if answer.version != version:
                return
            if not spoken.take(answer):
                if not kept or answer.group not in kept:
                    return
                kept = ()

    def _fields_alone(self, spoken: _Spoken) -> Line:
        """The other groups of RFC 7919, with suites that use one."""
        while left := [it for it in spoken.groups if it in FINITE_FIELD_GROUPS]:
            suites = [it for it in spoken.found_suites if in_field(it)]
            hello = self._offer(spoken, suites=suites, groups=left, schemes=all_schemes())
            answer = yield from self._ask(hello, f"{NAMES[spoken.version]}, other finite fields")
            if answer.version != spoken.version or not spoken.take(answer):
                return

    def _schemes_alone(self, spoken: _Spoken) -> Line:
        """The other signature schemes, with suites whose key exchange is signed by a key that is on no curve.

        Of two keys each is asked by itself: a server may choose the suite first and then have no scheme for it (OpenSSL), or
        the key by the schemes and then have no suite for it (HAProxy).
        """
        yield from self._schemes_of(spoken, ecdsa=False)

    def _schemes_of_ecdsa(self, spoken: _Spoken) -> Line:
        """The same of a key on a curve."""
        yield from self._schemes_of(spoken, ecdsa=True)

    def _schemes_of(self, spoken: _Spoken, *, ecdsa: bool) -> Line:
        while True:
            ranked, groups = spoken.suite_order[1], spoken.group_order[1]
            two = any(map(with_ecdsa, ranked)) and not ecdsa
            schemes = [it for it in spoken.schemes if not two or it not in ECDSA_SCHEMES]
            if not schemes:
                return
            suites = contrary(TLS12, [it for it in ranked if signs(it) and with_ecdsa(it) is ecdsa], ())
            good = [it for it in spoken.certificate_curves if it not in groups]
            hello = self._offer(spoken, suites=suites, groups=[*groups[::-1], *good], schemes=schemes, ordered=True)
            answer = yield from self._ask(hello, "TLSv1.2, other signature schemes")
            if answer.version != TLS12:
                return
            spoken.take(answer)
            if answer.scheme not in schemes:
                return

    def _sslv2(self, first: Answer | None) -> Line:
        answer = first
        if answer is None:
            hello = self._hello(SSL2, all_suites(SSL2), None, None)
            answer = yield from self._ask(hello, "SSLv2")
        if answer.version == SSL2:
            spoken = self._spoken[SSL2] = _Spoken(SSL2, [], [], [])
            spoken.answers.append(answer)

    # -- whose order

    def _contrary(self, spoken: _Spoken, *, on_curves: bool = False, among: Sequence[int] | None = None) -> Hello:
        """A hello of what is known to be accepted, against the order of a server that has one."""
        version = spoken.version
        if version == SSL2:
            return self._hello(version, all_suites(SSL2), None, None)
        suites, groups = spoken.suite_order[1], spoken.group_order[1]
        refused = [it for it in all_suites(version) if it not in suites]
        if among is not None:
            suites = tuple(among)
        elif on_curves and version < TLS13:
            suites = tuple(it for it in suites if on_curve(it))
        curves = [it for it in spoken.certificate_curves if it not in groups]
        return self._offer(
            spoken,
            suites=contrary(version, suites, refused),
            groups=[*groups[::-1], *curves] or self._good_groups(spoken),
            schemes=all_schemes(),
            ordered=True,
        )

    def _orders(self, spoken: _Spoken) -> Line:
        """Whose order counts, and what the server's is where it was not seen on the way."""
        name = NAMES[spoken.version]
        for _ in range(2):
            if len(spoken.found_suites) > 1 and spoken.suite_order[0] is Order.UNKNOWN:
                hello = self._contrary(spoken)
            elif len(spoken.found_groups) > 1 and spoken.group_order[0] is Order.UNKNOWN:
                hello = self._contrary(spoken, on_curves=True)
            else:
                break
            answer = yield from self._ask(hello, f"{name}, in whose order")
            if answer.version != spoken.version:
                return
            spoken.take(answer)
        for _ in range(MOST_TIES):
            order, ranked = spoken.suite_order
            place = unproven(spoken.suite_choices, ranked)
            if order is not Order.SERVER or place is None:
                return
            hello = self._contrary(spoken, among=ranked[place:])
            answer = yield from self._ask(hello, f"{name}, which of these first")
            if answer.version != spoken.version:
                return
            spoken.take(answer)

    def _steady(self) -> _Spoken | None:
        """The newest version that is spoken: its questions are asked again at the end."""
        return self._spoken.get(max(self._spoken)) if self._spoken else None

    def _steady_hello(self) -> Hello:
        steady = self._steady()
        if steady is None:  # the first answer is all there is yet
            first = next(it for it in self.answers if it.came is Came.ANSWERED)
            return replace(first.hello, random=b"", session_id=_SESSION_ID if first.hello.session_id else b"")
        return self._contrary(steady)

    # -- the questions of a full look

    def _tolerant(self, hello: Hello, purpose: str, spoken: _Spoken, tries: list[str]) -> Asking:
        """Ask with something odd added, as long as there is something to try; when that brings no answer, ask without."""
        if not tries:
            return (yield from self._ask(hello, purpose))
        what = tries.pop(0)
        odd = _odd(hello, what)
        answer = yield Question(odd, f"{purpose} ({what})", patient=not self._silent)
        assert answer is not None
        if answer.came is Came.ANSWERED:
            spoken.to_bear.remove(what)
            return answer
        plain = yield from self._ask(hello, purpose)
        if (answer.came is Came.FAILED or _closed(answer)) and plain.came is Came.ANSWERED:
            again = replace(odd, pad_to=odd.pad_to + 40 if odd.pad_to else ANOTHER_BYTES)
            yield Question(again, f"{purpose} ({what}), once more", patient=False)
        if plain.came is Came.ANSWERED:
            spoken.to_bear.remove(what)
        return plain

    def _bears(self, spoken: _Spoken) -> Line:
        """What was not seen on the way, with what is known to be accepted."""
        hello = self._contrary(spoken)
        for what in spoken.to_bear:
            yield from self._ask(_odd(hello, what), f"{NAMES[spoken.version]} ({what})")

    def _extras(self) -> Iterable[Line]:
        old = [it for it in self._spoken if SSL2 < it < TLS13]
        if old and len([it for it in self._spoken if it > SSL2]) > 1:
            below = max(it for it in self._spoken if it != max(self._spoken))
            if below > SSL2:
                yield self._fallback(self._spoken[below])
        yield from (self._bears(it) for it in self._spoken.values() if it.to_bear)
        if not self._spoken or max(self._spoken) <= SSL3:
            return
        named = max((it for it in old if it > SSL3), default=TLS13)
        spoken = self._spoken[named]
        if self._name is not None:
            yield self._nameless(spoken)
            if named != TLS13:
                yield self._unknown_name(spoken)

    def _fallback(self, spoken: _Spoken) -> Line:
        hello = self._contrary(spoken)
        yield from self._ask(
            replace(hello, suites=(*hello.suites, FALLBACK_SCSV)), f"{NAMES[spoken.version]}, as a fallback"
        )

    def _nameless(self, spoken: _Spoken) -> Line:
        """Without a server name; below TLS 1.3 without groups, too, and with them when that is refused."""
        hello = replace(self._contrary(spoken), server_name=None)
        curves = any(on_curve(it) for it in spoken.found_suites)
        if spoken.version < TLS13 and curves:
            bare = replace(self._contrary(spoken, on_curves=True), server_name=None, groups=None, point_formats=False)
            answer = yield from self._ask(bare, f"{NAMES[spoken.version]}, no server name, no groups")
            if answer.came is Came.ANSWERED:
                return
        yield from self._ask(hello, f"{NAMES[spoken.version]}, no server name")

    def _unknown_name(self, spoken: _Spoken) -> Line:
        hello = replace(self._contrary(spoken), server_name=UNKNOWN_NAME)
        yield from self._ask(hello, f"{NAMES[spoken.version]}, unknown server name")


_SESSION_ID = bytes(32)
_RSA_SCHEMES = tuple(it for it in all_schemes() if it not in ECDSA_SCHEMES)


def _said_no(answer: Answer) -> bool:
    """Whether a protocol with STARTTLS was spoken, and it did not come to TLS."""
    return answer.ended is not None and answer.ended.reason is Reason.PROTOCOL_ERROR


def _shares(groups: Sequence[int]) -> tuple[tuple[int, bytes], ...]:
    return tuple(it for it in (X25519_SHARE, P256_SHARE) if it[0] in groups)


def _cut(spoken: _Spoken) -> None:
    """Ask for the suites of a version in batches."""
    left = spoken.suites
    spoken.batches = [tuple(left[at : at + BATCH]) for at in range(BATCH, len(left), BATCH)]
    spoken.suites = left[:BATCH]


def _closed(answer: Answer) -> bool:
    """Whether a hello was refused by the end of the connection alone."""
    return answer.came is Came.REFUSED and answer.alert is None and answer.flight.sslv2_error is None


def _another_length(hello: Hello) -> Hello:
    """The same question in another length, where a hello has room for padding."""
    if hello.version <= SSL3 or (hello.groups is None and not hello.supported_versions):
        return hello
    return replace(hello, pad_to=ANOTHER_BYTES if len(hello.suites) > BATCH else 700)


def _odd(hello: Hello, what: str) -> Hello:
    """The same question with something that a sound server does not mind."""
    if what == "deflate":
        return replace(hello, compression=(1, 0))
    if what == "version":
        return replace(hello, version=TLS13)
    return replace(hello, pad_to=LARGE_BYTES if what == "large" else MEDIUM_BYTES)


BEARS = {
    TLS13: ("large", "medium"),
    TLS12: ("version", "deflate"),
    TLS11: ("deflate",),
    TLS10: ("deflate",),
    SSL3: ("deflate",),
}
"""By version: a hello too large for one packet, one of 256 to 511 octets, a version that does not exist, compression."""
