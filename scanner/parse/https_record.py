"""HTTPS records in presentation form (RFC 9460 2.1): `1 . alpn="h2,h3" ech="AEX..."`."""

import base64
import binascii
import re
from typing import Final

from msgspec import Struct

MAX_TEXT_CHARS: Final = 65_536

_HEAD = re.compile(r"(\d{1,5})\s+(\S{1,1024})(?:\s+|$)")
_PARAMETER = re.compile(r'([a-z0-9-]{1,63})(?:="((?:[^"\\]|\\.)*)"|=([^\s"]*))?(?:\s+|$)')
_ESCAPE = re.compile(r"\\(\d{3}|.)")


class HttpsRecord(Struct, frozen=True):
    """One record. Priority 0 is an alias, whose `target` has the records; "." is the owner itself. `ech` None: not there.

    `port` None: that of the service.
    """

    priority: int
    target: str
    alpn: tuple[str, ...] = ()
    no_default_alpn: bool = False
    ech: bytes | None = None
    port: int | None = None


def parse_https_record(text: str) -> HttpsRecord:
    """The record that a text stands for. Raises ValueError for what is none; unknown parameters are passed over."""
    head = _HEAD.match(text[:MAX_TEXT_CHARS])
    if head is None:
        raise ValueError("an HTTPS record begins with a priority and a name")
    found: dict[str, str] = {}
    at = head.end()
    while at < len(text):
        parameter = _PARAMETER.match(text, at)
        if parameter is None:
            raise ValueError(f"what stands at character {at + 1} is no parameter")
        name, quoted, plain = parameter.groups()
        found.setdefault(name, quoted if quoted is not None else plain or "")
        at = parameter.end()
    return HttpsRecord(
        priority=int(head[1]),
        target=head[2].rstrip(".").lower() or ".",
        alpn=tuple(_protocols(found.get("alpn", ""))),
        no_default_alpn="no-default-alpn" in found,
        ech=_base64(found["ech"]) if "ech" in found else None,
        port=_port(found["port"]) if "port" in found else None,
    )


def _protocols(value: str) -> list[str]:
    """A comma that belongs to a name is escaped twice, once for the list and once for the text (RFC 9460 appendix A.1)."""
    names: list[str] = [""]
    text = _ESCAPE.sub(_meant, value)
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            names[-1] += text[at + 1]
            at += 2
        elif text[at] == ",":
            names.append("")
            at += 1
        else:
            names[-1] += text[at]
            at += 1
    return [it for it in names if it]


def _meant(escape: re.Match[str]) -> str:
    return chr(int(escape[1])) if len(escape[1]) == 3 else escape[1]


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value[:6]) < 65_536):
        raise ValueError("the value of port is no port")
    return int(value)


def _base64(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the value of ech is no base64: {error}") from error
