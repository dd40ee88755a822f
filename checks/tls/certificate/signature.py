"""How the certificates below the anchor are signed (CA/B Baseline Requirements 7.1.3)."""

from collections.abc import Iterator

from checks.tls.certificate.chain import common_name
from checks.tls.certificate.holder import for_its_holder
from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Reason, Severity, Undecided, Verdict, check
from scanner.derive.certification_path import WEAK_HASHES, PathResult
from scanner.derive.service import PresentedLeaf
from scanner.derive.tls_certificates import leaf_served, path_served, tls_certificate
from scanner.derive.tls_service import TLS_KINDS

WEAK = Outcome(
    "weak",
    en="The certificate of {subject} is signed with {hash}, with which signatures can be forged",
    id="Sertifikat {subject} ditandatangani dengan {hash}, sehingga tanda tangannya dapat dipalsukan",
    severity=Severity.HIGH,
)
NOT_KNOWN = Undecided(
    "not_known",
    reason=Reason.INCONCLUSIVE,
    en="The certificate of {subject} is signed with {algorithm}, whose hash is not known here",
    id="Sertifikat {subject} ditandatangani dengan {algorithm}, yang fungsi hash-nya tidak diketahui di sini",
)
OWN_SIGNATURE = DoesNotApply(
    "own_signature",
    en="The certificate is an anchor itself or signed by its own key, so nobody relies on its signature",
    id="Sertifikat ini sertifikat akar tepercaya atau ditandatangani kuncinya sendiri; tanda tangannya tidak diandalkan",
)
SOUND = Passed(
    "sound",
    en="The certificates below the anchor are signed with {algorithms}",
    id="Sertifikat di bawah sertifikat akar tepercaya ditandatangani dengan {algorithms}",
)


@check(
    "tls.certificate.signature",
    leaf_served,
    path_served,
    version=1,
    each=tls_certificate,
    kinds=TLS_KINDS,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(WEAK, NOT_KNOWN, OWN_SIGNATURE, SOUND),
    references=("CA/B BR 7.1.3", "RFC 6194", "RFC 6151"),
)
def signature(own: PresentedLeaf, path: PathResult) -> Iterator[Verdict]:
    """No certificate below the anchor is signed with MD5 or SHA-1.

    Looked at are the certificates on the path, or on the nearest to one that was found. The signature of a root on itself
    does not count, for nobody relies on it.

    Apa: Tidak ada sertifikat di bawah sertifikat akar tepercaya yang ditandatangani dengan MD5 atau SHA-1.
    Rincian: Yang dilihat adalah sertifikat pada jalur, atau pada jalur terdekat yang ditemukan. Tanda tangan
        sertifikat akar atas dirinya sendiri tidak dihitung karena tidak diandalkan siapa pun.
    Why: For MD5 and SHA-1 two different contents with one signature can be made, so a forged certificate can carry the
        authority's real signature. Browsers refuse such certificates.
    Sebab: Untuk MD5 dan SHA-1 dapat dibuat dua isi berbeda dengan satu tanda tangan, sehingga sertifikat palsu dapat
        membawa tanda tangan asli otoritas. Peramban menolak sertifikat seperti ini.
    Fix: Order a new certificate; public authorities sign with SHA-256. For an authority of your own, sign the server's and
        the intermediate's certificate again.
    Perbaikan: Terbitkan sertifikat baru; otoritas publik menandatangani dengan SHA-256. Bila otoritasnya milik sendiri,
        tanda tangani ulang sertifikat server dan sertifikat perantara.
    shell:
        certbot renew --force-renewal
        openssl x509 -req -sha256 -days 90 -in server.csr -CA ca.pem -CAkey ca.key -out server.pem
    nginx: ssl_certificate /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem;
    Apache: SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem
    IIS:
        ; request.inf
        [NewRequest]
        Subject = "CN=www.contoh.go.id"
        HashAlgorithm = SHA256
        ; certreq -new request.inf request.csr
    Careful: Very old clients (Windows XP before Service Pack 3) do not know SHA-256.
    Hati-hati: Klien yang sangat lama (Windows XP sebelum Service Pack 3) tidak mengenal SHA-256.
    """
    certificates = path.path or path.attempted
    rooted = bool(path.path) or certificates[-1].self_issued
    below = certificates[:-1] if rooted else certificates
    if not below:
        yield OWN_SIGNATURE()
        return
    weak = [it for it in below if it.signature.hash_name in WEAK_HASHES]
    not_known = [it for it in below if it.signature.scheme is None]
    if weak:
        name = (weak[0].signature.hash_name or "").upper().replace("SHA1", "SHA-1")
        yield WEAK(subject=common_name(weak[0].subject), hash=name, expected="SHA-256", found=weak[0].signature.name)
    elif not_known:
        yield NOT_KNOWN(subject=common_name(not_known[0].subject), algorithm=not_known[0].signature.name)
    else:
        names = ", ".join(dict.fromkeys(it.signature.name for it in below))
        yield for_its_holder(own, SOUND(algorithms=names))
