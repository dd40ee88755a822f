"""Groups of the key exchange: what can be broken, what lies outside the policy, and protection against quantum computers."""

from collections.abc import Iterable, Iterator

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import DhGroup, Spoken, Swept, TlsVersion
from scanner.derive.tls_names import GroupKind, group, group_name
from scanner.derive.tls_policy import (
    Grade,
    TlsPolicy,
    dh_name,
    dh_rated,
    groups_outside,
    policy_called,
)
from scanner.derive.tls_service import TLS_KINDS, TlsService, swept, tls_service
from scanner.derive.tls_weakness import AFTER_SSL2, DhFault, dh_faults, groups_open, is_open, is_weak_curve, untested

LEAST_DH_BITS = 2048
MAX_GROUPS_SHOWN = 6
HYBRIDS = {"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"}
POLICY_SUBJECT = "groups of the policy"


class GroupParams(CheckParams, frozen=True):
    """Thresholds of tls.group.policy.

    `policy`: the name of a TLS policy; docs/tls-policies.md tells which there are.
    `policy`: nama kebijakan TLS; docs/tls-policies.md menyebut yang tersedia.
    `dh_min_bits`: the least size of a finite-field group, in bits.
    `dh_min_bits`: ukuran terkecil grup medan hingga, dalam bit.
    """

    policy: str = "pindai-gov"
    dh_min_bits: int = LEAST_DH_BITS

    def __post_init__(self) -> None:
        """Raises ValueError for a policy that is not there."""
        policy_called(self.policy)


SHORT_DH = Outcome(
    "short_dh",
    en="The key exchange uses a finite-field group of only {bits} bits, which is none of the published ones",
    id="Pertukaran kunci memakai grup medan hingga yang hanya {bits} bit dan bukan grup terbitan",
    severity=Severity.HIGH,
)
COMMON_DH = Outcome(
    "common_dh",
    en="The key exchange uses {group}, a finite-field group of only {bits} bits that many servers share",
    id="Pertukaran kunci memakai {group}, grup medan hingga yang hanya {bits} bit dan dipakai banyak server",
    severity=Severity.HIGH,
)
COMPOSITE_DH = Outcome(
    "composite_dh",
    en="The modulus of a finite-field group of {bits} bits is no prime",
    id="Modulus grup medan hingga {bits} bit bukan bilangan prima",
    severity=Severity.HIGH,
)
NO_GROUP = Outcome(
    "generator",
    en="The generator of a finite-field group of {bits} bits gives only few values",
    id="Generator grup medan hingga {bits} bit hanya menghasilkan sedikit nilai",
    severity=Severity.HIGH,
)
WEAK_CURVE = Outcome(
    "weak_curve",
    en="The key exchange takes curves of fewer than 224 bits: {groups}",
    id="Pertukaran kunci menerima kurva kurang dari 224 bit: {groups}",
    severity=Severity.HIGH,
)
UNBROKEN = Passed(
    "unbroken",
    en="None of the {count} groups of the key exchange is too small or malformed",
    id="Tidak satu pun dari {count} grup pertukaran kunci terlalu kecil atau cacat",
)
NO_GROUPS = DoesNotApply(
    "no_groups",
    en="No suite that is accepted agrees on keys in a group",
    id="Tidak ada cipher suite yang diterima yang menyepakati kunci dalam suatu grup",
)
OUTSIDE = Outcome(
    "outside",
    en="Groups are accepted that the policy {policy} does not recommend: {groups}",
    id="Grup yang tidak dianjurkan kebijakan {policy} diterima: {groups}",
    severity=Severity.MEDIUM,
)
BELOW_POLICY = Outcome(
    "below_policy",
    en="A finite-field group has {bits} bits; the policy asks for {need}",
    id="Grup medan hingga berukuran {bits} bit; kebijakan meminta {need}",
    severity=Severity.MEDIUM,
)
SUBGROUPS = Outcome(
    "subgroups",
    en="A finite-field group of {bits} bits has small subgroups beside the one that is meant (no safe prime)",
    id="Grup medan hingga {bits} bit memiliki subgrup kecil di samping yang dimaksud (bukan safe prime)",
    severity=Severity.MEDIUM,
)
INSIDE = Passed(
    "inside",
    en="All groups accepted are inside the policy {policy}",
    id="Semua grup yang diterima sesuai kebijakan {policy}",
)
INSIDE_FOR_NOW = Passed(
    "inside_for_now",
    en="All groups accepted are inside the policy {policy}; it wants these phased out: {groups}",
    id="Semua grup yang diterima sesuai kebijakan {policy}; yang perlu ditinggalkan bertahap: {groups}",
)
ELSEWHERE = DoesNotApply(
    "elsewhere",
    en="The groups outside the policy {policy} stand in another finding about this service",
    id="Grup di luar kebijakan {policy} tercatat pada temuan lain tentang layanan ini",
)


