"""Whether code is pure: what Python itself reports of it while it runs, and what its source shows.

Python tells an audit hook of files and sockets, and a profiler of calls of clocks and chance, whatever module they stand in.
"""

import ast
import contextlib
import datetime
import inspect
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

MAY_IMPORT = ("scanner.api", "scanner.observations", "scanner.derive")
"""What a plug-in may import of Pindai."""

TALKS = (
    *("socket", "socketserver", "ssl", "select", "selectors", "http.client", "http.server", "urllib.request"),
    *("smtplib", "ftplib", "poplib", "imaplib", "xmlrpc", "requests", "urllib3", "aiohttp", "httpx", "OpenSSL"),
    *("dns.query", "dns.asyncquery", "dns.resolver", "dns.asyncresolver", "websockets", "paramiko"),
)
"""What opens connections of its own, past the gate."""
OPENS = frozenset(
    {
        *("open_connection", "create_connection", "create_datagram_endpoint", "open_unix_connection", "getaddrinfo"),
        *("create_unix_connection", "sock_connect", "start_server", "start_unix_server", "create_server", "urlopen"),
    }
)
IMPURE = (
    *("asyncio", "ctypes", "io", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "sqlite3"),
    *("subprocess", "tempfile", "threading", "time"),
)
"""What reads a clock, chance, or this machine."""
_CLOCKS = frozenset({"now", "utcnow", "today"})
_READS = frozenset({"open", "input", "exec", "eval", "__import__", "breakpoint"})

_WATCHED = ("open", "socket.", "subprocess.", "os.", "shutil.", "tempfile.", "sqlite3.", "urllib.", "ctypes.", "glob.")
_IMPORTING = (".py", ".pyc", ".so", ".pyd")
_IMPORT_EVENTS = frozenset({"os.listdir", "os.scandir"})

_CALLED = (
    *(time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter, time.perf_counter_ns),
    *(datetime.datetime.now, datetime.datetime.utcnow, datetime.date.today, datetime.datetime.today),
    *(os.urandom, random.random, random.getrandbits),
)
"""Clocks and chance as C knows them. A generator that a check seeds itself is none of them."""

_seen: dict[int, list[str]] = {}


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if not _seen or (noted := _seen.get(threading.get_ident())) is None:
        return
    if not event.startswith(_WATCHED) or event in _IMPORT_EVENTS:
        return
    # A socket's own repr holds a number that is another one each time.
    first = next((it for it in arguments if isinstance(it, str | bytes | tuple)), "")
    if event == "open" and str(first).endswith(_IMPORTING):
        return  # a module that is imported when it is first needed
    noted.append((f"{event} {first!r}" if first else event)[:200])


def _note_call(frame: FrameType, event: str, called: Any) -> None:
    if event == "c_call" and called in _CALLED and (noted := _seen.get(threading.get_ident())) is not None:
        noted.append(f"{called.__name__}() in {Path(frame.f_code.co_filename).name}:{frame.f_lineno}")


_hooked: list[bool] = []


@contextlib.contextmanager
def watched() -> Iterator[list[str]]:
    """What this thread does to files, sockets and processes within the block, and which clocks and chance it asks."""
    if not _hooked:
        sys.addaudithook(_note)  # cannot be taken off again, so it does nothing while nobody watches
        _hooked.append(True)
    noted: list[str] = []
    _seen[threading.get_ident()] = noted
    before = sys.getprofile()
    sys.setprofile(_note_call)
    try:
        yield noted
    finally:
        sys.setprofile(before)
        del _seen[threading.get_ident()]


def past_the_wall(module: ModuleType) -> Iterator[str]:
    """Imports of Pindai that a plug-in may not rely on, and connections past the gate."""
    for line, name in _imports(module):
        if _under(name, "scanner", "checks") and not _under(name, *MAY_IMPORT):
            yield f"{module.__name__}:{line} imports {name}; a plug-in imports {', '.join(MAY_IMPORT)} only"
        if _under(name, *TALKS):
            yield f"{module.__name__}:{line} imports {name}; only the gate opens connections: `connected(lab, ...)`"
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Attribute) and node.attr in OPENS:
            yield f"{module.__name__}:{node.lineno} uses {node.attr}; only the gate opens connections"


def not_pure(module: ModuleType) -> Iterator[str]:
    """Clocks, chance and files in a module whose functions judge."""
    for line, name in _imports(module):
        if _under(name, *IMPURE):
            yield f"{module.__name__}:{line} imports {name}; a check judges what was stored, years later too"
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Attribute) and node.attr in _CLOCKS:
            yield f"{module.__name__}:{node.lineno} reads a clock ({node.attr}); the time is that of the observation"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _READS:
            yield f"{module.__name__}:{node.lineno} calls {node.func.id}()"


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module) or "")


def _imports(module: ModuleType) -> Iterator[tuple[int, str]]:
    """Every import with its line: `from a.b import c` is `a.b.c`."""
    package = module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def _under(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)
