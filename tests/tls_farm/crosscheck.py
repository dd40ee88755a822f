"""What independent clients get from the farm's servers: python -m tls_farm.crosscheck [ROW or STACK ...]   (in tests/)

Four libraries (OpenSSL 0.9.8e, 1.0.2p, 1.1.0f and the system's 3.0, by `libssl.py`) and node 24 (OpenSSL 3.5, for hybrid
groups) ask each suite and group by itself, then all in two orders; tlslite-ng's messages ask for extensions, signature
schemes, kinds of SSLv2 and oddities. Prints what differs from the table, or all with -v.
This is how the truth table was checked; the scanner has no part in it.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tls_farm.names import GROUPS, SUITES
from tls_farm.row import CLIENT, SERVER, UNKNOWN, Row
from tls_farm.servers import ADDRESS, HERE, PREPARED, Farm, MissingError, farm_of

NAMES = {number: name for name, number in SUITES.items()}
VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
LIBRARIES = {
    "0.9.8e": ("openssl-0.9.8e", ("SSLv2", "SSLv3", "TLSv1.0")),
    "1.0.2p": ("openssl-1.0.2p", ("SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2")),
    "1.1.0f": ("openssl-1.1.0f", ("TLSv1.0", "TLSv1.1", "TLSv1.2")),
    "3.0": ("", ("TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")),
}
SUITES_13 = tuple(it for it in SUITES if it.startswith("TLS_"))
CURVES = [
    *("X25519", "P-256", "X448", "P-521", "P-384", "secp224r1", "secp192r1", "secp256k1"),
    *("brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "sect283k1", "sect283r1", "sect409k1", "sect409r1"),
    *("sect571k1", "sect571r1", "sect233r1", "sect163r2"),
]
FINITE = ["ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"]
HYBRIDS = ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "MLKEM512", "MLKEM768", "MLKEM1024"]
OTHER_NAMES = {"secp192r1": "P-192", "secp224r1": "P-224"}
NODE = """
const tls = require('tls'), lines = require('readline').createInterface({input: process.stdin});
lines.on('line', line => {
  const it = JSON.parse(line);
  let told = false;
  const tell = what => { if (!told) { told = true; console.log(JSON.stringify(what)); } };
  try {
    const socket = tls.connect({host: it.address, port: it.port, servername: it.name, rejectUnauthorized: false,
      ecdhCurve: it.groups, ciphers: it.ciphers, minVersion: it.version, maxVersion: it.version}, () => {
        tell({suite: socket.getCipher().standardName}); socket.destroy(); });
    socket.on('error', problem => tell({refused: problem.code}));
    socket.setTimeout(3000, () => { tell({refused: 'timeout'}); socket.destroy(); });
  } catch (problem) { tell({unknown: String(problem)}); }
});
"""


class Asker:
    """A client process that answers questions line by line."""

    def __init__(self, words: list[str], environment: dict[str, str], *, old: bool = False) -> None:
        self.old = old
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment},
            text=True,
            bufsize=1,
        )

    def ask(self, **question: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())  # type: ignore[no-any-return]


def askers(directory: Path, held: contextlib.ExitStack) -> dict[str, Asker]:
    """Every client, started."""
    found = {}
    for name, (library, _) in LIBRARIES.items():
        where = PREPARED / library if library else Path("/nowhere")
        config = directory / f"ask-{name}.json"
        config.write_text(json.dumps({"library": str(where), "address": ADDRESS}))
        environment = {"OPENSSL_CONF": os.devnull, **({"LD_LIBRARY_PATH": str(where)} if library else {})}
        found[name] = Asker(
            [sys.executable, str(HERE / "libssl.py"), "ask", str(config)], environment, old=name in ("0.9.8e", "1.0.2p")
        )
    found["tlslite"] = Asker([str(PREPARED / "tlslite" / "bin" / "python"), str(HERE / "hello_client.py")], {})
    found["node"] = Asker([str(PREPARED / "node-24" / "node"), "-e", NODE], {})
    for it in found.values():
        held.callback(it.process.kill)
    return found


def pool(library: str, version: str) -> list[str]:
    """The suites that a client can ask for, by OpenSSL's names."""
    if version == "TLSv1.3":
        return list(SUITES_13)
    return [it for it in SUITES if it.startswith("SSL2-") == (version == "SSLv2") and not it.startswith("TLS_")]


