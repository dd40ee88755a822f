import os
import re
import unicodedata
from pathlib import Path

import msgspec
import pytest
import runs
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import (
    ALL,
    CHECKS,
    END,
    accepted,
    city,
    decided,
    finding,
    hostile,
    interrupted,
    own_machine,
    passed,
    province,
    record,
    rest,
    run_of,
    switched_off,
    target,
    unknown,
)

from scanner.estate import StartTls, Target, Vantage, VantagePoint
from scanner.findings import FixedBy, State
from scanner.locale.phrases import ENGLISH, INDONESIAN
from scanner.observations.steps import Reason
from scanner.registry import discover
from scanner.reports.advice import fix_of
from scanner.reports.summary import MANY_TARGETS, names_of, summarise
from scanner.reports.terminal import quiet_lines, terminal
from scanner.run import Ending, Run

GOLDEN = Path(__file__).parent / "golden"
EXIT = {"id": "Kode keluar 1: ada temuan tinggi ke atas", "en": "Exit code 1: findings of severity high or above"}
FILES = ("keluaran/7f3a/result.json", "keluaran/7f3a/observations.jsonl")
SGR = re.compile(r"\x1b\[[0-9;]*m")


def page(
    run: Run,
    language: str = "en",
    width: int = 80,
    *,
    ascii_only: bool = True,
    colour: bool = False,
    exit_text: str | None = None,
    files: tuple[str, ...] = FILES,
    everything: bool = False,
) -> str:
    lines = terminal(
        run,
        checks=CHECKS,
        language=language,
        width=width,
        ascii_only=ascii_only,
        colour=colour,
        exit_text=EXIT[language] if exit_text is None else exit_text,
        files=files,
        everything=everything,
    )
    return b"".join(lines).decode()


def one(*findings, language: str = "en", **more) -> str:
    """A page about one target with these findings and a pass, among four, so that there is a table."""
    names = ["www", "b", "c", "d"]
    said = {name: rest(name) for name in names} | {"www": list(findings)}
    return page(run_of([target(name) for name in names], [record(name) for name in names], said, **more), language)


# -- whole pages


@pytest.mark.parametrize(
    ("make", "language", "width"),
    [
        (city, "id", 80),
        (city, "en", 80),
        (city, "id", 60),
        (city, "id", 40),
        (city, "en", 132),
        (province, "id", 80),
        (province, "en", 60),
        (province, "id", 40),
        (own_machine, "en", 80),
        (own_machine, "id", 80),
        (interrupted, "id", 80),
        (interrupted, "en", 60),
        (decided, "id", 80),
        (decided, "en", 60),
        (hostile, "en", 80),
    ],
)
def test_page_is_as_agreed(make, language: str, width: int) -> None:
    """WRITE_GOLDEN=1 writes the texts anew; read them before committing."""
    file = GOLDEN / f"{make.__name__}-{language}-{width}.txt"
    text = page(make(), language, width)
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [*range(40, 84), 100, 132, 200])
@pytest.mark.parametrize("make", [city, own_machine, interrupted, decided, hostile])
@pytest.mark.parametrize("language", ["id", "en"])
def test_no_line_is_wider_than_the_terminal(make, language: str, width: int) -> None:
    assert max(map(len, page(make(), language, width).split("\n"))) <= width


def test_a_terminal_narrower_than_40_gets_40() -> None:
    assert page(city(), width=10) == page(city(), width=40)


@pytest.mark.parametrize("make", [city, interrupted, province, hostile])
def test_colour_adds_nothing_but_colour(make) -> None:
    coloured = page(make(), colour=True)
    assert SGR.search(coloured)
    assert SGR.sub("", coloured) == page(make())


def test_severity_and_condition_are_coloured() -> None:
    coloured = page(city(), colour=True)
    assert "1 \x1b[1;31mCRITICAL\x1b[0m  arsip" in coloured
    assert "\x1b[1;31mimmediate action needed\x1b[0m" in coloured
    assert "\x1b[35mcannot be concluded\x1b[0m" in coloured


def test_no_findings_is_not_coloured() -> None:
    (line,) = (line for line in page(city(), colour=True).split("\n") if line.startswith("ppid"))
    assert "\x1b" not in line


hostile_text = st.text(st.characters(), max_size=60) | st.text("\x1b\r\n\u202e\u200b\u0301\u4e2da ", max_size=60)


