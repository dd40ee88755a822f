"""Handshakes begun anew on a connection (RFC 5746): whether they are bound to it, and whether clients may begin many."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, maybe, unknown
from scanner.derive.tls_facts import NEVER_ASKED, Sessions, Swept, TlsVersion
from scanner.derive.tls_service import TLS_KINDS, TlsService, sessions, swept, tls_service
from scanner.observations.steps import Unobserved

INSECURE = Outcome(
    "insecure",
    en="The server does not support secure renegotiation",
    id="Server tidak mendukung secure renegotiation (RFC 5746)",
    severity=Severity.HIGH,
)
UNBOUNDED = Outcome(
    "unbounded",
    en="A client may begin handshakes anew on one connection: {taken} of {tried} tried were taken",
    id="Klien dapat memulai ulang jabat tangan pada satu koneksi: {taken} dari {tried} percobaan diterima",
    severity=Severity.MEDIUM,
)
SECURE = Passed(
    "secure",
    en="The server supports secure renegotiation",
    id="Server mendukung secure renegotiation (RFC 5746)",
)
NOT_BY_CLIENTS = Passed(
    "not_by_clients",
    en="A handshake that the client begins anew is not taken",
    id="Jabat tangan yang dimulai ulang oleh klien tidak diterima",
)
BOUNDED = Passed(
    "bounded",
    en="The server took {taken} handshakes that the client began anew, and refused the next",
    id="Server menerima {taken} jabat tangan yang dimulai ulang oleh klien, lalu menolak yang berikutnya",
)
ONLY_TLS13 = DoesNotApply(
    "only_tls13",
    en="No version from SSLv3 to TLS 1.2 is spoken; no other has renegotiation",
    id="Tidak ada versi dari SSLv3 sampai TLS 1.2 yang dipakai; versi lain tidak mengenal renegosiasi",
)
BY_CLIENTS = "renegotiation by clients"
OLDER = frozenset({TlsVersion.SSL3, TlsVersion.TLS10, TlsVersion.TLS11, TlsVersion.TLS12})


@check(
    "tls.renegotiation",
    maybe(swept),
    maybe(sessions),
    tls_service,
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(INSECURE, UNBOUNDED, SECURE, NOT_BY_CLIENTS, BOUNDED, ONLY_TLS13),
    references=("RFC 5746", "RFC 9325 3.5", "CVE-2009-3555", "CVE-2011-1473"),
)
def renegotiation(seen: Swept | Unobserved, whole: Sessions | Unobserved, service: TlsService) -> Iterator[Verdict]:
    r"""A handshake that is begun anew is bound to its connection, and clients cannot begin one after another.

    Secure renegotiation is read from the first answers of TLS 1.2 and older. Then up to six new handshakes are begun on one
    connection; when all are taken, nothing seems to bound them. TLS 1.3 has no renegotiation.

    Apa: Jabat tangan yang dimulai ulang terikat pada koneksinya, dan klien tidak dapat memulainya berulang kali.
    Rincian: Dukungan secure renegotiation dibaca dari jawaban pertama TLS 1.2 dan yang lebih lama. Lalu paling banyak enam
        jabat tangan dimulai ulang pada satu koneksi; bila semuanya diterima, tampaknya tidak ada batasnya. TLS 1.3 tidak
        mengenal renegosiasi.
    Why: Without the binding somebody between can put a request of his own before that of the visitor. Without a bound one
        client on one connection keeps the server's processor busy with handshakes.
    Sebab: Tanpa ikatan itu, pihak di tengah dapat menyisipkan permintaannya sendiri sebelum permintaan pengunjung. Tanpa
        batas, satu klien pada satu koneksi dapat menyibukkan prosesor server dengan jabat tangan.
    Fix: Update the TLS library, and do not allow clients to renegotiate. nginx since 1.1 never does.
    Perbaikan: Perbarui pustaka TLS, dan jangan izinkan klien melakukan renegosiasi. nginx sejak 1.1 tidak pernah
        mengizinkannya.
    Apache: SSLInsecureRenegotiation off
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
        Set-ItemProperty $key -Name DisableRenegoOnServer -Value 1 -Type DWord
        Set-ItemProperty $key -Name AllowInsecureRenegoClients -Value 0 -Type DWord
    Careful: A site that asks for client certificates on some paths only may renegotiate to do so; ask for them on a name of
        their own instead.
    Hati-hati: Situs yang meminta sertifikat klien hanya pada jalur tertentu mungkin memerlukan renegosiasi; mintalah
        sertifikat itu pada nama tersendiri.
    """
    binding = _binding(seen)
    if binding is None:
        yield ONLY_TLS13()
        return
    yield binding
    by_clients = _by_clients(whole, seen)
    if by_clients is not None:
        yield by_clients.about(BY_CLIENTS, str(service))


def _binding(seen: Swept | Unobserved) -> Verdict | None:
    """What is said of secure renegotiation; None where nothing older than TLS 1.3 is spoken."""
    if isinstance(seen, Unobserved):
        return unknown(seen)
    answer = seen.secure_renegotiation
    if isinstance(answer, Unobserved):
        return unknown(answer)
    if answer is not None:
        return SECURE() if answer else INSECURE()
    if any(it.version in OLDER for it in seen.spoken):
        return unknown(NEVER_ASKED)
    why = next((it.why for it in seen.undetermined if it.what in {f"versions.{version}" for version in OLDER}), None)
    return None if why is None else unknown(why)


def _by_clients(whole: Sessions | Unobserved, seen: Swept | Unobserved) -> Verdict | None:
    if isinstance(whole, Unobserved):
        return unknown(whole)
    tried = whole.renegotiation
    if tried is None:
        older = isinstance(seen, Unobserved) or any(it.version in OLDER - {TlsVersion.SSL3} for it in seen.spoken)
        return unknown(NEVER_ASKED) if older else None
    if isinstance(tried, Unobserved):
        return unknown(tried)
    if tried.taken == tried.tried:
        return UNBOUNDED(taken=tried.taken, tried=tried.tried)
    return BOUNDED(taken=tried.taken) if tried.taken else NOT_BY_CLIENTS()