def bare(suite: str) -> str:
    return suite.removeprefix("SSL2-")


def seen_of(clients: dict[str, Asker], port: int, version: str) -> dict[str, Any] | None:
    """What is had from one server in one version; None when nothing."""
    names = {"name": "farm.test", "port": port, "version": version}
    accepted: dict[str, str] = {}
    for client, (_, versions) in LIBRARIES.items():
        if version not in versions:
            continue
        for suite in pool(client, version):
            if suite in accepted:
                continue
            asked = (
                {"suites13": suite}
                if version == "TLSv1.3"
                else {"ciphers": bare(suite) + ("" if client in ("0.9.8e", "1.0.2p") else ":@SECLEVEL=0")}
            )
            got = clients[client].ask(**names, **asked)
            if "suite" in got and got["suite"] == SUITES[suite]:
                accepted[suite] = client
    if version == "TLSv1.3" and not accepted:
        return hybrids_only(clients, names)
    if not accepted:
        return None
    ordered, preference = order_of(clients, accepted, version, names)
    return {"suites": ordered, "preference": preference, **groups_of(clients, accepted, version, names)}


def hybrids_only(clients: dict[str, Asker], names: dict[str, Any]) -> dict[str, Any] | None:
    """A server of TLS 1.3 without any group that OpenSSL 3.0 has."""
    more = {**names, "address": ADDRESS}
    groups = [it for it in HYBRIDS if "suite" in clients["node"].ask(**more, groups=it)]
    offer = ":".join(HYBRIDS)
    suites = [it for it in SUITES_13 if clients["node"].ask(**more, groups=offer, ciphers=it).get("suite") == it]
    return {"suites": suites, "preference": UNKNOWN, "groups": groups} if groups else None


def order_of(
    clients: dict[str, Asker], accepted: dict[str, str], version: str, names: dict[str, Any]
) -> tuple[list[str], str]:
    """The order in which a server takes what a single library offers; what only another has stands at the end."""
    if version == "SSLv2":
        return list(accepted), CLIENT
    best = (
        "3.0"
        if version == "TLSv1.3"
        else max(
            ("0.9.8e", "1.0.2p", "1.1.0f", "3.0"),
            key=lambda it: (
                sum(able(clients[it], suite, names) for suite in accepted) if version in LIBRARIES[it][1] else -1
            ),
        )
    )
    mine = [it for it in accepted if able(clients[best], it, names)]

    def chosen(offer: list[str]) -> str | None:
        asked = (
            {"suites13": ":".join(offer)}
            if version == "TLSv1.3"
            else {"ciphers": ":".join(map(bare, offer)) + (":@SECLEVEL=0" if best in ("1.1.0f", "3.0") else "")}
        )
        return NAMES.get(clients[best].ask(**names, **asked).get("suite", -1))

    if len(mine) < 2:
        return list(accepted), UNKNOWN
    preference = (
        CLIENT if all(chosen([a, b]) == a and chosen([b, a]) == b for a, b in itertools.pairwise(mine)) else SERVER
    )
    if preference == CLIENT:
        return list(accepted), CLIENT
    ordered: list[str] = []
    rest = list(mine)
    while rest and (got := chosen(rest)) is not None and got in rest:
        ordered.append(got)
        rest.remove(got)
    return [*ordered, *rest, *(it for it in accepted if it not in mine)], SERVER


def able(client: Asker, suite: str, names: dict[str, Any]) -> bool:
    """Whether a client has a suite at all, seen by whether it gets it."""
    level = "" if client.old else ":@SECLEVEL=0"
    asked = {"suites13": suite} if suite.startswith("TLS_") else {"ciphers": bare(suite) + level}
    return client.ask(**names, **asked).get("suite") == SUITES[suite]


