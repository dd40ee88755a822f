"""Checks of whole handshakes through the real engine: nginx as it is set up, and HTTPS records of a name server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from faults import FaultyNameserver, in_thread
from scanned import Scanned, hasty, scanned, web_target
from tls_servers import ADDRESS, nginx

from scanner.observations.steps import Replay
from scanner.observations.tls_ech import EchTried
from scanner.observations.tls_sessions import TlsSessions
from scanner.profiles import Timeouts
from scanner.registry import discover

pytestmark = pytest.mark.system("nginx")

WHOLE = (
    "tls.session.resumption",
    "tls.session.tickets",
    "tls.earlydata",
    "tls.renegotiation",
    "tls.alpn",
    "tls.clientauth",
    "tls.ech",
)
PATIENT = Timeouts(dns_s=2, connect_s=10, tls_s=10, answer_s=10, body_s=10, exchange_s=20, target_s=80)


class Publishing(FaultyNameserver):
    """A name server with one address for every name, and an HTTPS record for some."""

    def __init__(self, records: Mapping[str, str]) -> None:
        super().__init__()
        self.records = records
        self.asked: list[str] = []

    def reply(self, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
        query = dns.message.from_wire(wire)
        name, rdtype = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        owner = name.to_text(omit_final_dot=True)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if rdtype == "A":
            response.answer.append(dns.rrset.from_text(name, 0, "IN", "A", ADDRESS))
        if rdtype == "HTTPS":
            self.asked.append(owner)
            if owner in self.records:
                response.answer.append(dns.rrset.from_text(name, 0, "IN", "HTTPS", self.records[owner]))
        return response.to_wire()


@contextmanager
def scan(directory: Path, ports: Mapping[str, int], records: Mapping[str, str] = {}) -> Iterator[Scanned]:
    """A scan of these names with the checks of whole handshakes."""
    checks = [check for name, check in discover().items() if name in WHOLE]
    targets = [web_target(name, port) for name, port in ports.items()]
    with (
        in_thread(Publishing(records)) as nameserver,
        scanned(directory, targets, nameserver=nameserver, profile=hasty(PATIENT), checks=checks) as finished,
    ):
        assert set(nameserver.asked) == {f"_{port}._https.{name}.fault.test" for name, port in ports.items()}
        yield finished


def test_what_is_said_of_nginx(tmp_path: Path) -> None:
    with nginx(
        tmp_path,
        "h2; ssl_protocols TLSv1.2 TLSv1.3; ssl_early_data on; ssl_session_cache shared:a:1m; ssl_session_timeout 8d;",
        "ssl_protocols TLSv1.2; ssl_session_tickets off; ssl_verify_client optional_no_ca;",
        "ssl_protocols TLSv1.3;",
    ) as (loud, quiet, new):
        announced = {f"_{new}._https.new.fault.test": '1 . alpn="h2,h3"'}
        with scan(tmp_path, {"loud": loud, "quiet": quiet, "new": new}, announced) as finished:
            said = {name: finished.said(name) for name in ("loud", "quiet", "new")}
            (seen,) = finished.observations("loud", TlsSessions)
            (tried,) = finished.observations("loud", EchTried)
    assert said["loud"] == {
        "tls.alpn": ("pass offered",),
        "tls.clientauth": ("pass not_asked",),
        "tls.earlydata": ("fail taken",),
        "tls.ech": ("not_applicable not_offered",),
        "tls.renegotiation": ("pass not_by_clients", "pass secure"),
        "tls.session.resumption": ("pass resumed",),
        "tls.session.tickets": ("fail long",),
    }
    assert said["quiet"] == {
        "tls.alpn": ("fail no_h2",),
        "tls.clientauth": ("fail asked",),
        "tls.earlydata": ("not_applicable nothing_to_resume",),
        "tls.ech": ("not_applicable not_offered",),
        "tls.renegotiation": ("pass not_by_clients", "pass secure"),
        "tls.session.resumption": ("fail none",),
        "tls.session.tickets": ("not_applicable no_tickets",),
    }
    assert said["new"]["tls.alpn"] == ("fail no_h2", "fail other_record")
    assert said["new"]["tls.renegotiation"] == ("not_applicable only_tls13",)
    assert (seen.replay, tried.replay) == (Replay.DECRYPTED, Replay.DERIVED)
