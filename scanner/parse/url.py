"""http and https URLs as browsers read them, in one canonical form (WHATWG URL Standard, RFC 3986).

The scope guard compares what this module returns, and the connection is made to what this module returns,
so there is one reading of a text and no second. It follows browsers where RFC 3986 would refuse
(`https:\\host`, `http://0x7f.1`), because a redirect does in a browser what the browser reads. It is
stricter than browsers in four places, each of which ends in an error and never in another host: a name
holds only letters, digits, hyphens and underscores; labels are not empty and keep DNS's lengths; an
international label is valid by IDNA 2008 (no symbols or emoji); port 0 is refused.
"""

import re
import string
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import idna
from msgspec import Struct

DEFAULT_PORTS: Final = MappingProxyType({"http": 80, "https": 443})
MAX_URL_CHARS: Final = 8192
"""Cap on a text that is parsed, and on the URL it becomes: percent-encoding may make it nine times longer."""

# Names of 253 octets need far less. The cap bounds normalisation, which is quadratic in combining marks.
_MAX_HOST_CHARS: Final = 1024
_SHOWN_CHARS: Final = 60

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_TAB_AND_NEWLINE: Final = str.maketrans("", "", "\t\n\r")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_LABEL: Final = re.compile(r"[a-z0-9_-]+")
_LAST_IS_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT: Final = re.compile(r"0*([0-9]{0,5})")
_DOT: Final = frozenset({".", "%2e"})
_DOT_DOT: Final = frozenset({"..", ".%2e", "%2e.", "%2e%2e"})


def _printable_except(encoded: str) -> str:
    return "".join(set(string.punctuation) - set(encoded))


# What the standard's path and special-query percent-encode sets leave as it is. "%" stays: what is already
# encoded is not encoded again, and a stray "%" goes on the wire as a browser sends it.
_PATH_SAFE: Final = _printable_except('"#<>?^`{}\\')
_QUERY_SAFE: Final = _printable_except("\"#<>'")


class UrlError(ValueError):
    """The text is not an http or https URL, or not a host; the message says what is wrong.

    `scheme` is the text's scheme in lower case when that is what is wrong (a redirect to `ftp:`).
    """

    def __init__(self, message: str, *, scheme: str | None = None) -> None:
        super().__init__(message)
        self.scheme = scheme


