"""Names in the estate's own domains that services show and no list has."""

from collections.abc import Iterator

from scanner.api import (
    EstateFact,
    EstateView,
    FixedBy,
    Group,
    NotApplicable,
    Outcome,
    Passed,
    Reason,
    Severity,
    Undecided,
    Verdict,
    estate_check,
)
from scanner.derive.names_seen import ALIAS, CERTIFICATE, REDIRECT, names_seen

IN_CERTIFICATE = Outcome(
    "in_certificate",
    en="{name} stands in the certificate of {services} services and in no list of this scan",
    id="{name} tercantum dalam sertifikat {services} layanan dan tidak ada dalam daftar pemindaian ini",
    severity=Severity.INFO,
)
IN_REDIRECT = Outcome(
    "in_redirect",
    en="{services} services send visitors to {name}, which is in no list of this scan",
    id="{services} layanan mengalihkan pengunjung ke {name}, yang tidak ada dalam daftar pemindaian ini",
    severity=Severity.INFO,
)
IN_ALIAS = Outcome(
    "in_alias",
    en="The names of {services} services stand for {name} (CNAME), which is in no list of this scan",
    id="Nama {services} layanan merujuk ke {name} (CNAME), yang tidak ada dalam daftar pemindaian ini",
    severity=Severity.INFO,
)
LISTS_INCOMPLETE = Undecided(
    "lists_incomplete",
    reason=Reason.INCONCLUSIVE,
    en="Whether {name} is listed is not known: a part of the configuration could not be read",
    id="Tidak diketahui apakah {name} terdaftar: sebagian konfigurasi tidak dapat dibaca",
)
LISTED = Passed(
    "listed",
    en="Every name in the estate's domains that the service showed is listed",
    id="Semua nama dalam domain instansi yang ditampilkan layanan sudah terdaftar",
)
_BY_PLACE = {CERTIFICATE: IN_CERTIFICATE, REDIRECT: IN_REDIRECT, ALIAS: IN_ALIAS}


def _no_domains(estate: EstateView) -> NotApplicable | None:
    if estate.has_domains:
        return None
    return NotApplicable("The scope names no domain", "Lingkup tidak menyebut domain")


def _is_unlisted(fact: EstateFact, estate: EstateView) -> bool:
    """In a domain of the scope, and neither it nor its twin with or without `www.` is listed."""
    name = fact.key
    twin = name.removeprefix("www.") if name.startswith("www.") else f"www.{name}"
    return estate.is_inside(name) and not estate.is_listed(name) and not estate.is_listed(twin)


@estate_check(
    "dns.unlisted",
    names_seen,
    version=1,
    fixed_by=FixedBy.ZONE,
    outcomes=(IN_CERTIFICATE, IN_REDIRECT, IN_ALIAS, LISTS_INCOMPLETE, LISTED),
    otherwise=LISTED,
    compares=False,
    applies=_no_domains,
    wanted=_is_unlisted,
    references=("RFC 5280 4.2.1.6", "RFC 9110 10.2.2", "RFC 1034 3.6.2"),
)
def unlisted(group: Group, estate: EstateView) -> Iterator[Verdict]:
    """Every name in the estate's domains that a service shows is a target or stands in the official list.

    Looked at are the names in certificates, in redirects, and behind CNAME records. None of them is contacted. A name and
    its twin with `www.` count as one.

    Apa: Setiap nama dalam domain instansi yang ditampilkan layanan merupakan target atau tercantum dalam daftar resmi.
    Rincian: Yang dilihat adalah nama dalam sertifikat, pengalihan, dan rekaman CNAME. Tidak satu pun dihubungi. Nama dengan
        dan tanpa `www.` dihitung satu.
    Why: A service that nobody has on a list is one that nobody looks after.
    Sebab: Layanan yang tidak ada dalam daftar siapa pun adalah layanan yang tidak diurus siapa pun.
    Fix: Ask who runs it. Add it to the targets and to the official list, or take it out of the certificate and the zone.
    Perbaikan: Tanyakan siapa pengelolanya. Tambahkan ke target dan daftar resmi, atau hapus dari sertifikat dan zona.
    DNS:
        ; nsupdate
        update delete lama.contoh.go.id. CNAME
    Careful: A name in a certificate may belong to an internal service; look before it is removed.
    Hati-hati: Nama dalam sertifikat dapat milik layanan internal; periksa dahulu sebelum dihapus.
    """
    # Written down once for each unit that shows it: it belongs to none of the services.
    where = group.first_of_each_unit()
    if not estate.lists_are_whole:
        yield LISTS_INCOMPLETE(name=group.key).about("name", group.key).at(where)
        return
    places = {it.detail[0] for it in group.members}
    outcome = next(_BY_PLACE[it] for it in (CERTIFICATE, REDIRECT, ALIAS) if it in places)
    yield outcome(name=group.key, services=len(group.targets)).about("name", group.key).at(where)
