"""Findings put together by what one change repairs."""

from collections.abc import Iterable
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import runs

from scanner.estate import StartTls, Target
from scanner.findings import AcceptedUntil, Finding, FixedBy, Message, Severity, Sighting, State, Subject, fingerprint
from scanner.fixes import ENOUGH_BEHIND, Fix, Gathering, Sentence, Shared, SharedKind, fixes, sentence_of
from scanner.locale.speech import Speaker
from scanner.observations.steps import Replay
from scanner.reports.terminal import terminal

PROXY = "203.0.113.10"


def found(
    target: str,
    *at: str,
    check: str = "web.hsts.policy",
    outcome: str = "missing",
    severity: str = "medium",
    by: FixedBy = FixedBy.WEB_SERVER,
    subject: Subject | None = None,
    text: str = "No header",
    arguments: dict[str, object] | None = None,
    passes_at: str = "",
) -> Finding:
    subject = subject or Subject("service", f"{target}.contoh.test:443")
    seen = [Sighting(address, State.FAIL, outcome) for address in at]
    if passes_at:
        seen.append(Sighting(passes_at, State.PASS, "set"))
    return Finding(
        check=check,
        check_version=1,
        target=target,
        subject=subject,
        state=State.FAIL,
        outcome=outcome,
        severity=severity,
        message=Message(id=f"id: {text}", en=text, arguments=arguments or {}),
        expected=None,
        found=None,
        reason=None,
        evidence=("sha256:0",),
        fingerprint=fingerprint(check, target, subject),
        fixed_by=by,
        replay=Replay.DERIVED,
        sightings=tuple(seen),
    )


def gathered(findings: Iterable[Finding], targets: Iterable[Target] = ()) -> tuple[Fix, ...]:
    gathering = Gathering({it.id: it for it in targets})
    for finding in findings:
        gathering.take(finding)
    return gathering.done()


def names(count: int, prefix: str = "t") -> list[str]:
    return [f"{prefix}{index:03}" for index in range(count)]


def said(fix: Fix, language: str = "en") -> str:
    return sentence_of(fix, Speaker(language))


def test_many_services_behind_one_address_are_one_line() -> None:
    (fix,) = gathered(found(name, PROXY) for name in names(187))
    assert fix.shared == Shared(SharedKind.ADDRESS, PROXY, certain=False)
    assert (fix.findings, len(fix.targets), len(set(fix.fingerprints))) == (187, 187, 187)
    assert said(fix) == "1 change at the shared address 203.0.113.10 may settle 187 findings"


@pytest.mark.parametrize(("count", "shared"), [(ENOUGH_BEHIND - 1, False), (ENOUGH_BEHIND, True)])
def test_a_pair_at_an_address_is_no_place_of_its_own(count: int, shared: bool) -> None:
    (fix,) = gathered(found(name, PROXY) for name in names(count))
    assert (fix.shared is not None) is shared


def test_what_is_not_behind_the_address_is_a_line_of_its_own() -> None:
    behind = [found(name, PROXY) for name in names(4)]
    apart = [found(name, f"192.0.2.{index}") for index, name in enumerate(names(7, "u"))]
    one, other = gathered([*behind, *apart])
    assert (one.shared, one.findings) == (None, 7)
    assert (other.findings, other.targets) == (4, tuple(names(4)))
    assert said(one) == "7 findings at 7 targets, each repaired where it is"


@pytest.mark.parametrize(("well", "one_place"), [(0, True), (2, True), (3, False)])
def test_services_that_do_well_behind_the_address_speak_against_one_configuration(well: int, one_place: bool) -> None:
    bad = [found(name, PROXY) for name in names(8)]
    good = [passing(name, PROXY) for name in names(well, "u")]
    elsewhere = [passing(name, "192.0.2.9") for name in names(9, "v")]
    of_another_kind = [passing(name, PROXY, kind="hsts subdomains") for name in names(9, "w")]
    (fix,) = gathered([*good, *bad, *elsewhere, *of_another_kind])
    assert (fix.shared is not None) is one_place


def passing(target: str, at: str, kind: str = "service") -> Finding:
    good = runs.finding(target, "web.hsts.policy")
    subject = Subject(kind, target)
    return msgspec.structs.replace(good, subject=subject, sightings=(Sighting(at, State.PASS, "set"),))


@pytest.mark.parametrize("by", [FixedBy.APPLICATION, FixedBy.DNS, FixedBy.ZONE])
def test_an_address_says_nothing_of_work_that_is_not_done_there(by: FixedBy) -> None:
    (fix,) = gathered(found(name, PROXY, by=by) for name in names(5))
    assert fix.shared is None


def test_only_the_addresses_at_which_it_was_found_count() -> None:
    fixed_elsewhere = [found(name, PROXY, passes_at="203.0.113.11") for name in names(3)]
    (fix,) = gathered([*fixed_elsewhere, *(found(name, PROXY) for name in names(3, "u"))])
    assert fix.shared is not None
    assert (fix.shared.key, fix.findings) == (PROXY, 6)


