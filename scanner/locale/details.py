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
    # what a plan lists
    mark("TLS hello"),
    mark("TLS hello after {text} STARTTLS"),
    mark("TLS handshakes"),
    mark("TLS handshakes after STARTTLS ({text})"),
    mark("trials of known weaknesses of TLS"),
    # the network
    mark("the plan's ceiling is reached ({detail})"),
    mark("the time set aside for this target is used up"),
    mark("the whole exchange took more than {number} s"),
    mark("no connection within {number} s"),
    mark("no answer from the resolver within {number} s"),
    mark("no end of the TLS handshake within {number} s"),
    mark("no TLS handshake within {number} s"),
    mark("no end of the HTTP/3 handshake within {number} s"),
    mark("HTTP/3 is not tried without the extra quic: pip install pindai[quic]"),
    mark("what came back leads to no handshake of QUIC"),
    mark("the handshake cannot be read: {text}"),
    mark("the handshake ended with alert {text}"),
    mark("the server speaks no version of QUIC that is known here"),
    mark("the connection was closed with QUIC error {text}"),
    mark("more than {number} datagrams to be sent"),
    mark("more than {number} octets in datagrams, or too many"),
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
    # TLS begun within a protocol, and trials
    mark("no answer of a {protocol} service within {number} s"),
    mark("no answer to the hello within {number} s"),
    mark("no end of the handshake within {number} s"),
    mark("no answer to a heartbeat within {number} s"),
    mark("no reaction within {number} s"),
    mark("no answer to the last command within {number} s"),
    mark("{command} was answered {text}"),
    mark("AUTH TLS was answered {text}"),
    mark("StartTLS was answered with result code {number}"),
    mark("StartTLS was answered with result code {number} {text}"),
    mark("the features of the stream do not name starttls"),
    mark("starttls was answered with <failure/>"),
    mark("the server ({text}) does not announce TLS"),
    mark("the service turned us away: {text}"),
    mark("no answer of this protocol: {text}"),
    mark("more than {number} octets before TLS"),
    mark("a line of more than {number} octets before TLS"),
    mark("a reply of more than {number} lines"),
    mark("more than {number} lines without an answer to STARTTLS"),
    mark("the service closed the connection before TLS began"),
    mark("octets in clear after TLS was agreed"),
    mark("an LDAP message of a length that none has"),
    mark("an LDAP message of {number} octets in answer to STARTTLS"),
    mark("an LDAP message that cannot be read"),
    mark("another LDAP message than the answer to StartTLS"),
    mark("the server closed the connection after the hello"),
    mark("the server closed the connection within a record"),
    mark("the server closed the connection within the handshake"),
    mark("the hello was answered with alert {number}"),
    mark("no ServerHello"),
    mark("the handshake was not finished"),
    mark("the handshake was not finished: {text}"),
    mark("the handshake does not end"),
    mark("the service takes no suite with which a ticket could be fetched here"),
    mark("the service takes no suite with CBC that is spoken here"),
    mark("the first flight is not complete"),
    mark("suite {suite} of version {version} is not spoken here"),
    mark("the server's Finished cannot be read"),
    mark("the server goes no further without a client certificate"),
    mark("the server chose a suite without CBC though none was offered"),
    mark("the leaf's key cannot be read"),
    mark("the leaf's key is no RSA key"),
    mark("the leaf's key is too short for a premaster secret"),
    mark("a ServerKeyExchange that cannot be read"),
    mark("a Diffie-Hellman value outside its group"),
    mark("the answer to a heartbeat is no record of TLS"),
    mark("the answer to an early ChangeCipherSpec is no record of TLS"),
    mark("taken once, and not tried again"),
    mark("the server ignored an early ChangeCipherSpec, and what followed showed nothing"),
    mark("the server refused no wrong record, not even one with a wrong MAC"),
    mark("a difference that was not tried again"),
    mark("the server's answers change from one repetition to the next"),
    mark("it was not tried"),
    mark("whether {where} accepts SSLv2 with this key is not known"),
    mark("trials of the service's TLS"),
    mark("sweeps of all TLS services"),
    # sweeps, sessions, an encrypted hello, and what is wrong with an answer
    mark("no end of the connection within {number} s"),
    mark("no complete answer within {number} s"),
    mark("alert {name}"),
    mark("the first octets are no TLS"),
    mark("the server closed the connection before a ServerHello"),
    mark("the server closed the connection before its answer was complete"),
    mark("the server closed the connection during the handshake"),
    mark("the answers have more than {number} octets in all"),
    mark("more than {number} bytes of handshake"),
    mark("a flight of {number} bytes is not kept"),
    mark("no handshake to begin anew"),
    mark("no answer to it"),
    mark("no end of the handshake"),
    mark("no hello asked for it"),
    mark("no hello can be read"),
    mark("no hello that would tell was asked"),
    mark("not every hello that shows it was asked and answered"),
    mark("the service did not go on to answer what it had answered before"),
    mark("the choices follow no order, or both the server's and ours"),
    mark("TLS 1.3 sends its certificate encrypted"),
    mark("the answers do not tell"),
    mark("the handshake was not answered"),
    mark("no handshake came to its end"),
    mark("no ticket came, and the connection stayed open"),
    mark("the handshake with an encrypted hello was not answered"),
    mark("the name was not looked up in DNS, so neither was its HTTPS record"),
    mark("the published key cannot be used: {text}"),
    mark("the key of the service was not seen"),
    mark("the server has more than {number} finite-field groups of its own"),
    mark("a finite-field group has more than {number} bits"),
    mark("this machine has no interface {name}"),
    mark("octet {number} begins no TLS record"),
    mark("a record of {number} octets is longer than TLS allows"),
    mark("the first flight is longer than {number} octets"),
    mark("more than {number} alerts"),
    mark("encrypted records before a ServerHello"),
    mark("a handshake message of {number} octets is longer than {total}"),
    mark("more than {number} handshake messages"),
    mark("SERVER-HELLO of SSLv2: its lengths do not fit"),
    mark("no ServerHello of TLS 1.3 to which this secret belongs"),
    mark("a handshake message in clear after keys were agreed"),
    mark("an alert that cannot be read"),
    mark("a record of type {number} where none may be"),
    mark("a handshake message of {number} octets"),
    mark("more than {number} messages"),
    mark("a message of type {number} instead of a ServerHello"),
    mark("a ServerHello that cannot be read"),
    mark("the server asks for another hello than the sealed one, which is not followed"),
    mark("a second HelloRetryRequest"),
    mark("the server chose a suite that was not offered"),
    mark("the server asks for a group that was not offered, or was there"),
    mark("a ServerHello without a key share, or of a group that none was sent for"),
    mark("octets in clear behind the ServerHello"),
    mark("the server's Finished does not fit what was read"),
    mark("a record that its key does not open"),
    mark("a record without a type, or too long"),
    mark("group {number} is not in this build of OpenSSL"),
    mark("no key agreement in group {number} is known here"),
    mark("a value outside the group (RFC 7919 5.1)"),
    mark("the leaf's key is too long to be computed with"),
    mark("a list of another length than it says, or an empty one"),
    mark("{number} octets too many in a configuration"),
    mark("an HTTPS record begins with a priority and a name"),
    mark("TLS failed"),
    # certificates and their issuers
    mark("asking the issuer is switched off ([pki] in the targets file)"),
    mark("the issuer is asked about the first certificate only"),
    mark("no path leads to an anchor, or no place answers plain HTTP"),
    mark("the OCSP response cannot be read: {text}"),
    mark("the responder gave no status: {text}"),
    mark("the OCSP response is about another certificate"),
    mark("the issuer's certificate is not known, so that its signature cannot be checked"),
    mark("the OCSP response is from the future"),
    mark("the OCSP response is not signed"),
    mark("the OCSP response is signed by somebody who may not: {detail}"),
    mark("its certificate is not for OCSP signing"),
    mark("its certificate is not of the same issuer"),
    mark("its certificate was not valid at this time"),
    mark("the OCSP response is signed neither by the issuer nor by a certificate it came with"),
    mark("a signature of the kind {kind} cannot be checked here"),
    mark("the revocation list cannot be read: {text}"),
    mark("the certificate is not on a list that has {detail}"),
    mark("only certificates of authorities"),
    mark("only some reasons"),
    mark("only attribute certificates"),
    mark("a place that is named relative to its issuer"),
    mark("a critical extension {oid}"),
    mark("the revocation list is for certificates that name another place"),
    mark("the revocation list is of another issuer"),
    mark("the issuer's key may not sign revocation lists"),
    mark("the revocation list is not signed by the issuer"),
    mark("the revocation list has certificates of other issuers, too"),
    mark("the revocation list is from the future"),
    mark("the timestamps in the certificate cannot be read: {text}"),
    mark("the timestamps in the TLS extension cannot be read: {text}"),
    mark("timestamps in the staple cannot be read: {text}"),
    mark("no handshake was finished in which the server would prove that it has the key"),
    mark("places of issuers are asked over plain HTTP only"),
    mark("asked at {url}: {detail}"),
    mark("the answer has status {status}"),
    mark("more than {number} octets"),
    mark("no whole answer within {number} s"),
    mark("{address} is neither in the scope nor a public address at port {port}"),
    mark("answers of the certificate's issuer"),
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
