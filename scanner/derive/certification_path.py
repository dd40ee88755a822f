"""Certification paths: from the certificates a server sent to an anchor, or the reasons why there is none.

A library's verifier answers yes or no, and says the same for a missing intermediate and for an unknown root.
The owner of a service needs to know which certificate is at fault and how. So every path is built on names
and signatures alone (RFC 4158), the rules of RFC 5280 6.1 are applied to a path that is complete, and the
best path that was found is reported with everything that is wrong with it.

The validity of the leaf is kept apart: `LEAF_EXPIRED` never stops a path from being found, so that an expired
certificate in a sound chain and one in a broken chain read differently.

All is a pure function of the certificates, the stores and the time; neither the order in which certificates
stand in the chain nor the order of anchors in a store changes which path is found.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from msgspec import Struct

from scanner.derive.signature import Verdict, verify_signature
from scanner.parse.certificate import (
    ANY_PURPOSE,
    MAX_NAMES,
    SERVER_AUTH,
    Certificate,
    CertificateError,
    Name,
    NameConstraints,
    parse_certificate,
    subject_name,
)

MAX_DEPTH: Final = 10
"""Certificates in a path, leaf and anchor included; Firefox stops at eight."""
MAX_CANDIDATES: Final = 200
"""Issuers tried for one store; a chain that needs more is made to exhaust clients."""
MAX_SENT: Final = 64
MAX_DNS_NAME_CHARS: Final = 253
MAX_NAME_CHECKS: Final = 50_000
"""Names and constraints compared for one chain, in all; those beyond count as not allowed."""

WEAK_HASHES: Final = frozenset({"md2", "md4", "md5", "sha1"})


class Profile(StrEnum):
    """Whose rules a path to a store is held to."""

    PUBLIC = "public"
    """As browsers hold publicly trusted certificates: SAN and serverAuth present, a leaf that is no CA."""
    OPERATOR = "operator"
    """The operator's own anchors: what is absent restricts nothing, and any certificate can be an anchor."""


class PathReasonKind(StrEnum):
    """What can be wrong with a path; closed, so that every kind has a text."""

    NOTHING_SENT = "nothing_sent"
    UNPARSEABLE = "unparseable"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ROOT = "unknown_root"
    """The chain is complete up to a self-issued root (or a circle of authorities) that no store has."""
    MISSING_INTERMEDIATE = "missing_intermediate"
    """The issuer is neither sent nor an anchor. Whether it is an intermediate that should be sent, or a root
    that no store has, cannot be told without it."""
    BAD_SIGNATURE = "bad_signature"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    TOO_LONG = "too_long"
    SEARCH_LIMIT = "search_limit"
    """More candidates than are tried; a path may exist among the rest."""
    MALFORMED = "malformed"
    LEAF_EXPIRED = "leaf_expired"
    LEAF_NOT_YET_VALID = "leaf_not_yet_valid"
    EXPIRED_INTERMEDIATE = "expired_intermediate"
    NOT_YET_VALID_INTERMEDIATE = "not_yet_valid_intermediate"
    EXPIRED_ANCHOR = "expired_anchor"
    NOT_YET_VALID_ANCHOR = "not_yet_valid_anchor"
    NOT_A_CA = "not_a_ca"
    CA_AS_LEAF = "ca_as_leaf"
    PATH_LENGTH = "path_length"
    KEY_USAGE = "key_usage"
    EXTENDED_KEY_USAGE = "extended_key_usage"
    NAME_CONSTRAINTS = "name_constraints"
    NO_ALTERNATIVE_NAME = "no_alternative_name"
    UNKNOWN_CRITICAL = "unknown_critical"
    WEAK_SIGNATURE = "weak_signature"


LEAF_VALIDITY: Final = frozenset({PathReasonKind.LEAF_EXPIRED, PathReasonKind.LEAF_NOT_YET_VALID})
PROVE_NOTHING: Final = frozenset(
    {
        PathReasonKind.NOTHING_SENT,
        PathReasonKind.UNPARSEABLE,
        PathReasonKind.UNSUPPORTED_ALGORITHM,
        PathReasonKind.SEARCH_LIMIT,
    }
)
"""Reasons why none was found that leave open whether there is one."""


