"""The words of reports in Indonesian and English: what a state is called, headings, and short sentences.

Chosen with care: a pass is never called safe or compliant, a finding never a failure, and what could not be observed is
never a finding. `{...}` is filled by the report.
"""

from enum import StrEnum

import msgspec

from scanner.findings import FixedBy, Severity, State
from scanner.locale.values import write_number


class Condition(StrEnum):
    """What a row of a table comes to: the closed list of five."""

    IMMEDIATE = "immediate"
    ACTION = "action"
    FINDINGS = "findings"
    """Findings below high; the word names the gravest."""
    NONE = "none"
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
    more_reasons: str
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
        Condition.NONE: "tidak ada temuan",
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
    conditions_short={
        Condition.IMMEDIATE: "tindakan segera",
        Condition.ACTION: "perlu tindakan",
        Condition.FINDINGS: "temuan {severity}",
        Condition.NONE: "tidak ada temuan",
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
    more_reasons="+{count} alasan lain",
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
        Condition.NONE: "no findings",
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
    conditions_short={
        Condition.IMMEDIATE: "act at once",
        Condition.ACTION: "action needed",
        Condition.FINDINGS: "{severity} findings",
        Condition.NONE: "no findings",
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
    more_reasons="+{count} more reasons",
    other_reasons="other reasons {count}",
    without_unit="(no unit)",
)
