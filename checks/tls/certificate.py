"""The server's certificate: time, name, path to a trust anchor, and key (RFC 5280, RFC 9525)."""

import re
from collections.abc import Iterator
from datetime import timedelta

from scanner.api import CheckParams, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check, unknown
from scanner.derive.certification_path import LEAF_VALIDITY, PathReason, PathReasonKind, PathResult
from scanner.derive.server_key import ServerKey, server_key
from scanner.derive.service import PresentedLeaf, certification_path, leaf

MAX_NAMES_SHOWN = 4


class ExpiryParams(CheckParams, frozen=True):
    """Thresholds of tls.certificate.expiry.

    `warn_before`: a certificate that ends sooner than this should already have been renewed.
    `warn_before`: sertifikat yang berakhir lebih cepat dari ini seharusnya sudah diperbarui.
    """

    warn_before: timedelta = timedelta(days=14)


EXPIRED = Outcome(
    "expired",
    en="The certificate expired on {when}",
    id="Sertifikat berakhir {when}",
    severity=Severity.CRITICAL,
)
NOT_YET_VALID = Outcome(
    "not_yet_valid",
    en="The certificate is not valid before {when}",
    id="Sertifikat baru berlaku {when}",
    severity=Severity.CRITICAL,
)
ENDS_SOON = Outcome(
    "ends_soon",
    en="The certificate ends on {when}, in {days} days",
    id="Sertifikat berakhir {when}, {days} hari lagi",
    severity=Severity.MEDIUM,
)
IN_TIME = Passed("in_time", en="The certificate is valid until {when}", id="Sertifikat berlaku sampai {when}")


@check(
    "tls.certificate.expiry",
    leaf,
    version=1,
    params=ExpiryParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(EXPIRED, NOT_YET_VALID, ENDS_SOON, IN_TIME),
    references=("RFC 5280 4.1.2.5",),
)
def expiry(own: PresentedLeaf, params: ExpiryParams) -> Iterator[Verdict]:
    """The certificate was valid when it was seen, and will be for a while.

    Apa: Sertifikat berlaku saat dilihat, dan masih akan berlaku untuk beberapa waktu.
    Why: Browsers turn visitors away from a service whose certificate has ended, and people learn to click warnings away.
    Sebab: Peramban menolak layanan yang sertifikatnya berakhir, dan orang menjadi terbiasa mengabaikan peringatan.
    Fix: Renew the certificate (`certbot renew`), reload the web server, and test the automatic renewal.
    Perbaikan: Perbarui sertifikat (`certbot renew`), muat ulang server web, lalu uji pembaruan otomatisnya.
    shell:
        certbot renew --deploy-hook "systemctl reload nginx"
        certbot renew --dry-run
    Fix (not_yet_valid): Look at the clock of the machine that made or serves the certificate; until the day it names,
        serve the one before it.
    Perbaikan (not_yet_valid): Periksa jam mesin yang membuat atau menyajikan sertifikat; sampai hari berlakunya tiba,
        pakai sertifikat sebelumnya.
    Careful: A renewed file changes nothing until the web server has read it again.
    Hati-hati: Berkas yang sudah diperbarui belum berpengaruh sebelum dibaca ulang oleh server web.
    """
    certificate = own.certificate
    remaining = certificate.not_after - own.at
    if own.at > certificate.not_after:
        yield EXPIRED(when=certificate.not_after, found=certificate.not_after)
    elif own.at < certificate.not_before:
        yield NOT_YET_VALID(when=certificate.not_before, found=certificate.not_before)
    elif remaining < params.warn_before:
        yield ENDS_SOON(
            when=certificate.not_after,
            days=remaining.days,
            expected=params.warn_before,
            found=certificate.not_after,
        )
    else:
        yield _for_its_holder(own, IN_TIME(when=certificate.not_after))


def _for_its_holder(own: PresentedLeaf, passed: Verdict) -> Verdict:
    """A pass speaks for whoever holds the key; anybody can send a certificate, so without that proof it is unknown."""
    return passed if own.unproven is None else unknown(own.unproven)


