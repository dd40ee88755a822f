"""Profiles: what ships is sane and says for whom it is; what users write is bounded; the page is the data."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed import shipped

from scanner.config import load_targets
from scanner.demo.estate import example_targets
from scanner.estate import AddressPolicy
from scanner.needs import Setting
from scanner.plan import plan
from scanner.profiles import Profile, ProfileError, load_profile, profile_names
from scanner.profiles.figures import FIGURES, SECTIONS, Figure, contradictions, least_seconds, rate_per_minute
from scanner.registry import select

ROOT = Path(__file__).parents[3]
NAMES = ("default", "evidence", "gentle", "local", "nightly", "pre-deploy", "weekly")
PROFILES = {name: load_profile(name) for name in NAMES}
DEFAULT = PROFILES["default"]
every = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)


# --- what ships -------------------------------------------------------------------------------------------------------


def test_the_profiles_are_those_of_the_design() -> None:
    assert profile_names() == NAMES


@every
def test_it_is_called_as_its_file_is_and_has_a_version(profile: Profile) -> None:
    assert PROFILES[profile.name] is profile
    assert re.fullmatch(r"20\d\d\.\d\d(\.\d+)?", profile.version)


@every
@pytest.mark.parametrize("words", ["description", "when"])
def test_it_says_what_it_is_and_for_whom_in_both_languages(words: str, profile: Profile) -> None:
    said = getattr(profile, words)
    assert said.keys() == {"id", "en"}
    assert said["id"] != said["en"]
    assert all(20 < len(text) < 200 and text.isprintable() for text in said.values())


@every
def test_its_figures_are_within_bounds_and_fit_together(profile: Profile) -> None:
    assert list(contradictions(profile)) == []


@every
def test_its_checks_exist(profile: Profile) -> None:
    assert select(shipped(), profile.checks)


@every
def test_it_says_who_is_asking(profile: Profile) -> None:
    assert profile.agent.format(version="1", contact="; a@b.test").startswith(
        "Pindai/1 (+security scan by the service owner; a@"
    )


@every
def test_only_what_stays_on_our_own_networks_is_faster_than_default(profile: Profile) -> None:
    faster = (
        rate_per_minute(profile) > rate_per_minute(DEFAULT)
        or profile.pace.interval_ms < DEFAULT.pace.interval_ms
        or profile.pace.connections_per_address > DEFAULT.pace.connections_per_address
    )
    assert faster == (profile.name in ("local", "pre-deploy")) == profile.loopback_only


def test_rates_rise_from_gentle_to_default() -> None:
    rates = [rate_per_minute(PROFILES[name]) for name in ("gentle", "weekly", "evidence", "nightly", "default")]
    assert rates == [30, pytest.approx(45), 60, 90, 120]


@pytest.mark.parametrize("field", [figure.key for figure in FIGURES if figure.section == "timeouts"])
def test_patience_rises_from_default_to_evidence(field: str) -> None:
    waits = [getattr(PROFILES[name].timeouts, field) for name in ("local", "default", "nightly", "weekly", "evidence")]
    assert waits == sorted(waits)


@pytest.mark.parametrize("figure", [figure for figure in FIGURES if figure.section == "caps"], ids=lambda it: it.key)
def test_evidence_reads_and_follows_the_most(figure: Figure) -> None:
    assert all(figure.of(PROFILES["evidence"]) >= figure.of(it) for it in PROFILES.values())


def test_second_tries_are_slowest_for_evidence() -> None:
    assert max(PROFILES.values(), key=lambda it: it.pace.retry_pause_s).name == "evidence"


@pytest.mark.parametrize(
    ("name", "addresses"),
    [("default", None), ("nightly", AddressPolicy.ALL), ("weekly", AddressPolicy.ALL), ("evidence", AddressPolicy.ALL)],
)
def test_scheduled_runs_look_at_every_address(name: str, addresses: AddressPolicy | None) -> None:
    assert PROFILES[name].addresses is addresses


def test_before_a_deployment_only_what_a_developer_can_mend_is_looked_at() -> None:
    chosen = [check.id for check in select(shipped(), PROFILES["pre-deploy"].checks)]
    assert {id.partition(".")[0] for id in chosen} == {"tls", "web", "uptime"}
    assert [id for id in chosen if id.startswith("uptime.")] == ["uptime.reachable"]


@pytest.mark.parametrize("name", ["local", "pre-deploy"])
def test_on_our_own_networks_nothing_is_taken_for_a_fault_of_our_line(name: str) -> None:
    assert PROFILES[name].our_side.share > 1


@every
def test_the_example_estate_can_be_planned(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text(example_targets())
    estate = load_targets(path)
    planned = list(plan(estate, select(shipped(), profile.checks), Setting("Pindai/test"), profile))
    assert len(planned) == len(estate.targets) > 10
    assert all(it.ceiling.connections for it in planned)


def test_every_figure_is_explained_and_none_but_those_there_are() -> None:
    there = [
        (section, field.name)
        for section in SECTIONS
        for field in msgspec.structs.fields(type(getattr(DEFAULT, section)))
    ]
    assert sorted(figure.place for figure in FIGURES) == sorted(there)


# --- how long a run takes ---------------------------------------------------------------------------------------------


def least_by_turns(profile: Profile, connections: int) -> float:
    """The gate's turn-taking, step by step."""
    starts: list[float] = []
    for _ in range(connections):
        due = starts[-1] + profile.pace.interval_ms / 1000 if starts else 0.0
        if (most := profile.pace.per_address_per_minute) and len(starts) >= most:
            due = max(due, starts[-most] + 60)
        starts.append(due)
    return starts[-1] if starts else 0.0


