"""What checks say of themselves: read in parts, whole in both languages, with lines for the software a reader has."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.check_docs.docstring import (
    SOFTWARE,
    CheckText,
    Code,
    Prose,
    missing_code,
    params_of,
    parse,
    shortcomings,
)
from scanner.findings import FixedBy, Severity
from scanner.frameworks.framework import Text
from scanner.outcomes import Outcome, Passed, Verdict
from scanner.registry import Check, CheckParams, discover

SHIPPED = discover()
NO_CODE = {
    ("tls.certificate.expiry", ""): "the certificate is renewed by its own client; no server setting differs",
    ("tls.earlydata", ""): "Apache and IIS take no early data",
    ("uptime.reachable", "wrong_content"): "what the page lacks is for the application to know",
}
"""Fixes that are the same whatever the software is, and why; by check, and the outcome where it is not the general one."""
TO_MEND = [
    pytest.param(check, outcome, id=f"{check.id} {outcome}".strip())
    for check in SHIPPED.values()
    for outcome in ("", *(it.key for it in check.outcomes if isinstance(it, Outcome) and it.fixed_by is not None))
]


# The checks that are shipped ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", SHIPPED.values(), ids=lambda it: it.id)
def test_a_check_says_everything_in_both_languages(check: Check) -> None:
    assert list(shortcomings(check)) == []


@pytest.mark.parametrize(("check", "outcome"), TO_MEND)
def test_a_check_has_lines_for_the_software_that_is_to_be_mended(check: Check, outcome: str) -> None:
    """An exception must be needed: one that has lines by now is taken from the list."""
    assert bool(missing_code(check, outcome)) == ((check.id, outcome) in NO_CODE)


def test_the_exceptions_are_of_checks_that_there_are() -> None:
    assert NO_CODE.keys() <= {(check.id, outcome) for check, outcome in (it.values for it in TO_MEND)}


# The parser -----------------------------------------------------------------------------------------------------------

WHOLE = """The first line is true.

    A free paragraph
    of two lines.

    Another one.

    Apa: Baris pertama benar.
    Rincian: Paragraf bebas dua
        baris.
    Rincian: Satu lagi.
    Why: Because it
        matters.
    Sebab: Karena penting.
    Fix: Do `this`.
    Perbaikan: Lakukan `this`.
    nginx:
        server {
            listen 80;
        }
    Apache: Listen 80
    Fix (rare, odd): Do that.
    Perbaikan (rare, odd): Lakukan itu.
    nginx (rare): listen 81;
    Careful: It breaks.
    Hati-hati: Bisa rusak.
    """


def test_a_docstring_is_read_in_parts() -> None:
    assert parse(WHOLE) == CheckText(
        what=Text("The first line is true.", "Baris pertama benar."),
        details=(
            Text("A free paragraph of two lines.", "Paragraf bebas dua baris."),
            Text("Another one.", "Satu lagi."),
        ),
        why=Text("Because it matters.", "Karena penting."),
        fixes=(
            Prose(Text("Do `this`.", "Lakukan `this`.")),
            Prose(Text("Do that.", "Lakukan itu."), ("rare", "odd")),
        ),
        code=(
            Code("nginx", ("server {", "    listen 80;", "}")),
            Code("nginx", ("listen 81;",), ("rare",)),
            Code("Apache", ("Listen 80",)),
        ),
        careful=(Prose(Text("It breaks.", "Bisa rusak.")),),
    )


@pytest.mark.parametrize(
    ("outcome", "fix", "code"),
    [
        ("", "Do `this`.", ["nginx", "Apache"]),
        ("usual", "Do `this`.", ["nginx", "Apache"]),
        ("rare", "Do that.", ["nginx"]),
        ("odd", "Do that.", []),  # a fix of its own: the lines of the general one would be wrong
    ],
)
def test_an_outcome_has_the_fix_and_the_lines_that_are_its_own(outcome: str, fix: str, code: list[str]) -> None:
    text = parse(WHOLE)
    assert text.fix(outcome).en == fix
    assert [it.software for it in text.code_for(outcome)] == code
    assert text.caution(outcome).id == "Bisa rusak."


def test_lines_that_repair_several_things_are_told_once() -> None:
    text = parse(
        "What.\n\n    Fix: A.\n    Fix (one): B.\n    nginx: x;\n    nginx (one): x;\n    nginx (two): y;\n    "
    )
    assert [(it.lines, it.outcomes, it.general) for it in text.blocks()] == [
        (("x;",), ("one",), True),
        (("y;",), ("two",), False),
    ]


def test_what_is_in_one_language_only_is_shown_rather_than_lost() -> None:
    """A check that somebody else brings may have no twins."""
    text = parse("What.\n\n    Free.\n\n    Fix: Mend it.\n    Hati-hati: Awas.\n    ")
    assert (text.what.id, text.fix().id, text.caution().en) == ("What.", "Mend it.", "Awas.")
    assert text.details == (Text("Free.", "Free."),)
    assert text.why == Text("", "")


LABELS = ["Apa", "Rincian", "Why", "Sebab", "Fix", "Perbaikan", "Careful", "Hati-hati", *SOFTWARE]


@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(LABELS).map(lambda it: f"    {it}: words"),
            st.sampled_from(LABELS).map(lambda it: f"    {it} (a, b):"),
            st.just(""),
            st.just("        indented"),
        ),
        max_size=20,
    ).map("\n".join)
)
def test_any_docstring_can_be_read(docstring: str) -> None:
    text = parse(docstring)
    assert "\n" not in text.what.en
    for outcome in ("", "a", "z"):
        assert all(isinstance(it.software, str) for it in text.code_for(outcome))
        text.fix(outcome)


# What is missing is said ----------------------------------------------------------------------------------------------


def written(docstring: str, fixed_by: FixedBy = FixedBy.PLATFORM, params: type[CheckParams] | None = None) -> Check:
    def judge() -> Iterator[Verdict]:
        yield from ()

    judge.__doc__ = docstring
    return Check(
        id="a.b",
        version=1,
        needs=(),
        outcomes=(
            Outcome("rare", en="Bad", id="Buruk", severity=Severity.LOW),
            Outcome("odd", en="Odd", id="Aneh", severity=Severity.LOW),
            Passed("good", en="Good", id="Baik"),
        ),
        fixed_by=fixed_by,
        references=("RFC 1",),
        judge=judge,
        params=params,
    )


def without(line: str) -> Callable[[str], str]:
    return lambda text: "\n".join(it for it in text.split("\n") if line not in it)


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text, ""),
        (without("Apa:"), "no Apa"),
        (without("Sebab:"), "no Why/Sebab"),
        (without("Perbaikan:"), "no Fix/Perbaikan"),
        (without("Hati-hati:"), "careful: not in both languages"),
        (without("Rincian: Satu"), "detail: not in both languages"),
        (without("Perbaikan (rare, odd)"), "fix (rare, odd): not in both languages"),
        (instead("Lakukan `this`", "Lakukan `itu`"), "fix: the languages name different code between backticks"),
        (instead("Karena penting.", "Karena penting"), "why: does not end with a full stop in both languages"),
        (instead("(rare)", "(rarest)"), "nginx (rarest): no outcome that is a finding has this key"),
        (instead("(rare)", "(good)"), "nginx (good): no outcome that is a finding has this key"),
        (instead("Listen 80", "L" * 101), "Apache: a line of 101 characters"),
        (instead(" Listen 80", ""), "Apache: no line behind the name"),
        (
            instead("Sebab: Karena penting.", "Sebab: Karena penting.\n    Why: Twice."),
            "why: stands there twice in one language",
        ),
    ],
)
def test_what_a_docstring_lacks_is_named(change: Callable[[str], str], said: str) -> None:
    found = "; ".join(shortcomings(written(change(WHOLE))))
    assert said in found
    assert bool(said) == bool(found)


def test_a_placeholder_may_be_translated() -> None:
    text = WHOLE.replace("Do `this`", "Do `--ca FILE`").replace("Lakukan `this`", "Lakukan `--ca BERKAS`")
    assert list(shortcomings(written(text))) == []


class Told(CheckParams, frozen=True):
    """Thresholds.

    `limit`: the longest,
        in days.
    `limit`: yang terlama, dalam hari.
    """

    limit: timedelta = timedelta(days=1)


class Untold(CheckParams, frozen=True):
    """`limit`: the longest."""

    limit: int = 1


def test_thresholds_are_explained_in_both_languages() -> None:
    assert [(it.name, it.says) for it in params_of(written(WHOLE, params=Told))] == [
        ("limit", Text("the longest, in days.", "yang terlama, dalam hari."))
    ]
    assert list(shortcomings(written(WHOLE, params=Told))) == []
    assert list(shortcomings(written(WHOLE, params=Untold))) == [
        "a.b: the docstring of its Params does not explain `limit` in both languages"
    ]


@pytest.mark.parametrize(
    ("fixed_by", "missing"),
    [
        (FixedBy.WEB_SERVER, ("IIS",)),
        (FixedBy.APPLICATION, ("Laravel", "CodeIgniter")),
        (FixedBy.ZONE, ("DNS",)),
        (FixedBy.PLATFORM, ()),
    ],
)
def test_lines_are_expected_by_who_can_repair_it(fixed_by: FixedBy, missing: tuple[str, ...]) -> None:
    assert missing_code(written(WHOLE, fixed_by)) == missing
