"""Servers with one fault each: a sound TLS server of Python's own ssl module behind a proxy that misbehaves in one way.

The proxy reads the first flight of the client whole (but for `one_packet`), looks at it with the few lines of `Told`,
and does to the connection what its fault says. The faults are the behaviours that RFC 8701, RFC 7685 and tldr.fail tell
of, and those of boxes in front of servers: rate limits, resets for alerts, silence.
"""

import asyncio
import contextlib
import json
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

GREASE = {0x0A0A + 0x1010 * it for it in range(16)}
KNOWN_EXTENSIONS = {0, 1, 5, 10, 11, 13, 16, 18, 21, 22, 23, 35, 41, 42, 43, 44, 45, 47, 49, 50, 51, 65281, 13172}
VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


class Told:
    """What a ClientHello says, as far as the faults look; `tls` is false for what is none (SSLv2, text)."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.tls = len(octets) > 9 and octets[0] == 0x16 and octets[5] == 1
        self.version, self.suites, self.extensions = 0, [], {}
        if not self.tls:
            return
        message = self.message = self.joined(octets)
        self.version = int.from_bytes(message[4:6], "big")
        at = 38
        at += 1 + message[at]
        size = int.from_bytes(message[at : at + 2], "big")
        self.suites = list(struct.unpack(f">{size // 2}H", message[at + 2 : at + 2 + size]))
        at += 2 + size
        at += 1 + message[at]
        end = at + 2 + int.from_bytes(message[at : at + 2], "big") if at + 2 <= len(message) else at
        at += 2
        while at + 4 <= end:
            kind, size = struct.unpack(">HH", message[at : at + 4])
            self.extensions[kind] = message[at + 4 : at + 4 + size]
            at += 4 + size

    @staticmethod
    def joined(octets: bytes) -> bytes:
        """The handshake message out of its records."""
        message = b""
        while len(octets) >= 5:
            size = int.from_bytes(octets[3:5], "big")
            message += octets[5 : 5 + size]
            octets = octets[5 + size :]
        return message

    @property
    def groups(self) -> list[int]:
        body = self.extensions.get(10, b"")[2:]
        return list(struct.unpack(f">{len(body) // 2}H", body))

    @property
    def greases(self) -> bool:
        versions = self.extensions.get(43, b"")[1:]
        numbers = [*self.suites, *self.extensions, *self.groups]
        numbers += struct.unpack(f">{len(versions) // 2}H", versions[: len(versions) // 2 * 2])
        return any(it in GREASE for it in numbers)

    @property
    def speaks_13(self) -> bool:
        return 43 in self.extensions


class Fault:
    """One faulty server."""

    def __init__(self, row: dict) -> None:
        self.row, self.fault = row, row["fault"]
        self.count = 0
        self.asked: set[object] = set()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers(row.get("ciphers", "ECDHE+AESGCM") + ":@SECLEVEL=0")
        with contextlib.suppress(AttributeError):
            self.context.minimum_version = VERSIONS[row.get("versions", ["TLSv1.2"])[0]]
            self.context.maximum_version = VERSIONS[row.get("versions", ["TLSv1.3"])[-1]]
        for chain, key in row["chains"]:
            self.context.load_cert_chain(chain, key)
        self.backend: asyncio.Server | None = None

    def is_new(self, told: Told) -> bool:
        """Whether nobody asked this before, whatever the hello's length."""
        asked = (told.version, tuple(told.suites), tuple(told.groups))
        self.asked, before = {*self.asked, asked}, asked in self.asked
        return not before

    async def start(self, address: str) -> None:
        self.backend = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        await asyncio.start_server(self.accept, address, self.row["port"], backlog=64)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The sound server; asyncio's own would end a refused handshake without the alert."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                incoming.write(data)
                try:
                    if tls.read(4096):  # shakes hands first
                        tls.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
                except ssl.SSLWantReadError:
                    writer.write(outgoing.read())
                    continue
                except ssl.SSLError:
                    pass
                writer.write(outgoing.read())
                break
        writer.close()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            await self.handle(reader, writer)
        writer.close()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault == "one_packet":
            octets = await reader.read(1400)
            size = 5 + int.from_bytes(octets[3:5], "big")
            if octets[:1] == b"\x16" and len(octets) < size:
                return reset(writer)
        else:
            octets = await first_flight(reader)
        if not octets:
            return None  # looked whether the port is open
        self.count += 1
        told = Told(octets)
        before = BEFORE.get(self.fault)
        if before is not None and (ending := before(self, told)) is not None:
            return await ending(writer)
        port = self.backend.sockets[0].getsockname()[1]
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            inner_writer.write(octets)
            onward = asyncio.create_task(copied(reader, inner_writer))
            await AFTER.get(self.fault, plainly)(self, told, inner_reader, writer)
            onward.cancel()
        finally:
            inner_writer.close()


async def first_flight(reader: asyncio.StreamReader) -> bytes:
    """The first record(s) that hold a whole handshake message; whatever came for anything else."""
    octets = b""
    while True:
        more = await reader.read(65536)
        octets += more
        if not more or octets[:1] != b"\x16":
            return octets
        message = Told.joined(octets)
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return octets


async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
        writer.write_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))  # SO_LINGER of no time
    writer.transport.abort()