@every
@pytest.mark.parametrize("connections", [0, 1, 2, 30, 31, 120, 121, 1000])
def test_the_least_time_is_what_taking_turns_comes_to(profile: Profile, connections: int) -> None:
    assert least_seconds(profile, connections) == pytest.approx(least_by_turns(profile, connections))


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_is_as_new_as_the_data() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "scanner.profiles"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    page = (ROOT / "docs/profiles.md").read_text("utf-8")
    assert page == ran.stdout, "python -m scanner.profiles > docs/profiles.md"


def test_the_example_on_the_page_works(tmp_path: Path) -> None:
    page = (ROOT / "docs/profiles.md").read_text("utf-8")
    path = tmp_path / "slow.toml"
    path.write_text(page.partition("```toml\n")[2].partition("```")[0])
    profile = load_profile(str(path))
    assert (profile.name, profile.pace.per_address_per_minute) == ("slow", 40)
    assert profile.timeouts == PROFILES["nightly"].timeouts


# --- one's own --------------------------------------------------------------------------------------------------------


def own(tmp_path: Path, text: str, name: str = "ours.toml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def test_a_file_changes_the_default_profile_where_it_says_so(tmp_path: Path) -> None:
    profile = load_profile(own(tmp_path, 'checks = ["tls"]\n[pace]\nretry_pause_s = 7\n'))
    same = {"name": DEFAULT.name, "version": DEFAULT.version, "description": DEFAULT.description, "when": DEFAULT.when}
    pace = msgspec.structs.replace(profile.pace, retry_pause_s=DEFAULT.pace.retry_pause_s)
    assert (profile.name, profile.version, profile.checks, profile.pace.retry_pause_s) == ("ours", "own", ("tls",), 7.0)
    assert msgspec.structs.replace(profile, checks=("*",), pace=pace, **same) == DEFAULT


def test_a_file_may_be_based_on_another(tmp_path: Path) -> None:
    profile = load_profile(own(tmp_path, 'based_on = "local"\nversion = "3"\n'))
    assert (profile.name, profile.version, profile.pace) == ("ours", "3", PROFILES["local"].pace)


def test_thresholds_are_taken_as_they_stand(tmp_path: Path) -> None:
    profile = load_profile(own(tmp_path, '[params."web.hsts.policy"]\nmin_age = "P30D"\n'))
    assert profile.params == {"web.hsts.policy": {"min_age": "P30D"}}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[pace]\n\ninterval_msec = 5", 3, "pace.interval_msec: unknown key; did you mean 'interval_ms'?"),
        ("pase = 1", 1, "pase: unknown key; did you mean 'pace'?"),
        ('[pace]\ninterval_ms = "x"', 2, "pace.interval_ms: expected `int`, got `str`"),
        ("[pace]\ninterval_ms = 1", 2, "expected 100 to 600000 ms (wider only with loopback_only = true), not 1"),
        ("pace.per_address_per_minute = 0", 1, "pace.per_address_per_minute: expected 1 to 600 /min"),
        ("[timeouts]\ndns_s = nan", 2, "timeouts.dns_s: expected 0.1 to 60 s, not nan"),
        (f"[pace]\ntargets_at_once = {10**400}", 2, "pace.targets_at_once: expected 1 to 256, not that"),
        ("[timeouts]\ntarget_s = 30", 0, "timeouts.exchange_s: longer than target_s (30)"),
        ("[timeouts]\nbody_s = 50", 2, "timeouts.body_s: longer than exchange_s (40), which bounds all phases"),
        ("pace.connections_total = 1", 0, "pace.connections_per_address: more than connections_total (1)"),
        ('based_on = "nigthly"', 1, "based_on: there is no profile 'nigthly'; did you mean 'nightly'?"),
        ("based_on = 3", 1, "based_on: there is no profile ''"),
        ('name = "default"', 1, "not the name of a profile of Pindai"),
        ('name = "a b"', 1, "expected letters, digits"),
        ('agent = "a{b}"', 1, "only {version} and {contact} are known"),
        ('agent = "Pindai\\r\\nX: y"', 1, "agent: expected up to 200 plain ASCII characters"),
        ("checks = []", 1, "checks: none named"),
        ('addresses = "both"', 1, "addresses: invalid enum value 'both'"),
        ("pace = 5", 1, "pace: expected `object`, got `int`"),
        ("a = 1\nb = = 2", 2, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    path = own(tmp_path, text)
    with pytest.raises(ProfileError) as error:
        load_profile(path)
    (only,) = str(error.value).splitlines()
    assert only.startswith(f"{path}:{line}: " if line else path)
    assert said in only


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as error:
        load_profile(own(tmp_path, "[pace]\ninterval_ms = 1\ntargets_at_once = 0\n[caps]\nredirects = 1000\n"))
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["3", "2", "5"]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda it: it.key)
def test_both_ends_of_every_figure_are_watched(figure: Figure) -> None:
    section, key = figure.place
    base = PROFILES["local"]
    for value, beyond in itertools.product((figure.least, figure.most), (0, 1)):
        outside = value + beyond * (1 if value == figure.most else -1)
        values = msgspec.structs.replace(getattr(base, section), **{key: outside})
        found = list(contradictions(msgspec.structs.replace(base, **{section: values})))
        said = [what for place, what in found if place == figure.place and what.startswith("expected")]
        assert bool(said) == bool(beyond), (outside, said)


@pytest.mark.parametrize("figure", ["interval_ms", "per_address_per_minute"])
def test_a_faster_pace_needs_our_own_networks(figure: str, tmp_path: Path) -> None:
    text = f"pace.{figure} = 0\n"
    with pytest.raises(ProfileError):
        load_profile(own(tmp_path, text))
    assert load_profile(own(tmp_path, f"loopback_only = true\n{text}")).loopback_only


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.toml", None, "none.toml: No such file or directory"),
        ("latin.toml", b"# caf\xe9", "latin.toml: not UTF-8 text (byte 5)"),
        ("large.toml", b"#" * 16_000_001, "large.toml: larger than"),
        ("default.toml", b"", "not the name of a profile of Pindai"),
    ],
)
def test_files_that_cannot_be_one(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=re.escape(said)):
        load_profile(str(path))


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_bytes(b"\xef\xbb\xbfpace.retry_pause_s = 7.0\r\n")
    assert load_profile(str(path)).pace.retry_pause_s == 7


