"""What the real engine says about every broken and hostile server and name server that the fault harness has.

Each gives `unknown` with its reason, or a finding, never `error`, and what was gathered before the fault is still judged.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import dns.message
import faults
import msgspec
import pytest
from faults import BEHAVIOURS, NAME_FAULTS, Behaviour, FaultyNameserver, Reader, Serve, Served, in_thread
from scanned import SHORT, Scanned, hasty, scanned, web_target

from scanner.engine import JUDGED_HERE
from scanner.estate import AddressPolicy, Target
from scanner.findings import State
from scanner.network import READ_AHEAD_BYTES
from scanner.observations.dns import DnsAnswer
from scanner.observations.endpoint import Addresses, Resolution
from scanner.observations.http import Answer, Body, Exchange, Handshake
from scanner.observations.steps import Reason, Unobserved
from scanner.registry import discover

UPTIME = "uptime.reachable"
REDIRECT = "web.https.redirect"
HSTS = "web.hsts.policy"
CERTIFICATE = {
    "tls.certificate.chain": ("pass trusted",),
    "tls.certificate.expiry": ("fail ends_soon",),  # the harness's certificate lives for a day
    "tls.certificate.name": ("pass match",),
}
"""What the certificate checks say of a server whose handshake was in order, whatever it did afterwards."""

# `redirect` is what is said of the behaviour at a plain-HTTP target, `hsts` at an HTTPS one; `uptime` is the same for
# both. Several lines of one check stand with a comma between them.
HTTP_FAULTS = """
behaviour                              uptime                          redirect                hsts
refused                                fail no_answer refused          unknown refused         -
reset                                  fail no_answer reset            unknown reset           unknown reset
silent                                 fail no_answer timeout          unknown timeout         unknown timeout
connection_closed_before_answer        fail no_answer closed           unknown closed          unknown closed

endless_headers                        unknown too_large               unknown too_large       unknown too_large
huge_header_line                       unknown too_large               unknown too_large       unknown too_large
many_headers                           unknown too_large               unknown too_large       unknown too_large
status_100_flood                       unknown too_large               unknown too_large       unknown too_large
body_1gb                               pass answers                    fail serves_content     fail missing
endless_chunked                        pass answers                    fail serves_content     fail missing
gzip_bomb                              pass answers                    fail serves_content     fail missing

slow_drip                              fail no_answer timeout          unknown timeout         unknown timeout
slow_body_drip                         pass answers                    fail serves_content     fail missing

redirect_loop                          pass answers                    fail not_to_https       fail missing
redirect_ping_pong                     pass answers                    fail not_to_https       fail missing
redirect_long_chain                    pass answers                    fail not_to_https       fail missing
redirect_out_of_scope                  pass answers                    fail other_host         fail missing
redirect_to_weird_url_javascript       pass answers                    unknown bad_url         fail missing
redirect_to_weird_url_scheme_relative  pass answers                    fail not_to_https       fail missing
redirect_to_weird_url_userinfo         pass answers                    fail other_host         fail missing
redirect_to_weird_url_decimal_ip       pass answers                    fail not_to_https       fail missing

content_length_too_long                pass answers                    fail serves_content     fail missing
content_length_too_short               pass answers                    fail serves_content     fail missing
content_length_negative                pass answers                    fail serves_content     fail missing
two_different_content_lengths          fail no_answer protocol_error   unknown protocol_error  unknown protocol_error
closed_mid_headers                     fail no_answer closed           unknown closed          unknown closed
closed_mid_body                        pass answers                    fail serves_content     fail missing
bad_chunk_size                         pass answers                    fail serves_content     fail missing
empty_answer                           pass answers                    fail serves_content     fail missing
garbage_after_close                    pass answers                    fail serves_content     fail missing

malformed_header_no_colon              pass answers                    fail serves_content     fail no_subdomains, pass set
malformed_header_space_before_colon    pass answers                    fail serves_content     fail no_subdomains, pass set
malformed_header_obs_fold              pass answers                    fail serves_content     fail no_subdomains, pass set
malformed_header_nul                   fail no_answer protocol_error   unknown protocol_error  unknown protocol_error
malformed_header_bare_lf               pass answers                    fail serves_content     fail no_subdomains, pass set
malformed_header_non_ascii             pass answers                    fail serves_content     fail no_subdomains, pass set
malformed_header_lines                 fail no_answer protocol_error   unknown protocol_error  unknown protocol_error
header_injection_bytes                 pass answers                    fail serves_content     fail missing
answers_change_each_request            pass answers                    fail serves_content     fail no_subdomains, pass set

