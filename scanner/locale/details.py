"""Technical details in the reader's language: `more than 12 CNAME records, or a loop`.

An observation keeps the English words it was made with, so that stored evidence stays what it is and replay gives the same.
Here, where they are shown, they are recognised by the table of all that Pindai writes, and said in Indonesian. Words of
protocols (SERVFAIL, names of alerts) stay, and so does what nobody recognises.
"""

import functools
import re
from collections.abc import Mapping
from string import Formatter

from scanner.findings import Message
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker, mark
from scanner.observations.steps import Reason

DETAILS = (
    # the network
    mark("the plan's ceiling is reached ({detail})"),
    mark("the time set aside for this target is used up"),
    mark("the whole exchange took more than {number} s"),
    mark("no connection within {number} s"),
    mark("no answer from the resolver within {number} s"),
    mark("no end of the TLS handshake within {number} s"),
    mark("no TLS handshake within {number} s"),
    mark("no complete response head within {number} s"),
    mark("no end of the body within {number} s"),
    mark("{address} is public and the profile is for this machine's own networks only"),
    mark("{address} is no host that the configuration names"),
    mark("{traffic} traffic is switched off"),
    mark("a run sends at most {number} of {traffic} traffic"),
    mark("{address} is not a configured resolver"),
    mark("{address} is outside the scope"),
    mark("{address} is not public and no network of the scope names it"),
    mark("{address} is a link-local or metadata address, which is never scanned"),
    mark("{address} is no single host"),
    mark("{address} is no address"),
    mark("only answers to other questions arrived"),
    mark("the resolver closed the connection"),
    mark("this machine ran out of something: {detail}"),
    mark("Connection refused"),
    mark("Connection reset by peer"),
    mark("Connection timed out"),
    mark("Network is unreachable"),
    mark("No route to host"),
    mark("Too many open files"),
    mark("Cannot assign requested address"),
    # DNS
    mark("resolver {address}: {detail}"),
    mark("the answer is to another question"),
    mark("the answer is truncated over TCP too, so what is missing is not known"),
    mark("the answer cannot be read: {text}"),
    mark("no resolver is configured"),
    mark("the resolver filters {host}: {text}"),
    mark("{host}: more than {number} CNAME records, or a loop"),
    mark("NXDOMAIN: {host} does not exist"),
    mark("a referral for {host}: the server neither recurses nor is authoritative"),
    mark("{host} has no {rdtype} record"),
    mark("{rcode} for {host} {rdtype}"),
    mark("{rcode} for {host} {rdtype} ({text})"),
    mark("the name gave no address"),
    mark("the name was not looked up in DNS, so neither were its CAA records"),
    mark("nobody was asked for the CAA records of {host}"),
    mark("{host} has more CAA records than are read"),
    mark("not a CAA record: {text}"),
    # TLS
    mark("the server closed the connection before its first octet"),
    mark("the server closed the connection after {number} octets of the handshake"),
    mark("the handshake is longer than {number} bytes"),
    mark("{number} bytes of TLS records without any content"),
    mark("the server sent no certificate that can be parsed"),
    mark("the certificate is for another name"),
    mark("the certificate is not valid at this time"),
    mark("the certificate leads to no trusted authority"),
    # HTTP
    mark("the credential of this target was not read, so nothing was asked"),
    mark("the credential is for another origin, so it was not sent"),
    mark("over plain HTTP the credential was not sent"),
    mark("{detail}, so the credential was not sent"),
    mark("the body has a coding we did not ask for"),
    mark("the gzip coding ends before its end"),
    mark("the gzip coding is broken: {text}"),
    mark("the body is longer than {number} bytes"),
    mark("the body is no JSON"),
    mark("more than {number} bytes were sent"),
    mark("more than {number} bytes were sent, framing included"),
    mark("more than {number} 1xx responses"),
    mark("no response head"),
    mark("the server closed the connection without an answer"),
    mark("the server closed the connection after {number} octets of the response head"),
    mark("the answer does not begin with HTTP/"),
    mark("the response head is longer than {number} bytes"),
    mark("too many line ends before the status line"),
    mark("no HTTP/1.x status line"),
    mark("status {status} is recorded beside a head that says {other}"),
    mark("the redirect's address holds a secret of this scan"),
    mark("back to {url}"),
    mark("more than {number} redirects"),
    mark("port {port} of {host} is none of this service's"),
    mark("--connect-to or --resolve names no place for port {port}"),
    mark("no port for HTTPS is known beside port {port}"),
    mark("several Location fields that differ; browsers refuse the answer"),
    mark("every answer leads elsewhere, and where it leads was not looked at; `paths` names further pages"),
    mark("every answer may be a firewall's and not the service's"),
    mark("status {status} may be the answer of a firewall, which sets no cookie"),
    mark("{url} answers with status {status}"),
    mark("{url} leads to {other}, which is no description"),
    mark("the server closed the connection after {number} octets of a line"),
    mark("a line of more than {number} octets"),
    # who turns us away, and our own side
    mark(
        "status {status} since request {number}, also to the first question asked again; perhaps a firewall; the target "
        "was left alone"
    ),
    mark(
        "{reason} since request {number}, also to the first question asked again; perhaps a firewall; the target was left "
        "alone"
    ),
    mark("status {status} with Retry-After: {number} s; the target was left alone"),
    mark("status {status} with Retry-After: {number} s; {total} s in all; the target was left alone"),
    mark("{number} targets behind {address} turned us away, so it is left alone"),
    mark("{number} of the last {total} targets failed at once; here: {reason}"),
    mark("{number} of the last {total} targets failed at once; here: {reason} {detail}"),
    mark("nothing was asked of it"),
    mark("{number} of {total} addresses were not observed"),
    # what is stored
    mark("{text}: the observation {digest} was altered: its bytes have another digest"),
    mark("the observation {digest} cannot be read: {text}"),
    mark("an observation of the kind {kind}, which no plug-in loaded here can read: {text}"),
    mark("this run has no {detail}"),
    mark("{detail} is stored as something else"),
    mark("a part of {detail} is missing"),
    mark("{detail} is made of other parts"),
    mark("more than {number} of {detail}; the rest was not looked at"),
    mark("the certificate has more names than are read, or some that cannot be read"),
    mark("not every target was looked at"),
    mark("no other target showed anything to compare with"),
    mark("more than {number} facts, or longer ones than are compared"),
    mark("parts of {detail}"),
    mark("resolution of the name"),
    mark("resolution of the target"),
    mark("answer of the service"),
    mark("further pages of the service"),
    mark("tries to reach the service"),
    mark("tries over HTTPS"),
    mark("walk from plain HTTP"),
    mark("Mozilla's trust anchors"),
    mark("the operator's trust anchors"),
    mark("CAA records"),
    # addresses
    mark("the scheme {text} is neither http nor https"),
    mark("the URL is longer than {number} characters"),
    mark("the host is longer than {number} characters"),
    mark("{text} is not a host alone: leave out scheme, port and path"),
    mark("{text} has no scheme; it must begin with https:// or http://"),
    mark("the address in {text} is not closed by a bracket"),
    mark("the port is not a number between 1 and 65535"),
    mark("the host is empty"),
    mark("the host {text} is longer than 253 octets"),
    mark("the host {text} has a character that no host name may have"),
    mark("the host has an empty label"),
    mark("the label {text} is longer than 63 octets"),
    mark("the label {text} is not valid in an international name"),
    mark("the label {text} has a character that no host name may have"),
    mark("the host {text} ends in a number but is not an IPv4 address"),
    mark("the address {text} has a zone; zones are not part of a URL here"),
    mark("{text} is not an IPv6 address"),
    mark("a JSON Pointer begins with /"),
    mark("in a JSON Pointer ~ is written ~0, and / in a name ~1"),
    # errors of ours
    mark("the check did not end within {number} s"),
    mark("the check yielded no verdict"),
    # what TOML objects to
    mark("Invalid statement"),
    mark("Expected newline or end of document after a statement"),
    mark("Expected {text}"),
    mark("Expected ']' at the end of a table declaration"),
    mark("Expected ']]' at the end of an array declaration"),
    mark("Expected '=' after a key in a key/value pair"),
    mark("Found invalid character {text}"),
    mark("Illegal character {text}"),
    mark("Cannot declare {text} twice"),
    mark("Cannot overwrite a value"),
    mark("Cannot mutate immutable namespace {text}"),
    mark("Cannot redefine namespace {text}"),
    mark("Invalid initial character for a key part"),
    mark("Unclosed array"),
    mark("Unclosed inline table"),
    mark("Duplicate inline table key {text}"),
    mark("Unescaped '\\' in a string"),
    mark("Invalid hex value"),
    mark("Escaped character is not a Unicode scalar value"),
    mark("Unterminated string"),
    mark("Invalid date or datetime"),
    mark("Invalid value"),
    # what profiles, tables and journals object to
    mark("Expected `{wanted}`, got `{given}`"),
    mark("Expected `{wanted}` >= {number}"),
    mark("Expected `{wanted}` <= {number}"),
    mark("Object missing required field `{name}`"),
    mark("Object contains unknown field `{name}`"),
    mark("unexpected end of data"),
    mark("line contains NUL"),
    mark("database is locked"),
    mark("file is not a database"),
    mark("database disk image is malformed"),
    mark("disk I/O error"),
    mark("attempt to write a readonly database"),
    mark("unable to open database file"),
    mark("database or disk is full"),
    mark("it has other tables"),
    # who holds a lock
    mark("process {pid}, since {text}"),
)
"""All that Pindai writes down. `{detail}` is one of them again, `{reason}` a reason's code, `{number}` and `{total}` are
written as the reader writes numbers, `{text}` may have spaces, and everything else is one word."""