def groups_of(
    clients: dict[str, Asker], accepted: dict[str, str], version: str, names: dict[str, Any]
) -> dict[str, Any]:
    """The groups, each asked for by itself."""
    if version not in LIBRARIES["3.0"][1]:
        return {"groups": []}
    elliptic = [it for it in accepted if "ECDH" in it]
    if version != "TLSv1.3" and not elliptic:
        return {"groups": []}
    found = []
    kinds = [[it for it in elliptic if kind in it] for kind in ("ECDSA", "RSA", "AECDH")]
    asked: dict[str, Any] = {} if version == "TLSv1.3" else {"ciphers": ":".join(elliptic) + ":@SECLEVEL=0"}
    for group in (*CURVES, *(FINITE if version == "TLSv1.3" else ())):
        # a second group for the certificate's own curve, which OpenSSL wants to see in the list of older versions
        if "suite" in clients["3.0"].ask(**names, **asked, groups=OTHER_NAMES.get(group, group)) or (
            version != "TLSv1.3"
            and any(
                "suite"
                in clients["3.0"].ask(
                    **names, ciphers=":".join(it) + ":@SECLEVEL=0", groups=OTHER_NAMES.get(group, group)
                )
                for it in kinds
                if it
            )
        ):
            found.append(group)
        elif version != "TLSv1.3":
            for other in ("P-256", "P-384"):
                got = clients["3.0"].ask(**names, **asked, groups=f"{group}:{other}")
                if group != other and got.get("group") not in (None, {"P-256": 415, "P-384": 715}[other]):
                    found.append(f"{group} (beside {other})")
                    break
    if version == "TLSv1.3":
        found += [it for it in HYBRIDS if "suite" in clients["node"].ask(**{**names, "address": ADDRESS, "groups": it})]
    preference = UNKNOWN
    plain = [it for it in found if it in CURVES]
    if len(plain) > 1 and version != "TLSv1.3":
        there = clients["3.0"].ask(**names, **asked, groups=":".join(plain)).get("group")
        back = clients["3.0"].ask(**names, **asked, groups=":".join(reversed(plain))).get("group")
        preference = SERVER if there == back else CLIENT
    return {"groups": found, "group_preference": preference}


def differences(row: Row, version: str, seen: dict[str, Any] | None) -> list[str]:
    """Where the table and the clients do not say the same."""
    said = row.speaks.get(version)
    if said is None or seen is None:
        return (
            [] if (said is None) == (seen is None) else [f"{version}: table {(said and 'on') or 'off'}, clients {seen}"]
        )
    found = []
    ordered = said.preference == SERVER
    if (list(said.suites) if ordered else sorted(said.suites)) != (
        seen["suites"] if ordered else sorted(seen["suites"])
    ):
        found.append(f"{version} suites: table {' '.join(said.suites)}\n      clients {' '.join(seen['suites'])}")
    if seen["preference"] != UNKNOWN and said.preference not in ("...", seen["preference"]):
        found.append(f"{version} preference: table {said.preference}, clients {seen['preference']}")
    plain = {it.split(" ")[0] for it in seen["groups"]}
    if (
        version in LIBRARIES["3.0"][1]
        and {it for it in said.groups if it in (*CURVES, *FINITE, *HYBRIDS)}
        - (set(FINITE) if version != "TLSv1.3" else set())
        != plain
    ):
        got = f"{' '.join(seen['groups'])} ({seen.get('group_preference')})"
        found.append(f"{version} groups: table {' '.join(said.groups)}\n      clients {got}")
    if seen.get("group_preference", UNKNOWN) not in (UNKNOWN, said.group_preference) and said.group_preference not in (
        UNKNOWN,
        "...",
    ):
        found.append(f"{version} group preference: table {said.group_preference}, clients {seen['group_preference']}")
    return found


SCHEMES = [
    *(digest * 256 + kind for digest in range(1, 7) for kind in (1, 2, 3)),
    *range(0x0804, 0x080C),
    *range(0x081A, 0x081D),
]
UNKNOWN_SUITES = range(0xD100, 0xD1C8)


