"""What `pindai inspect tls` shows of one TLS service, as a document with stable keys: facts, and no judgement.

A pure function of the facts folded from what was observed. Code points become IANA names here; a certificate that cannot be
read keeps its digest. What could not be told stands in `unknown` with the reason, and nowhere else as if it were a no.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from typing import TypeVar

from msgspec import Struct

from scanner.derive.acceptance import readable
from scanner.derive.certification_path import AnchorStore, PathResult, Profile, SentCertificate, walk
from scanner.derive.tls_facts import (
    NEVER_ASKED,
    ODDITIES,
    ClientCertificate,
    EarlyData,
    KeyExchange,
    Preference,
    Renegotiation,
    SentChain,
    Sessions,
    Spoken,
    Swept,
    TlsVersion,
    Trial,
    Trials,
    TrialState,
    Undetermined,
)
from scanner.derive.tls_fold import swept_of
from scanner.derive.tls_policy import Topic, measure
from scanner.derive.tls_sessions import sessions_of
from scanner.derive.tls_trials import trials_of
from scanner.derive.tls_weakness import AFTER_SSL2, first_open, is_open, spoken_in, suites_open
from scanner.observations.endpoint import Endpoint
from scanner.observations.observation import Crashed, Observation, Withheld
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions
from scanner.observations.tls_trials import TlsTrials
from scanner.observations.trust import TrustStore
from scanner.parse.certificate import MAX_NAMES, Certificate
from scanner.parse.der import DerError
from scanner.parse.identity import presented_identity_matches
from scanner.parse.ocsp import ResponseStatus, is_about, parse_ocsp
from scanner.policies import Grade, Origin, TlsPolicy
from scanner.probes.tls.code_points import (
    Exchange,
    Suite,
    extension_name,
    group_name,
    signature_scheme_name,
    ssl2_kind_name,
    suite,
    suite_name,
)
from scanner.probes.trust import OPERATOR

TLS_WITH_CBC = TlsVersion.TLS10, TlsVersion.TLS11, TlsVersion.TLS12
O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation
SCHEMA = "pindai-inspect-tls-1"
SERVICE = "service"
"""What is unknown when nothing was heard."""


class Place(Struct, frozen=True):
    """Which service was asked, where, and how TLS was begun there.

    `sni` is the server name that was sent, null for none. `starttls` is the protocol before TLS, empty for none, and
    `greeting` what the service said in it.
    """

    host: str
    port: int
    address: str
    source: str
    sni: str | None
    starttls: str = ""
    greeting: str = ""


class VersionSeen(Struct, frozen=True):
    """One version that the service speaks.

    Suites and groups stand in the server's order where the preference is `server`, else as they were chosen; they are all
    there are where `..._complete` is true. `compression` are the methods that it chose.
    """

    suites: tuple[str, ...]
    suites_complete: bool
    preference: Preference
    groups: tuple[str, ...]
    groups_complete: bool
    group_preference: Preference
    compression: tuple[str, ...]


class DhSeen(Struct, frozen=True):
    """A finite-field group as it was sent: `prime` and `generator` in hex, `name` null for one that is not published."""

    version: TlsVersion
    bits: int
    name: str | None
    prime: str
    generator: str
    suites: tuple[str, ...]


class KeySeen(Struct, frozen=True):
    """A public key: its kind (`rsa`, `ec`, `ed25519`, ...), its size, and the SHA-256 of its SPKI in hex."""

    kind: str
    bits: int | None
    curve: str | None
    spki_sha256: str


class CertificateSeen(Struct, frozen=True):
    """One certificate as sent. `readable` is false for one that cannot be parsed; then the digest is all there is."""

    sha256: str
    readable: bool
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    key: KeySeen | None = None
    signature: str = ""
    names: tuple[str, ...] = ()
    names_in_all: int = 0
    is_ca: bool | None = None
    must_staple: bool = False
    ocsp: tuple[str, ...] = ()
    ca_issuers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class ReasonSeen(Struct, frozen=True):
    """One thing that is wrong with a path: `index` is the certificate's place in the chain as sent, null for an anchor."""

    kind: str
    subject: str
    index: int | None
    issuer: str | None = None
    ca_issuers: tuple[str, ...] = ()


