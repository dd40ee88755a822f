"""Cipher suites: what is broken whatever a policy says, what lies outside the policy, and in which order they are taken."""

from collections.abc import Iterable, Iterator, Mapping

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import Preference, Spoken, Swept, TlsVersion
from scanner.derive.tls_names import suite_name
from scanner.derive.tls_policy import (
    Grade,
    Order,
    TlsPolicy,
    judged_of,
    order_deviations,
    policy_called,
    preference_open,
    suites_outside,
    versions_of,
    worse_first,
)
from scanner.derive.tls_service import TLS_KINDS, TlsService, swept, tls_service
from scanner.derive.tls_weakness import AFTER_SSL2, Weakness, is_aead, suites_open, weakness_of

MAX_SUITES_SHOWN = 3

Found = Mapping[TlsVersion, tuple[int, ...]]
"""Suites by the version in which they were accepted."""


def _listed(found: Found) -> str:
    """Suites as people call them, by version, the newest first and not too many."""
    parts: list[str] = []
    left = MAX_SUITES_SHOWN
    for version in sorted(found, key=list(TlsVersion).index, reverse=True):
        if numbers := found[version]:
            shown = ", ".join(map(suite_name, numbers[:left]))
            more = len(numbers) - left
            parts.append(
                f"{version}: {shown} (+{more})" if shown and more > 0 else f"{version}: {shown or f'+{len(numbers)}'}"
            )
            left = max(left - len(numbers), 0)
    return "; ".join(parts)


def _only(spoken: Iterable[Spoken], wanted: Iterable[Weakness]) -> Found:
    wanted = frozenset(wanted)
    return {it.version: tuple(n for n in it.suites if weakness_of(n) in wanted) for it in spoken}


NO_ENCRYPTION = Outcome(
    "no_encryption",
    en="Suites without encryption are accepted: {suites}",
    id="Cipher suite tanpa enkripsi diterima: {suites}",
    severity=Severity.CRITICAL,
)
ENCRYPTED = Passed(
    "encrypted",
    en="No suite without encryption is accepted",
    id="Tidak ada cipher suite tanpa enkripsi yang diterima",
)
ANONYMOUS = Outcome(
    "anonymous",
    en="Suites are accepted in which nobody proves who answers: {suites}",
    id="Cipher suite tanpa pembuktian siapa yang menjawab diterima: {suites}",
    severity=Severity.CRITICAL,
)
EXPORT = Outcome(
    "export",
    en="Export suites are accepted, whose keys are broken within hours: {suites}",
    id="Cipher suite ekspor diterima, yang kuncinya terpecahkan dalam hitungan jam: {suites}",
    severity=Severity.CRITICAL,
)
BROKEN = Outcome(
    "broken",
    en="Broken suites are accepted: {suites}",
    id="Cipher suite yang sudah terpecahkan diterima: {suites}",
    severity=Severity.HIGH,
)
SOUND = Passed(
    "sound",
    en="No broken or anonymous suite is accepted",
    id="Tidak ada cipher suite rusak atau anonim yang diterima",
)
SSL2_ONLY = DoesNotApply(
    "ssl2_only",
    en="Only SSLv2 is spoken; that is a finding of tls.protocol.obsolete",
    id="Hanya SSLv2 yang dipakai; itu temuan tls.protocol.obsolete",
)
GRAVEST = (
    (ANONYMOUS, frozenset({Weakness.ANONYMOUS})),
    (EXPORT, frozenset({Weakness.EXPORT})),
    (BROKEN, frozenset({Weakness.RC4, Weakness.DES, Weakness.TRIPLE_DES, Weakness.SHORT_BLOCK, Weakness.MD5})),
)