@given(hostile_text, st.booleans(), st.integers(40, 100))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_stays_on_its_line(text: str, ascii_only: bool, width: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    plain = run_with("x", text)
    shown = page(plain, width=width, ascii_only=ascii_only, exit_text=text, files=(text,))
    for line in shown.split("\n"):
        assert len(line) <= width
        assert line.isprintable()
        for char in line:
            assert unicodedata.bidirectional(char) not in ("R", "AL", "AN")
            assert unicodedata.east_asian_width(char) not in ("W", "F")
            assert not unicodedata.combining(char)
            assert char.isascii() or not ascii_only


def run_with(id: str, text: str) -> Run:
    said = [finding(id, "web.hsts.policy", "high", id=text, en=text), *rest(id, "web.hsts.policy")]
    return run_of(
        [target(id, unit=text), target("b"), target("c", unit="u")],
        [record(id), record("b", text[:10] or "refused", detail=text)],
        {id: said},
        agency=text,
    )


def test_control_characters_are_shown_as_text() -> None:
    shown = page(hostile())
    assert "\\x1b]0;x\\x07" in shown
    assert "\\u202e" in shown
    assert not re.search(r"[^\x20-\x7e\n]", shown)


def test_a_terminal_with_unicode_shows_plain_letters_as_they_are() -> None:
    run = run_of([target("a"), target("b")], [], {}, agency="Café Ørsted")
    assert "Café Ørsted" in page(run, ascii_only=False)
    assert r"Caf\xe9 \xd8rsted" in page(run)


# -- words


@pytest.mark.parametrize("words", [INDONESIAN, ENGLISH])
def test_no_word_promises_or_condemns(words) -> None:
    every = str(words).lower()
    for never in ("aman", "lulus", "patuh", "gagal", "melanggar", "safe", "complian", "violat"):
        assert not re.search(rf"\b{never}", every), never


@pytest.mark.parametrize("make", [city, province, own_machine, interrupted])
def test_nothing_is_said_that_is_not_known(make) -> None:
    assert not re.search(r"baru\b|sejak|berlanjut|selesai|bahan bukti|dari internet", page(make(), "id"), re.IGNORECASE)


@pytest.mark.parametrize("language", ["id", "en"])
def test_quiet_is_two_lines(language: str) -> None:
    lines = b"".join(quiet_lines(city(), language=language)).decode().splitlines()
    assert lines == page(city(), language).splitlines()[3:5]


# -- findings and coverage


def dark(*reasons: str) -> Run:
    names = [f"t{index}" for index in range(len(reasons))]
    records = [record(name, reason) for name, reason in zip(names, reasons, strict=True) if reason != "never"]
    return run_of([target(name) for name in names], records, {name: rest(name) for name in names})


@pytest.mark.parametrize(
    ("run", "findings", "coverage"),
    [
        (dark("", ""), "no findings at 2 targets", "2 of 2 targets observed"),
        (
            dark("", "refused"),
            "no findings at the 1 target observed",
            "1 of 2 targets observed; 1 cannot be concluded (connection refused)",
        ),
        (
            dark("blocked"),
            "cannot be concluded, no target was observed",
            "0 of 1 target observed; 1 cannot be concluded (blocked)",
        ),
        (
            dark("", "never", "refused", "never"),
            "no findings at the 1 target observed",
            "1 of 4 targets observed; 3 cannot be concluded: the scan was interrupted 2, connection refused 1",
        ),
        (
            dark("", "timeout", "refused", "reset", "closed", "blocked", "not_tls"),
            "no findings at the 1 target observed",
            "1 of 7 targets observed; 6 cannot be concluded: blocked 1, connection closed early 1, the port does not speak "
            "TLS 1, connection refused 1, other reasons 2",
        ),
    ],
)
def test_findings_and_coverage(run: Run, findings: str, coverage: str) -> None:
    lines = b"".join(quiet_lines(run, language="en")).decode().splitlines()
    assert lines == [f"Findings {findings}", f"Coverage {coverage}"]


def partly(*open_at: str) -> Run:
    """Two targets without findings, one check open at these."""
    names = ["a", "b"]
    said = {name: rest(name) for name in names}
    for name in open_at:
        said[name] = [*rest(name, "web.https.redirect"), unknown(name, "web.https.redirect", Reason.BLOCKED)]
    return run_of(map(target, names), map(record, names), said)


@pytest.mark.parametrize(
    ("open_at", "language", "expected"),
    [
        ("ab", "en", "Findings cannot be concluded\n"),
        ("ab", "id", "Temuan   belum dapat disimpulkan\n"),
        ("a", "en", "Findings no findings in what could be checked; 1 check cannot be concluded\n"),
        ("a", "id", "Temuan   tidak ada temuan pada yang dapat diperiksa; 1 pemeriksaan belum dapat"),
        ("", "en", "Findings no findings at 2 targets\n"),
    ],
)
def test_no_findings_is_not_said_of_what_was_not_seen(open_at: str, language: str, expected: str) -> None:
    assert expected in page(partly(*open_at), language)


def test_a_check_that_finds_nothing_grave_leaves_the_rest_concluded() -> None:
    said = [*rest("a", "web.hsts.policy"), unknown("a", "web.hsts.policy", Reason.TIMEOUT)]
    shown = page(run_of([target("a")], [record("a")], {"a": said}))
    assert "Findings no findings in what could be checked; 1 check cannot be concluded\n" in shown


def test_a_narrow_table_says_in_two_lines_what_it_cannot_in_one() -> None:
    assert re.search(r"^sso +\? +\? +belum dapat\n +disimpulkan$", page(city(), "id", 40), re.MULTILINE)


def test_info_is_counted_only_when_there_is_any() -> None:
    assert "0 low\n" in one(finding("www", "web.hsts.policy", "medium"))
    assert "0 low, 1 info\n" in one(finding("www", "tls.certificate.chain", "info"))


def test_what_stayed_open_at_observed_targets_is_counted() -> None:
    shown = one(unknown("www", "web.hsts.policy", Reason.BLOCKED), *rest("www", "web.hsts.policy"))
    assert "Coverage 4 of 4 targets observed (1 of them blocked); 1 of 20 checks at" in shown
    assert "Cannot be concluded (these are not findings)\n  blocked: 1 check at www\n" in shown


def test_what_does_not_apply_is_no_check_that_could_be_open() -> None:
    shown = one(
        unknown("www", "web.hsts.policy", Reason.BLOCKED),
        finding("www", "a.b", state=State.NOT_APPLICABLE),
        *rest("www")[:1],
    )
    assert "1 of 17 checks" in shown


def test_faults_of_the_tool_have_a_line_of_their_own() -> None:
    shown = one(*(finding("www", f"a.b{n}", state=State.ERROR) for n in range(5)), *rest("www"))
    assert "Errors of the tool: 5 checks did not finish through a fault of Pindai, not of\n" in shown
    assert re.search(r"(a\.b\d \(www\), ){3}\+2 more", " ".join(shown.split()))


def test_no_fault_no_line() -> None:
    assert "Errors of the tool" not in page(city())


# -- the table


@pytest.mark.parametrize(
    ("reason", "findings", "row"),
    [
        ("", rest("www"), "0  0  0  0  no findings"),
        ("", [finding("www", "uptime.reachable", "critical"), *rest("www")[:1]], "1  0  0  0  immediate action needed"),
        ("", [finding("www", "web.https.redirect", "high")], "0  1  0  0  action needed"),
        ("", [finding("www", "web.hsts.policy", "medium")], "0  0  1  0  medium findings"),
        ("", [finding("www", "web.hsts.policy", "low")], "0  0  0  1  low findings"),
        ("", [finding("www", "tls.certificate.chain", "info")], "0  0  0  0  info findings"),
        # What could not be seen is never 0: neither for a target that gave nothing ...
        ("blocked", [], "?  ?  ?  ?  cannot be concluded"),
        ("blocked", [unknown("www", check, Reason.BLOCKED) for check in ALL], "?  ?  ?  ?  cannot be concluded"),
        # ... nor for one that was never judged, or of which one check is open.
        ("", [], "?  ?  ?  ?  cannot be concluded"),
        (
            "",
            [*rest("www", "web.hsts.policy"), unknown("www", "web.hsts.policy", Reason.BLOCKED)],
            "?  ?  ?  ?  cannot",
        ),
        (
            "",
            [*rest("www", "web.hsts.policy"), finding("www", "web.hsts.policy", state=State.ERROR)],
            "?  ?  ?  ?  cannot",
        ),
        # A finding is proven whatever else stayed open; 0 stands where no open check could have said otherwise.
        (
            "",
            [finding("www", "uptime.reachable", "critical"), unknown("www", "web.hsts.policy", Reason.BLOCKED)],
            "1  0  ?  ?  immediate action needed",
        ),
        (
            "",
            [finding("www", "web.hsts.policy", "medium"), unknown("www", "x.y", Reason.BLOCKED)],
            "?  ?  1  ?  medium",
        ),
        ("refused", [finding("www", "uptime.reachable", "critical")], "1  ?  ?  ?  immediate action needed"),
        ("refused", [accepted(finding("www", "uptime.reachable", "critical"))], "?  ?  ?  ?  accepted findings"),
    ],
)
def test_row(reason: str, findings, row: str) -> None:
    names = ["www", "b"]
    run = run_of(map(target, names), [record("www", reason), record("b")], {"www": findings, "b": rest("b")})
    (line,) = (line for line in page(run).split("\n") if line.startswith("www.contoh.test"))
    assert line.removeprefix("www.contoh.test").strip().startswith(row)


def test_rows_are_worst_first_then_by_name() -> None:
    assert [row.name.short for row in summarise(city(), CHECKS, "id").rows] == [
        "arsip",
        "api.perizinan",
        "perizinan",
        "www",
        "ppid",
        "sso",
    ]


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (80, "Target                     Unit             C  H  M  L  Condition"),
        (79, "Target                     C  H  M  L  Condition"),
        (57, "Target                C  H  M  L  Condition"),
        (54, "Target                C  H  M  Condition"),
        (50, "Target                 C  H  Condition"),
        (40, "Target                C  H  Condition"),
    ],
)
def test_columns_go_as_the_terminal_narrows(width: int, head: str) -> None:
    names = ["arsip", "api.perizinan-usaha-x", "b"]
    run = run_of(
        [target(name, unit="Dinas Kearsipan") for name in names],
        [record(name, "" if name == "b" else "refused") for name in names],
        {name: [finding(name, "uptime.reachable", "critical")] for name in names},
    )
    shown = page(run, width=width).split("\n")
    assert head.split() == next(line for line in shown if line.startswith("Target")).split()


