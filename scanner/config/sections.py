"""The tables of a targets file and of a unit's file, as people write them.

What a key means stands here once: messages, the JSON Schema and the effective configuration are made from these classes.
Rules that need more than one key are in `scanner.config.targets`.
"""

import re
from datetime import date
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_validator,
)

from scanner.config.typed import MAX_PORT, nameserver_of, secret_in
from scanner.estate import (
    DEFAULT_MARKING,
    OURS_TO_SEND,
    AddressPolicy,
    Category,
    Every,
    Kind,
    SecretKind,
    SecretSource,
    StartTls,
    Vantage,
    Window,
)
from scanner.locale.details import detail_text
from scanner.locale.speech import mark, say, say_marked, spoken
from scanner.parse.url import UrlError, host_of, parse_url
from scanner.profiles import profile_names
from scanner.redaction import is_credential_field, redact_text
from scanner.starttls import STARTTLS_PORTS
from scanner.toml_file import Section, did_you_mean, one_line

WIDEST = {4: 8, 6: 16}
"""The shortest prefix a scope may name, by IP version: one slip of the pen must not open half the internet."""
ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
MAX_PATHS = 20
MAX_STARTTLS = 8
MAX_HEADERS = 20
MAX_TEXT_CHARS = 1000
MAX_NAME_CHARS = 300
"""What a unit's file says once stands with each of its targets in the run: an endless name would make it too large."""
MAX_PATH_CHARS = 2000
MAX_WINDOWS = 24
MAX_DISABLED = 100
_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
_WINDOW = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_STARTTLS = rf"(?:{'|'.join(STARTTLS_PORTS)})(?::[0-9]{{1,5}})?"
_TOKEN = r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$"  # noqa: S105 - what RFC 9110 5.6.2 calls a field's name
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_POINTER = r"^(/([^~/]|~[01])*)*$"
FALSE_OR_PORT = {"anyOf": [{"const": False}, {"type": "integer", "minimum": 1, "maximum": MAX_PORT}]}


# -- values


def _name_in_scope(text: str) -> str:
    try:
        name = f"*.{host_of(text[2:])}" if text.startswith("*.") else host_of(text)
    except UrlError as error:
        raise ValueError(f"{text!r}: {detail_text(str(error), spoken())}") from error
    if name.startswith("*.") and name.count(".") < 2:
        raise ValueError(say("{text!r} takes in a whole top-level domain; name what is below it", text=text))
    return name


def _network(text: str) -> str:
    try:
        around = str(ip_network(text, strict=False))
    except ValueError as error:
        raise ValueError(
            say("{text!r} is no network; expected one such as 10.0.0.0/8 or 2001:db8::/32", text=text)
        ) from error
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(say("{text} is an address in a network; write {around}", text=text, around=around)) from error
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(say("{text} is wider than any agency's network; write its own networks one by one", text=text))
    return str(network)


def _nameserver(text: str) -> str:
    nameserver_of(text)
    return text


def _zone(text: str) -> str:
    name = ZONES.get(text, text)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(say("expected WIB, WITA, WIT, UTC or a zone such as Asia/Jakarta")) from error
    return name


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise ValueError(say("expected an IP address such as 203.0.113.7")) from error


def _profile(text: str) -> str:
    if text not in profile_names() and not text.lower().endswith(".toml"):
        raise ValueError(say("there is no such profile{meant}", meant=did_you_mean(text, profile_names())))
    return text


def window_of(text: str) -> Window:
    """`22:00-05:00`. Raises ValueError."""
    if re.fullmatch(_WINDOW, text) is None:
        raise ValueError(say('expected a time of day such as "22:00-05:00"'))
    start, _, until = text.partition("-")
    if start == until or text == "00:00-24:00":
        raise ValueError(say("begins and ends at the same time; leave it out where any time will do"))
    hour, minute = map(int, until.split(":"))
    return Window(_time(start), _time(f"{hour % 24:02}:{minute:02}"))


def _time(text: str) -> Any:
    from datetime import time

    return time.fromisoformat(text)


def _window(text: str) -> str:
    window_of(text)
    return text


