"""Service identity, RFC 9525 6: tables with both sides of each rule."""

import string
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.parse.identity import dns_id_matches, ip_id_matches, presented_identity_matches

V4 = bytes([192, 0, 2, 1])
V6 = bytes.fromhex("20010db8000000000000000000000001")
MAPPED = bytes(10) + b"\xff\xff" + V4


@pytest.mark.parametrize(
    ("presented", "reference"),
    [
        ("bps.go.id", "bps.go.id"),
        ("BPS.Go.Id", "bps.go.id"),
        ("bps.go.id", "BPS.GO.ID"),
        ("localhost", "localhost"),
        ("bps.go.id", "bps.go.id."),
        # 6.3: one wildcard, the whole left-most label, for exactly one label
        ("*.go.id", "bps.go.id"),
        ("*.GO.id", "bps.go.id"),
        ("*.go.id", "a_b.go.id"),
        ("*.bps.go.id", "www.bps.go.id."),
        ("*.go.id", "xn--bcher-kva.go.id"),
        # no public suffix rule in RFC 9525
        ("*.id", "bps.id"),
        ("*.go.id", "kominfo.go.id"),
        # 6.3: U-labels of the reference become A-labels
        ("xn--bcher-kva.example", "b\u00fccher.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("*.xn--bcher-kva.example", "www.b\u00fccher.example"),
        ("*.example", "b\u00fccher.example"),
        ("a_b.example", "a_b.example"),
        ("_dmarc.example", "_DMARC.example"),
    ],
)
def test_dns_id_matches(presented: str, reference: str) -> None:
    assert dns_id_matches(presented, reference)
    assert presented_identity_matches(["x.example", presented], [], reference)


@pytest.mark.parametrize(
    ("presented", "reference"),
    [
        ("bps.go.id", "www.bps.go.id"),
        ("www.bps.go.id", "bps.go.id"),
        ("bps.go.id", "bps-go.id"),
        ("bps.go.id", "xbps.go.id"),
        # wildcards
        ("*.go.id", "go.id"),
        ("*.go.id", ".go.id"),
        ("*.go.id", "a.bps.go.id"),
        ("*.bps.go.id", "bps.go.id"),
        ("*.*.go.id", "a.bps.go.id"),
        ("*.*", "bps.id"),
        ("*", "localhost"),
        ("*", "bps.id"),
        ("*.", "localhost"),
        ("*.", "localhost."),
        ("**.go.id", "bps.go.id"),
        ("b*.go.id", "bps.go.id"),
        ("*s.go.id", "bps.go.id"),
        ("b*s.go.id", "bps.go.id"),
        ("xn--*.go.id", "xn--bcher-kva.go.id"),
        ("bps.*.id", "bps.go.id"),
        ("bps.go.*", "bps.go.id"),
        ("*bps.go.id", "bps.go.id"),
        (".*.go.id", "bps.go.id"),
        # the reference is never a pattern
        ("bps.go.id", "*.go.id"),
        ("*.go.id", "*.go.id"),
        # addresses are not names
        ("192.0.2.1", "192.0.2.1"),
        ("*.0.2.1", "192.0.2.1"),
        ("*.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("*", "::1"),
        ("0x7f.1", "0x7f.1"),
        ("127.1", "127.1"),
        # a presented name is A-labels in the preferred name syntax
        ("b\u00fccher.example", "b\u00fccher.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("\uff42ps.go.id", "bps.go.id"),
        ("*.\u0131d", "bps.id"),
        ("\u212aominfo.go.id", "kominfo.go.id"),
        ("bps.go.id.", "bps.go.id"),
        ("bps.go.id.", "bps.go.id."),
        ("*.go.id.", "bps.go.id"),
        (".bps.go.id", "bps.go.id"),
        ("bps..go.id", "bps.go.id"),
        ("", "bps.go.id"),
        (".", "bps.go.id"),
        ("", ""),
        ("", "."),
        # embedded NUL, white space, other syntax
        ("bps.go.id\x00.evil.example", "bps.go.id"),
        ("bps.go.id\x00", "bps.go.id"),
        ("*.go.id\x00.evil.example", "bps.go.id"),
        ("bps.go.id\x00", "bps.go.id\x00"),
        (" bps.go.id", "bps.go.id"),
        ("bps.go.id\n", "bps.go.id"),
        ("%62ps.go.id", "bps.go.id"),
        ("bps.go.id:443", "bps.go.id"),
        ("https://bps.go.id", "bps.go.id"),
        # a reference that is no host matches nothing, itself included
        ("bps.go.id:443", "bps.go.id:443"),
        ("a..b", "a..b"),
        ("a b", "a b"),
        ("a" * 64, "a" * 64),
        ("xn--a", "xn--a"),
    ],
)
def test_dns_id_does_not_match(presented: str, reference: str) -> None:
    assert not dns_id_matches(presented, reference)
    assert not presented_identity_matches(["x.example", presented], [V4, V6], reference + ".")
    assert not presented_identity_matches(["x.example", presented], [], reference)


@pytest.mark.parametrize(
    ("presented", "reference"),
    [
        (V4, "192.0.2.1"),
        (V6, "2001:db8::1"),
        (V6, "2001:DB8:0:0:0:0:0:1"),
        (bytes(15) + b"\x01", "::1"),
        (bytes(4), "0.0.0.0"),
        (MAPPED, "::ffff:192.0.2.1"),
    ],
)
def test_ip_id_matches(presented: bytes, reference: str) -> None:
    assert ip_id_matches(presented, reference)
    assert presented_identity_matches(["x.example"], [b"", presented], reference)


@pytest.mark.parametrize(
    ("presented", "reference"),
    [
        (V4, "192.0.2.2"),
        (V6, "2001:db8::2"),
        # octet for octet: a mapped address is not the IPv4 address, nor the other way round
        (MAPPED, "192.0.2.1"),
        (V4, "::ffff:192.0.2.1"),
        (bytes(12) + V4, "192.0.2.1"),
        (bytes(4), "::"),
        (bytes(16), "0.0.0.0"),
        # a name constraint's address and mask, text, truncation
        (V4 + b"\xff" * 4, "192.0.2.1"),
        (V6 + b"\xff" * 16, "2001:db8::1"),
        (V4[:3], "192.0.2.1"),
        (V6[:15], "2001:db8::1"),
        (b"192.0.2.1", "192.0.2.1"),
        (b"", "192.0.2.1"),
        # references that are not an address in its usual text
        (b"", ""),
        (V4, "example.org"),
        (V4, "[192.0.2.1]"),
        (V4, "192.0.2.1."),
        (V4, "192.0.2.01"),
        (V4, "3221225985"),
        (V4, "192.0.2.1/32"),
        (bytes.fromhex("fe800000000000000000000000000001"), "fe80::1%eth0"),
        (b"\x7f\x00\x00\x01", "127.1"),
    ],
)
def test_ip_id_does_not_match(presented: bytes, reference: str) -> None:
    assert not ip_id_matches(presented, reference)
    assert not presented_identity_matches(["x.example"], [b"", presented], reference)


def test_a_reference_is_a_name_or_an_address_and_looks_only_at_its_own_kind() -> None:
    assert not presented_identity_matches(["192.0.2.1"], [], "192.0.2.1")
    assert not presented_identity_matches(["192.0.2.1"], [V6], "192.0.2.1")
    assert presented_identity_matches(["192.0.2.1"], [V4], "192.0.2.1")
    assert not presented_identity_matches([], [b"test"], "test")  # 4 octets
    assert not presented_identity_matches([], [], "bps.go.id")
    assert not presented_identity_matches([], [], "192.0.2.1")


# Ending in "n", so that no label is a number: a name that ends in "0xa" is an IPv4 address in hexadecimal.
LABELS = st.text(string.ascii_lowercase + string.digits + "_", max_size=9).map(lambda text: text + "n")
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@given(NAMES)
@settings(max_examples=100)
def test_a_name_matches_itself_in_any_case(name: str) -> None:
    assert dns_id_matches(name, name)
    assert dns_id_matches(name.upper(), name)
    assert dns_id_matches(name, name.upper() + ".")


@given(LABELS, NAMES, st.lists(LABELS, max_size=2))
@settings(max_examples=150)
def test_a_wildcard_stands_for_exactly_one_label(label: str, parent: str, more: list[str]) -> None:
    assert dns_id_matches(f"*.{parent}", f"{label}.{parent}")
    assert dns_id_matches(f"*.{parent}", ".".join([*more, label, parent])) is (not more)
    assert not dns_id_matches(f"*.{label}.{parent}", f"{label}.{parent}")


ODD_PIECES = st.sampled_from(
    ["*", ".", "a", "B", "\x00", "\u00fc", "xn--", "_", "1", ":", "[", "]", "%", " ", "\ud800"]
)
ODD = st.one_of(st.text(st.characters(exclude_categories=[])), st.lists(ODD_PIECES, max_size=8).map("".join))


@given(st.lists(ODD, max_size=3), st.lists(st.binary(max_size=17), max_size=3), ODD)
@settings(max_examples=300)
def test_matching_never_raises_and_is_the_sum_of_its_parts(
    names: list[str], addresses: list[bytes], reference: str
) -> None:
    expected = any(dns_id_matches(name, reference) for name in names) or any(
        ip_id_matches(address, reference) for address in addresses
    )
    assert presented_identity_matches(names, addresses, reference) is expected


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), ODD)
@settings(max_examples=150)
def test_an_address_matches_its_own_octets_and_no_name(address: object, name: str) -> None:
    reference = str(address)
    octets = ip_address(reference).packed
    assert ip_id_matches(octets, reference)
    assert not ip_id_matches(octets + b"\x00", reference)
    assert not ip_id_matches(bytes([octets[0] ^ 1]) + octets[1:], reference)
    assert not dns_id_matches(reference, reference)
    assert not dns_id_matches(name, reference)