MISMATCH = Outcome(
    "mismatch",
    en="The certificate is for {presented}, not for {name}",
    id="Sertifikat untuk {presented}, bukan untuk {name}",
    severity=Severity.CRITICAL,
)
NO_NAMES = Outcome(
    "no_names",
    en="The certificate names no host in its subjectAltName; clients do not read the common name",
    id="Sertifikat tidak memuat nama host pada subjectAltName; klien tidak membaca common name",
    severity=Severity.CRITICAL,
)
TOO_MANY_NAMES = Undecided(
    "too_many_names",
    reason=Reason.TOO_LARGE,
    en="The certificate has {count} names, more than are read",
    id="Sertifikat memuat {count} nama, melebihi yang dibaca",
)
UNREADABLE_NAMES = Undecided(
    "unreadable_names",
    reason=Reason.INCONCLUSIVE,
    en="The certificate's subjectAltName cannot be read",
    id="subjectAltName sertifikat tidak terbaca",
)
MATCH = Passed("match", en="The certificate is for {name}", id="Sertifikat memuat {name}")


@check(
    "tls.certificate.name",
    leaf,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(MISMATCH, NO_NAMES, TOO_MANY_NAMES, UNREADABLE_NAMES, MATCH),
    references=("RFC 9525 6.3", "RFC 9525 6.5", "RFC 5280 4.2.1.6"),
)
def name(own: PresentedLeaf) -> Iterator[Verdict]:
    """The certificate is for the name the service is asked for by.

    Apa: Sertifikat memuat nama yang dipakai untuk memanggil layanan.
    Why: A certificate for another name gives no assurance of who answers; browsers refuse it.
    Sebab: Sertifikat untuk nama lain tidak memastikan siapa yang menjawab; peramban menolaknya.
    Fix: Order a certificate whose subjectAltName has this name, or point the virtual host at the right certificate.
    Perbaikan: Terbitkan sertifikat dengan subjectAltName nama ini, atau arahkan virtual host ke sertifikat yang benar.
    shell: certbot certonly --nginx -d www.contoh.go.id -d contoh.go.id
    nginx:
        server_name www.contoh.go.id;
        ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
        ssl_certificate_key /etc/letsencrypt/live/www.contoh.go.id/privkey.pem;
    Apache:
        ServerName www.contoh.go.id
        SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
        SSLCertificateKeyFile /etc/letsencrypt/live/www.contoh.go.id/privkey.pem
    IIS:
        # PowerShell
        New-WebBinding -Name "SITE" -Protocol https -Port 443 -HostHeader www.contoh.go.id -SslFlags 1
        $binding = Get-WebBinding -Name "SITE" -Protocol https -HostHeader www.contoh.go.id
        $binding.AddSslCertificate("THUMBPRINT", "My")
    Careful: Several services at one address need SNI: a name that no virtual host has gets the certificate of the first
        one.
    Hati-hati: Beberapa layanan pada satu alamat memerlukan SNI: nama tanpa virtual host sendiri mendapat sertifikat yang
        pertama.
    """
    certificate = own.certificate
    if own.names_reference:
        yield _for_its_holder(own, MATCH(name=own.reference))
    elif not own.names_read:
        yield TOO_MANY_NAMES(count=certificate.san_count) if certificate.san_count else UNREADABLE_NAMES()
    elif not certificate.dns_names and not certificate.ip_addresses:
        yield NO_NAMES(expected=own.reference)
    else:
        presented = _names(certificate.dns_names, certificate.ip_addresses)
        yield MISMATCH(name=own.reference, presented=presented, expected=own.reference, found=presented)


def _names(dns_names: tuple[str, ...], addresses: tuple[bytes, ...]) -> str:
    shown = [*dns_names, *(_address(address) for address in addresses)]
    more = len(shown) - MAX_NAMES_SHOWN
    return ", ".join(shown[:MAX_NAMES_SHOWN]) + (f" (+{more})" if more > 0 else "")


def _address(octets: bytes) -> str:
    return ".".join(map(str, octets)) if len(octets) == 4 else octets.hex(":", 2)


def _refused(key: str, severity: Severity, en: str, id: str) -> Outcome:
    return Outcome(key, en=en, id=id, severity=severity)


