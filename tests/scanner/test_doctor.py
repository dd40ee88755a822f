"""The doctor's judgement: what is seen of a machine, and what it says about it, both sides of every rule."""

from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
import pytest
from observed import SEEN, target

from scanner import doctor
from scanner.doctor import Health, Kept, Row
from scanner.estate import (
    Authorisation,
    Credential,
    Estate,
    Nameserver,
    SecretKind,
    SecretSource,
    Vantage,
    VantagePoint,
    Window,
)
from scanner.findings import Message
from scanner.locale.values import render
from scanner.machine import Folder, KernelClock, Tls
from scanner.observations.dns import DnsAnswer, Response
from scanner.observations.steps import Reason, Unobserved
from scanner.profiles import load_profile
from scanner.scope import Scope

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # 09:30 WITA
OK, WARNING, PROBLEM, UNKNOWN = Health.OK, Health.WARNING, Health.PROBLEM, Health.UNKNOWN


def written(row: Row, language: str = "en") -> str:
    """What people read of a row; every placeholder has its value, in both languages."""
    said = [it for it in (row.seen, row.advice) if it is not None]
    for message in said:
        assert render(message.en, message.arguments, "en", "UTC")
        assert render(message.id, message.arguments, "id", "UTC")
    assert row.name in doctor.TITLES
    return " -> ".join(
        render(it.id if language == "id" else it.en, it.arguments, language, "Asia/Makassar") for it in said
    )


def by_name(rows: Any) -> dict[str, Row]:
    found = {row.name: row for row in rows}
    for row in found.values():
        written(row)
    return found


# --- clock ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kernel", "state", "said"),
    [
        (KernelClock(True, 0.012), OK, "In step, at most 12 ms off"),
        (KernelClock(True, 1.0), OK, "1,000 ms"),
        (KernelClock(True, 1.5), WARNING, "1,500 ms off -> Let chrony"),
        (KernelClock(False, 16.0), WARNING, "nothing keeps its clock in step -> Let chrony"),
        (None, UNKNOWN, "does not say"),
    ],
)
def test_the_clock(kernel: KernelClock | None, state: Health, said: str) -> None:
    row = by_name(doctor.clock_rows(kernel, NOW, None))["clock.synchronised"]
    assert row.state is state
    assert said in written(row)


@pytest.mark.parametrize(
    ("data", "state"),
    [(date(2026, 11, 22), OK), (date(2026, 11, 23), PROBLEM), (None, OK)],
)
def test_a_day_before_that_of_the_installed_data_is_wrong(data: date | None, state: Health) -> None:
    assert by_name(doctor.clock_rows(None, NOW, data))["clock.date"].state is state


@pytest.mark.parametrize(("readable", "state"), [(True, OK), (False, PROBLEM)])
def test_time_zones(readable: bool, state: Health) -> None:
    row = doctor.time_zone_row("Asia/Makassar", readable=readable, tzdata="2026.1")
    assert row.state is state
    assert "Asia/Makassar" in written(row)


# --- resolvers and routes ---------------------------------------------------------------------------------------------

HOST = "www.example.test"
RESOLVER = Nameserver("192.0.2.53")
FROM_FILE, WITHOUT_FILE = doctor.origin_of_resolvers(from_file=True), doctor.not_asked(offline=False)


def response(rcode: str = "NOERROR", address: str = "", ede: tuple[tuple[int, str], ...] = ()) -> Response:
    answers = ((HOST, "A", address),) if address else ()
    return Response(
        rcode=rcode, authenticated=False, truncated_udp=False, answers=answers, ede=ede, wire=bytes([0, 0, 0x84, 0x80])
    )


@pytest.mark.parametrize(
    ("outcome", "took_ms", "state", "said"),
    [
        (response(address="192.0.2.1"), 12.3, OK, "answered about www.example.test in 12 ms"),
        (response(address="192.0.2.1"), 1000.5, WARNING, "in 1,000 ms -> A resolver closer by"),
        (response("NXDOMAIN"), 5.0, OK, "answered about"),
        (response(), 5.0, OK, "answered about"),
        (response("SERVFAIL"), 5.0, WARNING, "DNS failure (SERVFAIL): SERVFAIL for www"),
        (response("REFUSED"), 5.0, WARNING, "the resolver refused"),
        (response(address="192.0.2.1", ede=((15, "no"),)), 5.0, WARNING, "the resolver filters www.example.test"),
        (Unobserved(Reason.DNS_MALFORMED, "x"), 5.0, WARNING, "unreadable DNS answer"),
        (
            Unobserved(Reason.DNS_TIMEOUT, "x"),
            9.0,
            PROBLEM,
            "the resolver did not answer: x (www.example.test) -> Name",
        ),
        (Unobserved(Reason.DNS_UNREACHABLE, "x"), 9.0, PROBLEM, "cannot be reached"),
    ],
)
def test_a_resolver(outcome: Response | Unobserved, took_ms: float, state: Health, said: str) -> None:
    answer = DnsAnswer(started=SEEN, took_ms=took_ms, name=HOST, rdtype="A", server="192.0.2.53:53", outcome=outcome)
    answers = {answer.server: answer}
    (row,) = doctor.resolver_rows([RESOLVER], answers, HOST, origin=FROM_FILE, not_asked=WITHOUT_FILE)
    assert (row.state, row.subject) == (state, "192.0.2.53:53")
    assert said in written(row)
    assert written(row).startswith("from the targets file; ")


