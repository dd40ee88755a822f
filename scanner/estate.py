"""The estate: which services are scanned, for whom, and what may be touched.

Values only; `scanner.config` makes them from files. URLs and hosts arrive here in canonical form (`scanner.parse.url`).
"""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import msgspec

from scanner.parse.url import Url, parse_url
from scanner.scope import Scope

UTC_ZONE = "UTC"
DEFAULT_MARKING = "TERBATAS"


OURS_TO_SEND = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "user-agent", "cookie2", "te", "trailer"),
        *("upgrade", "keep-alive", "proxy-authorization", "proxy-connection", "expect", "accept-encoding", "range"),
        *("x-http-method", "x-http-method-override", "x-method-override"),  # many frameworks make a DELETE of a GET
    }
)
"""Fields of a request that frame it or say who is asking: the scanner alone writes them."""


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


class Vantage(StrEnum):
    """Where was looked from; a finding means little without it, so each one says it."""

    INTERNET = "internet"
    INTRANET = "intranet"
    UNSTATED = "unstated"


class VantagePoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where this scanner stands, as its operator says: `address` is what services see it come from."""

    kind: Vantage = Vantage.UNSTATED
    name: str = ""
    address: str = ""


class Authorisation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The document that allows the scan. `valid_until` is the last day on which it does, in the agency's time zone."""

    number: str
    valid_until: date
    issued_by: str = ""


class Window(msgspec.Struct, frozen=True):
    """A time of day in which scanning is welcome, in the agency's time zone; `until` before `start` spans midnight."""

    start: time
    until: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.until:%H:%M}"

    def is_open(self, at: datetime) -> bool:
        """Whether the window is open at a local time."""
        moment = at.time().replace(tzinfo=None)
        if self.start <= self.until:
            return self.start <= moment < self.until
        return moment >= self.start or moment < self.until

    def opens_after(self, at: datetime) -> datetime:
        """The next moment, after a local time, at which it opens."""
        today = at.replace(hour=self.start.hour, minute=self.start.minute, second=0, microsecond=0)
        return today if today > at else today + timedelta(days=1)


class JsonExpectation(msgspec.Struct, frozen=True):
    """What a JSON answer must say at a JSON Pointer (RFC 6901)."""

    pointer: str
    equals: str | int | float | bool | None


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What counts as an answer: one of these statuses (none named: any but a server error), a text, values of a JSON body."""

    status: tuple[int, ...] = ()
    text: str = ""
    json: tuple[JsonExpectation, ...] = ()


class Disabled(msgspec.Struct, frozen=True):
    """Checks that the owner switched off (an id, an area or a glob), and why: the verdict says so instead of a result."""

    checks: str
    reason: str


class SecretKind(StrEnum):
    """Where a secret is kept; never in a configuration file."""

    ENV = "env"
    FILE = "file"


class SecretSource(msgspec.Struct, frozen=True):
    """The environment variable or the file that holds a secret; the secret itself is read when the scan starts."""

    kind: SecretKind
    name: str


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a target's own requests carry: header fields, and a user with a password (RFC 7617).

    Values are plain text or the source of a secret. They go to the target's own origin only.
    """

    headers: tuple[tuple[str, str | SecretSource], ...] = ()
    user: str | SecretSource = ""
    password: SecretSource | None = None


class StartTls(msgspec.Struct, frozen=True):
    """A port of the same host at which TLS is begun within a protocol of `scanner.starttls`."""

    protocol: str
    port: int


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service endpoint. `id` is stable across renamed URLs, for findings are followed by it.

    `http_port` is where the same service answers plain HTTP, None when there is no such place. `paths` are further pages
    looked at, `params` thresholds by check id, `windows` narrow the estate's.
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
    expect: Expectation = Expectation()
    paths: tuple[str, ...] = ()
    params: dict[str, dict[str, object]] = {}
    disabled: tuple[Disabled, ...] = ()
    windows: tuple[Window, ...] = ()
    credential: Credential | None = None
    opt_in: tuple[str, ...] = ()
    """Areas of checks that go further, which the owner of this service switched on."""
    starttls: tuple[StartTls, ...] = ()
    """Further ports of the same host that speak TLS after a command of their protocol."""
    openapi: str = ""
    """The path at which the owner says that the interface's description stands; empty for the usual places."""

    @property
    def parsed_url(self) -> Url:
        """The URL taken apart; it was checked when the estate was loaded."""
        return _parsed(self.url)