class PathReason(Struct, frozen=True):
    """One thing that is wrong, and the certificate it is about."""

    kind: PathReasonKind
    subject: str
    der_sha256: str
    index: int | None
    """Its place in the chain as sent; None for one that came from a store."""
    issuer: str | None = None
    """For `MISSING_INTERMEDIATE`, whose certificate is missing."""
    ca_issuers: tuple[str, ...] = ()
    """For `MISSING_INTERMEDIATE`, where some clients (not all) would fetch it and so heal the chain."""


class SentCertificate(Struct, frozen=True):
    """A certificate by its place in the chain as sent."""

    index: int
    subject: str
    linked: bool = False
    """It stands above the leaf by name and signature: part of another path (a cross-sign), not a stray."""


class PathResult(Struct, frozen=True):
    """The path that was found, or the nearest one and its faults; and how tidy the chain is as sent."""

    path: tuple[Certificate, ...]
    """Leaf to anchor; empty when no path holds. An expired leaf does not empty it."""
    anchor: str | None
    """The name of the store that holds the path's anchor."""
    profile: Profile | None
    reasons: tuple[PathReason, ...]
    """Most specific first. With a path, only `LEAF_VALIDITY` can stand here."""
    attempted: tuple[Certificate, ...]
    """The path, or the nearest to one, which `reasons` are about."""
    wrong_order: bool
    """The certificates of the path were not sent leaf first, each before its issuer (RFC 8446 4.4.2)."""
    unneeded: tuple[SentCertificate, ...]
    """Neither on the path, nor a root, nor a duplicate."""
    roots_sent: tuple[SentCertificate, ...]
    """Self-issued authorities, which a client has or does not trust."""
    duplicates: tuple[SentCertificate, ...]
    unparseable: tuple[int, ...]

    @property
    def leads_to_the_public(self) -> bool:
        """Whether it ends at an anchor that the public trusts, and not only the operator."""
        return bool(self.path) and self.profile is Profile.PUBLIC

    @property
    def issuer(self) -> Certificate | None:
        """The certificate above the leaf, as far as one was found."""
        above = (self.path or self.attempted)[1:2]
        return above[0] if above else None

    @property
    def kinds(self) -> frozenset[PathReasonKind]:
        """Give the reasons' kinds, for a check that asks about one of them."""
        return frozenset(reason.kind for reason in self.reasons)


class AnchorStore:
    """Trusted certificates, indexed once by subject; each is parsed when a chain first names it."""

    def __init__(self, name: str, anchors: Iterable[bytes], profile: Profile) -> None:
        self.name = name
        self.profile = profile
        self.unreadable = 0
        self._by_subject: dict[Name, list[bytes]] = {}
        self._parsed: dict[Name, tuple[Certificate, ...]] = {}
        self._digests: set[str] = set()
        for der in anchors:
            self._add(der)

    def __len__(self) -> int:
        return len(self._digests)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate.der_sha256 in self._digests

    def named(self, subject: Name) -> tuple[Certificate, ...]:
        """Give the anchors of this subject; one that cannot be parsed is left out."""
        known = self._parsed.get(subject)
        if known is None:
            if subject not in self._by_subject:
                return ()
            known = self._parsed[subject] = tuple(_readable(self._by_subject[subject]))
        return known

    def _add(self, der: bytes) -> None:
        digest = sha256(der).hexdigest()
        if digest in self._digests:
            return
        try:
            subject = subject_name(der)
        except CertificateError:
            self.unreadable += 1
            return
        self._digests.add(digest)
        self._by_subject.setdefault(subject, []).append(der)


def walk(sent: Sequence[Certificate | None], stores: Sequence[AnchorStore], at: datetime) -> PathResult:
    """Find a path from `sent[0]` to an anchor of the first store that has one, as of `at`.

    `sent` is the chain in the server's order, with None in the place of what could not be parsed.
    """
    unparseable = tuple(index for index, certificate in enumerate(sent) if certificate is None)
    leaf = sent[0] if sent else None
    if leaf is None:
        kind = PathReasonKind.UNPARSEABLE if sent else PathReasonKind.NOTHING_SENT
        reason = PathReason(kind, subject="", der_sha256="", index=0 if sent else None)
        return PathResult((), None, None, (reason,), (), False, (), (), (), unparseable)
    chain = _Chain(sent, at)
    attempts = (attempt for store in stores or (_NO_STORE,) for attempt in chain.attempts(leaf, store))
    nearest = next(attempts)
    for attempt in itertools.chain((nearest,), attempts):
        if attempt.holds:
            nearest = attempt
            break
        if attempt.score < nearest.score:
            nearest = attempt
    return _result(chain, nearest, stores, unparseable)


