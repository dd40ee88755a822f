"""Versions: every outcome, and both sides of every rule."""

import pytest
from tls_facts_made import CBC_SHA1, SERVICE, SHORT, odd, older, said, swept, tls12, tls13

from scanner.derive.tls_facts import ODDITIES, Swept, TlsVersion
from scanner.registry import RegistryError, discover

OBSOLETE = discover()["tls.protocol.obsolete"]
MODERN = discover()["tls.protocol.modern"]
FALLBACK = discover()["tls.protocol.fallback"]
TOLERANCE = discover()["tls.protocol.tolerance"]
SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = TlsVersion
UNKNOWN = "unknown: timeout"
TRIED = ("intolerant_tls13", "intolerant_version", "intolerant_grease", "intolerant_extensions")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(), "none_older"),
        (swept(tls13()), "none_older"),
        (swept(tls12(), older(TLS11)), "old_tls"),
        (swept(tls12(), older(TLS10)), "old_tls"),
        (swept(tls12(), older(SSL3)), "ssl"),
        (swept(tls12(), older(SSL2)), "ssl"),
        (swept(tls12(), older(TLS10), older(SSL3)), "ssl"),
        (swept(tls12(), unknown=[SSL3]), UNKNOWN),
        (swept(tls12(), unknown=[SSL2]), UNKNOWN),
        (swept(tls12(), older(TLS10), unknown=[SSL2]), "old_tls"),  # what is proven is told although the rest is open
        (swept(tls13(), unknown=[TLS12]), "none_older"),  # the open one is allowed
    ],
)
def test_obsolete_versions(seen: Swept, expected: str) -> None:
    assert said(OBSOLETE, seen) == {"service": expected}


@pytest.mark.parametrize(
    ("least", "seen", "expected"),
    [
        ("TLS1.3", swept(), "below_policy"),
        ("TLS1.3", swept(tls13()), "none_older"),
        ("TLS1.3", swept(tls13(), unknown=[TLS12]), UNKNOWN),
        ("TLS1.3", swept(tls12(), older(TLS10)), "old_tls"),
        ("TLS1.0", swept(tls12(), older(TLS10)), "none_older"),
        ("TLS1.0", swept(tls12(), older(SSL3)), "ssl"),
        ("TLS1.1", swept(tls12(), older(TLS11)), "none_older"),
        ("TLS1.1", swept(tls12(), older(TLS10)), "old_tls"),
    ],
)
def test_the_least_version_is_a_threshold(least: str, seen: Swept, expected: str) -> None:
    assert said(OBSOLETE, seen, min_tls=least) == {"service": expected}


def test_the_least_version_is_one_that_there_is() -> None:
    with pytest.raises(RegistryError, match=r"tls\.protocol\.obsolete"):
        OBSOLETE.with_params({"min_tls": "TLS1.4"})


def test_tls_12_is_never_called_retired() -> None:
    (verdict,) = OBSOLETE.judge(swept(tls12(), older(TLS10)), OBSOLETE.with_params({"min_tls": "TLS1.3"}))
    assert verdict.arguments["versions"] == "TLSv1.0"
    assert verdict.found == "TLSv1.0, TLSv1.2"


def test_every_version_accepted_is_named_with_the_gravest() -> None:
    (verdict,) = OBSOLETE.judge(swept(tls12(), older(TLS10), older(SSL3)), OBSOLETE.with_params({}))
    assert verdict.found == "SSLv3, TLSv1.0"
    assert verdict.outcome.key == "ssl"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(), "modern"),
        (swept(tls13()), "modern"),
        (swept(tls12()), "no_tls13"),
        (swept(tls12(), unknown=[TLS13]), UNKNOWN),
        (swept(older(TLS10)), "neither"),
        (swept(older(TLS10), unknown=[TLS12]), UNKNOWN),
        (swept(older(TLS10), unknown=[TLS13]), UNKNOWN),
        (swept(tls13(), unknown=[TLS12]), "modern"),
    ],
)
def test_modern_versions(seen: Swept, expected: str) -> None:
    assert said(MODERN, seen) == {"service": expected}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(tls12(), older(TLS10), fallback_scsv=True), "honoured"),
        (swept(tls12(), older(TLS10), fallback_scsv=False), "not_honoured"),
        (swept(tls12(), older(TLS10), fallback_scsv=SHORT), UNKNOWN),
        (swept(tls12(), older(TLS10), fallback_scsv=None), "unknown: not_asked"),
        (swept(tls12(), tls13(), fallback_scsv=False), "nothing_below"),
        (swept(tls12(), tls13(), fallback_scsv=None), "nothing_below"),
        (swept(tls12(), tls13(), unknown=[TLS10], fallback_scsv=None), UNKNOWN),
    ],
)
def test_fallback(seen: Swept, expected: str) -> None:
    assert said(FALLBACK, seen) == {"service": expected}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (swept(), {"service": "tolerant"}),
        (swept(oddities=odd("intolerant_tls13")), {"intolerance": "tls13"}),
        (swept(oddities=odd("intolerant_large_hello")), {"intolerance": "large_hello"}),
        (swept(oddities=odd("intolerant_sni", "closes_without_alert")), {"service": "tolerant"}),
        (swept(tls12(), tolerated=TRIED), {"service": "tolerant_of_small"}),
        (swept(tolerated=TRIED), {"service": "unknown: inconclusive"}),  # TLS 1.3 is asked with a large hello
        (swept(tolerated=(*TRIED, "intolerant_large_hello")), {"service": "tolerant"}),
        (swept(tolerated=TRIED[1:]), {"service": "unknown: inconclusive"}),
        (swept(tolerated=()), {"service": "unknown: inconclusive"}),
        (
            swept(tolerated=TRIED[:-1], oddities=odd("intolerant_extensions")),
            {"intolerance": "extensions"},
        ),
    ],
)
def test_tolerance(seen: Swept, expected: dict[str, str]) -> None:
    assert said(TOLERANCE, seen, SERVICE) == expected


def test_every_intolerance_but_that_of_names_has_an_outcome() -> None:
    """A server that wants a server name is nothing strange."""
    keys = [it for it in ODDITIES if it.startswith("intolerant_") and it != "intolerant_sni"]
    verdicts = list(TOLERANCE.judge(swept(oddities=odd(*keys)), SERVICE))
    assert len({it.outcome.key for it in verdicts}) == len(keys) > 5
    assert len({it.subject for it in verdicts}) == len(keys)


def test_the_suites_of_a_retired_version_change_nothing() -> None:
    assert said(OBSOLETE, swept(tls12(CBC_SHA1))) == {"service": "none_older"}