class Strays(Struct, frozen=True):
    """Certificates, by their place in the chain as sent, that no client needs to be sent, and whether the order is wrong."""

    wrong_order: bool
    unneeded: tuple[int, ...]
    roots: tuple[int, ...]
    duplicates: tuple[int, ...]


class PathSeen(Struct, frozen=True):
    """How a chain ends by the rules of one trust profile. `path` are subjects, leaf to anchor, empty when none holds.

    `reasons` say why there is none; with a path, only that the leaf's time is over or not yet come.
    """

    store: str
    holds: bool
    anchor: str | None
    path: tuple[str, ...]
    reasons: tuple[ReasonSeen, ...]
    tidiness: Strays


class Asked(Struct, frozen=True):
    """In answer to what a chain was sent: `name` is `own`, `none` or `unknown`."""

    name: str
    version: TlsVersion
    suite: str | None
    signature_scheme: str | None


class ChainSeen(Struct, frozen=True):
    """A leaf, the chain it was sent with, and how far that leads.

    `names_host` says whether the leaf is for the name that was asked for, null when its names cannot all be read. `paths` are
    by trust profile: `public` (Mozilla's anchors, the rules of browsers) and `operator` (those of --ca; null without any).
    """

    leaf: CertificateSeen | None
    chain: tuple[CertificateSeen, ...]
    names_host: bool | None
    paths: dict[str, PathSeen | None]
    sent_for: tuple[Asked, ...]


class StapleSeen(Struct, frozen=True):
    """An OCSP response that was stapled: what it says of which certificate, and its size."""

    leaf_sha256: str
    bytes: int
    status: str | None = None
    produced: datetime | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    problem: str = ""


class Ocsp(Struct, frozen=True):
    """Whether the service staples (null: not known), and the responders that its leaves name."""

    stapled: bool | None
    responders: tuple[str, ...]
    must_staple: bool
    staples: tuple[StapleSeen, ...]


class ResumptionSeen(Struct, frozen=True):
    """Whether a session was taken up again by a method (`session_id`, `ticket`, `psk`); null when that is not known."""

    version: TlsVersion
    method: str
    works: bool | None


class TicketSeen(Struct, frozen=True):
    """A ticket's life as announced, and its first octets in hex, which name the key in many servers."""

    version: TlsVersion
    lifetime_s: int
    key_name: str | None


class ResumptionFacts(Struct, frozen=True):
    """All about taking up sessions; `early_data_octets` is what tickets allow (null: not known or does not arise)."""

    methods: tuple[ResumptionSeen, ...]
    tickets: tuple[TicketSeen, ...]
    early_data_octets: int | None
    early_data_accepted: bool | None


class ClientCertificateSeen(Struct, frozen=True):
    """A certificate of ours was asked for: the authorities that would do, and how many more were named."""

    authorities: tuple[str, ...]
    more: int


class Features(Struct, frozen=True):
    """Answers to single questions. Null: the question does not arise, or its answer stands in `unknown`.

    `client_renegotiation` is about handshakes that the client began anew on one connection.
    """

    fallback_scsv: bool | None
    secure_renegotiation: bool | None
    client_renegotiation: Renegotiation | None
    extended_master_secret: bool | None
    encrypt_then_mac: bool | None
    heartbeat: bool | None
    alpn: tuple[str, ...] | None
    client_certificate: ClientCertificateSeen | None
    key_exchange_values: tuple[KeyExchange, ...]


class VulnerabilitySeen(Struct, frozen=True):
    """What is known of a weakness: `shown`, `not_shown`, `not_possible` (the service lacks what it needs), or `unknown`.

    Trials show some; others (`drown`, `freak`, `logjam`, `sweet32`, `beast`, `crime`) stand in what the service takes, and
    `detail` names it. That a weakness stands here is no judgement of how much it matters.
    """

    state: str
    detail: str = ""
    rounds: int = 0


class OdditySeen(Struct, frozen=True):
    """A way in which the service differs from what standards lead to expect; `means` is the key in a sentence."""

    key: str
    means: str
    detail: str


