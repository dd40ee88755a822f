"""From the list of services that an agency keeps in a spreadsheet to targets: what is an address in it, and what is not.

Such lists are written by many hands: addresses without a scheme, two in a cell, remarks beside them, e-mail addresses, names
of mobile apps, passwords. Nothing is guessed silently: each row becomes targets, or is named with the reason why not, and
each assumption is named too. No text that may be a secret is ever repeated.
"""

import hashlib
import re
from collections.abc import Iterator
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

import msgspec

from scanner.estate import Category, is_loopback
from scanner.locale.speech import say
from scanner.parse.toml_text import toml_text
from scanner.parse.url import Url, UrlError, parse_url
from scanner.redaction import redact_text
from scanner.scope import Scope, never_contacted
from scanner.spreadsheet import Head, Note, Row, Table, body, find_head

MAX_ID_CHARS: Final = 100
MAX_TEXT_CHARS: Final = 300
MAX_ADDRESSES: Final = 100
"""Addresses that are looked for in one cell."""
_SHOWN_CHARS: Final = 60

HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "url": (
        *("url", "alamat", "alamat url", "alamat website", "alamat web", "alamat situs", "alamat aplikasi", "website"),
        *(
            "situs",
            "situs web",
            "web",
            "laman",
            "link",
            "tautan",
            "domain",
            "subdomain",
            "nama domain",
            "host",
            "hosts",
        ),
        *("hostname", "url aplikasi", "url layanan", "url website", "link aplikasi", "link website", "alamat domain"),
        *("endpoint", "address", "alamat layanan", "url api"),
    ),
    "service": (
        *("nama layanan", "layanan", "service", "nama aplikasi", "aplikasi", "nama sistem", "nama sistem elektronik"),
        *("sistem elektronik", "sistem", "nama", "service name", "name of service", "application", "application name"),
        *("nama website", "nama situs", "name", "nama layanan aplikasi"),
    ),
    "unit": (
        *("perangkat daerah", "opd", "skpd", "unit kerja", "unit", "nama opd", "nama perangkat daerah", "satuan kerja"),
        *("satker", "unit organisasi", "nama unit kerja", "instansi", "pemilik", "owner", "perangkat daerah pemilik"),
        *("opd pemilik", "opd pengelola", "pengelola", "dinas", "department"),
    ),
    "contact": (
        *("pic", "kontak", "email", "contact", "narahubung", "penanggung jawab", "kontak pic", "email pic", "nama pic"),
        *("pic kontak", "surel", "alamat email", "contact person", "kontak person", "pic teknis", "admin"),
    ),
    "category": (
        *("kategori se", "kategori", "category", "kategori sistem elektronik", "kategori sistem"),
        *("kategori aplikasi",),
    ),
    "environment": ("lingkungan", "environment", "env", "status lingkungan"),
    "tags": ("tag", "tags", "penanda", "label"),
}
"""What the columns of a list of services are called, in plain small letters."""


class Refusal(StrEnum):
    """Why something in a list became no target."""

    NO_ADDRESS = "no_address"
    NOT_AN_ADDRESS = "not_an_address"
    EMAIL = "email"
    MOBILE_APP = "mobile_app"
    PLATFORM = "platform"
    SECRET = "secret"  # noqa: S105 - a reason
    LOOPBACK = "loopback"
    NEVER = "never"
    BROKEN = "broken"
    UNCOMPUTED = "uncomputed"
    TOO_MANY = "too_many"


class Assumption(StrEnum):
    """What was assumed, or left out, about something that became a target."""

    HTTPS = "https"
    TEXT = "text"
    LINK = "link"
    DUPLICATE = "duplicate"
    TWIN = "twin"
    CATEGORY = "category"
    PRIVATE = "private"


class Remark(msgspec.Struct, frozen=True):
    """A refusal or an assumption, where it was made, and what it is about; `detail` never holds what may be a secret."""

    place: str
    what: Refusal | Assumption
    detail: str = ""


class Address(msgspec.Struct, frozen=True):
    """A web address found in a cell, and whether https was assumed."""

    url: Url
    assumed: bool


class Refused(msgspec.Struct, frozen=True):
    """What stands in a cell for an address and is none that can be scanned."""

    why: Refusal
    shown: str