def _origin(text: str) -> str:
    url = parse_url(text)
    if (secret := secret_in(text, url)) is not None:
        raise ValueError(secret)
    if url.target != "/" or "#" in text:
        raise ValueError(say("expected an origin without a path, such as {origin}", origin=url.origin))
    return url.origin


def _web_url(text: str) -> str:
    url = parse_url(text)
    if (secret := secret_in(text, url)) is not None:
        raise ValueError(secret)
    return str(url)


def _page(text: str) -> str:
    if len(text) > MAX_PATH_CHARS:
        raise ValueError(say("longer than {count} characters", count=MAX_PATH_CHARS))
    if not text.startswith("/") or text.startswith(("//", "/\\")):
        raise ValueError(say('expected a path of the same service that begins with one "/", such as "/login"'))
    if "#" in text:
        raise ValueError(say("a fragment (what follows #) is never sent; leave it out"))
    if redact_text(text)[1]:
        raise ValueError(
            say("a path must not carry a token, session or personal number: it would be stored and printed")
        )
    return parse_url(f"https://service.invalid{text}").target


def starttls_of(text: str) -> StartTls:
    """The port that `smtp` or `smtp:587` names. Raises ValueError."""
    protocol, _, port = text.partition(":")
    usual = STARTTLS_PORTS.get(protocol)
    if usual is None or re.fullmatch(_STARTTLS, text) is None or not 1 <= int(port or usual) <= MAX_PORT:
        raise ValueError(
            say(
                "{text!r}: expected a protocol, with a port where it is not the usual one, such as smtp or smtp:587; there "
                "are: {known}",
                text=text,
                known=", ".join(STARTTLS_PORTS),
            )
        )
    return StartTls(protocol, int(port or usual))


def _starttls(text: str) -> str:
    starttls_of(text)
    return text


def _target_id(text: str) -> str:
    if re.fullmatch(_ID, text) is None or text.endswith("\n"):
        raise ValueError(
            say("expected letters, digits, '.', '_' and '-', at most 100, beginning with a letter or digit")
        )
    return text


def _port_or_false(value: object) -> object:
    if value is False or (type(value) is int and 1 <= value <= MAX_PORT):
        return value
    raise ValueError(
        say("expected a port from 1 to {max_port}, or false where nothing answers plain HTTP", max_port=MAX_PORT)
    )


def _status(value: object) -> object:
    if type(value) is int and 100 <= value <= 599:
        return value
    raise ValueError(say("expected a status from 100 to 599"))


def _different(values: list[Any]) -> list[Any]:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise ValueError(say("{value!r} stands in it twice", value=str(value)))
        seen.add(value)
    return values


def _pointer(text: str) -> str:
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(say("longer than {count} characters", count=MAX_TEXT_CHARS))
    if re.fullmatch(_POINTER, text, re.DOTALL) is None:
        raise ValueError(say('expected a JSON Pointer such as "/status" or "" for the whole answer (RFC 6901)'))
    return text


def _scalar(value: object) -> object:
    """A value that JSON has too: infinities, dates and integers beyond 64 bits it has not."""
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
        raise ValueError(say("longer than {count} characters", count=MAX_TEXT_CHARS))
    plain = isinstance(value, str | bool) or (isinstance(value, int) and -(2**63) <= value < 2**63)
    if plain or (isinstance(value, float) and abs(value) < float("inf")):
        return value
    raise ValueError(say('expected a text, a number, true or false, such as { "/status" = "UP" }'))


def _file_name(text: str) -> str:
    if not text or "\x00" in text:
        raise ValueError(say("expected the name of a file"))
    return text


# What a person may have typed here is never repeated: it may be the secret itself.
def _variable(text: str) -> str:
    if re.fullmatch(_VARIABLE, text) is None or text.endswith("\n"):
        raise ValueError(say("expected the name of an environment variable, such as API_KEY"))
    return text


def _no_text(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic explains ValueErrors only
            say('a password does not stand in a file; write password = { env = "NAME" } or { file = "secrets/name" }')
        )
    return value


