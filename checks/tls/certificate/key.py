"""The certificate's public key."""

from collections.abc import Iterator

from scanner.api import CheckParams, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check, unknown
from scanner.derive.server_key import ServerKey
from scanner.derive.tls_certificates import Served, key_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS

RSA_FLOOR_BITS = 2048
EC_FLOOR_BITS = 256


class KeyParams(CheckParams, frozen=True):
    """The least sizes that pass. What is below 2048 bits (RSA) and 256 bits (elliptic curves) is weak whatever is set.

    `rsa_min_bits`: the least size of an RSA key, in bits.
    `rsa_min_bits`: ukuran terkecil kunci RSA, dalam bit.
    `ec_min_bits`: the least size of an elliptic-curve key, in bits.
    `ec_min_bits`: ukuran terkecil kunci kurva eliptik, dalam bit.
    """

    rsa_min_bits: int = RSA_FLOOR_BITS
    ec_min_bits: int = EC_FLOOR_BITS


WEAK = Outcome(
    "weak",
    en="The certificate's key is too weak: {kind} with {bits} bits",
    id="Kunci sertifikat terlalu lemah: {kind} dengan {bits} bit",
    severity=Severity.HIGH,
)
OBSOLETE = Outcome(
    "obsolete",
    en="The certificate has a {kind} key, which browsers gave up long ago",
    id="Sertifikat memakai kunci {kind}, yang sudah lama ditinggalkan peramban",
    severity=Severity.HIGH,
)
ROCA = Outcome(
    "roca",
    en="The private key can be computed from the certificate: it was made by a faulty library (ROCA, CVE-2017-15361)",
    id="Kunci privat dapat dihitung dari sertifikat: dibuat oleh pustaka yang cacat (ROCA, CVE-2017-15361)",
    severity=Severity.HIGH,
)
EXPONENT = Outcome(
    "exponent",
    en="The RSA key has the public exponent {exponent}, with which it protects nothing",
    id="Kunci RSA memakai eksponen publik {exponent}, sehingga tidak melindungi apa pun",
    severity=Severity.HIGH,
)
BELOW_POLICY = Outcome(
    "below_policy",
    en="The certificate's key, {kind} with {bits} bits, is shorter than the policy asks for ({need})",
    id="Kunci sertifikat, {kind} dengan {bits} bit, lebih pendek daripada yang diminta kebijakan ({need})",
    severity=Severity.MEDIUM,
)
NOT_FOR_BROWSERS = Outcome(
    "not_for_browsers",
    en="Not every browser takes a key of the kind {kind}; what the server sends to those that do not was not seen",
    id="Tidak semua peramban menerima kunci jenis {kind}; yang dikirim server kepada yang tidak menerimanya tidak terlihat",
    severity=Severity.INFO,
)
NOT_KNOWN = Undecided(
    "not_known",
    reason=Reason.INCONCLUSIVE,
    en="The strength of a key of the kind {kind} is not known here",
    id="Kekuatan kunci jenis {kind} tidak diketahui di sini",
)
STRONG = Passed(
    "strong",
    en="The certificate's key is {kind} with {bits} bits",
    id="Kunci sertifikat adalah {kind} dengan {bits} bit",
)


@check(
    "tls.certificate.key",
    tls_certificate,
    key_served,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    params=KeyParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(WEAK, OBSOLETE, ROCA, EXPONENT, BELOW_POLICY, NOT_FOR_BROWSERS, NOT_KNOWN, STRONG),
    references=("CA/B BR 6.1.1.5", "CA/B BR 6.1.6", "CVE-2017-15361"),
)
def key(served: Served, own: ServerKey, params: KeyParams) -> Iterator[Verdict]:
    """The key of the server's certificate is long enough and not of a kind that is known to be broken.

    Looked at are kind, size, exponent, and the mark of ROCA. Keys of Debian's broken generator are not looked for; keys that
    several services share are those of tls.shared_key.

    Apa: Kunci sertifikat server cukup panjang dan bukan jenis yang diketahui sudah terpecahkan.
    Rincian: Yang dilihat adalah jenis, ukuran, eksponen, dan ciri ROCA. Kunci dari pembangkit acak Debian yang cacat tidak
        dicari; kunci yang dipakai beberapa layanan bersama dinilai pada tls.shared_key.
    Why: Whoever computes the private key can answer in the service's name and read what visitors send.
    Sebab: Siapa pun yang menghitung kunci privatnya dapat menjawab atas nama layanan dan membaca kiriman pengunjung.
    Fix: Make a new key and order a certificate for it; with certbot `--key-type ecdsa`.
    Perbaikan: Buat kunci baru dan terbitkan sertifikatnya; dengan certbot `--key-type ecdsa`.
    shell:
        openssl ecparam -genkey -name prime256v1 -noout -out server.key
        openssl req -new -key server.key -subj "/CN=www.contoh.go.id" -out server.csr
    nginx: ssl_certificate_key /etc/ssl/private/server.key;
    Apache: SSLCertificateKeyFile /etc/ssl/private/server.key
    IIS:
        ; request.inf
        [NewRequest]
        Subject = "CN=www.contoh.go.id"
        KeyLength = 3072
        MachineKeySet = TRUE
        ; certreq -new request.inf request.csr
    Fix (roca): Make the key outside the chip or card that made this one, and have the old certificate revoked.
    Perbaikan (roca): Buat kunci di luar cip atau kartu yang membuat kunci ini, lalu minta sertifikat lama dicabut.
    shell (roca): openssl ecparam -genkey -name prime256v1 -noout -out server.key
    Careful: A new key takes a new certificate, and whoever pinned the old key (an application, a partner) must learn of
        it.
    Hati-hati: Kunci baru memerlukan sertifikat baru, dan pihak yang menyematkan kunci lama (aplikasi, mitra) perlu diberi
        tahu.
    """
    yield _strength(own, params)
    if not own.browsers_take_it and own.kind != "DSA":
        yield NOT_FOR_BROWSERS(kind=own.label, found=own.label).about("kind of key", served.name)


def _strength(own: ServerKey, params: KeyParams) -> Verdict:
    if own.kind == "DSA":
        return OBSOLETE(kind=own.kind, expected="RSA, EC", found=own.label)
    if own.is_roca:
        return ROCA(found=own.label)
    if own.broken_exponent is not None:
        return EXPONENT(exponent=own.broken_exponent, expected="65537", found=own.broken_exponent)
    if own.bits is None or own.floor is None:
        return NOT_KNOWN(kind=own.label)
    bits = str(own.bits)
    if own.bits < own.floor:
        return WEAK(kind=own.label, bits=bits, expected=str(own.floor), found=bits)
    need = params.rsa_min_bits if own.is_rsa else params.ec_min_bits
    if own.bits < need:
        return BELOW_POLICY(kind=own.label, bits=bits, need=str(need), expected=str(need), found=bits)
    return STRONG(kind=own.label, bits=bits) if own.unproven is None else unknown(own.unproven)
