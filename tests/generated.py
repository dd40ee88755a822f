"""Hostile inputs for every parser, in one place: what each is fed, what it may raise, and what it may not exceed.

A `Parser` has seeds (real heads, certificates, DNS messages, URLs), tokens (what its grammar turns on) and `read`, which
gives one input to it, lets its own error pass and nothing else, and asserts that what came out is bounded. `mutated`
makes inputs from seeds by flips, splices, repetitions and tokens, quickly and from a seeded `Random` alone, so that the
property tests (a few hundred inputs a parser) and the benchmark (a million) share everything but their source of chance.
"""

import gzip
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import dns.message
import faults
import faults_certificates
import faults_dns
import faults_http
import msgspec
from hypothesis import strategies as st

from scanner.config_error import ConfigError
from scanner.locale.printable import printable
from scanner.network import NetworkError
from scanner.observations.dns import DnsAnswer
from scanner.parse.certificate import MAX_NAMES, CertificateError, parse_certificate
from scanner.parse.hsts import HstsError, policy_of
from scanner.parse.http_head import HeadError, parse_head
from scanner.parse.identity import presented_identity_matches
from scanner.parse.retry_after import retry_after_s
from scanner.parse.toml_positions import positions
from scanner.parse.url import MAX_URL_CHARS, UrlError, host_of, parse_url, resolve
from scanner.probes.dns import MAX_RECORDS, _read, records_of
from scanner.probes.http.client import _Reader
from scanner.probes.http.transport import _end_of_head
from scanner.profiles import load_profile
from scanner.redaction import redact_head, redact_text

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Parser(msgspec.Struct, frozen=True):
    """One parser, its inputs, and the longest it is fed (what its callers let through)."""

    read: Callable[[bytes], None]
    seeds: Callable[[], tuple[bytes, ...]]
    tokens: tuple[bytes, ...]
    longest: int


# What is fed ------------------------------------------------------------------------------------------


def _heads() -> tuple[bytes, ...]:
    """The beginnings of all that the faulty servers send, and heads of usual servers."""
    nginx = (
        b"HTTP/1.1 301 Moved Permanently\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 00:00:00 GMT\r\n"
        b"Content-Type: text/html; charset=utf-8\r\nLocation: https://layanan.example.test/masuk?sesi=abc123\r\n"
        b"Set-Cookie: laravel_session=eyJpdiI6IkZ0; expires=Sun, 22-Nov-2026 02:00:00 GMT; path=/; httponly\r\n"
        b"Set-Cookie: XSRF-TOKEN=0123456789abcdef; path=/; samesite=lax\r\n"
        b"Strict-Transport-Security: max-age=31536000; includeSubDomains; preload\r\n"
        b"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\r\nX-Nik: 3273010101900001\r\n\r\n"
    )
    iis = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\nX-Powered-By: ASP.NET\r\n\r\n"
    scripts = (octets()[:3000] for octets, _ in faults_http.SCRIPTS.values())
    return (nginx, iis, *scripts)


@cache
def _certificates() -> tuple[bytes, ...]:
    cases = {**faults_certificates.CASES, **faults_certificates.UNSERVABLE}
    authority = faults_certificates.authority().der
    return (authority, *(der for chain, _ in cases.values() for der in chain()[:2] if len(der) < 20_000))


QUERY = dns.message.make_query("www.fault.test", "A", use_edns=0, payload=1232, id=4242)


def _messages() -> tuple[bytes, ...]:
    """What the faulty name servers say, as if each had been asked the same question over TCP."""
    asked = faults.Asked(QUERY, QUERY.question[0].name, "A", True, 1)
    replies = [fault(asked) for fault in faults.NAME_FAULTS.values()]
    assert faults_dns.PUBLIC  # its faults are entered
    wires = (it.to_wire(max_size=65535) if isinstance(it, dns.message.Message) else it for it in replies)
    return tuple(wire[:2000] for wire in wires if wire)


