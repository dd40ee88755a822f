"""`pindai config` and `pindai init`: what they say, their exit codes, and that the refusal to scan is kept."""

import datetime
import json
import re
from pathlib import Path

import jsonschema
import pytest
from commandline import CommandLine, Done, served

from scanner.cli.main import main
from scanner.config import load_targets

TODAY = datetime.datetime.now(datetime.UTC).date()
MAIN = """\
profile = "gentle"
include = ["units/*.toml"]
[agency]
name = "Kota"
[scope]
names = ["*.a.test", "127.0.0.1"]
networks = ["127.0.0.0/8"]
[params."web.hsts.policy"]
min_age = "P100D"
[defaults]
contact = "it@a.test"
[[target]]
id = "www"
url = "https://www.a.test/"
params."web.hsts.policy".min_age = 5
headers = { X-Api-Key = { env = "PINDAI_TEST_KEY" }, X-Tenant = "planted-tenant" }
basic_auth = { user = "planted-user", password = { file = "secrets/www" } }
"""
UNIT = '[unit]\nname = "Dinkes"\n[[target]]\nid = "kes"\nurl = "https://kes.a.test/"\n'


@pytest.fixture
def pindai(tmp_path: Path) -> CommandLine:
    (tmp_path / "targets.toml").write_text(MAIN)
    (tmp_path / "units").mkdir()
    (tmp_path / "units" / "dinkes.toml").write_text(UNIT)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "www").write_text("planted-password\n")
    return CommandLine(tmp_path)


def made(
    words: str, pindai: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **more: str
) -> Done:
    """What the program does, in this process."""
    monkeypatch.chdir(pindai.folder)
    monkeypatch.setenv("HOME", str(pindai.folder))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("PINDAI_TEST_KEY", raising=False)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    try:
        code: object = main(words.split())
    except SystemExit as left:
        code = left.code
    assert isinstance(code, int)
    return Done(code, *capsys.readouterr())


Pytest = tuple[pytest.MonkeyPatch, pytest.CaptureFixture[str]]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pytest:
    return monkeypatch, capsys


def authorised(days: int) -> str:
    return MAIN.replace(
        "[params.",
        f'[scope.authorisation]\nnumber = "094/1"\nvalid_until = {TODAY + datetime.timedelta(days)}\n[params.',
    )


# --- config check -------------------------------------------------------------------------------------------


def test_all_is_well_in_one_line(pindai: CommandLine, tools: Pytest) -> None:
    done = made("config check", pindai, *tools, PINDAI_TEST_KEY="planted-key")
    assert done == Done(
        0,
        "targets.toml: 2 targets, 1 unit; scope: 2 names, 1 network; no authorisation named ([scope.authorisation])\n",
        "",
    )


@pytest.mark.parametrize(("days", "said"), [(0, "1 day left"), (1, "2 days left"), (39, "40 days left")])
def test_how_long_the_authorisation_holds(pindai: CommandLine, tools: Pytest, days: int, said: str) -> None:
    (pindai.folder / "targets.toml").write_text(authorised(days))
    done = made("config check", pindai, *tools)
    assert (done.code, f"authorisation 094/1: {said}" in done.out) == (0, True)


def test_a_secret_that_is_not_there_is_named_and_nothing_of_the_others_shown(
    pindai: CommandLine, tools: Pytest
) -> None:
    (pindai.folder / "secrets" / "www").unlink()
    done = made("config check", pindai, *tools)
    assert done.code == 0
    assert done.err.splitlines() == [
        "pindai: warning: www: the environment variable PINDAI_TEST_KEY is not set; a scan from here would not begin",
        "pindai: warning: www: there is no file secrets/www; a scan from here would not begin",
    ]


def test_what_fails_alone_is_exit_code_2(pindai: CommandLine, tools: Pytest) -> None:
    (pindai.folder / "units" / "rusak.toml").write_text("x = 1\n")
    done = made("config check", pindai, *tools)
    assert (done.code, "1 problem, told above" in done.out) == (2, True)
    assert "pindai: units/rusak.toml:1: x: unknown key" in done.err


def test_a_broken_main_file_is_exit_code_3(pindai: CommandLine, tools: Pytest) -> None:
    (pindai.folder / "targets.toml").write_text(MAIN.replace("name =", "nam ="))
    (pindai.folder / "units" / "rusak.toml").write_text("x = 1\n")
    done = made("config check", pindai, *tools)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines() == [
        "pindai: targets.toml:4: agency.nam: unknown key; did you mean 'name'?",
        "pindai: units/rusak.toml:1: x: unknown key; known here: unit, defaults, disable, target",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("config check missing.toml", "missing.toml: No such file"),
        ("config check --profile hasty", "hasty"),
        ("config", "required: ACTION"),
        ("config chek", "did you mean check?"),
    ],
)
def test_what_cannot_be_checked(pindai: CommandLine, tools: Pytest, words: str, said: str) -> None:
    done = made(words, pindai, *tools)
    assert (done.code, done.out, said in done.err) == (3, "", True), done


