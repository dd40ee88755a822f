"""The type checker holds a check's parameters against its needs: a right check passes, planted mistakes do not.

The snippets are checked in one run with the project's own configuration.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAD = '''
"""A snippet."""
from collections.abc import Iterator
from scanner.api import (
    CheckParams, Each, FixedBy, Outcome, Passed, Reason, Severity, Unobserved, Verdict, check, derived, maybe, unknown,
)
from scanner.derive.service import Page, PresentedLeaf, leaf, page
from scanner.observations.http import Exchange

FINE = Passed("fine", en="Fine {what}", id="Baik {what}")

class Limits(CheckParams, frozen=True):
    """Thresholds."""
    at_most: int = 3

class Others(CheckParams, frozen=True):
    """Other thresholds."""
    at_least: int = 3
'''
ABOUT = "version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=()"

RIGHT = {
    "one_need": f"""
@check("a.b", page, {ABOUT})
def judge(own: Page) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    "two_needs_in_order": f"""
@check("a.b", page, leaf, {ABOUT})
def judge(own: Page, certificate: PresentedLeaf) -> Iterator[Verdict]:
    yield FINE(what=own.status, found=certificate.reference)
""",
    "maybe_handled": f"""
@check("a.b", maybe(page), {ABOUT})
def judge(own: Page | Unobserved) -> Iterator[Verdict]:
    yield unknown(own) if isinstance(own, Unobserved) else FINE(what=own.status)
""",
    "params": f"""
@check("a.b", page, params=Limits, {ABOUT})
def judge(own: Page, params: Limits) -> Iterator[Verdict]:
    yield FINE(what=own.status + params.at_most)
""",
    "each": f"""
@derived(page)
def numbers(own: Page) -> tuple[int, ...] | Unobserved:
    return (own.status,)

number = Each("number", source=numbers)

@check("a.b", number, page, each=number, {ABOUT})
def judge(one: int, own: Page) -> Iterator[Verdict]:
    yield FINE(what=one + own.status)
""",
    "six_needs": f"""
@check("a.b", page, leaf, page, leaf, page, maybe(leaf), params=Limits, {ABOUT})
def judge(
    a: Page, b: PresentedLeaf, c: Page, d: PresentedLeaf, e: Page, f: PresentedLeaf | Unobserved, params: Limits
) -> Iterator[Verdict]:
    yield FINE(what=params.at_most)
""",
}

WRONG = {
    # mistake 1: a parameter of another type than its need
    "wrong_type": f"""
@check("a.b", page, {ABOUT})
def judge(own: Exchange) -> Iterator[Verdict]:
    yield FINE(what=own.url)
""",
    "wrong_type_of_one_of_two": f"""
@check("a.b", page, leaf, {ABOUT})
def judge(own: Page, certificate: str) -> Iterator[Verdict]:
    yield FINE(what=certificate)
""",
    # mistake 2: another number or order of needs
    "too_few_parameters": f"""
@check("a.b", page, leaf, {ABOUT})
def judge(own: Page) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    "too_many_parameters": f"""
@check("a.b", page, {ABOUT})
def judge(own: Page, certificate: PresentedLeaf) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    "wrong_order": f"""
@check("a.b", page, leaf, {ABOUT})
def judge(certificate: PresentedLeaf, own: Page) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    # mistake 3: the reason that maybe() may hand over is forgotten
    "maybe_not_declared": f"""
@check("a.b", maybe(page), {ABOUT})
def judge(own: Page) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    "maybe_not_handled": f"""
@check("a.b", maybe(page), {ABOUT})
def judge(own: Page | Unobserved) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    # mistake 4: thresholds of another type, missing or not declared
    "wrong_params": f"""
@check("a.b", page, params=Limits, {ABOUT})
def judge(own: Page, params: Others) -> Iterator[Verdict]:
    yield FINE(what=params.at_least)
""",
    "params_not_taken": f"""
@check("a.b", page, params=Limits, {ABOUT})
def judge(own: Page) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    "params_not_declared": f"""
@check("a.b", page, {ABOUT})
def judge(own: Page, params: Limits) -> Iterator[Verdict]:
    yield FINE(what=params.at_most)
""",
    "params_that_are_none": f"""
class Loose:
    at_most = 3

@check("a.b", page, params=Loose, {ABOUT})
def judge(own: Page, params: Loose) -> Iterator[Verdict]:
    yield FINE(what=params.at_most)
""",
    # and what else can go wrong
    "derived_of_another_type": """
@derived(page)
def status(own: Exchange) -> int:
    return 3
""",
    "item_of_another_type": f"""
@derived(page)
def numbers(own: Page) -> tuple[int, ...]:
    return (own.status,)

number = Each("number", source=numbers)

@check("a.b", number, each=number, {ABOUT})
def judge(one: str) -> Iterator[Verdict]:
    yield FINE(what=one)
""",
    "yields_outcomes_not_verdicts": f"""
@check("a.b", page, {ABOUT})
def judge(own: Page) -> Iterator[Verdict]:
    yield FINE
""",
    "not_an_iterator": f"""
@check("a.b", page, {ABOUT})
def judge(own: Page) -> Verdict:
    return FINE(what=own.status)
""",
    "version_forgotten": """
@check("a.b", page, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=())
def judge(own: Page) -> Iterator[Verdict]:
    yield FINE(what=own.status)
""",
    "severity_forgotten": """
BAD = Outcome("bad", en="x", id="x")
""",
}


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What `mypy --strict` says of each snippet, in one run."""
    folder = tmp_path_factory.mktemp("snippets")
    for name, body in {**RIGHT, **WRONG}.items():
        (folder / f"{name}.py").write_text(HEAD + body)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
    command += ["--cache-dir", str(folder / "cache"), "--no-error-summary", "--follow-imports", "silent"]
    files = [str(folder / f"{name}.py") for name in {**RIGHT, **WRONG}]
    ran = subprocess.run([*command, *files], capture_output=True, text=True, check=False, cwd=ROOT)
    assert not ran.stderr, ran.stderr
    found: dict[str, list[str]] = {name: [] for name in {**RIGHT, **WRONG}}
    for line in ran.stdout.splitlines():
        matched = re.match(r".*?(\w+)\.py:\d+: error: (.*)", line)
        if matched is not None:
            found[matched[1]].append(matched[2])
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_check_is_accepted(errors: dict[str, list[str]], name: str) -> None:
    assert errors[name] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_mistake_is_rejected(errors: dict[str, list[str]], name: str) -> None:
    assert errors[name]
    assert not any("import" in message for message in errors[name]), "rejected for the wrong reason"
