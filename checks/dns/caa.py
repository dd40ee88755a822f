"""Which authorities may issue certificates for the name (RFC 8659)."""

from collections.abc import Iterator

from scanner.api import (
    DoesNotApply,
    FixedBy,
    Outcome,
    Passed,
    Reason,
    Severity,
    Undecided,
    Unobserved,
    Verdict,
    check,
    maybe,
    unknown,
)
from scanner.derive.caa import AuthorityInUse, CaaFound, authority_in_use, caa_found

MAX_SHOWN = 4

MISSING = Outcome(
    "missing",
    en="Any authority may issue certificates for {host}: neither it nor a name above it has CAA records",
    id="Otoritas mana pun boleh menerbitkan sertifikat untuk {host}: nama ini dan nama di atasnya tanpa rekaman CAA",
    severity=Severity.LOW,
)
UNRESTRICTED = Outcome(
    "unrestricted",
    en="Any authority may issue certificates for {host}: the CAA records at {at} name none",
    id="Otoritas mana pun boleh menerbitkan sertifikat untuk {host}: rekaman CAA di {at} tidak menyebut satu pun",
    severity=Severity.LOW,
)
MALFORMED = Outcome(
    "malformed",
    en='The CAA records at {at} hold a value that cannot be read and so allows nobody: "{value}"',
    id='Rekaman CAA di {at} memuat nilai yang tidak terbaca sehingga tidak mengizinkan siapa pun: "{value}"',
    severity=Severity.LOW,
)
UNKNOWN_CRITICAL = Outcome(
    "unknown_critical",
    en="The CAA records at {at} forbid every certificate: {tag} is marked critical and no authority knows it",
    id="Rekaman CAA di {at} melarang semua sertifikat: {tag} ditandai kritis dan tidak dikenal otoritas mana pun",
    severity=Severity.LOW,
)
NOT_ALLOWED = Outcome(
    "not_allowed",
    en="The authority that issued the certificate in use, {authority}, may issue none by the CAA records at {at}",
    id="Otoritas penerbit sertifikat yang dipakai, {authority}, tidak boleh menerbitkan menurut rekaman CAA di {at}",
    severity=Severity.MEDIUM,
)
NOT_LISTED = Undecided(
    "not_listed",
    reason=Reason.INCONCLUSIVE,
    en="Whether {authority} goes by one of these names is not known: {allowed}",
    id="Tidak diketahui apakah {authority} memakai salah satu nama ini: {allowed}",
)
ELSEWHERE = Undecided(
    "elsewhere",
    reason=Reason.INCONCLUSIVE,
    en="The certificate in use is for a wildcard, whose records stand above {at} and were not asked for",
    id="Sertifikat yang dipakai berlaku untuk wildcard, yang rekamannya berada di atas {at} dan tidak ditanyakan",
)
PRIVATE = DoesNotApply(
    "private",
    en="The certificate in use is from {authority}, which browsers do not trust of themselves and CAA does not bind",
    id="Sertifikat yang dipakai dari {authority}, yang tidak dipercaya peramban dengan sendirinya dan tidak terikat CAA",
)
SET = Passed(
    "set",
    en="The CAA records at {at} say who may issue certificates for {host}: {allowed}",
    id="Rekaman CAA di {at} menyebut siapa yang boleh menerbitkan sertifikat untuk {host}: {allowed}",
)
ALLOWED = Passed(
    "allowed",
    en="The CAA records at {at} name the authority of the certificate in use, {authority}",
    id="Rekaman CAA di {at} menyebut otoritas sertifikat yang dipakai, {authority}",
)


