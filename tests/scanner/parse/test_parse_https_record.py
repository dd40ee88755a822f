"""HTTPS records: the forms that RFC 9460 shows, the text of a library, and whatever a stranger writes."""

import base64

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.parse.https_record import HttpsRecord, parse_https_record

ECH = base64.b64encode(b"\0\4\xfe\x0d\0\0").decode()


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("1 .", HttpsRecord(1, ".")),
        ("0 svc.example.test.", HttpsRecord(0, "svc.example.test")),
        ('1 . alpn="h2,h3"', HttpsRecord(1, ".", ("h2", "h3"))),
        ("16 Pool.Example.test. alpn=h2 port=8443", HttpsRecord(16, "pool.example.test", ("h2",), port=8443)),
        (r'1 . alpn="f\\\\oo\\,bar,h2"', HttpsRecord(1, ".", (r"f\oo,bar", "h2"))),
        ('1 . no-default-alpn alpn="h2"', HttpsRecord(1, ".", ("h2",), no_default_alpn=True)),
        (f'1 . ipv4hint="192.0.2.1" ech="{ECH}"', HttpsRecord(1, ".", ech=b"\0\4\xfe\x0d\0\0")),
        ('1 . key65333="a b"', HttpsRecord(1, ".")),
    ],
)
def test_a_record_is_read(text: str, record: HttpsRecord) -> None:
    assert parse_https_record(text) == record


@pytest.mark.parametrize(
    "text",
    [
        *("", "x .", "1", '1 . alpn="h2', "1 . =", '1 . ech="!"', '1 . ech="AAA"'),
        *("1 . port=0", "1 . port=65536", "1 . port=four", "1 . port"),
    ],
)
def test_what_is_no_record(text: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        parse_https_record(text)


@pytest.mark.parametrize(
    "text", ['1 . alpn="h2,h3" ech="AAT+DQAA"', '2 pool.test. mandatory="alpn" alpn="http/1.1" ipv6hint="2001:db8::1"']
)
def test_the_text_of_the_library(text: str) -> None:
    record = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.HTTPS, text)
    assert parse_https_record(record.to_text()) == parse_https_record(text)


@given(st.text(max_size=200))
def test_whatever_a_stranger_writes(text: str) -> None:
    for it in (text, f"1 . {text}", f'1 . alpn="{text}"'):
        try:
            parse_https_record(it)
        except ValueError:
            continue
