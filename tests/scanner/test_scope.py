"""The scope: what may be touched, and what never."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.url import parse_url
from scanner.scope import Scope, canonical_address

SCOPE = Scope(names=("a.test", "*.b.test"), networks=("127.77.0.0/24", "2001:db8:77::/48", "10.1.0.0/16"))
PUBLIC = "93.184.216.34"
PUBLIC6 = "2606:2800:220:1::1"


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("a.test", True),
        ("x.a.test", False),
        ("b.test", False),
        ("x.b.test", True),
        ("x.y.b.test", True),
        ("xb.test", False),
        ("x.b.test.evil.test", False),
        ("a.test.evil.test", False),
        ("127.77.0.9", True),
        ("127.77.1.9", False),
        ("2001:db8:77::1", True),
        ("2001:db8:78::1", False),
        (PUBLIC, False),
        ("", False),
    ],
)
def test_names(host: str, inside: bool) -> None:
    assert SCOPE.permits_name(host) is inside


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("a.test", PUBLIC, True),
        ("a.test", PUBLIC6, True),
        ("c.test", PUBLIC, False),
        ("a.test", "127.77.0.1", True),
        ("a.test", "127.0.0.1", False),
        ("a.test", "10.1.2.3", True),
        ("a.test", "10.2.2.3", False),
        ("a.test", "192.168.1.1", False),
        ("a.test", "100.64.0.1", False),
        ("a.test", "0.0.0.0", False),
        ("a.test", "::", False),
        ("a.test", "::1", False),
        ("a.test", "fd00::1", False),
        ("a.test", "::ffff:10.2.2.3", False),
        ("a.test", "::ffff:10.1.2.3", True),
        ("a.test", "64:ff9b::c0a8:101", False),
        ("a.test", "64:ff9b::5db8:d822", True),
        ("a.test", "2002:c0a8:101::1", False),
        ("a.test", "not an address", False),
        ("a.test", "", False),
        ("a.test", "127.77.0.1%eth0", False),
        ("c.test", "127.77.0.1", False),
    ],
)
def test_private_addresses_must_be_named(host: str, address: str, allowed: bool) -> None:
    assert (SCOPE.refusal(host, address) is None) is allowed


METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fe80::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "2002:a9fe:a9fe::1",
]
EVERYTHING = Scope(names=("a.test",), networks=("0.0.0.0/0", "::/0"), typed=("typed.test", *METADATA))


@pytest.mark.parametrize("address", METADATA)
@pytest.mark.parametrize("redirected", [False, True])
@pytest.mark.parametrize("host", ["a.test", "typed.test", "itself"])
def test_metadata_is_never_scanned(address: str, redirected: bool, host: str) -> None:
    asked = str(canonical_address(address)) if host == "itself" else host
    refusal = EVERYTHING.refusal(asked, address, redirected=redirected)
    assert refusal is not None
    assert "metadata" in refusal


@pytest.mark.parametrize("address", ["169.253.255.255", "169.255.0.0", "100.100.100.201", "168.63.129.17", "fec0::1"])
def test_what_lies_beside_metadata_is_no_metadata(address: str) -> None:
    assert EVERYTHING.refusal("a.test", address) is None


@pytest.mark.parametrize("address", ["224.0.0.1", "239.1.1.1", "255.255.255.255", "ff02::1", "::ffff:224.0.0.1"])
def test_groups_are_no_hosts(address: str) -> None:
    refusal = EVERYTHING.refusal("typed.test", address, redirected=True)
    assert refusal is not None
    assert "no single host" in refusal


SPELLINGS = [
    "http://169.254.169.254/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/",
    "http://169.254.169.254./",
    "http://%31%36%39.254.169.254/",
    "http://①⑥⑨.254.169.254/",
    "http://user@169.254.169.254/",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_odd_spellings_reach_the_same_refusal(text: str) -> None:
    url = parse_url(text)
    assert url.host == "169.254.169.254"
    assert Scope(networks=("0.0.0.0/0",), typed=(url.host,)).refusal(url.host, url.host) is not None


@pytest.mark.parametrize("text", ["http://127.77.9/", "http://0x7f4d0009/", "http://[::ffff:127.77.0.9]/"])
def test_odd_spellings_of_what_is_inside_are_inside(text: str) -> None:
    host = parse_url(text).host
    assert host == "127.77.0.9"
    assert SCOPE.refusal(host, host) is None


def test_what_a_person_typed_may_be_private() -> None:
    typed = Scope(typed=("localhost", "10.9.9.9"))
    assert typed.refusal("localhost", "127.0.0.1") is None
    assert typed.refusal("localhost", "::1") is None
    assert typed.refusal("10.9.9.9", "10.9.9.9") is None
    assert typed.refusal("other.test", "10.9.9.9") is not None
    assert not typed.permits_name("sub.localhost")


def test_an_address_the_operator_names_may_be_private() -> None:
    assert SCOPE.refusal("a.test", "192.168.1.1", redirected=True) is None
    assert SCOPE.refusal("c.test", "192.168.1.1", redirected=True) is not None, "the name must still be inside"


def test_an_empty_scope_permits_nothing() -> None:
    assert not Scope().permits_name("a.test")
    assert Scope().refusal("a.test", PUBLIC) is not None


@given(st.ip_addresses())
def test_a_public_scope_never_gives_a_private_address_away(address: object) -> None:
    scope = Scope(names=("a.test",))
    if scope.refusal("a.test", str(address)) is None:
        assert canonical_address(str(address)).is_global


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:", "64:ff9b::"]))
def test_ipv4_inside_ipv6_is_judged_as_the_ipv4_it_is(address: object, prefix: str) -> None:
    inside = Scope(names=("a.test",))
    inner, outer = inside.refusal("a.test", str(address)), inside.refusal("a.test", f"{prefix}{address}")
    assert (inner is None) == (outer is None)


@pytest.mark.parametrize(
    "address",
    [
        "::169.254.169.254",  # IPv4-compatible
        "::127.0.0.1",
        "::ffff:0:169.254.169.254",  # IPv4-translated
        "::ffff:0:10.0.0.1",
        "2607:f8b0:4005::5efe:a9fe:a9fe",  # ISATAP
        "64:ff9b:1:a9fe:a9:fe00::",  # NAT64 with a /48 prefix
        "fd00:42::42",
        "fd00:c1::a9fe:a9fe",
        "3fff::1",
    ],
)
def test_an_address_that_stands_for_another_is_judged_as_that(address: str) -> None:
    assert Scope(names=("www.example.test",)).refusal("www.example.test", address) is not None
    if "fd00" in address or "a9fe" in address or "169" in address:
        assert Scope(typed=("www.example.test",)).refusal("www.example.test", address) is not None


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"])
def test_public_addresses_stay_inside(address: str) -> None:
    assert Scope(names=("www.example.test",)).refusal("www.example.test", address) is None


@pytest.mark.parametrize(
    ("pattern", "host", "inside"),
    [
        ("*.b.test", "b.test", False),
        ("*.b.test", ".b.test", False),
        ("*.b.test", "a.b.test", True),
        ("*.b.test", "a.xb.test", False),
        ("*.b.test", "a.b.test.", False),  # hosts come without the dot: see scanner/parse/url.py
        ("*.b.test", "*.b.test", True),  # a label like any other, which no URL can carry
        ("*.b.test", "a.b.test.evil.test", False),
        ("*.b.test", "A.B.TEST", False),  # hosts come in lower case
        ("*.xn--bcher-kva.test", "www.xn--bcher-kva.test", True),
        ("*.xn--bcher-kva.test", "www.b\u00fccher.test", False),  # and as A-labels
        ("b.test", "a.b.test", False),
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("10.0.0.1", "10.0.0.10", False),
    ],
)
def test_the_edges_of_a_pattern(pattern: str, host: str, inside: bool) -> None:
    assert Scope(names=(pattern,)).permits_name(host) is inside


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("10.1.0.0/16", "10.0.255.255", False),
        ("10.1.0.0/16", "10.1.0.0", True),
        ("10.1.0.0/16", "10.1.255.255", True),
        ("10.1.0.0/16", "10.2.0.0", False),
        ("10.1.2.3/32", "10.1.2.3", True),
        ("10.1.2.3/32", "::ffff:10.1.2.3", True),
        ("10.1.2.3/32", "64:ff9b::10.1.2.3", False),  # another address, that a translator would make of it
        ("0.0.0.0/0", "::1", False),
        ("::/0", "10.1.2.3", False),
        ("::ffff:0:0/96", "10.1.2.3", False),  # mapped addresses are IPv4 here, and IPv4 networks name them
    ],
)
def test_the_edges_of_a_network(network: str, address: str, inside: bool) -> None:
    assert (Scope(names=("a.test",), networks=(network,)).refusal("a.test", address) is None) is inside


@given(st.ip_addresses(v=4), st.sampled_from(["169.254.169.254", "169.254.0.0", "100.100.100.200", "168.63.129.16"]))
def test_no_wrapping_gets_a_metadata_address_through(around: object, metadata: str) -> None:
    """Whatever stands around it, in every form that a tunnel or translator undoes."""
    inner = int(canonical_address(metadata))
    forms = [
        f"::ffff:{metadata}",
        f"::{metadata}",
        f"64:ff9b::{metadata}",
        f"64:ff9b:1::{metadata}",
        f"2002:{inner >> 16:x}:{inner & 0xFFFF:x}::{around}",
        f"2001:db8::5efe:{metadata}",
        f"2001:0:{inner >> 16:x}:{inner & 0xFFFF:x}::{around}",
    ]
    for form in forms:
        assert EVERYTHING.refusal("typed.test", form, redirected=True) is not None, form
