"""What a sweep offers: every suite, group and signature scheme, and in which order.

Likely ones come first; against the order of a server where it is to be seen whose order counts. ChaCha20 never stands first
while something else is left: servers that put it first for clients which do so (OpenSSL's PRIORITIZE_CHACHA, Go, BoringSSL)
would look as if they followed the client.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from scanner.probes.tls.answers import FINITE_FIELD_GROUPS
from scanner.probes.tls.code_points import SSL2, TLS12, TLS13, groups_of, signature_schemes_of, suites_of

SHIELD: Final = 0x1301
"""Known to every library of today and taken by none below TLS 1.3: it stands first where ChaCha20 would."""
CHACHA: Final = frozenset({0x1303, *range(0xCCA8, 0xCCAF), 0xCC13, 0xCC14, 0xCC15})

COMMON: Final = (
    *(0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0x009E, 0x009F, 0xCCAA, 0xC023, 0xC027, 0xC024, 0xC028),
    *(0xC009, 0xC013, 0xC00A, 0xC014, 0x0067, 0x006B, 0x0033, 0x0039, 0x009C, 0x009D, 0x003C, 0x003D, 0x002F, 0x0035),
    *(0xC008, 0xC012, 0x0016, 0x000A, 0xC007, 0xC011, 0x0005, 0x0004, 0x0088, 0x0045, 0x0084, 0x0041, 0x0009, 0x0015),
    *(0x0003, 0x0006, 0x0008, 0x0014, 0x0062, 0x0064, 0x0001, 0x0002, 0x003B, 0x0018, 0x0034, 0x003A, 0x0096, 0x0013),
    *(0x0038, 0x0032, 0xC0AC, 0xC0AD, 0xC09C, 0xC09D, 0xC09E, 0xC09F, 0xC004, 0xC005, 0xC00E, 0xC00F),
)
"""Suites that servers are likely to have; they come first, and alone where a long list is too much for a server."""
OLD_SUITES: Final = (0x002F, 0x0035, 0x000A, 0x0005, 0x0004, 0x0033, 0x0039, 0x0016, 0xC013, 0xC014, 0x0009)
SUITES13: Final = (0x1302, 0x1301, 0x1303, 0x1304, 0x1305)
COMMON_GROUPS: Final = (29, 23, 24, 25, 30, 0x11EC, 0x11EB, 0x11ED, *sorted(FINITE_FIELD_GROUPS))
COMMON_SCHEMES: Final = (
    *(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B),
    *(0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602, 0x0203, 0x0201, 0x0202, 0x0103, 0x0101, 0x0102),
)

GREASE_SUITE: Final = 0x1A1A
GREASE_GROUP: Final = 0x2A2A
GREASE_VERSION: Final = 0x3A3A
GREASE_EXTENSION: Final = 0x4A4A


@lru_cache(maxsize=8)
def all_suites(version: int) -> tuple[int, ...]:
    """Every suite that is asked for at a version, likely ones first; of SSLv2 the cipher kinds."""
    return _first(SUITES13 if version == TLS13 else COMMON if version > SSL2 else (), suites_of(version))


@lru_cache(maxsize=8)
def all_groups(version: int) -> tuple[int, ...]:
    """Every group that is asked for at a version, likely ones first."""
    return _first(COMMON_GROUPS, groups_of(version))


@lru_cache(maxsize=1)
def all_schemes() -> tuple[int, ...]:
    """Every signature scheme that is asked for, likely ones first."""
    return _first(COMMON_SCHEMES, sorted({*signature_schemes_of(TLS12), *signature_schemes_of(TLS13)}))


def _first(likely: Sequence[int], known: Sequence[int]) -> tuple[int, ...]:
    """What is known, with the likely ones first."""
    among = set(known)
    return (*(it for it in likely if it in among), *(it for it in known if it not in set(likely)))


@lru_cache(maxsize=1024)
def shielded(version: int, suites: tuple[int, ...]) -> tuple[int, ...]:
    """The suites with something that is not ChaCha20 first."""
    return (SHIELD, *suites) if version == TLS12 else suites


def contrary(version: int, ranked: Sequence[int], refused: Iterable[int]) -> tuple[int, ...]:
    """The suites so ordered that a server with an order of its own takes the first of `ranked`, and one without does not."""
    found = tuple(ranked[::-1])
    if version == TLS12:
        return (SHIELD, *found)
    if version != TLS13 or len(found) < 2 or found[0] not in CHACHA:
        return found
    for it in found[1:-1]:  # another that is not the server's own first
        if it not in CHACHA:
            return (it, *(other for other in found if other != it))
    shield = next((it for it in (0x1301, 0x1302) if it in set(refused)), None)
    return found if shield is None else (shield, *found)