def unlike(client: Asker, row: Row, port: int) -> list[str]:
    """Where single first flights and the table do not say the same."""
    found = []
    for version, said in row.speaks.items():
        groups = [GROUPS[it] for it in (*said.groups, *(name for _, name in said.dh)) if it in GROUPS]
        groups += [it for it in (23, 24) if version != "TLSv1.3" and it not in groups]
        suites = [SUITES[it] for it in said.suites]
        asked = {"address": ADDRESS, "port": port, "name": "www.farm.test", "version": version, "groups": groups}
        if version == "SSLv2":
            kinds = client.ask(**asked, suites=[number for name, number in SUITES.items() if name.startswith("SSL2-")])
            if sorted(kinds.get("kinds", ())) != sorted(suites):
                found.append(f"SSLv2 kinds: clients {kinds}")
            continue
        asked["schemes"] = SCHEMES[::-1]
        few = {**asked, "few": True}
        offer = few if "intolerant_extensions" in row.oddities else asked
        answers = [client.ask(**offer, suites=[it]) for it in suites]
        extensions = {it for answer in answers for it in answer.get("extensions", ())}
        if said.extensions is not None and extensions != said.extensions:
            found.append(f"{version} extensions: table {sorted(said.extensions)}, clients {sorted(extensions)}")
        if version == "TLSv1.2":
            signed = [
                [SUITES[it] for it in said.suites if "DHE-" in it and key in it] for key in ("ECDSA", "RSA", "DSS")
            ]
            schemes = {
                scheme
                for scheme in SCHEMES
                for of in signed
                for beside in ((), (0x0401,))
                if of and client.ask(**{**few, "schemes": [scheme, *beside]}, suites=of).get("scheme") == scheme
            }
            if (
                said.schemes != schemes
                and any(signed)
                and "scheme" in client.ask(**few, suites=[it for of in signed for it in of])
            ):
                found.append(f"{version} schemes: table {sorted(said.schemes or ())}, clients {sorted(schemes)}")
        if version != "TLSv1.3" and "suite" in client.ask(**few, suites=suites):
            curves = [SUITES[it] for it in said.suites if "ECDH" in it and "PSK" not in it]
            odd = {
                "ecdhe_without_groups": version != "SSLv3"
                and bool(curves)
                and "suite" in client.ask(**{**few, "groups": []}, suites=curves),
                "intolerant_version": "suite" not in client.ask(**few, suites=suites, number=[3, 4]),
                "intolerant_many_suites": "suite" not in client.ask(**few, suites=[*suites, *UNKNOWN_SUITES]),
                "intolerant_extensions": "suite" not in client.ask(**asked, suites=suites),
            }
            found += [
                f"{version} {key}: clients {seen}" for key, seen in odd.items() if seen and key not in row.oddities
            ]
    return found


def check(farm: Farm, clients: dict[str, Asker], row: Row, *, whole: bool) -> int:
    """Print what clients say about a row."""
    try:
        port = farm.port(row)
    except MissingError as missing:
        print(f"{row.name}: not here: {missing}")
        return 0
    except (AssertionError, OSError) as problem:
        print(f"{row.name}: does not start: {problem}")
        return 1
    found = []
    for version in VERSIONS:
        seen = seen_of(clients, port, version)
        if whole and seen is not None:
            groups = f"{seen.get('group_preference')}: {' '.join(seen['groups'])}"
            print(f"{row.name} {version} {seen['preference']}: {' '.join(seen['suites'])} | {groups}")
        found += differences(row, version, seen)
    found += unlike(clients["tlslite"], row, port)
    for it in found:
        print(f"{row.name}: {it}", flush=True)
    return len(found)


def main() -> int:
    """Check the rows (or stacks) named, all without names."""
    from tls_farm.truth import ROWS

    words = [it for it in sys.argv[1:] if it != "-v"]
    rows = [row for row in ROWS if not words or row.name in words or row.stack in words]
    rows = [row for row in rows if row.stack != "faulty"]
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as held:
        Path(directory).chmod(0o755)
        clients = askers(Path(directory), held)
        with farm_of(Path(directory), rows) as farm:
            return 1 if sum(check(farm, clients, row, whole="-v" in sys.argv) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
