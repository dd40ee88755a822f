"""Revocation on real servers: what nginx staples, and what OpenSSL's responder and lists by plain HTTP answer when asked."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pki
import pki_status
import pytest
from cryptography import x509
from observed import shipped
from pki import DAY, Entity
from scanned import ZONE, Scanned, hasty, performed, web_target
from test_real_servers import ADDRESS, PATIENT, Program, free_ports, running, written

from scanner.cli.estates import Assignment
from scanner.cost import Contact, Traffic
from scanner.estate import Estate, Target
from scanner.observations.pki import IssuerAnswer
from scanner.scope import Scope
from scanner.surroundings import look_around

NOW = datetime.now(UTC).replace(microsecond=0)
LIFE: dict[str, Any] = {"not_before": NOW - 30 * DAY, "not_after": NOW + 60 * DAY}
FRESH: dict[str, Any] = {"this_update": NOW - DAY, "next_update": NOW + DAY}
STALE: dict[str, Any] = {"this_update": NOW - 9 * DAY, "next_update": NOW - DAY}
OLD_ENOUGH: dict[str, Any] = {"not_before": NOW - 365 * DAY, "not_after": NOW + 365 * DAY}
ROOT = pki.root("Revocation Root", **OLD_ENOUGH)
ISSUING = pki.intermediate(ROOT, "Revocation Issuing", **OLD_ENOUGH)
PROMISE = (x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
PKI_HOST = f"issuer.{ZONE}"
CHECKS = tuple(shipped()[it] for it in ("tls.certificate.revocation", "tls.ocsp.stapling"))
REVOCATION, STAPLING = (it.id for it in CHECKS)


def named(name: str, *extra: pki.Extension) -> Entity:
    """The certificate of a target."""
    return pki.leaf(ISSUING, [f"{name}.{ZONE}"], key=pki.key("ec", name), extra=extra, **LIFE)


@contextlib.contextmanager
def nginx(here: Path, served: dict[str, tuple[Entity, bytes | None]]) -> Iterator[dict[str, int]]:
    """A server that presents these certificates, each at a port of its own, and staples these responses."""
    ports = dict(zip(served, free_ports(len(served)), strict=True))
    blocks = []
    for name, (entity, staple) in served.items():
        files = written(here, name, entity, ISSUING)
        lines = f"listen {ADDRESS}:{ports[name]} ssl; ssl_certificate {files.chain}; ssl_certificate_key {files.key};"
        if staple is not None:
            (here / f"{name}.der").write_bytes(staple)
            lines += f" ssl_stapling on; ssl_stapling_file {here}/{name}.der;"
        blocks.append(f"server {{ {lines} return 200 'here'; }}")
    configuration = here / "nginx.conf"
    temporary = " ".join(
        f"{kind}_temp_path {here}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration.write_text(
        f"daemon off; pid {here}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary}\n" + "\n".join(blocks) + "\n}\n"
    )
    with running(here, "nginx", "nginx", "-p", here, "-c", configuration, "-e", "stderr") as program:
        for port in ports.values():
            program.wait_for_port(port)
        yield ports


@contextlib.contextmanager
def scan_of(here: Path, targets: Sequence[Target], *, ask_issuers: bool) -> Iterator[Scanned]:
    scope = Scope(names=(f"*.{ZONE}", ADDRESS), networks=("127.0.0.0/8",))
    estate = Estate(targets=tuple(targets), scope=scope, anchors=(ROOT.der,), source="test", ask_issuers=ask_issuers)
    hosts = here / "hosts"
    hosts.write_text("".join(f"{ADDRESS} {name}\n" for name in (PKI_HOST, *(it.parsed_url.host for it in targets))))
    with performed(here, Assignment(estate, hasty(PATIENT), CHECKS, look_around(estate, hosts))) as scan:
        yield scan


def contacted(scan: Scanned, name: str) -> tuple[Contact, ...]:
    """Who was contacted for a target."""
    records = {target.id: record for target, record in scan.run.targets()}
    record = records[name]
    assert record is not None
    return record.contacted


# --- stapled --------------------------------------------------------------------------------------------------

RESPONDER = (pki.access(ocsp=["http://nobody.test/"]), False)
PLAIN, NAMED, PROMISES = named("plain"), named("named", RESPONDER), named("promises", RESPONDER, PROMISE)
STAPLED: dict[str, tuple[Entity, bytes | None]] = {
    "none": (PLAIN, None),
    "absent": (NAMED, None),
    "good": (NAMED, pki_status.response(NAMED, ISSUING, **FRESH)),
    "delegated": (
        NAMED,
        pki_status.response(NAMED, ISSUING, by=pki_status.delegate(ISSUING, **OLD_ENOUGH), **FRESH),
    ),
    "revoked": (NAMED, pki_status.response(NAMED, ISSUING, "revoked", **FRESH)),
    "stale": (NAMED, pki_status.response(NAMED, ISSUING, **STALE)),
    "broken-promise": (PROMISES, None),
    "promise": (PROMISES, pki_status.response(PROMISES, ISSUING, **FRESH)),
    "other": (PROMISES, pki_status.response(PLAIN, ISSUING, **FRESH)),
}


@pytest.fixture(scope="module")
def stapling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    here = tmp_path_factory.mktemp("stapling")
    with nginx(here, STAPLED) as ports:
        targets = [web_target(name, port) for name, port in ports.items()]
        with scan_of(here, targets, ask_issuers=False) as scan:
            yield scan


@pytest.mark.system("nginx")
@pytest.mark.parametrize(
    ("name", "revocation", "staples"),
    [
        ("none", "not_applicable no_source", "not_applicable no_responder"),
        ("absent", "not_applicable nobody_asked", "fail not_stapled"),
        ("good", "pass good_staple", "pass stapled"),
        ("delegated", "pass good_staple", "pass stapled"),
        ("revoked", "fail revoked", "pass stapled"),
        ("stale", "fail stale", "pass stapled"),
        ("broken-promise", "fail no_staple", "fail not_stapled"),
        ("promise", "pass good_staple", "pass stapled"),
        ("other", "fail useless_staple", "pass stapled"),
    ],
)
def test_what_nginx_staples(name: str, revocation: str, staples: str, stapling: Scanned) -> None:
    said = stapling.said(name)
    (of_revocation,), (of_stapling,) = said[REVOCATION], said[STAPLING]
    assert of_revocation.startswith(revocation)
    assert of_stapling == staples


@pytest.mark.system("nginx")
def test_nobody_is_asked_unless_the_configuration_says_so(stapling: Scanned) -> None:
    assert not any(stapling.observations(name, IssuerAnswer) for name in STAPLED)
    assert Traffic.PKI not in {it.traffic for name in STAPLED for it in contacted(stapling, name)}


# --- asked ----------------------------------------------------------------------------------------------------


class Lists(http.server.BaseHTTPRequestHandler):
    """Hands out what stands under its path, byte for byte."""

    def __init__(self, published: dict[str, bytes], *words: Any) -> None:
        self._published = published
        super().__init__(*words)

    def do_GET(self) -> None:
        body = self._published.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def publishing(published: dict[str, bytes], port: int) -> Iterator[None]:
    """Lists at a port, by plain HTTP."""
    server = http.server.ThreadingHTTPServer((ADDRESS, port), functools.partial(Lists, published))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def responder(here: Path, port: int, known: dict[Entity, str]) -> Iterator[Program]:
    """OpenSSL's own responder, which knows these certificates as valid (V) or revoked (R)."""
    rows = []
    for entity, letter in known.items():
        serial = f"{entity.certificate.serial_number:X}"
        until = entity.certificate.not_valid_after_utc.strftime("%y%m%d%H%M%SZ")
        when = (NOW - DAY).strftime("%y%m%d%H%M%SZ") + ",keyCompromise" if letter == "R" else ""
        rows.append(f"{letter}\t{until}\t{when}\t{serial.zfill(len(serial) + len(serial) % 2)}\tunknown\t/CN=x\n")
    (here / "index.txt").write_text("".join(rows))
    files = written(here, "issuing", ISSUING)
    words = ("-index", "index.txt", "-port", port, "-CA", files.chain, "-rsigner", files.chain, "-rkey", files.key)
    with running(here, "responder", "openssl", "ocsp", *words, "-ndays", "1") as program:
        program.wait_for_words("waiting for OCSP client connections")
        yield program


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    here = tmp_path_factory.mktemp("asked")
    ocsp_port, list_port, silent_port = free_ports(3)
    answers = (pki.access(ocsp=[f"http://{PKI_HOST}:{ocsp_port}/"]), False)
    silent = (pki.access(ocsp=[f"http://{PKI_HOST}:{silent_port}/"]), False)
    elsewhere = (pki.access(ocsp=["http://169.254.169.254/latest"]), False)

    def lists(path: str) -> pki.Extension:
        return pki_status.places(f"http://{PKI_HOST}:{list_port}/{path}")

    entities = {
        "good": named("good", answers),
        "revoked": named("revoked", answers),
        "stranger": named("stranger", answers),
        "listed": named("listed", lists("1.crl")),
        "unlisted": named("unlisted", lists("1.crl")),
        "no-list": named("no-list", lists("none.crl")),
        "old-list": named("old-list", lists("old.crl")),
        "second-way": named("second-way", silent, lists("1.crl")),
        "down": named("down", silent),
        "metadata": named("metadata", elsewhere),
    }
    published = {
        "/1.crl": pki_status.revocations(ISSUING, entities["listed"], **FRESH),
        "/old.crl": pki_status.revocations(ISSUING, **STALE),
    }
    known = {entities["good"]: "V", entities["revoked"]: "R"}
    with (
        responder(here, ocsp_port, known),
        publishing(published, list_port),
        nginx(here, {name: (entity, None) for name, entity in entities.items()}) as ports,
        scan_of(here, [web_target(name, port) for name, port in ports.items()], ask_issuers=True) as scan,
    ):
        yield scan


