"""What other TLS policies would say of a run, from the same stored observations: shown beside the findings, and no finding.

Each service is held against each policy that was asked for. The policy that decides findings is a threshold of the checks;
what stands here decides nothing, whichever policy it is.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from scanner.derive.tls_facts import Sessions, Swept, TlsVersion
from scanner.derive.tls_fold import swept_of
from scanner.derive.tls_policy import Topic, is_on_a_list, measure
from scanner.derive.tls_sessions import sessions_of
from scanner.judge import Evidence
from scanner.locale.details import detail_text
from scanner.locale.printable import shortened, wrapped
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker, mark
from scanner.observations.observation import Crashed, Withheld
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_sessions import TlsSessions
from scanner.policies import Grade, OriginCertainty, TlsPolicy, is_from_memory, load_policy
from scanner.reports.look import Look
from scanner.run import Run

_SWEEPS, _SESSIONS = '{"probe":"tls_sweep"', '{"probe":"tls_sessions"'
"""How the keys begin under which they are filed."""
MAX_SERVICES = 10
MAX_NAMES = 2
MAX_SERVICE_CHARS = 120

GRADES = {
    Grade.PHASE_OUT: mark("phase out"),
    Grade.INSUFFICIENT: mark("insufficient"),
}
ON_NO_LIST = mark("on none of its lists")
"""Said instead of *insufficient* where a policy does not speak of the value itself."""
CERTAINTIES = {
    OriginCertainty.MEMORY: mark("from memory"),
    OriginCertainty.INFERENCE: mark("our inference"),
}
"""What is said beside a grade that nobody may quote as the document's; one that was read needs no word."""
NOT_TO_BE_QUOTED = mark("its lists are from memory: not to be quoted")
TOPICS = {
    Topic.VERSION: mark("version"),
    Topic.SUITE: mark("suite"),
    Topic.ORDER: mark("order of suites"),
    Topic.GROUP: mark("group"),
    Topic.DH: mark("finite-field group"),
    Topic.SIGNATURE: mark("signature"),
    Topic.KEY: mark("key"),
    Topic.EXTENDED_MASTER_SECRET: mark("extended master secret"),
}


class PolicyAsked(msgspec.Struct, frozen=True):
    """A policy that services were held against. `digest` is the SHA-256 of its values as they ship."""

    name: str
    edition: str
    digest: str


class DeviationTold(msgspec.Struct, frozen=True):
    """One thing that a service does and the policy grades below what it recommends.

    `version` is null where it makes no difference. `source` and `place` tell where the policy has it from, `certainty` how
    sure that is: never quote one without it.
    """

    topic: Topic
    grade: Grade
    name: str
    version: TlsVersion | None
    detail: str
    source: str
    place: str
    certainty: OriginCertainty


class StillOpen(msgspec.Struct, frozen=True):
    """What could not be told (`versions.SSLv3`, `suites.TLSv1.2`, ...), and why."""

    what: str
    reason: Reason
    detail: str


class HeldAgainst(msgspec.Struct, frozen=True):
    """One TLS service at one address, held against one policy. Where something is `open`, there may be more deviations.

    `service` is host and port, `starttls` the protocol that TLS is begun in, empty for none.
    """

    policy: str
    target: str
    service: str
    address: str
    starttls: str
    deviations: tuple[DeviationTold, ...]
    open: tuple[StillOpen, ...]


class PoliciesTold(msgspec.Struct, frozen=True):
    """What policies that decide nothing here would say of the TLS of all services."""

    policies: tuple[PolicyAsked, ...]
    services: tuple[HeldAgainst, ...]


def policies_told(run: Run, names: Iterable[str]) -> PoliciesTold:
    """Every TLS service of a run held against these policies. Raises PolicyError, AlteredError."""
    policies = [load_policy(name) for name in dict.fromkeys(names)]
    asked = tuple(PolicyAsked(it.name, it.edition, it.digest) for it in policies)
    return PoliciesTold(asked, tuple(_services(run, policies)))


def _services(run: Run, policies: Sequence[TlsPolicy]) -> Iterator[HeldAgainst]:
    evidence = Evidence(run.journal)
    for target, record in run.targets():
        if record is None or not policies:
            continue
        own = target.parsed_url.port
        filed = run.journal.filed(target.id)
        sweeps: dict[tuple[str, int, str, str], TlsHellos | Unobserved] = {}
        sessions: dict[tuple[str, int, str, str], Sessions] = {}
        for key, digest in filed.items():
            if not key.startswith((_SWEEPS, _SESSIONS)):
                continue
            observation = evidence.by_digest(digest)
            if isinstance(observation, TlsHellos):
                sweeps[_place(observation)] = observation
            elif isinstance(observation, TlsSessions):
                folded = sessions_of(observation)
                if isinstance(folded, Sessions):
                    sessions[_place(observation)] = folded
            elif isinstance(observation, Crashed | Withheld) and key.startswith(_SWEEPS):
                sweeps.setdefault((target.parsed_url.host, own, "", ""), observation.failure)
        for place in sorted(sweeps, key=lambda it: (it[1] != own, *it[1:])):
            host, port, address, starttls = place
            seen = sweeps[place]
            swept = swept_of(seen) if isinstance(seen, TlsHellos) else seen
            service = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            for policy in policies:
                yield _held(policy, target.id, service, address, starttls, swept, sessions.get(place))


