"""Every packet of a scan, seen from below: in a network namespace of its own, by a capture and not by Python's word.

Everything that must not be contacted is there, on a route, and answers; so a scanner that went there would be served. The
control scans the same estate with a wider scope, and is seen to go further.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_network import BESIDE, LEADS, METADATA, NAMES, OUTSIDE, OWN, PRIVATE, RESOLVER

LIMIT_S = 90.0
HERE = Path(__file__).parent
HOSTS = {it for it in NAMES if it not in ("beside", "trap")}
OWN6 = "2620:fe::10"
SCAN = ("targets.toml", "--profile", "quick.toml", "--ca", "ca.pem", "--format", "json")

pytestmark = pytest.mark.system("ip", "unshare")


@functools.cache
def apart() -> tuple[str, ...]:
    """The words that start a command in a network namespace of its own; none where this system does not let us."""
    for words in (("unshare", "--net"), ("unshare", "--user", "--map-root-user", "--net")):
        with contextlib.suppress(OSError):
            trial = [*words, "ip", "link", "add", "out0", "type", "veth", "peer", "name", "out1"]
            if subprocess.run(trial, capture_output=True, check=False).returncode == 0:
                return words
    return ()


def scan_apart(folder: Path, scope: str) -> dict[str, Any]:
    """What a scan of the hostile estate did, in a namespace that ends with it."""
    if not (words := apart()):
        pytest.skip("needs the right to make a network namespace (root, or user namespaces)")
    tables = (f'[[target]]\nid = "{name}"\nurl = "https://{name}.fault.test/"\naddresses = "all"\n' for name in HOSTS)
    (folder / "targets.toml").write_text(f'[resolver]\nnameservers = ["{RESOLVER}"]\n{scope}\n{"".join(tables)}')
    (folder / "quick.toml").write_text(
        'based_on = "local"\nloopback_only = false\n[pace]\ninterval_ms = 100\nper_address_per_minute = 600\n'
        "targets_at_once = 8\nconnections_total = 16\n"
    )
    done = subprocess.run(
        [*words, sys.executable, str(HERE / "hostile_network.py"), *SCAN],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert seen["code"] in (0, 1, 2), seen
    return seen


def ends(seen: dict[str, Any]) -> set[str]:
    """Every address that sent or was sent a packet."""
    return {address for source, destination, _ in seen["packets"] for address in (source, destination)}


def test_every_packet_stays_in_the_scope(tmp_path: Path) -> None:
    seen = scan_apart(tmp_path, '[scope]\nnames = ["*.fault.test"]')
    # The kernel gives a packet to an address of this machine that address as its source, too.
    assert ends(seen) == {RESOLVER, OWN, OWN6, BESIDE}
    assert set(seen["asked"]) == {OWN, OWN6, BESIDE}

    states: dict[str, set[str]] = {}
    for finding in json.loads(seen["out"])["findings"]:
        if finding["check"] in ("uptime.reachable", "web.https.redirect"):
            word = finding["reason"] if finding["state"] == "unknown" else finding["outcome"]
            states.setdefault(finding["target"], set()).add(word)
    assert states.keys() == HOSTS
    for name in HOSTS - LEADS.keys() - {"half"}:
        assert states[name] == {"out_of_scope"}, name
    for name in LEADS.keys() - {"good", "rebound"}:
        assert "answers" in states[name], name
        assert states[name] & {"out_of_scope", "back_to_http"}, name
    for name in ("good", "rebound"):
        assert states[name] == {"answers", "to_https"}, name


def test_a_wider_scope_is_seen_to_lead_further(tmp_path: Path) -> None:
    """So that silence above is the scanner's and not the capture's. The metadata service is in no scope, however wide."""
    names = f'names = ["*.fault.test", "*.outside.test", "{OUTSIDE}"]'
    seen = scan_apart(tmp_path, f'[scope]\n{names}\nnetworks = ["{OUTSIDE}/32", "{PRIVATE}/32"]')
    assert ends(seen) == {RESOLVER, OWN, OWN6, BESIDE, OUTSIDE, PRIVATE}
    assert set(seen["asked"]) == {OWN, OWN6, BESIDE, OUTSIDE, PRIVATE}
    assert METADATA not in ends(seen)