@check(
    "tls.group.policy",
    swept,
    tls_service,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    params=GroupParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(
        *(SHORT_DH, COMMON_DH, COMPOSITE_DH, NO_GROUP, WEAK_CURVE, OUTSIDE, BELOW_POLICY, SUBGROUPS),
        *(UNBROKEN, INSIDE, INSIDE_FOR_NOW, NO_GROUPS, ELSEWHERE),
    ),
    references=("RFC 7919", "RFC 9325 4.4", "RFC 10015", "CVE-2015-4000", "docs/tls-policies.md"),
)
def policy(seen: Swept, service: TlsService, params: GroupParams) -> Iterator[Verdict]:
    """Keys are agreed on in groups that nobody can break, and that the policy recommends.

    Finite-field groups that are not published ones are tested: whether the modulus is prime, and safe. What an attack of
    1024-bit groups and of export groups needs besides is said by tls.vulnerability.logjam.

    Apa: Kunci disepakati dalam grup yang tidak dapat dipecahkan dan dianjurkan kebijakan.
    Rincian: Grup medan hingga yang bukan grup terbitan diuji: apakah modulusnya bilangan prima, dan safe prime. Yang
        diperlukan serangan terhadap grup 1024 bit dan grup ekspor dinilai pada tls.vulnerability.logjam.
    Why: Whoever breaks the group reads everything that was ever agreed on in it; groups that many servers share are worth
        the effort.
    Sebab: Siapa pun yang memecahkan grup dapat membaca semua yang pernah disepakati di dalamnya; grup yang dipakai banyak
        server sepadan dengan usahanya.
    Fix: Use curves, and drop the suites that begin with DHE: RFC 10015 deprecates them, and no browser needs them.
    Perbaikan: Pakai kurva, dan lepaskan cipher suite yang diawali DHE: RFC 10015 menyatakannya usang, dan tidak ada
        peramban yang memerlukannya.
    nginx:
        ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
        ssl_ecdh_curve X25519:prime256v1:secp384r1;
    Apache:
        SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20
        SSLOpenSSLConfCmd Groups X25519:prime256v1:secp384r1
    IIS:
        # PowerShell
        Get-TlsCipherSuite | Where-Object Name -match "^TLS_DHE_" |
            ForEach-Object { Disable-TlsCipherSuite -Name $_.Name }
        Enable-TlsEccCurve -Name "curve25519" -Position 0
    Careful: With OpenSSL 3.5 or newer leave the list of curves out, so that the post-quantum group stays on.
    Hati-hati: Dengan OpenSSL 3.5 atau lebih baru, daftar kurva tidak perlu ditulis agar grup pascakuantum tetap aktif.
    """
    used = policy_called(params.policy)
    yield _breakable(seen, params)
    yield _policy(seen, used, params).about(POLICY_SUBJECT, str(service))


def _parameters(spoken: Iterable[Spoken]) -> tuple[DhGroup, ...]:
    """The finite-field groups of these versions, each once whatever suites it came with."""
    return tuple({(it.prime, it.generator): it for one in spoken for it in one.dh}.values())


def _floor(params: GroupParams) -> int:
    """What is too small whatever the policy asks; who asks for less is not told that less is broken."""
    return min(LEAST_DH_BITS, params.dh_min_bits)


def _breakable(seen: Swept, params: GroupParams) -> Verdict:
    dh = _parameters(seen.spoken)
    smallest = min((it for it in dh if it.bits < _floor(params)), key=lambda it: it.bits, default=None)
    if smallest is not None:
        need, bits = str(_floor(params)), str(smallest.bits)
        if smallest.name is None:
            return SHORT_DH(bits=bits, expected=need, found=bits)
        return COMMON_DH(group=smallest.name, bits=bits, expected=need, found=f"{smallest.name}, {bits}")
    for it, fault in dh_faults(dh).items():
        if fault is not DhFault.SMALL_SUBGROUPS:
            outcome = COMPOSITE_DH if fault is DhFault.COMPOSITE else NO_GROUP
            return outcome(bits=str(it.bits), found=dh_name(it))
    groups = tuple(dict.fromkeys(it for spoken in seen.spoken for it in spoken.groups))
    if weak := [it for it in groups if is_weak_curve(it)]:
        shown = _listed(map(group_name, weak))
        return WEAK_CURVE(groups=shown, found=shown)
    if (why := groups_open(seen, AFTER_SSL2) or untested(dh)) is not None:
        return unknown(why)
    return UNBROKEN(count=len(groups) + len(dh)) if groups or dh else NO_GROUPS()


