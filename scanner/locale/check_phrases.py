"""The words round what a check says of itself, in Indonesian and English: headings of its page and of the list."""

import msgspec

from scanner.estate import Kind
from scanner.findings import State


class CheckPhrases(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language; a missing one is an error when this module is imported."""

    language: str
    name: str
    """The language's own name, for a link to it."""
    states: dict[State, str]
    kinds: dict[Kind, str]

    title: str
    introduction: str
    check: str
    question: str
    version: str
    about: str
    formerly: str
    why: str
    fix: str
    fix_of: str
    code_of: str
    code_also: str
    careful: str
    careful_of: str
    outcomes: str
    outcomes_hint: str
    outcome: str
    severity: str
    sentence: str
    unknown_row: str
    thresholds: str
    threshold: str
    default: str
    meaning: str
    set_in: str
    references: str
    clauses: str
    clauses_hint: str
    clause: str
    strength: str
    certainty: str
    shows: str
    through: str
    practice: str
    unnamed: str
    silent: str
    made_by: str
    back: str


def check_phrases(language: str) -> CheckPhrases:
    """The words of `id` or `en`."""
    return INDONESIAN if language == "id" else ENGLISH


INDONESIAN = CheckPhrases(
    language="id",
    name="Bahasa Indonesia",
    states={
        State.PASS: "sesuai",
        State.FAIL: "ada temuan",
        State.UNKNOWN: "belum dapat disimpulkan",
        State.NOT_APPLICABLE: "tidak berlaku",
        State.MANUAL: "perlu dokumen atau wawancara",
        State.ERROR: "kesalahan alat",
    },
    kinds={Kind.WEB: "web", Kind.API: "API", Kind.MAIL: "surel", Kind.DNS: "DNS"},
    title="Pemeriksaan",
    introduction="Setiap pemeriksaan adalah satu pertanyaan tentang satu layanan, dijawab dari hasil pengamatan yang "
    "disimpan. Hasil sesuai berarti sesuai kebijakan pemindaian sejauh teramati, tidak lebih dari itu.",
    check="Pemeriksaan",
    question="Yang sesuai",
    version="versi {number}",
    about="Untuk target jenis {kinds}. Yang dapat memperbaiki: {fixed_by}.",
    formerly="Dahulu: {ids}",
    why="Mengapa",
    fix="Cara memperbaiki",
    fix_of="Untuk {outcomes}:",
    code_of="{software}, untuk {outcomes}",
    code_also="{software}, juga untuk {outcomes}",
    careful="Hati-hati",
    careful_of="Hati-hati, untuk {outcomes}",
    outcomes="Yang dapat dikatakan",
    outcomes_hint="Bagian dalam kurung kurawal diisi dari hasil pengamatan.",
    outcome="Hasil",
    severity="Keparahan atau keadaan",
    sentence="Bunyi",
    unknown_row="Yang tidak teramati belum dapat disimpulkan; alasannya disebut, dan tidak pernah dianggap sesuai.",
    thresholds="Ambang",
    threshold="Nama",
    default="Nilai awal",
    meaning="Arti",
    set_in="Diatur dalam berkas target atau profil, di bawah",
    references="Acuan",
    clauses="Pasal dan indikator",
    clauses_hint="Pembacaan kami, bukan pendapat hukum. Kepastian bunyi tertulis pada setiap butir.",
    clause="Butir",
    strength="Kaitan",
    certainty="Kepastian bunyi",
    shows="Yang ditunjukkan, dan yang tidak",
    through="Melalui butir-butir itu juga:",
    practice="Praktik baik: tidak disebut pasal mana pun.",
    unnamed="Tidak ada pasal dalam kerangka bawaan yang dikaitkan dengan pemeriksaan ini.",
    silent="hanya temuan yang dihitung",
    made_by="Dibuat dari kode sumber dengan `{command}`; jangan diubah di sini.",
    back="Semua pemeriksaan",
)

ENGLISH = CheckPhrases(
    language="en",
    name="English",
    states={
        State.PASS: "pass",
        State.FAIL: "finding",
        State.UNKNOWN: "cannot be concluded",
        State.NOT_APPLICABLE: "not applicable",
        State.MANUAL: "needs documents or interview",
        State.ERROR: "error of the tool",
    },
    kinds={Kind.WEB: "web", Kind.API: "API", Kind.MAIL: "mail", Kind.DNS: "DNS"},
    title="Checks",
    introduction="Each check is one question about one service, answered from stored observations. A pass says that the scan "
    "policy is met as far as was seen, and no more.",
    check="Check",
    question="What passes",
    version="version {number}",
    about="For targets of the kinds {kinds}. Who can fix it: {fixed_by}.",
    formerly="Formerly: {ids}",
    why="Why",
    fix="How to fix it",
    fix_of="For {outcomes}:",
    code_of="{software}, for {outcomes}",
    code_also="{software}, also for {outcomes}",
    careful="Careful",
    careful_of="Careful, for {outcomes}",
    outcomes="What it can say",
    outcomes_hint="What stands in braces is filled in from what was seen.",
    outcome="Outcome",
    severity="Severity or state",
    sentence="Sentence",
    unknown_row="What was not seen cannot be concluded; the reason is told, and it is never a pass.",
    thresholds="Thresholds",
    threshold="Name",
    default="Default",
    meaning="Meaning",
    set_in="Set in a targets file or profile, below",
    references="References",
    clauses="Clauses and indicators",
    clauses_hint="Our reading, no legal advice. How sure each wording is stands beside it.",
    clause="Clause",
    strength="Relation",
    certainty="Wording",
    shows="What it shows, and what it does not",
    through="Through these clauses also:",
    practice="Good practice: no clause names it.",
    unnamed="No clause of the frameworks that come with Pindai is tied to this check.",
    silent="only findings count",
    made_by="Made from the source by `{command}`; do not edit it here.",
    back="All checks",
)
