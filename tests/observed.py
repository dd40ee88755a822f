"""Observations with valid defaults, so that each test changes one thing, and the short way from them to findings.

Nothing here touches the network: what is built is what the collector would have stored.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pki

from scanner.cost import Cost
from scanner.estate import Estate, Target
from scanner.findings import Finding
from scanner.journal import Journal, Standing, TargetRecord
from scanner.judge import Judge
from scanner.needs import Place, Setting
from scanner.observations.dns import Climb, DnsAnswer, Response
from scanner.observations.endpoint import Addresses, Endpoint, Resolution, Source
from scanner.observations.http import Answer, Body, Connected, Exchange, Handshake, RedirectChain, Tries
from scanner.observations.observation import Observation, digest, encode
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_ech import EchTried
from scanner.observations.tls_quic import QuicTried
from scanner.observations.tls_sessions import TlsSessions as SessionsSeen
from scanner.observations.tls_trials import TlsTrials as TrialsSeen
from scanner.observations.trust import TrustStore
from scanner.parse.caa import climb
from scanner.plan import first_wave, resolving
from scanner.probes.dns import CaaClimb, HttpsLookup, Resolve
from scanner.probes.http.exchange import DescriptionExchange, FurtherPage, HttpExchange
from scanner.probes.http.walks import Reachability, Redirects
from scanner.probes.probe import Probe
from scanner.probes.tls.ech import TlsEch
from scanner.probes.tls.quic import TlsQuic
from scanner.probes.tls.sessions import TlsSessions
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trials import TlsTrials
from scanner.probes.trust import MOZILLA, TrustAnchors
from scanner.profiles import Profile, load_profile
from scanner.redaction import redact_text
from scanner.registry import Check, discover
from scanner.run import CheckUsed, Manifest, Run, Tool
from scanner.scope import Scope

SEEN = pki.NOW
HOST = "www.example.test"
ADDRESS = "192.0.2.10"
URL = f"https://{HOST}/"
PLAIN_URL = f"http://{HOST}/"
HSTS = "Strict-Transport-Security: max-age=31536000; includeSubDomains"
AGENT = "Pindai/test"
LOCAL = load_profile("local")
NO_TLS = NotApplicable("No TLS over plain HTTP", "Tanpa TLS pada HTTP biasa")


def target(id: str = "www", url: str = URL, **fields: Any) -> Target:
    """A web target on 443 with its plain twin on 80."""
    return Target(id=id, url=url, **{"http_port": 80, **fields})


@cache
def authority() -> tuple[pki.Entity, pki.Entity]:
    """A root that counts as publicly trusted in these tests, and its intermediate."""
    root = pki.root()
    return root, pki.intermediate(root)


@cache
def chain() -> tuple[bytes, ...]:
    """A chain that leads to `authority()`."""
    _, issuing = authority()
    return (pki.leaf(issuing).der, issuing.der)


def handshake(*sent: bytes, **fields: Any) -> Handshake:
    """A finished TLS 1.3 handshake; a sound chain when none is given."""
    defaults = {
        "version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "group": "x25519",
        "alpn": "http/1.1",
        "chain": sent or chain(),
        "staple": None,
        "sni": HOST,
        "ms": 5.0,
    }
    return Handshake(**{**defaults, **fields})


def head(*lines: str, status: int = 200) -> bytes:
    """A response head."""
    return "\r\n".join((f"HTTP/1.1 {status} Reason", *lines, "", "")).encode("latin-1")


def answer(*lines: str, status: int = 200, raw: bytes | None = None) -> Answer:
    """An answer with these header lines and an empty body."""
    body = Body(wire_bytes=0, length=0, sha256="e3b0c442", coding=None, ms=1.0)
    return Answer(status, head(*lines, status=status) if raw is None else raw, 3.0, body)


def exchange(*lines: str, url: str = URL, status: int = 200, **fields: Any) -> Exchange:
    """An exchange that went well, over TLS when the URL says so."""
    secure = url.startswith("https:")
    host = url.split("/")[2].partition(":")[0]
    defaults = {
        "started": SEEN,
        "took_ms": 12.0,
        "endpoint": Endpoint(host, 443 if secure else 80, ADDRESS, Source.RESOLVER),
        "method": "GET",
        "url": url,
        "attempt": 1,
        "connect": Connected(1.0),
        "tls": handshake() if secure else NO_TLS,
        "answer": answer(*lines, status=status),
    }
    return Exchange(**{**defaults, **fields})


def moved(location: str, *, url: str = PLAIN_URL, status: int = 301) -> Exchange:
    """An exchange whose answer is a redirect."""
    return exchange(f"Location: {location}", url=url, status=status)


def failed(step: str, reason: Reason, detail: str = "", *, url: str = URL) -> Exchange:
    """An exchange that stopped at a step: connect, tls or answer; the reason is that of the answer too."""
    why = Unobserved(reason, detail)
    secure = url.startswith("https:")
    tls = NO_TLS if not secure else Unobserved(Reason.PREREQUISITE) if step == "connect" else handshake()
    steps: dict[str, Any] = {"tls": tls, "answer": why, step: why}
    return exchange(url=url, **steps)


def resolved(*addresses: str, why: Unobserved | None = None, host: str = HOST) -> Resolution:
    """What a name resolved to, or why it did not."""
    outcome = why or Addresses(addresses or (ADDRESS,), Source.RESOLVER)
    return Resolution(started=SEEN, took_ms=2.0, host=host, outcome=outcome)


def dns_answer(name: str, rdtype: str, found: tuple[str, ...] | Unobserved, rcode: str = "NOERROR") -> DnsAnswer:
    """What a recursive resolver answered: records, none, or why it did not."""
    outcome = (
        found
        if isinstance(found, Unobserved)
        else Response(rcode, False, False, tuple((name, rdtype, text) for text in found), (), b"\0\0\x81\x80")
    )
    return DnsAnswer(started=SEEN, took_ms=1.0, name=name, rdtype=rdtype, server="192.0.2.53:53", outcome=outcome)


def trust_store(name: str, *anchors: bytes) -> TrustStore:
    """A store of these anchors."""
    return TrustStore(started=SEEN, took_ms=0.0, name=name, version="test", anchors=anchors)


@dataclass(frozen=True)
class Seen:
    """What one target showed, from resolution to the walk from plain HTTP. `walk_ended` is why the walk stopped."""

    resolution: Resolution = field(default_factory=resolved)
    home: Exchange = field(default_factory=lambda: exchange(HSTS))
    second_try: Exchange | None = None
    further: Mapping[str, Observation] = field(default_factory=dict)
    """What stands at further pages, by URL; pages not named answer as the home page does."""
    hops: tuple[Exchange, ...] = field(default_factory=lambda: (moved(URL), exchange(HSTS)))
    walk_next: str | None = None
    walk_ended: Unobserved | None = None
    public: tuple[bytes, ...] = field(default_factory=lambda: (authority()[0].der,))
    own: tuple[bytes, ...] = ()
    secure: Exchange | None = None
    """What the twin on port 443 answers when the target itself is known by plain HTTP."""
    caa: Mapping[str, tuple[str, ...] | Unobserved] = field(default_factory=dict)
    """CAA records by name, or why there is no answer; names not named have none."""
    documents: Mapping[str, tuple[Exchange, ...] | Unobserved] = field(default_factory=dict)
    """What an interface's places for its description lead to, by path, or why the walk stopped; others are not there."""

    def but(self, **changes: Any) -> "Seen":
        """The same with changes."""
        return replace(self, **changes)

    def of(self, probe: Probe[Any]) -> tuple[Observation, ...]:
        """What this probe saw, the observation filed under it first, its parts behind it."""
        match probe:
            case Resolve():
                return (msgspec.structs.replace(self.resolution, host=probe.host),)
            case TrustAnchors():
                return (trust_store(probe.store, *(self.public if probe.store == MOZILLA else self.own)),)
            case FurtherPage():
                page = self.further.get(probe.url, self.home)
                return (_answering(probe, page) if isinstance(page, Exchange) else page,)
            case HttpExchange():
                return (_answering(probe, self.home),)
            case CaaClimb():
                answers = tuple(self._caa_answers(probe.host))
                climb = Climb(started=SEEN, took_ms=0.0, parts=_digests(answers), host=probe.host, rdtype="CAA")
                return (climb, *answers)
            case Reachability() if self.secure is not None and probe.first.url.startswith("https:"):
                tries = (_answering(probe.first, self.secure),)
                return (Tries(started=SEEN, took_ms=0.0, parts=_digests(tries)), *tries)
            case Reachability():
                tries = (_answering(probe.first, self.home),)
                if self.second_try is not None:
                    again = msgspec.structs.replace(probe.first, attempt=probe.first.attempt + 1)
                    tries = (*tries, _answering(again, self.second_try))
                return (Tries(started=SEEN, took_ms=0.0, parts=_digests(tries)), *tries)
            case Redirects() if isinstance(probe.start, DescriptionExchange):
                return self._walk_to_document(probe.start)
            case Redirects():
                first = msgspec.structs.replace(
                    self.hops[0], endpoint=probe.start.endpoint, attempt=probe.start.attempt
                )
                hops = (first, *self.hops[1:])
                walk = RedirectChain(
                    started=SEEN,
                    took_ms=0.0,
                    parts=_digests(hops),
                    urls=tuple(hop.url for hop in self.hops),
                    next_url=self.walk_next,
                    ended=self.walk_ended,
                )
                return (walk, *hops)
            case HttpsLookup():
                return _no_https_record(probe)
            case TlsEch():
                lookup = _no_https_record(probe.lookup)[:1]
                tried = EchTried(
                    started=SEEN, took_ms=0.0, parts=_digests(lookup), endpoint=probe.endpoint, sni=probe.host
                )
                return (tried,)
            case TlsQuic():
                return (QuicTried(started=SEEN, took_ms=0.0, endpoint=probe.home.endpoint),)
            case TlsSweep():
                return (_unasked(TlsHellos, probe),)
            case TlsSessions():
                return (_unasked(SessionsSeen, probe),)
            case TlsTrials():
                return (_unasked(TrialsSeen, probe),)
        raise AssertionError(f"nothing stands for {probe}")

    def _walk_to_document(self, start: DescriptionExchange) -> tuple[Observation, ...]:
        found = self.documents.get("/" + start.url.split("/", 3)[3])
        hops = found if isinstance(found, tuple) else (exchange(status=404),)
        first = msgspec.structs.replace(hops[0], endpoint=start.endpoint, url=start.url)
        hops = (first, *hops[1:])
        walk = RedirectChain(
            started=SEEN,
            took_ms=0.0,
            parts=_digests(hops),
            urls=tuple(hop.url for hop in hops),
            ended=found if isinstance(found, Unobserved) else None,
        )
        return (walk, *hops)

    def _caa_answers(self, host: str) -> Iterator[DnsAnswer]:
        for name in climb(host):
            found = self.caa.get(name, ())
            yield dns_answer(name, "CAA", found)
            if found:
                return


