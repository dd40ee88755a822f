"""What an exit code means, in words."""

_WORDS = {
    (0, "id"): "tidak ada temuan {severity} ke atas",
    (0, "en"): "no finding of severity {severity} or above",
    (1, "id"): "ada temuan {severity} ke atas",
    (1, "en"): "findings of severity {severity} or above",
    (130, "id"): "dihentikan (SIGINT); yang sudah teramati tersimpan, lanjutkan dengan --resume",
    (130, "en"): "stopped (SIGINT); what was observed is kept, go on with --resume",
    (143, "id"): "dihentikan (SIGTERM); yang sudah teramati tersimpan, lanjutkan dengan --resume",
    (143, "en"): "stopped (SIGTERM); what was observed is kept, go on with --resume",
    (2, "id"): "tidak lengkap: terhenti, cakupan kurang, atau kesalahan alat",
    (2, "en"): "incomplete: interrupted, too little observed, or an error of the tool",
}
_NEVER = {"id": "temuan tidak memengaruhi kode keluar", "en": "findings do not change the exit code"}
_SEVERITIES = {"critical": "kritis", "high": "tinggi", "medium": "sedang", "low": "rendah"}


_LEAD = {"id": "Kode keluar {code}: {words}", "en": "Exit code {code}: {words}"}
_DEMO = {
    "id": "Kode keluar 0: demo berjalan; pemindaian biasa keluar dengan {code}: {words}",
    "en": "Exit code 0: the demo worked; a scan would exit with {code}: {words}",
}


def exit_words(code: int, fail_on: str, language: str, *, demo: bool = False) -> str:
    """The sentence behind a code that a finished scan returns; a demo that worked returns 0 whatever it found."""
    severity = _SEVERITIES.get(fail_on, fail_on) if language == "id" else fail_on
    words = _WORDS[code, language].format(severity=severity)
    if code == 0 and fail_on == "never":
        words = _NEVER[language]
    lead = _DEMO if demo and code in (0, 1) else _LEAD
    return lead[language].format(code=code, words=words)
