"""Key exchange values: whether a server makes new ones for every handshake (RFC 9325 7.4)."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check, maybe
from scanner.derive.tls_facts import KeyExchange, Sessions, Swept
from scanner.derive.tls_service import TLS_KINDS, sessions, swept, tls_service
from scanner.observations.steps import Unobserved

REPEATED = Outcome(
    "repeated",
    en="The server repeats its key exchange value: of {seen} handshakes with {group}, {distinct} had a value of their own",
    id="Server mengulang nilai pertukaran kuncinya: dari {seen} jabat tangan dengan {group}, hanya ada {distinct} nilai "
    "berbeda",
    severity=Severity.MEDIUM,
)
FRESH = Passed(
    "fresh",
    en="The server made a new key exchange value for each of {seen} handshakes ({groups})",
    id="Server membuat nilai pertukaran kunci baru pada masing-masing dari {seen} jabat tangan ({groups})",
)
SEEN_ONCE = Undecided(
    "seen_once",
    reason=Reason.INCONCLUSIVE,
    en="No two handshakes with one group were made, so there is nothing to compare",
    id="Tidak ada dua jabat tangan dengan grup yang sama, jadi tidak ada yang dapat dibandingkan",
)
NONE_MADE = DoesNotApply(
    "none_made",
    en="The server makes no key exchange values: no suite that is accepted needs any",
    id="Server tidak membuat nilai pertukaran kunci: tidak ada cipher suite yang memerlukannya",
)


@check(
    "tls.keyexchange.reuse",
    swept,
    maybe(sessions),
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(REPEATED, FRESH, SEEN_ONCE, NONE_MADE),
    references=("RFC 9325 7.4", "RFC 8446 C.4"),
)
def reuse(seen: Swept, known: Sessions | Unobserved) -> Iterator[Verdict]:
    r"""Every handshake gets a key exchange value of its own.

    Compared are the values that were seen anyway; a server that makes a new one every hour is not told from one that always
    does when all handshakes fell into different hours.

    Apa: Setiap jabat tangan mendapat nilai pertukaran kunci tersendiri.
    Rincian: Yang dibandingkan adalah nilai yang memang terlihat; server yang membuat nilai baru setiap jam tidak dapat
        dibedakan bila semua jabat tangan terjadi pada jam yang berbeda.
    Why: With one value for many handshakes, whoever gets hold of its secret reads all of them; forward secrecy is worth
        nothing then. Several attacks work only on repeated values.
    Sebab: Dengan satu nilai untuk banyak jabat tangan, siapa pun yang memperoleh rahasianya dapat membaca semuanya; forward
        secrecy menjadi tidak berguna. Beberapa serangan hanya berhasil pada nilai yang diulang.
    Fix: Update the TLS library (OpenSSL repeats none since 1.1.0), or turn repetition off in the appliance.
    Perbaikan: Perbarui pustaka TLS (OpenSSL tidak mengulang sejak 1.1.0), atau matikan pengulangan pada perangkat.
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
        Set-ItemProperty $key -Name EphemKeyReuseTime -Value 0 -Type DWord
    """
    more = () if isinstance(known, Unobserved) else known.key_exchanges
    exchanges = (*seen.key_exchanges, *more)
    worst = min((it for it in exchanges if it.distinct < it.seen), key=_share, default=None)
    compared = [it for it in exchanges if it.seen > 1]
    if worst is not None:
        found = f"{worst.distinct}/{worst.seen}"
        yield REPEATED(seen=worst.seen, distinct=worst.distinct, group=worst.group, found=found)
    elif compared:
        groups = ", ".join(dict.fromkeys(it.group for it in compared))
        yield FRESH(seen=sum(it.seen for it in compared), groups=groups)
    elif exchanges or _may_make_some(seen):
        yield SEEN_ONCE()
    else:
        yield NONE_MADE()


def _share(exchange: KeyExchange) -> float:
    return exchange.distinct / exchange.seen


def _may_make_some(seen: Swept) -> bool:
    """Whether there are groups, or lists that may be short: then nobody can say that no values are made."""
    spoken = seen.spoken
    return any(it.groups or it.dh or it.suites_short or it.groups_short for it in spoken) or bool(seen.undetermined)