class Addresses(msgspec.Struct, frozen=True):
    """Everything in one cell: addresses, what looked like one, and the other words."""

    found: tuple[Address, ...]
    refused: tuple[Refused, ...]
    words: str


class ListedTarget(msgspec.Struct, frozen=True):
    """A target as the list tells it."""

    id: str
    url: Url
    service: str
    unit: str
    contact: str
    category: Category | None
    environment: str
    place: str


class ServiceList(msgspec.Struct, frozen=True):
    """A list of services as targets. `rows` of it were read, `covered` of them by at least one target."""

    source: str
    targets: tuple[ListedTarget, ...]
    remarks: tuple[Remark, ...]
    notes: tuple[Note, ...]
    rows: int
    covered: int

    @property
    def complete(self) -> bool:
        """Whether everything in the list is a target."""
        return self.rows == self.covered and not any(isinstance(it.what, Refusal) for it in self.remarks)


# -- addresses

_INVISIBLE: Final = str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_SPLIT_SCHEME: Final = re.compile(r"(?i)\b(https?:)\s*([/\\]{2})\s+")
_BETWEEN: Final = re.compile(r"[\s,;|]+")
_BEFORE: Final = "<(\"'“‘*•–—-=>"  # noqa: RUF001
_AFTER: Final = ">)\"'”’*.,;:!"  # noqa: RUF001
_SCHEME: Final = re.compile(r"(?i)([a-z][a-z0-9+.-]*):[/\\]|https?:")
_NEARLY_SCHEME: Final = re.compile(r"(?i)h+t+p*s*[:;.]?[/\\]{1,2}")
_USERINFO: Final = re.compile(r"(?i)[a-z]:[/\\]+[^/\\?#]*@")
_EMAIL: Final = re.compile(r"[^\s@:/]{1,100}@[^\s@:/]{1,250}")
_HOSTLIKE: Final = re.compile(r"(?P<host>[^\s/:@?#\[\]()]+(?:\.[^\s/:@?#\[\]()]+)+)\.?(?::\d{1,5})?(?:[/?#].*)?")
_QUAD: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_APP_ID: Final = re.compile(r"(?i)(?:com|id\.(?:go|co|ac|or|desa|web|my))(?:\.[a-z0-9_]+){1,6}")
_APP_SCHEMES: Final = frozenset({"market", "itms", "itms-apps", "itms-services"})
_APP_STORES: Final = ("play.google.com", "apps.apple.com", "itunes.apple.com", "appgallery.huawei.com")
_PLATFORMS: Final = (
    *("docs.google.com", "drive.google.com", "sites.google.com", "forms.gle", "forms.office.com", "linktr.ee"),
    *("instagram.com", "facebook.com", "twitter.com", "x.com", "youtube.com", "youtu.be", "tiktok.com", "wa.me"),
    *("whatsapp.com", "t.me", "bit.ly", "s.id", "tinyurl.com"),
)
"""Services of others that lists of services name: forms, social media, shortened links."""
_USUAL_ENDINGS: Final = frozenset(
    {
        *(
            "id",
            "com",
            "net",
            "org",
            "info",
            "gov",
            "edu",
            "mil",
            "int",
            "biz",
            "asia",
            "io",
            "co",
            "me",
            "tv",
            "app",
            "dev",
        ),
        *("test", "example", "local", "lan", "internal", "intra", "localhost"),
    }
)
_TELEPHONE: Final = re.compile(r"\+?\d(?:[ .()/-]?\d){6,}")
_MAY_BE_SECRET: Final = re.compile(r"(?i)@|pass|sandi|pwd|token|key|kunci|secret|user|login\s*[:=]")