def test_no_unit_no_column() -> None:
    shown = one(finding("www", "web.hsts.policy", "medium"))
    assert "\n4 targets | profile" in shown
    assert "Unit" not in shown


def test_one_target_needs_no_table() -> None:
    assert "Condition" not in page(own_machine())


@pytest.mark.parametrize(("units", "targets", "table_of"), [(1, 20, "Target"), (3, 7, "Unit"), (0, 21, "Target")])
def test_above_20_targets_units_are_listed(units: int, targets: int, table_of: str) -> None:
    names = [f"t{index}-{unit}" for unit in range(max(units, 1)) for index in range(targets)]
    run = run_of(
        [target(name, unit=f"Dinas {name[-1]}" if units else "") for name in names],
        map(record, names),
        {name: rest(name) for name in names},
    )
    assert re.search(rf"^{table_of} .*Condition$", page(run), re.MULTILINE)


def test_of_many_targets_without_units_the_worst_ten_are_listed() -> None:
    names = [f"t{index:02}" for index in range(25)]
    said = {name: rest(name) for name in names} | {"t24": [finding("t24", "web.https.redirect", "high")]}
    shown = page(run_of(map(target, names), map(record, names), said))
    assert "\nt24.contoh.test  0  1  0  0  action needed\nt00.contoh.test  0  0" in shown
    assert "\n+15 more targets\n" in shown