def _no_https_record(probe: HttpsLookup) -> tuple[Observation, ...]:
    """The look-up of HTTPS records that are not there, and the answer that says so."""
    answer = dns_answer(probe.name, "HTTPS", ())
    found = Climb(started=SEEN, took_ms=0.0, parts=_digests((answer,)), host=probe.name, rdtype="HTTPS")
    return found, answer


def _unasked(kind: type[Any], probe: TlsSweep | TlsSessions | TlsTrials) -> Observation:
    """TLS of which nothing is known but the handshakes of exchanges; `observed_tls.SeenTls` says more."""
    observation: Observation = kind(
        started=SEEN,
        took_ms=0.0,
        endpoint=probe.endpoint,
        sni=probe.sni,
        starttls=probe.starttls,
        failure=Unobserved(Reason.NOT_ASKED, "no hello was sent"),
    )
    return observation


def _answering(probe: HttpExchange, seen: Exchange) -> Exchange:
    """What was seen, at the place and at the try that this probe asks for."""
    url = redact_text(probe.url)[0]
    found = msgspec.structs.replace(
        seen, endpoint=probe.endpoint, url=url, attempt=probe.attempt, credential=probe.credential
    )
    answer = found.answer
    if probe.sought and isinstance(answer, Answer) and isinstance(answer.body, Body) and not answer.body.sought:
        there = tuple(msgspec.structs.replace(it, found=True) for it in probe.sought)
        answer = msgspec.structs.replace(answer, body=msgspec.structs.replace(answer.body, sought=there))
    return msgspec.structs.replace(found, answer=answer)