def addresses_in(text: str) -> Addresses:
    """The web addresses in a cell."""
    text = _SPLIT_SCHEME.sub(r"\1//", text.translate(_INVISIBLE))
    harmless = not _MAY_BE_SECRET.search(text) and not redact_text(text)[1]
    found: dict[str, Address] = {}
    refused: list[Refused] = []
    words: list[str] = []
    count = 0
    tokens = list(_tokens(text))
    for token in tokens:
        result = _address(token, alone=len(tokens) == 1)
        if result is None:
            words.append(token)
        elif isinstance(result, Refusal):
            refused.append(Refused(result, token[:_SHOWN_CHARS] if harmless else ""))
        elif count < MAX_ADDRESSES:
            count += 1
            found.setdefault(str(result.url), result)
        else:
            refused.append(Refused(Refusal.TOO_MANY, ""))
            break
        if len(refused) > MAX_ADDRESSES:
            break
    told = " ".join(words)[:_SHOWN_CHARS] if harmless or not words else "..."
    return Addresses(tuple(found.values()), tuple(refused), told)


def _tokens(text: str) -> Iterator[str]:
    """The words of a cell. One with a secret in it stays whole: a part of it could pass for an address."""
    for piece in text.split():
        parts = [piece] if _USERINFO.search(piece) or redact_text(piece)[1] else _BETWEEN.split(piece)
        yield from (token for part in parts if (token := _bare(part)))


def _bare(piece: str) -> str:
    piece = piece.lstrip(_BEFORE)
    return piece.rstrip(_AFTER) if ")" not in piece or "(" not in piece else piece.rstrip(_AFTER.replace(")", ""))


def _address(token: str, *, alone: bool) -> Address | Refusal | None:
    """What a word of a cell is: an address, something that must not be one, or just a word."""
    scheme = _SCHEME.match(token)
    if token.lower().startswith("mailto:") or (scheme is None and _EMAIL.fullmatch(token)):
        return Refusal.EMAIL
    if scheme is not None:
        if _USERINFO.search(token):
            return Refusal.SECRET
        if scheme[1] is not None and scheme[1].lower() in _APP_SCHEMES:
            return Refusal.MOBILE_APP
        return _scannable(token, assumed=False)
    if "@" in token[1:]:
        return Refusal.SECRET
    if redact_text(token)[1]:
        return Refusal.SECRET if re.search(r"[./]", token) else None
    if _APP_ID.fullmatch(token) and not token.lower().endswith(".id"):
        return Refusal.MOBILE_APP
    if _NEARLY_SCHEME.match(token):
        return Refusal.NOT_AN_ADDRESS
    if not _names_a_host(token, alone=alone):
        return None
    return _scannable(("http://" if re.match(r"[^/]*:0*80(?:[/?#]|$)", token) else "https://") + token, assumed=True)


def _names_a_host(token: str, *, alone: bool) -> bool:
    """Whether a word without scheme is a host, perhaps with port and path, and no abbreviation or version number."""
    if token.lower() == "localhost" or token.lower().startswith("localhost:") or re.match(r"\[[0-9A-Fa-f:.]+\]", token):
        return True
    matched = _HOSTLIKE.fullmatch(token)
    if matched is None:
        return False
    host = matched["host"].lower()
    if re.fullmatch(r"[\d.]+", host):
        return _QUAD.fullmatch(host) is not None
    ending = host.rpartition(".")[2]
    more = len(token) > len(host) + 1
    plausible = len(ending) > 1 and not ending.isdigit()
    return plausible and (alone or more or host.startswith("www.") or ending in _USUAL_ENDINGS)


def _scannable(text: str, *, assumed: bool) -> Address | Refusal:
    if redact_text(text)[1]:
        return Refusal.SECRET
    try:
        url = parse_url(text)
    except UrlError:
        return Refusal.SECRET if "@" in text else Refusal.NOT_AN_ADDRESS
    if url.had_userinfo or redact_text(str(url))[1]:
        return Refusal.SECRET
    if _below(url.host, _APP_STORES):
        return Refusal.MOBILE_APP
    if _below(url.host, _PLATFORMS):
        return Refusal.PLATFORM
    if is_loopback(url.host):
        return Refusal.LOOPBACK
    if url.is_ip and never_contacted(url.host) is not None:
        return Refusal.NEVER
    return Address(url, assumed)


