"""From files and the command line to an Estate: validated at the boundary, with errors that say where and what to do."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from scanner.config_error import ConfigError
from scanner.estate import (
    AddressPolicy,
    Category,
    Estate,
    Expectation,
    Kind,
    Nameserver,
    Redirection,
    Target,
    default_http_port,
)
from scanner.parse.url import Url, UrlError, host_of, parse_url
from scanner.probes.trust import certificates_in
from scanner.redaction import redact_text
from scanner.scope import Scope

MAX_FILE_BYTES = 16_000_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
MAX_PORT = 65535
WIDEST = {4: 8, 6: 16}
"""The shortest prefix a scope may name, by IP version: one slip of the pen must not open half the internet."""
NOT_A_TABLE = "a targets file is TOML, not CSV or Excel; begin from targets.example.toml"


def _name_in_scope(text: str) -> str:
    try:
        name = f"*.{host_of(text[2:])}" if text.startswith("*.") else host_of(text)
    except UrlError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if name.startswith("*.") and name.count(".") < 2:
        raise ValueError(f"{text!r} takes in a whole top-level domain; name what is below it")
    return name


def _network(text: str) -> str:
    try:
        around = str(ip_network(text, strict=False))
    except ValueError as error:
        raise ValueError(f"{text!r} is no network; expected one such as 10.0.0.0/8 or 2001:db8::/32") from error
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text} is an address in a network; write {around}") from error
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(f"{text} is wider than any agency's network; write its own networks one by one")
    return str(network)


def _nameserver(text: str) -> str:
    nameserver_of(text)
    return text


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgencySection(_Section):
    """Whose services these are."""

    name: str = ""
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("expected a zone such as Asia/Jakarta, Asia/Makassar, Asia/Jayapura") from error
        return value


class ResolverSection(_Section):
    """Who is asked for names."""

    nameservers: list[Annotated[str, AfterValidator(_nameserver)]] = []


class ScopeSection(_Section):
    """What may be touched."""

    names: list[Annotated[str, AfterValidator(_name_in_scope)]] = []
    networks: list[Annotated[str, AfterValidator(_network)]] = []


class TrustSection(_Section):
    """The operator's own trust anchors: PEM files, relative to the targets file."""

    anchors: list[str] = []


class DefaultsSection(_Section):
    """What a target has when it does not say otherwise."""

    addresses: AddressPolicy = AddressPolicy.FIRST
    environment: str = ""
    contact: str = ""
    unit: str = ""


class ExpectSection(_Section):
    """What counts as an answer."""

    status: list[Annotated[int, Field(ge=100, le=599)]] = []


class TargetSection(_Section):
    """One service endpoint."""

    id: str
    url: str
    http_port: int | Literal[False] | None = None
    service: str = ""
    unit: str | None = None
    contact: str | None = None
    category: Category | None = None
    environment: str | None = None
    kinds: list[Kind] = [Kind.WEB]
    addresses: AddressPolicy | None = None
    expect: ExpectSection = ExpectSection()

    @field_validator("id")
    @classmethod
    def _plain_id(cls, value: str) -> str:
        if not _ID.fullmatch(value):
            raise ValueError(
                "expected letters, digits, '.', '_' and '-', at most 100, beginning with a letter or digit"
            )
        return value

    @field_validator("url")
    @classmethod
    def _web_url(cls, value: str) -> str:
        url = parse_url(value)
        if (secret := _secret_in(value, url)) is not None:
            raise ValueError(secret)
        return str(url)

    @field_validator("http_port", mode="plain")
    @classmethod
    def _port_or_false(cls, value: object) -> object:
        if value is False or (type(value) is int and 1 <= value <= MAX_PORT):
            return value
        raise ValueError(f"expected a port from 1 to {MAX_PORT}, or false where nothing answers plain HTTP")

    @field_validator("kinds")
    @classmethod
    def _some_kind(cls, value: list[Kind]) -> list[Kind]:
        if not value:
            raise ValueError("expected at least one of web, api, mail, dns")
        return value


class TargetsFile(_Section):
    """A whole targets file."""

    agency: AgencySection = AgencySection()
    resolver: ResolverSection = ResolverSection()
    scope: ScopeSection = ScopeSection()
    trust: TrustSection = TrustSection()
    defaults: DefaultsSection = DefaultsSection()
    target: list[TargetSection] = []


def load_targets(path: Path) -> Estate:
    """The estate a targets file describes. Raises ConfigError."""
    is_toml = path.suffix.lower() == ".toml"
    text = _read(path, "save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)" if is_toml else NOT_A_TABLE)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        advice = "" if is_toml else f"; {NOT_A_TABLE}"
        raise ConfigError([f"{path}: not valid TOML: {error}{advice}"]) from error
    try:
        file = TargetsFile.model_validate(data)
    except ValidationError as error:
        raise ConfigError(list(_explain(path, text, error))) from error
    problems = list(_contradictions(path, text, file))
    if problems:
        raise ConfigError(problems)
    return Estate(
        targets=tuple(_target(section, file.defaults) for section in file.target),
        scope=Scope(names=tuple(file.scope.names), networks=tuple(file.scope.networks)),
        agency=file.agency.name,
        time_zone=file.agency.time_zone,
        nameservers=tuple(nameserver_of(text) for text in file.resolver.nameservers),
        anchors=load_anchors(path.parent / name for name in file.trust.anchors),
        source=path.name,
    )


