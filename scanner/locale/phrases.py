"""The words of reports in Indonesian and English: what a state is called, headings, and short sentences.

Chosen with care: a pass is never called safe or compliant, a finding never a failure, and what could not be observed is
never a finding. `{...}` is filled by the report.
"""

from enum import StrEnum

import msgspec

from scanner.doubt import Whose
from scanner.estate import Vantage
from scanner.findings import FixedBy, Severity, State
from scanner.locale.values import write_number


class Condition(StrEnum):
    """What a row of a table comes to: a closed list, the worst first."""

    IMMEDIATE = "immediate"
    ACTION = "action"
    FINDINGS = "findings"
    """Findings below high; the word names the gravest."""
    ACCEPTED = "accepted"
    """No findings but those that somebody accepted."""
    NONE = "none"
    PARTLY = "partly"
    """No findings, and a check was switched off that might have said otherwise."""
    UNKNOWN = "unknown"


Noun = tuple[str, str]
"""Singular and plural."""


class Listed(msgspec.Struct, frozen=True):
    """What the lists of findings say in one language."""

    others: str
    everything: str
    nothing: str
    more: tuple[str, str]
    hidden: tuple[str, str]
    """How many findings there are when none of them is shown; singular and plural."""
    each: tuple[str, str]
    """How many there are when only kinds of fault are shown."""
    fix_above: str
    some_open: str
    blocked: str


class Ground(msgspec.Struct, frozen=True):
    """What is said in one language of where a run stood, by what right, and what was wrong with its configuration."""

    vantage: dict[Vantage, str]
    vantage_title: str
    places: dict[Vantage, str]
    authorisation_title: str
    authorisation: str
    issued_by: str
    none_named: str
    plugins_title: str
    problems: tuple[str, str]
    population: str
    stopped: dict[str, str]
    """What stopped a run, where it was no signal."""
    doubt: str
    whose: dict[Whose, str]
    clock: str


class Decided(msgspec.Struct, frozen=True):
    """What is said in one language of what somebody decided: findings accepted, checks switched off."""

    accepted: tuple[str, str]
    otherwise: str
    """There are no findings beside those accepted; `{text}` says how far that reaches."""
    accepted_until: str
    off: tuple[str, str]
    off_at: str
    some_off: str


