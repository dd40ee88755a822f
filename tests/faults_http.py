"""Faults in HTTP/1.1 answers: framing, statuses, fields, compression, redirects, pauses, answers that change.

Most are fixed octets: `SCRIPTS` has what a server sends to any request, and what that is. The others are functions. All
are entered when this module is imported.
"""

import asyncio
import gzip
import itertools
import zlib
from collections.abc import Awaitable, Callable, Mapping

from faults import (
    BODY,
    HSTS,
    MEGABYTE,
    NOISE,
    Reader,
    Serve,
    answer,
    behaviour,
    drip,
    head,
    redirect,
    register,
    reset_connection,
    say,
    whole,
)

COOKIE = b"Set-Cookie: session=1; Path=/"
CHUNKED = b"Transfer-Encoding: chunked"
LONG = 60_000
"""Octets of one long element; a head has room for it below the cap of 64 KiB."""

_DEFLATED = zlib.compress(BODY)
_RAW_DEFLATED = zlib.compress(BODY, wbits=-zlib.MAX_WBITS)
_ZIPPED = gzip.compress(BODY, mtime=0)
_FRAMES = b"\x28\xb5\x2f\xfd\x04\x58"  # how a zstd frame begins (RFC 8878 3.1.1)


def _chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


LAST_CHUNK = b"0\r\n\r\n"


def _coded(coding: bytes, body: bytes) -> bytes:
    return whole(HSTS, b"Content-Encoding: " + coding, body=body)


def _nested(depth: int) -> bytes:
    body = bytes(MEGABYTE)
    for _ in range(depth):
        body = gzip.compress(body, mtime=0)
    return body