class UnknownSeen(Struct, frozen=True):
    """What could not be determined (`versions.SSLv3`, `suites.TLSv1.2`, `sessions`, ...), and why."""

    what: str
    reason: Reason
    detail: str


class DeviationSeen(Struct, frozen=True):
    """One thing the service does that a policy grades below what it recommends, and where the policy has that from."""

    topic: Topic
    grade: Grade
    name: str
    version: TlsVersion | None
    detail: str
    origin: Origin


class PolicySeen(Struct, frozen=True):
    """The service held against a policy, which decides nothing. `complete` is false where not all could be told."""

    edition: str
    digest: str
    deviations: tuple[DeviationSeen, ...]
    complete: bool


class Part(Struct, frozen=True):
    """What one part of the questions cost."""

    connections: int
    sent_bytes: int
    received_bytes: int
    took_ms: float


class CostSeen(Struct, frozen=True):
    """What was used of the network. `ceiling` is how many connections were allowed, `parts` are by kind of question."""

    connections: int
    ceiling: int
    dns_queries: int
    sent_bytes: int
    received_bytes: int
    took_ms: float
    parts: dict[str, Part]


class Inspection(Struct, frozen=True, kw_only=True):
    """One TLS service as it was seen."""

    schema: str = SCHEMA
    tool: str
    at: datetime
    target: Place
    versions: dict[TlsVersion, VersionSeen]
    refused: tuple[TlsVersion, ...]
    preference: dict[TlsVersion, Preference]
    dh: tuple[DhSeen, ...]
    signature_algorithms: dict[TlsVersion, tuple[str, ...]]
    extensions: dict[TlsVersion, tuple[str, ...]]
    certificates: tuple[ChainSeen, ...]
    ocsp: Ocsp
    resumption: ResumptionFacts
    features: Features
    vulnerabilities: dict[str, VulnerabilitySeen]
    oddities: tuple[OdditySeen, ...]
    unknown: tuple[UnknownSeen, ...]
    policies: dict[str, PolicySeen]
    cost: CostSeen


class Facts(Struct, frozen=True):
    """What an inspection is made from; sessions and trials may not have been seen, and say why."""

    endpoint: Endpoint
    swept: Swept
    sessions: Sessions | Unobserved = NEVER_ASKED
    trials: Trials | Unobserved = NEVER_ASKED
    greeting: str = ""


class Seen(Struct, frozen=True):
    """What was observed of a service; None for what was not asked, `Crashed` for what broke."""

    endpoint: Endpoint
    sweep: Observation
    sessions: Observation | None = None
    trials: Observation | None = None


def facts_of(seen: Seen) -> Facts | Unobserved:
    """The facts behind what was observed, or why no TLS service was heard."""
    hellos = _as(seen.sweep, TlsHellos)
    swept = hellos if isinstance(hellos, Unobserved) else swept_of(hellos)
    if isinstance(hellos, Unobserved) or isinstance(swept, Unobserved):
        return swept if isinstance(swept, Unobserved) else NEVER_ASKED
    sessions, trials = _as(seen.sessions, TlsSessions), _as(seen.trials, TlsTrials)
    return Facts(
        seen.endpoint,
        swept,
        sessions if isinstance(sessions, Unobserved) else sessions_of(sessions),
        trials if isinstance(trials, Unobserved) else trials_of(trials),
        hellos.greeting,
    )


def _as(observation: Observation | None, kind: type[O]) -> O | Unobserved:
    """An observation of this kind, or why it is none."""
    if isinstance(observation, kind):
        return observation
    return observation.failure if isinstance(observation, Crashed | Withheld) else NEVER_ASKED


def stores_of(stores: Iterable[TrustStore]) -> dict[str, AnchorStore]:
    """The stores that have anchors, by trust profile: Mozilla's is held to the rules of browsers."""
    profiles = ((Profile.OPERATOR if it.name == OPERATOR else Profile.PUBLIC, it) for it in stores if it.anchors)
    return {profile.value: AnchorStore(f"{it.name} ({it.version})", it.anchors, profile) for profile, it in profiles}