MAX_REMEMBERED: Final = 1024
_remembered: dict[tuple[str, str], Verdict] = {}
"""Whether an authority's certificate is signed with a key: the same few stand in the chains of all services."""


def _verified(pair: tuple[str, str], certificate: Certificate, issuer: Certificate) -> Verdict:
    """Check a signature, of one pair of authorities once."""
    if not certificate.is_ca:
        return verify_signature(certificate, issuer)
    verdict = _remembered.get(pair)
    if verdict is None:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        verdict = _remembered[pair] = verify_signature(certificate, issuer)
    return verdict


def _readable(ders: Iterable[bytes]) -> Iterator[Certificate]:
    for der in ders:
        try:
            yield parse_certificate(der)
        except CertificateError:
            continue


_NO_STORE: Final = AnchorStore("", (), Profile.OPERATOR)


class _Ending(NamedTuple):
    """Where one branch of the search stopped: at an anchor (no reason), or for a reason about the last."""

    path: tuple[Certificate, ...]
    reason: PathReasonKind | None


class _Attempt(NamedTuple):
    """A path that ended, with everything that is wrong with it."""

    path: tuple[Certificate, ...]
    store: AnchorStore | None
    reasons: tuple[PathReason, ...]
    score: tuple[int, int, int, str]

    @property
    def holds(self) -> bool:
        return self.store is not None and all(reason.kind in LEAF_VALIDITY for reason in self.reasons)


# The nearer an ending is to an anchor, the more its reasons say.
_RANKS: Final[dict[PathReasonKind | None, int]] = {
    None: 0,
    PathReasonKind.WEAK_SIGNATURE: 1,
    PathReasonKind.UNSUPPORTED_ALGORITHM: 2,
    PathReasonKind.TOO_LONG: 3,
    PathReasonKind.SELF_SIGNED: 4,
    PathReasonKind.UNKNOWN_ROOT: 4,
    PathReasonKind.BAD_SIGNATURE: 5,
    PathReasonKind.MISSING_INTERMEDIATE: 6,
    PathReasonKind.SEARCH_LIMIT: 7,
}


