"""How a finding is repaired: the line for the software that was seen, and never that of another."""

from collections.abc import Iterator

import msgspec
import pytest
from observed import SEEN, URL, exchange, manifest, new_journal, record, target
from runs import finding

from scanner.findings import FixedBy, Severity
from scanner.observations.http import RedirectChain
from scanner.observations.observation import Observation, digest, encode
from scanner.outcomes import Outcome, Verdict
from scanner.registry import Check, discover
from scanner.reports.advice import MAX_PARTS, fix_of, has_code, software_seen, whole_fix
from scanner.reports.terminal import terminal
from scanner.run import Run

SHIPPED = discover()
HSTS, FLAGS, CHAIN = SHIPPED["web.hsts.policy"], SHIPPED["web.cookies.flags"], SHIPPED["tls.certificate.chain"]


@pytest.mark.parametrize("check", SHIPPED.values(), ids=lambda it: it.id)
@pytest.mark.parametrize("language", ["en", "id"])
def test_every_finding_is_repaired_somehow(check: Check, language: str) -> None:
    for outcome in check.outcomes:
        fix = whole_fix(check, language, outcome.key)
        assert fix.text
        assert fix_of(check, language, outcome.key) == fix.text
        assert has_code(check, outcome.key) == bool({it.software for it in fix.code} - {"DNS", "shell"})


NGINX = 'nginx: `add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;`'


@pytest.mark.parametrize(
    ("check", "outcome", "software", "end"),
    [
        (HSTS, "missing", {"nginx"}, f"best from the web server. {NGINX}"),
        (HSTS, "missing", set(), "best from the web server."),
        (HSTS, "missing", {"Tomcat"}, "best from the web server."),
        (HSTS, "missing", {"nginx", "Laravel"}, NGINX),  # the web server's task, and it was seen
        (HSTS, "missing", {"Laravel"}, "'max-age=31536000; includeSubDomains');`"),
        (FLAGS, "session_open", {"Laravel", "PHP"}, "config/session.php: `'secure' => true, 'http_only' => true,`"),
        (FLAGS, "session_open", {"PHP"}, "where the application sets it."),  # two lines of php.ini are not one
        (FLAGS, "wide_domain", {"CodeIgniter"}, "CodeIgniter, app/Config/Cookie.php: `public string $domain = '';`"),
        (FLAGS, "platform_not_secure", {"Laravel"}, "ask whoever runs it to."),
        (CHAIN, "self_signed", {"nginx"}, "with `--ca FILE`."),
        (CHAIN, "wrong_order", {"Apache"}, "`SSLCertificateFile /etc/letsencrypt/live/www.contoh.go.id/fullchain.pem`"),
        (SHIPPED["web.https.available"], "http_only", {"nginx"}, "listen on port 443."),  # five lines are no line
        (SHIPPED["tls.certificate.key"], "weak", {"IIS"}, "`--key-type ecdsa`."),  # INI ends a setting with its line
    ],
)
def test_the_line_is_that_of_the_software_seen(check: Check, outcome: str, software: set[str], end: str) -> None:
    text = fix_of(check, "en", outcome, software)
    assert text.endswith(end)
    assert "\n" not in text


def test_the_whole_fix_has_all_lines_those_of_the_software_seen_first() -> None:
    fix = whole_fix(HSTS, "id", "missing", {"Apache"})
    assert [it.software for it in fix.code] == ["Apache", "nginx", "IIS", "Laravel", "CodeIgniter"]
    assert fix.careful.startswith("includeSubDomains mengikat")


def test_a_check_without_parts_has_a_fix_without_words() -> None:
    def judge() -> Iterator[Verdict]:
        """Somebody else's check."""
        yield from ()

    check = Check(
        id="a.b",
        version=1,
        needs=(),
        outcomes=(Outcome("bad", en="Bad", id="Buruk", severity=Severity.LOW),),
        fixed_by=FixedBy.PLATFORM,
        references=(),
        judge=judge,
    )
    assert (fix_of(check, "id", "bad", {"nginx"}), has_code(check, "bad")) == ("", False)


# What was seen --------------------------------------------------------------------------------------------------------


def a_run(*observations: Observation) -> tuple[Run, tuple[str, ...]]:
    """A run with these observations, and their digests."""
    journal = new_journal(manifest([target()], [HSTS]))
    stored = {digest(encode(it)): encode(it) for it in observations}
    journal.commit(record("www"), {}, stored)
    return Run(journal), tuple(stored)


def walk(*parts: Observation) -> RedirectChain:
    return RedirectChain(started=SEEN, took_ms=0.0, parts=tuple(digest(encode(it)) for it in parts), urls=(URL,))


NGINX_PAGE, LARAVEL_PAGE = exchange("Server: nginx"), exchange("Set-Cookie: laravel_session=x")


def test_software_is_seen_in_the_evidence_and_in_its_parts() -> None:
    run, (first, second, chain) = a_run(NGINX_PAGE, LARAVEL_PAGE, walk(NGINX_PAGE, LARAVEL_PAGE))
    assert software_seen(run, [first]) == {"nginx"}
    assert software_seen(run, [second]) == {"Laravel"}
    assert software_seen(run, [chain]) == {"nginx", "Laravel"}
    assert software_seen(run, []) == frozenset()


def test_evidence_that_is_not_there_tells_nothing() -> None:
    run, _ = a_run(NGINX_PAGE)
    assert software_seen(run, [digest(b"{}")]) == frozenset()


def test_altered_evidence_tells_nothing_and_stops_no_report() -> None:
    run, (first,) = a_run(NGINX_PAGE)
    run.journal._db.execute("UPDATE observation SET stored = ?", (b"{}",))
    assert software_seen(run, [first]) == frozenset()


def test_few_observations_are_looked_at() -> None:
    others = [exchange(f"X-Number: {number}") for number in range(MAX_PARTS)]
    run, digests = a_run(*others, NGINX_PAGE)
    assert software_seen(run, digests) == frozenset()
    assert software_seen(run, digests[1:]) == {"nginx"}


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize(
    ("lines", "there", "not_there"),
    [
        (["Server: nginx/1.24"], "nginx: `add_header Strict-Transport-Security", "Header always set"),
        (["Server: Apache"], "Apache: `Header always set Strict-Transport-Security", "nginx"),
        ([], "Send the header with every answer over HTTPS", "nginx"),
    ],
)
def test_the_terminal_shows_the_line_for_the_server_that_answered(
    lines: list[str], there: str, not_there: str, everything: bool
) -> None:
    shown = " ".join(page_of_a_scan(*lines, everything=everything).split())
    assert there in shown.replace("`", "") or there in shown
    assert not_there not in shown


def page_of_a_scan(*lines: str, everything: bool) -> str:
    """What a terminal shows of one service that answers with these header lines and lacks the header."""
    run, evidence = a_run(exchange(*lines))
    found = finding("www", HSTS.id, "medium", outcome="missing")
    run.journal.put_findings("www", [msgspec.structs.replace(found, evidence=evidence)])
    shown = terminal(
        run,
        checks={HSTS.id: HSTS},
        language="en",
        width=100,
        ascii_only=False,
        colour=False,
        exit_text="",
        everything=everything,
    )
    return b"".join(shown).decode()