class Phrases(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language; a missing one is an error when this module is imported."""

    language: str
    states: dict[State, str]
    severities: dict[Severity, str]
    severity_letters: dict[Severity, str]
    fixed_by: dict[FixedBy, str]
    conditions: dict[Condition, str]
    conditions_short: dict[Condition, str]
    listed: Listed
    ground: Ground
    decided: Decided

    target: Noun
    unit: Noun
    connection: Noun
    request: Noun
    verdict: Noun
    second: Noun
    minute: Noun
    hour: Noun

    severity_title: str
    category_title: str
    unit_title: str
    target_title: str
    observed_title: str
    condition_title: str
    findings_title: str
    coverage_title: str
    first_title: str
    unknown_title: str
    files_title: str

    profile: str
    run: str
    interrupted: str
    incomplete: str
    unended: str
    unjudged: str
    no_findings: str
    no_findings_observed: str
    nothing_observed: str
    observed: str
    down: str
    not_concluded: str
    verdicts_not_concluded: str
    verdicts_at: str
    errors: str
    more: str
    more_rows: str
    more_reasons: tuple[str, str]
    """Singular and plural."""
    other_reasons: str
    without_unit: str

    def count(self, number: int, noun: Noun) -> str:
        """`1.480 target`; `1 target`, `2 targets` in English."""
        return f"{write_number(number, self.language)} {noun[0 if number == 1 else 1]}"

    def number(self, number: int) -> str:
        """The number in local style."""
        return write_number(number, self.language)


def phrases(language: str) -> Phrases:
    """The words of `id` or `en`."""
    return INDONESIAN if language == "id" else ENGLISH


INDONESIAN = Phrases(
    language="id",
    states={
        State.PASS: "sesuai kebijakan pemindaian",
        State.FAIL: "ada temuan",
        State.UNKNOWN: "belum dapat disimpulkan",
        State.NOT_APPLICABLE: "tidak berlaku",
        State.MANUAL: "perlu dokumen atau wawancara",
        State.ERROR: "kesalahan alat",
    },
    severities={
        Severity.CRITICAL: "kritis",
        Severity.HIGH: "tinggi",
        Severity.MEDIUM: "sedang",
        Severity.LOW: "rendah",
        Severity.INFO: "info",
    },
    severity_letters={
        Severity.CRITICAL: "K",
        Severity.HIGH: "T",
        Severity.MEDIUM: "S",
        Severity.LOW: "R",
        Severity.INFO: "I",
    },
    fixed_by={
        FixedBy.APPLICATION: "aplikasi",
        FixedBy.WEB_SERVER: "server web",
        FixedBy.PLATFORM: "infrastruktur",
        FixedBy.DNS: "DNS",
        FixedBy.ZONE: "pengelola zona",
    },
    conditions={
        Condition.IMMEDIATE: "perlu tindakan segera",
        Condition.ACTION: "perlu tindakan",
        Condition.FINDINGS: "ada temuan {severity}",
        Condition.ACCEPTED: "temuan dikecualikan",
        Condition.NONE: "tidak ada temuan",
        Condition.PARTLY: "tidak diperiksa penuh",
        Condition.UNKNOWN: "belum dapat disimpulkan",
    },
    listed=Listed(
        others="Temuan lainnya",
        everything="Semua temuan",
        nothing="  tidak ada yang dapat didaftar",
        more=("+{count} temuan lain: {command}", "+{count} temuan lain: {command}"),
        hidden=("{count} temuan: {command}", "{count} temuan: {command}"),
        each=("satu per satu, {count} temuan: {command}", "satu per satu, {count} temuan: {command}"),
        fix_above="perbaikan tertulis di atas",
        some_open="tidak ada temuan pada yang dapat diperiksa; {verdicts} belum dapat disimpulkan",
        blocked="{count} di antaranya diblokir",
    ),
    ground=Ground(
        vantage={Vantage.INTERNET: "dari internet", Vantage.INTRANET: "dari jaringan intra", Vantage.UNSTATED: ""},
        vantage_title="Dari",
        places={
            Vantage.INTERNET: "internet",
            Vantage.INTRANET: "jaringan intra",
            Vantage.UNSTATED: "titik pantau tidak disebut",
        },
        authorisation_title="Dasar",
        authorisation="{number}, berlaku s.d. {date}",
        issued_by="diterbitkan oleh {name}",
        none_named="tidak disebut",
        plugins_title="Plug-in",
        problems=(
            "Konfigurasi: {count} kesalahan; bagian itu tidak dipakai",
            "Konfigurasi: {count} kesalahan; bagian-bagian itu tidak dipakai",
        ),
        population="menurut {document} ({date}): {listed} dari {services} layanan terdaftar ada dalam daftar target, "
        "{observed} teramati",
        stopped={
            "window": "jendela waktu pemindaian berakhir",
            "authorisation": "masa berlaku izin berakhir",
            "our_side": "kemungkinan gangguan di jaringan pemindai",
        },
        doubt="Pukul {time}: {failed} dari {of} target terakhir tidak menjawab pada saat yang sama; {whose}",
        whose={
            Whose.THEIRS: "titik acuan tetap menjawab, jadi gangguannya bukan di jaringan pemindai; "
            "target itu diamati dua kali",
            Whose.OURS: "titik acuan pun tidak menjawab, kemungkinan gangguan di jaringan pemindai; target itu belum "
            "diamati",
            Whose.OVER: "titik acuan pun sempat tidak menjawab, lalu pulih; target itu diamati ulang",
            Whose.UNTOLD: "kemungkinan gangguan di jaringan pemindai, tidak ada titik acuan untuk memastikannya "
            "([reference]); target itu belum dapat disimpulkan",
        },
        clock="Jam mesin pemindai melompat {seconds} detik selama pemindaian; waktu dalam bukti perlu dicermati",
    ),
    decided=Decided(
        accepted=("{count} temuan dikecualikan", "{count} temuan dikecualikan"),
        otherwise="{accepted}; selain itu {text}",
        accepted_until="dikecualikan s.d. {date} oleh {approved_by}: {reason}",
        off=("{count} pemeriksaan dinonaktifkan", "{count} pemeriksaan dinonaktifkan"),
        off_at="{check} ({targets})",
        some_off="tidak ada temuan pada yang diperiksa",
    ),
    conditions_short={
        Condition.IMMEDIATE: "tindakan segera",
        Condition.ACTION: "perlu tindakan",
        Condition.FINDINGS: "temuan {severity}",
        Condition.ACCEPTED: "dikecualikan",
        Condition.NONE: "tidak ada temuan",
        Condition.PARTLY: "sebagian saja",
        Condition.UNKNOWN: "belum disimpulkan",
    },
    target=("target", "target"),
    unit=("perangkat daerah", "perangkat daerah"),
    connection=("koneksi", "koneksi"),
    request=("permintaan", "permintaan"),
    verdict=("pemeriksaan", "pemeriksaan"),
    second=("detik", "detik"),
    minute=("menit", "menit"),
    hour=("jam", "jam"),
    severity_title="Keparahan",
    category_title="Kategori SE",
    unit_title="Perangkat daerah",
    target_title="Target",
    observed_title="Teramati",
    condition_title="Keadaan",
    findings_title="Temuan",
    coverage_title="Cakupan",
    first_title="Kerjakan dulu",
    unknown_title="Belum dapat disimpulkan (bukan temuan)",
    files_title="Laporan",
    profile="profil {name}",
    run="run {id}",
    interrupted="TIDAK LENGKAP: pemindaian dihentikan ({signal}), {missing} dari {targets} belum diamati",
    incomplete="TIDAK LENGKAP: {missing} dari {targets} belum diamati",
    unended="TIDAK LENGKAP: pemindaian belum berakhir atau terhenti paksa, {missing} dari {targets} belum diamati",
    unjudged="{targets} belum dinilai",
    no_findings="tidak ada temuan pada {targets}",
    no_findings_observed="tidak ada temuan pada {targets} yang teramati",
    nothing_observed="belum dapat disimpulkan, tidak ada target yang teramati",
    observed="{observed} dari {targets} teramati",
    down="{count} tidak menjawab (termasuk temuan)",
    not_concluded="{count} belum dapat disimpulkan",
    verdicts_not_concluded="{count} dari {verdicts} pada target teramati belum dapat disimpulkan",
    verdicts_at="{verdicts} pada {names}",
    errors="Kesalahan alat: {verdicts} tidak selesai karena kesalahan Pindai, bukan karena layanan: {names}",
    more="+{count} lain",
    more_rows="+{count} {noun} lain",
    more_reasons=("+{count} alasan lain", "+{count} alasan lain"),
    other_reasons="alasan lain {count}",
    without_unit="(tanpa perangkat daerah)",
)

ENGLISH = Phrases(
    language="en",
    states={
        State.PASS: "meets the scan policy",
        State.FAIL: "finding",
        State.UNKNOWN: "cannot be concluded",
        State.NOT_APPLICABLE: "not applicable",
        State.MANUAL: "needs documents or interview",
        State.ERROR: "error of the tool",
    },
    severities={severity: severity.word for severity in Severity},
    severity_letters={severity: severity.name[0] for severity in Severity},
    fixed_by={
        FixedBy.APPLICATION: "application",
        FixedBy.WEB_SERVER: "web server",
        FixedBy.PLATFORM: "infrastructure",
        FixedBy.DNS: "DNS",
        FixedBy.ZONE: "zone operator",
    },
    conditions={
        Condition.IMMEDIATE: "immediate action needed",
        Condition.ACTION: "action needed",
        Condition.FINDINGS: "{severity} findings",
        Condition.ACCEPTED: "accepted findings",
        Condition.NONE: "no findings",
        Condition.PARTLY: "not fully checked",
        Condition.UNKNOWN: "cannot be concluded",
    },
    listed=Listed(
        others="Other findings",
        everything="All findings",
        nothing="  nothing to list",
        more=("+{count} more finding: {command}", "+{count} more findings: {command}"),
        hidden=("{count} finding: {command}", "{count} findings: {command}"),
        each=("one by one, {count} finding: {command}", "one by one, {count} findings: {command}"),
        fix_above="fix given above",
        some_open="no findings in what could be checked; {verdicts} cannot be concluded",
        blocked="{count} of them blocked",
    ),
    ground=Ground(
        vantage={Vantage.INTERNET: "from the internet", Vantage.INTRANET: "from the intranet", Vantage.UNSTATED: ""},
        vantage_title="From",
        places={
            Vantage.INTERNET: "the internet",
            Vantage.INTRANET: "the intranet",
            Vantage.UNSTATED: "vantage not stated",
        },
        authorisation_title="Basis",
        authorisation="{number}, valid until {date}",
        issued_by="issued by {name}",
        none_named="none named",
        plugins_title="Plug-ins",
        problems=(
            "Configuration: {count} problem; that part is not used",
            "Configuration: {count} problems; those parts are not used",
        ),
        population="according to {document} ({date}): {listed} of {services} registered services are among the targets, "
        "{observed} observed",
        stopped={
            "window": "the scan window closed",
            "authorisation": "the authorisation ran out",
            "our_side": "likely a fault on our side of the network",
        },
        doubt="At {time}: {failed} of the last {of} targets did not answer at the same time; {whose}",
        whose={
            Whose.THEIRS: "the reference endpoints answered all the same, so it is not our network; those targets "
            "were observed twice",
            Whose.OURS: "the reference endpoints did not answer either, likely a fault on our side; those targets "
            "were not observed",
            Whose.OVER: "the reference endpoints did not answer either, and then did; those targets were observed again",
            Whose.UNTOLD: "likely a fault on our side, and no reference endpoint to tell ([reference]); nothing is concluded "
            "about those targets",
        },
        clock="The clock of the scanning machine jumped by {seconds} seconds meanwhile; times in the evidence need care",
    ),
    decided=Decided(
        accepted=("{count} accepted finding", "{count} accepted findings"),
        otherwise="{accepted}; otherwise {text}",
        accepted_until="accepted until {date} by {approved_by}: {reason}",
        off=("{count} check switched off", "{count} checks switched off"),
        off_at="{check} ({targets})",
        some_off="no findings in what was checked",
    ),
    conditions_short={
        Condition.IMMEDIATE: "act at once",
        Condition.ACTION: "action needed",
        Condition.FINDINGS: "{severity} findings",
        Condition.ACCEPTED: "accepted",
        Condition.NONE: "no findings",
        Condition.PARTLY: "partly checked",
        Condition.UNKNOWN: "not concluded",
    },
    target=("target", "targets"),
    unit=("unit", "units"),
    connection=("connection", "connections"),
    request=("request", "requests"),
    verdict=("check", "checks"),
    second=("second", "seconds"),
    minute=("minute", "minutes"),
    hour=("hour", "hours"),
    severity_title="Severity",
    category_title="System category",
    unit_title="Unit",
    target_title="Target",
    observed_title="Observed",
    condition_title="Condition",
    findings_title="Findings",
    coverage_title="Coverage",
    first_title="Do first",
    unknown_title="Cannot be concluded (these are not findings)",
    files_title="Report",
    profile="profile {name}",
    run="run {id}",
    interrupted="INCOMPLETE: the scan was stopped ({signal}), {missing} of {targets} not observed yet",
    incomplete="INCOMPLETE: {missing} of {targets} not observed yet",
    unended="INCOMPLETE: the scan has not ended or was killed, {missing} of {targets} not observed yet",
    unjudged="{targets} not judged yet",
    no_findings="no findings at {targets}",
    no_findings_observed="no findings at the {targets} observed",
    nothing_observed="cannot be concluded, no target was observed",
    observed="{observed} of {targets} observed",
    down="{count} without an answer (counted as findings)",
    not_concluded="{count} cannot be concluded",
    verdicts_not_concluded="{count} of {verdicts} at observed targets cannot be concluded",
    verdicts_at="{verdicts} at {names}",
    errors="Errors of the tool: {verdicts} did not finish through a fault of Pindai, not of the service: {names}",
    more="+{count} more",
    more_rows="+{count} more {noun}",
    more_reasons=("+{count} more reason", "+{count} more reasons"),
    other_reasons="other reasons {count}",
    without_unit="(no unit)",
)
