"""Files of units: what they add, what they may not say, and that a broken one fails alone."""

import datetime
import os
from pathlib import Path

import pytest

from scanner.config import load_configuration, load_targets
from scanner.config_error import ConfigError
from scanner.estate import Disabled, Estate, SecretKind, SecretSource

MAIN = """\
include = ["units/*.toml"]
[scope]
names = ["*.a.test", "a.test"]
[defaults]
contact = "main@a.test"
unit = "Main"
environment = "production"
params."web.hsts.policy".min_age = 1
params."tls.certificate.expiry".warn_before = 1
[[disable]]
checks = "uptime"
reason = "main"
"""
OWN = '[[target]]\nid = "own"\nurl = "https://a.test/"\n'


def unit(name: str, more: str = "") -> str:
    return f'[[target]]\nid = "{name}"\nurl = "https://{name}.a.test/"\n{more}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "units").mkdir()
    return tmp_path


def load(folder: Path, main: str = MAIN + OWN, **units: str) -> Estate:
    (folder / "targets.toml").write_text(main)
    for name, text in units.items():
        (folder / "units" / f"{name}.toml").write_text(text)
    return load_targets(folder / "targets.toml")


def ids(estate: Estate) -> list[str]:
    return [target.id for target in estate.targets]


def told(folder: Path, estate: Estate) -> list[str]:
    return [line.replace(f"{folder}/", "") for line in estate.problems]


def test_an_unknown_check_is_told_beside_an_unknown_key(folder: Path) -> None:
    more = '[[target.disable]]\nchecks = "webb"\nreason = "x"\n'
    assert told(folder, load(folder, a='markin = "X"\n' + unit("a", more)))[1:] == [
        "units/a.toml:6: target.1.disable.1.checks: no check is called 'webb'; did you mean 'web'?"
    ]


def test_units_follow_the_main_file_in_the_order_of_their_names(folder: Path) -> None:
    estate = load(folder, z=unit("z1") + unit("z2"), a=unit("a1"))
    assert (ids(estate), estate.problems) == (["own", "a1", "z1", "z2"], ())
    assert estate.source == "targets.toml"


def test_a_unit_says_it_once_for_all_its_targets(folder: Path) -> None:
    says = (
        '[unit]\nname = "Dinkes"\ncontact = "dinkes@a.test"\n[defaults]\nenvironment = "staging"\n'
        'params."web.hsts.policy".min_age = 2\n[[disable]]\nchecks = "tls"\nreason = "unit"\n'
    )
    estate = load(folder, a=says + unit("a1") + unit("a2", 'contact = "own@a.test"\nunit = ""\n'))
    own, first, second = estate.targets
    assert (own.unit, own.contact, own.environment) == ("Main", "main@a.test", "production")
    assert (first.unit, first.contact, first.environment) == ("Dinkes", "dinkes@a.test", "staging")
    assert (second.unit, second.contact, second.environment) == ("", "own@a.test", "staging")
    assert first.params == {"web.hsts.policy": {"min_age": 2}, "tls.certificate.expiry": {"warn_before": 1}}
    assert own.disabled == (Disabled("uptime", "main"),)
    assert first.disabled == (Disabled("uptime", "main"), Disabled("tls", "unit"))


def test_a_unit_without_a_word_has_the_defaults_of_the_main_file(folder: Path) -> None:
    assert load(folder, a=unit("a1")).targets[1].contact == "main@a.test"


def test_secrets_of_a_unit_are_beside_its_file(folder: Path) -> None:
    more = 'headers = { A = { file = "secrets/a" }, C = { env = "PINDAI_C" } }\n'
    credential = load(folder, a=unit("a1", more)).targets[1].credential
    assert credential is not None
    assert [value for _, value in credential.headers] == [
        SecretSource(SecretKind.FILE, "units/secrets/a"),
        SecretSource(SecretKind.ENV, "PINDAI_C"),
    ]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ('headers = { A = { env = "CLOUD_KEY" } }\n', "the name of a variable begins with PINDAI_"),
        ('headers = { A = { file = "/run/b" } }\n', "a file in the folder of the unit's file"),
        ('headers = { A = { file = "../secrets/own" } }\n', "a file in the folder of the unit's file"),
        ('headers = { A = { file = "link" } }\n', "a file in the folder of the unit's file"),
        (
            'basic_auth = { user = "u", password = { env = "CLOUD_KEY" } }\n',
            "the name of a variable begins with PINDAI_",
        ),
    ],
)
def test_a_unit_does_not_have_secrets_of_this_machine_sent_to_its_service(
    folder: Path, more: str, problem: str
) -> None:
    (folder / "units" / "link").symlink_to("../targets.toml")
    estate = load(folder, b=unit("b1", more), c=unit("c1"))
    assert ids(estate) == ["own", "c1"]
    (said,) = told(folder, estate)
    assert said.startswith("units/b.toml:4: target.1.")
    assert problem in said