def test_a_unit_says_how_many_of_its_targets_were_observed() -> None:
    names = [f"t{index:02}" for index in range(24)]
    run = run_of(
        [target(name, unit=f"Dinas {int(name[1:]) % 3}") for name in names],
        [record(name, "refused" if name in ("t00", "t01", "t04") else "") for name in names],
        {name: rest(name) for name in names} | {"t03": [finding("t03", "web.https.redirect", "high")]},
    )
    shown = page(run)
    assert "Dinas 0       7/8  0  1  0  0  action needed\n" in shown
    assert "Dinas 2       8/8  0  0  0  0  no findings\n" in shown
    assert "Dinas 1       6/8  ?  ?  ?  ?  cannot be concluded\n" in shown


# -- what to do first


def listed(*severities: str, targets: int = 4) -> list[str]:
    """The severities of the section, for findings of these severities at the first of so many targets."""
    names = [f"t{index:02}" for index in range(targets)]
    said = {name: rest(name) for name in names}
    said[names[0]] = [finding(names[0], f"a.b{n}", word, outcome=word) for n, word in enumerate(severities)]
    summary = summarise(run_of(map(target, names), map(record, names), said), CHECKS, "en")
    return [action.severity.word for action in summary.actions]


@pytest.mark.parametrize(
    ("found", "targets", "expected"),
    [
        (["low", "info"], 1, []),
        (["low", "info"], 30, []),
        (["medium", "low"], 3, ["medium"]),
        (["medium", "high", "medium"], 3, ["high", "medium", "medium"]),
        (["medium", "high", "medium"], 4, ["high"]),
        (["medium", "low", "medium"], 4, ["medium", "medium"]),
        (["high", "critical", "high", "critical", "high"], 4, ["critical", "critical", "high"]),
        (["high"] * 7, 20, ["high"] * 3),
        (["high", "medium"] * 3, 21, ["high"] * 3 + ["medium"] * 2),
    ],
)
def test_what_is_worth_doing_first(found: list[str], targets: int, expected: list[str]) -> None:
    assert listed(*found, targets=targets) == expected


def test_of_equals_the_first_by_name_is_kept() -> None:
    names = list("hgfedcba")
    run = run_of(
        map(target, names),
        map(record, names),
        {name: [finding(name, "uptime.reachable", "critical")] for name in names},
    )
    assert [action.name.short for action in summarise(run, CHECKS, "en").actions] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        (["the same", "the same"], "the same"),
        (["no header on a", "no header on b"], "no header on ..."),
        (["age 3 days, 9 wanted", "age 30 days, 9 wanted"], "age ... days, 9 wanted"),
        (["a leads to b", "c leads to d"], "... leads to ..."),
        (["one two", "three"], "..."),
        (["a b b c", "a b c"], "a b ... c"),
    ],
)
def test_a_fix_says_what_its_findings_have_in_common(sentences: list[str], expected: str) -> None:
    names = [f"t{index:02}" for index in range(21)]
    said = {name: rest(name) for name in names}
    for name, text in zip(names, sentences, strict=False):
        said[name] = [finding(name, "web.hsts.policy", "medium", outcome="missing", en=text)]
    (action,) = summarise(run_of(map(target, names), map(record, names), said), CHECKS, "en").actions
    assert action.message == expected if expected != "... leads to ..." else action.message.startswith("...")
    assert action.targets == len(sentences)


def test_a_target_with_two_findings_of_a_kind_is_one_target() -> None:
    names = [f"t{index:02}" for index in range(21)]
    said = {name: rest(name) for name in names}
    said["t01"] = [finding("t01", "web.hsts.policy", "medium", outcome="missing", key=key) for key in "ab"]
    (action,) = summarise(run_of(map(target, names), map(record, names), said), CHECKS, "en").actions
    assert action.targets == 1


@pytest.mark.parametrize("width", [40, 46, 80])
def test_a_fix_is_never_cut(width: int) -> None:
    assert runs.RENEW.rstrip(".") in " ".join(page(city(), width=width).split())


def test_a_sentence_is_wrapped_and_a_server_cannot_make_it_endless() -> None:
    said = " ".join(f"word{number}" for number in range(60))
    assert said in " ".join(one(finding("www", "a.b", "high", en=said)).split())
    endless = one(finding("www", "a.b", "high", en="x" * 1999))
    assert endless.count("x") < 700
    assert "xxx...\n" in endless


def test_a_command_too_long_for_the_line_goes_on_in_the_next() -> None:
    shown = page(own_machine())
    assert (
        '  [web server] nginx `add_header Strict-Transport-Security "max-age=31536000;\n    includeSubDomains' in shown
    )