def test_all_addresses_of_a_service_are_one_place() -> None:
    (fix,) = gathered(found(name, "2001:db8::1", PROXY) for name in names(3))
    assert fix.shared is not None
    assert fix.shared.key == "2001:db8::1, 203.0.113.10"


def test_behind_another_port_may_be_another_machine() -> None:
    targets = [Target(id=name, url=f"https://{name}.contoh.test:844{i % 2}/") for i, name in enumerate(names(8))]

    def at(it: Target, address: str) -> Finding:
        return found(it.id, address, subject=Subject("service", f"{it.id}.contoh.test:{it.parsed_url.port}"))

    both = gathered([at(it, PROXY) for it in targets], targets)
    assert {fix.shared.key for fix in both if fix.shared} == {f"{PROXY}:8440", f"{PROXY}:8441"}
    (only,) = gathered([at(it, "2001:db8::1") for it in targets[::2]], targets)
    assert only.shared is not None
    assert only.shared.key == "[2001:db8::1]:8440"


def test_records_at_one_name_are_repaired_there() -> None:
    at = {"at": "contoh.test"}
    (fix,) = gathered(
        found(name, PROXY, check="dns.caa", outcome="malformed", by=FixedBy.ZONE, arguments=at) for name in names(2)
    )
    assert fix.shared == Shared(SharedKind.RECORDS, "contoh.test", certain=True)
    assert said(fix) == "1 change to the DNS records at contoh.test settles 2 findings"


def test_what_is_found_once_has_nothing_in_common_with_others() -> None:
    at = {"at": "contoh.test"}
    (fix,) = gathered([found("a", check="dns.caa", by=FixedBy.ZONE, arguments=at)])
    assert fix.shared is None
    assert said(fix) == "1 finding at 1 target"


@pytest.mark.parametrize("kind", [kind for kind in SharedKind if kind not in (SharedKind.ADDRESS, SharedKind.KEY)])
def test_a_subject_that_is_a_shared_thing_is_the_place(kind: SharedKind) -> None:
    subject = Subject(kind.value, "ab12")
    (fix,) = gathered(found(name, subject=subject, by=FixedBy.APPLICATION) for name in names(2))
    assert fix.shared == Shared(kind, "ab12", certain=True)
    assert "ab12 settles 2 findings" in said(fix)


def test_a_key_in_several_places_is_one_cause_and_not_one_change() -> None:
    subject = Subject("key", "sha256:ab12")
    (fix,) = gathered(found(name, PROXY, check="tls.shared_key", subject=subject) for name in names(2))
    assert fix.shared == Shared(SharedKind.KEY, "sha256:ab12", certain=False)
    assert said(fix) == "2 findings go back to one key in several places: sha256:ab12"


def test_different_people_and_faults_stand_apart() -> None:
    apart = gathered(
        [
            found("a"),
            found("a", outcome="short"),
            found("a", check="web.nosniff.effective"),
            found("a", by=FixedBy.APPLICATION),
        ]
    )
    assert len(apart) == 4
    assert len({fix.anchor for fix in apart}) == 4


def test_gravest_first_then_what_settles_most() -> None:
    order = gathered(
        [
            *(found(name, check="a.low", severity="low") for name in names(9)),
            *(found(name, check="a.few") for name in names(2)),
            *(found(name, check="a.many") for name in names(5)),
            found("t000", check="a.grave", severity="critical"),
        ]
    )
    assert [fix.check for fix in order] == ["a.grave", "a.many", "a.few", "a.low"]
    assert order[0].severity is Severity.CRITICAL


def test_two_findings_at_one_target() -> None:
    (fix,) = gathered(found("a", subject=Subject("cookie", key)) for key in "xyz")
    assert (fix.findings, fix.targets, said(fix)) == (3, ("a",), "3 findings at 1 target")


def test_what_was_accepted_or_passed_is_nothing_to_repair() -> None:
    waiver = AcceptedUntil(date(2026, 12, 31), "Kepala Bidang", "Diganti")
    assert gathered([msgspec.structs.replace(found("a"), waiver=waiver)]) == ()
    assert gathered([runs.finding("a", "web.hsts.policy")]) == ()


@pytest.mark.parametrize("run", [runs.city(), runs.province(), runs.decided(), runs.hostile(), runs.interrupted()])
def test_every_open_finding_of_a_run_is_in_exactly_one_fix(run: runs.Run) -> None:
    made = fixes(run)
    open_ones = [it.fingerprint for it in run.findings() if it.is_open]
    assert sorted(it for fix in made for it in fix.fingerprints) == sorted(open_ones)
    assert sum(fix.findings for fix in made) == len(open_ones)