@check(
    "tls.cipher.insecure",
    swept,
    tls_service,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(NO_ENCRYPTION, ANONYMOUS, EXPORT, BROKEN, ENCRYPTED, SOUND, SSL2_ONLY),
    references=("RFC 9325 4.1", "RFC 7465", "RFC 8996", "CVE-2016-2183", "CVE-2015-0204", "CVE-2015-4000"),
)
def insecure(seen: Swept, service: TlsService) -> Iterator[Verdict]:
    """No cipher suite is accepted that protects nothing, or that is broken.

    Broken are RC4, DES, 3DES and other ciphers of 64-bit blocks, RC2, MD5, export suites, and suites in which nobody proves
    who answers. This is about what is accepted, in every version from SSLv3 on, whatever a policy says; whether one of the
    known attacks works is said by tls.vulnerability (freak, logjam, sweet32), and tls.cipher.policy leaves these suites out.

    Apa: Tidak ada cipher suite tanpa pelindungan atau yang sudah terpecahkan yang diterima.
    Rincian: Yang dianggap rusak: RC4, DES, 3DES dan cipher lain berblok 64 bit, RC2, MD5, cipher suite ekspor, serta cipher
        suite tanpa pembuktian siapa yang menjawab. Yang dilihat adalah apa yang diterima, pada setiap versi sejak SSLv3,
        apa pun kebijakannya; apakah serangan yang dikenal berhasil dinilai pada tls.vulnerability (freak, logjam, sweet32),
        dan tls.cipher.policy tidak menyebut cipher suite ini lagi.
    Why: A client that can be talked into such a suite sends passwords and personal data as good as in clear.
    Sebab: Klien yang terbujuk memakai cipher suite seperti itu mengirim kata sandi dan data pribadi seakan-akan terbuka.
    Fix: Offer only suites with forward secrecy and authenticated encryption.
    Perbaikan: Tawarkan hanya cipher suite dengan forward secrecy dan enkripsi terautentikasi.
    nginx:
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    Apache:
        SSLProtocol -all +TLSv1.2 +TLSv1.3
        SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20
    IIS:
        # PowerShell
        Get-TlsCipherSuite | Where-Object Name -match "NULL|RC4|DES|MD5|EXPORT" |
            ForEach-Object { Disable-TlsCipherSuite -Name $_.Name }
    Careful: Clients of before 2014 may need suites outside this list; the access log tells whether there are any
        (`$ssl_cipher` in nginx).
    Hati-hati: Klien dari sebelum 2014 mungkin memerlukan cipher suite di luar daftar ini; log akses menunjukkan apakah masih
        ada (`$ssl_cipher` pada nginx).
    """
    spoken = [it for it in seen.spoken if it.version in AFTER_SSL2]
    why = suites_open(seen, AFTER_SSL2)
    if not spoken and why is None:
        yield SSL2_ONLY()
        return
    about = "suites without encryption", str(service)
    if _has(spoken, {Weakness.NO_ENCRYPTION}):
        plain = _listed(_only(spoken, {Weakness.NO_ENCRYPTION}))
        yield NO_ENCRYPTION(suites=plain, found=plain).about(*about)
    else:
        yield (ENCRYPTED() if why is None else unknown(why)).about(*about)
    for outcome, classes in GRAVEST:
        if _has(spoken, classes):
            everything = _only(spoken, {it for _, several in GRAVEST for it in several})
            yield outcome(suites=_listed(_only(spoken, classes)), found=_listed(everything))
            return
    yield SOUND() if why is None else unknown(why)


def _has(spoken: Iterable[Spoken], wanted: Iterable[Weakness]) -> bool:
    return any(_only(spoken, wanted).values())


class PolicyParams(CheckParams, frozen=True):
    """The policy that suites are held against.

    `policy`: the name of a TLS policy; docs/tls-policies.md tells which there are.
    `policy`: nama kebijakan TLS; docs/tls-policies.md menyebut yang tersedia.
    """

    policy: str = "pindai-gov"

    def __post_init__(self) -> None:
        """Raises ValueError for a policy that is not there."""
        policy_called(self.policy)