# Name -> what is sent to every request, and what that is.
SCRIPTS: Mapping[str, tuple[Callable[[], bytes], str]] = {
    # Framing
    "length_and_chunked": (
        lambda: head(HSTS, CHUNKED, b"Content-Length: 5") + _chunk(BODY) + LAST_CHUNK,
        "Gives a Content-Length and chunked coding at once (RFC 9112 6.3: the coding wins)",
    ),
    "length_not_a_number": (lambda: head(HSTS, b"Content-Length: ten") + BODY, "Announces `ten` bytes"),
    "length_overflowing": (
        lambda: head(HSTS, b"Content-Length: 99999999999999999999999999") + BODY,
        "Announces more bytes than a 64-bit number holds",
    ),
    "length_listed": (
        lambda: head(HSTS, b"Content-Length: %d, %d" % (len(BODY), len(BODY))) + BODY,
        "Gives the right length twice in one field",
    ),
    "chunk_size_negative": (lambda: head(HSTS, CHUNKED) + b"-5\r\nabcde\r\n" + LAST_CHUNK, "Sends a chunk of -5 bytes"),
    "chunk_size_overflowing": (
        lambda: head(HSTS, CHUNKED) + b"f" * 20 + b"\r\n" + BODY,
        "Announces a chunk of 2**80 - 1 bytes",
    ),
    "chunk_size_hex_prefix": (lambda: head(HSTS, CHUNKED) + b"0x5\r\nabcde\r\n" + LAST_CHUNK, "Writes `0x5` for 5"),
    "chunk_extension_huge": (
        lambda: head(HSTS, CHUNKED) + _chunk(BODY, b";x=" + b"y" * MEGABYTE) + LAST_CHUNK,
        "Puts a megabyte of extension behind a chunk's size",
    ),
    "chunks_of_one_byte": (
        lambda: head(HSTS, CHUNKED) + b"".join(_chunk(b"a", b";x") for _ in range(20_000)) + LAST_CHUNK,
        "Sends 20,000 chunks of one byte",
    ),
    "trailers_flood": (
        lambda: head(HSTS, CHUNKED) + _chunk(BODY) + b"0\r\n" + b"X-Trailer: more\r\n" * 100_000,
        "Sends 100,000 trailer fields and no end",
    ),
    "transfer_coding_unknown": (lambda: head(HSTS, b"Transfer-Encoding: identity, rot13") + BODY, "Codes with rot13"),
    "chunked_twice": (
        lambda: head(HSTS, b"Transfer-Encoding: chunked, chunked") + _chunk(_chunk(BODY)) + LAST_CHUNK,
        "Applies chunked coding twice (RFC 9112 6.1: must not)",
    ),
    "bodies_glued": (
        lambda: whole(HSTS) + whole(HSTS, status=b"404 Not Found") + whole(status=b"500 Third"),
        "Sends three complete answers to one request",
    ),
    # Statuses
    "informational_then_nothing": (lambda: b"HTTP/1.1 103 Early Hints\r\n\r\n", "Sends 103 and closes"),
    "informational_then_answer": (
        lambda: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + whole(HSTS),
        "Sends three 103 responses and then the answer, as it may",
    ),
    "switching_protocols": (
        lambda: b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n" + NOISE,
        "Switches to a protocol that nobody asked for",
    ),
    "no_content_with_body": (lambda: whole(HSTS, status=b"204 No Content"), "Sends a body with 204"),
    "not_modified_unasked": (lambda: whole(HSTS, status=b"304 Not Modified"), "Answers 304 to no condition"),
    "status_0": (lambda: whole(HSTS, status=b"0 Zero"), "Gives status 0"),
    "status_099": (lambda: whole(HSTS, status=b"099 Low"), "Gives status 099"),
    "status_600": (lambda: whole(HSTS, status=b"600 High"), "Gives status 600"),
    "status_999": (lambda: whole(HSTS, status=b"999 Denied"), "Gives status 999"),
    "status_1000": (lambda: whole(HSTS, status=b"1000 Long"), "Gives a status of four digits"),
    "status_451": (lambda: whole(HSTS, status=b"451 Unavailable For Legal Reasons"), "Answers 451"),
    "reason_phrase_60k": (lambda: whole(HSTS, status=b"200 " + b"o" * LONG), "Gives a reason phrase of 60 KB"),
    "reason_phrase_hostile": (
        lambda: whole(HSTS, status=b"200 \x1b]0;owned\x07\x1b[31m<script>"),
        "Puts escape sequences into the reason phrase",
    ),
    # Fields
    "field_name_60k": (lambda: whole(b"X-" + b"n" * LONG + b": v", HSTS), "Sends a field with a name of 60 KB"),
    "cookies_10k": (
        lambda: whole(*(b"Set-Cookie: c%d=v" % number for number in range(10_000))),
        "Sets 10,000 cookies: more than a head has room for",
    ),
    "cookies_1000": (
        lambda: whole(*(b"Set-Cookie: c%d=%d" % (number, number) for number in range(1000)), HSTS),
        "Sets 1,000 cookies",
    ),
    "cookie_100k": (lambda: whole(COOKIE + b"; x=" + b"y" * 100_000, HSTS), "Sets one cookie of 100 KB"),
    "cookies_hostile": (
        lambda: whole(
            b"Set-Cookie: \x1b[2Jsession=\x1b[31msecret; Path=/",
            b"Set-Cookie: =cmd('calc'); =\x7f",
            b"Set-Cookie: ; ; ;",
            b"Set-Cookie: \xff\xfe=\xe2\x80\xae; Secure",
            HSTS,
        ),
        "Sets cookies whose names and values are escape sequences, formulas and nothing",
    ),
    "field_ansi": (
        lambda: whole(b"X-Powered-By: \x1b]8;;http://evil\x07click\x1b]8;;\x07", HSTS),
        "Sends a terminal link",
    ),
    "field_bidi": (
        lambda: whole("Server: nginx\u202exnigne\u2066".encode(), HSTS),
        "Sends direction overrides in a field",
    ),
    "hsts_twice": (
        lambda: whole(b"Strict-Transport-Security: max-age=0", HSTS),
        "Sends two HSTS fields, of which the first ends the policy (RFC 6797 8.1: the first counts)",
    ),
    "hsts_overflowing": (
        lambda: whole(b"Strict-Transport-Security: max-age=" + b"9" * 1000),
        "Sends a max-age of a thousand digits",
    ),
    "hsts_hostile": (
        lambda: whole(b'Strict-Transport-Security: max-age="\x1b[31m"; <script>'),
        "Sends an HSTS field of escape sequences",
    ),
    "hsts_60k": (
        lambda: whole(HSTS + b"; x=y" * 11_000),
        "Sends an HSTS field of 55 KB that repeats one directive",
    ),
    "content_type_hostile": (
        lambda: whole(HSTS, b"Content-Type: text/html; charset=\x1b[31m; boundary=" + b"b" * 1000),
        "Sends a content type of escape sequences",
    ),
    "fields_without_end": (
        lambda: b"HTTP/1.1 200 OK\r\n" + HSTS + b"\r\n" + b"Content-Length: 0\r\n",
        "Closes after the last field and before the empty line",
    ),
    # Other protocols
    "http_09": (lambda: b"<html>as in 1991</html>", "Answers as HTTP/0.9 did"),
    "http_10_keep_alive": (
        lambda: (
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n%b\r\nContent-Length: %d\r\n\r\n" % (HSTS, len(BODY)) + BODY
        ),
        "Answers with HTTP/1.0 and keep-alive",
    ),
    "http_20_line": (
        lambda: b"HTTP/2.0 200 OK\r\n" + HSTS + b"\r\nContent-Length: 0\r\n\r\n",
        "Claims HTTP/2.0 in text",
    ),
    "http_3_line": (lambda: b"HTTP/3 200\r\n" + HSTS + b"\r\n\r\n", "Writes the status line as log files do"),
    "http_client_preface": (lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "Answers with the HTTP/2 client preface"),
    "rtsp_answer": (lambda: b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "Answers as RTSP"),
    "icy_answer": (lambda: b"ICY 200 OK\r\n\r\n" + BODY, "Answers as a radio station"),
    "banner_ssh": (lambda: b"SSH-2.0-OpenSSH_9.9\r\n", "Is an SSH server"),
    "banner_smtp": (lambda: b"220 mail.invalid ESMTP ready\r\n", "Is a mail server"),
    "banner_ftp": (lambda: b"220 (vsFTPd 3.0.5)\r\n530 Please login\r\n", "Is a file server"),
    "tls_alert_in_plain": (lambda: b"\x15\x03\x01\x00\x02\x02\x46", "Is a TLS server that got no ClientHello"),
    "line_ends_only": (lambda: b"\r\n" * 100_000, "Sends nothing but empty lines"),
    "nul_bytes_only": (lambda: bytes(100_000), "Sends nothing but NUL"),
    # Compression
    "gzip_nested": (lambda: _coded(b"gzip, gzip, gzip", _nested(3)), "Compresses a megabyte of zeros three times"),
    "gzip_nested_one_named": (lambda: _coded(b"gzip", _nested(3)), "Compresses three times and says so once"),
    "gzip_truncated": (lambda: _coded(b"gzip", _ZIPPED[: len(_ZIPPED) // 2]), "Sends half a gzip stream"),
    "gzip_claimed_but_plain": (lambda: _coded(b"gzip", BODY), "Says gzip and sends plain text"),
    "gzip_unclaimed": (lambda: whole(HSTS, body=_ZIPPED), "Sends gzip and does not say so"),
    "gzip_trailing_garbage": (lambda: _coded(b"gzip", _ZIPPED + NOISE), "Sends noise behind a gzip stream"),
    "gzip_many_members": (lambda: _coded(b"gzip", _ZIPPED * 5000), "Sends 5,000 gzip members in a row"),
    "gzip_empty": (lambda: _coded(b"gzip", b""), "Says gzip and sends nothing"),
    "gzip_bad_checksum": (lambda: _coded(b"gzip", _ZIPPED[:-8] + bytes(8)), "Ends gzip with a wrong checksum"),
    "deflate": (lambda: _coded(b"deflate", _DEFLATED), "Codes with deflate, which was not asked for"),
    "deflate_raw": (lambda: _coded(b"deflate", _RAW_DEFLATED), "Codes with deflate as old servers did, unwrapped"),
    "br_claimed": (lambda: _coded(b"br", NOISE), "Says br, which was not asked for, and sends noise"),
    "zstd_claimed": (lambda: _coded(b"zstd", _FRAMES + NOISE), "Says zstd, which was not asked for"),
    "coding_unknown": (lambda: _coded(b"\x1b[31m, *", BODY), "Says a coding of escape sequences"),
    # Redirects that are none, or odd ones
    "location_empty": (lambda: whole(b"Location:", status=b"302 Found"), "Redirects to an empty Location"),
    "location_missing": (lambda: whole(status=b"302 Found"), "Redirects nowhere"),
    "location_twice": (
        lambda: whole(b"Location: https://outside.invalid/", b"Location: /", status=b"302 Found"),
        "Redirects to two places at once",
    ),
    "location_64k": (lambda: whole(b"Location: /" + b"a" * 64_000, status=b"302 Found"), "Redirects to a URL of 64 KB"),
    "location_relative_weird": (
        lambda: whole(b"Location: ../../..//./%2e%2e/;?#", status=b"302 Found"),
        "Redirects to dots, slashes and an empty query",
    ),
    "location_fragment_only": (lambda: whole(b"Location: #top", status=b"302 Found"), "Redirects to a fragment"),
    "meta_refresh_only": (
        lambda: whole(HSTS, body=b'<meta http-equiv=refresh content="0;url=https://outside.invalid/">'),
        "Redirects in the page, not in the head",
    ),
    "refresh_field": (
        lambda: whole(HSTS, b"Refresh: 0; url=https://outside.invalid/"),
        "Redirects by a Refresh field",
    ),
    "status_300": (lambda: whole(HSTS, b"Location: https://outside.invalid/", status=b"300 Choose"), "Answers 300"),
    "status_304_location": (
        lambda: whole(HSTS, b"Location: https://outside.invalid/", status=b"304 Not Modified"),
        "Answers 304 with a Location",
    ),
    "status_305": (lambda: whole(HSTS, b"Location: http://127.0.0.1:9/", status=b"305 Use Proxy"), "Names a proxy"),
    "status_201_location": (
        lambda: whole(HSTS, b"Location: /new", status=b"201 Created"),
        "Answers 201 with a Location",
    ),
}

# Where a redirect may lead a careless client. None of them is in the scope of a test.
LOCATIONS: Mapping[str, bytes] = {
    "metadata": b"http://169.254.169.254/latest/meta-data/",
    "metadata_ipv6": b"http://[::ffff:169.254.169.254]/",
    "metadata_decimal": b"http://2852039166/",
    "octal_ip": b"http://0300.0000.0002.01/",
    "hex_ip": b"http://0xC0.0x0.0x2.0x1/",
    "short_ip": b"http://192.513/",
    "full_width_ip": "http://\uff11\uff19\uff12.0.2.1/".encode(),
    "any_address": b"http://0.0.0.0/",
    "ipv6_zone": b"http://[fe80::1%25eth0]/",
    "idn": "https://p\u00ebmda.invalid/".encode(),
    "idn_dot": "https://outside\u3002invalid/".encode(),
    "trailing_dot": b"https://outside.invalid./",
    "backslash": b"https:\\\\outside.invalid\\@127.0.0.1/",
    "backslash_userinfo": b"https://192.0.2.1\\@outside.invalid/",
    "tab_inside": b"htt\tps://out\tside.invalid/",
    "userinfo_at_signs": b"https://a@b@outside.invalid/",
    "port_garbage": b"https://outside.invalid:65536/",
    "port_zero": b"https://outside.invalid:0/",
    "other_port": b"http://127.0.0.1:22/",
    "data": b"data:text/html,<script>alert(1)</script>",
    "file": b"file:///etc/passwd",
    "gopher": b"gopher://127.0.0.1:25/_HELO",
    "ansi": b"https://outside.invalid/\x1b[31mred",
    "percent_host": b"https://%6futside.invalid/",
    "host_missing": b"https:///",
    "non_utf8": b"https://outside.invalid/\xff\xfe",
}


def scripted(octets: Callable[[], bytes]) -> Serve:
    """A server that sends the same octets to every request, and closes."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await answer(reader, writer, octets())

    return serve


def leading_to(location: bytes) -> Serve:
    """A server that redirects every request there."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await reader.request()
        await redirect(writer, location)

    return serve


for _name, (_octets, _summary) in SCRIPTS.items():
    register(_name, scripted(_octets), "http", summary=_summary)
for _name, _location in LOCATIONS.items():
    register(f"redirect_to_{_name}", leading_to(_location), "http", summary=f"Redirects to {_location!r}")


# Slow, phase by phase -----------------------------------------------------------------------------------


@behaviour("http")
async def head_pause_in_the_middle(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends half a head and then nothing."""
    await answer(reader, writer, b"HTTP/1.1 200 OK\r\n" + HSTS)
    await reader.departure()


@behaviour("http")
async def one_byte_then_nothing(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the letter H and then nothing."""
    await answer(reader, writer, b"H")
    await reader.departure()


@behaviour("http")
async def body_never_begins(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a head that announces a body and then nothing."""
    await answer(reader, writer, head(HSTS, b"Content-Length: 1000"))
    await reader.departure()


@behaviour("http")
async def chunk_drip(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the head at once and then a chunk of one byte every 0.2 seconds."""
    await answer(reader, writer, head(HSTS, CHUNKED))
    for _ in range(200):
        await say(writer, _chunk(b"a"))
        await asyncio.sleep(0.2)


@behaviour("http")
async def slow_close(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a whole answer that ends with the connection, and never closes it."""
    await answer(reader, writer, head(HSTS) + BODY)
    await reader.departure()


@behaviour("http")
async def complete_but_open(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a whole answer with its length, and never closes the connection."""
    await answer(reader, writer, whole(HSTS))
    await reader.departure()


@behaviour("http")
async def informational_drip(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends `100 Continue` at one byte every 0.2 seconds, for ever."""
    await reader.request()
    while True:
        await drip(writer, b"HTTP/1.1 100 Continue\r\n\r\n")


@behaviour("http")
async def reset_mid_body(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a head and half the body, and resets the connection."""
    await answer(reader, writer, head(HSTS, b"Content-Length: 1000") + BODY)
    await asyncio.sleep(0.1)  # a reset overtakes what is still on its way
    reset_connection(writer)


@behaviour("http")
async def reset_after_request(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Reads the request and resets the connection."""
    await reader.request()
    reset_connection(writer)


@behaviour("http")
async def answers_before_request(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the answer before it was asked, then reads the request."""
    await say(writer, whole(HSTS))
    await reader.request()


@behaviour("http")
async def echoes_request(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends the request back in the body, as TRACE does."""
    received = await reader.readuntil(b"\r\n\r\n")
    await say(writer, whole(HSTS, b"Content-Type: message/http", body=received))


@behaviour("http")
async def endless_redirect_locations(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Redirects to a new URL each time, longer by a hundred octets."""
    request = await reader.request()
    await redirect(writer, request.target.encode() + b"a" * 100)


# Different every time -----------------------------------------------------------------------------------

Turn = Callable[[Reader, asyncio.StreamWriter], Awaitable[None]]


def taking_turns(*answers: bytes) -> Serve:
    """A server that goes round these answers, one for each request, whichever the connection."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        request = await reader.request()
        await say(writer, answers[request.number % len(answers)])

    return serve


TURNS: Mapping[str, tuple[tuple[bytes, ...], str]] = {
    "ok_then_forbidden_then_broken": (
        (whole(HSTS), whole(status=b"403 Forbidden"), whole(status=b"500 Internal Server Error")),
        "Answers 200, 403, 500 in turn",
    ),
    "hsts_every_other_time": ((whole(HSTS), whole()), "Sends HSTS on every other answer"),
    "broken_then_ok": (
        (whole(status=b"500 Internal Server Error"), whole(HSTS)),
        "Answers 500 and 200 in turn",
    ),
    "empty_then_ok": ((b"", whole(HSTS)), "Closes without an answer every other time"),
    "redirect_target_alternating": (
        (
            whole(b"Location: https://outside.invalid/", status=b"302 Found"),
            whole(b"Location: /elsewhere", status=b"302 Found"),
        ),
        "Redirects outside and inside in turn",
    ),
    "always_forbidden": ((whole(HSTS, status=b"403 Forbidden"),), "Answers 403 always"),
    "always_too_many_requests": (
        (whole(b"Retry-After: 3600", status=b"429 Too Many Requests"),),
        "Answers 429 always and asks for an hour's pause",
    ),
    "always_unavailable": (
        (whole(b"Retry-After: \x1b[31m-1", status=b"503 Service Unavailable"),),
        "Answers 503 always, and a Retry-After that is none",
    ),
    "always_broken": ((whole(HSTS, status=b"500 Internal Server Error"),), "Answers 500 always"),
}
for _name, (_answers, _summary) in TURNS.items():
    register(_name, taking_turns(*_answers), "http", summary=_summary)


@behaviour("http")
async def longer_each_time(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """Sends a body that is longer by a kilobyte each time, in chunks of all sizes."""
    request = await reader.request()
    body = b"x" * (1000 * (request.number + 1))
    await say(writer, head(HSTS, CHUNKED))
    for size in itertools.count(1):
        if not body:
            break
        await say(writer, _chunk(body[:size]))
        body = body[size:]
    await say(writer, LAST_CHUNK)