@pytest.mark.parametrize(("name", "meant"), [("gentel", "did you mean 'gentle'"), ("xyz", "there are: default, evid")])
def test_a_name_that_nobody_knows(name: str, meant: str) -> None:
    with pytest.raises(ProfileError) as error:
        load_profile(name)
    assert meant in str(error.value)


KEYS = st.sampled_from(
    [*SECTIONS, "checks", "params", "agent", "name", "based_on", "addresses", "x", "pace.interval_ms"]
)
VALUES = st.sampled_from(
    [
        "1",
        "0",
        "-1",
        "nan",
        "inf",
        "1e308",
        '""',
        '"*"',
        "[]",
        "[1]",
        "{}",
        "{a = 1}",
        "true",
        "1979-05-27",
        '"\\u0000"',
    ]
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("profiles") / "any.toml"


@given(pairs=st.lists(st.tuples(KEYS, VALUES)), tail=st.text(max_size=20))
def test_a_file_is_a_profile_or_an_error_in_words(scratch: Path, pairs: list[tuple[str, str]], tail: str) -> None:
    scratch.write_text("\n".join(f"{key} = {value}" for key, value in pairs) + f"\n{tail}", "utf-8")
    found: list[object] = []
    said = ""
    try:
        found = list(contradictions(load_profile(str(scratch))))
    except ProfileError as error:
        said = str(error)
    assert found == []
    assert all(line.startswith(str(scratch)) for line in said.splitlines())
