"""Does a certificate name the service we meant to reach? (RFC 9525 section 6)

The reference is the host we connected for, as `scanner.parse.url` gives it. The presented identifiers are
those of subjectAltName. The subject's common name takes no part, whatever it says (RFC 9525 1.3, 2).
Nothing here raises: what cannot be matched does not match.
"""

from collections.abc import Sequence
from ipaddress import ip_address

from scanner.parse.url import UrlError, host_of


def presented_identity_matches(dns_names: Sequence[str], ip_addresses: Sequence[bytes], reference: str) -> bool:
    """True if any dNSName or iPAddress of subjectAltName matches the host we meant to reach (RFC 9525 6.6).

    A reference is either a name or an address (RFC 9525 6.1): an address written into a dNSName counts for
    nothing, and neither does a common name, for which there is no parameter.
    """
    name, octets = _dns_name(reference), _ip_octets(reference)
    return (name is not None and any(_name_matches(presented, name) for presented in dns_names)) or (
        octets is not None and any(presented == octets for presented in ip_addresses)
    )


def dns_id_matches(presented: str, reference: str) -> bool:
    """True if a certificate's dNSName matches the host, compared as case-insensitive ASCII (RFC 9525 6.3).

    A wildcard counts only as the whole left-most label, with at least one label after it, and stands for
    exactly one label. There is no public suffix rule in RFC 9525, so `*.id` matches `example.id` and
    `*.go.id` matches `bps.go.id`; browsers refuse some of those, and no public authority may issue them,
    which is for a check of its own to say.

    U-labels in the reference are converted; a presented U-label never matches, because a dNSName is ASCII
    (RFC 5280 7.2). A trailing dot is dropped from the reference (`host_of`), but a presented one never
    matches: RFC 5280 4.2.1.6 asks for the preferred name syntax, which has none. Underscores are compared
    like any other character.
    """
    name = _dns_name(reference)
    return name is not None and _name_matches(presented, name)


def ip_id_matches(presented: bytes, reference: str) -> bool:
    """True if a certificate's iPAddress is the reference address, octet for octet (RFC 9525 6.4).

    So 4 octets match only IPv4 and 16 only IPv6: ::ffff:192.0.2.1 is not 192.0.2.1, and the 8 and 32 octets
    of a name constraint match nothing. The reference is an address in its usual text form, without brackets
    or zone; the odd spellings that a URL may have are already canonical in `Url.host`.
    """
    return presented == _ip_octets(reference)


def _name_matches(presented: str, name: str) -> bool:
    """Compare with a canonical name, which has no "*", no empty label and no control character.

    Equality with such a name is therefore all the validation that the presented text needs.
    """
    if not presented.isascii():
        return False
    presented = presented.lower()
    if presented == name:
        return True
    wildcard, _, presented_parent = presented.partition(".")
    _, _, parent = name.partition(".")
    return wildcard == "*" and parent != "" and presented_parent == parent


def _dns_name(reference: str) -> str | None:
    try:
        name = host_of(reference)
    except UrlError:
        return None
    return name if _ip_octets(name) is None else None


def _ip_octets(reference: str) -> bytes | None:
    # ip_address() reads "fe80::1%eth0" and drops the zone, which is no part of an IP-ID: two hosts may have
    # fe80::1.
    if "%" in reference:
        return None
    try:
        return ip_address(reference).packed
    except ValueError:
        return None
