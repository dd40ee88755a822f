"""What is known of a service's TLS, as values: what checks, `inspect`, pictures and policies read.

Code points stand as IANA numbers; `scanner.probes.tls.code_points` has their names. Where a list may be short, the reason
stands beside it; nothing that was not seen to be refused counts as refused.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from scanner.observations.steps import Reason, Unobserved

NEVER_ASKED = Unobserved(Reason.NOT_ASKED, "no hello asked for it")


class TlsVersion(StrEnum):
    """Versions, oldest first."""

    SSL2 = "SSLv2"
    SSL3 = "SSLv3"
    TLS10 = "TLSv1.0"
    TLS11 = "TLSv1.1"
    TLS12 = "TLSv1.2"
    TLS13 = "TLSv1.3"


class Preference(StrEnum):
    """Whose order decides which of several common suites (or groups) is taken."""

    SERVER = "server"
    CLIENT = "client"
    UNKNOWN = "unknown"


class DhGroup(Struct, frozen=True):
    """A finite-field group as the server sent it in ServerKeyExchange (RFC 5246 7.4.3), with the suites it came with.

    `name` is that of a published group (RFC 7919, RFC 3526, RFC 5114, or a known common prime), None for any other.
    """

    prime: bytes
    generator: bytes
    bits: int
    name: str | None
    suites: tuple[int, ...]


class KeyExchange(Struct, frozen=True):
    """How often a key exchange value of one kind was seen, and how many different ones there were."""

    version: TlsVersion
    group: str
    seen: int
    distinct: int


class SentChain(Struct, frozen=True):
    """A chain as sent, leaf first, DER, with what was asked when it came.

    `scheme` is the signature scheme under which it was chosen (TLS 1.3, or ServerKeyExchange of 1.2), None when unknown.
    `scts` is the content of the extension signed_certificate_timestamp (18). That a staple or timestamps are not there means
    something only where the hello asked for them: `staple_asked` (status_request), `scts_asked`. `proven`: a handshake showed
    that the server has the leaf's key.
    """

    certificates: tuple[bytes, ...]
    version: TlsVersion
    suite: int | None = None
    scheme: int | None = None
    staple: bytes | None = None
    staple_asked: bool = False
    scts: bytes | None = None
    scts_asked: bool = False
    proven: bool = False


class ClientCertificate(Struct, frozen=True):
    """The server asked for a certificate of ours: the names of authorities (RFC 4514 text) it would take, at most 50."""

    authorities: tuple[str, ...]
    more: int = 0


class Undetermined(Struct, frozen=True):
    """What could not be told (`versions.SSLv3`, `suites.TLSv1.2`, `preference.TLSv1.2`, ...), and why."""

    what: str
    why: Unobserved


class Oddity(Struct, frozen=True):
    """A way in which a server differs from what the standards lead to expect: a stable key, and details in English.

    Keys are listed in `ODDITIES`.
    """

    key: str
    detail: str = ""


ODDITIES: dict[str, str] = {
    "intolerant_tls13": "a TLS 1.3 hello makes the connection fail, an older one does not",
    "intolerant_version": "a hello with a higher version number makes the connection fail",
    "intolerant_grease": "reserved values that must be ignored (RFC 8701) make the connection fail",
    "intolerant_large_hello": "a hello too large for one packet makes the connection fail",
    "intolerant_long_hello": "a hello of 256 to 511 octets makes the connection fail",
    "intolerant_extensions": "an extension the server need not know makes the connection fail",
    "intolerant_many_suites": "a long list of suites makes the connection fail",
    "intolerant_sni": "a hello without a server name makes the connection fail",
    "downgrade_sentinel_missing": "a server of TLS 1.3 answers an older hello without the sentinel of RFC 8446 4.1.3",
    "suite_not_offered": "the server chose a suite that was not offered",
    "group_not_offered": "the server chose a group that was not offered",
    "version_not_offered": "the server answered with a version that was not offered",
    "extension_not_offered": "the server answered an extension that was not offered",
    "random_repeats": "two answers carry the same server random",
    "closes_without_alert": "the server closes refused connections without an alert",
    "silent_on_refusal": "the server leaves refused connections open and says nothing",
    "ecdhe_without_groups": "the server takes elliptic-curve suites from a hello that names no groups",
}


class Spoken(Struct, frozen=True):
    """One version that the service accepted.

    `suites` are in the server's order where `preference` is SERVER, else as they were chosen; `groups` likewise. A reason
    in `*_short` says that there may be more. `signature_schemes` are those of ServerKeyExchange (TLS 1.2), `extensions`
    those of its answers, `compression` the methods it chose where it had a choice, 0 being
    none; empty when it was never offered one.
    """

    version: TlsVersion
    suites: tuple[int, ...]
    suites_short: Unobserved | None = None
    preference: Preference = Preference.UNKNOWN
    groups: tuple[int, ...] = ()
    groups_short: Unobserved | None = None
    group_preference: Preference = Preference.UNKNOWN
    dh: tuple[DhGroup, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    signature_schemes_short: Unobserved | None = None
    extensions: tuple[int, ...] = ()
    compression: tuple[int, ...] = ()
    chains: tuple[SentChain, ...] = ()


class Swept(Struct, frozen=True):
    """What a sweep showed. Versions are in exactly one of `spoken`, `refused` and `undetermined` (`versions.<name>`).

    A value of None means that the question did not arise (no version below 1.3 is on, the extension was not asked for).
    `for_no_name` and `for_unknown_name`: the chain, or why there was none, for a hello without a server name or with one
    the server cannot know. `tolerated` are the keys of intolerances (see ODDITIES) that a hello was answered in spite of.
    """

    where: str
    at: datetime
    sni: str | None
    starttls: str
    spoken: tuple[Spoken, ...] = ()
    refused: tuple[TlsVersion, ...] = ()
    undetermined: tuple[Undetermined, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    tolerated: tuple[str, ...] = ()
    key_exchanges: tuple[KeyExchange, ...] = ()
    fallback_scsv: bool | Unobserved | None = None
    secure_renegotiation: bool | Unobserved | None = None
    extended_master_secret: bool | Unobserved | None = None
    encrypt_then_mac: bool | Unobserved | None = None
    heartbeat: bool | Unobserved | None = None
    staples: bool | Unobserved | None = None
    client_certificate: ClientCertificate | None = None
    for_no_name: SentChain | Unobserved | None = None
    for_unknown_name: SentChain | Unobserved | None = None
    connections: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    took_ms: float = 0.0

    def version(self, version: TlsVersion) -> Spoken | bool | Unobserved:
        """What was seen of a version: what it speaks there, False for refused, or why that is not known."""
        for spoken in self.spoken:
            if spoken.version is version:
                return spoken
        if version in self.refused:
            return False
        return self.why(f"versions.{version}") or NEVER_ASKED

    def why(self, what: str) -> Unobserved | None:
        """Why something could not be told, None when nothing stands about it."""
        return next((it.why for it in self.undetermined if it.what == what), None)

    @property
    def chains(self) -> tuple[SentChain, ...]:
        """Every chain that was sent for the service's own name, none twice."""
        found = {chain.certificates: chain for spoken in self.spoken for chain in spoken.chains}
        return tuple(found.values())


