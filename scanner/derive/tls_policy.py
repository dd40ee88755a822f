"""A TLS policy held against what was seen of a service: where the two differ, and what could not be told.

Pure: the same policy and the same facts give the same answer, years later too. Nothing is graver or milder here than the
policy's own grade; severities belong to checks.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from scanner.derive.acceptance import readable
from scanner.derive.tls_facts import (
    DhGroup,
    Preference,
    SentChain,
    Sessions,
    Spoken,
    Swept,
    TlsVersion,
    Undetermined,
)
from scanner.derive.tls_weakness import named_number
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.certificate import Certificate
from scanner.policies import Grade, Order, Origin, Rated, TlsPolicy, load_policy
from scanner.probes.tls.code_points import group as group_known
from scanner.probes.tls.code_points import group_name, group_number, signature_scheme_name, suite_name

__all__ = [
    "Deviation",
    "Grade",
    "Measured",
    "Order",
    "TlsPolicy",
    "Topic",
    "dh_name",
    "dh_rated",
    "groups_outside",
    "is_on_a_list",
    "judged_of",
    "key_deviation",
    "measure",
    "order_deviations",
    "policy_called",
    "preference_open",
    "schemes_seen",
    "suites_outside",
    "versions_of",
    "worse_first",
]

NOT_TOLD = Unobserved(Reason.INCONCLUSIVE, "the answers do not tell")


class Topic(StrEnum):
    """What a deviation is about."""

    VERSION = "version"
    SUITE = "suite"
    ORDER = "order"
    GROUP = "group"
    DH = "dh"
    SIGNATURE = "signature"
    KEY = "key"
    EXTENDED_MASTER_SECRET = "extended_master_secret"  # noqa: S105 - the name of an extension


class Deviation(Struct, frozen=True):
    """One thing that a service does and a policy grades below what it recommends.

    `name` is what it is called (a suite, a group, a size), `version` where it was seen, None where that makes no
    difference. `origin` is where the policy has it from; `detail`, in English, what was compared where the name does not say.
    """

    topic: Topic
    grade: Grade
    name: str
    origin: Origin
    version: TlsVersion | None = None
    detail: str = ""


class Measured(Struct, frozen=True):
    """A policy held against a service. `open` is what could not be told: where it stands, fewer deviations prove nothing."""

    policy: str
    edition: str
    digest: str
    deviations: tuple[Deviation, ...]
    open: tuple[Undetermined, ...]


def measure(policy: TlsPolicy, swept: Swept, sessions: Sessions | None = None) -> Measured:
    """Where a service differs from a policy. Versions that the policy calls insufficient are named once, as versions."""
    judged = judged_of(policy, swept)
    found = [
        *_versions(policy, swept),
        *(it for spoken in judged for it in _suites(policy, spoken)),
        *(it for spoken in judged for it in order_deviations(policy, spoken)),
        *_groups(policy, judged),
        *(it for spoken in judged for it in _dh(policy, spoken)),
        *_signatures(policy, judged, sessions),
        *_keys(policy, (*swept.chains, *(() if sessions is None else sessions.chains))),
        *_extended_master_secret(policy, swept),
    ]
    return Measured(
        policy=policy.name,
        edition=policy.edition,
        digest=policy.digest,
        deviations=tuple(dict.fromkeys(found)),
        open=tuple(_open(policy, swept, judged)),
    )


def is_on_a_list(policy: TlsPolicy, topic: Topic, name: str, version: TlsVersion | None = None) -> bool:
    """Whether a policy speaks of a deviation by name or by a rule, and not only of all that stands on none of its lists."""
    if topic is Topic.VERSION:
        return any(name in it.values for it in policy.versions)
    if topic is Topic.SUITE:
        return any(name in it.values and version in it.versions for it in policy.suites)
    if topic is Topic.GROUP or (topic is Topic.DH and _is_group(name, policy.dh.min_bits)):
        return any(name in it.values for it in policy.groups)
    return topic is not Topic.SIGNATURE or any(name in it.values for it in policy.schemes)


def _is_group(name: str, min_bits: int) -> bool:
    """Whether finite-field parameters of this name are judged as a named group: they are one, and large enough."""
    try:
        known = group_known(group_number(name))
    except KeyError:
        return False
    return known is not None and known.bits >= min_bits


def policy_called(name: str) -> TlsPolicy:
    """The policy of a name. Raises PolicyError, a ValueError, for one that is not there."""
    return load_policy(name)


def versions_of(policy: TlsPolicy) -> tuple[TlsVersion, ...]:
    """The versions that a policy does not call insufficient: in them suites and groups are judged."""
    return tuple(it for it in TlsVersion if policy.version(it).grade is not Grade.INSUFFICIENT)


def judged_of(policy: TlsPolicy, swept: Swept) -> tuple[Spoken, ...]:
    """What is spoken of these versions."""
    versions = versions_of(policy)
    return tuple(it for it in swept.spoken if it.version in versions)


def _versions(policy: TlsPolicy, swept: Swept) -> Iterator[Deviation]:
    for spoken in swept.spoken:
        rated = policy.version(spoken.version)
        if not rated.grade.is_inside:
            yield Deviation(Topic.VERSION, rated.grade, spoken.version, rated.origin, spoken.version)


def suites_outside(policy: TlsPolicy, spoken: Spoken) -> dict[int, Rated]:
    """The suites of a version that a policy does not recommend, in the order in which they stand there."""
    rated = {it: policy.suite(spoken.version, it) for it in spoken.suites}
    return {number: it for number, it in rated.items() if not it.grade.is_inside}


def _suites(policy: TlsPolicy, spoken: Spoken) -> Iterator[Deviation]:
    for number, rated in suites_outside(policy, spoken).items():
        yield Deviation(Topic.SUITE, rated.grade, suite_name(number), rated.origin, spoken.version)


def order_deviations(policy: TlsPolicy, spoken: Spoken) -> Iterator[Deviation]:
    """Whether suites outside a policy may be taken although client and server have one inside it.

    Where all suites are inside, or all outside, no order makes a difference.
    """
    outside = suites_outside(policy, spoken)
    if policy.order is Order.FREE or not outside or len(outside) == len(spoken.suites):
        return
    worst = Grade.PHASE_OUT
    if spoken.preference is Preference.CLIENT:
        name = f"{Preference.CLIENT} chooses"
        yield Deviation(Topic.ORDER, worst, name, policy.order_origin, spoken.version, "the client's order decides")
    elif spoken.preference is Preference.SERVER and (pair := worse_first(policy, spoken)) is not None:
        worse, better = map(suite_name, pair)
        detail = f"{worse} before {better}"
        yield Deviation(Topic.ORDER, worst, f"{Preference.SERVER} chooses", policy.order_origin, spoken.version, detail)


def worse_first(policy: TlsPolicy, spoken: Spoken) -> tuple[int, int] | None:
    """A suite outside a policy that the server puts before one inside it, and the latter; None when there is none."""
    outside = suites_outside(policy, spoken)
    for place, number in enumerate(spoken.suites):
        if number in outside:
            better = next((it for it in spoken.suites[place + 1 :] if it not in outside), None)
            return None if better is None else (number, better)
    return None


def groups_outside(policy: TlsPolicy, spoken: Iterable[Spoken]) -> dict[int, Rated]:
    """The named groups of these versions that a policy does not recommend."""
    rated = {number: policy.group(number) for it in spoken for number in it.groups}
    return {number: it for number, it in rated.items() if not it.grade.is_inside}


def _groups(policy: TlsPolicy, judged: Iterable[Spoken]) -> Iterator[Deviation]:
    for number, rated in groups_outside(policy, judged).items():
        yield Deviation(Topic.GROUP, rated.grade, group_name(number), rated.origin)


def dh_rated(policy: TlsPolicy, group: DhGroup) -> Rated:
    """What a policy thinks of finite-field parameters: of a named group as of that group, of any other by its size."""
    rule = policy.dh
    if group.bits < rule.min_bits:
        return Rated(Grade.INSUFFICIENT, rule.origin)
    if (number := named_number(group)) is not None:
        return policy.group(number)
    return Rated(Grade.INSUFFICIENT if rule.published_only else Grade.SUFFICIENT, rule.origin)


def dh_name(group: DhGroup) -> str:
    """What parameters are called: their name, or their size."""
    return group.name or f"DH-{group.bits}"


def _dh(policy: TlsPolicy, spoken: Spoken) -> Iterator[Deviation]:
    for group in spoken.dh:
        rated = dh_rated(policy, group)
        if not rated.grade.is_inside:
            yield Deviation(Topic.DH, rated.grade, dh_name(group), rated.origin, detail=f"{group.bits} bits")


def schemes_seen(judged: Iterable[Spoken], sessions: Sessions | None) -> tuple[int, ...]:
    """Every signature scheme that the server signed a handshake of these versions with, or one of its sessions."""
    more = () if sessions is None or isinstance(sessions.signature_schemes, Unobserved) else sessions.signature_schemes
    return tuple(dict.fromkeys([*(it for spoken in judged for it in spoken.signature_schemes), *more]))


def _signatures(policy: TlsPolicy, judged: Iterable[Spoken], sessions: Sessions | None) -> Iterator[Deviation]:
    for number in schemes_seen(judged, sessions):
        rated = policy.scheme(number)
        if not rated.grade.is_inside:
            yield Deviation(Topic.SIGNATURE, rated.grade, signature_scheme_name(number), rated.origin)


def _keys(policy: TlsPolicy, chains: Iterable[SentChain]) -> Iterator[Deviation]:
    for chain in chains:
        leaf = readable(chain.certificates[0]) if chain.certificates else None
        if leaf is not None and (deviation := key_deviation(policy, leaf)) is not None:
            yield deviation


def key_deviation(policy: TlsPolicy, leaf: Certificate) -> Deviation | None:
    """What a policy has against the size of a leaf's key; None for nothing, or for a key that cannot be read."""
    rule = policy.keys
    floors = {"rsa": rule.rsa_min_bits, "rsa-pss": rule.rsa_min_bits, "ec": rule.ec_min_bits}
    least = floors.get(leaf.key.kind)
    if leaf.key.bits is None or least is None or leaf.key.bits >= least:
        return None
    kind = "EC" if leaf.key.kind == "ec" else "RSA"
    name = f"{kind} {leaf.key.bits}"
    return Deviation(Topic.KEY, Grade.INSUFFICIENT, name, rule.origin, detail=f"at least {least} bits")


