"""Signed certificate timestamps: what is read, what is refused."""

import pki
import pki_status as status
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pki import DAY, NOW

from scanner.parse.certificate import parse_certificate
from scanner.parse.sct import MAX_SCTS, Sct, SctError, embedded_scts, parse_sct_list, unwrapped

ISSUER = pki.root()


def test_a_list_is_read_in_its_order() -> None:
    data = status.timestamps(status.timestamp(2), status.timestamp(1, at=NOW))
    assert parse_sct_list(data) == (Sct(b"\2" * 32, NOW - 30 * DAY), Sct(b"\1" * 32, NOW))


def test_a_version_that_nobody_has_defined_is_left_out() -> None:
    data = status.timestamps(status.timestamp(1, version=9), status.timestamp(2))
    assert [it.log_id[0] for it in parse_sct_list(data)] == [2]


def test_those_in_a_certificate_are_found_and_read_by_others_alike() -> None:
    leaf = pki.leaf(ISSUER, extra=[status.embedded(status.timestamp(3), status.timestamp(4))])
    assert [it.log_id[0] for it in embedded_scts(parse_certificate(leaf.der))] == [3, 4]
    assert embedded_scts(parse_certificate(pki.leaf(ISSUER).der)) == ()


def test_the_independent_reader_agrees() -> None:
    """The library reads the extension of a real certificate's form, and finds the same logs and times."""
    from cryptography import x509

    leaf = pki.leaf(ISSUER, extra=[status.embedded(status.timestamp(3), status.timestamp(4))])
    again = x509.load_der_x509_certificate(leaf.der)
    theirs = again.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    ours = embedded_scts(parse_certificate(leaf.der))
    assert [(it.log_id, it.timestamp.replace(tzinfo=NOW.tzinfo)) for it in theirs] == [
        (it.log_id, it.at) for it in ours
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0\5abc",
        status.timestamps(status.timestamp()) + b"x",
        status.timestamps(status.timestamp()[:-1]),
        status.timestamps(status.timestamp() + b"x"),
        status.timestamps(b"\0" * 20),
        status.timestamps(b"\0" * 33 + b"\xff" * 8 + b"\0\0\4\3\0\0"),
        status.timestamps(*[status.timestamp()] * (MAX_SCTS + 1)),
    ],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(SctError):
        parse_sct_list(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for candidate in (data, status.timestamps(data), status.timestamps(b"\0" * 41 + data)):
        try:
            assert isinstance(parse_sct_list(candidate), tuple)
        except SctError:
            continue
    try:
        unwrapped(data)
    except SctError:
        return
