"""Why something could not be concluded, in both languages."""

from scanner.findings import Message
from scanner.observations.steps import Reason, Unobserved

REASONS: dict[Reason, tuple[str, str]] = {
    Reason.TIMEOUT: ("no answer in time", "tidak ada jawaban dalam batas waktu"),
    Reason.REFUSED: ("connection refused", "koneksi ditolak"),
    Reason.RESET: ("connection reset", "koneksi diputus"),
    Reason.CLOSED: ("connection closed early", "koneksi ditutup sebelum selesai"),
    Reason.UNREACHABLE: ("network unreachable from here", "jaringan tidak terjangkau dari sini"),
    Reason.NOT_TLS: ("the port does not speak TLS", "port tidak berbicara TLS"),
    Reason.TLS_ALERT: ("TLS alert from the server", "peringatan TLS dari server"),
    Reason.TLS_FAILED: ("TLS handshake failed", "jabat tangan TLS gagal"),
    Reason.PROTOCOL_ERROR: ("the answer does not keep to its protocol", "jawaban tidak sesuai protokolnya"),
    Reason.TOO_LARGE: ("the answer is larger than is read", "jawaban melebihi batas yang dibaca"),
    Reason.NO_ADDRESS: ("the name has no address", "nama tidak memiliki alamat"),
    Reason.DNS_SERVFAIL: ("DNS failure (SERVFAIL)", "DNS gagal (SERVFAIL)"),
    Reason.DNS_REFUSED: ("the resolver refused", "resolver menolak"),
    Reason.DNS_TIMEOUT: ("the resolver did not answer", "resolver tidak menjawab"),
    Reason.DNS_UNREACHABLE: ("the resolver cannot be reached", "resolver tidak dapat dihubungi"),
    Reason.DNS_LOOP: ("CNAME loop", "CNAME berputar"),
    Reason.DNS_MALFORMED: ("unreadable DNS answer", "jawaban DNS tidak terbaca"),
    Reason.REDIRECT_LOOP: ("redirect loop", "pengalihan berputar"),
    Reason.REDIRECT_LIMIT: ("too many redirects", "terlalu banyak pengalihan"),
    Reason.BAD_URL: ("unusable redirect address", "alamat pengalihan tidak dapat dipakai"),
    Reason.OUT_OF_SCOPE: ("outside the scope", "di luar lingkup"),
    Reason.BUDGET: ("request budget used up", "anggaran permintaan habis"),
    Reason.BLOCKED: ("blocked", "diblokir"),
    Reason.RATE_LIMITED: ("the server limits how much is asked", "server membatasi jumlah permintaan"),
    Reason.OUR_SIDE: ("likely a fault on our side of the network", "kemungkinan gangguan di jaringan pemindai"),
    Reason.DISABLED: ("switched off by configuration", "dinonaktifkan dalam konfigurasi"),
    Reason.INCONCLUSIVE: ("the observation allows no conclusion", "pengamatan tidak cukup untuk menyimpulkan"),
    Reason.PREREQUISITE: ("an earlier step failed", "langkah sebelumnya gagal"),
    Reason.INTERRUPTED: ("the scan was interrupted", "pemindaian terhenti"),
    Reason.NOT_ASKED: ("not asked", "tidak ditanyakan"),
    Reason.NOT_RECORDED: ("not recorded by this run", "tidak terekam pada pemindaian ini"),
    Reason.ALTERED: ("stored evidence was altered", "bukti tersimpan telah berubah"),
    Reason.INTERNAL: ("error of the tool", "kesalahan alat"),
}


def reason_text(reason: Reason, language: str) -> str:
    """The reason in a few words."""
    english, indonesian = REASONS[reason]
    return indonesian if language == "id" else english


def render_unknown(why: Unobserved) -> Message:
    """The sentence for what could not be concluded; the technical detail stays as it was written down."""
    detail = f": {why.detail}" if why.detail else ""
    return Message(
        id=f"Belum dapat disimpulkan: {reason_text(why.reason, 'id')}{detail}",
        en=f"Cannot be concluded: {reason_text(why.reason, 'en')}{detail}",
        arguments={"reason": why.reason.value, "detail": why.detail},
    )
