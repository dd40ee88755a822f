"""Early data of TLS 1.3 (0-RTT), which somebody else can send again (RFC 8446 8)."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import NEVER_ASKED, Sessions
from scanner.derive.tls_service import TLS_KINDS, sessions, tls_service
from scanner.observations.steps import Unobserved

TAKEN = Outcome(
    "taken",
    en="Early data (0-RTT) is taken, up to {octets} octets",
    id="Early data (0-RTT) diterima, hingga {octets} oktet",
    severity=Severity.LOW,
)
NOT_ALLOWED = Passed(
    "not_allowed",
    en="Tickets allow no early data (0-RTT)",
    id="Tiket sesi tidak mengizinkan early data (0-RTT)",
)
REFUSED = Passed(
    "refused",
    en="Tickets allow {octets} octets of early data (0-RTT), which was refused when it was tried",
    id="Tiket sesi mengizinkan {octets} oktet early data (0-RTT), tetapi ditolak ketika dicoba",
)
NOTHING_TO_RESUME = DoesNotApply(
    "nothing_to_resume",
    en="No session of TLS 1.3 can be taken up, so there is no early data",
    id="Tidak ada sesi TLS 1.3 yang dapat dilanjutkan, sehingga tidak ada early data",
)


@check(
    "tls.earlydata",
    sessions,
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(TAKEN, NOT_ALLOWED, REFUSED, NOTHING_TO_RESUME),
    references=("RFC 8446 8", "RFC 8470"),
)
def earlydata(seen: Sessions) -> Iterator[Verdict]:
    """The server takes no early data, which could be sent again by somebody else.

    A session is taken up with the announcement that early data follows, and the server's answer is read; no data is sent.
    Whether requests that change something are answered 425 when they come early is not looked at.

    Apa: Server tidak menerima early data, yang dapat dikirim ulang oleh pihak lain.
    Rincian: Sesi dilanjutkan dengan pemberitahuan bahwa early data akan menyusul, lalu jawaban server dibaca; tidak ada data
        yang dikirim. Apakah permintaan yang mengubah sesuatu dijawab 425 bila datang lebih awal tidak dilihat.
    Why: Whoever records early data can send it again. A request that pays, submits or deletes is then carried out twice,
        unless the application knows early requests and refuses them.
    Sebab: Siapa pun yang merekam early data dapat mengirimkannya lagi. Permintaan yang membayar, mengajukan, atau menghapus
        lalu dijalankan dua kali, kecuali aplikasi mengenali permintaan yang datang lebih awal dan menolaknya.
    Fix: Switch early data off, or let the application refuse early requests other than `GET` with `425 Too Early`.
    Perbaikan: Matikan early data, atau buat aplikasi menolak permintaan awal selain `GET` dengan `425 Too Early`.
    nginx: ssl_early_data off;
    """
    early = seen.early_data
    if early is None:
        yield NOTHING_TO_RESUME()
    elif isinstance(early, Unobserved):
        yield unknown(early)
    elif not early.max_octets:
        yield NOT_ALLOWED()
    elif early.accepted is None:
        yield unknown(NEVER_ASKED)
    elif isinstance(early.accepted, Unobserved):
        yield unknown(early.accepted)
    elif early.accepted:
        yield TAKEN(octets=early.max_octets)
    else:
        yield REFUSED(octets=early.max_octets)