def without_secrets(text: str) -> str:
    """What somebody typed, fit to be printed: whatever stands before an @ may be a password, also without a scheme."""
    before, at, after = redact_text(text)[0].rpartition("@")
    return f"...{at}{after}" if at and before else after


def _secret_in(text: str, url: Url) -> str | None:
    """Why a target's URL may not be kept as it is: it is stored with the run and printed in reports."""
    if url.had_userinfo:
        return "a URL must not carry a user name or password"
    if redact_text(text)[1]:
        return "a URL must not carry a token, session or personal number: it would be stored and printed"
    return None


def estate_of_urls(texts: Sequence[str]) -> Estate:
    """An estate of URLs typed on the command line; their hosts, private ones too, are the scope. Raises ConfigError."""
    problems: list[str] = []
    urls: dict[str, Url] = {}
    for text in texts:
        try:
            url = parse_url(text)
        except UrlError as error:
            shown = without_secrets(text)
            problems.append(f"{shown}: {error}; expected an address such as https://host:8443/ or a targets file")
            continue
        if (secret := _secret_in(text, url)) is not None:
            problems.append(f"{url.origin}: {secret}")
        urls.setdefault(str(url), url)
    if problems:
        raise ConfigError(problems)
    targets: dict[str, Target] = {}
    for url in urls.values():
        name = _free_name(_ID_UNSAFE.sub("-", url.origin.partition("://")[2]).strip("-") or "target", targets)
        targets[name] = Target(id=name, url=str(url), http_port=_plain_port(url, None))
    hosts = tuple(dict.fromkeys(url.host for url in urls.values()))
    return Estate(targets=tuple(targets.values()), scope=Scope(typed=hosts), source="command line")


_ID_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def _free_name(name: str, taken: dict[str, Target]) -> str:
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def nameserver_of(text: str) -> Nameserver:
    """`192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. Raises ValueError."""
    address, port = text, 53
    matched = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+):(\d{1,5})", text)
    if matched is not None:
        address = matched[1] or matched[3]
        port = int(matched[2] or matched[4] or 53)
    try:
        parsed = str(ip_address(address))
    except ValueError as error:
        raise ValueError(f"{text!r} is no IP address with an optional port") from error
    if not 1 <= port <= MAX_PORT:
        raise ValueError(f"{text!r}: a port is a number from 1 to 65535")
    return Nameserver(parsed, port)


def redirections_of(connect_to: Iterable[str], resolve: Iterable[str]) -> tuple[Redirection, ...]:
    """curl's `--connect-to HOST1:PORT1:HOST2:PORT2` and `--resolve HOST:PORT:ADDRESS`. Raises ConfigError.

    HOST2 must be an IP address here; an empty HOST1 or PORT1 matches any, an empty PORT2 keeps the port.
    """
    wishes: list[Redirection] = []
    for option, texts, count in (("--resolve", resolve, 3), ("--connect-to", connect_to, 4)):
        for text in texts:
            fields = re.findall(r"\[[^\]]*\]|[^:\[\]]+|(?<=:)(?=:)|^(?=:)|(?<=:)$", text)
            shape = "HOST:PORT:ADDRESS" if count == 3 else "HOST:PORT:ADDRESS:PORT"
            try:
                if len(fields) != count:
                    raise ValueError("wrong number of parts")
                host = host_of(fields[0].strip("[]")) if fields[0] not in ("", "*") else ""
                port = int(fields[1] or 0)
                address = str(ip_address(fields[2].strip("[]")))
                to_port = int(fields[3] or 0) if count == 4 else 0
                if not (0 <= port <= MAX_PORT and 0 <= to_port <= MAX_PORT):
                    raise ValueError(f"a port is a number from 1 to {MAX_PORT}")
            except ValueError as error:
                raise ConfigError([f"{option} {text}: expected {shape} with an IP address ({error})"]) from error
            wishes.append(Redirection(host, port, address, to_port))
    return tuple(wishes)