class _Chain:
    """One chain as sent: its certificates by subject, and what has been worked out about them so far."""

    def __init__(self, sent: Sequence[Certificate | None], at: datetime) -> None:
        self.at = at
        self.sent = sent
        self.first_index: dict[str, int] = {}
        self.exhausted = len(sent) > MAX_SENT
        self._by_subject: dict[Name, list[Certificate]] = {}
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        self._allowed: dict[tuple[str, str], bool] = {}
        self._budget = 0
        self._name_checks = MAX_NAME_CHECKS
        for index, certificate in enumerate(sent):
            if certificate is None or certificate.der_sha256 in self.first_index:
                continue
            self.first_index[certificate.der_sha256] = index
            if index < MAX_SENT:
                self._by_subject.setdefault(certificate.subject_name, []).append(certificate)

    def attempts(self, leaf: Certificate, store: AnchorStore) -> Iterator[_Attempt]:
        """Give every path towards `store`, in an order that depends on nothing but the certificates."""
        self._budget = MAX_CANDIDATES
        for ending in self._endings((leaf,), store):
            path = ending.path
            anchored = ending.reason is None
            reasons = [] if ending.reason is None else [self._dead_end(ending.reason, path[-1])]
            # What only browsers ask for says nothing about a chain that no browser's store knows.
            profile = store.profile if anchored else Profile.OPERATOR
            reasons += (
                self.reason(kind, certificate) for kind, certificate in self._broken_rules(path, anchored, profile)
            )
            unique = tuple(dict.fromkeys(reasons))
            faults = sum(reason.kind not in LEAF_VALIDITY for reason in unique)
            length = len(path) if anchored else -len(path)
            digests = "".join(certificate.der_sha256 for certificate in path)
            score = (_RANKS[ending.reason], faults, length, digests)
            yield _Attempt(path, store if anchored else None, unique, score)

    def reason(self, kind: PathReasonKind, certificate: Certificate) -> PathReason:
        """Say what is wrong with which certificate."""
        digest = certificate.der_sha256
        return PathReason(kind, certificate.subject, digest, self.first_index.get(digest))

    def above(self, leaf: Certificate) -> frozenset[str]:
        """Give the digests of all sent certificates that stand above `leaf` by name and signature."""
        self._budget = MAX_CANDIDATES
        reached = {leaf.der_sha256}
        waiting = [leaf]
        while waiting:
            certificate = waiting.pop()
            for issuer in self._by_subject.get(certificate.issuer_name, ()):
                if issuer.der_sha256 in reached or not self._spend():
                    continue
                if self._verify(certificate, issuer) is Verdict.VALID:
                    reached.add(issuer.der_sha256)
                    waiting.append(issuer)
        return frozenset(reached)

    def _endings(self, path: tuple[Certificate, ...], store: AnchorStore) -> Iterator[_Ending]:
        last = path[-1]
        if last in store:
            yield _Ending(path, None)
        continued = circular = unsupported = refused = False
        for issuer in self._candidates(last, store):
            if not self._spend():
                yield _Ending(path, PathReasonKind.SEARCH_LIMIT)
                return
            verdict = self._verify(last, issuer)
            if verdict is Verdict.UNSUPPORTED:
                unsupported = True
            elif verdict is Verdict.INVALID:
                refused |= not _other_key(last, issuer)
            elif _repeats(issuer, path):
                circular = True
            elif len(path) == MAX_DEPTH:
                continued = True
                yield _Ending(path, PathReasonKind.TOO_LONG)
            else:
                continued = True
                yield from self._endings((*path, issuer), store)
        if not continued:
            yield _Ending(path, self._stopped(path, circular, unsupported, refused))

    def _candidates(self, certificate: Certificate, store: AnchorStore) -> list[Certificate]:
        """Give the possible issuers by name, likely ones first.

        Key identifiers only sort (RFC 4158 3.5.12): a signature that verifies settles it, whatever they say.
        """
        found = {issuer.der_sha256: issuer for issuer in self._by_subject.get(certificate.issuer_name, ())}
        found.update((anchor.der_sha256, anchor) for anchor in store.named(certificate.issuer_name))
        if len(found) < 2:
            return list(found.values())
        return sorted(
            found.values(),
            key=lambda issuer: (
                issuer not in store,
                _other_key(certificate, issuer),
                not issuer.not_before <= self.at <= issuer.not_after,
                issuer.der_sha256,
            ),
        )

    def _spend(self) -> bool:
        self._budget -= 1
        self.exhausted |= self._budget < 0
        return self._budget >= 0

    def _verify(self, certificate: Certificate, issuer: Certificate) -> Verdict:
        pair = certificate.der_sha256, issuer.key.spki_sha256
        verdict = self._verdicts.get(pair)
        if verdict is None:
            verdict = self._verdicts[pair] = _verified(pair, certificate, issuer)
        return verdict

    def _stopped(
        self, path: tuple[Certificate, ...], circular: bool, unsupported: bool, refused: bool
    ) -> PathReasonKind:
        """Say why no issuer of the path's last certificate was found."""
        last = path[-1]
        if last.self_issued and self._signs_itself(last):
            return PathReasonKind.SELF_SIGNED if len(path) == 1 else PathReasonKind.UNKNOWN_ROOT
        if circular:
            return PathReasonKind.UNKNOWN_ROOT
        if unsupported:
            weak = last.signature.hash_name in WEAK_HASHES
            return PathReasonKind.WEAK_SIGNATURE if weak else PathReasonKind.UNSUPPORTED_ALGORITHM
        return PathReasonKind.BAD_SIGNATURE if refused else PathReasonKind.MISSING_INTERMEDIATE

    def _signs_itself(self, certificate: Certificate) -> bool:
        """Say whether a self-issued certificate signed itself; by key identifiers where it cannot be checked."""
        verdict = self._verify(certificate, certificate)
        if verdict is Verdict.UNSUPPORTED:
            return not _other_key(certificate, certificate)
        return verdict is Verdict.VALID

    def _dead_end(self, kind: PathReasonKind, last: Certificate) -> PathReason:
        reason = self.reason(kind, last)
        if kind is not PathReasonKind.MISSING_INTERMEDIATE:
            return reason
        fetchable = tuple(url for url in last.ca_issuers if url.lower().startswith(("http://", "https://")))
        return PathReason(
            kind, reason.subject, reason.der_sha256, reason.index, issuer=last.issuer, ca_issuers=fetchable
        )

    def _broken_rules(
        self, path: tuple[Certificate, ...], anchored: bool, profile: Profile
    ) -> Iterator[tuple[PathReasonKind, Certificate]]:
        yield from _broken_form(path, anchored)
        yield from _broken_authority(path, anchored)
        yield from _broken_purpose(path, profile)
        yield from self._broken_names(path, profile)
        yield from _broken_signature(path, anchored)
        yield from _broken_validity(path, anchored, self.at)

    def _broken_names(
        self, path: tuple[Certificate, ...], profile: Profile
    ) -> Iterator[tuple[PathReasonKind, Certificate]]:
        """Apply name constraints (RFC 5280 6.1.4 g), an anchor's own included, as OpenSSL and Go do."""
        if profile is Profile.PUBLIC and not path[0].has_san:
            yield PathReasonKind.NO_ALTERNATIVE_NAME, path[0]
        for place, authority in enumerate(path):
            constraints = authority.name_constraints
            if constraints is None:
                continue
            for below, certificate in enumerate(path[:place]):
                if below > 0 and certificate.self_issued:
                    continue
                pair = authority.der_sha256, certificate.der_sha256
                allowed = self._allowed.get(pair)
                if allowed is None:
                    affordable = self._spend_on_names(certificate, constraints)
                    allowed = self._allowed[pair] = affordable and _names_allowed(certificate, constraints)
                if not allowed:
                    yield PathReasonKind.NAME_CONSTRAINTS, certificate

    def _spend_on_names(self, certificate: Certificate, constraints: NameConstraints) -> bool:
        self._name_checks -= (
            len(certificate.dns_names)
            + len(certificate.ip_addresses)
            + len(certificate.directory_names or ())
            * len(constraints.permitted_directory + constraints.excluded_directory)
            + len(constraints.permitted_dns)
            + len(constraints.excluded_dns)
            + len(constraints.permitted_ip)
            + len(constraints.excluded_ip)
            + len(constraints.permitted_directory)
            + len(constraints.excluded_directory)
        )
        self.exhausted |= self._name_checks < 0
        return self._name_checks >= 0