@pytest.mark.parametrize("source", ['{ env = "PINDAI_C" }', '{ file = "secrets/c" }'])
def test_a_unit_does_not_have_the_secret_of_another_sent_to_its_service(folder: Path, source: str) -> None:
    """Whose it is nobody knows, so neither has it."""
    more = f"headers = {{ A = {source} }}\n"
    spelled = more.replace("secrets/c", "./secrets/x/../c")
    estate = load(folder, a=unit("a1", more), b=unit("b1", spelled), c=unit("c1"))
    assert ids(estate) == ["own", "c1"]
    assert [line.partition(" another")[0] for line in told(folder, estate)] == [
        f"units/{it}.toml:4: target.1.headers:" for it in "ab"
    ]
    main = MAIN + OWN + more.replace("secrets/c", "units/secrets/c")
    assert ids(load(folder, main, a=unit("a1", more), b=unit("b1"))) == ["own", "b1", "c1"]


def test_a_pipe_among_the_units_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "units" / "b.toml")
    estate = load(folder, a=unit("a1"))
    assert ids(estate) == ["own", "a1"]
    assert told(folder, estate) == ["units/b.toml: not a regular file"]


def test_the_targets_of_a_unit_that_would_be_too_many_are_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scanner.config.targets.MAX_TARGETS", 3)
    estate = load(folder, a=unit("a1"), b=unit("b1") + unit("b2"), c=unit("c1"))
    assert ids(estate) == ["own", "a1", "c1"]
    assert told(folder, estate) == ["units/b.toml: with its 2 targets there would be more than 3 in all"]


@pytest.mark.parametrize(
    "more",
    [
        f'[unit]\nname = "{"x" * 301}"\n',
        '[[disable]]\nchecks = "tls"\nreason = "x"\n' * 101,
        f'[defaults]\npaths = ["/{"x" * 2000}"]\n',
        f'[defaults]\nexpect.json = {{ "/a" = "{"x" * 1001}" }}\n',
    ],
    ids=["name", "disable", "path", "expectation"],
)
def test_what_would_stand_with_every_target_of_a_unit_has_an_end(folder: Path, more: str) -> None:
    """One unit's file must not make the run as a whole too large to be written down."""
    estate = load(folder, a=unit("a1"), b=more + unit("b1"))
    assert ids(estate) == ["own", "a1"]
    assert len(estate.problems) == 1


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ("[[target]\n", "units/b.toml:1: not valid TOML"),
        (unit("b1", "x = 1\n"), "units/b.toml:4: target.1.x: unknown key"),
        (unit("b1") + unit("b2", "x = 1\n"), "units/b.toml:7: target.2.x: unknown key"),
        ('[scope]\nnames = ["b.test"]\n', "units/b.toml:1: scope: unknown key; only the main targets file says this"),
        ("[agency]\n", "units/b.toml:1: agency: unknown key; only the main targets file says this"),
        ("[vantage]\n", "units/b.toml:1: vantage: unknown key; only the main targets file says this"),
        ("[resolver]\n", "units/b.toml:1: resolver: unknown key; only the main targets file says this"),
        ("[trust]\n", "units/b.toml:1: trust: unknown key; only the main targets file says this"),
        ("[pki]\n", "units/b.toml:1: pki: unknown key; only the main targets file says this"),
        ('include = ["c.toml"]\n', "units/b.toml:1: include: unknown key; only the main targets file says this"),
        (unit("b1").replace("b1.a.test", "b.test"), "units/b.toml:3: target.1.url: b.test is outside [scope]"),
        (unit("own"), "units/b.toml:2: target.1.id: 'own' is already in targets.toml:14; ids are unique"),
        (unit("a1"), "units/b.toml:2: target.1.id: 'a1' is already in units/a.toml:2; ids are unique"),
        (
            unit("b1").replace("b1.a", "a1.a"),
            "units/b.toml:3: target.1.url: https://a1.a.test/ is already 'a1' in units/a.toml:3",
        ),
        (unit("b1") + unit("b1").replace("b1.a", "b2.a"), "units/b.toml:5: target.2.id: 'b1' is already target 1"),
        (
            '[defaults.params."web.x"]\ny = 1\n' + unit("b1"),
            'units/b.toml:1: defaults.params."web.x": there is no such check',
        ),
        (
            '[[disable]]\nchecks = "x"\nreason = "y"\n' + unit("b1"),
            "units/b.toml:2: disable.1.checks: no check is called 'x'",
        ),
    ],
)
def test_a_broken_unit_fails_alone_and_whole(folder: Path, broken: str, problem: str) -> None:
    estate = load(folder, a=unit("a1"), b=broken, c=unit("c1"))
    assert ids(estate) == ["own", "a1", "c1"]
    assert any(line.startswith(problem) for line in told(folder, estate)), estate.problems


