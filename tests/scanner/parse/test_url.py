"""URLs: what browsers read, what they refuse, and what only this program refuses.

The tables marked WPT re-express cases of web-platform-tests, url/resources/urltestdata.json and
toascii.json (https://github.com/web-platform-tests/wpt, 3-Clause BSD licence). The RFC 3986 table is that
RFC's section 5.4.
"""

import pickle
import string

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.parse.url import MAX_URL_CHARS, Url, UrlError, host_of, parse_url, resolve

FOO_BAR = parse_url("http://example.org/foo/bar")


# --- parse_url ---

WPT_ABSOLUTE = [
    ("http://example\t.\norg", "http://example.org/"),
    ("h\tt\nt\rp://h\to\ns\rt:9\t0\n0\r0/p\ta\nt\rh?q\tu\ne\rry#f\tr\na\rg", "http://host:9000/path?query"),
    ("\x00\x1b\x04\x12 http://example.com/\x1f \r ", "http://example.com/"),
    ("http://user:pass@foo:21/bar;par?b#c", "http://foo:21/bar;par?b"),
    ("https://test:@test", "https://test/"),
    ("https://:@test", "https://test/"),
    ("http://f:21/ b ? d # e ", "http://f:21/%20b%20?%20d%20"),
    ("http://f:/c", "http://f/c"),
    ("http://f:\n/c", "http://f/c"),
    ("http://f:00000000000000000000080/c", "http://f/c"),
    ("http://a:b@c:29/d", "http://c:29/d"),
    ("http://&a:foo(b]c@d:2/", "http://d:2/"),
    ("http://::@c@d:2", "http://d:2/"),
    ("http://foo.com:b@d/", "http://d/"),
    ("http://foo.com/\\@", "http://foo.com//@"),
    ("https://@test@test@example:800/", "https://example:800/"),
    ("https://@@@example", "https://example/"),
    ("http:a:@www.example.com", "http://www.example.com/"),
    ("http:/a:@www.example.com", "http://www.example.com/"),
    ("http://www.@pple.com", "http://pple.com/"),
    ("http://foo:\U0001f4a9@example.com/bar", "http://example.com/bar"),
    ("http://`{}:`{}@h/`{}?`{}", "http://h/%60%7B%7D?`{}"),
    ("http://host/?'", "http://host/?%27"),
    ("http://facebook.com/?foo=%7B%22abc%22", "http://facebook.com/?foo=%7B%22abc%22"),
    ("https://localhost:3000/jqueryui@1.2.3", "https://localhost:3000/jqueryui@1.2.3"),
    ("https://x/\ufffd?\ufffd#\ufffd", "https://x/%EF%BF%BD?%EF%BF%BD"),
    ("http://example.com/\ud800\ud801\udffe?\udfff", "http://example.com/%EF%BF%BD%F0%90%9F%BE?%EF%BF%BD"),
    ("http:/example.com/", "http://example.com/"),
    ("http:example.com/", "http://example.com/"),
    ("https:////example.com///", "https://example.com///"),
    ("http:\\\\example.com\\a\\b", "http://example.com/a/b"),
    ("HTTPS://EXAMPLE.com:443/", "https://example.com/"),
    ("http://example.com:443/", "http://example.com:443/"),
    ("https://example.com:80/", "https://example.com:80/"),
]


@pytest.mark.parametrize(("text", "expected"), WPT_ABSOLUTE)
def test_absolute_url_reads_as_in_browsers(text: str, expected: str) -> None:
    assert str(parse_url(text)) == expected