class Url(Struct, frozen=True, order=False, eq=False):
    """An http or https URL in canonical form, without user information and fragment.

    Canonical form is checked wherever a value is made, also when it is decoded or made by hand: anything
    else raises `UrlError`. So equal text is equal place, `host` can be compared with the scope as it is,
    and no part can carry a space, a control character or a line ending onto the wire.

    `host` is a lower-case name of A-labels without trailing dot, or an IP address without brackets. `path`
    begins with "/". `query` is None without "?", and empty after a bare "?". `had_userinfo` says that the
    text it was parsed from had an "@"; it takes no part in equality, because nothing of it is sent,
    and a relative reference does not inherit it.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None = None
    had_userinfo: bool = False

    def __post_init__(self) -> None:
        if self.scheme not in DEFAULT_PORTS:
            raise UrlError(f"the scheme {_shown(self.scheme)} is neither http nor https", scheme=self.scheme)
        if host_of(self.host) != self.host:
            raise UrlError(f"the host {_shown(self.host)} is not in canonical form")
        if not 1 <= self.port <= 65535:
            raise UrlError(f"the port {_shown(str(self.port))} is not between 1 and 65535")
        if not self.path.startswith("/") or _canonical_path(self.path) != self.path:
            raise UrlError(f"the path {_shown(self.path)} is not in canonical form")
        if self.query is not None and _canonical_query(self.query) != self.query:
            raise UrlError(f"the query {_shown(self.query)} is not in canonical form")
        if len(str(self)) > MAX_URL_CHARS:
            raise UrlError(f"the URL is longer than {MAX_URL_CHARS} characters")

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Url) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return self.origin + self.target

    @property
    def authority(self) -> str:
        """The value of a Host header: IPv6 in brackets, the scheme's default port left out (RFC 9110 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority, as browsers serialise an origin (RFC 6454 6.2)."""
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """The request target in origin form: path and query (RFC 9112 3.2.1)."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def is_ip(self) -> bool:
        """True for an address; a canonical name never ends in a label of digits."""
        return ":" in self.host or self.host.rpartition(".")[2].isdigit()


@lru_cache(maxsize=256)
def parse_url(text: str) -> Url:
    """Read an absolute http or https URL.

    Raises `UrlError` and nothing else. `parse_url(str(url)) == url` for every URL returned. The last few are remembered:
    the same URLs are asked for many times while a target is observed and judged.
    """
    return _parse(text, None)


def resolve(base: Url, reference: str) -> Url:
    """Read a reference, such as a Location value, against the URL of its request (RFC 3986 5.2).

    As in browsers, and unlike RFC 3986, `https:path` is relative when the base is https too and names a
    host when it is not, and any run of slashes or backslashes before a host counts as two. Raises
    `UrlError` and nothing else.
    """
    return _parse(reference, base)


def host_of(text: str) -> str:
    """Canonicalise a host alone, as in a targets file or on the command line, by the rules of `parse_url`.

    An IPv6 address may stand in brackets or not. Raises `UrlError` and nothing else.
    """
    host = _scalar_values(text).strip(_C0_AND_SPACE)
    if len(host) > _MAX_HOST_CHARS:
        raise UrlError(f"the host is longer than {_MAX_HOST_CHARS} characters")
    if host.startswith("[") and host.endswith("]"):
        return _canonical_ipv6(host[1:-1])
    if "/" in host or "\\" in host or host.count(":") == 1 or host.startswith("["):
        raise UrlError(f"{_shown(host)} is not a host alone: leave out scheme, port and path")
    return _canonical_ipv6(host) if ":" in host else _canonical_name(host)


def _parse(text: str, base: Url | None) -> Url:
    """Walk the WHATWG basic URL parser's states, for its special schemes http and https only."""
    if len(text) > MAX_URL_CHARS:
        raise UrlError(f"the URL is longer than {MAX_URL_CHARS} characters")
    text = _scalar_values(text).strip(_C0_AND_SPACE).translate(_TAB_AND_NEWLINE)
    scheme, rest = _split_scheme(text)
    rest, question, after = rest.partition("#")[0].partition("?")
    query = _canonical_query(after) if question else None
    rest = rest.replace("\\", "/")  # for special schemes, and not in the query

    if base is not None and scheme in {None, base.scheme} and not rest.startswith("//"):
        return _with_base(base, rest, query)
    if scheme is None and base is not None:
        scheme = base.scheme
    if scheme is None:
        raise UrlError(f"{_shown(text)} has no scheme; it must begin with https:// or http://")
    return _with_authority(scheme, rest.lstrip("/"), query)


