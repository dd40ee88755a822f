"""Sessions that are taken up again: whether, how, and for how long their tickets are good (RFC 5246 7.3, 5077, 8446 2.2)."""

from collections.abc import Iterator
from datetime import timedelta

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import NEVER_ASKED, Method, Resumption, Sessions
from scanner.derive.tls_service import TLS_KINDS, sessions, tls_service
from scanner.observations.steps import Unobserved

METHOD_WORDS = {Method.SESSION_ID: "session id", Method.TICKET: "ticket", Method.PSK: "PSK"}

NONE = Outcome(
    "none",
    en="No session is taken up again: {methods}",
    id="Tidak ada sesi yang dapat dilanjutkan: {methods}",
    severity=Severity.INFO,
)
RESUMED = Passed(
    "resumed",
    en="Sessions are taken up again: {methods}",
    id="Sesi dapat dilanjutkan: {methods}",
)


@check(
    "tls.session.resumption",
    sessions,
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NONE, RESUMED),
    references=("RFC 5246 7.3", "RFC 5077", "RFC 8446 2.2"),
)
def resumption(seen: Sessions) -> Iterator[Verdict]:
    r"""A visitor who comes back takes up the session of before.

    Tried are session ids and tickets in TLS 1.2 and older, and pre-shared keys (PSK) in TLS 1.3, each once, at this address.
    This is information: a service without it is slower and no less secure.

    Apa: Pengunjung yang kembali dapat melanjutkan sesi sebelumnya.
    Rincian: Yang dicoba adalah session id dan tiket sesi (ticket) pada TLS 1.2 dan yang lebih lama, serta pre-shared key
        (PSK) pada TLS 1.3, masing-masing satu kali, pada alamat ini. Ini informasi: layanan tanpa kemampuan ini lebih
        lambat, tetapi bukan kelemahan.
    Why: Without resumption each connection costs a whole handshake, which visitors on slow lines notice and which uses up the
        server's processor when many come at once.
    Sebab: Tanpa kelanjutan sesi, setiap koneksi memerlukan jabat tangan penuh; hal ini terasa oleh pengunjung dengan jaringan
        lambat dan menghabiskan prosesor server ketika banyak pengunjung datang bersamaan.
    Fix: Give the server a cache for sessions that all its processes share.
    Perbaikan: Sediakan cache sesi yang dipakai bersama oleh semua proses server.
    nginx:
        ssl_session_cache shared:TLS:10m;
        ssl_session_timeout 1h;
    Apache:
        # outside of <VirtualHost>
        SSLSessionCache shmcb:/var/run/apache2/ssl_scache(512000)
        SSLSessionCacheTimeout 3600
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
        Set-ItemProperty $key -Name ServerCacheTime -Value 3600000 -Type DWord
    """
    tried = [it for it in seen.resumption if not isinstance(it.works, Unobserved)]
    works = [it for it in tried if it.works]
    short = next((it.why for it in seen.undetermined if it.what.startswith("resumption.")), None)
    if works:
        yield RESUMED(methods=_listed(works))
    elif short is not None:
        yield unknown(short)
    else:
        yield NONE(methods=_listed(tried)) if tried else unknown(NEVER_ASKED)


def _listed(methods: list[Resumption]) -> str:
    return ", ".join(f"{it.version} {METHOD_WORDS[it.method]}" for it in methods)


class TicketParams(CheckParams, frozen=True):
    """Thresholds of this check.

    `max_lifetime`: a ticket may be good for so long.
    `max_lifetime`: lama sebuah tiket sesi boleh berlaku.
    """

    max_lifetime: timedelta = timedelta(days=7)


LONG = Outcome(
    "long",
    en="Session tickets are good for {have}; the policy allows {need}",
    id="Tiket sesi berlaku selama {have}; kebijakan mengizinkan {need}",
    severity=Severity.LOW,
)
IN_TIME = Passed(
    "in_time",
    en="Session tickets are good for {have} at most",
    id="Tiket sesi berlaku paling lama {have}",
)
NOT_SAID = Passed(
    "not_said",
    en="Session tickets come without a lifetime, which leaves it to the client's own limit",
    id="Tiket sesi tidak menyebut masa berlaku, sehingga batas milik klien yang dipakai",
)
NO_TICKETS = DoesNotApply(
    "no_tickets",
    en="The server gives no session tickets",
    id="Server tidak memberikan tiket sesi",
)


@check(
    "tls.session.tickets",
    sessions,
    version=1,
    params=TicketParams,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(LONG, IN_TIME, NOT_SAID, NO_TICKETS),
    references=("RFC 8446 4.6.1", "RFC 5077 3.3", "RFC 9325 3.4"),
)
def tickets(seen: Sessions, params: TicketParams) -> Iterator[Verdict]:
    r"""Session tickets are good for a limited time.

    Judged is the lifetime that the server announces with its tickets. Whether the key that seals them changes cannot be seen
    in one run and is not judged.

    Apa: Tiket sesi berlaku untuk waktu yang terbatas.
    Rincian: Yang dinilai adalah masa berlaku yang diumumkan server bersama tiketnya. Apakah kunci penyegelnya berganti tidak
        terlihat dari satu pemindaian dan tidak dinilai.
    Why: A ticket holds the keys of a session, sealed with a key of the server. The longer tickets are good, the longer that
        key must be kept, and whoever takes it reads the sessions of all that time.
    Sebab: Tiket memuat kunci sesi yang disegel dengan kunci milik server. Makin lama tiket berlaku, makin lama kunci itu
        harus disimpan, dan siapa pun yang mengambilnya dapat membaca sesi sepanjang waktu itu.
    Fix: Set the time for sessions to a day or less.
    Perbaikan: Atur masa sesi menjadi satu hari atau kurang.
    nginx: ssl_session_timeout 1d;
    Apache: SSLSessionCacheTimeout 86400
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
        Set-ItemProperty $key -Name ServerCacheTime -Value 36000000 -Type DWord
    """
    lifetimes = [it.lifetime_s for it in seen.tickets if it.lifetime_s]
    longest = timedelta(seconds=max(lifetimes, default=0))
    short = next((it.why for it in seen.undetermined if it.what.startswith("resumption.")), None)
    if longest > params.max_lifetime:
        yield LONG(have=longest, need=params.max_lifetime, expected=params.max_lifetime, found=longest)
    elif short is not None:
        yield unknown(short)
    elif lifetimes:
        yield IN_TIME(have=longest)
    else:
        yield NOT_SAID() if seen.tickets else NO_TICKETS()