bad_status_line                        fail no_answer protocol_error   unknown protocol_error  unknown protocol_error
no_status_line                         fail no_answer protocol_error   unknown protocol_error  unknown protocol_error
http2_preface_answer                   fail no_answer protocol_error   unknown protocol_error  unknown protocol_error
"""

# `others` is what HSTS and the three certificate checks say: without TLS there is nothing for them to look at.
TLS_FAULTS = """
behaviour              uptime                    others
half_handshake_close   fail no_answer closed     unknown closed
half_handshake_hang    fail no_answer timeout    unknown timeout
tls_garbage            fail no_answer not_tls    unknown not_tls
tls_plain_http_400     fail no_answer not_tls    unknown not_tls
tls_alert              unknown tls_alert         unknown tls_alert
tls_alert_after_hello  unknown tls_alert         unknown tls_alert
"""

# A name server's fault at an HTTPS service in good order; `others` as above, and CERTIFICATE where it says `judged`.
DNS_FAULTS = """
fault        uptime                  others
ok           pass answers            judged
truncated    pass answers            judged
rebinding    pass answers            judged
nodata       fail no_name            unknown no_address
nxdomain     fail no_name            unknown no_address
servfail     unknown dns_servfail    unknown dns_servfail
refused      unknown dns_refused     unknown dns_refused
timeout      unknown dns_timeout     unknown dns_timeout
wrong-id     unknown dns_timeout     unknown dns_timeout
garbage      unknown dns_malformed   unknown dns_malformed
cname-loop   unknown dns_loop        unknown dns_loop
cname-long   unknown dns_loop        unknown dns_loop
private      unknown out_of_scope    unknown out_of_scope
many         fail no_answer refused  unknown refused
"""

# How a walk that begins at plain HTTP and is led to HTTPS at once goes on when the HTTPS side behaves like this.
ONWARD = """
behaviour                              redirect
malformed_header_obs_fold              pass to_https
redirect_loop                          pass to_https, unknown redirect_loop
redirect_ping_pong                     pass to_https, unknown redirect_loop
redirect_long_chain                    pass to_https, unknown redirect_limit
redirect_out_of_scope                  pass to_https, unknown out_of_scope
redirect_to_weird_url_scheme_relative  pass to_https, unknown out_of_scope
redirect_to_weird_url_userinfo         pass to_https, unknown out_of_scope
redirect_to_weird_url_javascript       pass to_https, unknown bad_url
redirect_to_weird_url_decimal_ip       fail back_to_http, pass to_https
silent                                 pass to_https, unknown timeout
reset                                  pass to_https, unknown reset
bad_status_line                        pass to_https, unknown protocol_error
"""

Said = Mapping[str, tuple[str, ...]]


def rows(table: str) -> dict[str, list[tuple[str, ...]]]:
    """A table's rows by their first column; columns are two or more spaces apart."""
    _, *lines = filter(None, table.splitlines())
    cells = [[cell.strip() for cell in line.split("  ") if cell] for line in lines]
    return {name: [tuple(cell.split(", ")) for cell in others] for name, *others in cells}


def _expected() -> dict[str, Said]:
    """What each behaviour makes the checks say: behaviour -> check -> lines."""
    expected: dict[str, Said] = {}
    for name, (uptime, redirect, hsts) in rows(HTTP_FAULTS).items():
        expected[name] = {UPTIME: uptime, REDIRECT: redirect}
        if hsts != ("-",):
            expected[f"{name}+tls"] = {UPTIME: uptime, HSTS: hsts, **CERTIFICATE}
    for name, (uptime, others) in rows(TLS_FAULTS).items():
        expected[name] = {UPTIME: uptime, HSTS: others, **dict.fromkeys(CERTIFICATE, others)}
    return expected


EXPECTED = _expected()


def label(behaviour: Behaviour) -> str:
    """The behaviour's name as a label of a host name."""
    return behaviour.name.replace("_", "-").replace("+", "-")


def target_of(behaviour: Behaviour, served: Served) -> Target:
    return web_target(label(behaviour), served.port, scheme=behaviour.scheme)


def assert_said(scan: Scanned, target: str, expected: Said) -> None:
    """Every check said something, none of it is our fault, and the checks that matter said what is expected."""
    said = scan.said(target)
    assert said.keys() == discover().keys()
    assert [it for it in scan.findings(target) if it.state is State.ERROR] == []
    assert {check: said[check] for check in expected} == expected


