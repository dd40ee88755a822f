"""Requests that carry a credential, expectations of a body, and further pages: through the real engine, on loopback.

What a server saw is what counts: each test server keeps the heads of the requests it got.
"""

import asyncio
import contextlib
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import faults
import msgspec
import pytest
from scanned import SCOPE, ZONE, Scanned, hasty, performed, web_target

import scanner.probes.http.client
from scanner.cli.estates import Assignment
from scanner.estate import Credential, Estate, Expectation, JsonExpectation, SecretKind, SecretSource, Target
from scanner.needs import Setting
from scanner.observations.http import Exchange, Handshake
from scanner.plan import plan_target
from scanner.probes.http.walks import Redirects
from scanner.probes.trust import certificates_in
from scanner.registry import discover
from scanner.secrets import read_secrets
from scanner.surroundings import look_around

VALUE = "s3cr3t-Qx7"
CREDENTIAL = Credential(headers=(("X-Api-Key", SecretSource(SecretKind.ENV, "API_KEY")),))
FINE = faults.whole(faults.HSTS)


@dataclass
class Site:
    """A server that answers by path, and remembers the heads of the requests it got."""

    answers: Mapping[str, bytes | Callable[[int], bytes]] = field(default_factory=dict)
    tls: bool = True
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, reader: faults.Reader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        answer = self.answers.get(path, FINE)
        self.heads.append(head)
        await faults.say(writer, answer(len(self.asked(path))) if callable(answer) else answer)

    def asked(self, path: str = "/") -> list[bytes]:
        """The requests for a path, in order."""
        return [head for head in self.heads if head.split(b" ")[1] == path.encode()]

    @contextlib.contextmanager
    def at(self) -> Iterator[int]:
        with faults.serving_in_thread(faults.Behaviour("site", self.serve, tls=self.tls)) as served:
            yield served.port


def carried(heads: list[bytes]) -> list[bool]:
    """For each request whether it carried the credential."""
    return [f"X-Api-Key: {VALUE}\r\n".encode() in head for head in heads]