@pytest.mark.parametrize(("offline", "said"), [(True, "--offline"), (False, "without a targets file")])
def test_a_resolver_that_was_not_asked_is_not_ok(offline: bool, said: str) -> None:
    origin, why = doctor.origin_of_resolvers(from_file=False), doctor.not_asked(offline=offline)
    (row,) = doctor.resolver_rows([RESOLVER], {}, HOST, origin=origin, not_asked=why)
    assert row.state is UNKNOWN
    assert said in written(row)
    assert "from the system" in written(row)


def test_without_a_resolver_nothing_is_found() -> None:
    (row,) = doctor.resolver_rows([], {}, "", origin=FROM_FILE, not_asked=WITHOUT_FILE)
    assert row.state is PROBLEM


@pytest.mark.parametrize(
    ("interfaces", "state", "said"),
    [(("eth0", "wg0"), OK, "eth0, wg0"), ((), WARNING, "IPv6 addresses"), (None, UNKNOWN, "does not tell")],
)
def test_a_route(interfaces: tuple[str, ...] | None, state: Health, said: str) -> None:
    row = doctor.route_row(6, interfaces)
    assert (row.name, row.state) == ("route.ipv6", state)
    assert said in written(row)


# --- what is installed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "state", "said"),
    [
        (date(2026, 11, 22), OK, "0 s old"),
        (date(2026, 5, 26), OK, "180 days old"),
        (date(2026, 5, 25), WARNING, "181 days old -> Update it"),
        (date(2026, 12, 1), OK, "0 s old"),
        (None, UNKNOWN, "of no known day"),
    ],
)
def test_the_age_of_the_anchors(made: date | None, state: Health, said: str) -> None:
    row = doctor.anchors_row("x", made, NOW.date())
    assert row.state is state
    assert said in written(row)


@pytest.mark.parametrize(
    ("lacks", "state"),
    [("", OK), ("TLS 1.0", WARNING), ("TLS 1.1", WARNING), ("TLS 1.2", PROBLEM), ("TLS 1.3", PROBLEM)],
)
def test_what_can_be_spoken(lacks: str, state: Health) -> None:
    versions = tuple(it for it in ("TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3") if it != lacks)
    rows = by_name(doctor.software_rows("1", "3.11", Tls("OpenSSL 3", versions), {"uvloop": True, "xlsx": False}))
    assert rows["software.tls"].state is state
    assert lacks in written(rows["software.tls"])
    assert written(rows["software.extras"]) == "uvloop yes; xlsx no"


@pytest.mark.parametrize(("ascii_only", "state"), [(False, OK), (True, WARNING)])
def test_the_terminal(ascii_only: bool, state: Health) -> None:
    row = doctor.terminal_row("ascii", ascii_only=ascii_only)
    assert row.state is state
    written(row)


# --- folder and limits ------------------------------------------------------------------------------------------------

GOOD = Folder(exists=True, free_mib=5000, runs=3, runs_mib=7)


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({}, OK, "/s, mode 0700"),
        ({"exists": False}, OK, "is not there yet"),
        ({"mode": 0o750}, WARNING, "has mode 0750 -> Others"),
        ({"mode": 0o500}, OK, "0500"),
        ({"ours": False}, WARNING, "somebody else"),
        ({"writable": False}, PROBLEM, "cannot be written"),
        ({"exists": False, "writable": False}, PROBLEM, "cannot be written"),
        ({"is_folder": False}, PROBLEM, "is no folder"),
    ],
)
def test_the_state_folder(changes: dict[str, Any], state: Health, said: str) -> None:
    row = by_name(doctor.state_rows("/s", msgspec.structs.replace(GOOD, **changes)))["state.folder"]
    assert row.state is state
    assert said in written(row)


@pytest.mark.parametrize(
    ("free_mib", "state"), [(1024, OK), (1023, WARNING), (64, WARNING), (63, PROBLEM), (0, PROBLEM), (None, UNKNOWN)]
)
def test_free_space(free_mib: int | None, state: Health) -> None:
    row = by_name(doctor.state_rows("/s", msgspec.structs.replace(GOOD, free_mib=free_mib)))["state.space"]
    assert row.state is state
    assert ("kept runs: 3, 7 MiB" in written(row)) == (free_mib is not None)


def test_a_path_is_never_taken_for_a_template() -> None:
    row = by_name(doctor.state_rows("/s{mode}{x}", GOOD))["state.folder"]
    assert written(row) == "/s{mode}{x}, mode 0700"