def test_every_check_tells_how_it_is_repaired_in_both_languages() -> None:
    from scanner.registry import discover

    for check in discover().values():
        assert fix_of(check, "en"), check.id
        assert fix_of(check, "id"), check.id


def test_a_check_that_is_gone_still_tells_who_can_repair_it() -> None:
    assert "  [application]\n" in one(finding("www", "gone.check", "high"))


# -- the other findings


def found_at(targets: int, *severities: str) -> Run:
    """A run of so many targets, the first with findings of these severities."""
    names = [f"t{index:02}" for index in range(targets)]
    said = {name: rest(name) for name in names}
    said[names[0]] += [
        finding(names[0], f"a.b{number}", word, outcome=word, en=f"Fault {number}")
        for number, word in enumerate(severities)
    ]
    return run_of(map(target, names), map(record, names), said)


def test_of_few_targets_every_finding_is_listed() -> None:
    shown = page(found_at(3, "low", "high", "info", "medium", "medium", "medium"))
    first, others = shown.split("Do first\n")[1].split("Report")[0].split("Other findings\n")
    assert re.findall(r"Fault \d", first) == ["Fault 1", "Fault 3", "Fault 4"]
    assert others == "  MEDIUM  t00  Fault 5\n  LOW     t00  Fault 0\n  INFO    t00  Fault 2\n"


def test_at_a_single_target_the_host_is_not_repeated() -> None:
    assert "\nOther findings\n  INFO  Fault 0\n" in page(found_at(1, "info"))


@pytest.mark.parametrize(
    ("targets", "severities", "line"),
    [
        (4, ["high", "low"], "\n+1 more finding: pindai report 7f3a --all\n"),
        (4, ["high"] * 5 + ["low"], "\n+3 more findings: pindai report 7f3a --all\n"),
        (21, ["high"] * 5 + ["medium", "low"], "\none by one, 7 findings: pindai report 7f3a --all\n"),
        (4, ["info", "info"], "\n2 findings: pindai report 7f3a --all\n"),
        (4, ["high"], None),
        (3, ["low"] * 9, None),
        (4, [], None),
    ],
)
def test_of_more_targets_what_is_not_shown_is_counted(targets: int, severities: list[str], line: str | None) -> None:
    shown = page(found_at(targets, *severities))
    assert (line in shown) if line else ("--all" not in shown)


def listing(run: Run, language: str = "en", width: int = 80) -> str:
    shown = page(run, language, width, everything=True)
    return shown.split("All findings\n" if language == "en" else "Semua temuan\n")[1].split("\nReport ")[0]


def test_all_lists_every_finding_the_gravest_first() -> None:
    found = re.findall(
        r"^  (?:HIGH|MEDIUM|LOW|INFO)  (Fault \d)", listing(found_at(30, "low", "high", "info", "medium")), re.MULTILINE
    )
    assert found == ["Fault 1", "Fault 3", "Fault 0", "Fault 2"]


def test_all_gives_each_fix_once() -> None:
    shown = listing(city())
    assert shown.count("[web server] web.hsts.policy: nginx") == 1
    assert shown.count("[web server] web.hsts.policy (fix given above)") == 2


def test_all_lists_what_is_open_with_its_reason() -> None:
    shown = " ".join(listing(city()).split())
    assert f"sso.contoh.test (Diskominfo) cannot be concluded (blocked): {', '.join(sorted(ALL))}" in shown


def test_all_says_what_was_never_reached_and_what_went_wrong_with_us() -> None:
    assert "arsip.contoh.test (Diskominfo)\n  cannot be concluded (the scan was interrupted)\n" in listing(
        interrupted()
    )
    assert "  cannot be concluded (error of the tool): x.y\n" in listing(hostile())


def test_all_of_nothing_says_so() -> None:
    assert listing(found_at(4)) == "  nothing to list\n"


@pytest.mark.parametrize("width", [40, 61, 80, 132])
@pytest.mark.parametrize("make", [city, own_machine, interrupted, decided, hostile])
@pytest.mark.parametrize("language", ["id", "en"])
def test_all_keeps_to_the_width(make, language: str, width: int) -> None:
    assert max(map(len, page(make(), language, width, everything=True).split("\n"))) <= width


# -- what could not be concluded


def test_what_could_not_be_concluded_is_bounded() -> None:
    reasons = [reason for reason in Reason if reason is not Reason.INTERNAL]
    names = [f"t{index:02}" for index in range(len(reasons) * 30)]
    records = [record(name, reasons[index % len(reasons)]) for index, name in enumerate(names)]
    shown = page(run_of(map(target, names), records, {}))
    section = shown.split("Cannot be concluded (these")[1].split("Report")[0].strip().split("\n")[1:]
    assert len(section) == 5
    assert section[-1] == f"  +{len(reasons) - 4} more reasons"
    assert all(re.search(r": t\d+, .* \+\d+ more$", line) for line in section[:-1])


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, "  the name has no address: " + "o" * 20 + "0, " + "o" * 20 + "1 +1 more\n"),
        (60, "  the name has no address: " + "o" * 20 + "0 +2 more\n"),
        (56, "  the name has no address: " + "o" * 20 + "0 +2 more\n"),
        (55, "  the name has no address: " + "o" * 9 + "..." + "o" * 7 + "0 +2 more\n"),
        (54, "  the name has no address:\n    " + "o" * 20 + "0 +2 more\n"),
    ],
)
def test_how_many_is_never_cut_off(width: int, expected: str) -> None:
    names = ["o" * 20 + str(index) for index in range(3)]
    assert expected in page(run_of(map(target, names), [record(it, "no_address") for it in names], {}), width=width)


