"""HTTP/3 as a service offers it: its handshake over UDP, held against a TLS policy and against the one over TCP."""

from collections.abc import Iterator

from msgspec import Struct

from scanner.derive.acceptance import readable
from scanner.derive.service import PresentedLeaf, home, leaf, leaf_of, presented_in
from scanner.derive.tls_ech import record_lookup
from scanner.derive.tls_facts import TlsVersion
from scanner.derive.tls_policy import Deviation, TlsPolicy, Topic, key_deviation
from scanner.needs import Fact, Place, derived, maybe
from scanner.observations.steps import NotApplicable, Replay, Unobserved
from scanner.observations.tls_quic import QuicHandshake, QuicTried
from scanner.probes.dns import HttpsLookup
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.tls.code_points import group_name, signature_scheme_name, suite_name
from scanner.probes.tls.quic import H3, TlsQuic


def _handshake(place: Place) -> TlsQuic | Unobserved | NotApplicable:
    first = home.build(place)
    if isinstance(first, Unobserved | NotApplicable):
        return first
    assert isinstance(first, HttpExchange)
    if place.target.parsed_url.scheme != "https":
        return NotApplicable("The service is reached over plain HTTP", "Layanan diakses melalui HTTP biasa")
    lookup = record_lookup(place)
    return TlsQuic(home=first, lookup=lookup if isinstance(lookup, HttpsLookup) else None)


_tried = Fact("handshake of HTTP/3", QuicTried, _handshake)


class QuicSeen(Struct, frozen=True):
    """Where HTTP/3 is offered (`port` 0: nowhere that is asked), and what came of the handshake there.

    `unread` says why an offer may have been missed. `leaf` is that of the handshake over UDP; `over_tcp` that of our
    handshake over TCP, with which it may be compared.
    """

    offered_by: str = ""
    port: int = 0
    elsewhere: str = ""
    unread: Unobserved | None = None
    handshake: QuicHandshake | Unobserved | None = None
    leaf: PresentedLeaf | Unobserved | None = None
    over_tcp: PresentedLeaf | Unobserved | None = None

    @property
    def other_leaf(self) -> PresentedLeaf | None:
        """The leaf, where it is another one than over TCP; None when it is the same, or when one of them is not known."""
        if not isinstance(self.leaf, PresentedLeaf) or not isinstance(self.over_tcp, PresentedLeaf):
            return None
        return None if self.leaf.certificate.der == self.over_tcp.certificate.der else self.leaf

    @property
    def is_h3(self) -> bool:
        """Whether the handshake was finished, for HTTP/3."""
        return isinstance(self.handshake, QuicHandshake) and self.handshake.alpn == H3


@derived(_tried, maybe(leaf), replay=Replay.ATTESTED)
def quic(tried: QuicTried, over_tcp: PresentedLeaf | Unobserved) -> QuicSeen:
    """What was offered, and what came of it."""
    shaken = tried.handshake
    own = None
    if isinstance(shaken, QuicHandshake):
        own = leaf_of(presented_in(tried.endpoint.host, shaken.chain, tried.started))
    return QuicSeen(
        offered_by=tried.offered_by,
        port=tried.port,
        elsewhere=tried.elsewhere,
        unread=tried.unread,
        handshake=shaken,
        leaf=own,
        over_tcp=over_tcp,
    )


def quic_deviations(policy: TlsPolicy, shaken: QuicHandshake) -> Iterator[Deviation]:
    """Where one handshake differs from a policy: what the server chose, not all that it would take."""
    version = TlsVersion.TLS13
    rated = policy.suite(version, shaken.suite)
    if not rated.grade.is_inside:
        yield Deviation(Topic.SUITE, rated.grade, suite_name(shaken.suite), rated.origin, version)
    if shaken.group is not None and not (rated := policy.group(shaken.group)).grade.is_inside:
        yield Deviation(Topic.GROUP, rated.grade, group_name(shaken.group), rated.origin)
    if shaken.scheme is not None and not (rated := policy.scheme(shaken.scheme)).grade.is_inside:
        yield Deviation(Topic.SIGNATURE, rated.grade, signature_scheme_name(shaken.scheme), rated.origin)
    certificate = readable(shaken.chain[0]) if shaken.chain else None
    if certificate is not None and (deviation := key_deviation(policy, certificate)) is not None:
        yield deviation
