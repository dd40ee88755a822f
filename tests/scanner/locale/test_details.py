"""Details are stored in English and read in the reader's language."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken import ROOT

from scanner.findings import Message
from scanner.locale.details import DETAILS, detail_text, finding_text, pattern_of, translated
from scanner.locale.reasons import render_unknown
from scanner.locale.speech import Speaker
from scanner.observations.steps import Reason, Unobserved

SAMPLES = {"number": "12", "total": "900", "reason": "timeout", "detail": "Connection refused", "text": "'a b'"}


def names_in(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def filled(template: str) -> str:
    return template.format_map({name: SAMPLES.get(name, f"{name}.contoh.test") for name in names_in(template)})


@pytest.mark.parametrize("template", DETAILS)
def test_every_detail_is_said_in_indonesian(template: str) -> None:
    said = detail_text(filled(template), "id")
    assert said != filled(template)
    expected = Speaker("id").say_marked(template).replace("{reason}", "tidak ada jawaban dalam batas waktu")
    assert pattern_of(expected).fullmatch(said), (expected, said)
    assert detail_text(filled(template), "en") == filled(template)


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("x.test: more than 12 CNAME records, or a loop", "x.test: lebih dari 12 rekaman CNAME, atau berputar"),
        ("SERVFAIL for x.test A", "SERVFAIL untuk x.test A"),
        ("SERVFAIL for x.test A (EDE 6 DNSSEC Bogus)", "SERVFAIL untuk x.test A (EDE 6 DNSSEC Bogus)"),
        ("no connection within 2.5 s", "tidak ada koneksi dalam 2,5 detik"),
        ("the body is longer than 1048576 bytes", "isi jawaban lebih panjang dari 1.048.576 byte"),
        (
            "resolver 192.0.2.53:53: no answer from the resolver within 2 s",
            "resolver 192.0.2.53:53: tidak ada jawaban resolver dalam 2 detik",
        ),
        (
            "12 of the last 20 targets failed at once; here: timeout no connection within 5 s",
            "12 dari 20 target terakhir gagal pada saat yang sama; di sini: tidak ada jawaban dalam batas waktu "
            "tidak ada koneksi dalam 5 detik",
        ),
        (
            "the certificate is for another name, so the credential was not sent",
            "sertifikat untuk nama lain, sehingga kredensial tidak dikirim",
        ),
        ("sslv3 alert handshake failure", "sslv3 alert handshake failure"),
        ("", ""),
        ("what nobody here ever wrote", "what nobody here ever wrote"),
    ],
)
def test_details(detail: str, said: str) -> None:
    assert detail_text(detail, "id") == said
    assert detail_text(detail, "en") == detail


WORD = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="-._"), min_size=1, max_size=20)


@given(st.sampled_from(DETAILS), st.data())
def test_values_come_through_unchanged(template: str, data: st.DataObject) -> None:
    """Whatever the values are: names and addresses stay as they are, whichever template takes them."""
    names = names_in(template)
    values = {name: SAMPLES[name] if name in SAMPLES else data.draw(WORD) for name in names}
    said = detail_text(template.format_map(values), "id")
    for name, value in values.items():
        if name not in SAMPLES:
            assert value in said


@given(st.text(max_size=400))
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(detail_text(text, "id"), str)
    assert detail_text(text, "en") == text


def test_hostile_values_are_no_templates() -> None:
    assert detail_text("back to https://x/{0.__class__}{url}", "id") == "kembali ke https://x/{0.__class__}{url}"


def test_a_long_chain_of_details_ends() -> None:
    assert detail_text("parts of " * 60 + "tries over HTTPS", "id").startswith("bagian dari ")


def test_findings_that_were_stored_are_read_in_indonesian_and_stay_as_they_are() -> None:
    message = render_unknown(Unobserved(Reason.TIMEOUT, "no connection within 5 s"))
    assert message.id == "Belum dapat disimpulkan: tidak ada jawaban dalam batas waktu: no connection within 5 s"
    assert finding_text(message, "id") == (
        "Belum dapat disimpulkan: tidak ada jawaban dalam batas waktu: tidak ada koneksi dalam 5 detik"
    )
    assert finding_text(message, "en") == message.en


def test_only_details_are_translated_in_a_sentence() -> None:
    message = Message(
        id="Header berisi Connection refused: no response head", en="", arguments={"value": "Connection refused"}
    )
    assert finding_text(message, "id") == message.id
    assert translated({"value": "Connection refused", "detail": "Connection refused", "n": 3}, "id") == {
        "value": "Connection refused",
        "detail": "koneksi ditolak",
        "n": 3,
    }


# -- what the code writes down is in the table

WRITERS = ("Unobserved", "NetworkError", "UrlError")
ELSEWHERE = frozenset(
    {
        "the connection was never handed over",  # a fault of ours, told in the log
        "no {} within {} s",  # every phase stands in the table
        "the server closed the connection {}",  # so does every place where it does
    }
)


def written_down() -> list[tuple[str, str]]:
    """The details in the code: `Unobserved(Reason.X, "...")`, with `{}` where a value stands."""
    found = []
    for path in sorted((ROOT / "scanner").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in WRITERS:
                at = 0 if node.func.id == "UrlError" else 1  # type: ignore[attr-defined]
                if len(node.args) > at and (text := text_of(node.args[at])):
                    found.append((f"{path.relative_to(ROOT)}:{node.lineno}", text))
    return found


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(it.value) if isinstance(it, ast.Constant) else "{}" for it in node.values)
    return ""


def test_every_detail_in_the_code_is_known() -> None:
    found = written_down()
    assert len(found) > 50
    shapes = {re.sub(r"\{\w+\}", "{}", template) for template in DETAILS}
    flat = {shape.replace("({})", "{}") for shape in shapes} | shapes
    unknown = [
        (place, text)
        for place, text in found
        if text.strip("{}: ") and text not in ELSEWHERE and not _is_known(text, flat)
    ]
    assert unknown == []


def test_every_phase_of_a_connection_has_its_sentence() -> None:
    phases = {
        node.args[1].value
        for path in sorted((ROOT / "scanner").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "phase" and len(node.args) == 2
        if isinstance(node.args[1], ast.Constant)
    }
    assert len(phases) > 4
    assert {f"no {phase} within {{number}} s" for phase in phases} - set(DETAILS) == set()


def _is_known(text: str, shapes: set[str]) -> bool:
    if text in shapes:
        return True
    for number in ("12", "contoh.test", "(kata)"):  # a value may be a number, a word, or nothing at all
        if detail_text(text.replace("{}", number), "id") != text.replace("{}", number):
            return True
    return "in canonical form" in text or "is not between" in text  # a Url that the program itself made wrong


def test_the_folder_is_there() -> None:
    assert Path(ROOT / "scanner" / "locale" / "details.py").is_file()


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param("parts of " * 500, id="nested"),
        pytest.param("a part of " * 400 + " is missing" * 400, id="nested on both sides"),
        pytest.param(f"more than {'9' * 5000} redirects", id="digits"),
        pytest.param(f"more than {'9' * 900} redirects", id="fewer digits"),
    ],
)
def test_a_detail_in_foreign_evidence_is_no_way_to_break_a_report(detail: str) -> None:
    assert detail_text(detail, "id") == detail
