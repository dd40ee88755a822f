"""`pindai inspect`: one service looked at closely, without judgement and without keeping anything."""

from __future__ import annotations

import argparse
import re
import sys
import time

from scanner.cli.options import (
    CommandError,
    add_resolve_to,
    add_route,
    guarded,
    language_of,
    output_is_ascii,
    output_width,
    printable,
    write,
)
from scanner.locale.speech import say, spoken
from scanner.starttls import STARTTLS_PORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from scanner.cli.options import Commands
    from scanner.collector import Looked, Met
    from scanner.estate import Estate
    from scanner.inspection import Inspection, UnknownSeen
    from scanner.observations.endpoint import Endpoint
    from scanner.observations.observation import Observation
    from scanner.observations.steps import Unobserved
    from scanner.policies import TlsPolicy
    from scanner.probes.probe import Probe, Surroundings
    from scanner.profiles import Profile

FORMATS = ("table", "json")
USAGE_ERROR = 3
INCOMPLETE = 2


def add_to(commands: Commands) -> None:
    """The command and its kinds."""
    parser = commands.add_parser(
        "inspect",
        help=say("look at one service closely, without judgement"),
        description=say("Look at one service closely: facts, no judgement, nothing kept."),
    )
    kinds = parser.add_subparsers(dest="kind", metavar=say("WHAT"), required=True)
    tls = kinds.add_parser(
        "tls",
        help=say("show versions, suites, groups, certificates and more of a TLS service"),
        description=say(
            "Show what a TLS service speaks: versions, suites, groups, certificates and their paths, sessions, known "
            "weaknesses, and what could not be determined. Exit 0: seen; 2: not seen, or not to the end; 3: usage."
        ),
    )
    tls.add_argument("host", metavar=say("HOST[:PORT]"), help=say("a name or an address: localhost:8443, [::1]:443"))
    tls.add_argument("--sni", metavar=say("NAME"), help=say("ask for this server name; an empty one sends none"))
    tls.add_argument(
        "--starttls",
        choices=tuple(STARTTLS_PORTS),
        metavar=say("PROTOCOL"),
        help=say("begin TLS in this protocol: %(choices)s"),
    )
    tls.add_argument("--quick", action="store_true", help=say("versions, suites and groups only"))
    tls.add_argument(
        "--tls-policy",
        action="append",
        default=[],
        metavar=say("POLICY"),
        help=say("also hold it against this policy, which decides nothing (repeatable)"),
    )
    tls.add_argument("--format", choices=FORMATS, default="table", help=say("what standard output carries"))
    tls.add_argument(
        "--profile", metavar=say("NAME"), help=say("pace and time-outs: a profile's name, or a file.toml of your own")
    )
    add_route(tls)
    add_resolve_to(tls)
    tls.set_defaults(run=guarded(inspect_tls))


def inspect_tls(arguments: argparse.Namespace) -> int:
    """Look at one TLS service and show what was seen."""
    import asyncio

    from scanner.cli.estates import profile_for_typed
    from scanner.config_error import ConfigError
    from scanner.policies import PolicyError, load_policy
    from scanner.profiles import ProfileError, load_profile
    from scanner.surroundings import look_around

    try:
        policies = [load_policy(name) for name in dict.fromkeys(arguments.tls_policy)]
        estate = _estate(arguments)
        profile = load_profile(arguments.profile or profile_for_typed(estate))
    except ConfigError as error:
        raise CommandError(USAGE_ERROR, *error.problems) from error
    except (PolicyError, ProfileError) as error:
        raise CommandError(USAGE_ERROR, *str(error).splitlines()) from error
    if sys.stderr.isatty() and profile.pace.interval_ms:
        # Tens of connections at the pace of a profile take a while, in which nothing else is to be seen.
        wait = say(
            "looking at {host} at the pace of the profile {profile} ...", host=arguments.host, profile=profile.name
        )
        sys.stderr.write(f"pindai: {printable(wait)}\n")
    began = time.monotonic()
    looked = asyncio.run(_look(estate, profile, look_around(estate), _questions(arguments)))
    return _show(arguments, estate, looked, (time.monotonic() - began) * 1000, policies)


# -- what is asked


def _estate(arguments: argparse.Namespace) -> Estate:
    """An estate of the one service that was typed. Raises CommandError, ConfigError."""
    import msgspec

    from scanner.cli.estates import nameservers
    from scanner.config import estate_of_urls, load_anchors, redirections_of

    return msgspec.structs.replace(
        estate_of_urls([url_of(arguments.host, arguments.starttls)]),
        anchors=load_anchors(arguments.ca),
        nameservers=nameservers(arguments.nameserver),
        redirections=redirections_of(arguments.connect_to, arguments.resolve_to),
    )