def _header_name(text: str) -> str:
    if len(text) > 100 or re.fullmatch(_TOKEN, text) is None or text.endswith("\n"):
        raise ValueError(say("the name of a header has letters, digits and hyphens only, and no colon"))
    if text.lower() in OURS_TO_SEND:
        raise ValueError(say("{text} is written by the scanner itself", text=text))
    return text


def _header_text(value: str) -> str:
    if not all(" " <= char <= "~" or char == "\t" for char in value) or value != value.strip():
        raise ValueError(say("a header's value is one line of ASCII without space at its ends"))
    if redact_text(value)[1]:
        raise ValueError(say_marked(_KEEP_ELSEWHERE))
    return value


_KEEP_ELSEWHERE = mark('a credential does not stand in a file; write { env = "NAME" } or { file = "secrets/name" }')


def _headers(values: dict[str, Any]) -> dict[str, Any]:
    lower = [name.lower() for name in values]
    for index, name in enumerate(values):
        if name.lower() in lower[:index]:
            raise ValueError(say("{name} stands in it twice; names of headers do not differ by case", name=name))
        if isinstance(values[name], str) and is_credential_field(name):
            raise ValueError(f"{name}: {say_marked(_KEEP_ELSEWHERE)}")
    return values


def _text_or_source(value: object) -> str | None:
    return "text" if isinstance(value, str) else "source" if isinstance(value, dict | BaseModel) else None


# -- tables

UNIQUE = Field(json_schema_extra={"uniqueItems": True})  # what `_different` says, for editors
Line = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS), AfterValidator(one_line)]
Page = Annotated[str, AfterValidator(_page), WithJsonSchema({"type": "string", "pattern": r"^/(?![/\\])[^#]*$"})]
Status = Annotated[Any, PlainValidator(_status), WithJsonSchema({"type": "integer", "minimum": 100, "maximum": 599})]
StartTlsText = Annotated[
    str, AfterValidator(_starttls), WithJsonSchema({"type": "string", "pattern": f"^{_STARTTLS}$"})
]
WindowText = Annotated[str, AfterValidator(_window), WithJsonSchema({"type": "string", "pattern": _WINDOW})]
Day = date  # a table has a key of that name
FileName = Annotated[str, Field(min_length=1), AfterValidator(_file_name)]
Params = dict[str, dict[str, Any]]
Name = Annotated[str, Field(max_length=MAX_NAME_CHARS)]
DeadlineDays = Annotated[int, Field(ge=0, le=3660)] | None


class AgencySection(Section):
    """Whose services these are."""

    name: str = Field(default="", description="The agency's name.", examples=["Pemerintah Kota Contoh"])
    contact: str = Field(
        default="", description="Who answers for the scan; part of the User-Agent.", examples=["csirt@contoh.go.id"]
    )
    time_zone: Annotated[str, AfterValidator(_zone)] = Field(
        default="UTC", description="WIB, WITA, WIT, UTC or an IANA zone.", examples=["WIB"]
    )


class VantageSection(Section):
    """Where this scanner stands."""

    kind: Annotated[Vantage, Field(strict=False)] = Field(
        default=Vantage.UNSTATED, description="internet or intranet.", examples=["internet"]
    )
    name: str = Field(default="", description="What people call the place.", examples=["Ruang server Diskominfo"])
    address: Annotated[str, AfterValidator(_address)] = Field(
        default="",
        description="The IP address services see it come from.",
        examples=["203.0.113.7"],
        validate_default=False,
    )


class AuthorisationSection(Section):
    """The document that allows the scan; after its last day nothing is scanned."""

    number: Line = Field(description="Number of the document.", examples=["094/123/Diskominfo/2026"])
    valid_until: date = Field(
        description="The last day on which it allows the scan, in the agency's time zone.",
        examples=[date(2026, 12, 31)],
    )
    issued_by: str = Field(default="", description="Who signed it.", examples=["Kepala Dinas Kominfo"])