OF_DETAILS = ("detail", "why")
"""Arguments of sentences that hold a detail."""
MAX_CHARS = 1000
"""Longer ones are none of ours: they stand in evidence that somebody else wrote, and stay as they are."""
_NUMBER = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"
_KINDS = {"number": _NUMBER, "total": _NUMBER, "detail": r".+", "text": r".+", "reason": r"[a-z_]+"}
_WORD = r"\S+"


def detail_text(detail: str, language: str) -> str:
    """A detail in this language; in English as it was written down."""
    return detail if language == "en" or len(detail) > MAX_CHARS else _said(detail, language)


def finding_text(message: Message, language: str) -> str:
    """What a finding says, the details in it too."""
    if language == "en":
        return message.en
    said = message.id
    for name in OF_DETAILS:
        detail = message.arguments.get(name)
        if isinstance(detail, str) and detail and detail in said:
            said = said.replace(detail, detail_text(detail, language))
    return said


@functools.lru_cache(maxsize=8192)
def _said(detail: str, language: str) -> str:
    for template, pattern in _patterns():
        if found := pattern.fullmatch(detail):
            values = {name: _value(name, text, language) for name, text in found.groupdict().items()}
            return Speaker(language).say_marked(template, **values)
    return detail


def _value(name: str, text: str, language: str) -> str:
    match name:
        case "detail":
            return _said(text, language)
        case "reason":
            known = {reason.value: reason for reason in Reason}
            return reason_text(known[text], language) if text in known else text
        case "number" | "total":
            whole, point, rest = text.partition(".")
            return f"{int(whole):,}".replace(",", ".") + ("," if point else "") + rest
    return text


@functools.cache
def _patterns() -> tuple[tuple[str, "re.Pattern[str]"], ...]:
    """Those with fewer open ends first: `Expected {text}` takes what no other does."""
    made = [(template, pattern_of(template)) for template in DETAILS]
    return tuple(sorted(made, key=lambda it: _openness(it[0])))


def pattern_of(template: str) -> "re.Pattern[str]":
    """What a template looks like when it is filled in."""
    parts = [
        re.escape(text) + (f"(?P<{name}>{_KINDS.get(name, _WORD)})" if name else "")
        for text, name, _, _ in Formatter().parse(template)
    ]
    return re.compile("".join(parts), re.DOTALL)


def _openness(template: str) -> tuple[int, int]:
    names = [name for _, name, _, _ in Formatter().parse(template) if name]
    return sum(name in ("detail", "text") for name in names), -len(template)


def translated(arguments: Mapping[str, object], language: str) -> dict[str, object]:
    """Arguments of a sentence with their details in this language."""
    return {
        name: detail_text(value, language) if name in OF_DETAILS and isinstance(value, str) else value
        for name, value in arguments.items()
    }