def assert_nothing_said_of_tls(scan: Scanned, target: str) -> None:
    """Plain HTTP has neither certificate nor HSTS policy, to praise or to blame."""
    concluded = {it.check for it in scan.findings(target) if it.state in (State.PASS, State.FAIL)}
    assert concluded <= {UPTIME, REDIRECT}


def test_every_fault_of_the_harness_has_its_row() -> None:
    assert EXPECTED.keys() == BEHAVIOURS.keys()
    assert rows(DNS_FAULTS).keys() == NAME_FAULTS.keys()


# One target at a time -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_fault(name: str, tmp_path: Path) -> None:
    behaviour = BEHAVIOURS[name]
    with faults.serving_in_thread(behaviour) as served:
        target = target_of(behaviour, served)
        with scanned(tmp_path, [target], hosts={target.id: served.address}) as scan:
            assert_said(scan, target.id, EXPECTED[name])
            if behaviour.scheme == "http":
                assert_nothing_said_of_tls(scan, target.id)
            assert scan.connected == {(served.address, served.port)}


@pytest.mark.parametrize("layer", ["", "+tls"])
@pytest.mark.parametrize("name", ["body_1gb", "gzip_bomb", "endless_chunked", "endless_headers", "many_headers"])
def test_what_is_read_is_bounded(name: str, layer: str, tmp_path: Path) -> None:
    caps = hasty().caps
    behaviour = BEHAVIOURS[name + layer]
    with faults.serving_in_thread(behaviour) as served:
        target = target_of(behaviour, served)
        with scanned(tmp_path, [target], hosts={target.id: served.address}) as scan:
            exchanges = scan.observations(target.id, Exchange)
            assert exchanges
            for exchange in exchanges:
                assert reason_of(exchange) is Reason.TOO_LARGE
                if isinstance(exchange.answer, Answer):
                    body = exchange.answer.body
                    assert isinstance(body, Body)
                    assert body.length <= caps.body_bytes
                    # What a single read brings is counted whole, and how much that is, is bounded too.
                    assert body.wire_bytes <= caps.wire_body_bytes + 2 * READ_AHEAD_BYTES
            largest = max(len(scan.journal.stored(digest) or b"") for digest in scan.journal.filed(target.id).values())
            assert largest < 2 * caps.body_bytes


def reason_of(exchange: Exchange) -> Reason | None:
    """Why reading stopped where it did."""
    answer = exchange.answer
    if isinstance(answer, Unobserved):
        return answer.reason
    return answer.body.reason if isinstance(answer.body, Unobserved) else answer.body.ended


# Nothing gathered is lost -------------------------------------------------------------------------------


