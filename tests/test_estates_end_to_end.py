"""Whole estates through the real engine, worker and all: what only shows when targets are held against one another."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import faults
import pytest
from scanned import SCOPE, ZONE, Scanned, scanned, web_target

from scanner.engine import JUDGED_HERE
from scanner.estate import Kind, Target
from scanner.evidence.replay import replay
from scanner.findings import State
from scanner.registry import discover
from scanner.unit_copy import part_of

HERE, FAR = "127.0.0.1", "127.9.0.1"
KEY, NAMES = "tls.shared_key", "dns.unlisted"


async def moves_on(reader: faults.Reader, writer: object) -> None:
    """Send every visitor to a name that nobody listed."""
    await reader.request()
    await faults.redirect(writer, f"https://lama.{ZONE}/".encode())  # type: ignore[arg-type]  # the harness's own writer


async def greets(reader: faults.Reader, writer: object) -> None:
    """Answer everything."""
    await faults.answer(reader, writer, faults.whole(faults.HSTS))  # type: ignore[arg-type]  # the harness's own writer


@contextlib.contextmanager
def estate(folder: Path, count: int) -> Iterator[Scanned]:
    """Services of two units at two places with one key, the last of them sending its visitors on."""
    with (
        faults.serving_in_thread(faults.Behaviour("greets", greets, tls=True), HERE) as here,
        faults.serving_in_thread(faults.Behaviour("moves_on", moves_on, tls=True), FAR) as far,
    ):
        targets = [web_target(f"h{number}", here.port, unit="Dinas A") for number in range(count - 1)]
        targets.append(web_target("far", far.port, unit="Dinas B"))
        hosts = {it.id: FAR if it.id == "far" else HERE for it in targets}
        with scanned(folder, targets, hosts=hosts) as scan:
            yield scan


@pytest.fixture(scope="module", params=[2, JUDGED_HERE + 2], ids=["judged here", "judged by the worker"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    with estate(tmp_path_factory.mktemp("estate"), request.param) as scan:
        yield scan


def test_a_key_of_two_units_is_one_fault_at_every_service(whole: Scanned) -> None:
    found = whole.findings(check=KEY)
    ids = {target.id for target, _ in whole.run.targets()}
    assert {it.outcome for it in found} == {"several_units"}
    assert {it.target for it in found} == ids
    assert len({it.subject for it in found}) == 1
    assert {it.message.arguments["services"] for it in found} == {len(ids)}


def test_names_that_nobody_listed_are_told_and_not_contacted(whole: Scanned) -> None:
    found = {(it.target, it.subject.key): it.outcome for it in whole.findings(check=NAMES) if it.state is State.FAIL}
    assert found == {
        ("h0", ZONE): "in_certificate",
        ("far", ZONE): "in_certificate",
        ("far", f"lama.{ZONE}"): "in_redirect",
    }
    assert {address for address, _ in whole.connected} == {HERE, FAR}


def test_the_estate_is_judged_again_alike(whole: Scanned) -> None:
    again = replay(whole.journal, discover())
    assert (again.differences, again.confirmed) == ((), True)
    assert again.identical == len(whole.findings())
    assert not whole.journal.is_estate_pending()


def test_the_copy_of_a_unit_says_what_concerns_it_and_names_nobody_else(whole: Scanned) -> None:
    own = part_of(whole.run, "Dinas B")
    found = [it for it in own.findings() if it.check == KEY]
    assert [(it.target, it.outcome) for it in found] == [("far", "several_units")]
    assert not [it for it in own.findings() if "h0" in it.message.en or "Dinas A" in it.message.en]


# --- descriptions of interfaces -----------------------------------------------------------------------------

DOCUMENT = b'{"openapi":"3.1.0","info":{"title":"Warga","version":"1"},"paths":{"/warga":{"get":{}}}}'
AS_YAML = b"openapi: 3.1.0\ninfo: {title: Warga, version: '1'}\npaths: {/warga: {get: {}}}\n"
PLACES = {
    "/openapi.json": faults.whole(b"Content-Type: application/json", body=DOCUMENT),
    "/openapi.yaml": faults.whole(b"Content-Type: application/yaml", body=AS_YAML),
    "/moved/openapi.json": faults.whole(b"Location: /openapi.json", status=b"301 Moved Permanently"),
    "/page/openapi.json": faults.whole(),
    "/other/openapi.yaml": faults.whole(body=AS_YAML.replace(b"get", b"put")),
    "/other/openapi.json": faults.whole(body=DOCUMENT),
    "/locked.json": faults.whole(b'WWW-Authenticate: Basic realm="x"', status=b"401 Unauthorized"),
    "/wall.json": faults.whole(status=b"403 Forbidden"),
    "/cut.json": faults.head(b"Content-Length: 400") + DOCUMENT,
    "/bomb.yaml": faults.whole(
        body=b"openapi: 3.0.0\ninfo: {}\na0: &a0 [x]\n"
        + b"".join(b"a%d: &a%d [*a%d,*a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 40))
    ),
    "/deep.json": faults.whole(body=b'{"a":' * 40_000),
    "/large.json": faults.whole(body=DOCUMENT + b" " * 1_100_000),
}


async def documented(reader: faults.Reader, writer: object) -> None:
    """Answer by path."""
    asked = await reader.request()
    missing = faults.whole(status=b"404 Not Found")
    await faults.say(writer, PLACES.get(asked.target, missing))  # type: ignore[arg-type]  # the harness's own writer


ASKED = {
    # name: (path of the target, declared place, what is said)
    "root": ("/", "", ("pass published", "pass same")),
    "folder": ("/v1", "", ("pass published", "pass same")),
    "moved": ("/moved/", "/moved/openapi.json", ("pass published",)),
    "page": ("/", "/page/openapi.json", ("fail not_readable",)),
    "other": ("/other", "/other/openapi.json", ("fail different", "pass published")),
    "absent": ("/", "/docs/absent", ("fail not_there",)),
    "locked": ("/", "/locked.json", ("fail needs_login",)),
    "wall": ("/", "/wall.json", ("unknown blocked",)),
    "cut": ("/", "/cut.json", ("unknown closed",)),
    "bomb": ("/", "/bomb.yaml", ("pass published",)),
    "deep": ("/", "/deep.json", ("unknown too_large",)),
    "large": ("/", "/large.json", ("unknown too_large",)),
}


def interface(name: str, port: int, path: str, openapi: str) -> Target:
    return web_target(name, port, path=path, kinds=(Kind.API,), openapi=openapi, scheme="http")


def test_descriptions_of_interfaces_are_fetched_and_not_kept(tmp_path: Path) -> None:
    checks = [discover()["api.published"]]
    with faults.serving_in_thread(faults.Behaviour("documented", documented, tls=False)) as served:
        targets = [interface(name, served.port, path, openapi) for name, (path, openapi, _) in ASKED.items()]
        with scanned(tmp_path, targets, hosts=dict.fromkeys(ASKED, served.address), checks=checks) as scan:
            said = {name: scan.said(name)["api.published"] for name in ASKED}
            again = replay(scan.journal, discover())
            stored = b"".join(scan.journal.stored(digest) or b"" for digest in scan.journal.digests())
    assert said == {name: lines for name, (_, _, lines) in ASKED.items()}
    assert again.confirmed
    assert b"OpenAPI 3.1.0" in stored
    assert b"Warga" not in stored


def test_an_interface_without_a_description_is_told_so(tmp_path: Path) -> None:
    checks = [discover()["api.published"]]
    with faults.serving_in_thread(faults.BEHAVIOURS["empty_answer"]) as served:
        target = interface("bare", served.port, "/v1", "")
        with scanned(tmp_path, [target], hosts={"bare": served.address}, checks=checks, scope=SCOPE) as scan:
            assert scan.said("bare")["api.published"] == ("fail missing",)
            (record,) = scan.journal.targets()
    assert record.used.requests <= record.ceiling.requests