def test_a_target_that_is_down_is_a_finding_and_not_open() -> None:
    shown = page(interrupted())
    assert "1 without an answer (counted as findings)" in shown
    assert "ppid" not in shown.split("Cannot be concluded (these")[1]


# -- names


@pytest.mark.parametrize(
    ("urls", "full", "short"),
    [
        (["https://www.a.test/"], ["www.a.test"], ["www.a.test"]),
        (["https://w.a.test/", "https://x.y.a.test/"], ["w.a.test", "x.y.a.test"], ["w", "x.y"]),
        (["https://a.test/", "https://w.a.test/"], ["a.test", "w.a.test"], ["a.test", "w"]),
        (["https://a.test/", "https://b.test/"], ["a.test", "b.test"], ["a.test", "b.test"]),
        (["https://w.a.test:8443/", "https://x.a.test:8443/"], ["w.a.test:8443", "x.a.test:8443"], ["w", "x"]),
        (["https://w.a.test:8443/", "https://x.a.test/"], ["w.a.test:8443", "x.a.test"], ["w:8443", "x"]),
        (["http://w.a.test/", "https://x.a.test/v1?a"], ["http://w.a.test", "x.a.test/v1?a"], ["http://w", "x/v1?a"]),
        (["https://127.0.0.1:8443/", "https://[::1]:8443/"], ["127.0.0.1:8443", "[::1]:8443"], None),
        (["https://a.test/", "https://a.test/"], ["0", "1"], ["0", "1"]),
    ],
)
def test_names(urls: list[str], full: list[str], short: list[str] | None) -> None:
    names = names_of([Target(id=str(index), url=url) for index, url in enumerate(urls)])
    assert [names[str(index)].full for index in range(len(urls))] == full
    if short is not None:
        assert [names[str(index)].short for index in range(len(urls))] == short


def test_long_names_are_cut_in_the_middle() -> None:
    names = ["a" * 30 + ".x", "b" * 30 + ".y"]
    run = run_of(map(target, names), map(record, names), {name: rest(name) for name in names})
    assert re.search(r"^a+\.\.\.a*\.x  ", page(run, width=40), re.MULTILINE)


# -- head and foot


@pytest.mark.parametrize(
    ("ending", "done", "judged", "expected"),
    [
        (Ending(END), 2, True, None),
        (Ending(END), 1, True, "INCOMPLETE: 1 of 2 targets not observed yet"),
        (Ending(END), 2, False, "INCOMPLETE: 0 of 2 targets not observed yet; 2 targets not judged yet"),
        (
            Ending(END, "SIGTERM"),
            2,
            True,
            "INCOMPLETE: the scan was stopped (SIGTERM), 0 of 2 targets not observed yet",
        ),
        (None, 1, True, "INCOMPLETE: the scan has not ended or was killed, 1 of 2 targets not observed yet"),
    ],
)
def test_an_unfinished_run_says_so_at_once(ending, done: int, judged: bool, expected: str | None) -> None:
    names = ["a", "b"]
    run = run_of(map(target, names), [record(name) for name in names[:done]], {}, ending=ending, judged=judged)
    third = " ".join(page(run).split("\n\n")[0].split("\n")[2:])
    assert third == (expected or "")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "41 seconds, "),
        (0.04, "0.0 seconds, "),
        (9.94, "9.9 seconds, "),
        (9.96, "10 seconds, "),
        (59.6, "1 minute, "),
        (200, "3 minutes 20 seconds, "),
        (7800, "2 hours 10 minutes, "),
        (7200, "2 hours, "),
    ],
)
def test_cost(seconds: float | None, expected: str) -> None:
    lines = terminal(
        own_machine(),
        checks=CHECKS,
        language="en",
        width=80,
        ascii_only=True,
        colour=False,
        exit_text="Exit code 0: fine.",
        seconds=seconds,
    )
    assert list(lines)[-1].decode() == f"Exit code 0: fine. {expected}9 connections, 20 requests.\n"


def test_a_run_without_an_end_has_no_length() -> None:
    run = run_of([target("a"), target("b")], [record("a")], {"a": passed("a", "x.y")}, ending=None)
    assert page(run, exit_text="").endswith("\n9 connections, 20 requests.\n")


def test_a_long_path_is_broken_and_not_cut() -> None:
    path = "/srv/" + "folder-with-a-name/" * 5 + "x" * 90 + "/result.json"
    shown = page(own_machine(), files=(path,))
    tail = shown.split("Report   ")[1].split("\nExit code")[0]
    assert "".join(tail.split()) == f"{path}(TERBATAS)"


# -- what somebody decided: findings accepted, checks switched off


