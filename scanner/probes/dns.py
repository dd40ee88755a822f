"""DNS: one question to one resolver, and what a name resolves to (RFC 1034, 1035, 6761, 8914)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from scanner.cost import Cost
from scanner.estate import Redirection, redirected
from scanner.network import NetworkError
from scanner.observations.dns import Climb, DnsAnswer, Response
from scanner.observations.endpoint import Addresses, Resolution, Source
from scanner.observations.observation import Observation
from scanner.observations.steps import Reason, Unobserved
from scanner.parse.caa import climb
from scanner.parse.url import Url
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.profiles import Profile
from scanner.scope import canonical_address

if TYPE_CHECKING:
    import dns.message

SETTLED = frozenset({Reason.NO_ADDRESS, Reason.DNS_LOOP})
"""Failures that another resolver will not change; after any other the next one is asked, as stub resolvers do."""
MAX_RESOLVERS = 3
"""Resolvers asked for one name, as many as resolv.conf(5) knows."""
FILTERED = frozenset({4, 15, 16, 17, 18})
"""Extended errors (RFC 8914) of an answer made up or withheld on purpose: forged, blocked, censored, filtered, prohibited."""
MAX_RECORDS = 256
MAX_CNAMES = 12
EDNS_PAYLOAD = 1232
"""Octets; the size the DNS Flag Day 2020 agreed on to stay clear of fragmentation."""


class DnsQuery(Probe[DnsAnswer], frozen=True, tag="dns_query"):
    """One question to one resolver, over UDP and again over TCP when the answer was truncated."""

    name: str
    rdtype: str
    server: str
    port: int = 53

    shared = True

    def is_answered_by(self, observation: DnsAnswer) -> bool:
        """The same question to the same server."""
        asked = (self.name, self.rdtype, f"{self.server}:{self.port}")
        return asked == (observation.name, observation.rdtype, observation.server)

    def ceiling(self, profile: Profile) -> Cost:  # noqa: ARG002
        """UDP, one repetition, TCP."""
        return Cost(queries=3)

    async def observe(self, lab: Laboratory) -> DnsAnswer:
        """Ask; a silent resolver is asked twice, for one lost datagram is no fact about the name."""
        started, ticks = lab.now(), lab.ticks()
        outcome: Response | Unobserved
        try:
            outcome = await self._ask(lab)
        except NetworkError as error:
            outcome = self._failure(error.unobserved)
        return DnsAnswer(
            started=started,
            took_ms=lab.ticks() - ticks,
            name=self.name,
            rdtype=self.rdtype,
            server=f"{self.server}:{self.port}",
            outcome=outcome,
        )

    def _failure(self, why: Unobserved) -> Unobserved:
        """That a resolver is silent or away is no fact about the name, and must not read like one about the service."""
        asked = f"resolver {self.server}:{self.port}"
        if why.reason is Reason.TIMEOUT:
            return Unobserved(Reason.DNS_TIMEOUT, f"{asked}: {why.detail}")
        if why.reason in (Reason.REFUSED, Reason.RESET, Reason.CLOSED, Reason.UNREACHABLE):
            return Unobserved(Reason.DNS_UNREACHABLE, f"{asked}: {why.detail}")
        return why

    async def _ask(self, lab: Laboratory) -> Response:
        import dns.flags
        import dns.message

        query = dns.message.make_query(
            self.name,
            self.rdtype,
            use_edns=0,
            payload=EDNS_PAYLOAD,
            want_dnssec=True,
            flags=dns.flags.RD | dns.flags.AD,
        )
        message = query.to_wire()

        def answers_this(wire: bytes) -> bool:
            return len(wire) >= 12 and wire[:2] == message[:2] and bool(wire[2] & 0x80)

        server = (self.server, self.port)
        try:
            wire = await lab.gate.query(server, message, answers_this, lab.budget, stream=False)
        except NetworkError as error:
            if error.unobserved.reason is not Reason.TIMEOUT:
                raise
            wire = await lab.gate.query(server, message, answers_this, lab.budget, stream=False)
        truncated = bool(wire[2] & 0x02)
        if truncated:
            wire = await lab.gate.query(server, message, answers_this, lab.budget, stream=True)
        return _read(query, wire, truncated=truncated)


def _read(query: "dns.message.Message", wire: bytes, *, truncated: bool) -> Response:
    import dns.edns
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rcode
    import dns.rdatatype

    try:
        message = dns.message.from_wire(wire)
        if not query.is_response(message):
            raise NetworkError(Reason.DNS_MALFORMED, "the answer is to another question")
        if truncated and message.flags & dns.flags.TC:
            raise NetworkError(
                Reason.DNS_MALFORMED, "the answer is truncated over TCP too, so what is missing is not known"
            )
        answers = tuple(
            (
                rrset.name.to_text(omit_final_dot=True).lower(),
                dns.rdatatype.to_text(rrset.rdtype),
                record.to_text(),
            )
            for rrset in message.answer
            for record in rrset
        )[:MAX_RECORDS]
        ede = tuple(
            (int(option.code), (option.text or "")[:200])
            for option in message.options
            if isinstance(option, dns.edns.EDEOption)
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise NetworkError(Reason.DNS_MALFORMED, f"the answer cannot be read: {error}") from error
    return Response(
        rcode=dns.rcode.to_text(message.rcode()),
        authenticated=bool(message.flags & dns.flags.AD),
        truncated_udp=truncated,
        answers=answers,
        ede=ede,
        wire=wire,
    )


class Resolve(Probe[Resolution], frozen=True, tag="resolve"):
    """What a name resolves to, as people expect: the operator's wish, literal, localhost rule, hosts file, resolver.

    `named` is the address that the operator named for the service (--resolve, --connect-to); nobody is asked then.
    """

    host: str
    named: str = ""

    shared = True

    @classmethod
    def of(cls, url: Url, wishes: tuple[Redirection, ...]) -> Self:
        """The question for the name in a URL: to nobody when the operator named the address for it."""
        wish = redirected(wishes, url.host, url.port)
        return cls(host=url.host, named="" if wish is None else wish[0])

    def is_answered_by(self, observation: Resolution) -> bool:
        """The same name."""
        return observation.host == self.host

    def ceiling(self, profile: Profile) -> Cost:
        """A and AAAA, from every resolver in turn."""
        if self.named:
            return Cost()
        return DnsQuery(name=self.host, rdtype="A", server="").ceiling(profile).times(2 * MAX_RESOLVERS)

    async def observe(self, lab: Laboratory) -> Resolution:
        """Resolve; absence (NXDOMAIN, NODATA) and failure (SERVFAIL, time-out) are told apart."""
        started, ticks = lab.now(), lab.ticks()
        parts: tuple[str, ...] = ()
        outcome: Addresses | Unobserved | None = self._without_dns(lab)
        if outcome is None:
            outcome, parts = await self._by_dns(lab)
        return Resolution(started=started, took_ms=lab.ticks() - ticks, parts=parts, host=self.host, outcome=outcome)

    def _without_dns(self, lab: Laboratory) -> Addresses | None:
        if self.named:
            return Addresses((self.named,), Source.OPTION)
        try:
            return Addresses((str(canonical_address(self.host)),), Source.LITERAL)
        except ValueError:
            pass
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return Addresses(("127.0.0.1", "::1"), Source.LOCALHOST)
        if listed := lab.surroundings.hosts.get(self.host):
            return Addresses(listed, Source.HOSTS_FILE)
        return None

    async def _by_dns(self, lab: Laboratory) -> tuple[Addresses | Unobserved, tuple[str, ...]]:
        if not lab.surroundings.resolvers:
            return Unobserved(Reason.DNS_REFUSED, "no resolver is configured"), ()
        parts: list[str] = []
        addresses: list[str] = []
        failures: list[Unobserved] = []
        canonical = self.host
        for rdtype in ("A", "AAAA"):
            found: tuple[str, tuple[str, ...]] | Unobserved = Unobserved(Reason.DNS_TIMEOUT)
            for server, port in lab.surroundings.resolvers[:MAX_RESOLVERS]:
                record = await lab.observe(DnsQuery(name=self.host, rdtype=rdtype, server=server, port=port))
                parts.append(record.digest)
                found = records_of(record.observation, self.host, rdtype)
                if not (isinstance(found, Unobserved) and found.reason not in SETTLED):
                    break
            if isinstance(found, Unobserved):
                failures.append(found)
            else:
                canonical, addresses = found[0], addresses + list(found[1])
        untold = [failure for failure in failures if failure.reason is not Reason.NO_ADDRESS]
        if addresses:
            return Addresses(tuple(addresses), Source.RESOLVER, canonical, untold[0] if untold else None), tuple(parts)
        return (untold or failures)[0], tuple(parts)


class CaaClimb(Probe[Climb], frozen=True, tag="caa_climb"):
    """Where the CAA records of a name are: at the name itself, or at the first name above it that has any (RFC 8659 3).

    It stops at the first that has some, and at the first of which the resolvers do not tell.
    """

    host: str

    order = Order.CONTEXT
    shared = True

    def is_answered_by(self, observation: Climb) -> bool:
        """The same name."""
        return (observation.host, observation.rdtype) == (self.host, "CAA")

    def is_made_of(self, observation: Climb, parts: Sequence[Observation]) -> bool:  # noqa: ARG002
        """Questions about the name and the names above it, in this order and none left out."""
        asked = dict.fromkeys(it.name for it in parts if isinstance(it, DnsAnswer) and it.rdtype == "CAA")
        return tuple(asked) == tuple(climb(self.host))[: len(asked)]

    def ceiling(self, profile: Profile) -> Cost:
        """One question for each label, to every resolver in turn."""
        questions = len(climb(self.host)) * MAX_RESOLVERS
        return DnsQuery(name=self.host, rdtype="CAA", server="").ceiling(profile).times(questions)

    async def observe(self, lab: Laboratory) -> Climb:
        """Ask about one name after the other."""
        started, ticks = lab.now(), lab.ticks()
        parts: list[str] = []
        for name in climb(self.host):
            found: object = Unobserved(Reason.DNS_REFUSED)
            for server, port in lab.surroundings.resolvers[:MAX_RESOLVERS]:
                record = await lab.observe(DnsQuery(name=name, rdtype="CAA", server=server, port=port))
                parts.append(record.digest)
                found = records_of(record.observation, name, "CAA")
                if not (isinstance(found, Unobserved) and found.reason not in SETTLED):
                    break
            if not (isinstance(found, Unobserved) and found.reason is Reason.NO_ADDRESS):
                break
        return Climb(started=started, took_ms=lab.ticks() - ticks, parts=tuple(parts), host=self.host, rdtype="CAA")


class HttpsLookup(Probe[Climb], frozen=True, tag="https_lookup"):
    """The HTTPS records of a service (RFC 9460 9.1): at the name itself for port 443, below it for any other."""

    host: str
    port: int

    order = Order.CONTEXT
    shared = True

    @property
    def name(self) -> str:
        """The owner of the records."""
        return self.host if self.port == 443 else f"_{self.port}._https.{self.host}"

    def is_answered_by(self, observation: Climb) -> bool:
        """The same name."""
        return (observation.host, observation.rdtype) == (self.name, "HTTPS")

    def is_made_of(self, observation: Climb, parts: Sequence[Observation]) -> bool:  # noqa: ARG002
        """Questions about this name only."""
        return all(it.name == self.name for it in parts if isinstance(it, DnsAnswer) and it.rdtype == "HTTPS")

    def ceiling(self, profile: Profile) -> Cost:
        """One question, to every resolver in turn."""
        return DnsQuery(name=self.name, rdtype="HTTPS", server="").ceiling(profile).times(MAX_RESOLVERS)

    async def observe(self, lab: Laboratory) -> Climb:
        """Ask one resolver after the other until one tells."""
        started, ticks = lab.now(), lab.ticks()
        parts: list[str] = []
        for server, port in lab.surroundings.resolvers[:MAX_RESOLVERS]:
            record = await lab.observe(DnsQuery(name=self.name, rdtype="HTTPS", server=server, port=port))
            parts.append(record.digest)
            found = records_of(record.observation, self.name, "HTTPS")
            if not (isinstance(found, Unobserved) and found.reason not in SETTLED):
                break
        return Climb(started=started, took_ms=lab.ticks() - ticks, parts=tuple(parts), host=self.name, rdtype="HTTPS")


def records_of(answer: DnsAnswer, host: str, rdtype: str) -> tuple[str, tuple[str, ...]] | Unobserved:
    """The canonical name and the records an answer gives for `host`, walking its CNAMEs (RFC 1034 section 3.6.2).

    Records of other owners are passed over: a resolver may not add records for names nobody asked for. That there is none
    is NO_ADDRESS.
    """
    response = answer.outcome
    if isinstance(response, Unobserved):
        return response
    filters = [f"EDE {code} {text}".rstrip() for code, text in response.ede if code in FILTERED]
    if filters:
        return Unobserved(Reason.DNS_REFUSED, f"the resolver filters {host}: {'; '.join(filters)}")
    aliases = {owner: text.rstrip(".").lower() for owner, kind, text in response.answers if kind == "CNAME"}
    name = host
    for _ in range(MAX_CNAMES):
        found = tuple(text for owner, kind, text in response.answers if kind == rdtype and owner == name)
        if found:
            return name, found
        if name not in aliases:
            break
        name = aliases[name]
    else:
        return Unobserved(Reason.DNS_LOOP, f"{host}: more than {MAX_CNAMES} CNAME records, or a loop")
    if response.rcode == "NXDOMAIN":
        return Unobserved(Reason.NO_ADDRESS, f"NXDOMAIN: {name} does not exist")
    if response.rcode == "NOERROR" and not _answers_for_itself(response.wire):
        return Unobserved(
            Reason.DNS_REFUSED, f"a referral for {name}: the server neither recurses nor is authoritative"
        )
    if response.rcode == "NOERROR":
        return Unobserved(Reason.NO_ADDRESS, f"{name} has no {rdtype} record")
    causes = "; ".join(f"EDE {code} {text}".rstrip() for code, text in response.ede)
    reason = {"SERVFAIL": Reason.DNS_SERVFAIL, "REFUSED": Reason.DNS_REFUSED}.get(response.rcode, Reason.DNS_MALFORMED)
    return Unobserved(reason, f"{response.rcode} for {name} {rdtype}{f' ({causes})' if causes else ''}")


def _answers_for_itself(wire: bytes) -> bool:
    """Whether an empty answer means that there is nothing: AA or RA is set (RFC 2308 2.2), else it points elsewhere."""
    return bool(wire[2] & 0x04 or wire[3] & 0x80)
