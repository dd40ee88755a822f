"""Whether the addresses of a name present one service: certificates, versions and suites."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TypeVar

from scanner.api import At, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, everywhere, unknown
from scanner.derive.tls_certificates import Served, certificates_served
from scanner.derive.tls_facts import Spoken, Swept, TlsVersion
from scanner.derive.tls_service import TLS_KINDS, TlsService, swept, tls_service
from scanner.observations.steps import Unobserved

T = TypeVar("T")

CERTIFICATES = Outcome(
    "certificates",
    en="{one} presents another certificate than {other}, with keys of the same kind or none in common",
    id="{one} menyajikan sertifikat yang berbeda dari {other}; jenis kuncinya sama, atau tidak ada jenis yang sama",
    severity=Severity.MEDIUM,
)
PROTOCOLS = Outcome(
    "protocols",
    en="{one} accepts {version}, and {other} refuses it",
    id="{one} menerima {version}, sedangkan {other} menolaknya",
    severity=Severity.MEDIUM,
)
SUITES = Outcome(
    "suites",
    en="{one} accepts {count} suites over {version} that {other} does not take",
    id="{one} menerima {count} cipher suite pada {version} yang tidak diterima {other}",
    severity=Severity.MEDIUM,
)
ONE_ADDRESS = DoesNotApply(
    "one_address",
    en="One address was looked at, so there is nothing to compare",
    id="Hanya satu alamat yang dilihat, sehingga tidak ada yang dibandingkan",
)
SAME_CERTIFICATES = Passed(
    "same_certificates",
    en="{count} addresses present the same certificates",
    id="{count} alamat menyajikan sertifikat yang sama",
)
SAME_PROTOCOLS = Passed(
    "same_protocols",
    en="{count} addresses accept the same versions",
    id="{count} alamat menerima versi yang sama",
)
SAME_SUITES = Passed(
    "same_suites",
    en="{count} addresses accept the same suites, as far as they are known",
    id="{count} alamat menerima cipher suite yang sama, sejauh diketahui",
)


@check(
    "tls.certificate.consistency",
    tls_service,
    everywhere(certificates_served),
    everywhere(swept),
    version=1,
    each=tls_service,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(
        CERTIFICATES,
        PROTOCOLS,
        SUITES,
        ONE_ADDRESS,
        SAME_CERTIFICATES,
        SAME_PROTOCOLS,
        SAME_SUITES,
    ),
    references=("RFC 8446 9.2", "RFC 9325 3"),
)
def consistency(
    service: TlsService, leaves: tuple[At[tuple[Served, ...]], ...], spoken: tuple[At[Swept], ...]
) -> Iterator[Verdict]:
    """All addresses of a name present the same certificates and accept the same versions and suites.

    Compared are the addresses that were looked at; with `addresses = "first"` that is one. Where a list of suites may be
    short, what is missing from it does not count.

    Apa: Semua alamat sebuah nama menyajikan sertifikat yang sama serta menerima versi dan cipher suite yang sama.
    Rincian: Yang dibandingkan adalah alamat yang dilihat; dengan `addresses = "first"` hanya satu. Bila daftar cipher
        suite mungkin tidak lengkap, yang tidak ada di dalamnya tidak diperhitungkan.
    Why: Visitors are sent to one of the addresses by chance. A machine that was forgotten at a renewal or a repair shows an
        error to some of them, and is the one that an attacker picks.
    Sebab: Pengunjung diarahkan ke salah satu alamat secara acak. Mesin yang terlewat saat pembaruan atau perbaikan
        menampilkan galat kepada sebagian pengunjung, dan dialah yang dipilih penyerang.
    Fix: Give all machines the same certificate and the same TLS configuration, from one source (Ansible, a shared file).
    Perbaikan: Berikan sertifikat dan konfigurasi TLS yang sama kepada semua mesin, dari satu sumber (Ansible, berkas
        bersama).
    shell:
        for address in 192.0.2.10 192.0.2.11; do
          openssl s_client -connect "$address:443" -servername www.contoh.go.id </dev/null 2>/dev/null |
            openssl x509 -noout -fingerprint -sha256 -enddate
        done
    nginx:
        ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
    Apache:
        SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
        SSLProtocol -all +TLSv1.2 +TLSv1.3
    IIS:
        # PowerShell
        Get-ChildItem Cert:\\LocalMachine\\My | Select-Object Thumbprint, NotAfter
    Careful: Take the machine that differs out of the name's addresses until it is repaired.
    Hati-hati: Keluarkan mesin yang berbeda dari daftar alamat nama itu sampai diperbaiki.
    """
    if len(leaves) < 2:
        yield ONE_ADDRESS()
        return
    yield (_certificates(leaves) or _same(leaves, SAME_CERTIFICATES)).about("certificates of addresses", str(service))
    yield (_protocols(spoken) or _same(spoken, SAME_PROTOCOLS)).about("versions of addresses", str(service))
    yield (_suites(spoken) or _same(spoken, SAME_SUITES)).about("suites of addresses", str(service))


def _same(seen: Sequence[At[T]], passed: Passed) -> Verdict:
    """Nothing differs: that is known when every address was observed."""
    for it in seen:
        if isinstance(it.value, Unobserved):
            return unknown(it.value)
    return passed(count=len(seen))


def _pairs(seen: Sequence[At[T]]) -> Iterator[tuple[str, T, str, T]]:
    """Every two addresses at which something was observed, both ways round."""
    known = [(it.address, it.value) for it in seen if not isinstance(it.value, Unobserved)]
    for (one, first), (other, second) in permutations(known, 2):
        yield one, first, other, second


def _certificates(seen: Sequence[At[tuple[Served, ...]]]) -> Verdict | None:
    for one, first, other, second in _pairs(seen):
        here, there = _by_kind(first), _by_kind(second)
        if not here or not there:
            continue  # a certificate that cannot be read is no other certificate
        common = here.keys() & there.keys()
        differing = [kind for kind in sorted(common) if here[kind].isdisjoint(there[kind])]
        if differing or not common:
            return CERTIFICATES(one=one, other=other, found=_digests(here), expected=_digests(there))
    return None


def _by_kind(leaves: tuple[Served, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for served in leaves:
        if served.leaf is not None:
            found.setdefault(served.kind, set()).add(served.leaf.der_sha256)
    return found


def _digests(by_kind: dict[str, set[str]]) -> str:
    return ", ".join(f"{kind} {digest[:16]}" for kind in sorted(by_kind) for digest in sorted(by_kind[kind]))


def _protocols(seen: Sequence[At[Swept]]) -> Verdict | None:
    for version in TlsVersion:
        for one, first, other, second in _pairs(seen):
            if isinstance(first.version(version), Spoken) and second.version(version) is False:
                return PROTOCOLS(one=one, other=other, version=version.value, found=version.value)
    return None


def _suites(seen: Sequence[At[Swept]]) -> Verdict | None:
    for version in TlsVersion:
        for one, first, other, second in _pairs(seen):
            here, there = first.version(version), second.version(version)
            if isinstance(here, Spoken) and isinstance(there, Spoken) and there.suites_short is None:
                more = set(here.suites) - set(there.suites)
                if more:
                    codes = ", ".join(f"0x{code:04X}" for code in sorted(more))
                    return SUITES(one=one, other=other, version=version.value, count=len(more), found=codes)
    return None