WPT_PATHS = [
    ("", "/"),
    ("?q", "/?q"),
    ("?", "/?"),
    ("/????????", "/????????"),
    ("/././foo", "/foo"),
    ("/./.foo", "/.foo"),
    ("/foo/.", "/foo/"),
    ("/foo/./", "/foo/"),
    ("/foo/bar/..", "/foo/"),
    ("/foo/bar/../", "/foo/"),
    ("/foo/bar/..bar", "/foo/bar/..bar"),
    ("/foo/bar/../ton", "/foo/ton"),
    ("/foo/bar/../ton/../../a", "/a"),
    ("/foo/../../..", "/"),
    ("/foo/../../../ton", "/ton"),
    ("/foo/%2e", "/foo/"),
    ("/foo/%2e%2", "/foo/%2e%2"),
    ("/foo/%2e./%2e%2e/.%2e/%2e.bar", "/%2e.bar"),
    ("/foo/%2E%2e/bar", "/bar"),
    ("////../..", "//"),
    ("/foo/bar//../..", "/foo/"),
    ("/foo/bar//..", "/foo/bar/"),
    ("/foo/bar/\\..\\..", "/foo/"),
    ("/foo", "/foo"),
    ("/%20foo", "/%20foo"),
    ("/foo%", "/foo%"),
    ("/foo%2", "/foo%2"),
    ("/foo%2zbar", "/foo%2zbar"),
    ("/foo%2\u00c2\u00a9zbar", "/foo%2%C3%82%C2%A9zbar"),
    ("/foo%41%7a", "/foo%41%7a"),
    ("/foo\t%91", "/foo%91"),
    ("/foo%00%51", "/foo%00%51"),
    ("/foo\x00bar", "/foo%00bar"),
    ("/(%28:%3A%29)", "/(%28:%3A%29)"),
    ("/foo\tbar", "/foobar"),
    ("/foo\\\\bar", "/foo//bar"),
    ("/%7Ffp3%3Eju%3Dduvgw%3Dd", "/%7Ffp3%3Eju%3Dduvgw%3Dd"),
    ("/@asdf%40", "/@asdf%40"),
    ("/\u4f60\u597d", "/%E4%BD%A0%E5%A5%BD"),
    ("/\u2025/foo", "/%E2%80%A5/foo"),
    ("/\u202e/foo", "/%E2%80%AE/foo"),
    ('/"<>`#', "/%22%3C%3E%60"),
    ("/^", "/%5E"),  # in the standard's path set since 2023
    ("/a|[b]~'", "/a|[b]~'"),
    ("/?a|[b]{c}\\^'\"<> ", "/?a|[b]{c}\\^%27%22%3C%3E"),
    ("/?\u00e9", "/?%C3%A9"),
    ("/?a/../b", "/?a/../b"),
]


@pytest.mark.parametrize(("tail", "expected"), WPT_PATHS)
def test_path_and_query_are_normal_and_safe_on_the_wire(tail: str, expected: str) -> None:
    assert parse_url("https://example.com" + tail).target == expected


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("http://good.example\\@evil.example/", "good.example"),
        ("http://good.example/@evil.example/", "good.example"),
        ("http://good.example?@evil.example/", "good.example"),
        ("http://good.example#@evil.example/", "good.example"),
        ("http://good.example%2F@evil.example/", "evil.example"),
        ("http://good.example:80@evil.example/", "evil.example"),
        ("http://good.example@@evil.example/", "evil.example"),
        ("http://[::1]@evil.example/", "evil.example"),
        ("http://\u2028.evil.example@good.example/", "good.example"),
        ("http:///good.example/", "good.example"),
        ("http://good.example\t.evil.example/", "good.example.evil.example"),
    ],
)
def test_the_host_is_the_one_a_browser_connects_to(text: str, host: str) -> None:
    """The spellings on which URL parsers are known to disagree, which is how a scope is passed."""
    assert parse_url(text).host == host


@pytest.mark.parametrize(
    "text",
    [
        # WPT, "failure": true
        "http://f:b/c",
        "http://f: /c",
        "http://f:fifty-two/c",
        "http://f:999999/c",
        "http://f: 21 / b ? d # e ",
        "http:@:www.example.com",
        "http://@:www.example.com",
        "http://user@/www.example.com",
        "http:@/www.example.com",
        "http:a@/www.example.com",
        "http://a:b@/www.example.com",
        "http://@/www.example.com",
        "http://www.example.com:65536/",
        "http://a:1:2/",
        "http://[::1",
        "http://[::1]x/",
        "http://[::1]:x/",
        "https://",
        "http:",
        "http://?q",
        "http://#f",
        "",
        " ",
        "example.com",
        "//example.com/",
        "/path",
        "?q",
        "1http://example.com",
        "://example.com",
        # ours
        "http://f:0/c",
        "http://f:00000000000000/c",
        "http://f:\uff18\uff10/",
        "http://f:+80/",
    ],
)
def test_what_is_not_an_absolute_http_url_is_refused(text: str) -> None:
    with pytest.raises(UrlError) as caught:
        parse_url(text)
    assert caught.value.scheme is None


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("ftp://example.com/", "ftp"),
        ("JavaScript:alert(1)", "javascript"),
        ("java\nscript:alert(1)", "javascript"),
        ("data:text/html,x", "data"),
        ("file:///etc/passwd", "file"),
        ("intent://scan/#Intent;end", "intent"),
        ("ws://example.com", "ws"),
        ("https+x://example.com", "https+x"),
        ("example.com:8080/", "example.com"),
        ("a:\t foo.com", "a"),
    ],
)
def test_another_scheme_is_refused_and_told(text: str, scheme: str) -> None:
    for read in (parse_url, lambda reference: resolve(FOO_BAR, reference)):
        with pytest.raises(UrlError, match="neither http nor https") as caught:
            read(text)
        assert caught.value.scheme == scheme


