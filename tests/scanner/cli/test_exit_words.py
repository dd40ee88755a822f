"""The sentence behind an exit code, and every cause of an incomplete run."""

from types import SimpleNamespace
from typing import Any

import pytest

from scanner.cli.exit_words import causes_of, exit_words
from scanner.findings import State


def run_of(
    targets: int, *, reached: int, concluded: int, errors: int = 0, problems: int = 0, stopped: str | None = None
) -> Any:
    """As much of a run as its causes are read from."""

    def said(state: State, target: int) -> SimpleNamespace:
        return SimpleNamespace(rank=-1, is_open=False, state=state, target=str(target))

    findings = [*(said(State.PASS, number) for number in range(concluded)), *[said(State.ERROR, 0)] * errors]
    return SimpleNamespace(
        manifest=SimpleNamespace(estate=SimpleNamespace(targets=range(targets), problems=("x",) * problems)),
        ending=None if stopped is None else SimpleNamespace(interrupted=stopped, doubts=()),
        targets=lambda: ((number, object() if number < reached else None) for number in range(targets)),
        findings=lambda: iter(findings),
    )


COMPLETE = run_of(2, reached=2, concluded=2)
UNSEEN = run_of(2, reached=2, concluded=0)
NEARLY = run_of(2001, reached=2001, concluded=1000)
BROKEN = run_of(1, reached=1, concluded=1, errors=1)
STOPPED = run_of(3000, reached=1500, concluded=1500)
FINISHED = run_of(2, reached=2, concluded=2, stopped="")
MISREAD = run_of(2, reached=2, concluded=2, problems=1)
MISREAD_OFTEN = run_of(2, reached=2, concluded=2, problems=1200)
CLOSED = run_of(2, reached=1, concluded=1, stopped="window")
EXPIRED = run_of(2, reached=2, concluded=2, stopped="authorisation")
ALL_AT_ONCE = run_of(3, reached=2, concluded=0, errors=1200)


@pytest.mark.parametrize(
    ("run", "limit", "english", "indonesian"),
    [
        (COMPLETE, 100, "", ""),
        (FINISHED, 100, "", ""),
        (
            MISREAD,
            50,
            "1 problem in the configuration files, that part is not used",
            "1 kesalahan dalam berkas konfigurasi, bagian itu tidak dipakai",
        ),
        (
            MISREAD_OFTEN,
            50,
            "1,200 problems in the configuration files, those parts are not used",
            "1.200 kesalahan dalam berkas konfigurasi, bagian itu tidak dipakai",
        ),
        (
            CLOSED,
            50,
            "the scan window closed (go on with --resume when it is open again), 1 target was not scanned yet",
            "jendela waktu pemindaian berakhir (lanjutkan dengan --resume saat jendela terbuka lagi), "
            "1 target belum dipindai",
        ),
        (
            EXPIRED,
            50,
            "the authorisation of the scan ran out (renew scope.authorisation)",
            "masa berlaku izin pemindaian berakhir (perbarui scope.authorisation)",
        ),
        (
            UNSEEN,
            50,
            "0% of targets allow a conclusion, the limit is 50% (--min-coverage)",
            "0 % target dapat disimpulkan, batasnya 50 % (--min-coverage)",
        ),
        (
            NEARLY,
            50,
            "49.9% of targets allow a conclusion, the limit is 50% (--min-coverage)",
            "49,9 % target dapat disimpulkan, batasnya 50 % (--min-coverage)",
        ),
        (
            BROKEN,
            50,
            "1 check failed by an error of the tool (see pindai.log)",
            "1 pemeriksaan terhenti karena kesalahan alat (lihat pindai.log)",
        ),
        (STOPPED, 50, "1,500 targets were not scanned yet", "1.500 target belum dipindai"),
        (
            ALL_AT_ONCE,
            0.5,
            "1 target was not scanned yet, 1,200 checks failed by an error of the tool (see pindai.log), "
            "0% of targets allow a conclusion, the limit is 0.5% (--min-coverage)",
            "1 target belum dipindai, 1.200 pemeriksaan terhenti karena kesalahan alat (lihat pindai.log), "
            "0 % target dapat disimpulkan, batasnya 0,5 % (--min-coverage)",
        ),
    ],
)
def test_every_cause_that_applies_is_said(run: Any, limit: float, english: str, indonesian: str) -> None:
    assert ", ".join(causes_of(run, limit, "en")) == english
    assert ", ".join(causes_of(run, limit, "id")) == indonesian


@pytest.mark.parametrize(
    ("code", "fail_on", "accepted", "sentence"),
    [
        (0, "high", True, "Kode keluar 0: tidak ada temuan tinggi ke atas selain yang dikecualikan"),
        (0, "high", False, "Kode keluar 0: tidak ada temuan tinggi ke atas"),
        (0, "never", True, "Kode keluar 0: temuan tidak memengaruhi kode keluar"),
        (1, "high", True, "Kode keluar 1: ada temuan tinggi ke atas"),
    ],
)
def test_what_somebody_accepted_is_not_said_to_be_no_finding(
    code: int, fail_on: str, accepted: bool, sentence: str
) -> None:
    assert exit_words(code, fail_on, "id", accepted=accepted) == sentence


@pytest.mark.parametrize(
    ("code", "fail_on", "demo", "causes", "sentence"),
    [
        (0, "high", False, (), "Kode keluar 0: tidak ada temuan tinggi ke atas"),
        (0, "never", False, (), "Kode keluar 0: temuan tidak memengaruhi kode keluar"),
        (
            1,
            "low",
            True,
            (),
            "Kode keluar 0: demo berjalan; pemindaian biasa keluar dengan 1: ada temuan rendah ke atas",
        ),
        (2, "high", False, ("a", "b"), "Kode keluar 2: tidak lengkap: a, b"),
        (2, "high", True, (), "Kode keluar 2: tidak lengkap: terhenti sebelum selesai"),
    ],
)
def test_a_code_has_its_sentence(code: int, fail_on: str, demo: bool, causes: tuple[str, ...], sentence: str) -> None:
    assert exit_words(code, fail_on, "id", demo=demo, causes=causes) == sentence
