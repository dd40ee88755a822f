"""Facts of a TLS service with valid defaults, and the inspection made of them, so that each test changes one thing."""

from typing import Any

import msgspec
import observed
import pki

from scanner.derive.certification_path import AnchorStore, Profile
from scanner.derive.tls_facts import (
    ClientCertificate,
    DhGroup,
    EarlyData,
    KeyExchange,
    Method,
    Oddity,
    Preference,
    Renegotiation,
    Resumption,
    SentChain,
    Sessions,
    Spoken,
    Swept,
    Ticket,
    TlsVersion,
    Trial,
    Trials,
    TrialState,
    Undetermined,
)
from scanner.inspection import CostSeen, Facts, Inspection, Part, inspection_of
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.steps import Reason, Unobserved

HOST = observed.HOST
TIMED_OUT = Unobserved(Reason.TIMEOUT, "no answer to a hello within 3 s")


def endpoint(host: str = HOST, port: int = 443, address: str = "192.0.2.10") -> Endpoint:
    return Endpoint(host, port, address, Source.RESOLVER)


def chain(*ders: bytes, **fields: Any) -> SentChain:
    """A sound chain unless others are given, as TLS 1.3 sends it."""
    return SentChain(
        ders or observed.chain(), **{"version": TlsVersion.TLS13, "suite": 0x1301, "scheme": 0x0403, **fields}
    )


def tls13(**fields: Any) -> Spoken:
    """TLS 1.3 with the client's order."""
    defaults = {
        "version": TlsVersion.TLS13,
        "suites": (0x1302, 0x1303, 0x1301),
        "preference": Preference.CLIENT,
        "groups": (0x11EC, 0x001D, 0x0017),
        "group_preference": Preference.SERVER,
        "extensions": (43, 51),
    }
    return Spoken(**{**defaults, **fields})


def tls12(**fields: Any) -> Spoken:
    """TLS 1.2 with the server's order, DHE among its suites, and a chain."""
    defaults = {
        "version": TlsVersion.TLS12,
        "suites": (0xC02B, 0xC02F, 0x009E),
        "preference": Preference.SERVER,
        "groups": (0x001D, 0x0017),
        "group_preference": Preference.SERVER,
        "dh": (DhGroup(b"\xff" * 256, b"\x02", 2048, "ffdhe2048", (0x009E,)),),
        "signature_schemes": (0x0403, 0x0804),
        "extensions": (0xFF01, 11, 35, 23),
        "compression": (0,),
        "chains": (chain(version=TlsVersion.TLS12, suite=0xC02B),),
    }
    return Spoken(**{**defaults, **fields})


def swept(**fields: Any) -> Swept:
    """A service with TLS 1.2 and 1.3, everything told."""
    defaults = {
        "where": f"{HOST}:443",
        "at": observed.SEEN,
        "sni": HOST,
        "starttls": "",
        "spoken": (tls12(), tls13()),
        "refused": (TlsVersion.SSL2, TlsVersion.SSL3, TlsVersion.TLS10, TlsVersion.TLS11),
        "fallback_scsv": True,
        "secure_renegotiation": True,
        "extended_master_secret": True,
        "encrypt_then_mac": False,
        "heartbeat": False,
        "staples": False,
        "for_no_name": chain(),
        "connections": 20,
        "sent_bytes": 9000,
        "received_bytes": 61_000,
        "took_ms": 80.0,
    }
    return Swept(**{**defaults, **fields})


def sessions(**fields: Any) -> Sessions:
    """Sessions that can be taken up, and a renegotiation that is refused."""
    defaults = {
        "resumption": (
            Resumption(TlsVersion.TLS12, Method.SESSION_ID, works=False),
            Resumption(TlsVersion.TLS12, Method.TICKET, works=True),
            Resumption(TlsVersion.TLS13, Method.PSK, works=True),
        ),
        "tickets": (Ticket(TlsVersion.TLS13, 7200, "00112233445566778899aabbccddeeff"),),
        "early_data": EarlyData(0, None),
        "renegotiation": Renegotiation(0, 6),
        "alpn": ("h2", "http/1.1"),
        "chains": (chain(),),
        "signature_schemes": (0x0403,),
        "connections": 6,
        "sent_bytes": 3000,
        "received_bytes": 20_000,
    }
    return Sessions(**{**defaults, **fields})


def trials(*made: Trial, **fields: Any) -> Trials:
    """Trials that showed nothing."""
    sound = (
        Trial("heartbleed", TrialState.NOT_POSSIBLE),
        Trial("ccs", TrialState.NOT_SHOWN),
        Trial("robot", TrialState.NOT_POSSIBLE),
        Trial("ticketbleed", TrialState.NOT_SHOWN),
    )
    return Trials(**{"made": made or sound, "connections": 3, "sent_bytes": 900, "received_bytes": 9000, **fields})


def stores(operator: bytes = b"") -> dict[str, AnchorStore]:
    """The root of the sound chain as publicly trusted, and perhaps one of the operator's."""
    public = AnchorStore("mozilla (test)", [observed.authority()[0].der], Profile.PUBLIC)
    return {"public": public} | (
        {"operator": AnchorStore("operator", [operator], Profile.OPERATOR)} if operator else {}
    )


COST = CostSeen(29, 120, 2, 12_900, 90_000, 812.4, {"sweep": Part(20, 9000, 61_000, 80.0)})


def facts(**fields: Any) -> Facts:
    return Facts(**{"endpoint": endpoint(), "swept": swept(), "sessions": sessions(), "trials": trials(), **fields})


def inspection(operator: bytes = b"", **fields: Any) -> Inspection:
    """The document of these facts."""
    return inspection_of(facts(**fields), stores(operator), "Pindai test", COST)


def odd() -> Inspection:
    """A service of which little is sound, and not all could be told."""
    expired = pki.leaf(
        observed.authority()[1], not_before=observed.SEEN - 60 * pki.DAY, not_after=observed.SEEN - pki.DAY
    )
    own = pki.leaf(None)
    ssl3 = Spoken(TlsVersion.SSL3, (0x000A,), suites_short=TIMED_OUT, chains=(chain(own.der, version=TlsVersion.SSL3),))
    old = tls12(
        suites=(0x002F, 0x0005),
        preference=Preference.UNKNOWN,
        groups=(),
        groups_short=TIMED_OUT,
        dh=(DhGroup(b"\xab" * 64, b"\x02", 512, None, (0x0014,)),),
        compression=(0, 1),
        chains=(chain(expired.der, observed.chain()[1], version=TlsVersion.TLS12),),
    )
    seen = swept(
        spoken=(ssl3, old),
        refused=(TlsVersion.TLS13,),
        undetermined=(Undetermined("versions.SSLv2", TIMED_OUT), Undetermined("versions.TLSv1.0", TIMED_OUT)),
        oddities=(Oddity("intolerant_tls13"), Oddity("random_repeats", "3 answers")),
        key_exchanges=(KeyExchange(TlsVersion.TLS12, "dh", 4, 1),),
        client_certificate=ClientCertificate(("CN=Akar Instansi",), 3),
        for_no_name=TIMED_OUT,
        for_unknown_name=None,
    )
    return inspection(
        swept=seen,
        sessions=Unobserved(Reason.BUDGET, "the time set aside for this target is used up"),
        trials=trials(Trial("robot", TrialState.SHOWN, "weak", 3), Trial("ccs", TIMED_OUT)),
        greeting="220 mail.example.test ESMTP \x1b[2Jready",
    )


def changed(of: Inspection, **fields: Any) -> Inspection:
    return msgspec.structs.replace(of, **fields)