def test_units_of_its_targets() -> None:
    made = {fix.check: fix for fix in fixes(runs.city())}
    assert made["web.https.redirect"].units == ("DPMPTSP",)
    assert made["web.hsts.policy"].units == ("Dinas Kearsipan", "Diskominfo", "DPMPTSP")
    assert made["web.hsts.policy"].en == "No Strict-Transport-Security header on ..."
    assert made["web.hsts.policy"].fault("id") == "Tidak ada header Strict-Transport-Security di ..."


def test_what_a_server_named_cannot_write_into_the_sentence() -> None:
    subject = Subject("certificate", runs.HOSTILE * 9)
    (fix,) = gathered(found(name, subject=subject) for name in names(2))
    assert said(fix).isprintable()
    assert len(said(fix)) < 140


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        (["one"], "one"),
        (["the same", "the same"], "the same"),
        (["no header on a", "no header on b"], "no header on ..."),
        (["age 3 days, 9 wanted", "age 30 days, 9 wanted"], "age ... days, 9 wanted"),
        (["one two", "three"], "..."),
        (["a b b c", "a b c"], "a b ... c"),
        (["a b", "a b c"], "a b ..."),
        (["a b c", "a b"], "a b ..."),
    ],
)
def test_a_fix_says_what_its_findings_have_in_common(sentences: list[str], expected: str) -> None:
    (fix,) = gathered(found(name, text=text) for name, text in zip(names(9), sentences, strict=False))
    assert fix.en == expected
    first, *rest = map(Sentence, sentences)
    assert Sentence.of_all([first, *rest]).text == expected


@given(st.lists(st.text("ab ", max_size=9), min_size=1, max_size=5))
def test_a_common_sentence_fits_all(sentences: list[str]) -> None:
    common = Sentence(sentences[0])
    for sentence in sentences[1:]:
        common.meet(sentence)
    if len(set(sentences)) == 1:
        assert common.text == sentences[0]
        return
    head, _, tail = common.text.partition("...")
    for sentence in sentences:
        words = sentence.split()
        assert words[: len(head.split())] == head.split()
        assert words[len(words) - len(tail.split()) :] == tail.split()
        assert len(words) >= len(head.split()) + len(tail.split())


def shown_on_a_terminal(behind: int, elsewhere: int, language: str = "en") -> str:
    """The terminal's summary of an estate whose services lack a header, so many of them behind one address."""
    said = {name: [found(name, PROXY)] for name in names(behind)}
    said |= {name: [found(name, f"198.51.100.{index}")] for index, name in enumerate(names(elsewhere, "u"))}
    run = runs.run_of(map(runs.target, said), map(runs.record, said), said)
    lines = terminal(
        run, checks=runs.CHECKS, language=language, width=80, ascii_only=True, colour=False, exit_text="Exit code 0."
    )
    return b"".join(lines).decode()


def test_above_twenty_targets_a_terminal_lists_fixes() -> None:
    text = shown_on_a_terminal(18, 7)
    assert (
        "1 MEDIUM  18 targets  No header\n  1 change at the shared address 203.0.113.10 may settle 18 findings\n"
        in text
    )
    assert "2 MEDIUM  7 targets   No header\n" in text
    assert text.count("[web server] nginx `add_header") == 1
    assert "[web server] fix given above" in text


def test_up_to_twenty_it_lists_findings() -> None:
    text = shown_on_a_terminal(18, 2)
    assert "203.0.113.10" not in text
    assert "t000" in text


def test_services_beside_the_targets_own_are_a_fix_of_their_own_with_their_names() -> None:
    target = Target(
        id="www", url="https://localhost:18443/", starttls=(StartTls("imap", 18143), StartTls("ldap", 18389))
    )
    made = [found("www", "127.0.0.1", subject=Subject("service", f"localhost:{it}")) for it in (18443, 18143, 18389)]
    own, beside = sorted(gathered(made, [target]), key=lambda it: len(it.services))
    assert (own.services, own.fixed_by, said(own)) == ((), FixedBy.WEB_SERVER, "1 finding at 1 target")
    assert (beside.services, beside.fixed_by) == (
        ("localhost:18143 (imap)", "localhost:18389 (ldap)"),
        FixedBy.PLATFORM,
    )
    assert said(beside) == "2 findings at 1 target: localhost:18143 (imap), localhost:18389 (ldap)"
    assert own.anchor != beside.anchor


def test_of_many_services_beside_a_few_are_named_and_their_address_has_their_port() -> None:
    targets = [Target(id=it, url=f"https://{it}.contoh.test/", starttls=(StartTls("smtp", 25),)) for it in names(5)]
    made = [found(it.id, PROXY, subject=Subject("service", f"{it.id}.contoh.test:25")) for it in targets]
    (fix,) = gathered(made, targets)
    assert fix.shared == Shared(SharedKind.ADDRESS, f"{PROXY}:25", certain=False)
    assert said(fix).endswith("t000.contoh.test:25 (smtp), t001.contoh.test:25 (smtp), t002.contoh.test:25 (smtp), ...")
