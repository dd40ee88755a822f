"""The trials at real servers, sound and weak, and at a server with one published fault each."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tls_servers import Bench, endpoint, free_port, gnutls_serv, nginx, s_server
from weak_starttls import starttls_service
from weak_tls import weak_server

from scanner.derive.tls_facts import Trials, TrialState
from scanner.derive.tls_trials import trials_of
from scanner.observations.observation import Observation, digest, encode
from scanner.observations.steps import Reason, Unobserved
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_trials import Act, Weakness
from scanner.observations.tls_trials import TlsTrials as Seen
from scanner.probes.probe import Probe, Record
from scanner.probes.tls.sweep import TlsSweep
from scanner.probes.tls.trials import MOST_CONNECTIONS, TlsTrials
from scanner.profiles import Timeouts, load_profile

SHOWN, SOUND, IMPOSSIBLE = TrialState.SHOWN, TrialState.NOT_SHOWN, TrialState.NOT_POSSIBLE
TIMEOUTS = Timeouts(dns_s=1, connect_s=5, tls_s=5, answer_s=5, body_s=5, exchange_s=20, target_s=120)


class Laboratory(Bench):
    """With the sweep made for real, and the two ways that probes wait for others."""

    def __init__(self) -> None:
        super().__init__(msgspec.structs.replace(load_profile("local"), timeouts=TIMEOUTS), connections=400)
        self.swept = 0

    async def observe(self, probe: Probe[Any]) -> Record[Any]:
        assert isinstance(probe, TlsSweep)
        seen: Observation = await probe.observe(self)
        assert isinstance(seen, TlsHellos)
        self.swept = self.budget.used.connections
        return Record(seen, digest(encode(seen)))


def observed(port: int, starttls: str = "") -> Seen:
    """What the probe sees, after a journey through its stored form."""
    laboratory = Laboratory()
    seen = asyncio.run(TlsTrials.of(endpoint(port), starttls).observe(laboratory))
    made = laboratory.budget.used.connections - laboratory.swept
    assert seen.connections == made <= MOST_CONNECTIONS
    again = msgspec.json.decode(encode(seen), type=Seen)
    assert digest(encode(again)) == digest(encode(seen))
    return again


def came_to(seen: Seen) -> dict[str, object]:
    """Each trial's state, with its detail behind a colon; of what is unknown the reason."""
    found = trials_of(seen)
    assert isinstance(found, Trials)
    return {
        it.key: it.state.reason if isinstance(it.state, Unobserved) else f"{it.state}:{it.detail}".rstrip(":")
        for it in found.made
    }


ALL_SOUND = {"heartbleed": IMPOSSIBLE, "ccs": SOUND, "robot": SOUND, "ticketbleed": SOUND, "poodle": SOUND}
MODERN = {**ALL_SOUND, "robot": IMPOSSIBLE, "poodle": IMPOSSIBLE}


@pytest.mark.system("nginx")
def test_nginx(tmp_path: Path) -> None:
    """Today's suites, all of OpenSSL's, no tickets, and nothing but TLS 1.3."""
    today = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;"
    no_tickets = f"{today} ssl_session_tickets off;"
    with nginx(tmp_path, today, "ssl_protocols TLSv1.2;", no_tickets, "ssl_protocols TLSv1.3;", kinds=("rsa",)) as (
        modern,
        everything,
        without,
        newest,
    ):
        seen = observed(modern)
        assert came_to(seen) == MODERN
        assert seen.connections == 3  # early ChangeCipherSpec, and a ticket fetched and presented
        assert came_to(observed(everything)) == ALL_SOUND
        assert came_to(observed(without)) == {**MODERN, "ticketbleed": IMPOSSIBLE}
        none = observed(newest)
        assert came_to(none) == dict.fromkeys(MODERN, IMPOSSIBLE)
        assert none.connections == 0


@pytest.mark.system("openssl")
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1", "-tls1_2"])
def test_each_version_of_openssl(tmp_path: Path, version: str) -> None:
    """s_server takes one connection at a time. The keys of each version are right, for the server takes our Finished."""
    with s_server(tmp_path, version, "-cipher", "ALL:@SECLEVEL=0", "-www", kinds=("rsa",)) as port:
        seen = observed(port)
    assert came_to(seen) == ALL_SOUND
    assert {it.reaction.act for it in seen.tried if it.weakness is Weakness.PADDING} == {Act.ALERT}


