"""HTML reports of the runs in `runs`, and a run in which every place that foreign text can come into holds some."""

from typing import Any

import msgspec
from runs import CHECKS, accepted, finding, record, run_of, switched_off, target

from scanner.frameworks.loading import load_rulebook
from scanner.registry import discover
from scanner.reports.html.html import html
from scanner.run import Run

RULEBOOK = load_rulebook((), discover())


def written(run: Run, language: str = "en", **more: Any) -> str:
    return b"".join(html(run, checks=CHECKS, rulebook=RULEBOOK, language=language, **more)).decode()


NASTY = (
    "<script>window.hurt=1</script>",
    '"><img src=x onerror=window.hurt=1>',
    "{{ 7*7 }}{% raw %}",
    "</style></script><svg onload=window.hurt=1>",
    "javascript:window.hurt=1",
    "a\x1b[2J\r\nb\u202edlrow\u200b\u2066",
    "x" * 1900,
)


def nasty() -> Run:
    """Every place of a run that foreign text can come into, holding foreign text."""
    targets, records, findings = [], [], {}
    for number, text in enumerate(NASTY):
        name = f"t{number}{text}"
        targets.append(
            msgspec.structs.replace(
                target(name, f"https://t{number}.contoh.test/", unit=f"U{number}{text}"), service=text, contact=text
            )
        )
        records.append(record(name, "blocked", text) if number == 0 else record(name))
        found = finding(name, "web.hsts.policy", "medium", en=text, id=text, key=text, outcome=text)
        found = msgspec.structs.replace(found, expected=text, found=text)
        findings[name] = [found, accepted(finding(name, "tls.certificate.expiry", "high", en=text, id=text))]
        findings[name].append(switched_off(name, "uptime.reachable", text))
    return run_of(targets, records, findings, agency=NASTY[0], marking="TERBATAS</style><b>" + NASTY[5], problems=NASTY)
