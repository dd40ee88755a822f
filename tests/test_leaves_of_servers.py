"""The certificates of real servers: one for each kind of key, another for no name, and two addresses that differ."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pki
import pytest
from observed import shipped
from pki import DAY, Entity
from scanned import ZONE, Scanned, hasty, performed, web_target
from test_real_servers import PATIENT, free_ports, running, written

from scanner.cli.estates import Assignment
from scanner.derive.tls_facts import Sessions
from scanner.derive.tls_sessions import sessions_of
from scanner.estate import AddressPolicy, Estate
from scanner.observations.tls_sessions import TlsSessions
from scanner.scope import Scope
from scanner.surroundings import look_around

NOW = datetime.now(UTC).replace(microsecond=0)
OLD_ENOUGH: dict[str, Any] = {"not_before": NOW - 365 * DAY, "not_after": NOW + 365 * DAY}
LIFE: dict[str, Any] = {"not_before": NOW - 30 * DAY, "not_after": NOW + 60 * DAY}
ROOT = pki.root("Leaves Root", **OLD_ENOUGH)
ISSUING = pki.intermediate(ROOT, "Leaves Issuing", **OLD_ENOUGH)
HERE, THERE = "127.113.54.1", "127.113.54.2"
CHECKS = tuple(check for id, check in shipped().items() if id.startswith(("tls.certificate.", "tls.ocsp.")))


def named(name: str, kind: str, label: str = "", **fields: Any) -> Entity:
    key = pki.key(kind, label or f"{name} {kind}")
    return pki.leaf(ISSUING, [f"{name}.{ZONE}"], key=key, **{**LIFE, **fields})


EC, RSA = named("dual", "ec"), named("dual", "rsa")
FORGOTTEN = named("forgotten", "rsa", not_after=NOW - DAY)
FRESH = named("forgotten", "ec")
ONE, TWO = named("apart", "ec"), named("apart", "ec", "another")
DEFAULT = named("default", "ec")


@contextlib.contextmanager
def nginx(here: Path, port: int) -> Iterator[None]:
    """Names at one port of two addresses; whoever names none of them gets the default's certificate."""

    def block(listen: str, name: str, *entities: Entity, more: str = "") -> str:
        lines = [f"listen {address}:{port} ssl {more};" for address in listen.split()]
        for place, entity in enumerate(entities):
            files = written(here, f"{name}-{place}-{len(listen)}-{listen[-1]}", entity, ISSUING)
            lines.append(f"ssl_certificate {files.chain}; ssl_certificate_key {files.key};")
        old = "TLSv1.2" if listen.endswith("2") else "TLSv1.2 TLSv1.3"
        return f"server {{ {' '.join(lines)} server_name {name}.{ZONE}; ssl_protocols {old}; return 200 'here'; }}"

    temporary = " ".join(
        f"{kind}_temp_path {here}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    blocks = [
        block(HERE, "default", DEFAULT, more="default_server"),
        block(HERE, "dual", EC, RSA),
        block(HERE, "forgotten", FRESH, FORGOTTEN),
        block(HERE, "apart", ONE),
        block(THERE, "apart", TWO),
    ]
    configuration = here / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {here}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {temporary}\n" + "\n".join(blocks) + "\n}\n"
    )
    with running(here, "nginx", "nginx", "-p", here, "-c", configuration, "-e", "stderr") as program:
        program.wait_until(lambda: (here / "nginx.pid").exists())
        yield


@pytest.fixture(scope="module")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    here = tmp_path_factory.mktemp("leaves")
    (port,) = free_ports(1, HERE)
    targets = [
        web_target("dual", port),
        web_target("forgotten", port),
        web_target("apart", port, addresses=AddressPolicy.ALL),
    ]
    scope = Scope(names=(f"*.{ZONE}",), networks=("127.0.0.0/8",))
    estate = Estate(targets=tuple(targets), scope=scope, anchors=(ROOT.der,), source="test")
    hosts = here / "hosts"
    hosts.write_text(f"{HERE} dual.{ZONE} forgotten.{ZONE} apart.{ZONE}\n{THERE} apart.{ZONE}\n")
    with (
        nginx(here, port),
        performed(here, Assignment(estate, hasty(PATIENT), CHECKS, look_around(estate, hosts))) as scan,
    ):
        yield scan


def said(scan: Scanned, target: str, check: str) -> dict[str, str]:
    """What a check said, by subject: its kind for those beside the service, and the kind of key behind the port."""
    found = {}
    for it in scan.findings(target, check):
        key = it.subject.key.partition(" ")[2] if it.subject.kind == "service" else it.subject.kind
        found[key] = it.outcome
    return found


@pytest.mark.system("nginx")
def test_a_certificate_for_each_kind_of_key_is_judged(leaves: Scanned) -> None:
    assert said(leaves, "dual", "tls.certificate.expiry") == {"": "in_time", "RSA": "in_time"}
    assert said(leaves, "dual", "tls.certificate.name") == {"": "match", "RSA": "match"}
    assert said(leaves, "dual", "tls.certificate.chain") == {"": "trusted", "RSA": "trusted"}
    assert said(leaves, "dual", "tls.certificate.signature") == {"": "sound", "RSA": "sound"}


@pytest.mark.system("nginx")
def test_a_second_certificate_that_was_forgotten_is_found(leaves: Scanned) -> None:
    assert said(leaves, "forgotten", "tls.certificate.expiry") == {"": "in_time", "RSA": "expired"}


@pytest.mark.system("nginx")
def test_who_names_nobody_gets_anothers_certificate(leaves: Scanned) -> None:
    found = said(leaves, "dual", "tls.certificate.multiple")
    assert found == {"": "several", "without name": "without_name", "unknown name": "unknown_name"}


@pytest.mark.system("nginx")
def test_whole_handshakes_prove_that_the_server_has_its_keys(leaves: Scanned) -> None:
    (seen,) = leaves.observations("dual", TlsSessions)
    found = sessions_of(seen)
    assert isinstance(found, Sessions)
    assert {chain.certificates[0] for chain in found.chains if chain.proven} == {EC.der, RSA.der}


@pytest.mark.system("nginx")
def test_addresses_that_differ_are_found(leaves: Scanned) -> None:
    assert said(leaves, "apart", "tls.certificate.consistency") == {
        "certificates of addresses": "certificates",
        "versions of addresses": "protocols",
        "suites of addresses": "same_suites",
    }
    assert said(leaves, "dual", "tls.certificate.consistency") == {"": "one_address"}


@pytest.mark.system("nginx")
def test_what_only_the_public_asks_for_is_not_asked_of_an_authority_of_ones_own(leaves: Scanned) -> None:
    for check in ("tls.certificate.lifetime", "tls.certificate.transparency"):
        assert said(leaves, "dual", check) == {"": "not_public", "RSA": "not_public"}