def inspection_of(
    facts: Facts,
    stores: Mapping[str, AnchorStore],
    tool: str,
    cost: CostSeen,
    policies: Sequence[TlsPolicy] = (),
) -> Inspection:
    """The document of one service; `stores` are by trust profile (`public`, `operator`)."""
    swept = facts.swept
    sessions = facts.sessions if isinstance(facts.sessions, Sessions) else Sessions()
    endpoint = facts.endpoint
    place = Place(
        endpoint.host,
        endpoint.port,
        endpoint.address,
        endpoint.source.value,
        swept.sni,
        swept.starttls,
        facts.greeting,
    )
    spoken = {it.version: it for it in sorted(swept.spoken, key=lambda it: -_rank(it.version))}
    chains = tuple(_chains(facts, stores))
    return Inspection(
        tool=tool,
        at=swept.at,
        target=place,
        versions={version: _version(it) for version, it in spoken.items()},
        refused=tuple(sorted(swept.refused, key=_rank)),
        preference={version: it.preference for version, it in spoken.items()},
        dh=tuple(_dh(spoken.values())),
        signature_algorithms={version: _schemes(it, sessions) for version, it in spoken.items()},
        extensions={version: tuple(map(extension_name, it.extensions)) for version, it in spoken.items()},
        certificates=chains,
        ocsp=_ocsp(facts, chains),
        resumption=_resumption(sessions),
        features=_features(swept, sessions),
        vulnerabilities=_vulnerabilities(facts),
        oddities=tuple(OdditySeen(it.key, ODDITIES.get(it.key, it.key), it.detail) for it in swept.oddities),
        unknown=tuple(_unknown(facts)),
        policies={it.name: _held_against(it, swept, sessions) for it in policies},
        cost=cost,
    )


def _held_against(policy: TlsPolicy, swept: Swept, sessions: Sessions) -> PolicySeen:
    measured = measure(policy, swept, sessions)
    deviations = (
        DeviationSeen(it.topic, it.grade, it.name, it.version, it.detail, it.origin) for it in measured.deviations
    )
    return PolicySeen(measured.edition, measured.digest, tuple(deviations), not measured.open)


def parts_of(facts: Facts, took_ms: Mapping[str, float]) -> dict[str, Part]:
    """What each kind of question used; `took_ms` by the same names."""
    parts: dict[str, Swept | Sessions | Trials | Unobserved] = {
        "sweep": facts.swept,
        "sessions": facts.sessions,
        "trials": facts.trials,
    }
    return {
        name: Part(it.connections, it.sent_bytes, it.received_bytes, took_ms.get(name, 0.0))
        for name, it in parts.items()
        if not isinstance(it, Unobserved)
    }


def unseen(
    endpoint: Endpoint, sni: str | None, starttls: str, why: Unobserved, tool: str, at: datetime, cost: CostSeen
) -> Inspection:
    """The same document where no TLS service was heard: everything is empty, and `unknown` says why under `service`."""
    swept = Swept(str(endpoint), at, sni, starttls, undetermined=(Undetermined(SERVICE, why),))
    return inspection_of(Facts(endpoint, swept, Sessions(), Trials()), {}, tool, cost)


SHORT_BLOCKS = frozenset({"3DES", "DES", "IDEA", "RC2", "SKIPJACK"})
LOGJAM_BITS = 1024
COMPRESSIONS = {0: "null", 1: "DEFLATE", 64: "LZS"}
"""Compression methods (RFC 3749, RFC 3943)."""


def _suites(version: TlsVersion, numbers: Iterable[int]) -> tuple[str, ...]:
    """Names of suites; those of SSLv2 are of another kind."""
    return tuple(map(ssl2_kind_name if version is TlsVersion.SSL2 else suite_name, numbers))


def _rank(version: TlsVersion) -> int:
    return list(TlsVersion).index(version)


def _version(spoken: Spoken) -> VersionSeen:
    return VersionSeen(
        suites=_suites(spoken.version, spoken.suites),
        suites_complete=spoken.suites_short is None,
        preference=spoken.preference,
        groups=tuple(map(group_name, spoken.groups)),
        groups_complete=spoken.groups_short is None,
        group_preference=spoken.group_preference,
        compression=tuple(COMPRESSIONS.get(it, f"0x{it:02X}") for it in spoken.compression),
    )


