"""The estate: which services are scanned, for whom, and what may be touched.

Values only; `scanner.config` makes them from files. URLs and hosts arrive here in canonical form (`scanner.parse.url`).
"""

from enum import StrEnum
from ipaddress import ip_address

import msgspec

from scanner.parse.url import Url, parse_url
from scanner.scope import Scope

UTC_ZONE = "UTC"


class Kind(StrEnum):
    """What a target is asked as; a check names the kinds it speaks about."""

    WEB = "web"
    API = "api"
    MAIL = "mail"
    DNS = "dns"


class Category(StrEnum):
    """Category of the electronic system, as decided by its owner."""

    STRATEGIS = "strategis"
    TINGGI = "tinggi"
    RENDAH = "rendah"


class AddressPolicy(StrEnum):
    """Which addresses of a name are observed."""

    ALL = "all"
    FIRST = "first"


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service endpoint. `id` is stable across renamed URLs, for findings are followed by it.

    `http_port` is where the same service answers plain HTTP, None when there is no such place. `expect_status` are the
    statuses that count as an answer; empty means any but a server error.
    """

    id: str
    url: str
    http_port: int | None = None
    service: str = ""
    unit: str = ""
    contact: str = ""
    category: Category | None = None
    environment: str = ""
    kinds: tuple[Kind, ...] = (Kind.WEB,)
    addresses: AddressPolicy = AddressPolicy.FIRST
    expect_status: tuple[int, ...] = ()

    @property
    def parsed_url(self) -> Url:
        """The URL taken apart; it was checked when the estate was loaded."""
        return parse_url(self.url)


class Redirection(msgspec.Struct, frozen=True):
    """A place the operator sends connections for `host:port` to instead, as curl's --connect-to and --resolve do.

    `port` 0 matches every port; `to_port` 0 keeps the port.
    """

    host: str
    port: int
    to_address: str
    to_port: int


def redirected(wishes: tuple[Redirection, ...], host: str, port: int) -> tuple[str, int] | None:
    """The address and port that connections for `host:port` go to by the operator's wish; None without one."""
    for wish in wishes:
        if wish.host in ("", host) and wish.port in (0, port):
            return wish.to_address, wish.to_port or port
    return None


class Nameserver(msgspec.Struct, frozen=True):
    """A resolver to ask, by IP address and port."""

    address: str
    port: int = 53

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Estate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything one scan is told about the world. `anchors` are the operator's own trust anchors, DER."""

    targets: tuple[Target, ...]
    scope: Scope
    agency: str = ""
    time_zone: str = UTC_ZONE
    nameservers: tuple[Nameserver, ...] = ()
    anchors: tuple[bytes, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    source: str = ""
    """What the estate was read from: the name of a file without its folder, or `command line`."""


def default_http_port(url: Url) -> int | None:
    """Port 80 belongs to the service on port 443; beside any other port nothing is known of a plain twin."""
    return 80 if url.scheme == "https" and url.port == 443 else None


def is_loopback(host: str) -> bool:
    """A host that never leaves this machine: an address of the loopback range or a name under localhost (RFC 6761 6.3)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
