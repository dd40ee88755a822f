"""What is hidden in a response head or a URL before it is frozen as an observation (design rule 6).

Length and character class are kept, so that checks on the redacted form still see the grammar: a capital
becomes `X`, a small letter or a byte from 0x80 `x`, a digit `0`; everything else stays. Each hidden stretch
is marked by a `Span`. Field names, line ends and delimiters survive, so the redacted head parses into the
same fields.

Where the bytes are ambiguous every reading is covered, and where a secret may be longer than it looks the
longer reading is hidden: a browser may see one Set-Cookie where a proxy saw two, and the journal must leak
neither.

What the scan itself was entrusted with (a password, a key) is known exactly, so a `Blackout` hides it wherever a
server echoes it, in the spellings that echoes have.

Left readable on purpose: e-mail addresses in text (contact headers exist to be read), nonces and digests of a
Content-Security-Policy, validators, dates, lengths, authentication challenges.
"""

import itertools
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property, lru_cache
from html.entities import codepoint2name
from typing import Final
from urllib.parse import unquote_to_bytes

from msgspec import Struct


class SpanKind(StrEnum):
    """Why a stretch was hidden. Where two reasons overlap, the one that starts first names the span."""

    COOKIE_VALUE = "cookie_value"
    URL_SECRET = "url_secret"  # noqa: S105 - the name of a kind, not a password
    USERINFO = "userinfo"
    PERSONAL_NUMBER = "personal_number"
    TOKEN = "token"  # noqa: S105 - the name of a kind, not a password
    KNOWN_SECRET = "known_secret"  # noqa: S105 - the name of a kind, not a password


_KIND_ORDER: Final = {kind: place for place, kind in enumerate(SpanKind)}


class Span(Struct, frozen=True, order=True):
    """A hidden stretch: bytes of a head, characters of a text."""

    start: int
    length: int
    kind: SpanKind


class Redacted(Struct, frozen=True):
    """A head of the same length as the original, and its hidden stretches: sorted, without overlap."""

    raw: bytes
    spans: tuple[Span, ...]


# fmt: off
# Lists as of 2026-11. A parameter is compared in lower case without `-` and `_`; see `_is_secret`.
SECRET_PARAMETERS: Final = frozenset({
    # credentials and proofs
    "accesskey", "accesskeyid", "accesstoken", "apikey", "assertion", "auth", "authcode", "authorization",
    "authorizationcode", "authtoken", "awsaccesskeyid", "bearer", "clientassertion", "clientsecret", "code",
    "codeverifier", "credential", "credentials", "csrf", "csrfmiddlewaretoken", "csrftoken", "devicecode",
    "hmac", "idtoken", "idtokenhint", "jwt", "katasandi", "key", "otp", "pass", "passphrase", "passwd",
    "password", "pin", "privatekey", "pwd", "refreshtoken", "relaystate", "requestverificationtoken",
    "resettoken", "samlart", "samlrequest", "samlresponse", "sandi", "secret", "secretkey", "securitytoken",
    "sessionstate", "sig", "sign", "signature", "state", "subscriptionkey", "ticket", "token", "totp",
    "usercode", "xsrf", "xsrftoken",
    # sessions
    "aspnetsessionid", "aspsessionid", "cfid", "cftoken", "jsessionid", "phpsessid", "sess", "session",
    "sessionid", "sid", "ssid",
    # persons
    "birthdate", "dob", "email", "emailaddress", "kk", "ktp", "loginhint", "msisdn", "namaibu", "nik", "nip",
    "nisn", "nohp", "nokk", "noktp", "nomorktp", "nopaspor", "notelp", "npwp", "paspor", "phone", "surel",
    "tanggallahir", "telepon", "telp", "tgllahir", "username",
})
# Fields whose whole value is a credential when a server sends or echoes them.
CREDENTIAL_FIELDS: Final = frozenset({
    b"authentication-info", b"authorization", b"cookie", b"cookie2", b"proxy-authorization", b"x-access-token", b"x-api-key",
    b"x-amz-security-token", b"x-auth-token", b"x-csrf-token", b"x-csrftoken", b"x-session-id",
    b"x-session-token", b"x-xsrf-token",
})
# Fields whose value is, or holds, a URL of this service or its neighbours. Not Content-Security-Policy: what
# stands there is sent to every visitor and must stay readable.
URL_FIELDS: Final = frozenset({
    b"content-location", b"link", b"location", b"referer", b"refresh", b"sourcemap", b"uri",
    b"x-accel-redirect", b"x-original-uri", b"x-original-url", b"x-pingback", b"x-redirect", b"x-rewrite-url",
    b"x-sourcemap",
})
_COOKIE_FIELDS: Final = frozenset({b"set-cookie", b"set-cookie2"})
_CHALLENGE_FIELDS: Final = frozenset({b"www-authenticate", b"proxy-authenticate"})
# RFC 6265bis section 5.6 and what browsers add. Any other attribute may be the rest of a broken value or a
# second cookie that a proxy joined with a comma, so only its name is kept.
_COOKIE_FLAGS: Final = frozenset({b"secure", b"httponly", b"partitioned"})
_COOKIE_ATTRIBUTES: Final = frozenset({
    b"expires", b"maxage", b"domain", b"path", b"samesite", b"priority", b"version",
})
# fmt: on