def _dh(spoken: Iterable[Spoken]) -> Iterator[DhSeen]:
    for version in spoken:
        for group in version.dh:
            suites = tuple(map(suite_name, group.suites))
            yield DhSeen(version.version, group.bits, group.name, group.prime.hex(), group.generator.hex(), suites)


def _schemes(spoken: Spoken, sessions: Sessions) -> tuple[str, ...]:
    """The schemes the service signed with: those of TLS 1.3 stand in what is encrypted, so whole handshakes show them."""
    schemes = spoken.signature_schemes
    if spoken.version is TlsVersion.TLS13 and not isinstance(sessions.signature_schemes, Unobserved):
        schemes = (*schemes, *sessions.signature_schemes)
    return tuple(dict.fromkeys(map(signature_scheme_name, schemes)))


# -- certificates


def _chains(facts: Facts, stores: Mapping[str, AnchorStore]) -> Iterator[ChainSeen]:
    """Every chain that was sent, each once: those for the service's own name first."""
    swept = facts.swept
    sessions = facts.sessions if isinstance(facts.sessions, Sessions) else Sessions()
    sent: list[tuple[str, SentChain]] = [("own", chain) for spoken in swept.spoken for chain in spoken.chains]
    sent += [("own", chain) for chain in sessions.chains]
    for name, chain in (("none", swept.for_no_name), ("unknown", swept.for_unknown_name)):
        if isinstance(chain, SentChain):
            sent.append((name, chain))
    alike: dict[tuple[bytes, ...], list[tuple[str, SentChain]]] = {}
    for name, chain in sent:
        alike.setdefault(chain.certificates, []).append((name, chain))
    reference = swept.sni or facts.endpoint.host
    for certificates, group in alike.items():
        asked = tuple(dict.fromkeys(_asked(name, chain) for name, chain in group))
        yield _chain(certificates, asked, reference, swept.at, stores)


def _asked(name: str, chain: SentChain) -> Asked:
    suite = None if chain.suite is None else _suites(chain.version, (chain.suite,))[0]
    scheme = None if chain.scheme is None else signature_scheme_name(chain.scheme)
    return Asked(name, chain.version, suite, scheme)


def _chain(
    ders: tuple[bytes, ...], asked: tuple[Asked, ...], reference: str, at: datetime, stores: Mapping[str, AnchorStore]
) -> ChainSeen:
    certificates = tuple(map(readable, ders))
    seen = tuple(_certificate(der, it) for der, it in zip(ders, certificates, strict=True))
    leaf = certificates[0] if certificates else None
    names_host = None
    if leaf is not None:
        names_host = presented_identity_matches(leaf.dns_names, leaf.ip_addresses, reference)
        if not names_host and leaf.san_count > MAX_NAMES:
            names_host = None
    return ChainSeen(
        leaf=seen[0] if seen else None,
        chain=seen,
        names_host=names_host,
        paths={
            name: _path(walk(certificates, (store,), at), store) if (store := stores.get(name)) is not None else None
            for name in ("public", "operator")
        },
        sent_for=asked,
    )


def _certificate(der: bytes, it: Certificate | None) -> CertificateSeen:
    if it is None:
        return CertificateSeen(sha256(der).hexdigest(), readable=False)
    return CertificateSeen(
        sha256=it.der_sha256,
        readable=True,
        subject=it.subject,
        issuer=it.issuer,
        serial=it.serial,
        not_before=it.not_before,
        not_after=it.not_after,
        key=KeySeen(it.key.kind, it.key.bits, it.key.curve, it.key.spki_sha256),
        signature=it.signature.name,
        names=(*it.dns_names, *map(_address, it.ip_addresses)),
        names_in_all=it.san_count,
        is_ca=it.is_ca,
        must_staple=it.must_staple,
        ocsp=it.ocsp_urls,
        ca_issuers=it.ca_issuers,
        problems=it.problems,
    )