@contextlib.contextmanager
def scan(folder: Path, *targets: Target, trusted: bool = True) -> Iterator[Scanned]:
    estate = Estate(
        targets=targets,
        scope=SCOPE,
        anchors=certificates_in(faults.ca_pem().encode()) if trusted else (),
        source="test",
    )
    hosts = folder / "hosts"
    hosts.write_text("".join(f"127.0.0.1 {target.parsed_url.host}\n" for target in targets))
    secrets = read_secrets(estate, folder, {"API_KEY": VALUE})
    surroundings = msgspec.structs.replace(
        look_around(estate, hosts), credentials=secrets.credentials, known=secrets.known
    )
    chosen = tuple(discover().values())
    with performed(folder, Assignment(estate, hasty(), chosen, surroundings)) as done:
        yield done


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback counts as somewhere else, so that a certificate is asked for."""
    monkeypatch.setattr(scanner.probes.http.client, "stays_here", lambda _: False)


# --- where a credential goes --------------------------------------------------------------------------------


def test_it_goes_to_the_home_page_its_second_try_and_further_pages(tmp_path: Path) -> None:
    site = Site({"/": faults.whole(status=b"500 Oops")})
    with site.at() as port:
        target = web_target("one", port, credential=CREDENTIAL, paths=("/a", "/b?c=d"))
        with scan(tmp_path, target):
            pass
    assert carried(site.asked("/")) == [True, True]
    assert carried(site.asked("/a")) == carried(site.asked("/b?c=d")) == [True]
    assert len(site.heads) == 4


def test_it_is_sent_when_the_certificate_is_accepted(tmp_path: Path, elsewhere: None) -> None:
    site = Site()
    with site.at() as port, scan(tmp_path, web_target("one", port, credential=CREDENTIAL)) as done:
        assert done.said("one")["uptime.reachable"] == ("pass answers",)
    assert carried(site.heads) == [True]


@pytest.mark.parametrize(
    ("host", "trusted", "words", "judge"),
    [
        ("one.fault.test", False, "no trusted authority", "tls.certificate.chain"),
        ("a.b.fault.test", True, "another name", "tls.certificate.name"),
    ],
)
def test_it_is_kept_back_when_not(
    tmp_path: Path, elsewhere: None, host: str, trusted: bool, words: str, judge: str
) -> None:
    site = Site()
    with site.at() as port:
        target = Target(id="one", url=f"https://{host}:{port}/", credential=CREDENTIAL, paths=("/a",))
        with scan(tmp_path, target, trusted=trusted) as done:
            said = done.said("one")
            exchanges = done.observations("one", Exchange)
    assert site.heads == [], "nothing was asked"
    assert said["uptime.reachable"] == ("unknown prerequisite",)
    assert [line for line in said[judge] if line.startswith("fail")], "the certificate is judged all the same"
    assert len(exchanges) == 2, "the home page, not tried again, and the further page"
    for exchange in exchanges:
        assert isinstance(exchange.tls, Handshake), "the chain is kept"
        assert words in str(exchange.answer)


def test_it_is_kept_back_over_plain_http(tmp_path: Path, elsewhere: None) -> None:
    site = Site(tls=False)
    with site.at() as port, scan(tmp_path, web_target("one", port, scheme="http", credential=CREDENTIAL)) as done:
        assert done.said("one")["uptime.reachable"] == ("unknown prerequisite",)
    assert carried(site.heads) == [False], "only the walk asked, with nothing in hand"


def test_on_loopback_it_goes_over_plain_http_too(tmp_path: Path) -> None:
    site = Site(tls=False)
    with site.at() as port, scan(tmp_path, web_target("one", port, scheme="http", credential=CREDENTIAL)) as done:
        assert done.said("one")["uptime.reachable"] == ("pass answers",)
    assert sorted(carried(site.heads)) == [False, True], "the walk from plain HTTP carries nothing"


def test_it_is_not_sent_along_redirects(tmp_path: Path) -> None:
    site, other = Site(), Site()
    with site.at() as port, other.at() as port_of_other:
        plain = Site(
            {"/": lambda _: faults.whole(f"Location: https://one.{ZONE}:{port}/".encode(), status=b"301 Moved")},
            tls=False,
        )
        site.answers = {
            "/": faults.whole(f"Location: https://two.{ZONE}:{port_of_other}/".encode(), status=b"302 Found")
        }
        with plain.at() as http_port:
            one = web_target("one", port, credential=CREDENTIAL, http_port=http_port)
            two = web_target("two", port_of_other)
            with scan(tmp_path, one, two):
                pass
    assert carried(plain.heads) == [False]
    assert sorted(carried(site.asked("/"))) == [False, True], "the walk came by, with nothing in hand"
    assert not any(carried(other.heads))
    assert not any(VALUE.encode() in head for head in other.heads)


def test_a_target_without_one_sends_nothing(tmp_path: Path) -> None:
    site = Site()
    with site.at() as port, scan(tmp_path, web_target("one", port, credential=CREDENTIAL), web_target("two", port)):
        pass
    by_host = {head.split(b"Host: ")[1].split(b".")[0]: VALUE.encode() in head for head in site.heads}
    assert by_host == {b"one": True, b"two": False}


def test_a_redirect_that_holds_a_secret_is_not_followed(tmp_path: Path) -> None:
    plain = Site(
        {"/": faults.whole(f"Location: http://two.{ZONE}/?k={VALUE}".encode(), status=b"302 Found")}, tls=False
    )
    site = Site()
    with contextlib.ExitStack() as stack:
        port, http_port = stack.enter_context(site.at()), stack.enter_context(plain.at())
        with scan(tmp_path, web_target("one", port, credential=CREDENTIAL, http_port=http_port)) as done:
            stored = b"".join(done.journal.stored(digest) or b"" for digest in done.journal.digests())
            filed = " ".join(done.journal.filed("one"))
    assert VALUE not in filed
    assert VALUE.encode() not in stored
    assert b"holds a secret of this scan" in stored


def test_without_anything_sought_the_walk_costs_no_more_than_before(tmp_path: Path) -> None:
    site = Site()
    with site.at() as port:
        plain = Site(
            {"/": faults.whole(f"Location: https://one.{ZONE}:{port}/".encode(), status=b"301 Moved")}, tls=False
        )
        with plain.at() as http_port, scan(tmp_path, web_target("one", port, http_port=http_port)):
            pass
    assert len(site.heads) == len(plain.heads) == 1


def test_a_walk_can_carry_none() -> None:
    from scanner.observations.endpoint import Source
    from scanner.probes.http.exchange import HttpExchange

    start = HttpExchange(
        url="https://a.test/",
        host="a.test",
        port=443,
        address="192.0.2.1",
        source=Source.RESOLVER,
        agent="x",
        credential="a",
    )
    with pytest.raises(ValueError, match="carries no credential"):
        Redirects(start=start)


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True, check=False).returncode
    != 0,
    reason="no network namespace can be made here",
)
def test_at_an_address_that_is_not_loopback_the_certificate_decides(tmp_path: Path) -> None:
    """In a network of its own, where 10.77.0.1 is this machine: the same server, with and without its authority."""
    ca = tmp_path / "ca.pem"
    script = f"""
