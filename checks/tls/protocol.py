"""Versions of TLS and SSL: which are on, and whether the server bears with newer clients (RFC 8446, RFC 8996)."""

from collections.abc import Iterator
from typing import Literal

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import NEVER_ASKED, Swept, TlsVersion
from scanner.derive.tls_service import TLS_KINDS, TlsService, swept, tls_service
from scanner.derive.tls_weakness import first_open, is_open
from scanner.observations.steps import Reason, Unobserved

SSL = (TlsVersion.SSL2, TlsVersion.SSL3)
OLD = (TlsVersion.TLS10, TlsVersion.TLS11)
BELOW_13 = (TlsVersion.SSL3, TlsVersion.TLS10, TlsVersion.TLS11, TlsVersion.TLS12)


class ObsoleteParams(CheckParams, frozen=True):
    """Thresholds of tls.protocol.obsolete. SSLv2 and SSLv3 are obsolete whatever is set.

    `min_tls`: the oldest version that a service may accept.
    `min_tls`: versi tertua yang boleh diterima layanan.
    """

    min_tls: Literal["TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"] = "TLS1.2"


SSL_ACCEPTED = Outcome(
    "ssl",
    en="The server accepts {versions}; what SSL protects can be read by others",
    id="Server menerima {versions}; yang dilindungi SSL dapat dibaca pihak lain",
    severity=Severity.CRITICAL,
)
OLD_ACCEPTED = Outcome(
    "old_tls",
    en="The server accepts {versions}, which were retired in 2021",
    id="Server menerima {versions}, yang dinyatakan usang sejak 2021",
    severity=Severity.HIGH,
)
BELOW_POLICY = Outcome(
    "below_policy",
    en="The server accepts {versions}; the policy asks for {least} or newer",
    id="Server menerima {versions}; kebijakan meminta {least} atau yang lebih baru",
    severity=Severity.MEDIUM,
)
NONE_OLDER = Passed(
    "none_older",
    en="Nothing older than {least} is accepted",
    id="Tidak ada versi yang lebih lama dari {least} yang diterima",
)


@check(
    "tls.protocol.obsolete",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    params=ObsoleteParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(SSL_ACCEPTED, OLD_ACCEPTED, BELOW_POLICY, NONE_OLDER),
    references=("RFC 6176", "RFC 7568", "RFC 8996"),
)
def obsolete(seen: Swept, params: ObsoleteParams) -> Iterator[Verdict]:
    r"""No version of SSL or TLS is accepted that has been retired.

    Apa: Tidak ada versi SSL atau TLS usang yang diterima.
    Why: Old versions have faults that no setting repairs: whoever stands between visitor and service can read or change
        what is sent. Clients that still need them are very few.
    Sebab: Versi lama mengandung cacat yang tidak dapat diperbaiki dengan pengaturan: pihak di antara pengunjung dan
        layanan dapat membaca atau mengubah kiriman. Klien yang masih memerlukannya sangat sedikit.
    Fix: Leave TLS 1.2 and TLS 1.3 on and turn the others off.
    Perbaikan: Biarkan hanya TLS 1.2 dan TLS 1.3 aktif dan matikan yang lain.
    nginx: ssl_protocols TLSv1.2 TLSv1.3;
    Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3
    IIS:
        # PowerShell
        $all = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
        foreach ($old in "SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1") {
            New-Item "$all\$old\Server" -Force
            Set-ItemProperty "$all\$old\Server" -Name Enabled -Value 0 -Type DWord
        }
    Careful: Look into the access log for clients that come with old versions (`$ssl_protocol` in nginx) before you turn them
        off: machines of partners and old devices may need an update first.
    Hati-hati: Sebelum mematikannya, periksa log akses untuk klien yang memakai versi lama (`$ssl_protocol` pada nginx):
        mesin mitra dan perangkat lama mungkin perlu diperbarui lebih dahulu.
    """
    least = TlsVersion(params.min_tls.replace("TLS", "TLSv"))
    order = list(TlsVersion)
    older = tuple(order[: order.index(least)])
    accepted = [it for it in older if seen.version(it) and not isinstance(seen.version(it), Unobserved)]
    for outcome, about in ((SSL_ACCEPTED, SSL), (OLD_ACCEPTED, OLD), (BELOW_POLICY, (TlsVersion.TLS12,))):
        if any(it in accepted for it in about):
            # Of TLS 1.2, which a policy may want to be off, nobody says that it was retired.
            named = [it for it in accepted if outcome is not OLD_ACCEPTED or it in OLD]
            found = ", ".join(accepted)
            yield outcome(versions=", ".join(named), least=least, expected=f"{least}, ...", found=found)
            return
    why = first_open(seen, older)
    yield NONE_OLDER(least=least) if why is None else unknown(why)


