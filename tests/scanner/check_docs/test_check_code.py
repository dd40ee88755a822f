"""The lines of configuration that checks show, read by the programs that they are for.

IIS and PowerShell run nowhere here: of their lines only the form is held (XML, INI). Laravel and CodeIgniter are not
installed: PHP itself reads their lines, in the place that the comment above them names.
"""

import configparser
import contextlib
import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import dns.zone
import pki
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from installed import program
from observed import Seen, exchange, judged

from scanner.check_docs.docstring import Code, text_of
from scanner.registry import discover

SHIPPED = {
    f"{check.id} {number}": code for check in discover().values() for number, code in enumerate(text_of(check).code)
}


def for_(*software: str) -> list[object]:
    found = [pytest.param(code, id=name) for name, code in SHIPPED.items() if code.software in software]
    assert found
    return found


def run(*words: str | Path, stdin: str = "") -> str:
    """What a program has against its input; empty when nothing."""
    found = program(str(words[0]))
    assert found is not None
    done = subprocess.run([found, *words[1:]], input=stdin, capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a certificate and its key stand, and what the programs write goes."""
    here = tmp_path_factory.mktemp("configured")
    root = pki.root()
    leaf = pki.leaf(pki.intermediate(root))
    (here / "fullchain.pem").write_bytes(leaf.certificate.public_bytes(Encoding.PEM))
    (here / "chain.pem").write_bytes(root.certificate.public_bytes(Encoding.PEM))
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for name in ("privkey.pem", "server.key"):
        (here / name).write_bytes(key)
    return here


def with_files(text: str, folder: Path) -> str:
    """The lines with the paths of this machine's certificate."""
    return re.sub(r"/etc/[\w/.-]+/([\w.-]+)(?=[;\s]|$)", lambda it: str(folder / it[1]), text)


# nginx ----------------------------------------------------------------------------------------------------------------


def nginx_says(lines: str, folder: Path) -> str:
    pair = (("ssl_certificate", "fullchain.pem"), ("ssl_certificate_key", "privkey.pem"))
    if not lines.startswith("server {"):
        missing = "".join(f"{name} {folder / file};" for name, file in pair if not re.search(rf"\b{name} ", lines))
        lines = f"server {{ listen 127.0.0.1:8443 ssl; {missing}\n{lines}\n}}"
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"pid {folder}/nginx.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n{lines}\n}}"
    )
    return run("nginx", "-t", "-q", "-p", folder, "-c", configuration, "-e", "stderr")


@pytest.mark.system("nginx")
@pytest.mark.parametrize("code", for_("nginx"))
def test_nginx_takes_its_lines(code: Code, folder: Path) -> None:
    assert nginx_says(with_files("\n".join(code.lines), folder), folder) == ""


@pytest.mark.system("nginx")
@pytest.mark.parametrize("wrong", ["add_header A", "listen 443 tls;", "server_token off;"])
def test_nginx_is_really_asked(wrong: str, folder: Path) -> None:
    assert "nginx.conf" in nginx_says(wrong, folder)


# Apache ---------------------------------------------------------------------------------------------------------------


def apache_says(lines: str, folder: Path) -> str:
    modules = Path("/usr/lib/apache2/modules")
    loaded = [
        f"LoadModule {name}_module {modules}/mod_{name}.so"
        for name in ("mpm_event", "authz_core", "alias", "headers", "socache_shmcb", "ssl")
    ]
    configuration = folder / "apache.conf"
    head = [*loaded, f"PidFile {folder}/apache.pid", f"ErrorLog {folder}/apache.log", "ServerName localhost"]
    configuration.write_text("\n".join([*head, "Listen 127.0.0.1:8443", lines, ""]))
    return run("apache2", "-t", "-d", folder, "-f", configuration)


@pytest.mark.system("apache2")
@pytest.mark.parametrize("code", for_("Apache"))
def test_apache_takes_its_lines(code: Code, folder: Path) -> None:
    assert apache_says(with_files("\n".join(code.lines), folder), folder) == ""


@pytest.mark.system("apache2")
@pytest.mark.parametrize("wrong", ["Header always", "ServerToken Prod", "SSLCertificateFile"])
def test_apache_is_really_asked(wrong: str, folder: Path) -> None:
    assert "apache.conf" in apache_says(wrong, folder)