def _address(octets: bytes) -> str:
    """An iPAddress of a certificate as text, in hex when it is none."""
    return str(ip_address(octets)) if len(octets) in (4, 16) else octets.hex()


def _path(result: PathResult, store: AnchorStore) -> PathSeen:
    def places(certificates: Sequence[SentCertificate]) -> tuple[int, ...]:
        return tuple(it.index for it in certificates)

    path = tuple(it.subject for it in result.path)
    return PathSeen(
        store=store.name,
        holds=bool(path),
        anchor=path[-1] if path else None,
        path=path,
        reasons=tuple(
            ReasonSeen(it.kind.value, it.subject, it.index, it.issuer, it.ca_issuers) for it in result.reasons
        ),
        tidiness=Strays(
            result.wrong_order, places(result.unneeded), places(result.roots_sent), places(result.duplicates)
        ),
    )


def _ocsp(facts: Facts, chains: Sequence[ChainSeen]) -> Ocsp:
    swept = facts.swept
    sessions = facts.sessions if isinstance(facts.sessions, Sessions) else Sessions()
    own = [chain.leaf for chain in chains if chain.leaf is not None and any(it.name == "own" for it in chain.sent_for)]
    sent = [chain for spoken in swept.spoken for chain in spoken.chains] + list(sessions.chains)
    staples = dict.fromkeys((chain.certificates, chain.staple or b"") for chain in sent if chain.staple)
    stapled = swept.staples if isinstance(swept.staples, bool) else None
    return Ocsp(
        stapled=True if staples else stapled,
        responders=tuple(dict.fromkeys(url for leaf in own for url in leaf.ocsp)),
        must_staple=any(leaf.must_staple for leaf in own),
        staples=tuple(_staple(certificates, staple) for certificates, staple in staples),
    )


def _staple(certificates: tuple[bytes, ...], staple: bytes) -> StapleSeen:
    """What a stapled response says of the leaf it came with, as it stands there: its signature is not checked here."""
    leaf = sha256(certificates[0]).hexdigest() if certificates else ""
    try:
        response = parse_ocsp(staple)
    except DerError as error:
        return StapleSeen(leaf, len(staple), problem=f"cannot be read: {error}")
    if response.status is not ResponseStatus.SUCCESSFUL:
        return StapleSeen(leaf, len(staple), problem=f"the responder answered {response.status.name.lower()}")
    own, issuer = (readable(it) for it in (*certificates[:2], *(b"",) * (2 - len(certificates[:2]))))
    about = [it for it in response.responses if own and issuer and is_about(it.cert_id, own, issuer)]
    if not about:
        problem = "for another certificate, or the issuer was not sent"
        return StapleSeen(leaf, len(staple), produced=response.produced_at, problem=problem)
    said = about[0]
    return StapleSeen(leaf, len(staple), said.status.value, response.produced_at, said.this_update, said.next_update)


# -- sessions, trials, and what is not known


def _resumption(sessions: Sessions) -> ResumptionFacts:
    early = sessions.early_data if isinstance(sessions.early_data, EarlyData) else EarlyData(0, None)
    known = isinstance(sessions.early_data, EarlyData)
    return ResumptionFacts(
        methods=tuple(
            ResumptionSeen(it.version, it.method.value, it.works if isinstance(it.works, bool) else None)
            for it in sessions.resumption
        ),
        tickets=tuple(TicketSeen(it.version, it.lifetime_s, it.key_name) for it in sessions.tickets),
        early_data_octets=early.max_octets if known else None,
        early_data_accepted=early.accepted if isinstance(early.accepted, bool) else None,
    )


def _features(swept: Swept, sessions: Sessions) -> Features:
    renegotiated = sessions.renegotiation
    asked_for = swept.client_certificate or sessions.client_certificate
    return Features(
        fallback_scsv=_known(swept.fallback_scsv),
        secure_renegotiation=_known(swept.secure_renegotiation),
        client_renegotiation=renegotiated if isinstance(renegotiated, Renegotiation) else None,
        extended_master_secret=_known(swept.extended_master_secret),
        encrypt_then_mac=_known(swept.encrypt_then_mac),
        heartbeat=_known(swept.heartbeat),
        alpn=None if isinstance(sessions.alpn, Unobserved) else sessions.alpn,
        client_certificate=None if asked_for is None else _client_certificate(asked_for),
        key_exchange_values=(*swept.key_exchanges, *sessions.key_exchanges),
    )