def _digests(observations: Iterable[Observation]) -> tuple[str, ...]:
    return tuple(digest(encode(observation)) for observation in observations)


def manifest(
    targets: Sequence[Target],
    checks: Sequence[Check],
    *,
    profile: Profile = LOCAL,
    params: Mapping[str, dict[str, object]] | None = None,
    **estate: Any,
) -> Manifest:
    """What a run was asked to do."""
    return Manifest(
        run="20261101T120000-0000",
        started=SEEN,
        tool=Tool("0", "3", "test", 1),
        agent=AGENT,
        estate=Estate(**{"targets": tuple(targets), "scope": Scope(names=("*.test",)), **estate}),
        profile=profile,
        resolvers=(),
        checks=tuple(CheckUsed(check.id, check.version, (params or {}).get(check.id, {})) for check in checks),
    )


def new_journal(asked: Manifest, path: Path | None = None) -> Journal:
    """A journal that holds the manifest, in memory unless a path is given."""
    journal = Journal.in_memory() if path is None else Journal.create(path)
    journal.put_manifest(msgspec.json.encode(asked))
    return journal


def record(target_id: str) -> TargetRecord:
    """The record of a target that answered."""
    return TargetRecord(target_id, Standing.OBSERVED, SEEN, SEEN, Cost(1, 1, 2), Cost(9, 9, 9))


