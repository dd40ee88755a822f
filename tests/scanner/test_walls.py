"""The walls of the design, held by reading every import: who may know whom, and who may touch the network.

Each rule is a row; a module that crosses a wall is named with its line.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "OpenSSL", "aioquic", "cryptography", "dns", "jinja2")


@dataclass(frozen=True)
class Import:
    """One imported name: `from a.b import c` is `a.b.c`."""

    module: str
    name: str
    line: int
    late: bool

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def _modules() -> dict[str, Path]:
    paths = [*(ROOT / "scanner").rglob("*.py"), *(ROOT / "checks").rglob("*.py")]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


MODULES = _modules()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imports(tree: ast.Module) -> Iterator[Import]:
    """Every import, those inside functions and under TYPE_CHECKING included (`late`)."""
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        late = id(node) not in top
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno, late)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            for alias in node.names:
                yield Import(node.module or "", alias.name, node.lineno, late)


def under(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of these, or below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def crossings(inside: Iterable[str], allowed: Iterable[str], *, about: str = "") -> list[str]:
    """Imports of `inside` that are below `about` and not `allowed`."""
    inside, allowed = tuple(inside), tuple(allowed)
    return [
        f"{name}:{it.line} imports {it.full}"
        for name, tree in TREES.items()
        if under(name, *inside)
        for it in imports(tree)
        if (not about or under(it.full, about)) and not under(it.full, *allowed)
    ]


def own(inside: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Imports of Pindai's own modules only."""
    return [
        *crossings(inside, allowed, about="scanner"),
        *crossings(inside, allowed, about="checks"),
    ]


# --- who may know whom --------------------------------------------------------------------------------------

