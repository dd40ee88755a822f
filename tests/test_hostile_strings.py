"""Hostile strings in certificates, heads, redirects and DNS arrive inert in every output: terminal, JSON, JSON Lines.

The services say escape sequences, direction overrides, line ends and NUL wherever a peer may say something; the outputs
hold none of them raw, and the finding that quotes one is there all the same.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import faults
import pytest
from every_fault import BEHAVIOURS
from faults import FaultyNameserver, in_thread
from scanned import Scanned, scanned, web_target

from scanner.cli import scan as scan_command
from scanner.frameworks.loading import load_rulebook
from scanner.registry import discover
from scanner.reports.html.html import html
from scanner.reports.observations_jsonl import observations_jsonl
from scanner.reports.result_json import result_json
from scanner.reports.terminal import quiet_lines, terminal

HOSTILE = (
    *(name for name in BEHAVIOURS if re.match(r"certificate_(subject|issuer|names)_", name)),
    "header_injection_bytes+tls",
    "field_ansi+tls",
    "field_bidi+tls",
    "reason_phrase_hostile+tls",
    "cookies_hostile+tls",
    "hsts_hostile+tls",
    "coding_unknown+tls",
    "always_unavailable+tls",
    "redirect_to_ansi",
    "redirect_to_idn",
    "location_relative_weird",
    "malformed_header_nul+tls",
    "bad_status_line+tls",
)
NAMES = ("ede-blocked", "a-for-aaaa", "cname-outside")
"""Of name servers: an error text of escape sequences, a record of escape sequences, a name outside."""

# C0 but the line end, DEL, C1, and what reorders text or breaks a line (Unicode 15, UAX 9).
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
COLOUR = re.compile("\x1b\\[[0-9;]*m")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    """One scan of all that is hostile."""
    with ExitStack() as stack:
        nameserver = stack.enter_context(in_thread(FaultyNameserver()))
        targets, hosts = [], {}
        for number, name in enumerate(HOSTILE, 1):
            served = stack.enter_context(faults.serving_in_thread(BEHAVIOURS[name], f"127.67.0.{number}"))
            target = web_target(f"h{number}", served.port, scheme=BEHAVIOURS[name].scheme)
            targets.append(target)
            hosts[target.id] = served.address
        targets += [web_target(name, served.port) for name in NAMES]
        directory = tmp_path_factory.mktemp("hostile")
        yield stack.enter_context(scanned(directory, targets, hosts=hosts, nameserver=nameserver))


def _terminal(language: str, *, ascii_only: bool, colour: bool) -> Callable[[Scanned], bytes]:
    return lambda scan: b"".join(
        terminal(
            scan.run,
            checks=discover(),
            language=language,
            width=100,
            ascii_only=ascii_only,
            colour=colour,
            exit_text="",
            everything=True,
        )
    )


def _html(language: str) -> Callable[[Scanned], bytes]:
    return lambda scan: b"".join(html(scan.run, checks=discover(), rulebook=load_rulebook(), language=language))


OUTPUTS: dict[str, Callable[[Scanned], bytes]] = {
    "json": lambda scan: b"".join(result_json(scan.run)),
    "jsonl": lambda scan: b"".join(observations_jsonl(scan.run)),
    "table-id": _terminal("id", ascii_only=False, colour=False),
    "table-en-ascii": _terminal("en", ascii_only=True, colour=False),
    "table-en-colour": _terminal("en", ascii_only=False, colour=True),
    "html-id": _html("id"),
    "html-en": _html("en"),
    "quiet": lambda scan: b"".join(quiet_lines(scan.run, language="id", checks=discover())),
}


def test_every_format_is_looked_at() -> None:
    parser = argparse.ArgumentParser()
    scan_command.add_reporting(parser)
    (formats,) = (action.choices for action in parser._actions if "--format" in action.option_strings)
    assert formats is not None
    assert {str(it).partition("-")[0] for it in formats} == {it.partition("-")[0] for it in OUTPUTS} - {"quiet"}


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_raw_control_or_direction_override_in(output: str, scan: Scanned) -> None:
    text = OUTPUTS[output](scan).decode()
    assert len(text) > 100
    if output.endswith("colour"):
        text = COLOUR.sub("", text)
    found = RAW.search(text)
    assert found is None, text[max(0, found.start() - 80) : found.end() + 40]


def test_what_is_escaped_is_still_said(scan: Scanned) -> None:
    """The other side: the hostile names were read, so nothing above is empty by accident."""
    table = OUTPUTS["table-id"](scan).decode()
    assert r"\x1b[31m" in table
    assert r"\u202e" in table
    findings = json.loads(OUTPUTS["json"](scan))["findings"]
    presented = [it["message"]["arguments"].get("presented", "") for it in findings if it["outcome"] == "mismatch"]
    assert any("\x1b[31m" in str(it) for it in presented)
    assert any("<script>" in str(it) for it in presented)


def test_each_observation_stays_on_its_line(scan: Scanned) -> None:
    lines = OUTPUTS["jsonl"](scan).splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_each_finding_stays_on_its_lines(scan: Scanned) -> None:
    """A line that a server wrote would begin at the margin, without what the table puts before it."""
    table = OUTPUTS["table-en-ascii"](scan).decode()
    assert not re.search(r"(?m)^X-Injected", table)
