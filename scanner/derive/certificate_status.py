"""What came beside a leaf: statuses of its issuer (stapled, or asked for where that is configured), and log timestamps."""

from msgspec import Struct

from scanner.derive.certification_path import PathResult
from scanner.derive.revocation import Status, status_in_response
from scanner.derive.tls_certificates import Served, path_served, tls_certificate
from scanner.needs import derived
from scanner.observations.steps import Reason, Replay, Unobserved
from scanner.parse.der import DerError
from scanner.parse.ocsp import parse_ocsp
from scanner.parse.sct import Sct, SctError, embedded_scts, parse_sct_list, unwrapped

NO_LEAF = Unobserved(Reason.PROTOCOL_ERROR, "the server sent no certificate that can be parsed")


class StapledStatus(Struct, frozen=True):
    """What was stapled to a leaf, each response a status or the reason why it says nothing.

    `asked` says whether a hello asked for a staple, so that none is one that is missing. `responders` and `lists` are where
    the certificate says that its issuer can be asked; `must_staple` that clients may insist on a staple (RFC 7633).
    """

    stapled: tuple[Status | Unobserved, ...]
    asked: bool
    must_staple: bool
    responders: tuple[str, ...]
    lists: tuple[str, ...]


@derived(tls_certificate, path_served, replay=Replay.ATTESTED)
def stapled_status(served: Served, path: PathResult) -> StapledStatus | Unobserved:
    """The statuses that were stapled to the leaf in hand, checked with its issuer's key."""
    leaf = served.leaf
    if leaf is None:
        return NO_LEAF
    at = served.chain.at
    return StapledStatus(
        tuple(status_in_response(der, leaf, path.issuer, at) for der in served.staples),
        served.staple_asked,
        leaf.must_staple,
        leaf.ocsp_urls,
        leaf.crl_urls,
    )


class Timestamps(Struct, frozen=True):
    """Signed certificate timestamps by the way they came, one a log, none of them checked.

    `unread` is why a list could not be read, None when all could. `by_tls_asked` says whether a hello asked for those that a
    server sends itself.
    """

    embedded: tuple[Sct, ...]
    beside: tuple[Sct, ...]
    """In a staple or by TLS."""
    by_tls_asked: bool
    unread: Unobserved | None = None


@derived(tls_certificate, replay=Replay.ATTESTED)
def timestamps(served: Served) -> Timestamps | Unobserved:
    """The timestamps of the leaf in hand."""
    leaf = served.leaf
    if leaf is None:
        return NO_LEAF
    unread: list[str] = []
    embedded: tuple[Sct, ...] = ()
    try:
        embedded = embedded_scts(leaf)
    except SctError as error:
        unread.append(f"the timestamps in the certificate cannot be read: {error}")
    beside: list[Sct] = []
    for data in served.scts:
        try:
            beside += parse_sct_list(data)
        except SctError as error:
            unread.append(f"the timestamps in the TLS extension cannot be read: {error}")
    for staple in served.staples:
        try:
            beside += _stapled(staple)
        except (SctError, DerError) as error:
            unread.append(f"timestamps in the staple cannot be read: {error}")
    why = Unobserved(Reason.PROTOCOL_ERROR, unread[0]) if unread else None
    return Timestamps(_one_a_log(embedded), _one_a_log(beside), served.scts_asked, why)


def _stapled(staple: bytes) -> tuple[Sct, ...]:
    lists = (it.sct_list for it in parse_ocsp(staple).responses)
    return tuple(sct for it in lists if it is not None for sct in parse_sct_list(unwrapped(it)))


def _one_a_log(scts: tuple[Sct, ...] | list[Sct]) -> tuple[Sct, ...]:
    return tuple({sct.log_id: sct for sct in scts}.values())