async def resets(writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def closes(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def hangs(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.TimeoutError, OSError):
        await asyncio.wait_for(writer.wait_closed(), 30)


def alerts(description: int) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def end(writer: asyncio.StreamWriter) -> None:
        writer.write(bytes([0x15, 3, 1, 0, 2, 2, description]))

    return end


async def says_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<h1>400</h1>")


async def is_mail(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.farm.test ESMTP\r\n")


BEFORE: dict[str, Callable[[Fault, Told], Callable[[asyncio.StreamWriter], Awaitable[None]] | None]] = {
    "intolerant_tls13": lambda fault, told: resets if told.speaks_13 else None,
    "intolerant_tls13_hangs": lambda fault, told: hangs if told.speaks_13 else None,
    "intolerant_version": lambda fault, told: alerts(70) if told.version > 0x0303 else None,
    "intolerant_grease": lambda fault, told: alerts(40) if told.greases else None,
    "intolerant_long_hello": lambda fault, told: hangs if 256 <= len(told.octets) - 5 <= 511 else None,
    "intolerant_many_suites": lambda fault, told: closes if len(told.suites) > 128 else None,
    "intolerant_extensions": lambda fault, told: (
        alerts(110) if set(told.extensions) - KNOWN_EXTENSIONS - GREASE else None
    ),
    "intolerant_sni": lambda fault, told: alerts(112) if told.tls and 0 not in told.extensions else None,
    "rate_limit_resets": lambda fault, told: resets if fault.count > fault.row["after"] else None,
    "rate_limit_hangs": lambda fault, told: hangs if fault.count > fault.row["after"] else None,
    "resets_sometimes": lambda fault, told: resets if fault.is_new(told) and fault.count % 3 == 0 else None,
    "is_http": lambda fault, told: says_http,
    "is_mail": lambda fault, told: is_mail,
    "is_silent": lambda fault, told: hangs,
    "closes_at_once": lambda fault, told: closes,
    "resets_at_once": lambda fault, told: resets,
    "refuses_all": lambda fault, told: alerts(40),
}


async def records(reader: asyncio.StreamReader):
    """What a server sends, record by record."""
    while True:
        try:
            header = await reader.readexactly(5)
            yield header, await reader.readexactly(int.from_bytes(header[3:5], "big"))
        except asyncio.IncompleteReadError:
            return


async def plainly(fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for header, body in records(reader):
        writer.write(header + body)


async def reset_for_alert(fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async for header, body in records(reader):
        if header[0] == 0x15:
            reset(writer)
            return
        writer.write(header + body)


async def silent_on_refusal(
    fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    async for header, body in records(reader):
        if header[0] == 0x15:
            await hangs(writer)
            return
        writer.write(header + body)


async def closes_without_alert(
    fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    async for header, body in records(reader):
        if header[0] == 0x15:
            return
        writer.write(header + body)


def altered(change: Callable[[Fault, Told, bytearray], None]):
    """A server whose ServerHello (never its HelloRetryRequest) is changed on the way."""

    async def proxy(fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
        async for header, body in records(reader):
            if header[0] == 0x16 and body[:1] == b"\x02" and body[6:38] != retry:
                changed = bytearray(body)
                change(fault, told, changed)
                body = bytes(changed)
            writer.write(header + body)

    return proxy


def same_random(fault: Fault, told: Told, body: bytearray) -> None:
    body[6:38] = bytes(range(32))


def no_sentinel(fault: Fault, told: Told, body: bytearray) -> None:
    if body[30:37] == b"DOWNGRD":
        body[30:38] = body[14:22]


def other_suite(fault: Fault, told: Told, body: bytearray) -> None:
    at = 39 + body[38]
    body[at : at + 2] = b"\xc0\x2f"


async def in_fragments(fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Handshake messages in records of seven octets."""
    async for header, body in records(reader):
        if header[0] != 0x16:
            writer.write(header + body)
            continue
        for at in range(0, len(body), 7):
            piece = body[at : at + 7]
            writer.write(header[:3] + len(piece).to_bytes(2, "big") + piece)


async def octet_by_octet(fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The first 40 octets one by one, each in a packet of its own."""
    sent = 0
    async for header, body in records(reader):
        octets = header + body
        while sent < 40 and octets:
            writer.write(octets[:1])
            octets = octets[1:]
            sent += 1
            await asyncio.sleep(0.0005)
        writer.write(octets)


async def warns_first(fault: Fault, told: Told, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A warning `unrecognized_name` before the ServerHello, as old servers send it (RFC 6066 3)."""
    writer.write(bytes([0x15, 3, 3, 0, 2, 1, 112]))
    await plainly(fault, told, reader, writer)


AFTER = {
    "reset_for_alert": reset_for_alert,
    "silent_on_refusal": silent_on_refusal,
    "closes_without_alert": closes_without_alert,
    "random_repeats": altered(same_random),
    "downgrade_sentinel_missing": altered(no_sentinel),
    "suite_not_offered": altered(other_suite),
    "in_fragments": in_fragments,
    "octet_by_octet": octet_by_octet,
    "warns_first": warns_first,
}


async def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    for row in config["rows"]:
        await Fault(row).start(config["address"])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