def _other_key(certificate: Certificate, issuer: Certificate) -> bool:
    """Say whether the key identifiers are there and differ, so that another key of this name is meant."""
    asked, offered = certificate.authority_key_id, issuer.subject_key_id
    return asked is not None and offered is not None and asked != offered


def _repeats(issuer: Certificate, path: tuple[Certificate, ...]) -> bool:
    """Say whether the path already has this authority: this name with this key, in any certificate."""
    return any(
        issuer.key.spki_sha256 == certificate.key.spki_sha256 and issuer.subject_name == certificate.subject_name
        for certificate in path
    )


def _broken_form(path: tuple[Certificate, ...], anchored: bool) -> Iterator[tuple[PathReasonKind, Certificate]]:
    for certificate in path[:-1] if anchored and len(path) > 1 else path:
        if certificate.malformed:
            yield PathReasonKind.MALFORMED, certificate
        if certificate.unknown_critical:
            yield PathReasonKind.UNKNOWN_CRITICAL, certificate


def _broken_authority(path: tuple[Certificate, ...], anchored: bool) -> Iterator[tuple[PathReasonKind, Certificate]]:
    """Apply basic constraints and key usage (RFC 5280 6.1.4 k to n) to every certificate above the leaf.

    A root may lack basic constraints, as those of version 1 do; what it says, though, it is held to.
    """
    issued_below = 0
    for place, certificate in enumerate(path[1:], start=1):
        is_root = place == len(path) - 1 and (anchored or certificate.self_issued)
        if certificate.is_ca is False or (certificate.is_ca is None and not is_root):
            yield PathReasonKind.NOT_A_CA, certificate
        if certificate.key_usage is not None and "keyCertSign" not in certificate.key_usage:
            yield PathReasonKind.KEY_USAGE, certificate
        if certificate.path_length is not None and issued_below > certificate.path_length:
            yield PathReasonKind.PATH_LENGTH, certificate
        issued_below += not certificate.self_issued