@pytest.mark.parametrize(("port", "expected"), [("1", 1), ("65535", 65535), ("0443", 443), ("", 443)])
def test_port(port: str, expected: int) -> None:
    assert parse_url(f"https://example.com:{port}/").port == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com/", False),
        ("https://example.com/@", False),
        ("https://user@example.com/", True),
        ("https://@example.com/", True),
        ("https://user:secret@example.com/", True),
    ],
)
def test_userinfo_is_flagged_and_dropped(text: str, expected: bool) -> None:
    url = parse_url(text)
    assert url.had_userinfo is expected
    assert "secret" not in repr(url)
    assert url == parse_url(str(url))


# --- resolve ---

# RFC 3986 5.4, against http://a/b/c/d;p?q. Fragments are dropped; "http:g" is read as browsers do (5.4.2).
RFC3986 = [
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g/"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q"),
    ("g#s", "http://a/b/c/g"),
    (";x", "http://a/b/c/;x"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../g", "http://a/g"),
    ("../../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    ("..g", "http://a/b/c/..g"),
    ("./../g", "http://a/b/g"),
    ("g/./h", "http://a/b/c/g/h"),
    ("g/../h", "http://a/b/c/h"),
    ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
    ("g#s/../x", "http://a/b/c/g"),
    ("http:g", "http://a/b/c/g"),
    ("https:g", "https://g/"),
]


@pytest.mark.parametrize(("reference", "expected"), RFC3986)
def test_reference_resolution_of_rfc_3986(reference: str, expected: str) -> None:
    assert str(resolve(parse_url("http://a/b/c/d;p?q"), reference)) == expected


WPT_RELATIVE = [
    ("http:foo.com", "http://example.org/foo/foo.com"),
    ("\t   :foo.com   \n", "http://example.org/foo/:foo.com"),
    (" foo.com  ", "http://example.org/foo/foo.com"),
    ("  \t", "http://example.org/foo/bar"),
    (":foo.com\\", "http://example.org/foo/:foo.com/"),
    (":", "http://example.org/foo/:"),
    (":#", "http://example.org/foo/:"),
    ("#\\", "http://example.org/foo/bar"),
    ("#;?", "http://example.org/foo/bar"),
    ("?", "http://example.org/foo/bar?"),
    ("??a=b&c=d", "http://example.org/foo/bar??a=b&c=d"),
    ("/:23", "http://example.org/:23"),
    ("\\x", "http://example.org/x"),
    ("\\\\x\\hello", "http://x/hello"),
    ("/\\x/hello", "http://x/hello"),
    ("\\/x/hello", "http://x/hello"),
    ("///x/hello", "http://x/hello"),
    ("/\t/x/hello", "http://x/hello"),
    ("::23", "http://example.org/foo/::23"),
    ("http::@c:29", "http://example.org/foo/:@c:29"),
    ("http:", "http://example.org/foo/bar"),
    ("http:?q", "http://example.org/foo/bar?q"),
    ("http:/x", "http://example.org/x"),
    ("HTTP:/x", "http://example.org/x"),
    ("http:\\x", "http://example.org/x"),
    ("http:\\\\x", "http://x/"),
    ("http:/\\x", "http://x/"),
    ("http:////x", "http://x/"),
    ("https:/x", "https://x/"),
    ("https:x", "https://x/"),
    ("https:\\x", "https://x/"),
    ("/..//x", "http://example.org//x"),
    ("../..//x", "http://example.org//x"),
    ("\u4e2d/t", "http://example.org/foo/%E4%B8%AD/t"),
]


@pytest.mark.parametrize(("reference", "expected"), WPT_RELATIVE)
def test_reference_resolution_as_in_browsers(reference: str, expected: str) -> None:
    assert str(resolve(FOO_BAR, reference)) == expected


def test_port_of_the_base_stays_with_its_host() -> None:
    base = parse_url("http://example.org:8080/a/b?q")
    assert str(resolve(base, "c")) == "http://example.org:8080/a/c"
    assert str(resolve(base, "https:c")) == "https://c/"
    assert str(resolve(base, "//example.org/c")) == "http://example.org/c"


def test_scheme_alone_is_a_reference_only_to_its_own_scheme() -> None:
    assert resolve(FOO_BAR, "http:") == FOO_BAR
    with pytest.raises(UrlError, match="host is empty"):
        resolve(FOO_BAR, "https:")


@pytest.mark.parametrize("reference", ["//", "///", "\\\\", "//user@", "//h:0/", "//[::1", "http://"])
def test_bad_reference_is_refused_rather_than_read_as_relative(reference: str) -> None:
    with pytest.raises(UrlError):
        resolve(FOO_BAR, reference)


def test_relative_reference_does_not_inherit_userinfo() -> None:
    base = parse_url("http://user:secret@example.org/a")
    assert resolve(base, "b").had_userinfo is False
    assert resolve(base, "//user@example.org/b").had_userinfo is True


# --- hosts ---

HOSTS = [
    # WPT urltestdata.json
    ("ExAmPlE.CoM", "example.com"),
    ("GOO\u200b\u2060\ufeffgoo.com", "googoo.com"),
    ("www.foo\u3002bar.com", "www.foo.bar.com"),
    ("\uff27\uff4f.com", "go.com"),
    ("\u4f60\u597d\u4f60\u597d", "xn--6qqa088eba"),
    ("fa\u00df.ExAmPlE", "xn--fa-hia.example"),
    ("fa%C3%9F.ExAmPlE", "xn--fa-hia.example"),
    ("192.168.257.com", "192.168.257.com"),
    ("256.com", "256.com"),
    ("10000000000.com", "10000000000.com"),
    # WPT toascii.json
    ("aa--", "aa--"),
    ("ab--c", "ab--c"),
    ("-x", "-x"),
    ("-x.xn--zca", "-x.xn--zca"),
    ("x-.\u00df", "x-.xn--zca"),
    ("xn--zca.\u00df", "xn--zca.xn--zca"),
    ("XN--ZCA", "xn--zca"),
    ("\u064a.", "xn--mhb"),
    ("1.\u064a", "1.xn--mhb"),
    ("\u0dc1\u0dca\u200d\u0dbb\u0dd3", "xn--10cl1a0b660p"),
    ("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc", "xn--mgba3gch31f060k"),
    ("a\u00adb", "ab"),
    # ours
    ("localhost", "localhost"),
    ("bps.go.id.", "bps.go.id"),
    ("bps.go.id\u3002", "bps.go.id"),
    ("bps%2Ego%2eid%2e", "bps.go.id"),
    ("%62ps.go.id", "bps.go.id"),
    ("_dmarc.go.id", "_dmarc.go.id"),
    ("a_b-c.go.id", "a_b-c.go.id"),
    ("1.2.3.1_0", "1.2.3.1_0"),
    ("1-0", "1-0"),
    ("0xg", "0xg"),
    ("r3---sn-a.example", "r3---sn-a.example"),
    ("bu\u0308cher.example", "xn--bcher-kva.example"),
    ("b\u00fccher.a_b.example", "xn--bcher-kva.a_b.example"),
    ("a" * 63 + ".id", "a" * 63 + ".id"),
    (".".join(["a" * 49] * 5) + ".id", ".".join(["a" * 49] * 5) + ".id"),  # 252 octets
    (".".join(["a" * 49] * 5) + ".idn.", ".".join(["a" * 49] * 5) + ".idn"),  # 253 and the dot
]

IPV4 = [
    # WPT urltestdata.json
    ("1.2.3.4", "1.2.3.4"),
    ("1.2.3.4.", "1.2.3.4"),
    ("192.168.257", "192.168.1.1"),
    ("192.168.257.", "192.168.1.1"),
    ("256", "0.0.1.0"),
    ("999999999", "59.154.201.255"),
    ("4294967295", "255.255.255.255"),
    ("0xffffffff", "255.255.255.255"),
    ("0x", "0.0.0.0"),
    ("0x.0x.0", "0.0.0.0"),
    ("00000000000000000000000000000.0X7f.1", "0.127.0.1"),
    ("%30%78%63%30%2e%30%32%35%30.01", "192.168.0.1"),
    ("%30%78%63%30%2e%30%32%35%30.01%2e", "192.168.0.1"),
    ("\uff10\uff38\uff43\uff10\uff0e\uff10\uff12\uff15\uff10\uff0e\uff10\uff11", "192.168.0.1"),
    # ours
    ("127.1", "127.0.0.1"),
    ("0x7F.1", "127.0.0.1"),
    ("0177.0.0.01", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("017700000001", "127.0.0.1"),
    ("127.0.65535", "127.0.255.255"),
    ("1.16777215", "1.255.255.255"),
    ("2852039166", "169.254.169.254"),
    ("\u2460.\u2461.\u2462.\u2463", "1.2.3.4"),
]

IPV6 = [
    ("[1:0::]", "1::"),
    ("[0:1:2:3:4:5:6:7]", "0:1:2:3:4:5:6:7"),
    ("[::127.0.0.1]", "::7f00:1"),
    ("[0:0:0:0:0:0:13.1.68.3]", "::d01:4403"),
    ("[2001::1]", "2001::1"),
    ("[2001:DB8:0:0:1:0:0:1]", "2001:db8::1:0:0:1"),
    ("[1:2:3:4:5:6:0:8]", "1:2:3:4:5:6:0:8"),
    ("[0::0]", "::"),
    ("[::1]", "::1"),
    # the operating system sends these over IPv4
    ("[::ffff:127.0.0.1]", "127.0.0.1"),
    ("[::FFFF:7f00:1]", "127.0.0.1"),
    ("[0:0:0:0:0:ffff:a9fe:a9fe]", "169.254.169.254"),
    # these only look like it
    ("[::fffe:7f00:1]", "::fffe:7f00:1"),
    ("[::ffff:0:7f00:1]", "::ffff:0:7f00:1"),
    ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
]


@pytest.mark.parametrize(("text", "expected"), HOSTS + IPV4 + IPV6)
def test_host_has_one_canonical_form_in_a_url_and_alone(text: str, expected: str) -> None:
    assert host_of(text) == expected
    assert parse_url(f"https://{text}/").host == expected


@pytest.mark.parametrize(("text", "expected"), [case for case in IPV6 if "." not in case[1]])
def test_ipv6_may_stand_alone_without_brackets_but_not_in_a_url(text: str, expected: str) -> None:
    assert host_of(text.strip("[]")) == expected
    with pytest.raises(UrlError):
        parse_url(f"https://{text.strip('[]')}/")


@pytest.mark.parametrize(
    "text",
    [
        # WPT, "failure": true
        "example example.com",
        "Goo%20 goo%7C|.com",
        "[]",
        "[:]",
        "GOO\u00a0\u3000goo.com",
        "\ufdd0zyx.com",
        "%ef%b7%90zyx.com",
        "\ufffd",
        "%EF%BF%BD",
        "a.b.c.xn--pokxncvks",
        "10.0.0.XN--pokxncvks",
        "\uff05\uff14\uff11.com",
        "%ef%bc%85%ef%bc%94%ef%bc%91.com",
        "\uff05\uff10\uff10.com",
        "%zz%66%a.com",
        "%25",
        "hello%00",
        "192.168.0.257",
        "192.168.0.1 hello",
        "%3g%78%63%30%2e%30%32%35%30%2E.01",
        "[www.google.com]",
        "[::1.2.3.4x]",
        "[::1.2.3.]",
        "[::1.2.]",
        "[::1.]",
        "[::%31]",
        "[0:1:2:3:4:5:6:7:8]",
        "[0:0:0:0:0:0:0:13.1.68.3]",
        "[::1::2]",
        "[:::1]",
        "[12345::]",
        "[::1.2.3.04]",
        "[::1.2.3.256]",
        "example.com%80",
        "example.com%A0",
        "10000000000",
        "4294967296",
        "0xffffffff1",
        "256.256.256.256",
        "1.2.3.4.5",
        "1.2.3.4.0",
        "0999999999999999999",
        "foo.0x",
        "foo.09",
        "foo.1",
        "foo.2.",
        "1.2.3.08",
        "1.2.3.09",
        "0x100.2.3.4",
        "\u200d.example",
        "xn--1ug.example",
        "\u064aa",
        "\u064a.1",
        "xn--a-yoc",
        "xn--a",
        "xn--a.\u00df",
        "xn--te\u0161la",
        "xn--zn7c.com",
        "xn--",
        "\u00ad",
        # ours: stricter than browsers
        ".",
        "..",
        ".example.com",
        "a..b",
        "example.com..",
        "a" * 64 + ".id",
        ".".join(["a" * 49] * 5) + ".idns",
        "\u00fc" + "a" * 60 + ".id",
        "*.example.com",
        "exa!mple.com",
        "a,b",
        "a'b",
        'a"b',
        "a;b",
        "a=b",
        "a~b",
        "a{b}",
        "\u2603",
        "xn--n3h",
        "xn--ls8h.la",
        "xn--abc-",
        "\uff0f.example",
        "a\u2048b.example",
        "1_0.1",
        "+1.1",
        "0x_1.1",
        "[fe80::1%eth0]",
        "[fe80::1%25eth0]",
        "[1.2.3.4]",
    ],
)
def test_what_is_not_a_host_is_refused_in_a_url_and_alone(text: str) -> None:
    with pytest.raises(UrlError):
        host_of(text)
    with pytest.raises(UrlError):
        parse_url(f"https://{text}/")


@pytest.mark.parametrize("code", [*range(0x21), 0x7F, *map(ord, "#%/:<>?@[\\]^|")])
def test_forbidden_code_points_are_refused_however_they_are_written(code: int) -> None:
    for host in (f"ho%{code:02X}st", f"ho{chr(code + 0xFEE0)}st" if code > 0x20 else f"ho%{code:02x}st"):
        with pytest.raises(UrlError):
            parse_url(f"https://{host}/")
        with pytest.raises(UrlError):
            host_of(host)
    with pytest.raises(UrlError):
        host_of(f"ho{chr(code)}st")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "https://example.com",
        "example.com/",
        "example.com:443",
        "user@example.com",
        "1.2.3.4:80",
        "[::1]:443",
        "[::1",
        "::1]",
        "fe80::1%eth0",
        "example.com?x",
        "example.com#x",
        "1::2::3",
        "::1:example",
    ],
)
def test_host_alone_is_nothing_but_a_host(text: str) -> None:
    with pytest.raises(UrlError):
        host_of(text)


