"""HTTP/3 through the real engine: nginx names it in Alt-Svc, and servers of QUIC are behind that or are not."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pki
import pytest
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from scanned import hasty, scanned, web_target
from tls_servers import ADDRESS, DAY, HOST, NOW, entity, nginx

from scanner.findings import State
from scanner.observations.steps import Replay
from scanner.observations.tls_quic import QuicHandshake, QuicTried
from scanner.profiles import Timeouts
from scanner.registry import discover

pytestmark = pytest.mark.system("nginx")

READY_S = 30.0
TIMEOUTS = Timeouts(dns_s=2, connect_s=10, tls_s=3, answer_s=10, body_s=10, exchange_s=20, target_s=80)


@contextlib.contextmanager
def quic_server(*certificates: pki.Entity) -> Iterator[tuple[int, ...]]:
    """Real servers of HTTP/3's handshake in a thread, one a certificate: their ports."""
    ports: list[int] = []
    ready, over = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loops.append(loop)
        servers: list[QuicServer] = []
        for own in certificates:
            configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
            configuration.certificate, configuration.private_key = own.certificate, own.key

            def make(configuration: QuicConfiguration = configuration) -> QuicServer:
                servers.append(QuicServer(configuration=configuration))
                return servers[-1]

            transport, _ = await loop.create_datagram_endpoint(make, local_addr=(ADDRESS, 0))
            ports.append(transport.get_extra_info("sockname")[1])
        ready.set()
        await over.wait()
        for it in servers:
            it.close()
        await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(READY_S)
        yield tuple(ports)
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(READY_S)


def test_what_is_said_of_services_with_http3_and_without(tmp_path: Path) -> None:
    renewed = pki.leaf(None, (HOST, "*.fault.test"), not_before=NOW - DAY, not_after=NOW + 9 * DAY)
    alien = pki.leaf(None, (HOST,), not_before=NOW - DAY, not_after=NOW + 9 * DAY)
    with quic_server(entity("ec"), renewed, alien) as (same, other, foreign):
        offers = [f"""add_header Alt-Svc 'h3=":{port}"; ma=60' always;""" for port in (same, other, foreign)]
        with nginx(
            tmp_path, *offers, "", """add_header Alt-Svc 'h3="cdn.fault.test:443"' always;""", kinds=("ec",)
        ) as ports:
            names = ("same", "other", "foreign", "without", "elsewhere")
            targets = [web_target(name, port) for name, port in zip(names, ports, strict=True)]
            with scanned(
                tmp_path,
                targets,
                hosts=dict.fromkeys(names, ADDRESS),
                profile=hasty(TIMEOUTS),
                checks=[discover()["tls.quic"]],
            ) as finished:
                said = {name: finished.said(name)["tls.quic"] for name in names}
                (seen,) = finished.observations("same", QuicTried)
                (record,) = (it for it in finished.journal.targets() if it.id == "same")
                (passed,) = finished.findings("same")
    assert said == {
        "same": ("pass works",),
        "other": ("fail other_leaf", "pass works"),
        "foreign": ("fail other_name", "pass works"),
        "without": ("not_applicable not_offered",),
        "elsewhere": ("not_applicable elsewhere",),
    }
    assert isinstance(seen.handshake, QuicHandshake)
    assert {(it.address, it.port) for it in record.contacted} == {(ADDRESS, ports[0]), (ADDRESS, same)}
    assert (passed.state, passed.replay) == (State.PASS, Replay.ATTESTED)