OUTSIDE = Outcome(
    "outside",
    en="Suites are accepted that the policy {policy} calls insufficient: {suites}",
    id="Cipher suite yang menurut kebijakan {policy} tidak memadai diterima: {suites}",
    severity=Severity.MEDIUM,
)
PHASE_OUT = Outcome(
    "phase_out",
    en="Suites are accepted that the policy {policy} wants phased out: {suites}",
    id="Cipher suite yang menurut kebijakan {policy} perlu ditinggalkan bertahap diterima: {suites}",
    severity=Severity.LOW,
)
INSIDE = Passed(
    "inside",
    en="All suites accepted are inside the policy {policy}",
    id="Semua cipher suite yang diterima sesuai kebijakan {policy}",
)
CBC_OUTSIDE = Outcome(
    "no_aead",
    en="Suites without authenticated encryption are accepted that the policy {policy} calls insufficient: {suites}",
    id="Cipher suite tanpa enkripsi terautentikasi yang menurut kebijakan {policy} tidak memadai diterima: {suites}",
    severity=Severity.MEDIUM,
)
CBC_PHASE_OUT = Outcome(
    "no_aead_phase_out",
    en="Suites without authenticated encryption are accepted that the policy {policy} wants phased out: {suites}",
    id="Cipher suite tanpa enkripsi terautentikasi yang menurut kebijakan {policy} perlu ditinggalkan bertahap diterima: "
    "{suites}",
    severity=Severity.LOW,
)
CBC_ALLOWED = Outcome(
    "no_aead_allowed",
    en="Suites without authenticated encryption are accepted, as the policy {policy} allows: {suites}",
    id="Cipher suite tanpa enkripsi terautentikasi diterima, sebagaimana diizinkan kebijakan {policy}: {suites}",
    severity=Severity.INFO,
)
ALL_AEAD = Passed(
    "all_aead",
    en="All suites accepted have authenticated encryption",
    id="Semua cipher suite yang diterima memakai enkripsi terautentikasi",
)
ELSEWHERE = DoesNotApply(
    "elsewhere",
    en="What is accepted beside suites of the policy {policy} stands in another finding about this service",
    id="Yang diterima di luar cipher suite kebijakan {policy} tercatat pada temuan lain tentang layanan ini",
)
NO_AEAD_SUBJECT = "suites without AEAD"