@pytest.mark.system("nginx", "openssl")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("good", "pass good"),
        ("revoked", "fail revoked"),
        ("stranger", "unknown inconclusive"),  # the responder does not know it
        ("listed", "fail revoked"),
        ("unlisted", "pass good"),
        ("no-list", "unknown protocol_error"),  # 404
        ("old-list", "unknown inconclusive"),
        ("second-way", "pass good"),  # the responder is away, the list is there
        ("down", "unknown refused"),
        ("metadata", "unknown out_of_scope"),
    ],
)
def test_what_issuers_answer(name: str, said: str, asked: Scanned) -> None:
    assert asked.said(name)[REVOCATION] == (said,)


@pytest.mark.system("nginx", "openssl")
def test_a_list_is_fetched_once_for_all(asked: Scanned) -> None:
    fetched = [it for name in ("listed", "unlisted") for it in contacted(asked, name) if it.traffic is Traffic.PKI]
    assert [it.times for it in fetched] == [1], "both read what one of them fetched"
    assert asked.observations("listed", IssuerAnswer)[0].body == asked.observations("unlisted", IssuerAnswer)[0].body


@pytest.mark.system("nginx", "openssl")
def test_a_responder_that_answers_is_enough(asked: Scanned) -> None:
    (answer,) = asked.observations("good", IssuerAnswer)
    assert answer.about_one
    assert answer.endpoint is not None
    assert answer.endpoint.host == PKI_HOST
