"""A run in which servers, names and sentences try to break out of whatever shows them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from scanner.cost import Cost
from scanner.estate import Estate, Target
from scanner.findings import Finding, FixedBy, Message, Severity, State, Subject, fingerprint
from scanner.journal import Journal, Standing, TargetRecord
from scanner.observations.observation import digest
from scanner.observations.steps import Reason, Replay
from scanner.profiles import load_profile
from scanner.run import CheckUsed, Ending, Manifest, Run, Tool
from scanner.scope import Scope

MARKUP = "<img src=x onerror=alert(1)><script>alert(1)</script>"
FORMULA = "=HYPERLINK(1)"
HOSTILE = (
    MARKUP,
    "\"'><svg onload=alert(1)>",
    "</script><script>alert(2)</script>",
    "\x1b]0;owned\x07\x1b[2J\x1b[31mred",
    "left\u202eright\u2066\u200b",
    "\x00\x01\x7f\x85\x9b31m",
    FORMULA,
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    'two\r\nlines,"quoted";\ttab',
    "{0} {name!r} %s ${HOME} {{7*7}}",
    "x" * 5000,
    "\U0001f600 Pemerintah Kota \u0627\u0644",
)
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@contextmanager
def hostile_run() -> Iterator[Run]:
    """Hostile text wherever a run may hold text from outside."""
    targets = tuple(
        Target(id=f"t{number}", url=f"https://t{number}.contoh.test/", service=text[:200], unit=text[:200])
        for number, text in enumerate(HOSTILE)
    )
    with _run(targets) as run:
        for number, text in enumerate(HOSTILE):
            run.journal.put_findings(f"t{number}", list(_findings(f"t{number}", text)))
        yield run


@contextmanager
def empty_run() -> Iterator[Run]:
    """A run that was stopped before it looked at anything."""
    with _run((Target(id="t0", url="https://t0.contoh.test/"),), reached=False) as run:
        yield run


@contextmanager
def _run(targets: tuple[Target, ...], *, reached: bool = True) -> Iterator[Run]:
    manifest = Manifest(
        run="20260102T030405Z-0001",
        started=STARTED,
        tool=Tool("0", "3.11", "OpenSSL", 1),
        agent="Pindai/conformance",
        estate=Estate(targets=targets, scope=Scope(), agency=HOSTILE[1], source="conformance"),
        profile=load_profile("default"),
        resolvers=(),
        checks=(CheckUsed("web.hsts.policy", 1, {}),),
    )
    with Journal.in_memory() as journal:
        journal.put_manifest(msgspec.json.encode(manifest))
        if reached:
            for target in targets:
                journal.commit(
                    TargetRecord(
                        id=target.id,
                        standing=Standing.OBSERVED,
                        started=STARTED,
                        ended=STARTED,
                        used=Cost(1, 1, 1),
                        ceiling=Cost(2, 2, 2),
                    ),
                    {},
                    {},
                )
        journal.put_end(msgspec.json.encode(Ending(STARTED, interrupted="" if reached else "SIGINT")))
        yield Run(journal)


def _findings(target: str, text: str) -> Iterator[Finding]:
    states = (
        (State.FAIL, "missing", Severity.CRITICAL, None),
        (State.PASS, "set", None, None),
        (State.UNKNOWN, "unknown", None, Reason.TIMEOUT),
        (State.NOT_APPLICABLE, "not_applicable", None, None),
        (State.ERROR, "error", None, Reason.INTERNAL),
    )
    for state, outcome, severity, reason in states:
        subject = Subject("page", f"{state}{text[:100]}")
        yield Finding(
            check="web.hsts.policy",
            check_version=1,
            target=target,
            subject=subject,
            state=state,
            outcome=outcome,
            severity=None if severity is None else severity.word,
            message=Message(id=text, en=text, arguments={"value": text}),
            expected=text,
            found=text,
            reason=reason,
            evidence=(digest(b"{}"),),
            fingerprint=fingerprint("web.hsts.policy", target, subject),
            fixed_by=FixedBy.WEB_SERVER,
            replay=Replay.DERIVED,
        )