@pytest.mark.parametrize(("limit", "state"), [(148, OK), (147, PROBLEM), (None, OK)])
def test_open_files(limit: int | None, state: Health) -> None:
    row = doctor.open_files_row(limit, load_profile("default"))
    assert row.state is state
    assert ("ulimit -n 1024" in written(row)) == (state is PROBLEM)


# --- the estate -------------------------------------------------------------------------------------------------------


def estate(**fields: Any) -> Estate:
    given: dict[str, Any] = {
        "targets": (target(),),
        "scope": Scope(),
        "time_zone": "Asia/Makassar",
        "vantage": VantagePoint(Vantage.INTERNET),
        "authorisation": Authorisation("800/1", date(2027, 1, 1)),
        "references": ("https://a.test",),
    }
    return Estate(**{**given, **fields})


def test_an_estate_that_says_everything_is_ok() -> None:
    rows = by_name(doctor.estate_rows(estate(), NOW))
    assert {row.state for row in rows.values()} == {OK}
    assert doctor.worst(rows.values()) is OK


@pytest.mark.parametrize(
    ("until", "state", "said"),
    [
        (date(2026, 12, 6), OK, "days left: 14"),
        (date(2026, 12, 5), WARNING, "days left: 13 -> Have it renewed"),
        (date(2026, 11, 22), WARNING, "days left: 0"),
        (date(2026, 11, 21), PROBLEM, "800/1 ended on 2026-11-21"),
    ],
)
def test_the_authorisation(until: date, state: Health, said: str) -> None:
    row = by_name(doctor.estate_rows(estate(authorisation=Authorisation("800/1", until)), NOW))["targets.authorisation"]
    assert row.state is state
    assert said in written(row)


def test_the_day_is_that_of_the_agency() -> None:
    late = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # already the 22nd in Makassar
    permit = Authorisation("800/1", date(2026, 11, 21))
    assert by_name(doctor.estate_rows(estate(authorisation=permit), late))["targets.authorisation"].state is PROBLEM


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("targets.authorisation", {"authorisation": None}, "No document is named"),
        ("targets.references", {"references": ()}, "None is configured"),
        ("targets.vantage", {"vantage": VantagePoint()}, "Not stated"),
        ("targets.window", {"windows": (Window(time(22), time(5)),)}, "22:00-05:00: closed now, opens at 22:00"),
    ],
)
def test_what_is_missing_is_a_warning(name: str, fields: dict[str, Any], said: str) -> None:
    row = by_name(doctor.estate_rows(estate(**fields), NOW))[name]
    assert row.state is WARNING
    assert said in written(row)


def test_an_open_window() -> None:
    windows = (Window(time(22), time(5)), Window(time(9), time(10)))
    row = by_name(doctor.estate_rows(estate(windows=windows), NOW))["targets.window"]
    assert row.state is OK
    assert "open now" in written(row)


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (10, 10), (11, 11), (500, 11)])
def test_problems_of_the_configuration_are_shown_up_to_a_number(count: int, rows: int) -> None:
    problems = tuple(f"units/{{a}}.toml:{number}: x" for number in range(count))
    shown = [it for it in doctor.estate_rows(estate(problems=problems), NOW) if it.name == "targets.configuration"]
    assert len(shown) == rows
    assert {it.state for it in shown} == {PROBLEM}
    assert "units/{a}.toml:0: x" in written(shown[0])
    assert (f"{count - 10} more" in written(shown[-1])) == (count > 10)


TOKEN = SecretSource(SecretKind.ENV, "TOKEN")
KEY = SecretSource(SecretKind.FILE, "secrets/key")


def test_every_place_of_a_secret_is_named_once() -> None:
    one = Credential(headers=(("X-Key", TOKEN), ("X-Plain", "harmless")), user="a", password=KEY)
    targets = (target(credential=one), target("b", "https://b.test/", credential=Credential(user=TOKEN, password=KEY)))
    assert set(doctor.secret_sources(estate(targets=targets))) == {TOKEN, KEY}
    assert len(doctor.secret_sources(estate(targets=targets))) == 2


@pytest.mark.parametrize(
    ("source", "kept", "state", "said"),
    [
        (TOKEN, Kept.SET, OK, "Set"),
        (TOKEN, Kept.MISSING, PROBLEM, "Not set in this environment"),
        (KEY, Kept.MISSING, PROBLEM, "cannot be read"),
        (KEY, Kept.OPEN, PROBLEM, "chmod 600"),
    ],
)
def test_a_secret(source: SecretSource, kept: Kept, state: Health, said: str) -> None:
    row = doctor.secret_row(source, kept)
    assert (row.state, row.subject) == (state, f"{source.kind} {source.name}")
    assert said in written(row)


@pytest.mark.parametrize(
    ("states", "worst"),
    [((), OK), ((OK, UNKNOWN), UNKNOWN), ((UNKNOWN, WARNING), WARNING), ((WARNING, PROBLEM, OK), PROBLEM)],
)
def test_the_worst_decides(states: tuple[Health, ...], worst: Health) -> None:
    assert doctor.worst(Row("x", state, Message("", "")) for state in states) is worst