@check(
    "dns.caa",
    caa_found,
    maybe(authority_in_use),
    version=1,
    fixed_by=FixedBy.ZONE,
    outcomes=(
        *(
            MISSING,
            UNRESTRICTED,
            MALFORMED,
            UNKNOWN_CRITICAL,
            NOT_ALLOWED,
            NOT_LISTED,
            ELSEWHERE,
            PRIVATE,
            SET,
            ALLOWED,
        ),
    ),
    references=("RFC 8659 3", "RFC 8659 4", "RFC 8657"),
)
def caa(found: CaaFound, authority: AuthorityInUse | Unobserved) -> Iterator[Verdict]:
    """CAA records say which authorities may issue certificates for the name, and the one in use is among them.

    Records count where the first are met on the way up from the name. Which account and which method of validation may be
    used (RFC 8657) cannot be held against a certificate.

    Apa: Rekaman CAA menyebut otoritas yang boleh menerbitkan sertifikat untuk nama ini, dan yang dipakai termasuk di
        dalamnya.
    Rincian: Yang berlaku adalah rekaman pertama yang ditemui dari nama ini ke atas. Akun dan cara validasi yang diizinkan
        (RFC 8657) tidak dapat dibandingkan dengan sertifikat.
    Why: Without them a certificate for the name can be had from any of dozens of authorities, also by a mistake of
        theirs.
    Sebab: Tanpanya sertifikat untuk nama ini dapat diperoleh dari puluhan otoritas, juga karena kesalahan mereka.
    Fix: Let the manager of the zone add a record with the name that your authority documents.
    Perbaikan: Minta pengelola zona menambah rekaman dengan nama menurut dokumentasi otoritas Anda.
    DNS:
        contoh.go.id. CAA 0 issue "letsencrypt.org"
    Fix (not_allowed): Add the authority in use to the records before its certificate has to be renewed, or change
        authority.
    Perbaikan (not_allowed): Tambahkan otoritas yang dipakai sebelum sertifikat diperbarui, atau ganti otoritas.
    DNS (not_allowed):
        contoh.go.id. CAA 0 issue "letsencrypt.org"
        contoh.go.id. CAA 0 issue "sectigo.com"
    Careful: One record at the agency's domain binds all names below it; name every authority that any of them uses.
    Hati-hati: Satu rekaman pada domain instansi mengikat semua nama di bawahnya; sebutkan semua otoritas yang dipakai.
    """
    if found.at is None:
        yield MISSING(host=found.host, expected="issue")
        return
    at, records = found.at, found.records
    issuers = records.issuers()
    if records.unknown_critical:
        yield UNKNOWN_CRITICAL(at=at, tag=records.unknown_critical[0], found=records.unknown_critical[0])
    elif records.malformed:
        yield MALFORMED(at=at, value=records.malformed[0], found=records.malformed[0])
    elif issuers is None:
        yield UNRESTRICTED(host=found.host, at=at, expected="issue")
    else:
        yield SET(host=found.host, at=at, allowed=_shown(frozenset(it.domain for it in issuers)))
    yield _in_use(found, at, authority).about("authority in use", found.host)


def _in_use(found: CaaFound, at: str, authority: AuthorityInUse | Unobserved) -> Verdict:
    if isinstance(authority, Unobserved):
        return unknown(authority)
    name, records = authority.organisation, found.records
    if not authority.is_public:
        return PRIVATE(authority=name)
    if authority.by_wildcard and at == found.host:
        return ELSEWHERE(at=at)
    issuers = records.issuers(wildcard=authority.by_wildcard)
    allowed = frozenset(it.domain for it in issuers or ())
    if records.unknown_critical or (issuers is not None and (not allowed or authority.is_surely_another(allowed))):
        return NOT_ALLOWED(authority=name, at=at, expected=_shown(authority.domains), found=_shown(allowed))
    if records.may_issue(authority.domains, wildcard=authority.by_wildcard):
        return ALLOWED(authority=name, at=at)
    return NOT_LISTED(authority=name, allowed=_shown(allowed))


def _shown(domains: frozenset[str]) -> str:
    names = sorted(domains)
    more = len(names) - MAX_SHOWN
    return ", ".join(names[:MAX_SHOWN]) + (f" (+{more})" if more > 0 else "") or "-"
