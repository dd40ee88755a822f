"""Signatures in handshakes: with which hashes a server proves that it holds its key (RFC 9155)."""

from collections.abc import Iterator

from scanner.api import CheckParams, DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, maybe, unknown
from scanner.derive.tls_facts import Sessions, Swept, TlsVersion
from scanner.derive.tls_names import signature_scheme, signature_scheme_name
from scanner.derive.tls_policy import policy_called, schemes_seen
from scanner.derive.tls_service import TLS_KINDS, sessions, swept, tls_service
from scanner.derive.tls_weakness import is_open
from scanner.observations.steps import Unobserved

BROKEN_HASHES = ("md5", "sha1")


class SignatureParams(CheckParams, frozen=True):
    """The policy that signatures are held against. MD5 and SHA-1 are broken whatever is set.

    `policy`: the name of a TLS policy; docs/tls-policies.md tells which there are.
    `policy`: nama kebijakan TLS; docs/tls-policies.md menyebut yang tersedia.
    """

    policy: str = "pindai-gov"

    def __post_init__(self) -> None:
        """Raises ValueError for a policy that is not there."""
        policy_called(self.policy)


BROKEN_HASH = Outcome(
    "broken_hash",
    en="The server signs TLS 1.2 handshakes with a broken hash when asked: {schemes}",
    id="Server bersedia menandatangani jabat tangan TLS 1.2 dengan fungsi hash yang rusak: {schemes}",
    severity=Severity.MEDIUM,
)
OUTSIDE = Outcome(
    "outside",
    en="The server signs handshakes in ways that the policy {policy} does not recommend: {schemes}",
    id="Server menandatangani jabat tangan dengan cara yang tidak dianjurkan kebijakan {policy}: {schemes}",
    severity=Severity.LOW,
)
SOUND = Passed(
    "sound",
    en="All signatures in handshakes are inside the policy {policy}: {schemes}",
    id="Semua tanda tangan dalam jabat tangan sesuai kebijakan {policy}: {schemes}",
)
ONLY_TLS13 = Passed(
    "only_tls13",
    en="TLS 1.2 is off; TLS 1.3 knows no signatures with MD5 or SHA-1",
    id="TLS 1.2 tidak aktif; TLS 1.3 tidak mengenal tanda tangan dengan MD5 atau SHA-1",
)
NOTHING_SIGNED = DoesNotApply(
    "nothing_signed",
    en="No handshake of TLS 1.2 is signed",
    id="Tidak ada jabat tangan TLS 1.2 yang ditandatangani",
)


@check(
    "tls.signature.algorithms",
    swept,
    maybe(sessions),
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    params=SignatureParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(BROKEN_HASH, OUTSIDE, SOUND, ONLY_TLS13, NOTHING_SIGNED),
    references=("RFC 9155", "RFC 8446 4.2.3", "docs/tls-policies.md"),
)
def algorithms(seen: Swept, known: Sessions | Unobserved, params: SignatureParams) -> Iterator[Verdict]:
    r"""The server signs its handshakes with sound hashes only.

    Looked at are the signatures of TLS 1.2 and, where whole handshakes were made, of TLS 1.3; those in certificates are
    judged by tls.certificate.signature. Versions below 1.2 sign with MD5 and SHA-1 always: they are to go as a whole.

    Apa: Server menandatangani jabat tangan hanya dengan fungsi hash yang kuat.
    Rincian: Yang dilihat adalah tanda tangan TLS 1.2 dan, bila jabat tangan lengkap dilakukan, TLS 1.3; tanda tangan dalam
        sertifikat dinilai pada tls.certificate.signature. Versi di bawah 1.2 selalu memakai MD5 dan SHA-1: versi itu perlu
        dimatikan seluruhnya.
    Why: Whoever can forge a signature can answer in the service's name; for MD5 that takes seconds, for SHA-1 it is a matter
        of money.
    Sebab: Siapa pun yang dapat memalsukan tanda tangan dapat menjawab atas nama layanan; untuk MD5 cukup hitungan detik,
        untuk SHA-1 tinggal soal biaya.
    Fix: Name the signatures that the server may make.
    Perbaikan: Sebutkan tanda tangan yang boleh dibuat server.
    nginx: ssl_conf_command SignatureAlgorithms ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256;
    Apache: SSLOpenSSLConfCmd SignatureAlgorithms ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\Cryptography\Configuration\Local\SSL\00010003"
        Set-ItemProperty $key -Name Functions -Type MultiString -Value `
            "RSAE-PSS/SHA256", "RSA/SHA256", "ECDSA/SHA256", "ECDSA/SHA384"
    Careful: Clients of before TLS 1.2 was common name SHA-1 only; they are the same that need old versions.
    Hati-hati: Klien dari sebelum TLS 1.2 lazim hanya menyebut SHA-1; klien itu sama dengan yang memerlukan versi lama.
    """
    used = policy_called(params.policy)
    tls12 = next((it for it in seen.spoken if it.version is TlsVersion.TLS12), None)
    spoken = () if tls12 is None else (tls12,)
    in_tls12 = schemes_seen(spoken, None)
    if broken := [it for it in in_tls12 if _hash_of(it) in BROKEN_HASHES]:
        yield BROKEN_HASH(schemes=_listed(broken), found=_listed(broken))
        return
    every = schemes_seen(spoken, None if isinstance(known, Unobserved) else known)
    if outside := [it for it in every if not used.scheme(it).grade.is_inside]:
        yield OUTSIDE(policy=str(used), schemes=_listed(outside), found=_listed(outside))
        return
    why = is_open(seen, TlsVersion.TLS12) if tls12 is None else tls12.signature_schemes_short
    if why is not None:
        yield unknown(why)
    elif tls12 is not None and every:
        yield SOUND(policy=str(used), schemes=_listed(every)) if in_tls12 else NOTHING_SIGNED()
    elif any(it.version is TlsVersion.TLS13 for it in seen.spoken) and tls12 is None:
        yield ONLY_TLS13()
    else:
        yield NOTHING_SIGNED()


def _hash_of(number: int) -> str:
    known = signature_scheme(number)
    return "" if known is None else known.hash


def _listed(numbers: list[int] | tuple[int, ...]) -> str:
    return ", ".join(map(signature_scheme_name, numbers))