class ScopeSection(Section):
    """What may be touched. Nothing outside it is ever contacted, redirects included."""

    names: list[Annotated[str, AfterValidator(_name_in_scope)]] = Field(
        default=[], description="Host names; `*.` takes in every name below.", examples=[["www.contoh.go.id"]]
    )
    networks: list[Annotated[str, AfterValidator(_network)]] = Field(
        default=[], description="Networks, needed only for private addresses.", examples=[["10.0.0.0/8"]]
    )
    authorisation: AuthorisationSection | None = Field(default=None, description="The document that allows the scan.")


class ResolverSection(Section):
    """Who is asked for names; leave it out to use the system's resolver."""

    nameservers: list[Annotated[str, AfterValidator(_nameserver)]] = Field(
        default=[], description="IP addresses, with a port where it is not 53.", examples=[["192.0.2.53"]]
    )


class TrustSection(Section):
    """The operator's own trust anchors."""

    anchors: list[FileName] = Field(
        default=[], description="PEM files, beside the targets file.", examples=[["ca.pem"]]
    )


class PkiSection(Section):
    """Questions to the authorities that issued the certificates."""

    ask_issuers: bool = Field(
        default=False,
        description="Ask responders and revocation lists that certificates name; their issuers learn who is scanned.",
    )


def _distribution(text: str) -> str:
    from scanner.plugins import Allowed

    return str(Allowed.of(text))


class PluginsSection(Section):
    """Distributions beside Pindai that may add checks, probes, reports and frameworks. Their code is trusted."""

    allow: Annotated[list[Annotated[str, AfterValidator(_distribution)]], AfterValidator(_different), UNIQUE] = Field(
        default=[],
        description="Names of installed distributions that are loaded, each with the only version allowed when it has one.",
        examples=[["pindai-contoh"], ["pindai-contoh==1.0"]],
        max_length=50,
    )


class ReferenceSection(Section):
    """Places outside the estate that answer while our own network is well."""

    endpoints: Annotated[list[Annotated[str, AfterValidator(_origin)]], AfterValidator(_different), UNIQUE] = Field(
        default=[], description="Origins (https://host).", examples=[["https://www.contoh.go.id"]], max_length=10
    )


class PopulationSection(Section):
    """The official list of services: what figures are a share of."""

    file: FileName = Field(description="TOML, CSV or Excel, beside the targets file.", examples=["population.toml"])
    document: str = Field(
        default="", description="The document it comes from, for CSV and Excel.", examples=["SK Wali Kota 123/2026"]
    )
    date: Day | None = Field(default=None, description="Date of that document.", examples=[date(2026, 1, 31)])
    sheet: str = Field(
        default="",
        description="The sheet of an Excel file, where several have something in them.",
        examples=["Layanan"],
    )


class CoverageGoalSection(Section):
    """How much of what is registered the agency set itself to observe."""

    percent: Annotated[float, Field(strict=False, gt=0, le=100)] = Field(
        description="Least share of the registered services, in percent.", examples=[95]
    )
    document: Line = Field(description="The document that sets it.", examples=["Rencana Kerja 2026, hal. 14"])


class ScheduleGoalSection(Section):
    """How often the agency scans by its own rule."""

    every: Annotated[Every, Field(strict=False)] = Field(
        description="day, week or month: at least one whole scan in each.", examples=["day"]
    )
    percent: Annotated[float, Field(strict=False, gt=0, le=100)] = Field(
        description="Least share of those days, weeks or months with a whole scan, in percent.", examples=[95]
    )
    longest_gap_days: Annotated[int, Field(ge=1, le=366)] = Field(
        description="Longest time from one whole scan to the next, in days.", examples=[3]
    )
    document: Line = Field(description="The document that sets it.", examples=["SOP 12/2026"])


class DeadlinesSection(Section):
    """Within how many days a finding is repaired by the agency's own rule, from when it was first seen."""

    critical: DeadlineDays = Field(default=None, description="Days for critical findings.", examples=[3])
    high: DeadlineDays = Field(default=None, description="Days for high ones.", examples=[14])
    medium: DeadlineDays = Field(default=None, description="Days for medium ones.", examples=[90])
    low: DeadlineDays = Field(default=None, description="Days for low ones.", examples=[180])
    document: Line = Field(description="The document that sets them.", examples=["SOP 12/2026"])

    @model_validator(mode="after")
    def _some(self) -> "DeadlinesSection":
        if all(it is None for it in (self.critical, self.high, self.medium, self.low)):
            raise ValueError(say("no deadline in it; write one such as critical = 3"))
        return self


