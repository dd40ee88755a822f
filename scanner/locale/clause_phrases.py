"""The words about clauses and indicators in Indonesian and English.

A clause is never called met or broken: what was seen supports it, or there are findings that need explaining. How sure a
wording is stands beside it everywhere. Keys are the values of the states, as they stand in files.
"""

import msgspec


class FactPhrases(msgspec.Struct, frozen=True, kw_only=True):
    """The words about facts of a run or a period."""

    title: str
    names: dict[str, str]
    targets: str
    unseen: str
    declared_none: str
    coverage_goal: str
    unit_seen: str
    unit_targets: str
    period: str
    runs: str
    kept: dict[str, str]
    gap: str
    gaps: str
    gap_days: str
    schedule: dict[str, str]
    no_schedule: str
    balance: str
    balance_first: str
    no_balance: str
    flow: str
    overdue: str
    no_deadline: str
    closure: str
    deadlines: str
    within: str
    all_severities: str
    repairs: str
    not_comparable: str
    pair: str
    changed: str
    set_by: dict[str, str]
    unchanged: str


class ClausePhrases(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language; a missing one is an error when this module is imported."""

    language: str
    states: dict[str, str]
    counted: dict[str, str]
    """The states behind a number of services."""
    certainties: dict[str, str]
    certainties_short: dict[str, str]
    article_numbers: dict[str, str]
    strengths: dict[str, str]
    reaches: dict[str, str]
    said: dict[str, str]
    scope_keys: dict[str, str]
    reasons_why: dict[str, str]
    fact_states: dict[str, str]

    title: str
    frameworks_title: str
    policy: str
    only_unit: str
    wording: str
    number: str
    state: str
    figure: str
    share: str
    no_share: str
    whole: str
    document: str
    range: str
    not_registered: str
    seen: str
    annex: str
    findings: str
    waived: str
    loosened: str
    unproven: str
    unmet: str
    speaks: str
    nothing_speaks: str
    silent: str
    via: str
    measurable: str
    units: str
    without_unit: str
    categories: str
    without_category: str
    more: str
    needed: str
    unit_coverage: str
    coverage: str
    others: str
    unverified_wording: str
    status: str
    source: str
    listed: str
    practice: str
    footer: str
    detail_hint: str
    declare: dict[str, str]
    """By scope key: who must declare what, and where, before a target can match."""
    scope: str
    every_target: str
    adds_up: str
    denominator: str
    guard: str
    named_service: str
    hosts_without_target: str
    facts: FactPhrases


def clause_phrases(language: str) -> ClausePhrases:
    """The words of `id` or `en`."""
    return INDONESIAN if language == "id" else ENGLISH


INDONESIAN = ClausePhrases(
    language="id",
    states={
        "supports": "mendukung, sejauh teramati",
        "to_explain": "ada temuan yang perlu dijelaskan",
        "mixed": "sebagian mendukung",
        "material": "bahan pendukung",
        "not_observed": "tidak teramati",
        "manual": "perlu dokumen atau wawancara",
    },
    counted={
        "supports": "mendukung",
        "to_explain": "ada temuan",
        "mixed": "sebagian mendukung",
        "material": "bahan pendukung",
        "not_observed": "tidak teramati",
    },
    certainties={
        "verbatim": "bunyi dibaca pada salinan naskah resmi",
        "copies": "naskah resmi belum dilihat; dua salinan atau lebih sama kata demi kata",
        "one-copy": "naskah resmi belum dilihat; satu salinan pihak ketiga",
        "paraphrase": "naskah resmi belum dilihat; ringkasan atau kutipan pihak ketiga",
        "memory": "dari ingatan, belum diperiksa; jangan dikutip sebagai fakta",
        "inference": "simpulan kami, tanpa rumusan kriteria",
    },
    certainties_short={
        "verbatim": "naskah dibaca",
        "copies": "salinan",
        "one-copy": "satu salinan",
        "paraphrase": "ringkasan",
        "memory": "ingatan",
        "inference": "simpulan kami",
    },
    article_numbers={
        "printed": "nomor tercetak pada naskah",
        "copies": "nomor menurut salinan",
        "one-copy": "nomor menurut satu salinan",
        "by counting": "nomor dihitung dari pasal di dekatnya",
        "unknown": "nomor belum diketahui",
    },
    strengths={"direct": "langsung", "supporting": "pendukung"},
    reaches={
        "asked": "diperiksa",
        "not_asked": "tidak diperiksa pada pemindaian ini",
        "not_yet": "belum diamati oleh versi ini",
    },
    said={
        "finding": "ada temuan",
        "error": "kesalahan alat",
        "unknown": "belum dapat disimpulkan",
        "waived": "dikecualikan",
        "manual": "perlu dokumen atau wawancara",
        "information": "informasi",
        "loosened": "ambang dilonggarkan",
        "unproven": "nilai ambang atau asalnya tidak terekam",
        "silent": "tanpa temuan di tempat yang dicoba",
        "pass": "sesuai kebijakan pemindaian",
        "not_applicable": "tidak berlaku",
    },
    scope_keys={
        "kinds": "jenis titik layanan",
        "se_category": "kategori SE",
        "vantage": "titik pantau",
        "opt_in": "persetujuan pemilik untuk bagian ini",
        "service_tag": "penanda layanan dalam daftar resmi",
        "sla_covers": "dokumen SLA layanan",
    },
    reasons_why={
        "no_list": "tanpa daftar resmi layanan",
        "no_target": "instansi belum menetapkan target cakupan",
        "below_target": "di bawah target cakupan instansi",
        "loosened": "ambang dilonggarkan",
        "no_value": "nilai ambang atau asalnya tidak terekam",
        "not_yet": "belum diamati oleh versi ini",
        "no_period": "perlu periode: pindai assess --period 2026-01-01..2026-06-30",
        "no_run": "tidak ada pemindaian sejenis yang tersimpan dalam periode itu",
        "no_schedule": "instansi belum menyatakan jadwal pemindaian",
        "not_kept": "jadwal instansi tidak terlaksana",
        "no_deadline": "instansi belum menyatakan batas waktu perbaikan temuan kritis dan tinggi",
        "overdue": "ada temuan kritis atau tinggi yang melewati batas waktu",
        "overdue_unseen": "temuan kritis atau tinggi tidak dapat dilihat lagi sejak batas waktunya lewat",
        "no_repair": "belum ada perbaikan yang terkonfirmasi oleh pemindaian ulang",
    },
    fact_states={
        "pass": "sesuai ukuran instansi",
        "finding": "ada temuan yang perlu dijelaskan",
        "unknown": "belum dapat disimpulkan",
        "not_yet": "belum diamati",
    },
    title="Bahan bukti per pasal dan indikator",
    frameworks_title="Kerangka",
    policy="kebijakan pemindaian {name} {version}",
    only_unit="hanya {unit}",
    wording="Kepastian bunyi",
    number="Nomor",
    state="Keadaan",
    figure="Angka",
    share="{supports} dari {whole} layanan mendukung ({share} %)",
    no_share="{counted} layanan (tanpa daftar resmi, jadi tanpa persentase)",
    whole="dari {whole} layanan",
    document="Keseluruhan menurut {document}, {date}.",
    range="Bila semua yang tidak teramati sesuai: {most} dari {whole}; bila tidak satu pun: {least} dari {whole}.",
    not_registered="{number} layanan di luar daftar resmi, tidak dihitung",
    seen="Diamati {time}, {vantage}.",
    annex="Hanya dicantumkan sebagai lampiran; tanpa angka gabungan.",
    findings="Temuan terbuka: {text}",
    waived="Dikecualikan: {number} (bukan hasil sesuai, bukan temuan)",
    loosened="Ambang dilonggarkan: {names}. Hasil sesuai tidak dihitung.",
    unproven="Nilai ambang atau asalnya tidak terekam: {names}. Hasil sesuai tidak dihitung.",
    unmet="Tidak ada target yang cocok: {names}.",
    speaks="Yang menerangkan",
    nothing_speaks="Tidak ada pengamatan dari luar yang menerangkan butir ini.",
    silent="hanya temuan yang dihitung",
    via="Melalui {count} butir lain, {strength}: {findings} temuan, masing-masing dihitung sekali",
    measurable="Bagian yang dapat disandingkan dengan angka ({certainty})",
    units="Per perangkat daerah",
    without_unit="(tanpa perangkat daerah)",
    categories="Per kategori SE",
    without_category="(kategori belum dinyatakan)",
    more="dan {number} lagi; semuanya dengan --format json",
    needed="Yang masih diperlukan",
    unit_coverage="Dari {units} perangkat daerah: semua layanan terdaftar teramati {all}, sebagian {some}, tidak satu pun "
    "{none}; menyatakan tidak memiliki layanan daring {declared}; tanpa layanan terdaftar {without}.",
    coverage="Terdaftar {services} layanan, dipindai {listed}, teramati {observed}; target di luar daftar {strangers}.",
    others="{number} butir lain: perlu dokumen atau wawancara",
    unverified_wording="[bunyi belum diperiksa]",
    status="Status",
    source="Sumber",
    listed="{clauses} butir, {spoken} dengan pengamatan dari luar",
    practice="{number} pemeriksaan tidak disebut pasal mana pun (praktik baik)",
    footer="Hasil pengamatan dari luar pada waktu tersebut. Bukan audit keamanan, bukan penetapan tingkat kematangan, dan "
    "bukan pernyataan bahwa suatu pasal dipenuhi atau dilanggar.",
    detail_hint="Rincian satu butir: pindai assess --indicator BUTIR",
    declare={
        "kinds": "pengelola daftar target menyatakannya pada kinds",
        "se_category": "pemilik sistem menetapkannya; dicatat pada category dalam daftar resmi atau daftar target",
        "vantage": "pemindaian dijalankan dari titik itu dan dinyatakan pada [vantage]",
        "opt_in": "pemilik layanan menyetujuinya; dicatat pada opt_in di daftar target",
        "service_tag": "pengelola daftar resmi layanan menyatakannya pada tags",
        "sla_covers": "pemilik layanan menyatakannya pada [service.sla] dalam daftar resmi",
    },
    scope="Lingkup",
    every_target="semua target",
    adds_up="Cara menjumlahkan",
    denominator="Keseluruhan: {text} (menurut {document})",
    guard="Ambang yang tidak boleh lebih longgar: {guard}",
    named_service="Hanya layanan yang disebut asesor untuk indikator ini; tanpa angka instansi.",
    hosts_without_target="{number} layanan memiliki alamat terdaftar yang tidak dipindai, jadi belum teramati seluruhnya.",
    facts=FactPhrases(
        title="Fakta pemindaian",
        names={
            "run.coverage": "Cakupan",
            "run.periodicity": "Keberkalaan",
            "run.followup": "Tindak lanjut",
            "run.before_after": "Sebelum dan sesudah perbaikan",
            "run.policy": "Kebijakan pemindaian",
        },
        targets="{observed} dari {targets} target teramati",
        unseen="tidak teramati {count} ({reasons})",
        declared_none="{count} perangkat daerah menyatakan tidak memiliki layanan daring",
        coverage_goal="Target cakupan instansi {percent} % ({document}).",
        unit_seen="{name}: layanan terdaftar {registered}, dipindai {scanned}, teramati {observed}",
        unit_targets="{name}: {observed} dari {targets} target teramati",
        period="Periode {first} s.d. {last} ({days} hari), {vantage}.",
        runs="{whole} dari {runs} pemindaian utuh.",
        kept={
            "day": "{executed} dari {slots} hari terjadwal terlaksana ({share} %); {interrupted} hari terhenti.",
            "week": "{executed} dari {slots} pekan terjadwal terlaksana ({share} %); {interrupted} pekan terhenti.",
            "month": "{executed} dari {slots} bulan terjadwal terlaksana ({share} %); {interrupted} bulan terhenti.",
        },
        gap="Jarak terpanjang antarpemindaian utuh, atau ke awal atau akhir periode, {days} hari.",
        gaps="Tanpa pemindaian utuh: {gaps}.",
        gap_days="{first} s.d. {last}",
        schedule={
            "day": "Jadwal instansi: setiap hari, sedikitnya {percent} %, jarak paling lama {days} hari ({document}).",
            "week": "Jadwal instansi: setiap pekan, sedikitnya {percent} %, jarak paling lama {days} hari ({document}).",
            "month": "Jadwal instansi: setiap bulan, sedikitnya {percent} %, jarak paling lama {days} hari ({document}).",
        },
        no_schedule="Instansi belum menyatakan jadwal, jadi tanpa pembanding.",
        balance="Keadaan awal menurut pemindaian terakhir sebelum periode, {time}.",
        balance_first="Tidak ada pemindaian sebelum periode: keadaan awal menurut pemindaian pertama, {time}.",
        no_balance="Tidak ada pemindaian sejenis dalam periode ini.",
        flow="{severity}: terbuka pada awal {start}, ditemukan {found}, selesai dan terkonfirmasi {closed}, "
        "terbuka pada akhir {end} (di antaranya dikecualikan {accepted}, tidak dapat dilihat lagi {unseen}, {overdue})",
        overdue="melewati batas waktu {count}",
        no_deadline="tanpa batas waktu yang dinyatakan",
        closure="lama penyelesaian: median {median} hari, terlama {longest} hari",
        deadlines="Batas waktu instansi sejak pertama terlihat: {text} ({document}).",
        within="{severity} {days} hari",
        all_severities="Jumlah",
        repairs="{count} perbaikan terkonfirmasi oleh pemindaian ulang dengan pemeriksaan dan kebijakan yang sama.",
        not_comparable="{count} temuan tidak dapat dibandingkan (pemeriksaan, ambang, atau titik pantau berbeda).",
        pair="{target}: {check}, terlihat terakhir {before}, sesuai kebijakan pemindaian sejak {after}",
        changed="{check} {parameter}: {value} (bawaan {default}), ditetapkan {by}",
        set_by={"profile": "profil", "agency": "instansi", "target": "untuk satu target"},
        unchanged="Semua nilai adalah bawaan.",
    ),
)

ENGLISH = ClausePhrases(
    language="en",
    states={
        "supports": "supports, as far as seen",
        "to_explain": "findings need explaining",
        "mixed": "partly supports",
        "material": "supporting material",
        "not_observed": "not observed",
        "manual": "needs documents or interview",
    },
    counted={
        "supports": "support",
        "to_explain": "with findings",
        "mixed": "partly support",
        "material": "supporting material",
        "not_observed": "not observed",
    },
    certainties={
        "verbatim": "wording read in a copy of the official print",
        "copies": "official print not seen; two or more copies agree word for word",
        "one-copy": "official print not seen; one third-party copy",
        "paraphrase": "official print not seen; shortened or restated by a third party",
        "memory": "from memory, unverified; not to be quoted as fact",
        "inference": "our inference, no criterion wording behind it",
    },
    certainties_short={
        "verbatim": "print read",
        "copies": "copies",
        "one-copy": "one copy",
        "paraphrase": "paraphrase",
        "memory": "memory",
        "inference": "our inference",
    },
    article_numbers={
        "printed": "number stands in the print",
        "copies": "number as in copies",
        "one-copy": "number as in one copy",
        "by counting": "number counted from neighbouring articles",
        "unknown": "number not known",
    },
    strengths={"direct": "direct", "supporting": "supporting"},
    reaches={
        "asked": "looked at",
        "not_asked": "not part of this scan",
        "not_yet": "not yet observed by this version",
    },
    said={
        "finding": "findings",
        "error": "our error",
        "unknown": "cannot be concluded",
        "waived": "accepted",
        "manual": "needs documents or interview",
        "information": "information",
        "loosened": "loosened threshold",
        "unproven": "threshold or its origin not recorded",
        "silent": "without finding at the places tried",
        "pass": "meets the scan policy",
        "not_applicable": "not applicable",
    },
    scope_keys={
        "kinds": "kind of endpoint",
        "se_category": "system category",
        "vantage": "vantage",
        "opt_in": "owner's consent to this area",
        "service_tag": "tag of the service in the official list",
        "sla_covers": "SLA document of the service",
    },
    reasons_why={
        "no_list": "no official list of services",
        "no_target": "the agency has set no coverage target",
        "below_target": "below the agency's coverage target",
        "loosened": "loosened threshold",
        "no_value": "threshold or its origin not recorded",
        "not_yet": "not yet observed by this version",
        "no_period": "needs a period: pindai assess --period 2026-01-01..2026-06-30",
        "no_run": "no run of this kind is kept from that period",
        "no_schedule": "the agency has declared no schedule",
        "not_kept": "the agency's schedule was not kept",
        "no_deadline": "the agency has declared no deadline for critical and high findings",
        "overdue": "critical or high findings are over the deadline",
        "overdue_unseen": "critical or high findings could not be seen again since their deadline passed",
        "no_repair": "no repair was confirmed by a new scan yet",
    },
    fact_states={
        "pass": "as the agency set itself",
        "finding": "findings need explaining",
        "unknown": "cannot be concluded",
        "not_yet": "not yet observed",
    },
    title="Evidence by clause and indicator",
    frameworks_title="Frameworks",
    policy="scan policy {name} {version}",
    only_unit="{unit} only",
    wording="Wording",
    number="Number",
    state="State",
    figure="Figure",
    share="{supports} of {whole} services support ({share} %)",
    no_share="{counted} services (no official list, so no share)",
    whole="of {whole} services",
    document="The whole is that of {document}, {date}.",
    range="If all that were not observed meet the policy: {most} of {whole}; if none does: {least} of {whole}.",
    not_registered="{number} services outside the official list, not counted",
    seen="Seen {time}, {vantage}.",
    annex="Listed as an annex only; no combined figure.",
    findings="Open findings: {text}",
    waived="Accepted: {number} (neither a pass nor a finding)",
    loosened="Loosened threshold: {names}. Passes do not count.",
    unproven="Threshold or its origin not recorded: {names}. Passes do not count.",
    unmet="No target matches: {names}.",
    speaks="What speaks to it",
    nothing_speaks="Nothing seen from outside speaks to it.",
    silent="only findings count",
    via="Through {count} other clauses, {strength}: {findings} findings, each counted once",
    measurable="The part that a figure can be laid beside ({certainty})",
    units="By unit",
    without_unit="(no unit)",
    categories="By system category",
    without_category="(category not declared)",
    more="and {number} more; all of them with --format json",
    needed="Still needed",
    unit_coverage="Of {units} units: all registered services observed {all}, some {some}, none {none}; declared to have no "
    "online service {declared}; without a registered service {without}.",
    coverage="Registered {services} services, scanned {listed}, observed {observed}; targets outside the list {strangers}.",
    others="{number} other clauses: need documents or interview",
    unverified_wording="[wording not verified]",
    status="Status",
    source="Source",
    listed="{clauses} clauses, {spoken} with something to be seen from outside",
    practice="{number} checks are named by no clause (good practice)",
    footer="What was seen from outside at that time. Not a security audit, not a maturity level, and not a statement that "
    "a clause is met or broken.",
    detail_hint="One clause in detail: pindai assess --indicator CLAUSE",
    declare={
        "kinds": "who keeps the list of targets declares it as kinds",
        "se_category": "the system's owner decides it; it stands as category in the official list or the list of targets",
        "vantage": "the scan is made from there, and [vantage] says so",
        "opt_in": "the service's owner agrees; it stands as opt_in in the list of targets",
        "service_tag": "who keeps the official list of services declares it as tags",
        "sla_covers": "the service's owner declares it as [service.sla] in the official list",
    },
    scope="Scope",
    every_target="every target",
    adds_up="How it adds up",
    denominator="The whole: {text} (by {document})",
    guard="Threshold that must not be looser: {guard}",
    named_service="Only the services that the assessor names for this indicator; no figure for the agency.",
    hosts_without_target="{number} services have registered addresses nobody scans, so they were not observed as a whole.",
    facts=FactPhrases(
        title="Facts of the scans",
        names={
            "run.coverage": "Coverage",
            "run.periodicity": "Periodicity",
            "run.followup": "Follow-up",
            "run.before_after": "Before and after repairs",
            "run.policy": "Scan policy",
        },
        targets="{observed} of {targets} targets observed",
        unseen="not observed {count} ({reasons})",
        declared_none="Units that declared to have no online service: {count}",
        coverage_goal="The agency's coverage target is {percent} % ({document}).",
        unit_seen="{name}: services registered {registered}, scanned {scanned}, observed {observed}",
        unit_targets="{name}: {observed} of {targets} targets observed",
        period="Period {first} to {last} ({days} days), {vantage}.",
        runs="{whole} of {runs} scans came to their end.",
        kept={
            "day": "{executed} of {slots} scheduled days carried out ({share} %); {interrupted} interrupted.",
            "week": "{executed} of {slots} scheduled weeks carried out ({share} %); {interrupted} interrupted.",
            "month": "{executed} of {slots} scheduled months carried out ({share} %); {interrupted} interrupted.",
        },
        gap="The longest time from one whole scan to the next, or to an end of the period, was {days} days.",
        gaps="Without a whole scan: {gaps}.",
        gap_days="{first} to {last}",
        schedule={
            "day": "The agency's schedule: every day, at least {percent} %, at most {days} days apart ({document}).",
            "week": "The agency's schedule: every week, at least {percent} %, at most {days} days apart ({document}).",
            "month": "The agency's schedule: every month, at least {percent} %, at most {days} days apart ({document}).",
        },
        no_schedule="The agency has declared no schedule, so there is nothing to compare with.",
        balance="The state at the start is that of the last scan before the period, {time}.",
        balance_first="No scan before the period: the state at the start is that of the first one, {time}.",
        no_balance="No scan of this kind in the period.",
        flow="{severity}: open at start {start}, found {found}, closed and confirmed {closed}, open at end {end} (of these "
        "accepted {accepted}, could not be seen again {unseen}, {overdue})",
        overdue="over the deadline {count}",
        no_deadline="no deadline declared",
        closure="time to closure: median {median} days, longest {longest} days",
        deadlines="The agency's deadlines from when a finding was first seen: {text} ({document}).",
        within="{severity} {days} days",
        all_severities="Total",
        repairs="{count} repairs confirmed by a new scan with the same check and the same policy.",
        not_comparable="{count} findings cannot be compared (another check version, threshold or vantage).",
        pair="{target}: {check}, last seen {before}, meets the scan policy since {after}",
        changed="{check} {parameter}: {value} (default {default}), set by {by}",
        set_by={"profile": "the profile", "agency": "the agency", "target": "one target"},
        unchanged="All values are defaults.",
    ),
)
