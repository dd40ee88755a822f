"""What this machine is like, as far as a scan depends on it: clock, routes, folders, limits, what is installed.

Only looks: nothing is written, changed or sent. What this system does not tell is None, which is not the same as wrong.
"""

import ctypes
import os
import re
import sys
from datetime import date
from importlib import metadata, util
from pathlib import Path

import msgspec

IPV4_ROUTES = Path("/proc/net/route")
IPV6_ROUTES = Path("/proc/net/ipv6_route")
MAX_ROUTES_CHARS = 4_000_000
ROUTE_UP = 0x0001
ROUTE_REJECTS = 0x0200
MIB = 1024 * 1024
STA_UNSYNC = 0x0040
TIME_ERROR = 5


class KernelClock(msgspec.Struct, frozen=True):
    """What the kernel says of its clock (adjtimex(2)): whether something keeps it in step, and how far off it may be."""

    synchronised: bool
    most_off_s: float


class _Timex(ctypes.Structure):
    """`struct timex` of the C library, as far as it is read; the rest is room for what the kernel writes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 64),
    )


def kernel_clock() -> KernelClock | None:
    """The kernel's word about its clock; asked with `modes` 0, which only reads. None where it cannot be asked."""
    if not sys.platform.startswith("linux"):
        return None
    answer = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(answer))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    return KernelClock(state != TIME_ERROR and not answer.status & STA_UNSYNC, answer.maxerror / 1_000_000)


def default_routes(version: int) -> tuple[str, ...] | None:
    """The interfaces of the default routes of IPv4 or IPv6 in the main table; no packet is sent. None when not told."""
    path, read = (IPV4_ROUTES, ipv4_defaults) if version == 4 else (IPV6_ROUTES, ipv6_defaults)
    try:
        with path.open(encoding="ascii", errors="replace") as handle:
            return read(handle.read(MAX_ROUTES_CHARS))
    except FileNotFoundError:
        # A kernel without IPv6 has the one file and not the other.
        return () if version == 6 and IPV4_ROUTES.exists() else None
    except OSError:
        return None


def ipv4_defaults(text: str) -> tuple[str, ...]:
    """Interfaces of the default routes in the form of /proc/net/route."""
    found: dict[str, None] = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 8 and fields[1] == fields[7] == "00000000" and _leads_out(fields[3]):
            found[fields[0]] = None
    return tuple(found)


def ipv6_defaults(text: str) -> tuple[str, ...]:
    """Interfaces of the default routes in the form of /proc/net/ipv6_route."""
    found: dict[str, None] = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 10 and set(fields[0]) == {"0"} and fields[1] == "00" and _leads_out(fields[8]):
            found[fields[9]] = None
    return tuple(found)


def _leads_out(flags: str) -> bool:
    try:
        bits = int(flags, 16)
    except ValueError:
        return False
    return bool(bits & ROUTE_UP) and not bits & ROUTE_REJECTS


class Folder(msgspec.Struct, frozen=True):
    """The state folder, or, when it is not there yet, the closest folder above it, in which it would be made."""

    exists: bool
    mode: int = 0o700
    ours: bool = True
    writable: bool = True
    is_folder: bool = True
    free_mib: int | None = None
    runs: int = 0
    runs_mib: int = 0


def state_folder(path: Path) -> Folder:
    """How the state folder stands."""
    exists = os.path.lexists(path)
    closest = path if exists else next((above for above in path.absolute().parents if above.exists()), Path("/"))
    try:
        status = closest.stat()
    except OSError:  # a link that leads nowhere, or a folder nobody may look into
        return Folder(exists=exists, writable=False, is_folder=False)
    try:
        space = os.statvfs(closest)
        free_mib: int | None = space.f_bavail * space.f_frsize // MIB
    except OSError:
        free_mib = None
    runs, run_bytes = _runs(path / "runs") if exists else (0, 0)
    return Folder(
        exists=exists,
        mode=status.st_mode & 0o7777,
        ours=status.st_uid == os.geteuid(),
        writable=os.access(closest, os.W_OK | os.X_OK),
        is_folder=closest.is_dir(),
        free_mib=free_mib,
        runs=runs,
        runs_mib=-(-run_bytes // MIB),
    )


def _runs(folder: Path) -> tuple[int, int]:
    """How many runs are kept, and in how many bytes, their write-ahead logs included."""
    count = size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and ".journal" in entry.name:
                    count += entry.name.endswith(".journal")
                    size += entry.stat(follow_symlinks=False).st_size
    except OSError:
        return count, size
    return count, size


def open_files_limit() -> int | None:
    """How many files and connections this process may have open; None for no limit, or where there is no such thing."""
    try:
        import resource
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class Tls(msgspec.Struct, frozen=True):
    """The OpenSSL that handshakes are made with, and the TLS versions it will begin one with."""

    library: str
    versions: tuple[str, ...]


TLS_VERSIONS = {"TLS 1.0": 0x0301, "TLS 1.1": 0x0302, "TLS 1.2": 0x0303, "TLS 1.3": 0x0304}


def tls() -> Tls:
    """What can be spoken, found by beginning a handshake in memory with each version alone."""
    from OpenSSL import SSL

    spoken = []
    for name, number in TLS_VERSIONS.items():
        try:
            context = SSL.Context(SSL.TLS_METHOD)
            context.set_min_proto_version(number)
            context.set_max_proto_version(number)
            context.set_cipher_list(b"ALL:@SECLEVEL=0")
            connection = SSL.Connection(context, None)
            connection.set_connect_state()
            connection.do_handshake()
        except SSL.WantReadError:  # its hello is written, and it waits for the server's
            spoken.append(name)
        except SSL.Error:
            continue
    version = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode("ascii", "replace")
    return Tls(version, tuple(spoken))


def anchors_date() -> date | None:
    """The day of the public trust anchors, which is their version; None when it says no day."""
    matched = re.fullmatch(r"(20\d\d)\.(\d{1,2})\.(\d{1,2})(?:\.\d+)?", version_of("certifi"))
    try:
        return date(*map(int, matched.groups())) if matched else None
    except ValueError:
        return None


def version_of(distribution: str) -> str:
    """The version of an installed distribution; empty when it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def has_module(name: str) -> bool:
    """Whether a module could be imported; it is not."""
    return util.find_spec(name) is not None


def file_is_private(path: Path) -> bool | None:
    """Whether nobody but its owner and root may read a file; None when it cannot be read by us at all."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return not mode & 0o077 if path.is_file() and os.access(path, os.R_OK) else None