class AssessmentSection(Section):
    """What the agency set itself, for `pindai assess`. Without a goal its figures are shown and are no pass."""

    coverage: CoverageGoalSection | None = Field(default=None, description="How much is observed.")
    schedule: ScheduleGoalSection | None = Field(default=None, description="How often is scanned.")
    deadlines: DeadlinesSection | None = Field(default=None, description="How soon findings are repaired.")


class SourceSection(Section):
    """Where a secret is kept: an environment variable or a file, one of the two."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["env"]}, {"required": ["file"]}]})

    env: Annotated[str, AfterValidator(_variable), WithJsonSchema({"type": "string", "pattern": _VARIABLE})] | None = (
        Field(default=None, description="Name of an environment variable.", examples=["API_KEY"])
    )
    file: FileName | None = Field(
        default=None, description="A file that only its owner can read, beside this file.", examples=["secrets/api-key"]
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "SourceSection":
        if (self.env is None) == (self.file is None):
            raise ValueError(say('write { env = "NAME" } or { file = "secrets/name" }, one of the two'))
        return self

    @property
    def source(self) -> SecretSource:
        """The same as a value; the file's name as it stands here."""
        if self.env is not None:
            return SecretSource(SecretKind.ENV, self.env)
        return SecretSource(SecretKind.FILE, self.file or "")


TextOrSource = Discriminator(
    _text_or_source,
    custom_error_type="said",
    custom_error_message=mark('expected text, { env = "NAME" } or { file = "secrets/name" }'),
)


class BasicAuthSection(Section):
    """User and password that the service asks for with status 401 (RFC 7617)."""

    user: Annotated[
        Annotated[str, Tag("text")] | Annotated[SourceSection, Tag("source")],
        TextOrSource,
    ] = Field(description="The user's name, or where it is kept.", examples=["pemindai"])
    password: Annotated[SourceSection, BeforeValidator(_no_text)] = Field(
        description="Where the password is kept.", examples=[{"env": "PINDAI_PASSWORD"}]
    )

    @model_validator(mode="after")
    def _sendable(self) -> "BasicAuthSection":
        if isinstance(self.user, str) and (not self.user or ":" in self.user or not self.user.isprintable()):
            raise ValueError(say("a user's name is one line, not empty, and has no colon (RFC 7617)"))
        return self


class ExpectSection(Section):
    """What counts as an answer."""

    status: Annotated[list[Status], AfterValidator(_different), UNIQUE] = Field(
        default=[], description="One of these; any but a server error without it.", examples=[[200]]
    )
    text: str = Field(
        default="", description="A text of the page.", examples=["Selamat datang"], max_length=MAX_TEXT_CHARS
    )
    json_: dict[
        Annotated[str, AfterValidator(_pointer)],
        Annotated[Any, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})],
    ] = Field(
        default={},
        alias="json",
        description="JSON Pointer (RFC 6901) to the value that must stand there.",
        examples=[{"/status": "UP"}],
        max_length=20,
        json_schema_extra={"propertyNames": {"pattern": _POINTER}},
    )


class DisableSection(Section):
    """Checks that are switched off, and why; reports list them with the reason."""

    checks: Line = Field(description="An id, an area or a glob.", examples=["web.hsts.policy"])
    reason: Line = Field(description="Why; it is printed.", examples=["Aplikasi dipensiunkan bulan depan"])


