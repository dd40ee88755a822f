"""Secrets are nowhere: planted in every place that takes one, echoed in every way, and looked for in everything written.

The searching here shares no code with what it tests: every spelling is made anew and sought in raw octets, in what base64
in them stands for, and in what is stored. Each search is shown to find something first.
"""

import argparse
import asyncio
import base64
import contextlib
import html
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import faults
import msgspec
import pytest
from commandline import CommandLine
from scanned import performed

import scanner.cli.scan
from scanner.api import Fact, FixedBy, Passed, Verdict, check
from scanner.cli.estates import assignment_of
from scanner.cli.main import main
from scanner.cli.options import log_to
from scanner.observations.observation import Observation
from scanner.probes.probe import Laboratory, Probe
from scanner.redaction import Blackout
from scanner.secrets import keep_silent

HEADER = "Hdr-7Kq2/w+Zx9=Lm4&Tv8"
FROM_FILE = 'Fil-3Rt6 pQ5<yU1>"oP0'
USER = "usr-Wn5Bv2Cx"
PASSWORD = "Pwd-8Gh4%Jk1:Df7é"
TYPED = "Typ-6Mz3Nb9Vc"
PLANTED = (HEADER, FROM_FILE, USER, PASSWORD, TYPED)
ENVIRONMENT = {"API_KEY": HEADER, "SVC_USER": USER, "SVC_PASSWORD": PASSWORD, "PINDAI_PASSWORD": TYPED}
ORDINARY = "an-ordinary-value-4711"


# --- the search ---------------------------------------------------------------------------------------------


def spellings(secret: str) -> Iterator[bytes]:
    """What a secret may look like, in lower case."""
    for text in (secret, f"{USER}:{secret}", f"scanner:{secret}"):
        yield base64.b64encode(text.encode()).rstrip(b"=")[:-1].lower()
        yield base64.urlsafe_b64encode(text.encode()).rstrip(b"=")[:-1].lower()
    forms = (str, quote, lambda it: quote(it, safe=""), quote_plus, html.escape, lambda it: json.dumps(it)[1:-1])
    for form in forms:
        for again in (str, lambda it: json.dumps(it)[1:-1], lambda it: quote(it, safe="")):
            yield again(form(secret)).lower().encode()
            yield again(form(secret)).lower().encode("latin-1", "replace")
    yield secret.encode().hex().encode()


ANY_SPELLING = {secret: frozenset(spellings(secret)) for secret in PLANTED}
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")


def leaks(octets: bytes, *, depth: int = 3) -> set[str]:
    """Which secrets these octets show, looking into base64 too."""
    lowered = octets.lower()
    found = {secret for secret, forms in ANY_SPELLING.items() if any(form in lowered for form in forms)}
    if depth:
        for run in set(_BASE64.findall(octets)):
            for shift in range(4):
                inner = run[shift:].rstrip(b"=")
                inner = inner[:-1] if len(inner) % 4 == 1 else inner
                inner += b"=" * (-len(inner) % 4)
                found |= leaks(base64.b64decode(inner), depth=0 if shift else depth - 1) if inner else set()
    return found


@pytest.mark.parametrize("secret", PLANTED)
def test_the_search_finds_what_it_looks_for(secret: str) -> None:
    basic = base64.b64encode(f"{USER}:{secret}".encode())
    whole = json.dumps({"head": base64.b64encode(b"X-Echo: " + secret.encode()).decode()}).encode()
    for shown in (
        secret.encode(),
        quote(secret).encode(),
        b"<" + basic + b">",
        whole,
        b"..." + quote(secret).upper().encode(),
    ):
        assert secret in leaks(shown)
    assert leaks(ORDINARY.encode() + base64.b64encode(ORDINARY.encode() * 9)) == set()