def _known(value: bool | Unobserved | None) -> bool | None:
    return value if isinstance(value, bool) else None


def _client_certificate(asked: ClientCertificate) -> ClientCertificateSeen:
    return ClientCertificateSeen(asked.authorities, asked.more)


def _vulnerabilities(facts: Facts) -> dict[str, VulnerabilitySeen]:
    """What trials showed, and what the lists of suites, versions and DH groups show without any trial."""
    made = {trial.key: trial for trial in (facts.trials.made if isinstance(facts.trials, Trials) else ())}
    heard = facts.swept.why(SERVICE) is None
    listed = {it.key: it for it in _listed(facts.swept)} if heard else {}
    if heard and "poodle" not in made:
        made["poodle"] = _untried_padding(facts)
    keys = dict.fromkeys((*made, *listed))
    return {key: _vulnerability(_gravest([it for it in (listed.get(key), made.get(key)) if it])) for key in keys}


def _untried_padding(facts: Facts) -> Trial:
    """What is known of padding in TLS where no trial was made: without CBC there is none, else nothing is known."""
    why = suites_open(facts.swept, TLS_WITH_CBC)
    if why is None and _taken(facts.swept, TLS_WITH_CBC, _in_blocks):
        why = facts.trials if isinstance(facts.trials, Unobserved) else NEVER_ASKED
    return Trial("poodle", why or TrialState.NOT_POSSIBLE)


def _gravest(trials: Sequence[Trial]) -> Trial:
    """Of what a list shows and what a trial showed: that it is shown, that it is not known, that it was tried."""
    order = (TrialState.SHOWN, None, TrialState.NOT_SHOWN, TrialState.NOT_POSSIBLE)
    return min(trials, key=lambda it: order.index(None if isinstance(it.state, Unobserved) else it.state))


def _listed(swept: Swept) -> Iterator[Trial]:
    """Weaknesses that are seen in what a service takes: shown by one of it, not possible when all of it is known.

    What counts is what the checks `tls.vulnerability.*` and `tls.compression` count; a test holds the two together.
    """
    ssl2 = [TlsVersion.SSL2.value] if isinstance(swept.version(TlsVersion.SSL2), Spoken) else []
    # Another service may speak SSLv2 with the same RSA key, which nothing seen here rules out.
    without_rsa = suites_open(swept, AFTER_SSL2) is None and _without_rsa_key(swept)
    yield _shown("drown", ssl2, is_open(swept, TlsVersion.SSL2), possible=not without_rsa)
    ssl3, open_ssl3 = _taken(swept, (TlsVersion.SSL3,), _in_blocks), suites_open(swept, (TlsVersion.SSL3,))
    yield _shown("poodle", [f"SSLv3: {it}" for it in ssl3], open_ssl3)
    gaps = suites_open(swept, AFTER_SSL2)
    yield _shown("freak", _taken(swept, AFTER_SSL2, lambda it: it.export and it.exchange is Exchange.RSA), gaps)
    export = _taken(swept, AFTER_SSL2, lambda it: it.export and it.with_finite_field)
    groups = dict.fromkeys(dh for spoken in spoken_in(swept, AFTER_SSL2) for dh in spoken.dh)
    weak = [dh.name or f"DH-{dh.bits}" for dh in groups if dh.bits < LOGJAM_BITS + (dh.name is not None)]
    field = _taken(swept, AFTER_SSL2, lambda it: it.with_finite_field)
    yield _shown("logjam", [*export, *weak], gaps, possible=bool(field or groups))
    yield _shown("sweet32", _taken(swept, AFTER_SSL2, lambda it: it.cipher in SHORT_BLOCKS), gaps)
    old = TlsVersion.SSL3, TlsVersion.TLS10
    yield _shown("beast", _taken(swept, old, _in_blocks), suites_open(swept, old))
    compressing = {COMPRESSIONS.get(it, f"0x{it:02X}") for spoken in swept.spoken for it in spoken.compression if it}
    yield _shown("crime", sorted(compressing), first_open(swept, AFTER_SSL2), possible=True)