_HANDSHAKE_USAGES: Final = frozenset({"digitalSignature", "keyEncipherment", "keyAgreement"})


def _broken_purpose(path: tuple[Certificate, ...], profile: Profile) -> Iterator[tuple[PathReasonKind, Certificate]]:
    """Ask every certificate that names purposes for serverAuth; under `PUBLIC` a leaf must name it."""
    leaf = path[0]
    if leaf.key_usage is not None and not leaf.key_usage & _HANDSHAKE_USAGES:
        yield PathReasonKind.KEY_USAGE, leaf
    if profile is Profile.PUBLIC:
        if leaf.is_ca:
            yield PathReasonKind.CA_AS_LEAF, leaf
        if SERVER_AUTH not in (leaf.extended_key_usage or ()):
            yield PathReasonKind.EXTENDED_KEY_USAGE, leaf
    for certificate in path:
        purposes = certificate.extended_key_usage
        if purposes is not None and not purposes & {SERVER_AUTH, ANY_PURPOSE}:
            yield PathReasonKind.EXTENDED_KEY_USAGE, certificate


def _broken_signature(path: tuple[Certificate, ...], anchored: bool) -> Iterator[tuple[PathReasonKind, Certificate]]:
    """Refuse old hashes below the anchor; nobody relies on a root's signature of itself."""
    for certificate in path[:-1] if anchored or path[-1].self_issued else path:
        if certificate.signature.hash_name in WEAK_HASHES:
            yield PathReasonKind.WEAK_SIGNATURE, certificate


def _broken_validity(
    path: tuple[Certificate, ...], anchored: bool, at: datetime
) -> Iterator[tuple[PathReasonKind, Certificate]]:
    for place, certificate in reversed(tuple(enumerate(path))):
        if certificate.not_before <= at <= certificate.not_after:
            continue
        early = at < certificate.not_before
        if place == 0:
            kind = PathReasonKind.LEAF_NOT_YET_VALID if early else PathReasonKind.LEAF_EXPIRED
        elif anchored and place == len(path) - 1:
            kind = PathReasonKind.NOT_YET_VALID_ANCHOR if early else PathReasonKind.EXPIRED_ANCHOR
        else:
            kind = PathReasonKind.NOT_YET_VALID_INTERMEDIATE if early else PathReasonKind.EXPIRED_INTERMEDIATE
        yield kind, certificate


def _names_allowed(certificate: Certificate, constraints: NameConstraints) -> bool:
    """Say whether every name of `certificate` is within `constraints`; one that cannot be judged is not."""
    if certificate.san_count > MAX_NAMES:
        return False
    if constraints.critical and constraints.unsupported & certificate.other_names:
        return False
    return (
        _directory_allowed(certificate, constraints)
        and _dns_allowed(certificate.dns_names, constraints)
        and _addresses_allowed(certificate.ip_addresses, constraints)
    )


def _directory_allowed(certificate: Certificate, constraints: NameConstraints) -> bool:
    permitted, excluded = constraints.permitted_directory, constraints.excluded_directory
    if not permitted and not excluded:
        return True
    if certificate.directory_names is None:
        return False
    names = certificate.directory_names
    if certificate.subject_name:
        names = (certificate.subject_name, *names)
    for name in names:
        if any(name[: len(base)] == base for base in excluded):
            return False
        if permitted and not any(name[: len(base)] == base for base in permitted):
            return False
    return True


def _dns_allowed(names: tuple[str, ...], constraints: NameConstraints) -> bool:
    if not names or not (constraints.permitted_dns or constraints.excluded_dns):
        return True
    permitted = frozenset(_folded(base) for base in constraints.permitted_dns)
    excluded = frozenset(_folded(base) for base in constraints.excluded_dns)
    # "*.b.c" stands for "a.b.c" too, so it is excluded where only "a.b.c" is.
    excluded_parents = frozenset(base.partition(".")[2] for base in excluded if "." in base.lstrip("."))
    for name in map(_folded, names):
        if len(name) > MAX_DNS_NAME_CHARS:
            return False
        bases = _bases(name)
        if permitted and permitted.isdisjoint(bases):
            return False
        if not excluded.isdisjoint(bases):
            return False
        if name.startswith("*.") and name[2:] in excluded_parents:
            return False
    return True