def _below(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


# -- rows


class _Reader:
    """Reads the rows of a list one by one."""

    def __init__(self, table: Table, head: Head, unit: str) -> None:
        self.table = table
        self.head = head
        self.unit = unit
        self.remarks: list[Remark] = []
        self.first: dict[str, str] = {}
        self.ids: set[str] = set()
        self.targets: list[ListedTarget] = []
        self.covered = 0
        self.rows = 0

    def read(self, row: Row) -> None:
        """Make targets of a row, or say why not."""
        self.rows += 1
        found: list[tuple[str, Address]] = []
        before = len(self.remarks)
        words: list[str] = []
        for column in self.head.columns["url"]:
            place = self.table.place(row, column)
            if column in row.broken:
                value = row.broken[column]
                self._remark(place, Refusal.BROKEN if value else Refusal.UNCOMPUTED, value)
                continue
            inside, linked = self._cell(row, column)
            found += [(place, address) for address in inside.found]
            for refused in inside.refused:
                self._remark(place, refused.why, refused.shown)
            if linked:
                self._remark(place, Assumption.LINK)
            if inside.words and inside.found:
                self._remark(place, Assumption.TEXT, inside.words)
            elif inside.words:
                words.append(inside.words)
        if not found:
            if len(self.remarks) == before:
                self._remark(self.table.place(row, self.head.columns["url"][0]), Refusal.NO_ADDRESS, " ".join(words))
            return
        self.covered += 1
        self._add(row, found)

    def _cell(self, row: Row, column: int) -> tuple[Addresses, bool]:
        """What a cell says, and whether that is the link behind its text: `klik di sini`."""
        inside = addresses_in(row.cell(column))
        if inside.found or inside.refused or column not in row.links:
            return inside, False
        behind = addresses_in(row.links[column])
        return (behind, bool(behind.found)) if behind.found or behind.refused else (inside, False)

    def _add(self, row: Row, found: list[tuple[str, Address]]) -> None:
        category = self._category(row)
        unit = self._text(row, "unit") or self.unit
        for place, address in found:
            text = str(address.url)
            if text in self.first:
                self._remark(place, Assumption.DUPLICATE, self.first[text])
                continue
            self.first[text] = place
            if address.assumed:
                self._remark(place, Assumption.HTTPS, address.url.origin)
            if address.url.is_ip and not Scope.is_public(address.url.host):
                self._remark(place, Assumption.PRIVATE, address.url.host)
            self.targets.append(
                ListedTarget(
                    id=_free(target_id(address.url), self.ids),
                    url=address.url,
                    service=self._text(row, "service"),
                    unit=unit,
                    contact=self._contact(row),
                    category=category,
                    environment=self._text(row, "environment"),
                    place=place,
                )
            )

    def _text(self, row: Row, key: str) -> str:
        text = self.head.text(row, key)[:MAX_TEXT_CHARS]
        return "" if text.strip("-–— ") == "" else text  # noqa: RUF001

    def _contact(self, row: Row) -> str:
        """E-mail addresses where there are any: a target needs no private telephone numbers."""
        texts = [row.cell(column) for column in self.head.columns.get("contact", ())]
        emails = [it for text in texts for piece in _BETWEEN.split(text) if _EMAIL.fullmatch(it := _bare(piece))]
        contact = ", ".join(dict.fromkeys(emails)) or _TELEPHONE.sub("", self._text(row, "contact")).strip(" ,;:/()-")
        return "" if redact_text(contact)[1] else contact[:MAX_TEXT_CHARS]

    def _category(self, row: Row) -> Category | None:
        text = self._text(row, "category")
        try:
            return Category(text.lower()) if text else None
        except ValueError:
            column = next(it for it in self.head.columns["category"] if row.cell(it))
            self._remark(self.table.place(row, column), Assumption.CATEGORY, text[:_SHOWN_CHARS])
            return None

    def _remark(self, place: str, what: Refusal | Assumption, detail: str = "") -> None:
        self.remarks.append(Remark(place, what, detail))

    def without_twins(self) -> Iterator[ListedTarget]:
        """The targets without those at port 80 of a target at port 443: it is asked for there too."""
        secure = {
            it.url.authority + it.url.target for it in self.targets if (it.url.scheme, it.url.port) == ("https", 443)
        }
        for target in self.targets:
            url = target.url
            if (url.scheme, url.port) == ("http", 80) and url.authority + url.target in secure:
                self._remark(target.place, Assumption.TWIN, url.authority)
            else:
                yield target


def read_services(table: Table, unit: str = "") -> ServiceList:
    """The targets a table lists; `unit` is for rows that name none. Raises ConfigError when it has no addresses' column."""
    head = find_head(table, HEADINGS, ("url",))
    reader = _Reader(table, head, unit)
    for row in body(table, head):
        reader.read(row)
    targets = tuple(reader.without_twins())
    source = f"{table.source}!{table.sheet}" if table.sheet else table.source
    return ServiceList(source, targets, tuple(reader.remarks), table.notes, reader.rows, reader.covered)


def target_id(url: Url) -> str:
    """An id from host and path, the same for the same URL in every list; what it cannot say plainly, a digest says."""
    port = "" if (url.scheme, url.port) == ("https", 443) else f"-{url.port}"
    segments = [segment for segment in url.path.split("/") if segment]
    name = "_".join([f"{url.host}{port}", *segments])
    exact = (
        str(url) == f"https://{url.authority}/{'/'.join(segments)}"
        and re.match(r"[a-z0-9][^:]*$", url.host) is not None
    )
    if exact and len(name) <= MAX_ID_CHARS and all(re.fullmatch(r"[A-Za-z0-9.]+", it) for it in segments):
        return name
    digest = hashlib.sha256(str(url).encode()).hexdigest()[:8]
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")
    return f"{slug[: MAX_ID_CHARS - len(digest) - 1]}-{digest}".lstrip("-")


def _free(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name[: MAX_ID_CHARS - 8]}-{number}"
    taken.add(candidate)
    return candidate


# -- what is written


def targets_toml(listed: ServiceList) -> str:
    """A targets file: the hosts seen are the scope, private addresses by network."""
    hosts = [target.url for target in listed.targets]
    private = sorted({url.host for url in hosts if _is_private(url)})
    names = sorted({url.host for url in hosts if not _is_private(url)})
    lines = [
        f"# {say('Made by pindai import from {source}. Read it before you scan with it:', source=toml_text(listed.source))}",
        f"# {say('it lists what somebody wrote down, and only the owner of a service may have it scanned.')}",
        "",
        "[agency]",
        'name = ""',
        f'contact = ""               # {say("who answers for the scan; sent with each request")}',
        'time_zone = "UTC"          # WIB | WITA | WIT',
        "",
        f"# {say('Nothing outside the scope is ever contacted, redirects included.')}",
        "[scope]",
        *_toml_list("names", names),
    ]
    if private:
        lines += _toml_list("networks", [str(ip_network(host)) for host in private])
    return "\n".join([*lines, *_target_lines(listed.targets, default_unit="")]) + "\n"


def unit_toml(listed: ServiceList, unit: str) -> str:
    """A unit file, for the `include` of a targets file: its scope has to take in the hosts that a comment names."""
    hosts = sorted({target.url.host for target in listed.targets})
    units = {target.unit for target in listed.targets}  # a row that names no unit may be of any
    unit = unit or (units.pop() if len(units) == 1 else "")
    lines = [
        f"# {say('Made by pindai import from {source}. Read it before you scan with it.', source=toml_text(listed.source))}",
        f"# {say('The targets file that includes it must have these hosts in its [scope]:')}",
        *(f"#   {toml_text(host)}" for host in hosts),
        "",
        "[unit]",
        *([f"name = {toml_text(unit)}"] if unit else ['# name = "Dinas ..."']),
    ]
    return "\n".join([*lines, *_target_lines(listed.targets, default_unit=unit)]) + "\n"


def _is_private(url: Url) -> bool:
    return url.is_ip and not Scope.is_public(url.host)


def _toml_list(key: str, texts: list[str]) -> list[str]:
    return [f"{key} = [", *(f"    {toml_text(text)}," for text in texts), "]"]


def _target_lines(targets: tuple[ListedTarget, ...], default_unit: str) -> Iterator[str]:
    for target in targets:
        yield from ("", "[[target]]", f"id = {toml_text(target.id)}", f"url = {toml_text(str(target.url))}")
        said = {
            "service": target.service,
            "unit": "" if target.unit == default_unit else target.unit,
            "contact": target.contact,
            "category": str(target.category or ""),
            "environment": target.environment,
        }
        yield from (f"{key} = {toml_text(text)}" for key, text in said.items() if text)
