"""A network of its own to scan in, with everything outside of the scope reachable: run inside a network namespace.

    unshare --net python tests/hostile_network.py targets.toml ARGUMENTS-OF-SCAN...

Every address of `ADDRESSES` is this machine's, and answers on ports 80 and 443; all others have a route, to a neighbour
that is never heard from again. The last line on standard output is what happened, as JSON: the exit code of the scan, what
it said, and every IP packet that was seen on any interface, as [source, destination, protocol]; who was asked over HTTP.
"""

import asyncio
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.rrset
import faults

ROOT = Path(__file__).parents[1]
RESOLVER, OWN, BESIDE = "192.0.2.53", "9.9.9.10", "9.9.9.11"
OUTSIDE, PRIVATE, METADATA = "9.9.9.99", "10.0.0.1", "169.254.169.254"
ADDRESSES = (RESOLVER, OWN, BESIDE, OUTSIDE, PRIVATE, METADATA, "2620:fe::10", "fd00:ec2::254")
SCANNER = "198.51.100.1"
"""The address this machine has on its only way out."""
NEIGHBOUR, NEIGHBOUR6 = "198.51.100.254", "2001:db8::254"
HOUSEKEEPING = frozenset({130, 131, 132, 133, 134, 135, 136, 143})
"""ICMPv6 by which a kernel keeps house on a link: multicast listeners, router and neighbour discovery (RFC 4861, 3810)."""

Answers = Mapping[str, Sequence[str]]
NAMES: Mapping[str, Sequence[Answers]] = {
    # Redirects: the service itself is inside.
    **{
        name: [{"A": [OWN], "AAAA": ["2620:fe::10"]}]
        for name in ("plain", "decimal", "userinfo", "by-name", "meta", "meta-mapped", "port", "good", "to-trap")
    },
    "beside": [{"A": [BESIDE]}],
    # Name servers that lead astray; what stands second is what is answered the second time.
    "trap": [{"A": [METADATA], "AAAA": ["fd00:ec2::254"]}],
    "alias": [{"CNAME": ["host.outside.test"], "A": [METADATA]}],
    "alias-private": [{"CNAME": ["host.outside.test"], "A": [PRIVATE]}],
    "mapped": [{"AAAA": [f"::ffff:{PRIVATE}", f"::ffff:{METADATA}"]}],
    "translated": [{"AAAA": [f"64:ff9b::{METADATA}", "2002:a9fe:a9fe::1"]}],
    "rebound": [{"A": [OWN]}, {"A": [PRIVATE]}, {"A": [METADATA]}],
    "half": [{"A": [OWN], "AAAA": [f"::ffff:{METADATA}"]}],
}
LEADS = {
    "plain": f"https://{OUTSIDE}/",
    "decimal": "https://151587171/",  # the same
    "userinfo": f"https://good.fault.test@{OUTSIDE}/",
    "by-name": "https://www.outside.test/",
    "meta": f"http://{METADATA}/latest/meta-data/",
    "meta-mapped": "https://[::ffff:a9fe:a9fe]/",
    "port": "https://port.fault.test:8443/",
    "to-trap": "https://trap.fault.test/",
    "good": "https://beside.fault.test/",
    "rebound": "https://rebound.fault.test/again",
}


def lay_out() -> None:
    """Interfaces, addresses and routes."""
    for line in (
        "link set lo up",
        "link add out0 type veth peer name out1",
        "link set out1 up",
        "link set out0 up",
        f"addr add {SCANNER}/24 dev out0",
        "addr add 2001:db8::1/64 dev out0 nodad",
        *(
            f"addr add {address} dev lo nodad" if ":" in address else f"addr add {address} dev lo"
            for address in ADDRESSES
        ),
        f"neigh add {NEIGHBOUR} lladdr 02:00:00:00:00:01 dev out0 nud permanent",
        f"neigh add {NEIGHBOUR6} lladdr 02:00:00:00:00:01 dev out0 nud permanent",
        f"route add default via {NEIGHBOUR}",
        f"-6 route add default via {NEIGHBOUR6} dev out0",
    ):
        subprocess.run(["ip", *line.split()], check=True, stdin=subprocess.DEVNULL)