@lru_cache(maxsize=8192)
def _parsed(url: str) -> Url:
    """URLs of targets are asked for again and again, by whoever goes through all of them."""
    return parse_url(url)


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


class PopulationUnit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A unit of the official list; `declaration` names the document in which it declared to have no online service."""

    name: str
    no_service: bool = False
    declaration: str = ""


class ServiceLevel(msgspec.Struct, frozen=True):
    """The document in which a service level was agreed, which quantities it covers (`availability`, `latency`), and the
    values it sets, by the name of the threshold that guards use.
    """

    document: str
    covers: tuple[str, ...]
    limits: dict[str, float] = {}


class PopulationService(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service of the official list. `hosts` are its public names, `tags` what an indicator asks for."""

    name: str
    unit: str = ""
    category: Category | None = None
    hosts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sla: ServiceLevel | None = None


class Population(msgspec.Struct, frozen=True, omit_defaults=True):
    """The official list of units and services: the denominator of every figure, with the document it comes from."""

    document: str
    date: date
    units: tuple[PopulationUnit, ...] = ()
    services: tuple[PopulationService, ...] = ()
    category_document: str = ""
    """The decision on the categories of the electronic systems."""


class Waiver(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finding that somebody accepted until a day. `checks` is an id, an area or a glob; so is `targets`."""

    checks: str
    targets: str
    reason: str
    approved_by: str
    until: date
    subject: str = ""
    """The key of one subject (a cookie, a path); empty for every subject."""


class Every(StrEnum):
    """How often an agency set itself to scan: once every day, ISO week or calendar month, in its own time zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class CoverageGoal(msgspec.Struct, frozen=True):
    """The share of registered services that the agency set itself to observe, in percent, and the document that sets it."""

    percent: float
    document: str


class ScheduleGoal(msgspec.Struct, frozen=True):
    """How often the agency scans by its own rule: at least `percent` of the days, weeks or months have a whole scan, and
    the longest time between two is `longest_gap_days`.
    """

    every: Every
    percent: float
    longest_gap_days: int
    document: str


class Deadlines(msgspec.Struct, frozen=True):
    """Within how many days a finding is repaired by the agency's own rule, by severity, from when it was first seen."""

    days: dict[str, int]
    document: str


class Goals(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the agency set itself, each with its document. Without a goal a figure is no pass."""

    coverage: CoverageGoal | None = None
    schedule: ScheduleGoal | None = None
    deadlines: Deadlines | None = None


class Estate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything one scan is told about the world. `anchors` are the operator's own trust anchors, DER."""

    targets: tuple[Target, ...]
    scope: Scope
    agency: str = ""
    contact: str = ""
    """Who answers for the scan; part of the User-Agent."""
    time_zone: str = UTC_ZONE
    vantage: VantagePoint = VantagePoint()
    authorisation: Authorisation | None = None
    marking: str = DEFAULT_MARKING
    windows: tuple[Window, ...] = ()
    references: tuple[str, ...] = ()
    """Origins outside the estate that answer when our own network is well (`https://host:port`)."""
    params: dict[str, dict[str, object]] = {}
    population: Population | None = None
    goals: Goals = Goals()
    waivers: tuple[Waiver, ...] = ()
    problems: tuple[str, ...] = ()
    """What failed alone while the estate was read (an include, a waiver): the run goes on and is incomplete."""
    nameservers: tuple[Nameserver, ...] = ()
    anchors: tuple[bytes, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    ask_issuers: bool = False
    """Whether responders and revocation lists that certificates name may be asked: issuers then learn who is scanned."""
    source: str = ""
    """What the estate was read from: the name of a file without its folder, or `command line`."""

    def local(self, at: datetime) -> datetime:
        """An aware moment in the agency's time zone."""
        return at.astimezone(ZoneInfo(self.time_zone))

    def is_authorised(self, at: datetime) -> bool:
        """Whether the authorisation, where one is named, still holds at an aware moment."""
        return self.authorisation is None or self.local(at).date() <= self.authorisation.valid_until


def default_http_port(url: Url) -> int | None:
    """Port 80 belongs to the service on port 443; beside any other port nothing is known of a plain twin."""
    return 80 if url.scheme == "https" and url.port == 443 else None


def is_loopback(host: str) -> bool:
    """A host that never leaves this machine: an address of the loopback range or a name under localhost (RFC 6761 6.3)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