# PHP ------------------------------------------------------------------------------------------------------------------


def in_its_place(lines: tuple[str, ...]) -> str:
    """PHP lines where they belong: an entry in an array, a property in a class, a statement by itself."""
    code = [line for line in lines if not line.startswith("//")]
    text = "\n".join(code)
    if code[0].startswith("'"):
        return f"<?php return [\n{text}\n];"
    if code[0].startswith("public "):
        return f"<?php class Configured {{\n{text}\n}}"
    return f"<?php {text}"


@pytest.mark.system("php")
@pytest.mark.parametrize("code", for_("Laravel", "CodeIgniter"))
def test_php_can_read_the_lines_of_its_frameworks(code: Code) -> None:
    assert run("php", "-l", stdin=in_its_place(code.lines)) == ""


@pytest.mark.system("php")
def test_php_is_really_asked() -> None:
    assert "syntax error" in run("php", "-l", stdin=in_its_place(("'secure' = true,",)))


@pytest.mark.parametrize("code", for_("Laravel", "CodeIgniter"))
def test_lines_of_frameworks_say_where_they_go(code: Code) -> None:
    assert code.lines[0].startswith(("// config/", "// app/", "// routes/"))


@pytest.mark.parametrize("code", for_("PHP"))
def test_php_settings_are_settings(code: Code) -> None:
    read = configparser.ConfigParser(inline_comment_prefixes=None)
    read.read_string("\n".join(["[php]", *code.lines]))
    assert all(re.fullmatch(r"session\.cookie_\w+|expose_php", name) for name in read["php"])


@pytest.mark.system("php")
@pytest.mark.parametrize("code", for_("PHP"))
def test_php_takes_its_settings(code: Code, tmp_path: Path) -> None:
    (tmp_path / "php.ini").write_text("\n".join(code.lines))
    wanted = dict(re.findall(r"^([\w.]+) = ?(\w*)$", "\n".join(code.lines), re.MULTILINE))
    assert wanted
    for name, value in wanted.items():
        asked = ["php", "-c", str(tmp_path / "php.ini"), "-r", f"var_export((string) ini_get('{name}'));"]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == {"Off": "''", "": "''"}.get(value, f"'{value}'"), name


# XML, and what else stands under IIS ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", for_("IIS", "ASP.NET", "Tomcat"))
def test_xml_is_well_formed(code: Code) -> None:
    first = code.lines[0]
    if first == "# PowerShell":
        assert len(code.lines) > 1
    elif first == "; request.inf":
        read = configparser.ConfigParser()
        read.read_string("\n".join(code.lines))
        assert read.sections() == ["NewRequest"]
    else:
        assert re.match(r"<!-- (web\.config|applicationHost\.config|WEB-INF/web\.xml), ", first)
        assert len(ElementTree.fromstring(f"<all>{''.join(code.lines)}</all>")) > 0


# DNS and the shell ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", for_("DNS"))
def test_dns_records_are_records(code: Code) -> None:
    lines = [line for line in code.lines if not line.startswith(";")]
    if code.lines[0] == "; nsupdate":
        assert all(re.match(r"update (add|delete) [\w.-]+\. ", line) for line in lines)
        return
    zone = "\n".join(["$TTL 3600", "@ SOA ns hostmaster 1 2 3 4 5", "@ NS ns", "ns A 192.0.2.1", *lines, ""])
    before = len(list(_records(zone.replace("\n".join(lines), ""))))
    assert len(list(_records(zone))) - before == len(lines)


def _records(zone: str) -> Iterator[object]:
    read = dns.zone.from_text(zone, "contoh.go.id.")
    for _, records in read.iterate_rdatasets():
        yield from records


@pytest.mark.parametrize("code", for_("shell"))
def test_shell_lines_can_be_parsed(code: Code) -> None:
    assert run("bash", "-n", stdin="\n".join(code.lines)) == ""


@pytest.mark.system("openssl")
def test_the_commands_that_make_a_key_make_one(tmp_path: Path) -> None:
    (code,) = (it for it in text_of(discover()["tls.certificate.key"]).code_for() if it.software == "shell")
    script = "\n".join(["set -e", f"cd {tmp_path}", *code.lines, "openssl req -in server.csr -noout -verify"])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "BEGIN EC PRIVATE KEY" in (tmp_path / "server.key").read_text()