def saying(*lines: bytes, body: bytes = faults.BODY) -> Serve:
    """A server that sends a head with these lines, then these octets, and closes."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await faults.answer(reader, writer, faults.head(*lines) + body)

    return serve


async def stalling(reader: Reader, writer: asyncio.StreamWriter) -> None:
    """A server that sends its head and a part of the body, and then nothing."""
    await faults.answer(reader, writer, faults.head(faults.HSTS, b"Content-Length: 1000") + faults.BODY)
    await reader.departure()


BODIES_CUT: Mapping[str, tuple[Serve, Reason]] = {
    "too-short": (saying(faults.HSTS, b"Content-Length: 1000"), Reason.CLOSED),
    "mid-chunk": (saying(faults.HSTS, b"Transfer-Encoding: chunked", body=b"1000\r\n" + faults.BODY), Reason.CLOSED),
    "bad-chunk": (
        saying(faults.HSTS, b"Transfer-Encoding: chunked", body=b"2\r\nok\r\nzz\r\n"),
        Reason.PROTOCOL_ERROR,
    ),
    "bad-gzip": (saying(faults.HSTS, b"Content-Encoding: gzip", body=faults.NOISE), Reason.PROTOCOL_ERROR),
    "too-long": (saying(faults.HSTS, body=bytes(3 << 20)), Reason.TOO_LARGE),
    "stalled": (stalling, Reason.TIMEOUT),
}


@pytest.mark.parametrize("name", BODIES_CUT)
def test_the_head_is_judged_when_the_body_is_cut(name: str, tmp_path: Path) -> None:
    serve, reason = BODIES_CUT[name]
    with (
        faults.serving_in_thread(Behaviour(name, serve, tls=True)) as served,
        scanned(tmp_path, [web_target(name, served.port)], hosts={name: served.address}) as scan,
    ):
        assert_said(scan, name, {UPTIME: ("pass answers",), HSTS: ("fail no_subdomains", "pass set"), **CERTIFICATE})
        (exchange,) = scan.observations(name, Exchange)
        assert reason_of(exchange) is reason


@pytest.mark.parametrize("name", ["http2_preface_answer+tls", "bad_status_line+tls", "reset+tls"])
def test_the_certificate_outlives_the_answer(name: str, tmp_path: Path) -> None:
    behaviour = BEHAVIOURS[name]
    with faults.serving_in_thread(behaviour) as served:
        target = target_of(behaviour, served)
        with scanned(tmp_path, [target], hosts={target.id: served.address}) as scan:
            first, second = scan.observations(target.id, Exchange)
            for exchange in (first, second):
                assert isinstance(exchange.tls, Handshake)
                assert len(exchange.tls.chain) == 1
                assert isinstance(exchange.answer, Unobserved)
            stored = set(scan.journal.filed(target.id).values())
            for finding in scan.findings(target.id):
                if finding.state in (State.PASS, State.FAIL):
                    assert finding.evidence
                    assert set(finding.evidence) <= stored


# Names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", NAME_FAULTS)
def test_name_fault(fault: str, tmp_path: Path) -> None:
    uptime, others = rows(DNS_FAULTS)[fault]
    judged = {HSTS: ("fail no_subdomains", "pass set"), **CERTIFICATE}
    unseen = {HSTS: others, **dict.fromkeys(CERTIFICATE, others)}
    expected = {UPTIME: uptime, **(judged if others == ("judged",) else unseen)}
    with (
        faults.serving_in_thread(BEHAVIOURS["malformed_header_obs_fold+tls"]) as served,
        in_thread(FaultyNameserver()) as nameserver,
        scanned(tmp_path, [web_target(fault, served.port)], nameserver=nameserver) as scan,
    ):
        assert_said(scan, fault, expected)
        resolver = (nameserver.address, nameserver.port)
        reached = {address for address, _ in scan.connected - {resolver}}
        if others == ("judged",):
            assert reached == {served.address}
        elif fault != "many":
            assert reached == set()
        assert len(scan.observations(fault, Resolution)) == 1
        assert len(scan.observations(fault, DnsAnswer)) == 2  # AAAA and A


def test_many_addresses_are_tried_up_to_the_cap(tmp_path: Path) -> None:
    profile = hasty()
    with in_thread(FaultyNameserver()) as nameserver:
        target = web_target("many", 9, addresses=AddressPolicy.ALL)
        with scanned(tmp_path, [target], nameserver=nameserver, profile=profile) as scan:
            assert_said(scan, "many", {UPTIME: ("fail no_answer refused",)})
            reached = {address for address, port in scan.connected if port == 9}
            assert len(reached) == profile.caps.addresses
            assert all(address.startswith("127.0.1.") for address in reached)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_now_points_at_the_metadata_service_is_not_connected_to(scheme: str, tmp_path: Path) -> None:
    """DNS rebinding: the name was good when it was asked for the first time, which is before the scan."""
    with in_thread(FaultyNameserver()) as nameserver:
        nameserver.reply(dns.message.make_query("rebinding.fault.test", "A").to_wire())
        with scanned(tmp_path, [web_target("rebinding", 80, scheme=scheme)], nameserver=nameserver) as scan:
            assert_said(scan, "rebinding", {UPTIME: ("unknown out_of_scope",)})
            (resolution,) = scan.observations("rebinding", Resolution)
            assert isinstance(resolution.outcome, Addresses)
            assert resolution.outcome.addresses == (faults.METADATA,)
            for exchange in scan.observations("rebinding", Exchange):
                assert isinstance(exchange.connect, Unobserved)
                assert exchange.connect.reason is Reason.OUT_OF_SCOPE
            assert scan.connected == {(nameserver.address, nameserver.port)}


def test_a_name_is_resolved_once_a_scan(tmp_path: Path) -> None:
    """DNS rebinding during the scan: every connection goes where the first answer led, and nobody asks again."""
    behaviour = BEHAVIOURS["redirect_long_chain+tls"]
    with faults.serving_in_thread(behaviour) as served, in_thread(FaultyNameserver()) as nameserver:
        home = f"https://rebinding.fault.test:{served.port}/"
        with faults.serving_in_thread(Behaviour("plain", leading_to(home), tls=False)) as plain:
            target = web_target("rebinding", served.port, http_port=plain.port)
            with scanned(tmp_path, [target], nameserver=nameserver) as scan:
                assert_said(scan, "rebinding", {REDIRECT: ("pass to_https", "unknown redirect_limit")})
                asked = {(nameserver.address, nameserver.port)}
                assert scan.connected - asked == {(served.address, served.port), (plain.address, plain.port)}


# Redirects ----------------------------------------------------------------------------------------------


def leading_to(location: str) -> Serve:
    """A server that redirects everybody there."""

    async def serve(reader: Reader, writer: asyncio.StreamWriter) -> None:
        await reader.request()
        await faults.redirect(writer, location.encode())

    return serve


@contextlib.contextmanager
def service(behaviour: Behaviour) -> Iterator[tuple[Target, tuple[Served, Served]]]:
    """An HTTPS service that behaves like this, and its plain-HTTP port that leads to it."""
    name = label(behaviour)
    with faults.serving_in_thread(behaviour) as secure:
        home = f"https://{name}.fault.test:{secure.port}/"
        with faults.serving_in_thread(Behaviour("plain", leading_to(home), tls=False)) as plain:
            yield web_target(name, secure.port, http_port=plain.port), (secure, plain)


@pytest.mark.parametrize("name", rows(ONWARD))
def test_walk_from_plain_http(name: str, tmp_path: Path) -> None:
    (expected,) = rows(ONWARD)[name]
    with (
        service(BEHAVIOURS[f"{name}+tls"]) as (target, both),
        scanned(tmp_path, [target], hosts={target.id: both[0].address}) as scan,
    ):
        assert_said(scan, target.id, {REDIRECT: expected, **CERTIFICATE})
        # Neither a connection nor a question to a resolver went anywhere else.
        assert scan.connected == {(served.address, served.port) for served in both}
        assert scan.observations(target.id, DnsAnswer) == ()
        hosts = {it.endpoint.host for it in scan.observations(target.id, Exchange)}
        assert hosts == {f"{target.id}.fault.test"}


def test_a_closed_plain_port_beside_a_working_service_is_a_pass(tmp_path: Path) -> None:
    """The other side of `refused`: there is a service, and it is closed where it should be."""
    refusing = BEHAVIOURS["refused"]
    with faults.serving_in_thread(BEHAVIOURS["reset+tls"]) as served, faults.serving_in_thread(refusing) as plain:
        target = web_target("half", served.port, http_port=plain.port)
        with scanned(tmp_path, [target], hosts={"half": served.address}) as scan:
            assert_said(scan, "half", {REDIRECT: ("pass closed",), **CERTIFICATE})


def test_a_machine_that_refuses_everything_gets_no_pass(tmp_path: Path) -> None:
    refusing = BEHAVIOURS["refused"]
    with faults.serving_in_thread(refusing) as served, faults.serving_in_thread(refusing) as plain:
        target = web_target("down", served.port, http_port=plain.port)
        with scanned(tmp_path, [target], hosts={"down": served.address}) as scan:
            assert_said(scan, "down", {UPTIME: ("fail no_answer refused",), REDIRECT: ("unknown refused",)})
            assert not [it for it in scan.findings("down") if it.state is State.PASS]


# All at once --------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def serving_all() -> AsyncIterator[dict[str, Served]]:
    """Every behaviour at an address of its own."""
    async with contextlib.AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(faults.serving(behaviour, f"127.66.0.{number}"))
            for number, (name, behaviour) in enumerate(BEHAVIOURS.items(), 1)
        }


def test_all_faults_at_once(tmp_path: Path) -> None:
    """Every fault is a target of one scan, and none of them changes what is said of another."""
    patient = msgspec.structs.replace(SHORT, tls_s=3.0, answer_s=2.5, body_s=2.5, exchange_s=20.0)
    with in_thread(serving_all()) as all_served:
        targets = {name: target_of(BEHAVIOURS[name], served) for name, served in all_served.items()}
        assert len(targets) > JUDGED_HERE  # so that the judge works beside the collector, in a process of its own
        hosts = {target.id: all_served[name].address for name, target in targets.items()}
        with scanned(tmp_path, list(targets.values()), hosts=hosts, profile=hasty(patient)) as scan:
            records = {record.id for record in scan.journal.targets()}
            assert records == {target.id for target in targets.values()}
            said = {name: scan.said(target.id) for name, target in targets.items()}
            wrong = {
                name: {check: (lines, said[name].get(check)) for check, lines in expected.items()}
                for name, expected in EXPECTED.items()
                if {check: said[name].get(check) for check in expected} != expected
            }
            assert wrong == {}
            for target in targets.values():
                checks = [it.check for it in scan.findings(target.id) if it.subject.kind == "service"]
                assert sorted(checks) == sorted(discover())
            assert not [it for it in scan.findings() if it.state is State.ERROR]
            assert scan.connected == {(served.address, served.port) for served in all_served.values()}
