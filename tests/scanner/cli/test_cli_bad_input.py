"""What a person can get wrong: exit code 3, words that say what to mend, no traceback, and nothing scanned.

Each mistake is made in this process, where an exception that escapes fails the test by itself; some are made again with
the real command.
"""

import os
from pathlib import Path

import faults
import pytest
from commandline import CommandLine, Done

from scanner.cli.main import main

GOOD = '[scope]\nnames = ["a.test"]\n[[target]]\nid = "a"\nurl = "https://a.test/"\n'
FILES = {
    "good.toml": GOOD.encode(),
    "other.toml": GOOD.encode(),
    "bad.toml": b"[scope\nnames = 1",
    "key.toml": GOOD.replace("[scope]", "[scop]").encode(),
    "scope.toml": GOOD.replace('"a.test"', '"b.test"').encode(),
    "twice.toml": (GOOD + '[[target]]\nid = "a"\nurl = "https://a.test/b"\n').encode(),
    "password.toml": GOOD.replace("https://", "https://orang:rahasia@").encode(),
    "empty.toml": b"",
    "binary.toml": bytes(range(256)) * 16,
    "latin.toml": GOOD.replace("a.test/", "caf\xe9.test/").encode("latin-1"),
    "table.csv": b"id,url\na,https://a.test/\n",
    "text.pem": b"not a certificate\n",
    "damaged.pem": b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    "binary.pem": bytes(range(256)),
}
URL = "https://localhost:9"


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.toml").mkdir()
    return CommandLine(tmp_path)


MISTAKES = [
    # the command line itself
    ("", "required: COMMAND"),
    ("scann", "invalid choice: 'scann'"),
    ("scann", "did you mean scan? See pindai --help"),
    (
        "scan --formt json",
        "pindai scan: unrecognized arguments: --formt; did you mean --format? See pindai scan --help",
    ),
    ("scan --fail-on hgh", "pindai scan: --fail-on: invalid choice: 'hgh'"),
    ("scan --fail-on hgh", "; did you mean high? See pindai scan --help"),
    ("scan --fail-on zzz", "'never'); see pindai scan --help"),
    ("evidence replay x --lagn id", "pindai evidence replay: unrecognized arguments: --lagn id; did you mean --lang?"),
    ("checks web --format json", "invalid choice: 'json' (choose from 'text', 'markdown')"),
    ("--frobnicate", "pindai: "),
    ("scan --frobnicate", "unrecognized arguments: --frobnicate"),
    ("scan --format xml", "invalid choice: 'xml'"),
    ("scan --fail-on worst", "invalid choice: 'worst'"),
    ("scan --min-coverage many", "'many' is no percentage from 0 to 100"),
    ("scan --min-coverage 101", "'101' is no percentage from 0 to 100"),
    ("scan --min-coverage nan", "'nan' is no percentage from 0 to 100"),
    ("evidence", "required: ACTION"),
    # URLs
    ("scan https://", "expected an address such as https://host:8443/"),
    ("scan https://[::1", "expected an address such as"),
    ("scan https://a..test", "expected an address such as"),
    ("scan https://a.test:99999", "expected an address such as"),
    ("scan ftp://a.test", "expected an address such as"),
    ("scan https://orang:rahasia@a.test/", "must not carry a user name or password"),
    ("scan https://a.test good.toml", "give one targets file or any number of URLs"),
    # targets files
    ("scan", "there is no targets.toml in this folder"),
    ("plan", "there is no targets.toml in this folder"),
    ("scan missing.toml", "missing.toml: No such file or directory"),
    ("scan a.test", "for a service write the whole URL: https://a.test"),
    ("scan good.toml other.toml", "give one targets file"),
    ("scan folder", "folder: Is a directory"),
    ("scan folder.toml", "folder.toml: Is a directory"),
    ("scan bad.toml", "bad.toml:1: not valid TOML: "),
    ("scan key.toml", "key.toml:1: scop: unknown key; did you mean 'scope'?"),
    ("scan scope.toml", "scope.toml:5: target.1.url: a.test is outside [scope]"),
    ("scan twice.toml", "twice.toml:7: target.2.id: 'a' is already target 1"),
    ("scan password.toml", "must not carry a user name or password"),
    ("scan empty.toml", "no [[target]] in it"),
    ("scan table.csv", "a targets file is TOML, not CSV or Excel; begin from targets.example.toml"),
    ("scan binary.toml", "binary.toml: not UTF-8 text (byte 128)"),
    ("scan latin.toml", "latin.toml: not UTF-8 text (byte "),
    ("scan /dev/null", "no [[target]] in it"),
    # trust anchors
    (f"scan {URL} --ca missing.pem", "missing.pem: No such file or directory"),
    (f"scan {URL} --ca folder", "folder: Is a directory"),
    (f"scan {URL} --ca text.pem", "text.pem: no PEM certificate in it"),
    (f"scan {URL} --ca damaged.pem", "damaged.pem: "),
    (f"scan {URL} --ca binary.pem", "binary.pem: not UTF-8 text"),
    # what else a scan is given
    (f"scan {URL} --profile hasty", "hasty"),
    (f"scan {URL} --profile ../profiles/local", "../profiles/local"),
    (
        f"scan {URL} --only tls.sipher",
        "no check is called 'tls.sipher'; there are: api.published, dns.caa, dns.resolves, ",
    ),
    (f"scan {URL} --connect-to a.test:443", "expected HOST:PORT:ADDRESS:PORT"),
    (f"scan {URL} --connect-to a.test:443:b.test:8443", "with an IP address"),
    (f"scan {URL} --connect-to a.test:x:127.0.0.1:1", "expected HOST:PORT:ADDRESS:PORT"),
    (f"scan {URL} --resolve a.test:443:b.test", "expected HOST:PORT:ADDRESS "),
    (f"scan {URL} --nameserver ns.a.test", "is no IP address with an optional port"),
    (f"scan {URL} --nameserver 127.0.0.1:0", "a port is a number from 1 to 65535"),
    (f"scan {URL} --state text.pem", "text.pem: cannot keep state here: "),
    (f"scan {URL} --state text.pem/below", "text.pem/below: cannot keep state here: Not a directory; choose --state"),
    (f"scan {URL} --out text.pem", "text.pem: cannot write results here: "),
    (f"scan {URL} --out text.pem/below", "text.pem/below: cannot write results here: Not a directory"),
    ("demo --out text.pem", "text.pem: cannot write results here: "),
    # what is kept
    ("report", "no run is kept here yet; pindai scan makes one (the demo keeps its own in pindai-demo/)"),
    ("report --state missing", "missing: no run is kept here"),
    ("checks tls.sipher", "no check is called 'tls.sipher'"),
    ("evidence replay missing", "missing"),
    ("evidence replay folder", "folder"),
    ("evidence replay binary.pem", "binary.pem"),
]