def _place(seen: TlsHellos | TlsSessions) -> tuple[str, int, str, str]:
    return seen.endpoint.host, seen.endpoint.port, seen.endpoint.address, seen.starttls


def _held(
    policy: TlsPolicy,
    target: str,
    service: str,
    address: str,
    starttls: str,
    swept: Swept | Unobserved,
    sessions: Sessions | None,
) -> HeldAgainst:
    if isinstance(swept, Unobserved):
        why = StillOpen("service", swept.reason, swept.detail)
        return HeldAgainst(policy.name, target, service, address, starttls, (), (why,))
    measured = measure(policy, swept, sessions)
    return HeldAgainst(
        policy.name,
        target,
        service,
        address,
        starttls,
        tuple(
            DeviationTold(
                topic=it.topic,
                grade=it.grade,
                name=it.name,
                version=it.version,
                detail=it.detail,
                source="; ".join(source_of(policy, key) for key in it.origin.sources),
                place=it.origin.place,
                certainty=it.origin.certainty,
            )
            for it in measured.deviations
        ),
        tuple(StillOpen(it.what, it.why.reason, it.why.detail) for it in measured.open),
    )


def source_of(policy: TlsPolicy, key: str) -> str:
    """A document of a policy with its edition."""
    source = policy.sources[key]
    return f"{source.title} ({source.edition})"


# -- on a terminal


def policy_lines(told: PoliciesTold, language: str, look: Look, *, everything: bool = False) -> Iterator[bytes]:
    """A section a policy, after a line that says that it decides nothing; not too many services unless all are wanted."""
    speaker = Speaker(language)
    for policy in told.policies:
        services = [it for it in told.services if it.policy == policy.name]
        for line in _section(policy, services, speaker, look, everything=everything):
            yield line.encode("ascii" if look.ascii_only else "utf-8", "backslashreplace") + b"\n"


def _section(
    policy: PolicyAsked, services: Sequence[HeldAgainst], speaker: Speaker, look: Look, *, everything: bool
) -> Iterator[str]:
    yield ""
    title = speaker.say(
        "Held against {policy} {edition}: this decides nothing", policy=policy.name, edition=policy.edition
    )
    yield from wrapped(look.text(title), look.width)
    if is_from_memory(load_policy(policy.name)):
        yield from wrapped(look.text(speaker.say_marked(NOT_TO_BE_QUOTED)), look.width, first="  ", rest="  ")
    if not services:
        yield from wrapped(look.text(speaker.say("no TLS service was looked at")), look.width, first="  ", rest="  ")
    differing = sorted(services, key=lambda it: (not it.deviations, not it.open))
    shown = differing if everything else differing[:MAX_SERVICES]
    for it in shown:
        name = shortened(look.text(it.service), MAX_SERVICE_CHARS)
        address = f" ({it.address})" if it.address and len({one.address for one in services}) > 1 else ""
        lines = list(_lines(it, speaker, everything=everything))
        yield from wrapped(look.text(f"{name}{address}"), look.width, first="  ", rest="    ")
        for line in lines:
            yield from wrapped(look.text(line), look.width, first="    ", rest="      ")
    if len(differing) > len(shown):
        count = len(differing) - len(shown)
        more = speaker.say_count("{count} more service (--all)", "{count} more services (--all)", count)
        yield from wrapped(look.text(more), look.width, first="  ", rest="  ")


def _lines(held: HeldAgainst, speaker: Speaker, *, everything: bool) -> Iterator[str]:
    unseen = next((it for it in held.open if it.what == "service"), None)
    if unseen is not None:
        detail = f" ({detail_text(unseen.detail, speaker.language)})" if unseen.detail else ""
        yield speaker.say("nothing was seen: {reason}", reason=reason_text(unseen.reason, speaker.language)) + detail
        return
    policy = load_policy(held.policy)
    together: dict[tuple[Topic, str, str], list[str]] = {}
    for it in held.deviations:
        version = "" if it.version is None or it.topic is Topic.VERSION else f" {it.version}"
        detail = f" ({it.detail})" if it.detail else ""
        on_a_list = is_on_a_list(policy, it.topic, it.name, it.version)
        grade = grade_words(it.grade, speaker, on_a_list=on_a_list)
        if it.certainty in CERTAINTIES:
            grade += f" ({speaker.say_marked(CERTAINTIES[it.certainty])})"
        together.setdefault((it.topic, grade, version), []).append(f"{it.name}{detail}")
    for (topic, grade, version), names in together.items():
        shown = names if everything else names[:MAX_NAMES]
        more = f" (+{len(names) - len(shown)})" if len(names) > len(shown) else ""
        what = f"{speaker.say_marked(TOPICS[topic])}{version}"
        yield f"{grade}: {what}: {', '.join(shown)}{more}"
    if not held.deviations:
        yield speaker.say("no deviation seen")
    if held.open:
        what = ", ".join(dict.fromkeys(it.what for it in held.open))
        yield speaker.say("could not be told, so there may be more: {what}", what=what)


def grade_words(grade: Grade, speaker: Speaker, *, on_a_list: bool) -> str:
    """What a policy thinks of a value outside it; what it does not speak of is not called insufficient in its name."""
    unlisted = grade is Grade.INSUFFICIENT and not on_a_list
    return speaker.say_marked(ON_NO_LIST if unlisted else GRADES[grade])