UNTRUSTED: dict[PathReasonKind, Outcome] = {
    PathReasonKind.SELF_SIGNED: _refused(
        "self_signed",
        Severity.CRITICAL,
        "The certificate is signed by its own key and by no authority: {subject}",
        "Sertifikat ditandatangani kuncinya sendiri, bukan oleh otoritas: {subject}",
    ),
    PathReasonKind.UNKNOWN_ROOT: _refused(
        "unknown_root",
        Severity.CRITICAL,
        "The chain ends at {subject}, which is in no trust store used here",
        "Rantai berakhir pada {subject}, yang tidak ada dalam trust store yang dipakai",
    ),
    PathReasonKind.MISSING_INTERMEDIATE: _refused(
        "missing_issuer",
        Severity.HIGH,
        "Incomplete chain: the issuer {issuer} is neither sent by the server nor trusted here",
        "Rantai sertifikat tidak lengkap: penerbit {issuer} tidak dikirim server dan tidak dipercaya di sini",
    ),
    PathReasonKind.BAD_SIGNATURE: _refused(
        "bad_signature",
        Severity.CRITICAL,
        "The signature on {subject} was not made by its issuer's key",
        "Tanda tangan pada {subject} tidak dibuat dengan kunci penerbitnya",
    ),
    PathReasonKind.EXPIRED_INTERMEDIATE: _refused(
        "expired_intermediate",
        Severity.CRITICAL,
        "A certificate above the server's has expired: {subject}",
        "Sertifikat di atas sertifikat server sudah berakhir: {subject}",
    ),
    PathReasonKind.NOT_YET_VALID_INTERMEDIATE: _refused(
        "not_yet_valid_intermediate",
        Severity.CRITICAL,
        "A certificate above the server's is not valid yet: {subject}",
        "Sertifikat di atas sertifikat server belum berlaku: {subject}",
    ),
    PathReasonKind.EXPIRED_ANCHOR: _refused(
        "expired_anchor",
        Severity.CRITICAL,
        "The trust anchor has expired: {subject}",
        "Jangkar kepercayaan sudah berakhir: {subject}",
    ),
    PathReasonKind.NOT_YET_VALID_ANCHOR: _refused(
        "not_yet_valid_anchor",
        Severity.CRITICAL,
        "The trust anchor is not valid yet: {subject}",
        "Jangkar kepercayaan belum berlaku: {subject}",
    ),
    PathReasonKind.NOT_A_CA: _refused(
        "not_a_ca",
        Severity.CRITICAL,
        "{subject} issued a certificate but is no certification authority",
        "{subject} menerbitkan sertifikat padahal bukan otoritas sertifikasi",
    ),
    PathReasonKind.CA_AS_LEAF: _refused(
        "ca_as_leaf",
        Severity.HIGH,
        "The server presents the certificate of an authority as its own: {subject}",
        "Server memakai sertifikat otoritas sebagai sertifikatnya sendiri: {subject}",
    ),
    PathReasonKind.PATH_LENGTH: _refused(
        "path_length",
        Severity.CRITICAL,
        "The path is longer than {subject} allows",
        "Jalur lebih panjang daripada yang diizinkan {subject}",
    ),
    PathReasonKind.TOO_LONG: _refused(
        "too_long",
        Severity.HIGH,
        "The path has more certificates than clients follow, above {subject}",
        "Jalur memuat lebih banyak sertifikat daripada yang ditelusuri klien, di atas {subject}",
    ),
    PathReasonKind.KEY_USAGE: _refused(
        "key_usage",
        Severity.CRITICAL,
        "The key usage of {subject} does not allow this use",
        "Key usage {subject} tidak mengizinkan pemakaian ini",
    ),
    PathReasonKind.EXTENDED_KEY_USAGE: _refused(
        "extended_key_usage",
        Severity.CRITICAL,
        "{subject} is not meant for web servers (no serverAuth)",
        "{subject} tidak ditujukan untuk server web (tanpa serverAuth)",
    ),
    PathReasonKind.NAME_CONSTRAINTS: _refused(
        "name_constraints",
        Severity.CRITICAL,
        "The name constraints of {subject} do not allow a name below it",
        "Name constraints {subject} tidak mengizinkan nama di bawahnya",
    ),
    PathReasonKind.NO_ALTERNATIVE_NAME: _refused(
        "no_alternative_name",
        Severity.CRITICAL,
        "{subject} has no subjectAltName, which public trust requires",
        "{subject} tidak memiliki subjectAltName, yang disyaratkan kepercayaan publik",
    ),
    PathReasonKind.UNKNOWN_CRITICAL: _refused(
        "unknown_critical",
        Severity.HIGH,
        "{subject} has a critical extension that clients do not know and must refuse",
        "{subject} memuat ekstensi kritis yang tidak dikenal klien dan wajib ditolak",
    ),
    PathReasonKind.WEAK_SIGNATURE: _refused(
        "weak_signature",
        Severity.HIGH,
        "{subject} is signed with MD5 or SHA-1",
        "{subject} ditandatangani dengan MD5 atau SHA-1",
    ),
    PathReasonKind.MALFORMED: _refused(
        "malformed",
        Severity.HIGH,
        "{subject} is malformed in a way that clients refuse",
        "{subject} cacat bentuk sehingga ditolak klien",
    ),
}
"""What refuses a path, by reason. Kinds that are missing here show nothing against the server."""