@check(
    "tls.cipher.policy",
    swept,
    tls_service,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    params=PolicyParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(OUTSIDE, PHASE_OUT, CBC_OUTSIDE, CBC_PHASE_OUT, CBC_ALLOWED, INSIDE, ALL_AEAD, ELSEWHERE),
    references=("docs/tls-policies.md", "RFC 9325 4.2", "RFC 10015"),
)
def policy(seen: Swept, service: TlsService, params: PolicyParams) -> Iterator[Verdict]:
    """Only cipher suites are accepted that the policy recommends.

    Suites without authenticated encryption (CBC) are a finding of their own. Broken suites are those of tls.cipher.insecure,
    and suites of obsolete versions are not judged one by one: such a version is to go as a whole (tls.protocol.obsolete).

    The policies there are, and the document that each of their values comes from, stand in docs/tls-policies.md. With
    `--tls-policy NAME` the terminal and result.json tell, beside the findings, what another policy would say.

    Apa: Hanya cipher suite yang dianjurkan kebijakan yang diterima.
    Rincian: Cipher suite tanpa enkripsi terautentikasi (CBC) menjadi temuan tersendiri. Cipher suite yang rusak dinilai pada
        tls.cipher.insecure, dan cipher suite dari versi usang tidak dinilai satu per satu: versi itu perlu dimatikan
        seluruhnya (tls.protocol.obsolete).
    Rincian: Kebijakan yang tersedia, dan dokumen asal setiap nilainya, ada dalam docs/tls-policies.md. Dengan
        `--tls-policy NAMA` terminal dan result.json menampilkan, di samping temuan, apa yang dikatakan kebijakan lain.
    Why: Without forward secrecy (static RSA), whoever gets the server's key later can read everything that was recorded; CBC
        suites have been attacked again and again; short authentication tags can be guessed.
    Sebab: Tanpa forward secrecy (RSA statis), siapa pun yang kelak memperoleh kunci server dapat membaca semua yang pernah
        direkam; cipher suite CBC berulang kali diserang; tag autentikasi yang pendek dapat ditebak.
    Fix: Offer ECDHE with AES-GCM and ChaCha20-Poly1305 only. Every browser since 2014 can do that.
    Perbaikan: Tawarkan hanya ECDHE dengan AES-GCM dan ChaCha20-Poly1305. Semua peramban sejak 2014 mampu memakainya.
    nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    Apache: SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20
    IIS:
        # PowerShell
        Get-TlsCipherSuite | Where-Object Name -match "^TLS_RSA_|^TLS_DHE_|_CBC_" |
            ForEach-Object { Disable-TlsCipherSuite -Name $_.Name }
    Careful: Windows before 10, Android before 4.4, Java before 8 and some machines of partners know CBC or static RSA only.
        The access log tells whether they come (`$ssl_cipher` in nginx).
    Hati-hati: Windows sebelum 10, Android sebelum 4.4, Java sebelum 8, dan sebagian mesin mitra hanya mengenal CBC atau RSA
        statis. Log akses menunjukkan apakah mereka masih datang (`$ssl_cipher` pada nginx).
    """
    used = policy_called(params.policy)
    judged = judged_of(used, seen)
    why = suites_open(seen, versions_of(used))
    aead, others = _outside(used, judged, aead=True), _outside(used, judged, aead=False)
    # What other findings name keeps this one from speaking for the service, and is not told twice.
    rest = len(judged) < len(seen.spoken) or any(weakness_of(n) is not None for it in judged for n in it.suites)
    name = str(used)
    if any(aead.values()):
        yield _graded(used, aead, OUTSIDE, PHASE_OUT)
    elif why is not None:
        yield unknown(why)
    else:
        yield ELSEWHERE(policy=name) if rest or any(others.values()) else INSIDE(policy=name)
    allowed = {it.version: tuple(n for n in it.suites if _is_plain(n)) for it in judged}
    about = NO_AEAD_SUBJECT, str(service)
    if any(others.values()):
        yield _graded(used, others, CBC_OUTSIDE, CBC_PHASE_OUT).about(*about)
    elif why is not None:
        yield unknown(why).about(*about)
    elif any(allowed.values()):
        yield CBC_ALLOWED(policy=name, suites=_listed(allowed), found=_listed(allowed)).about(*about)
    else:
        yield (ELSEWHERE(policy=name) if rest else ALL_AEAD()).about(*about)


def _is_plain(number: int) -> bool:
    """Whether a suite lacks authenticated encryption, and is not broken besides."""
    return not is_aead(number) and weakness_of(number) is None


def _outside(used: TlsPolicy, judged: Iterable[Spoken], *, aead: bool) -> Found:
    """Suites outside the policy that no other check calls broken."""
    return {
        it.version: tuple(n for n in suites_outside(used, it) if is_aead(n) is aead and weakness_of(n) is None)
        for it in judged
    }


def _graded(used: TlsPolicy, found: Found, insufficient: Outcome, phase_out: Outcome) -> Verdict:
    """The finding about the worst of these suites, and about no others; those of the other grade wait until these are off."""
    worst = {
        version: tuple(n for n in numbers if used.suite(version, n).grade is Grade.INSUFFICIENT)
        for version, numbers in found.items()
    }
    outcome, shown = (insufficient, worst) if any(worst.values()) else (phase_out, found)
    return outcome(policy=str(used), suites=_listed(shown), found=_listed(shown))