def _without_rsa_key(swept: Swept) -> bool:
    """Whether every certificate of the service's own is known to have a key other than RSA."""
    leaves = [readable(it.certificates[0]) if it.certificates else None for it in swept.chains]
    return bool(leaves) and all(it is not None and not it.key.kind.startswith("rsa") for it in leaves)


def _taken(swept: Swept, versions: tuple[TlsVersion, ...], is_meant: Callable[[Suite], bool]) -> list[str]:
    """Names of the suites of these versions that are meant, each once."""
    numbers = dict.fromkeys(it for spoken in spoken_in(swept, versions) for it in spoken.suites)
    return [it.name for number in numbers if (it := suite(number)) is not None and is_meant(it)]


def _in_blocks(it: Suite) -> bool:
    return it.mode == "CBC"


def _shown(key: str, found: Sequence[str], gap: Unobserved | None, *, possible: bool = False) -> Trial:
    """Shown by the first of what was found; else not known while there is a gap; else not possible, unless it may be."""
    if not found:
        return Trial(key, gap or (TrialState.NOT_SHOWN if possible else TrialState.NOT_POSSIBLE))
    return Trial(key, TrialState.SHOWN, f"{found[0]} (+{len(found) - 1})" if len(found) > 1 else found[0])


def _vulnerability(trial: Trial) -> VulnerabilitySeen:
    state = "unknown" if isinstance(trial.state, Unobserved) else trial.state.value
    return VulnerabilitySeen(state, trial.detail, trial.rounds)


def _unknown(facts: Facts) -> Iterator[UnknownSeen]:
    """Each thing that could not be determined, once."""
    found: dict[str, Unobserved] = {}
    for what, why in _gaps(facts):
        found.setdefault(what, why)
    for what, why in found.items():
        yield UnknownSeen(what, why.reason, why.detail)


def _gaps(facts: Facts) -> Iterator[tuple[str, Unobserved]]:
    swept, sessions, trials = facts.swept, facts.sessions, facts.trials
    yield from _told(swept.undetermined)
    if swept.why(SERVICE) is not None:
        return
    for version in TlsVersion:
        if isinstance(why := swept.version(version), Unobserved):
            yield f"versions.{version}", why
    for spoken in swept.spoken:
        for what in ("suites", "groups", "signature_schemes"):
            if (why := getattr(spoken, f"{what}_short")) is not None:
                yield f"{what}.{spoken.version}", why
    for what in FEATURES_OF_SWEEP:
        if isinstance(why := getattr(swept, what), Unobserved):
            yield what, why
    if isinstance(sessions, Unobserved):
        yield "sessions", sessions
    else:
        yield from _told(sessions.undetermined)
        yield from _untold_sessions(sessions)
    if isinstance(trials, Unobserved):
        yield "vulnerabilities", trials
    else:
        for trial in trials.made:
            if isinstance(trial.state, Unobserved):
                yield f"vulnerabilities.{trial.key}", trial.state


FEATURES_OF_SWEEP = (
    *("fallback_scsv", "secure_renegotiation", "extended_master_secret", "encrypt_then_mac", "heartbeat", "staples"),
    *("for_no_name", "for_unknown_name"),
)
"""Fields of Swept that are an answer, or why there is none."""


def _told(undetermined: Iterable[Undetermined]) -> Iterator[tuple[str, Unobserved]]:
    return ((it.what, it.why) for it in undetermined)


def _untold_sessions(sessions: Sessions) -> Iterator[tuple[str, Unobserved]]:
    for what in ("early_data", "renegotiation", "alpn", "signature_schemes"):
        if isinstance(why := getattr(sessions, what), Unobserved):
            yield what, why
    for it in sessions.resumption:
        if isinstance(it.works, Unobserved):
            yield f"resumption.{it.version}.{it.method}", it.works
    early = sessions.early_data
    if isinstance(early, EarlyData) and isinstance(early.accepted, Unobserved):
        yield "early_data.accepted", early.accepted
