"""Everything a targets file can say: what it becomes, and both sides of every rule."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.config import load_configuration, load_targets
from scanner.config_error import ConfigError
from scanner.estate import (
    AddressPolicy,
    Authorisation,
    Category,
    Credential,
    Disabled,
    Estate,
    Expectation,
    JsonExpectation,
    Kind,
    SecretKind,
    SecretSource,
    StartTls,
    Vantage,
    VantagePoint,
    Window,
)

SCOPE = '[scope]\nnames = ["*.a.test", "a.test", "localhost", "127.0.0.1"]\n'
TARGET = '[[target]]\nid = "a"\nurl = "https://a.test/"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, text: str) -> Estate:
    (folder / "targets.toml").write_text(text, encoding="utf-8")
    return load_targets(folder / "targets.toml")


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(folder, text)
    return [line.removeprefix(f"{folder}/") for line in error.value.problems]


# --- the estate ---------------------------------------------------------------------------------------------


def test_a_file_without_any_of_it_says_nothing_of_it(folder: Path) -> None:
    estate = load(folder, SCOPE + TARGET)
    assert (estate.vantage, estate.authorisation, estate.marking) == (VantagePoint(), None, "TERBATAS")
    assert (estate.windows, estate.references, estate.params, estate.contact) == ((), (), {}, "")
    assert (estate.time_zone, estate.problems) == ("UTC", ())
    (target,) = estate.targets
    assert (target.expect, target.paths, target.params, target.disabled) == (Expectation(), (), {}, ())
    assert (target.windows, target.credential) == ((), None)


def test_what_a_file_says_of_the_estate(folder: Path) -> None:
    estate = load(
        folder,
        'marking = "RAHASIA"\nwindows = ["22:00-05:00", "12:00-24:00"]\n'
        '[agency]\nname = "Kota"\ncontact = "csirt@a.test"\ntime_zone = "WITA"\n'
        '[vantage]\nkind = "intranet"\nname = "Ruang server"\naddress = "2001:DB8::7"\n'
        '[reference]\nendpoints = ["https://WWW.b.test", "http://c.test:8080/"]\n'
        '[params."web.hsts.policy"]\nmin_age = "P100D"\n'
        f'{SCOPE}[scope.authorisation]\nnumber = "094/1"\nvalid_until = 2026-12-31\nissued_by = "Kadis"\n{TARGET}',
    )
    assert (estate.agency, estate.contact, estate.time_zone) == ("Kota", "csirt@a.test", "Asia/Makassar")
    assert estate.vantage == VantagePoint(Vantage.INTRANET, "Ruang server", "2001:db8::7")
    assert estate.authorisation == Authorisation("094/1", date(2026, 12, 31), "Kadis")
    assert estate.windows == (Window(time(22), time(5)), Window(time(12), time(0)))
    assert estate.windows[1].is_open(datetime(2026, 1, 1, 23, 59, tzinfo=UTC))
    assert estate.references == ("https://www.b.test", "http://c.test:8080")
    assert estate.params == {"web.hsts.policy": {"min_age": "P100D"}}
    assert estate.marking == "RAHASIA"


@pytest.mark.parametrize(
    ("zone", "stored"),
    [("WIB", "Asia/Jakarta"), ("WITA", "Asia/Makassar"), ("WIT", "Asia/Jayapura"), ("UTC", "UTC"), ("Asia/Tokyo",) * 2],
)
def test_zones(folder: Path, zone: str, stored: str) -> None:
    assert load(folder, f'[agency]\ntime_zone = "{zone}"\n{SCOPE}{TARGET}').time_zone == stored


@pytest.mark.parametrize(
    ("day", "allowed"),
    [("2026-11-21", False), ("2026-11-22", True), ("2026-11-23", True)],
)
def test_an_authorisation_holds_to_the_end_of_its_day_where_the_agency_is(
    folder: Path, day: str, allowed: bool
) -> None:
    (folder / "targets.toml").write_text(
        f'[agency]\ntime_zone = "WIT"\n{SCOPE}[scope.authorisation]\nnumber = "094/1"\nvalid_until = {day}\n{TARGET}'
    )
    now = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)  # 00:00 on the 22nd in Jayapura
    refusal = load_configuration(folder / "targets.toml").refusal(now)
    if allowed:
        assert refusal is None
    else:
        assert refusal is not None
        assert refusal.removeprefix(f"{folder}/").startswith("targets.toml:7: scope.authorisation.valid_until: 094/1 ")
        assert f"until {day}, which is over, so nothing is scanned" in refusal


@pytest.mark.parametrize(("given", "means"), [("nightly", "nightly"), ("own.toml", "FOLDER/own.toml"), ("", "")])
def test_the_profile_a_file_asks_for(folder: Path, given: str, means: str) -> None:
    said = f'profile = "{given}"\n' if given else ""
    (folder / "targets.toml").write_text(said + SCOPE + TARGET)
    assert load_configuration(folder / "targets.toml").profile == means.replace("FOLDER", str(folder))


# --- a target -----------------------------------------------------------------------------------------------


def test_what_a_file_says_of_a_target(folder: Path) -> None:
    estate = load(
        folder,
        SCOPE + TARGET + 'paths = ["/login", "/api/v1?x=1", "/a/../b"]\nwindows = ["01:00-02:00"]\n'
        '[target.expect]\nstatus = [200, 401]\ntext = "Selamat"\n'
        'json = { "/status" = "UP", "/db/ok" = true, "" = 1.5, "/n" = 3 }\n'
        '[target.params."web.hsts.policy"]\nmin_age = 5\n'
        '[[target.disable]]\nchecks = "tls"\nreason = "x"\n',
    )
    (target,) = estate.targets
    assert target.paths == ("/login", "/api/v1?x=1", "/b")
    assert target.windows == (Window(time(1), time(2)),)
    wanted = (("/status", "UP"), ("/db/ok", True), ("", 1.5), ("/n", 3))
    assert target.expect == Expectation((200, 401), "Selamat", tuple(JsonExpectation(*it) for it in wanted))
    assert target.params == {"web.hsts.policy": {"min_age": 5}}
    assert target.disabled == (Disabled("tls", "x"),)


def test_ports_with_starttls_are_the_usual_ones_unless_named(folder: Path) -> None:
    (target,) = load(folder, SCOPE + TARGET + 'starttls = ["smtp", "imap:1143"]\n').targets
    assert target.starttls == (StartTls("smtp", 25), StartTls("imap", 1143))


ALL_DEFAULTS = """\
[defaults]
addresses = "all"
environment = "staging"
contact = "d@a.test"
unit = "D"
category = "rendah"
kinds = ["api"]
expect = { status = [200], text = "d" }
paths = ["/d"]
params."web.hsts.policy".min_age = 1
params."tls.certificate.expiry".warn_before = 1
[[disable]]
checks = "uptime"
reason = "d"
"""


def test_defaults_fill_in_what_a_target_leaves_out(folder: Path) -> None:
    (target,) = load(folder, SCOPE + ALL_DEFAULTS + TARGET).targets
    assert (target.addresses, target.environment, target.contact) == (AddressPolicy.ALL, "staging", "d@a.test")
    assert (target.unit, target.category, target.kinds) == ("D", Category.RENDAH, (Kind.API,))
    assert (target.expect, target.paths) == (Expectation((200,), "d"), ("/d",))
    assert target.params == {"web.hsts.policy": {"min_age": 1}, "tls.certificate.expiry": {"warn_before": 1}}
    assert target.disabled == (Disabled("uptime", "d"),)


def test_a_target_overrides_the_defaults(folder: Path) -> None:
    own = (
        'addresses = "first"\nenvironment = ""\ncontact = ""\nunit = "T"\ncategory = "tinggi"\nkinds = ["web"]\n'
        'expect = { text = "t" }\npaths = []\nparams."web.hsts.policy".min_age = 2\n'
        '[[target.disable]]\nchecks = "tls"\nreason = "t"\n'
    )
    (target,) = load(folder, SCOPE + ALL_DEFAULTS + TARGET + own).targets
    assert (target.addresses, target.environment, target.contact) == (AddressPolicy.FIRST, "", "")
    assert (target.unit, target.category, target.kinds, target.paths) == ("T", Category.TINGGI, (Kind.WEB,), ())
    assert target.expect == Expectation(text="t")  # replaced as a whole
    assert target.params == {"web.hsts.policy": {"min_age": 2}, "tls.certificate.expiry": {"warn_before": 1}}
    assert target.disabled == (Disabled("uptime", "d"), Disabled("tls", "t"))  # each is added


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        # the estate
        ('marking = ""\n', 1, "marking: must not be empty"),
        ('marking = "a\\nb"\n', 1, "marking: must be one line"),
        ('profile = "nigthly"\n', 1, "profile: there is no such profile; did you mean 'nightly'?"),
        ('windows = ["22-05"]\n', 1, 'windows.1: expected a time of day such as "22:00-05:00"'),
        ('windows = ["24:00-05:00"]\n', 1, "windows.1: expected a time of day"),
        ('windows = ["22:00-05:00", "22:00-22:00"]\n', 1, "windows.2: begins and ends at the same time"),
        ('windows = ["00:00-24:00"]\n', 1, "windows.1: begins and ends at the same time"),
        ("[agency]\ntime_zone = 'WIBB'\n", 2, "agency.time_zone: expected WIB, WITA, WIT, UTC or a zone"),
        ('[vantage]\nkind = "extranet"\n', 2, "vantage.kind: expected one of internet, intranet"),
        ('[vantage]\naddress = "gw.a.test"\n', 2, "vantage.address: expected an IP address"),
        ('[scope.authorisation]\nnumber = "1"\n', 1, "scope.authorisation.valid_until: this key is required"),
        ('[scope.authorisation]\nnumber = " "\nvalid_until = 2026-12-31\n', 2, "number: must not be empty"),
        ('[scope.authorisation]\nnumber = "1"\nvalid_until = "2026-12-31"\n', 3, "expected a date without quotes"),
        ('[authorisation]\nnumber = "1"\n', 1, "authorisation: unknown key; write [scope.authorisation]"),
        (
            '[reference]\nendpoints = ["https://b.test/x"]\n',
            2,
            "endpoints.1: expected an origin without a path, such as",
        ),
        ('[reference]\nendpoints = ["https://u:p@b.test"]\n', 2, "must not carry a user name or password"),
        ('[reference]\nendpoints = ["https://b.test", "https://B.test/"]\n', 2, "stands in it twice"),
        # thresholds
        ('[params."web.hsts.polcy"]\nmin_age = 1\n', 1, "there is no such check; did you mean 'web.hsts.policy'?"),
        ('[params."web.hsts.policy"]\nminage = 1\n', 2, "there is no such parameter; did you mean 'min_age'?"),
        (
            '[params."web.hsts.policy"]\nmin_age = "long"\n',
            2,
            '.min_age: expected a duration: seconds, or days as in "P365D"',
        ),
        ('[params."web.hsts.policy"]\nmin_age = inf\n', 2, ".min_age: expected a duration"),
        ('[params."web.hsts.policy"]\nmin_age = 99999999999999999999\n', 2, ".min_age: expected a duration"),
        ('[params."uptime.reachable"]\nx = 1\n', 2, "uptime.reachable has no parameters"),
        ("params.x = 1\n", 1, "params.x: expected a section"),
        ('[defaults.params."web.hsts.polcy"]\nx = 1\n', 1, 'defaults.params."web.hsts.polcy": there is no such check'),
        (
            '[[disable]]\nchecks = "web.hst"\nreason = "x"\n',
            2,
            "disable.1.checks: no check is called 'web.hst'; did you mean",
        ),
        ('[[disable]]\nchecks = "mail*"\nreason = "x"\n', 2, "no check is called 'mail*'"),
        ('[[disable]]\nchecks = "web"\nreason = ""\n', 3, "disable.1.reason: must not be empty"),
        ('[[disable]]\nchecks = "web"\n', 1, "disable.1.reason: this key is required"),
        ('[disable]\nchecks = "web"\n', 1, "disable: write [[disable]] above each disable"),
        # files
        ('include = ["../x.toml"]\n', 1, "include.1: expected files below this one's folder"),
        ('include = ["/etc/*.toml"]\n', 1, "include.1: expected files below this one's folder"),
        ("include = ['units\\*.toml']\n", 1, 'include.1: expected files below this one\'s folder, with "/" between'),
        ('include = ["a**b"]\n', 1, "include.1: no pattern for files"),
        ('include = "x"\n', 1, 'include: expected a list such as ["units/*.toml"]'),
        ("[population]\n", 1, "population.file: this key is required"),
    ],
)
def test_what_is_wrong_with_the_estate(folder: Path, more: str, where: int, words: str) -> None:
    (problem,) = problems(folder, more + SCOPE + TARGET)
    assert problem.startswith(f"targets.toml:{where}: "), problem
    assert words in problem


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("expect_status = [200]\n", "target.1.expect_status: unknown key; write expect.status"),
        ("expect.status = [99]\n", "target.1.expect.status.1: expected a status from 100 to 599"),
        ("expect.status = [true]\n", "target.1.expect.status.1: expected a status from 100 to 599"),
        ("expect.json = { status = 1 }\n", "target.1.expect.json.status: expected a JSON Pointer"),
        ('expect.json = { "/a~2" = 1 }\n', 'target.1.expect.json."/a~2": expected a JSON Pointer'),
        ('expect.json = { "/a" = nan }\n', 'target.1.expect.json."/a": expected a text, a number, true or false'),
        ('expect.json = { "/a" = [1] }\n', 'target.1.expect.json."/a": expected a text'),
        ('expect.json = { "/a" = 2026-12-31 }\n', 'target.1.expect.json."/a": expected a text'),
        ('expect.json = { "/a" = 9223372036854775808 }\n', 'target.1.expect.json."/a": expected a text'),
        ('paths = ["login"]\n', 'target.1.paths.1: expected a path of the same service that begins with one "/"'),
        ('paths = ["//b.test/"]\n', "target.1.paths.1: expected a path of the same service"),
        ("paths = ['/\\b.test/']\n", "target.1.paths.1: expected a path of the same service"),
        ('paths = ["https://a.test/x"]\n', "target.1.paths.1: expected a path of the same service"),
        ('paths = ["/a#b"]\n', "target.1.paths.1: a fragment"),
        ('paths = ["/a?token=hunter2hunter2"]\n', "target.1.paths.1: a path must not carry a token"),
        ('paths = ["/a", "/a"]\n', "target.1.paths: '/a' stands in it twice"),
        (f"paths = [{', '.join(repr(f'/{n}') for n in range(21))}]\n", "target.1.paths: expected at most 20 entries"),
        ('starttls = ["smtps"]\n', "target.1.starttls.1: 'smtps': expected a protocol"),
        ('starttls = ["smtp:0"]\n', "target.1.starttls.1: 'smtp:0': expected a protocol"),
        ('starttls = ["smtp:65536"]\n', "target.1.starttls.1: 'smtp:65536': expected a protocol"),
        ('starttls = ["smtp:"]\n', "target.1.starttls.1: 'smtp:': expected a protocol"),
        ('starttls = ["smtp\\n"]\n', "target.1.starttls.1: "),
        ('starttls = ["smtp", "smtp"]\n', "target.1.starttls: 'smtp' stands in it twice"),
        ('windows = ["1:00-2:00"]\n', "target.1.windows.1: expected a time of day"),
        ('[[target.disable]]\nchecks = "x"\nreason = "x"\n', "target.1.disable.1.checks: no check is called 'x'"),
        (
            '[target.params."web.hsts.policy"]\nx = 1\n',
            'target.1.params."web.hsts.policy".x: there is no such parameter',
        ),
        # credentials
        (
            'headers = { X-Api-Key = "hunter2" }\n',
            'headers: X-Api-Key: a credential does not stand in a file; write { env = "',
        ),
        ('headers = { Authorization = "hunter2" }\n', "headers: Authorization: a credential does not stand in a file"),
        ('headers = { Cookie = "hunter2" }\n', "headers: Cookie: a credential does not stand in a file"),
        (
            'headers = { X-Tenant = "Bearer hunter2hunter2" }\n',
            "headers.X-Tenant: a credential does not stand in a file",
        ),
        ('headers = { X-Tenant = "a\\r\\nhunter2: x" }\n', "headers.X-Tenant: a header's value is one line of ASCII"),
        ('headers = { X-Tenant = "\\u0000hunter2" }\n', "headers.X-Tenant: a header's value is one line of ASCII"),
        ("headers = { X-Tenant = 5 }\n", "headers.X-Tenant: expected text, { env ="),
        (
            'headers = { "X Tenant: hunter2" = "x" }\n',
            'headers."...": the name of a header has letters, digits and hyphens',
        ),
        ('headers = { Host = "x" }\n', "headers.Host: Host is written by the scanner itself"),
        (
            'headers = { content-length = "1" }\n',
            "headers.content-length: content-length is written by the scanner itself",
        ),
        ('headers = { User-Agent = "x" }\n', "headers.User-Agent: User-Agent is written by the scanner itself"),
        ('headers = { A = "1", a = "2" }\n', "headers: a stands in it twice"),
        (
            'headers = { A = { env = "hunter2 hunter2" } }\n',
            "headers.A.env: expected the name of an environment variable",
        ),
        ('headers = { A = { env = "B", file = "c" } }\n', "headers.A: write { env ="),
        ("headers = { A = {} }\n", "headers.A: write { env ="),
        ('headers = { A = { envv = "B" } }\n', "headers.A.envv: unknown key; did you mean 'env'?"),
        ('headers = "hunter2"\n', "headers: expected a section"),
        (
            'basic_auth = { user = "u", password = "hunter2" }\n',
            "basic_auth.password: a password does not stand in a file",
        ),
        ('basic_auth = { user = "u:hunter2", password = { env = "P" } }\n', "basic_auth: a user's name is one line"),
        ('basic_auth = { user = "", password = { env = "P" } }\n', "basic_auth: a user's name is one line"),
        ('basic_auth = { user = "u" }\n', "basic_auth.password: this key is required"),
        ('basic_auth = "u:hunter2"\n', "basic_auth: expected a section"),
        (
            'basic_auth = { user = "u", password = { env = "P" } }\nheaders = { Authorization = { env = "A" } }\n',
            "basic_auth: a request has one Authorization",
        ),
    ],
)
def test_what_is_wrong_with_a_target(folder: Path, more: str, words: str) -> None:
    found = problems(folder, SCOPE + TARGET + more)
    assert any(words in problem for problem in found), found
    assert "hunter2" not in "\n".join(found)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ('[params."web.hsts.polcy"]\nx = 1\n', ':3: params."web.hsts.polcy": there is no such check'),
        (
            '[params."web.hsts.policy"]\nmin_agee = 1\n',
            ':4: params."web.hsts.policy".min_agee: there is no such parameter',
        ),
        ('[defaults.params."a.b"]\n', ':3: defaults.params."a.b": there is no such check'),
        ('[[disable]]\nchecks = "webb"\nreason = "x"\n', ":4: disable.1.checks: no check is called 'webb'"),
        ('[[target]]\nid = "z"\nparams."a.b".c = 1\n', ':5: target.1.params."a.b": there is no such check'),
        ('[[target]]\n[[target.disable]]\nchecks = "a.b"\n', ":5: target.1.disable.1.checks: no check is called"),
        ('params = 1\ndisable = ["x", { checks = 1 }]\n', None),
    ],
)
def test_an_unknown_check_is_told_beside_an_unknown_key(folder: Path, more: str, line: str | None) -> None:
    said = problems(folder, f'markin = "X"\n{"" if line is None else "[vantage]" + chr(10)}{more}')
    assert any("markin: unknown key" in it for it in said)
    assert line is None or any(line in it for it in said), said


def test_a_target_whose_windows_the_estate_never_opens(folder: Path) -> None:
    windows = 'windows = ["22:00-05:00"]\n'
    (problem,) = problems(folder, windows + SCOPE + TARGET + 'windows = ["05:00-22:00"]\n')
    assert problem.startswith("targets.toml:7: target.1.windows: never open while")
    assert load(folder, windows + SCOPE + TARGET + 'windows = ["04:59-22:00"]\n').targets[0].windows


@pytest.mark.parametrize("host", ["www.ganti-ini.example", "a.invalid"])
def test_a_placeholder_is_no_service(folder: Path, host: str) -> None:
    (problem,) = problems(folder, f'[scope]\nnames = ["{host}"]\n' + TARGET.replace("a.test", host))
    assert problem.startswith(f"targets.toml:5: target.1.url: {host} only stands here as an example")


# --- credentials --------------------------------------------------------------------------------------------


def test_credentials_are_where_they_are_kept(folder: Path) -> None:
    more = (
        'headers = { X-Api-Key = { env = "API_KEY" }, X-Tenant = "kota", Cookie = { file = "secrets/c" } }\n'
        'basic_auth = { user = { env = "USER_NAME" }, password = { file = "/run/secrets/p" } }\n'
    )
    assert load(folder, SCOPE + TARGET + more).targets[0].credential == Credential(
        headers=(
            ("X-Api-Key", SecretSource(SecretKind.ENV, "API_KEY")),
            ("X-Tenant", "kota"),
            ("Cookie", SecretSource(SecretKind.FILE, "secrets/c")),
        ),
        user=SecretSource(SecretKind.ENV, "USER_NAME"),
        password=SecretSource(SecretKind.FILE, "/run/secrets/p"),
    )


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("https://a.test/", False),
        ("http://a.test/", True),
        ("http://127.0.0.1:8080/", False),
        ("http://localhost/", False),
    ],
)
@pytest.mark.parametrize(
    "more", ['headers = { X-Tenant = "a" }', 'basic_auth = { user = "u", password = { env = "P" } }']
)
def test_credentials_do_not_go_over_plain_http(folder: Path, url: str, refused: bool, more: str) -> None:
    text = SCOPE + TARGET.replace("https://a.test/", url) + more
    if refused:
        (problem,) = problems(folder, text)
        assert "would be sent over plain http" in problem
    else:
        assert load(folder, text).targets[0].credential is not None


# --- whatever is written ------------------------------------------------------------------------------------

PLANTED = "hunter2-planted"
WORDS = st.sampled_from(
    [
        f'"{PLANTED}"',
        f'["{PLANTED}"]',
        f'{{ env = "{PLANTED} x" }}',
        f'{{ "{PLANTED}:x" = 1 }}',
        "1",
        "true",
        "2026-12-31",
        "[]",
        f'{{ user = "{PLANTED}:", password = "{PLANTED}" }}',
        f'{{ X-Api-Key = "{PLANTED}" }}',
        f'{{ A = "{PLANTED}\\n" }}',
    ]
)
SECRET_KEYS = st.sampled_from(
    ["headers", "basic_auth", "basic_auth.user", "basic_auth.password", "headers.Authorization", "headers.X-Token"]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(SECRET_KEYS, WORDS, max_size=3))
def test_no_message_repeats_what_stands_under_a_credential(
    tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("config")
    text = SCOPE + TARGET + "".join(f"{key} = {value}\n" for key, value in pairs.items())
    try:
        load(folder, text)
    except ConfigError as error:
        assert PLANTED not in str(error)  # noqa: PT017 - what is well formed is right too


KEYS = st.sampled_from(
    [
        "windows",
        "include",
        "waivers",
        "params",
        "disable",
        "reference",
        "population",
        "vantage",
        "defaults",
        "expect",
        "headers",
        "basic_auth",
        "paths",
        "kinds",
        "marking",
        "profile",
        "agency",
        "scope",
        "authorisation",
        "x",
        "file",
    ]
)
SCALARS = st.sampled_from(
    ["1", "-1.5", "nan", "true", "2026-12-31", "10:00:00", '""', '"a"', '"/a"', '"web.hsts.policy"']
)


def written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {written(it)}" for key, it in value.items()) + "}"
    return "[" + ", ".join(map(written, value)) + "]" if isinstance(value, list) else str(value)


VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2), max_leaves=6
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=3), st.dictionaries(KEYS, VALUES, max_size=3))
def test_no_structure_is_anything_but_an_estate_or_a_config_error(
    tmp_path_factory: pytest.TempPathFactory, top: dict[str, object], own: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("config")
    text = "".join(f"{key} = {written(value)}\n" for key, value in top.items() if key != "scope") + SCOPE + TARGET
    try:
        load(folder, text + "".join(f"{key} = {written(value)}\n" for key, value in own.items()))
    except ConfigError as error:
        assert error.problems  # noqa: PT017 - either way is right, as long as it is one of the two
