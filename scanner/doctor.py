"""Is this machine fit to scan? What is seen of it (`scanner.machine`), judged row by row.

Pure: every function takes what was seen and says what it means. What could not be seen is `unknown`, and never `ok`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from scanner.estate import Estate, Nameserver, SecretKind, SecretSource, Vantage
from scanner.findings import Message
from scanner.machine import Folder, KernelClock, Tls
from scanner.observations.dns import DnsAnswer
from scanner.observations.steps import Reason, Unobserved
from scanner.probes.dns import records_of
from scanner.profiles import Profile

MOST_OFF_S = 1.0
"""A clock in step may be this far off before it is said."""
MAX_DATA_AGE = timedelta(days=180)
SLOW_RESOLVER_MS = 1000.0
LITTLE_SPACE_MIB = 1024
NO_SPACE_MIB = 64
OTHER_FILES = 100
"""Files and pipes that a scan has open beside its connections: journal, log, judge, questions to resolvers, libraries."""
FEW_DAYS = 14
PROBLEMS_SHOWN = 10


class Health(StrEnum):
    """How a thing stands; the worst of them comes first. Only a problem keeps a machine from being fit."""

    PROBLEM = "problem"
    WARNING = "warning"
    UNKNOWN = "unknown"
    OK = "ok"


class Row(msgspec.Struct, frozen=True):
    """One thing looked at: what was seen, and what to do about it. `subject` tells rows of one name apart."""

    name: str
    state: Health
    seen: Message
    advice: Message | None = None
    subject: str = ""


TITLES: Mapping[str, tuple[str, str]] = {
    "clock.synchronised": ("Clock", "Jam"),
    "clock.date": ("Date", "Tanggal"),
    "resolver": ("Resolver", "Resolver"),
    "route.ipv4": ("IPv4 route", "Rute IPv4"),
    "route.ipv6": ("IPv6 route", "Rute IPv6"),
    "data.anchors": ("Trust anchors", "Sertifikat akar"),
    "data.time_zones": ("Time zones", "Zona waktu"),
    "state.folder": ("State folder", "Folder status"),
    "state.space": ("Free space", "Ruang kosong"),
    "limits.open_files": ("Open files", "Berkas terbuka"),
    "software.pindai": ("Pindai", "Pindai"),
    "software.tls": ("OpenSSL", "OpenSSL"),
    "software.extras": ("Extras", "Tambahan"),
    "software.plugin": ("Plug-in", "Plug-in"),
    "terminal.encoding": ("Terminal", "Terminal"),
    "targets.configuration": ("Configuration", "Konfigurasi"),
    "targets.authorisation": ("Authorisation", "Izin"),
    "targets.secrets": ("Secret", "Rahasia"),
    "targets.window": ("Scan window", "Jendela waktu"),
    "targets.references": ("Reference", "Titik acuan"),
    "targets.vantage": ("Vantage", "Titik pantau"),
}
"""What each name is called in English and Indonesian."""


def worst(rows: Iterable[Row]) -> Health:
    """The worst state among the rows."""
    order = list(Health)
    return min((row.state for row in rows), key=order.index, default=Health.OK)


def _says(en: str, id: str, **values: object) -> Message:
    return Message(id=id, en=en, arguments=values)


# -- clock


def clock_rows(kernel: KernelClock | None, now: datetime, newest_data: date | None) -> Iterator[Row]:
    """Whether times in evidence can be believed. `newest_data` is a day that has certainly passed."""
    keep = _says(
        "Let chrony or systemd-timesyncd keep the clock; times are part of the evidence",
        "Pakai chrony atau systemd-timesyncd untuk menyelaraskan jam; waktu adalah bagian dari bukti",
    )
    if kernel is None:
        seen = _says(
            "This system does not say whether its clock is in step", "Sistem tidak memberi tahu keadaan jamnya"
        )
        yield Row("clock.synchronised", Health.UNKNOWN, seen, keep)
    elif not kernel.synchronised:
        seen = _says(
            "The kernel says that nothing keeps its clock in step", "Kernel menyatakan jamnya tidak diselaraskan"
        )
        yield Row("clock.synchronised", Health.WARNING, seen, keep)
    else:
        far = kernel.most_off_s > MOST_OFF_S
        seen = _says(
            "In step, at most {most_off_ms} ms off",
            "Selaras, meleset paling banyak {most_off_ms} ms",
            most_off_ms=round(kernel.most_off_s * 1000),
        )
        yield Row("clock.synchronised", Health.WARNING if far else Health.OK, seen, keep if far else None)
    today = now.date()
    if newest_data is not None and today < newest_data:
        yield Row(
            "clock.date",
            Health.PROBLEM,
            _says(
                "It is {today} by the clock, and the data installed here is of {data}",
                "Menurut jam hari ini {today}, sedangkan data yang terpasang bertanggal {data}",
                today=today.isoformat(),
                data=newest_data.isoformat(),
            ),
            _says(
                "Set the clock: certificates would be judged by a wrong day",
                "Setel jam: sertifikat akan dinilai dengan tanggal yang salah",
            ),
        )
    else:
        yield Row("clock.date", Health.OK, _says("{now}", "{now}", now=now))


def time_zone_row(zone: str, *, readable: bool, tzdata: str) -> Row:
    """Whether local times can be written."""
    if not readable:
        return Row(
            "data.time_zones",
            Health.PROBLEM,
            _says("There is no data for the zone {zone}", "Tidak ada data untuk zona {zone}", zone=zone),
            _says("Install tzdata: `pip install tzdata`", "Pasang tzdata: `pip install tzdata`"),
        )
    version = tzdata or "-"
    seen = _says("{zone} is known; tzdata {version}", "{zone} dikenal; tzdata {version}", zone=zone, version=version)
    return Row("data.time_zones", Health.OK, seen)


# -- network


def resolver_rows(
    resolvers: Iterable[Nameserver],
    answers: Mapping[str, DnsAnswer],
    host: str,
    *,
    origin: Message,
    not_asked: Message,
) -> Iterator[Row]:
    """Each resolver, where it is configured, and what it said about `host`; `not_asked` is why nothing was asked."""
    resolvers = tuple(resolvers)
    if not resolvers:
        yield Row(
            "resolver",
            Health.PROBLEM,
            _says("No resolver is configured on this system", "Tidak ada resolver yang dikonfigurasi di sistem ini"),
            _says(
                "Write nameservers under [resolver] in the targets file, or repair /etc/resolv.conf",
                "Tulis nameservers di bawah [resolver] dalam berkas target, atau perbaiki /etc/resolv.conf",
            ),
        )
    for resolver in resolvers:
        subject = str(resolver)
        answer = answers.get(f"{resolver.address}:{resolver.port}")
        if answer is None:
            yield Row("resolver", Health.UNKNOWN, _joined(origin, not_asked), subject=subject)
            continue
        state, seen, advice = _answered(answer, host)
        yield Row("resolver", state, _joined(origin, seen), advice, subject)


def _joined(one: Message, other: Message) -> Message:
    return Message(
        id=f"{one.id}; {other.id}", en=f"{one.en}; {other.en}", arguments={**one.arguments, **other.arguments}
    )


def _answered(answer: DnsAnswer, host: str) -> tuple[Health, Message, Message | None]:
    """That a resolver works is one thing, what it says about the name another: NXDOMAIN is an answer."""
    values: dict[str, object] = {"host": host, "ms": round(answer.took_ms)}
    found = records_of(answer, host, "A")
    if not isinstance(found, Unobserved) or found.reason is Reason.NO_ADDRESS:
        seen = _says("answered about {host} in {ms} ms", "menjawab tentang {host} dalam {ms} ms", **values)
        if answer.took_ms <= SLOW_RESOLVER_MS:
            return Health.OK, seen, None
        advice = _says("A resolver closer by would save time", "Resolver yang lebih dekat akan menghemat waktu")
        return Health.WARNING, seen, advice
    values |= {"reason": found.reason, "detail": found.detail}
    if isinstance(answer.outcome, Unobserved) and found.reason is not Reason.DNS_MALFORMED:
        seen = _says("{reason}: {detail} ({host})", "{reason}: {detail} ({host})", **values)
        advice = _says(
            "Name resolvers that answer, under [resolver] in the targets file; is port 53 open to them?",
            "Tulis resolver yang menjawab di bawah [resolver] dalam berkas target; apakah port 53 terbuka ke sana?",
        )
        return Health.PROBLEM, seen, advice
    seen = _says("{reason}: {detail} ({ms} ms)", "{reason}: {detail} ({ms} ms)", **values)
    advice = _says(
        "Is it this name only, or does the resolver filter? Compare with another resolver",
        "Apakah hanya nama ini, atau resolver menyaring? Bandingkan dengan resolver lain",
    )
    return Health.WARNING, seen, advice


def nothing_to_resolve() -> Row:
    """No target has a name that a resolver is asked for."""
    seen = _says("No target needs one", "Tidak ada target yang memerlukannya")
    return Row("resolver", Health.OK, seen)


def route_row(version: int, interfaces: tuple[str, ...] | None) -> Row:
    """Whether packets to the internet have a way out; none was sent to find out."""
    name = f"route.ipv{version}"
    if interfaces is None:
        return Row(name, Health.UNKNOWN, _says("This system does not tell its routes", "Sistem tidak menyebut rutenya"))
    if interfaces:
        seen = _says(
            "Default route by {interfaces}", "Rute bawaan lewat {interfaces}", interfaces=", ".join(interfaces)
        )
        return Row(name, Health.OK, seen)
    return Row(
        name,
        Health.WARNING,
        _says("There is no default route", "Tidak ada rute bawaan"),
        _says(
            "Services at IPv{version} addresses outside this network stay unknown from here",
            "Layanan beralamat IPv{version} di luar jaringan ini tidak dapat diamati dari sini",
            version=version,
        ),
    )


# -- what is installed


def anchors_row(version: str, made: date | None, today: date) -> Row:
    """How old the public trust anchors are."""
    values: dict[str, object] = {"version": version or "-"}
    update = _says(
        "Update it: `pip install --upgrade certifi` in Pindai's environment (`pipx upgrade --include-injected pindai`)",
        "Perbarui: `pip install --upgrade certifi` di lingkungan Pindai (`pipx upgrade --include-injected pindai`)",
    )
    if made is None:
        seen = _says("certifi {version}, of no known day", "certifi {version}, tanggal tidak diketahui", **values)
        return Row("data.anchors", Health.UNKNOWN, seen, update)
    values["age"] = max(today - made, timedelta())
    old = today - made > MAX_DATA_AGE
    seen = _says("certifi {version}, {age} old", "certifi {version}, berumur {age}", **values)
    return Row("data.anchors", Health.WARNING if old else Health.OK, seen, update if old else None)


def software_rows(pindai: str, python: str, spoken: Tls, extras: Mapping[str, bool]) -> Iterator[Row]:
    """Versions, what handshakes can be made, and which extras are there."""
    yield Row("software.pindai", Health.OK, _says("{v}, Python {py}", "{v}, Python {py}", v=pindai, py=python))
    missing = [name for name in ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3") if name not in spoken.versions]
    values: dict[str, object] = {"library": spoken.library, "versions": ", ".join(spoken.versions) or "-"}
    state, advice = Health.OK, None
    if missing:
        state = Health.PROBLEM if {"TLS 1.2", "TLS 1.3"} & set(missing) else Health.WARNING
        advice = _says(
            "Servers that speak only {missing} cannot be observed: install `cryptography` from its own wheel",
            "Server yang hanya memakai {missing} tidak dapat diamati: pasang `cryptography` dari wheel resminya",
            missing=", ".join(missing),
        )
    yield Row("software.tls", state, _says("{library}; {versions}", "{library}; {versions}", **values), advice)
    seen = "; ".join(f"{name} {{{name}}}" for name in extras)
    yield Row("software.extras", Health.OK, _says(seen, seen, **extras))


def plugin_row(name: str, version: str, adds: Sequence[str], *, allowed: bool, digest: str) -> Row:
    """A plug-in that is installed: loaded when it is allowed, and else only known by its metadata."""
    values: dict[str, object] = {"name": name, "version": version, "adds": ", ".join(adds)}
    if not allowed:
        return Row(
            "software.plugin",
            Health.OK,
            _says(
                "{name} {version} is installed and not allowed, so it is not loaded ({adds})",
                "{name} {version} terpasang dan tidak diizinkan, jadi tidak dimuat ({adds})",
                **values,
            ),
            subject=name,
        )
    if not digest:
        seen = _says(
            "{name} {version} is allowed ({adds}); installed as editable, so its code has no digest",
            "{name} {version} diizinkan ({adds}); dipasang sebagai editable, jadi kodenya tanpa digest",
            **values,
        )
        advice = _says(
            "For evidence install it without -e: `pip install {name}`",
            "Untuk bukti pasang tanpa -e: `pip install {name}`",
            name=name,
        )
        return Row("software.plugin", Health.WARNING, seen, advice, subject=name)
    seen = _says(
        "{name} {version} is allowed ({adds}), {digest}",
        "{name} {version} diizinkan ({adds}), {digest}",
        **values,
        digest=digest,
    )
    return Row("software.plugin", Health.OK, seen, subject=name)


def terminal_row(encoding: str, *, ascii_only: bool) -> Row:
    """Whether names can be shown as they are written."""
    seen = _says("Writes {encoding}", "Menulis {encoding}", encoding=encoding or "-")
    if not ascii_only:
        return Row("terminal.encoding", Health.OK, seen)
    return Row(
        "terminal.encoding",
        Health.WARNING,
        seen,
        _says(
            "Letters outside ASCII are shown as escapes; set LANG=C.UTF-8 or id_ID.UTF-8",
            "Huruf di luar ASCII ditampilkan sebagai kode; setel LANG=C.UTF-8 atau id_ID.UTF-8",
        ),
    )


# -- state folder and limits


def state_rows(path: str, folder: Folder) -> Iterator[Row]:
    """Whether a run can be kept, for our own eyes only."""
    yield _folder_row(path, folder)
    if folder.free_mib is None:
        seen = _says("This system does not say how much is free", "Sistem tidak menyebut sisa ruangnya")
        yield Row("state.space", Health.UNKNOWN, seen)
        return
    values = {"free_mib": folder.free_mib, "runs": folder.runs, "runs_mib": folder.runs_mib}
    little = folder.free_mib < LITTLE_SPACE_MIB
    yield Row(
        "state.space",
        Health.PROBLEM if folder.free_mib < NO_SPACE_MIB else Health.WARNING if little else Health.OK,
        _says(
            "{free_mib} MiB free; kept runs: {runs}, {runs_mib} MiB",
            "{free_mib} MiB kosong; pemindaian tersimpan: {runs}, {runs_mib} MiB",
            **values,
        ),
        _says(
            "Free some space; a run is forgotten by deleting its file in runs/",
            "Kosongkan ruang; hapus berkas di runs/ untuk melupakan sebuah pemindaian",
        )
        if little
        else None,
    )


def _folder_row(path: str, folder: Folder) -> Row:
    def row(state: Health, en: str, id: str, advice: Message | None = None) -> Row:
        return Row("state.folder", state, _says("{path}" + en, "{path}" + id, path=path, mode=mode), advice)

    mode = f"{folder.mode & 0o777:04o}"
    choose = _says("Choose another with --state DIR, or repair it", "Pilih yang lain dengan --state DIR, atau perbaiki")
    if not folder.is_folder:
        return row(Health.PROBLEM, " is no folder", " bukan folder", choose)
    if not folder.writable:
        return row(Health.PROBLEM, " cannot be written", " tidak dapat ditulisi", choose)
    if not folder.exists:
        return row(
            Health.OK, " is not there yet; the first scan makes it", " belum ada; dibuat oleh pemindaian pertama"
        )
    if not folder.ours:
        return row(Health.WARNING, " belongs to somebody else", " milik pengguna lain", choose)
    if folder.mode & 0o077:
        advice = _says(
            "Others on this machine may look into it: chmod 700", "Pengguna lain dapat melihat isinya: chmod 700"
        )
        return row(Health.WARNING, " has mode {mode}", " bermode {mode}", advice)
    return row(Health.OK, ", mode {mode}", ", mode {mode}")


def open_files_row(limit: int | None, profile: Profile) -> Row:
    """Whether as many connections can be open as the profile wants; a lack of files would read like no answers."""
    needed = profile.pace.connections_total + OTHER_FILES
    values: dict[str, object] = {"needed": needed, "profile": profile.name}
    if limit is None:
        return Row("limits.open_files", Health.OK, _says("No limit", "Tanpa batas", **values))
    seen = _says(
        "{limit} may be open; profile {profile} needs up to {needed}",
        "{limit} boleh terbuka; profil {profile} perlu sampai {needed}",
        limit=limit,
        **values,
    )
    if limit >= needed:
        return Row("limits.open_files", Health.OK, seen)
    advice = _says("Raise it: `ulimit -n {want}`", "Naikkan: `ulimit -n {want}`", want=str(max(1024, needed)))
    return Row("limits.open_files", Health.PROBLEM, seen, advice)


# -- the estate


def estate_rows(estate: Estate, now: datetime) -> Iterator[Row]:
    """What the targets file says that decides whether a scan starts now, and what its findings are worth."""
    yield from _configuration_rows(estate)
    yield _authorisation_row(estate, now)
    yield _window_row(estate, now)
    if estate.references:
        seen = _says("{count} configured", "{count} dikonfigurasi", count=len(estate.references))
        yield Row("targets.references", Health.OK, seen)
    else:
        yield Row(
            "targets.references",
            Health.WARNING,
            _says("None is configured", "Tidak ada yang dikonfigurasi"),
            _says(
                "Write [reference] endpoints, places that answer while our own line is well",
                "Tulis [reference] endpoints, tempat yang menjawab selama jaringan sendiri baik",
            ),
        )
    if estate.vantage.kind is Vantage.UNSTATED:
        yield Row(
            "targets.vantage",
            Health.WARNING,
            _says("Not stated", "Tidak disebut"),
            _says(
                'Write [vantage] kind = "internet" or "intranet": a finding means little without it',
                'Tulis [vantage] kind = "internet" atau "intranet": temuan kurang berarti tanpanya',
            ),
        )
    else:
        point = estate.vantage
        where = " ".join(filter(None, (point.kind.value, point.name, point.address)))
        yield Row("targets.vantage", Health.OK, _says("{where}", "{where}", where=where))


def _configuration_rows(estate: Estate) -> Iterator[Row]:
    values: dict[str, object] = {
        "targets": len(estate.targets),
        "units": len({target.unit for target in estate.targets if target.unit}),
    }
    if not estate.problems:
        seen = _says("Targets: {targets}; units: {units}", "Target: {targets}; perangkat daerah: {units}", **values)
        yield Row("targets.configuration", Health.OK, seen)
    repair = _says("Repair it; until then it is left out", "Perbaiki; sampai saat itu bagian ini tidak dipakai")
    for number, problem in enumerate(estate.problems[:PROBLEMS_SHOWN], 1):
        seen = _says("{problem}", "{problem}", problem=problem)
        yield Row("targets.configuration", Health.PROBLEM, seen, repair, str(number))
    if (more := len(estate.problems) - PROBLEMS_SHOWN) > 0:
        seen = _says("{more} more problems", "{more} masalah lain", more=more)
        yield Row("targets.configuration", Health.PROBLEM, seen, subject="more")


def _authorisation_row(estate: Estate, now: datetime) -> Row:
    permit = estate.authorisation
    if permit is None:
        return Row(
            "targets.authorisation",
            Health.WARNING,
            _says("No document is named", "Tidak ada dokumen yang disebut"),
            _says(
                "Write [scope.authorisation] number and valid_until of the document that allows the scan",
                "Tulis [scope.authorisation] number dan valid_until dokumen yang mengizinkan pemindaian",
            ),
        )
    left = (permit.valid_until - estate.local(now).date()).days
    values: dict[str, object] = {"number": permit.number, "until": permit.valid_until.isoformat(), "days_left": left}
    if not estate.is_authorised(now):
        seen = _says("{number} ended on {until}", "{number} berakhir {until}", **values)
        advice = _says("Scans do not start: have it renewed", "Pemindaian tidak akan dimulai: mintakan perpanjangan")
        return Row("targets.authorisation", Health.PROBLEM, seen, advice)
    seen = _says(
        "{number}, valid until {until}, days left: {days_left}",
        "{number}, berlaku sampai {until}, sisa hari: {days_left}",
        **values,
    )
    if left < FEW_DAYS:
        return Row("targets.authorisation", Health.WARNING, seen, _says("Have it renewed", "Mintakan perpanjangan"))
    return Row("targets.authorisation", Health.OK, seen)


def _window_row(estate: Estate, now: datetime) -> Row:
    here = estate.local(now)
    own = sum(1 for target in estate.targets if target.windows)
    if not estate.windows:
        seen = _says(
            "At any time; targets with a window of their own: {own}",
            "Kapan saja; target dengan jendela sendiri: {own}",
            own=own,
        )
        return Row("targets.window", Health.OK, seen)
    values: dict[str, object] = {"windows": ", ".join(map(str, estate.windows))}
    if any(window.is_open(here) for window in estate.windows):
        return Row("targets.window", Health.OK, _says("{windows}: open now", "{windows}: sedang terbuka", **values))
    values["opens"] = f"{min(window.opens_after(here) for window in estate.windows):%H:%M}"
    seen = _says("{windows}: closed now, opens at {opens}", "{windows}: sedang tertutup, buka pukul {opens}", **values)
    return Row("targets.window", Health.WARNING, seen)


def secret_sources(estate: Estate) -> tuple[SecretSource, ...]:
    """Every place that a target's credential is read from, once."""
    found: dict[SecretSource, None] = {}
    for target in estate.targets:
        if (credential := target.credential) is not None:
            for value in (credential.user, credential.password, *(value for _, value in credential.headers)):
                if isinstance(value, SecretSource):
                    found[value] = None
    return tuple(found)