NEITHER = Outcome(
    "neither",
    en="The server speaks neither TLS 1.2 nor TLS 1.3, only {versions}; today's browsers cannot connect",
    id="Server tidak memakai TLS 1.2 maupun TLS 1.3, hanya {versions}; peramban masa kini tidak dapat terhubung",
    severity=Severity.CRITICAL,
)
NO_TLS13 = Outcome(
    "no_tls13",
    en="The server speaks TLS 1.2 and not TLS 1.3",
    id="Server memakai TLS 1.2 tetapi tidak memakai TLS 1.3",
    severity=Severity.MEDIUM,
)
MODERN = Passed("modern", en="The server speaks TLS 1.3", id="Server memakai TLS 1.3")


@check(
    "tls.protocol.modern",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NEITHER, NO_TLS13, MODERN),
    references=("RFC 8446", "RFC 9325 3.1.1"),
)
def modern(seen: Swept) -> Iterator[Verdict]:
    r"""The server speaks the current version of TLS.

    Apa: Server memakai versi TLS yang berlaku saat ini.
    Why: TLS 1.3 leaves out most of what was attacked in TLS 1.2, hides the certificate from onlookers, and
        connects in half the round trips. Protection against quantum computers exists in TLS 1.3 only.
    Sebab: TLS 1.3 meniadakan sebagian besar bagian TLS 1.2 yang pernah diserang, menyembunyikan sertifikat dari pengamat, dan
        terhubung dengan separuh jumlah pesan bolak-balik. Pelindungan terhadap komputer kuantum hanya ada pada TLS 1.3.
    Fix: Turn TLS 1.3 on beside TLS 1.2. It needs OpenSSL 1.1.1 or newer, or Windows Server 2022.
    Perbaikan: Aktifkan TLS 1.3 di samping TLS 1.2. Diperlukan OpenSSL 1.1.1 atau lebih baru, atau Windows Server 2022.
    nginx: ssl_protocols TLSv1.2 TLSv1.3;
    Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.3\Server"
        New-Item $key -Force
        Set-ItemProperty $key -Name Enabled -Value 1 -Type DWord
        Set-ItemProperty $key -Name DisabledByDefault -Value 0 -Type DWord
    Careful: Where a proxy or firewall in front ends TLS, it is that one which must be set.
    Hati-hati: Bila TLS diakhiri oleh proxy atau firewall di depan, pengaturannya ada di sana.
    """
    tls13, tls12 = is_open(seen, TlsVersion.TLS13), is_open(seen, TlsVersion.TLS12)
    spoken = {it.version for it in seen.spoken}
    if TlsVersion.TLS13 in spoken:
        yield MODERN()
    elif tls13 is not None:
        yield unknown(tls13)
    elif TlsVersion.TLS12 in spoken:
        yield NO_TLS13(expected=TlsVersion.TLS13, found=TlsVersion.TLS12)
    elif tls12 is not None:
        yield unknown(tls12)
    else:
        versions = ", ".join(it for it in TlsVersion if it in spoken)
        yield NEITHER(versions=versions, expected=f"{TlsVersion.TLS12}, {TlsVersion.TLS13}", found=versions)