Found = tuple[int, int, SpanKind]  # start, end, kind


def _class_of(byte: int) -> int:
    char = chr(byte)
    if byte >= 0x80 or "a" <= char <= "z":
        return ord("x")
    if "A" <= char <= "Z":
        return ord("X")
    return ord("0") if "0" <= char <= "9" else byte


_CLASSES = bytes(_class_of(byte) for byte in range(256))
_SPACE = b" \t\r\n"


# --- what this scan knows itself ---

_BLOCK_CHARS = 16
"""A long secret is looked for in blocks of this length: a server may cut what it echoes."""
_MIN_BASE64_CHARS = 5
_MIN_INNER_BASE64_CHARS = 8
_BASE64_CHAR = "[A-Za-z0-9+/_-]"


class Blackout:
    """Secrets of this scan, and where a text shows them: raw, percent-encoded, escaped for HTML or JSON, in base64, in hex.

    Upper and lower case are not told apart, for servers fold what they echo. Nothing here prints a secret.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(filter(None, secrets))
        patterns = dict.fromkeys(itertools.chain.from_iterable(map(_spellings, sorted(self._secrets))))
        self._spellings = tuple(map(_Spelling, patterns))

    def __repr__(self) -> str:
        return f"<Blackout of {len(self._secrets)}>"

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def found_in(self, raw: bytes) -> Iterator[Found]:
        """Every stretch of these bytes that shows a secret."""
        lowered = raw.lower()
        for spelling in self._spellings:
            if spelling.needle in lowered:
                yield from ((it.start(), it.end(), SpanKind.KNOWN_SECRET) for it in spelling.in_bytes.finditer(raw))

    def found_in_text(self, text: str) -> Iterator[Found]:
        """Every stretch of this text that shows a secret."""
        lowered = text.lower().encode("utf-8", "surrogatepass")
        for spelling in self._spellings:
            if spelling.needle in lowered:
                yield from ((it.start(), it.end(), SpanKind.KNOWN_SECRET) for it in spelling.in_text.finditer(text))

    def is_in(self, text: str) -> bool:
        """Whether a text shows a secret."""
        return next(self.found_in_text(text), None) is not None

    def masked(self, text: str) -> str:
        """The text with its secrets blacked out, and nothing else."""
        return _masked_text(text, _merged_text(text, list(self.found_in_text(text)))) if self else text


class _Spelling:
    """One pattern, compiled when the letters that no escape touches are seen: most answers echo nothing."""

    def __init__(self, pattern: "_Pattern") -> None:
        self.needle, self._pattern = pattern.needle, pattern.pattern

    @cached_property
    def in_text(self) -> re.Pattern[str]:
        return re.compile(self._pattern, re.IGNORECASE)

    @cached_property
    def in_bytes(self) -> re.Pattern[bytes]:
        # What lies beyond Latin-1 stands in bytes as an escape or as its UTF-8 octets, which have a pattern of their own.
        return re.compile(_BEYOND_LATIN_1.sub("(?!)", self._pattern).encode("latin-1"), re.IGNORECASE)


class _Pattern(Struct, frozen=True):
    needle: bytes
    pattern: str


_BEYOND_LATIN_1 = re.compile(r"[^\x00-\xff]")
_UNESCAPED = re.compile(r"[A-Za-z0-9]+", re.ASCII)


def _needle(form: str) -> bytes:
    # Found before letters are folded: the lower case of some others (U+0130) has an ASCII letter that no escape of them has.
    return max(_UNESCAPED.findall(form), key=len, default="").lower().encode("ascii")


def _spellings(secret: str) -> Iterator[_Pattern]:
    """Patterns of everything a secret may look like in an echo."""
    octets = secret.encode("utf-8", "surrogatepass")
    for form in dict.fromkeys((secret, octets.decode("latin-1"), octets.hex())):
        for block in _blocks(form):
            escaped = "".join(_spelled(char, len([*run])) for char, run in itertools.groupby(block))
            yield _Pattern(_needle(block), escaped)
    for shift in range(3):
        yield from _in_base64(octets, shift)


def _blocks(form: str) -> list[str]:
    """The form in blocks, the last one longer than the others; a short form in one."""
    count = max(1, len(form) // _BLOCK_CHARS) if len(form) > 2 * _BLOCK_CHARS else 1
    starts = [index * _BLOCK_CHARS for index in range(count)]
    return [form[start:end] for start, end in itertools.pairwise([*starts, len(form)])]


def _spelled(char: str, times: int) -> str:
    """A run of one character as it may be escaped. Letters and digits are not, so long secrets stay small patterns."""
    if char.isascii() and char.isalnum():
        return char * times
    code = ord(char)
    ways = [rf"&\#0{{0,6}}{code};?", rf"&\#x0{{0,6}}{code:x};?", rf"\\{{1,4}}u{code:04x}"]
    if (name := codepoint2name.get(code)) is not None:
        ways.append(f"&{name};?")
    if code == 0x27:
        ways.append("&apos;?")
    if code <= 0xFF:
        ways += [rf"%(?:25){{0,3}}{code:02x}", rf"\\{{1,4}}x{code:02x}"]
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        ways.append(rf"\\{{1,4}}u{high + 0xD800:04x}\\{{1,4}}u{low + 0xDC00:04x}")
    if char == "\\":
        return rf"(?:{'|'.join(ways)}|\\){{{times},{4 * times}}}"  # each escaping doubles it
    if char == " ":
        ways.append(r"\+")
    return rf"(?:{'|'.join(ways)}|\\{{0,3}}{re.escape(char)}){{{times}}}"


def _in_base64(octets: bytes, shift: int) -> Iterator[_Pattern]:
    """The secret in base64 (RFC 4648 sections 4 and 5), `shift` octets after a group of three began.

    Characters that hold bits of a neighbour too are unknown; they are hidden with the others.
    """
    encoded = b64encode(bytes(shift) + octets).decode("ascii").rstrip("=")
    inner = encoded[(0, 2, 3)[shift] :]
    shared = (shift + len(octets)) % 3 != 0
    inner = inner[:-1] if shared else inner
    if len(inner) < (_MIN_INNER_BASE64_CHARS if shift else _MIN_BASE64_CHARS):
        return
    before, after = f"{_BASE64_CHAR}?" if shift else "", f"{_BASE64_CHAR}?=*" if shared else ""
    either = str.maketrans({"+": "(?:[+-]|%(?:25){0,3}2b)", "/": "(?:[/_]|%(?:25){0,3}2f)"})
    blocks = _blocks(inner)
    for index, block in enumerate(blocks):
        first, last = index == 0, index == len(blocks) - 1
        pattern = f"{before if first else ''}{block.translate(either)}{after if last else ''}"
        yield _Pattern(_needle(block), pattern)


NOTHING_KNOWN: Final = Blackout()


def redact_head(raw: bytes, known: Blackout = NOTHING_KNOWN) -> Redacted:
    """Hide cookie values, credentials, personal numbers and what is `known` in a response head (or in any bytes at all).

    Twice gives the same bytes as once, though a second run may find fewer spans: by then there is no `eyJ`
    left to see.
    """
    found: list[Found] = []
    lowered = raw.lower()
    # What no value can hold, because the whole head does not, is not looked for in each.
    anywhere = any(sign in lowered for sign in _SIGNS) or _SIXTEEN.search(raw) is not None
    for name, start, end in _fields(raw):
        if (by_name := _hidden_by(name)) is not None:
            found += ((start + a, start + b, kind) for a, b, kind in by_name(raw[start:end]))
        if anywhere:
            in_challenge = name in _CHALLENGE_FIELDS
            found += (
                (start + a, start + b, kind) for a, b, kind in _anywhere(raw[start:end], in_challenge=in_challenge)
            )
    if _may_be_read_otherwise(raw):
        for name, start, end in _loose_fields(raw):
            if (by_name := _hidden_by(name)) is not None:
                found += ((start + a, start + b, kind) for a, b, kind in by_name(raw[start:end]))
    found += known.found_in(raw)
    spans = _merged(raw, found)
    return Redacted(_masked(raw, spans), spans)


def redact_text(text: str, known: Blackout = NOTHING_KNOWN) -> tuple[str, tuple[Span, ...]]:
    """Hide what `redact_head` would hide in the value of a Location field, in a URL or another string.

    White space ends a parameter here, so that a sentence about a URL keeps its other words. Characters beyond
    Latin-1 are treated like the bytes from 0x80.
    """
    if not known and _is_harmless(text):
        return text, ()
    raw = _octets(text)
    found = [*_secret_parameters(raw, _TEXT_ENDS), *_path_sessions(raw), *_anywhere(raw), *known.found_in_text(text)]
    spans = _merged(raw, found)
    return _masked_text(text, spans), spans


def _is_harmless(text: str) -> bool:
    """Whether a text has none of the signs without which nothing is hidden; most texts have none, and it is soon seen."""
    if "=" in text or "%" in text or "@" in text:
        return False
    if _SIX_DIGITS.search(text) or ("(" in text and _PATH_SESSION_START.search(text)):
        return False
    lowered = text.lower()
    return "eyj" not in lowered and "bearer" not in lowered and "basic" not in lowered


def _octets(text: str) -> bytes:
    """One byte a character."""
    return text.encode() if text.isascii() else bytes(min(ord(char), 0xFF) for char in text)


def _merged_text(text: str, found: list[Found]) -> tuple[Span, ...]:
    return _merged(_octets(text), found)


def _masked_text(text: str, spans: tuple[Span, ...]) -> str:
    masked = _masked(_octets(text), spans).decode("latin-1")
    pieces: list[str] = []
    position = 0
    for span in spans:
        end = span.start + span.length
        pieces += (text[position : span.start], masked[span.start : end])
        position = end
    return "".join((*pieces, text[position:]))


def _masked(raw: bytes, spans: tuple[Span, ...]) -> bytes:
    out = bytearray(raw)
    for span in spans:
        end = span.start + span.length
        out[span.start : end] = raw[span.start : end].translate(_CLASSES)
    return bytes(out)


def _merged(raw: bytes, found: list[Found]) -> tuple[Span, ...]:
    """Sorted spans without overlap, without empty ones, without white space at their ends."""
    spans: list[Span] = []
    last_end = 0
    for start, end, kind in sorted(found, key=lambda item: (item[0], _KIND_ORDER[item[2]], item[1])):
        text = raw[start:end]
        trimmed_end = end - len(text) + len(text.rstrip(_SPACE))
        trimmed_start = start + len(text) - len(text.lstrip(_SPACE))
        if trimmed_start >= trimmed_end or trimmed_end <= last_end:
            continue
        if spans and trimmed_start < last_end:
            spans[-1] = Span(spans[-1].start, trimmed_end - spans[-1].start, spans[-1].kind)
        else:
            spans.append(Span(trimmed_start, trimmed_end - trimmed_start, kind))
        last_end = trimmed_end
    return tuple(spans)


# --- which bytes belong to which field ---

# Names with bytes from 0x80 count as names although they are not tokens: hidden as part of a value they would
# turn into `x` and so into a field that was not there before.
_FIELD_START = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z\x80-\xff]+)[ \t]*:")
_LOOSE_LINE = re.compile(rb"[^\r\n]+")


def _fields(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each field as (lower-case name, start of its value, end), lines ended by LF.

    A line that cannot begin a field continues the one above: folded lines do by RFC 9112 section 5.2, and a
    line without a name may be the rest of a value with a line end in it. Bytes under no name come with the
    name b"".
    """
    name, start, position = b"", 0, 0
    while position < len(raw):
        match = _FIELD_START.match(raw, position)
        if match is not None:
            yield name, start, position
            name, start = match[1].lower(), match.end()
        line_end = raw.find(b"\n", position)
        next_line = len(raw) if line_end < 0 else line_end + 1
        if not raw[position:next_line].strip(b"\r\n"):  # an empty line: the head ends, a body may follow
            yield name, start, position
            name, start = b"", position
        position = next_line
    yield name, start, len(raw)