def test_what_is_accepted_is_counted_apart_and_nothing_to_do() -> None:
    shown = one(
        accepted(finding("www", "a.b", "critical", en="Accepted fault")),
        finding("www", "a.c", "high", en="Open fault"),
        *rest("www"),
    )
    assert "Findings 0 critical, 1 high, 0 medium, 0 low; 1 accepted finding\n" in shown
    assert "Open fault" in shown
    assert "Accepted fault" not in shown
    assert "--all" not in shown


@pytest.mark.parametrize(
    ("said", "findings", "row"),
    [
        ([], "no findings at 4 targets", "0  0  0  0  no findings"),
        (
            [accepted(finding("www", "a.b", "critical"))],
            "1 accepted finding; otherwise no findings at 4 targets",
            "0  0  0  0  accepted findings",
        ),
        (
            [accepted(finding("www", "a.b", "critical")), unknown("www", "web.hsts.policy", Reason.BLOCKED)],
            "1 accepted finding; otherwise no findings in what could be checked; 1 check cannot be concluded",
            "?  ?  ?  ?  cannot be concluded",
        ),
        ([switched_off("www", "web.hsts.policy")], "no findings in what was checked", "0  0  ?  ?  not fully checked"),
        (
            [switched_off("www", "web.hsts.policy"), finding("www", "a.b", "medium")],
            "0 critical, 0 high, 1 medium, 0 low",
            "0  0  1  ?  medium findings",
        ),
        (
            [switched_off("www", "gone.check"), accepted(finding("www", "a.b", "low"))],
            "1 accepted finding; otherwise no findings in what was checked",
            "?  ?  ?  ?  not fully checked",
        ),
        ([switched_off("www", check) for check in ALL], "no findings in what was checked", "?  ?  ?  ?  not fully"),
    ],
)
def test_a_row_says_no_more_than_was_checked(said, findings: str, row: str) -> None:
    shown = one(*said, *([] if len(said) == len(ALL) else rest("www", *(it.check for it in said))))
    text = " ".join(shown.split("Findings ")[1].split("Coverage ")[0].split())
    assert text == findings
    (line,) = (line for line in shown.split("\n") if line.startswith("www.contoh.test"))
    assert line.removeprefix("www.contoh.test").strip().startswith(row)


def test_what_is_switched_off_is_no_gap_of_the_run() -> None:
    shown = one(switched_off("www", "web.hsts.policy"), *rest("www", "web.hsts.policy"))
    assert "Coverage 4 of 4 targets observed; 1 check switched off\n" in shown
    assert "Switched off by configuration: web.hsts.policy (1 target)\n" in shown
    assert "annot be concluded" not in shown


def test_what_is_switched_off_is_bounded() -> None:
    off = [switched_off("www", f"a.b{number}") for number in range(9)]
    assert "a.b4 (1 target), +4 more\n" in one(*off, *rest("www"))


def test_a_unit_shows_what_was_switched_off_at_one_of_its_targets() -> None:
    names = [f"t{index:02}" for index in range(22)]
    said = {name: rest(name) for name in names}
    said["t01"] = [switched_off("t01", "web.hsts.policy"), *rest("t01", "web.hsts.policy")]
    said["t02"] = [accepted(finding("t02", "web.hsts.policy", "medium")), *rest("t02", "web.hsts.policy")]
    run = run_of([target(name, unit=f"Dinas {int(name[1:]) % 3}") for name in names], map(record, names), said)
    shown = page(run)
    assert "Dinas 0       8/8  0  0  0  0  no findings\n" in shown
    assert "Dinas 1       7/7  0  0  ?  ?  not fully checked\n" in shown
    assert "Dinas 2       7/7  0  0  0  0  accepted findings\n" in shown


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "CRITICAL Expired accepted until 31 December 2026 by Kepala Bidang Aplikasi: Diganti pada Januari"),
        (
            "id",
            "KRITIS Sertifikat berakhir dikecualikan s.d. 31 Desember 2026 oleh Kepala Bidang Aplikasi: Diganti pada",
        ),
    ],
)
def test_all_says_who_accepted_a_finding_and_until_when(language: str, words: str) -> None:
    assert words in " ".join(listing(decided(), language).split())


def test_a_service_whose_silence_is_accepted_is_no_gap_of_the_run() -> None:
    silent = accepted(finding("www", "uptime.reachable", "critical"))
    said = {"www": [silent, unknown("www", "a.b", Reason.REFUSED)], "b": rest("b")}
    run = run_of(map(target, ["www", "b"]), [record("www", "refused"), record("b")], said)
    shown = page(run)
    assert "Coverage 1 of 2 targets observed; 1 without an answer (counted as findings)\n" in shown
    assert "annot be concluded" not in shown


def test_all_lists_open_findings_before_accepted_ones() -> None:
    said = [accepted(finding("www", "a.b", "critical", en="First")), finding("www", "a.c", "low", en="Second")]
    shown = listing(run_of([target("www")], [record("www")], {"www": said}))
    assert shown.index("Second") < shown.index("First")


def test_all_gives_the_reason_why_a_check_was_switched_off() -> None:
    assert "  switched off by configuration: web.hsts.policy (Diuji terpisah)\n" in listing(decided())


# -- where the run stood, and on what