NOT_HONOURED = Outcome(
    "not_honoured",
    en="The server does not notice when a client was made to step down to an older version (TLS_FALLBACK_SCSV)",
    id="Server tidak mengenali klien yang dipaksa turun ke versi lebih lama (TLS_FALLBACK_SCSV)",
    severity=Severity.INFO,
)
HONOURED = Passed(
    "honoured",
    en="A forced step down to an older version is refused (TLS_FALLBACK_SCSV)",
    id="Penurunan paksa ke versi lebih lama ditolak (TLS_FALLBACK_SCSV)",
)
NOTHING_BELOW = DoesNotApply(
    "nothing_below",
    en="Fewer than two versions below TLS 1.3 are on, so there is no step down to notice",
    id="Kurang dari dua versi di bawah TLS 1.3 aktif, jadi tidak ada penurunan yang perlu dikenali",
)


@check(
    "tls.protocol.fallback",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NOT_HONOURED, HONOURED, NOTHING_BELOW),
    references=("RFC 7507", "RFC 8996 2"),
)
def fallback(seen: Swept) -> Iterator[Verdict]:
    r"""A client that was made to step down to an older version is told so.

    The signal is of use only while several versions below TLS 1.3 are on; RFC 8996 retired it with them.

    Apa: Klien yang dipaksa turun ke versi lebih lama diberi tahu.
    Rincian: Isyarat ini hanya berguna selama beberapa versi di bawah TLS 1.3 aktif; RFC 8996 menyatakannya usang bersama
        versi lama itu.
    Why: Somebody on the way can break connections until a client tries an older, weaker version; with the signal the server
        notices.
    Sebab: Pihak di tengah jalan dapat memutus koneksi sampai klien mencoba versi lama yang lebih lemah; dengan isyarat
        ini server mengenalinya.
    Fix: Turn off what is older than TLS 1.2; then nothing is left to step down to. Or update the TLS library.
    Perbaikan: Matikan versi yang lebih lama dari TLS 1.2; dengan begitu tidak ada lagi penurunan. Atau perbarui pustaka TLS.
    nginx: ssl_protocols TLSv1.2 TLSv1.3;
    Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3
    IIS:
        # PowerShell
        $all = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
        foreach ($old in "SSL 3.0", "TLS 1.0", "TLS 1.1") {
            New-Item "$all\$old\Server" -Force
            Set-ItemProperty "$all\$old\Server" -Name Enabled -Value 0 -Type DWord
        }
    """
    below = [it.version for it in seen.spoken if it.version in BELOW_13]
    if len(below) < 2:
        why = first_open(seen, BELOW_13)
        yield NOTHING_BELOW() if why is None else unknown(why)
    elif isinstance(seen.fallback_scsv, Unobserved):
        yield unknown(seen.fallback_scsv)
    elif seen.fallback_scsv is None:
        yield unknown(NEVER_ASKED)
    else:
        yield HONOURED() if seen.fallback_scsv else NOT_HONOURED(found=", ".join(below))


def _intolerant(key: str, en: str, id: str) -> Outcome:
    return Outcome(key, en=en, id=id, severity=Severity.MEDIUM)


