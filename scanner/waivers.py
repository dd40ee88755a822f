"""Waivers: findings that somebody accepted until a day, from a file of their own.

    [[waiver]]
    checks = "web.hsts.policy"            # an id, an area (`tls`) or a glob
    targets = "arsip"                     # an id or a glob
    reason = "Replaced in January by a new application"
    approved_by = "Kepala Bidang Aplikasi"
    until = 2026-12-31                    # the last day on which it holds

An accepted finding stays a finding; it only no longer counts against the run. So a waiver must never accept more than
its author meant: an entry with anything wrong in it is left out whole, the finding stays open, and the run says so. One
that has run out is not wrong; it no longer applies.
"""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from scanner.config_error import ConfigError
from scanner.estate import Target, Waiver
from scanner.locale.speech import say
from scanner.registry import Check
from scanner.toml_file import Section, TomlFile, did_you_mean, likely, one_line, read_toml

LONGEST = timedelta(days=366)
"""No further ahead may a waiver reach: who accepts a risk looks at it once a year."""
MAX_TEXT = 500


Line = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(one_line)]


class WaiverSection(Section):
    """A finding that somebody accepted, and until when. Expired entries may stay in the file: they no longer apply."""

    checks: Line = Field(
        description="Which checks: an id, an area such as `tls`, or a glob.", examples=["web.hsts.policy"]
    )
    targets: Line = Field(description="Which targets: an id, or a glob.", examples=["arsip"])
    subject: str = Field(
        "",
        min_length=1,
        max_length=MAX_TEXT,
        description="Only this part of the service (a cookie's name, a path), as `subject.key` in result.json has it.",
        examples=["laravel_session"],
    )
    reason: Line = Field(description="Why it is accepted.", examples=["replaced in January 2027"])
    approved_by: Line = Field(
        description="Who accepted it, by position and not by name.", examples=["Kepala Bidang Aplikasi"]
    )
    until: date = Field(
        strict=True, description="The last day on which it holds, at most a year ahead.", examples=[date(2026, 12, 31)]
    )


class WaiversFile(Section):
    """Findings that somebody accepted until a day. An entry with anything wrong in it is left out whole."""

    waiver: list[WaiverSection] = Field([], description="One table a waiver.")


def holds_waivers(path: Path) -> bool:
    """Whether this is a waivers file and not, say, the targets file that names it."""
    try:
        data = read_toml(path).data
    except ConfigError:
        return False
    named = data.get("waivers")  # a targets file names files there; tables are [[waiver]] misspelt
    return "waiver" in data or (isinstance(named, list) and any(isinstance(it, dict) for it in named))


def load_waivers(
    path: Path, targets: Sequence[Target], checks: Mapping[str, Check], *, today: date | None = None
) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """The waivers of a file, expired ones too, and what is wrong with the others: a line each, with its place.

    Never raises: what is wrong with a file is a problem of its waivers only. `today` is for tests.
    """
    try:
        file = read_toml(path)
    except ConfigError as error:
        return (), error.problems
    problems = [
        file.problem((key,), say("unknown key{meant}", meant=did_you_mean(key, WaiversFile.model_fields)))
        for key in file.data
        if key not in WaiversFile.model_fields
    ]
    entries = file.data.get("waiver", [])
    if not isinstance(entries, list):
        return (), (*problems, file.problem(("waiver",), say("write [[waiver]] above each waiver")))
    latest = (today or datetime.now(UTC).date()) + LONGEST
    waivers: list[Waiver] = []
    for index in range(len(entries)):
        try:
            section = file.validate(WaiverSection, ("waiver", index))
        except ConfigError as error:
            problems += error.problems
            continue
        wrong = list(_wrong(file, index, section, targets, checks, latest))
        problems += wrong
        if not wrong:
            waivers.append(Waiver(**section.model_dump()))
    return tuple(waivers), tuple(problems)


def _wrong(
    file: TomlFile,
    index: int,
    section: WaiverSection,
    targets: Sequence[Target],
    checks: Mapping[str, Check],
    latest: date,
) -> Iterator[str]:
    """What is well formed and wrong all the same."""
    named = [check for check in checks.values() if check.is_named(section.checks)]
    accepted = [target for target in targets if fnmatch.fnmatchcase(target.id, section.targets)]
    if not named:
        areas = {check.id.partition(".")[0] for check in checks.values()}
        meant = likely(section.checks, [*checks, *sorted(areas)])
        yield file.problem(
            ("waiver", index, "checks"),
            say("no check is called {checks!r}{meant}", checks=section.checks, meant=meant),
        )
    if not accepted:
        meant = likely(section.targets, [target.id for target in targets])
        yield file.problem(
            ("waiver", index, "targets"),
            say("no target is called {targets!r}{meant}", targets=section.targets, meant=meant),
        )
    elif len(named) == len(checks) and len(accepted) == len(targets) and set(section.targets) & set("*?["):
        yield file.problem(
            ("waiver", index, "checks"), say("every check at every target is too wide; name the checks or the targets")
        )
    if section.until > latest:
        yield file.problem(
            ("waiver", index, "until"),
            say("further ahead than {days} days; write {latest} or earlier", days=LONGEST.days, latest=latest),
        )