CLIENT_CHOOSES = Outcome(
    "client_chooses",
    en="In {version} the client chooses among suites of which the policy {policy} recommends only some",
    id="Pada {version} klien memilih di antara cipher suite yang hanya sebagian dianjurkan kebijakan {policy}",
    severity=Severity.LOW,
)
WORSE_FIRST = Outcome(
    "worse_first",
    en="In {version} the server puts {worse}, outside the policy {policy}, before {better}",
    id="Pada {version} server mendahulukan {worse}, yang di luar kebijakan {policy}, daripada {better}",
    severity=Severity.LOW,
)
IN_ORDER = Passed(
    "in_order",
    en="Suites of the policy {policy} come first wherever others are on",
    id="Cipher suite kebijakan {policy} didahulukan di mana pun ada yang lain",
)
NO_DIFFERENCE = Passed(
    "no_difference",
    en="The order makes no difference: no version mixes suites inside and outside the policy {policy}",
    id="Urutan tidak berpengaruh: tidak ada versi yang mencampur cipher suite di dalam dan di luar kebijakan {policy}",
)
FREE = DoesNotApply(
    "free",
    en="The policy {policy} leaves the order to clients",
    id="Kebijakan {policy} menyerahkan urutan kepada klien",
)
NONE_JUDGED = DoesNotApply(
    "none_judged",
    en="No version is spoken whose suites the policy {policy} judges",
    id="Tidak ada versi yang dipakai yang cipher suite-nya dinilai kebijakan {policy}",
)


@check(
    "tls.cipher.order",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    params=PolicyParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(CLIENT_CHOOSES, WORSE_FIRST, IN_ORDER, NO_DIFFERENCE, FREE, NONE_JUDGED),
    references=("docs/tls-policies.md", "RFC 9325 4.2.1"),
)
def order(seen: Swept, params: PolicyParams) -> Iterator[Verdict]:
    """Where suites outside the policy are on, those inside it are taken first.

    Among suites that are all inside the policy the client may choose: it knows best what it computes fast.

    Apa: Bila cipher suite di luar kebijakan aktif, yang di dalam kebijakan didahulukan.
    Rincian: Di antara cipher suite yang semuanya di dalam kebijakan, klien boleh memilih: klien paling tahu mana yang cepat
        baginya.
    Why: Otherwise a client that could do better uses a weaker suite, and nobody notices.
    Sebab: Bila tidak, klien yang mampu lebih baik memakai cipher suite yang lebih lemah, dan tidak ada yang menyadarinya.
    Fix: Turn off what is outside the policy; until then let the server choose, with the good suites first.
    Perbaikan: Matikan yang di luar kebijakan; sementara itu biarkan server memilih, dengan cipher suite yang baik di depan.
    nginx:
        ssl_prefer_server_ciphers on;
        ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES;
    Apache:
        SSLHonorCipherOrder on
        SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES
    IIS:
        # PowerShell
        Enable-TlsCipherSuite -Name "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" -Position 0
        Enable-TlsCipherSuite -Name "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" -Position 0
    """
    used = policy_called(params.policy)
    name = str(used)
    if used.order is Order.FREE:
        yield FREE(policy=name)
        return
    judged = judged_of(used, seen)
    for spoken in judged:
        if any(True for _ in order_deviations(used, spoken)):
            yield _out_of_order(used, spoken)
            return
    mixed = [it for it in judged if 0 < len(suites_outside(used, it)) < len(it.suites)]
    why = suites_open(seen, versions_of(used))
    why = why or next((preference_open(seen, it) for it in mixed if it.preference is Preference.UNKNOWN), None)
    if why is not None:
        yield unknown(why)
    elif not judged:
        yield NONE_JUDGED(policy=name)
    else:
        yield IN_ORDER(policy=name) if mixed else NO_DIFFERENCE(policy=name)


def _out_of_order(used: TlsPolicy, spoken: Spoken) -> Verdict:
    pair = worse_first(used, spoken)
    if spoken.preference is Preference.CLIENT or pair is None:
        return CLIENT_CHOOSES(version=spoken.version, policy=str(used), found=Preference.CLIENT)
    worse, better = map(suite_name, pair)
    return WORSE_FIRST(
        version=spoken.version, policy=str(used), worse=worse, better=better, expected=better, found=worse
    )