def _urls() -> tuple[bytes, ...]:
    weird = (*faults.WEIRD_URLS.values(), *faults_http.LOCATIONS.values())
    return (
        b"https://layanan.example.test:8443/a/../b/%2e%2e/?q=1#top",
        b"http://[2001:db8::1%25eth0]:80/",
        b"http://192.168.0x1.010/",
        "https://p\u00e9merintah.example.test/\u00e9?\u00e9".encode(),
        b"//user:pass@host:99999/;a=b",
        b"../../x?y#z",
        *weird,
    )


def _names() -> tuple[bytes, ...]:
    """A reference name, then presented names."""
    return (
        b"www.example.test\0*.example.test\0example.test",
        b"127.0.0.1\0\x7f\0\0\1\x00*.test",
        b"xn--bcher-kva.test\0*.test\0w*w.example.test\0*.*.test",
        b"a.b.c\0*\0.\0..\0*..b.c",
    )


def _gzips() -> tuple[bytes, ...]:
    bodies = (faults.BODY, bytes(100_000), faults.NOISE, b"a" * 5000)
    return (*(gzip.compress(body, mtime=0) for body in bodies), zlib.compress(faults.BODY), b"\x1f\x8b")


def _tomls() -> tuple[bytes, ...]:
    example = (Path(__file__).parents[1] / "targets.example.toml").read_bytes()
    return (
        example[:4000],
        b"[a.b]\nc = [1, {d = \"x\"}]\n[[t]]\nid = \"a\"\n[[t.u]]\n\"k.e\" = '''v'''\n",
        b'a.b.c = 1\n[a]\nx = """\n"""\n[a.b.d]\ny = [[], [[]]]\n',
    )


# Given to the parser ------------------------------------------------------------------------------------


def _head(raw: bytes) -> None:
    try:
        head = parse_head(raw)
    except HeadError:
        return
    assert sum(len(field.name) + len(field.value) for field in head.fields) <= len(raw)


def _hsts(raw: bytes) -> None:
    try:
        policy = policy_of([raw.decode("latin-1")])
    except HstsError:
        return
    assert policy is not None
    assert policy.max_age.total_seconds() >= 0


BASE = parse_url("https://www.fault.test:8443/a/b?c")