def test_without_a_file_it_says_how_to_make_one(tmp_path: Path, tools: Pytest) -> None:
    done = made("config check", CommandLine(tmp_path), *tools)
    assert (done.code, done.out) == (3, "")
    assert "pindai init https://HOST" in done.err


def test_every_value_with_its_origin(pindai: CommandLine, tools: Pytest) -> None:
    done = made("config check --resolved", pindai, *tools, PINDAI_TEST_KEY="planted-key")
    assert (done.code, done.err) == (0, "")
    rows = [re.split(r"  +", line.strip()) for line in done.out.splitlines() if line]
    shown = [(row[0], row[-1]) for row in rows]
    for row in [
        ('profile = "gentle"', "targets.toml:1"),
        ("pace.connections_per_address = 1", "profile gentle"),
        ('agency.name = "Kota"', "targets.toml:4"),
        ('agency.time_zone = "UTC"', "default"),
        ('params."web.hsts.policy".min_age = "P100D"', "targets.toml:9"),
        ('params."tls.certificate.expiry".warn_before = "P14D"', "default"),
        ("target www", "target www"),
        ('contact = "it@a.test"', "targets.toml:11 [defaults]"),
        ('params."web.hsts.policy".min_age = 5', "targets.toml:15"),
        ("headers.X-Api-Key = env PINDAI_TEST_KEY (set)", "targets.toml:16"),
        ("headers.X-Tenant = text", "targets.toml:16"),
        ("basic_auth.user = text", "targets.toml:17"),
        ("basic_auth.password = file secrets/www (there)", "targets.toml:17"),
        ("http_port = 80", "default"),
        ("target kes", "target kes"),
        ('unit = "Dinkes"', "units/dinkes.toml:2 [unit]"),
        ('url = "https://kes.a.test/"', "units/dinkes.toml:5"),
    ]:
        assert row in shown, row
    assert "planted" not in done.out


@pytest.mark.parametrize(
    ("profile", "shown"),
    [("gentle", 'addresses = "first"  default'), ("nightly", 'addresses = "all"  profile nightly')],
)
def test_a_profile_that_says_which_addresses_wins(pindai: CommandLine, tools: Pytest, profile: str, shown: str) -> None:
    done = made(f"config check --resolved --profile {profile}", pindai, *tools)
    rows = [re.sub(r"  +", "  ", line.strip()) for line in done.out.splitlines()]
    assert [row for row in rows if row.startswith("addresses")] == [shown] * 2


def test_the_profile_of_the_option_wins(pindai: CommandLine, tools: Pytest) -> None:
    done = made("config check --resolved --profile nightly", pindai, *tools)
    assert 'profile = "nightly"' in done.out.splitlines()[0]
    assert done.out.splitlines()[0].endswith("  --profile")
    assert "basic_auth.password = file secrets/www (there)" in done.out
    assert "env PINDAI_TEST_KEY (not set)" in done.out


def test_text_of_a_file_gives_the_terminal_no_orders(pindai: CommandLine, tools: Pytest) -> None:
    (pindai.folder / "targets.toml").write_text(MAIN.replace('"Kota"', '"\\u001b[31m\\u202eKota"'))
    assert not {"\x1b", "\u202e"} & set(made("config check --resolved", pindai, *tools).out)


# --- config schema ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["targets", "unit", "population", "waivers"])
def test_schemas_are_printed(pindai: CommandLine, tools: Pytest, kind: str) -> None:
    done = made(f"config schema {kind}", pindai, *tools)
    assert (done.code, json.loads(done.out)["$id"]) == (0, f"urn:pindai:schema:{kind}")