@pytest.mark.parametrize("text", ["https://example.com", "example.com/", "example.com:443", "[::1]:443", "[::1"])
def test_more_than_a_host_is_told_as_such(text: str) -> None:
    with pytest.raises(UrlError, match="is not a host alone"):
        host_of(text)


@pytest.mark.parametrize("text", ["\u212a" * 1025, "%61" * 1025])
def test_long_host_is_refused_before_it_is_normalised(text: str) -> None:
    for read in (host_of, lambda host: parse_url(f"https://{host}/")):
        with pytest.raises(UrlError, match="longer than 1024"):
            read(text)


def test_white_space_round_a_host_alone_is_dropped_and_inside_it_is_refused() -> None:
    assert host_of(" example.com\n") == "example.com"
    with pytest.raises(UrlError):
        host_of("example\n.com")


# --- the value ---


@pytest.mark.parametrize(
    ("text", "authority", "origin", "target", "is_ip"),
    [
        ("https://bps.go.id", "bps.go.id", "https://bps.go.id", "/", False),
        ("https://bps.go.id:443/a?b#c", "bps.go.id", "https://bps.go.id", "/a?b", False),
        ("http://bps.go.id:443/", "bps.go.id:443", "http://bps.go.id:443", "/", False),
        ("https://[2001:db8::1]/", "[2001:db8::1]", "https://[2001:db8::1]", "/", True),
        ("http://[2001:db8::1]:81/?", "[2001:db8::1]:81", "http://[2001:db8::1]:81", "/?", True),
        ("http://127.1:8080/", "127.0.0.1:8080", "http://127.0.0.1:8080", "/", True),
        ("http://[::ffff:1.2.3.4]/", "1.2.3.4", "http://1.2.3.4", "/", True),
        ("http://1.2.3.4.example/", "1.2.3.4.example", "http://1.2.3.4.example", "/", False),
        ("http://x1/", "x1", "http://x1", "/", False),
    ],
)
def test_properties(text: str, authority: str, origin: str, target: str, is_ip: bool) -> None:
    url = parse_url(text)
    assert (url.authority, url.origin, url.target, url.is_ip) == (authority, origin, target, is_ip)
    assert str(url) == origin + target


