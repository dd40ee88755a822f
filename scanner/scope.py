"""The scope: what may be touched. Pure, so that plan, gate and tests ask the same question."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

METADATA_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = (
    # Cloud metadata services hand out credentials to whoever asks from inside. All link-local space is closed with them:
    # 169.254.169.254 and .170.2 (AWS, Azure, GCP, ...), fe80::/10, and the known odd ones.
    ip_network("169.254.0.0/16"),
    ip_network("fe80::/10"),
    ip_network("fd00:ec2::/32"),
    ip_network("fd20:ce::/32"),
    ip_network("100.100.100.200/32"),
    ip_network("192.0.0.192/32"),
    ip_network("168.63.129.16/32"),
    ip_network("fd00:42::42/128"),
    ip_network("fd00:c1::a9fe:a9fe/128"),
)
NEVER_NETWORKS: tuple[IPv4Network | IPv6Network, ...] = (
    ip_network("224.0.0.0/4"),
    ip_network("ff00::/8"),
    ip_network("255.255.255.255/32"),
    ip_network("::ffff:0:0:0/96"),  # IPv4-translated (RFC 2765)
    ip_network("3fff::/20"),  # documentation (RFC 9637)
)

TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""NAT64's prefixes (RFC 6052, RFC 8215), the second as translators use it: the last 32 bits are the IPv4 address."""


@lru_cache(maxsize=1024)
def canonical_address(address: str) -> IPv4Address | IPv6Address:
    """The address packets really go to: IPv4 inside IPv6 (mapped, RFC 4291 2.5.5.2) is the IPv4 address.

    Raises ValueError for what is no address.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _embedded(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """The address, and the IPv4 addresses that a tunnel or translator on the way would make of it."""
    if isinstance(address, IPv4Address):
        return (address,)
    number = int(address)
    found: list[IPv4Address | IPv6Address] = [address]
    if any(address in prefix for prefix in TRANSLATED):
        found.append(IPv4Address(number & 0xFFFF_FFFF))
    if address in TRANSLATED[1]:  # the form of a /48 prefix (RFC 6052 2.2): around the eight bits that stay zero
        found.append(IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF))
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    if number >> 32 & 0xFDFF_FFFF == 0x5EFE:  # ISATAP (RFC 5214 6.1)
        found.append(IPv4Address(number & 0xFFFF_FFFF))
    if 1 < number < 1 << 32:  # IPv4-compatible (RFC 4291 2.5.5.1)
        found.append(IPv4Address(number))
    return tuple(found)


@lru_cache(maxsize=1024)
def never_contacted(address: str) -> str | None:
    """Why no traffic of any class goes to an address (metadata, no single host); None when some may."""
    try:
        parsed = canonical_address(address)
    except ValueError:
        return f"{address} is no address"
    for candidate in _embedded(parsed):
        if any(candidate in network for network in METADATA_NETWORKS if network.version == candidate.version):
            return f"{address} is a link-local or metadata address, which is never scanned"
        if any(candidate in network for network in NEVER_NETWORKS if network.version == candidate.version):
            return f"{address} is no single host"
    return None


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """Names (`a.test`, or `*.a.test` for everything below), networks (CIDR), and names a person typed.

    A name is inside when a pattern covers it. An address is inside when a network covers it, or when it is a public
    address that an inside name resolved to. Private addresses must be named by a network, unless the host was `typed` on
    the command line. Metadata addresses are never inside.
    """

    names: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()

    def permits_name(self, host: str) -> bool:
        """Whether this canonical host (A-label or IP text) may be asked for."""
        if host in self.typed:
            return True
        try:
            address = canonical_address(host)
        except ValueError:
            return any(_covers(pattern, host) for pattern in self.names)
        return str(address) in self.names or self._in_networks(address)

    def refusal(self, host: str, address: str, *, redirected: bool = False) -> str | None:
        """Why a connection for `host` may not go to `address`; None when it may.

        `redirected`: the operator named the address itself (--resolve, --connect-to), so it may be private.
        """
        try:
            parsed = canonical_address(address)
        except ValueError:
            return f"{address} is no address"
        if (refusal := never_contacted(address)) is not None:
            return refusal
        if not self.permits_name(host):
            return f"{host} is outside the scope"
        if redirected or self._in_networks(parsed) or host in self.typed:
            return None
        if self.is_public(address):
            return None
        return f"{address} is not public and no network of the scope names it"

    @staticmethod
    def is_public(address: str) -> bool:
        """Whether the address is reachable from the whole internet (IANA special-purpose registries)."""
        return all(candidate.is_global for candidate in _embedded(canonical_address(address)))

    def _in_networks(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in map(_network, self.networks) if network.version == address.version)


@lru_cache(maxsize=256)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and host != pattern[1:]
    return host == pattern