class Kept(StrEnum):
    """How a secret stands; its value is not read."""

    SET = "set"
    MISSING = "missing"
    OPEN = "open"
    """A file that others on this machine may read."""


def secret_row(source: SecretSource, kept: Kept) -> Row:
    """Whether a secret is there when the scan starts."""
    subject = f"{source.kind} {source.name}"
    if kept is Kept.SET:
        return Row("targets.secrets", Health.OK, _says("Set", "Ada"), subject=subject)
    if kept is Kept.OPEN:
        seen = _says("Others on this machine may read the file", "Pengguna lain di mesin ini dapat membaca berkasnya")
        return Row("targets.secrets", Health.PROBLEM, seen, _says("chmod 600", "chmod 600"), subject)
    if source.kind is SecretKind.ENV:
        seen = _says("Not set in this environment", "Tidak ada di lingkungan ini")
        advice = _says("Set the variable where scans are started", "Setel variabel di tempat pemindaian dijalankan")
    else:
        seen = _says("The file is not there or cannot be read", "Berkas tidak ada atau tidak dapat dibaca")
        advice = _says("Write it, mode 0600", "Tulis berkasnya, mode 0600")
    return Row("targets.secrets", Health.PROBLEM, seen, advice, subject)


def origin_of_resolvers(*, from_file: bool) -> Message:
    """Where the resolvers are configured."""
    if from_file:
        return _says("from the targets file", "dari berkas target")
    return _says("from the system", "dari sistem")


def not_asked(*, offline: bool) -> Message:
    """Why a resolver was not asked."""
    if offline:
        return _says("not asked (--offline)", "tidak ditanyai (--offline)")
    return _says("not asked without a targets file", "tidak ditanyai tanpa berkas target")