# --- what a scan does with it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("scan", 3),
        ("scan --ca ca.pem", 3),
        ("scan --profile local", 3),
        ("plan --resolve", 3),
        ("config check", 3),
        ("plan", 0),
    ],
)
def test_past_its_last_day_an_authorisation_stops_what_sends(
    pindai: CommandLine, tools: Pytest, words: str, code: int
) -> None:
    (pindai.folder / "targets.toml").write_text(authorised(-1).replace("include", "# include"))
    (pindai.folder / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    done = made(words, pindai, *tools)
    assert done.code == code
    assert "targets.toml:10: scope.authorisation.valid_until: 094/1 allowed scanning until" in done.err
    assert "write the number and the last day of the document that allows it now" in done.err
    assert pindai.journals() == []


def test_a_scan_goes_on_without_what_failed_alone(pindai: CommandLine) -> None:
    with served("empty_answer", "127.0.0.1") as server:
        (pindai.folder / "targets.toml").write_text(
            MAIN.partition("[[target]]")[0]
            + f'[[target]]\nid = "own"\nurl = "{server.url().replace("localhost", "127.0.0.1")}"\n'
        )
        (pindai.folder / "units" / "dinkes.toml").write_text("x = 1\n")
        done = pindai("scan", "--only", "uptime", "--profile", "local")
    assert "pindai: units/dinkes.toml:1: x: unknown key" in done.err
    assert len(pindai.journals()) == 1


def test_the_real_command_checks_too(pindai: CommandLine) -> None:
    done = pindai("config", "check", PINDAI_TEST_KEY="x")
    assert (done.code, done.err) == (0, "")


# --- init ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "urls",
    [
        "https://www.contoh.go.id",
        "https://www.contoh.go.id https://api.contoh.go.id:8443/v1 http://10.1.2.3/ https://[fd00::1]:8443/",
        "https://localhost:8443 http://127.0.0.1:8080 https://203.0.113.7/ https://p\u00ebmda.test/%22x",
    ],
)
def test_what_init_writes_is_right(tmp_path: Path, tools: Pytest, urls: str) -> None:
    pindai = CommandLine(tmp_path)
    done = made(f"init {urls}", pindai, *tools)
    assert (done.code, done.err) == (0, "")
    assert "pindai config check" in done.out
    checked = made("config check", pindai, *tools)
    assert (checked.code, checked.err) == (0, "")
    assert len(load_targets(tmp_path / "targets.toml").targets) == len(urls.split())
    assert (tmp_path / "targets.toml").stat().st_mode & 0o777 == 0o600
    jsonschema.Draft7Validator.check_schema(json.loads((tmp_path / "targets.schema.json").read_text()))


@pytest.mark.parametrize(("language", "examples"), [("en", "are examples."), ("id", "hanyalah contoh.")])
def test_the_examples_in_it_are_right_when_they_are_used(
    language: str, examples: str, tmp_path: Path, tools: Pytest
) -> None:
    """Every line that is commented out is a line somebody will bring in."""
    pindai = CommandLine(tmp_path)
    assert made(f"init https://www.contoh.go.id --lang {language}", pindai, *tools).code == 0
    text = (tmp_path / "targets.toml").read_text()
    head, first, rest = text.partition("[agency]")
    used = (head.partition(examples)[2] + first + rest).replace("\n# ", "\n")
    used = "\n".join(
        line for line in used.splitlines() if line[:1] in ("[", "") or line.partition(" ")[2].startswith("= ")
    )
    (tmp_path / "targets.toml").write_text(used)
    done = made("config check", pindai, *tools)
    assert done.code == 2, done  # the files it names are not there, and nothing else is wrong
    told = [line.split(": ")[1].partition(":")[0] for line in done.err.splitlines() if "warning" not in line]
    assert sorted(told) == ["population.toml", "targets.toml", "waivers.toml"]


def test_without_a_url_what_is_to_be_changed_is_told(tmp_path: Path, tools: Pytest) -> None:
    pindai = CommandLine(tmp_path)
    assert made("init --lang id", pindai, *tools).out.startswith("targets.toml dan targets.schema.json telah dibuat")
    done = made("config check", pindai, *tools)
    assert (done.code, "write the address of your own service" in done.err) == (3, True)
    assert len(done.err.splitlines()) == 1


def test_nothing_is_overwritten(pindai: CommandLine, tools: Pytest) -> None:
    done = made("init https://www.contoh.go.id", pindai, *tools)
    assert (done.code, done.out) == (3, "")
    assert "targets.toml is already there, and is not overwritten" in done.err
    assert (pindai.folder / "targets.toml").read_text() == MAIN
    assert not (pindai.folder / "targets.schema.json").exists()


def test_a_link_laid_out_for_us_is_not_followed(tmp_path: Path, tools: Pytest) -> None:
    (tmp_path / "targets.toml").symlink_to(tmp_path / "elsewhere")
    assert made("init", CommandLine(tmp_path), *tools).code == 3
    assert not (tmp_path / "elsewhere").exists()


def test_another_folder_may_be_named(tmp_path: Path, tools: Pytest) -> None:
    pindai = CommandLine(tmp_path)
    done = made("init https://www.contoh.go.id --dir new/folder", pindai, *tools)
    assert (done.code, "pindai config check new/folder/targets.toml" in done.out) == (0, True)
    assert made("config check new/folder/targets.toml", pindai, *tools).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("init https://orang:rahasia@a.test/", "must not carry a user name or password"),
        ("init www.contoh.go.id", "expected an address such as"),
        ("init --dir targets.toml/x", "cannot write"),
    ],
)
def test_what_init_does_not_take(pindai: CommandLine, tools: Pytest, words: str, said: str) -> None:
    done = made(words, pindai, *tools)
    assert (done.code, done.out, said in done.err) == (3, "", True), done
    assert "rahasia" not in done.err