def _split_scheme(text: str) -> tuple[str | None, str]:
    match = _SCHEME.match(text)
    if match is None:
        return None, text
    scheme = match[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise UrlError(f"the scheme {_shown(scheme)} is neither http nor https", scheme=scheme)
    return scheme, text[match.end() :]


def _with_authority(scheme: str, rest: str, query: str | None) -> Url:
    authority, slash, path = rest.partition("/")
    # The last "@" ends the user information: "http://a@b@c" goes to c.
    _, at, host_and_port = authority.rpartition("@")
    if host_and_port.startswith("["):
        inside, bracket, port = host_and_port[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise UrlError(f"the address in {_shown(host_and_port)} is not closed by a bracket")
        host, port = _canonical_ipv6(inside), port[1:]
    else:
        name, _, port = host_and_port.partition(":")
        host = _canonical_name(name)
    return Url(
        scheme,
        host,
        _port(port) or DEFAULT_PORTS[scheme],
        _canonical_path(slash + path),
        query,
        had_userinfo=bool(at),
    )


def _with_base(base: Url, path: str, query: str | None) -> Url:
    if not path:
        path, query = base.path, base.query if query is None else query
    elif not path.startswith("/"):
        path = base.path[: base.path.rindex("/") + 1] + path
    return Url(base.scheme, base.host, base.port, _canonical_path(path), query)


def _port(text: str) -> int | None:
    if not text:
        return None
    match = _PORT.fullmatch(text)
    if match is None or not 1 <= int(match[1] or "0") <= 65535:
        # Not repeated: of `https://user:pass/word@host/` it is the beginning of the password.
        raise UrlError("the port is not a number between 1 and 65535")
    return int(match[1])


@lru_cache(maxsize=256)
def _canonical_name(text: str) -> str:
    """Host parsing for special schemes: percent-decode, map to ASCII, recognise IPv4 in every spelling.

    The trailing dot goes: it makes a name absolute for the resolver, but it denotes the same host, and
    neither SNI (RFC 6066 3) nor certificates have it. A scope that saw two hosts could be passed by adding
    a dot.
    """
    name = unquote_to_bytes(text).decode("utf-8", "replace")
    if len(name) > _MAX_HOST_CHARS:
        raise UrlError(f"the host is longer than {_MAX_HOST_CHARS} characters")
    name = name.lower() if name.isascii() else _uts46_mapped(name)
    name = name.removesuffix(".")
    if not name:
        raise UrlError("the host is empty")
    labels = [_a_label(label) for label in name.split(".")]
    name = ".".join(labels)
    if len(name) > 253:
        raise UrlError(f"the host {_shown(name)} is longer than 253 octets")
    return _dotted_quad(labels) if _LAST_IS_NUMBER.fullmatch(labels[-1]) else name


def _uts46_mapped(name: str) -> str:
    try:
        return idna.uts46_remap(name, std3_rules=False)
    except UnicodeError as error:
        raise UrlError(f"the host {_shown(name)} has a character that no host name may have") from error


def _a_label(label: str) -> str:
    if not label:
        raise UrlError("the host has an empty label")
    # Punycode is never shorter than what it encodes; the bound also spares its encoder, which is quadratic.
    if len(label) > 63:
        raise UrlError(f"the label {_shown(label)} is longer than 63 octets")
    try:
        if not label.isascii():
            return idna.alabel(label).decode("ascii")
        # An A-label must be the one spelling of a valid U-label, or two texts would name one host.
        if label.startswith("xn--") and idna.alabel(idna.ulabel(label)).decode("ascii") != label:
            raise UrlError(f"the label {_shown(label)} is not valid in an international name")
    except UnicodeError as error:
        raise UrlError(f"the label {_shown(label)} is not valid in an international name") from error
    if not _LABEL.fullmatch(label):
        raise UrlError(f"the label {_shown(label)} has a character that no host name may have")
    return label


def _dotted_quad(labels: list[str]) -> str:
    """Read IPv4 as `inet_aton` does, which is where packets would go: the last number fills the rest."""
    numbers = [number for label in labels if (number := _ipv4_number(label)) is not None]
    *leading, last = numbers or [0]
    if (
        len(numbers) != len(labels)
        or len(labels) > 4
        or any(number > 255 for number in leading)
        or last >= 256 ** (4 - len(leading))
    ):
        raise UrlError(f"the host {_shown('.'.join(labels))} ends in a number but is not an IPv4 address")
    return str(IPv4Address(last + sum(number << (24 - 8 * place) for place, number in enumerate(leading))))


def _ipv4_number(label: str) -> int | None:
    if label.startswith("0x"):
        digits, base = label[2:] or "0", 16
    elif label.startswith("0") and label != "0":
        digits, base = label[1:], 8
    else:
        digits, base = label, 10
    # int() alone would also read "1_0".
    return int(digits, base) if set(digits) <= set("0123456789abcdef"[:base]) else None


def _canonical_ipv6(text: str) -> str:
    """IPv6 in the form of RFC 5952, or IPv4 where the address is an IPv4-mapped one.

    To connect to ::ffff:127.0.0.1 the operating system sends IPv4 packets to 127.0.0.1 (RFC 4291 2.5.5.2,
    RFC 3493 3.7), and the scope guard must see where packets go. Addresses that a translator or tunnel maps
    (64:ff9b::/96, 2002::/16) leave this machine as IPv6 and stay as they are.
    """
    if "%" in text:
        raise UrlError(f"the address {_shown(text)} has a zone; zones are not part of a URL here")
    try:
        address = IPv6Address(text)
    except AddressValueError as error:
        raise UrlError(f"{_shown(text)} is not an IPv6 address") from error
    return str(address.ipv4_mapped or address)


def _canonical_path(path: str) -> str:
    """Remove dot segments, plain or percent-encoded (RFC 3986 5.2.4), and percent-encode for the wire."""
    if path in ("", "/"):
        return "/"
    kept: list[str] = []
    segment = ""
    for segment in path.removeprefix("/").split("/"):
        if segment.lower() in _DOT_DOT:
            del kept[-1:]
        elif segment.lower() not in _DOT:
            kept.append(segment)
    if segment.lower() in _DOT | _DOT_DOT:
        kept.append("")
    return quote("/" + "/".join(kept), safe=_PATH_SAFE)


def _canonical_query(query: str) -> str:
    return quote(query, safe=_QUERY_SAFE)


def _scalar_values(text: str) -> str:
    """Join surrogate pairs and put U+FFFD for lone surrogates, as browsers do before they parse."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _shown(text: str) -> str:
    """Quote a piece of hostile text for a message: short, and printable ASCII only."""
    return ascii(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "...")
