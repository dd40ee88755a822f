"""Waivers: what is right is read, what is wrong fails alone and says where, and the judge accepts what was meant."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import Seen, commit, exchange, manifest, new_journal, resolved, shipped, target

from scanner.assessment import assess, conclusions
from scanner.estate import UTC_ZONE, Target, Vantage, VantagePoint, Waiver
from scanner.evidence.replay import replay
from scanner.findings import Finding, FixedBy, Message, State, Subject, fingerprint
from scanner.journal import JournalError
from scanner.judge import Judge, accepts
from scanner.needs import Place
from scanner.observations.endpoint import Endpoint, Source
from scanner.plan import first_wave, resolving
from scanner.run import Run
from scanner.toml_file import read_toml
from scanner.waivers import LONGEST, WaiversFile, holds_waivers, load_waivers

ROOT = Path(__file__).parents[2]
CHECKS = shipped()
HSTS = "web.hsts.policy"
TODAY = date(2026, 11, 22)
TARGETS = [target(name, f"https://{name}.contoh.test/") for name in ("www", "api-izin", "api-surat")]
GOOD = """\
[[waiver]]
checks = "web.hsts.policy"
targets = "www"
reason = "Replaced in January"
approved_by = "Kepala Bidang Aplikasi"
until = 2026-12-31
"""


def read(folder: Path, text: str) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    path = folder / "waivers.toml"
    path.write_text(text, "utf-8")
    waivers, problems = load_waivers(path, TARGETS, CHECKS, today=TODAY)
    return waivers, tuple(problem.replace(str(path), "waivers.toml") for problem in problems)


# -- the file


def test_a_good_file(tmp_path: Path) -> None:
    waivers, problems = read(tmp_path, GOOD)
    assert waivers == (
        Waiver("web.hsts.policy", "www", "Replaced in January", "Kepala Bidang Aplikasi", date(2026, 12, 31)),
    )
    assert problems == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"web.hsts.policy"', '"web"'),
        ('"web.hsts.policy"', '"tls.certificate.*"'),
        ('"web.hsts.policy"', '"*"'),  # every check, at one target
        ('targets = "www"', 'targets = "*"'),  # one check, at every target
        ('targets = "www"', 'targets = "api-*"'),
        ("2026-12-31", "2020-01-01"),  # ran out, which is no mistake
        ("2026-12-31", str(TODAY + LONGEST)),
        ("reason", 'subject = "www.contoh.test:443"\nreason'),
    ],
)
def test_other_ways_to_say_it(before: str, after: str, tmp_path: Path) -> None:
    waivers, problems = read(tmp_path, GOOD.replace(before, after))
    assert (len(waivers), problems) == (1, ())


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        (
            "hsts.policy",
            "hsts.polcy",
            "2: waiver.1.checks: no check is called 'web.hsts.polcy'; did you mean 'web.hsts.p",
        ),
        ('"web.hsts.policy"', '"uptme"', "2: waiver.1.checks: no check is called 'uptme'; did you mean 'uptime'?"),
        ('"web.hsts.policy"', '"zzz*"', "2: waiver.1.checks: no check is called 'zzz*'"),
        ('targets = "www"', 'targets = "ww"', "3: waiver.1.targets: no target is called 'ww'; did you mean 'www'?"),
        ('targets = "www"', 'targets = "izin-*"', "3: waiver.1.targets: no target is called 'izin-*'"),
        ('reason = "Replaced in January"\n', "", "1: waiver.1.reason: this key is required"),
        ('"Replaced in January"', '"  "', "4: waiver.1.reason: must not be empty"),
        ('"Replaced in January"', r'"a\nb"', "4: waiver.1.reason: must be one line"),
        ('approved_by = "Kepala Bidang Aplikasi"\n', "", "1: waiver.1.approved_by: this key is required"),
        ('"Kepala Bidang Aplikasi"', '""', "5: waiver.1.approved_by: must not be empty"),
        ("until = 2026-12-31", "", "1: waiver.1.until: this key is required"),
        ("2026-12-31", '"2026-12-31"', "6: waiver.1.until: expected a date without quotes, such as 2026-12-31"),
        ("2026-12-31", "2026-12-31T00:00:00", "6: waiver.1.until: expected a date without quotes"),
        ("2026-12-31", "20261231", "6: waiver.1.until: expected a date without quotes"),
        ("2026-12-31", "2027-11-24", "6: waiver.1.until: further ahead than 366 days; write 2027-11-23 or earlier"),
        ("reason", "raeson", "4: waiver.1.raeson: unknown key; did you mean 'reason'?"),
        ("reason", 'subject = ""\nreason', "4: waiver.1.subject: must not be empty"),
        ('"web.hsts.policy"', '["web"]', "2: waiver.1.checks: expected text in quotes"),
        ("[[waiver]]", "[waiver]", "1: waiver: write [[waiver]] above each waiver"),
    ],
)
def test_what_is_wrong_says_where_and_accepts_nothing(before: str, after: str, problem: str, tmp_path: Path) -> None:
    assert before in GOOD
    waivers, problems = read(tmp_path, GOOD.replace(before, after))
    assert waivers == ()
    assert any(it.startswith(f"waivers.toml:{problem}") for it in problems), problems


@pytest.mark.parametrize(
    ("checks", "targets", "too_wide"),
    [
        ("*", "*", True),
        ("*.*", "*-*", False),
        ("[a-z]*", "?*", True),
        ("*", "www", False),
        ("*", "api-*", False),
        ("web", "*", False),
    ],
)
def test_everything_everywhere_is_too_wide(checks: str, targets: str, too_wide: bool, tmp_path: Path) -> None:
    text = GOOD.replace('"web.hsts.policy"', f'"{checks}"').replace('targets = "www"', f'targets = "{targets}"')
    waivers, problems = read(tmp_path, text)
    assert (len(waivers), len(problems)) == ((0, 1) if too_wide else (1, 0))
    assert all("too wide" in problem for problem in problems)


def test_a_broken_entry_fails_alone(tmp_path: Path) -> None:
    waivers, problems = read(tmp_path, GOOD + GOOD.replace("hsts", "hats").replace("until", "unitl") + GOOD)
    assert len(waivers) == 2
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["waivers.toml:7", "waiver.2.until"],
        ["waivers.toml:12", "waiver.2.unitl"],
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[waiver]\n", "waivers.toml:1: not valid TOML"),
        (GOOD + "until = 2026-12-30\n", "waivers.toml:7: not valid TOML"),
    ],
)
def test_a_broken_file_is_one_problem(text: str, words: str, tmp_path: Path) -> None:
    waivers, problems = read(tmp_path, text)
    assert waivers == ()
    assert len(problems) == 1
    assert problems[0].startswith(words)


def test_a_file_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    waivers, (problem,) = load_waivers(tmp_path / "none.toml", TARGETS, CHECKS)
    assert waivers == ()
    assert problem == f"{tmp_path / 'none.toml'}: No such file or directory"


def test_an_unknown_table_takes_no_waiver_with_it(tmp_path: Path) -> None:
    waivers, problems = read(tmp_path, GOOD + "[[waver]]\n")
    assert len(waivers) == 1
    assert problems == ("waivers.toml:7: waver: unknown key; did you mean 'waiver'?",)


def test_the_example_reads_with_the_example_of_targets(tmp_path: Path) -> None:
    data = read_toml(ROOT / "targets.example.toml").data
    targets = [Target(id=it["id"], url=it["url"]) for it in data["target"]]
    waivers, problems = load_waivers(ROOT / "waivers.example.toml", targets, CHECKS, today=TODAY)
    assert len(waivers) == 2
    assert problems == ()


def test_a_waivers_file_is_told_from_a_targets_file(tmp_path: Path) -> None:
    (tmp_path / "w.toml").write_text(GOOD)
    (tmp_path / "broken.toml").write_text("[")
    assert holds_waivers(tmp_path / "w.toml")
    (tmp_path / "misspelt.toml").write_text('[[waivers]]\nreason = "x"\n')
    assert holds_waivers(tmp_path / "misspelt.toml")
    assert not holds_waivers(ROOT / "targets.example.toml")
    assert not holds_waivers(tmp_path / "broken.toml")


def test_the_model_describes_every_key() -> None:
    schema = WaiversFile.model_json_schema()
    properties = schema["$defs"]["WaiverSection"]["properties"]
    assert all(rule["description"] for rule in properties.values())
    assert set(properties) == set(Waiver.__struct_fields__)


scalars = st.one_of(
    st.sampled_from(['"*"', '"web"', '"www"', "2026-12-31", "2026-12-31T00:00:00Z", "nan", "true", "[]", "{}", '""']),
    st.integers().map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="'\n\r", exclude_categories=["Cc"])).map(
        lambda it: f"'{it}'"
    ),
)
keys = st.sampled_from(["checks", "targets", "subject", "reason", "approved_by", "until", "x", "waiver"])
tables = st.dictionaries(keys, scalars, max_size=7).map(lambda it: "".join(f"{k} = {v}\n" for k, v in it.items()))
heads = st.sampled_from(["[[waiver]]\n", "[waiver]\n", "[[waiver.x]]\n", "", "waiver = 1\n", "waiver = [1]\n", "["])
documents = st.lists(st.tuples(heads, tables)).map(lambda it: "".join(head + table for head, table in it))


@given(documents | st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_no_file_raises_and_what_is_read_is_whole(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(text.encode("utf-8", "replace"))
    waivers, problems = load_waivers(path, TARGETS, CHECKS, today=TODAY)
    for waiver in waivers:
        assert waiver.reason.strip()
        assert waiver.approved_by.strip()
        assert type(waiver.until) is date
        assert any(check.is_named(waiver.checks) for check in CHECKS.values())
    assert all("any.toml" in problem for problem in problems)


# -- the judge


def waiver(**fields: Any) -> Waiver:
    usual = {"checks": HSTS, "targets": "www", "reason": "r", "approved_by": "a", "until": date(2026, 12, 31)}
    return Waiver(**{**usual, **fields})


def found(check: str = HSTS, of: str = "www", key: str = "www.example.test:443") -> Finding:
    subject = Subject("service", key)
    return Finding(
        check=check,
        check_version=1,
        target=of,
        subject=subject,
        state=State.FAIL,
        outcome="missing",
        severity="medium",
        message=Message("id", "en"),
        expected=None,
        found=None,
        reason=None,
        evidence=("sha256:0",),
        fingerprint=fingerprint(check, of, subject),
        fixed_by=FixedBy.WEB_SERVER,
        replay=None,
    )


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({}, True),
        ({"checks": "web"}, True),
        ({"checks": "web.hsts.*"}, True),
        ({"checks": "*"}, True),
        ({"checks": "we"}, False),
        ({"checks": "tls"}, False),
        ({"targets": "w*"}, True),
        ({"targets": "ww"}, False),
        ({"targets": "WWW"}, False),
        ({"subject": "www.example.test:443"}, True),
        ({"subject": "www.example.test"}, False),
        ({"subject": "*"}, False),
    ],
)
def test_what_a_waiver_is_about(fields: dict[str, str], accepted: bool) -> None:
    assert accepts(waiver(**fields), CHECKS[HSTS], found()) is accepted


SILENT = Seen(home=exchange())
"""A service without HSTS."""


def run_with(seen: Seen = SILENT, started: datetime | None = None, **estate: Any) -> Run:
    """A run of one target, collected and not judged yet."""
    asked = manifest([target()], [CHECKS[HSTS]], **estate)
    if started is not None:
        asked = msgspec.structs.replace(asked, started=started)
    journal = new_journal(asked)
    resolve = resolving(target())
    filed: dict[Any, Any] = {resolve: seen.of(resolve)[0]}
    parts: list[Any] = []
    endpoint = Endpoint("www.example.test", 443, "192.0.2.10", Source.RESOLVER)
    for probe in first_wave([CHECKS[HSTS]], Place(target(), asked.setting, endpoint)):
        filed[probe], *more = seen.of(probe)
        parts += more
    commit(journal, "www", filed, parts)
    return Run(journal)


def verdict(run: Run) -> Finding:
    (only,) = Judge(run, [CHECKS[HSTS]]).judge("www")
    return only


def test_an_accepted_finding_stays_what_it_is() -> None:
    bare, accepted = verdict(run_with()), verdict(run_with(waivers=(waiver(),)))
    assert accepted.waiver is not None
    assert (accepted.waiver.until, accepted.waiver.approved_by, accepted.waiver.reason) == (
        date(2026, 12, 31),
        "a",
        "r",
    )
    assert msgspec.structs.replace(accepted, waiver=None) == bare
    assert (bare.state, bare.severity, bare.is_open, accepted.is_open) == (State.FAIL, "medium", True, False)


@pytest.mark.parametrize("seen", [Seen(), Seen(home=exchange(status=403))], ids=["pass", "unknown"])
def test_what_is_no_finding_is_not_accepted(seen: Seen) -> None:
    said = verdict(run_with(seen, waivers=(waiver(),)))
    assert said.state is not State.FAIL
    assert said.waiver is None


@pytest.mark.parametrize(
    ("zone", "started", "until", "accepted"),
    [
        (UTC_ZONE, datetime(2026, 12, 31, 23, 59, tzinfo=UTC), date(2026, 12, 31), True),
        (UTC_ZONE, datetime(2027, 1, 1, 0, 0, tzinfo=UTC), date(2026, 12, 31), False),
        # 23:59 and 00:00 in Jayapura, nine hours before.
        ("Asia/Jayapura", datetime(2026, 12, 31, 14, 59, tzinfo=UTC), date(2026, 12, 31), True),
        ("Asia/Jayapura", datetime(2026, 12, 31, 15, 0, tzinfo=UTC), date(2026, 12, 31), False),
    ],
)
def test_a_waiver_holds_to_the_end_of_its_day_in_the_zone_of_the_agency(
    zone: str, started: datetime, until: date, accepted: bool
) -> None:
    said = verdict(run_with(started=started, time_zone=zone, waivers=(waiver(until=until),)))
    assert (said.waiver is not None) is accepted


def test_of_several_waivers_the_one_that_holds_longest_counts() -> None:
    several = (
        waiver(reason="short", until=date(2026, 12, 1)),
        waiver(reason="long", until=date(2026, 12, 31)),
        waiver(reason="as long", until=date(2026, 12, 31)),
        waiver(reason="another", until=date(2027, 1, 31), targets="api"),
        waiver(reason="expired", until=date(2020, 1, 1)),
    )
    said = verdict(run_with(waivers=several))
    assert said.waiver is not None
    assert said.waiver.reason == "long"


@pytest.mark.parametrize(("waivers", "worst", "open_", "waived"), [((), 2, 1, 0), ((waiver(),), -1, 0, 1)])
def test_what_is_accepted_does_not_count(waivers: tuple[Waiver, ...], worst: int, open_: int, waived: int) -> None:
    run = run_with(waivers=waivers)
    run.journal.put_findings("www", Judge(run, [CHECKS[HSTS]]).judge("www"))
    sums = assess(run)
    assert (conclusions(run).worst, sums.findings["medium"], sums.waived["medium"]) == (worst, open_, waived)
    assert sums.states["fail"] == 1
    assert conclusions(run).coverage == 100


def replayed_with(run: Run, findings: tuple[Finding, ...]) -> Any:
    run.journal.put_findings("www", findings)
    return replay(run.journal, {HSTS: CHECKS[HSTS]})


def test_replay_accepts_the_same_findings() -> None:
    run = run_with(waivers=(waiver(until=date(2026, 11, 2)),), vantage=VantagePoint(Vantage.INTRANET))
    said = Judge(run, [CHECKS[HSTS]]).judge("www")
    assert said[0].waiver is not None
    assert replayed_with(run, said).confirmed


def test_replay_names_a_waiver_that_nobody_wrote() -> None:
    without, accepted = run_with(), verdict(run_with(waivers=(waiver(),)))
    shown = replayed_with(without, (accepted,))
    assert not shown.confirmed
    (difference,) = shown.differences
    assert (difference.recorded, difference.derived) == ("missing (accepted until 2026-12-31)", "missing")


@pytest.mark.parametrize("kind", list(Vantage))
@pytest.mark.parametrize(
    "seen", [Seen(), SILENT, Seen(resolution=resolved(host="x.test"))], ids=["pass", "fail", "odd"]
)
def test_every_finding_says_where_it_was_seen_from(kind: Vantage, seen: Seen) -> None:
    assert verdict(run_with(seen, vantage=VantagePoint(kind))).vantage is kind


def test_a_pass_cannot_be_accepted() -> None:
    accepted = verdict(run_with(waivers=(waiver(),)))
    with pytest.raises(ValueError, match="only a finding can be accepted"):
        msgspec.structs.replace(accepted, state=State.PASS, severity=None)


def test_a_run_of_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(JournalError, match="the time zone 'Asia/Nowhere' is not known"):
        run_with(time_zone="Asia/Nowhere")


def test_a_journal_from_before_reads_back() -> None:
    """Findings that were stored without a vantage or a waiver."""
    stored = msgspec.json.decode(msgspec.json.encode(verdict(run_with())))
    del stored["vantage"], stored["waiver"]
    again = msgspec.json.decode(msgspec.json.encode(stored), type=Finding)
    assert (again.vantage, again.waiver) == (Vantage.UNSTATED, None)
