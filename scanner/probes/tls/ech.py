"""The probe for Encrypted Client Hello: the service's HTTPS record is looked up, and its configuration tried once."""

from scanner.cost import Cost
from scanner.network import NetworkError
from scanner.observations.dns import DnsAnswer
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls_ech import EchTried
from scanner.parse.https_record import HttpsRecord, parse_https_record
from scanner.probes.dns import MAX_RESOLVERS, SETTLED, DnsQuery, HttpsLookup, records_of
from scanner.probes.probe import Laboratory, Order, Probe
from scanner.probes.tls.client13 import Client13, Wish
from scanner.probes.tls.code_points import alert_name
from scanner.probes.tls.encrypted_hello import EchConfig, read_configs
from scanner.profiles import Profile

SHARES = (29, 23, 24)
"""Groups offered, each with a share: a server that asks for another hello is not followed."""
MAX_FLIGHT_BYTES = 98_304


class TlsEch(Probe[EchTried], frozen=True, tag="tls_ech"):
    """One handshake with an encrypted hello, where the HTTPS record of the service offers it."""

    host: str
    port: int
    address: str
    source: Source
    dial_port: int = 0

    order = Order.ENUMERATION

    @classmethod
    def of(cls, endpoint: Endpoint) -> "TlsEch":
        """The probe of the service at an endpoint, under the endpoint's own name."""
        return cls(
            host=endpoint.host,
            port=endpoint.port,
            address=endpoint.address,
            source=endpoint.source,
            dial_port=endpoint.dial_port,
        )

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""
        return Endpoint(self.host, self.port, self.address, self.source, self.dial_port)

    @property
    def lookup(self) -> HttpsLookup:
        """The question for the records."""
        return HttpsLookup(host=self.host, port=self.port)

    def is_answered_by(self, observation: EchTried) -> bool:
        """The same place and name."""
        return (observation.endpoint, observation.sni) == (self.endpoint, self.host)

    def ceiling(self, profile: Profile) -> Cost:
        """The look-up and one connection."""
        return self.lookup.ceiling(profile) + Cost(connections=1)

    async def observe(self, lab: Laboratory) -> EchTried:
        """Look up, and try the first configuration that we can use."""
        lookup = await lab.observe(self.lookup)
        texts = await record_texts(lab, self.lookup)
        started, ticks = lab.now(), lab.ticks()
        offer = first_offer(texts) if not isinstance(texts, Unobserved) else None
        client: Client13 | None = None
        ended = texts if isinstance(texts, Unobserved) else None
        if offer is not None:
            config = usable(offer[1])
            if isinstance(config, EchConfig):
                client = Client13(wish_of(self.host, config))
                ended = await self._shake(lab, client)
        seen = client is not None and len(client.flight) <= MAX_FLIGHT_BYTES
        return EchTried(
            started=started,
            took_ms=lab.ticks() - ticks,
            parts=(lookup.digest,),
            endpoint=self.endpoint,
            sni=self.host,
            record="" if offer is None else offer[0],
            inner=b"" if client is None else client.inner,
            flight=client.flight if client is not None and seen else b"",
            secret=client.secret if client is not None and seen else b"",
            finished=client is not None and client.is_finished,
            alert=None if client is None or client.alert is None else client.alert.description,
            ended=ended,
        )

    async def _shake(self, lab: Laboratory, client: Client13) -> Unobserved | None:
        try:
            first = client.start()
        except ValueError as error:
            return Unobserved(Reason.PROTOCOL_ERROR, f"the published key cannot be used: {error}")
        try:
            async with lab.gate.connection(self.endpoint, lab.budget) as (connection, deadline, _):
                async with deadline.phase(lab.profile.timeouts.tls_s, "end of the TLS handshake"):
                    connection.send(first)
                    while not client.is_finished and not client.is_over:
                        data = await connection.receive()
                        if not data:
                            return Unobserved(Reason.CLOSED, "the server closed the connection during the handshake")
                        connection.send(client.feed(data))
                if client.is_finished:
                    connection.send(client.close())
        except NetworkError as error:
            return error.unobserved
        if client.alert is not None and not client.is_finished:
            return Unobserved(Reason.TLS_ALERT, f"alert {alert_name(client.alert.description)}")
        return Unobserved(Reason.TLS_FAILED, client.problem) if client.problem else None


async def record_texts(lab: Laboratory, lookup: HttpsLookup) -> tuple[str, ...] | Unobserved:
    """The records, as the look-up found them: its questions are not asked twice."""
    found: tuple[str, tuple[str, ...]] | Unobserved = Unobserved(Reason.DNS_REFUSED, "no resolver is configured")
    for server, port in lab.surroundings.resolvers[:MAX_RESOLVERS]:
        record = await lab.observe(DnsQuery(name=lookup.name, rdtype="HTTPS", server=server, port=port))
        assert isinstance(record.observation, DnsAnswer)
        found = records_of(record.observation, lookup.name, "HTTPS")
        if not (isinstance(found, Unobserved) and found.reason not in SETTLED):
            break
    if not isinstance(found, Unobserved):
        return found[1]
    return () if found.reason is Reason.NO_ADDRESS else found


def first_offer(texts: tuple[str, ...]) -> tuple[str, HttpsRecord] | None:
    """The record of the best priority that offers ECH, with its text; records that cannot be read offer nothing."""
    found = []
    for text in texts:
        try:
            record = parse_https_record(text)
        except ValueError:
            continue
        if record.priority and record.ech is not None:
            found.append((record.priority, text, record))
    return min(found, key=lambda it: it[:2])[1:] if found else None


def usable(record: HttpsRecord) -> EchConfig | Unobserved | None:
    """The first configuration of a record that we can use; None where all are of other kinds, a reason for no list at all."""
    try:
        configs = read_configs(record.ech or b"")
    except ValueError as error:
        return Unobserved(Reason.DNS_MALFORMED, str(error))
    return configs[0] if configs else None


def wish_of(host: str, config: EchConfig) -> Wish:
    """The handshake that tries a configuration."""
    return Wish(server_name=host, alpn=("h2", "http/1.1"), groups=SHARES, shares=SHARES, ech=config)