def _may_be_read_otherwise(raw: bytes) -> bool:
    """Whether the other reading can give other fields: there is a bare CR, or a line that begins with white space."""
    return raw.count(b"\r") != raw.count(b"\r\n") or b"\n " in raw or b"\n\t" in raw or raw[:1] in (b" ", b"\t")


def _loose_fields(raw: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The other reading: a bare CR ends a line, and a line may begin with white space.

    Only fields hidden for their name are of interest; the rest is read by `_fields`.
    """
    current: tuple[bytes, int, int] | None = None
    for line in _LOOSE_LINE.finditer(raw):
        if current is not None and raw.count(b"\n", current[2], line.start()) > 1:  # past an empty line
            yield current
            current = None
        indent = len(line[0]) - len(line[0].lstrip(b" \t"))
        match = _FIELD_START.match(raw, line.start() + indent, line.end())
        if match is not None:
            if current is not None:
                yield current
            name = match[1].lower()
            special = name in _COOKIE_FIELDS or name in CREDENTIAL_FIELDS or name in URL_FIELDS
            current = (name, match.end(), line.end()) if special else None
        elif current is not None:
            current = (current[0], current[1], line.end())
    if current is not None:
        yield current


_Hiding = Callable[[bytes], Iterator[Found]]


def _hidden_by(name: bytes) -> _Hiding | None:
    """What hides in the value of a field of this name because of the name; None when nothing does."""
    return _hidden_by_name(name) if len(name) <= _MAX_KEPT_NAME else _hidden_by_name.__wrapped__(name)


_MAX_KEPT_NAME = 64
"""The same names come again and again, so what they mean is remembered; that of longer ones is not."""


@lru_cache(maxsize=512)
def _hidden_by_name(name: bytes) -> _Hiding | None:
    if name in _COOKIE_FIELDS:
        return _cookie
    if name in CREDENTIAL_FIELDS or (name not in _CHALLENGE_FIELDS and _is_secret(name.replace(b"-", b"_"))):
        return _credential
    return _url if name in URL_FIELDS else None


def _credential(value: bytes) -> Iterator[Found]:
    yield 0, len(value), SpanKind.TOKEN


def _url(value: bytes) -> Iterator[Found]:
    yield from _secret_parameters(value, _FIELD_ENDS)
    yield from _path_sessions(value)


# --- cookies ---


def _cookie(value: bytes) -> Iterator[Found]:
    """The cookie-value of a Set-Cookie, and whatever among its attributes is not a known attribute.

    Without `=` the whole pair is the value of a nameless cookie (RFC 6265bis section 5.6, step 3).
    """
    start = 0
    for index, piece in enumerate(value.split(b";")):
        end = start + len(piece)
        kept = _kept_of_pair(piece) if index == 0 else _kept_of_attribute(piece)
        yield start + kept, end, SpanKind.COOKIE_VALUE
        start = end + 1


def _kept_of_pair(piece: bytes) -> int:
    """How many bytes of `name=value` stay: the name and its `=`, or nothing."""
    return piece.find(b"=") + 1


def _kept_of_attribute(piece: bytes) -> int:
    """How many bytes of a cookie-av stay.

    No known attribute has `=` in its value, so one that does (`Path=/, session=...`) ends at that `=`.
    """
    name, equals, value = piece.partition(b"=")
    # Only these marks are dropped, so that HTTP-Only and "Secure" stay visible to a check on misspelling.
    word = name.translate(None, b"-_ \t\r\n\"'").lower()
    if not equals:
        return len(piece) if word in _COOKIE_FLAGS or word in _COOKIE_ATTRIBUTES else 0
    named = len(name) + 1
    if word not in _COOKIE_ATTRIBUTES:
        return named
    second = value.find(b"=")
    return len(piece) if second < 0 else named + second + 1


# --- URLs ---

# A parameter may stand in a URL that is itself a parameter, percent-encoded once or more (%3F, %253F).
_PARAMETER = re.compile(
    rb"(?:^\s*|[?&;#]|%(?:25)*(?:3F|26|3B|23))([A-Za-z0-9_.\-\[\]%~$]{1,64}?)(?:=|%(?:25)*3D)", re.IGNORECASE
)


class _Ends(Struct, frozen=True):
    """What ends a value in a query or fragment, and in a path parameter.

    Only delimiters in plain sight: an encoded one is hidden with what surrounds it, and a second run would
    then see a longer value.
    """

    query: re.Pattern[bytes]
    path: re.Pattern[bytes]


# A space in a Location is an error of the server and no end of the secret; `>` closes the URL of a Link.
_FIELD_ENDS = _Ends(query=re.compile(rb"[&#>]"), path=re.compile(rb"[/?&;#>]"))
_TEXT_ENDS = _Ends(query=re.compile(rb"[&#<>\"\s]"), path=re.compile(rb"[/?&;#<>\"\s]"))
# ASP.NET without cookies: /(S(lit3py55t21z5v55vlm25s55))/
_PATH_SESSION = re.compile(rb"(?<![A-Za-z0-9])[AFS]\(([A-Za-z0-9_.\-]{16,})\)")
_PATH_SESSION_START = re.compile(r"[AFS]\(")
# Not every mark: an escape in a name may be hidden as part of a number (`%31` becomes `%00`), and what it then
# stands for must not divide the name anew.
_BETWEEN_NAME_PARTS = re.compile(r"[][.$~&?;#=/]")


def _secret_parameters(value: bytes, ends: _Ends) -> Iterator[Found]:
    """Values of secret parameters in a query, a fragment or a path (`;jsessionid=`)."""
    position = 0
    while (match := _PARAMETER.search(value, position)) is not None:
        position = match.end()
        if not _is_secret(match[1]):
            continue
        in_path = value[match.start() : match.start() + 1] == b";"
        stop = (ends.path if in_path else ends.query).search(value, position)
        end = len(value) if stop is None else stop.start()
        yield position, end, SpanKind.URL_SECRET
        position = end


def _is_secret(name: bytes) -> bool:
    """Whether a parameter's name, a part (`user[password]`) or the last word (`my_token`) is on the list.

    Only the last word, so that `code_challenge_method` stays readable for a check on OAuth.
    """
    while (plain := unquote_to_bytes(name)) != name:  # at most 64 bytes, and fewer each time
        name = plain
    for part in _BETWEEN_NAME_PARTS.split(plain.decode("latin-1").lower()):
        words = part.replace("-", "_").split("_")
        if "".join(words) in SECRET_PARAMETERS or words[-1] in SECRET_PARAMETERS:
            return True
    return False


def is_credential_field(name: str) -> bool:
    """Whether the value of a header field of this name is a credential or a personal number, by its name alone."""
    lower = name.lower().encode("utf-8", "replace")
    return lower in CREDENTIAL_FIELDS or _is_secret(lower.replace(b"-", b"_"))


def _path_sessions(value: bytes) -> Iterator[Found]:
    for match in _PATH_SESSION.finditer(value):
        yield match.start(1), match.end(1), SpanKind.URL_SECRET


# Runs that cannot hold the end of an authority component. Taking whole runs keeps the search linear.
_AUTHORITY = re.compile(rb"[^/\\?#\s\"<>]+")
_BEFORE_AUTHORITY = re.compile(rb"(?:[/\\]{2}|(?:https?|ftp|wss?):[/\\])\Z", re.IGNORECASE)
_ENCODED_SLASHES = re.compile(rb"(?:%(?:25)*(?:2F|5C)){2}", re.IGNORECASE)
_ENCODED_AUTHORITY_END = re.compile(rb"[/\\?#&\s\"<>@;,']|%(?:25)*(?:2F|5C|3F|23)", re.IGNORECASE)
_ENCODED_AT = re.compile(rb"%(?:25)*40")


def _userinfo(value: bytes) -> Iterator[Found]:
    """The user name and password of every URL, up to the last `@` of the authority.

    So the URL standard reads it; browsers also take `\\` for `/`, and `http:/` for `http://`.
    """
    for run in _AUTHORITY.finditer(value):
        at = run[0].rfind(b"@")
        if at > 0 and _BEFORE_AUTHORITY.search(value[max(0, run.start() - 8) : run.start()]):
            yield run.start(), run.start() + at, SpanKind.USERINFO
    for slashes in _ENCODED_SLASHES.finditer(value):
        stop = _ENCODED_AUTHORITY_END.search(value, slashes.end())
        end = len(value) if stop is None else stop.start()
        ats = [at.start() for at in _ENCODED_AT.finditer(value, slashes.end(), end)]
        if ats:
            yield slashes.end(), ats[-1], SpanKind.USERINFO


# --- anywhere ---

_SIX_DIGITS = re.compile(r"[0-9]{4}[ .-]?[0-9]{2}")
"""How every personal number begins."""
_SIX_DIGIT_BYTES = re.compile(_SIX_DIGITS.pattern.encode())
_SIGNS = (b"@", b"%", b"eyj", b"bearer", b"basic")
"""Without one of these, in lower case, nothing but numbers is hidden in a value for its own sake."""


def _anywhere(value: bytes, *, in_challenge: bool = False) -> Iterator[Found]:
    """What is hidden wherever it stands; in a challenge `Bearer` precedes parameters and not a token."""
    lowered = value.lower()
    for sign in _SIGNS:
        if sign in lowered:
            break
    else:
        if _SIX_DIGIT_BYTES.search(value) is not None:
            yield from _personal_numbers(value)
        return
    yield from _userinfo(value)
    yield from _jwts(value)
    yield from _personal_numbers(value)
    if not in_challenge:
        for match in _AUTHORIZATION.finditer(value):
            yield match.start(1), match.end(1), SpanKind.TOKEN


# Wider than a token68 (RFC 9110 section 11.2), because issuers are (`12|AbC`).
_AUTHORIZATION = re.compile(
    rb"(?<![A-Za-z0-9])(?:bearer|basic)(?:\s+|\+|(?:%(?:25)*20)+)([^\s,;\"'&<>]+)", re.IGNORECASE
)
_DOTTED_RUN = re.compile(rb"[A-Za-z0-9_.\-]+")
_JWT_START = re.compile(rb"(?:\A|[._\-])eyJ")
_JWT_START_AFTER_ESCAPE = re.compile(rb"[0-9A-Fa-f]{2}eyJ")


def _jwts(value: bytes) -> Iterator[Found]:
    """JSON Web Tokens (RFC 7519): `eyJ` is `{"` in base64, and a dot must follow."""
    for run in _DOTTED_RUN.finditer(value):
        text = run[0]
        if b"eyJ" not in text:
            continue
        escaped = value[max(0, run.start() - 1) : run.start()] == b"%"
        match = (_JWT_START_AFTER_ESCAPE.match(text) if escaped else None) or _JWT_START.search(text)
        if match is None:
            continue
        # If no dot follows the first `eyJ` none follows a later one: one look at each run is enough.
        dot = text.find(b".", match.end())
        if 0 <= dot < len(text) - 1:
            yield run.start() + match.end() - len(b"eyJ"), run.end(), SpanKind.TOKEN


# Sixteen digits, bare or in the groups that people write; also just after a percent escape. A lookahead, so
# that every group of a longer row of groups is tried as the first.
_SIXTEEN = re.compile(
    rb"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2}))(?=("
    rb"[0-9]{4}([ .\-]?)[0-9]{4}\2[0-9]{4}\2[0-9]{4}|[0-9]{6}([ .\-])[0-9]{6}\3[0-9]{4})(?![0-9]))"
)
# The province codes of the Ministry of Home Affairs in use as of 2026-11.
_PROVINCES: Final = frozenset(
    (*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 97))
)  # fmt: skip
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _personal_numbers(value: bytes) -> Iterator[Found]:
    for match in _SIXTEEN.finditer(value):
        digits = re.sub(rb"[^0-9]", b"", match[1]).decode("ascii")
        # Numbers that end in 0000 may be hidden ones: without this a second run would hide their neighbours.
        if not digits.endswith("0000") and (_is_nik(digits) or _is_card(digits)):
            yield match.start(1), match.end(1), SpanKind.PERSONAL_NUMBER


def _is_nik(digits: str) -> bool:
    """Whether this may be a Nomor Induk Kependudukan: PPRRSS DDMMYY NNNN.

    Province, regency (01-39) or city (71-79), district, date of birth with 40 added to a woman's day, and a
    serial number (from 0001, which the caller has seen to). The century is not written, so every year is
    plausible and February has 29 days.
    """
    province, regency, district = int(digits[0:2]), int(digits[2:4]), int(digits[4:6])
    day, month = int(digits[6:8]), int(digits[8:10])
    return (
        province in _PROVINCES
        and (1 <= regency <= 39 or 71 <= regency <= 79)
        and district > 0
        and 1 <= month <= 12
        and 1 <= (day - 40 if day > 40 else day) <= _DAYS_IN_MONTH[month - 1]
    )


def _is_card(digits: str) -> bool:
    """Whether this may be a payment card: the Luhn digit fits and the first digits are a scheme's.

    Visa 4, Mastercard 51-55 and 2221-2720, JCB 3528-3589, UnionPay 62, Maestro and domestic cards 60, and the
    national scheme GPN 9360 and 1946.
    """
    head = int(digits[:4])
    known = (
        4000 <= head <= 4999
        or 5100 <= head <= 5599
        or 2221 <= head <= 2720
        or 3528 <= head <= 3589
        or 6200 <= head <= 6299
        or 6000 <= head <= 6099
        or head in {1946, 9360}
    )
    return known and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + index % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
