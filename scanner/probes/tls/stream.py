"""One whole TLS handshake over a connection of the gate, through OpenSSL's memory BIOs.

The context accepts what old servers speak (TLS 1.0, SHA-1, small keys, no RFC 5746) because the scanner is there to see
them, and verifies nothing: judging the chain is a check's work, on the certificates as they were sent.
"""

import asyncio
from functools import cache

from OpenSSL import SSL, crypto

from scanner.network import Connection, NetworkError
from scanner.observations.http import Handshake
from scanner.observations.steps import Reason

CIPHERS = b"ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0"
ALPN_PROTOCOLS = (b"http/1.1",)
READ_BYTES = 65_536
MAX_CHAIN_CERTIFICATES = 65
"""One more than a path is looked for in, so that a longer chain is known to be one."""
MAX_STAPLE_BYTES = 65_536
MAX_SILENT_BYTES = 262_144
"""Tickets, key updates and empty records read while waiting for content."""

RECORD_HEADER_BYTES = 5
MAX_RECORD_BYTES = 16_384 + 2_048

_ALERTS_WITHOUT_THE_WORD = frozenset(
    {
        "tlsv1 bad certificate hash value",
        "tlsv1 bad certificate status response",
        "tlsv1 certificate unobtainable",
        "tlsv1 unrecognized name",
        "tlsv1 unsupported extension",
    }
)
"""What OpenSSL calls the alerts of RFC 6066 when they arrive; its other names for alerts say `alert`."""

_NOT_TLS = (
    "wrong version number",
    "packet length too long",
    "http request",
    "https proxy request",
    "unknown protocol",
    "record layer failure",
    "invalid record",
    "bad record type",
    "not tls",
)


@cache
def _context() -> SSL.Context:
    """The one context of this process: building it costs more than a handshake."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT | SSL.OP_IGNORE_UNEXPECTED_EOF | SSL.OP_NO_COMPRESSION)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_alpn_protos(list(ALPN_PROTOCOLS))
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_ocsp_client_callback(_keep_staple)
    return context


def _keep_staple(connection: SSL.Connection, staple: bytes, data: object) -> bool:  # noqa: ARG001 - fixed by pyOpenSSL
    kept = connection.get_app_data()
    if isinstance(kept, list) and staple:
        kept.append(bytes(staple[:MAX_STAPLE_BYTES]))
    return True


class TlsStream:
    """A TLS client on a gate connection; errors are NetworkError, the end of the stream is `b""`."""

    def __init__(self, connection: Connection, sni: str | None) -> None:
        self._wire = connection
        self._sni = sni
        self._staple: list[bytes] = []
        self._first_octets = b""
        self._tls = SSL.Connection(_context(), None)
        self._tls.set_app_data(self._staple)
        self._tls.set_connect_state()
        self._tls.request_ocsp()
        if sni is not None:
            self._tls.set_tlsext_host_name(sni.encode("ascii"))

    async def handshake(self, max_bytes: int) -> Handshake:
        """Shake hands, reading at most `max_bytes`. Raises NetworkError."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        received = 0
        while True:
            try:
                self._tls.do_handshake()
                break
            except SSL.WantReadError:
                self._flush()
                data = await self._wire.receive()
                received += len(data)
                if not data:
                    where = "before its first octet" if received == 0 else f"after {received} octets of the handshake"
                    raise NetworkError(Reason.CLOSED, f"the server closed the connection {where}") from None
                if received > max_bytes:
                    raise NetworkError(Reason.TOO_LARGE, f"the handshake is longer than {max_bytes} bytes") from None
                self._first_octets += data[: RECORD_HEADER_BYTES - len(self._first_octets)]
                self._tls.bio_write(data)
            except SSL.Error as error:
                self._flush()
                raise self._as_network_error(error) from error
        self._flush()
        return self._describe((loop.time() - started) * 1000)

    def chain(self) -> tuple[bytes, ...]:
        """The certificates the server has sent so far, in its order, DER; also when the handshake failed later."""
        return tuple(
            crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)
            for certificate in (self._tls.get_peer_cert_chain() or [])[:MAX_CHAIN_CERTIFICATES]
        )

    def _describe(self, took_ms: float) -> Handshake:
        return Handshake(
            version=self._tls.get_protocol_version_name(),
            cipher=self._tls.get_cipher_name() or "",
            group=self._tls.get_group_name(),
            alpn=self._tls.get_alpn_proto_negotiated().decode("ascii", "replace") or None,
            chain=self.chain(),
            staple=self._staple[0] if self._staple else None,
            sni=self._sni,
            ms=took_ms,
        )

    async def receive(self) -> bytes:
        """Decrypted octets, at least one; `b""` at the end of the stream. Raises NetworkError."""
        silent = 0
        while True:
            try:
                return self._tls.recv(READ_BYTES)
            except SSL.WantReadError:
                self._flush()
                data = await self._wire.receive()
                if not data:
                    return b""
                silent += len(data)
                if silent > MAX_SILENT_BYTES:
                    raise NetworkError(Reason.TOO_LARGE, f"{silent} bytes of TLS records without any content") from None
                self._tls.bio_write(data)
            except SSL.ZeroReturnError:
                return b""
            except SSL.Error as error:
                raise self._as_network_error(error) from error

    def send(self, data: bytes) -> None:
        """Encrypt and queue. Raises NetworkError."""
        try:
            self._tls.sendall(data)
        except SSL.Error as error:
            raise self._as_network_error(error) from error
        self._flush()

    def close_notify(self) -> None:
        """Say that we are done, so that the server does not log a truncated stream."""
        try:
            self._tls.shutdown()
        except SSL.Error:
            return
        self._flush()

    def _flush(self) -> None:
        while True:
            try:
                self._wire.send(self._tls.bio_read(READ_BYTES))
            except SSL.WantReadError:
                return

    def _as_network_error(self, error: SSL.Error) -> NetworkError:
        """The reason behind an error; a server whose first octets were a TLS record speaks TLS, whatever went wrong later."""
        queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
        texts = [str(entry[2]) for entry in queue if isinstance(entry, tuple) and len(entry) >= 3]
        text = "; ".join(texts) or str(error) or "TLS failed"
        lowered = text.lower()
        if "alert" in lowered or lowered in _ALERTS_WITHOUT_THE_WORD:
            return NetworkError(Reason.TLS_ALERT, text)
        if any(sign in lowered for sign in _NOT_TLS) and not _is_record_header(self._first_octets):
            return NetworkError(Reason.NOT_TLS, text)
        return NetworkError(Reason.TLS_FAILED, text)


def _is_record_header(octets: bytes) -> bool:
    """Whether these are the beginning of a TLS record (RFC 8446 5.1): type, version 3.x, a length that is allowed."""
    known = len(octets) == RECORD_HEADER_BYTES and 20 <= octets[0] <= 24 and octets[1] == 3
    return known and int.from_bytes(octets[3:]) <= MAX_RECORD_BYTES