class DefaultsSection(Section):
    """What a target has when it does not say otherwise."""

    addresses: Annotated[AddressPolicy, Field(strict=False)] = Field(
        default=AddressPolicy.FIRST, description="Observe all addresses of a name, or the first.", examples=["all"]
    )
    environment: Name = Field(default="", description="production, staging, ...", examples=["production"])
    contact: Name = Field(default="", description="Who can repair it.", examples=["diskominfo@contoh.go.id"])
    unit: Name = Field(default="", description="The unit it belongs to (perangkat daerah).", examples=["Diskominfo"])
    category: Annotated[Category, Field(strict=False)] | None = Field(
        default=None, description="Category of the electronic system, as its owner decided.", examples=["tinggi"]
    )
    kinds: Annotated[
        list[Annotated[Kind, Field(strict=False)]], Field(min_length=1), AfterValidator(_different), UNIQUE
    ] = Field(default=[Kind.WEB], description="What it is asked as.", examples=[["web"]])
    expect: ExpectSection = Field(
        default=ExpectSection(), description="What counts as an answer; given, it replaces all of it."
    )
    paths: Annotated[list[Page], AfterValidator(_different), UNIQUE] = Field(
        default=[], description="Further pages of the service.", examples=[["/login"]], max_length=MAX_PATHS
    )
    params: Params = Field(default={}, description="Thresholds, by check id.")


class TargetSection(DefaultsSection):
    """One service endpoint."""

    HIDES: ClassVar[frozenset[str]] = frozenset({"headers", "basic_auth"})
    ADVICE: ClassVar[dict[str, str]] = {
        "expect_status": mark("write expect.status"),
        "name": mark("write service, or unit"),
        "host": mark('write url = "https://..."'),
        "port": mark("the port is part of url; http_port is where plain http answers"),
        "authorisation": mark("write [scope.authorisation]"),
    }

    id: Annotated[str, AfterValidator(_target_id), WithJsonSchema({"type": "string", "pattern": _ID})] = Field(
        description="Never changes: findings are followed by it.", examples=["www"]
    )
    url: Annotated[
        str,
        AfterValidator(_web_url),
        WithJsonSchema({"type": "string", "pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?:", "format": "uri"}),
    ] = Field(description="What is scanned.", examples=["https://www.contoh.go.id/"])
    http_port: Annotated[Any, PlainValidator(_port_or_false), WithJsonSchema(FALSE_OR_PORT)] = Field(
        default=None, description="Where the same service answers plain http; false for nowhere.", examples=[80]
    )
    service: Name = Field(default="", description="Name of the service.", examples=["Portal resmi"])
    windows: Annotated[list[WindowText], AfterValidator(_different), UNIQUE] = Field(
        default=[],
        description="Times of day in which it may be scanned, within the estate's.",
        examples=[["22:00-05:00"]],
        max_length=MAX_WINDOWS,
    )
    headers: Annotated[
        dict[
            Annotated[str, AfterValidator(_header_name)],
            Annotated[
                Annotated[str, Field(max_length=4096), AfterValidator(_header_text), Tag("text")]
                | Annotated[SourceSection, Tag("source")],
                TextOrSource,
            ],
        ],
        AfterValidator(_headers),
    ] = Field(
        default={},
        description="Header fields that requests to this service carry.",
        examples=[{"X-Api-Key": {"env": "API_KEY"}}],
        max_length=MAX_HEADERS,
        json_schema_extra={"propertyNames": {"pattern": _TOKEN}},
    )
    basic_auth: BasicAuthSection | None = Field(default=None, description="User and password (RFC 7617).")
    openapi: Page | None = Field(
        default=None,
        description="Where the description of an interface (kind api) stands on this service: OpenAPI in JSON or YAML.",
        examples=["/openapi.json"],
    )
    starttls: Annotated[list[StartTlsText], AfterValidator(_different), UNIQUE] = Field(
        default=[],
        description="Other ports of the same host at which TLS is begun by STARTTLS: a protocol, or protocol:port.",
        examples=[["smtp", "imap:143"]],
        max_length=MAX_STARTTLS,
    )
    opt_in: Annotated[list[Name], AfterValidator(_different), UNIQUE] = Field(
        default=[],
        description="Areas of checks that the owner of this service agreed to, where a clause asks for that.",
        examples=[["content"]],
        max_length=20,
    )
    disable: list[DisableSection] = Field(
        default=[], description="Checks that are switched off for this target.", max_length=MAX_DISABLED
    )