CHECKS_MAY = ("scanner.api", "scanner.observations", "scanner.derive")
PURE_STDLIB = (
    *("abc", "base64", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
    *("hashlib", "heapq", "html", "ipaddress", "itertools", "json", "math", "operator", "re", "statistics", "string"),
    *("struct", "textwrap", "types", "typing", "unicodedata", "zlib"),
)
FACTS = ("scanner.observations", "scanner.parse", "scanner.redaction")


def test_checks_import_the_api_and_value_types_only() -> None:
    assert crossings(["checks"], [*CHECKS_MAY, *PURE_STDLIB, "checks"]) == []


@pytest.mark.parametrize(
    ("inside", "may"),
    [
        (["scanner.parse"], ["scanner.parse"]),
        (["scanner.observations"], ["scanner.json_text", "scanner.observations", "scanner.redaction"]),
        (["scanner.redaction"], []),
        (["scanner.scope"], []),
        (["scanner.estate"], ["scanner.parse.url", "scanner.scope"]),
        (["scanner.findings", "scanner.outcomes"], [*FACTS, "scanner.estate", "scanner.findings", "scanner.outcomes"]),
        (["scanner.cost"], []),
        (
            ["scanner.history"],
            [
                *("scanner.estate", "scanner.findings", "scanner.history", "scanner.journal", "scanner.run"),
                *("scanner.locale.speech", "scanner.observations.endpoint", "scanner.parse.list_name"),
            ],
        ),
        (["scanner.network"], ["scanner.cost", "scanner.observations", "scanner.profiles", "scanner.scope"]),
        (
            ["scanner.derive"],
            [*FACTS, "scanner.derive", "scanner.estate", "scanner.needs", "scanner.policies", "scanner.probes"],
        ),
        (["scanner.policies"], ["scanner.locale.speech", "scanner.policies"]),
        (["scanner.locale"], ["scanner.doubt", "scanner.estate", "scanner.findings", "scanner.locale", *FACTS[:1]]),
        (["scanner.demo"], ["scanner.demo", "scanner.locale.speech"]),
    ],
    ids=lambda it: it[0] if it else "nothing",
)
def test_a_layer_knows_only_what_lies_below_it(inside: list[str], may: list[str]) -> None:
    assert own(inside, may) == []


COLLECTING = ("scanner.collector", "scanner.engine", "scanner.surroundings", "scanner.cli", "scanner.demo")
JUDGING = (
    *(
        "scanner.estate_checks",
        "scanner.estate_judge",
        "scanner.judge",
        "scanner.judge_worker",
        "scanner.run",
        "scanner.assessment",
        "scanner.reports",
    ),
    *("scanner.clauses", "scanner.frameworks", "scanner.history"),
    *("scanner.evidence", "scanner.derive", "scanner.locale", "scanner.needs", "scanner.registry", "scanner.findings"),
)


def test_right_of_the_journal_nothing_knows_the_collecting_side() -> None:
    found = [line for wall in COLLECTING for line in crossings(JUDGING, [], about=wall)]
    assert found + crossings(JUDGING, [], about="scanner.network") == []


def test_nobody_knows_the_command_line() -> None:
    outside = [name for name in TREES if not under(name, "scanner.cli", "scanner.__main__")]
    assert crossings([it for it in outside if it not in ("scanner", "checks")], [], about="scanner.cli") == []


def test_only_its_command_raises_the_demo() -> None:
    outside = [name for name in TREES if not under(name, "scanner.demo", "scanner.cli.demo")]
    names = [it for it in outside if it not in ("scanner", "scanner.cli")]
    assert crossings(names, [], about="scanner.demo") == []


# --- who may touch the network ------------------------------------------------------------------------------

HOLDS_THE_GATE = ("scanner.probes", "scanner.egress", "scanner.collector", "scanner.engine")


def test_only_who_holds_the_gate_knows_it() -> None:
    others = [name for name in TREES if name != "scanner" and not under(name, *HOLDS_THE_GATE)]
    assert crossings(others, [], about="scanner.network") == []


OPENS = frozenset(
    {
        *("open_connection", "create_connection", "create_datagram_endpoint", "open_unix_connection"),
        *("create_unix_connection", "sock_connect", "socketpair", "getaddrinfo", "gethostbyname", "create_server"),
        *("start_server", "start_unix_server", "urlopen"),
    }
)
TALKS = (
    *("socket", "socketserver", "ssl", "select", "selectors", "http.client", "http.server", "urllib.request"),
    *("smtplib", "ftplib", "poplib", "imaplib", "telnetlib", "xmlrpc", "requests", "urllib3", "aiohttp"),
    *("dns.query", "dns.asyncquery", "dns.asyncresolver", "dns.zonetransfer", "aioquic.asyncio"),
)
CLIENTS = frozenset(
    {"Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "get", "post", "request", "stream"}
)
MAY_OPEN = ("scanner.network", "scanner.demo")


def sockets(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where a module opens a connection, or imports something that does."""
    for it in imports(tree):
        if under(it.full, *TALKS) or it.name in OPENS or (it.module == "httpx" and it.name in CLIENTS):
            yield it.line, it.full
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of_httpx = isinstance(node.value, ast.Name) and node.value.id == "httpx" and node.attr in CLIENTS
            if node.attr in OPENS or of_httpx:
                yield node.lineno, node.attr


def test_only_the_gate_and_the_demo_open_sockets() -> None:
    found = [
        f"{name}:{line} uses {what}"
        for name, tree in TREES.items()
        if not under(name, *MAY_OPEN)
        for line, what in sockets(tree)
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "from socket import create_connection",
        "import asyncio\nasyncio.open_connection('a', 1)",
        "async def f(loop): await loop.create_datagram_endpoint(None)",
        "def f():\n    import http.client",
        "import httpx\nhttpx.get('https://a.test')",
        "from httpx import AsyncClient",
        "import dns.query",
        "from dns import asyncquery",
        "def f():\n    from aioquic.asyncio import connect",
        "import urllib.request",
    ],
)
def test_the_rule_sees_what_opens_sockets(source: str) -> None:
    assert list(sockets(ast.parse(source)))


# --- purity -------------------------------------------------------------------------------------------------

PURE = ("checks", "scanner.parse", "scanner.derive", "scanner.observations", "scanner.findings", "scanner.outcomes")
CLOCK_AND_CHANCE = re.compile(r"\b(datetime|date)\.(now|utcnow|today)\b|\btime\.\w+\(|\brandom\.|\bos\.|\bopen\(")


@pytest.mark.parametrize("name", [name for name in TREES if under(name, *PURE)])
def test_pure_modules_read_no_clock_no_chance_and_no_file(name: str) -> None:
    for it in imports(TREES[name]):
        assert not under(it.full, "time", "random", "secrets", "os", "pathlib", "asyncio", "threading", "subprocess")
    code = ast.unparse(TREES[name])
    prose = [node.value for node in ast.walk(TREES[name]) if isinstance(node, ast.Constant)]
    for text in prose:
        if isinstance(text, str):
            code = code.replace(repr(text), "''")
    assert CLOCK_AND_CHANCE.search(code) is None


REGULATIONS = re.compile(
    r"\b(spbe|bssn|kominfo|permen\w*|perpres|perban|peraturan|pasal|indikator|indeks|pemantauan|iso\W?\d{4,5}|nist|pci|"
    r"owasp|framework|clause|crosswalk)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", [name for name in TREES if under(name, "checks")])
def test_checks_know_nothing_of_regulations(name: str) -> None:
    assert REGULATIONS.search(MODULES[name].read_text(encoding="utf-8")) is None


# --- what starts quickly ------------------------------------------------------------------------------------

LOADED = """
import sys
from scanner.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("loaded", *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


LIGHT = (
    *("--help", "--version", "checks", "checks tls", "scan --help", "config check --help", "init --help"),
    *("config check targets.example.toml", "config check targets.example.toml --resolved", "config schema"),
    *("frameworks", "frameworks bssn-4-2021", "assess --help", "inspect tls --help"),
)


@pytest.mark.parametrize("arguments", [words.split() for words in LIGHT], ids=LIGHT)
def test_light_commands_load_nothing_heavy(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout
    loaded = ran.stderr.rpartition("loaded")[2].split()
    assert "scanner" in loaded
    assert set(loaded) & set(HEAVY) == set()


def test_a_module_that_needs_the_heavy_ones_is_not_loaded_by_accident() -> None:
    """The rule above would pass if nothing were ever imported: the transport does need them."""
    code = "import sys, scanner.probes.http.client; print(*{n.partition('.')[0] for n in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert {"httpx", "OpenSSL", "cryptography"} <= set(ran.stdout.split())


# --- what is installed --------------------------------------------------------------------------------------

INSTALLED_AS: Mapping[str, str] = {
    "OpenSSL": "pyOpenSSL",
    "dns": "dnspython",
    "msgspec": "msgspec",
    "pydantic": "pydantic",
    "idna": "idna",
    "cryptography": "cryptography",
    "certifi": "certifi",
    "h11": "h11",
    "jinja2": "Jinja2",
    "markupsafe": "MarkupSafe",
    "httpx": "httpx",
    "tabulate": "tabulate",
    "aioquic": "aioquic",
    "uvloop": "uvloop",
    "yaml": "PyYAML",
    "openpyxl": "openpyxl",
    "defusedxml": "defusedxml",
}


def test_everything_imported_is_a_declared_dependency() -> None:
    declared = re.findall(
        r'(?:^    |^\w+ = \[)"([A-Za-z0-9_.-]+)[<>=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    for name, tree in TREES.items():
        for it in imports(tree):
            package = it.module.partition(".")[0]
            if package in ("scanner", "checks", "__future__") or package in sys.stdlib_module_names:
                continue
            assert INSTALLED_AS[package] in declared, f"{name}:{it.line} imports {it.full}"
