"""Encrypted Client Hello: what the HTTPS record of a service offers, and whether the server keeps it."""

from enum import StrEnum

from msgspec import Struct

from scanner.needs import Fact, Place, derived, parts_of
from scanner.observations.dns import Climb, DnsAnswer
from scanner.observations.endpoint import Source
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.observations.tls_ech import EchTried
from scanner.parse.https_record import HttpsRecord, parse_https_record
from scanner.probes.dns import HttpsLookup, records_of
from scanner.probes.tls.ech import TlsEch, usable
from scanner.probes.tls.encrypted_flight import messages, read_encrypted_flight
from scanner.probes.tls.encrypted_hello import EchConfig, accepts
from scanner.probes.tls.key_schedule import SUITES

NO_HELLO = Unobserved(Reason.INCONCLUSIVE, "the handshake with an encrypted hello was not answered")
_RANDOM = slice(6, 38)
_HANDSHAKE = 22
_SERVER_HELLO = 2


def _asked(place: Place) -> Unobserved | NotApplicable | None:
    """Why no HTTPS record was looked up at a place; None where it is."""
    url, endpoint = place.target.parsed_url, place.endpoint
    if url.scheme != "https":
        return NotApplicable("The service is reached over plain HTTP", "Layanan diakses melalui HTTP biasa")
    if url.is_ip:
        return NotApplicable("An IP address has no HTTPS record", "Alamat IP tidak memiliki rekaman HTTPS")
    if url.host == "localhost" or url.host.endswith(".localhost"):
        return NotApplicable("Nobody publishes records for localhost", "Tidak ada rekaman DNS untuk localhost")
    if endpoint is None:
        return Unobserved(Reason.PREREQUISITE, "the name gave no address")
    if endpoint.source is not Source.RESOLVER:
        return Unobserved(Reason.NOT_ASKED, "the name was not looked up in DNS, so neither was its HTTPS record")
    return None


def record_lookup(place: Place) -> HttpsLookup | Unobserved | NotApplicable:
    """The question for the HTTPS records of a place, or why it is not put."""
    url = place.target.parsed_url
    return _asked(place) or HttpsLookup(host=url.host, port=url.port)


def _handshake(place: Place) -> TlsEch | Unobserved | NotApplicable:
    why = _asked(place)
    if why is not None or place.endpoint is None:
        return why or Unobserved(Reason.PREREQUISITE, "the name gave no address")
    return TlsEch.of(place.endpoint)


_looked_up = Fact("HTTPS records", Climb, record_lookup)
_answers = parts_of(_looked_up, DnsAnswer)
_tried = Fact("handshake with an encrypted hello", EchTried, _handshake)


class HttpsRecords(Struct, frozen=True):
    """The HTTPS records of a service, best priority first, without those that cannot be read."""

    records: tuple[HttpsRecord, ...] = ()

    @property
    def alpn(self) -> tuple[str, ...]:
        """The protocols that they name, none twice."""
        return tuple(dict.fromkeys(name for it in self.records for name in it.alpn))


@derived(_looked_up, _answers)
def https_records(lookup: Climb, answers: tuple[DnsAnswer, ...]) -> HttpsRecords | Unobserved:
    """The records of the service's name."""
    if not answers:
        return Unobserved(Reason.DNS_REFUSED, "no resolver is configured")
    found = records_of(answers[-1], lookup.host, "HTTPS")  # of several resolvers the last was believed
    if isinstance(found, Unobserved):
        return HttpsRecords() if found.reason is Reason.NO_ADDRESS else found
    read = []
    for text in found[1]:
        try:
            read.append(parse_https_record(text))
        except ValueError:
            continue
    return HttpsRecords(tuple(sorted(read, key=lambda it: it.priority)))


class EchState(StrEnum):
    """What came of an encrypted hello."""

    NOT_OFFERED = "not_offered"
    UNREADABLE = "unreadable"
    """What the record holds is no list of configurations."""
    UNKNOWN_KIND = "unknown_kind"
    """All its configurations are of kinds that this scanner cannot use."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """The server went on with the hello outside."""
    REFUSED = "refused"
    """The server ended the handshake with an alert."""


class EchSeen(Struct, frozen=True):
    """What came of it; `offers_others` says that a server which rejected it sent other configurations."""

    state: EchState
    public_name: str = ""
    offers_others: bool = False


@derived(_tried)
def ech(tried: EchTried) -> EchSeen | Unobserved:
    """The confirmation is checked again from the hello that was sealed and the server's answer."""
    if not tried.record:
        return tried.ended or EchSeen(EchState.NOT_OFFERED)
    try:
        config = usable(parse_https_record(tried.record))
    except ValueError as error:
        return Unobserved(Reason.ALTERED, str(error))
    if isinstance(config, Unobserved):
        return EchSeen(EchState.UNREADABLE)
    if config is None:
        return EchSeen(EchState.UNKNOWN_KIND)
    return _outcome(tried, config)


def _outcome(tried: EchTried, config: EchConfig) -> EchSeen | Unobserved:
    flight = read_encrypted_flight(tried.flight, tried.secret)
    name = config.public_name
    if flight.hello is None:
        if tried.ended is not None and tried.ended.reason is Reason.TLS_ALERT:
            return EchSeen(EchState.REFUSED, name)
        return EchSeen(EchState.UNREADABLE, name) if _is_key(tried.ended) else tried.ended or NO_HELLO
    if _confirms(tried.inner, tried.flight, flight.hello.suite):
        return EchSeen(EchState.ACCEPTED, name) if flight.finished else tried.ended or NO_HELLO
    if not flight.finished:
        return tried.ended or NO_HELLO
    return EchSeen(EchState.REJECTED, name, offers_others=flight.retry_configs is not None)


def _is_key(ended: Unobserved | None) -> bool:
    return ended is not None and ended.reason is Reason.PROTOCOL_ERROR


def _confirms(inner: bytes, flight: bytes, suite_number: int) -> bool:
    """Whether the ServerHello in a flight confirms the inner hello."""
    suite = SUITES.get(suite_number)
    length = int.from_bytes(flight[3:5], "big")
    hellos = [whole for kind, _, whole in messages(flight[5 : 5 + length]) if kind == _SERVER_HELLO]
    if suite is None or flight[:1] != bytes((_HANDSHAKE,)) or not hellos:
        return False
    return accepts(suite, inner, inner[_RANDOM], hellos[0])