def url_of(text: str, starttls: str | None) -> str:
    """The place that was typed, as a URL: a host, with a port or without, or an https URL. Raises CommandError."""
    from scanner.config import without_secrets
    from scanner.locale.details import detail_text
    from scanner.parse.url import UrlError, host_of, parse_url

    typed = text.strip()
    authority = typed.removeprefix("https://").partition("/")[0] if typed.startswith("https://") else typed
    try:
        if re.search(r"[/\\?#@]", authority):
            raise UrlError(say("neither a scheme, a user, a path nor a query belongs there"))
        alone = authority.count(":") > 1 and not authority.startswith("[")  # IPv6 without brackets has no port
        host = host_of(authority) if alone else ""  # of a mapped address the IPv4 one
        url = parse_url(f"https://{f'[{host}]' if ':' in host else host or authority}")
    except UrlError as error:
        raise CommandError(
            USAGE_ERROR,
            say(
                "{shown}: {error}; expected a host such as www.contoh.go.id, localhost:8443 or [2001:db8::1]:443",
                shown=without_secrets(text),
                error=detail_text(str(error), spoken()),
            ),
        ) from error
    named = not alone and re.search(r":[0-9]+$", authority)
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"https://{host}:{url.port if named else STARTTLS_PORTS.get(starttls or '', 443)}/"


def _questions(arguments: argparse.Namespace) -> Callable[[Endpoint], Sequence[Probe[Any]]]:
    """The probes for an endpoint: the sweep first, for the others ask only what it leaves open. Raises CommandError."""
    import msgspec

    from scanner.probes.tls.sessions import TlsSessions
    from scanner.probes.tls.sweep import TlsSweep
    from scanner.probes.tls.trials import TlsTrials
    from scanner.probes.trust import MOZILLA, OPERATOR, TrustAnchors

    sni, starttls = arguments.sni, arguments.starttls or ""
    name = _server_name(sni) if sni else None

    def ask(endpoint: Endpoint) -> Sequence[Probe[Any]]:
        sweep = TlsSweep.of(endpoint, starttls)
        if arguments.quick:
            sweep = msgspec.structs.replace(sweep, depth="enumeration")
        more = () if arguments.quick else (TlsSessions.of(endpoint, starttls), TlsTrials.of(endpoint, starttls))
        probes: tuple[Probe[Any], ...] = (sweep, *more)
        if sni is not None:
            probes = tuple(msgspec.structs.replace(probe, sni=name) for probe in probes)  # all three have it
        return (*probes, TrustAnchors(store=MOZILLA), TrustAnchors(store=OPERATOR))

    return ask


def _server_name(text: str) -> str:
    """A server name in canonical form. Raises CommandError."""
    from scanner.locale.details import detail_text
    from scanner.parse.url import UrlError, host_of

    try:
        return host_of(text)
    except UrlError as error:
        raise CommandError(USAGE_ERROR, f"--sni: {detail_text(str(error), spoken())}") from error


async def _look(
    estate: Estate, profile: Profile, surroundings: Surroundings, ask: Callable[[Endpoint], Sequence[Probe[Any]]]
) -> Looked | Unobserved:
    """Resolve the name and put the questions; why there is no address when there is none."""
    from scanner.collector import look_closely, resolve_only
    from scanner.observations.steps import Unobserved
    from scanner.plan import CANDIDATES, endpoints_of

    target = estate.targets[0]
    resolution = (await resolve_only(estate.targets, profile, surroundings))[target.id]
    endpoints = endpoints_of(target, resolution.outcome, estate.redirections, CANDIDATES)
    if isinstance(resolution.outcome, Unobserved) and not endpoints:
        return resolution.outcome
    return await look_closely(estate, endpoints, ask, _met, profile, surroundings)


def _met(observation: Observation) -> Met:
    """Whether a TLS service was heard, something else, or nobody."""
    from scanner.collector import Met
    from scanner.derive.tls_facts import Swept
    from scanner.derive.tls_fold import swept_of
    from scanner.observations.steps import Reason
    from scanner.observations.tls import TlsHellos

    if not isinstance(observation, TlsHellos):
        return Met.DEAF
    if isinstance(swept_of(observation), Swept):
        return Met.HEARD
    why = observation.failure
    unreached = why is not None and why.detail.startswith("no connection within")
    return Met.AWAY if why and (why.reason in (Reason.REFUSED, Reason.UNREACHABLE) or unreached) else Met.DEAF


# -- what is shown