class Method(StrEnum):
    """How a session is resumed."""

    SESSION_ID = "session_id"
    TICKET = "ticket"
    PSK = "psk"


class Resumption(Struct, frozen=True):
    """Whether a second handshake took up the first session, by one method."""

    version: TlsVersion
    method: Method
    works: bool | Unobserved


class Ticket(Struct, frozen=True):
    """A session ticket: its life as announced, and its first 16 octets (hex), which name the key in many servers."""

    version: TlsVersion
    lifetime_s: int
    key_name: str | None


class Renegotiation(Struct, frozen=True):
    """Handshakes that the client began anew on one connection: how many were taken of how many tried."""

    taken: int
    tried: int


class EarlyData(Struct, frozen=True):
    """0-RTT data: the most octets that a ticket allows (0: it allows none), and whether early data was taken then."""

    max_octets: int
    accepted: bool | Unobserved | None


class Sessions(Struct, frozen=True):
    """What whole handshakes showed; None where the question did not arise."""

    resumption: tuple[Resumption, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    early_data: EarlyData | Unobserved | None = None
    renegotiation: Renegotiation | Unobserved | None = None
    alpn: tuple[str, ...] | Unobserved = ()
    chains: tuple[SentChain, ...] = ()
    signature_schemes: tuple[int, ...] | Unobserved = ()
    key_exchanges: tuple[KeyExchange, ...] = ()
    client_certificate: ClientCertificate | None = None
    undetermined: tuple[Undetermined, ...] = ()
    connections: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0


class TrialState(StrEnum):
    """What a trial of a known weakness came to."""

    SHOWN = "shown"
    """The server did what only a weak one does."""
    NOT_SHOWN = "not_shown"
    """It was tried, and the server did what a sound one does."""
    NOT_POSSIBLE = "not_possible"
    """The server lacks what the weakness needs (no heartbeat, no RSA key exchange, ...)."""


class Trial(Struct, frozen=True):
    """One weakness that was tried: `key` is the last part of its check's id, `detail` a stable word (`strong`, `weak`)."""

    key: str
    state: TrialState | Unobserved
    detail: str = ""
    rounds: int = 0


class Trials(Struct, frozen=True):
    """All trials of a service.

    `offers` is whether TLS is begun within the protocol `starttls`, None for a service that speaks TLS at once.
    """

    made: tuple[Trial, ...] = ()
    starttls: str = ""
    offers: bool | Unobserved | None = None
    connections: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0

    def of(self, key: str) -> Trial | None:
        """The trial of a weakness, None when it was not made."""
        return next((trial for trial in self.made if trial.key == key), None)