def _folded(name: str) -> str:
    return name.lower().removesuffix(".")


def _bases(name: str) -> set[str]:
    """Give every constraint that covers `name`: itself, each parent, and (as many write it) ".parent"."""
    bases = {"", name}
    rest = name
    while rest:
        _, dot, rest = rest.partition(".")
        if dot:
            bases.update((rest, "." + rest))
    return bases


def _addresses_allowed(addresses: tuple[bytes, ...], constraints: NameConstraints) -> bool:
    if not addresses or not (constraints.permitted_ip or constraints.excluded_ip):
        return True
    permitted, excluded = _networks(constraints.permitted_ip), _networks(constraints.excluded_ip)
    for address in addresses:
        if permitted and not _in_networks(address, permitted):
            return False
        if _in_networks(address, excluded):
            return False
    return True


def _networks(ranges: tuple[tuple[bytes, bytes], ...]) -> dict[tuple[int, int], set[int]]:
    """Group address ranges by length and mask, so that a lookup costs one step for each distinct mask."""
    networks: dict[tuple[int, int], set[int]] = {}
    for address, mask in ranges:
        bits = int.from_bytes(mask, "big")
        networks.setdefault((len(mask), bits), set()).add(int.from_bytes(address, "big") & bits)
    return networks


def _in_networks(address: bytes, networks: dict[tuple[int, int], set[int]]) -> bool:
    number = int.from_bytes(address, "big")
    return any(length == len(address) and number & mask in members for (length, mask), members in networks.items())


def _result(
    chain: _Chain, attempt: _Attempt, stores: Sequence[AnchorStore], unparseable: tuple[int, ...]
) -> PathResult:
    path = attempt.path
    reasons = attempt.reasons
    holds = attempt.holds
    if not holds:
        reasons += tuple(
            PathReason(PathReasonKind.UNPARSEABLE, subject="", der_sha256="", index=index) for index in unparseable
        )
        if chain.exhausted and not any(it.kind is PathReasonKind.SEARCH_LIMIT for it in reasons):
            reasons += (chain.reason(PathReasonKind.SEARCH_LIMIT, path[0]),)
    indexes = [chain.first_index[it.der_sha256] for it in path if it.der_sha256 in chain.first_index]
    unneeded, roots, duplicates = _sort_out(chain, path, stores)
    store = attempt.store if holds else None
    return PathResult(
        path=path if holds else (),
        anchor=store.name if store else None,
        profile=store.profile if store else None,
        reasons=reasons,
        attempted=path,
        wrong_order=indexes != sorted(indexes),
        unneeded=unneeded,
        roots_sent=roots,
        duplicates=duplicates,
        unparseable=unparseable,
    )


def _sort_out(
    chain: _Chain, path: tuple[Certificate, ...], stores: Sequence[AnchorStore]
) -> tuple[tuple[SentCertificate, ...], tuple[SentCertificate, ...], tuple[SentCertificate, ...]]:
    """Sort what a server need not have sent into unneeded certificates, roots and duplicates."""
    unneeded: list[SentCertificate] = []
    roots: list[SentCertificate] = []
    duplicates: list[SentCertificate] = []
    on_path = {certificate.der_sha256 for certificate in path}
    above: frozenset[str] | None = None
    for index, certificate in enumerate(chain.sent):
        if certificate is None or index == 0:
            continue
        digest = certificate.der_sha256
        if chain.first_index[digest] != index:
            duplicates.append(SentCertificate(index, certificate.subject, digest in on_path))
            continue
        linked = digest in on_path
        if not linked:
            above = chain.above(path[0]) if above is None else above
            linked = digest in above
        known = linked or any(certificate in store for store in stores)
        if certificate.self_issued and certificate.is_ca is not False and known:
            roots.append(SentCertificate(index, certificate.subject, linked))
        elif digest not in on_path:
            unneeded.append(SentCertificate(index, certificate.subject, linked))
    return tuple(unneeded), tuple(roots), tuple(duplicates)