def everything_in(folder: Path) -> bytes:
    """Every file below a folder, and every observation that a journal among them holds, whatever packs it."""
    from scanner.journal import Journal

    files = [path for path in folder.rglob("*") if path.is_file() and "secrets" not in path.parts]
    pieces = [path.read_bytes() for path in files]
    for path in files:
        if path.suffix == ".journal":
            with Journal.open(path) as journal:
                pieces += [journal.stored(digest) or b"" for digest in journal.digests()]
                pieces.append(journal.manifest)
                pieces += [key.encode() for record in journal.targets() for key in journal.filed(record.id)]
    return b"\n".join(pieces)


# --- the server that repeats everything -----------------------------------------------------------------------


class Echo:
    """Repeats a request's head in every way a server can, by path."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def serve(self, reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        target, *lines = head.decode("utf-8").rstrip("\r\n").split("\r\n")
        values = [line.partition(": ")[2] for line in lines]
        values += [base64.b64decode(it.removeprefix("Basic ")).decode() for it in values if it.startswith("Basic ")]
        await faults.say(writer, self.answer(target.split(" ")[1], values, head))

    def answer(self, path: str, values: list[str], head: bytes) -> bytes:
        raw, joined = [it.encode() for it in values], " ".join(values)
        every = joined.encode()
        match path.partition("?")[0]:
            case "/status-line":
                return b"HTTP/1.1 2xx " + every + b"\r\n\r\n"
            case "/not-http":
                return b"SSH-2.0 " + every + b"\r\n"
            case "/framing":
                return faults.head(b"Content-Length: " + every) + every
            case "/chunk":
                return faults.head(b"Transfer-Encoding: chunked") + b"zz;" + every + b"\r\n"
            case "/redirect":
                return faults.whole(
                    b"Location: http://" + quote(joined).encode() + b"@elsewhere.test/" + every, status=b"302 Found"
                )
            case "/bad-redirect":
                return faults.whole(b"Location: http://[" + every, status=b"302 Found")
            case "/gzip":
                return faults.whole(b"Content-Encoding: gzip", body=every)
            case "/long":
                return faults.whole(b"X-Long: " + b"=" * 250 + every)
        fields = [b"X-Ordinary: " + ORDINARY.encode(), b"X-Base64: " + base64.b64encode(head)]
        for number, value in enumerate(raw):
            text = value.decode()
            ways = [value, quote(text, safe="").encode(), quote_plus(text).encode(), html.escape(text).encode()]
            ways += [
                json.dumps(text).encode(),
                base64.b64encode(value),
                base64.urlsafe_b64encode(value),
                value.hex().encode(),
            ]
            ways += [base64.b64encode(b"=" * shift + value) for shift in (1, 2)]
            fields += [b"X-Echo-%d-%d: <%b>" % (number, index, way) for index, way in enumerate(ways)]
            fields.append(b"Set-Cookie: " + quote(text).encode() + b"=1; Path=/" + quote(text).encode())
            fields.append(b"X-" + re.sub(rb"[^A-Za-z0-9-]", b"-", value) + b": in a name")
            fields.append(b"X-Folded: a\r\n " + value)
            fields.append(b"no colon " + value)
        fields.append(b"WWW-Authenticate: Basic realm=" + every)
        fields.append(b"Link: <https://a.test/" + quote(joined).encode() + b">")
        return faults.whole(*fields, status=b"200 " + every, body=every)


@contextlib.contextmanager
def echoing(*, tls: bool = True) -> Iterator[tuple[Echo, int]]:
    echo = Echo()
    with faults.serving_in_thread(faults.Behaviour("echo", echo.serve, tls=tls)) as served:
        yield echo, served.port


PATHS = ("/status-line", "/not-http", "/framing", "/chunk", "/redirect", "/bad-redirect", "/gzip", "/long", "/more")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where somebody works: secrets in a folder of their own, nobody else may read them."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    (tmp_path / "secrets" / "key").touch(mode=0o600)
    (tmp_path / "secrets" / "key").write_text(FROM_FILE + "\n")
    (tmp_path / "ca.pem").write_text(faults.ca_pem())
    return tmp_path


def targets_file(folder: Path, port: int, *, paths: tuple[str, ...] = PATHS) -> Path:
    """Three targets at one server: a key, a key from a file, user and password."""
    path = folder / "targets.toml"
    entries = [
        'headers = { X-Api-Key = { env = "API_KEY" }, X-Plain = "plain-and-no-secret" }',
        'headers = { X-Second = { file = "secrets/key" } }',
        'basic_auth = { user = { env = "SVC_USER" }, password = { env = "SVC_PASSWORD" } }',
    ]
    lines = ['trust = { anchors = ["ca.pem"] }', "[scope]", 'names = ["localhost"]', 'networks = ["127.0.0.0/8"]']
    for number, entry in enumerate(entries):
        lines += ["[[target]]", f'id = "t{number}"', f'url = "https://localhost:{port}/{number or ""}"', entry]
        lines += [f"paths = {json.dumps(paths)}", 'expect = { text = "not there" }']
    path.write_text("\n".join(lines))
    return path


def carried(echo: Echo, value: str) -> int:
    return sum(value.encode() in head for head in echo.heads)


# --- everything that commands write -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["table", "json", "jsonl"])
def test_a_scan_of_a_targets_file_writes_none_of_them(folder: Path, form: str) -> None:
    run = CommandLine(folder)
    with echoing() as (echo, port):
        targets_file(folder, port)
        done = run(
            "scan", "targets.toml", "--profile", "local", "--format", form, "--all", "--out", "out", **ENVIRONMENT
        )
    assert done.code in (0, 1, 2), done.err
    basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    asked = len(PATHS) + 2  # the home page is asked twice, for the text is not there
    assert [carried(echo, it) for it in (HEADER, FROM_FILE, basic)] == [asked] * 3, (
        "each target's requests carried its own"
    )
    assert leaks(done.out.encode() + done.err.encode()) == set()
    assert leaks(everything_in(folder)) == set()
    assert ORDINARY.encode() in base64.b64decode(next(iter(_heads(everything_in(folder))))), "what is no secret is kept"


def _heads(octets: bytes) -> list[bytes]:
    return [
        it
        for it in re.findall(rb'"head":"([A-Za-z0-9+/=]{400,})"', octets)
        if ORDINARY.encode() in base64.b64decode(it)
    ]


COMMANDS_AFTER = (
    ("report", "--all"),
    ("report", "--format", "json"),
    ("evidence", "replay", "RUN"),
    ("plan", "targets.toml"),
    ("plan", "targets.toml", "--format", "json"),
    ("config", "check", "targets.toml"),
    ("config", "check", "targets.toml", "--resolved"),
    ("doctor",),
    ("checks",),
)


def test_no_other_command_writes_any_of_them(folder: Path) -> None:
    run = CommandLine(folder)
    with echoing() as (_, port):
        targets_file(folder, port, paths=("/more",))
        run("scan", "targets.toml", "--profile", "local", **ENVIRONMENT)
        for words in COMMANDS_AFTER:
            done = run(*(str(run.journals()[-1]) if word == "RUN" else word for word in words), **ENVIRONMENT)
            assert leaks(done.out.encode() + done.err.encode()) == set(), words
            if words[0] in ("report", "plan", "evidence"):
                assert done.code in (0, 1, 2), done.err
    assert leaks(everything_in(folder)) == set()


@pytest.mark.parametrize(
    ("user", "value"),
    [("scanner", TYPED), ("scanner:env=SVC_PASSWORD", PASSWORD), ("scanner:file=secrets/key", FROM_FILE)],
)
def test_a_user_for_typed_urls(folder: Path, user: str, value: str) -> None:
    run = CommandLine(folder)
    with echoing() as (echo, port):
        done = run(
            *("scan", f"https://localhost:{port}/", "--user", user, "--ca", "ca.pem", "--format", "jsonl"),
            **ENVIRONMENT,
        )
    assert done.code in (0, 1, 2), done.err
    assert carried(echo, "Basic " + base64.b64encode(f"scanner:{value}".encode()).decode()) == len(echo.heads) == 1
    assert leaks(done.out.encode() + done.err.encode() + everything_in(folder)) == set()


REFUSED = (
    ("scan", "https://localhost:1/", "--user", f"scanner:{TYPED}"),
    ("scan", "https://localhost:1/", f"--user=scanner:{TYPED}"),
    ("scan", "targets.toml", "--user", f"scanner:{TYPED}"),
    ("plan", "https://localhost:1/", "--user", f"scanner:{TYPED}"),
    ("checks", "--user", f"scanner:{TYPED}"),
    ("report", f"--user=scanner:{TYPED}"),
    ("scan", "https://localhost:1/", "-u", f"scanner:{TYPED}"),
    ("scan", f"https://scanner:{TYPED}@localhost:1/"),
    ("scan", f"scanner:{TYPED}@localhost"),
    ("scan", f"https://localhost:1/?token={TYPED}"),
    ("plan", f"https://localhost:1/#access_token={TYPED}"),
)


@pytest.mark.parametrize("words", REFUSED, ids=lambda it: " ".join(it).replace(TYPED, "SECRET"))
def test_what_is_refused_on_the_command_line_is_not_repeated(folder: Path, words: tuple[str, ...]) -> None:
    targets_file(folder, 1)
    done = CommandLine(folder)(*words, **ENVIRONMENT)
    assert done.code == 3
    assert done.err
    assert leaks(done.out.encode() + done.err.encode()) == set()
    (folder / "targets.toml").unlink()
    assert leaks(everything_in(folder)) == set()


@pytest.mark.parametrize(
    "entry",
    [
        f'headers = {{ Authorization = "Bearer {TYPED}" }}',
        f'headers = {{ X-Api-Key = "{TYPED}" }}',
        f'headers = {{ X-Api-Key = {{ env = "{TYPED}" }} }}',
        f'headers = {{ X-Api-Key = {{ value = "{TYPED}" }} }}',
        f'headers = ["X-Api-Key: {TYPED}"]',
        f'basic_auth = {{ user = "scanner", password = "{TYPED}" }}',
        f'basic_auth = "scanner:{TYPED}"',
        f'basic_auth = {{ user = "scanner:{TYPED}", password = {{ env = "SVC_PASSWORD" }} }}',
        f'password = "{TYPED}"',
    ],
)
def test_what_is_refused_in_a_file_is_not_repeated(folder: Path, entry: str) -> None:
    lines = ["[scope]", 'names = ["localhost"]', "[[target]]", 'id = "a"', 'url = "https://localhost:1/"', entry]
    (folder / "targets.toml").write_text("\n".join(lines))
    for words in (("scan",), ("plan",)):
        done = CommandLine(folder)(*words, "targets.toml", **ENVIRONMENT)
        assert done.code == 3, done.err
        assert leaks(done.out.encode() + done.err.encode()) == set(), done.err


def test_a_secret_that_is_not_there_stops_the_scan_by_its_name(folder: Path) -> None:
    with echoing() as (echo, port):
        targets_file(folder, port)
        done = CommandLine(folder)("scan", "targets.toml", SVC_USER=USER, SVC_PASSWORD="abc")
    assert done.code == 3
    assert "target 't0': headers.X-Api-Key: env API_KEY: this environment variable is not set" in done.err
    assert "env SVC_PASSWORD: shorter than 4 characters" in done.err
    assert not echo.heads


# --- while it runs, and when it breaks -------------------------------------------------------------------------


class Nothing(Observation, frozen=True, tag="nothing_at_all"):
    """Never seen."""


class Breaks(Probe[Nothing], frozen=True, tag="test_breaks"):
    """A probe of ours with a fault that has the secret in its words, near where words are cut short too."""

    where: str

    async def observe(self, lab: Laboratory) -> Nothing:
        (credentials,) = lab.surroundings.credentials.values()
        ((_, value),) = credentials.fields
        words = value.reveal().removeprefix("Basic ")
        raise ValueError(f"{'.' * 280}{words} {self.where} {lab.surroundings!r}")


FINE = Passed("fine", en="Fine", id="Baik")
breaks = Fact("what breaks", Nothing, lambda place: Breaks(where=place.target.id))


@check("test.breaks", breaks, version=1, fixed_by=FixedBy.PLATFORM, outcomes=(FINE,), references=("-",))
def broken(_: Nothing) -> Iterator[Verdict]:
    """Nothing.

    Why: It tests.
    Sebab: Menguji.
    Fix: None.
    Perbaikan: Tidak ada.
    """
    yield FINE()


def arguments(folder: Path, port: int, user: str) -> argparse.Namespace:
    scope: dict[str, Any] = {"targets": [f"https://localhost:{port}/"], "ca": [folder / "ca.pem"], "profile": "local"}
    return argparse.Namespace(**scope, only=[], connect_to=[], nameserver=[], user=user)


@pytest.fixture
def silent_afterwards() -> Iterator[None]:
    yield
    keep_silent(Blackout())
    log = logging.getLogger("pindai")
    for handler in log.handlers:
        handler.close()
    log.handlers[:] = []
    log.propagate = True


def test_a_probe_that_breaks_tells_the_log_and_the_journal_nothing(
    folder: Path, silent_afterwards: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SVC_PASSWORD", PASSWORD)
    log = log_to(folder / "state")
    with echoing() as (echo, port):
        assignment = assignment_of(arguments(folder, port, "scanner:env=SVC_PASSWORD"))
        assignment = msgspec.structs.replace(assignment, checks=(*assignment.checks, broken))
        with performed(folder, assignment) as done:
            on_disk = b"".join(path.read_bytes() for path in folder.glob("*.journal*"))
            told = msgspec.json.encode(list(done.findings()))
            assert any(path.name.endswith("-wal") for path in folder.glob("*.journal*")), (
                "the log that SQLite writes ahead"
            )
    assert carried(echo, "Basic ")
    assert "ValueError: ......" in log.read_text(), "the crash is in the log"
    assert b"ValueError" in told
    assert leaks(log.read_bytes() + on_disk + told + everything_in(folder)) == set()
    assert leaks("".join(capfd.readouterr()).encode()) == set()


def test_a_command_that_breaks_says_nothing_of_it(
    folder: Path, silent_afterwards: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def break_down(arguments: argparse.Namespace, assignment: Any, journal: Any) -> int:
        with journal:
            asyncio.run(complain())
            raise RuntimeError(f"broke down with {PASSWORD} in hand: {assignment!r}")

    async def complain() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": f"never retrieved: {PASSWORD}"})

    monkeypatch.setenv("SVC_PASSWORD", PASSWORD)
    monkeypatch.setattr(scanner.cli.scan, "perform", break_down)
    # Under pytest nothing reaches the handler of last resort, for pytest has handlers of its own.
    written = io.StringIO()
    assert isinstance(logging.lastResort, logging.StreamHandler)
    monkeypatch.setattr(logging.getLogger("asyncio"), "handlers", [logging.lastResort])
    monkeypatch.setattr(type(logging.lastResort), "stream", written)
    code = main(
        ["scan", "https://localhost:1/", "--user", "scanner:env=SVC_PASSWORD", "--state", str(folder / "state")]
    )
    said = "".join(capfd.readouterr())
    assert code == 2
    assert "RuntimeError: broke down" in said
    assert "broke down" in (folder / "state" / "pindai.log").read_text()
    assert "never retrieved" in written.getvalue()
    assert leaks(said.encode() + written.getvalue().encode() + everything_in(folder)) == set()


def test_what_a_scan_holds_shows_nothing(
    folder: Path, silent_afterwards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVC_PASSWORD", PASSWORD)
    assignment = assignment_of(arguments(folder, 1, "scanner:env=SVC_PASSWORD"))
    assert assignment.surroundings.credentials, "it is there"
    assert leaks(f"{assignment!r} {assignment.surroundings}".encode()) == set()
