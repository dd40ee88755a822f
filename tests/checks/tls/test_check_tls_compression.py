"""Compression within TLS: every outcome, and both sides of the rule."""

import pytest
from tls_facts_made import CBC_SHA1, SHORT, older, said, swept, tls12, tls13

from scanner.derive.tls_facts import Swept, TlsVersion
from scanner.registry import discover

COMPRESSION = discover()["tls.compression"]
OFF = (0,)
DEFLATE = (1,)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(tls12(compression=OFF), tls13()), "off"),
        (swept(tls12(compression=DEFLATE), tls13()), "on"),
        (swept(tls12(compression=OFF), older(TlsVersion.TLS10, CBC_SHA1, compression=DEFLATE)), "on"),
        (swept(tls12(compression=OFF), older(TlsVersion.TLS10, CBC_SHA1)), "unknown: not_asked"),
        (swept(tls12(), older(TlsVersion.TLS10, CBC_SHA1, compression=DEFLATE)), "on"),
        (swept(tls12(), tls13()), "unknown: not_asked"),
        (swept(tls13()), "not_there"),
        (swept(tls13(), unknown=[TlsVersion.TLS12]), f"unknown: {SHORT.reason}"),
        (swept(tls13(), unknown=[TlsVersion.SSL2]), "not_there"),
    ],
)
def test_compression(seen: Swept, expected: str) -> None:
    assert said(COMPRESSION, seen) == {"service": expected}
