"""The population file: the official list of units and services, which is the denominator of every figure.

It is a file of its own, with the document it comes from and that document's date. TOML says all there is to say; the list of
services that an agency keeps in a spreadsheet is read as it is, CSV or XLSX, and then document and date are told beside it.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from scanner.config_error import ConfigError
from scanner.estate import Category, Population, PopulationService, PopulationUnit, ServiceLevel
from scanner.locale.speech import mark, say, say_marked
from scanner.parse.list_name import name_key
from scanner.parse.url import UrlError, host_of, parse_url
from scanner.redaction import redact_text
from scanner.service_list import HEADINGS, Refusal, addresses_in
from scanner.spreadsheet import Head, Row, Table, body, find_head, read_table
from scanner.toml_file import Section, TomlFile, did_you_mean, likely, read_toml

MAX_NAME_CHARS: Final = 300
MAX_LISTED: Final = 100
MAX_SUGGESTIONS: Final = 100
"""Units that something like their name is looked for, which takes time in a long list."""
EARLIEST_ZONE: Final = datetime.timezone(datetime.timedelta(hours=14))
"""Where a day begins first: a date that has begun nowhere on earth is in the future."""
NO_VALUE: Final = frozenset({"", "-", "--", "–", "—", "n/a", "na", "nihil", "tidak ada", "belum ada", "none"})  # noqa: RUF001

_COLUMNS: Final = {
    "service": HEADINGS["service"],
    "unit": HEADINGS["unit"],
    "category": HEADINGS["category"],
    "hosts": HEADINGS["url"],
    "tags": HEADINGS["tags"],
}
_DOCUMENT: Final = 'document = "SK 555/12/2026"'
_DATE: Final = "date = 2026-01-31"
SUMS: Final = frozenset({"jumlah", "jumlah total", "total", "grand total", "jumlah keseluruhan"})
"""The last row of many a list."""
_NO_HOST_OF_THEIRS: Final = frozenset({Refusal.MOBILE_APP, Refusal.PLATFORM})
_REFUSED: Final = {
    Refusal.NO_ADDRESS: mark("no address"),
    Refusal.NOT_AN_ADDRESS: mark("not an address"),
    Refusal.EMAIL: mark("email"),
    Refusal.SECRET: mark("secret"),
    Refusal.LOOPBACK: mark("loopback"),
    Refusal.NEVER: mark("never"),
    Refusal.BROKEN: mark("broken"),
    Refusal.UNCOMPUTED: mark("uncomputed"),
    Refusal.TOO_MANY: mark("too many"),
}
"""What a cell of hosts has instead of one."""

Item = TypeVar("Item")


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise ValueError(say("must not be empty"))
    if len(name) > MAX_NAME_CHARS:
        raise ValueError(say("longer than {count} characters", count=MAX_NAME_CHARS))
    return name


def _past_day(day: datetime.date) -> datetime.date:
    if day > datetime.datetime.now(EARLIEST_ZONE).date():
        raise ValueError(say("{day} is in the future; the date is that of the document the list comes from", day=day))
    return day


def _day(value: object) -> object:
    """A TOML date or its text; pydantic would also take a number for a time."""
    if isinstance(value, str):
        return datetime.date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else object()
    return value if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime) else object()


def host_in(text: str) -> str:
    """The host of what stands in a list for an address: a host, or a URL with or without scheme. Raises ValueError."""
    given = text.strip()
    if re.fullmatch(r"[0-9.]+", given) and given.count(".") != 3:
        raise ValueError(f"{given[:60]!r}: {say('no host such as layanan.contoh.go.id')}")
    try:
        if "://" in given:
            return parse_url(given).host
        try:
            return host_of(given)
        except UrlError:
            return parse_url(f"https://{given}").host  # with a port or a path
    except UrlError:
        # What is no address may be anything, a password too: it is not repeated where it looks like one.
        shown = "" if "@" in given or redact_text(given)[1] else f"{given[:60]!r}: "
    raise ValueError(shown + say("no host such as layanan.contoh.go.id"))


def _category(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


_Name = Annotated[str, AfterValidator(_name)]
_Host = Annotated[str, AfterValidator(host_in)]


class UnitSection(Section):
    """A unit of the agency (perangkat daerah, unit kerja)."""

    name: _Name = Field(description="As the official list names it.", examples=["Dinas Kesehatan"])
    no_service: bool = Field(default=False, description="The unit has declared to have no online service.")
    declaration: str = Field(
        default="",
        description="The document in which it declared so.",
        examples=["Surat pernyataan 12/2026"],
        max_length=MAX_NAME_CHARS,
    )


class ServiceLevelSection(Section):
    """The agreed level of a service (SLA)."""

    document: _Name = Field(description="The document that agrees it.", examples=["SLA Layanan Perizinan 2026"])
    covers: list[_Name] = Field(
        description="The quantities it covers.", examples=[["availability"]], min_length=1, max_length=MAX_LISTED
    )
    availability_target: Annotated[float, Field(strict=False, gt=0, le=1)] | None = Field(
        default=None, description="The availability it promises, as a share of the time.", examples=[0.995]
    )
    latency_limit_ms: Annotated[float, Field(strict=False, gt=0)] | None = Field(
        default=None, description="The longest answer time it promises, in milliseconds.", examples=[2000]
    )


class ServiceSection(Section):
    """A registered online service."""

    name: _Name = Field(description="As the official list names it.", examples=["Pendaftaran pasien"])
    unit: str = Field(
        default="", description="The unit it belongs to.", examples=["Dinas Kesehatan"], max_length=MAX_NAME_CHARS
    )
    category: Annotated[Category, Field(strict=False), BeforeValidator(_category)] | None = Field(
        default=None, description="Decided category of the electronic system.", examples=["tinggi"]
    )
    hosts: list[_Host] = Field(
        default=[], description="Its public names.", examples=[["pasien.contoh.go.id"]], max_length=MAX_LISTED
    )
    tags: list[_Name] = Field(
        default=[], description="What an indicator asks for.", examples=[["layanan-publik"]], max_length=MAX_LISTED
    )
    sla: ServiceLevelSection | None = Field(default=None, description="The agreed level of the service.")


class PopulationFile(Section):
    """The official list of units and services, with the document it comes from."""

    document: _Name = Field(
        description="The document the list comes from.", examples=["Daftar Layanan SPBE 2026, SK 555/12/2026"]
    )
    date: Annotated[datetime.date, BeforeValidator(_day), AfterValidator(_past_day)] = Field(
        description="Date of that document.", examples=[datetime.date(2026, 1, 31)]
    )
    category_document: str = Field(
        default="",
        description="The decision on the categories of the electronic systems.",
        examples=["SK 555/14/2026"],
        max_length=MAX_NAME_CHARS,
    )
    unit: list[UnitSection] = Field(default=[], description="All units, with those that have no online service.")
    service: list[ServiceSection] = Field(default=[], description="All registered online services.")


def load_population(
    path: Path, *, document: str = "", date: datetime.date | None = None, sheet: str | None = None
) -> Population:
    """The population a TOML, CSV or XLSX file lists. Raises ConfigError with all that is wrong.

    A spreadsheet does not say what document it is, so that `document` and `date` must; a TOML file says so itself.
    """
    if path.suffix.lower() == ".toml":
        told = {"document": document, "date": date, "sheet": sheet}
        if superfluous := [key for key, value in told.items() if value]:
            raise ConfigError(
                [
                    say(
                        "{path}: {superfluous} belong into the file itself, as it is TOML",
                        path=path,
                        superfluous=say(" and ").join(superfluous),
                    )
                ]
            )
        return _of_toml(path)
    return _of_table(path, document, date, sheet)


def _of_toml(path: Path) -> Population:
    file = read_toml(path)
    told = file.validate(PopulationFile)
    units = [
        _Placed(PopulationUnit(it.name, it.no_service, it.declaration.strip()), _place_in(file, "unit", number))
        for number, it in enumerate(told.unit)
    ]
    services = [
        _Placed(
            PopulationService(
                it.name,
                " ".join(it.unit.split()),
                it.category,
                tuple(dict.fromkeys(it.hosts)),
                tuple(it.tags),
                None if it.sla is None else _level(it.sla),
            ),
            _place_in(file, "service", number),
        )
        for number, it in enumerate(told.service)
    ]
    problems = list(_contradictions(units, services))
    if not units and not services:
        problems.append(say("{path}: neither [[unit]] nor [[service]] in it, so there is nothing to count", path=path))
    if problems:
        raise ConfigError(problems)
    return Population(
        document=told.document,
        date=told.date,
        units=tuple(it.value for it in units),
        services=tuple(it.value for it in services),
        category_document=told.category_document.strip(),
    )


def _level(section: ServiceLevelSection) -> ServiceLevel:
    limits = section.model_dump(include={"availability_target", "latency_limit_ms"}, exclude_none=True)
    return ServiceLevel(section.document, tuple(section.covers), limits)


@dataclass(frozen=True)
class _Placed(Generic[Item]):
    """A unit or service; `at` gives, of each of its keys, the place and the key that an error message begins with."""

    value: Item
    at: Callable[[str], str]


def _place_in(file: TomlFile, table: str, number: int) -> Callable[[str], str]:
    return lambda key: f"{file.where((table, number, key))}: {table}.{number + 1}.{key}"


# -- spreadsheets


def _of_table(path: Path, document: str, date: datetime.date | None, sheet: str | None) -> Population:
    problems: list[str] = []
    try:
        named = _name(document)
    except ValueError:
        named = ""
        problems.append(
            say(
                "{path}: a spreadsheet does not say what it is: name its document below [population], "
                "such as {document}",
                path=path,
                document=_DOCUMENT,
            )
        )
    if date is None:
        problems.append(
            say(
                "{path}: a spreadsheet does not say of when it is: give the date of its document, such as {date}",
                path=path,
                date=_DATE,
            )
        )
    else:
        try:
            _past_day(date)
        except ValueError as error:
            problems.append(f"{path}: date: {error}")
    services: list[_Placed[PopulationService]] = []
    try:
        table = read_table(path, sheet)
        head = find_head(table, _COLUMNS, ("service",))
    except ConfigError as error:
        problems += error.problems
    else:
        for row in body(table, head):
            service = _service(table, head, row, problems)
            if service is not None:
                services.append(service)
        problems += _contradictions([], services)
        if not services and not problems:
            problems.append(say("{path}: no service below the headings", path=path))
    if problems or date is None:
        raise ConfigError(problems)
    return Population(document=named, date=date, services=tuple(it.value for it in services))


def _service(table: Table, head: Head, row: Row, problems: list[str]) -> _Placed[PopulationService] | None:
    """The service a row names; what is wrong with it goes to `problems`."""

    def place(key: str) -> str:
        key = "service" if key == "name" else key
        columns = head.columns.get(key, (0,))
        return f"{table.place(row, next((it for it in columns if row.cell(it)), columns[0]))}: {key}"

    before = len(problems)
    for key, columns in head.columns.items():
        problems += [f"{table.place(row, it)}: {key}: {_broken(row.broken[it])}" for it in columns if it in row.broken]
    if len(problems) > before:
        return None
    name, unit = head.text(row, "service"), head.text(row, "unit")
    if name.casefold() in NO_VALUE:
        problems.append(
            say(
                "{place}: no name of a service in this row; delete the row, or write the list as "
                "population.toml where units without a service have their place",
                place=place("service"),
            )
        )
    for key, text in (("service", name), ("unit", unit)):
        if text.rstrip(" :").casefold() in SUMS:
            problems.append(
                say("{place}: a sum and no service, which would count as one; delete the row", place=place(key))
            )
        if len(text) > MAX_NAME_CHARS:
            problems.append(say("{place}: longer than {count} characters", place=place(key), count=MAX_NAME_CHARS))
    category = _category_of(head.text(row, "category"), place, problems)
    hosts: list[str] = []
    for column in head.columns.get("hosts", ()):
        inside = addresses_in(row.cell(column))
        hosts += [address.url.host for address in inside.found]
        for refused in inside.refused:
            if refused.why not in _NO_HOST_OF_THEIRS:
                shown = f"{refused.shown!r}: " if refused.shown else ""
                problems.append(
                    say(
                        "{place}: hosts: {shown}no address of a service ({why})",
                        place=table.place(row, column),
                        shown=shown,
                        why=say_marked(_REFUSED[refused.why]),
                    )
                )
    tags = (" ".join(it.split()) for it in re.split(r"[,;]", head.text(row, "tags")))
    if len(problems) > before:
        return None
    unit = "" if unit.casefold() in NO_VALUE else unit
    kept_tags = tuple(dict.fromkeys(it for it in tags if it.casefold() not in NO_VALUE))
    return _Placed(PopulationService(name, unit, category, tuple(dict.fromkeys(hosts)), kept_tags), place)


def _broken(value: str) -> str:
    if value:
        return say("{value}: the formula in it has no result", value=value)
    return say("the formula in it was never computed; open the file in an office program and save it")


def _category_of(text: str, place: Callable[[str], str], problems: list[str]) -> Category | None:
    if text.casefold() in NO_VALUE:
        return None
    try:
        return Category(text.lower())
    except ValueError:
        known = ", ".join(Category)
        meant = likely(text.lower(), [str(it) for it in Category])
        problems.append(
            say(
                "{place}: {text!r} is none of {known}{meant}",
                place=place("category"),
                text=text[:60],
                known=known,
                meant=meant,
            )
        )
        return None


# -- what is well formed one by one and wrong together


def _contradictions(units: list[_Placed[PopulationUnit]], services: list[_Placed[PopulationService]]) -> Iterator[str]:
    listed: dict[str, _Placed[PopulationUnit]] = {}
    for unit in units:
        first = listed.setdefault(name_key(unit.value.name), unit)
        if first is not unit:
            yield say(
                "{place}: {name!r} is listed already ({line})",
                place=unit.at("name"),
                name=unit.value.name,
                line=_line(first),
            )
        if unit.value.no_service and not unit.value.declaration:
            yield say(
                "{place}: name the document in which the unit declares to have no service", place=unit.at("declaration")
            )
        if unit.value.declaration and not unit.value.no_service:
            yield say(
                "{place}: only a unit with no_service = true declares that it has none", place=unit.at("declaration")
            )
    names = [unit.value.name for unit in units]
    unlisted = 0
    seen: dict[tuple[str, str], _Placed[PopulationService]] = {}
    for service in services:
        key = name_key(service.value.name), name_key(service.value.unit)
        earlier = seen.setdefault(key, service)
        if earlier is not service:
            of = f" of {service.value.unit!r}" if service.value.unit else ""
            yield say(
                "{place}: {name!r}{of} is listed already ({line})",
                place=service.at("name"),
                name=service.value.name,
                of=of,
                line=_line(earlier),
            )
        owner = listed.get(key[1])
        if not units or not service.value.unit:
            continue
        if owner is None:
            unlisted += 1
            meant = did_you_mean(service.value.unit, names) if unlisted <= MAX_SUGGESTIONS else ""
            yield say(
                "{place}: no [[unit]] named {unit!r}{meant}",
                place=service.at("unit"),
                unit=service.value.unit,
                meant=meant,
            )
        elif owner.value.no_service:
            yield say(
                "{place}: {unit!r} declared to have no service ({line})",
                place=service.at("unit"),
                unit=service.value.unit,
                line=_line(owner),
            )


def _line(placed: _Placed[Any]) -> str:
    """The place alone, without the key."""
    return placed.at("name").rpartition(": ")[0]