def _extended_master_secret(policy: TlsPolicy, swept: Swept) -> Iterator[Deviation]:
    needs = policy.needs
    if needs.extended_master_secret and swept.extended_master_secret is False:
        name = "extended_master_secret"
        yield Deviation(Topic.EXTENDED_MASTER_SECRET, Grade.INSUFFICIENT, name, needs.origin, detail="not supported")


def _open(policy: TlsPolicy, swept: Swept, judged: Iterable[Spoken]) -> Iterator[Undetermined]:
    for version in TlsVersion:
        found = swept.version(version)
        if isinstance(found, Unobserved):
            yield Undetermined(f"versions.{version}", found)
    for spoken in judged:
        for what, why in (
            ("suites", spoken.suites_short),
            ("groups", spoken.groups_short),
            ("signature_schemes", spoken.signature_schemes_short),
        ):
            if why is not None:
                yield Undetermined(f"{what}.{spoken.version}", why)
        if policy.order is not Order.FREE and spoken.preference is Preference.UNKNOWN:
            outside = len(suites_outside(policy, spoken))
            if 0 < outside < len(spoken.suites):
                yield Undetermined(f"preference.{spoken.version}", preference_open(swept, spoken))
    if policy.needs.extended_master_secret and isinstance(swept.extended_master_secret, Unobserved):
        yield Undetermined("extended_master_secret", swept.extended_master_secret)


def preference_open(swept: Swept, spoken: Spoken) -> Unobserved:
    """Why it is not known whose order decides in a version."""
    return swept.why(f"preference.{spoken.version}") or NOT_TOLD