MISSING_FETCHABLE = _refused(
    "missing_issuer_fetchable",
    Severity.HIGH,
    "Incomplete chain: the server does not send {issuer}; some clients fetch it from {place}, others refuse",
    "Rantai sertifikat tidak lengkap: server tidak mengirim {issuer}; sebagian klien mengambilnya dari {place}",
)
WRONG_ORDER = Outcome(
    "wrong_order",
    en="The chain is not sent leaf first, each certificate before its issuer",
    id="Rantai tidak dikirim berurutan dari sertifikat server, masing-masing sebelum penerbitnya",
    severity=Severity.LOW,
)
UNNEEDED = Outcome(
    "unneeded",
    en="The chain has {count} certificates that no path needs, such as {subject}",
    id="Rantai memuat {count} sertifikat yang tidak diperlukan jalur mana pun, misalnya {subject}",
    severity=Severity.LOW,
)
ROOT_SENT = Outcome(
    "root_sent",
    en="The server sends the root {subject}; clients have it or do not trust it",
    id="Server mengirim root {subject}; klien sudah memilikinya atau tidak memercayainya",
    severity=Severity.INFO,
)
NO_PROOF = Undecided(
    "no_proof",
    reason=Reason.INCONCLUSIVE,
    en="No path was found, and nothing proves that there is none: {kinds}",
    id="Jalur tidak ditemukan, dan tidak terbukti bahwa jalur tidak ada: {kinds}",
)
TRUSTED = Passed("trusted", en="The path ends at {root} in {store}", id="Jalur berakhir pada {root} dalam {store}")