def load_anchors(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """The certificates of PEM files, DER. Raises ConfigError."""
    anchors: list[bytes] = []
    for path in paths:
        try:
            found = certificates_in(_read(path, "expected certificates in PEM, not DER or PKCS #12").encode())
        except ValueError as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError([f"{path}: a certificate in it is not valid base64"]) from error
        if not found:
            raise ConfigError([f"{path}: no PEM certificate in it (expected -----BEGIN CERTIFICATE-----)"])
        anchors.extend(found)
    return tuple(dict.fromkeys(anchors))


def _read(path: Path, advice: str) -> str:
    """The text of a file, without the byte order mark that Windows puts before it; `advice` is for one that is none."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError([f"{path}: larger than {MAX_FILE_BYTES} bytes"])
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 text (byte {error.start}); {advice}"]) from error
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror or error}"]) from error


def _target(section: TargetSection, defaults: DefaultsSection) -> Target:
    return Target(
        id=section.id,
        url=section.url,
        http_port=_plain_port(parse_url(section.url), section.http_port),
        service=section.service,
        unit=defaults.unit if section.unit is None else section.unit,
        contact=defaults.contact if section.contact is None else section.contact,
        category=section.category,
        environment=defaults.environment if section.environment is None else section.environment,
        kinds=tuple(section.kinds),
        addresses=section.addresses or defaults.addresses,
        expect=Expectation(status=tuple(section.expect.status)),
    )


def _plain_port(url: Url, given: int | Literal[False] | None) -> int | None:
    if given is False:
        return None
    return default_http_port(url) if given is None else given


# -- errors


def _contradictions(path: Path, text: str, file: TargetsFile) -> Iterable[str]:
    """What is well formed one by one and wrong together."""
    if not file.target:
        yield f"{path}: no [[target]] in it, so there is nothing to scan"
    seen: dict[str, int] = {}
    urls: dict[str, str] = {}
    scope = Scope(names=tuple(file.scope.names), networks=tuple(file.scope.networks))
    for index, section in enumerate(file.target):
        if section.id in seen:
            where = _where(path, text, ("target", index, "id"))
            yield f"{where}: target.id: {section.id!r} is already target {seen[section.id] + 1}; ids are unique"
        seen.setdefault(section.id, index)
        if (other := urls.setdefault(section.url, section.id)) != section.id:
            where = _where(path, text, ("target", index, "url"))
            yield f"{where}: target.url: {other!r} and {section.id!r} are both {section.url}; keep one of them"
        host = parse_url(section.url).host
        if not scope.permits_name(host):
            where = _where(path, text, ("target", index, "url"))
            yield f"{where}: target.url: {host} is outside [scope]; add it to scope.names (or scope.networks)"


def _explain(path: Path, text: str, error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_url=False):
        location = problem["loc"]
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
        message = _in_plain_words(problem["type"], problem["msg"], problem["input"], location)
        yield f"{_where(path, text, location)}: {key}: {message}"


_LISTS = {
    "names": '["www.contoh.go.id"]',
    "networks": '["10.0.0.0/8"]',
    "nameservers": '["192.0.2.53"]',
    "anchors": '["ca.pem"]',
    "kinds": '["web"]',
    "status": "[200]",
}
"""What a list may look like, by its key."""


def _in_plain_words(kind: str, message: str, given: object, location: tuple[int | str, ...]) -> str:
    """What pydantic found, for people who have never heard of it."""
    name = str(location[-1]) if location else ""
    match kind:
        case "extra_forbidden":
            return "unknown key" + _did_you_mean(location)
        case "missing":
            return "this key is required"
        case "string_type":
            return "expected text in quotes"
        case "list_type":
            return (
                f"expected a list such as {_LISTS[name]}" if name in _LISTS else f"write [[{name}]] above each {name}"
            )
        case "model_type" | "model_attributes_type":
            return "expected a section with keys and values below it"
        case "int_type" | "int_parsing" | "int_from_float" | "greater_than_equal" | "less_than_equal":
            return "expected a status from 100 to 599"  # the only numbers that pydantic checks for us
        case "enum":
            known = re.findall(r"'([^']*)'", message)
            close = difflib.get_close_matches(str(given), known, n=1)
            return f"expected one of {', '.join(known)}" + (f"; did you mean {close[0]!r}?" if close else "")
    return message.removeprefix("Value error, ")


def _did_you_mean(location: tuple[int | str, ...]) -> str:
    model: Any = TargetsFile
    for part in location[:-1]:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation if part in model.model_fields else None
            model = next(
                (it for it in (annotation, *getattr(annotation, "__args__", ())) if hasattr(it, "model_fields")), None
            )
            if model is None:
                return ""
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _where(path: Path, text: str, location: tuple[int | str, ...]) -> str:
    """`file:line` of a key: the n-th table of its name, then the key in it; the file alone when it cannot be found."""
    table = str(location[0]) if location else ""
    ordinal = location[1] if len(location) > 1 and isinstance(location[1], int) else 0
    key = next((str(part) for part in reversed(location) if isinstance(part, str)), "")
    header = re.compile(rf"^\s*\[{{1,2}}\s*{re.escape(table)}\s*\]{{1,2}}")
    inside, count, first_line = False, -1, 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("["):
            if header.match(line):
                count += 1
                inside = count == ordinal
                if inside:
                    first_line = number
                continue
            inside = False
        if (inside or len(location) == 1) and re.match(rf"^\s*(?:[\w-]+\.)*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f"{path}:{number}"
    return f"{path}:{first_line}" if first_line else str(path)
