"""CAA: where the records of a name are, and whose certificate is in use there."""

import re
from typing import Final

from msgspec import Struct

from scanner.derive.certification_path import PathResult
from scanner.derive.service import PresentedLeaf, certification_path, leaf
from scanner.needs import Fact, Place, derived, parts_of
from scanner.observations.dns import Climb, DnsAnswer
from scanner.observations.endpoint import Source
from scanner.observations.steps import NotApplicable, Reason, Replay, Unobserved
from scanner.parse.caa import CaaError, CaaSet, climb, parse_caa
from scanner.probes.dns import MAX_RECORDS, CaaClimb, records_of
from scanner.probes.trust import MOZILLA

_ORGANISATION = re.compile(r"(?:^|,)O=((?:[^,\\+]|\\.)+)")


def _climb(place: Place) -> CaaClimb | Unobserved | NotApplicable:
    url, endpoint = place.target.parsed_url, place.endpoint
    if url.is_ip:
        return NotApplicable("An IP address has no CAA records", "Alamat IP tidak memiliki rekaman CAA")
    if url.host == "localhost" or url.host.endswith(".localhost"):
        return NotApplicable("No authority issues for localhost", "Tidak ada otoritas yang menerbitkan untuk localhost")
    if endpoint is None:
        return Unobserved(Reason.PREREQUISITE, "the name gave no address")
    if endpoint.source is not Source.RESOLVER:
        return Unobserved(Reason.NOT_ASKED, "the name was not looked up in DNS, so neither were its CAA records")
    return CaaClimb(host=url.host)


_climbed = Fact("CAA records", Climb, _climb)
_answers = parts_of(_climbed, DnsAnswer)


class CaaFound(Struct, frozen=True):
    """The CAA records that authorities heed for a name, and the name they stand `at`: None when there are none."""

    host: str
    at: str | None
    records: CaaSet


@derived(_climbed, _answers)
def caa_found(climbed: Climb, answers: tuple[DnsAnswer, ...]) -> CaaFound | Unobserved:
    """The first CAA records on the way up from the service's name (RFC 8659 section 3)."""
    if not answers:
        return Unobserved(Reason.DNS_REFUSED, "no resolver is configured")
    for name in climb(climbed.host):
        # Of several resolvers the last was believed: each one before it did not tell.
        asked = [it for it in answers if it.name == name]
        if not asked:
            return Unobserved(Reason.NOT_RECORDED, f"nobody was asked for the CAA records of {name}")
        found = records_of(asked[-1], name, "CAA")
        if not isinstance(found, Unobserved):
            return _read(climbed.host, name, found[1])
        if found.reason is not Reason.NO_ADDRESS:
            return found
    return CaaFound(climbed.host, None, CaaSet(()))


def _read(host: str, name: str, texts: tuple[str, ...]) -> CaaFound | Unobserved:
    if len(texts) >= MAX_RECORDS:
        return Unobserved(Reason.TOO_LARGE, f"{name} has more CAA records than are read")
    try:
        return CaaFound(host, name, CaaSet(tuple(map(parse_caa, texts))))
    except CaaError as error:
        return Unobserved(Reason.DNS_MALFORMED, str(error))


# As of 2026-11: the organisation in an issuer's name, and the domains by which that authority goes in CAA records, by its
# own documents and the list of the Common CA Database. A brand under another's root has that one's domains too.
# fmt: off
_SECTIGO = (
    "sectigo.com", "comodo.com", "comodoca.com", "usertrust.com", "trust-provider.com", "entrust.net", "affirmtrust.com",
)
_DIGICERT = (
    "digicert.com", "www.digicert.com", "digicert.ne.jp", "cybertrust.ne.jp", "symantec.com", "thawte.com",
    "geotrust.com", "rapidssl.com", "volusion.com", "stratossl.com", "intermediatecertificate.com", "1and1.com",
    "digitalcertvalidation.com", "quovadisglobal.com", "amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com",
)
AUTHORITIES: Final[dict[str, frozenset[str]]] = {
    organisation: frozenset(domains)
    for organisations, domains in (
        (("Let's Encrypt", "Internet Security Research Group", "ISRG"), ("letsencrypt.org",)),
        (("DigiCert Inc", "DigiCert, Inc.", "DigiCert Ireland Limited", "GeoTrust Inc.", "QuoVadis Limited"), _DIGICERT),
        (("Amazon",), ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")),
        (("Sectigo Limited", "COMODO CA Limited", "The USERTRUST Network", "ZeroSSL", "cPanel, Inc.", "cPanel, LLC",
          "Gandi SAS", "Gandi", "Entrust, Inc.", "Entrust Limited"), _SECTIGO),
        (("GlobalSign nv-sa", "GlobalSign"), ("globalsign.com", "alphassl.com")),
        (("Google Trust Services LLC", "Google Trust Services"), ("pki.goog", "google.com")),
        (("GoDaddy.com, Inc.", "Starfield Technologies, Inc."), ("godaddy.com", "starfieldtech.com")),
        (("Buypass AS-983163327",), ("buypass.com", "buypass.no")),
        (("SSL Corporation", "SSL Corp"), ("ssl.com",)),
        (("Actalis S.p.A.", "Actalis S.p.A./03358520967"), ("actalis.it",)),
        (("Asseco Data Systems S.A.", "Unizeto Technologies S.A."), ("certum.pl", "certum.eu")),
        (("IdenTrust",), ("identrust.com",)),
        (("Microsoft Corporation",), ("microsoft.com",)),
    )
    for organisation in organisations
}
# fmt: on
_OF_ANY_AUTHORITY = frozenset().union(*AUTHORITIES.values())


class AuthorityInUse(Struct, frozen=True):
    """Who issued the certificate in use: `domains` is empty for one that is not listed.

    `is_public` says that browsers trust it of themselves: others heed no CAA. `by_wildcard` says that the certificate is for
    the name by a wildcard only, so that its authority asked at the name above.
    """

    organisation: str
    domains: frozenset[str]
    is_public: bool
    by_wildcard: bool

    def is_surely_another(self, domains: frozenset[str]) -> bool:
        """Whether all of these domains belong to authorities known to be others; one not listed may be this one's."""
        return bool(self.domains) and not domains & self.domains and domains <= _OF_ANY_AUTHORITY


@derived(leaf, certification_path, replay=Replay.ATTESTED)
def authority_in_use(own: PresentedLeaf, path: PathResult) -> AuthorityInUse:
    """The authority behind the certificate that the service presents."""
    certificate = own.certificate
    match = _ORGANISATION.search(certificate.issuer)
    organisation = "" if match is None else re.sub(r"\\(.)", r"\1", match[1])
    return AuthorityInUse(
        organisation or certificate.issuer,
        AUTHORITIES.get(organisation, frozenset()),
        is_public=bool(path.path) and (path.anchor or "").startswith(f"{MOZILLA} "),
        by_wildcard=own.reference not in (name.lower() for name in certificate.dns_names),
    )
