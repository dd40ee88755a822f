"""The text of a body, by the charset that its Content-Type names (RFC 9110 section 8.3.2)."""

import codecs
import re
from types import MappingProxyType
from typing import Final

DEFAULT_CHARSET: Final = "utf-8"

_CHARSET = re.compile(r";[ \t]*charset[ \t]*=[ \t]*(?:\"([^\"]{1,40})\"|([^\s;,\"]{1,40}))", re.IGNORECASE)

# Only these are decoded: a server must not choose among all of Python's codecs. Latin-1 and ASCII are read as
# windows-1252, as browsers do (WHATWG Encoding Standard).
_CODECS: Final = MappingProxyType(
    {
        **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
        **dict.fromkeys(("ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin1", "latin-1", "l1"), "cp1252"),
        **{f"windows-{number}": f"cp{number}" for number in range(1250, 1259)},
        **{f"iso-8859-{number}": f"iso8859-{number}" for number in (*range(2, 9), 10, 13, 14, 15, 16)},
        **dict.fromkeys(("utf-16", "utf-16le"), "utf-16-le"),
        "utf-16be": "utf-16-be",
        **dict.fromkeys(("gb2312", "gbk", "gb18030"), "gb18030"),
        **dict.fromkeys(("shift_jis", "shift-jis", "sjis"), "cp932"),
        **{name: name for name in ("big5", "euc-jp", "euc-kr", "koi8-r", "koi8-u")},
    }
)
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def text_of(octets: bytes, content_type: str | None) -> str:
    """The octets as text, what cannot be decoded replaced. A byte order mark counts more than the field, as in browsers."""
    for mark, codec in _MARKS:
        if octets.startswith(mark):
            return octets[len(mark) :].decode(codec, "replace")
    matched = _CHARSET.search(content_type or "")
    named = (matched[1] or matched[2]).strip().lower() if matched else DEFAULT_CHARSET
    return octets.decode(_CODECS.get(named, DEFAULT_CHARSET), "replace")