class Capture:
    """Every IP packet on every interface, until it is closed."""

    def __init__(self) -> None:
        self.packets: set[tuple[str, str, str]] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))  # ETH_P_ALL
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024 * 1024)
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                packet, (_, protocol, *_) = self._socket.recvfrom(65535)
            except TimeoutError:
                if self._over.is_set():
                    return
                continue
            if protocol == 0x0800:
                source, destination = (socket.inet_ntop(socket.AF_INET, packet[at : at + 4]) for at in (12, 16))
                self.packets.add((source, destination, str(packet[9])))
            elif protocol == 0x86DD:
                source, destination = (socket.inet_ntop(socket.AF_INET6, packet[at : at + 16]) for at in (8, 24))
                # Multicast listener reports carry a hop-by-hop header before their ICMPv6 header.
                kind = packet[48] if packet[6] == 0 else packet[40] if packet[6] == 58 else None
                if kind not in HOUSEKEEPING:
                    self.packets.add((source, destination, str(packet[6])))

    def close(self) -> list[tuple[str, str, str]]:
        """Stop; all that was seen, and an error when the kernel had to drop some."""
        self._over.set()
        self._thread.join()
        _, dropped = struct.unpack("II", self._socket.getsockopt(263, 6, 8))  # SOL_PACKET, PACKET_STATISTICS
        self._socket.close()
        if dropped:
            raise RuntimeError(f"{dropped} packets were not seen")
        return sorted(self.packets)


class Resolver(asyncio.DatagramProtocol):
    """Answers for every name, each time with what comes next."""

    def __init__(self) -> None:
        self._asked: Counter[tuple[str, str]] = Counter()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is no subclass of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        owner, rdtype = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        host = owner.to_text(omit_final_dot=True)
        turns = NAMES[host.removesuffix(".fault.test")] if host.endswith(".fault.test") else [{"A": [OUTSIDE]}]
        answers = turns[min(self._asked[host, rdtype], len(turns) - 1)]
        self._asked[host, rdtype] += 1
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        for alias in answers.get("CNAME", ()):
            response.answer.append(faults.alias_record(owner, dns.name.from_text(alias)))
            owner = dns.name.from_text(alias)
        if texts := answers.get(rdtype):
            response.answer.append(dns.rrset.from_text(owner, 0, "IN", rdtype, *texts))
        assert self._transport is not None
        self._transport.sendto(response.to_wire(), addr)


class Web:
    """Answers on every address, on both ports; leads from plain to secured, and from there to where LEADS says."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        """By the address that was asked."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address, port, *_ = writer.get_extra_info("sockname")
        self.asked[address] += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            host = head.partition("\r\nhost: ")[2].partition("\r\n")[0]
            path = head.split(" ")[1]
            label = host.removesuffix(".fault.test")
            location = (
                f"https://{host}/" if port == 80 and label in NAMES else LEADS.get(label) if path == "/" else None
            )
            writer.write(
                faults.whole()
                if location is None
                else faults.whole(f"Location: {location}".encode(), status=b"302 Found")
            )
            await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def listen(self) -> None:
        """On both ports, for both families."""
        for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            for port in (80, 443, 8443):
                context: ssl.SSLContext | None = None if port == 80 else faults.server_context()
                await asyncio.start_server(self.serve, everywhere, port, family=family, ssl=context, backlog=256)


async def scan_inside(arguments: Sequence[str]) -> dict[str, object]:
    """Serve, capture, and scan with the real command."""
    web = Web()
    await web.listen()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Resolver, local_addr=(RESOLVER, 53))
    capture = Capture()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scanner",
        "scan",
        *arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.defpath, "HOME": str(Path.cwd()), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
    )
    out, err = await process.communicate()
    return {
        "code": process.returncode,
        "out": out.decode(),
        "err": err.decode(),
        "packets": capture.close(),
        "asked": web.asked,
    }


if __name__ == "__main__":
    lay_out()
    Path("ca.pem").write_text(faults.ca_pem(), "ascii")
    print(json.dumps(asyncio.run(scan_inside(sys.argv[1:]))))  # noqa: T201 - what the test reads
