"""How long the service takes to answer."""

from collections.abc import Iterator

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.timing import Timing, timing


class LatencyParams(CheckParams, frozen=True):
    """Thresholds of uptime.latency.

    `latency_limit_ms`: the longest that passes, in milliseconds, as the service's SLA document says; 0 sets no limit.
    `latency_limit_ms`: waktu terlama yang sesuai, dalam milidetik, menurut dokumen SLA layanan; 0 berarti tanpa batas.
    """

    latency_limit_ms: int = 0


SLOW = Outcome(
    "slow",
    en="The service answers in {took} ms (median of {count}), the limit is {limit} ms: {phases}",
    id="Layanan menjawab dalam {took} ms (median dari {count}), batasnya {limit} ms: {phases}",
    severity=Severity.MEDIUM,
)
NO_LIMIT = DoesNotApply(
    "no_limit",
    en="No limit is set; the service answered in {took} ms (median of {count}): {phases}",
    id="Batas tidak ditetapkan; layanan menjawab dalam {took} ms (median dari {count}): {phases}",
)
IN_TIME = Passed(
    "in_time",
    en="The service answers in {took} ms (median of {count}), within {limit} ms: {phases}",
    id="Layanan menjawab dalam {took} ms (median dari {count}), di bawah batas {limit} ms: {phases}",
)


@check(
    "uptime.latency",
    timing,
    version=1,
    params=LatencyParams,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(SLOW, NO_LIMIT, IN_TIME),
    references=("RFC 2330 11.3",),
)
def latency(own: Timing, params: LatencyParams) -> Iterator[Verdict]:
    """The service answers within the limit that its owner set.

    The figure is what this run measured from where it stands, a median of few answers; waiting in our own queue is not in
    it, nor is the look-up of the name. Visitors elsewhere measure something else.

    Apa: Layanan menjawab dalam batas yang ditetapkan pemiliknya.
    Rincian: Angkanya adalah hasil ukur pemindaian ini dari tempatnya, median dari sedikit jawaban; waktu tunggu dalam
        antrean kami sendiri dan pencarian nama tidak termasuk. Pengunjung di tempat lain akan mengukur angka lain.
    Why: People leave a page that keeps them waiting, and systems that call the service give up.
    Sebab: Orang meninggalkan halaman yang lambat, dan sistem lain yang memanggil layanan berhenti menunggu.
    Fix: Look at the slowest phase: connecting and TLS point to the network and the web server, waiting for the first byte
        to the application and its database, the transfer to the size of the page.
    Perbaikan: Lihat tahap terlama: koneksi dan TLS menunjuk ke jaringan dan server web, menunggu bita pertama ke aplikasi
        dan basis datanya, transfer ke ukuran halaman.
    """
    took, limit = round(own.total_ms), params.latency_limit_ms
    said: dict[str, str] = {"took": str(took), "count": str(own.count), "phases": own.in_words}
    if limit <= 0:
        yield NO_LIMIT(**said)
    elif own.total_ms > limit:
        yield SLOW(**said, limit=str(limit), expected=f"{limit} ms", found=f"{took} ms")
    elif own.too_late is not None:
        yield unknown(own.too_late)
    else:
        yield IN_TIME(**said, limit=str(limit))
