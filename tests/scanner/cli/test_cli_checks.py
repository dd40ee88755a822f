"""`pindai checks`: a quick list, a page a check, and names that nothing has."""

import subprocess
import sys
from pathlib import Path

import pytest
from commandline import CommandLine

from scanner.registry import discover

SHIPPED = discover()
ROOT = Path(__file__).parents[3]


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "The name has an address in DNS."), ("id", "Nama ini memiliki")]
)
def test_the_list_has_every_check_and_what_it_asks(language: str, sentence: str, pindai: CommandLine) -> None:
    done = pindai("checks", "--lang", language)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == list(SHIPPED)
    assert sentence in done.out
    assert all(line.endswith(".") for line in lines)


LOADED = """
import sys
from scanner.cli.main import main
code = main(["checks"])
print(code, *sorted({name.split(".")[0] for name in sys.modules} | {it for it in sys.modules if it.startswith("scanner.")}),
      file=sys.stderr)
"""


def test_the_list_imports_no_check_and_nothing_that_is_slow() -> None:
    """As long as the index is of these sources: else `make docs`."""
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=False)
    code, *loaded = done.stderr.split()
    assert code == "0"
    slow = {"msgspec", "pydantic", "httpx", "OpenSSL", "cryptography", "dns", "jinja2", "scanner.registry"}
    assert slow & set(loaded) == set()


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["tls.certificate.key"], ["tls.certificate.key"]),
        (["dns.c*", "uptime"], ["dns.caa", "uptime.latency", "uptime.reachable"]),
        (["uptime", "dns.caa", "dns.caa"], ["dns.caa", "uptime.latency", "uptime.reachable"]),
    ],
)
def test_ids_areas_and_globs_name_checks(words: list[str], ids: list[str], pindai: CommandLine) -> None:
    done = pindai("checks", *words, "--lang", "en")
    assert done.code == 0
    shown = [line.split()[0] for line in done.out.splitlines() if " (version " in line and not line.startswith(" ")]
    assert shown == ids


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("hsts", "did you mean web.hsts.policy?"),
        ("web.hsts.polcy", "did you mean web.hsts.policy?"),
        ("HSTS-policy", "did you mean web.hsts.policy?"),
        ("cookies_flags", "did you mean web.cookies.flags?"),
        ("zzz", "there are: api.published, "),
        ("", "there are: api.published, "),
        ("\x1b[31m", "there are: api.published, "),
    ],
)
def test_a_name_that_no_check_has_is_answered_with_a_likely_one(given: str, meant: str, pindai: CommandLine) -> None:
    done = pindai("checks", given, "--lang", "en")
    assert (done.code, done.out) == (3, "")
    assert meant in done.err
    assert done.err.count("\n") == 1
    assert "\x1b" not in done.err


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_page_can_be_had_as_markdown(language: str, pindai: CommandLine) -> None:
    done = pindai("checks", "web.hsts.policy", "--format", "markdown", "--lang", language)
    assert done.code == 0
    assert done.out == (ROOT / f"docs/checks/{language}/web/hsts.policy.md").read_text("utf-8")
