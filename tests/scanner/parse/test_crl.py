"""Revocation lists: what is looked up, what they leave out, what is refused."""

from typing import Any

import pki
import pki_status as status
import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from pki import DAY, NOW

from scanner.parse.certificate import parse_certificate
from scanner.parse.crl import RevokedEntry, parse_crl
from scanner.parse.der import DerError

ISSUER = pki.root()
LEAF, OTHER = pki.leaf(ISSUER), pki.leaf(ISSUER, ["other.test"])
URL = x509.UniformResourceIdentifier("http://lists.test/3.crl")


def test_a_list_is_read_in_full() -> None:
    der = status.revocations(ISSUER, OTHER, reason=x509.ReasonFlags.superseded)
    read = parse_crl(der)
    theirs = x509.load_der_x509_crl(der)
    other, leaf = parse_certificate(OTHER.der), parse_certificate(LEAF.der)
    assert read.issuer == other.issuer_name
    assert (read.this_update, read.next_update) == (NOW - DAY, NOW + DAY)
    assert (read.signed, read.signature) == (theirs.tbs_certlist_bytes, theirs.signature)
    assert read.revoked(other.serial) == RevokedEntry(OTHER.certificate.serial_number, status.REVOKED_AT, 4)
    assert read.revoked(leaf.serial) is None
    assert (read.urls, read.leaves_out, read.is_indirect) == ((), "", False)


def test_an_empty_list_is_a_list() -> None:
    assert parse_crl(status.revocations(ISSUER)).revoked("1") is None


def test_an_entry_need_not_give_a_reason() -> None:
    entry = parse_crl(status.revocations(ISSUER, OTHER)).revoked(parse_certificate(OTHER.der).serial)
    assert entry is not None
    assert entry.reason is None


@pytest.mark.parametrize(
    ("fields", "urls", "leaves_out", "indirect"),
    [
        ({"full_name": [URL], "only_contains_user_certs": True}, (URL.value,), "", False),
        ({"only_contains_ca_certs": True}, (), "only certificates of authorities", False),
        ({"only_contains_attribute_certs": True}, (), "only attribute certificates", False),
        ({"indirect_crl": True}, (), "", True),
        ({"only_some_reasons": frozenset({x509.ReasonFlags.key_compromise})}, (), "only some reasons", False),
        (
            {"relative_name": x509.RelativeDistinguishedName(list(pki.name("part"))[:1])},
            (),
            "a place that is named relative to its issuer",
            False,
        ),
    ],
)
def test_a_list_says_what_it_covers(
    fields: dict[str, Any], urls: tuple[str, ...], leaves_out: str, indirect: bool
) -> None:
    read = parse_crl(status.revocations(ISSUER, extensions=[(status.point(**fields), True)]))
    assert (read.urls, read.leaves_out, read.is_indirect) == (urls, leaves_out, indirect)


@pytest.mark.parametrize(("critical", "leaves_out"), [(True, "a critical extension 2.5.29.27"), (False, "")])
def test_a_list_of_changes_is_not_the_whole(critical: bool, leaves_out: str) -> None:
    read = parse_crl(status.revocations(ISSUER, extensions=[(x509.DeltaCRLIndicator(1), critical)]))
    assert read.leaves_out == leaves_out


@pytest.mark.parametrize("der", [b"", b"\x30\x00", LEAF.der, b"\x30\x84\xff\xff\xff\xff"])
def test_what_is_no_list_is_refused(der: bytes) -> None:
    with pytest.raises(DerError):
        parse_crl(der)


SEEDS = [
    status.revocations(ISSUER, OTHER, reason=x509.ReasonFlags.superseded),
    status.revocations(ISSUER, extensions=[(status.point(full_name=[URL]), True), (x509.CRLNumber(7), False)]),
]


@settings(max_examples=400, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 2_000), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_a_damaged_list_is_read_or_refused(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    damaged = bytearray(seed)
    for at, put in changes:
        at %= len(damaged)
        damaged[at : at + max(1, len(put))] = put
    try:
        parse_crl(bytes(damaged)).revoked("3e9")
    except DerError:
        return
