"""Signed certificate timestamps (RFC 6962 3.2 and 3.3): a log's promise to have published a certificate.

A list comes in one of three places: in the certificate, in an OCSP response, or in the TLS extension 18.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from scanner.parse.certificate import EMBEDDED_SCTS, Certificate, extension_value
from scanner.parse.der import OCTET_STRING, DerError, Reader

MAX_SCTS: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS: Final = int((datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) / timedelta(milliseconds=1))


class Sct(Struct, frozen=True):
    """One timestamp of version 1: the log's id (SHA-256 of its key) and the time. The signature is not checked here."""

    log_id: bytes
    at: datetime


class SctError(ValueError):
    """The bytes are no list of signed certificate timestamps."""


def parse_sct_list(data: bytes) -> tuple[Sct, ...]:
    """Read a list; timestamps of versions that nobody has defined yet are left out. Raises SctError."""
    whole, rest = _vector(data)
    if rest:
        raise SctError("data after the list")
    found: list[Sct] = []
    count = 0
    while whole:
        one, whole = _vector(whole)
        count += 1
        if count > MAX_SCTS:
            raise SctError(f"more than {MAX_SCTS} timestamps")
        if one[:1] == b"\0":
            found.append(_timestamp(one))
    return tuple(found)


def embedded_scts(certificate: Certificate) -> tuple[Sct, ...]:
    """The timestamps in a certificate, none when it has no such extension. Raises SctError."""
    value = extension_value(certificate, EMBEDDED_SCTS)
    return () if value is None else parse_sct_list(unwrapped(value))


def unwrapped(value: bytes) -> bytes:
    """The list in an extension of a certificate or an OCSP response, where an OCTET STRING is around it. Raises SctError."""
    reader = Reader(value, 0, len(value))
    try:
        content = reader.content(OCTET_STRING)
        reader.finish()
    except DerError as error:
        raise SctError(str(error)) from error
    return content


def _vector(data: bytes) -> tuple[bytes, bytes]:
    """An opaque vector with its length in two octets, and what follows it."""
    end = 2 + int.from_bytes(data[:2], "big")
    if len(data) < 2 or len(data) < end:
        raise SctError("the data ends too early")
    return data[2:end], data[end:]


def _timestamp(data: bytes) -> Sct:
    if len(data) < 41:
        raise SctError("a timestamp that ends too early")
    milliseconds = int.from_bytes(data[33:41], "big")
    if milliseconds > _LAST_MS:
        raise SctError("a time that does not exist")
    _, signed = _vector(data[41:])
    _, rest = _vector(signed[2:])
    if rest:
        raise SctError("data after a timestamp")
    return Sct(data[1:33], _EPOCH + timedelta(milliseconds=milliseconds))
