"""One private key behind several services."""

from collections.abc import Iterator
from ipaddress import ip_network

from scanner.api import EstateView, FixedBy, Group, Outcome, Passed, Severity, Verdict, estate_check, several_targets
from scanner.derive.key_in_use import key_in_use

SHOWN_DIGITS = 16
NEIGHBOURS = {4: 24, 6: 48}
"""Addresses within one prefix of this length, by IP version, are taken for one place: a cluster, a machine room."""

SEVERAL_UNITS = Outcome(
    "several_units",
    en="One private key serves {services} services of {units} units at unrelated addresses; the public key is {key}",
    id="Satu kunci privat dipakai {services} layanan milik {units} unit pada alamat yang tidak berkaitan; kunci publik {key}",
    severity=Severity.LOW,
)
SEVERAL_CERTIFICATES = Outcome(
    "several_certificates",
    en="One private key serves {services} services with {certificates} certificates at unrelated addresses; "
    "the public key is {key}",
    id="Satu kunci privat dipakai {services} layanan dengan {certificates} sertifikat pada alamat yang tidak berkaitan; "
    "kunci publik {key}",
    severity=Severity.INFO,
)
NOT_SPREAD = Passed(
    "not_spread",
    en="The private key was not seen at unrelated services: the keys of {others} others were compared",
    id="Kunci privat tidak terlihat pada layanan lain yang tidak berkaitan: dibandingkan dengan kunci {others} layanan",
)


@estate_check(
    "tls.shared_key",
    key_in_use,
    version=1,
    fixed_by=FixedBy.WEB_SERVER,
    outcomes=(SEVERAL_UNITS, SEVERAL_CERTIFICATES, NOT_SPREAD),
    otherwise=NOT_SPREAD,
    compares=True,
    applies=several_targets,
    references=("CA/B BR 4.9.1.1", "SP 1800-16B"),
)
def shared_key(group: Group, estate: EstateView) -> Iterator[Verdict]:  # noqa: ARG001 - all that counts is in the group
    """No private key is kept in several unrelated places.

    Services behind one proxy or in one network may share a key, and so may those of one unit that share a certificate.
    Compared are the services of this run only.

    Apa: Tidak ada kunci privat yang disimpan di beberapa tempat yang tidak berkaitan.
    Rincian: Layanan di balik satu proxy atau dalam satu jaringan boleh memakai kunci yang sama, begitu pula layanan satu
        unit yang memakai satu sertifikat. Yang dibandingkan hanya layanan dalam pemindaian ini.
    Why: Whoever takes the key from one server can answer in the name of all the others, and its certificates must be
        revoked together.
    Sebab: Siapa pun yang mengambil kunci dari satu server dapat menjawab atas nama layanan lainnya, dan semua
        sertifikatnya harus dicabut bersama.
    Fix: Make a key and a certificate of its own for each unit and each machine room; automatic issuance makes that no more
        work than copying one.
    Perbaikan: Buat kunci dan sertifikat tersendiri untuk setiap unit dan setiap ruang server; dengan penerbitan otomatis
        hal ini tidak lebih berat daripada menyalin satu kunci.
    shell: certbot certonly --nginx -d layanan.contoh.go.id
    nginx: ssl_certificate_key /etc/letsencrypt/live/layanan.contoh.go.id/privkey.pem;
    Apache: SSLCertificateKeyFile /etc/letsencrypt/live/layanan.contoh.go.id/privkey.pem
    IIS:
        ; request.inf
        [NewRequest]
        Subject = "CN=layanan.contoh.go.id"
        Exportable = FALSE
        ; certreq -new request.inf request.csr
    Careful: Replace the key at all services before the old certificate is revoked. Where one provider answers for all of
        them from several networks, the key is kept there and nothing needs to be done.
    Hati-hati: Ganti kunci pada semua layanan sebelum sertifikat lama dicabut. Bila satu penyedia menjawab untuk semuanya
        dari beberapa jaringan, kunci disimpan di sana dan tidak ada yang perlu dilakukan.
    """
    certificates = {it.detail[0] for it in group.members}
    places = _places(group)
    units = {it.unit for it in group.members if it.unit}
    if len(places) < 2:
        return
    services, key = len(group.targets), f"sha256:{group.key[:SHOWN_DIGITS]}"
    if len(units) > 1 and not _together(group, places):
        yield SEVERAL_UNITS(services=services, units=len(units), key=key).about("key", f"sha256:{group.key}")
    elif len(certificates) > 1:
        verdict = SEVERAL_CERTIFICATES(services=services, certificates=len(certificates), key=key)
        yield verdict.about("key", f"sha256:{group.key}")


def _places(group: Group) -> tuple[frozenset[str], ...]:
    """The services of the group by place: those whose addresses are neighbours, or joined by one that has both."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(it: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(it, it)
        while parent[it] != it:
            parent[it] = it = parent[parent[it]]
        return it

    for member in group.members:
        for address in filter(None, (member.address, *member.detail[1:])):
            parent[root(("network", _neighbourhood(address)))] = root(("service", member.target))
    places: dict[tuple[str, str], set[str]] = {}
    for target in group.targets:
        places.setdefault(root(("service", target)), set()).add(target)
    return tuple(map(frozenset, places.values()))


def _together(group: Group, places: tuple[frozenset[str], ...]) -> bool:
    """Whether one place has services of every unit: what lies elsewhere is then a second home of the same units."""
    unit_of = {it.target: it.unit for it in group.members}
    units = {unit for unit in unit_of.values() if unit}
    return all({unit_of[it] for it in targets if unit_of[it]} == units for targets in places)


def _neighbourhood(address: str) -> str:
    length = NEIGHBOURS[6 if ":" in address else 4]
    return str(ip_network(f"{address}/{length}", strict=False))