def _show(
    arguments: argparse.Namespace,
    estate: Estate,
    looked: Looked | Unobserved,
    took_ms: float,
    policies: Sequence[TlsPolicy],
) -> int:
    """Write what was seen to standard output, and why nothing was to standard error. The exit code."""
    import msgspec

    from scanner.inspection import SERVICE
    from scanner.json_text import inert
    from scanner.locale.speech import Speaker
    from scanner.reports.inspection_text import inspection_text
    from scanner.reports.look import Look

    seen, is_whole = _inspected(arguments, estate, looked, took_ms, policies)
    failure = next((it for it in seen.unknown if it.what == SERVICE), None)
    if failure is not None:
        _tell(seen, failure)
    if arguments.format == "json":
        write([msgspec.json.format(inert(msgspec.json.encode(seen)), indent=2), b"\n"])
    elif failure is None:
        look = Look(output_width(), output_is_ascii(), colour=False)
        lines = inspection_text(seen, Speaker(language_of(arguments.lang)), look)
        write(f"{line}\n".encode("utf-8", "backslashreplace") for line in lines)
    return _exit_code(failure, is_whole)


def _inspected(
    arguments: argparse.Namespace,
    estate: Estate,
    looked: Looked | Unobserved,
    took_ms: float,
    policies: Sequence[TlsPolicy],
) -> tuple[Inspection, bool]:
    """The document, and whether every kind of question that was asked came to its end."""
    from datetime import UTC, datetime

    from scanner import __version__
    from scanner.inspection import CostSeen, Seen, facts_of, inspection_of, parts_of, stores_of, unseen
    from scanner.observations.endpoint import Endpoint, Source
    from scanner.observations.steps import Unobserved
    from scanner.observations.trust import TrustStore
    from scanner.probes.tls.sessions import TlsSessions
    from scanner.probes.tls.sweep import TlsSweep
    from scanner.probes.tls.trials import TlsTrials

    tool, url, starttls = f"Pindai {__version__}", estate.targets[0].parsed_url, arguments.starttls or ""
    if isinstance(looked, Unobserved):
        nowhere = Endpoint(url.host, url.port, "", Source.RESOLVER)
        nothing = CostSeen(0, 0, 0, 0, 0, took_ms, {})
        return unseen(nowhere, None, starttls, looked, tool, datetime.now(UTC), nothing), False
    by_kind = {type(probe): seen for probe, seen in looked.seen.items()}
    sweep, sessions, trials = (by_kind.get(kind) for kind in (TlsSweep, TlsSessions, TlsTrials))
    assert sweep is not None
    facts = facts_of(Seen(looked.endpoint, sweep, sessions, trials))
    asked = {"sweep": sweep, "sessions": sessions, "trials": trials}
    parts = {} if isinstance(facts, Unobserved) else parts_of(facts, {k: it.took_ms for k, it in asked.items() if it})
    cost = CostSeen(
        connections=looked.used.connections,
        ceiling=looked.ceiling.connections,
        dns_queries=looked.used.queries,
        sent_bytes=sum(it.sent_bytes for it in parts.values()),
        received_bytes=sum(it.received_bytes for it in parts.values()),
        took_ms=took_ms,
        parts=parts,
    )
    if isinstance(facts, Unobserved):
        sni = getattr(sweep, "sni", None)
        return unseen(looked.endpoint, sni, starttls, facts, tool, sweep.started, cost), False
    stores = stores_of(it for it in looked.seen.values() if isinstance(it, TrustStore))
    failed = [it for it in asked.values() if it is not None and getattr(it, "failure", None) is not None]
    return inspection_of(facts, stores, tool, cost, policies), not failed


def _exit_code(failure: UnknownSeen | None, is_whole: bool) -> int:
    """0 seen; 2 not seen, or not to the end; 3 where the scope let nothing out."""
    from scanner.observations.steps import Reason

    if failure is not None and failure.reason is Reason.OUT_OF_SCOPE:
        return USAGE_ERROR
    return 0 if is_whole else INCOMPLETE


def _tell(seen: Inspection, failure: UnknownSeen) -> None:
    """Why nothing was seen, on standard error."""
    from scanner.locale.details import detail_text
    from scanner.locale.reasons import reason_text

    at = seen.target
    host = f"[{at.host}]" if ":" in at.host else at.host
    where = f"{host}:{at.port}" + (f" ({at.address})" if at.address not in ("", at.host) else "")
    detail = f" ({detail_text(failure.detail, spoken())})" if failure.detail else ""
    reason = reason_text(failure.reason, spoken())
    line = say("{where}: nothing was seen: {reason}{detail}", where=where, reason=reason, detail=detail)
    sys.stderr.write(f"pindai: {printable(line)}\n")