def test_equality_is_that_of_the_text() -> None:
    url = parse_url("https://example.com/a?b")
    assert url == parse_url("HTTPS://user@EXAMPLE.com.:443/x/../a?b#c")
    assert hash(url) == hash(parse_url("https://user@example.com/a?b"))
    others = (
        "http://example.com/a?b",
        "https://example.com:1/a?b",
        "https://example.com/A?b",
        "https://example.com/a",
    )
    assert all(url != parse_url(other) for other in others)
    assert parse_url("https://example.com/?") != parse_url("https://example.com/")
    assert url != str(url)


def make(**changed: object) -> Url:
    values: dict[str, object] = {"scheme": "https", "host": "example.com", "port": 443, "path": "/"}
    return msgspec.convert(values | changed, Url)


def test_a_value_made_by_hand_is_accepted_when_canonical() -> None:
    assert make() == parse_url("https://example.com/")
    assert make(host="::1", port=8443, query="") == parse_url("https://[::1]:8443/?")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scheme", "ftp"),
        ("scheme", "HTTPS"),
        ("host", "Example.com"),
        ("host", "example.com."),
        ("host", "127.1"),
        ("host", "[::1]"),
        ("host", "0::1"),
        ("host", "::ffff:127.0.0.1"),
        ("host", "b\u00fccher.example"),
        ("host", "example.com\r\nX: y"),
        ("host", ""),
        ("port", 0),
        ("port", 65536),
        ("path", ""),
        ("path", "x"),
        ("path", "/a b"),
        ("path", "/\r\nX: y"),
        ("path", "/a/../b"),
        ("path", "/?"),
        ("path", "/#"),
        ("path", "/\\"),
        ("path", "/\u00e9"),
        ("query", "a b"),
        ("query", "a#b"),
        ("query", "a\nb"),
        ("path", "/" + "a" * MAX_URL_CHARS),
    ],
)
def test_a_value_made_by_hand_is_refused_when_not_canonical(field: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        make(**{field: value})
    with pytest.raises(UrlError):
        msgspec.structs.replace(make(), **{field: value})


def test_value_survives_encoding() -> None:
    url = parse_url("https://user@example.com:1/a?b")
    assert msgspec.json.decode(msgspec.json.encode(url), type=Url) == url
    assert pickle.loads(pickle.dumps(url)) == url


def test_error_keeps_its_scheme_on_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(UrlError("no", scheme="ftp")))
    assert (str(error), error.scheme) == ("no", "ftp")


