"""The first sentences of the report: how much was seen, when and from where, and what is open. No adjective, no grade."""

from collections.abc import Iterator
from datetime import datetime

from scanner.findings import Severity
from scanner.locale.phrases import phrases
from scanner.locale.speech import Speaker
from scanner.locale.values import local, write_clock, write_date, write_number
from scanner.reports.html.page import COUNTED, Page


def conclusion(page: Page, speaker: Speaker) -> Iterator[str]:
    """One sentence on what was seen, one on what was found, and one more where the run did not come to its end."""
    yield _seen(page, speaker)
    yield _found(page, speaker)
    coverage = page.summary.assessment.coverage
    if coverage.not_reached:
        yield speaker.say_count(
            "The scan did not come to its end: {count} endpoint was not reached.",
            "The scan did not come to its end: {count} endpoints were not reached.",
            coverage.not_reached,
        )


def period(page: Page, speaker: Speaker) -> str:
    """From when to when it was looked, in the agency's zone: `21 November 2026 01.00-03.10 WITA`."""
    manifest = page.run.manifest
    return span(manifest.started, _last(page), speaker.language, manifest.estate.time_zone)


def _last(page: Page) -> datetime | None:
    """When it ended; of a run that did not, when its last target was done."""
    ending = page.run.ending
    return ending.ended if ending is not None else page.last


def span(first: datetime, last: datetime | None, language: str, zone: str) -> str:
    """Two moments, the day named once where it is the same."""
    day, clock = write_date(local(first, zone), language), write_clock(first, language, zone)
    if last is None or write_date(local(last, zone), language) == day:
        return f"{day} {_clocks(first, last, language, zone)}"
    return f"{day} {clock} – {write_date(local(last, zone), language)} {write_clock(last, language, zone)}"  # noqa: RUF001


def _clocks(first: datetime, last: datetime | None, language: str, zone: str) -> str:
    """Two times of one day, the zone named once: `01.00-03.10 WITA`."""
    clock = write_clock(first, language, zone)
    if last is None or write_clock(last, language, zone) == clock:
        return clock
    return f"{clock.partition(' ')[0]}–{write_clock(last, language, zone)}"  # noqa: RUF001 - a range


def _seen(page: Page, speaker: Speaker) -> str:
    coverage = page.summary.assessment.coverage
    words = phrases(speaker.language)
    kind = page.run.manifest.estate.vantage.kind
    values = {
        "observed": write_number(coverage.observed, speaker.language),
        "targets": write_number(coverage.targets, speaker.language),
        "place": words.ground.vantage[kind] or f"({words.ground.places[kind]})",
    }
    first, last, zone = page.run.manifest.started, _last(page), page.run.manifest.estate.time_zone
    day = write_date(local(first, zone), speaker.language)
    if last is None or write_date(local(last, zone), speaker.language) == day:
        return speaker.say(
            "On {day} at {clock}, {observed} of {targets} endpoints were observed {place}.",
            day=day,
            clock=_clocks(first, last, speaker.language, zone),
            **values,
        )
    return speaker.say(
        "From {first} to {last}, {observed} of {targets} endpoints were observed {place}.",
        first=f"{day} {write_clock(first, speaker.language, zone)}",
        last=f"{write_date(local(last, zone), speaker.language)} {write_clock(last, speaker.language, zone)}",
        **values,
    )


def _found(page: Page, speaker: Speaker) -> str:
    """The open findings that matter most. Without any, how far that reaches is part of the sentence."""
    counts = page.summary.assessment.findings
    words = phrases(speaker.language)
    grave = [
        f"{write_number(counts[it.word], speaker.language)} {words.severities[it]}"
        for it in (Severity.CRITICAL, Severity.HIGH)
        if counts[it.word]
    ]
    reach = _reach(page, speaker)
    if grave:
        listed = speaker.say(" and ").join(grave)
        said = speaker.say("Open findings: {counts}.", counts=listed)
        if page.critical_units > 1:
            number = write_number(page.critical_units, speaker.language)
            said += " " + speaker.say("The critical ones are at {number} units.", number=number)
        return said
    if page.summary.assessment.coverage.observed == 0:
        return speaker.say("Nothing was observed, so nothing can be concluded.")
    rest = sum(counts[it.word] for it in COUNTED)
    if rest:
        said = speaker.say_count(
            "No critical or high finding in what could be checked; {number} milder finding is open.",
            "No critical or high finding in what could be checked; {number} milder findings are open.",
            rest,
            number=write_number(rest, speaker.language),
        )
    else:
        said = speaker.say("No open finding in what could be checked.")
    return f"{said} {reach}".rstrip()


def _reach(page: Page, speaker: Speaker) -> str:
    summary = page.summary
    if not summary.verdicts_open:
        return ""
    return speaker.say(
        "{open} of {all} checks at the endpoints observed could not be concluded.",
        open=write_number(summary.verdicts_open, speaker.language),
        all=write_number(summary.verdicts, speaker.language),
    )
