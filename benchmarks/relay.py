"""A relay on loopback that holds back everything for a while, in each direction: distance, on a machine that has none.

It stands in a process of its own, at an address of its own for each service, and passes octets on unread. TCP connections
to it stand at once, for the kernel makes them; what is said on them, and their end, takes the delay each way.
"""

import asyncio
import contextlib
import multiprocessing
import os
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

BACKLOG = 64
START_SECONDS = 60.0

Way = tuple[str, str, int]
"""The relay's address, the service's, and the port, which is the same at both."""


@contextlib.contextmanager
def relaying(ways: Sequence[Way], delay_s: float) -> Iterator[int]:
    """Relay until the block ends; yields the id of the process that does."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(ways, delay_s, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(START_SECONDS) or ours.recv() != "ready" or process.pid is None:
            raise RuntimeError("the relay did not start")
        yield process.pid
    finally:
        process.kill()
        process.join()


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(ways: Sequence[Way], delay_s: float, ready: Connection) -> None:
    asyncio.run(_relay(ways, delay_s, ready))


async def _relay(ways: Sequence[Way], delay_s: float, ready: Connection) -> None:
    loop = asyncio.get_running_loop()
    for address, service, port in ways:
        listener = socket.create_server((address, port), backlog=BACKLOG)
        await loop.create_server(lambda to=(service, port): Near(to, delay_s), sock=listener)  # type: ignore[misc]
    ready.send("ready")
    await asyncio.Event().wait()


class Half(asyncio.Protocol):
    """One side of a connection; what arrives here leaves at the other side, later and in order."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.other: Half | None = None
        self.transport: asyncio.Transport | None = None
        self._late: deque[bytes] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._hold(data)

    def eof_received(self) -> bool:
        """Called by the event loop; the other direction goes on."""
        self._hold(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - what the event loop calls it with
        """Called by the event loop."""
        asyncio.get_running_loop().call_later(self.delay_s, self._end)

    def _hold(self, data: bytes) -> None:
        self._late.append(data)
        asyncio.get_running_loop().call_later(self.delay_s, self._pass_on)

    def _pass_on(self) -> None:
        data = self._late.popleft()
        if self.other is None or (out := self.other.transport) is None or out.is_closing():
            return  # there is nobody any more
        if data:
            out.write(data)
        elif out.can_write_eof():
            with contextlib.suppress(OSError):  # it was reset meanwhile
                out.write_eof()

    def _end(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Near(Half):
    """The side of whoever connects to the relay."""

    def __init__(self, to: tuple[str, int], delay_s: float) -> None:
        super().__init__(delay_s)
        self._to = to

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop; nothing is read before there is somewhere to pass it on to."""
        super().connection_made(transport)
        cast("asyncio.Transport", transport).pause_reading()
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        assert self.transport is not None
        try:
            _, far = await asyncio.get_running_loop().create_connection(lambda: Half(self.delay_s), *self._to)
        except OSError:
            self.transport.abort()
            return
        self.other, far.other = far, self
        self.transport.resume_reading()