@pytest.mark.system("openssl")
@pytest.mark.parametrize(
    "suite", ["AES128-GCM-SHA256", "DHE-RSA-AES256-SHA256", "ECDHE-RSA-CHACHA20-POLY1305", "CAMELLIA256-SHA"]
)
def test_kinds_of_suites(tmp_path: Path, suite: str) -> None:
    """A ticket comes only after a Finished that the server could open: so each key exchange and cipher is right."""
    with s_server(tmp_path, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0", "-www", kinds=("rsa",)) as port:
        found = came_to(observed(port))
    assert found["ticketbleed"] == SOUND
    assert SHOWN not in found.values()


@pytest.mark.system("gnutls-serv")
def test_gnutls(tmp_path: Path) -> None:
    """It offers heartbeats and is sound; it gives no tickets below TLS 1.3 here."""
    priority = "NORMAL:+RSA:-VERS-TLS1.3"
    with gnutls_serv(tmp_path, priority, "--heartbeat", "--noticket", kinds=("rsa",)) as port:
        found = came_to(observed(port))
    assert found == {**ALL_SOUND, "heartbleed": SOUND, "ticketbleed": IMPOSSIBLE}


@pytest.mark.system("openssl")
def test_a_server_that_asks_for_a_certificate(tmp_path: Path) -> None:
    """Asking is borne with; a server that insists shows nothing, and what it refuses is no pass."""
    words = ("-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-www")
    with s_server(tmp_path, *words, "-verify", "1", kinds=("rsa",)) as port:
        assert came_to(observed(port)) == ALL_SOUND
    with s_server(tmp_path, *words, "-Verify", "1", kinds=("rsa",)) as port:
        found = came_to(observed(port))
    assert found["ccs"] == SOUND
    assert found["robot"] == Reason.INCONCLUSIVE
    assert isinstance(found["poodle"], Reason)


FAULTS = [
    ((), {}),
    (("heartbeat",), {"heartbleed": SOUND}),
    (("heartbleed",), {"heartbleed": SHOWN}),
    (("heartbleed", "asks_certificate"), {"heartbleed": SHOWN, "robot": "inconclusive", "poodle": "tls_failed"}),
    (("ccs",), {"ccs": SHOWN}),
    (("ccs_ignored",), {"ccs": "inconclusive"}),
    (("tickets",), {"ticketbleed": SOUND}),
    (("ticketbleed",), {"ticketbleed": SHOWN}),
    (("padding_unchecked",), {"poodle": f"{SHOWN}:accepted"}),
    (("padding_told",), {"poodle": f"{SHOWN}:oracle"}),
    (("mac_unchecked",), {"poodle": "inconclusive"}),
    (("robot_strong",), {"robot": f"{SHOWN}:strong"}),
    (("robot_weak",), {"robot": f"{SHOWN}:weak"}),
    (("robot_cut",), {"robot": f"{SHOWN}:weak"}),
    (("robot_reset",), {"robot": f"{SHOWN}:strong"}),
    (("robot_slow",), {}),
    (("one_by_one",), {}),
]


@pytest.mark.parametrize(("faults", "expected"), FAULTS, ids=lambda it: "+".join(it) if isinstance(it, tuple) else "")
def test_one_fault_each(faults: tuple[str, ...], expected: dict[str, object]) -> None:
    """A server with one published fault shows it and no other; where answers say nothing, nothing is said."""
    with weak_server(*faults) as port:
        found = came_to(observed(port))
    assert found == {**ALL_SOUND, "ticketbleed": IMPOSSIBLE, **expected}


def test_answers_at_random_are_no_oracle() -> None:
    """It is unknown, or, when chance had them alike, sound: never shown."""
    with weak_server("robot_random") as port:
        found = came_to(observed(port))
    assert found["robot"] in (Reason.INCONCLUSIVE, SOUND)


def test_nothing_that_a_weak_server_gives_away_is_stored() -> None:
    """Neither memory nor tickets nor session ids are in the observation."""
    with weak_server("heartbleed", "ticketbleed") as port:
        seen = observed(port)
    stored = encode(seen)
    assert came_to(seen)["heartbleed"] == SHOWN
    assert b"nobody should see" not in stored
    assert b"ticket\x22" not in stored.replace(b"ticketbleed", b"")


LINES = ("smtp", "imap", "pop3", "ftp")


@pytest.mark.parametrize("protocol", LINES)
def test_commands_before_tls(tmp_path: Path, protocol: str) -> None:
    """Only a service that carries out, within TLS, what was sent in clear is weak."""
    found = {}
    for way in ("sound", "remembers", "turns_down", "greets_again"):
        with starttls_service(tmp_path, protocol, way) as port:
            seen = observed(port, protocol)
        assert seen.offers is True
        found[way] = came_to(seen)["starttls"]
    assert found == {"sound": SOUND, "remembers": SHOWN, "turns_down": SOUND, "greets_again": SOUND}


@pytest.mark.parametrize(
    ("way", "offers"),
    [
        ("offers_none", False),
        ("turned_away", Unobserved(Reason.PROTOCOL_ERROR, "the service turned us away: 421 later")),
        ("unlike", Unobserved(Reason.PROTOCOL_ERROR, "no answer of this protocol: 'SSH-2.0-server'")),
    ],
)
def test_a_service_that_begins_no_tls(tmp_path: Path, way: str, offers: bool | Unobserved) -> None:
    """That none is offered is told apart from what says nothing."""
    with starttls_service(tmp_path, "smtp", way) as port:
        seen = observed(port, "smtp")
    found = trials_of(seen)
    assert isinstance(found, Trials) == (offers is False)
    assert seen.offers == offers


def test_a_service_that_is_gone(tmp_path: Path) -> None:
    """Nobody at the port: the sweep's reason is told, and nothing is tried."""
    port = free_port()
    laboratory = Laboratory()
    seen = asyncio.run(TlsTrials.of(endpoint(port)).observe(laboratory))
    found = trials_of(seen)
    assert isinstance(found, Unobserved)
    assert found.reason is Reason.REFUSED
    assert seen.connections == 0


def test_the_ceiling_covers_the_sweep() -> None:
    profile = load_profile("default")
    probe = TlsTrials.of(endpoint(443))
    assert probe.ceiling(profile).connections == MOST_CONNECTIONS + probe.sweep.ceiling(profile).connections