# What the lines bring about -------------------------------------------------------------------------------------------

ADDRESS = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250 + 1}.77"
"""An address that nobody else on this machine uses, so a port that is free on it stays free."""
READY_S = 30.0
ANSWERING = {
    "web.hsts.policy": {"set"},
    "web.framing.protected": {"protected"},
    "web.nosniff.effective": {"effective"},
    "web.disclosure.version": {"silent"},
}
"""Checks of headers, and what they say of a server that has their lines; without them each has a finding."""


def lines_for(software: str, checks: Iterable[str]) -> str:
    general = (it for name in checks for it in text_of(discover()[name]).code_for() if it.software == software)
    return "\n".join(line for code in general for line in code.lines)


def nginx_serving(folder: Path, lines: str, port: int) -> list[str | Path]:
    (folder / "index.html").write_text("<!doctype html><title>x</title>")
    configuration = folder / "served.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {folder}/served.pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
        f"fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
        f"types {{ text/html html; }} server {{ listen {ADDRESS}:{port}; root {folder};\n{lines}\n}} }}"
    )
    return ["nginx", "-p", folder, "-c", configuration, "-e", "stderr"]


def apache_serving(folder: Path, lines: str, port: int) -> list[str | Path]:
    modules = Path("/usr/lib/apache2/modules")
    configuration = folder / "served.apache.conf"
    names = ("mpm_event", "authz_core", "headers", "mime", "dir")
    configuration.write_text(
        "\n".join(
            [
                *(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names),
                *(f"PidFile {folder}/served.pid", f"ErrorLog {folder}/served.log", "ServerName localhost"),
                *(
                    f"Listen {ADDRESS}:{port}",
                    f"DocumentRoot {folder}",
                    "TypesConfig /dev/null",
                    "AddType text/html .html",
                ),
                *(f"DefaultRuntimeDir {folder}", f"Mutex file:{folder}", "DirectoryIndex index.html", lines, ""),
            ]
        )
    )
    (folder / "index.html").write_text("<!doctype html><title>x</title>")
    return ["apache2", "-X", "-d", folder, "-f", configuration]


@contextlib.contextmanager
def serving(command: list[str | Path], port: int) -> Iterator[None]:
    found = program(str(command[0]))
    assert found is not None
    with subprocess.Popen(
        [found, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            deadline = time.monotonic() + READY_S
            while True:
                with contextlib.suppress(ConnectionRefusedError), socket.create_connection((ADDRESS, port), 1.0):
                    break
                assert server.poll() is None, server.stderr.read() if server.stderr else ""
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield
        finally:
            server.terminate()


def outcomes_of(port: int) -> dict[str, set[str]]:
    """What our own checks say of the headers that a server sends."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=10)
    connection.request("GET", "/index.html")
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    seen = Seen(home=exchange(*(f"{name}: {value}" for name, value in answer.getheaders())))
    connection.close()
    return {name: {it.outcome for it in judged(discover()[name], seen)} for name in ANSWERING}


SERVERS = [
    pytest.param("nginx", nginx_serving, 8101, id="nginx", marks=pytest.mark.system("nginx")),
    pytest.param("Apache", apache_serving, 8103, id="Apache", marks=pytest.mark.system("apache2")),
]
Serving = Callable[[Path, str, int], "list[str | Path]"]


@pytest.mark.parametrize(("software", "served", "port"), SERVERS)
def test_a_server_with_the_lines_has_no_findings(software: str, served: Serving, port: int, tmp_path: Path) -> None:
    with serving(served(tmp_path, lines_for(software, ANSWERING), port), port):
        found = outcomes_of(port)
    assert found == ANSWERING


@pytest.mark.parametrize(("software", "served", "port"), SERVERS)
def test_the_same_server_without_them_has(software: str, served: Serving, port: int, tmp_path: Path) -> None:
    with serving(served(tmp_path, "", port + 1), port + 1):
        found = outcomes_of(port + 1)
    assert [name for name, outcomes in found.items() if outcomes & ANSWERING[name]] == []
