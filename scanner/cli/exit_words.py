"""What an exit code means, in words."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scanner.run import Run

_WORDS = {
    (0, "id"): "tidak ada temuan {severity} ke atas",
    (0, "en"): "no finding of severity {severity} or above",
    (1, "id"): "ada temuan {severity} ke atas",
    (1, "en"): "findings of severity {severity} or above",
    (130, "id"): "dihentikan (SIGINT); yang sudah teramati tersimpan, lanjutkan dengan --resume",
    (130, "en"): "stopped (SIGINT); what was observed is kept, go on with --resume",
    (143, "id"): "dihentikan (SIGTERM); yang sudah teramati tersimpan, lanjutkan dengan --resume",
    (143, "en"): "stopped (SIGTERM); what was observed is kept, go on with --resume",
    (2, "id"): "tidak lengkap: {causes}",
    (2, "en"): "incomplete: {causes}",
}
_ACCEPTED = {
    "id": "tidak ada temuan {severity} ke atas selain yang dikecualikan",
    "en": "no finding of severity {severity} or above but accepted ones",
}
_NEVER = {"id": "temuan tidak memengaruhi kode keluar", "en": "findings do not change the exit code"}
_SEVERITIES = {"critical": "kritis", "high": "tinggi", "medium": "sedang", "low": "rendah"}
_STOPPED = {"id": "terhenti sebelum selesai", "en": "stopped before its end"}
_CLOSED = {
    ("window", "id"): "jendela waktu pemindaian berakhir (lanjutkan dengan --resume saat jendela terbuka lagi)",
    ("window", "en"): "the scan window closed (go on with --resume when it is open again)",
    ("authorisation", "id"): "masa berlaku izin pemindaian berakhir (perbarui scope.authorisation)",
    ("authorisation", "en"): "the authorisation of the scan ran out (renew scope.authorisation)",
    ("our_side", "id"): "kemungkinan gangguan di jaringan pemindai (lanjutkan dengan --resume setelah pulih)",
    ("our_side", "en"): "likely a fault on our side of the network (go on with --resume when it is over)",
}
"""What ended a run without a signal, by `Ending.interrupted`."""

_DOUBTED = {
    "id": "kemungkinan gangguan di jaringan pemindai",
    "en": "likely a fault on our side of the network",
}

_LEAD = {"id": "Kode keluar {code}: {words}", "en": "Exit code {code}: {words}"}
_DEMO = {
    "id": "Kode keluar 0: demo berjalan; pemindaian biasa keluar dengan {code}: {words}",
    "en": "Exit code 0: the demo worked; a scan would exit with {code}: {words}",
}


def exit_words(
    code: int, fail_on: str, language: str, *, demo: bool = False, causes: tuple[str, ...] = (), accepted: bool = False
) -> str:
    """The sentence behind a code that a finished scan returns; a demo that worked returns 0 whatever it found.

    `causes` are those of an incomplete run, from `causes_of`; `accepted` says that only waivers make it a 0.
    """
    severity = _SEVERITIES.get(fail_on, fail_on) if language == "id" else fail_on
    template = _ACCEPTED[language] if accepted and code == 0 else _WORDS[code, language]
    words = template.format(severity=severity, causes=", ".join(causes or (_STOPPED[language],)))
    if code == 0 and fail_on == "never":
        words = _NEVER[language]
    lead = _DEMO if demo and code in (0, 1) else _LEAD
    return lead[language].format(code=code, words=words)


def causes_of(run: Run, min_coverage: float, language: str) -> tuple[str, ...]:
    """Why a run counts as incomplete, every cause that applies."""
    from scanner.assessment import conclusions
    from scanner.doubt import ACCUSE_NOBODY

    found = conclusions(run)
    left = sum(record is None for _, record in run.targets())
    closed = "" if run.ending is None else _CLOSED.get((run.ending.interrupted, language), "")
    doubts = () if run.ending is None else run.ending.doubts
    if not closed and any(doubt.whose in ACCUSE_NOBODY for doubt in doubts):
        closed = _DOUBTED[language]
    problems = len(run.manifest.estate.problems)
    return tuple(
        words
        for applies, words in (
            (problems > 0, _misconfigured(problems, language)),
            (bool(closed), closed),
            (left > 0, _not_scanned(left, language)),
            (found.errors > 0, _failed(found.errors, language)),
            (found.coverage < min_coverage, _too_little(found.coverage, min_coverage, language)),
        )
        if applies
    )


def _misconfigured(count: int, language: str) -> str:
    number = _number(count, language)
    if language == "id":
        return f"{number} kesalahan dalam berkas konfigurasi, bagian itu tidak dipakai"
    if count == 1:
        return f"{number} problem in the configuration files, that part is not used"
    return f"{number} problems in the configuration files, those parts are not used"


def _not_scanned(count: int, language: str) -> str:
    number = _number(count, language)
    if language == "id":
        return f"{number} target belum dipindai"
    return f"{number} target{' was' if count == 1 else 's were'} not scanned yet"


def _failed(count: int, language: str) -> str:
    number = _number(count, language)
    if language == "id":
        return f"{number} pemeriksaan terhenti karena kesalahan alat (lihat pindai.log)"
    return f"{number} check{'' if count == 1 else 's'} failed by an error of the tool (see pindai.log)"


def _too_little(coverage: float, limit: float, language: str) -> str:
    # Rounded down, so that 49.96 does not read as the 50 that it falls short of.
    have, need = _number(math.floor(coverage * 10) / 10, language), _number(limit, language)
    if language == "id":
        return f"{have} % target dapat disimpulkan, batasnya {need} % (--min-coverage)"
    return f"{have}% of targets allow a conclusion, the limit is {need}% (--min-coverage)"


def _number(value: float, language: str) -> str:
    """With as many decimals as it has."""
    text = f"{value:,d}" if isinstance(value, int) else f"{value:,.10g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text
