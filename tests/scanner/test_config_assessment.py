"""What an agency sets itself, what owners agree to, and what an SLA promises: from files, both sides of every rule."""

from pathlib import Path
from typing import Any

import pytest

from scanner.config import load_targets
from scanner.config_error import ConfigError
from scanner.estate import CoverageGoal, Deadlines, Every, Goals, ScheduleGoal, ServiceLevel
from scanner.population import load_population

SCOPE = '[scope]\nnames = ["a.test"]\n'
TARGET = '[[target]]\nid = "a"\nurl = "https://a.test/"\n'
WHOLE = """
[assessment.coverage]
percent = 95
document = "Renja 2026"

[assessment.schedule]
every = "day"
percent = 97.5
longest_gap_days = 3
document = "SOP 12/2026"

[assessment.deadlines]
critical = 3
high = 14
document = "SOP 13/2026"
"""


def load(folder: Path, text: str) -> Any:
    (folder / "targets.toml").write_text(text, "utf-8")
    return load_targets(folder / "targets.toml")


def test_what_an_agency_set_itself(tmp_path: Path) -> None:
    assert load(tmp_path, SCOPE + WHOLE + TARGET).goals == Goals(
        CoverageGoal(95, "Renja 2026"),
        ScheduleGoal(Every.DAY, 97.5, 3, "SOP 12/2026"),
        Deadlines({"critical": 3, "high": 14}, "SOP 13/2026"),
    )
    assert load(tmp_path, SCOPE + TARGET).goals == Goals()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[assessment.coverage]\npercent = 95\n", 3, "assessment.coverage.document"),
        ('[assessment.coverage]\npercent = 0\ndocument = "x"\n', 4, "assessment.coverage.percent"),
        ('[assessment.coverage]\npercent = 101\ndocument = "x"\n', 4, "assessment.coverage.percent"),
        ('[assessment.coverage]\npercent = 95\ndocument = ""\n', 5, "assessment.coverage.document"),
        ('[assessment.schedule]\nevery = "year"\npercent = 1\nlongest_gap_days = 1\ndocument = "x"\n', 4, "every"),
        ('[assessment.schedule]\nevery = "day"\npercent = 1\nlongest_gap_days = 0\ndocument = "x"\n', 6, "longest_gap"),
        ('[assessment.deadlines]\ndocument = "x"\n', 3, "no deadline in it; write one such as critical = 3"),
        ('[assessment.deadlines]\nhigh = -1\ndocument = "x"\n', 4, "assessment.deadlines.high"),
        ('[assessment.deadlines]\ninfo = 1\ndocument = "x"\n', 4, "assessment.deadlines.info"),
        ("[assessment.goal]\n", 3, "assessment.goal"),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, SCOPE + text + TARGET)
    (told,) = error.value.problems
    assert told.startswith(f"{tmp_path}/targets.toml:{line}: ")
    assert said in told


def test_areas_that_an_owner_agreed_to(tmp_path: Path) -> None:
    assert load(tmp_path, SCOPE + TARGET + 'opt_in = ["content"]\n').targets[0].opt_in == ("content",)
    assert load(tmp_path, SCOPE + TARGET).targets[0].opt_in == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('["contents"]', "no area of checks is called 'contents'; did you mean 'content'?"),
        ('["content", "content"]', "stands in it twice"),
        ("true", "opt_in"),
    ],
)
def test_an_area_that_is_none(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, SCOPE + TARGET + f"opt_in = {value}\n")
    assert said in error.value.problems[0]
    assert "targets.toml:6: target.1.opt_in" in error.value.problems[0]


# -- service levels

LIST = 'document = "SK 1"\ndate = 2026-01-31\n[[service]]\nname = "Portal"\n'


def test_the_agreed_level_of_a_service(tmp_path: Path) -> None:
    path = tmp_path / "population.toml"
    path.write_text(
        LIST + '[service.sla]\ndocument = "SLA 1"\ncovers = ["availability"]\navailability_target = 0.995\n', "utf-8"
    )
    assert load_population(path).services[0].sla == ServiceLevel(
        "SLA 1", ("availability",), {"availability_target": 0.995}
    )
    path.write_text(LIST, "utf-8")
    assert load_population(path).services[0].sla is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('document = "SLA 1"\n', "service.1.sla.covers"),
        ('covers = ["availability"]\n', "service.1.sla.document"),
        ('document = "SLA 1"\ncovers = []\n', "service.1.sla.covers"),
        ('document = "SLA 1"\ncovers = ["latency"]\nlatency_limit_ms = 0\n', "service.1.sla.latency_limit_ms"),
        ('document = "SLA 1"\ncovers = ["a"]\navailability_target = 99.5\n', "service.1.sla.availability_target"),
    ],
)
def test_what_is_wrong_with_a_level(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "population.toml"
    path.write_text(f"{LIST}[service.sla]\n{text}", "utf-8")
    with pytest.raises(ConfigError) as error:
        load_population(path)
    assert said in error.value.problems[0]