def _url(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    for read in (parse_url, lambda it: resolve(BASE, it), host_of):
        try:
            url = read(text)
        except UrlError:
            continue
        assert len(str(url)) <= MAX_URL_CHARS
        assert str(url).isascii()
        assert str(url).isprintable()


def _identity(raw: bytes) -> None:
    reference, *presented = raw.decode("latin-1").split("\0")
    octets = [name.encode("latin-1") for name in presented]
    assert presented_identity_matches(presented, octets, reference) in (True, False)


def _certificate(raw: bytes) -> None:
    try:
        certificate = parse_certificate(raw)
    except CertificateError:
        return
    assert len(certificate.dns_names) + len(certificate.ip_addresses) <= MAX_NAMES
    assert len(str(certificate.subject)) + len(str(certificate.issuer)) <= 20 * len(raw) + 2000


def _dns(raw: bytes) -> None:
    try:
        response = _read(QUERY, raw, truncated=False)
    except NetworkError:
        return
    assert len(response.answers) <= MAX_RECORDS
    answer = DnsAnswer(
        started=NOW, took_ms=1.0, name="www.fault.test", rdtype="A", server="127.0.0.1:53", outcome=response
    )
    records_of(answer, "www.fault.test", "A")


def _redaction(raw: bytes) -> None:
    end = _end_of_head(bytearray(raw), 0)
    head = raw if end < 0 else raw[:end]  # a head ends at its first empty line: the transport sees to that
    once = redact_head(head)
    assert len(once.raw) == len(head)
    assert redact_head(once.raw).raw == once.raw


def _redacted_text(raw: bytes) -> None:
    text = raw.decode("utf-8", "replace")
    once, _ = redact_text(text)
    assert len(once) == len(text)


CAPS = load_profile("local").caps


def _gzip(raw: bytes) -> None:
    reader = _Reader(CAPS, gzip=True, keep=True)
    for start in range(0, len(raw), 4096):
        if not reader.take(raw[start : start + 4096]):
            break
    assert reader.length <= CAPS.body_bytes
    assert len(reader.kept) <= CAPS.body_bytes


def _retry_after(raw: bytes) -> None:
    seconds = retry_after_s(raw.decode("latin-1"), NOW)
    assert seconds is None or seconds >= 0


def _positions(raw: bytes) -> None:
    text = raw.decode("utf-8", "replace")
    found = positions(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


def _csv(raw: bytes) -> None:
    from scanner.spreadsheet import MAX_ROWS
    from scanner.spreadsheet import _csv as read_csv

    try:
        table = read_csv(Path("list.csv"), raw)
    except ConfigError:
        return
    assert len(table.rows) <= MAX_ROWS


def _printable(raw: bytes) -> None:
    text = raw.decode("utf-8", "surrogateescape")
    for ascii_only in (True, False):
        shown = printable(text, ascii_only=ascii_only)
        assert shown.isprintable()
        assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


HEAD_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\0", b":", b": ", b" ", b"\t", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0", b"Set-Cookie: ",
    b"Location: ", b"Strict-Transport-Security: ", b"max-age=", b";", b"=", b",", b'"', b"\\", b"\xff", b"\x1b[31m",
    b"Authorization: ", b"Bearer ", b"Basic ", b"eyJ", b".", b"?token=", b"&password=", b"jsessionid=", b"@", b"//", b"%00",
    b"3273010101900001", b"4111111111111111", b"WWW-Authenticate: Digest nonce=",
)  # fmt: skip
URL_TOKENS = (
    b"http:", b"https:", b"//", b"\\\\", b"/", b"\\", b"@", b":", b"[", b"]", b"::", b"%", b"%25", b"%2e", b"%00", b"..",
    b".", b"?", b"#", b"\t", b"\n", b"\0", b"0x", b"0", b"1.1.1.1", b"xn--", "\u3002".encode(), "\u00ad".encode(),
    "\u0338".encode(), "\uff0e".encode(), b"65536", b"localhost", "\u202e".encode(), b"\xff", b"\xed\xa0\x80",
)  # fmt: skip
DER_TOKENS = (
    b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x82\xff\xff", b"\x02\x01\x00", b"\x05\x00", b"\x06\x03\x55\x1d\x11",
    b"\x06\x03\x55\x1d\x1e", b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x04\x03", b"\xa3\x82", b"\x04\x82", b"\x31\x00",
    b"\x87\x04",
    b"\x82\x01*", b"\x17\x0d", b"\x18\x0f", b"\x80", b"\x9f\xff\xff\x7f", b"\x06\x09" + b"\xff" * 9, b"\x0c\x02\xff\xfe",
)  # fmt: skip
DNS_TOKENS = (
    b"\xc0\x0c", b"\xc0\x00", b"\xff\xff", b"\x00\x05\x00\x01", b"\x00\x01\x00\x01", b"\x00\x1c\x00\x01", b"\x00\x29",
    b"\x00\x0f\x00\x02",
    b"\x00\x2e", b"\x00\x2f", b"\x00\x41", b"\x00\x10\x00\x01", b"\x3f" + b"a" * 63, b"\x00", b"\x03www\x05fault\x04test\x00",
)  # fmt: skip

PARSERS: Mapping[str, Parser] = {
    "http_head": Parser(_head, _heads, HEAD_TOKENS, 65_536),
    "hsts": Parser(
        _hsts,
        lambda: (b"max-age=31536000; includeSubDomains; preload", b'max-age="1"; x=y; z', b"max-age=0"),
        (b"max-age", b"=", b";", b'"', b"\\", b",", b"includeSubDomains", b" ", b"\t", b"9" * 50, b"\0", b"\xff"),
        65_536,
    ),
    "url": Parser(_url, _urls, URL_TOKENS, 20_000),
    "identity": Parser(_identity, _names, (b"*", b".", b"*.", b"\0", b"xn--", b"\xff", b":", b"127.0.0.1"), 5_000),
    "certificate": Parser(_certificate, _certificates, DER_TOKENS, 100_000),
    "dns": Parser(_dns, _messages, DNS_TOKENS, 65_535),
    "redacted_head": Parser(_redaction, _heads, HEAD_TOKENS, 65_536),
    "redacted_text": Parser(_redacted_text, _urls, (*HEAD_TOKENS, *URL_TOKENS), 65_536),
    "gzip": Parser(_gzip, _gzips, (b"\x1f\x8b\x08", b"\x00" * 8, b"\x03\x00", b"\xff\xff\xff\xff"), 65_536),
    "retry_after": Parser(
        _retry_after,
        lambda: (b"120", b"Sun, 22 Nov 2026 01:00:00 GMT", b"-1", b"1e9"),
        (b"9" * 40, b"Nov", b"GMT", b"+0000", b":", b" ", b"\0", b"0000", b"\xb2"),
        65_536,
    ),
    "toml_positions": Parser(
        _positions,
        _tomls,
        (b"[", b"]", b"[[", b"]]", b"{", b"}", b'"', b'"""', b"'''", b"=", b".", b",", b"#", b"\n", b"\\"),
        50_000,
    ),
    "csv": Parser(
        _csv,
        lambda: (b"nama,url\nA,https://a.test/\n", b"sep=;\na;b\n1;2\n",
                 "\ufeffa\tb\n1\t2\n".encode(), "a,b\n".encode("utf-16")),
        (b",", b";", b"\t", b'"', b'""', b"\n", b"\r", b"\0", b"sep=", b"\xff\xfe", b"=cmd()", b"\xe2\x80\xae"),
        50_000,
    ),
    "printable": Parser(
        _printable, _urls, (b"\x1b[31m", b"\x07", "\u202e\u2066".encode(), "e\u0301".encode(), b"\xff"), 5_000),
}  # fmt: skip


# Mutations ------------------------------------------------------------------------------------------------


def mutated(chance: Random, parser: Parser, seeds: tuple[bytes, ...]) -> bytes:
    """One input: a seed after a few changes; one in fifty is blown up towards the longest."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 2:
            del data[at : at + chance.choice((1, 2, 4, 16, 64))]
        elif kind == 3:
            data[at:at] = chance.choice(parser.tokens)
        elif kind == 4:
            other = chance.choice(seeds)
            start = chance.randrange(len(other) + 1)
            data[at:] = other[start:]
        elif kind == 5:
            piece = bytes(data[at : at + chance.choice((1, 2, 8, 32))])
            data[at:at] = piece * chance.choice((1, 2, 10))
        else:
            data[at:at] = chance.randbytes(chance.choice((1, 2, 4)))
    if chance.randrange(50) == 0:
        at = chance.randrange(len(data) + 1)
        piece = chance.choice((chance.choice(parser.tokens), bytes(data[at : at + 20]) or b"a"))
        data[at:at] = piece * (chance.randrange(parser.longest) // len(piece))
    return bytes(data[: parser.longest])


@cache
def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Inputs for a parser, by Hypothesis."""
    parser = PARSERS[name]
    seeds = parser.seeds()
    mutations = st.randoms(use_true_random=False, note_method_calls=False).map(
        lambda chance: mutated(chance, parser, seeds)
    )
    pieces = st.lists(st.sampled_from(parser.tokens) | st.binary(max_size=4), max_size=20).map(b"".join)
    return mutations | pieces | st.sampled_from(seeds)
