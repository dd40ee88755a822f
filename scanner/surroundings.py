"""What is read from this machine once, before the scan starts: hosts file, resolvers, the operator's wishes."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from scanner.estate import Estate, Nameserver, Target
from scanner.parse.url import UrlError, host_of
from scanner.probes.probe import Surroundings

HOSTS_FILE = Path("/etc/hosts")
MAX_HOSTS_BYTES = 8_000_000


def look_around(estate: Estate, hosts_file: Path = HOSTS_FILE) -> Surroundings:
    """The surroundings of a scan of this estate; the system's resolvers are read only when some name needs them."""
    hosts = names_of(hosts_file)
    nameservers = estate.nameservers or (() if first_to_resolve(estate, hosts) is None else system_nameservers())
    return Surroundings(
        hosts=hosts,
        resolvers=tuple((server.address, server.port) for server in nameservers),
        redirections=estate.redirections,
        anchors=estate.anchors,
    )


def first_to_resolve(estate: Estate, hosts: Mapping[str, tuple[str, ...]]) -> Target | None:
    """The first target whose name a resolver is asked for; None when nobody is asked for any."""
    for target in estate.targets:
        url = target.parsed_url
        local = url.host == "localhost" or url.host.endswith(".localhost")
        if not (url.is_ip or local or url.host in hosts):
            return target
    return None


def system_nameservers() -> tuple[Nameserver, ...]:
    """The resolvers this system is configured with; none when that cannot be read."""
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver()
    except (dns.exception.DNSException, OSError):
        return ()
    servers = []
    for text in resolver.nameservers:
        try:
            servers.append(Nameserver(str(ip_address(str(text))), resolver.port))
        except ValueError:
            continue  # a URL of DNS over HTTPS, or an address with a zone: not asked by this version
    return tuple(servers)


def names_of(path: Path = HOSTS_FILE) -> dict[str, tuple[str, ...]]:
    """Names of the hosts file with their addresses (hosts(5)); lines that say neither are passed over."""
    try:
        if path.stat().st_size > MAX_HOSTS_BYTES:
            return {}
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        try:
            address = str(ip_address(address))
            for name in names:
                found.setdefault(host_of(name), []).append(address)
        except (ValueError, UrlError):
            continue
    return {name: tuple(dict.fromkeys(addresses)) for name, addresses in found.items()}
