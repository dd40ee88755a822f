"""How values are written for people: times with their zone, durations with their unit, numbers in local style."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from scanner.locale.reasons import reason_text
from scanner.locale.speech import spoken
from scanner.observations.steps import Reason

MONTHS_ID = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)
DAYS_ID = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS_EN = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def local(moment: datetime, zone: str) -> datetime:
    """The moment in the agency's zone, which was checked when the estate was loaded."""
    try:
        return moment.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    except OverflowError:  # 99991231235959Z, "no expiration" (RFC 5280 4.1.2.5), lies on the edge of all calendars
        return moment.astimezone(UTC)


def zone_label(moment: datetime) -> str:
    """WIB, WITA, WIT or UTC for a local moment; else its offset."""
    name = moment.tzname() or ""
    if name in ("WIB", "WITA", "WIT", "UTC"):
        return name
    offset = f"{moment:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"


def write_time(moment: datetime, language: str, zone: str) -> str:
    """`21 November 2026 09.02 WITA`, or `21 November 2026 09:02 WITA` in English."""
    return f"{write_date(local(moment, zone), language)} {write_clock(moment, language, zone)}"


def write_clock(moment: datetime, language: str, zone: str) -> str:
    """`09.02 WITA`, or `09:02 WITA` in English."""
    there = local(moment, zone)
    separator = "." if language == "id" else ":"
    return f"{there:%H}{separator}{there:%M} {zone_label(there)}"


def write_date(day: date, language: str) -> str:
    """`21 November 2026`."""
    months = MONTHS_ID if language == "id" else MONTHS_EN
    return f"{day.day} {months[day.month - 1]} {day.year}"


def said_day(day: date) -> str:
    """A day in a message of this process: as files have it, in Indonesian as a letter has it."""
    return write_date(day, "id") if spoken() == "id" else day.isoformat()


def write_duration(length: timedelta, language: str) -> str:
    """The largest unit that says it exactly, down to seconds."""
    seconds = round(length.total_seconds())
    for size, english, indonesian in ((86400, "day", "hari"), (3600, "hour", "jam"), (60, "minute", "menit")):
        if seconds and seconds % size == 0:
            count = seconds // size
            return (
                f"{write_number(count, 'id')} {indonesian}"
                if language == "id"
                else f"{write_number(count, 'en')} {english}{'' if abs(count) == 1 else 's'}"
            )
    return f"{write_number(seconds, language)} {'detik' if language == 'id' else 's'}"


def write_number(value: float, language: str) -> str:
    """Thousands and decimals in local style: 1.480 and 87,2 in Indonesian, 1,480 and 87.2 in English."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text


def write_value(value: object, language: str, zone: str) -> str:
    """Any argument of an outcome, for people."""
    if isinstance(value, bool):
        return {("id", True): "ya", ("id", False): "tidak", ("en", True): "yes", ("en", False): "no"}[language, value]
    if isinstance(value, datetime):
        return write_time(value, language, zone)
    if isinstance(value, timedelta):
        return write_duration(value, language)
    if isinstance(value, int | float):
        return write_number(value, language)
    if isinstance(value, Reason):
        return reason_text(value, language)
    return str(value)


def render(template: str, arguments: Mapping[str, object], language: str, zone: str) -> str:
    """A sentence with its values filled in. Values are never taken for templates."""
    return template.format_map({name: write_value(value, language, zone) for name, value in arguments.items()})
