"""Encrypted Client Hello (RFC 9849): what the HTTPS record offers must work."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check
from scanner.derive.tls_ech import EchSeen, EchState, ech

REJECTED = Outcome(
    "rejected",
    en="The server does not open the encrypted hello that the HTTPS record offers; it answers as {public_name}",
    id="Server tidak membuka encrypted hello yang ditawarkan rekaman HTTPS; server menjawab sebagai {public_name}",
    severity=Severity.LOW,
)
REFUSED = Outcome(
    "refused",
    en="The server ends a handshake with the encrypted hello that the HTTPS record offers",
    id="Server mengakhiri jabat tangan dengan encrypted hello yang ditawarkan rekaman HTTPS",
    severity=Severity.LOW,
)
UNREADABLE = Outcome(
    "unreadable",
    en="What the HTTPS record holds under `ech` is no list of configurations",
    id="Isi `ech` pada rekaman HTTPS bukan daftar konfigurasi",
    severity=Severity.LOW,
    fixed_by=FixedBy.ZONE,
)
UNKNOWN_KIND = Undecided(
    "unknown_kind",
    reason=Reason.INCONCLUSIVE,
    en="The configurations in the HTTPS record are of kinds that this scanner does not know",
    id="Konfigurasi pada rekaman HTTPS dari jenis yang tidak dikenal pemindai ini",
)
WORKS = Passed(
    "works",
    en="The encrypted hello that the HTTPS record offers works; outside stands {public_name}",
    id="Encrypted hello yang ditawarkan rekaman HTTPS berfungsi; di luarnya tertulis {public_name}",
)
NOT_OFFERED = DoesNotApply(
    "not_offered",
    en="No HTTPS record of the name offers an encrypted hello",
    id="Tidak ada rekaman HTTPS pada nama ini yang menawarkan encrypted hello",
)


@check(
    "tls.ech",
    ech,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(REJECTED, REFUSED, UNREADABLE, UNKNOWN_KIND, WORKS, NOT_OFFERED),
    references=("RFC 9849 6.1", "RFC 9848"),
)
def encrypted_hello(seen: EchSeen) -> Iterator[Verdict]:
    """The encrypted hello that the service's HTTPS record offers works.

    The record is looked up in DNS, and one handshake is made with its first usable configuration. A service that offers none
    is not asked to.

    Apa: Encrypted hello (ECH) yang ditawarkan rekaman HTTPS layanan berfungsi.
    Rincian: Rekaman dicari di DNS, lalu satu jabat tangan dilakukan dengan konfigurasi pertama yang dapat dipakai. Layanan
        yang tidak menawarkannya tidak diminta untuk menyediakannya.
    Why: Browsers hide the name of the service with the key in the record. When the server has another key, each first visit
        costs a second handshake, and with some browsers it fails.
    Sebab: Peramban menyembunyikan nama layanan dengan kunci pada rekaman itu. Bila kunci server berbeda, setiap kunjungan
        pertama memerlukan jabat tangan kedua, dan pada sebagian peramban gagal.
    Fix: Let whatever makes the keys update the HTTPS record too, and keep old keys for longer than the record's time to
        live; or take `ech` out of the record.
    Perbaikan: Buat pembuat kunci juga memperbarui rekaman HTTPS, dan simpan kunci lama lebih lama daripada masa hidup (TTL)
        rekaman; atau hapus `ech` dari rekaman.
    DNS: www.contoh.go.id. 300 IN HTTPS 1 . alpn="h2,http/1.1"
    Fix (unreadable): Copy the list again as the server printed it, in base64 and without line breaks, or take `ech` out.
    Perbaikan (unreadable): Salin ulang daftar seperti yang dicetak server, dalam base64 dan tanpa pindah baris, atau hapus
        `ech`.
    DNS (unreadable): www.contoh.go.id. 300 IN HTTPS 1 . alpn="h2,http/1.1"
    """
    match seen.state:
        case EchState.ACCEPTED:
            yield WORKS(public_name=seen.public_name)
        case EchState.REJECTED:
            yield REJECTED(public_name=seen.public_name)
        case EchState.REFUSED:
            yield REFUSED()
        case EchState.UNREADABLE:
            yield UNREADABLE()
        case EchState.UNKNOWN_KIND:
            yield UNKNOWN_KIND()
        case EchState.NOT_OFFERED:
            yield NOT_OFFERED()
