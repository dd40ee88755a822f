"""Octets to and from a service for a probe that is no HTTP exchange: over TCP, or over TLS on top of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Protocol

from scanner.network import Deadline, NetworkError
from scanner.observations.endpoint import Endpoint
from scanner.observations.steps import Reason
from scanner.probes.probe import Laboratory

__all__ = ["NetworkError", "Stream", "connected", "read_line"]


class Stream(Protocol):
    """A connection in both directions; its errors are NetworkError."""

    def send(self, data: bytes) -> None:
        """Queue octets for sending. Raises NetworkError."""

    async def receive(self) -> bytes:
        """Whatever has arrived, at least one octet; `b""` at the end of the stream. Raises NetworkError."""


@asynccontextmanager
async def connected(
    lab: Laboratory, endpoint: Endpoint, *, tls: bool = False, begun: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[Stream, Deadline]]:
    """A connection through the gate, charged to the target's budget, and the deadline of its phases.

    `begun` is called when its turn has come: take the time there, for what was waited before is not the target's. With
    `tls` the handshake is done, and nothing of it verified. Raises NetworkError.
    """
    async with lab.gate.connection(endpoint, lab.budget, begun) as (connection, deadline, _):
        if not tls:
            yield connection, deadline
            return
        from scanner.probes.tls.stream import TlsStream  # OpenSSL is imported when somebody first speaks TLS

        stream = TlsStream(connection, None if _is_address(endpoint.host) else endpoint.host)
        async with deadline.phase(lab.profile.timeouts.tls_s, "TLS handshake"):
            await stream.handshake(lab.profile.caps.handshake_bytes)
        try:
            yield stream, deadline
        finally:
            stream.close_notify()


async def read_line(stream: Stream, max_bytes: int) -> bytes:
    """The octets up to the first line feed, without the end of the line. Raises NetworkError: closed, too_large."""
    kept = b""
    while b"\n" not in kept:
        data = await stream.receive()
        if not data:
            raise NetworkError(Reason.CLOSED, f"the server closed the connection after {len(kept)} octets of a line")
        kept += data
        if len(kept) > max_bytes and b"\n" not in kept[:max_bytes]:
            raise NetworkError(Reason.TOO_LARGE, f"a line of more than {max_bytes} octets")
    return kept.partition(b"\n")[0].removesuffix(b"\r")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