def test_length_cap_holds_for_the_text_and_for_what_it_becomes() -> None:
    start = "https://example.com/"
    room = MAX_URL_CHARS - len(start)
    assert len(str(parse_url(start + "a" * room))) == MAX_URL_CHARS
    for text in (start + "a" * (room + 1), start + "a" * room + "#", start + "\u00e9" * (room // 6 + 1)):
        with pytest.raises(UrlError, match="longer"):
            parse_url(text)
    with pytest.raises(UrlError, match="longer"):
        resolve(parse_url(start + "a" * 4000 + "/"), "b" * 4200)
    with pytest.raises(UrlError, match="longer"):
        resolve(FOO_BAR, " " * (MAX_URL_CHARS + 1))


def test_messages_are_short_and_printable_whatever_the_text() -> None:
    for text in (
        "https://\x1b[31m" + "x" * 5000,
        "https://" + "\u202e" * 1000,
        "a" * 5000 + ":",
        "\x9b" * 5000,
    ):
        with pytest.raises(UrlError) as caught:
            parse_url(text)
        assert len(str(caught.value)) < 500
        assert str(caught.value).isascii()
        assert str(caught.value).isprintable()


# --- properties ---

PIECES = st.one_of(
    st.sampled_from([":", "/", "//", "\\", "@", "?", "#", ".", "..", "%2e", "%", "%00", "[", "]", "_", "-", "*"]),
    st.sampled_from(["http", "https", "HTTPS", "ftp", "[::1]", "::ffff:1.2.3.4", "0x7f", "017", "1", "256", "a"]),
    st.sampled_from(["xn--", "xn--zca", "example.com", ":80", ":0", ":99999", "\t", "\n", " ", "\x00", "'", '"']),
    st.sampled_from(["\u00df", "\u3002", "\u2460", "\ud800", "\U0001f4a9", "\u064a", "\u200d"]),
)
HOSTILE = st.one_of(
    st.text(),
    st.text(st.characters(exclude_categories=[])),  # with lone surrogates
    st.lists(PIECES, max_size=12).map("".join),
    st.lists(PIECES, max_size=12).map(lambda pieces: "https://" + "".join(pieces)),
    st.text(string.ascii_lowercase + string.digits + "-", max_size=20).map(lambda text: f"http://xn--{text}/"),
    st.text(max_size=20).map(lambda text: f"https://{text}.example/"),
)
HOST_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "-_.:")
WIRE_CHARACTERS = frozenset(string.ascii_letters + string.digits + string.punctuation) - frozenset('"#<>')


def assert_canonical(url: Url) -> None:
    again = parse_url(str(url))
    assert again == url
    assert (again.scheme, again.host, again.port) == (url.scheme, url.host, url.port)
    assert (again.path, again.query) == (url.path, url.query)
    assert host_of(url.host) == url.host
    assert url.host
    assert set(url.host) <= HOST_CHARACTERS
    assert not url.host.startswith(".")
    assert not url.host.endswith(".")
    assert 1 <= url.port <= 65535
    assert set(url.target) <= WIRE_CHARACTERS
    assert url.path.startswith("/")
    assert not {".", "..", "%2e", "%2e%2e"} & set(url.path.lower().split("/"))


@given(HOSTILE)
@example("https://xn--0000h.example")
@settings(max_examples=500)
def test_parse_url_returns_a_canonical_url_or_raises_url_error(text: str) -> None:
    try:
        url = parse_url(text)
    except UrlError:
        return
    assert_canonical(url)


@given(st.sampled_from(["http://a/b/c?q", "https://[::1]:81/", "http://u@h/"]), HOSTILE)
@settings(max_examples=300)
def test_resolve_returns_a_canonical_url_or_raises_url_error(base: str, reference: str) -> None:
    try:
        url = resolve(parse_url(base), reference)
    except UrlError:
        return
    assert_canonical(url)


@given(HOSTILE)
@settings(max_examples=200)
def test_an_absolute_url_with_slashes_does_not_depend_on_the_base(text: str) -> None:
    text = "https://" + text
    try:
        expected = parse_url(text)
    except UrlError:
        for base in ("http://a/b", "https://a/b"):
            with pytest.raises(UrlError):
                resolve(parse_url(base), text)
        return
    for base in ("http://a/b", "https://a/b"):
        assert resolve(parse_url(base), text) == expected


@given(st.one_of(HOSTILE, st.lists(PIECES, max_size=6).map("".join)))
@settings(max_examples=300)
def test_host_of_is_idempotent_and_safe_or_raises_url_error(text: str) -> None:
    try:
        host = host_of(text)
    except UrlError:
        return
    assert host_of(host) == host
    assert set(host) <= HOST_CHARACTERS


@given(st.integers(0, 2**32 - 1), st.sampled_from(["{}", "0x{:x}", "0{:o}", "0X{:X}."]))
@settings(max_examples=100)
def test_every_spelling_of_an_ipv4_address_is_one_host(number: int, spelling: str) -> None:
    dotted = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    assert host_of(spelling.format(number)) == dotted
    assert host_of(dotted) == dotted
    assert host_of(f"[::ffff:{number >> 16:x}:{number & 65535:x}]") == dotted