def made(words: str, pindai: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Done:
    """What the program does about a mistake, in this process."""
    monkeypatch.chdir(pindai.folder)
    monkeypatch.setenv("HOME", str(pindai.folder))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    try:
        code: object = main(words.split())
    except SystemExit as left:
        code = left.code
    assert isinstance(code, int)
    return Done(code, *capsys.readouterr())


@pytest.mark.parametrize(("words", "said"), MISTAKES)
def test_exit_code_3_says_what_to_mend(
    words: str, said: str, pindai: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = made(words, pindai, monkeypatch, capsys)
    assert (done.code, done.out) == (3, ""), done
    assert said in done.err
    assert "usage: " not in done.err
    assert "rahasia" not in done.err
    assert pindai.journals() == []


@pytest.mark.parametrize(("words", "said"), MISTAKES[::12])
def test_the_real_command_says_it_too(words: str, said: str, pindai: CommandLine) -> None:
    done = pindai(*words.split())
    assert (done.code, done.out) == (3, ""), done
    assert said in done.err
    assert "rahasia" not in done.err
    assert pindai.journals() == []


def test_all_that_is_wrong_in_a_file_is_said_at_once(pindai: CommandLine) -> None:
    (pindai.folder / "targets.toml").write_text(GOOD.replace("[scope]", "[scop]") + 'expect.status = [42]\nurll = ""\n')
    done = pindai("plan")
    assert done.code == 3
    assert {line.split(": ")[2] for line in done.err.splitlines()} == {
        "scop",
        "target.1.expect.status.1",
        "target.1.urll",
    }


def test_names_that_are_no_text_are_shown_as_escapes(pindai: CommandLine) -> None:
    done = pindai("scan", os.fsdecode(b"caf\xe9\x1b[31m.toml"))
    assert (done.code, done.out) == (3, "")
    assert "\x1b" not in done.err
    assert "No such file" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize(
    ("option", "said"),
    [("--state", "cannot keep state here: Permission denied; choose --state DIR"), ("--out", "cannot write")],
)
def test_a_folder_that_may_not_be_written(option: str, said: str, pindai: CommandLine) -> None:
    (pindai.folder / "folder").chmod(0o500)
    done = pindai("scan", URL, option, "folder/below")
    assert (done.code, done.out) == (3, ""), done
    assert said in done.err


def test_a_journal_that_is_none_is_named(pindai: CommandLine) -> None:
    runs = pindai.folder / ".local/state/pindai/runs"
    runs.mkdir(parents=True)
    (runs / "20260101T000000-0000.journal").write_bytes(bytes(range(256)) * 16)
    done = pindai("report")
    assert (done.code, done.out) == (3, "")
    assert "20260101T000000-0000.journal: not a journal of Pindai" in done.err
    with faults.serving_in_thread(faults.BEHAVIOURS["empty_answer"]) as served:
        resumed = pindai("scan", served.url(), "--only", "uptime", "--resume")
    assert resumed.code == 0, resumed  # one damaged file does not stand in the way of the next run