INTOLERANT: dict[str, Outcome] = {
    "intolerant_tls13": _intolerant(
        "tls13",
        "A client that offers TLS 1.3 cannot connect, though the server need only answer with an older version",
        "Klien yang menawarkan TLS 1.3 tidak dapat terhubung, padahal server cukup menjawab dengan versi lebih lama",
    ),
    "intolerant_version": _intolerant(
        "version",
        "A client that offers a newer version cannot connect, though the server need only answer with an older one",
        "Klien yang menawarkan versi lebih baru tidak dapat terhubung, padahal server cukup menjawab dengan versi lebih lama",
    ),
    "intolerant_grease": _intolerant(
        "grease",
        "A client that sends reserved values, as Chrome does, cannot connect (GREASE, RFC 8701)",
        "Klien yang mengirim nilai cadangan, seperti Chrome, tidak dapat terhubung (GREASE, RFC 8701)",
    ),
    "intolerant_large_hello": _intolerant(
        "large_hello",
        "A client whose first message needs more than one packet, as with post-quantum keys, cannot connect",
        "Klien yang pesan pertamanya lebih dari satu paket, seperti dengan kunci pascakuantum, tidak dapat terhubung",
    ),
    "intolerant_long_hello": _intolerant(
        "long_hello",
        "A client whose first message has 256 to 511 octets cannot connect",
        "Klien yang pesan pertamanya sepanjang 256 sampai 511 oktet tidak dapat terhubung",
    ),
    "intolerant_extensions": _intolerant(
        "extensions",
        "A client that sends an extension the server does not know cannot connect",
        "Klien yang mengirim ekstensi yang tidak dikenal server tidak dapat terhubung",
    ),
    "intolerant_many_suites": _intolerant(
        "many_suites",
        "A client that offers many cipher suites cannot connect",
        "Klien yang menawarkan banyak cipher suite tidak dapat terhubung",
    ),
}
TOLERANT = Passed(
    "tolerant",
    en="Clients that offer new versions, unknown extensions and large first messages can connect",
    id="Klien yang menawarkan versi baru, ekstensi tak dikenal, dan pesan pertama yang besar dapat terhubung",
)
TOLERANT_OF_SMALL = Passed(
    "tolerant_of_small",
    en="Clients that offer new versions and unknown extensions can connect; large first messages were not tried",
    id="Klien yang menawarkan versi baru dan ekstensi tak dikenal dapat terhubung; pesan pertama yang besar tidak dicoba",
)
TRIED = frozenset({"intolerant_tls13", "intolerant_version", "intolerant_grease", "intolerant_extensions"})
"""What must have been tried before anybody is called tolerant."""
LARGE = "intolerant_large_hello"
NOT_ALL_ANSWERED = Unobserved(Reason.INCONCLUSIVE, "not every hello that shows it was asked and answered")


@check(
    "tls.protocol.tolerance",
    swept,
    tls_service,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(*INTOLERANT.values(), TOLERANT, TOLERANT_OF_SMALL),
    references=("RFC 8701", "RFC 8446 4.1.2", "tldr.fail"),
)
def tolerance(seen: Swept, service: TlsService) -> Iterator[Verdict]:
    """Clients that offer more than the server knows can connect.

    A server that refuses clients without a server name is not meant here.

    Apa: Klien yang menawarkan lebih dari yang dikenal server dapat terhubung.
    Rincian: Server yang menolak klien tanpa nama server tidak termasuk di sini.
    Why: Browsers bring new versions, extensions and post-quantum keys without asking; where a server or a box in front
        breaks off instead of ignoring them, visitors see an error that nobody understands.
    Sebab: Peramban membawa versi, ekstensi, dan kunci pascakuantum yang baru tanpa bertanya; bila server atau perangkat di
        depannya memutus koneksi alih-alih mengabaikannya, pengunjung melihat galat yang tidak dipahami siapa pun.
    Fix: Update the TLS library, or the firmware of the firewall, proxy or load balancer in front; try from inside, past the
        boxes in front, to see which of them it is.
    Perbaikan: Perbarui pustaka TLS, atau firmware firewall, proxy, atau load balancer di depannya; coba dari dalam, tanpa
        melewati perangkat di depan, untuk mengetahui perangkat mana penyebabnya.
    shell: openssl s_client -connect layanan.contoh.go.id:443 -tls1_3 -brief
    """
    found = [it for it in seen.oddities if it.key in INTOLERANT]
    for oddity in found:
        outcome = INTOLERANT[oddity.key]
        yield outcome(found=oddity.detail or oddity.key).about("intolerance", f"{service} {outcome.key}")
    if found:
        return
    # Large hellos are of TLS 1.3: a service that speaks it was asked with one, and what came of it is not known here.
    large = {LARGE} if any(it.version is TlsVersion.TLS13 for it in seen.spoken) else set()
    if not (TRIED | large).issubset(seen.tolerated):
        yield unknown(NOT_ALL_ANSWERED)
    else:
        yield TOLERANT() if LARGE in seen.tolerated else TOLERANT_OF_SMALL()
