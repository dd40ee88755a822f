"""Daemons that begin TLS within their own protocol, each raised for one test: Dovecot, slapd, MariaDB.

They get files of their own and are ended by their own pid.
"""

import contextlib
import os
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from installed import program
from tls_servers import ADDRESS, READY_S, free_port, written


@contextlib.contextmanager
def _running(directory: Path, words: Sequence[object], ports: Sequence[int]) -> Iterator[None]:
    """A program while the block lasts, from the moment it answers at all of its ports."""
    path = program(str(words[0]))
    assert path is not None
    log = directory / "daemon.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [path, *map(str, words[1:])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=directory,
        )
    try:
        deadline = time.monotonic() + READY_S
        for port in ports:
            while not _answers(port):
                assert process.poll() is None, log.read_text(errors="replace")
                assert time.monotonic() < deadline, log.read_text(errors="replace")
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(READY_S)
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as it:
        return it.connect_ex((ADDRESS, port)) == 0


def _own_directory() -> tempfile.TemporaryDirectory[str]:
    """With a short name, for sockets have no room for a long one, and one that a daemon's own user may enter."""
    directory = tempfile.TemporaryDirectory(prefix="pindai-", ignore_cleanup_errors=True)
    Path(directory.name).chmod(0o755)
    return directory


def _user(name: str) -> str:
    """A user of the package's own when we are root, else ourselves."""
    return name if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@contextlib.contextmanager
def dovecot(directory: Path, *, tls: bool = True) -> Iterator[dict[str, int]]:
    """The ports of imap and pop3."""
    certificate, key = written(directory, "rsa")
    ports = {"imap": free_port(), "pop3": free_port()}
    listeners = "".join(
        f"service {name}-login {{\n chroot =\n inet_listener {name} {{\n port = {port}\n }}\n"
        f" inet_listener {name}s {{\n port = 0\n }}\n}}\n"
        for name, port in ports.items()
    )
    with _own_directory() as own:
        configuration = Path(own) / "dovecot.conf"
        configuration.write_text(
            f"base_dir = {own}/base\nstate_dir = {own}/state\nlog_path = /dev/stderr\nprotocols = imap pop3\n"
            f"listen = {ADDRESS}\ndefault_internal_user = {_user('dovecot')}\ndefault_login_user = {_user('dovenull')}\n"
            f"ssl = {'yes' if tls else 'no'}\nssl_cert = <{certificate}\nssl_key = <{key}\n{listeners}"
            f"passdb {{\n driver = static\n}}\nuserdb {{\n driver = static\n args = uid=nobody gid=nogroup home={own}\n}}\n"
        )
        with _running(directory, ["dovecot", "-F", "-c", configuration], list(ports.values())):
            yield ports


@contextlib.contextmanager
def slapd(directory: Path, *, tls: bool = True) -> Iterator[int]:
    """The port of an empty directory."""
    certificate, key = written(directory, "rsa")
    port = free_port()
    with _own_directory() as own:
        configuration = Path(own) / "slapd.conf"
        encrypted = (
            f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\nTLSCACertificateFile {certificate}\n"
        )
        configuration.write_text(f"pidfile {own}/pid\n{encrypted if tls else ''}")
        with _running(directory, ["slapd", "-d", "0", "-f", configuration, "-h", f"ldap://{ADDRESS}:{port}"], [port]):
            yield port


@contextlib.contextmanager
def mariadb(directory: Path, *, tls: bool = True) -> Iterator[int]:
    """The port of a server without any table."""
    certificate, key = written(directory, "rsa")
    port = free_port()
    with _own_directory() as own:
        words = [
            *("mariadbd", "--no-defaults", f"--user={_user('root')}", f"--datadir={own}", "--skip-grant-tables"),
            *("--skip-networking=0", f"--bind-address={ADDRESS}", f"--port={port}", f"--socket={own}/s"),
            *("--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--skip-log-bin"),
        ]
        with _running(directory, [*words, *([f"--ssl-cert={certificate}", f"--ssl-key={key}"] if tls else [])], [port]):
            yield port