def _policy(seen: Swept, used: TlsPolicy, params: GroupParams) -> Verdict:
    name = str(used)
    spoken = [it for it in seen.spoken if it.version in AFTER_SSL2]
    parameters = _parameters(spoken)
    faults = dh_faults(parameters)
    sound = [it for it in parameters if it.bits >= _floor(params) and it not in faults]
    subgroups = next((it for it, fault in faults.items() if fault is DhFault.SMALL_SUBGROUPS), None)
    rated = {
        group_name(number): it.grade for number, it in groups_outside(used, spoken).items() if not is_weak_curve(number)
    }
    rated |= {dh_name(it): grade for it in sound if not (grade := dh_rated(used, it).grade).is_inside}
    outside = [it for it, grade in rated.items() if grade is Grade.INSUFFICIENT]
    short = min((it.bits for it in sound if it.bits < params.dh_min_bits), default=None)
    if outside:
        return OUTSIDE(policy=name, groups=_listed(outside), found=_listed(outside))
    if short is not None:
        need = str(params.dh_min_bits)
        return BELOW_POLICY(bits=str(short), need=need, expected=need, found=str(short))
    if subgroups is not None:
        return SUBGROUPS(bits=str(subgroups.bits), found=dh_name(subgroups))
    if (why := groups_open(seen, AFTER_SSL2) or untested(parameters)) is not None:
        return unknown(why)
    groups = [it for one in spoken for it in one.groups]
    if len(sound) < len(parameters) or any(map(is_weak_curve, groups)):
        return ELSEWHERE(policy=name)  # told as breakable
    if not groups and not parameters:
        return NO_GROUPS()
    return INSIDE_FOR_NOW(policy=name, groups=_listed(rated)) if rated else INSIDE(policy=name)


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = len(found) - MAX_GROUPS_SHOWN
    return ", ".join(found[:MAX_GROUPS_SHOWN]) + (f" (+{more})" if more > 0 else "")


NO_HYBRID = Outcome(
    "none",
    en="The server agrees on no key that would resist a quantum computer",
    id="Server tidak menyepakati kunci yang tahan terhadap komputer kuantum",
    severity=Severity.INFO,
)
HYBRID = Passed(
    "hybrid",
    en="Keys that resist quantum computers can be agreed on: {groups}",
    id="Kunci yang tahan terhadap komputer kuantum dapat disepakati: {groups}",
)


@check(
    "tls.group.post_quantum",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(NO_HYBRID, HYBRID),
    references=("FIPS 203", "RFC 10024"),
)
def post_quantum(seen: Swept) -> Iterator[Verdict]:
    """Clients that can protect today's data against the quantum computers of tomorrow are let.

    Meant are the groups that join a curve with ML-KEM: X25519MLKEM768, SecP256r1MLKEM768 and SecP384r1MLKEM1024. Drafts of
    them that browsers gave up do not count.

    Apa: Klien yang dapat melindungi data hari ini terhadap komputer kuantum kelak dilayani.
    Rincian: Yang dimaksud adalah grup yang menggabungkan kurva dengan ML-KEM: X25519MLKEM768, SecP256r1MLKEM768, dan
        SecP384r1MLKEM1024. Rancangan lama yang sudah ditinggalkan peramban tidak dihitung.
    Why: What is recorded today can be opened once there are quantum computers; data that must stay secret for ten years
        needs protection now. Browsers have offered it since 2024.
    Sebab: Yang direkam hari ini dapat dibuka bila komputer kuantum sudah ada; data yang harus tetap rahasia sepuluh tahun
        memerlukan pelindungan sekarang. Peramban sudah menawarkannya sejak 2024.
    Fix: Update to OpenSSL 3.5 or newer and leave the list of curves to it; TLS 1.3 must be on.
    Perbaikan: Perbarui ke OpenSSL 3.5 atau lebih baru dan serahkan daftar kurva kepadanya; TLS 1.3 harus aktif.
    nginx:
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ecdh_curve auto;
    Apache: SSLProtocol -all +TLSv1.2 +TLSv1.3
    shell: openssl s_client -connect layanan.contoh.go.id:443 -groups X25519MLKEM768 -brief
    """
    spoken = [it for it in seen.spoken if it.version is TlsVersion.TLS13]
    found = [group_name(it) for spoken_ in spoken for it in spoken_.groups if _resists(it)]
    why = is_open(seen, TlsVersion.TLS13) or next((it.groups_short for it in spoken if it.groups_short), None)
    if found:
        yield HYBRID(groups=", ".join(dict.fromkeys(found)))
    elif why is not None:
        yield unknown(why)
    else:
        yield NO_HYBRID(expected=", ".join(sorted(HYBRIDS)))


def _resists(number: int) -> bool:
    """Whether a group is one of the three hybrids, or ML-KEM alone, which resists as well."""
    known = group(number)
    return known is not None and (known.name in HYBRIDS or known.kind is GroupKind.KEM)
