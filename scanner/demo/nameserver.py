"""A small authoritative name server (RFC 1035) over UDP and TCP, for one zone.

`NameServer.respond` is pure: bytes of a query in, bytes of a response out. Unlike most test servers it keeps
the parts of the protocol that a resolver leans on: the SOA beside NXDOMAIN and NODATA (RFC 2308), CNAMEs
followed inside the zone, truncation, EDNS version 0 (RFC 6891), and REFUSED for what is not its own.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
import msgspec

from scanner.demo.services import accept_connections

UDP_PAYLOAD_BYTES = 1232
IDLE_S = 15.0
MAX_QUERIES = 100


class NameServer(msgspec.Struct, frozen=True):
    """The zone (absolute names) and the names, with all below them, that it fails to answer for."""

    zone: dns.zone.Zone
    failing: frozenset[dns.name.Name] = frozenset()

    def respond(self, wire: bytes, *, over_udp: bool) -> bytes | None:
        """The response to `wire`, or None for what must not be answered: responses and scraps of a header."""
        if len(wire) < 12 or wire[2] & 0x80:
            return None
        if (wire[2] >> 3) & 0xF != dns.opcode.QUERY:
            return _bare_header(wire, dns.rcode.NOTIMP)
        try:
            query = dns.message.from_wire(wire)
            if len(query.question) != 1:
                return _bare_header(wire, dns.rcode.FORMERR)
            response = self._response_to(query)
        except dns.exception.DNSException:
            return _bare_header(wire, dns.rcode.FORMERR)
        if not over_udp:
            return response.to_wire(max_size=65535)
        limit = min(max(query.payload, 512), UDP_PAYLOAD_BYTES)
        return response.to_wire(max_size=limit, prefer_truncation=True)

    def _response_to(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query, our_payload=UDP_PAYLOAD_BYTES)
        if query.edns >= 0:
            # The DO bit is copied even by a server without signatures (RFC 3225 3).
            wants_dnssec = query.ednsflags & dns.flags.DO
            response.use_edns(0, wants_dnssec, UDP_PAYLOAD_BYTES, request_payload=query.payload)
        if query.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
            return response
        question = query.question[0]
        origin = self.zone.origin
        if (
            origin is None
            or dns.rdatatype.is_metatype(question.rdtype)  # AXFR, IXFR, ANY, OPT
            or question.rdclass != dns.rdataclass.IN
            or not question.name.is_subdomain(origin)
        ):
            response.set_rcode(dns.rcode.REFUSED)
        elif any(question.name.is_subdomain(name) for name in self.failing):
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            response.flags |= dns.flags.AA
            self._look_up(question.name, question.rdtype, origin, response)
        return response

    def _look_up(
        self,
        name: dns.name.Name,
        rdtype: dns.rdatatype.RdataType,
        origin: dns.name.Name,
        response: dns.message.Message,
    ) -> None:
        """Fill `response` for `name`, following CNAMEs until one leaves the zone or closes a loop."""
        passed: set[dns.name.Name] = set()
        while name not in passed and name.is_subdomain(origin):
            passed.add(name)
            rrset = self.zone.get_rrset(name, rdtype)
            if rrset is not None:
                response.answer.append(rrset)
                return
            alias = self.zone.get_rrset(name, dns.rdatatype.CNAME)
            if alias is None:
                if not any(owner.is_subdomain(name) for owner in self.zone):
                    response.set_rcode(dns.rcode.NXDOMAIN)
                response.authority.append(self._negative_soa(origin))
                return
            response.answer.append(alias)
            name = alias[0].target

    def _negative_soa(self, origin: dns.name.Name) -> dns.rrset.RRset:
        """The SOA as a negative answer carries it: TTL the lesser of its own and MINIMUM (RFC 2308 3)."""
        soa = self.zone.find_rrset(origin, dns.rdatatype.SOA)
        soa.update_ttl(soa[0].minimum)
        return soa


def _bare_header(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """A response of a header alone: the query's id, opcode and RD, and `rcode`."""
    flags = dns.flags.QR | (wire[2] << 8 & 0x7900) | rcode
    return wire[:2] + struct.pack("!5H", flags, 0, 0, 0, 0)


async def serve_udp(sock: socket.socket, server: NameServer) -> None:
    """Answer datagrams on `sock` until cancelled; the socket is closed with it."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(server), sock=sock)
    try:
        await asyncio.Event().wait()
    finally:
        transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer on."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one query with at most one datagram."""
        response = self._server.respond(data, over_udp=True)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


async def serve_tcp(listener: socket.socket, server: NameServer) -> None:
    """Answer queries on `listener`, each with its two-byte length (RFC 1035 4.2.2), until cancelled."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            for _ in range(MAX_QUERIES):
                async with asyncio.timeout(IDLE_S):
                    (length,) = struct.unpack("!H", await reader.readexactly(2))
                    response = server.respond(await reader.readexactly(length), over_udp=False)
                if response is None:
                    return
                writer.write(struct.pack("!H", len(response)) + response)
                await writer.drain()

    await accept_connections(listener, converse)