@pytest.mark.parametrize(
    ("kind", "language", "words"),
    [
        (Vantage.INTERNET, "id", "| dari internet |"),
        (Vantage.INTERNET, "en", "| from the internet |"),
        (Vantage.INTRANET, "en", "| from the intranet |"),
        (Vantage.INTRANET, "id", "| dari jaringan intra |"),
        (Vantage.UNSTATED, "en", "profile default | run"),
    ],
)
def test_the_head_says_from_where_when_somebody_said_it(kind: Vantage, language: str, words: str) -> None:
    names = ["a", "b"]
    run = run_of(map(target, names), map(record, names), {}, vantage=VantagePoint(kind))
    assert words in page(run, language)


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (
            decided,
            "From     the intranet, Ruang server Diskominfo, 10.0.0.7\n"
            "Basis    ST-12/KOMINFO/2026, valid until 31 December 2026, issued by Kepala\n         Dinas\n",
        ),
        (city, "From     vantage not stated\nBasis    none named\n"),
    ],
)
def test_all_says_from_where_and_by_what_right(make, lines: str) -> None:
    assert lines in page(make(), everything=True)
    assert lines not in page(make())


@pytest.mark.parametrize(("everything", "last"), [(True, " requests.\nRAHASIA\n"), (False, " requests.\n")])
def test_all_ends_with_the_marking(everything: bool, last: str) -> None:
    run = run_of([target("a")], [record("a")], {"a": rest("a")}, marking="RAHASIA")
    assert page(run, everything=everything, exit_text="").endswith(last)
    assert "keluaran/7f3a/result.json (RAHASIA)\n" in page(run)


@pytest.mark.parametrize(("count", "listed", "more"), [(0, 0, ""), (1, 1, ""), (5, 5, ""), (7, 5, "  +2 more\n")])
def test_what_is_wrong_with_the_configuration_is_listed_and_bounded(count: int, listed: int, more: str) -> None:
    run = run_of([target("a")], [record("a")], {"a": rest("a")}, problems=tuple(f"a.toml:{n}: x" for n in range(count)))
    shown = page(run)
    assert shown.count("\n  a.toml:") == listed
    assert ("Configuration: " in shown) is bool(count)
    assert more in shown


def test_the_official_list_is_the_whole_of_its_own_figures_only() -> None:
    text = " ".join(page(decided()).split())
    assert (
        "according to SK Wali Kota 100/2026 (5 January 2026): 4 of 5 registered services are among the targets, 3 observed"
        in text
    )
    assert "registered" not in page(city())


@pytest.mark.parametrize(
    ("stopped", "language", "words"),
    [
        ("window", "en", "the scan was stopped (the scan window closed), 1 of 2 targets"),
        ("window", "id", "pemindaian dihentikan (jendela waktu pemindaian berakhir), 1 dari 2 target"),
        ("authorisation", "en", "(the authorisation ran out)"),
        ("authorisation", "id", "(masa berlaku izin berakhir)"),
        ("SIGTERM", "en", "(SIGTERM)"),
    ],
)
def test_what_stopped_the_run_is_said_in_words(stopped: str, language: str, words: str) -> None:
    run = run_of(map(target, "ab"), [record("a")], {"a": rest("a")}, ending=Ending(END, stopped))
    assert words in " ".join(page(run, language).split())


def with_starttls(targets: int) -> Run:
    """The same fault at the URL's own service and at a directory server beside it, at the first of some targets."""
    ids = [f"t{number}" for number in range(targets)]
    estate = [target(it) for it in ids]
    estate[0] = msgspec.structs.replace(estate[0], starttls=(StartTls("ldap", 18389),))
    said = {it: rest(it) for it in ids}
    said["t0"] = [
        *(
            finding("t0", "tls.protocol.obsolete", "high", outcome="old_tls", en="The server accepts TLSv1.0", key=key)
            for key in ("t0.contoh.test:443", "t0.contoh.test:18389")
        ),
        *rest("t0"),
    ]
    said["t0"][:2] = [msgspec.structs.replace(it, fixed_by=FixedBy.WEB_SERVER) for it in said["t0"][:2]]
    return run_of(estate, [record(it) for it in ids], said)


@pytest.mark.parametrize("targets", [1, 4, 21])
@pytest.mark.parametrize("everything", [False, True])
def test_a_service_beside_the_targets_own_is_named_and_no_web_server_is_blamed(targets: int, everything: bool) -> None:
    checks = {**CHECKS, **discover()}
    lines = terminal(
        with_starttls(targets),
        checks=checks,
        language="en",
        width=200,
        ascii_only=True,
        colour=False,
        exit_text="",
        everything=everything,
    )
    text = b"".join(lines).decode()
    if everything or targets <= MANY_TARGETS:
        assert "t0.contoh.test:18389 (ldap): The server accepts TLSv1.0" in text
        assert ":443: The" not in text
    if targets > MANY_TARGETS:
        assert "1 finding at 1 target: t0.contoh.test:18389 (ldap)" in text
    first = text.partition("Do first")[2].partition("\n\n")[0].splitlines()
    steps = [line for line in first if line.startswith("  [")]
    assert sorted(line.partition("]")[0] for line in steps) == ["  [infrastructure", "  [web server"]
    (beside,) = (line for line in steps if line.startswith("  [infrastructure"))
    assert "nginx" not in beside
    assert "pindai checks" not in beside