def commit(
    journal: Journal,
    target_id: str,
    filed: Mapping[Probe[Any], Observation],
    parts: Iterable[Observation] = (),
) -> None:
    """Store a target's observations as the collector would."""
    stored = {digest(encode(it)): encode(it) for it in (*filed.values(), *parts)}
    journal.commit(record(target_id), {probe.key: digest(encode(seen)) for probe, seen in filed.items()}, stored)


def judged(
    checks: Check | Sequence[Check],
    seen: Seen | Mapping[str, Seen] | None = None,
    *,
    of: Target | None = None,
    params: dict[str, object] | None = None,
) -> tuple[Finding, ...]:
    """The findings of these checks about what was seen of one target: in all, or by address."""
    wanted = (checks,) if isinstance(checks, Check) else tuple(checks)
    asked = of or target()
    by_address = seen if isinstance(seen, Mapping) else {ADDRESS: seen or Seen()}
    journal = new_journal(manifest([asked], wanted, params={check.id: params or {} for check in wanted}))
    whole = next(iter(by_address.values()))
    resolve = resolving(asked)
    filed: dict[Probe[Any], Observation] = {resolve: whole.of(resolve)[0]}
    parts: list[Observation] = []
    outcome = whole.resolution.outcome
    source = outcome.source if isinstance(outcome, Addresses) else Source.RESOLVER
    for address, one in by_address.items():
        endpoint = Endpoint(asked.parsed_url.host, asked.parsed_url.port, address, source)
        for probe in first_wave(wanted, Place(asked, Setting(AGENT), endpoint)):
            filed[probe], *more = one.of(probe)
            parts += more
    commit(journal, asked.id, filed, parts)
    try:
        return Judge(Run(journal), wanted).judge(asked.id)
    finally:
        journal.close()


@cache
def shipped() -> dict[str, Check]:
    """The checks that ship with Pindai."""
    return discover()


def said(findings: Iterable[Finding]) -> dict[str, str]:
    """Subject kind -> outcome key (`unknown: reason` for what could not be concluded)."""
    return {it.subject.kind: it.outcome if it.reason is None else f"{it.state}: {it.reason}" for it in findings}


def moment(text: str) -> datetime:
    """An aware time from its ISO form."""
    return datetime.fromisoformat(text)
