"""Compression within TLS (CRIME)."""

from collections.abc import Iterator

from scanner.api import FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import NEVER_ASKED, Swept, TlsVersion
from scanner.derive.tls_service import TLS_KINDS, swept, tls_service
from scanner.derive.tls_weakness import first_open, spoken_in

COMPRESSING = (TlsVersion.SSL3, TlsVersion.TLS10, TlsVersion.TLS11, TlsVersion.TLS12)

ON = Outcome(
    "on",
    en="TLS compression is on in {versions}",
    id="Kompresi TLS aktif pada {versions}",
    severity=Severity.HIGH,
)
OFF = Passed(
    "off",
    en="TLS compression was offered and not taken",
    id="Kompresi TLS ditawarkan dan tidak dipakai",
)
NOT_THERE = Passed(
    "not_there",
    en="No version is spoken that knows compression",
    id="Tidak ada versi yang dipakai yang mengenal kompresi",
)


@check(
    "tls.compression",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(ON, OFF, NOT_THERE),
    references=("CVE-2012-4929", "RFC 9325 3.3"),
)
def compression(seen: Swept) -> Iterator[Verdict]:
    """TLS itself compresses nothing.

    This is about compression of the connection; whether pages are compressed (gzip) is another matter.

    Apa: TLS sendiri tidak mengompresi apa pun.
    Rincian: Yang dinilai adalah kompresi koneksi; kompresi halaman (gzip) adalah hal lain.
    Why: Whoever can make a browser send requests guesses a cookie by how long the compressed request is.
    Sebab: Pihak yang dapat membuat peramban mengirim permintaan dapat menebak cookie dari panjang permintaan terkompresi.
    Fix: Update the web server and its TLS library: nginx has it off since 1.2.2, IIS never had it, Apache has a directive.
    Perbaikan: Perbarui server web dan pustaka TLS-nya: nginx mematikannya sejak 1.2.2, IIS tidak pernah memilikinya, dan
        Apache memiliki direktif untuk itu.
    shell:
        openssl version -a
        apt-get update && apt-get install --only-upgrade openssl nginx
    Apache: SSLCompression off
    """
    asked = list(spoken_in(seen, COMPRESSING))
    on = [it.version for it in asked if any(it.compression)]
    why = first_open(seen, COMPRESSING) or (None if all(it.compression for it in asked) else NEVER_ASKED)
    if on:
        yield ON(versions=", ".join(on), found=", ".join(on))
    elif why is not None:
        yield unknown(why)
    else:
        yield OFF() if asked else NOT_THERE()