class UnitSection(Section):
    """The unit (perangkat daerah) whose services follow."""

    name: Name = Field(default="", description="Its name.", examples=["Dinas Kesehatan"])
    contact: Name = Field(default="", description="Who can repair its services.", examples=["dinkes@contoh.go.id"])


_MAIN_ONLY = mark("only the main targets file says this")


class UnitFile(Section):
    """A file of one unit's targets, named by `include` in the main targets file."""

    ADVICE: ClassVar[dict[str, str]] = dict.fromkeys(
        (
            *(
                "scope",
                "resolver",
                "trust",
                "pki",
                "vantage",
                "agency",
                "reference",
                "population",
                "waivers",
                "include",
            ),
            *("marking", "profile", "windows", "plugins", "assessment"),
        ),
        _MAIN_ONLY,
    ) | {"params": mark("write [defaults.params]")}

    unit: UnitSection = Field(default=UnitSection(), description="The unit whose services follow.")
    defaults: DefaultsSection = Field(default=DefaultsSection(), description="What its targets have in common.")
    disable: list[DisableSection] = Field(
        default=[], description="Checks that are switched off for its targets.", max_length=MAX_DISABLED
    )
    target: list[TargetSection] = Field(default=[], description="Its services.")


class TargetsFile(Section):
    """A whole targets file: what is scanned, for whom, and what may be touched."""

    ADVICE: ClassVar[dict[str, str]] = {
        "authorisation": mark("write [scope.authorisation]"),
        "authorization": mark("write [scope.authorisation]"),
        "targets": mark("write [[target]]"),
        "unit": mark("a file of one unit is named by include in the main targets file"),
    }

    marking: Annotated[Line, Field(max_length=100)] = Field(
        default=DEFAULT_MARKING, description="Printed on every report.", examples=["TERBATAS"]
    )
    profile: Annotated[str, AfterValidator(_profile)] = Field(
        default="",
        description="Pace and checks: a name, or a file of your own; --profile wins.",
        examples=["nightly"],
        validate_default=False,
    )
    windows: Annotated[list[WindowText], AfterValidator(_different), UNIQUE] = Field(
        default=[],
        description="Times of day in which scanning is welcome.",
        examples=[["22:00-05:00"]],
        max_length=MAX_WINDOWS,
    )
    include: Annotated[list[FileName], AfterValidator(_different), UNIQUE] = Field(
        default=[], description="Files of units, below this file's folder.", examples=[["units/*.toml"]]
    )
    waivers: Annotated[list[FileName], AfterValidator(_different), UNIQUE] = Field(
        default=[], description="Files with findings that were accepted until a day.", examples=[["waivers.toml"]]
    )
    agency: AgencySection = Field(default=AgencySection(), description="The agency and its time zone.")
    vantage: VantageSection = Field(default=VantageSection(), description="The place it is scanned from.")
    scope: ScopeSection = Field(default=ScopeSection(), description="What may be touched.")
    resolver: ResolverSection = Field(default=ResolverSection(), description="Who is asked for names.")
    trust: TrustSection = Field(default=TrustSection(), description="Own trust anchors.")
    pki: PkiSection = Field(default=PkiSection(), description="Questions to the issuers of certificates.")
    plugins: PluginsSection = Field(default=PluginsSection(), description="Which installed plug-ins may be loaded.")
    reference: ReferenceSection = Field(
        default=ReferenceSection(), description="Places that answer while our own network is well."
    )
    population: PopulationSection | None = Field(default=None, description="The official list of services.")
    assessment: AssessmentSection = Field(
        default=AssessmentSection(), description="What the agency set itself: coverage, schedule, deadlines."
    )
    params: Params = Field(default={}, description="Thresholds for all targets, by check id.")
    defaults: DefaultsSection = Field(default=DefaultsSection(), description="What targets have in common.")
    disable: list[DisableSection] = Field(default=[], description="Checks that are switched off for all targets.")
    target: list[TargetSection] = Field(default=[], description="The services.")