@check(
    "tls.certificate.chain",
    leaf,
    certification_path,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(*UNTRUSTED.values(), MISSING_FETCHABLE, WRONG_ORDER, UNNEEDED, ROOT_SENT, NO_PROOF, TRUSTED),
    references=("RFC 5280 6.1", "RFC 8446 4.4.2"),
)
def chain(own: PresentedLeaf, path: PathResult) -> Iterator[Verdict]:
    r"""The certificates sent lead from the server's own to a trust anchor.

    Apa: Sertifikat yang dikirim mengarah dari sertifikat server ke jangkar kepercayaan.
    Why: A path that clients cannot build is an error page for visitors and a failed call for other systems.
    Sebab: Jalur yang tidak dapat dibangun klien menjadi halaman galat bagi pengunjung dan panggilan gagal bagi sistem
        lain.
    Fix: Send the leaf and then each intermediate, without the root: the fullchain file of the authority.
    Perbaikan: Kirim sertifikat server lalu setiap intermediate, tanpa root: berkas fullchain dari otoritas.
    nginx: ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache: SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS:
        # PowerShell
        Import-Certificate -FilePath intermediate.cer -CertStoreLocation Cert:\LocalMachine\CA
    Fix (missing_issuer): Is this an authority of your own? Name its root with `--ca FILE`. Else send every intermediate
        after the leaf: the fullchain file of the authority.
    Perbaikan (missing_issuer): Bila ini otoritas sendiri, sebutkan root-nya dengan `--ca BERKAS`. Bila bukan, kirim
        setiap intermediate setelah sertifikat server: berkas fullchain dari otoritas.
    nginx (missing_issuer): ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache (missing_issuer): SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS (missing_issuer):
        # PowerShell
        Import-Certificate -FilePath intermediate.cer -CertStoreLocation Cert:\LocalMachine\CA
    Fix (self_signed): Order a certificate from an authority that visitors' browsers trust (`certbot`). On a machine of
        your own: name this one with `--ca FILE`.
    Perbaikan (self_signed): Terbitkan sertifikat dari otoritas yang dipercaya peramban pengunjung (`certbot`). Di
        komputer sendiri: sebutkan sertifikat ini dengan `--ca BERKAS`.
    Fix (unknown_root): Is this an authority of your own? Name its root with `--ca FILE`, or `anchors` under `[trust]`.
        Else order a certificate from an authority that visitors' browsers trust (`certbot`).
    Perbaikan (unknown_root): Bila ini otoritas sendiri, sebutkan root-nya dengan `--ca BERKAS`, atau `anchors` pada
        `[trust]`. Bila bukan, terbitkan sertifikat dari otoritas yang dipercaya peramban pengunjung (`certbot`).
    Careful: A browser that has met the missing certificate elsewhere shows no error; try with a client that has not.
    Hati-hati: Peramban yang pernah menerima sertifikat yang kurang itu tidak menampilkan galat; uji dengan klien lain.
    """
    if path.path:
        trusted = TRUSTED(root=common_name(path.path[-1].subject), store=path.anchor or "")
        yield _for_its_holder(own, trusted)
        yield from _tidiness(own, path)
        return
    refusals = [reason for reason in path.reasons if reason.kind not in LEAF_VALIDITY]
    proven = [reason for reason in refusals if reason.kind in UNTRUSTED]
    if not proven:
        kinds = ", ".join(reason.kind.value for reason in refusals) or "no reason"
        yield NO_PROOF(kinds=kinds)
        return
    yield _refusal(proven[0], ", ".join(dict.fromkeys(reason.kind.value for reason in proven)))


def _refusal(reason: PathReason, kinds: str) -> Verdict:
    outcome = UNTRUSTED[reason.kind]
    subject = common_name(reason.subject)
    if reason.kind is not PathReasonKind.MISSING_INTERMEDIATE:
        return outcome(subject=subject, subject_dn=reason.subject, found=kinds)
    issuer = reason.issuer or ""
    about = {"subject": subject, "issuer": common_name(issuer), "subject_dn": reason.subject, "issuer_dn": issuer}
    if reason.ca_issuers:
        return MISSING_FETCHABLE(**about, place=reason.ca_issuers[0], found=kinds)
    return outcome(**about, found=kinds)


def common_name(name: str) -> str:
    """What people call a certificate by: the common name of a distinguished name (RFC 4514), else all of it."""
    found = _COMMON_NAME.search(name)
    return found[1] if found is not None else name


_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:[^,\\+]|\\.)+)")


def _tidiness(own: PresentedLeaf, path: PathResult) -> Iterator[Verdict]:
    """What clients accept and an administrator should still tidy up, each a subject of its own."""
    strays = [certificate for certificate in path.unneeded if not certificate.linked]
    if path.wrong_order:
        yield WRONG_ORDER().about("chain order", own.reference)
    if strays:
        yield UNNEEDED(count=len(strays), subject=common_name(strays[0].subject)).about("chain extras", own.reference)
    if path.roots_sent:
        yield ROOT_SENT(subject=common_name(path.roots_sent[0].subject)).about("chain root", own.reference)


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
    server_key,
    version=1,
    params=KeyParams,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(WEAK, OBSOLETE, ROCA, EXPONENT, BELOW_POLICY, NOT_FOR_BROWSERS, NOT_KNOWN, STRONG),
    references=("CA/B BR 6.1.1.5", "CA/B BR 6.1.6", "CVE-2017-15361"),
)
def key(own: ServerKey, params: KeyParams) -> Iterator[Verdict]:
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
        yield NOT_FOR_BROWSERS(kind=own.label, found=own.label).about("kind of key", own.reference)


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