def test_a_unit_that_cannot_be_read_fails_alone(folder: Path) -> None:
    (folder / "units" / "b.toml").write_bytes(b"\xff")
    (folder / "units" / "gone.toml").symlink_to("nowhere.toml")
    estate = load(folder, a=unit("a1"))
    assert ids(estate) == ["own", "a1"]
    assert [line.partition(":")[0] for line in told(folder, estate)] == ["units/b.toml", "units/gone.toml"]


def test_what_follows_a_broken_unit_may_use_its_names(folder: Path) -> None:
    """It is left out whole, so its ids are free."""
    assert ids(load(folder, a=unit("same", "x = 1\n"), b=unit("same"))) == ["own", "same"]


def test_a_link_does_not_lead_out_of_the_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.toml"
    outside.write_text(unit("x1"))
    (folder / "units" / "x.toml").symlink_to(outside)
    estate = load(folder)
    assert ids(estate) == ["own"]
    assert told(folder, estate)[0].startswith("units/x.toml: leads out of the folder of targets.toml")
    os.unlink(folder / "units" / "x.toml")  # noqa: PTH108
    (folder / "real").mkdir()
    (folder / "real" / "y.toml").write_text(unit("y1"))
    (folder / "units" / "y.toml").symlink_to(folder / "real" / "y.toml")
    assert ids(load(folder)) == ["own", "y1"]  # within it, it may


def test_a_pattern_for_no_file_is_told(folder: Path) -> None:
    estate = load(folder)
    assert told(folder, estate) == ["targets.toml:1: include.1: no file is called 'units/*.toml'"]


def test_a_file_that_two_patterns_name_is_read_once(folder: Path) -> None:
    main = MAIN.replace('["units/*.toml"]', '["units/*.toml", "**/a.toml", "*.toml"]') + OWN
    estate = load(folder, main, a=unit("a1"))
    assert (ids(estate), estate.problems) == (["own", "a1"], ())


def test_a_broken_main_file_stops_everything_and_tells_all(folder: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(folder, MAIN.replace("names", "nmes") + OWN, a=unit("a1"), b=unit("b1", "x = 1\n"))
    found = [line.replace(f"{folder}/", "") for line in error.value.problems]
    assert [line.partition(": unknown key")[0] for line in found] == [
        *("targets.toml:3: scope.nmes", "units/b.toml:4: target.1.x"),
    ]


def test_nothing_left_to_scan_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(folder, MAIN, b=unit("b1", "x = 1\n"))
    assert "so there is nothing to scan" in str(error.value)
    assert "units/b.toml:4: target.1.x: unknown key" in str(error.value)


def test_a_main_file_may_leave_all_targets_to_its_units(folder: Path) -> None:
    assert ids(load(folder, MAIN, a=unit("a1"))) == ["a1"]


# --- population and waivers ---------------------------------------------------------------------------------

POPULATION = '[population]\nfile = "population.toml"\n'
SERVICES = 'document = "SK 1"\ndate = 2026-01-31\n[[service]]\nname = "S"\n'


def test_the_population_comes_with_the_estate(folder: Path) -> None:
    (folder / "population.toml").write_text(SERVICES)
    population = load(folder, MAIN + POPULATION + OWN, a=unit("a1")).population
    assert population is not None
    assert (population.document, population.date) == ("SK 1", datetime.date(2026, 1, 31))


@pytest.mark.parametrize("content", [None, "x = 1\n", "["])
def test_a_broken_population_fails_alone(folder: Path, content: str | None) -> None:
    if content is not None:
        (folder / "population.toml").write_text(content)
    estate = load(folder, MAIN + POPULATION + OWN, a=unit("a1"))
    assert (ids(estate), estate.population) == (["own", "a1"], None)
    assert told(folder, estate)[0].startswith("population.toml")


WAIVER = (
    '[[waiver]]\nchecks = "tls"\ntargets = "own"\nreason = "x"\napproved_by = "y"\n'
    f"until = {datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=30)}\n"
)


def test_waivers_come_with_the_estate_and_a_broken_one_fails_alone(folder: Path) -> None:
    (folder / "w.toml").write_text(WAIVER + WAIVER.replace('"own"', '"nobody"'))
    estate = load(folder, 'waivers = ["w.toml", "none.toml"]\n' + MAIN + OWN, a=unit("a1"))
    assert [waiver.targets for waiver in estate.waivers] == ["own"]
    assert [line.partition(": ")[0] for line in told(folder, estate)] == ["w.toml:9", "none.toml"]


def test_every_value_knows_its_place(folder: Path) -> None:
    load(folder, a='[unit]\nname = "D"\n' + unit("a1", 'service = "S"\n'))
    entry = load_configuration(folder / "targets.toml").entries[1]
    origins = {key: entry.told(key).origin.replace(f"{folder}/", "") for key in ("unit", "contact", "service", "kinds")}
    assert origins == {
        "unit": "units/a.toml:2",
        "contact": "targets.toml:5",
        "service": "units/a.toml:6",
        "kinds": "default",
    }