import json, pathlib, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import faults
from scanner.cli.main import main

pathlib.Path({str(ca)!r}).write_text(faults.ca_pem())
carried = []
class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        carried.append("Authorization" in self.headers)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *words):
        pass

server = ThreadingHTTPServer(("10.77.0.1", 8443), Service)
server.socket = faults.server_context().wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = []
for more in (["--ca", {str(ca)!r}], []):
    main(["scan", "https://one.fault.test:8443/", "--connect-to", "one.fault.test:8443:10.77.0.1:8443", "--profile", "local",
          "--user", "scanner:env=API_KEY", "--state", {str(tmp_path / "state")!r}, "--format", "jsonl", *more])
    seen.append([*carried])
    carried.clear()
print(json.dumps(seen), file=sys.stderr)
"""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", 'ip link set lo up && ip addr add 10.77.0.1/32 dev lo && exec "$@"', "sh",
         sys.executable, "-c", script],
        capture_output=True, text=True, check=False, timeout=90,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path), "API_KEY": VALUE,
             "PYTHONPATH": f"{root}:{root / 'tests'}"},
    )  # fmt: skip
    assert json.loads(done.stderr.splitlines()[-1]) == [[True], []], done.stdout + done.stderr
    assert "no trusted authority, so the credential was not sent" in done.stdout


# --- what is expected of a body -----------------------------------------------------------------------------


def body(content: bytes, *lines: bytes) -> bytes:
    return faults.whole(faults.HSTS, *lines, body=content)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return faults.head(b"Transfer-Encoding: chunked") + framed + end


WELCOME = Expectation(text="Selamat datang")
UP = Expectation(json=(JsonExpectation("/status", "UP"), JsonExpectation("/db/0/ms", 1.0)))
LONG = b"x" * 1_100_000
GOOD = b'{"status": "UP", "db": [{"ms": 1}]}'


@pytest.mark.parametrize(
    ("expect", "answer", "said"),
    [
        (WELCOME, body(b"<h1>Selamat datang</h1>"), "pass answers"),
        (WELCOME, body(b"<h1>selamat datang</h1>"), "fail wrong_content"),
        (WELCOME, body(b""), "fail wrong_content"),
        (WELCOME, faults.head(b"no colon") + b"Selamat datang", "unknown protocol_error"),  # the body is out of reach
        (WELCOME, body(gzip.compress(b"Selamat datang"), b"Content-Encoding: gzip"), "pass answers"),
        (WELCOME, body(gzip.compress(b"Lain"), b"Content-Encoding: gzip"), "fail wrong_content"),
        (WELCOME, body(gzip.compress(b"Lain" * 99)[:-12], b"Content-Encoding: gzip"), "unknown protocol_error"),
        (WELCOME, body(b"\x8b\x05\x80Selamat", b"Content-Encoding: br"), "unknown protocol_error"),
        (WELCOME, body("Selamat datang".encode("utf-16"), b"Content-Type: text/html; charset=utf-16"), "pass answers"),
        (Expectation(text="é"), body(b"\xe9", b"Content-Type: text/html; charset=iso-8859-1"), "pass answers"),
        (Expectation(text="é"), body(b"\xe9"), "fail wrong_content"),
        (WELCOME, chunked(b"Selamat", b" datang"), "pass answers"),
        (WELCOME, chunked(b"Selamat", end=b""), "unknown closed"),
        (WELCOME, chunked(b"Selamat datang", end=b""), "pass answers"),  # it was there, however the body ended
        (WELCOME, body(b"Selamat datang" + LONG), "pass answers"),
        (WELCOME, body(LONG + b"Selamat datang"), "unknown too_large"),
        (WELCOME, faults.whole(status=b"403 Forbidden"), "unknown blocked"),
        (WELCOME, faults.whole(status=b"503 Sorry"), "fail wrong_status"),
        (UP, body(GOOD), "pass answers"),
        (UP, body(GOOD.replace(b"UP", b"DOWN")), "fail wrong_content"),
        (UP, body(GOOD.replace(b"1}", b"true}")), "fail wrong_content"),
        (UP, body(b'{"status": "UP"}'), "fail wrong_content"),
        (UP, body(b"<h1>Maintenance</h1>"), "fail wrong_content"),  # read whole, and no JSON
        (UP, body(b"[" * 500_000), "fail wrong_content"),
        (UP, body(GOOD + b" " * 1_100_000), "unknown too_large"),
        (UP, chunked(GOOD, end=b""), "unknown closed"),
    ],
)  # fmt: skip
def test_what_is_expected_of_a_body(tmp_path: Path, expect: Expectation, answer: bytes, said: str) -> None:
    site = Site({"/": answer})
    with site.at() as port, scan(tmp_path, web_target("one", port, expect=expect)) as done:
        assert done.said("one")["uptime.reachable"] == (said,)
    assert len(site.asked()) == (1 if said == "pass answers" else 2), "asked again when it is not what is expected"


def test_the_second_answer_may_be_the_right_one(tmp_path: Path) -> None:
    site = Site({"/": lambda count: body(b"Selamat datang" if count > 1 else b"Sebentar")})
    with site.at() as port, scan(tmp_path, web_target("one", port, expect=WELCOME)) as done:
        assert done.said("one")["uptime.reachable"] == ("pass content_again",)


def test_what_the_server_sent_instead_is_not_kept(tmp_path: Path) -> None:
    site = Site({"/": body(b'{"status": "Budi Santoso 081234567890"}')})
    with site.at() as port, scan(tmp_path, web_target("one", port, expect=UP)) as done:
        stored = b"".join(done.journal.stored(digest) or b"" for digest in done.journal.digests())
        told = msgspec.json.encode(list(done.findings()))
    assert b"Budi" not in stored + told
    assert b"/status" in stored, "what was looked for is"


# --- further pages ------------------------------------------------------------------------------------------


def test_one_get_for_each_further_page_and_none_for_the_home_page_again(tmp_path: Path) -> None:
    site = Site()
    with site.at() as port, scan(tmp_path, web_target("one", port, paths=("/a", "/", "/a", "/b"))) as done:
        assert done.said("one")["web.hsts.policy"]
    assert sorted(head.split(b" HTTP")[0] for head in site.heads) == [b"GET /", b"GET /a", b"GET /b"]


def test_a_page_that_never_answers_erases_nothing(tmp_path: Path) -> None:
    site = Site({"/a": b"", "/b": faults.whole()})
    with site.at() as port, scan(tmp_path, web_target("one", port, paths=("/a", "/b"))) as done:
        findings = {it.subject.kind: it.outcome for it in done.findings("one", "web.hsts.policy")}
    assert findings["hsts on every answer"] == "not_everywhere"


def test_the_ceiling_covers_further_pages(tmp_path: Path) -> None:
    site = Site()
    with site.at() as port:
        paths = tuple(f"/{number}" for number in range(20))
        with scan(tmp_path, web_target("one", port, paths=paths, credential=CREDENTIAL, expect=WELCOME)) as done:
            (record,) = done.journal.targets()
            assert record.used.connections <= record.ceiling.connections
    assert len(site.heads) == 22


def test_the_plan_lists_further_pages_and_shows_no_value() -> None:
    target = web_target("one", 8443, paths=("/a",), credential=CREDENTIAL)
    profile = hasty()
    planned, bare = (
        plan_target(it, tuple(discover().values()), Setting("Pindai/test"), profile)
        for it in (target, msgspec.structs.replace(target, paths=()))
    )
    assert f"GET https://one.{ZONE}:8443/a -> *" in planned.requests
    assert planned.ceiling.connections == bare.ceiling.connections + 1
    assert VALUE not in repr(planned)
